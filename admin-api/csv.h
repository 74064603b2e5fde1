/* csv.h - rows of texts as RFC 4180 has them, for spreadsheets: UTF-8, commas, CRLF.
 *
 * A text that a spreadsheet would take for a formula is given an apostrophe in front, so that what
 * an operator typed as a name runs nowhere.
 */
#ifndef ADMIN_API_CSV_H
#define ADMIN_API_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/time.h"

struct csv {
    char *text;
    size_t bytes_max;
    size_t used;
    bool in_row;     /* the next field needs a comma in front */
    bool overflowed; /* of what does not fit, nothing more is written */
};

/* Writes into a buffer of the caller's; not terminated. */
void csv_init(struct csv *csv, char *text, size_t bytes_max);

/* One more field of the row; NULL is an empty one. */
void csv_text(struct csv *csv, const char *text);
/* RFC 3339 in UTC; WALL_NEVER is an empty field. */
void csv_time(struct csv *csv, struct wall_time time);
void csv_end_row(struct csv *csv);

#endif
