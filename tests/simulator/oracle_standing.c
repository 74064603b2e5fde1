/* oracle_standing.c - how an escalation stands at rest: when it is due next, what its desk has to
 * do, whom it still waits for; by what its timeline says and what was agreed. */
#include <inttypes.h>
#include <string.h>

#include "tests/simulator/oracle_private.h"

/* Whoever gets an escalation of their own takes the promise and the urgency with them. */
static void look_at_parted(struct oracle *oracle)
{
    struct parted parted = oracle->parted;
    memset(&oracle->parted, 0, sizeof oracle->parted);
    const struct record *from = known_record(oracle, parted.from);
    const struct record *own = known_record(oracle, parted.own);
    if (from == NULL || own == NULL || uuid_is_nil(parted.own) || parted.caller < 1 ||
        parted.caller > CALLERS_MAX || from->set_aside > 0 || own->callers != 1) {
        return;
    }
    int64_t promised = from->promised_until[parted.caller - 1];
    if (promised > oracle->now + 1 && own->promised_until[0] != promised && !from->held &&
        !from->ended) {
        find_fault(oracle, "%s: what its caller was promised did not come with them",
                   id_text(own->id));
    }
    if (own->severity != from->severity) {
        find_fault(oracle, "%s: it is not as urgent as what it was parted from", id_text(own->id));
    }
}

/* Of one caller alone: whether it is a drill is what they said. */
static void check_drill(struct oracle *oracle, const struct record *record, bool drill)
{
    sqlite3_stmt *row = question(oracle, ASK_ROW);
    bind_uuid(row, 1, record->id);
    if (record->callers == 1 && sqlite3_step(row) == SQLITE_ROW &&
        (sqlite3_column_int(row, 7) != 0) != drill) {
        find_fault(oracle, "%s: whether it is a drill is not what its caller said",
                   id_text(record->id));
    }
    answered(row);
}

void look_at_asked(struct oracle *oracle)
{
    look_at_parted(oracle);
    struct asked asked = oracle->asked;
    const struct record *record = known_record(oracle, asked.escalation);
    oracle->asked.key = 0;
    if (asked.key == 0 || record == NULL || record->set_aside > 0 ||
        record->callers == CALLERS_MAX) {
        return;
    }
    bool promised = false;
    for (int i = 0; i < record->callers; i++) {
        promised = promised || record->promises[i] == asked.promised_ms;
    }
    if (!promised) {
        find_fault(oracle, "%s: none of its callers was promised %" PRId64 " ms, as key %u was",
                   id_text(record->id), asked.promised_ms, asked.key);
    }
    check_drill(oracle, record, asked.drill);
    if (record->severity < asked.severity) {
        find_fault(oracle, "%s: it is less urgent than key %u said", id_text(record->id),
                   asked.key);
    }
}

/* When it is due next, by what the timeline says, what was agreed and who was promised what: the
 * columns of ASK_STANDING. */
static int64_t expected_due(struct oracle *oracle, const struct record *record, sqlite3_stmt *row)
{
    const struct agreed agreed = agreed_for(oracle, record);
    int64_t due = INT64_MAX;
    switch (sqlite3_column_int(row, 0)) {
    case NOTIFYING:
        due = record->step_started + agreed.accepted_within;
        if (agreed.received_within > 0 && (agreed.via & VIA_PUSHES) != 0 && !record->received &&
            agreed.received_within < agreed.accepted_within) {
            due = record->step_started + agreed.received_within;
        }
        break;
    case WAITING:
        due = record->round_started + agreed.round_spacing;
        break;
    case ACCEPTED:
    case TAKEN:
        due = record->progress_since + agreed.progress_within + record->eta;
        break;
    case OVERDUE:
        due = record->overdue_since + agreed.holder_silent;
        break;
    case EXHAUSTED:
        due = record->announced + agreed.exhausted_every;
        break;
    case CANCELLING:
        due = record->noticed + agreed.exhausted_every;
        break;
    default:
        break;
    }
    if (!record->held && sqlite3_column_type(row, 6) != SQLITE_NULL) {
        int64_t warned = sqlite3_column_int64(row, 6) - agreed.promise_warning;
        due = warned < due ? warned : due;
    }
    /* The team's own clocks are taken from the row: that they are met is judged as of any other. */
    int64_t team = sqlite3_column_int64(row, 8);
    return team < due ? team : due;
}

static void check_times(struct oracle *oracle, const struct record *record, sqlite3_stmt *row)
{
    int64_t due =
        sqlite3_column_type(row, 2) == SQLITE_NULL ? INT64_MAX : sqlite3_column_int64(row, 2);
    int64_t expected = record->over ? INT64_MAX : expected_due(oracle, record, row);
    if (due != expected) {
        find_fault(oracle, "%s: in state %d it is due %" PRId64 " ms from when it was agreed",
                   id_text(record->id), sqlite3_column_int(row, 0), due - expected);
    }
    if (sqlite3_column_int64(row, 3) != record->over_wall) {
        find_fault(oracle, "%s: it was not closed when its row says", id_text(record->id));
    }
    if (record->held && !record->over &&
        (sqlite3_column_int64(row, 4) != record->held_wall ||
         sqlite3_column_int64(row, 5) != record->eta_wall)) {
        find_fault(oracle, "%s: since when it is held, or who comes when, is not in its row",
                   id_text(record->id));
    }
    if (record->tasks != record->tasks_told || sqlite3_column_int64(row, 7) != record->tasks) {
        find_fault(oracle, "%s: the desk has %d tasks, its timeline %u, and it hears of %u",
                   id_text(record->id), sqlite3_column_int(row, 7), record->tasks,
                   record->tasks_told);
    }
    if (sqlite3_column_int(row, 1) != record->severity) {
        find_fault(oracle, "%s: its severity is not what was said", id_text(record->id));
    }
}

/* Answers its state. */
static int look_at_row_of(struct oracle *oracle, const struct record *record)
{
    int state = DONE;
    sqlite3_stmt *row = question(oracle, ASK_STANDING);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    bind_uuid(row, 2, record->id);
    (void)sqlite3_bind_int64(row, 3, INT64_MAX);
    if (sqlite3_step(row) == SQLITE_ROW) {
        state = sqlite3_column_int(row, 0);
        check_times(oracle, record, row);
    }
    answered(row);
    return state;
}

void look_at_standing(struct oracle *oracle, const struct record *record)
{
    int state = look_at_row_of(oracle, record);
    sqlite3_stmt *row = question(oracle, ASK_PROMISES);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    bind_uuid(row, 2, record->id);
    (void)sqlite3_bind_int(row, 3, state);
    if (sqlite3_step(row) == SQLITE_ROW) {
        find_fault(oracle, "%s: the promise to caller %d is nobody's task", id_text(record->id),
                   sqlite3_column_int(row, 0));
    }
    answered(row);
    look_at_team(oracle, record);
    if (state == NOTIFYING && count_hopes(oracle, record, NOW) == 0) {
        find_fault(oracle, "%s: no path of its step leads anywhere, and it waits",
                   id_text(record->id));
    }
}

static bool was_alerted(struct oracle *oracle, const struct record *record, struct somebody person,
                        int64_t device_id)
{
    return count_alerts(oracle, record, person, device_id, true) > 0;
}

static void look_at_ways_to(struct oracle *oracle, const struct record *record,
                            struct somebody person)
{
    unsigned via = ways_to(oracle, record, person, oracle->now, oracle->wall_ms + 1);
    struct phones phones = phones_of(oracle, record, person, oracle->wall_ms + 1);
    int64_t not_after = record->step_started + agreed_for(oracle, record).accepted_within;
    bool calls = (via & VIA_CALLS) != 0 && phones.numbers_known && phones.numbers_count > 0;
    bool all = !calls || (was_alerted(oracle, record, person, 0) &&
                          !has_uncalled_number(oracle, record, person, not_after));
    for (size_t i = 0; (via & VIA_PUSHES) != 0 && i < phones.count; i++) {
        all = all && (!phones.devices[i].sure ||
                      was_alerted(oracle, record, person, phones.devices[i].device_id));
    }
    if (!all) {
        find_fault(oracle, "%s: person %" PRId64 " could be reached in another way by now",
                   id_text(record->id), person.id);
    }
}

void look_at_changes(struct oracle *oracle, bool troubled)
{
    int64_t customer = oracle->changed_customer;
    oracle->changed_customer = 0;
    if (customer == 0 || troubled || oracle->disturbed_ms == oracle->elapsed_ms) {
        return;
    }
    for (size_t i = 0; i < oracle->records_count; i++) {
        const struct record *record = &oracle->records[i];
        if ((!record->running && !record->seeking) || record->set_aside > 0 || record->broken ||
            (customer != EVERY_CUSTOMER && record->customer + 1 != customer)) {
            continue;
        }
        const struct people people =
            people_of_step(oracle, record, record->step, oracle->wall_ms + 1);
        bool needs_backup = false;
        for (size_t p = 0; people.known && p < people.count; p++) {
            if (!may_step_aside(record, people.who[p]) && !stepped_aside(record, people.who[p])) {
                look_at_ways_to(oracle, record, people.who[p]);
                needs_backup = needs_backup ||
                               (count_alerts(oracle, record, people.who[p], ANY_WAY, true) > 0 &&
                                is_in_demand(oracle, record, people.who[p], oracle->now));
            }
        }
        const struct people backup = backup_of(oracle, record, oracle->wall_ms + 1);
        for (size_t p = 0; needs_backup && backup.known && p < backup.count; p++) {
            look_at_ways_to(oracle, record, backup.who[p]);
        }
    }
}
