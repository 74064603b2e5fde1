#include "gateway/core/ticket_number.h"

#include <assert.h>
#include <string.h>

enum status ticket_number_parse(const char *text, int64_t *number_r, struct error *error)
{
    assert(text != NULL && number_r != NULL);
    int64_t number = 0;
    int digits = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at >= '0' && *at <= '9' && digits < TICKET_NUMBER_DIGITS_MAX) {
            number = 10 * number + (*at - '0');
            digits++;
        } else if (strchr(" .-", *at) == NULL) {
            return error_set(error, STATUS_INVALID,
                             "a ticket's number is at most %d digits, such as 1012",
                             TICKET_NUMBER_DIGITS_MAX);
        }
    }
    if (digits == 0) {
        return error_set(error, STATUS_INVALID, "a ticket's number has digits, such as 1012");
    }
    if (number < TICKET_NUMBER_FIRST || number % TICKET_NUMBER_STEP != 0) {
        return error_set(error, STATUS_CONFLICT,
                         "no ticket has this number: a digit was misheard or two were swapped, ask "
                         "for it again");
    }
    assert(number >= TICKET_NUMBER_FIRST);
    *number_r = number;
    return STATUS_OK;
}
