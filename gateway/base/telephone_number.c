#include "gateway/base/telephone_number.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Digits of the text with the separators people use left out; false at any other character.
 * "(0)" behind an international prefix is the national trunk digit and is dropped. */
static bool collect_digits(const char *text, bool international, char *digits_r, size_t digits_max)
{
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (international && strncmp(at, "(0)", 3) == 0) {
            at += 2;
        } else if (*at >= '0' && *at <= '9') {
            if (count == digits_max) {
                return false;
            }
            digits_r[count++] = *at;
        } else if (strchr(" .-/()", *at) == NULL && strncmp(at, "\xc2\xa0", 2) != 0) {
            return false;
        } else if (*at == '\xc2') {
            at++;
        }
    }
    digits_r[count] = '\0';
    return true;
}

enum status telephone_number_parse(const char *text, char e164_r[TELEPHONE_E164_BYTES_MAX],
                                   struct error *error)
{
    char digits[24] = "";
    while (*text == ' ') {
        text++;
    }
    bool plus = *text == '+';
    bool international = plus || strncmp(text, "00", 2) == 0;
    if (!collect_digits(plus ? text + 1 : text, international, digits, sizeof digits - 1)) {
        return error_set(error, STATUS_INVALID, "not a telephone number");
    }
    const char *number = digits;
    if (international && !plus) {
        number += 2;
    }
    if (!international) {
        if (strlen(number) != 10 || number[0] != '0' || number[1] == '0') {
            return error_set(error, STATUS_INVALID,
                             "a national number has ten digits beginning with 0; write others "
                             "with + and the country code");
        }
        (void)snprintf(e164_r, TELEPHONE_E164_BYTES_MAX, "+33%.9s", number + 1);
        return STATUS_OK;
    }
    size_t length = strlen(number);
    if (length < 7 || length > 15 || number[0] == '0') {
        return error_set(error, STATUS_INVALID, "an international number has 7 to 15 digits");
    }
    if (strncmp(number, "33", 2) == 0 && (length != 11 || number[2] == '0')) {
        return error_set(error, STATUS_INVALID, "a French number has nine digits behind +33");
    }
    (void)snprintf(e164_r, TELEPHONE_E164_BYTES_MAX, "+%.15s", number);
    return STATUS_OK;
}

void telephone_number_show(const char *e164, char shown_r[TELEPHONE_SHOWN_BYTES_MAX])
{
    if (strncmp(e164, "+33", 3) == 0 && strlen(e164) == 12) {
        const char *n = e164 + 3;
        (void)snprintf(shown_r, TELEPHONE_SHOWN_BYTES_MAX, "0%.1s %.2s %.2s %.2s %.2s", n, n + 1,
                       n + 3, n + 5, n + 7);
    } else {
        (void)snprintf(shown_r, TELEPHONE_SHOWN_BYTES_MAX, "%s", e164);
    }
}
