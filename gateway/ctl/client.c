#include "gateway/ctl/client.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/text.h"

#define KEY_BYTES_MAX  128
#define CONNECT_MS_MAX 5000L
#define ANSWER_MS_MAX  30000L
/* Two heartbeats of 15 s missed, and then some: the connection is dead. */
#define STREAM_SILENCE_S 40L

struct client {
    char *url; /* without a trailing slash */
    char *ca_file;
    char authorization[KEY_BYTES_MAX + 32]; /* the whole header line, "" without a key */
    CURL *requests;
    CURL *streams; /* a handle of its own, as its callbacks send requests */
};

static enum status read_key(const char *key_file, struct client *client, struct error *error)
{
    int descriptor = open(key_file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return error_set(error, STATUS_CONFIGURATION, "cannot read the key file %s: %s", key_file,
                         strerror(errno));
    }
    char key[KEY_BYTES_MAX + 1];
    struct stat file;
    ssize_t count = fstat(descriptor, &file) == 0 ? read(descriptor, key, KEY_BYTES_MAX) : -1;
    int cause = errno;
    (void)close(descriptor);
    if (count < 0) {
        return error_set(error, STATUS_CONFIGURATION, "cannot read the key file %s: %s", key_file,
                         strerror(cause));
    }
    if (S_ISREG(file.st_mode) && (file.st_mode & 0007) != 0) {
        return error_set(error, STATUS_CONFIGURATION,
                         "the key file %s is open to everybody on this machine: chmod 600 %s",
                         key_file, key_file);
    }
    key[count] = '\0';
    key[strcspn(key, " \t\r\n")] = '\0';
    if (strncmp(key, "ak_", 3) != 0) {
        return error_set(error, STATUS_CONFIGURATION,
                         "%s holds no API key: its first line must begin with ak_", key_file);
    }
    (void)snprintf(client->authorization, sizeof client->authorization, "Authorization: Bearer %s",
                   key);
    explicit_bzero(key, sizeof key);
    return STATUS_OK;
}

static bool host_is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "[::1]") == 0;
}

static enum status check_url(const char *url, struct error *error)
{
    CURLU *parts = curl_url();
    if (parts == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    enum status status = STATUS_OK;
    char *scheme = NULL, *host = NULL;
    if (curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        status = error_set(error, STATUS_CONFIGURATION,
                           "%s is not a URL such as https://gateway.example:8443", url);
    } else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0) {
        status = error_set(error, STATUS_CONFIGURATION, "%s: only https and http are spoken", url);
    } else if (strcmp(scheme, "http") == 0 && !host_is_loopback(host)) {
        status = error_set(error, STATUS_CONFIGURATION,
                           "%s: plain http would show the key to the network; use https", url);
    }
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parts);
    return status;
}

enum status client_create(const struct client_configuration *configuration,
                          struct client **client_r, struct error *error)
{
    enum status status = check_url(configuration->url, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    client->url = strdup(configuration->url);
    client->ca_file = configuration->ca_file != NULL ? strdup(configuration->ca_file) : NULL;
    client->requests = curl_easy_init();
    client->streams = curl_easy_init();
    if (client->url == NULL || client->requests == NULL || client->streams == NULL ||
        (configuration->ca_file != NULL && client->ca_file == NULL)) {
        client_destroy(&client);
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    size_t url_bytes = strlen(client->url);
    while (url_bytes > 0 && client->url[url_bytes - 1] == '/') {
        client->url[--url_bytes] = '\0';
    }
    if (configuration->key_file != NULL) {
        status = read_key(configuration->key_file, client, error);
        if (status != STATUS_OK) {
            client_destroy(&client);
            return status;
        }
    }
    *client_r = client;
    return STATUS_OK;
}

void client_destroy(struct client **client)
{
    if (*client == NULL) {
        return;
    }
    curl_easy_cleanup((*client)->requests);
    curl_easy_cleanup((*client)->streams);
    explicit_bzero((*client)->authorization, sizeof(*client)->authorization);
    free((*client)->url);
    free((*client)->ca_file);
    free(*client);
    *client = NULL;
}

/* What is being received. */
struct receipt {
    struct client *client;
    char *body;
    size_t used;
    size_t capacity;
    struct sse_parser *parser; /* NULL: not a stream */
    enum status parsed;
    CURL *handle;
};

static bool keep_body(struct receipt *receipt, const char *bytes, size_t count)
{
    if (count > CLIENT_ANSWER_BYTES_MAX - receipt->used) {
        return false;
    }
    size_t needed = receipt->used + count + 1;
    if (needed > receipt->capacity) {
        size_t capacity = needed * 2;
        char *grown = realloc(receipt->body, capacity);
        if (grown == NULL) {
            return false;
        }
        receipt->body = grown;
        receipt->capacity = capacity;
    }
    if (count > 0) {
        memcpy(receipt->body + receipt->used, bytes, count);
    }
    receipt->used += count;
    receipt->body[receipt->used] = '\0';
    return true;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct receipt *receipt = context;
    size_t total = size * count;
    long http_status = 0;
    (void)curl_easy_getinfo(receipt->handle, CURLINFO_RESPONSE_CODE, &http_status);
    if (receipt->parser == NULL || http_status != 200) {
        return keep_body(receipt, bytes, total) ? total : 0;
    }
    receipt->parsed = sse_feed(receipt->parser, bytes, total);
    return receipt->parsed == STATUS_OK ? total : 0;
}

/* libcurl's option setters fail only for want of memory or for an unknown option. */
static bool prepare(struct receipt *receipt, const char *url, struct curl_slist *headers,
                    char *cause)
{
    CURL *handle = receipt->handle;
    struct client *client = receipt->client;
    curl_easy_reset(handle);
    bool ok = curl_easy_setopt(handle, CURLOPT_URL, url) == CURLE_OK &&
              curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
              curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
              curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, cause) == CURLE_OK &&
              curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
              curl_easy_setopt(handle, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1") == CURLE_OK &&
              curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS_MAX) == CURLE_OK &&
              curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_bytes) == CURLE_OK &&
              curl_easy_setopt(handle, CURLOPT_WRITEDATA, (void *)receipt) == CURLE_OK &&
              curl_easy_setopt(handle, CURLOPT_USERAGENT, "astreintectl") == CURLE_OK;
    if (ok && client->ca_file != NULL) {
        ok = curl_easy_setopt(handle, CURLOPT_CAINFO, client->ca_file) == CURLE_OK;
    }
    return ok;
}

static bool add_header(struct curl_slist **headers, const char *name, const char *value)
{
    char line[256];
    int length = snprintf(line, sizeof line, "%s%s", name, value);
    struct curl_slist *grown =
        length > 0 && (size_t)length < sizeof line ? curl_slist_append(*headers, line) : NULL;
    if (grown == NULL) {
        return false;
    }
    *headers = grown;
    return true;
}

/* Whether the request may have been processed although no answer came back. */
static enum status failure_of(CURL *handle, CURLcode code)
{
    long sent_bytes = 0;
    (void)curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &sent_bytes);
    switch ((int)code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return STATUS_UNAVAILABLE;
    default:
        return sent_bytes > 0 ? STATUS_UNCERTAIN : STATUS_UNAVAILABLE;
    }
}

static const char *cause_of(CURLcode code, const char *cause)
{
    return cause[0] != '\0' ? cause : curl_easy_strerror(code);
}

/* Fills the answer from what was received; takes the body over. */
static void read_answer(struct receipt *receipt, struct client_response *response_r)
{
    *response_r = (struct client_response){
        .body = receipt->body, .body_bytes = receipt->used, .retry_after_s = -1};
    receipt->body = NULL;
    (void)curl_easy_getinfo(receipt->handle, CURLINFO_RESPONSE_CODE, &response_r->http_status);
    curl_off_t retry_after_s = 0;
    if (curl_easy_getinfo(receipt->handle, CURLINFO_RETRY_AFTER, &retry_after_s) == CURLE_OK &&
        retry_after_s > 0) {
        response_r->retry_after_s = retry_after_s;
    }
    response_r->json = json_loadb(response_r->body, response_r->body_bytes,
                                  JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
}

static bool set_request(struct receipt *receipt, const struct client_request *request,
                        struct curl_slist **headers)
{
    CURL *handle = receipt->handle;
    bool ok = add_header(headers, "Accept: application/json", "");
    if (ok && request->idempotency_key != NULL) {
        ok = add_header(headers, "Idempotency-Key: ", request->idempotency_key);
    }
    if (ok && receipt->client->authorization[0] != '\0') {
        ok = add_header(headers, receipt->client->authorization, "");
    }
    if (ok && request->body != NULL) {
        ok = add_header(headers, "Content-Type: ",
                        request->content_type != NULL ? request->content_type
                                                      : "application/json") &&
             curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request->body) == CURLE_OK &&
             curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                              (curl_off_t)request->body_bytes) == CURLE_OK;
    } else if (ok && strcmp(request->method, "GET") != 0 &&
               strcmp(request->method, "DELETE") != 0) {
        ok = curl_easy_setopt(handle, CURLOPT_POSTFIELDS, "") == CURLE_OK;
    }
    return ok && curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, ANSWER_MS_MAX) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_HTTPHEADER, *headers) == CURLE_OK;
}

enum status client_send(struct client *client, const struct client_request *request,
                        struct client_response *response_r, struct error *error)
{
    *response_r = (struct client_response){.retry_after_s = -1};
    struct receipt receipt = {.client = client, .handle = client->requests};
    struct curl_slist *headers = NULL;
    char cause[CURL_ERROR_SIZE] = "";
    char *url = NULL;
    enum status status = STATUS_OK;
    if (asprintf(&url, "%s%s", client->url, request->path) < 0) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    if (!keep_body(&receipt, "", 0) || !prepare(&receipt, url, NULL, cause) ||
        !set_request(&receipt, request, &headers)) {
        status = error_set(error, STATUS_UNAVAILABLE, "the request could not be made");
        goto out;
    }
    CURLcode code = curl_easy_perform(client->requests);
    if (code != CURLE_OK) {
        status = error_set(error, failure_of(client->requests, code), "%s: %s", client->url,
                           cause_of(code, cause));
        goto out;
    }
    read_answer(&receipt, response_r);
out:
    curl_slist_free_all(headers);
    free(receipt.body);
    free(url);
    return status;
}

void client_response_fini(struct client_response *response)
{
    free(response->body);
    json_decref(response->json);
    *response = (struct client_response){.retry_after_s = -1};
}

enum status client_stream(struct client *client, const char *path, struct sse_parser *parser,
                          struct client_response *refusal_r, struct error *error)
{
    *refusal_r = (struct client_response){.retry_after_s = -1};
    struct receipt receipt = {.client = client, .handle = client->streams, .parser = parser};
    struct curl_slist *headers = NULL;
    char cause[CURL_ERROR_SIZE] = "";
    char *url = NULL;
    enum status status = STATUS_OK;
    if (asprintf(&url, "%s%s", client->url, path) < 0) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    bool ok = keep_body(&receipt, "", 0) && add_header(&headers, "Accept: text/event-stream", "") &&
              (client->authorization[0] == '\0' || add_header(&headers, client->authorization, ""));
    if (ok && sse_last_id(parser)[0] != '\0') {
        ok = add_header(&headers, "Last-Event-ID: ", sse_last_id(parser));
    }
    ok = ok && prepare(&receipt, url, headers, cause) &&
         curl_easy_setopt(client->streams, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
         curl_easy_setopt(client->streams, CURLOPT_LOW_SPEED_TIME, STREAM_SILENCE_S) == CURLE_OK;
    if (!ok) {
        status = error_set(error, STATUS_UNAVAILABLE, "the request could not be made");
        goto out;
    }
    CURLcode code = curl_easy_perform(client->streams);
    long http_status = 0;
    (void)curl_easy_getinfo(client->streams, CURLINFO_RESPONSE_CODE, &http_status);
    if (receipt.parsed != STATUS_OK) {
        status = receipt.parsed == STATUS_DONE
                     ? STATUS_DONE
                     : error_set(error, receipt.parsed, "the event stream cannot be read");
    } else if (code == CURLE_OK && http_status != 200) {
        read_answer(&receipt, refusal_r);
        status = STATUS_INVALID;
    } else {
        status =
            error_set(error, STATUS_UNAVAILABLE, "%s: %s", client->url,
                      code == CURLE_OK ? "the gateway ended the stream" : cause_of(code, cause));
    }
out:
    curl_slist_free_all(headers);
    free(receipt.body);
    free(url);
    return status;
}
