/* settings.h - a checked copy of the configuration, made by the caller's thread and then owned and
 * read by the loop's thread alone. */
#ifndef APNS_FCM_SETTINGS_H
#define APNS_FCM_SETTINGS_H

#include <openssl/ssl.h>

#include "apns-fcm/provider_token.h"
#include "apns-fcm/push.h"

struct settings_endpoint {
    const char *host;
    const char *port;
    const char *authority; /* host, or host:port when the port is not 443 */
};

/* Google's service account file, as far as it is needed. */
struct service_account {
    const char *client_email;
    const char *private_key_pem;
    const char *private_key_id; /* or NULL */
    const char *token_uri;
    const char *token_path; /* of token_uri */
    struct settings_endpoint token_endpoint;
};

struct settings {
    struct arena *arena; /* holds all texts */
    SSL_CTX *tls;
    bool apns_configured;
    bool fcm_configured;
    bool apns_critical_entitled;
    struct settings_endpoint apns[2];
    struct provider_key apns_key;
    const char *apns_topic;
    struct settings_endpoint fcm;
    const char *fcm_path; /* /v1/projects/…/messages:send */
    struct service_account account;
};

/* STATUS_CONFIGURATION names the field that is wrong. */
enum status settings_create(const struct push_configuration *configuration,
                            struct settings **settings_r, struct error *error) MUST_CHECK;

/* NULLs; NULL is fine. */
void settings_destroy(struct settings **settings);

/* Whether both sign APNs' tokens with the same key: a token minted with one then serves the other.
 */
bool settings_same_apns_key(const struct settings *a, const struct settings *b);
bool settings_same_account(const struct settings *a, const struct settings *b);

#endif
