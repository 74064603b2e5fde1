#include "tests/scenario/word_types.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/status.h"
#include "gateway/numbers/telephone_number.h"
#include "gateway/base/text.h"
#include "gateway/core/procedure.h"
#include "gateway/core/words.h"
#include "tests/scenario/box.h"

#define WORDS_SAID_MAX   12 /* beyond that a list helps nobody */
#define COUNT_DIGITS_MAX 9

#define WORD_(name, number, word) word,
static const char *const severities[] = {SEVERITY_TABLE(WORD_) NULL};
static const char *const states[] = {ESCALATION_STATE_TABLE(WORD_) NULL};
static const char *const purposes[] = {ATTEMPT_PURPOSE_TABLE(WORD_) NULL};
static const char *const answers[] = {ATTEMPT_ANSWER_TABLE(WORD_) NULL};
static const char *const tasks[] = {TASK_KIND_TABLE(WORD_) NULL};
static const char *const paths[] = {PATH_TABLE(WORD_) NULL};
static const char *const entries[] = {ENTRY_KIND_TABLE(WORD_) NULL};
#undef WORD_
#define WORD_(name, code, slug, text) slug,
static const char *const statuses[] = {STATUS_TABLE(WORD_) NULL};
#undef WORD_
static const char *const moods[] = {"up",        "down",    "refusing", "silent",
                                    "uncertain", "delayed", NULL};
static const char *const losses[] = {"all", "synced", "torn", "no_log", NULL};

/* ---- names ---- */

void names_begin(struct names *names)
{
    *names = (struct names){0};
    names_add(names, NAME_CALLBACK, "call-centre");     /* the procedure of last resort tells it */
    names_add(names, NAME_PROCEDURE, "does-not-exist"); /* for who asks for one that nobody has */
    names_add(names, NAME_HOLDER, "nobody");
    names_add(names, NAME_HOLDER, "Lucie"); /* the operator who is not named */
}

void names_end(struct names *names)
{
    free(names->list);
    *names = (struct names){0};
}

static bool is_seen(const struct names *names, const struct name *name, unsigned kinds)
{
    return ((unsigned)name->kind & kinds) != 0 &&
           (name->customer == 0 || name->customer == names->customer);
}

static const char *nth_name(const struct names *names, unsigned kinds, size_t index)
{
    for (size_t i = 0; i < names->count; i++) {
        if (is_seen(names, &names->list[i], kinds) && index-- == 0) {
            return names->list[i].text;
        }
    }
    return NULL;
}

bool names_have(const struct names *names, unsigned kinds, const char *text)
{
    for (size_t i = 0; i < names->count; i++) {
        if (is_seen(names, &names->list[i], kinds) && strcmp(names->list[i].text, text) == 0) {
            return true;
        }
    }
    return false;
}

void names_add(struct names *names, enum name_kind kind, const char *text)
{
    bool common = kind == NAME_CUSTOMER || kind == NAME_ESCALATION || kind == NAME_HOLDER;
    if (names_have(names, kind, text)) {
        return;
    }
    struct name *longer = realloc(names->list, (names->count + 1) * sizeof *longer);
    if (longer == NULL) {
        box_die("no memory for names");
    }
    names->list = longer;
    struct name *name = &names->list[names->count++];
    name->kind = kind;
    name->customer = common ? 0 : names->customer;
    (void)text_copy(name->text, sizeof name->text, text);
}

size_t names_customer(const struct names *names, const char *text)
{
    size_t place = 0;
    for (size_t i = 0; i < names->count; i++) {
        place += names->list[i].kind == NAME_CUSTOMER;
        if (names->list[i].kind == NAME_CUSTOMER && strcmp(names->list[i].text, text) == 0) {
            return place;
        }
    }
    return 0;
}

/* ---- words that cannot be counted ---- */

static bool is_blank(const char *word)
{
    return word[strspn(word, " \t")] == '\0';
}

static bool fits_quoted(const struct names *names, const char *word, bool quoted)
{
    (void)names;
    return quoted && !is_blank(word);
}

static bool fits_word(const struct names *names, const char *word, bool quoted)
{
    (void)names;
    (void)quoted;
    return !is_blank(word);
}

static bool fits_slug(const struct names *names, const char *word, bool quoted)
{
    (void)names;
    return !quoted && text_is_slug(word);
}

static bool fits_number(const struct names *names, const char *word, bool quoted)
{
    (void)names;
    size_t length = strlen(word);
    return !quoted && length > 0 && length <= COUNT_DIGITS_MAX &&
           strspn(word, "0123456789") == length;
}

static bool fits_count(const struct names *names, const char *word, bool quoted)
{
    return fits_number(names, word, quoted) && word[strspn(word, "0")] != '\0';
}

static bool fits_seed(const struct names *names, const char *word, bool quoted)
{
    (void)names;
    errno = 0;
    bool digits = !quoted && word[0] != '\0' && strspn(word, "0123456789") == strlen(word);
    (void)strtoull(word, NULL, 10);
    return digits && errno == 0;
}

static bool fits_time(const struct names *names, const char *word, bool quoted)
{
    (void)names;
    long long ms;
    return !quoted && parse_time(word, &ms) && ms <= TIME_MS_MAX;
}

/* Of the wall clock, at once: decades, too. */
static bool fits_jump(const struct names *names, const char *word, bool quoted)
{
    (void)names;
    long long ms;
    return !quoted && parse_time(word, &ms);
}

/* Of the wall: "02:30". */
static bool fits_clock(const struct names *names, const char *word, bool quoted)
{
    (void)names;
    bool shaped = !quoted && strlen(word) == 5 && word[2] == ':' &&
                  strspn(word, "0123456789") == 2 && strspn(word + 3, "0123456789") == 2;
    return shaped && strtol(word, NULL, 10) < 24 && strtol(word + 3, NULL, 10) < 60;
}

/* As the API takes it, and as it would be kept. */
static bool fits_telephone(const struct names *names, const char *word, bool quoted)
{
    char number[TELEPHONE_E164_BYTES_MAX];
    (void)names;
    return !quoted && word[0] == '+' && telephone_number_parse(word, number, NULL) == STATUS_OK &&
           strcmp(number, word) == 0;
}

static bool is_among(const char *const *list, const char *word)
{
    while (*list != NULL && strcmp(*list, word) != 0) {
        list++;
    }
    return *list != NULL;
}

/* "r2", "s1", "-3600000". */
static bool is_numbered(const char *word)
{
    word += strchr("rs-", word[0]) != NULL;
    return word[0] != '\0' && strspn(word, "0123456789") == strlen(word);
}

/* Words that must not stand in the timeline: they show something only if they could, so each is one
 * that timelines have. "late", "0:10 step_ended r1 s1", "received paul by push". */
static bool fits_entry(const struct names *names, const char *word, bool quoted)
{
    struct words words;
    long long ms;
    if (!quoted || words_split(&words, word) != NULL) {
        return false;
    }
    int first = words.count > 0 && parse_time(words_at(&words, 0), &ms) ? 1 : 0;
    if (!is_among(entries, words_at(&words, first))) {
        return false;
    }
    for (int i = first + 1; i < words.count; i++) {
        const char *part = words_at(&words, i);
        if (!is_numbered(part) && !is_among(paths, part) && strcmp(part, "by") != 0 &&
            !names_have(names, NAME_AGENT | NAME_CONTACT | NAME_HOLDER, part)) {
            return false;
        }
    }
    return true;
}

/* ---- types ---- */

struct word_type {
    const char *name;
    const char *said;
    bool (*fits)(const struct names *names, const char *word, bool quoted); /* NULL: those below */
    const char *const *list;
    long number_max;   /* of a number from 1 on */
    unsigned names;    /* kinds */
    unsigned declares; /* a kind */
};

#define A_NAME  "a name of small letters, digits and hyphens"
#define A_COUNT "a whole number from 1 to 999999999"
/* Of a procedure, as gateway/core/procedure.c takes it. */
#define FROM_1_TO_(number) "a whole number from 1 to " #number
#define FROM_1_TO(number)  .said = FROM_1_TO_(number), .number_max = (number)

static const struct word_type types[] = {
    {.name = "CUSTOMER", .said = "a customer", .names = NAME_CUSTOMER},
    {.name = "AGENT", .said = "an agent", .names = NAME_AGENT},
    {.name = "CONTACT", .said = "a contact", .names = NAME_CONTACT},
    {.name = "PERSON", .said = "an agent or a contact", .names = NAME_AGENT | NAME_CONTACT},
    {.name = "HOLDER",
     .said = "an agent, a contact or an operator",
     .names = NAME_AGENT | NAME_CONTACT | NAME_HOLDER},
    {.name = "ROTA", .said = "a rota", .names = NAME_ROTA},
    {.name = "PROCEDURE", .said = "a procedure", .names = NAME_PROCEDURE},
    {.name = "CALLBACK", .said = "a callback", .names = NAME_CALLBACK},
    {.name = "ESCALATION", .said = "an escalation", .names = NAME_ESCALATION},
    {.name = "NEW_CUSTOMER", .said = A_NAME, .fits = fits_slug, .declares = NAME_CUSTOMER},
    {.name = "NEW_AGENT", .said = A_NAME, .fits = fits_slug, .declares = NAME_AGENT},
    {.name = "NEW_CONTACT", .said = A_NAME, .fits = fits_slug, .declares = NAME_CONTACT},
    {.name = "NEW_ROTA", .said = A_NAME, .fits = fits_slug, .declares = NAME_ROTA},
    {.name = "NEW_PROCEDURE", .said = A_NAME, .fits = fits_slug, .declares = NAME_PROCEDURE},
    {.name = "NEW_CALLBACK", .said = A_NAME, .fits = fits_slug, .declares = NAME_CALLBACK},
    {.name = "NEW_ESCALATION", .said = A_NAME, .fits = fits_slug, .declares = NAME_ESCALATION},
    {.name = "OPERATOR", .said = "a word", .fits = fits_word, .declares = NAME_HOLDER},
    {.name = "SEVERITY", .said = "a severity", .list = severities},
    {.name = "STATE", .said = "a state", .list = states},
    {.name = "PURPOSE", .said = "a purpose", .list = purposes},
    {.name = "ANSWER", .said = "what becomes of a call", .list = answers},
    {.name = "TASK", .said = "a task", .list = tasks},
    {.name = "STATUS", .said = "an answer", .list = statuses},
    {.name = "MOOD", .said = "a behaviour", .list = moods},
    {.name = "LOSS", .said = "what the disk keeps", .list = losses},
    {.name = "TEXT", .said = "a text in quotes", .fits = fits_quoted},
    {.name = "PART", .said = "a word or a text in quotes", .fits = fits_word},
    {.name = "ENTRY",
     .said = "an entry of the timeline in quotes: a time (or none), its kind, then people, paths "
             "and numbers",
     .fits = fits_entry},
    {.name = "NAME", .said = "a word", .fits = fits_word},
    {.name = "COUNT", .said = A_COUNT, .fits = fits_count},
    {.name = "ROUNDS", FROM_1_TO(PROCEDURE_ROUNDS_MAX)},
    {.name = "ACCEPTANCES", FROM_1_TO(ACCEPTANCES_MAX)},
    {.name = "HOUR_S", FROM_1_TO(3600)},
    {.name = "DAY_S", FROM_1_TO(86400)},
    {.name = "NUMBER", .said = "a whole number from 0 to 999999999", .fits = fits_number},
    {.name = "SEED", .said = "a whole number from 0 to 18446744073709551615", .fits = fits_seed},
    {.name = "TIME", .said = TIME_SAID, .fits = fits_time},
    {.name = "JUMP", .said = A_TIME, .fits = fits_jump},
    {.name = "CLOCK", .said = "a time of the day such as 02:30", .fits = fits_clock},
    {.name = "TELEPHONE", .said = "a number such as +33612345678", .fits = fits_telephone},
};

const struct word_type *word_type_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strlen(types[i].name) == length && memcmp(types[i].name, name, length) == 0) {
            return &types[i];
        }
    }
    box_die("no such type of a word: %.*s", (int)length, name);
}

const char *word_type_nth(const struct word_type *type, const struct names *names, size_t index)
{
    if (type->names != 0) {
        return nth_name(names, type->names, index);
    }
    for (size_t i = 0; type->list != NULL && type->list[i] != NULL; i++) {
        if (i == index) {
            return type->list[i];
        }
    }
    return NULL;
}

bool word_type_fits(const struct word_type *type, const struct names *names, const char *word,
                    bool quoted)
{
    if (type->fits != NULL) {
        return type->fits(names, word, quoted);
    }
    if (type->number_max != 0) {
        return fits_count(names, word, quoted) && strtol(word, NULL, 10) <= type->number_max;
    }
    if (type->names != 0) {
        return (!quoted || (type->names & NAME_HOLDER) != 0) &&
               names_have(names, type->names, word);
    }
    return !quoted && is_among(type->list, word);
}

unsigned word_type_declares(const struct word_type *type)
{
    return type->declares;
}

void word_type_say(const struct word_type *type, const struct names *names, FILE *out)
{
    (void)fputs(type->said, out);
    if (type->fits != NULL || type->number_max != 0) {
        return;
    }
    const char *word = word_type_nth(type, names, 0);
    (void)fputs(word == NULL ? " (there is none yet" : " (", out);
    for (size_t i = 0; word != NULL && i < WORDS_SAID_MAX; i++) {
        (void)fprintf(out, "%s%s", i > 0 ? ", " : "", word);
        word = word_type_nth(type, names, i + 1);
    }
    (void)fputs(word != NULL ? ", …)" : ")", out);
}
