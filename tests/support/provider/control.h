/* control.h - the Unix socket through which a test scripts the providers.
 *
 * JSON lines in, one JSON line out for each: {"ok":true,…} or {"ok":false,"error":"…"}. What a line
 * asked for is in force when its answer is read. `provider-simulator --help` lists the commands.
 */
#ifndef TESTS_SUPPORT_PROVIDER_CONTROL_H
#define TESTS_SUPPORT_PROVIDER_CONTROL_H

#include "tests/support/provider/simulator.h"

#define CONTROL_LINE_BYTES_MAX  65536
#define CONTROL_CONNECTIONS_MAX 16

/* Listens on the path, replacing a stale socket there. simulator is borrowed. */
enum status control_create(struct simulator *simulator, const char *path,
                           struct control **control_r, struct error *error) MUST_CHECK;

/* Closes everything and removes the socket. */
void control_destroy(struct control **control);

/* Does what one line says. *statistics_r: the answer has to hold the counters. */
enum status control_command(struct simulator *simulator, const char *line, size_t bytes,
                            bool *statistics_r, struct error *error) MUST_CHECK;

/* Obeys one line and writes its answer with a terminator; answer_r holds CONTROL_ANSWER_BYTES. */
#define CONTROL_ANSWER_BYTES 8192
void control_obey(struct simulator *simulator, const char *line, size_t bytes,
                  char answer_r[CONTROL_ANSWER_BYTES]);

#endif
