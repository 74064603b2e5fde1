/* tls_identity.h - a certificate made on the spot, for receivers that speak TLS. */
#ifndef TESTS_INTEGRATION_TELEPHONY_TLS_IDENTITY_H
#define TESTS_INTEGRATION_TELEPHONY_TLS_IDENTITY_H

#include <openssl/ssl.h>

struct tls_identity {
    SSL_CTX *context; /* serves with the certificate */
    char ca_file[64]; /* a temporary file that trusts it */
};

/* A self-signed certificate for the name, as OpenSSL writes it ("IP:127.0.0.1", "DNS:a.test"). */
struct tls_identity tls_identity_create(const char *subject_alt_name);

/* Frees, and removes the file. */
void tls_identity_destroy(struct tls_identity *identity);

#endif
