/* What is to be seen of a call that comes in, and who can be reached. */
#include <string.h>

#include "gateway/ctl/commands.h"
#include "gateway/ctl/language.h"
#include "gateway/ctl/terminal.h"

/* What the API says in one word, said to a person. */
struct phrase {
    const char *word, *en, *fr;
};

static const struct phrase phrases[] = {
    /* of a notification or a number of calls: French speaks of the line, "la voie" */
    {"proven", "proven", "prouvée"},
    {"doubtful", "doubtful", "douteuse"},
    {"unknown", "never proven", "jamais prouvée"},
    {"unreachable", "UNREACHABLE", "INJOIGNABLE"},
    {"never_proven", "nothing came through yet", "rien n'est encore passé"},
    {"unheard", "not heard of for half an hour", "sans nouvelles depuis une demi-heure"},
    {"test_failed", "the last test push failed", "la dernière notification d'essai a échoué"},
    {"test_not_confirmed", "the last test push was not confirmed",
     "la dernière notification d'essai n'est pas confirmée"},
    {"permission_denied", "notifications are switched off", "notifications désactivées"},
    {"no_device", "no registered phone", "aucun téléphone enregistré"},
    {"no_number", "no number", "aucun numéro"},
    {"call_failed", "the last call failed", "le dernier appel a échoué"},
    {"answered_without_a_key", "answered without a key: maybe a voicemail",
     "répondu sans touche : peut-être une messagerie"},
    {"push", "push", "notification"},
    {"call", "call", "ligne"},
    {"last proof", "last proof", "dernière preuve"},
    {"nobody", "NOBODY", "PERSONNE"},
    {"open", "open", "ouvert"},
    {"closed", "closed", "fermé"},
    {"until", "until", "jusqu'au"},
    {"say", "if nobody is reached", "si personne n'est joint"},
    {"emergency", "emergency number", "numéro d'urgence"},
    {"required", "(required)", "(obligatoire)"},
    {"unapproved", "not approved by the customer", "non approuvée par le client"},
    {"review_due", "due for review", "à revoir"},
};

static const char *say(const char *word, bool french)
{
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        if (strcmp(phrases[i].word, word) == 0) {
            return french ? phrases[i].fr : phrases[i].en;
        }
    }
    return word;
}

static enum tint tint_of(const char *state)
{
    return strcmp(state, "proven") == 0        ? TINT_GREEN
           : strcmp(state, "unreachable") == 0 ? TINT_RED
                                               : TINT_YELLOW;
}

static void print_path(const struct terminal *out, const char *path, json_t *reach, bool french)
{
    const char *state = ctl_member(reach, "state"), *why = ctl_member(reach, "why");
    terminal_print(out, TINT_PLAIN, "    ");
    terminal_column(out, TINT_DIM, 13, path);
    terminal_print(out, tint_of(state), "%s", say(state, french));
    if (why[0] != '\0' && strcmp(state, "unknown") != 0) {
        terminal_print(out, TINT_PLAIN, ", %s", say(why, french));
    }
    if (ctl_member(reach, "proven_at")[0] != '\0') {
        char at[TERMINAL_TIME_BYTES_MAX];
        terminal_date_time(ctl_member(reach, "proven_at"), at);
        terminal_print(out, TINT_DIM, " (%s %s)", say("last proof", french), at);
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

static void print_agent(const struct terminal *out, json_t *agent, bool french)
{
    terminal_print(out, TINT_PLAIN, "  ");
    terminal_text(out, TINT_BOLD, ctl_member(agent, "name"));
    terminal_print(out, TINT_PLAIN, "  ");
    terminal_text(out, TINT_PLAIN, ctl_member(json_object_get(agent, "call"), "phone"));
    terminal_print(out, TINT_PLAIN, "\n");
    if (json_object_get(agent, "push") != NULL) { /* a contact is reached by call alone */
        print_path(out, say("push", french), json_object_get(agent, "push"), french);
    }
    json_t *numbers = json_object_get(agent, "numbers"), *number;
    if (json_array_size(numbers) < 2) {
        print_path(out, say("call", french), json_object_get(agent, "call"), french);
        return;
    }
    size_t i;
    json_array_foreach(numbers, i, number) /* in the order in which they are called */
    {
        print_path(out, ctl_member(number, "phone"), number, french);
    }
}

/* One page, or one agent; *next_r: where the next begins, in the arena; or NULL. */
static enum ctl_exit show_agents(struct ctl *ctl, const char *path, bool json, bool french,
                                 const char **next_r)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    struct client_response response;
    enum ctl_exit code = ctl_call_json(ctl, "GET", path, NULL, &response);
    *next_r = NULL;
    if (code != CTL_OK) {
        return code;
    }
    size_t i;
    json_t *agent, *items = json_object_get(response.json, "items");
    if (!json_is_array(items)) {
        json ? ctl_print_json(ctl, response.json, true) : print_agent(&out, response.json, french);
    }
    json_array_foreach(items, i, agent)
    {
        json ? ctl_print_json(ctl, agent, true) : print_agent(&out, agent, french);
    }
    const char *next = ctl_member(response.json, "next_after");
    *next_r = next[0] != '\0' ? arena_text(ctl->arena, next) : NULL;
    client_response_fini(&response);
    return CTL_OK;
}

/* of: "agents" or "contacts". */
static enum ctl_exit show_all(struct ctl *ctl, const char *path, const char *of, bool json,
                              bool french)
{
    const char *next = NULL;
    enum ctl_exit code;
    do { /* ends: each page begins behind the one before */
        code = show_agents(ctl, ctl_query(ctl, path, "of", of, "after", next, NULL), json, french,
                           &next);
    } while (code == CTL_OK && next != NULL);
    return code;
}

enum ctl_exit command_reachability(struct ctl *ctl, const struct arguments *arguments)
{
    const char *customer = arguments->positional[0], *next = NULL;
    const char *agent = arguments->positional_count > 1 ? arguments->positional[1] : NULL;
    const char *contact = arguments_option(arguments, "--contact");
    bool json = arguments_option(arguments, "--json") != NULL, french;
    if (!language_take(ctl, arguments, "en", &french)) {
        return CTL_USAGE;
    }
    if (agent != NULL && contact != NULL) {
        return ctl_fail(ctl, CTL_USAGE, "--contact: give an agent or a contact, not both");
    }
    if (agent != NULL || contact != NULL) {
        const char *one = agent != NULL ? agent : contact;
        return show_agents(ctl,
                           ctl_path(ctl, "v1", "customers", customer,
                                    agent != NULL ? "agents" : "contacts", one, "reachability",
                                    NULL),
                           json, french, &next);
    }
    const char *path = ctl_path(ctl, "v1", "customers", customer, "reachability", NULL);
    enum ctl_exit code = show_all(ctl, path, "agents", json, french);
    return code == CTL_OK ? show_all(ctl, path, "contacts", json, french) : code;
}

/* ---- a call ---- */

static void print_line(const struct terminal *out, const char *name, const char *text)
{
    if (text[0] != '\0') {
        terminal_print(out, TINT_DIM, out->french ? "%s\u00a0: " : "%s: ", name);
        terminal_text(out, TINT_PLAIN, text);
        terminal_print(out, TINT_PLAIN, "\n");
    }
}

static void print_head(const struct terminal *out, json_t *call, bool french)
{
    json_t *opening = json_object_get(call, "opening"), *field;
    const char *state = ctl_member(opening, "state");
    char until[TERMINAL_TIME_BYTES_MAX];
    size_t i;
    terminal_text(out, TINT_BOLD, ctl_member(call, "name"));
    if (strcmp(state, "unknown") != 0) {
        terminal_print(out, TINT_PLAIN, ", %s", say(state, french));
    }
    if (ctl_member(opening, "until")[0] != '\0') {
        terminal_date_time(ctl_member(opening, "until"), until);
        terminal_print(out, TINT_PLAIN, " %s %s", say("until", french), until);
    }
    terminal_print(out, TINT_PLAIN, "\n");
    terminal_text(out, TINT_PLAIN, ctl_member(call, "greeting"));
    terminal_print(out, TINT_PLAIN, "%s", ctl_member(call, "greeting")[0] != '\0' ? "\n" : "");
    json_array_foreach(json_object_get(call, "ticket_fields"), i, field)
    {
        bool required = json_is_true(json_object_get(field, "required"));
        terminal_print(out, TINT_PLAIN, "  - ");
        terminal_text(out, TINT_PLAIN, ctl_member(field, "label"));
        terminal_print(out, TINT_YELLOW, required ? " %s\n" : "\n", say("required", french));
    }
    print_line(out, say("say", french),
               ctl_member(json_object_get(call, "nobody_reached"), french ? "fr" : "en"));
    print_line(out, say("emergency", french), ctl_member(call, "emergency_phone"));
}

static void print_roles(const struct terminal *out, json_t *roles, bool french)
{
    size_t i, k;
    json_t *role, *agent;
    json_array_foreach(roles, i, role)
    {
        json_t *agents = json_object_get(role, "agents");
        terminal_text(out, TINT_BOLD, ctl_member(role, "role"));
        terminal_print(out, TINT_RED,
                       json_array_size(agents) > 0 ? "\n"
                       : french                    ? "\u00a0: %s\n"
                                                   : ": %s\n",
                       say("nobody", french));
        json_array_foreach(agents, k, agent)
        {
            print_agent(out, agent, french);
        }
    }
}

static void print_rest(const struct terminal *out, json_t *call, bool french)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(call, "open"), i, item)
    {
        const char *state = ctl_member(item, "state");
        long long number = (long long)json_integer_value(json_object_get(item, "ticket_number"));
        terminal_print(out, TINT_BOLD, "%6lld  ", number);
        terminal_column(out, TINT_PLAIN, 38, ctl_member(item, "id"));
        terminal_column(out, terminal_tint_of(state), 12, language_word(state, french));
        if (json_is_true(json_object_get(item, "drill"))) {
            terminal_print(out, TINT_YELLOW, french ? "EXERCICE " : "DRILL ");
        }
        terminal_text(out, TINT_PLAIN, ctl_member(item, "summary"));
        terminal_print(out, TINT_PLAIN, "\n");
    }
    json_array_foreach(json_object_get(call, "procedures"), i, item)
    {
        const char *paper = ctl_member(item, "paper");
        terminal_text(out, TINT_PLAIN, ctl_member(item, "slug"));
        terminal_print(out, TINT_PLAIN, " v%lld",
                       (long long)json_integer_value(json_object_get(item, "version")));
        if (strcmp(paper, "in_order") != 0) {
            terminal_print(out, TINT_YELLOW, ", %s", say(paper, french));
        }
        terminal_print(out, TINT_PLAIN, "\n");
    }
}

enum ctl_exit command_desk(struct ctl *ctl, const struct arguments *arguments)
{
    struct client_response response;
    bool french;
    enum ctl_exit code = ctl_call_json(
        ctl, "GET", ctl_path(ctl, "v1", "desk", arguments->positional[0], NULL), NULL, &response);
    if (code != CTL_OK) {
        return code;
    }
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else if (language_take(ctl, arguments, ctl_member(response.json, "language"), &french)) {
        const struct terminal out = {.file = ctl->out, .colour = ctl->colour, .french = french};
        terminal_use_zone(ctl_member(response.json, "time_zone"));
        print_head(&out, response.json, french);
        print_roles(&out, json_object_get(response.json, "on_call"), french);
        print_rest(&out, response.json, french);
    } else {
        code = CTL_USAGE;
    }
    client_response_fini(&response);
    return code;
}
