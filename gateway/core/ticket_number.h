/* ticket_number.h - the number that people say for a ticket. A customer's tickets are counted, and
 * the number is 11 times the count, from 1001 on: short, and whoever mishears one digit or swaps
 * two neighbours has no ticket's number in hand instead of another ticket's. */
#ifndef GATEWAY_CORE_TICKET_NUMBER_H
#define GATEWAY_CORE_TICKET_NUMBER_H

#include <stdint.h>

#include "gateway/base/status.h"

#define TICKET_NUMBER_FIRST      INT64_C(1001)
#define TICKET_NUMBER_STEP       INT64_C(11)
#define TICKET_NUMBER_DIGITS_MAX 15

/* Reads a number as people write it: spaces, dots and dashes between the digits count for nothing.
 * STATUS_INVALID: that is no number; STATUS_CONFLICT: it is one that no ticket can have, so a digit
 * is wrong. Both with a text for who typed it. */
enum status ticket_number_parse(const char *text, int64_t *number_r,
                                struct error *error) MUST_CHECK;

#endif
