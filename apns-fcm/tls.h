/* tls.h - TLS for the providers: 1.2 or later, ALPN "h2" and nothing else, the certificate and the
 * host's name always verified. */
#ifndef APNS_FCM_TLS_H
#define APNS_FCM_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "gateway/base/status.h"

/* ca_file: PEM bundle, NULL: the system's. The caller frees with SSL_CTX_free(). */
enum status tls_context_create(const char *ca_file, SSL_CTX **context_r,
                               struct error *error) MUST_CHECK;

/* A client on a connected, non-blocking socket, expecting `host` (a name or an address). NULL when
 * out of memory. The caller frees with SSL_free(); the socket stays the caller's. */
SSL *tls_client_create(SSL_CTX *context, int fd, const char *host);

/* After the handshake: whether the peer speaks HTTP/2. */
bool tls_negotiated_h2(const SSL *ssl);

/* The reason of the failure that SSL_get_error() just reported, in a few fixed words. Empties
 * OpenSSL's error queue. */
const char *tls_failure_text(const SSL *ssl);

#endif
