/* The push library against the strict provider simulator, over real TLS and HTTP/2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "apns-fcm/push.h"
#include "tests/integration/push/provider_process.h"

#define RESULTS_MAX     2048
#define WAIT_S_MAX      40
#define PATIENT_MS      20000
#define TOKEN_BYTES_MAX 80

/* Collects results; what cmocka checks runs in the test's thread only. */
struct results {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t count;
    struct push_result all[RESULTS_MAX];
    unsigned calls[RESULTS_MAX];
};

struct slot {
    struct results *results;
    size_t index;
};

struct fixture {
    struct provider_process provider;
    struct push_sender *sender;
    struct results results;
    struct slot slots[RESULTS_MAX];
    size_t submitted;
};

static void on_complete(void *context, const struct push_result *result)
{
    struct slot *slot = context;
    struct results *results = slot->results;
    (void)pthread_mutex_lock(&results->lock);
    results->all[slot->index] = *result;
    results->calls[slot->index]++;
    results->count++;
    (void)pthread_cond_signal(&results->changed);
    (void)pthread_mutex_unlock(&results->lock);
}

static void begin(struct fixture **state, const char *option, const char *value)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    *state = fixture;
    (void)pthread_mutex_init(&fixture->results.lock, NULL);
    (void)pthread_cond_init(&fixture->results.changed, NULL);
    provider_process_start(&fixture->provider, option, value);
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    struct error error = {0};
    assert_int_equal(push_sender_create(&configuration, &fixture->sender, &error), STATUS_OK);
}

static int setup(void **state)
{
    begin((struct fixture **)state, NULL, NULL);
    return 0;
}

static int setup_few_streams(void **state)
{
    begin((struct fixture **)state, "--max-streams", "3");
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    push_sender_destroy(&fixture->sender);
    provider_process_stop(&fixture->provider);
    free(fixture);
    return 0;
}

/* A distinct, well-formed APNs token. */
static const char *token_text(size_t number, char text[TOKEN_BYTES_MAX])
{
    (void)snprintf(text, TOKEN_BYTES_MAX,
                   "00fc13adff785122b4ad28809a3420982341241421348097878e577c%08zx", number);
    return text;
}

static struct push_job job_for(enum push_provider provider, const char *target, int64_t deadline_ms)
{
    struct wall_time wall = clock_wall(&clock_system);
    return (struct push_job){.provider = provider,
                             .target = target,
                             .id = uuid_v7(wall, &random_system),
                             .deadline = {clock_monotonic(&clock_system).ms + deadline_ms},
                             .notification = {.collapse_id = "escalation-1",
                                              .urgency = PUSH_CRITICAL,
                                              .expires_at = {wall.ms + 60000},
                                              .title = "Astreinte",
                                              .body = "Nouvelle alerte",
                                              .category = "ESCALATION",
                                              .channel = "escalations",
                                              .data_json = "{\"escalation\":\"e1\","
                                                           "\"kind\":\"escalation\"}"},
                             .complete = on_complete};
}

static size_t submit(struct fixture *fixture, struct push_job job)
{
    size_t index = fixture->submitted++;
    struct error error = {0};
    fixture->slots[index] = (struct slot){&fixture->results, index};
    job.context = &fixture->slots[index];
    assert_int_equal(push_submit(fixture->sender, &job, &error), STATUS_OK);
    return index;
}

/* Waits until every job submitted so far has ended, each once. */
static void await_all(struct fixture *fixture)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S_MAX;
    struct results *results = &fixture->results;
    (void)pthread_mutex_lock(&results->lock);
    int failure = 0;
    while (results->count < fixture->submitted && failure == 0) {
        failure = pthread_cond_timedwait(&results->changed, &results->lock, &until);
    }
    size_t count = results->count;
    (void)pthread_mutex_unlock(&results->lock);
    assert_int_equal(count, fixture->submitted);
    for (size_t i = 0; i < fixture->submitted; i++) {
        assert_int_equal(results->calls[i], 1);
    }
}

static const struct push_result *run_one(struct fixture *fixture, struct push_job job)
{
    size_t index = submit(fixture, job);
    await_all(fixture);
    return &fixture->results.all[index];
}

static const struct push_result *run_apns(struct fixture *fixture, int64_t deadline_ms)
{
    char token[TOKEN_BYTES_MAX];
    return run_one(fixture, job_for(PUSH_APNS, token_text(1, token), deadline_ms));
}

static const struct push_result *run_fcm(struct fixture *fixture, int64_t deadline_ms)
{
    return run_one(fixture, job_for(PUSH_FCM, "fcm-token-1:APA91b", deadline_ms));
}

static void behave(struct fixture *fixture, const char *rest)
{
    char token[TOKEN_BYTES_MAX];
    provider_process_tell(&fixture->provider, "{\"token\":\"%s\",\"behaviour\":%s}",
                          token_text(1, token), rest);
}

static void assert_accepted(const struct push_result *result)
{
    assert_string_equal(push_outcome_text(result->outcome), "accepted");
    assert_int_equal(result->http_status, 200);
    assert_true(result->provider_id[0] != '\0');
    assert_true(result->tries >= 1);
    assert_true(result->first_written_at.ms != TIME_NEVER_MS);
}

static void assert_outcome(const struct push_result *result, enum push_outcome outcome,
                           enum push_verdict verdict, const char *reason)
{
    assert_string_equal(push_outcome_text(result->outcome), push_outcome_text(outcome));
    assert_int_equal(result->verdict, verdict);
    if (reason != NULL) {
        assert_string_equal(result->reason, reason);
    }
}

static void test_apns__accepts(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    char id[UUID_TEXT_BYTES];
    struct push_job job = job_for(PUSH_APNS, token_text(1, token), PATIENT_MS);
    uuid_format(job.id, id);
    const struct push_result *result = run_one(fixture, job);
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
            struct push_job job = job_for(PUSH_APNS, token_text(7, token), PATIENT_MS);
            job.notification.urgency = (enum push_urgency)urgency;
            job.environment = PUSH_SANDBOX;
            job.notification.style = shown != 0 ? PUSH_ALERT : PUSH_BACKGROUND;
            if (shown == 0) {
                job.notification.expires_at = WALL_NEVER;
            }
            assert_accepted(run_one(fixture, job));
        }
    }
}

static void test_fcm__accepts_with_one_token_for_all(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 20; i++) {
        struct push_job job = job_for(PUSH_FCM, "fcm-token-1:APA91b", PATIENT_MS);
        job.notification.urgency = (enum push_urgency)(i % 4);
        job.notification.style = i % 5 == 0 ? PUSH_BACKGROUND : PUSH_ALERT;
        (void)submit(fixture, job);
    }
    await_all(fixture);
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
    behave(fixture, "\"gone\",\"timestamp_ms\":1508249865488");
    const struct push_result *result = run_apns(fixture, PATIENT_MS);
    assert_outcome(result, PUSH_REFUSED, PUSH_TARGET_GONE, "Unregistered");
    assert_int_equal(result->gone_since.ms, 1508249865488);
    assert_int_equal(result->tries, 1);
}

static void test_apns__bad_token_is_suspect(void **state)
{
    struct fixture *fixture = *state;
    behave(fixture, "\"bad_token\"");
    assert_outcome(run_apns(fixture, PATIENT_MS), PUSH_REFUSED, PUSH_TARGET_SUSPECT,
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
        assert_outcome(run_fcm(fixture, PATIENT_MS), PUSH_REFUSED, rows[i].verdict, rows[i].reason);
    }
}

static void test_apns__throttle_obeys_retry_after(void **state)
{
    struct fixture *fixture = *state;
    behave(fixture, "\"throttle\",\"retry_after_s\":2,\"count\":1");
    int64_t began_ms = clock_monotonic(&clock_system).ms;
    const struct push_result *result = run_apns(fixture, PATIENT_MS);
    assert_accepted(result);
    assert_int_equal(result->tries, 2);
    assert_true(clock_monotonic(&clock_system).ms - began_ms >= 2000);
}

static void test_apns__deadline_beats_retry_after(void **state)
{
    struct fixture *fixture = *state;
    behave(fixture, "\"throttle\",\"retry_after_s\":600");
    const struct push_result *result = run_apns(fixture, 1500);
    assert_outcome(result, PUSH_RETRY_EXHAUSTED, PUSH_TARGET_OK, "TooManyRequests");
    assert_int_equal(result->http_status, 429);
    assert_int_equal(result->tries, 2);
}

static void test_apns__error_is_retried_under_the_same_id(void **state)
{
    struct fixture *fixture = *state;
    behave(fixture, "\"error\",\"count\":2");
    const struct push_result *result = run_apns(fixture, PATIENT_MS);
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
    behave(fixture, "\"error\"");
    const struct push_result *result = run_apns(fixture, 1500);
    assert_outcome(result, PUSH_RETRY_EXHAUSTED, PUSH_TARGET_OK, "InternalServerError");
    assert_true(result->tries >= 2);
}

static void test_apns__silence_is_uncertain_at_the_deadline(void **state)
{
    struct fixture *fixture = *state;
    behave(fixture, "\"silent\"");
    int64_t began_ms = clock_monotonic(&clock_system).ms;
    const struct push_result *result = run_apns(fixture, 1200);
    assert_outcome(result, PUSH_UNCERTAIN, PUSH_TARGET_OK, "timeout");
    assert_int_equal(result->tries, 1);
    assert_true(clock_monotonic(&clock_system).ms - began_ms >= 1200);
}

static void test_apns__cut_connection_is_tried_again(void **state)
{
    struct fixture *fixture = *state;
    behave(fixture, "\"cut\",\"count\":1");
    const struct push_result *result = run_apns(fixture, PATIENT_MS);
    assert_accepted(result);
    assert_int_equal(result->tries, 2);
}

static void test_apns__always_cut_is_uncertain(void **state)
{
    struct fixture *fixture = *state;
    behave(fixture, "\"cut\"");
    assert_outcome(run_apns(fixture, 1500), PUSH_UNCERTAIN, PUSH_TARGET_OK, NULL);
}

static void test_apns__refused_stream_is_replayed(void **state)
{
    struct fixture *fixture = *state;
    behave(fixture, "\"refuse_stream\",\"count\":3");
    assert_accepted(run_apns(fixture, PATIENT_MS));
}

static void submit_apns_many(struct fixture *fixture, size_t count, int64_t deadline_ms)
{
    char token[TOKEN_BYTES_MAX];
    for (size_t i = 0; i < count; i++) {
        (void)submit(fixture, job_for(PUSH_APNS, token_text(100 + i, token), deadline_ms));
    }
}

static size_t count_accepted(const struct fixture *fixture)
{
    size_t accepted = 0;
    for (size_t i = 0; i < fixture->submitted; i++) {
        accepted += fixture->results.all[i].outcome == PUSH_ACCEPTED ? 1 : 0;
    }
    return accepted;
}

static void test_apns__goaway_at_80_of_200_loses_none(void **state)
{
    struct fixture *fixture = *state;
    assert_accepted(run_apns(fixture, PATIENT_MS)); /* proves the token: many streams from here */
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"goaway_at\":80}");
    submit_apns_many(fixture, 200, PATIENT_MS);
    await_all(fixture);
    assert_int_equal(count_accepted(fixture), 201);
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
    submit_apns_many(fixture, 1000, PATIENT_MS);
    await_all(fixture);
    assert_int_equal(count_accepted(fixture), 1000);
}

static void test_apns__obeys_max_streams(void **state)
{
    struct fixture *fixture = *state;
    submit_apns_many(fixture, 300, PATIENT_MS);
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"max_streams\":1}");
    submit_apns_many(fixture, 100, PATIENT_MS);
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"max_streams\":50}");
    submit_apns_many(fixture, 600, PATIENT_MS);
    await_all(fixture);
    assert_int_equal(count_accepted(fixture), 1000);
}

static void test_apns__freeze_moves_to_a_fresh_connection(void **state)
{
    struct fixture *fixture = *state;
    assert_accepted(run_apns(fixture, PATIENT_MS));
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"freeze\":true}");
    size_t frozen = submit(fixture, job_for(PUSH_APNS, "ab01", 6000));
    size_t patient = submit(fixture, job_for(PUSH_APNS, "ab02", PATIENT_MS));
    const struct timespec pause = {.tv_sec = 7};
    (void)nanosleep(&pause, NULL); /* the peer stays dead past the first job's deadline */
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.connections_lost, 1);
    assert_true(statistics.health == PUSH_HEALTH_DEGRADED || statistics.health == PUSH_HEALTH_DOWN);
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"freeze\":false}");
    await_all(fixture);
    assert_outcome(&fixture->results.all[frozen], PUSH_UNCERTAIN, PUSH_TARGET_OK, NULL);
    assert_accepted(&fixture->results.all[patient]);
    assert_true(fixture->results.all[patient].tries >= 2);
}

static void test_apns__down_expires_and_comes_back(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"down\":true}");
    const struct push_result *result = run_apns(fixture, 1000);
    assert_outcome(result, PUSH_EXPIRED, PUSH_TARGET_OK, "connection-refused");
    assert_int_equal(result->tries, 0);
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.health, PUSH_HEALTH_DOWN);
    assert_true(statistics.down_since.ms != TIME_NEVER_MS);
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"down\":false}");
    assert_accepted(run_apns(fixture, PATIENT_MS));
}

static void test_fcm__token_endpoint_down(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider, "{\"provider\":\"oauth\",\"down\":true}");
    assert_outcome(run_fcm(fixture, 1500), PUSH_EXPIRED, PUSH_TARGET_OK, NULL);
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_FCM, &statistics);
    assert_int_equal(statistics.health, PUSH_HEALTH_DOWN);
    provider_process_tell(&fixture->provider, "{\"provider\":\"oauth\",\"down\":false}");
    assert_accepted(run_fcm(fixture, PATIENT_MS));
}

static void test_fcm__token_refused_ends_the_job(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider,
                          "{\"provider\":\"oauth\",\"behaviour\":\"bad_token\"}");
    assert_outcome(run_fcm(fixture, PATIENT_MS), PUSH_REFUSED, PUSH_CONFIGURATION_WRONG,
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
    const struct push_result *result = run_fcm(fixture, PATIENT_MS);
    assert_accepted(result);
    assert_int_equal(result->tries, 3);
}

static void test_apns__skewed_clock_is_corrected_once(void **state)
{
    struct fixture *fixture = *state;
    provider_process_tell(&fixture->provider, "{\"clock_offset_s\":7200}");
    assert_accepted(run_apns(fixture, PATIENT_MS));
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.tokens_minted, 2);
    assert_in_range(statistics.clock_skew_ms, 7190000, 7210000);
    assert_accepted(run_fcm(fixture, PATIENT_MS));
}

static struct push_sender *create_with(struct fixture *fixture,
                                       const struct push_configuration *configuration)
{
    struct error error = {0};
    push_sender_destroy(&fixture->sender);
    assert_int_equal(push_sender_create(configuration, &fixture->sender, &error), STATUS_OK);
    return fixture->sender;
}

static void test_apns__wrong_host_name_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    fixture->provider.apns.endpoints[PUSH_PRODUCTION].host = "127.1"; /* the same peer by a name
                                                             that its certificate lacks */
    fixture->provider.apns.endpoints[PUSH_PRODUCTION].port = fixture->provider.apns_port;
    (void)create_with(fixture, &configuration);
    const struct push_result *result = run_apns(fixture, 1500);
    assert_outcome(result, PUSH_EXPIRED, PUSH_TARGET_OK, "certificate-names-another-host");
    assert_int_equal(provider_process_count(&fixture->provider, "apns", "requests"), 0);
}

static void test_apns__one_silent_device_holds_nobody_up(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    behave(fixture, "\"silent\"");
    /* The first request of all: until it is answered APNs allows no other on that connection. */
    size_t silent = submit(fixture, job_for(PUSH_APNS, token_text(1, token), 6000));
    size_t other = submit(fixture, job_for(PUSH_APNS, token_text(2, token), 5000));
    await_all(fixture);
    assert_outcome(&fixture->results.all[silent], PUSH_UNCERTAIN, PUSH_TARGET_OK, NULL);
    assert_accepted(&fixture->results.all[other]);
}

static void test_apns__unknown_host_name_expires(void **state)
{
    struct fixture *fixture = *state;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    fixture->provider.apns.endpoints[PUSH_PRODUCTION].host = "nowhere.invalid";
    (void)create_with(fixture, &configuration);
    assert_outcome(run_apns(fixture, 1000), PUSH_EXPIRED, PUSH_TARGET_OK, NULL);
}

static void test_apns__foreign_authority_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.ca_file = NULL; /* the system's, which never signed this one */
    (void)create_with(fixture, &configuration);
    assert_outcome(run_apns(fixture, 1500), PUSH_EXPIRED, PUSH_TARGET_OK,
                   "certificate-not-trusted");
    assert_int_equal(provider_process_count(&fixture->provider, "apns", "requests"), 0);
}

static void test_sender__not_configured_and_stopping(void **state)
{
    struct fixture *fixture = *state;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.fcm_count = 0;
    (void)create_with(fixture, &configuration);
    assert_outcome(run_fcm(fixture, PATIENT_MS), PUSH_REFUSED, PUSH_CONFIGURATION_WRONG,
                   "NotConfigured");
    behave(fixture, "\"silent\"");
    char token[TOKEN_BYTES_MAX];
    size_t written = submit(fixture, job_for(PUSH_APNS, token_text(1, token), PATIENT_MS));
    while (provider_process_count(&fixture->provider, "apns", "requests") == 0) {
        const struct timespec turn = {.tv_nsec = 10000000};
        (void)nanosleep(&turn, NULL);
    }
    push_sender_destroy(&fixture->sender);
    await_all(fixture);
    assert_outcome(&fixture->results.all[written], PUSH_UNCERTAIN, PUSH_TARGET_OK, "stopping");
}

static void test_sender__reload_keeps_the_token_and_the_jobs(void **state)
{
    struct fixture *fixture = *state;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    struct error error = {0};
    for (int i = 0; i < 5; i++) {
        submit_apns_many(fixture, 50, PATIENT_MS);
        assert_int_equal(push_sender_reload(fixture->sender, &configuration, &error), STATUS_OK);
    }
    await_all(fixture);
    assert_int_equal(count_accepted(fixture), 250);
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.tokens_minted, 1);
    fixture->provider.apns.key_pem = "not a key";
    assert_int_equal(push_sender_reload(fixture->sender, &configuration, &error),
                     STATUS_CONFIGURATION);
    assert_accepted(run_apns(fixture, PATIENT_MS));
}

#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_apns__accepts),
        CASE(test_apns__takes_every_urgency),
        CASE(test_fcm__accepts_with_one_token_for_all),
        CASE(test_apns__gone_tells_since_when),
        CASE(test_apns__bad_token_is_suspect),
        CASE(test_fcm__refusals),
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
        cmocka_unit_test_setup_teardown(test_apns__obeys_max_streams, setup_few_streams, teardown),
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
