/* settings.h - a checked copy of the configuration, made by the caller's thread and then owned and
 * read by the loop's thread alone. Keys are parsed here, once. */
#ifndef APNS_FCM_SETTINGS_H
#define APNS_FCM_SETTINGS_H

#include <openssl/ssl.h>

#include "apns-fcm/jwt.h"
#include "apns-fcm/push.h"
#include "apns-fcm/vapid.h"

struct settings_endpoint {
    const char *host;
    const char *port;
    const char *authority; /* host, or host:port when the port is not 443 */
};

struct settings_proxy {
    struct settings_endpoint endpoint;
    const char *authorization; /* or NULL */
};

/* An app at Apple. */
struct apns_settings {
    struct settings_endpoint endpoints[PUSH_ENVIRONMENTS_COUNT];
    const char *topic;
    const char *voip_topic;
    bool critical_entitled;
    const char *token_file; /* or NULL */
    /* Either all three, or `tls` with a client certificate. */
    struct signing_key *key;
    const char *key_pem; /* tells whether two accounts have the same key */
    const char *key_id;
    const char *team_id;
    SSL_CTX *tls;
    struct wall_time certificate_ends; /* WALL_NEVER without one */
};

/* Google's service account file, as far as it is needed. */
struct fcm_settings {
    struct settings_endpoint endpoint;
    const char *path; /* /v1/projects/…/messages:send */
    const char *client_email;
    struct signing_key *key;
    const char *key_pem;
    const char *key_id; /* or NULL */
    const char *token_uri;
    const char *token_path; /* of token_uri */
    struct settings_endpoint token_endpoint;
};

struct web_settings {
    struct vapid_key *vapid;
    bool loopback_allowed;
};

struct account_settings {
    enum push_provider provider;
    const char *name;
    union {
        struct apns_settings apns;
        struct fcm_settings fcm;
        struct web_settings web;
    };
};

struct settings {
    struct arena *arena; /* holds all texts */
    SSL_CTX *tls;        /* without a client certificate */
    bool keep_connected;
    bool has_proxy;
    struct settings_proxy proxy;
    struct account_settings accounts[PUSH_ACCOUNTS_MAX];
    size_t accounts_count;
};

/* STATUS_CONFIGURATION names the field that is wrong. */
enum status settings_create(const struct push_configuration *configuration,
                            struct settings **settings_r, struct error *error) MUST_CHECK;

/* NULLs; NULL is fine. */
void settings_destroy(struct settings **settings);

/* The account of that name, or NULL. */
const struct account_settings *settings_find(const struct settings *settings,
                                             enum push_provider provider, const char *name);

/* Whether a token minted with one serves the other. */
bool settings_same_apns_key(const struct apns_settings *a, const struct apns_settings *b);
bool settings_same_service_account(const struct fcm_settings *a, const struct fcm_settings *b);

/* ---- shared by the providers' halves (settings_apns.c, settings_fcm.c) ---- */

enum status settings_fault(struct error *error, const char *field, const char *what);
bool settings_is_word(const char *text, size_t bytes_max);
/* given->host may be NULL: default_host then, which may be too when given->host is required. */
enum status settings_set_endpoint(struct settings *settings, struct settings_endpoint *endpoint,
                                  const struct push_endpoint *given, const char *default_host,
                                  const char *field, struct error *error);
enum status settings_load_apns(struct settings *settings, const char *ca_file,
                               const struct push_apns_account *from, struct apns_settings *to,
                               struct error *error);
enum status settings_load_fcm(struct settings *settings, const struct push_fcm_account *from,
                              struct fcm_settings *to, struct error *error);

#endif
