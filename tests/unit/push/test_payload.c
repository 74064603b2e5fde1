#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/data_object.h"
#include "apns-fcm/job.h"
#include "apns-fcm/payload.h"

static const char *const none_reserved[] = {NULL};

static void ignore(void *context, const struct push_result *result)
{
    (void)context;
    (void)result;
}

static struct push_job plain_job(enum push_urgency urgency)
{
    return (struct push_job){.provider = PUSH_APNS,
                             .target = "00fc13ad",
                             .notification = {.urgency = urgency,
                                              .expires_at = {1700000000000},
                                              .title = "Astreinte",
                                              .body = "Alerte \"A\"",
                                              .data_json = "{\"escalation\":\"e1\"}"},
                             .complete = ignore};
}

static void assert_apns(const struct push_job *job, bool entitled, const char *expected)
{
    char buffer[PAYLOAD_BUFFER_BYTES];
    size_t bytes = 0;
    assert_int_equal(payload_render_apns(job, entitled, buffer, &bytes, NULL), STATUS_OK);
    assert_int_equal(bytes, strlen(buffer));
    assert_string_equal(buffer, expected);
}

static void test_apns__critical_with_and_without_entitlement(void **state)
{
    (void)state;
    struct push_job job = plain_job(PUSH_CRITICAL);
    job.notification.category = "ESCALATION";
    assert_apns(&job, true,
                "{\"aps\":{\"alert\":{\"title\":\"Astreinte\",\"body\":\"Alerte \\\"A\\\"\"},"
                "\"sound\":{\"critical\":1,\"name\":\"default\",\"volume\":1.0},"
                "\"interruption-level\":\"critical\",\"category\":\"ESCALATION\","
                "\"mutable-content\":1},\"escalation\":\"e1\"}");
    job.notification.category = NULL;
    job.notification.data_json = NULL;
    assert_apns(&job, false,
                "{\"aps\":{\"alert\":{\"title\":\"Astreinte\",\"body\":\"Alerte \\\"A\\\"\"},"
                "\"sound\":\"default\",\"interruption-level\":\"time-sensitive\","
                "\"mutable-content\":1}}");
}

static void test_apns__silent_with_and_without_title(void **state)
{
    (void)state;
    struct push_job job = plain_job(PUSH_SILENT);
    job.notification.body = NULL;
    assert_apns(&job, true,
                "{\"aps\":{\"alert\":{\"title\":\"Astreinte\"},"
                "\"interruption-level\":\"passive\",\"mutable-content\":1},"
                "\"escalation\":\"e1\"}");
    job.notification.style = PUSH_BACKGROUND;
    assert_apns(&job, true, "{\"aps\":{\"content-available\":1},\"escalation\":\"e1\"}");
}

static void test_fcm__one_data_message(void **state)
{
    (void)state;
    struct push_job job = plain_job(PUSH_NORMAL);
    char buffer[PAYLOAD_BUFFER_BYTES];
    char tail[PAYLOAD_FCM_TAIL_BYTES_MAX];
    size_t bytes = 0;
    job.target = "t:1";
    job.notification.channel = "escalations";
    job.notification.collapse_id = "c1";
    assert_int_equal(payload_render_fcm(&job, buffer, &bytes, NULL), STATUS_OK);
    assert_string_equal(
        buffer, "{\"message\":{\"token\":\"t:1\",\"data\":{"
                "\"push_id\":\"00000000-0000-0000-0000-000000000000\",\"urgency\":\"normal\","
                "\"title\":\"Astreinte\",\"body\":\"Alerte \\\"A\\\"\",\"channel\":\"escalations\","
                "\"collapse_id\":\"c1\",\"escalation\":\"e1\"},"
                "\"android\":{\"priority\":\"high\",\"direct_boot_ok\":true");
    (void)payload_fcm_tail((struct wall_time){61500}, (struct wall_time){60000}, tail);
    assert_string_equal(tail, ",\"ttl\":\"2s\"}}}");
    (void)payload_fcm_tail((struct wall_time){1}, (struct wall_time){60000}, tail);
    assert_string_equal(tail, ",\"ttl\":\"0s\"}}}");
    (void)payload_fcm_tail(WALL_NEVER, (struct wall_time){60000}, tail);
    assert_string_equal(tail, ",\"ttl\":\"2419200s\"}}}");
    job.notification.urgency = PUSH_SILENT;
    assert_int_equal(payload_render_fcm(&job, buffer, &bytes, NULL), STATUS_OK);
    assert_non_null(strstr(buffer, "\"android\":{\"priority\":\"normal\",\"collapse_key\":\"c1\""));
}

static void test_payload__limit_is_exact(void **state)
{
    (void)state;
    char text[PUSH_PAYLOAD_BYTES_MAX + 1];
    char buffer[PAYLOAD_BUFFER_BYTES];
    size_t bytes = 0;
    struct push_job job = plain_job(PUSH_NORMAL);
    job.notification.data_json = NULL;
    job.notification.body = "";
    assert_int_equal(payload_render_apns(&job, false, buffer, &bytes, NULL), STATUS_OK);
    size_t room = PUSH_PAYLOAD_BYTES_MAX - bytes;
    memset(text, 'x', sizeof text);
    text[room] = '\0';
    job.notification.body = text;
    assert_int_equal(payload_render_apns(&job, false, buffer, &bytes, NULL), STATUS_OK);
    assert_int_equal(bytes, PUSH_PAYLOAD_BYTES_MAX);
    text[room] = 'x';
    text[room + 1] = '\0';
    assert_int_equal(payload_render_apns(&job, false, buffer, &bytes, NULL), STATUS_TOO_LARGE);
    job.provider = PUSH_FCM;
    assert_int_equal(payload_render_fcm(&job, buffer, &bytes, NULL), STATUS_TOO_LARGE);
}

static void test_data_object__takes_and_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *members; /* NULL: refused */
    } rows[] = {
        {"{}", ""},
        {" { } ", ""},
        {"{\"a\":\"b\"}", "\"a\":\"b\""},
        {"{ \"a\" : \"b\\u00e9\\\"\" , \"c\":\"\" } ", "\"a\" : \"b\\u00e9\\\"\" , \"c\":\"\" "},
        {"", NULL},
        {"[]", NULL},
        {"{", NULL},
        {"{\"a\"}", NULL},
        {"{\"a\":1}", NULL},
        {"{\"a\":\"b\",}", NULL},
        {"{\"a\":\"b\"} x", NULL},
        {"{\"a\":\"b\"}{}", NULL},
        {"{\"a\":\"b", NULL},
        {"{\"a\":\"b\\", NULL},
        {"{\"a\":\"b\\x\"}", NULL},
        {"{\"a\":\"b\\u00g0\"}", NULL},
        {"{\"a\":\"b\\u0", NULL},
        {"{\"a\":\"\n\"}", NULL},
        {"{\"a\":\"\xff\"}", NULL},
        {"{\"a\":{\"b\":\"c\"}}", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *members = NULL;
        size_t bytes = 0;
        enum status status =
            data_object_members(rows[i].json, none_reserved, &members, &bytes, NULL);
        if (rows[i].members == NULL) {
            assert_int_equal(status, STATUS_INVALID);
        } else {
            assert_int_equal(status, STATUS_OK);
            assert_int_equal(bytes, strlen(rows[i].members));
            assert_memory_equal(members, rows[i].members, bytes);
        }
    }
}

static void test_data_object__reserved_names(void **state)
{
    (void)state;
    char buffer[PAYLOAD_BUFFER_BYTES];
    size_t bytes = 0;
    struct push_job job = plain_job(PUSH_NORMAL);
    job.notification.data_json = "{\"ok\":\"1\",\"aps\":\"2\"}";
    assert_int_equal(payload_render_apns(&job, false, buffer, &bytes, NULL), STATUS_INVALID);
    assert_int_equal(payload_render_fcm(&job, buffer, &bytes, NULL), STATUS_OK);
    job.notification.data_json = "{\"title\":\"2\"}";
    assert_int_equal(payload_render_apns(&job, false, buffer, &bytes, NULL), STATUS_OK);
    assert_int_equal(payload_render_fcm(&job, buffer, &bytes, NULL), STATUS_INVALID);
}

static enum status create_and_free(const struct push_job *from)
{
    struct job *job = NULL;
    enum status status = job_create(from, false, &job, NULL);
    free(job);
    return status;
}

static void test_job__refuses_malformed_fields(void **state)
{
    (void)state;
    struct push_job good = plain_job(PUSH_NORMAL);
    assert_int_equal(create_and_free(&good), STATUS_OK);
    struct push_job job = good;
    job.target = "xyz";
    assert_int_equal(create_and_free(&job), STATUS_INVALID);
    job.provider = PUSH_FCM;
    assert_int_equal(create_and_free(&job), STATUS_OK);
    job.target = "with space";
    assert_int_equal(create_and_free(&job), STATUS_INVALID);
    job = good;
    job.target = "";
    assert_int_equal(create_and_free(&job), STATUS_INVALID);
    job = good;
    job.notification.title = "\xc3";
    assert_int_equal(create_and_free(&job), STATUS_INVALID);
    job = good;
    job.notification.collapse_id =
        "0123456789012345678901234567890123456789012345678901234567890123";
    assert_int_equal(create_and_free(&job), STATUS_OK);
    job.notification.collapse_id =
        "01234567890123456789012345678901234567890123456789012345678901234";
    assert_int_equal(create_and_free(&job), STATUS_INVALID);
    job.notification.collapse_id = "a\r\nb";
    assert_int_equal(create_and_free(&job), STATUS_INVALID);
    job = good;
    job.complete = NULL;
    assert_int_equal(create_and_free(&job), STATUS_INVALID);
}

static void test_job__lays_its_block_out(void **state)
{
    (void)state;
    struct push_job from = plain_job(PUSH_NORMAL);
    struct job *job = NULL;
    from.notification.collapse_id = "c1";
    assert_int_equal(job_create(&from, false, &job, NULL), STATUS_OK);
    assert_string_equal(job->path, "/3/device/00fc13ad");
    assert_int_equal(job->path_bytes, strlen(job->path));
    assert_string_equal(job->collapse_id, "c1");
    assert_string_equal(job->expiration, "1700000000");
    assert_int_equal(job->exchange.body_bytes, strlen(job->body));
    memset(job->exchange.answer, 'x', job->exchange.answer_capacity); /* for the sanitizer */
    free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apns__critical_with_and_without_entitlement),
        cmocka_unit_test(test_apns__silent_with_and_without_title),
        cmocka_unit_test(test_fcm__one_data_message),
        cmocka_unit_test(test_payload__limit_is_exact),
        cmocka_unit_test(test_data_object__takes_and_refuses),
        cmocka_unit_test(test_data_object__reserved_names),
        cmocka_unit_test(test_job__refuses_malformed_fields),
        cmocka_unit_test(test_job__lays_its_block_out),
    };
    return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
