/* web_endpoint.h - a Web Push subscription's endpoint (RFC 8030) in parts, and its topic. Pure. */
#ifndef APNS_FCM_WEB_ENDPOINT_H
#define APNS_FCM_WEB_ENDPOINT_H

#include <stddef.h>

#include "gateway/base/status.h"

#define WEB_HOST_BYTES   256
#define WEB_PORT_BYTES   6
#define WEB_ORIGIN_BYTES (sizeof "https://[]:65535" + WEB_HOST_BYTES)
#define WEB_TOPIC_BYTES  33

struct web_endpoint {
    char origin[WEB_ORIGIN_BYTES]; /* "https://push.example", with the port unless it is 443
                                      (RFC 6454, section 6.2); what follows https:// is also the
                                      request's authority */
    char host[WEB_HOST_BYTES];     /* lower case; an IPv6 address without its brackets */
    char port[WEB_PORT_BYTES];     /* decimal */
    const char *path;              /* into the text, from the first slash on */
    size_t path_bytes;
};

/* https alone; a host name or an address, a port or none, a path and a query; no user, no fragment,
 * nothing but visible ASCII. STATUS_INVALID otherwise: error says what is wrong. */
enum status web_endpoint_parse(const char *text, struct web_endpoint *endpoint_r,
                               struct error *error) MUST_CHECK;

/* A topic for a collapse id of any length: 32 characters of base64url (RFC 8030, section 5.4), from
 * its digest. STATUS_NO_MEMORY. */
enum status web_topic(const char *collapse_id, char topic_r[WEB_TOPIC_BYTES]) MUST_CHECK;

#endif
