/* oracle_journal.c - reads the timelines as they grow: gapless, chained, and such that the
 * procedure allows it: its steps in their order, not shorter and not longer than agreed. */
#include "tests/simulator/oracle_private.h"

#include <inttypes.h>
#include <string.h>

/* SHA-256 over the chain before, four numbers in network order, the escalation, the facts and, when
 * there is a personal text, its salted digest. */
static struct digest chain_of(const struct digest *before, sqlite3_stmt *row)
{
    uint8_t numbers[32];
    for (int i = 0; i < 4; i++) {
        int64_t value = sqlite3_column_int64(row, i);
        for (int byte = 0; byte < 8; byte++) {
            numbers[i * 8 + byte] = (uint8_t)((uint64_t)value >> (8 * (7 - byte)));
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

/* ---- the night that an escalation had ---- */

struct agreed {
    int64_t accepted_within;
    int64_t received_within;
    int64_t round_spacing;
    int64_t holder_silent;
    int64_t rounds;
    int64_t steps;
};

/* What its procedure says, in milliseconds; 0: nothing. */
static struct agreed agreed_for(struct oracle *oracle, const struct record *record)
{
    sqlite3_stmt *row = question(oracle, ASK_PROCEDURE);
    struct agreed agreed = {0};
    (void)sqlite3_bind_int64(row, 1, record->step - 1);
    bind_uuid(row, 2, record->id);
    if (sqlite3_step(row) == SQLITE_ROW) {
        agreed = (struct agreed){
            sqlite3_column_int64(row, 0) * 1000, sqlite3_column_int64(row, 1) * 1000,
            sqlite3_column_int64(row, 2) * 1000, sqlite3_column_int64(row, 3) * 1000,
            sqlite3_column_int64(row, 4),        sqlite3_column_int64(row, 5)};
    }
    answered(row);
    return agreed;
}

/* Whether something began before the last time that the gateway was dead, stood still or had a
 * broken disk: it may be late then, never early. */
static bool may_be_late(const struct oracle *oracle, int64_t since)
{
    return since <= oracle->disturbed_engine;
}

static void check_wait(struct oracle *oracle, const struct record *record, const char *what,
                       int64_t since, int64_t at, int64_t wanted)
{
    if (at - since < wanted) {
        find_fault(oracle, "%s: %s after %" PRId64 " ms, too early: %" PRId64 " were agreed",
                   id_text(record->id), what, at - since, wanted);
    } else if (at - since > wanted && !may_be_late(oracle, since)) {
        find_fault(oracle, "%s: %s after %" PRId64 " ms, too late: %" PRId64 " were agreed",
                   id_text(record->id), what, at - since, wanted);
    }
}

static void step_starts(struct oracle *oracle, struct record *record, int64_t round, int64_t step,
                        int64_t at)
{
    bool next = !record->round_over && round == record->round && step == record->step + 1;
    bool next_round = record->round_over && round == record->round + 1 && step == 1;
    if (!record->restarted && !next && !next_round) {
        find_fault(oracle,
                   "%s: round %" PRId64 " step %" PRId64 " follows round %" PRId64 " step %" PRId64,
                   id_text(record->id), round, step, record->round, record->step);
    }
    if (!record->restarted && next_round) {
        int64_t wanted = agreed_for(oracle, record).round_spacing;
        int64_t took = record->round_ended - record->round_started;
        check_wait(oracle, record, "a round begins", record->round_started, at,
                   took > wanted ? took : wanted);
    }
    record->restarted = false;
    record->round_over = false;
    record->round = round;
    record->step = step;
    record->step_started = at;
    record->round_started = step == 1 ? at : record->round_started;
}

static void step_ends(struct oracle *oracle, struct record *record, int64_t round, int64_t step,
                      const char *why, int64_t at)
{
    if (round != record->round || step != record->step) {
        find_fault(oracle, "%s: round %" PRId64 " step %" PRId64 " ends, which did not run",
                   id_text(record->id), round, step);
    }
    if (strcmp(why, "not_accepted_in_time") == 0) {
        check_wait(oracle, record, "a step ends", record->step_started, at,
                   agreed_for(oracle, record).accepted_within);
    } else if (strcmp(why, "no_reception") == 0) {
        check_wait(oracle, record, "reception is missed", record->step_started, at,
                   agreed_for(oracle, record).received_within);
    }
}

/* A round is over when all its steps were tried, the procedure when all its rounds were. */
static void round_ends(struct oracle *oracle, struct record *record, int64_t at)
{
    if (record->step < agreed_for(oracle, record).steps) {
        find_fault(oracle, "%s: round %" PRId64 " ends at step %" PRId64, id_text(record->id),
                   record->round, record->step);
    }
    record->round_over = true;
    record->round_ended = at;
}

static void gives_up(struct oracle *oracle, const struct record *record)
{
    if (!record->round_over || record->round < agreed_for(oracle, record).rounds) {
        find_fault(oracle, "%s: exhausted in round %" PRId64 " step %" PRId64, id_text(record->id),
                   record->round, record->step);
    }
}

/* Never two who hold it, and it ends with somebody who does. */
static void follow_holder(struct oracle *oracle, struct record *record, int kind, const char *word,
                          int64_t at)
{
    switch (kind) {
    case SAID_ACCEPTED:
    case SAID_TAKEN:
        if (record->held) {
            find_fault(oracle, "%s: accepted by two", id_text(record->id));
        }
        record->held = true;
        break;
    case SAID_OVERDUE:
        record->overdue_since = at;
        break;
    case SAID_RESUMED:
        if (strcmp(word, "holder_silent") == 0) {
            check_wait(oracle, record, "a silent holder loses it", record->overdue_since, at,
                       agreed_for(oracle, record).holder_silent);
        }
        record->held = false;
        break;
    case SAID_HANDED_BACK:
        record->held = false;
        break;
    case SAID_DONE:
        if (!record->held) {
            find_fault(oracle, "%s: done, and nobody held it", id_text(record->id));
        }
        break;
    default:
        break;
    }
}

/* What may follow what: nobody is looked for while somebody holds it, nobody is late who does not,
 * and what ended does not begin again. */
static void check_order(struct oracle *oracle, struct record *record, int kind)
{
    bool looks_for =
        kind == SAID_STEP_STARTED || kind == SAID_ROUND_ENDED || kind == SAID_EXHAUSTED;
    bool holds = kind == SAID_ACCEPTED || kind == SAID_TAKEN;
    if (looks_for && record->held) {
        find_fault(oracle, "%s: somebody holds it, and others are looked for (entry kind %d)",
                   id_text(record->id), kind);
    }
    if (kind == SAID_OVERDUE && !record->held) {
        find_fault(oracle, "%s: overdue, and nobody holds it", id_text(record->id));
    }
    if (record->ended && (looks_for || holds || kind == SAID_OVERDUE || kind == SAID_DONE)) {
        find_fault(oracle, "%s: it had ended, and goes on (entry kind %d)", id_text(record->id),
                   kind);
    }
    record->ended = record->ended || kind == SAID_DONE || kind == SAID_CANCELLED ||
                    kind == SAID_CANCEL_CONFIRMED;
}

static void follow(struct oracle *oracle, struct record *record, sqlite3_stmt *row)
{
    int kind = sqlite3_column_int(row, 1);
    int64_t at = sqlite3_column_int64(row, 3);
    int64_t round = sqlite3_column_int64(row, 8), step = sqlite3_column_int64(row, 9);
    const char *word = (const char *)sqlite3_column_text(row, 10);
    word = word == NULL ? "" : word;
    check_order(oracle, record, kind);
    follow_holder(oracle, record, kind, word, at);
    switch (kind) {
    case SAID_STEP_STARTED:
        step_starts(oracle, record, round, step, at);
        break;
    case SAID_STEP_ENDED:
        step_ends(oracle, record, round, step, word, at);
        break;
    case SAID_ROUND_ENDED:
        round_ends(oracle, record, at);
        break;
    case SAID_EXHAUSTED:
        gives_up(oracle, record);
        break;
    case SAID_QUARANTINED:
        record->set_aside++;
        record->set_aside_since = at;
        break;
    case SAID_OPENED:
    case SAID_SPLIT:
    case SAID_JOINED:
    case SAID_SEVERITY:
    case SAID_HANDED_BACK:
    case SAID_RESUMED:
        record->restarted = true;
        break;
    default:
        break;
    }
}

/* ---- the journal of a customer ---- */

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

static void touch(struct oracle *oracle, struct record *record)
{
    if (!record->touched && oracle->touched_count < TOUCHED_MAX) {
        record->touched = true;
        oracle->touched[oracle->touched_count++] = (uint32_t)(record - oracle->records);
    }
}

void look_at_journals(struct oracle *oracle)
{
    sqlite3_stmt *row = question(oracle, ASK_JOURNAL);
    for (int customer = 1; customer <= CUSTOMERS; customer++) {
        (void)sqlite3_bind_int64(row, customer, journal_of(oracle, customer)->seq);
    }
    while (sqlite3_step(row) == SQLITE_ROW) {
        struct journal *journal = journal_of(oracle, sqlite3_column_int64(row, 11));
        int64_t seq = sqlite3_column_int64(row, 0);
        if (seq != journal->seq + 1) {
            find_fault(oracle, "journal of customer %" PRId64 ": a gap before %" PRId64,
                       journal->customer_id, seq);
        }
        struct digest chain = chain_of(&journal->chain, row);
        if (sqlite3_column_bytes(row, 7) != DIGEST_BYTES ||
            memcmp(sqlite3_column_blob(row, 7), chain.bytes, DIGEST_BYTES) != 0) {
            find_fault(oracle, "journal of customer %" PRId64 ": the chain breaks at %" PRId64,
                       journal->customer_id, seq);
        }
        struct record *record = record_of(oracle, column_uuid(row, 4), journal->customer_id);
        follow(oracle, record, row);
        touch(oracle, record);
        journal->seq = seq;
        journal->chain = chain;
    }
    answered(row);
}

/* What was seen once is there for ever: no crash takes a committed entry back. */
void look_for_lost_entries(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->journals_count; i++) {
        const struct journal *journal = &oracle->journals[i];
        sqlite3_stmt *row = question(oracle, ASK_ENTRY);
        (void)sqlite3_bind_int64(row, 1, journal->customer_id);
        (void)sqlite3_bind_int64(row, 2, journal->seq);
        if (journal->seq > 0 &&
            (sqlite3_step(row) != SQLITE_ROW ||
             memcmp(sqlite3_column_blob(row, 0), journal->chain.bytes, DIGEST_BYTES) != 0)) {
            find_fault(oracle, "journal of customer %" PRId64 ": entry %" PRId64 " is gone",
                       journal->customer_id, journal->seq);
        }
        answered(row);
    }
}
