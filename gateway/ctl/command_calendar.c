#include <string.h>

#include "gateway/ctl/commands.h"
#include "gateway/ctl/pages.h"
#include "gateway/ctl/terminal.h"

#define ICS_BYTES_MAX (1u << 20)

/* ---- import ---- */

static void print_who(const struct terminal *out, json_t *change, const char *member)
{
    const char *agent = ctl_member(change, member);
    terminal_column(out, agent[0] != '\0' ? TINT_BOLD : TINT_RED, 20,
                    agent[0] != '\0' ? agent : "nobody");
}

static void print_changes(struct ctl *ctl, json_t *planning)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    size_t i;
    json_t *change;
    json_array_foreach(json_object_get(planning, "changes"), i, change)
    {
        char span[TERMINAL_SPAN_BYTES_MAX];
        terminal_span(ctl_member(change, "from"), ctl_member(change, "to"), span);
        print_who(&out, change, "after");
        terminal_print(&out, TINT_PLAIN, "instead of ");
        print_who(&out, change, "before");
        terminal_print(&out, TINT_PLAIN, "%s\n", span);
    }
    if (json_is_true(json_object_get(planning, "more_changes"))) {
        terminal_print(&out, TINT_PLAIN, "… and more\n");
    }
}

static long long count_of(json_t *planning, const char *member)
{
    json_t *value = json_object_get(planning, member);
    return json_is_array(value) ? (long long)json_array_size(value)
                                : (long long)json_integer_value(value);
}

static void print_planning(struct ctl *ctl, json_t *planning)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    print_changes(ctl, planning);
    terminal_print(&out, TINT_BOLD, "%s%lld shifts: %lld added, %lld unchanged; %lld removed",
                   json_is_true(json_object_get(planning, "dry_run")) ? "dry run, nothing changed: "
                                                                      : "",
                   count_of(planning, "shifts"), count_of(planning, "added"),
                   count_of(planning, "unchanged"), count_of(planning, "removed"));
    terminal_print(&out, TINT_BOLD, "; left out: %lld over, %lld cancelled%s\n",
                   count_of(planning, "past"), count_of(planning, "cancelled"),
                   json_is_true(json_object_get(planning, "new_rota")) ? "; a new rota" : "");
}

enum ctl_exit command_rota_import(struct ctl *ctl, const struct arguments *arguments)
{
    const char *text;
    size_t bytes;
    enum ctl_exit code = ctl_read_file(ctl, arguments->positional[2], ICS_BYTES_MAX, &text, &bytes);
    if (code != CTL_OK) {
        return code;
    }
    const char *path = ctl_path(ctl, "v1", "customers", arguments->positional[0], "rotas",
                                arguments->positional[1], "import", NULL);
    path = ctl_query(ctl, path, "dry_run",
                     arguments_option(arguments, "--dry-run") != NULL ? "true" : NULL, "overrides",
                     arguments_option(arguments, "--replace") != NULL ? "replace" : NULL, "from",
                     arguments_option(arguments, "--from"), NULL);
    const struct client_request request = {.method = "POST",
                                           .path = path,
                                           .body = text,
                                           .body_bytes = bytes,
                                           .content_type = "text/calendar; charset=utf-8"};
    struct client_response response;
    code = ctl_call(ctl, &request, &response);
    if (code != CTL_OK) {
        return code;
    }
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else {
        print_planning(ctl, response.json);
    }
    client_response_fini(&response);
    return CTL_OK;
}

/* ---- feeds ---- */

/* "/v1/customers/C/rotas/R/feeds", or "…/agents/A/feeds", and an id behind it (or NULL). NULL: the
 * options do not say which; that was told. */
static const char *feeds_path(struct ctl *ctl, const struct arguments *arguments, const char *id)
{
    const char *rota = arguments_option(arguments, "--rota");
    const char *agent = arguments_option(arguments, "--agent");
    if ((rota == NULL) == (agent == NULL)) {
        (void)ctl_fail(ctl, CTL_USAGE, "give --rota or --agent: whose calendar it is");
        return NULL;
    }
    return ctl_path(ctl, "v1", "customers", arguments->positional[0],
                    rota != NULL ? "rotas" : "agents", rota != NULL ? rota : agent, "feeds", id,
                    NULL);
}

enum ctl_exit command_feed_create(struct ctl *ctl, const struct arguments *arguments)
{
    const char *path = feeds_path(ctl, arguments, NULL);
    const char *name = arguments_option(arguments, "--name");
    if (path == NULL) {
        return CTL_USAGE;
    }
    json_t *body = name != NULL ? json_pack("{s:s}", "name", name) : json_object();
    if (body == NULL) {
        return ctl_fail(ctl, CTL_USAGE, "an argument is not valid UTF-8");
    }
    struct client_response response;
    enum ctl_exit code = ctl_call_json(ctl, "POST", path, body, &response);
    if (code != CTL_OK) {
        return code;
    }
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else {
        const struct terminal out = {.file = ctl->out};
        terminal_text(&out, TINT_PLAIN, ctl_member(response.json, "url"));
        terminal_print(&out, TINT_PLAIN, "\n");
        (void)fprintf(ctl->err, "feed id %lld; the address is shown only this once\n",
                      count_of(response.json, "id"));
    }
    client_response_fini(&response);
    return CTL_OK;
}

enum ctl_exit command_feed_list(struct ctl *ctl, const struct arguments *arguments)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    bool as_json = arguments_option(arguments, "--json") != NULL;
    const char *path = feeds_path(ctl, arguments, NULL);
    if (path == NULL) {
        return CTL_USAGE;
    }
    struct pages pages = pages_begin(ctl, path, 0);
    for (json_t *feed; (feed = pages_next(&pages)) != NULL;) {
        char made[TERMINAL_TIME_BYTES_MAX];
        if (as_json) {
            ctl_print_json(ctl, feed, true);
            continue;
        }
        terminal_date_time(ctl_member(feed, "created_at"), made);
        terminal_print(&out, TINT_PLAIN, "%-8lld %s  ", count_of(feed, "id"), made);
        terminal_text(&out, TINT_BOLD, ctl_member(feed, "name"));
        terminal_print(&out, TINT_PLAIN, "\n");
    }
    return pages_end(&pages);
}

enum ctl_exit command_feed_revoke(struct ctl *ctl, const struct arguments *arguments)
{
    struct client_response response;
    const char *path = feeds_path(ctl, arguments, arguments->positional[1]);
    if (path == NULL) {
        return CTL_USAGE;
    }
    enum ctl_exit code = ctl_call_json(ctl, "DELETE", path, NULL, &response);
    if (code == CTL_OK) {
        (void)fputs("revoked\n", ctl->out);
        client_response_fini(&response);
    }
    return code;
}
