/* failures_rows.h - what is written while calls fail: test_failures.c. */
#ifndef TESTS_UNIT_STORE_FAILURES_ROWS_H
#define TESTS_UNIT_STORE_FAILURES_ROWS_H

#include "gateway/store/store_check_in.h"
#include "gateway/store/store_coverage.h"
#include "gateway/store/store_number.h"
#include "gateway/store/store_publication.h"
#include "gateway/store/store_standing.h"
#include "gateway/store/store_ticket.h"

static const struct person_row person = {
    .customer_id = 1, .slug = "jean", .name = "Jean", .phone = "+33600000001", .language = "fr"};
static const struct holidays_row holidays = {.customer_id = 1, .ics = "BEGIN:VCALENDAR"};
static const char *const numbers[] = {"+33199000001", "+33199000002"};
static const struct device_row device = {.customer_id = 1,
                                         .agent_id = 1,
                                         .installation = "i",
                                         .platform = PLATFORM_FCM,
                                         .target = "t",
                                         .proven_at = {TIME_NEVER_MS},
                                         .retired_at = {TIME_NEVER_MS}};
static const struct enrolment_row enrolment = {
    .customer_id = 1, .agent_id = 1, .code_hash = {{7}}, .used_at = {TIME_NEVER_MS}};
static const struct definition_row definition = {
    .customer_id = 1, .slug = "night", .definition = "{}"};
static const int64_t customers[] = {1};
static const struct api_key_row api_key = {
    .key_id = "k", .name = "n", .role = "admin", .customers = customers, .customers_count = 1};
static const struct further_number_row further_number = {.phone = "+33600000002"};
static const struct number_proof_row proof = {.customer_id = 1,
                                              .person_kind = PERSON_AGENT,
                                              .person_id = 1,
                                              .phone = "+33600000001",
                                              .answered_at = {7},
                                              .key_at = {TIME_NEVER_MS},
                                              .failed_at = {TIME_NEVER_MS}};
static const struct pause_row pause_row = {.customer_id = 1, .agent_id = 1, .reason = "lift"};
static const struct coverage_report_row report = {.customer_id = 1,
                                                  .computed_at = {7},
                                                  .days = 90,
                                                  .counts = "{}",
                                                  .items = "[]",
                                                  .keys = "",
                                                  .news = "news",
                                                  .told_at = {TIME_NEVER_MS}};
static const struct check_in_row check_in = {
    .customer_id = 1, .agent_id = 1, .installation = "i", .out_at = {TIME_NEVER_MS}};
static const struct check_in_row tested_check_in = {.customer_id = 1,
                                                    .agent_id = 1,
                                                    .installation = "i",
                                                    .role = "duty",
                                                    .out_at = {TIME_NEVER_MS},
                                                    .test_id = {{3}},
                                                    .completed_at = {TIME_NEVER_MS}};
static const struct check_in_plan_row check_in_plan = {
    .customer_id = 1, .rota = "duty", .procedure = "night", .since_at = {1}};
static const struct check_in_duty_row duty = {.customer_id = 1,
                                              .rota = "duty",
                                              .shift_from_at = {5},
                                              .agent_id = 1,
                                              .shift_to_at = {9},
                                              .state = DUTY_MISSING,
                                              .judged_at = {4},
                                              .escalation_id = {{0, 1, [15] = 1}},
                                              .completed_at = {TIME_NEVER_MS}};
static const struct device_test_row device_test = {
    .customer_id = 1, .test_id = {{3}}, .device_id = 1, .agent_id = 1, .platform = PLATFORM_FCM};
static const struct idempotency_row idempotency = {.key_id = "k", .key = "one", .answer = "{}"};
static const struct engine_clock_row engine_clock = {.boot_id = "boot"};
static const struct promise promise = {.state = PROMISE_KEPT, .due_at = {5}};

static const struct publication_row publication = {.customer_id = 1,
                                                   .publication_id = {{5}},
                                                   .rota = "night",
                                                   .to_at = {9},
                                                   .key_id = "k",
                                                   .time_zone = "UTC"};

#endif
