/* Who begins when, and whether they are there: the shifts of a customer with their check-ins. */
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/commands.h"
#include "gateway/ctl/language.h"
#include "gateway/ctl/terminal.h"

#define DAYS_MAX 31
#define DAY_MS   INT64_C(86400000)

/* What a check-in's state is called, and how much it is to be seen. */
static const struct state_words {
    const char *state;
    enum tint tint;
    const char *english;
    const char *french;
} state_words[] = {
    {"taken_up", TINT_GREEN, "taken up", "poste pris"},
    {"pending", TINT_YELLOW, "begun, not complete", "commencée, incomplète"},
    {"open", TINT_PLAIN, "may be checked in", "prise de poste ouverte"},
    {"not_open", TINT_DIM, "not yet", "pas encore ouverte"},
    {"asked", TINT_YELLOW, "missing, asked for", "attendue, relance en cours"},
    {"missed", TINT_RED, "MISSED", "MANQUÉE"},
    {"replaced", TINT_YELLOW, "replaced by", "remplacement par"},
    {"withdrawn", TINT_DIM, "given to somebody else", "confiée à quelqu'un d'autre"},
};

/* A shift that was taken up and is asked for anew is none whose agent did not come. */
static const struct anew_words {
    const char *because;
    const char *english;
    const char *french;
} anew_words[] = {
    {"left_early", "left early, asked anew", "fin anticipée, agent relancé"},
    {"phone_died", "phone gone, asked anew", "téléphone disparu, agent relancé"},
    {"phone_silent", "phone silent, asked anew", "téléphone muet, agent relancé"},
};

/* Answers whether it is one. */
static bool print_anew(const struct terminal *out, json_t *check_in, const char *state, bool french)
{
    const char *because = ctl_member(check_in, "asked_because");
    bool missed = strcmp(state, "missed") == 0;
    if (!missed && strcmp(state, "asked") != 0) {
        return false; /* it was settled since */
    }
    for (size_t i = 0; i < sizeof anew_words / sizeof anew_words[0]; i++) {
        if (strcmp(because, anew_words[i].because) == 0) {
            terminal_print(out, missed ? TINT_RED : TINT_YELLOW, "%s",
                           french ? anew_words[i].french : anew_words[i].english);
            return true;
        }
    }
    return false;
}

static void print_state(const struct terminal *out, json_t *check_in, bool french)
{
    const char *state = ctl_member(check_in, "state");
    const struct state_words unknown = {state, TINT_YELLOW, "unknown", "inconnue"};
    const struct state_words *words = &unknown;
    if (print_anew(out, check_in, state, french)) {
        return;
    }
    for (size_t i = 0; i < sizeof state_words / sizeof state_words[0]; i++) {
        words = strcmp(state, state_words[i].state) == 0 ? &state_words[i] : words;
    }
    terminal_print(out, words->tint, "%s", french ? words->french : words->english);
}

/* What the check-in that was made lacks, and what is to be known of it. */
static const struct remark_words {
    const char *remark;
    const char *english;
    const char *french;
} remark_words[] = {
    {"permission", "notifications are switched off", "notifications désactivées"},
    {"device", "no registered phone", "aucun téléphone enregistré"},
    {"received", "the test push has not come back", "notification d'essai non revenue"},
    {"heard", "the test push was not heard yet", "notification d'essai pas encore entendue"},
    {"silent_mode", "the phone is on silent", "téléphone en silencieux"},
    {"number_not_confirmed", "number not confirmed", "numéro non confirmé"},
    {"number_changed", "number changed since it was confirmed",
     "numéro changé depuis sa confirmation"},
    {"no_number", "no number", "aucun numéro"},
};

static void print_remarks(const struct terminal *out, json_t *remarks, enum tint tint, bool french)
{
    size_t i;
    json_t *remark;
    json_array_foreach(remarks, i, remark)
    {
        const char *word = json_is_string(remark) ? json_string_value(remark) : "?";
        const struct remark_words unknown = {word, word, word};
        const struct remark_words *words = &unknown;
        for (size_t k = 0; k < sizeof remark_words / sizeof remark_words[0]; k++) {
            words = strcmp(word, remark_words[k].remark) == 0 ? &remark_words[k] : words;
        }
        terminal_print(out, TINT_PLAIN, ", ");
        terminal_text(out, tint, french ? words->french : words->english);
    }
}

static void print_check_in(const struct terminal *out, json_t *check_in, struct wall_time now,
                           bool french)
{
    char at[TERMINAL_TIME_BYTES_MAX];
    if (!json_is_object(check_in)) {
        terminal_print(out, TINT_DIM,
                       french ? "pas de prise de poste prévue" : "no check-in planned");
        return;
    }
    print_state(out, check_in, french);
    if (ctl_member(check_in, "replaced_by")[0] != '\0') {
        terminal_print(out, TINT_PLAIN, " ");
        terminal_text(out, TINT_BOLD, ctl_member(check_in, "replaced_by"));
    }
    if (ctl_member(check_in, "completed_at")[0] != '\0') {
        terminal_time(ctl_member(check_in, "completed_at"), now, at);
        terminal_print(out, TINT_DIM, ", %s", at);
    }
    json_t *made = json_object_get(check_in, "made");
    print_remarks(out, json_object_get(made, "missing"), TINT_RED, french);
    print_remarks(out, json_object_get(made, "warnings"), TINT_YELLOW, french);
    if (ctl_member(check_in, "escalation")[0] != '\0') {
        terminal_print(out, TINT_PLAIN, "  ");
        terminal_text(out, TINT_DIM, ctl_member(check_in, "escalation"));
    }
}

static void print_shift(const struct terminal *out, json_t *shift, struct wall_time now,
                        bool french)
{
    char span[TERMINAL_SPAN_BYTES_MAX];
    terminal_span(ctl_member(shift, "from"), ctl_member(shift, "to"), span);
    terminal_column(out, TINT_BOLD, 20, ctl_member(shift, "agent"));
    terminal_column(out, TINT_PLAIN, 16, ctl_member(shift, "rota"));
    terminal_print(out, TINT_DIM, "%s  ", span);
    print_check_in(out, json_object_get(shift, "check_in"), now, french);
    terminal_print(out, TINT_PLAIN, "\n");
}

enum ctl_exit command_shifts(struct ctl *ctl, const struct arguments *arguments)
{
    const char *days_text = arguments_option(arguments, "--days");
    char *end = NULL;
    long days = days_text != NULL ? strtol(days_text, &end, 10) : 1;
    if (days < 1 || days > DAYS_MAX || (end != NULL && *end != '\0')) {
        return ctl_fail(ctl, CTL_USAGE,
                        "--days: \"%s\" is not a number from 1 to %d; what is later: --from TIME",
                        days_text, DAYS_MAX);
    }
    struct wall_time now = clock_wall(ctl->clock), begin = now;
    const char *begin_text = arguments_option(arguments, "--from");
    if (begin_text != NULL && wall_time_parse(begin_text, &begin) != STATUS_OK) {
        return ctl_fail(ctl, CTL_USAGE,
                        "--from: \"%s\" is not an RFC 3339 time such as 2026-12-25T12:00:00Z",
                        begin_text);
    }
    bool french;
    if (!language_take(ctl, arguments, "en", &french)) {
        return CTL_USAGE;
    }
    char from[RFC3339_BYTES_MAX], to[RFC3339_BYTES_MAX];
    wall_time_format(begin, from);
    wall_time_format((struct wall_time){begin.ms + (int64_t)days * DAY_MS}, to);
    const char *path = ctl_path(ctl, "v1", "customers", arguments->positional[0], "shifts", NULL);
    struct client_response response;
    path = ctl_query(ctl, path, "from", from, "to", to, "rota",
                     arguments_option(arguments, "--rota"), NULL);
    enum ctl_exit code = ctl_call_json(ctl, "GET", path, NULL, &response);
    if (code != CTL_OK) {
        return code;
    }
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else {
        const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
        size_t i;
        json_t *shift;
        terminal_use_zone(ctl_member(response.json, "time_zone"));
        json_array_foreach(json_object_get(response.json, "items"), i, shift)
        {
            print_shift(&out, shift, now, french);
        }
    }
    client_response_fini(&response);
    return CTL_OK;
}
