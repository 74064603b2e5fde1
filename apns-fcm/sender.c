/* sender.c - the sender's thread, and what any thread may ask of it. */
#include <assert.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "apns-fcm/sender_private.h"
#include "gateway/base/fault_signals.h"
#include "gateway/base/json_reader.h"
#include "gateway/base/log.h"

#define JOBS_MAX_DEFAULT        32768
#define CONNECTIONS_MAX_DEFAULT 4

/* The sender whose thread this is; NULL in all other threads. */
static _Thread_local struct push_sender *running;

static void on_wake(struct loop_source *source, uint32_t events)
{
    struct push_sender *sender =
        (struct push_sender *)(void *)((char *)source - offsetof(struct push_sender, wake_source));
    (void)events;
    eventfd_t value;
    (void)eventfd_read(sender->wake_fd, &value);
}

/* Connections keep their SSL_CTX alive by themselves; all else of the old settings is read only
 * when a request begins. */
static void use_settings(struct push_sender *sender, struct settings *settings)
{
    struct settings *old = sender->settings;
    sender->settings = settings;
    for (size_t i = 0; i < sender->accounts_count; i++) {
        struct account *account = sender->accounts[i];
        account_aim(account, settings_find(settings, account->provider, account->name));
    }
    delivery_reroute(sender);
    settings_destroy(&old);
    log_info("push.settings_in_use", LOG_INT("accounts", (int64_t)settings->accounts_count));
}

enum intake { INTAKE_NOTHING, INTAKE_SOMETHING, INTAKE_STOP };

/* Takes everything that was handed in. With may_sleep, when there is nothing, whoever hands in
 * something from now on wakes the loop. */
static enum intake take_intake(struct push_sender *sender, bool may_sleep)
{
    (void)pthread_mutex_lock(&sender->intake_lock);
    struct job *job = sender->intake_first;
    struct settings *settings = sender->settings_next;
    struct sealing *sealed = sender->sealed;
    enum intake intake = sender->stopping                                    ? INTAKE_STOP
                         : job != NULL || settings != NULL || sealed != NULL ? INTAKE_SOMETHING
                                                                             : INTAKE_NOTHING;
    sender->intake_first = NULL;
    sender->intake_last = NULL;
    sender->settings_next = NULL;
    sender->sealed = NULL;
    sender->sealed_last = NULL;
    sender->asleep = may_sleep && intake == INTAKE_NOTHING;
    if (!sealer_hangs(sender->sealer)) { /* which is as good as this thread's own hang */
        sender->pulse_answered = sender->pulse_asked;
    }
    (void)pthread_mutex_unlock(&sender->intake_lock);
    if (settings != NULL) {
        use_settings(sender, settings);
    }
    while (sealed != NULL) {
        struct sealing *next = sealed->next;
        burden_take(sealed->burden);
        delivery_take_sealed(sender, sealed);
        sealed = next;
    }
    while (job != NULL) {
        struct job *next = job->intake_next;
        burden_take(&job->burden);
        delivery_take(sender, job);
        job = next;
    }
    burden_drop();
    return intake;
}

/* The worst of a provider's accounts. */
static void update_health(struct push_sender *sender)
{
    enum push_health worst[PUSH_PROVIDERS_COUNT] = {0};
    for (size_t i = 0; i < sender->accounts_count; i++) {
        struct account *account = sender->accounts[i];
        account_update_health(account);
        if (account->health > worst[account->provider]) {
            worst[account->provider] = account->health;
        }
    }
    for (int i = 0; i < PUSH_PROVIDERS_COUNT; i++) {
        counters_set_health(&sender->counters[i], worst[i], sender->loop.wall);
    }
}

/* One turn without sleeping. */
static void work(struct push_sender *sender)
{
    delivery_work(sender);
    for (size_t i = 0; i < sender->accounts_count; i++) {
        account_work(sender->accounts[i]);
    }
    update_health(sender);
}

static struct monotonic_time next_due(struct push_sender *sender)
{
    struct monotonic_time due = delivery_due(sender);
    for (size_t i = 0; i < sender->accounts_count; i++) {
        due = monotonic_earlier(due, account_due(sender->accounts[i]));
    }
    return due;
}

/* The sealer gives everything back before it goes. */
static void stop(struct push_sender *sender)
{
    delivery_stop(sender);
    sealer_destroy(&sender->sealer);
    struct sealing *sealed = sender->sealed;
    sender->sealed = NULL;
    while (sealed != NULL) {
        struct sealing *next = sealed->next;
        delivery_take_sealed(sender, sealed);
        sealed = next;
    }
    for (size_t i = 0; i < sender->accounts_count; i++) {
        account_aim(sender->accounts[i], NULL);
        account_close(sender->accounts[i]);
    }
}

static void *run(void *argument)
{
    struct push_sender *sender = argument;
    struct monotonic_time until = {0};
    running = sender;
    enum intake intake = INTAKE_NOTHING;
    while (intake != INTAKE_STOP) {
        loop_turn(&sender->loop, until);
        intake = take_intake(sender, false);
        if (intake != INTAKE_STOP) {
            work(sender);
            intake = take_intake(sender, true);
            until = intake == INTAKE_NOTHING ? next_due(sender) : (struct monotonic_time){0};
            report_connections(sender, until.ms > sender->loop.now.ms);
        }
    }
    stop(sender);
    return NULL;
}

/* Unlocks and wakes the loop if it sleeps. From inside a `complete` there is nothing to wake: the
 * intake is taken before the loop's next turn. */
static void unlock_and_wake(struct push_sender *sender)
{
    bool wake = sender->asleep && running != sender;
    sender->asleep = false;
    (void)pthread_mutex_unlock(&sender->intake_lock);
    if (wake) {
        (void)eventfd_write(sender->wake_fd, 1);
    }
}

/* The place of the account of that name (NULL: the provider's first), or PUSH_ACCOUNTS_MAX. */
static size_t find_account(struct push_sender *sender, enum push_provider provider,
                           const char *name)
{
    size_t count = atomic_load_explicit(&sender->accounts_count, memory_order_acquire);
    for (size_t i = 0; i < count; i++) {
        const struct account *account = sender->accounts[i];
        if (account->provider == provider && (name == NULL || strcmp(account->name, name) == 0)) {
            return i;
        }
    }
    return PUSH_ACCOUNTS_MAX;
}

/* Called in the sealer's thread. */
static void on_sealed(void *context, struct sealing *list)
{
    struct push_sender *sender = context;
    struct sealing *last = list;
    while (last->next != NULL) {
        last = last->next;
    }
    (void)pthread_mutex_lock(&sender->intake_lock);
    *(sender->sealed_last != NULL ? &sender->sealed_last->next : &sender->sealed) = list;
    sender->sealed_last = last;
    unlock_and_wake(sender);
}

/* Makes an account for each new name; those there stay. Entries are never taken back, so that a job
 * may point to one. */
static enum status add_accounts(struct push_sender *sender, const struct settings *settings,
                                struct error *error)
{
    for (size_t i = 0; i < settings->accounts_count; i++) {
        const struct account_settings *named = &settings->accounts[i];
        if (find_account(sender, named->provider, named->name) < PUSH_ACCOUNTS_MAX) {
            continue;
        }
        size_t count = sender->accounts_count;
        if (count == PUSH_ACCOUNTS_MAX) {
            return error_set(error, STATUS_CONFIGURATION, "more than %d accounts since the start",
                             PUSH_ACCOUNTS_MAX);
        }
        if (account_create(sender, named->provider, named->name, &sender->accounts[count]) !=
            STATUS_OK) {
            return error_set(error, STATUS_NO_MEMORY, "no memory for an account");
        }
        atomic_store_explicit(&sender->accounts_count, count + 1, memory_order_release);
    }
    return STATUS_OK;
}

/* What rendering needs to know of an account, in any thread. */
static void publish_entitlements(struct push_sender *sender, const struct settings *settings)
{
    for (size_t i = 0; i < sender->accounts_count; i++) {
        const struct account *account = sender->accounts[i];
        const struct account_settings *named =
            settings_find(settings, account->provider, account->name);
        atomic_store(&sender->critical_entitled[i], named != NULL &&
                                                        account->provider == PUSH_APNS &&
                                                        named->apns.critical_entitled);
    }
}

/* What the threads need; on failure destroy_parts() takes back what was made. */
static enum status init_parts(struct push_sender *sender,
                              const struct push_configuration *configuration, struct error *error)
{
    const struct random_source *random =
        configuration->random != NULL ? configuration->random : &random_system;
    enum status status = loop_init(
        &sender->loop, configuration->clock != NULL ? configuration->clock : &clock_system, random,
        error);
    if (status != STATUS_OK) {
        return status;
    }
    sender->pulse_asked = sender->loop.now;
    sender->pulse_answered = sender->loop.now;
    sender->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sender->wake_source.ready = on_wake;
    if (sender->wake_fd < 0 ||
        loop_add(&sender->loop, sender->wake_fd, &sender->wake_source, EPOLLIN) != STATUS_OK) {
        return error_set(error, STATUS_IO, "the event that wakes the push thread cannot be made");
    }
    if (deadline_heap_init(&sender->ends, sender->jobs_max) != STATUS_OK ||
        deadline_heap_init(&sender->retries, sender->jobs_max) != STATUS_OK ||
        deadline_heap_init(&sender->hedges, sender->jobs_max) != STATUS_OK) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu push jobs", sender->jobs_max);
    }
    for (int i = 0; i < PUSH_PROVIDERS_COUNT; i++) {
        counters_init(&sender->counters[i]);
    }
    return sealer_create(random, on_sealed, sender, &sender->sealer, error);
}

static void destroy_parts(struct push_sender *sender)
{
    sealer_destroy(&sender->sealer);
    for (size_t i = 0; i < sender->accounts_count; i++) {
        account_destroy(&sender->accounts[i]);
    }
    settings_destroy(&sender->settings);
    settings_destroy(&sender->settings_next);
    deadline_heap_fini(&sender->ends);
    deadline_heap_fini(&sender->retries);
    deadline_heap_fini(&sender->hedges);
    if (sender->wake_fd >= 0) {
        (void)close(sender->wake_fd);
    }
    if (sender->loop.epoll_fd >= 0) {
        loop_fini(&sender->loop);
    }
    (void)pthread_mutex_destroy(&sender->views_lock);
    (void)pthread_mutex_destroy(&sender->intake_lock);
    free(sender);
}

/* No signal is ever handled in the sender's thread, and a write to a closed socket answers EPIPE
 * there instead of raising SIGPIPE. */
static bool start_thread(struct push_sender *sender)
{
    sigset_t all;
    sigset_t before;
    fault_signals_fill_others(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&sender->thread, NULL, run, sender) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        (void)pthread_setname_np(sender->thread, "push");
    }
    return started;
}

static enum status create_from(struct push_sender *sender,
                               const struct push_configuration *configuration, struct error *error)
{
    struct settings *settings = NULL;
    enum status status = init_parts(sender, configuration, error);
    if (status == STATUS_OK) {
        status = settings_create(configuration, &settings, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = add_accounts(sender, settings, error);
    if (status != STATUS_OK) {
        settings_destroy(&settings);
        return status;
    }
    publish_entitlements(sender, settings);
    use_settings(sender, settings);
    if (start_thread(sender)) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < sender->accounts_count; i++) {
        account_close(sender->accounts[i]);
    }
    return error_set(error, STATUS_NO_MEMORY, "the push thread cannot be started");
}

static size_t or_default(size_t given, size_t otherwise)
{
    return given > 0 ? given : otherwise;
}

enum status push_sender_create(const struct push_configuration *configuration,
                               struct push_sender **sender_r, struct error *error)
{
    json_watch_memory();
    struct push_sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the push sender");
    }
    sender->wake_fd = -1;
    sender->loop.epoll_fd = -1;
    sender->jobs_max = or_default(configuration->jobs_max, JOBS_MAX_DEFAULT);
    sender->connections_max = or_default(configuration->connections_max, CONNECTIONS_MAX_DEFAULT);
    sender->notice = configuration->notice;
    sender->notice_context = configuration->notice_context;
    (void)pthread_mutex_init(&sender->intake_lock, NULL);
    (void)pthread_mutex_init(&sender->views_lock, NULL);
    enum status status = configuration->connections_max > POOL_CONNECTIONS_MAX
                             ? error_set(error, STATUS_CONFIGURATION,
                                         "connections_max: must be 1 to %d", POOL_CONNECTIONS_MAX)
                             : create_from(sender, configuration, error);
    if (status != STATUS_OK) {
        destroy_parts(sender);
        return status;
    }
    *sender_r = sender;
    return STATUS_OK;
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
    size_t place = find_account(sender, from->provider, from->account);
    bool known = place < PUSH_ACCOUNTS_MAX;
    bool entitled =
        known && atomic_load_explicit(&sender->critical_entitled[place], memory_order_relaxed);
    enum status status = job_create(from, entitled, job_r, error);
    if (status != STATUS_OK) {
        atomic_fetch_sub_explicit(&sender->jobs_inside, 1, memory_order_relaxed);
        return status;
    }
    if (from->notification.expires_at.ms != TIME_NEVER_MS) {
        int64_t left_ms = from->notification.expires_at.ms - clock_wall(sender->loop.clock).ms;
        (*job_r)->lives_until.ms = clock_monotonic(sender->loop.clock).ms + left_ms;
    }
    (*job_r)->sender = sender;
    (*job_r)->account = known ? sender->accounts[place] : NULL;
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
    (void)pthread_mutex_lock(&sender->intake_lock);
    status = add_accounts(sender, settings, error);
    if (status != STATUS_OK) {
        (void)pthread_mutex_unlock(&sender->intake_lock);
        settings_destroy(&settings);
        return status;
    }
    publish_entitlements(sender, settings);
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

struct monotonic_time push_sender_pulse(struct push_sender *sender)
{
    struct monotonic_time now = clock_monotonic(sender->loop.clock);
    (void)pthread_mutex_lock(&sender->intake_lock);
    struct monotonic_time answered = sender->pulse_answered;
    sender->pulse_asked = now;
    unlock_and_wake(sender);
    return answered;
}
