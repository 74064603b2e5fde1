#include "gateway/ctl/language.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void test_next__is_said_in_french(void **state)
{
    static const char *const rows[][2] = {
        {"next round, step 1: push to claire",
         "tour suivant, palier 1\u00a0: notification à claire"},
        {"step 2: push to and call claire, marc",
         "palier 2\u00a0: notification et appel à claire, marc"},
        {"for more people, step 2: call marc", "renfort, palier 2\u00a0: appel à marc"},
        {"exhausted: tell call-centre", "épuisée\u00a0: message à call-centre"},
        {"tell call-centre again that nobody was reached",
         "message à call-centre, à nouveau\u00a0: personne n'a été joint"},
        {"tell the desk: the promise to caller 2 is about to break",
         "tâche pour le centre d'appels\u00a0: heure bientôt passée de la promesse à l'appelant 2"},
        {"escalate: the customer opens", "escalade\u00a0: le client ouvre"},
        {"of a newer gateway", "of a newer gateway"},
    };
    char text[LANGUAGE_NEXT_BYTES_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(language_next(rows[i][0], true, text), rows[i][1]);
        assert_string_equal(language_next(rows[i][0], false, text), rows[i][0]);
    }
}

static void test_next__is_cut_where_the_room_ends(void **state)
{
    char what[2 * LANGUAGE_NEXT_BYTES_MAX], text[LANGUAGE_NEXT_BYTES_MAX];
    (void)state;
    memset(what, 'x', sizeof what);
    what[sizeof what - 1] = '\0';
    assert_int_equal(strlen(language_next(what, true, text)), sizeof text - 1);
    memcpy(what + sizeof text - 4, "step ", 5);
    assert_int_equal(strlen(language_next(what, true, text)), sizeof text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next__is_said_in_french),
        cmocka_unit_test(test_next__is_cut_where_the_room_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
