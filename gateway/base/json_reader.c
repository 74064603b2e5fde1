#include "gateway/base/json_reader.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/text.h"

#define DUPLICATE_BYTES_MAX 64 /* of a name that is cited */
#define NAME_NEAR_BYTES_MAX 64 /* names that are compared are shorter */
#define NAME_NEAR_MAX       2  /* slips of the finger */

/* Without memory jansson calls a string an invalid token (load.c, lex_scan_string), which would be
 * the sender's fault, and leaves a character out of one that cannot grow (lex_save), which nobody
 * would notice: whether memory ran out is noted where it is asked for.
 */
static json_malloc_t ask_memory;
static _Thread_local bool memory_ran_out;

static void *ask_and_note(size_t bytes)
{
    void *memory = ask_memory(bytes);
    memory_ran_out = memory_ran_out || memory == NULL;
    return memory;
}

static void wrap_allocator(void)
{
    json_free_t give_back;
    json_get_alloc_funcs(&ask_memory, &give_back);
    json_set_alloc_funcs(ask_and_note, give_back);
}

void json_watch_memory(void)
{
    static pthread_once_t watched = PTHREAD_ONCE_INIT;
    (void)pthread_once(&watched, wrap_allocator);
}

static int depth_of(const char *text, size_t bytes)
{
    int depth = 0, deepest = 0;
    bool in_text = false;
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        if (in_text) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_text = false;
            }
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            depth++;
            deepest = depth > deepest ? depth : deepest;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return deepest;
}

/* The member's name as it stands in the text, which ends with its closing quote: jansson cites only
 * short ones. */
static enum status refuse_duplicate(const char *text, size_t bytes, const json_error_t *fault,
                                    struct error *error)
{
    char name[DUPLICATE_BYTES_MAX + 1] = "";
    size_t end = fault->position > 0 && (size_t)fault->position <= bytes && /* a peer's text */
                         text[fault->position - 1] == '"'
                     ? (size_t)fault->position - 1
                     : 0;
    size_t begin = end;
    while (begin > 0 && (text[begin - 1] != '"' || (begin > 1 && text[begin - 2] == '\\'))) {
        begin--;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)(end - begin), text + begin);
    text_trim_utf8(name);
    return error_set_at(
        error, STATUS_INVALID, "",
        "not valid JSON: line %d, column %d: the member \"%s\" is there twice in one "
        "object: send it once",
        fault->line, fault->column, name);
}

enum status json_parse(const char *text, size_t bytes, json_t **json_r, struct error *error)
{
    /* jansson's own limit is 2048 levels, and freeing is recursive: cap it before parsing. */
    if (depth_of(text, bytes) > JSON_DEPTH_MAX) {
        return error_set_at(error, STATUS_INVALID, "", "JSON nested deeper than %d levels",
                            JSON_DEPTH_MAX);
    }
    json_watch_memory();
    memory_ran_out = false;
    json_error_t fault;
    json_t *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
    if (memory_ran_out) {
        json_decref(json);
        return error_set(error, STATUS_NO_MEMORY, "no memory to read JSON");
    }
    if (json == NULL && json_error_code(&fault) == json_error_duplicate_key) {
        return refuse_duplicate(text, bytes, &fault, error);
    }
    if (json == NULL) {
        /* What jansson cites is the body's text, which may be personal. */
        char *cited = strstr(fault.text, " near '");
        if (cited != NULL) {
            *cited = '\0';
        }
        return error_set_at(error, STATUS_INVALID, "", "not valid JSON: line %d, column %d: %s",
                            fault.line, fault.column, fault.text);
    }
    *json_r = json;
    return STATUS_OK;
}

void json_reader_init(struct json_reader *reader, json_t *object, const char *pointer,
                      struct error *error)
{
    *reader = (struct json_reader){.object = object, .pointer = pointer, .error = error};
    if (!json_is_object(object)) {
        json_reader_fault(reader, NULL, "must be an object");
    }
}

void json_reader_fault(struct json_reader *reader, const char *name, const char *format, ...)
{
    if (reader->status != STATUS_OK) {
        return;
    }
    char text[ERROR_TEXT_BYTES_MAX], pointer[ERROR_POINTER_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int length = snprintf(pointer, sizeof pointer, "%s%s%s", reader->pointer,
                          name != NULL ? "/" : "", name != NULL ? name : "");
    if (length >= 0 && (size_t)length >= sizeof pointer) {
        text_trim_utf8(pointer);
    }
    reader->status = error_set_at(reader->error, STATUS_INVALID, pointer, "%s: %s",
                                  pointer[0] != '\0' ? pointer : "the body", text);
}

bool json_reader_has(const struct json_reader *reader, const char *name)
{
    json_t *value = json_object_get(reader->object, name);
    return value != NULL && !json_is_null(value);
}

/* The member when it is there and not null. */
static json_t *take(struct json_reader *reader, const char *name, bool required)
{
    assert(reader->known_count < JSON_MEMBERS_MAX);
    reader->known[reader->known_count++] = name;
    json_t *value = json_object_get(reader->object, name);
    if (value == NULL || json_is_null(value)) {
        if (required) {
            json_reader_fault(reader, name, "is required");
        }
        return NULL;
    }
    return value;
}

const char *json_take_text(struct json_reader *reader, const char *name, bool required,
                           size_t bytes_min, size_t bytes_max)
{
    json_t *value = take(reader, name, required);
    if (value == NULL) {
        return NULL;
    }
    if (!json_is_string(value)) {
        json_reader_fault(reader, name, "must be a string");
        return NULL;
    }
    size_t length = json_string_length(value);
    if (length > bytes_max) {
        json_reader_fault(reader, name, "is longer than %zu bytes", bytes_max);
        return NULL;
    }
    if (length < bytes_min) {
        json_reader_fault(reader, name, length == 0 ? "must not be empty" : "is too short");
        return NULL;
    }
    const char *text = json_string_value(value);
    for (const char *at = text; *at != '\0'; at++) {
        if (((unsigned char)*at < 0x20 && strchr("\t\n\r", *at) == NULL) || *at == 0x7f) {
            json_reader_fault(reader, name, "must not hold control characters");
            return NULL;
        }
    }
    return text;
}

const char *json_take_slug(struct json_reader *reader, const char *name, bool required)
{
    const char *text = json_take_text(reader, name, required, 1, SLUG_BYTES_MAX - 1);
    if (text != NULL && !text_is_slug(text)) {
        json_reader_fault(reader, name,
                          "must be lower-case letters, digits and '-', beginning with a letter or "
                          "digit");
        return NULL;
    }
    return text;
}

int64_t json_take_int(struct json_reader *reader, const char *name, bool required, int64_t low,
                      int64_t high, int64_t fallback)
{
    json_t *value = take(reader, name, required);
    if (value == NULL) {
        return fallback;
    }
    if (!json_is_integer(value)) {
        json_reader_fault(reader, name, "must be a whole number");
        return fallback;
    }
    int64_t number = json_integer_value(value);
    if (number < low || number > high) {
        json_reader_fault(reader, name, "must be between %lld and %lld", (long long)low,
                          (long long)high);
        return fallback;
    }
    return number;
}

bool json_take_bool(struct json_reader *reader, const char *name, bool fallback)
{
    json_t *value = take(reader, name, false);
    if (value == NULL) {
        return fallback;
    }
    if (!json_is_boolean(value)) {
        json_reader_fault(reader, name, "must be true or false");
        return fallback;
    }
    return json_is_true(value);
}

int json_take_word(struct json_reader *reader, const char *name, bool required,
                   const char *const *words, int fallback)
{
    json_t *value = take(reader, name, required);
    if (value == NULL) {
        return fallback;
    }
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    char allowed[120] = "";
    size_t used = 0;
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0) {
            return i;
        }
        int wrote =
            snprintf(allowed + used, sizeof allowed - used, "%s%s", i > 0 ? ", " : "", words[i]);
        used = wrote < 0 || used + (size_t)wrote >= sizeof allowed ? used : used + (size_t)wrote;
    }
    json_reader_fault(reader, name, "must be one of %s", allowed);
    return fallback;
}

json_t *json_take_array(struct json_reader *reader, const char *name, bool required,
                        size_t items_min, size_t items_max)
{
    json_t *value = take(reader, name, required);
    if (value == NULL) {
        return NULL;
    }
    if (!json_is_array(value)) {
        json_reader_fault(reader, name, "must be an array");
        return NULL;
    }
    if (json_array_size(value) < items_min || json_array_size(value) > items_max) {
        json_reader_fault(reader, name, "must have %zu to %zu items", items_min, items_max);
        return NULL;
    }
    return value;
}

json_t *json_take_value(struct json_reader *reader, const char *name, bool required)
{
    return take(reader, name, required);
}

json_t *json_take_object(struct json_reader *reader, const char *name, bool required)
{
    json_t *value = take(reader, name, required);
    if (value != NULL && !json_is_object(value)) {
        json_reader_fault(reader, name, "must be an object");
        return NULL;
    }
    return value;
}

const char *json_reader_unknown(const struct json_reader *reader)
{
    const char *name;
    json_t *value;
    json_object_foreach(reader->object, name, value)
    {
        bool known = false;
        for (unsigned i = 0; i < reader->known_count && !known; i++) {
            known = strcmp(name, reader->known[i]) == 0;
        }
        if (!known) {
            return name;
        }
    }
    return NULL;
}

/* A name that the peer chose, as RFC 6901 (section 4) writes it in a pointer; cut when too long. */
static void escape_pointer(const char *name, char pointer_r[ERROR_POINTER_BYTES_MAX])
{
    size_t used = 0;
    for (; *name != '\0' && used + 2 < ERROR_POINTER_BYTES_MAX; name++) {
        if (*name == '~' || *name == '/') {
            pointer_r[used++] = '~';
            pointer_r[used++] = *name == '~' ? '0' : '1';
        } else {
            pointer_r[used++] = *name;
        }
    }
    pointer_r[used] = '\0';
    text_trim_utf8(pointer_r);
}

/* How many bytes are to be put in, left out or changed to make one name of the other (Levenshtein);
 * NAME_NEAR_BYTES_MAX when one of them is longer than the names that we have. */
static size_t distance_of(const char *left, const char *right)
{
    size_t left_bytes = strlen(left), right_bytes = strlen(right);
    size_t row[NAME_NEAR_BYTES_MAX];
    if (left_bytes >= NAME_NEAR_BYTES_MAX || right_bytes >= NAME_NEAR_BYTES_MAX) {
        return NAME_NEAR_BYTES_MAX;
    }
    for (size_t r = 0; r <= right_bytes; r++) {
        row[r] = r;
    }
    for (size_t l = 1; l <= left_bytes; l++) {
        size_t corner = row[0];
        row[0] = l;
        for (size_t r = 1; r <= right_bytes; r++) {
            size_t changed = corner + (left[l - 1] != right[r - 1] ? 1 : 0);
            size_t missing = (row[r] < row[r - 1] ? row[r] : row[r - 1]) + 1;
            corner = row[r];
            row[r] = changed < missing ? changed : missing;
        }
    }
    return row[right_bytes];
}

/* The known name that a mistyped one most likely stands for; NULL: none is near. */
static const char *nearest_known(const struct json_reader *reader, const char *unknown)
{
    const char *nearest = NULL;
    size_t least = strlen(unknown) / 2 < NAME_NEAR_MAX ? strlen(unknown) / 2 : NAME_NEAR_MAX;
    for (unsigned i = 0; i < reader->known_count; i++) {
        bool is_given = json_object_get(reader->object, reader->known[i]) != NULL;
        size_t distance = is_given ? NAME_NEAR_BYTES_MAX : distance_of(unknown, reader->known[i]);
        if (distance <= least && (nearest == NULL || distance < least)) {
            nearest = reader->known[i];
            least = distance;
        }
    }
    return nearest;
}

enum status json_reader_end(struct json_reader *reader)
{
    const char *unknown = json_reader_unknown(reader);
    if (unknown != NULL) {
        char pointer[ERROR_POINTER_BYTES_MAX];
        escape_pointer(unknown, pointer);
        const char *nearest = nearest_known(reader, unknown);
        json_reader_fault(reader, pointer, "is not a known field%s%s%s",
                          nearest != NULL ? "; did you mean \"" : "",
                          nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
    }
    return reader->status;
}
