#include "gateway/base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/base/encoding.h"

static void assert_digest(struct digest digest, const char *expected)
{
    char text[HEX_TEXT_BYTES(DIGEST_BYTES)];
    hex_encode(digest.bytes, DIGEST_BYTES, text);
    assert_string_equal(text, expected);
}

static struct digest_part part(const char *text)
{
    return (struct digest_part){text, strlen(text)};
}

/* FIPS 180-2, appendix B, and the empty message. */
static void sha256__vectors(void **state)
{
    (void)state;
    struct digest_part parts[3] = {part("abc")};
    assert_digest(digest_sha256(parts, 1),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    parts[0] = part("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    assert_digest(digest_sha256(parts, 1),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_digest(digest_sha256(NULL, 0),
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    static char million[1000000];
    memset(million, 'a', sizeof million);
    parts[0] = (struct digest_part){million, sizeof million};
    assert_digest(digest_sha256(parts, 1),
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void sha256__parts_are_one_message(void **state)
{
    (void)state;
    const struct digest_part parts[] = {part("a"), part(""), part("bc")};
    assert_digest(digest_sha256(parts, 3),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 4231, section 4. */
static void hmac_sha256__vectors(void **state)
{
    (void)state;
    unsigned char key[131], data[50];
    struct digest_part parts[2] = {part("Hi There")};
    memset(key, 0x0b, 20);
    assert_digest(digest_hmac_sha256(key, 20, parts, 1),
                  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    parts[0] = part("what do ya want ");
    parts[1] = part("for nothing?");
    assert_digest(digest_hmac_sha256("Jefe", 4, parts, 2),
                  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    memset(data, 0xdd, sizeof data);
    parts[0] = (struct digest_part){data, sizeof data};
    assert_digest(digest_hmac_sha256(key, 20, parts, 1),
                  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    parts[0] = part("Test Using Larger Than Block-Size Key - Hash Key First");
    assert_digest(digest_hmac_sha256(key, 131, parts, 1),
                  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static bool go_on(void *context)
{
    return --*(int *)context > 0;
}

/* The same from a file, in several pieces, wherever the file stands. */
static void sha256_file__is_that_of_its_bytes(void **state)
{
    (void)state;
    static char data[200000];
    struct digest digest;
    struct error error;
    int64_t bytes = 0;
    FILE *file = tmpfile();
    assert_non_null(file);
    memset(data, 'a', sizeof data);
    assert_int_equal(fwrite(data, 1, sizeof data, file), sizeof data);
    assert_int_equal(fflush(file), 0);
    const struct digest_part parts[] = {{data, sizeof data}};
    struct digest expected = digest_sha256(parts, 1);
    assert_int_equal(digest_sha256_file(fileno(file), NULL, NULL, &digest, &bytes, &error),
                     STATUS_OK);
    assert_memory_equal(digest.bytes, expected.bytes, sizeof digest.bytes);
    assert_int_equal(bytes, sizeof data);
    int pieces = 2;
    assert_int_equal(digest_sha256_file(fileno(file), go_on, &pieces, &digest, &bytes, &error),
                     STATUS_STOPPING);
    (void)fclose(file);
    assert_int_equal(digest_sha256_file(-1, NULL, NULL, &digest, &bytes, &error), STATUS_IO);
}

static void hmac_sha256__empty_key_and_message(void **state)
{
    (void)state;
    assert_digest(digest_hmac_sha256(NULL, 0, NULL, 0),
                  "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256__vectors),
        cmocka_unit_test(sha256__parts_are_one_message),
        cmocka_unit_test(sha256_file__is_that_of_its_bytes),
        cmocka_unit_test(hmac_sha256__vectors),
        cmocka_unit_test(hmac_sha256__empty_key_and_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
