/* configuration.c - reads the INI file (inih) by a table of keys, then the credentials. */
#include "gateway/daemon/configuration.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/base/text.h"

#define CONFIGURATION_BYTES_MAX     (8u << 20)
#define ENDPOINT_PREFIX             "endpoint."
#define SECTION_BYTES_MAX           80
#define HEARTBEAT_TIMEOUT_S_DEFAULT 10
#define RESERVE_MB_DEFAULT          64
/* People read it while there is time to call somebody, before the night. */
#define COVERAGE_MINUTE_DEFAULT         (15 * 60)
#define COVERAGE_BEFORE_SHIFT_S_DEFAULT 7200
#define COVERAGE_FIRST_AFTER_S_DEFAULT  900

enum key_type { KEY_TEXT, KEY_PORT, KEY_NUMBER, KEY_YES_NO, KEY_MINUTE };

struct key {
    const char *section;
    const char *name;
    enum key_type type;
    size_t offset;
    int64_t low;
    int64_t high;
};

#define AT(member) offsetof(struct configuration, member)

static const struct key keys[] = {
    {"gateway", "database", KEY_TEXT, AT(database), 0, 0},
    {"gateway", "backup_folder", KEY_TEXT, AT(backup_folder), 0, 0},
    {"gateway", "backups_kept", KEY_NUMBER, AT(backups_kept), 1, 10000},
    {"gateway", "listen_address", KEY_TEXT, AT(listen_address), 0, 0},
    {"gateway", "listen_port", KEY_PORT, AT(listen_port), 0, 0},
    {"gateway", "port_file", KEY_TEXT, AT(port_file), 0, 0},
    {"gateway", "root_key_file", KEY_TEXT, AT(root_key_file), 0, 0},
    {"gateway", "secret_file", KEY_TEXT, AT(secret_file), 0, 0},
    {"gateway", "public_url", KEY_TEXT, AT(public_url), 0, 0},
    {"gateway", "tls_key_file", KEY_TEXT, AT(tls_key_file), 0, 0},
    {"gateway", "tls_cert_file", KEY_TEXT, AT(tls_cert_file), 0, 0},
    {"gateway", "threads", KEY_NUMBER, AT(threads), 1, 64},
    {"gateway", "connections_max", KEY_NUMBER, AT(connections_max), 8, 65536},
    {"gateway", "connections_per_address_max", KEY_NUMBER, AT(connections_per_address_max), 0,
     65536},
    {"gateway", "request_deadline_ms", KEY_NUMBER, AT(request_deadline_ms), 1000, 120000},
    {"gateway", "reserve_mb", KEY_NUMBER, AT(reserve_mb), 0, 65536},
    {"gateway", "log_level", KEY_TEXT, AT(log_level), 0, 0},
    {"push", "ca_file", KEY_TEXT, AT(push.ca_file), 0, 0},
    {"push", "apns_host", KEY_TEXT, AT(apns.endpoints[PUSH_PRODUCTION].host), 0, 0},
    {"push", "apns_port", KEY_TEXT, AT(apns.endpoints[PUSH_PRODUCTION].port), 0, 0},
    {"push", "apns_sandbox_host", KEY_TEXT, AT(apns.endpoints[PUSH_SANDBOX].host), 0, 0},
    {"push", "apns_sandbox_port", KEY_TEXT, AT(apns.endpoints[PUSH_SANDBOX].port), 0, 0},
    {"push", "apns_key_file", KEY_TEXT, AT(apns_key_file), 0, 0},
    {"push", "apns_key_id", KEY_TEXT, AT(apns.key_id), 0, 0},
    {"push", "apns_team_id", KEY_TEXT, AT(apns.team_id), 0, 0},
    {"push", "apns_topic", KEY_TEXT, AT(apns.topic), 0, 0},
    {"push", "apns_critical", KEY_YES_NO, AT(apns.critical_entitled), 0, 0},
    {"push", "apns_cert_file", KEY_TEXT, AT(apns_cert_file), 0, 0},
    {"push", "apns_cert_key_file", KEY_TEXT, AT(apns_cert_key_file), 0, 0},
    {"push", "apns_token_file", KEY_TEXT, AT(apns.token_file), 0, 0},
    {"push", "fcm_host", KEY_TEXT, AT(fcm.endpoint.host), 0, 0},
    {"push", "fcm_port", KEY_TEXT, AT(fcm.endpoint.port), 0, 0},
    {"push", "fcm_service_account_file", KEY_TEXT, AT(fcm_service_account_file), 0, 0},
    {"push", "web_key_file", KEY_TEXT, AT(web_key_file), 0, 0},
    {"push", "web_subject", KEY_TEXT, AT(web.subject), 0, 0},
    {"push", "web_loopback", KEY_YES_NO, AT(web.loopback_allowed), 0, 0},
    {"push", "proxy_host", KEY_TEXT, AT(push.proxy.endpoint.host), 0, 0},
    {"push", "proxy_port", KEY_TEXT, AT(push.proxy.endpoint.port), 0, 0},
    {"push", "proxy_authorization_file", KEY_TEXT, AT(proxy_authorization_file), 0, 0},
    {"push", "keep_connected", KEY_YES_NO, AT(push.keep_connected), 0, 0},
    {"telephony", "ca_file", KEY_TEXT, AT(telephony.ca_file), 0, 0},
    {"telephony", "calls_max", KEY_NUMBER, AT(calls_max), 1, 512},
    {"heartbeat", "method", KEY_TEXT, AT(heartbeat_method), 0, 0},
    {"heartbeat", "every_s", KEY_NUMBER, AT(heartbeat_every_s), 1, 3600},
    {"heartbeat", "timeout_s", KEY_NUMBER, AT(heartbeat_timeout_s), 1, 60},
    {"coverage", "at", KEY_MINUTE, AT(coverage_minute), 0, 0},
    {"coverage", "before_shift_s", KEY_NUMBER, AT(coverage_before_shift_s), 0, 86400},
    {"coverage", "first_after_s", KEY_NUMBER, AT(coverage_first_after_s), 0, 86400},
};

#define KEYS_COUNT (sizeof keys / sizeof keys[0])

enum endpoint_key { ENDPOINT_URL, ENDPOINT_SECRET_FILE, ENDPOINT_KEYS };

/* What the INI callback needs; the first fault wins. */
struct reading {
    struct configuration *configuration;
    struct error *error;
    enum status status;
    FILE *file;
    int line;                        /* that was read last, from 1 */
    bool line_goes_on;               /* inih takes a long one in pieces */
    bool line_indented;              /* inih takes what it says for more of the key before it */
    char keyless[SECTION_BYTES_MAX]; /* the section that is read, while it has no key; or "" */
    int lines[KEYS_COUNT];           /* of each key that was given; 0: not yet */
    int endpoint_lines[TELEPHONY_ENDPOINTS_MAX][ENDPOINT_KEYS];
};

static int fault(struct reading *reading, const char *section, const char *name, const char *text)
{
    reading->status =
        error_set(reading->error, STATUS_CONFIGURATION, "[%s] %s: %s", section, name, text);
    return 0;
}

/* The last of two would win without a word, and nobody would see which that is. */
static int note_line(struct reading *reading, const char *section, const char *name, int *line)
{
    char text[120];
    if (*line == 0) {
        *line = reading->line;
        return 1;
    }
    (void)snprintf(text, sizeof text,
                   reading->line_indented
                       ? "given in line %d; line %d goes on with it, as it begins with a space: "
                         "remove the space"
                       : "given twice, in line %d and in line %d: remove one",
                   *line, reading->line);
    return fault(reading, section, name, text);
}

static bool parse_number(const char *text, int64_t low, int64_t high, int64_t *number_r)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < low || number > high) {
        return false;
    }
    *number_r = number;
    return true;
}

/* "00:00" to "23:59"; -1 for "off". */
static bool parse_minute(const char *text, int64_t *minute_r)
{
    bool off = strcmp(text, "off") == 0;
    bool timed = strlen(text) == 5 && strspn(text, "0123456789") == 2 && text[2] == ':' &&
                 strspn(text + 3, "0123456789") == 2;
    long hours = timed ? strtol(text, NULL, 10) : 0,
         minutes = timed ? strtol(text + 3, NULL, 10) : 0;
    timed = timed && hours < 24 && minutes < 60;
    if (off || timed) {
        *minute_r = off ? -1 : hours * 60 + minutes;
    }
    return off || timed;
}

static int fault_empty(struct reading *reading, const struct key *key, const char *standard)
{
    char text[80];
    (void)snprintf(text, sizeof text, "is empty: name one, or remove the line (then it is %.20s)",
                   standard);
    return fault(reading, key->section, key->name, text);
}

static int set_key(struct reading *reading, const struct key *key, const char *value)
{
    void *member = (char *)reading->configuration + key->offset;
    int64_t number;
    switch (key->type) {
    case KEY_TEXT: {
        char *copy = arena_text(reading->configuration->arena, value);
        if (copy == NULL) {
            return fault(reading, key->section, key->name, "too long");
        }
        const char **text = member;
        if (copy[0] == '\0' && *text != NULL) { /* the default would hold without a word */
            return fault_empty(reading, key, *text);
        }
        if (copy[0] != '\0') {
            *text = copy;
        }
        return 1;
    }
    case KEY_PORT:
        if (!parse_number(value, 0, 65535, &number)) {
            return fault(reading, key->section, key->name, "must be a port, 0 to 65535");
        }
        reading->configuration->listen_port = (uint16_t)number;
        return 1;
    case KEY_NUMBER:
        if (!parse_number(value, key->low, key->high, &number)) {
            char text[80];
            (void)snprintf(text, sizeof text, "must be a whole number from %lld to %lld",
                           (long long)key->low, (long long)key->high);
            return fault(reading, key->section, key->name, text);
        }
        *(int64_t *)member = number;
        return 1;
    case KEY_MINUTE:
        if (!parse_minute(value, (int64_t *)member)) {
            return fault(reading, key->section, key->name,
                         "must be a time of the day such as 15:00, or off");
        }
        return 1;
    case KEY_YES_NO: {
        bool yes = strcmp(value, "yes") == 0;
        if (!yes && strcmp(value, "no") != 0) {
            return fault(reading, key->section, key->name, "must be yes or no");
        }
        *(bool *)member = yes;
        return 1;
    }
    }
    return 0;
}

static struct telephony_endpoint *find_endpoint(struct reading *reading, const char *name)
{
    struct configuration *configuration = reading->configuration;
    for (size_t i = 0; i < configuration->telephony.endpoints_count; i++) {
        if (strcmp(configuration->endpoints[i].name, name) == 0) {
            return &configuration->endpoints[i];
        }
    }
    if (configuration->telephony.endpoints_count == TELEPHONY_ENDPOINTS_MAX ||
        !text_is_slug(name)) {
        return NULL;
    }
    struct telephony_endpoint *endpoint =
        &configuration->endpoints[configuration->telephony.endpoints_count++];
    bool beats = strcmp(name, HEARTBEAT_ENDPOINT) == 0;
    endpoint->name = arena_text(configuration->arena, name);
    endpoint->section =
        arena_format(configuration->arena, beats ? "[%s]" : "[" ENDPOINT_PREFIX "%s]", name);
    return endpoint;
}

static const char no_endpoint[] = "too many endpoints, or a name that is no slug";
static const char own_section[] = "goes into a section [heartbeat] of its own";

static bool is_section(const char *name)
{
    for (size_t i = 0; i < KEYS_COUNT; i++) {
        if (strcmp(keys[i].section, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A section that had no key until the next begins, or the file ends: what it asks for is missed
 * when all is read. */
static void end_section(struct reading *reading)
{
    const char *name = reading->keyless;
    bool beats = strcmp(name, "heartbeat") == 0;
    bool is_endpoint = strncmp(name, ENDPOINT_PREFIX, strlen(ENDPOINT_PREFIX)) == 0;
    const char *endpoint = is_endpoint ? name + strlen(ENDPOINT_PREFIX) : HEARTBEAT_ENDPOINT;
    const char *text = NULL;
    if (name[0] == '\0' || reading->status != STATUS_OK) {
        return;
    }
    if (is_endpoint && strcmp(endpoint, HEARTBEAT_ENDPOINT) == 0) {
        text = own_section;
    } else if (is_endpoint || beats) {
        text = find_endpoint(reading, endpoint) == NULL ? no_endpoint : NULL;
    } else if (!is_section(name)) {
        text = "unknown section; see astreinted --help";
    }
    if (text != NULL) {
        reading->status = error_set(reading->error, STATUS_CONFIGURATION, "[%s]: %s", name, text);
    }
}

static void note_section(struct reading *reading, const char *line)
{
    line += strspn(line, " \t");
    size_t bytes = strcspn(line, "]");
    if (line[0] != '[' || line[bytes] != ']') {
        return; /* no section, or one that inih takes for a bad line */
    }
    end_section(reading);
    (void)snprintf(reading->keyless, sizeof reading->keyless, "%.*s", (int)bytes - 1, line + 1);
    reading->configuration->push_is_there =
        reading->configuration->push_is_there || strcmp(reading->keyless, "push") == 0;
}

/* What inih reads by; notes the lines and the sections, which it does not tell. */
static char *read_line(char *piece, int bytes, void *stream)
{
    struct reading *reading = stream;
    char *got = fgets(piece, bytes, reading->file);
    if (got == NULL) {
        return NULL;
    }
    if (!reading->line_goes_on) {
        reading->line++;
        reading->line_indented = got[0] == ' ' || got[0] == '\t';
        note_section(reading, got);
    }
    reading->line_goes_on = strchr(got, '\n') == NULL;
    return got;
}

static int set_endpoint(struct reading *reading, const char *section, const char *endpoint_name,
                        const char *name, const char *value)
{
    struct configuration *configuration = reading->configuration;
    struct telephony_endpoint *endpoint = find_endpoint(reading, endpoint_name);
    if (endpoint == NULL) {
        return fault(reading, section, name, no_endpoint);
    }
    bool is_url = strcmp(name, "url") == 0;
    if (!is_url && strcmp(name, "secret_file") != 0) {
        return fault(reading, section, name, "unknown; an endpoint has url and secret_file");
    }
    size_t index = (size_t)(endpoint - configuration->endpoints);
    enum endpoint_key key = is_url ? ENDPOINT_URL : ENDPOINT_SECRET_FILE;
    if (note_line(reading, section, name, &reading->endpoint_lines[index][key]) == 0) {
        return 0;
    }
    const char *copy = arena_text(configuration->arena, value);
    if (is_url) {
        endpoint->url = copy;
    } else {
        configuration->endpoint_secret_files[index] = copy;
    }
    return 1;
}

static int on_key(void *context, const char *section, const char *name, const char *value)
{
    struct reading *reading = context;
    reading->keyless[0] = '\0';
    if (reading->status != STATUS_OK) {
        return 0;
    }
    if (strncmp(section, ENDPOINT_PREFIX, strlen(ENDPOINT_PREFIX)) == 0) {
        const char *endpoint_name = section + strlen(ENDPOINT_PREFIX);
        return strcmp(endpoint_name, HEARTBEAT_ENDPOINT) == 0
                   ? fault(reading, section, name, own_section)
                   : set_endpoint(reading, section, endpoint_name, name, value);
    }
    if (strcmp(section, "heartbeat") == 0) {
        if (strcmp(name, "url") == 0 || strcmp(name, "secret_file") == 0) {
            return set_endpoint(reading, section, HEARTBEAT_ENDPOINT, name, value);
        }
        (void)find_endpoint(reading, HEARTBEAT_ENDPOINT); /* whose url is then asked for */
    }
    for (size_t i = 0; i < KEYS_COUNT; i++) {
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0) {
            return note_line(reading, section, name, &reading->lines[i]) != 0
                       ? set_key(reading, &keys[i], value)
                       : 0;
        }
    }
    return fault(reading, section, name, "unknown key; see astreinted --help");
}

/* systemd makes the folder of credentials for the unit's processes alone. */
static const char *remedy(const char *path)
{
    static const char credentials[] = "/run/credentials/";
    bool is_credential = strncmp(path, credentials, sizeof credentials - 1) == 0;
    return is_credential ? " (is there only under the unit that has its LoadCredential)" : "";
}

/* As astreintectl judges its key file, but a pager starts all the same. */
static void note_exposed(struct configuration *configuration, const char *key, const char *path)
{
    struct stat file;
    if (path == NULL || stat(path, &file) != 0 || !S_ISREG(file.st_mode) ||
        (file.st_mode & S_IRWXO) == 0) {
        return;
    }
    const char *copy = arena_text(configuration->arena, key);
    assert(configuration->exposed_count < SECRET_FILES_MAX);
    configuration->exposed[configuration->exposed_count++] =
        (struct exposed_file){.key = copy != NULL ? copy : "a secret", .path = path};
}

/* A whole small file, trailing white space removed. key names it in the configuration. */
static enum status read_file(struct arena *arena, const char *key, const char *path,
                             const char **text_r, struct error *error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return error_set(error, STATUS_CONFIGURATION, "%s: %s: %s%s", key, path, strerror(errno),
                         remedy(path));
    }
    char *text = arena_alloc(arena, SECRET_FILE_BYTES_MAX + 1);
    size_t bytes = text == NULL ? 0 : fread(text, 1, SECRET_FILE_BYTES_MAX + 1, file);
    bool failed = text == NULL || ferror(file) != 0;
    (void)fclose(file);
    if (failed || bytes > SECRET_FILE_BYTES_MAX) {
        return error_set(error, STATUS_CONFIGURATION, "%s: %s: cannot be read, or is over %d bytes",
                         key, path, SECRET_FILE_BYTES_MAX);
    }
    while (bytes > 0 && strchr(" \t\r\n", text[bytes - 1]) != NULL) {
        bytes--;
    }
    text[bytes] = '\0';
    *text_r = text;
    return STATUS_OK;
}

static enum status read_secret(struct configuration *configuration, struct error *error)
{
    const char *text = "";
    if (configuration->secret_file == NULL) {
        return error_set(error, STATUS_CONFIGURATION, "[gateway] secret_file: is required");
    }
    enum status status = read_file(configuration->arena, "[gateway] secret_file",
                                   configuration->secret_file, &text, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (strlen(text) != (size_t)ENGINE_SECRET_BYTES * 2 ||
        strspn(text, "0123456789abcdefABCDEF") != (size_t)ENGINE_SECRET_BYTES * 2) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] secret_file: %s: must hold %d hex digits; make one: "
                         "openssl rand -hex %d",
                         configuration->secret_file, ENGINE_SECRET_BYTES * 2, ENGINE_SECRET_BYTES);
    }
    for (size_t i = 0; i < ENGINE_SECRET_BYTES; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        configuration->secret[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return STATUS_OK;
}

/* One secret a line. */
static enum status read_secrets(struct configuration *configuration, size_t index, const char *key,
                                struct error *error)
{
    struct telephony_endpoint *endpoint = &configuration->endpoints[index];
    const char *path = configuration->endpoint_secret_files[index];
    const char *text = "";
    enum status status = read_file(configuration->arena, key, path, &text, error);
    size_t count = 0;
    while (status == STATUS_OK && *text != '\0') {
        size_t length = strcspn(text, "\r\n");
        if (length > 0 && count == TELEPHONY_SECRETS_MAX) {
            return error_set(error, STATUS_CONFIGURATION, "%s: %s: more than %d secrets", key, path,
                             TELEPHONY_SECRETS_MAX);
        }
        if (length > 0) {
            endpoint->secrets[count++] = arena_text_n(configuration->arena, text, length);
        }
        text += length + strspn(text + length, "\r\n");
    }
    return status;
}

static enum status read_endpoint_secrets(struct configuration *configuration, size_t index,
                                         struct error *error)
{
    struct telephony_endpoint *endpoint = &configuration->endpoints[index];
    bool beats = strcmp(endpoint->name, HEARTBEAT_ENDPOINT) == 0;
    bool has_secrets = configuration->endpoint_secret_files[index] != NULL;
    const char *section = endpoint->section;
    char key[SLUG_BYTES_MAX + sizeof "[endpoint.] secret_file"];
    (void)snprintf(key, sizeof key, "%s secret_file", section);
    if (endpoint->url == NULL || (!has_secrets && !beats)) {
        return error_set(error, STATUS_CONFIGURATION,
                         "%s %s: is required: give it, or remove the section", section,
                         endpoint->url == NULL ? "url" : "secret_file");
    }
    if (beats && !has_secrets) {
        bool posts = strcmp(configuration->heartbeat_method, "POST") == 0;
        endpoint->request = posts ? TELEPHONY_POST : TELEPHONY_GET;
        return STATUS_OK;
    }
    note_exposed(configuration, key, configuration->endpoint_secret_files[index]);
    return read_secrets(configuration, index, key, error);
}

/* What was left out and follows from another key. */
static void fill_in(struct configuration *configuration)
{
    if (configuration->heartbeat_timeout_s == 0) {
        bool often = configuration->heartbeat_every_s < HEARTBEAT_TIMEOUT_S_DEFAULT;
        configuration->heartbeat_timeout_s =
            often ? configuration->heartbeat_every_s : HEARTBEAT_TIMEOUT_S_DEFAULT;
    }
}

static enum status check_heartbeat(const struct configuration *configuration, struct error *error)
{
    bool posts = strcmp(configuration->heartbeat_method, "POST") == 0;
    if (!posts && strcmp(configuration->heartbeat_method, "GET") != 0) {
        return error_set(error, STATUS_CONFIGURATION, "[heartbeat] method: must be GET or POST");
    }
    if (configuration->heartbeat_timeout_s > configuration->heartbeat_every_s) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[heartbeat] timeout_s: must not be longer than every_s");
    }
    for (size_t i = 0; i < configuration->telephony.endpoints_count; i++) {
        if (strcmp(configuration->endpoints[i].name, HEARTBEAT_ENDPOINT) == 0 && !posts &&
            configuration->endpoint_secret_files[i] != NULL) {
            return error_set(error, STATUS_CONFIGURATION,
                             "[heartbeat] secret_file: only a POST is signed");
        }
    }
    return STATUS_OK;
}

static enum status read_push_credentials(struct configuration *configuration, struct error *error)
{
    struct push_configuration *push = &configuration->push;
    struct push_apns_account *apns = &configuration->apns;
    const struct {
        const char *key;
        const char *path;
        const char **text_r;
    } files[] = {
        {"[push] apns_key_file", configuration->apns_key_file, &apns->key_pem},
        {"[push] apns_cert_file", configuration->apns_cert_file, &apns->cert_pem},
        {"[push] apns_cert_key_file", configuration->apns_cert_key_file, &apns->cert_key_pem},
        {"[push] fcm_service_account_file", configuration->fcm_service_account_file,
         &configuration->fcm.service_account_json},
        {"[push] web_key_file", configuration->web_key_file, &configuration->web.vapid_key_pem},
        {"[push] proxy_authorization_file", configuration->proxy_authorization_file,
         &push->proxy.authorization},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof files / sizeof files[0] && status == STATUS_OK; i++) {
        if (files[i].path != NULL) {
            /* A certificate is public, unless its key is in the same file. */
            bool is_public =
                files[i].text_r == &apns->cert_pem && configuration->apns_cert_key_file != NULL;
            status = read_file(configuration->arena, files[i].key, files[i].path, files[i].text_r,
                               error);
            note_exposed(configuration, files[i].key, is_public ? NULL : files[i].path);
        }
    }
    if (apns->cert_pem != NULL && apns->cert_key_pem == NULL) {
        apns->cert_key_pem = apns->cert_pem; /* one file with both */
    }
    if (apns->key_pem != NULL && apns->token_file == NULL) {
        apns->token_file =
            arena_format(configuration->arena, "%s-apns-token", configuration->database);
    }
    push->apns = apns;
    push->apns_count = apns->key_pem != NULL || apns->cert_pem != NULL ? 1 : 0;
    push->fcm = &configuration->fcm;
    push->fcm_count = configuration->fcm.service_account_json != NULL ? 1 : 0;
    push->web = &configuration->web;
    push->web_count = configuration->web.vapid_key_pem != NULL ? 1 : 0;
    return status;
}

static enum status read_credentials(struct configuration *configuration, struct error *error)
{
    enum status status = read_secret(configuration, error);
    note_exposed(configuration, "[gateway] secret_file", configuration->secret_file);
    note_exposed(configuration, "[gateway] root_key_file", configuration->root_key_file);
    note_exposed(configuration, "[gateway] tls_key_file", configuration->tls_key_file);
    if (status == STATUS_OK && configuration->root_key_file != NULL) {
        status = read_file(configuration->arena, "[gateway] root_key_file",
                           configuration->root_key_file, &configuration->root_key, error);
    }
    if (status == STATUS_OK) {
        status = read_push_credentials(configuration, error);
    }
    for (size_t i = 0; i < configuration->telephony.endpoints_count && status == STATUS_OK; i++) {
        status = read_endpoint_secrets(configuration, i, error);
    }
    return status;
}

static bool is_numeric_address(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static enum status beside(struct error *error, const char *missing, const char *given)
{
    return error_set(error, STATUS_CONFIGURATION, "[push] %s: is required beside %s", missing,
                     given);
}

/* Apple's keys go together: a lone one is a slip that would leave every iPhone silent. */
static enum status check_apns(const struct configuration *configuration, struct error *error)
{
    const char *const given[] = {configuration->apns_key_file, configuration->apns.key_id,
                                 configuration->apns.team_id};
    static const char *const names[] = {"apns_key_file", "apns_key_id", "apns_team_id"};
    size_t count = 0, missing = 0;
    for (size_t i = 0; i < 3; i++) {
        count += given[i] != NULL;
        missing = given[i] == NULL ? i : missing;
    }
    bool has_cert = configuration->apns_cert_file != NULL;
    bool has_topic = configuration->apns.topic != NULL;
    if (count != 0 && has_cert) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[push] apns_cert_file: goes instead of apns_key_file, apns_key_id and "
                         "apns_team_id");
    }
    if (count != 0 && !has_topic) {
        return beside(error, "apns_topic", "the other apns keys");
    }
    if (count != 0 && count != 3) {
        return beside(error, names[missing], "the other apns keys");
    }
    if (configuration->apns_cert_key_file != NULL && !has_cert) {
        return beside(error, "apns_cert_file", "apns_cert_key_file");
    }
    if (has_topic && count == 0 && !has_cert) {
        return beside(error, "apns_key_file or apns_cert_file", "apns_topic");
    }
    return has_topic || !has_cert ? STATUS_OK : beside(error, "apns_topic", "apns_cert_file");
}

static enum status check_push(const struct configuration *configuration, struct error *error)
{
    const char *subject = configuration->web.subject;
    const struct push_proxy *proxy = &configuration->push.proxy;
    if ((configuration->web_key_file != NULL) != (subject != NULL)) {
        return subject == NULL ? beside(error, "web_subject", "web_key_file")
                               : beside(error, "web_key_file", "web_subject");
    }
    if (subject != NULL && strncmp(subject, "mailto:", 7) != 0 &&
        strncmp(subject, "https:", 6) != 0) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[push] web_subject: must begin with mailto: or https:");
    }
    if ((proxy->endpoint.host != NULL) != (proxy->endpoint.port != NULL)) {
        return proxy->endpoint.port == NULL ? beside(error, "proxy_port", "proxy_host")
                                            : beside(error, "proxy_host", "proxy_port");
    }
    if (configuration->proxy_authorization_file != NULL && proxy->endpoint.host == NULL) {
        return beside(error, "proxy_host", "proxy_authorization_file");
    }
    return check_apns(configuration, error);
}

static enum status check(const struct configuration *configuration, struct error *error)
{
    if (!is_numeric_address(configuration->listen_address)) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] listen_address: must be a numeric IPv4 or IPv6 address");
    }
    if (configuration->public_url != NULL &&
        strncmp(configuration->public_url, "https://", 8) != 0 &&
        strncmp(configuration->public_url, "http://", 7) != 0) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] public_url: must begin with https:// or http://");
    }
    if (configuration->database == NULL) {
        return error_set(error, STATUS_CONFIGURATION, "[gateway] database: is required");
    }
    if ((configuration->tls_key_file == NULL) != (configuration->tls_cert_file == NULL)) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] tls_key_file and tls_cert_file: give both or none");
    }
    if (strcmp(configuration->log_level, "debug") != 0 &&
        strcmp(configuration->log_level, "info") != 0 &&
        strcmp(configuration->log_level, "warning") != 0 &&
        strcmp(configuration->log_level, "error") != 0) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] log_level: must be debug, info, warning or error");
    }
    enum status status = check_heartbeat(configuration, error);
    return status == STATUS_OK ? check_push(configuration, error) : status;
}

static struct configuration *create_default(void)
{
    struct arena *arena = arena_create(CONFIGURATION_BYTES_MAX);
    struct configuration *configuration =
        arena == NULL ? NULL : arena_alloc(arena, sizeof *configuration);
    if (configuration == NULL) {
        arena_destroy(&arena);
        return NULL;
    }
    configuration->arena = arena;
    configuration->listen_address = "127.0.0.1";
    configuration->listen_port = 8080;
    configuration->reserve_mb = RESERVE_MB_DEFAULT;
    configuration->log_level = "info";
    configuration->backups_kept = 7;
    configuration->push.keep_connected = true;
    configuration->heartbeat_method = "GET";
    configuration->heartbeat_every_s = 30;
    configuration->coverage_minute = COVERAGE_MINUTE_DEFAULT;
    configuration->coverage_before_shift_s = COVERAGE_BEFORE_SHIFT_S_DEFAULT;
    configuration->coverage_first_after_s = COVERAGE_FIRST_AFTER_S_DEFAULT;
    configuration->telephony.endpoints = configuration->endpoints;
    configuration->telephony.clock = &clock_system;
    configuration->telephony.random = &random_system;
    return configuration;
}

enum status configuration_read_places(const char *path, struct configuration **configuration_r,
                                      struct error *error)
{
    struct configuration *configuration = create_default();
    if (configuration == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the configuration");
    }
    struct reading reading = {
        .configuration = configuration, .error = error, .file = fopen(path, "re")};
    int line = reading.file != NULL ? ini_parse_stream(read_line, &reading, on_key, &reading) : -1;
    if (reading.file != NULL && ferror(reading.file) != 0) {
        line = -1;
    }
    end_section(&reading);
    enum status status = reading.status;
    if (status == STATUS_OK && line < 0) {
        status = error_set(error, STATUS_CONFIGURATION, "cannot be read: %s", strerror(errno));
    } else if (status == STATUS_OK && line > 0) {
        status = error_set(error, STATUS_CONFIGURATION, "line %d is not \"key = value\"", line);
    }
    if (reading.file != NULL) {
        (void)fclose(reading.file);
    }
    if (status == STATUS_OK) {
        fill_in(configuration);
        status = check(configuration, error);
    }
    if (status == STATUS_OK && configuration->backup_folder == NULL) {
        configuration->backup_folder =
            arena_format(configuration->arena, "%s-backups", configuration->database);
    }
    if (status != STATUS_OK) {
        configuration_destroy(&configuration);
        return error_wrap(error, status, "%s", path);
    }
    *configuration_r = configuration;
    return STATUS_OK;
}

enum status configuration_read(const char *path, struct configuration **configuration_r,
                               struct error *error)
{
    struct configuration *configuration = NULL;
    enum status status = configuration_read_places(path, &configuration, error);
    if (status != STATUS_OK) {
        return status;
    }
    assert(configuration != NULL);
    status = read_credentials(configuration, error);
    if (status != STATUS_OK) {
        configuration_destroy(&configuration);
        return error_wrap(error, status, "%s", path);
    }
    *configuration_r = configuration;
    return STATUS_OK;
}

void configuration_destroy(struct configuration **configuration)
{
    if (*configuration != NULL) {
        struct arena *arena = (*configuration)->arena;
        arena_destroy(&arena);
        *configuration = NULL;
    }
}
