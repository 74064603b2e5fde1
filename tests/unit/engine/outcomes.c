#include "tests/unit/engine/outcomes.h"

void report_gone(struct house *house, const struct sent *sent, struct wall_time since)
{
    struct transport_request outcome = {.attempt = sent->attempt,
                                        .transport = ATTEMPT_FAILED,
                                        .reason = "Unregistered",
                                        .tries = 1,
                                        .at = house->wall,
                                        .device_gone = true,
                                        .gone_since = since};
    engine_outcome(house->engine, sent->customer_id, sent->escalation, sent->path, &outcome);
}
