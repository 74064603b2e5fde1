#include "admin-api/coverage_customer.h"

#include <stdlib.h>

#include "admin-api/interventions.h"
#include "admin-api/publications_told.h"
#include "gateway/engine/check_in_json.h"
#include "gateway/store/store_installation.h"
#include "gateway/store/store_number.h"
#include "gateway/store/store_publication.h"

#define DAY_MS         INT64_C(86400000)
#define ZONE_BYTES_MAX ((size_t)1 << 20)

static enum status list_interventions(const struct coverage_asked *asked, struct engine *engine,
                                      struct store *store,
                                      const struct directory_customer *customer,
                                      struct arena *arena, struct interventions *interventions,
                                      struct error *error)
{
    struct wall_time from = {0};
    struct arena *zones = arena_create(ZONE_BYTES_MAX);
    enum status status =
        zones == NULL
            ? error_set(error, STATUS_NO_MEMORY, "no memory for a time zone")
            : coverage_looks_back_to(customer->time_zone, asked->now, zones, &from, error);
    arena_destroy(&zones);
    return status != STATUS_OK ? status
                               : interventions_list(engine, store, customer, from, asked->now,
                                                    arena, interventions, error);
}

static int by_id(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static enum status list_proven(struct store *store, const struct directory_customer *customer,
                               struct arena *arena, struct coverage_request *request,
                               struct error *error)
{
    struct device_row *rows = NULL;
    size_t count = 0;
    enum status status = store_list_devices(store, customer->id, arena, &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    int64_t *proven = arena_alloc(arena, count * sizeof *proven);
    if (proven == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the devices");
    }
    for (size_t i = 0; i < count; i++) {
        if (rows[i].proven_at.ms != TIME_NEVER_MS) {
            proven[request->proven_count++] = rows[i].device_id;
        }
    }
    qsort(proven, request->proven_count, sizeof *proven, by_id);
    request->proven = proven;
    return STATUS_OK;
}

/* Agents of whom a number was answered lately. */
static enum status list_answered(struct store *store, const struct directory_customer *customer,
                                 struct arena *arena, struct coverage_request *request,
                                 struct error *error)
{
    struct number_proof_row *rows = NULL;
    size_t count = 0;
    enum status status = store_list_number_proofs(store, customer->id, arena, &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    int64_t *answered = arena_alloc(arena, count * sizeof *answered);
    if (answered == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the numbers");
    }
    for (size_t i = 0; i < count; i++) { /* by kind and person; a key answers, too */
        struct wall_time at = rows[i].answered_at;
        if (rows[i].person_kind == PERSON_AGENT && at.ms != TIME_NEVER_MS &&
            request->now.ms - at.ms < request->number_proof_ms) {
            answered[request->answered_count++] = rows[i].person_id;
        }
    }
    request->answered = answered;
    return STATUS_OK;
}

/* Agents who can sign in on the phones that they share. */
static enum status list_with_pin(struct store *store, const struct directory_customer *customer,
                                 struct arena *arena, struct coverage_request *request,
                                 struct error *error)
{
    struct agent_pin_row *rows = NULL;
    size_t count = 0;
    enum status status = store_list_pins(store, customer->id, arena, &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    int64_t *with_pin = arena_alloc(arena, count * sizeof *with_pin);
    if (with_pin == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the agents");
    }
    for (size_t i = 0; i < count; i++) {
        with_pin[i] = rows[i].agent_id;
    }
    request->with_pin = with_pin;
    request->with_pin_count = count;
    return STATUS_OK;
}

/* Agents who are checked in by the app and whose numbers they did not confirm as they are. */
static enum status list_unconfirmed(struct store *store, const struct directory_customer *customer,
                                    struct arena *arena, struct coverage_request *request,
                                    struct error *error)
{
    struct check_in_row *rows = NULL;
    size_t count = 0;
    enum status status = store_list_standing_check_ins(store, customer->id, request->now, arena,
                                                       &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    int64_t *unconfirmed = arena_alloc(arena, count * sizeof *unconfirmed);
    if (unconfirmed == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the check-ins");
    }
    for (size_t i = 0; i < count; i++) { /* by agent */
        const struct directory_person *agent = directory_agent(customer, rows[i].agent_id);
        if (agent != NULL && check_in_number(&rows[i], agent) != NUMBER_CONFIRMED) {
            unconfirmed[request->unconfirmed_count++] = rows[i].agent_id;
        }
    }
    request->unconfirmed = unconfirmed;
    return STATUS_OK;
}

/* Of customers who publish, what was told of the window. */
static enum status list_told(struct store *store, const struct directory_customer *customer,
                             struct arena *arena, struct coverage_request *request,
                             struct error *error)
{
    const struct rota_period window = {request->now, {request->now.ms + request->days * DAY_MS}};
    enum status status = store_has_publications(store, customer->id, &request->publishes, error);
    if (status != STATUS_OK || !request->publishes) {
        return status;
    }
    struct coverage_told *told = arena_alloc(arena, (customer->rotas_count + 1) * sizeof *told);
    if (told == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for what was published");
    }
    for (size_t i = 0; i < customer->rotas_count && status == STATUS_OK; i++) {
        told[i].rota = customer->rotas[i].slug;
        status = publications_told(store, customer->id, told[i].rota, &window, arena,
                                   &told[i].history, error);
        /* What only older ones told is reported as not told: that one customer published without
         * end keeps nobody from the report. */
        status = status == STATUS_TOO_LARGE ? STATUS_OK : status;
    }
    request->told = told;
    request->told_count = customer->rotas_count;
    return status;
}

enum status coverage_of_customer(const struct coverage_asked *asked, struct engine *engine,
                                 struct store *store, const struct directory_customer *customer,
                                 struct arena *arena, struct coverage *coverage_r, bool *cut_r,
                                 struct error *error)
{
    struct interventions interventions = {.count = 0};
    bool rests = asked->daily_rest_ms > 0 || asked->weekly_rest_ms > 0;
    enum status status = STATUS_OK;
    struct coverage_request request = {
        .customer = customer,
        .now = asked->now,
        .days = asked->days,
        .daily_rest_ms = asked->daily_rest_ms,
        .weekly_rest_ms = asked->weekly_rest_ms,
        .number_proof_ms = asked->number_proof_ms,
    };
    if (rests) {
        status = list_interventions(asked, engine, store, customer, arena, &interventions, error);
    }
    if (status == STATUS_OK) {
        status = list_proven(store, customer, arena, &request, error);
    }
    if (status == STATUS_OK && customer->shared_phones_count > 0) {
        status = list_with_pin(store, customer, arena, &request, error);
    }
    if (status == STATUS_OK && request.number_proof_ms > 0) {
        status = list_answered(store, customer, arena, &request, error);
    }
    if (status == STATUS_OK && asked->confirmed_numbers) {
        status = list_unconfirmed(store, customer, arena, &request, error);
    }
    if (status == STATUS_OK) {
        status = list_told(store, customer, arena, &request, error);
    }
    if (status == STATUS_OK) {
        request.interventions = interventions.items;
        request.interventions_count = interventions.count;
        status = coverage_compute(&request, engine_rotas(engine), arena, coverage_r, error);
    }
    if (status == STATUS_OK) {
        *cut_r = interventions.cut;
    }
    return status == STATUS_OK ? STATUS_OK : error_wrap(error, status, "%s", customer->slug);
}
