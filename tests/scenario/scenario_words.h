/* scenario_words.h - the words of a scenario's statements, for whoever reads and whoever writes
 * one. */
#ifndef TESTS_SCENARIO_SCENARIO_WORDS_H
#define TESTS_SCENARIO_SCENARIO_WORDS_H

#include "gateway/engine/command.h"
#include "tests/scenario/disk.h"

/* "accepts", "on_my_way"; AGENT_VERBS_COUNT for another word. */
const char *agent_statement_word(enum agent_verb verb);
enum agent_verb agent_statement_verb(const char *word);

/* "cancels", "called_back"; false for another word. */
const char *desk_statement_word(enum desk_verb verb);
bool desk_statement_verb(const char *word, enum desk_verb *verb_r);

/* What a death leaves on the disk: "all", "synced", "torn", "no_log"; false for another word. */
const char *disk_loss_word(enum disk_loss loss);
bool disk_loss_parse(const char *word, enum disk_loss *loss_r);

/* A call of the disk: "open", "read", "write", "sync", "truncate"; false for another word. The
 * error that SQLite would see. */
const char *disk_call_word(enum disk_call call);
bool disk_call_parse(const char *word, enum disk_call *call_r);
int disk_call_error(enum disk_call call);

#endif
