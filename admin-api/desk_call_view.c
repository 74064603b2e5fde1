/* desk_call_view.c - what the operator sees of a call that comes in, as JSON. */
#include <string.h>

#include "admin-api/desk_call.h"
#include "gateway/base/burden.h"

const char *desk_call_nobody_reached(const struct directory_customer *customer, bool french)
{
    const char *own = french ? customer->nobody_reached_fr : customer->nobody_reached_en;
    if (own != NULL) {
        return own;
    }
    return french ? "Je n'ai encore pu joindre personne. Nous continuons d'appeler, et je vous "
                    "rappelle dès que quelqu'un s'en charge."
                  : "I could not reach anybody yet. We keep calling, and I will call you back as "
                    "soon as somebody has taken it.";
}

static void write_opening(struct json_writer *json, const struct desk_call *call)
{
    static const char *const words[] = {[RULES_HOURS_UNKNOWN] = "unknown",
                                        [RULES_HOURS_OPEN] = "open",
                                        [RULES_HOURS_CLOSED] = "closed"};
    json_name(json, "opening");
    json_object_begin(json);
    json_member_text(json, "state", words[call->hours]);
    json_member_time(json, "until", call->hours_until);
    json_object_end(json);
}

static void write_sentences(struct json_writer *json, const struct directory_customer *customer)
{
    json_name(json, "nobody_reached");
    json_object_begin(json);
    json_member_text(json, "fr", desk_call_nobody_reached(customer, true));
    json_member_text(json, "en", desk_call_nobody_reached(customer, false));
    json_object_end(json);
}

static void write_role(struct json_writer *json, const struct desk_call *call,
                       const struct directory_rota *rota)
{
    json_object_begin(json);
    json_member_text(json, "role", rota->slug);
    json_member_text(json, "broken", rota->broken_reason);
    json_name(json, "agents");
    json_array_begin(json);
    for (size_t i = 0; i < call->turns_count; i++) {
        const struct desk_turn *turn = &call->turns[i];
        if (turn->rota == rota) {
            json_object_begin(json);
            json_member_text(json, "agent", turn->agent->slug);
            json_member_text(json, "name", turn->agent->name);
            json_member_text(json, "phone", turn->agent->phone);
            json_member_time(json, "until", turn->until);
            agent_reach_write_paths(json, &turn->reach);
            json_object_end(json);
        }
    }
    json_array_end(json);
    json_object_end(json);
}

/* Every role, so that one with nobody in it is seen. */
static void write_on_call(struct json_writer *json, const struct desk_call *call)
{
    json_name(json, "on_call");
    json_array_begin(json);
    for (size_t i = 0; i < call->customer->rotas_count; i++) {
        write_role(json, call, &call->customer->rotas[i]);
    }
    json_array_end(json);
    json_member_bool(json, "on_call_more", call->turns_more);
}

/* ---- what becomes of the call ---- */

static void write_name_if(struct json_writer *json, bool asked, const char *name)
{
    if (asked) {
        json_text(json, name);
    }
}

/* What it looks at beside severity and hours: those answers decide. */
static void write_asks(struct json_writer *json, const struct rule *rule)
{
    json_name(json, "asks");
    json_array_begin(json);
    write_name_if(json, rule->category.test != RULE_ANYTHING, "category");
    write_name_if(json, rule->caller_number.test != RULE_ANYTHING, "caller.number");
    write_name_if(json, rule->caller_name.test != RULE_ANYTHING, "caller.name");
    for (size_t i = 0; i < rule->fields_count; i++) {
        json_text(json, rule->fields[i].name);
    }
    json_array_end(json);
}

static const char *text_or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static void write_rule(struct json_writer *json, const struct rule *rule)
{
    const char *hours = rule->hours == RULES_HOURS_OPEN     ? "open"
                        : rule->hours == RULES_HOURS_CLOSED ? "closed"
                                                            : NULL;
    json_object_begin(json);
    json_member_text(json, "name", rule->name);
    json_name(json, "severities");
    json_array_begin(json);
    for (int severity = 0; severity_words[severity] != NULL; severity++) {
        if ((rule->severities & 1u << severity) != 0) {
            json_text(json, severity_words[severity]);
        }
    }
    json_array_end(json);
    json_member_text(json, "hours", hours);
    json_name(json, "at");
    json_array_begin(json);
    for (size_t i = 0; i < rule->times_count; i++) {
        char fr[RULES_TIME_WORDS_BYTES_MAX], en[RULES_TIME_WORDS_BYTES_MAX];
        rules_time_words(&rule->times[i], true, fr);
        rules_time_words(&rule->times[i], false, en);
        json_object_begin(json);
        json_member_text(json, "fr", fr);
        json_member_text(json, "en", en);
        json_object_end(json);
    }
    json_array_end(json);
    write_asks(json, rule);
    json_member_text(json, "action", rule_action_word(rule->action));
    json_member_text(json, "procedure", text_or_null(rule->procedure));
    json_member_text(json, "on_call", text_or_null(rule->on_call));
    json_object_end(json);
}

/* null: there are none, every call escalates with the default procedure. */
static void write_rules(struct json_writer *json, const struct directory_rules *rules)
{
    json_name(json, "rules");
    if (rules == NULL || (rules->rules != NULL && rules->rules->count == 0)) {
        json_null_value(json);
        return;
    }
    json_object_begin(json);
    json_member_int(json, "version", rules->version);
    json_member_bool(json, "readable", rules->rules != NULL);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; rules->rules != NULL && i < rules->rules->count; i++) {
        write_rule(json, &rules->rules->rules[i]);
    }
    json_array_end(json);
    json_object_end(json);
}

static void write_procedures(struct json_writer *json, const struct desk_call *call)
{
    const struct directory_customer *customer = call->customer;
    const char *usual = customer->default_procedure;
    json_name(json, "procedures");
    json_array_begin(json);
    for (size_t i = 0; i < customer->procedures_count; i++) {
        const struct directory_procedure *procedure = &customer->procedures[i];
        const char *slug = procedure->procedure->slug;
        json_object_begin(json);
        json_member_text(json, "slug", slug);
        json_member_int(json, "version", procedure->version);
        json_member_bool(json, "default", usual != NULL && strcmp(usual, slug) == 0);
        view_paper(json, procedure->procedure, call->at);
        json_object_end(json);
    }
    json_array_end(json);
}

/* ---- the whole ---- */

static void write_escalations(struct json_writer *json, const struct desk_call *call)
{
    json_name(json, "open");
    json_array_begin(json);
    for (size_t i = 0; i < call->escalations_count; i++) {
        const struct escalation_view *view = &call->escalations[i];
        const struct burden burden = {
            .customer_id = call->customer->id, .subject = view->escalation.id, .reading = true};
        burden_take(&burden);
        view_escalation_summary(json, view);
    }
    burden_drop();
    json_array_end(json);
    json_member_bool(json, "open_more", call->escalations_more);
}

void desk_call_write(struct json_writer *json, void *desk_call)
{
    const struct desk_call *call = desk_call;
    const struct directory_customer *customer = call->customer;
    json_object_begin(json);
    json_member_text(json, "customer", customer->slug);
    json_member_text(json, "name", customer->name);
    json_member_bool(json, "active", customer->active);
    json_member_text(json, "number", call->number);
    json_member_time(json, "at", call->at);
    json_member_text(json, "time_zone", customer->time_zone);
    json_member_text(json, "language", customer->language);
    json_member_text(json, "greeting", customer->greeting);
    json_member_raw(json, "ticket_fields",
                    customer->ticket_fields_json != NULL ? customer->ticket_fields_json : "[]");
    write_sentences(json, customer);
    json_member_text(json, "emergency_phone", customer->emergency_phone);
    write_opening(json, call);
    write_on_call(json, call);
    write_escalations(json, call);
    write_rules(json, customer->rules);
    write_procedures(json, call);
    json_object_end(json);
}
