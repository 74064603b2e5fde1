/* rules_times.c - times of the week on the customer's clock: {"days":["saturday","holidays"],
 * "from":"22:00","to":"06:00"}. A time belongs to the date on which it begins, and may end on the
 * next; so Saturday's night is over on Sunday at six. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/qualification/rules_private.h"

#define POINTER_BYTES_MAX 64
#define DAY_MINUTES       1440

static const char *const day_words[] = {"monday", "tuesday",  "wednesday", "thursday",
                                        "friday", "saturday", "sunday",    "holidays"};
static const char *const day_words_fr[] = {"lundi",    "mardi",  "mercredi", "jeudi",
                                           "vendredi", "samedi", "dimanche", "jours fériés"};
#define DAY_WORDS_COUNT (sizeof day_words / sizeof day_words[0])
_Static_assert(DAY_WORDS_COUNT == RULE_DAY_HOLIDAYS + 1, "a word for each");

/* ---- reading ---- */

/* "HH:MM"; -1 and a fault otherwise. */
static int take_minute(struct json_reader *reader, const char *name)
{
    const char *text = json_take_text(reader, name, true, 5, 5);
    bool timed = text != NULL && strspn(text, "0123456789") == 2 && text[2] == ':' &&
                 strspn(text + 3, "0123456789") == 2;
    int hours = timed ? (int)strtol(text, NULL, 10) : 0;
    int minutes = timed ? (int)strtol(text + 3, NULL, 10) : 0;
    if (text != NULL && (!timed || hours > 23 || minutes > 59)) {
        json_reader_fault(reader, name, "must be a time of the day such as 22:00");
    }
    return reader->status == STATUS_OK ? hours * 60 + minutes : -1;
}

static void take_day(struct json_reader *reader, size_t index, const json_t *value, unsigned *days)
{
    char place[POINTER_BYTES_MAX];
    const char *word = json_string_value(value);
    unsigned day = 0;
    while (word != NULL && day < DAY_WORDS_COUNT && strcmp(day_words[day], word) != 0) {
        day++;
    }
    (void)snprintf(place, sizeof place, "days/%zu", index);
    if (word == NULL || day == DAY_WORDS_COUNT) {
        json_reader_fault(reader, place, "must be monday, …, sunday or holidays");
    } else if ((*days & 1u << day) != 0) {
        json_reader_fault(reader, place, "is there twice: leave it out");
    } else {
        *days |= 1u << day;
    }
}

static enum status read_time(const char *pointer, json_t *json, struct rule_time *time,
                             struct error *error)
{
    struct json_reader reader;
    json_reader_init(&reader, json, pointer, error);
    bool timed = json_reader_has(&reader, "from") || json_reader_has(&reader, "to");
    bool has_days = json_reader_has(&reader, "days");
    json_t *days = json_take_array(&reader, "days", false, 1, DAY_WORDS_COUNT);
    for (size_t i = 0; i < json_array_size(days) && reader.status == STATUS_OK; i++) {
        take_day(&reader, i, json_array_get(days, i), &time->days);
    }
    if (timed && reader.status == STATUS_OK) {
        time->from_minute = take_minute(&reader, "from");
        time->to_minute = take_minute(&reader, "to");
    }
    if (reader.status == STATUS_OK && !timed && !has_days) {
        json_reader_fault(&reader, NULL, "must have \"days\", or \"from\" and \"to\", or all");
    }
    time->days = has_days ? time->days : RULE_DAYS_WEEK;
    return json_reader_end(&reader);
}

enum status rules_take_times(struct json_reader *above, struct arena *arena, struct rule *rule,
                             struct error *error)
{
    json_t *value = json_take_value(above, "at", false);
    if (value == NULL) {
        return above->status;
    }
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    if (count == 0 || count > RULES_TIMES_MAX) {
        json_reader_fault(above, "at", "must have 1 to %d times", RULES_TIMES_MAX);
        return above->status;
    }
    rule->times = arena_alloc(arena, count * sizeof *rule->times);
    if (rule->times == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the rules");
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        char pointer[POINTER_BYTES_MAX], place[16] = "";
        if (json_is_array(value)) {
            (void)snprintf(place, sizeof place, "/%zu", i);
        }
        (void)snprintf(pointer, sizeof pointer, "%s/at%s", above->pointer, place);
        status = read_time(pointer, json_is_array(value) ? json_array_get(value, i) : value,
                           &rule->times[i], error);
    }
    rule->times_count = count;
    return status;
}

/* ---- asking ---- */

static bool begins_on(unsigned days, int weekday, bool holiday)
{
    return (days & 1u << weekday) != 0 || (holiday && (days & 1u << RULE_DAY_HOLIDAYS) != 0);
}

static bool time_holds(const struct rule_time *time, const struct rules_clock *clock)
{
    bool today = begins_on(time->days, clock->weekday, clock->holiday);
    if (time->from_minute < time->to_minute) {
        return today && clock->minute >= time->from_minute && clock->minute < time->to_minute;
    }
    bool yesterday = begins_on(time->days, (clock->weekday + 6) % 7, clock->holiday_yesterday);
    return (today && clock->minute >= time->from_minute) ||
           (yesterday && clock->minute < time->to_minute);
}

const struct rule_time *rules_time_held(const struct rule *rule, const struct rules_clock *clock)
{
    for (size_t i = 0; i < rule->times_count; i++) {
        if (time_holds(&rule->times[i], clock)) {
            return &rule->times[i];
        }
    }
    return NULL;
}

enum rules_answer rules_time_answer(const struct rule *rule, const struct rules_clock *clock)
{
    struct rules_clock guess = *clock;
    if (rule->times_count == 0) {
        return RULES_YES;
    }
    if (!clock->is_known) {
        return RULES_UNKNOWN;
    }
    if (clock->holidays_known) {
        return rules_time_held(rule, clock) != NULL ? RULES_YES : RULES_NO;
    }
    guess.holiday = guess.holiday_yesterday = false;
    if (rules_time_held(rule, &guess) != NULL) {
        return RULES_YES;
    }
    guess.holiday = guess.holiday_yesterday = true; /* a holiday only adds times */
    return rules_time_held(rule, &guess) != NULL ? RULES_UNKNOWN : RULES_NO;
}

bool rules_ask_time(const struct rules *rules)
{
    bool asks = false;
    for (size_t i = 0; i < rules->count; i++) {
        asks = asks || rules->rules[i].times_count > 0;
    }
    return asks;
}

/* ---- telling them apart ---- */

/* Each minute at which some time begins or ends, and midnight. */
static void note_edges(const struct rules *rules, bool edges[DAY_MINUTES])
{
    edges[0] = true;
    for (size_t i = 0; i < rules->count; i++) {
        for (size_t k = 0; k < rules->rules[i].times_count; k++) {
            edges[rules->rules[i].times[k].from_minute] = true;
            edges[rules->rules[i].times[k].to_minute] = true;
        }
    }
}

/* Which rules hold then, a bit each. */
static uint64_t holding(const struct rules *rules, const struct rules_clock *clock)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        if (rule->times_count == 0 || rules_time_held(rule, clock) != NULL) {
            bits |= UINT64_C(1) << i;
        }
    }
    return bits;
}

size_t rules_list_times(const struct rules *rules, uint64_t *kinds, size_t kinds_max)
{
    bool edges[DAY_MINUTES] = {false};
    size_t count = 0;
    note_edges(rules, edges);
    for (unsigned day = 0; day < 7 * 4; day++) {
        struct rules_clock clock = {.is_known = true,
                                    .holidays_known = true,
                                    .weekday = (int)(day / 4),
                                    .holiday = day % 2 != 0,
                                    .holiday_yesterday = day / 2 % 2 != 0};
        for (clock.minute = 0; clock.minute < DAY_MINUTES; clock.minute++) {
            if (!edges[clock.minute]) {
                continue;
            }
            uint64_t bits = holding(rules, &clock);
            size_t k = 0;
            while (k < count && kinds[k] != bits) {
                k++;
            }
            if (k == kinds_max) {
                return kinds_max + 1;
            }
            kinds[k] = bits;
            count += k == count;
        }
    }
    return count;
}

/* ---- words ---- */

static void add(char *text, const char *more)
{
    size_t used = strlen(text);
    (void)snprintf(text + used, RULES_TIME_WORDS_BYTES_MAX - used, "%s", more);
}

void rules_time_words(const struct rule_time *time, bool french,
                      char words_r[RULES_TIME_WORDS_BYTES_MAX])
{
    char hours[48];
    const char *const *words = french ? day_words_fr : day_words;
    words_r[0] = '\0';
    for (unsigned day = 0; time->days != RULE_DAYS_WEEK && day < DAY_WORDS_COUNT; day++) {
        if ((time->days & 1u << day) != 0) {
            add(words_r, words_r[0] != '\0' ? "/" : "");
            add(words_r, words[day]);
        }
    }
    if (time->from_minute != time->to_minute || time->from_minute != 0) {
        (void)snprintf(hours, sizeof hours,
                       french ? "%sde %02d:%02d à %02d:%02d" : "%sfrom %02d:%02d to %02d:%02d",
                       words_r[0] != '\0' ? " " : "", time->from_minute / 60,
                       time->from_minute % 60, time->to_minute / 60, time->to_minute % 60);
        add(words_r, hours);
    } else if (words_r[0] == '\0') {
        add(words_r, french ? "tous les jours" : "every day");
    }
}
