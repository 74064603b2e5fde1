/* test_directory.c - who exists and who may: configuration, keys, roles, scopes, enrolment. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/encoding.h"
#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"
#include "tests/unit/engine/fixture.h"

static struct principal authenticate(struct house *house, const char *token, enum status expected)
{
    struct principal principal = {.role = ROLE_NONE};
    const struct directory *directory = engine_directory_acquire(house->engine);
    assert_int_equal(directory_authenticate(directory, token, &principal), expected);
    principal.customers = NULL; /* lives as long as the reference */
    engine_directory_release(house->engine, directory);
    return principal;
}

static struct command *add_key(struct house *house, enum role role, const int64_t *customers,
                               size_t count)
{
    struct command *command = house_command(house, COMMAND_ADD_API_KEY);
    command->request.api_key = (struct api_key_request){
        .name = "a key",
        .role = role,
        .all_customers = count == 0,
        .customers = customers,
        .customers_count = count,
    };
    house_run(house, command);
    return command;
}

/* A principal is known by its token's public part: its idempotency keys stand under it. */
static void assert_known_by(const struct principal *principal, const char *token)
{
    assert_int_equal(strlen(principal->key_id), 22);
    assert_memory_equal(principal->key_id, token + 3, 22);
}

static void test_keys__root_key_is_admin_of_all(void **state)
{
    struct house *house = *state;
    struct principal principal = authenticate(house, ROOT_KEY, STATUS_OK);
    assert_int_equal(principal.role, ROLE_ADMIN);
    assert_known_by(&principal, ROOT_KEY);
    assert_true(principal_covers(&principal, house->customer_id));
    assert_true(principal_covers(&principal, 12345));
}

static void test_keys__changed_root_key(void **state)
{
    struct house *house = *state;
    struct error error;
    char other[] = ROOT_KEY;
    other[strlen(other) - 1] = 'B';
    assert_int_equal(engine_set_root_key(house->engine, "ak_short", &error), STATUS_CONFIGURATION);
    assert_int_equal(engine_set_root_key(house->engine, other, &error), STATUS_OK);
    house_settle(house);
    (void)authenticate(house, ROOT_KEY, STATUS_UNAUTHENTICATED);
    (void)authenticate(house, other, STATUS_OK);
    assert_int_equal(engine_set_root_key(house->engine, NULL, &error), STATUS_OK);
    house_settle(house);
    (void)authenticate(house, other, STATUS_UNAUTHENTICATED);
}

static void test_keys__malformed_root_key(void **state)
{
    struct house *house = *state;
    struct error error;
    static const char *const keys[] = {"", "ak_", "secret", ROOT_KEY "A"};
    house_close(house);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct engine_configuration configuration = house_configuration(house);
        configuration.root_key = keys[i];
        assert_int_equal(engine_create(&configuration, &house->engine, &error),
                         STATUS_CONFIGURATION);
        assert_null(house->engine);
        assert_non_null(strstr(error.text, "astreintectl key generate"));
    }
}

static void test_keys__roles_scopes_and_restart(void **state)
{
    struct house *house = *state;
    static const enum role roles[] = {ROLE_CALL_CENTRE, ROLE_TELEPHONY, ROLE_ADMIN, ROLE_PORTAL};
    char keys[4][128];
    for (int i = 0; i < 4; i++) {
        struct command *command = add_key(house, roles[i], &house->customer_id, 1);
        assert_int_equal(command->answer.status, STATUS_OK);
        assert_true(command->answer.created);
        answered_text(command, "key", keys[i], sizeof keys[i]);
        assert_answered(command, "role", role_word(roles[i]));
    }
    for (int start = 0; start < 2; start++) {
        for (int i = 0; i < 4; i++) {
            const struct directory *directory = engine_directory_acquire(house->engine);
            struct principal principal;
            assert_int_equal(directory_authenticate(directory, keys[i], &principal), STATUS_OK);
            assert_int_equal(principal.role, roles[i]);
            assert_known_by(&principal, keys[i]);
            assert_false(principal.all_customers);
            assert_true(principal_covers(&principal, house->customer_id));
            assert_false(principal_covers(&principal, house->customer_id + 1));
            engine_directory_release(house->engine, directory);
        }
        house_close(house);
        house_open(house);
    }
}

/* Wherever it stands among the others, and none of those that stand between them. */
static void test_keys__each_of_many_is_found(void **state)
{
    struct house *house = *state;
    char keys[9][128];
    for (int i = 0; i < 9; i++) {
        answered_text(add_key(house, i % 2 == 0 ? ROLE_ADMIN : ROLE_PORTAL, NULL, 0), "key",
                      keys[i], sizeof keys[i]);
    }
    for (int i = 0; i < 9; i++) {
        struct principal principal = authenticate(house, keys[i], STATUS_OK);
        assert_int_equal(principal.role, i % 2 == 0 ? ROLE_ADMIN : ROLE_PORTAL);
        assert_known_by(&principal, keys[i]);
        keys[i][3] = '-'; /* before all others */
        (void)authenticate(house, keys[i], STATUS_UNAUTHENTICATED);
        keys[i][3] = 'z'; /* behind them */
        (void)authenticate(house, keys[i], STATUS_UNAUTHENTICATED);
    }
    (void)authenticate(house, ROOT_KEY, STATUS_OK);
}

static void test_keys__wrong_secrets_and_forms(void **state)
{
    struct house *house = *state;
    char key[128];
    answered_text(add_key(house, ROLE_ADMIN, NULL, 0), "key", key, sizeof key);
    (void)authenticate(house, key, STATUS_OK);
    for (size_t i = 0; i < strlen(key); i++) {
        char wrong[128];
        memcpy(wrong, key, strlen(key) + 1);
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        (void)authenticate(house, wrong, STATUS_UNAUTHENTICATED);
        wrong[i] = '\0';
        (void)authenticate(house, wrong, STATUS_UNAUTHENTICATED);
    }
    (void)authenticate(house, "", STATUS_UNAUTHENTICATED);
    (void)authenticate(house, "ak_", STATUS_UNAUTHENTICATED);
    key[0] = 'b';
    (void)authenticate(house, key, STATUS_UNAUTHENTICATED);
}

static void test_keys__revoked_at_once(void **state)
{
    struct house *house = *state;
    char key[128], id[KEY_ID_BYTES_MAX];
    struct command *command = add_key(house, ROLE_PORTAL, NULL, 0);
    answered_text(command, "key", key, sizeof key);
    answered_text(command, "id", id, sizeof id);
    struct command *revoke = house_command(house, COMMAND_REVOKE_API_KEY);
    revoke->request.api_key.key_id = id;
    house_run(house, revoke);
    assert_int_equal(revoke->answer.status, STATUS_OK);
    (void)authenticate(house, key, STATUS_UNAUTHENTICATED);
    revoke = house_command(house, COMMAND_REVOKE_API_KEY);
    revoke->request.api_key.key_id = "nonesuch";
    house_run(house, revoke);
    assert_int_equal(revoke->answer.status, STATUS_NOT_FOUND);
}

/* ---- enrolment ---- */

static void make_code(struct house *house, const char *agent, char code_r[32])
{
    struct command *command = house_command(house, COMMAND_ADD_ENROLMENT);
    command->request.enrolment.agent = agent;
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    answered_text(command, "code", code_r, 32);
    assert_int_equal(strlen(code_r), 10);
}

static struct command *use_code(struct house *house, const char *code)
{
    struct command *command = house_command(house, COMMAND_USE_ENROLMENT);
    command->customer_id = 0;
    command->request.enrolment.code = arena_text(command->arena, code);
    house_run(house, command);
    return command;
}

static void test_enrolment__a_code_works_once(void **state)
{
    struct house *house = *state;
    char code[32], token[128], typed[sizeof code + 2];
    make_code(house, "jean", code);
    /* As people type it: in lower case, with a dash. */
    (void)snprintf(typed, sizeof typed, "%.5s-%s ", code, code + 5);
    for (char *c = typed; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    struct command *command = use_code(house, typed);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_non_null(strstr(command->answer.body, "\"agent\":{\"slug\":\"jean\",\"name\":\"jean\","
                                                 "\"customer\":\"acme\"}"));
    answered_text(command, "token", token, sizeof token);
    struct principal principal = authenticate(house, token, STATUS_OK);
    assert_int_equal(principal.role, ROLE_AGENT);
    assert_int_equal(principal.agent_id, house->jean);
    assert_known_by(&principal, token);
    assert_true(principal_covers(&principal, house->customer_id));
    assert_false(principal_covers(&principal, house->customer_id + 1));
    assert_int_equal(use_code(house, code)->answer.status, STATUS_NOT_FOUND);
    token[strlen(token) - 1] ^= 1;
    (void)authenticate(house, token, STATUS_UNAUTHENTICATED);
}

static void test_enrolment__two_phones_with_one_code_in_one_batch(void **state)
{
    struct house *house = *state;
    char code[32];
    make_code(house, "jean", code);
    struct command *commands[2];
    for (int i = 0; i < 2; i++) {
        commands[i] = house_command(house, COMMAND_USE_ENROLMENT);
        commands[i]->request.enrolment.code = code;
        assert_int_equal(engine_post(house->engine, commands[i]), STATUS_OK);
    }
    house_settle(house);
    assert_int_equal(commands[0]->answer.status, STATUS_OK);
    assert_int_equal(commands[1]->answer.status, STATUS_NOT_FOUND);
}

static void test_enrolment__a_code_expires(void **state)
{
    struct house *house = *state;
    char code[32];
    make_code(house, "jean", code);
    house_advance(house, INT64_C(24) * 3600000 + 1);
    assert_int_equal(use_code(house, code)->answer.status, STATUS_NOT_FOUND);
}

/* By the wall, which may have been set back by a minute since; further back no code lives. */
static void test_enrolment__a_code_s_life_to_the_millisecond(void **state)
{
    struct house *house = *state;
    static const struct {
        int64_t moved_ms;
        enum status expected;
    } rows[] = {
        {CODE_LIFE_MS, STATUS_OK},
        {CODE_LIFE_MS + 1, STATUS_NOT_FOUND},
        {-60000, STATUS_OK},
        {-60001, STATUS_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char code[32];
        make_code(house, "jean", code);
        house->wall.ms += rows[i].moved_ms;
        assert_int_equal(use_code(house, code)->answer.status, rows[i].expected);
    }
}

static void test_enrolment__a_new_code_replaces_the_old(void **state)
{
    struct house *house = *state;
    char first[32], second[32];
    make_code(house, "jean", first);
    make_code(house, "jean", second);
    assert_int_equal(use_code(house, first)->answer.status, STATUS_NOT_FOUND);
    assert_int_equal(use_code(house, second)->answer.status, STATUS_OK);
    assert_int_equal(use_code(house, "")->answer.status, STATUS_NOT_FOUND);
}

static void test_enrolment__of_an_agent_who_left(void **state)
{
    struct house *house = *state;
    char code[32], other[32], token[128];
    make_code(house, "jean", code);
    answered_text(use_code(house, code), "token", token, sizeof token);
    make_code(house, "jean", other);
    put_agent(house, "jean", "+33600000001", false);
    (void)authenticate(house, token, STATUS_UNAUTHENTICATED);
    assert_int_equal(use_code(house, other)->answer.status, STATUS_NOT_FOUND);
    /* Nobody is on call now: paul at once. */
    (void)house_escalate(house, SEVERITY_CRITICAL);
    assert_string_equal(house->sent[0].person, "paul");
    put_agent(house, "jean", "+33600000001", true);
    (void)authenticate(house, token, STATUS_OK);
}

static void enrol(struct house *house, const char *agent, char token_r[TOKEN_BYTES_MAX])
{
    char code[32];
    make_code(house, agent, code);
    answered_text(use_code(house, code), "token", token_r, TOKEN_BYTES_MAX);
}

/* The token of another number, with the secret of this one. */
static void forge(const char *token, int64_t customer_id, int64_t enrolment,
                  char forged_r[TOKEN_BYTES_MAX])
{
    const int64_t numbers[2] = {customer_id, enrolment};
    char id[BASE64_TEXT_BYTES(16)];
    base64url_encode(numbers, sizeof numbers, id);
    memcpy(forged_r, token, TOKEN_BYTES_MAX);
    memcpy(forged_r + 3, id, TOKEN_ID_CHARS);
}

/* Each phone has its own, and none opens another door. */
static void test_token__is_of_one_enrolment(void **state)
{
    struct house *house = *state;
    char first[TOKEN_BYTES_MAX], second[TOKEN_BYTES_MAX], forged[TOKEN_BYTES_MAX];
    enrol(house, "jean", first);
    enrol(house, "paul", second);
    assert_int_equal(authenticate(house, first, STATUS_OK).agent_id, house->jean);
    assert_int_equal(authenticate(house, second, STATUS_OK).agent_id, house->paul);
    forge(second, house->customer_id, 2, forged);
    assert_string_equal(forged, second);
    forge(second, house->customer_id, 1, forged);
    (void)authenticate(house, forged, STATUS_UNAUTHENTICATED);
    forge(second, house->customer_id, 3, forged);
    (void)authenticate(house, forged, STATUS_UNAUTHENTICATED);
    forge(second, house->customer_id + 1, 2, forged);
    (void)authenticate(house, forged, STATUS_UNAUTHENTICATED);
    second[3] = '!';
    (void)authenticate(house, second, STATUS_UNAUTHENTICATED);
}

/* The agent was taken out of the database, and the enrolment was not. */
static void test_token__of_an_agent_who_is_gone(void **state)
{
    struct house *house = *state;
    char token[TOKEN_BYTES_MAX];
    enrol(house, "jean", token);
    assert_int_equal(sqlite3_exec(house->engine->store->db,
                                  "PRAGMA foreign_keys = OFF; DELETE FROM device; "
                                  "DELETE FROM agent WHERE slug = 'jean'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    engine_customer_changed(house->engine, house->customer_id, false);
    house_settle(house);
    (void)authenticate(house, token, STATUS_UNAUTHENTICATED);
}

static void test_enrolment__of_nobody(void **state)
{
    struct house *house = *state;
    struct command *command = house_command(house, COMMAND_ADD_ENROLMENT);
    command->request.enrolment.agent = "nobody";
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_NOT_FOUND);
}

/* ---- configuration ---- */

static struct command *put_definition(struct house *house, enum command_type type, const char *slug,
                                      const char *definition)
{
    struct command *command = house_command(house, type);
    command->request.definition =
        (struct definition_request){.slug = slug, .definition = definition};
    house_run(house, command);
    return command;
}

static void test_configuration__refusals_name_the_field(void **state)
{
    struct house *house = *state;
    struct command *command = house_command(house, COMMAND_PUT_CUSTOMER);
    command->request.customer = (struct customer_request){
        .slug = "other", .name = "O", .time_zone = "Mars/Olympus", .language = "fr", .alias = "O"};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_INVALID);
    assert_string_equal(command->answer.error.pointer, "/time_zone");

    command = put_definition(house, COMMAND_PUT_ROTA, "duty", "broken");
    assert_int_equal(command->answer.status, STATUS_INVALID);
    assert_string_equal(command->answer.error.pointer, "/layers");
    command = put_definition(house, COMMAND_PUT_ROTA, "duty", "nobody");
    assert_int_equal(command->answer.status, STATUS_INVALID);

    command = put_definition(house, COMMAND_PUT_PROCEDURE, "p",
                             "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"},{\"agent\":\"x\"}],"
                             "\"by\":[\"push\"],\"accepted_within_s\":60}]}");
    assert_int_equal(command->answer.status, STATUS_INVALID);
    assert_string_equal(command->answer.error.pointer, "/steps/0/notify/1");
    command = put_definition(house, COMMAND_PUT_PROCEDURE, "p", "{}");
    assert_int_equal(command->answer.status, STATUS_INVALID);
    /* Nothing of it was kept. */
    const struct directory *directory = engine_directory_acquire(house->engine);
    assert_null(directory_customer_by_slug(directory, "other"));
    const struct directory_customer *customer = directory_customer(directory, house->customer_id);
    assert_null(directory_procedure(customer, "p"));
    assert_string_equal(directory_rota(customer, "duty")->definition, "jean");
    engine_directory_release(house->engine, directory);
}

/* Found by name and by number wherever it stands, and not where it does not. */
static void test_configuration__each_customer_is_found(void **state)
{
    struct house *house = *state;
    static const char *const slugs[] = {"acme", "alpha", "beta", "zeta"};
    static const char *const nobody[] = {"", "aa", "acmf", "gamma", "zz"};
    for (size_t i = 1; i < sizeof slugs / sizeof slugs[0]; i++) {
        struct command *command = house_command(house, COMMAND_PUT_CUSTOMER);
        command->request.customer = (struct customer_request){.slug = slugs[i],
                                                              .name = slugs[i],
                                                              .time_zone = "Europe/Paris",
                                                              .language = "fr",
                                                              .alias = "A",
                                                              .active = true};
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_OK);
    }
    const struct directory *directory = engine_directory_acquire(house->engine);
    for (size_t i = 0; i < sizeof slugs / sizeof slugs[0]; i++) {
        const struct directory_customer *found = directory_customer_by_slug(directory, slugs[i]);
        assert_non_null(found);
        assert_string_equal(found->slug, slugs[i]);
        assert_ptr_equal(directory_customer(directory, found->id), found);
    }
    for (size_t i = 0; i < sizeof nobody / sizeof nobody[0]; i++) {
        assert_null(directory_customer_by_slug(directory, nobody[i]));
    }
    assert_null(directory_customer(directory, 0));
    assert_null(directory_customer(directory, 99));
    engine_directory_release(house->engine, directory);
}

static struct command *rename_jean(struct house *house, const char *name)
{
    struct command *command = house_command(house, COMMAND_PUT_PERSON);
    command->request.person = (struct person_request){.kind = PERSON_AGENT,
                                                      .slug = "jean",
                                                      .name = name,
                                                      .phone = "+33600000001",
                                                      .language = "fr",
                                                      .active = true};
    return command;
}

/* Two customers in turn, one of them twice, and a key: others see all of it, and at once. */
static void test_configuration__changes_of_one_batch(void **state)
{
    struct house *house = *state;
    struct command *commands[4] = {
        rename_jean(house, "Jean"), house_command(house, COMMAND_PUT_CUSTOMER),
        rename_jean(house, "Jean-Luc"), house_command(house, COMMAND_ADD_API_KEY)};
    commands[1]->request.customer = (struct customer_request){.slug = "beta",
                                                              .name = "Beta",
                                                              .time_zone = "Europe/Paris",
                                                              .language = "fr",
                                                              .alias = "B",
                                                              .active = true};
    commands[3]->request.api_key =
        (struct api_key_request){.name = "a key", .role = ROLE_ADMIN, .all_customers = true};
    uint64_t before = house->engine->published->generation;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        assert_int_equal(engine_post(house->engine, commands[i]), STATUS_OK);
    }
    (void)engine_turn(house->engine);
    char key[TOKEN_BYTES_MAX];
    answered_text(commands[3], "key", key, sizeof key);
    (void)authenticate(house, key, STATUS_OK);
    const struct directory *directory = house->engine->published;
    assert_int_equal(directory->generation, before + 2); /* one for each customer */
    const struct directory_customer *customer = directory_customer(directory, house->customer_id);
    assert_string_equal(directory_agent(customer, house->jean)->name, "Jean-Luc");
    assert_non_null(directory_customer_by_slug(directory, "beta"));
}

/* In a step as when it is exhausted; what has no row of its own is not looked for. */
static void test_configuration__procedures_name_who_exists(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *first;
        const char *second; /* of the step's targets */
        const char *exhausted;
        const char *pointer; /* NULL: it is taken */
    } rows[] = {
        {"{\"agent\":\"jean\"}", "{\"contact\":\"chief\"}", "{\"callback\":\"any\"}", NULL},
        {"{\"on_call\":\"duty\"}", "{\"agent\":\"paul\"}", "{\"contact\":\"chief\"}", NULL},
        {"{\"agent\":\"chief\"}", "{\"agent\":\"paul\"}", "{\"callback\":\"any\"}",
         "/steps/1/notify/0"},
        {"{\"agent\":\"paul\"}", "{\"contact\":\"jean\"}", "{\"callback\":\"any\"}",
         "/steps/1/notify/1"},
        {"{\"agent\":\"paul\"}", "{\"on_call\":\"jean\"}", "{\"callback\":\"any\"}",
         "/steps/1/notify/1"},
        {"{\"agent\":\"paul\"}", "{\"agent\":\"jean\"}", "{\"contact\":\"paul\"}", "/exhausted/0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"call\"],"
                       "\"accepted_within_s\":60},{\"notify\":[%s,%s],\"by\":[\"call\"],"
                       "\"accepted_within_s\":60}],\"exhausted\":[%s]}",
                       rows[i].first, rows[i].second, rows[i].exhausted);
        struct command *command = put_definition(house, COMMAND_PUT_PROCEDURE, "p", text);
        if (rows[i].pointer == NULL) {
            assert_int_equal(command->answer.status, STATUS_OK);
            continue;
        }
        assert_int_equal(command->answer.status, STATUS_INVALID);
        assert_string_equal(command->answer.error.pointer, rows[i].pointer);
        assert_string_equal(command->answer.body, "");
    }
}

static void test_configuration__same_procedure_makes_no_version(void **state)
{
    struct house *house = *state;
    static const char one[] = "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"push\"],"
                              "\"accepted_within_s\":60}]}";
    static const char two[] = "{\"steps\":[{\"notify\":[{\"agent\":\"paul\"}],\"by\":[\"push\"],"
                              "\"accepted_within_s\":60}]}";
    struct command *command = put_definition(house, COMMAND_PUT_PROCEDURE, "p", one);
    assert_true(command->answer.created);
    assert_string_equal(command->answer.body, "{\"slug\":\"p\",\"version\":1}");
    command = put_definition(house, COMMAND_PUT_PROCEDURE, "p", one);
    assert_false(command->answer.created);
    assert_string_equal(command->answer.body, "{\"slug\":\"p\",\"version\":1}");
    command = put_definition(house, COMMAND_PUT_PROCEDURE, "p", two);
    assert_false(command->answer.created);
    assert_string_equal(command->answer.body, "{\"slug\":\"p\",\"version\":2}");
}

/* Procedures are pinned: what is under way goes on as it was agreed when it began. */
static void test_configuration__open_escalations_keep_their_procedure(void **state)
{
    struct house *house = *state;
    put_procedure(house, "p",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"push\"],"
                  "\"accepted_within_s\":60},{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"call\"],"
                  "\"accepted_within_s\":60}]}");
    set_default_procedure(house, "p");
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    put_procedure(house, "p",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"paul\"}],\"by\":[\"push\"],"
                  "\"accepted_within_s\":60}]}");
    house_advance(house, 60000);
    house_settle(house);
    assert_int_equal(house->sent_count, 2);
    assert_int_equal(house->sent[1].path, PATH_CALL);
    /* Also after a restart, when the old version is in no directory. */
    house_accept_all(house, 1);
    struct uuid id = house->sent[0].escalation;
    house_close(house);
    house_open(house);
    struct command *command = agent_command(house, id, VERB_ACCEPT, house->jean, NULL);
    house_run(house, command);
    assert_answered(command, "state", "accepted");
}

static void test_configuration__a_held_directory_does_not_change(void **state)
{
    struct house *house = *state;
    const struct directory *before = engine_directory_acquire(house->engine);
    put_agent(house, "marie", "+33600000004", true);
    put_agent(house, "jean", "+33700000000", true);
    house_settle(house);
    const struct directory_customer *customer = directory_customer(before, house->customer_id);
    assert_null(directory_agent_by_slug(customer, "marie"));
    assert_string_equal(directory_agent_by_slug(customer, "jean")->phone, "+33600000001");
    const struct directory *after = engine_directory_acquire(house->engine);
    customer = directory_customer(after, house->customer_id);
    assert_non_null(directory_agent_by_slug(customer, "marie"));
    assert_string_equal(directory_agent_by_slug(customer, "jean")->phone, "+33700000000");
    assert_int_equal(directory_customers_count(after), 1);
    assert_string_equal(directory_customer_at(after, 0)->slug, "acme");
    assert_non_null(directory_contact_by_slug(customer, "chief"));
    assert_int_equal(directory_api_keys_count(after), 1);
    engine_directory_release(house->engine, before);
    engine_directory_release(house->engine, after);
}

static void test_devices__as_many_as_a_person_can_have(void **state)
{
    struct house *house = *state;
    char installation[32];
    for (int i = 1; i < DEVICES_OF_PERSON_MAX; i++) {
        (void)snprintf(installation, sizeof installation, "jean-%d", i + 1);
        put_device(house, house->jean, installation, PLATFORM_FCM);
    }
    struct command *command = house_command(house, COMMAND_PUT_DEVICE);
    command->request.device = (struct device_request){.agent_id = house->jean,
                                                      .installation = "one-more",
                                                      .platform = PLATFORM_FCM,
                                                      .target = "t",
                                                      .battery_percent = -1};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_CONFLICT);
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(house->sent_count, DEVICES_OF_PERSON_MAX);

    struct command *logout = house_command(house, COMMAND_DELETE_DEVICE);
    logout->request.device =
        (struct device_request){.agent_id = house->jean, .installation = "jean-1"};
    house_run(house, logout);
    assert_int_equal(logout->answer.status, STATUS_OK);
    (void)house_escalate(house, SEVERITY_MAJOR);
    assert_int_equal(house->sent_count, 2 * DEVICES_OF_PERSON_MAX - 1);
    logout = house_command(house, COMMAND_DELETE_DEVICE);
    logout->request.device =
        (struct device_request){.agent_id = house->jean, .installation = "nonesuch"};
    house_run(house, logout);
    assert_int_equal(logout->answer.status, STATUS_NOT_FOUND);
}

/* More words than are shared between phones: each has its own all the same. */
static void test_devices__keep_their_words(void **state)
{
    struct house *house = *state;
    const int64_t agents[2] = {house->jean, house->paul};
    char version[32], permission[32];
    for (int i = 0; i < 2 * DEVICES_OF_PERSON_MAX; i++) {
        struct command *command = house_command(house, COMMAND_PUT_DEVICE);
        char *installation = arena_alloc(command->arena, 32);
        (void)snprintf(installation, 32, "%s-%d", i % 2 == 0 ? "jean" : "paul", 1 + i / 2);
        (void)snprintf(version, sizeof version, "1.%d", i);
        (void)snprintf(permission, sizeof permission, "granted %d", i);
        command->request.device = (struct device_request){.agent_id = agents[i % 2],
                                                          .installation = installation,
                                                          .platform = PLATFORM_FCM,
                                                          .target = "token",
                                                          .public_key = i == 3 ? "a key" : NULL,
                                                          .auth_secret = i == 3 ? "one" : NULL,
                                                          .app_version = version,
                                                          .permission = permission,
                                                          .battery_percent = -1};
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_OK);
    }
    const struct directory_customer *customer =
        directory_customer(house->engine->published, house->customer_id);
    for (int i = 0; i < 2 * DEVICES_OF_PERSON_MAX; i++) {
        const struct directory_person *agent = directory_agent(customer, agents[i % 2]);
        const struct directory_device *device = &agent->devices[i / 2];
        (void)snprintf(version, sizeof version, "1.%d", i);
        (void)snprintf(permission, sizeof permission, "granted %d", i);
        assert_string_equal(device->app_version, version);
        assert_string_equal(device->permission, permission);
        assert_int_equal(device->public_key != NULL, i == 3);
        assert_int_equal(device->auth_secret != NULL, i == 3);
    }
}

static uint64_t times_looked_again(struct house *house)
{
    struct engine_statistics statistics;
    house_settle(house);
    engine_statistics(house->engine, &statistics);
    return statistics.commands[COMMAND_CONTEXT_CHANGED];
}

/* Who may be reached by more than before is looked for at once; other changes can wait for the next
 * step of each escalation. */
static void test_changes__of_which_the_open_ones_hear(void **state)
{
    struct house *house = *state;
    char code[32];
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, 0);
    uint64_t before = times_looked_again(house);
    put_procedure(house, "other",
                  "{\"steps\":[{\"notify\":[{\"agent\":\"jean\"}],\"by\":[\"push\"],"
                  "\"accepted_within_s\":60}]}");
    make_code(house, "jean", code);
    (void)use_code(house, code);
    (void)add_key(house, ROLE_PORTAL, NULL, 0);
    struct command *leave = house_command(house, COMMAND_DELETE_DEVICE);
    leave->request.device.agent_id = house->paul;
    leave->request.device.installation = "paul-1";
    house_run(house, leave);
    assert_int_equal(leave->answer.status, STATUS_OK);
    assert_int_equal(times_looked_again(house), before);
    put_device(house, house->paul, "paul-1", PLATFORM_FCM);
    assert_int_equal(times_looked_again(house), before + 1);
    put_agent(house, "paul", "+33123456789", true);
    assert_int_equal(times_looked_again(house), before + 2);
    put_rota(house, "duty", "paul");
    assert_int_equal(times_looked_again(house), before + 3);
}

static void test_check_in__names_the_shift(void **state)
{
    struct house *house = *state;
    struct command *command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in =
        (struct check_in_request){.agent_id = house->jean, .installation = "jean-1"};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    assert_non_null(strstr(command->answer.body, "\"role\":\"duty\""));

    command = house_command(house, COMMAND_CHECK_IN);
    command->request.check_in = (struct check_in_request){
        .agent_id = house->paul, .installation = "paul-1", .shift = "duty"};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_INVALID);

    command = house_command(house, COMMAND_CHECK_OUT);
    command->request.check_in.agent_id = house->jean;
    house_run(house, command);
    assert_string_equal(command->answer.body,
                        "{\"state\":\"checked_out\",\"left_early\":[],\"detail\":null}");
    assert_int_equal(command->answer.body_bytes, strlen(command->answer.body));
}

/* A rota is compiled three weeks ahead: the engine compiles on by itself. */
static void test_rotas__are_compiled_on(void **state)
{
    struct house *house = *state;
    for (int week = 0; week < 8; week++) {
        house_advance(house, INT64_C(7) * 86400000);
        house_settle(house);
    }
    (void)house_escalate(house, SEVERITY_CRITICAL);
    assert_string_equal(house->sent[0].person, "jean");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_keys__root_key_is_admin_of_all),
        HOUSE_TEST(test_keys__changed_root_key),
        HOUSE_TEST(test_keys__malformed_root_key),
        HOUSE_TEST(test_keys__roles_scopes_and_restart),
        HOUSE_TEST(test_keys__each_of_many_is_found),
        HOUSE_TEST(test_keys__wrong_secrets_and_forms),
        HOUSE_TEST(test_keys__revoked_at_once),
        HOUSE_TEST(test_enrolment__a_code_works_once),
        HOUSE_TEST(test_enrolment__two_phones_with_one_code_in_one_batch),
        HOUSE_TEST(test_enrolment__a_code_expires),
        HOUSE_TEST(test_enrolment__a_code_s_life_to_the_millisecond),
        HOUSE_TEST(test_enrolment__a_new_code_replaces_the_old),
        HOUSE_TEST(test_enrolment__of_an_agent_who_left),
        HOUSE_TEST(test_token__is_of_one_enrolment),
        HOUSE_TEST(test_token__of_an_agent_who_is_gone),
        HOUSE_TEST(test_enrolment__of_nobody),
        HOUSE_TEST(test_configuration__refusals_name_the_field),
        HOUSE_TEST(test_configuration__each_customer_is_found),
        HOUSE_TEST(test_configuration__changes_of_one_batch),
        HOUSE_TEST(test_configuration__procedures_name_who_exists),
        HOUSE_TEST(test_configuration__same_procedure_makes_no_version),
        HOUSE_TEST(test_configuration__open_escalations_keep_their_procedure),
        HOUSE_TEST(test_configuration__a_held_directory_does_not_change),
        HOUSE_TEST(test_devices__as_many_as_a_person_can_have),
        HOUSE_TEST(test_devices__keep_their_words),
        HOUSE_TEST(test_changes__of_which_the_open_ones_hear),
        HOUSE_TEST(test_check_in__names_the_shift),
        HOUSE_TEST(test_rotas__are_compiled_on),
    };
    return cmocka_run_group_tests_name("engine.directory", tests, NULL, NULL);
}
