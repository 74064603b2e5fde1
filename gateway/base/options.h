/* options.h - options of a command line, each by its whole name.
 *
 * getopt_long() takes any beginning of a name that fits one option only: a slip starts a daemon,
 * and a script breaks when a later version has a second option that begins so.
 */
#ifndef GATEWAY_BASE_OPTIONS_H
#define GATEWAY_BASE_OPTIONS_H

#include <getopt.h>

/* As getopt_long(3), and with its state (optarg, optind), but an abbreviated name is refused: '?',
 * once standard error has said which option may be meant. index_r: of the long option in options;
 * untouched when it was a letter; may be NULL. One thread, as getopt_long(). */
int options_next(int argc, char **argv, const char *letters, const struct option *options,
                 int *index_r);

#endif
