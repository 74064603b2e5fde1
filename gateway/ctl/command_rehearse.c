/* What would happen: asks the gateway to play an escalation ahead, and lays out what it says. */
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/commands.h"
#include "gateway/ctl/language.h"
#include "gateway/ctl/terminal.h"

#define ITEM_BYTES_MAX 256

/* ---- what is assumed ---- */

/* Splits "left<separator>right" in place: the right part, or NULL without the separator. */
static char *split(char *text, char separator)
{
    char *at = strchr(text, separator);
    if (at == NULL) {
        return NULL;
    }
    *at = '\0';
    return at + 1;
}

/* {"agent":"paul","device":"phone-1"} of "paul#phone-1", "contact:chief", "everybody". */
static bool add_who(json_t *object, char *who)
{
    static const char contact[] = "contact:";
    if (strcmp(who, "everybody") == 0) {
        return true;
    }
    if (strncmp(who, contact, sizeof contact - 1) == 0) {
        return json_object_set_new(object, "contact", json_string(who + sizeof contact - 1)) == 0;
    }
    const char *device = split(who, '#');
    return json_object_set_new(object, "agent", json_string(who)) == 0 &&
           (device == NULL || json_object_set_new(object, "device", json_string(device)) == 0);
}

/* One of "who[/path]=does[@seconds]"; NULL when it has not that form. */
static json_t *assumption_of(char *item)
{
    char *does = split(item, '=');
    char *path = split(item, '/');
    char *seconds = does != NULL ? split(does, '@') : NULL;
    char *end = NULL;
    long long after = seconds != NULL ? strtoll(seconds, &end, 10) : 0;
    json_t *object = json_object();
    bool ok = does != NULL && item[0] != '\0' && add_who(object, item) &&
              json_object_set_new(object, "does", json_string(does)) == 0;
    if (path != NULL) {
        ok = ok && json_object_set_new(object, "by", json_pack("[s]", path)) == 0;
    }
    if (seconds != NULL) {
        ok = ok && end != seconds && *end == '\0' &&
             json_object_set_new(object, "after_s", json_integer(after)) == 0;
    }
    if (!ok) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* The next piece of a list with commas between; false at its end or when it is too long. */
static bool next_item(const char **list, char item_r[ITEM_BYTES_MAX])
{
    size_t bytes = strcspn(*list, ",");
    if (**list == '\0' || bytes >= ITEM_BYTES_MAX) {
        return false;
    }
    memcpy(item_r, *list, bytes);
    item_r[bytes] = '\0';
    *list += bytes + ((*list)[bytes] == ',' ? 1 : 0);
    return true;
}

static enum ctl_exit add_assumptions(struct ctl *ctl, const char *list, json_t *body)
{
    json_t *assume = json_array();
    char item[ITEM_BYTES_MAX];
    (void)json_object_set_new(body, "assume", assume);
    while (list != NULL && list[0] != '\0') {
        const char *begin = list;
        json_t *assumption = next_item(&list, item) ? assumption_of(item) : NULL;
        if (assumption == NULL || json_array_append_new(assume, assumption) != 0) {
            return ctl_fail(ctl, CTL_USAGE,
                            "--assume: \"%.*s\" is not who[/path]=does[@seconds], such as "
                            "paul=dead or zoe/call=declines@20",
                            (int)strcspn(begin, ","), begin);
        }
    }
    return CTL_OK;
}

static enum ctl_exit add_providers(struct ctl *ctl, const char *list, json_t *body)
{
    json_t *providers = json_object();
    char item[ITEM_BYTES_MAX];
    (void)json_object_set_new(body, "providers", providers);
    while (list != NULL && list[0] != '\0') {
        const char *begin = list;
        char *does = next_item(&list, item) ? split(item, '=') : NULL;
        if (does == NULL || json_object_set_new(providers, item, json_string(does)) != 0) {
            return ctl_fail(ctl, CTL_USAGE,
                            "--providers: \"%.*s\" is not name=down or name=refuses",
                            (int)strcspn(begin, ","), begin);
        }
    }
    return CTL_OK;
}

static bool add_text(json_t *body, const char *name, const char *text)
{
    return text == NULL || json_object_set_new(body, name, json_string(text)) == 0;
}

static bool add_number(json_t *body, const char *name, const char *text)
{
    char *end = NULL;
    long long number = text != NULL ? strtoll(text, &end, 10) : 0;
    return text == NULL || (end != text && *end == '\0' &&
                            json_object_set_new(body, name, json_integer(number)) == 0);
}

/* The request's body; NULL when the command line is wrong, which was told. */
static json_t *body_of(struct ctl *ctl, const struct arguments *arguments)
{
    json_t *body = json_object();
    const char *language = arguments_option(arguments, "--language");
    bool ok = add_text(body, "customer", arguments->positional[0]) &&
              add_text(body, "at", arguments->positional[1]) &&
              add_text(body, "procedure", arguments_option(arguments, "--procedure")) &&
              add_text(body, "severity", arguments_option(arguments, "--severity")) &&
              add_text(body, "language", language != NULL ? language : language_of_environment());
    if (!ok) {
        (void)ctl_fail(ctl, CTL_USAGE, "an argument is not valid UTF-8");
    } else if (!add_number(body, "span_s", arguments_option(arguments, "--span"))) {
        (void)ctl_fail(ctl, CTL_USAGE, "--span: must be a number of seconds");
        ok = false;
    } else if (!add_number(body, "callback_promised_s",
                           arguments_option(arguments, "--promised"))) {
        (void)ctl_fail(ctl, CTL_USAGE, "--promised: must be a number of seconds");
        ok = false;
    }
    ok = ok && add_assumptions(ctl, arguments_option(arguments, "--assume"), body) == CTL_OK &&
         add_providers(ctl, arguments_option(arguments, "--providers"), body) == CTL_OK;
    if (!ok) {
        json_decref(body);
        return NULL;
    }
    return body;
}

/* ---- what came of it ---- */

/* The words around what the gateway says. */
struct wording {
    const char *begins;
    const char *outcome;
    const char *held; /* after the name */
    const char *exhausted;
    const char *stopped;
    const char *timeline;
    const char *unused;
};

static const struct wording english = {
    .begins = "Begins",
    .outcome = "Outcome",
    .held = " has it after ",
    .exhausted = "NOBODY took it: announced, and again, from ",
    .stopped = "stopped before its end by the bound ",
    .timeline = "Timeline",
    .unused = "decided nothing, as nobody is asked there: ",
};
static const struct wording french = {
    .begins = "Début",
    .outcome = "Issue",
    .held = " s'en charge après ",
    .exhausted = "PERSONNE ne s'en charge\u00a0: annoncé à plusieurs reprises dès ",
    .stopped = "interrompu avant la fin par la limite ",
    .timeline = "Déroulement",
    .unused = "sans effet, on n'y sollicite personne\u00a0: ",
};

/* "+0:02:30", with milliseconds where there are any. */
static void print_offset(const struct terminal *out, enum tint tint, json_t *offset)
{
    long long ms = json_integer_value(offset), seconds = ms / 1000;
    terminal_print(out, tint, "+%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60,
                   seconds % 60);
    if (ms % 1000 != 0) {
        terminal_print(out, tint, ".%03lld", ms % 1000);
    }
}

static void print_outcome(const struct terminal *out, const struct wording *words, json_t *answer)
{
    const char *outcome = ctl_member(answer, "outcome");
    terminal_column(out, TINT_DIM, 8, words->outcome);
    if (strcmp(outcome, "held") == 0) {
        terminal_text(out, TINT_GREEN, ctl_member(json_object_get(answer, "holder"), "name"));
        terminal_print(out, TINT_PLAIN, "%s", words->held);
        print_offset(out, TINT_GREEN, json_object_get(answer, "held_ms"));
    } else if (json_is_integer(json_object_get(answer, "exhausted_ms"))) {
        terminal_print(out, TINT_RED, "%s", words->exhausted);
        print_offset(out, TINT_RED, json_object_get(answer, "exhausted_ms"));
    }
    if (strcmp(outcome, "stopped") == 0) {
        terminal_print(out, TINT_YELLOW, "%s%s",
                       json_is_integer(json_object_get(answer, "exhausted_ms")) ? "; " : "",
                       words->stopped);
        terminal_text(out, TINT_YELLOW, ctl_member(answer, "stopped_by"));
        terminal_print(out, TINT_PLAIN, " ");
        print_offset(out, TINT_YELLOW, json_object_get(answer, "ended_ms"));
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

static void print_head(const struct terminal *out, const struct wording *words, json_t *answer)
{
    json_t *procedure = json_object_get(answer, "procedure");
    char begins[TERMINAL_TIME_BYTES_MAX];
    terminal_text(out, TINT_BOLD, ctl_member(answer, "customer"));
    terminal_print(out, TINT_PLAIN, "  ");
    terminal_text(out, terminal_tint_of(ctl_member(answer, "severity")),
                  ctl_member(answer, "severity"));
    if (json_is_object(procedure)) {
        terminal_print(out, TINT_PLAIN, "  ");
        terminal_text(out, TINT_PLAIN, ctl_member(procedure, "slug"));
        terminal_print(out, TINT_PLAIN, " v%lld",
                       (long long)json_integer_value(json_object_get(procedure, "version")));
    }
    terminal_print(out, TINT_PLAIN, "\n");
    terminal_date_time(ctl_member(answer, "at"), begins);
    terminal_column(out, TINT_DIM, 8, words->begins);
    terminal_print(out, TINT_PLAIN, "%s\n", begins);
    print_outcome(out, words, answer);
}

/* "/assume/1" as it was written in the list: "paul=accepts". */
static const char *as_written(const char *list, const char *pointer, char item_r[ITEM_BYTES_MAX])
{
    static const char prefix[] = "/assume/";
    bool found = list != NULL && strncmp(pointer, prefix, sizeof prefix - 1) == 0;
    long left = found ? strtol(pointer + sizeof prefix - 1, NULL, 10) : -1;
    while (found && left >= 0) {
        found = next_item(&list, item_r);
        left--;
    }
    return found ? item_r : pointer;
}

static void print_rehearsal(struct ctl *ctl, json_t *answer, const char *assumed)
{
    char written[ITEM_BYTES_MAX];
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    const struct wording *words =
        strcmp(ctl_member(answer, "language"), "fr") == 0 ? &french : &english;
    size_t i;
    json_t *item;
    terminal_use_french(words == &french);
    terminal_use_zone(ctl_member(answer, "time_zone"));
    print_head(&out, words, answer);
    terminal_print(&out, TINT_DIM, "\n%s\n", words->timeline);
    json_array_foreach(json_object_get(answer, "timeline"), i, item)
    {
        terminal_print(&out, TINT_PLAIN, "  ");
        print_offset(&out, TINT_DIM, json_object_get(item, "when_ms"));
        terminal_print(&out, TINT_PLAIN, "  ");
        terminal_text(&out, TINT_PLAIN, ctl_member(item, "text"));
        terminal_print(&out, TINT_PLAIN, "\n");
    }
    json_array_foreach(json_object_get(answer, "assumptions_unused"), i, item)
    {
        terminal_print(&out, TINT_YELLOW, "%s%s", i == 0 ? "\n" : "", words->unused);
        const char *pointer = json_is_string(item) ? json_string_value(item) : "";
        terminal_text(&out, TINT_YELLOW, as_written(assumed, pointer, written));
        terminal_print(&out, TINT_PLAIN, "\n");
    }
}

enum ctl_exit command_rehearse(struct ctl *ctl, const struct arguments *arguments)
{
    struct client_response response;
    json_t *body = body_of(ctl, arguments);
    if (body == NULL) {
        return CTL_USAGE;
    }
    enum ctl_exit code = ctl_call_json(ctl, "POST", "/v1/rehearsals", body, &response);
    if (code != CTL_OK) {
        return code;
    }
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else {
        print_rehearsal(ctl, response.json, arguments_option(arguments, "--assume"));
    }
    client_response_fini(&response);
    return CTL_OK;
}
