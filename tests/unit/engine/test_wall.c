/* test_wall.c - what a step of the wall moves: who is on call, and what people read. Nothing else
 * does: no key, no promise, no order of ids. */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)

static void step(struct house *house, int64_t by_ms)
{
    house->wall.ms += by_ms;
    house_advance(house, 10);
    house_settle(house);
}

/* A step to where the compiled rotas do not reach; the escalation comes in the same turn. */
static void escalate_far_away(struct house *house, int64_t by_ms)
{
    size_t sent = house->sent_count;
    house->wall.ms += by_ms;
    (void)house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, sent + 1);
    assert_string_equal(house->sent[sent].person, "jean");
}

static void test_rotas__cover_the_wall_wherever_it_is_set(void **state)
{
    struct house *house = *state;
    escalate_far_away(house, -25 * HOUR_MS);
    escalate_far_away(house, 40 * DAY_MS);
    escalate_far_away(house, -8000 * DAY_MS);
    escalate_far_away(house, 16000 * DAY_MS);
}

static void test_rotas__are_compiled_again_by_an_idle_engine(void **state)
{
    struct house *house = *state;
    static const int64_t steps[] = {-DAY_MS, 30 * DAY_MS, -400 * DAY_MS};
    for (size_t i = 0; i < 3; i++) {
        step(house, steps[i]);
        const struct directory *directory = engine_directory_acquire(house->engine);
        const struct directory_customer *customer =
            directory_customer(directory, house->customer_id);
        assert_true(directory_rotas_cover(customer, house->wall));
        assert_true(directory_rotas_cover(
            customer, (struct wall_time){house->wall.ms - 2 * ROTA_BEHIND_LEFT_MS}));
        engine_directory_release(house->engine, directory);
    }
}

static struct command *with_key(struct house *house)
{
    struct command *command = escalate_command(house, SEVERITY_MAJOR, "the key");
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    return command;
}

static void test_idempotency__a_key_lives_24_hours_of_engine_time(void **state)
{
    struct house *house = *state;
    step(house, -2 * DAY_MS);
    struct uuid id = answered_id(with_key(house));
    step(house, 4 * DAY_MS);
    house_advance(house, DAY_MS - HOUR_MS);
    house_settle(house);
    assert_true(uuid_equal(answered_id(with_key(house)), id));
    step(house, -9 * DAY_MS);
    house_advance(house, 2 * HOUR_MS);
    house_settle(house);
    assert_false(uuid_equal(answered_id(with_key(house)), id));
}

static void test_split__leaves_the_promise_where_it_is(void **state)
{
    struct house *house = *state;
    struct command *first = escalate_command(house, SEVERITY_MAJOR, NULL);
    first->request.escalate.dedup_key = "lift";
    house_run(house, first);
    struct command *second = escalate_command(house, SEVERITY_MAJOR, NULL);
    second->request.escalate.dedup_key = "lift";
    second->request.escalate.promised_ms = 600000;
    house_run(house, second);
    int64_t due_ms = engine_now(house->engine).ms + 600000;
    step(house, HOUR_MS);
    struct command *split = desk_command(house, answered_id(first), DESK_SPLIT);
    split->request.desk.caller = 2;
    house_run(house, split);
    struct escalation own;
    house_read(house, answered_id(split), &own);
    assert_int_equal(own.promises[0].due_at.ms, due_ms);
}

static void test_ids__ascend_whatever_the_wall_does(void **state)
{
    struct house *house = *state;
    static const int64_t steps[] = {DAY_MS, -2 * DAY_MS, HOUR_MS, -HOUR_MS};
    struct uuid before = house_escalate(house, SEVERITY_MAJOR);
    for (size_t i = 0; i < 4; i++) {
        step(house, steps[i]);
        struct uuid next = house_escalate(house, SEVERITY_MAJOR);
        assert_true(memcmp(before.bytes, next.bytes, sizeof next.bytes) < 0);
        assert_int_equal(uuid_v7_ms(next), engine_now(house->engine).ms);
        before = next;
    }
}

static enum status use_code_after(struct house *house, int64_t step_ms)
{
    char code[32];
    struct command *make = house_command(house, COMMAND_ADD_ENROLMENT);
    make->request.enrolment.agent = "jean";
    house_run(house, make);
    answered_text(make, "code", code, sizeof code);
    step(house, step_ms);
    struct command *use = house_command(house, COMMAND_USE_ENROLMENT);
    use->customer_id = 0;
    use->request.enrolment.code = arena_text(use->arena, code);
    house_run(house, use);
    return use->answer.status;
}

/* The wall set back would make it live longer: it is refused instead, and a new one is made. */
static void test_code__never_lives_longer(void **state)
{
    struct house *house = *state;
    assert_int_equal(use_code_after(house, HOUR_MS), STATUS_OK);
    assert_int_equal(use_code_after(house, -500), STATUS_OK);
    assert_int_equal(use_code_after(house, -DAY_MS), STATUS_NOT_FOUND);
    assert_int_equal(use_code_after(house, DAY_MS + 1), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_rotas__cover_the_wall_wherever_it_is_set),
        HOUSE_TEST(test_rotas__are_compiled_again_by_an_idle_engine),
        HOUSE_TEST(test_idempotency__a_key_lives_24_hours_of_engine_time),
        HOUSE_TEST(test_split__leaves_the_promise_where_it_is),
        HOUSE_TEST(test_ids__ascend_whatever_the_wall_does),
        HOUSE_TEST(test_code__never_lives_longer),
    };
    return cmocka_run_group_tests_name("engine.wall", tests, NULL, NULL);
}
