/* check_ins.c - prise de poste as supervisors see it: a rota's plan, and the list of shifts. */
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"
#include "admin-api/shift_view.h"

#define WINDOW_S_MAX     86400
#define OPENS_S_DEFAULT  3600
#define REMIND_S_DEFAULT 1800
#define LIST_DAYS_MAX    31
#define MINUTE_S         60
#define MINUTE_MS        INT64_C(60000)
/* What is unheard of for so long is doubtful besides (gateway/engine/reachability.h). */
#define PROBE_MINUTES_DEFAULT 30
#define PROBE_MINUTES_MIN     10
#define PROBE_MINUTES_MAX     1440
#define DAY_MS                INT64_C(86400000)
#define SHIFTS_SHOWN_MAX      1000

static const char *const no_parameters[] = {NULL};

/* ---- plans ---- */

static void write_plan(struct json_writer *json, void *context)
{
    const struct directory_rota *rota = context;
    const struct directory_check_in *plan = &rota->check_in;
    json_object_begin(json);
    json_member_text(json, "rota", rota->slug);
    json_member_int(json, "opens_before_s", plan->opens_before_ms / 1000);
    json_member_int(json, "remind_before_s", plan->remind_before_ms / 1000);
    json_member_int(json, "closes_after_s", plan->closes_after_ms / 1000);
    json_member_text(json, "procedure", plan->procedure);
    json_member_text(json, "severity", severity_word(plan->severity));
    json_member_int(json, "probe_minutes", plan->probe_ms / MINUTE_MS);
    json_member_time(json, "since", plan->since);
    json_object_end(json);
}

static enum next show_plan(struct exchange *exchange)
{
    union {
        const struct directory_rota *rota;
        void *context;
    } shown = {directory_rota(exchange->customer, exchange->parameters[1])};
    return shown.rota != NULL && shown.rota->check_in.planned
               ? reply_view(exchange, write_plan, shown.context)
               : reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
}

enum next check_in_plan_get(struct exchange *exchange)
{
    return query_check(exchange, no_parameters) ? show_plan(exchange) : NEXT_ANSWER;
}

enum next check_in_plan_put(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct command *command = exchange_command(exchange, COMMAND_PUT_CHECK_IN_PLAN);
    struct check_in_plan_request *request = &command->request.check_in_plan;
    if (!query_check(exchange, no_parameters) || !path_slug(exchange, 1, &request->rota) ||
        !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    request->opens_before_s =
        json_take_int(&reader, "opens_before_s", false, 60, WINDOW_S_MAX, OPENS_S_DEFAULT);
    request->remind_before_s =
        json_take_int(&reader, "remind_before_s", false, 0, WINDOW_S_MAX, REMIND_S_DEFAULT);
    request->closes_after_s = json_take_int(&reader, "closes_after_s", false, 0, WINDOW_S_MAX, 0);
    request->procedure = json_take_slug(&reader, "procedure", true);
    request->severity =
        (enum severity)json_take_word(&reader, "severity", false, severity_words, SEVERITY_MAJOR);
    request->probe_s = MINUTE_S * json_take_int(&reader, "probe_minutes", false, 0,
                                                PROBE_MINUTES_MAX, PROBE_MINUTES_DEFAULT);
    if (request->probe_s > 0 && request->probe_s < MINUTE_S * PROBE_MINUTES_MIN) {
        json_reader_fault(&reader, "probe_minutes",
                          "must be 0 (no probes), or from 10 minutes to 1440: the app itself tells "
                          "that it is there every ten minutes or so");
    }
    if (request->remind_before_s > request->opens_before_s) {
        json_reader_fault(&reader, "remind_before_s",
                          "must not be longer than opens_before_s: before that, a check-in does "
                          "not count for the shift");
    }
    exchange->after = show_plan;
    return body_end(exchange, &reader) ? NEXT_COMMAND : NEXT_ANSWER;
}

enum next check_in_plan_delete(struct exchange *exchange)
{
    struct command *command = exchange_command(exchange, COMMAND_DELETE_CHECK_IN_PLAN);
    return query_check(exchange, no_parameters) &&
                   path_slug(exchange, 1, &command->request.check_in_plan.rota)
               ? NEXT_COMMAND
               : NEXT_ANSWER;
}

/* ---- shifts ---- */

struct shifts {
    const char *time_zone; /* the customer's */
    const struct directory_customer *customer;
    const char *slug; /* of the only rota that is asked for; NULL: all are */
    struct wall_time now;
    struct shift_view *views;
    size_t count;
};

static bool is_asked_for(const struct shifts *shifts, const struct directory_rota *rota)
{
    return shifts->slug == NULL || strcmp(shifts->slug, rota->slug) == 0;
}

/* The agent's live phone that was proven last; NULL: none ever was. */
static const struct directory_device *proven_device(const struct directory_person *agent)
{
    const struct directory_device *best = NULL;
    for (size_t i = 0; i < agent->devices_count; i++) {
        const struct directory_device *device = &agent->devices[i];
        if (device->live && device->proven_at.ms != TIME_NEVER_MS &&
            (best == NULL || device->proven_at.ms > best->proven_at.ms)) {
            best = device;
        }
    }
    return best;
}

static void write_device(struct json_writer *json, const struct directory_person *agent)
{
    const struct directory_device *device = proven_device(agent);
    json_name(json, "proven_device");
    if (device == NULL) {
        json_null_value(json);
        return;
    }
    json_object_begin(json);
    json_member_int(json, "id", device->id);
    json_member_text(json, "installation", device->installation);
    json_member_text(json, "platform", platform_word(device->platform));
    json_member_time(json, "proven_at", device->proven_at);
    json_object_end(json);
}

/* Those asked for in which nobody is on call because they do not compile. */
static void write_broken(struct json_writer *json, const struct shifts *shifts)
{
    json_name(json, "broken_rotas");
    json_array_begin(json);
    for (size_t i = 0; i < shifts->customer->rotas_count; i++) {
        const struct directory_rota *rota = &shifts->customer->rotas[i];
        if (rota->broken && is_asked_for(shifts, rota)) {
            json_object_begin(json);
            json_member_text(json, "rota", rota->slug);
            json_member_text(json, "reason", rota->broken_reason);
            json_object_end(json);
        }
    }
    json_array_end(json);
}

static void write_shifts(struct json_writer *json, void *context)
{
    const struct shifts *shifts = context;
    json_object_begin(json);
    json_member_text(json, "time_zone", shifts->time_zone);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < shifts->count; i++) {
        const struct shift_view *view = &shifts->views[i];
        json_object_begin(json);
        json_member_text(json, "rota", view->rota->slug);
        json_member_text(json, "agent", view->agent->slug);
        json_member_text(json, "name", view->agent->name);
        json_member_time(json, "from", view->from);
        json_member_time(json, "to", view->to);
        shift_view_check_in(json, view, shifts->now);
        write_device(json, view->agent);
        json_object_end(json);
    }
    json_array_end(json);
    write_broken(json, shifts);
    json_object_end(json);
}

/* Adds the shifts of a rota. STATUS_TOO_LARGE: they are more than are shown. */
static enum status add_shifts(struct exchange *exchange, const struct directory_rota *rota,
                              struct shifts *shifts, struct error *error)
{
    const struct engine_rotas *rotas = engine_rotas(exchange->api->engine);
    const struct directory_customer *customer = exchange->customer;
    struct engine_rota_interval *found = NULL;
    size_t count = 0;
    enum status status = rotas->shifts(rotas->context, rota->definition, customer->calendar,
                                       customer->time_zone, exchange->window_from,
                                       exchange->window_to, exchange->arena, &found, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct directory_person *agent = directory_agent_by_slug(customer, found[i].agent);
        if (agent == NULL) {
            continue;
        }
        if (shifts->count == SHIFTS_SHOWN_MAX) {
            return STATUS_TOO_LARGE;
        }
        shifts->views[shifts->count++] = (struct shift_view){.customer = customer,
                                                             .rota = rota,
                                                             .agent = agent,
                                                             .from = found[i].from,
                                                             .to = found[i].to};
    }
    return status;
}

static enum status load_shifts(struct exchange *exchange, struct store *store,
                               struct shifts *shifts, struct error *error)
{
    enum status status = store_read_begin(store, error);
    for (size_t i = 0; i < shifts->count && status == STATUS_OK; i++) {
        status = shift_view_load(store, shifts->now, exchange->arena, &shifts->views[i], error);
    }
    store_read_end(store);
    return status;
}

static enum next read_shifts(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct shifts shifts = {
        .time_zone = exchange->customer->time_zone,
        .customer = exchange->customer,
        .slug = query_value(exchange, "rota"),
        .now = exchange->received_at,
        .views = arena_alloc(exchange->arena, SHIFTS_SHOWN_MAX * sizeof *shifts.views),
    };
    enum status status = shifts.views != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; i < exchange->customer->rotas_count && status == STATUS_OK; i++) {
        const struct directory_rota *rota = &exchange->customer->rotas[i];
        if (!rota->broken && is_asked_for(&shifts, rota)) {
            status = add_shifts(exchange, rota, &shifts, &error);
        }
    }
    if (status == STATUS_TOO_LARGE) {
        return reply_fault(exchange, STATUS_INVALID, NULL,
                           "more than %d shifts: ask for a shorter time, or for one rota (?rota=)",
                           SHIFTS_SHOWN_MAX);
    }
    if (status == STATUS_OK) {
        status = load_shifts(exchange, store, &shifts, &error);
    }
    return status == STATUS_OK ? reply_view(exchange, write_shifts, &shifts)
                               : escalations_read_fault(exchange, status, &error);
}

enum next shifts_list(struct exchange *exchange)
{
    static const char *const parameters[] = {"from", "to", "rota", NULL};
    struct wall_time *from = &exchange->window_from, *to = &exchange->window_to;
    if (!query_check(exchange, parameters) ||
        !query_time(exchange, "from", exchange->received_at, from) ||
        !query_time(exchange, "to", (struct wall_time){from->ms + DAY_MS}, to)) {
        return NEXT_ANSWER;
    }
    if (to->ms < from->ms || to->ms - from->ms > LIST_DAYS_MAX * DAY_MS) {
        return reply_fault(exchange, STATUS_INVALID, NULL,
                           "query parameter to must be at most %d days after from", LIST_DAYS_MAX);
    }
    const char *slug = query_value(exchange, "rota");
    if (slug != NULL && directory_rota(exchange->customer, slug) == NULL) {
        return reply_fault(exchange, STATUS_NOT_FOUND, NULL,
                           "query parameter rota: the customer has no such rota");
    }
    exchange->read = read_shifts;
    return NEXT_READ;
}
