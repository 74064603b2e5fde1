/* arguments.h - reads a command line against the tables of commands.h. Knows no command itself.
 *
 * Options may stand anywhere, as `--name value` or `--name=value`; `--` ends them.
 */
#ifndef GATEWAY_CTL_ARGUMENTS_H
#define GATEWAY_CTL_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/status.h"
#include "gateway/ctl/exit_code.h"

#define ARGUMENTS_POSITIONAL_MAX 4
#define ARGUMENTS_OPTIONS_MAX    12

/* One option; a table ends with a NULL name. */
struct option_spec {
    const char *name;  /* "--customer" */
    const char *value; /* what the value is called in the help, NULL: a flag without one */
    const char *help;
};

struct ctl;
struct arguments;

/* One command; a table ends with a NULL name. */
struct command {
    const char *name;                  /* one word, or two: "key create" */
    const char *synopsis;              /* what follows the name in the help */
    const char *summary;               /* one line */
    const char *help;                  /* paragraphs; what it prints, what it is for */
    const struct option_spec *options; /* its own; NULL: none */
    size_t positional_min;
    size_t positional_max;
    enum ctl_exit (*run)(struct ctl *ctl, const struct arguments *arguments);
    const char *example; /* a command line to copy */
};

/* What was read. Texts point into argv. */
struct arguments {
    const struct command *command; /* NULL: none named */
    const char *group;             /* "key" alone, the first word of several commands; else NULL */
    const char *positional[ARGUMENTS_POSITIONAL_MAX];
    size_t positional_count;
    const struct option_spec *globals;
    const char *global_values[ARGUMENTS_OPTIONS_MAX];
    const char *values[ARGUMENTS_OPTIONS_MAX];
};

/* Reads argv[1…] against the tables. A flag's value is "yes". A command's first word alone is read
 * as its group when nothing but options follows. With --help among the arguments the
 * number of positional ones is not checked. STATUS_INVALID with what is wrong. */
enum status arguments_parse(int argc, const char *const *argv, const struct command *commands,
                            const struct option_spec *globals, struct arguments *arguments_r,
                            struct error *error) MUST_CHECK;

/* The value of one of the command's own options or of a global one, NULL when it was not given.
 * Asking for an option that no table has is a bug. */
const char *arguments_option(const struct arguments *arguments, const char *name);

#endif
