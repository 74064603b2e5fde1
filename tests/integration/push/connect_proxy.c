#include "tests/integration/push/connect_proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define FORWARD_BYTES    16384
#define ENDLESS_LINES    1000
#define REQUEST_S_MAX    5
#define WATCHED_MAX      (2 + 2 * PROXY_TUNNELS_MAX)
#define LONG_HEADER_LINE "X-Filler: abcdefghijklmnopqrstuvwxyz\r\n"

static int dial(const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &addresses) != 0) {
        return -1;
    }
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, addresses->ai_addr, addresses->ai_addrlen) != 0) {
        (void)close(fd);
        fd = -1;
    }
    freeaddrinfo(addresses);
    return fd;
}

static bool say(int fd, const char *text, size_t bytes)
{
    while (bytes > 0) {
        ssize_t sent = send(fd, text, bytes, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        text += sent;
        bytes -= (size_t)sent;
    }
    return true;
}

static bool say_text(int fd, const char *text)
{
    return say(fd, text, strlen(text));
}

/* Up to the empty line; false when the client left, or says too much. */
static bool read_request(int fd, char text_r[PROXY_REQUEST_BYTES_MAX])
{
    const struct timeval patience = {.tv_sec = REQUEST_S_MAX};
    size_t bytes = 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (bytes < PROXY_REQUEST_BYTES_MAX - 1 && recv(fd, text_r + bytes, 1, 0) == 1) {
        text_r[++bytes] = '\0';
        if (bytes >= 4 && memcmp(text_r + bytes - 4, "\r\n\r\n", 4) == 0) {
            return true;
        }
    }
    return false;
}

/* The server of "CONNECT host:port HTTP/1.1", or -1. */
static int dial_target(const char *request)
{
    char host[256];
    char port[8];
    if (sscanf(request, "CONNECT %255[^: ]:%7[0-9] HTTP/1.1\r\n", host, port) != 2) {
        return -1;
    }
    return dial(host, port);
}

static bool is_authorized(const char *request, const char *password)
{
    char line[256];
    (void)snprintf(line, sizeof line, "\r\nProxy-Authorization: %s\r\n",
                   password != NULL ? password : "");
    return password == NULL || strstr(request, line) != NULL;
}

/* The answer of 2xx; false when there is to be no tunnel. */
static bool grant(int fd, enum proxy_mood mood)
{
    static const char split[] =
        "HTTP/1.0 299 Connection established, at last\r\n" LONG_HEADER_LINE LONG_HEADER_LINE
            LONG_HEADER_LINE LONG_HEADER_LINE "\r\n";
    const int on = 1;
    bool said = true;
    if (mood != PROXY_SPLITS) {
        return say_text(fd, "HTTP/1.1 200 Connection established\r\n\r\n");
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (size_t i = 0; i < sizeof split - 1 && said; i++) {
        said = say(fd, split + i, 1);
    }
    return said;
}

static void keep(struct connect_proxy *proxy, int client, int server)
{
    (void)pthread_mutex_lock(&proxy->lock);
    bool room = proxy->tunnels_count < PROXY_TUNNELS_MAX;
    if (room) {
        proxy->tunnels[proxy->tunnels_count++] = (struct proxy_tunnel){client, server, false};
        proxy->tunnels_opened += server >= 0 ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&proxy->lock);
    if (!room) {
        (void)close(client);
        if (server >= 0) {
            (void)close(server);
        }
    }
}

static void serve(struct connect_proxy *proxy, int fd, const char *request)
{
    int server = dial_target(request);
    (void)pthread_mutex_lock(&proxy->lock);
    enum proxy_mood mood = proxy->mood;
    (void)pthread_mutex_unlock(&proxy->lock);
    if (server < 0) {
        (void)say_text(fd, "HTTP/1.1 502 Bad Gateway\r\n\r\n");
        (void)close(fd);
        return;
    }
    keep(proxy, fd, server); /* counted before the client knows */
    (void)grant(fd, mood);   /* a failure shows when something is forwarded */
}

static void misbehave(struct connect_proxy *proxy, int fd, enum proxy_mood mood)
{
    if (mood == PROXY_SILENT) {
        keep(proxy, fd, -1);
        return;
    }
    if (mood == PROXY_REFUSES) {
        (void)say_text(fd, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    } else {
        (void)say_text(fd, "HTTP/1.1 200 OK\r\n");
        for (int i = 0; mood == PROXY_ENDLESS && i < ENDLESS_LINES; i++) {
            (void)say_text(fd, LONG_HEADER_LINE);
        }
    }
    (void)close(fd);
}

static void take(struct connect_proxy *proxy)
{
    char request[PROXY_REQUEST_BYTES_MAX] = "";
    int fd = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (!read_request(fd, request)) {
        (void)close(fd);
        return;
    }
    (void)pthread_mutex_lock(&proxy->lock);
    enum proxy_mood mood = proxy->mood;
    bool authorized = is_authorized(request, proxy->password);
    proxy->requests++;
    memcpy(proxy->last_request, request, sizeof request);
    (void)pthread_mutex_unlock(&proxy->lock);
    if (!authorized) {
        (void)say_text(fd, "HTTP/1.1 407 Proxy Authentication Required\r\n"
                           "Proxy-Authenticate: Basic realm=\"test\"\r\n\r\n");
        (void)close(fd);
    } else if (mood == PROXY_SERVES || mood == PROXY_SPLITS) {
        serve(proxy, fd, request);
    } else {
        misbehave(proxy, fd, mood);
    }
}

/* Passes on what has come; false when one end is closed. */
static bool forward(int from, int to)
{
    static _Thread_local char buffer[FORWARD_BYTES];
    ssize_t got = recv(from, buffer, sizeof buffer, MSG_DONTWAIT);
    return got > 0 && (to < 0 || say(to, buffer, (size_t)got));
}

static void close_tunnel(struct proxy_tunnel *tunnel)
{
    (void)close(tunnel->client);
    if (tunnel->server >= 0) {
        (void)close(tunnel->server);
    }
}

/* watched: two a tunnel, in their order. The lock is held, so that a freeze is one moment. */
static void forward_all(struct connect_proxy *proxy, const struct pollfd *watched, size_t count)
{
    size_t kept = 0;
    (void)pthread_mutex_lock(&proxy->lock);
    for (size_t i = 0; i < proxy->tunnels_count; i++) {
        struct proxy_tunnel *tunnel = &proxy->tunnels[i];
        bool open = true;
        if (!tunnel->frozen && i < count) {
            open = (watched[2 * i].revents == 0 || forward(tunnel->client, tunnel->server)) &&
                   (watched[2 * i + 1].revents == 0 || forward(tunnel->server, tunnel->client));
        }
        if (open) {
            proxy->tunnels[kept++] = *tunnel;
        } else {
            close_tunnel(tunnel);
        }
    }
    proxy->tunnels_count = kept;
    (void)pthread_mutex_unlock(&proxy->lock);
}

static void *run(void *argument)
{
    struct connect_proxy *proxy = argument;
    struct pollfd watched[WATCHED_MAX];
    for (;;) {
        size_t count = 0;
        watched[0] = (struct pollfd){.fd = proxy->wake_fd, .events = POLLIN};
        watched[1] = (struct pollfd){.fd = proxy->listener, .events = POLLIN};
        (void)pthread_mutex_lock(&proxy->lock);
        for (; count < proxy->tunnels_count; count++) {
            const struct proxy_tunnel *tunnel = &proxy->tunnels[count];
            watched[2 + 2 * count].fd = tunnel->frozen ? -1 : tunnel->client;
            watched[3 + 2 * count].fd = tunnel->frozen ? -1 : tunnel->server;
            watched[2 + 2 * count].events = watched[3 + 2 * count].events = POLLIN;
        }
        (void)pthread_mutex_unlock(&proxy->lock);
        (void)poll(watched, (nfds_t)(2 + 2 * count), -1);
        if (watched[0].revents != 0) {
            return NULL;
        }
        forward_all(proxy, watched + 2, count);
        if (watched[1].revents != 0) {
            take(proxy);
        }
    }
}

void connect_proxy_start(struct connect_proxy *proxy)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof address;
    *proxy = (struct connect_proxy){.wake_fd = eventfd(0, EFD_CLOEXEC)};
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(proxy->listener >= 0 && proxy->wake_fd >= 0);
    assert_int_equal(bind(proxy->listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(proxy->listener, SOMAXCONN), 0);
    assert_int_equal(getsockname(proxy->listener, (struct sockaddr *)&address, &bytes), 0);
    (void)snprintf(proxy->port, sizeof proxy->port, "%u", (unsigned)ntohs(address.sin_port));
    (void)pthread_mutex_init(&proxy->lock, NULL);
    assert_int_equal(pthread_create(&proxy->thread, NULL, run, proxy), 0);
}

void connect_proxy_stop(struct connect_proxy *proxy)
{
    (void)eventfd_write(proxy->wake_fd, 1);
    (void)pthread_join(proxy->thread, NULL);
    for (size_t i = 0; i < proxy->tunnels_count; i++) {
        close_tunnel(&proxy->tunnels[i]);
    }
    (void)close(proxy->listener);
    (void)close(proxy->wake_fd);
}

void connect_proxy_set(struct connect_proxy *proxy, enum proxy_mood mood, const char *password)
{
    (void)pthread_mutex_lock(&proxy->lock);
    proxy->mood = mood;
    proxy->password = password;
    (void)pthread_mutex_unlock(&proxy->lock);
}

void connect_proxy_freeze(struct connect_proxy *proxy)
{
    (void)pthread_mutex_lock(&proxy->lock);
    for (size_t i = 0; i < proxy->tunnels_count; i++) {
        proxy->tunnels[i].frozen = true;
    }
    (void)pthread_mutex_unlock(&proxy->lock);
}

static unsigned read_counter(struct connect_proxy *proxy, const unsigned *counter)
{
    (void)pthread_mutex_lock(&proxy->lock);
    unsigned value = *counter;
    (void)pthread_mutex_unlock(&proxy->lock);
    return value;
}

unsigned connect_proxy_tunnels(struct connect_proxy *proxy)
{
    return read_counter(proxy, &proxy->tunnels_opened);
}

unsigned connect_proxy_requests(struct connect_proxy *proxy)
{
    return read_counter(proxy, &proxy->requests);
}

void connect_proxy_last_request(struct connect_proxy *proxy, char text_r[PROXY_REQUEST_BYTES_MAX])
{
    (void)pthread_mutex_lock(&proxy->lock);
    memcpy(text_r, proxy->last_request, PROXY_REQUEST_BYTES_MAX);
    (void)pthread_mutex_unlock(&proxy->lock);
}
