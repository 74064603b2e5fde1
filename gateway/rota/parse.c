#include "gateway/rota/parse_private.h"

#include <stdio.h>
#include <string.h>

#include "gateway/rota/calendar_private.h"

static const char *const weekday_words[] = {"monday", "tuesday",  "wednesday", "thursday",
                                            "friday", "saturday", "sunday",    NULL};

/* Exactly `digits` digits at text; -1 when they are not there. */
static int digits_at(const char *text, int digits)
{
    int number = 0;
    for (int i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

bool parse_time_text(const char *text, int32_t *seconds_r)
{
    size_t length = strlen(text);
    bool ok = (length == 5 || length == 8) && text[2] == ':' && (length == 5 || text[5] == ':');
    int hours = ok ? digits_at(text, 2) : -1;
    int minutes = ok ? digits_at(text + 3, 2) : -1;
    int seconds = !ok ? -1 : length == 8 ? digits_at(text + 6, 2) : 0;
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59) {
        return false;
    }
    *seconds_r = hours * 3600 + minutes * 60 + seconds;
    return true;
}

void parse_time_of_day(struct json_reader *reader, const char *name, int32_t *seconds_r)
{
    const char *text = json_take_text(reader, name, true, 0, 16);
    if (text != NULL && !parse_time_text(text, seconds_r)) {
        json_reader_fault(reader, name, "must be a time of day like 18:30");
    }
}

int parse_weekday_word(const char *word)
{
    for (int i = 0; weekday_words[i] != NULL; i++) {
        if (strcmp(word, weekday_words[i]) == 0) {
            return i + 1;
        }
    }
    return 0;
}

int parse_weekday(struct json_reader *reader, const char *name)
{
    return json_take_word(reader, name, true, weekday_words, -1) + 1;
}

bool parse_date_text(const char *text, int32_t *days_r)
{
    bool ok = strlen(text) == 10 && text[4] == '-' && text[7] == '-';
    int year = ok ? digits_at(text, 4) : -1;
    int month = ok ? digits_at(text + 5, 2) : -1;
    int day = ok ? digits_at(text + 8, 2) : -1;
    if (year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > calendar_month_days(year, month)) {
        return false;
    }
    *days_r = (int32_t)calendar_days(year, month, day);
    return true;
}

void parse_date(struct json_reader *reader, const char *name, bool required, int32_t *days_r)
{
    const char *text = json_take_text(reader, name, required, 0, 16);
    if (text != NULL && !parse_date_text(text, days_r)) {
        json_reader_fault(reader, name, "must be a date like 2026-01-05");
    }
}

enum status parse_list(struct json_reader *above, const struct parse_list *list,
                       struct arena *arena, void **items_r, size_t *count_r)
{
    json_t *array =
        json_take_array(above, list->name, list->required, list->items_min, list->items_max);
    if (array == NULL) {
        return above->status;
    }
    size_t count = json_array_size(array);
    char *items = arena_alloc(arena, count * list->item_bytes);
    if (items == NULL) {
        return error_set(above->error, STATUS_NO_MEMORY, "%s is too large", list->name);
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        char pointer[POINTER_BYTES_MAX];
        (void)snprintf(pointer, sizeof pointer, "%s/%s/%zu", above->pointer, list->name, i);
        status = list->read(json_array_get(array, i), pointer, arena, items + i * list->item_bytes,
                            above->error);
    }
    *items_r = items;
    *count_r = count;
    return status;
}
