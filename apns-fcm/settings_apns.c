/* settings_apns.c - an account at Apple: a token's key, or a client certificate. */
#include "apns-fcm/settings.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <time.h>

#include "apns-fcm/tls.h"
#include "gateway/base/arena.h"

#define NAME_BYTES_MAX 255
#define PEM_BYTES_MAX  16384
#define CERT_BYTES_MAX 65536

static const char *const hosts[] = {"api.push.apple.com", "api.sandbox.push.apple.com"};

static bool is_filled(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static enum status load_key(struct settings *settings, const struct push_apns_account *from,
                            struct apns_settings *to, struct error *error)
{
    if (!settings_is_word(from->key_id, NAME_BYTES_MAX)) {
        return settings_fault(error, "apns key_id", "missing, or not one word");
    }
    if (!settings_is_word(from->team_id, NAME_BYTES_MAX)) {
        return settings_fault(error, "apns team_id", "missing, or not one word");
    }
    if (!is_filled(from->key_pem) || strlen(from->key_pem) > PEM_BYTES_MAX) {
        return settings_fault(error, "apns key_pem", "missing");
    }
    enum status status = signing_key_create(from->key_pem, JWT_ES256, &to->key, error);
    if (status != STATUS_OK) {
        return status == STATUS_NO_MEMORY ? status : error_wrap(error, status, "apns key_pem");
    }
    to->key_pem = arena_text(settings->arena, from->key_pem);
    to->key_id = arena_text(settings->arena, from->key_id);
    to->team_id = arena_text(settings->arena, from->team_id);
    return to->key_pem != NULL && to->key_id != NULL && to->team_id != NULL ? STATUS_OK
                                                                            : STATUS_NO_MEMORY;
}

static struct wall_time end_of(const X509 *certificate)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1) {
        return WALL_NEVER;
    }
    return (struct wall_time){(int64_t)timegm(&tm) * 1000};
}

/* OpenSSL would ask at the terminal for what is encrypted. */
/* NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL's type */
static int no_passphrase(char *buffer, int bytes_max, int writing, void *context)
{
    (void)buffer;
    (void)bytes_max;
    (void)writing;
    (void)context;
    return -1;
}

/* The leaf comes first in the file, its chain behind it (as nginx and others have it). */
static bool use_certificates(SSL_CTX *tls, const char *pem, struct wall_time *ends_r)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *leaf = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    bool used = leaf != NULL && SSL_CTX_use_certificate(tls, leaf) == 1;
    if (used) {
        *ends_r = end_of(leaf);
    }
    X509_free(leaf);
    X509 *issuer;
    while (used && (issuer = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
        if (SSL_CTX_add0_chain_cert(tls, issuer) != 1) {
            X509_free(issuer);
            used = false;
        }
    }
    BIO_free(bio);
    ERR_clear_error(); /* the end of the file is reported as an error */
    return used;
}

static bool use_private_key(SSL_CTX *tls, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    bool used =
        key != NULL && SSL_CTX_use_PrivateKey(tls, key) == 1 && SSL_CTX_check_private_key(tls) == 1;
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return used;
}

static enum status load_certificate(const char *ca_file, const struct push_apns_account *from,
                                    struct apns_settings *to, struct error *error)
{
    if (is_filled(from->key_pem)) {
        return settings_fault(error, "apns cert_pem", "give a key or a certificate, not both");
    }
    const char *key_pem = is_filled(from->cert_key_pem) ? from->cert_key_pem : from->cert_pem;
    if (strlen(from->cert_pem) > CERT_BYTES_MAX || strlen(key_pem) > CERT_BYTES_MAX) {
        return settings_fault(error, "apns cert_pem", "longer than 64 KiB");
    }
    enum status status = tls_context_create(ca_file, &to->tls, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!use_certificates(to->tls, from->cert_pem, &to->certificate_ends)) {
        return settings_fault(error, "apns cert_pem", "no certificate can be read from it");
    }
    if (!use_private_key(to->tls, key_pem)) {
        return settings_fault(error, "apns cert_key_pem", "not the certificate's private key");
    }
    return STATUS_OK;
}

enum status settings_load_apns(struct settings *settings, const char *ca_file,
                               const struct push_apns_account *from, struct apns_settings *to,
                               struct error *error)
{
    to->certificate_ends = WALL_NEVER;
    to->critical_entitled = from->critical_entitled;
    if (!settings_is_word(from->topic, NAME_BYTES_MAX)) {
        return settings_fault(error, "apns topic", "missing, or not one word");
    }
    for (int i = 0; i < PUSH_ENVIRONMENTS_COUNT; i++) {
        enum status status = settings_set_endpoint(settings, &to->endpoints[i], &from->endpoints[i],
                                                   hosts[i], "apns endpoint", error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    to->topic = arena_text(settings->arena, from->topic);
    to->voip_topic = arena_format(settings->arena, "%s.voip", from->topic);
    to->token_file = arena_text(settings->arena, from->token_file);
    if (to->topic == NULL || to->voip_topic == NULL ||
        (from->token_file != NULL && to->token_file == NULL)) {
        return STATUS_NO_MEMORY;
    }
    return is_filled(from->cert_pem) ? load_certificate(ca_file, from, to, error)
                                     : load_key(settings, from, to, error);
}
