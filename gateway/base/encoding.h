/* encoding.h - hex and base64 in the alphabets that HTTP, JWT and webhooks use. */
#ifndef GATEWAY_BASE_ENCODING_H
#define GATEWAY_BASE_ENCODING_H

#include <stddef.h>

#include "gateway/base/status.h"

#define HEX_TEXT_BYTES(bytes)    ((bytes)*2 + 1)
#define BASE64_TEXT_BYTES(bytes) (((bytes) + 2) / 3 * 4 + 1)

/* Lower-case hex; text_r holds HEX_TEXT_BYTES(bytes). */
void hex_encode(const void *data, size_t bytes, char *text_r);

/* base64url without padding (RFC 4648, section 5); text_r holds BASE64_TEXT_BYTES(bytes). */
void base64url_encode(const void *data, size_t bytes, char *text_r);

/* base64 with padding (RFC 4648, section 4); text_r holds BASE64_TEXT_BYTES(bytes). */
void base64_encode(const void *data, size_t bytes, char *text_r);

/* Decodes either alphabet, correctly padded or not at all. data_r holds data_bytes_max;
 * STATUS_INVALID for any other character, STATUS_TOO_LARGE when it does not fit. */
enum status base64_decode(const char *text, size_t text_bytes, void *data_r, size_t data_bytes_max,
                          size_t *data_bytes_r) MUST_CHECK;

#endif
