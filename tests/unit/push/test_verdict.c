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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apns__every_documented_reason),
        cmocka_unit_test(test_apns__accepted_and_gone),
        cmocka_unit_test(test_apns__body_that_is_no_answer),
        cmocka_unit_test(test_fcm__every_documented_code),
        cmocka_unit_test(test_fcm__accepted_carries_the_name),
    };
    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
