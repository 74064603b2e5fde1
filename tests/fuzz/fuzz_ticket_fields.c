/* Ticket fields that are accepted keep to their limits and names; a fault has a text.
 * fuzz links: engine */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/engine/ticket_fields.h"

#define ARENA_BYTES_MAX (8u << 20)

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

static void check_field(const struct ticket_field *fields, size_t place)
{
    const struct ticket_field *field = &fields[place];
    check(text_is_slug(field->name));
    check(field->label[0] != '\0' && strlen(field->label) <= TICKET_FIELD_LABEL_BYTES_MAX);
    check((field->type == TICKET_CHOICE) == (field->choices_count > 0));
    check(field->choices_count <= TICKET_CHOICES_MAX);
    for (size_t i = 0; i < field->choices_count; i++) {
        size_t bytes = strlen(field->choices[i]);
        check(bytes > 0 && bytes <= TICKET_CHOICE_BYTES_MAX);
    }
    for (size_t i = 0; i < place; i++) {
        check(strcmp(fields[i].name, field->name) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct arena *arena = arena_create(ARENA_BYTES_MAX);
    struct error error = {.text = ""};
    const struct ticket_field *fields = NULL;
    size_t count = 0;
    enum status status =
        ticket_fields_parse((const char *)data, bytes, arena, &fields, &count, &error);
    if (status == STATUS_OK) {
        check(count <= TICKET_FIELDS_MAX);
        for (size_t i = 0; i < count; i++) {
            check_field(fields, i);
        }
    } else {
        check(fields == NULL && count == 0 && error.text[0] != '\0');
    }
    arena_destroy(&arena);
    return 0;
}
