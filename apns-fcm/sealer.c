#include "apns-fcm/sealer.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/key_agreement.h"
#include "gateway/base/fault_signals.h"
#include "gateway/base/encoding.h"

#define BATCH_MAX        64 /* given back at once, so that the first of a storm is not held up */
#define RECORD_BYTES_MAX PUSH_VOIP_PAYLOAD_BYTES_MAX
#define HANGS_NS         INT64_C(2000000000)

struct sealer {
    pthread_mutex_t lock; /* guards up to and including stopping */
    pthread_cond_t changed;
    struct sealing *first;
    struct sealing *last;
    bool stopping;
    pthread_t thread;
    const struct random_source *random;
    void (*done)(void *context, struct sealing *list);
    void *context;
    _Atomic int64_t began_ns;        /* with the one it is at; 0: none */
    struct key_agreement *agreement; /* the thread's alone */
    bool may_prepare;
};

static enum status seal_one(struct sealer *sealer, struct sealing *sealing)
{
    uint8_t salt[SEAL_SALT_BYTES], record[RECORD_BYTES_MAX];
    struct seal_agreement agreed;
    if (sealing->record_bytes > sizeof record) {
        return STATUS_TOO_LARGE;
    }
    enum status status = key_agreement_take(sealer->agreement, sealing->public_key, &agreed);
    if (status != STATUS_OK) {
        return status;
    }
    random_fill(sealer->random, salt, sizeof salt);
    status = seal(&agreed, sealing->public_key, sealing->auth_secret, salt, sealing->plain,
                  sealing->plain_bytes, record, sealing->record_bytes);
    OPENSSL_cleanse(&agreed, sizeof agreed);
    if (status != STATUS_OK) {
        return status;
    }
    if (sealing->base64) {
        char text[BASE64_TEXT_BYTES(RECORD_BYTES_MAX)];
        base64url_encode(record, sealing->record_bytes, text);
        memcpy(sealing->place, text, strlen(text)); /* its end is not the payload's */
    } else {
        memcpy(sealing->place, record, sealing->record_bytes);
    }
    return STATUS_OK;
}

static bool is_stopping(struct sealer *sealer)
{
    (void)pthread_mutex_lock(&sealer->lock);
    bool stopping = sealer->stopping;
    (void)pthread_mutex_unlock(&sealer->lock);
    return stopping;
}

/* Seals the list and gives it back in batches; its end at once. */
static void seal_list(struct sealer *sealer, struct sealing *list)
{
    struct sealing *batch = list;
    size_t batch_count = 0;
    for (struct sealing *sealing = list; sealing != NULL;) {
        struct sealing *next = sealing->next;
        burden_take(sealing->burden);
        atomic_store(&sealer->began_ns, clock_stopwatch_ns());
        sealing->status = is_stopping(sealer) ? STATUS_STOPPING : seal_one(sealer, sealing);
        atomic_store(&sealer->began_ns, 0);
        burden_drop();
        if (++batch_count == BATCH_MAX || next == NULL) {
            sealing->next = NULL;
            sealer->done(sealer->context, batch);
            batch = next;
            batch_count = 0;
        }
        sealing = next;
    }
}

/* What there is, or, having waited, something; NULL: idle, or stopping. */
static struct sealing *take(struct sealer *sealer, bool *stopping_r)
{
    (void)pthread_mutex_lock(&sealer->lock);
    while (sealer->first == NULL && !sealer->stopping && !sealer->may_prepare) {
        (void)pthread_cond_wait(&sealer->changed, &sealer->lock);
    }
    struct sealing *list = sealer->first;
    *stopping_r = sealer->stopping;
    sealer->first = NULL;
    sealer->last = NULL;
    (void)pthread_mutex_unlock(&sealer->lock);
    return list;
}

static void *run(void *argument)
{
    struct sealer *sealer = argument;
    bool stopping = false;
    while (!stopping) {
        struct sealing *list = take(sealer, &stopping);
        if (list != NULL) {
            seal_list(sealer, list);
            sealer->may_prepare = true;
        } else if (!stopping) {
            sealer->may_prepare = key_agreement_prepare_one(sealer->agreement);
        }
    }
    return NULL;
}

/* Signals are other threads' business. */
static bool start_thread(struct sealer *sealer)
{
    sigset_t all, before;
    fault_signals_fill_others(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&sealer->thread, NULL, run, sealer) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        (void)pthread_setname_np(sealer->thread, "push-seal");
    }
    return started;
}

static void release(struct sealer *sealer)
{
    key_agreement_destroy(&sealer->agreement);
    (void)pthread_cond_destroy(&sealer->changed);
    (void)pthread_mutex_destroy(&sealer->lock);
    free(sealer);
}

enum status sealer_create(const struct random_source *random,
                          void (*done)(void *context, struct sealing *list), void *context,
                          struct sealer **sealer_r, struct error *error)
{
    struct sealer *sealer = calloc(1, sizeof *sealer);
    if (sealer == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the encrypting thread");
    }
    sealer->random = random;
    sealer->done = done;
    sealer->context = context;
    (void)pthread_mutex_init(&sealer->lock, NULL);
    (void)pthread_cond_init(&sealer->changed, NULL);
    if (key_agreement_create(&sealer->agreement) != STATUS_OK || !start_thread(sealer)) {
        release(sealer);
        return error_set(error, STATUS_NO_MEMORY, "the encrypting thread cannot be started");
    }
    *sealer_r = sealer;
    return STATUS_OK;
}

void sealer_destroy(struct sealer **sealer)
{
    if (*sealer == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&(*sealer)->lock);
    (*sealer)->stopping = true;
    (void)pthread_cond_signal(&(*sealer)->changed);
    (void)pthread_mutex_unlock(&(*sealer)->lock);
    (void)pthread_join((*sealer)->thread, NULL);
    release(*sealer);
    *sealer = NULL;
}

bool sealer_hangs(struct sealer *sealer)
{
    int64_t began_ns = atomic_load(&sealer->began_ns);
    return began_ns != 0 && clock_stopwatch_ns() - began_ns > HANGS_NS;
}

void sealer_submit(struct sealer *sealer, struct sealing *list)
{
    struct sealing *last = list;
    while (last->next != NULL) {
        last = last->next;
    }
    (void)pthread_mutex_lock(&sealer->lock);
    *(sealer->last != NULL ? &sealer->last->next : &sealer->first) = list;
    sealer->last = last;
    (void)pthread_cond_signal(&sealer->changed);
    (void)pthread_mutex_unlock(&sealer->lock);
}
