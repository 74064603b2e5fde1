/* verdict.h - what a provider's answer means for the job and for its target. Pure.
 *
 * Sources: Apple, "Handling notification responses from APNs"; Google, "FCM error codes" and the
 * reference of `FcmError`; RFC 8030, sections 5 to 7, and RFC 8292, section 4.2, for Web Push,
 * which has no words: its statuses decide. Unknown reasons are judged by the status code alone.
 */
#ifndef APNS_FCM_VERDICT_H
#define APNS_FCM_VERDICT_H

#include <stddef.h>

#include "apns-fcm/push.h"

enum verdict_action {
    ACTION_ACCEPT,
    ACTION_REFUSE,
    ACTION_RETRY,       /* later; Retry-After says when */
    ACTION_RENEW_TOKEN, /* with a new provider token; nothing else is wrong */
};

struct verdict {
    enum verdict_action action;
    enum push_verdict target;
    char reason[PUSH_REASON_BYTES_MAX];           /* the provider's word, or "http-502" */
    char provider_id[PUSH_PROVIDER_ID_BYTES_MAX]; /* FCM: the message's name */
    struct wall_time gone_since;
    bool token_proven;   /* the answer shows that the provider token is valid */
    bool provider_fault; /* the provider's own failure: says nothing of the job or of us */
    bool unknown_reason; /* a word in no table: judged by the status */
};

/* body may be cut short or be no JSON at all: the status then decides. */
void verdict_apns(int http_status, const char *body, size_t body_bytes, struct verdict *verdict_r);
void verdict_fcm(int http_status, const char *body, size_t body_bytes, struct verdict *verdict_r);
void verdict_web(int http_status, const char *body, size_t body_bytes, struct verdict *verdict_r);

/* Copies a word of the provider's, cut at the capacity. It goes into logs and notices, which are
 * lines of text: control characters become question marks. */
void reason_copy(char reason_r[PUSH_REASON_BYTES_MAX], const char *word);

#endif
