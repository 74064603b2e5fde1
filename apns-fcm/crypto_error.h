/* crypto_error.h - turns OpenSSL's queue of errors into one status. */
#ifndef APNS_FCM_CRYPTO_ERROR_H
#define APNS_FCM_CRYPTO_ERROR_H

#include "gateway/base/status.h"

/* After a call of OpenSSL's that failed: empties this thread's queue of errors, as what is left
 * there would be read as the fault of the next TLS call. Answers STATUS_NO_MEMORY when memory ran
 * out, otherwise what was handed in. */
enum status crypto_error_take(enum status otherwise) MUST_CHECK;

#endif
