/* test_rotas.c - rotas are compiled when they have to be, and one that does not compile is told of.
 */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

/* Written by somebody else's hand: the customer is read anew. */
static void edit(struct house *house, const char *sql)
{
    assert_int_equal(sqlite3_exec(house->engine->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
    engine_customer_changed(house->engine, house->customer_id, false);
    house_settle(house);
}

static const struct directory_rota *duty(const struct house *house)
{
    return directory_rota(directory_customer(house->engine->published, house->customer_id), "duty");
}

static void restart(struct house *house)
{
    house_close(house);
    house_open(house);
    house_settle(house);
}

/* Sixty rotas must not be compiled again with each phone that says something. */
static void test_rotas__are_compiled_once(void **state)
{
    struct house *house = *state;
    put_rota(house, "second", "paul");
    size_t compiled = house->rotas_compiled;
    engine_customer_changed(house->engine, house->customer_id, false); /* as a proven phone does */
    house_settle(house);
    put_device(house, house->jean, "another", PLATFORM_FCM);
    assert_int_equal(house->rotas_compiled, compiled);
    /* What was put is compiled, once to see whom it names, and nothing else. */
    put_rota(house, "second", "jean");
    assert_int_equal(house->rotas_compiled, compiled + 2);
    edit(house, "UPDATE customer SET opening_hours = 'hours'");
    assert_int_equal(house->rotas_compiled, compiled + 4);
    /* Each that runs short, by itself; also when the wall is set back. */
    house_advance(house, ROTA_AHEAD_MS - ROTA_LEFT_MS + 1000);
    house_settle(house);
    assert_int_equal(house->rotas_compiled, compiled + 6);
    house->wall.ms -= ROTA_BEHIND_MS - ROTA_BEHIND_LEFT_MS + 1000;
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(house->rotas_compiled, compiled + 8);
    restart(house);
    assert_int_equal(house->rotas_compiled, compiled + 10);
}

/* Who is active is not what was compiled. */
static void test_rotas__that_are_shared_follow_their_agents(void **state)
{
    struct house *house = *state;
    put_agent(house, "zoe", "+33600000009", true);
    put_rota(house, "duty", "jean zoe");
    assert_int_equal(duty(house)->intervals_count, 2);
    size_t compiled = house->rotas_compiled;
    put_agent(house, "jean", "+33600000001", false);
    assert_int_equal(duty(house)->intervals_count, 1);
    assert_int_equal(duty(house)->intervals[0].agent_id, agent_id(house, "zoe"));
    put_agent(house, "jean", "+33600000001", true);
    assert_int_equal(duty(house)->intervals_count, 2);
    assert_int_equal(house->rotas_compiled, compiled);
}

static void test_rotas__that_break_are_told_once(void **state)
{
    struct house *house = *state;
    size_t alarms = house->alarms;
    edit(house, "UPDATE rota SET definition = 'broken'");
    assert_true(duty(house)->broken);
    assert_string_equal(duty(house)->broken_reason, "it is broken");
    assert_int_equal(house->alarms, alarms + 1);
    assert_string_equal(house->alarm, "rota.broken");
    assert_non_null(strstr(house->alarm_detail, "acme: the rota duty does not compile"));
    /* While it lasts, whatever else changes, and however long. */
    put_agent(house, "jean", "+33600000007", true);
    for (int minute = 0; minute < 5; minute++) {
        house_advance(house, ROTA_AGAIN_MS + 1000);
        house_settle(house);
    }
    assert_int_equal(house->alarms, alarms + 1);
    /* After a start, and when it broke again. */
    restart(house);
    assert_int_equal(house->alarms, alarms + 2);
    put_rota(house, "duty", "jean");
    assert_false(duty(house)->broken);
    assert_null(duty(house)->broken_reason);
    house_advance(house, 1000);
    edit(house, "UPDATE rota SET definition = 'broken'");
    assert_int_equal(house->alarms, alarms + 3);
}

/* A file of the machine's may be back: nobody has to put anything. */
static void test_rotas__that_are_broken_are_tried_again(void **state)
{
    struct house *house = *state;
    edit(house, "UPDATE rota SET definition = 'broken'");
    assert_true(duty(house)->broken);
    assert_int_equal(sqlite3_exec(house->engine->store->db, "UPDATE rota SET definition = 'jean'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    house_advance(house, ROTA_AGAIN_MS + 1000);
    house_settle(house);
    assert_false(duty(house)->broken);
    assert_int_equal(duty(house)->intervals_count, 1);
}

/* Zone files that are gone break all: the call centre's telephone must not ring for each. */
static void test_rotas__many_that_break_are_counted(void **state)
{
    struct house *house = *state;
    char slug[] = "r-a";
    for (slug[2] = 'a'; slug[2] <= 'o'; slug[2]++) {
        put_rota(house, slug, "jean");
    }
    size_t alarms = house->alarms;
    edit(house, "UPDATE rota SET definition = 'broken'");
    assert_int_equal(house->alarms, alarms + 11);
    assert_non_null(strstr(house->alarm_detail, "6 more rotas do not compile"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_rotas__are_compiled_once),
        HOUSE_TEST(test_rotas__that_are_shared_follow_their_agents),
        HOUSE_TEST(test_rotas__that_break_are_told_once),
        HOUSE_TEST(test_rotas__that_are_broken_are_tried_again),
        HOUSE_TEST(test_rotas__many_that_break_are_counted),
    };
    return cmocka_run_group_tests_name("engine.rotas", tests, NULL, NULL);
}
