/* person_phones.h - a person's telephone numbers as they come in and go out: an ordered list,
 * "phones", and its first as "phone", which was all there was before.
 */
#ifndef ADMIN_API_PERSON_PHONES_H
#define ADMIN_API_PERSON_PHONES_H

#include "admin-api/exchange.h"
#include "gateway/base/json_reader.h"
#include "gateway/base/json_writer.h"
#include "gateway/engine/command.h"

/* Takes "phones" ([{"number","label"}], one to PHONES_OF_PERSON_MAX, no number twice), "phone", or
 * both when they agree, and fills in the request. Numbers come as people write them and are kept as
 * E.164, in the exchange's arena. What is amiss is the reader's fault, with its place. */
void person_phones_take(struct exchange *exchange, struct json_reader *reader,
                        struct person_request *request);

/* Writes the members "phone" and "phones". */
void person_phones_write(struct json_writer *json, const struct directory_person *person);

#endif
