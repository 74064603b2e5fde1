/* admin_customers.c - the companies served. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "gateway/base/text.h"
#include "gateway/numbers/telephone_number.h"

#define NAME_BYTES_MAX      200
#define TIME_ZONE_BYTES_MAX 64
#define HOLIDAYS_BYTES_MAX  63
#define PHONE_BYTES_MAX     64
#define GREETING_BYTES_MAX  1000
#define SAID_BYTES_MAX      1000
#define RETENTION_DAYS_MAX  7305 /* twenty years, as long as hospitals keep a patient's record */

static void write_json_or(struct json_writer *json, const char *name, const char *text,
                          const char *otherwise)
{
    json_member_raw(json, name, text != NULL ? text : otherwise);
}

static void write_days(struct json_writer *json, const char *name, int64_t days)
{
    json_name(json, name);
    if (days > 0) {
        json_int(json, days);
    } else {
        json_null_value(json);
    }
}

/* Only the languages in which it has words of its own. */
static void write_nobody_reached(struct json_writer *json,
                                 const struct directory_customer *customer)
{
    json_name(json, "nobody_reached");
    if (customer->nobody_reached_fr == NULL && customer->nobody_reached_en == NULL) {
        json_null_value(json);
        return;
    }
    json_object_begin(json);
    if (customer->nobody_reached_fr != NULL) {
        json_member_text(json, "fr", customer->nobody_reached_fr);
    }
    if (customer->nobody_reached_en != NULL) {
        json_member_text(json, "en", customer->nobody_reached_en);
    }
    json_object_end(json);
}

static void write_head(struct json_writer *json, const struct directory_customer *customer)
{
    json_member_text(json, "slug", customer->slug);
    json_member_text(json, "name", customer->name);
    json_member_text(json, "time_zone", customer->time_zone);
    json_member_text(json, "language", customer->language);
    json_member_text(json, "alias", customer->alias);
    json_member_text(json, "default_procedure", customer->default_procedure);
    json_member_bool(json, "active", customer->active);
    json_member_text(json, "holidays", customer->holidays);
    json_name(json, "numbers");
    json_array_begin(json);
    for (size_t i = 0; i < customer->numbers_count; i++) {
        json_text(json, customer->numbers[i]);
    }
    json_array_end(json);
    json_member_text(json, "emergency_phone", customer->emergency_phone);
    json_member_text(json, "greeting", customer->greeting);
    write_nobody_reached(json, customer);
    write_days(json, "retention_days", customer->retention_days);
    write_days(json, "notice_days", customer->notice_days);
}

/* What a PUT takes, so that it can be changed and put again. */
static void write_customer(struct json_writer *json, void *context)
{
    const struct directory_customer *customer = context;
    json_object_begin(json);
    write_head(json, customer);
    write_json_or(json, "opening_hours", customer->opening_hours, "null");
    write_json_or(json, "ticket_fields", customer->ticket_fields_json, "[]");
    json_object_end(json);
}

static void write_customers(struct json_writer *json, void *context)
{
    const struct exchange *exchange = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < directory_customers_count(exchange->directory); i++) {
        const struct directory_customer *customer = directory_customer_at(exchange->directory, i);
        if (principal_covers(&exchange->principal, customer->id)) {
            json_object_begin(json); /* without what is long: there may be thousands */
            write_head(json, customer);
            json_object_end(json);
        }
    }
    json_array_end(json);
    json_name(json, "next_cursor");
    json_null_value(json);
    json_object_end(json);
}

enum next customers_list(struct exchange *exchange)
{
    static const char *const no_parameters[] = {NULL};
    return query_check(exchange, no_parameters) ? reply_view(exchange, write_customers, exchange)
                                                : NEXT_ANSWER;
}

static enum next show(struct exchange *exchange)
{
    union {
        const struct directory_customer *customer;
        void *context;
    } shown = {exchange->customer};
    return shown.customer != NULL ? reply_view(exchange, write_customer, shown.context)
                                  : reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
}

enum next customers_get(struct exchange *exchange)
{
    static const char *const no_parameters[] = {NULL};
    return query_check(exchange, no_parameters) ? show(exchange) : NEXT_ANSWER;
}

/* A number as people write it, as E.164; NULL after a fault, which is that of `name`. */
static const char *read_number(struct exchange *exchange, struct json_reader *reader,
                               const char *name, const char *text)
{
    char e164[TELEPHONE_E164_BYTES_MAX];
    struct error error = {0};
    if (telephone_number_parse(text, e164, &error) != STATUS_OK) {
        json_reader_fault(reader, name, "is not a telephone number: %s", error.text);
        return NULL;
    }
    return arena_text(exchange->arena, e164);
}

static const char *take_number(struct exchange *exchange, struct json_reader *reader,
                               const char *name)
{
    const char *text = json_take_text(reader, name, false, 1, PHONE_BYTES_MAX);
    return text != NULL ? read_number(exchange, reader, name, text) : NULL;
}

/* False after a fault. */
static bool take_nth_number(struct exchange *exchange, struct json_reader *reader,
                            const json_t *value, const char **numbers, size_t n)
{
    char name[32];
    (void)snprintf(name, sizeof name, "numbers/%zu", n);
    const char *text = json_string_value(value);
    if (text == NULL || strlen(text) > PHONE_BYTES_MAX) {
        json_reader_fault(reader, name, "must be a telephone number, as a string");
        return false;
    }
    numbers[n] = read_number(exchange, reader, name, text);
    for (size_t i = 0; i < n && numbers[n] != NULL; i++) {
        if (strcmp(numbers[i], numbers[n]) == 0) {
            json_reader_fault(reader, name, "is the same number as numbers/%zu: leave one out", i);
            return false;
        }
    }
    return numbers[n] != NULL;
}

static void take_numbers(struct exchange *exchange, struct json_reader *reader,
                         struct customer_request *request)
{
    const json_t *array = json_take_array(reader, "numbers", false, 0, NUMBERS_OF_CUSTOMER_MAX);
    size_t count = json_array_size(array), read = 0;
    const char **numbers = arena_alloc(exchange->arena, count * sizeof *numbers);
    while (numbers != NULL && read < count &&
           take_nth_number(exchange, reader, json_array_get(array, read), numbers, read)) {
        read++;
    }
    request->numbers = numbers;
    request->numbers_count = read;
}

/* A value as JSON text; NULL for none. */
static const char *text_of(struct exchange *exchange, const json_t *value)
{
    char *dumped = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    const char *text = arena_text(exchange->arena, dumped);
    free(dumped);
    return text;
}

/* What the reader of the body does not look into. */
static enum status check_inside(struct exchange *exchange, const struct customer_request *request,
                                struct error *error)
{
    const struct engine_rotas *rotas = engine_rotas(exchange->api->engine);
    const struct engine_calendar_texts texts = {request->opening_hours, request->holidays, NULL};
    const struct engine_calendar *calendar;
    const struct ticket_field *fields;
    size_t count;
    enum status status =
        rotas->read_calendar(rotas->context, &texts, exchange->received_at, exchange->received_at,
                             exchange->arena, &calendar, error);
    if (status == STATUS_OK && request->ticket_fields != NULL) {
        status = ticket_fields_parse(request->ticket_fields, strlen(request->ticket_fields),
                                     exchange->arena, &fields, &count, error);
        status = status == STATUS_OK ? status : error_move_into(error, status, "/ticket_fields");
    }
    return status;
}

static enum status take_nobody_reached(json_t *object, struct customer_request *request,
                                       struct error *error)
{
    struct json_reader reader;
    if (object == NULL) {
        return STATUS_OK;
    }
    json_reader_init(&reader, object, "/nobody_reached", error);
    request->nobody_reached_fr = json_take_text(&reader, "fr", false, 1, SAID_BYTES_MAX);
    request->nobody_reached_en = json_take_text(&reader, "en", false, 1, SAID_BYTES_MAX);
    return json_reader_end(&reader);
}

static void take_calling(struct exchange *exchange, struct json_reader *reader,
                         struct customer_request *request)
{
    request->opening_hours = text_of(exchange, json_take_object(reader, "opening_hours", false));
    request->holidays = json_take_text(reader, "holidays", false, 1, HOLIDAYS_BYTES_MAX);
    take_numbers(exchange, reader, request);
    request->emergency_phone = take_number(exchange, reader, "emergency_phone");
    request->greeting = json_take_text(reader, "greeting", false, 1, GREETING_BYTES_MAX);
    request->retention_days =
        json_take_int(reader, "retention_days", false, 1, RETENTION_DAYS_MAX, 0);
    request->notice_days = json_take_int(reader, "notice_days", false, 1, NOTICE_DAYS_MAX, 0);
    request->ticket_fields =
        text_of(exchange, json_take_array(reader, "ticket_fields", false, 0, TICKET_FIELDS_MAX));
}

enum next customers_put(struct exchange *exchange)
{
    static const char *const languages[] = {"fr", "en", NULL};
    static const char *const no_parameters[] = {NULL};
    struct json_reader reader;
    struct error error;
    struct command *command = exchange_command(exchange, COMMAND_PUT_CUSTOMER);
    struct customer_request *request = &command->request.customer;
    if (!query_check(exchange, no_parameters) || !path_slug(exchange, 0, &request->slug) ||
        !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    const char *slug = json_take_slug(&reader, "slug", false);
    if (slug != NULL && strcmp(slug, request->slug) != 0) {
        json_reader_fault(&reader, "slug", "must equal the name in the path");
    }
    request->name = json_take_text(&reader, "name", true, 1, NAME_BYTES_MAX);
    request->time_zone = json_take_text(&reader, "time_zone", true, 1, TIME_ZONE_BYTES_MAX);
    request->language = languages[json_take_word(&reader, "language", true, languages, 0)];
    request->alias = json_take_text(&reader, "alias", true, 1, NAME_BYTES_MAX);
    request->default_procedure = json_take_slug(&reader, "default_procedure", false);
    request->active = json_take_bool(&reader, "active", true);
    take_calling(exchange, &reader, request);
    json_t *nobody_reached = json_take_object(&reader, "nobody_reached", false);
    if (!body_end(exchange, &reader)) {
        return NEXT_ANSWER;
    }
    enum status status = take_nobody_reached(nobody_reached, request, &error);
    if (status == STATUS_OK) {
        status = check_inside(exchange, request, &error);
    }
    exchange->after = show;
    return status == STATUS_OK ? NEXT_COMMAND : reply_problem(exchange, status, &error, NULL);
}
