/* phone_probes.c - whether the phones of an agent on duty still answer. When none of those that
 * carry the shift was heard of for as long as the plan says, each gets a test push that nobody
 * hears and that the app answers by itself. If none does, the shift is not taken up any more.
 *
 * A probe only says something when it left: one that its provider did not take at once proves
 * nothing, and is sent again later. Nor does silence that is general: when as many phones of a
 * provider as nobody loses by chance fell silent in a row, and none answered between, it is taken
 * to be the provider's, told once as an alarm, and nobody else is asked anew before one answers.
 *
 * The row says when to look next, by the engine's clock: no step of the wall makes a phone late.
 */
#include "gateway/engine/duty_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/log.h"

/* A phone has so long to answer; what did not prove anything is tried again after as long. */
#define PROBE_ANSWER_MS INT64_C(300000)
/* Its provider took it later than that: it may still be on its way. */
#define PROBE_PROMPT_MS     INT64_C(60000)
#define SILENT_IN_A_ROW_MAX 20
#define TESTS_LOOKED_AT     6

enum answer_found { PROBE_ANSWERED, PROBE_UNANSWERED, PROBE_PROVES_NOTHING };

bool probe_is_wanted(const struct directory_rota *rota, const struct check_in_duty_row *duty,
                     struct wall_time now)
{
    return rota->check_in.planned && rota->check_in.probe_ms > 0 && duty->state == DUTY_TAKEN_UP &&
           duty->completed_way == CHECK_IN_BY_APP &&
           duty->shift_to_at.ms - now.ms > DUTY_LEFT_MS_MIN;
}

void probe_due_at(struct engine *engine, struct engine_time due)
{
    struct probe_watch *watch = &engine->probe_watch;
    watch->look_at.ms = due.ms < watch->look_at.ms ? due.ms : watch->look_at.ms;
}

void probe_provider_works(struct engine *engine, enum platform platform)
{
    engine->probe_watch.unanswered[platform] = 0;
}

static void look_again(struct engine *engine, struct check_in_duty_row *duty, int64_t wait_ms)
{
    duty->probed_at = WALL_NEVER;
    duty->probe_due = engine_time_add(engine_now(engine), wait_ms > 0 ? wait_ms : 0);
    probe_due_at(engine, duty->probe_due);
}

static void look_no_more(struct check_in_duty_row *duty)
{
    duty->probed_at = WALL_NEVER;
    duty->probe_due = ENGINE_NEVER;
}

void probe_plan(struct engine *engine, struct check_in_duty_row *duty)
{
    const struct directory_customer *customer =
        directory_customer(engine->current, duty->customer_id);
    const struct directory_rota *rota =
        customer == NULL ? NULL : directory_rota(customer, duty->rota);
    if (rota != NULL && probe_is_wanted(rota, duty, clock_wall(&engine->configuration.clock))) {
        look_again(engine, duty, rota->check_in.probe_ms);
    } else {
        look_no_more(duty);
    }
}

/* ---- sending ---- */

/* The newest probe of a phone; STATUS_NOT_FOUND: none is remembered. */
static enum status find_probe(struct engine *engine, const struct device_row *phone,
                              struct device_test_row *row_r, struct error *error)
{
    struct device_test_row rows[TESTS_LOOKED_AT];
    size_t count = 0;
    enum status status = store_list_device_tests(
        engine->store, phone->customer_id, phone->device_id, TESTS_LOOKED_AT, rows, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (rows[i].asked_by == TEST_BY_PROBE) {
            *row_r = rows[i];
            return STATUS_OK;
        }
    }
    return status == STATUS_OK ? STATUS_NOT_FOUND : status;
}

/* One at a time: another shift of the agent may have sent one just now. */
static enum status send_to(struct engine *engine, const struct directory_customer *customer,
                           const struct device_row *phone, struct error *error)
{
    const struct directory_person *agent = NULL;
    const struct directory_device *device = directory_device(customer, phone->device_id, &agent);
    struct device_test_row row;
    struct wall_time allowed_at;
    enum status status = find_probe(engine, phone, &row, error);
    bool under_way = status == STATUS_OK && row.received_at.ms == TIME_NEVER_MS &&
                     !engine_time_reached(row.not_after, engine_now(engine));
    if ((status != STATUS_OK && status != STATUS_NOT_FOUND) || under_way || device == NULL ||
        !device->live) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    return device_test_plan(engine, phone->customer_id, device, agent->id, TEST_BY_PROBE, &row,
                            &allowed_at, error);
}

/* When something was last heard of a phone; WALL_NEVER: that lies ahead of the wall, which was set
 * back since, and says nothing. */
static struct wall_time heard_at(const struct device_row *phone, struct wall_time now)
{
    const struct wall_time times[] = {phone->registered_at, phone->proven_at, phone->heard_at};
    struct wall_time last = WALL_NEVER;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i].ms <= now.ms && (last.ms == TIME_NEVER_MS || times[i].ms > last.ms)) {
            last = times[i];
        }
    }
    return last;
}

/* How long nothing was heard of any of them; INT64_MAX: nothing is known. */
static int64_t quiet_ms(const struct duty_phones *phones, struct wall_time now)
{
    int64_t least_ms = INT64_MAX;
    for (size_t i = 0; i < phones->count; i++) {
        struct wall_time at = heard_at(&phones->all[i], now);
        if (duty_phone_carries(phones, &phones->all[i]) && at.ms != TIME_NEVER_MS &&
            now.ms - at.ms < least_ms) {
            least_ms = now.ms - at.ms;
        }
    }
    return least_ms;
}

static enum status send_if_quiet(struct engine *engine, const struct directory_customer *customer,
                                 int64_t after_ms, const struct duty_phones *phones,
                                 struct check_in_duty_row *duty, struct wall_time now,
                                 struct error *error)
{
    int64_t quiet = quiet_ms(phones, now);
    if (quiet < after_ms) {
        look_again(engine, duty, after_ms - quiet);
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < phones->count && status == STATUS_OK; i++) {
        if (duty_phone_carries(phones, &phones->all[i])) {
            status = send_to(engine, customer, &phones->all[i], error);
        }
    }
    look_again(engine, duty, PROBE_ANSWER_MS);
    duty->probed_at = now;
    return status;
}

/* ---- judging ---- */

/* probed_at: of the shift; another of the agent's may have sent the probe a while before. */
static enum status find_answer(struct engine *engine, const struct device_row *phone,
                               struct wall_time probed_at, struct wall_time now,
                               enum answer_found *found_r, struct error *error)
{
    struct device_test_row probe;
    struct wall_time heard = heard_at(phone, now);
    enum status status = find_probe(engine, phone, &probe, error);
    *found_r = PROBE_PROVES_NOTHING;
    if (status != STATUS_OK || probe.planned_at.ms < probed_at.ms - PROBE_ANSWER_MS) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (probe.received_at.ms != TIME_NEVER_MS ||
        (heard.ms != TIME_NEVER_MS && heard.ms > probe.planned_at.ms)) {
        *found_r = PROBE_ANSWERED;
    } else if (!engine_time_reached(probe.not_after, engine_now(engine))) {
        *found_r = PROBE_PROVES_NOTHING; /* another shift's, sent since: it may still come */
    } else if (probe.state == ATTEMPT_ACCEPTED && probe.delayed_at.ms == TIME_NEVER_MS &&
               probe.accepted_at.ms - probe.planned_at.ms <= PROBE_PROMPT_MS) {
        *found_r = PROBE_UNANSWERED;
    }
    return STATUS_OK;
}

/* What all of them say together; the unanswered ones are counted, or not any more. */
static enum status find_verdict(struct engine *engine, const struct duty_phones *phones,
                                struct wall_time probed_at, struct wall_time now,
                                enum answer_found *found_r, bool *general_r, struct error *error)
{
    unsigned *unanswered = engine->probe_watch.unanswered;
    enum status status = STATUS_OK;
    bool answered = false, nothing = false, silent = false;
    *general_r = true;
    for (size_t i = 0; i < phones->count && status == STATUS_OK; i++) {
        enum answer_found found = PROBE_PROVES_NOTHING;
        enum platform platform = phones->all[i].platform;
        if (!duty_phone_carries(phones, &phones->all[i])) {
            continue;
        }
        status = find_answer(engine, &phones->all[i], probed_at, now, &found, error);
        answered = answered || found == PROBE_ANSWERED;
        nothing = nothing || found == PROBE_PROVES_NOTHING;
        silent = silent || found == PROBE_UNANSWERED;
        if (found == PROBE_ANSWERED) {
            probe_provider_works(engine, platform);
        } else if (found == PROBE_UNANSWERED && unanswered[platform] < SILENT_IN_A_ROW_MAX) {
            unanswered[platform]++;
            *general_r = false;
        }
    }
    *found_r = answered             ? PROBE_ANSWERED
               : silent && !nothing ? PROBE_UNANSWERED
                                    : PROBE_PROVES_NOTHING;
    return status;
}

static void tell_silent(struct engine *engine, const struct directory_customer *customer,
                        const struct check_in_duty_row *duty)
{
    const struct directory_person *agent = directory_agent(customer, duty->agent_id);
    char about[3 * SLUG_BYTES_MAX], detail[512];
    (void)snprintf(about, sizeof about, "%s/%s/%s", customer->slug, duty->rota, agent->slug);
    (void)snprintf(
        detail, sizeof detail,
        "%s: the phone with which the shift was taken up was probed and does not answer: "
        "the check-in is asked for anew, by the plan's procedure",
        about);
    engine_alarm_about(engine, "device.silent_on_shift", about, detail);
}

static void tell_general(struct engine *engine, const struct duty_phones *phones)
{
    for (size_t i = 0; i < phones->count; i++) {
        const char *platform = platform_word(phones->all[i].platform);
        char detail[512];
        if (!duty_phone_carries(phones, &phones->all[i])) {
            continue;
        }
        (void)snprintf(detail, sizeof detail,
                       "%s: %d phones in a row took no probe's push, and none answered since: "
                       "agents on duty are not asked anew for this until one does; look at the "
                       "provider's status, and at whether the app answers",
                       platform, SILENT_IN_A_ROW_MAX);
        engine_alarm_about(engine, "device.silence_is_general", platform, detail);
        return;
    }
}

static enum status judge(struct engine *engine, const struct directory_customer *customer,
                         int64_t after_ms, const struct duty_phones *phones,
                         struct check_in_duty_row *duty, struct wall_time now, struct error *error)
{
    enum answer_found found = PROBE_PROVES_NOTHING;
    bool general = false;
    enum status status =
        find_verdict(engine, phones, duty->probed_at, now, &found, &general, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (found == PROBE_ANSWERED) {
        return send_if_quiet(engine, customer, after_ms, phones, duty, now, error);
    }
    if (found == PROBE_UNANSWERED && !general) {
        tell_silent(engine, customer, duty);
        return duty_lapse(engine, duty, ASKED_PHONE_SILENT, now, error);
    }
    if (found == PROBE_UNANSWERED) {
        tell_general(engine, phones);
    }
    look_again(engine, duty, PROBE_ANSWER_MS);
    return STATUS_OK;
}

static bool any_carries(const struct duty_phones *phones)
{
    for (size_t i = 0; i < phones->count; i++) {
        if (duty_phone_carries(phones, &phones->all[i])) {
            return true;
        }
    }
    return false;
}

/* No phone is left that proved the shift, and what took it away could not say so: the rota did not
 * give it to the agent then, or the one that is there has another target and the check-in that was
 * made with it since is not complete. That has as long as a probe. */
static enum status look_for_any(struct engine *engine, const struct duty_phones *phones,
                                struct check_in_duty_row *duty, struct wall_time now,
                                struct error *error)
{
    int64_t since_ms = now.ms - phones->checked_in_at.ms;
    bool there = false;
    for (size_t i = 0; i < phones->count; i++) {
        there = there || strcmp(phones->all[i].installation, phones->checked_in_with) == 0;
    }
    if (there && !phones->complete && since_ms >= 0 && since_ms < PROBE_ANSWER_MS) {
        look_again(engine, duty, PROBE_ANSWER_MS - since_ms);
        return STATUS_OK;
    }
    return duty_lapse(engine, duty, there ? ASKED_PHONE_SILENT : ASKED_PHONE_DIED, now, error);
}

/* How long the agent is to be left alone; 0: not at all. */
static int64_t left_alone_ms(struct engine *engine, const struct directory_customer *customer,
                             const struct check_in_duty_row *duty, struct wall_time now)
{
    const struct directory_person *agent = directory_agent(customer, duty->agent_id);
    int64_t paused_ms = agent == NULL || agent->pause == NULL
                            ? 0
                            : agent->pause->until_engine.ms - engine_now(engine).ms;
    int64_t before_ms = duty->shift_from_at.ms - now.ms;
    return paused_ms > before_ms ? paused_ms : before_ms;
}

enum status command_shift_probe(struct engine *engine, struct command *command, struct error *error)
{
    const struct shift_request *request = &command->request.shift;
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct directory_rota *rota =
        customer == NULL ? NULL : directory_rota(customer, request->rota);
    struct wall_time now = command->received_at;
    struct check_in_duty_row duty;
    struct duty_phones phones;
    enum status status = store_get_check_in_duty(engine->store, command->customer_id, request->rota,
                                                 request->from, request->agent_id, &duty, error);
    if (status != STATUS_OK || (duty.probe_due.ms != TIME_NEVER_MS &&
                                !engine_time_reached(duty.probe_due, engine_now(engine)))) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* it was looked at meanwhile */
    }
    if (rota == NULL || !probe_is_wanted(rota, &duty, now) ||
        !duty_is_watched(customer, &duty, now)) {
        look_no_more(&duty);
        return store_put_check_in_duty(engine->store, &duty, error);
    }
    int64_t alone_ms = left_alone_ms(engine, customer, &duty, now);
    status = duty_phones_load(engine, &duty, rota, &phones, error);
    if (status == STATUS_OK && (alone_ms > 0 || phones.checked_in_with == NULL)) {
        int64_t after_ms = rota->check_in.probe_ms;
        look_again(engine, &duty, alone_ms > 0 && alone_ms < after_ms ? alone_ms : after_ms);
    } else if (status == STATUS_OK && !any_carries(&phones)) {
        status = look_for_any(engine, &phones, &duty, now, error);
    } else if (status == STATUS_OK && duty.probed_at.ms != TIME_NEVER_MS) {
        status = judge(engine, customer, rota->check_in.probe_ms, &phones, &duty, now, error);
    } else if (status == STATUS_OK) {
        status =
            send_if_quiet(engine, customer, rota->check_in.probe_ms, &phones, &duty, now, error);
    }
    return status == STATUS_OK ? store_put_check_in_duty(engine->store, &duty, error) : status;
}
