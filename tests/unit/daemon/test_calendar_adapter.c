/* test_calendar_adapter.c - what calendar programs are given and what becomes of a planning, from a
 * customer as the directory has it. The form of the files is tested in tests/unit/rota. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/daemon/calendar_adapter.h"

#define WEEKLY(start, agents)                                                                      \
    "{\"layers\":[{\"turn\":\"weekly\",\"starts_on\":\"" start "\",\"hand_over\":{\"weekday\":"    \
    "\"monday\",\"time\":\"08:00\"},\"participants\":[" agents "]}]}"

static const struct directory_person agents[] = {
    {.id = 1, .slug = "anne", .name = "Anne Petit", .language = "en", .active = true},
    {.id = 2, .slug = "jean", .name = "Jean Gone", .language = "fr", .active = false},
    {.id = 3, .slug = "paul", .name = "Paul Durand", .language = "fr", .active = true},
};
static const struct directory_rota rotas[] = {
    {.id = 1, .slug = "broken", .definition = "{}"},
    {.id = 2, .slug = "principal", .definition = WEEKLY("2026-03-02", "\"paul\",\"jean\"")},
    {.id = 3, .slug = "renfort", .definition = WEEKLY("2026-03-02", "\"anne\",\"paul\"")},
};
static const struct directory_customer customer = {
    .id = 1,
    .slug = "clinique",
    .name = "Clinique",
    .time_zone = "UTC",
    .language = "fr",
    .agents = agents,
    .agents_count = 3,
    .rotas = rotas + 1,
    .rotas_count = 2,
};

static struct wall_time moment(const char *text)
{
    struct wall_time time;
    assert_int_equal(wall_time_parse(text, &time), STATUS_OK);
    return time;
}

static int setup(void **state)
{
    *state = arena_create(0);
    return *state == NULL;
}

static int teardown(void **state)
{
    struct arena *arena = *state;
    arena_destroy(&arena);
    return 0;
}

static enum status write_feed(struct arena *arena, const struct admin_api_feed *feed,
                              const char **text_r)
{
    struct admin_api_calendars calendars = calendar_adapter();
    struct error error = {.text = ""};
    size_t bytes;
    enum status status = calendars.write(calendars.context, feed, arena, text_r, &bytes, &error);
    assert_true(status == STATUS_OK ? strlen(*text_r) == bytes : error.text[0] != '\0');
    return status;
}

static size_t count_of(const char *text, const char *piece)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, piece)) != NULL; at++) {
        count++;
    }
    return count;
}

static void test_rota__has_shifts_of_active_agents(void **state)
{
    const struct admin_api_feed feed = {
        .customer = &customer, .rota = &customer.rotas[0], .now = moment("2026-03-01T10:00:00Z")};
    const char *text = NULL;
    assert_int_equal(write_feed(*state, &feed, &text), STATUS_OK);
    assert_int_equal(count_of(text, "X-ASTREINTE-AGENT:paul\r\n"), 27); /* every second week */
    assert_int_equal(count_of(text, "BEGIN:VEVENT"), 27);
    assert_int_equal(count_of(text, "SUMMARY:Astreinte principal : Paul Durand\r\n"), 27);
}

/* In order of their starts, of two at once by the rota's slug. */
static void test_agent__has_shifts_of_all_rotas(void **state)
{
    const struct admin_api_feed feed = {
        .customer = &customer, .agent = &agents[2], .now = moment("2026-03-01T10:00:00Z")};
    const char *text = NULL;
    assert_int_equal(write_feed(*state, &feed, &text), STATUS_OK);
    const char *first = strstr(text, "SUMMARY:"), *second = strstr(first + 1, "SUMMARY:");
    assert_memory_equal(first, "SUMMARY:Astreinte principal – Clinique\r\n", 41);
    assert_memory_equal(second, "SUMMARY:Astreinte renfort – Clinique\r\n", 39);
    assert_int_equal(count_of(text, "BEGIN:VEVENT"), 27 + 26);
    const struct admin_api_feed in_english = {
        .customer = &customer, .agent = &agents[0], .now = feed.now};
    assert_int_equal(write_feed(*state, &in_english, &text), STATUS_OK);
    assert_int_equal(count_of(text, "SUMMARY:On call renfort – Clinique\r\n"), 27);
}

/* An empty calendar would say that nobody is on call. */
static void test_feed__that_cannot_be_made_is_none(void **state)
{
    struct directory_customer broken = customer;
    broken.rotas = rotas;
    broken.rotas_count = 3;
    const struct admin_api_feed feed = {
        .customer = &broken, .agent = &agents[2], .now = moment("2026-03-01T10:00:00Z")};
    const char *text = NULL;
    assert_int_equal(write_feed(*state, &feed, &text), STATUS_INVALID);
    assert_null(text);
    struct directory_customer nowhere = customer;
    nowhere.time_zone = "Mars/Olympus";
    const struct admin_api_feed lost = {
        .customer = &nowhere, .rota = &nowhere.rotas[0], .now = feed.now};
    assert_int_equal(write_feed(*state, &lost, &text), STATUS_NOT_FOUND);
}

static enum status plan(struct arena *arena, const struct directory_rota *rota, const char *text,
                        struct admin_api_planning *planning_r, struct error *error)
{
    struct admin_api_calendars calendars = calendar_adapter();
    const struct admin_api_import import = {.customer = &customer,
                                            .rota = rota,
                                            .text = text,
                                            .bytes = strlen(text),
                                            .from = moment("2026-03-02T08:00:00Z")};
    return calendars.plan(calendars.context, &import, arena, planning_r, error);
}

#define PLANNING                                                                                   \
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20260304T080000Z\r\nDTEND:20260305T080000Z\r\n"    \
    "SUMMARY:anne\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART:20260306T080000Z\r\n"                   \
    "DTEND:20260307T080000Z\r\nSUMMARY:paul\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

static void test_plan__tells_what_changes(void **state)
{
    struct admin_api_planning planning;
    struct error error;
    assert_int_equal(plan(*state, &rotas[1], PLANNING, &planning, &error), STATUS_OK);
    assert_false(planning.is_new);
    assert_int_equal(planning.shifts_count, 2);
    assert_int_equal(planning.added_count, 2);
    assert_int_equal(planning.changes_count, 1); /* paul takes nothing from himself */
    assert_string_equal(planning.changes[0].before, "paul");
    assert_string_equal(planning.changes[0].after, "anne");
    assert_int_equal(planning.changes[0].from.ms, moment("2026-03-04T08:00:00Z").ms);
    assert_int_equal(planning.changes[0].to.ms, moment("2026-03-05T08:00:00Z").ms);
    assert_non_null(strstr(planning.definition, "\"participants\":[\"paul\",\"jean\"]"));
}

static void test_plan__of_a_new_rota(void **state)
{
    struct admin_api_planning planning;
    struct error error;
    assert_int_equal(plan(*state, NULL, PLANNING, &planning, &error), STATUS_OK);
    assert_true(planning.is_new);
    assert_int_equal(planning.changes_count, 2);
    assert_string_equal(planning.changes[0].before, "");
}

static void test_plan__that_fails_leaves_nothing(void **state)
{
    struct admin_api_planning planning = {.shifts_count = 77};
    struct error error = {.text = ""};
    assert_int_equal(plan(*state, &rotas[1], "Hello", &planning, &error), STATUS_INVALID);
    assert_true(error.text[0] != '\0');
    assert_int_equal(plan(*state, &rotas[0], PLANNING, &planning, &error), STATUS_INVALID);
    assert_int_equal(planning.shifts_count, 77);
    enum status status = STATUS_NO_MEMORY;
    for (size_t room = 64; status == STATUS_NO_MEMORY; room *= 2) {
        struct arena *small = arena_create(room);
        status = small == NULL ? status : plan(small, &rotas[1], PLANNING, &planning, &error);
        assert_true(status == STATUS_OK || planning.shifts_count == 77);
        arena_destroy(&small);
    }
    assert_int_equal(status, STATUS_OK);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rota__has_shifts_of_active_agents),
        TEST(test_agent__has_shifts_of_all_rotas),
        TEST(test_feed__that_cannot_be_made_is_none),
        TEST(test_plan__tells_what_changes),
        TEST(test_plan__of_a_new_rota),
        TEST(test_plan__that_fails_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
