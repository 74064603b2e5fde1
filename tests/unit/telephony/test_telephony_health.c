/* test_telephony_health.c - since when an endpoint fails, when none is left, and what is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/telephony/telephony_health.h"

#define WALL_MS INT64_C(1767578400000) /* 2026-01-05T02:00:00Z, when the monotonic clock is 0 */

static struct telephony_moment at(int64_t ms)
{
    return (struct telephony_moment){{ms}, {WALL_MS + ms}};
}

static struct monotonic_time now(int64_t ms)
{
    return (struct monotonic_time){ms};
}

static struct telephony_health make(const char *name)
{
    struct telephony_health health;
    telephony_health_init(&health, name);
    return health;
}

static struct telephony_health make_failing(const char *name, int64_t since_ms, int64_t last_ms)
{
    struct telephony_health health = make(name);
    telephony_health_failed(&health, at(since_ms), "connect");
    telephony_health_failed(&health, at(last_ms), "connect");
    return health;
}

static void test_health__fails_from_the_first_failure_until_it_delivers(void **state)
{
    (void)state;
    struct telephony_health health = make("telephony");
    assert_string_equal(telephony_health_text(&health), "unused");
    assert_int_equal(telephony_health_failing_ms(&health, now(500)), 0);
    telephony_health_delivered(&health, at(1000));
    assert_string_equal(telephony_health_text(&health), "up");
    assert_int_equal(health.delivered_at.wall.ms, WALL_MS + 1000);
    telephony_health_failed(&health, at(2000), "connect");
    telephony_health_failed(&health, at(5000), "timeout");
    assert_string_equal(telephony_health_text(&health), "down");
    assert_int_equal(health.failing_since.wall.ms, WALL_MS + 2000);
    assert_int_equal(telephony_health_failing_ms(&health, now(9000)), 7000);
    assert_int_equal(health.failed_at.ms, 5000);
    assert_string_equal(health.reason, "timeout");
    telephony_health_delivered(&health, at(9500));
    assert_string_equal(telephony_health_text(&health), "up");
    assert_int_equal(health.failing_since.wall.ms, TIME_NEVER_MS);
    assert_int_equal(telephony_health_failing_ms(&health, now(9600)), 0);
    assert_string_equal(health.reason, "");
}

static void test_cut_off__when_it_lasts_and_nothing_else_delivers(void **state)
{
    (void)state;
    struct telephony_health both[2] = {make_failing("telephony", 1000, 10900), make("call-centre")};
    assert_false(telephony_is_cut_off(both, 0, now(11001)));
    assert_false(telephony_is_cut_off(both, 2, now(11000))); /* ten seconds are not longer */
    assert_true(telephony_is_cut_off(both, 2, now(11001)));
    telephony_health_delivered(&both[1], at(999)); /* before */
    assert_true(telephony_is_cut_off(both, 2, now(11001)));
    telephony_health_delivered(&both[1], at(1000));
    assert_false(telephony_is_cut_off(both, 2, now(11001)));
}

static void test_cut_off__when_the_stand_in_fails_too(void **state)
{
    (void)state;
    struct telephony_health both[2] = {make_failing("telephony", 1000, 30000), make("call-centre")};
    telephony_health_delivered(&both[1], at(2000));
    telephony_health_failed(&both[1], at(20000), "http_503");
    assert_false(telephony_is_cut_off(both, 2, now(30000)));
    assert_true(telephony_is_cut_off(both, 2, now(30001)));
    telephony_health_delivered(&both[0], at(30002));
    assert_false(telephony_is_cut_off(both, 2, now(30003)));
}

static void test_cut_off__ends_when_nobody_tries_any_more(void **state)
{
    (void)state;
    struct telephony_health one = make_failing("telephony", 0, 20000);
    assert_true(telephony_is_cut_off(&one, 1, now(79999)));
    assert_false(telephony_is_cut_off(&one, 1, now(80000)));
    assert_string_equal(telephony_health_text(&one), "down"); /* nobody knows better */
    telephony_health_failed(&one, at(90000), "connect");
    assert_true(telephony_is_cut_off(&one, 1, now(90000)));
}

static void test_words__name_endpoint_failure_time_and_remedy(void **state)
{
    (void)state;
    char words[TELEPHONY_HEALTH_WORDS_BYTES_MAX];
    struct telephony_health health = make_failing("call-centre", 0, 1);
    telephony_health_words(&health, words);
    assert_string_equal(
        words, "endpoint call-centre has delivered nothing since 2026-01-05T02:00:00.000Z: nothing "
               "takes connections at its address (connect); what goes by it does not arrive. "
               "Remedy: start what listens there, or mend the network or the url "
               "([endpoint.call-centre])");
    static const struct {
        const char *reason;
        const char *part;
    } cases[] = {
        {"resolve", "name in its url"}, {"timeout", "in time"},
        {"tls", "certificate"},         {"http_503", "error of its own"},
        {"cut", "without an answer"},   {"ca_file", "ca_file"},
        {"not_http", "speak HTTP"},     {"failed", "requests to it fail"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        telephony_health_failed(&health, at(2), cases[i].reason);
        telephony_health_words(&health, words);
        assert_non_null(strstr(words, cases[i].part));
        assert_non_null(strstr(words, cases[i].reason));
    }
    telephony_health_delivered(&health, at(3));
    telephony_health_words(&health, words);
    assert_string_equal(words, "endpoint call-centre delivers again");
}

static void test_words__fit_whatever_the_name(void **state)
{
    (void)state;
    char words[TELEPHONY_HEALTH_WORDS_BYTES_MAX];
    char name[SLUG_BYTES_MAX];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct telephony_health health = make_failing(name, 0, 1);
    telephony_health_failed(&health, at(2), "tls"); /* the longest */
    telephony_health_words(&health, words);
    assert_int_equal(words[strlen(words) - 1], ')');
}

static void test_watch__tells_once_a_minute_and_the_end_once(void **state)
{
    (void)state;
    struct telephony_watch watch = {0};
    struct telephony_health health = make("telephony");
    assert_int_equal(telephony_watch_look(&watch, &health, now(0)), TELEPHONY_NO_NEWS);
    telephony_health_failed(&health, at(1000), "connect");
    assert_int_equal(telephony_watch_look(&watch, &health, now(2999)), TELEPHONY_NO_NEWS);
    int told = 0;
    for (int64_t ms = 3000; ms <= 3000 + 2 * TELEPHONY_TELL_EVERY_MS; ms += 500) {
        telephony_health_failed(&health, at(ms), "connect");
        told += telephony_watch_look(&watch, &health, now(ms)) == TELEPHONY_FAILS;
    }
    assert_int_equal(told, 3);
    telephony_health_delivered(&health, at(130000));
    assert_int_equal(telephony_watch_look(&watch, &health, now(130000)), TELEPHONY_DELIVERS_AGAIN);
    assert_int_equal(telephony_watch_look(&watch, &health, now(130500)), TELEPHONY_NO_NEWS);
}

static void test_watch__flapping_is_told_once_a_minute(void **state)
{
    (void)state;
    struct telephony_watch watch = {0};
    struct telephony_health health = make("telephony");
    int failures = 0;
    int ends = 0;
    for (int64_t ms = 0; ms < TELEPHONY_TELL_EVERY_MS; ms += 10000) {
        telephony_health_failed(&health, at(ms), "cut");
        failures += telephony_watch_look(&watch, &health, now(ms + 5000)) == TELEPHONY_FAILS;
        telephony_health_delivered(&health, at(ms + 6000));
        ends += telephony_watch_look(&watch, &health, now(ms + 6000)) == TELEPHONY_DELIVERS_AGAIN;
    }
    assert_int_equal(failures, 1);
    assert_int_equal(ends, 1);
}

static void test_watch__short_and_stale_failures_are_not_told(void **state)
{
    (void)state;
    struct telephony_watch watch = {0};
    struct telephony_health health = make_failing("telephony", 0, 0);
    assert_int_equal(telephony_watch_look(&watch, &health, now(60000)), TELEPHONY_NO_NEWS);
    telephony_health_delivered(&health, at(60001));
    assert_int_equal(telephony_watch_look(&watch, &health, now(60002)), TELEPHONY_NO_NEWS);
}

static void test_watch__another_url_is_no_delivery(void **state)
{
    (void)state;
    struct telephony_watch watch = {0};
    struct telephony_health health = make_failing("telephony", 0, 2000);
    assert_int_equal(telephony_watch_look(&watch, &health, now(2000)), TELEPHONY_FAILS);
    health = make("telephony");
    assert_int_equal(telephony_watch_look(&watch, &health, now(2500)), TELEPHONY_NO_NEWS);
    telephony_health_delivered(&health, at(3000));
    assert_int_equal(telephony_watch_look(&watch, &health, now(3000)), TELEPHONY_NO_NEWS);
}

static void test_watch__more_names_than_places(void **state)
{
    (void)state;
    struct telephony_watch watch = {0};
    for (int i = 0; i < TELEPHONY_ENDPOINTS_MAX + 1; i++) {
        char name[] = "e-aa";
        name[2] = (char)('a' + i / 26);
        name[3] = (char)('a' + i % 26);
        struct telephony_health health = make_failing(name, i, i + 2000);
        assert_int_equal(telephony_watch_look(&watch, &health, now(i + 2000)), TELEPHONY_FAILS);
        assert_int_equal(telephony_watch_look(&watch, &health, now(i + 2001)), TELEPHONY_NO_NEWS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health__fails_from_the_first_failure_until_it_delivers),
        cmocka_unit_test(test_cut_off__when_it_lasts_and_nothing_else_delivers),
        cmocka_unit_test(test_cut_off__when_the_stand_in_fails_too),
        cmocka_unit_test(test_cut_off__ends_when_nobody_tries_any_more),
        cmocka_unit_test(test_words__name_endpoint_failure_time_and_remedy),
        cmocka_unit_test(test_words__fit_whatever_the_name),
        cmocka_unit_test(test_watch__tells_once_a_minute_and_the_end_once),
        cmocka_unit_test(test_watch__flapping_is_told_once_a_minute),
        cmocka_unit_test(test_watch__short_and_stale_failures_are_not_told),
        cmocka_unit_test(test_watch__another_url_is_no_delivery),
        cmocka_unit_test(test_watch__more_names_than_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
