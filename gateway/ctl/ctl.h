/* ctl.h - what every command of astreintectl is given, and what it answers.
 *
 * The command line talks to the daemon over HTTP and never opens its database. A command is one
 * function of one shared signature; commands.c lists them all. What is to be piped goes to
 * ctl->out, what is to be read by a person about the run (errors, notes) to ctl->err.
 */
#ifndef GATEWAY_CTL_CTL_H
#define GATEWAY_CTL_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "gateway/base/arena.h"
#include "gateway/base/clock.h"
#include "gateway/base/random.h"
#include "gateway/ctl/arguments.h"
#include "gateway/ctl/client.h"
#include "gateway/ctl/exit_code.h"

/* Everything a command may use. Lives as long as the process; one thread. */
struct ctl {
    const char *url;      /* never NULL */
    const char *key_file; /* NULL: none given */
    const char *ca_file;  /* NULL: the system's */
    bool colour;
    FILE *out;
    FILE *err;
    const struct clock_source *clock;
    const struct random_source *random;
    struct arena *arena;   /* for what lives as long as the command */
    struct client *client; /* made by the first call; NULL before */
    char refused_as[64];   /* problem_slug() of the last refusal, "" before */
};

/* Reads the command line, runs the command it names and answers the exit code. ctl comes with
 * out, err, clock, random and arena; the rest is filled in here. */
enum ctl_exit ctl_run(struct ctl *ctl, int argc, const char *const *argv);

/* Says "astreintectl: …" on ctl->err and answers code. */
enum ctl_exit ctl_fail(struct ctl *ctl, enum ctl_exit code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A path from its segments, each percent-encoded; the list ends with NULL. Lives in ctl->arena. */
const char *ctl_path(struct ctl *ctl, ...) __attribute__((sentinel));

/* path with ?name=value&…; pairs whose value is NULL are left out, the list ends with a NULL name.
 * Lives in ctl->arena. */
const char *ctl_query(struct ctl *ctl, const char *path, ...);

/* Makes the client when there is none yet. needs_key: refuse to go on without a key file. */
enum ctl_exit ctl_connect(struct ctl *ctl, bool needs_key);

/* Sends one request with the key. CTL_OK: a 2xx, *response_r is filled and the caller ends it with
 * client_response_fini(). Otherwise the reason was told on ctl->err and *response_r is empty. */
enum ctl_exit ctl_call(struct ctl *ctl, const struct client_request *request,
                       struct client_response *response_r);

/* As ctl_call() with a JSON body, which it takes over (also on failure); NULL: no body. */
enum ctl_exit ctl_call_json(struct ctl *ctl, const char *method, const char *path, json_t *body,
                            struct client_response *response_r);

/* Reads a whole file ("-": standard input) of at most bytes_max; the text lives in ctl->arena. */
enum ctl_exit ctl_read_file(struct ctl *ctl, const char *name, size_t bytes_max,
                            const char **text_r, size_t *bytes_r);

/* Prints a JSON value indented (or, compact, in one line) and a newline on ctl->out. */
void ctl_print_json(struct ctl *ctl, json_t *json, bool compact);

/* The member's text, or "" when it is absent, null or not a text; object may be NULL. */
const char *ctl_member(json_t *object, const char *name);

#endif
