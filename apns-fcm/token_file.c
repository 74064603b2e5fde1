#include "apns-fcm/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX 2048
#define PATH_BYTES_MAX 4096

/* "team key-id minted-at-ms bearer …" in one line. */
#define LINE_FORMAT "%s %s %lld %s\n"

/* The whole file as text; false when there is none, or it is too large. */
static bool read_text(const char *path, char text_r[FILE_BYTES_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return false;
    }
    ssize_t count = read(fd, text_r, FILE_BYTES_MAX - 1);
    (void)close(fd);
    if (count <= 0 || count == FILE_BYTES_MAX - 1) {
        return false;
    }
    text_r[count] = '\0';
    return true;
}

/* Cuts the next word off; NULL when there is none. */
static char *next_word(char **at)
{
    char *word = *at;
    size_t bytes = strcspn(word, " ");
    if (bytes == 0 || word[bytes] == '\0') {
        return NULL;
    }
    word[bytes] = '\0';
    *at = word + bytes + 1;
    return word;
}

void token_file_load(const char *path, const struct provider_key *key, struct provider_token *token,
                     struct monotonic_time now, struct wall_time wall)
{
    char text[FILE_BYTES_MAX];
    if (!read_text(path, text)) {
        return;
    }
    char *at = text;
    const char *team = next_word(&at);
    const char *key_id = team != NULL ? next_word(&at) : NULL;
    const char *minted = key_id != NULL ? next_word(&at) : NULL;
    size_t bytes = strlen(at);
    if (minted == NULL || strcmp(team, key->team_id) != 0 || strcmp(key_id, key->key_id) != 0 ||
        bytes < 2 || at[bytes - 1] != '\n' || strncmp(at, "bearer ", 7) != 0) {
        return;
    }
    at[bytes - 1] = '\0';
    for (const char *c = at; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~') {
            return;
        }
    }
    char *end;
    long long minted_ms = strtoll(minted, &end, 10);
    if (*end == '\0') {
        provider_token_adopt(token, at, (struct wall_time){minted_ms}, now, wall);
    }
}

static bool write_all(int fd, const char *text, size_t bytes)
{
    while (bytes > 0) {
        ssize_t count = write(fd, text, bytes);
        if (count < 0 && errno != EINTR) {
            return false;
        }
        text += count > 0 ? count : 0;
        bytes -= count > 0 ? (size_t)count : 0;
    }
    return true;
}

enum status token_file_save(const char *path, const struct provider_key *key,
                            const struct provider_token *token, struct wall_time minted_at)
{
    char text[FILE_BYTES_MAX], temporary[PATH_BYTES_MAX];
    int bytes = snprintf(text, sizeof text, LINE_FORMAT, key->team_id, key->key_id,
                         (long long)minted_at.ms, token->bearer);
    int path_bytes = snprintf(temporary, sizeof temporary, "%s.new", path);
    if (bytes < 0 || (size_t)bytes >= sizeof text || path_bytes < 0 ||
        (size_t)path_bytes >= sizeof temporary) {
        return STATUS_IO;
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return STATUS_IO;
    }
    bool written = write_all(fd, text, (size_t)bytes);
    bool closed = close(fd) == 0;
    if (!written || !closed || rename(temporary, path) != 0) {
        (void)unlink(temporary);
        return STATUS_IO;
    }
    return STATUS_OK;
}
