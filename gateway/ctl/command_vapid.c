/* command_vapid.c - the key that browsers' push services know this gateway by; made offline. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apns-fcm/push.h"
#include "gateway/ctl/commands.h"

static enum ctl_exit print_public(struct ctl *ctl, const char *path, const char *pem)
{
    char text[PUSH_VAPID_PUBLIC_BYTES_MAX];
    struct error error = {0};
    if (push_vapid_public_key(pem, text, &error) != STATUS_OK) {
        return ctl_fail(ctl, CTL_USAGE, "%s: %s", path, error.text);
    }
    (void)fprintf(ctl->out, "%s\n", text);
    return CTL_OK;
}

/* A new file that its owner alone may read; never an old one: with its key go all subscriptions. */
static bool write_new(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return false;
    }
    size_t bytes = strlen(text);
    bool written = write(file, text, bytes) == (ssize_t)bytes && fsync(file) == 0;
    int failure = errno;
    written = close(file) == 0 && written;
    if (!written) {
        (void)unlink(path);
        errno = failure;
    }
    return written;
}

static enum ctl_exit fail_to_write(struct ctl *ctl, const char *path)
{
    if (errno == EEXIST) {
        return ctl_fail(ctl, CTL_USAGE,
                        "%s: exists and is left as it is, as another key loses all subscriptions; "
                        "its public half: astreintectl vapid public %s",
                        path, path);
    }
    return ctl_fail(ctl, CTL_USAGE, "%s: %s; name a new file in a folder you may write to", path,
                    strerror(errno));
}

enum ctl_exit command_vapid_create(struct ctl *ctl, const struct arguments *arguments)
{
    const char *path = arguments->positional[0];
    if (path[0] == '\0') {
        return ctl_fail(ctl, CTL_USAGE, "FILE: is empty; name the file the key goes into");
    }
    char pem[PUSH_VAPID_PEM_BYTES_MAX];
    struct error error = {0};
    if (push_vapid_key_create(pem, &error) != STATUS_OK) {
        return ctl_fail(ctl, CTL_USAGE, "no key could be made: %s", error.text);
    }
    enum ctl_exit code =
        write_new(path, pem) ? print_public(ctl, path, pem) : fail_to_write(ctl, path);
    explicit_bzero(pem, sizeof pem);
    return code;
}

enum ctl_exit command_vapid_public(struct ctl *ctl, const struct arguments *arguments)
{
    const char *path = arguments->positional[0];
    char pem[4 * PUSH_VAPID_PEM_BYTES_MAX];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return ctl_fail(ctl, CTL_USAGE, "%s: %s", path, strerror(errno));
    }
    size_t bytes = fread(pem, 1, sizeof pem - 1, file);
    bool failed = ferror(file) != 0 || bytes == sizeof pem - 1;
    (void)fclose(file);
    pem[bytes] = '\0';
    enum ctl_exit code =
        failed ? ctl_fail(ctl, CTL_USAGE, "%s: cannot be read, or is no key file", path)
               : print_public(ctl, path, pem);
    explicit_bzero(pem, sizeof pem);
    return code;
}
