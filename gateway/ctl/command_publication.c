/* Rotas are told to their agents, and who took note: in the reader's language. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base/uuid.h"
#include "gateway/ctl/commands.h"
#include "gateway/ctl/language.h"
#include "gateway/ctl/pages.h"
#include "gateway/ctl/terminal.h"

struct wording {
    const char *kinds[5];
    const char *notices[3];
    const char *day;
    const char *days;
    const char *dry_run;
    const char *published;
    const char *seen;
    const char *unseen;
    const char *by_app;
    const char *by_operator;
    const char *fetched;
    const char *nothing;
    const char *of;
    const char *before_semicolon;
};

static const char *const kind_words[] = {"new", "added", "extended", "removed", "shortened"};
static const char *const notice_words[] = {"in_time", "short", "too_short"};

static const struct wording english = {
    .kinds = {"new", "added", "longer", "removed", "shorter"},
    .notices = {"in time", "SHORT NOTICE", "TOO SHORT NOTICE"},
    .day = "day ahead",
    .days = "days ahead",
    .dry_run = "dry run, nothing published",
    .published = "published",
    .seen = "seen",
    .unseen = "not seen yet",
    .by_app = "in the app",
    .by_operator = "as recorded by ",
    .fetched = "calendar fetched",
    .nothing = "nobody on call any more",
    .of = "of",
    .before_semicolon = "",
};
static const struct wording french = {
    .kinds = {"nouveau", "ajouté", "rallongé", "retiré", "raccourci"},
    .notices = {"dans les délais", "DÉLAI COURT", "DÉLAI TROP COURT"},
    .day = "jour avant",
    .days = "jours avant",
    .dry_run = "à blanc, rien n'est publié",
    .published = "publié",
    .seen = "vu",
    .unseen = "pas encore vu",
    .by_app = "dans l'application",
    .by_operator = "noté par ",
    .fetched = "agenda relevé",
    .nothing = "plus d'astreinte",
    .of = "sur",
    .before_semicolon = "\u00a0",
};

static long long number_of(json_t *object, const char *member)
{
    return (long long)json_integer_value(json_object_get(object, member));
}

/* The word's translation; the word itself when the gateway is newer. */
static const char *translate(const char *word, const char *const *words,
                             const char *const *translations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0) {
            return translations[i];
        }
    }
    return word;
}

static enum tint tint_of(const char *notice)
{
    return strcmp(notice, "in_time") == 0 ? TINT_GREEN
           : strcmp(notice, "short") == 0 ? TINT_YELLOW
                                          : TINT_RED;
}

static void print_span(const struct terminal *out, json_t *span)
{
    char text[TERMINAL_SPAN_BYTES_MAX];
    terminal_span(ctl_member(span, "from"), ctl_member(span, "to"), text);
    terminal_print(out, TINT_PLAIN, "%s", text);
}

static void print_changes(struct ctl *ctl, const struct wording *words, json_t *part)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    size_t i;
    json_t *change;
    json_array_foreach(json_object_get(part, "changes"), i, change)
    {
        const char *notice = ctl_member(change, "notice");
        terminal_column(&out, TINT_BOLD, 24, ctl_member(part, "name"));
        terminal_column(&out, TINT_PLAIN, 10,
                        translate(ctl_member(change, "kind"), kind_words, words->kinds, 5));
        print_span(&out, change);
        long long days = number_of(change, "notice_days");
        bool one = days == 1 || (words == &french && days == 0); /* French counts none as one */
        terminal_print(&out, TINT_PLAIN, " %4lld %s  ", days, one ? words->day : words->days);
        terminal_text(&out, tint_of(notice), translate(notice, notice_words, words->notices, 3));
        terminal_print(&out, TINT_PLAIN, "\n");
    }
}

static void print_counts(const struct terminal *out, const struct wording *words, json_t *answer)
{
    long long in_time = number_of(answer, "in_time"), few = number_of(answer, "short");
    long long too_few = number_of(answer, "too_short");
    enum tint tint = too_few > 0 ? TINT_RED : few > 0 ? TINT_YELLOW : TINT_PLAIN;
    if (words == &french) {
        terminal_print(
            out, tint,
            "changements\u00a0: %lld dans les délais, %lld en délai court, %lld en délai "
            "trop court",
            in_time, few, too_few);
    } else {
        terminal_print(out, tint,
                       "changes: %lld in time, %lld at short notice, %lld at too short notice",
                       in_time, few, too_few);
    }
}

static void print_planned(struct ctl *ctl, const struct wording *words, json_t *answer)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    size_t i;
    json_t *part;
    json_array_foreach(json_object_get(answer, "told"), i, part)
    {
        print_changes(ctl, words, part);
    }
    terminal_print(&out, TINT_BOLD, "%s%s; ", words->dry_run, words->before_semicolon);
    print_counts(&out, words, answer);
    terminal_print(&out, TINT_DIM, "\ndigest %s\n", ctl_member(answer, "digest"));
}

static void print_published(struct ctl *ctl, const struct wording *words, json_t *answer)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    terminal_text(&out, TINT_BOLD, ctl_member(answer, "id"));
    terminal_print(&out, TINT_PLAIN, "\n%s%s; ", words->published, words->before_semicolon);
    print_counts(&out, words, answer);
    terminal_print(&out, TINT_PLAIN, "\n");
}

/* NULL: an argument is not UTF-8. */
static json_t *body_of(const struct arguments *arguments)
{
    static const char *const options[][2] = {
        {"--from", "from"}, {"--to", "to"}, {"--digest", "digest"}, {"--operator", "operator"}};
    json_t *body = json_object();
    for (size_t i = 0; i < sizeof options / sizeof options[0] && body != NULL; i++) {
        const char *value = arguments_option(arguments, options[i][0]);
        if (value == NULL && strcmp(options[i][1], "operator") == 0) {
            value = getenv("ASTREINTE_OPERATOR");
        }
        if (value != NULL && value[0] != '\0' &&
            json_object_set_new(body, options[i][1], json_string(value)) != 0) {
            json_decref(body);
            return NULL;
        }
    }
    return body;
}

static enum ctl_exit send(struct ctl *ctl, const struct arguments *arguments, const char *path,
                          struct client_response *response)
{
    char key[UUID_TEXT_BYTES];
    const char *given = arguments_option(arguments, "--idempotency-key");
    json_t *body = body_of(arguments);
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (text == NULL) {
        return ctl_fail(ctl, CTL_USAGE, "an argument is not valid UTF-8");
    }
    uuid_format(uuid_v7(clock_wall(ctl->clock), ctl->random), key);
    const struct client_request request = {.method = "POST",
                                           .path = path,
                                           .body = text,
                                           .body_bytes = strlen(text),
                                           .idempotency_key = given != NULL ? given : key};
    enum ctl_exit code = ctl_call(ctl, &request, response);
    if (code == CTL_UNREACHABLE) {
        (void)fprintf(ctl->err,
                      "  Repeat the command with --idempotency-key %s until it answers: it is not\n"
                      "  published twice.\n",
                      request.idempotency_key);
    }
    free(text);
    return code;
}

enum ctl_exit command_publish(struct ctl *ctl, const struct arguments *arguments)
{
    struct client_response response;
    bool dry_run = arguments_option(arguments, "--dry-run") != NULL;
    const char *path = ctl_path(ctl, "v1", "customers", arguments->positional[0], "rotas",
                                arguments->positional[1], "publications", NULL);
    bool is_french;
    if (!language_take(ctl, arguments, "en", &is_french)) {
        return CTL_USAGE;
    }
    const struct wording *words = is_french ? &french : &english;
    path = ctl_query(ctl, path, "dry_run", dry_run ? "true" : NULL, NULL);
    enum ctl_exit code = send(ctl, arguments, path, &response);
    if (code != CTL_OK) {
        return code;
    }
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else if (dry_run) {
        terminal_use_zone(ctl_member(response.json, "time_zone"));
        print_planned(ctl, words, response.json);
    } else {
        print_published(ctl, words, response.json);
    }
    client_response_fini(&response);
    return CTL_OK;
}

/* ---- what was published ---- */

static void print_head(struct ctl *ctl, const struct wording *words, json_t *publication)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    char published[TERMINAL_TIME_BYTES_MAX];
    terminal_date_time(ctl_member(publication, "published_at"), published);
    terminal_column(&out, TINT_BOLD, 38, ctl_member(publication, "id"));
    terminal_print(&out, TINT_PLAIN, "%s  ", published);
    print_span(&out, publication);
    terminal_print(&out, TINT_PLAIN, "  %s %lld %s %lld  ", words->seen,
                   number_of(publication, "seen"), words->of, number_of(publication, "agents"));
    print_counts(&out, words, publication);
    terminal_print(&out, TINT_PLAIN, "\n");
}

static void print_note(const struct terminal *out, const struct wording *words, json_t *part)
{
    char at[TERMINAL_TIME_BYTES_MAX];
    if (ctl_member(part, "seen_at")[0] != '\0') {
        terminal_date_time(ctl_member(part, "seen_at"), at);
        terminal_print(out, TINT_GREEN, "%s %s ", words->seen, at);
        if (strcmp(ctl_member(part, "seen_via"), "app") == 0) {
            terminal_print(out, TINT_PLAIN, "%s", words->by_app);
        } else {
            terminal_print(out, TINT_PLAIN, "%s", words->by_operator);
            terminal_text(out, TINT_PLAIN, ctl_member(part, "seen_by"));
            terminal_print(out, TINT_PLAIN, " (");
            terminal_text(out, TINT_PLAIN, ctl_member(part, "seen_how"));
            terminal_print(out, TINT_PLAIN, ")");
        }
    } else {
        terminal_print(out, TINT_YELLOW, "%s", words->unseen);
    }
    if (ctl_member(part, "fetched_at")[0] != '\0') {
        terminal_date_time(ctl_member(part, "fetched_at"), at);
        terminal_print(out, TINT_DIM, ", %s %s", words->fetched, at);
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

static void print_part(struct ctl *ctl, const struct wording *words, json_t *part)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    json_t *shifts = json_object_get(part, "shifts");
    size_t i;
    json_t *shift;
    terminal_print(&out, TINT_PLAIN, "\n");
    terminal_column(&out, TINT_BOLD, 24, ctl_member(part, "name"));
    print_note(&out, words, part);
    json_array_foreach(shifts, i, shift)
    {
        terminal_print(&out, TINT_PLAIN, "  ");
        print_span(&out, shift);
        terminal_print(&out, TINT_PLAIN, "\n");
    }
    if (json_array_size(shifts) == 0) {
        terminal_print(&out, TINT_PLAIN, "  %s\n", words->nothing);
    }
}

static enum ctl_exit show_one(struct ctl *ctl, const struct arguments *arguments, const char *path,
                              const struct wording *words)
{
    struct client_response response;
    enum ctl_exit code = ctl_call_json(ctl, "GET", path, NULL, &response);
    if (code != CTL_OK) {
        return code;
    }
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else {
        size_t i;
        json_t *part;
        terminal_use_zone(ctl_member(response.json, "time_zone"));
        print_head(ctl, words, response.json);
        json_array_foreach(json_object_get(response.json, "told"), i, part)
        {
            print_part(ctl, words, part);
        }
    }
    client_response_fini(&response);
    return CTL_OK;
}

/* The gateway's table, byte by byte. */
static enum ctl_exit show_table(struct ctl *ctl, const char *path)
{
    struct client_response response;
    enum ctl_exit code =
        ctl_call_json(ctl, "GET", ctl_query(ctl, path, "format", "csv", NULL), NULL, &response);
    if (code != CTL_OK) {
        return code;
    }
    (void)fwrite(response.body, 1, response.body_bytes, ctl->out);
    client_response_fini(&response);
    return CTL_OK;
}

enum ctl_exit command_publications(struct ctl *ctl, const struct arguments *arguments)
{
    const char *id = arguments->positional_count > 2 ? arguments->positional[2] : NULL;
    const char *path = ctl_path(ctl, "v1", "customers", arguments->positional[0], "rotas",
                                arguments->positional[1], "publications", id, NULL);
    bool is_french;
    if (!language_take(ctl, arguments, "en", &is_french)) {
        return CTL_USAGE;
    }
    bool as_table = arguments_option(arguments, "--csv") != NULL;
    if (as_table && id == NULL) {
        return ctl_fail(ctl, CTL_USAGE, "--csv is for one publication: name its ID");
    }
    const struct wording *words = is_french ? &french : &english;
    if (id != NULL) {
        return as_table ? show_table(ctl, path) : show_one(ctl, arguments, path, words);
    }
    struct pages pages = pages_begin(ctl, path, 0);
    for (json_t *publication; (publication = pages_next(&pages)) != NULL;) {
        if (arguments_option(arguments, "--json") != NULL) {
            ctl_print_json(ctl, publication, true);
        } else {
            terminal_use_zone(ctl_member(publication, "time_zone"));
            print_head(ctl, words, publication);
        }
    }
    return pages_end(&pages);
}
