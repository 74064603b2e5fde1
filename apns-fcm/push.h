/* push.h - sends notifications to phones and browsers over APNs, FCM and Web Push, and says what
 * became of each.
 *
 * A sender owns one thread with an epoll loop, pools of HTTP/2 connections (nghttp2 over OpenSSL),
 * the provider tokens, and a second thread that encrypts. Any program can link it: it knows nothing
 * of escalations.
 *
 * The promise: every job that push_submit() took ends in exactly one call of its `complete`, by
 * its deadline (plus the loop's granularity of a few milliseconds), whatever the network does.
 *
 * A notification may ring twice on one phone: when a try was written and never answered the same
 * notification goes out again, and an urgent one is hedged (see push_job.hedge). Every try carries
 * the same id and the same collapse id, tag or topic, so that the phone replaces the first by the
 * second; Apple does not promise that it drops the second ring.
 *
 * Memory: everything a job needs is taken by push_submit(), so that what was taken always ends. The
 * sender's threads never abort the process when memory runs out: a connection is then opened later.
 *
 * jansson's allocator is one for the whole process. The first push_sender_create() wraps it, to
 * know when it had no memory: a program that sets its own (json_set_alloc_funcs()) does so before,
 * and none of its other threads may be in jansson during that first call.
 */
#ifndef APNS_FCM_PUSH_H
#define APNS_FCM_PUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/burden.h"
#include "gateway/base/clock.h"
#include "gateway/base/random.h"
#include "gateway/base/status.h"
#include "gateway/base/uuid.h"

#ifdef __cplusplus
extern "C" {
#endif

enum push_provider { PUSH_APNS, PUSH_FCM, PUSH_WEB };
#define PUSH_PROVIDERS_COUNT 3

/* Which of Apple's two worlds a device token belongs to. The others have one and ignore it. */
enum push_environment { PUSH_PRODUCTION, PUSH_SANDBOX };
#define PUSH_ENVIRONMENTS_COUNT 2

/* ---- what is sent ---- */

/* How hard to try to be heard.
 *
 *                     APNs                                    FCM       Web Push
 *     CRITICAL        priority 10, interruption level         high      Urgency: high
 *                     critical with a critical sound (needs
 *                     Apple's entitlement, else as below)
 *     TIME_SENSITIVE  priority 10, time-sensitive             high      Urgency: high
 *     NORMAL          priority 10, active                     high      Urgency: normal
 *     SILENT          priority 5, passive, no sound           normal    Urgency: low
 *
 * FCM's "high" is for what is shown; a job of style PUSH_BACKGROUND is "normal" there, as Google
 * takes the priority away from apps whose urgent messages show nothing. */
enum push_urgency { PUSH_CRITICAL, PUSH_TIME_SENSITIVE, PUSH_NORMAL, PUSH_SILENT };

/* ALERT is shown; BACKGROUND wakes the app and shows nothing (APNs push type "background", priority
 * 5); VOIP rings as a call through PushKit (topic + ".voip", 5120 bytes; the others: as ALERT). */
enum push_style { PUSH_ALERT, PUSH_BACKGROUND, PUSH_VOIP };

/* A button. Apple knows its buttons by `category` alone; FCM and Web Push carry the list. */
struct push_action {
    const char *id;
    const char *title;
};
#define PUSH_ACTIONS_MAX 4

#define PUSH_PUBLIC_KEY_BYTES  65 /* an uncompressed point on P-256: 0x04, X, Y */
#define PUSH_AUTH_SECRET_BYTES 16

/* What only the phone can read: one aes128gcm record (RFC 8188) encrypted as RFC 8291 says, for the
 * key and the authentication secret that the device made and registered. APNs carries it, in
 * base64url, as the member "encrypted" beside "aps" (with mutable-content, for the app's extension
 * to decrypt), FCM as data member "encrypted"; a Web Push message is nothing but such a record.
 * The plain text is {"title":…,"body":…,"data":{…}}, padded to a multiple of 128 bytes. */
struct push_secret {
    uint8_t public_key[PUSH_PUBLIC_KEY_BYTES];
    uint8_t auth_secret[PUSH_AUTH_SECRET_BYTES];
    const char *title;     /* or NULL */
    const char *body;      /* or NULL */
    const char *data_json; /* a JSON object, or NULL */
};

/* What the person sees, in neutral words that a third party may read, and what the app gets.
 *
 * A payload over the provider's limit is shortened before it is sent, at the boundary of a
 * character and with "…", in this order: the secret's body, the body, the actions' titles, the
 * secret's title, the title. No text is cut below 32 bytes; ids, category and data are never
 * touched. What is too large even so is refused at submit (STATUS_TOO_LARGE). */
struct push_notification {
    enum push_style style;
    enum push_urgency urgency;
    const char *title; /* NULL only for BACKGROUND */
    const char *body;  /* or NULL */
    const char *category;
    const struct push_action *actions; /* at most PUSH_ACTIONS_MAX */
    size_t actions_count;
    const char *thread;  /* what is grouped together on the phone; or NULL */
    const char *channel; /* Android's notification channel; or NULL */
    const char *sound;   /* a file in the app; NULL: "default". None when SILENT or unheard */
    /* Delivered as soon as its urgency says, and shown without a sound: for what the app answers by
     * itself. FCM and Web Push: the phone reads the urgency "silent". */
    bool unheard;
    int volume_percent; /* of a critical sound, 1 to 100; 0: 100 */
    bool has_badge;
    int badge; /* the number on the app's icon; 0 clears it */
    /* A later notification with the same one replaces this; 1 to 64 visible ASCII characters, or
     * NULL. APNs: apns-collapse-id; FCM: data member "collapse_id" and, when SILENT, collapse_key;
     * Web Push: Topic, as a digest of it. */
    const char *collapse_id;
    /* The provider drops it after this. APNs: apns-expiration; FCM: ttl; Web Push: TTL. In the past
     * or now: delivered at once or never (0). WALL_NEVER: the provider's own longest time. */
    struct wall_time expires_at;
    /* Data for the app: a finished JSON object of string values, e.g. {"escalation":"…"}; or NULL.
     * APNs carries it beside "aps", FCM in message.data, Web Push as "data". Taken: APNs "aps",
     * "encrypted"; FCM "push_id", "urgency", "title", "body", "category", "channel", "thread",
     * "actions", "sound", "badge", "collapse_id", "encrypted", "from", "message_type". */
    const char *data_json;
    const struct push_secret *secret; /* NULL: nothing is hidden. Web Push needs one */
};

/* ---- jobs and results ---- */

/* How a job ended. */
enum push_outcome {
    PUSH_ACCEPTED,        /* the provider took it; provider_id is its id, if it told one */
    PUSH_REFUSED,         /* for good; reason says why. Another try as is would fare no better */
    PUSH_RETRY_EXHAUSTED, /* tried until the deadline; the last reason is given; never accepted:
                             every try was answered, and with a failure */
    PUSH_EXPIRED,         /* the deadline passed before anything was written to the provider */
    PUSH_UNCERTAIN,       /* written, and no answer read: it may have been taken */
};
#define PUSH_OUTCOMES_COUNT 5

/* What a refusal means for the target; PUSH_TARGET_OK for everything else. */
enum push_verdict {
    PUSH_TARGET_OK,
    PUSH_TARGET_GONE,         /* unregistered, expired or unsubscribed: retire it (gone_since) */
    PUSH_TARGET_SUSPECT,      /* BadDeviceToken and the like: also what a wrong environment gives.
                                 Retire nobody on one of these */
    PUSH_CONFIGURATION_WRONG, /* keys, topic, project, environment: tell a person, retire nobody;
                                 also SUSPECT answers that come for many devices at once */
    PUSH_MESSAGE_WRONG,       /* too large, malformed: a bug of the caller's or here */
};

#define PUSH_TARGET_BYTES_MAX       4096
#define PUSH_PAYLOAD_BYTES_MAX      4096
#define PUSH_VOIP_PAYLOAD_BYTES_MAX 5120
#define PUSH_REASON_BYTES_MAX       64
#define PUSH_PROVIDER_ID_BYTES_MAX  160
#define PUSH_COLLAPSE_BYTES_MAX     65
#define PUSH_ACCOUNT_BYTES_MAX      64

struct push_result {
    enum push_outcome outcome;
    enum push_verdict verdict;
    int http_status;                              /* of the last answer, 0 without one */
    char reason[PUSH_REASON_BYTES_MAX];           /* the provider's word, or ours ("timeout") */
    char provider_id[PUSH_PROVIDER_ID_BYTES_MAX]; /* apns-id, FCM's name, Web Push's Location */
    struct wall_time gone_since;                  /* APNs 410's timestamp; WALL_NEVER otherwise */
    unsigned tries;                               /* requests written for this job */
    bool hedged;                                  /* one of them was a hedge */
    struct wall_time first_written_at;            /* WALL_NEVER when nothing was written */
    struct wall_time answered_at;                 /* of the last answer; WALL_NEVER without one */
};

/* Whether an unanswered try is sent again, on another connection, before its connection is given
 * up: after the 99th percentile of recent answers, at least 100 ms and at most 1 s. The first
 * answer counts. BY_URGENCY: only PUSH_CRITICAL is. */
enum push_hedge { PUSH_HEDGE_BY_URGENCY, PUSH_HEDGE_NEVER, PUSH_HEDGE_ALWAYS };

/* One notification for one device. All texts are copied by push_submit(). */
struct push_job {
    enum push_provider provider;
    enum push_environment environment;
    const char *account; /* name of the account to send with; NULL: the provider's first */
    const char *target;  /* APNs: device token in hex; FCM: registration token; Web Push: the
                            subscription's endpoint, an https address */
    struct uuid id;      /* apns-id; the same on every try */
    enum push_hedge hedge;
    struct monotonic_time deadline; /* the job ends by then */
    struct push_notification notification;
    /* Called once, from the sender's thread; must not block. The result is valid during the call.
     */
    void (*complete)(void *context, const struct push_result *result);
    /* Called at most once, before `complete`, when the provider is down and the job will be late if
     * it arrives at all; the job goes on. So that another path can be tried at once. Same rules; or
     * NULL. */
    void (*delayed)(void *context, const char *reason);
    void *context;
    struct burden burden; /* of the sender's threads while they work on this job; zeroed: none */
};

/* ---- configuration ---- */

/* Where a provider is. */
struct push_endpoint {
    const char *host; /* also what the certificate must name */
    const char *port; /* decimal */
};

/* An app of a team. Accounts of one team and key share its token and its connections. */
struct push_apns_account {
    const char *name;     /* what jobs call it; unique among APNs accounts; NULL: "" */
    const char *topic;    /* the app's bundle id */
    const char *key_pem;  /* the .p8 file's text: a provider token is sent with each request */
    const char *key_id;   /* kid */
    const char *team_id;  /* iss */
    const char *cert_pem; /* instead of the three: a client certificate with its chain and key. */
    const char *cert_key_pem;
    bool critical_entitled; /* Apple granted the critical-alerts entitlement */
    /* Where the provider token is kept over a restart, as Apple refuses a new one within 20
     * minutes; readable by its owner alone. NULL: not kept. */
    const char *token_file;
    struct push_endpoint endpoints[PUSH_ENVIRONMENTS_COUNT]; /* NULL host: Apple's own, port 443 */
};

/* A Firebase project. */
struct push_fcm_account {
    const char *name;
    const char *service_account_json; /* the service account file's text */
    struct push_endpoint endpoint;    /* NULL host: Google's own */
};

/* An application server (RFC 8292). */
struct push_web_account {
    const char *name;
    const char *vapid_key_pem; /* private key on P-256, see push_vapid_key_create() */
    const char *subject;       /* "mailto:…" or "https:…": whom a push service may write to */
    /* Subscriptions are made by browsers, so that an endpoint is a stranger's word: only public
     * addresses are connected to. For tests: loopback too. Behind a proxy endpoints that are
     * addresses are judged, and names that mean a private host ("localhost", "….internal"): what
     * others resolve to is the proxy's to refuse. */
    bool loopback_allowed;
};

/* An HTTP proxy that all connections go through (CONNECT, RFC 9110, section 9.3.6). */
struct push_proxy {
    struct push_endpoint endpoint; /* NULL host: none */
    const char *authorization;     /* the Proxy-Authorization header's value, or NULL */
};

/* Something a person should know. The same kind for the same account comes at most once a minute,
 * but DOWN and UP, which come in pairs. */
enum push_notice_kind {
    PUSH_NOTICE_DOWN,                /* nothing gets through at present; text: why */
    PUSH_NOTICE_UP,                  /* it does again */
    PUSH_NOTICE_CONFIGURATION_WRONG, /* refused for the key, the topic, the project; text: reason */
    PUSH_NOTICE_CONFIGURATION_SUSPECT, /* many devices at once were called bad; text: reason */
    PUSH_NOTICE_CLOCK_SKEW,            /* the provider's clock and ours differ; text: by how much */
    PUSH_NOTICE_CREDENTIAL_EXPIRES,    /* in 30 days or less, or has; text: what and when */
    PUSH_NOTICE_UNKNOWN_REASON, /* a word in no table: judged by the status; text: the word */
    PUSH_NOTICE_TOKEN_UPDATES,  /* the provider wants no new token yet; text: reason */
};

struct push_notice {
    enum push_notice_kind kind;
    enum push_provider provider;
    const char *account;
    const char *text; /* English, one line, no secret; valid during the call */
};

#define PUSH_ACCOUNTS_MAX 16 /* names ever used by one sender, reloads included */

/* What a sender needs; copied by push_sender_create(). A job for a provider or an account that is
 * not configured ends refused with "NotConfigured". */
struct push_configuration {
    const char *ca_file; /* PEM bundle; NULL: the system's */
    struct push_proxy proxy;
    const struct push_apns_account *apns;
    size_t apns_count;
    const struct push_fcm_account *fcm;
    size_t fcm_count;
    const struct push_web_account *web;
    size_t web_count;
    size_t connections_max; /* of one pool, 1 to 8; 0: 4 */
    /* One connection to each provider (not to Web Push services) is opened at once and kept, so
     * that the first notification of the night does not pay for it and a fault is known before. */
    bool keep_connected;
    size_t jobs_max; /* jobs inside at once; 0: 32 768 */
    /* From the sender's thread; must not block. NULL: only logged. */
    void (*notice)(void *context, const struct push_notice *notice);
    void *notice_context;
    const struct clock_source *clock;   /* NULL: the system's */
    const struct random_source *random; /* NULL: the system's */
};

/* ---- health ---- */

/* UNUSED: nothing was tried yet. UP: answered last time. DEGRADED: a failure, or answers that are
 * the provider's own faults; of Web Push: one service is down and another works. DOWN: attempts
 * that fail or faults that last for a second, no token, or nothing heard for 1.7 s while something
 * waits. */
enum push_health { PUSH_HEALTH_UNUSED, PUSH_HEALTH_UP, PUSH_HEALTH_DEGRADED, PUSH_HEALTH_DOWN };

/* Time from a request's writing to its answer: how many took at most so many milliseconds, each
 * counted once; the last counts all longer ones. */
#define PUSH_LATENCY_BOUNDS_MS                                                                     \
    {                                                                                              \
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000                                       \
    }
#define PUSH_LATENCY_BUCKETS 13

/* A copy of the counters of one provider, all accounts together, taken at one moment. */
struct push_statistics {
    enum push_health health;     /* the worst of its accounts' */
    struct wall_time down_since; /* WALL_NEVER unless down */
    uint64_t jobs_submitted;
    uint64_t outcomes[PUSH_OUTCOMES_COUNT];
    uint64_t requests_written;
    uint64_t hedges_written;
    uint64_t hedges_won; /* the hedge was answered first */
    uint64_t connections_opened;
    uint64_t connections_resumed; /* of these, with a TLS session of before */
    uint64_t connections_lost;
    uint64_t connections_failed; /* attempts that never opened */
    uint64_t goaways;
    uint64_t streams_refused;
    uint64_t tokens_minted;
    uint64_t jobs_inside;
    uint64_t latency[PUSH_LATENCY_BUCKETS];
    uint64_t latency_sum_ms;
    int64_t clock_skew_ms; /* the provider's `date` minus ours, 0 when unknown */
};

/* One connection, as it was at the end of the loop's last turn. */
struct push_connection_view {
    enum push_provider provider;
    char account[PUSH_ACCOUNT_BYTES_MAX];
    char host[256];
    char address[48]; /* numeric; with a proxy, the proxy's */
    bool open;        /* false: connecting */
    bool draining;
    unsigned in_flight;
    unsigned streams_max; /* the peer's present limit */
    uint64_t answered;
    int64_t age_ms;
    int64_t ping_ms; /* the last round trip; -1: none yet */
};
#define PUSH_CONNECTION_VIEWS_MAX 64

struct push_sender;

/* Checks the configuration (keys parse, service account is complete) and starts the threads.
 * STATUS_CONFIGURATION: error names the field. On failure *sender_r is untouched. */
enum status push_sender_create(const struct push_configuration *configuration,
                               struct push_sender **sender_r, struct error *error) MUST_CHECK;

/* Stops taking jobs, ends those inside (uncertain or expired) with their calls, joins the threads,
 * frees and NULLs. NULL inside is fine. Never from inside a `complete`. */
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
 * with the new ones of the same account's name. On failure the old ones stay. jobs_max,
 * connections_max, notice, clock and random stay as they were. */
enum status push_sender_reload(struct push_sender *sender,
                               const struct push_configuration *configuration,
                               struct error *error) MUST_CHECK;

/* Any thread; does not block: asks the sender's thread to show that it turns. Answers when the
 * newest of the earlier calls was made that it has answered; at first, when it was created. */
struct monotonic_time push_sender_pulse(struct push_sender *sender);

/* Any thread. */
void push_sender_statistics(struct push_sender *sender, enum push_provider provider,
                            struct push_statistics *statistics_r);

/* Any thread. Answers how many there are; at most capacity are copied. */
size_t push_sender_connections(struct push_sender *sender, struct push_connection_view *views_r,
                               size_t capacity);

const char *push_provider_text(enum push_provider provider); /* "apns", "fcm", "webpush" */
const char *push_outcome_text(enum push_outcome outcome);    /* "accepted", "refused", … */
const char *push_verdict_text(enum push_verdict verdict);    /* "ok", "gone", "suspect", … */
const char *push_health_text(enum push_health health);       /* "unused", "up", … */
const char *push_notice_text(enum push_notice_kind kind);    /* "down", "clock-skew", … */

/* ---- the library's own log ---- */

enum push_log_level {
    PUSH_LOG_DEBUG,
    PUSH_LOG_INFO,
    PUSH_LOG_WARNING,
    PUSH_LOG_ERROR,
    PUSH_LOG_NOTHING
};

/* Gets one line, lent: a JSON object and '\n'. From any of the library's threads; it must not
 * block and not call the library. */
typedef void push_log_write(void *context, enum push_log_level level, const char *line);

/* What is logged and where: lines below `least` are dropped, `write` NULL is standard error. At
 * start PUSH_LOG_INFO to standard error. Ids, counts and codes only: no token, target or text is in
 * it. For the whole process; only while no sender exists. */
void push_set_log(enum push_log_level least, push_log_write *write, void *context);

/* ---- Web Push keys (RFC 8292) ---- */

#define PUSH_VAPID_PEM_BYTES_MAX    512
#define PUSH_VAPID_PUBLIC_BYTES_MAX 96

/* Makes a private key on P-256 as PEM (PKCS #8). STATUS_NO_MEMORY. */
enum status push_vapid_key_create(char pem_r[PUSH_VAPID_PEM_BYTES_MAX],
                                  struct error *error) MUST_CHECK;

/* The public key in base64url, as browsers want it (applicationServerKey). STATUS_CONFIGURATION:
 * not a private key on P-256. */
enum status push_vapid_public_key(const char *pem, char text_r[PUSH_VAPID_PUBLIC_BYTES_MAX],
                                  struct error *error) MUST_CHECK;

/* Whether the 65 bytes are a point on P-256, as a device's key must be: check it when it is
 * registered, as a job with a bad one is refused only when it is sent. */
bool push_public_key_is_valid(const uint8_t public_key[PUSH_PUBLIC_KEY_BYTES]);

#ifdef __cplusplus
}
#endif

#endif
