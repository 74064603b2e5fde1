/* provider_process.h - starts the provider simulator for a test and tells it what to do. */
#ifndef TESTS_INTEGRATION_PUSH_PROVIDER_PROCESS_H
#define TESTS_INTEGRATION_PUSH_PROVIDER_PROCESS_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "apns-fcm/push.h"

struct provider_process {
    char dir[64];
    pid_t pid;
    int control_fd;
    json_t *ready; /* provider.ready */
    char *apns_key;
    char *service_account;
    struct push_apns_account apns; /* a test may change them before it makes a sender */
    struct push_fcm_account fcm;
    struct push_web_account web;
    char vapid_key[PUSH_VAPID_PEM_BYTES_MAX];
    char apns_port[8];
    char fcm_port[8];
};

/* Starts $PROVIDER_SIMULATOR in a folder of its own. Fails the test when it does not come up.
 * option and value may be NULL. */
void provider_process_start(struct provider_process *process, const char *option,
                            const char *value);
void provider_process_stop(struct provider_process *process);

/* Sends one command; the answer, released by the caller. Fails the test unless it is ok. */
json_t *provider_process_ask(struct provider_process *process, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void provider_process_tell(struct provider_process *process, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes a browser's subscription: its endpoint, and a secret with its keys and nothing else. */
void provider_process_subscribe(struct provider_process *process, const char *name,
                                char endpoint_r[256], struct push_secret *secret_r);

/* Makes keys for an APNs or FCM target. */
void provider_process_give_keys(struct provider_process *process, const char *target,
                                struct push_secret *secret_r);

/* One counter of its statistics, e.g. ("apns", "requests"). */
int64_t provider_process_count(struct provider_process *process, const char *provider,
                               const char *counter);

/* The lines of received.jsonl so far; released by the caller. */
json_t *provider_process_received(const struct provider_process *process);

/* A configuration that leads to it, with its accounts of all providers. Borrowed. */
struct push_configuration provider_process_configuration(const struct provider_process *process);

#endif
