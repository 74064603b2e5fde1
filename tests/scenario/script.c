#include "tests/scenario/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRIPT_BYTES_MAX  (64u << 20)
#define DIGITS_MAX        9 /* of minutes or seconds: decades */
#define FRACTION_BYTES    3
#define SECONDS_A_MINUTE  60
#define SEPARATORS        " \t,"
#define ZERO_BYTE_MESSAGE "a zero byte stands in this line: the file is no text"

static bool cannot_read(const char *path, const char *why)
{
    (void)fprintf(stderr, "%s: cannot be read: %s\n", path, why);
    return false;
}

static bool read_text(const char *path, char **text_r, size_t *bytes_r)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return cannot_read(path, strerror(errno));
    }
    char *text = NULL;
    size_t bytes = 0, got;
    do {
        char *longer = realloc(text, bytes + LINE_BYTES_MAX + 1);
        if (longer == NULL) {
            free(text);
            (void)fclose(file);
            return cannot_read(path, "no memory");
        }
        text = longer;
        got = fread(text + bytes, 1, LINE_BYTES_MAX, file);
        bytes += got;
    } while (got > 0 && bytes <= SCRIPT_BYTES_MAX);
    int failed = ferror(file) ? errno : 0;
    (void)fclose(file);
    if (failed != 0 || bytes > SCRIPT_BYTES_MAX) {
        free(text);
        return cannot_read(path, failed != 0 ? strerror(failed) : "it is too large");
    }
    text[bytes] = '\0';
    *text_r = text;
    *bytes_r = bytes;
    return true;
}

bool script_read(const char *path, struct script *script_r)
{
    char *text;
    size_t bytes, count = 1;
    if (!read_text(path, &text, &bytes)) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\0') {
            (void)fprintf(stderr, "%s:%zu: " ZERO_BYTE_MESSAGE "\n", path, count);
            free(text);
            return false;
        }
        count += text[i] == '\n' && i + 1 < bytes;
    }
    const char **lines = calloc(count, sizeof *lines);
    if (lines == NULL) {
        free(text);
        return cannot_read(path, "no memory");
    }
    char *place = text;
    for (size_t i = 0; i < count; i++) {
        lines[i] = place;
        place += strcspn(place, "\n");
        if (*place == '\n') {
            *place++ = '\0';
        }
    }
    *script_r = (struct script){.path = path, .text = text, .lines = lines, .count = count};
    return true;
}

void script_free(struct script *script)
{
    free(script->lines);
    free(script->text);
    *script = (struct script){0};
}

/* The end of the word that begins here, cut off; NULL: complaint_r says what is wrong. */
static char *cut_word(char *word, bool quoted, char *complaint, size_t bytes)
{
    if (!quoted) {
        char *end = word + strcspn(word, SEPARATORS);
        bool last = *end == '\0';
        *end = '\0';
        if (strchr(word, '"') != NULL) {
            (void)snprintf(complaint, bytes,
                           "a quote stands inside a word: %s; quotes hold whole words together",
                           word);
            return NULL;
        }
        return last ? end : end + 1;
    }
    const char mark[] = {word[-1], '\0'};
    char *end = word + strcspn(word, mark);
    if (*end == '\0') {
        (void)snprintf(complaint, bytes, "a quote is not closed: %s is missing", mark);
        return NULL;
    }
    *end++ = '\0';
    if (*end != '\0' && strchr(SEPARATORS "#", *end) == NULL) {
        (void)snprintf(complaint, bytes, "a space is missing behind a closing quote, before: %s",
                       end);
        return NULL;
    }
    return end;
}

const char *words_split(struct words *words_r, const char *line)
{
    static char complaint[LINE_BYTES_MAX + 128];
    words_r->count = 0;
    size_t bytes = strlen(line);
    if (bytes >= sizeof words_r->text) {
        (void)snprintf(complaint, sizeof complaint, "the line is longer than %zu bytes",
                       sizeof words_r->text - 1);
        return complaint;
    }
    if (bytes > 0 && line[bytes - 1] == '\r') {
        return "the line ends with a carriage return: lines end with a newline alone "
               "(`dos2unix` mends it)";
    }
    memcpy(words_r->text, line, bytes + 1);
    for (char *place = words_r->text;;) {
        place += strspn(place, SEPARATORS);
        if (*place == '\0' || *place == '#') {
            return NULL;
        }
        if (words_r->count == WORDS_MAX) {
            (void)snprintf(complaint, sizeof complaint, "more than %d words in a line", WORDS_MAX);
            return complaint;
        }
        bool quoted = *place == '"' || *place == '\'';
        place += quoted;
        words_r->quoted[words_r->count] = quoted;
        words_r->word[words_r->count++] = place;
        place = cut_word(place, quoted, complaint, sizeof complaint);
        if (place == NULL) {
            return complaint;
        }
    }
}

const char *words_at(const struct words *words, int index)
{
    return index < words->count ? words->word[index] : "";
}

bool words_are(const struct words *words, int index, const char *word)
{
    return index < words->count && !words->quoted[index] && strcmp(words->word[index], word) == 0;
}

/* Digits, as a number; how many there were, 0 when too many. */
static size_t take_digits(const char *text, long long *number_r)
{
    size_t length = strspn(text, "0123456789");
    *number_r = 0;
    if (length > DIGITS_MAX) {
        return 0;
    }
    for (size_t i = 0; i < length; i++) {
        *number_r = *number_r * 10 + (text[i] - '0');
    }
    return length;
}

/* ".5", ".05", ".005", or nothing; how long it is. */
static bool take_fraction(const char **text, long long *ms_r)
{
    *ms_r = 0;
    if (**text != '.') {
        return true;
    }
    size_t length = take_digits(++*text, ms_r);
    for (size_t i = length; i < FRACTION_BYTES; i++) {
        *ms_r *= 10;
    }
    *text += length;
    return length > 0 && length <= FRACTION_BYTES;
}

bool parse_time(const char *text, long long *ms_r)
{
    long long minutes = 0, seconds, fraction_ms;
    size_t length = take_digits(text, &seconds);
    bool colon = text[length] == ':';
    if (length == 0) {
        return false;
    }
    text += length;
    if (colon) {
        minutes = seconds;
        length = take_digits(++text, &seconds);
        text += length;
        if (length != 2 || seconds >= SECONDS_A_MINUTE) {
            return false;
        }
    }
    if (!take_fraction(&text, &fraction_ms) || strcmp(text, colon ? "" : "s") != 0) {
        return false;
    }
    *ms_r = (minutes * SECONDS_A_MINUTE + seconds) * 1000 + fraction_ms;
    return true;
}
