#include "gateway/ctl/terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const char *const tint_codes[] = {
    [TINT_PLAIN] = "",         [TINT_BOLD] = "\033[1m",   [TINT_DIM] = "\033[2m",
    [TINT_RED] = "\033[1;31m", [TINT_GREEN] = "\033[32m", [TINT_YELLOW] = "\033[33m",
    [TINT_BLUE] = "\033[36m",
};

bool terminal_wants_colour(FILE *file)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *kind = getenv("TERM");
    return isatty(fileno(file)) == 1 && (no_colour == NULL || no_colour[0] == '\0') &&
           kind != NULL && strcmp(kind, "dumb") != 0;
}

static void tint_begin(const struct terminal *terminal, enum tint tint)
{
    if (terminal->colour) {
        (void)fputs(tint_codes[tint], terminal->file);
    }
}

static void tint_end(const struct terminal *terminal, enum tint tint)
{
    if (terminal->colour && tint != TINT_PLAIN) {
        (void)fputs("\033[0m", terminal->file);
    }
}

static void put_clean(FILE *file, const char *text)
{
    for (const unsigned char *byte = (const unsigned char *)text; *byte != '\0'; byte++) {
        if (*byte == '\n' || *byte == '\r' || *byte == '\t') {
            (void)fputc(' ', file);
        } else if (*byte < 0x20 || *byte == 0x7f) {
            (void)fputc('?', file);
        } else if (byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] <= 0x9f) {
            (void)fputc('?', file); /* C1: some terminals obey U+009B as they do ESC [ */
            byte++;
        } else {
            (void)fputc(*byte, file);
        }
    }
}

void terminal_text(const struct terminal *terminal, enum tint tint, const char *text)
{
    tint_begin(terminal, tint);
    put_clean(terminal->file, text);
    tint_end(terminal, tint);
}

size_t terminal_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80 ? 1 : 0;
    }
    return width;
}

void terminal_column(const struct terminal *terminal, enum tint tint, int width, const char *text)
{
    terminal_text(terminal, tint, text);
    int missing = width - (int)terminal_width(text);
    (void)fprintf(terminal->file, "%*s ", missing > 0 ? missing : 0, "");
}

/* Where the text's character number `count` begins, or its end. */
static size_t bytes_of_characters(const char *text, int count)
{
    size_t bytes = 0;
    while (text[bytes] != '\0' && count > 0) {
        bytes++;
        while (((unsigned char)text[bytes] & 0xc0) == 0x80) {
            bytes++;
        }
        count--;
    }
    return bytes;
}

void terminal_cell(const struct terminal *terminal, enum tint tint, int width, const char *text)
{
    char *cut = NULL;
    if ((int)terminal_width(text) > width) {
        size_t bytes = bytes_of_characters(text, width - 1);
        if (asprintf(&cut, "%.*s…", (int)bytes, text) < 0) {
            cut = NULL; /* out of memory: a line that is too long says more than none */
        }
    }
    terminal_column(terminal, tint, width, cut != NULL ? cut : text);
    free(cut);
}

int terminal_columns(FILE *file)
{
    struct winsize size;
    return ioctl(fileno(file), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void terminal_paragraph(const struct terminal *terminal, const char *text)
{
    while (*text != '\0') {
        size_t line_bytes = strcspn(text, "\n");
        char *line = strndup(text, line_bytes);
        (void)fputs("  ", terminal->file);
        if (line != NULL) {
            put_clean(terminal->file, line);
        }
        (void)fputc('\n', terminal->file);
        free(line);
        text += line_bytes + (text[line_bytes] == '\n' ? 1 : 0);
    }
}

void terminal_print(const struct terminal *terminal, enum tint tint, const char *format, ...)
{
    tint_begin(terminal, tint);
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(terminal->file, format, arguments);
    va_end(arguments);
    tint_end(terminal, tint);
}

static bool local_parts(const char *rfc3339, struct tm *parts_r)
{
    struct wall_time time;
    if (wall_time_parse(rfc3339, &time) != STATUS_OK) {
        return false;
    }
    time_t seconds = (time_t)(time.ms / 1000);
    return localtime_r(&seconds, parts_r) != NULL;
}

/* One person reads what one process writes. */
static bool dates_in_french;

void terminal_use_french(bool french)
{
    dates_in_french = french;
}

void terminal_use_zone(const char *zone)
{
    char path[128];
    int length = snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
    bool fits = length > 0 && (size_t)length < sizeof path;
    if (zone[0] != '\0' && fits && strstr(zone, "..") == NULL && access(path, R_OK) == 0) {
        (void)setenv("TZ", zone, 1);
        tzset();
    }
}

static const char *weekday_of(const struct tm *parts)
{
    static const char *const words[2][7] = {
        {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
        {"dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."}};
    return words[dates_in_french ? 1 : 0][parts->tm_wday];
}

void terminal_time(const char *rfc3339, struct wall_time today,
                   char text_r[TERMINAL_TIME_BYTES_MAX])
{
    struct tm parts, day;
    time_t seconds = (time_t)(today.ms / 1000);
    if (!local_parts(rfc3339, &parts) || localtime_r(&seconds, &day) == NULL) {
        (void)snprintf(text_r, TERMINAL_TIME_BYTES_MAX, "-");
        return;
    }
    bool same_day = parts.tm_year == day.tm_year && parts.tm_yday == day.tm_yday;
    (void)strftime(text_r, TERMINAL_TIME_BYTES_MAX,
                   same_day          ? "%H:%M:%S"
                   : dates_in_french ? "%d/%m %H:%M:%S"
                                     : "%d %b %H:%M:%S",
                   &parts);
}

void terminal_date_time(const char *rfc3339, char text_r[TERMINAL_TIME_BYTES_MAX])
{
    struct tm parts;
    char date[TERMINAL_TIME_BYTES_MAX - 8];
    if (!local_parts(rfc3339, &parts) ||
        strftime(date, sizeof date,
                 dates_in_french ? "%d/%m/%Y %H:%M:%S %Z" : "%d %b %Y %H:%M:%S %Z", &parts) == 0) {
        (void)snprintf(text_r, TERMINAL_TIME_BYTES_MAX, "-");
        return;
    }
    (void)snprintf(text_r, TERMINAL_TIME_BYTES_MAX, "%s %s", weekday_of(&parts), date);
}

/* One end of a span; the second names the zone. */
static void write_end(const char *rfc3339, bool with_seconds, bool with_zone,
                      char text_r[TERMINAL_TIME_BYTES_MAX])
{
    struct tm parts;
    char date[24], clock[12], zone[12] = "";
    if (!local_parts(rfc3339, &parts)) {
        (void)snprintf(text_r, TERMINAL_TIME_BYTES_MAX, "-");
        return;
    }
    (void)strftime(date, sizeof date, dates_in_french ? "%d/%m/%Y" : "%d %b %Y", &parts);
    (void)strftime(clock, sizeof clock, with_seconds ? "%H:%M:%S" : "%H:%M", &parts);
    if (with_zone) {
        (void)strftime(zone, sizeof zone, " %Z", &parts);
    }
    (void)snprintf(text_r, TERMINAL_TIME_BYTES_MAX, "%s %s %s%s", weekday_of(&parts), date, clock,
                   zone);
}

void terminal_span(const char *from, const char *to, char text_r[TERMINAL_SPAN_BYTES_MAX])
{
    struct tm first, last;
    char begin[TERMINAL_TIME_BYTES_MAX], end[TERMINAL_TIME_BYTES_MAX];
    bool seconds = (local_parts(from, &first) && first.tm_sec != 0) ||
                   (local_parts(to, &last) && last.tm_sec != 0);
    write_end(from, seconds, false, begin);
    write_end(to, seconds, true, end);
    (void)snprintf(text_r, TERMINAL_SPAN_BYTES_MAX, "%s – %s", begin, end);
}

enum tint terminal_tint_of(const char *word)
{
    static const struct {
        const char *word;
        enum tint tint;
    } tints[] = {
        {"critical", TINT_RED},     {"major", TINT_YELLOW},    {"info", TINT_DIM},
        {"exhausted", TINT_RED},    {"overdue", TINT_RED},     {"notifying", TINT_YELLOW},
        {"waiting", TINT_YELLOW},   {"accepted", TINT_GREEN},  {"taken", TINT_GREEN},
        {"done", TINT_GREEN},       {"cancelled", TINT_DIM},   {"received", TINT_BLUE},
        {"seen", TINT_BLUE},        {"failed", TINT_RED},      {"expired", TINT_DIM},
        {"uncertain", TINT_YELLOW}, {"declined", TINT_YELLOW}, {"planned", TINT_DIM},
        {"on_hold", TINT_BLUE},     {"noted", TINT_DIM},
    };
    for (size_t i = 0; i < sizeof tints / sizeof tints[0]; i++) {
        if (strcmp(tints[i].word, word) == 0) {
            return tints[i].tint;
        }
    }
    return TINT_PLAIN;
}
