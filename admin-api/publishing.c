/* publishing.c - a rota becomes a publication, or is only asked what one would tell. */
#include <stdlib.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"
#include "admin-api/publications.h"
#include "admin-api/publications_told.h"
#include "gateway/base/encoding.h"

#define DAY_MS              INT64_C(86400000)
#define BACK_MS             DAY_MS /* what was looked at yesterday can be published */
#define TIME_BYTES_MAX      64
#define SHIFT_BYTES_MAX     96  /* of JSON */
#define CHANGE_BYTES_MAX    176 /* likewise */
#define PARTS_OF_THE_WHOLE  4   /* of the digest, before the agents' */
#define PARTS_OF_EACH_AGENT 2

/* ---- what is asked ---- */

static struct wall_time take_time(struct json_reader *reader, const char *name,
                                  struct wall_time fallback)
{
    struct wall_time time = fallback;
    const char *text = json_take_text(reader, name, false, 1, TIME_BYTES_MAX);
    if (text != NULL && wall_time_parse(text, &time) != STATUS_OK) {
        json_reader_fault(reader, name, "must be a time such as 2026-01-31T18:00:00Z");
    }
    return time;
}

static void take_period(struct exchange *exchange, struct json_reader *reader,
                        const struct rota_period *usual, struct rota_period *period_r)
{
    int64_t now_ms = exchange->received_at.ms;
    period_r->from = take_time(reader, "from", usual->from);
    period_r->to = take_time(reader, "to", usual->to);
    if (period_r->from.ms < now_ms - BACK_MS) {
        json_reader_fault(reader, "from",
                          "lies more than a day back: what was is not announced; leave it out for "
                          "now");
    }
    if (period_r->to.ms <= period_r->from.ms || period_r->to.ms <= now_ms) {
        json_reader_fault(reader, "to", "must be later than from, and than now");
    }
    if (period_r->to.ms - period_r->from.ms > PUBLICATION_DAYS_MAX * DAY_MS) {
        json_reader_fault(reader, "to", "must be at most %d days after from: publish in parts",
                          PUBLICATION_DAYS_MAX);
    }
}

static const char *take_digest(struct json_reader *reader)
{
    const char *text = json_take_text(reader, "digest", false, 1, TIME_BYTES_MAX + 1);
    if (text != NULL && (strlen(text) != HEX_TEXT_BYTES(DIGEST_BYTES) - 1 ||
                         strspn(text, "0123456789abcdef") != strlen(text))) {
        json_reader_fault(reader, "digest", "must be the digest that ?dry_run=true answered");
    }
    return text;
}

static bool take_dry_run(struct exchange *exchange)
{
    const char *value = query_value(exchange, "dry_run");
    exchange->dry_run = value != NULL && strcmp(value, "true") == 0;
    if (value != NULL && !exchange->dry_run && strcmp(value, "false") != 0) {
        (void)reply_fault(exchange, STATUS_INVALID, NULL,
                          "query parameter dry_run must be false or true");
        return false;
    }
    return true;
}

/* ---- what is told ---- */

static int by_agent(const void *left, const void *right)
{
    const struct rota_interval *a = *(const struct rota_interval *const *)left;
    const struct rota_interval *b = *(const struct rota_interval *const *)right;
    int order = strcmp(a->agent, b->agent);
    return order != 0 ? order : (a->from.ms > b->from.ms) - (a->from.ms < b->from.ms);
}

static int by_agent_changed(const void *left, const void *right)
{
    const struct rota_change *a = *(const struct rota_change *const *)left;
    const struct rota_change *b = *(const struct rota_change *const *)right;
    int order = strcmp(a->agent, b->agent);
    return order != 0 ? order : (a->from.ms > b->from.ms) - (a->from.ms < b->from.ms);
}

/* Shifts and changes by agent, and how far they were handed out. */
struct sorted {
    const struct rota_interval **shifts;
    const struct rota_change **changes;
    size_t shifts_count, changes_count;
    size_t next_shift, next_change;
};

static bool sort(const struct publication_plan *plan, struct arena *arena, struct sorted *sorted)
{
    *sorted = (struct sorted){
        .shifts = arena_alloc(arena, (plan->shifts_count + 1) * sizeof(void *)),
        .changes = arena_alloc(arena, (plan->changes_count + 1) * sizeof(void *)),
        .shifts_count = plan->shifts_count,
        .changes_count = plan->changes_count,
    };
    if (sorted->shifts == NULL || sorted->changes == NULL) {
        return false;
    }
    for (size_t i = 0; i < plan->shifts_count; i++) {
        sorted->shifts[i] = &plan->shifts[i];
    }
    for (size_t i = 0; i < plan->changes_count; i++) {
        sorted->changes[i] = &plan->changes[i];
    }
    qsort(sorted->shifts, plan->shifts_count, sizeof(void *), by_agent);
    qsort(sorted->changes, plan->changes_count, sizeof(void *), by_agent_changed);
    return true;
}

/* Whose turn it is: the first by slug of both lists; NULL behind the last. */
static const char *next_agent(const struct sorted *sorted)
{
    const char *on_call = sorted->next_shift < sorted->shifts_count
                              ? sorted->shifts[sorted->next_shift]->agent
                              : NULL;
    const char *changed = sorted->next_change < sorted->changes_count
                              ? sorted->changes[sorted->next_change]->agent
                              : NULL;
    if (on_call == NULL || changed == NULL) {
        return on_call != NULL ? on_call : changed;
    }
    return strcmp(on_call, changed) <= 0 ? on_call : changed;
}

static const char *write_shifts(struct sorted *sorted, const char *agent, struct arena *arena)
{
    size_t first = sorted->next_shift;
    while (sorted->next_shift < sorted->shifts_count &&
           strcmp(sorted->shifts[sorted->next_shift]->agent, agent) == 0) {
        sorted->next_shift++;
    }
    size_t bytes = (sorted->next_shift - first + 1) * SHIFT_BYTES_MAX;
    char *text = arena_alloc(arena, bytes);
    struct json_writer json;
    if (text == NULL) {
        return NULL;
    }
    json_writer_init(&json, text, bytes);
    json_array_begin(&json);
    for (size_t i = first; i < sorted->next_shift; i++) {
        json_object_begin(&json);
        json_member_time(&json, "from", sorted->shifts[i]->from);
        json_member_time(&json, "to", sorted->shifts[i]->to);
        json_object_end(&json);
    }
    json_array_end(&json);
    return json_writer_overflowed(&json) ? NULL : text;
}

static const char *write_changes(struct sorted *sorted, const char *agent, struct arena *arena)
{
    size_t first = sorted->next_change;
    while (sorted->next_change < sorted->changes_count &&
           strcmp(sorted->changes[sorted->next_change]->agent, agent) == 0) {
        sorted->next_change++;
    }
    size_t bytes = (sorted->next_change - first + 1) * CHANGE_BYTES_MAX;
    char *text = arena_alloc(arena, bytes);
    struct json_writer json;
    if (text == NULL) {
        return NULL;
    }
    json_writer_init(&json, text, bytes);
    json_array_begin(&json);
    for (size_t i = first; i < sorted->next_change; i++) {
        const struct rota_change *change = sorted->changes[i];
        json_object_begin(&json);
        json_member_text(&json, "kind", rota_change_word(change->kind));
        json_member_time(&json, "from", change->from);
        json_member_time(&json, "to", change->to);
        json_member_int(&json, "notice_days", change->notice_days);
        json_member_text(&json, "notice", rota_notice_word(change->notice));
        json_object_end(&json);
    }
    json_array_end(&json);
    return json_writer_overflowed(&json) ? NULL : text;
}

/* False: no memory. */
static bool write_agents(const struct exchange *exchange, struct publishing *publishing)
{
    struct arena *arena = exchange->arena;
    const struct publication_plan *plan = &publishing->plan;
    size_t most = plan->shifts_count + plan->changes_count;
    struct sorted sorted;
    publishing->agents = arena_alloc(arena, (most + 1) * sizeof *publishing->agents);
    if (publishing->agents == NULL || !sort(plan, arena, &sorted)) {
        return false;
    }
    for (const char *agent; (agent = next_agent(&sorted)) != NULL;) {
        const struct directory_person *person = directory_agent_by_slug(exchange->customer, agent);
        struct told_agent *told = &publishing->agents[publishing->agents_count++];
        told->agent = agent;
        told->name = arena_text(arena, person != NULL ? person->name : agent);
        told->shifts = write_shifts(&sorted, agent, arena);
        told->changes = write_changes(&sorted, agent, arena);
        if (told->name == NULL || told->shifts == NULL || told->changes == NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < plan->changes_count; i++) {
        publishing->counts[plan->changes[i].notice]++;
    }
    return true;
}

/* Over whose rota it is, its period, and each agent's shifts. False: no memory. */
static bool digest_all(const struct exchange *exchange, struct publishing *publishing)
{
    char from[RFC3339_BYTES_MAX], to[RFC3339_BYTES_MAX];
    size_t count = PARTS_OF_THE_WHOLE + publishing->agents_count * PARTS_OF_EACH_AGENT, used = 0;
    struct digest_part *parts = arena_alloc(exchange->arena, count * sizeof *parts);
    if (parts == NULL) {
        return false;
    }
    wall_time_format(publishing->period.from, from);
    wall_time_format(publishing->period.to, to);
    const char *const whole[PARTS_OF_THE_WHOLE] = {exchange->customer->slug,
                                                   exchange->parameters[1], from, to};
    /* with their terminators, so that none runs into the next */
    for (size_t i = 0; i < PARTS_OF_THE_WHOLE; i++) {
        parts[used++] = (struct digest_part){whole[i], strlen(whole[i]) + 1};
    }
    for (size_t i = 0; i < publishing->agents_count; i++) {
        const struct told_agent *told = &publishing->agents[i];
        parts[used++] = (struct digest_part){told->agent, strlen(told->agent) + 1};
        parts[used++] = (struct digest_part){told->shifts, strlen(told->shifts) + 1};
    }
    publishing->digest_now = digest_sha256(parts, used);
    return true;
}

static enum status look_back(const struct exchange *exchange, struct store *store,
                             struct publishing *publishing, struct publication_history *history_r,
                             struct error *error)
{
    const char *rota = exchange->parameters[1];
    enum status status = store_read_begin(store, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = store_get_newest_publication(store, exchange->customer_id, rota, &publishing->follows,
                                          error);
    if (status == STATUS_NOT_FOUND) {
        status = STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = publications_told(store, exchange->customer_id, rota, &publishing->period,
                                   exchange->arena, history_r, error);
    }
    store_read_end(store);
    return status;
}

/* ---- what is answered ---- */

static void write_plan(struct json_writer *json, void *context)
{
    const struct exchange *exchange = context;
    const struct publishing *publishing = exchange->publishing;
    char digest[HEX_TEXT_BYTES(DIGEST_BYTES)];
    hex_encode(publishing->digest_now.bytes, DIGEST_BYTES, digest);
    json_object_begin(json);
    json_member_text(json, "rota", exchange->parameters[1]);
    json_member_bool(json, "dry_run", true);
    json_member_time(json, "from", publishing->period.from);
    json_member_time(json, "to", publishing->period.to);
    json_member_text(json, "digest", digest);
    json_member_int(json, "notice_days", directory_notice_days(exchange->customer));
    json_member_int(json, "in_time", publishing->counts[ROTA_IN_TIME]);
    json_member_int(json, "short", publishing->counts[ROTA_SHORT]);
    json_member_int(json, "too_short", publishing->counts[ROTA_TOO_SHORT]);
    json_name(json, "told");
    json_array_begin(json);
    for (size_t i = 0; i < publishing->agents_count; i++) {
        json_object_begin(json);
        publication_agent_json(json, &publishing->agents[i]);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

static enum next refuse_other_digest(struct exchange *exchange)
{
    struct error error;
    enum status status =
        error_set_at(&error, STATUS_CONFLICT, "/digest",
                     "/digest: the rota says something else by now than what was looked at: look "
                     "again with ?dry_run=true");
    return reply_problem(exchange, status, &error, NULL);
}

/* The command with who asks; the rest is NULL. NULL: no memory. */
static struct publish_request *begin_command(struct exchange *exchange)
{
    struct publish_request *request = &exchange_command(exchange, COMMAND_PUBLISH)->request.publish;
    const struct digest_part parts[] = {
        {exchange->customer->slug, strlen(exchange->customer->slug) + 1},
        {exchange->parameters[1], strlen(exchange->parameters[1]) + 1},
        {exchange->body, exchange->body_bytes},
    };
    *request = (struct publish_request){
        .key_id = arena_text(exchange->arena, exchange->principal.key_id),
        .idempotency_key = exchange->idempotency_key,
        .body_digest = digest_sha256(parts, sizeof parts / sizeof parts[0]),
        .rota = exchange->parameters[1],
    };
    return request->key_id != NULL ? request : NULL;
}

static enum next publish(struct exchange *exchange, const struct directory_rota *rota)
{
    const struct publishing *publishing = exchange->publishing;
    struct publish_request *request = begin_command(exchange);
    const char *definition = arena_text(exchange->arena, rota->definition);
    if (request == NULL || definition == NULL) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    request->operator_name = publishing->operator_name;
    request->definition = definition;
    request->follows = publishing->follows;
    request->from = publishing->period.from;
    request->to = publishing->period.to;
    request->notice_days = directory_notice_days(exchange->customer);
    request->digest = publishing->digest_now;
    request->in_time = publishing->counts[ROTA_IN_TIME];
    request->short_notice = publishing->counts[ROTA_SHORT];
    request->too_short = publishing->counts[ROTA_TOO_SHORT];
    request->agents = publishing->agents;
    request->agents_count = publishing->agents_count;
    return NEXT_COMMAND;
}

static enum next conclude(struct exchange *exchange, const struct directory_rota *rota)
{
    const struct publishing *publishing = exchange->publishing;
    char digest[HEX_TEXT_BYTES(DIGEST_BYTES)];
    hex_encode(publishing->digest_now.bytes, DIGEST_BYTES, digest);
    if (exchange->dry_run) {
        return reply_view(exchange, write_plan, exchange);
    }
    if (publishing->digest != NULL && strcmp(publishing->digest, digest) != 0) {
        return refuse_other_digest(exchange);
    }
    if (publishing->agents_count == 0) {
        return reply_fault(exchange, STATUS_CONFLICT, NULL,
                           "nobody is on call in this time, nor was told to be: there is nothing "
                           "to publish");
    }
    return publish(exchange, rota);
}

/* Whether the same was asked before: then only the answer is wanted, whatever is so by now. */
static bool was_asked(struct exchange *exchange, struct store *store)
{
    struct idempotency_row row;
    return !exchange->dry_run && exchange->idempotency_key != NULL &&
           store_get_idempotency(store, exchange->principal.key_id, exchange->idempotency_key,
                                 exchange->arena, &row, NULL) == STATUS_OK;
}

static enum next answer_again(struct exchange *exchange)
{
    struct publish_request *request = begin_command(exchange);
    if (request == NULL) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    request->again = true;
    return NEXT_COMMAND;
}

/* Compiling a year takes a while, so a reader thread does it. */
static enum next look(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct publishing *publishing = exchange->publishing;
    const struct directory_rota *rota = directory_rota(exchange->customer, exchange->parameters[1]);
    struct publication_question question = {
        .customer = exchange->customer,
        .rota = rota,
        .period = publishing->period,
        .at = exchange->received_at,
    };
    if (was_asked(exchange, store)) {
        return answer_again(exchange);
    }
    enum status status = look_back(exchange, store, publishing, &question.history, &error);
    if (status != STATUS_OK) {
        return escalations_read_fault(exchange, status, &error);
    }
    status = publication_plan(&question, engine_rotas(exchange->api->engine), exchange->arena,
                              &publishing->plan, &error);
    if (status == STATUS_OK &&
        (!write_agents(exchange, publishing) || !digest_all(exchange, publishing))) {
        status = STATUS_NO_MEMORY;
    }
    return status == STATUS_OK ? conclude(exchange, rota)
                               : reply_problem(exchange, status, &error, NULL);
}

enum next publications_post(struct exchange *exchange)
{
    static const char *const parameters[] = {"dry_run", NULL};
    struct json_reader reader;
    struct error error = {0};
    struct rota_period usual;
    if (!query_check(exchange, parameters) || !take_dry_run(exchange)) {
        return NEXT_ANSWER;
    }
    if (directory_rota(exchange->customer, exchange->parameters[1]) == NULL) {
        return reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
    }
    enum status status = rota_publication_period(exchange->customer->time_zone,
                                                 exchange->received_at, &usual, &error);
    struct publishing *publishing = arena_alloc(exchange->arena, sizeof *publishing);
    if (status != STATUS_OK || publishing == NULL) {
        return reply_problem(exchange, status != STATUS_OK ? status : STATUS_NO_MEMORY, &error,
                             NULL);
    }
    if (!body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    take_period(exchange, &reader, &usual, &publishing->period);
    publishing->digest = take_digest(&reader);
    publishing->operator_name =
        json_take_text(&reader, "operator", false, 1, PUBLICATION_OPERATOR_BYTES_MAX);
    exchange->publishing = publishing;
    exchange->read = look;
    return body_end(exchange, &reader) ? NEXT_READ : NEXT_ANSWER;
}
