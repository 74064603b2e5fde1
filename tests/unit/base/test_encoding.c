#include "gateway/base/encoding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void base64__vectors_of_rfc_4648_section_10(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *standard, *url;
    } table[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xff\xef\xfe", "/+/+", "_-_-"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[BASE64_TEXT_BYTES(6)], data[6];
        size_t bytes, length = strlen(table[i].plain);
        base64_encode(table[i].plain, length, text);
        assert_string_equal(text, table[i].standard);
        base64url_encode(table[i].plain, length, text);
        assert_string_equal(text, table[i].url);
        const char *both[] = {table[i].standard, table[i].url};
        for (int form = 0; form < 2; form++) {
            assert_int_equal(
                base64_decode(both[form], strlen(both[form]), data, sizeof data, &bytes),
                STATUS_OK);
            assert_int_equal(bytes, length);
            assert_memory_equal(data, table[i].plain, length);
        }
    }
}

static void base64_decode__refuses(void **state)
{
    (void)state;
    static const char *const table[] = {
        "Z",    "Zg=",   "Zg===", "Zg==Zg==", "Zm9vYg=", "Zm9vY", "=",  "====",
        "Z===", "Zm 9v", "Zm9*",  "Zm9v\n",   "Zh==",    "Zm9=",  "Zh", "\xc3\xa9Zg",
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char data[16];
        size_t bytes = 42;
        assert_int_equal(base64_decode(table[i], strlen(table[i]), data, sizeof data, &bytes),
                         STATUS_INVALID);
        assert_int_equal(bytes, 42);
    }
    char data[2];
    size_t bytes;
    assert_int_equal(base64_decode("Zm9v", 4, data, sizeof data, &bytes), STATUS_TOO_LARGE);
    assert_int_equal(base64_decode("Zm9\0", 4, data, sizeof data, &bytes), STATUS_INVALID);
}

static void base64__every_byte_comes_back(void **state)
{
    (void)state;
    uint8_t data[256], again[256];
    char text[BASE64_TEXT_BYTES(256)];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 167);
    }
    for (size_t length = 0; length <= sizeof data; length++) {
        size_t bytes;
        base64url_encode(data, length, text);
        assert_int_equal(base64_decode(text, strlen(text), again, sizeof again, &bytes), STATUS_OK);
        assert_int_equal(bytes, length);
        assert_memory_equal(again, data, length);
    }
}

static void hex__lower_case(void **state)
{
    (void)state;
    char text[HEX_TEXT_BYTES(4)];
    hex_encode("\x00\x7f\x80\xff", 4, text);
    assert_string_equal(text, "007f80ff");
    hex_encode("", 0, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64__vectors_of_rfc_4648_section_10),
        cmocka_unit_test(base64_decode__refuses),
        cmocka_unit_test(base64__every_byte_comes_back),
        cmocka_unit_test(hex__lower_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
