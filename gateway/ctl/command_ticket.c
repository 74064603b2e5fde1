/* Tickets: lists, search, one of them, and what the desk does to them. A ticket is named by its id,
 * or by its number and its customer. What is shown is in the person's language. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/commands.h"
#include "gateway/ctl/language.h"
#include "gateway/ctl/pages.h"
#include "gateway/ctl/terminal.h"

enum phrase {
    PHRASE_TICKET,
    PHRASE_OPENED,
    PHRASE_CLOSED,
    PHRASE_ERASED,
    PHRASE_DUPLICATE_OF,
    PHRASE_DUPLICATES,
    PHRASE_ESCALATIONS,
    PHRASE_CALLER,
    PHRASE_NOTES,
    PHRASE_SAID,
    PHRASE_SAID_MORE,
    PHRASE_NONE,
    PHRASE_INCOMPLETE,
    PHRASE_UNCHANGED,
    PHRASES_COUNT,
};

static const char *const english[PHRASES_COUNT] = {
    [PHRASE_TICKET] = "ticket",
    [PHRASE_OPENED] = "opened",
    [PHRASE_CLOSED] = "closed",
    [PHRASE_ERASED] = "erased",
    [PHRASE_DUPLICATE_OF] = "duplicate of",
    [PHRASE_DUPLICATES] = "duplicates",
    [PHRASE_ESCALATIONS] = "escalations",
    [PHRASE_CALLER] = "caller",
    [PHRASE_NOTES] = "notes",
    [PHRASE_SAID] = "said in its escalations",
    [PHRASE_SAID_MORE] = "there is older: see the escalations",
    [PHRASE_NONE] = "no such tickets",
    [PHRASE_INCOMPLETE] = "many tickets came just now: ask again in a moment to see all",
    [PHRASE_UNCHANGED] = "it was so already",
};

static const char *const french[PHRASES_COUNT] = {
    [PHRASE_TICKET] = "ticket",
    [PHRASE_OPENED] = "ouvert",
    [PHRASE_CLOSED] = "clos",
    [PHRASE_ERASED] = "effacé",
    [PHRASE_DUPLICATE_OF] = "doublon de",
    [PHRASE_DUPLICATES] = "doublons",
    [PHRASE_ESCALATIONS] = "escalades",
    [PHRASE_CALLER] = "appelant",
    [PHRASE_NOTES] = "notes",
    [PHRASE_SAID] = "dit au cours de ses escalades",
    [PHRASE_SAID_MORE] = "il y a plus ancien : voir les escalades",
    [PHRASE_NONE] = "aucun ticket de ce genre",
    [PHRASE_INCOMPLETE] =
        "beaucoup de tickets viennent d'arriver\u00a0: redemandez dans un instant",
    [PHRASE_UNCHANGED] = "c'était déjà le cas",
};

/* The words of states and notes, which the API has in English. */
static const struct {
    const char *word;
    const char *french;
} words[] = {{"open", "ouvert"},      {"closed", "clos"}, {"erased", "effacé"}, {"note", "note"},
             {"reopened", "rouvert"}, {"linked", "lié"},  {"unlinked", "délié"}};

struct speech {
    const char *const *phrases;
    bool french;
};

/* On false the reason was told. */
static bool take_speech(struct ctl *ctl, const struct arguments *arguments, struct speech *speech_r)
{
    bool is_french;
    if (!language_take(ctl, arguments, "en", &is_french)) {
        return false;
    }
    *speech_r = (struct speech){.phrases = is_french ? french : english, .french = is_french};
    return true;
}

static const char *say(const struct speech *speech, const char *word)
{
    for (size_t i = 0; speech->french && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, word) == 0) {
            return words[i].french;
        }
    }
    return word;
}

static const char *ticket_path(struct ctl *ctl, const struct arguments *arguments, const char *verb,
                               const char *other)
{
    const char *path = ctl_path(ctl, "v1", "tickets", arguments->positional[0], verb, other, NULL);
    return ctl_query(ctl, path, "customer", arguments_option(arguments, "--customer"), NULL);
}

/* A field that the gateway itself makes, of a call that was put through, or its value. */
static const char *field_word(const struct speech *speech, const char *word)
{
    static const char *const made[][2] = {{"caller", "appelant"}, {"dialled", "composé"},
                                          {"outcome", "issue"},   {"answered", "décroché"},
                                          {"busy", "occupé"},     {"no_answer", "sans réponse"},
                                          {"failed", "en échec"}};
    for (size_t i = 0; speech->french && i < sizeof made / sizeof made[0]; i++) {
        if (strcmp(made[i][0], word) == 0) {
            return made[i][1];
        }
    }
    return word;
}

/* ---- lists ---- */

static void print_line(struct ctl *ctl, const struct terminal *out, const struct speech *speech,
                       json_t *ticket)
{
    char at[TERMINAL_TIME_BYTES_MAX];
    const char *state = ctl_member(ticket, "state");
    terminal_time(ctl_member(ticket, "opened_at"), clock_wall(ctl->clock), at);
    terminal_print(out, TINT_BOLD, "%6lld  ",
                   (long long)json_integer_value(json_object_get(ticket, "number")));
    terminal_column(out, terminal_tint_of(state), 7, say(speech, state));
    terminal_print(out, TINT_PLAIN, "  %-15s  ", at);
    terminal_column(out, TINT_PLAIN, 20, ctl_member(ticket, "customer"));
    terminal_print(out, TINT_PLAIN, "  ");
    terminal_text(out, TINT_PLAIN, ctl_member(ticket, "summary"));
    terminal_print(out, TINT_PLAIN, "\n");
}

static bool take_limit(struct ctl *ctl, const struct arguments *arguments, unsigned long *limit_r)
{
    const char *limit = arguments_option(arguments, "--limit");
    char *end = NULL;
    errno = 0;
    *limit_r = limit != NULL ? strtoul(limit, &end, 10) : 50;
    if (errno != 0 || *limit_r == 0 || (limit != NULL && (*end != '\0' || limit[0] == '-'))) {
        (void)ctl_fail(ctl, CTL_USAGE, "--limit: \"%s\" is not a number above 0", limit);
        return false;
    }
    return true;
}

enum ctl_exit command_tickets(struct ctl *ctl, const struct arguments *arguments)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    bool as_json = arguments_option(arguments, "--json") != NULL;
    struct speech speech;
    unsigned long items_max, count = 0;
    if (!take_speech(ctl, arguments, &speech) || !take_limit(ctl, arguments, &items_max)) {
        return CTL_USAGE;
    }
    const char *path =
        ctl_query(ctl, "/v1/tickets", "customer", arguments_option(arguments, "--customer"),
                  "state", arguments_option(arguments, "--state"), "from",
                  arguments_option(arguments, "--from"), "to", arguments_option(arguments, "--to"),
                  "q", arguments->positional_count > 0 ? arguments->positional[0] : NULL, NULL);
    struct pages pages = pages_begin(ctl, path, items_max);
    for (json_t *ticket; (ticket = pages_next(&pages)) != NULL; count++) {
        if (as_json) {
            ctl_print_json(ctl, ticket, true);
        } else {
            print_line(ctl, &out, &speech, ticket);
        }
    }
    bool more = pages_has_more(&pages);
    bool partial = json_is_false(json_object_get(pages.page.json, "complete"));
    enum ctl_exit code = pages_end(&pages);
    if (code == CTL_OK && more) {
        (void)fflush(ctl->out);
        (void)fprintf(ctl->err, "… --limit N (%lu)\n", count);
    } else if (code == CTL_OK && count == 0 && !as_json) {
        (void)fprintf(ctl->err, "%s\n", speech.phrases[PHRASE_NONE]);
    }
    if (code == CTL_OK && partial) {
        (void)fprintf(ctl->err, "%s\n", speech.phrases[PHRASE_INCOMPLETE]);
    }
    return code;
}

/* ---- one ---- */

static void print_time(struct ctl *ctl, const struct terminal *out, const char *label,
                       const char *time)
{
    char at[TERMINAL_TIME_BYTES_MAX];
    if (time[0] != '\0') {
        terminal_time(time, clock_wall(ctl->clock), at);
        terminal_print(out, TINT_DIM, "%-13s", label);
        terminal_print(out, TINT_PLAIN, "%s\n", at);
    }
}

static void print_escalations(struct ctl *ctl, const struct terminal *out,
                              const struct speech *speech, json_t *ticket)
{
    size_t i, c;
    json_t *escalation, *caller;
    json_array_foreach(json_object_get(ticket, "escalations"), i, escalation)
    {
        if (i == 0) {
            terminal_print(out, TINT_BOLD, "\n%s\n", speech->phrases[PHRASE_ESCALATIONS]);
        }
        terminal_print(out, TINT_PLAIN, "  ");
        terminal_text(out, TINT_PLAIN, ctl_member(escalation, "id"));
        terminal_print(out, TINT_PLAIN, "  ");
        terminal_text(out, terminal_tint_of(ctl_member(escalation, "state")),
                      language_word(ctl_member(escalation, "state"), speech->french));
        terminal_print(out, TINT_PLAIN, "\n");
        json_array_foreach(json_object_get(escalation, "callers"), c, caller)
        {
            terminal_print(out, TINT_DIM, "    %s %zu  ", speech->phrases[PHRASE_CALLER], c + 1);
            terminal_text(out, TINT_PLAIN, ctl_member(caller, "name"));
            terminal_print(out, TINT_PLAIN, "  ");
            terminal_text(out, TINT_PLAIN, ctl_member(caller, "phone"));
            terminal_print(out, TINT_PLAIN, "\n");
        }
    }
    (void)ctl;
}

/* Which ticket a link is with: its number where it still shows, else its id. */
static void print_other(const struct terminal *out, json_t *ticket, const char *id)
{
    json_t *of = json_object_get(ticket, "duplicate_of"), *duplicate, *other = NULL;
    size_t i;
    json_array_foreach(json_object_get(ticket, "duplicates"), i, duplicate)
    {
        other = strcmp(ctl_member(duplicate, "id"), id) == 0 ? duplicate : other;
    }
    other = strcmp(ctl_member(of, "id"), id) == 0 ? of : other;
    if (other != NULL) {
        terminal_print(out, TINT_BOLD, "%lld  ",
                       (long long)json_integer_value(json_object_get(other, "number")));
    } else if (id[0] != '\0') {
        terminal_text(out, TINT_BOLD, id);
        terminal_print(out, TINT_PLAIN, "  ");
    }
}

static void print_notes(struct ctl *ctl, const struct terminal *out, const struct speech *speech,
                        json_t *ticket)
{
    size_t i;
    json_t *note;
    json_array_foreach(json_object_get(ticket, "notes"), i, note)
    {
        char at[TERMINAL_TIME_BYTES_MAX];
        if (i == 0) {
            terminal_print(out, TINT_BOLD, "\n%s\n", speech->phrases[PHRASE_NOTES]);
        }
        terminal_time(ctl_member(note, "at"), clock_wall(ctl->clock), at);
        terminal_print(out, TINT_PLAIN, "  %s  ", at);
        terminal_text(out, TINT_BOLD, ctl_member(note, "by"));
        terminal_print(out, TINT_DIM, "  %s  ", say(speech, ctl_member(note, "kind")));
        print_other(out, ticket, ctl_member(note, "other"));
        terminal_text(out, TINT_PLAIN, ctl_member(note, "text"));
        terminal_print(out, TINT_PLAIN, "\n");
    }
}

static void print_said(struct ctl *ctl, const struct terminal *out, const struct speech *speech,
                       json_t *ticket)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(ticket, "said"), i, entry)
    {
        char at[TERMINAL_TIME_BYTES_MAX];
        if (i == 0) {
            terminal_print(out, TINT_BOLD, "\n%s\n", speech->phrases[PHRASE_SAID]);
        }
        terminal_time(ctl_member(entry, "at"), clock_wall(ctl->clock), at);
        terminal_print(out, TINT_PLAIN, "  %s  ", at);
        terminal_text(out, TINT_DIM, ctl_member(entry, speech->french ? "text_fr" : "text"));
        terminal_print(out, TINT_PLAIN, " — ");
        terminal_text(out, TINT_PLAIN, ctl_member(entry, "personal"));
        terminal_print(out, TINT_PLAIN, "\n");
    }
    if (json_is_true(json_object_get(ticket, "said_more"))) {
        terminal_print(out, TINT_DIM, "  … %s\n", speech->phrases[PHRASE_SAID_MORE]);
    }
}

static void print_links(struct ctl *ctl, const struct terminal *out, const struct speech *speech,
                        json_t *ticket)
{
    size_t i;
    json_t *of = json_object_get(ticket, "duplicate_of"), *duplicate;
    if (json_is_object(of)) {
        terminal_print(out, TINT_DIM, "%s\n", speech->phrases[PHRASE_DUPLICATE_OF]);
        print_line(ctl, out, speech, of);
    }
    json_array_foreach(json_object_get(ticket, "duplicates"), i, duplicate)
    {
        if (i == 0) {
            terminal_print(out, TINT_DIM, "%s\n", speech->phrases[PHRASE_DUPLICATES]);
        }
        print_line(ctl, out, speech, duplicate);
    }
}

static void print_ticket(struct ctl *ctl, const struct speech *speech, json_t *ticket)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    const char *name;
    json_t *value;
    print_line(ctl, &out, speech, ticket);
    terminal_print(&out, TINT_DIM, "%-13s", "id");
    terminal_text(&out, TINT_PLAIN, ctl_member(ticket, "id"));
    terminal_print(&out, TINT_PLAIN, "\n");
    print_time(ctl, &out, speech->phrases[PHRASE_OPENED], ctl_member(ticket, "opened_at"));
    print_time(ctl, &out, speech->phrases[PHRASE_CLOSED], ctl_member(ticket, "closed_at"));
    print_time(ctl, &out, speech->phrases[PHRASE_ERASED], ctl_member(ticket, "erased_at"));
    if (ctl_member(ticket, "details")[0] != '\0') {
        terminal_paragraph(&out, ctl_member(ticket, "details"));
    }
    json_object_foreach(json_object_get(ticket, "fields"), name, value)
    {
        const char *label = ctl_member(json_object_get(ticket, "field_labels"), name);
        terminal_column(&out, TINT_DIM, 12, label[0] != '\0' ? label : field_word(speech, name));
        terminal_text(&out, TINT_PLAIN,
                      field_word(speech, json_is_string(value) ? json_string_value(value) : ""));
        terminal_print(&out, TINT_PLAIN, "\n");
    }
    print_links(ctl, &out, speech, ticket);
    print_escalations(ctl, &out, speech, ticket);
    print_notes(ctl, &out, speech, ticket);
    print_said(ctl, &out, speech, ticket);
}

/* Behind a refusal: a number alone does not say whose ticket it is. */
static void say_whose(struct ctl *ctl, const struct arguments *arguments)
{
    const char *ticket = arguments->positional[0];
    if (strcmp(ctl->refused_as, "invalid") == 0 && strspn(ticket, "0123456789") == strlen(ticket) &&
        arguments_option(arguments, "--customer") == NULL) {
        (void)fputs("  Each customer counts its own tickets: say whose by --customer SLUG.\n",
                    ctl->err);
    }
}

enum ctl_exit command_ticket(struct ctl *ctl, const struct arguments *arguments)
{
    struct client_response response;
    struct speech speech;
    if (!take_speech(ctl, arguments, &speech)) {
        return CTL_USAGE;
    }
    enum ctl_exit code =
        ctl_call_json(ctl, "GET", ticket_path(ctl, arguments, NULL, NULL), NULL, &response);
    if (code != CTL_OK) {
        say_whose(ctl, arguments);
        return code;
    }
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else {
        print_ticket(ctl, &speech, response.json);
    }
    client_response_fini(&response);
    return CTL_OK;
}

/* ---- what the desk does ---- */

/* Sends {"operator": …, name: text}; text NULL: without it. */
static enum ctl_exit send_verb(struct ctl *ctl, const struct arguments *arguments,
                               const char *method, const char *path, const char *name,
                               const char *text)
{
    struct speech speech;
    struct client_response response;
    const char *operator= ctl_operator(ctl, arguments);
    if (operator== NULL || !take_speech(ctl, arguments, &speech)) {
        return CTL_USAGE;
    }
    json_t *body = json_pack("{s:s}", "operator", operator);
    if (body == NULL || (text != NULL && json_object_set_new(body, name, json_string(text)) != 0)) {
        json_decref(body);
        return ctl_fail(ctl, CTL_USAGE, "an argument is not valid UTF-8");
    }
    enum ctl_exit code = ctl_call_json(ctl, method, path, body, &response);
    if (code == CTL_OK) {
        const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
        terminal_print(&out, TINT_PLAIN, "%s %lld: %s%s%s\n", speech.phrases[PHRASE_TICKET],
                       (long long)json_integer_value(json_object_get(response.json, "number")),
                       say(&speech, ctl_member(response.json, "state")),
                       json_is_null(json_object_get(response.json, "note")) ? "; " : "",
                       json_is_null(json_object_get(response.json, "note"))
                           ? speech.phrases[PHRASE_UNCHANGED]
                           : "");
        client_response_fini(&response);
    } else {
        say_whose(ctl, arguments);
    }
    return code;
}

enum ctl_exit command_ticket_note(struct ctl *ctl, const struct arguments *arguments)
{
    return send_verb(ctl, arguments, "POST", ticket_path(ctl, arguments, "notes", NULL), "text",
                     arguments->positional[1]);
}

enum ctl_exit command_ticket_close(struct ctl *ctl, const struct arguments *arguments)
{
    return send_verb(ctl, arguments, "POST", ticket_path(ctl, arguments, "close", NULL), "reason",
                     arguments_option(arguments, "--reason"));
}

enum ctl_exit command_ticket_reopen(struct ctl *ctl, const struct arguments *arguments)
{
    return send_verb(ctl, arguments, "POST", ticket_path(ctl, arguments, "reopen", NULL), "reason",
                     arguments_option(arguments, "--reason"));
}

enum ctl_exit command_ticket_link(struct ctl *ctl, const struct arguments *arguments)
{
    return send_verb(ctl, arguments, "PUT",
                     ticket_path(ctl, arguments, "links", arguments->positional[1]), NULL, NULL);
}

enum ctl_exit command_ticket_unlink(struct ctl *ctl, const struct arguments *arguments)
{
    return send_verb(ctl, arguments, "DELETE",
                     ticket_path(ctl, arguments, "links", arguments->positional[1]), NULL, NULL);
}
