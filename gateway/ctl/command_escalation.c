#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/uuid.h"
#include "gateway/ctl/commands.h"
#include "gateway/ctl/escalation_view.h"
#include "gateway/ctl/language.h"
#include "gateway/ctl/pages.h"
#include "gateway/ctl/terminal.h"
#include "gateway/numbers/telephone_number.h"

#define ESCALATION_BYTES_MAX (256u << 10)

static void print_label(const struct terminal *out, const char *en, const char *fr)
{
    terminal_column(out, TINT_DIM, 8, out->french ? fr : en);
}

static void print_member_line(const struct terminal *out, const char *en, const char *fr,
                              const char *text, enum tint tint)
{
    print_label(out, en, fr);
    terminal_text(out, tint, text);
    terminal_print(out, TINT_PLAIN, "\n");
}

/* "paul on 2 device(s), by 1 call(s)". */
static void print_notified(const struct terminal *out, json_t *item)
{
    const char *agent = ctl_member(item, "agent");
    long long devices = json_integer_value(json_object_get(item, "devices"));
    long long calls = json_integer_value(json_object_get(item, "calls"));
    print_label(out, "notified", "prévenu");
    terminal_text(out, TINT_PLAIN, agent[0] != '\0' ? agent : ctl_member(item, "contact"));
    if (devices > 0 || calls == 0) {
        terminal_print(out, TINT_PLAIN,
                       out->french ? " sur %lld téléphone(s)" : " on %lld device(s)", devices);
    }
    if (calls > 0) {
        terminal_print(out, TINT_PLAIN, out->french ? "%s par %lld appel(s)" : "%s by %lld call(s)",
                       devices > 0 ? "," : "", calls);
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

/* Whom to dial, in the order of the ladder. */
static void print_rung(const struct terminal *out, json_t *rung, bool is_first)
{
    char shown[TELEPHONE_SHOWN_BYTES_MAX];
    const char *role = ctl_member(rung, "role");
    telephone_number_show(ctl_member(rung, "phone"), shown);
    print_label(out, is_first ? "DIAL" : "then", is_first ? "APPELER" : "puis");
    terminal_text(out, is_first ? TINT_BOLD : TINT_PLAIN, shown);
    terminal_print(out, TINT_PLAIN, "  ");
    if (json_is_true(json_object_get(rung, "emergency"))) {
        terminal_print(out, TINT_PLAIN, out->french ? "numéro d'urgence" : "the emergency number");
    } else {
        terminal_text(out, TINT_PLAIN, ctl_member(rung, "name"));
    }
    if (role[0] != '\0') {
        terminal_print(out, TINT_DIM, " (");
        terminal_text(out, TINT_DIM, role);
        terminal_print(out, TINT_DIM, ")");
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

/* What was decided, by which rule and why; of a call to be put through, the number to dial. */
static void print_decision(const struct terminal *out, json_t *decision)
{
    static const char *const actions[][2] = {{"escalate", "escalader"},
                                             {"hold", "attendre l'ouverture"},
                                             {"ticket", "ticket seul"},
                                             {"forward", "transférer l'appel"}};
    const char *action = ctl_member(decision, "action"), *said = action;
    const char *rule = ctl_member(decision, "rule");
    if (!json_is_object(decision)) {
        return;
    }
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        said = out->french && strcmp(actions[i][0], action) == 0 ? actions[i][1] : said;
    }
    print_label(out, "decision", "décision");
    terminal_text(out, TINT_BOLD, said);
    if (rule[0] != '\0') {
        terminal_print(out, TINT_PLAIN, out->french ? ", règle " : ", rule ");
        terminal_text(out, TINT_BOLD, rule);
    }
    const char *because =
        ctl_member(json_object_get(decision, "because"), out->french ? "fr" : "en");
    if (because[0] != '\0') {
        terminal_print(out, TINT_PLAIN, out->french ? "\u00a0: " : ": ");
        terminal_text(out, TINT_PLAIN, because);
    }
    terminal_print(out, TINT_PLAIN, "\n");
    size_t i;
    json_t *rung;
    json_array_foreach(json_object_get(decision, "ladder"), i, rung)
    {
        print_rung(out, rung, i == 0);
    }
}

/* The number that people say on the telephone, and the id that commands take. */
static void print_ticket(const struct terminal *out, json_t *answer)
{
    long long number = json_integer_value(json_object_get(answer, "ticket_number"));
    print_label(out, "ticket", "ticket");
    if (number > 0) {
        terminal_print(out, TINT_BOLD, "%lld", number);
        terminal_print(out, TINT_PLAIN, "  ");
    }
    terminal_text(out, TINT_PLAIN, ctl_member(answer, "ticket"));
    terminal_print(out, TINT_PLAIN, "\n");
}

static void print_opened(struct ctl *ctl, json_t *answer, bool french)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour, .french = french};
    bool joined = json_is_true(json_object_get(answer, "joined"));
    const char *state = ctl_member(answer, "state");
    print_member_line(&out, "id", "id", ctl_member(answer, "id"), TINT_BOLD);
    print_ticket(&out, answer);
    if (joined) {
        print_member_line(&out, "joined", "rejoint",
                          french ? "une escalade déjà ouverte"
                                 : "an escalation that was open already",
                          TINT_YELLOW);
    }
    print_member_line(&out, "state", "état", language_word(state, french), terminal_tint_of(state));
    print_decision(&out, json_object_get(answer, "decision"));
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(answer, "notified"), i, item)
    {
        print_notified(&out, item);
    }
    json_t *next = json_object_get(answer, "next");
    if (json_is_object(next)) {
        char at[TERMINAL_TIME_BYTES_MAX];
        terminal_time(ctl_member(next, "at"), clock_wall(ctl->clock), at);
        print_label(&out, "next", "ensuite");
        terminal_print(&out, TINT_PLAIN, "%s ", at);
        terminal_text(&out, TINT_PLAIN, ctl_member(next, "what"));
        terminal_print(&out, TINT_PLAIN, "\n");
    }
    json_array_foreach(json_object_get(answer, "warnings"), i, item)
    {
        print_member_line(&out, "warning", "attention",
                          json_is_string(item) ? json_string_value(item) : "", TINT_YELLOW);
    }
}

enum ctl_exit command_escalate(struct ctl *ctl, const struct arguments *arguments)
{
    bool french;
    if (!language_take(ctl, arguments, "en", &french)) {
        return CTL_USAGE;
    }
    /* Sent as it is, without a look inside: the webhook fails safe and judges better. */
    struct client_request request = {.method = "POST", .path = "/v1/escalations"};
    enum ctl_exit code = ctl_read_file(ctl, arguments->positional[0], ESCALATION_BYTES_MAX,
                                       &request.body, &request.body_bytes);
    if (code != CTL_OK) {
        return code;
    }
    char fresh_key[UUID_TEXT_BYTES];
    uuid_format(uuid_v7(clock_wall(ctl->clock), ctl->random), fresh_key);
    const char *given_key = arguments_option(arguments, "--idempotency-key");
    request.idempotency_key = given_key != NULL ? given_key : fresh_key;
    struct client_response response;
    code = ctl_call(ctl, &request, &response);
    if (code == CTL_UNREACHABLE) {
        (void)fprintf(ctl->err,
                      "  Repeat the command with --idempotency-key %s until it answers: it cannot\n"
                      "  open a second escalation. If it does not answer soon, telephone.\n",
                      request.idempotency_key);
    }
    if (code != CTL_OK) {
        return code;
    }
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else {
        print_opened(ctl, response.json, french);
    }
    client_response_fini(&response);
    return CTL_OK;
}

enum ctl_exit command_show(struct ctl *ctl, const struct arguments *arguments)
{
    struct client_response response;
    bool french;
    if (!language_take(ctl, arguments, "en", &french)) {
        return CTL_USAGE;
    }
    const char *path =
        ctl_query(ctl, ctl_path(ctl, "v1", "escalations", arguments->positional[0], NULL),
                  "language", french ? "fr" : NULL, NULL);
    enum ctl_exit code = ctl_call_json(ctl, "GET", path, NULL, &response);
    if (code != CTL_OK) {
        return code;
    }
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else {
        const struct terminal out = {.file = ctl->out, .colour = ctl->colour, .french = french};
        escalation_view(&out, response.json, clock_wall(ctl->clock));
    }
    client_response_fini(&response);
    return CTL_OK;
}

enum ctl_exit command_list(struct ctl *ctl, const struct arguments *arguments)
{
    bool french;
    if (!language_take(ctl, arguments, "en", &french)) {
        return CTL_USAGE;
    }
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour, .french = french};
    bool as_json = arguments_option(arguments, "--json") != NULL;
    const char *limit = arguments_option(arguments, "--limit");
    char *end = NULL;
    errno = 0;
    unsigned long items_max = limit != NULL ? strtoul(limit, &end, 10) : 50;
    if (errno != 0 || items_max == 0 || (limit != NULL && (*end != '\0' || limit[0] == '-'))) {
        return ctl_fail(ctl, CTL_USAGE, "--limit: \"%s\" is not a number above 0", limit);
    }
    char page_items[16];
    (void)snprintf(page_items, sizeof page_items, "%lu", items_max < 200 ? items_max : 200);
    const char *path =
        ctl_query(ctl, "/v1/escalations", "customer", arguments_option(arguments, "--customer"),
                  "state", arguments_option(arguments, "--state"), "limit", page_items, NULL);
    int columns = terminal_columns(ctl->out);
    struct pages pages = pages_begin(ctl, path, items_max);
    unsigned long count = 0;
    for (json_t *escalation; (escalation = pages_next(&pages)) != NULL; count++) {
        if (as_json) {
            ctl_print_json(ctl, escalation, true);
            continue;
        }
        if (count == 0) {
            escalation_view_titles(&out, columns);
        }
        escalation_view_line(&out, escalation, columns, clock_wall(ctl->clock));
    }
    bool more = pages_has_more(&pages);
    enum ctl_exit code = pages_end(&pages);
    if (code == CTL_OK && more) {
        (void)fflush(ctl->out);
        (void)fprintf(ctl->err,
                      french ? "… il y en a d'autres\u00a0: --limit N (en voici %lu)\n"
                             : "… more: --limit N (these are %lu)\n",
                      count);
    } else if (code == CTL_OK && count == 0 && !as_json) {
        (void)fputs(french ? "aucune escalade de ce genre\n" : "no such escalations\n", ctl->err);
    }
    return code;
}
