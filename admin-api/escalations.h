/* escalations.h - what the handlers of escalations share: finding one, showing it. */
#ifndef ADMIN_API_ESCALATIONS_H
#define ADMIN_API_ESCALATIONS_H

#include "admin-api/exchange.h"
#include "admin-api/view.h"
#include "gateway/engine/engine.h"

/* Reader threads: finds whose exchange->id is and whether the principal may see it. False: the
 * answer (404) is there. */
bool escalations_find(struct exchange *exchange, struct store *store);

/* Reader threads: answers with the escalation, with all its history or as an agent sees it. */
enum next escalations_show(struct exchange *exchange, struct store *store, bool with_history);

/* Reader threads: this thread looks at that escalation until burden_drop(), and dies of it if it
 * does. False: nobody may (engine_forbids_reading()). */
bool escalations_begin_reading(const struct exchange *exchange, int64_t customer_id,
                               struct uuid escalation);

/* The same for a thread that reads without a request. */
bool escalations_begin_reading_by(const struct engine *engine, int64_t customer_id,
                                  struct uuid escalation);

/* Answers a read that failed; logs what the caller cannot help. */
enum next escalations_read_fault(struct exchange *exchange, enum status status,
                                 const struct error *error);

/* wall = engine + this. */
int64_t escalations_wall_of_engine_ms(struct exchange *exchange);

#endif
