/* person_phones.c - a person's telephone numbers in JSON: see the header. */
#include "admin-api/person_phones.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "gateway/numbers/telephone_number.h"

#define WRITTEN_BYTES_MAX 64
#define LABEL_BYTES_MAX   40

_Static_assert(TELEPHONE_E164_BYTES_MAX <= PERSON_PHONE_BYTES_MAX, "an attempt keeps any number");

/* A copy that lives with the exchange; NULL after a fault. */
static const char *keep(struct exchange *exchange, struct json_reader *reader, const char *text)
{
    const char *copy = arena_text(exchange->arena, text);
    if (copy == NULL && reader->status == STATUS_OK) {
        reader->status = error_set(reader->error, STATUS_NO_MEMORY, "no memory for the numbers");
    }
    return copy;
}

/* A number as people write it, as E.164; NULL when it is absent or after a fault. */
static const char *take_number(struct exchange *exchange, struct json_reader *reader,
                               const char *name, bool required)
{
    char e164[TELEPHONE_E164_BYTES_MAX];
    struct error error = {0};
    const char *text = json_take_text(reader, name, required, 1, WRITTEN_BYTES_MAX);
    if (text == NULL) {
        return NULL;
    }
    if (telephone_number_parse(text, e164, &error) != STATUS_OK) {
        json_reader_fault(reader, name, "is not a telephone number: %s", error.text);
        return NULL;
    }
    return keep(exchange, reader, e164);
}

static struct directory_phone take_nth(struct exchange *exchange, struct json_reader *above,
                                       json_t *value, const struct directory_phone *before,
                                       size_t n)
{
    struct json_reader reader;
    char pointer[32];
    (void)snprintf(pointer, sizeof pointer, "/phones/%zu", n);
    json_reader_init(&reader, value, pointer, above->error);
    struct directory_phone phone = {.phone = take_number(exchange, &reader, "number", true)};
    const char *label = json_take_text(&reader, "label", false, 1, LABEL_BYTES_MAX);
    phone.label = label != NULL ? keep(exchange, &reader, label) : NULL;
    for (size_t i = 0; i < n && phone.phone != NULL; i++) {
        if (before[i].phone != NULL && strcmp(before[i].phone, phone.phone) == 0) {
            json_reader_fault(&reader, "number",
                              "is the same number as /phones/%zu/number: leave one out", i);
        }
    }
    above->status = json_reader_end(&reader);
    return phone;
}

void person_phones_take(struct exchange *exchange, struct json_reader *reader,
                        struct person_request *request)
{
    struct directory_phone phones[PHONES_OF_PERSON_MAX] = {{NULL, NULL}};
    json_t *array = json_take_array(reader, "phones", false, 1, PHONES_OF_PERSON_MAX);
    const char *first = take_number(exchange, reader, "phone", array == NULL);
    size_t count = json_array_size(array);
    for (size_t i = 0; i < count && reader->status == STATUS_OK; i++) {
        phones[i] = take_nth(exchange, reader, json_array_get(array, i), phones, i);
    }
    if (reader->status != STATUS_OK) {
        return;
    }
    if (count == 0) {
        phones[0].phone = first;
    } else if (first != NULL && phones[0].phone != NULL && strcmp(first, phones[0].phone) != 0) {
        json_reader_fault(reader, "phone",
                          "is another number than /phones/0/number, which is called first: leave "
                          "one of them out");
        return;
    }
    request->phone = phones[0].phone;
    request->phone_label = phones[0].label;
    request->further_count = count > 0 ? count - 1 : 0;
    for (size_t i = 0; i < request->further_count; i++) {
        request->further[i] = phones[i + 1];
    }
}

void person_phones_write(struct json_writer *json, const struct directory_person *person)
{
    size_t count = directory_phones_count(person);
    json_member_text(json, "phone", person->phone);
    json_name(json, "phones");
    json_array_begin(json);
    for (size_t i = 0; i < count; i++) {
        const struct directory_phone phone = directory_phone(person, i);
        json_object_begin(json);
        json_member_text(json, "number", phone.phone);
        json_member_text(json, "label", phone.label);
        json_object_end(json);
    }
    json_array_end(json);
}
