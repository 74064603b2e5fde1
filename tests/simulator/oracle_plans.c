/* oracle_plans.c - what must be planned: from what the timeline says happened, from the procedure
 * as it is stored and from who could be reached then. What follows from an entry is written with
 * it, so that it is there when the entry is. */
#include <inttypes.h>
#include <string.h>

#include "tests/simulator/oracle_private.h"

#define WITHDRAWAL_MS      INT64_C(120000) /* how long each of these may take to leave */
#define TASK_MS            INT64_C(600000) /* and as long as a holder may be silent */
#define CANCEL_NOTICES     20
#define PROGRESS_TASK      1
#define OFFER_TASK         4
#define TEAM_TASK          5
#define LATE_WITHOUT_ALARM INT64_C(2000)

/* ---- a step ---- */

bool stepped_aside(const struct record *record, struct somebody person)
{
    bool aside = is_same_person(record->passed_over, person) || is_at_it(record, person);
    for (size_t i = 0; i < record->aside_count && !aside; i++) {
        aside = is_same_person(record->aside[i], person);
    }
    return aside;
}

const struct people *people_now(struct oracle *oracle, const struct record *record, int64_t wall_at)
{
    struct seen_people *seen = &oracle->seen_people;
    if (seen->look != oracle->looks || seen->wall_at != wall_at || seen->step != record->step ||
        !uuid_equal(seen->escalation, record->id)) {
        *seen = (struct seen_people){oracle->looks, record->id, record->step, wall_at,
                                     people_of_step(oracle, record, record->step, wall_at)};
    }
    return &seen->people;
}

/* Everybody whom the step names, on all of its paths; and the backup beside who has other things in
 * hand. */
static void check_step(struct oracle *oracle, const struct record *record, const struct said *said)
{
    const struct people people = *people_now(oracle, record, said->wall_at);
    struct wanted like = {.purpose = TO_ALERT,
                          .not_after = said->at + agreed_for(oracle, record).accepted_within};
    bool needs_backup = false;
    for (size_t i = 0; people.known && i < people.count; i++) {
        like.person = people.who[i];
        if (!stepped_aside(record, like.person) && !may_step_aside(record, like.person)) {
            unsigned via = ways_to(oracle, record, like.person, said->at, said->wall_at);
            bool asked = want_all_ways(oracle, record, said, &like, via) == REACHES;
            needs_backup =
                needs_backup || (asked && is_in_demand(oracle, record, like.person, said->at));
        }
    }
    const struct people backup = backup_of(oracle, record, said->wall_at);
    for (size_t i = 0; needs_backup && backup.known && i < backup.count; i++) {
        like.person = backup.who[i];
        (void)want_all_ways(oracle, record, said, &like,
                            ways_to(oracle, record, like.person, said->at, said->wall_at));
    }
}

static int64_t count_asked(struct oracle *oracle, const struct record *record,
                           struct somebody person, int64_t device_id, bool also_failed,
                           const char *phone)
{
    sqlite3_stmt *row = question(oracle, ASK_ALERTED);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    bind_uuid(row, 2, record->id);
    (void)sqlite3_bind_int64(row, 3, record->position);
    (void)sqlite3_bind_int(row, 4, person.kind);
    (void)sqlite3_bind_int64(row, 5, person.id);
    (void)sqlite3_bind_int64(row, 6, device_id);
    (void)sqlite3_bind_int(row, 7, also_failed);
    (void)sqlite3_bind_text(row, 8, phone, -1, SQLITE_TRANSIENT);
    int64_t count = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    answered(row);
    return count;
}

int64_t count_alerts(struct oracle *oracle, const struct record *record, struct somebody person,
                     int64_t device_id, bool also_failed)
{
    return count_asked(oracle, record, person, device_id, also_failed, NULL);
}

int64_t count_calls(struct oracle *oracle, const struct record *record, struct somebody person,
                    const char *phone)
{
    return count_asked(oracle, record, person, 0, true, phone);
}

static bool has_phone(struct oracle *oracle, const struct record *record, const struct planned *row,
                      int64_t wall_at)
{
    struct phones phones = phones_of(oracle, record, row->person, wall_at);
    bool found = false;
    for (size_t i = 0; i < phones.count && !found; i++) {
        found = phones.devices[i].device_id == row->device_id;
    }
    return found;
}

/* Nobody else is asked, and nobody longer than the step lasts. */
static void check_asked(struct oracle *oracle, const struct record *record, const struct said *said)
{
    const struct people *people = people_now(oracle, record, said->wall_at);
    if (!record->running && !record->seeking) {
        find_fault(oracle, "%s: person %" PRId64 " is asked while nobody is looked for",
                   id_text(record->id), said->person.id);
    } else if (people->known && !is_among(people, said->person) &&
               !is_asked_as_backup(oracle, record, said->person, said->wall_at)) {
        find_fault(oracle, "%s: person %" PRId64 " is asked, whom the step does not name",
                   id_text(record->id), said->person.id);
    } else if (stepped_aside(record, said->person)) {
        find_fault(oracle, "%s: person %" PRId64 " said no, and is asked again in this round",
                   id_text(record->id), said->person.id);
    }
    const struct agreed agreed = agreed_for(oracle, record);
    const struct plan *plan = plan_at(oracle, record, said->at);
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *row = &plan->rows[i];
        if (row->purpose == TO_ALERT && row->path == BY_PUSH && row->position == record->position &&
            !has_phone(oracle, record, row, said->wall_at)) {
            find_fault(oracle,
                       "%s: person %" PRId64 " is asked by device %" PRId64 ", which is gone",
                       id_text(record->id), row->person.id, row->device_id);
        }
        /* Of the others planned at this moment, the reason may stand further down. */
        bool doubted = is_doubted(record, row->person) || !uuid_equal(row->id, said->attempt);
        bool allowed = (agreed.via & (row->path == BY_PUSH ? VIA_PUSHES : VIA_CALLS)) != 0 ||
                       (row->path == BY_CALL && doubted);
        int64_t asked = row->path == BY_CALL
                            ? count_calls(oracle, record, row->person, row->phone)
                            : count_alerts(oracle, record, row->person, row->device_id, false);
        if (row->purpose == TO_ALERT && row->position == record->position && asked > 1) {
            find_fault(oracle, "%s: person %" PRId64 " is asked twice in a step in one way",
                       id_text(record->id), row->person.id);
        }
        if (row->purpose == TO_ALERT && row->position == record->position &&
            (!allowed || row->not_after != record->step_started + agreed.accepted_within)) {
            find_fault(oracle, "%s: person %" PRId64 " is asked by path %d for %" PRId64 " ms",
                       id_text(record->id), row->person.id, row->path,
                       row->not_after - record->step_started);
        }
    }
}

int64_t count_hopes(struct oracle *oracle, const struct record *record, int64_t until)
{
    sqlite3_stmt *row = question(oracle, ASK_HOPE);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    bind_uuid(row, 2, record->id);
    (void)sqlite3_bind_int64(row, 3, record->position);
    (void)(until == NOW ? sqlite3_bind_null(row, 4) : sqlite3_bind_int64(row, 4, until));
    int64_t count = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    answered(row);
    return count;
}

static void check_end_of_step(struct oracle *oracle, const struct record *record,
                              const struct said *said)
{
    /* Who is beside the holder by now had hope in it, and leads to nobody else. */
    if (strcmp(said->word, "every_path_failed") == 0 && !record->seeking &&
        count_hopes(oracle, record, said->at) > 0) {
        find_fault(oracle, "%s: a step ends as if every path had failed", id_text(record->id));
    }
    if (strcmp(said->word, "nobody_reachable") == 0) {
        const struct plan *plan = plan_at(oracle, record, said->at);
        for (size_t i = 0; i < plan->count; i++) {
            if (plan->rows[i].purpose == TO_ALERT && plan->rows[i].position == record->position) {
                find_fault(oracle, "%s: a step ends as if nobody were reachable",
                           id_text(record->id));
            }
        }
    }
}

/* A "no" of this round: to what was asked in it, or of who is asked just now. */
static void note_decline(struct oracle *oracle, struct record *record, const struct said *said)
{
    record->asked_ms = oracle->elapsed_ms; /* whoever says no has just heard of it */
    sqlite3_stmt *row = question(oracle, ASK_DECLINES);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    bind_uuid(row, 2, record->id);
    (void)sqlite3_bind_int(row, 3, said->person.kind);
    (void)sqlite3_bind_int64(row, 4, said->person.id);
    (void)sqlite3_bind_int64(row, 5, record->round - 1);
    (void)sqlite3_bind_int64(row, 6, record->round_started);
    bind_uuid(row, 7, said->attempt);
    (void)sqlite3_bind_int64(row, 8, record->position);
    bool counts = sqlite3_step(row) == SQLITE_ROW;
    answered(row);
    for (size_t i = 0; i < record->aside_count && counts; i++) {
        counts = !is_same_person(record->aside[i], said->person);
    }
    if (counts && record->aside_count < PEOPLE_MAX) {
        record->aside[record->aside_count++] = said->person;
    }
}

/* ---- nobody was reached ---- */

/* Each end in its turn; one that cannot be reached gives its turn to the call centre. */
static void check_announcement(struct oracle *oracle, struct record *record,
                               const struct said *said)
{
    if (record->announcements > 0 && record->announced == said->at) {
        return; /* another way of the same */
    }
    const struct agreed agreed = agreed_for(oracle, record);
    if (record->announcements > 0) {
        check_wait(oracle, record, "it is told again", record->announced, said->at,
                   agreed.exhausted_every);
    }
    unsigned via = 0;
    int64_t ends = agreed.ends > 0 ? agreed.ends : 1;
    const struct people people = people_of_end(
        oracle, record, (unsigned)(record->announcements % ends), said->wall_at, &via);
    record->announced = said->at;
    record->announcements++;
    enum reach reach = people.known ? REACHES_NOBODY : MAY_REACH;
    for (size_t i = 0; people.known && i < people.count; i++) {
        const struct wanted like = {.purpose = TO_ALERT,
                                    .person = people.who[i],
                                    .number = record->announcements,
                                    .not_after = said->at + agreed.exhausted_every};
        enum reach this = want_all_ways(oracle, record, said, &like, via);
        reach = this > reach ? this : reach;
    }
    if (reach == REACHES_NOBODY) {
        want_callback(oracle, record, said->at, TO_TELL_EXHAUSTED, record->announcements,
                      agreed.exhausted_every, (record->announcements - 1) % ends);
    }
}

/* ---- a holder ---- */

/* Whoever has it on a screen sees that it is taken, or over. */
static void check_withdrawals(struct oracle *oracle, const struct record *record,
                              const struct said *said)
{
    bool found = said->kind == SAID_TEAM_COMPLETE || said->kind == SAID_TEAM_SHORT;
    if (record->owes_search) {
        return; /* others are wanted besides */
    }
    sqlite3_stmt *row = question(oracle, ASK_SCREENS);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    bind_uuid(row, 2, record->id);
    (void)sqlite3_bind_int64(row, 3, said->wall_at);
    while (sqlite3_step(row) == SQLITE_ROW) {
        const struct somebody agent = {AN_AGENT, sqlite3_column_int64(row, 1)};
        bool asked = record->held && is_asked_on(record, agent, found) &&
                     !is_same_person(agent, record->holder);
        if (asked || (found && is_at_it(record, agent))) {
            continue; /* who is still asked by name is asked; who is at it knows */
        }
        want(oracle, record, said->at,
             &(struct wanted){.purpose = TO_WITHDRAW,
                              .path = BY_PUSH,
                              .person = agent,
                              .device_id = sqlite3_column_int64(row, 0),
                              .not_after = said->at + WITHDRAWAL_MS});
    }
    answered(row);
}

/* Whoever is on it, or is asked to be, hears that it became more. */
static void check_news(struct oracle *oracle, const struct record *record, const struct said *said)
{
    const struct agreed agreed = agreed_for(oracle, record);
    if (record->held && !record->taken) {
        (void)want_a_way(oracle, record, said, TO_UPDATE, VIA_PUSHES,
                         said->at + agreed.holder_silent);
    }
    for (size_t i = 0; record->held && !record->ended && i < record->members_count; i++) {
        const struct wanted news = {.purpose = TO_UPDATE,
                                    .person = record->members[i].who,
                                    .not_after = said->at + agreed.holder_silent};
        (void)want_all_ways(oracle, record, said, &news, VIA_PUSHES);
    }
    if (!record->running && !record->seeking) {
        return;
    }
    const struct people people = *people_now(oracle, record, said->wall_at);
    struct wanted like = {.purpose = TO_UPDATE,
                          .not_after = record->step_started + agreed.accepted_within};
    for (size_t i = 0; people.known && i < people.count; i++) {
        like.person = people.who[i];
        if (!stepped_aside(record, like.person) && !may_step_aside(record, like.person)) {
            (void)want_all_ways(oracle, record, said, &like, VIA_PUSHES);
        }
    }
    const struct people backup = backup_of(oracle, record, said->wall_at);
    for (size_t i = 0; backup.known && i < backup.count; i++) {
        like.person = backup.who[i];
        if (is_asked_in_reserve(oracle, record, like.person, said->wall_at)) {
            (void)want_all_ways(oracle, record, said, &like, VIA_PUSHES);
        }
    }
}

static void check_overdue(struct oracle *oracle, const struct record *record,
                          const struct said *said)
{
    int64_t silent = agreed_for(oracle, record).holder_silent;
    (void)want_a_way(oracle, record, said, TO_CALL_HOLDER, VIA_CALLS, said->at + silent);
    want_callback(oracle, record, said->at, TO_TELL_TASK, PROGRESS_TASK, silent + TASK_MS,
                  THE_DESK);
}

/* By push and by call in turn. */
static void check_notice(struct oracle *oracle, struct record *record, const struct said *said)
{
    int64_t every = agreed_for(oracle, record).exhausted_every;
    if (record->noticed == said->at) {
        return;
    }
    check_wait(oracle, record, "a holder is told again", record->noticed, said->at, every);
    record->noticed = said->at;
    record->notices++;
    (void)want_a_way(oracle, record, said, TO_TELL_CANCELLED,
                     record->notices % 2 == 1 ? VIA_PUSHES : VIA_CALLS, said->at + every);
}

static void check_cancelled(struct oracle *oracle, struct record *record, const struct said *said)
{
    for (size_t i = 0; i < record->members_count; i++) {
        const struct wanted notice = {.purpose = TO_TELL_CANCELLED,
                                      .person = record->members[i].who,
                                      .not_after =
                                          said->at + agreed_for(oracle, record).exhausted_every};
        (void)want_all_ways(oracle, record, said, &notice, VIA_PUSHES | VIA_CALLS);
    }
    if (record->cancelling) {
        record->noticed = said->at;
        record->notices = 1; /* also when there was no way to them */
        (void)want_a_way(oracle, record, said, TO_TELL_CANCELLED, VIA_PUSHES,
                         said->at + agreed_for(oracle, record).exhausted_every);
    } else {
        check_withdrawals(oracle, record, said);
    }
}

/* ---- the desk ---- */

/* A holder who cannot be found any more is left to the desk, and no sooner. */
static void check_given_up(struct oracle *oracle, const struct record *record,
                           const struct said *said)
{
    struct phones phones = phones_of(oracle, record, record->holder, said->wall_at);
    bool reachable = phones.numbers_known && phones.numbers_count > 0;
    for (size_t i = 0; i < phones.count; i++) {
        reachable = reachable || phones.devices[i].sure;
    }
    if (reachable && record->notices < CANCEL_NOTICES) {
        find_fault(oracle, "%s: its holder was told %u times that it is cancelled, and no more",
                   id_text(record->id), record->notices);
    }
}

static void check_task(struct oracle *oracle, struct record *record, const struct said *said)
{
    static const char *const kinds[] = {"promise", "progress",   "cancel",
                                        "caller",  "unaccepted", "short_handed"};
    int64_t kind = 0;
    while (kind < 5 && strcmp(kinds[kind], said->word) != 0) {
        kind++;
    }
    record->tasks++;
    if (kind == OFFER_TASK) {
        note_offer_task(oracle, record);
    }
    record->owes_team_task = record->owes_team_task && kind != TEAM_TASK;
    if (kind == PROGRESS_TASK && record->taken) {
        check_wait(oracle, record, "the desk is reminded", record->progress_since, said->at,
                   agreed_for(oracle, record).progress_within);
        record->progress_since = said->at;
    }
    want_callback(oracle, record, said->at, TO_TELL_TASK, kind,
                  agreed_for(oracle, record).holder_silent + TASK_MS, THE_DESK);
    if (strcmp(said->word, "cancel") == 0) {
        check_given_up(oracle, record, said);
        record->over = true;
        record->over_wall = said->wall_at;
    }
}

/* ---- what a telephone confirms ---- */

static void check_received(struct oracle *oracle, struct record *record, const struct said *said)
{
    sqlite3_stmt *row = question(oracle, ASK_OF_ATTEMPT);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    bind_uuid(row, 2, record->id);
    bind_uuid(row, 3, said->attempt);
    if (sqlite3_step(row) != SQLITE_ROW) {
        find_fault(oracle, "attempt %s was confirmed, and is none", id_text(said->attempt));
        answered(row);
        return;
    }
    int purpose = sqlite3_column_int(row, 0);
    bool of_step = sqlite3_column_int64(row, 1) == record->position;
    int64_t device_id = sqlite3_column_int64(row, 2);
    answered(row);
    record->received =
        record->received || (of_step && (purpose == TO_ALERT || said->kind == SAID_SEEN));
    bool asks = purpose == TO_ALERT || purpose == TO_UPDATE || purpose == TO_OFFER;
    bool wanted = is_same_person(record->holder, said->person) || is_member(record, said->person) ||
                  offer_to(record, said->person) != NULL || record->seeking;
    if (said->kind == SAID_RECEIVED && asks && (record->held || record->ended) && !wanted) {
        want(oracle, record, said->at,
             &(struct wanted){.purpose = TO_WITHDRAW,
                              .path = BY_PUSH,
                              .person = said->person,
                              .device_id = device_id,
                              .not_after = said->at + WITHDRAWAL_MS});
    }
}

/* ---- all entries ---- */

/* More urgent than before: who holds it hears of it, else all are asked from the top. */
static void follow_severity(struct oracle *oracle, struct record *record, const struct said *said)
{
    int severity = severity_of(said->word);
    bool worse = severity > record->severity;
    record->severity = severity;
    if (worse && record->held) {
        check_news(oracle, record, said);
    } else if (worse) {
        record->restart = FROM_TOP;
        record->running = false;
        record->announcing = false;
    }
}

/* Of what does not ask: only who holds it is called about it, and hears that it is cancelled; only
 * who holds it or is being asked hears what is new. */
static void check_addressee(struct oracle *oracle, const struct record *record,
                            const struct said *said)
{
    bool holds = record->held && is_same_person(record->holder, said->person);
    bool of_holder =
        strcmp(said->word, "holder_call") == 0 || strcmp(said->word, "cancel_notice") == 0;
    bool is_news = strcmp(said->word, "update") == 0;
    const struct people *people = is_news && (record->running || record->seeking)
                                      ? people_now(oracle, record, said->wall_at)
                                      : NULL;
    bool asked = people != NULL &&
                 (!people->known || is_among(people, said->person) ||
                  is_asked_in_reserve(oracle, record, said->person, said->wall_at)) &&
                 !stepped_aside(record, said->person);
    bool beside = is_member(record, said->person) && strcmp(said->word, "holder_call") != 0;
    if ((of_holder && !holds && !beside) || (is_news && !holds && !asked && !beside)) {
        find_fault(oracle, "%s: person %" PRId64 " is told (%s), whom it does not concern",
                   id_text(record->id), said->person.id, said->word);
    }
    bool fruitless = strcmp(said->word, "fruitless") == 0;
    if (strcmp(said->word, "exhausted") == 0 || (fruitless && !record->round_over)) {
        find_fault(oracle, "%s: the desk is told (%s), and it is not so", id_text(record->id),
                   said->word);
    }
}

/* It goes out as urgent as the escalation is then. */
static void check_urgency(struct oracle *oracle, const struct record *record,
                          const struct said *said)
{
    const struct plan *plan = plan_at(oracle, record, said->at);
    for (size_t i = 0; i < plan->count; i++) {
        if (uuid_equal(plan->rows[i].id, said->attempt) &&
            plan->rows[i].severity != record->severity) {
            find_fault(oracle, "attempt %s is planned with severity %d, and %d was said",
                       id_text(said->attempt), plan->rows[i].severity, record->severity);
        }
    }
}

static void check_planned(struct oracle *oracle, struct record *record, const struct said *said)
{
    bool alert = strcmp(said->word, "alert") == 0;
    record->tasks_told += strcmp(said->word, "task") == 0;
    bool further = check_number(oracle, record, said);
    check_urgency(oracle, record, said);
    if (record->announcing && further) {
        return; /* another way of the same announcement: that it is its turn was checked */
    }
    if (record->announcing && (alert || strcmp(said->word, "exhausted") == 0)) {
        check_announcement(oracle, record, said);
    } else if (alert) {
        check_asked(oracle, record, said);
    } else if (strcmp(said->word, "cancel_notice") == 0 && !further &&
               !is_member(record, said->person)) {
        check_addressee(oracle, record, said);
        check_notice(oracle, record, said);
    } else {
        check_addressee(oracle, record, said);
    }
}

static void check_round(struct oracle *oracle, const struct record *record, const struct said *said)
{
    const struct agreed agreed = agreed_for(oracle, record);
    if (said->round == 1 && agreed.rounds > 1) {
        want_callback(oracle, record, said->at, TO_TELL_FRUITLESS, 1, agreed.exhausted_every,
                      THE_DESK);
    }
}

static void check_lateness(struct oracle *oracle, const struct said *said)
{
    if (said->number > LATE_WITHOUT_ALARM) {
        expect_alarm(oracle, "engine.overdue", said->at);
    }
}

/* What somebody said, or did not. */
static void check_word(struct oracle *oracle, struct record *record, const struct said *said)
{
    switch (said->kind) {
    case SAID_RECEIVED:
    case SAID_SEEN:
        check_received(oracle, record, said);
        break;
    case SAID_ACCEPTED:
    case SAID_TAKEN:
    case SAID_TEAM_COMPLETE:
    case SAID_TEAM_SHORT:
        check_withdrawals(oracle, record, said);
        break;
    case SAID_DECLINED:
        note_decline(oracle, record, said);
        break;
    case SAID_OVERDUE:
        check_overdue(oracle, record, said);
        break;
    case SAID_CANCELLED:
        check_cancelled(oracle, record, said);
        break;
    default:
        break;
    }
}

void check_plans(struct oracle *oracle, struct record *record, const struct said *said)
{
    if (record->set_aside > 0 && said->kind != SAID_QUARANTINED) {
        return;
    }
    check_next_number(oracle, record, said);
    switch (said->kind) {
    case SAID_OPENED:
        record->severity = severity_of(said->word);
        note_caller(oracle, record, said);
        break;
    case SAID_JOINED:
        note_caller(oracle, record, said);
        if (!worsens(oracle, record, said)) {
            check_news(oracle, record, said);
        }
        break;
    case SAID_SEVERITY:
        follow_severity(oracle, record, said);
        break;
    case SAID_STEP_STARTED:
        check_step(oracle, record, said);
        break;
    case SAID_CALLED_TOO:
        note_doubt(oracle, record, said);
        break;
    case SAID_BACKED_UP:
        if (said->round != 0 || said->step != 0) { /* else beside who is asked by name */
            note_backup(oracle, record, said);
        }
        break;
    case SAID_STEP_ENDED:
        check_end_of_step(oracle, record, said);
        break;
    case SAID_ROUND_ENDED:
        check_round(oracle, record, said);
        break;
    case SAID_ATTEMPT_PLANNED:
        check_planned(oracle, record, said);
        break;
    case SAID_TASK:
        check_task(oracle, record, said);
        break;
    case SAID_LATE:
        check_lateness(oracle, said);
        break;
    case SAID_CALLED_BACK:
        check_called_back(oracle, record, said);
        break;
    case SAID_CLOCK_STEPPED:
        record->owes_step = false;
        break;
    case SAID_QUARANTINED:
        want_callback(oracle, record, said->at, TO_TELL_SET_ASIDE, 0, SET_ASIDE_MS, THE_DESK);
        break;
    default:
        check_word(oracle, record, said);
        break;
    }
}
