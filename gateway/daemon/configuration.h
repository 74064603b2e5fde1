/* configuration.h - the daemon's configuration file and the credentials it names. */
#ifndef GATEWAY_DAEMON_CONFIGURATION_H
#define GATEWAY_DAEMON_CONFIGURATION_H

#include "apns-fcm/push.h"
#include "gateway/base/arena.h"
#include "gateway/base/status.h"
#include "gateway/engine/engine.h"
#include "gateway/telephony/telephony.h"

#define SECRET_FILE_BYTES_MAX 65536
/* Of [gateway] and [push], and one of each endpoint. */
#define SECRET_FILES_MAX (9 + TELEPHONY_ENDPOINTS_MAX)

/* The endpoint that the section [heartbeat] makes. */
#define HEARTBEAT_ENDPOINT "heartbeat"

/* A file that holds a secret and that everybody on the machine may open. */
struct exposed_file {
    const char *key; /* "[gateway] secret_file" */
    const char *path;
};

/* Everything the daemon is told. All texts live in the arena. */
struct configuration {
    struct arena *arena;
    const char *database;
    const char *backup_folder; /* by default beside the database */
    int64_t backups_kept;
    const char *listen_address;
    uint16_t listen_port;
    const char *port_file;     /* or NULL */
    const char *root_key_file; /* or NULL */
    const char *secret_file;
    const char *public_url;    /* or NULL: from the listening port */
    const char *tls_key_file;  /* or NULL */
    const char *tls_cert_file; /* or NULL */
    int64_t threads;
    int64_t connections_max;
    int64_t connections_per_address_max;
    int64_t request_deadline_ms;
    int64_t reserve_mb;
    int64_t calls_max;
    const char *log_level;
    const char *root_key; /* read from root_key_file */
    uint8_t secret[ENGINE_SECRET_BYTES];
    struct push_configuration push; /* its accounts are the three below */
    bool push_is_there;             /* its section, with or without an account */
    struct push_apns_account apns;
    struct push_fcm_account fcm;
    struct push_web_account web;
    struct telephony_configuration telephony;
    struct telephony_endpoint endpoints[TELEPHONY_ENDPOINTS_MAX];
    const char *endpoint_secret_files[TELEPHONY_ENDPOINTS_MAX];
    const char *heartbeat_method; /* its url is the endpoint HEARTBEAT_ENDPOINT's */
    int64_t heartbeat_every_s;
    int64_t heartbeat_timeout_s;
    int64_t coverage_minute; /* of the day on each customer's clock; -1: not by itself */
    int64_t coverage_before_shift_s;
    int64_t coverage_first_after_s;
    const char *apns_key_file;
    const char *apns_cert_file;
    const char *apns_cert_key_file;
    const char *fcm_service_account_file;
    const char *web_key_file;
    const char *proxy_authorization_file;
    struct exposed_file exposed[SECRET_FILES_MAX]; /* found while they were read */
    size_t exposed_count;
};

/* Reads the file and every credential it names. Unknown sections and keys are errors. The error
 * names file, line, key and remedy; never a secret. */
enum status configuration_read(const char *path, struct configuration **configuration_r,
                               struct error *error) MUST_CHECK;

/* The same without the credentials, which are not there while systemd's unit is stopped. */
enum status configuration_read_places(const char *path, struct configuration **configuration_r,
                                      struct error *error) MUST_CHECK;

void configuration_destroy(struct configuration **configuration);

/* Every key with its meaning and default, as --help shows it. */
const char *configuration_help(void);

#endif
