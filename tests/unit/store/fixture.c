#include "tests/unit/store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/text.h"

int shelf_setup(void **state)
{
    struct shelf *shelf = calloc(1, sizeof *shelf);
    if (shelf == NULL) {
        return -1;
    }
    (void)text_copy(shelf->folder, sizeof shelf->folder, "/tmp/astreinte-store-XXXXXX");
    if (mkdtemp(shelf->folder) == NULL) {
        return -1;
    }
    (void)snprintf(shelf->path, sizeof shelf->path, "%s/db", shelf->folder);
    shelf->arena = arena_create(0);
    assert_ok(shelf, store_open(shelf->path, NULL, &shelf->store, &shelf->error));
    assert_ok(shelf, add_customer(shelf->store, &shelf->customer_id, &shelf->error));
    *state = shelf;
    return 0;
}

int shelf_teardown(void **state)
{
    struct shelf *shelf = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm", "-copy", "-copy-wal", "-copy-shm"};
    store_close(&shelf->store);
    arena_destroy(&shelf->arena);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s", shelf->path, suffixes[i]);
        (void)unlink(path);
    }
    (void)rmdir(shelf->folder);
    free(shelf);
    return 0;
}

void shelf_execute(struct shelf *shelf, const char *sql)
{
    if (sqlite3_exec(shelf->store->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(shelf->store->db));
    }
}

int64_t shelf_number(struct shelf *shelf, const char *sql)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(shelf->store->db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return number;
}

enum status add_customer(struct store *store, int64_t *customer_id_r, struct error *error)
{
    const struct customer_row row = {
        .slug = "acme",
        .name = "ACME",
        .time_zone = "Europe/Paris",
        .language = "fr",
        .alias = "Azur",
        .active = true,
        .created_at = {1000},
    };
    return store_put_customer(store, &row, customer_id_r, error);
}

int64_t add_agent(struct shelf *shelf)
{
    struct person_row row = {.customer_id = shelf->customer_id,
                             .slug = "jean",
                             .name = "Jean",
                             .phone = "+331",
                             .language = "fr",
                             .active = true};
    int64_t id;
    assert_ok(shelf, store_put_person(shelf->store, PERSON_AGENT, &row, &id, &shelf->error));
    return id;
}

void assert_text(const char *read, const char *written)
{
    if (written == NULL) {
        assert_null(read);
    } else {
        assert_non_null(read);
        assert_string_equal(read, written);
    }
}

struct uuid numbered_id(unsigned n)
{
    struct uuid id = {{0}};
    id.bytes[0] = (uint8_t)(n >> 8);
    id.bytes[1] = (uint8_t)n;
    id.bytes[15] = 0x0f;
    return id;
}

struct digest numbered_digest(unsigned n)
{
    struct digest digest;
    for (size_t i = 0; i < sizeof digest.bytes; i++) {
        digest.bytes[i] = (uint8_t)(n + i);
    }
    return digest;
}

struct escalation plain_escalation(const struct shelf *shelf, unsigned n)
{
    struct escalation escalation;
    memset(&escalation, 0, sizeof escalation);
    escalation.id = numbered_id(n);
    escalation.ticket_id = numbered_id(n + 0x8000);
    escalation.customer_id = shelf->customer_id;
    escalation.severity = SEVERITY_MAJOR;
    escalation.round_started_at = ENGINE_NEVER;
    escalation.wait_until = ENGINE_NEVER;
    escalation.received_until = ENGINE_NEVER;
    escalation.due_at = ENGINE_NEVER;
    escalation.held_since = WALL_NEVER;
    escalation.eta_at = WALL_NEVER;
    escalation.closed_at = WALL_NEVER;
    escalation.opened_at.ms = 1000;
    escalation.version = 1;
    return escalation;
}

enum status add_escalation(struct store *store, const struct escalation *escalation,
                           const char *dedup_key, struct error *error)
{
    struct ticket_row ticket = {
        .customer_id = escalation->customer_id,
        .ticket_id = escalation->ticket_id,
        .summary = "a summary",
        .opened_at = escalation->opened_at,
        .closed_at = WALL_NEVER,
    };
    enum status status = store_add_ticket(store, &ticket, error);
    return status == STATUS_OK ? store_add_escalation(store, escalation, dedup_key, error) : status;
}

struct attempt plain_attempt(unsigned n)
{
    struct attempt attempt;
    memset(&attempt, 0, sizeof attempt);
    attempt.id = numbered_id(n);
    attempt.person_kind = PERSON_AGENT;
    attempt.severity = SEVERITY_MAJOR;
    attempt.not_after = ENGINE_NEVER;
    attempt.planned_at.ms = 1000;
    attempt.handed_over_at = WALL_NEVER;
    attempt.accepted_at = WALL_NEVER;
    attempt.received_at = WALL_NEVER;
    attempt.seen_at = WALL_NEVER;
    attempt.delayed_at = WALL_NEVER;
    return attempt;
}
