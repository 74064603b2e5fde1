/* directory_load.c - builds directories from the store, one customer at a time. */
#include "gateway/engine/directory_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/engine/people.h"
#include "gateway/store/store_check_in.h"

static enum status out_of_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the directory");
}

#define SHARED_TEXTS_MAX 16

/* One customer on its way from rows, which go, to a snapshot, which stays. */
struct loading {
    const struct directory_builder *builder;
    const struct customer_snapshot *before; /* or NULL */
    struct customer_snapshot *snapshot;
    struct arena *rows;
    const char *shared[SHARED_TEXTS_MAX]; /* in the snapshot's arena */
    size_t shared_count;
    bool starved; /* a text found no memory: said before one is read again, and at the end */
};

/* A copy that lives with the snapshot; NULL for NULL, and then nothing is amiss. */
static const char *keep(struct loading *loading, const char *text)
{
    const char *copy = arena_text(loading->snapshot->arena, text);
    loading->starved = loading->starved || (copy == NULL && text != NULL);
    return copy;
}

/* The same for words that thousands have in common: a language, an app's version. */
static const char *keep_once(struct loading *loading, const char *text)
{
    for (size_t i = 0; text != NULL && i < loading->shared_count; i++) {
        if (strcmp(loading->shared[i], text) == 0) {
            return loading->shared[i];
        }
    }
    const char *copy = keep(loading, text);
    if (copy != NULL && loading->shared_count < SHARED_TEXTS_MAX) {
        loading->shared[loading->shared_count++] = copy;
    }
    return copy;
}

static enum status starved(const struct loading *loading, struct error *error)
{
    return loading->starved ? out_of_memory(error) : STATUS_OK;
}

static struct directory_device device_of(struct loading *loading, const struct device_row *row)
{
    return (struct directory_device){
        .id = row->device_id,
        .installation = keep(loading, row->installation),
        .platform = row->platform,
        .target = keep(loading, row->target),
        .environment = row->environment,
        .public_key = keep(loading, row->public_key),
        .auth_secret = keep(loading, row->auth_secret),
        .app_version = keep_once(loading, row->app_version),
        .permission = keep_once(loading, row->permission),
        .silent_mode = keep_once(loading, row->silent_mode),
        .battery_percent = row->battery_percent,
        .registered_at = row->registered_at,
        .proven_at = row->proven_at,
        .live = row->retired_at.ms == TIME_NEVER_MS,
        .retired_reason = keep_once(loading, row->retired_reason),
        .registration = row->registration,
        .phone_id = row->phone_id,
    };
}

/* Where the devices of an agent begin among the customer's, which come ordered by agent. */
static size_t first_of_agent(const struct device_row *rows, size_t count, int64_t agent_id)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rows[middle].agent_id < agent_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum status load_devices(struct loading *loading, const struct device_row *rows,
                                size_t count, struct directory_person *agent, struct error *error)
{
    size_t first = first_of_agent(rows, count, agent->id), own = 0;
    while (first + own < count && rows[first + own].agent_id == agent->id) {
        own++;
    }
    if (own == 0) {
        return STATUS_OK;
    }
    struct directory_device *devices = arena_alloc(loading->snapshot->arena, own * sizeof *devices);
    if (devices == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < own; i++) {
        devices[i] = device_of(loading, &rows[first + i]);
    }
    agent->devices = devices;
    agent->devices_count = own;
    return STATUS_OK;
}

static enum status load_all_devices(struct loading *loading, struct directory_person *agents,
                                    size_t agents_count, struct error *error)
{
    struct device_row *rows = NULL;
    size_t count = 0;
    enum status status = store_list_devices(loading->builder->store, loading->snapshot->customer.id,
                                            loading->rows, &rows, &count, error);
    for (size_t i = 0; i < agents_count && status == STATUS_OK; i++) {
        status = load_devices(loading, rows, count, &agents[i], error);
    }
    return status;
}

static enum status load_persons(struct loading *loading, enum person_kind kind,
                                const struct directory_person **persons_r, size_t *count_r,
                                struct error *error)
{
    struct person_row *rows;
    size_t count;
    arena_reset(loading->rows);
    enum status status =
        store_list_persons(loading->builder->store, kind, loading->snapshot->customer.id,
                           loading->rows, &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct directory_person *persons =
        arena_alloc(loading->snapshot->arena, count * sizeof *persons);
    if (persons == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        persons[i] = (struct directory_person){
            .kind = kind,
            .id = rows[i].person_id,
            .slug = keep(loading, rows[i].slug),
            .name = keep(loading, rows[i].name),
            .phone = keep(loading, rows[i].phone),
            .language = keep_once(loading, rows[i].language),
            .active = rows[i].active,
            .phone_label = keep(loading, rows[i].phone_label),
        };
    }
    *persons_r = persons;
    *count_r = count;
    status = directory_load_phones(loading->builder->store, loading->snapshot->customer.id,
                                   loading->rows, loading->snapshot->arena, persons, count, error);
    if (status != STATUS_OK || kind != PERSON_AGENT) {
        return status;
    }
    status = load_all_devices(loading, persons, count, error);
    return status != STATUS_OK
               ? status
               : directory_pauses_load(loading->builder->store, loading->snapshot->customer.id,
                                       loading->rows, loading->snapshot->arena, persons, count,
                                       error);
}

static enum status load_enrolments(struct loading *loading, struct error *error)
{
    struct directory_customer *customer = &loading->snapshot->customer;
    struct enrolment_row *rows;
    size_t count;
    arena_reset(loading->rows);
    enum status status = store_list_enrolments(loading->builder->store, customer->id, loading->rows,
                                               &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct directory_enrolment *enrolments =
        arena_alloc(loading->snapshot->arena, count * sizeof *enrolments);
    if (enrolments == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        enrolments[i] = (struct directory_enrolment){
            .id = rows[i].enrolment_id,
            .agent_id = rows[i].agent_id,
            .token_hash = rows[i].token_hash,
        };
    }
    customer->enrolments = enrolments;
    customer->enrolments_count = count;
    return STATUS_OK;
}

static enum status load_numbers(struct loading *loading, struct error *error)
{
    struct directory_customer *customer = &loading->snapshot->customer;
    struct number_row *rows;
    size_t count;
    arena_reset(loading->rows);
    enum status status = store_list_numbers(loading->builder->store, customer->id, loading->rows,
                                            &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    const char **numbers = arena_alloc(loading->snapshot->arena, count * sizeof *numbers);
    if (numbers == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        numbers[i] = keep(loading, rows[i].number);
    }
    customer->numbers = numbers;
    customer->numbers_count = count;
    return starved(loading, error);
}

/* The one that was just read for the check, the one before, or a new one. As with a rota, one that
 * cannot be read must not take the whole customer down: it was sound when it was put, and a rota
 * that needs it does not compile. */
static enum status find_calendar(struct loading *loading, const struct engine_calendar_texts *texts,
                                 struct error *error)
{
    const struct directory_builder *builder = loading->builder;
    struct customer_snapshot *snapshot = loading->snapshot;
    struct shared_calendar *candidates[] = {
        builder->calendar, loading->before != NULL ? loading->before->calendar : NULL};
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        if (shared_calendar_serves(candidates[i], texts, builder->now)) {
            snapshot->calendar = shared_calendar_hold(candidates[i]);
            return STATUS_OK;
        }
    }
    enum status status =
        shared_calendar_read(builder->rotas, texts, builder->now, &snapshot->calendar, error);
    if (status != STATUS_OK && status != STATUS_NO_MEMORY) {
        log_error("directory.calendar_does_not_read", LOG_INT("customer", snapshot->customer.id),
                  LOG_STATUS(status));
        return STATUS_OK;
    }
    return status;
}

static enum status load_calendar(struct loading *loading, struct error *error)
{
    struct directory_customer *customer = &loading->snapshot->customer;
    struct holidays_row file = {.ics = NULL};
    arena_reset(loading->rows);
    enum status status =
        store_get_holidays(loading->builder->store, customer->id, loading->rows, &file, error);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    const struct engine_calendar_texts texts = {customer->opening_hours, customer->holidays,
                                                file.ics};
    customer->has_holidays_file = file.ics != NULL;
    if (texts.opening_hours == NULL && texts.holidays == NULL && texts.holidays_ics == NULL) {
        return STATUS_OK;
    }
    status = find_calendar(loading, &texts, error);
    const struct shared_calendar *found = loading->snapshot->calendar;
    if (found != NULL) {
        customer->calendar = found->calendar;
        customer->calendar_from = found->from;
        customer->calendar_until = found->until;
    }
    return status;
}

static enum status load_ticket_fields(struct loading *loading, struct error *error)
{
    struct directory_customer *customer = &loading->snapshot->customer;
    const char *json = customer->ticket_fields_json;
    if (json == NULL) {
        return STATUS_OK;
    }
    enum status status =
        ticket_fields_parse(json, strlen(json), loading->snapshot->arena, &customer->ticket_fields,
                            &customer->ticket_fields_count, error);
    if (status != STATUS_OK && status != STATUS_NO_MEMORY) {
        log_error("directory.ticket_fields_do_not_parse", LOG_INT("customer", customer->id));
        return STATUS_OK;
    }
    return status;
}

static enum status load_feeds(struct loading *loading, struct error *error)
{
    struct directory_customer *customer = &loading->snapshot->customer;
    struct feed_row *rows = NULL;
    size_t count = 0;
    arena_reset(loading->rows);
    enum status status = store_list_feeds(loading->builder->store, customer->id, loading->rows,
                                          &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct directory_feed *feeds = arena_alloc(loading->snapshot->arena, count * sizeof *feeds);
    if (feeds == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        feeds[i] = (struct directory_feed){
            .id = rows[i].feed_id,
            .rota_id = rows[i].rota_id,
            .agent_id = rows[i].agent_id,
            .name = keep(loading, rows[i].name),
            .secret_hash = rows[i].secret_hash,
            .created_at = rows[i].created_at,
        };
    }
    customer->feeds = feeds;
    customer->feeds_count = count;
    return starved(loading, error);
}

static enum status load_check_in_plans(struct loading *loading, struct directory_rota *rotas,
                                       size_t rotas_count, struct error *error)
{
    struct check_in_plan_row *rows = NULL;
    size_t count = 0;
    arena_reset(loading->rows);
    enum status status =
        store_list_check_in_plans(loading->builder->store, loading->snapshot->customer.id,
                                  loading->rows, &rows, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        for (size_t r = 0; r < rotas_count; r++) {
            if (strcmp(rotas[r].slug, rows[i].rota) == 0) {
                rotas[r].check_in = (struct directory_check_in){
                    .planned = true,
                    .opens_before_ms = rows[i].opens_before_s * 1000,
                    .remind_before_ms = rows[i].remind_before_s * 1000,
                    .closes_after_ms = rows[i].closes_after_s * 1000,
                    .procedure = keep_once(loading, rows[i].procedure),
                    .severity = rows[i].severity,
                    .since = rows[i].since_at,
                    .probe_ms = rows[i].probe_s * 1000,
                };
            }
        }
        status = starved(loading, error);
    }
    return status;
}

static enum status load_rotas(struct loading *loading, struct error *error)
{
    struct directory_customer *customer = &loading->snapshot->customer;
    struct definition_row *rows = NULL;
    size_t count = 0;
    arena_reset(loading->rows);
    enum status status = store_list_rotas(loading->builder->store, customer->id, loading->rows,
                                          &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct directory_rota *rotas = arena_alloc(loading->snapshot->arena, count * sizeof *rotas);
    struct shared_rota **shared = arena_alloc(loading->snapshot->arena, count * sizeof *shared);
    if (rotas == NULL || shared == NULL) {
        return out_of_memory(error);
    }
    loading->snapshot->rotas = shared;
    customer->rotas = rotas;
    customer->rotas_count = count;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        rotas[i].id = rows[i].id;
        rotas[i].changed_at = rows[i].changed_at;
        rotas[i].slug = keep(loading, rows[i].slug);
        status = starved(loading, error);
        if (status == STATUS_OK) {
            status = snapshot_compile_rota(loading->builder, loading->before, loading->snapshot,
                                           &rotas[i], i, rows[i].definition, loading->rows, error);
        }
    }
    return status == STATUS_OK ? load_check_in_plans(loading, rotas, count, error) : status;
}

enum status procedure_parse_stored(const struct definition_row *row, struct arena *arena,
                                   struct procedure **procedure_r, struct error *error)
{
    enum status status = STATUS_INVALID;
    for (int tries = 0; tries < 2 && status == STATUS_INVALID; tries++) {
        status = procedure_parse(row->definition, strlen(row->definition), row->slug, arena,
                                 procedure_r, error);
    }
    return status == STATUS_TOO_LARGE ? out_of_memory(error) : status;
}

static enum status load_procedures(struct loading *loading, struct error *error)
{
    struct customer_snapshot *snapshot = loading->snapshot;
    struct definition_row *rows = NULL;
    size_t count = 0;
    arena_reset(loading->rows);
    enum status status = store_list_procedures(loading->builder->store, snapshot->customer.id,
                                               loading->rows, &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct directory_procedure *procedures =
        arena_alloc(snapshot->arena, count * sizeof *procedures);
    if (procedures == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        struct procedure *procedure = NULL;
        enum status parsed = procedure_parse_stored(&rows[i], snapshot->arena, &procedure, error);
        if (parsed == STATUS_NO_MEMORY) {
            return parsed;
        }
        if (parsed != STATUS_OK) {
            log_error("directory.procedure_does_not_parse", LOG_INT("procedure", rows[i].id));
            continue;
        }
        procedures[snapshot->customer.procedures_count++] = (struct directory_procedure){
            .id = rows[i].id,
            .version = rows[i].version,
            .definition = keep(loading, rows[i].definition),
            .procedure = procedure,
        };
    }
    snapshot->customer.procedures = procedures;
    return starved(loading, error);
}

/* Rules that cannot be read are as good as ones that cannot decide: each call is escalated with the
 * default procedure, and says so. */
static enum status load_rules(struct loading *loading, struct error *error)
{
    struct directory_customer *customer = &loading->snapshot->customer;
    struct definition_row row = {.id = 0};
    arena_reset(loading->rows);
    enum status status =
        store_get_rules(loading->builder->store, customer->id, loading->rows, &row, error);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    struct directory_rules *kept = arena_alloc(loading->snapshot->arena, sizeof *kept);
    if (kept == NULL) {
        return out_of_memory(error);
    }
    struct rules *rules = NULL;
    status = rules_parse(row.definition, strlen(row.definition), loading->snapshot->arena, &rules,
                         error);
    if (status == STATUS_NO_MEMORY) {
        return status;
    }
    if (status != STATUS_OK) {
        log_error("directory.rules_do_not_parse", LOG_INT("customer", customer->id));
    }
    *kept = (struct directory_rules){
        .version = row.version, .definition = keep(loading, row.definition), .rules = rules};
    customer->rules = kept;
    return starved(loading, error);
}

static enum status fill_snapshot(struct loading *loading, const struct customer_row *row,
                                 struct error *error)
{
    struct directory_customer *customer = &loading->snapshot->customer;
    *customer = (struct directory_customer){
        .id = row->customer_id,
        .slug = keep(loading, row->slug),
        .name = keep(loading, row->name),
        .time_zone = keep(loading, row->time_zone),
        .language = keep_once(loading, row->language),
        .alias = keep(loading, row->alias),
        .default_procedure = keep(loading, row->default_procedure),
        .active = row->active,
        .opening_hours = keep(loading, row->opening_hours),
        .holidays = keep_once(loading, row->holidays),
        .emergency_phone = keep(loading, row->emergency_phone),
        .greeting = keep(loading, row->greeting),
        .retention_days = row->retention_days,
        .ticket_fields_json = keep(loading, row->ticket_fields),
        .created_at = row->created_at,
        .notice_days = row->notice_days,
        .nobody_reached_fr = keep(loading, row->nobody_reached_fr),
        .nobody_reached_en = keep(loading, row->nobody_reached_en),
    };
    enum status status = starved(loading, error);
    if (status == STATUS_OK) {
        status = load_numbers(loading, error);
    }
    if (status == STATUS_OK) {
        status = load_calendar(loading, error);
    }
    if (status == STATUS_OK) {
        status = load_ticket_fields(loading, error);
    }
    if (status == STATUS_OK) {
        status =
            load_persons(loading, PERSON_AGENT, &customer->agents, &customer->agents_count, error);
    }
    if (status == STATUS_OK) {
        status = load_persons(loading, PERSON_CONTACT, &customer->contacts,
                              &customer->contacts_count, error);
    }
    if (status == STATUS_OK) {
        status = load_enrolments(loading, error);
    }
    if (status == STATUS_OK) {
        status = shared_phones_load(loading->builder, loading->snapshot, loading->rows, error);
    }
    if (status == STATUS_OK) {
        status = load_feeds(loading, error);
    }
    if (status == STATUS_OK) {
        status = load_rotas(loading, error);
    }
    if (status == STATUS_OK) {
        status = load_procedures(loading, error);
    }
    return status == STATUS_OK ? load_rules(loading, error) : status;
}

enum status customer_snapshot_load(const struct directory_builder *builder,
                                   const struct customer_row *row,
                                   const struct customer_snapshot *before,
                                   struct customer_snapshot **snapshot_r, struct error *error)
{
    struct arena *arena = arena_create(0);
    struct loading loading = {.builder = builder, .before = before, .rows = arena_create(0)};
    loading.snapshot = arena == NULL ? NULL : arena_alloc(arena, sizeof *loading.snapshot);
    enum status status = STATUS_OK;
    if (loading.snapshot == NULL || loading.rows == NULL) {
        status = out_of_memory(error);
    } else {
        loading.snapshot->arena = arena;
        atomic_init(&loading.snapshot->references, 1);
        status = fill_snapshot(&loading, row, error);
    }
    arena_destroy(&loading.rows);
    if (status != STATUS_OK) {
        if (loading.snapshot != NULL) {
            snapshot_release_rotas(loading.snapshot);
            shared_calendar_release(loading.snapshot->calendar);
        }
        arena_destroy(&arena);
        return error_wrap(error, status, "customer %lld", (long long)row->customer_id);
    }
    *snapshot_r = loading.snapshot;
    return STATUS_OK;
}

void customer_snapshot_release(struct customer_snapshot *snapshot)
{
    if (atomic_fetch_sub(&snapshot->references, 1) == 1) {
        struct arena *arena = snapshot->arena;
        snapshot_release_rotas(snapshot);
        shared_calendar_release(snapshot->calendar);
        arena_destroy(&arena);
    }
}

static int by_key_id(const void *left, const void *right)
{
    return strcmp(((const struct directory_api_key *)left)->id,
                  ((const struct directory_api_key *)right)->id);
}

static int by_slug(const void *left, const void *right)
{
    const struct customer_snapshot *const *a = left, *const *b = right;
    return strcmp((*a)->customer.slug, (*b)->customer.slug);
}

static int by_id(const void *left, const void *right)
{
    const struct customer_snapshot *const *a = left, *const *b = right;
    return ((*a)->customer.id > (*b)->customer.id) - ((*a)->customer.id < (*b)->customer.id);
}

static int by_number(const void *left, const void *right)
{
    return strcmp(((const struct directory_number *)left)->number,
                  ((const struct directory_number *)right)->number);
}

/* Which number is whose; no number is two customers'. */
static enum status index_numbers(struct directory *directory, struct error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < directory->customers_count; i++) {
        count += directory->by_id[i]->customer.numbers_count;
    }
    directory->numbers = arena_alloc(directory->arena, count * sizeof *directory->numbers);
    if (directory->numbers == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < directory->customers_count; i++) {
        const struct customer_snapshot *snapshot = directory->by_id[i];
        for (size_t n = 0; n < snapshot->customer.numbers_count; n++) {
            directory->numbers[directory->numbers_count++] =
                (struct directory_number){snapshot->customer.numbers[n], snapshot};
        }
    }
    qsort(directory->numbers, directory->numbers_count, sizeof *directory->numbers, by_number);
    return STATUS_OK;
}

/* The administrator's key from the configuration, beside the stored ones. */
static enum status add_root_key(const struct directory_builder *builder,
                                struct directory *directory, struct error *error)
{
    struct token_parts parts;
    if (builder->root_key == NULL) {
        return STATUS_OK;
    }
    bool split = token_split(builder->root_key, "ak_", &parts);
    assert(split); /* engine_check_root_key() saw to it */
    (void)split;
    const char *id = arena_text(directory->arena, parts.id);
    if (id == NULL) {
        return out_of_memory(error);
    }
    directory->keys[directory->keys_count++] = (struct directory_api_key){
        .id = id,
        .name = "root",
        .role = ROLE_ADMIN,
        .secret_hash = token_hash(parts.secret),
        .all_customers = true,
    };
    return STATUS_OK;
}

static enum status load_keys(const struct directory_builder *builder, struct directory *directory,
                             struct error *error)
{
    struct api_key_row *rows;
    size_t count;
    enum status status =
        store_list_api_keys(builder->store, directory->arena, &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    directory->keys = arena_alloc(directory->arena, (count + 1) * sizeof *directory->keys);
    if (directory->keys == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        directory->keys[directory->keys_count++] = (struct directory_api_key){
            .id = rows[i].key_id,
            .name = rows[i].name,
            .role = role_parse(rows[i].role),
            .secret_hash = rows[i].secret_hash,
            .all_customers = rows[i].all_customers,
            .customers = rows[i].customers,
            .customers_count = rows[i].customers_count,
            .created_at = rows[i].created_at,
        };
    }
    status = add_root_key(builder, directory, error);
    if (status == STATUS_OK) {
        qsort(directory->keys, directory->keys_count, sizeof *directory->keys, by_key_id);
    }
    return status;
}

/* An empty directory with room for customers. */
static struct directory *directory_create(size_t customers_max)
{
    struct arena *arena = arena_create(0);
    struct directory *directory = arena == NULL ? NULL : arena_alloc(arena, sizeof *directory);
    if (directory == NULL) {
        arena_destroy(&arena);
        return NULL;
    }
    atomic_init(&directory->references, 1);
    directory->arena = arena;
    directory->by_id = arena_alloc(arena, customers_max * sizeof *directory->by_id);
    directory->by_slug = arena_alloc(arena, customers_max * sizeof *directory->by_slug);
    if (directory->by_id == NULL || directory->by_slug == NULL) {
        directory_release(directory);
        return NULL;
    }
    return directory;
}

static void add_customer(struct directory *directory, struct customer_snapshot *snapshot)
{
    directory->by_id[directory->customers_count] = snapshot;
    directory->by_slug[directory->customers_count] = snapshot;
    directory->customers_count++;
}

static enum status finish(const struct directory_builder *builder, struct directory *directory,
                          enum status status, struct directory **directory_r, struct error *error)
{
    if (status == STATUS_OK) {
        status = load_keys(builder, directory, error);
    }
    if (status == STATUS_OK) {
        status = index_numbers(directory, error);
    }
    if (status != STATUS_OK) {
        directory_release(directory);
        return status;
    }
    qsort(directory->by_id, directory->customers_count, sizeof *directory->by_id, by_id);
    qsort(directory->by_slug, directory->customers_count, sizeof *directory->by_slug, by_slug);
    *directory_r = directory;
    return STATUS_OK;
}

enum status directory_load(const struct directory_builder *builder, struct directory **directory_r,
                           struct error *error)
{
    struct arena *scratch = arena_create(0);
    struct customer_row *rows = NULL;
    size_t count = 0;
    enum status status = scratch == NULL
                             ? out_of_memory(error)
                             : store_list_customers(builder->store, scratch, &rows, &count, error);
    struct directory *directory = status == STATUS_OK ? directory_create(count) : NULL;
    if (status == STATUS_OK && directory == NULL) {
        status = out_of_memory(error);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct customer_snapshot *snapshot = NULL;
        status = customer_snapshot_load(builder, &rows[i], NULL, &snapshot, error);
        if (status == STATUS_OK) {
            add_customer(directory, snapshot);
        }
    }
    arena_destroy(&scratch);
    return directory == NULL ? status : finish(builder, directory, status, directory_r, error);
}

static enum status load_changed(const struct directory_builder *builder,
                                struct directory *directory, int64_t customer_id,
                                const struct customer_snapshot *before, struct error *error)
{
    struct arena *scratch = arena_create(0);
    struct customer_row row = {.customer_id = 0};
    struct customer_snapshot *snapshot = NULL;
    enum status status =
        scratch == NULL ? out_of_memory(error)
                        : store_get_customer(builder->store, customer_id, scratch, &row, error);
    if (status == STATUS_OK) {
        status = customer_snapshot_load(builder, &row, before, &snapshot, error);
    }
    if (status == STATUS_OK) {
        add_customer(directory, snapshot);
    }
    arena_destroy(&scratch);
    return status;
}

enum status directory_reload(const struct directory_builder *builder,
                             const struct directory *before, int64_t customer_id,
                             struct directory **directory_r, struct error *error)
{
    struct directory *directory = directory_create(before->customers_count + 1);
    if (directory == NULL) {
        return out_of_memory(error);
    }
    const struct customer_snapshot *replaced = NULL;
    directory->generation = before->generation + 1;
    for (size_t i = 0; i < before->customers_count; i++) {
        struct customer_snapshot *snapshot = before->by_id[i];
        if (snapshot->customer.id != customer_id) {
            atomic_fetch_add(&snapshot->references, 1);
            add_customer(directory, snapshot);
        } else {
            replaced = snapshot;
        }
    }
    enum status status = customer_id == 0
                             ? STATUS_OK
                             : load_changed(builder, directory, customer_id, replaced, error);
    return finish(builder, directory, status, directory_r, error);
}
