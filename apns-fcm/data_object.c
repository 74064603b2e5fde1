#include "apns-fcm/data_object.h"

#include <stdbool.h>
#include <string.h>

#include "gateway/base/text.h"

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r') {
        at++;
    }
    return at;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Behind the closing quote of the string that begins at `at`; NULL when it is none. */
static const char *skip_string(const char *at)
{
    if (*at != '"') {
        return NULL;
    }
    for (at++; *at != '"'; at++) {
        if ((unsigned char)*at < 0x20) {
            return NULL; /* also the end of the text */
        }
        if (*at != '\\') {
            continue;
        }
        at++;
        if (*at == 'u') {
            for (int i = 1; i <= 4; i++) {
                if (!is_hex(at[i])) {
                    return NULL;
                }
            }
            at += 4;
        } else if (*at == '\0' || strchr("\"\\/bfnrt", *at) == NULL) {
            return NULL;
        }
    }
    return at + 1;
}

static const char *reserved_name(const char *name, size_t bytes, const char *const *reserved)
{
    for (; *reserved != NULL; reserved++) {
        if (strlen(*reserved) == bytes && memcmp(*reserved, name, bytes) == 0) {
            return *reserved;
        }
    }
    return NULL;
}

enum status data_object_members(const char *json, const char *const *reserved,
                                const char **members_r, size_t *members_bytes_r,
                                struct error *error)
{
    const char *at = skip_space(json);
    if (*at != '{') {
        return error_set(error, STATUS_INVALID, "data is not a JSON object");
    }
    const char *members = at = skip_space(at + 1);
    bool more = *at != '}';
    while (more) {
        const char *name = at + 1;
        at = skip_string(at);
        if (at == NULL) {
            return error_set(error, STATUS_INVALID, "data has a malformed member name");
        }
        const char *word = reserved_name(name, (size_t)(at - 1 - name), reserved);
        if (word != NULL) {
            return error_set(error, STATUS_INVALID, "data may not have a member \"%s\"", word);
        }
        at = skip_space(at);
        at = *at == ':' ? skip_string(skip_space(at + 1)) : NULL;
        if (at == NULL) {
            return error_set(error, STATUS_INVALID, "data has a value that is not a string");
        }
        at = skip_space(at);
        more = *at == ',';
        if (more) {
            at = skip_space(at + 1);
        } else if (*at != '}') {
            return error_set(error, STATUS_INVALID, "data is not a JSON object");
        }
    }
    size_t bytes = (size_t)(at - members);
    if (*skip_space(at + 1) != '\0' || !text_is_utf8(members, bytes)) {
        return error_set(error, STATUS_INVALID, "data is not one JSON object in UTF-8");
    }
    *members_r = members;
    *members_bytes_r = bytes;
    return STATUS_OK;
}
