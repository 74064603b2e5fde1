#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "apns-fcm/settings.h"

static char key_pem[PUSH_VAPID_PEM_BYTES_MAX];

static int make_key(void **state)
{
    (void)state;
    return push_vapid_key_create(key_pem, NULL) == STATUS_OK ? 0 : -1;
}

static struct push_apns_account apns_account(const char *name)
{
    return (struct push_apns_account){.name = name,
                                      .topic = "fr.astreinte.app",
                                      .key_pem = key_pem,
                                      .key_id = "ABC123DEFG",
                                      .team_id = "DEF123GHIJ"};
}

/* Refused, with nothing handed out and the field named. */
static void assert_refused(const struct push_configuration *configuration, const char *field)
{
    struct settings *settings = NULL;
    struct error error = {.text = ""};
    assert_int_equal(settings_create(configuration, &settings, &error), STATUS_CONFIGURATION);
    assert_null(settings);
    assert_non_null(strstr(error.text, field));
    assert_null(strstr(error.text, "PRIVATE KEY"));
}

static void assert_apns_refused(const struct push_apns_account *account, const char *field)
{
    const struct push_configuration configuration = {.apns = account, .apns_count = 1};
    assert_refused(&configuration, field);
}

static void test_settings__nothing_configured_is_fine(void **state)
{
    (void)state;
    const struct push_configuration configuration = {.jobs_max = 0};
    struct settings *settings = NULL;
    assert_int_equal(settings_create(&configuration, &settings, NULL), STATUS_OK);
    assert_int_equal(settings->accounts_count, 0);
    assert_null(settings_find(settings, PUSH_APNS, ""));
    settings_destroy(&settings);
    assert_null(settings);
    settings_destroy(&settings);
}

static void test_settings__accounts_are_found_by_provider_and_name(void **state)
{
    (void)state;
    const struct push_apns_account apns[] = {apns_account(NULL), apns_account("second")};
    const struct push_web_account web = {
        .name = "second", .vapid_key_pem = key_pem, .subject = "mailto:ops@example.org"};
    const struct push_configuration configuration = {
        .apns = apns, .apns_count = 2, .web = &web, .web_count = 1};
    struct settings *settings = NULL;
    assert_int_equal(settings_create(&configuration, &settings, NULL), STATUS_OK);
    const struct account_settings *first = settings_find(settings, PUSH_APNS, "");
    const struct account_settings *second = settings_find(settings, PUSH_APNS, "second");
    assert_non_null(first);
    assert_non_null(second);
    assert_ptr_not_equal(first, second);
    assert_true(settings_same_apns_key(&first->apns, &second->apns));
    assert_string_equal(first->apns.endpoints[PUSH_PRODUCTION].host, "api.push.apple.com");
    assert_string_equal(first->apns.endpoints[PUSH_SANDBOX].host, "api.sandbox.push.apple.com");
    assert_string_equal(first->apns.endpoints[PUSH_SANDBOX].authority,
                        "api.sandbox.push.apple.com");
    assert_string_equal(first->apns.voip_topic, "fr.astreinte.app.voip");
    assert_int_equal(settings_find(settings, PUSH_WEB, "second")->provider, PUSH_WEB);
    assert_null(settings_find(settings, PUSH_WEB, ""));
    assert_null(settings_find(settings, PUSH_FCM, "second"));
    settings_destroy(&settings);
}

static void test_settings__apns_fields(void **state)
{
    (void)state;
    struct push_apns_account account = apns_account(NULL);
    account.topic = NULL;
    assert_apns_refused(&account, "topic");
    account.topic = "two words";
    assert_apns_refused(&account, "topic");
    account = apns_account(NULL);
    account.key_id = "";
    assert_apns_refused(&account, "key_id");
    account = apns_account(NULL);
    account.team_id = "DEF\n";
    assert_apns_refused(&account, "team_id");
    account = apns_account(NULL);
    account.key_pem = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n";
    assert_apns_refused(&account, "key_pem");
    account.key_pem = NULL;
    assert_apns_refused(&account, "key_pem");
    account = apns_account(NULL);
    account.cert_pem = key_pem;
    assert_apns_refused(&account, "cert_pem"); /* both a key and a certificate */
    account.key_pem = NULL;
    assert_apns_refused(&account, "cert_pem"); /* no certificate */
    account = apns_account("a name");
    assert_apns_refused(&account, "account name");
}

static void test_settings__ports(void **state)
{
    (void)state;
    static const char *const bad[] = {"0",  "65536", "-1",     "+1",         " 1",
                                      "1 ", "x",     "000443", "99999999999"};
    struct push_apns_account account = apns_account(NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        account.endpoints[PUSH_SANDBOX] = (struct push_endpoint){"localhost", bad[i]};
        assert_apns_refused(&account, "endpoint");
    }
    account.endpoints[PUSH_SANDBOX] = (struct push_endpoint){"localhost", "65535"};
    const struct push_configuration configuration = {.apns = &account, .apns_count = 1};
    struct settings *settings = NULL;
    assert_int_equal(settings_create(&configuration, &settings, NULL), STATUS_OK);
    assert_string_equal(settings->accounts[0].apns.endpoints[PUSH_SANDBOX].authority,
                        "localhost:65535");
    settings_destroy(&settings);
}

static void test_settings__account_limits(void **state)
{
    (void)state;
    struct push_apns_account accounts[PUSH_ACCOUNTS_MAX + 1];
    char names[PUSH_ACCOUNTS_MAX + 1][8];
    for (size_t i = 0; i < PUSH_ACCOUNTS_MAX + 1; i++) {
        (void)snprintf(names[i], sizeof names[i], "a%zu", i);
        accounts[i] = apns_account(names[i]);
    }
    struct push_configuration configuration = {.apns = accounts,
                                               .apns_count = PUSH_ACCOUNTS_MAX + 1};
    assert_refused(&configuration, "accounts");
    configuration.apns_count = PUSH_ACCOUNTS_MAX;
    struct settings *settings = NULL;
    assert_int_equal(settings_create(&configuration, &settings, NULL), STATUS_OK);
    assert_int_equal(settings->accounts_count, PUSH_ACCOUNTS_MAX);
    settings_destroy(&settings);
    accounts[1].name = "a0";
    assert_refused(&configuration, "a0");
    configuration.apns_count = 1;
    configuration.connections_max = 9;
    assert_refused(&configuration, "connections_max");
}

static void test_settings__web_fields(void **state)
{
    (void)state;
    struct push_web_account account = {.vapid_key_pem = key_pem, .subject = "ops@example.org"};
    const struct push_configuration configuration = {.web = &account, .web_count = 1};
    assert_refused(&configuration, "subject");
    account.subject = NULL;
    assert_refused(&configuration, "subject");
    account = (struct push_web_account){.subject = "https://example.org"};
    assert_refused(&configuration, "vapid_key_pem");
}

static void test_settings__proxy_and_trust(void **state)
{
    (void)state;
    struct push_configuration configuration = {
        .proxy = {.endpoint = {"proxy", "3128"}, .authorization = "Basic eA==\r\nx: y"}};
    assert_refused(&configuration, "proxy");
    configuration.proxy.authorization = "Basic eA==";
    struct settings *settings = NULL;
    assert_int_equal(settings_create(&configuration, &settings, NULL), STATUS_OK);
    assert_true(settings->has_proxy);
    settings_destroy(&settings);
    configuration.ca_file = "/nonexistent/ca.pem";
    assert_refused(&configuration, "ca_file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings__nothing_configured_is_fine),
        cmocka_unit_test(test_settings__accounts_are_found_by_provider_and_name),
        cmocka_unit_test(test_settings__apns_fields),
        cmocka_unit_test(test_settings__ports),
        cmocka_unit_test(test_settings__account_limits),
        cmocka_unit_test(test_settings__web_fields),
        cmocka_unit_test(test_settings__proxy_and_trust),
    };
    return cmocka_run_group_tests_name("settings", tests, make_key, NULL);
}
