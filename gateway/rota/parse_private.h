/* parse_private.h - what the JSON forms of this room have in common: dates, times, lists. */
#ifndef GATEWAY_ROTA_PARSE_PRIVATE_H
#define GATEWAY_ROTA_PARSE_PRIVATE_H

#include "gateway/base/arena.h"
#include "gateway/base/json_reader.h"

/* Room for "/layers/7/restrictions/15/from"; the reader appends the member's name. */
#define POINTER_BYTES_MAX 64

/* A list as JSON has it, and where it goes. */
struct parse_list {
    const char *name;
    bool required;
    size_t items_min, items_max;
    size_t item_bytes;
    /* Reads one item, whose place is `pointer`, into item_r (zeroed). */
    enum status (*read)(json_t *json, const char *pointer, struct arena *arena, void *item_r,
                        struct error *error);
};

/* Reads a list into the arena: NULL and 0 when an optional one is absent. */
enum status parse_list(struct json_reader *above, const struct parse_list *list,
                       struct arena *arena, void **items_r, size_t *count_r) MUST_CHECK;

/* "18:00" or "18:00:30", in seconds since midnight. After a fault the output is untouched. */
void parse_time_of_day(struct json_reader *reader, const char *name, int32_t *seconds_r);

/* The same of a text, and of a date's (parse_date()); false, and the output untouched, when it is
 * none. */
bool parse_time_text(const char *text, int32_t *seconds_r);
bool parse_date_text(const char *text, int32_t *days_r);

/* 1 Monday … 7 Sunday by its English name in lower case; 0 for any other word. */
int parse_weekday_word(const char *word);

/* The same of a member; after a fault 0. */
int parse_weekday(struct json_reader *reader, const char *name);

/* "2026-01-05", as days since 1970-01-01; untouched when absent or after a fault. */
void parse_date(struct json_reader *reader, const char *name, bool required, int32_t *days_r);

#endif
