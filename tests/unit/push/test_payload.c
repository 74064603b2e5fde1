#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/data_object.h"
#include "apns-fcm/job.h"
#include "apns-fcm/loop.h"
#include "apns-fcm/payload.h"
#include "apns-fcm/seal.h"

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

static struct payload rendered;

static enum status render(const struct push_job *job, bool entitled)
{
    const struct payload_options options = {.critical_entitled = entitled};
    struct error error = {0};
    enum status status = payload_render(job, &options, &rendered, &error);
    if (status != STATUS_OK) {
        assert_true(error.text[0] != '\0');
    }
    return status;
}

static void assert_body(const struct push_job *job, bool entitled, const char *expected)
{
    assert_int_equal(render(job, entitled), STATUS_OK);
    assert_int_equal(rendered.body_bytes, strlen(rendered.body));
    assert_string_equal(rendered.body, expected);
    assert_false(rendered.shortened);
}

static void test_apns__critical_with_and_without_entitlement(void **state)
{
    (void)state;
    struct push_job job = plain_job(PUSH_CRITICAL);
    job.notification.category = "ESCALATION";
    assert_body(&job, true,
                "{\"aps\":{\"alert\":{\"title\":\"Astreinte\",\"body\":\"Alerte \\\"A\\\"\"},"
                "\"sound\":{\"critical\":1,\"name\":\"default\",\"volume\":1.00},"
                "\"interruption-level\":\"critical\",\"relevance-score\":1,"
                "\"category\":\"ESCALATION\",\"mutable-content\":1},\"escalation\":\"e1\"}");
    job.notification.category = NULL;
    job.notification.data_json = NULL;
    assert_body(&job, false,
                "{\"aps\":{\"alert\":{\"title\":\"Astreinte\",\"body\":\"Alerte \\\"A\\\"\"},"
                "\"sound\":\"default\",\"interruption-level\":\"time-sensitive\","
                "\"relevance-score\":1,\"mutable-content\":1}}");
}

static void test_apns__everything_at_once(void **state)
{
    (void)state;
    struct push_job job = plain_job(PUSH_CRITICAL);
    job.notification.thread = "night";
    job.notification.sound = "siren.caf";
    job.notification.volume_percent = 85;
    job.notification.has_badge = true;
    job.notification.badge = 3;
    assert_body(&job, true,
                "{\"aps\":{\"alert\":{\"title\":\"Astreinte\",\"body\":\"Alerte \\\"A\\\"\"},"
                "\"sound\":{\"critical\":1,\"name\":\"siren.caf\",\"volume\":0.85},"
                "\"interruption-level\":\"critical\",\"relevance-score\":1,\"badge\":3,"
                "\"thread-id\":\"night\",\"mutable-content\":1},\"escalation\":\"e1\"}");
}

static void test_apns__silent_and_background(void **state)
{
    (void)state;
    struct push_job job = plain_job(PUSH_SILENT);
    job.notification.body = NULL;
    assert_body(&job, true,
                "{\"aps\":{\"alert\":{\"title\":\"Astreinte\"},"
                "\"interruption-level\":\"passive\",\"mutable-content\":1},"
                "\"escalation\":\"e1\"}");
    job.notification.style = PUSH_BACKGROUND;
    assert_body(&job, true, "{\"aps\":{\"content-available\":1},\"escalation\":\"e1\"}");
    job.provider = PUSH_FCM;
    job.notification.sound = "siren.caf";
    assert_body(&job, true,
                "{\"message\":{\"token\":\"00fc13ad\",\"data\":{"
                "\"push_id\":\"00000000-0000-0000-0000-000000000000\",\"urgency\":\"silent\","
                "\"escalation\":\"e1\"},"
                "\"android\":{\"priority\":\"normal\",\"direct_boot_ok\":true");
}

/* As urgent on its way, and without a sound when it is there. */
static void test_unheard__is_quiet_and_at_once(void **state)
{
    (void)state;
    struct push_job job = plain_job(PUSH_NORMAL);
    job.notification.body = NULL;
    job.notification.sound = "siren.caf";
    job.notification.unheard = true;
    assert_body(&job, true,
                "{\"aps\":{\"alert\":{\"title\":\"Astreinte\"},"
                "\"interruption-level\":\"passive\",\"mutable-content\":1},"
                "\"escalation\":\"e1\"}");
    job.provider = PUSH_FCM;
    assert_body(&job, true,
                "{\"message\":{\"token\":\"00fc13ad\",\"data\":{"
                "\"push_id\":\"00000000-0000-0000-0000-000000000000\",\"urgency\":\"silent\","
                "\"title\":\"Astreinte\",\"escalation\":\"e1\"},"
                "\"android\":{\"priority\":\"high\",\"direct_boot_ok\":true");
}

static void test_fcm__one_data_message(void **state)
{
    (void)state;
    struct push_job job = plain_job(PUSH_NORMAL);
    const struct push_action actions[] = {{"accept", "J'y vais"}, {"decline", "Refuser"}};
    char tail[PAYLOAD_FCM_TAIL_BYTES_MAX];
    job.provider = PUSH_FCM;
    job.target = "t:1";
    job.notification.channel = "escalations";
    job.notification.collapse_id = "c1";
    job.notification.actions = actions;
    job.notification.actions_count = 2;
    assert_body(&job, false,
                "{\"message\":{\"token\":\"t:1\",\"data\":{"
                "\"push_id\":\"00000000-0000-0000-0000-000000000000\",\"urgency\":\"normal\","
                "\"title\":\"Astreinte\",\"body\":\"Alerte \\\"A\\\"\",\"channel\":\"escalations\","
                "\"actions\":\"[{\\\"id\\\":\\\"accept\\\",\\\"title\\\":\\\"J'y vais\\\"},"
                "{\\\"id\\\":\\\"decline\\\",\\\"title\\\":\\\"Refuser\\\"}]\","
                "\"collapse_id\":\"c1\",\"escalation\":\"e1\"},"
                "\"android\":{\"priority\":\"high\",\"direct_boot_ok\":true");
    (void)payload_fcm_tail((struct wall_time){61500}, (struct wall_time){60000}, tail);
    assert_string_equal(tail, ",\"ttl\":\"2s\"}}}");
    (void)payload_fcm_tail((struct wall_time){1}, (struct wall_time){60000}, tail);
    assert_string_equal(tail, ",\"ttl\":\"0s\"}}}");
    (void)payload_fcm_tail(WALL_NEVER, (struct wall_time){60000}, tail);
    assert_string_equal(tail, ",\"ttl\":\"2419200s\"}}}");
    job.notification.urgency = PUSH_SILENT;
    assert_int_equal(render(&job, false), STATUS_OK);
    assert_non_null(
        strstr(rendered.body, "\"android\":{\"priority\":\"normal\",\"collapse_key\":\"c1\""));
}

static const struct push_secret lift = {
    .title = "Clinique", .body = "Ascenseur B", .data_json = "{\"ticket\":\"t1\"}"};

static void test_secret__leaves_a_gap_of_its_size(void **state)
{
    (void)state;
    static const enum push_provider providers[] = {PUSH_APNS, PUSH_FCM};
    for (size_t i = 0; i < 2; i++) {
        struct push_job job = plain_job(PUSH_CRITICAL);
        job.provider = providers[i];
        job.notification.secret = &lift;
        assert_int_equal(render(&job, false), STATUS_OK);
        assert_string_equal(
            rendered.plain,
            "{\"title\":\"Clinique\",\"body\":\"Ascenseur B\",\"data\":{\"ticket\":\"t1\"}}");
        assert_int_equal(rendered.record_bytes, seal_record_bytes(rendered.plain_bytes));
        assert_int_equal(rendered.seal_bytes, (rendered.record_bytes * 4 + 2) / 3);
        assert_true(rendered.seal_base64);
        assert_memory_equal(rendered.body + rendered.seal_at - 13, "\"encrypted\":\"", 13);
        assert_int_equal(strspn(rendered.body + rendered.seal_at, "A"), rendered.seal_bytes);
        assert_int_equal(rendered.body[rendered.seal_at + rendered.seal_bytes], '"');
        assert_null(strstr(rendered.body, "Clinique"));
        assert_null(strstr(rendered.body, "Ascenseur"));
        assert_null(strstr(rendered.body, "t1\""));
    }
}

static void test_web__is_nothing_but_a_record(void **state)
{
    (void)state;
    struct push_job job = plain_job(PUSH_CRITICAL);
    job.provider = PUSH_WEB;
    assert_int_equal(render(&job, false), STATUS_INVALID);
    job.notification.secret = &lift;
    job.notification.collapse_id = "c1";
    assert_int_equal(render(&job, false), STATUS_OK);
    assert_string_equal(rendered.plain, "{\"push_id\":\"00000000-0000-0000-0000-000000000000\","
                                        "\"urgency\":\"critical\",\"title\":\"Clinique\","
                                        "\"body\":\"Ascenseur B\",\"tag\":\"c1\",\"silent\":false,"
                                        "\"data\":{\"escalation\":\"e1\",\"ticket\":\"t1\"}}");
    assert_false(rendered.seal_base64);
    assert_int_equal(rendered.seal_at, 0);
    assert_int_equal(rendered.seal_bytes, rendered.body_bytes);
    assert_int_equal(rendered.body_bytes, seal_record_bytes(rendered.plain_bytes));
    const struct push_secret keys_only = {0};
    job.notification.secret = &keys_only;
    assert_int_equal(render(&job, false), STATUS_OK);
    assert_non_null(strstr(rendered.plain, "\"title\":\"Astreinte\""));
}

static void test_payload__is_shortened_at_the_limit(void **state)
{
    (void)state;
    char text[PUSH_PAYLOAD_BYTES_MAX + 1];
    struct push_job job = plain_job(PUSH_NORMAL);
    job.notification.data_json = NULL;
    job.notification.body = "";
    assert_int_equal(render(&job, false), STATUS_OK);
    size_t room = PUSH_PAYLOAD_BYTES_MAX - rendered.body_bytes;
    memset(text, 'x', sizeof text);
    text[room] = '\0';
    job.notification.body = text;
    assert_int_equal(render(&job, false), STATUS_OK);
    assert_int_equal(rendered.body_bytes, PUSH_PAYLOAD_BYTES_MAX);
    assert_false(rendered.shortened);
    text[room] = 'x';
    text[room + 1] = '\0';
    assert_int_equal(render(&job, false), STATUS_OK);
    assert_true(rendered.shortened);
    assert_in_range(rendered.body_bytes, PUSH_PAYLOAD_BYTES_MAX - 8, PUSH_PAYLOAD_BYTES_MAX);
    assert_non_null(strstr(rendered.body, "x\xe2\x80\xa6\""));
}

static void test_payload__order_of_shortening(void **state)
{
    (void)state;
    char data[4096], body[400], title[400], secret[1200];
    struct push_secret content = {.title = "Clinique", .body = secret};
    struct push_job job = plain_job(PUSH_NORMAL);
    memset(body, 'b', sizeof body - 1);
    memset(title, 't', sizeof title - 1);
    memset(secret, 's', sizeof secret - 1);
    body[sizeof body - 1] = title[sizeof title - 1] = secret[sizeof secret - 1] = '\0';
    job.notification.body = body;
    job.notification.title = title;
    job.notification.secret = &content;
    /* The more data there is, the more texts are cut, in their order; data never. */
    for (size_t fill = 1000; fill < 3800; fill += 100) {
        int used = snprintf(data, sizeof data, "{\"d\":\"");
        memset(data + used, 'd', fill);
        (void)snprintf(data + (size_t)used + fill, sizeof data - (size_t)used - fill, "\"}");
        job.notification.data_json = data;
        enum status status = render(&job, false);
        if (status == STATUS_TOO_LARGE) {
            assert_true(fill > 3000);
            return;
        }
        assert_int_equal(status, STATUS_OK);
        assert_true(rendered.body_bytes <= PUSH_PAYLOAD_BYTES_MAX);
        bool secret_cut = strstr(rendered.plain, "\xe2\x80\xa6") != NULL;
        bool body_cut = strstr(rendered.body, "b\xe2\x80\xa6") != NULL;
        bool title_cut = strstr(rendered.body, "t\xe2\x80\xa6") != NULL;
        assert_true(!body_cut || secret_cut);
        assert_true(!title_cut || body_cut);
        assert_int_equal(secret_cut || body_cut || title_cut, rendered.shortened);
        assert_non_null(strstr(rendered.plain, "ssssssssssssssssssssssssssssssss"));
        assert_non_null(strstr(rendered.body, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
    }
    fail_msg("something larger than the limit was never refused");
}

static void test_payload__is_cut_between_characters(void **state)
{
    (void)state;
    static const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x94\x94", "\"",
                                             "\x01"};
    char text[9000];
    for (size_t i = 0; i < sizeof characters / sizeof characters[0]; i++) {
        for (size_t shift = 0; shift < 5; shift++) {
            struct push_job job = plain_job(PUSH_NORMAL);
            size_t used = 0;
            while (used < shift) {
                text[used++] = 'x';
            }
            while (used + 5 < sizeof text) {
                memcpy(text + used, characters[i], strlen(characters[i]));
                used += strlen(characters[i]);
            }
            text[used] = '\0';
            job.notification.body = text;
            assert_int_equal(render(&job, false), STATUS_OK);
            json_t *json = json_loadb(rendered.body, rendered.body_bytes, 0, NULL);
            assert_non_null(json);
            json_decref(json);
        }
    }
}

static void test_payload__names_the_field(void **state)
{
    (void)state;
    const struct push_action nameless = {"a", NULL};
    const struct push_notification good = plain_job(PUSH_NORMAL).notification;
    struct {
        const char *field;
        struct push_notification notification;
    } rows[] = {{"title", good},       {"body", good},    {"category", good},
                {"thread", good},      {"sound", good},   {"volume", good},
                {"badge", good},       {"actions", good}, {"actions_count", good},
                {"collapse_id", good}, {"urgency", good}};
    rows[0].notification.title = NULL;
    rows[1].notification.body = "\xff";
    rows[2].notification.category = "";
    rows[3].notification.thread = "a\nb";
    rows[4].notification.sound = "\xc3\xa9";
    rows[5].notification.volume_percent = 101;
    rows[6].notification.has_badge = true;
    rows[6].notification.badge = -1;
    rows[7].notification.actions = &nameless;
    rows[7].notification.actions_count = 1;
    rows[8].notification.actions_count = PUSH_ACTIONS_MAX + 1;
    rows[9].notification.collapse_id = "";
    rows[10].notification.urgency = (enum push_urgency)9;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct payload_options options = {0};
        struct error error = {0};
        struct push_job job = plain_job(PUSH_NORMAL);
        job.notification = rows[i].notification;
        assert_int_equal(payload_render(&job, &options, &rendered, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, rows[i].field));
    }
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
        {"{\"a\":\"\\ud83d\\udd14\"}", "\"a\":\"\\ud83d\\udd14\""},
        {"{\"a\":\"\\ud83d\"}", NULL}, /* half a pair */
        {"{\"a\":\"\\ud83d\\u0041\"}", NULL},
        {"{\"a\":\"\\udd14\"}", NULL},
        {"{\"\\u0061ps\":\"b\"}", NULL}, /* "aps" in disguise */
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
    struct push_job job = plain_job(PUSH_NORMAL);
    job.notification.data_json = "{\"ok\":\"1\",\"aps\":\"2\"}";
    assert_int_equal(render(&job, false), STATUS_INVALID);
    job.provider = PUSH_FCM;
    assert_int_equal(render(&job, false), STATUS_OK);
    job.notification.data_json = "{\"google.c\":\"2\"}";
    assert_int_equal(render(&job, false), STATUS_INVALID);
    job.notification.data_json = "{\"google\":\"2\"}";
    assert_int_equal(render(&job, false), STATUS_OK);
    job.notification.data_json = "{\"title\":\"2\"}";
    assert_int_equal(render(&job, false), STATUS_INVALID);
    job.provider = PUSH_APNS;
    assert_int_equal(render(&job, false), STATUS_OK);
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

/* The wall is set back an hour while the push waits: it lives as long as it was to. */
static void test_job__lives_on_whatever_the_wall_does(void **state)
{
    (void)state;
    struct push_job from = plain_job(PUSH_NORMAL);
    struct job *job = NULL;
    struct loop loop = {.now = {5000}, .wall = {1699999940000 - 3600000}};
    assert_int_equal(job_create(&from, false, &job, NULL), STATUS_OK);
    job->lives_until.ms = 35000;
    assert_int_equal(job_expires_at(job, &loop).ms - loop.wall.ms, 30000);
    job_write_expiration(job, &loop, 3600000); /* Apple's clock was not set back */
    assert_string_equal(job->expiration, "1699999970");
    loop.wall.ms = 1000;
    loop.now.ms = 40000;
    job_write_expiration(job, &loop, 0);
    assert_string_equal(job->expiration, "0");
    job->lives_until = MONOTONIC_NEVER;
    assert_int_equal(job_expires_at(job, &loop).ms, TIME_NEVER_MS);
    free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apns__critical_with_and_without_entitlement),
        cmocka_unit_test(test_apns__everything_at_once),
        cmocka_unit_test(test_apns__silent_and_background),
        cmocka_unit_test(test_unheard__is_quiet_and_at_once),
        cmocka_unit_test(test_fcm__one_data_message),
        cmocka_unit_test(test_secret__leaves_a_gap_of_its_size),
        cmocka_unit_test(test_web__is_nothing_but_a_record),
        cmocka_unit_test(test_payload__is_shortened_at_the_limit),
        cmocka_unit_test(test_payload__order_of_shortening),
        cmocka_unit_test(test_payload__is_cut_between_characters),
        cmocka_unit_test(test_payload__names_the_field),
        cmocka_unit_test(test_data_object__takes_and_refuses),
        cmocka_unit_test(test_data_object__reserved_names),
        cmocka_unit_test(test_job__refuses_malformed_fields),
        cmocka_unit_test(test_job__lays_its_block_out),
        cmocka_unit_test(test_job__lives_on_whatever_the_wall_does),
    };
    return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
