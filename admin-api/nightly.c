#include "admin-api/nightly.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin-api/coverage_customer.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/coverage/nightly.h"
#include "gateway/store/store_coverage.h"

#define HOUR_MS           INT64_C(3600000)
#define MINUTE_MS         INT64_C(60000)
#define LOOK_EVERY_MS     2000
#define LOOK_SOON_MS      200 /* behind what was given to the writer */
#define REST_MS_MAX       1000
#define READ_MS_MAX       10000 /* of one query: nobody waits for it */
#define LIST_BYTES_MAX    ((size_t)64 << 20)
#define TRY_AGAIN_MS_MAX  HOUR_MS
#define UNWRITTEN_TOLD    3  /* tries of which no report came to be, but no error either */
#define TOLD_AGAIN_TRIES  24 /* about a day, at one an hour */
#define STUCK_MS          (10 * MINUTE_MS)
#define AHEAD_MS          MINUTE_MS /* a report from later than this: the wall was set back */
#define ZONES_MAX         32
#define METRICS_BYTES_MAX 4096

/* What is known of one customer besides its row. */
struct seen {
    int64_t customer_id;
    int64_t first_ms;      /* monotonic: since when */
    int64_t not_before_ms; /* monotonic: when it is tried again */
    int64_t told_for_ms;   /* the report whose news went out; TIME_NEVER_MS: none */
    int64_t posted_ms;     /* the report that the writer was given last; TIME_NEVER_MS: none */
    int tries;             /* since one was kept */
    bool is_alarm;         /* that it is not computed was told */
};

/* The last night of a zone, found once a look. */
struct zone_night {
    const char *zone;
    struct wall_time at;
};

struct figures {
    uint64_t computed;
    uint64_t failed;
    int64_t customers;
    int64_t never;       /* of these, without a report */
    int64_t oldest_at_s; /* of the reports; 0: none */
    int64_t lasting;     /* customers with findings that are told each day */
    int64_t findings[COVERAGE_KINDS_COUNT];
};

struct nightly {
    struct admin_api_coverage schedule;
    struct engine *engine;
    const struct clock_source *clock;
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock; /* of stopping and shown */
    pthread_cond_t wake;
    bool stopping;
    struct figures shown;
    _Atomic int64_t begun_ms; /* monotonic, of the customer at hand; 0: none */
    /* The thread's own. */
    struct figures figures;
    struct seen *seen; /* by customer */
    size_t seen_count;
    struct zone_night zones[ZONES_MAX];
    size_t zones_count;
    int failed_looks;
};

/* ---- when ---- */

/* The later of both. */
static struct wall_time due_of(const struct admin_api_coverage *schedule,
                               const struct directory_customer *customer, struct wall_time now,
                               struct wall_time night)
{
    struct wall_time shift =
        schedule->before_shift_ms > 0
            ? coverage_last_before_shift(customer, schedule->before_shift_ms, now)
            : WALL_NEVER;
    return shift.ms == TIME_NEVER_MS || night.ms >= shift.ms ? night : shift;
}

enum status nightly_due(const struct admin_api_coverage *schedule,
                        const struct directory_customer *customer, struct wall_time now,
                        struct arena *arena, struct wall_time *due_r, struct error *error)
{
    struct wall_time night;
    enum status status =
        coverage_last_night(customer->time_zone, schedule->minute, now, arena, &night, error);
    if (status == STATUS_OK) {
        *due_r = due_of(schedule, customer, now, night);
    }
    return status;
}

/* As coverage_last_night(), for a look that asks it for each customer of a zone. */
static enum status night_of(struct nightly *nightly, const char *zone, struct wall_time now,
                            struct arena *arena, struct wall_time *night_r, struct error *error)
{
    for (size_t i = 0; i < nightly->zones_count; i++) {
        if (strcmp(nightly->zones[i].zone, zone) == 0) {
            *night_r = nightly->zones[i].at;
            return STATUS_OK;
        }
    }
    enum status status =
        coverage_last_night(zone, nightly->schedule.minute, now, arena, night_r, error);
    if (status == STATUS_OK && nightly->zones_count < ZONES_MAX) {
        nightly->zones[nightly->zones_count++] = (struct zone_night){zone, *night_r};
    }
    return status;
}

/* ---- what is told ---- */

static void tell(struct nightly *nightly, const struct directory_customer *customer,
                 const struct coverage_report_row *row, struct seen *seen)
{
    if (seen->told_for_ms != row->computed_at.ms) {
        engine_alarm_about(nightly->engine, row->over ? "coverage.in_order" : "coverage.findings",
                           customer->slug, row->news);
        seen->told_for_ms = row->computed_at.ms;
    }
    engine_coverage_told(nightly->engine, customer->id, row->computed_at);
}

static void tell_trouble(struct nightly *nightly, const char *slug, struct seen *seen,
                         enum status status)
{
    char detail[SLUG_BYTES_MAX + 160];
    (void)snprintf(detail, sizeof detail,
                   "%s: whether somebody will be there could not be computed (%s) and is tried "
                   "again: look at the log, and at GET /v1/coverage?customer=%s",
                   slug, status == STATUS_OK ? "not written" : status_slug(status), slug);
    seen->is_alarm = true;
    engine_alarm_about(nightly->engine, "coverage.not_computed", slug, detail);
}

static void tell_end_of_trouble(struct nightly *nightly, const char *slug, struct seen *seen)
{
    char detail[SLUG_BYTES_MAX + 80];
    (void)snprintf(detail, sizeof detail, "%s: its coverage is computed again", slug);
    seen->is_alarm = false;
    engine_alarm_about(nightly->engine, "coverage.computed_again", slug, detail);
}

void nightly_watch(struct nightly *nightly)
{
    int64_t begun_ms = nightly != NULL ? atomic_load(&nightly->begun_ms) : 0;
    if (begun_ms != 0 && clock_monotonic(nightly->clock).ms - begun_ms > STUCK_MS) {
        engine_alarm(nightly->engine, "coverage.not_computed",
                     "the coverage of one customer has not ended for ten minutes, and no other is "
                     "computed meanwhile: restart the gateway");
    }
}

/* ---- one customer ---- */

static enum status report(struct nightly *nightly, const struct directory_customer *customer,
                          bool night, struct wall_time now, struct arena *arena,
                          struct error *error)
{
    const struct coverage_asked asked = {
        .now = now,
        .days = COVERAGE_DAYS_MAX,
        .daily_rest_ms = COVERAGE_DAILY_REST_H * HOUR_MS,
        .weekly_rest_ms = COVERAGE_WEEKLY_REST_H * HOUR_MS,
        .number_proof_ms = 0, /* who was never called has no answered number: nothing to do now */
        .confirmed_numbers = false, /* of who is on duty now: a desk asks, at night it is no news */
    };
    struct coverage_report_row known = {.keys = NULL};
    struct coverage coverage;
    struct coverage_report report;
    bool cut = false;
    enum status status =
        store_get_coverage_report(nightly->store, customer->id, arena, &known, error);
    status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    if (status == STATUS_OK) {
        status = coverage_of_customer(&asked, nightly->engine, nightly->store, customer, arena,
                                      &coverage, &cut, error);
    }
    if (status == STATUS_OK) {
        const struct coverage_reporting reporting = {.customer = customer,
                                                     .coverage = &coverage,
                                                     .now = asked.now,
                                                     .days = asked.days,
                                                     .night = night,
                                                     .known_keys = known.keys,
                                                     .known_lasting = known.lasting};
        status =
            coverage_report_make(&reporting, engine_rotas(nightly->engine), arena, &report, error);
    }
    if (status == STATUS_OK) {
        const struct coverage_report_request kept = {.computed_at = asked.now,
                                                     .days = asked.days,
                                                     .findings = report.findings,
                                                     .lasting = report.lasting,
                                                     .counts = report.counts,
                                                     .items = report.items,
                                                     .more = report.more,
                                                     .keys = report.keys,
                                                     .news = report.news,
                                                     .over = report.over};
        status = engine_keep_coverage(nightly->engine, customer->id, &kept);
        status = status == STATUS_OK ? STATUS_OK : error_set(error, status, "the writer");
    }
    return status;
}

static int64_t try_again_ms(int tries)
{
    int64_t wait_ms = MINUTE_MS << (tries < 6 ? tries - 1 : 6);
    return wait_ms < TRY_AGAIN_MS_MAX ? wait_ms : TRY_AGAIN_MS_MAX;
}

static void compute(struct nightly *nightly, const struct directory_customer *customer, bool night,
                    struct seen *seen)
{
    struct error error = {.text = ""};
    struct arena *arena = arena_create(COVERAGE_CUSTOMER_BYTES_MAX);
    struct wall_time now = clock_wall(nightly->clock);
    int64_t begun_ms = clock_monotonic(nightly->clock).ms;
    atomic_store(&nightly->begun_ms, begun_ms);
    enum status status =
        arena == NULL ? STATUS_NO_MEMORY : report(nightly, customer, night, now, arena, &error);
    arena_destroy(&arena);
    atomic_store(&nightly->begun_ms, 0);
    seen->posted_ms = status == STATUS_OK ? now.ms : TIME_NEVER_MS;
    seen->tries++;
    seen->not_before_ms = begun_ms + try_again_ms(seen->tries);
    if (status == STATUS_OK) {
        nightly->figures.computed++;
    } else if (status != STATUS_STOPPING) {
        nightly->figures.failed++;
        log_error("coverage.failed", LOG_TEXT("customer", customer->slug), LOG_STATUS(status),
                  LOG_TEXT("detail", error.text));
    }
    int first = status == STATUS_OK ? UNWRITTEN_TOLD : 1;
    if (status != STATUS_STOPPING && seen->tries >= first &&
        (!seen->is_alarm || seen->tries % TOLD_AGAIN_TRIES == 0)) {
        tell_trouble(nightly, customer->slug, seen, status);
    }
}

/* ---- a look at all ---- */

/* Whether the customer is to be computed now; *night_r: as the daily one, which it is as well when
 * a shift's came due before the daily one was made. */
static bool is_due(struct nightly *nightly, const struct directory_customer *customer,
                   const struct coverage_report_row *row, struct seen *seen, struct arena *arena,
                   bool *night_r)
{
    struct error error;
    struct wall_time now = clock_wall(nightly->clock), night, due;
    int64_t now_ms = clock_monotonic(nightly->clock).ms;
    if (row == NULL) {
        *night_r = true;
        return now_ms - seen->first_ms >= nightly->schedule.first_after_ms &&
               now_ms >= seen->not_before_ms;
    }
    enum status status = night_of(nightly, customer->time_zone, now, arena, &night, &error);
    if (status != STATUS_OK) { /* the zone is gone: computing it will say so */
        *night_r = true;
        return now_ms >= seen->not_before_ms;
    }
    due = due_of(&nightly->schedule, customer, now, night);
    *night_r = due.ms == night.ms || row->computed_at.ms < night.ms;
    bool is_new = row->computed_at.ms >= due.ms && row->computed_at.ms <= now.ms + AHEAD_MS;
    if (is_new || row->computed_at.ms == seen->posted_ms) {
        if (seen->is_alarm) {
            tell_end_of_trouble(nightly, customer->slug, seen);
        }
        seen->tries = 0;
        seen->not_before_ms = now_ms;
    }
    return !is_new && now_ms >= seen->not_before_ms;
}

static void count_kinds(struct figures *figures, const char *counts)
{
    const char *word;
    json_t *value, *object = json_loads(counts, 0, NULL);
    json_object_foreach(object, word, value)
    {
        enum coverage_kind kind = coverage_kind_parse(word);
        if (kind < COVERAGE_KINDS_COUNT) {
            figures->findings[kind] += json_integer_value(value);
        }
    }
    json_decref(object);
}

static void count(struct figures *figures, const struct coverage_report_row *row)
{
    figures->customers++;
    if (row == NULL) {
        figures->never++;
        return;
    }
    int64_t at_s = row->computed_at.ms / 1000;
    figures->oldest_at_s =
        figures->oldest_at_s == 0 || at_s < figures->oldest_at_s ? at_s : figures->oldest_at_s;
    figures->lasting += row->lasting > 0;
    count_kinds(figures, row->counts);
}

/* What is known of the customer, behind those with lower ids, of which `kept` are there already.
 */
static struct seen *see(struct nightly *nightly, struct seen *list, size_t *kept,
                        int64_t customer_id)
{
    struct seen *seen = &list[*kept];
    size_t low = 0, high = nightly->seen_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (nightly->seen[middle].customer_id < customer_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < nightly->seen_count && nightly->seen[low].customer_id == customer_id) {
        *seen = nightly->seen[low];
    } else {
        int64_t now_ms = clock_monotonic(nightly->clock).ms;
        *seen = (struct seen){.customer_id = customer_id,
                              .first_ms = now_ms,
                              .not_before_ms = now_ms,
                              .told_for_ms = TIME_NEVER_MS,
                              .posted_ms = TIME_NEVER_MS};
    }
    (*kept)++;
    return seen;
}

struct due_customer {
    size_t seen; /* its place */
    bool night;
};

/* Those of the directory that are due, and whatever is to be told. False: no memory. */
static bool list_due(struct nightly *nightly, const struct directory *directory,
                     const struct coverage_report_row *rows, size_t rows_count, struct arena *arena,
                     struct due_customer **due_r, size_t *due_count_r)
{
    size_t customers = directory_customers_count(directory), kept = 0, row = 0;
    struct seen *list = calloc(customers + 1, sizeof *list);
    struct due_customer *due = arena_alloc(arena, (customers + 1) * sizeof *due);
    struct figures figures = {.computed = nightly->figures.computed,
                              .failed = nightly->figures.failed};
    if (list == NULL || due == NULL) {
        free(list);
        return false;
    }
    *due_r = due;
    *due_count_r = 0;
    nightly->zones_count = 0;
    const struct directory_customer *customer = NULL;
    for (int64_t id = 0; (customer = directory_customer_after(directory, id)) != NULL;
         id = customer->id) {
        bool night = false;
        while (row < rows_count && rows[row].customer_id < customer->id) {
            row++;
        }
        bool has_row = row < rows_count && rows[row].customer_id == customer->id;
        const struct coverage_report_row *own = has_row ? &rows[row] : NULL;
        if (!customer->active) {
            continue;
        }
        struct seen *seen = see(nightly, list, &kept, customer->id);
        count(&figures, own);
        if (own != NULL && own->news != NULL) {
            tell(nightly, customer, own, seen);
        }
        if (is_due(nightly, customer, own, seen, arena, &night)) {
            due[(*due_count_r)++] = (struct due_customer){kept - 1, night};
        }
    }
    free(nightly->seen);
    nightly->seen = list;
    nightly->seen_count = kept;
    nightly->figures = figures;
    return true;
}

/* Sleeps, unless it is to stop; answers whether it goes on. */
static bool rest(struct nightly *nightly, int64_t wait_ms)
{
    struct timespec until;
    clock_wait_until(wait_ms, &until);
    (void)pthread_mutex_lock(&nightly->lock);
    nightly->shown = nightly->figures;
    int rc = 0;
    while (!nightly->stopping && rc != ETIMEDOUT) {
        rc = pthread_cond_timedwait(&nightly->wake, &nightly->lock, &until);
    }
    bool goes_on = !nightly->stopping;
    (void)pthread_mutex_unlock(&nightly->lock);
    return goes_on;
}

/* One after the other, and rests as long as it worked. */
static void compute_all(struct nightly *nightly, const struct due_customer *due, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct seen *seen = &nightly->seen[due[i].seen];
        int64_t begun_ms = clock_monotonic(nightly->clock).ms;
        const struct directory *directory = engine_directory_acquire(nightly->engine);
        const struct directory_customer *customer =
            directory_customer(directory, seen->customer_id);
        if (customer != NULL && customer->active) {
            compute(nightly, customer, due[i].night, seen);
        }
        engine_directory_release(nightly->engine, directory);
        int64_t worked_ms = clock_monotonic(nightly->clock).ms - begun_ms;
        if (!rest(nightly, worked_ms < REST_MS_MAX ? worked_ms : REST_MS_MAX)) {
            return;
        }
    }
}

/* Answers after how long to look again. */
static int64_t look(struct nightly *nightly)
{
    struct error error = {.text = ""};
    struct coverage_report_row *rows = NULL;
    size_t rows_count = 0, due_count = 0;
    struct due_customer *due = NULL;
    struct arena *arena = arena_create(LIST_BYTES_MAX);
    enum status status = arena == NULL ? STATUS_NO_MEMORY
                                       : store_list_coverage_reports(nightly->store, arena, &rows,
                                                                     &rows_count, &error);
    if (status == STATUS_OK) {
        const struct directory *directory = engine_directory_acquire(nightly->engine);
        bool listed = list_due(nightly, directory, rows, rows_count, arena, &due, &due_count);
        engine_directory_release(nightly->engine, directory);
        status = listed ? STATUS_OK : STATUS_NO_MEMORY;
    }
    nightly->failed_looks = status == STATUS_OK ? 0 : nightly->failed_looks + 1;
    if (nightly->failed_looks == UNWRITTEN_TOLD) {
        log_error("coverage.failed", LOG_STATUS(status), LOG_TEXT("detail", error.text));
        engine_alarm(nightly->engine, "coverage.not_computed",
                     "the reports of coverage cannot be read, and none is computed: see the log");
    }
    if (status == STATUS_OK) {
        compute_all(nightly, due, due_count);
    }
    arena_destroy(&arena);
    return due_count > 0 ? LOOK_SOON_MS : LOOK_EVERY_MS;
}

static void *run(void *context)
{
    struct nightly *nightly = context;
    (void)pthread_setname_np(pthread_self(), "coverage");
    while (rest(nightly, look(nightly))) {
    }
    return NULL;
}

static void destroy(struct nightly *nightly)
{
    (void)pthread_cond_destroy(&nightly->wake);
    (void)pthread_mutex_destroy(&nightly->lock);
    store_close(&nightly->store);
    free(nightly->seen);
    free(nightly);
}

enum status nightly_start(const struct admin_api_coverage *schedule, const char *database_path,
                          struct engine *engine, const struct clock_source *clock,
                          struct nightly **nightly_r, struct error *error)
{
    pthread_condattr_t monotonic;
    if (!schedule->is_on) {
        *nightly_r = NULL;
        return STATUS_OK;
    }
    struct nightly *nightly = calloc(1, sizeof *nightly);
    if (nightly == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the coverage's thread");
    }
    nightly->schedule = *schedule;
    nightly->engine = engine;
    nightly->clock = clock;
    enum status status =
        store_open_reader(database_path, NULL, READ_MS_MAX, &nightly->store, error);
    if (status != STATUS_OK) {
        free(nightly);
        return error_wrap(error, status, "a reading connection");
    }
    const struct uuid *unreadable;
    size_t unreadable_count = engine_unreadable(engine, &unreadable);
    store_forbid(nightly->store, unreadable, unreadable_count);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&nightly->lock, NULL);
    (void)pthread_cond_init(&nightly->wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (pthread_create(&nightly->thread, NULL, run, nightly) != 0) {
        destroy(nightly);
        return error_set(error, STATUS_IO, "the coverage's thread cannot be started");
    }
    *nightly_r = nightly;
    return STATUS_OK;
}

void nightly_stop(struct nightly **nightly)
{
    if (*nightly == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&(*nightly)->lock);
    (*nightly)->stopping = true;
    (void)pthread_cond_signal(&(*nightly)->wake);
    (void)pthread_mutex_unlock(&(*nightly)->lock);
    (void)pthread_join((*nightly)->thread, NULL);
    destroy(*nightly);
    *nightly = NULL;
}

/* ---- figures ---- */

size_t nightly_metrics(struct nightly *nightly, char *buffer, size_t buffer_bytes)
{
    char text[METRICS_BYTES_MAX];
    if (nightly == NULL) {
        return 0;
    }
    (void)pthread_mutex_lock(&nightly->lock);
    const struct figures figures = nightly->shown;
    (void)pthread_mutex_unlock(&nightly->lock);
    int64_t now_s = clock_wall(nightly->clock).ms / 1000;
    int wrote = snprintf(
        text, sizeof text,
        "# HELP astreinte_coverage_runs_total Automatic coverages of a customer, by outcome.\n"
        "# TYPE astreinte_coverage_runs_total counter\n"
        "astreinte_coverage_runs_total{outcome=\"done\"} %llu\n"
        "astreinte_coverage_runs_total{outcome=\"failed\"} %llu\n"
        "# HELP astreinte_coverage_age_seconds Age of the oldest customer's report; 0: none.\n"
        "# TYPE astreinte_coverage_age_seconds gauge\nastreinte_coverage_age_seconds %lld\n"
        "# HELP astreinte_coverage_never_computed Customers without a report.\n"
        "# TYPE astreinte_coverage_never_computed gauge\nastreinte_coverage_never_computed %lld\n"
        "# HELP astreinte_coverage_customers_in_alarm Customers whose findings are told each day.\n"
        "# TYPE astreinte_coverage_customers_in_alarm gauge\n"
        "astreinte_coverage_customers_in_alarm %lld\n"
        "# HELP astreinte_coverage_findings Findings of the last reports, by kind.\n"
        "# TYPE astreinte_coverage_findings gauge\n",
        (unsigned long long)figures.computed, (unsigned long long)figures.failed,
        (long long)(figures.oldest_at_s > 0 ? now_s - figures.oldest_at_s : 0),
        (long long)figures.never, (long long)figures.lasting);
    size_t used = wrote > 0 && (size_t)wrote < sizeof text ? (size_t)wrote : 0;
    for (int kind = 0; kind < COVERAGE_KINDS_COUNT && used > 0; kind++) {
        wrote = snprintf(
            text + used, sizeof text - used, "astreinte_coverage_findings{kind=\"%s\"} %lld\n",
            coverage_kind_word((enum coverage_kind)kind), (long long)figures.findings[kind]);
        used += wrote > 0 && (size_t)wrote < sizeof text - used ? (size_t)wrote : 0;
    }
    if (used + 1 > buffer_bytes) {
        return 0; /* half a page would break it */
    }
    memcpy(buffer, text, used + 1);
    return used;
}
