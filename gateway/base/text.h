/* text.h - small rules about text: UTF-8, slugs, bounded copies. */
#ifndef GATEWAY_BASE_TEXT_H
#define GATEWAY_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A slug is 1 to 63 characters a-z 0-9 '-', beginning with a letter or digit. */
#define SLUG_BYTES_MAX 64

bool text_is_slug(const char *text);

/* Whether the bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates). */
bool text_is_utf8(const char *text, size_t bytes);

/* The largest length <= bytes_max at which well-formed text can be cut without splitting a
 * character. */
size_t text_utf8_cut(const char *text, size_t bytes_max);

/* Cuts an unfinished character off the end of text that something else truncated (snprintf). */
void text_trim_utf8(char *text);

/* Copies text into target (always terminated), cut at a character boundary when it does not fit.
 * Returns false when it was cut. */
bool text_copy(char *target, size_t target_bytes, const char *text);

/* Whether two byte strings of equal length are equal, in time independent of their content. */
bool text_equal_constant_time(const void *left, const void *right, size_t bytes);

#endif
