/* test_people.c - whom a procedure's targets name: each once, those who are there, and no more than
 * a step holds. */
#include <stdio.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

#define CROWD (PERSONS_OF_STEP_MAX + 1)

static void execute(struct house *house, const char *sql)
{
    assert_int_equal(sqlite3_exec(house->engine->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Written by somebody else's hand: the directory is built anew. */
static void edit(struct house *house, const char *sql)
{
    execute(house, sql);
    engine_customer_changed(house->engine, house->customer_id, false);
    house_settle(house);
}

static void run_procedure(struct house *house, const char *definition)
{
    put_procedure(house, "p", definition);
    set_default_procedure(house, "p");
    (void)house_escalate(house, SEVERITY_CRITICAL);
    house_settle(house);
}

/* Agents and their rota, each with so many phones and with this number. */
static void put_crowd(struct house *house, int phones, const char *number)
{
    char rota[CROWD * 8] = "";
    size_t used = 0;
    execute(house, "PRAGMA synchronous = OFF");
    for (int i = 0; i < CROWD; i++) {
        char slug[32], installation[64];
        (void)snprintf(slug, sizeof slug, "one-%02d", i);
        put_agent(house, slug, number, true);
        for (int n = 0; n < phones; n++) {
            (void)snprintf(installation, sizeof installation, "%s-%d", slug, n);
            put_device(house, agent_id(house, slug), installation, PLATFORM_FCM);
        }
        used += (size_t)snprintf(rota + used, sizeof rota - used, "%s ", slug);
    }
    put_rota(house, "crowd", rota);
}

static void test_step__rings_nobody_twice(void **state)
{
    struct house *house = *state;
    put_rota(house, "both", "jean paul");
    run_procedure(house, "{\"steps\":[{\"notify\":[{\"on_call\":\"both\"},{\"agent\":\"jean\"},"
                         "{\"agent\":\"paul\"}],\"by\":[\"push\"],\"accepted_within_s\":60}]}");
    assert_int_equal(house->sent_count, 2);
    assert_string_not_equal(house->sent[0].person, house->sent[1].person);
}

/* Who left meanwhile is not rung: the next step begins at once. */
static void test_step__passes_over_who_left(void **state)
{
    struct house *house = *state;
    put_agent(house, "jean", "+33600000001", false);
    run_procedure(house, "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"push\"],"
                         "\"accepted_within_s\":60},{\"notify\":[{\"agent\":\"paul\"}],"
                         "\"by\":[\"push\"],\"accepted_within_s\":60}]}");
    assert_int_equal(house->sent_count, 1);
    assert_string_equal(house->sent[0].person, "paul");
}

/* The rota that a procedure names was taken out of the database. */
static void test_step__passes_over_a_rota_that_is_gone(void **state)
{
    struct house *house = *state;
    edit(house, "DELETE FROM rota");
    (void)house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, 1);
    assert_string_equal(house->sent[0].person, "paul");
}

/* A rota that a newer version does not understand: nobody is on call in it, and everybody else is
 * where they were. */
static void test_step__passes_over_a_rota_that_does_not_compile(void **state)
{
    struct house *house = *state;
    edit(house, "UPDATE rota SET definition = 'broken'");
    const struct directory_customer *customer =
        directory_customer(house->engine->published, house->customer_id);
    assert_int_equal(directory_rota(customer, "duty")->intervals_count, 0);
    (void)house_escalate(house, SEVERITY_CRITICAL);
    assert_int_equal(house->sent_count, 1);
    assert_string_equal(house->sent[0].person, "paul");
}

/* The others of the customer are there all the same. */
static void test_procedure__that_does_not_parse(void **state)
{
    struct house *house = *state;
    edit(house, "INSERT INTO procedure (customer_id, slug, version, definition, created_at) "
                "VALUES (1, 'broken', 1, '{}', 0), (1, 'zero', 1, "
                "'{\"steps\":[{\"notify\":[{\"agent\":\"paul\"}],\"by\":[\"push\"],"
                "\"accepted_within_s\":60}]}', 0)");
    const struct directory_customer *customer =
        directory_customer(house->engine->published, house->customer_id);
    assert_null(directory_procedure(customer, "broken"));
    assert_non_null(directory_procedure(customer, "night"));
    assert_non_null(directory_procedure(customer, "zero"));
    (void)house_escalate(house, SEVERITY_CRITICAL);
    assert_string_equal(house->sent[0].person, "jean");
}

/* More on call than a step holds, and one named besides: as many as it holds are rung. */
static void test_step__holds_so_many(void **state)
{
    struct house *house = *state;
    put_crowd(house, 1, "+33600000009");
    run_procedure(house, "{\"steps\":[{\"notify\":[{\"on_call\":\"crowd\"},{\"agent\":\"jean\"}],"
                         "\"by\":[\"push\"],\"accepted_within_s\":60}]}");
    assert_int_equal(house->sent_count, PERSONS_OF_STEP_MAX);
    assert_string_equal(house->sent[PERSONS_OF_STEP_MAX - 1].person, "one-31");
}

static void listen(void *context, enum log_level level, const char *line, size_t bytes)
{
    (void)level;
    (void)bytes;
    *(bool *)context |= strstr(line, "engine.update_over_limit") != NULL;
}

/* Nobody of the longest procedure has a number, and everybody is told in the end: more facts than
 * are recorded at once, which is said, and no message less. */
static void test_end__tells_more_than_is_recorded(void **state)
{
    struct house *house = *state;
    enum { PHONES = 4 };
    char definition[4096];
    size_t used = (size_t)snprintf(definition, sizeof definition, "{\"rounds\":1,\"steps\":[");
    put_crowd(house, PHONES, "");
    for (int i = 0; i < PROCEDURE_STEPS_MAX; i++) {
        used += (size_t)snprintf(definition + used, sizeof definition - used,
                                 "%s{\"notify\":[{\"on_call\":\"crowd\"}],\"by\":[\"call\"],"
                                 "\"accepted_within_s\":60}",
                                 i > 0 ? "," : "");
    }
    bool said = false;
    log_set_level(LOG_WARNING);
    log_set_sink(listen, &said);
    (void)snprintf(definition + used, sizeof definition - used,
                   "],\"exhausted\":[{\"on_call\":\"crowd\",\"by\":[\"push\"]}]}");
    run_procedure(house, definition);
    log_set_sink(NULL, NULL);
    assert_true(said);
    assert_int_equal(house->sent_count, PHONES * PERSONS_OF_STEP_MAX);
    assert_int_equal(house_number(house, "SELECT count(*) FROM timeline"), UPDATE_ENTRIES_MAX);
    house_accept_all(house, 0);
    struct command *accept = agent_command(house, house->sent[0].escalation, VERB_ACCEPT,
                                           agent_id(house, "one-00"), NULL);
    house_run(house, accept);
    assert_answered(accept, "state", "accepted");
}

/* Each rings that was taken, and the one too many is told so: also when all come in one batch. */
static void test_phones__of_one_batch_beyond_the_limit(void **state)
{
    struct house *house = *state;
    struct command *commands[DEVICES_OF_PERSON_MAX];
    for (size_t i = 0; i < DEVICES_OF_PERSON_MAX; i++) {
        commands[i] = house_command(house, COMMAND_PUT_DEVICE);
        char *installation = arena_alloc(commands[i]->arena, 32);
        (void)snprintf(installation, 32, "more-%zu", i);
        commands[i]->request.device = (struct device_request){.agent_id = house->jean,
                                                              .installation = installation,
                                                              .platform = PLATFORM_FCM,
                                                              .target = "token",
                                                              .battery_percent = -1};
        assert_int_equal(engine_post(house->engine, commands[i]), STATUS_OK);
    }
    house_settle(house);
    const struct command *last = commands[DEVICES_OF_PERSON_MAX - 1];
    for (size_t i = 0; i < DEVICES_OF_PERSON_MAX - 1; i++) {
        assert_int_equal(commands[i]->answer.status, STATUS_OK);
    }
    assert_int_equal(last->answer.status, STATUS_CONFLICT);
    assert_non_null(strstr(last->answer.error.text, "log one out first"));
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(house->sent_count, DEVICES_OF_PERSON_MAX);
    /* One of them may say again who it is. */
    put_device(house, house->jean, "more-0", PLATFORM_FCM);
}

/* Rows of an agent's phones as they come to be over the years: retired ones, and more live ones
 * than a person may have since the limit is kept. */
static void add_phones(struct house *house, int count, const char *retired_at)
{
    char sql[512];
    (void)snprintf(sql, sizeof sql,
                   "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
                   "INSERT INTO device (customer_id, agent_id, installation, platform, target, "
                   "environment, registered_at, retired_at, retired_reason) "
                   "SELECT %lld, %lld, 'old-' || i || '-' || ifnull(%s, 0), 1, 't', 0, 1, %s, "
                   "'logged_out' FROM n",
                   count, (long long)house->customer_id, (long long)house->jean, retired_at,
                   retired_at);
    execute(house, sql);
    struct error error;
    assert_int_equal(engine_reload_customer(house->engine, house->customer_id, &error), STATUS_OK);
}

static void test_phones__retired_ones_take_no_room(void **state)
{
    struct house *house = *state;
    char definition[2048];
    size_t used = 0;
    for (int i = 0; i < 20; i++) {
        used += (size_t)snprintf(definition + used, sizeof definition - used,
                                 "%s{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"push\"],"
                                 "\"accepted_within_s\":60}",
                                 i > 0 ? "," : "{\"steps\":[");
    }
    (void)snprintf(definition + used, sizeof definition - used, "]}");
    put_procedure(house, "long", definition);
    set_default_procedure(house, "long");
    add_phones(house, 30000, "2");
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(house->sent_count, 1);
}

static void test_phones__more_live_ones_than_a_person_may_have(void **state)
{
    struct house *house = *state;
    add_phones(house, DEVICES_OF_PERSON_MAX + 2, "NULL");
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(house->sent_count, DEVICES_OF_PERSON_MAX);
}

/* More pinned versions than are kept in memory: they are read again, and each goes on as it was
 * agreed, with its own time. */
static void test_versions__more_than_are_kept(void **state)
{
    struct house *house = *state;
    enum { VERSIONS = PROCEDURES_CACHED_MAX + 2 };
    execute(house, "PRAGMA synchronous = OFF");
    for (int i = 0; i < VERSIONS; i++) {
        char definition[256];
        (void)snprintf(definition, sizeof definition,
                       "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"push\"],"
                       "\"accepted_within_s\":%d},{\"notify\":[{\"agent\":\"paul\"}],"
                       "\"by\":[\"push\"],\"accepted_within_s\":60}]}",
                       600 + i);
        put_procedure(house, "night", definition);
        (void)house_escalate(house, SEVERITY_MAJOR);
    }
    put_procedure(house, "night",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"push\"],"
                  "\"accepted_within_s\":60}]}");
    house_accept_all(house, 0);
    assert_true(house->engine->procedures_count <= PROCEDURES_CACHED_MAX);
    house_advance(house, INT64_C(1000) * (600 + VERSIONS / 2 - 1));
    house_settle(house);
    assert_int_equal(house->sent_count, VERSIONS + VERSIONS / 2);
    for (size_t i = VERSIONS; i < house->sent_count; i++) {
        assert_string_equal(house->sent[i].person, "paul");
    }
}

/* From its first compiled millisecond on, up to and without the last. */
static void test_rotas__cover_what_was_compiled(void **state)
{
    (void)state;
    struct directory_rota rotas[] = {
        {.slug = "day", .compiled_from = {0}, .compiled_until = {200}},
        {.slug = "night", .compiled_from = {10}, .compiled_until = {100}},
    };
    const struct directory_customer customer = {.rotas = rotas, .rotas_count = 2};
    static const struct {
        int64_t at_ms;
        bool covered;
    } rows[] = {{-1, false}, {9, false}, {10, true}, {99, true}, {100, false}, {199, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct wall_time at = {rows[i].at_ms};
        assert_int_equal(directory_rotas_cover(&customer, at), rows[i].covered);
    }
}

static struct directory_interval hours(int64_t agent_id, int64_t from_h, int64_t to_h)
{
    return (struct directory_interval){
        .from = {from_h * 3600000}, .to = {to_h * 3600000}, .agent_id = agent_id};
}

/* From its first millisecond on, and no more at its end. The first of one's own, in whichever rota,
 * unless one is named; of two that begin together the one that was found first. */
static void test_shifts__begin_and_end_to_the_millisecond(void **state)
{
    struct house *house = *state;
    struct directory_customer customer =
        *directory_customer(house->engine->current, house->customer_id);
    struct directory_interval day[] = {hours(house->jean, 1, 2), hours(house->paul, 2, 3),
                                       hours(house->jean, 4, 6)};
    struct directory_interval night[] = {hours(house->jean, 3, 4), hours(house->jean, 4, 5)};
    struct directory_rota rotas[] = {
        {.slug = "day", .intervals = day, .intervals_count = 3},
        {.slug = "night", .intervals = night, .intervals_count = 2},
    };
    customer.rotas = rotas;
    customer.rotas_count = 2;
    static const struct {
        int64_t at_ms;
        size_t on_call; /* by day */
        int64_t from_h; /* of jean's next shift; 0: none */
        const char *role;
    } rows[] = {
        {3599999, 0, 1, "day"},   {3600000, 1, 1, "day"},    {7199999, 1, 1, "day"},
        {7200000, 1, 3, "night"}, {10800000, 0, 3, "night"}, {14399999, 0, 3, "night"},
        {14400000, 1, 4, "day"},  {21599999, 1, 4, "day"},   {21600000, 0, 0, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct directory_person *found[4];
        const char *role = NULL;
        const struct wall_time at = {rows[i].at_ms};
        assert_int_equal(people_on_call(&customer, "day", at, found, 4), rows[i].on_call);
        const struct directory_interval *shift = shift_of(&customer, house->jean, NULL, at, &role);
        if (rows[i].role == NULL) {
            assert_null(shift);
            continue;
        }
        assert_non_null(shift);
        assert_int_equal(shift->from.ms, rows[i].from_h * 3600000);
        assert_string_equal(role, rows[i].role);
    }
    const char *role = NULL;
    const struct wall_time early = {0};
    const struct directory_interval *shift =
        shift_of(&customer, house->jean, "night", early, &role);
    assert_ptr_equal(shift, &night[0]);
    assert_string_equal(role, "night");
    assert_null(shift_of(&customer, house->paul, "night", early, &role));
    assert_null(shift_of(&customer, house->jean, "dusk", early, &role));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_rotas__cover_what_was_compiled),
        HOUSE_TEST(test_shifts__begin_and_end_to_the_millisecond),
        HOUSE_TEST(test_step__rings_nobody_twice),
        HOUSE_TEST(test_step__passes_over_who_left),
        HOUSE_TEST(test_step__passes_over_a_rota_that_is_gone),
        HOUSE_TEST(test_step__passes_over_a_rota_that_does_not_compile),
        HOUSE_TEST(test_procedure__that_does_not_parse),
        HOUSE_TEST(test_step__holds_so_many),
        HOUSE_TEST(test_end__tells_more_than_is_recorded),
        HOUSE_TEST(test_phones__of_one_batch_beyond_the_limit),
        HOUSE_TEST(test_phones__retired_ones_take_no_room),
        HOUSE_TEST(test_phones__more_live_ones_than_a_person_may_have),
        HOUSE_TEST(test_versions__more_than_are_kept),
    };
    return cmocka_run_group_tests_name("engine.people", tests, NULL, NULL);
}
