/* sender_private.h - the sender itself, shared by its thread (sender.c), the life of its jobs
 * (delivery.c), its accounts (account.c and a file for each provider) and what it reports
 * (report.c). */
#ifndef APNS_FCM_SENDER_PRIVATE_H
#define APNS_FCM_SENDER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "apns-fcm/account.h"
#include "apns-fcm/job.h"

struct push_sender {
    /* Any thread. */
    pthread_mutex_t intake_lock; /* guards up to and including settings_next */
    struct job *intake_first;
    struct job *intake_last;
    struct sealing *sealed; /* back from the sealer */
    struct sealing *sealed_last;
    bool asleep; /* the loop needs the event to wake up */
    bool stopping;
    struct monotonic_time pulse_asked;
    struct monotonic_time pulse_answered;
    struct settings *settings_next;
    struct account *accounts[PUSH_ACCOUNTS_MAX]; /* only grows; entries never change */
    _Atomic size_t accounts_count;
    _Atomic bool critical_entitled[PUSH_ACCOUNTS_MAX];
    size_t jobs_max;
    size_t connections_max;
    _Atomic size_t jobs_inside;
    struct counters counters[PUSH_PROVIDERS_COUNT];
    int wake_fd;
    pthread_t thread;
    struct sealer *sealer;
    void (*notice)(void *context, const struct push_notice *notice);
    void *notice_context;

    pthread_mutex_t views_lock; /* guards the three below */
    struct push_connection_view views[PUSH_CONNECTION_VIEWS_MAX];
    size_t views_count; /* may be more than there is room for */
    struct monotonic_time viewed_at;

    /* The loop's thread alone. */
    struct loop_source wake_source;
    struct loop loop;
    struct settings *settings;
    struct deadline_heap ends;
    struct deadline_heap retries;
    struct deadline_heap hedges;
    size_t sealing; /* jobs that the sealer has */
};

/* delivery.c */
void delivery_take(struct push_sender *sender, struct job *job);
/* A job's record is made, or could not be. */
void delivery_take_sealed(struct push_sender *sender, struct sealing *sealing);
void delivery_end(struct exchange *exchange, enum exchange_end end);
/* An exchange is going out: notes when, and arms its hedge. */
void delivery_begin(struct exchange *exchange, struct loop *loop);
/* Ends what is due, queues what may be retried, hedges what waits. */
void delivery_work(struct push_sender *sender);
struct monotonic_time delivery_due(const struct push_sender *sender);
/* Ends every waiting job of the account, as it will not get a token. */
void delivery_refuse_waiting(struct account *account, const char *reason);
/* After a reload: ends or moves what waits where it no longer belongs. */
void delivery_reroute(struct push_sender *sender);
/* Tells the jobs that went into this pool that they will be late; once until it is well again. */
void delivery_tell_delay(struct push_sender *sender, struct pool *pool, const char *reason);
void delivery_stop(struct push_sender *sender);

/* report.c: what others see of the connections; at most every 100 ms unless `now`. */
void report_connections(struct push_sender *sender, bool now);

#endif
