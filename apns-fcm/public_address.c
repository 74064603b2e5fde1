#include "apns-fcm/public_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct network4 {
    uint32_t prefix;
    unsigned bits;
};

struct network6 {
    uint8_t prefix[16];
    unsigned bits;
};

/* https://www.iana.org/assignments/iana-ipv4-special-registry */
static const struct network4 special4[] = {
    {0x00000000, 8},  /* "this network", RFC 791 */
    {0x0a000000, 8},  /* private, RFC 1918 */
    {0x64400000, 10}, /* shared by a carrier's customers, RFC 6598 */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local, RFC 3927 */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments, RFC 6890 */
    {0xc0000200, 24}, /* documentation, RFC 5737 */
    {0xc0586300, 24}, /* 6to4 relays, RFC 7526 */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks, RFC 2544 */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 4},  /* multicast, RFC 5771 */
    {0xf0000000, 4},  /* reserved, and broadcast */
};

/* https://www.iana.org/assignments/iana-ipv6-special-registry: the public ones are in 2000::/3, but
 * for these. */
static const struct network6 special6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* protocol assignments, Teredo among them, RFC 2928 */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation, RFC 3849 */
    {{0x3f, 0xff}, 20},             /* documentation, RFC 9637 */
};

static const struct network6 global_unicast = {{0x20}, 3};
static const struct network6 mapped = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
static const struct network6 nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};
static const struct network6 six_to_four = {{0x20, 0x02}, 16};

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof special4 / sizeof special4[0]; i++) {
        uint32_t mask = UINT32_MAX << (32 - special4[i].bits);
        if ((address & mask) == special4[i].prefix) {
            return false;
        }
    }
    return true;
}

static bool is_inside(const uint8_t address[16], const struct network6 *network)
{
    size_t whole = network->bits / 8;
    unsigned rest = network->bits % 8;
    if (memcmp(address, network->prefix, whole) != 0) {
        return false;
    }
    uint8_t mask = (uint8_t)(0xff00U >> rest);
    return rest == 0 || (address[whole] & mask) == (network->prefix[whole] & mask);
}

/* The IPv4 address that lies in an IPv6 one from that byte on. */
static uint32_t inner4(const uint8_t address[16], size_t at)
{
    return (uint32_t)address[at] << 24 | (uint32_t)address[at + 1] << 16 |
           (uint32_t)address[at + 2] << 8 | address[at + 3];
}

static bool is_public6(const uint8_t address[16])
{
    if (is_inside(address, &mapped) || is_inside(address, &nat64)) {
        return is_public4(inner4(address, 12));
    }
    if (is_inside(address, &six_to_four)) {
        return is_public4(inner4(address, 2));
    }
    for (size_t i = 0; i < sizeof special6 / sizeof special6[0]; i++) {
        if (is_inside(address, &special6[i])) {
            return false;
        }
    }
    return is_inside(address, &global_unicast);
}

static uint32_t host_order4(const struct sockaddr *address)
{
    struct sockaddr_in in;
    memcpy(&in, address, sizeof in);
    return ntohl(in.sin_addr.s_addr);
}

static struct in6_addr address6(const struct sockaddr *address)
{
    struct sockaddr_in6 in6;
    memcpy(&in6, address, sizeof in6);
    return in6.sin6_addr;
}

bool address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        return is_public4(host_order4(address));
    }
    if (address->sa_family == AF_INET6) {
        struct in6_addr in6 = address6(address);
        return is_public6(in6.s6_addr);
    }
    return false;
}

bool address_is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        return host_order4(address) >> 24 == 127;
    }
    if (address->sa_family == AF_INET6) {
        struct in6_addr in6 = address6(address);
        return IN6_IS_ADDR_LOOPBACK(&in6) ||
               (is_inside(in6.s6_addr, &mapped) && in6.s6_addr[12] == 127);
    }
    return false;
}

bool host_name_is_local(const char *host)
{
    static const char *const domains[] = {"localhost", "local",    "internal", "home.arpa",
                                          "lan",       "intranet", "corp",     "home",
                                          "private",   "test",     "example",  "invalid"};
    size_t bytes = strlen(host);
    if (bytes > 0 && host[bytes - 1] == '.') {
        bytes--; /* the root's dot */
    }
    if (memchr(host, '.', bytes) == NULL) {
        return true;
    }
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++) {
        size_t domain_bytes = strlen(domains[i]);
        if (bytes > domain_bytes && host[bytes - domain_bytes - 1] == '.' &&
            memcmp(host + bytes - domain_bytes, domains[i], domain_bytes) == 0) {
            return true;
        }
    }
    return false;
}
