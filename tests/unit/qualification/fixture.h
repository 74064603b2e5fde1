/* fixture.h - rules from JSON, and what a call says. */
#ifndef TESTS_UNIT_QUALIFICATION_FIXTURE_H
#define TESTS_UNIT_QUALIFICATION_FIXTURE_H

#include "gateway/qualification/rules.h"

/* cmocka's setup and teardown: an arena as the state. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Fails the test when it cannot be read. */
struct rules *fixture_parse(struct arena *arena, const char *json);

/* A rule set of one rule with this "when". */
#define RULE_WHEN(when) "{\"rules\":[{\"name\":\"r\",\"when\":" when "," ESCALATE "}]}"
#define ESCALATE        "\"then\":{\"action\":\"escalate\"}"

#endif
