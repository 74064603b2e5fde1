/* oracle_people.c - whom a procedure's words mean just then, and through what they can be reached.
 */
#include <string.h>

#include "gateway/base/text.h"
#include "tests/simulator/oracle_private.h"

bool is_same_person(struct somebody one, struct somebody other)
{
    return one.kind == other.kind && one.id == other.id;
}

bool is_among(const struct people *people, struct somebody person)
{
    bool found = false;
    for (size_t i = 0; i < people->count && !found; i++) {
        found = is_same_person(people->who[i], person);
    }
    return found;
}

void add_person(struct people *people, struct somebody person)
{
    if (person.kind == NO_PERSON || is_among(people, person)) {
        return;
    }
    if (people->count == PEOPLE_MAX) {
        box_die("more than %d people in a step", PEOPLE_MAX);
    }
    people->who[people->count++] = person;
}

struct somebody find_person(struct oracle *oracle, int64_t customer_id, int kind, const char *slug)
{
    struct somebody person = {NO_PERSON, 0};
    sqlite3_stmt *row = question(oracle, ASK_PERSON);
    (void)sqlite3_bind_int64(row, 1, customer_id);
    (void)sqlite3_bind_int(row, 2, kind);
    (void)sqlite3_bind_text(row, 3, slug, -1, SQLITE_TRANSIENT);
    if (sqlite3_step(row) == SQLITE_ROW) {
        person = (struct somebody){kind, sqlite3_column_int64(row, 0)};
    }
    answered(row);
    return person;
}

bool is_active(struct oracle *oracle, const struct record *record, struct somebody person)
{
    sqlite3_stmt *row = question(oracle, ASK_ACTIVE);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    (void)sqlite3_bind_int(row, 2, person.kind);
    (void)sqlite3_bind_int64(row, 3, person.id);
    bool active = sqlite3_step(row) == SQLITE_ROW;
    answered(row);
    return active;
}

/* Columns: on_call, agent, contact, of which one is a name. */
static void add_target(struct oracle *oracle, int64_t customer_id, sqlite3_stmt *row,
                       int64_t wall_at, struct people *people)
{
    char name[3][SLUG_BYTES_MAX] = {"", "", ""};
    for (int i = 0; i < 3; i++) {
        const char *text = (const char *)sqlite3_column_text(row, i);
        (void)text_copy(name[i], sizeof name[i], text == NULL ? "" : text);
    }
    if (name[0][0] != '\0') {
        people->known =
            find_on_call(oracle, customer_id, name[0], wall_at, people) && people->known;
    } else if (name[1][0] != '\0') {
        add_person(people, find_person(oracle, customer_id, AN_AGENT, name[1]));
    } else if (name[2][0] != '\0') {
        add_person(people, find_person(oracle, customer_id, A_CONTACT, name[2]));
    }
}

struct people people_of_step(struct oracle *oracle, const struct record *record, int64_t step,
                             int64_t wall_at)
{
    struct people people = {.known = true};
    sqlite3_stmt *row = question(oracle, ASK_NOTIFIED);
    (void)sqlite3_bind_int64(row, 1, step - 1);
    bind_uuid(row, 2, record->id);
    while (sqlite3_step(row) == SQLITE_ROW) {
        add_target(oracle, record->customer + 1, row, wall_at, &people);
    }
    answered(row);
    return people;
}

struct people people_of_end(struct oracle *oracle, const struct record *record, unsigned number,
                            int64_t wall_at, unsigned *via_r)
{
    struct people people = {.known = true};
    sqlite3_stmt *row = question(oracle, ASK_END);
    (void)sqlite3_bind_int64(row, 1, number);
    bind_uuid(row, 2, record->id);
    *via_r = 0;
    if (sqlite3_step(row) == SQLITE_ROW) {
        *via_r = (unsigned)sqlite3_column_int(row, 3);
        add_target(oracle, record->customer + 1, row, wall_at, &people);
    }
    answered(row);
    return people;
}

struct phones phones_of(struct oracle *oracle, const struct record *record, struct somebody person,
                        int64_t wall_at)
{
    struct phones phones = {.numbers_known = !is_same_person(person, oracle->renumbered)};
    sqlite3_stmt *row = question(oracle, ASK_NUMBERS);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    (void)sqlite3_bind_int(row, 2, person.kind);
    (void)sqlite3_bind_int64(row, 3, person.id);
    while (sqlite3_step(row) == SQLITE_ROW && phones.numbers_count < PHONES_OF_PERSON_MAX) {
        (void)text_copy(phones.numbers[phones.numbers_count++], PERSON_PHONE_BYTES_MAX,
                        (const char *)sqlite3_column_text(row, 0));
    }
    answered(row);
    row = question(oracle, ASK_DEVICES);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    (void)sqlite3_bind_int64(row, 2, person.kind == AN_AGENT ? person.id : 0);
    while (sqlite3_step(row) == SQLITE_ROW && phones.count < PEOPLE_MAX) {
        bool came = sqlite3_column_int64(row, 1) >= wall_at;
        bool went = sqlite3_column_type(row, 2) != SQLITE_NULL;
        if (!went || sqlite3_column_int64(row, 2) >= wall_at) {
            phones.devices[phones.count].device_id = sqlite3_column_int64(row, 0);
            phones.devices[phones.count++].sure = !came && !went;
        }
    }
    answered(row);
    return phones;
}

#define SILENT_FOR_MS INT64_C(1800000)

/* What one phone says for it: its row is at the three times, the last of them when it was taken
 * away. */
static enum doubt doubt_of_phone(sqlite3_stmt *row, int64_t wall_at)
{
    int64_t last = INT64_MIN;
    for (int column = 0; column < 4; column++) {
        bool known = sqlite3_column_type(row, column) != SQLITE_NULL;
        int64_t at = sqlite3_column_int64(row, column);
        if (known && at >= wall_at) {
            return MAY_BE_DOUBTED; /* since then */
        }
        last = known && column < 3 && at > last ? at : last;
    }
    return wall_at - last >= SILENT_FOR_MS ? DOUBTED : NO_DOUBT;
}

enum doubt doubt_of(struct oracle *oracle, const struct record *record, struct somebody person,
                    int64_t wall_at)
{
    bool proven = false, well = false, unsure = false;
    sqlite3_stmt *row = question(oracle, ASK_HEARD);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    (void)sqlite3_bind_int64(row, 2, person.kind == AN_AGENT ? person.id : 0);
    while (sqlite3_step(row) == SQLITE_ROW) {
        enum doubt doubt = doubt_of_phone(row, wall_at);
        bool gone = sqlite3_column_type(row, 3) != SQLITE_NULL && doubt != MAY_BE_DOUBTED;
        bool ever = sqlite3_column_type(row, 1) != SQLITE_NULL;
        unsure = unsure || doubt == MAY_BE_DOUBTED;
        proven = proven || (ever && !gone);
        well = well || (ever && !gone && doubt == NO_DOUBT);
    }
    answered(row);
    return unsure ? MAY_BE_DOUBTED : proven && !well ? DOUBTED : NO_DOUBT;
}
