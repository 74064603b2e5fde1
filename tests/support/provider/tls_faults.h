/* tls_faults.h - TLS as it should not be: for a sender that has to notice. */
#ifndef TESTS_SUPPORT_PROVIDER_TLS_FAULTS_H
#define TESTS_SUPPORT_PROVIDER_TLS_FAULTS_H

#include "tests/support/provider/tls_identity.h"

#define TLS_FAULT_TABLE(X)                                                                         \
    X(GOOD, "good")                                                                                \
    X(WRONG_NAME, "wrong_name") /* the certificate is another host's */                            \
    X(EXPIRED, "expired")       /* it was good until yesterday */                                  \
    X(UNKNOWN_CA, "unknown_ca") /* nobody trusts who signed it */                                  \
    X(OLD, "old")               /* TLS 1.0 and 1.1 only */                                         \
    X(NO_ALPN, "no_alpn")       /* no protocol is agreed upon; HTTP/1.1 is spoken */               \
    X(HTTP1, "http1")           /* http/1.1 is chosen, asked for or not, and spoken */

enum tls_fault {
#define TLS_FAULT_ENUM(name, word) TLS_FAULT_##name,
    TLS_FAULT_TABLE(TLS_FAULT_ENUM)
#undef TLS_FAULT_ENUM
};

/* The words in the order of the enum, NULL at the end. */
extern const char *const tls_fault_words[];

struct tls_faults;

/* identity and folder are borrowed. NULL when out of memory. */
struct tls_faults *tls_faults_create(const struct tls_identity *identity, const char *folder);
void tls_faults_destroy(struct tls_faults **faults);

/* The context with this fault; it lives as long as faults. */
enum status tls_faults_context(struct tls_faults *faults, enum tls_fault fault, SSL_CTX **tls_r,
                               struct error *error) MUST_CHECK;

#endif
