#include <string.h>

#include "gateway/ctl/commands.h"
#include "gateway/ctl/terminal.h"

/* What stands before the name of an endpoint of the configuration. */
static const char endpoint[] = "endpoint.";

static bool is_pushing(const char *name)
{
    return strncmp(name, endpoint, sizeof endpoint - 1) != 0;
}

static void print_name(const struct terminal *out, enum tint tint, const char *name)
{
    bool pushes = is_pushing(name);
    terminal_print(out, tint, pushes ? "push to " : "telephony endpoint ");
    terminal_text(out, tint, pushes ? name : name + sizeof endpoint - 1);
}

/* "push to apns: down since …", one line a provider. Push providers have their own name, endpoints
 * of telephony a name of the configuration's. */
static void print_provider(const struct terminal *out, const char *name, json_t *provider)
{
    bool pushes = is_pushing(name);
    const char *health = ctl_member(provider, "health");
    const char *since = ctl_member(provider, pushes ? "down_since" : "failing_since");
    enum tint tint = strcmp(health, "down") == 0       ? TINT_RED
                     : strcmp(health, "degraded") == 0 ? TINT_YELLOW
                                                       : TINT_PLAIN;
    terminal_print(out, TINT_PLAIN, "  ");
    print_name(out, TINT_PLAIN, name);
    terminal_print(out, TINT_PLAIN, ": ");
    terminal_text(out, tint, health);
    if (since[0] != '\0') {
        terminal_print(out, tint, " since ");
        terminal_text(out, tint, since);
        terminal_print(out, TINT_PLAIN, " (");
        terminal_text(out, TINT_PLAIN,
                      pushes ? "procedures go to the next path at once"
                             : ctl_member(provider, "reason"));
        terminal_print(out, TINT_PLAIN, ")");
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

static void print_providers(const struct terminal *out, json_t *providers)
{
    const char *name;
    json_t *provider;
    json_object_foreach(providers, name, provider)
    {
        print_provider(out, name, provider);
    }
}

/* "ready, but down: push to fcm": new escalations are taken, and lead less far than they should. */
static void print_headline(const struct terminal *out, bool ready, json_t *providers)
{
    const char *name;
    const char *before = ", but down: ";
    json_t *provider;
    terminal_print(out, ready ? TINT_GREEN : TINT_RED, ready ? "ready" : "NOT READY");
    json_object_foreach(providers, name, provider)
    {
        if (ready && strcmp(ctl_member(provider, "health"), "down") == 0) {
            terminal_print(out, TINT_RED, "%s", before);
            print_name(out, TINT_RED, name);
            before = ", ";
        }
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

enum ctl_exit command_health(struct ctl *ctl, const struct arguments *arguments)
{
    ctl->key_file = NULL; /* nothing here needs it, and a bad key file must not hide an outage */
    enum ctl_exit code = ctl_connect(ctl, false);
    if (code != CTL_OK) {
        return code;
    }
    const struct client_request request = {.method = "GET", .path = "/readyz"};
    struct client_response response;
    struct error error = {0};
    if (client_send(ctl->client, &request, &response, &error) != STATUS_OK) {
        return ctl_fail(ctl, CTL_UNREACHABLE, "the gateway cannot be reached: %s", error.text);
    }
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    bool ready = response.http_status == 200;
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else {
        json_t *providers = json_object_get(response.json, "providers");
        print_headline(&out, ready, providers);
        size_t i;
        json_t *reason;
        json_array_foreach(json_object_get(response.json, "reasons"), i, reason)
        {
            terminal_print(&out, TINT_PLAIN, "  ");
            terminal_text(&out, TINT_PLAIN,
                          json_is_string(reason) ? json_string_value(reason)
                                                 : ctl_member(reason, "detail"));
            terminal_print(&out, TINT_PLAIN, "\n");
        }
        print_providers(&out, providers);
    }
    client_response_fini(&response);
    return ready ? CTL_OK : CTL_REFUSED;
}
