/* header.h - request headers for nghttp2, which copies them while a request is submitted. */
#ifndef APNS_FCM_HEADER_H
#define APNS_FCM_HEADER_H

#include <nghttp2/nghttp2.h>
#include <string.h>

#include "apns-fcm/exchange.h"

static inline nghttp2_nv header_make(const char *name, const char *value, size_t value_bytes,
                                     uint8_t flags)
{
    /* nghttp2's structure lacks the const that its functions keep. */
    union {
        const char *text;
        uint8_t *bytes;
    } name_of = {.text = name}, value_of = {.text = value};
    return (nghttp2_nv){name_of.bytes, value_of.bytes, strlen(name), value_bytes,
                        (uint8_t)(flags | NGHTTP2_NV_FLAG_NO_COPY_NAME)};
}

/* The same for many requests: lives in HPACK's table. */
static inline nghttp2_nv header_fixed(const char *name, const char *value)
{
    return header_make(name, value, strlen(value), NGHTTP2_NV_FLAG_NONE);
}

/* Different for each request: kept out of HPACK's table, where it would push the others out. */
static inline nghttp2_nv header_varying(const char *name, const char *value, size_t value_bytes)
{
    return header_make(name, value, value_bytes, NGHTTP2_NV_FLAG_NO_INDEX);
}

#endif
