#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "apns-fcm/public_address.h"

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        memcpy(&storage, &in, sizeof in);
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
        memcpy(&storage, &in6, sizeof in6);
    }
    return storage;
}

static bool is_public(const char *text)
{
    struct sockaddr_storage storage = address_of(text);
    return address_is_public((const struct sockaddr *)&storage);
}

static bool is_loopback(const char *text)
{
    struct sockaddr_storage storage = address_of(text);
    return address_is_loopback((const struct sockaddr *)&storage);
}

static void test_address__public(void **state)
{
    static const char *const texts[] = {
        "1.1.1.1",        "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
        "100.128.0.0",    "126.255.255.255", "128.0.0.0",       "169.253.255.255",
        "172.15.255.255", "172.32.0.0",      "192.0.1.0",       "192.167.255.255",
        "192.169.0.0",    "198.17.255.255",  "198.20.0.0",      "223.255.255.255",
        "2600::1",        "2a00:1450::1",    "::ffff:8.8.8.8",  "64:ff9b::808:808",
        "2002:808:808::", "2001:200::1",     "2001:db7:ffff::", "2001:db9::"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_true(is_public(texts[i]));
        assert_false(is_loopback(texts[i]));
    }
}

static void test_address__not_public(void **state)
{
    static const char *const texts[] = {"0.0.0.0",
                                        "0.255.255.255",
                                        "10.0.0.0",
                                        "10.255.255.255",
                                        "100.64.0.0",
                                        "100.127.255.255",
                                        "127.0.0.1",
                                        "169.254.169.254",
                                        "172.16.0.0",
                                        "172.31.255.255",
                                        "192.0.0.1",
                                        "192.0.2.1",
                                        "192.88.99.1",
                                        "192.168.0.0",
                                        "192.168.255.255",
                                        "198.18.0.0",
                                        "198.19.255.255",
                                        "198.51.100.1",
                                        "203.0.113.9",
                                        "224.0.0.1",
                                        "239.255.255.255",
                                        "240.0.0.0",
                                        "255.255.255.255",
                                        "::",
                                        "::1",
                                        "::ffff:10.0.0.1",
                                        "::ffff:127.0.0.1",
                                        "::7f00:1",
                                        "64:ff9b::a00:1",
                                        "64:ff9b:1::1",
                                        "100::1",
                                        "2001::1",
                                        "2001:10::1",
                                        "2001:db8::1",
                                        "2002:a00:1::",
                                        "2002:7f00:1::",
                                        "3fff::1",
                                        "4000::1",
                                        "fc00::1",
                                        "fdff::1",
                                        "fe80::1",
                                        "fec0::1",
                                        "ff02::1"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(is_public(texts[i]));
    }
    const struct sockaddr local = {.sa_family = AF_UNIX};
    assert_false(address_is_public(&local));
    assert_false(address_is_loopback(&local));
}

static void test_address__loopback(void **state)
{
    (void)state;
    assert_true(is_loopback("127.0.0.1"));
    assert_true(is_loopback("127.255.255.254"));
    assert_true(is_loopback("::1"));
    assert_true(is_loopback("::ffff:127.0.0.1"));
    assert_false(is_loopback("128.0.0.1"));
    assert_false(is_loopback("::2"));
}

static void test_host_name__local(void **state)
{
    static const char *const local[] = {"localhost",
                                        "localhost.",
                                        "db",
                                        "",
                                        "app.localhost",
                                        "nas.local.",
                                        "a.lan",
                                        "x.internal",
                                        "r.home.arpa",
                                        "api.corp",
                                        "metadata.google.internal"};
    static const char *const public[] = {
        "fcm.googleapis.com", "web.push.apple.com.", "a.b",
        "notlocal.org",       "local.example.net",   "internal.io"};
    (void)state;
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
        assert_true(host_name_is_local(local[i]));
    }
    for (size_t i = 0; i < sizeof public / sizeof public[0]; i++) {
        assert_false(host_name_is_local(public[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address__public),
        cmocka_unit_test(test_address__not_public),
        cmocka_unit_test(test_address__loopback),
        cmocka_unit_test(test_host_name__local),
    };
    return cmocka_run_group_tests_name("public addresses", tests, NULL, NULL);
}
