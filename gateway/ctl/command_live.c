/* watch and follow: the gateway's event stream, for people and for programs. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/commands.h"
#include "gateway/ctl/escalation_view.h"
#include "gateway/ctl/problem.h"
#include "gateway/ctl/terminal.h"

#define RECONNECT_FIRST_MS 500
#define RECONNECT_MS_MAX   10000

struct live {
    struct ctl *ctl;
    struct terminal out;
    const char *escalation; /* NULL: all of the customer's */
    bool as_json;
    bool quiet; /* an event came since the connection was lost */
    enum ctl_exit code;
};

static bool is_closed(json_t *escalation)
{
    return ctl_member(escalation, "closed_at")[0] != '\0';
}

/* Whether to go on: the event may have been the last one. */
static bool still_open(struct live *live)
{
    struct client_response response;
    const char *path = ctl_path(live->ctl, "v1", "escalations", live->escalation, NULL);
    live->code = ctl_call_json(live->ctl, "GET", path, NULL, &response);
    if (live->code != CTL_OK) {
        return false;
    }
    bool closed = is_closed(response.json);
    if (closed) {
        terminal_text(&live->out, terminal_tint_of(ctl_member(response.json, "state")),
                      ctl_member(response.json, "state"));
        terminal_print(&live->out, TINT_PLAIN, "\n");
    }
    client_response_fini(&response);
    return !closed;
}

static bool print_event_json(struct live *live, const struct sse_event *event, json_t *data)
{
    json_t *line = json_pack("{s:s,s:s,s:O}", "id", event->id, "event", event->kind, "data", data);
    if (line != NULL) {
        ctl_print_json(live->ctl, line, true);
        json_decref(line);
    }
    return fflush(live->ctl->out) == 0;
}

static bool on_event(void *context, const struct sse_event *event)
{
    struct live *live = context;
    live->quiet = false;
    json_t *data = json_loads(event->data, JSON_DECODE_ANY, NULL);
    if (data == NULL) {
        return true;
    }
    bool go_on = true;
    const char *escalation = ctl_member(data, "escalation");
    if (live->as_json) {
        go_on = print_event_json(live, event, data);
    } else if (live->escalation == NULL) {
        terminal_column(&live->out, TINT_DIM, 36, escalation);
        escalation_view_entry(&live->out, data, clock_wall(live->ctl->clock));
        go_on = fflush(live->ctl->out) == 0;
    } else if (strcmp(escalation, live->escalation) == 0) {
        escalation_view_entry(&live->out, data, clock_wall(live->ctl->clock));
        go_on = fflush(live->ctl->out) == 0 && still_open(live);
    }
    json_decref(data);
    return go_on;
}

/* Whether it pays to connect again; if not, live->code says how to end. */
static bool may_reconnect(struct live *live, enum status status, struct client_response *refusal,
                          const struct error *error)
{
    struct ctl *ctl = live->ctl;
    if (status == STATUS_DONE) {
        return false;
    }
    if (status == STATUS_INVALID && refusal->http_status < 500) {
        problem_print(ctl->err, refusal, "");
        live->code = CTL_REFUSED;
        return false;
    }
    if (!live->quiet) {
        (void)ctl_fail(ctl, CTL_OK, "connection lost, trying again: %s",
                       status == STATUS_INVALID ? "the gateway is not ready" : error->text);
    }
    live->quiet = true;
    return true;
}

/* Follows the customer's events after last_id until the command ends. A first connection that
 * fails is an error; one that is lost later is taken up again. */
static enum ctl_exit run_stream(struct live *live, const char *customer, const char *last_id)
{
    struct ctl *ctl = live->ctl;
    const char *path = ctl_query(ctl, "/v1/events", "customer", customer, NULL);
    struct sse_parser *parser = sse_create(on_event, live);
    enum ctl_exit code = ctl_connect(ctl, true);
    if (code != CTL_OK || parser == NULL) {
        sse_destroy(&parser);
        return code != CTL_OK ? code : ctl_fail(ctl, CTL_USAGE, "out of memory");
    }
    if (last_id[0] != '\0') {
        const char *seed = arena_format(ctl->arena, "id: %s\n\n", last_id);
        if (seed != NULL && sse_feed(parser, seed, strlen(seed)) != STATUS_OK) {
            sse_destroy(&parser);
            return ctl_fail(ctl, CTL_USAGE, "\"%s\" is not an event's id", last_id);
        }
    }
    int wait_ms = RECONNECT_FIRST_MS;
    for (;;) {
        struct client_response refusal;
        struct error error = {0};
        enum status status = client_stream(ctl->client, path, parser, &refusal, &error);
        bool again = may_reconnect(live, status, &refusal, &error);
        client_response_fini(&refusal);
        if (!again) {
            break;
        }
        sse_reset(parser);
        (void)poll(NULL, 0, wait_ms);
        wait_ms = wait_ms * 2 > RECONNECT_MS_MAX ? RECONNECT_MS_MAX : wait_ms * 2;
    }
    sse_destroy(&parser);
    return live->code;
}

/* The number of the last entry printed, as the stream's id. */
static const char *print_so_far(struct live *live, json_t *escalation)
{
    struct wall_time now = clock_wall(live->ctl->clock);
    escalation_view_head(&live->out, escalation, now);
    terminal_print(&live->out, TINT_PLAIN, "\n");
    long long seq = 0;
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(escalation, "timeline"), i, entry)
    {
        escalation_view_entry(&live->out, entry, now);
        seq = json_integer_value(json_object_get(entry, "seq"));
    }
    (void)fflush(live->ctl->out);
    const char *id = seq > 0 ? arena_format(live->ctl->arena, "%lld", seq) : "";
    return id != NULL ? id : "";
}

enum ctl_exit command_watch(struct ctl *ctl, const struct arguments *arguments)
{
    const char *customer = arguments_option(arguments, "--customer");
    struct live live = {.ctl = ctl, .out = {.file = ctl->out, .colour = ctl->colour}};
    if ((customer != NULL) == (arguments->positional_count == 1)) {
        return ctl_fail(ctl, CTL_USAGE, "watch needs an escalation's id, or --customer SLUG");
    }
    if (customer != NULL) {
        return run_stream(&live, customer, "");
    }
    live.escalation = arguments->positional[0];
    struct client_response response;
    const char *path = ctl_path(ctl, "v1", "escalations", live.escalation, NULL);
    enum ctl_exit code = ctl_call_json(ctl, "GET", path, NULL, &response);
    if (code != CTL_OK) {
        return code;
    }
    live.escalation = arena_text(ctl->arena, ctl_member(response.json, "id"));
    customer = arena_text(ctl->arena, ctl_member(response.json, "customer"));
    const char *last_id = print_so_far(&live, response.json);
    bool closed = is_closed(response.json);
    client_response_fini(&response);
    if (closed || live.escalation == NULL || customer == NULL) {
        return closed ? CTL_OK : ctl_fail(ctl, CTL_USAGE, "out of memory");
    }
    return run_stream(&live, customer, last_id);
}

enum ctl_exit command_follow(struct ctl *ctl, const struct arguments *arguments)
{
    const char *customer = arguments_option(arguments, "--customer");
    const char *since = arguments_option(arguments, "--since");
    if (customer == NULL || arguments_option(arguments, "--json") == NULL) {
        return ctl_fail(ctl, CTL_USAGE, "follow needs --json and --customer SLUG");
    }
    struct live live = {.ctl = ctl, .out = {.file = ctl->out}, .as_json = true};
    return run_stream(&live, customer, since != NULL ? since : "");
}
