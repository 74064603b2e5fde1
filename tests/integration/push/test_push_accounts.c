/* Hedges, notices, accounts and what outlives a process: the push library against the strict
 * provider simulator, over real TLS and HTTP/2. */
#include "tests/integration/push/push_fixture.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void test_apns__hedge_overtakes_a_silent_connection(void **state)
{
    struct fixture *fixture = *state;
    fixture_behave(fixture, "\"silent\",\"count\":1");
    const struct push_result *result = fixture_run_apns(fixture, PATIENT_MS);
    assert_accepted(result);
    assert_true(result->hedged);
    assert_int_equal(result->tries, 2);
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.hedges_written, 1);
    assert_int_equal(statistics.hedges_won, 1);
    assert_int_equal(statistics.connections_opened, 2);
    json_t *received = provider_process_received(&fixture->provider);
    assert_int_equal(json_array_size(received), 2); /* the silent one under the same id */
    assert_true(json_equal(json_object_get(json_array_get(received, 0), "id"),
                           json_object_get(json_array_get(received, 1), "id")));
    json_decref(received);
}

static void test_apns__what_is_not_critical_is_not_hedged(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    fixture_behave(fixture, "\"silent\"");
    struct push_job job = fixture_job(PUSH_APNS, fixture_token(1, token), 1500);
    job.notification.urgency = PUSH_TIME_SENSITIVE;
    const struct push_result *result = fixture_run(fixture, job);
    assert_outcome(result, PUSH_UNCERTAIN, PUSH_TARGET_OK, "timeout");
    assert_false(result->hedged);
    assert_int_equal(result->tries, 1);
    job = fixture_job(PUSH_APNS, fixture_token(1, token), 1500);
    job.hedge = PUSH_HEDGE_NEVER;
    assert_false(fixture_run(fixture, job)->hedged);
    job = fixture_job(PUSH_APNS, fixture_token(1, token), 1500);
    job.notification.urgency = PUSH_NORMAL;
    job.hedge = PUSH_HEDGE_ALWAYS;
    assert_true(fixture_run(fixture, job)->hedged);
}

/* What notices and delays were told, from the sender's thread. */
struct heard {
    pthread_mutex_t lock;
    unsigned notices[PUSH_NOTICE_TOKEN_UPDATES + 1];
    unsigned delays;
};

static void on_notice(void *context, const struct push_notice *notice)
{
    struct heard *heard = context;
    (void)pthread_mutex_lock(&heard->lock);
    heard->notices[notice->kind]++;
    (void)pthread_mutex_unlock(&heard->lock);
}

static unsigned notices_of(struct heard *heard, enum push_notice_kind kind)
{
    (void)pthread_mutex_lock(&heard->lock);
    unsigned count = heard->notices[kind];
    (void)pthread_mutex_unlock(&heard->lock);
    return count;
}

static struct heard heard_by_delay = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void on_delay(void *context, const char *reason)
{
    const struct slot *slot = context;
    (void)pthread_mutex_lock(&heard_by_delay.lock);
    heard_by_delay.delays += reason[0] != '\0' && slot->results->calls[slot->index] == 0 ? 1 : 100;
    (void)pthread_mutex_unlock(&heard_by_delay.lock);
}

static void test_sender__tells_that_a_provider_is_down_and_back(void **state)
{
    struct fixture *fixture = *state;
    struct heard heard = {.lock = PTHREAD_MUTEX_INITIALIZER};
    char token[TOKEN_BYTES_MAX];
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.notice = on_notice;
    configuration.notice_context = &heard;
    (void)fixture_create_with(fixture, &configuration);
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"down\":true}");
    heard_by_delay.delays = 0;
    for (size_t i = 0; i < 3; i++) {
        struct push_job job = fixture_job(PUSH_APNS, fixture_token(1, token), 2500);
        job.delayed = on_delay;
        (void)fixture_submit(fixture, job);
    }
    fixture_await_all(fixture);
    assert_int_equal(heard_by_delay.delays, 3);
    assert_int_equal(notices_of(&heard, PUSH_NOTICE_DOWN), 1);
    assert_int_equal(notices_of(&heard, PUSH_NOTICE_UP), 0);
    struct push_job job = fixture_job(PUSH_APNS, fixture_token(1, token), PATIENT_MS);
    job.delayed = on_delay;
    size_t late = fixture_submit(fixture, job); /* it is down already: told at once */
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"down\":false}");
    fixture_await_all(fixture);
    assert_accepted(&fixture->results.all[late]);
    assert_int_equal(heard_by_delay.delays, 4);
    const struct timespec turn = {.tv_nsec = 10000000};
    for (int i = 0; i < FIXTURE_WAIT_S_MAX * 100 && notices_of(&heard, PUSH_NOTICE_UP) == 0; i++) {
        (void)nanosleep(&turn, NULL); /* it is told at the end of the turn that completed the job */
    }
    assert_int_equal(notices_of(&heard, PUSH_NOTICE_UP), 1);
    push_sender_destroy(&fixture->sender); /* before what it tells goes */
}

/* Clocks that run ahead of the system's: as if time had passed. */
static _Atomic int64_t ahead_ms;

static struct wall_time wall_ahead(void *context)
{
    (void)context;
    return clock_wall(&clock_system); /* the simulator knows this time alone */
}

static struct monotonic_time monotonic_ahead(void *context)
{
    (void)context;
    return (struct monotonic_time){clock_monotonic(&clock_system).ms + atomic_load(&ahead_ms)};
}

static const struct push_result *run_ahead(struct fixture *fixture)
{
    char token[TOKEN_BYTES_MAX];
    struct push_job job = fixture_job(PUSH_APNS, fixture_token(1, token), PATIENT_MS);
    job.deadline.ms += atomic_load(&ahead_ms);
    return fixture_run(fixture, job);
}

/* Apple takes another token on a connection 20 minutes after the first at the earliest. */
static void test_apns__a_new_token_moves_to_new_connections(void **state)
{
    static const struct clock_source clock = {.wall = wall_ahead, .monotonic = monotonic_ahead};
    struct fixture *fixture = *state;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    struct push_statistics statistics;
    configuration.clock = &clock;
    atomic_store(&ahead_ms, 0);
    (void)fixture_create_with(fixture, &configuration);
    assert_accepted(run_ahead(fixture));
    atomic_store(&ahead_ms, INT64_C(49) * 60000);
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"goaway\":true}");
    assert_accepted(run_ahead(fixture)); /* a young connection that knows the old token */
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.tokens_minted, 1);
    atomic_store(&ahead_ms, INT64_C(51) * 60000);
    (void)run_ahead(fixture); /* the loop may be in a turn that began before */
    const struct push_result *result = run_ahead(fixture);
    assert_accepted(result);
    assert_int_equal(result->tries, 1);
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.tokens_minted, 2);
    assert_int_equal(statistics.connections_opened, 3);
}

/* What counts is when a connection took the token, not when it was opened. */
static void test_apns__a_new_token_moves_from_idle_connections(void **state)
{
    static const struct clock_source clock = {.wall = wall_ahead, .monotonic = monotonic_ahead};
    struct fixture *fixture = *state;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    struct push_statistics statistics;
    char token[TOKEN_BYTES_MAX];
    configuration.clock = &clock;
    configuration.keep_connected = true;
    atomic_store(&ahead_ms, 0);
    (void)fixture_create_with(fixture, &configuration);
    struct push_job job = fixture_job(PUSH_APNS, fixture_token(1, token), PATIENT_MS);
    job.environment = PUSH_SANDBOX; /* mints; the other world's connection stays idle */
    assert_accepted(fixture_run(fixture, job));
    atomic_store(&ahead_ms, INT64_C(45) * 60000);
    assert_accepted(run_ahead(fixture));
    atomic_store(&ahead_ms, INT64_C(51) * 60000);
    (void)run_ahead(fixture);
    assert_accepted(run_ahead(fixture));
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.tokens_minted, 2);
}

static void test_apns__many_bad_tokens_are_the_configurations_fault(void **state)
{
    struct fixture *fixture = *state;
    struct heard heard = {.lock = PTHREAD_MUTEX_INITIALIZER};
    char token[TOKEN_BYTES_MAX];
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.notice = on_notice;
    configuration.notice_context = &heard;
    (void)fixture_create_with(fixture, &configuration);
    provider_process_tell(&fixture->provider,
                          "{\"provider\":\"apns\",\"behaviour\":\"bad_token\"}");
    for (size_t i = 0; i < 5; i++) {
        struct push_job job = fixture_job(PUSH_APNS, fixture_token(i, token), PATIENT_MS);
        assert_outcome(fixture_run(fixture, job), PUSH_REFUSED,
                       i < 4 ? PUSH_TARGET_SUSPECT : PUSH_CONFIGURATION_WRONG, "BadDeviceToken");
    }
    assert_int_equal(notices_of(&heard, PUSH_NOTICE_CONFIGURATION_SUSPECT), 1);
    push_sender_destroy(&fixture->sender);
}

static void test_apns__accounts_of_one_team_share_token_and_connection(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    struct push_apns_account accounts[2] = {fixture->provider.apns, fixture->provider.apns};
    accounts[1].name = "second";
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.apns = accounts;
    configuration.apns_count = 2;
    (void)fixture_create_with(fixture, &configuration);
    for (size_t i = 0; i < 10; i++) {
        struct push_job job = fixture_job(PUSH_APNS, fixture_token(i, token), PATIENT_MS);
        job.account = i % 2 == 0 ? NULL : "second";
        assert_accepted(fixture_run(fixture, job));
    }
    struct push_job job = fixture_job(PUSH_APNS, fixture_token(1, token), PATIENT_MS);
    job.account = "third";
    assert_outcome(fixture_run(fixture, job), PUSH_REFUSED, PUSH_CONFIGURATION_WRONG,
                   "NotConfigured");
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.tokens_minted, 1);
    assert_int_equal(statistics.connections_opened, 1);
}

static void test_sender__reload_takes_accounts_away_and_back(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    struct push_apns_account accounts[2] = {fixture->provider.apns, fixture->provider.apns};
    accounts[1].name = "second";
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.apns = accounts;
    configuration.apns_count = 2;
    (void)fixture_create_with(fixture, &configuration);
    struct push_job job = fixture_job(PUSH_APNS, fixture_token(1, token), PATIENT_MS);
    job.account = "second";
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"down\":true}");
    size_t waiting = fixture_submit(fixture, job);
    configuration.apns = &accounts[1]; /* the first, whose pool it waits in, goes */
    configuration.apns_count = 1;
    struct error error = {0};
    assert_int_equal(push_sender_reload(fixture->sender, &configuration, &error), STATUS_OK);
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"down\":false}");
    fixture_await_all(fixture);
    assert_accepted(&fixture->results.all[waiting]);
    assert_outcome(fixture_run_apns(fixture, PATIENT_MS), PUSH_REFUSED, PUSH_CONFIGURATION_WRONG,
                   "NotConfigured");
    configuration.apns = accounts;
    configuration.apns_count = 2;
    assert_int_equal(push_sender_reload(fixture->sender, &configuration, &error), STATUS_OK);
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
}

/* Apple wants no new token within 20 minutes, whoever sends with the key now. */
static void test_sender__reload_leaves_the_token_to_the_heir(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX];
    struct push_apns_account accounts[2] = {fixture->provider.apns, fixture->provider.apns};
    accounts[1].name = "second";
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.apns = accounts;
    configuration.apns_count = 2;
    (void)fixture_create_with(fixture, &configuration);
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
    configuration.apns = &accounts[1];
    configuration.apns_count = 1;
    struct error error = {0};
    assert_int_equal(push_sender_reload(fixture->sender, &configuration, &error), STATUS_OK);
    struct push_job job = fixture_job(PUSH_APNS, fixture_token(1, token), PATIENT_MS);
    job.account = "second";
    assert_accepted(fixture_run(fixture, job));
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.tokens_minted, 1);
}

static void test_apns__token_outlives_the_process(void **state)
{
    struct fixture *fixture = *state;
    char file[96];
    struct push_statistics statistics;
    (void)snprintf(file, sizeof file, "%s/token", fixture->provider.dir);
    fixture->provider.apns.token_file = file;
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    for (int run = 0; run < 3; run++) {
        (void)fixture_create_with(fixture, &configuration);
        assert_accepted(fixture_run_apns(fixture, PATIENT_MS));
        push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
        assert_int_equal(statistics.tokens_minted, run == 0 ? 1 : 0);
    }
    (void)unlink(file);
}

/* Waits until some connection is open. */
static void await_connection(struct fixture *fixture, struct push_connection_view *view_r)
{
    const struct timespec turn = {.tv_nsec = 10000000};
    for (int i = 0; i < FIXTURE_WAIT_S_MAX * 100; i++) {
        if (push_sender_connections(fixture->sender, view_r, 1) > 0 && view_r->open) {
            return;
        }
        (void)nanosleep(&turn, NULL);
    }
    fail_msg("no connection was opened");
}

static void test_sender__keeps_a_connection_before_anything_is_sent(void **state)
{
    struct fixture *fixture = *state;
    struct push_connection_view view = {0};
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    configuration.keep_connected = true;
    configuration.fcm_count = 0;
    (void)fixture_create_with(fixture, &configuration);
    await_connection(fixture, &view);
    assert_int_equal(view.provider, PUSH_APNS);
    assert_string_equal(view.host, "localhost");
    assert_true(strcmp(view.address, "127.0.0.1") == 0 || strcmp(view.address, "::1") == 0);
    struct push_statistics statistics;
    assert_accepted(
        fixture_run_apns(fixture, PATIENT_MS)); /* on that one: no token was there before */
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.connections_opened, 1);
    provider_process_tell(&fixture->provider, "{\"provider\":\"apns\",\"goaway\":true}");
    assert_accepted(fixture_run_apns(fixture, PATIENT_MS)); /* on the one that took its place */
    push_sender_statistics(fixture->sender, PUSH_APNS, &statistics);
    assert_int_equal(statistics.connections_opened, 2);
    assert_int_equal(statistics.connections_resumed, 1);
}

#define CASE(name_) cmocka_unit_test_setup_teardown(name_, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_apns__hedge_overtakes_a_silent_connection),
        CASE(test_apns__what_is_not_critical_is_not_hedged),
        CASE(test_sender__tells_that_a_provider_is_down_and_back),
        CASE(test_apns__a_new_token_moves_to_new_connections),
        CASE(test_apns__a_new_token_moves_from_idle_connections),
        CASE(test_apns__many_bad_tokens_are_the_configurations_fault),
        CASE(test_apns__accounts_of_one_team_share_token_and_connection),
        CASE(test_sender__reload_takes_accounts_away_and_back),
        CASE(test_sender__reload_leaves_the_token_to_the_heir),
        CASE(test_apns__token_outlives_the_process),
        CASE(test_sender__keeps_a_connection_before_anything_is_sent),
    };
    return cmocka_run_group_tests_name("push accounts", tests, NULL, NULL);
}
