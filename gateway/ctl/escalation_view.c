#include "gateway/ctl/escalation_view.h"

#include <string.h>

#include "gateway/numbers/telephone_number.h"
#include "gateway/ctl/ctl.h"
#include "gateway/ctl/language.h"

static void print_time(const struct terminal *out, const char *rfc3339, struct wall_time now)
{
    char text[TERMINAL_TIME_BYTES_MAX];
    terminal_time(rfc3339, now, text);
    terminal_print(out, TINT_DIM, "%s", text);
}

static void print_label(const struct terminal *out, const char *en, const char *fr)
{
    terminal_column(out, TINT_DIM, 8, out->french ? fr : en);
}

/* A word of the API in the reader's language. */
static const char *word_of(const struct terminal *out, const char *word)
{
    return language_word(word, out->french);
}

static const char *drill_word(const struct terminal *out)
{
    return out->french ? "EXERCICE" : "DRILL";
}

/* " — text", or nothing. */
static void print_aside(const struct terminal *out, const char *text)
{
    if (text[0] != '\0') {
        terminal_print(out, TINT_PLAIN, " — ");
        terminal_text(out, TINT_PLAIN, text);
    }
}

/* What the holder said last. An operator took it by name; only an agent accepts. */
static const char *intervention_of(json_t *escalation, json_t *holder)
{
    const char *intervention = ctl_member(holder, "intervention");
    bool taken = strcmp(ctl_member(escalation, "state"), "taken") == 0 ||
                 strcmp(ctl_member(holder, "kind"), "operator") == 0;
    return taken && strcmp(intervention, "accepted") == 0 ? "taken" : intervention;
}

static void print_holder(const struct terminal *out, json_t *escalation, struct wall_time now)
{
    json_t *holder = json_object_get(escalation, "holder");
    if (!json_is_object(holder)) {
        return;
    }
    print_label(out, "Holder", "Tenue par");
    terminal_text(out, TINT_GREEN, ctl_member(holder, "name"));
    terminal_print(out, TINT_PLAIN, " (");
    terminal_text(out, TINT_PLAIN, word_of(out, ctl_member(holder, "kind")));
    if (strcmp(ctl_member(holder, "who"), ctl_member(holder, "name")) != 0) {
        terminal_print(out, TINT_PLAIN, " ");
        terminal_text(out, TINT_PLAIN, ctl_member(holder, "who"));
    }
    terminal_print(out, TINT_PLAIN, out->french ? "), par " : "), by ");
    terminal_text(out, TINT_BOLD, word_of(out, ctl_member(holder, "path")));
    terminal_print(out, TINT_PLAIN, out->french ? " depuis " : " since ");
    print_time(out, ctl_member(holder, "since"), now);
    print_aside(out, word_of(out, intervention_of(escalation, holder)));
    if (ctl_member(holder, "eta_at")[0] != '\0' && ctl_member(escalation, "closed_at")[0] == '\0') {
        terminal_print(out, TINT_PLAIN, out->french ? ", arrivée prévue à " : ", expected ");
        print_time(out, ctl_member(holder, "eta_at"), now);
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

static void print_next(const struct terminal *out, json_t *next, struct wall_time now)
{
    if (json_is_object(next)) {
        print_label(out, "Next", "Ensuite");
        if (ctl_member(next, "at")[0] != '\0') {
            print_time(out, ctl_member(next, "at"), now);
            terminal_print(out, TINT_PLAIN, " ");
        }
        char what[LANGUAGE_NEXT_BYTES_MAX];
        terminal_text(out, TINT_PLAIN, language_next(ctl_member(next, "what"), out->french, what));
        terminal_print(out, TINT_PLAIN, "\n");
    }
}

static void print_state_line(const struct terminal *out, json_t *escalation)
{
    const char *severity = ctl_member(escalation, "severity");
    const char *state = ctl_member(escalation, "state");
    terminal_text(out, TINT_BOLD, ctl_member(escalation, "id"));
    terminal_print(out, TINT_PLAIN, "  ");
    terminal_text(out, terminal_tint_of(severity), word_of(out, severity));
    terminal_print(out, TINT_PLAIN, "  ");
    terminal_text(out, TINT_PLAIN, ctl_member(escalation, "customer"));
    terminal_print(out, TINT_PLAIN, "  ");
    terminal_text(out, terminal_tint_of(state), word_of(out, state));
    if (json_is_true(json_object_get(escalation, "drill"))) {
        terminal_print(out, TINT_YELLOW, "  %s", drill_word(out));
    }
    if (json_is_true(json_object_get(escalation, "quarantined"))) {
        terminal_print(out, TINT_RED, out->french ? "  MISE DE CÔTÉ" : "  QUARANTINED");
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

void escalation_view_head(const struct terminal *out, json_t *escalation, struct wall_time now)
{
    print_state_line(out, escalation);
    terminal_text(out, TINT_BOLD, ctl_member(escalation, "summary"));
    terminal_print(out, TINT_PLAIN, "\n");
    terminal_paragraph(out, ctl_member(escalation, "details"));
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(escalation, "fields"), name, value)
    {
        terminal_print(out, TINT_PLAIN, "  ");
        terminal_text(out, TINT_DIM, name);
        terminal_print(out, TINT_DIM, ": ");
        terminal_text(out, TINT_PLAIN, json_is_string(value) ? json_string_value(value) : "");
        terminal_print(out, TINT_PLAIN, "\n");
    }
    print_label(out, "Ticket", "Ticket");
    long long number = json_integer_value(json_object_get(escalation, "ticket_number"));
    if (number > 0) { /* what people say on the telephone */
        terminal_print(out, TINT_BOLD, "%lld", number);
        terminal_print(out, TINT_PLAIN, "  ");
    }
    terminal_text(out, TINT_PLAIN, ctl_member(escalation, "ticket"));
    terminal_print(out, TINT_PLAIN, "\n");
    char opened[TERMINAL_TIME_BYTES_MAX];
    terminal_date_time(ctl_member(escalation, "opened_at"), opened);
    print_label(out, "Opened", "Ouverte");
    terminal_print(out, TINT_PLAIN, "%s\n", opened);
    if (ctl_member(escalation, "closed_at")[0] != '\0') {
        print_label(out, "Closed", "Close");
        terminal_date_time(ctl_member(escalation, "closed_at"), opened);
        terminal_print(out, TINT_PLAIN, "%s\n", opened);
    }
    print_holder(out, escalation, now);
    print_next(out, json_object_get(escalation, "next"), now);
}

static void print_caller(const struct terminal *out, json_t *caller, struct wall_time now)
{
    char shown[TELEPHONE_SHOWN_BYTES_MAX];
    telephone_number_show(ctl_member(caller, "phone"), shown);
    terminal_print(out, TINT_PLAIN, "  %lld. ",
                   (long long)json_integer_value(json_object_get(caller, "n")));
    const char *name = ctl_member(caller, "name");
    terminal_text(out, TINT_PLAIN,
                  name[0] != '\0' ? name
                  : out->french   ? "(inconnu)"
                                  : "(unknown)");
    terminal_print(out, TINT_PLAIN, " ");
    terminal_text(out, TINT_PLAIN, shown);
    const char *promise = ctl_member(caller, "promise");
    if (promise[0] != '\0' && strcmp(promise, "none") != 0) {
        terminal_print(out, TINT_PLAIN,
                       out->french ? " — rappel promis avant " : " — promised to call back by ");
        print_time(out, ctl_member(caller, "promised_at"), now);
        terminal_print(out, TINT_PLAIN, out->french ? "\u00a0: " : ": ");
        terminal_text(out, strcmp(promise, "open") == 0 ? TINT_YELLOW : TINT_GREEN,
                      word_of(out, promise));
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

/* The latest that is known of an attempt, and when. */
static const char *attempt_time(json_t *attempt)
{
    static const char *const stages[] = {"seen_at",    "received_at",    "accepted_at",
                                         "delayed_at", "handed_over_at", "planned_at"};
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        const char *at = ctl_member(attempt, stages[i]);
        if (at[0] != '\0') {
            return at;
        }
    }
    return "";
}

/* How far an attempt came. "accepted" alone would read as the person's answer. */
static const char *delivery_of(json_t *attempt)
{
    const char *state = ctl_member(attempt, "state");
    if (strcmp(state, "accepted") != 0) {
        return strcmp(state, "handed_over") == 0 ? "handed over" : state;
    }
    const char *path = ctl_member(attempt, "path");
    return strcmp(path, "push") == 0   ? "accepted by provider"
           : strcmp(path, "call") == 0 ? "accepted by telephony"
                                       : "accepted by receiver";
}

static void print_attempt_titles(const struct terminal *out)
{
    static const struct {
        const char *en, *fr;
        int width;
    } titles[] = {
        {"AT", "QUAND", 15}, {"STEP", "PALIER", 7},    {"PATH", "MOYEN", 8},
        {"TO", "À", 16},     {"PURPOSE", "OBJET", 13}, {"DELIVERY", "REMISE", 21},
    };
    terminal_print(out, TINT_PLAIN, "  ");
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        terminal_column(out, TINT_DIM, titles[i].width, out->french ? titles[i].fr : titles[i].en);
    }
    terminal_print(out, TINT_DIM, out->french ? "RÉPONSE\n" : "ANSWER\n");
}

static void print_attempt(const struct terminal *out, json_t *attempt, struct wall_time now)
{
    const char *state = ctl_member(attempt, "state");
    const char *answer = ctl_member(attempt, "answer");
    const char *device = ctl_member(attempt, "device");
    char at[TERMINAL_TIME_BYTES_MAX], step[48];
    terminal_time(attempt_time(attempt), now, at);
    (void)snprintf(step, sizeof step, out->french ? "t%lld p%lld" : "r%lld s%lld",
                   (long long)json_integer_value(json_object_get(attempt, "round")),
                   (long long)json_integer_value(json_object_get(attempt, "step")));
    terminal_print(out, TINT_PLAIN, "  ");
    terminal_column(out, TINT_DIM, 15, at);
    terminal_column(out, TINT_DIM, 7, step);
    terminal_column(out, TINT_PLAIN, 8, word_of(out, ctl_member(attempt, "path")));
    terminal_cell(out, TINT_BOLD, 16, ctl_member(json_object_get(attempt, "to"), "who"));
    terminal_column(out, TINT_DIM, 13, word_of(out, ctl_member(attempt, "purpose")));
    terminal_column(out, strcmp(state, "accepted") == 0 ? TINT_PLAIN : terminal_tint_of(state), 21,
                    word_of(out, delivery_of(attempt)));
    terminal_text(out, terminal_tint_of(answer), answer[0] != '\0' ? word_of(out, answer) : "-");
    print_aside(out, ctl_member(attempt, "reason"));
    if (device[0] != '\0') {
        terminal_print(out, TINT_DIM, out->french ? "  sur " : "  on ");
        terminal_text(out, TINT_DIM, device);
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

const char *escalation_view_task(const struct terminal *out, json_t *task)
{
    static const char *const french[][2] = {
        {"promise", "Rappeler l'appelant\u00a0: l'heure promise approche et personne n'a pris."},
        {"progress", "Demander des nouvelles de l'intervention\u00a0: le délai est passé."},
        {"cancel",
         "Prévenir qui s'en charge de l'annulation\u00a0: aucun téléphone ne l'a confirmée."},
        {"caller", "Rappeler l'appelant\u00a0: annulé alors que la promesse restait ouverte."},
        {"unaccepted", "Solliciter quelqu'un d'autre, ou de vive voix\u00a0: la personne demandée "
                       "n'a pas accepté."},
        {"short_handed",
         "Trouver du renfort\u00a0: moins d'acceptations que la procédure n'en veut."}};
    for (size_t i = 0; out->french && i < sizeof french / sizeof french[0]; i++) {
        if (strcmp(french[i][0], ctl_member(task, "kind")) == 0) {
            return french[i][1];
        }
    }
    return ctl_member(task, "text");
}

static void print_task(const struct terminal *out, json_t *task, struct wall_time now)
{
    terminal_print(out, TINT_PLAIN, "  ");
    print_time(out, ctl_member(task, "at"), now);
    terminal_print(out, TINT_PLAIN, " ");
    terminal_text(out, TINT_YELLOW, escalation_view_task(out, task));
    terminal_print(out, TINT_PLAIN, " (");
    terminal_text(out, TINT_PLAIN, word_of(out, ctl_member(task, "state")));
    terminal_print(out, TINT_PLAIN, ")\n");
}

/* titles: the line above the columns; NULL: none. */
static void print_list(const struct terminal *out, json_t *list, const char *title,
                       struct wall_time now, void (*titles)(const struct terminal *),
                       void (*print)(const struct terminal *, json_t *, struct wall_time))
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (i == 0) {
            terminal_print(out, TINT_DIM, "\n%s\n", title);
            if (titles != NULL) {
                titles(out);
            }
        }
        print(out, item, now);
    }
}

void escalation_view_entry(const struct terminal *out, json_t *entry, struct wall_time now)
{
    terminal_print(out, TINT_PLAIN, "  ");
    print_time(out, ctl_member(entry, "at"), now);
    terminal_print(out, TINT_PLAIN, " ");
    terminal_text(out, TINT_PLAIN, ctl_member(entry, "text"));
    const char *personal = ctl_member(entry, "personal");
    if (personal[0] != '\0') {
        terminal_print(out, TINT_PLAIN, " — ");
        terminal_text(out, TINT_BLUE, personal);
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

void escalation_view(const struct terminal *out, json_t *escalation, struct wall_time now)
{
    escalation_view_head(out, escalation, now);
    bool french = out->french;
    if (strcmp(ctl_member(escalation, "kind"), "check_in") != 0) { /* nobody called about it */
        print_list(out, json_object_get(escalation, "callers"), french ? "Appelants" : "Callers",
                   now, NULL, print_caller);
    }
    print_list(out, json_object_get(escalation, "tasks"), french ? "Centre d'appels" : "Desk", now,
               NULL, print_task);
    print_list(out, json_object_get(escalation, "attempts"), french ? "Tentatives" : "Attempts",
               now, print_attempt_titles, print_attempt);
    print_list(out, json_object_get(escalation, "timeline"), french ? "Journal" : "Timeline", now,
               NULL, escalation_view_entry);
}

#define LIST_SUMMARY_WIDTH_MIN 20

/* Which columns of the list there is room for; each width is that of the text without the space
 * after it, 0: left out. */
struct list_layout {
    int opened, id, customer, severity, state, holder;
    int summary; /* 0: as long as it is */
};

static struct list_layout list_layout_for(int columns)
{
    struct list_layout layout = {15, 36, 20, 8, 10, 16, 0};
    int *optional[] = {&layout.holder, &layout.opened, &layout.customer, &layout.severity};
    size_t dropped = 0;
    while (columns > 0) {
        int used = 0;
        const int widths[] = {layout.opened,   layout.id,    layout.customer,
                              layout.severity, layout.state, layout.holder};
        for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
            used += widths[i] > 0 ? widths[i] + 1 : 0;
        }
        layout.summary = columns - used - 1; /* a cut cell ends with a space */
        if (layout.summary >= LIST_SUMMARY_WIDTH_MIN ||
            dropped == sizeof optional / sizeof optional[0]) {
            break;
        }
        *optional[dropped++] = 0;
    }
    layout.summary = columns > 0 && layout.summary < 1 ? 1 : layout.summary;
    return layout;
}

static void print_cell(const struct terminal *out, enum tint tint, int width, const char *text)
{
    if (width > 0) {
        terminal_cell(out, tint, width, text);
    }
}

void escalation_view_titles(const struct terminal *out, int columns)
{
    const struct list_layout layout = list_layout_for(columns);
    print_cell(out, TINT_DIM, layout.opened, out->french ? "OUVERTE" : "OPENED");
    print_cell(out, TINT_DIM, layout.id, "ID");
    print_cell(out, TINT_DIM, layout.customer, out->french ? "CLIENT" : "CUSTOMER");
    print_cell(out, TINT_DIM, layout.severity, out->french ? "GRAVITÉ" : "SEVERITY");
    print_cell(out, TINT_DIM, layout.state, out->french ? "ÉTAT" : "STATE");
    print_cell(out, TINT_DIM, layout.holder, out->french ? "PAR" : "HOLDER");
    terminal_print(out, TINT_DIM, out->french ? "OBJET\n" : "SUMMARY\n");
}

/* The last column: cut like the others, but nothing is filled up behind it. */
static void print_last_cell(const struct terminal *out, int width, const char *text)
{
    if (width > 0 && (int)terminal_width(text) > width) {
        terminal_cell(out, TINT_PLAIN, width, text);
    } else {
        terminal_text(out, TINT_PLAIN, text);
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

void escalation_view_line(const struct terminal *out, json_t *escalation, int columns,
                          struct wall_time now)
{
    const struct list_layout layout = list_layout_for(columns);
    const char *severity = ctl_member(escalation, "severity");
    const char *state = ctl_member(escalation, "state");
    char opened[TERMINAL_TIME_BYTES_MAX];
    terminal_time(ctl_member(escalation, "opened_at"), now, opened);
    print_cell(out, TINT_DIM, layout.opened, opened);
    print_cell(out, TINT_DIM, layout.id, ctl_member(escalation, "id"));
    print_cell(out, TINT_PLAIN, layout.customer, ctl_member(escalation, "customer"));
    print_cell(out, terminal_tint_of(severity), layout.severity, word_of(out, severity));
    print_cell(out, terminal_tint_of(state), layout.state, word_of(out, state));
    print_cell(out, TINT_GREEN, layout.holder,
               ctl_member(json_object_get(escalation, "holder"), "name"));
    int left = layout.summary;
    if (json_is_true(json_object_get(escalation, "drill"))) { /* before anybody rushes off */
        int used = (int)terminal_width(drill_word(out)) + 1;
        terminal_print(out, TINT_YELLOW, "%s ", drill_word(out));
        left = left > used ? left - used : left > 0 ? 1 : 0;
    }
    print_last_cell(out, left, ctl_member(escalation, "summary"));
}
