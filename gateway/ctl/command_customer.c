#include <stdlib.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/ctl/commands.h"
#include "gateway/ctl/customers_file.h"
#include "gateway/ctl/problem.h"
#include "gateway/ctl/terminal.h"

#define CUSTOMERS_BYTES_MAX (4u << 20)
#define HOLIDAYS_BYTES_MAX  (64u << 10) /* what the gateway takes of any body */
#define AT_HOURS            168         /* how far on-call --at looks for the end of a turn */
#define NOT_DONE_NAMED_MAX  6           /* steps that did not come about, by name */

enum change { CHANGE_CREATED, CHANGE_UPDATED, CHANGE_UNCHANGED, CHANGE_SKIPPED, CHANGES_COUNT };

static const char *const change_words[] = {"created", "updated", "unchanged", "skipped"};
static const enum tint change_tints[] = {TINT_GREEN, TINT_YELLOW, TINT_DIM, TINT_DIM};

/* "agent claire of clinique", "the rules of clinique", "customer clinique". */
static const char *name_of(struct ctl *ctl, const struct customers_step *step)
{
    const char *name =
        strcmp(step->kind, "customer") == 0
            ? arena_format(ctl->arena, "customer %s", step->customer)
        : strcmp(step->kind, "rules") == 0
            ? arena_format(ctl->arena, "the rules of %s", step->customer)
            : arena_format(ctl->arena, "%s %s of %s", step->kind, step->slug, step->customer);
    return name != NULL ? name : step->slug; /* out of memory */
}

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
        return ctl_fail(ctl, CTL_UNREACHABLE, "%s: the gateway cannot be reached: %s",
                        name_of(ctl, step), error.text);
    }
    bool absent = strcmp(method, "GET") == 0 && response_r->http_status == 404;
    if (!absent && (response_r->http_status < 200 || response_r->http_status > 299)) {
        bool key_refused = response_r->http_status == 401 || response_r->http_status == 403;
        if (!key_refused) { /* that has nothing to do with what the step is about */
            (void)fprintf(ctl->err, "astreintectl: %s\n", name_of(ctl, step));
        }
        (void)snprintf(ctl->refused_as, sizeof ctl->refused_as, "%s", problem_slug(response_r));
        problem_print(ctl->err, response_r, key_refused ? "" : step->pointer);
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

/* An early step of a customer that is there: the one at the end says the rest. */
static enum ctl_exit put_early(struct ctl *ctl, const struct customers_step *step, json_t *present,
                               enum change *change_r)
{
    json_t *body = customers_step_early_body(step, present);
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
    bool early = step->comes_first || step->comes_between;
    if (early && dry_run) {
        *change_r = CHANGE_SKIPPED; /* the customer's own step at the end counts */
    } else if (early && present != NULL) {
        code = put_early(ctl, step, present, change_r);
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

/* What of the plan was not done, from the step that failed on; a customer's early steps are told by
 * the one that completes it. */
static void print_not_done(struct ctl *ctl, const struct customers_plan *plan, size_t failed)
{
    unsigned named = 0, more = 0;
    (void)fputs("  Not done: ", ctl->err);
    for (size_t i = failed; i < plan->steps_count; i++) {
        const struct customers_step *step = &plan->steps[i];
        if (step->comes_first || step->comes_between) {
            continue;
        }
        if (named == NOT_DONE_NAMED_MAX) {
            more++;
            continue;
        }
        (void)fprintf(ctl->err, "%s%s", named > 0 ? ", " : "", name_of(ctl, step));
        named++;
    }
    if (more > 0) {
        (void)fprintf(ctl->err, " and %u more", more);
    }
    (void)fputs(".\n", ctl->err);
}

/* What a run has done so far. */
struct run {
    unsigned counts[CHANGES_COUNT];
    const char *customer; /* the one at work, of whom something was told; NULL: none */
    bool is_told;         /* that it itself was changed, by one of its early steps */
    bool is_new;          /* it was created by this run */
};

/* After a step that failed. A file is at fault only when the gateway refused what stands in it. */
static void print_what_now(struct ctl *ctl, const struct customers_plan *plan, size_t failed,
                           enum ctl_exit code, const struct run *run)
{
    const char *customer = plan->steps[failed].customer;
    bool key_refused = strcmp(ctl->refused_as, "unauthenticated") == 0 ||
                       strcmp(ctl->refused_as, "forbidden") == 0;
    const char *remedy = key_refused           ? "Apply it again with a key that may do the rest"
                         : code == CTL_REFUSED ? "Mend the file and apply it again"
                                               : "Apply the file again";
    if (run->counts[CHANGE_CREATED] + run->counts[CHANGE_UPDATED] == 0) {
        (void)fprintf(ctl->err, "  Nothing was changed.%s%s%s\n", key_refused ? "" : " ",
                      key_refused ? "" : remedy, key_refused ? "" : ".");
        return;
    }
    (void)fputs("  What stands above was done, and nothing else.\n", ctl->err);
    print_not_done(ctl, plan, failed);
    if (run->customer != NULL && strcmp(run->customer, customer) == 0) {
        (void)fprintf(ctl->err,
                      run->is_new
                          ? "  No number leads to customer %s yet, and no check-in asks its "
                            "agents but those named above.\n"
                          : "  Customer %s keeps the numbers that it had.\n",
                      customer);
    }
    (void)fprintf(ctl->err, "  %s.\n", remedy);
}

static void print_step(struct ctl *ctl, const struct customers_step *step, enum change change)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    terminal_column(&out, change_tints[change], 9, change_words[change]);
    terminal_column(&out, TINT_PLAIN, 9, step->kind);
    terminal_text(&out, TINT_PLAIN, step->customer);
    if (strcmp(step->kind, "customer") != 0 && strcmp(step->kind, "rules") != 0) {
        terminal_print(&out, TINT_PLAIN, "/");
        terminal_text(&out, TINT_PLAIN, step->slug);
    }
    terminal_print(&out, TINT_PLAIN, "\n");
}

/* A customer is told of once, by the first of its steps that changed it. */
static void tell_step(struct ctl *ctl, const struct customers_step *step, enum change change,
                      struct run *run)
{
    bool is_customer = strcmp(step->kind, "customer") == 0;
    if (change == CHANGE_SKIPPED) {
        return;
    }
    if (run->customer == NULL || strcmp(run->customer, step->customer) != 0) {
        run->customer = step->customer;
        run->is_told = false;
        run->is_new = is_customer && change == CHANGE_CREATED;
    }
    if (is_customer && run->is_told) {
        return;
    }
    run->is_told = run->is_told || is_customer;
    run->counts[change]++;
    print_step(ctl, step, change);
}

/* ---- what the file does not name ---- */

static bool plan_has(const struct customers_plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->steps_count; i++) {
        if (strcmp(plan->steps[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

/* What a GET below the customer answers; NULL: nothing, or a failure, which is the run's. */
static enum ctl_exit read_below(struct ctl *ctl, const struct customers_step *customer,
                                const char *below, json_t **present_r)
{
    struct customers_step step = *customer;
    step.path = arena_format(ctl->arena, "%s/%s", customer->path, below);
    *present_r = NULL;
    return step.path != NULL ? read_present(ctl, &step, present_r)
                             : ctl_fail(ctl, CTL_USAGE, "out of memory");
}

static void print_left(struct ctl *ctl, const char *kind, const char *customer, const char *slug)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    terminal_print(&out, TINT_YELLOW, "not in the file, left as it is: ");
    terminal_print(&out, TINT_PLAIN, "%s %s%s", kind, customer, slug != NULL ? "/" : "");
    terminal_text(&out, TINT_PLAIN, slug != NULL ? slug : "");
    terminal_print(&out, TINT_PLAIN, "\n");
}

/* The rules and rotas of one customer, which decide over people though the file does not show
 * them. */
static enum ctl_exit print_left_of(struct ctl *ctl, const struct customers_plan *plan,
                                   const struct customers_step *customer)
{
    json_t *rules = NULL, *rotas = NULL, *rota;
    enum ctl_exit code = read_below(ctl, customer, "rules", &rules);
    json_t *definition = json_object_get(rules, "definition");
    const char *rules_path = arena_format(ctl->arena, "%s/rules", customer->path);
    if (json_array_size(json_object_get(definition, "rules")) > 0 && rules_path != NULL &&
        !plan_has(plan, rules_path)) {
        print_left(ctl, "rules of", customer->customer, NULL);
    }
    json_decref(rules);
    if (code != CTL_OK) {
        return code;
    }
    code = read_below(ctl, customer, "rotas", &rotas);
    size_t i;
    json_array_foreach(json_object_get(rotas, "items"), i, rota)
    {
        const char *slug = ctl_member(rota, "slug");
        const char *path = arena_format(ctl->arena, "%s/rotas/%s", customer->path, slug);
        if (slug[0] != '\0' && path != NULL && !plan_has(plan, path)) {
            print_left(ctl, "rota", customer->customer, slug);
        }
    }
    json_decref(rotas);
    return code;
}

static enum ctl_exit run_plan(struct ctl *ctl, const struct customers_plan *plan, bool dry_run)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    struct run run = {.customer = NULL};
    enum ctl_exit code = CTL_OK;
    for (size_t i = 0; i < plan->steps_count; i++) {
        enum change change = CHANGE_UNCHANGED;
        code = run_step(ctl, &plan->steps[i], dry_run, &change);
        if (code != CTL_OK) {
            print_what_now(ctl, plan, i, code, &run);
            return code;
        }
        tell_step(ctl, &plan->steps[i], change, &run);
    }
    terminal_print(&out, TINT_BOLD, "%s%u created, %u updated, %u unchanged\n",
                   dry_run ? "dry run, nothing sent: " : "", run.counts[CHANGE_CREATED],
                   run.counts[CHANGE_UPDATED], run.counts[CHANGE_UNCHANGED]);
    for (size_t i = 0; i < plan->steps_count && code == CTL_OK; i++) {
        code = plan->steps[i].comes_first ? print_left_of(ctl, plan, &plan->steps[i]) : CTL_OK;
    }
    return code;
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

static void print_interval(const struct terminal *out, json_t *interval)
{
    char span[TERMINAL_SPAN_BYTES_MAX];
    terminal_span(ctl_member(interval, "from"), ctl_member(interval, "to"), span);
    terminal_column(out, TINT_BOLD, 20, ctl_member(interval, "agent"));
    terminal_print(out, TINT_PLAIN, "%s\n", span);
}

/* What is asked for: a stretch from now on, or, by --at, a moment and what comes behind it. */
static enum ctl_exit take_window(struct ctl *ctl, const struct arguments *arguments,
                                 struct wall_time *from_r, long *hours_r)
{
    const char *at = arguments_option(arguments, "--at");
    const char *hours = arguments_option(arguments, "--hours");
    char *end = NULL;
    *from_r = clock_wall(ctl->clock);
    *hours_r = hours != NULL ? strtol(hours, &end, 10) : at != NULL ? AT_HOURS : 24;
    if (at != NULL && hours != NULL) {
        return ctl_fail(ctl, CTL_USAGE, "give --at or --hours, not both");
    }
    if (at != NULL && wall_time_parse(at, from_r) != STATUS_OK) {
        return ctl_fail(ctl, CTL_USAGE,
                        "--at: \"%s\" is not an RFC 3339 time such as 2026-12-25T12:00:00Z", at);
    }
    if (*hours_r < 1 || *hours_r > 8784 || (end != NULL && *end != '\0')) {
        return ctl_fail(ctl, CTL_USAGE, "--hours: \"%s\" is not a number from 1 to 8784", hours);
    }
    return CTL_OK;
}

/* With --at only who is on call at its beginning. */
static void print_on_call(struct ctl *ctl, json_t *answer, struct wall_time from, bool only_then)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    size_t i, count = 0;
    json_t *interval;
    terminal_use_zone(ctl_member(answer, "time_zone"));
    json_array_foreach(json_object_get(answer, "intervals"), i, interval)
    {
        struct wall_time begins;
        if (!only_then || (wall_time_parse(ctl_member(interval, "from"), &begins) == STATUS_OK &&
                           begins.ms <= from.ms)) {
            print_interval(&out, interval);
            count++;
        }
    }
    if (only_then && count == 0) {
        terminal_print(&out, TINT_RED, "nobody is on call then\n");
    }
}

enum ctl_exit command_on_call(struct ctl *ctl, const struct arguments *arguments)
{
    struct wall_time begin;
    long hours;
    enum ctl_exit code = take_window(ctl, arguments, &begin, &hours);
    if (code != CTL_OK) {
        return code;
    }
    char from[RFC3339_BYTES_MAX], to[RFC3339_BYTES_MAX];
    wall_time_format(begin, from);
    wall_time_format((struct wall_time){begin.ms + (int64_t)hours * 3600000}, to);
    const char *path = ctl_path(ctl, "v1", "customers", arguments->positional[0], "rotas",
                                arguments->positional[1], "on-call", NULL);
    struct client_response response;
    path = ctl_query(ctl, path, "from", from, "to", to, NULL);
    code = ctl_call_json(ctl, "GET", path, NULL, &response);
    if (code != CTL_OK) {
        say_asked_for(ctl, "rota", arguments);
        return code;
    }
    print_on_call(ctl, response.json, begin, arguments_option(arguments, "--at") != NULL);
    client_response_fini(&response);
    return CTL_OK;
}
