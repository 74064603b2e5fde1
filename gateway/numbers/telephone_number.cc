/* telephone_number.cc - see telephone_number.h. */
#include "gateway/numbers/telephone_number.h"

#include <cstdio>
#include <cstring>
#include <exception>
#include <phonenumbers/phonenumberutil.h>
#include <string>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace
{

constexpr char HOME[] = "FR";
constexpr int FRANCE = 33;
constexpr std::size_t NATIONAL_DIGITS = 9;
constexpr std::size_t DIGITS_MIN = 7; /* with the country code; less is a local short number */
constexpr std::size_t TEXT_BYTES_MAX = 64;
/* Mobile numbers of extended length, ARCEP decision 2018-0881, 2.3.5. */
constexpr char M2M_BEGIN[] = "700";
constexpr std::size_t M2M_DIGITS = 13;

/* Overseas departments: dialled 0 and nine digits like the rest of France. Réunion and Mayotte
 * share a code; Guadeloupe, Saint-Martin and Saint-Barthélemy too. */
constexpr int OVERSEAS[] = {262, 590, 594, 596};
/* Saint-Pierre-et-Miquelon, dialled 0508 and six digits. */
constexpr int MIQUELON = 508;

const PhoneNumberUtil &tables()
{
    return *PhoneNumberUtil::GetInstance();
}

bool is_overseas(int country)
{
    for (int each : OVERSEAS) {
        if (each == country) {
            return true;
        }
    }
    return false;
}

/* Bytes of the separator that stands here; 0: none does. Spaces, dashes and dots as word processors
 * set them, too. */
std::size_t separator_bytes(const char *at)
{
    static const char *const separators[] = {" ",      ".",      "-",      "/",      "(",
                                             ")",      "\u00a0", "\u2009", "\u202f", "\u2010",
                                             "\u2011", "\u2012", "\u2013", "\u2014", "\u2212"};
    for (const char *each : separators) {
        if (std::strncmp(at, each, std::strlen(each)) == 0) {
            return std::strlen(each);
        }
    }
    return 0;
}

/* Digits alone, with the '+' that may stand in front. False at any other character: the library
 * would read letters as keys, and look for a number in a sentence. */
bool strip(const char *text, std::string *stripped_r)
{
    for (const char *at = text; *at != '\0';) {
        std::size_t separator = separator_bytes(at);
        if (separator > 0) {
            at += separator;
        } else if ((*at >= '0' && *at <= '9') || (*at == '+' && stripped_r->empty())) {
            stripped_r->push_back(*at++);
        } else {
            return false;
        }
        if (stripped_r->size() > TEXT_BYTES_MAX) {
            return false;
        }
    }
    return true;
}

/* "+33 (0)6": the zero is dialled inside France alone. The library drops it where a country does.
 */
bool parse_digits(const std::string &digits, PhoneNumber *number_r)
{
    return tables().Parse(digits, HOME, number_r) == PhoneNumberUtil::NO_PARSING_ERROR;
}

std::string national_digits(const PhoneNumber &number)
{
    std::string digits;
    tables().GetNationalSignificantNumber(number, &digits);
    return digits;
}

PhoneNumber number_of(int country, const std::string &digits)
{
    PhoneNumber number;
    number.set_country_code(country);
    number.set_national_number(std::stoull(digits));
    return number;
}

/* 0800 …: the same in all of France, which has no need of another code. */
bool is_special(const std::string &digits)
{
    return !digits.empty() && digits[0] == '8';
}

/* What is written as of France and is of a department overseas gets the code that reaches it. */
void move_overseas(PhoneNumber *number)
{
    const std::string digits = national_digits(*number);
    if (number->country_code() != FRANCE || digits.size() != NATIONAL_DIGITS ||
        is_special(digits)) {
        return;
    }
    for (int country : OVERSEAS) {
        const PhoneNumber there = number_of(country, digits);
        if (tables().IsValidNumber(there)) {
            *number = there;
            return;
        }
    }
    if (digits.compare(0, 3, std::to_string(MIQUELON)) == 0) {
        *number = number_of(MIQUELON, digits.substr(3));
    }
}

bool is_m2m(const PhoneNumber &number)
{
    const std::string digits = national_digits(number);
    bool french = number.country_code() == FRANCE || is_overseas(number.country_code());
    return french && digits.size() == M2M_DIGITS && digits.compare(0, 3, M2M_BEGIN) == 0;
}

enum status refuse_length(const PhoneNumber &number, struct error *error)
{
    /* "06 12 34 56 7" is read as nine digits of which the first is 0: only where some begin so. */
    bool zero = number.italian_leading_zero() && !tables().IsValidNumber(number);
    const std::string digits =
        std::to_string(number.country_code()) + national_digits(number); /* as it is dialled */
    switch (tables().IsPossibleNumberWithReason(number)) {
    case PhoneNumberUtil::IS_POSSIBLE:
        if (!zero && digits.size() >= DIGITS_MIN) {
            return STATUS_OK;
        }
        break;
    case PhoneNumberUtil::INVALID_COUNTRY_CODE:
        return error_set(error, STATUS_INVALID, "no country has this code behind the +");
    case PhoneNumberUtil::TOO_LONG:
        return error_set(error, STATUS_INVALID,
                         "too many digits for its country (a French number has ten, an M2M "
                         "number fourteen); an extension cannot be called");
    case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY:
    case PhoneNumberUtil::TOO_SHORT:
    case PhoneNumberUtil::INVALID_LENGTH:
        break;
    }
    return error_set(error, STATUS_INVALID,
                     "too few digits for its country (a French number has ten); of a short or "
                     "emergency number give the one behind it; foreign ones begin with + and "
                     "the country code");
}

enum status parse(const char *text, char *e164_r, struct error *error)
{
    std::string digits, e164;
    PhoneNumber number;
    if (!strip(text, &digits)) {
        return error_set(error, STATUS_INVALID,
                         "write digits, spaces, dots, dashes and brackets, with a + in front of "
                         "a country code");
    }
    if (!parse_digits(digits, &number)) {
        return error_set(error, STATUS_INVALID, "write ten digits, or + and a country code");
    }
    move_overseas(&number);
    if (!is_m2m(number)) {
        enum status status = refuse_length(number, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    tables().Format(number, PhoneNumberUtil::E164, &e164);
    if (e164.size() >= TELEPHONE_E164_BYTES_MAX) {
        return error_set(error, STATUS_INVALID, "a number has 15 digits at most (ITU-T E.164)");
    }
    std::memcpy(e164_r, e164.c_str(), e164.size() + 1);
    return STATUS_OK;
}

/* "07 00 12 34 56 78 90" */
std::string in_pairs(const std::string &digits)
{
    std::string shown;
    for (std::size_t i = 0; i < digits.size(); i++) {
        if (i > 0 && i % 2 == 0) {
            shown.push_back(' ');
        }
        shown.push_back(digits[i]);
    }
    return shown;
}

std::string show(const char *e164)
{
    PhoneNumber number;
    std::string shown;
    if (!parse_digits(e164, &number)) {
        return e164;
    }
    const std::string digits = national_digits(number);
    bool french = number.country_code() == FRANCE;
    bool as_french =
        is_overseas(number.country_code()) && !is_special(digits) && tables().IsValidNumber(number);
    if (((french || as_french) && digits.size() == NATIONAL_DIGITS) || (french && is_m2m(number))) {
        return in_pairs("0" + digits);
    }
    tables().Format(number, PhoneNumberUtil::INTERNATIONAL, &shown);
    return shown;
}

} // namespace

/* No exception leaves this file: C has no place for it. */
enum status telephone_number_parse(const char *text, char e164_r[TELEPHONE_E164_BYTES_MAX],
                                   struct error *error)
{
    try {
        return parse(text, e164_r, error);
    } catch (const std::exception &) {
        return error_set(error, STATUS_NO_MEMORY, "no memory to read a telephone number");
    }
}

void telephone_number_show(const char *e164, char shown_r[TELEPHONE_SHOWN_BYTES_MAX])
{
    try {
        const std::string shown = show(e164);
        bool fits = shown.size() < TELEPHONE_SHOWN_BYTES_MAX;
        (void)std::snprintf(shown_r, TELEPHONE_SHOWN_BYTES_MAX, "%s", fits ? shown.c_str() : e164);
    } catch (const std::exception &) {
        (void)std::snprintf(shown_r, TELEPHONE_SHOWN_BYTES_MAX, "%s", e164);
    }
}
