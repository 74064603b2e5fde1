/* push.h - sends notifications to phones over APNs and FCM, and says what became of each.
 *
 * A sender owns one thread with an epoll loop, its HTTP/2 connections (nghttp2 over OpenSSL) and
 * its provider tokens. Any program can link it: it knows nothing of escalations.
 *
 * The promise: every job that push_submit() took ends in exactly one call of its `complete`, by
 * its deadline (plus the loop's granularity of a few milliseconds), whatever the network does.
 */
#ifndef APNS_FCM_PUSH_H
#define APNS_FCM_PUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/clock.h"
#include "gateway/base/random.h"
#include "gateway/base/status.h"
#include "gateway/base/uuid.h"

enum push_provider { PUSH_APNS, PUSH_FCM };
#define PUSH_PROVIDERS_COUNT 2

/* Which of Apple's two worlds a device token belongs to. FCM has one and ignores it. */
enum push_environment { PUSH_PRODUCTION, PUSH_SANDBOX };

/* How hard to try to be heard. CRITICAL breaks through silence and Do-Not-Disturb (APNs: critical
 * alert, needs Apple's entitlement; otherwise TIME_SENSITIVE), SILENT replaces or withdraws a
 * notification without sound. */
enum push_urgency { PUSH_CRITICAL, PUSH_TIME_SENSITIVE, PUSH_NORMAL, PUSH_SILENT };

/* How a job ended. */
enum push_outcome {
    PUSH_ACCEPTED,        /* the provider took it; provider_id is its id */
    PUSH_REFUSED,         /* for good; reason says why. Another try as is would fare no better */
    PUSH_RETRY_EXHAUSTED, /* tried until the deadline; the last reason is given; never accepted:
                             every try was answered, and with a failure */
    PUSH_EXPIRED,         /* the deadline passed before anything was written to the provider */
    PUSH_UNCERTAIN,       /* written, and no answer read: it may have been taken */
};

/* What a refusal means for the target; PUSH_TARGET_OK for everything else. */
enum push_verdict {
    PUSH_TARGET_OK,
    PUSH_TARGET_GONE,         /* unregistered or expired token: retire it (see gone_since) */
    PUSH_TARGET_SUSPECT,      /* BadDeviceToken and the like: also what a wrong environment gives */
    PUSH_CONFIGURATION_WRONG, /* keys, topic, project: tell a person, retire nobody */
    PUSH_MESSAGE_WRONG,       /* too large, malformed: a bug here */
};

#define PUSH_TARGET_BYTES_MAX      4096
#define PUSH_PAYLOAD_BYTES_MAX     4096
#define PUSH_REASON_BYTES_MAX      64
#define PUSH_PROVIDER_ID_BYTES_MAX 160
#define PUSH_COLLAPSE_BYTES_MAX    65

struct push_result {
    enum push_outcome outcome;
    enum push_verdict verdict;
    int http_status;                              /* of the last answer, 0 without one */
    char reason[PUSH_REASON_BYTES_MAX];           /* the provider's word, or ours ("timeout") */
    char provider_id[PUSH_PROVIDER_ID_BYTES_MAX]; /* apns-id, or FCM's message name */
    struct wall_time gone_since;                  /* APNs 410's timestamp; WALL_NEVER otherwise */
    unsigned tries;                               /* requests written for this job */
    struct wall_time first_written_at;            /* WALL_NEVER when nothing was written */
};

/* One notification for one device. All texts are copied by push_submit(). */
struct push_job {
    enum push_provider provider;
    enum push_environment environment;
    const char *target;      /* APNs: device token in hex; FCM: registration token */
    struct uuid id;          /* apns-id; the same on every try */
    const char *collapse_id; /* at most 64 bytes: what a later notification replaces; or NULL */
    enum push_urgency urgency;
    struct wall_time expires_at;    /* the provider drops it after this */
    struct monotonic_time deadline; /* the job ends by then */
    /* The visible part: neutral words only, both providers. NULL title: nothing is shown. */
    const char *title;
    const char *body;
    const char *category; /* APNs category of actions, FCM click action; or NULL */
    const char *channel;  /* FCM notification channel; or NULL */
    /* Data for the app: a finished JSON object of string values, e.g. {"escalation":"…"}; APNs
     * carries it beside "aps", FCM in message.data; or NULL. Names that are taken: APNs "aps"; FCM
     * "push_id", "urgency", "title", "body", "category", "channel", "collapse_id" (ours, from the
     * fields above: the app itself draws and replaces what it shows), "from", "message_type". */
    const char *data_json;
    /* Called once, from the sender's thread; must not block. The result is valid during the call.
     */
    void (*complete)(void *context, const struct push_result *result);
    void *context;
};

/* Where a provider is. */
struct push_endpoint {
    const char *host; /* also what the certificate must name */
    const char *port; /* decimal */
};

/* What a sender needs; copied by push_sender_create(). A provider whose credentials are NULL is not
 * configured: its jobs end refused with "NotConfigured". */
struct push_configuration {
    const char *ca_file;          /* PEM bundle; NULL: the system's */
    struct push_endpoint apns[2]; /* by enum push_environment; NULL host: Apple's own, port 443 */
    const char *apns_key_pem;     /* the .p8 file's text */
    const char *apns_key_id;      /* kid */
    const char *apns_team_id;     /* iss */
    const char *apns_topic;       /* the app's bundle id */
    bool apns_critical_entitled;  /* Apple granted the critical-alerts entitlement */
    struct push_endpoint fcm;     /* NULL host: Google's own */
    const char *fcm_service_account_json; /* the service account file's text */
    size_t jobs_max;                      /* jobs inside at once; 0: 32 768 */
    const struct clock_source *clock;     /* NULL: the system's */
    const struct random_source *random;   /* NULL: the system's */
};

enum push_health { PUSH_HEALTH_UNUSED, PUSH_HEALTH_UP, PUSH_HEALTH_DEGRADED, PUSH_HEALTH_DOWN };

/* A copy of the counters of one provider, taken at one moment. */
struct push_statistics {
    enum push_health health;
    struct wall_time down_since; /* WALL_NEVER unless down */
    uint64_t jobs_submitted;
    uint64_t outcomes[5]; /* by enum push_outcome */
    uint64_t requests_written;
    uint64_t connections_opened;
    uint64_t connections_lost;
    uint64_t goaways;
    uint64_t tokens_minted;
    uint64_t jobs_inside;
    int64_t clock_skew_ms; /* the provider's `date` minus ours, 0 when unknown */
};

struct push_sender;

/* Checks the configuration (keys parse, service account is complete) and starts the thread.
 * On failure *sender_r is untouched and error names the field. */
enum status push_sender_create(const struct push_configuration *configuration,
                               struct push_sender **sender_r, struct error *error) MUST_CHECK;

/* Stops taking jobs, ends those inside (uncertain or expired) with their calls, joins the thread,
 * frees and NULLs. Never from inside a `complete`. */
void push_sender_destroy(struct push_sender **sender);

/* Takes a job. Any thread, also from inside a `complete`; does not block. All memory the job and
 * its outcome will need is taken here:
 * STATUS_FULL      jobs_max are inside, or the sender is stopping;
 * STATUS_NO_MEMORY;
 * STATUS_INVALID   a field breaks a rule (named in error); STATUS_TOO_LARGE: the payload would.
 * On any of these `complete` is never called. */
enum status push_submit(struct push_sender *sender, const struct push_job *job,
                        struct error *error) MUST_CHECK;

/* As push_submit() for many jobs with one wake-up of the sender's thread. Answers how many were
 * taken, from the front; *status_r is what stopped it, STATUS_OK when all were. */
size_t push_submit_many(struct push_sender *sender, const struct push_job *jobs, size_t jobs_count,
                        enum status *status_r, struct error *error);

/* New credentials (SIGHUP): parsed first, then swapped by the sender's thread; jobs inside go on
 * with the new ones. On failure the old ones stay. */
enum status push_sender_reload(struct push_sender *sender,
                               const struct push_configuration *configuration,
                               struct error *error) MUST_CHECK;

/* Any thread. */
void push_sender_statistics(struct push_sender *sender, enum push_provider provider,
                            struct push_statistics *statistics_r);

const char *push_outcome_text(enum push_outcome outcome); /* "accepted", "refused", … */

#endif
