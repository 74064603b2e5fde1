/* grammar.h - which statements there are, and how each reads. A line that reads like none of them
 * is wrong, and told what it could have been. What an order of lines means is check.c's.
 */
#ifndef TESTS_SCENARIO_GRAMMAR_H
#define TESTS_SCENARIO_GRAMMAR_H

#include <stdbool.h>
#include <stdio.h>

#include "tests/scenario/script.h"
#include "tests/scenario/word_types.h"

#define GROUPS_MAX 16

/* Where a statement may stand, and what it needs. */
enum statement_place {
    IN_PLAIN = 1u << 0,         /* in a night where the world answers by itself */
    IN_WATCHED = 1u << 1,       /* in a night that the simulator wrote down */
    TIMED = 1u << 2,            /* "at 0:05" may stand in front */
    NEEDS_ESCALATION = 1u << 3, /* speaks of one */
    EXPECTS = 1u << 4,          /* stands behind "expect" */
};

struct statement {
    unsigned place;
    /* Small words stand for themselves, "a|b" is one of both, words in capitals are types
     * (word_types.c). [groups] may be left out, and come in any order until a "/"; [these]* also
     * several times; and of [these]+ one must come. */
    const char *form;
};

/* A group that is there: "by push call" has one that begins with "push". */
struct group {
    const char *name;
    size_t name_bytes;
    int index; /* of its first word */
};

/* How a line was understood. */
struct reading {
    const struct statement *statement;
    struct group groups[GROUPS_MAX];
    size_t groups_count;
    /* the words that bring in a name */
    unsigned declared_kinds[WORDS_MAX]; /* by the word's index; 0: none */
};

/* Reads the words from `first` on as a statement, or, when `expects`, as an expectation. False: a
 * complaint was written, and below it the form that was meant, when that is known. */
bool grammar_read(const struct words *words, int first, bool expects, bool watched,
                  const struct names *names, struct reading *reading_r, FILE *complaint);

/* The index of the word behind the group that begins with this word, as the line was understood;
 * -1: it was left out. */
int reading_option(const struct reading *reading, const char *name);

/* Whether a form has this word. */
bool grammar_has_word(const char *word);

/* Every form, one a line. */
void grammar_list(FILE *out);

#endif
