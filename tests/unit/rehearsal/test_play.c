/* test_play.c - what is asked for and what is shown, on a directory made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/json_reader.h"
#include "gateway/rehearsal/rehearsal.h"

#define AGENTS_COUNT 18 /* the last ones have no telephone and no phone */
#define HOUR_MS      INT64_C(3600000)

static const char now_text[] = "2026-11-30T02:37:00Z";

static struct directory_device devices[AGENTS_COUNT * 8];
static struct directory_person agents[AGENTS_COUNT];
static char slugs[AGENTS_COUNT][8];
static const struct directory_person contacts[] = {
    {.kind = PERSON_CONTACT,
     .id = 50,
     .slug = "chief",
     .name = "Chief",
     .phone = "+33600000009",
     .active = true},
};
static const struct directory_rota rotas[] = {{.slug = "duty", .definition = "by the hour"}};
static struct directory_procedure procedures[1];
static struct directory_customer customer = {
    .id = 1,
    .slug = "acme",
    .name = "ACME",
    .time_zone = "Europe/Paris",
    .language = "fr",
    .default_procedure = "night",
    .active = true,
    .agents = agents,
    .agents_count = AGENTS_COUNT,
    .contacts = contacts,
    .contacts_count = 1,
    .rotas = rotas,
    .rotas_count = 1,
    .procedures = procedures,
    .procedures_count = 1,
};

static bool unknown_holidays;

/* a0 and a1 take turns by the hour of UTC: even hours are a0's. */
static enum status compile(void *context, const char *definition,
                           const struct engine_calendar *calendar, const char *zone,
                           struct wall_time from, struct wall_time to, struct arena *arena,
                           struct engine_rota_interval **intervals_r, size_t *count_r,
                           struct error *error)
{
    (void)context;
    (void)calendar;
    if (unknown_holidays) {
        return error_set(error, STATUS_INVALID, "the file of holidays is known until then");
    }
    assert_string_equal(definition, "by the hour");
    assert_string_equal(zone, "Europe/Paris");
    size_t count = 0;
    size_t hours = (size_t)((to.ms - from.ms) / HOUR_MS) + 2;
    struct engine_rota_interval *intervals = arena_alloc(arena, hours * sizeof *intervals);
    assert_non_null(intervals);
    for (int64_t at_ms = from.ms; at_ms < to.ms;) {
        int64_t hour = at_ms / HOUR_MS, end_ms = (hour + 1) * HOUR_MS;
        end_ms = end_ms < to.ms ? end_ms : to.ms;
        struct engine_rota_interval *interval = &intervals[count++];
        interval->from.ms = at_ms;
        interval->to.ms = end_ms;
        interval->agent = hour % 2 == 0 ? "a0" : "a1";
        at_ms = end_ms;
    }
    *intervals_r = intervals;
    *count_r = count;
    return STATUS_OK;
}

static const struct engine_rotas fake_rotas = {.compile = compile};

/* ---- the stage ---- */

struct stage {
    struct arena *arena;
    json_t *json;
    struct error error;
    struct rehearsal_request request;
    struct rehearsal played;
};

static int stage_setup(void **state)
{
    static struct stage stage;
    for (int i = 0; i < AGENTS_COUNT; i++) {
        bool reachable = i < AGENTS_COUNT - 2;
        (void)snprintf(slugs[i], sizeof slugs[i], "a%c", "0123456789abcdefghijkl"[i]); /* sorted */
        for (int d = 0; d < 8; d++) {
            devices[i * 8 + d] = (struct directory_device){.id = i * 8 + d + 1,
                                                           .installation = "phone-1",
                                                           .platform = PLATFORM_FCM,
                                                           .live = true};
        }
        agents[i] = (struct directory_person){
            .kind = PERSON_AGENT,
            .id = i + 1,
            .slug = slugs[i],
            .name = slugs[i],
            .phone = reachable ? "+33600000001" : NULL,
            .active = true,
            .devices = devices + i * 8,
            .devices_count = !reachable ? 0
                             : i < 2    ? 1
                                        : 8,
        };
    }
    stage = (struct stage){.arena = arena_create(0)};
    *state = &stage;
    return stage.arena == NULL ? -1 : 0;
}

static int stage_teardown(void **state)
{
    struct stage *stage = *state;
    arena_destroy(&stage->arena);
    json_decref(stage->json);
    return 0;
}

#define STAGE_TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)

static void set_procedure(struct stage *stage, const char *definition)
{
    struct procedure *procedure;
    struct error error = {.text = ""};
    if (procedure_parse(definition, strlen(definition), "night", stage->arena, &procedure,
                        &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    procedures[0] = (struct directory_procedure){.id = 7, .version = 3, .procedure = procedure};
}

static enum status read_request(struct stage *stage, const char *text)
{
    struct json_reader reader;
    struct wall_time now;
    assert_int_equal(wall_time_parse(now_text, &now), STATUS_OK);
    json_decref(stage->json);
    assert_int_equal(json_parse(text, strlen(text), &stage->json, &stage->error), STATUS_OK);
    json_reader_init(&reader, stage->json, "", &stage->error);
    enum status status = rehearsal_read(&reader, &customer, now, stage->arena, &stage->request);
    return status != STATUS_OK ? status : json_reader_end(&reader);
}

static const struct rehearsal *play(struct stage *stage, const char *text)
{
    if (read_request(stage, text) != STATUS_OK ||
        rehearsal_play(&stage->request, &fake_rotas, stage->arena, &stage->played, &stage->error) !=
            STATUS_OK) {
        fail_msg("%s", stage->error.text);
    }
    return &stage->played;
}

static size_t count_kind(const struct rehearsal *played, enum entry_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < played->entries_count; i++) {
        count += played->entries[i].kind == kind;
    }
    return count;
}

static const char two_steps[] =
    "{\"rounds\":1,\"steps\":[{\"notify\":[{\"on_call\":\"duty\"}],\"by\":[\"push\"],"
    "\"received_within_s\":20,\"accepted_within_s\":120},"
    "{\"notify\":[{\"agent\":\"a2\"},{\"contact\":\"chief\"}],\"by\":[\"call\"],"
    "\"accepted_within_s\":60}],\"exhausted\":[{\"callback\":\"call-centre\"}]}";

/* ---- what is shown ---- */

static void test_play__nobody_answers_by_default(void **state)
{
    struct stage *stage = *state;
    set_procedure(stage, two_steps);
    const struct rehearsal *played = play(stage, "{\"at\":\"sunday 03:00\"}");
    assert_int_equal(stage->request.at.ms, INT64_C(1796522400000)); /* 2026-12-06T02:00:00Z */
    assert_int_equal(stage->request.severity, SEVERITY_CRITICAL);
    assert_true(stage->request.french);
    assert_int_equal(played->end, REHEARSAL_EXHAUSTED);
    assert_null(played->stopped_by);
    assert_int_equal(played->held_ms, -1);
    assert_int_equal(played->exhausted_ms, 180000); /* the longest way: 120 s, then 60 */
    assert_int_equal(played->ended_ms, 240000);     /* announced once more */
    assert_int_equal(played->escalation.announcements, 2);
    assert_int_equal(played->attempts[0].person_id, 1); /* 02:00 UTC is even */
    assert_int_equal(played->attempts[0].state, ATTEMPT_RECEIVED);
    assert_int_equal(count_kind(played, ENTRY_RECEIVED), 1);
}

static void test_play__a_dead_phone_is_not_waited_for(void **state)
{
    struct stage *stage = *state;
    set_procedure(stage, two_steps);
    const struct rehearsal *played =
        play(stage, "{\"at\":\"sunday 03:00\",\"assume\":[{\"agent\":\"a0\",\"does\":\"dead\"},"
                    "{\"contact\":\"chief\",\"does\":\"accepts\",\"after_s\":25},"
                    "{\"agent\":\"a5\",\"does\":\"accepts\"}]}");
    assert_int_equal(played->end, REHEARSAL_HELD);
    assert_int_equal(played->held_ms, 45000); /* no reception after 20 s; the chief 25 s later */
    assert_int_equal(played->escalation.holder.kind, PERSON_CONTACT);
    assert_int_equal(played->escalation.holder_path, PATH_CALL);
    assert_true(played->assumption_used[0] && played->assumption_used[1]);
    assert_false(played->assumption_used[2]); /* nobody asks a5 */
}

/* The rota is compiled for that moment, which no directory covers. */
static void test_play__whose_shift_it_will_be(void **state)
{
    struct stage *stage = *state;
    set_procedure(stage, two_steps);
    const struct rehearsal *played =
        play(stage, "{\"at\":\"2030-06-01T03:59:00Z\",\"assume\":[{\"does\":\"silent\"}]}");
    assert_int_equal(played->attempts[0].person_id, 2); /* 03:59 UTC is odd */
    set_procedure(stage, "{\"rounds\":2,\"round_spacing_s\":120,\"steps\":[{\"notify\":[{"
                         "\"on_call\":\"duty\"}],\"by\":[\"push\"],\"accepted_within_s\":50}]}");
    played = play(stage, "{\"at\":\"2030-06-01T03:59:00Z\"}");
    assert_int_equal(played->attempts[0].person_id, 2);
    assert_int_equal(count_kind(played, ENTRY_ROUND_ENDED), 2);
    bool hand_over = false;
    for (size_t i = 0; i < played->attempts_count; i++) {
        hand_over = hand_over || (played->attempts[i].round == 1 &&
                                  played->attempts[i].person_kind == PERSON_AGENT &&
                                  played->attempts[i].person_id == 1);
    }
    assert_true(hand_over); /* the second round is the next one's */
}

/* Nobody on call, because nothing is known of that year, would be a lie. */
static void test_play__beyond_what_is_known_of_holidays(void **state)
{
    struct stage *stage = *state;
    set_procedure(stage, two_steps);
    assert_int_equal(read_request(stage, "{\"at\":\"2030-06-01T03:59:00Z\"}"), STATUS_OK);
    customer.calendar = (const void *)slugs;
    customer.calendar_until.ms = stage->request.at.ms;
    unknown_holidays = true;
    enum status far =
        rehearsal_play(&stage->request, &fake_rotas, stage->arena, &stage->played, &stage->error);
    customer.calendar_until.ms = stage->request.at.ms + 10 * 86400000;
    enum status near =
        rehearsal_play(&stage->request, &fake_rotas, stage->arena, &stage->played, &stage->error);
    customer.calendar = NULL;
    unknown_holidays = false;
    assert_int_equal(far, STATUS_INVALID);
    assert_non_null(strstr(stage->error.text, "is known until"));
    assert_int_equal(near, STATUS_OK); /* broken: nobody is on call in it */
    assert_int_equal(count_kind(&stage->played, ENTRY_PERSON_SKIPPED), 1);
}

static void test_play__the_last_assumption_counts(void **state)
{
    struct stage *stage = *state;
    set_procedure(stage, two_steps);
    const struct rehearsal *played =
        play(stage, "{\"at\":\"sunday 03:00\",\"assume\":[{\"agent\":\"a0\",\"does\":\"accepts\"},"
                    "{\"does\":\"silent\"},{\"agent\":\"a0\",\"device\":\"phone-1\",\"does\":"
                    "\"declines\",\"after_s\":4},{\"agent\":\"a2\",\"by\":[\"call\"],\"does\":"
                    "\"busy\",\"after_s\":5},{\"contact\":\"chief\",\"does\":\"silent\","
                    "\"after_s\":30}]}");
    assert_int_equal(played->end, REHEARSAL_EXHAUSTED);
    assert_int_equal(played->exhausted_ms, 34000); /* declined after 4 s, all paths failed 30 on */
    assert_int_equal(count_kind(played, ENTRY_DECLINED), 1);
    assert_int_equal(count_kind(played, ENTRY_CALL_PROGRESS), 2);
    assert_false(played->assumption_used[0]);
}

/* The contact's second number is called when the first comes to nothing, and answers. */
static void test_play__the_second_number(void **state)
{
    struct stage *stage = *state;
    static const struct directory_phone further[] = {{"+33100000009", NULL}};
    struct directory_person chief = contacts[0];
    const struct directory_person *before = customer.contacts;
    chief.further = further;
    chief.further_count = 1;
    customer.contacts = &chief;
    set_procedure(stage, two_steps);
    const struct rehearsal *played =
        play(stage, "{\"at\":\"sunday 03:00\",\"assume\":[{\"agent\":\"a0\",\"does\":\"declines\","
                    "\"after_s\":1},{\"contact\":\"chief\",\"does\":\"busy\",\"after_s\":5},"
                    "{\"contact\":\"chief\",\"place\":2,\"does\":\"accepts\",\"after_s\":7}]}");
    customer.contacts = before;
    assert_int_equal(played->end, REHEARSAL_HELD);
    assert_int_equal(played->held_ms, 13000);
    assert_int_equal(played->escalation.holder.kind, PERSON_CONTACT);
    assert_true(played->assumption_used[1] && played->assumption_used[2]);
}

static void test_play__providers_that_fail(void **state)
{
    struct stage *stage = *state;
    set_procedure(stage, two_steps);
    const struct rehearsal *played =
        play(stage, "{\"at\":\"sunday 03:00\",\"providers\":{\"fcm\":\"down\",\"telephony\":"
                    "\"refuses\"},\"assume\":[{\"does\":\"accepts\"}]}");
    assert_int_equal(played->end, REHEARSAL_EXHAUSTED);
    assert_int_equal(played->exhausted_ms, 0); /* nothing is waited for */
    assert_int_equal(count_kind(played, ENTRY_ATTEMPT_DELAYED), 1);
    assert_int_equal(count_kind(played, ENTRY_ATTEMPT_FAILED), 2);
}

static void test_play__without_a_procedure_the_call_centre_is_told(void **state)
{
    struct stage *stage = *state;
    customer.default_procedure = NULL;
    const struct rehearsal *played = play(stage, "{\"at\":\"03:00\"}");
    customer.default_procedure = "night";
    assert_null(stage->request.procedure);
    assert_int_equal(played->exhausted_ms, 0);
    assert_int_equal(played->attempts[0].person_kind, PERSON_CALLBACK);
}

static void test_play__repeats_itself(void **state)
{
    struct stage *stage = *state;
    set_procedure(stage, two_steps);
    struct rehearsal first = *play(stage, "{\"at\":\"sunday 03:00\"}");
    const struct rehearsal *again = play(stage, "{\"at\":\"sunday 03:00\"}");
    assert_int_equal(first.entries_count, again->entries_count);
    for (size_t i = 0; i < first.entries_count; i++) {
        assert_string_equal(first.entries[i].facts, again->entries[i].facts);
    }
}

/* ---- bounds ---- */

static void test_play__stops_at_the_span(void **state)
{
    struct stage *stage = *state;
    set_procedure(stage, two_steps);
    const struct rehearsal *played = play(stage, "{\"at\":\"sunday 03:00\",\"span_s\":150}");
    assert_int_equal(played->end, REHEARSAL_STOPPED);
    assert_string_equal(played->stopped_by, "span_s");
    assert_int_equal(played->ended_ms, 120000);
    assert_int_equal(played->exhausted_ms, -1);
}

/* Twenty steps for everybody with eight phones each, ten rounds. */
static void big_procedure(struct stage *stage, const char *by, int first, int last)
{
    static char text[32768];
    size_t used =
        (size_t)snprintf(text, sizeof text, "{\"rounds\":10,\"round_spacing_s\":1,\"steps\":[");
    for (int step = 0; step < PROCEDURE_STEPS_MAX; step++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s{\"notify\":[",
                                 step > 0 ? "," : "");
        for (int i = first; i <= last; i++) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s{\"agent\":\"%s\"}",
                                     i > first ? "," : "", slugs[i]);
        }
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "],\"by\":[\"%s\"],\"accepted_within_s\":30}", by);
    }
    (void)snprintf(text + used, sizeof text - used, "]}");
    set_procedure(stage, text);
}

static void test_play__stops_at_its_events(void **state)
{
    struct stage *stage = *state;
    big_procedure(stage, "push", 2, 9);
    const struct rehearsal *played = play(stage, "{\"at\":\"sunday 03:00\"}");
    assert_string_equal(played->stopped_by, "events");
    assert_int_equal(played->events_count, REHEARSAL_EVENTS_MAX);
}

static void test_play__stops_at_its_attempts(void **state)
{
    struct stage *stage = *state;
    big_procedure(stage, "push", 2, 9);
    const struct rehearsal *played =
        play(stage, "{\"at\":\"sunday 03:00\",\"assume\":[{\"does\":\"dead\"}]}");
    assert_string_equal(played->stopped_by, "attempts");
    assert_true(played->attempts_count >= REHEARSAL_ATTEMPTS_MAX);
    assert_true(played->attempts_count < REHEARSAL_ATTEMPTS_MAX + UPDATE_ATTEMPTS_MAX);
}

/* Of sixteen, fifteen have no telephone: an entry each time. */
static void test_play__stops_at_its_entries(void **state)
{
    struct stage *stage = *state;
    big_procedure(stage, "call", 2, 17);
    for (int i = 3; i < AGENTS_COUNT; i++) {
        agents[i].phone = NULL;
    }
    const struct rehearsal *played = play(stage, "{\"at\":\"sunday 03:00\"}");
    assert_string_equal(played->stopped_by, "entries");
    assert_true(played->entries_count >= REHEARSAL_ENTRIES_MAX);
    assert_true(played->entries_count < REHEARSAL_ENTRIES_MAX + UPDATE_ENTRIES_MAX);
}

static void test_play__without_memory(void **state)
{
    struct stage *stage = *state;
    set_procedure(stage, two_steps);
    assert_int_equal(read_request(stage, "{\"at\":\"sunday 03:00\"}"), STATUS_OK);
    struct rehearsal untouched = {.events_count = 42};
    for (size_t bytes = 4096; bytes < ((size_t)8 << 20); bytes += bytes / 4) {
        struct arena *small = arena_create(bytes);
        enum status status = rehearsal_play(&stage->request, &fake_rotas, small, &untouched, NULL);
        arena_destroy(&small);
        if (status == STATUS_OK) {
            assert_true(bytes > 1 << 20);
            return;
        }
        assert_int_equal(status, STATUS_NO_MEMORY);
        assert_int_equal(untouched.events_count, 42);
    }
    fail_msg("more than 8 MiB for two steps");
}

/* ---- what is refused ---- */

static void test_read__what_is_wrong(void **state)
{
    static const struct {
        const char *text, *pointer;
    } wrong[] = {
        {"{}", "/at"},
        {"{\"at\":\"some day\"}", "/at"},
        {"{\"at\":\"1999-01-01T00:00:00Z\"}", "/at"},
        {"{\"at\":\"2090-01-01T00:00:00Z\"}", "/at"},
        {"{\"at\":\"03:00\",\"procedure\":\"none\"}", "/procedure"},
        {"{\"at\":\"03:00\",\"severity\":\"awful\"}", "/severity"},
        {"{\"at\":\"03:00\",\"span_s\":604801}", "/span_s"},
        {"{\"at\":\"03:00\",\"language\":\"de\"}", "/language"},
        {"{\"at\":\"03:00\",\"callback_promised_s\":5}", "/callback_promised_s"},
        {"{\"at\":\"03:00\",\"providers\":{\"smoke\":\"up\"}}", "/providers/smoke"},
        {"{\"at\":\"03:00\",\"providers\":{\"fcm\":\"off\"}}", "/providers/fcm"},
        {"{\"at\":\"03:00\",\"assume\":[{\"agent\":\"paul\",\"does\":\"dead\"}]}",
         "/assume/0/agent"},
        {"{\"at\":\"03:00\",\"assume\":[{\"does\":\"dead\"},{\"contact\":\"a0\",\"does\":"
         "\"dead\"}]}",
         "/assume/1/contact"},
        {"{\"at\":\"03:00\",\"assume\":[{\"agent\":\"a0\",\"contact\":\"chief\",\"does\":"
         "\"dead\"}]}",
         "/assume/0"},
        {"{\"at\":\"03:00\",\"assume\":[{\"agent\":\"a0\",\"device\":\"x\",\"does\":\"dead\"}]}",
         "/assume/0/device"},
        {"{\"at\":\"03:00\",\"assume\":[{\"device\":\"phone-1\",\"does\":\"dead\"}]}",
         "/assume/0/device"},
        {"{\"at\":\"03:00\",\"assume\":[{\"agent\":\"a0\",\"device\":\"phone-1\",\"by\":["
         "\"call\"],\"does\":\"dead\"}]}",
         "/assume/0/by"},
        {"{\"at\":\"03:00\",\"assume\":[{\"place\":1,\"does\":\"dead\"}]}", "/assume/0/place"},
        {"{\"at\":\"03:00\",\"assume\":[{\"agent\":\"a0\",\"place\":2,\"does\":\"dead\"}]}",
         "/assume/0/place"},
        {"{\"at\":\"03:00\",\"assume\":[{\"agent\":\"a0\",\"place\":5,\"does\":\"dead\"}]}",
         "/assume/0/place"},
        {"{\"at\":\"03:00\",\"assume\":[{\"agent\":\"a0\",\"place\":1,\"by\":[\"push\"],"
         "\"does\":\"dead\"}]}",
         "/assume/0/by"},
        {"{\"at\":\"03:00\",\"assume\":[{\"by\":[\"smoke\"],\"does\":\"dead\"}]}", "/assume/0/by"},
        {"{\"at\":\"03:00\",\"assume\":[{\"does\":\"sleeps\"}]}", "/assume/0/does"},
        {"{\"at\":\"03:00\",\"assume\":[{\"by\":[\"push\"],\"does\":\"busy\"}]}", "/assume/0/does"},
        {"{\"at\":\"03:00\",\"assume\":[{\"does\":\"dead\",\"after_s\":-1}]}", "/assume/0/after_s"},
        {"{\"at\":\"03:00\",\"assume\":[{\"does\":\"dead\",\"colour\":1}]}", "/assume/0/colour"},
        {"{\"at\":\"03:00\",\"assume\":[7]}", "/assume/0"},
        {"{\"at\":\"03:00\",\"colour\":1}", "/colour"},
        /* the first fault is told, whatever follows */
        {"{\"at\":\"03:00\",\"severity\":\"awful\",\"providers\":{\"fcm\":\"down\"},"
         "\"assume\":[{\"does\":\"dead\"}]}",
         "/severity"},
    };
    struct stage *stage = *state;
    set_procedure(stage, two_steps);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (read_request(stage, wrong[i].text) != STATUS_INVALID) {
            fail_msg("taken: %s", wrong[i].text);
        }
        assert_string_equal(stage->error.pointer, wrong[i].pointer);
    }
}

static void test_read__too_many_assumptions(void **state)
{
    struct stage *stage = *state;
    static char text[8192];
    size_t used = (size_t)snprintf(text, sizeof text, "{\"at\":\"03:00\",\"assume\":[");
    for (int i = 0; i <= REHEARSAL_ASSUMPTIONS_MAX; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s{\"does\":\"dead\"}",
                                 i > 0 ? "," : "");
    }
    (void)snprintf(text + used, sizeof text - used, "]}");
    set_procedure(stage, two_steps);
    assert_int_equal(read_request(stage, text), STATUS_INVALID);
    assert_string_equal(stage->error.pointer, "/assume");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(test_play__nobody_answers_by_default),
        STAGE_TEST(test_play__a_dead_phone_is_not_waited_for),
        STAGE_TEST(test_play__whose_shift_it_will_be),
        STAGE_TEST(test_play__beyond_what_is_known_of_holidays),
        STAGE_TEST(test_play__the_last_assumption_counts),
        STAGE_TEST(test_play__the_second_number),
        STAGE_TEST(test_play__providers_that_fail),
        STAGE_TEST(test_play__without_a_procedure_the_call_centre_is_told),
        STAGE_TEST(test_play__repeats_itself),
        STAGE_TEST(test_play__stops_at_the_span),
        STAGE_TEST(test_play__stops_at_its_events),
        STAGE_TEST(test_play__stops_at_its_attempts),
        STAGE_TEST(test_play__stops_at_its_entries),
        STAGE_TEST(test_play__without_memory),
        STAGE_TEST(test_read__what_is_wrong),
        STAGE_TEST(test_read__too_many_assumptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
