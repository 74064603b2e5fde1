/* test_customer.c - a customer's numbers, calendar and ticket fields: put, refused, found. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

#define ONE   "+33199000001"
#define TWO   "+33199000002"
#define THREE "+33199000003"

static struct command *customer_command(struct house *house, const char *slug)
{
    struct command *command = house_command(house, COMMAND_PUT_CUSTOMER);
    command->request.customer = (struct customer_request){.slug = slug,
                                                          .name = slug,
                                                          .time_zone = "Europe/Paris",
                                                          .language = "fr",
                                                          .alias = "A",
                                                          .active = true};
    return command;
}

static struct command *put_numbers(struct house *house, const char *slug,
                                   const char *const *numbers, size_t count)
{
    struct command *command = customer_command(house, slug);
    command->request.customer.numbers = numbers;
    command->request.customer.numbers_count = count;
    house_run(house, command);
    return command;
}

static void house_restart(struct house *house)
{
    house_close(house);
    house_open(house);
}

static const struct directory_customer *customer_named(const struct house *house, const char *slug)
{
    return directory_customer_by_slug(house->engine->published, slug);
}

static void assert_called(const struct house *house, const char *number, const char *slug)
{
    const struct directory_customer *found =
        directory_customer_by_number(house->engine->published, number);
    if (slug == NULL) {
        assert_null(found);
    } else {
        assert_non_null(found);
        assert_string_equal(found->slug, slug);
    }
}

static void test_numbers__find_their_customer(void **state)
{
    struct house *house = *state;
    static const char *const ours[] = {TWO, ONE}, *const theirs[] = {THREE};
    assert_called(house, ONE, NULL);
    assert_int_equal(put_numbers(house, "acme", ours, 2)->answer.status, STATUS_OK);
    assert_int_equal(put_numbers(house, "beta", theirs, 1)->answer.status, STATUS_OK);
    assert_called(house, ONE, "acme");
    assert_called(house, TWO, "acme");
    assert_called(house, THREE, "beta");
    assert_called(house, "+33199000000", NULL);
    assert_called(house, "+33199000004", NULL);
    const struct directory_customer *customer = customer_named(house, "acme");
    assert_int_equal(customer->numbers_count, 2);
    assert_string_equal(customer->numbers[0], TWO);
    assert_string_equal(customer->numbers[1], ONE);
    house_restart(house);
    assert_called(house, ONE, "acme");
    assert_called(house, THREE, "beta");
}

/* The place is named, whose it is is not. */
static void test_numbers__of_another_customer_are_refused(void **state)
{
    struct house *house = *state;
    static const char *const first[] = {ONE, TWO}, *const second[] = {THREE, TWO};
    (void)put_numbers(house, "acme", first, 2);
    struct command *command = put_numbers(house, "beta", second, 2);
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
    assert_string_equal(command->answer.error.pointer, "/numbers/1");
    assert_null(strstr(command->answer.error.text, "acme"));
    assert_null(customer_named(house, "beta"));
    assert_called(house, THREE, NULL);
    /* Its own it may have again, in another order, and what it gives up another may have. */
    assert_int_equal(put_numbers(house, "acme", &second[1], 1)->answer.status, STATUS_OK);
    assert_int_equal(put_numbers(house, "beta", &first[0], 1)->answer.status, STATUS_OK);
    assert_called(house, ONE, "beta");
    assert_called(house, TWO, "acme");
}

/* Both come in one turn, before anybody else sees the first. */
static void test_numbers__of_two_customers_at_once(void **state)
{
    struct house *house = *state;
    static const char *const numbers[] = {ONE};
    struct command *commands[2] = {customer_command(house, "beta"),
                                   customer_command(house, "gamma")};
    for (size_t i = 0; i < 2; i++) {
        commands[i]->request.customer.numbers = numbers;
        commands[i]->request.customer.numbers_count = 1;
        assert_int_equal(engine_post(house->engine, commands[i]), STATUS_OK);
    }
    (void)engine_turn(house->engine);
    assert_int_equal(commands[0]->answer.status, STATUS_OK);
    assert_int_equal(commands[1]->answer.status, STATUS_CONFLICT);
    assert_called(house, ONE, "beta");
}

static struct command *put_calendar(struct house *house, const char *hours, const char *holidays)
{
    struct command *command = customer_command(house, "acme");
    command->request.customer.opening_hours = hours;
    command->request.customer.holidays = holidays;
    house_run(house, command);
    return command;
}

static struct command *put_file(struct house *house, const char *ics)
{
    struct command *command = house_command(house, COMMAND_PUT_HOLIDAYS);
    command->request.holidays.ics = ics;
    house_run(house, command);
    return command;
}

/* The fixture's calendar is the texts that it was read from. */
static void assert_calendar(const struct house *house, const char *hours, const char *holidays,
                            const char *ics)
{
    const struct directory_customer *customer = customer_named(house, "acme");
    const struct engine_calendar_texts *texts = (const void *)customer->calendar;
    if (hours == NULL && holidays == NULL && ics == NULL) {
        assert_null(texts);
        return;
    }
    assert_non_null(texts);
    const char *const is[] = {texts->opening_hours, texts->holidays, texts->holidays_ics};
    const char *const wanted[] = {hours, holidays, ics};
    for (size_t i = 0; i < 3; i++) {
        if (wanted[i] == NULL) {
            assert_null(is[i]);
        } else {
            assert_string_equal(is[i], wanted[i]);
        }
    }
}

static void test_calendar__is_read_of_all_its_parts(void **state)
{
    struct house *house = *state;
    assert_calendar(house, NULL, NULL, NULL);
    assert_int_equal(put_calendar(house, "hours", "fr")->answer.status, STATUS_OK);
    assert_calendar(house, "hours", "fr", NULL);
    assert_int_equal(put_file(house, "file")->answer.status, STATUS_OK);
    assert_calendar(house, "hours", "fr", "file");
    assert_int_equal(put_calendar(house, NULL, "fr-guyane")->answer.status, STATUS_OK);
    assert_calendar(house, NULL, "fr-guyane", "file"); /* the file is put and taken by itself */
    house_restart(house);
    assert_calendar(house, NULL, "fr-guyane", "file");
    assert_int_equal(put_file(house, NULL)->answer.status, STATUS_OK);
    assert_calendar(house, NULL, "fr-guyane", NULL);
    assert_int_equal(put_file(house, NULL)->answer.status, STATUS_NOT_FOUND);
    assert_int_equal(put_calendar(house, NULL, NULL)->answer.status, STATUS_OK);
    assert_calendar(house, NULL, NULL, NULL);
    assert_int_equal(put_file(house, "file")->answer.status, STATUS_OK);
    assert_calendar(house, NULL, NULL, "file");
    assert_int_equal(put_file(house, NULL)->answer.status, STATUS_OK);
    assert_calendar(house, NULL, NULL, NULL);
}

static void test_calendar__that_is_broken_is_refused(void **state)
{
    struct house *house = *state;
    (void)put_calendar(house, "hours", NULL);
    struct command *command = put_calendar(house, "broken", NULL);
    assert_int_equal(command->answer.status, STATUS_INVALID);
    assert_string_equal(command->answer.error.pointer, "/opening_hours");
    assert_int_equal(put_file(house, "broken")->answer.status, STATUS_INVALID);
    assert_calendar(house, "hours", NULL, NULL);
    command = house_command(house, COMMAND_PUT_HOLIDAYS);
    command->customer_id = 99;
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
}

/* Stored by an earlier version that took it: the customer is there all the same. */
static void test_calendar__that_cannot_be_read_any_more(void **state)
{
    struct house *house = *state;
    (void)put_calendar(house, "hours", NULL);
    assert_int_equal(sqlite3_exec(house->engine->store->db,
                                  "UPDATE customer SET opening_hours = 'broken', "
                                  "ticket_fields = '[7]'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    house_restart(house);
    const struct directory_customer *customer = customer_named(house, "acme");
    assert_null(customer->calendar);
    assert_string_equal(customer->opening_hours, "broken");
    assert_int_equal(customer->ticket_fields_count, 0);
    assert_int_equal(put_calendar(house, "hours", NULL)->answer.status, STATUS_OK);
    assert_calendar(house, "hours", NULL, NULL);
}

/* A file takes long to read: once for each change of it, however often its customer changes. */
static void test_calendar__is_read_once(void **state)
{
    struct house *house = *state;
    (void)put_calendar(house, "hours", "fr");
    assert_int_equal(house->calendars_read, 1);
    (void)put_file(house, "file");
    assert_int_equal(house->calendars_read, 2);
    put_agent(house, "jean", "+33600000007", true);
    put_device(house, house->jean, "another", PLATFORM_FCM);
    (void)put_calendar(house, "hours", "fr");
    assert_int_equal(house->calendars_read, 2);
    assert_calendar(house, "hours", "fr", "file");
    /* Another customer's is its own, and the one before stays. */
    struct command *command = customer_command(house, "beta");
    command->request.customer.opening_hours = "theirs";
    house_run(house, command);
    put_agent(house, "jean", "+33600000008", true);
    assert_int_equal(house->calendars_read, 3);
    assert_calendar(house, "hours", "fr", "file");
    house_restart(house);
    assert_int_equal(house->calendars_read, 5);
    /* It is read again once it runs short, by itself. */
    const struct engine_calendar *before = customer_named(house, "acme")->calendar;
    house->wall.ms += CALENDAR_AHEAD_MS - CALENDAR_LEFT_MS;
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(house->calendars_read, 7);
    assert_ptr_not_equal(customer_named(house, "acme")->calendar, before);
    house->wall.ms -= CALENDAR_BEHIND_MS - CALENDAR_BEHIND_LEFT_MS + 2000;
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(house->calendars_read, 9);
    assert_calendar(house, "hours", "fr", "file");
}

/* What a file says is known for years, and read again before it runs short. */
static void test_calendar__is_renewed(void **state)
{
    struct house *house = *state;
    (void)put_calendar(house, NULL, "fr");
    struct wall_time until = customer_named(house, "acme")->calendar_until;
    assert_int_equal(until.ms, house->wall.ms + CALENDAR_AHEAD_MS);
    struct directory_customer alone = *customer_named(house, "acme");
    alone.rotas_count = 0;
    struct customer_snapshot snapshot = {.customer = alone};
    struct customer_snapshot *all[] = {&snapshot};
    const struct directory directory = {.by_id = all, .customers_count = 1};
    static const struct {
        int64_t days;
        bool worn;
    } rows[] = {{0, false}, {365, false}, {366, true}, {-365, false}, {-366, true}, {4000, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t id = 0;
        struct wall_time at = {house->wall.ms + rows[i].days * INT64_C(86400000)};
        assert_int_equal(directory_rotas_wear(&directory, at, &id) <= 0, rows[i].worn);
        assert_int_equal(id, alone.id);
    }
    snapshot.customer.calendar = NULL;
    int64_t id = 0;
    assert_int_equal(directory_rotas_wear(&directory, house->wall, &id), TIME_NEVER_MS);
}

static struct command *put_duty(struct house *house, const char *definition)
{
    struct command *command = house_command(house, COMMAND_PUT_ROTA);
    command->request.definition =
        (struct definition_request){.slug = "duty", .definition = definition};
    house_run(house, command);
    return command;
}

static void assert_on_duty(const struct house *house, int64_t agent)
{
    const struct directory_rota *rota = directory_rota(customer_named(house, "acme"), "duty");
    assert_non_null(rota);
    assert_int_equal(rota->intervals_count, agent != 0 ? 1 : 0);
    assert_true(agent == 0 || rota->intervals[0].agent_id == agent);
}

/* Where a rota names somebody, for the pointer of the refusal. */
static void test_rota__place_of_an_agent(void **state)
{
    (void)state;
    static const char rota[] =
        "{\"layers\":[{\"participants\":[\"jean\",\"paul\"]},{\"participants\":[\"zoe\"]}],"
        "\"overrides\":[{\"agent\":\"jean\"},{\"agent\":\"luc\",\"with\":\"lea\"}]}";
    static const struct {
        const char *definition, *agent, *place;
    } cases[] = {
        {rota, "paul", "/layers/0/participants/1"},
        {rota, "zoe", "/layers/1/participants/0"},
        {rota, "luc", "/overrides/1/agent"},
        {rota, "lea", "/overrides/1/with"},
        {rota, "eve", "/layers"},
        {"not json", "eve", "/layers"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char place[ERROR_POINTER_BYTES_MAX];
        rota_place_of_agent(cases[i].definition, cases[i].agent, place);
        assert_string_equal(place, cases[i].place);
    }
}

/* Who is not there is named. */
static void test_rota__refuses_a_stranger_by_name(void **state)
{
    struct house *house = *state;
    const struct command *command = put_duty(house, "stranger");
    assert_int_equal(command->answer.status, STATUS_INVALID);
    assert_string_equal(command->answer.error.text,
                        "/layers: \"stranger\" is not an agent of this customer; put the agent "
                        "first");
    assert_string_equal(command->answer.error.pointer, "/layers");
}

/* In the fixture the opening hours say who is on call in such a rota. */
static void test_rota__follows_the_opening_hours(void **state)
{
    struct house *house = *state;
    assert_int_equal(put_duty(house, "needs-hours ")->answer.status, STATUS_INVALID);
    (void)put_calendar(house, "jean", NULL);
    assert_int_equal(put_duty(house, "needs-hours ")->answer.status, STATUS_OK);
    assert_on_duty(house, house->jean);
    (void)put_calendar(house, "paul", "fr");
    assert_on_duty(house, house->paul);
    house_restart(house);
    assert_on_duty(house, house->paul);
}

static void test_rota__keeps_what_it_needs(void **state)
{
    struct house *house = *state;
    (void)put_calendar(house, "jean", NULL);
    (void)put_duty(house, "needs-hours ");
    struct command *command = put_calendar(house, NULL, "fr");
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
    assert_non_null(strstr(command->answer.error.text, "rota duty"));
    assert_non_null(strstr(command->answer.error.text, "needs hours"));
    assert_on_duty(house, house->jean);
    assert_calendar(house, "jean", NULL, NULL);
    /* It asks for no holidays; and once it asks for nothing, all may go. */
    assert_int_equal(put_file(house, "file")->answer.status, STATUS_OK);
    assert_int_equal(put_file(house, NULL)->answer.status, STATUS_OK);
    assert_int_equal(put_duty(house, "paul")->answer.status, STATUS_OK);
    assert_int_equal(put_calendar(house, NULL, NULL)->answer.status, STATUS_OK);
    assert_on_duty(house, house->paul);
}

/* A rota that lacks what it needs already is no reason to refuse a change. */
static void test_rota__without_what_it_needs_stops_no_change(void **state)
{
    struct house *house = *state;
    (void)put_calendar(house, "jean", NULL);
    (void)put_duty(house, "needs-hours ");
    assert_int_equal(sqlite3_exec(house->engine->store->db,
                                  "UPDATE customer SET opening_hours = NULL", NULL, NULL, NULL),
                     SQLITE_OK);
    house_restart(house);
    assert_on_duty(house, 0);
    assert_int_equal(put_calendar(house, NULL, "fr")->answer.status, STATUS_OK);
    assert_int_equal(put_calendar(house, "jean", NULL)->answer.status, STATUS_OK);
    assert_on_duty(house, house->jean);
}

static void test_customer__keeps_what_it_says(void **state)
{
    struct house *house = *state;
    struct command *command = customer_command(house, "acme");
    struct customer_request *request = &command->request.customer;
    request->emergency_phone = "+33600000009";
    request->greeting = "Bonjour";
    request->retention_days = 30;
    request->ticket_fields = "[{\"name\":\"site\",\"label\":\"Site\",\"type\":\"text\"}]";
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    house_restart(house);
    const struct directory_customer *customer = customer_named(house, "acme");
    assert_string_equal(customer->emergency_phone, "+33600000009");
    assert_string_equal(customer->greeting, "Bonjour");
    assert_int_equal(customer->retention_days, 30);
    assert_int_equal(customer->ticket_fields_count, 1);
    assert_string_equal(customer->ticket_fields[0].name, "site");
    /* A PUT says all of it: what it does not say is gone. */
    house_run(house, customer_command(house, "acme"));
    customer = customer_named(house, "acme");
    assert_null(customer->emergency_phone);
    assert_null(customer->greeting);
    assert_int_equal(customer->retention_days, 0);
    assert_null(customer->ticket_fields_json);
    assert_int_equal(customer->ticket_fields_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_numbers__find_their_customer),
        HOUSE_TEST(test_numbers__of_another_customer_are_refused),
        HOUSE_TEST(test_numbers__of_two_customers_at_once),
        HOUSE_TEST(test_calendar__is_read_of_all_its_parts),
        HOUSE_TEST(test_calendar__that_is_broken_is_refused),
        HOUSE_TEST(test_calendar__that_cannot_be_read_any_more),
        HOUSE_TEST(test_calendar__is_read_once),
        HOUSE_TEST(test_calendar__is_renewed),
        HOUSE_TEST(test_rota__place_of_an_agent),
        HOUSE_TEST(test_rota__refuses_a_stranger_by_name),
        HOUSE_TEST(test_rota__follows_the_opening_hours),
        HOUSE_TEST(test_rota__keeps_what_it_needs),
        HOUSE_TEST(test_rota__without_what_it_needs_stops_no_change),
        HOUSE_TEST(test_customer__keeps_what_it_says),
    };
    return cmocka_run_group_tests_name("engine.customer", tests, NULL, NULL);
}
