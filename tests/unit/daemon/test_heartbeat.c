/* test_heartbeat.c - when a heartbeat goes out, when it is withheld, and what becomes of it. What
 * telephony is handed is the test's to complete. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/daemon/configuration.h"
#include "gateway/daemon/heartbeat.h"

#define START_MS   INT64_C(1000000)
#define EVERY_MS   INT64_C(60000)
#define TIMEOUT_MS INT64_C(7000)

static struct {
    struct monotonic_time now;
    enum status submits; /* what telephony answers */
    struct telephony_job job;
    int jobs;
    int alarms;
    char alarm[64];
} world;

/* ---- the linker puts these in front of the true ones ---- */

enum status __wrap_telephony_submit(struct telephony *telephony, const struct telephony_job *job,
                                    struct error *error);
void __wrap_engine_alarm(struct engine *engine, const char *kind, const char *detail);

enum status __wrap_telephony_submit(struct telephony *telephony, const struct telephony_job *job,
                                    struct error *error)
{
    (void)telephony;
    world.job = *job;
    world.jobs++;
    return world.submits == STATUS_OK ? STATUS_OK : error_set(error, world.submits, "full");
}

void __wrap_engine_alarm(struct engine *engine, const char *kind, const char *detail)
{
    (void)engine;
    assert_string_equal(kind, "heartbeat.not_delivered");
    world.alarms++;
    (void)text_copy(world.alarm, sizeof world.alarm, detail);
}

/* ---- */

static int set_up(void **state)
{
    static struct heartbeat heartbeat;
    memset(&world, 0, sizeof world);
    world.now.ms = START_MS;
    memset(&heartbeat, 0, sizeof heartbeat);
    heartbeat.every_ms = EVERY_MS;
    heartbeat.timeout_ms = TIMEOUT_MS;
    *state = &heartbeat;
    return 0;
}

#define HEARTBEAT_TEST(name) cmocka_unit_test_setup(name, set_up)

static int look_after(struct heartbeat *heartbeat, int64_t ms, enum self_check_verdict verdict)
{
    world.now.ms += ms;
    heartbeat_look(heartbeat, verdict, world.now);
    return world.jobs;
}

static void complete(enum telephony_outcome outcome, const char *reason)
{
    struct telephony_result result = {.outcome = outcome};
    (void)text_copy(result.reason, sizeof result.reason, reason);
    world.job.complete(world.job.context, &result);
}

static void assert_counted(struct heartbeat *heartbeat, uint64_t delivered, uint64_t failed,
                           uint64_t withheld)
{
    assert_int_equal(atomic_load(&heartbeat->delivered), delivered);
    assert_int_equal(atomic_load(&heartbeat->failed), failed);
    assert_int_equal(atomic_load(&heartbeat->withheld), withheld);
}

static void test_heartbeat__goes_out_each_time_it_is_due(void **state)
{
    struct heartbeat *heartbeat = *state;
    assert_int_equal(look_after(heartbeat, 0, SELF_CHECK_PASSED), 1); /* the first at once */
    assert_string_equal(world.job.endpoint, HEARTBEAT_ENDPOINT);
    assert_string_equal(world.job.body_json, "{\"type\":\"gateway.heartbeat\"}");
    assert_int_equal(world.job.deadline.ms, START_MS + TIMEOUT_MS);
    complete(TELEPHONY_DELIVERED, "");
    assert_int_equal(look_after(heartbeat, EVERY_MS - 1, SELF_CHECK_PASSED), 1);
    assert_int_equal(look_after(heartbeat, 1, SELF_CHECK_PASSED), 2);
    complete(TELEPHONY_DELIVERED, "");
    assert_counted(heartbeat, 2, 0, 0);
    assert_int_equal(world.alarms, 0);
}

static void test_heartbeat__none_is_configured(void **state)
{
    struct heartbeat *heartbeat = *state;
    heartbeat->every_ms = 0;
    assert_int_equal(look_after(heartbeat, EVERY_MS, SELF_CHECK_PASSED), 0);
    assert_int_equal(look_after(heartbeat, EVERY_MS, SELF_CHECK_STUCK), 0);
    assert_counted(heartbeat, 0, 0, 0);
}

/* Each verdict but the best keeps it back: counted once, and it goes out as soon as all passes. */
static void test_heartbeat__is_withheld_while_anything_is_wrong(void **state)
{
    static const enum self_check_verdict verdicts[] = {SELF_CHECK_LATE, SELF_CHECK_FAILED,
                                                       SELF_CHECK_STUCK};
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        (void)set_up(state);
        struct heartbeat *heartbeat = *state;
        assert_int_equal(look_after(heartbeat, 0, verdicts[i]), 0);
        assert_int_equal(look_after(heartbeat, EVERY_MS, verdicts[i]), 0);
        assert_counted(heartbeat, 0, 0, 1);
        assert_int_equal(look_after(heartbeat, 500, SELF_CHECK_PASSED), 1);
        complete(TELEPHONY_DELIVERED, "");
        assert_int_equal(look_after(heartbeat, EVERY_MS - 1, verdicts[i]), 1); /* not due */
        assert_counted(heartbeat, 1, 0, 1);
        assert_int_equal(look_after(heartbeat, 1, verdicts[i]), 1);
        assert_counted(heartbeat, 1, 0, 2); /* another one */
    }
}

/* The receiver is slow: the next waits until the last is over, and none is queued behind it. */
static void test_heartbeat__is_one_at_a_time(void **state)
{
    struct heartbeat *heartbeat = *state;
    (void)look_after(heartbeat, 0, SELF_CHECK_PASSED);
    assert_int_equal(look_after(heartbeat, EVERY_MS, SELF_CHECK_PASSED), 1);
    assert_int_equal(look_after(heartbeat, 500, SELF_CHECK_PASSED), 1);
    complete(TELEPHONY_DELIVERED, "");
    assert_int_equal(look_after(heartbeat, 500, SELF_CHECK_PASSED), 2);
    assert_counted(heartbeat, 1, 0, 0); /* nothing was wrong with the gateway */
}

static void test_heartbeat__that_is_not_delivered_is_told(void **state)
{
    struct heartbeat *heartbeat = *state;
    (void)look_after(heartbeat, 0, SELF_CHECK_PASSED);
    complete(TELEPHONY_RETRY_EXHAUSTED, "http_503");
    assert_counted(heartbeat, 0, 1, 0);
    assert_int_equal(world.alarms, 1);
    assert_string_equal(world.alarm, "http_503");
    assert_int_equal(look_after(heartbeat, EVERY_MS - 1, SELF_CHECK_PASSED), 1);
    assert_int_equal(look_after(heartbeat, 1, SELF_CHECK_PASSED), 2); /* the next try */
    complete(TELEPHONY_UNCERTAIN, "stopping");                        /* our own end is no news */
    assert_counted(heartbeat, 0, 2, 0);
    assert_int_equal(world.alarms, 1);
}

static void test_heartbeat__that_telephony_does_not_take_fails(void **state)
{
    struct heartbeat *heartbeat = *state;
    world.submits = STATUS_FULL;
    assert_int_equal(look_after(heartbeat, 0, SELF_CHECK_PASSED), 1);
    assert_counted(heartbeat, 0, 1, 0);
    assert_int_equal(look_after(heartbeat, EVERY_MS - 1, SELF_CHECK_PASSED), 1);
    world.submits = STATUS_OK;
    assert_int_equal(look_after(heartbeat, 1, SELF_CHECK_PASSED), 2); /* none is inside */
    assert_counted(heartbeat, 0, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HEARTBEAT_TEST(test_heartbeat__goes_out_each_time_it_is_due),
        HEARTBEAT_TEST(test_heartbeat__none_is_configured),
        HEARTBEAT_TEST(test_heartbeat__is_withheld_while_anything_is_wrong),
        HEARTBEAT_TEST(test_heartbeat__is_one_at_a_time),
        HEARTBEAT_TEST(test_heartbeat__that_is_not_delivered_is_told),
        HEARTBEAT_TEST(test_heartbeat__that_telephony_does_not_take_fails),
    };
    return cmocka_run_group_tests_name("daemon.heartbeat", tests, NULL, NULL);
}
