/* escalation_json.h - the members that every view of an escalation shares, written once: in the
 * writer's answers and in what is read from the database.
 */
#ifndef GATEWAY_ENGINE_ESCALATION_JSON_H
#define GATEWAY_ENGINE_ESCALATION_JSON_H

#include <stdint.h>

#include "gateway/base/json_writer.h"
#include "gateway/core/escalation.h"
#include "gateway/engine/directory.h"

/* The member "holder": null, or who has it, since when, by what path and how far they are. */
void escalation_json_holder(struct json_writer *json, const struct directory_customer *customer,
                            const struct escalation *escalation);

/* The member "next": null, or when something happens and what. wall_of_engine_ms is the wall clock
 * minus engine time, now: people read wall time. */
void escalation_json_next(struct json_writer *json, const struct escalation *escalation,
                          int64_t wall_of_engine_ms);

/* The members "members" and "offers": who works on it beside the holder, and who is asked. */
void escalation_json_team(struct json_writer *json, const struct directory_customer *customer,
                          const struct escalation *escalation, int64_t wall_of_engine_ms);

#endif
