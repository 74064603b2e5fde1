/* test_push_message.c - what goes to a phone: neutral words for everybody on the way, the ticket's
 * own only inside the secret, and a secret only for a phone with keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/dispatch/dispatch_private.h"

#define CUSTOMER "Clinique Sainte-Marie"
#define SUMMARY  "Mme Martin bloquée, 06 12 34 56 78"

/* The generator of P-256, and the bytes 0 to 15. */
#define KEY                                                                                        \
    "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
#define SECRET "AAECAwQFBgcICQoLDA0ODw"

struct scene {
    struct directory_customer customer;
    struct directory_person person;
    struct directory_device device;
    struct effect effect;
};

static struct effect *set_scene(struct scene *scene, enum attempt_purpose purpose,
                                enum platform platform, bool with_keys)
{
    memset(scene, 0, sizeof *scene);
    scene->customer = (struct directory_customer){
        .id = 1, .slug = "clinic", .name = CUSTOMER, .language = "fr", .alias = "Azur"};
    scene->person = (struct directory_person){.kind = PERSON_AGENT, .id = 2, .language = "fr"};
    scene->device = (struct directory_device){.id = 3, .platform = platform, .target = "target"};
    scene->device.registration.bytes[15] = 4;
    if (with_keys) {
        scene->device.public_key = KEY;
        scene->device.auth_secret = SECRET;
    }
    scene->effect = (struct effect){
        .customer_id = 1,
        .purpose = purpose,
        .path = PATH_PUSH,
        .severity = SEVERITY_CRITICAL,
        .customer = &scene->customer,
        .person = &scene->person,
        .device = &scene->device,
        .summary = SUMMARY,
        .token_received = "xt_received",
        .token_accept = purpose == PURPOSE_ALERT ? "xt_accept" : NULL,
        .token_decline = purpose == PURPOSE_ALERT ? "xt_decline" : NULL,
    };
    scene->effect.attempt.bytes[15] = 1;
    scene->effect.escalation.bytes[15] = 2;
    scene->effect.ticket.bytes[15] = 3;
    return &scene->effect;
}

static void assert_neutral(const char *text)
{
    static const char *const told[] = {CUSTOMER, SUMMARY, "Martin",
                                       "Sainte", "06 12", "00000000-0000-0000-0000-000000000003"};
    for (size_t i = 0; text != NULL && i < sizeof told / sizeof told[0]; i++) {
        assert_null(strstr(text, told[i]));
    }
}

static void test_without_keys__nothing_is_told(void **state)
{
    (void)state;
    for (int purpose = PURPOSE_ALERT; purpose <= PURPOSE_TEST; purpose++) {
        struct scene scene;
        struct push_message message;
        struct effect *effect =
            set_scene(&scene, (enum attempt_purpose)purpose, PLATFORM_APNS, false);
        assert_int_equal(push_message_render(effect, &message), STATUS_OK);
        assert_null(message.notification.secret);
        assert_neutral(message.notification.title);
        assert_neutral(message.notification.body);
        assert_neutral(message.notification.data_json);
        assert_neutral(message.notification.collapse_id);
    }
}

static void test_with_keys__only_the_secret_tells(void **state)
{
    (void)state;
    for (int purpose = PURPOSE_ALERT; purpose <= PURPOSE_TEST; purpose++) {
        struct scene scene;
        struct push_message message;
        struct effect *effect =
            set_scene(&scene, (enum attempt_purpose)purpose, PLATFORM_FCM, true);
        assert_int_equal(push_message_render(effect, &message), STATUS_OK);
        assert_neutral(message.notification.title);
        assert_neutral(message.notification.body);
        assert_neutral(message.notification.data_json);
        assert_ptr_equal(message.notification.secret, &message.secret);
        assert_int_equal(message.secret.public_key[0], 4);
        assert_int_equal(message.secret.public_key[64], 0xf5);
        assert_int_equal(message.secret.auth_secret[15], 15);
    }
}

/* The app answers it; nobody is woken by it, nor asked for anything. */
static void test_probe__is_not_heard(void **state)
{
    (void)state;
    struct scene scene;
    struct push_message message;
    set_scene(&scene, PURPOSE_TEST, PLATFORM_APNS, false)->severity = SEVERITY_INFO;
    assert_int_equal(push_message_render(&scene.effect, &message), STATUS_OK);
    assert_true(message.notification.unheard);
    assert_int_equal(message.notification.urgency,
                     PUSH_NORMAL); /* not put off by a phone at rest */
    assert_string_equal(message.notification.body, "Vérification automatique : rien à faire.");
    assert_null(message.notification.category);
    assert_non_null(strstr(message.data, "{\"kind\":\"probe\","));
    assert_non_null(strstr(message.data, "\"received\":\"xt_received\""));
    scene.effect.severity = SEVERITY_MAJOR;
    assert_int_equal(push_message_render(&scene.effect, &message), STATUS_OK);
    assert_false(message.notification.unheard);
    assert_non_null(strstr(message.data, "{\"kind\":\"test\","));
}

static void test_secret__golden(void **state)
{
    (void)state;
    struct scene scene;
    struct push_message message;
    assert_int_equal(
        push_message_render(set_scene(&scene, PURPOSE_ALERT, PLATFORM_APNS, true), &message),
        STATUS_OK);
    assert_string_equal(message.secret.title, "Astreinte – " CUSTOMER);
    assert_string_equal(message.secret.body,
                        SUMMARY "\nAppel urgent. Ouvrez l'application pour répondre.");
    assert_string_equal(message.secret.data_json,
                        "{\"ticket\":\"00000000-0000-0000-0000-000000000003\","
                        "\"customer\":\"" CUSTOMER "\"}");
    assert_string_equal(message.notification.category, "ESCALATION");

    scene.person.language = "en";
    scene.effect.purpose = PURPOSE_WITHDRAW;
    assert_int_equal(push_message_render(&scene.effect, &message), STATUS_OK);
    assert_string_equal(message.secret.body, "Already taken.");
    assert_int_equal(message.notification.urgency, PUSH_SILENT);

    assert_int_equal(
        push_message_render(set_scene(&scene, PURPOSE_TEST, PLATFORM_APNS, true), &message),
        STATUS_OK);
    assert_string_equal(message.secret.title, "Essai – Astreinte");
    assert_string_equal(message.secret.data_json, "{}");
    assert_string_equal(message.notification.category, "TEST");
    assert_string_equal(message.notification.data_json,
                        "{\"kind\":\"test\",\"enrolment\":\"00000000-0000-0000-0000-000000000004\","
                        "\"test\":\"00000000-0000-0000-0000-000000000001\","
                        "\"received\":\"xt_received\"}");
    assert_string_equal(message.collapse, "00000000-0000-0000-0000-000000000001");
}

static void test_long_texts__are_cut_between_characters(void **state)
{
    (void)state;
    char summary[4096], name[256];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(summary, 'a', sizeof summary);
        memset(name, 'n', sizeof name);
        for (size_t i = shift; i + 3 < sizeof summary; i += 2) {
            /* In the middle of it. NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
            memcpy(summary + i, "é", 2);
        }
        for (size_t i = shift; i + 3 < sizeof name; i += 2) {
            memcpy(name + i, "é", 2);
        }
        summary[sizeof summary - 1] = name[sizeof name - 1] = '\0';
        struct scene scene;
        struct push_message message;
        struct effect *effect = set_scene(&scene, PURPOSE_ALERT, PLATFORM_WEBPUSH, true);
        effect->summary = summary;
        scene.customer.name = name;
        assert_int_equal(push_message_render(effect, &message), STATUS_OK);
        assert_true(text_is_utf8(message.title, strlen(message.title)));
        assert_true(text_is_utf8(message.body, strlen(message.body)));
        assert_non_null(strstr(message.body, "Ouvrez l'application"));
    }
}

/* What an older version let in is no reason to fail. */
static void test_broken_keys__fall_back_on_neutral_words(void **state)
{
    (void)state;
    static const char too_long[] = KEY "A", no_base64url[] = "!" KEY;
    static const char *const keys[] = {"", "x", too_long, no_base64url};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct scene scene;
        struct push_message message;
        struct effect *effect = set_scene(&scene, PURPOSE_ALERT, PLATFORM_APNS, true);
        scene.device.public_key = keys[i];
        assert_int_equal(push_message_render(effect, &message), STATUS_OK);
        assert_null(message.notification.secret);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_keys__nothing_is_told),
        cmocka_unit_test(test_with_keys__only_the_secret_tells),
        cmocka_unit_test(test_probe__is_not_heard),
        cmocka_unit_test(test_secret__golden),
        cmocka_unit_test(test_long_texts__are_cut_between_characters),
        cmocka_unit_test(test_broken_keys__fall_back_on_neutral_words),
    };
    return cmocka_run_group_tests_name("dispatch.push_message", tests, NULL, NULL);
}
