/* seal-records: encrypts texts as the push library does, for a foreign library to decrypt.
 *
 * Each line of standard input has a receiver's public key, its authentication secret and a text,
 * all in base64 and separated by a blank; each line of standard output is the record, in base64.
 * The records are padded as the library pads them, up to the 4096 bytes of a Web Push message.
 */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "apns-fcm/key_agreement.h"
#include "gateway/base/encoding.h"
#include "gateway/base/random.h"

#define RECORD_BYTES_MAX 4096
#define LINE_BYTES_MAX   8192

struct request {
    uint8_t public_key[PUSH_PUBLIC_KEY_BYTES];
    uint8_t auth_secret[PUSH_AUTH_SECRET_BYTES];
    uint8_t plain[RECORD_BYTES_MAX];
    size_t plain_bytes;
};

/* Decodes the field up to the end mark and moves *at behind it. */
static bool take_field(const char **at, char end, void *data_r, size_t data_bytes_max,
                       size_t *data_bytes_r)
{
    const char *behind = strchr(*at, end);
    if (behind == NULL || base64_decode(*at, (size_t)(behind - *at), data_r, data_bytes_max,
                                        data_bytes_r) != STATUS_OK) {
        return false;
    }
    *at = behind + 1;
    return true;
}

static bool read_request(const char *line, struct request *request_r)
{
    size_t key_bytes, secret_bytes;
    const char *at = line;
    return take_field(&at, ' ', request_r->public_key, PUSH_PUBLIC_KEY_BYTES, &key_bytes) &&
           key_bytes == PUSH_PUBLIC_KEY_BYTES &&
           take_field(&at, ' ', request_r->auth_secret, PUSH_AUTH_SECRET_BYTES, &secret_bytes) &&
           secret_bytes == PUSH_AUTH_SECRET_BYTES &&
           take_field(&at, '\n', request_r->plain, sizeof request_r->plain,
                      &request_r->plain_bytes);
}

static enum status seal_request(struct key_agreement *agreement, const struct request *request)
{
    struct seal_agreement agreed;
    enum status status = key_agreement_take(agreement, request->public_key, &agreed);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t salt[SEAL_SALT_BYTES], record[RECORD_BYTES_MAX];
    char text[BASE64_TEXT_BYTES(RECORD_BYTES_MAX)];
    random_fill(&random_system, salt, sizeof salt);
    size_t record_bytes = seal_record_bytes(request->plain_bytes);
    record_bytes = record_bytes < sizeof record ? record_bytes : sizeof record;
    status = seal(&agreed, request->public_key, request->auth_secret, salt, request->plain,
                  request->plain_bytes, record, record_bytes);
    OPENSSL_cleanse(&agreed, sizeof agreed);
    if (status == STATUS_OK) {
        base64_encode(record, record_bytes, text);
        status = puts(text) < 0 ? STATUS_IO : STATUS_OK;
    }
    return status;
}

int main(void)
{
    static char line[LINE_BYTES_MAX];
    static struct request request;
    struct key_agreement *agreement = NULL;
    enum status status = key_agreement_create(&agreement);
    while (status == STATUS_OK && fgets(line, sizeof line, stdin) != NULL) {
        status = read_request(line, &request) ? seal_request(agreement, &request) : STATUS_INVALID;
        /* Every second agreement, or so, is one that was prepared. */
        if (status == STATUS_OK) {
            (void)key_agreement_prepare_one(agreement);
        }
    }
    key_agreement_destroy(&agreement);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "seal-records: %s\n", status_text(status));
        return 1;
    }
    return 0;
}
