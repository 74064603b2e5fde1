/* control.h - the Unix socket through which a test scripts the providers.
 *
 * JSON lines in, one JSON line out for each: {"ok":true,…} or {"ok":false,"error":"…"}. What a line
 * asked for is in force when its answer is read. `provider-simulator --help` lists the commands.
 */
#ifndef TESTS_SUPPORT_PROVIDER_CONTROL_H
#define TESTS_SUPPORT_PROVIDER_CONTROL_H

#include "gateway/base/json_reader.h"
#include "tests/support/provider/device_keys.h"
#include "tests/support/provider/simulator.h"

#define CONTROL_LINE_BYTES_MAX  65536
#define CONTROL_CONNECTIONS_MAX 16

/* Listens on the path, replacing a stale socket there. simulator is borrowed. */
enum status control_create(struct simulator *simulator, const char *path,
                           struct control **control_r, struct error *error) MUST_CHECK;

/* Closes everything and removes the socket. */
void control_destroy(struct control **control);

/* What the answer holds beside "ok". */
struct control_reply {
    bool statistics;
    char endpoint[160]; /* of a new subscription; empty: none was asked for */
    bool device_key;    /* the two texts are there */
    struct device_key_texts keys;
};

/* Does what one line says. */
enum status control_command(struct simulator *simulator, const char *line, size_t bytes,
                            struct control_reply *reply_r, struct error *error) MUST_CHECK;

/* The commands that concern a provider's server; false when the line has none of them. Faults are
 * the reader's. */
bool control_server_command(struct simulator *simulator, struct json_reader *reader,
                            enum provider provider);

/* Everything as it was when the servers were started, but for what is logged, counted and open. */
enum status control_reset(struct simulator *simulator, struct error *error) MUST_CHECK;

/* Obeys one line and writes its answer with a terminator; answer_r holds CONTROL_ANSWER_BYTES. */
#define CONTROL_ANSWER_BYTES 16384
void control_obey(struct simulator *simulator, const char *line, size_t bytes,
                  char answer_r[CONTROL_ANSWER_BYTES]);

#endif
