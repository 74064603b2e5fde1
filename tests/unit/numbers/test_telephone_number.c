#include "gateway/numbers/telephone_number.h"

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
        {"+39 06 698 12345", "+390669812345"},
        {"+29021234", "+29021234"},
        {"+882 16 123 4567", "+882161234567"}, /* of no country: satellites */
        {"+33 06 12 34 56 78", "+33612345678"},
        {"06\342\200\25712\342\200\25734\342\200\25756\342\200\25778", "+33612345678"},
        {"06\342\200\22012 34 56 78", "+33612345678"},
        /* A range that is not assigned today may be tomorrow. */
        {"06 99 99 99 99", "+33699999999"},
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

/* What somebody writes, what is kept, and what is shown. */
struct writing {
    const char *text, *e164, *shown;
};

static void check_writings(const struct writing *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char e164[TELEPHONE_E164_BYTES_MAX] = "", shown[TELEPHONE_SHOWN_BYTES_MAX];
        struct error error = {.text = ""};
        assert_int_equal(telephone_number_parse(table[i].text, e164, &error), STATUS_OK);
        assert_string_equal(e164, table[i].e164);
        telephone_number_show(e164, shown);
        assert_string_equal(shown, table[i].shown);
    }
}

/* Dialled like the rest of France, with country codes of their own. */
static void parse__overseas(void **state)
{
    (void)state;
    static const struct writing table[] = {
        {"0590 12 34 56", "+590590123456", "05 90 12 34 56"},
        {"0690 12 34 56", "+590690123456", "06 90 12 34 56"},
        {"0594 30 12 34", "+594594301234", "05 94 30 12 34"},
        {"0694 20 12 34", "+594694201234", "06 94 20 12 34"},
        {"0596 50 12 34", "+596596501234", "05 96 50 12 34"},
        {"0696 20 12 34", "+596696201234", "06 96 20 12 34"},
        {"0262 20 12 34", "+262262201234", "02 62 20 12 34"},
        {"0692 85 12 34", "+262692851234", "06 92 85 12 34"},
        {"0269 61 12 34", "+262269611234", "02 69 61 12 34"}, /* Mayotte */
        {"0639 69 12 34", "+262639691234", "06 39 69 12 34"},
        {"+33 692 85 12 34", "+262692851234", "06 92 85 12 34"}, /* reaches nobody as it stands */
        {"+262 (0)692 85 12 34", "+262692851234", "06 92 85 12 34"},
        {"0508 41 12 34", "+508411234", "+508 41 12 34"},
        {"+687 26 12 34", "+687261234", "+687 26.12.34"}, /* Nouvelle-Calédonie: not in the plan */
        {"+689 40 41 12 34", "+68940411234", "+689 40 41 12 34"},
    };
    check_writings(table, sizeof table / sizeof table[0]);
}

/* Fourteen digits, of lifts and alarms. */
static void parse__machines(void **state)
{
    (void)state;
    static const struct writing table[] = {
        {"07 00 12 34 56 78 90", "+337001234567890", "07 00 12 34 56 78 90"},
        {"+33 700 1234567890", "+337001234567890", "07 00 12 34 56 78 90"},
        {"0033 700 1234567890", "+337001234567890", "07 00 12 34 56 78 90"},
    };
    check_writings(table, sizeof table / sizeof table[0]);
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
        "+33 6 12 34 56",
        "+33 6 12 34 56 78 9",
        "+0 612345678",
        "+123456789012345",
        "+1234567890123456",
        "+999 123456789",
        "07 00 12 34 56 78 9",
        "07 00 12 34 56 78 90 1",
        "07 01 12 34 56 78 90",
        "+49 700 1234567890123",
        "\331\240612345678",
        "06 12 34 56 ABCD",
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

static void show__french_in_pairs_others_with_their_country(void **state)
{
    (void)state;
    static const struct {
        const char *e164, *shown;
    } table[] = {
        {"+33612345678", "06 12 34 56 78"},
        {"+442079460018", "+44 20 7946 0018"},
        {"+4930123456", "+49 30 123456"},
        {"+33800123456", "08 00 12 34 56"},
        {"", ""},
        {"nobody", "nobody"},
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
        cmocka_unit_test(parse__overseas),
        cmocka_unit_test(parse__machines),
        cmocka_unit_test(parse__refuses_and_never_names_the_number),
        cmocka_unit_test(show__french_in_pairs_others_with_their_country),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
