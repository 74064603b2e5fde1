/* sender_private.h - the sender itself, shared by its thread (sender.c), the life of its jobs
 * (delivery.c) and the two providers (apns.c, fcm.c). */
#ifndef APNS_FCM_SENDER_PRIVATE_H
#define APNS_FCM_SENDER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "apns-fcm/channel.h"
#include "apns-fcm/job.h"
#include "apns-fcm/oauth2_token.h"
#include "apns-fcm/settings.h"
#include "apns-fcm/verdict.h"

enum sender_channel { CHANNEL_APNS, CHANNEL_APNS_SANDBOX, CHANNEL_FCM, CHANNEL_OAUTH2 };
#define SENDER_CHANNELS_COUNT 4

struct push_sender {
    /* Any thread. */
    pthread_mutex_t intake_lock; /* guards up to and including settings_next */
    struct job *intake_first;
    struct job *intake_last;
    bool asleep; /* the loop needs the event to wake up */
    bool stopping;
    struct settings *settings_next;
    size_t jobs_max;
    _Atomic size_t jobs_inside;
    _Atomic bool critical_entitled;
    struct counters counters[PUSH_PROVIDERS_COUNT];
    int wake_fd;
    pthread_t thread;

    /* The loop's thread alone. */
    struct loop_source wake_source;
    struct loop loop;
    struct settings *settings;
    struct channel channels[SENDER_CHANNELS_COUNT];
    struct deadline_heap ends;
    struct deadline_heap retries;
    struct provider_token apns_token;
    struct oauth2_token fcm_token;
    bool ailing[PUSH_PROVIDERS_COUNT]; /* the last answer was a failure of the provider's or of
                                          our credentials */
};

/* apns.c, fcm.c: what a provider does in its own way. */
struct provider {
    struct exchange_kind kind;
    void (*judge)(int http_status, const char *body, size_t body_bytes, struct verdict *verdict_r);
    /* After an answer: notes what it says about the provider token. Whether the job should be
     * replayed with another token when the verdict asks for one. */
    bool (*note_token)(struct push_sender *sender, struct job *job, const struct verdict *verdict);
};
extern const struct provider provider_apns;
extern const struct provider provider_fcm;

/* Prepares the token for what waits, once a turn. */
void apns_work(struct push_sender *sender);
bool apns_is_ready(void *context);
bool fcm_is_ready(void *context);

/* delivery.c */
void delivery_take(struct push_sender *sender, struct job *job);
void delivery_end(struct exchange *exchange, enum exchange_end end);
/* Ends what is due, queues what may be retried. */
void delivery_work(struct push_sender *sender);
struct monotonic_time delivery_due(const struct push_sender *sender);
/* Ends every waiting FCM job, as no token will be had for it. */
void delivery_refuse_fcm(struct push_sender *sender, const char *reason);
void delivery_stop(struct push_sender *sender);

#endif
