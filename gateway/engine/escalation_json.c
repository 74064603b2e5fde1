#include "gateway/engine/escalation_json.h"

void escalation_json_holder(struct json_writer *json, const struct directory_customer *customer,
                            const struct escalation *escalation)
{
    json_name(json, "holder");
    if (!escalation_is_held(escalation)) {
        json_null_value(json);
        return;
    }
    const struct person_ref *holder = &escalation->holder;
    const struct directory_person *person = directory_person(customer, holder);
    json_object_begin(json);
    json_member_text(json, "kind", person_kind_word(holder->kind));
    json_member_text(json, "who", person != NULL ? person->slug : holder->name);
    json_member_text(json, "name", person != NULL ? person->name : holder->name);
    json_member_time(json, "since", escalation->held_since);
    json_member_text(json, "path", path_word(escalation->holder_path));
    json_member_text(json, "intervention", intervention_word(escalation->intervention));
    json_member_time(json, "eta_at", escalation->eta_at);
    json_object_end(json);
}

void escalation_json_next(struct json_writer *json, const struct escalation *escalation,
                          int64_t wall_of_engine_ms)
{
    json_name(json, "next");
    if (escalation->quarantined) { /* what was to come will not */
        json_object_begin(json);
        json_member_time(json, "at", WALL_NEVER);
        json_member_text(json, "what",
                         "nothing, it was set aside: act by telephone, escalate anew");
        json_object_end(json);
        return;
    }
    if (escalation->due_at.ms == TIME_NEVER_MS) {
        json_null_value(json);
        return;
    }
    /* An opening is looked at each hour, too, which is nobody's affair. */
    bool opens = escalation->held_until.ms != TIME_NEVER_MS &&
                 escalation->due_at.ms == escalation->wait_until.ms;
    json_object_begin(json);
    json_member_time(json, "at",
                     opens ? escalation->held_until
                           : (struct wall_time){escalation->due_at.ms + wall_of_engine_ms});
    json_member_text(json, "what", escalation->next_what);
    json_object_end(json);
}
