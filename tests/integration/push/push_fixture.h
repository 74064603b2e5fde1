/* push_fixture.h - a sender, the provider simulator it talks to, and what became of each job. What
 * cmocka checks runs in the test's thread only. */
#ifndef TESTS_INTEGRATION_PUSH_PUSH_FIXTURE_H
#define TESTS_INTEGRATION_PUSH_PUSH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "apns-fcm/push.h"
#include "tests/integration/push/provider_process.h"

#define RESULTS_MAX        2048
#define FIXTURE_WAIT_S_MAX 40
#define PATIENT_MS         20000
#define TOKEN_BYTES_MAX    80

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

/* Starts a simulator (option and value may be NULL) and a sender that leads to it. */
void fixture_begin(struct fixture **state, const char *option, const char *value);
/* For cmocka. */
int fixture_setup(void **state);
int fixture_setup_few_streams(void **state);
int fixture_teardown(void **state);
/* A distinct, well-formed APNs token. */
const char *fixture_token(size_t number, char text[TOKEN_BYTES_MAX]);
/* A critical alert with everything in it. */
struct push_job fixture_job(enum push_provider provider, const char *target, int64_t deadline_ms);
/* Answers the index of its result. */
size_t fixture_submit(struct fixture *fixture, struct push_job job);
/* Waits until every job submitted so far has ended, each once. */
void fixture_await_all(struct fixture *fixture);
/* Submits and waits. */
const struct push_result *fixture_run(struct fixture *fixture, struct push_job job);
const struct push_result *fixture_run_apns(struct fixture *fixture, int64_t deadline_ms);
const struct push_result *fixture_run_fcm(struct fixture *fixture, int64_t deadline_ms);
/* How the simulator treats fixture_token(1): the value of "behaviour" and more members. */
void fixture_behave(struct fixture *fixture, const char *rest);
void assert_accepted(const struct push_result *result);
void assert_outcome(const struct push_result *result, enum push_outcome outcome,
                    enum push_verdict verdict, const char *reason);
/* Many, to tokens from 100 on. */
void fixture_submit_apns(struct fixture *fixture, size_t count, int64_t deadline_ms);
size_t fixture_count_accepted(const struct fixture *fixture);
/* A sender of another configuration in place of the first. */
struct push_sender *fixture_create_with(struct fixture *fixture,
                                        const struct push_configuration *configuration);

#endif
