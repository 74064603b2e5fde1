/* store_installation.c - one installation registered by several enrolments, shared phones, PINs. */
#include "gateway/store/store_installation.h"

#include <assert.h>

#include "gateway/store/store_private.h"

#define ROW struct registration_row
static const struct column registration_columns[] = {
    SAME(device_id, INT64),   SAME(customer_id, INT64),  SAME(agent_id, INT64),
    SAME(phone_id, ROW_ID),   SAME(registered_at, TIME), SAME(retired_at, TIME),
    SAME(installation, TEXT), SAME(platform, INT),       SAME(target, TEXT),
    SAME(public_key, TEXT),   SAME(auth_secret, TEXT),   SAME(app_version, TEXT),
    SAME(permission, TEXT),   SAME(silent_mode, TEXT),   SAME(battery_percent, INT),
};
MAP(registration);
#undef ROW

#define ROW struct rotation_row
static const struct column rotation_columns[] = {
    SAME(customer_id, INT64),  SAME(device_id, INT64),     SAME(platform, INT),
    SAME(target, TEXT),        SAME(environment, INT),     SAME(public_key, TEXT),
    SAME(auth_secret, TEXT),   SAME(old_public_key, TEXT), SAME(old_auth_secret, TEXT),
    SAME(registered_at, TIME),
};
MAP(rotation);
#undef ROW

/* An unused code has no token: its hash is NULL, which no secret's is. */
#define ROW struct shared_phone_row
#define PHONE_COLUMNS                                                                              \
    SAME(phone_id, INT64), SAME(customer_id, INT64), SAME(name, TEXT), SAME(code_hash, DIGEST),    \
        SAME(expires_at, TIME), SAME(created_at, TIME), SAME(used_at, TIME),                       \
        SAME(revoked_at, TIME), SAME(registration, UUID), SAME(installation, TEXT),                \
        SAME(platform, INT), SAME(target, TEXT), SAME(environment, INT), SAME(public_key, TEXT),   \
        SAME(auth_secret, TEXT), SAME(app_version, TEXT), SAME(permission, TEXT),                  \
        SAME(silent_mode, TEXT), SAME(battery_percent, INT), SAME(registered_at, TIME),            \
        SAME(owner_id, ROW_ID), SAME(owned_since, TIME)
static const struct column shared_phone_columns[] = {PHONE_COLUMNS, SAME(token_hash, DIGEST)};
MAP(shared_phone);
static const struct column unused_phone_columns[] = {PHONE_COLUMNS};
MAP(unused_phone);
#undef ROW

#define ROW struct shared_phone_agent_row
static const struct column shared_phone_agent_columns[] = {
    SAME(customer_id, INT64), SAME(phone_id, INT64), SAME(agent_id, INT64)};
MAP(shared_phone_agent);
#undef ROW

#define ROW struct shared_phone_turn_row
static const struct column shared_phone_turn_columns[] = {
    SAME(customer_id, INT64), SAME(phone_id, INT64), SAME(turn, INT64),    SAME(agent_id, INT64),
    SAME(began_at, TIME),     SAME(ended_at, TIME),  SAME(ended_by, TEXT),
};
MAP(shared_phone_turn);
#undef ROW

#define ROW struct agent_pin_row
static const struct column agent_pin_columns[] = {SAME(customer_id, INT64), SAME(agent_id, INT64),
                                                  SAME(salt, UUID), SAME(hash, DIGEST),
                                                  SAME(set_at, TIME)};
MAP(agent_pin);
#undef ROW

#define ROW struct pin_failure_row
static const struct column pin_failure_columns[] = {SAME(customer_id, INT64), SAME(phone_id, INT64),
                                                    SAME(agent_id, INT64), SAME(failures, INT64),
                                                    NAMED(until, "until_engine", TIME)};
MAP(pin_failure);
#undef ROW

/* Begins a query about something of a customer that a number names. */
static enum status begin_numbered(struct store *store, enum query query, int64_t customer_id,
                                  const char *parameter, int64_t number, struct query_run *run_r,
                                  struct error *error)
{
    assert(customer_id > 0 && number > 0);
    enum status status = query_begin(store, query, run_r, error);
    if (status == STATUS_OK) {
        query_bind_int64(run_r, ":customer_id", customer_id);
        query_bind_int64(run_r, parameter, number);
    }
    return status;
}

/* Begins a query about whatever is registered on one phone. */
static enum status begin_of_target(struct store *store, enum query query, const char *installation,
                                   enum platform platform, const char *target, size_t limit,
                                   struct query_run *run_r, struct error *error)
{
    assert(installation != NULL && target != NULL && limit > 0);
    enum status status = query_begin(store, query, run_r, error);
    if (status == STATUS_OK) {
        query_bind_text(run_r, ":installation", installation);
        query_bind_int64(run_r, ":platform", platform);
        query_bind_text(run_r, ":target", target);
        query_bind_int64(run_r, ":limit", (int64_t)limit);
    }
    return status;
}

/* ---- registrations ---- */

enum status store_get_registration(struct store *store, int64_t customer_id, int64_t agent_id,
                                   const char *installation, struct arena *arena,
                                   struct registration_row *row_r, struct error *error)
{
    assert(installation != NULL && row_r != NULL);
    struct query_run run;
    enum status status = begin_numbered(store, QUERY_registration_get, customer_id, ":agent_id",
                                        agent_id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_text(&run, ":installation", installation);
    return query_one(&run, &registration_map, row_r, arena, error);
}

enum status store_list_registrations(struct store *store, const char *installation,
                                     enum platform platform, const char *target, size_t limit,
                                     struct arena *arena, struct registration_row **rows_r,
                                     size_t *count_r, struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = begin_of_target(store, QUERY_registration_list, installation, platform,
                                         target, limit, &run, error);
    return status == STATUS_OK ? query_all(&run, &registration_map, sizeof **rows_r, arena,
                                           (void **)rows_r, count_r, error)
                               : status;
}

enum status store_list_registrations_of_device(struct store *store, int64_t customer_id,
                                               int64_t device_id, size_t limit, struct arena *arena,
                                               struct registration_row **rows_r, size_t *count_r,
                                               struct error *error)
{
    assert(limit > 0 && rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = begin_numbered(store, QUERY_registration_list_of_device, customer_id,
                                        ":device_id", device_id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return query_all(&run, &registration_map, sizeof **rows_r, arena, (void **)rows_r, count_r,
                     error);
}

enum status store_rotate_registration(struct store *store, const struct rotation_row *row,
                                      struct error *error)
{
    assert(row->customer_id > 0 && row->device_id > 0);
    assert(row->target != NULL && row->registered_at.ms != TIME_NEVER_MS);
    enum status status =
        query_write_row(store, QUERY_device_test_outdate_of_device, &rotation_map, row, error);
    return status == STATUS_OK
               ? query_write_row(store, QUERY_registration_rotate, &rotation_map, row, error)
               : status;
}

/* ---- shared phones ---- */

enum status store_add_shared_phone(struct store *store, const struct shared_phone_row *row,
                                   int64_t *phone_id_r, struct error *error)
{
    assert(row->customer_id > 0 && row->name != NULL && phone_id_r != NULL);
    assert(row->expires_at.ms != TIME_NEVER_MS && row->created_at.ms != TIME_NEVER_MS);
    struct query_run run;
    enum status status = query_begin(store, QUERY_shared_phone_insert, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_row(&run, &shared_phone_map, row);
    return query_number(&run, phone_id_r, error);
}

enum status store_update_shared_phone(struct store *store, const struct shared_phone_row *row,
                                      struct error *error)
{
    assert(row->customer_id > 0 && row->phone_id > 0);
    assert(row->target == NULL || row->installation != NULL);
    bool used = row->used_at.ms != TIME_NEVER_MS;
    return query_write_row(store, QUERY_shared_phone_update,
                           used ? &shared_phone_map : &unused_phone_map, row, error);
}

enum status store_get_shared_phone(struct store *store, int64_t customer_id, int64_t phone_id,
                                   struct arena *arena, struct shared_phone_row *row_r,
                                   struct error *error)
{
    assert(row_r != NULL);
    struct query_run run;
    enum status status = begin_numbered(store, QUERY_shared_phone_get, customer_id, ":phone_id",
                                        phone_id, &run, error);
    return status == STATUS_OK ? query_one(&run, &shared_phone_map, row_r, arena, error) : status;
}

enum status store_find_shared_phone_code(struct store *store, const struct digest *code_hash,
                                         struct arena *arena, struct shared_phone_row *row_r,
                                         struct error *error)
{
    assert(code_hash != NULL && row_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_shared_phone_by_code, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_blob(&run, ":code_hash", code_hash->bytes, sizeof code_hash->bytes);
    return query_one(&run, &shared_phone_map, row_r, arena, error);
}

enum status store_list_shared_phones(struct store *store, int64_t customer_id, struct arena *arena,
                                     struct shared_phone_row **rows_r, size_t *count_r,
                                     struct error *error)
{
    assert(customer_id > 0 && rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_shared_phone_list, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_all(&run, &shared_phone_map, sizeof **rows_r, arena, (void **)rows_r, count_r,
                     error);
}

enum status store_list_shared_phones_of_target(struct store *store, const char *installation,
                                               enum platform platform, const char *target,
                                               size_t limit, struct arena *arena,
                                               struct shared_phone_row **rows_r, size_t *count_r,
                                               struct error *error)
{
    assert(rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = begin_of_target(store, QUERY_shared_phone_list_of_target, installation,
                                         platform, target, limit, &run, error);
    return status == STATUS_OK ? query_all(&run, &shared_phone_map, sizeof **rows_r, arena,
                                           (void **)rows_r, count_r, error)
                               : status;
}

enum status store_add_shared_phone_agent(struct store *store,
                                         const struct shared_phone_agent_row *row,
                                         struct error *error)
{
    assert(row->customer_id > 0 && row->phone_id > 0 && row->agent_id > 0);
    return query_write_row(store, QUERY_shared_phone_agent_insert, &shared_phone_agent_map, row,
                           error);
}

enum status store_list_shared_phone_agents(struct store *store, int64_t customer_id,
                                           struct arena *arena,
                                           struct shared_phone_agent_row **rows_r, size_t *count_r,
                                           struct error *error)
{
    assert(customer_id > 0 && rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_shared_phone_agent_list, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_all(&run, &shared_phone_agent_map, sizeof **rows_r, arena, (void **)rows_r,
                     count_r, error);
}

enum status store_begin_turn(struct store *store, const struct shared_phone_turn_row *row,
                             struct error *error)
{
    assert(row->customer_id > 0 && row->phone_id > 0 && row->agent_id > 0);
    assert(row->began_at.ms != TIME_NEVER_MS);
    struct query_run run;
    enum status status =
        query_write_row(store, QUERY_shared_phone_turn_begin, &shared_phone_turn_map, row, error);
    if (status == STATUS_OK) {
        status = begin_numbered(store, QUERY_shared_phone_turn_forget, row->customer_id,
                                ":phone_id", row->phone_id, &run, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":kept", SHARED_PHONE_TURNS_KEPT);
    return query_finish(&run, error);
}

enum status store_end_turn(struct store *store, int64_t customer_id, int64_t phone_id,
                           const char *by, struct wall_time now, struct error *error)
{
    assert(by != NULL && now.ms != TIME_NEVER_MS);
    struct query_run run;
    enum status status = begin_numbered(store, QUERY_shared_phone_turn_end, customer_id,
                                        ":phone_id", phone_id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":ended_at", now.ms);
    query_bind_text(&run, ":ended_by", by);
    return query_finish(&run, error);
}

enum status store_list_turns(struct store *store, int64_t customer_id, int64_t phone_id,
                             size_t limit, struct arena *arena,
                             struct shared_phone_turn_row **rows_r, size_t *count_r,
                             struct error *error)
{
    assert(limit > 0 && rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = begin_numbered(store, QUERY_shared_phone_turn_list, customer_id,
                                        ":phone_id", phone_id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return query_all(&run, &shared_phone_turn_map, sizeof **rows_r, arena, (void **)rows_r, count_r,
                     error);
}

/* ---- PINs ---- */

enum status store_put_pin(struct store *store, const struct agent_pin_row *row, struct error *error)
{
    assert(row->customer_id > 0 && row->agent_id > 0);
    assert(!uuid_is_nil(row->salt) && row->set_at.ms != TIME_NEVER_MS);
    return query_write_row(store, QUERY_agent_pin_put, &agent_pin_map, row, error);
}

/* A query of one agent that answers nothing. */
static enum status run_of_agent(struct store *store, enum query query, int64_t customer_id,
                                int64_t agent_id, struct error *error)
{
    struct query_run run;
    enum status status =
        begin_numbered(store, query, customer_id, ":agent_id", agent_id, &run, error);
    return status == STATUS_OK ? query_finish(&run, error) : status;
}

enum status store_delete_pin(struct store *store, int64_t customer_id, int64_t agent_id,
                             struct error *error)
{
    return run_of_agent(store, QUERY_agent_pin_delete, customer_id, agent_id, error);
}

enum status store_get_pin(struct store *store, int64_t customer_id, int64_t agent_id,
                          struct agent_pin_row *row_r, struct error *error)
{
    assert(row_r != NULL);
    struct query_run run;
    enum status status =
        begin_numbered(store, QUERY_agent_pin_get, customer_id, ":agent_id", agent_id, &run, error);
    return status == STATUS_OK ? query_one(&run, &agent_pin_map, row_r, NULL, error) : status;
}

enum status store_list_pins(struct store *store, int64_t customer_id, struct arena *arena,
                            struct agent_pin_row **rows_r, size_t *count_r, struct error *error)
{
    assert(customer_id > 0 && rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_agent_pin_list, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_all(&run, &agent_pin_map, sizeof **rows_r, arena, (void **)rows_r, count_r, error);
}

enum status store_put_pin_failure(struct store *store, const struct pin_failure_row *row,
                                  struct error *error)
{
    assert(row->customer_id > 0 && row->phone_id > 0 && row->agent_id > 0);
    assert(row->failures >= 0);
    return query_write_row(store, QUERY_pin_failure_put, &pin_failure_map, row, error);
}

enum status store_get_pin_failure(struct store *store, int64_t customer_id, int64_t phone_id,
                                  int64_t agent_id, struct pin_failure_row *row_r,
                                  struct error *error)
{
    assert(phone_id > 0 && row_r != NULL);
    struct query_run run;
    enum status status = begin_numbered(store, QUERY_pin_failure_get, customer_id, ":agent_id",
                                        agent_id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":phone_id", phone_id);
    return query_one(&run, &pin_failure_map, row_r, NULL, error);
}

enum status store_forget_pin_failures(struct store *store, int64_t customer_id, int64_t agent_id,
                                      struct error *error)
{
    return run_of_agent(store, QUERY_pin_failure_forget, customer_id, agent_id, error);
}
