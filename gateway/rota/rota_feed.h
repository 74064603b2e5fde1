/* rota_feed.h - shifts as an iCalendar file (RFC 5545) that a calendar program subscribes to.
 *
 * Own writing, not libical's: that does not say when it ran out of memory within a text
 * (icalmemory_append_string() answers nothing), and half a calendar reads like a whole one.
 */
#ifndef GATEWAY_ROTA_ROTA_FEED_H
#define GATEWAY_ROTA_ROTA_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/arena.h"
#include "gateway/base/status.h"
#include "gateway/base/time.h"

#define ROTA_FEED_DAYS_BACK  31
#define ROTA_FEED_DAYS_AHEAD 365
#define ROTA_FEED_BYTES_MAX  ((size_t)4 * 1024 * 1024) /* some 14 000 shifts */

/* One shift; texts borrowed. */
struct rota_feed_shift {
    struct wall_time from; /* whole seconds are written */
    struct wall_time to;
    struct wall_time changed_at; /* when its rota last changed: the DTSTAMP */
    const char *rota;            /* the rota's slug, which is the role */
    const char *agent;           /* slug */
    const char *agent_name;
};

/* The shifts of a rota, or those of one agent in all rotas of a customer; texts borrowed. */
struct rota_feed {
    const char *customer; /* slug */
    const char *customer_name;
    const char *rota;                     /* NULL: one agent's */
    const char *agent_name;               /* of one agent's; NULL: a rota's */
    bool french;                          /* English otherwise */
    const struct rota_feed_shift *shifts; /* in the order in which they are written */
    size_t shifts_count;
};

/* What a feed shows: from ROTA_FEED_DAYS_BACK before to ROTA_FEED_DAYS_AHEAD behind this day of
 * UTC, so that it is the same file all day. Not before 1970 and not after 9999. */
void rota_feed_window(struct wall_time now, struct wall_time *from_r, struct wall_time *to_r);

/* Writes the calendar, whose text is terminated and lives in the arena. The same shifts make the
 * same bytes. A shift keeps its UID as long as its customer, rota, agent and start stay;
 * X-ASTREINTE-AGENT names the agent for rota_import.h. Lines end in CRLF and are folded at 75
 * octets between characters (section 3.1); METHOD is PUBLISH; programs are asked to look again
 * after a quarter of an hour (REFRESH-INTERVAL of RFC 7986, section 5.7, and X-PUBLISHED-TTL for
 * older ones). A shift does not make its agent busy (TRANSP).
 *
 * STATUS_TOO_LARGE: over ROTA_FEED_BYTES_MAX; STATUS_NO_MEMORY. On failure the outputs are
 * untouched. Any thread. */
enum status rota_feed_write(const struct rota_feed *feed, struct arena *arena, const char **text_r,
                            size_t *bytes_r, struct error *error) MUST_CHECK;

#endif
