#include "tests/integration/push/host_names.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

typedef int lookup_function(const char *restrict, const char *restrict,
                            const struct addrinfo *restrict, struct addrinfo **restrict);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *named;
static const char *addresses[HOST_ADDRESSES_MAX + 1];
static unsigned lookups;

void host_names_set(const char *name, const char *const *given)
{
    (void)pthread_mutex_lock(&lock);
    named = name;
    lookups = 0;
    memset(addresses, 0, sizeof addresses);
    for (size_t i = 0; i < HOST_ADDRESSES_MAX && given[i] != NULL; i++) {
        addresses[i] = given[i];
    }
    (void)pthread_mutex_unlock(&lock);
}

void host_names_clear(void)
{
    static const char *const none[] = {NULL};
    host_names_set(NULL, none);
}

unsigned host_names_lookups(void)
{
    (void)pthread_mutex_lock(&lock);
    unsigned count = lookups;
    (void)pthread_mutex_unlock(&lock);
    return count;
}

static lookup_function *system_lookup(void)
{
    union {
        void *pointer;
        lookup_function *function;
    } found = {.pointer = dlsym(RTLD_NEXT, "getaddrinfo")};
    return found.function;
}

/* POSIX lets freeaddrinfo() free any part of a list, so that lists may be joined. */
int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict list_r)
{
    const char *given[HOST_ADDRESSES_MAX + 1] = {NULL};
    (void)pthread_mutex_lock(&lock);
    if (named != NULL && node != NULL && strcmp(node, named) == 0) {
        memcpy(given, addresses, sizeof given);
        lookups++;
    }
    (void)pthread_mutex_unlock(&lock);
    lookup_function *lookup = system_lookup();
    if (given[0] == NULL) {
        return lookup(node, service, hints, list_r);
    }
    struct addrinfo *first = NULL;
    struct addrinfo **end = &first;
    for (size_t i = 0; given[i] != NULL; i++) {
        int failure = lookup(given[i], service, hints, end);
        if (failure != 0) {
            freeaddrinfo(first);
            return failure;
        }
        while (*end != NULL) {
            end = &(*end)->ai_next;
        }
    }
    *list_r = first;
    return 0;
}
