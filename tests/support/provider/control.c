#include "tests/support/provider/control.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct control_connection {
    struct event_source source; /* first */
    struct control *control;
    size_t used; /* of line */
    size_t answer_bytes;
    size_t answer_sent; /* below answer_bytes: the peer does not read, and is not read */
    char answer[CONTROL_ANSWER_BYTES];
    char line[CONTROL_LINE_BYTES_MAX];
};

struct control {
    struct event_source listener; /* first */
    struct simulator *simulator;
    struct control_connection *connections[CONTROL_CONNECTIONS_MAX];
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
};

static void close_connection(struct control_connection *connection)
{
    struct control *control = connection->control;
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        if (control->connections[i] == connection) {
            control->connections[i] = NULL;
        }
    }
    event_loop_forget(control->simulator->loop, &connection->source);
    (void)close(connection->source.fd);
    free(connection);
}

/* Sends what is left of the answer; false: the connection is broken. */
static bool send_answer(struct control_connection *connection)
{
    while (connection->answer_sent < connection->answer_bytes) {
        ssize_t bytes = send(connection->source.fd, connection->answer + connection->answer_sent,
                             connection->answer_bytes - connection->answer_sent, MSG_NOSIGNAL);
        if (bytes < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        connection->answer_sent += (size_t)bytes;
    }
    return true;
}

/* Obeys the whole lines that have arrived, as long as the peer takes the answers; false: give the
 * connection up. */
static bool obey_lines(struct control_connection *connection)
{
    char *end;
    while (connection->answer_sent == connection->answer_bytes &&
           (end = memchr(connection->line, '\n', connection->used)) != NULL) {
        size_t bytes = (size_t)(end - connection->line);
        if (bytes > 0) {
            control_obey(connection->control->simulator, connection->line, bytes,
                         connection->answer);
            connection->answer_bytes = strlen(connection->answer);
            connection->answer[connection->answer_bytes++] = '\n'; /* over the terminator */
            connection->answer_sent = 0;
        }
        connection->used -= bytes + 1;
        memmove(connection->line, end + 1, connection->used);
        if (!send_answer(connection)) {
            return false;
        }
    }
    bool waiting = connection->answer_sent < connection->answer_bytes;
    return (waiting || connection->used < sizeof connection->line) &&
           event_loop_watch(connection->control->simulator->loop, &connection->source,
                            waiting ? EPOLLOUT : EPOLLIN) == STATUS_OK;
}

static bool read_lines(struct control_connection *connection)
{
    ssize_t bytes = recv(connection->source.fd, connection->line + connection->used,
                         sizeof connection->line - connection->used, 0);
    if (bytes <= 0) {
        return bytes < 0 && (errno == EAGAIN || errno == EINTR);
    }
    connection->used += (size_t)bytes;
    return true;
}

static void on_ready(struct event_source *source, uint32_t events)
{
    struct control_connection *connection = (struct control_connection *)source;
    (void)events;
    bool waiting = connection->answer_sent < connection->answer_bytes;
    bool fine = waiting ? send_answer(connection) : read_lines(connection);
    if (!fine || !obey_lines(connection)) {
        close_connection(connection);
    }
}

static void on_incoming(struct event_source *source, uint32_t events)
{
    struct control *control = (struct control *)source;
    (void)events;
    int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    int slot = 0;
    while (slot < CONTROL_CONNECTIONS_MAX && control->connections[slot] != NULL) {
        slot++;
    }
    struct control_connection *connection =
        slot == CONTROL_CONNECTIONS_MAX ? NULL : malloc(sizeof *connection);
    if (connection == NULL) {
        (void)close(fd);
        return;
    }
    connection->source = (struct event_source){.fd = fd, .ready = on_ready};
    connection->control = control;
    connection->used = 0;
    connection->answer_bytes = 0;
    connection->answer_sent = 0;
    control->connections[slot] = connection;
    if (event_loop_watch(control->simulator->loop, &connection->source, EPOLLIN) != STATUS_OK) {
        close_connection(connection);
    }
}

enum status control_create(struct simulator *simulator, const char *path,
                           struct control **control_r, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        return error_set(error, STATUS_TOO_LARGE, "%s: too long for a socket's path", path);
    }
    struct control *control = calloc(1, sizeof *control);
    if (control == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "control socket");
    }
    control->simulator = simulator;
    memcpy(address.sun_path, path, strlen(path) + 1);
    memcpy(control->path, address.sun_path, sizeof control->path);
    (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    control->listener = (struct event_source){.fd = fd, .ready = on_incoming};
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, CONTROL_CONNECTIONS_MAX) != 0 ||
        event_loop_watch(simulator->loop, &control->listener, EPOLLIN) != STATUS_OK) {
        enum status status = error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
        control_destroy(&control);
        return status;
    }
    *control_r = control;
    return STATUS_OK;
}

void control_destroy(struct control **control_at)
{
    struct control *control = *control_at;
    if (control == NULL) {
        return;
    }
    for (int i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        if (control->connections[i] != NULL) {
            close_connection(control->connections[i]);
        }
    }
    if (control->listener.fd >= 0) {
        event_loop_forget(control->simulator->loop, &control->listener);
        (void)close(control->listener.fd);
        (void)unlink(control->path);
    }
    free(control);
    *control_at = NULL;
}
