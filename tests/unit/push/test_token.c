#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apns-fcm/oauth2_token.h"
#include "apns-fcm/provider_token.h"
#include "apns-fcm/settings.h"
#include "apns-fcm/token_file.h"
#include "gateway/base/encoding.h"

#define MINUTE_MS INT64_C(60000)

/* A fresh private key in PEM; the caller frees it. */
static char *make_key(EVP_PKEY *pkey)
{
    assert_non_null(pkey);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    char *data = NULL;
    long bytes = BIO_get_mem_data(bio, &data);
    char *pem = strndup(data, (size_t)bytes);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return pem;
}

static int setup(void **state)
{
    *state = make_key(EVP_EC_gen("P-256"));
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static bool ensure(struct provider_token *token, const char *pem, int64_t at_ms)
{
    struct signing_key *signing_key = NULL;
    assert_int_equal(signing_key_create(pem, JWT_ES256, &signing_key, NULL), STATUS_OK);
    const struct provider_key key = {signing_key, "KEY", "TEAM"};
    bool minted = false;
    assert_int_equal(provider_token_ensure(token, &key, (struct monotonic_time){at_ms},
                                           (struct wall_time){1700000000000 + at_ms}, &minted),
                     STATUS_OK);
    signing_key_destroy(&signing_key);
    return minted;
}

/* The decoded part (0: header, 1: claims) of a bearer token. */
static json_t *part_of(const char *bearer, int part)
{
    const char *at = bearer + strlen("bearer ");
    for (; part > 0; part--) {
        at = strchr(at, '.') + 1;
    }
    char text[512];
    size_t bytes = 0;
    assert_int_equal(base64_decode(at, (size_t)(strchr(at, '.') - at), text, sizeof text, &bytes),
                     STATUS_OK);
    json_t *json = json_loadb(text, bytes, 0, NULL);
    assert_non_null(json);
    return json;
}

static void test_provider_token__says_what_apple_wants(void **state)
{
    struct provider_token token;
    provider_token_init(&token);
    assert_true(ensure(&token, *state, 0));
    assert_int_equal(strncmp(token.bearer, "bearer ", 7), 0);
    json_t *header = part_of(token.bearer, 0);
    json_t *claims = part_of(token.bearer, 1);
    assert_string_equal(json_string_value(json_object_get(header, "alg")), "ES256");
    assert_string_equal(json_string_value(json_object_get(header, "kid")), "KEY");
    assert_string_equal(json_string_value(json_object_get(claims, "iss")), "TEAM");
    assert_int_equal(json_integer_value(json_object_get(claims, "iat")), 1700000000);
    json_decref(header);
    json_decref(claims);
}

static void test_provider_token__is_used_for_most_of_its_hour(void **state)
{
    struct provider_token token;
    provider_token_init(&token);
    assert_true(ensure(&token, *state, 0));
    assert_false(ensure(&token, *state, 1));
    assert_false(ensure(&token, *state, 50 * MINUTE_MS - 1));
    assert_true(ensure(&token, *state, 50 * MINUTE_MS));
    assert_int_equal(token.generation, 2);
}

static void test_provider_token__renewed_out_of_turn_once_in_20_minutes(void **state)
{
    struct provider_token token;
    provider_token_init(&token);
    assert_true(ensure(&token, *state, 0));
    assert_true(provider_token_renew(&token, 1, (struct monotonic_time){MINUTE_MS}));
    assert_true(ensure(&token, *state, MINUTE_MS));
    /* Others in flight with the old one: there is a newer one, and no further renewal. */
    assert_true(provider_token_renew(&token, 1, (struct monotonic_time){2 * MINUTE_MS}));
    assert_false(ensure(&token, *state, 2 * MINUTE_MS));
    assert_false(provider_token_renew(&token, 2, (struct monotonic_time){3 * MINUTE_MS}));
    assert_false(ensure(&token, *state, 3 * MINUTE_MS));
    assert_true(provider_token_renew(&token, 2, (struct monotonic_time){21 * MINUTE_MS}));
    assert_true(ensure(&token, *state, 21 * MINUTE_MS));
}

static void test_provider_token__a_key_of_another_kind_keeps_the_old_one(void **state)
{
    struct provider_token token;
    char *pem = make_key(EVP_RSA_gen(2048));
    char id[600];
    memset(id, 'i', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    struct signing_key *rsa = NULL;
    assert_int_equal(signing_key_create(pem, JWT_RS256, &rsa, NULL), STATUS_OK);
    const struct provider_key too_long = {rsa, id, id};
    bool minted = false;
    provider_token_init(&token);
    assert_true(ensure(&token, *state, 0));
    assert_int_equal(provider_token_ensure(&token, &too_long,
                                           (struct monotonic_time){60 * MINUTE_MS},
                                           (struct wall_time){0}, &minted),
                     STATUS_CONFIGURATION);
    assert_true(token.bearer_bytes > 0);
    assert_int_equal(token.generation, 1);
    signing_key_destroy(&rsa);
    free(pem);
}

#define RUN_STARTED_MS INT64_C(1700000000000)

struct kept {
    struct provider_token token;
    char path[64];
    struct provider_key key;
};

/* Saves a token minted at RUN_STARTED_MS in a folder of its own. */
static void keep_token(struct kept *kept, const char *pem, char folder[32])
{
    (void)snprintf(folder, 32, "/tmp/push-token-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(kept->path, sizeof kept->path, "%s/token", folder);
    kept->key = (struct provider_key){NULL, "KEY", "TEAM"};
    provider_token_init(&kept->token);
    assert_true(ensure(&kept->token, pem, 0));
    assert_int_equal(
        token_file_save(kept->path, &kept->key, &kept->token, (struct wall_time){RUN_STARTED_MS}),
        STATUS_OK);
}

static bool load_after(const struct kept *kept, const struct provider_key *key, int64_t after_ms,
                       struct provider_token *token_r)
{
    provider_token_init(token_r);
    token_file_load(kept->path, key, token_r, (struct monotonic_time){5000 + MINUTE_MS * 60},
                    (struct wall_time){RUN_STARTED_MS + after_ms});
    return token_r->generation > 0;
}

static void test_token_file__serves_the_next_run_for_the_rest_of_its_hour(void **state)
{
    struct kept kept;
    struct provider_token token;
    char folder[32];
    struct stat file;
    keep_token(&kept, *state, folder);
    assert_int_equal(stat(kept.path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_true(load_after(&kept, &kept.key, 30 * MINUTE_MS, &token));
    assert_string_equal(token.bearer, kept.token.bearer);
    assert_int_equal(provider_token_due(&token).ms, 5000 + 60 * MINUTE_MS + 20 * MINUTE_MS);
    assert_false(load_after(&kept, &kept.key, 50 * MINUTE_MS, &token)); /* too old */
    assert_false(load_after(&kept, &kept.key, -1, &token));             /* from the future */
    const struct provider_key foreign = {NULL, "KEY", "OTHER"};
    assert_false(load_after(&kept, &foreign, 0, &token));
    (void)unlink(kept.path);
    assert_false(load_after(&kept, &kept.key, 0, &token));
    (void)rmdir(folder);
}

static void test_token_file__damaged_is_as_none(void **state)
{
    static const char *const texts[] = {"",
                                        "TEAM KEY 1700000000000 bearer x",
                                        "TEAM KEY 1700000000000 basic x\n",
                                        "TEAM KEY 17x bearer x\n",
                                        "TEAM KEY\n",
                                        "TEAM KEY 1700000000000 bearer \x01\n"};
    struct kept kept;
    struct provider_token token;
    char folder[32];
    keep_token(&kept, *state, folder);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        FILE *file = fopen(kept.path, "w");
        assert_non_null(file);
        (void)fputs(texts[i], file);
        (void)fclose(file);
        assert_false(load_after(&kept, &kept.key, 0, &token));
    }
    (void)unlink(kept.path);
    (void)rmdir(folder);
    assert_int_equal(
        token_file_save(kept.path, &kept.key, &kept.token, (struct wall_time){RUN_STARTED_MS}),
        STATUS_IO);
}

static enum status answer(const char *text, int64_t *life_s_r, char *refusal_r)
{
    char bearer[64];
    return oauth2_answer_parse(text, strlen(text), bearer, sizeof bearer, life_s_r, refusal_r);
}

static void test_oauth2_answer__token_refusal_and_nonsense(void **state)
{
    (void)state;
    char refusal[PUSH_REASON_BYTES_MAX] = "";
    int64_t life_s = 0;
    assert_int_equal(answer("{\"access_token\":\"a\",\"expires_in\":3599}", &life_s, refusal),
                     STATUS_OK);
    assert_int_equal(life_s, 3599);
    assert_int_equal(answer("{\"error\":\"invalid\\nforged line\"}", &life_s, refusal),
                     STATUS_FORBIDDEN);
    assert_string_equal(refusal,
                        "invalid?forged line"); /* it becomes a notice, which is one line */
    assert_int_equal(answer("{\"access_token\":\"a\"}", &life_s, refusal), STATUS_OK);
    assert_int_equal(life_s, 3600);
    assert_int_equal(answer("{\"access_token\":\"a\",\"expires_in\":-5}", &life_s, refusal),
                     STATUS_OK);
    assert_int_equal(life_s, 60);
    assert_int_equal(answer("{\"error\":\"invalid_grant\"}", &life_s, refusal), STATUS_FORBIDDEN);
    assert_string_equal(refusal, "invalid_grant");
    assert_int_equal(answer("", &life_s, refusal), STATUS_PROTOCOL);
    assert_int_equal(answer("[]", &life_s, refusal), STATUS_PROTOCOL);
    assert_int_equal(answer("{\"access_token\":\"0123456789012345678901234567890123456789"
                            "0123456789012345678901234567890123456789\"}",
                            &life_s, refusal),
                     STATUS_TOO_LARGE);
}

static void test_settings__name_the_wrong_field(void **state)
{
    struct push_apns_account apns = {
        .key_pem = *state, .key_id = "KEY", .team_id = "TEAM", .topic = "fr.astreinte.app"};
    struct push_fcm_account fcm = {.service_account_json = "{\"client_email\":\"a@b\"}"};
    struct push_configuration configuration = {.apns = &apns, .apns_count = 1, .fcm = &fcm};
    struct settings *settings = NULL;
    struct error error = {0};
    assert_int_equal(settings_create(&configuration, &settings, &error), STATUS_OK);
    assert_int_equal(settings->accounts_count, 1);
    assert_string_equal(settings->accounts[0].apns.endpoints[PUSH_PRODUCTION].authority,
                        "api.push.apple.com");
    settings_destroy(&settings);
    configuration.ca_file = "/nonexistent";
    assert_int_equal(settings_create(&configuration, &settings, &error), STATUS_CONFIGURATION);
    assert_non_null(strstr(error.text, "ca_file"));
    configuration.ca_file = NULL;
    configuration.fcm_count = 1;
    assert_int_equal(settings_create(&configuration, &settings, &error), STATUS_CONFIGURATION);
    assert_non_null(strstr(error.text, "private_key"));
    configuration.fcm_count = 0;
    apns.topic = "two words";
    assert_int_equal(settings_create(&configuration, &settings, &error), STATUS_CONFIGURATION);
    assert_non_null(strstr(error.text, "topic"));
    apns.topic = "fr.astreinte.app";
    apns.endpoints[PUSH_SANDBOX] = (struct push_endpoint){"localhost", "0"};
    assert_int_equal(settings_create(&configuration, &settings, &error), STATUS_CONFIGURATION);
    assert_null(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_provider_token__says_what_apple_wants),
        cmocka_unit_test(test_provider_token__is_used_for_most_of_its_hour),
        cmocka_unit_test(test_provider_token__renewed_out_of_turn_once_in_20_minutes),
        cmocka_unit_test(test_provider_token__a_key_of_another_kind_keeps_the_old_one),
        cmocka_unit_test(test_token_file__serves_the_next_run_for_the_rest_of_its_hour),
        cmocka_unit_test(test_token_file__damaged_is_as_none),
        cmocka_unit_test(test_oauth2_answer__token_refusal_and_nonsense),
        cmocka_unit_test(test_settings__name_the_wrong_field),
    };
    return cmocka_run_group_tests_name("tokens", tests, setup, teardown);
}
