/* ics_lines_private.h - the lines of an iCalendar file, before libical sees it.
 *
 * libical repairs what it does not understand and frees components by recursion. So the nesting is
 * checked here, where the number of the line is still known.
 */
#ifndef GATEWAY_ROTA_ICS_LINES_PRIVATE_H
#define GATEWAY_ROTA_ICS_LINES_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/status.h"

struct ics_counts {
    size_t calendars;
    size_t events;
};

/* Whether BEGIN and END lines (RFC 5545, section 3.6) nest, in one VCALENDAR and not too deep.
 * STATUS_INVALID names the line and the remedy. Any thread. */
enum status ics_lines_check(const char *text, size_t bytes, struct ics_counts *counts_r,
                            struct error *error) MUST_CHECK;

/* The line at which the event of that number begins, from 0 in the order of the file; of a text
 * that was checked. */
size_t ics_lines_event(const char *text, size_t bytes, size_t number);

#endif
