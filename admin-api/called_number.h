/* called_number.h - the number that a call came in on, as a trunk or an operator writes it, and the
 * customer who is called on it.
 */
#ifndef ADMIN_API_CALLED_NUMBER_H
#define ADMIN_API_CALLED_NUMBER_H

#include "admin-api/exchange.h"
#include "gateway/numbers/telephone_number.h"

/* As E.164: what a SIP proxy hands over in that form is not read by the library. STATUS_INVALID. */
enum status called_number_read(const char *text, char number_r[TELEPHONE_E164_BYTES_MAX],
                               struct error *error) MUST_CHECK;

/* The customer of this key that is called on it, or NULL. */
const struct directory_customer *called_number_customer(const struct exchange *exchange,
                                                        const char *number);

#endif
