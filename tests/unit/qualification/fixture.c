#include "tests/unit/qualification/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

int fixture_setup(void **state)
{
    *state = arena_create(0);
    return *state == NULL;
}

int fixture_teardown(void **state)
{
    struct arena *arena = *state;
    arena_destroy(&arena);
    return 0;
}

struct rules *fixture_parse(struct arena *arena, const char *json)
{
    struct rules *rules = NULL;
    struct error error = {.text = ""};
    if (rules_parse(json, strlen(json), arena, &rules, &error) != STATUS_OK) {
        fail_msg("%s at %s in %s", error.text, error.pointer, json);
    }
    return rules;
}
