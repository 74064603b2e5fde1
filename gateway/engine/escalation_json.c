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

static void write_who(struct json_writer *json, const struct directory_customer *customer,
                      enum person_kind kind, int64_t id, bool with_name)
{
    const struct person_ref ref = {.kind = kind, .id = id};
    const struct directory_person *person = directory_person(customer, &ref);
    json_member_text(json, "kind", person_kind_word(kind));
    json_member_text(json, "who", person != NULL ? person->slug : NULL);
    if (with_name) {
        json_member_text(json, "name", person != NULL ? person->name : NULL);
    }
}

void escalation_json_team(struct json_writer *json, const struct directory_customer *customer,
                          const struct escalation *escalation, int64_t wall_of_engine_ms)
{
    json_name(json, "members");
    json_array_begin(json);
    for (int i = 0; i < escalation->members_count; i++) {
        const struct member *member = &escalation->members[i];
        json_object_begin(json);
        write_who(json, customer, member->kind, member->id, true);
        json_member_time(json, "since", member->since);
        json_member_text(json, "intervention", intervention_word(member->intervention));
        json_member_time(json, "eta_at", member->eta_at);
        json_object_end(json);
    }
    json_array_end(json);
    json_name(json, "offers");
    json_array_begin(json);
    for (int i = 0; i < escalation->offers_count; i++) {
        const struct offer *offer = &escalation->offers[i];
        json_object_begin(json);
        write_who(json, customer, offer->kind, offer->id, false);
        json_member_text(json, "as", offer_role_word(offer->role));
        json_member_text(json, "by", offer_origin_word(offer->origin));
        json_member_bool(json, "stays", offer->stays);
        json_member_time(json, "since", offer->since);
        json_member_time(json, "until", (struct wall_time){offer->until.ms + wall_of_engine_ms});
        json_object_end(json);
    }
    json_array_end(json);
}
