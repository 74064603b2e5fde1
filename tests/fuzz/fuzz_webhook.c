/* What webhook_parse() takes is fit for the engine: bounded, UTF-8, and never without a summary.
 * fuzz links: admin_api */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "admin-api/webhook.h"
#include "gateway/base/text.h"

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

static void check_text(const char *text, size_t bytes_max)
{
    if (text != NULL) {
        check(strlen(text) <= bytes_max);
        check(text_is_utf8(text, strlen(text)));
    }
}

static void check_request(const struct escalate_request *request)
{
    check(request->summary != NULL && request->summary[0] != '\0');
    check_text(request->summary, SUMMARY_BYTES_MAX);
    check_text(request->details, DETAILS_BYTES_MAX);
    check_text(request->dedup_key, DEDUP_KEY_BYTES_MAX);
    check_text(request->caller_phone, CALLER_PHONE_BYTES_MAX);
    check_text(request->caller_name, CALLER_NAME_BYTES_MAX - 1);
    check(request->procedure == NULL || text_is_slug(request->procedure));
    check(request->severity >= SEVERITY_INFO && request->severity <= SEVERITY_CRITICAL);
    check(request->promised_ms == 0 || (request->promised_ms >= PROMISE_S_MIN * 1000 &&
                                        request->promised_ms <= PROMISE_S_MAX * INT64_C(1000)));
    const struct escalate_override *override = &request->override;
    check(override->procedure == NULL || text_is_slug(override->procedure));
    check_text(override->reason, OVERRIDE_REASON_BYTES_MAX);
    check_text(override->operator_name, PERSON_NAME_BYTES_MAX - 1);
    check(!override->given || override->operator_name != NULL);
    check(request->facts_count <= WEBHOOK_FIELDS_MAX);
    for (size_t i = 0; i < request->facts_count; i++) {
        check_text(request->facts[i].name, RULES_NAME_BYTES_MAX);
        check(request->facts[i].value[0] != '\0');
        check_text(request->facts[i].value, RULES_TEXT_BYTES_MAX);
    }
    check(request->warnings_count <= WEBHOOK_WARNINGS_MAX);
    for (size_t i = 0; i < request->warnings_count; i++) {
        check_text(request->warnings[i], 400);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct arena *arena = arena_create(0);
    struct escalate_request request;
    struct error error = {0};
    const char *customer = NULL;
    json_t *json = NULL;
    char *text = malloc(bytes + 1);
    if (bytes > 0) {
        memcpy(text, data, bytes);
    }
    enum status status = webhook_parse(text, bytes, arena, &json, &customer, &request, &error);
    if (status == STATUS_OK) {
        check(text_is_slug(customer));
        check_request(&request);
    } else {
        check(error.text[0] != '\0');
    }
    json_decref(json);
    free(text);
    arena_destroy(&arena);
    return 0;
}
