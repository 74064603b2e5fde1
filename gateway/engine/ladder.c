/* ladder.c - whom a call is put through to: see the header. */
#include "gateway/engine/ladder.h"

#include <assert.h>
#include <string.h>

#include "gateway/engine/engine_private.h"

#define ROLE_FIRST "principal"

static bool has_phone(const struct ladder *ladder, const char *phone)
{
    for (size_t i = 0; i < ladder->count; i++) {
        if (strcmp(ladder->rungs[i].phone, phone) == 0) {
            return true;
        }
    }
    return false;
}

/* Two who share a telephone are one rung: it was busy or silent before. */
static void add_rung(struct ladder *ladder, const struct ladder_rung *rung, size_t rungs_max)
{
    bool can_be_called = rung->phone != NULL && rung->phone[0] != '\0';
    if (!can_be_called || has_phone(ladder, rung->phone)) {
        return;
    }
    if (ladder->count < rungs_max) {
        ladder->rungs[ladder->count++] = *rung;
    } else {
        ladder->cut = true;
    }
}

static void add_people(struct ladder *ladder, const struct directory_person *const *people,
                       size_t count, const char *role, int step)
{
    for (size_t i = 0; i < count; i++) {
        size_t phones_count = directory_phones_count(people[i]);
        for (size_t p = 0; p < phones_count; p++) {
            const struct ladder_rung rung = {.phone = directory_phone(people[i], p).phone,
                                             .person = people[i],
                                             .role = role,
                                             .step = step,
                                             .place = (int)p + 1};
            add_rung(ladder, &rung, LADDER_RUNGS_MAX - 1);
        }
    }
}

static void add_on_call(struct ladder *ladder, const struct directory_customer *customer,
                        const char *role, struct wall_time at)
{
    const struct directory_person *people[LADDER_RUNGS_MAX];
    size_t count = people_on_call(customer, role, at, people, LADDER_RUNGS_MAX);
    add_people(ladder, people, count, role, 0);
}

static void add_steps(struct ladder *ladder, const struct directory_customer *customer,
                      const struct procedure *procedure, struct wall_time at)
{
    const struct directory_person *people[LADDER_RUNGS_MAX];
    for (size_t s = 0; s < procedure->steps_count; s++) {
        const struct procedure_step *step = &procedure->steps[s];
        for (size_t t = 0; t < step->targets_count; t++) {
            const struct procedure_target *target = &step->targets[t];
            size_t count = people_of_target(customer, target, 0, at, people, LADDER_RUNGS_MAX);
            add_people(ladder, people, count, target->kind == TARGET_ON_CALL ? target->name : NULL,
                       (int)s + 1);
        }
    }
}

static void add_roles(struct ladder *ladder, const struct directory_customer *customer,
                      struct wall_time at)
{
    add_on_call(ladder, customer, ROLE_FIRST, at);
    for (size_t r = 0; r < customer->rotas_count; r++) {
        add_on_call(ladder, customer, customer->rotas[r].slug, at);
    }
}

void ladder_resolve_role(const struct directory_customer *customer, const char *role,
                         struct wall_time at, struct ladder *ladder_r)
{
    const struct directory_procedure *agreed =
        customer->default_procedure == NULL
            ? NULL
            : directory_procedure(customer, customer->default_procedure);
    ladder_r->count = 0;
    ladder_r->cut = false;
    if (role != NULL) {
        add_on_call(ladder_r, customer, role, at);
    }
    if (agreed != NULL) {
        add_steps(ladder_r, customer, agreed->procedure, at);
    } else {
        add_roles(ladder_r, customer, at);
    }
    const struct ladder_rung emergency = {.phone = customer->emergency_phone};
    assert(ladder_r->count < LADDER_RUNGS_MAX);
    add_rung(ladder_r, &emergency, LADDER_RUNGS_MAX);
}

void ladder_resolve(const struct directory_customer *customer, struct wall_time at,
                    struct ladder *ladder_r)
{
    ladder_resolve_role(customer, NULL, at, ladder_r);
}

static void write_rung(struct json_writer *json, const struct ladder_rung *rung)
{
    json_object_begin(json);
    json_member_text(json, "phone", rung->phone);
    if (rung->person != NULL) {
        json_member_text(json, person_kind_word(rung->person->kind), rung->person->slug);
        json_member_text(json, "name", rung->person->name);
    }
    if (rung->role != NULL) {
        json_member_text(json, "role", rung->role);
    }
    if (rung->step > 0) {
        json_member_int(json, "step", rung->step);
    }
    if (rung->place > 1) {
        json_member_int(json, "place", rung->place);
    }
    json_member_bool(json, "emergency", rung->person == NULL);
    json_object_end(json);
}

void ladder_write(struct json_writer *json, const struct ladder *ladder)
{
    json_array_begin(json);
    for (size_t i = 0; i < ladder->count; i++) {
        write_rung(json, &ladder->rungs[i]);
    }
    json_array_end(json);
}
