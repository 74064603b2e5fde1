/* The sender's thread and what any thread may ask of it. */
#include <assert.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "apns-fcm/sender_private.h"
#include "gateway/base/log.h"

#define JOBS_MAX_DEFAULT 32768
#define FAILURES_DOWN    2 /* attempts in a row without an answer: the provider is down */

static void on_wake(struct loop_source *source, uint32_t events)
{
    struct push_sender *sender =
        (struct push_sender *)(void *)((char *)source - offsetof(struct push_sender, wake_source));
    (void)events;
    eventfd_t value;
    (void)eventfd_read(sender->wake_fd, &value);
}

static void aim_channels(struct push_sender *sender)
{
    const struct settings *settings = sender->settings;
    const struct settings_endpoint *endpoints[SENDER_CHANNELS_COUNT] = {
        &settings->apns[PUSH_PRODUCTION], &settings->apns[PUSH_SANDBOX], &settings->fcm,
        &settings->account.token_endpoint};
    for (int i = 0; i < SENDER_CHANNELS_COUNT; i++) {
        channel_aim(&sender->channels[i], settings->tls, endpoints[i]->host, endpoints[i]->port);
    }
}

/* Connections keep their SSL_CTX alive by themselves; all else of the old settings is read only
 * when a request begins. */
static void use_settings(struct push_sender *sender, struct settings *settings)
{
    struct settings *old = sender->settings;
    bool same_account = old != NULL && settings_same_account(old, settings);
    if (old == NULL || !settings_same_apns_key(old, settings)) {
        provider_token_init(&sender->apns_token);
    }
    sender->settings = settings;
    oauth2_token_aim(&sender->fcm_token, settings, same_account);
    aim_channels(sender);
    settings_destroy(&old);
    log_info("push.settings_in_use", LOG_INT("apns", settings->apns_configured),
             LOG_INT("fcm", settings->fcm_configured));
}

enum intake { INTAKE_NOTHING, INTAKE_SOMETHING, INTAKE_STOP };

/* Takes everything that was handed in. With may_sleep, when there is nothing, whoever hands in
 * something from now on wakes the loop. */
static enum intake take_intake(struct push_sender *sender, bool may_sleep)
{
    (void)pthread_mutex_lock(&sender->intake_lock);
    struct job *job = sender->intake_first;
    struct settings *settings = sender->settings_next;
    enum intake intake = sender->stopping                  ? INTAKE_STOP
                         : job != NULL || settings != NULL ? INTAKE_SOMETHING
                                                           : INTAKE_NOTHING;
    sender->intake_first = NULL;
    sender->intake_last = NULL;
    sender->settings_next = NULL;
    sender->asleep = may_sleep && intake == INTAKE_NOTHING;
    (void)pthread_mutex_unlock(&sender->intake_lock);
    if (settings != NULL) {
        use_settings(sender, settings);
    }
    while (job != NULL) {
        struct job *next = job->intake_next;
        delivery_take(sender, job);
        job = next;
    }
    return intake;
}

static enum push_health health_of(const struct channel *channel)
{
    if (channel->failures >= FAILURES_DOWN) {
        return PUSH_HEALTH_DOWN;
    }
    if (channel->failures > 0) {
        return PUSH_HEALTH_DEGRADED;
    }
    return channel_is_connected(channel) ? PUSH_HEALTH_UP : PUSH_HEALTH_UNUSED;
}

static enum push_health worse(enum push_health a, enum push_health b)
{
    return a > b ? a : b;
}

static void set_health(struct push_sender *sender, enum push_provider provider,
                       enum push_health health)
{
    struct counters *counters = &sender->counters[provider];
    if (sender->ailing[provider]) {
        health = worse(health, PUSH_HEALTH_DEGRADED);
    }
    if (health == PUSH_HEALTH_UNUSED &&
        atomic_load_explicit(&counters->health, memory_order_relaxed) != PUSH_HEALTH_UNUSED) {
        health = PUSH_HEALTH_UP; /* was in use, and nothing has failed since */
    }
    counters_set_health(counters, health, sender->loop.wall);
}

static void update_health(struct push_sender *sender)
{
    const struct oauth2_token *token = &sender->fcm_token;
    enum push_health fcm = health_of(&sender->channels[CHANNEL_FCM]);
    if (token->failures > 0) {
        bool dry = !oauth2_token_is_usable(token, sender->loop.now);
        fcm = worse(fcm, dry && token->failures >= FAILURES_DOWN ? PUSH_HEALTH_DOWN
                                                                 : PUSH_HEALTH_DEGRADED);
    } else if (!oauth2_token_is_usable(token, sender->loop.now)) {
        fcm = worse(fcm, health_of(&sender->channels[CHANNEL_OAUTH2]));
    }
    set_health(sender, PUSH_FCM, fcm);
    set_health(sender, PUSH_APNS,
               worse(health_of(&sender->channels[CHANNEL_APNS]),
                     health_of(&sender->channels[CHANNEL_APNS_SANDBOX])));
}

static bool fcm_waits(const struct push_sender *sender)
{
    return sender->channels[CHANNEL_FCM].queued > 0;
}

/* One turn without sleeping. */
static void work(struct push_sender *sender)
{
    delivery_work(sender);
    apns_work(sender);
    oauth2_token_work(&sender->fcm_token, fcm_waits(sender));
    if (sender->fcm_token.refusal[0] != '\0' && sender->fcm_token.failures >= FAILURES_DOWN &&
        !fcm_is_ready(sender)) {
        delivery_refuse_fcm(sender, sender->fcm_token.refusal);
    }
    for (int i = 0; i < SENDER_CHANNELS_COUNT; i++) {
        channel_work(&sender->channels[i]);
    }
    update_health(sender);
}

static struct monotonic_time next_due(const struct push_sender *sender)
{
    struct monotonic_time due = delivery_due(sender);
    due = monotonic_earlier(due, oauth2_token_due(&sender->fcm_token, fcm_waits(sender)));
    for (int i = 0; i < SENDER_CHANNELS_COUNT; i++) {
        due = monotonic_earlier(due, channel_due(&sender->channels[i]));
    }
    return due;
}

static void *run(void *argument)
{
    struct push_sender *sender = argument;
    struct monotonic_time until = {0};
    enum intake intake = INTAKE_NOTHING;
    while (intake != INTAKE_STOP) {
        loop_turn(&sender->loop, until);
        intake = take_intake(sender, false);
        if (intake != INTAKE_STOP) {
            work(sender);
            intake = take_intake(sender, true);
            until = intake == INTAKE_NOTHING ? next_due(sender) : (struct monotonic_time){0};
        }
    }
    delivery_stop(sender);
    oauth2_token_stop(&sender->fcm_token);
    for (int i = 0; i < SENDER_CHANNELS_COUNT; i++) {
        channel_fini(&sender->channels[i]);
    }
    return NULL;
}

static void init_channels(struct push_sender *sender)
{
    static const char *const names[] = {"apns", "apns-sandbox", "fcm", "oauth2"};
    for (int i = 0; i < SENDER_CHANNELS_COUNT; i++) {
        struct counters *counters = i == CHANNEL_OAUTH2 ? NULL
                                    : i == CHANNEL_FCM  ? &sender->counters[PUSH_FCM]
                                                        : &sender->counters[PUSH_APNS];
        channel_init(&sender->channels[i], names[i], &sender->loop, counters);
        sender->channels[i].ready_context = sender;
    }
    for (int i = CHANNEL_APNS; i <= CHANNEL_APNS_SANDBOX; i++) {
        sender->channels[i].one_stream_until_proven = true;
        sender->channels[i].ready = apns_is_ready;
    }
    sender->channels[CHANNEL_FCM].ready = fcm_is_ready;
    sender->channels[CHANNEL_OAUTH2].clock_skew_ms = &sender->counters[PUSH_FCM].clock_skew_ms;
    oauth2_token_init(&sender->fcm_token, &sender->channels[CHANNEL_OAUTH2],
                      &sender->counters[PUSH_FCM]);
    provider_token_init(&sender->apns_token);
}

/* What the thread needs; on failure destroy_parts() takes back what was made. */
static enum status init_parts(struct push_sender *sender,
                              const struct push_configuration *configuration, struct error *error)
{
    enum status status = loop_init(
        &sender->loop, configuration->clock != NULL ? configuration->clock : &clock_system,
        configuration->random != NULL ? configuration->random : &random_system, error);
    if (status != STATUS_OK) {
        return status;
    }
    sender->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sender->wake_source.ready = on_wake;
    if (sender->wake_fd < 0 ||
        loop_add(&sender->loop, sender->wake_fd, &sender->wake_source, EPOLLIN) != STATUS_OK) {
        return error_set(error, STATUS_IO, "the event that wakes the push thread cannot be made");
    }
    if (deadline_heap_init(&sender->ends, sender->jobs_max) != STATUS_OK ||
        deadline_heap_init(&sender->retries, sender->jobs_max) != STATUS_OK) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu push jobs", sender->jobs_max);
    }
    for (int i = 0; i < PUSH_PROVIDERS_COUNT; i++) {
        counters_init(&sender->counters[i]);
    }
    init_channels(sender);
    return STATUS_OK;
}

static void destroy_parts(struct push_sender *sender)
{
    settings_destroy(&sender->settings);
    settings_destroy(&sender->settings_next);
    deadline_heap_fini(&sender->ends);
    deadline_heap_fini(&sender->retries);
    if (sender->wake_fd >= 0) {
        (void)close(sender->wake_fd);
    }
    if (sender->loop.epoll_fd >= 0) {
        loop_fini(&sender->loop);
    }
    (void)pthread_mutex_destroy(&sender->intake_lock);
    free(sender);
}

/* No signal is ever handled in the sender's thread, and a write to a closed socket answers EPIPE
 * there instead of raising SIGPIPE. */
static bool start_thread(struct push_sender *sender)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&sender->thread, NULL, run, sender) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        (void)pthread_setname_np(sender->thread, "push");
    }
    return started;
}

enum status push_sender_create(const struct push_configuration *configuration,
                               struct push_sender **sender_r, struct error *error)
{
    struct push_sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the push sender");
    }
    sender->wake_fd = -1;
    sender->loop.epoll_fd = -1;
    sender->jobs_max = configuration->jobs_max > 0 ? configuration->jobs_max : JOBS_MAX_DEFAULT;
    (void)pthread_mutex_init(&sender->intake_lock, NULL);
    struct settings *settings = NULL;
    enum status status = init_parts(sender, configuration, error);
    if (status == STATUS_OK) {
        status = settings_create(configuration, &settings, error);
    }
    if (status == STATUS_OK) {
        atomic_store(&sender->critical_entitled, settings->apns_critical_entitled);
        use_settings(sender, settings);
        if (!start_thread(sender)) {
            status = error_set(error, STATUS_NO_MEMORY, "the push thread cannot be started");
        }
    }
    if (status != STATUS_OK) {
        destroy_parts(sender);
        return status;
    }
    *sender_r = sender;
    return STATUS_OK;
}

/* Unlocks and wakes the loop if it sleeps. */
static void unlock_and_wake(struct push_sender *sender)
{
    bool wake = sender->asleep;
    sender->asleep = false;
    (void)pthread_mutex_unlock(&sender->intake_lock);
    if (wake) {
        (void)eventfd_write(sender->wake_fd, 1);
    }
}

void push_sender_destroy(struct push_sender **sender)
{
    if (*sender == NULL) {
        return;
    }
    assert(pthread_equal(pthread_self(), (*sender)->thread) == 0);
    (void)pthread_mutex_lock(&(*sender)->intake_lock);
    (*sender)->stopping = true;
    unlock_and_wake(*sender);
    (void)pthread_join((*sender)->thread, NULL);
    destroy_parts(*sender);
    *sender = NULL;
}

/* Takes one of jobs_max places; false when there is none. */
static bool take_place(struct push_sender *sender)
{
    size_t before = atomic_fetch_add_explicit(&sender->jobs_inside, 1, memory_order_relaxed);
    if (before < sender->jobs_max) {
        return true;
    }
    atomic_fetch_sub_explicit(&sender->jobs_inside, 1, memory_order_relaxed);
    return false;
}

static enum status prepare(struct push_sender *sender, const struct push_job *from,
                           struct job **job_r, struct error *error)
{
    if (!take_place(sender)) {
        return error_set(error, STATUS_FULL, "the push sender holds %zu jobs", sender->jobs_max);
    }
    enum status status = job_create(
        from, atomic_load_explicit(&sender->critical_entitled, memory_order_relaxed), job_r, error);
    if (status != STATUS_OK) {
        atomic_fetch_sub_explicit(&sender->jobs_inside, 1, memory_order_relaxed);
        return status;
    }
    (*job_r)->sender = sender;
    return STATUS_OK;
}

/* Gives prepared jobs to the thread, or frees them when it is stopping. */
static enum status hand_in(struct push_sender *sender, struct job *first, struct job *last,
                           struct error *error)
{
    (void)pthread_mutex_lock(&sender->intake_lock);
    if (!sender->stopping) {
        *(sender->intake_last != NULL ? &sender->intake_last->intake_next : &sender->intake_first) =
            first;
        sender->intake_last = last;
        for (struct job *job = first; job != NULL; job = job->intake_next) {
            struct counters *counters = &sender->counters[job->provider];
            atomic_fetch_add_explicit(&counters->jobs_submitted, 1, memory_order_relaxed);
            atomic_fetch_add_explicit(&counters->jobs_inside, 1, memory_order_relaxed);
        }
        unlock_and_wake(sender);
        return STATUS_OK;
    }
    (void)pthread_mutex_unlock(&sender->intake_lock);
    while (first != NULL) {
        struct job *next = first->intake_next;
        atomic_fetch_sub_explicit(&sender->jobs_inside, 1, memory_order_relaxed);
        free(first);
        first = next;
    }
    return error_set(error, STATUS_FULL, "the push sender is stopping");
}

enum status push_submit(struct push_sender *sender, const struct push_job *job, struct error *error)
{
    struct job *taken = NULL;
    enum status status = prepare(sender, job, &taken, error);
    return status == STATUS_OK ? hand_in(sender, taken, taken, error) : status;
}

size_t push_submit_many(struct push_sender *sender, const struct push_job *jobs, size_t jobs_count,
                        enum status *status_r, struct error *error)
{
    struct job *first = NULL;
    struct job *last = NULL;
    size_t taken = 0;
    enum status status = STATUS_OK;
    while (taken < jobs_count) {
        struct job *job = NULL;
        status = prepare(sender, &jobs[taken], &job, error);
        if (status != STATUS_OK) {
            break;
        }
        *(last != NULL ? &last->intake_next : &first) = job;
        last = job;
        taken++;
    }
    if (first != NULL) {
        enum status handed = hand_in(sender, first, last, error);
        if (handed != STATUS_OK) {
            status = handed;
            taken = 0;
        }
    }
    *status_r = status;
    return taken;
}

enum status push_sender_reload(struct push_sender *sender,
                               const struct push_configuration *configuration, struct error *error)
{
    struct settings *settings = NULL;
    enum status status = settings_create(configuration, &settings, error);
    if (status != STATUS_OK) {
        return status;
    }
    atomic_store(&sender->critical_entitled, settings->apns_critical_entitled);
    (void)pthread_mutex_lock(&sender->intake_lock);
    struct settings *overtaken = sender->settings_next;
    sender->settings_next = settings;
    unlock_and_wake(sender);
    settings_destroy(&overtaken);
    return STATUS_OK;
}

void push_sender_statistics(struct push_sender *sender, enum push_provider provider,
                            struct push_statistics *statistics_r)
{
    counters_read(&sender->counters[provider], statistics_r);
}
