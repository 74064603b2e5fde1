/* oracle_rota.c - who is on call in Paris, reckoned by hand: in 2026 its clocks change on 29 March
 * and on 25 October at 01:00 UTC. A daily turn that is handed over at a time the clock skips
 * changes at the jump, at one that comes twice the first time. */
#include <inttypes.h>
#include <string.h>

#include "tests/simulator/oracle_private.h"

#define SUMMER_BEGINS_MS INT64_C(1774746000000) /* 2026-03-29T01:00:00Z */
#define SUMMER_ENDS_MS   INT64_C(1792890000000) /* 2026-10-25T01:00:00Z */
#define HOUR_MS          INT64_C(3600000)
#define DAY_MS           INT64_C(86400000)
#define PEOPLE_OF_ROTA   2
#define STANDING_MS_MIN  INT64_C(10000) /* what was planned before it was changed named others */

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

/* Since when this rota stands as it does, as far as anybody has looked. */
static int64_t standing_since(struct oracle *oracle, int64_t customer_id, int64_t changed_at)
{
    struct seen_rota *seen = &oracle->rotas[customer_id - 1];
    if (seen->changed_at != changed_at) {
        *seen = (struct seen_rota){.changed_at = changed_at, .since = oracle->now};
    }
    return seen->since;
}

void check_on_call(struct oracle *oracle, const struct box_sent *sent)
{
    sqlite3_stmt *row = question(oracle, ASK_ON_CALL);
    (void)sqlite3_bind_int64(row, 1, sent->customer_id);
    bind_uuid(row, 2, sent->escalation);
    bind_uuid(row, 3, sent->attempt);
    if (sqlite3_step(row) == SQLITE_ROW) {
        int64_t since = standing_since(oracle, sent->customer_id, sqlite3_column_int64(row, 0));
        int64_t turn = turn_at(sqlite3_column_int64(row, 1), sqlite3_column_int64(row, 3) * 60000,
                               PEOPLE_OF_ROTA);
        const char *wanted = (const char *)sqlite3_column_text(row, 4 + (int)turn);
        bool stood = sqlite3_column_int64(row, 2) > since + STANDING_MS_MIN;
        if (stood && (wanted == NULL || strcmp(wanted, sent->person) != 0)) {
            find_fault(oracle, "%s: %s was alerted, and %s is on call", id_text(sent->escalation),
                       sent->person, wanted == NULL ? "nobody" : wanted);
        }
    }
    answered(row);
}
