/* command_team.c - who is at work on what, and asking somebody by name. */
#include <string.h>

#include "gateway/ctl/commands.h"
#include "gateway/ctl/pages.h"
#include "gateway/ctl/terminal.h"

/* "  lead    paul      on_site, since 03:12, expected 03:40". */
static void print_person(struct ctl *ctl, const struct terminal *out, const char *part,
                         json_t *person)
{
    char at[TERMINAL_TIME_BYTES_MAX];
    const char *intervention = ctl_member(person, "intervention");
    terminal_print(out, TINT_DIM, "  %-8s", part);
    terminal_text(out, TINT_BOLD, ctl_member(person, "who"));
    terminal_time(ctl_member(person, "since"), clock_wall(ctl->clock), at);
    terminal_print(out, TINT_PLAIN, "  ");
    if (intervention[0] != '\0') {
        terminal_text(out, terminal_tint_of(intervention), intervention);
        terminal_print(out, TINT_PLAIN, ", ");
    }
    terminal_print(out, TINT_PLAIN, "since %s", at);
    if (ctl_member(person, "eta_at")[0] != '\0') {
        terminal_time(ctl_member(person, "eta_at"), clock_wall(ctl->clock), at);
        terminal_print(out, TINT_PLAIN, ", expected %s", at);
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

static void print_mission(struct ctl *ctl, const struct terminal *out, json_t *mission)
{
    size_t i;
    json_t *each;
    terminal_text(out, terminal_tint_of(ctl_member(mission, "severity")),
                  ctl_member(mission, "severity"));
    terminal_print(out, TINT_PLAIN, "  ticket %lld  ",
                   (long long)json_integer_value(json_object_get(mission, "ticket_number")));
    terminal_text(out, TINT_PLAIN, ctl_member(mission, "summary"));
    terminal_print(out, TINT_DIM, "\n  escalation ");
    terminal_text(out, TINT_PLAIN, ctl_member(mission, "escalation"));
    terminal_print(out, TINT_PLAIN, "\n");
    json_t *holder = json_object_get(mission, "holder");
    if (json_is_object(holder)) {
        print_person(ctl, out, "lead", holder);
    } else {
        terminal_print(out, TINT_YELLOW, "  nobody leads it\n");
    }
    json_array_foreach(json_object_get(mission, "members"), i, each)
    {
        print_person(ctl, out, "member", each);
    }
    json_array_foreach(json_object_get(mission, "offers"), i, each)
    {
        print_person(ctl, out, "asked", each);
    }
}

enum ctl_exit command_interventions(struct ctl *ctl, const struct arguments *arguments)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    const char *customer = arguments_option(arguments, "--customer");
    bool as_json = arguments_option(arguments, "--json") != NULL;
    if (customer == NULL) {
        return ctl_fail(ctl, CTL_USAGE, "--customer SLUG is required: whose interventions?");
    }
    const char *path = ctl_path(ctl, "v1", "customers", customer, "interventions", NULL);
    struct pages pages = pages_begin(ctl, path, 0);
    size_t count = 0;
    for (json_t *mission; (mission = pages_next(&pages)) != NULL; count++) {
        if (as_json) {
            ctl_print_json(ctl, mission, true);
        } else {
            print_mission(ctl, &out, mission);
        }
    }
    enum ctl_exit code = pages_end(&pages);
    if (code == CTL_OK && count == 0 && !as_json) {
        terminal_print(&out, TINT_DIM, "nobody is at work\n");
    }
    return code;
}

enum ctl_exit command_assign(struct ctl *ctl, const struct arguments *arguments)
{
    const char *operator_name = ctl_operator(ctl, arguments);
    if (operator_name == NULL) {
        return CTL_USAGE;
    }
    bool member = arguments_option(arguments, "--member") != NULL;
    json_t *body = json_pack("{s:s, s:s, s:s}", "operator", operator_name, "agent",
                             arguments->positional[1], "as", member ? "member" : "holder");
    const char *path = ctl_path(ctl, "v1", "escalations", arguments->positional[0], "assign", NULL);
    struct client_response response;
    enum ctl_exit code = ctl_call_json(ctl, "POST", path, body, &response);
    if (code == CTL_OK) {
        (void)fputs("asked\n", ctl->out);
        client_response_fini(&response);
    }
    return code;
}
