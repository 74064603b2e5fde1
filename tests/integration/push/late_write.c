#include "tests/integration/push/late_write.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#define LEAVING_MS_MAX 200 /* each write waits so long for the peer to leave */
#define RESET_MS_MAX   10000

typedef ssize_t write_function(int, const void *, size_t);

static atomic_uint late_port;
static atomic_bool came_late;

void late_write_set(uint16_t port)
{
    came_late = false;
    late_port = port;
}

bool late_write_came(void)
{
    return came_late;
}

static write_function *system_write(void)
{
    union {
        void *pointer;
        write_function *function;
    } found = {.pointer = dlsym(RTLD_NEXT, "write")};
    return found.function;
}

static bool leads_to_late_port(int fd)
{
    struct sockaddr_in peer = {0};
    socklen_t bytes = sizeof peer;
    return late_port != 0 && getpeername(fd, (struct sockaddr *)&peer, &bytes) == 0 &&
           peer.sin_family == AF_INET && ntohs(peer.sin_port) == late_port;
}

/* POLLRDHUP: the peer's end; of its reset poll() tells unasked. False when it did not come. */
static bool await(int fd, short event, int ms_max)
{
    struct pollfd socket = {.fd = fd, .events = event};
    return poll(&socket, 1, ms_max) == 1;
}

/* What is written to a peer that closed draws its reset, after which writing fails. */
ssize_t write(int fd, const void *bytes, size_t count)
{
    if (leads_to_late_port(fd) && await(fd, POLLRDHUP, LEAVING_MS_MAX)) {
        late_port = 0;
        (void)system_write()(fd, bytes, count);
        came_late = await(fd, 0, RESET_MS_MAX);
    }
    return system_write()(fd, bytes, count);
}
