#include "apns-fcm/vapid.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/crypto_error.h"
#include "apns-fcm/jwt.h"
#include "gateway/base/encoding.h"
#include "gateway/base/json_writer.h"
#include "gateway/base/text.h"

#define SUBJECT_BYTES_MAX 256
#define CLAIMS_BYTES_MAX  1024

struct vapid_key {
    struct signing_key *signing_key;
    char subject[SUBJECT_BYTES_MAX];
    char public_text[PUSH_VAPID_PUBLIC_BYTES_MAX];
};

static bool is_subject(const char *subject)
{
    if (subject == NULL || strlen(subject) >= SUBJECT_BYTES_MAX ||
        (strncmp(subject, "mailto:", 7) != 0 && strncmp(subject, "https://", 8) != 0)) {
        return false;
    }
    for (const char *at = subject; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~') {
            return false;
        }
    }
    return strchr(subject, '@') != NULL || subject[0] == 'h';
}

enum status vapid_key_create(const char *pem, const char *subject, struct vapid_key **key_r,
                             struct error *error)
{
    uint8_t point[PUSH_PUBLIC_KEY_BYTES];
    if (!is_subject(subject)) {
        return error_set(error, STATUS_CONFIGURATION,
                         "web subject: not a mailto: or https: address");
    }
    struct vapid_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the VAPID key");
    }
    (void)text_copy(key->subject, sizeof key->subject, subject);
    enum status status = signing_key_create(pem, JWT_ES256, &key->signing_key, error);
    if (status == STATUS_OK) {
        status = signing_key_public_point(key->signing_key, point);
    }
    if (status != STATUS_OK) {
        vapid_key_destroy(&key);
        return status == STATUS_NO_MEMORY ? status : error_wrap(error, status, "web vapid_key_pem");
    }
    base64url_encode(point, sizeof point, key->public_text);
    *key_r = key;
    return STATUS_OK;
}

void vapid_key_destroy(struct vapid_key **key)
{
    if (*key != NULL) {
        signing_key_destroy(&(*key)->signing_key);
        free(*key);
        *key = NULL;
    }
}

enum status vapid_authorization(const struct vapid_key *key, const char *origin,
                                struct wall_time now, char text_r[VAPID_AUTHORIZATION_BYTES_MAX],
                                size_t *bytes_r)
{
    char claims[CLAIMS_BYTES_MAX], token[VAPID_AUTHORIZATION_BYTES_MAX];
    struct json_writer json;
    json_writer_init(&json, claims, sizeof claims);
    json_object_begin(&json);
    json_member_text(&json, "aud", origin);
    json_member_int(&json, "exp", (now.ms + VAPID_LIFE_MS) / 1000);
    json_member_text(&json, "sub", key->subject);
    json_object_end(&json);
    if (json_writer_overflowed(&json)) {
        return STATUS_TOO_LARGE;
    }
    size_t bytes = 0;
    enum status status = jwt_sign(key->signing_key, NULL, claims, json_writer_bytes(&json), token,
                                  sizeof token, &bytes);
    if (status != STATUS_OK) {
        return status;
    }
    char text[VAPID_AUTHORIZATION_BYTES_MAX];
    int all_bytes = snprintf(text, sizeof text, "vapid t=%s, k=%s", token, key->public_text);
    if (all_bytes < 0 || (size_t)all_bytes >= sizeof text) {
        return STATUS_TOO_LARGE;
    }
    memcpy(text_r, text, (size_t)all_bytes + 1);
    *bytes_r = (size_t)all_bytes;
    return STATUS_OK;
}

enum status push_vapid_key_create(char pem_r[PUSH_VAPID_PEM_BYTES_MAX], struct error *error)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = key != NULL ? BIO_new(BIO_s_mem()) : NULL;
    char *data = NULL;
    long bytes = 0;
    if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
        bytes = BIO_get_mem_data(bio, &data);
    }
    bool made = bytes > 0 && bytes < PUSH_VAPID_PEM_BYTES_MAX;
    if (made) {
        memcpy(pem_r, data, (size_t)bytes);
        pem_r[bytes] = '\0';
        OPENSSL_cleanse(data, (size_t)bytes);
    }
    BIO_free(bio);
    EVP_PKEY_free(key);
    if (!made) {
        return error_set(error, crypto_error_take(STATUS_NO_MEMORY), "no key can be made");
    }
    return STATUS_OK;
}

enum status push_vapid_public_key(const char *pem, char text_r[PUSH_VAPID_PUBLIC_BYTES_MAX],
                                  struct error *error)
{
    struct signing_key *key = NULL;
    uint8_t point[PUSH_PUBLIC_KEY_BYTES];
    enum status status = signing_key_create(pem, JWT_ES256, &key, error);
    if (status == STATUS_OK) {
        status = signing_key_public_point(key, point);
    }
    if (status == STATUS_OK) {
        base64url_encode(point, sizeof point, text_r);
    }
    signing_key_destroy(&key);
    return status;
}

bool push_public_key_is_valid(const uint8_t public_key[PUSH_PUBLIC_KEY_BYTES])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    /* Takes only points that lie on the curve; its order is prime, so that they are all good. */
    bool valid = point != NULL && public_key[0] == POINT_CONVERSION_UNCOMPRESSED &&
                 EC_POINT_oct2point(group, point, public_key, PUSH_PUBLIC_KEY_BYTES, NULL) == 1;
    EC_POINT_free(point);
    EC_GROUP_free(group);
    if (!valid) {
        enum status ignored = crypto_error_take(STATUS_INVALID);
        (void)ignored;
    }
    return valid;
}
