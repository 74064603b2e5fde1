/* webpush_private.h - what webpush.c and webpush_vapid.c share. */
#ifndef TESTS_SUPPORT_PROVIDER_WEBPUSH_PRIVATE_H
#define TESTS_SUPPORT_PROVIDER_WEBPUSH_PRIVATE_H

#include "tests/support/provider/simulator.h"

/* An error as Mozilla's push service writes them. error NULL: none. */
struct webpush_fault {
    unsigned status;
    const char *error;
    const char *message; /* static */
};

#define WEBPUSH_TOKEN_BYTES_MAX 1024

/* The authorization that was found good last on a connection; its expiry is checked every time. */
struct webpush_connection {
    size_t header_bytes;
    int64_t expires_s;
    char header[WEBPUSH_TOKEN_BYTES_MAX];
};

/* Checks `vapid t=…, k=…` (RFC 8292): the signature by k, aud, exp, sub. */
struct webpush_fault webpush_check_vapid(const struct simulator *simulator,
                                         struct webpush_connection *connection,
                                         struct view authorization);

#endif
