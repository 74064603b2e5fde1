/* doorkeeper.c - takes the connections that libmicrohttpd leaves at the door.
 *
 * When accept() fails for want of file descriptors, a worker of 0.9.75 that has no connection tries
 * again at once, for ever, and one that has some stops listening until one of them ends, which an
 * event stream never does. This thread looks at the same listening socket. What still waits there
 * after a moment it accepts and hands over; without a descriptor left it gives its own spare one
 * for a moment and turns the caller away, who can try elsewhere or again. At the limit of
 * connections waiting is right, and it leaves them.
 */
#include "admin-api/admin_api_private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/base/log.h"

#define PATIENCE_MS      20  /* a worker takes a connection in much less */
#define FULL_WAIT_MS     100 /* no connection more is allowed, or accept() fails all the same */
#define TOLD_EVERY_MS    INT64_C(60000)
#define TAKEN_A_TIME_MAX 64

/* False when it is to stop. */
static bool wait_at_door(const struct doorkeeper *keeper, int wait_ms)
{
    struct pollfd stop = {.fd = keeper->stop, .events = POLLIN};
    (void)poll(&stop, 1, wait_ms);
    return (stop.revents & POLLIN) == 0;
}

static bool somebody_waits(const struct doorkeeper *keeper)
{
    struct pollfd door = {.fd = keeper->door, .events = POLLIN};
    return poll(&door, 1, 0) > 0;
}

static bool is_full(struct admin_api *api)
{
    const union MHD_DaemonInfo *information =
        MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return information == NULL || information->num_connections >= api->doorkeeper.connections_max;
}

static bool lacks_resources(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* False when even that failed. */
static bool turn_away(struct admin_api *api, int error)
{
    struct doorkeeper *keeper = &api->doorkeeper;
    struct monotonic_time now = api_monotonic(api);
    if (keeper->told_at.ms == 0 || now.ms - keeper->told_at.ms >= TOLD_EVERY_MS) {
        keeper->told_at = now;
        log_error("http.callers_turned_away", LOG_TEXT("detail", strerror(error)));
    }
    if (keeper->spare >= 0) {
        (void)close(keeper->spare);
    }
    int caller = accept4(keeper->door, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (caller >= 0) {
        (void)close(caller);
        atomic_fetch_add(&api->counters.callers_turned_away, 1);
    }
    keeper->spare = fcntl(keeper->stop, F_DUPFD_CLOEXEC, 0);
    return caller >= 0;
}

/* Answers how long to look away; 0: there may be more. */
static int take_one(struct admin_api *api)
{
    struct sockaddr_storage address;
    socklen_t bytes = sizeof address;
    int caller = accept4(api->doorkeeper.door, (struct sockaddr *)&address, &bytes,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (caller < 0) {
        int error = errno;
        return lacks_resources(error) && !turn_away(api, error) ? FULL_WAIT_MS : 0;
    }
    /* It closes the socket when it refuses. */
    (void)MHD_add_connection(api->daemon, caller, (struct sockaddr *)&address, bytes);
    return 0;
}

static void *keep_door(void *context)
{
    struct admin_api *api = context;
    struct doorkeeper *keeper = &api->doorkeeper;
    (void)pthread_setname_np(pthread_self(), "doorkeeper");
    int away_ms = PATIENCE_MS;
    do {
        struct pollfd both[] = {{.fd = keeper->door, .events = POLLIN},
                                {.fd = keeper->stop, .events = POLLIN}};
        (void)poll(both, 2, -1);
        if (!wait_at_door(keeper, away_ms)) {
            break;
        }
        away_ms = PATIENCE_MS;
        for (int taken = 0; taken < TAKEN_A_TIME_MAX && somebody_waits(keeper); taken++) {
            int wait_ms = is_full(api) ? FULL_WAIT_MS : take_one(api);
            if (wait_ms > 0) {
                away_ms = wait_ms;
                break;
            }
        }
    } while (wait_at_door(keeper, 0));
    return NULL;
}

enum status doorkeeper_start(struct admin_api *api, size_t connections_max, struct error *error)
{
    struct doorkeeper *keeper = &api->doorkeeper;
    const union MHD_DaemonInfo *information =
        MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_LISTEN_FD);
    assert(information != NULL && !keeper->started);
    keeper->door = information->listen_fd;
    keeper->connections_max = connections_max;
    keeper->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    keeper->spare = keeper->stop < 0 ? -1 : fcntl(keeper->stop, F_DUPFD_CLOEXEC, 0);
    if (keeper->spare < 0) {
        enum status status = error_set(error, STATUS_IO, "eventfd: %s", strerror(errno));
        if (keeper->stop >= 0) {
            (void)close(keeper->stop);
        }
        return status;
    }
    keeper->started = pthread_create(&keeper->thread, NULL, keep_door, api) == 0;
    if (!keeper->started) {
        (void)close(keeper->spare);
        (void)close(keeper->stop);
        return error_set(error, STATUS_IO, "cannot start a thread");
    }
    return STATUS_OK;
}

void doorkeeper_stop(struct admin_api *api)
{
    struct doorkeeper *keeper = &api->doorkeeper;
    if (!keeper->started) {
        return;
    }
    (void)eventfd_write(keeper->stop, 1);
    (void)pthread_join(keeper->thread, NULL);
    keeper->started = false;
    if (keeper->spare >= 0) {
        (void)close(keeper->spare);
    }
    (void)close(keeper->stop);
}
