/* telephone_number.h - numbers as people write them, stored as E.164, shown as their country does.
 *
 * The C face of libphonenumber, with what France needs besides: its overseas departments, which are
 * dialled like the rest of France and have country codes of their own, and M2M numbers of 14
 * digits. A number is taken when it can be one (its country exists and its length fits): new ranges
 * are assigned every year, and a pager that refuses one of them helps nobody. What is not known to
 * be assigned can be asked for, to be told as a warning.
 *
 * Any thread. The first call loads the library's tables, about 20 ms.
 */
#ifndef GATEWAY_NUMBERS_TELEPHONE_NUMBER_H
#define GATEWAY_NUMBERS_TELEPHONE_NUMBER_H

#include "gateway/base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* '+', 15 digits (ITU-T E.164, section 6.2) and the terminator. */
#define TELEPHONE_E164_BYTES_MAX  17
#define TELEPHONE_SHOWN_BYTES_MAX 32

/* Reads "06 12 34 56 78", "0033 6…", "+33 (0)6 …", "0692 …" (Réunion), "0700 …" (M2M),
 * "+49 30 …" into E.164. What has no country code is dialled in France. STATUS_INVALID for anything
 * else, also short and emergency numbers, which have no E.164; STATUS_NO_MEMORY. The error names
 * the reason and the remedy, never the number. NULL is no error to fill. */
enum status telephone_number_parse(const char *text, char e164_r[TELEPHONE_E164_BYTES_MAX],
                                   struct error *error) MUST_CHECK;

/* "06 12 34 56 78" for French numbers, overseas too; "+49 30 123456" for others. What cannot be
 * shown so is shown as it is. */
void telephone_number_show(const char *e164, char shown_r[TELEPHONE_SHOWN_BYTES_MAX]);

#ifdef __cplusplus
}
#endif

#endif
