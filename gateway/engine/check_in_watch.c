/* check_in_watch.c - looks for shifts whose reminder is due, for judged ones that the rota took
 * away, and for phones that are to be probed. It only finds them: each is worked on as a command of
 * its own (command_check_in.c, phone_probes.c), which looks again, so that what is found twice is
 * done once.
 *
 * A customer is looked at when something about it changed; all are at the start, and whenever the
 * next of them is due by the wall clock. What was judged has a row: nothing here has to survive.
 */
#include "gateway/engine/duty_private.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/digest.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"

/* Of one turn: rows that are asked for, and rotas that are gone through. */
#define LOOKUPS_MAX 256
#define ROTAS_MAX   1024
/* More are not put into the mailbox: administration has its place beside them. */
#define POSTED_MAX    64
#define ESCALATED_MAX 256
#define FAILED_MS     INT64_C(1000)
/* Of one look, and so much later the next one: a provider's outage ends for all at once. */
#define PROBES_MAX      32
#define PROBES_EVERY_MS INT64_C(1000)

/* What is left of a turn's look. */
struct budget {
    size_t lookups;
    size_t rotas;
};

void check_in_watch_begin(struct engine *engine)
{
    engine->check_in_watch = (struct check_in_watch){.all = true, .next_at = WALL_NEVER};
    engine->probe_watch.look_at = engine_now(engine);
}

void check_in_watch_customer(struct engine *engine, int64_t customer_id)
{
    struct check_in_watch *watch = &engine->check_in_watch;
    if (customer_id == 0) {
        return;
    }
    for (size_t i = 0; i < watch->customers_count; i++) {
        if (watch->customers[i] == customer_id) {
            /* The one at hand is begun again: its rotas may be others now. */
            watch->rota = i + 1 == watch->customers_count ? 0 : watch->rota;
            return;
        }
    }
    if (watch->customers_count == WATCHED_CUSTOMERS_MAX) {
        watch->all = true; /* more than can be remembered: look at everybody */
        watch->last_of_all = 0;
        return;
    }
    watch->customers[watch->customers_count++] = customer_id;
    watch->rota = 0; /* the one before is begun again after it */
}

static void rest(struct engine *engine, int64_t customer_id)
{
    engine->check_in_watch.again_at = engine_time_add(engine_now(engine), FAILED_MS);
    check_in_watch_customer(engine, customer_id);
}

/* A shift that could not be worked on is found again; that it is late is told. */
static void shift_ended(struct command *command)
{
    struct engine *engine = command->context;
    enum status status = command->answer.status;
    if (status != STATUS_OK && status != STATUS_STOPPING) {
        engine_alarm_about(engine, "check_in.not_judged", command->request.shift.rota,
                           "whether an agent took up a shift could not be worked on and is tried "
                           "again: look at the log, and ask the agent by telephone");
        rest(engine, command->customer_id);
    }
    own_command_free(command);
}

/* What is to blame when working on the shift ends the process. */
static struct uuid subject_of(int64_t customer_id, const struct shift_request *request)
{
    const struct digest_part parts[] = {
        {"shift", 5},
        {&customer_id, sizeof customer_id},
        {request->rota, strlen(request->rota)},
        {&request->agent_id, sizeof request->agent_id},
        {&request->from.ms, sizeof request->from.ms},
    };
    struct digest digest = digest_sha256(parts, sizeof parts / sizeof parts[0]);
    struct uuid subject;
    memcpy(subject.bytes, digest.bytes, sizeof subject.bytes);
    return subject;
}

/* False: there is no room or no memory now. */
static bool post(struct engine *engine, enum command_type type, int64_t customer_id,
                 const char *rota, int64_t agent_id, struct wall_time from)
{
    struct shift_request request = {.agent_id = agent_id, .from = from};
    if (queue_length(engine->lanes[LANE_ADMINISTRATION]) >= POSTED_MAX) {
        return false;
    }
    (void)text_copy(request.rota, sizeof request.rota, rota);
    struct command *command = calloc(1, sizeof *command);
    if (command == NULL) {
        return false;
    }
    *command = (struct command){.type = type,
                                .customer_id = customer_id,
                                .escalation_id = subject_of(customer_id, &request),
                                .received_at = clock_wall(&engine->configuration.clock),
                                .request.shift = request,
                                .complete = shift_ended,
                                .context = engine};
    if (engine_post(engine, command) != STATUS_OK) {
        own_command_free(command);
        return false;
    }
    return true;
}

/* The first shift that is not long over. */
static size_t first_shift(const struct directory_rota *rota, struct wall_time now)
{
    size_t low = 0, high = rota->intervals_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rota->intervals[middle].to.ms <= now.ms - ROTA_BEHIND_MS) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void note_next(struct engine *engine, int64_t due_ms)
{
    struct check_in_watch *watch = &engine->check_in_watch;
    watch->next_at.ms = due_ms < watch->next_at.ms ? due_ms : watch->next_at.ms;
}

/* Posts what is due of a rota. False: it is to be gone through again, in another turn. */
static bool look_at_rota(struct engine *engine, const struct directory_customer *customer,
                         const struct directory_rota *rota, struct wall_time now,
                         struct budget *budget)
{
    struct error error = {.text = ""};
    budget->rotas -= budget->rotas > 0;
    for (size_t i = first_shift(rota, now); i < rota->intervals_count && rota->check_in.planned;
         i++) {
        const struct directory_interval *shift = &rota->intervals[i];
        if (!check_in_is_due(rota, shift, now)) {
            if (shift->from.ms < rota->check_in.since.ms) {
                continue;
            }
            note_next(engine, shift->from.ms - rota->check_in.remind_before_ms);
            break;
        }
        struct check_in_duty_row duty;
        budget->lookups -= budget->lookups > 0;
        enum status status = store_get_check_in_duty(engine->store, customer->id, rota->slug,
                                                     shift->from, shift->agent_id, &duty, &error);
        bool unasked = status == STATUS_NOT_FOUND ||
                       (status == STATUS_OK && check_in_is_owed_anew(&duty, shift, now));
        bool unprobed = status == STATUS_OK && probe_is_wanted(rota, &duty, now) &&
                        duty.probe_due.ms == TIME_NEVER_MS; /* its plan is new */
        if ((unasked || unprobed) &&
            !post(engine, unasked ? COMMAND_SHIFT_DUE : COMMAND_SHIFT_PROBE, customer->id,
                  rota->slug, shift->agent_id, shift->from)) {
            return false;
        }
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            log_error("check_in.not_looked", LOG_STATUS(status), LOG_TEXT("detail", error.text));
            engine_note_damage(engine, status);
            rest(engine, customer->id);
            return false;
        }
    }
    return true;
}

/* Those that are being asked for and that the rota took away meanwhile. */
static bool look_at_duties(struct engine *engine, const struct directory_customer *customer,
                           struct wall_time now, struct budget *budget)
{
    struct check_in_duty_row duties[ESCALATED_MAX];
    struct error error = {.text = ""};
    size_t count = 0;
    budget->lookups -= budget->lookups > 0;
    enum status status = store_list_escalated_duties(engine->store, customer->id, ESCALATED_MAX,
                                                     duties, &count, &error);
    if (status != STATUS_OK) {
        log_error("check_in.not_looked", LOG_STATUS(status), LOG_TEXT("detail", error.text));
        engine_note_damage(engine, status);
        rest(engine, customer->id);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!check_in_duty_stands(customer, &duties[i], now) &&
            !post(engine, COMMAND_SHIFT_WITHDRAWN, customer->id, duties[i].rota, duties[i].agent_id,
                  duties[i].shift_from_at)) {
            return false;
        }
    }
    return true;
}

static bool has_plan(const struct directory_customer *customer)
{
    for (size_t r = 0; r < customer->rotas_count; r++) {
        if (customer->rotas[r].check_in.planned) {
            return true;
        }
    }
    return false;
}

/* True: all of it was looked at. */
static bool look_at_customer(struct engine *engine, int64_t customer_id, struct wall_time now,
                             struct budget *budget)
{
    struct check_in_watch *watch = &engine->check_in_watch;
    const struct directory_customer *customer = directory_customer(engine->current, customer_id);
    budget->rotas -= budget->rotas > 0;
    if (customer == NULL || !has_plan(customer)) {
        return true;
    }
    if (watch->rota == 0 && !look_at_duties(engine, customer, now, budget)) {
        return false;
    }
    while (watch->rota < customer->rotas_count) {
        if (budget->lookups == 0 || budget->rotas == 0 ||
            !look_at_rota(engine, customer, &customer->rotas[watch->rota], now, budget)) {
            return false;
        }
        watch->rota++;
    }
    return true;
}

/* Posts what is due of the agents' phones. */
static void look_at_probes(struct engine *engine)
{
    struct probe_watch *watch = &engine->probe_watch;
    struct check_in_duty_row duties[PROBES_MAX];
    struct error error = {.text = ""};
    struct engine_time now = engine_now(engine);
    size_t count = 0;
    if (!engine_time_reached(watch->look_at, now)) {
        return;
    }
    enum status status = store_list_probes(engine->store, PROBES_MAX, duties, &count, &error);
    if (status != STATUS_OK) {
        log_error("check_in.probes_not_looked", LOG_STATUS(status), LOG_TEXT("detail", error.text));
        engine_note_damage(engine, status);
        watch->look_at = engine_time_add(now, FAILED_MS);
        return;
    }
    watch->look_at = ENGINE_NEVER;
    for (size_t i = 0; i < count; i++) {
        if (!engine_time_reached(duties[i].probe_due, now)) {
            probe_due_at(engine, duties[i].probe_due);
            break;
        }
        probe_due_at(engine, engine_time_add(now, PROBES_EVERY_MS));
        if (!post(engine, COMMAND_SHIFT_PROBE, duties[i].customer_id, duties[i].rota,
                  duties[i].agent_id, duties[i].shift_from_at)) {
            break;
        }
    }
}

/* Puts the next customer at hand; false: nobody is left. */
static bool next_customer(struct engine *engine)
{
    struct check_in_watch *watch = &engine->check_in_watch;
    if (watch->customers_count > 0) {
        return true;
    }
    const struct directory_customer *next =
        watch->all ? directory_customer_after(engine->current, watch->last_of_all) : NULL;
    watch->all = next != NULL;
    if (next != NULL) {
        watch->last_of_all = next->id;
        check_in_watch_customer(engine, next->id);
    }
    return next != NULL;
}

void check_in_watch_look(struct engine *engine)
{
    struct check_in_watch *watch = &engine->check_in_watch;
    struct wall_time now = clock_wall(&engine->configuration.clock);
    struct budget budget = {LOOKUPS_MAX, ROTAS_MAX};
    if (!watch->all && watch->next_at.ms <= now.ms) {
        watch->all = true;
        watch->last_of_all = 0;
        watch->next_at = WALL_NEVER;
    }
    if (atomic_load(&engine->stopping)) {
        return;
    }
    look_at_probes(engine);
    if (!engine_time_reached(watch->again_at, engine_now(engine))) {
        return;
    }
    while (budget.rotas > 0 && budget.lookups > 0 && next_customer(engine)) {
        int64_t customer_id = watch->customers[watch->customers_count - 1];
        if (!look_at_customer(engine, customer_id, now, &budget)) {
            return;
        }
        watch->customers_count--;
        watch->rota = 0;
    }
}

int64_t check_in_watch_limit_wait(struct engine *engine, int64_t wait_ms)
{
    const struct check_in_watch *watch = &engine->check_in_watch;
    int64_t look_ms = INT64_MAX;
    if (watch->all || watch->customers_count > 0) {
        look_ms = watch->again_at.ms - engine_now(engine).ms;
    } else if (watch->next_at.ms != TIME_NEVER_MS) {
        look_ms = watch->next_at.ms - clock_wall(&engine->configuration.clock).ms;
    }
    if (engine->probe_watch.look_at.ms != TIME_NEVER_MS) {
        int64_t probe_ms = engine->probe_watch.look_at.ms - engine_now(engine).ms;
        look_ms = probe_ms < look_ms ? probe_ms : look_ms;
    }
    look_ms = look_ms < 0 ? 0 : look_ms;
    return look_ms < wait_ms ? look_ms : wait_ms;
}
