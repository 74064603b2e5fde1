/* nightly.c - when coverage is due, and the report that is kept of it. */
#include "gateway/coverage/nightly.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/coverage/coverage_private.h"
#include "gateway/rota/moment.h"

#define DAY_MS             INT64_C(86400000)
#define HOUR_MS            INT64_C(3600000)
#define COUNTS_BYTES_MAX   1024
#define ITEM_BYTES_MAX     1024
#define MINUTES_OF_THE_DAY 1440

enum status coverage_last_night(const char *zone, int minute, struct wall_time now,
                                struct arena *arena, struct wall_time *night_r, struct error *error)
{
    char text[16];
    /* A day has 25 hours at most, but for a zone that moves to the other side of the date line. */
    struct wall_time after = {now.ms > 2 * DAY_MS ? now.ms - 2 * DAY_MS : 0}, night = {0};
    assert(minute >= 0 && minute < MINUTES_OF_THE_DAY);
    (void)snprintf(text, sizeof text, "%02d:%02d", minute / 60, minute % 60);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && after.ms <= now.ms) {
        struct wall_time next = WALL_NEVER;
        status = moment_parse(text, zone, after, arena, &next, error);
        if (status == STATUS_OK && next.ms <= now.ms) {
            night = next;
        }
        after.ms = status == STATUS_OK ? next.ms + 1 : after.ms;
    }
    if (status == STATUS_OK) {
        *night_r = night;
    }
    return status;
}

struct wall_time coverage_last_before_shift(const struct directory_customer *customer,
                                            int64_t before_ms, struct wall_time now)
{
    struct wall_time last = WALL_NEVER;
    for (size_t i = 0; i < customer->rotas_count; i++) {
        const struct directory_rota *rota = &customer->rotas[i];
        for (size_t k = 0; k < rota->intervals_count; k++) {
            int64_t due_ms = rota->intervals[k].from.ms - before_ms;
            bool passed = due_ms <= now.ms && due_ms > now.ms - 2 * DAY_MS;
            if (passed && (last.ms == TIME_NEVER_MS || due_ms > last.ms)) {
                last.ms = due_ms;
            }
        }
    }
    return last;
}

/* ---- what is kept ---- */

static void write_slug(struct json_writer *json, const char *name, const char *slug)
{
    if (slug != NULL) {
        json_member_text(json, name, slug);
    }
}

static void write_item(struct json_writer *json, const struct coverage_finding *finding)
{
    json_object_begin(json);
    json_member_text(json, "kind", coverage_kind_word(finding->kind));
    json_member_int(json, "from", finding->from.ms);
    json_member_int(json, "to", finding->to.ms);
    write_slug(json, "rota", finding->rota);
    write_slug(json, "with_rota", finding->with_rota);
    write_slug(json, "procedure", finding->procedure);
    write_slug(json, "agent", finding->person != NULL ? finding->person->slug : NULL);
    write_slug(json, "with_agent",
               finding->with_person != NULL ? finding->with_person->slug : NULL);
    if (finding->rest_ms != 0) {
        json_member_int(json, "rest_ms", finding->rest_ms);
    }
    if (finding->lost) {
        json_member_bool(json, "lost", true);
    }
    json_object_end(json);
}

static const char *write_items(const struct coverage *coverage, struct arena *arena,
                               size_t *count_r)
{
    size_t count = coverage->findings_count < COVERAGE_ITEMS_KEPT_MAX ? coverage->findings_count
                                                                      : COVERAGE_ITEMS_KEPT_MAX;
    size_t bytes = (count + 1) * ITEM_BYTES_MAX;
    char *text = arena_alloc(arena, bytes);
    struct json_writer json;
    if (text == NULL) {
        return NULL;
    }
    json_writer_init(&json, text, bytes);
    json_array_begin(&json);
    for (size_t i = 0; i < count; i++) {
        write_item(&json, &coverage->findings[i]);
    }
    json_array_end(&json);
    assert(!json_writer_overflowed(&json)); /* slugs and numbers of our own */
    *count_r = count;
    return text;
}

static const char *write_counts(const struct coverage *coverage, struct arena *arena)
{
    int64_t counts[COVERAGE_KINDS_COUNT] = {0};
    char *text = arena_alloc(arena, COUNTS_BYTES_MAX);
    struct json_writer json;
    if (text == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < coverage->findings_count; i++) {
        counts[coverage->findings[i].kind]++;
    }
    json_writer_init(&json, text, COUNTS_BYTES_MAX);
    json_object_begin(&json);
    for (int kind = 0; kind < COVERAGE_KINDS_COUNT; kind++) {
        if (counts[kind] > 0) {
            json_member_int(&json, coverage_kind_word((enum coverage_kind)kind), counts[kind]);
        }
    }
    json_object_end(&json);
    assert(!json_writer_overflowed(&json));
    return text;
}

enum status coverage_report_make(const struct coverage_reporting *request,
                                 const struct engine_rotas *rotas, struct arena *arena,
                                 struct coverage_report *report_r, struct error *error)
{
    const struct coverage *coverage = request->coverage;
    size_t kept = 0;
    struct coverage_report report = {
        .findings = (int64_t)(coverage->findings_count + coverage->left_off),
        .counts = write_counts(coverage, arena),
        .items = write_items(coverage, arena, &kept),
    };
    report.more = report.findings - (int64_t)kept;
    if (report.counts == NULL || report.items == NULL ||
        !find_news(request, rotas, arena, &report)) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the report");
    }
    *report_r = report;
    return STATUS_OK;
}

enum coverage_kind coverage_kind_parse(const char *word)
{
    int kind = 0;
    while (kind < COVERAGE_KINDS_COUNT &&
           strcmp(coverage_kind_word((enum coverage_kind)kind), word) != 0) {
        kind++;
    }
    return (enum coverage_kind)kind;
}
