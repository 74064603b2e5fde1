/* daemon.h - puts the rooms together, supervises them, takes them apart in order. */
#ifndef GATEWAY_DAEMON_DAEMON_H
#define GATEWAY_DAEMON_DAEMON_H

#include <stdbool.h>

#include "gateway/daemon/configuration.h"

/* Runs until SIGTERM or SIGINT; SIGHUP reads the credentials of `path` again. Returns when
 * everything is stopped. */
enum status daemon_run(const struct configuration *configuration, const char *path,
                       struct error *error) MUST_CHECK;

/* Everything that starting would find wrong, without opening the database or a port. */
enum status daemon_check(const struct configuration *configuration, struct error *error) MUST_CHECK;

/* Whether [push] is there, but no account to push with. */
bool daemon_pushes_nothing(const struct configuration *configuration);

/* Whether there is neither a push service nor telephony: good for a first look, not for a night. */
bool daemon_rings_nobody(const struct configuration *configuration);

#endif
