/* missions.c - who is at work on what, for a customer: the holder, the members beside them, and who
 * is asked and has not answered. One list, from the rows of open escalations. */
#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"
#include "gateway/engine/escalation_json.h"
#include "gateway/store/store_team.h"

struct missions {
    const struct directory_customer *customer;
    struct escalation_view *items;
    size_t count;
    struct uuid next; /* of the last one looked at */
    bool more;
};

static void write_mission(struct json_writer *json, const struct escalation_view *view)
{
    const struct escalation *escalation = &view->escalation;
    json_object_begin(json);
    json_member_uuid(json, "escalation", escalation->id);
    json_member_uuid(json, "ticket", escalation->ticket_id);
    json_member_int(json, "ticket_number", view->ticket.number);
    json_member_text(json, "kind", "incident");
    json_member_text(json, "severity", severity_word(escalation->severity));
    json_member_text(json, "summary", view->ticket.summary);
    json_member_bool(json, "drill", escalation->drill);
    json_member_text(json, "state", escalation_state_word(escalation->state));
    json_member_time(json, "opened_at", escalation->opened_at);
    escalation_json_holder(json, view->customer, escalation);
    escalation_json_team(json, view->customer, escalation, view->wall_of_engine_ms);
    json_member_int(json, "wanted", escalation_seeks_members(escalation) ? escalation->wanted : 1);
    json_object_end(json);
}

static void write_missions(struct json_writer *json, void *context)
{
    const struct missions *missions = context;
    json_object_begin(json);
    json_name(json, "items");
    json_array_begin(json);
    for (size_t i = 0; i < missions->count; i++) {
        write_mission(json, &missions->items[i]);
    }
    json_array_end(json);
    if (missions->more) {
        json_member_uuid(json, "next_cursor", missions->next);
    } else {
        json_name(json, "next_cursor");
        json_null_value(json);
    }
    json_object_end(json);
}

/* One that may not be read is left out: the desk was told of it. */
static enum status read_page(struct exchange *exchange, struct store *store,
                             struct missions *missions, struct error *error)
{
    struct escalation *rows;
    size_t count = 0;
    enum status status =
        store_list_worked_on(store, missions->customer->id, exchange->cursor, exchange->limit + 1,
                             exchange->arena, &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    missions->more = count > exchange->limit;
    count = missions->more ? exchange->limit : count;
    missions->items = arena_alloc(exchange->arena, (count + 1) * sizeof *missions->items);
    if (missions->items == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the missions");
    }
    int64_t wall_of_engine_ms = escalations_wall_of_engine_ms(exchange);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        missions->next = rows[i].id;
        if (!escalations_begin_reading(exchange, missions->customer->id, rows[i].id)) {
            continue;
        }
        struct escalation_view *item = &missions->items[missions->count++];
        item->customer = missions->customer;
        item->escalation = rows[i];
        item->wall_of_engine_ms = wall_of_engine_ms;
        status = store_get_ticket(store, missions->customer->id, rows[i].ticket_id, exchange->arena,
                                  &item->ticket, error);
        burden_drop();
    }
    return status;
}

static enum next read_missions(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct missions missions = {.customer = exchange->customer};
    enum status status = store_read_begin(store, &error);
    if (status == STATUS_OK) {
        status = read_page(exchange, store, &missions, &error);
        store_read_end(store);
    }
    return status == STATUS_OK ? reply_view(exchange, write_missions, &missions)
                               : escalations_read_fault(exchange, status, &error);
}

enum next missions_list(struct exchange *exchange)
{
    static const char *const parameters[] = {"limit", "cursor", NULL};
    if (!query_check(exchange, parameters) || !query_page(exchange)) {
        return NEXT_ANSWER;
    }
    exchange->read = read_missions;
    return NEXT_READ;
}
