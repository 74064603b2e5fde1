/* rules_parse.c - reads a rule set's JSON form. Every fault names its place: people write these. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/qualification/rules_private.h"

/* Room for "/rules/63/when/fields/" and a name of which each byte is escaped; what is beyond an
 * error's pointer is cut there. */
#define POINTER_BYTES_MAX 192
#define NUMBER_DIGITS_MAX 15

struct parse {
    struct arena *arena;
    struct error *error;
};

/* What the texts of one condition may be. */
struct form {
    size_t bytes_max;
    bool numbers;       /* E.164, with an optional "*" */
    bool only_presence; /* no texts at all */
};

static enum status out_of_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the rules");
}

void rules_escape_name(const char *name, char escaped_r[RULES_ESCAPED_BYTES_MAX])
{
    size_t used = 0;
    for (size_t i = 0; name[i] != '\0' && i < RULES_NAME_BYTES_MAX; i++) {
        if (name[i] == '~' || name[i] == '/') {
            escaped_r[used++] = '~';
            escaped_r[used++] = name[i] == '~' ? '0' : '1';
        } else {
            escaped_r[used++] = name[i];
        }
    }
    escaped_r[used] = '\0';
}

static bool has_control_characters(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return true;
        }
    }
    return false;
}

/* "+33388000000", or with "*" in place of its last digits. */
static bool is_number(const char *text)
{
    size_t digits = text[0] == '+' ? strspn(text + 1, "0123456789") : 0;
    return digits > 0 && digits <= NUMBER_DIGITS_MAX && text[1] != '0' &&
           (text[1 + digits] == '\0' || strcmp(text + 1 + digits, "*") == 0);
}

/* What is wrong with a text, or NULL. */
static const char *text_fault(const json_t *value, const struct form *form)
{
    const char *text = json_string_value(value);
    if (text == NULL) {
        return "must be a text";
    }
    if (form->numbers) {
        return is_number(text) ? NULL
                               : "must be a number such as +33388000000, or the beginning of one "
                                 "and \"*\"";
    }
    if (text[0] == '\0') {
        return "must not be empty: {\"present\":false} asks for that";
    }
    if (strlen(text) > form->bytes_max) {
        return "is longer than what a call can carry";
    }
    return has_control_characters(text) ? "must not hold control characters" : NULL;
}

static bool is_repeated(const struct rule_condition *condition, const struct rule_text *text)
{
    for (size_t i = 0; i < condition->texts_count; i++) {
        const struct rule_text *other = &condition->texts[i];
        if (other->begins == text->begins && strcmp(other->text, text->text) == 0) {
            return true;
        }
    }
    return false;
}

/* Adds one text; `place` is its pointer below the reader's object. */
static enum status add_text(struct parse *parse, struct json_reader *reader, const char *place,
                            const json_t *value, const struct form *form,
                            struct rule_condition *condition)
{
    const char *fault = text_fault(value, form);
    if (fault != NULL) {
        json_reader_fault(reader, place, "%s", fault);
        return reader->status;
    }
    const char *given = json_string_value(value);
    struct rule_text text = {.bytes = strlen(given)};
    if (form->numbers && given[text.bytes - 1] == '*') {
        text.begins = true;
        text.bytes--;
    }
    text.text = arena_text_n(parse->arena, given, text.bytes);
    if (text.text == NULL) {
        return out_of_memory(parse->error);
    }
    if (is_repeated(condition, &text)) {
        json_reader_fault(reader, place, "is there twice: leave it out");
        return reader->status;
    }
    condition->texts[condition->texts_count++] = text;
    return STATUS_OK;
}

static enum status read_texts(struct parse *parse, struct json_reader *reader, const char *place,
                              json_t *value, const struct form *form,
                              struct rule_condition *condition)
{
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    if (count == 0 || count > RULES_TEXTS_MAX) {
        json_reader_fault(reader, place, "must have 1 to %d texts", RULES_TEXTS_MAX);
        return reader->status;
    }
    condition->test = RULE_ONE_OF;
    condition->texts = arena_alloc(parse->arena, count * sizeof *condition->texts);
    if (condition->texts == NULL) {
        return out_of_memory(parse->error);
    }
    if (!json_is_array(value)) {
        return add_text(parse, reader, place, value, form, condition);
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        char item[POINTER_BYTES_MAX];
        (void)snprintf(item, sizeof item, "%s/%zu", place, i);
        status = add_text(parse, reader, item, json_array_get(value, i), form, condition);
    }
    return status;
}

/* {"present":true}, {"present":false} */
static enum status read_presence(struct json_reader *above, const char *place, json_t *value,
                                 struct rule_condition *condition)
{
    char pointer[POINTER_BYTES_MAX];
    struct json_reader reader;
    (void)snprintf(pointer, sizeof pointer, "%s/%s", above->pointer, place);
    json_reader_init(&reader, value, pointer, above->error);
    if (!json_reader_has(&reader, "present")) {
        json_reader_fault(&reader, "present", "is required");
    }
    condition->test = json_take_bool(&reader, "present", true) ? RULE_PRESENT : RULE_ABSENT;
    return json_reader_end(&reader);
}

static enum status read_condition(struct parse *parse, struct json_reader *reader,
                                  const char *place, json_t *value, const struct form *form,
                                  struct rule_condition *condition)
{
    if (value == NULL) {
        return reader->status;
    }
    if (json_is_object(value)) {
        return read_presence(reader, place, value, condition);
    }
    if (form->only_presence) {
        json_reader_fault(reader, place, "must be {\"present\":true} or {\"present\":false}");
        return reader->status;
    }
    if (!json_is_string(value) && !json_is_array(value)) {
        json_reader_fault(reader, place, "must be a text, a list of texts or {\"present\":true}");
        return reader->status;
    }
    return read_texts(parse, reader, place, value, form, condition);
}

static enum status read_fields(struct parse *parse, struct json_reader *above, struct rule *rule)
{
    static const struct form form = {.bytes_max = RULES_TEXT_BYTES_MAX};
    json_t *object = json_take_object(above, "fields", false);
    if (object == NULL) {
        return above->status;
    }
    size_t count = json_object_size(object);
    if (count > RULES_FIELDS_MAX) {
        json_reader_fault(above, "fields", "must have at most %d fields", RULES_FIELDS_MAX);
        return above->status;
    }
    rule->fields = arena_alloc(parse->arena, count * sizeof *rule->fields);
    if (rule->fields == NULL) {
        return out_of_memory(parse->error);
    }
    const char *name;
    json_t *value;
    enum status status = STATUS_OK;
    json_object_foreach(object, name, value)
    {
        char escaped[RULES_ESCAPED_BYTES_MAX], place[POINTER_BYTES_MAX];
        rules_escape_name(name, escaped);
        (void)snprintf(place, sizeof place, "fields/%s", escaped);
        struct rule_field *field = &rule->fields[rule->fields_count++];
        if (name[0] == '\0' || strlen(name) > RULES_NAME_BYTES_MAX ||
            has_control_characters(name)) {
            json_reader_fault(above, place, "must be a field's name of 1 to %d bytes",
                              RULES_NAME_BYTES_MAX);
            return above->status;
        }
        field->name = arena_text(parse->arena, name);
        status = field->name == NULL
                     ? out_of_memory(parse->error)
                     : read_condition(parse, above, place, value, &form, &field->condition);
        if (status != STATUS_OK) {
            break;
        }
    }
    return status;
}

static enum status read_caller(struct parse *parse, struct json_reader *above, struct rule *rule)
{
    static const struct form number = {.numbers = true}, name = {.only_presence = true};
    json_t *object = json_take_object(above, "caller", false);
    if (object == NULL) {
        return above->status;
    }
    char pointer[POINTER_BYTES_MAX];
    struct json_reader reader;
    (void)snprintf(pointer, sizeof pointer, "%s/caller", above->pointer);
    json_reader_init(&reader, object, pointer, above->error);
    enum status status =
        read_condition(parse, &reader, "number", json_take_value(&reader, "number", false), &number,
                       &rule->caller_number);
    if (status == STATUS_OK) {
        status = read_condition(parse, &reader, "name", json_take_value(&reader, "name", false),
                                &name, &rule->caller_name);
    }
    return status == STATUS_OK ? json_reader_end(&reader) : status;
}

/* {"at_least":"major"}, {"at_most":"minor"}, or both. */
static enum status read_severity_range(struct json_reader *above, json_t *value, unsigned *bits_r)
{
    char pointer[POINTER_BYTES_MAX];
    struct json_reader reader;
    (void)snprintf(pointer, sizeof pointer, "%s/severity", above->pointer);
    json_reader_init(&reader, value, pointer, above->error);
    bool bounded = json_reader_has(&reader, "at_least") || json_reader_has(&reader, "at_most");
    int low = json_take_word(&reader, "at_least", false, severity_words, SEVERITY_INFO);
    int high = json_take_word(&reader, "at_most", false, severity_words, SEVERITY_CRITICAL);
    enum status status = json_reader_end(&reader);
    if (status == STATUS_OK && (!bounded || low > high)) {
        json_reader_fault(&reader, NULL,
                          "must have \"at_least\", \"at_most\" or both, and leave a severity");
        status = reader.status;
    }
    *bits_r = status == STATUS_OK ? RULES_SEVERITIES_ALL & ~0u << low & ((2u << high) - 1) : 0;
    return status;
}

static void add_severity(struct json_reader *reader, const char *place, const json_t *value,
                         unsigned *bits)
{
    const char *word = json_string_value(value);
    for (unsigned i = 0; word != NULL && severity_words[i] != NULL; i++) {
        if (strcmp(word, severity_words[i]) == 0) {
            *bits |= 1u << i;
            return;
        }
    }
    json_reader_fault(reader, place, "must be info, minor, major or critical");
}

static enum status read_severity(struct json_reader *reader, struct rule *rule)
{
    json_t *value = json_take_value(reader, "severity", false);
    if (value == NULL) {
        return reader->status;
    }
    if (json_is_object(value)) {
        return read_severity_range(reader, value, &rule->severities);
    }
    rule->severities = 0;
    if (!json_is_array(value)) {
        add_severity(reader, "severity", value, &rule->severities);
        return reader->status;
    }
    if (json_array_size(value) == 0 || json_array_size(value) > RULES_TEXTS_MAX) {
        json_reader_fault(reader, "severity", "must have 1 to %d words", RULES_TEXTS_MAX);
    }
    for (size_t i = 0; i < json_array_size(value) && reader->status == STATUS_OK; i++) {
        char place[POINTER_BYTES_MAX];
        (void)snprintf(place, sizeof place, "severity/%zu", i);
        add_severity(reader, place, json_array_get(value, i), &rule->severities);
    }
    return reader->status;
}

static enum status read_when(struct parse *parse, struct json_reader *above, struct rule *rule)
{
    static const char *const hours_words[] = {"open", "closed", NULL};
    static const struct form category = {.bytes_max = RULES_CATEGORY_BYTES_MAX};
    rule->severities = RULES_SEVERITIES_ALL;
    json_t *object = json_take_object(above, "when", false);
    if (object == NULL) {
        return above->status;
    }
    char pointer[POINTER_BYTES_MAX];
    struct json_reader reader;
    (void)snprintf(pointer, sizeof pointer, "%s/when", above->pointer);
    json_reader_init(&reader, object, pointer, above->error);
    enum status status = read_severity(&reader, rule);
    if (status == STATUS_OK) {
        status =
            read_condition(parse, &reader, "category", json_take_value(&reader, "category", false),
                           &category, &rule->category);
    }
    if (status == STATUS_OK) {
        status = read_fields(parse, &reader, rule);
    }
    if (status == STATUS_OK) {
        status = read_caller(parse, &reader, rule);
    }
    if (status == STATUS_OK) {
        status = rules_take_times(&reader, parse->arena, rule, parse->error);
    }
    if (status == STATUS_OK) {
        rule->hours = (enum rules_hours)(
            1 + json_take_word(&reader, "hours", false, hours_words, (int)RULES_HOURS_UNKNOWN - 1));
        status = json_reader_end(&reader);
    }
    return status;
}

static void take_slug(struct json_reader *reader, const char *name, bool required,
                      char slug_r[SLUG_BYTES_MAX])
{
    const char *slug = json_take_slug(reader, name, required);
    if (slug != NULL) {
        (void)text_copy(slug_r, SLUG_BYTES_MAX, slug);
    }
}

static enum status read_then(struct json_reader *above, struct rule *rule)
{
    json_t *object = json_take_object(above, "then", true);
    if (object == NULL) {
        return above->status;
    }
    char pointer[POINTER_BYTES_MAX];
    struct json_reader reader;
    (void)snprintf(pointer, sizeof pointer, "%s/then", above->pointer);
    json_reader_init(&reader, object, pointer, above->error);
    rule->action =
        (enum rule_action)json_take_word(&reader, "action", true, rule_action_words, RULE_ESCALATE);
    if (rule->action == RULE_FORWARD) {
        take_slug(&reader, "on_call", true, rule->on_call);
    } else if (rule->action != RULE_TICKET) {
        take_slug(&reader, "procedure", false, rule->procedure);
    }
    return json_reader_end(&reader);
}

static enum status read_rule(struct parse *parse, json_t *json, struct rules *rules)
{
    char pointer[POINTER_BYTES_MAX];
    struct json_reader reader;
    struct rule *rule = &rules->rules[rules->count];
    (void)snprintf(pointer, sizeof pointer, "/rules/%zu", rules->count);
    json_reader_init(&reader, json, pointer, parse->error);
    take_slug(&reader, "name", true, rule->name);
    for (size_t i = 0; i < rules->count && reader.status == STATUS_OK; i++) {
        if (strcmp(rules->rules[i].name, rule->name) == 0) {
            json_reader_fault(&reader, "name", "is that of /rules/%zu, too: name each one once", i);
        }
    }
    if (reader.status != STATUS_OK) {
        return reader.status;
    }
    enum status status = read_when(parse, &reader, rule);
    if (status == STATUS_OK) {
        status = read_then(&reader, rule);
    }
    if (status == STATUS_OK) {
        status = json_reader_end(&reader);
    }
    rules->count += status == STATUS_OK;
    return status;
}

static enum status read_document(struct parse *parse, json_t *document, struct rules **rules_r)
{
    struct json_reader reader;
    json_reader_init(&reader, document, "", parse->error);
    json_t *array = json_take_array(&reader, "rules", true, 0, RULES_MAX);
    enum status status = json_reader_end(&reader);
    if (status != STATUS_OK) {
        return status;
    }
    struct rules *rules = arena_alloc(parse->arena, sizeof *rules);
    if (rules == NULL) {
        return out_of_memory(parse->error);
    }
    rules->rules = arena_alloc(parse->arena, json_array_size(array) * sizeof *rules->rules);
    if (rules->rules == NULL) {
        return out_of_memory(parse->error);
    }
    for (size_t i = 0; i < json_array_size(array) && status == STATUS_OK; i++) {
        status = read_rule(parse, json_array_get(array, i), rules);
    }
    if (status == STATUS_OK) {
        assert(rules->count == json_array_size(array));
        *rules_r = rules;
    }
    return status;
}

enum status rules_parse(const char *json, size_t json_bytes, struct arena *arena,
                        struct rules **rules_r, struct error *error)
{
    assert(json != NULL || json_bytes == 0);
    struct parse parse = {arena, error};
    json_t *document;
    enum status status = json_parse(json, json_bytes, &document, error);
    if (status == STATUS_OK) {
        status = read_document(&parse, document, rules_r);
        json_decref(document);
    }
    return status;
}
