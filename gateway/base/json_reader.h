/* json_reader.h - takes typed members out of a jansson object and says exactly what is wrong.
 *
 * A reader walks one object. Every json_take_*() marks its member as known; json_reader_end()
 * finds the unknown ones. Texts point into the jansson value and live as long as it does.
 */
#ifndef GATEWAY_BASE_JSON_READER_H
#define GATEWAY_BASE_JSON_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/status.h"

#define JSON_MEMBERS_MAX 64
#define JSON_DEPTH_MAX   32

/* Wraps jansson's allocator, once in a process: jansson cuts a string that it has no memory for and
 * calls it good. To come before other threads use jansson; json_parse() does it at the latest. */
void json_watch_memory(void);

/* Reads a whole document: UTF-8, at most JSON_DEPTH_MAX levels, no duplicate names, nothing behind
 * it. The caller releases *json_r with json_decref(). STATUS_INVALID with position and cause. */
enum status json_parse(const char *text, size_t bytes, json_t **json_r,
                       struct error *error) MUST_CHECK;

struct json_reader {
    json_t *object;
    const char *pointer; /* of the object itself; "" for the document */
    const char *known[JSON_MEMBERS_MAX];
    unsigned known_count;
    struct error *error; /* the first fault's detail */
    enum status status;  /* STATUS_OK until the first fault */
};

/* Begins to read `object` (borrowed), whose place in the document is `pointer` (borrowed). A value
 * that is not an object is a fault. */
void json_reader_init(struct json_reader *reader, json_t *object, const char *pointer,
                      struct error *error);

/* Notes a fault of member `name` (NULL: the object; "phones/3" for what lies deeper) unless there
 * is one already. */
void json_reader_fault(struct json_reader *reader, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Each answers the member's value; after a fault, or when an optional member is absent or null, the
 * fallback. Lengths are in bytes of UTF-8. */
const char *json_take_text(struct json_reader *reader, const char *name, bool required,
                           size_t bytes_min, size_t bytes_max);
const char *json_take_slug(struct json_reader *reader, const char *name, bool required);
int64_t json_take_int(struct json_reader *reader, const char *name, bool required, int64_t low,
                      int64_t high, int64_t fallback);
bool json_take_bool(struct json_reader *reader, const char *name, bool fallback);
/* One of the words of a NULL-terminated table: its index, or fallback. */
int json_take_word(struct json_reader *reader, const char *name, bool required,
                   const char *const *words, int fallback);
/* NULL when absent; otherwise an array of at most items_max, or an object, or (value) whatever it
 * is. Borrowed. */
json_t *json_take_array(struct json_reader *reader, const char *name, bool required,
                        size_t items_min, size_t items_max);
json_t *json_take_object(struct json_reader *reader, const char *name, bool required);
json_t *json_take_value(struct json_reader *reader, const char *name, bool required);

/* Whether the member is there and not null; does not mark it as known. */
bool json_reader_has(const struct json_reader *reader, const char *name);

/* The first member that nobody took, or NULL. */
const char *json_reader_unknown(const struct json_reader *reader);

/* Refuses unknown members, naming the known one that was likely meant, then answers the status. */
enum status json_reader_end(struct json_reader *reader) MUST_CHECK;

#endif
