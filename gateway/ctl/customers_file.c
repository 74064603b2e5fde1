#include "gateway/ctl/customers_file.h"

#include <assert.h>
#include <string.h>

#include "gateway/numbers/telephone_number.h"
#include "gateway/base/text.h"

struct section {
    const char *member; /* in the file */
    const char *kind;
    bool keyed;         /* an object, by role; else a list of objects with slugs */
    const char *under;  /* in the path, in front of the slug */
    const char *behind; /* and behind it */
};
static const struct section sections[] = {
    {"agents", "agent", false, "agents", ""},
    {"contacts", "contact", false, "contacts", ""},
    {"rotas", "rota", true, "rotas", ""},
    {"procedures", "procedure", false, "procedures", ""},
};
/* Of rotas, naming procedures. They call agents, so that rules which are refused come before. */
static const struct section check_ins = {"check_ins", "check-in", true, "rotas", "/check-in"};

#define RULES          "rules"
#define NUMBERS        "numbers"
#define SECTIONS_COUNT (sizeof sections / sizeof sections[0])

static bool is_early(const struct customers_step *step)
{
    return step->comes_first || step->comes_between;
}

static enum status add(struct customers_plan *plan, size_t steps_max, struct customers_step step,
                       struct error *error)
{
    if (step.body == NULL || step.path == NULL || step.pointer == NULL) {
        json_decref(step.body);
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < plan->steps_count; i++) {
        if (strcmp(plan->steps[i].path, step.path) == 0 && !is_early(&plan->steps[i])) {
            json_decref(step.body);
            return error_set_at(error, STATUS_INVALID, step.pointer, "%s %s stands here twice",
                                step.kind, step.slug);
        }
    }
    assert(plan->steps_count < steps_max);
    plan->steps[plan->steps_count++] = step;
    return STATUS_OK;
}

static json_t *copy_without(json_t *object, const char *member)
{
    json_t *copy = json_copy(object);
    (void)json_object_del(copy, member);
    return copy;
}

static enum status check_slug(const char *slug, const char *pointer, struct error *error)
{
    if (slug == NULL) {
        return error_set_at(error, STATUS_INVALID, pointer, "has no slug");
    }
    if (!text_is_slug(slug)) {
        return error_set_at(error, STATUS_INVALID, pointer,
                            "the slug is not 1 to 63 of a-z, 0-9 and '-', beginning with a letter "
                            "or digit");
    }
    return STATUS_OK;
}

/* One object of a list, or one member of an object by role: slug says which. */
static enum status add_object(struct customers_plan *plan, size_t steps_max, struct arena *arena,
                              const char *customer, const struct section *section, json_t *object,
                              const char *slug, const char *pointer, struct error *error)
{
    if (!json_is_object(object)) {
        return error_set_at(error, STATUS_INVALID, pointer, "must be an object");
    }
    enum status status = check_slug(slug, pointer, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct customers_step step = {
        .kind = section->kind,
        .customer = customer,
        .slug = arena_text(arena, slug),
        .path = arena_format(arena, "/v1/customers/%s/%s/%s%s", customer, section->under, slug,
                             section->behind),
        .pointer = pointer,
        .body = copy_without(object, "slug"),
    };
    return add(plan, steps_max, step, error);
}

static enum status add_section(struct customers_plan *plan, size_t steps_max, struct arena *arena,
                               json_t *object, const char *customer, const char *pointer,
                               const struct section *section, struct error *error)
{
    json_t *all = json_object_get(object, section->member);
    const char *here = arena_format(arena, "%s/%s", pointer, section->member);
    if (all == NULL) {
        return STATUS_OK;
    }
    if (section->keyed ? !json_is_object(all) : !json_is_array(all)) {
        return error_set_at(error, STATUS_INVALID, here,
                            section->keyed ? "must be an object, by role" : "must be a list");
    }
    enum status status = STATUS_OK;
    const char *slug;
    json_t *item;
    size_t i;
    if (section->keyed) {
        json_object_foreach(all, slug, item)
        {
            const char *there = arena_format(arena, "%s/%s", here, slug);
            status = status == STATUS_OK ? add_object(plan, steps_max, arena, customer, section,
                                                      item, slug, there, error)
                                         : status;
        }
        return status;
    }
    json_array_foreach(all, i, item)
    {
        const char *there = arena_format(arena, "%s/%zu", here, i);
        slug = json_string_value(json_object_get(item, "slug"));
        status = status == STATUS_OK ? add_object(plan, steps_max, arena, customer, section, item,
                                                  slug, there, error)
                                     : status;
    }
    return status;
}

/* The customer's own members, without the lists below it. */
static json_t *customer_body(json_t *object)
{
    json_t *body = copy_without(object, "slug");
    for (size_t i = 0; i < SECTIONS_COUNT; i++) {
        (void)json_object_del(body, sections[i].member);
    }
    (void)json_object_del(body, check_ins.member);
    (void)json_object_del(body, RULES);
    return body;
}

/* Rules name a customer's procedures, its default one, its hours and its fields. */
static enum status add_rules(struct customers_plan *plan, size_t steps_max, struct arena *arena,
                             json_t *object, const char *customer, const char *pointer,
                             struct error *error)
{
    json_t *rules = json_object_get(object, RULES);
    if (rules == NULL) {
        return STATUS_OK;
    }
    const char *here = arena_format(arena, "%s/%s", pointer, RULES);
    if (!json_is_array(rules)) {
        return error_set_at(error, STATUS_INVALID, here, "must be a list");
    }
    struct customers_step step = {
        .kind = RULES,
        .customer = customer,
        .slug = RULES,
        .path = arena_format(arena, "/v1/customers/%s/%s", customer, RULES),
        .pointer = pointer, /* faults are told of the body, whose member the list is */
        .body = json_pack("{s:O}", RULES, rules),
    };
    return add(plan, steps_max, step, error);
}

static enum status add_customer(struct customers_plan *plan, size_t steps_max, struct arena *arena,
                                json_t *object, const char *pointer, struct error *error)
{
    if (!json_is_object(object)) {
        return error_set_at(error, STATUS_INVALID, pointer, "must be an object");
    }
    const char *slug = json_string_value(json_object_get(object, "slug"));
    enum status status = check_slug(slug, pointer, error);
    if (status != STATUS_OK) {
        return status;
    }
    slug = arena_text(arena, slug);
    struct customers_step step = {.kind = "customer",
                                  .customer = slug,
                                  .slug = slug,
                                  .path = arena_format(arena, "/v1/customers/%s", slug),
                                  .pointer = pointer,
                                  .body = customer_body(object),
                                  .comes_first = true};
    (void)json_object_del(step.body, "default_procedure");
    (void)json_object_del(step.body, NUMBERS);
    status = add(plan, steps_max, step, error);
    for (size_t i = 0; i < SECTIONS_COUNT && status == STATUS_OK; i++) {
        status = add_section(plan, steps_max, arena, object, slug, pointer, &sections[i], error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    step.comes_first = false;
    if (json_object_get(object, RULES) != NULL) {
        step.body = customer_body(object);
        step.comes_between = true;
        (void)json_object_del(step.body, NUMBERS);
        status = add(plan, steps_max, step, error);
        status = status == STATUS_OK
                     ? add_rules(plan, steps_max, arena, object, slug, pointer, error)
                     : status;
    }
    if (status == STATUS_OK) {
        status = add_section(plan, steps_max, arena, object, slug, pointer, &check_ins, error);
    }
    if (status == STATUS_OK) {
        step.body = customer_body(object);
        step.comes_between = false;
        status = add(plan, steps_max, step, error);
    }
    return status;
}

static size_t count_steps(json_t *customers)
{
    size_t count = 0, i;
    json_t *customer;
    json_array_foreach(customers, i, customer)
    {
        count += 4; /* itself three times, its rules once */
        count += json_object_size(json_object_get(customer, check_ins.member));
        for (size_t section = 0; section < SECTIONS_COUNT; section++) {
            json_t *all = json_object_get(customer, sections[section].member);
            count += json_array_size(all) + json_object_size(all);
        }
    }
    return count;
}

enum status customers_plan_make(json_t *document, struct arena *arena,
                                struct customers_plan *plan_r, struct error *error)
{
    json_t *customers = json_object_get(document, "customers");
    if (!json_is_array(customers)) {
        return error_set_at(error, STATUS_INVALID, "/customers", "must be a list of customers");
    }
    if (json_object_size(document) != 1) {
        return error_set_at(error, STATUS_INVALID, "",
                            "the only member of a customers file is \"customers\"");
    }
    size_t steps_max = count_steps(customers);
    struct customers_plan plan = {.steps =
                                      arena_alloc(arena, (steps_max + 1) * sizeof *plan.steps)};
    enum status status =
        plan.steps != NULL ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory");
    size_t i;
    json_t *customer;
    json_array_foreach(customers, i, customer)
    {
        const char *pointer = arena_format(arena, "/customers/%zu", i);
        status = status == STATUS_OK
                     ? add_customer(&plan, steps_max, arena, customer, pointer, error)
                     : status;
    }
    if (status != STATUS_OK) {
        customers_plan_fini(&plan);
        return status;
    }
    *plan_r = plan;
    return STATUS_OK;
}

void customers_plan_fini(struct customers_plan *plan)
{
    for (size_t i = 0; i < plan->steps_count; i++) {
        json_decref(plan->steps[i].body);
    }
    *plan = (struct customers_plan){0};
}

static bool same_number(json_t *present, json_t *wanted)
{
    char left[TELEPHONE_E164_BYTES_MAX], right[TELEPHONE_E164_BYTES_MAX];
    return json_is_string(present) && json_is_string(wanted) &&
           telephone_number_parse(json_string_value(present), left, NULL) == STATUS_OK &&
           telephone_number_parse(json_string_value(wanted), right, NULL) == STATUS_OK &&
           strcmp(left, right) == 0;
}

static bool is_phone(const char *name)
{
    return strcmp(name, "phone") == 0 || strcmp(name, "emergency_phone") == 0 ||
           strcmp(name, "number") == 0; /* one of a person's "phones" */
}

static bool same_numbers(json_t *present, json_t *wanted)
{
    size_t count = json_array_size(wanted);
    bool same =
        json_is_array(present) && json_is_array(wanted) && json_array_size(present) == count;
    for (size_t i = 0; same && i < count; i++) {
        same = same_number(json_array_get(present, i), json_array_get(wanted, i));
    }
    return same;
}

/* Recursive, but json_parse() lets no file nest deeper than JSON_DEPTH_MAX. */
static bool covers(json_t *present, json_t *wanted)
{
    if (json_is_object(wanted) && json_is_object(present)) {
        const char *name;
        json_t *value;
        json_object_foreach(wanted, name, value)
        {
            json_t *other = json_object_get(present, name);
            bool phone = is_phone(name) && same_number(other, value);
            bool phones = strcmp(name, "numbers") == 0 && same_numbers(other, value);
            if (!phone && !phones && !covers(other, value)) {
                return false;
            }
        }
        return true;
    }
    if (json_is_array(wanted) && json_is_array(present)) {
        bool equal = json_array_size(wanted) == json_array_size(present);
        for (size_t i = 0; equal && i < json_array_size(wanted); i++) {
            equal = covers(json_array_get(present, i), json_array_get(wanted, i));
        }
        return equal;
    }
    return json_equal(present, wanted) != 0;
}

/* What was put of it, as far as the gateway answers it by itself; NULL: it stands among other
 * members. */
static json_t *definition_of(const struct customers_step *step, json_t *present)
{
    bool is_definition = strcmp(step->kind, "rota") == 0 || strcmp(step->kind, "procedure") == 0 ||
                         strcmp(step->kind, RULES) == 0;
    return is_definition ? json_object_get(present, "definition") : NULL;
}

/* Of a customer, what the file leaves out is taken away, and what is put whole must be the same. */
static bool customer_is_the_same(json_t *present, json_t *wanted)
{
    static const char *const optional[] = {
        "default_procedure", "opening_hours",  "holidays",      "numbers",     "emergency_phone",
        "greeting",          "retention_days", "ticket_fields", "notice_days", "nobody_reached"};
    static const char *const whole[] = {"opening_hours", "ticket_fields", "nobody_reached"};
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++) {
        json_t *has = json_object_get(present, optional[i]);
        bool nothing =
            has == NULL || json_is_null(has) || (json_is_array(has) && json_array_size(has) == 0);
        if (json_object_get(wanted, optional[i]) == NULL && !nothing) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        json_t *value = json_object_get(wanted, whole[i]);
        if (value != NULL && !json_equal(json_object_get(present, whole[i]), value)) {
            return false;
        }
    }
    return true;
}

static bool has_label(json_t *phones, size_t index)
{
    return json_is_string(json_object_get(json_array_get(phones, index), "label"));
}

/* Of a person, numbers and labels that the file leaves out are taken away. */
static bool person_is_the_same(json_t *present, json_t *wanted)
{
    json_t *has = json_object_get(present, "phones"), *asked = json_object_get(wanted, "phones");
    size_t asked_count = asked != NULL ? json_array_size(asked) : 1;
    bool same = json_array_size(has) <= asked_count;
    for (size_t i = 0; same && i < json_array_size(has); i++) {
        same = !has_label(has, i) || has_label(asked, i);
    }
    return same;
}

bool customers_step_is_done(const struct customers_step *step, json_t *present)
{
    json_t *definition = definition_of(step, present);
    if (definition != NULL) {
        return json_equal(definition, step->body) != 0;
    }
    bool customer = strcmp(step->kind, "customer") == 0;
    bool person = strcmp(step->kind, "agent") == 0 || strcmp(step->kind, "contact") == 0;
    return covers(present, step->body) &&
           (!customer || customer_is_the_same(present, step->body)) &&
           (!person || person_is_the_same(present, step->body));
}

/* All of the file's but the numbers, which stay until nothing can be refused any more. */
static json_t *between_body(const struct customers_step *step, json_t *present)
{
    json_t *body = json_copy(step->body), *numbers = json_object_get(present, NUMBERS);
    if (body == NULL || (numbers != NULL && json_object_set(body, NUMBERS, numbers) != 0) ||
        (covers(present, body) && customer_is_the_same(present, body))) {
        json_decref(body);
        return NULL;
    }
    return body;
}

json_t *customers_step_early_body(const struct customers_step *step, json_t *present)
{
    if (step->comes_between) {
        return between_body(step, present);
    }
    static const char *const members[] = {"opening_hours", "holidays"};
    json_t *body = json_copy(present);
    bool changed = false;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        json_t *value = json_object_get(step->body, members[i]);
        if (value != NULL && !json_is_null(value) &&
            !json_equal(json_object_get(present, members[i]), value)) {
            changed = true;
            if (json_object_set(body, members[i], value) != 0) {
                json_decref(body);
                return NULL;
            }
        }
    }
    if (!changed) {
        json_decref(body);
        return NULL;
    }
    return body;
}

bool customers_step_changed_nothing(const struct customers_step *step, json_t *before,
                                    json_t *after)
{
    json_t *left = definition_of(step, before), *right = definition_of(step, after);
    return left != NULL ? json_equal(left, right) != 0 : json_equal(before, after) != 0;
}
