/* oracle.c - what was said to people, against the rows that stand for it. */
#include "tests/simulator/oracle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulator/oracle_private.h"

#define OPEN_LOOKS_EVERY 16 /* everything open is looked at so often; what changed, each time */
#define ANSWERS_MAX      16384
/* What the engine's own turn takes between its readings of the clocks. */
#define REBOOT_MOVES_MS_MAX INT64_C(1000)
/* A call may wait so long for a free line; the trunks here are narrow. */
#define TRUNK_MS_MAX INT64_C(600000)
/* The morning goes through what is open each hour; shifts begin whenever they do. */
#define SHIFTS_GO_ON_MS INT64_C(3600000)

void find_fault(struct oracle *oracle, const char *format, ...)
{
    va_list arguments;
    if (oracle->fault[0] == '\0') {
        va_start(arguments, format);
        (void)vsnprintf(oracle->fault, sizeof oracle->fault, format, arguments);
        va_end(arguments);
    }
}

void oracle_blame(struct oracle *oracle, const char *what)
{
    find_fault(oracle, "%s", what);
}

const char *oracle_fault(const struct oracle *oracle)
{
    return oracle->fault[0] == '\0' ? NULL : oracle->fault;
}

struct oracle *oracle_create(void)
{
    struct oracle *oracle = calloc(1, sizeof *oracle);
    if (oracle == NULL ||
        (oracle->records = calloc(RECORDS_MAX, sizeof *oracle->records)) == NULL ||
        (oracle->record_slots = calloc(RECORD_SLOTS, sizeof *oracle->record_slots)) == NULL ||
        (oracle->answers = calloc(ANSWERS_MAX, sizeof *oracle->answers)) == NULL ||
        (oracle->departures = calloc(DEPARTURE_SLOTS, sizeof *oracle->departures)) == NULL) {
        box_die("no memory");
    }
    return oracle;
}

void oracle_destroy(struct oracle **oracle)
{
    oracle_close(*oracle);
    free((*oracle)->records);
    free((*oracle)->record_slots);
    free((*oracle)->answers);
    free((*oracle)->departures);
    free(*oracle);
    *oracle = NULL;
}

void oracle_close(struct oracle *oracle)
{
    for (int i = 0; i < QUESTIONS_COUNT; i++) {
        (void)sqlite3_finalize(oracle->questions[i]);
        oracle->questions[i] = NULL;
    }
    (void)sqlite3_close(oracle->database);
    oracle->database = NULL;
}

void oracle_open(struct oracle *oracle)
{
    if (sqlite3_open_v2(BOX_DATABASE, &oracle->database, SQLITE_OPEN_READONLY, DISK_VFS_WATCHER) !=
        SQLITE_OK) {
        box_die("the oracle cannot read the database");
    }
}

sqlite3_stmt *question(struct oracle *oracle, enum question which)
{
    sqlite3_stmt **statement = &oracle->questions[which];
    if (*statement == NULL &&
        sqlite3_prepare_v3(oracle->database, oracle_questions[which], -1, SQLITE_PREPARE_PERSISTENT,
                           statement, NULL) != SQLITE_OK) {
        box_die("%s: %s", oracle_questions[which], sqlite3_errmsg(oracle->database));
    }
    return *statement;
}

void answered(sqlite3_stmt *statement)
{
    (void)sqlite3_reset(statement);
}

static void run_plain(struct oracle *oracle, const char *statement)
{
    if (sqlite3_exec(oracle->database, statement, NULL, NULL, NULL) != SQLITE_OK) {
        box_die("%s: %s", statement, sqlite3_errmsg(oracle->database));
    }
}

void bind_uuid(sqlite3_stmt *statement, int index, struct uuid id)
{
    (void)sqlite3_bind_blob(statement, index, id.bytes, sizeof id.bytes, SQLITE_TRANSIENT);
}

struct uuid column_uuid(sqlite3_stmt *statement, int index)
{
    struct uuid id;
    memset(&id, 0, sizeof id);
    if (sqlite3_column_bytes(statement, index) == (int)sizeof id.bytes) {
        memcpy(id.bytes, sqlite3_column_blob(statement, index), sizeof id.bytes);
    }
    return id;
}

const char *id_text(struct uuid id)
{
    static char text[UUID_TEXT_BYTES];
    uuid_format(id, text);
    return text;
}

/* ---- records ---- */

size_t hash_of_id(struct uuid id)
{
    uint64_t hash;
    memcpy(&hash, id.bytes + 8, sizeof hash);
    return (size_t)((hash ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9) >> 20);
}

static uint32_t *slot_of(const struct oracle *oracle, struct uuid id)
{
    size_t slot = hash_of_id(id) % RECORD_SLOTS;
    while (oracle->record_slots[slot] != 0 &&
           !uuid_equal(oracle->records[oracle->record_slots[slot] - 1].id, id)) {
        slot = (slot + 1) % RECORD_SLOTS;
    }
    return &oracle->record_slots[slot];
}

struct record *record_of(struct oracle *oracle, struct uuid id, int64_t customer_id)
{
    uint32_t *slot = slot_of(oracle, id);
    if (*slot == 0) {
        if (oracle->records_count == RECORDS_MAX) {
            box_die("more than %d escalations", RECORDS_MAX);
        }
        struct record *record = &oracle->records[oracle->records_count++];
        *record = (struct record){.id = id,
                                  .customer = (int)customer_id - 1,
                                  .first_seen_ms = oracle->elapsed_ms,
                                  .open = true,
                                  .wanted = 1,
                                  .restart = FROM_TOP};
        *slot = (uint32_t)oracle->records_count;
    }
    return &oracle->records[*slot - 1];
}

struct record *known_record(const struct oracle *oracle, struct uuid id)
{
    const uint32_t *slot = slot_of(oracle, id);
    return *slot != 0 ? &oracle->records[*slot - 1] : NULL;
}

/* ---- what is told ---- */

static uint64_t hash_words(const char *words, size_t bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ (uint8_t)words[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

bool oracle_was_answered(const struct oracle *oracle, unsigned key)
{
    return key < ANSWERS_MAX && oracle->answers[key].key != 0;
}

void oracle_accepted(struct oracle *oracle, struct uuid escalation, int customer, unsigned key,
                     const char *words, size_t words_bytes)
{
    struct record *record = record_of(oracle, escalation, customer + 1);
    record->promised = true;
    if (key == 0 || key >= ANSWERS_MAX) {
        return;
    }
    struct answer_given *given = &oracle->answers[key];
    uint64_t hash = hash_words(words, words_bytes);
    if (given->key != 0 && given->words != hash) {
        find_fault(oracle, "key %u was answered differently the second time: %.*s", key,
                   (int)words_bytes, words);
    }
    *given = (struct answer_given){key, hash};
}

void oracle_told_holder(struct oracle *oracle, struct uuid escalation, int person_kind,
                        int64_t person_id)
{
    sqlite3_stmt *row = question(oracle, ASK_TOLD);
    bind_uuid(row, 1, escalation);
    if (sqlite3_step(row) != SQLITE_ROW || sqlite3_column_int(row, 0) != person_kind ||
        sqlite3_column_int64(row, 1) != person_id) {
        find_fault(oracle, "%s: somebody was told that they hold it, and does not",
                   id_text(escalation));
    }
    answered(row);
    int customer = 0;
    if (oracle_find_customer(oracle, escalation, &customer)) {
        record_of(oracle, escalation, customer + 1)->told_person = person_id;
        oracle->told_count++;
    }
}

void oracle_disturbed(struct oracle *oracle)
{
    oracle->disturbed = true;
}

/* ---- what is stored ---- */

static bool state_is_held(int state)
{
    return state == ACCEPTED || state == OVERDUE || state == TAKEN || state == CANCELLING;
}

#define ABORTS_TO_SET_ASIDE 2

void oracle_aborted(struct oracle *oracle, struct uuid escalation)
{
    int customer;
    if (oracle_find_customer(oracle, escalation, &customer)) {
        struct record *record = record_of(oracle, escalation, customer + 1);
        record->aborts++;
    }
}

void oracle_broken(struct oracle *oracle, struct uuid escalation)
{
    struct record *record = known_record(oracle, escalation);
    if (record != NULL) {
        record->broken = true;
    }
}

/* What makes the gateway abort twice, or fails for ever, is set aside, once, and said to the call
 * centre; nothing else is. */
static void look_for_poison(struct oracle *oracle, const struct record *record, bool closed,
                            bool set_aside)
{
    const char *id = id_text(record->id);
    /* Without disk or memory it may not have been able to set it aside, or to say so. */
    bool excused = oracle->troubled_engine + RECOVERY_MS_MAX >= oracle->now;
    if (set_aside && record->aborts < ABORTS_TO_SET_ASIDE && !record->broken) {
        find_fault(oracle, "%s: set aside after %u aborts", id, record->aborts);
    }
    if (!closed && !set_aside && record->aborts >= ABORTS_TO_SET_ASIDE && !excused) {
        find_fault(oracle, "%s: aborted the gateway %u times, and is not set aside", id,
                   record->aborts);
    }
    /* When setting it aside aborts, too, it gets a mark alone, and the alarm is what people hear.
     */
    bool marked = record->aborts > ABORTS_TO_SET_ASIDE && record->set_aside == 0;
    if (set_aside && record->set_aside != 1 && !marked && !excused) {
        find_fault(oracle, "%s: set aside %u times, says the timeline", id, record->set_aside);
    }
    if (set_aside && !closed && !record->set_aside_told && !marked && !excused &&
        oracle->now > record->set_aside_since + RECOVERY_MS_MAX) {
        find_fault(oracle, "%s: set aside, and nobody was told", id);
    }
    if (set_aside && !record->alarm_told && !excused) {
        find_fault(oracle, "%s: set aside, and no alarm was told", id);
    }
}

/* The row stands where the timeline has led. */
static void look_at_state(struct oracle *oracle, const struct record *record, int state,
                          bool set_aside)
{
    bool fits = (state == NOTIFYING) == record->running &&
                (state == EXHAUSTED) == record->announcing &&
                (state == CANCELLING) == (record->cancelling && !record->over) &&
                (state == DONE || state == CANCELLED) == record->over;
    if (!fits && !set_aside) {
        find_fault(oracle, "%s: the timeline has led elsewhere than to state %d",
                   id_text(record->id), state);
    }
}

static void look_at_row(struct oracle *oracle, sqlite3_stmt *row)
{
    int state = sqlite3_column_int(row, 0);
    bool closed = state == DONE || state == CANCELLED;
    bool has_due = sqlite3_column_type(row, 2) != SQLITE_NULL;
    struct record *record = record_of(oracle, column_uuid(row, 5), 0);
    const char *id = id_text(record->id);
    bool set_aside = sqlite3_column_int(row, 4) != 0;
    if (closed == has_due && !set_aside) {
        find_fault(oracle, "%s: %s", id,
                   closed ? "closed, and something is due" : "open, and nothing is due");
    }
    if (closed != (sqlite3_column_type(row, 3) != SQLITE_NULL)) {
        find_fault(oracle, "%s: closed_at does not fit its state", id);
    }
    if (!closed && state_is_held(state) != (sqlite3_column_int(row, 1) != 0)) {
        find_fault(oracle, "%s: the holder does not fit the state %d", id, state);
    }
    if (!closed && state_is_held(state) != record->held) {
        find_fault(oracle, "%s: the timeline and the row disagree on who holds it", id);
    }
    look_for_poison(oracle, record, closed, set_aside);
    look_at_state(oracle, record, state, set_aside);
    if (!record->open && !closed && !set_aside) {
        find_fault(oracle, "%s: it was closed, and is open again", id);
    }
    record->open = !closed && !set_aside;
}

static void look_at_touched(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->touched_count; i++) {
        struct record *record = &oracle->records[oracle->touched[i]];
        record->touched = false;
        if (uuid_is_nil(record->id)) {
            continue; /* the journal's own entries */
        }
        sqlite3_stmt *row = question(oracle, ASK_ROW);
        bind_uuid(row, 1, record->id);
        if (sqlite3_step(row) == SQLITE_ROW) {
            look_at_row(oracle, row);
            if (sqlite3_column_int(row, 4) == 0) {
                look_at_standing(oracle, record);
            }
        } else {
            find_fault(oracle, "%s: in the timeline, and nowhere else", id_text(record->id));
        }
        answered(row);
    }
    oracle->touched_count = 0;
}

/* While nobody was reached somebody is asked again and again: by what leaves, not by what is
 * planned. */
static void look_at_exhausted(struct oracle *oracle, const struct record *record, int64_t every,
                              bool call_waits)
{
    int64_t late = call_waits ? TRUNK_MS_MAX : RECOVERY_MS_MAX;
    int64_t since =
        record->asked_ms > record->exhausted_ms ? record->asked_ms : record->exhausted_ms;
    since = since > oracle->disturbed_ms ? since : oracle->disturbed_ms;
    if (oracle->elapsed_ms - since > every + late) {
        find_fault(oracle, "%s: nobody was told for %" PRId64 " ms", id_text(record->id),
                   oracle->elapsed_ms - since);
    }
}

static void look_at_open(struct oracle *oracle, bool troubled)
{
    sqlite3_stmt *row = question(oracle, ASK_OPEN);
    while (sqlite3_step(row) == SQLITE_ROW) {
        look_at_row(oracle, row);
        bool set_aside = sqlite3_column_int(row, 4) != 0;
        if (sqlite3_column_int(row, 0) == EXHAUSTED && !set_aside && !troubled) {
            look_at_exhausted(oracle, record_of(oracle, column_uuid(row, 5), 0),
                              sqlite3_column_int64(row, 6) * 1000, sqlite3_column_int(row, 7) != 0);
        }
    }
    answered(row);
}

static void learn_next_due(struct oracle *oracle)
{
    sqlite3_stmt *row = question(oracle, ASK_NEXT_DUE);
    oracle->next_due = INT64_MAX;
    if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_type(row, 0) != SQLITE_NULL) {
        oracle->next_due = sqlite3_column_int64(row, 0);
    }
    answered(row);
}

static void look_for_overdue(struct oracle *oracle, int64_t now)
{
    if (now < oracle->next_due && !oracle->fails) {
        return;
    }
    sqlite3_stmt *row = question(oracle, ASK_DUE);
    (void)sqlite3_bind_int64(row, 1, now);
    while (sqlite3_step(row) == SQLITE_ROW) {
        const struct record *record = known_record(oracle, column_uuid(row, 0));
        int64_t due = sqlite3_column_int64(row, 1);
        int64_t late = now - due;
        int64_t since = due > oracle->disturbed_engine ? due : oracle->disturbed_engine;
        bool fails = record != NULL && record->broken && now - since <= RECOVERY_MS_MAX;
        if (!fails) { /* before it is set aside it is tried again and again */
            find_fault(oracle, "%s: due %" PRId64 " ms ago and not done",
                       id_text(column_uuid(row, 0)), late);
        }
    }
    answered(row);
}

/* Looked at and found true: from here on the timeline is what must not be lost. */
static void forget_told(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->records_count && oracle->told_count > 0; i++) {
        oracle->records[i].told_person = 0;
    }
    oracle->told_count = 0;
}

/* Steps of the wall clock and deaths do not move engine time. Over a reboot it is reckoned from the
 * wall clock: a step that was not noticed before counts, and no more than a moment else. */
static void look_at_clock(struct oracle *oracle, int64_t now)
{
    int64_t offset = now - oracle->elapsed_ms;
    int64_t moved = offset - oracle->offset;
    bool unnoticed = oracle->stepped || oracle->stepped_ms != 0;
    bool over_reboot = oracle->rebooted && (unnoticed || llabs(moved) <= REBOOT_MOVES_MS_MAX);
    if (oracle->rebooted && unnoticed) {
        oracle_steps_are_forgotten(oracle);
    }
    oracle->rebooted = false;
    if (oracle->clock_known && moved != 0 && !over_reboot) {
        find_fault(oracle, "engine time moved by %" PRId64 " ms", moved);
    }
    oracle->clock_known = true;
    oracle->offset_known = true;
    oracle->offset = offset;
}

void oracle_rebooted(struct oracle *oracle)
{
    oracle->offset_known = false;
    oracle->rebooted = true;
    oracle->disturbed = true;
}

static void take_time(struct oracle *oracle, struct box *box)
{
    oracle->now = engine_now(box->engine).ms;
    oracle->elapsed_ms = box->elapsed_ms;
    oracle->epoch_ms = box->epoch_ms;
    oracle->wall_ms = box->wall_ms;
}

void oracle_look(struct oracle *oracle, struct box *box, bool troubled)
{
    take_time(oracle, box);
    int64_t now = oracle->now;
    if (oracle->disturbed || troubled) {
        oracle->disturbed = false;
        oracle->disturbed_engine = now;
        oracle->disturbed_ms = oracle->elapsed_ms;
    }
    look_at_clock(oracle, now);
    forget_told(oracle);
    oracle->troubled_engine = troubled ? now : oracle->troubled_engine;
    bool changed = oracle->changes != disk_changes();
    oracle->changes = disk_changes();
    oracle->looks++;
    run_plain(oracle, "BEGIN"); /* one picture, and the file is locked once */
    if (changed) {
        look_at_journals(oracle);
        look_at_asked(oracle);
        look_at_touched(oracle);
        learn_next_due(oracle);
    }
    if (oracle->looks % OPEN_LOOKS_EVERY == 0) {
        look_at_open(oracle, troubled);
        look_for_forgotten(oracle, box, troubled);
    }
    if (!troubled) {
        look_for_overdue(oracle, now);
    }
    look_at_outbox(oracle, changed, troubled);
    look_at_words(oracle, troubled);
    look_at_resolved(oracle, troubled);
    oracle->renumbered = (struct somebody){NO_PERSON, 0}; /* whatever it is now, it is known */
    oracle->pauser = 0;
    look_at_changes(oracle, troubled);
    look_at_alarms(oracle, troubled);
    look_at_shifts(oracle, troubled);
    run_plain(oracle, "COMMIT");
}

static void check_with(struct oracle *oracle, const char *pragma, const char *good)
{
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(oracle->database, pragma, -1, &row, NULL) != SQLITE_OK) {
        box_die("%s: %s", pragma, sqlite3_errmsg(oracle->database));
    }
    int rc = sqlite3_step(row);
    const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
    bool sound = good == NULL ? rc == SQLITE_DONE : text != NULL && strcmp(text, good) == 0;
    if (!sound) {
        find_fault(oracle, "%s: %s", pragma, text == NULL ? sqlite3_errstr(rc) : text);
    }
    (void)sqlite3_finalize(row);
}

void oracle_look_after_crash(struct oracle *oracle, struct box *box, bool whole)
{
    take_time(oracle, box); /* it was away for a while */
    for (size_t i = 0; i < oracle->records_count; i++) {
        sqlite3_stmt *row = question(oracle, ASK_ROW);
        bind_uuid(row, 1, oracle->records[i].id);
        if (oracle->records[i].promised && sqlite3_step(row) != SQLITE_ROW) {
            find_fault(oracle, "%s was accepted and is lost", id_text(oracle->records[i].id));
        }
        answered(row);
    }
    for (size_t i = 0; i < oracle->records_count && oracle->told_count > 0; i++) {
        if (oracle->records[i].told_person != 0 &&
            oracle_holder(oracle, oracle->records[i].id) != oracle->records[i].told_person) {
            find_fault(oracle, "%s: somebody was told that they hold it, and it is lost",
                       id_text(oracle->records[i].id));
        }
    }
    look_for_lost_entries(oracle);
    look_at_answers(oracle);
    oracle->resolved_count = 0; /* outcomes that were not committed are asked for anew */
    if (whole) {
        check_with(oracle, "PRAGMA integrity_check", "ok");
    } else {
        check_with(oracle, "PRAGMA quick_check", "ok");
    }
    check_with(oracle, "PRAGMA foreign_key_check", NULL);
}

/* ---- what it knows ---- */

/* What fails is tried again at the engine's own time, until it is set aside. */
static void pass_over_broken(struct oracle *oracle, int64_t now)
{
    sqlite3_stmt *row = question(oracle, ASK_DUE);
    (void)sqlite3_bind_int64(row, 1, INT64_MAX);
    oracle->next_due = INT64_MAX;
    oracle->fails = false;
    while (sqlite3_step(row) == SQLITE_ROW) {
        const struct record *record = known_record(oracle, column_uuid(row, 0));
        int64_t due = sqlite3_column_int64(row, 1);
        bool fails = record != NULL && record->broken && due <= now;
        oracle->fails = oracle->fails || fails;
        oracle->next_due = !fails && due < oracle->next_due ? due : oracle->next_due;
    }
    answered(row);
}

int64_t oracle_due_in(struct oracle *oracle, struct box *box, int64_t most_ms)
{
    int64_t now = engine_now(box->engine).ms;
    if (oracle->next_due <= now) {
        pass_over_broken(oracle, now);
    }
    return oracle->next_due < now + most_ms ? oracle->next_due - now : most_ms;
}

void oracle_all_ended(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->records_count; i++) {
        const struct record *record = &oracle->records[i];
        bool later = record->shift_agent != 0 && oracle->elapsed_ms - record->first_seen_ms <
                                                     SHIFTS_GO_ON_MS; /* than whoever tidied up */
        if (oracle_is_open(oracle, i) && !later) {
            find_fault(oracle, "%s: it never ends", id_text(record->id));
        }
    }
}

size_t oracle_count(const struct oracle *oracle)
{
    return oracle->records_count;
}

struct uuid oracle_escalation(const struct oracle *oracle, size_t index)
{
    return oracle->records[index].id;
}

int oracle_customer(const struct oracle *oracle, size_t index)
{
    return oracle->records[index].customer;
}

bool oracle_is_open(const struct oracle *oracle, size_t index)
{
    return oracle->records[index].open && !uuid_is_nil(oracle->records[index].id);
}

int64_t oracle_accepted_ms(const struct oracle *oracle, size_t index)
{
    return oracle->records[index].first_seen_ms;
}

bool oracle_find_customer(const struct oracle *oracle, struct uuid escalation, int *customer_r)
{
    const struct record *record = known_record(oracle, escalation);
    if (record != NULL) {
        *customer_r = record->customer;
    }
    return record != NULL;
}

int64_t oracle_holder(struct oracle *oracle, struct uuid escalation)
{
    sqlite3_stmt *row = question(oracle, ASK_HOLDER);
    bind_uuid(row, 1, escalation);
    int64_t holder = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    answered(row);
    return holder;
}
