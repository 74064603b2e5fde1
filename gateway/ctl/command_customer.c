#include <stdlib.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/ctl/commands.h"
#include "gateway/ctl/customers_file.h"
#include "gateway/ctl/problem.h"
#include "gateway/ctl/terminal.h"

#define CUSTOMERS_BYTES_MAX (4u << 20)
#define HOLIDAYS_BYTES_MAX  (64u << 10) /* what the gateway takes of any body */

enum change { CHANGE_CREATED, CHANGE_UPDATED, CHANGE_UNCHANGED, CHANGE_SKIPPED, CHANGES_COUNT };

static const char *const change_words[] = {"created", "updated", "unchanged", "skipped"};
static const enum tint change_tints[] = {TINT_GREEN, TINT_YELLOW, TINT_DIM, TINT_DIM};

/* Sends one request for a step; a refusal is told with the step's place in the file. */
static enum ctl_exit step_call(struct ctl *ctl, const struct customers_step *step,
                               const char *method, const char *body,
                               struct client_response *response_r)
{
    const struct client_request request = {.method = method,
                                           .path = step->path,
                                           .body = body,
                                           .body_bytes = body != NULL ? strlen(body) : 0};
    struct error error = {0};
    if (client_send(ctl->client, &request, response_r, &error) != STATUS_OK) {
        return ctl_fail(ctl, CTL_UNREACHABLE, "%s %s of %s: the gateway cannot be reached: %s",
                        step->kind, step->slug, step->customer, error.text);
    }
    bool absent = strcmp(method, "GET") == 0 && response_r->http_status == 404;
    if (!absent && (response_r->http_status < 200 || response_r->http_status > 299)) {
        bool key_refused = response_r->http_status == 401 || response_r->http_status == 403;
        if (!key_refused) { /* that has nothing to do with what the step is about */
            (void)fprintf(ctl->err, "astreintectl: %s %s of %s\n", step->kind, step->slug,
                          step->customer);
        }
        (void)snprintf(ctl->refused_as, sizeof ctl->refused_as, "%s", problem_slug(response_r));
        problem_print(ctl->err, response_r, step->pointer);
        client_response_fini(response_r);
        return CTL_REFUSED;
    }
    return CTL_OK;
}

/* What the gateway holds; NULL in *present_r when there is nothing. The caller releases it. */
static enum ctl_exit read_present(struct ctl *ctl, const struct customers_step *step,
                                  json_t **present_r)
{
    struct client_response response;
    enum ctl_exit code = step_call(ctl, step, "GET", NULL, &response);
    if (code == CTL_OK) {
        *present_r = response.http_status == 404 ? NULL : json_incref(response.json);
        client_response_fini(&response);
    }
    return code;
}

static enum ctl_exit put_body(struct ctl *ctl, const struct customers_step *step, json_t *body)
{
    struct client_response response;
    char *text = json_dumps(body, JSON_COMPACT);
    enum ctl_exit code = text != NULL ? step_call(ctl, step, "PUT", text, &response)
                                      : ctl_fail(ctl, CTL_USAGE, "out of memory");
    free(text);
    if (code == CTL_OK) {
        client_response_fini(&response);
    }
    return code;
}

/* Put always, and compared before and after: whether a file says the same as a default that it
 * leaves out is the gateway's to know. */
static enum ctl_exit put_step(struct ctl *ctl, const struct customers_step *step, json_t *present,
                              enum change *change_r)
{
    json_t *after = NULL;
    enum ctl_exit code = put_body(ctl, step, step->body);
    if (code != CTL_OK) {
        return code;
    }
    if (present != NULL) {
        code = read_present(ctl, step, &after);
    }
    *change_r = present == NULL                                        ? CHANGE_CREATED
                : customers_step_changed_nothing(step, present, after) ? CHANGE_UNCHANGED
                                                                       : CHANGE_UPDATED;
    json_decref(after);
    return code;
}

/* The first step of a customer that is there: the one at the end says the rest. */
static enum ctl_exit put_first(struct ctl *ctl, const struct customers_step *step, json_t *present,
                               enum change *change_r)
{
    json_t *body = customers_step_first_body(step, present);
    enum ctl_exit code = body != NULL ? put_body(ctl, step, body) : CTL_OK;
    *change_r = body != NULL ? CHANGE_UPDATED : CHANGE_SKIPPED;
    json_decref(body);
    return code;
}

static enum ctl_exit run_step(struct ctl *ctl, const struct customers_step *step, bool dry_run,
                              enum change *change_r)
{
    json_t *present = NULL;
    enum ctl_exit code = read_present(ctl, step, &present);
    if (code != CTL_OK) {
        return code;
    }
    if (step->comes_first && dry_run) {
        *change_r = CHANGE_SKIPPED; /* the customer's own step at the end counts */
    } else if (step->comes_first && present != NULL) {
        code = put_first(ctl, step, present, change_r);
    } else if (dry_run) {
        *change_r = present == NULL                         ? CHANGE_CREATED
                    : customers_step_is_done(step, present) ? CHANGE_UNCHANGED
                                                            : CHANGE_UPDATED;
    } else {
        code = put_step(ctl, step, present, change_r);
    }
    json_decref(present);
    return code;
}

/* After a step that failed. A file is at fault only when the gateway refused what stands in it. */
static void print_what_now(struct ctl *ctl, enum ctl_exit code, unsigned changed_count)
{
    bool key_refused = strcmp(ctl->refused_as, "unauthenticated") == 0 ||
                       strcmp(ctl->refused_as, "forbidden") == 0;
    if (key_refused && changed_count == 0) {
        (void)fputs("  Nothing was changed.\n", ctl->err);
        return;
    }
    (void)fprintf(ctl->err, "  What stands above was done; %s.\n",
                  key_refused           ? "apply it again with a key that may do the rest"
                  : code == CTL_REFUSED ? "mend the file and apply it again"
                                        : "apply the file again");
}

static enum ctl_exit run_plan(struct ctl *ctl, const struct customers_plan *plan, bool dry_run)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    unsigned counts[CHANGES_COUNT] = {0};
    for (size_t i = 0; i < plan->steps_count; i++) {
        const struct customers_step *step = &plan->steps[i];
        enum change change = CHANGE_UNCHANGED;
        enum ctl_exit code = run_step(ctl, step, dry_run, &change);
        if (code != CTL_OK) {
            print_what_now(ctl, code, counts[CHANGE_CREATED] + counts[CHANGE_UPDATED]);
            return code;
        }
        counts[change]++;
        if (change == CHANGE_SKIPPED) {
            continue;
        }
        terminal_column(&out, change_tints[change], 9, change_words[change]);
        terminal_column(&out, TINT_PLAIN, 9, step->kind);
        terminal_text(&out, TINT_PLAIN, step->customer);
        if (strcmp(step->kind, "customer") != 0) {
            terminal_print(&out, TINT_PLAIN, "/");
            terminal_text(&out, TINT_PLAIN, step->slug);
        }
        terminal_print(&out, TINT_PLAIN, "\n");
    }
    terminal_print(&out, TINT_BOLD, "%s%u created, %u updated, %u unchanged\n",
                   dry_run ? "dry run, nothing sent: " : "", counts[CHANGE_CREATED],
                   counts[CHANGE_UPDATED], counts[CHANGE_UNCHANGED]);
    return CTL_OK;
}

enum ctl_exit command_apply(struct ctl *ctl, const struct arguments *arguments)
{
    const char *text = NULL;
    size_t bytes = 0;
    enum ctl_exit code =
        ctl_read_file(ctl, arguments->positional[0], CUSTOMERS_BYTES_MAX, &text, &bytes);
    if (code != CTL_OK) {
        return code;
    }
    json_t *document = NULL;
    struct customers_plan plan = {0};
    struct error error = {0};
    enum status status = json_parse(text, bytes, &document, &error);
    if (status == STATUS_OK) {
        status = customers_plan_make(document, ctl->arena, &plan, &error);
    }
    json_decref(document);
    if (status != STATUS_OK) {
        return ctl_fail(ctl, CTL_USAGE, "%s: %s%s%s", arguments->positional[0], error.pointer,
                        error.pointer[0] != '\0' ? ": " : "", error.text);
    }
    code = ctl_connect(ctl, true);
    if (code == CTL_OK) {
        code = run_plan(ctl, &plan, arguments_option(arguments, "--dry-run") != NULL);
    }
    customers_plan_fini(&plan);
    return code;
}

/* A refusal names nothing that was not found: the command line may be a script's. */
static void say_asked_for(struct ctl *ctl, const char *kind, const struct arguments *arguments)
{
    const struct terminal err = {.file = ctl->err};
    if (strcmp(ctl->refused_as, "not-found") == 0) {
        terminal_print(&err, TINT_PLAIN, "  asked for: %s ", kind);
        terminal_text(&err, TINT_PLAIN, arguments->positional[1]);
        terminal_print(&err, TINT_PLAIN, " of customer ");
        terminal_text(&err, TINT_PLAIN, arguments->positional[0]);
        terminal_print(&err, TINT_PLAIN, "\n");
    }
}

static enum ctl_exit say_whose(struct ctl *ctl, const struct arguments *arguments)
{
    const struct terminal err = {.file = ctl->err};
    if (strcmp(ctl->refused_as, "not-found") == 0) {
        terminal_print(&err, TINT_PLAIN, "  asked for: the file of holidays of customer ");
        terminal_text(&err, TINT_PLAIN, arguments->positional[0]);
        terminal_print(&err, TINT_PLAIN, "\n");
    }
    return CTL_REFUSED;
}

enum ctl_exit command_holidays(struct ctl *ctl, const struct arguments *arguments)
{
    const char *name = arguments->positional_count > 1 ? arguments->positional[1] : NULL;
    bool remove = arguments_option(arguments, "--remove") != NULL;
    struct client_request request = {
        .method = name != NULL ? "PUT"
                  : remove     ? "DELETE"
                               : "GET",
        .path = ctl_path(ctl, "v1", "customers", arguments->positional[0], "holidays.ics", NULL),
        .content_type = "text/calendar",
    };
    if (name != NULL && remove) {
        return ctl_fail(ctl, CTL_USAGE, "give a file or --remove, not both");
    }
    enum ctl_exit code = name == NULL ? CTL_OK
                                      : ctl_read_file(ctl, name, HOLIDAYS_BYTES_MAX, &request.body,
                                                      &request.body_bytes);
    struct client_response response;
    if (code == CTL_OK) {
        code = ctl_call(ctl, &request, &response);
        code = code == CTL_REFUSED ? say_whose(ctl, arguments) : code;
    }
    if (code != CTL_OK) {
        return code;
    }
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    if (name == NULL && !remove) {
        (void)fwrite(response.body, 1, response.body_bytes, ctl->out);
    } else {
        terminal_print(&out, TINT_GREEN, name != NULL ? "kept\n" : "removed\n");
    }
    client_response_fini(&response);
    return CTL_OK;
}

enum ctl_exit command_enrol(struct ctl *ctl, const struct arguments *arguments)
{
    struct client_response response;
    const char *path = ctl_path(ctl, "v1", "customers", arguments->positional[0], "agents",
                                arguments->positional[1], "enrolments", NULL);
    enum ctl_exit code = ctl_call_json(ctl, "POST", path, NULL, &response);
    if (code != CTL_OK) {
        say_asked_for(ctl, "agent", arguments);
        return code;
    }
    const struct terminal out = {.file = ctl->out};
    char until[TERMINAL_TIME_BYTES_MAX];
    terminal_date_time(ctl_member(response.json, "expires_at"), until);
    terminal_text(&out, TINT_PLAIN, ctl_member(response.json, "code"));
    terminal_print(&out, TINT_PLAIN, "\n");
    (void)fprintf(ctl->err, "valid once, until %s\n", until);
    client_response_fini(&response);
    return CTL_OK;
}

enum ctl_exit command_on_call(struct ctl *ctl, const struct arguments *arguments)
{
    const char *hours_text = arguments_option(arguments, "--hours");
    char *end = NULL;
    long hours = hours_text != NULL ? strtol(hours_text, &end, 10) : 24;
    if (hours < 1 || hours > 8784 || (end != NULL && *end != '\0')) {
        return ctl_fail(ctl, CTL_USAGE, "--hours: \"%s\" is not a number from 1 to 8784",
                        hours_text);
    }
    struct wall_time now = clock_wall(ctl->clock);
    char from[RFC3339_BYTES_MAX], to[RFC3339_BYTES_MAX];
    wall_time_format(now, from);
    wall_time_format((struct wall_time){now.ms + (int64_t)hours * 3600000}, to);
    const char *path = ctl_path(ctl, "v1", "customers", arguments->positional[0], "rotas",
                                arguments->positional[1], "on-call", NULL);
    struct client_response response;
    path = ctl_query(ctl, path, "from", from, "to", to, NULL);
    enum ctl_exit code = ctl_call_json(ctl, "GET", path, NULL, &response);
    if (code != CTL_OK) {
        say_asked_for(ctl, "rota", arguments);
        return code;
    }
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    size_t i;
    json_t *interval;
    json_array_foreach(json_object_get(response.json, "intervals"), i, interval)
    {
        char begin[TERMINAL_TIME_BYTES_MAX], until[TERMINAL_TIME_BYTES_MAX];
        terminal_time(ctl_member(interval, "from"), now, begin);
        terminal_time(ctl_member(interval, "to"), now, until);
        terminal_column(&out, TINT_BOLD, 20, ctl_member(interval, "agent"));
        terminal_print(&out, TINT_PLAIN, "%s – %s\n", begin, until);
    }
    client_response_fini(&response);
    return CTL_OK;
}
