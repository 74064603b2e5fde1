/* word_types.h - what a word of a statement may be: a name of somebody who is there, one of a few
 * words, a number, a time. The forms of grammar.c name them in capitals. */
#ifndef TESTS_SCENARIO_WORD_TYPES_H
#define TESTS_SCENARIO_WORD_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tests/scenario/script.h"

enum name_kind {
    NAME_CUSTOMER = 1u << 0,
    NAME_AGENT = 1u << 1,
    NAME_CONTACT = 1u << 2,
    NAME_ROTA = 1u << 3,
    NAME_PROCEDURE = 1u << 4,
    NAME_CALLBACK = 1u << 5,
    NAME_ESCALATION = 1u << 6,
    NAME_HOLDER = 1u << 7, /* an operator, or nobody */
};

struct name {
    enum name_kind kind;
    size_t customer; /* whose it is; 0: everybody's */
    char text[LINE_BYTES_MAX];
};

/* Who and what the lines so far have named. */
struct names {
    struct name *list;
    size_t count;
    size_t customer; /* who is spoken of, from 1 on; 0: nobody yet */
};

void names_begin(struct names *names);
void names_end(struct names *names);
/* Whether the customer who is spoken of has such a name, of one of these kinds. */
bool names_have(const struct names *names, unsigned kinds, const char *text);
/* Adds it, unless it is there. */
void names_add(struct names *names, enum name_kind kind, const char *text);
/* The place among all customers, from 1 on; 0: there is none of this name. */
size_t names_customer(const struct names *names, const char *text);

struct word_type;

/* By the name that stands in forms; never NULL for one of grammar.c. */
const struct word_type *word_type_find(const char *name, size_t length);
bool word_type_fits(const struct word_type *type, const struct names *names, const char *word,
                    bool quoted);
/* The kind of the name that such a word brings in; 0: none. */
unsigned word_type_declares(const struct word_type *type);
/* "an agent (paul, marie)". */
void word_type_say(const struct word_type *type, const struct names *names, FILE *out);
/* One word after the other that would fit; NULL behind the last, or when they cannot be counted. */
const char *word_type_nth(const struct word_type *type, const struct names *names, size_t index);

#endif
