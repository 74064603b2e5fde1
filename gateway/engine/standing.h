/* standing.h - how agents stand who may be asked now: paused, with phones that were not heard of,
 * at work on something else. For the writer, with the engine's store.
 */
#ifndef GATEWAY_ENGINE_STANDING_H
#define GATEWAY_ENGINE_STANDING_H

#include "gateway/engine/engine_private.h"

/* How agents stand when this event comes to an escalation, as it is before it; read from the store
 * where the event may ask them in a step. It lives as long as the engine does. */
struct people_standing standing_for(struct engine *engine, const struct event *event,
                                    const struct procedure *procedure,
                                    const struct escalation *escalation);

/* Sets paused and busy of an agent who may be asked by name with this event, where somebody could
 * be asked beside them; otherwise the store is not read. Answers as it does. */
enum status standing_by_name(struct engine *engine, const struct directory_person *person,
                             const struct escalation *escalation, const struct event *event,
                             const struct context *context, struct context_person *person_r,
                             struct error *error) MUST_CHECK;

#endif
