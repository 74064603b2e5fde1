/* telephony_endpoint.c - checked copies of the endpoints: where requests may go and how they are
 * signed. Error texts name the endpoint only; a URL may carry a token in its query.
 */
#include "gateway/telephony/telephony_private.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libcurl resolves "localhost" to the loopback addresses by itself (since 7.78), without DNS. The
 * host comes from its URL parser, which has normalised spellings such as 127.1. */
static bool is_loopback(const char *host)
{
    struct in_addr v4;
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

#define NO_URL "url: must be https://host/path"

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return there;
}

/* What is wrong with a key of the configuration. */
static enum status fault(const struct telephony_endpoint *from, struct error *error,
                         const char *what)
{
    return error_set(error, STATUS_CONFIGURATION, "%s%s %s",
                     from->section == NULL ? "endpoint " : "",
                     from->section == NULL ? from->name : from->section, what);
}

static enum status check_parsed_url(CURLU *url, const struct telephony_endpoint *from,
                                    struct error *error)
{
    char *scheme = NULL;
    char *host = NULL;
    enum status status = STATUS_OK;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        status = fault(from, error, NO_URL);
    } else if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD) ||
               has_part(url, CURLUPART_FRAGMENT)) {
        status = fault(from, error, "url: must have no user, password or #fragment");
    } else if (strcmp(scheme, "https") != 0 &&
               (strcmp(scheme, "http") != 0 || !is_loopback(host))) {
        status = fault(from, error,
                       "url: must be https; http goes to 127.0.0.1, [::1] or localhost only");
    }
    curl_free(scheme);
    curl_free(host);
    return status;
}

static enum status check_url(const struct telephony_endpoint *from, struct error *error)
{
    if (from->url == NULL) {
        return fault(from, error, "url: is required");
    }
    CURLU *url = curl_url();
    if (url == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "endpoint %s: out of memory", from->name);
    }
    enum status status;
    if (curl_url_set(url, CURLUPART_URL, from->url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
        status = fault(from, error, NO_URL);
    } else {
        status = check_parsed_url(url, from, error);
    }
    curl_url_cleanup(url);
    return status;
}

static enum status copy_secrets(const struct telephony_endpoint *from, struct endpoint *endpoint,
                                struct error *error)
{
    for (size_t i = 0; i < TELEPHONY_SECRETS_MAX && from->secrets[i] != NULL; i++) {
        if (webhook_secret_decode(from->secrets[i], &endpoint->secrets[i]) != STATUS_OK) {
            char what[96];
            (void)snprintf(what, sizeof what,
                           "secret_file: secret %zu is not whsec_ and base64 of %d to %d bytes",
                           i + 1, WEBHOOK_SECRET_BYTES_MIN, WEBHOOK_SECRET_BYTES_MAX);
            return fault(from, error, what);
        }
        endpoint->secrets_count = i + 1;
    }
    if (endpoint->secrets_count == 0 && from->request == TELEPHONY_SIGNED_POST) {
        return fault(from, error, "secret_file: holds no secret to sign with");
    }
    return STATUS_OK;
}

enum status telephony_endpoint_create(const struct telephony_endpoint *from,
                                      struct endpoint **endpoint_r, struct error *error)
{
    if (from->name == NULL || !text_is_slug(from->name)) {
        return error_set(error, STATUS_CONFIGURATION, "an endpoint's name is not a slug");
    }
    enum status status = check_url(from, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    char *url = strdup(from->url);
    if (endpoint == NULL || url == NULL) {
        free(endpoint);
        free(url);
        return error_set(error, STATUS_NO_MEMORY, "endpoint %s: out of memory", from->name);
    }
    endpoint->url = url;
    endpoint->request = from->request;
    (void)text_copy(endpoint->name, sizeof endpoint->name, from->name);
    status = copy_secrets(from, endpoint, error);
    if (status != STATUS_OK) {
        telephony_endpoint_destroy(&endpoint);
        return status;
    }
    *endpoint_r = endpoint;
    return STATUS_OK;
}

void telephony_endpoint_destroy(struct endpoint **endpoint)
{
    if (*endpoint != NULL) {
        free((*endpoint)->url);
        explicit_bzero(*endpoint, sizeof **endpoint);
        free(*endpoint);
        *endpoint = NULL;
    }
}
