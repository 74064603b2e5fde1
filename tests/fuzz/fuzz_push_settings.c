/* Keys, certificates and service accounts are files that people copy about: whatever is in one, it
 * is taken whole or refused with one line that says which field is wrong and holds nothing secret.
 *
 * The first line of an input says what the rest is: "apns KEY_ID TEAM_ID TOPIC" and a key, "cert"
 * and a certificate with its key, "fcm" and a service account, "web SUBJECT" and a key; or "proxy
 * HOST PORT AUTHORIZATION". fuzz links: push */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "apns-fcm/settings.h"
#include "gateway/base/text.h"

#define WORDS_MAX 4

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

/* The system's certificates have nothing to do with it, and take a hundred times longer. */
static void trust_nobody(void)
{
    static bool done;
    if (!done) {
        check(setenv("SSL_CERT_FILE", "/dev/null", 1) == 0);
        check(setenv("SSL_CERT_DIR", "/dev/null", 1) == 0);
        done = true;
    }
}

/* Cuts the first line into words, the last of which takes what is left; answers what follows. */
static const char *take_words(char *text, const char *words_r[WORDS_MAX])
{
    char *rest = strchrnul(text, '\n');
    if (*rest == '\n') {
        *rest++ = '\0';
    }
    for (int i = 0; i < WORDS_MAX; i++) {
        words_r[i] = text;
        char *space = i < WORDS_MAX - 1 ? strchr(text, ' ') : NULL;
        if (space != NULL) {
            *space++ = '\0';
        }
        text = space != NULL ? space : text + strlen(text);
    }
    return rest;
}

static void check_path(const char *path)
{
    check(path[0] == '/');
    for (; *path != '\0'; path++) {
        check(*path > ' ' && *path <= '~');
    }
}

static void check_endpoint(const struct settings_endpoint *endpoint)
{
    long port = strtol(endpoint->port, NULL, 10);
    check(port > 0 && port < 65536);
    check(endpoint->host[0] != '\0');
    check(strncmp(endpoint->authority, endpoint->host, strlen(endpoint->host)) == 0);
}

static void check_account(const struct account_settings *account)
{
    switch (account->provider) {
    case PUSH_APNS:
        check((account->apns.key != NULL) != (account->apns.tls != NULL));
        check(account->apns.key == NULL || account->apns.key_id[0] != '\0');
        check(account->apns.key == NULL || account->apns.team_id[0] != '\0');
        check(account->apns.topic[0] != '\0');
        for (size_t i = 0; i < PUSH_ENVIRONMENTS_COUNT; i++) {
            check_endpoint(&account->apns.endpoints[i]);
        }
        break;
    case PUSH_FCM:
        check(account->fcm.key != NULL && account->fcm.client_email[0] != '\0');
        check_path(account->fcm.path);
        check_path(account->fcm.token_path);
        check_endpoint(&account->fcm.endpoint);
        check_endpoint(&account->fcm.token_endpoint);
        break;
    case PUSH_WEB:
        check(account->web.vapid != NULL);
        break;
    default:
        abort();
    }
}

static void check_settings(const struct push_configuration *configuration)
{
    struct settings *settings = NULL;
    struct error error = {.text = ""};
    enum status status = settings_create(configuration, &settings, &error);
    if (status == STATUS_OK) {
        check(settings->accounts_count ==
              configuration->apns_count + configuration->fcm_count + configuration->web_count);
        for (size_t i = 0; i < settings->accounts_count; i++) {
            check_account(&settings->accounts[i]);
        }
        check(!settings->has_proxy || settings->proxy.endpoint.host[0] != '\0');
    } else {
        check(settings == NULL && status == STATUS_CONFIGURATION);
        check(error.text[0] != '\0' && text_is_utf8(error.text, strlen(error.text)));
        check(strchr(error.text, '\n') == NULL && strstr(error.text, "-----") == NULL);
    }
    settings_destroy(&settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    trust_nobody();
    char *text = malloc(bytes + 1);
    check(text != NULL);
    if (bytes > 0) {
        memcpy(text, data, bytes);
    }
    text[bytes] = '\0';
    const char *words[WORDS_MAX];
    const char *rest = take_words(text, words);
    const struct push_apns_account key = {
        .key_id = words[1], .team_id = words[2], .topic = words[3], .key_pem = rest};
    const struct push_apns_account certificate = {.topic = "fr.astreinte.app", .cert_pem = rest};
    const struct push_fcm_account fcm = {.service_account_json = rest};
    const struct push_web_account web = {.vapid_key_pem = rest, .subject = words[1]};
    bool is_certificate = strcmp(words[0], "cert") == 0;
    const struct push_configuration configuration = {
        .proxy = {.endpoint = {strcmp(words[0], "proxy") == 0 ? words[1] : NULL, words[2]},
                  .authorization = words[3]},
        .apns = is_certificate ? &certificate : &key,
        .apns_count = is_certificate || strcmp(words[0], "apns") == 0,
        .fcm = &fcm,
        .fcm_count = strcmp(words[0], "fcm") == 0,
        .web = &web,
        .web_count = strcmp(words[0], "web") == 0,
    };
    check_settings(&configuration);
    free(text);
    return 0;
}
