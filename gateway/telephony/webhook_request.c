/* webhook_request.c - one try through libcurl, a signed POST but for heartbeats, and what is known
 * when it ended. */
#include "gateway/telephony/telephony_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* What a receiver says beside its status is discarded; one that talks on is cut off. */
#define RESPONSE_BYTES_MAX 65536

#define USER_AGENT "astreinte-gateway"

/* A change of the receiver's address or certificates is noticed within these. */
#define DNS_CACHE_S          30L
#define CONNECTION_AGE_S_MAX 600L
#define CA_CACHE_S           300L

#define HEADER_BYTES_MAX (WEBHOOK_SIGNATURES_BYTES_MAX + 32)

/* libcurl's type asks for a pointer to what could be written to. */
/* NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t discard_response(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    struct job *job = context;
    size_t bytes = size * count;
    job->response_bytes += bytes;
    return job->response_bytes <= RESPONSE_BYTES_MAX ? bytes : CURL_WRITEFUNC_ERROR;
}

static bool add_header(struct job *job, const char *header)
{
    struct curl_slist *longer = curl_slist_append(job->headers, header);
    if (longer != NULL) {
        job->headers = longer;
    }
    return longer != NULL;
}

static bool add_signature(struct job *job, const struct endpoint *endpoint, struct wall_time now)
{
    char id[UUID_TEXT_BYTES];
    char signatures[WEBHOOK_SIGNATURES_BYTES_MAX];
    char id_header[HEADER_BYTES_MAX];
    char timestamp_header[HEADER_BYTES_MAX];
    char signature_header[HEADER_BYTES_MAX];
    int64_t timestamp_s = now.ms / 1000;
    uuid_format(job->id, id);
    webhook_sign(endpoint->secrets, endpoint->secrets_count, id, timestamp_s, job->body,
                 job->body_bytes, signatures);
    (void)snprintf(id_header, sizeof id_header, "webhook-id: %s", id);
    (void)snprintf(timestamp_header, sizeof timestamp_header, "webhook-timestamp: %" PRId64,
                   timestamp_s);
    (void)snprintf(signature_header, sizeof signature_header, "webhook-signature: %s", signatures);
    return add_header(job, id_header) && add_header(job, timestamp_header) &&
           add_header(job, signature_header);
}

static bool add_headers(struct job *job, const struct endpoint *endpoint, struct wall_time now)
{
    if (endpoint->request == TELEPHONY_GET) {
        return true;
    }
    return add_header(job, "Content-Type: application/json") &&
           /* Waiting for "100 Continue" would cost a second on receivers that do not know it. */
           add_header(job, "Expect:") &&
           (endpoint->request == TELEPHONY_POST || add_signature(job, endpoint, now));
}

/* The options that are the same for every try; all take constants and cannot fail for memory. */
static void set_common_options(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_S);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, DNS_CACHE_S);
    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, CONNECTION_AGE_S_MAX);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Without it, giving up on a name joins the resolver's thread: one hung name server would stop
     * the requests to every endpoint. The thread frees its own memory when it gets to its end. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard_response);
}

/* Options that copy text or need memory. The environment must not choose a proxy: what is signed
 * here may open doors, and a pager's path is its configuration. */
static bool set_job_options(struct job *job, const struct endpoint *endpoint, const char *ca_file,
                            int64_t timeout_ms)
{
    CURL *easy = job->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, job);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, job->headers);
    if (endpoint->request != TELEPHONY_GET) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, job->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->body_bytes);
    }
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    return curl_easy_setopt(easy, CURLOPT_URL, endpoint->url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT) == CURLE_OK &&
           (ca_file == NULL || curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file) == CURLE_OK);
}

enum status webhook_request_prepare(struct job *job, const struct endpoint *endpoint,
                                    const char *ca_file, struct wall_time now, int64_t timeout_ms)
{
    assert(job->easy == NULL && job->headers == NULL);
    assert(timeout_ms > 0); /* 0 would mean "no limit" to libcurl */
    job->response_bytes = 0;
    job->easy = curl_easy_init();
    if (job->easy == NULL || !add_headers(job, endpoint, now)) {
        webhook_request_release(job);
        return STATUS_NO_MEMORY;
    }
    set_common_options(job->easy);
    if (!set_job_options(job, endpoint, ca_file, timeout_ms)) {
        webhook_request_release(job);
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

/* A word for the timeline and the log; never the receiver's own text. */
static const char *reason_word(CURLcode code)
{
    static const struct {
        CURLcode code;
        const char *word;
    } words[] = {
        {CURLE_COULDNT_RESOLVE_HOST, "resolve"},
        {CURLE_COULDNT_CONNECT, "connect"},
        {CURLE_OPERATION_TIMEDOUT, "timeout"},
        {CURLE_GOT_NOTHING, "cut"},
        {CURLE_RECV_ERROR, "cut"},
        {CURLE_SEND_ERROR, "cut"},
        {CURLE_PEER_FAILED_VERIFICATION, "tls"},
        {CURLE_SSL_CONNECT_ERROR, "tls"},
        {CURLE_SSL_CACERT_BADFILE, "ca_file"},
        {CURLE_OUT_OF_MEMORY, "memory"},
        {CURLE_WEIRD_SERVER_REPLY, "not_http"},
        {CURLE_UNSUPPORTED_PROTOCOL, "not_http"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].code == code) {
            return words[i].word;
        }
    }
    return "failed";
}

static struct wall_time date_of(const struct job *job)
{
    struct curl_header *date = NULL;
    if (curl_easy_header(job->easy, "Date", 0, CURLH_HEADER, -1, &date) != CURLHE_OK) {
        return WALL_NEVER;
    }
    time_t seconds = curl_getdate(date->value, NULL);
    return seconds < 0 ? WALL_NEVER : (struct wall_time){(int64_t)seconds * 1000};
}

struct webhook_answer webhook_request_answer(const struct job *job, CURLcode code)
{
    long http_status = 0;
    long request_bytes = 0;
    curl_off_t retry_after_s = 0;
    (void)curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &http_status);
    (void)curl_easy_getinfo(job->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    (void)curl_easy_getinfo(job->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    if (retry_after_s < 0 || retry_after_s > INT32_MAX) {
        retry_after_s = INT32_MAX;
    }
    /* The status decides even when the rest of the answer was cut, late or too long. REQUEST_SIZE
     * also counts what libcurl wrote on a kept connection that turned out dead before it went on to
     * a fresh one, as SIZE_UPLOAD would not. */
    return (struct webhook_answer){
        .http_status = http_status >= 200 ? (int)http_status : 0,
        .written = request_bytes > 0,
        .retry_after_ms = (int64_t)retry_after_s * 1000,
        .reason = reason_word(code),
        .date = http_status >= 200 ? date_of(job) : WALL_NEVER,
    };
}

void webhook_request_release(struct job *job)
{
    curl_easy_cleanup(job->easy); /* NULL is fine */
    curl_slist_free_all(job->headers);
    job->easy = NULL;
    job->headers = NULL;
}
