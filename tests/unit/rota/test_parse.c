/* What a rota's JSON may say, and where each fault is said to be. */
#include "tests/unit/rota/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define GOOD                                                                                       \
    "{\"layers\":[{\"turn\":\"weekly\",\"turn_length\":2,\"starts_on\":\"2026-01-05\","            \
    "\"hand_over\":{\"weekday\":\"tuesday\",\"time\":\"09:30:15\"},"                               \
    "\"participants\":[\"paul\",\"marie\"],\"restrictions\":[{\"from\":{\"weekday\":\"friday\","   \
    "\"time\":\"18:00\"},\"to\":{\"weekday\":\"monday\",\"time\":\"08:00\"}}]}],"                  \
    "\"overrides\":[{\"from\":\"2026-05-01T00:00:00Z\",\"to\":\"2026-05-02T00:00:00Z\","           \
    "\"agent\":\"lea\"}]}"

static void parse__reads_every_member(void **state)
{
    const struct rota *rota = parse(*state, GOOD);
    const struct rota_layer *layer = &rota->layers[0];
    assert_int_equal(rota->layers_count, 1);
    assert_int_equal(layer->turn, ROTA_WEEKLY);
    assert_int_equal(layer->turn_length, 2);
    assert_int_equal(layer->starts_on_days, 20458);
    assert_int_equal(layer->hand_over_weekday, 2);
    assert_int_equal(layer->hand_over.seconds, 9 * 3600 + 30 * 60 + 15);
    assert_int_equal(layer->participants_count, 2);
    assert_string_equal(layer->participants[1], "marie");
    assert_int_equal(layer->restrictions_count, 1);
    assert_int_equal(layer->restrictions[0].from_weekday, 5);
    assert_int_equal(layer->restrictions[0].to.seconds, 8 * 3600);
    assert_int_equal(rota->overrides_count, 1);
    assert_string_equal(rota->overrides[0].agent, "lea");
    assert_int_equal(rota->overrides[0].to.ms - rota->overrides[0].from.ms, 86400000);
}

/* A planning that was imported has no turns of its own. */
static void parse__layers_may_be_empty_beside_overrides(void **state)
{
    struct fixture *fixture = *state;
    const struct rota *rota =
        parse(fixture, "{\"layers\":[],\"overrides\":[{\"from\":\"2026-05-01T00:00:00Z\","
                       "\"to\":\"2026-05-02T00:00:00Z\",\"agent\":\"lea\"}]}");
    assert_int_equal(rota->layers_count, 0);
    assert_int_equal(rota->overrides_count, 1);
    static const char *const empty[] = {"{\"layers\":[]}", "{\"layers\":[],\"overrides\":[]}"};
    for (size_t i = 0; i < 2; i++) {
        struct rota *none = NULL;
        assert_int_equal(
            rota_parse(empty[i], strlen(empty[i]), fixture->arena, &none, &fixture->error),
            STATUS_INVALID);
        assert_null(none);
        assert_string_equal(fixture->error.pointer, "/layers");
    }
}

#define CUSTOM                                                                                     \
    "{\"layers\":[{\"turn\":\"custom\",\"recurrence\":\"FREQ=WEEKLY;BYDAY=MO,FR\","                \
    "\"starts_on\":\"2026-01-05\",\"until\":\"2026-12-31\",\"hand_over\":{\"time\":\"09:00\"},"    \
    "\"participants\":[\"paul\"],\"restrictions\":[{\"only\":\"outside-opening-hours\"},"          \
    "{\"except\":\"holidays\"}]}],\"overrides\":[{\"kind\":\"swap\","                              \
    "\"from\":\"2026-05-01T00:00:00Z\",\"to\":\"2026-05-02T00:00:00Z\","                           \
    "\"agent\":\"paul\",\"with\":\"lea\"}]}"

static void parse__reads_every_member_of_other_kinds(void **state)
{
    const struct rota *rota = parse(*state, CUSTOM);
    const struct rota_layer *layer = &rota->layers[0];
    assert_int_equal(layer->turn, ROTA_CUSTOM);
    assert_string_equal(layer->recurrence, "FREQ=WEEKLY;BYDAY=MO,FR");
    assert_int_equal(layer->until_days, 20818);
    assert_int_equal(layer->restrictions[0].kind, ROTA_ONLY_OUTSIDE_OPENING_HOURS);
    assert_int_equal(layer->restrictions[1].kind, ROTA_EXCEPT_HOLIDAYS);
    assert_int_equal(rota->overrides[0].kind, ROTA_SWAP);
    assert_string_equal(rota->overrides[0].with, "lea");
    rota = parse(*state, GOOD);
    assert_int_equal(rota->layers[0].until_days, 0);
    assert_null(rota->layers[0].recurrence);
    assert_int_equal(rota->layers[0].restrictions[0].kind, ROTA_WINDOW);
    assert_int_equal(rota->overrides[0].kind, ROTA_REPLACE);
}

/* GOOD with one piece replaced, and the pointer of the fault that this makes. */
struct fault {
    const char *piece, *instead, *pointer;
};

static const struct fault faults[] = {
    {"\"weekly\"", "\"monthly\"", "/layers/0/turn"},
    {"\"turn_length\":2", "\"turn_length\":0", "/layers/0/turn_length"},
    {"\"turn_length\":2", "\"turn_length\":53", "/layers/0/turn_length"},
    {"\"turn_length\":2", "\"turn_length\":\"2\"", "/layers/0/turn_length"},
    {"2026-01-05", "2026-02-29", "/layers/0/starts_on"},
    {"2026-01-05", "2026-13-05", "/layers/0/starts_on"},
    {"2026-01-05", "26-01-05", "/layers/0/starts_on"},
    {"\"starts_on\":\"2026-01-05\",", "", "/layers/0/starts_on"},
    {"tuesday", "mardi", "/layers/0/hand_over/weekday"},
    {"\"weekday\":\"tuesday\",", "", "/layers/0/hand_over/weekday"},
    {"\"turn\":\"weekly\"", "\"turn\":\"daily\"", "/layers/0/hand_over/weekday"},
    {"09:30:15", "9:30", "/layers/0/hand_over/time"},
    {"09:30:15", "24:00", "/layers/0/hand_over/time"},
    {"09:30:15", "09:60", "/layers/0/hand_over/time"},
    {"09:30:15", "09-30", "/layers/0/hand_over/time"},
    {"\"time\":\"09:30:15\"", "\"time\":\"09:30\",\"zone\":1", "/layers/0/hand_over/zone"},
    {"[\"paul\",\"marie\"]", "[]", "/layers/0/participants"},
    {"\"marie\"", "\"Marie\"", "/layers/0/participants/1"},
    {"\"marie\"", "null", "/layers/0/participants/1"},
    {"friday", "fryday", "/layers/0/restrictions/0/from/weekday"},
    {"18:00", "18h00", "/layers/0/restrictions/0/from/time"},
    {"\"monday\",\"time\":\"08:00\"", "\"friday\",\"time\":\"18:00\"",
     "/layers/0/restrictions/0/to"},
    {"\"lea\"", "\"\"", "/overrides/0/agent"},
    {"2026-05-02T00:00:00Z", "2026-05-01T00:00:00Z", "/overrides/0/to"},
    {"2026-05-01T00:00:00Z", "yesterday", "/overrides/0/from"},
    {"\"agent\":\"lea\"", "\"agent\":\"lea\",\"a/b\":1", "/overrides/0/a~1b"},
    {"{\"layers\"", "{\"name\":1,\"layers\"", "/name"},
    {"[{\"turn\"", "[7,{\"turn\"", "/layers/0"},
    {"{\"layers\":[", "[[", ""},
};

/* The same of CUSTOM. */
static const struct fault custom_faults[] = {
    {"\"turn\":\"custom\"", "\"turn\":\"custom\",\"turn_length\":1", "/layers/0/turn_length"},
    {"\"turn\":\"custom\"", "\"turn\":\"daily\"", "/layers/0/recurrence"},
    {"\"recurrence\":\"FREQ=WEEKLY;BYDAY=MO,FR\",", "", "/layers/0/recurrence"},
    {"FREQ=WEEKLY;BYDAY=MO,FR", "FREQ=HOURLY", "/layers/0/recurrence"},
    {"FREQ=WEEKLY;BYDAY=MO,FR", "", "/layers/0/recurrence"},
    {"FREQ=WEEKLY;BYDAY=MO,FR", "FREQ=WEEKLY;COUNT=3", "/layers/0/recurrence"},
    {"FREQ=WEEKLY;BYDAY=MO,FR", "FREQ=WEEKLY;UNTIL=20261231", "/layers/0/recurrence"},
    {"FREQ=WEEKLY;BYDAY=MO,FR", "FREQ=DAILY;BYHOUR=0,8,16", "/layers/0/recurrence"},
    {"\"time\":\"09:00\"", "\"time\":\"09:00\",\"weekday\":\"monday\"",
     "/layers/0/hand_over/weekday"},
    {"2026-12-31", "2026-01-05", "/layers/0/until"},
    {"2026-12-31", "2026-01-04", "/layers/0/until"},
    {"2026-12-31", "1970-01-01", "/layers/0/until"},
    {"\"only\":\"outside-opening-hours\"", "\"only\":\"nights\"", "/layers/0/restrictions/0/only"},
    {"\"except\":\"holidays\"", "\"except\":\"opening-hours\"", "/layers/0/restrictions/1/except"},
    {"\"except\":\"holidays\"", "\"except\":\"holidays\",\"only\":\"holidays\"",
     "/layers/0/restrictions/1/except"},
    {"\"kind\":\"swap\"", "\"kind\":\"exchange\"", "/overrides/0/kind"},
    {"\"kind\":\"swap\"", "\"kind\":\"absence\"", "/overrides/0/with"},
    {"\"with\":\"lea\"", "\"with\":\"paul\"", "/overrides/0/with"},
    {",\"with\":\"lea\"", "", "/overrides/0/with"},
};

static void assert_faults(struct fixture *fixture, const char *good, const struct fault *faulty,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *at = strstr(good, faulty[i].piece);
        assert_non_null(at);
        char *json = arena_format(fixture->arena, "%.*s%s%s", (int)(at - good), good,
                                  faulty[i].instead, at + strlen(faulty[i].piece));
        struct rota *rota = NULL;
        enum status status = rota_parse(json, strlen(json), fixture->arena, &rota, &fixture->error);
        if (status != STATUS_INVALID || strcmp(fixture->error.pointer, faulty[i].pointer) != 0) {
            fail_msg("%s: status %s, pointer %s", faulty[i].instead, status_slug(status),
                     fixture->error.pointer);
        }
        assert_null(rota);
    }
}

static void parse__says_where_the_fault_is(void **state)
{
    assert_faults(*state, GOOD, faults, sizeof faults / sizeof faults[0]);
    assert_faults(*state, CUSTOM, custom_faults, sizeof custom_faults / sizeof custom_faults[0]);
}

/* A rule that is fine by itself and would be too much for the years. */
static void parse__limits_hand_overs_of_a_rule(void **state)
{
    struct fixture *fixture = *state;
    static const char *const rules[] = {"FREQ=DAILY;BYHOUR=0,12", "FREQ=DAILY;BYHOUR=0,8,16"};
    for (size_t i = 0; i < 2; i++) {
        struct rota *rota = NULL;
        char *json = arena_format(
            fixture->arena,
            "{\"layers\":[{\"turn\":\"custom\",\"recurrence\":\"%s\",\"starts_on\":\"2026-01-05\","
            "\"hand_over\":{\"time\":\"09:00\"},\"participants\":[\"paul\"]}]}",
            rules[i]);
        assert_int_equal(rota_parse(json, strlen(json), fixture->arena, &rota, &fixture->error),
                         i == 0 ? STATUS_OK : STATUS_INVALID);
    }
    assert_non_null(strstr(fixture->error.text, "more than 1000 hand-overs"));
    /* Nothing much in its first year. */
    static const char bomb[] =
        "{\"layers\":[{\"turn\":\"custom\",\"starts_on\":\"2026-12-31\",\"recurrence\":"
        "\"FREQ=MONTHLY;INTERVAL=13;BYMONTHDAY=1,2,3,4,5,6,31;BYHOUR=1,2,3,4,5,6,7,8,9,10;BYMINUTE="
        "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\","
        "\"hand_over\":{\"time\":\"00:00\"},\"participants\":[\"paul\"]}]}";
    struct rota *rota = NULL;
    assert_int_equal(rota_parse(bomb, strlen(bomb), fixture->arena, &rota, &fixture->error),
                     STATUS_INVALID);
    assert_non_null(strstr(fixture->error.text, "more than 2000 hand-overs in a later year"));
}

static void parse__limits_layers_and_overrides(void **state)
{
    struct fixture *fixture = *state;
    static char json[128 * ROTA_OVERRIDES_MAX];
    struct rota *rota = NULL;
    size_t used = (size_t)snprintf(json, sizeof json, "{\"layers\":[");
    for (int i = 0; i <= ROTA_LAYERS_MAX; i++) {
        used += (size_t)snprintf(json + used, sizeof json - used, "%s{}", i > 0 ? "," : "");
    }
    (void)snprintf(json + used, sizeof json - used, "]}");
    assert_int_equal(rota_parse(json, strlen(json), fixture->arena, &rota, &fixture->error),
                     STATUS_INVALID);
    assert_string_equal(fixture->error.pointer, "/layers");
    used = (size_t)(strstr(GOOD, "\"overrides\":[") - GOOD) + strlen("\"overrides\":[");
    memcpy(json, GOOD, used);
    for (int i = 0; i <= ROTA_OVERRIDES_MAX; i++) {
        used += (size_t)snprintf(json + used, sizeof json - used, "%s{}", i > 0 ? "," : "");
    }
    (void)snprintf(json + used, sizeof json - used, "]}");
    assert_int_equal(rota_parse(json, strlen(json), fixture->arena, &rota, &fixture->error),
                     STATUS_INVALID);
    assert_string_equal(fixture->error.pointer, "/overrides");
}

static void parse__full_arena_is_reported_at_every_size(void **state)
{
    struct fixture *fixture = *state;
    enum status status = STATUS_NO_MEMORY;
    size_t bytes = 16;
    for (; status == STATUS_NO_MEMORY && bytes < 65536; bytes += 16) {
        struct arena *arena = arena_create(bytes);
        struct rota *rota = NULL;
        status = rota_parse(GOOD, strlen(GOOD), arena, &rota, &fixture->error);
        assert_true((rota != NULL) == (status == STATUS_OK));
        arena_destroy(&arena);
    }
    assert_int_equal(status, STATUS_OK);
    assert_true(bytes > sizeof(struct rota));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(parse__reads_every_member),
        TEST(parse__reads_every_member_of_other_kinds),
        TEST(parse__layers_may_be_empty_beside_overrides),
        TEST(parse__says_where_the_fault_is),
        TEST(parse__limits_hand_overs_of_a_rule),
        TEST(parse__limits_layers_and_overrides),
        TEST(parse__full_arena_is_reported_at_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
