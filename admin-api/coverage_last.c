/* coverage_last.c - what the automatic coverage found last, of one customer or of all that the key
 * covers: at once, as nothing is computed. Names and sentences are those of now. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/coverage_customer.h"
#include "admin-api/coverage_text.h"
#include "admin-api/escalations.h"
#include "admin-api/nightly.h"
#include "gateway/coverage/nightly.h"
#include "gateway/store/store_coverage.h"

#define HOUR_MS             INT64_C(3600000)
#define CUSTOMERS_SHOWN_MAX 1000
#define ITEMS_SHOWN_MAX     2000 /* of all customers together */
#define OVERDUE_MS          HOUR_MS
#define FIRST_TAKES_MS      INT64_C(60000) /* a look at everybody that is on its way */

struct shown_report {
    const struct directory_customer *customer;
    struct coverage_report_row row; /* customer_id 0: it was never computed */
    struct wall_time due;
    bool overdue;
};

struct reports {
    const struct admin_api_coverage *schedule;
    struct shown_report *items;
    size_t count;
    size_t left_off;
    bool has_language; /* that was asked for; otherwise each customer's own */
    bool french;
};

/* ---- what goes back ---- */

/* Who is not there any more has at least a name to be called by. */
static const struct directory_person *person_of(const struct directory_customer *customer,
                                                const json_t *item, const char *name,
                                                struct directory_person *gone)
{
    const char *slug = json_string_value(json_object_get(item, name));
    const struct directory_person *person =
        slug != NULL ? directory_agent_by_slug(customer, slug) : NULL;
    *gone = (struct directory_person){.slug = slug, .name = slug};
    return person != NULL || slug == NULL ? person : gone;
}

static const char *text_of(const json_t *item, const char *name)
{
    return json_string_value(json_object_get(item, name));
}

static void write_item(struct json_writer *json, const struct directory_customer *customer,
                       const json_t *item, bool french)
{
    static const struct coverage_rests due = {COVERAGE_DAILY_REST_H * HOUR_MS,
                                              COVERAGE_WEEKLY_REST_H * HOUR_MS};
    struct directory_person gone, with_gone;
    const char *word = text_of(item, "kind");
    const struct coverage_finding finding = {
        .kind = word != NULL ? coverage_kind_parse(word) : COVERAGE_KINDS_COUNT,
        .from = {json_integer_value(json_object_get(item, "from"))},
        .to = {json_integer_value(json_object_get(item, "to"))},
        .rota = text_of(item, "rota"),
        .with_rota = text_of(item, "with_rota"),
        .procedure = text_of(item, "procedure"),
        .person = person_of(customer, item, "agent", &gone),
        .with_person = person_of(customer, item, "with_agent", &with_gone),
        .rest_ms = json_integer_value(json_object_get(item, "rest_ms")),
        .lost = json_is_true(json_object_get(item, "lost")),
    };
    if (finding.kind != COVERAGE_KINDS_COUNT) { /* a newer gateway's, after a downgrade */
        coverage_write_finding(json, customer->slug, &finding, &due, french);
    }
}

static void write_items(struct json_writer *json, const struct reports *reports,
                        const struct shown_report *shown, size_t *room)
{
    const char *language = shown->customer->language;
    bool french = reports->has_language ? reports->french : strcmp(language, "fr") == 0;
    json_t *items = json_loads(shown->row.items, 0, NULL);
    size_t count = json_array_size(items);
    size_t fits = count < *room ? count : *room;
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < fits; i++) {
        write_item(json, shown->customer, json_array_get(items, i), french);
    }
    json_array_end(json);
    json_member_int(json, "more", shown->row.more + (int64_t)(count - fits));
    *room -= fits;
    json_decref(items);
}

static void write_counts(struct json_writer *json, const char *text)
{
    const char *word;
    json_t *value, *counts = json_loads(text, 0, NULL);
    json_name(json, "counts");
    json_object_begin(json);
    json_object_foreach(counts, word, value)
    {
        json_member_int(json, word, json_integer_value(value));
    }
    json_object_end(json);
    json_decref(counts);
}

static void write_report(struct json_writer *json, const struct reports *reports,
                         const struct shown_report *shown, size_t *room)
{
    const struct coverage_report_row *row = &shown->row;
    bool is_there = row->customer_id != 0;
    json_object_begin(json);
    json_member_text(json, "customer", shown->customer->slug);
    json_member_text(json, "time_zone", shown->customer->time_zone);
    json_member_time(json, "computed_at", is_there ? row->computed_at : WALL_NEVER);
    json_member_time(json, "due_at", shown->due);
    json_member_bool(json, "overdue", shown->overdue);
    if (is_there) {
        json_member_int(json, "days", row->days);
        json_member_int(json, "findings", row->findings);
        json_member_int(json, "lasting", row->lasting);
        json_member_time(json, "told_at", row->told_at);
        write_counts(json, row->counts);
        write_items(json, reports, shown, room);
    }
    json_object_end(json);
}

static void write_reports(struct json_writer *json, void *context)
{
    const struct reports *reports = context;
    const struct admin_api_coverage *schedule = reports->schedule;
    size_t room = ITEMS_SHOWN_MAX;
    json_object_begin(json);
    json_member_bool(json, "automatic", schedule->is_on);
    if (schedule->is_on) {
        char at[16];
        (void)snprintf(at, sizeof at, "%02d:%02d", schedule->minute / 60, schedule->minute % 60);
        json_member_text(json, "at", at);
        json_member_int(json, "before_shift_s", schedule->before_shift_ms / 1000);
    }
    json_name(json, "customers");
    json_array_begin(json);
    for (size_t i = 0; i < reports->count; i++) {
        write_report(json, reports, &reports->items[i], &room);
    }
    json_array_end(json);
    json_member_int(json, "customers_more", (int64_t)reports->left_off);
    json_object_end(json);
}

/* ---- what is read ---- */

/* One that was just made is left time to be set up, as it is by the thread that computes. */
static bool is_overdue(const struct admin_api_coverage *schedule, const struct shown_report *shown,
                       struct wall_time now)
{
    if (shown->row.customer_id != 0) {
        return shown->row.computed_at.ms < shown->due.ms && now.ms > shown->due.ms + OVERDUE_MS;
    }
    int64_t first_ms = shown->customer->created_at.ms + schedule->first_after_ms;
    return now.ms > first_ms + FIRST_TAKES_MS;
}

/* Who is not active any more is computed no more. */
static enum status add(struct exchange *exchange, struct store *store,
                       const struct directory_customer *customer, struct reports *reports,
                       struct error *error)
{
    const struct admin_api_coverage *schedule = reports->schedule;
    if (reports->count == CUSTOMERS_SHOWN_MAX) {
        reports->left_off++;
        return STATUS_OK;
    }
    struct shown_report *shown = &reports->items[reports->count++];
    *shown = (struct shown_report){.customer = customer, .due = WALL_NEVER};
    enum status status =
        store_get_coverage_report(store, customer->id, exchange->arena, &shown->row, error);
    bool never = status == STATUS_NOT_FOUND;
    if (never) {
        shown->row.customer_id = 0;
    }
    status = never ? STATUS_OK : status;
    if (status == STATUS_OK && schedule->is_on && customer->active) {
        struct wall_time now = exchange->received_at;
        struct arena *zone = arena_create(0);
        status = zone == NULL ? error_set(error, STATUS_NO_MEMORY, "no memory for a time zone")
                              : nightly_due(schedule, customer, now, zone, &shown->due, error);
        arena_destroy(&zone);
        shown->overdue = is_overdue(schedule, shown, now);
    }
    return status;
}

static enum next read_reports(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct reports *reports = exchange->reports;
    const struct directory *directory = exchange->directory;
    enum status status = STATUS_OK;
    if (exchange->customer != NULL) {
        status = add(exchange, store, exchange->customer, reports, &error);
    }
    for (size_t i = 0; exchange->customer == NULL && status == STATUS_OK &&
                       i < directory_customers_count(directory);
         i++) {
        const struct directory_customer *customer = directory_customer_at(directory, i);
        if (customer->active && principal_covers(&exchange->principal, customer->id)) {
            status = add(exchange, store, customer, reports, &error);
        }
    }
    return status == STATUS_OK ? reply_view(exchange, write_reports, reports)
                               : escalations_read_fault(exchange, status, &error);
}

enum next coverage_last(struct exchange *exchange)
{
    static const char *const parameters[] = {"customer", "language", NULL};
    struct reports *reports = arena_alloc(exchange->arena, sizeof *reports);
    if (!query_check(exchange, parameters) || !query_customer_or_all(exchange)) {
        return NEXT_ANSWER;
    }
    const char *language = query_value(exchange, "language");
    bool french = language != NULL && strcmp(language, "fr") == 0;
    if (language != NULL && !french && strcmp(language, "en") != 0) {
        return reply_fault(exchange, STATUS_INVALID, NULL,
                           "query parameter language must be en or fr");
    }
    if (reports != NULL) {
        *reports = (struct reports){
            .schedule = &exchange->api->coverage,
            .items = arena_alloc(exchange->arena, CUSTOMERS_SHOWN_MAX * sizeof *reports->items),
            .has_language = language != NULL,
            .french = french,
        };
    }
    if (reports == NULL || reports->items == NULL) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    exchange->reports = reports;
    exchange->read = read_reports;
    return NEXT_READ;
}
