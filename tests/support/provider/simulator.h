/* simulator.h - what the providers share: their settings, the script, the log, the counters.
 *
 * Everything here belongs to the event loop's thread.
 */
#ifndef TESTS_SUPPORT_PROVIDER_SIMULATOR_H
#define TESTS_SUPPORT_PROVIDER_SIMULATOR_H

#include <stdint.h>

#include "gateway/base/time.h"
#include "tests/support/provider/event_loop.h"
#include "tests/support/provider/http2_server.h"
#include "tests/support/provider/json_scan.h"
#include "tests/support/provider/received_log.h"
#include "tests/support/provider/script.h"
#include "tests/support/provider/seen_ids.h"
#include "tests/support/provider/tls_faults.h"
#include "tests/support/provider/tls_identity.h"

struct simulator_settings {
    const char *folder;
    uint16_t ports[PROVIDERS_COUNT]; /* 0: any free one */
    const char *apns_key_id;
    const char *apns_team_id;
    const char *apns_topic;
    const char *project;
    const char *token_uri;  /* NULL: the oauth port's own address */
    unsigned streams_first; /* APNs: until a connection has shown a valid token */
    unsigned streams_max;
    int64_t token_update_s;  /* a connection's provider token may change after so long */
    int64_t token_age_s_max; /* how old a provider token may be */
    int64_t oauth_expires_s;
    int64_t idle_timeout_s;
    int64_t window_bytes;
    bool no_log;
    bool die_with_parent;
};

struct provider_statistics {
    uint64_t accepted;
    uint64_t accepted_ids;   /* distinct ids among them */
    uint64_t accepted_again; /* accepted although the same id had been */
    uint64_t repeated;       /* requests whose id had been seen before, whatever became of them */
    uint64_t unanswered;
    uint64_t by_status[600];
};

/* GOAWAY behind a chosen request. */
struct goaway_plan {
    uint64_t left;  /* requests until then; 0: nothing planned */
    uint64_t every; /* begins again so often */
    int64_t times;  /* how many more GOAWAYs */
    char debug[SCRIPT_TEXT_BYTES_MAX + 1];
};

#define PROVIDER_TOKEN_BYTES_MAX 1024
#define VERIFIED_TOKENS_COUNT    8

/* A provider token whose signature and claims were found good; its age is checked every time. */
struct verified_token {
    size_t bytes; /* 0: free */
    int64_t issued_s;
    char text[PROVIDER_TOKEN_BYTES_MAX];
};

struct access_tokens;
struct control;
struct device_keys;

struct simulator {
    struct simulator_settings settings;
    struct event_loop *loop;
    struct tls_identity identity;
    struct script *script;
    struct received_log *log;
    struct seen_ids *seen;
    struct verified_token verified[VERIFIED_TOKENS_COUNT];
    unsigned verified_next;
    struct json_scan scan;               /* scratch, for one request at a time */
    struct access_tokens *access_tokens; /* what OAuth gave out, and FCM takes */
    struct device_keys *device_keys;     /* of devices that get encrypted content */
    struct tls_faults *tls_faults;
    unsigned char plain[HTTP2_BODY_BYTES_MAX]; /* scratch, for one request at a time */
    struct http2_server *servers[PROVIDERS_COUNT];
    struct provider_statistics statistics[PROVIDERS_COUNT];
    struct goaway_plan goaways[PROVIDERS_COUNT];
    unsigned streams_at_start[PROVIDERS_COUNT];
    char client_email[128];
    char token_uri[256];
    int64_t clock_offset_ms; /* how wrong the providers' clocks are */
    struct wall_time now;    /* of this turn, offset included */
    int64_t tick_s;
    struct control *control;
    struct error failure; /* why the loop was stopped, if it was not asked to */
};

/* The services, each in the file of its name. */
void apns_service(struct simulator *simulator, struct http2_service *service_r);
void fcm_service(struct simulator *simulator, struct http2_service *service_r);
void oauth_service(struct simulator *simulator, struct http2_service *service_r);
void webpush_service(struct simulator *simulator, struct http2_service *service_r);

/* Notes a request's fate in the log and the counters. Sets received->repeated. */
void simulator_note(struct simulator *simulator, struct received *received);

/* What the script has for an otherwise valid request. false: that is done already, or put off, and
 * the request needs no answer; received then is noted. true: *rule_r wants an HTTP answer. */
bool simulator_take_rule(struct simulator *simulator, struct http2_request *request,
                         struct received *received, struct script_rule *rule_r);

/* Replaces or fattens the finished answer of an accepted request as the rule says. */
void simulator_bend(const struct script_rule *rule, struct http2_response *response);

/* Whether the rule gives the answer a status of its own. */
bool simulator_has_status(const struct script_rule *rule);

/* The GOAWAY debug data of a server that is going to restart. */
extern const char simulator_shutdown_debug[];

/* Sends the GOAWAY that is planned for this request, if it is. Called before every answer; a
 * request that was put off counts once. */
void simulator_count_request(struct simulator *simulator, struct http2_request *request,
                             enum provider provider);

/* RFC 9110's date of this turn; 29 characters. Valid until the next call. */
struct view simulator_date(const struct simulator *simulator);

/* Decimal digits of a number; buffer is at least 24 bytes. */
struct view view_of_number(int64_t number, char *buffer);
struct view view_of_text(const char *text);

#endif
