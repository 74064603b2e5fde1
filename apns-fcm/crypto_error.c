#include "apns-fcm/crypto_error.h"

#include <openssl/err.h>

enum status crypto_error_take(enum status otherwise)
{
    /* A fault that could not even be noted is one of memory, too. */
    enum status status = ERR_peek_error() == 0 ? STATUS_NO_MEMORY : otherwise;
    unsigned long code;
    while ((code = ERR_get_error()) != 0) {
        if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) {
            status = STATUS_NO_MEMORY;
        }
    }
    ERR_clear_error(); /* what was taken keeps its texts until then */
    return status;
}
