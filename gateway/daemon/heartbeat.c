#include "gateway/daemon/heartbeat.h"

#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/log.h"
#include "gateway/base/random.h"
#include "gateway/daemon/configuration.h"

/* Whatever the receiver does, the gateway goes on: it is told, and the next beat is the next try.
 */
static void heartbeat_completed(void *context, const struct telephony_result *result)
{
    struct heartbeat *heartbeat = context;
    bool delivered = result->outcome == TELEPHONY_DELIVERED;
    atomic_fetch_add(delivered ? &heartbeat->delivered : &heartbeat->failed, 1);
    atomic_store(&heartbeat->inside, false);
    if (!delivered && strcmp(result->reason, "stopping") != 0) {
        log_warning("daemon.heartbeat_not_delivered", LOG_TEXT("reason", result->reason));
        engine_alarm(heartbeat->engine, "heartbeat.not_delivered", result->reason);
    }
}

static void send_heartbeat(struct heartbeat *heartbeat, struct monotonic_time now)
{
    struct error error;
    struct telephony_job job = {
        .endpoint = HEARTBEAT_ENDPOINT,
        .id = uuid_v7(clock_wall(&clock_system), &random_system),
        .body_json = "{\"type\":\"gateway.heartbeat\"}",
        .deadline = {now.ms + heartbeat->timeout_ms},
        .complete = heartbeat_completed,
        .context = heartbeat,
    };
    atomic_store(&heartbeat->inside, true);
    if (telephony_submit(heartbeat->telephony, &job, &error) != STATUS_OK) {
        atomic_store(&heartbeat->inside, false);
        atomic_fetch_add(&heartbeat->failed, 1);
        log_warning("daemon.heartbeat_not_sent", LOG_TEXT("detail", error.text));
    }
}

void heartbeat_look(struct heartbeat *heartbeat, enum self_check_verdict verdict,
                    struct monotonic_time now)
{
    if (heartbeat->every_ms == 0 || now.ms < heartbeat->due_at.ms) {
        return;
    }
    if (verdict == SELF_CHECK_PASSED) {
        heartbeat->overdue = false;
        if (!atomic_load(&heartbeat->inside)) {
            heartbeat->due_at.ms = now.ms + heartbeat->every_ms;
            send_heartbeat(heartbeat, now);
        }
    } else if (!heartbeat->overdue) {
        heartbeat->overdue = true;
        atomic_fetch_add(&heartbeat->withheld, 1);
        log_warning("daemon.heartbeat_withheld", LOG_NONE);
    }
}
