#include "gateway/ctl/ctl.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/ctl/problem.h"

enum ctl_exit ctl_fail(struct ctl *ctl, enum ctl_exit code, const char *format, ...)
{
    (void)fputs("astreintectl: ", ctl->err);
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(ctl->err, format, arguments);
    va_end(arguments);
    (void)fputc('\n', ctl->err);
    return code;
}

/* Percent-encodes all but the unreserved characters (RFC 3986, section 2.3). */
static const char *encode(struct ctl *ctl, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    char *encoded = arena_alloc(ctl->arena, strlen(text) * 3 + 1);
    assert(encoded != NULL);
    char *end = encoded;
    for (const unsigned char *byte = (const unsigned char *)text; *byte != '\0'; byte++) {
        bool plain = (*byte >= 'a' && *byte <= 'z') || (*byte >= 'A' && *byte <= 'Z') ||
                     (*byte >= '0' && *byte <= '9') || strchr("-._~", *byte) != NULL;
        if (plain) {
            *end++ = (char)*byte;
        } else {
            *end++ = '%';
            *end++ = hex[*byte >> 4];
            *end++ = hex[*byte & 15];
        }
    }
    *end = '\0';
    return encoded;
}

const char *ctl_path(struct ctl *ctl, ...)
{
    const char *path = "";
    va_list segments;
    va_start(segments, ctl);
    for (const char *segment; (segment = va_arg(segments, const char *)) != NULL;) {
        path = arena_format(ctl->arena, "%s/%s", path, encode(ctl, segment));
        assert(path != NULL);
    }
    va_end(segments);
    return path;
}

const char *ctl_query(struct ctl *ctl, const char *path, ...)
{
    const char *separator = "?";
    va_list pairs;
    va_start(pairs, path);
    for (const char *name; (name = va_arg(pairs, const char *)) != NULL;) {
        const char *value = va_arg(pairs, const char *);
        if (value != NULL) {
            path = arena_format(ctl->arena, "%s%s%s=%s", path, separator, name, encode(ctl, value));
            assert(path != NULL);
            separator = "&";
        }
    }
    va_end(pairs);
    return path;
}

enum ctl_exit ctl_connect(struct ctl *ctl, bool needs_key)
{
    if (needs_key && ctl->key_file == NULL) {
        return ctl_fail(ctl, CTL_USAGE,
                        "no key: name the file that holds it by --key-file or ASTREINTE_KEY_FILE");
    }
    if (ctl->client != NULL) {
        return CTL_OK;
    }
    const struct client_configuration configuration = {
        .url = ctl->url, .key_file = ctl->key_file, .ca_file = ctl->ca_file};
    struct error error = {0};
    if (client_create(&configuration, &ctl->client, &error) != STATUS_OK) {
        return ctl_fail(ctl, CTL_USAGE, "%s", error.text);
    }
    return CTL_OK;
}

enum ctl_exit ctl_call(struct ctl *ctl, const struct client_request *request,
                       struct client_response *response_r)
{
    enum ctl_exit code = ctl_connect(ctl, true);
    if (code != CTL_OK) {
        return code;
    }
    struct error error = {0};
    enum status status = client_send(ctl->client, request, response_r, &error);
    if (status == STATUS_UNCERTAIN) {
        return ctl_fail(ctl, CTL_UNREACHABLE, "no answer, it may or may not have happened: %s",
                        error.text);
    }
    if (status != STATUS_OK) {
        return ctl_fail(ctl, CTL_UNREACHABLE, "the gateway cannot be reached: %s", error.text);
    }
    if (response_r->http_status < 200 || response_r->http_status > 299) {
        problem_print(ctl->err, response_r, "");
        (void)snprintf(ctl->refused_as, sizeof ctl->refused_as, "%s", problem_slug(response_r));
        client_response_fini(response_r);
        return CTL_REFUSED;
    }
    return CTL_OK;
}

enum ctl_exit ctl_call_json(struct ctl *ctl, const char *method, const char *path, json_t *body,
                            struct client_response *response_r)
{
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    bool lost = body != NULL && text == NULL;
    json_decref(body);
    if (lost) {
        return ctl_fail(ctl, CTL_USAGE, "an argument is not valid UTF-8");
    }
    const struct client_request request = {.method = method,
                                           .path = path,
                                           .body = text,
                                           .body_bytes = text != NULL ? strlen(text) : 0};
    enum ctl_exit code = ctl_call(ctl, &request, response_r);
    free(text);
    return code;
}

enum ctl_exit ctl_read_file(struct ctl *ctl, const char *name, size_t bytes_max,
                            const char **text_r, size_t *bytes_r)
{
    bool from_input = strcmp(name, "-") == 0;
    int descriptor = from_input ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    char *text = arena_alloc(ctl->arena, bytes_max + 1);
    if (descriptor < 0 || text == NULL) {
        return ctl_fail(ctl, CTL_USAGE, "cannot read %s: %s", name, strerror(errno));
    }
    size_t used = 0;
    ssize_t count = 1;
    while (used <= bytes_max && count > 0) {
        count = read(descriptor, text + used, bytes_max + 1 - used);
        if (count < 0 && errno == EINTR) {
            count = 1;
        } else if (count > 0) {
            used += (size_t)count;
        }
    }
    int cause = errno;
    if (!from_input) {
        (void)close(descriptor);
    }
    if (count < 0) {
        return ctl_fail(ctl, CTL_USAGE, "cannot read %s: %s", name, strerror(cause));
    }
    if (used > bytes_max) {
        return ctl_fail(ctl, CTL_USAGE, "%s is longer than %zu bytes", name, bytes_max);
    }
    text[used] = '\0';
    *text_r = text;
    *bytes_r = used;
    return CTL_OK;
}

void ctl_print_json(struct ctl *ctl, json_t *json, bool compact)
{
    size_t flags = JSON_ENCODE_ANY | (compact ? JSON_COMPACT : JSON_INDENT(2));
    if (json != NULL) {
        (void)json_dumpf(json, ctl->out, flags);
        (void)fputc('\n', ctl->out);
    }
}

const char *ctl_member(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}
