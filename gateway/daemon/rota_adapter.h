/* rota_adapter.h - gives the engine its view of gateway/rota. */
#ifndef GATEWAY_DAEMON_ROTA_ADAPTER_H
#define GATEWAY_DAEMON_ROTA_ADAPTER_H

#include "gateway/engine/engine.h"

/* Stateless; usable from any thread. */
struct engine_rotas rota_adapter(void);

struct rota;
struct rota_context;
struct rota_interval;

/* Reads a definition that is to be compiled within [from, to), and lends it what the customer's
 * calendar (NULL: there is none) has. The rota lives in the arena. Statuses as of rota_parse();
 * STATUS_INVALID, too, when it asks for a file's holidays where the file was not read. */
enum status rota_adapter_open(const char *definition, const struct engine_calendar *calendar,
                              struct wall_time from, struct wall_time to, struct arena *arena,
                              struct rota **rota_r, struct rota_context *context_r,
                              struct error *error) MUST_CHECK;

/* The intervals as the engine sees them, in the arena; NULL: no memory. The slugs stay where they
 * are, in the intervals. */
struct engine_rota_interval *rota_adapter_copy(const struct rota_interval *intervals, size_t count,
                                               struct arena *arena);

#endif
