/* forwarding.c - direct forwarding: the telephony layer asks whom to dial for a number that was
 * called, and afterwards has the call recorded.
 *
 * The question is answered by the HTTP thread from the directory: neither the writer nor the
 * database has a part in it, whatever state they are in. That nobody can be dialled is told to the
 * desk at once, as a caller waits.
 */
#include "admin-api/forwarding.h"

#include <stdlib.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/called_number.h"
#include "gateway/base/encoding.h"

#define CALLER_BYTES_MAX  64
#define CALL_ID_BYTES_MAX 128
#define ALARM_BYTES_MAX   192

/* A query by hand wakes nobody: only the telephony layer has a caller on the line. */
static void tell_desk(struct exchange *exchange, const char *kind, const char *about,
                      const char *detail)
{
    if (exchange->principal.role == ROLE_TELEPHONY) {
        engine_alarm_about(exchange->api->engine, kind, about, detail);
    }
}

/* Whose number the path has. On false the answer is there. */
static bool find_called(struct exchange *exchange, char number_r[TELEPHONE_E164_BYTES_MAX])
{
    struct error error = {0};
    enum status status = called_number_read(exchange->parameters[0], number_r, &error);
    const struct directory_customer *customer =
        status == STATUS_OK ? called_number_customer(exchange, number_r) : NULL;
    if (customer != NULL) {
        exchange->customer = customer;
        exchange->customer_id = customer->id;
        return true;
    }
    tell_desk(exchange, "forwarding.unknown_number", exchange->principal.key_id,
              "a call came in on a number that is no customer's of the key that asked: it was not "
              "put through; compare the numbers of the customers with those of the trunk");
    if (status != STATUS_OK) {
        (void)reply_fault(exchange, status, NULL, "%s", error.text);
    } else {
        (void)reply_fault(exchange, STATUS_NOT_FOUND, NULL,
                          "the number in the path is not one that a customer of this key is called "
                          "on: put it into that customer's numbers");
    }
    return false;
}

static bool take_format(struct exchange *exchange, enum forwarding_format *format_r)
{
    static const char *const parameters[] = {"format", NULL};
    if (!query_check(exchange, parameters)) {
        return false;
    }
    *format_r = forwarding_format_parse(query_value(exchange, "format"));
    if (*format_r == FORWARDING_FORMATS_COUNT) {
        (void)reply_fault(exchange, STATUS_INVALID, NULL,
                          "query parameter format must be one of json, text, ladder, twiml");
        return false;
    }
    return true;
}

/* The same in all formats: a PBX that reads only text must not take it for a number. */
static enum next reply_nobody(struct exchange *exchange, const struct forwarding *forwarding)
{
    const char *slug = forwarding->customer->slug;
    struct error error = {0};
    const char *members = arena_format(
        exchange->arena, "{\"customer\":\"%s\",\"number\":\"%s\",\"dial\":null,\"ladder\":[]}",
        slug, forwarding->number);
    const char *detail = arena_format(
        exchange->arena,
        "a call for %s could not be put through: nobody who is on call now has a number", slug);
    tell_desk(exchange, "forwarding.nobody", slug, detail != NULL ? detail : "");
    (void)error_set(&error, STATUS_CONFLICT,
                    "nobody who is on call for %s now has a number, and it has no emergency_phone: "
                    "give it one, or fill the gap in its rotas",
                    slug);
    return reply_problem(exchange, STATUS_CONFLICT, &error, members);
}

enum next forwarding_get(struct exchange *exchange)
{
    char number[TELEPHONE_E164_BYTES_MAX];
    enum forwarding_format format;
    struct ladder ladder;
    if (!take_format(exchange, &format) || !find_called(exchange, number)) {
        return NEXT_ANSWER;
    }
    struct forwarding forwarding = {
        .customer = exchange->customer, .number = number, .ladder = &ladder};
    ladder_resolve(exchange->customer, exchange->received_at, &ladder);
    if (ladder.count == 0) {
        return reply_nobody(exchange, &forwarding);
    }
    if (format == FORWARDING_JSON) {
        return reply_view(exchange, forwarding_write_json, &forwarding);
    }
    char *text = arena_alloc(exchange->arena, FORWARDING_TEXT_BYTES_MAX);
    if (text == NULL) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    exchange->answer_type = forwarding_content_type(format);
    return reply_json(exchange, 200, text, forwarding_write_text(&forwarding, format, text));
}

/* ---- for the record ---- */

enum forwarded_outcome {
    FORWARDED_ANSWERED,
    FORWARDED_BUSY,
    FORWARDED_NO_ANSWER,
    FORWARDED_FAILED,
    FORWARDED_ABANDONED,
};

static const char *const outcome_words[] = {"answered", "busy",      "no_answer",
                                            "failed",   "abandoned", NULL};

struct forwarded_call {
    const char *number;
    const char *caller;  /* E.164, or as it came; or NULL: withheld */
    const char *dialled; /* E.164, or NULL */
    const char *call_id; /* the telephony layer's own, or NULL */
    enum forwarded_outcome outcome;
};

/* Whose telephone was dialled; NULL: nobody's of the customer. */
static const struct directory_person *find_dialled(const struct directory_customer *customer,
                                                   const char *phone)
{
    const struct directory_person *const kinds[] = {customer->agents, customer->contacts};
    const size_t counts[] = {customer->agents_count, customer->contacts_count};
    for (size_t k = 0; phone != NULL && k < sizeof kinds / sizeof kinds[0]; k++) {
        for (size_t i = 0; i < counts[k]; i++) {
            const struct directory_person *person = &kinds[k][i];
            if (person->active && directory_has_phone(person, phone)) {
                return person;
            }
        }
    }
    return NULL;
}

/* What the ticket's list shows, in the customer's language. */
static const char *summarise(struct exchange *exchange, const struct forwarded_call *call,
                             const struct directory_person *person)
{
    const struct directory_customer *customer = exchange->customer;
    bool french = strncmp(customer->language, "en", 2) != 0;
    if (call->outcome == FORWARDED_ABANDONED) {
        return french ? "Appel transféré : l'appelant a raccroché avant la réponse"
                      : "Forwarded call: the caller hung up before anybody answered";
    }
    if (call->outcome != FORWARDED_ANSWERED) {
        return french ? "Appel transféré auquel personne n'a répondu"
                      : "Forwarded call that nobody answered";
    }
    if (person != NULL) {
        return arena_format(exchange->arena,
                            french ? "Appel transféré à %s" : "Call put through to %s",
                            person->name);
    }
    bool emergency = call->dialled != NULL && customer->emergency_phone != NULL &&
                     strcmp(call->dialled, customer->emergency_phone) == 0;
    if (emergency) {
        return french ? "Appel transféré au numéro d'urgence"
                      : "Call put through to the emergency number";
    }
    return french ? "Appel transféré" : "Call put through";
}

static void set_field(json_t *fields, const char *name, const char *text)
{
    if (text != NULL) {
        (void)json_object_set_new(fields, name, json_string(text));
    }
}

/* As the fields of any ticket, so that they are shown, found and erased like those. */
static const char *write_fields(struct exchange *exchange, const struct forwarded_call *call,
                                const struct directory_person *person)
{
    json_t *fields = json_object();
    set_field(fields, "number", call->number);
    set_field(fields, "caller", call->caller);
    set_field(fields, "dialled", call->dialled);
    set_field(fields, "outcome", outcome_words[call->outcome]);
    set_field(fields, "call_id", call->call_id);
    if (person != NULL) {
        set_field(fields, person_kind_word(person->kind), person->slug);
    }
    char *dumped = json_dumps(fields, JSON_COMPACT);
    json_decref(fields);
    const char *text = dumped != NULL ? arena_text(exchange->arena, dumped) : NULL;
    free(dumped);
    return text;
}

/* Kept as it came when it is no number: "anonymous" is worth knowing, too. */
static const char *take_caller(struct exchange *exchange, struct json_reader *reader)
{
    char e164[TELEPHONE_E164_BYTES_MAX];
    const char *text = json_take_text(reader, "caller", false, 1, CALLER_BYTES_MAX);
    return text != NULL && called_number_read(text, e164, NULL) == STATUS_OK
               ? arena_text(exchange->arena, e164)
               : text;
}

static const char *take_dialled(struct exchange *exchange, struct json_reader *reader)
{
    char e164[TELEPHONE_E164_BYTES_MAX];
    struct error error = {0};
    const char *text = json_take_text(reader, "dialled", false, 1, CALLER_BYTES_MAX);
    if (text == NULL) {
        return NULL;
    }
    if (called_number_read(text, e164, &error) != STATUS_OK) {
        json_reader_fault(reader, "dialled", "is not a telephone number: %s", error.text);
        return NULL;
    }
    return arena_text(exchange->arena, e164);
}

static void tell_unanswered(struct exchange *exchange, const struct forwarded_call *call)
{
    if (call->outcome == FORWARDED_ANSWERED || call->outcome == FORWARDED_ABANDONED) {
        return; /* who gives up is not told: most of them had the wrong number */
    }
    const char *slug = exchange->customer->slug;
    const char *detail =
        arena_format(exchange->arena,
                     "a call for %s was put through and nobody answered: call back, its ticket "
                     "says whom",
                     slug);
    tell_desk(exchange, "forwarding.unanswered", slug, detail != NULL ? detail : "");
}

/* Who did not hear the answer says it again, and not every telephony layer has a key of its own for
 * that: the same of the same call is said once, to each customer, as long as keys are kept (a day).
 * A call's id with anything else beside it is another call: a layer that gives the same id to all
 * must lose none. False: no memory. */
static bool set_key(struct exchange *exchange, const struct forwarded_call *call,
                    struct forwarded_call_request *request)
{
    const char outcome = (char)call->outcome;
    const char *const texts[] = {call->number, call->call_id, call->caller, call->dialled};
    struct digest_part parts[1 + sizeof texts / sizeof texts[0]] = {{&outcome, 1}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *text = texts[i] != NULL ? texts[i] : "";
        parts[i + 1] = (struct digest_part){text, strlen(text) + 1};
    }
    char key[HEX_TEXT_BYTES(DIGEST_BYTES)];
    request->body_digest = digest_sha256(parts, sizeof parts / sizeof parts[0]);
    hex_encode(request->body_digest.bytes, DIGEST_BYTES, key);
    /* No API key's id has a '/' in it. */
    request->key_id = arena_format(exchange->arena, "calls/%lld", (long long)exchange->customer_id);
    request->idempotency_key = arena_text(exchange->arena, key);
    return request->idempotency_key != NULL;
}

enum next forwarding_record(struct exchange *exchange)
{
    static const char *const no_parameters[] = {NULL};
    struct json_reader reader;
    struct error error;
    char number[TELEPHONE_E164_BYTES_MAX];
    if (!query_check(exchange, no_parameters) || !find_called(exchange, number) ||
        !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    struct forwarded_call call = {.number = number};
    call.outcome =
        (enum forwarded_outcome)json_take_word(&reader, "outcome", true, outcome_words, 0);
    call.caller = take_caller(exchange, &reader);
    call.dialled = take_dialled(exchange, &reader);
    call.call_id = json_take_text(&reader, "call_id", false, 1, CALL_ID_BYTES_MAX);
    if (!body_end(exchange, &reader)) {
        return NEXT_ANSWER;
    }
    struct command *command = exchange_command(exchange, COMMAND_FORWARDED_CALL);
    struct forwarded_call_request *request = &command->request.forwarded_call;
    const struct directory_person *person = find_dialled(exchange->customer, call.dialled);
    const struct digest_part parts[] = {{number, strlen(number)},
                                        {exchange->body, exchange->body_bytes}};
    request->key_id = arena_text(exchange->arena, exchange->principal.key_id);
    request->idempotency_key = exchange->idempotency_key;
    request->body_digest = digest_sha256(parts, sizeof parts / sizeof parts[0]);
    if (request->idempotency_key == NULL && call.call_id != NULL &&
        !set_key(exchange, &call, request)) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    request->summary = summarise(exchange, &call, person);
    request->fields = write_fields(exchange, &call, person);
    request->closed = call.outcome == FORWARDED_ANSWERED;
    if (call.outcome == FORWARDED_ANSWERED && person != NULL) {
        request->answered = (struct person_ref){.kind = person->kind, .id = person->id};
        request->answered_phone = call.dialled;
    }
    if (request->key_id == NULL || request->summary == NULL || request->fields == NULL) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    tell_unanswered(exchange, &call);
    return NEXT_COMMAND;
}
