/* doorkeeper.c - listens, and hands every connection to libmicrohttpd.
 *
 * libmicrohttpd 0.9.75 is kept from its own door. Without file descriptors a worker of it that has
 * no connection calls accept() again at once, for ever, and one that has some listens again only
 * when one of them ends, which an event stream never does; and a worker that is handed a connection
 * just when it reached its limit keeps a lock for good (new_connection_process_() in daemon.c). So
 * it has no socket to listen on and no limit to reach; this thread counts instead. At the limit
 * callers wait in the kernel's queue. Without a descriptor left it gives its own spare one for a
 * moment and turns the caller away, who can try elsewhere or again.
 */
#include "admin-api/admin_api_private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/base/log.h"

#define ADDRESS_DEFAULT  "127.0.0.1"
#define REST_MS          100  /* accept() fails, and it is not the caller who is to blame */
#define ARRIVAL_MS_MAX   1000 /* a worker that has taken no connection by then has lost it */
#define TOLD_EVERY_MS    INT64_C(60000)
#define TAKEN_A_TIME_MAX 64

/* ---- the door ---- */

static enum status resolve(const struct admin_api_configuration *configuration,
                           struct sockaddr_storage *address_r, socklen_t *bytes_r,
                           struct error *error)
{
    const char *text =
        configuration->listen_address != NULL ? configuration->listen_address : ADDRESS_DEFAULT;
    char port[8];
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    (void)snprintf(port, sizeof port, "%u", (unsigned)configuration->listen_port);
    int code = getaddrinfo(text, port, &hints, &found);
    if (code != 0) {
        return error_set(error, STATUS_CONFIGURATION, "listen address %s: %s", text,
                         gai_strerror(code));
    }
    memcpy(address_r, found->ai_addr, found->ai_addrlen);
    *bytes_r = found->ai_addrlen;
    freeaddrinfo(found);
    return STATUS_OK;
}

/* -1, and errno. */
static int listen_on(const struct sockaddr_storage *address, socklen_t bytes)
{
    static const int on = 1;
    int door = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool listens = door >= 0 && setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                   (address->ss_family != AF_INET6 ||
                    setsockopt(door, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
                   bind(door, (const struct sockaddr *)address, bytes) == 0 &&
                   listen(door, SOMAXCONN) == 0;
    if (!listens && door >= 0) {
        int error = errno;
        (void)close(door);
        errno = error;
    }
    return listens ? door : -1;
}

static uint16_t port_of(int door)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } address = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t bytes = sizeof address;
    (void)getsockname(door, &address.any, &bytes);
    return ntohs(address.any.sa_family == AF_INET6 ? address.six.sin6_port : address.four.sin_port);
}

static enum status cannot_listen(const struct admin_api_configuration *configuration, int failure,
                                 struct error *error)
{
    const char *remedy =
        failure == EADDRINUSE ? ": another program listens there: stop it, or take another port"
        : failure == EACCES   ? ": take a port above 1023, or let the gateway's user have this one"
                              : "";
    return error_set(error, STATUS_IO,
                     "[gateway] listen_address, listen_port: cannot listen on %s port %u: %s%s",
                     configuration->listen_address != NULL ? configuration->listen_address
                                                           : ADDRESS_DEFAULT,
                     (unsigned)configuration->listen_port, strerror(failure), remedy);
}

enum status doorkeeper_open(struct admin_api *api,
                            const struct admin_api_configuration *configuration,
                            struct error *error)
{
    struct doorkeeper *keeper = &api->doorkeeper;
    struct sockaddr_storage address = {0};
    socklen_t bytes = 0;
    enum status status = resolve(configuration, &address, &bytes, error);
    if (status != STATUS_OK) {
        return status;
    }
    keeper->door = listen_on(&address, bytes);
    if (keeper->door < 0) {
        return cannot_listen(configuration, errno, error);
    }
    keeper->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    keeper->spare = fcntl(keeper->news, F_DUPFD_CLOEXEC, 0);
    if (keeper->spare < 0) {
        status = error_set(error, STATUS_IO, "no file descriptor for HTTP: %s", strerror(errno));
        doorkeeper_close(api);
        return status;
    }
    api->port = port_of(keeper->door);
    return STATUS_OK;
}

void doorkeeper_close(struct admin_api *api)
{
    struct doorkeeper *keeper = &api->doorkeeper;
    int *const all[] = {&keeper->door, &keeper->news, &keeper->spare};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (*all[i] >= 0) {
            (void)close(*all[i]);
            *all[i] = -1;
        }
    }
}

/* ---- the keeper ---- */

void doorkeeper_note_arrival(struct admin_api *api)
{
    atomic_fetch_add(&api->doorkeeper.arrived, 1);
}

void doorkeeper_note_departure(struct admin_api *api)
{
    atomic_fetch_add(&api->doorkeeper.departed, 1);
    if (atomic_load(&api->doorkeeper.wants_news)) {
        (void)eventfd_write(api->doorkeeper.news, 1);
    }
}

/* How many more may come in. A connection that a worker had no memory for never arrives. */
static size_t room(const struct admin_api *api)
{
    const struct doorkeeper *keeper = &api->doorkeeper;
    size_t inside = keeper->handed_over - atomic_load(&keeper->departed);
    return inside < api->connections_max ? api->connections_max - inside : 0;
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
    keeper->spare = fcntl(keeper->news, F_DUPFD_CLOEXEC, 0);
    return caller >= 0;
}

enum door { DOOR_TAKEN, DOOR_EMPTY, DOOR_BROKEN };

static enum door take_one(struct admin_api *api)
{
    struct doorkeeper *keeper = &api->doorkeeper;
    struct sockaddr_storage address;
    socklen_t bytes = sizeof address;
    int caller =
        accept4(keeper->door, (struct sockaddr *)&address, &bytes, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (caller < 0) {
        int error = errno;
        if (error == EAGAIN || error == EINTR || error == ECONNABORTED) {
            return DOOR_EMPTY;
        }
        return lacks_resources(error) && turn_away(api, error) ? DOOR_TAKEN : DOOR_BROKEN;
    }
    /* Before: a worker may be done with it at once. It closes the socket when it refuses. */
    keeper->handed_over++;
    if (MHD_add_connection(api->daemon, caller, (struct sockaddr *)&address, bytes) != MHD_YES) {
        keeper->handed_over--;
    }
    return DOOR_TAKEN;
}

/* False when it is to look away for a while. */
static bool take(struct admin_api *api, size_t count)
{
    enum door door = DOOR_TAKEN;
    for (size_t i = 0; i < count && i < TAKEN_A_TIME_MAX && door == DOOR_TAKEN; i++) {
        door = take_one(api);
    }
    return door != DOOR_BROKEN;
}

/* As room(), but when there is none, who departs from now on wakes the keeper. */
static size_t room_or_news(struct admin_api *api)
{
    size_t places = room(api);
    if (places == 0) {
        atomic_store(&api->doorkeeper.wants_news, true);
        places = room(api);
    }
    return places;
}

static void *keep_door(void *context)
{
    struct admin_api *api = context;
    struct doorkeeper *keeper = &api->doorkeeper;
    (void)pthread_setname_np(pthread_self(), "doorkeeper");
    bool rests = false;
    while (!atomic_load(&keeper->stopping)) {
        size_t places = room_or_news(api);
        struct pollfd both[] = {{.fd = rests || places == 0 ? -1 : keeper->door, .events = POLLIN},
                                {.fd = keeper->news, .events = POLLIN}};
        int ready = poll(both, 2, rests ? REST_MS : places == 0 ? ARRIVAL_MS_MAX : -1);
        atomic_store(&keeper->wants_news, false);
        if (ready == 0 && !rests) { /* full, and nobody arrives or departs */
            keeper->handed_over = atomic_load(&keeper->arrived);
        }
        if (ready > 0 && both[1].revents != 0) {
            eventfd_t ignored;
            (void)eventfd_read(keeper->news, &ignored);
        }
        rests = ready > 0 && both[0].revents != 0 && !take(api, places);
    }
    return NULL;
}

enum status doorkeeper_start(struct admin_api *api, struct error *error)
{
    struct doorkeeper *keeper = &api->doorkeeper;
    assert(keeper->door >= 0 && !keeper->started);
    keeper->started = pthread_create(&keeper->thread, NULL, keep_door, api) == 0;
    return keeper->started ? STATUS_OK : error_set(error, STATUS_IO, "cannot start a thread");
}

void doorkeeper_stop(struct admin_api *api)
{
    struct doorkeeper *keeper = &api->doorkeeper;
    if (keeper->started) {
        atomic_store(&keeper->stopping, true);
        (void)eventfd_write(keeper->news, 1);
        (void)pthread_join(keeper->thread, NULL);
        keeper->started = false;
    }
}
