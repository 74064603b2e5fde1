#include "apns-fcm/resolver.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/base/fault_signals.h"
#include "gateway/base/text.h"

#define HOST_BYTES_MAX   256
#define PORT_BYTES_MAX   8
#define LOOKUPS_MAX      8 /* of each trust */
#define LOOKUP_STACK_MAX ((size_t)256 * 1024)

/* Shared by the loop and the look-up's thread: whoever leaves last frees it. */
struct lookup {
    atomic_int holders;
    enum resolve_trust trust;
    int event_fd;
    char host[HOST_BYTES_MAX];
    char port[PORT_BYTES_MAX];
    struct addrinfo *addresses; /* written before the event */
};

struct resolve {
    struct loop_source source;
    struct loop *loop;
    struct lookup *lookup;
    resolve_done *done;
    void *context;
};

static atomic_int lookups_running[RESOLVE_STRANGERS + 1];

static const struct addrinfo hints_tcp = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

static void lookup_release(struct lookup *lookup)
{
    if (atomic_fetch_sub(&lookup->holders, 1) == 1) {
        if (lookup->addresses != NULL) {
            freeaddrinfo(lookup->addresses);
        }
        (void)close(lookup->event_fd);
        free(lookup);
    }
}

static void *lookup_run(void *argument)
{
    struct lookup *lookup = argument;
    struct addrinfo *addresses = NULL;
    if (getaddrinfo(lookup->host, lookup->port, &hints_tcp, &addresses) == 0) {
        lookup->addresses = addresses;
    }
    (void)eventfd_write(lookup->event_fd, 1);
    atomic_fetch_sub(&lookups_running[lookup->trust], 1);
    lookup_release(lookup);
    return NULL;
}

static bool lookup_spawn(struct lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attributes, LOOKUP_STACK_MAX);
    fault_signals_fill_others(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    bool running = pthread_create(&thread, &attributes, lookup_run, lookup) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return running;
}

static void on_ready(struct loop_source *source, uint32_t events)
{
    struct resolve *resolve = (struct resolve *)source;
    (void)events;
    eventfd_t value;
    if (eventfd_read(resolve->lookup->event_fd, &value) != 0) {
        return;
    }
    struct addrinfo *addresses = resolve->lookup->addresses;
    resolve->lookup->addresses = NULL;
    resolve_done *done = resolve->done;
    void *context = resolve->context;
    loop_remove(resolve->loop, resolve->lookup->event_fd);
    lookup_release(resolve->lookup);
    free(resolve);
    done(context, addresses, addresses != NULL ? NULL : "name-not-found");
}

static struct lookup *lookup_create(const char *host, const char *port)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL) {
        return NULL;
    }
    lookup->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (lookup->event_fd < 0) {
        free(lookup);
        return NULL;
    }
    (void)text_copy(lookup->host, sizeof lookup->host, host);
    (void)text_copy(lookup->port, sizeof lookup->port, port);
    atomic_store(&lookup->holders, 1);
    return lookup;
}

static enum status start_thread(struct loop *loop, const char *host, const char *port,
                                enum resolve_trust trust, struct resolve *resolve)
{
    struct lookup *lookup = lookup_create(host, port);
    if (lookup == NULL) {
        return STATUS_NO_MEMORY;
    }
    lookup->trust = trust;
    resolve->lookup = lookup;
    enum status status = loop_add(loop, lookup->event_fd, &resolve->source, EPOLLIN);
    if (status == STATUS_OK) {
        atomic_store(&lookup->holders, 2);
        atomic_fetch_add(&lookups_running[trust], 1);
        if (lookup_spawn(lookup)) {
            return STATUS_OK;
        }
        atomic_fetch_sub(&lookups_running[trust], 1);
        atomic_store(&lookup->holders, 1);
        loop_remove(loop, lookup->event_fd);
        status = STATUS_NO_MEMORY;
    }
    lookup_release(lookup);
    return status;
}

enum status resolve_start(struct loop *loop, const char *host, const char *port,
                          enum resolve_trust trust, resolve_done *done, void *context,
                          struct resolve **resolve_r)
{
    struct addrinfo hints = hints_tcp;
    struct addrinfo *addresses = NULL;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    if (getaddrinfo(host, port, &hints, &addresses) == 0) {
        *resolve_r = NULL;
        done(context, addresses, NULL);
        return STATUS_OK;
    }
    if (atomic_load(&lookups_running[trust]) >= LOOKUPS_MAX) {
        return STATUS_FULL;
    }
    struct resolve *resolve = calloc(1, sizeof *resolve);
    if (resolve == NULL) {
        return STATUS_NO_MEMORY;
    }
    *resolve =
        (struct resolve){.source = {on_ready}, .loop = loop, .done = done, .context = context};
    enum status status = start_thread(loop, host, port, trust, resolve);
    if (status != STATUS_OK) {
        free(resolve);
        return status;
    }
    *resolve_r = resolve;
    return STATUS_OK;
}

void resolve_cancel(struct resolve **resolve)
{
    if (*resolve != NULL) {
        loop_remove((*resolve)->loop, (*resolve)->lookup->event_fd);
        lookup_release((*resolve)->lookup);
        free(*resolve);
        *resolve = NULL;
    }
}
