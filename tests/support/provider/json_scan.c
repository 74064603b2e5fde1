#include "tests/support/provider/json_scan.h"

#include <string.h>

#include "gateway/base/text.h"

struct cursor {
    struct json_scan *scan;
    const char *text;
    unsigned at;
    unsigned end;
    unsigned depth;
};

static enum status scan_value(struct cursor *cursor);

/* The next byte, or NUL at the end (NUL is no JSON either). */
static char peek(const struct cursor *cursor)
{
    if (cursor->at >= cursor->end) {
        return '\0';
    }
    return cursor->text[cursor->at];
}

static void skip_space(struct cursor *cursor)
{
    char c;
    while ((c = peek(cursor)) == ' ' || c == '\n' || c == '\r' || c == '\t') {
        cursor->at++;
    }
}

static enum status begin_token(struct cursor *cursor, enum json_kind kind, unsigned *index_r)
{
    struct json_scan *scan = cursor->scan;
    if (scan->count == JSON_SCAN_TOKENS_MAX) {
        return STATUS_TOO_LARGE;
    }
    scan->tokens[scan->count] = (struct json_token){.kind = kind, .start = cursor->at};
    *index_r = scan->count++;
    return STATUS_OK;
}

static void end_token(struct cursor *cursor, unsigned index)
{
    cursor->scan->tokens[index].end = cursor->at;
    cursor->scan->tokens[index].next = cursor->scan->count;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool skip_escape(struct cursor *cursor)
{
    cursor->at++;
    char c = peek(cursor);
    if (c == 'u') {
        for (int i = 0; i < 4; i++) {
            cursor->at++;
            if (!is_hex(peek(cursor))) {
                return false;
            }
        }
    } else if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL) {
        return false;
    }
    cursor->at++;
    return true;
}

static enum status scan_text(struct cursor *cursor)
{
    unsigned index;
    cursor->at++;
    enum status status = begin_token(cursor, JSON_KIND_TEXT, &index);
    if (status != STATUS_OK) {
        return status;
    }
    for (;;) {
        unsigned char c = (unsigned char)peek(cursor);
        if (c == '"') {
            break;
        }
        if (c < 0x20) {
            return STATUS_INVALID;
        }
        if (c == '\\') {
            if (!skip_escape(cursor)) {
                return STATUS_INVALID;
            }
        } else {
            cursor->at++;
        }
    }
    end_token(cursor, index);
    cursor->at++;
    return STATUS_OK;
}

static bool skip_digits(struct cursor *cursor)
{
    unsigned first = cursor->at;
    while (peek(cursor) >= '0' && peek(cursor) <= '9') {
        cursor->at++;
    }
    return cursor->at > first;
}

static enum status scan_number(struct cursor *cursor)
{
    unsigned index;
    enum status status = begin_token(cursor, JSON_KIND_NUMBER, &index);
    if (status != STATUS_OK) {
        return status;
    }
    if (peek(cursor) == '-') {
        cursor->at++;
    }
    if (peek(cursor) == '0') {
        cursor->at++;
    } else if (!skip_digits(cursor)) {
        return STATUS_INVALID;
    }
    if (peek(cursor) == '.') {
        cursor->at++;
        if (!skip_digits(cursor)) {
            return STATUS_INVALID;
        }
    }
    if (peek(cursor) == 'e' || peek(cursor) == 'E') {
        cursor->at++;
        if (peek(cursor) == '+' || peek(cursor) == '-') {
            cursor->at++;
        }
        if (!skip_digits(cursor)) {
            return STATUS_INVALID;
        }
    }
    end_token(cursor, index);
    return STATUS_OK;
}

static enum status scan_word(struct cursor *cursor, const char *word, enum json_kind kind)
{
    unsigned index;
    unsigned bytes = (unsigned)strlen(word);
    if (bytes > cursor->end - cursor->at || memcmp(cursor->text + cursor->at, word, bytes) != 0) {
        return STATUS_INVALID;
    }
    enum status status = begin_token(cursor, kind, &index);
    if (status == STATUS_OK) {
        cursor->at += bytes;
        end_token(cursor, index);
    }
    return status;
}

static enum status scan_name(struct cursor *cursor)
{
    skip_space(cursor);
    if (peek(cursor) != '"') {
        return STATUS_INVALID;
    }
    enum status status = scan_text(cursor);
    skip_space(cursor);
    if (status == STATUS_OK && peek(cursor) != ':') {
        return STATUS_INVALID;
    }
    cursor->at++;
    return status;
}

/* An object or an array: the values between brackets, separated by commas. */
static enum status scan_container(struct cursor *cursor, enum json_kind kind, char closing)
{
    unsigned index;
    if (++cursor->depth > JSON_SCAN_DEPTH_MAX) {
        return STATUS_TOO_LARGE;
    }
    enum status status = begin_token(cursor, kind, &index);
    cursor->at++;
    skip_space(cursor);
    if (status == STATUS_OK && peek(cursor) == closing) {
        cursor->at++;
        cursor->depth--;
        end_token(cursor, index);
        return STATUS_OK;
    }
    while (status == STATUS_OK) {
        if (kind == JSON_KIND_OBJECT) {
            status = scan_name(cursor);
        }
        if (status == STATUS_OK) {
            status = scan_value(cursor);
        }
        skip_space(cursor);
        char c = peek(cursor);
        cursor->at++;
        if (status == STATUS_OK && c == closing) {
            break;
        }
        if (status == STATUS_OK && c != ',') {
            status = STATUS_INVALID;
        }
    }
    cursor->depth--;
    end_token(cursor, index);
    return status;
}

/* Recursive, to a depth of JSON_SCAN_DEPTH_MAX. */
static enum status scan_value(struct cursor *cursor)
{
    skip_space(cursor);
    switch (peek(cursor)) {
    case '{':
        return scan_container(cursor, JSON_KIND_OBJECT, '}');
    case '[':
        return scan_container(cursor, JSON_KIND_ARRAY, ']');
    case '"':
        return scan_text(cursor);
    case 't':
        return scan_word(cursor, "true", JSON_KIND_TRUE);
    case 'f':
        return scan_word(cursor, "false", JSON_KIND_FALSE);
    case 'n':
        return scan_word(cursor, "null", JSON_KIND_NULL);
    default:
        return scan_number(cursor);
    }
}

enum status json_scan_text(struct json_scan *scan_r, struct view text)
{
    struct cursor cursor = {.scan = scan_r, .text = text.data, .end = (unsigned)text.bytes};
    scan_r->text = text.data;
    scan_r->count = 0;
    if (text.bytes == 0) {
        return STATUS_INVALID;
    }
    enum status status = scan_value(&cursor);
    if (status != STATUS_OK) {
        return status;
    }
    skip_space(&cursor);
    bool whole = cursor.at == cursor.end && text_is_utf8(text.data, text.bytes);
    return whole ? STATUS_OK : STATUS_INVALID;
}

unsigned json_scan_member(const struct json_scan *scan, unsigned object, const char *name)
{
    if (!json_scan_is(scan, object, JSON_KIND_OBJECT)) {
        return JSON_SCAN_NONE;
    }
    unsigned behind = scan->tokens[object].next;
    for (unsigned i = object + 1; i < behind; i = scan->tokens[i + 1].next) {
        if (view_equals(json_scan_view(scan, i), name)) {
            return i + 1;
        }
    }
    return JSON_SCAN_NONE;
}

struct view json_scan_view(const struct json_scan *scan, unsigned index)
{
    if (index >= scan->count) {
        return (struct view){NULL, 0};
    }
    const struct json_token *token = &scan->tokens[index];
    return (struct view){scan->text + token->start, token->end - token->start};
}

bool json_scan_is(const struct json_scan *scan, unsigned index, enum json_kind kind)
{
    return index < scan->count && scan->tokens[index].kind == kind;
}
