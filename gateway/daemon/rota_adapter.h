/* rota_adapter.h - gives the engine its view of gateway/rota. */
#ifndef GATEWAY_DAEMON_ROTA_ADAPTER_H
#define GATEWAY_DAEMON_ROTA_ADAPTER_H

#include "gateway/engine/engine.h"

/* Stateless; usable from any thread. */
struct engine_rotas rota_adapter(void);

#endif
