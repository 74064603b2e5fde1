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

/* The number of four hex digits, -1 when they are none. */
static int read_hex(const char *at)
{
    int number = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        if (c >= '0' && c <= '9') {
            number = number * 16 + (c - '0');
        } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
            number = number * 16 + (c | 0x20) - 'a' + 10;
        } else {
            return -1;
        }
    }
    return number;
}

/* Behind the \uXXXX that begins at `at`, both of a pair of surrogates; NULL when it is none, or
 * half a pair, which is grammar but no text: providers refuse it. */
static const char *skip_code_point(const char *at)
{
    int code = read_hex(at + 2);
    if (code < 0 || (code >= 0xdc00 && code <= 0xdfff)) {
        return NULL;
    }
    if (code < 0xd800 || code > 0xdbff) {
        return at + 6;
    }
    int low = at[6] == '\\' && at[7] == 'u' ? read_hex(at + 8) : -1;
    return low >= 0xdc00 && low <= 0xdfff ? at + 12 : NULL;
}

/* Behind the closing quote of the string that begins at `at`; NULL when it is none. */
static const char *skip_string(const char *at)
{
    if (*at++ != '"') {
        return NULL;
    }
    while (*at != '"') {
        if ((unsigned char)*at < 0x20) {
            return NULL; /* also the end of the text */
        }
        if (*at != '\\') {
            at++;
        } else if (at[1] == 'u') {
            at = skip_code_point(at);
            if (at == NULL) {
                return NULL;
            }
        } else if (at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL) {
            at += 2;
        } else {
            return NULL;
        }
    }
    return at + 1;
}

/* A reserved word that ends in a dot stands for every name that begins so. */
static const char *reserved_name(const char *name, size_t bytes, const char *const *reserved)
{
    for (; *reserved != NULL; reserved++) {
        size_t word_bytes = strlen(*reserved);
        bool prefix = (*reserved)[word_bytes - 1] == '.';
        if ((prefix ? word_bytes <= bytes : word_bytes == bytes) &&
            memcmp(*reserved, name, word_bytes) == 0) {
            return *reserved;
        }
    }
    return NULL;
}

/* A name with an escape could be a reserved one in disguise; nobody needs one. */
static enum status check_name(const char *name, size_t bytes, const char *const *reserved,
                              struct error *error)
{
    if (memchr(name, '\\', bytes) != NULL) {
        return error_set(error, STATUS_INVALID, "data has an escape in a member's name");
    }
    const char *word = reserved_name(name, bytes, reserved);
    if (word != NULL) {
        return error_set(error, STATUS_INVALID, "data may not have a member \"%s\"", word);
    }
    return STATUS_OK;
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
        enum status status = check_name(name, (size_t)(at - 1 - name), reserved, error);
        if (status != STATUS_OK) {
            return status;
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
