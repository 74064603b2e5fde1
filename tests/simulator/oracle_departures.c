/* oracle_departures.c - what leaves, against the rows that stand for it: nothing without its row,
 * nothing under two names, and no row that says more than what left. */
#include "tests/simulator/oracle_private.h"

#include <inttypes.h>
#include <string.h>

/* Nothing may wait longer than this for being handed over without a full trunk. */
#define PLANNED_MS_MAX 250

/* What is planned and not wanted any more within one turn leaves with it. */
#define AT_ONCE_MS 50

/* What leaves has at least so long to arrive. */
#define LEAST_MS 200

/* A busy trunk lets calls come too late, but some leave in between: after so many in a row without
 * one, none leaves at all. */
#define TOO_LATE_MAX 400

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

/* Nobody is woken for what is over. */
static bool is_wanted(const struct box_sent *sent, sqlite3_stmt *row)
{
    int state = sqlite3_column_int(row, 7);
    bool of_step = sqlite3_column_int(row, 8) != 0;
    bool for_members = sqlite3_column_int(row, 10) != 0;
    bool holders = sqlite3_column_int(row, 11) == sqlite3_column_int(row, 13) &&
                   sqlite3_column_int64(row, 12) == sqlite3_column_int64(row, 2);
    switch (sent->purpose) {
    case PURPOSE_ALERT:
        return of_step && (state == NOTIFYING || state == EXHAUSTED || for_members);
    case PURPOSE_HOLDER_CALL:
        return state == OVERDUE;
    case PURPOSE_CANCEL_NOTICE:
        return state == CANCELLING || (state == CANCELLED && !holders);
    case PURPOSE_OFFER:
    case PURPOSE_TEAM:
        return state != CANCELLING && state != CANCELLED && state != DONE;
    case PURPOSE_EXHAUSTED:
        return state == EXHAUSTED;
    case PURPOSE_UPDATE:
    case PURPOSE_WITHDRAW:
    case PURPOSE_FRUITLESS:
    case PURPOSE_TASK:
    case PURPOSE_QUARANTINE:
    case PURPOSE_TEST:
        break;
    }
    return true;
}

/* How hard it is tried, what it says it is, and the buttons it has. */
static void check_words_of(struct oracle *oracle, const struct box_sent *sent, sqlite3_stmt *row)
{
    int64_t expires_ms = sqlite3_column_int64(row, 5) - oracle->offset;
    if (sent->purpose == PURPOSE_QUARANTINE && expires_ms <= sent->at_ms) {
        expires_ms = sent->at_ms + SET_ASIDE_MS; /* it is told however late it is */
    }
    const char *summary = sent->path == PATH_CALL ? (const char *)sqlite3_column_text(row, 6) : "";
    bool has_buttons = sent->path == PATH_PUSH &&
                       (sent->purpose == PURPOSE_ALERT || sent->purpose == PURPOSE_UPDATE ||
                        sent->purpose == PURPOSE_OFFER);
    if (sqlite3_column_int(row, 3) != (int)sent->severity ||
        (sqlite3_column_int(row, 4) != 0) != sent->drill) {
        find_fault(oracle, "attempt %s left with another severity, or as a drill",
                   id_text(sent->attempt));
    }
    if (oracle->offset_known && expires_ms <= sent->at_ms) {
        find_fault(oracle, "attempt %s left after its time", id_text(sent->attempt));
    }
    bool at_once = sqlite3_column_int64(row, 9) - oracle->offset >= sent->at_ms - AT_ONCE_MS;
    if (oracle->offset_known && !at_once && !is_wanted(sent, row)) {
        find_fault(oracle, "attempt %s of purpose %d left in state %d, which does not want it",
                   id_text(sent->attempt), (int)sent->purpose, sqlite3_column_int(row, 7));
    }
    if (expires_ms < sent->at_ms + LEAST_MS) {
        expires_ms = sent->at_ms + LEAST_MS;
    }
    if (oracle->offset_known && sent->expires_ms != expires_ms) {
        find_fault(oracle, "attempt %s left with %" PRId64 " ms to arrive, and has %" PRId64,
                   id_text(sent->attempt), sent->expires_ms - sent->at_ms,
                   expires_ms - sent->at_ms);
    }
    if (strncmp(sent->summary, summary, sizeof sent->summary - 1) != 0) {
        oracle->wordless = sent->attempt;
    }
    if (has_buttons != (sent->token_accept[0] != '\0') ||
        has_buttons != (sent->token_decline[0] != '\0') ||
        (sent->path == PATH_PUSH) != (sent->token_received[0] != '\0')) {
        find_fault(oracle, "attempt %s left with other buttons than it should have",
                   id_text(sent->attempt));
    }
}

/* What is dialled is one of theirs. */
static void check_dialled(struct oracle *oracle, const struct box_sent *sent, int person_kind)
{
    const struct record *record = known_record(oracle, sent->escalation);
    const struct somebody person = {person_kind, sent->person_id};
    if (record == NULL) {
        return;
    }
    const struct phones phones = phones_of(oracle, record, person, oracle->wall_ms);
    bool theirs = !phones.numbers_known;
    for (size_t i = 0; i < phones.numbers_count && !theirs; i++) {
        theirs = strcmp(phones.numbers[i], sent->phone) == 0;
    }
    if (!theirs) {
        find_fault(oracle, "attempt %s dials a number that is not person %" PRId64 "'s",
                   id_text(sent->attempt), sent->person_id);
    }
}

static void check_row_of(struct oracle *oracle, const struct box_sent *sent, size_t trunk)
{
    sqlite3_stmt *row = row_of_attempt(oracle, sent->customer_id, sent->escalation, sent->attempt);
    if (sqlite3_step(row) != SQLITE_ROW || sqlite3_column_int(row, 0) != 1 ||
        sqlite3_column_int64(row, 1) != sent->device_id ||
        sqlite3_column_int64(row, 2) != sent->person_id ||
        (sent->path == PATH_CALL &&
         strcmp((const char *)sqlite3_column_text(row, 14), sent->phone) != 0)) {
        find_fault(oracle, "attempt %s left before its row", id_text(sent->attempt));
    } else if (!uuid_is_nil(sent->escalation)) {
        check_words_of(oracle, sent, row);
        if (sent->path == PATH_CALL) {
            check_dialled(oracle, sent, sqlite3_column_int(row, 13));
            trunk_call_leaves(oracle, sent, sqlite3_column_int64(row, 5), trunk);
        }
    }
    answered(row);
}

static struct departure *departure_of(const struct oracle *oracle, struct uuid attempt)
{
    size_t slot = hash_of_id(attempt) % DEPARTURE_SLOTS;
    while (!uuid_is_nil(oracle->departures[slot].attempt) &&
           !uuid_equal(oracle->departures[slot].attempt, attempt)) {
        slot = (slot + 1) % DEPARTURE_SLOTS;
    }
    return &oracle->departures[slot];
}

int64_t person_of_departure(const struct oracle *oracle, struct uuid attempt)
{
    return departure_of(oracle, attempt)->person_id;
}

/* What may make a person take it: an alert, or word to the call centre that nobody was reached. */
static bool tells_somebody(const struct box_sent *sent)
{
    return sent->purpose == PURPOSE_ALERT || sent->purpose == PURPOSE_EXHAUSTED;
}

void oracle_sending(struct oracle *oracle, const struct box_sent *sent, const struct box *box)
{
    check_row_of(oracle, sent, box->calls_max);
    struct record *record = known_record(oracle, sent->escalation);
    if (record != NULL) {
        record->set_aside_told = record->set_aside_told || sent->purpose == PURPOSE_QUARANTINE;
        record->asked_ms = tells_somebody(sent) ? sent->at_ms : record->asked_ms;
    }
    struct departure *before = departure_of(oracle, sent->attempt);
    struct departure departure = {
        .attempt = sent->attempt,
        .escalation = sent->escalation,
        .person_id = sent->person_id,
        .device_id = sent->device_id,
        .path = (int)sent->path,
        .purpose = (int)sent->purpose,
        .life = box->lives,
    };
    if (!uuid_is_nil(before->attempt)) {
        if (before->life == box->lives) {
            find_fault(oracle, "attempt %s left twice in one life", id_text(sent->attempt));
        }
        if (!uuid_equal(before->escalation, sent->escalation) ||
            before->person_id != sent->person_id || before->device_id != sent->device_id ||
            before->path != departure.path || before->purpose != departure.purpose) {
            find_fault(oracle, "attempt %s went to two places", id_text(sent->attempt));
        }
    }
    oracle->too_late = sent->path == PATH_CALL ? 0 : oracle->too_late;
    *before = departure;
}

void oracle_resolved(struct oracle *oracle, struct uuid attempt, bool accepted)
{
    trunk_call_resolved(oracle, attempt, accepted);
    if (departure_of(oracle, attempt)->purpose == PURPOSE_QUARANTINE && !accepted) {
        return; /* it is told again in the next life */
    }
    if (oracle->resolved_count < RESOLVED_MAX) {
        oracle->resolved[oracle->resolved_count++] = attempt;
    }
}

/* What is still planned at rest was refused by the dispatcher (the simulator does so once to each):
 * it must be gone when time has passed. Path 1 is a call: those may wait for the trunk. */
void look_at_outbox(struct oracle *oracle, bool changed, bool troubled)
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

/* Nothing is written of it any more, or what follows from an outcome cannot be. */
static bool is_spoilt(const struct oracle *oracle, struct uuid escalation)
{
    const struct record *record = known_record(oracle, escalation);
    return record != NULL && (record->set_aside > 0 || record->broken);
}

/* What was handed over in an earlier life and has no outcome goes again. */
void look_for_forgotten(struct oracle *oracle, const struct box *box, bool troubled)
{
    sqlite3_stmt *row = question(oracle, ASK_ON_THE_WAY);
    while (!troubled && sqlite3_step(row) == SQLITE_ROW) {
        struct uuid attempt = column_uuid(row, 0);
        const struct departure *departure = departure_of(oracle, attempt);
        if (departure->life != box->lives && oracle->disturbed_engine < oracle->now &&
            !is_spoilt(oracle, departure->escalation)) {
            find_fault(oracle, "attempt %s left in an earlier life and is forgotten",
                       id_text(attempt));
        }
    }
    answered(row);
}

/* A call that leaves without what it has to say is better than none, but only while something
 * fails.
 */
void look_at_words(struct oracle *oracle, bool troubled)
{
    if (!uuid_is_nil(oracle->wordless) && !troubled) {
        find_fault(oracle, "attempt %s left without the words of its ticket",
                   id_text(oracle->wordless));
    }
    memset(&oracle->wordless, 0, sizeof oracle->wordless);
}

/* An outcome that was given back is written: handed over (1) is not where an attempt ends. */
void look_at_resolved(struct oracle *oracle, bool troubled)
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
            (departure->purpose == PURPOSE_QUARANTINE ||
             !is_spoilt(oracle, departure->escalation))) {
            find_fault(oracle, "attempt %s: its outcome is not written",
                       id_text(departure->attempt));
        }
        answered(row);
    }
    oracle->resolved_count = 0;
}

/* What the timeline says became of an attempt. Only what left can have been accepted, or be
 * uncertain; what did not leave may only have come too late, or was to a number that was taken away
 * meanwhile. */
void check_outcome(struct oracle *oracle, const struct record *record, int kind,
                   struct uuid attempt, int64_t person_id, const char *word)
{
    const struct departure *departure = departure_of(oracle, attempt);
    if (!uuid_is_nil(departure->attempt)) {
        if (departure->person_id != person_id) {
            find_fault(oracle,
                       "attempt %s left to person %" PRId64 ", and its outcome is of %" PRId64,
                       id_text(attempt), departure->person_id, person_id);
        }
        return;
    }
    bool expired = kind == SAID_ATTEMPT_EXPIRED && strcmp(word, "not_sent_in_time") == 0;
    bool nobodys = kind == SAID_ATTEMPT_FAILED && strcmp(word, "not-found") == 0 &&
                   is_nobodys_number(oracle, record, attempt);
    if (nobodys) {
        return;
    }
    if (!expired) {
        find_fault(oracle, "attempt %s never left, and has an outcome (entry kind %d, \"%s\")",
                   id_text(attempt), kind, word);
    }
    if (++oracle->too_late > TOO_LATE_MAX) {
        find_fault(oracle, "%u attempts came too late to be sent since a call left",
                   oracle->too_late);
    }
}
