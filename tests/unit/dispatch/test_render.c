/* test_render.c - the words that leave the house, and those that must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "gateway/base/text.h"
#include "gateway/dispatch/dispatch_private.h"

#define PURPOSES_COUNT (PURPOSE_TEST + 1)

#define PUBLIC_URL "https://astreinte.example"

/* Whatever could tell a stranger who called, why, or who answers. */
#define SECRET_CUSTOMER "Clinique Sainte-Marie"
#define SECRET_SUMMARY  "Mme Martin bloquée, 06 12 34 56 78"
#define SECRET_PERSON   "Jean Dupont"
#define SECRET_PHONE    "+33698765432"
#define SECRET_TARGET   "device-token-of-jean"
static const char *const secrets[] = {SECRET_CUSTOMER, SECRET_SUMMARY, SECRET_PERSON,
                                      SECRET_PHONE,    SECRET_TARGET,  "Martin",
                                      "Sainte",        "Dupont",       "0612"};

struct scene {
    struct directory_customer customer;
    struct directory_person person;
    struct directory_device device;
    struct effect effect;
};

/* An effect of an attempt, everything filled in. */
static struct effect *set_scene(struct scene *scene, enum attempt_purpose purpose, enum path path,
                                const char *language, bool drill)
{
    static const char ids[3] = {1, 2, 3};
    memset(scene, 0, sizeof *scene);
    scene->customer = (struct directory_customer){
        .id = 1, .slug = "clinic", .name = SECRET_CUSTOMER, .language = "fr", .alias = "Azur"};
    scene->person = (struct directory_person){.kind = PERSON_AGENT,
                                              .id = 2,
                                              .slug = "jean",
                                              .name = SECRET_PERSON,
                                              .phone = SECRET_PHONE,
                                              .language = language};
    scene->device = (struct directory_device){
        .id = 3, .platform = PLATFORM_APNS, .target = SECRET_TARGET, .live = true};
    scene->device.registration.bytes[15] = 4;
    scene->effect = (struct effect){
        .customer_id = 1,
        .purpose = purpose,
        .path = path,
        .severity = SEVERITY_CRITICAL,
        .drill = drill,
        .number = 2,
        .customer = &scene->customer,
        .person = path != PATH_CALLBACK ? &scene->person : NULL,
        .phone = path == PATH_CALL ? scene->person.phone : NULL,
        .device = path == PATH_PUSH ? &scene->device : NULL,
        .callback = path == PATH_CALLBACK ? "call-centre" : NULL,
        .summary = path != PATH_CALLBACK ? SECRET_SUMMARY : NULL,
        .deadline = {60000},
        .wait_ms = 45000,
        .expires_at = {1045000},
        .token_received = path == PATH_PUSH ? "xt_received" : NULL,
        .token_accept = path == PATH_PUSH && purpose == PURPOSE_ALERT ? "xt_accept" : NULL,
        .token_decline = path == PATH_PUSH && purpose == PURPOSE_ALERT ? "xt_decline" : NULL,
    };
    scene->effect.attempt.bytes[15] = (uint8_t)ids[0];
    scene->effect.escalation.bytes[15] = (uint8_t)ids[1];
    scene->effect.ticket.bytes[15] = (uint8_t)ids[2];
    return &scene->effect;
}

#define ATTEMPT    "00000000-0000-0000-0000-000000000001"
#define ENROLMENT  "\"enrolment\":\"00000000-0000-0000-0000-000000000004\""
#define ESCALATION "00000000-0000-0000-0000-000000000002"
#define TICKET     "00000000-0000-0000-0000-000000000003"

/* ---- golden texts ---- */

static void test_notification__of_each_purpose(void **state)
{
    (void)state;
    static const struct {
        enum attempt_purpose purpose;
        const char *french;
        const char *english;
    } cases[] = {
        {PURPOSE_ALERT, "Appel urgent. Ouvrez l'application pour répondre.",
         "Urgent call. Open the app to answer."},
        {PURPOSE_UPDATE, "La situation évolue. Ouvrez l'application.",
         "The situation has changed. Open the app."},
        {PURPOSE_WITHDRAW, "Déjà pris en charge.", "Already taken."},
        {PURPOSE_CANCEL_NOTICE, "Intervention annulée. Ouvrez l'application pour confirmer.",
         "Cancelled. Open the app to confirm."},
        {PURPOSE_OFFER,
         "On vous demande de prendre une intervention. Ouvrez l'application pour répondre.",
         "You are asked to take over. Open the app to answer."},
        {PURPOSE_TEAM, "Qui est en intervention a changé. Ouvrez l'application.",
         "Who is at work has changed. Open the app."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene scene;
        struct notification_words words =
            render_notification(set_scene(&scene, cases[i].purpose, PATH_PUSH, "fr", false));
        assert_string_equal(words.title, "Astreinte");
        assert_string_equal(words.body, cases[i].french);
        words = render_notification(set_scene(&scene, cases[i].purpose, PATH_PUSH, "en-GB", true));
        assert_string_equal(words.title, "DRILL – Astreinte");
        assert_string_equal(words.body, cases[i].english);
    }
}

static void test_notification__falls_back_on_the_customers_language(void **state)
{
    (void)state;
    struct scene scene;
    struct effect *effect = set_scene(&scene, PURPOSE_ALERT, PATH_PUSH, "", true);
    assert_string_equal(render_notification(effect).title, "EXERCICE – Astreinte");
    scene.customer.language = "en";
    assert_string_equal(render_notification(effect).title, "DRILL – Astreinte");
    scene.person.language = "fr";
    assert_string_equal(render_notification(effect).title, "EXERCICE – Astreinte");
}

static void assert_push_data(struct effect *effect, const char *expected)
{
    char text[DATA_BYTES_MAX];
    size_t bytes = render_push_data(effect, text, sizeof text);
    assert_int_equal(bytes, strlen(expected));
    assert_string_equal(text, expected);
}

static void test_push_data__golden(void **state)
{
    (void)state;
    struct scene scene;
    assert_push_data(set_scene(&scene, PURPOSE_ALERT, PATH_PUSH, "fr", false),
                     "{\"kind\":\"alert\"," ENROLMENT ",\"escalation\":\"" ESCALATION
                     "\",\"attempt\":\"" ATTEMPT
                     "\",\"severity\":\"critical\",\"received\":\"xt_received\","
                     "\"accept\":\"xt_accept\",\"decline\":\"xt_decline\"}");
    assert_push_data(set_scene(&scene, PURPOSE_WITHDRAW, PATH_PUSH, "fr", false),
                     "{\"kind\":\"withdraw\"," ENROLMENT ",\"escalation\":\"" ESCALATION
                     "\",\"attempt\":\"" ATTEMPT
                     "\",\"severity\":\"critical\",\"received\":\"xt_received\"}");
    assert_push_data(set_scene(&scene, PURPOSE_CANCEL_NOTICE, PATH_PUSH, "en", true),
                     "{\"kind\":\"cancel\"," ENROLMENT ",\"escalation\":\"" ESCALATION
                     "\",\"attempt\":\"" ATTEMPT
                     "\",\"severity\":\"critical\",\"drill\":\"1\",\"received\":\"xt_received\"}");
}

static void test_push_data__does_not_fit(void **state)
{
    (void)state;
    struct scene scene;
    char text[DATA_BYTES_MAX];
    struct effect *effect = set_scene(&scene, PURPOSE_ALERT, PATH_PUSH, "fr", false);
    size_t bytes = render_push_data(effect, text, sizeof text);
    assert_true(bytes > 0);
    for (size_t room = 1; room <= bytes; room++) {
        assert_int_equal(render_push_data(effect, text, room), 0);
    }
    /* The real tokens fit, with room to spare. */
    char token[96];
    memset(token, 'x', sizeof token - 1);
    token[sizeof token - 1] = '\0';
    effect->token_received = effect->token_accept = effect->token_decline = token;
    effect->drill = true;
    assert_true(render_push_data(effect, text, sizeof text) > 0);
}

static void assert_callback(struct effect *effect, const char *expected)
{
    char text[BODY_BYTES_MAX];
    size_t bytes = render_callback(effect, PUBLIC_URL, text, sizeof text);
    assert_string_equal(text, expected);
    assert_int_equal(bytes, strlen(expected));
}

static void test_call__golden(void **state)
{
    (void)state;
    struct scene scene;
    assert_callback(
        set_scene(&scene, PURPOSE_ALERT, PATH_CALL, "fr", false),
        "{\"type\":\"call.requested\",\"attempt\":\"" ATTEMPT "\",\"escalation\":\"" ESCALATION
        "\",\"to\":\"" SECRET_PHONE "\",\"role\":\"agent\",\"say\":{\"language\":\"fr\","
        "\"text\":\"Astreinte, Azur. Appel urgent. Tapez 1 pour écouter et accepter, 2 pour "
        "refuser.\",\"after_key\":\"" SECRET_CUSTOMER ". " SECRET_SUMMARY "\"},"
        "\"keys\":{\"1\":\"accepted\",\"2\":\"declined\"},\"ring_s\":45,"
        "\"outcome_url\":\"" PUBLIC_URL "/v1/telephony/calls/" ATTEMPT "/outcome\"}");
    assert_callback(
        set_scene(&scene, PURPOSE_HOLDER_CALL, PATH_CALL, "en", true),
        "{\"type\":\"call.requested\",\"attempt\":\"" ATTEMPT "\",\"escalation\":\"" ESCALATION
        "\",\"to\":\"" SECRET_PHONE "\",\"role\":\"holder\",\"say\":{\"language\":\"en\","
        "\"text\":\"Drill. Astreinte, Azur. Are you still at it? Press 1 to go on, 2 to hand "
        "back.\",\"after_key\":\"" SECRET_CUSTOMER ". " SECRET_SUMMARY "\"},"
        "\"keys\":{\"1\":\"extended\",\"2\":\"handed-back\"},\"ring_s\":45,"
        "\"outcome_url\":\"" PUBLIC_URL "/v1/telephony/calls/" ATTEMPT "/outcome\"}");
}

static void test_call__cancel_notice_offers_one_key(void **state)
{
    (void)state;
    struct scene scene;
    char text[BODY_BYTES_MAX];
    struct effect *effect = set_scene(&scene, PURPOSE_CANCEL_NOTICE, PATH_CALL, "fr", false);
    assert_true(render_callback(effect, PUBLIC_URL, text, sizeof text) > 0);
    assert_non_null(strstr(text, "\"keys\":{\"1\":\"accepted\"}"));
    assert_non_null(strstr(text, "\"role\":\"holder\""));
    assert_non_null(strstr(text, "Tapez 1 pour confirmer."));
    scene.person.kind = PERSON_CONTACT;
    effect->purpose = PURPOSE_ALERT;
    assert_true(render_callback(effect, PUBLIC_URL, text, sizeof text) > 0);
    assert_non_null(strstr(text, "\"role\":\"contact\""));
}

static void test_call__rings_as_long_as_makes_sense(void **state)
{
    (void)state;
    static const struct {
        int64_t wait_ms;
        const char *expected;
    } cases[] = {{-1000, "\"ring_s\":5,"},   {0, "\"ring_s\":5,"},      {5999, "\"ring_s\":5,"},
                 {6000, "\"ring_s\":6,"},    {60000, "\"ring_s\":60,"}, {61000, "\"ring_s\":60,"},
                 {9000000, "\"ring_s\":60,"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene scene;
        char text[BODY_BYTES_MAX];
        struct effect *effect = set_scene(&scene, PURPOSE_ALERT, PATH_CALL, "fr", false);
        effect->wait_ms = cases[i].wait_ms;
        effect->expires_at.ms = 0; /* whatever is left of it */
        assert_true(render_callback(effect, PUBLIC_URL, text, sizeof text) > 0);
        assert_non_null(strstr(text, cases[i].expected));
    }
}

static void test_announcements__golden(void **state)
{
    (void)state;
    struct scene scene;
    assert_callback(set_scene(&scene, PURPOSE_EXHAUSTED, PATH_CALLBACK, "", false),
                    "{\"type\":\"procedure.exhausted\",\"attempt\":\"" ATTEMPT
                    "\",\"escalation\":\"" ESCALATION "\",\"ticket\":\"" TICKET
                    "\",\"customer\":\"clinic\",\"severity\":\"critical\",\"announcement\":2}");
    assert_callback(set_scene(&scene, PURPOSE_FRUITLESS, PATH_CALLBACK, "", true),
                    "{\"type\":\"round.fruitless\",\"attempt\":\"" ATTEMPT
                    "\",\"escalation\":\"" ESCALATION "\",\"ticket\":\"" TICKET
                    "\",\"customer\":\"clinic\",\"severity\":\"critical\",\"drill\":true,"
                    "\"round\":2}");
    assert_callback(set_scene(&scene, PURPOSE_QUARANTINE, PATH_CALLBACK, "", false),
                    "{\"type\":\"escalation.quarantined\",\"attempt\":\"" ATTEMPT
                    "\",\"escalation\":\"" ESCALATION "\",\"ticket\":\"" TICKET
                    "\",\"customer\":\"clinic\",\"severity\":\"critical\"}");
}

static void test_announcements__each_task_says_what_to_do(void **state)
{
    (void)state;
    for (int kind = TASK_PROMISE; kind <= (int)TASK_KIND_LAST; kind++) {
        struct scene scene;
        char text[BODY_BYTES_MAX];
        json_t *json;
        struct effect *effect = set_scene(&scene, PURPOSE_TASK, PATH_CALLBACK, "", false);
        effect->number = kind;
        size_t bytes = render_callback(effect, PUBLIC_URL, text, sizeof text);
        json = json_loadb(text, bytes, 0, NULL);
        assert_non_null(json);
        json_t *task = json_object_get(json, "task");
        assert_string_equal(json_string_value(json_object_get(task, "kind")),
                            task_kind_word((enum task_kind)kind));
        assert_true(json_string_length(json_object_get(task, "text")) > 20);
        json_decref(json);
    }
}

static void test_announcements__speak_the_customers_language(void **state)
{
    static const char *const rows[][2] = {{"en", "Find more people: "},
                                          {"fr", "Trouver du renfort : "}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        char text[BODY_BYTES_MAX];
        struct effect *effect = set_scene(&scene, PURPOSE_TASK, PATH_CALLBACK, "", false);
        struct directory_customer customer = *effect->customer;
        customer.language = rows[i][0];
        effect->customer = &customer;
        effect->number = TASK_TEAM;
        assert_true(render_callback(effect, PUBLIC_URL, text, sizeof text) > 0);
        assert_non_null(strstr(text, rows[i][1]));
    }
}

static void test_alarm__golden(void **state)
{
    (void)state;
    char text[256];
    const struct uuid id = {{0}};
    size_t bytes = render_alarm(id, "engine.overdue", "a \"detail\"", text, sizeof text);
    static const char expected[] = "{\"type\":\"gateway.alarm\",\"id\":"
                                   "\"00000000-0000-0000-0000-000000000000\",\"alarm\":"
                                   "\"engine.overdue\",\"detail\":\"a \\\"detail\\\"\"}";
    assert_string_equal(text, expected);
    assert_int_equal(bytes, sizeof expected - 1);
    assert_int_equal(render_alarm(id, "engine.overdue", "a detail", text, 40), 0);
}

/* ---- what must never leave the house ---- */

static void assert_neutral(const char *text)
{
    assert_non_null(text);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (strstr(text, secrets[i]) != NULL) {
            fail_msg("\"%s\" is in: %s", secrets[i], text);
        }
    }
}

/* Everything a phone, a voicemail or the call centre's log sees before a person has identified
 * themselves, over all purposes, languages and paths. */
static void test_property__nothing_of_the_ticket_leaves(void **state)
{
    (void)state;
    static const char *const languages[] = {"fr", "en", "", "de"};
    for (int purpose = 0; purpose < PURPOSES_COUNT; purpose++) {
        for (size_t l = 0; l < sizeof languages / sizeof languages[0]; l++) {
            for (int drill = 0; drill < 2; drill++) {
                struct scene scene;
                char text[BODY_BYTES_MAX];
                struct effect *effect = set_scene(&scene, (enum attempt_purpose)purpose, PATH_PUSH,
                                                  languages[l], drill != 0);
                effect->summary = SECRET_SUMMARY; /* even if the engine handed it over */
                struct notification_words words = render_notification(effect);
                assert_neutral(words.title);
                assert_neutral(words.body);
                assert_true(drill == 0 || strstr(words.title, "Astreinte") != words.title);
                assert_true(strlen(words.title) < 40 && strlen(words.body) < 100);
                assert_true(render_push_data(effect, text, DATA_BYTES_MAX) > 0);
                assert_neutral(text);

                effect = set_scene(&scene, (enum attempt_purpose)purpose, PATH_CALLBACK,
                                   languages[l], drill != 0);
                effect->number = 1;
                assert_true(render_callback(effect, PUBLIC_URL, text, sizeof text) > 0);
                assert_neutral(text);

                effect = set_scene(&scene, (enum attempt_purpose)purpose, PATH_CALL, languages[l],
                                   drill != 0);
                size_t bytes = render_callback(effect, PUBLIC_URL, text, sizeof text);
                json_t *json = json_loadb(text, bytes, 0, NULL);
                assert_non_null(json);
                json_t *say = json_object_get(json, "say");
                const char *said = json_string_value(json_object_get(say, "text"));
                assert_neutral(said);
                assert_non_null(strstr(said, "Azur"));
                assert_int_equal(drill != 0,
                                 strstr(said, "Exercice") != NULL || strstr(said, "Drill") != NULL);
                assert_non_null(
                    strstr(json_string_value(json_object_get(say, "after_key")), SECRET_SUMMARY));
                json_decref(json);
            }
        }
    }
}

/* Long and foreign texts: cut between characters, and the whole stays JSON. */
static void test_call__long_summaries_are_cut(void **state)
{
    (void)state;
    char summary[4096], name[256];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(summary, 'a', shift);
        for (size_t i = shift; i + 2 < sizeof summary; i += 2) {
            memcpy(summary + i, "é", 2);
        }
        summary[shift + (sizeof summary - shift - 2) / 2 * 2] = '\0';
        memset(name, 'n', sizeof name - 1);
        name[sizeof name - 1] = '\0';
        struct scene scene;
        char text[BODY_BYTES_MAX];
        struct effect *effect = set_scene(&scene, PURPOSE_ALERT, PATH_CALL, "fr", false);
        effect->summary = summary;
        scene.customer.name = name;
        size_t bytes = render_callback(effect, PUBLIC_URL, text, sizeof text);
        assert_true(bytes > 0);
        assert_true(text_is_utf8(text, bytes));
        json_t *json = json_loadb(text, bytes, 0, NULL);
        assert_non_null(json);
        const char *after =
            json_string_value(json_object_get(json_object_get(json, "say"), "after_key"));
        assert_true(strlen(after) > 800 && strlen(after) < 1024);
        assert_null(strstr(after, "\xef\xbf\xbd")); /* no replacement character either */
        json_decref(json);
    }
}

/* A check-in is no urgent call: what is asked, of the agent, of a replacement, of a supervisor, and
 * what each key means. Nothing of anybody's name, as everywhere. */
static void test_check_in__says_what_is_asked(void **state)
{
    (void)state;
    static const struct {
        const char *language;
        enum person_kind kind;
        int64_t whose; /* the person is 2 */
        enum attempt_purpose purpose;
        const char *says;
    } rows[] = {
        {"fr", PERSON_AGENT, 2, PURPOSE_ALERT, "Tapez 1 pour prendre votre poste"},
        {"en", PERSON_AGENT, 2, PURPOSE_ALERT, "Press 1 to take up your shift"},
        {"fr", PERSON_AGENT, 2, PURPOSE_HOLDER_CALL, "Tapez 1 pour prendre votre poste"},
        {"fr", PERSON_AGENT, 9, PURPOSE_ALERT, "Tapez 1 pour prendre ce poste"},
        {"en", PERSON_AGENT, 9, PURPOSE_ALERT, "Press 1 to take the shift"},
        {"fr", PERSON_CONTACT, 9, PURPOSE_ALERT, "Tapez 1 pour écouter et vous en charger"},
        {"en", PERSON_CONTACT, 2, PURPOSE_ALERT, "Press 1 to listen and see to it"},
        {"fr", PERSON_CONTACT, 9, PURPOSE_HOLDER_CALL, "toujours pas réglée"},
        {"en", PERSON_AGENT, 9, PURPOSE_HOLDER_CALL, "still not settled"},
        {"fr", PERSON_CONTACT, 9, PURPOSE_CANCEL_NOTICE, "est réglée"},
        {"en", PERSON_AGENT, 2, PURPOSE_CANCEL_NOTICE, "is settled"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        char text[BODY_BYTES_MAX];
        struct effect *effect =
            set_scene(&scene, rows[i].purpose, PATH_CALL, rows[i].language, false);
        scene.person.kind = rows[i].kind;
        effect->check_in_agent = rows[i].whose;
        assert_true(render_callback(effect, PUBLIC_URL, text, sizeof text) > 0);
        if (strstr(text, rows[i].says) == NULL || strstr(text, "Astreinte, Azur.") == NULL ||
            strstr(text, "rgent") != NULL) {
            fail_msg("%s is not in %s", rows[i].says, text);
        }
    }
}

static void test_check_in__says_so_on_the_phone(void **state)
{
    (void)state;
    static const struct {
        const char *language;
        int64_t whose;
        enum attempt_purpose purpose;
        const char *says;
    } rows[] = {
        {"fr", 2, PURPOSE_ALERT, "Prise de poste : confirmez-la"},
        {"en", 2, PURPOSE_ALERT, "Check-in: confirm it"},
        {"fr", 9, PURPOSE_ALERT, "pouvez-vous prendre ce poste"},
        {"en", 9, PURPOSE_ALERT, "can you take the shift"},
        {"fr", 9, PURPOSE_CANCEL_NOTICE, "La prise de poste est réglée."},
        {"en", 9, PURPOSE_CANCEL_NOTICE, "The check-in is settled."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene scene;
        char data[DATA_BYTES_MAX];
        struct effect *effect =
            set_scene(&scene, rows[i].purpose, PATH_PUSH, rows[i].language, false);
        effect->check_in_agent = rows[i].whose;
        const char *body = render_notification(effect).body;
        if (strstr(body, rows[i].says) == NULL || strstr(body, "rgent") != NULL) {
            fail_msg("%s is not in %s", rows[i].says, body);
        }
        assert_true(render_push_data(effect, data, sizeof data) > 0);
        assert_non_null(strstr(data, "\"about\":\"check_in\""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_in__says_what_is_asked),
        cmocka_unit_test(test_check_in__says_so_on_the_phone),
        cmocka_unit_test(test_notification__of_each_purpose),
        cmocka_unit_test(test_notification__falls_back_on_the_customers_language),
        cmocka_unit_test(test_push_data__golden),
        cmocka_unit_test(test_push_data__does_not_fit),
        cmocka_unit_test(test_call__golden),
        cmocka_unit_test(test_call__cancel_notice_offers_one_key),
        cmocka_unit_test(test_call__rings_as_long_as_makes_sense),
        cmocka_unit_test(test_announcements__golden),
        cmocka_unit_test(test_announcements__each_task_says_what_to_do),
        cmocka_unit_test(test_announcements__speak_the_customers_language),
        cmocka_unit_test(test_alarm__golden),
        cmocka_unit_test(test_property__nothing_of_the_ticket_leaves),
        cmocka_unit_test(test_call__long_summaries_are_cut),
    };
    return cmocka_run_group_tests_name("dispatch.render", tests, NULL, NULL);
}
