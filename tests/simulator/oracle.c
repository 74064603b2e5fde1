/* oracle.c - what was said to people, against the rows that stand for it. */
#include "tests/simulator/oracle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulator/oracle_private.h"

#define OPEN_LOOKS_EVERY 16 /* everything open is looked at so often; what changed, each time */
#define ANSWERS_MAX      16384
/* What the engine's own turn takes between its readings of the clocks. */
#define REBOOT_MOVES_MS_MAX INT64_C(1000)
/* A call may wait so long for a free line; the trunks here are narrow. */
#define TRUNK_MS_MAX INT64_C(600000)
/* The morning goes through what is open each hour; shifts begin whenever they do. */
#define SHIFTS_GO_ON_MS INT64_C(3600000)

/* One question instead of three: most of the time there is nothing new. */
#define NEWS_OF_JOURNAL(customer)                                                                  \
    "SELECT seq, kind, at, at_engine, escalation_id, facts, personal_digest, chain, "              \
    "facts ->> 'round', facts ->> 'step', facts ->> 'word', customer_id, facts ->> 'attempt', "    \
    "facts ->> 'person_kind', facts ->> 'person', facts ->> 'number' "                             \
    "FROM timeline WHERE customer_id = " #customer " AND seq > ?" #customer
_Static_assert(CUSTOMERS == 3, "a part of the question for each customer");
/* 1: push, 2: call, 3: both; of an array of those words. */
#define VIA_OF(by)  "(" by " LIKE '%push%') + 2 * (" by " LIKE '%call%')"
#define VIA_OF_STEP VIA_OF("(p.definition -> 'steps' -> CAST(?1 AS INTEGER) -> 'by')")
#define VIA_OF_END                                                                                 \
    VIA_OF("coalesce(p.definition -> '$.exhausted' -> CAST(?1 AS INTEGER) -> 'by', 'call')")
/* Milliseconds since 1970. */
#define MS_OF(time) "(1000 * strftime('%s', " time ") + substr(strftime('%f', " time "), 4))"
/* The first entry of an index, four times. */
#define NEXT_DUE_OF(severity)                                                                      \
    "SELECT min(due_engine) AS due FROM escalation WHERE severity = " #severity                    \
    " AND due_engine IS NOT NULL AND quarantined = 0"

static const char *const sql[QUESTIONS_COUNT] = {
    [ASK_JOURNAL] =
        NEWS_OF_JOURNAL(1) " UNION ALL " NEWS_OF_JOURNAL(2) " UNION ALL " NEWS_OF_JOURNAL(3),
    [ASK_ENTRY] = "SELECT chain FROM timeline WHERE customer_id = ? AND seq = ?",
    [ASK_ROW] = "SELECT state, holder_kind, due_engine, closed_at, quarantined, escalation_id, "
                "intervention, drill "
                "FROM escalation WHERE escalation_id = ?",
    [ASK_OPEN] = "SELECT e.state, e.holder_kind, e.due_engine, e.closed_at, e.quarantined, "
                 "e.escalation_id, "
                 "(SELECT coalesce(p.definition ->> 'exhausted_every_s', 60) FROM procedure AS p "
                 "WHERE p.procedure_id = e.procedure_id), "
                 "EXISTS (SELECT 1 FROM attempt AS a WHERE a.customer_id = e.customer_id "
                 "AND a.escalation_id = e.escalation_id AND a.state = 0 AND a.path = 1) "
                 "FROM escalation AS e WHERE e.closed_at IS NULL",
    [ASK_DUE] = "SELECT escalation_id, due_engine FROM escalation WHERE severity IN (0, 1, 2, 3) "
                "AND due_engine IS NOT NULL AND quarantined = 0 AND due_engine <= ?",
    [ASK_NEXT_DUE] = "SELECT min(due) FROM (" NEXT_DUE_OF(0) " UNION ALL " NEXT_DUE_OF(
        1) " UNION ALL " NEXT_DUE_OF(2) " UNION ALL " NEXT_DUE_OF(3) ")",
    [ASK_OUTBOX] = "SELECT attempt_id FROM attempt WHERE state <= 1 AND state = 0 AND path <> 1 "
                   "UNION ALL SELECT test_id FROM device_test WHERE state = 0",
    [ASK_ON_THE_WAY] = "SELECT attempt_id FROM attempt WHERE state <= 1 AND state = 1 "
                       "UNION ALL SELECT test_id FROM device_test WHERE state = 1",
    [ASK_ATTEMPT] =
        "SELECT a.state, a.device_id, a.person_id, a.severity, e.drill, "
        "a.not_after_engine, t.summary, e.state, a.position = e.position, a.planned_engine, "
        "e.search_until_engine IS NOT NULL, e.holder_kind, e.holder_id, a.person_kind "
        "FROM attempt AS a JOIN escalation AS e ON e.customer_id = a.customer_id "
        "AND e.escalation_id = a.escalation_id JOIN ticket AS t "
        "ON t.customer_id = e.customer_id AND t.ticket_id = e.ticket_id WHERE a.customer_id = ? "
        "AND a.escalation_id = ? AND a.attempt_id = ?",
    [ASK_HOLDER] = "SELECT holder_id FROM escalation WHERE escalation_id = ? AND holder_kind = 1",
    [ASK_PROCEDURE] =
        "SELECT p.definition -> 'steps' -> CAST(?1 AS INTEGER) ->> 'accepted_within_s', "
        "p.definition -> 'steps' -> CAST(?1 AS INTEGER) ->> 'received_within_s', "
        "coalesce(p.definition ->> 'round_spacing_s', 120), "
        "coalesce(p.definition ->> 'holder_silent_s', 120), "
        "coalesce(p.definition ->> 'rounds', 2), json_array_length(p.definition, '$.steps'), "
        "coalesce(p.definition ->> 'exhausted_every_s', 60), "
        "coalesce(json_array_length(p.definition, '$.exhausted'), 0), " VIA_OF_STEP ", "
        "coalesce(p.definition ->> 'progress_within_s', 1800), "
        "coalesce(p.definition ->> 'promise_warning_s', 60) "
        "FROM escalation AS e JOIN procedure AS p ON p.procedure_id = e.procedure_id "
        "WHERE e.escalation_id = ?2",
    [ASK_DUTY] = "SELECT count(*), max(installation), max(way) FROM check_in "
                 "WHERE customer_id = ? AND agent_id = ? AND out_at IS NULL",
    [ASK_TEST] =
        "SELECT state, device_id, agent_id, received_at FROM device_test WHERE test_id = ?",
    [ASK_ROTA] = "SELECT rota_id, changed_at, definition FROM rota "
                 "WHERE customer_id = ? AND slug = ?",
    [ASK_TURNS] = "SELECT json_array_length(definition, '$.layers[0].participants'), "
                  "60 * substr(definition ->> '$.layers[0].hand_over.time', 1, 2) + "
                  "substr(definition ->> '$.layers[0].hand_over.time', 4, 2), "
                  "definition ->> '$.layers[0].participants[0]', "
                  "definition ->> '$.layers[0].participants[1]' "
                  "FROM rota WHERE rota_id = ? AND definition ->> '$.layers[0].turn' = 'daily' "
                  "AND definition ->> '$.layers[0].starts_on' = '2026-01-01'",
    [ASK_REPLACED] =
        "SELECT o.value ->> 'agent' FROM rota, json_each(definition, '$.overrides') AS o "
        "WHERE rota_id = ?1 AND " MS_OF("o.value ->> 'from'") " <= ?2 AND ?2 < " MS_OF(
            "o.value ->> 'to'") " ORDER BY o.key DESC LIMIT 1",
    [ASK_SHIFT] = "SELECT e.check_in_agent, a.agent_id, " MS_OF(
        "t.fields ->> 'shift_from'") " "
                                     "FROM escalation AS e JOIN ticket AS t ON t.customer_id = "
                                     "e.customer_id "
                                     "AND t.ticket_id = e.ticket_id JOIN agent AS a "
                                     "ON a.customer_id = e.customer_id AND a.slug = t.fields ->> "
                                     "'agent' "
                                     "WHERE e.escalation_id = ? AND t.category = 'check-in'",
    [ASK_PLANS] = "SELECT customer_id, rota, opens_before_s, remind_before_s, since_at "
                  "FROM check_in_plan",
    /* A row when it is live, its agent is checked in by the app, and by nothing else since ?2, and
     * no other of theirs proved anything since, or is the one of the check-in. */
    [ASK_LAST_PHONE] =
        "SELECT d.customer_id, d.agent_id, c.completed_at FROM device AS d JOIN check_in AS c "
        "ON c.customer_id = d.customer_id AND c.agent_id = d.agent_id "
        "WHERE d.device_id = ?1 AND d.retired_at IS NULL AND c.out_at IS NULL AND c.way = 0 "
        "AND c.completed_at >= ?2 AND c.in_at >= ?2 AND NOT EXISTS (SELECT 1 FROM check_in AS o "
        "WHERE o.customer_id = d.customer_id AND o.agent_id = d.agent_id AND o.in_at >= ?2 "
        "AND o.way <> 0) AND NOT EXISTS (SELECT 1 FROM device AS o "
        "WHERE o.customer_id = d.customer_id AND o.agent_id = d.agent_id "
        "AND o.device_id <> d.device_id AND o.retired_at IS NULL "
        "AND (o.proven_at >= ?2 OR o.installation = c.installation))",
    [ASK_RETIRED] = "SELECT d.customer_id, d.agent_id, d.retired_at IS NOT NULL "
                    "FROM device AS d WHERE d.device_id = ?",
    [ASK_NOTIFIED] = "SELECT t.value ->> 'on_call', coalesce(t.value ->> 'agent', "
                     "(SELECT a.slug FROM agent AS a WHERE a.agent_id = e.check_in_agent "
                     "AND t.value ->> 'check_in' = 'agent')), t.value ->> 'contact' "
                     "FROM escalation AS e JOIN procedure AS p ON p.procedure_id = e.procedure_id "
                     "JOIN json_each(p.definition, '$.steps[' || ?1 || '].notify') AS t "
                     "WHERE e.escalation_id = ?2",
    [ASK_END] = "SELECT p.definition -> '$.exhausted' -> CAST(?1 AS INTEGER) ->> 'on_call', "
                "p.definition -> '$.exhausted' -> CAST(?1 AS INTEGER) ->> 'agent', "
                "p.definition -> '$.exhausted' -> CAST(?1 AS INTEGER) ->> 'contact', " VIA_OF_END
                " FROM escalation AS e JOIN procedure AS p "
                "ON p.procedure_id = e.procedure_id WHERE e.escalation_id = ?2",
    [ASK_DESK] = "SELECT coalesce(p.definition -> '$.exhausted' -> CAST(?1 AS INTEGER) "
                 "->> 'callback', (SELECT t.value ->> 'callback' "
                 "FROM json_each(p.definition, '$.exhausted') AS t "
                 "WHERE t.value ->> 'callback' IS NOT NULL LIMIT 1), 'call-centre') "
                 "FROM escalation AS e JOIN procedure AS p ON p.procedure_id = e.procedure_id "
                 "WHERE e.escalation_id = ?2",
    [ASK_PERSON] = "SELECT agent_id FROM agent WHERE customer_id = ?1 AND slug = ?3 AND active "
                   "AND ?2 = 1 UNION ALL SELECT contact_id FROM contact "
                   "WHERE customer_id = ?1 AND slug = ?3 AND active AND ?2 = 2",
    [ASK_PHONE] = "SELECT 1 FROM agent WHERE agent_id = ?2 AND phone <> '' AND ?1 = 1 "
                  "UNION ALL SELECT 1 FROM contact WHERE contact_id = ?2 AND phone <> '' "
                  "AND ?1 = 2",
    [ASK_HEARD] = "SELECT registered_at, proven_at, heard_at, retired_at FROM device "
                  "WHERE customer_id = ? AND agent_id = ? AND coalesce(permission, '') <> 'denied'",
    [ASK_DEVICES] = "SELECT device_id, registered_at, retired_at FROM device "
                    "WHERE customer_id = ? AND agent_id = ?",
    [ASK_PLANNED] = "SELECT purpose, path, person_kind, person_id, device_id, not_after_engine, "
                    "position, number, callback, attempt_id, severity FROM attempt "
                    "WHERE customer_id = ? AND escalation_id = ? AND planned_engine = ?",
    [ASK_WORSENED] = "SELECT 1 FROM timeline WHERE customer_id = ?1 AND seq > ?2 "
                     "AND seq < ?2 + 100 AND escalation_id = ?3 AND kind = 27 AND at_engine = ?4",
    [ASK_SCREENS] = "SELECT DISTINCT device_id, person_id FROM (SELECT * FROM attempt "
                    "WHERE customer_id = ?1 AND escalation_id = ?2 "
                    "ORDER BY attempt_id DESC LIMIT 300) "
                    "WHERE path = 0 AND purpose <> 3 AND (received_at < ?3 "
                    "OR (platform <> 1 AND state = 2 AND accepted_at < ?3))",
    [ASK_DECLINES] = "SELECT 1 FROM attempt WHERE customer_id = ?1 AND escalation_id = ?2 "
                     "AND person_kind = ?3 AND person_id = ?4 AND round = ?5 "
                     "AND planned_engine >= ?6 "
                     "AND (attempt_id = ?7 OR (position = ?8 AND purpose = 0)) LIMIT 1",
    [ASK_OF_ATTEMPT] = "SELECT purpose, position, device_id FROM attempt "
                       "WHERE customer_id = ? AND escalation_id = ? AND attempt_id = ?",
    [ASK_PROMISES] = "SELECT c.number FROM caller AS c WHERE c.customer_id = ?1 "
                     "AND c.escalation_id = ?2 AND ((c.promise = 1 AND ?3 IN (6, 7, 8)) "
                     "OR (c.promise = 2 AND (?3 = 8 OR NOT EXISTS (SELECT 1 FROM desk_task AS t "
                     "WHERE t.customer_id = ?1 AND t.escalation_id = ?2 AND t.kind IN (0, 3) "
                     "AND t.caller = c.number)))) LIMIT 1",
    [ASK_PROMISED] = "SELECT promise, promise_engine FROM caller "
                     "WHERE customer_id = ? AND escalation_id = ? AND number = ?",
    [ASK_STANDING] = "SELECT state, severity, due_engine, closed_at, held_since_at, eta_at, "
                     "(SELECT min(c.promise_engine) FROM caller AS c "
                     "WHERE c.customer_id = e.customer_id AND c.escalation_id = e.escalation_id "
                     "AND c.promise = 1), (SELECT count(*) FROM desk_task AS t "
                     "WHERE t.customer_id = e.customer_id AND t.escalation_id = e.escalation_id), "
                     "min(coalesce(e.shift_until_engine, ?3), coalesce(e.search_until_engine, ?3), "
                     "coalesce((SELECT min(o.until_engine) FROM escalation_offer AS o WHERE "
                     "o.customer_id = e.customer_id AND o.escalation_id = e.escalation_id), ?3)) "
                     "FROM escalation AS e "
                     "WHERE e.customer_id = ?1 AND e.escalation_id = ?2",
    [ASK_HOPE] = "SELECT count(*) FROM attempt WHERE customer_id = ?1 AND escalation_id = ?2 "
                 "AND position = ?3 AND purpose = 0 AND answer NOT IN (4, 5, 6, 7) "
                 "AND state NOT IN (5, 6) AND NOT (state <= 1 AND delayed_at IS NOT NULL) "
                 "AND (?4 IS NULL OR (state NOT IN (3, 4) AND delayed_at IS NULL "
                 "AND planned_engine < ?4))",
    [ASK_ALERTED] = "SELECT count(*) FROM attempt WHERE customer_id = ? AND escalation_id = ? "
                    "AND position = ? AND purpose = 0 AND person_kind = ? AND person_id = ? "
                    "AND device_id = ? AND (? OR state <> 5)",
    [ASK_ALARMS] = "SELECT coalesce(max(alarm_id), 0) FROM alarm",
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

size_t hash_of_id(struct uuid id)
{
    uint64_t hash;
    memcpy(&hash, id.bytes + 8, sizeof hash);
    return (size_t)((hash ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9) >> 20);
}

static uint32_t *slot_of(const struct oracle *oracle, struct uuid id)
{
    size_t slot = hash_of_id(id) % RECORD_SLOTS;
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
                                  .restart = FROM_TOP};
        *slot = (uint32_t)oracle->records_count;
    }
    return &oracle->records[*slot - 1];
}

struct record *known_record(const struct oracle *oracle, struct uuid id)
{
    const uint32_t *slot = slot_of(oracle, id);
    return *slot != 0 ? &oracle->records[*slot - 1] : NULL;
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

bool oracle_was_answered(const struct oracle *oracle, unsigned key)
{
    return key < ANSWERS_MAX && oracle->answers[key].key != 0;
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

void oracle_aborted(struct oracle *oracle, struct uuid escalation)
{
    int customer;
    if (oracle_find_customer(oracle, escalation, &customer)) {
        struct record *record = record_of(oracle, escalation, customer + 1);
        record->aborts++;
    }
}

void oracle_broken(struct oracle *oracle, struct uuid escalation)
{
    struct record *record = known_record(oracle, escalation);
    if (record != NULL) {
        record->broken = true;
    }
}

/* What makes the gateway abort twice, or fails for ever, is set aside, once, and said to the call
 * centre; nothing else is. */
static void look_for_poison(struct oracle *oracle, const struct record *record, bool closed,
                            bool set_aside)
{
    const char *id = id_text(record->id);
    /* Without disk or memory it may not have been able to set it aside, or to say so. */
    bool excused = oracle->troubled_engine + RECOVERY_MS_MAX >= oracle->now;
    if (set_aside && record->aborts < ABORTS_TO_SET_ASIDE && !record->broken) {
        find_fault(oracle, "%s: set aside after %u aborts", id, record->aborts);
    }
    if (!closed && !set_aside && record->aborts >= ABORTS_TO_SET_ASIDE && !excused) {
        find_fault(oracle, "%s: aborted the gateway %u times, and is not set aside", id,
                   record->aborts);
    }
    /* When setting it aside aborts, too, it gets a mark alone, and the alarm is what people hear.
     */
    bool marked = record->aborts > ABORTS_TO_SET_ASIDE && record->set_aside == 0;
    if (set_aside && record->set_aside != 1 && !marked && !excused) {
        find_fault(oracle, "%s: set aside %u times, says the timeline", id, record->set_aside);
    }
    if (set_aside && !closed && !record->set_aside_told && !marked && !excused &&
        oracle->now > record->set_aside_since + RECOVERY_MS_MAX) {
        find_fault(oracle, "%s: set aside, and nobody was told", id);
    }
    if (set_aside && !record->alarm_told && !excused) {
        find_fault(oracle, "%s: set aside, and no alarm was told", id);
    }
}

/* The row stands where the timeline has led. */
static void look_at_state(struct oracle *oracle, const struct record *record, int state,
                          bool set_aside)
{
    bool fits = (state == NOTIFYING) == record->running &&
                (state == EXHAUSTED) == record->announcing &&
                (state == CANCELLING) == (record->cancelling && !record->over) &&
                (state == DONE || state == CANCELLED) == record->over;
    if (!fits && !set_aside) {
        find_fault(oracle, "%s: the timeline has led elsewhere than to state %d",
                   id_text(record->id), state);
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
    look_for_poison(oracle, record, closed, set_aside);
    look_at_state(oracle, record, state, set_aside);
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
            if (sqlite3_column_int(row, 4) == 0) {
                look_at_standing(oracle, record);
            }
        } else {
            find_fault(oracle, "%s: in the timeline, and nowhere else", id_text(record->id));
        }
        answered(row);
    }
    oracle->touched_count = 0;
}

/* While nobody was reached somebody is asked again and again: by what leaves, not by what is
 * planned. */
static void look_at_exhausted(struct oracle *oracle, const struct record *record, int64_t every,
                              bool call_waits)
{
    int64_t late = call_waits ? TRUNK_MS_MAX : RECOVERY_MS_MAX;
    int64_t since =
        record->asked_ms > record->exhausted_ms ? record->asked_ms : record->exhausted_ms;
    since = since > oracle->disturbed_ms ? since : oracle->disturbed_ms;
    if (oracle->elapsed_ms - since > every + late) {
        find_fault(oracle, "%s: nobody was told for %" PRId64 " ms", id_text(record->id),
                   oracle->elapsed_ms - since);
    }
}

static void look_at_open(struct oracle *oracle, bool troubled)
{
    sqlite3_stmt *row = question(oracle, ASK_OPEN);
    while (sqlite3_step(row) == SQLITE_ROW) {
        look_at_row(oracle, row);
        bool set_aside = sqlite3_column_int(row, 4) != 0;
        if (sqlite3_column_int(row, 0) == EXHAUSTED && !set_aside && !troubled) {
            look_at_exhausted(oracle, record_of(oracle, column_uuid(row, 5), 0),
                              sqlite3_column_int64(row, 6) * 1000, sqlite3_column_int(row, 7) != 0);
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
    if (now < oracle->next_due && !oracle->fails) {
        return;
    }
    sqlite3_stmt *row = question(oracle, ASK_DUE);
    (void)sqlite3_bind_int64(row, 1, now);
    while (sqlite3_step(row) == SQLITE_ROW) {
        const struct record *record = known_record(oracle, column_uuid(row, 0));
        int64_t due = sqlite3_column_int64(row, 1);
        int64_t late = now - due;
        int64_t since = due > oracle->disturbed_engine ? due : oracle->disturbed_engine;
        bool fails = record != NULL && record->broken && now - since <= RECOVERY_MS_MAX;
        if (!fails) { /* before it is set aside it is tried again and again */
            find_fault(oracle, "%s: due %" PRId64 " ms ago and not done",
                       id_text(column_uuid(row, 0)), late);
        }
    }
    answered(row);
}

/* Looked at and found true: from here on the timeline is what must not be lost. */
static void forget_told(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->records_count && oracle->told_count > 0; i++) {
        oracle->records[i].told_person = 0;
    }
    oracle->told_count = 0;
}

/* Steps of the wall clock and deaths do not move engine time. Over a reboot it is reckoned from the
 * wall clock: a step that was not noticed before counts, and no more than a moment else. */
static void look_at_clock(struct oracle *oracle, int64_t now)
{
    int64_t offset = now - oracle->elapsed_ms;
    int64_t moved = offset - oracle->offset;
    bool unnoticed = oracle->stepped || oracle->stepped_ms != 0;
    bool over_reboot = oracle->rebooted && (unnoticed || llabs(moved) <= REBOOT_MOVES_MS_MAX);
    if (oracle->rebooted && unnoticed) {
        oracle_steps_are_forgotten(oracle);
    }
    oracle->rebooted = false;
    if (oracle->clock_known && moved != 0 && !over_reboot) {
        find_fault(oracle, "engine time moved by %" PRId64 " ms", moved);
    }
    oracle->clock_known = true;
    oracle->offset_known = true;
    oracle->offset = offset;
}

void oracle_rebooted(struct oracle *oracle)
{
    oracle->offset_known = false;
    oracle->rebooted = true;
    oracle->disturbed = true;
}

void oracle_look(struct oracle *oracle, struct box *box, bool troubled)
{
    int64_t now = engine_now(box->engine).ms;
    oracle->elapsed_ms = box->elapsed_ms;
    oracle->epoch_ms = box->epoch_ms;
    oracle->wall_ms = box->wall_ms;
    if (oracle->disturbed || troubled) {
        oracle->disturbed = false;
        oracle->disturbed_engine = now;
        oracle->disturbed_ms = oracle->elapsed_ms;
    }
    oracle->now = now;
    look_at_clock(oracle, now);
    forget_told(oracle);
    oracle->troubled_engine = troubled ? now : oracle->troubled_engine;
    bool changed = oracle->changes != disk_changes();
    oracle->changes = disk_changes();
    oracle->looks++;
    run_plain(oracle, "BEGIN"); /* one picture, and the file is locked once */
    if (changed) {
        look_at_journals(oracle);
        look_at_asked(oracle);
        look_at_touched(oracle);
        learn_next_due(oracle);
    }
    if (oracle->looks % OPEN_LOOKS_EVERY == 0) {
        look_at_open(oracle, troubled);
        look_for_forgotten(oracle, box, troubled);
    }
    if (!troubled) {
        look_for_overdue(oracle, now);
    }
    look_at_outbox(oracle, changed, troubled);
    look_at_words(oracle, troubled);
    look_at_resolved(oracle, troubled);
    look_at_changes(oracle, troubled);
    look_at_alarms(oracle, troubled);
    look_at_shifts(oracle, troubled);
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

/* What fails is tried again at the engine's own time, until it is set aside. */
static void pass_over_broken(struct oracle *oracle, int64_t now)
{
    sqlite3_stmt *row = question(oracle, ASK_DUE);
    (void)sqlite3_bind_int64(row, 1, INT64_MAX);
    oracle->next_due = INT64_MAX;
    oracle->fails = false;
    while (sqlite3_step(row) == SQLITE_ROW) {
        const struct record *record = known_record(oracle, column_uuid(row, 0));
        int64_t due = sqlite3_column_int64(row, 1);
        bool fails = record != NULL && record->broken && due <= now;
        oracle->fails = oracle->fails || fails;
        oracle->next_due = !fails && due < oracle->next_due ? due : oracle->next_due;
    }
    answered(row);
}

int64_t oracle_due_in(struct oracle *oracle, struct box *box, int64_t most_ms)
{
    int64_t now = engine_now(box->engine).ms;
    if (oracle->next_due <= now) {
        pass_over_broken(oracle, now);
    }
    return oracle->next_due < now + most_ms ? oracle->next_due - now : most_ms;
}

void oracle_all_ended(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->records_count; i++) {
        const struct record *record = &oracle->records[i];
        bool later = record->shift_agent != 0 && oracle->elapsed_ms - record->first_seen_ms <
                                                     SHIFTS_GO_ON_MS; /* than whoever tidied up */
        if (oracle_is_open(oracle, i) && !later) {
            find_fault(oracle, "%s: it never ends", id_text(record->id));
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
    const struct record *record = known_record(oracle, escalation);
    if (record != NULL) {
        *customer_r = record->customer;
    }
    return record != NULL;
}

int64_t oracle_holder(struct oracle *oracle, struct uuid escalation)
{
    sqlite3_stmt *row = question(oracle, ASK_HOLDER);
    bind_uuid(row, 1, escalation);
    int64_t holder = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    answered(row);
    return holder;
}
