#include "gateway/base/text.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <string.h>

bool text_is_slug(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length >= SLUG_BYTES_MAX || text[0] == '-') {
        return false;
    }
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

/* Length of the well-formed sequence at text, 0 when there is none (RFC 3629, section 4). */
static size_t utf8_sequence(const unsigned char *text, size_t bytes)
{
    unsigned char lead = text[0];
    if (lead < 0x80) {
        return 1;
    }
    size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || bytes < length) {
        return 0;
    }
    unsigned char low = 0x80, high = 0xbf;
    if (lead == 0xe0) {
        low = 0xa0;
    } else if (lead == 0xed) {
        high = 0x9f;
    } else if (lead == 0xf0) {
        low = 0x90;
    } else if (lead == 0xf4) {
        high = 0x8f;
    }
    if (text[1] < low || text[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

bool text_is_utf8(const char *text, size_t bytes)
{
    const unsigned char *at = (const unsigned char *)text;
    while (bytes > 0) {
        size_t length = utf8_sequence(at, bytes);
        if (length == 0) {
            return false;
        }
        at += length;
        bytes -= length;
    }
    return true;
}

size_t text_utf8_cut(const char *text, size_t bytes_max)
{
    size_t length = strnlen(text, bytes_max + 1);
    if (length <= bytes_max) {
        return length;
    }
    length = bytes_max;
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
        length--;
    }
    return length;
}

void text_trim_utf8(char *text)
{
    size_t length = strlen(text);
    size_t lead = length;
    while (lead > 0 && length - lead < 4) {
        lead--;
        if (((unsigned char)text[lead] & 0xc0) != 0x80) {
            if (utf8_sequence((const unsigned char *)text + lead, length - lead) == 0) {
                text[lead] = '\0';
            }
            return;
        }
    }
}

bool text_copy(char *target, size_t target_bytes, const char *text)
{
    size_t length = text_utf8_cut(text, target_bytes - 1);
    memcpy(target, text, length);
    target[length] = '\0';
    return text[length] == '\0';
}

bool text_equal_constant_time(const void *left, const void *right, size_t bytes)
{
    return CRYPTO_memcmp(left, right, bytes) == 0;
}
