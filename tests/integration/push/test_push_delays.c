/* When a push is called delayed and a provider down, and when not: what others wait for is told
 * soon, what works is left alone, and nobody is asked without a pause. */
#include "tests/integration/push/push_fixture.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static atomic_uint delays;

static void on_delay(void *context, const char *reason)
{
    (void)context;
    atomic_fetch_add(&delays, reason[0] != '\0' ? 1 : 100);
}

static struct push_job watched_job(enum push_provider provider, const char *target, int64_t ms)
{
    struct push_job job = fixture_job(provider, target, ms);
    job.delayed = on_delay;
    atomic_store(&delays, 0);
    return job;
}

static void await_written(struct fixture *fixture, const char *provider, int64_t count)
{
    const struct timespec turn = {.tv_nsec = 10000000};
    for (int i = 0; i < FIXTURE_WAIT_S_MAX * 100; i++) {
        if (provider_process_count(&fixture->provider, provider, "requests") >= count) {
            return;
        }
        (void)nanosleep(&turn, NULL);
    }
    fail_msg("the provider saw no request");
}

static void test_delay__not_while_the_first_token_is_made(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    struct push_job job = watched_job(PUSH_APNS, fixture_token(1, token), PATIENT_MS);
    assert_accepted(fixture_run(fixture, job));
    assert_int_equal(atomic_load(&delays), 0);
    job = watched_job(PUSH_FCM, "fcm-token-1:APA91b", PATIENT_MS);
    assert_accepted(fixture_run(fixture, job));
    assert_int_equal(atomic_load(&delays), 0);
}

/* Connections that hang say nothing: attempts alone would be counted for 6 s and more. */
static void test_delay__told_while_connections_hang(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"freeze\":true}");
    struct push_job job = watched_job(PUSH_APNS, fixture_token(1, token), 5000);
    assert_outcome(fixture_run(fixture, job), PUSH_UNCERTAIN, PUSH_TARGET_OK, "timeout");
    assert_int_equal(atomic_load(&delays), 1);
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.health, PUSH_HEALTH_DOWN);
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"freeze\":false}");
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
}

/* How long until a push to a provider that has fallen silent is called delayed. */
static int64_t told_after_ms(struct fixture *fixture)
{
    const struct timespec turn = {.tv_nsec = 5000000};
    char token[TOKEN_BYTES_MAX];
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"freeze\":true}");
    struct push_job job = watched_job(PUSH_APNS, fixture_token(1, token), PATIENT_MS);
    int64_t before_ms = clock_monotonic(&clock_system).ms;
    size_t late = fixture_submit(fixture, job);
    while (atomic_load(&delays) == 0) {
        (void)nanosleep(&turn, NULL);
    }
    int64_t took_ms = clock_monotonic(&clock_system).ms - before_ms;
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"freeze\":false}");
    fixture_await_all(fixture);
    assert_accepted(&fixture->results.all[late]);
    return took_ms;
}

/* A machine that is busy with other things may need some tries. */
static void test_delay__told_within_two_seconds_of_silence(void **state)
{
    struct fixture *fixture = *state;
    int64_t took_ms = INT64_MAX;
    for (int i = 0; i < 5 && took_ms >= 2000; i++) {
        took_ms = told_after_ms(fixture);
    }
    assert_in_range(took_ms, 1000, 1999); /* and not at the first hiccup */
}

/* A browser's push service is a stranger's word: its failures are its own. */
static void test_delay__not_for_another_push_service(void **state)
{
    struct fixture *fixture = *state;
    char endpoint[256], other[300];
    struct push_secret secret = {.title = "Astreinte"};
    provider_process_subscribe(&fixture->provider, "s1", endpoint, &secret);
    provider_process_tell(&fixture->provider,
                          "{\"provider\":\"webpush\",\"behaviour\":\"unavailable\"}");
    struct push_job job = watched_job(PUSH_WEB, endpoint, 3000);
    job.notification.secret = &secret;
    assert_int_equal(fixture_run(fixture, job)->outcome, PUSH_RETRY_EXHAUSTED);
    assert_int_equal(atomic_load(&delays), 1);
    const char *rest = strchr(endpoint + sizeof "https://" - 1, ':');
    assert_non_null(rest);
    (void)snprintf(other, sizeof other, "https://127.0.0.1%s", rest);
    job = watched_job(PUSH_WEB, other, 400); /* it ends somehow: its service is not called down */
    job.notification.secret = &secret;
    (void)fixture_run(fixture, job);
    assert_int_equal(atomic_load(&delays), 0);
    job = watched_job(PUSH_WEB, endpoint, 400);
    job.notification.secret = &secret;
    (void)fixture_run(fixture, job);
    assert_int_equal(atomic_load(&delays), 1);
}

static void test_token_endpoint__that_resets_is_asked_with_pauses(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider, "{\"provider\":\"oauth\",\"behaviour\":\"reset\"}");
    struct push_job job = watched_job(PUSH_FCM, "fcm-token-1:APA91b", 2000);
    assert_outcome(fixture_run(fixture, job), PUSH_EXPIRED, PUSH_TARGET_OK,
                   "token-endpoint-failed");
    int64_t requests = provider_process_count(&fixture->provider, "oauth", "requests");
    assert_in_range(requests, 2, 10);
}

static void test_clock__ahead_of_apples_is_corrected(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider, "{\"clock_offset_s\":-7200}");
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.tokens_minted, 2);
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.tokens_minted, 2);
}

static void test_reload__of_what_was_written_is_uncertain(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
    fixture_behave(fixture, "\"cut\"");
    size_t cut = fixture_submit(fixture, fixture_job(PUSH_APNS, fixture_token(1, token), 8000));
    await_written(fixture, "apns", 2);
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    struct error error = {0};
    configuration.apns_count = 0;
    assert_int_equal(push_sender_reload(fixture->sender, &configuration, &error), STATUS_OK);
    fixture_await_all(fixture);
    assert_outcome(&fixture->results.all[cut], PUSH_UNCERTAIN, PUSH_CONFIGURATION_WRONG,
                   "NotConfigured");
}

static void await_lost_connection(struct fixture *fixture)
{
    const struct timespec turn = {.tv_nsec = 10000000};
    struct push_statistics statistics = {.connections_lost = 0};
    for (int i = 0; i < FIXTURE_WAIT_S_MAX * 100 && statistics.connections_lost == 0; i++) {
        (void)nanosleep(&turn, NULL);
        push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    }
    assert_int_equal(statistics.connections_lost, 1);
}

/* The first leg went with its connection, the second waits for one: without the reload's care the
 * job would be nowhere, and end at its deadline. */
static void test_reload__finds_a_job_of_which_only_the_hedge_waits(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"freeze\":true}");
    size_t job = fixture_submit(fixture, fixture_job(PUSH_APNS, fixture_token(1, token), 8000));
    await_lost_connection(fixture);
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    struct error error = {0};
    configuration.apns_count = 0;
    assert_int_equal(push_sender_reload(fixture->sender, &configuration, &error), STATUS_OK);
    fixture_await_all(fixture);
    assert_outcome(&fixture->results.all[job], PUSH_UNCERTAIN, PUSH_CONFIGURATION_WRONG,
                   "NotConfigured");
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"freeze\":false}");
}

/* A hedge goes out 100 ms after the first try at the soonest. */
static void test_hedge__leaves_the_time_of_the_first_try(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
    fixture_behave(fixture, "\"silent\",\"count\":1");
    const struct push_result *result =
        fixture_run(fixture, fixture_job(PUSH_APNS, fixture_token(1, token), PATIENT_MS));
    assert_accepted(result);
    assert_true(result->hedged);
    assert_true(result->answered_at.ms - result->first_written_at.ms >= 90);
}

/* ---- what a person is told ---- */

static atomic_uint notices[PUSH_NOTICE_TOKEN_UPDATES + 1];

static void on_notice(void *context, const struct push_notice *notice)
{
    (void)context;
    atomic_fetch_add(&notices[notice->kind], 1);
}

static void listen_to_notices(struct fixture *fixture, struct push_configuration configuration)
{
    for (size_t i = 0; i < sizeof notices / sizeof notices[0]; i++) {
        atomic_store(&notices[i], 0);
    }
    configuration.notice = on_notice;
    (void)fixture_create_with(fixture, &configuration);
}

static void test_notice__of_a_wrong_clock(void **state)
{
    struct fixture *fixture = *state;
    listen_to_notices(fixture, provider_process_configuration(&fixture->provider));
    provider_process_tell(&fixture->provider, "{\"clock_offset_s\":-7200}");
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
    assert_int_equal(atomic_load(&notices[PUSH_NOTICE_CLOCK_SKEW]), 1);
}

static void test_notice__of_too_many_tokens(void **state)
{
    struct fixture *fixture = *state;
    listen_to_notices(fixture, provider_process_configuration(&fixture->provider));
    fixture_behave(fixture, "\"reason\",\"status\":429,"
                            "\"reason\":\"TooManyProviderTokenUpdates\",\"count\":1");
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
    assert_int_equal(atomic_load(&notices[PUSH_NOTICE_TOKEN_UPDATES]), 1);
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.tokens_minted, 1);
}

#define CASE(name_) cmocka_unit_test_setup_teardown(name_, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_delay__not_while_the_first_token_is_made),
        CASE(test_delay__told_while_connections_hang),
        CASE(test_delay__told_within_two_seconds_of_silence),
        CASE(test_delay__not_for_another_push_service),
        CASE(test_token_endpoint__that_resets_is_asked_with_pauses),
        CASE(test_clock__ahead_of_apples_is_corrected),
        CASE(test_reload__of_what_was_written_is_uncertain),
        CASE(test_reload__finds_a_job_of_which_only_the_hedge_waits),
        CASE(test_hedge__leaves_the_time_of_the_first_try),
        CASE(test_notice__of_a_wrong_clock),
        CASE(test_notice__of_too_many_tokens),
    };
    return cmocka_run_group_tests_name("push delays", tests, NULL, NULL);
}
