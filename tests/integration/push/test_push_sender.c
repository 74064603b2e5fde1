/* The push library against the strict provider simulator, over real TLS and HTTP/2. */
#include "tests/integration/push/push_fixture.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void test_apns__accepts(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    char id[UUID_TEXT_BYTES];
    struct push_job job = fixture_job(PUSH_APNS, fixture_token(1, token), PATIENT_MS);
    uuid_format(job.id, id);
    const struct push_result *result = fixture_run(fixture, job);
    assert_accepted(result);
    assert_string_equal(result->provider_id, id);
    json_t *received = provider_process_received(&fixture->provider);
    json_t *line = json_array_get(received, 0);
    assert_string_equal(json_string_value(json_object_get(line, "id")), id);
    json_t *payload = json_object_get(line, "payload");
    assert_string_equal(json_string_value(json_object_get(payload, "escalation")), "e1");
    json_t *sound = json_object_get(json_object_get(payload, "aps"), "sound");
    assert_int_equal(json_integer_value(json_object_get(sound, "critical")), 1);
    json_decref(received);
}

static void test_apns__takes_every_urgency(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    for (int urgency = PUSH_CRITICAL; urgency <= PUSH_SILENT; urgency++) {
        for (int shown = 0; shown <= 1; shown++) {
            struct push_job job = fixture_job(PUSH_APNS, fixture_token(7, token), PATIENT_MS);
            job.notification.urgency = (enum push_urgency)urgency;
            job.environment = PUSH_SANDBOX;
            job.notification.style = shown != 0 ? PUSH_ALERT : PUSH_BACKGROUND;
            if (shown == 0) {
                job.notification.expires_at = WALL_NEVER;
            }
            assert_accepted(fixture_run(fixture, job));
        }
    }
}

static void test_fcm__accepts_with_one_token_for_all(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 20; i++) {
        struct push_job job = fixture_job(PUSH_FCM, "fcm-token-1:APA91b", PATIENT_MS);
        job.notification.urgency = (enum push_urgency)(i % 4);
        job.notification.style = i % 5 == 0 ? PUSH_BACKGROUND : PUSH_ALERT;
        (void)fixture_submit(fixture, job);
    }
    fixture_await_all(fixture);
    for (size_t i = 0; i < 20; i++) {
        assert_accepted(&fixture->results.all[i]);
        assert_non_null(strstr(fixture->results.all[i].provider_id, "projects/"));
    }
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_FCM, &statistics);
    assert_int_equal(statistics.tokens_minted, 1);
    assert_int_equal(statistics.outcomes[PUSH_ACCEPTED], 20);
    assert_int_equal(statistics.jobs_inside, 0);
    assert_int_equal(statistics.health, PUSH_HEALTH_UP);
}

static void test_apns__gone_tells_since_when(void **state)
{
    struct fixture *fixture = *state;
    fixture_behave(fixture, "\"gone\",\"timestamp_ms\":1508249865488");
    const struct push_result *result = fixture_run_apns(fixture, PATIENT_MS);
    assert_outcome(result, PUSH_REFUSED, PUSH_TARGET_GONE, "Unregistered");
    assert_int_equal(result->gone_since.ms, 1508249865488);
    assert_int_equal(result->tries, 1);
}

static void test_apns__bad_token_is_suspect(void **state)
{
    struct fixture *fixture = *state;
    fixture_behave(fixture, "\"bad_token\"");
    assert_outcome(fixture_run_apns(fixture, PATIENT_MS), PUSH_REFUSED, PUSH_TARGET_SUSPECT,
                   "BadDeviceToken");
}

static void test_fcm__refusals(void **state)
{
    static const struct {
        const char *behaviour;
        enum push_verdict verdict;
        const char *reason;
    } rows[] = {{"gone", PUSH_TARGET_GONE, "UNREGISTERED"},
                {"bad_token", PUSH_TARGET_SUSPECT, "INVALID_ARGUMENT"},
                {"wrong_sender", PUSH_TARGET_SUSPECT, "SENDER_ID_MISMATCH"},
                {"forbidden", PUSH_CONFIGURATION_WRONG, "THIRD_PARTY_AUTH_ERROR"}};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        provider_process_tell(&fixture->provider,
                              "{\"token\":\"fcm-token-1:APA91b\",\"behaviour\":\"%s\"}",
                              rows[i].behaviour);
        assert_outcome(fixture_run_fcm(fixture, PATIENT_MS), PUSH_REFUSED, rows[i].verdict,
                       rows[i].reason);
    }
}

/* TLS then holds more records than the socket tells of: the answer must not wait for a PING. */
static void test_fcm__reads_an_answer_of_many_records(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider, "{\"provider\":\"fcm\",\"split_bytes\":1}");
    struct push_job job = fixture_job(PUSH_FCM, "fcm-token-1:APA91b", PATIENT_MS);
    job.hedge = PUSH_HEDGE_NEVER;
    const struct push_result *result = fixture_run(fixture, job);
    assert_accepted(result);
    assert_int_equal(result->tries, 1);
    assert_int_equal(provider_process_count(&fixture->provider, "fcm", "pings"), 0);
}

static void test_apns__throttle_obeys_retry_after(void **state)
{
    struct fixture *fixture = *state;
    fixture_behave(fixture, "\"throttle\",\"retry_after_s\":2,\"count\":1");
    int64_t began_ms = clock_monotonic(&clock_system).ms;
    const struct push_result *result = fixture_run_apns(fixture, PATIENT_MS);
    assert_accepted(result);
    assert_int_equal(result->tries, 2);
    assert_true(clock_monotonic(&clock_system).ms - began_ms >= 2000);
}

static void test_apns__deadline_beats_retry_after(void **state)
{
    struct fixture *fixture = *state;
    fixture_behave(fixture, "\"throttle\",\"retry_after_s\":600");
    const struct push_result *result = fixture_run_apns(fixture, 1500);
    assert_outcome(result, PUSH_RETRY_EXHAUSTED, PUSH_TARGET_OK, "TooManyRequests");
    assert_int_equal(result->http_status, 429);
    assert_int_equal(result->tries, 2);
}

static void test_apns__error_is_retried_under_the_same_id(void **state)
{
    struct fixture *fixture = *state;
    fixture_behave(fixture, "\"error\",\"count\":2");
    const struct push_result *result = fixture_run_apns(fixture, PATIENT_MS);
    assert_accepted(result);
    assert_int_equal(result->tries, 3);
    json_t *received = provider_process_received(&fixture->provider);
    assert_int_equal(json_array_size(received), 3);
    for (size_t i = 1; i < 3; i++) {
        assert_true(json_equal(json_object_get(json_array_get(received, 0), "id"),
                               json_object_get(json_array_get(received, i), "id")));
        assert_true(json_is_false(json_object_get(json_array_get(received, i), "new")));
    }
    json_decref(received);
}

static void test_apns__errors_until_the_deadline(void **state)
{
    struct fixture *fixture = *state;
    fixture_behave(fixture, "\"error\"");
    const struct push_result *result = fixture_run_apns(fixture, 1500);
    assert_outcome(result, PUSH_RETRY_EXHAUSTED, PUSH_TARGET_OK, "InternalServerError");
    assert_true(result->tries >= 2);
}

static void test_apns__silence_is_uncertain_at_the_deadline(void **state)
{
    struct fixture *fixture = *state;
    fixture_behave(fixture, "\"silent\"");
    int64_t began_ms = clock_monotonic(&clock_system).ms;
    const struct push_result *result = fixture_run_apns(fixture, 1200);
    assert_outcome(result, PUSH_UNCERTAIN, PUSH_TARGET_OK, "timeout");
    assert_int_equal(result->tries, 2); /* it is critical: hedged */
    assert_true(result->hedged);
    assert_true(clock_monotonic(&clock_system).ms - began_ms >= 1200);
}

static void test_apns__cut_connection_is_tried_again(void **state)
{
    struct fixture *fixture = *state;
    fixture_behave(fixture, "\"cut\",\"count\":1");
    const struct push_result *result = fixture_run_apns(fixture, PATIENT_MS);
    assert_accepted(result);
    assert_int_equal(result->tries, 2);
}

static void test_apns__always_cut_is_uncertain(void **state)
{
    struct fixture *fixture = *state;
    fixture_behave(fixture, "\"cut\"");
    assert_outcome(fixture_run_apns(fixture, 1500), PUSH_UNCERTAIN, PUSH_TARGET_OK, NULL);
}

static void test_apns__refused_stream_is_replayed(void **state)
{
    struct fixture *fixture = *state;
    fixture_behave(fixture, "\"refuse_stream\",\"count\":3");
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
}

static void test_apns__goaway_at_80_of_200_loses_none(void **state)
{
    struct fixture *fixture = *state;
    assert_accepted(
        fixture_run_apns(fixture, PATIENT_MS)); /* proves the token: many streams from here */
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"goaway_at\":80}");
    fixture_submit_apns(fixture, 200, PATIENT_MS);
    fixture_await_all(fixture);
    assert_int_equal(fixture_count_accepted(fixture), 201);
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_true(statistics.goaways >= 1);
    assert_int_equal(statistics.tokens_minted, 1);
    assert_int_equal(provider_process_count(&fixture->provider, "apns", "repeated"), 0);
}

static void test_apns__goaway_now_and_then_loses_none(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider,
                          "{\"provider\":\"apns\",\"goaway_at\":37,\"count\":30}");
    fixture_submit_apns(fixture, 1000, PATIENT_MS);
    fixture_await_all(fixture);
    assert_int_equal(fixture_count_accepted(fixture), 1000);
}

static void test_apns__obeys_max_streams(void **state)
{
    struct fixture *fixture = *state;
    fixture_submit_apns(fixture, 300, PATIENT_MS);
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"max_streams\":1}");
    fixture_submit_apns(fixture, 100, PATIENT_MS);
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"max_streams\":50}");
    fixture_submit_apns(fixture, 600, PATIENT_MS);
    fixture_await_all(fixture);
    assert_int_equal(fixture_count_accepted(fixture), 1000);
}

static void test_apns__freeze_moves_to_a_fresh_connection(void **state)
{
    struct fixture *fixture = *state;
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"freeze\":true}");
    size_t frozen = fixture_submit(fixture, fixture_job(PUSH_APNS, "ab01", 6000));
    size_t patient = fixture_submit(fixture, fixture_job(PUSH_APNS, "ab02", PATIENT_MS));
    const struct timespec pause = {.tv_sec = 7};
    (void)nanosleep(&pause, NULL); /* the peer stays dead past the first job's deadline */
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.connections_lost, 1);
    assert_true(statistics.health == PUSH_HEALTH_DEGRADED || statistics.health == PUSH_HEALTH_DOWN);
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"freeze\":false}");
    fixture_await_all(fixture);
    assert_outcome(&fixture->results.all[frozen], PUSH_UNCERTAIN, PUSH_TARGET_OK, NULL);
    assert_accepted(&fixture->results.all[patient]);
    assert_true(fixture->results.all[patient].tries >= 2);
}

static void test_apns__down_expires_and_comes_back(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"down\":true}");
    const struct push_result *result = fixture_run_apns(fixture, 2000);
    assert_outcome(result, PUSH_EXPIRED, PUSH_TARGET_OK, "connection-refused");
    assert_int_equal(result->tries, 0);
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.health, PUSH_HEALTH_DOWN);
    assert_true(statistics.down_since.ms != TIME_NEVER_MS);
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"down\":false}");
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
}

static void test_fcm__token_endpoint_down(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider, "{\"provider\":\"oauth\",\"down\":true}");
    assert_outcome(fixture_run_fcm(fixture, 1500), PUSH_EXPIRED, PUSH_TARGET_OK, NULL);
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_FCM, &statistics);
    assert_int_equal(statistics.health, PUSH_HEALTH_DOWN);
    provider_process_tell(&fixture->provider, "{\"provider\":\"oauth\",\"down\":false}");
    assert_accepted(fixture_run_fcm(fixture, PATIENT_MS));
}

static void test_fcm__token_refused_ends_the_job(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider,
                          "{\"provider\":\"oauth\",\"behaviour\":\"bad_token\"}");
    assert_outcome(fixture_run_fcm(fixture, PATIENT_MS), PUSH_REFUSED, PUSH_CONFIGURATION_WRONG,
                   "invalid_grant");
}

static void test_fcm__errors_are_retried(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider, "{\"provider\":\"oauth\",\"behaviour\":\"error\","
                                              "\"count\":1}");
    provider_process_tell(&fixture->provider, "{\"token\":\"fcm-token-1:APA91b\","
                                              "\"behaviour\":\"unavailable\",\"count\":2,"
                                              "\"retry_after_s\":1}");
    const struct push_result *result = fixture_run_fcm(fixture, PATIENT_MS);
    assert_accepted(result);
    assert_int_equal(result->tries, 3);
}

static void test_apns__skewed_clock_is_corrected_once(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider, "{\"clock_offset_s\":7200}");
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.tokens_minted, 2);
    assert_in_range(statistics.clock_skew_ms, 7190000, 7210000);
    assert_accepted(fixture_run_fcm(fixture, PATIENT_MS));
}

static void test_apns__wrong_host_name_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    fixture->provider.apns.endpoints[PUSH_PRODUCTION].host = "127.1"; /* the same peer by a name
                                                             that its certificate lacks */
    fixture->provider.apns.endpoints[PUSH_PRODUCTION].port = fixture->provider.apns_port;
    (void)fixture_create_with(fixture, &configuration);
    const struct push_result *result = fixture_run_apns(fixture, 1500);
    assert_outcome(result, PUSH_EXPIRED, PUSH_TARGET_OK, "certificate-names-another-host");
    assert_int_equal(provider_process_count(&fixture->provider, "apns", "requests"), 0);
}

static void test_apns__one_silent_device_holds_nobody_up(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    fixture_behave(fixture, "\"silent\"");
    /* The first request of all: until it is answered APNs allows no other on that connection. */
    size_t silent = fixture_submit(fixture, fixture_job(PUSH_APNS, fixture_token(1, token), 6000));
    size_t other = fixture_submit(fixture, fixture_job(PUSH_APNS, fixture_token(2, token), 5000));
    fixture_await_all(fixture);
    assert_outcome(&fixture->results.all[silent], PUSH_UNCERTAIN, PUSH_TARGET_OK, NULL);
    assert_accepted(&fixture->results.all[other]);
}

static void test_apns__unknown_host_name_expires(void **state)
{
    struct fixture *fixture = *state;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    fixture->provider.apns.endpoints[PUSH_PRODUCTION].host = "nowhere.invalid";
    (void)fixture_create_with(fixture, &configuration);
    assert_outcome(fixture_run_apns(fixture, 1000), PUSH_EXPIRED, PUSH_TARGET_OK, NULL);
}

static void test_apns__foreign_authority_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.ca_file = NULL; /* the system's, which never signed this one */
    (void)fixture_create_with(fixture, &configuration);
    assert_outcome(fixture_run_apns(fixture, 1500), PUSH_EXPIRED, PUSH_TARGET_OK,
                   "certificate-not-trusted");
    assert_int_equal(provider_process_count(&fixture->provider, "apns", "requests"), 0);
}

static void test_sender__not_configured_and_stopping(void **state)
{
    struct fixture *fixture = *state;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.fcm_count = 0;
    (void)fixture_create_with(fixture, &configuration);
    assert_outcome(fixture_run_fcm(fixture, PATIENT_MS), PUSH_REFUSED, PUSH_CONFIGURATION_WRONG,
                   "NotConfigured");
    fixture_behave(fixture, "\"silent\"");
    char token[TOKEN_BYTES_MAX];
    size_t written =
        fixture_submit(fixture, fixture_job(PUSH_APNS, fixture_token(1, token), PATIENT_MS));
    while (provider_process_count(&fixture->provider, "apns", "requests") == 0) {
        const struct timespec turn = {.tv_nsec = 10000000};
        (void)nanosleep(&turn, NULL);
    }
    push_sender_destroy(&fixture->sender);
    fixture_await_all(fixture);
    assert_outcome(&fixture->results.all[written], PUSH_UNCERTAIN, PUSH_TARGET_OK, "stopping");
}

static void test_sender__reload_keeps_the_token_and_the_jobs(void **state)
{
    struct fixture *fixture = *state;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    struct error error = {0};
    for (int i = 0; i < 5; i++) {
        fixture_submit_apns(fixture, 50, PATIENT_MS);
        assert_int_equal(push_sender_reload(fixture->sender, &configuration, &error), STATUS_OK);
    }
    fixture_await_all(fixture);
    assert_int_equal(fixture_count_accepted(fixture), 250);
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.tokens_minted, 1);
    fixture->provider.apns.key_pem = "not a key";
    assert_int_equal(push_sender_reload(fixture->sender, &configuration, &error),
                     STATUS_CONFIGURATION);
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
}

#define CASE(name_) cmocka_unit_test_setup_teardown(name_, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_apns__accepts),
        CASE(test_apns__takes_every_urgency),
        CASE(test_fcm__accepts_with_one_token_for_all),
        CASE(test_apns__gone_tells_since_when),
        CASE(test_apns__bad_token_is_suspect),
        CASE(test_fcm__refusals),
        CASE(test_fcm__reads_an_answer_of_many_records),
        CASE(test_apns__throttle_obeys_retry_after),
        CASE(test_apns__deadline_beats_retry_after),
        CASE(test_apns__error_is_retried_under_the_same_id),
        CASE(test_apns__errors_until_the_deadline),
        CASE(test_apns__silence_is_uncertain_at_the_deadline),
        CASE(test_apns__cut_connection_is_tried_again),
        CASE(test_apns__always_cut_is_uncertain),
        CASE(test_apns__refused_stream_is_replayed),
        CASE(test_apns__goaway_at_80_of_200_loses_none),
        CASE(test_apns__goaway_now_and_then_loses_none),
        cmocka_unit_test_setup_teardown(test_apns__obeys_max_streams, fixture_setup_few_streams,
                                        fixture_teardown),
        CASE(test_apns__freeze_moves_to_a_fresh_connection),
        CASE(test_apns__down_expires_and_comes_back),
        CASE(test_fcm__token_endpoint_down),
        CASE(test_fcm__token_refused_ends_the_job),
        CASE(test_fcm__errors_are_retried),
        CASE(test_apns__skewed_clock_is_corrected_once),
        CASE(test_apns__wrong_host_name_is_refused),
        CASE(test_apns__one_silent_device_holds_nobody_up),
        CASE(test_apns__unknown_host_name_expires),
        CASE(test_apns__foreign_authority_is_refused),
        CASE(test_sender__not_configured_and_stopping),
        CASE(test_sender__reload_keeps_the_token_and_the_jobs),
    };
    return cmocka_run_group_tests_name("push sender", tests, NULL, NULL);
}
