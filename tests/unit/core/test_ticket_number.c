/* ticket_number_parse(): how people write a ticket's number, and the slips that it notices. */
#include "gateway/core/ticket_number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define UNTOUCHED INT64_C(-7)

static void expect(const char *text, enum status status, int64_t number)
{
    struct error error = {.text = ""};
    int64_t found = UNTOUCHED;
    assert_int_equal(ticket_number_parse(text, &found, &error), status);
    assert_int_equal(found, number);
    assert_int_equal(error.text[0] != '\0', status != STATUS_OK);
}

static void parse__takes_what_people_write(void **state)
{
    (void)state;
    expect("1001", STATUS_OK, 1001);
    expect(" 10 12 ", STATUS_OK, 1012);
    expect("1-0.1 2", STATUS_OK, 1012);
    expect("000000000001001", STATUS_OK, 1001);
    expect("999999999999999", STATUS_CONFLICT, UNTOUCHED);
    expect("999999999999990", STATUS_OK, INT64_C(999999999999990));
}

static void parse__refuses_what_is_no_number(void **state)
{
    (void)state;
    static const char *const texts[] = {"",      " .-",   "1001a", "#1001",
                                        "1/001", "1001:", "+1001", "0000000000001001"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect(texts[i], STATUS_INVALID, UNTOUCHED);
    }
}

/* Of 10 to 99 times 11: whatever digit is misheard, and whichever two neighbours are swapped. */
static void parse__notices_a_slip(void **state)
{
    (void)state;
    expect("990", STATUS_CONFLICT, UNTOUCHED); /* before the first */
    for (int64_t number = TICKET_NUMBER_FIRST; number < 9999; number += TICKET_NUMBER_STEP) {
        char said[TICKET_NUMBER_DIGITS_MAX + 1], heard[sizeof said];
        (void)snprintf(said, sizeof said, "%lld", (long long)number);
        for (size_t at = 0; said[at] != '\0'; at++) {
            memcpy(heard, said, sizeof said);
            heard[at] = (char)('0' + (said[at] - '0' + 1) % 10);
            expect(heard, STATUS_CONFLICT, UNTOUCHED);
            memcpy(heard, said, sizeof said);
            if (said[at + 1] != '\0' && said[at] != said[at + 1]) {
                heard[at] = said[at + 1];
                heard[at + 1] = said[at];
                expect(heard, STATUS_CONFLICT, UNTOUCHED);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__takes_what_people_write),
        cmocka_unit_test(parse__refuses_what_is_no_number),
        cmocka_unit_test(parse__notices_a_slip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
