/* rota_adapter.h - gives the engine its view of gateway/rota. */
#ifndef GATEWAY_DAEMON_ROTA_ADAPTER_H
#define GATEWAY_DAEMON_ROTA_ADAPTER_H

#include "gateway/engine/engine.h"

/* Stateless; usable from any thread. */
struct engine_rotas rota_adapter(void);

struct rota_interval;

/* The intervals as the engine sees them, in the arena; NULL: no memory. */
struct engine_rota_interval *rota_adapter_copy(const struct rota_interval *intervals, size_t count,
                                               struct arena *arena);

#endif
