#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/vapid.h"
#include "apns-fcm/web_endpoint.h"
#include "gateway/base/encoding.h"

static void test_web_endpoint__parts(void **state)
{
    static const struct {
        const char *text, *origin, *host, *port, *path;
    } rows[] = {
        {"https://push.example/a?b=c", "https://push.example", "push.example", "443", "/a?b=c"},
        {"https://PUSH.Example:443/", "https://push.example", "push.example", "443", "/"},
        {"https://push.example:8443/x", "https://push.example:8443", "push.example", "8443", "/x"},
        {"https://192.0.2.1/x", "https://192.0.2.1", "192.0.2.1", "443", "/x"},
        {"https://[2001:DB8::1]:9/x", "https://[2001:db8::1]:9", "2001:db8::1", "9", "/x"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct web_endpoint endpoint;
        assert_int_equal(web_endpoint_parse(rows[i].text, &endpoint, NULL), STATUS_OK);
        assert_string_equal(endpoint.origin, rows[i].origin);
        assert_string_equal(endpoint.host, rows[i].host);
        assert_string_equal(endpoint.port, rows[i].port);
        assert_string_equal(endpoint.path, rows[i].path);
        assert_int_equal(endpoint.path_bytes, strlen(rows[i].path));
    }
}

static void test_web_endpoint__refusals(void **state)
{
    static const char *const texts[] = {
        "",
        "http://push.example/a",
        "HTTPS://push.example/a",
        "https://",
        "https:///a",
        "https://push.example",
        "https://push.example?a",
        "https://user@push.example/a",
        "https://user:word@push.example/a",
        "https://push.example:0/a",
        "https://push.example:65536/a",
        "https://push.example:+1/a",
        "https://push.example:/a",
        "https://push.example:000443/a",
        "https://push.example/a#b",
        "https://push.example/a b",
        "https://push.example/\r\nx",
        "https://push.example/\xc3\xa9",
        "https://[::1/a",
        "https://[]/a",
        "https://pu%73h.example/a",
        "https://127.1/a",
        "https://127.0.0.1./a",
        "https://0x7f.1/a",
        "https://push.0x7f000001/a",
        "https://2130706433/a",
        "https://0177.0.0.1/a",
        "https://256.0.0.1/a",
        "https://.example/a",
        "https://push..example/a",
        "https://push.example./a",
        "https://[127.0.0.1]/a",
        "https://[:::1]/a",
        "https://[1]/a",
    };
    char text[5000];
    struct web_endpoint endpoint;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct error error = {0};
        assert_int_equal(web_endpoint_parse(texts[i], &endpoint, &error), STATUS_INVALID);
        assert_true(error.text[0] != '\0');
    }
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text, "https://h/", 10);
    assert_int_equal(web_endpoint_parse(text, &endpoint, NULL), STATUS_INVALID);
    text[4096] = '\0';
    assert_int_equal(web_endpoint_parse(text, &endpoint, NULL), STATUS_OK);
    memset(text, 'a', 300);
    memcpy(text, "https://", 8);
    assert_int_equal(web_endpoint_parse(text, &endpoint, NULL), STATUS_INVALID);
}

static void test_web_topic__is_short_and_stable(void **state)
{
    char first[WEB_TOPIC_BYTES], second[WEB_TOPIC_BYTES];
    (void)state;
    assert_int_equal(web_topic("0190a7e0-0000-7000-8000-000000000001", first), STATUS_OK);
    assert_int_equal(strlen(first), 32);
    assert_int_equal(
        strspn(first, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 32);
    assert_int_equal(web_topic("0190a7e0-0000-7000-8000-000000000001", second), STATUS_OK);
    assert_string_equal(first, second);
    assert_int_equal(web_topic("0190a7e0-0000-7000-8000-000000000002", second), STATUS_OK);
    assert_string_not_equal(first, second);
}

static void test_vapid__header_and_keys(void **state)
{
    char pem[PUSH_VAPID_PEM_BYTES_MAX], public_text[PUSH_VAPID_PUBLIC_BYTES_MAX];
    char header[VAPID_AUTHORIZATION_BYTES_MAX];
    uint8_t point[PUSH_PUBLIC_KEY_BYTES];
    struct vapid_key *key = NULL;
    size_t bytes = 0;
    (void)state;
    assert_int_equal(push_vapid_key_create(pem, NULL), STATUS_OK);
    assert_int_equal(push_vapid_public_key(pem, public_text, NULL), STATUS_OK);
    assert_int_equal(base64_decode(public_text, strlen(public_text), point, sizeof point, &bytes),
                     STATUS_OK);
    assert_int_equal(bytes, sizeof point);
    assert_true(push_public_key_is_valid(point));
    point[40] ^= 1;
    assert_false(push_public_key_is_valid(point));
    assert_int_equal(vapid_key_create(pem, "mailto:a@b.example", &key, NULL), STATUS_OK);
    assert_int_equal(vapid_authorization(key, "https://push.example",
                                         (struct wall_time){1700000000000}, header, &bytes),
                     STATUS_OK);
    assert_int_equal(bytes, strlen(header));
    assert_int_equal(strncmp(header, "vapid t=", 8), 0);
    assert_non_null(strstr(header, ", k="));
    assert_string_equal(strstr(header, ", k=") + 4, public_text);
    vapid_key_destroy(&key);
    assert_null(key);
}

static void test_vapid__bad_subjects_and_keys(void **state)
{
    static const char *const subjects[] = {"", "a@b", "mailto:nobody", "http://a", "mailto:a@b c"};
    char pem[PUSH_VAPID_PEM_BYTES_MAX];
    struct vapid_key *key = NULL;
    struct error error = {0};
    (void)state;
    assert_int_equal(push_vapid_key_create(pem, NULL), STATUS_OK);
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        assert_int_equal(vapid_key_create(pem, subjects[i], &key, &error), STATUS_CONFIGURATION);
        assert_non_null(strstr(error.text, "subject"));
    }
    assert_int_equal(vapid_key_create(pem, NULL, &key, &error), STATUS_CONFIGURATION);
    assert_int_equal(vapid_key_create("nonsense", "https://a", &key, &error), STATUS_CONFIGURATION);
    assert_non_null(strstr(error.text, "vapid_key_pem"));
    assert_null(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_web_endpoint__parts),
        cmocka_unit_test(test_web_endpoint__refusals),
        cmocka_unit_test(test_web_topic__is_short_and_stable),
        cmocka_unit_test(test_vapid__header_and_keys),
        cmocka_unit_test(test_vapid__bad_subjects_and_keys),
    };
    return cmocka_run_group_tests_name("web push addresses", tests, NULL, NULL);
}
