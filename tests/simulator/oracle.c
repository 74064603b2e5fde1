#include "tests/simulator/oracle.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/digest.h"

#define ESCALATIONS_MAX 4096
#define CUSTOMERS_MAX   16
#define FAULT_BYTES     512
#define WAITING_MAX     64
/* Nothing may wait longer than this for being handed over without a full trunk. */
#define PLANNED_MS_MAX 250

/* As the schema numbers them. */
enum { NOTIFYING, WAITING, ACCEPTED, OVERDUE, EXHAUSTED, TAKEN, CANCELLING, CANCELLED, DONE };
enum { SAID_ACCEPTED = 16, SAID_HANDED_BACK = 21, SAID_RESUMED = 22, SAID_TAKEN = 23 };

struct journal {
    int64_t customer_id;
    int64_t seq;
    struct digest chain;
};

struct accepted {
    struct uuid id;
    int customer;
    bool held;
};

struct departure {
    struct uuid attempt;
    struct uuid escalation;
    int64_t person_id;
    int64_t device_id;
    int path;
    int purpose;
    unsigned life;
};

struct waiting {
    struct uuid attempt;
    int64_t since_ms;
};

struct oracle {
    sqlite3 *database;
    struct waiting waiting[WAITING_MAX];
    size_t waiting_count;
    struct accepted accepted[ESCALATIONS_MAX];
    size_t accepted_count;
    struct journal journals[CUSTOMERS_MAX];
    size_t journals_count;
    struct departure *departures;
    size_t departures_count;
    char fault[FAULT_BYTES];
};

static void find_fault(struct oracle *oracle, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void find_fault(struct oracle *oracle, const char *format, ...)
{
    va_list arguments;
    if (oracle->fault[0] == '\0') {
        va_start(arguments, format);
        (void)vsnprintf(oracle->fault, sizeof oracle->fault, format, arguments);
        va_end(arguments);
    }
}

const char *oracle_fault(const struct oracle *oracle)
{
    return oracle->fault[0] == '\0' ? NULL : oracle->fault;
}

struct oracle *oracle_create(void)
{
    struct oracle *oracle = calloc(1, sizeof *oracle);
    if (oracle == NULL ||
        (oracle->departures = calloc(BOX_SENT_MAX, sizeof *oracle->departures)) == NULL) {
        box_die("no memory");
    }
    return oracle;
}

void oracle_destroy(struct oracle **oracle)
{
    oracle_close(*oracle);
    free((*oracle)->departures);
    free(*oracle);
    *oracle = NULL;
}

void oracle_close(struct oracle *oracle)
{
    (void)sqlite3_close(oracle->database);
    oracle->database = NULL;
}

void oracle_open(struct oracle *oracle)
{
    if (sqlite3_open_v2(BOX_DATABASE, &oracle->database, SQLITE_OPEN_READONLY, DISK_VFS) !=
        SQLITE_OK) {
        box_die("the oracle cannot read the database");
    }
}

static sqlite3_stmt *prepare(const struct oracle *oracle, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(oracle->database, sql, -1, &statement, NULL) != SQLITE_OK) {
        box_die("%s: %s", sql, sqlite3_errmsg(oracle->database));
    }
    return statement;
}

static void bind_uuid(sqlite3_stmt *statement, int index, struct uuid id)
{
    (void)sqlite3_bind_blob(statement, index, id.bytes, sizeof id.bytes, SQLITE_TRANSIENT);
}

static struct uuid column_uuid(sqlite3_stmt *statement, int index)
{
    struct uuid id;
    memset(&id, 0, sizeof id);
    if (sqlite3_column_bytes(statement, index) == (int)sizeof id.bytes) {
        memcpy(id.bytes, sqlite3_column_blob(statement, index), sizeof id.bytes);
    }
    return id;
}

static const char *id_text(struct uuid id)
{
    static char text[UUID_TEXT_BYTES];
    uuid_format(id, text);
    return text;
}

/* ---- what is said ---- */

static struct accepted *find_accepted(struct oracle *oracle, struct uuid id)
{
    for (size_t i = 0; i < oracle->accepted_count; i++) {
        if (uuid_equal(oracle->accepted[i].id, id)) {
            return &oracle->accepted[i];
        }
    }
    return NULL;
}

void oracle_accepted(struct oracle *oracle, struct uuid escalation, int customer)
{
    if (find_accepted(oracle, escalation) == NULL) {
        if (oracle->accepted_count == ESCALATIONS_MAX) {
            box_die("more than %d escalations", ESCALATIONS_MAX);
        }
        oracle->accepted[oracle->accepted_count++] =
            (struct accepted){.id = escalation, .customer = customer};
    }
}

void oracle_told_holder(struct oracle *oracle, struct uuid escalation, int person_kind,
                        int64_t person_id)
{
    sqlite3_stmt *statement = prepare(
        oracle, "SELECT holder_kind, holder_id, state FROM escalation WHERE escalation_id = ?");
    bind_uuid(statement, 1, escalation);
    if (sqlite3_step(statement) != SQLITE_ROW || sqlite3_column_int(statement, 0) != person_kind ||
        sqlite3_column_int64(statement, 1) != person_id) {
        find_fault(oracle, "%s: somebody was told that they hold it, and does not",
                   id_text(escalation));
    }
    (void)sqlite3_finalize(statement);
}

static void check_row_of(struct oracle *oracle, const struct box_sent *sent)
{
    sqlite3_stmt *statement =
        prepare(oracle, "SELECT state FROM attempt WHERE customer_id = ? AND escalation_id = ? AND "
                        "attempt_id = ? AND device_id = ? AND person_id = ?");
    (void)sqlite3_bind_int64(statement, 1, sent->customer_id);
    bind_uuid(statement, 2, sent->escalation);
    bind_uuid(statement, 3, sent->attempt);
    (void)sqlite3_bind_int64(statement, 4, sent->device_id);
    (void)sqlite3_bind_int64(statement, 5, sent->person_id);
    if (sqlite3_step(statement) != SQLITE_ROW) {
        find_fault(oracle, "attempt %s left before its row", id_text(sent->attempt));
    }
    (void)sqlite3_finalize(statement);
}

void oracle_sending(struct oracle *oracle, const struct box_sent *sent, unsigned life)
{
    check_row_of(oracle, sent);
    struct departure departure = {
        .attempt = sent->attempt,
        .escalation = sent->escalation,
        .person_id = sent->person_id,
        .device_id = sent->device_id,
        .path = (int)sent->path,
        .purpose = (int)sent->purpose,
        .life = life,
    };
    for (size_t i = oracle->departures_count; i > 0; i--) {
        struct departure *before = &oracle->departures[i - 1];
        if (!uuid_equal(before->attempt, sent->attempt)) {
            continue;
        }
        if (before->life == life) {
            find_fault(oracle, "attempt %s left twice in one life", id_text(sent->attempt));
        }
        if (!uuid_equal(before->escalation, sent->escalation) ||
            before->person_id != sent->person_id || before->device_id != sent->device_id ||
            before->path != departure.path || before->purpose != departure.purpose) {
            find_fault(oracle, "attempt %s went to two places", id_text(sent->attempt));
        }
        before->life = life;
        return;
    }
    if (oracle->departures_count < BOX_SENT_MAX) {
        oracle->departures[oracle->departures_count++] = departure;
    }
}

/* ---- what is stored ---- */

static bool state_is_held(int state)
{
    return state == ACCEPTED || state == OVERDUE || state == TAKEN || state == CANCELLING;
}

static void look_at_row(struct oracle *oracle, sqlite3_stmt *row, int64_t now_ms)
{
    int state = sqlite3_column_int(row, 0);
    bool closed = state == DONE || state == CANCELLED;
    bool has_due = sqlite3_column_type(row, 2) != SQLITE_NULL;
    const char *id = id_text(column_uuid(row, 5));
    if (closed == has_due) {
        find_fault(oracle, "%s: %s", id,
                   closed ? "closed, and something is due" : "open, and nothing is due");
    }
    if (closed != (sqlite3_column_type(row, 3) != SQLITE_NULL)) {
        find_fault(oracle, "%s: closed_at does not fit its state", id);
    }
    if (!closed && state_is_held(state) != (sqlite3_column_int(row, 1) != 0)) {
        find_fault(oracle, "%s: the holder does not fit the state %d", id, state);
    }
    if (sqlite3_column_int(row, 4) != 0) {
        find_fault(oracle, "%s: set aside, though nothing aborted", id);
    }
    if (has_due && sqlite3_column_int64(row, 2) <= now_ms) {
        find_fault(oracle, "%s: due %lld ms ago and not done", id,
                   (long long)(now_ms - sqlite3_column_int64(row, 2)));
    }
}

static void look_at_escalations(struct oracle *oracle, int64_t now_ms)
{
    sqlite3_stmt *row =
        prepare(oracle, "SELECT state, holder_kind, due_engine, closed_at, quarantined, "
                        "escalation_id FROM escalation");
    while (sqlite3_step(row) == SQLITE_ROW) {
        look_at_row(oracle, row, now_ms);
    }
    (void)sqlite3_finalize(row);
}

static void look_for_lost(struct oracle *oracle)
{
    sqlite3_stmt *row = prepare(oracle, "SELECT 1 FROM escalation WHERE escalation_id = ?");
    for (size_t i = 0; i < oracle->accepted_count; i++) {
        bind_uuid(row, 1, oracle->accepted[i].id);
        if (sqlite3_step(row) != SQLITE_ROW) {
            find_fault(oracle, "%s was accepted and is lost", id_text(oracle->accepted[i].id));
        }
        (void)sqlite3_reset(row);
    }
    (void)sqlite3_finalize(row);
}

static struct journal *journal_of(struct oracle *oracle, int64_t customer_id)
{
    for (size_t i = 0; i < oracle->journals_count; i++) {
        if (oracle->journals[i].customer_id == customer_id) {
            return &oracle->journals[i];
        }
    }
    if (oracle->journals_count == CUSTOMERS_MAX) {
        box_die("more than %d customers", CUSTOMERS_MAX);
    }
    struct journal *journal = &oracle->journals[oracle->journals_count++];
    memset(journal, 0, sizeof *journal);
    journal->customer_id = customer_id;
    return journal;
}

/* SHA-256 over the chain before, four numbers in network order, the escalation, the facts and, when
 * there is a personal text, its salted digest. */
static struct digest chain_of(const struct digest *before, sqlite3_stmt *row)
{
    uint8_t numbers[32];
    int64_t values[4];
    for (int i = 0; i < 4; i++) {
        values[i] = sqlite3_column_int64(row, i);
        for (int byte = 0; byte < 8; byte++) {
            numbers[i * 8 + byte] = (uint8_t)((uint64_t)values[i] >> (8 * (7 - byte)));
        }
    }
    const struct digest_part parts[] = {
        {before->bytes, sizeof before->bytes},
        {numbers, sizeof numbers},
        {sqlite3_column_blob(row, 4), (size_t)sqlite3_column_bytes(row, 4)},
        {sqlite3_column_text(row, 5), (size_t)sqlite3_column_bytes(row, 5)},
        {sqlite3_column_blob(row, 6), (size_t)sqlite3_column_bytes(row, 6)},
    };
    return digest_sha256(parts, sqlite3_column_type(row, 6) == SQLITE_NULL ? 4 : 5);
}

/* Who holds it, as told by the journal alone: never two. */
static void follow_holder(struct oracle *oracle, struct uuid escalation, int kind)
{
    struct accepted *accepted = find_accepted(oracle, escalation);
    if (accepted == NULL) {
        return;
    }
    if (kind == SAID_ACCEPTED || kind == SAID_TAKEN) {
        if (accepted->held) {
            find_fault(oracle, "%s: accepted by two", id_text(escalation));
        }
        accepted->held = true;
    } else if (kind == SAID_HANDED_BACK || kind == SAID_RESUMED) {
        accepted->held = false;
    }
}

static void look_at_journal(struct oracle *oracle, struct journal *journal)
{
    sqlite3_stmt *row = prepare(
        oracle, "SELECT seq, kind, at, at_engine, escalation_id, facts, personal_digest, chain "
                "FROM timeline WHERE customer_id = ? AND seq > ? ORDER BY seq");
    (void)sqlite3_bind_int64(row, 1, journal->customer_id);
    (void)sqlite3_bind_int64(row, 2, journal->seq);
    while (sqlite3_step(row) == SQLITE_ROW) {
        int64_t seq = sqlite3_column_int64(row, 0);
        if (seq != journal->seq + 1) {
            find_fault(oracle, "journal of customer %lld: a gap before %lld",
                       (long long)journal->customer_id, (long long)seq);
        }
        struct digest chain = chain_of(&journal->chain, row);
        if (sqlite3_column_bytes(row, 7) != DIGEST_BYTES ||
            memcmp(sqlite3_column_blob(row, 7), chain.bytes, DIGEST_BYTES) != 0) {
            find_fault(oracle, "journal of customer %lld: the chain breaks at %lld",
                       (long long)journal->customer_id, (long long)seq);
        }
        follow_holder(oracle, column_uuid(row, 4), sqlite3_column_int(row, 1));
        journal->seq = seq;
        journal->chain = chain;
    }
    (void)sqlite3_finalize(row);
}

/* What was seen once is there for ever: no crash takes a committed entry back. */
static void look_for_lost_entries(struct oracle *oracle, const struct journal *journal)
{
    sqlite3_stmt *row =
        prepare(oracle, "SELECT chain FROM timeline WHERE customer_id = ? AND seq = ?");
    (void)sqlite3_bind_int64(row, 1, journal->customer_id);
    (void)sqlite3_bind_int64(row, 2, journal->seq);
    if (journal->seq > 0 &&
        (sqlite3_step(row) != SQLITE_ROW ||
         memcmp(sqlite3_column_blob(row, 0), journal->chain.bytes, DIGEST_BYTES) != 0)) {
        find_fault(oracle, "journal of customer %lld: entry %lld is gone",
                   (long long)journal->customer_id, (long long)journal->seq);
    }
    (void)sqlite3_finalize(row);
}

static void look_at_journals(struct oracle *oracle)
{
    sqlite3_stmt *customers = prepare(oracle, "SELECT customer_id FROM customer");
    while (sqlite3_step(customers) == SQLITE_ROW) {
        struct journal *journal = journal_of(oracle, sqlite3_column_int64(customers, 0));
        look_for_lost_entries(oracle, journal);
        look_at_journal(oracle, journal);
    }
    (void)sqlite3_finalize(customers);
}

/* What is still planned at rest was refused by the dispatcher (the simulator does so
 * once to each): it must be gone when time has passed. Path 1 is a call: those may wait for the
 * trunk. */
static void look_at_outbox(struct oracle *oracle, int64_t elapsed_ms)
{
    sqlite3_stmt *row =
        prepare(oracle, "SELECT attempt_id FROM attempt WHERE state = 0 AND path <> 1");
    struct waiting still[WAITING_MAX];
    size_t count = 0;
    while (count < WAITING_MAX && sqlite3_step(row) == SQLITE_ROW) {
        still[count] = (struct waiting){column_uuid(row, 0), elapsed_ms};
        for (size_t i = 0; i < oracle->waiting_count; i++) {
            if (uuid_equal(oracle->waiting[i].attempt, still[count].attempt)) {
                still[count].since_ms = oracle->waiting[i].since_ms;
            }
        }
        if (elapsed_ms - still[count].since_ms > PLANNED_MS_MAX) {
            find_fault(oracle, "attempt %s waits since %lld ms and does not leave",
                       id_text(still[count].attempt),
                       (long long)(elapsed_ms - still[count].since_ms));
        }
        count++;
    }
    memcpy(oracle->waiting, still, count * sizeof still[0]);
    oracle->waiting_count = count;
    (void)sqlite3_finalize(row);
}

void oracle_look(struct oracle *oracle, const struct box *box)
{
    struct engine_time now = engine_now(box->engine);
    look_at_journals(oracle);
    look_at_escalations(oracle, now.ms);
    look_for_lost(oracle);
    look_at_outbox(oracle, box->elapsed_ms);
}

size_t oracle_open_count(struct oracle *oracle)
{
    sqlite3_stmt *row =
        prepare(oracle, "SELECT count(*) FROM escalation WHERE state NOT IN (7, 8)");
    size_t count = sqlite3_step(row) == SQLITE_ROW ? (size_t)sqlite3_column_int64(row, 0) : 0;
    (void)sqlite3_finalize(row);
    return count;
}

size_t oracle_count(const struct oracle *oracle)
{
    return oracle->accepted_count;
}

struct uuid oracle_escalation(const struct oracle *oracle, size_t index)
{
    return oracle->accepted[index].id;
}

int oracle_customer(const struct oracle *oracle, size_t index)
{
    return oracle->accepted[index].customer;
}

int64_t oracle_holder(struct oracle *oracle, struct uuid escalation)
{
    sqlite3_stmt *row = prepare(
        oracle, "SELECT holder_id FROM escalation WHERE escalation_id = ? AND holder_kind = 1");
    bind_uuid(row, 1, escalation);
    int64_t holder = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    (void)sqlite3_finalize(row);
    return holder;
}
