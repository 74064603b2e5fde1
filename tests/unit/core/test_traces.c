/* Every traces/NAME.trace is a golden trace of escalation_step() on a fake clock: run again, it
 * must read the same. */
#include "tests/unit/core/trace.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/core/golden.h"

#define TRACES_MAX 192

static char names[TRACES_MAX][64];

static void golden_trace(void **state)
{
    char path[1200];
    (void)snprintf(path, sizeof path, "%s/%s", golden_folder("traces"), (const char *)*state);
    char *script = golden_read(path);
    char *found = trace_run(script);
    golden_compare(path, found);
    free(script);
    free(found);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static size_t list_traces(void)
{
    DIR *directory = opendir(golden_folder("traces"));
    size_t count = 0;
    const struct dirent *item;
    while (directory != NULL && (item = readdir(directory)) != NULL) {
        size_t bytes = strlen(item->d_name);
        if (bytes > 6 && bytes < sizeof names[0] && count < TRACES_MAX &&
            strcmp(item->d_name + bytes - 6, ".trace") == 0) {
            memcpy(names[count++], item->d_name, bytes + 1);
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    qsort(names, count, sizeof names[0], by_name);
    return count;
}

int main(void)
{
    static struct CMUnitTest tests[TRACES_MAX];
    size_t count = list_traces();
    if (count == 0 || count == TRACES_MAX) { /* one more would be left out unseen */
        (void)fprintf(stderr, "%zu traces in %s, 1 to %d are expected\n", count,
                      golden_folder("traces"), TRACES_MAX - 1);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){names[i], golden_trace, NULL, NULL, names[i]};
    }
    return _cmocka_run_group_tests("core.traces", tests, count, NULL, NULL);
}
