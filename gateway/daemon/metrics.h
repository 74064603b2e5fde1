/* metrics.h - what push, telephony, backups and the self-check add to /metrics and /readyz. */
#ifndef GATEWAY_DAEMON_METRICS_H
#define GATEWAY_DAEMON_METRICS_H

#include "admin-api/admin_api.h"
#include "apns-fcm/push.h"
#include "gateway/daemon/backups.h"
#include "gateway/daemon/heartbeat.h"
#include "gateway/daemon/self_check.h"
#include "gateway/telephony/telephony.h"

/* push, telephony and backups may be NULL: not configured. */
struct metrics {
    struct push_sender *push;
    struct telephony *telephony;
    struct backups *backups;
    struct self_check *self_check;
    struct heartbeat *heartbeat;
};

struct admin_api_hooks metrics_hooks(struct metrics *metrics);

#endif
