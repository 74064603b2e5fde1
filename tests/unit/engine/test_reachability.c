/* test_reachability.c - what rows say of a path, each case by itself. */
#include "gateway/engine/reachability.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define NEVER     TIME_NEVER_MS
#define NOW       INT64_C(100000000)
#define AGO(ms)   (NOW - (ms))
#define MINUTE    INT64_C(60000)
#define PROVEN_AT AGO(10 * MINUTE)

static const struct wall_time now = {NOW};

/* A phone that registered a day ago. */
static struct device_row phone(int64_t proven_ms, int64_t heard_ms)
{
    return (struct device_row){.registered_at = {AGO(1440 * MINUTE)},
                               .proven_at = {proven_ms},
                               .heard_at = {heard_ms},
                               .retired_at = {NEVER},
                               .permission = "granted"};
}

static struct device_test_row test(int64_t planned_ms, int64_t received_ms, int64_t failed_ms)
{
    return (struct device_test_row){
        .planned_at = {planned_ms}, .received_at = {received_ms}, .failed_at = {failed_ms}};
}

static void check(const struct reach *reach, enum reach_state state, int64_t since_ms,
                  const char *why)
{
    if (reach->state != state || reach->since.ms != since_ms) {
        fail_msg("%s since %lld instead of %s since %lld", reach_state_word(reach->state),
                 (long long)reach->since.ms, reach_state_word(state), (long long)since_ms);
    }
    assert_int_equal(why == NULL, reach->why == NULL);
    if (why != NULL) {
        assert_string_equal(reach->why, why);
    }
}

static void test_device__by_what_was_heard(void **state)
{
    (void)state;
    static const struct {
        int64_t proven_ms, heard_ms;
        enum reach_state state;
        int64_t since_ms;
        const char *why;
    } rows[] = {
        {NEVER, NEVER, REACH_UNKNOWN, AGO(1440 * MINUTE), "never_proven"},
        {NEVER, NOW, REACH_UNKNOWN, AGO(1440 * MINUTE), "never_proven"},
        {PROVEN_AT, NEVER, REACH_PROVEN, PROVEN_AT, NULL},
        {AGO(30 * MINUTE) + 1, NEVER, REACH_PROVEN, AGO(30 * MINUTE) + 1, NULL},
        {AGO(30 * MINUTE), NEVER, REACH_DOUBTFUL, NOW, "unheard"},
        {AGO(90 * MINUTE), NEVER, REACH_DOUBTFUL, AGO(60 * MINUTE), "unheard"},
        {AGO(90 * MINUTE), AGO(29 * MINUTE), REACH_PROVEN, AGO(90 * MINUTE), NULL},
        {AGO(90 * MINUTE), AGO(31 * MINUTE), REACH_DOUBTFUL, AGO(MINUTE), "unheard"},
        {NOW + MINUTE, NEVER, REACH_PROVEN, NOW + MINUTE, NULL}, /* the wall was set back */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct device_row device = phone(rows[i].proven_ms, rows[i].heard_ms);
        struct reach reach = reach_of_device(&device, NULL, now);
        check(&reach, rows[i].state, rows[i].since_ms, rows[i].why);
        assert_int_equal(reach.proven_at.ms, rows[i].proven_ms);
        assert_int_equal(reach.proof,
                         rows[i].proven_ms != NEVER ? REACH_BY_ALERT : REACH_BY_NOTHING);
    }
}

static void test_device__by_its_newest_test(void **state)
{
    (void)state;
    const struct device_row device = phone(PROVEN_AT, NEVER);
    struct device_test_row confirmed = test(AGO(11 * MINUTE), PROVEN_AT, NEVER);
    struct reach reach = reach_of_device(&device, &confirmed, now);
    check(&reach, REACH_PROVEN, PROVEN_AT, NULL);
    assert_int_equal(reach.proof, REACH_BY_TEST);
    struct device_test_row failed = test(AGO(2 * MINUTE), NEVER, AGO(MINUTE));
    reach = reach_of_device(&device, &failed, now);
    check(&reach, REACH_DOUBTFUL, AGO(MINUTE), "test_failed");
    assert_int_equal(reach.proof, REACH_BY_ALERT); /* the last that came through is still told */
    struct device_test_row before = test(AGO(20 * MINUTE), NEVER, AGO(19 * MINUTE));
    reach = reach_of_device(&device, &before, now);
    check(&reach, REACH_PROVEN, PROVEN_AT, NULL); /* an alert came through since */
    struct device_test_row silent = test(AGO(MINUTE), NEVER, NEVER);
    reach = reach_of_device(&device, &silent, now);
    check(&reach, REACH_DOUBTFUL, AGO(MINUTE), "test_not_confirmed");
    struct device_test_row under_way = test(AGO(MINUTE) + 1, NEVER, NEVER);
    reach = reach_of_device(&device, &under_way, now);
    check(&reach, REACH_PROVEN, PROVEN_AT, NULL);
}

static void test_device__that_cannot_show_anything(void **state)
{
    (void)state;
    struct device_row device = phone(PROVEN_AT, NEVER);
    device.permission = "denied";
    struct reach reach = reach_of_device(&device, NULL, now);
    check(&reach, REACH_UNREACHABLE, AGO(1440 * MINUTE), "permission_denied");
    device.permission = NULL;
    reach = reach_of_device(&device, NULL, now);
    check(&reach, REACH_PROVEN, PROVEN_AT, NULL);
    device.retired_at.ms = AGO(5);
    reach = reach_of_device(&device, NULL, now);
    check(&reach, REACH_UNREACHABLE, AGO(5), "retired");
}

static void test_push__is_the_best_phone(void **state)
{
    (void)state;
    const struct reach proven = {.state = REACH_PROVEN, .since = {5}, .proven_at = {5}},
                       newer = {.state = REACH_PROVEN, .since = {9}, .proven_at = {9}},
                       doubtful = {.state = REACH_DOUBTFUL,
                                   .since = {7},
                                   .proven_at = {1},
                                   .why = "unheard"},
                       retired = {.state = REACH_UNREACHABLE,
                                  .since = {8},
                                  .proven_at = {NEVER},
                                  .why = "retired"},
                       denied = {.state = REACH_UNREACHABLE,
                                 .since = {8},
                                 .proven_at = {NEVER},
                                 .why = "permission_denied"};
    struct reach reach = reach_of_push(NULL, 0);
    check(&reach, REACH_UNREACHABLE, NEVER, "no_device");
    reach = reach_of_push(&retired, 1);
    check(&reach, REACH_UNREACHABLE, NEVER, "no_device");
    reach = reach_of_push(&denied, 1);
    check(&reach, REACH_UNREACHABLE, 8, "permission_denied");
    const struct reach mixed[] = {retired, denied, doubtful, proven, newer, doubtful};
    reach = reach_of_push(mixed, 3);
    check(&reach, REACH_DOUBTFUL, 7, "unheard");
    reach = reach_of_push(mixed, sizeof mixed / sizeof mixed[0]);
    check(&reach, REACH_PROVEN, 9, NULL);
}

static void test_number__by_what_became_of_calls(void **state)
{
    (void)state;
    static const struct {
        int64_t answered_ms, key_ms, failed_ms;
        enum reach_state state;
        int64_t since_ms;
        const char *why;
        enum reach_proof proof;
    } rows[] = {
        {NEVER, NEVER, NEVER, REACH_UNKNOWN, NEVER, "never_proven", REACH_BY_NOTHING},
        {5, NEVER, NEVER, REACH_DOUBTFUL, 5, "answered_without_a_key", REACH_BY_ANSWER},
        {5, 5, NEVER, REACH_PROVEN, 5, NULL, REACH_BY_KEY},
        {9, 5, NEVER, REACH_PROVEN, 5, NULL, REACH_BY_KEY},
        {5, 5, 4, REACH_PROVEN, 5, NULL, REACH_BY_KEY},
        {5, 5, 6, REACH_DOUBTFUL, 6, "call_failed", REACH_BY_KEY},
        {9, 5, 6, REACH_PROVEN, 5, NULL, REACH_BY_KEY}, /* it answered since */
        {NEVER, NEVER, 6, REACH_DOUBTFUL, 6, "call_failed", REACH_BY_NOTHING},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct number_proof_row proof = {.answered_at = {rows[i].answered_ms},
                                               .key_at = {rows[i].key_ms},
                                               .failed_at = {rows[i].failed_ms},
                                               .answered_by = {{1}},
                                               .key_by = {{2}}};
        struct reach reach = reach_of_number("+33600000001", &proof);
        check(&reach, rows[i].state, rows[i].since_ms, rows[i].why);
        assert_int_equal(reach.proof, rows[i].proof);
        assert_int_equal(reach.proven_by.bytes[0], rows[i].proof == REACH_BY_KEY      ? 2
                                                   : rows[i].proof == REACH_BY_ANSWER ? 1
                                                                                      : 0);
    }
    struct reach reach = reach_of_number("+33600000001", NULL);
    check(&reach, REACH_UNKNOWN, NEVER, "never_proven");
    reach = reach_of_number("", NULL);
    check(&reach, REACH_UNREACHABLE, NEVER, "no_number");
    reach = reach_of_number(NULL, NULL);
    check(&reach, REACH_UNREACHABLE, NEVER, "no_number");
}

/* The first of those that are as good: so are they called. */
static void test_call__is_the_best_number(void **state)
{
    (void)state;
    struct reach numbers[3] = {{.state = REACH_DOUBTFUL, .why = "a"},
                               {.state = REACH_PROVEN},
                               {.state = REACH_PROVEN, .why = "c"}};
    size_t which = 9;
    assert_int_equal(reach_of_call(numbers, 3, &which).state, REACH_PROVEN);
    assert_int_equal(which, 1);
    assert_string_equal(reach_of_call(numbers, 1, &which).why, "a");
    assert_int_equal(which, 0);
    struct reach none = reach_of_call(numbers, 0, &which);
    check(&none, REACH_UNREACHABLE, NEVER, "no_number");
    assert_int_equal(which, 0);
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(reach_state_word(REACH_UNKNOWN), "unknown");
    assert_null(reach_proof_word(REACH_BY_NOTHING));
    assert_string_equal(reach_proof_word(REACH_BY_TEST), "test_push");
    assert_string_equal(reach_proof_word(REACH_BY_ALERT), "alert");
    assert_string_equal(reach_proof_word(REACH_BY_KEY), "key");
    assert_string_equal(reach_proof_word(REACH_BY_ANSWER), "answer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_device__by_what_was_heard),
        cmocka_unit_test(test_device__by_its_newest_test),
        cmocka_unit_test(test_device__that_cannot_show_anything),
        cmocka_unit_test(test_push__is_the_best_phone),
        cmocka_unit_test(test_number__by_what_became_of_calls),
        cmocka_unit_test(test_call__is_the_best_number),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests_name("engine.reachability", tests, NULL, NULL);
}
