/* store.h - the database behind one interface of domain functions. SQL lives in schema/.
 *
 * One store is one SQLite connection and belongs to one thread at a time. Exactly one connection of
 * the process writes and checkpoints (store_open()); all others read (store_open_reader()), each
 * call in a read transaction of its own unless store_read_begin() holds one open. Texts returned
 * live in the arena given.
 *
 * STATUS_NOT_FOUND: no such row. STATUS_DISK_FULL, STATUS_IO, STATUS_CORRUPT, STATUS_NO_MEMORY: as
 * SQLite says, but a read that the kernel failed is STATUS_IO, not damage; a commit that failed
 * with STATUS_IO answers STATUS_UNCERTAIN. A transaction that met damage (STATUS_CORRUPT) or a
 * failed read (STATUS_IO) may not be committable any more. After any error of a writing call ask
 * store_in_transaction(): the transaction may be gone.
 */
#ifndef GATEWAY_STORE_STORE_H
#define GATEWAY_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gateway/base/arena.h"
#include "gateway/base/clock.h"
#include "gateway/base/digest.h"
#include "gateway/base/status.h"
#include "gateway/base/time.h"
#include "gateway/base/uuid.h"
#include "gateway/core/escalation.h"

struct store;

/* Opens (creating and migrating as needed) the writing connection. vfs may be NULL. A refused file
 * stays as it is. STATUS_UNSUPPORTED: the database is of a newer version; STATUS_CONFIGURATION:
 * another program's; STATUS_CORRUPT: damaged in its header, its size or its schema, never repaired
 * in silence. Damage further inside is what store_check() finds. */
enum status store_open(const char *path, const char *vfs, struct store **store_r,
                       struct error *error) MUST_CHECK;

/* Behind the database's name: what keeps room for it on the disk (ballast.h). */
#define STORE_BALLAST "-ballast"

/* What store_open() asks before it opens anything. STATUS_CORRUPT: the database is gone or empty,
 * but what is beside it says that it was in use: its log, its ballast, or (when the file is there)
 * `user`, the name of something that only who worked with it leaves; NULL: nothing did.
 * STATUS_CONFLICT: a restore was interrupted. Changes nothing. */
enum status store_check_place(const char *path, const char *vfs, const char *user,
                              struct error *error) MUST_CHECK;

#define STORE_HEADER_BYTES 100

/* What the first bytes of a database file say of whose it is; what its log would add is not looked
 * at. STATUS_CONFIGURATION: another program's; STATUS_UNSUPPORTED: of a newer version. */
enum status store_check_header(const uint8_t header[STORE_HEADER_BYTES],
                               struct error *error) MUST_CHECK;

/* A reading connection: to read a text of these escalations ends the process, so that lists have
 * their rows without any. Borrowed for as long as the store is open. */
void store_forbid(struct store *store, const struct uuid *escalations, size_t count);

/* Opens a reading connection; a read is cut off (STATUS_TIMEOUT) after read_ms_max. */
enum status store_open_reader(const char *path, const char *vfs, int64_t read_ms_max,
                              struct store **store_r, struct error *error) MUST_CHECK;

void store_close(struct store **store);

/* Transactions (writer). Savepoints nest inside; names are the store's own. */
enum status store_begin(struct store *store, struct error *error) MUST_CHECK;
enum status store_commit(struct store *store, struct error *error) MUST_CHECK;
/* Without memory it may not succeed: store_in_transaction() then says so, and only a restart helps.
 */
void store_rollback(struct store *store);
bool store_in_transaction(const struct store *store);
enum status store_savepoint(struct store *store, struct error *error) MUST_CHECK;
enum status store_savepoint_release(struct store *store, struct error *error) MUST_CHECK;
enum status store_savepoint_rollback(struct store *store, struct error *error) MUST_CHECK;

/* Holds one read snapshot open over several calls (reader). */
enum status store_read_begin(struct store *store, struct error *error) MUST_CHECK;
void store_read_end(struct store *store);

/* A log of more pages (64 MiB) is long: a snapshot was held open while much was written, which is
 * the one thing that keeps the log growing. */
#define STORE_LOG_PAGES_LONG 16384

/* PASSIVE checkpoint when at least `pages` pages were logged since the last one; the next commit
 * then begins the log anew, unless a reader is about. A file that became long is cut to nothing
 * (TRUNCATE) at the first call without a reader. Never waits for one. Writer only. */
enum status store_checkpoint(struct store *store, int pages, struct error *error) MUST_CHECK;

/* Pages in the log after the last commit. */
int store_log_pages(const struct store *store);

/* ---- the files ---- */

struct store_file {
    const char *path;
    dev_t device;
    ino_t inode;
    bool known; /* the two above; a log may not be there yet */
};

struct store_files {
    struct store_file database, log;
};

/* What the path leads to now; when nothing, it is not known. */
void store_note_file(struct store_file *file);
/* Whether the path leads nowhere or to another file by now. False: no, or it is not known. */
bool store_file_is_lost(const struct store_file *file);

/* What the names lead to, of a store that was opened with this path just now and without a VFS of
 * its own. Good for as long as the path and the store are there. */
void store_note_files(struct store *store, const char *path, struct store_files *files_r);
/* Any thread, one at a time. The file whose name leads nowhere or to another one by now; NULL: none
 * is known to. */
const struct store_file *store_lost_file(struct store_files *files);
/* The number that this process has the file open under (/proc/PID/fd); -1: it is not known. */
int store_open_number(const struct store_file *file);

/* Holds the database that was opened with this path just now, and without a VFS of its own, against
 * other processes: by a lock of its own kind (flock()) on SQLite's own handle, with which it ends.
 * STATUS_UNAVAILABLE: another process has it. */
enum status store_hold(const char *path, struct error *error) MUST_CHECK;

/* ---- rows ---- */

struct customer_row {
    int64_t customer_id;
    const char *slug;
    const char *name;
    const char *time_zone;
    const char *language;
    const char *alias;
    const char *default_procedure; /* or NULL */
    bool active;
    struct wall_time created_at;
    const char *opening_hours;     /* JSON object, or NULL */
    const char *holidays;          /* slug of a set of the law's, or NULL */
    const char *emergency_phone;   /* E.164, or NULL */
    const char *greeting;          /* or NULL */
    int64_t retention_days;        /* 0: without end */
    const char *ticket_fields;     /* JSON array, or NULL */
    const char *nobody_reached_fr; /* what the caller is told then; or NULL */
    const char *nobody_reached_en; /* likewise */
    int64_t notice_days;           /* ahead of duty; 0: as the law has it */
};

/* A customer's file of holidays. */
struct holidays_row {
    int64_t customer_id;
    const char *ics;
    struct wall_time changed_at;
};

/* One of the numbers that a customer is called on. */
struct number_row {
    int64_t customer_id;
    int64_t position;   /* from 0 */
    const char *number; /* E.164 */
};

/* An agent or a contact. */
struct person_row {
    int64_t person_id;
    int64_t customer_id;
    const char *slug;
    const char *name;
    const char *phone;       /* E.164: the first of their numbers (store_number.h); empty: none */
    const char *phone_label; /* or NULL */
    const char *language;
    bool active;
    struct wall_time created_at;
};

struct enrolment_row {
    int64_t enrolment_id;
    int64_t customer_id;
    int64_t agent_id;
    struct digest code_hash;
    struct wall_time expires_at;
    struct digest token_hash;
    struct wall_time created_at;
    struct wall_time used_at;
};

struct device_row {
    int64_t device_id;
    int64_t customer_id;
    int64_t agent_id;
    const char *installation;
    enum platform platform;
    const char *target;
    int environment; /* 0 production, 1 sandbox */
    const char *public_key;
    const char *auth_secret;
    const char *app_version;
    const char *permission;
    const char *silent_mode; /* "on", "off", "unknown"; NULL is as good */
    int battery_percent;     /* -1 unknown */
    struct wall_time registered_at;
    struct wall_time proven_at;
    struct wall_time retired_at;
    const char *retired_reason;
    struct wall_time heard_at; /* beside the times above; read only: store_hear_device() */
    struct uuid registration;  /* by which the app knows whose push it is; kept once it is there */
    int64_t phone_id;          /* the shared phone that lends it, and its registration; 0: none */
};

/* A calendar's secret address: of a rota or of an agent, the other is 0. */
struct feed_row {
    int64_t feed_id;
    int64_t customer_id;
    int64_t rota_id;
    int64_t agent_id;
    const char *name;
    struct digest secret_hash;
    struct wall_time created_at;
};

/* Who wanted a test push. The numbers are stored. */
enum test_asker { TEST_BY_DESK = 0, TEST_BY_AGENT = 1, TEST_BY_CHECK_IN = 2, TEST_BY_PROBE = 3 };

#define DEVICE_TESTS_KEPT 50 /* of one phone */

/* A test push to one phone. */
struct device_test_row {
    int64_t customer_id;
    struct uuid test_id;
    int64_t device_id;
    int64_t agent_id;
    enum platform platform;
    enum test_asker asked_by;
    enum attempt_state state;
    struct engine_time not_after; /* useless to send later than this */
    struct wall_time planned_at;
    struct wall_time handed_over_at;
    struct wall_time delayed_at;
    struct wall_time accepted_at;
    struct wall_time received_at;
    struct wall_time seen_at;
    struct wall_time failed_at;   /* failed, expired or uncertain, and never received */
    struct wall_time outdated_at; /* the phone's target is another since; read only */
    char reason[REASON_BYTES_MAX];
    char provider_id[168];
    int tries;
};

/* A rota, a version of a procedure or of qualification rules, with its JSON text. */
struct definition_row {
    int64_t id;
    int64_t customer_id;
    const char *slug;
    int64_t version; /* of rotas: none */
    const char *definition;
    struct wall_time changed_at;
};

struct api_key_row {
    const char *key_id;
    const char *name;
    const char *role;
    struct digest secret_hash;
    bool all_customers;
    struct wall_time created_at;
    const int64_t *customers; /* when not all */
    size_t customers_count;
};

struct ticket_row {
    int64_t customer_id;
    struct uuid ticket_id;
    const char *category; /* or NULL */
    const char *summary;
    const char *details; /* or NULL */
    const char *fields;  /* JSON object of strings, or NULL */
    struct wall_time opened_at;
    struct wall_time closed_at;
    int64_t number;           /* to say on the telephone (core/ticket_number.h) */
    struct uuid duplicate_of; /* the ticket that is worked on; nil: this one */
    struct wall_time erased_at;
};

struct caller_row {
    int64_t customer_id;
    struct uuid escalation_id;
    int number;
    const char *name;
    const char *phone; /* E.164, or as it came when it is no number; or NULL */
    struct wall_time called_at;
    struct wall_time promised_at;
    struct engine_time promise_engine;
    enum promise_state promise;
};

struct desk_task_row {
    int64_t customer_id;
    struct uuid task_id;
    struct uuid escalation_id;
    enum task_kind kind;
    int caller;
    struct wall_time created_at;
    struct wall_time done_at;
    const char *done_by;
};

struct timeline_row {
    int64_t customer_id;
    int64_t seq;
    struct uuid escalation_id;
    enum entry_kind kind;
    struct wall_time at;
    struct engine_time at_engine;
    const char *facts;    /* JSON object */
    const char *personal; /* or NULL */
};

struct idempotency_row {
    const char *key_id;
    const char *key;
    struct digest body_digest;
    struct engine_time created_at; /* its life is a wait, too: steps of the wall do not move it */
    const char *answer;
    bool joined;
};

struct due_row {
    int64_t customer_id;
    struct uuid escalation_id;
    struct engine_time due;
};

/* The anchor of engine time: it was `engine` when the boot clock of boot_id said `boot`. */
struct engine_clock_row {
    struct engine_time engine;
    struct wall_time wall_at;
    struct monotonic_time boot;
    char boot_id[BOOT_ID_BYTES_MAX];
};

/* An attempt with where it belongs. */
struct attempt_row {
    int64_t customer_id;
    struct uuid escalation_id;
    struct attempt attempt;
};

/* ---- configuration ---- */

enum status store_put_customer(struct store *store, const struct customer_row *row,
                               int64_t *customer_id_r, struct error *error) MUST_CHECK;
enum status store_list_customers(struct store *store, struct arena *arena,
                                 struct customer_row **rows_r, size_t *count_r,
                                 struct error *error) MUST_CHECK;
enum status store_get_customer(struct store *store, int64_t customer_id, struct arena *arena,
                               struct customer_row *row_r, struct error *error) MUST_CHECK;

/* Adds or exchanges a customer's file of holidays. */
enum status store_put_holidays(struct store *store, const struct holidays_row *row,
                               struct error *error) MUST_CHECK;
/* STATUS_NOT_FOUND: there was none. */
enum status store_delete_holidays(struct store *store, int64_t customer_id,
                                  struct error *error) MUST_CHECK;
enum status store_get_holidays(struct store *store, int64_t customer_id, struct arena *arena,
                               struct holidays_row *row_r, struct error *error) MUST_CHECK;

/* Exchanges all of a customer's numbers for these, in their order. None may be another's: ask
 * store_get_number_owner() first (STATUS_CONFLICT is not told from other broken rules). */
enum status store_set_numbers(struct store *store, int64_t customer_id, const char *const *numbers,
                              size_t count, struct error *error) MUST_CHECK;
enum status store_get_number_owner(struct store *store, const char *number, int64_t *customer_id_r,
                                   struct error *error) MUST_CHECK;
enum status store_list_numbers(struct store *store, int64_t customer_id, struct arena *arena,
                               struct number_row **rows_r, size_t *count_r,
                               struct error *error) MUST_CHECK;

/* kind: PERSON_AGENT or PERSON_CONTACT. */
enum status store_put_person(struct store *store, enum person_kind kind,
                             const struct person_row *row, int64_t *person_id_r,
                             struct error *error) MUST_CHECK;
enum status store_list_persons(struct store *store, enum person_kind kind, int64_t customer_id,
                               struct arena *arena, struct person_row **rows_r, size_t *count_r,
                               struct error *error) MUST_CHECK;

/* A new code replaces the agent's unused ones. */
enum status store_add_enrolment(struct store *store, const struct enrolment_row *row,
                                int64_t *enrolment_id_r, struct error *error) MUST_CHECK;
enum status store_find_enrolment_code(struct store *store, const struct digest *code_hash,
                                      struct enrolment_row *row_r, struct error *error) MUST_CHECK;
enum status store_use_enrolment(struct store *store, int64_t customer_id, int64_t enrolment_id,
                                const struct digest *token_hash, struct wall_time now,
                                struct error *error) MUST_CHECK;
enum status store_list_enrolments(struct store *store, int64_t customer_id, struct arena *arena,
                                  struct enrolment_row **rows_r, size_t *count_r,
                                  struct error *error) MUST_CHECK;

/* With another target than before, nothing is proven of it, nor by test pushes that went there. */
enum status store_put_device(struct store *store, const struct device_row *row,
                             int64_t *device_id_r, struct error *error) MUST_CHECK;
enum status store_list_devices(struct store *store, int64_t customer_id, struct arena *arena,
                               struct device_row **rows_r, size_t *count_r,
                               struct error *error) MUST_CHECK;
/* The agent's live devices besides this installation, which need not be there. */
enum status store_count_other_devices(struct store *store, int64_t customer_id, int64_t agent_id,
                                      const char *installation, int64_t *count_r,
                                      struct error *error) MUST_CHECK;
/* Does nothing when the device registered again after not_registered_after. */
enum status store_retire_device(struct store *store, int64_t customer_id, int64_t device_id,
                                const char *reason, struct wall_time now,
                                struct wall_time not_registered_after,
                                struct error *error) MUST_CHECK;
enum status store_prove_device(struct store *store, int64_t customer_id, int64_t device_id,
                               struct wall_time now, struct error *error) MUST_CHECK;

/* The live ones of one agent, by id. */
enum status store_list_devices_of_agent(struct store *store, int64_t customer_id, int64_t agent_id,
                                        struct arena *arena, struct device_row **rows_r,
                                        size_t *count_r, struct error *error) MUST_CHECK;
/* How often it is written down that a phone was heard of. */
#define DEVICE_HEARD_EVERY_MS INT64_C(60000)
enum status store_hear_device(struct store *store, int64_t customer_id, int64_t device_id,
                              struct wall_time now, struct error *error) MUST_CHECK;

/* Adds a test push and forgets the oldest beyond DEVICE_TESTS_KEPT. */
enum status store_add_device_test(struct store *store, const struct device_test_row *row,
                                  struct error *error) MUST_CHECK;
enum status store_update_device_test(struct store *store, const struct device_test_row *row,
                                     struct error *error) MUST_CHECK;
/* By its id alone: an action token names no customer. */
enum status store_get_device_test(struct store *store, struct uuid test_id,
                                  struct device_test_row *row_r, struct error *error) MUST_CHECK;
/* Of one phone, newest first. */
enum status store_list_device_tests(struct store *store, int64_t customer_id, int64_t device_id,
                                    size_t limit, struct device_test_row *rows_r, size_t *count_r,
                                    struct error *error) MUST_CHECK;
/* Planned ones, oldest first. */
enum status store_list_device_test_outbox(struct store *store, size_t limit,
                                          struct device_test_row *rows_r, size_t *count_r,
                                          struct error *error) MUST_CHECK;
/* Calls that went out, of which neither a failure nor an end is known and whose time ends behind
 * `after`, newest first: id and not_after alone are filled in. `since`: older ids are not looked
 * at. */
enum status store_list_calls_in_progress(struct store *store, struct uuid since,
                                         struct engine_time after, size_t limit,
                                         struct attempt_row *rows_r, size_t *count_r,
                                         struct error *error) MUST_CHECK;
/* At start: handed over without an outcome → planned again. */
enum status store_rewind_device_tests(struct store *store, struct error *error) MUST_CHECK;

enum status store_put_rota(struct store *store, const struct definition_row *row,
                           int64_t *rota_id_r, struct error *error) MUST_CHECK;
enum status store_list_rotas(struct store *store, int64_t customer_id, struct arena *arena,
                             struct definition_row **rows_r, size_t *count_r,
                             struct error *error) MUST_CHECK;
enum status store_add_procedure(struct store *store, const struct definition_row *row,
                                int64_t *procedure_id_r, int64_t *version_r,
                                struct error *error) MUST_CHECK;
/* The newest version of each slug. */
enum status store_list_procedures(struct store *store, int64_t customer_id, struct arena *arena,
                                  struct definition_row **rows_r, size_t *count_r,
                                  struct error *error) MUST_CHECK;
enum status store_get_procedure(struct store *store, int64_t customer_id, int64_t procedure_id,
                                struct arena *arena, struct definition_row *row_r,
                                struct error *error) MUST_CHECK;

/* A new version of a customer's qualification rules; the row's slug is not looked at. */
enum status store_add_rules(struct store *store, const struct definition_row *row,
                            int64_t *rule_set_id_r, int64_t *version_r,
                            struct error *error) MUST_CHECK;
/* The newest version. STATUS_NOT_FOUND: the customer never had any. */
enum status store_get_rules(struct store *store, int64_t customer_id, struct arena *arena,
                            struct definition_row *row_r, struct error *error) MUST_CHECK;

enum status store_add_api_key(struct store *store, const struct api_key_row *row,
                              struct error *error) MUST_CHECK;
enum status store_list_api_keys(struct store *store, struct arena *arena,
                                struct api_key_row **rows_r, size_t *count_r,
                                struct error *error) MUST_CHECK;
enum status store_revoke_api_key(struct store *store, const char *key_id, struct wall_time now,
                                 struct error *error) MUST_CHECK;

enum status store_add_feed(struct store *store, const struct feed_row *row, int64_t *feed_id_r,
                           struct error *error) MUST_CHECK;
/* Those that are not revoked, by id. */
enum status store_list_feeds(struct store *store, int64_t customer_id, struct arena *arena,
                             struct feed_row **rows_r, size_t *count_r,
                             struct error *error) MUST_CHECK;
enum status store_revoke_feed(struct store *store, int64_t customer_id, int64_t feed_id,
                              struct wall_time now, struct error *error) MUST_CHECK;

/* ---- escalations ---- */

/* Gives the ticket its number (row->number). */
enum status store_add_ticket(struct store *store, struct ticket_row *row,
                             struct error *error) MUST_CHECK;
enum status store_close_ticket(struct store *store, int64_t customer_id, struct uuid ticket_id,
                               struct wall_time now, struct error *error) MUST_CHECK;
enum status store_get_ticket(struct store *store, int64_t customer_id, struct uuid ticket_id,
                             struct arena *arena, struct ticket_row *row_r,
                             struct error *error) MUST_CHECK;

/* dedup_key may be NULL. Callers are rows of their own. */
enum status store_add_escalation(struct store *store, const struct escalation *escalation,
                                 const char *dedup_key, struct error *error) MUST_CHECK;
/* Writes the state; STATUS_CONFLICT when the stored version is not the one before. */
enum status store_update_escalation(struct store *store, const struct escalation *escalation,
                                    struct error *error) MUST_CHECK;
/* With its promises. */
enum status store_get_escalation(struct store *store, int64_t customer_id, struct uuid id,
                                 struct escalation *escalation_r, struct error *error) MUST_CHECK;
enum status store_get_escalation_customer(struct store *store, struct uuid id,
                                          int64_t *customer_id_r, struct error *error) MUST_CHECK;
/* Marks it quarantined and its attempts without an outcome expired, whatever else its rows say. */
enum status store_set_aside(struct store *store, int64_t customer_id, struct uuid id,
                            struct error *error) MUST_CHECK;
/* Takes its dedup key away, so that another can have it. */
enum status store_release_dedup(struct store *store, int64_t customer_id, struct uuid id,
                                struct error *error) MUST_CHECK;
enum status store_find_open_dedup(struct store *store, int64_t customer_id, const char *dedup_key,
                                  struct uuid *id_r, struct error *error) MUST_CHECK;
/* Of one customer, or (0) of all. Newest first, ids below `before` (nil: from the newest), in
 * one of the states (bits 1 << state); without promises. */
enum status store_list_escalations(struct store *store, int64_t customer_id, struct uuid before,
                                   unsigned states, size_t limit, struct arena *arena,
                                   struct escalation **rows_r, size_t *count_r,
                                   struct error *error) MUST_CHECK;
/* Open ones of one customer, newest first, without promises; however many are closed. */
enum status store_list_open_newest(struct store *store, int64_t customer_id, size_t limit,
                                   struct arena *arena, struct escalation **rows_r, size_t *count_r,
                                   struct error *error) MUST_CHECK;
/* Open ones, oldest first, ids above `after`. */
enum status store_list_open(struct store *store, int64_t customer_id, struct uuid after,
                            size_t limit, struct uuid *ids_r, size_t *count_r,
                            struct error *error) MUST_CHECK;
/* Due at or before now: by severity, the highest first, then by due time. */
enum status store_list_due(struct store *store, struct engine_time now, size_t limit,
                           struct due_row *rows_r, size_t *count_r, struct error *error) MUST_CHECK;
/* The first due time behind `after`; ENGINE_NEVER when nothing is. */
enum status store_next_due(struct store *store, struct engine_time after, struct engine_time *due_r,
                           struct error *error) MUST_CHECK;
/* Those of a customer that are on hold. */
enum status store_count_on_hold(struct store *store, int64_t customer_id, int64_t *count_r,
                                struct error *error) MUST_CHECK;
enum status store_count_open(struct store *store, int64_t *count_r, struct error *error) MUST_CHECK;

enum status store_add_caller(struct store *store, const struct caller_row *row,
                             struct error *error) MUST_CHECK;
enum status store_update_caller(struct store *store, int64_t customer_id, struct uuid id,
                                int number, const struct promise *promise,
                                struct error *error) MUST_CHECK;
enum status store_list_callers(struct store *store, int64_t customer_id, struct uuid id,
                               struct arena *arena, struct caller_row **rows_r, size_t *count_r,
                               struct error *error) MUST_CHECK;

enum status store_add_attempt(struct store *store, int64_t customer_id, struct uuid id,
                              const struct attempt *attempt, struct error *error) MUST_CHECK;
enum status store_update_attempt(struct store *store, int64_t customer_id, struct uuid id,
                                 const struct attempt *attempt, struct error *error) MUST_CHECK;
enum status store_get_attempt(struct store *store, int64_t customer_id, struct uuid id,
                              struct uuid attempt_id, struct attempt *attempt_r,
                              struct error *error) MUST_CHECK;
/* The newest `limit`, oldest of them first, into caller's memory. */
enum status store_list_newest_attempts(struct store *store, int64_t customer_id, struct uuid id,
                                       size_t limit, struct attempt *attempts_r, size_t *count_r,
                                       struct error *error) MUST_CHECK;
/* In order, ids above `after` (nil: from the first). */
enum status store_list_attempts(struct store *store, int64_t customer_id, struct uuid id,
                                struct uuid after, size_t limit, struct arena *arena,
                                struct attempt **attempts_r, size_t *count_r,
                                struct error *error) MUST_CHECK;
/* Where a telephone attempt belongs. */
enum status store_find_call(struct store *store, struct uuid attempt_id, int64_t *customer_id_r,
                            struct uuid *id_r, struct error *error) MUST_CHECK;
/* Whether this phone was alerted for another escalation that nobody holds and has not confirmed it.
 */
enum status store_awaits_reception(struct store *store, int64_t device_id, struct uuid except,
                                   bool *awaits_r, struct error *error) MUST_CHECK;
/* Planned ones of a path, by severity, then oldest first. */
enum status store_list_outbox(struct store *store, enum path path, size_t limit,
                              struct attempt_row *rows_r, size_t *count_r,
                              struct error *error) MUST_CHECK;
/* At start: handed over without an outcome → planned again. Answers how many. */
enum status store_rewind_attempts(struct store *store, int64_t *count_r,
                                  struct error *error) MUST_CHECK;

enum status store_add_desk_task(struct store *store, const struct desk_task_row *row,
                                struct error *error) MUST_CHECK;
/* STATUS_NOT_FOUND: no such open task. */
enum status store_finish_desk_task(struct store *store, int64_t customer_id, struct uuid task_id,
                                   const char *done_by, struct wall_time now,
                                   struct error *error) MUST_CHECK;
/* Those of an escalation by which people are to be found (unaccepted, short_handed): nobody is any
 * more. */
enum status store_finish_search_tasks(struct store *store, int64_t customer_id,
                                      struct uuid escalation_id, struct wall_time now,
                                      struct error *error) MUST_CHECK;
enum status store_get_desk_task(struct store *store, int64_t customer_id, struct uuid task_id,
                                struct arena *arena, struct desk_task_row *row_r,
                                struct error *error) MUST_CHECK;
enum status store_list_tasks_of_escalation(struct store *store, int64_t customer_id, struct uuid id,
                                           size_t limit, struct arena *arena,
                                           struct desk_task_row **rows_r, size_t *count_r,
                                           struct error *error) MUST_CHECK;
/* Of one customer, or (0) of all. */
enum status store_list_open_tasks(struct store *store, int64_t customer_id, struct uuid after,
                                  size_t limit, struct arena *arena, struct desk_task_row **rows_r,
                                  size_t *count_r, struct error *error) MUST_CHECK;

/* ---- the journal ---- */

/* Inside a transaction. Appends entries to the customer's journal, in order: gives each the next
 * seq and chains it. All rows are of one customer. salts[i] is used when rows[i] has a personal
 * text. */
enum status store_append_timeline(struct store *store, const struct timeline_row *rows,
                                  const struct uuid *salts, size_t count,
                                  struct error *error) MUST_CHECK;
/* Of one escalation, or (nil id) of the whole customer; seq above `after`. */
enum status store_list_timeline(struct store *store, int64_t customer_id, struct uuid id,
                                int64_t after, size_t limit, struct arena *arena,
                                struct timeline_row **rows_r, size_t *count_r,
                                struct error *error) MUST_CHECK;
enum status store_timeline_head(struct store *store, int64_t customer_id, int64_t *seq_r,
                                struct error *error) MUST_CHECK;

/* ---- the engine's own ---- */

enum status store_add_idempotency(struct store *store, const struct idempotency_row *row,
                                  struct error *error) MUST_CHECK;
enum status store_get_idempotency(struct store *store, const char *key_id, const char *key,
                                  struct arena *arena, struct idempotency_row *row_r,
                                  struct error *error) MUST_CHECK;
enum status store_purge_idempotency(struct store *store, struct engine_time before,
                                    struct error *error) MUST_CHECK;
enum status store_add_alarm(struct store *store, struct wall_time at, const char *kind,
                            const char *detail, struct error *error) MUST_CHECK;
/* STATUS_NOT_FOUND on a fresh database. */
enum status store_get_engine_clock(struct store *store, struct engine_clock_row *row_r,
                                   struct error *error) MUST_CHECK;
/* The engine's clock as the database has it, by a connection of its own, before anything is opened
 * to be written. STATUS_NOT_FOUND: it is an empty database. Otherwise as store_open_reader(). */
enum status store_peek_engine_clock(const char *path, struct engine_clock_row *row_r,
                                    struct error *error) MUST_CHECK;
enum status store_set_engine_clock(struct store *store, const struct engine_clock_row *row,
                                   struct error *error) MUST_CHECK;

#endif
