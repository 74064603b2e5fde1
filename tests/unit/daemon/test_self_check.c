/* test_self_check.c - what passes, what is late, what fails and what hangs, to the millisecond;
 * what is told of it, and the grace of a machine that slept. The engine, the push thread and
 * telephony are what the test says they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/daemon/configuration.h"
#include "gateway/daemon/self_check.h"
#include "gateway/telephony/telephony_health.h"

#define START_MS INT64_C(1000000)
#define FULL     "disk full: only the open escalations go on"

/* What the next look sees. */
static struct {
    struct engine_statistics engine;
    int64_t push_pulse_ms;
    int64_t telephony_pulse_ms;
    int64_t reading_ms;
    int64_t cut_off_ms; /* how long no way out has been left */
    struct monotonic_time now;
    int asked; /* both threads, of their pulse */
    int alarms;
    const char *alarm;
} world;

/* ---- the linker puts these in front of the true ones ---- */

void __wrap_engine_statistics(struct engine *engine, struct engine_statistics *statistics_r);
struct monotonic_time __wrap_push_sender_pulse(struct push_sender *sender);
struct monotonic_time __wrap_telephony_pulse(struct telephony *telephony);
size_t __wrap_telephony_healths(struct telephony *telephony, const char *except,
                                struct telephony_health healths_r[TELEPHONY_ENDPOINTS_MAX]);
int64_t __wrap_burden_reading_ms(void);
void __wrap_engine_alarm_about(struct engine *engine, const char *kind, const char *about,
                               const char *detail);

void __wrap_engine_statistics(struct engine *engine, struct engine_statistics *statistics_r)
{
    (void)engine;
    *statistics_r = world.engine;
}

struct monotonic_time __wrap_push_sender_pulse(struct push_sender *sender)
{
    assert_non_null(sender);
    world.asked++;
    return (struct monotonic_time){world.now.ms - world.push_pulse_ms};
}

int64_t __wrap_burden_reading_ms(void)
{
    return world.reading_ms;
}

struct monotonic_time __wrap_telephony_pulse(struct telephony *telephony)
{
    assert_non_null(telephony);
    world.asked++;
    return (struct monotonic_time){world.now.ms - world.telephony_pulse_ms};
}

size_t __wrap_telephony_healths(struct telephony *telephony, const char *except,
                                struct telephony_health healths_r[TELEPHONY_ENDPOINTS_MAX])
{
    assert_non_null(telephony);
    assert_string_equal(except, HEARTBEAT_ENDPOINT);
    telephony_health_init(&healths_r[0], "call-centre");
    if (world.cut_off_ms > 0) {
        const struct telephony_moment since = {.monotonic = {world.now.ms - world.cut_off_ms}};
        telephony_health_failed(&healths_r[0], since, "connect");
    }
    return 1;
}

void __wrap_engine_alarm_about(struct engine *engine, const char *kind, const char *about,
                               const char *detail)
{
    (void)engine;
    assert_string_equal(kind, "gateway.self_check");
    assert_string_equal(about, detail); /* another fault is another alarm */
    world.alarms++;
    world.alarm = detail;
}

/* ---- */

static int set_up(void **state)
{
    static struct self_check check;
    static char push, telephony; /* only their addresses are used */
    memset(&world, 0, sizeof world);
    world.engine.ready = true;
    world.engine.proven = true;
    world.now.ms = START_MS;
    memset(&check, 0, sizeof check);
    check.push = (void *)&push;
    check.telephony = (void *)&telephony;
    check.looked_at = world.now;
    check.told_at = world.now;
    *state = &check;
    return 0;
}

#define SELF_CHECK_TEST(name) cmocka_unit_test_setup(name, set_up)

static enum self_check_verdict look_after(struct self_check *check, int64_t ms)
{
    world.now.ms += ms;
    return self_check_look(check, world.now);
}

static void assert_found(struct self_check *check, enum self_check_verdict verdict,
                         const char *fault)
{
    assert_int_equal(look_after(check, 500), verdict);
    assert_int_equal(atomic_load(&check->verdict), verdict);
    const char *found = atomic_load(&check->fault);
    if (fault == NULL) {
        assert_null(found);
    } else {
        assert_non_null(found);
        assert_string_equal(found, fault);
    }
}

/* One thing at a time: at its limit all is well, a millisecond beyond it is not. */
static void test_look__finds_each_beyond_its_limit(void **state)
{
    static const struct {
        int64_t *at;
        int64_t limit;
        enum self_check_verdict verdict;
        const char *fault;
    } rows[] = {
        {&world.engine.answered_age_ms, 5000, SELF_CHECK_STUCK, "the writer hangs"},
        {&world.engine.watched_age_ms, 2000, SELF_CHECK_STUCK, "the watchdog hangs"},
        {&world.push_pulse_ms, 2000, SELF_CHECK_STUCK, "the push thread hangs"},
        {&world.telephony_pulse_ms, 2000, SELF_CHECK_STUCK, "the telephony thread hangs"},
        {&world.reading_ms, 10000, SELF_CHECK_STUCK, "a reader hangs"},
        {&world.engine.proven_age_ms, 5000, SELF_CHECK_STUCK,
         "what is committed does not come back"},
        {&world.engine.overdue_ms, 5000, SELF_CHECK_LATE, "steps are overdue"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)set_up(state);
        struct self_check *check = *state;
        *rows[i].at = rows[i].limit;
        assert_found(check, SELF_CHECK_PASSED, NULL);
        *rows[i].at = rows[i].limit + 1;
        assert_found(check, rows[i].verdict, rows[i].fault);
        *rows[i].at = 0;
        assert_found(check, SELF_CHECK_PASSED, NULL);
    }
}

static void test_look__finds_what_is_said(void **state)
{
    struct self_check *check = *state;
    world.engine.writer_stuck = true;
    assert_found(check, SELF_CHECK_STUCK, "the writer hangs");
    world.engine.writer_stuck = false;
    world.engine.deadlines_stalled = true;
    assert_found(check, SELF_CHECK_STUCK, "overdue steps are not done");
    world.engine.deadlines_stalled = false;
    world.engine.ready = false;
    world.engine.not_ready_why = FULL;
    assert_found(check, SELF_CHECK_FAILED, FULL);
    world.engine.ready = true;
    world.cut_off_ms = TELEPHONY_CUT_OFF_MS + 1;
    assert_found(check, SELF_CHECK_FAILED, "no telephony endpoint can be reached");
    world.cut_off_ms = 0;
    assert_found(check, SELF_CHECK_PASSED, NULL);
}

/* Nothing came back yet, as just after a start: no fault, and no heartbeat either. */
static void test_look__does_not_pass_before_anything_is_proven(void **state)
{
    struct self_check *check = *state;
    world.engine.proven = false;
    assert_found(check, SELF_CHECK_LATE, NULL);
    world.engine.proven = true;
    assert_found(check, SELF_CHECK_PASSED, NULL);
    assert_int_equal(world.alarms, 0);
}

/* All is wrong at once, and mended from the first to the last: what a restart may mend comes first,
 * but for what it cannot mend and would be blamed for. */
static void test_look__names_the_first_of_several(void **state)
{
    struct self_check *check = *state;
    world.engine = (struct engine_statistics){.writer_stuck = true,
                                              .answered_age_ms = 5001,
                                              .watched_age_ms = 2001,
                                              .proven_age_ms = 5001,
                                              .deadlines_stalled = true,
                                              .overdue_ms = 5001,
                                              .not_ready_why = FULL};
    world.push_pulse_ms = world.telephony_pulse_ms = 2001;
    world.reading_ms = 10001;
    world.cut_off_ms = TELEPHONY_CUT_OFF_MS + 1;
    assert_found(check, SELF_CHECK_STUCK, "the writer hangs");
    world.engine.writer_stuck = false;
    world.engine.answered_age_ms = 0;
    assert_found(check, SELF_CHECK_STUCK, "the watchdog hangs");
    world.engine.watched_age_ms = 0;
    assert_found(check, SELF_CHECK_STUCK, "the push thread hangs");
    world.push_pulse_ms = 0;
    assert_found(check, SELF_CHECK_STUCK, "the telephony thread hangs");
    world.telephony_pulse_ms = 0;
    assert_found(check, SELF_CHECK_STUCK, "a reader hangs");
    world.reading_ms = 0;
    assert_found(check, SELF_CHECK_FAILED, FULL);
    world.engine.ready = true;
    assert_found(check, SELF_CHECK_STUCK, "what is committed does not come back");
    world.engine.proven_age_ms = 0;
    assert_found(check, SELF_CHECK_STUCK, "overdue steps are not done");
    world.engine.deadlines_stalled = false;
    assert_found(check, SELF_CHECK_FAILED, "no telephony endpoint can be reached");
    world.cut_off_ms = 0;
    assert_found(check, SELF_CHECK_LATE, "steps are overdue");
    world.engine.overdue_ms = 0;
    assert_found(check, SELF_CHECK_LATE, NULL);
}

/* Each look asks both for the next one to be judged by, whatever else is wrong. */
static void test_look__asks_every_thread(void **state)
{
    struct self_check *check = *state;
    world.engine.writer_stuck = true;
    world.push_pulse_ms = 2001;
    (void)look_after(check, 500);
    assert_int_equal(world.asked, 2);
}

static void test_look__needs_neither_push_nor_telephony(void **state)
{
    struct self_check *check = *state;
    check->push = NULL;
    check->telephony = NULL;
    world.push_pulse_ms = world.telephony_pulse_ms = 2001;
    world.cut_off_ms = TELEPHONY_CUT_OFF_MS + 1;
    assert_found(check, SELF_CHECK_PASSED, NULL);
    assert_int_equal(world.asked, 0);
}

static void test_look__tells_at_once_and_each_minute(void **state)
{
    struct self_check *check = *state;
    world.engine.overdue_ms = 5001;
    (void)look_after(check, 500);
    assert_int_equal(world.alarms, 1);
    for (int i = 0; i < 40; i++) {
        (void)look_after(check, 1499);
    }
    assert_int_equal(world.alarms, 1); /* 59 960 ms */
    (void)look_after(check, 39);
    assert_int_equal(world.alarms, 1);
    (void)look_after(check, 1);
    assert_int_equal(world.alarms, 2);
    world.engine.deadlines_stalled = true; /* another one */
    (void)look_after(check, 500);
    assert_int_equal(world.alarms, 3);
    assert_string_equal(world.alarm, "overdue steps are not done");
    world.engine.deadlines_stalled = false;
    world.engine.overdue_ms = 0;
    (void)look_after(check, 500);
    assert_int_equal(world.alarms, 3);
    world.engine.overdue_ms = 5001;
    (void)look_after(check, 500);
    assert_int_equal(world.alarms, 4); /* again, after it was gone */
}

/* Two seconds without a look are a sleep, after which nothing hangs for three. */
static void test_look__gives_a_machine_that_slept_a_while(void **state)
{
    struct self_check *check = *state;
    world.engine.writer_stuck = true;
    assert_int_equal(look_after(check, 1999), SELF_CHECK_STUCK);
    assert_int_equal(world.alarms, 1);
    assert_int_equal(look_after(check, 2000), SELF_CHECK_LATE);
    assert_null(atomic_load(&check->fault));
    assert_int_equal(look_after(check, 1500), SELF_CHECK_LATE);
    assert_int_equal(look_after(check, 1499), SELF_CHECK_LATE);
    assert_int_equal(world.alarms, 1);
    assert_int_equal(look_after(check, 1), SELF_CHECK_STUCK);
    assert_int_equal(world.alarms, 2);
}

/* What a sleep does not make look old is told all the same. */
static void test_look__after_a_sleep_tells_what_failed(void **state)
{
    struct self_check *check = *state;
    world.engine.ready = false;
    world.engine.not_ready_why = FULL;
    assert_int_equal(look_after(check, 30000), SELF_CHECK_FAILED);
    assert_int_equal(world.alarms, 1);
    world.engine.ready = true;
    world.engine.overdue_ms = 30000;
    assert_int_equal(look_after(check, 500), SELF_CHECK_LATE);
    assert_string_equal(world.alarm, "steps are overdue");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SELF_CHECK_TEST(test_look__finds_each_beyond_its_limit),
        SELF_CHECK_TEST(test_look__finds_what_is_said),
        SELF_CHECK_TEST(test_look__does_not_pass_before_anything_is_proven),
        SELF_CHECK_TEST(test_look__names_the_first_of_several),
        SELF_CHECK_TEST(test_look__asks_every_thread),
        SELF_CHECK_TEST(test_look__needs_neither_push_nor_telephony),
        SELF_CHECK_TEST(test_look__tells_at_once_and_each_minute),
        SELF_CHECK_TEST(test_look__gives_a_machine_that_slept_a_while),
        SELF_CHECK_TEST(test_look__after_a_sleep_tells_what_failed),
    };
    return cmocka_run_group_tests_name("daemon.self_check", tests, NULL, NULL);
}
