/* terminal.h - text for a person's terminal: colours, columns, local times, no control characters.
 *
 * Everything that callers and agents wrote goes through here: an escape sequence in a ticket must
 * not be able to repaint an operator's screen.
 */
#ifndef GATEWAY_CTL_TERMINAL_H
#define GATEWAY_CTL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "gateway/base/status.h"
#include "gateway/base/time.h"

enum tint { TINT_PLAIN, TINT_BOLD, TINT_DIM, TINT_RED, TINT_GREEN, TINT_YELLOW, TINT_BLUE };

struct terminal {
    FILE *file;
    bool colour;
    bool french; /* the language of its reader; else English */
};

/* Whether to use colour: a terminal, no NO_COLOR (no-color.org), not "dumb". */
bool terminal_wants_colour(FILE *file);

/* Writes text with control characters (C0, DEL, C1) replaced by '?'; newlines become spaces. */
void terminal_text(const struct terminal *terminal, enum tint tint, const char *text);

/* As terminal_text(), filled with spaces to `width` characters and never cut. */
void terminal_column(const struct terminal *terminal, enum tint tint, int width, const char *text);

/* As terminal_column(), but what is longer ends in "…": for what is read, not copied. */
void terminal_cell(const struct terminal *terminal, enum tint tint, int width, const char *text);

/* How many columns the terminal behind `file` has; 0: it is none, and lines may be of any length.
 */
int terminal_columns(FILE *file);

/* Several lines of text, each indented by two spaces. */
void terminal_paragraph(const struct terminal *terminal, const char *text);

/* The program's own words, formatted; arguments that others wrote do not belong here. */
void terminal_print(const struct terminal *terminal, enum tint tint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Characters (code points) in well-formed UTF-8. */
size_t terminal_width(const char *text);

/* From then on dates are written as a French reader writes them ("22/11"), or again in English. Of
 * the whole process, as the zone is: it runs one command for one person. */
void terminal_use_french(bool french);

/* From then on times are those of this zone (IANA name), not of the machine: a customer's, whose
 * clock its rotas and opening hours go by. A name that is empty, or that this machine does not
 * know, changes nothing. */
void terminal_use_zone(const char *zone);

/* "21:52:03" in the local zone, with the date before it ("22 Nov 21:52:03", in French "22/11
 * 21:52:03") when the day is not the day of `today`. What is not an RFC 3339 time becomes "-". */
#define TERMINAL_TIME_BYTES_MAX 64
void terminal_time(const char *rfc3339, struct wall_time today,
                   char text_r[TERMINAL_TIME_BYTES_MAX]);

/* "Sun 22 Nov 2026 21:52:03 CET", in French "dim. 22/11/2026 21:52:03 CET". */
void terminal_date_time(const char *rfc3339, char text_r[TERMINAL_TIME_BYTES_MAX]);

/* A time of a planning or a report, whole and of one width, as it may be a proof: "Sun 22 Nov 2026
 * 18:00 – Mon 23 Nov 2026 08:00 CET", in French "dim. 22/11/2026 18:00 – lun. …"; with seconds
 * where one of the ends has some. "-" for an end that is none. */
#define TERMINAL_SPAN_BYTES_MAX 144
void terminal_span(const char *from, const char *to, char text_r[TERMINAL_SPAN_BYTES_MAX]);

/* How a severity, an escalation's state, or an attempt's state looks. */
enum tint terminal_tint_of(const char *word);

#endif
