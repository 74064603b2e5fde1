/* The desk's verbs: each one POST below an escalation, answered with where it stands now. */
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/commands.h"
#include "gateway/ctl/escalation_view.h"
#include "gateway/ctl/language.h"
#include "gateway/ctl/pages.h"
#include "gateway/ctl/terminal.h"

const char *ctl_operator(struct ctl *ctl, const struct arguments *arguments)
{
    const char *operator= arguments_option(arguments, "--operator");
    if (operator== NULL) {
        operator= getenv("ASTREINTE_OPERATOR");
    }
    if (operator== NULL || operator[0] == '\0') {
        (void)ctl_fail(ctl, CTL_USAGE, "who does this? --operator NAME or ASTREINTE_OPERATOR");
        return NULL;
    }
    return operator;
}

static void print_standing(struct ctl *ctl, json_t *answer)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    const char *state = ctl_member(answer, "state");
    terminal_text(&out, terminal_tint_of(state), state);
    json_t *holder = json_object_get(answer, "holder");
    if (ctl_member(holder, "name")[0] != '\0') {
        terminal_print(&out, TINT_PLAIN, ", held by ");
        terminal_text(&out, TINT_BOLD, ctl_member(holder, "name"));
    }
    json_t *next = json_object_get(answer, "next");
    if (ctl_member(next, "what")[0] != '\0') {
        char at[TERMINAL_TIME_BYTES_MAX];
        terminal_time(ctl_member(next, "at"), clock_wall(ctl->clock), at);
        terminal_print(&out, TINT_PLAIN, "; next at %s: ", at);
        terminal_text(&out, TINT_PLAIN, ctl_member(next, "what"));
    }
    terminal_print(&out, TINT_PLAIN, "\n");
}

/* Posts {"operator": …, name: value …} to …/{id}/verb; pairs with a NULL value are left out. */
static enum ctl_exit post_verb(struct ctl *ctl, const struct arguments *arguments, const char *verb,
                               json_t *body)
{
    const char *operator= ctl_operator(ctl, arguments);
    if (operator== NULL || body == NULL ||
        json_object_set_new(body, "operator", json_string(operator)) != 0) {
        json_decref(body);
        return operator== NULL ? CTL_USAGE
                               : ctl_fail(ctl, CTL_USAGE, "an argument is not valid UTF-8");
    }
    const char *path = ctl_path(ctl, "v1", "escalations", arguments->positional[0], verb, NULL);
    struct client_response response;
    enum ctl_exit code = ctl_call_json(ctl, "POST", path, body, &response);
    if (code == CTL_OK) {
        print_standing(ctl, response.json);
        client_response_fini(&response);
    }
    return code;
}

/* {name: text}, or {} when text is NULL; NULL when it is not UTF-8. */
static json_t *body_with(const char *name, const char *text)
{
    return text != NULL ? json_pack("{s:s}", name, text) : json_object();
}

enum ctl_exit command_note(struct ctl *ctl, const struct arguments *arguments)
{
    return post_verb(ctl, arguments, "notes", body_with("text", arguments->positional[1]));
}

/* The reason, behind the id or by --reason; NULL: neither or both, which was told. */
static const char *take_reason(struct ctl *ctl, const struct arguments *arguments)
{
    const char *option = arguments_option(arguments, "--reason");
    const char *behind = arguments->positional_count > 1 ? arguments->positional[1] : NULL;
    if ((option == NULL) == (behind == NULL)) {
        (void)ctl_fail(ctl, CTL_USAGE, "give one reason, behind the id or by --reason TEXT");
        return NULL;
    }
    return option != NULL ? option : behind;
}

static enum ctl_exit post_reason(struct ctl *ctl, const struct arguments *arguments,
                                 const char *verb)
{
    const char *reason = take_reason(ctl, arguments);
    return reason != NULL ? post_verb(ctl, arguments, verb, body_with("reason", reason))
                          : CTL_USAGE;
}

enum ctl_exit command_cancel(struct ctl *ctl, const struct arguments *arguments)
{
    return post_reason(ctl, arguments, "cancel");
}

enum ctl_exit command_severity(struct ctl *ctl, const struct arguments *arguments)
{
    json_t *body = body_with("reason", arguments_option(arguments, "--reason"));
    if (json_object_set_new(body, "severity", json_string(arguments->positional[1])) != 0) {
        json_decref(body);
        body = NULL;
    }
    return post_verb(ctl, arguments, "severity", body);
}

enum ctl_exit command_resume(struct ctl *ctl, const struct arguments *arguments)
{
    json_t *body = body_with("reason", arguments_option(arguments, "--reason"));
    return post_verb(ctl, arguments, "resume", body);
}

enum ctl_exit command_release(struct ctl *ctl, const struct arguments *arguments)
{
    return post_reason(ctl, arguments, "resume");
}

enum ctl_exit command_take(struct ctl *ctl, const struct arguments *arguments)
{
    return post_verb(ctl, arguments, "take", json_object());
}

enum ctl_exit command_done(struct ctl *ctl, const struct arguments *arguments)
{
    enum ctl_exit code = post_verb(ctl, arguments, "done", json_object());
    if (code == CTL_REFUSED && strcmp(ctl->refused_as, "already-accepted") == 0) {
        (void)fputs(
            "  The desk closes only what it took by name: say --operator NAME if it was you "
            "under\n  another name, or stop it with `astreintectl cancel ID REASON`.\n",
            ctl->err);
    }
    return code;
}

/* A whole number from 1 to high, or 0. */
static long number_of(const char *text, long high)
{
    char *end = NULL;
    long number = strtol(text, &end, 10);
    return end != text && *end == '\0' && number >= 1 && number <= high ? number : 0;
}

enum ctl_exit command_on_behalf(struct ctl *ctl, const struct arguments *arguments)
{
    const char *eta = arguments_option(arguments, "--eta");
    long eta_s = eta != NULL ? number_of(eta, 86400) : 0;
    if (eta != NULL && eta_s == 0) {
        return ctl_fail(ctl, CTL_USAGE, "--eta: \"%s\" is not a number of seconds, 1 to 86400",
                        eta);
    }
    json_t *body =
        json_pack("{s:s,s:s}", "agent", arguments->positional[1], "verb", arguments->positional[2]);
    if (body != NULL && eta_s > 0) {
        (void)json_object_set_new(body, "eta_s", json_integer(eta_s));
    }
    return post_verb(ctl, arguments, "on-behalf", body);
}

static enum ctl_exit post_caller_verb(struct ctl *ctl, const struct arguments *arguments,
                                      const char *verb)
{
    long caller = number_of(arguments->positional[1], 10000);
    if (caller == 0) {
        return ctl_fail(ctl, CTL_USAGE,
                        "CALLER: \"%s\" is not a caller's number: 1, 2, … as `astreintectl show "
                        "ID` prints them",
                        arguments->positional[1]);
    }
    enum ctl_exit code = post_verb(ctl, arguments, verb, json_pack("{s:i}", "caller", (int)caller));
    if (code == CTL_REFUSED && strcmp(ctl->refused_as, "invalid") == 0) {
        (void)fprintf(ctl->err,
                      "  CALLER was %ld; `astreintectl show ID` prints the callers' numbers.\n",
                      caller);
    }
    return code;
}

enum ctl_exit command_called_back(struct ctl *ctl, const struct arguments *arguments)
{
    enum ctl_exit code = post_caller_verb(ctl, arguments, "called-back");
    if (code == CTL_OK) {
        (void)fprintf(ctl->out, "recorded: caller %s was called back\n", arguments->positional[1]);
    }
    return code;
}

enum ctl_exit command_split(struct ctl *ctl, const struct arguments *arguments)
{
    return post_caller_verb(ctl, arguments, "split");
}

static void print_task(struct ctl *ctl, const struct terminal *out, json_t *task)
{
    char at[TERMINAL_TIME_BYTES_MAX];
    terminal_time(ctl_member(task, "at"), clock_wall(ctl->clock), at);
    terminal_print(out, TINT_PLAIN, "%s  ", at);
    terminal_text(out, TINT_BOLD, ctl_member(task, "customer"));
    terminal_print(out, TINT_PLAIN, "  ");
    if (!out->french) { /* the sentence below says the same */
        terminal_text(out, TINT_YELLOW, ctl_member(task, "kind"));
        terminal_print(out, TINT_PLAIN, "  ");
    }
    terminal_text(out, terminal_tint_of(ctl_member(task, "state")),
                  strcmp(ctl_member(task, "state"), "done") == 0 && out->french
                      ? "faite"
                      : language_word(ctl_member(task, "state"), out->french));
    terminal_print(out, TINT_PLAIN, "\n  ");
    terminal_text(out, TINT_PLAIN, escalation_view_task(out, task));
    terminal_print(out, TINT_DIM, out->french ? "\n  escalade   " : "\n  escalation ");
    terminal_text(out, TINT_PLAIN, ctl_member(task, "escalation"));
    json_int_t caller = json_integer_value(json_object_get(task, "caller"));
    if (caller > 0) {
        terminal_print(out, TINT_PLAIN, out->french ? ", appelant %lld" : ", caller %lld",
                       (long long)caller);
    }
    terminal_print(out, TINT_DIM, out->french ? "\n  tâche      " : "\n  task       ");
    terminal_text(out, TINT_PLAIN, ctl_member(task, "id"));
    terminal_print(out, TINT_PLAIN, "\n");
}

enum ctl_exit command_tasks(struct ctl *ctl, const struct arguments *arguments)
{
    bool french;
    if (!language_take(ctl, arguments, "en", &french)) {
        return CTL_USAGE;
    }
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour, .french = french};
    bool as_json = arguments_option(arguments, "--json") != NULL;
    bool all = arguments_option(arguments, "--all") != NULL;
    const char *path =
        ctl_query(ctl, "/v1/tasks", "customer", arguments_option(arguments, "--customer"), "state",
                  all ? NULL : "open", NULL);
    struct pages pages = pages_begin(ctl, path, 0);
    for (json_t *task; (task = pages_next(&pages)) != NULL;) {
        if (as_json) {
            ctl_print_json(ctl, task, true);
        } else {
            print_task(ctl, &out, task);
        }
    }
    return pages_end(&pages);
}

enum ctl_exit command_task_done(struct ctl *ctl, const struct arguments *arguments)
{
    const char *operator= ctl_operator(ctl, arguments);
    if (operator== NULL) {
        return CTL_USAGE;
    }
    const char *path = ctl_path(ctl, "v1", "tasks", arguments->positional[0], "done", NULL);
    struct client_response response;
    enum ctl_exit code =
        ctl_call_json(ctl, "POST", path, json_pack("{s:s}", "operator", operator), &response);
    if (code == CTL_OK) {
        (void)fputs("done\n", ctl->out);
        client_response_fini(&response);
    }
    return code;
}
