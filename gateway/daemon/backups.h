/* backups.h - backups while the gateway runs: one at a time, in a thread of its own that rests as
 * long as it works. */
#ifndef GATEWAY_DAEMON_BACKUPS_H
#define GATEWAY_DAEMON_BACKUPS_H

#include "admin-api/admin_api.h"
#include "gateway/base/clock.h"
#include "gateway/base/random.h"
#include "gateway/base/status.h"
#include "gateway/daemon/backup_file.h"
#include "gateway/engine/engine.h"

struct backups;

struct backups_configuration {
    struct backup_place place; /* its texts must outlive the backups */
    struct engine *engine;     /* hears of what failed; NULL: nobody does */
    const struct clock_source *clock;
    const struct random_source *random;
};

/* Removes what an earlier run left half done. NULL when out of memory. */
struct backups *backups_create(const struct backups_configuration *configuration);

/* Ends a running backup without a trace; then the engine may go. NULLs the pointer. */
void backups_destroy(struct backups **backups);

/* What the API is given. */
struct admin_api_backups backups_interface(struct backups *backups);

/* Prometheus text (terminated) into the buffer; answers its bytes. Any thread. */
size_t backups_metrics(struct backups *backups, char *buffer, size_t buffer_bytes);

#endif
