/* rota_cost.c - what rotas alone cost: compiles one definition again and again, for some days; or
 * asks who is on call at moments spread over ten years.
 *
 *     bench_rota_cost --rota FILE [--times N] [--days D | --who]
 *
 * bench links: rota
 *
 * The yardstick of everything that looks at rotas ahead: less cannot be done to know who is on
 * call. With --who it takes its own: libc's localtime_r() of the same moments, since whoever knows
 * a rota's answer knows the local time. Prints one line of JSON.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/base/clock.h"
#include "gateway/base/options.h"
#include "gateway/rota/rota.h"

#define ROTA_BYTES_MAX 65536
#define DAY_MS         INT64_C(86400000)
#define WHO_DAYS       3650
#define ZONE           "Europe/Paris"
#define USAGE          "--rota FILE [--times N] [--days D | --who]"

static void must(bool done, const char *what)
{
    if (!done) {
        (void)fprintf(stderr, "rota_cost: %s\n", what);
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
        status = rota_compile(rota, NULL, ZONE, from, to, arena, &intervals, &count, &error);
    }
    must(status == STATUS_OK, error.text);
    arena_reset(arena);
    return count;
}

struct wanted {
    const char *path;
    int times;
    int days;
    bool who;
};

static struct wanted read_options(int argc, char **argv)
{
    static const struct option known[] = {{"rota", required_argument, NULL, 'r'},
                                          {"times", required_argument, NULL, 't'},
                                          {"days", required_argument, NULL, 'd'},
                                          {"who", no_argument, NULL, 'w'},
                                          {NULL, 0, NULL, 0}};
    struct wanted wanted = {.times = 1000, .days = 90};
    for (int option; (option = options_next(argc, argv, "", known, NULL)) != -1;) {
        switch (option) {
        case 'r':
            wanted.path = optarg;
            break;
        case 't':
            wanted.times = (int)strtol(optarg, NULL, 10);
            break;
        case 'd':
            wanted.days = (int)strtol(optarg, NULL, 10);
            break;
        case 'w':
            wanted.who = true;
            break;
        default:
            must(false, USAGE);
        }
    }
    must(wanted.path != NULL && wanted.times > 0 && wanted.days > 0, USAGE);
    return wanted;
}

static void compile_all(const struct wanted *wanted, const char *definition, struct arena *arena)
{
    struct wall_time now = clock_wall(&clock_system);
    int64_t began_ns = clock_stopwatch_ns();
    size_t intervals = 0;
    for (int i = 0; i < wanted->times; i++) {
        intervals += compile(definition, now, wanted->days, arena);
    }
    int64_t took_us = (clock_stopwatch_ns() - began_ns) / 1000;
    (void)printf("{\"times\":%d,\"days\":%d,\"intervals\":%zu,\"took_us\":%lld}\n", wanted->times,
                 wanted->days, intervals, (long long)took_us);
}

static int compare_ns(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Moments that are far from each other, so that no answer helps the next. */
static struct wall_time moment(struct wall_time from, int number)
{
    uint64_t far = (uint64_t)number * UINT64_C(11400714819323198485); /* the golden ratio */
    return (struct wall_time){from.ms + (int64_t)(far % (uint64_t)(WHO_DAYS * DAY_MS))};
}

static void ask_all(const struct wanted *wanted, const char *definition, struct arena *arena)
{
    struct rota *rota;
    struct error error = {.text = ""};
    must(rota_parse(definition, strlen(definition), arena, &rota, &error) == STATUS_OK, error.text);
    int64_t *took_ns = calloc((size_t)wanted->times, sizeof *took_ns);
    must(took_ns != NULL && setenv("TZ", ":" ZONE, 1) == 0, "out of memory");
    tzset();
    struct wall_time now = clock_wall(&clock_system);
    int answered = 0;
    int64_t began_ns = clock_stopwatch_ns();
    for (int i = 0; i < wanted->times; i++) {
        char agent[SLUG_BYTES_MAX];
        int64_t asked_ns = clock_stopwatch_ns();
        enum status status = rota_who(rota, NULL, ZONE, moment(now, i), agent, &error);
        took_ns[i] = clock_stopwatch_ns() - asked_ns;
        must(status == STATUS_OK, error.text);
        answered += agent[0] != '\0';
    }
    int64_t all_ns = clock_stopwatch_ns() - began_ns;
    int64_t bare_began_ns = clock_stopwatch_ns();
    int hours = 0;
    for (int i = 0; i < wanted->times; i++) {
        time_t seconds = (time_t)(moment(now, i).ms / 1000);
        struct tm local;
        must(localtime_r(&seconds, &local) != NULL, "a moment without a local time");
        hours += local.tm_hour;
    }
    int64_t bare_ns = clock_stopwatch_ns() - bare_began_ns;
    must(hours > 0, "no moment after midnight");
    qsort(took_ns, (size_t)wanted->times, sizeof *took_ns, compare_ns);
    (void)printf("{\"times\":%d,\"answered\":%d,\"took_ns\":%lld,\"bare_ns\":%lld,"
                 "\"p50_ns\":%lld,\"p99_ns\":%lld}\n",
                 wanted->times, answered, (long long)all_ns, (long long)bare_ns,
                 (long long)took_ns[wanted->times / 2],
                 (long long)took_ns[(int64_t)wanted->times * 99 / 100]);
    free(took_ns);
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
    (wanted.who ? ask_all : compile_all)(&wanted, definition, arena);
    arena_destroy(&arena);
    return 0;
}
