/* coverage_customer.h - one customer's coverage with what the rows say: who was at work, whose
 * phone was proven, what was published. For requests and for the automatic coverage.
 */
#ifndef ADMIN_API_COVERAGE_CUSTOMER_H
#define ADMIN_API_COVERAGE_CUSTOMER_H

#include "gateway/coverage/coverage.h"
#include "gateway/store/store.h"

#define COVERAGE_CUSTOMER_BYTES_MAX ((size_t)64 << 20) /* an arena for it */
/* Code du travail, L3131-1 and L3132-2. */
#define COVERAGE_DAILY_REST_H  11
#define COVERAGE_WEEKLY_REST_H 35
/* How long ago a number may have been answered last. */
#define COVERAGE_NUMBER_PROOF_D 90

struct coverage_asked {
    struct wall_time now;
    int days;
    int64_t daily_rest_ms; /* 0: not looked at */
    int64_t weekly_rest_ms;
    int64_t number_proof_ms; /* 0: not looked at */
    bool confirmed_numbers;  /* whether who is checked in confirmed theirs is looked at */
};

/* Computes it into the arena; what is found is borrowed from the customer. *cut_r: the history was
 * too long to be looked through. Threads with a reading connection. Statuses of coverage_compute()
 * and of the store; the error begins with the customer. */
enum status coverage_of_customer(const struct coverage_asked *asked, struct engine *engine,
                                 struct store *store, const struct directory_customer *customer,
                                 struct arena *arena, struct coverage *coverage_r, bool *cut_r,
                                 struct error *error) MUST_CHECK;

#endif
