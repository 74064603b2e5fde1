/* lifecycle.h - a simulator from its settings to its end. */
#ifndef TESTS_SUPPORT_PROVIDER_LIFECYCLE_H
#define TESTS_SUPPORT_PROVIDER_LIFECYCLE_H

#include "tests/support/provider/simulator.h"

/* Makes the identity, binds the ports, writes the ready file, serves until SIGTERM or SIGINT, and
 * removes the ready file and the control socket. The settings are borrowed. error says what went
 * wrong. Blocks the two signals in the calling thread. */
enum status simulator_serve(const struct simulator_settings *settings,
                            struct error *error) MUST_CHECK;

#endif
