/* webhook.h - reads the call centre's escalation, failing safe (PRODUCT.md, rule 2). */
#ifndef ADMIN_API_WEBHOOK_H
#define ADMIN_API_WEBHOOK_H

#include <jansson.h>
#include <stddef.h>

#include "gateway/base/arena.h"
#include "gateway/base/status.h"
#include "gateway/engine/command.h"

#define SUMMARY_BYTES_MAX         500
#define DETAILS_BYTES_MAX         8000
#define WEBHOOK_FIELDS_MAX        64
#define DEDUP_KEY_BYTES_MAX       128
#define CALLER_PHONE_BYTES_MAX    64
#define OVERRIDE_REASON_BYTES_MAX 1000
#define PROMISE_S_MIN             60
#define PROMISE_S_MAX             86400
#define WEBHOOK_WARNINGS_MAX      24
#define WEBHOOK_NO_SUMMARY_TEXT   "(sans objet)"

/* Understands what it can: everything odd becomes a warning, a text too long is cut, a severity
 * that is missing or unknown is critical. Only what cannot be attributed is refused
 * (STATUS_INVALID): not JSON, not an object, no customer named. Pure: no clock, no I/O.
 *
 * On STATUS_OK *customer_r is the customer's slug as it came and request_r is complete but for
 * key_id, idempotency_key and body_digest. Texts live in the arena or in *json_r, which the caller
 * releases (set also on a refusal after parsing; NULL otherwise). */
enum status webhook_parse(const char *body, size_t body_bytes, struct arena *arena, json_t **json_r,
                          const char **customer_r, struct escalate_request *request_r,
                          struct error *error) MUST_CHECK;

/* Adds a warning for each of the customer's fields that is required and missing, and for each value
 * that does not fit its field's type, to those of webhook_parse(), up to WEBHOOK_WARNINGS_MAX. What
 * came stays as it came. Texts live in the arena; without memory there are fewer warnings. */
void webhook_check_fields(const struct ticket_field *fields, size_t count, struct arena *arena,
                          struct escalate_request *request);

#endif
