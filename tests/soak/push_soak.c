/* push_soak.c - a sender under load for hours, and the books on what became of each job.
 *
 *     push_soak --ca FILE --apns-key FILE --apns-port P --service-account FILE --fcm-port P
 *               --connections N --seed S --tolerance-ms MS
 *
 * tests/soak/push starts it, tells it what to do on standard input, a line each, and plays the
 * provider's faults meanwhile. Each line is answered with one of "key=value …":
 *
 *     target PROVIDER TARGET P256DH AUTH   a device to send to, "-" for keys it does not have
 *     flow IN_FLIGHT RATE COUNT PROVIDERS DEADLINE_MIN_MS   submits from now on: at most RATE a
 *                          second, COUNT in all (0: without end), PROVIDERS a mask of bits
 *     drain                ends an endless flow, waits for the end of the other kind, and until no
 *                          job is inside
 *     reload               push_sender_reload() with the same configuration
 *     report               only the books
 *
 * A promise that was broken is a line on standard error and counted as `violations`. How late a
 * job ended is told apart from how late this machine ran its threads: a witness, a thread that
 * does nothing but sleep, measures the latter.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "apns-fcm/push.h"
#include "gateway/base/encoding.h"
#include "gateway/base/options.h"

#define SLOTS_COUNT      65536 /* far more than are inside: a slot rests before it is used again */
#define TARGETS_MAX      64
#define FILE_BYTES_MAX   65536
#define LINE_BYTES_MAX   8192
#define BODY_BYTES_MAX   6000
#define DEADLINE_MS_MAX  10000
#define DRAIN_MS_MAX     (DEADLINE_MS_MAX + 5000)
#define TICK_NS          5000000
#define WITNESS_TURN_MS  10
#define WITNESS_TURNS    200 /* remembered: two seconds */
#define VIOLATIONS_SHOWN 50
#define RATE_PER_MS_MAX  1000.0 /* what "no rate" stands for */

struct soak;

struct slot {
    struct soak *soak;
    bool inside;
    enum push_provider provider;
    struct uuid id;
    int64_t deadline_ms;
};

struct target {
    char address[512];
    bool has_keys;
    uint8_t public_key[PUSH_PUBLIC_KEY_BYTES];
    uint8_t auth_secret[PUSH_AUTH_SECRET_BYTES];
};

struct flow {
    size_t in_flight;
    double rate_per_ms;
    double allowance; /* jobs that may be submitted now */
    bool endless;
    uint64_t remaining;
    unsigned providers;
    int64_t deadline_min_ms;
};

struct soak {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct push_sender *sender;
    struct push_configuration configuration;
    struct slot *slots;
    uint32_t *resting; /* a ring of free slots, the longest free first */
    size_t resting_first;
    size_t inside;
    struct flow flow;
    bool stopping;
    uint64_t random_state;
    struct target targets[PUSH_PROVIDERS_COUNT][TARGETS_MAX];
    size_t targets_count[PUSH_PROVIDERS_COUNT];
    uint64_t submitted[PUSH_PROVIDERS_COUNT];
    uint64_t outcomes[PUSH_PROVIDERS_COUNT][PUSH_OUTCOMES_COUNT];
    uint64_t delayed, violations, notices;
    uint64_t unnamed;    /* accepted by an answer that gave no id: a 200 that could not be read */
    int64_t late_ms_max; /* the witness's stall taken off */
    int64_t tolerance_ms;
    char last_reason[PUSH_REASON_BYTES_MAX]; /* of the last job that was not accepted */
    _Atomic int64_t stall_ms;                /* the worst of the last two seconds */
};

static int64_t now_ms(void)
{
    return clock_monotonic(&clock_system).ms;
}

/* xorshift64*: the same seed makes the same jobs. */
static uint64_t draw(struct soak *soak, uint64_t limit)
{
    uint64_t x = soak->random_state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    soak->random_state = x;
    return (x * UINT64_C(0x2545F4914F6CDD1D) >> 16) % limit;
}

/* ---- what a job may not do ---- */

static void violate(struct soak *soak, const struct slot *slot, const char *what,
                    const struct push_result *result)
{
    if (soak->violations++ >= VIOLATIONS_SHOWN) {
        return;
    }
    char id[UUID_TEXT_BYTES];
    uuid_format(slot->id, id);
    (void)fprintf(stderr,
                  "VIOLATION %s: %s %s, %" PRId64 " ms after its deadline, stall %" PRId64 " ms",
                  what, push_provider_text(slot->provider), id, now_ms() - slot->deadline_ms,
                  atomic_load(&soak->stall_ms));
    if (result != NULL) {
        (void)fprintf(stderr, "; %s, %d %s, %u tries%s", push_outcome_text(result->outcome),
                      result->http_status, result->reason, result->tries,
                      result->hedged ? ", hedged" : "");
    }
    (void)fputc('\n', stderr);
}

/* What push.h says of each outcome. */
static bool is_consistent(enum push_provider provider, const struct push_result *result)
{
    bool written = result->first_written_at.ms != TIME_NEVER_MS;
    if (written != (result->tries > 0)) {
        return false;
    }
    switch (result->outcome) {
    case PUSH_ACCEPTED:
        /* FCM's id stands in the body, which may be unreadable: counted, see on_complete(). */
        return written && (result->provider_id[0] != '\0' || provider == PUSH_FCM) &&
               result->http_status / 100 == 2;
    case PUSH_REFUSED:
        return result->reason[0] != '\0';
    case PUSH_RETRY_EXHAUSTED:
        return written && result->http_status != 0;
    case PUSH_EXPIRED:
        return result->http_status == 0;
    case PUSH_UNCERTAIN:
        return written;
    }
    return false;
}

static void on_complete(void *context, const struct push_result *result)
{
    struct slot *slot = context;
    struct soak *soak = slot->soak;
    (void)pthread_mutex_lock(&soak->lock);
    int64_t late_ms = now_ms() - slot->deadline_ms - atomic_load(&soak->stall_ms);
    soak->late_ms_max = late_ms > soak->late_ms_max ? late_ms : soak->late_ms_max;
    if (!slot->inside) {
        violate(soak, slot, "ended twice", result);
    } else {
        slot->inside = false;
        size_t last = (soak->resting_first + SLOTS_COUNT - soak->inside) % SLOTS_COUNT;
        soak->resting[last] = (uint32_t)(slot - soak->slots);
        soak->inside--;
        soak->outcomes[slot->provider][result->outcome]++;
    }
    if (late_ms > soak->tolerance_ms) {
        violate(soak, slot, "late", result);
    }
    if (!is_consistent(slot->provider, result)) {
        violate(soak, slot, "inconsistent", result);
    }
    if (result->outcome == PUSH_ACCEPTED && result->provider_id[0] == '\0') {
        soak->unnamed++;
    }
    if (result->outcome != PUSH_ACCEPTED) {
        (void)snprintf(soak->last_reason, sizeof soak->last_reason, "%s", result->reason);
    }
    (void)pthread_cond_broadcast(&soak->changed);
    (void)pthread_mutex_unlock(&soak->lock);
}

static void on_delayed(void *context, const char *reason)
{
    struct slot *slot = context;
    (void)reason;
    (void)pthread_mutex_lock(&slot->soak->lock);
    slot->soak->delayed++;
    if (!slot->inside) {
        violate(slot->soak, slot, "delayed after its end", NULL);
    }
    (void)pthread_mutex_unlock(&slot->soak->lock);
}

static void on_notice(void *context, const struct push_notice *notice)
{
    struct soak *soak = context;
    (void)notice;
    (void)pthread_mutex_lock(&soak->lock);
    soak->notices++;
    (void)pthread_mutex_unlock(&soak->lock);
}

/* ---- jobs ---- */

/* A body of any length up to beyond every provider's limit: long ones are rare. */
static const char *draw_body(struct soak *soak)
{
    static char body[BODY_BYTES_MAX + 1];
    size_t bytes = draw(soak, draw(soak, 20) == 0 ? BODY_BYTES_MAX : 300);
    memset(body, 'x', bytes);
    body[bytes] = '\0';
    return bytes == 0 ? NULL : body;
}

static struct push_notification draw_notification(struct soak *soak, const struct target *target,
                                                  struct push_secret *secret)
{
    struct push_notification notification = {
        .style = draw(soak, 8) == 0 ? PUSH_BACKGROUND : PUSH_ALERT,
        .urgency = (enum push_urgency)draw(soak, 4),
        .title = "Astreinte",
        .category = "ESCALATION",
        .channel = "escalations",
        .collapse_id = draw(soak, 2) == 0 ? "escalation-1" : NULL,
        .expires_at = {clock_wall(&clock_system).ms + 60000},
        .data_json = "{\"escalation\":\"e1\",\"kind\":\"escalation\"}"};
    const char *body = draw_body(soak);
    if (target->has_keys && draw(soak, 4) > 0) {
        *secret = (struct push_secret){
            .title = "Centrale de chauffage", .body = body, .data_json = "{\"ticket\":\"t1\"}"};
        memcpy(secret->public_key, target->public_key, sizeof secret->public_key);
        memcpy(secret->auth_secret, target->auth_secret, sizeof secret->auth_secret);
        notification.secret = secret;
        notification.body = "Nouvelle alerte";
    } else {
        notification.body = body;
    }
    return notification;
}

/* One of the providers in the mask that have targets. */
static enum push_provider draw_provider(struct soak *soak)
{
    for (;;) {
        unsigned provider = (unsigned)draw(soak, PUSH_PROVIDERS_COUNT);
        if ((soak->flow.providers >> provider & 1) != 0 && soak->targets_count[provider] > 0) {
            return (enum push_provider)provider;
        }
    }
}

/* With the lock held, which is not kept during push_submit(): a `complete` may come at once. */
static void submit_one(struct soak *soak)
{
    struct slot *slot = &soak->slots[soak->resting[soak->resting_first]];
    soak->resting_first = (soak->resting_first + 1) % SLOTS_COUNT;
    enum push_provider provider = draw_provider(soak);
    const struct target *target =
        &soak->targets[provider][draw(soak, soak->targets_count[provider])];
    struct push_secret secret;
    struct push_notification notification = draw_notification(soak, target, &secret);
    if (provider == PUSH_WEB && notification.secret == NULL) {
        secret = (struct push_secret){.title = "Astreinte"};
        memcpy(secret.public_key, target->public_key, sizeof secret.public_key);
        memcpy(secret.auth_secret, target->auth_secret, sizeof secret.auth_secret);
        notification.secret = &secret;
    }
    int64_t spread_ms = DEADLINE_MS_MAX - soak->flow.deadline_min_ms;
    *slot = (struct slot){.soak = soak,
                          .inside = true,
                          .provider = provider,
                          .id = uuid_v7(clock_wall(&clock_system), &random_system),
                          .deadline_ms =
                              now_ms() + soak->flow.deadline_min_ms +
                              (int64_t)draw(soak, (uint64_t)(spread_ms > 0 ? spread_ms : 1))};
    struct push_job job = {.provider = provider,
                           .target = target->address,
                           .id = slot->id,
                           .hedge = (enum push_hedge)draw(soak, 3),
                           .deadline = {slot->deadline_ms},
                           .notification = notification,
                           .complete = on_complete,
                           .delayed = on_delayed,
                           .context = slot};
    soak->inside++;
    soak->submitted[provider]++;
    soak->flow.allowance -= 1;
    soak->flow.remaining -= soak->flow.remaining > 0 ? 1 : 0;
    (void)pthread_mutex_unlock(&soak->lock);
    struct error error = {0};
    enum status status = push_submit(soak->sender, &job, &error);
    (void)pthread_mutex_lock(&soak->lock);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "submit: %s: %s\n", status_slug(status), error.text);
        violate(soak, slot, "not taken", NULL);
        exit(1);
    }
}

static bool may_submit(const struct soak *soak)
{
    const struct flow *flow = &soak->flow;
    return (flow->endless || flow->remaining > 0) && soak->inside < flow->in_flight &&
           flow->allowance >= 1;
}

static void *submit_jobs(void *context)
{
    struct soak *soak = context;
    int64_t before_ms = now_ms();
    (void)pthread_mutex_lock(&soak->lock);
    while (!soak->stopping) {
        int64_t present_ms = now_ms();
        double most = (double)soak->flow.in_flight;
        soak->flow.allowance += (double)(present_ms - before_ms) * soak->flow.rate_per_ms;
        soak->flow.allowance = soak->flow.allowance < most ? soak->flow.allowance : most;
        before_ms = present_ms;
        if (may_submit(soak)) {
            submit_one(soak);
        } else {
            struct timespec until;
            clock_wait_until(2, &until);
            (void)pthread_cond_timedwait(&soak->changed, &soak->lock, &until);
        }
    }
    (void)pthread_mutex_unlock(&soak->lock);
    return NULL;
}

/* Notes how much longer than asked for the machine let a thread sleep. */
static void *witness(void *context)
{
    struct soak *soak = context;
    int64_t stalls_ms[WITNESS_TURNS] = {0};
    const struct timespec turn = {.tv_nsec = WITNESS_TURN_MS * 1000000L};
    for (size_t i = 0;; i = (i + 1) % WITNESS_TURNS) {
        int64_t began_ms = now_ms();
        (void)nanosleep(&turn, NULL);
        stalls_ms[i] = now_ms() - began_ms - WITNESS_TURN_MS;
        int64_t worst_ms = 0;
        for (size_t k = 0; k < WITNESS_TURNS; k++) {
            worst_ms = stalls_ms[k] > worst_ms ? stalls_ms[k] : worst_ms;
        }
        atomic_store(&soak->stall_ms, worst_ms);
    }
    return NULL;
}

/* ---- commands ---- */

static void report(struct soak *soak)
{
    struct push_statistics statistics[PUSH_PROVIDERS_COUNT];
    for (int i = 0; i < PUSH_PROVIDERS_COUNT; i++) {
        push_sender_statistics(soak->sender, (enum push_provider)i, &statistics[i]);
    }
    (void)pthread_mutex_lock(&soak->lock);
    (void)printf("inside=%zu violations=%" PRIu64 " delayed=%" PRIu64 " notices=%" PRIu64
                 " unnamed=%" PRIu64 " late_ms_max=%" PRId64 " last_reason=%s",
                 soak->inside, soak->violations, soak->delayed, soak->notices, soak->unnamed,
                 soak->late_ms_max, soak->last_reason[0] == '\0' ? "-" : soak->last_reason);
    for (int i = 0; i < PUSH_PROVIDERS_COUNT; i++) {
        const char *name = push_provider_text((enum push_provider)i);
        const struct push_statistics *theirs = &statistics[i];
        (void)printf(" %s.submitted=%" PRIu64 " %s.jobs_submitted=%" PRIu64
                     " %s.jobs_inside=%" PRIu64 " %s.connections_opened=%" PRIu64
                     " %s.requests_written=%" PRIu64 " %s.hedges_written=%" PRIu64
                     " %s.tokens_minted=%" PRIu64 " %s.health=%s",
                     name, soak->submitted[i], name, theirs->jobs_submitted, name,
                     theirs->jobs_inside, name, theirs->connections_opened, name,
                     theirs->requests_written, name, theirs->hedges_written, name,
                     theirs->tokens_minted, name, push_health_text(theirs->health));
        for (int k = 0; k < PUSH_OUTCOMES_COUNT; k++) {
            const char *outcome = push_outcome_text((enum push_outcome)k);
            (void)printf(" %s.%s=%" PRIu64 " %s.counted.%s=%" PRIu64, name, outcome,
                         soak->outcomes[i][k], name, outcome, theirs->outcomes[k]);
        }
    }
    (void)pthread_mutex_unlock(&soak->lock);
    (void)putchar('\n');
}

static void drain(struct soak *soak)
{
    struct timespec until;
    (void)pthread_mutex_lock(&soak->lock);
    soak->flow.endless = false;
    while (soak->flow.remaining > 0) {
        (void)pthread_cond_wait(&soak->changed, &soak->lock);
    }
    clock_wait_until(DRAIN_MS_MAX + soak->tolerance_ms, &until);
    int failure = 0;
    while (soak->inside > 0 && failure == 0) {
        failure = pthread_cond_timedwait(&soak->changed, &soak->lock, &until);
    }
    for (size_t i = 0; i < SLOTS_COUNT && soak->inside > 0; i++) {
        if (soak->slots[i].inside) {
            violate(soak, &soak->slots[i], "never ended", NULL);
        }
    }
    (void)pthread_mutex_unlock(&soak->lock);
    /* A job leaves the sender's own counters just after its `complete`. */
    const struct timespec turn = {.tv_nsec = TICK_NS};
    for (int i = 0; i < 20; i++) {
        (void)nanosleep(&turn, NULL);
    }
    report(soak);
}

static void take_flow(struct soak *soak, const char *line)
{
    /* in flight, rate a second, count, providers, shortest deadline in ms */
    unsigned long long numbers[5];
    const char *at = line + strlen("flow");
    for (size_t i = 0; i < 5; i++) {
        char *end = NULL;
        numbers[i] = strtoull(at, &end, 10);
        if (end == at) {
            (void)fprintf(stderr, "flow: what?\n");
            exit(2);
        }
        at = end;
    }
    size_t in_flight = (size_t)numbers[0];
    uint64_t rate = numbers[1], count = numbers[2];
    struct flow flow = {.providers = (unsigned)numbers[3], .deadline_min_ms = (int64_t)numbers[4]};
    flow.in_flight = in_flight < SLOTS_COUNT / 2 ? in_flight : SLOTS_COUNT / 2;
    flow.rate_per_ms = rate == 0 ? RATE_PER_MS_MAX : (double)rate / 1000;
    flow.endless = count == 0;
    flow.remaining = count;
    (void)pthread_mutex_lock(&soak->lock);
    soak->flow = flow;
    (void)pthread_mutex_unlock(&soak->lock);
    report(soak);
}

static void take_target(struct soak *soak, char *line)
{
    static const char *const names[] = {"apns", "fcm", "webpush"};
    char *rest = NULL;
    (void)strtok_r(line, " \n", &rest);
    const char *name = strtok_r(NULL, " \n", &rest);
    const char *address = strtok_r(NULL, " \n", &rest);
    const char *key = strtok_r(NULL, " \n", &rest);
    const char *auth = strtok_r(NULL, " \n", &rest);
    size_t provider = 0;
    while (auth != NULL && provider < PUSH_PROVIDERS_COUNT && strcmp(names[provider], name) != 0) {
        provider++;
    }
    if (auth == NULL || provider == PUSH_PROVIDERS_COUNT ||
        soak->targets_count[provider] == TARGETS_MAX) {
        (void)fprintf(stderr, "target: what?\n");
        exit(2);
    }
    struct target target = {.has_keys = strcmp(key, "-") != 0};
    size_t bytes = 0;
    (void)snprintf(target.address, sizeof target.address, "%s", address);
    if (target.has_keys && (base64_decode(key, strlen(key), target.public_key,
                                          sizeof target.public_key, &bytes) != STATUS_OK ||
                            base64_decode(auth, strlen(auth), target.auth_secret,
                                          sizeof target.auth_secret, &bytes) != STATUS_OK)) {
        (void)fprintf(stderr, "target: not a key\n");
        exit(2);
    }
    (void)pthread_mutex_lock(&soak->lock);
    soak->targets[provider][soak->targets_count[provider]++] = target;
    (void)pthread_mutex_unlock(&soak->lock);
    report(soak);
}

static void reload(struct soak *soak)
{
    struct error error = {0};
    if (push_sender_reload(soak->sender, &soak->configuration, &error) != STATUS_OK) {
        (void)fprintf(stderr, "VIOLATION reload: %s\n", error.text);
        (void)pthread_mutex_lock(&soak->lock);
        soak->violations++;
        (void)pthread_mutex_unlock(&soak->lock);
    }
    report(soak);
}

static void obey(struct soak *soak, char *line)
{
    if (strncmp(line, "target ", 7) == 0) {
        take_target(soak, line);
    } else if (strncmp(line, "flow ", 5) == 0) {
        take_flow(soak, line);
    } else if (strcmp(line, "drain\n") == 0) {
        drain(soak);
    } else if (strcmp(line, "reload\n") == 0) {
        reload(soak);
    } else {
        report(soak);
    }
    (void)fflush(stdout);
}

/* ---- start ---- */

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, FILE_BYTES_MAX);
    if (file == NULL || text == NULL || fread(text, 1, FILE_BYTES_MAX - 1, file) == 0) {
        perror(path);
        exit(1);
    }
    (void)fclose(file);
    return text;
}

static void usage(void)
{
    (void)fprintf(stderr, "usage: push_soak --ca FILE --apns-key FILE --apns-port P "
                          "--service-account FILE --fcm-port P [--connections N] [--seed S] "
                          "[--tolerance-ms MS]\n");
    exit(2);
}

struct options {
    const char *ca, *apns_key, *apns_port, *service_account, *fcm_port, *connections, *seed,
        *tolerance_ms;
};

static struct options read_options(int argc, char **argv)
{
    static const struct option known[] = {{"ca", required_argument, NULL, 0},
                                          {"apns-key", required_argument, NULL, 1},
                                          {"apns-port", required_argument, NULL, 2},
                                          {"service-account", required_argument, NULL, 3},
                                          {"fcm-port", required_argument, NULL, 4},
                                          {"connections", required_argument, NULL, 5},
                                          {"seed", required_argument, NULL, 6},
                                          {"tolerance-ms", required_argument, NULL, 7},
                                          {NULL, 0, NULL, 0}};
    struct options options = {.connections = "0", .seed = "1", .tolerance_ms = "250"};
    const char **fields[] = {
        &options.ca,       &options.apns_key,    &options.apns_port, &options.service_account,
        &options.fcm_port, &options.connections, &options.seed,      &options.tolerance_ms};
    int number;
    while ((number = options_next(argc, argv, "", known, NULL)) != -1) {
        if (number < 0 || number > 7) {
            usage();
        }
        *fields[number] = optarg;
    }
    if (options.ca == NULL || options.apns_key == NULL || options.apns_port == NULL ||
        options.service_account == NULL || options.fcm_port == NULL) {
        usage();
    }
    return options;
}

static void init(struct soak *soak, const struct options *options)
{
    soak->slots = calloc(SLOTS_COUNT, sizeof *soak->slots);
    soak->resting = calloc(SLOTS_COUNT, sizeof *soak->resting);
    if (soak->slots == NULL || soak->resting == NULL) {
        exit(1);
    }
    /* All pages are touched now, so that they do not look like growth later. */
    for (size_t i = 0; i < SLOTS_COUNT; i++) {
        soak->slots[i].soak = soak;
        soak->resting[i] = (uint32_t)i;
    }
    soak->tolerance_ms = strtol(options->tolerance_ms, NULL, 10);
    soak->random_state =
        strtoull(options->seed, NULL, 10) * UINT64_C(0x9E3779B97F4A7C15) | UINT64_C(1);
}

static void run(struct soak *soak)
{
    pthread_t submitter, sleeper;
    char line[LINE_BYTES_MAX];
    if (pthread_create(&submitter, NULL, submit_jobs, soak) != 0 ||
        pthread_create(&sleeper, NULL, witness, soak) != 0) {
        exit(1);
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        obey(soak, line);
    }
    (void)pthread_mutex_lock(&soak->lock);
    soak->stopping = true;
    (void)pthread_cond_broadcast(&soak->changed);
    (void)pthread_mutex_unlock(&soak->lock);
    (void)pthread_join(submitter, NULL);
    (void)pthread_cancel(sleeper);
    (void)pthread_join(sleeper, NULL);
}

int main(int argc, char **argv)
{
    static struct soak soak = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct options options = read_options(argc, argv);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&soak.changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    init(&soak, &options);
    char *key = read_file(options.apns_key);
    char *service_account = read_file(options.service_account);
    char vapid[PUSH_VAPID_PEM_BYTES_MAX];
    struct error error = {0};
    if (push_vapid_key_create(vapid, &error) != STATUS_OK) {
        return 1;
    }
    struct push_apns_account apns = {
        .key_pem = key,
        .key_id = "ABC123DEFG",
        .team_id = "DEF123GHIJ",
        .topic = "fr.astreinte.app",
        .critical_entitled = true,
        .endpoints = {{"localhost", options.apns_port}, {"localhost", options.apns_port}}};
    struct push_fcm_account fcm = {.service_account_json = service_account,
                                   .endpoint = {"localhost", options.fcm_port}};
    struct push_web_account web = {
        .vapid_key_pem = vapid, .subject = "mailto:soak@example.org", .loopback_allowed = true};
    soak.configuration =
        (struct push_configuration){.ca_file = options.ca,
                                    .apns = &apns,
                                    .apns_count = 1,
                                    .fcm = &fcm,
                                    .fcm_count = 1,
                                    .web = &web,
                                    .web_count = 1,
                                    .connections_max = strtoul(options.connections, NULL, 10),
                                    .keep_connected = true,
                                    .notice = on_notice,
                                    .notice_context = &soak};
    if (push_sender_create(&soak.configuration, &soak.sender, &error) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    run(&soak);
    push_sender_destroy(&soak.sender);
    free(key);
    free(service_account);
    free(soak.slots);
    free(soak.resting);
    return soak.violations == 0 ? 0 : 1;
}
