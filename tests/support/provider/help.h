/* help.h - the manual of provider-simulator. */
#ifndef TESTS_SUPPORT_PROVIDER_HELP_H
#define TESTS_SUPPORT_PROVIDER_HELP_H

#include <stdbool.h>
#include <stdio.h>

/* false: the file cannot be written. */
bool help_print(FILE *file);

#endif
