/* oracle.h - what must always be true, looked up in the database with SQL of its own. It shares no
 * code with core or engine: numbers of states are spelt out again.
 */
#ifndef TESTS_SIMULATOR_ORACLE_H
#define TESTS_SIMULATOR_ORACLE_H

#include "tests/scenario/box.h"

struct oracle;

struct oracle *oracle_create(void);
void oracle_destroy(struct oracle **oracle);

/* Opens and closes its reading connection: no crash may find it open. */
void oracle_open(struct oracle *oracle);
void oracle_close(struct oracle *oracle);

/* The gateway has said yes to this escalation; customer is the simulator's own number. */
void oracle_accepted(struct oracle *oracle, struct uuid escalation, int customer);
/* The gateway has told this person that they hold it, just now. */
void oracle_told_holder(struct oracle *oracle, struct uuid escalation, int person_kind,
                        int64_t person_id);
/* An attempt is about to leave. */
void oracle_sending(struct oracle *oracle, const struct box_sent *sent, unsigned life);

/* Everything, while the gateway is at rest. */
void oracle_look(struct oracle *oracle, const struct box *box);

/* How many accepted escalations are still open. */
size_t oracle_open_count(struct oracle *oracle);
/* The n-th of all accepted ones; count. */
size_t oracle_count(const struct oracle *oracle);
struct uuid oracle_escalation(const struct oracle *oracle, size_t index);
int oracle_customer(const struct oracle *oracle, size_t index);
/* The agent who holds it; 0: no agent does. */
int64_t oracle_holder(struct oracle *oracle, struct uuid escalation);

/* The first broken rule, or NULL. */
const char *oracle_fault(const struct oracle *oracle);

#endif
