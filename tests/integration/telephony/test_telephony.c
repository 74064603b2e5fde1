/* test_telephony.c - the telephony thread against a real receiver on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/telephony/telephony.h"
#include "gateway/telephony/telephony_health.h"
#include "tests/integration/telephony/tls_identity.h"
#include "tests/integration/telephony/webhook_server.h"

#define SECRET_OLD "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SECRET_NEW "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define BODY       "{\"type\":\"call.requested\"}"

#define HTTP_200 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define HTTP_500 "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
#define HTTP_503 "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
#define HTTP_410 "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"

#define LONG_MS 60000 /* a deadline that only a hang reaches */

/* ---- a resolver that hangs when told to ---------------------------------------------------- */

static sem_t resolver_may_go;

/* Stands before libc's: the name hangs.test is not answered until the test says so. */
int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict req, struct addrinfo **restrict pai)
{
    typedef int resolve(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    static resolve *real;
    if (name != NULL && strcmp(name, "hangs.test") == 0) {
        (void)sem_wait(&resolver_may_go);
        return EAI_FAIL;
    }
    if (real == NULL) {
        void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
        memcpy(&real, &symbol, sizeof real);
    }
    return real(name, service, req, pai);
}

/* ---- what the completions said ------------------------------------------------------------- */

struct ledger {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t count;
    size_t by_outcome[TELEPHONY_OUTCOMES];
    struct telephony_result last;
};

static struct ledger *ledger_create(void)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    assert_non_null(ledger);
    (void)pthread_mutex_init(&ledger->lock, NULL);
    (void)pthread_cond_init(&ledger->changed, NULL);
    return ledger;
}

static void ledger_destroy(struct ledger *ledger)
{
    (void)pthread_cond_destroy(&ledger->changed);
    (void)pthread_mutex_destroy(&ledger->lock);
    free(ledger);
}

static void note_result(void *context, const struct telephony_result *result)
{
    struct ledger *ledger = context;
    (void)pthread_mutex_lock(&ledger->lock);
    ledger->count++;
    ledger->by_outcome[result->outcome]++;
    ledger->last = *result;
    (void)pthread_cond_broadcast(&ledger->changed);
    (void)pthread_mutex_unlock(&ledger->lock);
}

static struct telephony_result ledger_wait(struct ledger *ledger, size_t count)
{
    (void)pthread_mutex_lock(&ledger->lock);
    while (ledger->count < count) {
        (void)pthread_cond_wait(&ledger->changed, &ledger->lock);
    }
    struct telephony_result last = ledger->last;
    (void)pthread_mutex_unlock(&ledger->lock);
    return last;
}

/* ---- a telephony with one endpoint --------------------------------------------------------- */

static struct telephony_configuration configure(const struct telephony_endpoint *endpoints,
                                                size_t count)
{
    return (struct telephony_configuration){
        .endpoints = endpoints,
        .endpoints_count = count,
        .try_timeout_ms = 2000,
        .retry_first_ms = 20,
        .retry_ms_max = 100,
        .clock = &clock_system,
        .random = &random_system,
    };
}

static struct telephony *create(const char *url)
{
    const struct telephony_endpoint endpoint = {
        .name = "telephony", .url = url, .secrets = {SECRET_OLD}};
    const struct telephony_configuration configuration = configure(&endpoint, 1);
    struct telephony *telephony = NULL;
    assert_int_equal(telephony_create(&configuration, &telephony, NULL), STATUS_OK);
    return telephony;
}

static struct uuid make_id(void)
{
    return uuid_v7(clock_wall(&clock_system), &random_system);
}

static enum status submit(struct telephony *telephony, struct ledger *ledger, const char *endpoint,
                          struct uuid id, int64_t deadline_ms)
{
    struct monotonic_time now = clock_monotonic(&clock_system);
    const struct telephony_job job = {
        .endpoint = endpoint,
        .id = id,
        .body_json = BODY,
        .deadline = {now.ms + deadline_ms},
        .complete = note_result,
        .context = ledger,
    };
    return telephony_submit(telephony, &job, NULL);
}

/* Submits one job to a server with the given script and waits for its result; *received_r counts
 * the requests that arrived. */
static struct telephony_result run_one(const struct server_answer *answers, size_t count,
                                       int64_t deadline_ms, size_t *received_r)
{
    struct webhook_server *server = webhook_server_start(answers, count);
    struct telephony *telephony = create(webhook_server_url(server));
    struct ledger *ledger = ledger_create();
    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), deadline_ms), STATUS_OK);
    struct telephony_result result = ledger_wait(ledger, 1);
    telephony_destroy(&telephony);
    assert_null(telephony);
    assert_int_equal(ledger->count, 1);
    *received_r = webhook_server_requests(server);
    webhook_server_stop(server);
    ledger_destroy(ledger);
    return result;
}

static void check_request(const struct received *received, struct uuid id, const char *secret)
{
    char text[UUID_TEXT_BYTES];
    uuid_format(id, text);
    assert_string_equal(received->id, text);
    assert_string_equal(received->body, BODY);
    assert_int_equal(webhook_verify(secret, received->id, received->timestamp, received->signatures,
                                    received->body, strlen(received->body),
                                    clock_wall(&clock_system), 60000),
                     STATUS_OK);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_submit__delivered_signed(void **state)
{
    (void)state;
    const struct server_answer answers[] = {{SERVER_ANSWERS, HTTP_200}};
    struct webhook_server *server = webhook_server_start(answers, 1);
    struct telephony *telephony = create(webhook_server_url(server));
    struct ledger *ledger = ledger_create();
    struct uuid id = make_id();
    assert_int_equal(submit(telephony, ledger, "telephony", id, LONG_MS), STATUS_OK);
    struct telephony_result result = ledger_wait(ledger, 1);
    assert_int_equal(result.outcome, TELEPHONY_DELIVERED);
    assert_int_equal(result.http_status, 200);
    assert_int_equal(result.tries, 1);
    assert_string_equal(result.reason, "");
    struct received received = webhook_server_received(server, 0);
    check_request(&received, id, SECRET_OLD);

    struct telephony_statistics statistics;
    telephony_statistics(telephony, &statistics);
    assert_int_equal(statistics.jobs_submitted, 1);
    assert_int_equal(statistics.outcomes[TELEPHONY_DELIVERED], 1);
    assert_int_equal(statistics.tries, 1);
    assert_int_equal(statistics.jobs_inside, 0);
    telephony_destroy(&telephony);
    webhook_server_stop(server);
    ledger_destroy(ledger);
}

static void test_retry__same_id_after_503(void **state)
{
    (void)state;
    const struct server_answer answers[] = {
        {SERVER_ANSWERS, HTTP_503}, {SERVER_CUTS, NULL}, {SERVER_ANSWERS, HTTP_200}};
    struct webhook_server *server = webhook_server_start(answers, 3);
    struct telephony *telephony = create(webhook_server_url(server));
    struct ledger *ledger = ledger_create();
    struct uuid id = make_id();
    assert_int_equal(submit(telephony, ledger, "telephony", id, LONG_MS), STATUS_OK);
    struct telephony_result result = ledger_wait(ledger, 1);
    assert_int_equal(result.outcome, TELEPHONY_DELIVERED);
    assert_int_equal(webhook_server_requests(server), 3);
    for (size_t i = 0; i < 3; i++) {
        struct received received = webhook_server_received(server, i);
        check_request(&received, id, SECRET_OLD);
    }
    telephony_destroy(&telephony);
    webhook_server_stop(server);
    ledger_destroy(ledger);
}

static void test_retry__waits_for_retry_after(void **state)
{
    (void)state;
    const struct server_answer answers[] = {
        {SERVER_ANSWERS,
         "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"},
        {SERVER_ANSWERS, HTTP_200}};
    size_t received;
    struct monotonic_time before = clock_monotonic(&clock_system);
    struct telephony_result result = run_one(answers, 2, LONG_MS, &received);
    struct monotonic_time after = clock_monotonic(&clock_system);
    assert_int_equal(result.outcome, TELEPHONY_DELIVERED);
    assert_int_equal(received, 2);
    assert_true(after.ms - before.ms >= 1000); /* at least; never "at most" */
}

static void test_retry__retry_after_beyond_the_deadline_ends_at_once(void **state)
{
    (void)state;
    const struct server_answer answers[] = {
        {SERVER_ANSWERS, "HTTP/1.1 503 Busy\r\nRetry-After: 9000\r\nContent-Length: 0\r\n\r\n"}};
    size_t received;
    struct telephony_result result = run_one(answers, 1, 1500, &received);
    assert_int_equal(result.outcome, TELEPHONY_RETRY_EXHAUSTED);
    assert_int_equal(result.http_status, 503);
    assert_string_equal(result.reason, "http_503");
    assert_int_equal(received, 1);
}

static void test_refusal__is_final(void **state)
{
    (void)state;
    static const struct {
        struct server_answer answer;
        const char *reason;
    } cases[] = {
        {{SERVER_ANSWERS, HTTP_410}, "http_410"},
        {{SERVER_ANSWERS, "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"},
         "http_302"},
        {{SERVER_ANSWERS, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"}, "http_401"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t received;
        struct telephony_result result = run_one(&cases[i].answer, 1, LONG_MS, &received);
        assert_int_equal(result.outcome, TELEPHONY_REFUSED);
        assert_string_equal(result.reason, cases[i].reason);
        assert_int_equal(result.tries, 1);
        assert_int_equal(received, 1);
    }
}

static void test_uncertain__no_answer_until_the_deadline(void **state)
{
    (void)state;
    const struct server_answer silent[] = {{SERVER_IS_SILENT, NULL}};
    size_t received;
    struct telephony_result result = run_one(silent, 1, 300, &received);
    assert_int_equal(result.outcome, TELEPHONY_UNCERTAIN);
    assert_string_equal(result.reason, "timeout");
    assert_int_equal(result.http_status, 0);

    const struct server_answer cutting[] = {{SERVER_CUTS, NULL}};
    result = run_one(cutting, 1, 300, &received);
    assert_int_equal(result.outcome, TELEPHONY_UNCERTAIN);
    assert_true(received >= result.tries); /* libcurl may repeat on a kept connection */

    const struct server_answer then_gone[] = {{SERVER_CUTS, NULL}, {SERVER_ANSWERS, HTTP_410}};
    result = run_one(then_gone, 2, LONG_MS, &received);
    assert_int_equal(result.outcome, TELEPHONY_UNCERTAIN);
    assert_int_equal(result.http_status, 410);
}

static void test_status__decides_whatever_follows(void **state)
{
    (void)state;
    size_t received;
    const struct server_answer cut_body[] = {
        {SERVER_ANSWERS, "HTTP/1.1 202 Accepted\r\nContent-Length: 50\r\n\r\nonly this"}};
    assert_int_equal(run_one(cut_body, 1, 300, &received).outcome, TELEPHONY_DELIVERED);
    assert_int_equal(received, 1);

    static char endless[300000] = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n";
    memset(endless + strlen(endless), 'x', sizeof endless - strlen(endless) - 1);
    const struct server_answer long_body[] = {{SERVER_ANSWERS, endless}};
    assert_int_equal(run_one(long_body, 1, LONG_MS, &received).outcome, TELEPHONY_DELIVERED);
    assert_int_equal(received, 1);

    const struct server_answer nonsense[] = {{SERVER_ANSWERS, "SSH-2.0-OpenSSH_9.2\r\n\r\n"}};
    assert_int_equal(run_one(nonsense, 1, 300, &received).outcome, TELEPHONY_UNCERTAIN);
}

static void test_connect__refused(void **state)
{
    (void)state;
    /* A port that is bound but not listening refuses, and nobody else can take it. */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    int holder = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(holder, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(holder, (struct sockaddr *)&address, &bytes), 0);
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", (unsigned)ntohs(address.sin_port));

    struct telephony *telephony = create(url);
    struct ledger *ledger = ledger_create();
    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), 300), STATUS_OK);
    struct telephony_result result = ledger_wait(ledger, 1);
    assert_int_equal(result.outcome, TELEPHONY_RETRY_EXHAUSTED);
    assert_string_equal(result.reason, "connect");
    assert_int_equal(result.http_status, 0);
    assert_true(result.tries > 1);
    telephony_destroy(&telephony);
    ledger_destroy(ledger);
    (void)close(holder);
}

static struct telephony_health health_of(struct telephony *telephony)
{
    struct telephony_health healths[TELEPHONY_ENDPOINTS_MAX];
    assert_int_equal(telephony_healths(telephony, NULL, healths), 1);
    assert_string_equal(healths[0].endpoint, "telephony");
    assert_int_equal(telephony_healths(telephony, "telephony", healths), 0);
    assert_int_equal(telephony_healths(telephony, "other", healths), 1);
    return healths[0];
}

static void test_health__of_the_tries(void **state)
{
    (void)state;
    const struct server_answer answers[] = {{SERVER_ANSWERS, HTTP_410}, {SERVER_ANSWERS, HTTP_200},
                                            {SERVER_ANSWERS, HTTP_503}, {SERVER_ANSWERS, HTTP_500},
                                            {SERVER_ANSWERS, HTTP_410}, {SERVER_ANSWERS, HTTP_200}};
    struct webhook_server *server = webhook_server_start(answers, 6);
    struct telephony *telephony = create(webhook_server_url(server));
    struct ledger *ledger = ledger_create();
    struct telephony_health health = health_of(telephony);
    assert_string_equal(telephony_health_text(&health), "unused");
    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), LONG_MS), STATUS_OK);
    (void)ledger_wait(ledger, 1);
    health = health_of(telephony); /* one job was refused: says nothing */
    assert_string_equal(telephony_health_text(&health), "unused");

    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), LONG_MS), STATUS_OK);
    (void)ledger_wait(ledger, 2);
    health = health_of(telephony);
    assert_string_equal(telephony_health_text(&health), "up");
    struct telephony_moment delivered_at = health.delivered_at;

    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), LONG_MS), STATUS_OK);
    (void)ledger_wait(ledger, 3); /* 503, 500, and refused at last */
    health = health_of(telephony);
    assert_string_equal(telephony_health_text(&health), "down");
    assert_string_equal(health.reason, "http_500");
    assert_int_equal(health.delivered_at.monotonic.ms, delivered_at.monotonic.ms);
    assert_true(health.failing_since.monotonic.ms >= delivered_at.monotonic.ms);
    assert_true(health.failed_at.ms > health.failing_since.monotonic.ms); /* the wait between */
    assert_true(health.failing_since.wall.ms >= delivered_at.wall.ms);

    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), LONG_MS), STATUS_OK);
    (void)ledger_wait(ledger, 4);
    health = health_of(telephony);
    assert_string_equal(telephony_health_text(&health), "up");
    telephony_destroy(&telephony);
    webhook_server_stop(server);
    ledger_destroy(ledger);
}

static void test_health__begins_anew_with_another_url(void **state)
{
    (void)state;
    const struct server_answer answers[] = {{SERVER_ANSWERS, HTTP_503}};
    struct webhook_server *server = webhook_server_start(answers, 1);
    struct telephony *telephony = create(webhook_server_url(server));
    struct ledger *ledger = ledger_create();
    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), 300), STATUS_OK);
    (void)ledger_wait(ledger, 1);
    struct telephony_endpoint endpoint = {
        .name = "telephony", .url = webhook_server_url(server), .secrets = {SECRET_NEW}};
    struct telephony_configuration configuration = configure(&endpoint, 1);
    assert_int_equal(telephony_reload(telephony, &configuration, NULL), STATUS_OK);
    struct telephony_health health = health_of(telephony);
    assert_string_equal(telephony_health_text(&health), "down");
    endpoint.url = "https://other.example/";
    assert_int_equal(telephony_reload(telephony, &configuration, NULL), STATUS_OK);
    health = health_of(telephony);
    assert_string_equal(telephony_health_text(&health), "unused");
    telephony_destroy(&telephony);
    webhook_server_stop(server);
    ledger_destroy(ledger);
}

static void test_tls__a_peer_without_it_gets_no_request(void **state)
{
    (void)state;
    const struct server_answer answers[] = {{SERVER_CUTS, NULL}};
    struct webhook_server *server = webhook_server_start(answers, 1);
    char url[64];
    (void)snprintf(url, sizeof url, "https%s", webhook_server_url(server) + strlen("http"));
    struct telephony *telephony = create(url);
    struct ledger *ledger = ledger_create();
    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), 300), STATUS_OK);
    struct telephony_result result = ledger_wait(ledger, 1);
    assert_int_equal(result.outcome, TELEPHONY_RETRY_EXHAUSTED);
    telephony_destroy(&telephony);
    assert_int_equal(webhook_server_requests(server), 0);
    webhook_server_stop(server);
    ledger_destroy(ledger);
}

/* Sends one job, in one try, to a TLS receiver with a certificate for the name, trusting it or a
 * stranger's. */
static struct telephony_result run_tls(const char *subject_alt_name, bool trusted,
                                       size_t *received_r)
{
    const struct server_answer answers[] = {{SERVER_ANSWERS, HTTP_200}};
    struct tls_identity identity = tls_identity_create(subject_alt_name);
    struct tls_identity stranger = tls_identity_create(subject_alt_name);
    struct webhook_server *server = webhook_server_start_tls(answers, 1, identity.context);
    const struct telephony_endpoint endpoint = {
        .name = "telephony", .url = webhook_server_url(server), .secrets = {SECRET_OLD}};
    struct telephony_configuration configuration = configure(&endpoint, 1);
    configuration.ca_file = trusted ? identity.ca_file : stranger.ca_file;
    configuration.try_timeout_ms = 20000;
    configuration.retry_first_ms = 60000; /* beyond the deadline: the first try decides */
    configuration.retry_ms_max = 60000;
    struct telephony *telephony = NULL;
    struct ledger *ledger = ledger_create();
    assert_int_equal(telephony_create(&configuration, &telephony, NULL), STATUS_OK);
    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), 30000), STATUS_OK);
    struct telephony_result result = ledger_wait(ledger, 1);
    telephony_destroy(&telephony);
    *received_r = webhook_server_requests(server);
    webhook_server_stop(server);
    ledger_destroy(ledger);
    tls_identity_destroy(&identity);
    tls_identity_destroy(&stranger);
    return result;
}

static void test_tls__certificate_and_name_are_verified(void **state)
{
    (void)state;
    size_t received;
    struct telephony_result result = run_tls("IP:127.0.0.1", true, &received);
    assert_int_equal(result.outcome, TELEPHONY_DELIVERED);
    assert_int_equal(received, 1);

    result = run_tls("IP:127.0.0.1", false, &received);
    assert_int_equal(result.outcome, TELEPHONY_RETRY_EXHAUSTED);
    assert_string_equal(result.reason, "tls");
    assert_int_equal(received, 0);

    result = run_tls("DNS:elsewhere.test", true, &received);
    assert_int_equal(result.outcome, TELEPHONY_RETRY_EXHAUSTED);
    assert_string_equal(result.reason, "tls");
    assert_int_equal(received, 0);
}

static void test_deadline__passed_before_the_first_try(void **state)
{
    (void)state;
    const struct server_answer answers[] = {{SERVER_ANSWERS, HTTP_200}};
    size_t received;
    struct telephony_result result = run_one(answers, 1, -1, &received);
    assert_int_equal(result.outcome, TELEPHONY_EXPIRED);
    assert_string_equal(result.reason, "deadline");
    assert_int_equal(result.tries, 0);
    assert_int_equal(received, 0);
}

static void test_submit__many_at_once_share_connections(void **state)
{
    (void)state;
    enum { JOBS = 600 };
    const struct server_answer answers[] = {{SERVER_ANSWERS, HTTP_200}};
    struct webhook_server *server = webhook_server_start(answers, 1);
    struct telephony *telephony = create(webhook_server_url(server));
    struct ledger *ledger = ledger_create();
    /* An expired job among them must not stop the line behind it. */
    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), 0), STATUS_OK);
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(submit(telephony, ledger, "telephony", make_id(), LONG_MS), STATUS_OK);
    }
    (void)ledger_wait(ledger, JOBS + 1);
    assert_int_equal(ledger->by_outcome[TELEPHONY_DELIVERED], JOBS);
    assert_int_equal(ledger->by_outcome[TELEPHONY_EXPIRED], 1);
    assert_int_equal(webhook_server_requests(server), JOBS);
    assert_in_range(webhook_server_connections(server), 1, 64);
    telephony_destroy(&telephony);
    assert_int_equal(ledger->count, JOBS + 1);
    webhook_server_stop(server);
    ledger_destroy(ledger);
}

static void test_submit__refusals_never_complete(void **state)
{
    (void)state;
    const struct server_answer answers[] = {{SERVER_IS_SILENT, NULL}};
    struct webhook_server *server = webhook_server_start(answers, 1);
    const struct telephony_endpoint endpoint = {
        .name = "telephony", .url = webhook_server_url(server), .secrets = {SECRET_OLD}};
    struct telephony_configuration configuration = configure(&endpoint, 1);
    configuration.jobs_max = 3;
    struct telephony *telephony = NULL;
    struct ledger *ledger = ledger_create();
    assert_int_equal(telephony_create(&configuration, &telephony, NULL), STATUS_OK);
    assert_int_equal(submit(telephony, ledger, "nobody", make_id(), LONG_MS), STATUS_NOT_FOUND);

    static char large[TELEPHONY_BODY_BYTES_MAX + 2];
    memset(large, 'x', sizeof large - 1);
    const struct telephony_job too_large = {
        .endpoint = "telephony", .body_json = large, .complete = note_result, .context = ledger};
    assert_int_equal(telephony_submit(telephony, &too_large, NULL), STATUS_TOO_LARGE);

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(submit(telephony, ledger, "telephony", make_id(), LONG_MS), STATUS_OK);
    }
    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), LONG_MS), STATUS_FULL);
    webhook_server_wait(server, 3);
    telephony_destroy(&telephony);
    assert_int_equal(ledger->count, 3); /* those inside ended with the stop, uncertain */
    assert_int_equal(ledger->by_outcome[TELEPHONY_UNCERTAIN], 3);
    assert_string_equal(ledger->last.reason, "stopping");
    webhook_server_stop(server);
    ledger_destroy(ledger);
}

static void test_reload__secrets_and_endpoints(void **state)
{
    (void)state;
    const struct server_answer answers[] = {{SERVER_ANSWERS, HTTP_200}};
    struct webhook_server *server = webhook_server_start(answers, 1);
    struct telephony *telephony = create(webhook_server_url(server));
    struct ledger *ledger = ledger_create();
    const struct telephony_endpoint rotated[] = {{.name = "call-centre",
                                                  .url = webhook_server_url(server),
                                                  .secrets = {SECRET_NEW, SECRET_OLD}}};
    struct telephony_configuration configuration = configure(rotated, 1);

    struct telephony_configuration wrong = configuration;
    const struct telephony_endpoint twice[] = {rotated[0], rotated[0]};
    wrong.endpoints = twice;
    wrong.endpoints_count = 2;
    assert_int_equal(telephony_reload(telephony, &wrong, NULL), STATUS_CONFIGURATION);
    wrong = configuration;
    wrong.ca_file = "/nonexistent/ca.pem";
    assert_int_equal(telephony_reload(telephony, &wrong, NULL), STATUS_CONFIGURATION);
    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), LONG_MS), STATUS_OK);
    (void)ledger_wait(ledger, 1);

    assert_int_equal(telephony_reload(telephony, &configuration, NULL), STATUS_OK);
    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), LONG_MS), STATUS_NOT_FOUND);
    struct uuid id = make_id();
    assert_int_equal(submit(telephony, ledger, "call-centre", id, LONG_MS), STATUS_OK);
    assert_int_equal(ledger_wait(ledger, 2).outcome, TELEPHONY_DELIVERED);
    struct received received = webhook_server_received(server, 1);
    check_request(&received, id, SECRET_OLD);
    check_request(&received, id, SECRET_NEW);
    telephony_destroy(&telephony);
    webhook_server_stop(server);
    ledger_destroy(ledger);
}

static void test_reload__removed_endpoint_ends_its_jobs(void **state)
{
    (void)state;
    const struct server_answer answers[] = {
        {SERVER_ANSWERS, "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"}};
    struct webhook_server *server = webhook_server_start(answers, 1);
    struct telephony *telephony = create(webhook_server_url(server));
    struct ledger *ledger = ledger_create();
    assert_int_equal(submit(telephony, ledger, "telephony", make_id(), LONG_MS), STATUS_OK);
    webhook_server_wait(server, 1);
    const struct telephony_configuration none = configure(NULL, 0);
    assert_int_equal(telephony_reload(telephony, &none, NULL), STATUS_OK);
    struct telephony_result result = ledger_wait(ledger, 1);
    assert_int_equal(result.outcome, TELEPHONY_REFUSED);
    assert_string_equal(result.reason, "endpoint_removed");
    telephony_destroy(&telephony);
    webhook_server_stop(server);
    ledger_destroy(ledger);
}

/* One hung name server must not hold up the calls to everybody else. */
static void test_resolve__a_hung_name_stops_nobody_else(void **state)
{
    (void)state;
    const struct server_answer answers[] = {{SERVER_ANSWERS, HTTP_200}};
    struct webhook_server *server = webhook_server_start(answers, 1);
    const struct telephony_endpoint endpoints[] = {
        {.name = "hangs", .url = "https://hangs.test/", .secrets = {SECRET_OLD}},
        {.name = "works", .url = webhook_server_url(server), .secrets = {SECRET_OLD}}};
    struct telephony_configuration configuration = configure(endpoints, 2);
    struct telephony *telephony = NULL;
    struct ledger *hung = ledger_create();
    struct ledger *others = ledger_create();
    assert_int_equal(telephony_create(&configuration, &telephony, NULL), STATUS_OK);
    assert_int_equal(submit(telephony, hung, "hangs", make_id(), 200), STATUS_OK);
    struct telephony_result result = ledger_wait(hung, 1); /* with the name still unanswered */
    assert_int_equal(result.outcome, TELEPHONY_RETRY_EXHAUSTED);
    assert_int_equal(submit(telephony, others, "works", make_id(), LONG_MS), STATUS_OK);
    assert_int_equal(ledger_wait(others, 1).outcome, TELEPHONY_DELIVERED);
    assert_int_equal(submit(telephony, hung, "hangs", make_id(), LONG_MS), STATUS_OK);
    telephony_destroy(&telephony); /* nor may it hold up the stop */
    assert_int_equal(hung->count, 2);
    (void)sem_post(&resolver_may_go);
    (void)sem_post(&resolver_may_go);
    webhook_server_stop(server);
    ledger_destroy(hung);
    ledger_destroy(others);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL's writes in the receiver */
    (void)sem_init(&resolver_may_go, 0, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submit__delivered_signed),
        cmocka_unit_test(test_retry__same_id_after_503),
        cmocka_unit_test(test_retry__waits_for_retry_after),
        cmocka_unit_test(test_retry__retry_after_beyond_the_deadline_ends_at_once),
        cmocka_unit_test(test_refusal__is_final),
        cmocka_unit_test(test_uncertain__no_answer_until_the_deadline),
        cmocka_unit_test(test_status__decides_whatever_follows),
        cmocka_unit_test(test_connect__refused),
        cmocka_unit_test(test_health__of_the_tries),
        cmocka_unit_test(test_health__begins_anew_with_another_url),
        cmocka_unit_test(test_tls__a_peer_without_it_gets_no_request),
        cmocka_unit_test(test_tls__certificate_and_name_are_verified),
        cmocka_unit_test(test_deadline__passed_before_the_first_try),
        cmocka_unit_test(test_submit__many_at_once_share_connections),
        cmocka_unit_test(test_submit__refusals_never_complete),
        cmocka_unit_test(test_reload__secrets_and_endpoints),
        cmocka_unit_test(test_reload__removed_endpoint_ends_its_jobs),
        cmocka_unit_test(test_resolve__a_hung_name_stops_nobody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
