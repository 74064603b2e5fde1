/* simulator.h - a simulated region: customers, people, nights. Everything random comes from the
 * seed.
 */
#ifndef TESTS_SIMULATOR_SIMULATOR_H
#define TESTS_SIMULATOR_SIMULATOR_H

#include "tests/scenario/box.h"
#include "tests/simulator/oracle.h"

#define CUSTOMERS   3
#define AGENTS      4
#define REFUSED_MAX 1024

struct agent {
    int64_t id;
    char slug[SLUG_BYTES_MAX];
};

struct customer {
    int64_t id;
    char slug[SLUG_BYTES_MAX];
    struct agent agents[AGENTS];
};

struct simulator {
    struct box *box;
    struct oracle *oracle;
    uint64_t random; /* of the events; the gateway has its own */
    struct customer customers[CUSTOMERS];
    uint64_t hash;
    size_t crashes;
    struct uuid refused[REFUSED_MAX]; /* attempts the dispatcher had no room for, each once */
    size_t refused_count;
    unsigned keys;
    /* an escalation whose answer a crash took: asked again under its key */
    bool unanswered;
    int unanswered_customer;
    unsigned unanswered_key;
    bool verbose;
};

uint64_t draw(struct simulator *simulator, uint64_t limit);
/* Notes a line of the event log: into the hash, and out when verbose. */
void note(struct simulator *simulator, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- city.c ---- */
void city_build(struct simulator *simulator);
/* One of them changes: a phone, a rota, a procedure. */
void city_change(struct simulator *simulator);

/* ---- events.c ---- */
void event_happens(struct simulator *simulator);
/* The process dies and comes back, also when a crash inside a turn was noticed. */
void event_crash(struct simulator *simulator);
/* Everybody is well again and finishes what is open. */
void event_morning(struct simulator *simulator);

#endif
