/* oracle_ways.c - by which ways somebody is to be asked, as they stand: who pauses or has phones
 * that were silent is called besides a push; beside who pauses or works on something else those in
 * reserve are asked. That somebody pauses is taken from what they were answered, and from its row
 * when that was long ago; what they work on from the timelines. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulator/oracle_private.h"

#define IN_RESERVE "renfort" /* no procedure here says otherwise */
/* Said again within this time, it is the same pause. */
#define SAME_PAUSE_MS INT64_C(30000)
/* Of a customer's escalations. */
#define MEMBERS_LOOKED_AT 256
/* Between the two readings of a clock. */
#define MOMENT_MS INT64_C(1000)

/* ---- pauses ---- */

/* Until when, in engine time; 0: they do not. */
static int64_t paused_until(struct oracle *oracle, int64_t customer_id, int64_t agent_id)
{
    sqlite3_stmt *row = question(oracle, ASK_PAUSE);
    (void)sqlite3_bind_int64(row, 1, customer_id);
    (void)sqlite3_bind_int64(row, 2, agent_id);
    int64_t until = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    answered(row);
    return until;
}

static enum maybe pauses(struct oracle *oracle, const struct record *record, struct somebody person,
                         int64_t at)
{
    if (person.kind != AN_AGENT) {
        return NO;
    }
    if (oracle->pauser == person.id) {
        return MAYBE;
    }
    int64_t until = paused_until(oracle, record->customer + 1, person.id);
    return until > at ? YES : until + MOMENT_MS > at ? MAYBE : NO;
}

/* As long as was said from when it was, or what was said before within half a minute. */
void hear_pause(struct oracle *oracle, const struct command *command)
{
    const struct pause_request *request = &command->request.pause;
    struct duty *duty = duty_of(oracle, command->customer_id, request->agent_id);
    if (command->answer.status != STATUS_OK) {
        return;
    }
    int64_t until = paused_until(oracle, command->customer_id, request->agent_id);
    int64_t now = oracle->now + command->received_at.ms - oracle->wall_ms;
    int64_t wanted = now + request->minutes * INT64_C(60000);
    bool known = oracle->offset_known && !oracle->stepped;
    if (request->minutes == 0
            ? until != 0
            : known && (until > wanted + MOMENT_MS || until < wanted - SAME_PAUSE_MS - MOMENT_MS)) {
        find_fault(oracle,
                   "agent %" PRId64 " pauses for %d minutes, and it is written for %" PRId64 " ms",
                   request->agent_id, request->minutes, until == 0 ? 0 : until - now);
    }
    duty->pause_known = true;
    duty->pause_until = until;
    oracle->changed_customer =
        request->minutes > 0 ? command->customer_id : oracle->changed_customer;
}

void look_at_pause(struct oracle *oracle, const struct duty *duty)
{
    int64_t until = paused_until(oracle, duty->customer_id, duty->agent_id);
    bool over = duty->pause_until <= oracle->now + MOMENT_MS;
    if (duty->pause_known && until != duty->pause_until && (!over || until != 0)) {
        find_fault(oracle,
                   "agent %" PRId64 " was told that they pause until %" PRId64
                   ", and it is written until %" PRId64,
                   duty->agent_id, duty->pause_until, until);
    }
}

/* ---- whoever is at work on something else ---- */

/* As holder, or as member of one of the newest that are not over. About a caller: a check-in that
 * somebody took on is no work. */
static enum maybe is_busy(const struct oracle *oracle, const struct record *record,
                          struct somebody person)
{
    enum maybe busy = NO;
    int newer = 0;
    for (size_t i = oracle->records_count; i > 0 && busy != YES; i--) {
        const struct record *other = &oracle->records[i - 1];
        if (other->over || other->customer != record->customer) {
            continue;
        }
        bool works = (other->held && is_same_person(other->holder, person)) ||
                     (newer < MEMBERS_LOOKED_AT && is_member(other, person));
        newer++;
        if (works && other != record && other->shift_agent == 0) {
            busy = other->set_aside > 0 || other->broken || other->aborts > 0 ? MAYBE : YES;
        }
    }
    return busy;
}

/* ---- ways ---- */

bool is_doubted(const struct record *record, struct somebody person)
{
    bool found = false;
    for (size_t i = 0; i < record->doubted_count && !found; i++) {
        found = is_same_person(record->doubted[i], person);
    }
    return found;
}

unsigned ways_to(struct oracle *oracle, const struct record *record, struct somebody person,
                 int64_t at, int64_t wall_at)
{
    const struct agreed agreed = agreed_for(oracle, record);
    if (agreed.via != VIA_PUSHES) {
        return agreed.via;
    }
    bool called =
        pauses(oracle, record, person, at) == YES ||
        (agreed.doubtful_calls_too && doubt_of(oracle, record, person, wall_at) == DOUBTED &&
         phones_of(oracle, record, person, wall_at).count > 0);
    return called ? VIA_PUSHES | VIA_CALLS : VIA_PUSHES;
}

/* Who is called in a step by push, as the push may not reach them. */
void note_doubt(struct oracle *oracle, struct record *record, const struct said *said)
{
    const struct agreed agreed = agreed_for(oracle, record);
    if (agreed.via != VIA_PUSHES) {
        find_fault(oracle, "%s: a call to person %" PRId64 " needs a reason, and was agreed",
                   id_text(record->id), said->person.id);
    }
    enum maybe paused = pauses(oracle, record, said->person, said->at);
    bool doubted = agreed.doubtful_calls_too && paused != YES &&
                   doubt_of(oracle, record, said->person, said->wall_at) != NO_DOUBT;
    if (strcmp(said->word, "paused") == 0 ? paused == NO
                                          : strcmp(said->word, "doubtful") != 0 || !doubted) {
        find_fault(oracle, "%s: person %" PRId64 " is called for no doubt that there is (%s)",
                   id_text(record->id), said->person.id, said->word);
    }
    if (is_doubted(record, said->person)) {
        return; /* on their next number, once they came to nothing or were changed */
    }
    if (record->doubted_count < PEOPLE_MAX) {
        record->doubted[record->doubted_count++] = said->person;
    }
}

/* ---- the backup ---- */

bool is_in_demand(struct oracle *oracle, const struct record *record, struct somebody person,
                  int64_t at)
{
    return person.kind == AN_AGENT &&
           (pauses(oracle, record, person, at) == YES || is_busy(oracle, record, person) == YES);
}

enum maybe is_reason_for_backup(struct oracle *oracle, const struct record *record,
                                struct somebody person, int64_t at, const char *reason)
{
    enum maybe busy =
        person.kind == AN_AGENT ? is_busy(oracle, record, person) : NO; /* of contacts: unknown */
    if (strcmp(reason, "paused") == 0 && busy != YES) {
        return pauses(oracle, record, person, at);
    }
    return strcmp(reason, "busy") == 0 ? busy : NO;
}

struct people people_in_reserve(struct oracle *oracle, const struct record *record, int64_t wall_at)
{
    struct people reserve = {.known = true};
    reserve.known = find_on_call(oracle, record->customer + 1, IN_RESERVE, wall_at, &reserve);
    return reserve;
}

struct people backup_of(struct oracle *oracle, const struct record *record, int64_t wall_at)
{
    struct people backup = {.known = true};
    const struct people reserve = people_in_reserve(oracle, record, wall_at);
    const struct people named = *people_now(oracle, record, wall_at);
    backup.known = reserve.known && named.known;
    for (size_t i = 0; i < reserve.count; i++) {
        if (!is_among(&named, reserve.who[i]) && !stepped_aside(record, reserve.who[i])) {
            add_person(&backup, reserve.who[i]);
        }
    }
    return backup;
}

static bool is_needed(struct oracle *oracle, const struct record *record,
                      const struct people *people)
{
    bool needed = false;
    for (size_t i = 0; i < people->count && !needed; i++) {
        needed = !stepped_aside(record, people->who[i]) &&
                 count_alerts(oracle, record, people->who[i], ANY_WAY, true) > 0 &&
                 is_in_demand(oracle, record, people->who[i], oracle->now);
    }
    return needed;
}

bool is_asked_as_backup(struct oracle *oracle, const struct record *record, struct somebody person,
                        int64_t wall_at)
{
    const struct people backup = backup_of(oracle, record, wall_at);
    if (backup.known && !is_among(&backup, person)) {
        return false;
    }
    /* Whose turn in the step is over may be in reserve, and is called on; it is said of those who
     * were not asked yet. */
    return !backup.known || record->backed_up ||
           count_alerts(oracle, record, person, 0, true) > 1 ||
           is_needed(oracle, record, people_now(oracle, record, wall_at));
}

bool is_asked_in_reserve(struct oracle *oracle, const struct record *record, struct somebody person,
                         int64_t wall_at)
{
    const struct people backup = backup_of(oracle, record, wall_at);
    return is_among(&backup, person) && count_alerts(oracle, record, person, ANY_WAY, true) > 0;
}

void note_backup(struct oracle *oracle, struct record *record, const struct said *said)
{
    const struct people *people = people_now(oracle, record, said->wall_at);
    enum maybe reason = is_reason_for_backup(oracle, record, said->person, said->at, said->word);
    if (reason == NO || (people->known && !is_among(people, said->person))) {
        find_fault(oracle, "%s: others are asked beside person %" PRId64 ", who is not %s",
                   id_text(record->id), said->person.id, said->word);
    }
    record->backed_up = true;
}
