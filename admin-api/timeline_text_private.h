/* timeline_text_private.h - the facts of a journal entry, ready to be said in a language. */
#ifndef ADMIN_API_TIMELINE_TEXT_PRIVATE_H
#define ADMIN_API_TIMELINE_TEXT_PRIVATE_H

#include <jansson.h>

#include "admin-api/view.h"

#define SAID_NAME_BYTES 160
#define SAID_WORD_BYTES 64
#define SAID_TIME_BYTES 32

/* What those are called who have no name of their own. */
struct said_names {
    const char *operator_of_name; /* before the name */
    const char *desk;
    const char *call_centre;
    const char *agent;
    const char *contact;
};

struct said {
    json_t *document;            /* what the texts below live in */
    char who[SAID_NAME_BYTES];   /* "Paul Durand", "operator Léa", or "" */
    char other[SAID_NAME_BYTES]; /* whom they asked, or took over from; or "" */
    const char *path;            /* "push", "call", … or "" */
    const char *word;            /* or "" */
    long long round;             /* 0: none */
    long long step;
    long long number;
    long long of;
};

/* Facts that do not parse say nothing. Ended by said_fini(). */
void said_init(struct said *said, const struct directory_customer *customer,
               const struct timeline_row *row, const struct said_names *names);
void said_fini(struct said *said);

/* Whom an attempt went to: the person, with the place of the number that is called, from the second
 * on (places: the words for it, the first being the second's); otherwise: who is meant without one.
 * SAID_PLACES words. */
#define SAID_PLACES 3
const char *said_whom(const struct said *said, const char *otherwise,
                      const char *const places[SAID_PLACES], char text_r[2 * SAID_NAME_BYTES]);

/* The word with blanks for "_". */
const char *said_plain(const char *word, char text_r[SAID_WORD_BYTES]);

/* The number as a moment: "2026-12-07 07:00 UTC". */
void said_time(const struct said *said, char text_r[SAID_TIME_BYTES]);

/* The sentence for a word, of pairs; the last pair is for all others. */
const char *said_sentence(const char *const (*pairs)[2], size_t count, const char *word);

/* "à Paul Durand", "au centre d'appels": French contracts "à le". */
#define SAID_TO_BYTES (2 * SAID_NAME_BYTES + 8)
void said_to_in_french(const char *name, char text_r[SAID_TO_BYTES]);

/* A verb that was refused (timeline_text_team.c); NULL: it is not known. */
const char *said_verb_in_french(const char *word);

/* Members and offers (timeline_text_team.c). Answers what snprintf() does; -1: another kind. */
int say_team(enum entry_kind kind, const struct said *said, char *text);
int say_team_in_french(enum entry_kind kind, const struct said *said, char *text);

#endif
