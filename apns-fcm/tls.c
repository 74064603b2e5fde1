#include "apns-fcm/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>

#include "apns-fcm/crypto_error.h"

#define READ_BUFFER_BYTES 65536

static const unsigned char alpn_h2[] = {2, 'h', '2'};

enum status tls_context_create(const char *ca_file, SSL_CTX **context_r, struct error *error)
{
    ERR_clear_error(); /* what somebody else left is not ours */
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL) {
        return error_set(error, crypto_error_take(STATUS_NO_MEMORY), "no memory for TLS");
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, READ_BUFFER_BYTES);
    bool ready = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                 SSL_CTX_set_alpn_protos(context, alpn_h2, sizeof alpn_h2) == 0;
    bool trusts = ca_file == NULL ? SSL_CTX_set_default_verify_paths(context) == 1
                                  : SSL_CTX_load_verify_file(context, ca_file) == 1;
    if (!ready || !trusts) {
        SSL_CTX_free(context);
        if (ERR_peek_error() != 0 && crypto_error_take(STATUS_CONFIGURATION) == STATUS_NO_MEMORY) {
            return error_set(error, STATUS_NO_MEMORY, "no memory for TLS");
        }
        return error_set(error, STATUS_CONFIGURATION,
                         trusts ? "TLS 1.2 or ALPN is not available%s"
                                : "no certificate can be read from ca_file %s",
                         trusts || ca_file == NULL ? "" : ca_file);
    }
    ERR_clear_error();
    *context_r = context;
    return STATUS_OK;
}

/* What SSL_set_tlsext_host_name() does, without its cast that drops const. */
static bool set_server_name(SSL *ssl, const char *host)
{
    union {
        const char *text;
        void *pointer;
    } name = {.text = host};
    return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.pointer) ==
           1;
}

SSL *tls_client_create(SSL_CTX *context, int fd, const char *host)
{
    SSL *ssl = SSL_new(context);
    if (ssl == NULL) {
        return NULL;
    }
    unsigned char address[sizeof(struct in6_addr)];
    bool numeric =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    bool named = numeric ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1
                         : SSL_set1_host(ssl, host) == 1 && set_server_name(ssl, host);
    if (!named || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_connect_state(ssl);
    return ssl;
}

bool tls_negotiated_h2(const SSL *ssl)
{
    const unsigned char *protocol = NULL;
    unsigned bytes = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &bytes);
    return bytes == 2 && memcmp(protocol, "h2", 2) == 0;
}

const char *tls_failure_text(const SSL *ssl)
{
    long verified = SSL_get_verify_result(ssl);
    ERR_clear_error();
    switch (verified) {
    case X509_V_OK:
        return "tls-failed";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "certificate-names-another-host";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "certificate-expired";
    default:
        return "certificate-not-trusted";
    }
}
