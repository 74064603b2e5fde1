#include "gateway/base/telephone_number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void parse__what_people_write(void **state)
{
    (void)state;
    static const struct {
        const char *text, *e164;
    } table[] = {
        {"0612345678", "+33612345678"},
        {"06 12 34 56 78", "+33612345678"},
        {"06.12.34.56.78", "+33612345678"},
        {"06-12-34-56-78", "+33612345678"},
        {"06\302\24012\302\24034 56 78", "+33612345678"},
        {"  06 12 34 56 78 ", "+33612345678"},
        {"(0)6 12 34 56 78", "+33612345678"},
        {"+33 6 12 34 56 78", "+33612345678"},
        {"+33 (0)6 12 34 56 78", "+33612345678"},
        {"0033 6 12 34 56 78", "+33612345678"},
        {"0033(0)612345678", "+33612345678"},
        {"01 44 00 00 00", "+33144000000"},
        {"0800 00 00 00", "+33800000000"},
        {"+262 262 12 34 56", "+262262123456"},
        {"+49 30 123456", "+4930123456"},
        {"0044 (0)20 7946 0018", "+442079460018"},
        {"+1 (212) 555-0100", "+12125550100"},
        {"+123456789012345", "+123456789012345"},
        {"+2907123", "+2907123"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char e164[TELEPHONE_E164_BYTES_MAX] = "";
        struct error error = {.text = ""};
        assert_int_equal(telephone_number_parse(table[i].text, e164, &error), STATUS_OK);
        assert_string_equal(e164, table[i].e164);
        char again[TELEPHONE_E164_BYTES_MAX];
        assert_int_equal(telephone_number_parse(e164, again, &error), STATUS_OK);
        assert_string_equal(again, e164);
    }
}

static void parse__refuses_and_never_names_the_number(void **state)
{
    (void)state;
    static const char *const table[] = {
        "",
        " ",
        "0",
        "00",
        "+",
        "112",
        "3949",
        "06 12 34 56 7",
        "06 12 34 56 78 9",
        "16 12 34 56 78",
        "0012",
        "+33 06 12 34 56 78",
        "+33 6 12 34 56",
        "+33 6 12 34 56 78 9",
        "+0 612345678",
        "+1234567890123456",
        "06 12 34 56 7x",
        "+33+612345678",
        "tel:0612345678",
        "06 12 34 56 78 poste 3",
        "+123456",
        "0\303\251612345678",
        "000000000000000000000000000000000000000000000",
        "06\xc2",
        "06\n12345678",
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char e164[TELEPHONE_E164_BYTES_MAX] = "unset";
        struct error error = {.text = ""};
        assert_int_equal(telephone_number_parse(table[i], e164, &error), STATUS_INVALID);
        assert_string_equal(e164, "unset");
        assert_true(strlen(error.text) > 0);
        assert_null(strstr(error.text, "12"));
    }
    char e164[TELEPHONE_E164_BYTES_MAX];
    assert_int_equal(telephone_number_parse("x", e164, NULL), STATUS_INVALID);
}

static void show__french_in_pairs_others_as_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *e164, *shown;
    } table[] = {
        {"+33612345678", "06 12 34 56 78"},
        {"+442079460018", "+442079460018"},
        {"+123456789012345", "+123456789012345"},
        {"+3361234567", "+3361234567"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char shown[TELEPHONE_SHOWN_BYTES_MAX];
        telephone_number_show(table[i].e164, shown);
        assert_string_equal(shown, table[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__what_people_write),
        cmocka_unit_test(parse__refuses_and_never_names_the_number),
        cmocka_unit_test(show__french_in_pairs_others_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
