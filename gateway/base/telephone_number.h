/* telephone_number.h - numbers as people write them, stored as E.164, shown nationally. */
#ifndef GATEWAY_BASE_TELEPHONE_NUMBER_H
#define GATEWAY_BASE_TELEPHONE_NUMBER_H

#include "gateway/base/status.h"

/* '+', 15 digits (ITU-T E.164, section 6.2) and the terminator. */
#define TELEPHONE_E164_BYTES_MAX  17
#define TELEPHONE_SHOWN_BYTES_MAX 32

/* Reads "06 12 34 56 78", "0033 6…", "+33 (0)6 …", "+49 30 …" into E.164. National numbers are
 * French. STATUS_INVALID for anything else; error names the reason, never the number. */
enum status telephone_number_parse(const char *text, char e164_r[TELEPHONE_E164_BYTES_MAX],
                                   struct error *error) MUST_CHECK;

/* "06 12 34 56 78" for French numbers, E.164 as it is for others. */
void telephone_number_show(const char *e164, char shown_r[TELEPHONE_SHOWN_BYTES_MAX]);

#endif
