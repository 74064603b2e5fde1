/* test_slow_hash.c - scrypt gives what everybody's gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/slow_hash.h"

static struct digest hash_of(const char *secret, const char *salt)
{
    struct digest hash;
    struct error error;
    assert_int_equal(slow_hash(secret, strlen(secret), salt, strlen(salt), &hash, &error),
                     STATUS_OK);
    return hash;
}

/* RFC 7914, 12: "pleaseletmein" with "SodiumChloride", N = 16384, r = 8, p = 1; its first half. */
static void test_slow_hash__is_scrypt(void **state)
{
    static const uint8_t expected[DIGEST_BYTES] = {0x70, 0x23, 0xbd, 0xcb, 0x3a, 0xfd, 0x73, 0x48,
                                                   0x46, 0x1c, 0x06, 0xcd, 0x81, 0xfd, 0x38, 0xeb,
                                                   0xfd, 0xa8, 0xfb, 0xba, 0x90, 0x4f, 0x8e, 0x3e,
                                                   0xa9, 0xb5, 0x43, 0xf6, 0x54, 0x5d, 0xa1, 0xf2};
    (void)state;
    struct digest hash = hash_of("pleaseletmein", "SodiumChloride");
    assert_memory_equal(hash.bytes, expected, sizeof expected);
}

static void test_slow_hash__another_secret_or_salt_is_another_hash(void **state)
{
    (void)state;
    struct digest hash = hash_of("2580", "one"), again = hash_of("2580", "one");
    struct digest other_secret = hash_of("2581", "one"), other_salt = hash_of("2580", "two");
    assert_memory_equal(hash.bytes, again.bytes, sizeof hash.bytes);
    assert_memory_not_equal(hash.bytes, other_secret.bytes, sizeof hash.bytes);
    assert_memory_not_equal(hash.bytes, other_salt.bytes, sizeof hash.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_hash__is_scrypt),
        cmocka_unit_test(test_slow_hash__another_secret_or_salt_is_another_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
