/* called_number.c - whose number it is: see the header. */
#include "admin-api/called_number.h"

#include <string.h>

enum status called_number_read(const char *text, char number_r[TELEPHONE_E164_BYTES_MAX],
                               struct error *error)
{
    size_t digits = text[0] == '+' ? strspn(text + 1, "0123456789") : 0;
    if (digits > 0 && text[1 + digits] == '\0' && 1 + digits < TELEPHONE_E164_BYTES_MAX) {
        memcpy(number_r, text, digits + 2);
        return STATUS_OK;
    }
    return telephone_number_parse(text, number_r, error);
}

const struct directory_customer *called_number_customer(const struct exchange *exchange,
                                                        const char *number)
{
    const struct directory_customer *customer =
        directory_customer_by_number(exchange->directory, number);
    return customer != NULL && principal_covers(&exchange->principal, customer->id) ? customer
                                                                                    : NULL;
}
