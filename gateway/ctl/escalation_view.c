#include "gateway/ctl/escalation_view.h"

#include <string.h>

#include "gateway/base/telephone_number.h"
#include "gateway/ctl/ctl.h"

static void print_time(const struct terminal *out, const char *rfc3339, struct wall_time now)
{
    char text[TERMINAL_TIME_BYTES_MAX];
    terminal_time(rfc3339, now, text);
    terminal_print(out, TINT_DIM, "%s", text);
}

static void print_label(const struct terminal *out, const char *label)
{
    terminal_print(out, TINT_DIM, "%-8s ", label);
}

/* " — text", or nothing. */
static void print_aside(const struct terminal *out, const char *text)
{
    if (text[0] != '\0') {
        terminal_print(out, TINT_PLAIN, " — ");
        terminal_text(out, TINT_PLAIN, text);
    }
}

static void print_holder(const struct terminal *out, json_t *holder, struct wall_time now)
{
    if (!json_is_object(holder)) {
        return;
    }
    print_label(out, "Holder");
    terminal_text(out, TINT_GREEN, ctl_member(holder, "name"));
    terminal_print(out, TINT_PLAIN, " (");
    terminal_text(out, TINT_PLAIN, ctl_member(holder, "kind"));
    if (strcmp(ctl_member(holder, "who"), ctl_member(holder, "name")) != 0) {
        terminal_print(out, TINT_PLAIN, " ");
        terminal_text(out, TINT_PLAIN, ctl_member(holder, "who"));
    }
    terminal_print(out, TINT_PLAIN, "), by ");
    terminal_text(out, TINT_BOLD, ctl_member(holder, "path"));
    terminal_print(out, TINT_PLAIN, " since ");
    print_time(out, ctl_member(holder, "since"), now);
    print_aside(out, ctl_member(holder, "intervention"));
    if (ctl_member(holder, "eta_at")[0] != '\0') {
        terminal_print(out, TINT_PLAIN, ", expected ");
        print_time(out, ctl_member(holder, "eta_at"), now);
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

static void print_next(const struct terminal *out, json_t *next, struct wall_time now)
{
    if (json_is_object(next)) {
        print_label(out, "Next");
        print_time(out, ctl_member(next, "at"), now);
        terminal_print(out, TINT_PLAIN, " ");
        terminal_text(out, TINT_PLAIN, ctl_member(next, "what"));
        terminal_print(out, TINT_PLAIN, "\n");
    }
}

static void print_state_line(const struct terminal *out, json_t *escalation)
{
    const char *severity = ctl_member(escalation, "severity");
    const char *state = ctl_member(escalation, "state");
    terminal_text(out, TINT_BOLD, ctl_member(escalation, "ticket"));
    terminal_print(out, TINT_PLAIN, "  ");
    terminal_text(out, terminal_tint_of(severity), severity);
    terminal_print(out, TINT_PLAIN, "  ");
    terminal_text(out, TINT_PLAIN, ctl_member(escalation, "customer"));
    terminal_print(out, TINT_PLAIN, "  ");
    terminal_text(out, terminal_tint_of(state), state);
    if (json_is_true(json_object_get(escalation, "drill"))) {
        terminal_print(out, TINT_YELLOW, "  EXERCICE");
    }
    if (json_is_true(json_object_get(escalation, "quarantined"))) {
        terminal_print(out, TINT_RED, "  QUARANTINED");
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

void escalation_view_head(const struct terminal *out, json_t *escalation, struct wall_time now)
{
    print_state_line(out, escalation);
    terminal_text(out, TINT_BOLD, ctl_member(escalation, "summary"));
    terminal_print(out, TINT_PLAIN, "\n");
    terminal_paragraph(out, ctl_member(escalation, "details"));
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(escalation, "fields"), name, value)
    {
        terminal_print(out, TINT_PLAIN, "  ");
        terminal_text(out, TINT_DIM, name);
        terminal_print(out, TINT_DIM, ": ");
        terminal_text(out, TINT_PLAIN, json_is_string(value) ? json_string_value(value) : "");
        terminal_print(out, TINT_PLAIN, "\n");
    }
    char opened[TERMINAL_TIME_BYTES_MAX];
    terminal_date_time(ctl_member(escalation, "opened_at"), opened);
    print_label(out, "Opened");
    terminal_print(out, TINT_PLAIN, "%s\n", opened);
    if (ctl_member(escalation, "closed_at")[0] != '\0') {
        print_label(out, "Closed");
        terminal_date_time(ctl_member(escalation, "closed_at"), opened);
        terminal_print(out, TINT_PLAIN, "%s\n", opened);
    }
    print_holder(out, json_object_get(escalation, "holder"), now);
    print_next(out, json_object_get(escalation, "next"), now);
}

static void print_caller(const struct terminal *out, json_t *caller, struct wall_time now)
{
    char shown[TELEPHONE_SHOWN_BYTES_MAX];
    telephone_number_show(ctl_member(caller, "phone"), shown);
    terminal_print(out, TINT_PLAIN, "  %lld. ",
                   (long long)json_integer_value(json_object_get(caller, "n")));
    terminal_text(out, TINT_PLAIN, ctl_member(caller, "name"));
    terminal_print(out, TINT_PLAIN, " ");
    terminal_text(out, TINT_PLAIN, shown);
    const char *promise = ctl_member(caller, "promise");
    if (promise[0] != '\0' && strcmp(promise, "none") != 0) {
        terminal_print(out, TINT_PLAIN, " — promised to call back by ");
        print_time(out, ctl_member(caller, "promised_at"), now);
        terminal_print(out, TINT_PLAIN, ": ");
        terminal_text(out, strcmp(promise, "open") == 0 ? TINT_YELLOW : TINT_GREEN, promise);
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

/* The latest that is known of an attempt, and when. */
static const char *attempt_time(json_t *attempt)
{
    static const char *const stages[] = {"seen_at", "received_at", "accepted_at", "handed_over_at",
                                         "planned_at"};
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        const char *at = ctl_member(attempt, stages[i]);
        if (at[0] != '\0') {
            return at;
        }
    }
    return "";
}

static void print_attempt(const struct terminal *out, json_t *attempt, struct wall_time now)
{
    const char *state = ctl_member(attempt, "state");
    const char *answer = ctl_member(attempt, "answer");
    char at[TERMINAL_TIME_BYTES_MAX];
    terminal_time(attempt_time(attempt), now, at);
    terminal_print(out, TINT_PLAIN, "  ");
    terminal_column(out, TINT_DIM, 8, at);
    terminal_print(out, TINT_DIM, "r%lld s%lld ",
                   (long long)json_integer_value(json_object_get(attempt, "round")),
                   (long long)json_integer_value(json_object_get(attempt, "step")));
    terminal_column(out, TINT_PLAIN, 8, ctl_member(attempt, "path"));
    terminal_column(out, TINT_BOLD, 20, ctl_member(json_object_get(attempt, "to"), "who"));
    terminal_column(out, TINT_DIM, 11, ctl_member(attempt, "purpose"));
    terminal_column(out, terminal_tint_of(state), 11, state);
    terminal_text(out, terminal_tint_of(answer), answer);
    print_aside(out, ctl_member(attempt, "reason"));
    terminal_print(out, TINT_PLAIN, "\n");
}

static void print_task(const struct terminal *out, json_t *task, struct wall_time now)
{
    terminal_print(out, TINT_PLAIN, "  ");
    print_time(out, ctl_member(task, "at"), now);
    terminal_print(out, TINT_PLAIN, " ");
    terminal_text(out, TINT_YELLOW, ctl_member(task, "text"));
    terminal_print(out, TINT_PLAIN, " (");
    terminal_text(out, TINT_PLAIN, ctl_member(task, "state"));
    terminal_print(out, TINT_PLAIN, ")\n");
}

static void print_list(const struct terminal *out, json_t *list, const char *title,
                       struct wall_time now,
                       void (*print)(const struct terminal *, json_t *, struct wall_time))
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (i == 0) {
            terminal_print(out, TINT_DIM, "\n%s\n", title);
        }
        print(out, item, now);
    }
}

void escalation_view_entry(const struct terminal *out, json_t *entry, struct wall_time now)
{
    terminal_print(out, TINT_PLAIN, "  ");
    print_time(out, ctl_member(entry, "at"), now);
    terminal_print(out, TINT_PLAIN, " ");
    terminal_text(out, TINT_PLAIN, ctl_member(entry, "text"));
    const char *personal = ctl_member(entry, "personal");
    if (personal[0] != '\0') {
        terminal_print(out, TINT_PLAIN, " — ");
        terminal_text(out, TINT_BLUE, personal);
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

void escalation_view(const struct terminal *out, json_t *escalation, struct wall_time now)
{
    escalation_view_head(out, escalation, now);
    print_list(out, json_object_get(escalation, "callers"), "Callers", now, print_caller);
    print_list(out, json_object_get(escalation, "tasks"), "Desk", now, print_task);
    print_list(out, json_object_get(escalation, "attempts"), "Attempts", now, print_attempt);
    print_list(out, json_object_get(escalation, "timeline"), "Timeline", now,
               escalation_view_entry);
}

void escalation_view_line(const struct terminal *out, json_t *escalation, struct wall_time now)
{
    const char *severity = ctl_member(escalation, "severity");
    const char *state = ctl_member(escalation, "state");
    char opened[TERMINAL_TIME_BYTES_MAX];
    terminal_time(ctl_member(escalation, "opened_at"), now, opened);
    terminal_column(out, TINT_DIM, 15, opened);
    terminal_column(out, TINT_DIM, 36, ctl_member(escalation, "id"));
    terminal_column(out, TINT_PLAIN, 20, ctl_member(escalation, "customer"));
    terminal_column(out, terminal_tint_of(severity), 8, severity);
    terminal_column(out, terminal_tint_of(state), 9, state);
    terminal_column(out, TINT_GREEN, 16, ctl_member(json_object_get(escalation, "holder"), "name"));
    terminal_text(out, TINT_PLAIN, ctl_member(escalation, "summary"));
    terminal_print(out, TINT_PLAIN, "\n");
}
