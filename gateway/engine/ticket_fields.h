/* ticket_fields.h - what a customer wants to have asked on the telephone, beside what every ticket
 * has: fields with a name, a label, a type. Reads definitions; whether a value fits its type is
 * admin-api's business, which knows telephone numbers.
 */
#ifndef GATEWAY_ENGINE_TICKET_FIELDS_H
#define GATEWAY_ENGINE_TICKET_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/base/arena.h"
#include "gateway/base/status.h"

#define TICKET_FIELDS_MAX            32
#define TICKET_FIELD_LABEL_BYTES_MAX 120
#define TICKET_CHOICES_MAX           64
#define TICKET_CHOICE_BYTES_MAX      200

enum ticket_field_type {
    TICKET_TEXT,
    TICKET_NUMBER,    /* "12", "-3.5", "3,5" */
    TICKET_CHOICE,    /* one of the choices */
    TICKET_TELEPHONE, /* as people write it */
    TICKET_DATE,      /* "2026-01-31" */
};

/* "text", "number", "choice", "telephone", "date"; ends with NULL. */
extern const char *const ticket_field_type_words[];

struct ticket_field {
    const char *name;  /* a slug: the member of an escalation's "fields" */
    const char *label; /* what the operator reads */
    enum ticket_field_type type;
    bool required;
    const char *const *choices; /* of TICKET_CHOICE: at least one */
    size_t choices_count;
};

/* Reads the JSON form: [{"name":"site","label":"Bâtiment","type":"choice","required":true,
 * "choices":["A","B"]}, …]; required may be absent (false), choices stands with type choice only.
 * Texts and fields live in the arena. STATUS_INVALID with the JSON pointer of the fault within the
 * array ("/0/choices/1"), unknown members included; STATUS_NO_MEMORY: the arena is full. On failure
 * the outputs are untouched. Any thread. */
enum status ticket_fields_parse(const char *json, size_t json_bytes, struct arena *arena,
                                const struct ticket_field **fields_r, size_t *count_r,
                                struct error *error) MUST_CHECK;

#endif
