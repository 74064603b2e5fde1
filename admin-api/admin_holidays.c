/* admin_holidays.c - a customer's file of holidays (RFC 5545): it is kept as it came. */
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"
#include "gateway/base/text.h"

static const char *const no_parameters[] = {NULL};

/* Reading a file takes a while, so a reader thread does it. */
static enum next check(struct exchange *exchange, struct store *store)
{
    (void)store;
    struct error error = {0};
    const struct engine_rotas *rotas = engine_rotas(exchange->api->engine);
    const struct engine_calendar_texts texts = {.holidays_ics =
                                                    exchange->command.request.holidays.ics};
    const struct wall_time from = {exchange->received_at.ms - CALENDAR_BEHIND_MS};
    const struct wall_time until = {exchange->received_at.ms + CALENDAR_AHEAD_MS};
    const struct engine_calendar *calendar;
    enum status status = rotas->read_calendar(rotas->context, &texts, from, until, exchange->arena,
                                              &calendar, &error);
    return status == STATUS_OK ? NEXT_COMMAND : reply_problem(exchange, status, &error, NULL);
}

enum next holidays_put(struct exchange *exchange)
{
    struct command *command = exchange_command(exchange, COMMAND_PUT_HOLIDAYS);
    if (!query_check(exchange, no_parameters)) {
        return NEXT_ANSWER;
    }
    if (exchange->body_bytes == 0 || !text_is_utf8(exchange->body, exchange->body_bytes) ||
        memchr(exchange->body, '\0', exchange->body_bytes) != NULL) {
        return reply_fault(exchange, STATUS_INVALID, "",
                           "the body: must be an iCalendar file, in UTF-8");
    }
    command->request.holidays.ics =
        arena_text_n(exchange->arena, exchange->body, exchange->body_bytes);
    exchange->read = check;
    return NEXT_READ;
}

enum next holidays_delete(struct exchange *exchange)
{
    (void)exchange_command(exchange, COMMAND_PUT_HOLIDAYS);
    return query_check(exchange, no_parameters) ? NEXT_COMMAND : NEXT_ANSWER;
}

static enum next show(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct holidays_row row;
    enum status status =
        store_get_holidays(store, exchange->customer_id, exchange->arena, &row, &error);
    if (status != STATUS_OK) {
        return escalations_read_fault(exchange, status, &error);
    }
    (void)reply_json(exchange, 200, row.ics, strlen(row.ics));
    exchange->answer_type = "text/calendar; charset=utf-8";
    return NEXT_ANSWER;
}

enum next holidays_get(struct exchange *exchange)
{
    exchange->read = show;
    return query_check(exchange, no_parameters) ? NEXT_READ : NEXT_ANSWER;
}
