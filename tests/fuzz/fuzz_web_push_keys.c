/* A subscription is a stranger's word: a public key, an authentication secret and an endpoint. A
 * key is a point and is encrypted for, or refused; an endpoint is an https address that reads the
 * same in parts and as a whole, or refused.
 *
 * An input is the key's 65 bytes, the secret's 16 and the endpoint's text; what is missing is zero.
 * fuzz links: push */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/key_agreement.h"
#include "apns-fcm/web_endpoint.h"

#define TEXT_BYTES_MAX   5000
#define RECORD_BYTES_MAX 6000
#define HEADER_BYTES     86

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

static struct key_agreement *shared_agreement(void)
{
    static struct key_agreement *agreement; /* found by the leak checker through this */
    if (agreement == NULL) {
        check(key_agreement_create(&agreement) == STATUS_OK);
    }
    return agreement;
}

static void check_record(const struct seal_agreement *agreed, const uint8_t *key,
                         const uint8_t *auth, const uint8_t *plain, size_t plain_bytes)
{
    static const uint8_t salt[SEAL_SALT_BYTES] = "0123456789abcdef";
    static uint8_t record[RECORD_BYTES_MAX];
    size_t bytes = seal_record_bytes(plain_bytes);
    check(bytes > HEADER_BYTES + plain_bytes + 16 && bytes < sizeof record);
    check(bytes - plain_bytes <= HEADER_BYTES + 16 + SEAL_PADDED_TO);
    record[bytes] = 0x5a;
    check(seal(agreed, key, auth, salt, plain, plain_bytes, record, HEADER_BYTES + plain_bytes) ==
          STATUS_TOO_LARGE);
    check(seal(agreed, key, auth, salt, plain, plain_bytes, record, bytes) == STATUS_OK);
    size_t size =
        (size_t)record[16] << 24 | (size_t)record[17] << 16 | (size_t)record[18] << 8 | record[19];
    check(size > bytes - HEADER_BYTES && record[20] == PUSH_PUBLIC_KEY_BYTES);
    check(memcmp(record, salt, sizeof salt) == 0);
    check(memcmp(record + 21, agreed->public_key, PUSH_PUBLIC_KEY_BYTES) == 0);
    check(record[bytes] == 0x5a);
}

static void check_key(const uint8_t *key, const uint8_t *auth, const uint8_t *plain,
                      size_t plain_bytes)
{
    struct key_agreement *agreement = shared_agreement();
    struct seal_agreement first, second;
    bool valid = push_public_key_is_valid(key);
    enum status status = key_agreement_take(agreement, key, &first);
    check(status == (valid ? STATUS_OK : STATUS_INVALID));
    if (!valid) {
        check(key_agreement_take(agreement, key, &first) == STATUS_INVALID);
        return;
    }
    (void)key_agreement_prepare_one(agreement);
    check(key_agreement_take(agreement, key, &second) == STATUS_OK);
    check(push_public_key_is_valid(first.public_key) &&
          push_public_key_is_valid(second.public_key));
    check(memcmp(first.public_key, second.public_key, sizeof first.public_key) != 0);
    check(memcmp(first.secret, second.secret, sizeof first.secret) != 0);
    check_record(&first, key, auth, plain, plain_bytes);
}

static void check_parts(const struct web_endpoint *endpoint)
{
    check(strspn(endpoint->host, "abcdefghijklmnopqrstuvwxyz0123456789-_.:") ==
          strlen(endpoint->host));
    check(endpoint->host[0] != '\0' && strlen(endpoint->host) < WEB_HOST_BYTES);
    check(strspn(endpoint->port, "0123456789") == strlen(endpoint->port));
    check(endpoint->port[0] != '0' && strtoul(endpoint->port, NULL, 10) <= 65535);
    check(endpoint->path[0] == '/' && endpoint->path_bytes == strlen(endpoint->path));
    for (const char *c = endpoint->path; *c != '\0'; c++) {
        check(*c > ' ' && *c <= '~' && *c != '#');
    }
}

static void check_endpoint(const char *text)
{
    static char whole[TEXT_BYTES_MAX + 100]; /* the default port may have been left out */
    struct web_endpoint endpoint, again;
    struct error error = {.text = ""};
    enum status status = web_endpoint_parse(text, &endpoint, &error);
    check(status == STATUS_OK || (status == STATUS_INVALID && error.text[0] != '\0'));
    if (status != STATUS_OK) {
        return;
    }
    check_parts(&endpoint);
    (void)snprintf(whole, sizeof whole, "%s%s", endpoint.origin, endpoint.path);
    check(strncmp(text, "https://", 8) == 0 && strlen(whole) <= strlen(text));
    check(web_endpoint_parse(whole, &again, &error) == STATUS_OK);
    check(strcmp(again.origin, endpoint.origin) == 0 && strcmp(again.host, endpoint.host) == 0);
    check(strcmp(again.port, endpoint.port) == 0 && strcmp(again.path, endpoint.path) == 0);
}

static void check_topic(const char *collapse_id)
{
    char topic[WEB_TOPIC_BYTES];
    check(web_topic(collapse_id, topic) == STATUS_OK && strlen(topic) == WEB_TOPIC_BYTES - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static char text[TEXT_BYTES_MAX + 1];
    uint8_t fixed[PUSH_PUBLIC_KEY_BYTES + PUSH_AUTH_SECRET_BYTES] = {0};
    size_t fixed_bytes = bytes < sizeof fixed ? bytes : sizeof fixed;
    size_t text_bytes = bytes - fixed_bytes;
    if (text_bytes > TEXT_BYTES_MAX) {
        return 0;
    }
    if (bytes > 0) {
        memcpy(fixed, data, fixed_bytes);
        memcpy(text, data + fixed_bytes, text_bytes);
    }
    text[text_bytes] = '\0';
    check_key(fixed, fixed + PUSH_PUBLIC_KEY_BYTES, (const uint8_t *)text, text_bytes);
    check_endpoint(text);
    check_topic(text);
    return 0;
}
