/* apns_private.h - what apns.c, apns_token.c and apns_payload.c share.
 *
 * Reasons and statuses: developer.apple.com, "Handling notification responses from APNs".
 */
#ifndef TESTS_SUPPORT_PROVIDER_APNS_PRIVATE_H
#define TESTS_SUPPORT_PROVIDER_APNS_PRIVATE_H

#include "tests/support/provider/simulator.h"

#define APNS_REASON_TABLE(X)                                                                       \
    X(BadCollapseId, 400)                                                                          \
    X(BadDeviceToken, 400)                                                                         \
    X(BadExpirationDate, 400)                                                                      \
    X(BadMessageId, 400)                                                                           \
    X(BadPriority, 400)                                                                            \
    X(BadTopic, 400)                                                                               \
    X(DeviceTokenNotForTopic, 400)                                                                 \
    X(DuplicateHeaders, 400)                                                                       \
    X(InvalidPushType, 400)                                                                        \
    X(MissingDeviceToken, 400)                                                                     \
    X(MissingTopic, 400)                                                                           \
    X(PayloadEmpty, 400)                                                                           \
    X(TopicDisallowed, 400)                                                                        \
    X(EncryptedUnreadable, 400) /* not Apple's word: Apple does not look inside */                 \
    X(BadCertificate, 403)                                                                         \
    X(ExpiredProviderToken, 403)                                                                   \
    X(Forbidden, 403)                                                                              \
    X(InvalidProviderToken, 403)                                                                   \
    X(MissingProviderToken, 403)                                                                   \
    X(BadPath, 404)                                                                                \
    X(MethodNotAllowed, 405)                                                                       \
    X(ExpiredToken, 410)                                                                           \
    X(Unregistered, 410)                                                                           \
    X(PayloadTooLarge, 413)                                                                        \
    X(TooManyProviderTokenUpdates, 429)                                                            \
    X(TooManyRequests, 429)                                                                        \
    X(RequestHeaderFieldsTooLarge, 431) /* not Apple's word: what does not fit its 8 000 bytes */  \
    X(InternalServerError, 500)                                                                    \
    X(ServiceUnavailable, 503)

enum apns_reason {
    APNS_FINE,
#define APNS_REASON_ENUM(name, status) APNS_##name,
    APNS_REASON_TABLE(APNS_REASON_ENUM)
#undef APNS_REASON_ENUM
};

/* What a connection has shown of itself. */
struct apns_connection {
    size_t token_bytes; /* 0: no valid token yet */
    int64_t token_issued_s;
    struct monotonic_time token_since; /* when this connection first used it */
    char token[PROVIDER_TOKEN_BYTES_MAX];
};

/* Checks the authorization header: the token's signature, kid, iss, age, and how soon it changed on
 * this connection. *detail_r says more when it is refused; static text. */
enum apns_reason apns_check_token(struct simulator *simulator, struct apns_connection *connection,
                                  struct view authorization, const char **detail_r);

/* Checks that received->payload is a notification: a JSON object whose aps is well-formed. Decrypts
 * what is beside it for a device whose key is known (received->token, plain). Uses the simulator's
 * scan. */
enum apns_reason apns_check_payload(struct simulator *simulator, struct received *received);

#endif
