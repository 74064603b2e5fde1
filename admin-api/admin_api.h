/* admin_api.h - the HTTP front: webhook, agents' phones, telephony outcomes, administration, live
 * stream and operations, over libmicrohttpd.
 *
 * HTTP threads parse, authenticate and validate; whatever changes something becomes a command for
 * the engine while the connection is suspended, whatever reads the database is done by a pool of
 * reader threads. What things mean belongs to the engine, not here.
 */
#ifndef ADMIN_API_ADMIN_API_H
#define ADMIN_API_ADMIN_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/arena.h"
#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/engine/engine.h"

struct admin_api;

#define READINESS_REASONS_MAX   16
#define CONNECTIONS_MAX_DEFAULT 1024
#define PUBLIC_URL_BYTES_MAX    512

/* What the daemon adds to /metrics and /readyz. All optional; called from HTTP threads; must not
 * block. */
struct admin_api_hooks {
    /* Writes Prometheus text (terminated) into the buffer; answers its bytes, 0 for none. */
    size_t (*append_metrics)(void *context, char *buffer, size_t buffer_bytes);
    /* Writes up to reasons_max static texts that say why the gateway is not ready. */
    size_t (*readiness)(void *context, const char **reasons_r, size_t reasons_max);
    /* Writes one JSON object with the providers' state, shown by /readyz. Answers its bytes. */
    size_t (*providers)(void *context, char *buffer, size_t buffer_bytes);
    /* The same with counters and connections, as the answer of GET /v1/providers. */
    size_t (*list_providers)(void *context, char *buffer, size_t buffer_bytes);
    /* Whether the 65 bytes of a device's key are a point on P-256. NULL: only the form is looked
     * at. */
    bool (*public_key_is_valid)(void *context, const uint8_t *public_key);
    /* Whether an endpoint of that name is configured; as long as there is none at all, each may
     * come. NULL: any name may be. */
    bool (*endpoint_is_known)(void *context, const char *name);
    void *context;
};

/* Backups of the database: what the daemon lends to POST and GET /v1/backups. Called from HTTP
 * threads; must not block. NULL members: there are none.
 *
 * begin: starts one and answers its id; STATUS_CONFLICT: one is running.
 * show: writes one JSON object about the backup of that id; 0: not known. Answers its bytes. */
struct admin_api_backups {
    enum status (*begin)(void *context, struct uuid *id_r, struct error *error);
    size_t (*show)(void *context, struct uuid id, char *buffer, size_t buffer_bytes);
    void *context;
};

/* What a calendar is asked for: a rota (agent NULL) or an agent (rota NULL). */
struct admin_api_feed {
    const struct directory_customer *customer;
    const struct directory_rota *rota;
    const struct directory_person *agent;
    struct wall_time now;
};

/* A planning that is to become replacements of a rota. */
struct admin_api_import {
    const struct directory_customer *customer;
    const struct directory_rota *rota; /* NULL: one is made */
    const char *text;                  /* the iCalendar file, not terminated */
    size_t bytes;
    struct wall_time from; /* what is over by then is left out */
    bool replaces;         /* what is there already and lies within its period goes */
};

/* A time during which somebody else is on call than before; "": nobody. */
struct admin_api_change {
    struct wall_time from;
    struct wall_time to;
    char before[SLUG_BYTES_MAX];
    char after[SLUG_BYTES_MAX];
};

struct admin_api_planning {
    const char *definition; /* of the rota as it becomes */
    bool is_new;            /* there was no such rota */
    size_t shifts_count;    /* that the file has */
    size_t unchanged;       /* of these, there already */
    size_t past;            /* left out */
    size_t cancelled;       /* left out */
    const struct engine_rota_interval *added;
    size_t added_count;
    const struct engine_rota_interval *removed;
    size_t removed_count;
    const struct admin_api_change *changes;
    size_t changes_count;
    bool more_changes; /* than are listed */
};

/* Calendars: what the daemon lends to feeds and imports (gateway/rota). Called from reader threads;
 * what they answer lives in the arena. NULL members: there are none.
 *
 * write: the shifts as an iCalendar file, terminated. plan: what an import would do, without doing
 * it. On failure the outputs are untouched; the error of plan names place and remedy. */
struct admin_api_calendars {
    enum status (*write)(void *context, const struct admin_api_feed *feed, struct arena *arena,
                         const char **text_r, size_t *bytes_r, struct error *error);
    enum status (*plan)(void *context, const struct admin_api_import *import, struct arena *arena,
                        struct admin_api_planning *planning_r, struct error *error);
    void *context;
};

/* When coverage is computed by itself; zero: never. */
struct admin_api_coverage {
    bool is_on;
    int minute;              /* of the day on each customer's clock, 0 to 1439 */
    int64_t before_shift_ms; /* that long before each shift begins, too; 0: not */
    int64_t first_after_ms;  /* a customer that has none yet, since it was first seen */
};

/* Zero members take the default in brackets. Texts are only read by admin_api_start(). */
struct admin_api_configuration {
    const char *listen_address; /* numeric IPv4 or IPv6 address [127.0.0.1] */
    uint16_t listen_port;       /* 0: a free one, see admin_api_port() */
    const char *tls_key_file;   /* PEM, both or none: TLS in the daemon itself */
    const char *tls_cert_file;
    unsigned threads; /* [2] */
    unsigned readers; /* threads that read the database [2] */
    /* [CONNECTIONS_MAX_DEFAULT] New escalations hold half of them at most while they wait, other
     * calls a quarter; the rest is for acknowledgments and telephony outcomes. When three quarters
     * are open, idle ones are ended and answers end theirs. */
    unsigned connections_max;
    unsigned connections_per_address_max; /* [0: no limit] */
    int64_t request_deadline_ms;          /* to receive a request, and to answer it [10000] */
    size_t body_bytes_max;                /* [65536] */
    const char *database_path;
    struct engine *engine;
    struct clock_source clock;
    struct admin_api_hooks hooks;
    struct admin_api_backups backups;
    struct admin_api_calendars calendars;
    struct admin_api_coverage coverage;
    /* What addresses of feeds begin with, at most PUBLIC_URL_BYTES_MAX; NULL: this machine's own.
     */
    const char *public_url;
};

/* Begins to listen. Call it after engine_create() and before engine_start(): it becomes the
 * engine's listener for commits. On failure *api_r is untouched. */
enum status admin_api_start(const struct admin_api_configuration *configuration,
                            struct admin_api **api_r, struct error *error) MUST_CHECK;

/* The port it listens on. */
uint16_t admin_api_port(const struct admin_api *api);

/* Looks after its own thread of coverage: alarms when it hangs. Any thread, now and then. */
void admin_api_watch(struct admin_api *api);

/* Refuses new requests, lets those inside finish for up to two seconds, answers the rest 503 and
 * ends all threads. Call it while the engine still runs. */
void admin_api_stop(struct admin_api *api);

/* After admin_api_stop() and engine_destroy(): commands of clients that went away may complete
 * until then. NULLs the pointer; NULL is fine. */
void admin_api_destroy(struct admin_api **api);

#endif
