/* webhook_server.h - a small receiver of webhooks for tests: HTTP/1.1 on loopback, one thread a
 * connection, scripted answers, and a record of what arrived. */
#ifndef TESTS_INTEGRATION_TELEPHONY_WEBHOOK_SERVER_H
#define TESTS_INTEGRATION_TELEPHONY_WEBHOOK_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#include "gateway/base/uuid.h"

#define RECEIVED_MAX          1024
#define RECEIVED_TEXT_MAX     512
#define SERVER_ANSWERS_MAX    16
#define SERVER_CONNECTION_MAX 128

/* One request as it came in. */
struct received {
    char id[UUID_TEXT_BYTES];
    char timestamp[32];
    char signatures[RECEIVED_TEXT_MAX];
    char body[RECEIVED_TEXT_MAX];
};

enum server_answer_kind {
    SERVER_ANSWERS,   /* with raw */
    SERVER_IS_SILENT, /* reads the request, then nothing */
    SERVER_CUTS,      /* reads the request, then closes */
};

struct server_answer {
    enum server_answer_kind kind;
    const char *raw; /* the whole response */
};

struct webhook_server;

/* Listens on a free port of 127.0.0.1; the i-th request gets answers[i], later ones the last. */
struct webhook_server *webhook_server_start(const struct server_answer *answers, size_t count);

/* The same over TLS; the context stays the caller's and outlives the server. */
struct webhook_server *webhook_server_start_tls(const struct server_answer *answers, size_t count,
                                                SSL_CTX *tls);

/* Closes all, joins, frees. */
void webhook_server_stop(struct webhook_server *server);

const char *webhook_server_url(const struct webhook_server *server);

/* Requests and connections so far. */
size_t webhook_server_requests(struct webhook_server *server);
size_t webhook_server_connections(struct webhook_server *server);

/* A copy of the i-th request. */
struct received webhook_server_received(struct webhook_server *server, size_t i);

/* Waits until that many requests arrived. */
void webhook_server_wait(struct webhook_server *server, size_t requests);

#endif
