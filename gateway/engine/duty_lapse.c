/* duty_lapse.c - a shift that was taken up and is not any more: the phone that proved it is gone or
 * silent or may not notify, or its agent left before the end.
 *
 * All that is done here is to say so in the duty's row (DUTY_LAPSED), in the transaction of what
 * ended it. Whoever finds shifts that are due finds this one then (check_in_watch.c), and it is
 * judged as any other (command_check_in.c): a check-in made since counts, and without one the
 * plan's procedure runs. So that a crash between the two loses nothing, and nothing is asked twice.
 * In a rota without a plan no shift is ever judged: what is known of a phone is an alarm there.
 */
#include "gateway/engine/duty_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/base/log.h"
#include "gateway/engine/asked_because.h"
#include "gateway/engine/reachability.h"

#define CHECK_OUT_BYTES_MAX 4096

enum status duty_lapse(struct engine *engine, struct check_in_duty_row *duty,
                       enum asked_because because, struct wall_time at, struct error *error)
{
    assert(duty->state == DUTY_TAKEN_UP && because != ASKED_MISSING);
    duty->state = DUTY_LAPSED;
    duty->asked_because = because;
    duty->judged_at = at;
    probe_plan(engine, duty);
    log_warning("check_in.lapsed", LOG_INT("agent", duty->agent_id),
                LOG_TEXT("because", asked_because_word(because)));
    engine_customer_changed(engine, duty->customer_id, false);
    return store_put_check_in_duty(engine->store, duty, error);
}

bool duty_is_watched(const struct directory_customer *customer,
                     const struct check_in_duty_row *duty, struct wall_time at)
{
    const struct directory_rota *rota = directory_rota(customer, duty->rota);
    const struct directory_interval *shift =
        rota == NULL ? NULL : check_in_shift(rota, duty->agent_id, duty->shift_from_at);
    return shift != NULL && rota->check_in.planned && shift->from.ms >= rota->check_in.since.ms &&
           shift->to.ms - at.ms > DUTY_LEFT_MS_MIN;
}

enum status duty_carried_by_phone(struct engine *engine, const struct check_in_row *check_in,
                                  struct wall_time at, struct error *error)
{
    struct check_in_duty_row duties[DUTIES_OF_AGENT_MAX];
    size_t count = 0;
    enum status status =
        store_list_taken_up_duties(engine->store, check_in->customer_id, check_in->agent_id, at,
                                   DUTIES_OF_AGENT_MAX, duties, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (duties[i].completed_way != CHECK_IN_BY_APP) {
            duties[i].completed_way = CHECK_IN_BY_APP;
            duties[i].completed_at = at;
            probe_plan(engine, &duties[i]);
            status = store_put_check_in_duty(engine->store, &duties[i], error);
        }
    }
    return status;
}

/* ---- a phone that is gone ---- */

enum status duty_phones_load(struct engine *engine, const struct check_in_duty_row *duty,
                             const struct directory_rota *rota, struct duty_phones *phones_r,
                             struct error *error)
{
    struct check_in_row check_in;
    *phones_r =
        (struct duty_phones){.since = {duty->shift_from_at.ms - rota->check_in.opens_before_ms}};
    enum status status =
        store_list_devices_of_agent(engine->store, duty->customer_id, duty->agent_id,
                                    engine->scratch, &phones_r->all, &phones_r->count, error);
    if (status == STATUS_OK) {
        status = store_get_check_in(engine->store, duty->customer_id, duty->agent_id,
                                    engine->scratch, &check_in, error);
        phones_r->checked_in_with = status == STATUS_OK ? check_in.installation : NULL;
        phones_r->checked_in_at = status == STATUS_OK ? check_in.in_at : WALL_NEVER;
        phones_r->complete = status == STATUS_OK && check_in.completed_at.ms != TIME_NEVER_MS;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

bool duty_phone_carries(const struct duty_phones *phones, const struct device_row *phone)
{
    bool proven = phone->proven_at.ms != TIME_NEVER_MS && phone->proven_at.ms >= phones->since.ms;
    if (permission_is_denied(phone->permission)) {
        return false;
    }
    return proven || (phones->complete && phones->checked_in_with != NULL &&
                      strcmp(phones->checked_in_with, phone->installation) == 0);
}

static enum status lapse_without_phone(struct engine *engine,
                                       const struct directory_customer *customer,
                                       struct check_in_duty_row *duty, enum asked_because because,
                                       struct wall_time at, struct error *error)
{
    struct duty_phones phones;
    if (duty->completed_way != CHECK_IN_BY_APP || !duty_is_watched(customer, duty, at)) {
        return STATUS_OK; /* no phone's app proved it, or nobody would ask */
    }
    enum status status =
        duty_phones_load(engine, duty, directory_rota(customer, duty->rota), &phones, error);
    bool stands = phones.checked_in_with == NULL; /* they checked out: what that means was said */
    for (size_t i = 0; i < phones.count && status == STATUS_OK; i++) {
        stands = stands || duty_phone_carries(&phones, &phones.all[i]);
    }
    return status == STATUS_OK && !stands ? duty_lapse(engine, duty, because, at, error) : status;
}

enum status duty_phone_gone(struct engine *engine, int64_t customer_id, int64_t agent_id,
                            enum asked_because because, struct wall_time at, struct error *error)
{
    const struct directory_customer *customer = directory_customer(engine->current, customer_id);
    struct check_in_duty_row duties[DUTIES_OF_AGENT_MAX];
    size_t count = 0;
    if (customer == NULL) {
        return STATUS_OK;
    }
    enum status status = store_list_taken_up_duties(engine->store, customer_id, agent_id, at,
                                                    DUTIES_OF_AGENT_MAX, duties, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = lapse_without_phone(engine, customer, &duties[i], because, at, error);
    }
    return status;
}

/* ---- an agent who leaves early ---- */

/* Whether whoever has the shift behind this one has checked in for it. */
static enum status find_next_there(struct engine *engine, const struct directory_rota *rota,
                                   const struct check_in_duty_row *duty, bool *there_r,
                                   struct error *error)
{
    const struct directory_interval *next = NULL;
    struct check_in_row check_in;
    for (size_t i = 0; i < rota->intervals_count && next == NULL; i++) {
        const struct directory_interval *shift = &rota->intervals[i];
        if (shift->from.ms >= duty->shift_to_at.ms && shift->agent_id != duty->agent_id) {
            next = shift;
        }
    }
    *there_r = false;
    if (next == NULL) {
        return STATUS_OK;
    }
    enum status status = store_get_check_in(engine->store, duty->customer_id, next->agent_id,
                                            engine->scratch, &check_in, error);
    if (status == STATUS_OK) {
        *there_r = check_in.completed_at.ms != TIME_NEVER_MS &&
                   check_in.in_at.ms >= next->from.ms - rota->check_in.opens_before_ms;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void write_left(struct json_writer *json, const struct check_in_duty_row *duty)
{
    json_object_begin(json);
    json_member_text(json, "role", duty->rota);
    json_member_time(json, "from", duty->shift_from_at);
    json_member_time(json, "to", duty->shift_to_at);
    json_object_end(json);
}

static const char *words_for(const struct directory_customer *customer, int64_t agent_id)
{
    const struct directory_person *agent = directory_agent(customer, agent_id);
    const char *language =
        agent != NULL && agent->language != NULL ? agent->language : customer->language;
    return strncmp(language, "en", 2) == 0
               ? "Your shift is not over: the check-in is asked for anew, and you are still "
                 "called until somebody takes the shift."
               : "Votre astreinte n'est pas finie : la prise de poste est redemandée, et vous êtes "
                 "toujours appelé tant que personne ne la reprend.";
}

enum status duty_answer_check_out(struct engine *engine, struct command *command,
                                  struct error *error)
{
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    int64_t agent_id = command->request.check_in.agent_id;
    struct check_in_duty_row duties[DUTIES_OF_AGENT_MAX];
    char text[CHECK_OUT_BYTES_MAX];
    struct json_writer json;
    size_t count = 0, left = 0;
    enum status status = store_list_taken_up_duties(engine->store, command->customer_id, agent_id,
                                                    command->received_at, DUTIES_OF_AGENT_MAX,
                                                    duties, &count, error);
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_text(&json, "state", "checked_out");
    json_name(&json, "left_early");
    json_array_begin(&json);
    for (size_t i = 0; i < count && status == STATUS_OK && customer != NULL; i++) {
        bool there = true;
        if (duty_is_watched(customer, &duties[i], command->received_at)) {
            status = find_next_there(engine, directory_rota(customer, duties[i].rota), &duties[i],
                                     &there, error);
        }
        if (status == STATUS_OK && !there) {
            write_left(&json, &duties[i]);
            left++;
            status = duty_lapse(engine, &duties[i], ASKED_LEFT_EARLY, command->received_at, error);
        }
    }
    json_array_end(&json);
    json_member_text(&json, "detail", left > 0 ? words_for(customer, agent_id) : NULL);
    json_object_end(&json);
    assert(!json_writer_overflowed(&json));
    if (status == STATUS_OK) {
        answer_json(command, text, json_writer_bytes(&json));
    }
    return status;
}
