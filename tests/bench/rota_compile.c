/* rota_compile.c - what rotas alone cost: compiles one definition again and again, for some days.
 *
 *     bench_rota_compile --rota FILE [--times N] [--days D]
 *
 * bench links: rota
 *
 * The yardstick of everything that looks at rotas ahead: less cannot be done to know who is on
 * call. Prints one line of JSON.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/options.h"
#include "gateway/rota/rota.h"

#define ROTA_BYTES_MAX 65536
#define DAY_MS         INT64_C(86400000)

static void must(bool done, const char *what)
{
    if (!done) {
        (void)fprintf(stderr, "rota_compile: %s\n", what);
        exit(1);
    }
}

static size_t compile(const char *definition, struct wall_time from, int days, struct arena *arena)
{
    struct rota *rota;
    struct rota_interval *intervals;
    size_t count = 0;
    struct error error = {.text = ""};
    struct wall_time to = {from.ms + days * DAY_MS};
    enum status status = rota_parse(definition, strlen(definition), arena, &rota, &error);
    if (status == STATUS_OK) {
        status =
            rota_compile(rota, NULL, "Europe/Paris", from, to, arena, &intervals, &count, &error);
    }
    must(status == STATUS_OK, error.text);
    arena_reset(arena);
    return count;
}

struct wanted {
    const char *path;
    int times;
    int days;
};

static struct wanted read_options(int argc, char **argv)
{
    static const struct option known[] = {{"rota", required_argument, NULL, 'r'},
                                          {"times", required_argument, NULL, 't'},
                                          {"days", required_argument, NULL, 'd'},
                                          {NULL, 0, NULL, 0}};
    struct wanted wanted = {.times = 1000, .days = 90};
    for (int option; (option = options_next(argc, argv, "", known, NULL)) != -1;) {
        must(option == 'r' || option == 't' || option == 'd', "--rota FILE [--times N] [--days D]");
        if (option == 'r') {
            wanted.path = optarg;
        } else if (option == 't') {
            wanted.times = (int)strtol(optarg, NULL, 10);
        } else {
            wanted.days = (int)strtol(optarg, NULL, 10);
        }
    }
    must(wanted.path != NULL && wanted.times > 0 && wanted.days > 0,
         "--rota FILE [--times N] [--days D]");
    return wanted;
}

int main(int argc, char **argv)
{
    static char definition[ROTA_BYTES_MAX];
    const struct wanted wanted = read_options(argc, argv);
    FILE *file = fopen(wanted.path, "r");
    must(file != NULL, "the rota cannot be read");
    size_t bytes = fread(definition, 1, sizeof definition - 1, file);
    (void)fclose(file);
    must(bytes > 0, "the rota is empty");
    struct arena *arena = arena_create(0);
    must(arena != NULL, "out of memory");
    struct wall_time now = clock_wall(&clock_system);
    int64_t began_ns = clock_stopwatch_ns();
    size_t intervals = 0;
    for (int i = 0; i < wanted.times; i++) {
        intervals += compile(definition, now, wanted.days, arena);
    }
    int64_t took_us = (clock_stopwatch_ns() - began_ns) / 1000;
    arena_destroy(&arena);
    (void)printf("{\"times\":%d,\"days\":%d,\"intervals\":%zu,\"took_us\":%lld}\n", wanted.times,
                 wanted.days, intervals, (long long)took_us);
    return 0;
}
