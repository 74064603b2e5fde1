/* script.h - a scenario file as lines and words, before anybody asks what they mean. */
#ifndef TESTS_SCENARIO_SCRIPT_H
#define TESTS_SCENARIO_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_MAX      32
#define LINE_BYTES_MAX 1024

/* A line taken apart; "quoted text" and 'quoted text' are one word. */
struct words {
    char text[LINE_BYTES_MAX];
    const char *word[WORDS_MAX];
    bool quoted[WORDS_MAX];
    int count;
};

struct script {
    const char *path;
    char *text;         /* lines end in NUL */
    const char **lines; /* the first one is line 1 */
    size_t count;
};

/* Reads a whole file; free it with script_free(). False: told on stderr, nothing to free. */
bool script_read(const char *path, struct script *script_r);
void script_free(struct script *script);

/* Takes a line apart; a comment and an empty line have no words. NULL, or what is wrong with the
 * line, until the next call. */
const char *words_split(struct words *words_r, const char *line);

/* The word at an index, "" beyond the end. */
const char *words_at(const struct words *words, int index);

/* Whether the word at an index is this one, without quotes. */
bool words_are(const struct words *words, int index, const char *word);

/* A night is over long before; more is a slip, and would be lived for hours. */
#define TIME_MS_MAX (INT64_C(365) * 24 * 60 * 60 * 1000)
#define A_TIME      "a time such as 1:20, 1:20.5 or 90s"
#define TIME_SAID   A_TIME ", a year at most"

/* "M:SS", "M:SS.mmm", "90s" or "0.5s" in milliseconds; false for anything else. */
bool parse_time(const char *text, long long *ms_r);

#endif
