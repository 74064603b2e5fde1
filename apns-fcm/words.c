/* words.c - the words for the library's enums. */
#include "apns-fcm/push.h"

#define WORD(table, value)                                                                         \
    ((size_t)(value) < sizeof(table) / sizeof((table)[0]) ? (table)[value] : "unknown")

const char *push_provider_text(enum push_provider provider)
{
    static const char *const words[] = {"apns", "fcm", "webpush"};
    return WORD(words, provider);
}

const char *push_outcome_text(enum push_outcome outcome)
{
    static const char *const words[] = {"accepted", "refused", "retry-exhausted", "expired",
                                        "uncertain"};
    return WORD(words, outcome);
}

const char *push_verdict_text(enum push_verdict verdict)
{
    static const char *const words[] = {"ok", "gone", "suspect", "configuration-wrong",
                                        "message-wrong"};
    return WORD(words, verdict);
}

const char *push_health_text(enum push_health health)
{
    static const char *const words[] = {"unused", "up", "degraded", "down"};
    return WORD(words, health);
}

const char *push_notice_text(enum push_notice_kind kind)
{
    static const char *const words[] = {"down",
                                        "up",
                                        "configuration-wrong",
                                        "configuration-suspect",
                                        "clock-skew",
                                        "credential-expires",
                                        "unknown-reason",
                                        "token-updates"};
    return WORD(words, kind);
}
