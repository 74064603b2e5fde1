/* coverage.c - whether somebody will be there in the coming weeks: one customer after the other, on
 * a reader's thread that serves what else waits between them.
 */
#include "gateway/coverage/coverage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/coverage_customer.h"
#include "admin-api/coverage_text.h"
#include "admin-api/escalations.h"

#define HOUR_MS              INT64_C(3600000)
#define FINDINGS_SHOWN_MAX   2000
#define PROCEDURES_SHOWN_MAX 2000
#define NUMBER_PROOF_D_MAX   3650

struct shown_finding {
    const struct directory_customer *customer;
    struct coverage_finding finding;
};

struct shown_procedure {
    const struct directory_customer *customer;
    struct coverage_procedure procedure;
};

/* What was asked for, and how far it is. */
struct coverage_walk {
    struct exchange *exchange;
    struct coverage_asked asked;
    bool french;
    size_t next; /* customer, by slug; of one that was named: 0 */
    size_t customers_count;
    struct shown_finding *findings;
    size_t findings_count;
    size_t left_off;
    struct shown_procedure *procedures;
    size_t procedures_count;
    size_t procedures_left_off;
    const struct directory_customer *cut; /* the first whose history was too long; or NULL */
};

/* ---- what goes back ---- */

static void write_seconds(struct json_writer *json, const char *name, bool known, int64_t ms)
{
    json_name(json, name);
    if (known) {
        json_int(json, ms / 1000);
    } else {
        json_null_value(json);
    }
}

/* Not a finding: it runs as it is, but the customer may not know what it says. */
static void write_paper(struct json_writer *json, const struct coverage_walk *walk,
                        const struct procedure *procedure)
{
    char today[RFC3339_BYTES_MAX], sentence[SENTENCE_BYTES_MAX];
    wall_time_format(walk->asked.now, today);
    view_paper(json, procedure, walk->asked.now);
    json_member_text(json, "paper_text",
                     coverage_paper_sentence(procedure, procedure_paper(procedure, today),
                                             walk->french, sentence));
}

static void write_procedure(struct json_writer *json, const struct coverage_walk *walk,
                            const struct shown_procedure *shown)
{
    const struct coverage_procedure *procedure = &shown->procedure;
    const char *usual = shown->customer->default_procedure;
    bool reaches = procedure->judged && procedure->human_ms >= 0;
    json_object_begin(json);
    json_member_text(json, "customer", shown->customer->slug);
    json_member_text(json, "procedure", procedure->slug);
    json_member_bool(json, "default", usual != NULL && strcmp(usual, procedure->slug) == 0);
    write_seconds(json, "human_within_s", reaches, procedure->human_ms);
    json_member_time(json, "worst_at", reaches ? procedure->worst : WALL_NEVER);
    write_seconds(json, "reaches_nobody_s", procedure->judged, procedure->nobody_ms);
    write_paper(json, walk, directory_procedure(shown->customer, procedure->slug)->procedure);
    json_object_end(json);
}

static void write_coverage(struct json_writer *json, void *context)
{
    const struct coverage_walk *walk = context;
    const struct coverage_rests due = {walk->asked.daily_rest_ms, walk->asked.weekly_rest_ms};
    json_object_begin(json);
    json_member_time(json, "from", walk->asked.now);
    json_member_time(json, "to",
                     (struct wall_time){walk->asked.now.ms + walk->asked.days * 24 * HOUR_MS});
    json_member_text(json, "language", walk->french ? "fr" : "en");
    const struct directory_customer *only = walk->exchange->customer; /* NULL: of several */
    json_member_text(json, "time_zone", only != NULL ? only->time_zone : NULL);
    json_member_int(json, "customers", (int64_t)walk->customers_count);
    json_member_int(json, "daily_rest_h", walk->asked.daily_rest_ms / HOUR_MS);
    json_member_int(json, "weekly_rest_h", walk->asked.weekly_rest_ms / HOUR_MS);
    json_member_int(json, "number_proof_d", walk->asked.number_proof_ms / (24 * HOUR_MS));
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < walk->findings_count; i++) {
        const struct shown_finding *shown = &walk->findings[i];
        coverage_write_finding(json, shown->customer->slug, &shown->finding, &due, walk->french);
    }
    json_array_end(json);
    json_member_int(json, "more", (int64_t)walk->left_off);
    json_name(json, "procedures");
    json_array_begin(json);
    for (size_t i = 0; i < walk->procedures_count; i++) {
        write_procedure(json, walk, &walk->procedures[i]);
    }
    json_array_end(json);
    json_member_int(json, "procedures_more", (int64_t)walk->procedures_left_off);
    json_member_text(json, "history_cut", walk->cut != NULL ? walk->cut->slug : NULL);
    json_name(json, "notes");
    json_array_begin(json);
    for (size_t i = 0; i < COVERAGE_NOTES_COUNT; i++) {
        json_text(json, coverage_notes(walk->french)[i]);
    }
    json_array_end(json);
    json_object_end(json);
}

/* ---- one customer ---- */

static void keep(struct coverage_walk *walk, const struct directory_customer *customer,
                 const struct coverage *coverage)
{
    walk->left_off += coverage->left_off;
    for (size_t i = 0; i < coverage->findings_count; i++) {
        if (walk->findings_count == FINDINGS_SHOWN_MAX) {
            walk->left_off++;
        } else {
            walk->findings[walk->findings_count++] =
                (struct shown_finding){customer, coverage->findings[i]};
        }
    }
    for (size_t i = 0; i < coverage->procedures_count; i++) {
        if (walk->procedures_count == PROCEDURES_SHOWN_MAX) {
            walk->procedures_left_off++;
        } else {
            walk->procedures[walk->procedures_count++] =
                (struct shown_procedure){customer, coverage->procedures[i]};
        }
    }
}

static enum status cover(struct coverage_walk *walk, struct store *store,
                         const struct directory_customer *customer, struct error *error)
{
    struct coverage coverage;
    bool cut = false;
    struct arena *arena = arena_create(COVERAGE_CUSTOMER_BYTES_MAX);
    if (arena == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the coverage");
    }
    enum status status = coverage_of_customer(&walk->asked, walk->exchange->api->engine, store,
                                              customer, arena, &coverage, &cut, error);
    if (status == STATUS_OK) {
        keep(walk, customer, &coverage);
        if (cut && walk->cut == NULL) {
            walk->cut = customer;
        }
    }
    arena_destroy(&arena);
    return status;
}

/* The next that the key covers and that is active; NULL behind the last. */
static const struct directory_customer *next_customer(struct coverage_walk *walk)
{
    const struct exchange *exchange = walk->exchange;
    if (exchange->customer != NULL) {
        return walk->next++ == 0 ? exchange->customer : NULL;
    }
    while (walk->next < directory_customers_count(exchange->directory)) {
        const struct directory_customer *customer =
            directory_customer_at(exchange->directory, walk->next++);
        if (customer->active && principal_covers(&exchange->principal, customer->id)) {
            return customer;
        }
    }
    return NULL;
}

/* Covers one customer and goes behind what waits for a reader meanwhile. */
static enum next read_one(struct exchange *exchange, struct store *store)
{
    struct coverage_walk *walk = exchange->coverage;
    struct error error = {0};
    const struct directory_customer *customer = next_customer(walk);
    if (customer == NULL) {
        return reply_view(exchange, write_coverage, walk);
    }
    int64_t taken_ms = api_monotonic(exchange->api).ms - exchange->started_at.ms;
    if (taken_ms > exchange->api->request_deadline_ms) { /* nobody waits any more */
        return reply_problem(exchange, STATUS_TIMEOUT, NULL, NULL);
    }
    enum status status = cover(walk, store, customer, &error);
    if (status != STATUS_OK) {
        return escalations_read_fault(exchange, status, &error);
    }
    walk->customers_count++;
    exchange->read = read_one;
    return NEXT_READ;
}

/* ---- what is asked ---- */

static bool take_number(struct exchange *exchange, const char *name, int low, int high,
                        int fallback, int *number_r)
{
    const char *text = query_value(exchange, name);
    *number_r = fallback;
    if (text != NULL) {
        char *end;
        long number = strtol(text, &end, 10);
        if (end == text || *end != '\0' || number < low || number > high) {
            (void)reply_fault(exchange, STATUS_INVALID, NULL,
                              "query parameter %s must be a number from %d to %d", name, low, high);
            return false;
        }
        *number_r = (int)number;
    }
    return true;
}

static bool take_language(struct exchange *exchange, bool *french_r)
{
    const char *language = query_value(exchange, "language");
    *french_r = language != NULL
                    ? strcmp(language, "fr") == 0
                    : exchange->customer != NULL && strcmp(exchange->customer->language, "fr") == 0;
    if (language != NULL && !*french_r && strcmp(language, "en") != 0) {
        (void)reply_fault(exchange, STATUS_INVALID, NULL,
                          "query parameter language must be en or fr");
        return false;
    }
    return true;
}

enum next coverage_get(struct exchange *exchange)
{
    static const char *const parameters[] = {
        "customer", "days", "daily_rest_h", "weekly_rest_h", "number_proof_d", "language", NULL};
    int daily_h, weekly_h, proof_days;
    struct coverage_walk asked = {.exchange = exchange, .asked = {.now = exchange->received_at}};
    if (!query_check(exchange, parameters) || !query_customer_or_all(exchange) ||
        !take_number(exchange, "days", 1, COVERAGE_DAYS_MAX, COVERAGE_DAYS_MAX,
                     &asked.asked.days) ||
        !take_number(exchange, "daily_rest_h", 0, 24, COVERAGE_DAILY_REST_H, &daily_h) ||
        !take_number(exchange, "weekly_rest_h", 0, 168, COVERAGE_WEEKLY_REST_H, &weekly_h) ||
        !take_number(exchange, "number_proof_d", 0, NUMBER_PROOF_D_MAX, COVERAGE_NUMBER_PROOF_D,
                     &proof_days) ||
        !take_language(exchange, &asked.french)) {
        return NEXT_ANSWER;
    }
    asked.asked.daily_rest_ms = daily_h * HOUR_MS;
    asked.asked.weekly_rest_ms = weekly_h * HOUR_MS;
    asked.asked.number_proof_ms = proof_days * 24 * HOUR_MS;
    asked.asked.confirmed_numbers = true;
    asked.findings = arena_alloc(exchange->arena, FINDINGS_SHOWN_MAX * sizeof *asked.findings);
    asked.procedures =
        arena_alloc(exchange->arena, PROCEDURES_SHOWN_MAX * sizeof *asked.procedures);
    struct coverage_walk *walk = arena_alloc(exchange->arena, sizeof *walk);
    if (asked.findings == NULL || asked.procedures == NULL || walk == NULL) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    *walk = asked;
    exchange->coverage = walk;
    exchange->read = read_one;
    return NEXT_READ;
}
