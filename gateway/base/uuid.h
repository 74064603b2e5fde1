/* uuid.h - UUIDv7 ids (RFC 9562, section 5.7): ordered by the millisecond they were made in. */
#ifndef GATEWAY_BASE_UUID_H
#define GATEWAY_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "gateway/base/random.h"
#include "gateway/base/status.h"
#include "gateway/base/time.h"

#ifdef __cplusplus
extern "C" {
#endif

struct uuid {
    uint8_t bytes[16];
};

/* 36 characters and the terminator. */
#define UUID_TEXT_BYTES 37

/* How many ids uuid_derive() can make from one base. */
#define UUID_DERIVED_MAX 65535

/* Makes an id for this millisecond. */
struct uuid uuid_v7(struct wall_time now, const struct random_source *random);

/* As uuid_v7(), with the last two bytes zero: the base of a family of ids for uuid_derive(). */
struct uuid uuid_v7_base(struct wall_time now, const struct random_source *random);

/* The n-th id (1 to UUID_DERIVED_MAX) of a base: lets pure code number what it creates. */
struct uuid uuid_derive(struct uuid base, unsigned n);

/* The least of all ids of this millisecond: nobody's, but a bound to look from. */
struct uuid uuid_v7_least(struct wall_time at);

/* The millisecond that an id was made for. */
int64_t uuid_v7_ms(struct uuid uuid);

/* Writes the lower-case text form. */
void uuid_format(struct uuid uuid, char text_r[UUID_TEXT_BYTES]);

/* Reads the text form, either case. STATUS_INVALID otherwise. */
enum status uuid_parse(const char *text, struct uuid *uuid_r) MUST_CHECK;

static inline bool uuid_equal(struct uuid a, struct uuid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static inline bool uuid_is_nil(struct uuid uuid)
{
    static const struct uuid nil = {{0}};
    return uuid_equal(uuid, nil);
}

#ifdef __cplusplus
}
#endif

#endif
