/* connections.c - every connection has one total deadline for what it is doing.
 *
 * libmicrohttpd's own time-out only notices that nothing moves; a byte every second keeps a
 * connection for ever. Here the whole reception is limited, and so are sending and idling.
 */
#include "admin-api/admin_api_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define CONNECTION_CUT INT64_MIN

static int64_t clock_word(enum phase phase, int64_t deadline_ms)
{
    return deadline_ms * 4 + (int64_t)phase;
}

struct connection *http_connection_open(struct admin_api *api, int socket)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return NULL;
    }
    connection->socket = socket;
    atomic_init(&connection->clock,
                clock_word(PHASE_RECEIVING, api_monotonic(api).ms + api->request_deadline_ms));
    struct connections *all = &api->connections;
    pthread_mutex_lock(&all->mutex);
    connection->next = all->first;
    if (all->first != NULL) {
        all->first->previous = connection;
    } else {
        all->last = connection;
    }
    all->first = connection;
    size_t before = atomic_fetch_add(&all->count, 1);
    pthread_mutex_unlock(&all->mutex);
    if (before == 0 || before == all->calm) {
        (void)eventfd_write(api->deadlines_wake, 1);
    }
    return connection;
}

void http_connection_close(struct admin_api *api, struct connection *connection)
{
    struct connections *all = &api->connections;
    pthread_mutex_lock(&all->mutex);
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        assert(all->first == connection);
        all->first = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    } else {
        all->last = connection->previous;
    }
    atomic_fetch_sub(&all->count, 1);
    pthread_mutex_unlock(&all->mutex);
    free(connection);
}

bool http_connection_set_phase(struct connection *connection, enum phase phase, int64_t deadline_ms)
{
    int64_t before = atomic_load(&connection->clock);
    int64_t after = clock_word(phase, phase == PHASE_HANDLING ? INT64_MAX / 8 : deadline_ms);
    do {
        if (before == CONNECTION_CUT) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(&connection->clock, &before, after));
    return true;
}

static void cut(struct admin_api *api, struct connection *connection, enum phase phase)
{
    static const char late[] =
        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
        "Content-Type: application/problem+json\r\nCache-Control: no-store\r\n"
        "Content-Length: 159\r\n\r\n"
        "{\"type\":\"https://astreinte.invalid/problems/timeout\",\"title\":\"a deadline passed\","
        "\"status\":408,\"detail\":\"the request did not arrive in time: send it in one go\"}";
    if (phase == PHASE_RECEIVING && !api->connections.tls) {
        /* Nothing has been written for this request, and nothing will be: the phase is ours. */
        (void)send(connection->socket, late, sizeof late - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    (void)shutdown(connection->socket, SHUT_RDWR);
    atomic_fetch_add(&api->counters.connections_cut, 1);
}

bool http_connections_are_crowded(struct admin_api *api)
{
    return atomic_load(&api->connections.count) > api->connections.calm;
}

bool http_connections_are_unread(struct admin_api *api)
{
    bool unread = false;
    pthread_mutex_lock(&api->connections.mutex);
    for (struct connection *each = api->connections.first; each != NULL && !unread;
         each = each->next) {
        int bytes = 0;
        unread = ioctl(each->socket, FIONREAD, &bytes) == 0 && bytes > 0;
    }
    pthread_mutex_unlock(&api->connections.mutex);
    return unread;
}

/* One pass over a crowd, from the most dispensable on. */
enum pass { PASS_IDLE, PASS_IDLE_AGENTS, PASS_SLOW, PASSES_COUNT };

static bool is_dispensable(const struct admin_api *api, const struct connection *connection,
                           int64_t word, enum pass pass, struct monotonic_time now)
{
    enum phase phase = (enum phase)(word % 4);
    switch (pass) {
    case PASS_IDLE:
        return phase == PHASE_IDLE && !atomic_load(&connection->acknowledges);
    case PASS_IDLE_AGENTS:
        return phase == PHASE_IDLE;
    case PASS_SLOW:
        return phase == PHASE_RECEIVING &&
               word / 4 - api->request_deadline_ms + CROWD_RECEIVE_MS <= now.ms;
    case PASSES_COUNT:
        break;
    }
    return false;
}

/* Under the mutex: cuts it, unless it has moved on meanwhile. */
static bool try_cut(struct admin_api *api, struct connection *connection, int64_t word)
{
    if (!atomic_compare_exchange_strong(&connection->clock, &word, CONNECTION_CUT)) {
        return false;
    }
    cut(api, connection, (enum phase)(word % 4));
    return true;
}

/* Under the mutex. */
static void thin_out(struct admin_api *api, size_t open, struct monotonic_time now)
{
    for (int pass = 0; pass < PASSES_COUNT; pass++) {
        struct connection *each = api->connections.last;
        for (; each != NULL && open > api->connections.calm; each = each->previous) {
            int64_t word = atomic_load(&each->clock);
            if (word != CONNECTION_CUT && is_dispensable(api, each, word, (enum pass)pass, now) &&
                try_cut(api, each, word)) {
                open--;
            }
        }
    }
}

void http_connections_cut(struct admin_api *api, struct monotonic_time now)
{
    /* The lock keeps the sockets open: libmicrohttpd closes them after http_connection_close(). */
    pthread_mutex_lock(&api->connections.mutex);
    size_t open = 0;
    for (struct connection *each = api->connections.first; each != NULL; each = each->next) {
        int64_t word = atomic_load(&each->clock);
        bool over = word != CONNECTION_CUT && word / 4 <= now.ms;
        open += word != CONNECTION_CUT && !(over && try_cut(api, each, word));
    }
    thin_out(api, open, now);
    pthread_mutex_unlock(&api->connections.mutex);
}
