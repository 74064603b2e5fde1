/* problem.h - turns the gateway's refusals (RFC 9457) into sentences that name field and remedy. */
#ifndef GATEWAY_CTL_PROBLEM_H
#define GATEWAY_CTL_PROBLEM_H

#include <stdio.h>

#include "gateway/ctl/client.h"

/* Says on `file` what was refused, which fields are at fault and what to do. pointer_prefix is put
 * in front of each field's JSON pointer: where the body stands in the file it came from; "" for a
 * body of its own. */
void problem_print(FILE *file, const struct client_response *response, const char *pointer_prefix);

/* The stable word at the end of the problem's type ("already-accepted"); "" when there is none. */
const char *problem_slug(const struct client_response *response);

/* What to do about it; NULL when nothing but the text itself helps. */
const char *problem_remedy(const char *slug, long http_status);

#endif
