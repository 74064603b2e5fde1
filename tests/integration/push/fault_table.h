/* fault_table.h - what may go wrong at a provider, and how a notification may end then. */
#ifndef TESTS_INTEGRATION_PUSH_FAULT_TABLE_H
#define TESTS_INTEGRATION_PUSH_FAULT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apns-fcm/push.h"

#define ACC (1U << PUSH_ACCEPTED)
#define REF (1U << PUSH_REFUSED)
#define EXH (1U << PUSH_RETRY_EXHAUSTED)
#define EXP (1U << PUSH_EXPIRED)
#define UNC (1U << PUSH_UNCERTAIN)
/* The deadline is the end, and a busy machine may not have sent all by then: some expire unsent,
 * never all of them. */
#define BUSY (1U << PUSH_OUTCOMES_COUNT)

#define ON_APNS (1U << PUSH_APNS)
#define ON_FCM  (1U << PUSH_FCM)
#define ON_WEB  (1U << PUSH_WEB)
#define ON_ALL  (ON_APNS | ON_FCM | ON_WEB)

#define COMMANDS_MAX 3
#define FAULTS_MAX   128

struct fault {
    const char *name;
    unsigned providers;
    unsigned allowed;                   /* outcomes; ACC alone: all are accepted */
    int64_t answer_ms;                  /* a deadline longer than the usual one; 0: that */
    const char *commands[COMMANDS_MAX]; /* "$P" is the provider's name */
    const char *later;                  /* after a third of a second, or NULL */
    bool connected; /* it strikes a connection that answered and a token that was taken */
};

extern const struct fault fault_table[];
extern const size_t fault_table_count;

#endif
