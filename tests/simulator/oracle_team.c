/* oracle_team.c - who works on an escalation beside its holder, by what its timeline says. */
#include <inttypes.h>
#include <string.h>

#include "tests/simulator/oracle_private.h"

/* ---- members ---- */

static size_t place_of_member(const struct record *record, struct somebody person)
{
    size_t place = 0;
    while (place < record->members_count && !is_same_person(record->members[place].who, person)) {
        place++;
    }
    return place;
}

bool is_member(const struct record *record, struct somebody person)
{
    return place_of_member(record, person) < record->members_count;
}

/* What they had announced; 0: nothing. */
static int64_t remove_member(struct record *record, struct somebody person)
{
    size_t place = place_of_member(record, person);
    if (place == record->members_count) {
        return 0;
    }
    int64_t eta_wall = record->members[place].eta_wall;
    record->members_count--;
    memmove(&record->members[place], &record->members[place + 1],
            (record->members_count - place) * sizeof record->members[0]);
    return eta_wall;
}

/* ---- who were members, and are done ---- */

static void forget_finished(struct record *record, struct somebody person)
{
    for (size_t i = 0; i < record->finished_count; i++) {
        if (is_same_person(record->finished[i], person)) {
            record->finished[i] = record->finished[--record->finished_count];
        }
    }
}

static void note_finished(struct record *record, struct somebody person)
{
    forget_finished(record, person);
    if (record->finished_count < MEMBERS_SEEN_MAX) {
        record->finished[record->finished_count++] = person;
    }
}

/* Who stays had it until now, and announced what they did. */
static void add_member(struct record *record, const struct said *said)
{
    struct member_seen member = {.who = said->person, .since = said->wall_at};
    if (strcmp(said->word, "stays") == 0) {
        member = record->before;
    }
    (void)remove_member(record, said->person);
    forget_finished(record, said->person);
    if (record->members_count < MEMBERS_SEEN_MAX) {
        record->members[record->members_count++] = member;
    }
}

bool oracle_is_member(struct oracle *oracle, struct uuid escalation, int64_t agent_id)
{
    sqlite3_stmt *row = question(oracle, ASK_MEMBER);
    bind_uuid(row, 1, escalation);
    (void)sqlite3_bind_int64(row, 2, agent_id);
    bool found = sqlite3_step(row) == SQLITE_ROW;
    answered(row);
    return found;
}

bool oracle_stands_open(struct oracle *oracle, struct uuid escalation)
{
    sqlite3_stmt *row = question(oracle, ASK_ROW);
    bind_uuid(row, 1, escalation);
    bool open = sqlite3_step(row) == SQLITE_ROW && sqlite3_column_type(row, 3) == SQLITE_NULL &&
                sqlite3_column_int(row, 4) == 0;
    answered(row);
    return open;
}

bool is_at_it(const struct record *record, struct somebody person)
{
    return record->held && !record->ended &&
           (is_same_person(record->holder, person) || is_member(record, person));
}

bool may_step_aside(const struct record *record, struct somebody person)
{
    return record->seeking && is_same_person(record->let_go, person);
}

/* ---- as many as the step wants ---- */

/* Whoever holds it now, and those who were there before. */
static int64_t count_at_work(const struct record *record)
{
    return (int64_t)record->members_count + (record->held ? 1 : 0);
}

static void holder_is_there(struct oracle *oracle, struct record *record, const struct said *said)
{
    bool one = said->kind == SAID_TAKEN || record->shift_agent != 0 || record->position == 0;
    record->wanted = one ? 1 : agreed_for(oracle, record).acceptances;
    record->owes_search = count_at_work(record) < record->wanted;
}

/* In place of who left without being done somebody else is sought, from the top. */
static void somebody_is_missing(struct record *record)
{
    int64_t served = count_at_work(record) + (int64_t)record->finished_count;
    record->owes_search = record->held && !record->ended && !record->taken && !record->seeking &&
                          served < record->wanted;
    record->ran_step = record->ran_step && !record->owes_search;
}

static void search_begins(struct oracle *oracle, struct record *record, const struct said *said)
{
    if (!record->owes_search || record->seeking || said->number != count_at_work(record)) {
        find_fault(oracle, "%s: %" PRId64 " are sought, and %" PRId64 " are there",
                   id_text(record->id), record->wanted, count_at_work(record));
    }
    record->seeking = true;
    record->seeks_from_top = !record->ran_step;
    record->owes_search = false;
}

static void nobody_is_sought(struct record *record)
{
    record->seeking = false;
    record->wanted = 1;
    record->owes_search = false;
}

/* Not before as many accepted as the step wants, or everybody was asked. */
static void search_ends(struct oracle *oracle, struct record *record, const struct said *said)
{
    bool complete = count_at_work(record) >= record->wanted;
    if (!record->seeking || complete != (said->kind == SAID_TEAM_COMPLETE)) {
        find_fault(oracle, "%s: %" PRId64 " are at it, and %" PRId64 " were sought (entry kind %d)",
                   id_text(record->id), count_at_work(record), record->wanted, said->kind);
    }
    if (!complete && record->step < agreed_for(oracle, record).steps) {
        find_fault(oracle, "%s: no more are sought, and step %" PRId64 " was the last",
                   id_text(record->id), record->step);
    }
    record->seeking = false;
    record->wanted = complete ? record->wanted : 1; /* the desk sees to it */
    record->owes_team_task = !complete;
}

/* ---- from one to the next ---- */

/* Of those who did not leave the customer. */
static bool is_longest_at_work(struct oracle *oracle, const struct record *record,
                               struct somebody person)
{
    size_t place = place_of_member(record, person);
    bool longest = place < record->members_count;
    for (size_t i = 0; i < record->members_count && longest; i++) {
        longest = record->members[place].since <= record->members[i].since ||
                  !is_active(oracle, record, record->members[i].who);
    }
    return longest;
}

static size_t count_active(struct oracle *oracle, const struct record *record)
{
    size_t count = 0;
    for (size_t i = 0; i < record->members_count; i++) {
        count += is_active(oracle, record, record->members[i].who);
    }
    return count;
}

static void is_handed_over(struct oracle *oracle, struct record *record, const struct said *said)
{
    const struct offered *offer = offer_to(record, said->person);
    bool accepted = strcmp(said->word, "offer") == 0 && offer != NULL && offer->role == TO_HOLD;
    bool goes_on =
        strcmp(said->word, "done") == 0 && is_longest_at_work(oracle, record, said->person);
    bool from_holder = record->held && record->holder.kind == said->other.kind &&
                       record->holder.id == said->other.id;
    if (!from_holder || record->ended) {
        find_fault(oracle, "%s: it is handed over by who does not hold it", id_text(record->id));
    }
    if (!accepted && !goes_on) {
        find_fault(oracle,
                   "%s: it is handed over to person %" PRId64 ", who did not accept it (%s)",
                   id_text(record->id), said->person.id, said->word);
    }
    int64_t eta_wall = remove_member(record, said->person);
    forget_finished(record, said->person);
    record->before = (struct member_seen){record->holder, record->eta_wall, record->held_wall};
    record->holder = said->person;
    record->taken = false;
    record->held_wall = said->wall_at;
    record->progress_since = said->at;
    record->eta_wall = eta_wall;
    record->eta = eta_wall > said->wall_at ? eta_wall - said->wall_at : 0;
    record->passed_before = record->passed_over;
    if (accepted && record->before.who.kind != AN_OPERATOR) {
        record->passed_over = record->before.who; /* unless they stay, as may be said next */
    }
    if (accepted) {
        somebody_is_missing(record);
    }
}

static void somebody_joins_in(struct oracle *oracle, struct record *record, const struct said *said)
{
    if (!record->held || is_same_person(record->holder, said->person)) {
        find_fault(oracle, "%s: person %" PRId64 " joins where nobody else is", id_text(record->id),
                   said->person.id);
    }
    add_member(record, said);
    if (strcmp(said->word, "stays") == 0) {
        record->passed_over = record->passed_before;
        somebody_is_missing(record);
    } else if (is_same_person(record->passed_over, said->person)) {
        record->passed_over = (struct somebody){NO_PERSON, 0};
    }
}

/* Who is done is not replaced; anybody else is, and passed over. */
static void somebody_leaves(struct record *record, const struct said *said)
{
    (void)remove_member(record, said->person);
    if (strcmp(said->word, "done") == 0) {
        note_finished(record, said->person);
    } else {
        record->passed_over = said->person;
    }
    somebody_is_missing(record);
}

/* The procedure goes on at once, and those at work beside who let it go are asked to take over, by
 * the ways by which it does not ask them anyway. */
static void members_are_asked(struct oracle *oracle, const struct record *record,
                              const struct said *said)
{
    for (size_t i = 0; i < record->members_count && record->lost; i++) {
        const struct wanted like = {.purpose = TO_OFFER,
                                    .person = record->members[i].who,
                                    .number = TO_HOLD,
                                    .not_after = said->at + agreed_for(oracle, record).offer_within,
                                    .behind_steps = true};
        unsigned asked = ways_asked_next(oracle, record, said->at, like.person);
        if (is_active(oracle, record, like.person)) {
            (void)want_all_ways(oracle, record, said, &like, (VIA_PUSHES | VIA_CALLS) & ~asked);
        }
    }
}

static void member_reports(struct record *record, const struct said *said)
{
    size_t place = place_of_member(record, said->person);
    if (place < record->members_count) {
        record->members[place].eta_wall =
            said->number > 0 ? said->wall_at + said->number * 1000 : 0;
    }
}

void follow_team(struct oracle *oracle, struct record *record, const struct said *said)
{
    record->has_team = record->has_team || said->kind == SAID_OFFERED ||
                       said->kind == SAID_MEMBER_JOINED || said->kind == SAID_TEAM_SOUGHT;
    switch (said->kind) {
    case SAID_HANDED_OVER:
        is_handed_over(oracle, record, said);
        break;
    case SAID_MEMBER_JOINED:
        somebody_joins_in(oracle, record, said);
        break;
    case SAID_MEMBER_LEFT:
        somebody_leaves(record, said);
        break;
    case SAID_PROGRESS:
    case SAID_EXTENDED:
        member_reports(record, said);
        break;
    case SAID_ACCEPTED:
    case SAID_TAKEN:
        (void)remove_member(record, said->person);
        forget_finished(record, said->person);
        holder_is_there(oracle, record, said);
        break;
    case SAID_TEAM_SOUGHT:
        search_begins(oracle, record, said);
        break;
    case SAID_TEAM_COMPLETE:
    case SAID_TEAM_SHORT:
        search_ends(oracle, record, said);
        break;
    case SAID_CANCELLED:
        nobody_is_sought(record);
        break;
    case SAID_RESUMED:
    case SAID_HANDED_BACK:
        nobody_is_sought(record);
        members_are_asked(oracle, record, said);
        break;
    case SAID_DONE:
        nobody_is_sought(record);
        if (count_active(oracle, record) > 0) {
            find_fault(oracle, "%s: it is done, and %zu are at work", id_text(record->id),
                       count_active(oracle, record));
        }
        break;
    default:
        break;
    }
}

/* Columns: …, how many are wanted, until when this step asks for them. */
static void look_at_search(struct oracle *oracle, const struct record *record, sqlite3_stmt *row)
{
    bool seeking = sqlite3_column_type(row, 4) != SQLITE_NULL;
    int64_t until = record->step_started + agreed_for(oracle, record).accepted_within;
    if (sqlite3_column_int64(row, 3) != record->wanted) {
        find_fault(oracle, "%s: %" PRId64 " are wanted, and %d by its row", id_text(record->id),
                   record->wanted, sqlite3_column_int(row, 3));
    }
    if (seeking != record->seeking || (seeking && sqlite3_column_int64(row, 4) != until)) {
        find_fault(oracle, "%s: others are sought for %" PRId64 " ms less than agreed, or not",
                   id_text(record->id), until - (int64_t)sqlite3_column_int64(row, 4));
    }
}

void look_at_team(struct oracle *oracle, const struct record *record)
{
    size_t members = 0, offers = 0;
    if (record->owes_search) {
        find_fault(oracle, "%s: %" PRId64 " are wanted, %" PRId64 " are there, and none is sought",
                   id_text(record->id), record->wanted, count_at_work(record));
    }
    if (!record->has_team) {
        return;
    }
    sqlite3_stmt *row = question(oracle, ASK_TEAM);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    bind_uuid(row, 2, record->id);
    while (sqlite3_step(row) == SQLITE_ROW) {
        const struct somebody who = {sqlite3_column_int(row, 1), sqlite3_column_int64(row, 2)};
        if (sqlite3_column_int(row, 0) == 2) {
            look_at_search(oracle, record, row);
            continue;
        }
        bool offer = sqlite3_column_int(row, 0) != 0;
        const struct offered *seen = offer ? offer_to(record, who) : NULL;
        bool fits = offer ? seen != NULL && seen->role == sqlite3_column_int(row, 3) &&
                                seen->until == sqlite3_column_int64(row, 4) &&
                                seen->origin == sqlite3_column_int(row, 5) &&
                                sqlite3_column_int(row, 6) == 1 /* all of an asking stay, or none */
                          : is_member(record, who);
        members += !offer;
        offers += offer;
        if (!fits) {
            find_fault(oracle, "%s: its timeline does not say that person %" PRId64 " %s",
                       id_text(record->id), who.id, offer ? "is asked by name" : "works on it");
        }
    }
    answered(row);
    if (members != record->members_count || offers != record->offers_count) {
        find_fault(oracle, "%s: %zu work on it and %zu are asked, says its timeline: %zu and %zu",
                   id_text(record->id), members, offers, record->members_count,
                   record->offers_count);
    }
    if (record->owes_team_task) {
        find_fault(oracle, "%s: fewer came than are wanted, and the desk does not know",
                   id_text(record->id));
    }
    look_at_offers(oracle, record);
}
