/* test_telephony_endpoint.c - where requests may go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/telephony/telephony_private.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static enum status check(const char *name, const char *url, const char *secret)
{
    const struct telephony_endpoint from = {.name = name, .url = url, .secrets = {secret}};
    struct endpoint *endpoint = NULL;
    struct error error = {.text = ""};
    enum status status = telephony_endpoint_create(&from, &endpoint, &error);
    if (status == STATUS_OK) {
        assert_string_equal(endpoint->url, url);
        assert_int_equal(endpoint->secrets_count, 1);
        telephony_endpoint_destroy(&endpoint);
    } else {
        assert_true(error.text[0] != '\0');
        assert_true(url == NULL || url[0] == '\0' || strstr(error.text, url) == NULL);
        assert_true(secret == NULL || secret[0] == '\0' || strstr(error.text, secret) == NULL);
    }
    assert_null(endpoint);
    return status;
}

static void test_endpoint__allowed_urls(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "https://pbx.example.org/hooks?site=1",
        "https://192.0.2.1:8443/",
        "http://127.0.0.1:80/x",
        "http://127.8.9.10:8080",
        "http://[::1]:9000/",
        "http://localhost:1/",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        assert_int_equal(check("telephony", urls[i], SECRET), STATUS_OK);
    }
}

static void test_endpoint__refused_urls(void **state)
{
    (void)state;
    static const char *const urls[] = {
        NULL,
        "",
        "pbx.example.org",
        "http://pbx.example.org/",
        "http://128.0.0.1/",
        "http://127.0.0.1.example.org/",
        "http://localhost.example.org/",
        "http://[::2]/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://user:secret@pbx.example.org/",
        "https://user@pbx.example.org/",
        "https://pbx.example.org/#top",
        "https://pbx.example.org/a\nb",
        "https:///",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        assert_int_equal(check("telephony", urls[i], SECRET), STATUS_CONFIGURATION);
    }
}

static void test_endpoint__names_and_secrets(void **state)
{
    (void)state;
    assert_int_equal(check("call-centre", "https://a.example/", SECRET), STATUS_OK);
    assert_int_equal(check("Call Centre", "https://a.example/", SECRET), STATUS_CONFIGURATION);
    assert_int_equal(check("", "https://a.example/", SECRET), STATUS_CONFIGURATION);
    assert_int_equal(check(NULL, "https://a.example/", SECRET), STATUS_CONFIGURATION);
    assert_int_equal(check("telephony", "https://a.example/", NULL), STATUS_CONFIGURATION);
    assert_int_equal(check("telephony", "https://a.example/", "whsec_c2hvcnQ="),
                     STATUS_CONFIGURATION);
}

/* What is not signed needs no secret; its address is held to the same rules. */
static void test_endpoint__unsigned(void **state)
{
    (void)state;
    struct telephony_endpoint from = {
        .name = "heartbeat", .url = "https://a.example/token", .request = TELEPHONY_GET};
    struct endpoint *endpoint = NULL;
    struct error error;
    assert_int_equal(telephony_endpoint_create(&from, &endpoint, &error), STATUS_OK);
    assert_int_equal(endpoint->request, TELEPHONY_GET);
    assert_int_equal(endpoint->secrets_count, 0);
    telephony_endpoint_destroy(&endpoint);
    from.url = "http://a.example/token";
    assert_int_equal(telephony_endpoint_create(&from, &endpoint, &error), STATUS_CONFIGURATION);
    assert_null(strstr(error.text, "token"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoint__allowed_urls),
        cmocka_unit_test(test_endpoint__refused_urls),
        cmocka_unit_test(test_endpoint__names_and_secrets),
        cmocka_unit_test(test_endpoint__unsigned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
