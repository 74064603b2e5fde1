#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/uuid.h"
#include "gateway/ctl/commands.h"
#include "gateway/ctl/escalation_view.h"
#include "gateway/ctl/pages.h"
#include "gateway/ctl/terminal.h"

#define ESCALATION_BYTES_MAX (256u << 10)

static void print_member_line(const struct terminal *out, const char *label, const char *text,
                              enum tint tint)
{
    terminal_print(out, TINT_DIM, "%-9s", label);
    terminal_text(out, tint, text);
    terminal_print(out, TINT_PLAIN, "\n");
}

/* "paul on 2 device(s), by 1 call(s)". */
static void print_notified(const struct terminal *out, json_t *item)
{
    const char *agent = ctl_member(item, "agent");
    long long devices = json_integer_value(json_object_get(item, "devices"));
    long long calls = json_integer_value(json_object_get(item, "calls"));
    terminal_print(out, TINT_DIM, "%-9s", "notified");
    terminal_text(out, TINT_PLAIN, agent[0] != '\0' ? agent : ctl_member(item, "contact"));
    if (devices > 0 || calls == 0) {
        terminal_print(out, TINT_PLAIN, " on %lld device(s)", devices);
    }
    if (calls > 0) {
        terminal_print(out, TINT_PLAIN, "%s by %lld call(s)", devices > 0 ? "," : "", calls);
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

static void print_opened(struct ctl *ctl, json_t *answer)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    bool joined = json_is_true(json_object_get(answer, "joined"));
    print_member_line(&out, "id", ctl_member(answer, "id"), TINT_BOLD);
    print_member_line(&out, "ticket", ctl_member(answer, "ticket"), TINT_PLAIN);
    if (joined) {
        print_member_line(&out, "joined", "an escalation that was open already", TINT_YELLOW);
    }
    print_member_line(&out, "state", ctl_member(answer, "state"),
                      terminal_tint_of(ctl_member(answer, "state")));
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(answer, "notified"), i, item)
    {
        print_notified(&out, item);
    }
    json_t *next = json_object_get(answer, "next");
    if (json_is_object(next)) {
        char at[TERMINAL_TIME_BYTES_MAX];
        terminal_time(ctl_member(next, "at"), clock_wall(ctl->clock), at);
        terminal_print(&out, TINT_DIM, "%-9s", "next");
        terminal_print(&out, TINT_PLAIN, "%s ", at);
        terminal_text(&out, TINT_PLAIN, ctl_member(next, "what"));
        terminal_print(&out, TINT_PLAIN, "\n");
    }
    json_array_foreach(json_object_get(answer, "warnings"), i, item)
    {
        print_member_line(&out, "warning", json_is_string(item) ? json_string_value(item) : "",
                          TINT_YELLOW);
    }
}

enum ctl_exit command_escalate(struct ctl *ctl, const struct arguments *arguments)
{
    /* Sent as it is, without a look inside: the webhook fails safe and judges better. */
    struct client_request request = {.method = "POST", .path = "/v1/escalations"};
    enum ctl_exit code = ctl_read_file(ctl, arguments->positional[0], ESCALATION_BYTES_MAX,
                                       &request.body, &request.body_bytes);
    if (code != CTL_OK) {
        return code;
    }
    char fresh_key[UUID_TEXT_BYTES];
    uuid_format(uuid_v7(clock_wall(ctl->clock), ctl->random), fresh_key);
    const char *given_key = arguments_option(arguments, "--idempotency-key");
    request.idempotency_key = given_key != NULL ? given_key : fresh_key;
    struct client_response response;
    code = ctl_call(ctl, &request, &response);
    if (code == CTL_UNREACHABLE) {
        (void)fprintf(ctl->err,
                      "  Repeat the command with --idempotency-key %s until it answers: it cannot\n"
                      "  open a second escalation. If it does not answer soon, telephone.\n",
                      request.idempotency_key);
    }
    if (code != CTL_OK) {
        return code;
    }
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else {
        print_opened(ctl, response.json);
    }
    client_response_fini(&response);
    return CTL_OK;
}

enum ctl_exit command_show(struct ctl *ctl, const struct arguments *arguments)
{
    struct client_response response;
    const char *path = ctl_path(ctl, "v1", "escalations", arguments->positional[0], NULL);
    enum ctl_exit code = ctl_call_json(ctl, "GET", path, NULL, &response);
    if (code != CTL_OK) {
        return code;
    }
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else {
        const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
        escalation_view(&out, response.json, clock_wall(ctl->clock));
    }
    client_response_fini(&response);
    return CTL_OK;
}

enum ctl_exit command_list(struct ctl *ctl, const struct arguments *arguments)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    bool as_json = arguments_option(arguments, "--json") != NULL;
    const char *limit = arguments_option(arguments, "--limit");
    char *end = NULL;
    errno = 0;
    unsigned long items_max = limit != NULL ? strtoul(limit, &end, 10) : 50;
    if (errno != 0 || items_max == 0 || (limit != NULL && (*end != '\0' || limit[0] == '-'))) {
        return ctl_fail(ctl, CTL_USAGE, "--limit: \"%s\" is not a number above 0", limit);
    }
    char page_items[16];
    (void)snprintf(page_items, sizeof page_items, "%lu", items_max < 200 ? items_max : 200);
    const char *path =
        ctl_query(ctl, "/v1/escalations", "customer", arguments_option(arguments, "--customer"),
                  "state", arguments_option(arguments, "--state"), "limit", page_items, NULL);
    int columns = terminal_columns(ctl->out);
    struct pages pages = pages_begin(ctl, path, items_max);
    unsigned long count = 0;
    for (json_t *escalation; (escalation = pages_next(&pages)) != NULL; count++) {
        if (as_json) {
            ctl_print_json(ctl, escalation, true);
            continue;
        }
        if (count == 0) {
            escalation_view_titles(&out, columns);
        }
        escalation_view_line(&out, escalation, columns, clock_wall(ctl->clock));
    }
    bool more = pages_has_more(&pages);
    enum ctl_exit code = pages_end(&pages);
    if (code == CTL_OK && more) {
        (void)fflush(ctl->out);
        (void)fprintf(ctl->err, "… more: --limit N (these are %lu)\n", count);
    } else if (code == CTL_OK && count == 0 && !as_json) {
        (void)fputs("no such escalations\n", ctl->err);
    }
    return code;
}
