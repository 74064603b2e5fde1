/* oracle_alarms.c - what the watch must be told at once, and find on record afterwards. */
#include <string.h>

#include "gateway/base/text.h"
#include "tests/simulator/oracle_private.h"

/* The same about the same is told once in so long. */
#define ALARM_EVERY_MS INT64_C(61000)
/* A smaller step may be a clock that is slewed. */
#define STEP_MS_MIN INT64_C(1500)

static struct alarm_seen *alarm_of(struct oracle *oracle, const char *kind)
{
    for (size_t i = 0; i < oracle->alarms_count; i++) {
        if (strcmp(oracle->alarms[i].kind, kind) == 0) {
            return &oracle->alarms[i];
        }
    }
    if (oracle->alarms_count == ALARM_KINDS_MAX) {
        box_die("more than %d kinds of alarms", ALARM_KINDS_MAX);
    }
    struct alarm_seen *seen = &oracle->alarms[oracle->alarms_count++];
    (void)text_copy(seen->kind, sizeof seen->kind, kind);
    seen->told_ms = INT64_MIN;
    return seen;
}

void oracle_alarm(struct oracle *oracle, const char *kind, const char *detail, int64_t elapsed_ms)
{
    alarm_of(oracle, kind)->told_ms = elapsed_ms;
    oracle->alarms_told++;
    oracle->stepped = oracle->stepped && strcmp(kind, "clock.stepped") != 0;
    for (size_t i = 0; i < oracle->records_count && strcmp(kind, "engine.quarantine") == 0; i++) {
        struct record *record = &oracle->records[i];
        record->alarm_told = record->alarm_told || strstr(detail, id_text(record->id)) != NULL;
    }
}

void oracle_clock_stepped(struct oracle *oracle, int64_t ms)
{
    if (ms < STEP_MS_MIN && ms > -STEP_MS_MIN) {
        return;
    }
    oracle->changed_customer = EVERY_CUSTOMER;
    oracle->stepped = true;
    oracle->stepped_ms = oracle->elapsed_ms;
    for (size_t i = 0; i < oracle->records_count; i++) {
        oracle->records[i].owes_step = oracle_is_open(oracle, i);
    }
}

void oracle_steps_are_forgotten(struct oracle *oracle)
{
    oracle->stepped = false;
    oracle->stepped_ms = 0;
    for (size_t i = 0; i < oracle->records_count; i++) {
        oracle->records[i].owes_step = false;
    }
}

void expect_alarm(struct oracle *oracle, const char *kind, int64_t at)
{
    int64_t told_ms = alarm_of(oracle, kind)->told_ms;
    if (told_ms == INT64_MIN || at - oracle->offset - told_ms > ALARM_EVERY_MS) {
        find_fault(oracle, "the alarm %s was not told", kind);
    }
}

static int64_t newest_alarm(struct oracle *oracle)
{
    sqlite3_stmt *row = question(oracle, ASK_ALARMS);
    int64_t newest = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    answered(row);
    return newest;
}

/* The timeline of what is open says why its times jump. */
static void look_for_steps(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->records_count; i++) {
        struct record *record = &oracle->records[i];
        if (record->owes_step && oracle_is_open(oracle, i) && !record->broken) {
            find_fault(oracle, "%s: its timeline does not say that the clock was set",
                       id_text(record->id));
        }
        record->owes_step = false;
    }
}

/* While nothing fails each one that was told is on record. */
void look_at_alarms(struct oracle *oracle, bool troubled)
{
    bool excused = troubled || oracle->disturbed_ms == oracle->elapsed_ms;
    if (oracle->alarms_told > 0 || excused) {
        int64_t newest = newest_alarm(oracle);
        if (!excused && newest < oracle->alarms_kept + oracle->alarms_told) {
            find_fault(oracle, "an alarm was told, and is not on record");
        }
        oracle->alarms_kept = newest;
        oracle->alarms_told = 0;
    }
    if (oracle->full && alarm_of(oracle, "engine.disk_full")->told_ms == INT64_MIN) {
        find_fault(oracle, "the disk is full, and nobody was told");
    }
    if (oracle->stepped_ms != 0 && !excused &&
        oracle->elapsed_ms > oracle->stepped_ms + RECOVERY_MS_MAX) {
        look_for_steps(oracle);
        oracle->stepped_ms = 0;
    }
    if (oracle->stepped && !excused) {
        find_fault(oracle, "the wall clock was set, and nobody was told");
    }
}
