#include "gateway/base/encoding.h"

#include <stdint.h>
#include <string.h>

static const char standard_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void hex_encode(const void *data, size_t bytes, char *text_r)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *in = data;
    for (size_t i = 0; i < bytes; i++) {
        *text_r++ = digits[in[i] >> 4];
        *text_r++ = digits[in[i] & 0x0f];
    }
    *text_r = '\0';
}

/* Writes without padding and returns the end. */
static char *encode(const char *alphabet, const void *data, size_t bytes, char *out)
{
    const uint8_t *in = data;
    for (; bytes >= 3; bytes -= 3, in += 3) {
        uint32_t group = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 63];
        *out++ = alphabet[group >> 6 & 63];
        *out++ = alphabet[group & 63];
    }
    if (bytes > 0) {
        uint32_t group = (uint32_t)in[0] << 16 | (bytes == 2 ? (uint32_t)in[1] << 8 : 0);
        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 63];
        if (bytes == 2) {
            *out++ = alphabet[group >> 6 & 63];
        }
    }
    *out = '\0';
    return out;
}

void base64url_encode(const void *data, size_t bytes, char *text_r)
{
    (void)encode(url_alphabet, data, bytes, text_r);
}

void base64_encode(const void *data, size_t bytes, char *text_r)
{
    char *end = encode(standard_alphabet, data, bytes, text_r);
    while ((end - text_r) % 4 != 0) {
        *end++ = '=';
    }
    *end = '\0';
}

static int sextet(char c)
{
    const char *at = c == '\0' ? NULL : strchr(standard_alphabet, c);
    if (at != NULL) {
        return (int)(at - standard_alphabet);
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

enum status base64_decode(const char *text, size_t text_bytes, void *data_r, size_t data_bytes_max,
                          size_t *data_bytes_r)
{
    uint8_t *out = data_r;
    size_t used = 0;
    uint32_t group = 0;
    int bits = 0;
    if (text_bytes % 4 == 0) {
        /* Padding is one or two '=' that complete a group of four. */
        for (int i = 0; i < 2 && text_bytes > 0 && text[text_bytes - 1] == '='; i++) {
            text_bytes--;
        }
    }
    if (text_bytes % 4 == 1) {
        return STATUS_INVALID;
    }
    for (size_t i = 0; i < text_bytes; i++) {
        int value = sextet(text[i]);
        if (value < 0) {
            return STATUS_INVALID;
        }
        group = group << 6 | (uint32_t)value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            if (used == data_bytes_max) {
                return STATUS_TOO_LARGE;
            }
            out[used++] = (uint8_t)(group >> bits);
            group &= (1U << bits) - 1;
        }
    }
    if (group != 0) {
        return STATUS_INVALID; /* bits that encode nothing must be zero */
    }
    *data_bytes_r = used;
    return STATUS_OK;
}
