/* rehearsal.h - what would happen on Sunday at 03:00 if Paul's phone were dead and Zoé declined: an
 * escalation played on a virtual clock by the core that plays the real ones.
 *
 * Whom each step reaches is resolved as the writer resolves it (engine/people.h), with the rotas
 * compiled for that moment. What people, phones and providers do is assumed. Nothing is written,
 * nothing is sent, and nothing of the engine is touched but an immutable snapshot of the directory.
 *
 * Taken for granted, besides what the request says: providers and the telephony layer answer at
 * once, a line is free for each call, no other escalation is open, so that nobody is busy, phones
 * are heard of as often as apps say a word, and nothing of the configuration changes until then.
 * Pauses last as long as they were said to.
 */
#ifndef GATEWAY_REHEARSAL_REHEARSAL_H
#define GATEWAY_REHEARSAL_REHEARSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/json_reader.h"
#include "gateway/core/escalation.h"
#include "gateway/engine/directory.h"
#include "gateway/engine/engine.h"

/* Where a rehearsal stops, whatever is still to come. */
#define REHEARSAL_EVENTS_MAX      1500
#define REHEARSAL_ATTEMPTS_MAX    1000
#define REHEARSAL_ENTRIES_MAX     3000
#define REHEARSAL_SPAN_S_MAX      (7 * 86400)
#define REHEARSAL_SPAN_S_DEFAULT  86400
#define REHEARSAL_ASSUMPTIONS_MAX 64
#define REHEARSAL_AFTER_S_MAX     86400
/* How far from now the moment may lie. */
#define REHEARSAL_DAYS_BEHIND_MAX 366
#define REHEARSAL_DAYS_AHEAD_MAX  3660

/* What somebody does with what reaches them on a path. */
enum conduct {
    CONDUCT_SILENT,   /* it arrives; nobody answers */
    CONDUCT_DEAD,     /* the push never arrives; the call fails */
    CONDUCT_ACCEPTS,  /* `after` the attempt went out */
    CONDUCT_DECLINES, /* likewise */
    CONDUCT_BUSY,     /* calls only: the line is engaged */
};

/* What a device's provider, or the telephony layer for calls, does with what it is given. */
enum service_conduct {
    SERVICE_UP,
    SERVICE_DOWN,    /* cannot be reached: pushes are reported delayed, calls end untold */
    SERVICE_REFUSES, /* says no to each at once */
};

enum service { SERVICE_APNS, SERVICE_FCM, SERVICE_WEBPUSH, SERVICE_TELEPHONY, SERVICES_COUNT };

/* Of several that fit, the last counts. */
struct assumption {
    enum person_kind kind; /* PERSON_AGENT, PERSON_CONTACT; PERSON_NONE: everybody */
    int64_t person_id;
    int64_t device_id; /* 0: every device */
    int place;         /* calls: which of the person's numbers, from 1; 0: each of them */
    unsigned via;      /* VIA_PUSH, VIA_CALL or both */
    enum conduct conduct;
    bool has_after;            /* without, a call to somebody silent is not reported at all */
    int64_t after_ms;          /* since the attempt went out */
    int64_t received_after_ms; /* a push: until the phone confirms it */
};

struct rehearsal_request {
    const struct directory_customer *customer;
    const struct directory_procedure *procedure; /* NULL: procedure_of_last_resort() */
    enum severity severity;
    struct wall_time at;
    int64_t promised_ms; /* to the caller; 0: nothing */
    int64_t span_ms;     /* of the virtual clock, at most */
    bool french;         /* the language that the answer is wanted in, else English */
    enum service_conduct services[SERVICES_COUNT];
    const struct assumption *assumptions;
    size_t assumptions_count;
};

enum rehearsal_end {
    REHEARSAL_HELD,      /* a human has it; where several are wanted, they are there or all asked */
    REHEARSAL_EXHAUSTED, /* nobody took it; it was announced all round and again */
    REHEARSAL_STOPPED,   /* a bound was met before: see stopped_by */
};

/* One fact of the timeline, as the journal would have it. */
struct rehearsal_entry {
    enum entry_kind kind;
    int64_t when_ms;   /* since the beginning */
    const char *facts; /* entry_facts_write() */
};

struct rehearsal {
    enum rehearsal_end end;
    const char *stopped_by;       /* "events", "attempts", "entries" or "span_s"; else NULL */
    int64_t ended_ms;             /* since the beginning, as are these */
    int64_t held_ms;              /* -1: nobody holds it */
    int64_t exhausted_ms;         /* the first time; -1: it was not */
    struct escalation escalation; /* as it stands at the end */
    const struct attempt *attempts;
    size_t attempts_count;
    const struct rehearsal_entry *entries;
    size_t entries_count;
    size_t events_count;
    const bool *assumption_used; /* one each of the request's: whether it decided anything */
};

/* Takes the members of a request, but "customer", which says whose it is, out of the reader, whose
 * error the detail goes to; the caller ends the reader. What is found wrong is noted there (with
 * its JSON pointer): *request_r is of use only if json_reader_end() then answers STATUS_OK. Memory
 * comes from the arena; it lives as long as arena, JSON and customer do.
 *
 * {"procedure":"nuit","severity":"critical","at":"sunday 03:00","callback_promised_s":900,
 *  "span_s":86400,"language":"fr","providers":{"apns":"down","telephony":"refuses"},
 *  "assume":[{"agent":"paul","does":"dead"},{"agent":"zoe","by":["call"],"does":"declines",
 *  "after_s":20},{"agent":"zoe","place":2,"does":"accepts"},
 *  {"agent":"paul","device":"phone-1","does":"silent","received_after_s":5},
 *  {"contact":"chief","does":"accepts"},{"does":"silent"}]}
 *
 * Every member but "at" may be absent: the customer's default procedure, critical, no promise,
 * SPAN_S_DEFAULT, the customer's language, all up, nobody answers. STATUS_NO_MEMORY: the arena is
 * full; STATUS_CORRUPT: the zone's file is damaged. */
enum status rehearsal_read(struct json_reader *reader, const struct directory_customer *customer,
                           struct wall_time now, struct arena *arena,
                           struct rehearsal_request *request_r) MUST_CHECK;

/* Plays it to its end. Pure but for the memory, all of the arena (some 4 MiB at most), and for the
 * rotas, which are compiled anew. Any thread; takes milliseconds. STATUS_NO_MEMORY;
 * STATUS_INVALID: the customer's holidays are not known at that time, and a rota asks for them. One
 * that does not compile otherwise has nobody on call, as for the writer. */
enum status rehearsal_play(const struct rehearsal_request *request,
                           const struct engine_rotas *rotas, struct arena *arena,
                           struct rehearsal *rehearsal_r, struct error *error) MUST_CHECK;

/* The words, as the API spells them; never NULL. */
const char *rehearsal_end_word(enum rehearsal_end end);
const char *conduct_word(enum conduct conduct);

#endif
