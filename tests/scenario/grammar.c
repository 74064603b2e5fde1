#include "tests/scenario/grammar.h"

#include <ctype.h>
#include <string.h>

#include "tests/scenario/box.h"

#define ITEMS_MAX    40
#define EXPECTED_MAX 48
#define NEAR_MAX     3 /* more letters than one word can have wrong */

#define BOTH (IN_PLAIN | IN_WATCHED)

static const struct statement statements[] = {
    /* who is there */
    {IN_WATCHED, "watched seed SEED trunk COUNT day NUMBER keeping LOSS"},
    {IN_WATCHED, "no_room for COUNT"},
    {BOTH, "customer NEW_CUSTOMER"},
    {BOTH, "agent NEW_AGENT [TELEPHONE]* [apns] [fcm] [webpush] [inactive]"},
    {BOTH, "contact NEW_CONTACT [TELEPHONE]* [inactive]"},
    {BOTH, "device AGENT apns|fcm|webpush NAME NAME"},
    {BOTH, "rota NEW_ROTA daily CLOCK AGENT AGENT"},
    {BOTH, "rota NEW_ROTA AGENT [AGENT]* [until TIME]*"},
    {BOTH, "procedure NEW_PROCEDURE [rounds ROUNDS] [round_spacing_s HOUR_S] "
           "[progress_within_s DAY_S] [holder_silent_s HOUR_S] [exhausted_every_s HOUR_S] "
           "[promise_warning_s HOUR_S] [offer_within_s HOUR_S] [offer_at_shift_end true|false] "
           "[doubtful_calls_too true|false]"},
    {BOTH, "check_in ROTA procedure PROCEDURE opens HOUR_S reminds HOUR_S"},
    {BOTH, "step notify [check_in agent]+ [on_call ROTA]+ [agent AGENT]+ [contact CONTACT]+ by "
           "[push]+ [call]+ / "
           "[received HOUR_S] [accepted DAY_S] [acceptances ACCEPTANCES]"},
    {BOTH, "exhausted callback NEW_CALLBACK"},
    {BOTH, "exhausted on_call ROTA [by push|call]"},
    {BOTH, "exhausted agent AGENT [by push|call]"},
    {BOTH, "exhausted contact CONTACT [by push|call]"},
    {IN_PLAIN, "trunk COUNT"},
    /* people */
    {BOTH | TIMED, "escalate SEVERITY TEXT [caller NAME] [promise COUNT] [key NAME] [dedup NAME] "
                   "[procedure PROCEDURE] [drill] [as NEW_ESCALATION]"},
    {BOTH | TIMED | NEEDS_ESCALATION, "about ESCALATION"},
    {BOTH | TIMED | NEEDS_ESCALATION,
     "AGENT accepts|declines|receives|sees [from push] [eta COUNT]"},
    {BOTH | TIMED | NEEDS_ESCALATION, "AGENT joins|leaves"},
    {BOTH | TIMED | NEEDS_ESCALATION, "AGENT hands_over AGENT [stays]"},
    {BOTH | TIMED | NEEDS_ESCALATION, "desk assigns AGENT [member] [stays] [by OPERATOR]"},
    {BOTH | TIMED | NEEDS_ESCALATION, "AGENT remote|on_my_way|on_site|done|hands_back [eta COUNT]"},
    {IN_WATCHED | TIMED, "AGENT checks_in with NAME"},
    {IN_WATCHED | TIMED, "AGENT checks_out"},
    {IN_WATCHED | TIMED, "AGENT pauses COUNT"},
    {IN_WATCHED | TIMED, "AGENT is_back"},
    {BOTH | TIMED | NEEDS_ESCALATION, "desk cancels|notes TEXT [by OPERATOR]"},
    {BOTH | TIMED | NEEDS_ESCALATION, "desk raises SEVERITY [by OPERATOR]"},
    {BOTH | TIMED | NEEDS_ESCALATION, "desk resumes|takes|done [by OPERATOR]"},
    {BOTH | TIMED | NEEDS_ESCALATION, "desk called_back COUNT [by OPERATOR]"},
    {BOTH | TIMED | NEEDS_ESCALATION, "desk splits COUNT [by OPERATOR] [as NEW_ESCALATION]"},
    {BOTH | TIMED | NEEDS_ESCALATION,
     "desk reports AGENT accepts|declines|receives|sees|remote|on_my_way|on_site|done|hands_back|"
     "joins|leaves [eta COUNT] [by OPERATOR]"},
    {IN_WATCHED | TIMED, "desk tests device COUNT"},
    /* what is outside */
    {IN_PLAIN | TIMED | NEEDS_ESCALATION, "call of PERSON ANSWER"},
    {IN_PLAIN | TIMED, "calls of PERSON ANSWER"},
    {IN_PLAIN | TIMED, "phone of AGENT on|off"},
    {IN_PLAIN | TIMED, "provider apns|fcm|webpush MOOD"},
    {IN_PLAIN | TIMED, "telephony MOOD"},
    {IN_PLAIN | TIMED, "callbacks MOOD"},
    {IN_WATCHED | TIMED, "for CUSTOMER"},
    {IN_WATCHED | TIMED, "sent COUNT accepted|received|seen|failed|gone|uncertain|expired|delayed"},
    {IN_WATCHED | TIMED, "sent COUNT accepts|declines|receives|sees"},
    {IN_WATCHED | TIMED, "sent COUNT reports ANSWER"},
    /* machines */
    {IN_PLAIN | TIMED, "crash"},
    {IN_PLAIN | TIMED, "power fails for TIME"},
    {IN_PLAIN | TIMED, "reboot takes TIME"},
    {IN_PLAIN | TIMED, "disk full|free"},
    {IN_PLAIN | TIMED, "suspended for TIME"},
    {BOTH | TIMED, "clock jumps [back] JUMP"},
    {BOTH | TIMED, "stalled for TIME"},
    {BOTH | TIMED, "time passes TIME"},
    {IN_WATCHED | TIMED, "crash after NUMBER keeping LOSS off TIME"},
    {IN_WATCHED | TIMED, "disk fails open|read|write|sync|truncate after NUMBER [for_ever]"},
    {IN_WATCHED | TIMED, "disk works again"},
    {IN_WATCHED | TIMED, "disk has room for NUMBER bytes"},
    {IN_WATCHED | TIMED, "disk has room again"},
    {IN_WATCHED | TIMED, "memory fails after NUMBER NUMBER times"},
    {IN_WATCHED | TIMED, "trouble for TIME"},
    {IN_WATCHED | TIMED | NEEDS_ESCALATION, "is poison at send|work"},
    {IN_WATCHED | TIMED | NEEDS_ESCALATION, "is broken"},
    {IN_WATCHED | TIMED, "a look"},
    {IN_WATCHED | TIMED, "nothing breaks"},
    {IN_WATCHED | TIMED, "nobody waits"},
    /* what must be */
    {BOTH | TIMED | NEEDS_ESCALATION | EXPECTS, "push|call PERSON [PURPOSE] / [COUNT times]"},
    {BOTH | TIMED | NEEDS_ESCALATION | EXPECTS, "callback CALLBACK [PURPOSE] / [COUNT times]"},
    {BOTH | TIMED | NEEDS_ESCALATION | EXPECTS, "no|never push|call PERSON [PURPOSE]"},
    {BOTH | TIMED | NEEDS_ESCALATION | EXPECTS, "no|never callback CALLBACK [PURPOSE]"},
    {BOTH | TIMED | EXPECTS, "silence until TIME"},
    {BOTH | TIMED | NEEDS_ESCALATION | EXPECTS, "state STATE [by HOLDER]"},
    {BOTH | TIMED | NEEDS_ESCALATION | EXPECTS, "next TIME [TEXT]"},
    {BOTH | TIMED | NEEDS_ESCALATION | EXPECTS, "timeline TEXT"},
    {BOTH | TIMED | NEEDS_ESCALATION | EXPECTS, "no timeline ENTRY"},
    {BOTH | TIMED | NEEDS_ESCALATION | EXPECTS, "task TASK [COUNT]"},
    {BOTH | TIMED | NEEDS_ESCALATION | EXPECTS, "no task TASK [COUNT]"},
    {BOTH | TIMED | NEEDS_ESCALATION | EXPECTS, "drill"},
    {BOTH | TIMED | NEEDS_ESCALATION | EXPECTS, "no drill"},
    {BOTH | TIMED | EXPECTS, "answer STATUS [PART]"},
    {BOTH | TIMED | EXPECTS, "alarm NAME"},
};

#define STATEMENTS_COUNT (sizeof statements / sizeof statements[0])

/* ---- forms, taken apart ---- */

struct item {
    const char *text; /* in the form, not terminated */
    size_t bytes;
    bool opens, closes; /* a group */
    bool repeats;       /* it may come again */
    bool needed;        /* one of those so marked must come */
    bool bar;           /* nothing but the end of a row of groups */
};

static const char *take_item(const char *form, struct item *item_r)
{
    *item_r = (struct item){.opens = *form == '['};
    form += item_r->opens;
    item_r->text = form;
    form += strcspn(form, " ]");
    item_r->bytes = (size_t)(form - item_r->text);
    item_r->bar = item_r->bytes == 1 && *item_r->text == '/';
    item_r->closes = *form == ']';
    form += item_r->closes;
    item_r->needed = *form == '+';
    item_r->repeats = *form == '+' || *form == '*';
    form += item_r->repeats;
    return form + (*form == ' ');
}

static size_t take_form(const char *form, struct item *items)
{
    size_t count = 0;
    while (*form != '\0') {
        if (count == ITEMS_MAX) {
            box_die("a form of more than %d words", ITEMS_MAX);
        }
        form = take_item(form, &items[count++]);
    }
    return count;
}

static bool is_type(const struct item *item)
{
    return isupper((unsigned char)item->text[0]) != 0;
}

/* Calls back for each of "a|b|c"; true: one of them answered so. */
static bool any_word(const struct item *item,
                     bool (*visit)(void *context, const char *word, size_t bytes), void *context)
{
    const char *word = item->text, *end = item->text + item->bytes;
    while (word < end) {
        const char *bar = memchr(word, '|', (size_t)(end - word));
        size_t bytes = (size_t)((bar != NULL ? bar : end) - word);
        if (visit(context, word, bytes)) {
            return true;
        }
        word += bytes + 1;
    }
    return false;
}

static bool is_word(void *context, const char *word, size_t bytes)
{
    const char *wanted = context;
    return strlen(wanted) == bytes && memcmp(wanted, word, bytes) == 0;
}

/* ---- reading ---- */

struct expected {
    const char *text; /* a word or a type; NULL: the end of the line */
    size_t bytes;
};

/* What would have been understood at the place that was reached. */
struct failure {
    int at;
    struct expected expected[EXPECTED_MAX];
    size_t count;
    bool repeated;                     /* an option that was said already stands there */
    const struct statement *statement; /* the first that came so far */
};

struct reader {
    const struct words *words;
    const struct names *names;
    struct failure *failure;
    const struct statement *statement;
    struct reading *reading;
    int next; /* word */
};

static bool note(void *context, const char *word, size_t bytes)
{
    struct reader *reader = context;
    struct failure *failure = reader->failure;
    if (reader->next < failure->at) {
        return false;
    }
    if (reader->next > failure->at) {
        *failure = (struct failure){.at = reader->next};
    }
    if (failure->statement == NULL) {
        failure->statement = reader->statement;
    }
    for (size_t i = 0; i < failure->count; i++) {
        const struct expected *known = &failure->expected[i];
        if (known->bytes == bytes && (bytes == 0 || memcmp(known->text, word, bytes) == 0)) {
            return false;
        }
    }
    if (failure->count < EXPECTED_MAX) {
        failure->expected[failure->count++] = (struct expected){word, bytes};
    }
    return false;
}

static bool item_fits(const struct reader *reader, const struct item *item)
{
    const struct words *words = reader->words;
    if (reader->next >= words->count) {
        return false;
    }
    char word[LINE_BYTES_MAX];
    (void)snprintf(word, sizeof word, "%s", words_at(words, reader->next));
    bool quoted = words->quoted[reader->next];
    if (is_type(item)) {
        return word_type_fits(word_type_find(item->text, item->bytes), reader->names, word, quoted);
    }
    return !quoted && any_word(item, is_word, word);
}

static bool take_word(struct reader *reader, const struct item *item)
{
    if (!item_fits(reader, item)) {
        if (is_type(item)) {
            return note(reader, item->text, item->bytes);
        }
        return any_word(item, note, reader);
    }
    if (is_type(item)) {
        reader->reading->declared_kinds[reader->next] =
            word_type_declares(word_type_find(item->text, item->bytes));
    }
    reader->next++;
    return true;
}

static size_t group_end(const struct item *items, size_t begin)
{
    while (!items[begin].closes) {
        begin++;
    }
    return begin + 1;
}

/* The group's first word fits; the others must. */
static bool take_group(struct reader *reader, const struct item *items, size_t begin)
{
    struct reading *reading = reader->reading;
    if (reading->groups_count == GROUPS_MAX && !items[begin].closes) {
        box_die("more than %d groups", GROUPS_MAX);
    }
    if (reading->groups_count < GROUPS_MAX && !is_type(&items[begin])) {
        reading->groups[reading->groups_count++] =
            (struct group){items[begin].text, items[begin].bytes, reader->next};
    }
    for (size_t i = begin, end = group_end(items, begin); i < end; i++) {
        if (!take_word(reader, &items[i])) {
            return false;
        }
    }
    return true;
}

/* Groups in any order; answers whether all went well, and where the row of them ends. */
static bool take_row(struct reader *reader, const struct item *items, size_t count, size_t *at)
{
    size_t begin = *at, end = begin;
    bool taken[ITEMS_MAX] = {false}, needs = false, has = false, moved;
    while (end < count && items[end].opens) {
        end = group_end(items, end);
        needs = needs || items[end - 1].needed;
    }
    do {
        moved = false;
        for (size_t i = begin; i < end && !moved; i = group_end(items, i)) {
            bool again = taken[i] && !items[group_end(items, i) - 1].repeats;
            if (!item_fits(reader, &items[i])) {
                if (!again) {
                    (void)any_word(&items[i], note, reader);
                }
            } else if (again) {
                (void)note(reader, NULL, 0);
                reader->failure->repeated = reader->failure->at == reader->next;
            } else {
                moved = taken[i] = true;
                has = has || items[group_end(items, i) - 1].needed;
                if (!take_group(reader, items, i)) {
                    return false;
                }
            }
        }
    } while (moved);
    *at = end;
    return has || !needs;
}

static bool read_as(struct reader *reader, const struct statement *statement, int first)
{
    struct item items[ITEMS_MAX];
    size_t count = take_form(statement->form, items);
    *reader->reading = (struct reading){.statement = statement};
    reader->statement = statement;
    reader->next = first;
    for (size_t i = 0; i < count;) {
        if (items[i].opens) {
            if (!take_row(reader, items, count, &i)) {
                return false;
            }
        } else if (items[i].bar) {
            i++;
        } else if (!take_word(reader, &items[i++])) {
            return false;
        }
    }
    return reader->next == reader->words->count || note(reader, NULL, 0);
}

/* ---- complaints ---- */

/* How many letters differ; two that changed places are one. */
static size_t distance(const char *one, const char *other, size_t other_bytes)
{
    size_t rows[3][LINE_BYTES_MAX];
    size_t one_bytes = strlen(one);
    if (other_bytes >= LINE_BYTES_MAX || one_bytes > other_bytes + NEAR_MAX ||
        other_bytes > one_bytes + NEAR_MAX) {
        return LINE_BYTES_MAX;
    }
    for (size_t i = 0; i <= one_bytes; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= other_bytes; j++) {
            if (i == 0) {
                row[j] = j;
                continue;
            }
            size_t least = above[j - 1] + (one[i - 1] != other[j - 1]);
            least = above[j] + 1 < least ? above[j] + 1 : least;
            least = row[j - 1] + 1 < least ? row[j - 1] + 1 : least;
            bool swapped =
                i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
            row[j] = swapped && two_above[j - 2] + 1 < least ? two_above[j - 2] + 1 : least;
        }
    }
    return rows[one_bytes % 3][other_bytes];
}

struct guess {
    const char *word;
    const char *best;
    size_t best_bytes;
    size_t distance;
};

static void try_guess(struct guess *guess, const char *word, size_t bytes)
{
    size_t far = distance(guess->word, word, bytes);
    if (far < guess->distance && far * 2 < bytes) {
        guess->distance = far;
        guess->best = word;
        guess->best_bytes = bytes;
    }
}

/* The expected word that is near; guess_r->best is NULL when none is. */
static void find_guess(const struct failure *failure, const struct names *names, const char *word,
                       struct guess *guess_r)
{
    struct guess guess = {.word = word, .distance = NEAR_MAX};
    for (size_t i = 0; i < failure->count; i++) {
        const struct expected *expected = &failure->expected[i];
        if (expected->bytes == 0) {
            continue;
        }
        if (isupper((unsigned char)expected->text[0]) == 0) {
            try_guess(&guess, expected->text, expected->bytes);
            continue;
        }
        const struct word_type *type = word_type_find(expected->text, expected->bytes);
        const char *name;
        for (size_t j = 0; (name = word_type_nth(type, names, j)) != NULL; j++) {
            try_guess(&guess, name, strlen(name));
        }
    }
    *guess_r = guess;
}

/* ": did you mean "received"?", when a word that is expected is near. */
static bool say_guess(const struct failure *failure, const struct names *names, const char *word,
                      FILE *out)
{
    struct guess guess;
    find_guess(failure, names, word, &guess);
    if (guess.best != NULL) {
        (void)fprintf(out, ": did you mean \"%.*s\"?", (int)guess.best_bytes, guess.best);
    }
    return guess.best != NULL;
}

/* The end of the line comes last. */
static void say_expected(struct failure *failure, const struct names *names, FILE *out)
{
    for (size_t i = 0; i + 1 < failure->count; i++) {
        if (failure->expected[i].bytes == 0) {
            struct expected end = failure->expected[i];
            failure->expected[i] = failure->expected[i + 1];
            failure->expected[i + 1] = end;
        }
    }
    (void)fputs("expected ", out);
    for (size_t i = 0; i < failure->count; i++) {
        const struct expected *expected = &failure->expected[i];
        (void)fputs(i == 0 ? "" : i + 1 < failure->count ? ", " : " or ", out);
        if (expected->bytes == 0) {
            (void)fputs("the end of the line", out);
        } else if (isupper((unsigned char)expected->text[0]) != 0) {
            word_type_say(word_type_find(expected->text, expected->bytes), names, out);
        } else {
            (void)fprintf(out, "\"%.*s\"", (int)expected->bytes, expected->text);
        }
    }
}

static void say_form(const struct statement *statement, FILE *out)
{
    (void)fputs((statement->place & EXPECTS) != 0 ? "expect " : "", out);
    for (const char *place = statement->form; *place != '\0'; place++) {
        if (*place == '/') {
            place++; /* and its space: what groups may come in which order is seen in any case */
            continue;
        }
        (void)fputc(*place, out);
    }
}

/* Tries the statements that may stand in such a night, or those that may not. */
static bool read_among(struct reader *reader, int first, bool expects, unsigned place, bool allowed)
{
    for (size_t i = 0; i < STATEMENTS_COUNT; i++) {
        bool of_kind = ((statements[i].place & EXPECTS) != 0) == expects;
        if (of_kind && ((statements[i].place & place) != 0) == allowed &&
            read_as(reader, &statements[i], first)) {
            return true;
        }
    }
    return false;
}

/* "expect silence", which lacks its "expect" and may be misspelt besides. */
static bool say_expectation(const struct words *words, int first, bool watched,
                            const struct names *names, FILE *out)
{
    struct failure failure = {.at = first};
    struct reading ignored;
    struct reader reader = {
        .words = words, .names = names, .failure = &failure, .reading = &ignored};
    struct guess guess = {.best = words_at(words, first)};
    bool read = read_among(&reader, first, true, watched ? IN_WATCHED : IN_PLAIN, true);
    guess.best_bytes = strlen(guess.best);
    if (!read && failure.at == first) {
        find_guess(&failure, names, words_at(words, first), &guess);
    }
    if (guess.best != NULL) {
        (void)fprintf(out, ": did you mean \"expect %.*s\"?", (int)guess.best_bytes, guess.best);
    }
    return guess.best != NULL;
}

/* What is no statement's first word may also be what stands in front of one. */
static void complain_of_beginning(const struct failure *failure, const struct words *words,
                                  int first, bool watched, const struct names *names, FILE *out)
{
    const char *word = words_at(words, first);
    struct guess expect = {.word = word, .distance = NEAR_MAX};
    long long ms;
    (void)fprintf(out, "no statement begins with \"%s\"", word);
    try_guess(&expect, "expect", strlen("expect"));
    if (expect.best != NULL) {
        (void)fputs(": did you mean \"expect\"?", out);
    } else if (first == 0 && words->count > 1 && parse_time(words_at(words, 1), &ms)) {
        (void)fputs(": did you mean \"at\"?", out);
    } else if (!say_guess(failure, names, word, out) &&
               !say_expectation(words, first, watched, names, out)) {
        (void)fputs("; `scenario --statements` lists them", out);
    }
    (void)fputc('\n', out);
}

static void complain(struct failure *failure, const struct words *words, int first, bool watched,
                     const struct names *names, FILE *out)
{
    const char *word = words_at(words, failure->at);
    bool expects = (failure->statement->place & EXPECTS) != 0;
    if (failure->at >= words->count) {
        (void)fputs("the line ends too early: ", out);
    } else if (failure->at == first && !expects) {
        complain_of_beginning(failure, words, first, watched, names, out);
        return;
    } else {
        (void)fprintf(out, "\"%s\" is not understood here", word);
        if (failure->repeated) {
            (void)fputs(": it was said already;", out);
        } else if (!say_guess(failure, names, word, out)) {
            (void)fputc(':', out);
        }
        (void)fputc(' ', out);
    }
    say_expected(failure, names, out);
    (void)fputc('\n', out);
    if (failure->at > first) {
        (void)fputs("    ", out);
        say_form(failure->statement, out);
        (void)fputc('\n', out);
    }
}

bool grammar_read(const struct words *words, int first, bool expects, bool watched,
                  const struct names *names, struct reading *reading_r, FILE *complaint)
{
    struct failure failure = {.at = first}, elsewhere = {.at = first};
    struct reader reader = {
        .words = words, .names = names, .failure = &failure, .reading = reading_r};
    unsigned place = watched ? IN_WATCHED : IN_PLAIN;
    if (read_among(&reader, first, expects, place, true)) {
        return true;
    }
    reader.failure = &elsewhere;
    if (read_among(&reader, first, expects, place, false) || elsewhere.at > failure.at) {
        (void)fputs(watched ? "this has no place in a watched night: nothing answers by itself "
                              "there, and deaths and faults are said in other words\n"
                            : "only a watched night says this: its first statement is "
                              "\"watched\"\n",
                    complaint);
        return false;
    }
    complain(&failure, words, first, watched, names, complaint);
    return false;
}

int reading_option(const struct reading *reading, const char *name)
{
    for (size_t i = 0; i < reading->groups_count; i++) {
        const struct group *group = &reading->groups[i];
        if (strlen(name) == group->name_bytes &&
            memcmp(name, group->name, group->name_bytes) == 0) {
            return group->index + 1;
        }
    }
    return -1;
}

bool grammar_has_word(const char *word)
{
    char wanted[LINE_BYTES_MAX];
    (void)snprintf(wanted, sizeof wanted, "%s", word);
    for (size_t i = 0; i < STATEMENTS_COUNT; i++) {
        struct item items[ITEMS_MAX];
        size_t count = take_form(statements[i].form, items);
        for (size_t j = 0; j < count; j++) {
            if (!is_type(&items[j]) && any_word(&items[j], is_word, wanted)) {
                return true;
            }
        }
    }
    return strcmp(word, "at") == 0 || strcmp(word, "expect") == 0;
}

void grammar_list(FILE *out)
{
    for (size_t i = 0; i < STATEMENTS_COUNT; i++) {
        say_form(&statements[i], out);
        (void)fputc('\n', out);
    }
}
