/* simulator_main.c - `simulator --seed N --events M [--twice] [--verbose]`: one random night,
 * watched by the oracle. Prints seed and hash; the same seed gives the same hash. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "tests/simulator/simulator.h"

uint64_t draw(struct simulator *simulator, uint64_t limit)
{
    return box_draw(&simulator->random, limit);
}

/* FNV-1a. */
static void hash_text(struct simulator *simulator, const char *text)
{
    for (; *text != '\0'; text++) {
        simulator->hash = (simulator->hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    }
}

void note(struct simulator *simulator, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    hash_text(simulator, line);
    if (simulator->verbose) {
        (void)printf("%lld %s\n", (long long)simulator->box->elapsed_ms, line);
    }
}

static bool refuse_once(struct simulator *simulator, struct uuid attempt)
{
    for (size_t i = 0; i < simulator->refused_count; i++) {
        if (uuid_equal(simulator->refused[i], attempt)) {
            return false;
        }
    }
    if (simulator->refused_count == REFUSED_MAX) {
        return false;
    }
    simulator->refused[simulator->refused_count++] = attempt;
    return true;
}

static enum status on_send(void *context, struct box_sent *sent)
{
    struct simulator *simulator = context;
    char attempt[UUID_TEXT_BYTES];
    uuid_format(sent->attempt, attempt);
    if (draw(simulator, 50) == 0 && refuse_once(simulator, sent->attempt)) {
        note(simulator, "full %s", attempt);
        return STATUS_FULL; /* the dispatcher has no room: it stays in the outbox */
    }
    note(simulator, "sent %s %s", attempt, attempt_purpose_word(sent->purpose));
    oracle_sending(simulator->oracle, sent, simulator->box->lives);
    return STATUS_OK;
}

/* The oracle's word after everything; false when a rule is broken. */
static bool look(struct simulator *simulator, unsigned long event, uint64_t seed)
{
    if (simulator->box->crashed) {
        event_crash(simulator);
    }
    oracle_look(simulator->oracle, simulator->box);
    const char *fault = oracle_fault(simulator->oracle);
    if (fault != NULL) {
        (void)fprintf(stderr, "seed %llu event %lu: %s\n", (unsigned long long)seed, event, fault);
    }
    return fault == NULL;
}

struct options {
    uint64_t seed;
    unsigned long events;
    bool twice;
    bool verbose;
    bool forgetful;
};

static bool live(const struct options *options, uint64_t *hash_r)
{
    const uint64_t seed = options->seed;
    const unsigned long events = options->events;
    struct simulator simulator = {
        .box = box_create(seed),
        .oracle = oracle_create(),
        .random = seed ^ UINT64_C(0x5eed),
        .hash = UINT64_C(0xcbf29ce484222325),
        .verbose = options->verbose,
    };
    if (options->forgetful) {
        simulator.box->crash_loss = DISK_FORGETS_LOG;
    }
    simulator.box->on_send = on_send;
    simulator.box->context = &simulator;
    simulator.box->calls_max = 1 + draw(&simulator, 8);
    box_open(simulator.box);
    oracle_open(simulator.oracle);
    city_build(&simulator);
    bool good = look(&simulator, 0, seed);
    for (unsigned long event = 1; event <= events && good; event++) {
        event_happens(&simulator);
        good = look(&simulator, event, seed);
    }
    if (good) {
        event_morning(&simulator);
        good = look(&simulator, events + 1, seed);
        size_t open = oracle_open_count(simulator.oracle);
        if (good && open > 0) {
            (void)fprintf(stderr, "seed %llu: %zu escalations never end\n",
                          (unsigned long long)seed, open);
            good = false;
        }
    }
    (void)printf("seed %llu events %lu hash %016llx: %zu escalations, %zu sent, %zu crashes\n",
                 (unsigned long long)seed, events, (unsigned long long)simulator.hash,
                 oracle_count(simulator.oracle), simulator.box->sent_count, simulator.crashes);
    *hash_r = simulator.hash;
    oracle_destroy(&simulator.oracle);
    box_destroy(&simulator.box);
    return good;
}

static bool read_options(int argc, char **argv, struct options *options)
{
    *options = (struct options){.seed = 1, .events = 1000};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            i++;
            if (strcmp(argv[i], "new") == 0) {
                random_fill(&random_system, &options->seed, sizeof options->seed);
            } else {
                options->seed = strtoull(argv[i], NULL, 10);
            }
        } else if (strcmp(argv[i], "--events") == 0 && i + 1 < argc) {
            options->events = strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--twice") == 0) {
            options->twice = true;
        } else if (strcmp(argv[i], "--verbose") == 0) {
            options->verbose = true;
        } else if (strcmp(argv[i], "--forgetful") == 0) {
            options->forgetful = true;
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options options;
    uint64_t hash, again;
    if (!read_options(argc, argv, &options)) {
        (void)fprintf(stderr, "usage: simulator --seed N|new --events M [--twice] [--verbose] "
                              "[--forgetful]\n");
        return 2;
    }
    log_set_level(options.verbose ? LOG_WARNING : LOG_ERROR);
    (void)printf("seed %llu\n", (unsigned long long)options.seed);
    (void)fflush(stdout);
    bool good = live(&options, &hash);
    if (good && options.twice) {
        good = live(&options, &again);
        if (good && hash != again) {
            (void)fprintf(stderr, "seed %llu: another hash the second time\n",
                          (unsigned long long)options.seed);
            good = false;
        }
    }
    return good ? 0 : 1;
}
