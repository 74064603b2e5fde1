/* rehearsal_private.h - what is still to happen in a rehearsal, and who makes it happen. */
#ifndef GATEWAY_REHEARSAL_REHEARSAL_PRIVATE_H
#define GATEWAY_REHEARSAL_REHEARSAL_PRIVATE_H

#include "gateway/rehearsal/rehearsal.h"

/* The most that one attempt sets off: its way out, its reception, its answer. */
#define HAPPENINGS_OF_ATTEMPT_MAX 3
#define HAPPENING_ATTEMPTS_MAX    (REHEARSAL_ATTEMPTS_MAX + UPDATE_ATTEMPTS_MAX)
#define HAPPENINGS_MAX            (HAPPENINGS_OF_ATTEMPT_MAX * HAPPENING_ATTEMPTS_MAX)

/* Something of the world outside that comes in as an event. */
struct happening {
    struct engine_time at;
    enum event_type type;
    size_t attempt;               /* its place in the list */
    enum attempt_state transport; /* EVENT_TRANSPORT */
    enum attempt_answer answer;   /* EVENT_CALL */
    const char *reason;           /* static, or NULL */
};

/* By time; what was added first comes first among equals. */
struct agenda {
    struct happening *items; /* HAPPENINGS_MAX of them */
    size_t first;
    size_t count; /* places used, those before `first` included */
};

/* There is room: attempts are bounded. */
void agenda_add(struct agenda *agenda, const struct happening *happening);
/* ENGINE_NEVER when nothing is left. */
struct engine_time agenda_next(const struct agenda *agenda);
struct happening agenda_take(struct agenda *agenda);
/* Whether somebody is still going to accept. */
bool agenda_has_acceptance(const struct agenda *agenda);

/* What an attempt that goes out at its planned time sets off, by the request's assumptions; those
 * that decide something are marked in `used`. place: of the attempt in the list. */
void world_answers(const struct rehearsal_request *request, const struct attempt *attempt,
                   size_t place, struct agenda *agenda, bool *used);

#endif
