/* test_targets.c - who a step means: by rota, by name, and by both at once. */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

/* Whom the alerts went to, in their order: "jean paul". */
static const char *told(const struct house *house, char *names, size_t bytes)
{
    size_t used = 0;
    names[0] = '\0';
    for (size_t i = 0; i < house->sent_count; i++) {
        const struct sent *sent = &house->sent[i];
        if (sent->purpose == PURPOSE_ALERT && used < bytes) {
            used += (size_t)snprintf(names + used, bytes - used, "%s%s", used > 0 ? " " : "",
                                     sent->person);
        }
    }
    return names;
}

static void escalate_to(struct house *house, const char *targets)
{
    char definition[512];
    (void)snprintf(definition, sizeof definition,
                   "{\"steps\":[{\"notify\":[%s],\"by\":[\"push\"],\"accepted_within_s\":60}],"
                   "\"exhausted\":[{\"callback\":\"call-centre\"}]}",
                   targets);
    put_procedure(house, "these", definition);
    set_default_procedure(house, "these");
    (void)house_escalate(house, SEVERITY_CRITICAL);
}

/* Jean is on call, and named besides: one person, one telephone that rings once. */
static void test_targets__somebody_meant_twice_is_told_once(void **state)
{
    struct house *house = *state;
    char names[64];
    escalate_to(house, "{\"on_call\":\"duty\"},{\"agent\":\"jean\"}");
    assert_string_equal(told(house, names, sizeof names), "jean");
}

static void test_targets__somebody_else_between_the_two_is_told_too(void **state)
{
    struct house *house = *state;
    char names[64];
    escalate_to(house, "{\"agent\":\"jean\"},{\"agent\":\"paul\"},{\"on_call\":\"duty\"}");
    assert_string_equal(told(house, names, sizeof names), "jean paul");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_targets__somebody_meant_twice_is_told_once),
        HOUSE_TEST(test_targets__somebody_else_between_the_two_is_told_too),
    };
    return cmocka_run_group_tests_name("engine.targets", tests, NULL, NULL);
}
