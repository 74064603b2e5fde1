#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/oauth2_token.h"
#include "apns-fcm/provider_token.h"
#include "apns-fcm/settings.h"
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
    const struct provider_key key = {pem, "KEY", "TEAM"};
    bool minted = false;
    assert_int_equal(provider_token_ensure(token, &key, (struct monotonic_time){at_ms},
                                           (struct wall_time){1700000000000 + at_ms}, &minted),
                     STATUS_OK);
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

static void test_provider_token__bad_key_keeps_the_old_one(void **state)
{
    struct provider_token token;
    const struct provider_key bad = {"nonsense", "KEY", "TEAM"};
    bool minted = false;
    provider_token_init(&token);
    assert_true(ensure(&token, *state, 0));
    assert_int_equal(provider_token_ensure(&token, &bad, (struct monotonic_time){60 * MINUTE_MS},
                                           (struct wall_time){0}, &minted),
                     STATUS_CONFIGURATION);
    assert_true(token.bearer_bytes > 0);
    assert_int_equal(token.generation, 1);
}

static void test_provider_key__only_p256(void **state)
{
    char *other_curve = make_key(EVP_EC_gen("P-384"));
    char *rsa = make_key(EVP_RSA_gen(2048));
    assert_true(provider_key_is_usable(*state));
    assert_false(provider_key_is_usable(other_curve));
    assert_false(provider_key_is_usable(rsa));
    assert_false(provider_key_is_usable(""));
    free(other_curve);
    free(rsa);
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
    assert_string_equal(settings->apns[PUSH_PRODUCTION].authority, "api.push.apple.com");
    assert_false(settings->fcm_configured);
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
        cmocka_unit_test(test_provider_token__bad_key_keeps_the_old_one),
        cmocka_unit_test(test_provider_key__only_p256),
        cmocka_unit_test(test_oauth2_answer__token_refusal_and_nonsense),
        cmocka_unit_test(test_settings__name_the_wrong_field),
    };
    return cmocka_run_group_tests_name("tokens", tests, setup, teardown);
}
