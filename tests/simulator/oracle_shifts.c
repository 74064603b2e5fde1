/* oracle_shifts.c - prise de poste: whoever does not take up a shift in time is asked to, and is
 * never let off by anything but what they said, what somebody else took, or a changed rota. Which
 * shifts there are is reckoned from rotas and plans as they are stored; what the gateway noted of a
 * shift is not read. A check-out lets nobody off here: whoever took up a shift may go again. Whose
 * last phone that proved it goes is asked anew. */
#include <inttypes.h>
#include <string.h>

#include "tests/simulator/oracle_private.h"

#define LOOKS_EVERY 64
/* What a plan that is none any more had; all plans here have it. */
#define OPENS_MS INT64_C(3600000)
/* Rounds, spaced, of a procedure that reaches nobody; and then the desk is told. */
#define ASKED_MS_MAX INT64_C(900000)

/* ---- who is there ---- */

static void note_presence(struct oracle *oracle, int64_t customer_id, struct somebody person,
                          int64_t wall_at)
{
    if (person.kind == AN_AGENT && person.id != 0) {
        struct duty *duty = duty_of(oracle, customer_id, person.id);
        duty->present_wall = wall_at > duty->present_wall ? wall_at : duty->present_wall;
    }
}

/* Whom an attempt went to. */
static struct somebody addressee_of(const struct oracle *oracle, struct uuid attempt)
{
    return (struct somebody){AN_AGENT, person_of_departure(oracle, attempt)};
}

/* Whoever may have been heard is taken to be there: a crash may take the answer. */
void shifts_asked(struct oracle *oracle, const struct command *command)
{
    int64_t at = command->received_at.ms;
    struct somebody person = {NO_PERSON, 0};
    int64_t customer_id = command->customer_id;
    if (command->type == COMMAND_CONFIRM_TEST && command->request.device_test.verb == VERB_SEEN) {
        person = addressee_of(oracle, command->request.device_test.test);
    } else if (command->type == COMMAND_CALL_OUTCOME &&
               command->request.call.answer == ANSWER_ACCEPTED) {
        person = addressee_of(oracle, command->request.call.attempt);
    } else if (command->type == COMMAND_DESK_VERB && command->request.desk.verb == DESK_ON_BEHALF) {
        person = find_person(oracle, customer_id, AN_AGENT, command->request.desk.agent);
    }
    note_presence(oracle, customer_id, person, at);
}

/* ---- escalations that ask for a check-in ---- */

static void check_opening(struct oracle *oracle, const struct record *record,
                          const struct said *said, int64_t asked_agent)
{
    if (asked_agent != record->shift_agent) {
        find_fault(oracle, "%s: it names person %" PRId64 ", and asks person %" PRId64,
                   id_text(record->id), record->shift_agent, asked_agent);
    }
    if (said->wall_at < record->shift_from - OPENS_MS) {
        find_fault(oracle, "%s: a check-in is missed before it can be made", id_text(record->id));
    }
}

static void shift_opens(struct oracle *oracle, struct record *record, const struct said *said)
{
    sqlite3_stmt *row = question(oracle, ASK_SHIFT);
    bind_uuid(row, 1, record->id);
    if (sqlite3_step(row) == SQLITE_ROW) {
        record->shift_agent = sqlite3_column_int64(row, 1);
        record->shift_from = sqlite3_column_int64(row, 2);
        record->asked_wall = said->wall_at;
        check_opening(oracle, record, said, sqlite3_column_int64(row, 0));
    }
    answered(row);
}

/* Nobody asked for the end but the gateway itself: the rota gives the shift to somebody else. */
static void shift_is_withdrawn(struct oracle *oracle, struct record *record,
                               const struct said *said)
{
    struct shift shift;
    int64_t at = record->shift_from > said->wall_at ? record->shift_from : said->wall_at;
    record->withdrawn = true;
    if (find_shift(oracle, record->customer + 1, "primary", at, &shift) &&
        shift.agent_id == record->shift_agent && shift.from == record->shift_from) {
        find_fault(oracle, "%s: a missing check-in is withdrawn, and the shift is still theirs",
                   id_text(record->id));
    }
}

static void shift_is_done(struct oracle *oracle, const struct record *record,
                          const struct said *said)
{
    bool own = said->person.kind == AN_AGENT && said->person.id == record->shift_agent;
    const struct duty *duty = own ? duty_of(oracle, record->customer + 1, said->person.id) : NULL;
    if (own && !record->cancelling && duty->present_wall < record->shift_from - OPENS_MS) {
        find_fault(oracle, "%s: a check-in is said to be made, and was not", id_text(record->id));
    }
    note_presence(oracle, record->customer + 1, said->person, said->wall_at);
}

void follow_shift(struct oracle *oracle, struct record *record, const struct said *said)
{
    if (said->kind == SAID_OPENED) {
        shift_opens(oracle, record, said);
    } else if (record->shift_agent == 0) {
        return;
    } else if (said->kind == SAID_CANCELLED && said->person.kind == NO_PERSON) {
        shift_is_withdrawn(oracle, record, said);
    } else if (said->kind == SAID_DONE) {
        shift_is_done(oracle, record, said);
    }
}

/* ---- shifts that are due ---- */

static bool is_asked_for(const struct oracle *oracle, int customer, const struct shift *shift)
{
    bool found = false;
    for (size_t i = 0; i < oracle->records_count && !found; i++) {
        const struct record *record = &oracle->records[i];
        found = record->customer == customer && record->shift_agent == shift->agent_id &&
                record->shift_from == shift->from && !record->withdrawn;
    }
    return found;
}

/* Columns: customer, rota, opens before, reminds before, since. */
static void look_at_plan(struct oracle *oracle, sqlite3_stmt *plan)
{
    struct shift shift;
    int64_t customer_id = sqlite3_column_int64(plan, 0);
    int64_t opens_ms = sqlite3_column_int64(plan, 2) * 1000;
    int64_t at = oracle->wall_ms + sqlite3_column_int64(plan, 3) * 1000;
    if (!find_shift(oracle, customer_id, (const char *)sqlite3_column_text(plan, 1), at, &shift) ||
        shift.from < sqlite3_column_int64(plan, 4)) {
        return;
    }
    const struct duty *duty = duty_of(oracle, customer_id, shift.agent_id);
    if (duty->present_wall < shift.from - opens_ms &&
        !is_asked_for(oracle, (int)customer_id - 1, &shift)) {
        find_fault(oracle,
                   "person %" PRId64 " has not taken up the shift of %" PRId64
                   ", and nobody is told",
                   shift.agent_id, shift.from);
    }
}

/* Somebody has been asked, or the desk was told, or it is settled. */
static void look_at_asked_ones(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->records_count; i++) {
        const struct record *record = &oracle->records[i];
        int64_t since = record->first_seen_ms > oracle->disturbed_ms ? record->first_seen_ms
                                                                     : oracle->disturbed_ms;
        bool waits = record->shift_agent != 0 && oracle_is_open(oracle, i) && !record->held &&
                     record->asked_ms == 0 && record->set_aside == 0 && !record->broken;
        if (waits && oracle->elapsed_ms - since > ASKED_MS_MAX) {
            find_fault(oracle, "%s: a check-in is missing, and nobody was asked",
                       id_text(record->id));
        }
    }
}

/* ---- phones that go ---- */

/* A shift that ends sooner is left alone. */
#define NEARLY_OVER_MS INT64_C(600000)

static bool is_planned(struct oracle *oracle, int64_t customer_id, int64_t from)
{
    bool planned = false;
    sqlite3_stmt *row = question(oracle, ASK_PLANS);
    while (sqlite3_step(row) == SQLITE_ROW) {
        planned = planned || (sqlite3_column_int64(row, 0) == customer_id &&
                              sqlite3_column_int64(row, 4) <= from);
    }
    answered(row);
    return planned;
}

void oracle_phone_goes(struct oracle *oracle, int64_t device_id)
{
    struct shift shift, later;
    struct lapse lapse = {.device_id = device_id, .since_ms = oracle->elapsed_ms};
    if (oracle->lapse.customer_id != 0) {
        return;
    }
    sqlite3_stmt *row = question(oracle, ASK_RETIRED);
    (void)sqlite3_bind_int64(row, 1, device_id);
    if (sqlite3_step(row) == SQLITE_ROW) {
        lapse.customer_id = sqlite3_column_int64(row, 0);
        lapse.agent_id = sqlite3_column_int64(row, 1);
    }
    answered(row);
    if (lapse.customer_id == 0 ||
        !find_shift(oracle, lapse.customer_id, "primary", oracle->wall_ms, &shift) ||
        !find_shift(oracle, lapse.customer_id, "primary", oracle->wall_ms + NEARLY_OVER_MS,
                    &later) ||
        shift.agent_id != lapse.agent_id || later.from != shift.from ||
        !is_planned(oracle, lapse.customer_id, shift.from)) {
        return;
    }
    lapse.from = shift.from;
    row = question(oracle, ASK_LAST_PHONE);
    (void)sqlite3_bind_int64(row, 1, device_id);
    (void)sqlite3_bind_int64(row, 2, shift.from - OPENS_MS);
    if (sqlite3_step(row) == SQLITE_ROW) {
        oracle->lapse = lapse;
        oracle->lapse.taken_up_wall = sqlite3_column_int64(row, 2);
    }
    answered(row);
}

/* Asked since, or between the check-in and that: then it was not taken up any more, nor asked
 * twice. */
static bool is_asked_anew(const struct oracle *oracle, const struct lapse *lapse)
{
    bool found = false;
    for (size_t i = 0; i < oracle->records_count && !found; i++) {
        const struct record *record = &oracle->records[i];
        found = record->customer == (int)lapse->customer_id - 1 &&
                record->shift_agent == lapse->agent_id && record->shift_from == lapse->from &&
                (record->first_seen_ms >= lapse->since_ms || oracle_is_open(oracle, i) ||
                 record->asked_wall >= lapse->taken_up_wall);
    }
    return found;
}

static void look_at_lapse(struct oracle *oracle, bool troubled)
{
    struct lapse *lapse = &oracle->lapse;
    struct shift shift;
    if (lapse->customer_id == 0) {
        return;
    }
    if (!lapse->gone) {
        sqlite3_stmt *row = question(oracle, ASK_RETIRED);
        (void)sqlite3_bind_int64(row, 1, lapse->device_id);
        lapse->gone = sqlite3_step(row) == SQLITE_ROW && sqlite3_column_int(row, 2) != 0;
        answered(row);
    }
    bool excused = troubled || oracle->disturbed_ms >= lapse->since_ms || oracle->stepped ||
                   !find_shift(oracle, lapse->customer_id, "primary", oracle->wall_ms, &shift) ||
                   shift.from != lapse->from || shift.agent_id != lapse->agent_id;
    bool due = oracle->elapsed_ms - lapse->since_ms > 2 * RECOVERY_MS_MAX;
    if (due && !excused && lapse->gone && !is_asked_anew(oracle, lapse)) {
        find_fault(oracle,
                   "person %" PRId64 " has lost the phone that proved the shift of %" PRId64
                   ", and is not asked anew",
                   lapse->agent_id, lapse->from);
    }
    lapse->customer_id = excused || due ? 0 : lapse->customer_id;
}

void look_at_shifts(struct oracle *oracle, bool troubled)
{
    look_at_lapse(oracle, troubled);
    bool recovers = oracle->disturbed_ms + 2 * RECOVERY_MS_MAX >= oracle->elapsed_ms;
    if (oracle->looks % LOOKS_EVERY != 0 || troubled || recovers || oracle->stepped) {
        return;
    }
    sqlite3_stmt *row = question(oracle, ASK_PLANS);
    while (sqlite3_step(row) == SQLITE_ROW) {
        look_at_plan(oracle, row);
    }
    answered(row);
    look_at_asked_ones(oracle);
}
