/* A number that is accepted is E.164, is accepted again as it is, and can be shown.
 * fuzz links: numbers */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/numbers/telephone_number.h"

#define INPUT_BYTES_MAX 256

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char text[INPUT_BYTES_MAX + 1], e164[TELEPHONE_E164_BYTES_MAX];
    char again[TELEPHONE_E164_BYTES_MAX], shown[TELEPHONE_SHOWN_BYTES_MAX];
    if (bytes > INPUT_BYTES_MAX) {
        return 0;
    }
    if (bytes > 0) {
        memcpy(text, data, bytes);
    }
    text[bytes] = '\0';
    struct error error;
    if (telephone_number_parse(text, e164, &error) != STATUS_OK) {
        return 0;
    }
    size_t digits = strspn(e164 + 1, "0123456789");
    check(e164[0] == '+' && e164[1] != '0');
    check(digits >= 7 && digits <= 15 && e164[1 + digits] == '\0');
    check(telephone_number_parse(e164, again, &error) == STATUS_OK && strcmp(e164, again) == 0);
    telephone_number_show(e164, shown);
    check(telephone_number_parse(shown, again, &error) == STATUS_OK && strcmp(e164, again) == 0);
    return 0;
}
