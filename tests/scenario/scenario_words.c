#include "tests/scenario/scenario_words.h"

#include <sqlite3.h>
#include <string.h>

static const char *const agent_words[AGENT_VERBS_COUNT] = {
    [VERB_RECEIVED] = "receives", [VERB_SEEN] = "sees",     [VERB_ACCEPT] = "accepts",
    [VERB_DECLINE] = "declines",  [VERB_REMOTE] = "remote", [VERB_ON_MY_WAY] = "on_my_way",
    [VERB_ON_SITE] = "on_site",   [VERB_DONE] = "done",     [VERB_HAND_BACK] = "hands_back",
    [VERB_JOIN] = "joins",        [VERB_LEAVE] = "leaves",  [VERB_HAND_OVER] = "hands_over"};

static const char *const desk_words[] = {
    [DESK_CANCEL] = "cancels",          [DESK_NOTE] = "notes",   [DESK_SEVERITY] = "raises",
    [DESK_RESUME] = "resumes",          [DESK_TAKE] = "takes",   [DESK_ON_BEHALF] = "reports",
    [DESK_CALLED_BACK] = "called_back", [DESK_SPLIT] = "splits", [DESK_DONE] = "done",
    [DESK_ASSIGN] = "assigns"};

static const char *const loss_words[] = {[DISK_KEEPS_ALL] = "all",
                                         [DISK_KEEPS_SYNCED] = "synced",
                                         [DISK_TEARS] = "torn",
                                         [DISK_FORGETS_LOG] = "no_log"};

static const char *const call_words[DISK_CALLS_COUNT] = {[DISK_OPEN] = "open",
                                                         [DISK_READ] = "read",
                                                         [DISK_WRITE] = "write",
                                                         [DISK_SYNC] = "sync",
                                                         [DISK_TRUNCATE] = "truncate"};

/* The word's place, or count. */
static size_t find(const char *const *words, size_t count, const char *word)
{
    size_t i = 0;
    while (i < count && strcmp(words[i], word) != 0) {
        i++;
    }
    return i;
}

const char *agent_statement_word(enum agent_verb verb)
{
    return agent_words[verb];
}

enum agent_verb agent_statement_verb(const char *word)
{
    return (enum agent_verb)find(agent_words, AGENT_VERBS_COUNT, word);
}

const char *desk_statement_word(enum desk_verb verb)
{
    return desk_words[verb];
}

bool desk_statement_verb(const char *word, enum desk_verb *verb_r)
{
    size_t found = find(desk_words, sizeof desk_words / sizeof desk_words[0], word);
    *verb_r = (enum desk_verb)found;
    return found < sizeof desk_words / sizeof desk_words[0];
}

const char *disk_loss_word(enum disk_loss loss)
{
    return loss_words[loss];
}

bool disk_loss_parse(const char *word, enum disk_loss *loss_r)
{
    size_t found = find(loss_words, sizeof loss_words / sizeof loss_words[0], word);
    *loss_r = (enum disk_loss)found;
    return found < sizeof loss_words / sizeof loss_words[0];
}

const char *disk_call_word(enum disk_call call)
{
    return call_words[call];
}

bool disk_call_parse(const char *word, enum disk_call *call_r)
{
    size_t found = find(call_words, DISK_CALLS_COUNT, word);
    *call_r = (enum disk_call)found;
    return found < DISK_CALLS_COUNT;
}

int disk_call_error(enum disk_call call)
{
    static const int errors[DISK_CALLS_COUNT] = {[DISK_OPEN] = SQLITE_CANTOPEN,
                                                 [DISK_READ] = SQLITE_IOERR_READ,
                                                 [DISK_WRITE] = SQLITE_IOERR_WRITE,
                                                 [DISK_SYNC] = SQLITE_IOERR_FSYNC,
                                                 [DISK_TRUNCATE] = SQLITE_IOERR_TRUNCATE};
    return errors[call];
}
