/* test_feeds.c - secret addresses of calendars: made, found, revoked; and rotas that are put on
 * condition. */
#include <stdlib.h>
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

#define PLACE         "https://gateway.example/v1/feeds/"
#define URL_BYTES_MAX 256

static struct command *feed_command(struct house *house, enum command_type type, const char *rota,
                                    const char *agent)
{
    struct command *command = house_command(house, type);
    command->request.feed =
        (struct feed_request){.rota = rota, .agent = agent, .name = "phone", .place = PLACE};
    return command;
}

/* Makes a feed; its secret, and its id in *id_r (may be NULL). */
static void add_feed(struct house *house, const char *rota, const char *agent,
                     char secret_r[TOKEN_BYTES_MAX], int64_t *id_r)
{
    struct command *command = feed_command(house, COMMAND_ADD_FEED, rota, agent);
    char url[URL_BYTES_MAX];
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_true(command->answer.created);
    answered_text(command, "url", url, sizeof url);
    size_t bytes = strlen(url);
    assert_memory_equal(url, PLACE "fd_", sizeof PLACE + 2);
    assert_string_equal(url + bytes - 4, ".ics");
    assert_int_equal(bytes, sizeof PLACE - 1 + TOKEN_BYTES_MAX - 1 + 4);
    memcpy(secret_r, url + sizeof PLACE - 1, TOKEN_BYTES_MAX - 1);
    secret_r[TOKEN_BYTES_MAX - 1] = '\0';
    const char *id = strstr(command->answer.body, "\"id\":");
    assert_non_null(id);
    if (id_r != NULL) {
        *id_r = strtoll(id + 5, NULL, 10);
    }
}

static const struct directory_feed *find(struct house *house, const char *secret)
{
    const struct directory_customer *customer = NULL;
    const struct directory_feed *feed =
        directory_feed_by_secret(house->engine->published, secret, &customer);
    assert_true((feed == NULL) == (customer == NULL));
    assert_true(customer == NULL || customer->id == house->customer_id);
    return feed;
}

static enum status revoke(struct house *house, const char *rota, const char *agent, int64_t id)
{
    struct command *command = feed_command(house, COMMAND_REVOKE_FEED, rota, agent);
    command->request.feed.feed_id = id;
    house_run(house, command);
    return command->answer.status;
}

static void test_feed__is_found_by_its_secret(void **state)
{
    struct house *house = *state;
    char of_rota[TOKEN_BYTES_MAX], of_agent[TOKEN_BYTES_MAX];
    add_feed(house, "duty", NULL, of_rota, NULL);
    add_feed(house, NULL, "jean", of_agent, NULL);
    for (int life = 0; life < 2; life++) {
        const struct directory_feed *feed = find(house, of_rota);
        const struct directory_customer *customer =
            directory_customer(house->engine->published, house->customer_id);
        assert_non_null(feed);
        assert_string_equal(feed->name, "phone");
        assert_ptr_equal(directory_feed_rota(customer, feed), directory_rota(customer, "duty"));
        assert_int_equal(feed->agent_id, 0);
        feed = find(house, of_agent);
        assert_non_null(feed);
        assert_int_equal(feed->agent_id, house->jean);
        assert_int_equal(feed->rota_id, 0);
        assert_null(directory_feed_rota(customer, feed));
        house_close(house);
        house_open(house);
    }
}

static void test_feed__is_not_found_by_another(void **state)
{
    struct house *house = *state;
    char secret[TOKEN_BYTES_MAX], other[TOKEN_BYTES_MAX + 1];
    add_feed(house, "duty", NULL, secret, NULL);
    for (size_t i = 0; i < TOKEN_BYTES_MAX - 1; i++) {
        memcpy(other, secret, TOKEN_BYTES_MAX);
        other[i] = other[i] == 'A' ? 'Q' : 'A'; /* not of the last two bits, which are no part */
        assert_null(find(house, other));
        memcpy(other, secret, TOKEN_BYTES_MAX);
        other[i] = '\0';
        assert_null(find(house, other));
    }
    (void)snprintf(other, sizeof other, "%sA", secret);
    assert_null(find(house, other));
    assert_null(find(house, ""));
    memcpy(other, secret, TOKEN_BYTES_MAX);
    memcpy(other + 3, "!!!!!!!!!!!!!!!!!!!!!!", TOKEN_ID_CHARS);
    assert_null(find(house, other));
    int64_t numbers[2] = {house->customer_id + 1, 1};
    memcpy(other, secret, TOKEN_BYTES_MAX);
    token_renumber(other, numbers);
    assert_null(find(house, other));
    assert_non_null(find(house, secret));
}

/* What stands in the database opens nothing. */
static void test_feed__keeps_no_secret(void **state)
{
    struct house *house = *state;
    char secret[TOKEN_BYTES_MAX];
    struct feed_row *rows;
    size_t count;
    struct error error;
    add_feed(house, "duty", NULL, secret, NULL);
    assert_int_equal(store_list_feeds(house->engine->store, house->customer_id,
                                      house->engine->scratch, &rows, &count, &error),
                     STATUS_OK);
    assert_int_equal(count, 1);
    struct digest hash = token_hash(secret + 3 + TOKEN_ID_CHARS + 1);
    assert_memory_equal(rows[0].secret_hash.bytes, hash.bytes, sizeof hash.bytes);
}

static void test_feed__is_revoked_at_once_and_by_its_owner_alone(void **state)
{
    struct house *house = *state;
    char secret[TOKEN_BYTES_MAX];
    int64_t id;
    add_feed(house, "duty", NULL, secret, &id);
    assert_int_equal(revoke(house, "backup", NULL, id), STATUS_NOT_FOUND);
    assert_int_equal(revoke(house, NULL, "jean", id), STATUS_NOT_FOUND);
    assert_int_equal(revoke(house, "duty", NULL, id + 1), STATUS_NOT_FOUND);
    assert_non_null(find(house, secret));
    assert_int_equal(revoke(house, "duty", NULL, id), STATUS_OK);
    assert_null(find(house, secret));
    assert_int_equal(revoke(house, "duty", NULL, id), STATUS_NOT_FOUND);
    house_close(house);
    house_open(house);
    assert_null(find(house, secret));
}

static void test_feed__of_an_owner_are_so_many(void **state)
{
    struct house *house = *state;
    char secret[TOKEN_BYTES_MAX];
    int64_t id = 0;
    for (int i = 0; i < FEEDS_OF_OWNER_MAX; i++) {
        add_feed(house, "duty", NULL, secret, &id);
    }
    struct command *command = feed_command(house, COMMAND_ADD_FEED, "duty", NULL);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
    assert_non_null(strstr(command->answer.error.text, "8 feeds"));
    for (int i = 0; i < FEEDS_OF_OWNER_MAX; i++) {
        add_feed(house, NULL, "jean", secret, NULL);
        add_feed(house, NULL, "paul", secret, NULL);
    }
    assert_int_equal(revoke(house, "duty", NULL, id), STATUS_OK);
    add_feed(house, "duty", NULL, secret, NULL);
}

static void test_feed__of_nobody(void **state)
{
    struct house *house = *state;
    static const char *const owners[][2] = {{"nonesuch", NULL}, {NULL, "nonesuch"}};
    for (size_t i = 0; i < 2; i++) {
        struct command *command = feed_command(house, COMMAND_ADD_FEED, owners[i][0], owners[i][1]);
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
        command = feed_command(house, COMMAND_ADD_FEED, owners[i][0], owners[i][1]);
        command->customer_id = 99;
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
        assert_int_equal(revoke(house, owners[i][0], owners[i][1], 1), STATUS_NOT_FOUND);
    }
}

/* ---- rotas ---- */

static struct command *put_after(struct house *house, const char *slug, const char *definition,
                                 const char *before)
{
    struct command *command = house_command(house, COMMAND_PUT_ROTA);
    command->request.definition = (struct definition_request){
        .slug = slug, .definition = definition, .follows = true, .before = before};
    house_run(house, command);
    return command;
}

static const char *definition_of(struct house *house, const char *slug)
{
    const struct directory_customer *customer =
        directory_customer(house->engine->published, house->customer_id);
    const struct directory_rota *rota = directory_rota(customer, slug);
    return rota != NULL ? rota->definition : NULL;
}

static void test_rota__that_was_changed_meanwhile(void **state)
{
    struct house *house = *state;
    put_rota(house, "duty", "jean");
    assert_int_equal(put_after(house, "duty", "paul", "paul")->answer.status, STATUS_CONFLICT);
    assert_int_equal(put_after(house, "duty", "paul", NULL)->answer.status, STATUS_CONFLICT);
    assert_string_equal(definition_of(house, "duty"), "jean");
    assert_int_equal(put_after(house, "duty", "paul", "jean")->answer.status, STATUS_OK);
    assert_string_equal(definition_of(house, "duty"), "paul");
    assert_int_equal(put_after(house, "new", "paul", "jean")->answer.status, STATUS_CONFLICT);
    assert_null(definition_of(house, "new"));
    struct command *made = put_after(house, "new", "paul", NULL);
    assert_int_equal(made->answer.status, STATUS_OK);
    assert_true(made->answer.created);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_feed__is_found_by_its_secret),
        HOUSE_TEST(test_feed__is_not_found_by_another),
        HOUSE_TEST(test_feed__keeps_no_secret),
        HOUSE_TEST(test_feed__is_revoked_at_once_and_by_its_owner_alone),
        HOUSE_TEST(test_feed__of_an_owner_are_so_many),
        HOUSE_TEST(test_feed__of_nobody),
        HOUSE_TEST(test_rota__that_was_changed_meanwhile),
    };
    return cmocka_run_group_tests_name("engine.feeds", tests, NULL, NULL);
}
