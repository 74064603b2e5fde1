/* scenario_main.c - `scenario FILE…`: runs each; the exit status tells whether all held. */
#include <stdbool.h>
#include <stdio.h>

#include "gateway/base/log.h"
#include "tests/scenario/scenario.h"

int main(int argc, char **argv)
{
    int failed = 0;
    log_set_level(LOG_ERROR);
    if (argc < 2) {
        (void)fprintf(stderr, "usage: scenario FILE...\n");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        bool ok = scenario_run(argv[i]);
        (void)printf("%s: %s\n", argv[i], ok ? "ok" : "FAILED");
        failed += !ok;
    }
    return failed > 0;
}
