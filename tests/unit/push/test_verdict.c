#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "apns-fcm/verdict.h"

static struct verdict apns(int status, const char *reason)
{
    char body[128];
    struct verdict verdict;
    (void)snprintf(body, sizeof body, "{\"reason\":\"%s\"}", reason);
    verdict_apns(status, body, strlen(body), &verdict);
    return verdict;
}

static void test_apns__every_documented_reason(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *reason;
        enum verdict_action action;
        enum push_verdict target;
        bool proven;
    } rows[] = {
        {400, "BadCollapseId", ACTION_REFUSE, PUSH_MESSAGE_WRONG, true},
        {400, "BadDeviceToken", ACTION_REFUSE, PUSH_TARGET_SUSPECT, true},
        {400, "BadExpirationDate", ACTION_REFUSE, PUSH_MESSAGE_WRONG, true},
        {400, "BadMessageId", ACTION_REFUSE, PUSH_MESSAGE_WRONG, true},
        {400, "BadPriority", ACTION_REFUSE, PUSH_MESSAGE_WRONG, true},
        {400, "BadTopic", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, true},
        {400, "DeviceTokenNotForTopic", ACTION_REFUSE, PUSH_TARGET_SUSPECT, true},
        {400, "DuplicateHeaders", ACTION_REFUSE, PUSH_MESSAGE_WRONG, true},
        {400, "IdleTimeout", ACTION_RETRY, PUSH_TARGET_OK, true},
        {400, "InvalidPushType", ACTION_REFUSE, PUSH_MESSAGE_WRONG, true},
        {400, "MissingDeviceToken", ACTION_REFUSE, PUSH_MESSAGE_WRONG, true},
        {400, "MissingTopic", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, true},
        {400, "PayloadEmpty", ACTION_REFUSE, PUSH_MESSAGE_WRONG, true},
        {400, "TopicDisallowed", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, true},
        {403, "BadCertificate", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
        {403, "BadCertificateEnvironment", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
        {403, "ExpiredProviderToken", ACTION_RENEW_TOKEN, PUSH_CONFIGURATION_WRONG, false},
        {403, "Forbidden", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
        {403, "InvalidProviderToken", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
        {403, "MissingProviderToken", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
        {403, "UnrelatedKeyIdInToken", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
        {403, "BadEnvironmentKeyIdInToken", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
        {403, "BadEnvironmentKeyInToken", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, false},
        {404, "BadPath", ACTION_REFUSE, PUSH_MESSAGE_WRONG, true},
        {405, "MethodNotAllowed", ACTION_REFUSE, PUSH_MESSAGE_WRONG, true},
        {410, "ExpiredToken", ACTION_REFUSE, PUSH_TARGET_GONE, true},
        {410, "Unregistered", ACTION_REFUSE, PUSH_TARGET_GONE, true},
        {413, "PayloadTooLarge", ACTION_REFUSE, PUSH_MESSAGE_WRONG, true},
        {429, "TooManyProviderTokenUpdates", ACTION_RETRY, PUSH_TARGET_OK, false},
        {429, "TooManyRequests", ACTION_RETRY, PUSH_TARGET_OK, true},
        {500, "InternalServerError", ACTION_RETRY, PUSH_TARGET_OK, false},
        {503, "ServiceUnavailable", ACTION_RETRY, PUSH_TARGET_OK, false},
        {503, "Shutdown", ACTION_RETRY, PUSH_TARGET_OK, false},
        {418, "NeverHeardOf", ACTION_REFUSE, PUSH_MESSAGE_WRONG, true},
        {599, "NeverHeardOf", ACTION_RETRY, PUSH_TARGET_OK, false},
        {410, "NeverHeardOf", ACTION_REFUSE, PUSH_TARGET_GONE, true},
        {302, "NeverHeardOf", ACTION_REFUSE, PUSH_CONFIGURATION_WRONG, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct verdict verdict = apns(rows[i].status, rows[i].reason);
        assert_int_equal(verdict.action, rows[i].action);
        assert_int_equal(verdict.target, rows[i].target);
        assert_int_equal(verdict.token_proven, rows[i].proven);
        assert_string_equal(verdict.reason, rows[i].reason);
        assert_int_equal(verdict.unknown_reason, strcmp(rows[i].reason, "NeverHeardOf") == 0);
        assert_int_equal(verdict.provider_fault, rows[i].status >= 500);
    }
}

static void test_apns__accepted_and_gone(void **state)
{
    (void)state;
    static const char gone[] = "{\"reason\":\"Unregistered\",\"timestamp\":1508249865488}";
    struct verdict verdict;
    verdict_apns(200, "", 0, &verdict);
    assert_int_equal(verdict.action, ACTION_ACCEPT);
    assert_true(verdict.token_proven);
    verdict_apns(410, gone, sizeof gone - 1, &verdict);
    assert_int_equal(verdict.gone_since.ms, 1508249865488);
    verdict_apns(400, gone, sizeof gone - 1, &verdict);
    assert_int_equal(verdict.target, PUSH_TARGET_GONE);
}

static void test_apns__body_that_is_no_answer(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "<html>", "[1]", "{\"reason\":7}",
                                         "{\"reason\":\"Bad"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct verdict verdict;
        verdict_apns(502, bodies[i], strlen(bodies[i]), &verdict);
        assert_int_equal(verdict.action, ACTION_RETRY);
        assert_string_equal(verdict.reason, "http-502");
    }
}

static struct verdict fcm(int status, const char *body)
{
    struct verdict verdict;
    verdict_fcm(status, body, strlen(body), &verdict);
    return verdict;
}

#define FCM_ERROR(status_, code_)                                                                  \
    "{\"error\":{\"code\":0,\"message\":\"m\",\"status\":\"" status_ "\",\"details\":["            \
    "{\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":\"" code_    \
    "\"}]}}"

static void test_fcm__every_documented_code(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum verdict_action action;
        enum push_verdict target;
    } rows[] = {
        {400, FCM_ERROR("INVALID_ARGUMENT", "INVALID_ARGUMENT"), ACTION_REFUSE, PUSH_MESSAGE_WRONG},
        {401, FCM_ERROR("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), ACTION_REFUSE,
         PUSH_CONFIGURATION_WRONG},
        {403, FCM_ERROR("PERMISSION_DENIED", "SENDER_ID_MISMATCH"), ACTION_REFUSE,
         PUSH_TARGET_SUSPECT},
        {404, FCM_ERROR("NOT_FOUND", "UNREGISTERED"), ACTION_REFUSE, PUSH_TARGET_GONE},
        {429, FCM_ERROR("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), ACTION_RETRY, PUSH_TARGET_OK},
        {500, FCM_ERROR("INTERNAL", "INTERNAL"), ACTION_RETRY, PUSH_TARGET_OK},
        {503, FCM_ERROR("UNAVAILABLE", "UNAVAILABLE"), ACTION_RETRY, PUSH_TARGET_OK},
        {401, "{\"error\":{\"status\":\"UNAUTHENTICATED\"}}", ACTION_RENEW_TOKEN,
         PUSH_CONFIGURATION_WRONG},
        {403, "{\"error\":{\"status\":\"PERMISSION_DENIED\"}}", ACTION_REFUSE,
         PUSH_CONFIGURATION_WRONG},
        {404, "{\"error\":{\"status\":\"NOT_FOUND\"}}", ACTION_REFUSE, PUSH_TARGET_SUSPECT},
        {400,
         "{\"error\":{\"status\":\"INVALID_ARGUMENT\",\"details\":[{\"fieldViolations\":"
         "[{\"field\":\"message.token\"}]}]}}",
         ACTION_REFUSE, PUSH_TARGET_SUSPECT},
        {400,
         "{\"error\":{\"status\":\"INVALID_ARGUMENT\",\"details\":[{\"fieldViolations\":"
         "[{\"field\":\"message.android.ttl\"}]}]}}",
         ACTION_REFUSE, PUSH_MESSAGE_WRONG},
        {502, "<html>", ACTION_RETRY, PUSH_TARGET_OK},
        {401, "", ACTION_RENEW_TOKEN, PUSH_CONFIGURATION_WRONG},
        {408, "", ACTION_RETRY, PUSH_TARGET_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct verdict verdict = fcm(rows[i].status, rows[i].body);
        assert_int_equal(verdict.action, rows[i].action);
        assert_int_equal(verdict.target, rows[i].target);
        assert_true(verdict.reason[0] != '\0');
    }
}

static struct verdict web(int status)
{
    static const char body[] = "{\"errno\":106,\"reason\":\"Unregistered\"}";
    struct verdict verdict;
    verdict_web(status, body, sizeof body - 1, &verdict);
    return verdict;
}

/* Push services have no words in common: the statuses of RFC 8030 decide. */
static void test_web__every_status(void **state)
{
    (void)state;
    for (int status = 100; status < 600; status++) {
        enum verdict_action action = ACTION_REFUSE;
        enum push_verdict target = PUSH_CONFIGURATION_WRONG; /* 401 and 403, and no answer at all */
        if (status >= 200 && status < 300) {
            action = ACTION_ACCEPT;
            target = PUSH_TARGET_OK;
        } else if (status == 404 || status == 410) {
            target = PUSH_TARGET_GONE;
        } else if (status == 408 || status == 429 || status >= 500) {
            action = ACTION_RETRY;
            target = PUSH_TARGET_OK;
        } else if (status >= 400 && status != 401 && status != 403) {
            target = PUSH_MESSAGE_WRONG;
        }
        struct verdict verdict = web(status);
        assert_int_equal(verdict.action, action);
        assert_int_equal(verdict.target, target);
        assert_int_equal(verdict.gone_since.ms, TIME_NEVER_MS);
        assert_int_equal(verdict.provider_fault, status >= 500);
        assert_false(verdict.unknown_reason);
        char reason[16];
        (void)snprintf(reason, sizeof reason, "http-%d", status);
        assert_string_equal(verdict.reason, action == ACTION_ACCEPT ? "" : reason);
    }
}

static void test_fcm__accepted_carries_the_name(void **state)
{
    (void)state;
    struct verdict verdict = fcm(200, "{\"name\":\"projects/p/messages/0:1\"}");
    assert_int_equal(verdict.action, ACTION_ACCEPT);
    assert_string_equal(verdict.provider_id, "projects/p/messages/0:1");
    verdict = fcm(200, "{}");
    assert_int_equal(verdict.action, ACTION_ACCEPT);
    assert_string_equal(verdict.provider_id, "");
}

/* What the status alone says of a word that is in no table. */
static void assert_judged_by_class(int status, const struct verdict *verdict, const char *reason)
{
    enum verdict_action action = ACTION_REFUSE;
    enum push_verdict target = PUSH_CONFIGURATION_WRONG; /* no answer of a provider's at all */
    if (status == 401) {
        action = ACTION_RENEW_TOKEN;
    } else if (status == 410) {
        target = PUSH_TARGET_GONE;
    } else if (status == 408 || status == 429 || status >= 500) {
        action = ACTION_RETRY;
        target = PUSH_TARGET_OK;
    } else if (status >= 400 && status != 403) {
        target = PUSH_MESSAGE_WRONG;
    }
    assert_int_equal(verdict->action, action);
    assert_int_equal(verdict->target, target);
    assert_int_equal(verdict->gone_since.ms, TIME_NEVER_MS);
    assert_int_equal(verdict->unknown_reason, strncmp(reason, "http-", 5) != 0);
    assert_int_equal(verdict->provider_fault, status >= 500);
    assert_string_equal(verdict->reason, reason);
    assert_string_equal(verdict->provider_id, "");
}

static void test_unknown_reason__judged_by_its_class(void **state)
{
    (void)state;
    for (int status = 100; status < 600; status++) {
        if (status / 100 == 2) {
            continue;
        }
        struct verdict verdict = apns(status, "NeverHeardOf");
        assert_judged_by_class(status, &verdict, "NeverHeardOf");
        verdict = fcm(status, FCM_ERROR("UNAVAILABLE", "NEVER_HEARD_OF"));
        assert_judged_by_class(status, &verdict, "NEVER_HEARD_OF");
        char reason[16];
        (void)snprintf(reason, sizeof reason, "http-%d", status);
        verdict_apns(status, "", 0, &verdict);
        assert_judged_by_class(status, &verdict, reason);
        verdict = fcm(status, "<html>");
        assert_judged_by_class(status, &verdict, reason);
    }
}

/* A proxy or a fault of the provider's may put a known word under another status. */
static void test_known_reason__counts_more_than_the_status(void **state)
{
    (void)state;
    for (int status = 300; status < 600; status++) {
        assert_int_equal(apns(status, "Unregistered").target, PUSH_TARGET_GONE);
        assert_int_equal(apns(status, "BadDeviceToken").target, PUSH_TARGET_SUSPECT);
        assert_int_equal(apns(status, "ExpiredProviderToken").action, ACTION_RENEW_TOKEN);
        assert_int_equal(apns(status, "TooManyRequests").action, ACTION_RETRY);
        assert_int_equal(fcm(status, FCM_ERROR("INTERNAL", "UNREGISTERED")).target,
                         PUSH_TARGET_GONE);
        assert_int_equal(fcm(status, FCM_ERROR("INTERNAL", "UNAVAILABLE")).action, ACTION_RETRY);
        assert_int_equal(fcm(status, FCM_ERROR("NOT_FOUND", "SENDER_ID_MISMATCH")).target,
                         PUSH_TARGET_SUSPECT);
    }
}

/* Nobody is retired for a word that only resembles one that says so. */
static void test_known_reason__matches_whole_words(void **state)
{
    (void)state;
    static const char *const words[] = {"unregistered", "Unregistered ", "UnregisteredX",
                                        "Unregistere",  "ExpiredTokens", "expiredtoken"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_int_equal(apns(400, words[i]).target, PUSH_MESSAGE_WRONG);
    }
    assert_int_equal(fcm(400, FCM_ERROR("INVALID_ARGUMENT", "Unregistered")).target,
                     PUSH_MESSAGE_WRONG);
}

static void test_reason__cut_between_characters(void **state)
{
    (void)state;
    static const char e_acute[] = "\xc3\xa9";
    char word[128];
    char body[160];
    size_t bytes = 0;
    for (; bytes < 100; bytes += 2) {
        memcpy(word + bytes, e_acute, 2);
    }
    word[bytes] = '\0';
    (void)snprintf(body, sizeof body, "{\"reason\":\"%s\"}", word);
    struct verdict verdict;
    verdict_apns(400, body, strlen(body), &verdict);
    assert_int_equal(strlen(verdict.reason), PUSH_REASON_BYTES_MAX - 2);
    assert_string_equal(verdict.reason + strlen(verdict.reason) - 2, e_acute);
}

static void test_gone_since__only_a_whole_number_with_a_gone_device(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        int64_t gone_since_ms;
    } rows[] = {
        {410, "{\"reason\":\"Unregistered\",\"timestamp\":0}", 0},
        {410, "{\"reason\":\"ExpiredToken\",\"timestamp\":1454948015990}", 1454948015990},
        {410, "{\"timestamp\":7}", 7},
        {410, "{\"reason\":\"Unregistered\"}", TIME_NEVER_MS},
        {410, "{\"reason\":\"Unregistered\",\"timestamp\":\"1454948015990\"}", TIME_NEVER_MS},
        {410, "{\"reason\":\"Unregistered\",\"timestamp\":1.5}", TIME_NEVER_MS},
        {410, "{\"reason\":\"Unregistered\",\"timestamp\":null}", TIME_NEVER_MS},
        {400, "{\"reason\":\"BadDeviceToken\",\"timestamp\":7}", TIME_NEVER_MS},
        {200, "{\"reason\":\"Unregistered\",\"timestamp\":7}", TIME_NEVER_MS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct verdict verdict;
        verdict_apns(rows[i].status, rows[i].body, strlen(rows[i].body), &verdict);
        assert_int_equal(verdict.gone_since.ms, rows[i].gone_since_ms);
    }
}

static void test_fcm__details_that_are_no_details(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"error\":{\"status\":\"UNAVAILABLE\",\"details\":{}}}",
        "{\"error\":{\"status\":\"UNAVAILABLE\",\"details\":[7,null,[],\"errorCode\"]}}",
        "{\"error\":{\"status\":\"UNAVAILABLE\",\"details\":[{\"errorCode\":404}]}}",
        "{\"error\":{\"status\":\"NOT_FOUND\",\"details\":[{},{\"errorCode\":\"UNAVAILABLE\"}]}}",
        "{\"error\":[]}",
        "{\"error\":\"UNREGISTERED\"}",
        "{\"error\":{\"status\":{}}}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct verdict verdict = fcm(503, bodies[i]);
        assert_int_equal(verdict.action, ACTION_RETRY);
        assert_int_equal(verdict.target, PUSH_TARGET_OK);
    }
}

static void test_verdict__a_reason_is_one_line(void **state)
{
    static const char body[] = "{\"reason\":\"New\\nWord\\u0007\\u007f\"}";
    struct verdict verdict;
    (void)state;
    verdict_apns(400, body, sizeof body - 1, &verdict);
    assert_string_equal(verdict.reason, "New?Word??");
    assert_true(verdict.unknown_reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdict__a_reason_is_one_line),
        cmocka_unit_test(test_apns__every_documented_reason),
        cmocka_unit_test(test_apns__accepted_and_gone),
        cmocka_unit_test(test_apns__body_that_is_no_answer),
        cmocka_unit_test(test_fcm__every_documented_code),
        cmocka_unit_test(test_fcm__accepted_carries_the_name),
        cmocka_unit_test(test_web__every_status),
        cmocka_unit_test(test_fcm__details_that_are_no_details),
        cmocka_unit_test(test_unknown_reason__judged_by_its_class),
        cmocka_unit_test(test_known_reason__counts_more_than_the_status),
        cmocka_unit_test(test_known_reason__matches_whole_words),
        cmocka_unit_test(test_reason__cut_between_characters),
        cmocka_unit_test(test_gone_since__only_a_whole_number_with_a_gone_device),
    };
    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
