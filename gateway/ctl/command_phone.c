/* command_phone.c - phones that several agents share, and the PINs by which they sign in there. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "gateway/ctl/commands.h"
#include "gateway/ctl/pages.h"
#include "gateway/ctl/terminal.h"

#define PIN_LINE_BYTES 64

/* Slugs with commas between. */
static json_t *list_of(const char *text)
{
    json_t *list = json_array();
    while (*text != '\0') {
        size_t bytes = strcspn(text, ",");
        (void)json_array_append_new(list, json_stringn(text, bytes));
        text += bytes + (text[bytes] == ',' ? 1 : 0);
    }
    return list;
}

enum ctl_exit command_phone_share(struct ctl *ctl, const struct arguments *arguments)
{
    const char *by = arguments_option(arguments, "--by");
    if (by == NULL) {
        return ctl_fail(ctl, CTL_USAGE, "--by is missing: the agents who share it");
    }
    json_t *body =
        json_pack("{s:s, s:o}", "name", arguments->positional[1], "shared_by", list_of(by));
    if (body == NULL) {
        return ctl_fail(ctl, CTL_USAGE, "an argument is not valid UTF-8");
    }
    struct client_response response;
    const char *path =
        ctl_path(ctl, "v1", "customers", arguments->positional[0], "shared-phones", NULL);
    enum ctl_exit code = ctl_call_json(ctl, "POST", path, body, &response);
    if (code != CTL_OK) {
        return code;
    }
    const struct terminal out = {.file = ctl->out};
    char until[TERMINAL_TIME_BYTES_MAX];
    terminal_date_time(ctl_member(response.json, "expires_at"), until);
    terminal_text(&out, TINT_PLAIN, ctl_member(response.json, "code"));
    terminal_print(&out, TINT_PLAIN, "\n");
    (void)fprintf(ctl->err, "phone %lld: valid once, until %s\n",
                  (long long)json_integer_value(json_object_get(response.json, "id")), until);
    client_response_fini(&response);
    return CTL_OK;
}

static void print_phone(const struct terminal *out, json_t *phone)
{
    json_t *owner = json_object_get(phone, "signed_in");
    const char *state = !json_is_true(json_object_get(phone, "enrolled"))     ? "not enrolled yet"
                        : !json_is_true(json_object_get(phone, "registered")) ? "gets no push"
                        : json_is_object(owner) ? ctl_member(owner, "agent")
                                                : "nobody is signed in";
    bool fine = json_is_object(owner) && json_is_true(json_object_get(phone, "registered"));
    terminal_print(out, TINT_PLAIN, "%6lld  ",
                   (long long)json_integer_value(json_object_get(phone, "id")));
    terminal_column(out, TINT_BOLD, 24, ctl_member(phone, "name"));
    terminal_column(out, fine ? TINT_GREEN : TINT_YELLOW, 20, state);
    size_t i;
    json_t *agent;
    json_array_foreach(json_object_get(phone, "shared_by"), i, agent)
    {
        terminal_print(out, TINT_PLAIN, "%s", i > 0 ? "," : "");
        terminal_text(out, TINT_PLAIN, json_is_string(agent) ? json_string_value(agent) : "");
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

enum ctl_exit command_phone_list(struct ctl *ctl, const struct arguments *arguments)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    bool as_json = arguments_option(arguments, "--json") != NULL;
    const char *path =
        ctl_path(ctl, "v1", "customers", arguments->positional[0], "shared-phones", NULL);
    struct pages pages = pages_begin(ctl, path, 0);
    for (json_t *phone; (phone = pages_next(&pages)) != NULL;) {
        if (as_json) {
            ctl_print_json(ctl, phone, true);
        } else {
            print_phone(&out, phone);
        }
    }
    return pages_end(&pages);
}

enum ctl_exit command_phone_revoke(struct ctl *ctl, const struct arguments *arguments)
{
    struct client_response response;
    const char *path = ctl_path(ctl, "v1", "customers", arguments->positional[0], "shared-phones",
                                arguments->positional[1], NULL);
    enum ctl_exit code = ctl_call_json(ctl, "DELETE", path, NULL, &response);
    if (code == CTL_OK) {
        (void)fputs("revoked\n", ctl->out);
        client_response_fini(&response);
    }
    return code;
}

/* One line of standard input, without what ends it; nothing of it shows on a terminal. */
static bool read_secret_line(struct ctl *ctl, const char *prompt, char line_r[PIN_LINE_BYTES])
{
    struct termios before, silent;
    bool asks = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &before) == 0;
    if (asks) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        (void)fprintf(ctl->err, "%s: ", prompt);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    bool read = fgets(line_r, PIN_LINE_BYTES, stdin) != NULL;
    if (asks) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        (void)fputc('\n', ctl->err);
    }
    line_r[read ? strcspn(line_r, "\r\n") : 0] = '\0';
    return read;
}

/* On a terminal twice, as nobody sees what they type. */
static bool read_pin(struct ctl *ctl, char pin_r[PIN_LINE_BYTES])
{
    char again[PIN_LINE_BYTES];
    if (!read_secret_line(ctl, "PIN", pin_r)) {
        return false;
    }
    return isatty(STDIN_FILENO) == 0 ||
           (read_secret_line(ctl, "PIN again", again) && strcmp(pin_r, again) == 0);
}

static const char *pin_path(struct ctl *ctl, const struct arguments *arguments)
{
    return ctl_path(ctl, "v1", "customers", arguments->positional[0], "agents",
                    arguments->positional[1], "pin", NULL);
}

enum ctl_exit command_pin_set(struct ctl *ctl, const struct arguments *arguments)
{
    struct client_response response;
    char pin[PIN_LINE_BYTES];
    if (!read_pin(ctl, pin)) {
        return ctl_fail(ctl, CTL_USAGE, "no PIN on standard input, or not twice the same");
    }
    json_t *body = json_pack("{s:s}", "pin", pin);
    explicit_bzero(pin, sizeof pin);
    if (body == NULL) {
        return ctl_fail(ctl, CTL_USAGE, "the PIN must be 4 to 12 digits");
    }
    enum ctl_exit code = ctl_call_json(ctl, "PUT", pin_path(ctl, arguments), body, &response);
    if (code == CTL_OK) {
        (void)fputs("set\n", ctl->out);
        client_response_fini(&response);
    }
    return code;
}

enum ctl_exit command_pin_clear(struct ctl *ctl, const struct arguments *arguments)
{
    struct client_response response;
    enum ctl_exit code = ctl_call_json(ctl, "DELETE", pin_path(ctl, arguments), NULL, &response);
    if (code == CTL_OK) {
        (void)fputs("cleared\n", ctl->out);
        client_response_fini(&response);
    }
    return code;
}
