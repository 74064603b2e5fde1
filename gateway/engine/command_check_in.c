/* command_check_in.c - prise de poste: what becomes of a shift's check-in.
 *
 *   reminder due ──checked in──► TAKEN_UP
 *        ├──────over already───► PASSED (an alarm)
 *        └──────otherwise──────► MISSING: the plan's procedure runs, as an escalation
 *                                   ├──checks in──────────────────────► TAKEN_UP
 *                                   ├──another agent accepts──────────► REPLACED
 *                                   └──not theirs in the rota any more─► WITHDRAWN
 *                                                     theirs again: judged as if it were due now
 *   TAKEN_UP ──phone gone or silent, left early─► LAPSED (duty_lapse.c): judged in the same way
 *
 * The row that says so is written in the transaction in which the escalation is opened or ended:
 * what has a row is never opened again, and what has none is found again, whatever happens between.
 * Nobody is taken off a rota for a check-in that is missing: only who accepted takes a shift.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/engine/asked_because.h"
#include "gateway/engine/duty_private.h"
#include "gateway/engine/reachability.h"
#include "gateway/engine/span_words.h"

#define MISSING_MAX      DUTIES_OF_AGENT_MAX
#define FIELDS_BYTES_MAX 1024
#define LATE_TOLD_MS     INT64_C(60000)

/* ---- shifts ---- */

const struct directory_interval *check_in_shift(const struct directory_rota *rota, int64_t agent_id,
                                                struct wall_time from)
{
    for (size_t i = 0; i < rota->intervals_count; i++) {
        const struct directory_interval *shift = &rota->intervals[i];
        if (shift->from.ms == from.ms && shift->agent_id == agent_id) {
            return shift;
        }
    }
    return NULL;
}

bool check_in_is_due(const struct directory_rota *rota, const struct directory_interval *shift,
                     struct wall_time now)
{
    const struct directory_check_in *plan = &rota->check_in;
    return plan->planned && shift->from.ms >= plan->since.ms &&
           shift->from.ms - plan->remind_before_ms <= now.ms;
}

static bool is_on_call(const struct directory_rota *rota, struct wall_time at)
{
    for (size_t i = 0; i < rota->intervals_count; i++) {
        if (rota->intervals[i].from.ms <= at.ms && at.ms < rota->intervals[i].to.ms) {
            return true;
        }
    }
    return false;
}

/* A shift that is over stays the agent's, and so does one that nobody has now because its agent is
 * not active any more: what was not taken up is then for people to settle. */
bool check_in_duty_stands(const struct directory_customer *customer,
                          const struct check_in_duty_row *duty, struct wall_time now)
{
    const struct directory_rota *rota = directory_rota(customer, duty->rota);
    const struct directory_person *agent = directory_agent(customer, duty->agent_id);
    if (rota == NULL || rota->broken || duty->shift_to_at.ms <= now.ms) {
        return true;
    }
    const struct directory_interval *shift =
        check_in_shift(rota, duty->agent_id, duty->shift_from_at);
    struct wall_time at = {duty->shift_from_at.ms > now.ms ? duty->shift_from_at.ms : now.ms};
    if (shift != NULL && shift->to.ms > now.ms) {
        return true;
    }
    return agent == NULL || (!agent->active && !is_on_call(rota, at));
}

bool check_in_is_owed_anew(const struct check_in_duty_row *duty,
                           const struct directory_interval *shift, struct wall_time now)
{
    /* What its agent had of a shift until somebody took it stays theirs. */
    int64_t until_ms = duty->state == DUTY_REPLACED && duty->completed_at.ms > now.ms
                           ? duty->completed_at.ms
                           : now.ms;
    return (duty->state == DUTY_WITHDRAWN || duty->state == DUTY_REPLACED ||
            duty->state == DUTY_PASSED || duty->state == DUTY_LAPSED) &&
           shift->to.ms > shift->from.ms && /* cut down to nothing, it may still stand there */
           shift->to.ms > until_ms;
}

static struct check_in_duty_row new_duty(int64_t customer_id, const char *rota,
                                         const struct directory_interval *shift,
                                         struct wall_time now)
{
    struct check_in_duty_row duty = {
        .customer_id = customer_id,
        .shift_from_at = shift->from,
        .agent_id = shift->agent_id,
        .shift_to_at = shift->to,
        .judged_at = now,
        .completed_at = WALL_NEVER,
        .probe_due = ENGINE_NEVER,
        .probed_at = WALL_NEVER,
    };
    (void)text_copy(duty.rota, sizeof duty.rota, rota);
    return duty;
}

/* A check-in counts from the plan's opening on, of a shift that lapsed from then on. */
static struct wall_time counts_since(const struct directory_rota *rota,
                                     const struct directory_interval *shift,
                                     const struct check_in_duty_row *lapsed)
{
    struct wall_time since = {shift->from.ms - rota->check_in.opens_before_ms};
    if (lapsed != NULL) {
        bool set_back = lapsed->completed_at.ms != TIME_NEVER_MS &&
                        lapsed->completed_at.ms > lapsed->judged_at.ms;
        since.ms = 1 + (set_back ? lapsed->completed_at.ms : lapsed->judged_at.ms);
    }
    return since;
}

/* Why no phone is left by which a check-in of the app stands; ASKED_MISSING: one is. */
static enum status find_lost(struct engine *engine, const struct check_in_duty_row *duty,
                             struct wall_time since, enum asked_because *lost_r,
                             struct error *error)
{
    struct device_row *phones = NULL;
    size_t count = 0;
    enum status status = store_list_devices_of_agent(
        engine->store, duty->customer_id, duty->agent_id, engine->scratch, &phones, &count, error);
    *lost_r = ASKED_PHONE_DIED;
    for (size_t i = 0; i < count && status == STATUS_OK && *lost_r != ASKED_MISSING; i++) {
        if (phones[i].proven_at.ms != TIME_NEVER_MS && phones[i].proven_at.ms >= since.ms) {
            bool denied = permission_is_denied(phones[i].permission);
            *lost_r = denied ? ASKED_PHONE_SILENT : ASKED_MISSING;
        }
    }
    return status;
}

/* It counts until the agent checks out, or no phone is left that it proved and that may notify. One
 * that a newer one replaced, whose test push is still on its way, counts. STATUS_NOT_FOUND: none
 * does, and the duty says why. */
static enum status find_check_in(struct engine *engine, struct wall_time since,
                                 struct check_in_duty_row *duty, struct check_in_row *row_r,
                                 struct error *error)
{
    struct check_in_row newest;
    enum asked_because lost = ASKED_MISSING;
    enum status status = store_find_complete_check_in(
        engine->store, duty->customer_id, duty->agent_id, since, engine->scratch, row_r, error);
    if (status == STATUS_OK) {
        status = store_get_check_in(engine->store, duty->customer_id, duty->agent_id,
                                    engine->scratch, &newest, error);
    }
    if (status == STATUS_OK && row_r->way == CHECK_IN_BY_APP) {
        status = find_lost(engine, duty, since, &lost, error);
    }
    if (status == STATUS_OK && lost != ASKED_MISSING) {
        duty->asked_because = lost;
        return STATUS_NOT_FOUND;
    }
    return status;
}

static bool speaks_french(const struct directory_customer *customer)
{
    return strncmp(customer->language, "en", 2) != 0;
}

/* What its ticket is called; NULL: no memory. */
static const char *title(struct arena *arena, enum asked_because because, const char *agent,
                         const char *rota, bool french)
{
    switch (because) {
    case ASKED_LEFT_EARLY:
        return arena_format(
            arena, french ? "Fin de poste anticipée : %s (%s)" : "Shift left early: %s (%s)", agent,
            rota);
    case ASKED_PHONE_DIED:
    case ASKED_PHONE_SILENT:
        return arena_format(
            arena, french ? "Prise de poste à refaire : %s (%s)" : "Check-in to be redone: %s (%s)",
            agent, rota);
    case ASKED_MISSING:
        break;
    }
    return arena_format(arena,
                        french ? "Prise de poste attendue : %s (%s)" : "Check-in missing: %s (%s)",
                        agent, rota);
}

/* Behind its details: what has become of a shift that was taken up, or that it is late. */
static const char *remark(enum asked_because because, bool late, bool french)
{
    switch (because) {
    case ASKED_PHONE_DIED:
        return french ? " Le téléphone de la prise de poste n'existe plus."
                      : " The phone of the check-in is gone.";
    case ASKED_PHONE_SILENT:
        return french ? " Le téléphone de la prise de poste ne répond plus."
                      : " The phone of the check-in does not answer any more.";
    case ASKED_LEFT_EARLY:
        return french ? " La fin de poste a été déclarée avant la fin de l'astreinte."
                      : " The check-out was made before the end of the shift.";
    case ASKED_MISSING:
        break;
    }
    return !late ? "" : french ? " Ce rappel part en retard." : " This reminder is late.";
}

/* What people read of it: nothing of a caller. */
static bool describe(struct engine *engine, struct arena *arena,
                     const struct directory_customer *customer, const struct directory_rota *rota,
                     const struct check_in_duty_row *duty, struct escalate_request *request)
{
    const struct directory_person *agent = directory_agent(customer, duty->agent_id);
    bool french = speaks_french(customer);
    char from[RFC3339_BYTES_MAX], to[RFC3339_BYTES_MAX];
    char fields[FIELDS_BYTES_MAX], span[SPAN_WORDS_BYTES_MAX];
    struct json_writer json;
    int64_t late_ms =
        duty->judged_at.ms - (duty->shift_from_at.ms - rota->check_in.remind_before_ms);
    wall_time_format(duty->shift_from_at, from);
    wall_time_format(duty->shift_to_at, to);
    span_words(&engine->configuration.rotas, customer, duty->shift_from_at, duty->shift_to_at,
               french, span);
    request->summary = title(arena, duty->asked_because, agent->name, rota->slug, french);
    request->details = arena_format(
        arena, french ? "Astreinte %s du %s.%s" : "On call for %s from %s.%s", rota->slug, span,
        remark(duty->asked_because, late_ms >= LATE_TOLD_MS, french));
    json_writer_init(&json, fields, sizeof fields);
    json_object_begin(&json);
    json_member_text(&json, "rota", rota->slug);
    json_member_text(&json, "agent", agent->slug);
    json_member_text(&json, "shift_from", from);
    json_member_text(&json, "shift_to", to);
    json_object_end(&json);
    assert(!json_writer_overflowed(&json));
    request->fields = arena_text(arena, fields);
    return request->summary != NULL && request->details != NULL && request->fields != NULL;
}

/* The plan's procedure runs, as if a caller had asked for it; an unknown one falls back as theirs
 * does. The duty's row stands for a key: this is done once. */
static enum status escalate(struct engine *engine, struct command *command,
                            const struct directory_customer *customer,
                            const struct directory_rota *rota, struct check_in_duty_row *duty,
                            struct error *error)
{
    struct command opening = {
        .type = command->type,
        .arena = command->arena,
        .customer_id = command->customer_id,
        .received_at = command->received_at,
        .request.escalate = {.key_id = "",
                             .severity = rota->check_in.severity,
                             .category = "check-in",
                             .procedure = rota->check_in.procedure,
                             .check_in_agent = duty->agent_id,
                             .asked_because = duty->asked_because == ASKED_MISSING
                                                  ? NULL
                                                  : asked_because_word(duty->asked_because)},
    };
    if (!describe(engine, command->arena, customer, rota, duty, &opening.request.escalate)) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a check-in's words");
    }
    opening.answer.body = "";
    enum status status = command_escalate(engine, &opening, error);
    if (status == STATUS_OK && opening.answer.status != STATUS_OK) {
        status = error_set(error, opening.answer.status, "%s", opening.answer.error.text);
    }
    duty->state = DUTY_MISSING;
    duty->escalation_id = opening.escalation_id;
    return status;
}

static void tell_passed(struct engine *engine, const struct directory_customer *customer,
                        const struct check_in_duty_row *duty)
{
    char from[RFC3339_BYTES_MAX], about[2 * SLUG_BYTES_MAX], detail[512];
    wall_time_format(duty->shift_from_at, from);
    (void)snprintf(about, sizeof about, "%s/%s", customer->slug, duty->rota);
    (void)snprintf(detail, sizeof detail,
                   "%s: the shift that began at %s was over before it could be watched: whether "
                   "its agent was there is not known",
                   about, from);
    engine_alarm_about(engine, "check_in.passed", about, detail);
}

/* What becomes of a shift that is due. */
static enum status judge(struct engine *engine, struct command *command,
                         const struct directory_customer *customer,
                         const struct directory_rota *rota, struct wall_time since,
                         struct check_in_duty_row *duty, struct error *error)
{
    struct check_in_row check_in;
    enum status status = find_check_in(engine, since, duty, &check_in, error);
    if (status == STATUS_OK) {
        duty->state = DUTY_TAKEN_UP;
        duty->completed_at = check_in.completed_at;
        duty->completed_way = check_in.way;
        probe_plan(engine, duty);
        return STATUS_OK;
    }
    if (status == STATUS_NOT_FOUND && duty->shift_to_at.ms <= command->received_at.ms) {
        duty->state = DUTY_PASSED;
        tell_passed(engine, customer, duty);
        return STATUS_OK;
    }
    return status == STATUS_NOT_FOUND ? escalate(engine, command, customer, rota, duty, error)
                                      : status;
}

enum status command_shift_due(struct engine *engine, struct command *command, struct error *error)
{
    const struct shift_request *request = &command->request.shift;
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct directory_rota *rota =
        customer == NULL ? NULL : directory_rota(customer, request->rota);
    const struct directory_interval *shift =
        rota == NULL ? NULL : check_in_shift(rota, request->agent_id, request->from);
    struct check_in_duty_row duty;
    if (shift == NULL || !check_in_is_due(rota, shift, command->received_at)) {
        return STATUS_OK; /* it was changed meanwhile */
    }
    enum status status = store_get_check_in_duty(engine->store, command->customer_id, rota->slug,
                                                 shift->from, shift->agent_id, &duty, error);
    bool owed_anew =
        status == STATUS_OK && check_in_is_owed_anew(&duty, shift, command->received_at);
    if (status != STATUS_NOT_FOUND && !owed_anew) {
        return status; /* judged already */
    }
    if (command->arena == NULL && (command->arena = arena_create(0)) == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for a shift");
    }
    bool lapsed = owed_anew && duty.state == DUTY_LAPSED;
    struct wall_time since = counts_since(rota, shift, lapsed ? &duty : NULL);
    enum asked_because because = lapsed ? duty.asked_because : ASKED_MISSING;
    duty = new_duty(command->customer_id, rota->slug, shift, command->received_at);
    duty.asked_because = because;
    status = judge(engine, command, customer, rota, since, &duty, error);
    return status == STATUS_OK ? store_put_check_in_duty(engine->store, &duty, error) : status;
}

/* ---- the end of a missing check-in ---- */

/* The escalation's end, by whoever ended it. */
static enum status finish(struct engine *engine, const struct check_in_duty_row *duty,
                          const struct event *because, enum event_type type, const char *text,
                          struct applied *applied_r, struct error *error)
{
    struct event event = event_now(engine, type, because->wall);
    event.actor = because->actor;
    event.via = because->via;
    event.text = text;
    return apply_event(engine, duty->customer_id, duty->escalation_id, &event, applied_r, error);
}

/* Ends the escalation of a duty that is settled without an answer to it. Who else holds it is told
 * by the core, until they know. */
static enum status end_escalation(struct engine *engine, const struct check_in_duty_row *duty,
                                  const struct event *because, const char *text,
                                  struct error *error)
{
    struct applied applied;
    if (poison_condemns(engine->poison, duty->customer_id, duty->escalation_id)) {
        return STATUS_OK; /* the desk was told of it, and ends it */
    }
    poison_begin(duty->customer_id, duty->escalation_id);
    enum status status =
        apply_nothing(engine, duty->customer_id, duty->escalation_id, &applied, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct escalation *now = &applied.update->after;
    if (now->quarantined || escalation_is_closed(now) || now->state == ESCALATION_CANCELLING) {
        return STATUS_OK;
    }
    bool held = escalation_is_held(now), own = held && person_equal(&now->holder, &because->actor);
    if (because->actor.kind == PERSON_NONE || (held && !own)) {
        return finish(engine, duty, because, EVENT_CANCEL, text, &applied, error);
    }
    if (!held) {
        status = finish(engine, duty, because, EVENT_ACCEPT, NULL, &applied, error);
    }
    return status == STATUS_OK ? finish(engine, duty, because, EVENT_DONE, text, &applied, error)
                               : status;
}

static enum status take_up(struct engine *engine, struct check_in_duty_row *duty,
                           enum check_in_way way, struct wall_time at, struct error *error)
{
    duty->state = DUTY_TAKEN_UP;
    duty->completed_at = at;
    duty->completed_way = way;
    probe_plan(engine, duty);
    return store_put_check_in_duty(engine->store, duty, error);
}

/* A check-in that did not come from the app. */
static enum status add_check_in(struct engine *engine, const struct check_in_duty_row *duty,
                                struct error *error)
{
    int64_t id;
    struct check_in_row row = {
        .customer_id = duty->customer_id,
        .agent_id = duty->agent_id,
        .installation = "",
        .role = duty->rota,
        .shift_from_at = duty->shift_from_at,
        .shift_to_at = duty->shift_to_at,
        .in_at = duty->completed_at,
        .out_at = WALL_NEVER,
        .way = duty->completed_way,
        .completed_at = duty->completed_at,
        .battery_percent = -1,
    };
    enum status status =
        check_in_end(engine, duty->customer_id, duty->agent_id, NULL, duty->completed_at, error);
    return status == STATUS_OK ? store_check_in(engine->store, &row, &id, error) : status;
}

/* A phone that may not notify wakes nobody, whatever came back from it: when that was so as the
 * check-in was made, or is so now. */
static enum status is_denied(struct engine *engine, const struct check_in_row *row, bool *denied_r,
                             struct error *error)
{
    struct registration_row phone;
    enum status status = store_get_registration(engine->store, row->customer_id, row->agent_id,
                                                row->installation, engine->scratch, &phone, error);
    *denied_r = permission_is_denied(row->permission) ||
                (status == STATUS_OK && permission_is_denied(phone.permission));
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status check_in_heard(struct engine *engine, const struct device_test_row *test,
                           struct wall_time at, struct error *error)
{
    struct check_in_duty_row duties[MISSING_MAX];
    struct check_in_row row;
    size_t count = 0;
    enum status status =
        store_find_check_in_of_test(engine->store, test->test_id, engine->scratch, &row, error);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    struct event because = {
        .wall = at, .via = PATH_APP, .actor = {.kind = PERSON_AGENT, .id = row.agent_id}};
    bool denied = false;
    status = is_denied(engine, &row, &denied, error);
    if (status != STATUS_OK || denied) {
        return status == STATUS_OK
                   ? store_deny_check_in(engine->store, row.customer_id, row.check_in_id, error)
                   : status;
    }
    status = store_complete_check_in(engine->store, row.customer_id, row.check_in_id, at, error);
    if (status == STATUS_OK) {
        status = store_list_missing_duties(engine->store, row.customer_id, row.agent_id, at,
                                           MISSING_MAX, duties, &count, error);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = take_up(engine, &duties[i], CHECK_IN_BY_APP, at, error);
        if (status == STATUS_OK && !uuid_is_nil(duties[i].escalation_id)) {
            status = end_escalation(engine, &duties[i], &because,
                                    "checked in by the app: the test push was heard", error);
        }
    }
    return status == STATUS_OK ? duty_carried_by_phone(engine, &row, at, error) : status;
}

/* ---- who else takes the shift ---- */

/* The rota as it is in this transaction: the directory does not know of others of its batch. */
static enum status find_definition(struct engine *engine, const struct check_in_duty_row *duty,
                                   const char **definition_r, struct error *error)
{
    struct definition_row *rows;
    size_t count;
    enum status status =
        store_list_rotas(engine->store, duty->customer_id, engine->scratch, &rows, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (strcmp(rows[i].slug, duty->rota) == 0) {
            *definition_r = rows[i].definition;
            return STATUS_OK;
        }
    }
    return status == STATUS_OK ? STATUS_NOT_FOUND : status;
}

static enum status write_replacement(struct engine *engine, const struct check_in_duty_row *duty,
                                     const struct directory_interval *shift,
                                     const struct directory_person *agent, struct error *error)
{
    const struct engine_rotas *rotas = &engine->configuration.rotas;
    const char *before = NULL, *after = NULL;
    enum status status = find_definition(engine, duty, &before, error);
    if (status == STATUS_OK) {
        status = rotas->replace(rotas->context, before, shift->from, shift->to, agent->slug,
                                engine->scratch, &after, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct definition_row row = {.customer_id = duty->customer_id,
                                 .slug = duty->rota,
                                 .definition = after,
                                 .changed_at = duty->completed_at};
    int64_t id;
    engine_customer_changed(engine, duty->customer_id, true);
    return store_put_rota(engine->store, &row, &id, error);
}

/* What the definition gives the duty's agent of the shift that somebody took; false: nothing. */
static enum status find_given_back(struct engine *engine, const struct directory_customer *customer,
                                   const struct check_in_duty_row *duty, const char *definition,
                                   struct directory_interval *shift_r, bool *found_r,
                                   struct error *error)
{
    const struct engine_rotas *rotas = &engine->configuration.rotas;
    const struct directory_person *agent = directory_agent(customer, duty->agent_id);
    struct engine_rota_interval *shifts = NULL;
    size_t count = 0;
    *found_r = false;
    enum status status = rotas->shifts(rotas->context, definition, customer->calendar,
                                       customer->time_zone, duty->shift_from_at, duty->shift_to_at,
                                       engine->scratch, &shifts, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK && agent != NULL; i++) {
        if (shifts[i].from.ms == duty->shift_from_at.ms &&
            strcmp(shifts[i].agent, agent->slug) == 0) {
            *shift_r = (struct directory_interval){
                .from = shifts[i].from, .to = shifts[i].to, .agent_id = agent->id};
            *found_r = true;
        }
    }
    return status;
}

enum status check_in_keep_replacements(struct engine *engine,
                                       const struct directory_customer *customer, const char *rota,
                                       struct wall_time now, const char **definition,
                                       struct error *error)
{
    const struct engine_rotas *rotas = &engine->configuration.rotas;
    struct check_in_duty_row duties[MISSING_MAX];
    struct directory_interval shift = {.agent_id = 0};
    size_t count = 0;
    enum status status = store_list_replaced_duties(engine->store, customer->id, rota, now,
                                                    MISSING_MAX, duties, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct directory_person *taker = directory_agent(customer, duties[i].replaced_by);
        bool found = false;
        status = find_given_back(engine, customer, &duties[i], *definition, &shift, &found, error);
        if (status != STATUS_OK || !found || taker == NULL || !taker->active ||
            !check_in_is_owed_anew(&duties[i], &shift, now)) {
            continue;
        }
        struct wall_time from = {
            shift.from.ms > duties[i].completed_at.ms ? shift.from.ms : duties[i].completed_at.ms};
        status = rotas->replace(rotas->context, *definition, from, shift.to, taker->slug,
                                engine->scratch, definition, error);
        status = status == STATUS_TOO_LARGE || status == STATUS_INVALID ? STATUS_OK : status;
    }
    return status;
}

/* The rota does not take it: people have to write it. Meanwhile who accepted holds the escalation,
 * whose progress is watched. */
static enum status tell_unwritten(struct engine *engine, const struct directory_customer *customer,
                                  const struct check_in_duty_row *duty, const char *why)
{
    char about[2 * SLUG_BYTES_MAX], detail[512];
    (void)snprintf(about, sizeof about, "%s/%s", customer->slug, duty->rota);
    (void)snprintf(detail, sizeof detail,
                   "%s: a replacement accepted a shift, but is not in the rota (%.100s): write it "
                   "there, and end the escalation",
                   about, why);
    log_error("check_in.replacement_not_written", LOG_TEXT("detail", detail));
    engine_alarm_about(engine, "check_in.replacement_not_written", about, detail);
    return STATUS_OK;
}

/* Another agent accepted: what is left of the shift is theirs from now on. */
static enum status replace(struct engine *engine, struct check_in_duty_row *duty,
                           const struct event *event, struct applied *applied_r,
                           struct error *error)
{
    const struct directory_customer *customer = applied_r->customer;
    const struct directory_person *agent = directory_agent(customer, event->actor.id);
    const struct directory_rota *rota = directory_rota(customer, duty->rota);
    const struct directory_interval *shift =
        rota == NULL ? NULL : check_in_shift(rota, duty->agent_id, duty->shift_from_at);
    struct error fault = {.text = ""};
    if (agent == NULL || !agent->active || shift == NULL || shift->to.ms <= event->wall.ms) {
        return STATUS_OK; /* nothing is left to take, or nobody who can: who accepted holds it */
    }
    struct directory_interval taken = {
        .from = {shift->from.ms > event->wall.ms ? shift->from.ms : event->wall.ms},
        .to = shift->to,
        .agent_id = agent->id};
    duty->state = DUTY_REPLACED;
    duty->replaced_by = agent->id;
    duty->completed_at = event->wall;
    duty->completed_way = CHECK_IN_BY_REPLACEMENT;
    enum status status = write_replacement(engine, duty, &taken, agent, &fault);
    if (status == STATUS_TOO_LARGE || status == STATUS_INVALID || status == STATUS_NOT_FOUND) {
        return tell_unwritten(engine, customer, duty, fault.text);
    }
    if (status != STATUS_OK) {
        *error = fault;
        return status;
    }
    struct check_in_duty_row own = new_duty(duty->customer_id, duty->rota, &taken, event->wall);
    own.completed_at = event->wall;
    own.completed_way = CHECK_IN_BY_REPLACEMENT;
    status = store_put_check_in_duty(engine->store, duty, error);
    if (status == STATUS_OK) {
        status = store_put_check_in_duty(engine->store, &own, error);
    }
    if (status == STATUS_OK) {
        status = add_check_in(engine, &own, error);
    }
    return status == STATUS_OK ? finish(engine, duty, event, EVENT_DONE,
                                        "took the shift, from now to its end", applied_r, error)
                               : status;
}

/* ---- answers ---- */

/* The agent said so where a person is heard: by a key, or to an operator. */
static bool is_said(const struct event *event)
{
    return event->via == PATH_DESK ? event->type != EVENT_PROGRESS : event->via == PATH_CALL;
}

static enum status answered_by_agent(struct engine *engine, struct check_in_duty_row *duty,
                                     const struct event *event, struct applied *applied_r,
                                     struct error *error)
{
    bool by_call = event->via == PATH_CALL;
    if (!is_said(event)) {
        return STATUS_OK; /* taken, not yet done: the app's check-in ends it */
    }
    enum status status =
        take_up(engine, duty, by_call ? CHECK_IN_BY_CALL : CHECK_IN_BY_VOICE, event->wall, error);
    if (status == STATUS_OK) {
        status = add_check_in(engine, duty, error);
    }
    return status == STATUS_OK && event->type != EVENT_DONE
               ? finish(engine, duty, event, EVENT_DONE,
                        by_call ? "checked in by telephone" : "checked in, as told to an operator",
                        applied_r, error)
               : status;
}

/* The duty that an event may settle. STATUS_NOT_FOUND: none. */
static enum status find_missing(struct engine *engine, int64_t customer_id, struct uuid escalation,
                                struct check_in_duty_row *duty_r, struct error *error)
{
    enum status status =
        store_get_duty_of_escalation(engine->store, customer_id, escalation, duty_r, error);
    return status == STATUS_OK && duty_r->state != DUTY_MISSING ? STATUS_NOT_FOUND : status;
}

enum status check_in_answered(struct engine *engine, const struct event *event,
                              struct applied *applied_r, struct error *error)
{
    const struct escalation *now = &applied_r->update->after;
    struct check_in_duty_row duty;
    bool says_yes =
        event->type == EVENT_ACCEPT || event->type == EVENT_PROGRESS || event->type == EVENT_DONE;
    if (now->check_in_agent == 0 || !says_yes || !applied_r->update->changed ||
        applied_r->update->answer != STATUS_OK || event->actor.kind != PERSON_AGENT) {
        return STATUS_OK;
    }
    enum status status = find_missing(engine, now->customer_id, now->id, &duty, error);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (event->actor.id == duty.agent_id) {
        return answered_by_agent(engine, &duty, event, applied_r, error);
    }
    return event->type == EVENT_ACCEPT ? replace(engine, &duty, event, applied_r, error)
                                       : STATUS_OK;
}

enum status check_in_forbids_done(struct engine *engine, int64_t customer_id,
                                  struct uuid escalation, int64_t agent_id, bool *forbids_r,
                                  struct error *error)
{
    struct check_in_duty_row duty;
    enum status status = find_missing(engine, customer_id, escalation, &duty, error);
    *forbids_r = status == STATUS_OK && duty.agent_id == agent_id;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status command_shift_withdrawn(struct engine *engine, struct command *command,
                                    struct error *error)
{
    const struct shift_request *request = &command->request.shift;
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    struct check_in_duty_row duty;
    struct event because = {.wall = command->received_at};
    if (customer == NULL) {
        return STATUS_OK;
    }
    enum status status = store_get_check_in_duty(engine->store, command->customer_id, request->rota,
                                                 request->from, request->agent_id, &duty, error);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (duty.state != DUTY_MISSING || check_in_duty_stands(customer, &duty, command->received_at)) {
        return STATUS_OK;
    }
    duty.state = DUTY_WITHDRAWN;
    status = store_put_check_in_duty(engine->store, &duty, error);
    return status == STATUS_OK
               ? end_escalation(engine, &duty, &because,
                                "the rota was changed: the shift is not this agent's any more",
                                error)
               : status;
}
