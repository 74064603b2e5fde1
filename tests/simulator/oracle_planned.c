/* oracle_planned.c - what stands planned for an escalation at a moment, against what was to be. */
#include <inttypes.h>
#include <string.h>

#include "gateway/base/text.h"
#include "tests/simulator/oracle_private.h"

/* The ids of what one event plans are counted behind one beginning. */
static bool is_of_one_event(struct uuid one, struct uuid other)
{
    return memcmp(one.bytes, other.bytes, sizeof one.bytes - 2) == 0;
}

/* Whom the procedure asks is not asked besides to take over, by the same way at once. */
static void check_asked_for_one(struct oracle *oracle, const struct record *record,
                                const struct plan *plan, const struct planned *offer)
{
    bool of_member =
        offer->purpose == TO_OFFER && !record->held && is_member(record, offer->person);
    for (size_t i = 0; i < plan->count && of_member; i++) {
        const struct planned *row = &plan->rows[i];
        if (row->purpose == TO_ALERT && row->path == offer->path &&
            is_same_person(row->person, offer->person) && is_of_one_event(row->id, offer->id)) {
            find_fault(oracle, "%s: person %" PRId64 " is asked twice at once by path %d",
                       id_text(record->id), offer->person.id, offer->path);
        }
    }
}

/* What asks or tells somebody once is planned once. News and what withdraws it may come twice in a
 * moment, and the desk has a task for each caller. */
static void check_once(struct oracle *oracle, const struct record *record, const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *one = &plan->rows[i];
        bool often = one->purpose == TO_UPDATE || one->purpose == TO_WITHDRAW ||
                     one->purpose == TO_TELL_TASK;
        for (size_t k = 0; k < i && !often; k++) {
            const struct planned *other = &plan->rows[k];
            if (one->purpose == TO_TELL_TEAM && !is_of_one_event(one->id, other->id)) {
                continue; /* the team changed twice in a moment */
            }
            if (one->purpose == other->purpose && one->path == other->path &&
                is_same_person(one->person, other->person) && one->device_id == other->device_id &&
                one->position == other->position && one->number == other->number &&
                strcmp(one->phone, other->phone) == 0) {
                find_fault(oracle,
                           "%s: purpose %d by path %d to person %" PRId64
                           " is planned under two ids",
                           id_text(record->id), one->purpose, one->path, one->person.id);
            }
        }
        check_asked_for_one(oracle, record, plan, one);
    }
}

const struct plan *plan_at(struct oracle *oracle, const struct record *record, int64_t at)
{
    struct plan *plan = &oracle->plan;
    if (plan->look == oracle->looks && plan->at == at && uuid_equal(plan->escalation, record->id)) {
        return plan;
    }
    *plan = (struct plan){.look = oracle->looks, .escalation = record->id, .at = at};
    sqlite3_stmt *row = question(oracle, ASK_PLANNED);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    bind_uuid(row, 2, record->id);
    (void)sqlite3_bind_int64(row, 3, at);
    while (sqlite3_step(row) == SQLITE_ROW && plan->count < PLANNED_MAX) {
        plan->rows[plan->count++] = (struct planned){
            .purpose = sqlite3_column_int(row, 0),
            .path = sqlite3_column_int(row, 1),
            .person = {sqlite3_column_int(row, 2), sqlite3_column_int64(row, 3)},
            .device_id = sqlite3_column_int64(row, 4),
            .not_after = sqlite3_column_int64(row, 5),
            .position = sqlite3_column_int64(row, 6),
            .number = sqlite3_column_int64(row, 7),
            .id = column_uuid(row, 9),
            .severity = sqlite3_column_int(row, 10),
        };
        (void)text_copy(plan->rows[plan->count - 1].callback, SLUG_BYTES_MAX,
                        (const char *)sqlite3_column_text(row, 8));
        (void)text_copy(plan->rows[plan->count - 1].phone, PERSON_PHONE_BYTES_MAX,
                        (const char *)sqlite3_column_text(row, 11));
    }
    answered(row);
    check_once(oracle, record, plan);
    return plan;
}

unsigned ways_asked_next(struct oracle *oracle, const struct record *record, int64_t at,
                         struct somebody person)
{
    const struct plan *plan = plan_at(oracle, record, at);
    unsigned via = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *row = &plan->rows[i];
        bool next = row->position > record->position || row->number > 0; /* a step, or the end */
        if (row->purpose == TO_ALERT && next && is_same_person(row->person, person)) {
            via |= row->path == BY_CALL ? VIA_CALLS : VIA_PUSHES;
        }
    }
    return via;
}

static bool is_planned(struct oracle *oracle, const struct record *record, int64_t at,
                       const struct wanted *wanted)
{
    const struct plan *plan = plan_at(oracle, record, at);
    bool found = false;
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *row = &plan->rows[i];
        bool in_time = row->position == record->position ||
                       (wanted->behind_steps && row->position > record->position);
        bool same = in_time && row->purpose == wanted->purpose && row->path == wanted->path &&
                    row->device_id == wanted->device_id && row->number == wanted->number &&
                    strcmp(row->callback, wanted->callback) == 0 &&
                    (row->path == BY_CALLBACK || is_same_person(row->person, wanted->person)) &&
                    (wanted->phone == NULL || strcmp(row->phone, wanted->phone) == 0);
        if (same && row->not_after != wanted->not_after) {
            find_fault(
                oracle, "%s: purpose %d may leave until %" PRId64 " ms, and should until %" PRId64,
                id_text(record->id), row->purpose, row->not_after - at, wanted->not_after - at);
        }
        found = found || same;
    }
    return found;
}

void want(struct oracle *oracle, const struct record *record, int64_t at,
          const struct wanted *wanted)
{
    if (!is_planned(oracle, record, at, wanted)) {
        find_fault(oracle,
                   "%s: purpose %d by path %d to person %" PRId64 ", device %" PRId64
                   " is not planned",
                   id_text(record->id), wanted->purpose, wanted->path, wanted->person.id,
                   wanted->device_id);
    }
}

void want_callback(struct oracle *oracle, const struct record *record, int64_t at, int purpose,
                   int64_t number, int64_t lasts_ms, int64_t end)
{
    struct wanted wanted = {
        .purpose = purpose, .path = BY_CALLBACK, .number = number, .not_after = at + lasts_ms};
    sqlite3_stmt *row = question(oracle, ASK_DESK);
    (void)sqlite3_bind_int64(row, 1, end);
    bind_uuid(row, 2, record->id);
    if (sqlite3_step(row) == SQLITE_ROW) {
        (void)text_copy(wanted.callback, sizeof wanted.callback,
                        (const char *)sqlite3_column_text(row, 0));
    }
    answered(row);
    want(oracle, record, at, &wanted);
}

enum reach want_all_ways(struct oracle *oracle, const struct record *record,
                         const struct said *said, const struct wanted *like, unsigned via)
{
    struct phones phones = phones_of(oracle, record, like->person, said->wall_at);
    enum reach reach = REACHES_NOBODY;
    struct wanted wanted = *like;
    wanted.path = BY_PUSH;
    for (size_t i = 0; (via & VIA_PUSHES) != 0 && i < phones.count; i++) {
        wanted.device_id = phones.devices[i].device_id;
        if (phones.devices[i].sure) {
            want(oracle, record, said->at, &wanted);
            reach = REACHES;
        } else if (is_planned(oracle, record, said->at, &wanted)) {
            reach = REACHES;
        } else {
            reach = reach == REACHES_NOBODY ? MAY_REACH : reach;
        }
    }
    wanted.path = BY_CALL;
    wanted.device_id = 0;
    if ((via & VIA_CALLS) != 0 && !phones.numbers_known) {
        reach = is_planned(oracle, record, said->at, &wanted) ? REACHES
                : reach == REACHES_NOBODY                     ? MAY_REACH
                                                              : reach;
    } else if ((via & VIA_CALLS) != 0 && phones.numbers_count > 0) {
        wanted.phone = phones.numbers[0];
        want(oracle, record, said->at, &wanted);
        reach = REACHES;
    }
    return reach;
}

enum reach want_a_way(struct oracle *oracle, const struct record *record, const struct said *said,
                      int purpose, unsigned via, int64_t not_after)
{
    const struct wanted like = {
        .purpose = purpose, .person = record->holder, .not_after = not_after};
    enum reach reach = want_all_ways(oracle, record, said, &like, via);
    return reach != REACHES_NOBODY
               ? reach
               : want_all_ways(oracle, record, said, &like, (VIA_PUSHES | VIA_CALLS) & ~via);
}
