/* connect_proxy.h - a small HTTP proxy (CONNECT alone) in a thread of the test, which can misbehave
 * as proxies do, and play a network that swallows everything without a word. */
#ifndef TESTS_INTEGRATION_PUSH_CONNECT_PROXY_H
#define TESTS_INTEGRATION_PUSH_CONNECT_PROXY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define PROXY_TUNNELS_MAX       64
#define PROXY_REQUEST_BYTES_MAX 1024

enum proxy_mood {
    PROXY_SERVES,
    PROXY_SPLITS,   /* a long answer, a byte a segment */
    PROXY_REFUSES,  /* 403 */
    PROXY_SILENT,   /* takes the request, and no more */
    PROXY_ENDLESS,  /* an answer whose header never ends */
    PROXY_HANGS_UP, /* in the middle of the answer */
};

struct proxy_tunnel {
    int client;
    int server; /* -1: nothing is forwarded */
    bool frozen;
};

struct connect_proxy {
    pthread_t thread;
    pthread_mutex_t lock; /* of all that follows */
    enum proxy_mood mood;
    const char *password; /* what Proxy-Authorization must be, or 407; NULL: nothing */
    unsigned tunnels_opened;
    unsigned requests;
    char last_request[PROXY_REQUEST_BYTES_MAX];
    struct proxy_tunnel tunnels[PROXY_TUNNELS_MAX];
    size_t tunnels_count;
    int listener;
    int wake_fd; /* written to stop */
    char port[8];
};

/* On 127.0.0.1 and any free port. */
void connect_proxy_start(struct connect_proxy *proxy);
void connect_proxy_stop(struct connect_proxy *proxy);

void connect_proxy_set(struct connect_proxy *proxy, enum proxy_mood mood, const char *password);
/* From now on nothing passes through the tunnels that there are, and nobody is told. */
void connect_proxy_freeze(struct connect_proxy *proxy);
unsigned connect_proxy_tunnels(struct connect_proxy *proxy);
unsigned connect_proxy_requests(struct connect_proxy *proxy);
void connect_proxy_last_request(struct connect_proxy *proxy, char text_r[PROXY_REQUEST_BYTES_MAX]);

#endif
