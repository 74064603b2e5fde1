/* ladder.h - whom a call for a customer is put through to now: one number behind the other.
 *
 * Pure: it looks at a directory's customer and at nothing else, so that a caller is put through
 * whatever the database, the disk or the writer does.
 */
#ifndef GATEWAY_ENGINE_LADDER_H
#define GATEWAY_ENGINE_LADDER_H

#include <stddef.h>

#include "gateway/base/json_writer.h"
#include "gateway/base/time.h"
#include "gateway/engine/directory.h"

/* More are left out; the last place is the emergency number's. A caller who lets all of
 * them ring has waited for a quarter of an hour. */
#define LADDER_RUNGS_MAX 32

struct ladder_rung {
    const char *phone;                     /* E.164; no two rungs have the same */
    const struct directory_person *person; /* NULL: the customer's emergency number */
    const char *role;                      /* on call as; NULL: named by the procedure itself */
    int step;                              /* of the default procedure, from 1; 0: of none */
    int place;                             /* which of the person's numbers, from 1 */
};

struct ladder {
    struct ladder_rung rungs[LADDER_RUNGS_MAX];
    size_t count;
    bool cut; /* there was no place for all of them */
};

/* The people of the default procedure's steps in their order, as far as they are active and have a
 * number, whatever path the step reaches them by, each with all their numbers in order before the
 * next; then the emergency number. Without a default
 * procedure: who is on call as "principal", then in the other roles by their names. May be empty.
 * Everything in it lives as long as the customer. */
void ladder_resolve(const struct directory_customer *customer, struct wall_time at,
                    struct ladder *ladder_r);

/* Who is on call in the role first, then what ladder_resolve() answers. role NULL: only that. */
void ladder_resolve_role(const struct directory_customer *customer, const char *role,
                         struct wall_time at, struct ladder *ladder_r);

/* Writes the array of its rungs: {"phone","agent" or "contact","name","role","step","place" from
 * the second number of a person on,"emergency"}. */
void ladder_write(struct json_writer *json, const struct ladder *ladder);

#endif
