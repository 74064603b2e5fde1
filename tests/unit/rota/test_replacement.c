/* A replacement that is written into a rota's JSON form. Times are UTC; the zone is, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/rota/fixture.h"

#define LAYERS                                                                                     \
    "\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2026-01-01\","                                \
    "\"hand_over\":{\"time\":\"00:00\"},\"participants\":[\"paul\",\"marie\"]}]"

static const char *add(struct fixture *fixture, const char *json, enum status expected)
{
    struct error error = {.text = ""};
    const char *text = NULL;
    assert_int_equal(rota_add_replacement(json, strlen(json), moment("2026-01-01T10:00:00Z"),
                                          moment("2026-01-02T00:00:00Z"), "lea", fixture->arena,
                                          &text, &error),
                     expected);
    assert_int_equal(text != NULL, expected == STATUS_OK);
    return text;
}

static void replacement__takes_over(void **state)
{
    static const char *const forms[] = {"{" LAYERS "}", "{" LAYERS ",\"overrides\":null}",
                                        "{" LAYERS ",\"overrides\":[]}"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        compile(*state, add(*state, forms[i], STATUS_OK), "UTC", "2026-01-01T00:00:00Z",
                "2026-01-03T00:00:00Z");
        assert_intervals(*state, "2026-01-01T00:00:00Z 2026-01-01T10:00:00Z paul\n"
                                 "2026-01-01T10:00:00Z 2026-01-02T00:00:00Z lea\n"
                                 "2026-01-02T00:00:00Z 2026-01-03T00:00:00Z marie\n");
    }
}

/* Of two at the same time the later has the last word, and the earlier stays written. */
static void replacement__comes_behind_the_others(void **state)
{
    const char *text = add(*state,
                           "{" LAYERS ",\"overrides\":[{\"from\":\"2026-01-01T08:00:00Z\","
                           "\"to\":\"2026-01-01T12:00:00Z\",\"agent\":\"jean\"}]}",
                           STATUS_OK);
    assert_non_null(strstr(text, "jean"));
    compile(*state, text, "UTC", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    assert_intervals(*state, "2026-01-01T00:00:00Z 2026-01-01T08:00:00Z paul\n"
                             "2026-01-01T08:00:00Z 2026-01-01T10:00:00Z jean\n"
                             "2026-01-01T10:00:00Z 2026-01-02T00:00:00Z lea\n");
}

static void replacement__needs_a_rota_with_room(void **state)
{
    static const char override[] = "{\"from\":\"2026-01-01T08:00:00Z\","
                                   "\"to\":\"2026-01-01T12:00:00Z\",\"agent\":\"jean\"}";
    char *full = calloc(1, sizeof LAYERS + (ROTA_OVERRIDES_MAX + 1) * (sizeof override + 1) + 64);
    assert_non_null(full);
    static const char begin[] = "{" LAYERS ",\"overrides\":[";
    size_t used = sizeof begin - 1;
    memcpy(full, begin, used);
    for (int i = 0; i < ROTA_OVERRIDES_MAX; i++) {
        full[used] = ',';
        used += i > 0;
        memcpy(full + used, override, sizeof override);
        used += sizeof override - 1;
    }
    memcpy(full + used, "]}", 3);
    (void)add(*state, full, STATUS_TOO_LARGE);
    free(full);
    (void)add(*state, "{}", STATUS_INVALID);
    (void)add(*state, "", STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replacement__takes_over, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(replacement__comes_behind_the_others, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(replacement__needs_a_rota_with_room, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
