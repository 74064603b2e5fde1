/* nightly.h - coverage by itself: a thread of its own computes it of each customer when it is due
 * (gateway/coverage/nightly.h), has the writer keep the report, and tells the alarms.
 *
 * A report is kept before its alarm goes out, and that it went out is kept behind it: a crash in
 * between tells it once more, and loses none. What cannot be computed or kept is tried again, after
 * a minute first and at last each hour, and is an alarm (`coverage.not_computed`), as is its end
 * (`coverage.computed_again`).
 */
#ifndef ADMIN_API_NIGHTLY_H
#define ADMIN_API_NIGHTLY_H

#include "admin-api/admin_api.h"
#include "gateway/base/arena.h"

struct nightly;

/* Begins to look; not when it is off: *nightly_r is NULL then. Call it before engine_start(): what
 * it posts waits. STATUS_NO_MEMORY, STATUS_IO, or of store_open_reader(). */
enum status nightly_start(const struct admin_api_coverage *schedule, const char *database_path,
                          struct engine *engine, const struct clock_source *clock,
                          struct nightly **nightly_r, struct error *error) MUST_CHECK;

/* Ends with the customer at hand, while the engine still runs. NULLs the pointer; NULL is fine. */
void nightly_stop(struct nightly **nightly);

/* When the customer's coverage was due last. Any thread; the zone is read into the arena. Statuses
 * as moment_parse(). */
enum status nightly_due(const struct admin_api_coverage *schedule,
                        const struct directory_customer *customer, struct wall_time now,
                        struct arena *arena, struct wall_time *due_r,
                        struct error *error) MUST_CHECK;

/* Alarms when one customer takes too long. Any thread; NULL is fine. */
void nightly_watch(struct nightly *nightly);

/* Prometheus text (terminated) into the buffer; answers its bytes. Any thread; NULL writes
 * nothing. */
size_t nightly_metrics(struct nightly *nightly, char *buffer, size_t buffer_bytes);

#endif
