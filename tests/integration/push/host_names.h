/* host_names.h - what names mean in a test: this program's getaddrinfo() answers with the addresses
 * that the test gave, and as the system does for every other name. */
#ifndef TESTS_INTEGRATION_PUSH_HOST_NAMES_H
#define TESTS_INTEGRATION_PUSH_HOST_NAMES_H

#define HOST_ADDRESSES_MAX 4

/* A name's addresses, in this order; NULL behind the last. Both borrowed. Replaces what was set. */
void host_names_set(const char *name, const char *const *addresses);
void host_names_clear(void);
/* How often the name was looked up since it was set. */
unsigned host_names_lookups(void);

#endif
