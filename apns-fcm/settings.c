#include "apns-fcm/settings.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/tls.h"
#include "gateway/base/arena.h"
#include "gateway/base/json_reader.h"

#define SETTINGS_BYTES_MAX 262144
#define NAME_BYTES_MAX     255
#define URI_BYTES_MAX      510
#define PEM_BYTES_MAX      16384

static const char *const apns_hosts[] = {"api.push.apple.com", "api.sandbox.push.apple.com"};
static const char fcm_host[] = "fcm.googleapis.com";

static enum status fault(struct error *error, const char *field, const char *what)
{
    return error_set(error, STATUS_CONFIGURATION, "%s: %s", field, what);
}

static bool is_filled(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* A header must not be able to carry another one. */
static bool is_word(const char *text, size_t bytes_max)
{
    size_t bytes = strlen(text);
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return bytes > 0 && bytes <= bytes_max;
}

static bool is_port(const char *text)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && port > 0 && port < 65536 &&
           strlen(text) < 6;
}

static enum status set_endpoint(struct settings *settings, struct settings_endpoint *endpoint,
                                const char *host, const char *port, const char *field,
                                struct error *error)
{
    if (!is_word(host, NAME_BYTES_MAX)) {
        return fault(error, field, "the host is not a name");
    }
    if (!is_port(port)) {
        return fault(error, field, "the port is not a number from 1 to 65535");
    }
    endpoint->host = arena_text(settings->arena, host);
    endpoint->port = arena_text(settings->arena, port);
    endpoint->authority = strcmp(port, "443") == 0
                              ? endpoint->host
                              : arena_format(settings->arena, "%s:%s", host, port);
    return endpoint->host != NULL && endpoint->port != NULL && endpoint->authority != NULL
               ? STATUS_OK
               : STATUS_NO_MEMORY;
}

static enum status set_configured_endpoint(struct settings *settings,
                                           struct settings_endpoint *endpoint,
                                           const struct push_endpoint *given,
                                           const char *default_host, const char *field,
                                           struct error *error)
{
    bool own = is_filled(given->host);
    return set_endpoint(settings, endpoint, own ? given->host : default_host,
                        is_filled(given->port) ? given->port : "443", field, error);
}

static enum status load_apns(struct settings *settings, const struct push_apns_account *account,
                             struct error *error)
{
    if (account == NULL) {
        return STATUS_OK;
    }
    const struct {
        const char *field;
        const char *text;
    } words[] = {{"apns key_id", account->key_id},
                 {"apns team_id", account->team_id},
                 {"apns topic", account->topic}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].text == NULL || !is_word(words[i].text, NAME_BYTES_MAX)) {
            return fault(error, words[i].field, "missing, or not one word");
        }
    }
    if (!is_filled(account->key_pem) || strlen(account->key_pem) > PEM_BYTES_MAX ||
        !provider_key_is_usable(account->key_pem)) {
        return fault(error, "apns key_pem", "not a private key on P-256 in PEM");
    }
    for (int i = 0; i < 2; i++) {
        enum status status =
            set_configured_endpoint(settings, &settings->apns[i], &account->endpoints[i],
                                    apns_hosts[i], "apns endpoint", error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    settings->apns_key.pem = arena_text(settings->arena, account->key_pem);
    settings->apns_key.key_id = arena_text(settings->arena, account->key_id);
    settings->apns_key.team_id = arena_text(settings->arena, account->team_id);
    settings->apns_topic = arena_text(settings->arena, account->topic);
    settings->apns_critical_entitled = account->critical_entitled;
    settings->apns_configured = true;
    return settings->apns_key.pem != NULL && settings->apns_key.key_id != NULL &&
                   settings->apns_key.team_id != NULL && settings->apns_topic != NULL
               ? STATUS_OK
               : STATUS_NO_MEMORY;
}

static bool is_rsa_key(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    bool usable = key != NULL && EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= 2048;
    EVP_PKEY_free(key);
    BIO_free(bio);
    return usable;
}

/* Splits https://host[:port]/path. */
static enum status set_token_endpoint(struct settings *settings, const char *uri,
                                      struct error *error)
{
    static const char scheme[] = "https://";
    static const char field[] = "fcm service_account_json: token_uri";
    if (strncmp(uri, scheme, sizeof scheme - 1) != 0 || !is_word(uri, URI_BYTES_MAX)) {
        return fault(error, field, "not an https address");
    }
    const char *host = uri + sizeof scheme - 1;
    size_t authority_bytes = strcspn(host, "/?#");
    const char *colon = memchr(host, ':', authority_bytes);
    size_t host_bytes = colon != NULL ? (size_t)(colon - host) : authority_bytes;
    const char *path = host + authority_bytes;
    char *host_text = arena_text_n(settings->arena, host, host_bytes);
    char *port_text =
        colon != NULL ? arena_text_n(settings->arena, colon + 1, authority_bytes - host_bytes - 1)
                      : arena_text(settings->arena, "443");
    settings->account.token_uri = arena_text(settings->arena, uri);
    settings->account.token_path = arena_text(settings->arena, path[0] == '/' ? path : "/");
    if (host_text == NULL || port_text == NULL || settings->account.token_uri == NULL ||
        settings->account.token_path == NULL) {
        return STATUS_NO_MEMORY;
    }
    return set_endpoint(settings, &settings->account.token_endpoint, host_text, port_text, field,
                        error);
}

static enum status read_account(struct settings *settings, json_t *json, struct error *error)
{
    static const struct {
        const char *member;
        size_t bytes_max;
        bool is_pem;
    } members[] = {{"client_email", NAME_BYTES_MAX, false},
                   {"private_key", PEM_BYTES_MAX, true},
                   {"token_uri", URI_BYTES_MAX, false},
                   {"project_id", NAME_BYTES_MAX, false}};
    const char *texts[4];
    for (size_t i = 0; i < 4; i++) {
        texts[i] = json_string_value(json_object_get(json, members[i].member));
        if (texts[i] == NULL || strlen(texts[i]) > members[i].bytes_max ||
            (!members[i].is_pem && !is_word(texts[i], members[i].bytes_max))) {
            return error_set(error, STATUS_CONFIGURATION,
                             "fcm service_account_json: %s is missing or malformed",
                             members[i].member);
        }
    }
    if (!is_rsa_key(texts[1])) {
        return fault(error, "fcm service_account_json",
                     "private_key is not an RSA key of 2048 bits or more");
    }
    const char *key_id = json_string_value(json_object_get(json, "private_key_id"));
    struct service_account *account = &settings->account;
    account->client_email = arena_text(settings->arena, texts[0]);
    account->private_key_pem = arena_text(settings->arena, texts[1]);
    account->private_key_id = arena_text(settings->arena, key_id);
    settings->fcm_path = arena_format(settings->arena, "/v1/projects/%s/messages:send", texts[3]);
    if (account->client_email == NULL || account->private_key_pem == NULL ||
        settings->fcm_path == NULL) {
        return STATUS_NO_MEMORY;
    }
    return set_token_endpoint(settings, texts[2], error);
}

static enum status load_fcm(struct settings *settings, const struct push_fcm_account *account,
                            struct error *error)
{
    if (account == NULL) {
        return STATUS_OK;
    }
    json_t *json = NULL;
    const char *text = account->service_account_json;
    if (text == NULL || json_parse(text, strlen(text), &json, NULL) != STATUS_OK ||
        !json_is_object(json)) {
        json_decref(json);
        return fault(error, "fcm service_account_json", "not a JSON object");
    }
    enum status status = read_account(settings, json, error);
    json_decref(json);
    if (status == STATUS_OK) {
        status = set_configured_endpoint(settings, &settings->fcm, &account->endpoint, fcm_host,
                                         "fcm endpoint", error);
    }
    settings->fcm_configured = status == STATUS_OK;
    return status;
}

enum status settings_create(const struct push_configuration *configuration,
                            struct settings **settings_r, struct error *error)
{
    struct settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the push settings");
    }
    settings->arena = arena_create(SETTINGS_BYTES_MAX);
    enum status status = settings->arena != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK) {
        status = tls_context_create(configuration->ca_file, &settings->tls, error);
    }
    if (status == STATUS_OK) {
        status =
            load_apns(settings, configuration->apns_count > 0 ? configuration->apns : NULL, error);
    }
    if (status == STATUS_OK) {
        status =
            load_fcm(settings, configuration->fcm_count > 0 ? configuration->fcm : NULL, error);
    }
    if (status != STATUS_OK) {
        settings_destroy(&settings);
        return status == STATUS_NO_MEMORY ? error_set(error, status, "no memory for the settings")
                                          : status;
    }
    *settings_r = settings;
    return STATUS_OK;
}

void settings_destroy(struct settings **settings)
{
    if (*settings != NULL) {
        SSL_CTX_free((*settings)->tls);
        arena_destroy(&(*settings)->arena);
        free(*settings);
        *settings = NULL;
    }
}

bool settings_same_apns_key(const struct settings *a, const struct settings *b)
{
    return a->apns_configured && b->apns_configured &&
           strcmp(a->apns_key.pem, b->apns_key.pem) == 0 &&
           strcmp(a->apns_key.key_id, b->apns_key.key_id) == 0 &&
           strcmp(a->apns_key.team_id, b->apns_key.team_id) == 0;
}

bool settings_same_account(const struct settings *a, const struct settings *b)
{
    return a->fcm_configured && b->fcm_configured &&
           strcmp(a->account.client_email, b->account.client_email) == 0 &&
           strcmp(a->account.private_key_pem, b->account.private_key_pem) == 0 &&
           strcmp(a->account.token_uri, b->account.token_uri) == 0;
}
