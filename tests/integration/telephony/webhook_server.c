#include "tests/integration/telephony/webhook_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_BYTES_MAX 32768

struct webhook_server {
    int listener;
    char url[64];
    SSL_CTX *tls; /* NULL: plain */
    pthread_t acceptor;
    struct server_answer answers[SERVER_ANSWERS_MAX];
    size_t answers_count;

    pthread_mutex_t lock; /* for all below */
    pthread_cond_t arrived;
    struct received received[RECEIVED_MAX];
    size_t received_count;
    int sockets[SERVER_CONNECTION_MAX];
    pthread_t threads[SERVER_CONNECTION_MAX];
    size_t connections;
};

struct connection {
    struct webhook_server *server;
    int socket;
    SSL *tls; /* NULL: plain */
};

static void copy_header(const char *request, const char *name, char *target, size_t target_bytes)
{
    const char *line = strcasestr(request, name);
    target[0] = '\0';
    if (line != NULL) {
        line += strlen(name);
        line += strspn(line, " ");
        size_t bytes = strcspn(line, "\r\n");
        assert(bytes < target_bytes);
        memcpy(target, line, bytes);
        target[bytes] = '\0';
    }
}

static ssize_t receive(const struct connection *connection, char *data, size_t bytes)
{
    return connection->tls != NULL ? SSL_read(connection->tls, data, (int)bytes)
                                   : recv(connection->socket, data, bytes, 0);
}

static bool send_whole(const struct connection *connection, const char *text)
{
    size_t bytes = strlen(text);
    ssize_t sent = connection->tls != NULL ? SSL_write(connection->tls, text, (int)bytes)
                                           : send(connection->socket, text, bytes, MSG_NOSIGNAL);
    return sent == (ssize_t)bytes;
}

/* Reads one request; its bytes, or 0 when the peer closed. */
static size_t read_request(const struct connection *connection, char *request, size_t *body_at)
{
    size_t used = 0;
    size_t needed = 0;
    while (needed == 0 || used < needed) {
        ssize_t got = receive(connection, request + used, REQUEST_BYTES_MAX - 1 - used);
        if (got <= 0) {
            return 0;
        }
        used += (size_t)got;
        request[used] = '\0';
        char *end = strstr(request, "\r\n\r\n");
        if (needed == 0 && end != NULL) {
            char length[32];
            copy_header(request, "\r\nContent-Length:", length, sizeof length);
            *body_at = (size_t)(end - request) + 4;
            needed = *body_at + strtoul(length, NULL, 10);
        }
    }
    return used;
}

static struct server_answer note_request(struct webhook_server *server, const char *request,
                                         size_t body_at)
{
    struct received one;
    copy_header(request, "\r\nwebhook-id:", one.id, sizeof one.id);
    copy_header(request, "\r\nwebhook-timestamp:", one.timestamp, sizeof one.timestamp);
    copy_header(request, "\r\nwebhook-signature:", one.signatures, sizeof one.signatures);
    (void)snprintf(one.body, sizeof one.body, "%s", request + body_at);
    (void)pthread_mutex_lock(&server->lock);
    assert(server->received_count < RECEIVED_MAX);
    size_t i = server->received_count++;
    server->received[i] = one;
    (void)pthread_cond_broadcast(&server->arrived);
    (void)pthread_mutex_unlock(&server->lock);
    return server->answers[i < server->answers_count ? i : server->answers_count - 1];
}

static void *serve(void *context)
{
    struct connection connection = *(struct connection *)context;
    free(context);
    char *request = malloc(REQUEST_BYTES_MAX);
    assert(request != NULL);
    size_t body_at = 0;
    bool open = true;
    if (connection.server->tls != NULL) {
        connection.tls = SSL_new(connection.server->tls);
        open =
            SSL_set_fd(connection.tls, connection.socket) == 1 && SSL_accept(connection.tls) == 1;
    }
    while (open && read_request(&connection, request, &body_at) > 0) {
        struct server_answer answer = note_request(connection.server, request, body_at);
        open = answer.kind == SERVER_IS_SILENT ||
               (answer.kind == SERVER_ANSWERS && send_whole(&connection, answer.raw));
    }
    SSL_free(connection.tls);                     /* NULL is fine */
    (void)shutdown(connection.socket, SHUT_RDWR); /* closed by webhook_server_stop() */
    free(request);
    return NULL;
}

static void *accept_all(void *context)
{
    struct webhook_server *server = context;
    for (;;) {
        int socket = accept(server->listener, NULL, NULL);
        if (socket < 0) {
            return NULL;
        }
        struct connection *connection = malloc(sizeof *connection);
        assert(connection != NULL);
        *connection = (struct connection){server, socket, NULL};
        (void)pthread_mutex_lock(&server->lock);
        assert(server->connections < SERVER_CONNECTION_MAX);
        server->sockets[server->connections] = socket;
        int failed = pthread_create(&server->threads[server->connections], NULL, serve, connection);
        assert(failed == 0);
        (void)failed;
        server->connections++;
        (void)pthread_mutex_unlock(&server->lock);
    }
}

struct webhook_server *webhook_server_start(const struct server_answer *answers, size_t count)
{
    return webhook_server_start_tls(answers, count, NULL);
}

struct webhook_server *webhook_server_start_tls(const struct server_answer *answers, size_t count,
                                                SSL_CTX *tls)
{
    struct webhook_server *server = calloc(1, sizeof *server);
    assert(server != NULL && count > 0 && count <= SERVER_ANSWERS_MAX);
    memcpy(server->answers, answers, count * sizeof *answers);
    server->answers_count = count;
    server->tls = tls;
    (void)pthread_mutex_init(&server->lock, NULL);
    (void)pthread_cond_init(&server->arrived, NULL);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->listener, (struct sockaddr *)&address, bytes) != 0 ||
        listen(server->listener, SERVER_CONNECTION_MAX) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &bytes) != 0 ||
        pthread_create(&server->acceptor, NULL, accept_all, server) != 0) {
        abort();
    }
    (void)snprintf(server->url, sizeof server->url, "%s://127.0.0.1:%u/hook",
                   tls != NULL ? "https" : "http", (unsigned)ntohs(address.sin_port));
    return server;
}

void webhook_server_stop(struct webhook_server *server)
{
    (void)shutdown(server->listener, SHUT_RDWR); /* wakes accept() */
    (void)pthread_join(server->acceptor, NULL);
    (void)close(server->listener);
    for (size_t i = 0; i < server->connections; i++) {
        (void)shutdown(server->sockets[i], SHUT_RDWR);
        (void)pthread_join(server->threads[i], NULL);
        (void)close(server->sockets[i]);
    }
    (void)pthread_cond_destroy(&server->arrived);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}

const char *webhook_server_url(const struct webhook_server *server)
{
    return server->url;
}

size_t webhook_server_requests(struct webhook_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    size_t count = server->received_count;
    (void)pthread_mutex_unlock(&server->lock);
    return count;
}

size_t webhook_server_connections(struct webhook_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    size_t count = server->connections;
    (void)pthread_mutex_unlock(&server->lock);
    return count;
}

struct received webhook_server_received(struct webhook_server *server, size_t i)
{
    (void)pthread_mutex_lock(&server->lock);
    assert(i < server->received_count);
    struct received one = server->received[i];
    (void)pthread_mutex_unlock(&server->lock);
    return one;
}

void webhook_server_wait(struct webhook_server *server, size_t requests)
{
    (void)pthread_mutex_lock(&server->lock);
    while (server->received_count < requests) {
        (void)pthread_cond_wait(&server->arrived, &server->lock);
    }
    (void)pthread_mutex_unlock(&server->lock);
}
