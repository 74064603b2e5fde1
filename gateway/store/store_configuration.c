/* store_configuration.c - customers, people, devices, rotas, procedures, keys, and the engine's own
 * rows. */
#include "gateway/store/store_private.h"

#include <assert.h>

#define ROW struct customer_row
static const struct column customer_columns[] = {
    SAME(customer_id, INT64),
    SAME(slug, TEXT),
    SAME(name, TEXT),
    SAME(time_zone, TEXT),
    SAME(language, TEXT),
    SAME(alias, TEXT),
    SAME(default_procedure, TEXT),
    SAME(active, BOOL),
    SAME(created_at, TIME),
    SAME(opening_hours, TEXT),
    SAME(holidays, TEXT),
    SAME(emergency_phone, TEXT),
    SAME(greeting, TEXT),
    SAME(retention_days, ROW_ID),
    SAME(ticket_fields, TEXT),
    SAME(notice_days, ROW_ID),
    SAME(nobody_reached_fr, TEXT),
    SAME(nobody_reached_en, TEXT),
};
MAP(customer);
#undef ROW

#define ROW struct holidays_row
static const struct column holidays_columns[] = {SAME(customer_id, INT64), SAME(ics, TEXT),
                                                 SAME(changed_at, TIME)};
MAP(holidays);
#undef ROW

#define ROW struct number_row
static const struct column number_columns[] = {SAME(customer_id, INT64), SAME(position, INT64),
                                               SAME(number, TEXT)};
MAP(number);
#undef ROW

#define ROW struct person_row
#define PERSON_COLUMNS                                                                             \
    SAME(customer_id, INT64), SAME(slug, TEXT), SAME(name, TEXT), SAME(phone, TEXT),               \
        SAME(phone_label, TEXT), SAME(language, TEXT), SAME(active, BOOL), SAME(created_at, TIME)
static const struct column agent_columns[] = {NAMED(person_id, "agent_id", INT64), PERSON_COLUMNS};
MAP(agent);
static const struct column contact_columns[] = {NAMED(person_id, "contact_id", INT64),
                                                PERSON_COLUMNS};
MAP(contact);
#undef ROW

#define ROW struct enrolment_row
static const struct column enrolment_columns[] = {
    SAME(enrolment_id, INT64), SAME(customer_id, INT64), SAME(agent_id, INT64),
    SAME(code_hash, DIGEST),   SAME(expires_at, TIME),   SAME(token_hash, DIGEST),
    SAME(created_at, TIME),    SAME(used_at, TIME),
};
MAP(enrolment);
#undef ROW

#define ROW struct device_row
static const struct column device_columns[] = {
    SAME(device_id, INT64),     SAME(customer_id, INT64),   SAME(agent_id, INT64),
    SAME(installation, TEXT),   SAME(platform, INT),        SAME(target, TEXT),
    SAME(environment, INT),     SAME(public_key, TEXT),     SAME(auth_secret, TEXT),
    SAME(app_version, TEXT),    SAME(permission, TEXT),     SAME(silent_mode, TEXT),
    SAME(battery_percent, INT), SAME(registered_at, TIME),  SAME(proven_at, TIME),
    SAME(retired_at, TIME),     SAME(retired_reason, TEXT), SAME(heard_at, TIME),
    SAME(registration, UUID),   SAME(phone_id, ROW_ID),
};
MAP(device);
#undef ROW

#define ROW struct definition_row
static const struct column rota_columns[] = {
    NAMED(id, "rota_id", INT64), SAME(customer_id, INT64), SAME(slug, TEXT),
    SAME(definition, TEXT),      SAME(changed_at, TIME),
};
MAP(rota);
static const struct column procedure_columns[] = {
    NAMED(id, "procedure_id", INT64),
    SAME(customer_id, INT64),
    SAME(slug, TEXT),
    SAME(version, INT64),
    SAME(definition, TEXT),
    NAMED(changed_at, "created_at", TIME),
};
MAP(procedure);
static const struct column rule_set_columns[] = {
    NAMED(id, "rule_set_id", INT64),
    SAME(customer_id, INT64),
    SAME(version, INT64),
    SAME(definition, TEXT),
    NAMED(changed_at, "created_at", TIME),
};
MAP(rule_set);
#undef ROW

#define ROW struct api_key_row
static const struct column api_key_columns[] = {
    SAME(key_id, TEXT),        SAME(name, TEXT),          SAME(role, TEXT),
    SAME(secret_hash, DIGEST), SAME(all_customers, BOOL), SAME(created_at, TIME),
};
MAP(api_key);
#undef ROW

#define ROW struct feed_row
static const struct column feed_columns[] = {
    SAME(feed_id, INT64), SAME(customer_id, INT64),  SAME(rota_id, ROW_ID),  SAME(agent_id, ROW_ID),
    SAME(name, TEXT),     SAME(secret_hash, DIGEST), SAME(created_at, TIME),
};
MAP(feed);
#undef ROW

#define ROW struct idempotency_row
static const struct column idempotency_columns[] = {
    SAME(key_id, TEXT),     SAME(key, TEXT),    SAME(body_digest, DIGEST),
    SAME(created_at, TIME), SAME(answer, TEXT), SAME(joined, BOOL),
};
MAP(idempotency);
#undef ROW

#define ROW struct engine_clock_row
static const struct column engine_clock_columns[] = {
    SAME(engine, TIME),
    SAME(wall_at, TIME),
    SAME(boot, TIME),
    SAME(boot_id, CHARS),
};
MAP(engine_clock);
#undef ROW

/* Runs a query whose parameters are all in one row; the id it returns, if asked for. */
static enum status put_row(struct store *store, enum query query, const struct row_map *map,
                           const void *row, int64_t *id_r, struct error *error)
{
    assert(map != NULL && row != NULL);
    struct query_run run;
    enum status status = query_begin(store, query, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_row(&run, map, row);
    if (id_r == NULL) {
        return query_finish(&run, error);
    }
    status = query_number(&run, id_r, error);
    assert(status != STATUS_OK || *id_r > 0); /* 0 stands for "none" everywhere */
    return status;
}

static enum status list_of_customer(struct store *store, enum query query,
                                    const struct row_map *map, size_t row_bytes,
                                    int64_t customer_id, struct arena *arena, void **rows_r,
                                    size_t *count_r, struct error *error)
{
    assert(customer_id > 0);
    assert(map != NULL && row_bytes > 0);
    struct query_run run;
    enum status status = query_begin(store, query, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_all(&run, map, row_bytes, arena, rows_r, count_r, error);
}

enum status store_put_customer(struct store *store, const struct customer_row *row,
                               int64_t *customer_id_r, struct error *error)
{
    assert(row->slug != NULL && row->name != NULL && row->time_zone != NULL);
    assert(customer_id_r != NULL);
    return put_row(store, QUERY_customer_put, &customer_map, row, customer_id_r, error);
}

enum status store_list_customers(struct store *store, struct arena *arena,
                                 struct customer_row **rows_r, size_t *count_r, struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_customer_list, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":after", 0);
    query_bind_int64(&run, ":limit", -1);
    return query_all(&run, &customer_map, sizeof **rows_r, arena, (void **)rows_r, count_r, error);
}

enum status store_get_customer(struct store *store, int64_t customer_id, struct arena *arena,
                               struct customer_row *row_r, struct error *error)
{
    assert(customer_id > 0 && row_r != NULL && arena != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_customer_get, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_one(&run, &customer_map, row_r, arena, error);
}

/* Runs a query for its effect on what is one customer's. */
static enum status run_for_customer(struct store *store, enum query query, int64_t customer_id,
                                    struct error *error)
{
    assert(customer_id > 0);
    struct query_run run;
    enum status status = query_begin(store, query, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_finish(&run, error);
}

enum status store_put_holidays(struct store *store, const struct holidays_row *row,
                               struct error *error)
{
    assert(row->customer_id > 0 && row->ics != NULL);
    assert(row->changed_at.ms != TIME_NEVER_MS);
    return put_row(store, QUERY_customer_holidays_put, &holidays_map, row, NULL, error);
}

enum status store_delete_holidays(struct store *store, int64_t customer_id, struct error *error)
{
    enum status status =
        run_for_customer(store, QUERY_customer_holidays_delete, customer_id, error);
    return status == STATUS_OK && sqlite3_changes(store->db) == 0 ? STATUS_NOT_FOUND : status;
}

enum status store_get_holidays(struct store *store, int64_t customer_id, struct arena *arena,
                               struct holidays_row *row_r, struct error *error)
{
    assert(customer_id > 0 && row_r != NULL && arena != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_customer_holidays_get, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_one(&run, &holidays_map, row_r, arena, error);
}

enum status store_set_numbers(struct store *store, int64_t customer_id, const char *const *numbers,
                              size_t count, struct error *error)
{
    assert(customer_id > 0);
    assert(numbers != NULL || count == 0);
    enum status status = run_for_customer(store, QUERY_customer_number_clear, customer_id, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct number_row row = {
            .customer_id = customer_id, .position = (int64_t)i, .number = numbers[i]};
        status = put_row(store, QUERY_customer_number_insert, &number_map, &row, NULL, error);
    }
    return status;
}

enum status store_get_number_owner(struct store *store, const char *number, int64_t *customer_id_r,
                                   struct error *error)
{
    assert(number != NULL && customer_id_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_customer_number_owner, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_text(&run, ":number", number);
    return query_number(&run, customer_id_r, error);
}

enum status store_list_numbers(struct store *store, int64_t customer_id, struct arena *arena,
                               struct number_row **rows_r, size_t *count_r, struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    return list_of_customer(store, QUERY_customer_number_list, &number_map, sizeof **rows_r,
                            customer_id, arena, (void **)rows_r, count_r, error);
}

enum status store_put_person(struct store *store, enum person_kind kind,
                             const struct person_row *row, int64_t *person_id_r,
                             struct error *error)
{
    assert(kind == PERSON_AGENT || kind == PERSON_CONTACT);
    assert(row->customer_id > 0 && row->slug != NULL);
    assert(person_id_r != NULL);
    return kind == PERSON_AGENT
               ? put_row(store, QUERY_agent_put, &agent_map, row, person_id_r, error)
               : put_row(store, QUERY_contact_put, &contact_map, row, person_id_r, error);
}

enum status store_list_persons(struct store *store, enum person_kind kind, int64_t customer_id,
                               struct arena *arena, struct person_row **rows_r, size_t *count_r,
                               struct error *error)
{
    assert(kind == PERSON_AGENT || kind == PERSON_CONTACT);
    bool agents = kind == PERSON_AGENT;
    return list_of_customer(store, agents ? QUERY_agent_list : QUERY_contact_list,
                            agents ? &agent_map : &contact_map, sizeof **rows_r, customer_id, arena,
                            (void **)rows_r, count_r, error);
}

enum status store_add_enrolment(struct store *store, const struct enrolment_row *row,
                                int64_t *enrolment_id_r, struct error *error)
{
    assert(row->customer_id > 0 && row->agent_id > 0 && enrolment_id_r != NULL);
    assert(row->expires_at.ms != TIME_NEVER_MS && row->created_at.ms != TIME_NEVER_MS);
    struct query_run run;
    enum status status = query_begin(store, QUERY_enrolment_revoke_codes, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", row->customer_id);
    query_bind_int64(&run, ":agent_id", row->agent_id);
    query_bind_int64(&run, ":revoked_at", row->created_at.ms);
    status = query_finish(&run, error);
    if (status != STATUS_OK) {
        return status;
    }
    return put_row(store, QUERY_enrolment_insert, &enrolment_map, row, enrolment_id_r, error);
}

enum status store_find_enrolment_code(struct store *store, const struct digest *code_hash,
                                      struct enrolment_row *row_r, struct error *error)
{
    assert(code_hash != NULL && row_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_enrolment_by_code, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_blob(&run, ":code_hash", code_hash->bytes, sizeof code_hash->bytes);
    return query_one(&run, &enrolment_map, row_r, NULL, error);
}

enum status store_use_enrolment(struct store *store, int64_t customer_id, int64_t enrolment_id,
                                const struct digest *token_hash, struct wall_time now,
                                struct error *error)
{
    assert(customer_id > 0 && enrolment_id > 0);
    assert(now.ms != TIME_NEVER_MS); /* used_at tells a used code from a good one */
    struct enrolment_row row = {.customer_id = customer_id,
                                .enrolment_id = enrolment_id,
                                .token_hash = *token_hash,
                                .used_at = now};
    return put_row(store, QUERY_enrolment_use, &enrolment_map, &row, NULL, error);
}

enum status store_list_enrolments(struct store *store, int64_t customer_id, struct arena *arena,
                                  struct enrolment_row **rows_r, size_t *count_r,
                                  struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    return list_of_customer(store, QUERY_enrolment_list, &enrolment_map, sizeof **rows_r,
                            customer_id, arena, (void **)rows_r, count_r, error);
}

enum status store_put_device(struct store *store, const struct device_row *row,
                             int64_t *device_id_r, struct error *error)
{
    assert(row->customer_id > 0 && row->agent_id > 0 && device_id_r != NULL);
    assert(row->installation != NULL && row->registered_at.ms != TIME_NEVER_MS);
    enum status status = query_write_row(store, QUERY_device_test_outdate, &device_map, row, error);
    return status == STATUS_OK
               ? put_row(store, QUERY_device_put, &device_map, row, device_id_r, error)
               : status;
}

enum status store_list_devices(struct store *store, int64_t customer_id, struct arena *arena,
                               struct device_row **rows_r, size_t *count_r, struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    return list_of_customer(store, QUERY_device_list, &device_map, sizeof **rows_r, customer_id,
                            arena, (void **)rows_r, count_r, error);
}

enum status store_count_other_devices(struct store *store, int64_t customer_id, int64_t agent_id,
                                      const char *installation, int64_t *count_r,
                                      struct error *error)
{
    assert(customer_id > 0 && agent_id > 0 && installation != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_device_count_others, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":agent_id", agent_id);
    query_bind_text(&run, ":installation", installation);
    return query_number(&run, count_r, error);
}

enum status store_list_devices_of_agent(struct store *store, int64_t customer_id, int64_t agent_id,
                                        struct arena *arena, struct device_row **rows_r,
                                        size_t *count_r, struct error *error)
{
    assert(customer_id > 0 && agent_id > 0);
    struct query_run run;
    enum status status = query_begin(store, QUERY_device_list_of_agent, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":agent_id", agent_id);
    return query_all(&run, &device_map, sizeof **rows_r, arena, (void **)rows_r, count_r, error);
}

enum status store_retire_device(struct store *store, int64_t customer_id, int64_t device_id,
                                const char *reason, struct wall_time now,
                                struct wall_time not_registered_after, struct error *error)
{
    assert(customer_id > 0 && device_id > 0);
    assert(now.ms != TIME_NEVER_MS);
    struct query_run run;
    enum status status = query_begin(store, QUERY_device_retire, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":device_id", device_id);
    query_bind_text(&run, ":retired_reason", reason);
    query_bind_int64(&run, ":retired_at", now.ms);
    query_bind_int64(&run, ":not_registered_after", not_registered_after.ms);
    return query_finish(&run, error);
}

enum status store_prove_device(struct store *store, int64_t customer_id, int64_t device_id,
                               struct wall_time now, struct error *error)
{
    assert(customer_id > 0 && device_id > 0);
    assert(now.ms != TIME_NEVER_MS); /* NULL would take the proof away */
    struct device_row row = {.customer_id = customer_id, .device_id = device_id, .proven_at = now};
    return put_row(store, QUERY_device_proven, &device_map, &row, NULL, error);
}

enum status store_put_rota(struct store *store, const struct definition_row *row,
                           int64_t *rota_id_r, struct error *error)
{
    assert(row->customer_id > 0 && rota_id_r != NULL);
    assert(row->slug != NULL && row->definition != NULL);
    return put_row(store, QUERY_rota_put, &rota_map, row, rota_id_r, error);
}

enum status store_list_rotas(struct store *store, int64_t customer_id, struct arena *arena,
                             struct definition_row **rows_r, size_t *count_r, struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    return list_of_customer(store, QUERY_rota_list, &rota_map, sizeof **rows_r, customer_id, arena,
                            (void **)rows_r, count_r, error);
}

/* The next version of what has versions; a query that answers its id and number. */
static enum status add_version(struct store *store, enum query query, const struct row_map *map,
                               const struct definition_row *row, int64_t *id_r, int64_t *version_r,
                               struct error *error)
{
    assert(row->customer_id > 0 && row->definition != NULL);
    assert(id_r != NULL && version_r != NULL);
    struct query_run run;
    struct definition_row added = {.id = 0};
    enum status status = query_begin(store, query, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_row(&run, map, row);
    status = query_step(&run, error);
    if (status == STATUS_OK) {
        query_read_row(&run, map, &added, NULL);
        status = query_finish(&run, error);
    } else {
        query_end(&run);
    }
    if (status == STATUS_OK) {
        assert(added.id > 0 && added.version > 0); /* what an escalation is to pin */
        *id_r = added.id;
        *version_r = added.version;
    }
    return status;
}

enum status store_add_procedure(struct store *store, const struct definition_row *row,
                                int64_t *procedure_id_r, int64_t *version_r, struct error *error)
{
    assert(row->slug != NULL);
    return add_version(store, QUERY_procedure_insert, &procedure_map, row, procedure_id_r,
                       version_r, error);
}

enum status store_add_rules(struct store *store, const struct definition_row *row,
                            int64_t *rule_set_id_r, int64_t *version_r, struct error *error)
{
    return add_version(store, QUERY_rule_set_insert, &rule_set_map, row, rule_set_id_r, version_r,
                       error);
}

enum status store_get_rules(struct store *store, int64_t customer_id, struct arena *arena,
                            struct definition_row *row_r, struct error *error)
{
    assert(customer_id > 0 && row_r != NULL && arena != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_rule_set_newest, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_one(&run, &rule_set_map, row_r, arena, error);
}

enum status store_list_procedures(struct store *store, int64_t customer_id, struct arena *arena,
                                  struct definition_row **rows_r, size_t *count_r,
                                  struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    return list_of_customer(store, QUERY_procedure_list, &procedure_map, sizeof **rows_r,
                            customer_id, arena, (void **)rows_r, count_r, error);
}

enum status store_get_procedure(struct store *store, int64_t customer_id, int64_t procedure_id,
                                struct arena *arena, struct definition_row *row_r,
                                struct error *error)
{
    assert(customer_id > 0 && procedure_id > 0); /* 0 is the last resort, which has no row */
    assert(row_r != NULL && arena != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_procedure_get, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":procedure_id", procedure_id);
    return query_one(&run, &procedure_map, row_r, arena, error);
}

enum status store_add_api_key(struct store *store, const struct api_key_row *row,
                              struct error *error)
{
    assert(row->key_id != NULL && row->role != NULL);
    assert(row->customers != NULL || row->customers_count == 0);
    enum status status = put_row(store, QUERY_api_key_insert, &api_key_map, row, NULL, error);
    for (size_t i = 0; i < row->customers_count && status == STATUS_OK; i++) {
        struct query_run run;
        status = query_begin(store, QUERY_api_key_customer_insert, &run, error);
        if (status == STATUS_OK) {
            query_bind_text(&run, ":key_id", row->key_id);
            query_bind_int64(&run, ":customer_id", row->customers[i]);
            status = query_finish(&run, error);
        }
    }
    return status;
}

static enum status read_key_customers(struct store *store, struct api_key_row *row,
                                      struct arena *arena, struct error *error)
{
    assert(row->key_id != NULL && arena != NULL);
    static const struct column columns[] = {
        COLUMN_SAME(struct customer_row, customer_id, COLUMN_INT64)};
    static const struct row_map map = {columns, 1};
    struct query_run run;
    struct customer_row *found;
    size_t count;
    enum status status = query_begin(store, QUERY_api_key_customer_list, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_text(&run, ":key_id", row->key_id);
    status = query_all(&run, &map, sizeof *found, arena, (void **)&found, &count, error);
    int64_t *ids = status == STATUS_OK ? arena_alloc(arena, (count + 1) * sizeof *ids) : NULL;
    if (status == STATUS_OK && ids == NULL) {
        status = STATUS_NO_MEMORY;
    }
    if (status == STATUS_OK) {
        for (size_t i = 0; i < count; i++) {
            ids[i] = found[i].customer_id;
        }
        row->customers = ids;
        row->customers_count = count;
    }
    return status;
}

enum status store_list_api_keys(struct store *store, struct arena *arena,
                                struct api_key_row **rows_r, size_t *count_r, struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    struct query_run run;
    struct api_key_row *rows;
    size_t count;
    enum status status = query_begin(store, QUERY_api_key_list, &run, error);
    if (status == STATUS_OK) {
        status = query_all(&run, &api_key_map, sizeof *rows, arena, (void **)&rows, &count, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = read_key_customers(store, &rows[i], arena, error);
    }
    if (status == STATUS_OK) {
        *rows_r = rows;
        *count_r = count;
    }
    return status;
}

enum status store_revoke_api_key(struct store *store, const char *key_id, struct wall_time now,
                                 struct error *error)
{
    assert(key_id != NULL);
    assert(now.ms != TIME_NEVER_MS); /* NULL would make it good again */
    struct query_run run;
    enum status status = query_begin(store, QUERY_api_key_revoke, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_text(&run, ":key_id", key_id);
    query_bind_int64(&run, ":revoked_at", now.ms);
    status = query_finish(&run, error);
    return status == STATUS_OK && sqlite3_changes(store->db) == 0 ? STATUS_NOT_FOUND : status;
}

enum status store_add_feed(struct store *store, const struct feed_row *row, int64_t *feed_id_r,
                           struct error *error)
{
    assert(row->customer_id > 0 && (row->rota_id == 0) != (row->agent_id == 0));
    assert(row->name != NULL && feed_id_r != NULL);
    return put_row(store, QUERY_feed_insert, &feed_map, row, feed_id_r, error);
}

enum status store_list_feeds(struct store *store, int64_t customer_id, struct arena *arena,
                             struct feed_row **rows_r, size_t *count_r, struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    return list_of_customer(store, QUERY_feed_list, &feed_map, sizeof **rows_r, customer_id, arena,
                            (void **)rows_r, count_r, error);
}

enum status store_revoke_feed(struct store *store, int64_t customer_id, int64_t feed_id,
                              struct wall_time now, struct error *error)
{
    assert(customer_id > 0 && feed_id > 0);
    assert(now.ms != TIME_NEVER_MS); /* NULL would make it good again */
    struct query_run run;
    enum status status = query_begin(store, QUERY_feed_revoke, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":feed_id", feed_id);
    query_bind_int64(&run, ":revoked_at", now.ms);
    return query_finish(&run, error);
}

enum status store_add_idempotency(struct store *store, const struct idempotency_row *row,
                                  struct error *error)
{
    assert(row->key_id != NULL && row->key != NULL);
    assert(row->answer != NULL && row->created_at.ms != TIME_NEVER_MS);
    return put_row(store, QUERY_idempotency_insert, &idempotency_map, row, NULL, error);
}

enum status store_get_idempotency(struct store *store, const char *key_id, const char *key,
                                  struct arena *arena, struct idempotency_row *row_r,
                                  struct error *error)
{
    assert(key_id != NULL && key != NULL);
    assert(row_r != NULL && arena != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_idempotency_get, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_text(&run, ":key_id", key_id);
    query_bind_text(&run, ":key", key);
    return query_one(&run, &idempotency_map, row_r, arena, error);
}

enum status store_purge_idempotency(struct store *store, struct engine_time before,
                                    struct error *error)
{
    assert(before.ms != TIME_NEVER_MS); /* that would forget all of them */
    struct query_run run;
    enum status status = query_begin(store, QUERY_idempotency_purge, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":before", before.ms);
    return query_finish(&run, error);
}

enum status store_add_alarm(struct store *store, struct wall_time at, const char *kind,
                            const char *detail, struct error *error)
{
    assert(kind != NULL && at.ms != TIME_NEVER_MS);
    struct query_run run;
    enum status status = query_begin(store, QUERY_alarm_insert, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":at", at.ms);
    query_bind_text(&run, ":kind", kind);
    query_bind_text(&run, ":detail", detail);
    return query_finish(&run, error);
}

enum status store_get_engine_clock(struct store *store, struct engine_clock_row *row_r,
                                   struct error *error)
{
    assert(row_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_engine_clock_get, &run, error);
    return status == STATUS_OK ? query_one(&run, &engine_clock_map, row_r, NULL, error) : status;
}

enum status store_set_engine_clock(struct store *store, const struct engine_clock_row *row,
                                   struct error *error)
{
    assert(row->engine.ms != TIME_NEVER_MS && row->wall_at.ms != TIME_NEVER_MS);
    return put_row(store, QUERY_engine_clock_set, &engine_clock_map, row, NULL, error);
}
