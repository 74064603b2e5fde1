/* control_rules.h - reads what a control line says of a rule. */
#ifndef TESTS_SUPPORT_PROVIDER_CONTROL_RULES_H
#define TESTS_SUPPORT_PROVIDER_CONTROL_RULES_H

#include "gateway/base/json_reader.h"
#include "tests/support/provider/script.h"

#define CONTROL_COUNT_MAX    1000000000
#define CONTROL_DELAY_MS_MAX 3600000

/* Takes "behaviour" and all that goes with it; faults are the reader's. */
struct script_rule control_take_rule(struct json_reader *reader);

/* Takes "debug", GOAWAY's debug data; Shutdown as Apple writes it when it is not there. */
void control_take_debug(struct json_reader *reader, char debug_r[SCRIPT_TEXT_BYTES_MAX + 1]);

#endif
