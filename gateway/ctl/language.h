/* language.h - which of the two languages a person at the terminal reads, and the API's words in
 * it.
 */
#ifndef GATEWAY_CTL_LANGUAGE_H
#define GATEWAY_CTL_LANGUAGE_H

#include <stdbool.h>

#include "gateway/ctl/ctl.h"

/* "fr" or "en" as the environment's locale says (POSIX: LC_ALL, then LC_MESSAGES, then LANG); NULL
 * when it says nothing, or "C". */
const char *language_of_environment(void);

/* The command's --language, else the environment's, else `otherwise` ("fr" or "en"). Dates are
 * written in it from then on. False: --language is neither, which was told. */
bool language_take(struct ctl *ctl, const struct arguments *arguments, const char *otherwise,
                   bool *french_r);

/* A word of the API (a state, a severity, a path, an answer) as it is said in French, without
 * blanks around it; the word itself when it is not known, or French is not asked for. */
const char *language_word(const char *word, bool french);

/* What an escalation does next ("next round, step 1: push to claire") in French, where French is
 * asked for; unknown words stay as they are. Lives in `what`, in text_r or for ever. */
#define LANGUAGE_NEXT_BYTES_MAX 512
const char *language_next(const char *what, bool french, char text_r[LANGUAGE_NEXT_BYTES_MAX]);

#endif
