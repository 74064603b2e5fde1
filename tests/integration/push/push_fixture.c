/* push_fixture.c - see push_fixture.h. */
#include "tests/integration/push/push_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

void fixture_begin(struct fixture **state, const char *option, const char *value)
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

int fixture_setup(void **state)
{
    fixture_begin((struct fixture **)state, NULL, NULL);
    return 0;
}

int fixture_setup_few_streams(void **state)
{
    fixture_begin((struct fixture **)state, "--max-streams", "3");
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    push_sender_destroy(&fixture->sender);
    provider_process_stop(&fixture->provider);
    free(fixture);
    return 0;
}

/* A distinct, well-formed APNs token. */
const char *fixture_token(size_t number, char text[TOKEN_BYTES_MAX])
{
    (void)snprintf(text, TOKEN_BYTES_MAX,
                   "00fc13adff785122b4ad28809a3420982341241421348097878e577c%08zx", number);
    return text;
}

struct push_job fixture_job(enum push_provider provider, const char *target, int64_t deadline_ms)
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

size_t fixture_submit(struct fixture *fixture, struct push_job job)
{
    size_t index = fixture->submitted++;
    struct error error = {0};
    fixture->slots[index] = (struct slot){&fixture->results, index};
    job.context = &fixture->slots[index];
    assert_int_equal(push_submit(fixture->sender, &job, &error), STATUS_OK);
    return index;
}

/* Waits until every job submitted so far has ended, each once. */
void fixture_await_all(struct fixture *fixture)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += FIXTURE_WAIT_S_MAX;
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

const struct push_result *fixture_run(struct fixture *fixture, struct push_job job)
{
    size_t index = fixture_submit(fixture, job);
    fixture_await_all(fixture);
    return &fixture->results.all[index];
}

const struct push_result *fixture_run_apns(struct fixture *fixture, int64_t deadline_ms)
{
    char token[TOKEN_BYTES_MAX];
    return fixture_run(fixture, fixture_job(PUSH_APNS, fixture_token(1, token), deadline_ms));
}

const struct push_result *fixture_run_fcm(struct fixture *fixture, int64_t deadline_ms)
{
    return fixture_run(fixture, fixture_job(PUSH_FCM, "fcm-token-1:APA91b", deadline_ms));
}

void fixture_behave(struct fixture *fixture, const char *rest)
{
    char token[TOKEN_BYTES_MAX];
    provider_process_tell(&fixture->provider, "{\"token\":\"%s\",\"behaviour\":%s}",
                          fixture_token(1, token), rest);
}

void assert_accepted(const struct push_result *result)
{
    assert_string_equal(push_outcome_text(result->outcome), "accepted");
    assert_int_equal(result->http_status, 200);
    assert_true(result->provider_id[0] != '\0');
    assert_true(result->tries >= 1);
    assert_true(result->first_written_at.ms != TIME_NEVER_MS);
}

void assert_outcome(const struct push_result *result, enum push_outcome outcome,
                    enum push_verdict verdict, const char *reason)
{
    assert_string_equal(push_outcome_text(result->outcome), push_outcome_text(outcome));
    assert_int_equal(result->verdict, verdict);
    if (reason != NULL) {
        assert_string_equal(result->reason, reason);
    }
}

void fixture_submit_apns(struct fixture *fixture, size_t count, int64_t deadline_ms)
{
    char token[TOKEN_BYTES_MAX];
    for (size_t i = 0; i < count; i++) {
        (void)fixture_submit(fixture,
                             fixture_job(PUSH_APNS, fixture_token(100 + i, token), deadline_ms));
    }
}

size_t fixture_count_accepted(const struct fixture *fixture)
{
    size_t accepted = 0;
    for (size_t i = 0; i < fixture->submitted; i++) {
        accepted += fixture->results.all[i].outcome == PUSH_ACCEPTED ? 1 : 0;
    }
    return accepted;
}

struct push_sender *fixture_create_with(struct fixture *fixture,
                                        const struct push_configuration *configuration)
{
    struct error error = {0};
    push_sender_destroy(&fixture->sender);
    assert_int_equal(push_sender_create(configuration, &fixture->sender, &error), STATUS_OK);
    return fixture->sender;
}
