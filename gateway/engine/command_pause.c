/* command_pause.c - an agent says that there is no network for a while, or that it is back. What is
 * asked of a paused agent meanwhile goes by call, too: see core/asking.c. Open escalations that ask
 * the agent already are told as of any change of people, so that the call goes out at once.
 */
#include "gateway/engine/engine_private.h"

#include <string.h>

#include "gateway/base/json_writer.h"
#include "gateway/store/store_standing.h"

/* Said again within this time, it is the same pause: a repeated request changes nothing. */
#define PAUSE_SAME_MS   INT64_C(30000)
#define PAUSE_BYTES_MAX 2048

static const struct directory_person *find_agent(struct engine *engine,
                                                 const struct command *command)
{
    const struct pause_request *request = &command->request.pause;
    const struct directory_customer *customer =
        directory_customer(engine->current, command->customer_id);
    const struct directory_person *agent = customer == NULL ? NULL
                                           : request->agent != NULL
                                               ? directory_agent_by_slug(customer, request->agent)
                                               : directory_agent(customer, request->agent_id);
    return agent != NULL && agent->active ? agent : NULL;
}

/* row: NULL for none. */
static void answer_pause(struct engine *engine, struct command *command,
                         const struct pause_row *row)
{
    char text[PAUSE_BYTES_MAX];
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_name(&json, "paused");
    if (row == NULL) {
        json_null_value(&json);
    } else {
        struct wall_time until = {row->until_engine.ms + wall_of_engine_ms(engine)};
        json_object_begin(&json);
        json_member_time(&json, "since", row->since_at);
        json_member_time(&json, "until", until);
        json_member_text(&json, "reason", row->reason);
        json_member_text(&json, "operator", row->operator_name);
        json_object_end(&json);
    }
    json_object_end(&json);
    answer_json(command, text, json_writer_bytes(&json));
}

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_repeat(const struct pause_row *known, const struct pause_row *wanted)
{
    int64_t later_ms = wanted->until_engine.ms - known->until_engine.ms;
    return later_ms >= 0 && later_ms < PAUSE_SAME_MS &&
           is_same_text(known->reason, wanted->reason) &&
           is_same_text(known->operator_name, wanted->operator_name);
}

static enum status begin(struct engine *engine, struct command *command, int64_t agent_id,
                         struct error *error)
{
    const struct pause_request *request = &command->request.pause;
    struct engine_time now = engine_now(engine);
    struct wall_time wall = clock_wall(&engine->configuration.clock);
    int64_t lasts_ms = request->minutes * INT64_C(60000);
    const struct pause_row wanted = {
        .customer_id = command->customer_id,
        .agent_id = agent_id,
        .since_at = wall,
        .until_at = {wall.ms + lasts_ms},
        .until_engine = engine_time_add(now, lasts_ms),
        .reason = request->reason,
        .operator_name = request->operator_name,
    };
    struct pause_row known;
    enum status status = store_get_pause(engine->store, command->customer_id, agent_id,
                                         engine->scratch, &known, error);
    if (status == STATUS_OK && is_repeat(&known, &wanted)) {
        answer_pause(engine, command, &known);
        return STATUS_OK;
    }
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        status = store_put_pause(engine->store, &wanted, error);
    }
    if (status == STATUS_OK) {
        engine_customer_changed(engine, command->customer_id, true);
        answer_pause(engine, command, &wanted);
    }
    return status;
}

static enum status end(struct engine *engine, struct command *command, int64_t agent_id,
                       struct error *error)
{
    enum status status = store_delete_pause(engine->store, command->customer_id, agent_id, error);
    if (status == STATUS_OK) {
        engine_customer_changed(engine, command->customer_id, false);
    }
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        answer_pause(engine, command, NULL);
        return STATUS_OK;
    }
    return status;
}

enum status command_pause(struct engine *engine, struct command *command, struct error *error)
{
    const struct directory_person *agent = find_agent(engine, command);
    if (agent == NULL) {
        answer_refuse(command, STATUS_NOT_FOUND, "no such agent");
        return STATUS_OK;
    }
    return command->request.pause.minutes == 0 ? end(engine, command, agent->id, error)
                                               : begin(engine, command, agent->id, error);
}
