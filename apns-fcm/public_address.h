/* public_address.h - whether an address belongs to the public Internet. A subscription's endpoint
 * is a stranger's word: it must not make the sender knock inside its own network. Pure. */
#ifndef APNS_FCM_PUBLIC_ADDRESS_H
#define APNS_FCM_PUBLIC_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False for everything that IANA's special-purpose registries (RFC 6890 and its updates) call not
 * globally reachable, for multicast, and for IPv6 addresses that carry such an IPv4 address
 * (mapped, NAT64, 6to4); also for families other than IPv4 and IPv6. */
bool address_is_public(const struct sockaddr *address);

bool address_is_loopback(const struct sockaddr *address);

/* Whether a name, in lower case, is one that no public resolver answers for: without a dot, or
 * below a domain reserved for private networks (RFC 6761, 6762, 8375; "internal", set aside by
 * ICANN in 2024). For names that somebody else resolves. */
bool host_name_is_local(const char *host);

#endif
