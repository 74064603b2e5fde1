/* pauses.c - "in the lift for ten minutes": said by an agent's app, or by the desk on their behalf.
 */
#include "admin-api/pauses.h"

#include "admin-api/admin_api_private.h"

#define OPERATOR_BYTES_MAX (PERSON_NAME_BYTES_MAX - 1)

static const char *const no_parameters[] = {NULL};

void pause_write(struct json_writer *json, const struct directory_pause *pause,
                 int64_t wall_of_engine_ms)
{
    json_name(json, "paused");
    if (pause == NULL) {
        json_null_value(json);
        return;
    }
    json_object_begin(json);
    json_member_time(json, "since", pause->since_at);
    json_member_time(json, "until", (struct wall_time){pause->until_engine.ms + wall_of_engine_ms});
    json_member_text(json, "reason", pause->reason);
    json_member_text(json, "operator", pause->operator_name);
    json_object_end(json);
}

/* Whose it is: the caller's own, or that of the path. False: the answer is there. */
static bool take_agent(struct exchange *exchange, bool desk, struct pause_request *request)
{
    if (!query_check(exchange, no_parameters)) {
        return false;
    }
    if (desk) {
        return path_slug(exchange, 1, &request->agent);
    }
    request->agent_id = exchange->principal.agent_id;
    return true;
}

static enum next begin(struct exchange *exchange, bool desk)
{
    struct json_reader reader;
    struct error error;
    struct command *command = exchange_command(exchange, COMMAND_PAUSE);
    struct pause_request *request = &command->request.pause;
    if (!take_agent(exchange, desk, request) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    request->minutes = (int)json_take_int(&reader, "minutes", true, 1, PAUSE_MINUTES_MAX, 0);
    request->reason = json_take_text(&reader, "reason", false, 1, PAUSE_REASON_BYTES_MAX);
    if (desk) {
        request->operator_name = json_take_text(&reader, "operator", true, 1, OPERATOR_BYTES_MAX);
    }
    return body_end(exchange, &reader) ? NEXT_COMMAND : NEXT_ANSWER;
}

static enum next end(struct exchange *exchange, bool desk)
{
    struct command *command = exchange_command(exchange, COMMAND_PAUSE);
    return take_agent(exchange, desk, &command->request.pause) ? NEXT_COMMAND : NEXT_ANSWER;
}

enum next agent_pauses_post(struct exchange *exchange)
{
    return begin(exchange, false);
}

enum next agent_pauses_delete(struct exchange *exchange)
{
    return end(exchange, false);
}

enum next agents_pauses_post(struct exchange *exchange)
{
    return begin(exchange, true);
}

enum next agents_pauses_delete(struct exchange *exchange)
{
    return end(exchange, true);
}
