#include "gateway/base/json_writer.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define BUFFER_BYTES 512

static void write_sample(struct json_writer *json)
{
    struct uuid uuid = {{0x01, 0x7f}};
    json_object_begin(json);
    json_member_text(json, "name", "Clinique \"des\" Lilas\\\n");
    json_member_int(json, "low", INT64_MIN);
    json_member_int(json, "high", INT64_MAX);
    json_member_int(json, "zero", 0);
    json_member_known_int(json, "known", 0);
    json_member_known_int(json, "unknown", -1);
    json_member_bool(json, "open", true);
    json_member_uuid(json, "id", uuid);
    json_member_time(json, "at", (struct wall_time){INT64_C(1795380769123)});
    json_member_time(json, "never", WALL_NEVER);
    json_member_text(json, "nothing", NULL);
    json_member_raw(json, "raw", "{\"a\":[]}");
    json_name(json, "list");
    json_array_begin(json);
    json_int(json, 1);
    json_array_begin(json);
    json_array_end(json);
    json_object_begin(json);
    json_object_end(json);
    json_null_value(json);
    json_array_end(json);
    json_object_end(json);
}

static const char sample[] =
    "{\"name\":\"Clinique \\\"des\\\" Lilas\\\\\\n\",\"low\":-9223372036854775808,"
    "\"high\":9223372036854775807,\"zero\":0,\"known\":0,\"unknown\":null,\"open\":true,"
    "\"id\":\"017f0000-0000-0000-0000-000000000000\",\"at\":\"2026-11-22T20:52:49.123Z\","
    "\"never\":null,\"nothing\":null,\"raw\":{\"a\":[]},\"list\":[1,[],{},null]}";

static void writer__writes_every_kind_of_value(void **state)
{
    (void)state;
    char buffer[BUFFER_BYTES];
    struct json_writer json;
    json_writer_init(&json, buffer, sizeof buffer);
    write_sample(&json);
    assert_false(json_writer_overflowed(&json));
    assert_int_equal(json_writer_bytes(&json), sizeof sample - 1);
    assert_string_equal(buffer, sample);
}

/* At every size: what fits is terminated inside the buffer, what does not is told. */
static void writer__overflow_is_told_at_every_size(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes < sizeof sample + 4; bytes++) {
        char buffer[BUFFER_BYTES];
        struct json_writer json;
        memset(buffer, 'x', sizeof buffer);
        json_writer_init(&json, buffer, bytes);
        write_sample(&json);
        assert_int_equal(json_writer_overflowed(&json), bytes < sizeof sample);
        assert_true(strlen(buffer) < bytes);
        assert_memory_equal(buffer, sample, strlen(buffer));
        assert_int_equal(buffer[bytes], 'x');
    }
}

static void writer__every_byte_makes_text_that_jansson_reads(void **state)
{
    (void)state;
    for (int first = 1; first < 256; first++) {
        char text[] = {'a', (char)first, 'b', '\0'}, buffer[64];
        struct json_writer json;
        json_writer_init(&json, buffer, sizeof buffer);
        json_text(&json, text);
        json_t *value = json_loads(buffer, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        assert_string_equal(json_string_value(value), first < 0x80 ? text
                                                                   : "a\xef\xbf\xbd"
                                                                     "b");
        json_decref(value);
    }
}

static void writer__keeps_utf8_and_nul(void **state)
{
    (void)state;
    char buffer[64];
    struct json_writer json;
    json_writer_init(&json, buffer, sizeof buffer);
    json_text_n(&json, "\xc3\xa9\0\x01", 4);
    assert_string_equal(buffer, "\"\xc3\xa9\\u0000\\u0001\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writer__writes_every_kind_of_value),
        cmocka_unit_test(writer__overflow_is_told_at_every_size),
        cmocka_unit_test(writer__every_byte_makes_text_that_jansson_reads),
        cmocka_unit_test(writer__keeps_utf8_and_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
