/* fcm_private.h - what fcm.c and fcm_message.c share.
 *
 * firebase.google.com/docs/reference/fcm/rest/v1/projects.messages and …/v1/ErrorCode.
 */
#ifndef TESTS_SUPPORT_PROVIDER_FCM_PRIVATE_H
#define TESTS_SUPPORT_PROVIDER_FCM_PRIVATE_H

#include "tests/support/provider/simulator.h"

#define FCM_FAULT_BYTES_MAX 256

/* What a message says of itself, as views into the request's body. */
struct fcm_message {
    struct view message; /* the whole object */
    struct view target;
    struct view attempt;   /* data.attempt, the gateway's id of it, or else data.push_id */
    struct view encrypted; /* data.encrypted */
    struct view priority;
    struct view collapse_key;
    struct view ttl;
    bool validate_only;
};

/* Checks the request's body. false: fault_r is what Google would say. */
bool fcm_check_message(struct simulator *simulator, struct view body, struct fcm_message *message_r,
                       char fault_r[FCM_FAULT_BYTES_MAX]);

#endif
