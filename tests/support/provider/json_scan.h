/* json_scan.h - checks that bytes are JSON and marks where its values are, without allocating.
 *
 * jansson builds a tree of small allocations for every document, which would cost more than all
 * the rest of answering a push. This scanner is as strict (RFC 8259, UTF-8, no duplicate check) and
 * one pass.
 */
#ifndef TESTS_SUPPORT_PROVIDER_JSON_SCAN_H
#define TESTS_SUPPORT_PROVIDER_JSON_SCAN_H

#include "gateway/base/status.h"
#include "tests/support/provider/http2_server.h"

#define JSON_SCAN_TOKENS_MAX 4096
#define JSON_SCAN_DEPTH_MAX  64
#define JSON_SCAN_NONE       (~0U)

enum json_kind {
    JSON_KIND_OBJECT,
    JSON_KIND_ARRAY,
    JSON_KIND_TEXT,
    JSON_KIND_NUMBER,
    JSON_KIND_TRUE,
    JSON_KIND_FALSE,
    JSON_KIND_NULL
};

/* A value. In an object, names are tokens too: name, value, name, value… */
struct json_token {
    enum json_kind kind;
    unsigned start, end; /* byte offsets; a text's are inside its quotes, escapes as written */
    unsigned next;       /* index of the token behind this value and all it contains */
};

struct json_scan {
    const char *text;
    unsigned count;
    struct json_token tokens[JSON_SCAN_TOKENS_MAX];
};

/* Token 0 is the document. The text is borrowed. STATUS_INVALID: not JSON; STATUS_TOO_LARGE: more
 * tokens or levels than the limits. */
enum status json_scan_text(struct json_scan *scan_r, struct view text) MUST_CHECK;

/* The value of the member in the object at index, or JSON_SCAN_NONE (also for JSON_SCAN_NONE and
 * what is no object). Names written with escapes are not found. */
unsigned json_scan_member(const struct json_scan *scan, unsigned object, const char *name);

/* The text between a token's ends; absent for JSON_SCAN_NONE. */
struct view json_scan_view(const struct json_scan *scan, unsigned index);

/* false for JSON_SCAN_NONE. */
bool json_scan_is(const struct json_scan *scan, unsigned index, enum json_kind kind);

#endif
