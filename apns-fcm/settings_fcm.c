/* settings_fcm.c - a project at Google, from the service account's file. */
#include "apns-fcm/settings.h"

#include <assert.h>
#include <string.h>

#include "gateway/base/arena.h"
#include "gateway/base/json_reader.h"

#define NAME_BYTES_MAX 255
#define URI_BYTES_MAX  510
#define PEM_BYTES_MAX  16384

static const char fcm_host[] = "fcm.googleapis.com";

enum member { CLIENT_EMAIL, PRIVATE_KEY, TOKEN_URI, PROJECT_ID, MEMBERS_COUNT };

/* Splits https://host[:port]/path. */
static enum status set_token_endpoint(struct settings *settings, const char *uri,
                                      struct fcm_settings *to, struct error *error)
{
    static const char scheme[] = "https://";
    static const char field[] = "fcm service_account_json: token_uri";
    if (strncmp(uri, scheme, sizeof scheme - 1) != 0) {
        return settings_fault(error, field, "not an https address");
    }
    const char *host = uri + sizeof scheme - 1;
    size_t authority_bytes = strcspn(host, "/?#");
    const char *colon = memchr(host, ':', authority_bytes);
    size_t host_bytes = colon != NULL ? (size_t)(colon - host) : authority_bytes;
    const char *path = host + authority_bytes;
    const struct push_endpoint endpoint = {
        .host = arena_text_n(settings->arena, host, host_bytes),
        .port = colon != NULL
                    ? arena_text_n(settings->arena, colon + 1, authority_bytes - host_bytes - 1)
                    : arena_text(settings->arena, "443"),
    };
    to->token_uri = arena_text(settings->arena, uri);
    to->token_path = arena_text(settings->arena, path[0] == '/' ? path : "/");
    if (endpoint.host == NULL || endpoint.port == NULL || to->token_uri == NULL ||
        to->token_path == NULL) {
        return STATUS_NO_MEMORY;
    }
    return settings_set_endpoint(settings, &to->token_endpoint, &endpoint, NULL, field, error);
}

static enum status read_members(json_t *json, const char *texts_r[MEMBERS_COUNT],
                                struct error *error)
{
    static const struct {
        const char *name;
        size_t bytes_max;
    } members[MEMBERS_COUNT] = {[CLIENT_EMAIL] = {"client_email", NAME_BYTES_MAX},
                                [PRIVATE_KEY] = {"private_key", PEM_BYTES_MAX},
                                [TOKEN_URI] = {"token_uri", URI_BYTES_MAX},
                                [PROJECT_ID] = {"project_id", NAME_BYTES_MAX}};
    for (int i = 0; i < MEMBERS_COUNT; i++) {
        texts_r[i] = json_string_value(json_object_get(json, members[i].name));
        bool well_formed = texts_r[i] != NULL && strlen(texts_r[i]) <= members[i].bytes_max &&
                           (i == PRIVATE_KEY || settings_is_word(texts_r[i], members[i].bytes_max));
        if (!well_formed) {
            return error_set(error, STATUS_CONFIGURATION,
                             "fcm service_account_json: %s is missing or malformed",
                             members[i].name);
        }
    }
    return STATUS_OK;
}

static enum status read_account(struct settings *settings, json_t *json, struct fcm_settings *to,
                                struct error *error)
{
    const char *texts[MEMBERS_COUNT] = {NULL};
    enum status status = read_members(json, texts, error);
    if (status != STATUS_OK) {
        return status;
    }
    assert(texts[CLIENT_EMAIL] != NULL && texts[PRIVATE_KEY] != NULL);
    assert(texts[TOKEN_URI] != NULL && texts[PROJECT_ID] != NULL);
    status = signing_key_create(texts[PRIVATE_KEY], JWT_RS256, &to->key, error);
    if (status != STATUS_OK) {
        return status == STATUS_NO_MEMORY
                   ? status
                   : error_wrap(error, status, "fcm service_account_json: private_key");
    }
    const char *key_id = json_string_value(json_object_get(json, "private_key_id"));
    to->client_email = arena_text(settings->arena, texts[CLIENT_EMAIL]);
    to->key_pem = arena_text(settings->arena, texts[PRIVATE_KEY]);
    to->key_id = arena_text(settings->arena, key_id);
    to->path = arena_format(settings->arena, "/v1/projects/%s/messages:send", texts[PROJECT_ID]);
    if (to->client_email == NULL || to->key_pem == NULL || to->path == NULL ||
        (key_id != NULL && to->key_id == NULL)) {
        return STATUS_NO_MEMORY;
    }
    return set_token_endpoint(settings, texts[TOKEN_URI], to, error);
}

enum status settings_load_fcm(struct settings *settings, const struct push_fcm_account *from,
                              struct fcm_settings *to, struct error *error)
{
    const char *text = from->service_account_json;
    json_t *json = NULL;
    if (text == NULL || json_parse(text, strlen(text), &json, NULL) != STATUS_OK ||
        !json_is_object(json)) {
        json_decref(json);
        return settings_fault(error, "fcm service_account_json", "not a JSON object");
    }
    enum status status = read_account(settings, json, to, error);
    json_decref(json);
    if (status != STATUS_OK) {
        return status;
    }
    return settings_set_endpoint(settings, &to->endpoint, &from->endpoint, fcm_host, "fcm endpoint",
                                 error);
}
