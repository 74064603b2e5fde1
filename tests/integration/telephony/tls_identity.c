#include "tests/integration/telephony/tls_identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define LIFETIME_S 3600

static void need(int worked)
{
    if (worked != 1) {
        abort();
    }
}

static X509 *make_certificate(EVP_PKEY *key, const char *subject_alt_name)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    need(X509_set_version(certificate, X509_VERSION_3));
    need(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1));
    need(X509_gmtime_adj(X509_getm_notBefore(certificate), -LIFETIME_S) != NULL);
    need(X509_gmtime_adj(X509_getm_notAfter(certificate), LIFETIME_S) != NULL);
    need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"receiver", -1,
                                    -1, 0));
    need(X509_set_issuer_name(certificate, name));
    need(X509_set_pubkey(certificate, key));
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, subject_alt_name);
    need(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    need(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

struct tls_identity tls_identity_create(const char *subject_alt_name)
{
    struct tls_identity identity = {.ca_file = "/tmp/telephony-ca-XXXXXX"};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    need(key != NULL);
    X509 *certificate = make_certificate(key, subject_alt_name);
    identity.context = SSL_CTX_new(TLS_server_method());
    need(SSL_CTX_use_certificate(identity.context, certificate));
    need(SSL_CTX_use_PrivateKey(identity.context, key));
    int fd = mkstemp(identity.ca_file);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    need(file != NULL && PEM_write_X509(file, certificate) == 1 && fclose(file) == 0);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return identity;
}

void tls_identity_destroy(struct tls_identity *identity)
{
    SSL_CTX_free(identity->context);
    (void)unlink(identity->ca_file);
}
