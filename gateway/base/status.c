#include "gateway/base/status.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/text.h"

const char *status_slug(enum status status)
{
    switch (status) {
#define STATUS_SLUG(name, code, slug, text)                                                        \
    case STATUS_##name:                                                                            \
        return slug;
        STATUS_TABLE(STATUS_SLUG)
#undef STATUS_SLUG
    }
    return "unknown";
}

const char *status_text(enum status status)
{
    switch (status) {
#define STATUS_TEXT(name, code, slug, text)                                                        \
    case STATUS_##name:                                                                            \
        return text;
        STATUS_TABLE(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "unknown status";
}

__attribute__((format(printf, 2, 0))) static void error_format(struct error *error,
                                                               const char *format,
                                                               va_list arguments)
{
    int length = vsnprintf(error->text, sizeof error->text, format, arguments);
    if (length < 0) {
        error->text[0] = '\0';
    } else if ((size_t)length >= sizeof error->text) {
        text_trim_utf8(error->text);
    }
}

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        error_format(error, format, arguments);
        va_end(arguments);
        error->pointer[0] = '\0';
    }
    return status;
}

enum status error_set_at(struct error *error, enum status status, const char *pointer,
                         const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        error_format(error, format, arguments);
        va_end(arguments);
        (void)text_copy(error->pointer, sizeof error->pointer, pointer != NULL ? pointer : "");
    }
    return status;
}

enum status error_move_into(struct error *error, enum status status, const char *place)
{
    if (error == NULL) {
        return status;
    }
    const struct error inner = *error;
    const char *text = inner.text;
    char pointer[ERROR_POINTER_BYTES_MAX];
    int length = snprintf(pointer, sizeof pointer, "%s%s", place, inner.pointer);
    if (length >= 0 && (size_t)length >= sizeof pointer) {
        text_trim_utf8(pointer);
    }
    /* What is in front of the text says where within the part. */
    const char *said = inner.pointer[0] != '\0' ? inner.pointer : "the body";
    if (strncmp(text, said, strlen(said)) == 0 && strncmp(text + strlen(said), ": ", 2) == 0) {
        text += strlen(said) + 2;
    }
    return error_set_at(error, status, pointer, "%s: %s", pointer, text);
}

enum status error_wrap(struct error *error, enum status status, const char *format, ...)
{
    if (error != NULL) {
        char inner[ERROR_TEXT_BYTES_MAX];
        memcpy(inner, error->text, sizeof inner);
        va_list arguments;
        va_start(arguments, format);
        error_format(error, format, arguments);
        va_end(arguments);
        size_t used = strlen(error->text);
        int length = snprintf(error->text + used, sizeof error->text - used, ": %s", inner);
        if (length >= 0 && (size_t)length >= sizeof error->text - used) {
            text_trim_utf8(error->text);
        }
    }
    return status;
}
