/* Whether somebody will be there: the gateway's report, laid out to be read. */
#include <string.h>

#include "gateway/ctl/commands.h"
#include "gateway/ctl/language.h"
#include "gateway/ctl/terminal.h"

struct wording {
    const char *none;
    const char *more;
    const char *procedures;
    const char *within;
    const char *never;
    const char *unjudged;
    const char *worst;
    const char *nobody;
    const char *cut;
    const char *computed;
    const char *uncomputed;
    const char *overdue;
    const char *not_automatic;
    const char *unshown_one;
    const char *unshown;
};

static const struct wording english = {
    .none = "nothing found",
    .more = "more were found and left off",
    .procedures = "Until a human has it, at most",
    .within = "after",
    .never = "NEVER: it reaches nobody in any step",
    .unjudged = "not judged",
    .worst = ", as at ",
    .nobody = "of all starts, reach nobody:",
    .cut = "not all interventions were looked through: too many escalations, as of ",
    .computed = "computed ",
    .uncomputed = "never computed yet",
    .overdue = "OVERDUE",
    .not_automatic = "the gateway computes nothing by itself ([coverage] at = off)",
    .unshown_one = "customer is not shown: ask with --customer",
    .unshown = "customers are not shown: ask for each with --customer",
};
static const struct wording french = {
    .none = "rien à signaler",
    .more = "autres constats ne sont pas montrés",
    .procedures = "Un humain s'en charge au plus tard",
    .within = "après",
    .never = "JAMAIS\u00a0: aucune étape ne joint personne",
    .unjudged = "pas jugée",
    .worst = ", par exemple le ",
    .nobody = "départs qui ne joignent personne\u00a0:",
    .cut = "toutes les interventions n'ont pas été relues\u00a0: trop d'escalades, par exemple de ",
    .computed = "calculé le ",
    .uncomputed = "jamais encore calculé",
    .overdue = "EN RETARD",
    .not_automatic = "la passerelle ne calcule rien d'elle-même ([coverage] at = off)",
    .unshown_one = "entreprise n'est pas montrée\u00a0: demandez-la par --customer",
    .unshown = "entreprises ne sont pas montrées\u00a0: demandez-les une à une par --customer",
};

static void print_finding(const struct terminal *out, json_t *finding)
{
    char span[TERMINAL_SPAN_BYTES_MAX];
    terminal_span(ctl_member(finding, "from"), ctl_member(finding, "to"), span);
    terminal_column(out, TINT_BOLD, 20, ctl_member(finding, "customer"));
    terminal_print(out, TINT_DIM, "%s  ", span);
    terminal_text(out, TINT_YELLOW, ctl_member(finding, "text"));
    terminal_print(out, TINT_PLAIN, "\n");
}

static void print_duration(const struct terminal *out, enum tint tint, long long seconds)
{
    terminal_print(out, tint, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60,
                   seconds % 60);
}

static void print_procedure(const struct terminal *out, const struct wording *words,
                            json_t *procedure)
{
    json_t *within = json_object_get(procedure, "human_within_s");
    json_t *nobody = json_object_get(procedure, "reaches_nobody_s");
    long long minutes = (long long)json_integer_value(nobody) / 60;
    terminal_column(out, TINT_BOLD, 20, ctl_member(procedure, "customer"));
    terminal_column(out, TINT_PLAIN, 24, ctl_member(procedure, "procedure"));
    if (json_is_integer(within)) {
        char worst[TERMINAL_TIME_BYTES_MAX];
        terminal_date_time(ctl_member(procedure, "worst_at"), worst);
        terminal_print(out, TINT_PLAIN, "%s ", words->within);
        print_duration(out, TINT_BOLD, (long long)json_integer_value(within));
        terminal_print(out, TINT_DIM, "%s%s", words->worst, worst);
        if (minutes > 0) {
            terminal_print(out, TINT_RED, "; %s %lld:%02lld h", words->nobody, minutes / 60,
                           minutes % 60);
        }
    } else {
        terminal_print(out, TINT_RED, "%s",
                       json_is_integer(nobody) ? words->never : words->unjudged);
    }
    if (ctl_member(procedure, "paper_text")[0] != '\0') {
        terminal_print(out, TINT_PLAIN, "\n%20s ", "");
        terminal_text(out, TINT_YELLOW, ctl_member(procedure, "paper_text"));
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

static void print_findings(const struct terminal *out, const struct wording *words, json_t *report)
{
    size_t i;
    json_t *item;
    json_t *items = json_object_get(report, "items");
    long long more = (long long)json_integer_value(json_object_get(report, "more"));
    json_array_foreach(items, i, item)
    {
        print_finding(out, item);
    }
    if (more > 0) {
        terminal_print(out, TINT_YELLOW, "… %lld %s\n", more, words->more);
    }
    if (json_array_size(items) == 0 && more == 0) {
        terminal_print(out, TINT_GREEN, "%s\n", words->none);
    }
}

static void print_rest(const struct terminal *out, const struct wording *words, json_t *report)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(report, "procedures"), i, item)
    {
        if (i == 0) {
            terminal_print(out, TINT_DIM, "\n%s\n", words->procedures);
        }
        print_procedure(out, words, item);
    }
    if (ctl_member(report, "history_cut")[0] != '\0') {
        terminal_print(out, TINT_YELLOW, "\n%s", words->cut);
        terminal_text(out, TINT_YELLOW, ctl_member(report, "history_cut"));
        terminal_print(out, TINT_PLAIN, "\n");
    }
    json_array_foreach(json_object_get(report, "notes"), i, item)
    {
        terminal_print(out, TINT_DIM, "%s- ", i == 0 ? "\n" : "");
        terminal_text(out, TINT_DIM, json_is_string(item) ? json_string_value(item) : "");
        terminal_print(out, TINT_PLAIN, "\n");
    }
}

/* Answers whether there is something to look at: findings, or that nobody looked for any. */
static bool print_last(const struct terminal *out, const struct wording *words, json_t *report,
                       struct wall_time now, bool shows)
{
    size_t i;
    json_t *customer;
    long long unshown = (long long)json_integer_value(json_object_get(report, "customers_more"));
    bool automatic = json_is_true(json_object_get(report, "automatic"));
    bool found = !automatic || unshown > 0;
    if (shows && !automatic) {
        terminal_print(out, TINT_YELLOW, "%s\n", words->not_automatic);
    }
    json_array_foreach(json_object_get(report, "customers"), i, customer)
    {
        char at[TERMINAL_TIME_BYTES_MAX];
        bool never = json_is_null(json_object_get(customer, "computed_at"));
        bool overdue = json_is_true(json_object_get(customer, "overdue"));
        found = found || overdue || json_integer_value(json_object_get(customer, "findings")) > 0;
        if (!shows) {
            continue;
        }
        terminal_use_zone(ctl_member(customer, "time_zone"));
        terminal_time(ctl_member(customer, "computed_at"), now, at);
        terminal_column(out, TINT_BOLD, 20, ctl_member(customer, "customer"));
        terminal_print(out, TINT_DIM, "%s%s", never ? words->uncomputed : words->computed,
                       never ? "" : at);
        terminal_print(out, TINT_RED, "%s%s\n", overdue ? "  " : "", overdue ? words->overdue : "");
        if (!never) {
            print_findings(out, words, customer);
        }
    }
    if (shows && unshown > 0) {
        terminal_print(out, TINT_YELLOW, "… %lld %s\n", unshown,
                       unshown == 1 ? words->unshown_one : words->unshown);
    }
    return found;
}

static enum ctl_exit show_last(struct ctl *ctl, const struct arguments *arguments)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    const char *asked = arguments_option(arguments, "--language");
    const char *language = asked != NULL ? asked : language_of_environment();
    struct client_response response;
    const char *path =
        ctl_query(ctl, "/v1/coverage/last", "customer", arguments_option(arguments, "--customer"),
                  "language", language, NULL);
    enum ctl_exit code = ctl_call_json(ctl, "GET", path, NULL, &response);
    if (code != CTL_OK) {
        return code;
    }
    bool as_json = arguments_option(arguments, "--json") != NULL;
    bool in_english = language != NULL && strcmp(language, "en") == 0;
    terminal_use_french(!in_english);
    bool found = print_last(&out, in_english ? &english : &french, response.json,
                            clock_wall(ctl->clock), !as_json);
    if (as_json) {
        ctl_print_json(ctl, response.json, false);
    }
    client_response_fini(&response);
    return found ? CTL_FINDINGS : CTL_OK;
}

enum ctl_exit command_coverage(struct ctl *ctl, const struct arguments *arguments)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    const char *language = arguments_option(arguments, "--language");
    struct client_response response;
    if (arguments_option(arguments, "--last") != NULL) {
        static const char *const others[] = {"--days", "--daily-rest", "--weekly-rest",
                                             "--number-proof"};
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
            if (arguments_option(arguments, others[i]) != NULL) {
                return ctl_fail(ctl, CTL_USAGE, "--last computes nothing: leave %s out, or --last",
                                others[i]);
            }
        }
        return show_last(ctl, arguments);
    }
    const char *path =
        ctl_query(ctl, "/v1/coverage", "customer", arguments_option(arguments, "--customer"),
                  "days", arguments_option(arguments, "--days"), "daily_rest_h",
                  arguments_option(arguments, "--daily-rest"), "weekly_rest_h",
                  arguments_option(arguments, "--weekly-rest"), "number_proof_d",
                  arguments_option(arguments, "--number-proof"), "language",
                  language != NULL ? language : language_of_environment(), NULL);
    enum ctl_exit code = ctl_call_json(ctl, "GET", path, NULL, &response);
    if (code != CTL_OK) {
        return code;
    }
    json_t *report = response.json;
    bool found = json_array_size(json_object_get(report, "items")) > 0 ||
                 json_integer_value(json_object_get(report, "more")) > 0;
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, report, false);
    } else {
        const struct wording *words =
            strcmp(ctl_member(report, "language"), "fr") == 0 ? &french : &english;
        terminal_use_french(words == &french);
        terminal_use_zone(ctl_member(report, "time_zone"));
        print_findings(&out, words, report);
        print_rest(&out, words, report);
    }
    client_response_fini(&response);
    return found ? CTL_FINDINGS : CTL_OK;
}
