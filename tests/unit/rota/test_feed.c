/* Shifts as an iCalendar file: form, words, folding, limits. What other programs read in it is
 * asked by tests/integration/test_feeds.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/rota/rota_feed.h"
#include "tests/unit/rota/fixture.h"

#define DAY_MS INT64_C(86400000)

static struct rota_feed_shift one_shift(const char *agent_name)
{
    return (struct rota_feed_shift){.from = moment("2026-01-05T08:00:00Z"),
                                    .to = moment("2026-01-12T08:00:00Z"),
                                    .changed_at = moment("2025-12-01T10:30:15.750Z"),
                                    .rota = "principal",
                                    .agent = "paul",
                                    .agent_name = agent_name};
}

static const char *write_feed(struct fixture *fixture, const struct rota_feed *feed)
{
    size_t bytes = 0;
    /* Not on the stack: gcc -O3 takes what is found in the text for a part of this variable. */
    const char **text = arena_alloc(fixture->arena, sizeof *text);
    assert_non_null(text);
    if (rota_feed_write(feed, fixture->arena, text, &bytes, &fixture->error) != STATUS_OK) {
        fail_msg("%s", fixture->error.text);
    }
    assert_int_equal(strlen(*text), bytes);
    return *text;
}

static const char *write_shifts(struct fixture *fixture, const struct rota_feed_shift *shifts,
                                size_t count)
{
    const struct rota_feed feed = {.customer = "clinique",
                                   .customer_name = "Clinique Saint-Jean",
                                   .rota = "principal",
                                   .french = true,
                                   .shifts = shifts,
                                   .shifts_count = count};
    return write_feed(fixture, &feed);
}

static const char *uid_of(struct fixture *fixture, const struct rota_feed_shift *shift)
{
    const char *uid = strstr(write_shifts(fixture, shift, 1), "\r\nUID:");
    assert_non_null(uid);
    return arena_text_n(fixture->arena, uid + 2, strcspn(uid + 2, "\r"));
}

static void feed__of_a_rota(void **state)
{
    const struct rota_feed_shift shift = one_shift("Paul Durand");
    assert_string_equal(write_shifts(*state, &shift, 1),
                        "BEGIN:VCALENDAR\r\n"
                        "VERSION:2.0\r\n"
                        "PRODID:-//astreinte//gateway//FR\r\n"
                        "CALSCALE:GREGORIAN\r\n"
                        "METHOD:PUBLISH\r\n"
                        "NAME:Astreinte principal – Clinique Saint-Jean\r\n"
                        "X-WR-CALNAME:Astreinte principal – Clinique Saint-Jean\r\n"
                        "REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\n"
                        "X-PUBLISHED-TTL:PT15M\r\n"
                        "BEGIN:VEVENT\r\n"
                        "UID:e837fb1affb25b86200e470a5d39c31c@astreinte\r\n"
                        "DTSTAMP:20251201T103015Z\r\n"
                        "DTSTART:20260105T080000Z\r\n"
                        "DTEND:20260112T080000Z\r\n"
                        "SUMMARY:Astreinte principal : Paul Durand\r\n"
                        "TRANSP:TRANSPARENT\r\n"
                        "X-ASTREINTE-AGENT:paul\r\n"
                        "END:VEVENT\r\n"
                        "END:VCALENDAR\r\n");
}

static void feed__of_an_agent_in_english(void **state)
{
    const struct rota_feed_shift shift = one_shift("Paul Durand");
    const struct rota_feed feed = {.customer = "clinique",
                                   .customer_name = "Clinique Saint-Jean",
                                   .agent_name = "Paul Durand",
                                   .shifts = &shift,
                                   .shifts_count = 1};
    const char *text = write_feed(*state, &feed);
    assert_non_null(strstr(text, "\r\nNAME:On call: Paul Durand – Clinique Saint-Jean\r\n"));
    assert_non_null(strstr(text, "\r\nSUMMARY:On call principal – Clinique Saint-Jean\r\n"));
    assert_non_null(strstr(text, "PRODID:-//astreinte//gateway//EN\r\n"));
}

static void feed__without_shifts(void **state)
{
    assert_null(strstr(write_shifts(*state, NULL, 0), "VEVENT"));
}

static void uid__stays_as_long_as_the_shift_does(void **state)
{
    struct rota_feed_shift shift = one_shift("Paul Durand");
    const char *before = uid_of(*state, &shift);
    shift.agent_name = "Paul Durand-Petit";
    shift.to.ms += DAY_MS;
    shift.changed_at.ms += DAY_MS;
    assert_string_equal(uid_of(*state, &shift), before);
    shift.from.ms += 1000;
    assert_string_not_equal(uid_of(*state, &shift), before);
    shift.from.ms -= 1000;
    shift.agent = "marie";
    assert_string_not_equal(uid_of(*state, &shift), before);
    shift.agent = "paul";
    shift.rota = "renfort";
    assert_string_not_equal(uid_of(*state, &shift), before);
}

static void text__is_escaped(void **state)
{
    const struct rota_feed_shift shift = one_shift("Durand, Paul; \\ \r\nBEGIN:VEVENT\t\x7f");
    const char *text = write_shifts(*state, &shift, 1);
    assert_non_null(strstr(text, "\r\nSUMMARY:Astreinte principal : Durand\\, Paul\\; \\\\ "
                                 "\\nBEGIN:VEVENT  \r\n"));
}

/* Whatever the length in front, no line is over 75 octets, and none cuts a character. */
static void lines__are_folded_between_characters(void **state)
{
    static const char *const characters[] = {"a", "é", "–", "𝄞", ","};
    for (size_t c = 0; c < sizeof characters / sizeof characters[0]; c++) {
        for (size_t count = 40; count < 120; count++) {
            char name[800] = "";
            for (size_t i = 0; i < count; i++) {
                (void)strncat(name, characters[c], sizeof name - strlen(name) - 1);
            }
            const struct rota_feed_shift shift = one_shift(name);
            const char *text = write_shifts(*state, &shift, 1);
            while (*text != '\0') {
                size_t octets = strcspn(text, "\r");
                assert_true(octets <= 75);
                assert_true(text_is_utf8(text, octets));
                assert_memory_equal(text + octets, "\r\n", 2);
                assert_true(octets > 1 || text[0] != ' ');
                text += octets + 2;
            }
        }
    }
}

/* Unfolded again it is the same text. */
static void lines__unfold_to_the_text(void **state)
{
    const struct rota_feed_shift shift =
        one_shift("Anaïs-Élodie de la Rochefoucauld-Montmorency Bouteville, dite Zoé Ÿœ𝄞 Ågren");
    char unfolded[4096];
    size_t used = 0;
    for (const char *at = write_shifts(*state, &shift, 1); *at != '\0'; at++) {
        if (strncmp(at, "\r\n ", 3) == 0) {
            at += 2;
        } else {
            unfolded[used++] = *at;
        }
    }
    unfolded[used] = '\0';
    assert_non_null(strstr(unfolded, "SUMMARY:Astreinte principal : Anaïs-Élodie de la "
                                     "Rochefoucauld-Montmorency Bouteville\\, dite Zoé Ÿœ𝄞 "
                                     "Ågren\r\n"));
}

static void window__is_the_same_all_day(void **state)
{
    (void)state;
    struct wall_time from, to, from_late, to_late;
    rota_feed_window(moment("2026-03-29T00:00:00Z"), &from, &to);
    rota_feed_window(moment("2026-03-29T23:59:59.999Z"), &from_late, &to_late);
    assert_int_equal(from.ms, moment("2026-02-26T00:00:00Z").ms);
    assert_int_equal(to.ms, moment("2027-03-30T00:00:00Z").ms);
    assert_int_equal(from_late.ms, from.ms);
    assert_int_equal(to_late.ms, to.ms);
}

static void window__stays_within_the_calendar(void **state)
{
    (void)state;
    struct wall_time from, to;
    rota_feed_window((struct wall_time){0}, &from, &to);
    assert_int_equal(from.ms, 0);
    rota_feed_window((struct wall_time){INT64_MIN}, &from, &to);
    assert_int_equal(from.ms, 0);
    assert_true(to.ms > 0);
    rota_feed_window((struct wall_time){INT64_MAX}, &from, &to);
    assert_true(from.ms < to.ms && to.ms <= ROTA_TIME_MS_MAX);
}

static void limit__of_bytes(void **state)
{
    struct fixture *fixture = *state;
    size_t count = 20000;
    struct rota_feed_shift *shifts = arena_alloc(fixture->arena, count * sizeof *shifts);
    for (size_t i = 0; i < count; i++) {
        shifts[i] = one_shift("Paul Durand");
    }
    const struct rota_feed feed = {.customer = "c",
                                   .customer_name = "C",
                                   .rota = "principal",
                                   .shifts = shifts,
                                   .shifts_count = count};
    const char *text = NULL;
    size_t bytes;
    assert_int_equal(rota_feed_write(&feed, fixture->arena, &text, &bytes, &fixture->error),
                     STATUS_TOO_LARGE);
    assert_null(text);
    assert_non_null(strstr(fixture->error.text, "4194304"));
}

static void limit__of_memory(void **state)
{
    struct fixture *fixture = *state;
    const struct rota_feed_shift shift = one_shift("Paul Durand");
    const struct rota_feed feed = {.customer = "c",
                                   .customer_name = "C",
                                   .rota = "principal",
                                   .shifts = &shift,
                                   .shifts_count = 1};
    const char *text = NULL;
    size_t bytes;
    struct arena *small = arena_create(100);
    assert_int_equal(rota_feed_write(&feed, small, &text, &bytes, &fixture->error),
                     STATUS_NO_MEMORY);
    assert_null(text);
    arena_destroy(&small);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(feed__of_a_rota),
        TEST(feed__of_an_agent_in_english),
        TEST(feed__without_shifts),
        TEST(uid__stays_as_long_as_the_shift_does),
        TEST(text__is_escaped),
        TEST(lines__are_folded_between_characters),
        TEST(lines__unfold_to_the_text),
        TEST(window__is_the_same_all_day),
        TEST(window__stays_within_the_calendar),
        TEST(limit__of_bytes),
        TEST(limit__of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
