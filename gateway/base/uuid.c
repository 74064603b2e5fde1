#include "gateway/base/uuid.h"

#include <assert.h>

static void write_ms(struct uuid *uuid, struct wall_time time)
{
    uint64_t ms = (uint64_t)time.ms;
    for (int i = 0; i < 6; i++) {
        uuid->bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
}

struct uuid uuid_v7(struct wall_time now, const struct random_source *random)
{
    struct uuid uuid;
    random_fill(random, uuid.bytes + 6, 10);
    write_ms(&uuid, now);
    uuid.bytes[6] = (uint8_t)(0x70 | (uuid.bytes[6] & 0x0f));
    uuid.bytes[8] = (uint8_t)(0x80 | (uuid.bytes[8] & 0x3f));
    return uuid;
}

struct uuid uuid_v7_base(struct wall_time now, const struct random_source *random)
{
    struct uuid uuid = uuid_v7(now, random);
    uuid.bytes[14] = 0;
    uuid.bytes[15] = 0;
    return uuid;
}

struct uuid uuid_v7_least(struct wall_time at)
{
    struct uuid uuid = {.bytes = {[6] = 0x70, [8] = 0x80}};
    write_ms(&uuid, at);
    return uuid;
}

int64_t uuid_v7_ms(struct uuid uuid)
{
    int64_t ms = 0;
    for (int i = 0; i < 6; i++) {
        ms = ms << 8 | uuid.bytes[i];
    }
    return ms;
}

struct uuid uuid_derive(struct uuid base, unsigned n)
{
    assert(n >= 1 && n <= UUID_DERIVED_MAX);
    assert(base.bytes[14] == 0 && base.bytes[15] == 0);
    base.bytes[14] = (uint8_t)(n >> 8);
    base.bytes[15] = (uint8_t)n;
    return base;
}

void uuid_format(struct uuid uuid, char text_r[UUID_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char *at = text_r;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *at++ = '-';
        }
        *at++ = digits[uuid.bytes[i] >> 4];
        *at++ = digits[uuid.bytes[i] & 0x0f];
    }
    *at = '\0';
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum status uuid_parse(const char *text, struct uuid *uuid_r)
{
    struct uuid uuid;
    const char *at = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            if (*at++ != '-') {
                return STATUS_INVALID;
            }
        }
        int high = nibble(at[0]);
        int low = high < 0 ? -1 : nibble(at[1]);
        if (low < 0) {
            return STATUS_INVALID;
        }
        uuid.bytes[i] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    if (*at != '\0') {
        return STATUS_INVALID;
    }
    *uuid_r = uuid;
    return STATUS_OK;
}
