/* Plannings of other programs: what becomes of their events, and what is said of those that are
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/rota/rota_import.h"
#include "tests/unit/rota/fixture.h"

#define CALENDAR(events) "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" events "END:VCALENDAR\r\n"
#define EVENT(lines)     "BEGIN:VEVENT\r\nUID:one@example.com\r\n" lines "END:VEVENT\r\n"
#define NIGHT            "DTSTART:20260105T180000Z\r\nDTEND:20260106T080000Z\r\n"
#define PAUL             "SUMMARY:paul\r\n"

static const struct rota_import_agent agents[] = {
    {"anne", "Anne Petit", true},     {"anne-2", "Anne Petit", true},
    {"durand", "Durand, Paul", true}, {"marie", "Marie Curie", true},
    {"old", "Old Agent", false},      {"paul", "Paul Durand", true},
    {"paul-martin", "Martin", true},  {"zoe", "ZOÉ  de L'Œuvre", true},
};

static struct rota_import import_of(const char *text)
{
    return (struct rota_import){.text = text,
                                .bytes = strlen(text),
                                .zone = "Europe/Paris",
                                .from = moment("2026-01-01T00:00:00Z"),
                                .agents = agents,
                                .agents_count = sizeof agents / sizeof agents[0]};
}

static enum status read_text(struct fixture *fixture, const char *text,
                             struct rota_import_shifts *shifts_r)
{
    const struct rota_import import = import_of(text);
    return rota_import_read(&import, fixture->arena, shifts_r, &fixture->error);
}

/* Reads a calendar and compares its shifts, as fixture.h shows intervals. */
static void assert_shifts(struct fixture *fixture, const char *text, const char *expected)
{
    struct rota_import_shifts shifts;
    if (read_text(fixture, text, &shifts) != STATUS_OK) {
        fail_msg("%s", fixture->error.text);
    }
    fixture->intervals = shifts.shifts;
    fixture->count = shifts.count;
    assert_intervals(fixture, expected);
}

static void assert_refused(struct fixture *fixture, const char *text, enum status status,
                           const char *why)
{
    struct rota_import_shifts shifts = {.count = 77};
    fixture->error.text[0] = '\0';
    assert_int_equal(read_text(fixture, text, &shifts), status);
    assert_int_equal(shifts.count, 77);
    if (strstr(fixture->error.text, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fixture->error.text, why);
    }
}

/* ---- times ---- */

static void times__in_utc_in_a_zone_and_floating(void **state)
{
    assert_shifts(*state,
                  CALENDAR(EVENT("DTSTART;TZID=America/Cayenne:20260701T080000\r\n"
                                 "DTEND;TZID=Europe/Paris:20260701T180000\r\n" PAUL)
                               EVENT("DTSTART:20260703T080000\r\nDTEND:20260703T180000\r\n" PAUL)
                                   EVENT(NIGHT PAUL)),
                  "2026-01-05T18:00:00Z 2026-01-06T08:00:00Z paul\n"
                  "2026-07-01T11:00:00Z 2026-07-01T16:00:00Z paul\n"
                  "2026-07-03T06:00:00Z 2026-07-03T16:00:00Z paul\n");
}

static void times__in_zones_of_other_names(void **state)
{
    assert_shifts(
        *state,
        CALENDAR(
            EVENT("DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Paris:20260701T080000\r\n"
                  "DTEND;TZID=Romance Standard Time:20260701T180000\r\n" PAUL)
                EVENT("DTSTART;TZID=\"/x/America/Argentina/Buenos_Aires\":20260702T080000\r\n"
                      "DTEND;TZID=\"/x/America/Argentina/Buenos_Aires\":20260702T090000\r\n" PAUL)),
        "2026-07-01T06:00:00Z 2026-07-01T16:00:00Z paul\n"
        "2026-07-02T11:00:00Z 2026-07-02T12:00:00Z paul\n");
}

static void times__of_a_duration(void **state)
{
    /* A day on the clock is 23 hours in the night of March 29; 24 hours are 24 hours. */
    assert_shifts(*state,
                  CALENDAR(EVENT("DTSTART:20260328T120000\r\nDURATION:P1DT1H\r\n" PAUL)
                               EVENT("DTSTART:20261024T120000\r\nDURATION:PT24H\r\n" PAUL)
                                   EVENT("DTSTART:20260501T120000\r\nDURATION:P1W\r\n" PAUL)),
                  "2026-03-28T11:00:00Z 2026-03-29T11:00:00Z paul\n"
                  "2026-05-01T10:00:00Z 2026-05-08T10:00:00Z paul\n"
                  "2026-10-24T10:00:00Z 2026-10-25T10:00:00Z paul\n");
}

static void times__in_the_nights_of_the_clock_change(void **state)
{
    /* 02:30 is skipped on March 29: the offset before makes it 03:30. On October 25 it comes twice:
     * the first. */
    assert_shifts(*state,
                  CALENDAR(EVENT("DTSTART:20260328T200000\r\nDTEND:20260329T023000\r\n" PAUL) EVENT(
                      "DTSTART:20260329T023000\r\nDTEND:20260329T080000\r\n"
                      "SUMMARY:marie\r\n")
                               EVENT("DTSTART:20261024T200000\r\nDTEND:20261025T023000\r\n" PAUL)
                                   EVENT("DTSTART:20261025T023000\r\nDTEND:20261025T080000\r\n"
                                         "SUMMARY:marie\r\n")),
                  "2026-03-28T19:00:00Z 2026-03-29T01:30:00Z paul\n"
                  "2026-03-29T01:30:00Z 2026-03-29T06:00:00Z marie\n"
                  "2026-10-24T18:00:00Z 2026-10-25T00:30:00Z paul\n"
                  "2026-10-25T00:30:00Z 2026-10-25T07:00:00Z marie\n");
}

static void times__that_are_refused(void **state)
{
    static const struct {
        const char *lines, *why;
    } cases[] = {
        {"DTSTART;VALUE=DATE:20260105\r\nDTEND;VALUE=DATE:20260106\r\n", "whole day"},
        {"DTEND:20260106T080000Z\r\n", "DTSTART must"},
        {"DTSTART:20260105T180000Z\r\n", "neither DTEND nor DURATION"},
        {"DTSTART:20260105T180000Z\r\nDTEND:20260105T180000Z\r\n", "ends after its start"},
        {"DTSTART:20260105T180000Z\r\nDTEND:20270107T180000Z\r\n", "at most 366 days"},
        {"DTSTART:20260105T180000Z\r\nDURATION:-PT1H\r\n", "above zero"},
        {"DTSTART:20260105T180000Z\r\nDURATION:PT0S\r\n", "ends after its start"},
        {"DTSTART:20260105T180000Z\r\nDURATION:P999999W\r\n", "above zero"},
        {NIGHT "DURATION:PT1H\r\n", "without DURATION"},
        {"DTSTART:20260105T180000Z\r\nDTEND;VALUE=DATE:20260106\r\n", "DTEND must"},
        {"DTSTART;TZID=Mars/Olympus:20260105T180000\r\nDTEND:20260106T080000Z\r\n", "IANA"},
        {"DTSTART;TZID=../../etc/passwd:20260105T180000\r\nDTEND:20260106T080000Z\r\n", "IANA"},
        {"DTSTART;TZID=/:20260105T180000\r\nDTEND:20260106T080000Z\r\n", "IANA"},
        {"DTSTART:20260105T180000Z\r\nDTEND;TZID=Mars:20260106T080000\r\n", "IANA"},
        {"DTSTART;TZID=Europe/Paris:20260105T180000Z\r\nDTEND:20260106T080000Z\r\n",
         "remove one of both"},
        {"DTSTART:20260230T180000Z\r\nDTEND:20260301T080000Z\r\n", "line 3"},
        {"DTSTART:20260105T250000Z\r\nDTEND:20260106T080000Z\r\n", "line 3"},
        {"DTSTART:99991231T180000Z\r\nDTEND:99991231T190000Z\r\n", "1100 days"},
        {"DTSTART:nonsense\r\nDTEND:20260106T080000Z\r\n", "does not know"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       CALENDAR("BEGIN:VEVENT\r\n%sUID:u\r\n" PAUL "END:VEVENT\r\n"),
                       cases[i].lines);
        assert_refused(*state, text, STATUS_INVALID, cases[i].why);
    }
}

/* ---- whose ---- */

static void agent__is_named_by(void **state)
{
    static const struct {
        const char *lines, *agent;
    } cases[] = {
        {"SUMMARY:paul\r\n", "paul"},
        {"SUMMARY:Paul Durand\r\n", "paul"},
        {"SUMMARY: PAUL   durand \r\n", "paul"},
        {"SUMMARY:Astreinte principal : Paul Durand\r\n", "paul"},
        {"SUMMARY:Paul Durand (astreinte)\r\n", "paul"},
        {"SUMMARY:Astreinte – zoé de l'œuvre – nuit\r\n", NULL}, /* Œ is not folded */
        {"SUMMARY:Astreinte – zoé de l'Œuvre – nuit\r\n", "zoe"},
        {"SUMMARY:Nuit - Marie Curie\r\n", "marie"},
        {"SUMMARY:Astreinte\\, Marie Curie\\; nuit\r\n", "marie"},
        {"SUMMARY:Durand\\, Paul\r\n", "durand"}, /* the longer name, not paul */
        {"SUMMARY:Astreinte / paul-martin\r\n", "paul-martin"},
        {"SUMMARY:paul / Paul Durand\r\n", "paul"},
        {"SUMMARY:Astreinte\r\nATTENDEE;CN=Paul Durand:mailto:x@example.com\r\n", "paul"},
        {"SUMMARY:Astreinte\r\nATTENDEE;CN=\"Durand, Paul\":mailto:x@example.com\r\n", "durand"},
        {"ATTENDEE:mailto:Paul_Martin@example.com\r\n", "paul-martin"},
        {"ATTENDEE;CN=marie@example.com:MAILTO:marie@example.com\r\n", "marie"},
        {"SUMMARY:Marie Curie\r\nATTENDEE;CN=Somebody Else:mailto:paul@example.com\r\n", "marie"},
        {"SUMMARY:Marie Curie\r\nATTENDEE;CUTYPE=ROOM;CN=Paul Durand:mailto:r@example.com\r\n",
         "marie"},
        {"SUMMARY:paul\r\nATTENDEE;PARTSTAT=DECLINED;CN=Chef:mailto:c@example.com\r\n", "paul"},
        {"X-ASTREINTE-AGENT:marie\r\nSUMMARY:Astreinte\r\n", "marie"},
        {"X-ASTREINTE-AGENT:anne-2\r\nSUMMARY:Astreinte : Anne Petit\r\n", "anne-2"},
        {"LOCATION:\r\nDESCRIPTION:\r\nSUMMARY:paul\r\n", "paul"}, /* empty, as Outlook has it */
        {"SUMMARY:Astreinte\r\nX-OTHER:paul\r\nX-ASTREINTE-AGENT:marie\r\n", "marie"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512], expected[128];
        (void)snprintf(text, sizeof text,
                       CALENDAR("BEGIN:VEVENT\r\nUID:u\r\n" NIGHT "%sEND:VEVENT\r\n"),
                       cases[i].lines);
        if (cases[i].agent == NULL) {
            assert_refused(*state, text, STATUS_INVALID, "names no agent");
            continue;
        }
        (void)snprintf(expected, sizeof expected, "2026-01-05T18:00:00Z 2026-01-06T08:00:00Z %s\n",
                       cases[i].agent);
        assert_shifts(*state, text, expected);
    }
}

static void agent__that_is_not_clear_is_refused(void **state)
{
    static const struct {
        const char *lines, *why;
    } cases[] = {
        {"", "names no agent"},
        {"SUMMARY:\r\n", "names no agent"},
        {"SUMMARY:Astreinte\r\n", "names no agent"},
        {"SUMMARY:Astreinte Paul Durand\r\n", "names no agent"},
        {"SUMMARY:Anne-Marie\r\n", "names no agent"},  /* neither Anne nor Marie */
        {"SUMMARY:Paul Martin\r\n", "names no agent"}, /* neither Paul nor Martin alone */
        {"SUMMARY:Astreinte : Paul\r\nATTENDEE;CN=Marie Curie:mailto:m@example.com\r\n",
         "more than one"},
        {"SUMMARY:Paul Durand / Marie Curie\r\n", "more than one"},
        {"SUMMARY:Anne Petit\r\n", "two agents bear"},
        {"X-ASTREINTE-AGENT:paul\r\nSUMMARY:Astreinte : Marie Curie\r\n", "more than one"},
        {"X-ASTREINTE-AGENT:nobody\r\nSUMMARY:paul\r\n", "X-ASTREINTE-AGENT must"},
        {"X-ASTREINTE-AGENT:Martin\r\n", "X-ASTREINTE-AGENT must"},
        {"SUMMARY:old\r\n", "not active"},
        {"ATTENDEE;PARTSTAT=DECLINED;CN=Paul Durand:mailto:p@example.com\r\n", "declined"},
        {"ATTENDEE;CN=Paul Other:mailto:paul@example.com\r\n", "names no agent"},
        {"ATTENDEE:https://example.com/paul\r\n", "names no agent"},
        {"SUMMARY:\xff\xfe\r\n", "UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       CALENDAR("BEGIN:VEVENT\r\nUID:u\r\n" NIGHT "%sEND:VEVENT\r\n"),
                       cases[i].lines);
        assert_refused(*state, text, STATUS_INVALID, cases[i].why);
    }
    assert_refused(*state,
                   CALENDAR(EVENT(NIGHT "SUMMARY:1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:paul:8\r\n")),
                   STATUS_TOO_LARGE, "too many parts");
}

/* ---- events ---- */

static void events__that_are_refused(void **state)
{
    static const struct {
        const char *lines, *why;
    } cases[] = {
        {NIGHT PAUL "RRULE:FREQ=DAILY\r\n", "recurring events"},
        {NIGHT PAUL "RDATE:20260106T180000Z\r\n", "RDATE"},
        {NIGHT PAUL "EXDATE:20260106T180000Z\r\n", "EXDATE"},
        {NIGHT PAUL "RECURRENCE-ID:20260106T180000Z\r\n", "RECURRENCE-ID"},
        {NIGHT PAUL "STATUS:TENTATIVE\r\n", "tentative"},
        {NIGHT PAUL PAUL, "twice"},
        {NIGHT PAUL "DTEND:20260107T080000Z\r\n", "twice"},
        {NIGHT PAUL "BEGIN:VTODO\r\nEND:VTODO\r\n", "other than VALARM"},
        {NIGHT PAUL "no colon\r\n", "does not know"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        (void)snprintf(
            text, sizeof text,
            CALENDAR(EVENT(NIGHT PAUL) "BEGIN:VEVENT\r\nUID:the-one\r\n%sEND:VEVENT\r\n"),
            cases[i].lines);
        assert_refused(*state, text, STATUS_INVALID, cases[i].why);
        assert_refused(*state, text, STATUS_INVALID, "line 9, event with UID the-one: ");
    }
}

static void events__that_overlap(void **state)
{
    assert_refused(*state,
                   CALENDAR(EVENT("DTSTART:20260105T180000Z\r\nDTEND:20260107T080000Z\r\n" PAUL)
                                EVENT("DTSTART:20260105T190000Z\r\nDTEND:20260105T200000Z\r\n" PAUL)
                                    EVENT("DTSTART:20260106T180000Z\r\nDTEND:20260108T080000Z\r\n"
                                          "SUMMARY:marie\r\n")),
                   STATUS_INVALID, "lines 3 and 15 ");
    /* The same agent twice leaves no doubt; what is there twice is taken once. */
    assert_shifts(*state,
                  CALENDAR(EVENT("DTSTART:20260105T180000Z\r\nDTEND:20260107T080000Z\r\n" PAUL)
                               EVENT("DTSTART:20260106T180000Z\r\nDTEND:20260108T080000Z\r\n" PAUL)
                                   EVENT(NIGHT PAUL) EVENT(NIGHT PAUL)),
                  "2026-01-05T18:00:00Z 2026-01-06T08:00:00Z paul\n"
                  "2026-01-05T18:00:00Z 2026-01-07T08:00:00Z paul\n"
                  "2026-01-06T18:00:00Z 2026-01-08T08:00:00Z paul\n");
}

static void events__that_are_over_or_cancelled_are_counted(void **state)
{
    struct fixture *fixture = *state;
    struct rota_import_shifts shifts;
    const char *text = CALENDAR(
        EVENT("DTSTART:20251231T180000Z\r\nDTEND:20260101T000000Z\r\nSUMMARY:who left\r\n")
            EVENT("DTSTART:20251231T180000Z\r\nDTEND:20260101T000001Z\r\n" PAUL)
                EVENT("STATUS:CANCELLED\r\nSUMMARY:who knows\r\n") "BEGIN:VTIMEZONE\r\n"
                                                                   "TZID:X\r\nEND:VTIMEZONE\r\n");
    assert_int_equal(read_text(fixture, text, &shifts), STATUS_OK);
    assert_int_equal(shifts.count, 1);
    assert_int_equal(shifts.past, 1);
    assert_int_equal(shifts.cancelled, 1);
    assert_refused(fixture, CALENDAR(EVENT("STATUS:CANCELLED\r\n")), STATUS_INVALID,
                   "no shift that is not over (0 are, 1 are cancelled)");
    assert_refused(fixture, CALENDAR(""), STATUS_INVALID, "no shift");
}

static void calendar__of_another_kind(void **state)
{
    assert_refused(*state, CALENDAR("METHOD:CANCEL\r\n" EVENT(NIGHT PAUL)), STATUS_INVALID,
                   "METHOD must");
    assert_refused(*state, CALENDAR(EVENT(NIGHT PAUL) "BEGIN:VTODO\r\nEND:VTODO\r\n"),
                   STATUS_INVALID, "behind event 1");
    assert_refused(*state, "Hello", STATUS_INVALID, "line 1: BEGIN:VCALENDAR");
    assert_refused(*state, "", STATUS_INVALID, "END:VCALENDAR");
    assert_shifts(*state,
                  CALENDAR("METHOD:REQUEST\r\n" EVENT(NIGHT PAUL "BEGIN:VALARM\r\n"
                                                                 "END:VALARM\r\n")),
                  "2026-01-05T18:00:00Z 2026-01-06T08:00:00Z paul\n");
}

/* ---- limits ---- */

static char *many_events(struct fixture *fixture, size_t count, bool zones)
{
    size_t room = count * 160 + 256, used = 0;
    char *text = arena_alloc(fixture->arena, room);
    used += (size_t)snprintf(text, room, "BEGIN:VCALENDAR\r\n");
    for (size_t i = 0; i < count; i++) {
        used +=
            (size_t)snprintf(text + used, room - used,
                             zones ? "BEGIN:VEVENT\r\nDTSTART;TZID=%.*s/Etc/GMT:20260105T180000\r\n"
                                     "DURATION:PT1H\r\nSUMMARY:paul\r\nEND:VEVENT\r\n"
                                   : "BEGIN:VEVENT\r\nDTSTART:20260105T180000Z\r\n"
                                     "DURATION:PT1H\r\nSUMMARY:paul\r\nEND:VEVENT\r\n",
                             (int)i + 1, "//////////////////////////////");
    }
    (void)snprintf(text + used, room - used, "END:VCALENDAR\r\n");
    return text;
}

static void limits__of_a_file(void **state)
{
    struct fixture *fixture = *state;
    assert_shifts(fixture, many_events(fixture, ROTA_IMPORT_EVENTS_MAX, false),
                  "2026-01-05T18:00:00Z 2026-01-05T19:00:00Z paul\n");
    assert_refused(fixture, many_events(fixture, ROTA_IMPORT_EVENTS_MAX + 1, false),
                   STATUS_TOO_LARGE, "2000 events");
    assert_shifts(fixture, many_events(fixture, ROTA_IMPORT_ZONES_MAX, true),
                  "2026-01-05T18:00:00Z 2026-01-05T19:00:00Z paul\n");
    assert_refused(fixture, many_events(fixture, ROTA_IMPORT_ZONES_MAX + 1, true), STATUS_TOO_LARGE,
                   "too many time zones");
    struct rota_import import = import_of(CALENDAR(EVENT(NIGHT PAUL)));
    struct rota_import_shifts shifts;
    import.bytes = ROTA_IMPORT_BYTES_MAX + 1;
    assert_int_equal(rota_import_read(&import, fixture->arena, &shifts, &fixture->error),
                     STATUS_TOO_LARGE);
    const char with_nul[] = CALENDAR(EVENT(NIGHT PAUL)) "\0";
    import.text = with_nul;
    import.bytes = sizeof with_nul;
    assert_int_equal(rota_import_read(&import, fixture->arena, &shifts, &fixture->error),
                     STATUS_INVALID);
}

static void limits__of_memory(void **state)
{
    struct fixture *fixture = *state;
    const struct rota_import import = import_of(
        CALENDAR(EVENT(NIGHT "SUMMARY:x : paul\r\nATTENDEE;CN=Paul Durand:mailto:x@y.z\r\n")));
    enum status status = STATUS_NO_MEMORY;
    size_t tries = 0;
    for (size_t room = 1; status == STATUS_NO_MEMORY; room += 256, tries++) {
        struct rota_import_shifts shifts = {.count = 77};
        struct arena *arena = arena_create(room);
        if (arena == NULL) {
            continue;
        }
        status = rota_import_read(&import, arena, &shifts, &fixture->error);
        assert_true(status == STATUS_OK ? shifts.count == 1 : shifts.count == 77);
        arena_destroy(&arena);
    }
    assert_int_equal(status, STATUS_OK);
    assert_true(tries > 2);
}

static void customer__of_an_unknown_zone(void **state)
{
    struct fixture *fixture = *state;
    struct rota_import import =
        import_of(CALENDAR(EVENT("DTSTART:20260105T180000\r\nDURATION:PT1H\r\n" PAUL)));
    struct rota_import_shifts shifts;
    import.zone = "Mars/Olympus";
    assert_int_equal(rota_import_read(&import, fixture->arena, &shifts, &fixture->error),
                     STATUS_NOT_FOUND);
    assert_true(fixture->error.text[0] != '\0');
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(times__in_utc_in_a_zone_and_floating),
        TEST(times__in_zones_of_other_names),
        TEST(times__of_a_duration),
        TEST(times__in_the_nights_of_the_clock_change),
        TEST(times__that_are_refused),
        TEST(agent__is_named_by),
        TEST(agent__that_is_not_clear_is_refused),
        TEST(events__that_are_refused),
        TEST(events__that_overlap),
        TEST(events__that_are_over_or_cancelled_are_counted),
        TEST(calendar__of_another_kind),
        TEST(limits__of_a_file),
        TEST(limits__of_memory),
        TEST(customer__of_an_unknown_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
