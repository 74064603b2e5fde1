/* client.h - HTTP to the daemon, by libcurl's easy interface. Knows no command and prints nothing.
 *
 * The API key is read from a file and kept in memory only; it is never sent in clear over a
 * network: plain http is refused for every host but this one.
 */
#ifndef GATEWAY_CTL_CLIENT_H
#define GATEWAY_CTL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/status.h"
#include "gateway/ctl/sse.h"

#define CLIENT_ANSWER_BYTES_MAX (16u << 20)

struct client;

struct client_configuration {
    const char *url;      /* "https://host:port", a path prefix is allowed */
    const char *key_file; /* NULL: requests go without a key */
    const char *ca_file;  /* NULL: the system's */
};

/* STATUS_CONFIGURATION with what is wrong with the URL or the key file. */
enum status client_create(const struct client_configuration *configuration,
                          struct client **client_r, struct error *error) MUST_CHECK;
void client_destroy(struct client **client);

struct client_request {
    const char *method; /* "GET" … */
    const char *path;   /* "/v1/…", already encoded */
    const char *body;   /* NULL: none */
    size_t body_bytes;
    const char *content_type;    /* of the body; NULL: application/json */
    const char *idempotency_key; /* NULL: none */
};

struct client_response {
    long http_status;
    char *body; /* terminated; never NULL after success */
    size_t body_bytes;
    json_t *json;          /* NULL when the body is not JSON */
    int64_t retry_after_s; /* -1: not given */
};

/* STATUS_OK: an answer was read, whatever it says; end it with client_response_fini().
 * STATUS_UNAVAILABLE: nothing can have been processed. STATUS_UNCERTAIN: it was sent and no
 * whole answer came back. *response_r is empty on failure. */
enum status client_send(struct client *client, const struct client_request *request,
                        struct client_response *response_r, struct error *error) MUST_CHECK;
void client_response_fini(struct client_response *response);

/* Reads an event stream into the parser until the parser's callback stops it (STATUS_DONE), the
 * connection ends (STATUS_UNAVAILABLE), or the gateway answers other than 200: STATUS_INVALID with
 * that answer in *refusal_r, which the caller ends. The callback may call client_send(). */
enum status client_stream(struct client *client, const char *path, struct sse_parser *parser,
                          struct client_response *refusal_r, struct error *error) MUST_CHECK;

#endif
