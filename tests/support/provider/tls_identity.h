/* tls_identity.h - the keys and certificates of the simulated providers.
 *
 * Made on the spot, never shipped: a CA, a server certificate for localhost and 127.0.0.1, two that
 * are wrong, a client certificate, Apple's push key (.p8) and Google's service account. What is in
 * the folder already is used again, so that a sender's configuration survives a restart of the
 * simulator.
 */
#ifndef TESTS_SUPPORT_PROVIDER_TLS_IDENTITY_H
#define TESTS_SUPPORT_PROVIDER_TLS_IDENTITY_H

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "gateway/base/status.h"

#define IDENTITY_KEY_ID_BYTES 41
#define IDENTITY_PATH_BYTES   512

struct tls_identity {
    SSL_CTX *tls;         /* serves the certificate; TLS 1.2 and later */
    EVP_PKEY *apns_key;   /* EC P-256 */
    EVP_PKEY *google_key; /* RSA 2048 */
    char google_key_id[IDENTITY_KEY_ID_BYTES];
    char ca_path[IDENTITY_PATH_BYTES];
    char apns_key_path[IDENTITY_PATH_BYTES];
    char client_path[IDENTITY_PATH_BYTES]; /* a sender's certificate for APNs */
    char client_key_path[IDENTITY_PATH_BYTES];
    char service_account_path[IDENTITY_PATH_BYTES];
};

/* What goes into service-account.json beside the key. */
struct service_account {
    const char *project;
    const char *client_email;
    const char *token_uri;
};

/* Loads what is in the folder (which exists) and makes what is not. On failure *identity_r needs no
 * fini. */
enum status tls_identity_init(struct tls_identity *identity_r, const char *folder,
                              struct error *error) MUST_CHECK;

/* Writes service-account.json, whose token_uri is known only once the port is. */
enum status tls_identity_write_service_account(const struct tls_identity *identity,
                                               const struct service_account *account,
                                               struct error *error) MUST_CHECK;
void tls_identity_fini(struct tls_identity *identity);

/* A server's context: the certificate and key of these files, h2 by ALPN, and clients' certificates
 * verified with ca_path where they are asked for. The caller frees it with SSL_CTX_free(). */
enum status tls_server_context(const char *certificate_path, const char *key_path,
                               const char *ca_path, SSL_CTX **tls_r,
                               struct error *error) MUST_CHECK;

/* A certificate, or its own CA. */
struct certificate_wish {
    const char *name; /* CN */
    const char *alternative_names;
    const char *key_usage; /* extended: "serverAuth" or "clientAuth" */
    bool expired;          /* yesterday */
};

/* A certificate for `key`, signed by the issuer's key; issuer NULL: its own CA. NULL on failure. */
X509 *certificate_make(const struct certificate_wish *wish, EVP_PKEY *key, X509 *issuer,
                       EVP_PKEY *issuer_key);

/* Writes a file as a whole or not at all (temporary name, then rename). mode: its permissions. */
enum status file_write_atomically(const char *path, const void *data, size_t bytes, unsigned mode,
                                  struct error *error) MUST_CHECK;

#endif
