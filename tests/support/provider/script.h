/* script.h - what the providers were told to do: per device token, and per provider as a whole. */
#ifndef TESTS_SUPPORT_PROVIDER_SCRIPT_H
#define TESTS_SUPPORT_PROVIDER_SCRIPT_H

#include <stdint.h>

#include "gateway/base/status.h"
#include "tests/support/provider/http2_server.h"

enum provider { PROVIDER_APNS, PROVIDER_FCM, PROVIDER_OAUTH };
#define PROVIDERS_COUNT 3

/* "apns", "fcm", "oauth". */
const char *provider_text(enum provider provider);

#define BEHAVIOUR_TABLE(X)                                                                         \
    X(ACCEPT, "accept")                                                                            \
    X(GONE, "gone")                 /* APNs 410 Unregistered, FCM 404 UNREGISTERED */              \
    X(EXPIRED, "expired")           /* APNs 410 ExpiredToken, FCM as gone */                       \
    X(BAD_TOKEN, "bad_token")       /* 400 BadDeviceToken / INVALID_ARGUMENT / invalid_grant */    \
    X(WRONG_SENDER, "wrong_sender") /* 400 DeviceTokenNotForTopic / 403 SENDER_ID_MISMATCH */      \
    X(FORBIDDEN, "forbidden")       /* 403 Forbidden / 401 THIRD_PARTY_AUTH_ERROR */               \
    X(THROTTLE, "throttle")         /* 429 with Retry-After */                                     \
    X(ERROR, "error")               /* 500 */                                                      \
    X(UNAVAILABLE, "unavailable")   /* 503 with Retry-After */                                     \
    X(SILENT, "silent")             /* takes the request and never answers */                      \
    X(CUT, "cut")                   /* resets the connection */                                    \
    X(GOAWAY, "goaway")             /* GOAWAY that leaves this request unprocessed */              \
    X(REFUSE_STREAM, "refuse_stream")

enum behaviour {
#define BEHAVIOUR_ENUM(name, word) BEHAVIOUR_##name,
    BEHAVIOUR_TABLE(BEHAVIOUR_ENUM)
#undef BEHAVIOUR_ENUM
};

/* The words in the order of the enum, NULL at the end. */
extern const char *const behaviour_words[];

struct script_rule {
    enum behaviour behaviour;
    int64_t count;         /* how many requests it is for, then accept again; 0: for ever */
    int64_t retry_after_s; /* -1: no Retry-After */
    int64_t timestamp_ms;  /* of a 410; 0: the moment of the answer */
};

#define SCRIPT_TOKENS_MAX      100000
#define SCRIPT_TOKEN_BYTES_MAX 4096

struct script;

/* NULL when out of memory. */
struct script *script_create(void);
void script_destroy(struct script **script);

/* Sets what to do with a token's requests; accept forgets the token. STATUS_FULL above
 * SCRIPT_TOKENS_MAX, STATUS_INVALID for an empty or over-long token, STATUS_NO_MEMORY. */
enum status script_set_token(struct script *script, const char *token,
                             const struct script_rule *rule) MUST_CHECK;

/* Sets what to do with all of a provider's requests, whatever their token. */
void script_set_provider(struct script *script, enum provider provider,
                         const struct script_rule *rule);

/* Forgets everything. */
void script_reset(struct script *script);

size_t script_tokens_count(const struct script *script);

/* What to do with this request, which uses up one count: the provider's rule, else the token's
 * (token may be absent), else accept. */
struct script_rule script_take(struct script *script, enum provider provider, struct view token);

#endif
