#include "tests/scenario/check.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenario/box.h"

#define COMPLAINTS_MAX 20

/* What the lines so far amount to. */
struct check {
    const struct script *script;
    struct readings *readings;
    int line;
    struct words words;
    struct names names;
    struct reading reading;
    bool watched;
    size_t statements;
    size_t expectations;
    bool escalated;
    int procedure_line; /* of the one whose steps may follow; 0: none */
    size_t steps;
    long long now_ms; /* of a plain night */
    unsigned complaints;
};

static void complain(struct check *check, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void complain(struct check *check, int line, const char *format, ...)
{
    va_list arguments;
    if (check->complaints++ >= COMPLAINTS_MAX) {
        return;
    }
    va_start(arguments, format);
    (void)fprintf(stderr, "%s:%d: ", check->script->path, line);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
}

/* ---- order ---- */

/* A procedure is put when something else follows. */
static void end_procedure(struct check *check)
{
    if (check->procedure_line != 0 && check->steps == 0) {
        complain(check, check->procedure_line,
                 "\"procedure\" has no step: a line that begins with \"step\" must follow");
    }
    check->procedure_line = 0;
}

static void follow_procedure(struct check *check)
{
    const struct words *words = &check->words;
    bool step = words_are(words, 0, "step");
    if (!step && !words_are(words, 0, "exhausted")) {
        end_procedure(check);
        if (words_are(words, 0, "procedure")) {
            check->procedure_line = check->line;
            check->steps = 0;
        }
        return;
    }
    if (check->procedure_line == 0) {
        complain(check, check->line,
                 "\"%s\" belongs right behind its \"procedure\", no other "
                 "statement between them",
                 words_at(words, 0));
    }
    check->steps += step;
}

/* "watched", then "no_room", then "customer", then all others. */
static void follow_beginning(struct check *check)
{
    const struct words *words = &check->words;
    if (words_are(words, 0, "watched")) {
        if (check->statements > 0) {
            complain(check, check->line, "\"watched\" must be the first statement of a scenario");
        }
    } else if (words_are(words, 0, "customer")) {
        if (check->names.customer != 0 && check->names.customer != SIZE_MAX && !check->watched) {
            complain(check, check->line,
                     "a scenario has one customer; only a watched night has several");
        }
    } else if (check->names.customer == 0 && !words_are(words, 0, "no_room")) {
        complain(check, check->line, "\"customer\" comes first: nobody is there yet");
        check->names.customer = SIZE_MAX; /* said once */
    }
}

/* ---- names ---- */

static void declare(struct check *check, unsigned kind, const char *name)
{
    struct names *names = &check->names;
    const unsigned person = NAME_AGENT | NAME_CONTACT;
    if ((kind & person) != 0) {
        if (grammar_has_word(name)) {
            complain(check, check->line,
                     "\"%s\" is a word of the scenarios: nobody can be called so", name);
        } else if (names_have(names, person & ~kind, name)) {
            complain(check, check->line, "\"%s\" is %s already", name,
                     kind == NAME_CONTACT ? "an agent" : "a contact");
        }
    }
    if (kind == NAME_ESCALATION && !check->watched && names_have(names, kind, name)) {
        complain(check, check->line, "\"%s\" is the name of another escalation", name);
    }
    names_add(names, (enum name_kind)kind, name);
    if (kind == NAME_CUSTOMER) {
        names->customer = names_customer(names, name);
    }
}

static void follow_names(struct check *check)
{
    const struct words *words = &check->words;
    for (int i = 0; i < words->count; i++) {
        if (check->reading.declared_kinds[i] != 0) {
            declare(check, check->reading.declared_kinds[i], words_at(words, i));
        }
    }
    int first = words_are(words, 0, "at") ? 2 : 0;
    if (words_are(words, first, "for")) {
        check->names.customer = names_customer(&check->names, words_at(words, first + 1));
    }
}

/* ---- time ---- */

static void say_time(long long ms, char *text, size_t bytes)
{
    int used = snprintf(text, bytes, "%lld:%02lld", ms / 60000, ms / 1000 % 60);
    if (ms % 1000 != 0 && used > 0) {
        (void)snprintf(text + used, bytes - (size_t)used, ".%03lld", ms % 1000);
    }
}

/* Moves on; a time that is over already shows nothing. In a watched night the gateway may come back
 * from a crash later than the next line says. */
static void reach(struct check *check, const char *word, bool later)
{
    long long at_ms;
    char now[32];
    if (check->watched || !parse_time(word, &at_ms)) {
        return;
    }
    if (at_ms < check->now_ms || (later && at_ms == check->now_ms)) {
        say_time(check->now_ms, now, sizeof now);
        complain(check, check->line, "%s has passed already: it is %s", word, now);
        return;
    }
    check->now_ms = at_ms;
}

/* Statements during which time passes. */
static void follow_time(struct check *check, int first)
{
    static const struct {
        const char *word;
        int behind; /* the time stands so many words behind it */
    } lasting[] = {{"time", 2}, {"stalled", 2}, {"suspended", 2}, {"reboot", 2}, {"power", 3}};
    const struct words *words = &check->words;
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++) {
        long long ms;
        if (words_are(words, first, lasting[i].word) &&
            parse_time(words_at(words, first + lasting[i].behind), &ms)) {
            check->now_ms += ms;
        }
    }
    if (words_are(words, first, "silence")) {
        reach(check, words_at(words, first + 2), true);
    }
}

/* ---- lines ---- */

/* "at 0:05" in front; answers the index of the word behind it, -1: told. */
static int take_at(struct check *check, int index)
{
    const struct words *words = &check->words;
    long long ms;
    if (!words_are(words, index, "at")) {
        return index;
    }
    if (!parse_time(words_at(words, index + 1), &ms) || ms > TIME_MS_MAX) {
        complain(check, check->line, "\"%s\" is no time: expected " TIME_SAID,
                 words_at(words, index + 1));
        return -1;
    }
    if (index + 2 >= words->count) {
        complain(check, check->line,
                 "the line ends too early: a statement is expected behind the time");
        return -1;
    }
    if (index == 0 && words_are(words, 2, "expect")) {
        complain(check, check->line,
                 "\"expect\" comes first, and the time behind it: expect at %s …",
                 words_at(words, 1));
        return -1;
    }
    reach(check, words_at(words, index + 1), false);
    return index + 2;
}

/* False: told. */
static bool read_statement(struct check *check, int first, bool expects)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *complaint = open_memstream(&text, &bytes);
    if (complaint == NULL) {
        box_die("no memory for a complaint");
    }
    bool good = grammar_read(&check->words, first, expects, check->watched, &check->names,
                             &check->reading, complaint);
    (void)fclose(complaint);
    if (!good) {
        text[bytes - 1] = '\0'; /* the newline comes with every complaint */
        complain(check, check->line, "%s", text);
    }
    free(text);
    return good;
}

/* Whether it may stand here: behind a time, before any escalation. */
static void follow_place(struct check *check, bool timed)
{
    unsigned place = check->reading.statement->place;
    if (timed && (place & TIMED) == 0) {
        complain(check, check->line,
                 "\"at\" does not belong in front of this statement: `time passes` moves on");
    }
    if ((place & NEEDS_ESCALATION) != 0 && !check->escalated) {
        complain(check, check->line, "there is no escalation yet: `escalate` comes first");
        check->escalated = true;
    }
}

static void keep_reading(struct check *check)
{
    if (check->reading.groups_count > 0) {
        struct reading *kept = malloc(sizeof *kept);
        if (kept == NULL) {
            box_die("no memory for a line");
        }
        *kept = check->reading;
        check->readings->of_lines[check->line - 1] = kept;
    }
}

static void check_statement(struct check *check)
{
    const struct words *words = &check->words;
    bool expects = words_are(words, 0, "expect");
    bool timed = words_are(words, expects, "at");
    check->watched = check->watched || words_are(words, 0, "watched");
    check->expectations += expects;
    follow_procedure(check);
    int first = take_at(check, expects);
    bool read = first >= 0 && read_statement(check, first, expects);
    if (read) {
        follow_beginning(check);
        follow_place(check, timed);
        keep_reading(check);
        follow_names(check);
        follow_time(check, first);
    } else if (check->names.customer == 0) {
        check->names.customer = SIZE_MAX; /* it may have been meant to be the beginning */
    }
    check->statements++;
    /* As far as other lines go there is one, even when this line is wrong. */
    check->escalated = check->escalated || words_are(words, first < 0 ? 0 : first, "escalate");
}

void readings_free(struct readings *readings)
{
    for (size_t i = 0; i < readings->count; i++) {
        free(readings->of_lines[i]);
    }
    free(readings->of_lines);
    *readings = (struct readings){0};
}

bool check_script(const struct script *script, struct readings *readings_r)
{
    struct check check = {.script = script, .readings = readings_r};
    *readings_r = (struct readings){.of_lines = calloc(script->count, sizeof(struct reading *)),
                                    .count = script->count};
    if (readings_r->of_lines == NULL) {
        box_die("no memory for the lines");
    }
    names_begin(&check.names);
    for (size_t i = 0; i < script->count; i++) {
        check.line = (int)i + 1;
        const char *wrong = words_split(&check.words, script->lines[i]);
        if (wrong != NULL) {
            complain(&check, check.line, "%s", wrong);
        } else if (check.words.count > 0) {
            check_statement(&check);
        }
    }
    end_procedure(&check);
    if (check.statements == 0 && check.complaints == 0) {
        complain(&check, check.line,
                 "no statement stands in it: FORMAT.md says how a scenario "
                 "begins");
    } else if (check.expectations == 0 && !check.watched && check.complaints == 0) {
        complain(&check, check.line,
                 "nothing is expected: a line that begins with \"expect\" is missing");
    }
    if (check.complaints > COMPLAINTS_MAX) {
        (void)fprintf(stderr, "%s: %u more\n", script->path, check.complaints - COMPLAINTS_MAX);
    }
    names_end(&check.names);
    return check.complaints == 0;
}
