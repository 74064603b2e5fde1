/* oracle_rota.c - who is on call in Paris, reckoned by hand: in 2026 its clocks change on 29 March
 * and on 25 October at 01:00 UTC. A daily turn that is handed over at a time the clock skips
 * changes at the jump, at one that comes twice the first time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulator/oracle_private.h"

#define SUMMER_BEGINS_MS INT64_C(1774746000000) /* 2026-03-29T01:00:00Z */
#define SUMMER_ENDS_MS   INT64_C(1792890000000) /* 2026-10-25T01:00:00Z */
#define HOUR_MS          INT64_C(3600000)
#define DAY_MS           INT64_C(86400000)
#define PEOPLE_OF_ROTA   2

/* The wall clock in Paris as milliseconds since 1970 there; the hour that comes twice stands still
 * the second time, so that nothing is handed over then. */
static int64_t paris_ms(int64_t utc_ms)
{
    if (utc_ms >= SUMMER_ENDS_MS && utc_ms < SUMMER_ENDS_MS + HOUR_MS) {
        return SUMMER_ENDS_MS + 2 * HOUR_MS - 1;
    }
    bool summer = utc_ms >= SUMMER_BEGINS_MS && utc_ms < SUMMER_ENDS_MS;
    return utc_ms + (summer ? 2 : 1) * HOUR_MS;
}

/* Whose turn it is; the turns begin on 1 January 2026 at the hand-over. */
static int64_t turn_at(int64_t utc_ms, int64_t hand_over_ms, int64_t people)
{
    const int64_t first_day = 20454;
    int64_t day = (paris_ms(utc_ms) - hand_over_ms) / DAY_MS;
    return (day - first_day) % people;
}

/* When the turn at a time began. */
static int64_t turn_begins(int64_t utc_ms, int64_t hand_over_ms)
{
    int64_t day = (paris_ms(utc_ms) - hand_over_ms) / DAY_MS;
    int64_t before = utc_ms - 26 * HOUR_MS, begun = utc_ms;
    while (begun - before > 1) {
        int64_t middle = before + (begun - before) / 2;
        if ((paris_ms(middle) - hand_over_ms) / DAY_MS == day) {
            begun = middle;
        } else {
            before = middle;
        }
    }
    return begun;
}

/* Somebody took it instead of whoever has the turn. */
static bool find_replacement(struct oracle *oracle, int64_t customer_id, int64_t rota_id,
                             int64_t wall_at, struct people *people)
{
    sqlite3_stmt *row = question(oracle, ASK_REPLACED);
    (void)sqlite3_bind_int64(row, 1, rota_id);
    (void)sqlite3_bind_int64(row, 2, wall_at);
    bool found = sqlite3_step(row) == SQLITE_ROW;
    if (found) {
        const char *slug = (const char *)sqlite3_column_text(row, 0);
        add_person(people, find_person(oracle, customer_id, AN_AGENT, slug));
    }
    answered(row);
    return found;
}

/* Two who take turns, a day each; false: it is no such rota. begins_r: when this turn did; 0: it is
 * a replacement's. */
static bool find_turn(struct oracle *oracle, int64_t customer_id, int64_t rota_id, int64_t wall_at,
                      struct people *people, int64_t *begins_r)
{
    *begins_r = 0;
    if (find_replacement(oracle, customer_id, rota_id, wall_at, people)) {
        return true;
    }
    sqlite3_stmt *row = question(oracle, ASK_TURNS);
    (void)sqlite3_bind_int64(row, 1, rota_id);
    bool found = sqlite3_step(row) == SQLITE_ROW && sqlite3_column_int(row, 0) == PEOPLE_OF_ROTA;
    if (found) {
        int64_t hand_over_ms = sqlite3_column_int64(row, 1) * 60000;
        int64_t turn = turn_at(wall_at, hand_over_ms, PEOPLE_OF_ROTA);
        *begins_r = turn_begins(wall_at, hand_over_ms);
        const char *slug = (const char *)sqlite3_column_text(row, 2 + (int)turn);
        add_person(people, find_person(oracle, customer_id, AN_AGENT, slug));
    }
    answered(row);
    return found;
}

/* Names, and "@SECONDS" since the beginning, from when on those behind it stand in for those in
 * front of it. */
static void find_names(struct oracle *oracle, int64_t customer_id, const char *definition,
                       int64_t wall_at, struct people *people, int64_t *begins_r)
{
    *begins_r = 0;
    char word[SLUG_BYTES_MAX];
    size_t before = people->count;
    for (const char *place = definition; (place = strchr(place, '"')) != NULL;) {
        size_t length = strcspn(place + 1, "\"");
        (void)snprintf(word, sizeof word, "%.*s", (int)length, place + 1);
        place += length + 2;
        int64_t turns_at = oracle->epoch_ms + strtoll(word + 1, NULL, 10) * 1000;
        if (word[0] != '@') {
            add_person(people, find_person(oracle, customer_id, AN_AGENT, word));
        } else if (wall_at < turns_at) {
            return;
        } else {
            people->count = before;
            *begins_r = turns_at;
        }
    }
}

/* The same with the time at which whoever is on call began; 0: they took it from somebody, or it is
 * long ago. */
static bool find_turn_of_role(struct oracle *oracle, int64_t customer_id, const char *role,
                              int64_t wall_at, struct people *people, int64_t *begins_r)
{
    *begins_r = 0;
    sqlite3_stmt *row = question(oracle, ASK_ROTA);
    (void)sqlite3_bind_int64(row, 1, customer_id);
    (void)sqlite3_bind_text(row, 2, role, -1, SQLITE_TRANSIENT);
    bool known = true;
    if (sqlite3_step(row) == SQLITE_ROW) {
        const char *definition = (const char *)sqlite3_column_text(row, 2);
        known = sqlite3_column_int64(row, 1) < wall_at;
        if (definition[0] == '[') {
            find_names(oracle, customer_id, definition, wall_at, people, begins_r);
        } else {
            known = find_turn(oracle, customer_id, sqlite3_column_int64(row, 0), wall_at, people,
                              begins_r) &&
                    known;
        }
    }
    answered(row);
    return known;
}

bool find_on_call(struct oracle *oracle, int64_t customer_id, const char *role, int64_t wall_at,
                  struct people *people)
{
    int64_t begins;
    return find_turn_of_role(oracle, customer_id, role, wall_at, people, &begins);
}

bool find_shift(struct oracle *oracle, int64_t customer_id, const char *role, int64_t wall_at,
                struct shift *shift_r)
{
    struct people people = {.known = true};
    int64_t begins = 0;
    (void)find_turn_of_role(oracle, customer_id, role, wall_at, &people, &begins);
    *shift_r = (struct shift){.agent_id = people.count > 0 ? people.who[0].id : 0, .from = begins};
    return people.count == 1 && begins != 0;
}
