#include "tests/support/provider/tls_faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAULTS_COUNT (TLS_FAULT_HTTP1 + 1)

struct tls_faults {
    const struct tls_identity *identity;
    const char *folder;
    SSL_CTX *contexts[FAULTS_COUNT]; /* made when they are asked for */
};

const char *const tls_fault_words[] = {
#define TLS_FAULT_WORD(name, word) word,
    TLS_FAULT_TABLE(TLS_FAULT_WORD)
#undef TLS_FAULT_WORD
        NULL};

struct tls_faults *tls_faults_create(const struct tls_identity *identity, const char *folder)
{
    struct tls_faults *faults = calloc(1, sizeof *faults);
    if (faults != NULL) {
        faults->identity = identity;
        faults->folder = folder;
    }
    return faults;
}

void tls_faults_destroy(struct tls_faults **faults)
{
    if (*faults != NULL) {
        for (size_t i = 0; i < FAULTS_COUNT; i++) {
            SSL_CTX_free((*faults)->contexts[i]);
        }
        free(*faults);
        *faults = NULL;
    }
}

/* The type is OpenSSL's. NOLINTNEXTLINE(readability-non-const-parameter) */
static int choose_nothing(SSL *tls, const unsigned char **chosen_r, unsigned char *chosen_bytes_r,
                          const unsigned char *offered, unsigned offered_bytes, void *context)
{
    (void)tls;
    (void)chosen_r;
    (void)chosen_bytes_r;
    (void)offered;
    (void)offered_bytes;
    (void)context;
    return SSL_TLSEXT_ERR_NOACK;
}

static int choose_http1(SSL *tls, const unsigned char **chosen_r, unsigned char *chosen_bytes_r,
                        const unsigned char *offered, unsigned offered_bytes, void *context)
{
    static const char protocol[] = "http/1.1";
    (void)tls;
    (void)offered;
    (void)offered_bytes;
    (void)context;
    *chosen_r = (const unsigned char *)protocol;
    *chosen_bytes_r = sizeof protocol - 1;
    return SSL_TLSEXT_ERR_OK;
}

/* A certificate that names the right host, signed by a CA of this moment. */
static bool use_unknown_ca(SSL_CTX *tls)
{
    static const struct certificate_wish ca_wish = {.name = "Nobody's CA"};
    static const struct certificate_wish wish = {"localhost", "DNS:localhost,IP:127.0.0.1",
                                                 "serverAuth", false};
    EVP_PKEY *key = SSL_CTX_get0_privatekey(tls);
    EVP_PKEY *ca_key = EVP_EC_gen("P-256");
    X509 *ca = ca_key == NULL ? NULL : certificate_make(&ca_wish, ca_key, NULL, ca_key);
    X509 *certificate = ca == NULL ? NULL : certificate_make(&wish, key, ca, ca_key);
    bool used = certificate != NULL && SSL_CTX_use_certificate(tls, certificate) == 1;
    X509_free(certificate);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    return used;
}

/* Today's OpenSSL holds the old versions for insecure, which they are. */
static bool use_old_versions(SSL_CTX *tls)
{
    SSL_CTX_set_security_level(tls, 0);
    return SSL_CTX_set_min_proto_version(tls, TLS1_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(tls, TLS1_1_VERSION) == 1;
}

enum status tls_faults_context(struct tls_faults *faults, enum tls_fault fault, SSL_CTX **tls_r,
                               struct error *error)
{
    char certificate[IDENTITY_PATH_BYTES], key[IDENTITY_PATH_BYTES];
    const char *name = fault == TLS_FAULT_WRONG_NAME ? "wrong-name"
                       : fault == TLS_FAULT_EXPIRED  ? "expired"
                                                     : "server";
    if (fault == TLS_FAULT_GOOD || faults->contexts[fault] != NULL) {
        *tls_r = fault == TLS_FAULT_GOOD ? faults->identity->tls : faults->contexts[fault];
        return STATUS_OK;
    }
    SSL_CTX *tls;
    (void)snprintf(certificate, sizeof certificate, "%s/%s.pem", faults->folder, name);
    (void)snprintf(key, sizeof key, "%s/server.key", faults->folder);
    enum status status =
        tls_server_context(certificate, key, faults->identity->ca_path, &tls, error);
    if (status != STATUS_OK) {
        return status;
    }
    if ((fault == TLS_FAULT_UNKNOWN_CA && !use_unknown_ca(tls)) ||
        (fault == TLS_FAULT_OLD && !use_old_versions(tls))) {
        SSL_CTX_free(tls);
        return error_set(error, STATUS_IO, "%s", tls_fault_words[fault]);
    }
    if (fault == TLS_FAULT_NO_ALPN || fault == TLS_FAULT_HTTP1) {
        SSL_CTX_set_alpn_select_cb(tls, fault == TLS_FAULT_HTTP1 ? choose_http1 : choose_nothing,
                                   NULL);
    }
    faults->contexts[fault] = tls;
    *tls_r = tls;
    return STATUS_OK;
}
