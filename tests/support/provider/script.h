/* script.h - what the providers were told to do: per device token, and per provider as a whole. */
#ifndef TESTS_SUPPORT_PROVIDER_SCRIPT_H
#define TESTS_SUPPORT_PROVIDER_SCRIPT_H

#include <stdint.h>

#include "gateway/base/status.h"
#include "tests/support/provider/http2_server.h"

enum provider { PROVIDER_APNS, PROVIDER_FCM, PROVIDER_OAUTH, PROVIDER_WEBPUSH };
#define PROVIDERS_COUNT 4

/* "apns", "fcm", "oauth", "webpush"; in the order of the enum, NULL at the end. */
extern const char *const provider_words[];
const char *provider_text(enum provider provider);

/* From SILENT on there is no HTTP answer. */
#define BEHAVIOUR_TABLE(X)                                                                         \
    X(ACCEPT, "accept")                                                                            \
    X(GONE, "gone")                 /* APNs 410 Unregistered, FCM 404 UNREGISTERED, Web 410 */     \
    X(EXPIRED, "expired")           /* APNs 410 ExpiredToken, FCM as gone, Web 404 */              \
    X(BAD_TOKEN, "bad_token")       /* 400 BadDeviceToken / INVALID_ARGUMENT / invalid_grant */    \
    X(WRONG_SENDER, "wrong_sender") /* 400 DeviceTokenNotForTopic / 403 SENDER_ID_MISMATCH */      \
    X(FORBIDDEN, "forbidden")       /* 403 Forbidden / 401 THIRD_PARTY_AUTH_ERROR */               \
    X(TOO_LARGE, "too_large")       /* 413, FCM 400 */                                             \
    X(THROTTLE, "throttle")         /* 429 with Retry-After */                                     \
    X(ERROR, "error")               /* 500 */                                                      \
    X(UNAVAILABLE, "unavailable")   /* 503 with Retry-After */                                     \
    X(REASON, "reason")             /* the rule's status and word, as the provider writes them */  \
    X(HTML, "html")                 /* the rule's status, and a web page */                        \
    X(EMPTY_BODY, "empty_body")     /* the rule's status, and nothing */                           \
    X(BROKEN_BODY, "broken_body")   /* the rule's status, and JSON that breaks off */              \
    X(LARGE_BODY, "large_body")     /* accepted, with 1 MiB of body */                             \
    X(LARGE_HEADERS, "large_headers") /* accepted, with 40 headers of 1 KiB */                     \
    X(MANY_HEADERS, "many_headers")   /* accepted, with 1 000 small headers */                     \
    X(EMPTY_FRAMES, "empty_frames")   /* accepted, with DATA frames of no bytes */                 \
    X(EMPTY_TOKEN, "empty_token")     /* OAuth: an access token of no characters */                \
    X(WRONG_TOKEN, "wrong_token")     /* OAuth: one that FCM refuses */                            \
    X(EXPIRES_IN, "expires_in")       /* OAuth: one that says to be valid for so long */           \
    X(FRAMES, "frames")               /* frames of raw_frames.h before what accept answers */      \
    X(SILENT, "silent")               /* takes the request and never answers */                    \
    X(CUT, "cut")                     /* resets the TCP connection */                              \
    X(GOAWAY, "goaway")               /* GOAWAY that leaves this request unprocessed */            \
    X(REFUSE_STREAM, "refuse_stream") /* RST_STREAM, unprocessed */                                \
    X(RESET, "reset")                 /* RST_STREAM with the rule's error code */

enum behaviour {
#define BEHAVIOUR_ENUM(name, word) BEHAVIOUR_##name,
    BEHAVIOUR_TABLE(BEHAVIOUR_ENUM)
#undef BEHAVIOUR_ENUM
};

/* A sum has no parentheses inside. NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define BEHAVIOUR_ONE(name, word) +1
#define BEHAVIOURS_COUNT          (0 BEHAVIOUR_TABLE(BEHAVIOUR_ONE))

/* The words in the order of the enum, NULL at the end. */
extern const char *const behaviour_words[];

#define SCRIPT_TEXT_BYTES_MAX 79

struct script_rule {
    enum behaviour behaviour;
    int64_t count;         /* how many requests it is for, then accept again; 0: for ever */
    int64_t retry_after_s; /* -1: no Retry-After */
    int64_t timestamp_ms;  /* of a 410; 0: the moment of the answer */
    int64_t delay_ms;      /* before the request is looked at further */
    int64_t expires_in_s;  /* EXPIRES_IN's, any number */
    unsigned status;       /* of REASON, HTML, EMPTY_BODY, BROKEN_BODY */
    uint32_t error_code;   /* of RESET (RFC 9113, section 7) */
    enum raw_frames frames;
    unsigned repeat; /* of FRAMES and EMPTY_FRAMES */
    /* REASON's word, or GOAWAY's debug data. */
    char text[SCRIPT_TEXT_BYTES_MAX + 1];
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
