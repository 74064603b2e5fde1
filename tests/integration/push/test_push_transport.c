/* How notifications travel: through proxies, to several addresses, over resumed sessions, with a
 * client certificate, over as many connections as it takes, and away from those that died. */
#include "tests/integration/push/push_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/integration/push/connect_proxy.h"
#include "tests/integration/push/host_names.h"
#include "tests/integration/push/late_write.h"

#define LATE_WRITES_MAX 4
#define PASSWORD        "Basic cGFnZXI6bmlnaHQ="
#define MOVED_MS        2000 /* what a dead peer may cost; printed: a busy machine takes longer */
#define TURN_NS         10000000
#define FILE_BYTES      16384
#define STREAMS_MAX     10

static struct connect_proxy proxy;

static int set_up_with_proxy(void **state)
{
    fixture_begin((struct fixture **)state, NULL, NULL);
    struct fixture *fixture = *state;
    connect_proxy_start(&proxy);
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.proxy.endpoint = (struct push_endpoint){"127.0.0.1", proxy.port};
    (void)fixture_create_with(fixture, &configuration);
    return 0;
}

static int tear_down_with_proxy(void **state)
{
    struct fixture *fixture = *state;
    push_sender_destroy(&fixture->sender);
    connect_proxy_stop(&proxy);
    return fixture_teardown(state);
}

static int tear_down_with_names(void **state)
{
    host_names_clear();
    return fixture_teardown(state);
}

static void pause_shortly(void)
{
    const struct timespec turn = {.tv_nsec = TURN_NS};
    (void)nanosleep(&turn, NULL);
}

static int64_t now_ms(void)
{
    return clock_monotonic(&clock_system).ms;
}

static struct push_statistics statistics_of(struct fixture *fixture, enum push_provider provider)
{
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, provider, &statistics);
    return statistics;
}

/* A notification that goes out once unless something happens to it. */
static struct push_job plain_job(size_t device, int64_t deadline_ms)
{
    static char token[TOKEN_BYTES_MAX];
    struct push_job job = fixture_job(PUSH_APNS, fixture_token(device, token), deadline_ms);
    job.hedge = PUSH_HEDGE_NEVER;
    return job;
}

static const struct push_result *run_plain(struct fixture *fixture, int64_t deadline_ms)
{
    return fixture_run(fixture, plain_job(1, deadline_ms));
}

static void submit_plain(struct fixture *fixture, size_t count, int64_t deadline_ms)
{
    for (size_t i = 0; i < count; i++) {
        (void)fixture_submit(fixture, plain_job(100 + i, deadline_ms));
    }
}

/* ---- through a proxy ---- */

static void test_proxy__every_connection_is_a_tunnel(void **state)
{
    struct fixture *fixture = *state;
    char endpoint[256], request[PROXY_REQUEST_BYTES_MAX], line[64];
    struct push_secret secret;
    provider_process_subscribe(&fixture->provider, "s1", endpoint, &secret);
    assert_accepted(run_plain(fixture, PATIENT_MS));
    connect_proxy_last_request(&proxy, request);
    (void)snprintf(line, sizeof line, "CONNECT localhost:%s HTTP/1.1\r\nHost: localhost:%s\r\n\r\n",
                   fixture->provider.apns_port, fixture->provider.apns_port);
    assert_string_equal(request, line);
    struct push_job job = fixture_job(PUSH_FCM, "fcm-token-1:APA91b", PATIENT_MS);
    job.hedge = PUSH_HEDGE_NEVER;
    assert_accepted(fixture_run(fixture, job));
    job = fixture_job(PUSH_WEB, endpoint, PATIENT_MS);
    job.hedge = PUSH_HEDGE_NEVER;
    job.notification.secret = &secret;
    assert_int_equal(fixture_run(fixture, job)->outcome, PUSH_ACCEPTED);
    assert_int_equal(connect_proxy_tunnels(&proxy), 4); /* the token endpoint's too */
    static const char *const providers[] = {"apns", "fcm", "oauth", "webpush"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
            provider_process_count(&fixture->provider, providers[i], "connections_accepted"), 1);
    }
}

static void test_proxy__is_told_the_password(void **state)
{
    struct fixture *fixture = *state;
    connect_proxy_set(&proxy, PROXY_SERVES, PASSWORD);
    assert_outcome(run_plain(fixture, 1000), PUSH_EXPIRED, PUSH_TARGET_OK, "proxy-refused");
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.proxy.endpoint = (struct push_endpoint){"127.0.0.1", proxy.port};
    configuration.proxy.authorization = PASSWORD;
    struct error error = {0};
    assert_int_equal(push_sender_reload(fixture->sender, &configuration, &error), STATUS_OK);
    assert_accepted(run_plain(fixture, PATIENT_MS));
    assert_int_equal(connect_proxy_tunnels(&proxy), 1);
}

static void test_proxy__misbehaves_and_recovers(void **state)
{
    static const struct {
        enum proxy_mood mood;
        int64_t deadline_ms;
        const char *reason;
    } rows[] = {{PROXY_REFUSES, 1000, "proxy-refused"},
                {PROXY_HANGS_UP, 1000, "proxy-failed"},
                {PROXY_ENDLESS, 1000, "proxy-failed"},
                {PROXY_SILENT, 4000, "connection-timeout"}};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct push_configuration configuration =
            provider_process_configuration(&fixture->provider);
        configuration.proxy.endpoint = (struct push_endpoint){"127.0.0.1", proxy.port};
        (void)fixture_create_with(fixture, &configuration);
        unsigned tunnels = connect_proxy_tunnels(&proxy);
        connect_proxy_set(&proxy, rows[i].mood, NULL);
        const struct push_result *result = run_plain(fixture, rows[i].deadline_ms);
        assert_outcome(result, PUSH_EXPIRED, PUSH_TARGET_OK, rows[i].reason);
        assert_int_equal(result->tries, 0);
        assert_int_equal(connect_proxy_tunnels(&proxy), tunnels);
        connect_proxy_set(&proxy, PROXY_SERVES, NULL);
        assert_accepted(run_plain(fixture, PATIENT_MS));
        assert_int_equal(connect_proxy_tunnels(&proxy), tunnels + 1);
    }
}

static void test_proxy__answer_in_pieces(void **state)
{
    struct fixture *fixture = *state;
    connect_proxy_set(&proxy, PROXY_SPLITS, NULL);
    submit_plain(fixture, 50, PATIENT_MS);
    fixture_await_all(fixture);
    assert_int_equal(fixture_count_accepted(fixture), 50);
    struct push_connection_view view = {0};
    assert_true(push_sender_connections(fixture->sender, &view, 1) >= 1);
    assert_string_equal(view.host, "localhost");
    assert_string_equal(view.address, "127.0.0.1");
}

static void test_proxy__its_provider_is_down(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"down\":true}");
    size_t waiting = fixture_submit(fixture, plain_job(1, PATIENT_MS)); /* 502 for a while */
    while (connect_proxy_requests(&proxy) < 2) {
        pause_shortly();
    }
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"down\":false}");
    fixture_await_all(fixture);
    assert_accepted(&fixture->results.all[waiting]);
}

/* ---- dead peers ---- */

/* The network swallows what is sent, as a firewall does that forgot: nothing is closed, nothing is
 * refused. What was on its way must come out on another connection, at once. */
static void test_dead_peer__its_load_moves(void **state)
{
    struct fixture *fixture = *state;
    assert_accepted(run_plain(fixture, PATIENT_MS));
    connect_proxy_freeze(&proxy);
    int64_t began_ms = now_ms();
    submit_plain(fixture, 200, PATIENT_MS);
    fixture_await_all(fixture);
    int64_t moved_ms = now_ms() - began_ms;
    print_message("200 on a dead connection were accepted on another after %lld ms (%s)\n",
                  (long long)moved_ms, moved_ms <= MOVED_MS ? "in time" : "a busy machine?");
    assert_int_equal(fixture_count_accepted(fixture), 201);
    assert_true(moved_ms < PATIENT_MS / 2);
    struct push_statistics statistics = statistics_of(fixture, PUSH_APNS);
    assert_true(statistics.connections_lost >= 1);
    assert_int_equal(statistics.hedges_written, 0);
    assert_int_equal(connect_proxy_tunnels(&proxy), statistics.connections_opened);
    size_t written_twice = 0;
    for (size_t i = 1; i < fixture->submitted; i++) {
        written_twice += fixture->results.all[i].tries >= 2 ? 1 : 0;
    }
    assert_true(written_twice > 0); /* they had been on their way */
    assert_int_equal(provider_process_count(&fixture->provider, "apns", "accepted_ids"), 201);
    if (statistics.connections_lost == 1) { /* the dead one alone: it took nothing with it */
        assert_int_equal(provider_process_count(&fixture->provider, "apns", "repeated"), 0);
    }
}

static void test_dead_peer__answers_on_their_way_are_not_lost(void **state)
{
    struct fixture *fixture = *state;
    assert_accepted(run_plain(fixture, PATIENT_MS));
    provider_process_tell(&fixture->provider,
                          "{\"provider\":\"apns\",\"behaviour\":\"accept\",\"delay_ms\":300,"
                          "\"count\":100}");
    submit_plain(fixture, 100, PATIENT_MS);
    while (provider_process_count(&fixture->provider, "apns", "requests") < 101) {
        pause_shortly();
    }
    connect_proxy_freeze(&proxy); /* taken, or nearly, and the answers do not come back */
    fixture_await_all(fixture);
    assert_int_equal(fixture_count_accepted(fixture), 101);
    assert_int_equal(provider_process_count(&fixture->provider, "apns", "accepted_ids"), 101);
}

/* ---- addresses ---- */

static void test_addresses__the_next_one_is_tried_at_once(void **state)
{
    /* The simulator is on 127.0.0.1 alone. */
    static const char *const addresses[] = {"::1", "127.0.0.2", "127.0.0.1", NULL};
    struct fixture *fixture = *state;
    struct push_connection_view view = {0};
    host_names_set("localhost", addresses);
    int64_t began_ms = now_ms();
    assert_accepted(run_plain(fixture, PATIENT_MS));
    print_message("the third address took %lld ms\n", (long long)(now_ms() - began_ms));
    assert_true(push_sender_connections(fixture->sender, &view, 1) == 1);
    assert_string_equal(view.address, "127.0.0.1");
    struct push_statistics statistics = statistics_of(fixture, PUSH_APNS);
    assert_int_equal(statistics.connections_opened, 1);
    assert_in_range(statistics.connections_failed, 1, 2); /* without IPv6 there is no attempt */
    assert_int_equal(statistics.health, PUSH_HEALTH_UP);
    assert_int_equal(host_names_lookups(), 1);
}

/* One that takes connections and says nothing holds the others up for a second only. */
static void test_addresses__a_silent_one_is_passed_over(void **state)
{
    static const char *const addresses[] = {"127.0.0.3", "127.0.0.1", NULL};
    struct fixture *fixture = *state;
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((uint16_t)strtoul(fixture->provider.apns_port, NULL, 10));
    assert_int_equal(inet_pton(AF_INET, addresses[0], &address.sin_addr), 1);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 16), 0);
    host_names_set("localhost", addresses);
    int64_t began_ms = now_ms();
    assert_accepted(run_plain(fixture, PATIENT_MS));
    assert_true(now_ms() - began_ms >= 900);
    assert_int_equal(statistics_of(fixture, PUSH_APNS).connections_failed, 1);
    (void)close(listener);
}

static void test_addresses__each_connection_looks_anew(void **state)
{
    static const char *const before[] = {"127.0.0.2", "127.0.0.1", NULL};
    static const char *const after[] = {"127.0.0.1", NULL};
    struct fixture *fixture = *state;
    host_names_set("localhost", before);
    assert_accepted(run_plain(fixture, PATIENT_MS));
    assert_int_equal(statistics_of(fixture, PUSH_APNS).connections_failed, 1);
    host_names_set("localhost", after); /* the first address is no more */
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"goaway\":true}");
    assert_accepted(run_plain(fixture, PATIENT_MS));
    assert_int_equal(host_names_lookups(), 1);
    assert_int_equal(statistics_of(fixture, PUSH_APNS).connections_opened, 2);
    assert_int_equal(statistics_of(fixture, PUSH_APNS).connections_failed, 1);
}

static void test_addresses__none_answers(void **state)
{
    static const char *const addresses[] = {"127.0.0.2", "127.0.0.3", "127.0.0.4", NULL};
    struct fixture *fixture = *state;
    host_names_set("localhost", addresses);
    assert_outcome(run_plain(fixture, 1500), PUSH_EXPIRED, PUSH_TARGET_OK, "connection-refused");
    struct push_statistics statistics = statistics_of(fixture, PUSH_APNS);
    assert_true(host_names_lookups() >= 2);
    assert_true(statistics.connections_failed >= 6); /* all of them, each time */
    assert_int_equal(statistics.health, PUSH_HEALTH_DOWN);
    host_names_clear();
    assert_accepted(run_plain(fixture, PATIENT_MS));
}

/* ---- sessions and certificates ---- */

static void test_sessions__are_resumed(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 6; i++) {
        assert_accepted(run_plain(fixture, PATIENT_MS));
        provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"goaway\":true}");
    }
    struct push_statistics statistics = statistics_of(fixture, PUSH_APNS);
    assert_int_equal(statistics.connections_opened, 6);
    assert_int_equal(statistics.connections_resumed, 5);
    assert_int_equal(statistics.tokens_minted, 1);
    assert_int_equal(provider_process_count(&fixture->provider, "apns", "resumed"), 5);
}

static void test_sessions__do_not_outlive_whom_we_trust(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    assert_accepted(run_plain(fixture, PATIENT_MS));
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.ca_file = NULL; /* the system's, who never signed this one */
    assert_int_equal(push_sender_reload(fixture->sender, &configuration, &error), STATUS_OK);
    assert_outcome(run_plain(fixture, 1500), PUSH_EXPIRED, PUSH_TARGET_OK,
                   "certificate-not-trusted");
    assert_int_equal(statistics_of(fixture, PUSH_APNS).connections_resumed, 0);
}

static char *read_file(const json_t *ready, const char *name)
{
    FILE *file = fopen(json_string_value(json_object_get(ready, name)), "rb");
    char *text = calloc(1, FILE_BYTES);
    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, FILE_BYTES - 1, file) > 0);
    (void)fclose(file);
    return text;
}

static atomic_uint expiries_told;

static void on_notice(void *context, const struct push_notice *notice)
{
    (void)context;
    atomic_fetch_add(&expiries_told, notice->kind == PUSH_NOTICE_CREDENTIAL_EXPIRES ? 1 : 0);
}

/* Twenty days before the simulator's client certificate, of 3650 days, expires. */
static struct wall_time wall_in_ten_years(void *context)
{
    (void)context;
    return (struct wall_time){clock_wall(&clock_system).ms + INT64_C(3630) * 86400000};
}

static struct monotonic_time monotonic_now(void *context)
{
    (void)context;
    return clock_monotonic(&clock_system);
}

static const struct clock_source clock_in_ten_years = {.wall = wall_in_ten_years,
                                                       .monotonic = monotonic_now};

/* A sender that Apple knows by its certificate, in place of the first. */
static void create_with_certificate(struct fixture *fixture, const struct clock_source *clock)
{
    char *certificate = read_file(fixture->provider.ready, "apns_client_cert");
    char *key = read_file(fixture->provider.ready, "apns_client_key");
    struct push_apns_account *apns = &fixture->provider.apns;
    apns->key_pem = apns->key_id = apns->team_id = NULL;
    apns->cert_pem = certificate;
    apns->cert_key_pem = key;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.notice = on_notice;
    configuration.clock = clock;
    atomic_store(&expiries_told, 0);
    (void)fixture_create_with(fixture, &configuration);
    free(certificate); /* it has its own copies */
    free(key);
}

static void test_certificate__replaces_the_token(void **state)
{
    struct fixture *fixture = *state;
    create_with_certificate(fixture, &clock_system);
    provider_process_tell(&fixture->provider,
                          "{\"provider\":\"apns\",\"behaviour\":\"accept\",\"delay_ms\":50,"
                          "\"count\":1}");
    submit_plain(fixture, 300, PATIENT_MS);
    fixture_await_all(fixture);
    assert_int_equal(fixture_count_accepted(fixture), 300);
    assert_int_equal(statistics_of(fixture, PUSH_APNS).tokens_minted, 0);
    /* Known from its certificate, a sender need not wait for its first answer. */
    assert_true(provider_process_count(&fixture->provider, "apns", "streams_open_max") > 1);
    for (int i = 0; i < 3; i++) { /* and a resumed session still bears it */
        provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"goaway\":true}");
        assert_accepted(run_plain(fixture, PATIENT_MS));
    }
    assert_int_equal(statistics_of(fixture, PUSH_APNS).connections_resumed, 3);
    assert_int_equal(atomic_load(&expiries_told), 0);
}

static void test_certificate__its_end_is_announced(void **state)
{
    struct fixture *fixture = *state;
    create_with_certificate(fixture, &clock_in_ten_years);
    assert_accepted(run_plain(fixture, PATIENT_MS));
    assert_accepted(run_plain(fixture, PATIENT_MS));
    assert_int_equal(atomic_load(&expiries_told), 1);
}

/* ---- as many connections as it takes ---- */

/* Looks at the connections until all have ended. */
static size_t watch_connections(struct fixture *fixture, bool *obedient_r)
{
    size_t open_max = 0;
    *obedient_r = true;
    while (statistics_of(fixture, PUSH_APNS).jobs_inside > 0) {
        struct push_connection_view views[PUSH_CONNECTION_VIEWS_MAX];
        size_t open = 0;
        size_t count = push_sender_connections(fixture->sender, views, PUSH_CONNECTION_VIEWS_MAX);
        for (size_t i = 0; i < count; i++) {
            open += views[i].open && !views[i].draining ? 1 : 0;
            *obedient_r = *obedient_r && views[i].in_flight <= STREAMS_MAX;
        }
        open_max = open > open_max ? open : open_max;
        pause_shortly();
    }
    return open_max;
}

static void run_slowly(struct fixture *fixture, size_t connections_max, size_t *open_max_r,
                       bool *obedient_r)
{
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.connections_max = connections_max;
    (void)fixture_create_with(fixture, &configuration);
    assert_accepted(run_plain(fixture, PATIENT_MS));
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"answer_delay_ms\":60}");
    submit_plain(fixture, 200, PATIENT_MS);
    *open_max_r = watch_connections(fixture, obedient_r);
    fixture_await_all(fixture);
    assert_int_equal(fixture_count_accepted(fixture), fixture->submitted);
    assert_int_equal(provider_process_count(&fixture->provider, "apns", "streams_refused"), 0);
    assert_in_range(statistics_of(fixture, PUSH_APNS).connections_opened, *open_max_r,
                    connections_max);
}

static int set_up_ten_streams(void **state)
{
    char text[8];
    (void)snprintf(text, sizeof text, "%d", STREAMS_MAX);
    fixture_begin((struct fixture **)state, "--max-streams", text);
    return 0;
}

static void test_pool__grows_when_streams_are_few(void **state)
{
    struct fixture *fixture = *state;
    bool obedient = false;
    size_t open_max = 0;
    run_slowly(fixture, 4, &open_max, &obedient);
    assert_in_range(open_max, 2, 4);
    assert_true(obedient);
    assert_in_range(provider_process_count(&fixture->provider, "apns", "streams_open_max"),
                    STREAMS_MAX + 1, 4 * STREAMS_MAX);
}

static void test_pool__grows_no_further_than_it_may(void **state)
{
    struct fixture *fixture = *state;
    bool obedient = false;
    size_t open_max = 0;
    run_slowly(fixture, 1, &open_max, &obedient);
    assert_int_equal(open_max, 1);
    assert_true(obedient);
    assert_int_equal(provider_process_count(&fixture->provider, "apns", "streams_open_max"),
                     STREAMS_MAX);
}

/* ---- GOAWAY ---- */

/* Each of count ids came to the provider, was accepted once, and never as something new twice. */
static void assert_each_taken_once(struct fixture *fixture, size_t count)
{
    json_t *received = provider_process_received(&fixture->provider);
    json_t *taken = json_object();
    json_t *fresh = json_object();
    size_t i;
    json_t *line;
    json_array_foreach(received, i, line)
    {
        const char *id = json_string_value(json_object_get(line, "id"));
        assert_non_null(id);
        if (json_integer_value(json_object_get(line, "status")) == 200) {
            assert_null(json_object_get(taken, id));
            assert_int_equal(json_object_set_new(taken, id, json_true()), 0);
        }
        if (json_is_true(json_object_get(line, "new"))) {
            assert_null(json_object_get(fresh, id));
            assert_int_equal(json_object_set_new(fresh, id, json_true()), 0);
        }
    }
    assert_int_equal(json_object_size(taken), count);
    assert_int_equal(json_object_size(fresh), count);
    json_decref(taken);
    json_decref(fresh);
    json_decref(received);
}

static void test_goaway__at_80_of_200(void **state)
{
    static const char *const rest[] = {"", ",\"debug\":\"\"",
                                       ",\"debug\":\"{\\\"reason\\\":\\\"IdleTimeout\\\"}\""};
    struct fixture *fixture = *state;
    assert_accepted(run_plain(fixture, PATIENT_MS));
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
        provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"goaway_at\":80%s}",
                              rest[i]);
        submit_plain(fixture, 200, PATIENT_MS);
        fixture_await_all(fixture);
        assert_int_equal(fixture_count_accepted(fixture), fixture->submitted);
    }
    assert_int_equal(statistics_of(fixture, PUSH_APNS).goaways, 3);
    assert_int_equal(provider_process_count(&fixture->provider, "apns", "goaways"), 3);
    assert_each_taken_once(fixture, 601);
}

/* The peer took one, said so in its GOAWAY and left while the rest was being written. That the
 * write failed is known first; what it said is in the socket, and counts. A peer that has read all
 * before it leaves draws no failure: then once more. */
static void test_goaway__in_front_of_a_failed_write(void **state)
{
    struct fixture *fixture = *state;
    unsigned rounds = 0;
    assert_accepted(run_plain(fixture, PATIENT_MS));
    do {
        provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"goaway_at\":1}");
        late_write_set((uint16_t)strtoul(fixture->provider.apns_port, NULL, 10));
        submit_plain(fixture, 500, PATIENT_MS);
        fixture_await_all(fixture);
        assert_int_equal(fixture_count_accepted(fixture), fixture->submitted);
    } while (!late_write_came() && ++rounds < LATE_WRITES_MAX);
    assert_true(late_write_came());
    assert_int_equal(statistics_of(fixture, PUSH_APNS).goaways, rounds + 1);
    assert_each_taken_once(fixture, 1 + 500 * (rounds + 1));
}

/* ---- hedges ---- */

static void test_hedges__are_counted(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    assert_accepted(run_plain(fixture, PATIENT_MS));
    for (size_t i = 0; i < 20; i++) { /* each first try is swallowed, each second answered */
        provider_process_tell(&fixture->provider,
                              "{\"token\":\"%s\",\"behaviour\":\"silent\",\"count\":1}",
                              fixture_token(100 + i, token));
    }
    fixture_submit_apns(fixture, 20, PATIENT_MS);
    fixture_await_all(fixture);
    for (size_t i = 1; i < fixture->submitted; i++) {
        assert_accepted(&fixture->results.all[i]);
        assert_true(fixture->results.all[i].hedged);
        assert_int_equal(fixture->results.all[i].tries, 2);
    }
    struct push_statistics statistics = statistics_of(fixture, PUSH_APNS);
    assert_int_equal(statistics.hedges_written, 20);
    assert_int_equal(statistics.hedges_won, 20);
    assert_int_equal(statistics.requests_written, 41);
    assert_in_range(statistics.connections_opened, 2, 4);
    assert_int_equal(provider_process_count(&fixture->provider, "apns", "accepted_again"), 0);
}

/* With a certificate, as otherwise APNs' single stream before the first answer would hide it. */
static void test_hedges__do_not_double_a_flood(void **state)
{
    struct fixture *fixture = *state;
    create_with_certificate(fixture, &clock_system);
    assert_accepted(run_plain(fixture, PATIENT_MS));
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"behaviour\":\"silent\"}");
    fixture_submit_apns(fixture, 800, 3000);
    fixture_await_all(fixture);
    for (size_t i = 1; i < fixture->submitted; i++) {
        assert_outcome(&fixture->results.all[i], PUSH_UNCERTAIN, PUSH_TARGET_OK, NULL);
    }
    struct push_statistics statistics = statistics_of(fixture, PUSH_APNS);
    assert_true(statistics.hedges_written >= 1);
    assert_in_range(provider_process_count(&fixture->provider, "apns", "streams_open_max"), 801,
                    1200);
    assert_int_equal(statistics.hedges_won, 0);
}

#define PLAIN(name_) cmocka_unit_test_setup_teardown(name_, fixture_setup, fixture_teardown)
#define NAMES(name_) cmocka_unit_test_setup_teardown(name_, fixture_setup, tear_down_with_names)
#define PROXY(name_) cmocka_unit_test_setup_teardown(name_, set_up_with_proxy, tear_down_with_proxy)
#define TEN_STREAMS(name_)                                                                         \
    cmocka_unit_test_setup_teardown(name_, set_up_ten_streams, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROXY(test_proxy__every_connection_is_a_tunnel),
        PROXY(test_proxy__is_told_the_password),
        PROXY(test_proxy__misbehaves_and_recovers),
        PROXY(test_proxy__answer_in_pieces),
        PROXY(test_proxy__its_provider_is_down),
        PROXY(test_dead_peer__its_load_moves),
        PROXY(test_dead_peer__answers_on_their_way_are_not_lost),
        NAMES(test_addresses__the_next_one_is_tried_at_once),
        NAMES(test_addresses__a_silent_one_is_passed_over),
        NAMES(test_addresses__each_connection_looks_anew),
        NAMES(test_addresses__none_answers),
        PLAIN(test_sessions__are_resumed),
        PLAIN(test_sessions__do_not_outlive_whom_we_trust),
        PLAIN(test_certificate__replaces_the_token),
        PLAIN(test_certificate__its_end_is_announced),
        TEN_STREAMS(test_pool__grows_when_streams_are_few),
        TEN_STREAMS(test_pool__grows_no_further_than_it_may),
        PLAIN(test_goaway__at_80_of_200),
        PLAIN(test_goaway__in_front_of_a_failed_write),
        PLAIN(test_hedges__are_counted),
        PLAIN(test_hedges__do_not_double_a_flood),
    };
    return cmocka_run_group_tests_name("push transport", tests, NULL, NULL);
}
