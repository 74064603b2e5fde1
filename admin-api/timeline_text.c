/* timeline_text.c - an English sentence for every kind of journal entry. The journal keeps facts
 * with numbers; names are looked up when it is read, so that erasing a person needs no rewriting.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-api/timeline_text_private.h"

static const char *member_text(const json_t *facts, const char *name)
{
    const char *text = json_string_value(json_object_get(facts, name));
    return text != NULL ? text : "";
}

static long long member_int(const json_t *facts, const char *name)
{
    return json_integer_value(json_object_get(facts, name));
}

static void name_somebody(const struct directory_customer *customer, const char *kind, long long id,
                          const char *name, const struct said_names *names,
                          char name_r[SAID_NAME_BYTES])
{
    name_r[0] = '\0';
    if (strcmp(kind, "operator") == 0) {
        (void)snprintf(name_r, SAID_NAME_BYTES, "%s%s",
                       name[0] != '\0' ? names->operator_of_name : names->desk, name);
    } else if (strcmp(kind, "callback") == 0) {
        (void)snprintf(name_r, SAID_NAME_BYTES, "%s", names->call_centre);
    } else if (strcmp(kind, "agent") == 0 || strcmp(kind, "contact") == 0) {
        const struct person_ref ref = {
            .kind = strcmp(kind, "agent") == 0 ? PERSON_AGENT : PERSON_CONTACT, .id = id};
        const struct directory_person *person = directory_person(customer, &ref);
        const char *unknown = ref.kind == PERSON_AGENT ? names->agent : names->contact;
        (void)snprintf(name_r, SAID_NAME_BYTES, "%s", person != NULL ? person->name : unknown);
    }
}

void said_init(struct said *said, const struct directory_customer *customer,
               const struct timeline_row *row, const struct said_names *names)
{
    json_t *facts = json_loads(row->facts != NULL ? row->facts : "{}", 0, NULL);
    *said = (struct said){
        .document = facts,
        .path = member_text(facts, "path"),
        .word = member_text(facts, "word"),
        .round = member_int(facts, "round"),
        .step = member_int(facts, "step"),
        .number = member_int(facts, "number"),
        .of = member_int(facts, "of"),
    };
    name_somebody(customer, member_text(facts, "person_kind"), member_int(facts, "person"),
                  member_text(facts, "name"), names, said->who);
    name_somebody(customer, member_text(facts, "other_kind"), member_int(facts, "other"), "", names,
                  said->other);
}

void said_fini(struct said *said)
{
    json_decref(said->document);
}

const char *said_whom(const struct said *said, const char *otherwise,
                      const char *const places[SAID_PLACES], char text_r[2 * SAID_NAME_BYTES])
{
    const char *who = said->who[0] != '\0' ? said->who : otherwise;
    bool further =
        strcmp(said->path, "call") == 0 && said->number > 1 && said->number < SAID_PLACES + 2;
    (void)snprintf(text_r, 2 * SAID_NAME_BYTES, "%s%s", who,
                   further ? places[said->number - 2] : "");
    return text_r;
}

const char *said_plain(const char *word, char text_r[SAID_WORD_BYTES])
{
    size_t i = 0;
    for (; word[i] != '\0' && i < SAID_WORD_BYTES - 1; i++) {
        text_r[i] = word[i];
        if (text_r[i] == '_') {
            text_r[i] = ' ';
        }
    }
    text_r[i] = '\0';
    return text_r;
}

void said_time(const struct said *said, char text_r[SAID_TIME_BYTES])
{
    char moment[RFC3339_BYTES_MAX];
    wall_time_format((struct wall_time){said->number}, moment);
    (void)snprintf(text_r, SAID_TIME_BYTES, "%.10s %.5s UTC", moment, moment + 11);
}

const char *said_sentence(const char *const (*pairs)[2], size_t count, const char *word)
{
    size_t i = 0;
    while (i + 1 < count && strcmp(pairs[i][0], word) != 0) {
        i++;
    }
    return pairs[i][1];
}

static const char *with_path(const char *path)
{
    return strcmp(path, "push") == 0       ? "by push"
           : strcmp(path, "call") == 0     ? "by telephone"
           : strcmp(path, "callback") == 0 ? "by callback"
           : strcmp(path, "app") == 0      ? "in the app"
           : strcmp(path, "desk") == 0     ? "told to the desk"
                                           : "";
}

static const char *means(const char *path)
{
    return strcmp(path, "push") == 0       ? "push to"
           : strcmp(path, "call") == 0     ? "call to"
           : strcmp(path, "callback") == 0 ? "message to"
                                           : "attempt for";
}

static const char *somebody(const struct said *said)
{
    return said->who[0] != '\0' ? said->who : "somebody";
}

/* In hours, minutes and seconds: "3600000 ms" says little. Answers as say_procedure(). */
static int say_clock(enum entry_kind kind, const struct said *said, char *text)
{
    long long moved_s = (llabs(said->number) + 500) / 1000;
    const size_t size = SENTENCE_BYTES_MAX;
    switch ((int)kind) {
    case ENTRY_CLOCK_STEPPED:
        return snprintf(text, size,
                        "The wall clock was set %s by %lld:%02lld:%02lld; no wait "
                        "follows it.",
                        said->number < 0 ? "back" : "forward", moved_s / 3600, moved_s / 60 % 60,
                        moved_s % 60);
    case ENTRY_CLOCK_SUSPENDED:
        return snprintf(text, size, "The machine was suspended for %lld:%02lld:%02lld.",
                        moved_s / 3600, moved_s / 60 % 60, moved_s % 60);
    default:
        return -1;
    }
}

/* Why something is escalated that was to wait, or to be put through. */
static const char *const releases[][2] = {
    {"opening", "The customer opens: escalated."},
    {"open", "The customer is open: escalated at once."},
    {"no_opening", "Nobody knows when the customer opens: escalated."},
    {"too_many_on_hold", "As many as can be are on hold: escalated at once."},
    {"nobody_to_dial", "There is nobody to put the call through to: escalated."},
    {"severity", "The severity rose: escalated."},
    {"joined", "What the next caller says does not wait: escalated."},
    {"desk", "Escalated before the customer opens, at the desk's wish."},
};

/* What is done instead of escalating. Answers as say_procedure(). */
static int say_action(enum entry_kind kind, const struct said *said, char *text)
{
    const size_t size = SENTENCE_BYTES_MAX;
    switch ((int)kind) {
    case ENTRY_ON_HOLD: {
        char at[SAID_TIME_BYTES];
        if (said->number == 0) {
            return snprintf(text, size, "Only a ticket: the promise to the caller is watched.");
        }
        said_time(said, at);
        return snprintf(text, size, "%s until the customer opens: %s.",
                        strcmp(said->word, "changed") == 0 ? "Now kept" : "Kept", at);
    }
    case ENTRY_RELEASED:
        return snprintf(text, size, "%s",
                        said_sentence(releases, sizeof releases / sizeof releases[0], said->word));
    case ENTRY_NOTED:
        return snprintf(text, size, "Only a ticket: nobody is told.");
    case ENTRY_FORWARDED:
        return snprintf(text, size, "The call is put through to %s.",
                        said->who[0] != '\0' ? said->who : "the emergency number");
    default:
        return -1;
    }
}

/* Why a shift that was taken up is asked for anew. */
static int say_asked_anew(const struct said *said, char *text)
{
    static const char *const reasons[][2] = {
        {"phone_died", "The phone with which %s had checked in is gone: asked for anew."},
        {"phone_silent", "The phone with which %s had checked in does not answer: asked for anew."},
        {"left_early", "%s checked out before the end of the shift: asked for anew."},
        {"", "%s is not there any more: the shift is asked for anew."},
    };
    const char *form = said_sentence(reasons, sizeof reasons / sizeof reasons[0], said->word);
    const char *name = strstr(form, "%s");
    return snprintf(text, SENTENCE_BYTES_MAX, "%.*s%s%s", (int)(name - form), form,
                    said->who[0] == '\0' && name == form ? "Somebody" : somebody(said), name + 2);
}

/* What is done beside a step. Answers as say_procedure(). */
static int say_beside(enum entry_kind kind, const struct said *said, char *text)
{
    const size_t size = SENTENCE_BYTES_MAX;
    bool paused = strcmp(said->word, "paused") == 0;
    switch ((int)kind) {
    case ENTRY_CALLED_TOO:
        return snprintf(text, size, "%s is called, too: %s.", somebody(said),
                        paused ? "paused, without a network for a while"
                               : "no phone of theirs was heard of lately");
    case ENTRY_BACKED_UP:
        return snprintf(text, size, "%s %s: the backup is asked as well.", somebody(said),
                        paused ? "is paused, without a network for a while"
                               : "is busy with another ticket");
    case ENTRY_ASKED_ANEW:
        return say_asked_anew(said, text);
    default:
        return -1;
    }
}

/* What happened to the procedure. Answers what snprintf() does; -1: another kind. */
static int say_procedure(enum entry_kind kind, const struct said *said, char *text)
{
    char word[SAID_WORD_BYTES];
    const size_t size = SENTENCE_BYTES_MAX;
    said_plain(said->word, word);
    switch ((int)kind) {
    case ENTRY_OPENED:
        return snprintf(text, size, "Escalation opened%s%s.", word[0] != '\0' ? ", severity " : "",
                        word);
    case ENTRY_QUALIFIED:
        return snprintf(text, size, "Rule %s decided (version %lld of the rules).", said->word,
                        said->number);
    case ENTRY_UNQUALIFIED:
        return snprintf(text, size,
                        "The rules (version %lld) could not decide: %s; the default procedure "
                        "begins.",
                        said->number, word);
    case ENTRY_OVERRIDDEN:
        return snprintf(text, size, "%s decided instead of the rules: %s%s.", somebody(said),
                        said->number == RULE_ESCALATE ? "procedure " : "", said->word);
    case ENTRY_JOINED:
        return snprintf(text, size, "Caller %lld joined the ticket.", said->number);
    case ENTRY_SPLIT:
        return snprintf(text, size, "Caller %lld was split off into an escalation of their own.",
                        said->number);
    case ENTRY_STEP_STARTED:
        return snprintf(text, size, "Round %lld, step %lld begins.", said->round, said->step);
    case ENTRY_PERSON_SKIPPED:
        return snprintf(text, size, "%s is skipped%s%s.", somebody(said),
                        word[0] != '\0' ? ": " : "", word);
    case ENTRY_STEP_ENDED:
        return snprintf(text, size, "Round %lld, step %lld ends%s%s.", said->round, said->step,
                        word[0] != '\0' ? ": " : "", word);
    case ENTRY_ROUND_ENDED:
        return snprintf(text, size, "Round %lld reached nobody.", said->round);
    case ENTRY_EXHAUSTED:
        if (said->number == 0) { /* the first time, not an announcement repeated */
            return snprintf(text, size, "The procedure is exhausted: nobody took it.");
        }
        return snprintf(text, size,
                        "The procedure is exhausted: nobody took it; announcement %lld.",
                        said->number);
    case ENTRY_LATE:
        return snprintf(text, size, "A deadline was met %lld ms late.", said->number);
    case ENTRY_RECOVERED:
        return snprintf(text, size, "The gateway restarted and goes on.");
    case ENTRY_QUARANTINED:
        return snprintf(text, size, "Set aside after repeated aborts; the call centre is told.");
    case ENTRY_TASK:
        return snprintf(text, size, "A task for the desk: %s.", word);
    case ENTRY_TASK_DONE:
        return snprintf(text, size, "%s did the desk's task.", somebody(said));
    case ENTRY_CALLED_BACK:
        return snprintf(text, size, "%s called caller %lld back.", somebody(said), said->number);
    default:
        return -1;
    }
}

static const char *taker(const char *path)
{
    return strcmp(path, "push") == 0   ? "the push service"
           : strcmp(path, "call") == 0 ? "the telephony layer"
                                       : "the call centre";
}

/* What became of one attempt. */
static int say_attempt(enum entry_kind kind, const struct said *said, char *text)
{
    char word[SAID_WORD_BYTES];
    const size_t size = SENTENCE_BYTES_MAX;
    static const char *const places[SAID_PLACES] = {" (second number)", " (third number)",
                                                    " (fourth number)"};
    char whom[2 * SAID_NAME_BYTES];
    const char *to = said_whom(said, "the call centre", places, whom);
    said_plain(said->word, word);
    switch ((int)kind) {
    case ENTRY_ATTEMPT_PLANNED:
        return snprintf(text, size, "A %s %s is on its way%s%s%s.", means(said->path), to,
                        word[0] != '\0' ? " (" : "", word, word[0] != '\0' ? ")" : "");
    case ENTRY_ATTEMPT_ACCEPTED:
        return snprintf(text, size, "The %s %s was accepted by %s.", means(said->path), to,
                        taker(said->path));
    case ENTRY_ATTEMPT_FAILED:
        return snprintf(text, size, "The %s %s failed%s%s.", means(said->path), to,
                        word[0] != '\0' ? ": " : "", word);
    case ENTRY_ATTEMPT_EXPIRED:
        return snprintf(text, size, "The %s %s came too late to be sent.", means(said->path), to);
    case ENTRY_ATTEMPT_UNCERTAIN:
        return snprintf(text, size, "It is not known whether the %s %s went out%s%s.",
                        means(said->path), to, word[0] != '\0' ? ": " : "", word);
    case ENTRY_ATTEMPT_DELAYED:
        return snprintf(text, size, "The %s %s is delayed%s%s: the next path is tried meanwhile.",
                        means(said->path), to, word[0] != '\0' ? ", " : "", word);
    case ENTRY_RECEIVED:
        return snprintf(text, size, "%s's device received it.", somebody(said));
    case ENTRY_SEEN:
        return snprintf(text, size, "%s saw it.", somebody(said));
    case ENTRY_CALL_PROGRESS:
        return snprintf(text, size, "The call to %s: %s.", to, word);
    default:
        return -1;
    }
}

static int say_progress(const struct said *said, char *text)
{
    const char *does = strcmp(said->word, "remote") == 0      ? "works on it remotely"
                       : strcmp(said->word, "on_my_way") == 0 ? "is on the way"
                       : strcmp(said->word, "on_site") == 0   ? "is on site"
                                                              : "is at it";
    if (said->number > 0) {
        return snprintf(text, SENTENCE_BYTES_MAX, "%s %s, expected in %lld minutes.",
                        somebody(said), does, (said->number + 59) / 60);
    }
    return snprintf(text, SENTENCE_BYTES_MAX, "%s %s.", somebody(said), does);
}

/* What a person did. */
static int say_verb(enum entry_kind kind, const struct said *said, char *text)
{
    char word[SAID_WORD_BYTES];
    const size_t size = SENTENCE_BYTES_MAX;
    const char *who = somebody(said), *how = with_path(said->path);
    const char *blank = how[0] != '\0' ? " " : "";
    said_plain(said->word, word);
    switch ((int)kind) {
    case ENTRY_ACCEPTED:
        return snprintf(text, size, "%s accepted%s%s.", who, blank, how);
    case ENTRY_DECLINED:
        return snprintf(text, size, "%s declined%s%s.", who, blank, how);
    case ENTRY_PROGRESS:
        return say_progress(said, text);
    case ENTRY_EXTENDED:
        return snprintf(text, size, "%s is still at it.", who);
    case ENTRY_OVERDUE:
        return snprintf(text, size, "%s shows no progress: called, and a task for the desk.", who);
    case ENTRY_HANDED_BACK:
        return snprintf(text, size, "%s handed it back; the procedure goes on.", who);
    case ENTRY_RESUMED:
        return snprintf(text, size, "The procedure goes on%s%s.", word[0] != '\0' ? ": " : "",
                        word);
    case ENTRY_TAKEN:
        return snprintf(text, size, "%s took it.", who);
    case ENTRY_DONE:
        return snprintf(text, size, "%s closed it: done.", who);
    case ENTRY_CANCELLED:
        return snprintf(text, size, "%s cancelled it.", who);
    case ENTRY_CANCEL_CONFIRMED:
        return snprintf(text, size, "The holder confirmed the cancellation.");
    case ENTRY_SEVERITY:
        return snprintf(text, size, "The severity is now %s.", word);
    case ENTRY_NOTE:
        return snprintf(text, size, "%s noted something.", who);
    case ENTRY_REFUSED_VERB:
        return snprintf(text, size, "%s was refused: %s.", who, word);
    default:
        return -1;
    }
}

void timeline_sentence(const struct directory_customer *customer, const struct timeline_row *row,
                       char sentence_r[SENTENCE_BYTES_MAX])
{
    static const struct said_names names = {"operator ", "the desk", "the call centre", "agent",
                                            "contact"};
    struct said said;
    said_init(&said, customer, row, &names);
    if (say_procedure(row->kind, &said, sentence_r) < 0 &&
        say_action(row->kind, &said, sentence_r) < 0 &&
        say_beside(row->kind, &said, sentence_r) < 0 &&
        say_attempt(row->kind, &said, sentence_r) < 0 &&
        say_verb(row->kind, &said, sentence_r) < 0 && say_clock(row->kind, &said, sentence_r) < 0 &&
        say_team(row->kind, &said, sentence_r) < 0) {
        (void)snprintf(sentence_r, SENTENCE_BYTES_MAX, "%s.", entry_kind_word(row->kind));
    }
    if (sentence_r[0] >= 'a' && sentence_r[0] <= 'z') {
        sentence_r[0] = (char)(sentence_r[0] - 'a' + 'A');
    }
    said_fini(&said);
}
