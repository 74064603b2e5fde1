#include "admin-api/shift_view.h"

#include "gateway/engine/asked_because.h"

enum status check_in_find_lacks(struct store *store, const struct check_in_row *row,
                                struct check_in_lacks *lacks_r, struct error *error)
{
    struct device_test_row test;
    bool asks = row->completed_at.ms == TIME_NEVER_MS && !uuid_is_nil(row->test_id);
    enum status status =
        asks ? store_get_device_test(store, row->test_id, &test, error) : STATUS_NOT_FOUND;
    *lacks_r = check_in_lacks(row, status == STATUS_OK ? &test : NULL);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

void check_in_write(struct json_writer *json, const struct check_in_row *row,
                    const struct check_in_lacks *lacks, const struct directory_person *agent)
{
    bool complete = row->completed_at.ms != TIME_NEVER_MS;
    json_member_text(json, "state", complete ? "complete" : "pending");
    json_member_time(json, "completed_at", row->completed_at);
    check_in_missing_json(json, lacks);
    check_in_facts_json(json, row, agent);
}

static struct wall_time opens_at(const struct shift_view *view)
{
    return (struct wall_time){view->from.ms - view->rota->check_in.opens_before_ms};
}

static struct wall_time closes_at(const struct shift_view *view)
{
    return (struct wall_time){view->from.ms + view->rota->check_in.closes_after_ms};
}

/* Of a shift that was not judged: by the agent's check-ins. */
static enum status load_check_in(struct store *store, struct arena *arena, struct shift_view *view,
                                 struct error *error)
{
    struct check_in_row newest, complete;
    enum status status =
        store_get_check_in(store, view->customer->id, view->agent->id, arena, &newest, error);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    view->pending = newest.in_at.ms >= opens_at(view).ms;
    status = store_find_complete_check_in(store, view->customer->id, view->agent->id,
                                          opens_at(view), arena, &complete, error);
    view->complete = status == STATUS_OK;
    if (view->complete) {
        view->completed_at = complete.completed_at;
        view->completed_way = complete.way;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* What the agent made for it, however it was judged. */
static enum status load_made(struct store *store, struct arena *arena, struct shift_view *view,
                             struct error *error)
{
    enum status status =
        store_find_check_in_of_shift(store, view->customer->id, view->agent->id, opens_at(view),
                                     view->to, arena, &view->check_in, error);
    view->made = status == STATUS_OK;
    if (status == STATUS_OK) {
        status = check_in_find_lacks(store, &view->check_in, &view->lacks, error);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status shift_view_load(struct store *store, struct wall_time now, struct arena *arena,
                            struct shift_view *view, struct error *error)
{
    view->completed_at = WALL_NEVER;
    if (!view->rota->check_in.planned) {
        return STATUS_OK;
    }
    enum status status = store_get_check_in_duty(store, view->customer->id, view->rota->slug,
                                                 view->from, view->agent->id, &view->duty, error);
    view->judged = status == STATUS_OK;
    if (view->judged) {
        view->completed_at = view->duty.completed_at;
        view->completed_way = view->duty.completed_way;
    }
    if (status == STATUS_NOT_FOUND && now.ms >= opens_at(view).ms) {
        status = load_check_in(store, arena, view, error);
    }
    return status == STATUS_OK || status == STATUS_NOT_FOUND ? load_made(store, arena, view, error)
                                                             : status;
}

static const char *state_of_duty(const struct shift_view *view, struct wall_time now)
{
    switch (view->duty.state) {
    case DUTY_TAKEN_UP:
        return "taken_up";
    case DUTY_LAPSED: /* is asked for just now */
    case DUTY_MISSING:
        return now.ms > closes_at(view).ms ? "missed" : "asked";
    case DUTY_REPLACED:
        return "replaced";
    case DUTY_WITHDRAWN:
        return "withdrawn";
    case DUTY_PASSED:
        break;
    }
    return "unknown";
}

const char *shift_view_state(const struct shift_view *view, struct wall_time now)
{
    if (!view->rota->check_in.planned) {
        return NULL;
    }
    if (view->judged) {
        return state_of_duty(view, now);
    }
    if (view->from.ms < view->rota->check_in.since.ms) {
        return "unknown"; /* it began before anybody looked */
    }
    return view->complete               ? "taken_up"
           : view->pending              ? "pending"
           : now.ms < opens_at(view).ms ? "not_open"
                                        : "open";
}

static const char *way_word(enum check_in_way way)
{
    return way == CHECK_IN_BY_CALL          ? "call"
           : way == CHECK_IN_BY_VOICE       ? "desk"
           : way == CHECK_IN_BY_REPLACEMENT ? "replacement"
                                            : "app";
}

static void write_made(struct json_writer *json, const struct shift_view *view)
{
    const struct check_in_row *row = &view->check_in;
    json_name(json, "made");
    if (!view->made) {
        json_null_value(json);
        return;
    }
    json_object_begin(json);
    json_member_time(json, "at", row->in_at);
    json_member_text(json, "way", way_word(row->way));
    json_member_text(json, "installation", row->installation[0] != '\0' ? row->installation : NULL);
    check_in_write(json, row, &view->lacks, view->agent);
    json_object_end(json);
}

/* Why it is, or was, asked for; and whether its agent has gone. */
static void write_asked(struct json_writer *json, const struct shift_view *view)
{
    const struct check_in_duty_row *duty = &view->duty;
    bool there = duty->state == DUTY_TAKEN_UP;
    bool asked = view->judged && (duty->state == DUTY_LAPSED || !uuid_is_nil(duty->escalation_id));
    json_member_text(json, "asked_because", asked ? asked_because_word(duty->asked_because) : NULL);
    json_member_bool(json, "checked_out_early",
                     asked && !there && duty->asked_because == ASKED_LEFT_EARLY);
}

void shift_view_check_in(struct json_writer *json, const struct shift_view *view,
                         struct wall_time now)
{
    const char *state = shift_view_state(view, now);
    json_name(json, "check_in");
    if (state == NULL) {
        json_null_value(json);
        return;
    }
    bool settled = view->completed_at.ms != TIME_NEVER_MS;
    const struct directory_person *other =
        view->judged && view->duty.replaced_by != 0
            ? directory_agent(view->customer, view->duty.replaced_by)
            : NULL;
    json_object_begin(json);
    json_member_text(json, "state", state);
    json_member_time(json, "opens_at", opens_at(view));
    json_member_time(json, "remind_at",
                     (struct wall_time){view->from.ms - view->rota->check_in.remind_before_ms});
    json_member_time(json, "closes_at", closes_at(view));
    json_member_time(json, "completed_at", view->completed_at);
    json_member_text(json, "way", settled ? way_word(view->completed_way) : NULL);
    json_member_text(json, "replaced_by", other != NULL ? other->slug : NULL);
    write_made(json, view);
    write_asked(json, view);
    json_name(json, "escalation");
    if (view->judged && !uuid_is_nil(view->duty.escalation_id)) {
        char id[UUID_TEXT_BYTES];
        uuid_format(view->duty.escalation_id, id);
        json_text(json, id);
    } else {
        json_null_value(json);
    }
    json_object_end(json);
}
