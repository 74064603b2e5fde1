/* Every kind of journal entry reads as an English sentence with the names of today. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin-api/view.h"

static const struct directory_person agents[] = {
    {.kind = PERSON_AGENT, .id = 7, .slug = "paul", .name = "Paul Durand", .phone = "+33600000001"},
};
static const struct directory_customer customer = {
    .id = 1, .slug = "clinique", .name = "Clinique", .agents = agents, .agents_count = 1};

static const char *say(enum entry_kind kind, const char *facts)
{
    static char sentence[SENTENCE_BYTES_MAX];
    const struct timeline_row row = {.kind = kind, .facts = facts};
    timeline_sentence(&customer, &row, sentence);
    return sentence;
}

static void test_sentence__every_kind_has_one(void **state)
{
    (void)state;
    for (int kind = ENTRY_OPENED; kind <= ENTRY_KIND_LAST; kind++) {
        const char *sentence = say((enum entry_kind)kind, "{}");
        size_t bytes = strlen(sentence);
        assert_true(bytes > 5);
        assert_int_equal(sentence[bytes - 1], '.');
        assert_true(sentence[0] >= 'A' && sentence[0] <= 'Z');
        assert_string_not_equal(sentence, entry_kind_word((enum entry_kind)kind));
    }
}

static const char *say_in_french(enum entry_kind kind, const char *facts)
{
    static char phrase[SENTENCE_BYTES_MAX];
    const struct timeline_row row = {.kind = kind, .facts = facts};
    timeline_phrase(&customer, &row, phrase);
    return phrase;
}

static void test_phrase__every_kind_has_one(void **state)
{
    (void)state;
    for (int kind = ENTRY_OPENED; kind <= ENTRY_KIND_LAST; kind++) {
        const char *phrase = say_in_french((enum entry_kind)kind, "{}");
        assert_int_equal(phrase[strlen(phrase) - 1], '.');
        assert_true((phrase[0] >= 'A' && phrase[0] <= 'Z') || (unsigned char)phrase[0] == 0xc3);
        assert_string_not_equal(phrase, say((enum entry_kind)kind, "{}"));
    }
}

static void test_asked_anew__says_why(void **state)
{
    (void)state;
    static const char *const words[][3] = {
        {"phone_died", "The phone with which Paul Durand had checked in is gone: asked for anew.",
         "Le téléphone de prise de poste de Paul Durand n'existe plus\u00a0: la prise de poste est "
         "redemandée."},
        {"phone_silent",
         "The phone with which Paul Durand had checked in does not answer: asked for anew.",
         "Le téléphone de prise de poste de Paul Durand ne répond plus\u00a0: la prise de poste "
         "est "
         "redemandée."},
        {"left_early", "Paul Durand checked out before the end of the shift: asked for anew.",
         "Fin de poste anticipée de Paul Durand\u00a0: la prise de poste est redemandée."},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char facts[128];
        (void)snprintf(facts, sizeof facts,
                       "{\"person_kind\":\"agent\",\"person\":7,\"word\":\"%s\"}", words[i][0]);
        assert_string_equal(say(ENTRY_ASKED_ANEW, facts), words[i][1]);
        assert_string_equal(say_in_french(ENTRY_ASKED_ANEW, facts), words[i][2]);
    }
}

static void test_phrase__says_who_and_why(void **state)
{
    (void)state;
    assert_string_equal(
        say_in_french(ENTRY_ACCEPTED, "{\"person_kind\":\"agent\",\"person\":7,\"path\":\"call\"}"),
        "Paul Durand accepte par téléphone.");
    assert_string_equal(say_in_french(ENTRY_PERSON_SKIPPED, "{\"word\":\"nobody_on_call\"}"),
                        "Palier sans destinataire\u00a0: personne n'est d'astreinte.");
    assert_string_equal(
        say_in_french(ENTRY_STEP_ENDED, "{\"round\":1,\"step\":2,\"word\":\"no_reception\"}"),
        "Tour 1, palier 2\u00a0: fin, aucune réception confirmée.");
    assert_string_equal(
        say_in_french(ENTRY_TAKEN, "{\"person_kind\":\"operator\",\"name\":\"Léa\"}"),
        "L'opérateur Léa prend l'escalade.");
    /* A word of a provider's own stays as it is. */
    assert_string_equal(say_in_french(ENTRY_ATTEMPT_FAILED,
                                      "{\"person_kind\":\"agent\",\"person\":7,"
                                      "\"path\":\"push\",\"word\":"
                                      "\"BadTopic\"}"),
                        "La notification à Paul Durand a échoué\u00a0: BadTopic.");
    /* "à le" contracts, and each means has its gender. */
    assert_string_equal(say_in_french(ENTRY_ATTEMPT_PLANNED,
                                      "{\"person_kind\":\"callback\",\"path\":\"callback\"}"),
                        "Le message au centre d'appels part.");
    assert_string_equal(say_in_french(ENTRY_ATTEMPT_UNCERTAIN,
                                      "{\"person_kind\":\"agent\",\"person\":7,\"path\":\"call\"}"),
                        "L'appel à Paul Durand est peut-être parti.");
    assert_string_equal(say_in_french(ENTRY_ATTEMPT_UNCERTAIN,
                                      "{\"person_kind\":\"agent\",\"person\":7,\"path\":\"push\"}"),
                        "La notification à Paul Durand est peut-être partie.");
    assert_string_equal(say_in_french(ENTRY_PERSON_SKIPPED,
                                      "{\"person_kind\":\"agent\",\"person\":7,\"word\":"
                                      "\"declined\"}"),
                        "On ne sollicite pas Paul Durand\u00a0: a refusé.");
    assert_string_equal(
        say_in_french(ENTRY_PERSON_SKIPPED, "{\"person_kind\":\"agent\",\"person\":7,\"word\":"
                                            "\"eight_are_asked_already\"}"),
        "On ne sollicite pas Paul Durand\u00a0: huit personnes sont déjà demandées.");
    assert_string_equal(say_in_french(ENTRY_FORWARDED, "{}"),
                        "L'appel est transféré au numéro d'urgence.");
}

/* A verb is not the task or the attempt of the same word, and none is said in English. */
static void test_phrase__says_what_was_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"accept", "accepter"},
        {"progress", "donner des nouvelles"},
        {"cancel", "annuler"},
        {"offer", "demander quelqu'un par son nom"},
        {"offer_limit", "demander une personne de plus, trop sont déjà demandées"},
        {"join_team_full", "venir en renfort, l'équipe est complète"},
        {"leave", "quitter l'intervention"},
        {"of_a_newer_gateway", "of a newer gateway"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char facts[160], expected[160];
        (void)snprintf(facts, sizeof facts,
                       "{\"person_kind\":\"agent\",\"person\":7,\"word\":\"%s\"}", rows[i][0]);
        (void)snprintf(expected, sizeof expected, "Refusé à Paul Durand\u00a0: %s.", rows[i][1]);
        assert_string_equal(say_in_french(ENTRY_REFUSED_VERB, facts), expected);
    }
}

static void test_phrase__counts_one_in_the_singular(void **state)
{
    (void)state;
    assert_string_equal(say_in_french(ENTRY_TEAM_SOUGHT, "{\"number\":1,\"of\":2}"),
                        "Équipe : 1 personne sur 2 voulues, on en cherche.");
    assert_string_equal(say_in_french(ENTRY_TEAM_COMPLETE, "{\"number\":2,\"of\":2}"),
                        "Équipe complète : 2 personnes sur 2 voulues.");
    assert_string_equal(say(ENTRY_TEAM_SOUGHT, "{\"number\":1,\"of\":2}"),
                        "There is 1 of 2 wanted people: more are asked.");
    assert_string_equal(say_in_french(ENTRY_PERSON_SKIPPED,
                                      "{\"person_kind\":\"agent\",\"person\":7,\"word\":"
                                      "\"stepped_aside\"}"),
                        "On ne sollicite pas Paul Durand\u00a0: n'intervient plus.");
    assert_string_equal(
        say_in_french(ENTRY_REFUSED_VERB, "{\"person_kind\":\"operator\",\"word\":\"cancel\"}"),
        "Refusé au centre d'appels\u00a0: annuler.");
}

/* What the gateway noted is translated, what somebody said is not. */
static void test_note__is_in_french_where_the_gateway_wrote_it(void **state)
{
    static const char desk[] = "{\"person_kind\":\"agent\",\"person\":7,\"path\":\"desk\"}";
    static const char app[] = "{\"person_kind\":\"agent\",\"person\":7,\"path\":\"app\"}";
    static const struct {
        const char *facts, *note, *phrase;
    } rows[] = {
        {desk, "told to Léa", "dit à Léa"},
        {app, "told to Léa", "told to Léa"},
        {desk, "took the shift, from now to its end", "prend le poste, à partir de maintenant"},
        {desk, "checked in, as told to an operator", "prise de poste, dite au centre d'appels"},
        {app, "the lift is locked", "the lift is locked"},
        {NULL, "told to Léa", "told to Léa"},
    };
    char phrase[NOTE_PHRASE_BYTES_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct timeline_row row = {.facts = rows[i].facts, .personal = rows[i].note};
        assert_string_equal(timeline_note_phrase(&row, phrase), rows[i].phrase);
    }
    assert_null(timeline_note_phrase(&(struct timeline_row){.facts = desk}, phrase));
}

/* Which number of theirs, by its place: the digits are nobody's business here. */
static void test_phrase__says_which_number(void **state)
{
    (void)state;
    static const struct {
        int place;
        const char *english;
        const char *french;
    } rows[] = {
        {0, "The call to Paul Durand: busy.", "L'appel à Paul Durand\u00a0: occupé."},
        {2, "The call to Paul Durand (second number): busy.",
         "L'appel à Paul Durand (deuxième numéro)\u00a0: occupé."},
        {4, "The call to Paul Durand (fourth number): busy.",
         "L'appel à Paul Durand (quatrième numéro)\u00a0: occupé."},
        {5, "The call to Paul Durand: busy.", "L'appel à Paul Durand\u00a0: occupé."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char facts[160];
        (void)snprintf(
            facts, sizeof facts,
            "{\"person_kind\":\"agent\",\"person\":7,\"path\":\"call\",\"word\":\"busy\","
            "\"number\":%d}",
            rows[i].place);
        assert_string_equal(say(ENTRY_CALL_PROGRESS, facts), rows[i].english);
        assert_string_equal(say_in_french(ENTRY_CALL_PROGRESS, facts), rows[i].french);
    }
}

static void test_sentence__names_the_person(void **state)
{
    (void)state;
    assert_string_equal(
        say(ENTRY_ACCEPTED, "{\"person_kind\":\"agent\",\"person\":7,\"path\":\"push\"}"),
        "Paul Durand accepted by push.");
    assert_string_equal(say(ENTRY_TAKEN, "{\"person_kind\":\"operator\",\"name\":\"Léa\"}"),
                        "Operator Léa took it.");
    assert_string_equal(say(ENTRY_PROGRESS, "{\"person_kind\":\"agent\",\"person\":7,\"word\":"
                                            "\"on_my_way\",\"number\":601}"),
                        "Paul Durand is on the way, expected in 11 minutes.");
}

static void test_sentence__erased_person_is_still_a_sentence(void **state)
{
    (void)state;
    assert_string_equal(say(ENTRY_SEEN, "{\"person_kind\":\"agent\",\"person\":99}"),
                        "Agent saw it.");
}

static void test_sentence__damaged_facts_are_survived(void **state)
{
    (void)state;
    assert_string_equal(say(ENTRY_STEP_STARTED, "not json"), "Round 0, step 0 begins.");
    assert_string_equal(say(ENTRY_STEP_STARTED, NULL), "Round 0, step 0 begins.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentence__every_kind_has_one),
        cmocka_unit_test(test_phrase__every_kind_has_one),
        cmocka_unit_test(test_asked_anew__says_why),
        cmocka_unit_test(test_phrase__says_who_and_why),
        cmocka_unit_test(test_phrase__says_what_was_refused),
        cmocka_unit_test(test_phrase__counts_one_in_the_singular),
        cmocka_unit_test(test_note__is_in_french_where_the_gateway_wrote_it),
        cmocka_unit_test(test_phrase__says_which_number),
        cmocka_unit_test(test_sentence__names_the_person),
        cmocka_unit_test(test_sentence__erased_person_is_still_a_sentence),
        cmocka_unit_test(test_sentence__damaged_facts_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
