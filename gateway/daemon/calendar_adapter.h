/* calendar_adapter.h - gives the HTTP front its view of gateway/rota: calendars that go out, and
 * plannings that come in. */
#ifndef GATEWAY_DAEMON_CALENDAR_ADAPTER_H
#define GATEWAY_DAEMON_CALENDAR_ADAPTER_H

#include "admin-api/admin_api.h"

/* Stateless; usable from any thread. */
struct admin_api_calendars calendar_adapter(void);

#endif
