/* oracle_callers.c - the callers of an escalation, and what each was promised. */
#include <inttypes.h>

#include "tests/simulator/oracle_private.h"

/* What this caller was promised, counted from their call. */
void note_caller(struct oracle *oracle, struct record *record, const struct said *said)
{
    int number = (int)said->number;
    sqlite3_stmt *row = question(oracle, ASK_PROMISED);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    bind_uuid(row, 2, record->id);
    (void)sqlite3_bind_int(row, 3, number);
    if (number > 0 && number <= CALLERS_MAX && sqlite3_step(row) == SQLITE_ROW) {
        record->callers = number;
        record->promises[number - 1] =
            sqlite3_column_int(row, 0) == 0 ? 0 : sqlite3_column_int64(row, 1) - said->at;
        record->promised_until[number - 1] = sqlite3_column_int64(row, 1);
    }
    answered(row);
}

void check_called_back(struct oracle *oracle, struct record *record, const struct said *said)
{
    sqlite3_stmt *row = question(oracle, ASK_PROMISED);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    bind_uuid(row, 2, record->id);
    (void)sqlite3_bind_int64(row, 3, said->number);
    int state = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int(row, 0) : KEPT;
    answered(row);
    if (state != KEPT && state != SPLIT_OFF) {
        find_fault(oracle, "%s: caller %" PRId64 " was called back, and waits still",
                   id_text(record->id), said->number);
    }
    if (said->number >= 1 && said->number <= CALLERS_MAX) {
        record->promised_until[said->number - 1] = 0;
    }
}

/* A caller who makes it more urgent is news of that kind, which the entries behind say. */
bool worsens(struct oracle *oracle, const struct record *record, const struct said *said)
{
    sqlite3_stmt *row = question(oracle, ASK_WORSENED);
    (void)sqlite3_bind_int64(row, 1, record->customer + 1);
    (void)sqlite3_bind_int64(row, 2, said->seq);
    bind_uuid(row, 3, record->id);
    (void)sqlite3_bind_int64(row, 4, said->at);
    bool found = sqlite3_step(row) == SQLITE_ROW;
    answered(row);
    return found;
}
