/* pauses.h - how an agent's pause is shown. */
#ifndef ADMIN_API_PAUSES_H
#define ADMIN_API_PAUSES_H

#include "gateway/base/json_writer.h"
#include "gateway/engine/directory.h"

/* The member "paused": an object, or null for NULL. Until when is said by the wall as it stands
 * now, whoever set it meanwhile: wall_of_engine_ms is the wall minus engine time. */
void pause_write(struct json_writer *json, const struct directory_pause *pause,
                 int64_t wall_of_engine_ms);

#endif
