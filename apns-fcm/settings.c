#include "apns-fcm/settings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/tls.h"
#include "gateway/base/arena.h"

#define SETTINGS_BYTES_MAX 1048576
#define NAME_BYTES_MAX     255
#define CONNECTIONS_MAX    8

enum status settings_fault(struct error *error, const char *field, const char *what)
{
    return error_set(error, STATUS_CONFIGURATION, "%s: %s", field, what);
}

/* A header must not be able to carry another one. */
bool settings_is_word(const char *text, size_t bytes_max)
{
    if (text == NULL) {
        return false;
    }
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

enum status settings_set_endpoint(struct settings *settings, struct settings_endpoint *endpoint,
                                  const struct push_endpoint *given, const char *default_host,
                                  const char *field, struct error *error)
{
    const char *host = given->host != NULL && given->host[0] != '\0' ? given->host : default_host;
    const char *port = given->port != NULL && given->port[0] != '\0' ? given->port : "443";
    if (!settings_is_word(host, NAME_BYTES_MAX)) {
        return settings_fault(error, field, "the host is not a name");
    }
    if (!is_port(port)) {
        return settings_fault(error, field, "the port is not a number from 1 to 65535");
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

static enum status load_proxy(struct settings *settings, const struct push_proxy *from,
                              struct error *error)
{
    if (from->endpoint.host == NULL || from->endpoint.host[0] == '\0') {
        return STATUS_OK;
    }
    if (from->authorization != NULL) {
        for (const char *at = from->authorization; *at != '\0'; at++) {
            if (*at < ' ' || *at > '~') {
                return settings_fault(error, "proxy authorization", "not one line of ASCII");
            }
        }
        if (strlen(from->authorization) > NAME_BYTES_MAX) {
            return settings_fault(error, "proxy authorization", "longer than 255 bytes");
        }
    }
    settings->has_proxy = true;
    settings->proxy.authorization = arena_text(settings->arena, from->authorization);
    if (from->authorization != NULL && settings->proxy.authorization == NULL) {
        return STATUS_NO_MEMORY;
    }
    return settings_set_endpoint(settings, &settings->proxy.endpoint, &from->endpoint, NULL,
                                 "proxy endpoint", error);
}

static enum status load_web(const struct push_web_account *from, struct web_settings *to,
                            struct error *error)
{
    assert(to != NULL);
    if (from->vapid_key_pem == NULL) {
        return settings_fault(error, "web vapid_key_pem", "missing");
    }
    to->loopback_allowed = from->loopback_allowed;
    return vapid_key_create(from->vapid_key_pem, from->subject, &to->vapid, error);
}

/* Takes the next place among the accounts, with its name checked. */
static enum status add_account(struct settings *settings, enum push_provider provider,
                               const char *name, struct account_settings **account_r,
                               struct error *error)
{
    name = name != NULL ? name : "";
    if (strlen(name) >= PUSH_ACCOUNT_BYTES_MAX ||
        (name[0] != '\0' && !settings_is_word(name, 63))) {
        return settings_fault(error, "account name", "not one word of at most 63 bytes");
    }
    if (settings_find(settings, provider, name) != NULL) {
        return error_set(error, STATUS_CONFIGURATION,
                         "account name: two %s accounts are called \"%s\"",
                         push_provider_text(provider), name);
    }
    if (settings->accounts_count == PUSH_ACCOUNTS_MAX) {
        return error_set(error, STATUS_CONFIGURATION, "more than %d accounts", PUSH_ACCOUNTS_MAX);
    }
    struct account_settings *account = &settings->accounts[settings->accounts_count];
    *account = (struct account_settings){.provider = provider};
    account->name = arena_text(settings->arena, name);
    if (account->name == NULL) {
        return STATUS_NO_MEMORY;
    }
    settings->accounts_count++; /* from here on settings_destroy() takes it back */
    *account_r = account;
    return STATUS_OK;
}

static enum status load_accounts(struct settings *settings,
                                 const struct push_configuration *configuration,
                                 struct error *error)
{
    enum status status = STATUS_OK;
    struct account_settings *account = NULL;
    for (size_t i = 0; i < configuration->apns_count && status == STATUS_OK; i++) {
        const struct push_apns_account *from = &configuration->apns[i];
        status = add_account(settings, PUSH_APNS, from->name, &account, error);
        if (status == STATUS_OK) {
            status =
                settings_load_apns(settings, configuration->ca_file, from, &account->apns, error);
        }
    }
    for (size_t i = 0; i < configuration->fcm_count && status == STATUS_OK; i++) {
        const struct push_fcm_account *from = &configuration->fcm[i];
        status = add_account(settings, PUSH_FCM, from->name, &account, error);
        if (status == STATUS_OK) {
            status = settings_load_fcm(settings, from, &account->fcm, error);
        }
    }
    for (size_t i = 0; i < configuration->web_count && status == STATUS_OK; i++) {
        const struct push_web_account *from = &configuration->web[i];
        status = add_account(settings, PUSH_WEB, from->name, &account, error);
        if (status == STATUS_OK) {
            status = load_web(from, &account->web, error);
        }
    }
    return status;
}

enum status settings_create(const struct push_configuration *configuration,
                            struct settings **settings_r, struct error *error)
{
    if (configuration->connections_max > CONNECTIONS_MAX) {
        return settings_fault(error, "connections_max", "must be 1 to 8");
    }
    struct settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the push settings");
    }
    settings->keep_connected = configuration->keep_connected;
    settings->arena = arena_create(SETTINGS_BYTES_MAX);
    enum status status = settings->arena != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK) {
        status = tls_context_create(configuration->ca_file, &settings->tls, error);
    }
    if (status == STATUS_OK) {
        status = load_proxy(settings, &configuration->proxy, error);
    }
    if (status == STATUS_OK) {
        status = load_accounts(settings, configuration, error);
    }
    if (status != STATUS_OK) {
        settings_destroy(&settings);
        return status == STATUS_NO_MEMORY ? error_set(error, status, "no memory for the settings")
                                          : status;
    }
    *settings_r = settings;
    return STATUS_OK;
}

static void release(struct account_settings *account)
{
    switch (account->provider) {
    case PUSH_APNS:
        signing_key_destroy(&account->apns.key);
        SSL_CTX_free(account->apns.tls);
        break;
    case PUSH_FCM:
        signing_key_destroy(&account->fcm.key);
        break;
    case PUSH_WEB:
        vapid_key_destroy(&account->web.vapid);
        break;
    }
}

void settings_destroy(struct settings **settings)
{
    if (*settings == NULL) {
        return;
    }
    for (size_t i = 0; i < (*settings)->accounts_count; i++) {
        release(&(*settings)->accounts[i]);
    }
    SSL_CTX_free((*settings)->tls);
    arena_destroy(&(*settings)->arena);
    free(*settings);
    *settings = NULL;
}

const struct account_settings *settings_find(const struct settings *settings,
                                             enum push_provider provider, const char *name)
{
    for (size_t i = 0; i < settings->accounts_count; i++) {
        if (settings->accounts[i].provider == provider &&
            strcmp(settings->accounts[i].name, name) == 0) {
            return &settings->accounts[i];
        }
    }
    return NULL;
}

bool settings_same_apns_key(const struct apns_settings *a, const struct apns_settings *b)
{
    return a->key != NULL && b->key != NULL && strcmp(a->key_pem, b->key_pem) == 0 &&
           strcmp(a->key_id, b->key_id) == 0 && strcmp(a->team_id, b->team_id) == 0;
}

bool settings_same_service_account(const struct fcm_settings *a, const struct fcm_settings *b)
{
    return strcmp(a->client_email, b->client_email) == 0 && strcmp(a->key_pem, b->key_pem) == 0 &&
           strcmp(a->token_uri, b->token_uri) == 0;
}
