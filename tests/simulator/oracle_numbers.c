/* oracle_numbers.c - the numbers of a person: they are called in their order, one at a time, none
 * twice for one reason; and when a call came to nothing the next one is, while they are still
 * asked. One reason is one purpose (of alerts: in one step) with one number and one end of its
 * time.
 */
#include <inttypes.h>
#include <string.h>

#include "gateway/base/text.h"
#include "tests/simulator/oracle_private.h"

#define CALLS_MAX 8 /* for one reason: more than anybody has numbers, as those may be changed */

struct reason {
    int purpose;
    int64_t position;
    int64_t number;
    int64_t not_after;
    struct somebody person;
};

struct call {
    char phone[PERSON_PHONE_BYTES_MAX];
    struct uuid attempt;
    int64_t planned;
    bool fruitless; /* nobody can answer it any more */
    bool accepted;  /* maybe after a report that it had come to nothing */
};

struct calls {
    size_t count;
    struct call call[CALLS_MAX];
};

/* The calls for one reason, in the order in which they were planned. */
static struct calls calls_for(struct oracle *oracle, const struct record *record,
                              const struct reason *reason)
{
    struct calls calls = {.count = 0};
    sqlite3_stmt *row = question(oracle, ASK_CALLS);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    bind_uuid(row, 2, record->id);
    (void)sqlite3_bind_int(row, 3, reason->purpose);
    (void)sqlite3_bind_int64(row, 4, reason->position);
    (void)sqlite3_bind_int64(row, 5, reason->number);
    (void)sqlite3_bind_int64(row, 6, reason->not_after);
    (void)sqlite3_bind_int(row, 7, reason->person.kind);
    (void)sqlite3_bind_int64(row, 8, reason->person.id);
    while (sqlite3_step(row) == SQLITE_ROW && calls.count < CALLS_MAX) {
        struct call *call = &calls.call[calls.count++];
        (void)text_copy(call->phone, sizeof call->phone, (const char *)sqlite3_column_text(row, 0));
        call->attempt = column_uuid(row, 1);
        call->planned = sqlite3_column_int64(row, 2);
        call->fruitless = sqlite3_column_int(row, 3) != 0;
        call->accepted = sqlite3_column_int(row, 4) != 0;
    }
    answered(row);
    return calls;
}

/* Why this call is made; false: it is none. */
static bool find_reason(struct oracle *oracle, const struct record *record, struct uuid attempt,
                        struct reason *reason_r)
{
    sqlite3_stmt *row = question(oracle, ASK_CALL);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    bind_uuid(row, 2, record->id);
    bind_uuid(row, 3, attempt);
    bool found = sqlite3_step(row) == SQLITE_ROW;
    *reason_r = (struct reason){
        .purpose = sqlite3_column_int(row, 0),
        .position = sqlite3_column_int64(row, 1),
        .number = sqlite3_column_int64(row, 2),
        .not_after = sqlite3_column_int64(row, 3),
        .person = {sqlite3_column_int(row, 4), sqlite3_column_int64(row, 5)},
    };
    answered(row);
    return found;
}

static bool was_called(const struct calls *calls, size_t count, const char *phone)
{
    bool called = false;
    for (size_t i = 0; i < count && !called; i++) {
        called = strcmp(calls->call[i].phone, phone) == 0;
    }
    return called;
}

static bool has_uncalled(const struct phones *phones, const struct calls *calls)
{
    bool found = false;
    for (size_t i = 0; i < phones->numbers_count && !found; i++) {
        found = !was_called(calls, calls->count, phones->numbers[i]);
    }
    return found;
}

enum still { NOT_ASKED, MAY_BE_ASKED, IS_ASKED };

static enum still is_one_of(const struct people *people, struct somebody person)
{
    return !people->known ? MAY_BE_ASKED : is_among(people, person) ? IS_ASKED : NOT_ASKED;
}

static enum still is_asked_in_step(struct oracle *oracle, const struct record *record,
                                   struct somebody person, int64_t wall_at)
{
    return is_asked_as_backup(oracle, record, person, wall_at)
               ? MAY_BE_ASKED
               : is_one_of(people_now(oracle, record, wall_at), person);
}

static enum still is_told_now(struct oracle *oracle, const struct record *record,
                              const struct reason *reason, int64_t wall_at)
{
    const struct agreed agreed = agreed_for(oracle, record);
    unsigned via, told = record->announcements - 1;
    if (!record->announcing || reason->number != record->announcements || agreed.ends == 0) {
        return NOT_ASKED;
    }
    struct people people =
        people_of_end(oracle, record, told % (unsigned)agreed.ends, wall_at, &via);
    return is_one_of(&people, reason->person);
}

/* Whether what the call asked is still asked of them. */
static enum still is_still_asked(struct oracle *oracle, const struct record *record,
                                 const struct reason *reason, int64_t wall_at)
{
    bool holds = record->held && is_same_person(record->holder, reason->person);
    bool still = false;
    switch (reason->purpose) {
    case TO_ALERT:
        if (stepped_aside(record, reason->person)) {
            return NOT_ASKED;
        }
        return (record->running || record->seeking) && reason->position == record->position
                   ? is_asked_in_step(oracle, record, reason->person, wall_at)
                   : is_told_now(oracle, record, reason, wall_at);
    case TO_CALL_HOLDER:
        still =
            !record->ended && !record->cancelling && record->overdue_since > record->progress_since;
        break;
    case TO_TELL_CANCELLED:
        still = record->cancelling && !record->over &&
                reason->not_after == record->noticed + agreed_for(oracle, record).exhausted_every;
        break;
    case TO_OFFER:
        return offer_to(record, reason->person) == NULL                       ? NOT_ASKED
               : offer_to(record, reason->person)->until == reason->not_after ? IS_ASKED
                                                                              : MAY_BE_ASKED;
    case TO_UPDATE:
    case TO_TELL_TEAM:
        still = !record->taken && !record->ended;
        break;
    default:
        break;
    }
    return holds && still ? IS_ASKED : NOT_ASKED;
}

bool is_nobodys_number(struct oracle *oracle, const struct record *record, struct uuid attempt)
{
    struct reason reason;
    if (!find_reason(oracle, record, attempt, &reason)) {
        return false;
    }
    const struct calls calls = calls_for(oracle, record, &reason);
    const struct phones phones = phones_of(oracle, record, reason.person, oracle->wall_ms);
    bool theirs = false;
    for (size_t i = 0; i < calls.count && phones.numbers_known; i++) {
        for (size_t k = 0; k < phones.numbers_count && !theirs; k++) {
            theirs = uuid_equal(calls.call[i].attempt, attempt) &&
                     strcmp(phones.numbers[k], calls.call[i].phone) == 0;
        }
    }
    return !theirs;
}

/* The first of their numbers that no call before it for the same reason was to, and none of those
 * may still be answered. */
bool check_number(struct oracle *oracle, const struct record *record, const struct said *said)
{
    struct reason reason;
    if (!find_reason(oracle, record, said->attempt, &reason)) {
        return false;
    }
    const struct calls calls = calls_for(oracle, record, &reason);
    size_t own = 0;
    while (own < calls.count && !uuid_equal(calls.call[own].attempt, said->attempt)) {
        if (!calls.call[own].fruitless && !calls.call[own].accepted) {
            find_fault(oracle, "%s: two numbers of person %" PRId64 " ring at once (purpose %d)",
                       id_text(record->id), reason.person.id, reason.purpose);
        }
        own++;
    }
    const char *phone = own < calls.count ? calls.call[own].phone : "";
    if (was_called(&calls, own, phone)) {
        find_fault(oracle, "%s: a number of person %" PRId64 " is called twice for one reason",
                   id_text(record->id), reason.person.id);
    }
    const struct phones phones = phones_of(oracle, record, reason.person, said->wall_at);
    size_t next = 0;
    while (next < phones.numbers_count && was_called(&calls, own, phones.numbers[next])) {
        next++;
    }
    if (phones.numbers_known &&
        (next == phones.numbers_count || strcmp(phones.numbers[next], phone) != 0)) {
        find_fault(oracle, "%s: person %" PRId64 " is called on a number whose turn it is not",
                   id_text(record->id), reason.person.id);
    }
    if (own > 0 && is_still_asked(oracle, record, &reason, said->wall_at) == NOT_ASKED) {
        find_fault(oracle,
                   "%s: person %" PRId64 " is called on, and not asked any more (purpose %d)",
                   id_text(record->id), reason.person.id, reason.purpose);
    }
    return own > 0;
}

void check_next_number(struct oracle *oracle, const struct record *record, const struct said *said)
{
    struct reason reason;
    bool fruitless = said->kind == SAID_CALL_PROGRESS
                         ? strcmp(said->word, "busy") == 0 ||
                               strcmp(said->word, "no_answer") == 0 ||
                               strcmp(said->word, "failed") == 0
                         : said->kind == SAID_ATTEMPT_FAILED || said->kind == SAID_ATTEMPT_EXPIRED;
    if (!fruitless || !find_reason(oracle, record, said->attempt, &reason) ||
        said->at >= reason.not_after ||
        is_still_asked(oracle, record, &reason, said->wall_at) != IS_ASKED) {
        return;
    }
    const struct phones phones = phones_of(oracle, record, reason.person, said->wall_at);
    const struct calls calls = calls_for(oracle, record, &reason);
    bool rings = false;
    for (size_t i = 0; i < calls.count; i++) {
        rings = rings || !calls.call[i].fruitless || calls.call[i].planned >= said->at;
    }
    if (phones.numbers_known && !rings && has_uncalled(&phones, &calls)) {
        find_fault(oracle,
                   "%s: a call to person %" PRId64 " came to nothing, and their next number does "
                   "not ring (purpose %d)",
                   id_text(record->id), reason.person.id, reason.purpose);
    }
}

bool has_uncalled_number(struct oracle *oracle, const struct record *record, struct somebody person,
                         int64_t not_after)
{
    const struct reason reason = {.purpose = TO_ALERT,
                                  .position = record->position,
                                  .not_after = not_after,
                                  .person = person};
    const struct phones phones = phones_of(oracle, record, person, oracle->wall_ms + 1);
    const struct calls calls = calls_for(oracle, record, &reason);
    for (size_t i = 0; i < calls.count; i++) {
        if (!calls.call[i].fruitless) {
            return false;
        }
    }
    return has_uncalled(&phones, &calls);
}
