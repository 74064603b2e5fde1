/* webhook.c - an escalation that can be attributed to a customer is never refused for its form. */
#include "admin-api/webhook.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/numbers/telephone_number.h"
#include "gateway/base/text.h"

#define CATEGORY_BYTES_MAX    120
#define FIELD_NAME_BYTES_MAX  64
#define FIELD_VALUE_BYTES_MAX 500
#define SHOWN_NAME_BYTES_MAX  60

struct parse {
    struct arena *arena;
    json_t *object;
    const char *warnings[WEBHOOK_WARNINGS_MAX];
    size_t warnings_count;
};

/* "name: what". A name of the sender's own is cut short; a full list ends without a word, since
 * the first two dozen say enough. */
static void warn(struct parse *parse, const char *name, const char *what)
{
    if (parse->warnings_count == WEBHOOK_WARNINGS_MAX) {
        return;
    }
    size_t shown = text_utf8_cut(name, strlen(name) < SHOWN_NAME_BYTES_MAX ? strlen(name)
                                                                           : SHOWN_NAME_BYTES_MAX);
    const char *text = arena_format(parse->arena, "%.*s: %s", (int)shown, name, what);
    if (text != NULL) {
        parse->warnings[parse->warnings_count++] = text;
    }
}

/* Texts as they are, numbers and truth values as text; NULL for anything else. */
static const char *text_of(struct parse *parse, const json_t *value)
{
    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (json_is_integer(value)) {
        return arena_format(parse->arena, "%lld", (long long)json_integer_value(value));
    }
    if (json_is_real(value)) {
        return arena_format(parse->arena, "%g", json_real_value(value));
    }
    return json_is_boolean(value) ? (json_is_true(value) ? "true" : "false") : NULL;
}

/* An optional text of an object; NULL when there is none worth keeping. */
static const char *take_text(struct parse *parse, const json_t *object, const char *name,
                             const char *said_as, size_t bytes_max)
{
    const json_t *value = json_object_get(object, name);
    if (value == NULL || json_is_null(value)) {
        return NULL;
    }
    const char *text = text_of(parse, value);
    if (text == NULL) {
        warn(parse, said_as, "must be a string; left out");
        return NULL;
    }
    if (!json_is_string(value)) {
        warn(parse, said_as, "must be a string; taken as text");
    }
    size_t bytes = strlen(text);
    if (bytes > bytes_max) {
        warn(parse, said_as, "is too long; cut");
        text = arena_text_n(parse->arena, text, text_utf8_cut(text, bytes_max));
    }
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static enum severity take_severity(struct parse *parse)
{
    const json_t *value = json_object_get(parse->object, "severity");
    const char *word = json_string_value(value);
    for (int i = 0; word != NULL && severity_words[i] != NULL; i++) {
        if (strcmp(word, severity_words[i]) == 0) {
            return (enum severity)i;
        }
    }
    warn(parse, "severity",
         value == NULL ? "is missing; taken as critical"
                       : "must be info, minor, major or critical; taken as critical");
    return SEVERITY_CRITICAL;
}

static const char *take_summary(struct parse *parse)
{
    const char *text = take_text(parse, parse->object, "summary", "summary", SUMMARY_BYTES_MAX);
    if (text == NULL) {
        warn(parse, "summary", "is missing; written as " WEBHOOK_NO_SUMMARY_TEXT);
        text = WEBHOOK_NO_SUMMARY_TEXT;
    }
    return text;
}

static void warn_of_unknown(struct parse *parse, json_t *object, const char *const *known,
                            const char *what)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], name) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            warn(parse, name, what);
        }
    }
}

static void take_caller(struct parse *parse, struct escalate_request *request)
{
    json_t *caller = json_object_get(parse->object, "caller");
    if (caller == NULL || json_is_null(caller)) {
        return;
    }
    if (!json_is_object(caller)) {
        warn(parse, "caller", "must be an object; left out");
        return;
    }
    static const char *const known[] = {"name", "phone", NULL};
    warn_of_unknown(parse, caller, known, "is not a known field of caller; ignored");
    request->caller_name =
        take_text(parse, caller, "name", "caller/name", CALLER_NAME_BYTES_MAX - 1);
    const char *phone = take_text(parse, caller, "phone", "caller/phone", CALLER_PHONE_BYTES_MAX);
    char e164[TELEPHONE_E164_BYTES_MAX];
    if (phone != NULL && telephone_number_parse(phone, e164, NULL) == STATUS_OK) {
        phone = arena_text(parse->arena, e164);
    } else if (phone != NULL) {
        warn(parse, "caller/phone", "is not a telephone number; kept as text");
    }
    request->caller_phone = phone;
}

static int64_t take_promise_ms(struct parse *parse)
{
    static const char name[] = "callback_promised_s";
    const json_t *value = json_object_get(parse->object, name);
    if (value == NULL || json_is_null(value)) {
        return 0;
    }
    if (!json_is_number(value)) {
        warn(parse, name, "must be a whole number of seconds; left out");
        return 0;
    }
    double given = json_number_value(value);
    int64_t seconds = given < PROMISE_S_MIN   ? PROMISE_S_MIN
                      : given > PROMISE_S_MAX ? PROMISE_S_MAX
                                              : (int64_t)given;
    if (!json_is_integer(value) || given < PROMISE_S_MIN || given > PROMISE_S_MAX) {
        warn(parse, name, "must be a whole number from 60 to 86400; brought into range");
    }
    return seconds * 1000;
}

/* A flat object of strings, written anew; NULL: none. */
static void take_known_fields(struct parse *parse, json_t *clean)
{
    json_t *fields = json_object_get(parse->object, "fields");
    if (fields == NULL || json_is_null(fields)) {
        return;
    }
    if (!json_is_object(fields)) {
        warn(parse, "fields", "must be an object of strings; left out");
        return;
    }
    const char *name;
    json_t *value;
    json_object_foreach(fields, name, value)
    {
        if (strlen(name) > FIELD_NAME_BYTES_MAX || json_object_size(clean) == WEBHOOK_FIELDS_MAX) {
            warn(parse, "fields", "at most 64, with names of up to 64 bytes; the rest is left out");
            break;
        }
        const char *text = take_text(parse, fields, name, name, FIELD_VALUE_BYTES_MAX);
        if (text != NULL) {
            (void)json_object_set_new(clean, name, json_string(text));
        }
    }
}

/* A member that nobody knows may be what matters most: it is kept among the fields, as text. */
static void keep_unknown(struct parse *parse, json_t *clean, const char *name, json_t *value)
{
    char *dumped = json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *text = json_is_string(value) ? json_string_value(value) : dumped;
    char kept[FIELD_VALUE_BYTES_MAX + 1];
    bool fits = text != NULL && strlen(name) <= FIELD_NAME_BYTES_MAX &&
                json_object_size(clean) < WEBHOOK_FIELDS_MAX &&
                json_object_get(clean, name) == NULL;
    if (fits) {
        (void)text_copy(kept, sizeof kept, text);
        (void)json_object_set_new(clean, name, json_string(kept));
    }
    free(dumped);
    warn(parse, name,
         fits ? "is not a known field; kept among fields" : "is not a known field; left out");
}

static void take_unknown(struct parse *parse, json_t *clean)
{
    static const char *const known[] = {"customer",  "severity",  "category", "summary",
                                        "details",   "caller",    "fields",   "callback_promised_s",
                                        "dedup_key", "procedure", "drill",    "override",
                                        NULL};
    const char *name;
    json_t *value;
    json_object_foreach(parse->object, name, value)
    {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], name) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            keep_unknown(parse, clean, name, value);
        }
    }
}

/* The fields for the rules, which know no JSON. Without memory for them none is known: rules fail
 * towards waking somebody, and the request will be refused for want of memory anyway. */
static void keep_facts(struct parse *parse, json_t *clean, struct escalate_request *request)
{
    size_t count = json_object_size(clean);
    struct rules_fact *facts = arena_alloc(parse->arena, count * sizeof *facts);
    const char *name;
    json_t *value;
    request->facts = facts;
    json_object_foreach(clean, name, value)
    {
        struct rules_fact fact = {arena_text(parse->arena, name),
                                  arena_text(parse->arena, json_string_value(value))};
        if (facts != NULL && fact.name != NULL && fact.value != NULL && fact.value[0] != '\0') {
            facts[request->facts_count++] = fact;
        }
    }
}

static const char *take_fields(struct parse *parse, struct escalate_request *request)
{
    json_t *clean = json_object();
    take_known_fields(parse, clean);
    take_unknown(parse, clean);
    keep_facts(parse, clean, request);
    char *dumped = json_object_size(clean) > 0 ? json_dumps(clean, JSON_COMPACT) : NULL;
    json_decref(clean);
    const char *text = arena_text(parse->arena, dumped);
    free(dumped);
    return text;
}

static const char *take_procedure(struct parse *parse, const json_t *object, const char *said_as)
{
    const char *slug = take_text(parse, object, "procedure", said_as, SLUG_BYTES_MAX * 2);
    if (slug != NULL && !text_is_slug(slug)) {
        warn(parse, said_as, "is not a slug; the customer's default procedure is used");
        return NULL;
    }
    return slug;
}

static const char *const override_members[] = {"action",   "procedure", "on_call",
                                               "operator", "reason",    NULL};

/* Of a word that is not understood: somebody is woken. */
static enum rule_action take_action(struct parse *parse, const json_t *object)
{
    const char *word = take_text(parse, object, "action", "override/action", SLUG_BYTES_MAX);
    for (int i = 0; word != NULL && rule_action_words[i] != NULL; i++) {
        if (strcmp(word, rule_action_words[i]) == 0) {
            return (enum rule_action)i;
        }
    }
    if (word != NULL) {
        warn(parse, "override/action", "must be escalate, hold, ticket or forward; escalated");
    }
    return RULE_ESCALATE;
}

/* Without one the call goes the way of the customer's numbers, whose first is who is on call. */
static const char *take_role(struct parse *parse, const json_t *object)
{
    const char *slug = take_text(parse, object, "on_call", "override/on_call", SLUG_BYTES_MAX * 2);
    if (slug != NULL && !text_is_slug(slug)) {
        warn(parse, "override/on_call", "is not a slug; left out");
        return NULL;
    }
    return slug;
}

/* An operator's word counts also where it is incomplete. */
static void take_override(struct parse *parse, struct escalate_override *override)
{
    json_t *object = json_object_get(parse->object, "override");
    if (object == NULL || json_is_null(object)) {
        return;
    }
    if (!json_is_object(object)) {
        warn(parse, "override", "must be an object; left out");
        return;
    }
    warn_of_unknown(parse, object, override_members, "is not a known field of override; ignored");
    override->given = true;
    override->action = take_action(parse, object);
    override->on_call = take_role(parse, object);
    override->procedure = take_procedure(parse, object, "override/procedure");
    override->reason =
        take_text(parse, object, "reason", "override/reason", OVERRIDE_REASON_BYTES_MAX);
    override->operator_name =
        take_text(parse, object, "operator", "override/operator", PERSON_NAME_BYTES_MAX - 1);
    if (override->reason == NULL) {
        warn(parse, "override/reason", "is missing; say why: it stands in the timeline");
    }
    if (override->operator_name == NULL) {
        warn(parse, "override/operator", "is missing; say who decides: it stands in the timeline");
        override->operator_name = "";
    }
}

/* Never cut: two keys that begin alike would join what does not belong together. */
static const char *take_dedup_key(struct parse *parse)
{
    const char *key = take_text(parse, parse->object, "dedup_key", "dedup_key", SIZE_MAX);
    if (key != NULL && strlen(key) > DEDUP_KEY_BYTES_MAX) {
        warn(parse, "dedup_key", "is longer than 128 bytes; ignored");
        return NULL;
    }
    return key;
}

static bool take_drill(struct parse *parse)
{
    const json_t *value = json_object_get(parse->object, "drill");
    if (value != NULL && !json_is_boolean(value) && !json_is_null(value)) {
        /* Never mistake the real thing for a drill. */
        warn(parse, "drill", "must be true or false; taken as false");
    }
    return json_is_true(value);
}

static enum status take_customer(const json_t *object, const char **slug_r, struct error *error)
{
    const json_t *value = json_object_get(object, "customer");
    if (value == NULL || json_is_null(value)) {
        return error_set_at(error, STATUS_INVALID, "/customer",
                            "/customer: is required: the slug of the customer");
    }
    if (!json_is_string(value) || !text_is_slug(json_string_value(value))) {
        return error_set_at(error, STATUS_INVALID, "/customer",
                            "/customer: must be the slug of a customer");
    }
    *slug_r = json_string_value(value);
    return STATUS_OK;
}

enum status webhook_parse(const char *body, size_t body_bytes, struct arena *arena, json_t **json_r,
                          const char **customer_r, struct escalate_request *request_r,
                          struct error *error)
{
    *json_r = NULL;
    enum status status = json_parse(body != NULL ? body : "", body_bytes, json_r, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!json_is_object(*json_r)) {
        return error_set_at(error, STATUS_INVALID, "", "the body: must be an object");
    }
    status = take_customer(*json_r, customer_r, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct parse parse = {.arena = arena, .object = *json_r};
    *request_r = (struct escalate_request){0};
    request_r->severity = take_severity(&parse);
    request_r->category =
        take_text(&parse, parse.object, "category", "category", CATEGORY_BYTES_MAX);
    request_r->summary = take_summary(&parse);
    request_r->details = take_text(&parse, parse.object, "details", "details", DETAILS_BYTES_MAX);
    take_caller(&parse, request_r);
    request_r->promised_ms = take_promise_ms(&parse);
    request_r->fields = take_fields(&parse, request_r);
    request_r->dedup_key = take_dedup_key(&parse);
    request_r->procedure = take_procedure(&parse, parse.object, "procedure");
    take_override(&parse, &request_r->override);
    request_r->drill = take_drill(&parse);
    const char **kept = arena_alloc(arena, sizeof parse.warnings);
    if (kept == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for this body");
    }
    memcpy(kept, parse.warnings, sizeof parse.warnings);
    request_r->warnings = kept;
    request_r->warnings_count = parse.warnings_count;
    return STATUS_OK;
}
