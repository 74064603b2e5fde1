/* fault_matrix.h - every fault at three loads against one provider: each notification ends in one
 * outcome that the fault allows, by its deadline; none is lost, none goes out under two ids. */
#ifndef TESTS_INTEGRATION_PUSH_FAULT_MATRIX_H
#define TESTS_INTEGRATION_PUSH_FAULT_MATRIX_H

#include "apns-fcm/push.h"

/* cmocka tests: run the whole matrix, and show that it notices what is wrong. */
int fault_matrix_main(enum push_provider provider);

#endif
