/* test_webhook_signature.c - Standard Webhooks signatures, against the published example too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/telephony/telephony_private.h"

/* The example of the Standard Webhooks reference libraries ("sign function works"). */
#define SPEC_SECRET    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SPEC_ID        "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define SPEC_TIMESTAMP "1614265330"
#define SPEC_BODY      "{\"test\": 2432232314}"
#define SPEC_SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

#define A22 "AAAAAAAAAAAAAAAAAAAAAA"

/* 66 bytes: longer than the standard allows. */
static const char long_secret[] = "whsec_" A22 A22 A22 A22;

#define OTHER_SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static const struct wall_time spec_now = {1614265330LL * 1000};
static const int64_t tolerance_ms = 300000;

static enum status verify(const char *secret, const char *timestamp, const char *signatures,
                          const char *body, struct wall_time now)
{
    return webhook_verify(secret, SPEC_ID, timestamp, signatures, body, strlen(body), now,
                          tolerance_ms);
}

static void test_sign__published_example(void **state)
{
    (void)state;
    struct webhook_secret secret;
    char signatures[WEBHOOK_SIGNATURES_BYTES_MAX];
    assert_int_equal(webhook_secret_decode(SPEC_SECRET, &secret), STATUS_OK);
    webhook_sign(&secret, 1, SPEC_ID, 1614265330, SPEC_BODY, strlen(SPEC_BODY), signatures);
    assert_string_equal(signatures, SPEC_SIGNATURE);
}

static void test_sign__several_secrets_while_one_rotates(void **state)
{
    (void)state;
    static const char *const texts[TELEPHONY_SECRETS_MAX] = {OTHER_SECRET, SPEC_SECRET,
                                                             OTHER_SECRET, OTHER_SECRET};
    struct webhook_secret secrets[TELEPHONY_SECRETS_MAX];
    char signatures[WEBHOOK_SIGNATURES_BYTES_MAX];
    for (size_t i = 0; i < TELEPHONY_SECRETS_MAX; i++) {
        assert_int_equal(webhook_secret_decode(texts[i], &secrets[i]), STATUS_OK);
    }
    webhook_sign(secrets, 2, SPEC_ID, 1614265330, SPEC_BODY, strlen(SPEC_BODY), signatures);
    assert_non_null(strstr(signatures, " " SPEC_SIGNATURE));
    assert_int_equal(verify(SPEC_SECRET, SPEC_TIMESTAMP, signatures, SPEC_BODY, spec_now),
                     STATUS_OK);
    assert_int_equal(verify(OTHER_SECRET, SPEC_TIMESTAMP, signatures, SPEC_BODY, spec_now),
                     STATUS_OK);

    webhook_sign(secrets, 4, SPEC_ID, 1614265330, SPEC_BODY, strlen(SPEC_BODY), signatures);
    assert_int_equal(strlen(signatures), sizeof signatures - 1);
}

static void test_verify__published_example(void **state)
{
    (void)state;
    assert_int_equal(verify(SPEC_SECRET, SPEC_TIMESTAMP, SPEC_SIGNATURE, SPEC_BODY, spec_now),
                     STATUS_OK);
    assert_int_equal(verify(SPEC_SECRET, SPEC_TIMESTAMP, "v1a,AAAA v2,BBBB  " SPEC_SIGNATURE,
                            SPEC_BODY, spec_now),
                     STATUS_OK);
}

static void test_verify__changed_input_is_refused(void **state)
{
    (void)state;
    assert_int_equal(verify(SPEC_SECRET, SPEC_TIMESTAMP, SPEC_SIGNATURE, SPEC_BODY " ", spec_now),
                     STATUS_UNAUTHENTICATED);
    assert_int_equal(verify(SPEC_SECRET, "1614265331", SPEC_SIGNATURE, SPEC_BODY, spec_now),
                     STATUS_UNAUTHENTICATED);
    assert_int_equal(verify(OTHER_SECRET, SPEC_TIMESTAMP, SPEC_SIGNATURE, SPEC_BODY, spec_now),
                     STATUS_UNAUTHENTICATED);
    assert_int_equal(webhook_verify(SPEC_SECRET, "msg_other", SPEC_TIMESTAMP, SPEC_SIGNATURE,
                                    SPEC_BODY, strlen(SPEC_BODY), spec_now, tolerance_ms),
                     STATUS_UNAUTHENTICATED);
}

static void test_verify__every_changed_character_of_the_signature(void **state)
{
    (void)state;
    for (size_t i = 0; i < strlen(SPEC_SIGNATURE); i++) {
        char changed[] = SPEC_SIGNATURE;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_int_equal(verify(SPEC_SECRET, SPEC_TIMESTAMP, changed, SPEC_BODY, spec_now),
                         STATUS_UNAUTHENTICATED);
        changed[i] = '\0';
        assert_int_equal(verify(SPEC_SECRET, SPEC_TIMESTAMP, changed, SPEC_BODY, spec_now),
                         STATUS_UNAUTHENTICATED);
    }
    assert_int_equal(verify(SPEC_SECRET, SPEC_TIMESTAMP, SPEC_SIGNATURE "A", SPEC_BODY, spec_now),
                     STATUS_UNAUTHENTICATED);
}

static void test_verify__tolerance_in_both_directions(void **state)
{
    (void)state;
    static const struct {
        int64_t offset_ms;
        enum status expected;
    } cases[] = {
        {300000, STATUS_OK},
        {-300000, STATUS_OK},
        {300001, STATUS_UNAUTHENTICATED},
        {-300001, STATUS_UNAUTHENTICATED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wall_time now = {spec_now.ms + cases[i].offset_ms};
        assert_int_equal(verify(SPEC_SECRET, SPEC_TIMESTAMP, SPEC_SIGNATURE, SPEC_BODY, now),
                         cases[i].expected);
    }
}

/* A timestamp that is signed correctly but is not plain digits must not pass as "0". */
static void test_verify__malformed_timestamps(void **state)
{
    (void)state;
    static const char *const timestamps[] = {
        "", " 1614265330", "+1614265330", "-1", "1614265330.0", "0x10", "99999999999999999999999"};
    struct webhook_secret secret;
    assert_int_equal(webhook_secret_decode(SPEC_SECRET, &secret), STATUS_OK);
    for (size_t i = 0; i < sizeof timestamps / sizeof timestamps[0]; i++) {
        char signed_text[128];
        int bytes = snprintf(signed_text, sizeof signed_text, "%s.%s.%s", SPEC_ID, timestamps[i],
                             SPEC_BODY);
        const struct digest_part part = {signed_text, (size_t)bytes};
        struct digest digest = digest_hmac_sha256(secret.bytes, secret.length, &part, 1);
        char signature[3 + BASE64_TEXT_BYTES(DIGEST_BYTES)] = "v1,";
        base64_encode(digest.bytes, sizeof digest.bytes, signature + 3);
        assert_int_equal(verify(SPEC_SECRET, timestamps[i], signature, SPEC_BODY, spec_now),
                         STATUS_UNAUTHENTICATED);
    }
}

static void test_secret__malformed(void **state)
{
    (void)state;
    static const char *const secrets[] = {
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa*w",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLQ==", /* 22 bytes: shorter than the standard allows */
        long_secret,                              /* longer than it allows */
    };
    struct webhook_secret secret = {.length = 7};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        assert_int_equal(webhook_secret_decode(secrets[i], &secret), STATUS_CONFIGURATION);
        assert_int_equal(secret.length, 7); /* untouched */
        assert_int_equal(verify(secrets[i], SPEC_TIMESTAMP, SPEC_SIGNATURE, SPEC_BODY, spec_now),
                         STATUS_CONFIGURATION);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign__published_example),
        cmocka_unit_test(test_sign__several_secrets_while_one_rotates),
        cmocka_unit_test(test_verify__published_example),
        cmocka_unit_test(test_verify__changed_input_is_refused),
        cmocka_unit_test(test_verify__every_changed_character_of_the_signature),
        cmocka_unit_test(test_verify__tolerance_in_both_directions),
        cmocka_unit_test(test_verify__malformed_timestamps),
        cmocka_unit_test(test_secret__malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
