/* ticket_fields.c - reads the definitions of a customer's ticket fields. */
#include "gateway/engine/ticket_fields.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/json_reader.h"

const char *const ticket_field_type_words[] = {"text",      "number", "choice",
                                               "telephone", "date",   NULL};

static enum status out_of_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the ticket fields");
}

/* One text of "choices": not empty, and there once. */
static bool choice_is_sound(struct json_reader *reader, const json_t *choices, size_t place)
{
    char name[32];
    const json_t *value = json_array_get(choices, place);
    const char *text = json_string_value(value);
    (void)snprintf(name, sizeof name, "choices/%zu", place);
    if (text == NULL || text[0] == '\0' || strlen(text) > TICKET_CHOICE_BYTES_MAX) {
        json_reader_fault(reader, name, "must be a text of 1 to %d bytes", TICKET_CHOICE_BYTES_MAX);
        return false;
    }
    for (size_t i = 0; i < place; i++) {
        if (json_equal(json_array_get(choices, i), value)) {
            json_reader_fault(reader, name, "is there twice");
            return false;
        }
    }
    return true;
}

static enum status take_choices(struct json_reader *reader, struct arena *arena,
                                struct ticket_field *field)
{
    bool wanted = field->type == TICKET_CHOICE;
    if (!wanted && json_reader_has(reader, "choices")) {
        json_reader_fault(reader, "choices", "is for fields of type choice only");
    }
    const json_t *choices = json_take_array(reader, "choices", wanted, 1, TICKET_CHOICES_MAX);
    size_t count = wanted ? json_array_size(choices) : 0;
    const char **texts = arena_alloc(arena, count * sizeof *texts);
    if (texts == NULL) {
        return out_of_memory(reader->error);
    }
    for (size_t i = 0; i < count && choice_is_sound(reader, choices, i); i++) {
        texts[i] = arena_text(arena, json_string_value(json_array_get(choices, i)));
        if (texts[i] == NULL) {
            return out_of_memory(reader->error);
        }
    }
    field->choices = texts;
    field->choices_count = count;
    return reader->status;
}

static enum status read_field(json_t *json, size_t place, struct arena *arena,
                              struct ticket_field *field_r, struct error *error)
{
    char pointer[32];
    struct json_reader reader;
    (void)snprintf(pointer, sizeof pointer, "/%zu", place);
    json_reader_init(&reader, json, pointer, error);
    const char *name = json_take_slug(&reader, "name", true);
    const char *label = json_take_text(&reader, "label", true, 1, TICKET_FIELD_LABEL_BYTES_MAX);
    int type = json_take_word(&reader, "type", true, ticket_field_type_words, TICKET_TEXT);
    field_r->type = (enum ticket_field_type)type;
    field_r->required = json_take_bool(&reader, "required", false);
    enum status status =
        reader.status == STATUS_OK ? take_choices(&reader, arena, field_r) : reader.status;
    if (status == STATUS_OK) {
        status = json_reader_end(&reader);
    }
    if (status == STATUS_OK) {
        field_r->name = arena_text(arena, name);
        field_r->label = arena_text(arena, label);
        status = field_r->name != NULL && field_r->label != NULL ? STATUS_OK : out_of_memory(error);
    }
    return status;
}

/* Whether an earlier field has the name of the last one. */
static enum status check_name(const struct ticket_field *fields, size_t last, struct error *error)
{
    for (size_t i = 0; i < last; i++) {
        if (strcmp(fields[i].name, fields[last].name) == 0) {
            char pointer[32];
            (void)snprintf(pointer, sizeof pointer, "/%zu/name", last);
            return error_set_at(error, STATUS_INVALID, pointer,
                                "%s: is the name of field %zu already: give it another", pointer,
                                i);
        }
    }
    return STATUS_OK;
}

static enum status read_fields(const json_t *array, struct arena *arena,
                               const struct ticket_field **fields_r, size_t *count_r,
                               struct error *error)
{
    size_t count = json_array_size(array);
    if (json_typeof(array) != JSON_ARRAY || count > TICKET_FIELDS_MAX) {
        return error_set_at(error, STATUS_INVALID, "", "must be an array of at most %d fields",
                            TICKET_FIELDS_MAX);
    }
    struct ticket_field *fields = arena_alloc(arena, count * sizeof *fields);
    if (fields == NULL) {
        return out_of_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        enum status status = read_field(json_array_get(array, i), i, arena, &fields[i], error);
        if (status == STATUS_OK) {
            status = check_name(fields, i, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    *fields_r = fields;
    *count_r = count;
    return STATUS_OK;
}

enum status ticket_fields_parse(const char *json, size_t json_bytes, struct arena *arena,
                                const struct ticket_field **fields_r, size_t *count_r,
                                struct error *error)
{
    json_t *document;
    enum status status = json_parse(json, json_bytes, &document, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = read_fields(document, arena, fields_r, count_r, error);
    json_decref(document);
    return status;
}
