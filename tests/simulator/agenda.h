/* agenda.h - what is going to happen, in the order of its time. */
#ifndef TESTS_SIMULATOR_AGENDA_H
#define TESTS_SIMULATOR_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/uuid.h"

enum happening_kind {
    /* causes: drawn when a week begins */
    CALLER_CALLS,
    CITY_CHANGES,
    SOMEBODY_MEDDLES,
    FAULT_BEGINS,
    SOMEBODY_CHECKS,
    GATEWAY_IS_KILLED,
    SOMEBODY_RENUMBERS,
    SOMEBODY_PAUSES,
    /* consequences */
    CALLER_REPEATS,
    FAULT_ENDS,
    PROVIDER_ANSWERS,
    PHONE_CONFIRMS,
    AGENT_ANSWERS,
    PHONE_REGISTERS,
    LINE_REPORTS,
    SOMEBODY_IS_BACK,
    SOMEBODY_JOINS,
    SOMEBODY_LEAVES,
    HOLDER_GOES_ON,
    DESK_ACTS,
    DESK_TIDIES,
    DESK_FINISHES,
};

/* Members that a kind has no use for are zero. */
struct happening {
    int64_t at_ms; /* since the box's beginning */
    uint64_t order;
    enum happening_kind kind;
    uint64_t random; /* everything in it is drawn from here, whatever else happens */
    int customer;
    int what; /* the kind's own */
    size_t sent;
    unsigned key;
    struct uuid escalation;
    int64_t person;
};

struct agenda {
    struct happening *heap;
    size_t count;
    size_t room;
    uint64_t added;
};

void agenda_add(struct agenda *agenda, struct happening happening);
/* When the next one is; false: there is none. */
bool agenda_next(const struct agenda *agenda, int64_t *at_ms_r);
struct happening agenda_take(struct agenda *agenda);
void agenda_free(struct agenda *agenda);

#endif
