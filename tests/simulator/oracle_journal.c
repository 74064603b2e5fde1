/* oracle_journal.c - reads the timelines as they grow: gapless, chained, and such that the
 * procedure allows it: its steps in their order, not shorter and not longer than agreed. */
#include "tests/simulator/oracle_private.h"

#include <inttypes.h>
#include <string.h>

#include "gateway/base/text.h"

/* SHA-256 over the chain before, four numbers in network order, the escalation, the facts and, when
 * there is a personal text, its salted digest. */
static struct digest chain_of(const struct digest *before, sqlite3_stmt *row)
{
    uint8_t numbers[32];
    for (int i = 0; i < 4; i++) {
        int64_t value = sqlite3_column_int64(row, i);
        for (int byte = 0; byte < 8; byte++) {
            numbers[i * 8 + byte] = (uint8_t)((uint64_t)value >> (8 * (7 - byte)));
        }
    }
    const struct digest_part parts[] = {
        {before->bytes, sizeof before->bytes},
        {numbers, sizeof numbers},
        {sqlite3_column_blob(row, 4), (size_t)sqlite3_column_bytes(row, 4)},
        {sqlite3_column_text(row, 5), (size_t)sqlite3_column_bytes(row, 5)},
        {sqlite3_column_blob(row, 6), (size_t)sqlite3_column_bytes(row, 6)},
    };
    return digest_sha256(parts, sqlite3_column_type(row, 6) == SQLITE_NULL ? 4 : 5);
}

/* ---- the night that an escalation had ---- */

struct agreed agreed_for(struct oracle *oracle, const struct record *record)
{
    struct agreed_once *once = &oracle->agreed[hash_of_id(record->id) % AGREED_MAX];
    if (uuid_equal(once->escalation, record->id) && once->step == record->step) {
        return once->agreed;
    }
    sqlite3_stmt *row = question(oracle, ASK_PROCEDURE);
    struct agreed agreed = {0};
    (void)sqlite3_bind_int64(row, 1, record->step - 1);
    bind_uuid(row, 2, record->id);
    if (sqlite3_step(row) == SQLITE_ROW) {
        agreed = (struct agreed){
            .accepted_within = sqlite3_column_int64(row, 0) * 1000,
            .received_within = sqlite3_column_int64(row, 1) * 1000,
            .round_spacing = sqlite3_column_int64(row, 2) * 1000,
            .holder_silent = sqlite3_column_int64(row, 3) * 1000,
            .rounds = sqlite3_column_int64(row, 4),
            .steps = sqlite3_column_int64(row, 5),
            .exhausted_every = sqlite3_column_int64(row, 6) * 1000,
            .ends = sqlite3_column_int64(row, 7),
            .via = (unsigned)sqlite3_column_int(row, 8),
            .progress_within = sqlite3_column_int64(row, 9) * 1000,
            .promise_warning = sqlite3_column_int64(row, 10) * 1000,
            .doubtful_calls_too = sqlite3_column_int(row, 11) != 0,
            .offer_within = sqlite3_column_int64(row, 12) * 1000,
            .acceptances = sqlite3_column_int64(row, 13),
        };
    }
    answered(row);
    *once = (struct agreed_once){record->id, record->step, agreed};
    return agreed;
}

/* What began before the last time that the gateway was dead, stood still or had a broken disk may
 * be late, by as much as that lasted, and what it takes to recover; never early. */
static bool may_be_late(const struct oracle *oracle, int64_t since, int64_t at)
{
    return since <= oracle->disturbed_engine && at <= oracle->disturbed_engine + RECOVERY_MS_MAX;
}

void check_wait(struct oracle *oracle, const struct record *record, const char *what, int64_t since,
                int64_t at, int64_t wanted)
{
    if (at - since < wanted) {
        find_fault(oracle, "%s: %s after %" PRId64 " ms, too early: %" PRId64 " were agreed",
                   id_text(record->id), what, at - since, wanted);
    } else if (at - since > wanted && !may_be_late(oracle, since, at)) {
        find_fault(oracle, "%s: %s after %" PRId64 " ms, too late: %" PRId64 " were agreed",
                   id_text(record->id), what, at - since, wanted);
    }
}

/* What let it go decides where it is taken up again. */
static bool may_start(struct oracle *oracle, const struct record *record, int64_t round,
                      int64_t step)
{
    bool first = round == 1 && step == 1;
    if (record->seeking) { /* once through, of the round in which it was accepted */
        return round == record->round && step == (record->seeks_from_top ? 1 : record->step + 1);
    }
    if (record->restart == FROM_TOP) {
        return first;
    }
    if (record->restart == RESUMED) {
        bool over = record->announcements > 0 || record->step >= agreed_for(oracle, record).steps;
        return over ? first : round == record->round && step == record->step + 1;
    }
    return record->round_over ? round == record->round + 1 && step == 1
                              : round == record->round && step == record->step + 1;
}

static void procedure_goes_on(struct record *record, const struct said *said)
{
    if (said->step == 1) {
        record->round_started = said->at;
        record->aside_count = 0;
        record->gave_back.count = 0;
        if (record->restart != RESUMED) {
            record->passed_over = (struct somebody){NO_PERSON, 0};
        }
    }
    record->restart = GO_ON;
    record->round_over = false;
    record->running = true;
    record->announcing = false;
    record->announcements = 0;
}

static void step_starts(struct oracle *oracle, struct record *record, const struct said *said)
{
    if (!may_start(oracle, record, said->round, said->step)) {
        find_fault(oracle,
                   "%s: round %" PRId64 " step %" PRId64 " follows round %" PRId64 " step %" PRId64,
                   id_text(record->id), said->round, said->step, record->round, record->step);
    }
    if (!record->seeking && record->restart == GO_ON && record->round_over) {
        int64_t wanted = agreed_for(oracle, record).round_spacing;
        int64_t took = record->round_ended - record->round_started;
        check_wait(oracle, record, "a round begins", record->round_started, said->at,
                   took > wanted ? took : wanted);
    }
    record->seeks_from_top = false;
    if (!record->seeking) {
        procedure_goes_on(record, said);
    }
    record->doubted_count = 0;
    record->backed_up = false;
    record->received = false;
    record->round = said->round;
    record->step = said->step;
    record->position++;
    record->step_started = said->at;
}

/* Whether a telephone had it decides how long is waited. */
static void check_reception(struct oracle *oracle, const struct record *record,
                            const struct agreed *agreed, int64_t at, bool missed)
{
    bool waited_for =
        agreed->received_within > 0 && (agreed->via & VIA_PUSHES) != 0 && !record->seeking;
    if (missed && (record->received || !waited_for)) {
        find_fault(oracle, "%s: reception is missed, which was confirmed or not asked for",
                   id_text(record->id));
    }
    if (!missed && waited_for && !record->received &&
        agreed->received_within < agreed->accepted_within &&
        !may_be_late(oracle, record->step_started, at)) {
        find_fault(oracle, "%s: no telephone had it, and it was waited for an answer",
                   id_text(record->id));
    }
}

static void step_ends(struct oracle *oracle, struct record *record, const struct said *said)
{
    struct agreed agreed = agreed_for(oracle, record);
    if (said->round != record->round || said->step != record->step) {
        find_fault(oracle, "%s: round %" PRId64 " step %" PRId64 " ends, which did not run",
                   id_text(record->id), said->round, said->step);
    }
    if (strcmp(said->word, "not_accepted_in_time") == 0) {
        check_wait(oracle, record, "a step ends", record->step_started, said->at,
                   agreed.accepted_within);
        check_reception(oracle, record, &agreed, said->at, false);
    } else if (strcmp(said->word, "no_reception") == 0) {
        check_wait(oracle, record, "reception is missed", record->step_started, said->at,
                   agreed.received_within);
        check_reception(oracle, record, &agreed, said->at, true);
    }
    record->running = false;
}

/* A round is over when all its steps were tried, the procedure when all its rounds were. */
static void round_ends(struct oracle *oracle, struct record *record, int64_t at)
{
    if (record->step < agreed_for(oracle, record).steps) {
        find_fault(oracle, "%s: round %" PRId64 " ends at step %" PRId64, id_text(record->id),
                   record->round, record->step);
    }
    record->round_over = true;
    record->round_ended = at;
}

static void gives_up(struct oracle *oracle, struct record *record, int64_t at)
{
    if (!record->round_over || record->round < agreed_for(oracle, record).rounds) {
        find_fault(oracle, "%s: exhausted in round %" PRId64 " step %" PRId64, id_text(record->id),
                   record->round, record->step);
    }
    record->announcing = true;
    record->announcements = 0;
    record->exhausted_ms = at - oracle->offset;
}

static void is_let_go(struct record *record)
{
    record->lost = record->held;
    record->passed_over = record->held ? record->holder : record->passed_over;
    record->held = false;
    record->holder = (struct somebody){NO_PERSON, 0};
    record->restart = RESUMED;
    record->announcing = false;
}

static void shows_life(struct record *record, const struct said *said)
{
    record->progress_since = said->at;
    record->eta = said->number * 1000;
    record->eta_wall = said->number > 0 ? said->wall_at + record->eta : 0;
}

/* Never two who hold it, and it ends with somebody who does. */
static void follow_holder(struct oracle *oracle, struct record *record, const struct said *said)
{
    switch (said->kind) {
    case SAID_ACCEPTED:
    case SAID_TAKEN:
        if (record->held) {
            find_fault(oracle, "%s: accepted by two", id_text(record->id));
        }
        record->held = true;
        record->taken = said->kind == SAID_TAKEN;
        record->holder = said->person;
        record->let_go = record->passed_over;
        record->passed_over = (struct somebody){NO_PERSON, 0};
        record->ran_step = record->running;
        record->running = false;
        record->announcing = false;
        record->held_wall = said->wall_at;
        shows_life(record, said);
        break;
    case SAID_PROGRESS:
    case SAID_EXTENDED:
        if (is_same_person(record->holder, said->person)) {
            shows_life(record, said); /* a member's word moves no clock */
        }
        break;
    case SAID_OVERDUE:
        check_wait(oracle, record, "a holder is overdue", record->progress_since, said->at,
                   agreed_for(oracle, record).progress_within + record->eta);
        record->overdue_since = said->at;
        break;
    case SAID_RESUMED:
        if (strcmp(said->word, "holder_silent") == 0) {
            check_wait(oracle, record, "a silent holder loses it", record->overdue_since, said->at,
                       agreed_for(oracle, record).holder_silent);
        }
        is_let_go(record);
        break;
    case SAID_HANDED_BACK:
        is_let_go(record);
        break;
    case SAID_DONE:
        if (!record->held) {
            find_fault(oracle, "%s: done, and nobody held it", id_text(record->id));
        }
        if (!is_same_person(record->holder, said->person)) {
            find_fault(oracle, "%s: done by somebody who did not hold it", id_text(record->id));
        }
        break;
    default:
        break;
    }
}

/* What may follow what: nobody is looked for while somebody holds it, nobody is late who does not,
 * and what ended does not begin again. A holder is told that it was cancelled; with nobody to tell
 * it has ended. */
static void check_order(struct oracle *oracle, struct record *record, const struct said *said)
{
    int kind = said->kind;
    bool looks_for =
        kind == SAID_STEP_STARTED || kind == SAID_ROUND_ENDED || kind == SAID_EXHAUSTED;
    bool holds = kind == SAID_ACCEPTED || kind == SAID_TAKEN;
    if (looks_for && record->held && !(record->seeking && kind == SAID_STEP_STARTED)) {
        find_fault(oracle, "%s: somebody holds it, and others are looked for (entry kind %d)",
                   id_text(record->id), kind);
    }
    if (kind == SAID_OVERDUE && !record->held) {
        find_fault(oracle, "%s: overdue, and nobody holds it", id_text(record->id));
    }
    if (record->ended && (looks_for || holds || kind == SAID_OVERDUE || kind == SAID_DONE)) {
        find_fault(oracle, "%s: it had ended, and goes on (entry kind %d)", id_text(record->id),
                   kind);
    }
    record->cancelling =
        record->cancelling || (kind == SAID_CANCELLED && record->held && !record->taken);
    record->ended = record->ended || kind == SAID_DONE || kind == SAID_CANCELLED ||
                    kind == SAID_CANCEL_CONFIRMED;
    record->over =
        record->over || (record->ended && !record->cancelling) || kind == SAID_CANCEL_CONFIRMED;
    record->over_wall = record->over && record->over_wall == 0 ? said->wall_at : record->over_wall;
    record->running = record->running && !record->ended;
    record->announcing = record->announcing && !record->ended;
}

static void follow(struct oracle *oracle, struct record *record, const struct said *said)
{
    if (said->kind >= SAID_ATTEMPT_ACCEPTED && said->kind <= SAID_ATTEMPT_UNCERTAIN) {
        check_outcome(oracle, record, said->kind, said->attempt, said->person.id, said->word);
    }
    check_order(oracle, record, said);
    follow_holder(oracle, record, said);
    follow_team(oracle, record, said);
    follow_offers(oracle, record, said);
    switch (said->kind) {
    case SAID_OPENED:
        record->restart = FROM_TOP;
        break;
    case SAID_STEP_STARTED:
        step_starts(oracle, record, said);
        break;
    case SAID_STEP_ENDED:
        step_ends(oracle, record, said);
        break;
    case SAID_ROUND_ENDED:
        round_ends(oracle, record, said->at);
        break;
    case SAID_EXHAUSTED:
        gives_up(oracle, record, said->at);
        break;
    case SAID_QUARANTINED:
        record->set_aside++;
        record->set_aside_since = said->at;
        break;
    default:
        break;
    }
    check_plans(oracle, record, said);
    follow_shift(oracle, record, said);
}

int severity_of(const char *word)
{
    static const char *const words[] = {"info", "minor", "major", "critical"};
    int severity = 3;
    while (severity > 0 && strcmp(words[severity], word) != 0) {
        severity--;
    }
    return severity;
}

static int kind_of_person(const char *word)
{
    static const char *const words[] = {"", "agent", "contact", "operator"};
    int kind = AN_OPERATOR;
    while (kind > NO_PERSON && strcmp(words[kind], word) != 0) {
        kind--;
    }
    return kind;
}

static const char *text_of(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text == NULL ? "" : text;
}

static struct said read_said(struct oracle *oracle, sqlite3_stmt *row)
{
    struct said said = {
        .seq = sqlite3_column_int64(row, 0),
        .kind = sqlite3_column_int(row, 1),
        .wall_at = sqlite3_column_int64(row, 2),
        .at = sqlite3_column_int64(row, 3),
        .round = sqlite3_column_int64(row, 8),
        .step = sqlite3_column_int64(row, 9),
        .person = {kind_of_person(text_of(row, 13)), sqlite3_column_int64(row, 14)},
        .number = sqlite3_column_int64(row, 15),
        .other = {kind_of_person(text_of(row, 16)), sqlite3_column_int64(row, 17)},
    };
    (void)text_copy(said.word, sizeof said.word, text_of(row, 10));
    if (sqlite3_column_type(row, 12) != SQLITE_NULL &&
        uuid_parse(text_of(row, 12), &said.attempt) != STATUS_OK) {
        find_fault(oracle, "an attempt's id in the timeline is none: %s", text_of(row, 12));
    }
    return said;
}

/* ---- the journal of a customer ---- */

static struct journal *journal_of(struct oracle *oracle, int64_t customer_id)
{
    for (size_t i = 0; i < oracle->journals_count; i++) {
        if (oracle->journals[i].customer_id == customer_id) {
            return &oracle->journals[i];
        }
    }
    if (oracle->journals_count == CUSTOMERS_MAX) {
        box_die("more than %d customers", CUSTOMERS_MAX);
    }
    struct journal *journal = &oracle->journals[oracle->journals_count++];
    memset(journal, 0, sizeof *journal);
    journal->customer_id = customer_id;
    return journal;
}

static void touch(struct oracle *oracle, struct record *record)
{
    if (!record->touched && oracle->touched_count < TOUCHED_MAX) {
        record->touched = true;
        oracle->touched[oracle->touched_count++] = (uint32_t)(record - oracle->records);
    }
}

void look_at_journals(struct oracle *oracle)
{
    sqlite3_stmt *row = question(oracle, ASK_JOURNAL);
    for (int customer = 1; customer <= CUSTOMERS; customer++) {
        (void)sqlite3_bind_int64(row, customer, journal_of(oracle, customer)->seq);
    }
    while (sqlite3_step(row) == SQLITE_ROW) {
        struct journal *journal = journal_of(oracle, sqlite3_column_int64(row, 11));
        int64_t seq = sqlite3_column_int64(row, 0);
        if (seq != journal->seq + 1) {
            find_fault(oracle, "journal of customer %" PRId64 ": a gap before %" PRId64,
                       journal->customer_id, seq);
        }
        struct digest chain = chain_of(&journal->chain, row);
        if (sqlite3_column_bytes(row, 7) != DIGEST_BYTES ||
            memcmp(sqlite3_column_blob(row, 7), chain.bytes, DIGEST_BYTES) != 0) {
            find_fault(oracle, "journal of customer %" PRId64 ": the chain breaks at %" PRId64,
                       journal->customer_id, seq);
        }
        struct record *record = record_of(oracle, column_uuid(row, 4), journal->customer_id);
        struct said said = read_said(oracle, row);
        follow(oracle, record, &said);
        touch(oracle, record);
        journal->seq = seq;
        journal->chain = chain;
    }
    answered(row);
}

/* What was seen once is there for ever: no crash takes a committed entry back. */
void look_for_lost_entries(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->journals_count; i++) {
        const struct journal *journal = &oracle->journals[i];
        sqlite3_stmt *row = question(oracle, ASK_ENTRY);
        (void)sqlite3_bind_int64(row, 1, journal->customer_id);
        (void)sqlite3_bind_int64(row, 2, journal->seq);
        if (journal->seq > 0 &&
            (sqlite3_step(row) != SQLITE_ROW ||
             memcmp(sqlite3_column_blob(row, 0), journal->chain.bytes, DIGEST_BYTES) != 0)) {
            find_fault(oracle, "journal of customer %" PRId64 ": entry %" PRId64 " is gone",
                       journal->customer_id, journal->seq);
        }
        answered(row);
    }
}
