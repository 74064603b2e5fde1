/* simulator_main.c - lives weeks from a seed, watched by the oracle; --help says how. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/base/options.h"
#include "tests/scenario/memory.h"
#include "tests/simulator/simulator.h"

/* Weeks, days and how many a day: far beyond what anybody waits for. */
#define NUMBER_MAX 999999ul
/* Some minutes for a week, which is enough for a trace that a person can read. */
#define SHRINK_LIVES_DEFAULT 100
#define PROGRESS_S_DEFAULT   60

static const char help[] =
    "Usage: simulator [OPTIONS]\n"
    "Lives weeks of on-call life on the real engine and database, in one thread, with a simulated\n"
    "clock, disk, providers, telephones and people, and checks after every event that nothing is\n"
    "lost, late or done twice. The same seed gives the same history, to the byte.\n"
    "\n"
    "  --seed N|new      where the randomness begins (1); new: one that nobody has seen, printed\n"
    "  --weeks N         how long (1), or\n"
    "  --years N         52 weeks each\n"
    "  --first-week N    begins with that week of the seed (0)\n"
    "  --days N          days of a week (7)\n"
    "  --escalations N   a day (40)\n"
    "  --faults N        a day (20)\n"
    "  --twice           lives it twice: the second hash must be the same\n"
    "  --forgetful       the disk loses its log at each crash: the oracle must notice\n"
    "  --shrink-lives N  lives the failing week at most so often to shrink it (100)\n"
    "  --no-shrink       says which rule was broken, and no more\n"
    "  --scenario FILE   where the shrunken night is written (seed-N-week-W.scenario)\n"
    "  --progress S      says on standard error how far it is, every S seconds (60)\n"
    "  --verbose         prints every event\n"
    "  --help            this text\n"
    "\n"
    "When a rule is broken the week is shrunk to few causes, and written down as a scenario:\n"
    "`scenario FILE` (tests/scenario) shows the same night and the same broken rule.\n"
    "Exit status: 0 every rule held, 1 one was broken, 2 usage or a fault of the simulator.\n";

struct options {
    struct plan plan;
    unsigned weeks;
    bool twice;
    unsigned shrink_lives; /* how often a failing week is lived to shrink it; 0: it is not */
    const char *scenario;  /* where it is written to, or NULL */
    unsigned progress_s;
};

static unsigned long number_of(const char *text)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0) {
        (void)fprintf(stderr, "simulator: \"%s\" is not a number; --help explains\n", text);
        exit(2);
    }
    return number;
}

static uint64_t seed_of(const char *text)
{
    uint64_t seed;
    if (strcmp(text, "new") != 0) {
        return number_of(text);
    }
    random_fill(&random_system, &seed, sizeof seed);
    return seed >> 1;
}

enum option_name {
    SEED,
    WEEKS,
    YEARS,
    FIRST,
    DAYS,
    ESCALATIONS,
    FAULTS,
    TWICE,
    FORGETFUL,
    SHRINK_LIVES,
    NO_SHRINK,
    SCENARIO,
    PROGRESS,
    VERBOSE,
    HELP,
};

static const struct option known[] = {
    {"seed", required_argument, NULL, SEED},
    {"weeks", required_argument, NULL, WEEKS},
    {"years", required_argument, NULL, YEARS},
    {"first-week", required_argument, NULL, FIRST},
    {"days", required_argument, NULL, DAYS},
    {"escalations", required_argument, NULL, ESCALATIONS},
    {"faults", required_argument, NULL, FAULTS},
    {"twice", no_argument, NULL, TWICE},
    {"forgetful", no_argument, NULL, FORGETFUL},
    {"shrink-lives", required_argument, NULL, SHRINK_LIVES},
    {"no-shrink", no_argument, NULL, NO_SHRINK},
    {"scenario", required_argument, NULL, SCENARIO},
    {"progress", required_argument, NULL, PROGRESS},
    {"verbose", no_argument, NULL, VERBOSE},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static void take_number(struct options *options, int name, const char *text)
{
    struct plan *plan = &options->plan;
    unsigned *const places[] = {
        [WEEKS] = &options->weeks,
        [YEARS] = &options->weeks,
        [FIRST] = &plan->week,
        [DAYS] = &plan->days,
        [ESCALATIONS] = &plan->escalations_a_day,
        [FAULTS] = &plan->faults_a_day,
        [SHRINK_LIVES] = &options->shrink_lives,
        [PROGRESS] = &options->progress_s,
    };
    unsigned long number = number_of(text);
    if (number > NUMBER_MAX) {
        (void)fprintf(stderr, "simulator: %s is more than %lu; --help explains\n", text,
                      NUMBER_MAX);
        exit(2);
    }
    *places[name] = (unsigned)number * (name == YEARS ? 52 : 1);
}

static void read_options(int argc, char **argv, struct options *options)
{
    struct plan *plan = &options->plan;
    *options = (struct options){
        .weeks = 1, .shrink_lives = SHRINK_LIVES_DEFAULT, .progress_s = PROGRESS_S_DEFAULT};
    *plan = (struct plan){.seed = 1, .escalations_a_day = 40, .faults_a_day = 20, .days = 7};
    for (int name; (name = options_next(argc, argv, "", known, NULL)) != -1;) {
        switch (name) {
        case SEED:
            plan->seed = seed_of(optarg);
            break;
        case TWICE:
            options->twice = true;
            break;
        case FORGETFUL:
            plan->forgetful = true;
            break;
        case NO_SHRINK:
            options->shrink_lives = 0;
            break;
        case VERBOSE:
            plan->verbose = true;
            break;
        case SCENARIO:
            options->scenario = optarg;
            break;
        case HELP:
            (void)fputs(help, stdout);
            exit(0);
        case '?':
            (void)fputs("simulator: --help explains\n", stderr);
            exit(2);
        default:
            take_number(options, name, optarg);
            break;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "simulator: \"%s\" is one word too many; --help explains\n",
                      argv[optind]);
        exit(2);
    }
    if (plan->days == 0 || options->weeks == 0) {
        (void)fprintf(stderr, "simulator: no %s: nothing would be lived; --help explains\n",
                      plan->days == 0 ? "days" : "weeks");
        exit(2);
    }
}

/* ---- shrinking ---- */

/* The rule that was broken: its words without ids and numbers. */
static void take_rule(const char *fault, char *rule_r)
{
    for (; *fault != '\0'; fault++) {
        bool varies =
            (*fault >= '0' && *fault <= '9') || *fault == '-' || (*fault >= 'a' && *fault <= 'f');
        if (!varies) {
            *rule_r++ = *fault;
        }
    }
    *rule_r = '\0';
}

static bool fails_without(struct plan *plan, const uint8_t *left_out, const char *rule)
{
    char fault[ORACLE_FAULT_BYTES], broken[ORACLE_FAULT_BYTES];
    uint64_t hash = 0;
    size_t causes;
    struct tally tally = {0};
    plan->left_out = left_out;
    bool good = week_live(plan, &hash, &tally, &causes, fault, NULL);
    take_rule(fault, broken);
    return !good && strcmp(broken, rule) == 0;
}

/* Leaves out as many causes as it can, larger pieces first (Zeller's delta debugging), until it
 * lived the week *lives_left times. */
static size_t shrink(struct plan *plan, uint8_t *left_out, size_t causes, const char *rule,
                     unsigned *lives_left)
{
    static uint8_t tried[CAUSES_MAX];
    size_t left = causes;
    for (size_t piece = causes / 2; piece > 0; piece /= 2) {
        for (size_t from = 0; from<causes && * lives_left> 0; from += piece) {
            size_t removed = 0;
            memcpy(tried, left_out, causes);
            for (size_t i = from; i < from + piece && i < causes; i++) {
                removed += !tried[i];
                tried[i] = 1;
            }
            if (removed == 0) {
                continue;
            }
            (*lives_left)--;
            if (fails_without(plan, tried, rule)) {
                memcpy(left_out, tried, causes);
                left -= removed;
            }
        }
    }
    return left;
}

static void write_scenario(const struct plan *plan, const char *path, const char *scenario)
{
    char name[64];
    (void)snprintf(name, sizeof name, "seed-%llu-week-%u.scenario", (unsigned long long)plan->seed,
                   plan->week);
    path = path == NULL ? name : path;
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(scenario, file) < 0 || fclose(file) != 0) {
        (void)fprintf(stderr, "simulator: %s: cannot be written\n", path);
        return;
    }
    (void)printf("written to %s\n", path);
}

static void tell_shrunk(const struct plan *failed, size_t causes, const char *failed_by,
                        const struct options *options)
{
    static uint8_t left_out[CAUSES_MAX];
    struct plan plan = *failed;
    char fault[ORACLE_FAULT_BYTES], rule[ORACLE_FAULT_BYTES];
    uint64_t hash = 0;
    struct tally tally = {0};
    take_rule(failed_by, rule);
    plan.verbose = false;
    unsigned lives_left = options->shrink_lives;
    size_t left = shrink(&plan, left_out, causes, rule, &lives_left);
    (void)printf("shrunk from %zu causes to %zu%s; the night as a scenario:\n", causes, left,
                 lives_left > 0 ? "" : " (more --shrink-lives may shrink it further)");
    plan.left_out = left_out;
    plan.recorded = true;
    char *scenario = NULL;
    (void)week_live(&plan, &hash, &tally, &causes, fault, &scenario);
    (void)fputs(scenario, stdout);
    write_scenario(&plan, options->scenario, scenario);
    free(scenario);
    (void)printf("%s\n", fault);
}

/* ---- living ---- */

/* Now and then, so that who waits for years of it sees that it goes on. */
static void say_progress(const struct options *options, const struct tally *tally, unsigned weeks,
                         int64_t began_ms, int64_t *said_ms)
{
    int64_t now_ms = clock_monotonic(&clock_system).ms;
    if (now_ms - *said_ms >= (int64_t)options->progress_s * 1000 && weeks < options->weeks) {
        (void)fprintf(stderr, "from week %u: %u of %u weeks, %llu events, %lld s\n",
                      options->plan.week, weeks, options->weeks,
                      (unsigned long long)tally->happenings, (long long)(now_ms - began_ms) / 1000);
        *said_ms = now_ms;
    }
}

static bool live(const struct options *options, uint64_t *hash, struct tally *tally)
{
    char fault[ORACLE_FAULT_BYTES];
    size_t causes;
    struct plan plan = options->plan;
    int64_t began_ms = clock_monotonic(&clock_system).ms, said_ms = began_ms;
    for (unsigned week = 0; week < options->weeks; week++, plan.week++) {
        if (!week_live(&plan, hash, tally, &causes, fault, NULL)) {
            (void)printf("FAULT: seed %llu week %u %s\n", (unsigned long long)plan.seed, plan.week,
                         fault);
            (void)fflush(stdout);
            if (options->shrink_lives > 0) {
                tell_shrunk(&plan, causes, fault, options);
            }
            return false;
        }
        say_progress(options, tally, week + 1, began_ms, &said_ms);
        if (isatty(STDOUT_FILENO)) {
            (void)printf("week %u of %u\r", week + 1, options->weeks);
            (void)fflush(stdout);
        }
    }
    return true;
}

static void report(const struct options *options, const struct tally *tally, uint64_t hash,
                   int64_t took_ms)
{
    double years = tally->weeks * options->plan.days / 365.0; /* lived, also when one fails */
    (void)printf("seed %llu from week %u: %u weeks (%.2f years) in %.1f s: %.2f years a minute; "
                 "hash %016llx\n",
                 (unsigned long long)options->plan.seed, options->plan.week, tally->weeks, years,
                 (double)took_ms / 1000.0, years * 60000.0 / (double)(took_ms + 1),
                 (unsigned long long)hash);
    (void)printf("%llu escalations, %llu attempts sent, %llu events, %llu looks, %llu faults, "
                 "%llu crashes, %llu failed calls of the disk, %llu failed allocations\n",
                 (unsigned long long)tally->escalations, (unsigned long long)tally->sent,
                 (unsigned long long)tally->happenings, (unsigned long long)tally->turns_at_rest,
                 (unsigned long long)tally->faults, (unsigned long long)tally->crashes,
                 (unsigned long long)tally->disk_failures, (unsigned long long)memory_failed());
}

int main(int argc, char **argv)
{
    struct options options;
    struct tally tally = {0}, ignored = {0};
    uint64_t hash = UINT64_C(0xcbf29ce484222325), again = hash;
    read_options(argc, argv, &options);
    log_set_level(options.plan.verbose ? LOG_WARNING : LOG_NOTHING);
    (void)printf("seed %llu\n", (unsigned long long)options.plan.seed);
    (void)fflush(stdout);
    int64_t began_ms = clock_monotonic(&clock_system).ms;
    bool good = live(&options, &hash, &tally);
    report(&options, &tally, hash, clock_monotonic(&clock_system).ms - began_ms);
    if (good && options.twice) {
        good = live(&options, &again, &ignored);
        if (good && hash != again) {
            (void)printf("FAULT: another hash the second time: %016llx\n",
                         (unsigned long long)again);
            good = false;
        }
    }
    return good ? 0 : 1;
}
