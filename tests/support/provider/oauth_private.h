/* oauth_private.h - what oauth.c and oauth_assertion.c share.
 *
 * RFC 7523 as Google does it: developers.google.com/identity/protocols/oauth2/service-account.
 */
#ifndef TESTS_SUPPORT_PROVIDER_OAUTH_PRIVATE_H
#define TESTS_SUPPORT_PROVIDER_OAUTH_PRIVATE_H

#include "tests/support/provider/simulator.h"

#define OAUTH_ASSERTION_BYTES_MAX 4096

/* RFC 6749, section 5.2. Static texts; error is NULL when nothing is wrong. */
struct oauth_fault {
    unsigned status;
    const char *error;
    const char *description;
};

/* Checks the signature and the claims of the assertion. */
struct oauth_fault oauth_check_assertion(const struct simulator *simulator, struct view assertion);

#endif
