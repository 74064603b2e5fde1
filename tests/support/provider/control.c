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
    size_t used;
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

/* The answer is small and the peer waits for it: a socket that cannot take it is given up. */
static bool send_answer(const struct control_connection *connection, char *answer)
{
    size_t bytes = strlen(answer);
    answer[bytes] = '\n'; /* in the place of the terminator */
    return send(connection->source.fd, answer, bytes + 1, MSG_NOSIGNAL) == (ssize_t)(bytes + 1);
}

/* Obeys the whole lines that have arrived; false: give the connection up. */
static bool obey_lines(struct control_connection *connection)
{
    char answer[CONTROL_ANSWER_BYTES];
    char *end;
    while ((end = memchr(connection->line, '\n', connection->used)) != NULL) {
        size_t bytes = (size_t)(end - connection->line);
        if (bytes > 0) {
            control_obey(connection->control->simulator, connection->line, bytes, answer);
            if (!send_answer(connection, answer)) {
                return false;
            }
        }
        connection->used -= bytes + 1;
        memmove(connection->line, end + 1, connection->used);
    }
    return connection->used < sizeof connection->line;
}

static void on_input(struct event_source *source, uint32_t events)
{
    struct control_connection *connection = (struct control_connection *)source;
    (void)events;
    ssize_t bytes = recv(source->fd, connection->line + connection->used,
                         sizeof connection->line - connection->used, 0);
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (bytes > 0) {
        connection->used += (size_t)bytes;
    }
    if (bytes <= 0 || !obey_lines(connection)) {
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
    connection->source = (struct event_source){.fd = fd, .ready = on_input};
    connection->control = control;
    connection->used = 0;
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
