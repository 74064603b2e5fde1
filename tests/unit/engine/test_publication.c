/* test_publication.c - what agents were told is put on record once, in order, and only while it is
 * still so. */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_publication.h"
#include "tests/unit/engine/fixture.h"

static const struct told_agent told[] = {{"jean", "Jean", "[{\"from\":\"a\"}]", "[]"},
                                         {"paul", "Paul", "[]", "[{\"kind\":\"removed\"}]"}};

static struct command *publish_command(struct house *house, const char *key, struct uuid follows)
{
    struct command *command = house_command(house, COMMAND_PUBLISH);
    command->request.publish = (struct publish_request){
        .key_id = "admin",
        .idempotency_key = key,
        .body_digest = {{1}},
        .rota = "duty",
        .operator_name = "Lucie",
        .definition = "jean",
        .follows = follows,
        .from = house->wall,
        .to = {house->wall.ms + 86400000},
        .notice_days = 15,
        .digest = {{0xab}},
        .in_time = 1,
        .short_notice = 2,
        .too_short = 3,
        .agents = told,
        .agents_count = 2,
    };
    return command;
}

static struct command *publish(struct house *house, const char *key, struct uuid follows)
{
    struct command *command = publish_command(house, key, follows);
    house_run(house, command);
    return command;
}

static const struct uuid none = {{0}};

static int64_t count(struct house *house)
{
    return house_number(house, "SELECT count(*) FROM publication");
}

static void test_publication__is_put_on_record(void **state)
{
    struct house *house = *state;
    struct command *command = publish(house, NULL, none);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_true(command->answer.created);
    assert_answered(command, "rota", "duty");
    assert_non_null(strstr(command->answer.body, "\"digest\":\"ab00"));
    assert_non_null(strstr(command->answer.body, "\"agents\":2,\"in_time\":1,\"short\":2,"
                                                 "\"too_short\":3"));
    struct publication_row row;
    struct publication_agent_row *rows;
    size_t rows_count;
    struct store *store = house->engine->store;
    struct arena *arena = command->arena;
    assert_int_equal(
        store_get_publication(store, house->customer_id, answered_id(command), arena, &row, NULL),
        STATUS_OK);
    assert_string_equal(row.rota, "duty");
    assert_string_equal(row.key_id, "admin");
    assert_string_equal(row.operator_name, "Lucie");
    assert_string_equal(row.time_zone, "Europe/Paris");
    assert_int_equal(row.published_at.ms, house->wall.ms);
    assert_int_equal(row.from_at.ms, house->wall.ms);
    assert_int_equal(row.to_at.ms, house->wall.ms + 86400000);
    assert_int_equal(row.notice_days, 15);
    assert_int_equal(row.agents, 2);
    assert_int_equal(row.seen, 0);
    assert_int_equal(store_list_publication_agents(store, house->customer_id, answered_id(command),
                                                   arena, &rows, &rows_count, NULL),
                     STATUS_OK);
    assert_int_equal(rows_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(rows[i].agent, told[i].agent);
        assert_string_equal(rows[i].name, told[i].name);
        assert_string_equal(rows[i].shifts, told[i].shifts);
        assert_string_equal(rows[i].changes, told[i].changes);
    }
}

/* Within one millisecond, and when engine time seems to stand still, too. */
static void test_publications__have_ids_in_their_order(void **state)
{
    struct house *house = *state;
    struct uuid before = none;
    for (int i = 0; i < 20; i++) {
        struct command *command = publish(house, NULL, before);
        assert_int_equal(command->answer.status, STATUS_OK);
        struct uuid id = answered_id(command);
        assert_true(memcmp(id.bytes, before.bytes, sizeof id.bytes) > 0);
        before = id;
    }
    /* Engine time was later once, as after a database of another life was put in its place. */
    struct uuid ahead = uuid_v7((struct wall_time){house->wall.ms + 86400000},
                                &house->engine->configuration.random);
    const struct publication_row row = {.customer_id = house->customer_id,
                                        .publication_id = ahead,
                                        .rota = "duty",
                                        .to_at = {1},
                                        .key_id = "admin",
                                        .time_zone = "UTC"};
    assert_int_equal(store_add_publication(house->engine->store, &row, NULL), STATUS_OK);
    struct uuid id = answered_id(publish(house, NULL, ahead));
    assert_true(memcmp(id.bytes, ahead.bytes, sizeof id.bytes) > 0);
}

static void test_publication__the_same_key_gives_the_same_answer(void **state)
{
    struct house *house = *state;
    struct command *first = publish(house, "key", none);
    struct command *again = publish_command(house, "key", none);
    again->request.publish = (struct publish_request){.key_id = "admin",
                                                      .idempotency_key = "key",
                                                      .body_digest = {{1}},
                                                      .again = true,
                                                      .rota = "duty"};
    house_run(house, again);
    assert_int_equal(again->answer.status, STATUS_OK);
    assert_true(again->answer.created);
    assert_string_equal(again->answer.body, first->answer.body);
    struct command *other = publish_command(house, "key", none);
    other->request.publish.body_digest.bytes[0] = 2;
    house_run(house, other);
    assert_int_equal(other->answer.status, STATUS_KEY_REUSED);
    assert_int_equal(count(house), 1);
    /* A key that was known when it was looked at, and is forgotten by now. */
    again = publish_command(house, "old", none);
    again->request.publish.again = true;
    house_run(house, again);
    assert_int_equal(again->answer.status, STATUS_CONFLICT);
    assert_int_equal(count(house), 1);
}

static void test_publication__of_what_is_not_so_any_more(void **state)
{
    struct house *house = *state;
    struct command *first = publish(house, NULL, none);
    struct command *late = publish(house, "late", none);
    assert_int_equal(late->answer.status, STATUS_CONFLICT);
    assert_non_null(strstr(late->answer.error.text, "published meanwhile"));
    put_rota(house, "duty", "paul");
    late = publish(house, "late", answered_id(first));
    assert_int_equal(late->answer.status, STATUS_CONFLICT);
    assert_non_null(strstr(late->answer.error.text, "changed meanwhile"));
    put_rota(house, "duty", "jean");
    assert_int_equal(publish(house, "late", answered_id(first))->answer.status, STATUS_OK);
    assert_int_equal(count(house), 2);
    struct command *stranger = publish_command(house, NULL, none);
    stranger->request.publish.rota = "nonesuch";
    house_run(house, stranger);
    assert_int_equal(stranger->answer.status, STATUS_NOT_FOUND);
    stranger = publish_command(house, NULL, none);
    stranger->customer_id = 99;
    house_run(house, stranger);
    assert_int_equal(stranger->answer.status, STATUS_NOT_FOUND);
}

static struct command *see(struct house *house, struct uuid publication, const char *agent,
                           const char *operator_name, const char *rota)
{
    struct command *command = house_command(house, COMMAND_SEE_PUBLICATION);
    command->request.see_publication =
        (struct see_publication_request){.publication = publication,
                                         .agent = agent,
                                         .operator_name = operator_name,
                                         .how = operator_name != NULL ? "signed" : NULL,
                                         .rota = rota};
    house_run(house, command);
    return command;
}

static void test_publication__is_seen_once(void **state)
{
    struct house *house = *state;
    struct uuid id = answered_id(publish(house, NULL, none));
    struct command *first = see(house, id, "jean", NULL, NULL);
    assert_int_equal(first->answer.status, STATUS_OK);
    assert_answered(first, "agent", "jean");
    assert_answered(first, "seen_via", "app");
    house_advance(house, 5000);
    struct command *again = see(house, id, "jean", "Lucie", "duty");
    assert_int_equal(again->answer.status, STATUS_OK);
    assert_string_equal(again->answer.body, first->answer.body);
    assert_answered(see(house, id, "paul", "Lucie", "duty"), "seen_via", "operator");
    assert_int_equal(house_number(house, "SELECT count(*) FROM publication_agent WHERE seen_by = "
                                         "'Lucie' AND seen_how = 'signed' AND agent = 'paul'"),
                     1);
    struct uuid other = id;
    other.bytes[15] ^= 1;
    assert_int_equal(see(house, id, "marie", NULL, NULL)->answer.status, STATUS_NOT_FOUND);
    assert_int_equal(see(house, other, "jean", NULL, NULL)->answer.status, STATUS_NOT_FOUND);
    assert_int_equal(see(house, id, "jean", NULL, "backup")->answer.status, STATUS_NOT_FOUND);
}

static void test_publication__a_fetch_of_the_calendar_is_noted(void **state)
{
    struct house *house = *state;
    struct uuid first = answered_id(publish(house, NULL, none));
    int64_t fetched_ms = house->wall.ms;
    engine_calendar_fetched(house->engine, house->customer_id, "jean", first, house->wall);
    house_settle(house);
    house_advance(house, 5000);
    struct uuid second = answered_id(publish(house, NULL, first));
    engine_calendar_fetched(house->engine, house->customer_id, "jean", first, house->wall);
    house_settle(house);
    static const char sql[] = "SELECT coalesce(sum(fetched_at), 0) FROM publication_agent";
    assert_int_equal(house_number(house, sql), fetched_ms);
    engine_calendar_fetched(house->engine, house->customer_id, "jean", second, house->wall);
    house_settle(house);
    assert_int_equal(house_number(house, sql), fetched_ms + house->wall.ms);
}

/* What the writer has no room for is told by the next fetch. */
static void test_publication__a_fetch_that_finds_a_full_lane(void **state)
{
    struct house *house = *state;
    struct uuid first = answered_id(publish(house, NULL, none));
    for (int i = 0; i < LANE_ADMINISTRATION_SLOTS; i++) {
        engine_calendar_fetched(house->engine, house->customer_id, "nobody", first, house->wall);
    }
    engine_calendar_fetched(house->engine, house->customer_id, "jean", first, house->wall);
    house_settle(house);
    static const char sql[] = "SELECT count(*) FROM publication_agent WHERE fetched_at IS NOT NULL";
    assert_int_equal(house_number(house, sql), 0);
    engine_calendar_fetched(house->engine, house->customer_id, "jean", first, house->wall);
    house_settle(house);
    assert_int_equal(house_number(house, sql), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_publication__is_put_on_record),
        HOUSE_TEST(test_publications__have_ids_in_their_order),
        HOUSE_TEST(test_publication__the_same_key_gives_the_same_answer),
        HOUSE_TEST(test_publication__of_what_is_not_so_any_more),
        HOUSE_TEST(test_publication__is_seen_once),
        HOUSE_TEST(test_publication__a_fetch_of_the_calendar_is_noted),
        HOUSE_TEST(test_publication__a_fetch_that_finds_a_full_lane),
    };
    return cmocka_run_group_tests_name("engine.publication", tests, NULL, NULL);
}
