/* coverage.c - compiles the rotas that procedures name, lets each part look, sorts what was found.
 */
#include "gateway/coverage/coverage.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/coverage/coverage_private.h"
#include "gateway/engine/people.h"

#define DAY_MS          INT64_C(86400000)
#define ROTAS_BYTES_MAX ((size_t)16 << 20)

static enum status out_of_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the coverage");
}

void series_add(struct series *series, int64_t from_ms, int64_t to_ms)
{
    struct covering *covering = series->covering;
    if (series->count >= COVERAGE_ALIKE_MAX || covering->findings_count == COVERAGE_FINDINGS_MAX) {
        covering->left_off++;
        return;
    }
    struct coverage_finding *finding = &covering->findings[covering->findings_count++];
    *finding = series->like;
    finding->from.ms = from_ms;
    finding->to.ms = to_ms;
    series->count++;
}

void stretches_add(struct stretches *list, int64_t from_ms, int64_t to_ms)
{
    assert(from_ms < to_ms);
    struct stretch *last = list->count > 0 ? &list->items[list->count - 1] : NULL;
    assert(last == NULL || last->from_ms <= from_ms);
    if (last != NULL && last->to_ms >= from_ms) {
        last->to_ms = last->to_ms > to_ms ? last->to_ms : to_ms;
    } else {
        list->items[list->count++] = (struct stretch){from_ms, to_ms};
    }
}

bool person_is_reachable(const struct directory_person *person, unsigned via)
{
    if ((via & VIA_CALL) != 0 && person->phone != NULL && person->phone[0] != '\0') {
        return true;
    }
    for (size_t i = 0; (via & VIA_PUSH) != 0 && i < person->devices_count; i++) {
        if (person->devices[i].live) {
            return true;
        }
    }
    return false;
}

bool is_listed(const int64_t *ids, size_t count, int64_t id)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ids[middle] < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && ids[low] == id;
}

bool will_sign_in(const struct covering *covering, const struct directory_person *agent,
                  int64_t from_ms)
{
    const struct coverage_request *request = covering->request;
    const struct directory_customer *customer = request->customer;
    bool shares = false;
    for (size_t i = 0; i < customer->shared_phones_count && !shares; i++) {
        const struct directory_shared_phone *phone = &customer->shared_phones[i];
        shares = phone->has_target && directory_shares(customer, phone, agent->id);
    }
    return shares && from_ms > request->now.ms &&
           is_listed(request->with_pin, request->with_pin_count, agent->id);
}

/* ---- the rotas ---- */

/* How far beyond the window procedures that start in it may look. */
static int64_t longest_ms(const struct directory_customer *customer)
{
    int64_t longest = 0;
    for (size_t i = 0; i < customer->procedures_count; i++) {
        int64_t length_ms = procedure_length_ms(customer->procedures[i].procedure);
        if (length_ms > longest && length_ms <= COVERAGE_PROCEDURE_MS_MAX) {
            longest = length_ms;
        }
    }
    return longest;
}

static struct named_rota *named(struct covering *covering, const char *slug)
{
    for (size_t i = 0; i < covering->rotas_count; i++) {
        if (strcmp(covering->rotas[i].rota->slug, slug) == 0) {
            return &covering->rotas[i];
        }
    }
    return NULL;
}

static void tell_missing(struct covering *covering, const char *rota, const char *procedure)
{
    struct series series = {
        .covering = covering,
        .like = {.kind = COVERAGE_NO_ROTA, .rota = rota, .procedure = procedure}};
    series_add(&series, covering->request->now.ms, covering->until_ms);
}

static enum status add_rota(struct covering *covering, const struct procedure_target *target,
                            unsigned via, const char *procedure, const struct engine_rotas *rotas,
                            struct directory_rota *list, struct arena *scratch, struct error *error)
{
    const struct coverage_request *request = covering->request;
    struct named_rota *known = named(covering, target->name);
    const struct directory_rota *row = directory_rota(request->customer, target->name);
    if (known != NULL) {
        known->via |= via;
        return STATUS_OK;
    }
    if (row == NULL || covering->rotas_count == ROTAS_OF_CUSTOMER_MAX) {
        tell_missing(covering, target->name, procedure);
        return STATUS_OK;
    }
    struct directory_rota *rota = &list[covering->rotas_count];
    *rota = (struct directory_rota){
        .slug = row->slug,
        .definition = row->definition,
        .compiled_from = request->now,
        .compiled_until = {covering->until_ms + longest_ms(request->customer) + 1},
    };
    arena_reset(scratch);
    enum status status =
        people_compile_rota(rotas, request->customer, scratch, covering->arena, rota, error);
    if (status == STATUS_NO_MEMORY) {
        return status;
    }
    if (status != STATUS_OK) {
        tell_missing(covering, rota->slug, procedure); /* nobody is on call in it, for the writer */
    }
    covering->rotas[covering->rotas_count++] = (struct named_rota){rota, via};
    covering->customer.rotas_count = covering->rotas_count;
    return STATUS_OK;
}

static enum status add_rotas_of(struct covering *covering, const struct procedure *procedure,
                                const struct engine_rotas *rotas, struct directory_rota *list,
                                struct arena *scratch, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < procedure->steps_count; i++) {
        const struct procedure_step *step = &procedure->steps[i];
        for (size_t t = 0; t < step->targets_count && status == STATUS_OK; t++) {
            if (step->targets[t].kind == TARGET_ON_CALL) {
                status = add_rota(covering, &step->targets[t], step->via, procedure->slug, rotas,
                                  list, scratch, error);
            }
        }
    }
    for (size_t i = 0; i < procedure->exhausted_count && status == STATUS_OK; i++) {
        const struct procedure_target *target = &procedure->exhausted[i];
        if (target->kind == TARGET_ON_CALL) {
            status = add_rota(covering, target, target->via, procedure->slug, rotas, list, scratch,
                              error);
        }
    }
    return status;
}

static enum status compile_rotas(struct covering *covering, const struct engine_rotas *rotas,
                                 struct error *error)
{
    const struct directory_customer *customer = covering->request->customer;
    struct directory_rota *list =
        arena_alloc(covering->arena, (customer->rotas_count + 1) * sizeof *list);
    struct arena *scratch = arena_create(ROTAS_BYTES_MAX);
    enum status status = STATUS_OK;
    if (list == NULL || scratch == NULL) {
        arena_destroy(&scratch);
        return out_of_memory(error);
    }
    covering->customer = *customer;
    covering->customer.rotas = list;
    covering->customer.rotas_count = 0;
    for (size_t i = 0; i < customer->procedures_count && status == STATUS_OK; i++) {
        status =
            add_rotas_of(covering, customer->procedures[i].procedure, rotas, list, scratch, error);
    }
    arena_destroy(&scratch);
    return status;
}

/* ---- the whole ---- */

static int by_kind_and_time(const void *left, const void *right)
{
    const struct coverage_finding *a = left, *b = right;
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return (a->from.ms > b->from.ms) - (a->from.ms < b->from.ms);
}

enum status coverage_compute(const struct coverage_request *request,
                             const struct engine_rotas *rotas, struct arena *arena,
                             struct coverage *coverage_r, struct error *error)
{
    struct coverage coverage = {.findings_count = 0};
    struct covering covering = {
        .request = request,
        .arena = arena,
        .until_ms = request->now.ms + request->days * DAY_MS,
        .findings = arena_alloc(arena, COVERAGE_FINDINGS_MAX * sizeof *covering.findings),
    };
    assert(request->days > 0 && request->days <= COVERAGE_DAYS_MAX);
    assert(request->interventions_count <= COVERAGE_INTERVENTIONS_MAX);
    enum status status =
        covering.findings == NULL ? out_of_memory(error) : compile_rotas(&covering, rotas, error);
    if (status != STATUS_OK) {
        return status;
    }
    find_gaps(&covering);
    find_unreachable(&covering);
    find_twice(&covering);
    find_check_ins(&covering);
    find_too_few(&covering);
    status = judge_procedures(&covering, &coverage, error);
    if (status == STATUS_OK) {
        status = find_short_rest(&covering, error);
    }
    if (status == STATUS_OK) {
        status = find_untold(&covering, rotas, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    qsort(covering.findings, covering.findings_count, sizeof *covering.findings, by_kind_and_time);
    coverage.findings = covering.findings;
    coverage.findings_count = covering.findings_count;
    coverage.left_off = covering.left_off;
    *coverage_r = coverage;
    return STATUS_OK;
}

const char *coverage_kind_word(enum coverage_kind kind)
{
    static const char *const words[COVERAGE_KINDS_COUNT] = {
        "gap",
        "no_rota",
        "no_number",
        "no_device",
        "unproven_device",
        "no_permission",
        "unproven_number",
        "unconfirmed_number",
        "twice_at_once",
        "reaches_nobody",
        "daily_rest",
        "weekly_rest",
        "not_judged",
        "not_published",
        "changed_after_publication",
        "check_in_unasked",
        "no_check_in",
        "too_few_people",
    };
    assert((unsigned)kind < COVERAGE_KINDS_COUNT);
    return words[kind];
}
