/* reachability.h - a person's paths as they are now, read from the rows and shown. Contacts have no
 * phones of ours: they are reached by call alone. */
#ifndef ADMIN_API_REACHABILITY_H
#define ADMIN_API_REACHABILITY_H

#include <stddef.h>

#include "gateway/base/json_writer.h"
#include "gateway/engine/directory.h"
#include "gateway/engine/reachability.h"

/* Live phones shown; no agent has more (DEVICES_OF_PERSON_MAX). */
#define REACH_DEVICES_MAX 16

struct agent_reach {
    const struct directory_person *agent; /* or a contact */
    const struct device_row *devices;     /* the live ones */
    struct reach each[REACH_DEVICES_MAX];
    size_t devices_count;
    struct reach push;                          /* the best of them */
    struct reach numbers[PHONES_OF_PERSON_MAX]; /* in their order */
    size_t numbers_count;
    struct reach call;         /* the best of those */
    size_t call_at;            /* which that is */
    int64_t wall_of_engine_ms; /* the wall minus engine time, then */
    bool paused;
};

/* Reader threads, within one read of the caller's. wall_of_engine_ms: the wall minus engine time,
 * for pauses. Texts live in the arena. */
enum status agent_reach_read(struct store *store, const struct directory_customer *customer,
                             const struct directory_person *agent, struct wall_time now,
                             int64_t wall_of_engine_ms, struct arena *arena,
                             struct agent_reach *reach_r, struct error *error) MUST_CHECK;

/* The members "push", "call" and "paused", without single phones; for an agent. */
void agent_reach_write_paths(struct json_writer *json, const struct agent_reach *reach);

#endif
