#include "gateway/rota/ics_lines_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX       3  /* VCALENDAR, VEVENT, VALARM */
#define NAME_BYTES_MAX  32 /* of a component */
#define START_BYTES_MAX 64 /* of a line, as much as is looked at */

/* A line as RFC 5545, section 3.1, unfolds it: its start, and where it stands in the file. */
struct line {
    char start[START_BYTES_MAX];
    size_t number;
};

struct reading {
    const char *at;
    const char *end;
    size_t number; /* of the line at `at`, from 1 */
};

static bool is_folded(const struct reading *reading)
{
    return reading->at < reading->end && (*reading->at == ' ' || *reading->at == '\t');
}

static bool next_line(struct reading *reading, struct line *line_r)
{
    if (reading->at >= reading->end) {
        return false;
    }
    size_t used = 0;
    line_r->number = reading->number;
    do {
        const char *feed = memchr(reading->at, '\n', (size_t)(reading->end - reading->at));
        const char *stop = feed != NULL ? feed : reading->end;
        for (; reading->at < stop; reading->at++) {
            if (*reading->at != '\r' && used + 1 < sizeof line_r->start) {
                line_r->start[used++] = *reading->at;
            }
        }
        reading->at = feed != NULL ? feed + 1 : reading->end;
        reading->number++;
        if (is_folded(reading)) {
            reading->at++; /* the white space is not the line's */
        } else {
            break;
        }
    } while (reading->at < reading->end);
    line_r->start[used] = '\0';
    return true;
}

/* The component of a "BEGIN:VEVENT" or "END:VEVENT"; NULL for every other line. */
static const char *component_of(struct line *line, const char *word)
{
    size_t length = strcspn(line->start, ":; \t");
    if (length != strlen(word) || strncasecmp(line->start, word, length) != 0) {
        return NULL;
    }
    const char *colon = strchr(line->start, ':');
    return colon != NULL ? colon + 1 : "";
}

static enum status begin(struct line *line, const char *name, size_t depth,
                         struct ics_counts *counts, char open[DEPTH_MAX][NAME_BYTES_MAX],
                         struct error *error)
{
    bool outermost = strcasecmp(name, "VCALENDAR") == 0;
    if (outermost != (depth == 0) || (outermost && counts->calendars > 0)) {
        return error_set(error, STATUS_INVALID,
                         "line %zu: one VCALENDAR is expected, around all else: export one "
                         "calendar a file",
                         line->number);
    }
    if (depth == DEPTH_MAX || strlen(name) >= NAME_BYTES_MAX) {
        return error_set(error, STATUS_INVALID,
                         "line %zu: a component of iCalendar does not lie so deep or has no such "
                         "name: remove it",
                         line->number);
    }
    (void)snprintf(open[depth], NAME_BYTES_MAX, "%s", name);
    counts->calendars += outermost;
    counts->events += strcasecmp(name, "VEVENT") == 0;
    return STATUS_OK;
}

enum status ics_lines_check(const char *text, size_t bytes, struct ics_counts *counts_r,
                            struct error *error)
{
    struct reading reading = {text, text + bytes, 1};
    struct ics_counts counts = {0};
    struct line line = {.number = 1};
    char open[DEPTH_MAX][NAME_BYTES_MAX];
    size_t depth = 0;
    while (next_line(&reading, &line)) {
        const char *begins = component_of(&line, "BEGIN");
        const char *ends = component_of(&line, "END");
        if (begins != NULL) {
            enum status status = begin(&line, begins, depth, &counts, open, error);
            if (status != STATUS_OK) {
                return status;
            }
            depth++;
        } else if (ends != NULL) {
            if (depth == 0 || strcasecmp(ends, open[depth - 1]) != 0) {
                return error_set(
                    error, STATUS_INVALID,
                    "line %zu: END does not end what was begun last: export the file again",
                    line.number);
            }
            depth--;
        } else if (depth == 0 && line.start[0] != '\0') {
            return error_set(error, STATUS_INVALID,
                             "line %zu: BEGIN:VCALENDAR is expected: this is no iCalendar file",
                             line.number);
        }
    }
    if (depth > 0 || counts.calendars == 0) {
        return error_set(error, STATUS_INVALID,
                         "the file ends at line %zu without END:VCALENDAR: export it again",
                         line.number);
    }
    *counts_r = counts;
    return STATUS_OK;
}

size_t ics_lines_event(const char *text, size_t bytes, size_t number)
{
    struct reading reading = {text, text + bytes, 1};
    struct line line = {.number = 1};
    while (next_line(&reading, &line)) {
        const char *begins = component_of(&line, "BEGIN");
        if (begins != NULL && strcasecmp(begins, "VEVENT") == 0 && number-- == 0) {
            break;
        }
    }
    return line.number;
}
