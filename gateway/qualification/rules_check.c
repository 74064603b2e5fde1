/* rules_check.c - whether what the rules name exists, and whether what they ask for can be done. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/qualification/rules_private.h"

#define PLACE_BYTES_MAX 160

/* Of the rule that is looked at. */
struct check {
    const struct rules_world *world;
    size_t number;
    struct error *error;
};

__attribute__((format(printf, 3, 4))) static enum status refuse(const struct check *check,
                                                                const char *place,
                                                                const char *format, ...)
{
    char pointer[PLACE_BYTES_MAX], text[ERROR_TEXT_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)snprintf(pointer, sizeof pointer, "/rules/%zu/%s", check->number, place);
    text_trim_utf8(pointer);
    return error_set_at(check->error, STATUS_INVALID, pointer, "%s: %s", pointer, text);
}

static enum status check_field(const struct check *check, const struct rule_field *field)
{
    const struct rules_world *world = check->world;
    char escaped[RULES_ESCAPED_BYTES_MAX], place[PLACE_BYTES_MAX];
    rules_escape_name(field->name, escaped);
    (void)snprintf(place, sizeof place, "when/fields/%s", escaped);
    if (world->field(world->context, field->name, NULL) != RULES_REFERENCE_KNOWN) {
        return refuse(check, place, "the customer's tickets have no such field; declare it first");
    }
    for (size_t i = 0; i < field->condition.texts_count; i++) {
        const char *value = field->condition.texts[i].text;
        if (world->field(world->context, field->name, value) != RULES_REFERENCE_KNOWN) {
            return refuse(check, place, "\"%.120s\" is none of the values that the field can have",
                          value);
        }
    }
    return STATUS_OK;
}

static enum status check_when(const struct check *check, const struct rule *rule)
{
    if (rule->hours != RULES_HOURS_UNKNOWN && !check->world->has_opening_hours) {
        return refuse(check, "when/hours", "the customer has no opening hours; put them first");
    }
    unsigned days = 0;
    for (size_t i = 0; i < rule->times_count; i++) {
        days |= rule->times[i].days;
    }
    if ((days & 1u << RULE_DAY_HOLIDAYS) != 0 && !check->world->has_holidays) {
        return refuse(check, "when/at",
                      "the customer keeps no holidays; put \"holidays\" or a file of them first");
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; check->world->field != NULL && i < rule->fields_count && status == STATUS_OK;
         i++) {
        status = check_field(check, &rule->fields[i]);
    }
    return status;
}

static enum status check_then(const struct check *check, const struct rule *rule)
{
    const struct rules_world *world = check->world;
    if (rule->action == RULE_HOLD && !world->has_opening_hours) {
        return refuse(check, "then/action",
                      "the customer has no opening hours to wait for; put them first");
    }
    if (rule->action == RULE_FORWARD && !world->has_role(world->context, rule->on_call)) {
        return refuse(check, "then/on_call", "the customer has no such rota; put it first");
    }
    if (rule->action != RULE_ESCALATE && rule->action != RULE_HOLD) {
        return STATUS_OK;
    }
    if (rule->procedure[0] != '\0' && !world->has_procedure(world->context, rule->procedure)) {
        return refuse(check, "then/procedure",
                      "the customer has no such procedure; put it first, or leave it out for the "
                      "customer's default");
    }
    if (rule->procedure[0] == '\0' && !world->has_default_procedure) {
        return refuse(check, "then/procedure",
                      "the customer has no default procedure: name one here, or set the default");
    }
    return STATUS_OK;
}

enum status rules_check_references(const struct rules *rules, const struct rules_world *world,
                                   struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < rules->count && status == STATUS_OK; i++) {
        const struct check check = {world, i, error};
        status = check_when(&check, &rules->rules[i]);
        if (status == STATUS_OK) {
            status = check_then(&check, &rules->rules[i]);
        }
    }
    return status;
}
