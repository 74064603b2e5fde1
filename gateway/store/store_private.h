/* store_private.h - the connection, its prepared queries, and row maps. */
#ifndef GATEWAY_STORE_STORE_PRIVATE_H
#define GATEWAY_STORE_STORE_PRIVATE_H

#include <sqlite3.h>

#include "gateway/base/text.h"
#include "gateway/store/store.h"

/* Every named query that C uses; each must exist in schema/sqlite/queries*.sql, and the reverse (a
 * unit test compares). */
/* clang-format off */
#define QUERY_TABLE(X) \
    X(ticket_insert) X(ticket_close) X(ticket_get) X(escalation_insert) X(escalation_update) \
    X(escalation_set_aside) X(attempt_set_aside) X(escalation_release_dedup) X(escalation_get) \
    X(escalation_customer) X(escalation_open_by_dedup) X(escalation_due) \
    X(escalation_next_due) X(escalation_open_of_customer) X(escalation_open_newest) \
    X(escalation_count_open)     X(escalation_count_on_hold) X(escalation_list_of_customer) \
    X(caller_insert) X(caller_update) X(caller_list) \
    X(attempt_insert) X(attempt_update) X(attempt_update_received) X(attempt_get) \
    X(attempt_list_newest) X(attempt_list) X(attempt_of_call) X(attempt_outbox) \
    X(attempt_calls_in_progress) X(attempt_rewind) X(attempt_unreceived_elsewhere) \
    X(escalation_list) X(desk_task_insert) \
    X(desk_task_done) X(desk_task_finish_search) X(desk_task_get) \
    X(desk_task_list_of_escalation) X(desk_task_list_open) \
    X(timeline_insert) X(timeline_personal_insert) X(timeline_list_of_escalation) \
    X(timeline_list_of_customer) X(timeline_head_get) X(timeline_head_set) \
    X(idempotency_insert) X(idempotency_get) X(idempotency_purge) X(customer_put) \
    X(customer_list) X(customer_get) X(customer_holidays_put) X(customer_holidays_delete) \
    X(customer_holidays_get) X(customer_number_clear) X(customer_number_insert) \
    X(customer_number_owner) X(customer_number_list) X(agent_put) X(agent_list) X(contact_put) \
    X(contact_list) X(enrolment_insert) X(enrolment_by_code) X(enrolment_use) \
    X(enrolment_revoke_codes) \
    X(enrolment_list) X(device_put) X(device_list) X(device_count_others) X(device_retire) \
    X(device_proven) \
    X(rota_put) X(rota_list) X(procedure_insert) X(procedure_list) X(procedure_get) \
    X(rule_set_insert) X(rule_set_newest) \
    X(api_key_insert) X(api_key_customer_insert) X(api_key_list) X(api_key_customer_list) \
    X(api_key_revoke) X(alarm_insert) \
    X(check_in_plan_put) X(check_in_plan_delete) X(check_in_plan_list) X(check_in_duty_put) \
    X(check_in_duty_get) X(check_in_duty_of_escalation) X(check_in_duty_missing) \
    X(check_in_duty_taken_up) X(check_in_duty_probes) \
    X(check_in_duty_replaced) X(check_in_duty_escalated) X(check_in_insert) X(check_in_out) \
    X(check_in_current) \
    X(check_in_completed) X(check_in_of_test) X(check_in_of_shift) X(check_in_standing) \
    X(check_in_deny) X(check_in_complete) X(check_in_note) \
    X(device_test_insert) X(device_test_forget) X(device_test_update) X(device_test_get) \
    X(device_test_list) X(device_test_outbox) X(device_test_rewind) X(device_test_outdate) \
    X(device_test_outdate_of_device) \
    X(feed_insert) X(feed_list) X(feed_revoke) \
    X(publication_insert) X(publication_agent_insert) X(publication_newest) X(publication_exists) \
    X(publication_get) X(publication_list) X(publication_list_over) X(publication_agent_list) \
    X(publication_agent_get) X(publication_list_of_agent) X(publication_agent_unfetched) \
    X(publication_agent_fetched) X(publication_agent_seen) \
    X(engine_clock_get) X(engine_clock_set) \
    X(ticket_highest_number) X(ticket_by_number) X(ticket_list) X(ticket_list_end) \
    X(ticket_list_of_customer) X(ticket_list_of_customer_end) X(ticket_list_open) \
    X(ticket_list_open_end) X(ticket_list_open_of_customer) X(ticket_list_open_of_customer_end) \
    X(escalation_newest_of_customer) X(ticket_newest_of_customer) \
    X(ticket_newest_open_of_customer) X(ticket_unindexed_of_customer) X(ticket_any_of_customer) \
    X(ticket_stale_of_customer) \
    X(ticket_reopen) X(ticket_link) X(ticket_list_duplicates) X(ticket_open_escalations) \
    X(ticket_list_escalations) X(ticket_note_insert) X(ticket_note_count) X(ticket_note_list) \
    X(ticket_text) X(ticket_document_get) X(ticket_document_insert) X(ticket_document_update) \
    X(ticket_document_delete) X(ticket_document_below) X(ticket_words_insert) \
    X(ticket_words_delete) X(ticket_words_merge) X(ticket_search) X(ticket_search_end) \
    X(ticket_stale_insert) X(ticket_stale_delete) X(ticket_stale_list) X(ticket_indexed_get) \
    X(ticket_indexed_set) X(ticket_unclean_set) X(ticket_to_index) X(ticket_unindexed) \
    X(ticket_unindexed_newest) X(ticket_newest) \
    X(ticket_walk) X(ticket_erase) X(ticket_erase_callers) \
    X(ticket_erase_notes) X(ticket_erase_timeline) X(ticket_erase_dedup) \
    X(ticket_said) X(ticket_walk_open) X(customer_tell_never_closed) X(check_in_erase_notes) \
    X(device_heard) X(device_list_of_agent) X(number_proof_put) X(number_proof_get) \
    X(number_proof_drop) X(number_proof_list) X(further_number_clear) X(further_number_insert) \
    X(further_number_list) \
    X(pause_put) X(pause_delete) X(pause_forget) X(pause_get) X(pause_list) \
    X(device_heard_of_agent) X(escalation_worked_on_elsewhere) \
    X(member_insert) X(member_delete_all) X(member_list) X(offer_insert) X(offer_delete_all) \
    X(offer_list) X(escalation_list_worked_on) \
    X(registration_get) X(registration_list) X(registration_list_of_device) \
    X(registration_rotate) X(shared_phone_insert) X(shared_phone_update) X(shared_phone_get) \
    X(shared_phone_by_code) X(shared_phone_list) X(shared_phone_list_of_target) \
    X(shared_phone_agent_insert) X(shared_phone_agent_list) X(shared_phone_turn_begin) \
    X(shared_phone_turn_end) X(shared_phone_turn_forget) X(shared_phone_turn_list) \
    X(agent_pin_put) X(agent_pin_delete) X(agent_pin_get) X(agent_pin_list) X(pin_failure_put) \
    X(pin_failure_get) X(pin_failure_forget) \
    X(coverage_report_put) X(coverage_report_told) X(coverage_report_get) X(coverage_report_list)
/* clang-format on */

enum query {
#define X_(name) QUERY_##name,
    QUERY_TABLE(X_)
#undef X_
        QUERIES_COUNT
};

/* ---- row maps: which column goes with which member ---- */

enum column_type {
    COLUMN_INT,    /* int, or an enum */
    COLUMN_INT64,  /* int64_t */
    COLUMN_BOOL,   /* bool */
    COLUMN_TIME,   /* a time struct; TIME_NEVER_MS is NULL */
    COLUMN_UUID,   /* struct uuid */
    COLUMN_DIGEST, /* struct digest; NULL reads as zeros */
    COLUMN_TEXT,   /* const char *; NULL is NULL; read into the arena */
    COLUMN_CHARS,  /* char[size] */
    COLUMN_ROW_ID, /* int64_t; 0 is NULL */
};

struct column {
    const char *name;
    enum column_type type;
    size_t offset;
    size_t size;
};

#define COLUMN(row, member, name_, type_)                                                          \
    {                                                                                              \
        .name = (name_), .type = (type_), .offset = offsetof(row, member),                         \
        .size = sizeof(((row *)0)->member)                                                         \
    }
/* The column is named as the member. */
#define COLUMN_SAME(row, member, type_) COLUMN(row, member, #member, type_)

/* Short forms for the tables of a file that defines ROW as the struct at hand, and the map over a
 * table called NAME_columns. */
#define SAME(member, type)        COLUMN_SAME(ROW, member, COLUMN_##type)
#define NAMED(member, name, type) COLUMN(ROW, member, name, COLUMN_##type)
#define MAP(name)                                                                                  \
    static const struct row_map name##_map = {name##_columns,                                      \
                                              sizeof name##_columns / sizeof name##_columns[0]}

#define COLUMNS_MAX 48

struct row_map {
    const struct column *columns;
    size_t count;
};

/* A prepared query; parameter and result positions are found once for the map it was first used
 * with. */
struct query_state {
    sqlite3_stmt *statement;
    const struct row_map *bound_map;
    int parameters[COLUMNS_MAX];
    const struct row_map *read_map;
    int results[COLUMNS_MAX];
    bool running; /* between query_begin() and query_end() */
};

enum control {
    CONTROL_BEGIN,
    CONTROL_COMMIT,
    CONTROL_SAVEPOINT,
    CONTROL_RELEASE,
    CONTROL_ROLLBACK_TO,
    CONTROL_ROLLBACK,
    CONTROLS_COUNT,
};

/* The end of one customer's journal, as far as this transaction wrote it. */
struct journal_head {
    int64_t customer_id;
    int64_t timeline_seq;
    struct digest timeline_chain;
};

#define JOURNAL_HEADS_MAX 64

struct store {
    unsigned magic;
    sqlite3 *db;
    bool writer;
    int wal_pages;       /* in the log after the last commit */
    int wal_pages_tried; /* of them at the last checkpoint; 0: the log was begun anew since */
    int wal_pages_most;  /* ever, since the log's file was cut */
    int64_t read_ms_max;
    int64_t read_until_ms;         /* of the running read, CLOCK_BOOTTIME */
    const struct uuid *unreadable; /* escalations of whose rows no text is read (store_forbid()) */
    size_t unreadable_count;
    bool search_damaged; /* the index of tickets' words is (store_search_is_damaged()) */
    struct query_state queries[QUERIES_COUNT];
    sqlite3_stmt *controls[CONTROLS_COUNT];
    /* Heads move with every entry; their rows are written once, before the commit. The second copy
     * is what a savepoint goes back to. */
    struct journal_head heads[JOURNAL_HEADS_MAX];
    size_t heads_count;
    struct journal_head heads_at_savepoint[JOURNAL_HEADS_MAX];
    size_t heads_at_savepoint_count;
};

/* One use of a query: begin, bind, step, end. */
struct query_run {
    struct store *store;
    struct query_state *state;
    enum query query;
    enum status fault;  /* of a value that was bound or read: the next step, or the end, says so */
    bool without_texts; /* of the row that is read next */
};

/* Begins a run; prepares on first use. */
enum status query_begin(struct store *store, enum query query, struct query_run *run_r,
                        struct error *error) MUST_CHECK;
/* Binds every parameter named like a column of the map; others stay NULL. */
void query_bind_row(struct query_run *run, const struct row_map *map, const void *row);
void query_bind_int64(struct query_run *run, const char *name, int64_t value);
void query_bind_text(struct query_run *run, const char *name, const char *text);
void query_bind_uuid(struct query_run *run, const char *name, struct uuid uuid);
void query_bind_blob(struct query_run *run, const char *name, const void *bytes, size_t count);
/* STATUS_OK: a row is there; STATUS_DONE: no more; an error otherwise. */
enum status query_step(struct query_run *run, struct error *error) MUST_CHECK;
void query_read_row(struct query_run *run, const struct row_map *map, void *row_r,
                    struct arena *arena);
int64_t query_read_int64(struct query_run *run, int column);
/* Resets; always called, also after errors. */
void query_end(struct query_run *run);

/* Steps to the end, ignoring rows, and ends the run. STATUS_OK instead of STATUS_DONE. */
enum status query_finish(struct query_run *run, struct error *error) MUST_CHECK;

/* Begins, binds and finishes a query whose parameters are all in one row. The writer's. */
enum status query_write_row(struct store *store, enum query query, const struct row_map *map,
                            const void *row, struct error *error) MUST_CHECK;

/* Reads one row and ends the run: STATUS_NOT_FOUND when there is none. */
enum status query_one(struct query_run *run, const struct row_map *map, void *row_r,
                      struct arena *arena, struct error *error) MUST_CHECK;

/* Reads all rows into an array from the arena and ends the run. */
enum status query_all(struct query_run *run, const struct row_map *map, size_t row_bytes,
                      struct arena *arena, void **rows_r, size_t *count_r,
                      struct error *error) MUST_CHECK;

/* Reads one number (of a RETURNING or count) and ends the run. */
enum status query_number(struct query_run *run, int64_t *number_r, struct error *error) MUST_CHECK;

/* Maps SQLite's result codes; fills error with the message and codes at once. */
enum status store_status(struct store *store, int rc, const char *what, struct error *error);

/* Whether a result code says that the disk or the user's share of it is full. */
bool store_is_out_of_room(int rc, int system_errno);

/* Writes the heads that this transaction moved, and forgets them. */
enum status store_flush_heads(struct store *store, struct error *error) MUST_CHECK;

/* The first column of the first row of a pragma or a count. */
enum status store_number(struct store *store, const char *sql, int64_t *number_r,
                         struct error *error) MUST_CHECK;

/* A reading connection for work of any length, without queries; the error does not name the file.
 */
enum status store_connect_reader(const char *path, const char *vfs, struct store **store_r,
                                 struct error *error) MUST_CHECK;

/* A file system of SQLite's by its name (NULL: the system's), or NULL. Whoever looks for one before
 * the first connection is there must do it by this: it prepares the library. */
sqlite3_vfs *store_find_vfs(const char *name);

/* STATUS_CORRUPT when SQLite would take what is left of a database for a new one. */
enum status store_check_files(const char *path, const char *vfs_name,
                              struct error *error) MUST_CHECK;

/* SQLite's own check of pages, of rows and of every index against its table. STATUS_CORRUPT. */
enum status store_check_pages(struct store *store, struct error *error) MUST_CHECK;

/* Whether it is ours, whole in its schema and not newer than this program; 0 for an empty one.
 * Writes nothing. STATUS_UNSUPPORTED: newer; STATUS_CONFIGURATION: another program's;
 * STATUS_CORRUPT. */
enum status store_identify(struct store *store, int64_t *version_r, struct error *error) MUST_CHECK;

/* Puts the file's name in front of the detail, and the remedy when it is damaged. */
enum status store_name_file(const char *path, enum status status, struct error *error);

#define STORE_MAGIC 0x53544f52u

#endif
