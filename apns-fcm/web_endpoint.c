#include "apns-fcm/web_endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/crypto_error.h"
#include "gateway/base/encoding.h"

#define TEXT_BYTES_MAX     4096
#define TOPIC_DIGEST_BYTES 24 /* 32 characters of base64url */

static enum status fault(struct error *error, const char *what)
{
    return error_set(error, STATUS_INVALID, "the endpoint %s", what);
}

static bool is_host_character(char c, bool bracketed)
{
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return word || c == '.' || (bracketed ? c == ':' : c == '-' || c == '_');
}

/* Whether it is an address as written in full, or a name that nobody takes for one: resolvers, and
 * proxies, read "127.1", "0x7f.1" and "2130706433" as addresses, and no top-level domain begins
 * with a digit (RFC 3696, section 2). */
static bool is_host(const char *host, bool bracketed)
{
    struct in6_addr address;
    if (bracketed) {
        return inet_pton(AF_INET6, host, &address) == 1;
    }
    const char *dot = strrchr(host, '.');
    const char *last = dot != NULL ? dot + 1 : host;
    if (*last >= '0' && *last <= '9') {
        return inet_pton(AF_INET, host, &address) == 1;
    }
    return *last != '\0' && host[0] != '.' && strstr(host, "..") == NULL;
}

/* Reads the host at *at, in brackets if it is an IPv6 address; lower case. */
static enum status read_host(const char **at, struct web_endpoint *endpoint, struct error *error)
{
    bool bracketed = **at == '[';
    size_t bytes = 0;
    for (*at += bracketed ? 1 : 0; is_host_character(**at, bracketed); (*at)++) {
        if (bytes == WEB_HOST_BYTES - 1) {
            return fault(error, "has a host of more than 255 bytes");
        }
        char c = **at;
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        endpoint->host[bytes++] = c;
    }
    endpoint->host[bytes] = '\0';
    if (bracketed && *(*at)++ != ']') {
        return fault(error, "has a malformed IPv6 address");
    }
    if (bytes == 0) {
        return fault(error, "has no host");
    }
    return is_host(endpoint->host, bracketed) ? STATUS_OK
                                              : fault(error, "has neither a host name nor an "
                                                             "address written in full");
}

static enum status read_port(const char **at, struct web_endpoint *endpoint, struct error *error)
{
    unsigned long port = 443;
    if (**at == ':') {
        char *end;
        port = (*at)[1] >= '0' && (*at)[1] <= '9' ? strtoul(*at + 1, &end, 10) : 0;
        if (port == 0 || port > 65535 || end - *at > 6) {
            return fault(error, "has a port that is not a number from 1 to 65535");
        }
        *at = end;
    }
    (void)snprintf(endpoint->port, sizeof endpoint->port, "%u", (unsigned)(uint16_t)port);
    return STATUS_OK;
}

static enum status read_path(const char *at, struct web_endpoint *endpoint, struct error *error)
{
    if (*at != '/') {
        return fault(error, *at == '@' ? "names a user" : "has no path");
    }
    for (const char *c = at; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~' || *c == '#') {
            return fault(error, "has a fragment, or more than visible ASCII");
        }
    }
    endpoint->path = at;
    endpoint->path_bytes = strlen(at);
    return STATUS_OK;
}

enum status web_endpoint_parse(const char *text, struct web_endpoint *endpoint_r,
                               struct error *error)
{
    static const char scheme[] = "https://";
    struct web_endpoint endpoint;
    if (strnlen(text, TEXT_BYTES_MAX + 1) > TEXT_BYTES_MAX) {
        return fault(error, "is longer than 4096 bytes");
    }
    if (strncmp(text, scheme, sizeof scheme - 1) != 0) {
        return fault(error, "is not an https address");
    }
    const char *at = text + sizeof scheme - 1;
    enum status status = read_host(&at, &endpoint, error);
    if (status == STATUS_OK) {
        status = read_port(&at, &endpoint, error);
    }
    if (status == STATUS_OK) {
        status = read_path(at, &endpoint, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool ipv6 = strchr(endpoint.host, ':') != NULL;
    bool default_port = strcmp(endpoint.port, "443") == 0;
    (void)snprintf(endpoint.origin, sizeof endpoint.origin, "%s%s%s%s%s%s", scheme, ipv6 ? "[" : "",
                   endpoint.host, ipv6 ? "]" : "", default_port ? "" : ":",
                   default_port ? "" : endpoint.port);
    *endpoint_r = endpoint;
    return STATUS_OK;
}

enum status web_topic(const char *collapse_id, char topic_r[WEB_TOPIC_BYTES])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (SHA256((const unsigned char *)collapse_id, strlen(collapse_id), digest) == NULL) {
        return crypto_error_take(STATUS_NO_MEMORY);
    }
    base64url_encode(digest, TOPIC_DIGEST_BYTES, topic_r);
    return STATUS_OK;
}
