/* procedure.c - reads procedures from their JSON form. */
#include "gateway/core/procedure.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/base/time.h"

#define SECOND_MS INT64_C(1000)

static unsigned parse_via(struct json_reader *reader, bool required)
{
    json_t *paths = json_take_array(reader, "by", required, 1, 2);
    unsigned via = 0;
    for (size_t i = 0; paths != NULL && i < json_array_size(paths); i++) {
        const char *word = json_string_value(json_array_get(paths, i));
        if (word != NULL && strcmp(word, "push") == 0) {
            via |= VIA_PUSH;
        } else if (word != NULL && strcmp(word, "call") == 0) {
            via |= VIA_CALL;
        } else {
            json_reader_fault(reader, "by", "must hold \"push\", \"call\" or both");
        }
    }
    assert((via & ~(VIA_PUSH | VIA_CALL)) == 0);
    return via;
}

static enum status parse_target(json_t *object, const char *pointer, bool of_exhausted,
                                struct procedure_target *target_r, struct error *error)
{
    static const char *const names[] = {"on_call", "agent", "contact", "callback", "check_in"};
    struct json_reader reader;
    json_reader_init(&reader, object, pointer, error);
    unsigned found = 0;
    for (int kind = TARGET_ON_CALL; kind <= TARGET_CHECK_IN; kind++) {
        if (kind == TARGET_CALLBACK && !of_exhausted) {
            continue;
        }
        const char *name = json_take_slug(&reader, names[kind], false);
        if (name != NULL) {
            found++;
            target_r->kind = (enum target_kind)kind;
            (void)text_copy(target_r->name, sizeof target_r->name, name);
        }
    }
    if (found != 1) {
        json_reader_fault(&reader, NULL,
                          "must name exactly one of on_call, agent, contact, check_in%s",
                          of_exhausted ? ", callback" : "");
    } else if (target_r->kind == TARGET_CHECK_IN && strcmp(target_r->name, "agent") != 0) {
        json_reader_fault(&reader, "check_in", "must be \"agent\": whose check-in is asked for");
    }
    if (of_exhausted) {
        target_r->via = parse_via(&reader, false);
        if (target_r->kind != TARGET_CALLBACK && target_r->via == 0) {
            target_r->via = VIA_CALL;
        }
    }
    enum status status = json_reader_end(&reader);
    assert(status != STATUS_OK || text_is_slug(target_r->name));
    assert(status != STATUS_OK || of_exhausted || target_r->kind != TARGET_CALLBACK);
    return status;
}

static enum status parse_targets(json_t *array, const char *pointer, bool of_exhausted,
                                 struct arena *arena, struct procedure_target **targets_r,
                                 size_t *count_r, struct error *error)
{
    size_t count = json_array_size(array);
    assert(count >= 1); /* the reader saw to it */
    assert(of_exhausted || count <= PROCEDURE_TARGETS_MAX);
    assert(!of_exhausted || count <= PROCEDURE_EXHAUSTED_MAX);
    struct procedure_target *targets = arena_alloc(arena, count * sizeof *targets);
    if (targets == NULL) {
        return error_set(error, STATUS_TOO_LARGE, "the procedure is too large");
    }
    for (size_t i = 0; i < count; i++) {
        char place[64];
        (void)snprintf(place, sizeof place, "%s/%zu", pointer, i);
        enum status status =
            parse_target(json_array_get(array, i), place, of_exhausted, &targets[i], error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *targets_r = targets;
    *count_r = count;
    return STATUS_OK;
}

static enum status parse_step(json_t *object, size_t number, struct arena *arena,
                              struct procedure_step *step_r, struct error *error)
{
    assert(number < PROCEDURE_STEPS_MAX);
    char pointer[32], notify[48];
    (void)snprintf(pointer, sizeof pointer, "/steps/%zu", number);
    (void)snprintf(notify, sizeof notify, "%s/notify", pointer);
    struct json_reader reader;
    json_reader_init(&reader, object, pointer, error);
    json_t *targets = json_take_array(&reader, "notify", true, 1, PROCEDURE_TARGETS_MAX);
    step_r->via = parse_via(&reader, true);
    step_r->received_within_ms =
        json_take_int(&reader, "received_within_s", false, 1, 3600, 0) * SECOND_MS;
    step_r->accepted_within_ms =
        json_take_int(&reader, "accepted_within_s", true, 1, 86400, 0) * SECOND_MS;
    step_r->acceptances = (int)json_take_int(&reader, "acceptances", false, 1, ACCEPTANCES_MAX, 1);
    enum status status = json_reader_end(&reader);
    if (status != STATUS_OK) {
        return status;
    }
    assert(step_r->via != 0 && step_r->accepted_within_ms >= SECOND_MS);
    assert(step_r->received_within_ms >= 0 && step_r->acceptances >= 1);
    return parse_targets(targets, notify, false, arena, &step_r->targets, &step_r->targets_count,
                         error);
}

static enum status parse_exhausted(json_t *array, struct arena *arena, struct procedure *procedure,
                                   struct error *error)
{
    if (array != NULL) {
        return parse_targets(array, "/exhausted", true, arena, &procedure->exhausted,
                             &procedure->exhausted_count, error);
    }
    procedure->exhausted = procedure_of_last_resort()->exhausted;
    procedure->exhausted_count = procedure_of_last_resort()->exhausted_count;
    assert(procedure->exhausted_count > 0);
    return STATUS_OK;
}

static void take_date(struct json_reader *reader, const char *name, char date_r[DATE_BYTES_MAX])
{
    char moment[DATE_BYTES_MAX + sizeof "T00:00:00Z"];
    struct wall_time time;
    const char *text = json_take_text(reader, name, false, DATE_BYTES_MAX - 1, DATE_BYTES_MAX - 1);
    if (text == NULL) {
        return;
    }
    (void)snprintf(moment, sizeof moment, "%sT00:00:00Z", text);
    if (wall_time_parse(moment, &time) != STATUS_OK) {
        json_reader_fault(reader, name, "must be a date such as 2026-01-31");
        return;
    }
    (void)text_copy(date_r, DATE_BYTES_MAX, text);
}

/* What the customer signed. */
static void parse_paper(struct json_reader *reader, struct procedure *procedure)
{
    const char *name =
        json_take_text(reader, "approved_by", false, 1, PROCEDURE_NAME_BYTES_MAX - 1);
    take_date(reader, "approved_on", procedure->approved_on);
    take_date(reader, "review_on", procedure->review_on);
    if (reader->status != STATUS_OK) {
        return;
    }
    if ((name != NULL) != (procedure->approved_on[0] != '\0')) {
        json_reader_fault(reader, name != NULL ? "approved_on" : "approved_by",
                          "is missing: an approval has approved_by and approved_on");
    } else if (name != NULL && procedure->review_on[0] != '\0' &&
               strcmp(procedure->review_on, procedure->approved_on) < 0) {
        json_reader_fault(reader, "review_on", "must not be before approved_on");
    } else if (name != NULL) {
        (void)text_copy(procedure->approved_by, sizeof procedure->approved_by, name);
    }
}

/* What is done beside a step for people who may not be reached by it. */
static void parse_standing(struct json_reader *reader, struct procedure *procedure)
{
    procedure->doubtful_calls_too = json_take_bool(reader, "doubtful_calls_too", true);
    const char *role = json_take_text(reader, "when_busy", false, 0, SLUG_BYTES_MAX - 1);
    if (role == NULL) {
        role = PROCEDURE_WHEN_BUSY;
    } else if (role[0] != '\0' && !text_is_slug(role)) {
        json_reader_fault(reader, "when_busy",
                          "must be a role, or \"\": nobody else is asked then");
        return;
    }
    (void)text_copy(procedure->when_busy, sizeof procedure->when_busy, role);
}

/* What escalation_step() relies on; the reader has refused anything else. */
static void check_numbers(const struct procedure *procedure)
{
    assert(procedure->rounds >= 1 && procedure->rounds <= PROCEDURE_ROUNDS_MAX);
    assert(procedure->round_spacing_ms > 0 && procedure->exhausted_every_ms > 0);
    assert(procedure->progress_within_ms > 0 && procedure->holder_silent_ms > 0);
    assert(procedure->promise_warning_ms > 0 && procedure->offer_within_ms > 0);
    assert(procedure->steps_count >= 1 && procedure->steps_count <= PROCEDURE_STEPS_MAX);
    assert(procedure->exhausted_count >= 1 &&
           procedure->exhausted_count <= PROCEDURE_EXHAUSTED_MAX);
}

static enum status parse_object(json_t *json, const char *slug, struct arena *arena,
                                struct procedure **procedure_r, struct error *error)
{
    struct procedure *procedure = arena_alloc(arena, sizeof *procedure);
    if (procedure == NULL) {
        return error_set(error, STATUS_TOO_LARGE, "the procedure is too large");
    }
    struct json_reader reader;
    json_reader_init(&reader, json, "", error);
    const char *own_slug = json_take_slug(&reader, "slug", false);
    if (own_slug != NULL && strcmp(own_slug, slug) != 0) {
        json_reader_fault(&reader, "slug", "must equal the name in the URL, or be left out");
    }
    (void)text_copy(procedure->slug, sizeof procedure->slug, slug);
    procedure->rounds = (int)json_take_int(&reader, "rounds", false, 1, PROCEDURE_ROUNDS_MAX, 2);
    procedure->round_spacing_ms =
        json_take_int(&reader, "round_spacing_s", false, 1, 3600, 120) * SECOND_MS;
    procedure->progress_within_ms =
        json_take_int(&reader, "progress_within_s", false, 1, 86400, 1800) * SECOND_MS;
    procedure->holder_silent_ms =
        json_take_int(&reader, "holder_silent_s", false, 1, 3600, 120) * SECOND_MS;
    procedure->exhausted_every_ms =
        json_take_int(&reader, "exhausted_every_s", false, 1, 3600, 60) * SECOND_MS;
    procedure->promise_warning_ms =
        json_take_int(&reader, "promise_warning_s", false, 1, 3600, 60) * SECOND_MS;
    parse_standing(&reader, procedure);
    procedure->offer_within_ms =
        json_take_int(&reader, "offer_within_s", false, 1, 3600, 300) * SECOND_MS;
    procedure->offer_at_shift_end = json_take_bool(&reader, "offer_at_shift_end", true);
    parse_paper(&reader, procedure);
    json_t *steps = json_take_array(&reader, "steps", true, 1, PROCEDURE_STEPS_MAX);
    json_t *exhausted = json_take_array(&reader, "exhausted", false, 1, PROCEDURE_EXHAUSTED_MAX);
    enum status status = json_reader_end(&reader);
    if (status != STATUS_OK) {
        return status;
    }
    procedure->steps_count = json_array_size(steps);
    procedure->steps = arena_alloc(arena, procedure->steps_count * sizeof *procedure->steps);
    if (procedure->steps == NULL) {
        return error_set(error, STATUS_TOO_LARGE, "the procedure is too large");
    }
    for (size_t i = 0; i < procedure->steps_count && status == STATUS_OK; i++) {
        status = parse_step(json_array_get(steps, i), i, arena, &procedure->steps[i], error);
    }
    if (status == STATUS_OK) {
        status = parse_exhausted(exhausted, arena, procedure, error);
    }
    if (status == STATUS_OK) {
        check_numbers(procedure);
        *procedure_r = procedure;
    }
    return status;
}

enum status procedure_parse(const char *json, size_t json_bytes, const char *slug,
                            struct arena *arena, struct procedure **procedure_r,
                            struct error *error)
{
    assert((json != NULL || json_bytes == 0) &&
           slug != NULL); /* an empty body is bad JSON, no bug */
    assert(arena != NULL && procedure_r != NULL);
    json_t *document;
    enum status status = json_parse(json, json_bytes, &document, error);
    if (status == STATUS_OK) {
        status = parse_object(document, slug, arena, procedure_r, error);
        json_decref(document);
    }
    return status;
}

enum procedure_paper procedure_paper(const struct procedure *procedure, const char *today)
{
    assert(procedure != NULL && strlen(today) >= DATE_BYTES_MAX - 1);
    if (procedure->approved_by[0] == '\0') {
        return PAPER_UNAPPROVED;
    }
    bool due = procedure->review_on[0] != '\0' &&
               strncmp(procedure->review_on, today, DATE_BYTES_MAX - 1) < 0;
    return due ? PAPER_REVIEW_DUE : PAPER_IN_ORDER;
}

const char *procedure_paper_word(enum procedure_paper paper)
{
    static const char *const words[] = {[PAPER_IN_ORDER] = "in_order",
                                        [PAPER_UNAPPROVED] = "unapproved",
                                        [PAPER_REVIEW_DUE] = "review_due"};
    assert((unsigned)paper < sizeof words / sizeof words[0]);
    return words[paper];
}

bool procedure_asks_check_in(const struct procedure *procedure)
{
    for (size_t i = 0; i < procedure->steps_count; i++) {
        for (size_t k = 0; k < procedure->steps[i].targets_count; k++) {
            if (procedure->steps[i].targets[k].kind == TARGET_CHECK_IN) {
                return true;
            }
        }
    }
    return false;
}

const struct procedure *procedure_of_last_resort(void)
{
    static struct procedure_target call_centre = {.kind = TARGET_CALLBACK, .name = "call-centre"};
    static const struct procedure procedure = {
        .slug = "last-resort",
        .rounds = 1,
        .round_spacing_ms = 120 * SECOND_MS,
        .progress_within_ms = 1800 * SECOND_MS,
        .holder_silent_ms = 120 * SECOND_MS,
        .exhausted_every_ms = 60 * SECOND_MS,
        .promise_warning_ms = 60 * SECOND_MS,
        .offer_within_ms = 300 * SECOND_MS,
        .offer_at_shift_end = true,
        .exhausted = &call_centre,
        .exhausted_count = 1,
    };
    return &procedure;
}
