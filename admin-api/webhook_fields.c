/* webhook_fields.c - whether an escalation brings what the customer wants to have asked. It never
 * refuses: what is missing or odd is a warning, and the value stays as it came.
 */
#include <stdio.h>
#include <string.h>

#include "admin-api/webhook.h"
#include "gateway/base/json_reader.h"
#include "gateway/base/time.h"
#include "gateway/numbers/telephone_number.h"

#define DATE_BYTES 10

static bool is_number(const char *text)
{
    text += *text == '-' || *text == '+' ? 1 : 0;
    size_t whole = strspn(text, "0123456789");
    text += whole;
    size_t behind = *text == '.' || *text == ',' ? strspn(text + 1, "0123456789") + 1 : 0;
    return whole > 0 && behind != 1 && text[behind] == '\0';
}

static bool is_date(const char *text)
{
    char moment[DATE_BYTES + sizeof "T00:00:00Z"];
    struct wall_time time;
    (void)snprintf(moment, sizeof moment, "%sT00:00:00Z", text);
    return strlen(text) == DATE_BYTES && wall_time_parse(moment, &time) == STATUS_OK;
}

static bool is_choice(const struct ticket_field *field, const char *text)
{
    for (size_t i = 0; i < field->choices_count; i++) {
        if (strcmp(field->choices[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* NULL, or what is wrong with a value. */
static const char *fault_of(const struct ticket_field *field, const char *text)
{
    char e164[TELEPHONE_E164_BYTES_MAX];
    switch (field->type) {
    case TICKET_NUMBER:
        return is_number(text) ? NULL : "must be a number such as 12 or 3.5; kept as it came";
    case TICKET_CHOICE:
        return is_choice(field, text) ? NULL : "is none of the customer's choices; kept as it came";
    case TICKET_TELEPHONE:
        return telephone_number_parse(text, e164, NULL) == STATUS_OK
                   ? NULL
                   : "is not a telephone number; kept as it came";
    case TICKET_DATE:
        return is_date(text) ? NULL : "must be a date such as 2026-01-31; kept as it came";
    case TICKET_TEXT:
        break;
    }
    return NULL;
}

void webhook_check_fields(const struct ticket_field *fields, size_t count, struct arena *arena,
                          struct escalate_request *request)
{
    json_t *given = NULL;
    const char **warnings = arena_alloc(arena, WEBHOOK_WARNINGS_MAX * sizeof *warnings);
    if (count == 0 || warnings == NULL ||
        (request->fields != NULL &&
         json_parse(request->fields, strlen(request->fields), &given, NULL) != STATUS_OK)) {
        return; /* without memory, without warnings: it is escalated all the same */
    }
    size_t told = request->warnings_count;
    for (size_t i = 0; i < told; i++) {
        warnings[i] = request->warnings[i];
    }
    for (size_t i = 0; i < count && told < WEBHOOK_WARNINGS_MAX; i++) {
        const char *text = json_string_value(json_object_get(given, fields[i].name));
        const char *fault = text != NULL         ? fault_of(&fields[i], text)
                            : fields[i].required ? "is missing; the customer wants it to be asked"
                                                 : NULL;
        const char *warning =
            fault != NULL ? arena_format(arena, "fields/%s: %s", fields[i].name, fault) : NULL;
        if (warning != NULL) {
            warnings[told++] = warning;
        }
    }
    json_decref(given);
    request->warnings = warnings;
    request->warnings_count = told;
}
