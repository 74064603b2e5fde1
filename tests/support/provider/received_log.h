/* received_log.h - received.jsonl: what the providers were sent, and what they answered.
 *
 * A line is in the file before the answer is on the wire: whoever has read an answer finds its
 * line. Lines are gathered during a turn of the event loop and written with one write(2).
 */
#ifndef TESTS_SUPPORT_PROVIDER_RECEIVED_LOG_H
#define TESTS_SUPPORT_PROVIDER_RECEIVED_LOG_H

#include "gateway/base/status.h"
#include "gateway/base/time.h"
#include "tests/support/provider/http2_server.h"
#include "tests/support/provider/script.h"

/* One request. Absent views and NULL texts become null. */
struct received {
    enum provider provider;
    struct view id; /* apns-id; FCM's data.attempt or push_id; Web Push: in the plain text */
    struct view token;
    unsigned status; /* 0: it was not answered, reason says how */
    const char *reason;
    const char *detail; /* what exactly the simulator minded; the vendor would not say */
    const char *provider_id;
    struct view priority;
    struct view push_type;
    struct view collapse_id;
    struct view expiration;
    struct view payload; /* valid JSON, or absent */
    struct view plain;   /* what the payload's encrypted record held, or absent */
    bool repeated;       /* the id was seen before */
};

struct received_log;

/* path NULL: lines are counted and dropped. Appends to a file that is there. */
enum status received_log_create(const char *path, struct received_log **log_r,
                                struct error *error) MUST_CHECK;
void received_log_destroy(struct received_log **log);

void received_log_add(struct received_log *log, const struct received *received,
                      struct wall_time now);
/* Writes the gathered lines; STATUS_IO when the file cannot be written. */
enum status received_log_flush(struct received_log *log) MUST_CHECK;

#endif
