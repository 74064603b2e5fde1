/* language.h - which of the two languages a person at the terminal reads. */
#ifndef GATEWAY_CTL_LANGUAGE_H
#define GATEWAY_CTL_LANGUAGE_H

/* "fr" or "en" as the environment's locale says (POSIX: LC_ALL, then LC_MESSAGES, then LANG); NULL
 * when it says nothing, or "C". */
const char *language_of_environment(void);

#endif
