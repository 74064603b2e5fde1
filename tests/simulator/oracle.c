/* oracle.c - what was said to people and sent, against the rows that stand for it. */
#include "tests/simulator/oracle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulator/oracle_private.h"

/* Nothing may wait longer than this for being handed over without a full trunk. */
#define PLANNED_MS_MAX   250
#define OPEN_LOOKS_EVERY 16 /* everything open is looked at so often; what changed, each time */
#define ANSWERS_MAX      16384

/* One question instead of three: most of the time there is nothing new. */
#define NEWS_OF_JOURNAL(customer)                                                                  \
    "SELECT seq, kind, at, at_engine, escalation_id, facts, personal_digest, chain, "              \
    "facts ->> 'round', facts ->> 'step', facts ->> 'word', customer_id "                          \
    "FROM timeline WHERE customer_id = " #customer " AND seq > ?" #customer
_Static_assert(CUSTOMERS == 3, "a part of the question for each customer");
/* The first entry of an index, four times. */
#define NEXT_DUE_OF(severity)                                                                      \
    "SELECT min(due_engine) AS due FROM escalation WHERE severity = " #severity                    \
    " AND due_engine IS NOT NULL AND quarantined = 0"

static const char *const sql[QUESTIONS_COUNT] = {
    [ASK_JOURNAL] =
        NEWS_OF_JOURNAL(1) " UNION ALL " NEWS_OF_JOURNAL(2) " UNION ALL " NEWS_OF_JOURNAL(3),
    [ASK_ENTRY] = "SELECT chain FROM timeline WHERE customer_id = ? AND seq = ?",
    [ASK_ROW] = "SELECT state, holder_kind, due_engine, closed_at, quarantined, escalation_id "
                "FROM escalation WHERE escalation_id = ?",
    [ASK_OPEN] = "SELECT e.state, e.holder_kind, e.due_engine, e.closed_at, e.quarantined, "
                 "e.escalation_id, (SELECT max(planned_engine) FROM attempt AS a "
                 "WHERE a.customer_id = e.customer_id AND a.escalation_id = e.escalation_id), "
                 "(SELECT coalesce(p.definition ->> 'exhausted_every_s', 60) FROM procedure AS p "
                 "WHERE p.procedure_id = e.procedure_id) "
                 "FROM escalation AS e WHERE e.closed_at IS NULL",
    [ASK_DUE] = "SELECT escalation_id, due_engine FROM escalation WHERE severity IN (0, 1, 2, 3) "
                "AND due_engine IS NOT NULL AND quarantined = 0 AND due_engine <= ? LIMIT 1",
    [ASK_NEXT_DUE] = "SELECT min(due) FROM (" NEXT_DUE_OF(0) " UNION ALL " NEXT_DUE_OF(
        1) " UNION ALL " NEXT_DUE_OF(2) " UNION ALL " NEXT_DUE_OF(3) ")",
    [ASK_OUTBOX] = "SELECT attempt_id FROM attempt WHERE state <= 1 AND state = 0 AND path <> 1 "
                   "UNION ALL SELECT test_id FROM device_test WHERE state = 0",
    [ASK_ON_THE_WAY] = "SELECT attempt_id FROM attempt WHERE state <= 1 AND state = 1 "
                       "UNION ALL SELECT test_id FROM device_test WHERE state = 1",
    [ASK_ATTEMPT] = "SELECT state, device_id, person_id FROM attempt "
                    "WHERE customer_id = ? AND escalation_id = ? AND attempt_id = ?",
    [ASK_HOLDER] = "SELECT holder_id FROM escalation WHERE escalation_id = ? AND holder_kind = 1",
    [ASK_PROCEDURE] =
        "SELECT p.definition -> 'steps' -> CAST(?1 AS INTEGER) ->> 'accepted_within_s', "
        "p.definition -> 'steps' -> CAST(?1 AS INTEGER) ->> 'received_within_s', "
        "coalesce(p.definition ->> 'round_spacing_s', 120), "
        "coalesce(p.definition ->> 'holder_silent_s', 120), "
        "coalesce(p.definition ->> 'rounds', 1), json_array_length(p.definition, '$.steps') "
        "FROM escalation AS e JOIN procedure AS p ON p.procedure_id = e.procedure_id "
        "WHERE e.escalation_id = ?2",
    [ASK_DUTY] = "SELECT count(*), max(installation) FROM check_in "
                 "WHERE customer_id = ? AND agent_id = ? AND out_at IS NULL",
    [ASK_TEST] =
        "SELECT state, device_id, agent_id, received_at FROM device_test WHERE test_id = ?",
    [ASK_ON_CALL] =
        "SELECT r.changed_at, a.planned_at, a.planned_engine, "
        "60 * substr(r.definition ->> '$.layers[0].hand_over.time', 1, 2) + "
        "substr(r.definition ->> '$.layers[0].hand_over.time', 4, 2), "
        "r.definition ->> '$.layers[0].participants[0]', "
        "r.definition ->> '$.layers[0].participants[1]' "
        "FROM attempt AS a JOIN rota AS r ON r.customer_id = a.customer_id AND r.slug = 'primary' "
        "WHERE a.customer_id = ? AND a.escalation_id = ? AND a.attempt_id = ? "
        "AND a.purpose = 0 AND a.step = 0 AND r.definition LIKE '{%'",
    [ASK_TOLD] = "SELECT holder_kind, holder_id FROM escalation WHERE escalation_id = ?",
};

void find_fault(struct oracle *oracle, const char *format, ...)
{
    va_list arguments;
    if (oracle->fault[0] == '\0') {
        va_start(arguments, format);
        (void)vsnprintf(oracle->fault, sizeof oracle->fault, format, arguments);
        va_end(arguments);
    }
}

void oracle_blame(struct oracle *oracle, const char *what)
{
    find_fault(oracle, "%s", what);
}

const char *oracle_fault(const struct oracle *oracle)
{
    return oracle->fault[0] == '\0' ? NULL : oracle->fault;
}

struct oracle *oracle_create(void)
{
    struct oracle *oracle = calloc(1, sizeof *oracle);
    if (oracle == NULL ||
        (oracle->records = calloc(RECORDS_MAX, sizeof *oracle->records)) == NULL ||
        (oracle->record_slots = calloc(RECORD_SLOTS, sizeof *oracle->record_slots)) == NULL ||
        (oracle->answers = calloc(ANSWERS_MAX, sizeof *oracle->answers)) == NULL ||
        (oracle->departures = calloc(DEPARTURE_SLOTS, sizeof *oracle->departures)) == NULL) {
        box_die("no memory");
    }
    return oracle;
}

void oracle_destroy(struct oracle **oracle)
{
    oracle_close(*oracle);
    free((*oracle)->records);
    free((*oracle)->record_slots);
    free((*oracle)->answers);
    free((*oracle)->departures);
    free(*oracle);
    *oracle = NULL;
}

void oracle_close(struct oracle *oracle)
{
    for (int i = 0; i < QUESTIONS_COUNT; i++) {
        (void)sqlite3_finalize(oracle->questions[i]);
        oracle->questions[i] = NULL;
    }
    (void)sqlite3_close(oracle->database);
    oracle->database = NULL;
}

void oracle_open(struct oracle *oracle)
{
    if (sqlite3_open_v2(BOX_DATABASE, &oracle->database, SQLITE_OPEN_READONLY, DISK_VFS_WATCHER) !=
        SQLITE_OK) {
        box_die("the oracle cannot read the database");
    }
}

sqlite3_stmt *question(struct oracle *oracle, enum question which)
{
    sqlite3_stmt **statement = &oracle->questions[which];
    if (*statement == NULL &&
        sqlite3_prepare_v3(oracle->database, sql[which], -1, SQLITE_PREPARE_PERSISTENT, statement,
                           NULL) != SQLITE_OK) {
        box_die("%s: %s", sql[which], sqlite3_errmsg(oracle->database));
    }
    return *statement;
}

void answered(sqlite3_stmt *statement)
{
    (void)sqlite3_reset(statement);
}

static void run_plain(struct oracle *oracle, const char *statement)
{
    if (sqlite3_exec(oracle->database, statement, NULL, NULL, NULL) != SQLITE_OK) {
        box_die("%s: %s", statement, sqlite3_errmsg(oracle->database));
    }
}

void bind_uuid(sqlite3_stmt *statement, int index, struct uuid id)
{
    (void)sqlite3_bind_blob(statement, index, id.bytes, sizeof id.bytes, SQLITE_TRANSIENT);
}

struct uuid column_uuid(sqlite3_stmt *statement, int index)
{
    struct uuid id;
    memset(&id, 0, sizeof id);
    if (sqlite3_column_bytes(statement, index) == (int)sizeof id.bytes) {
        memcpy(id.bytes, sqlite3_column_blob(statement, index), sizeof id.bytes);
    }
    return id;
}

const char *id_text(struct uuid id)
{
    static char text[UUID_TEXT_BYTES];
    uuid_format(id, text);
    return text;
}

/* ---- records ---- */

static size_t hash_of(struct uuid id)
{
    uint64_t hash;
    memcpy(&hash, id.bytes + 8, sizeof hash);
    return (size_t)((hash ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9) >> 20);
}

static uint32_t *slot_of(const struct oracle *oracle, struct uuid id)
{
    size_t slot = hash_of(id) % RECORD_SLOTS;
    while (oracle->record_slots[slot] != 0 &&
           !uuid_equal(oracle->records[oracle->record_slots[slot] - 1].id, id)) {
        slot = (slot + 1) % RECORD_SLOTS;
    }
    return &oracle->record_slots[slot];
}

struct record *record_of(struct oracle *oracle, struct uuid id, int64_t customer_id)
{
    uint32_t *slot = slot_of(oracle, id);
    if (*slot == 0) {
        if (oracle->records_count == RECORDS_MAX) {
            box_die("more than %d escalations", RECORDS_MAX);
        }
        struct record *record = &oracle->records[oracle->records_count++];
        *record = (struct record){.id = id,
                                  .customer = (int)customer_id - 1,
                                  .first_seen_ms = oracle->elapsed_ms,
                                  .open = true,
                                  .restarted = true};
        *slot = (uint32_t)oracle->records_count;
    }
    return &oracle->records[*slot - 1];
}

/* ---- what is told ---- */

static uint64_t hash_words(const char *words, size_t bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ (uint8_t)words[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

void oracle_accepted(struct oracle *oracle, struct uuid escalation, int customer, unsigned key,
                     const char *words, size_t words_bytes)
{
    struct record *record = record_of(oracle, escalation, customer + 1);
    record->promised = true;
    if (key == 0 || key >= ANSWERS_MAX) {
        return;
    }
    struct answer_given *given = &oracle->answers[key];
    uint64_t hash = hash_words(words, words_bytes);
    if (given->key != 0 && given->words != hash) {
        find_fault(oracle, "key %u was answered differently the second time: %.*s", key,
                   (int)words_bytes, words);
    }
    *given = (struct answer_given){key, hash};
}

void oracle_told_holder(struct oracle *oracle, struct uuid escalation, int person_kind,
                        int64_t person_id)
{
    sqlite3_stmt *row = question(oracle, ASK_TOLD);
    bind_uuid(row, 1, escalation);
    if (sqlite3_step(row) != SQLITE_ROW || sqlite3_column_int(row, 0) != person_kind ||
        sqlite3_column_int64(row, 1) != person_id) {
        find_fault(oracle, "%s: somebody was told that they hold it, and does not",
                   id_text(escalation));
    }
    answered(row);
    int customer = 0;
    if (oracle_find_customer(oracle, escalation, &customer)) {
        record_of(oracle, escalation, customer + 1)->told_person = person_id;
        oracle->told_count++;
    }
}

/* The row of an attempt, or of a test, which has no escalation. */
static sqlite3_stmt *row_of_attempt(struct oracle *oracle, int64_t customer_id,
                                    struct uuid escalation, struct uuid attempt)
{
    if (uuid_is_nil(escalation)) {
        sqlite3_stmt *row = question(oracle, ASK_TEST);
        bind_uuid(row, 1, attempt);
        return row;
    }
    sqlite3_stmt *row = question(oracle, ASK_ATTEMPT);
    (void)sqlite3_bind_int64(row, 1, customer_id);
    bind_uuid(row, 2, escalation);
    bind_uuid(row, 3, attempt);
    return row;
}

static void check_row_of(struct oracle *oracle, const struct box_sent *sent)
{
    sqlite3_stmt *row = row_of_attempt(oracle, sent->customer_id, sent->escalation, sent->attempt);
    if (sqlite3_step(row) != SQLITE_ROW || sqlite3_column_int(row, 0) != 1 ||
        sqlite3_column_int64(row, 1) != sent->device_id ||
        sqlite3_column_int64(row, 2) != sent->person_id) {
        find_fault(oracle, "attempt %s left before its row", id_text(sent->attempt));
    }
    answered(row);
}

static struct departure *departure_of(struct oracle *oracle, struct uuid attempt)
{
    size_t slot = hash_of(attempt) % DEPARTURE_SLOTS;
    while (!uuid_is_nil(oracle->departures[slot].attempt) &&
           !uuid_equal(oracle->departures[slot].attempt, attempt)) {
        slot = (slot + 1) % DEPARTURE_SLOTS;
    }
    return &oracle->departures[slot];
}

void oracle_sending(struct oracle *oracle, const struct box_sent *sent, unsigned life)
{
    check_row_of(oracle, sent);
    check_on_call(oracle, sent);
    int customer;
    if (sent->purpose == PURPOSE_QUARANTINE &&
        oracle_find_customer(oracle, sent->escalation, &customer)) {
        record_of(oracle, sent->escalation, customer + 1)->set_aside_told = true;
    }
    struct departure *before = departure_of(oracle, sent->attempt);
    struct departure departure = {
        .attempt = sent->attempt,
        .escalation = sent->escalation,
        .person_id = sent->person_id,
        .device_id = sent->device_id,
        .path = (int)sent->path,
        .purpose = (int)sent->purpose,
        .life = life,
    };
    if (!uuid_is_nil(before->attempt)) {
        if (before->life == life) {
            find_fault(oracle, "attempt %s left twice in one life", id_text(sent->attempt));
        }
        if (!uuid_equal(before->escalation, sent->escalation) ||
            before->person_id != sent->person_id || before->device_id != sent->device_id ||
            before->path != departure.path || before->purpose != departure.purpose) {
            find_fault(oracle, "attempt %s went to two places", id_text(sent->attempt));
        }
    }
    *before = departure;
}

void oracle_resolved(struct oracle *oracle, struct uuid attempt)
{
    if (oracle->resolved_count < RESOLVED_MAX) {
        oracle->resolved[oracle->resolved_count++] = attempt;
    }
}

void oracle_disturbed(struct oracle *oracle)
{
    oracle->disturbed = true;
}

/* ---- what is stored ---- */

static bool state_is_held(int state)
{
    return state == ACCEPTED || state == OVERDUE || state == TAKEN || state == CANCELLING;
}

#define ABORTS_TO_SET_ASIDE 2
#define SAY_MS_MAX          INT64_C(1000)

void oracle_aborted(struct oracle *oracle, struct uuid escalation)
{
    int customer;
    if (oracle_find_customer(oracle, escalation, &customer)) {
        struct record *record = record_of(oracle, escalation, customer + 1);
        record->aborts++;
        oracle->poisoned = oracle->poisoned || record->aborts >= ABORTS_TO_SET_ASIDE;
    }
}

/* What makes the gateway abort twice is set aside, once, and said to the call centre; nothing else
 * is. */
static void look_for_poison(struct oracle *oracle, const struct record *record, bool closed,
                            bool set_aside)
{
    const char *id = id_text(record->id);
    if (set_aside && record->aborts < ABORTS_TO_SET_ASIDE) {
        find_fault(oracle, "%s: set aside after %u aborts", id, record->aborts);
    }
    if (!closed && !set_aside && record->aborts >= ABORTS_TO_SET_ASIDE && !record->excused) {
        find_fault(oracle, "%s: aborted the gateway %u times, and is not set aside", id,
                   record->aborts);
    }
    if (set_aside && record->set_aside != 1 && !record->excused) {
        find_fault(oracle, "%s: set aside %u times, says the timeline", id, record->set_aside);
    }
    if (set_aside && !closed && !record->set_aside_told && !record->excused &&
        oracle->now > record->set_aside_since + SAY_MS_MAX) {
        find_fault(oracle, "%s: set aside, and nobody was told", id);
    }
}

static void look_at_row(struct oracle *oracle, sqlite3_stmt *row)
{
    int state = sqlite3_column_int(row, 0);
    bool closed = state == DONE || state == CANCELLED;
    bool has_due = sqlite3_column_type(row, 2) != SQLITE_NULL;
    struct record *record = record_of(oracle, column_uuid(row, 5), 0);
    const char *id = id_text(record->id);
    bool set_aside = sqlite3_column_int(row, 4) != 0;
    if (closed == has_due && !set_aside) {
        find_fault(oracle, "%s: %s", id,
                   closed ? "closed, and something is due" : "open, and nothing is due");
    }
    if (closed != (sqlite3_column_type(row, 3) != SQLITE_NULL)) {
        find_fault(oracle, "%s: closed_at does not fit its state", id);
    }
    if (!closed && state_is_held(state) != (sqlite3_column_int(row, 1) != 0)) {
        find_fault(oracle, "%s: the holder does not fit the state %d", id, state);
    }
    if (!closed && state_is_held(state) != record->held) {
        find_fault(oracle, "%s: the timeline and the row disagree on who holds it", id);
    }
    look_for_poison(oracle, record, closed, sqlite3_column_int(row, 4) != 0);
    if (!record->open && !closed && !set_aside) {
        find_fault(oracle, "%s: it was closed, and is open again", id);
    }
    record->open = !closed && !set_aside;
}

static void look_at_touched(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->touched_count; i++) {
        struct record *record = &oracle->records[oracle->touched[i]];
        record->touched = false;
        if (uuid_is_nil(record->id)) {
            continue; /* the journal's own entries */
        }
        sqlite3_stmt *row = question(oracle, ASK_ROW);
        bind_uuid(row, 1, record->id);
        if (sqlite3_step(row) == SQLITE_ROW) {
            look_at_row(oracle, row);
        } else {
            find_fault(oracle, "%s: in the timeline, and nowhere else", id_text(record->id));
        }
        answered(row);
    }
    oracle->touched_count = 0;
}

/* While nobody was reached somebody is told again and again. */
static void look_at_open(struct oracle *oracle, int64_t now, bool troubled)
{
    sqlite3_stmt *row = question(oracle, ASK_OPEN);
    while (sqlite3_step(row) == SQLITE_ROW) {
        look_at_row(oracle, row);
        int64_t told = sqlite3_column_int64(row, 6);
        int64_t every = sqlite3_column_int64(row, 7) * 1000;
        every = every == 0 ? 60000 : every;
        if (sqlite3_column_int(row, 0) == EXHAUSTED && sqlite3_column_int(row, 4) == 0 &&
            now - told > every && !troubled && told > oracle->disturbed_engine) {
            find_fault(oracle, "%s: nobody was told for %" PRId64 " ms",
                       id_text(column_uuid(row, 5)), now - told);
        }
    }
    answered(row);
}

static void learn_next_due(struct oracle *oracle)
{
    sqlite3_stmt *row = question(oracle, ASK_NEXT_DUE);
    oracle->next_due = INT64_MAX;
    if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_type(row, 0) != SQLITE_NULL) {
        oracle->next_due = sqlite3_column_int64(row, 0);
    }
    answered(row);
}

static void look_for_overdue(struct oracle *oracle, int64_t now)
{
    if (now < oracle->next_due) {
        return;
    }
    sqlite3_stmt *row = question(oracle, ASK_DUE);
    (void)sqlite3_bind_int64(row, 1, now);
    if (sqlite3_step(row) == SQLITE_ROW) {
        find_fault(oracle, "%s: due %" PRId64 " ms ago and not done", id_text(column_uuid(row, 0)),
                   now - (int64_t)sqlite3_column_int64(row, 1));
    }
    answered(row);
}

/* What is still planned at rest was refused by the dispatcher (the simulator does so once to each):
 * it must be gone when time has passed. Path 1 is a call: those may wait for the trunk. */
static void look_at_outbox(struct oracle *oracle, bool changed, bool troubled)
{
    static struct waiting still[WAITING_MAX];
    size_t count = 0;
    if (!changed && oracle->waiting_count == 0) {
        return;
    }
    sqlite3_stmt *row = question(oracle, ASK_OUTBOX);
    while (count < WAITING_MAX && sqlite3_step(row) == SQLITE_ROW) {
        still[count] = (struct waiting){column_uuid(row, 0), oracle->elapsed_ms};
        for (size_t i = 0; i < oracle->waiting_count && !troubled; i++) {
            if (uuid_equal(oracle->waiting[i].attempt, still[count].attempt)) {
                still[count].since_ms = oracle->waiting[i].since_ms;
            }
        }
        if (oracle->elapsed_ms - still[count].since_ms > PLANNED_MS_MAX) {
            find_fault(oracle, "attempt %s waits since %" PRId64 " ms and does not leave",
                       id_text(still[count].attempt), oracle->elapsed_ms - still[count].since_ms);
        }
        count++;
    }
    memcpy(oracle->waiting, still, count * sizeof still[0]);
    oracle->waiting_count = count;
    answered(row);
}

/* Nothing is written of it any more. */
static bool is_set_aside(const struct oracle *oracle, struct uuid escalation)
{
    const uint32_t *slot = slot_of(oracle, escalation);
    return *slot != 0 && oracle->records[*slot - 1].set_aside > 0;
}

/* What was handed over in an earlier life and has no outcome goes again. */
static void look_for_forgotten(struct oracle *oracle, const struct box *box, bool troubled)
{
    sqlite3_stmt *row = question(oracle, ASK_ON_THE_WAY);
    while (!troubled && sqlite3_step(row) == SQLITE_ROW) {
        struct uuid attempt = column_uuid(row, 0);
        const struct departure *departure = departure_of(oracle, attempt);
        if (departure->life != box->lives && oracle->disturbed_engine < oracle->now &&
            !is_set_aside(oracle, departure->escalation)) {
            find_fault(oracle, "attempt %s left in an earlier life and is forgotten",
                       id_text(attempt));
        }
    }
    answered(row);
}

/* An outcome that was given back is written: handed over (1) is not where an attempt ends. */
static void look_at_resolved(struct oracle *oracle, bool troubled)
{
    if (troubled) {
        return; /* it may come later, but it comes */
    }
    for (size_t i = 0; i < oracle->resolved_count; i++) {
        const struct departure *departure = departure_of(oracle, oracle->resolved[i]);
        int customer = 0;
        if (!uuid_is_nil(departure->escalation) &&
            !oracle_find_customer(oracle, departure->escalation, &customer)) {
            continue;
        }
        sqlite3_stmt *row =
            row_of_attempt(oracle, customer + 1, departure->escalation, departure->attempt);
        int rc = sqlite3_step(row);
        if (rc == SQLITE_DONE && !uuid_is_nil(departure->escalation)) {
            find_fault(oracle, "attempt %s left under an id that nobody knows any more",
                       id_text(departure->attempt));
        }
        if (rc == SQLITE_ROW && sqlite3_column_int(row, 0) == 1 &&
            !is_set_aside(oracle, departure->escalation)) {
            find_fault(oracle, "attempt %s: its outcome is not written",
                       id_text(departure->attempt));
        }
        answered(row);
    }
    oracle->resolved_count = 0;
}

/* Looked at and found true: from here on the timeline is what must not be lost. */
static void forget_told(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->records_count && oracle->told_count > 0; i++) {
        oracle->records[i].told_person = 0;
    }
    oracle->told_count = 0;
}

/* It may not have been able to set it aside, or to say so; the next abort would ask again. */
static void excuse(struct oracle *oracle, bool troubled)
{
    for (size_t i = 0; i < oracle->records_count && oracle->poisoned && troubled; i++) {
        oracle->records[i].excused =
            oracle->records[i].excused || oracle->records[i].aborts >= ABORTS_TO_SET_ASIDE;
    }
}

/* Steps of the wall clock and deaths do not move engine time; a reboot may. */
static void look_at_clock(struct oracle *oracle, int64_t now)
{
    int64_t offset = now - oracle->elapsed_ms;
    if (oracle->offset_known && offset != oracle->offset) {
        find_fault(oracle, "engine time moved by %" PRId64 " ms", offset - oracle->offset);
    }
    oracle->offset_known = true;
    oracle->offset = offset;
}

void oracle_rebooted(struct oracle *oracle)
{
    oracle->offset_known = false;
    oracle->disturbed = true;
}

void oracle_look(struct oracle *oracle, struct box *box, bool troubled)
{
    int64_t now = engine_now(box->engine).ms;
    oracle->elapsed_ms = box->elapsed_ms;
    if (oracle->disturbed || troubled) {
        oracle->disturbed = false;
        oracle->disturbed_engine = now;
    }
    oracle->now = now;
    look_at_clock(oracle, now);
    forget_told(oracle);
    excuse(oracle, troubled);
    bool changed = oracle->changes != disk_changes();
    oracle->changes = disk_changes();
    run_plain(oracle, "BEGIN"); /* one picture, and the file is locked once */
    if (changed) {
        look_at_journals(oracle);
        look_at_touched(oracle);
        learn_next_due(oracle);
    }
    if (oracle->looks++ % OPEN_LOOKS_EVERY == 0) {
        look_at_open(oracle, now, troubled);
        look_for_forgotten(oracle, box, troubled);
    }
    if (!troubled) {
        look_for_overdue(oracle, now);
    }
    look_at_outbox(oracle, changed, troubled);
    look_at_resolved(oracle, troubled);
    run_plain(oracle, "COMMIT");
}

static void check_with(struct oracle *oracle, const char *pragma, const char *good)
{
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(oracle->database, pragma, -1, &row, NULL) != SQLITE_OK) {
        box_die("%s: %s", pragma, sqlite3_errmsg(oracle->database));
    }
    int rc = sqlite3_step(row);
    const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
    bool sound = good == NULL ? rc == SQLITE_DONE : text != NULL && strcmp(text, good) == 0;
    if (!sound) {
        find_fault(oracle, "%s: %s", pragma, text == NULL ? sqlite3_errstr(rc) : text);
    }
    (void)sqlite3_finalize(row);
}

void oracle_look_after_crash(struct oracle *oracle, bool whole)
{
    for (size_t i = 0; i < oracle->records_count; i++) {
        sqlite3_stmt *row = question(oracle, ASK_ROW);
        bind_uuid(row, 1, oracle->records[i].id);
        if (oracle->records[i].promised && sqlite3_step(row) != SQLITE_ROW) {
            find_fault(oracle, "%s was accepted and is lost", id_text(oracle->records[i].id));
        }
        answered(row);
    }
    for (size_t i = 0; i < oracle->records_count && oracle->told_count > 0; i++) {
        if (oracle->records[i].told_person != 0 &&
            oracle_holder(oracle, oracle->records[i].id) != oracle->records[i].told_person) {
            find_fault(oracle, "%s: somebody was told that they hold it, and it is lost",
                       id_text(oracle->records[i].id));
        }
    }
    look_for_lost_entries(oracle);
    look_at_answers(oracle);
    oracle->resolved_count = 0; /* outcomes that were not committed are asked for anew */
    if (whole) {
        check_with(oracle, "PRAGMA integrity_check", "ok");
    } else {
        check_with(oracle, "PRAGMA quick_check", "ok");
    }
    check_with(oracle, "PRAGMA foreign_key_check", NULL);
}

/* ---- what it knows ---- */

int64_t oracle_due_in(struct oracle *oracle, struct box *box, int64_t most_ms)
{
    int64_t now = engine_now(box->engine).ms;
    return oracle->next_due < now + most_ms ? oracle->next_due - now : most_ms;
}

void oracle_all_ended(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->records_count; i++) {
        if (oracle_is_open(oracle, i)) {
            find_fault(oracle, "%s: it never ends", id_text(oracle->records[i].id));
        }
    }
}

size_t oracle_count(const struct oracle *oracle)
{
    return oracle->records_count;
}

struct uuid oracle_escalation(const struct oracle *oracle, size_t index)
{
    return oracle->records[index].id;
}

int oracle_customer(const struct oracle *oracle, size_t index)
{
    return oracle->records[index].customer;
}

bool oracle_is_open(const struct oracle *oracle, size_t index)
{
    return oracle->records[index].open && !uuid_is_nil(oracle->records[index].id);
}

int64_t oracle_accepted_ms(const struct oracle *oracle, size_t index)
{
    return oracle->records[index].first_seen_ms;
}

bool oracle_find_customer(const struct oracle *oracle, struct uuid escalation, int *customer_r)
{
    const uint32_t *slot = slot_of(oracle, escalation);
    if (*slot != 0) {
        *customer_r = oracle->records[*slot - 1].customer;
    }
    return *slot != 0;
}

int64_t oracle_holder(struct oracle *oracle, struct uuid escalation)
{
    sqlite3_stmt *row = question(oracle, ASK_HOLDER);
    bind_uuid(row, 1, escalation);
    int64_t holder = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    answered(row);
    return holder;
}
