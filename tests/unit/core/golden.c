#include "tests/unit/core/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define GOLDEN_BYTES_MAX (1024u * 1024u)

const char *golden_folder(const char *name)
{
    static char folder[1024];
    const char *source = getenv("SOURCE_DIR");
    (void)snprintf(folder, sizeof folder, "%s/tests/unit/core%s%s", source != NULL ? source : ".",
                   name[0] != '\0' ? "/" : "", name);
    return folder;
}

char *golden_read(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("%s: cannot be read (SOURCE_DIR is the root of the sources)", path);
        return NULL;
    }
    char *text = calloc(1, GOLDEN_BYTES_MAX);
    assert_non_null(text);
    size_t bytes = fread(text, 1, GOLDEN_BYTES_MAX - 1, file);
    (void)fclose(file);
    assert_true(bytes < GOLDEN_BYTES_MAX - 1);
    return text;
}

static void golden_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void fail_at_difference(const char *path, const char *expected, const char *found)
{
    int line = 1;
    size_t line_at = 0;
    for (size_t at = 0; expected[at] != '\0' && expected[at] == found[at]; at++) {
        if (expected[at] == '\n') {
            line++;
            line_at = at + 1;
        }
    }
    size_t from = line_at;
    for (int back = 0; from > 0 && back < 6; from--) {
        back += expected[from - 1] == '\n';
    }
    print_error("%s:%d: it reads otherwise\n%.*s", path, line, (int)(line_at - from),
                expected + from);
    print_error("expected: %.*s\n", (int)strcspn(expected + line_at, "\n"), expected + line_at);
    print_error("found:    %.*s\n", (int)strcspn(found + line_at, "\n"), found + line_at);
    fail();
}

void golden_compare(const char *path, const char *found)
{
    if (getenv("TRACE_WRITE") != NULL) {
        golden_write(path, found);
        return;
    }
    char *expected = golden_read(path);
    if (strcmp(expected, found) != 0) {
        fail_at_difference(path, expected, found);
    }
    free(expected);
}
