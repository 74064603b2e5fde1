/* test_failures.c - each function of the store, with each call under it failing once: it says so,
 * and does the same work when it is asked again. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/store/store_backup.h"
#include "gateway/store/store_coverage.h"
#include "gateway/store/store_number.h"
#include "gateway/store/store_publication.h"
#include "gateway/store/store_standing.h"
#include "gateway/store/store_ticket.h"
#include "tests/unit/failing_calls.h"
#include "tests/unit/sanitized.h"
#include "tests/unit/store/failures_rows.h"
#include "tests/unit/store/fixture.h"

#define CALLS_MAX      2000
#define MANY_CUSTOMERS (JOURNAL_HEADS_MAX + 1)
#define ROWS           40 /* more than the first allocation of a list holds */

/* What the operations are given, and what they answer into. */
struct desk {
    struct store *store;
    struct store *reader;
    struct arena *arena;
    struct error *error;
    int64_t customer, number, other;
    struct uuid id, salts[ROWS];
    size_t count;
    bool flag;
    union {
        struct api_key_row *api_key_row;
        struct attempt *attempt;
        struct caller_row *caller_row;
        struct check_in_plan_row *check_in_plan_row;
        struct coverage_report_row *report_row;
        struct customer_row *customer_row;
        struct pause_row *pause_row;
        struct definition_row *definition_row;
        struct desk_task_row *desk_task_row;
        struct device_row *device_row;
        struct enrolment_row *enrolment_row;
        struct feed_row *feed_row;
        struct escalation *escalation;
        struct number_row *number_row;
        struct further_number_row *further_number_row;
        struct number_proof_row *number_proof_row;
        struct person_row *person_row;
        struct publication_agent_row *publication_agent_row;
        struct publication_row *publication_row;
        struct ticket_note_row *note_row;
        struct ticket_row *ticket_row;
        struct timeline_row *timeline_row;
    } rows;
    struct escalation escalation, another, found;
    struct attempt attempt, another_attempt, attempts[ROWS];
    struct attempt_row outbox[ROWS];
    struct due_row due[ROWS];
    struct uuid ids[ROWS];
    struct idle_ticket idle[ROWS];
    struct device_test_row tests[ROWS];
    struct customer_row customer_row;
    struct definition_row definition;
    struct enrolment_row enrolment;
    struct holidays_row holidays;
    struct check_in_row check_in;
    struct number_proof_row proof;
    struct pause_row pause;
    struct device_heard_row heard[ROWS];
    struct coverage_report_row report;
    struct check_in_duty_row duties[ROWS];
    struct ticket_row ticket, another_ticket;
    struct ticket_note_row note;
    struct ticket_words words;
    struct ticket_filter filter;
    struct ticket_page page;
    struct desk_task_row task;
    struct idempotency_row idempotency;
    struct publication_agent_row publication_agent;
    struct publication_row publication;
    struct engine_clock_row clock;
    struct timeline_row entries[ROWS];
};

static const struct publication_row another_publication = {.customer_id = 1,
                                                           .publication_id = {{6}},
                                                           .rota = "night",
                                                           .to_at = {9},
                                                           .key_id = "k",
                                                           .time_zone = "UTC"};
static const struct publication_agent_row told = {.customer_id = 1,
                                                  .publication_id = {{5}},
                                                  .agent = "jean",
                                                  .name = "Jean",
                                                  .shifts = "[]",
                                                  .changes = "[]",
                                                  .seen_via = "app"};
static const struct publication_agent_row another_told = {.customer_id = 1,
                                                          .publication_id = {{5}},
                                                          .agent = "paul",
                                                          .name = "Paul",
                                                          .shifts = "[]",
                                                          .changes = "[]"};

static const struct feed_row feed = {
    .customer_id = 1, .rota_id = 1, .name = "planning", .created_at = {4}};
static const struct api_key_row another_key = {
    .key_id = "l", .name = "n", .role = "desk", .customers = customers, .customers_count = 1};
static const struct api_key_row second_key = {
    .key_id = "j", .name = "n", .role = "desk", .customers = customers, .customers_count = 1};
static const struct device_test_row another_test = {
    .customer_id = 1, .test_id = {{4}}, .device_id = 1, .agent_id = 1, .platform = PLATFORM_FCM};
static const struct idempotency_row another_answer = {.key_id = "k", .key = "two", .answer = "{}"};
static const struct desk_task_row another_task = {.customer_id = 1,
                                                  .task_id = {{9}},
                                                  .escalation_id = {{0, 1, [15] = 0x0f}},
                                                  .done_at = {TIME_NEVER_MS}};
static const struct caller_row another_caller = {.customer_id = 1,
                                                 .escalation_id = {{0, 1, [15] = 0x0f}},
                                                 .number = 2,
                                                 .name = "M. Petit",
                                                 .promised_at = {TIME_NEVER_MS},
                                                 .promise_engine = {TIME_NEVER_MS}};

/* One entry for each customer, and one more for the first two: more ends of journals than are
 * kept in memory. */
static enum status append_to_many(struct desk *desk)
{
    enum status status = STATUS_OK;
    for (int i = 0; i < MANY_CUSTOMERS + 2 && status == STATUS_OK; i++) {
        struct timeline_row entry = {
            .customer_id = i % MANY_CUSTOMERS + 1, .escalation_id = numbered_id(1), .facts = "{}"};
        status = store_append_timeline(desk->store, &entry, desk->salts, 1, desk->error);
    }
    return status == STATUS_OK ? store_flush_heads(desk->store, desk->error) : status;
}

/* Later than every numbered id was made for. */
static const struct engine_time late = {INT64_C(0xffffffffffff)};

static enum status search_tickets(struct desk *desk)
{
    struct ticket_filter filter = desk->filter;
    struct ticket_words words = {.words = {{.text = "summary"}}, .count = 1};
    filter.words = &words;
    return store_list_tickets(desk->store, &filter, desk->arena, &desk->page, desk->error);
}

/* The lists of a few customers, those of tickets with and without words. */
static enum status list_of_several(struct desk *desk)
{
    static const struct customer_set several = {customers, 1};
    struct ticket_filter filter = desk->filter;
    struct ticket_words words = {.words = {{.text = "summary"}}, .count = 1};
    filter.customer_id = 0;
    filter.several = &several;
    enum status status =
        store_list_tickets(desk->store, &filter, desk->arena, &desk->page, desk->error);
    if (status == STATUS_OK) {
        filter.words = &words;
        status = store_list_tickets(desk->store, &filter, desk->arena, &desk->page, desk->error);
    }
    if (status == STATUS_OK) {
        status = store_list_escalations_of_several(
            desk->store, 0, &several, numbered_id(0xffff), ESCALATION_STATES_ALL, ROWS, desk->arena,
            &desk->rows.escalation, &desk->count, desk->error);
    }
    return status == STATUS_OK
               ? store_list_open_tasks_of_several(desk->store, 0, &several, numbered_id(0), ROWS,
                                                  desk->arena, &desk->rows.desk_task_row,
                                                  &desk->count, desk->error)
               : status;
}

/* A ticket that changes after it was indexed, and its end. */
static enum status index_and_erase(struct desk *desk)
{
    enum status status = store_index_tickets(desk->store, late, ROWS, desk->arena, &desk->count,
                                             &desk->flag, desk->error);
    if (status == STATUS_OK) {
        status = store_note_ticket_changed(desk->store, 1, desk->escalation.ticket_id, desk->error);
    }
    if (status == STATUS_OK) {
        status = store_index_tickets(desk->store, late, ROWS, desk->arena, &desk->count,
                                     &desk->flag, desk->error);
    }
    if (status == STATUS_OK) {
        status = search_tickets(desk);
    }
    if (status == STATUS_OK) {
        status = store_erase_ticket(desk->store, 1, desk->escalation.ticket_id,
                                    (struct wall_time){9}, desk->arena, desk->error);
    }
    for (int i = 0; i < 9 && status == STATUS_OK && (i == 0 || desk->flag); i++) {
        status = store_clean_index(desk->store, i > 0, &desk->flag, desk->error);
    }
    return status;
}

/* clang-format off */
#define OPERATIONS(X) \
    X(add_escalation, add_escalation(d->store, &d->another, "other", d->error)) \
    X(add_caller, store_add_caller(d->store, &another_caller, d->error)) \
    X(add_attempt, store_add_attempt(d->store, 1, numbered_id(1), &d->another_attempt, d->error)) \
    X(add_desk_task, store_add_desk_task(d->store, &another_task, d->error)) \
    X(add_device_test, store_add_device_test(d->store, &another_test, d->error)) \
    X(add_api_key, store_add_api_key(d->store, &another_key, d->error)) \
    X(add_idempotency, store_add_idempotency(d->store, &another_answer, d->error)) \
    X(put_customer, store_put_customer(d->store, &d->customer_row, &d->number, d->error)) \
    X(list_customers, store_list_customers(d->store, d->arena, &d->rows.customer_row, \
      &d->count, d->error)) \
    X(get_customer, store_get_customer(d->store, 1, d->arena, &d->customer_row, d->error)) \
    X(put_holidays, store_put_holidays(d->store, &holidays, d->error)) \
    X(delete_holidays, store_delete_holidays(d->store, 1, d->error)) \
    X(get_holidays, store_get_holidays(d->store, 1, d->arena, &d->holidays, d->error)) \
    X(set_numbers, store_set_numbers(d->store, 1, numbers, 2, d->error)) \
    X(get_number_owner, store_get_number_owner(d->store, numbers[0], &d->number, d->error)) \
    X(list_numbers, store_list_numbers(d->store, 1, d->arena, &d->rows.number_row, &d->count, \
      d->error)) \
    X(put_agent, store_put_person(d->store, PERSON_AGENT, &person, &d->number, d->error)) \
    X(put_contact, store_put_person(d->store, PERSON_CONTACT, &person, &d->number, d->error)) \
    X(list_persons, store_list_persons(d->store, PERSON_AGENT, 1, d->arena, \
      &d->rows.person_row, &d->count, d->error)) \
    X(add_enrolment, store_add_enrolment(d->store, &enrolment, &d->number, d->error)) \
    X(find_enrolment_code, store_find_enrolment_code(d->store, &enrolment.code_hash, \
      &d->enrolment, d->error)) \
    X(use_enrolment, store_use_enrolment(d->store, 1, 1, &enrolment.code_hash, \
      (struct wall_time){9}, d->error)) \
    X(list_enrolments, store_list_enrolments(d->store, 1, d->arena, &d->rows.enrolment_row, \
      &d->count, d->error)) \
    X(put_device, store_put_device(d->store, &device, &d->number, d->error)) \
    X(count_other_devices, store_count_other_devices(d->store, 1, 1, "phone", &d->number, \
      d->error)) \
    X(list_devices, store_list_devices(d->store, 1, d->arena, &d->rows.device_row, &d->count, \
      d->error)) \
    X(retire_device, store_retire_device(d->store, 1, 1, "gone", (struct wall_time){9}, \
      (struct wall_time){9}, d->error)) \
    X(prove_device, store_prove_device(d->store, 1, 1, (struct wall_time){9}, d->error)) \
    X(update_device_test, store_update_device_test(d->store, &device_test, d->error)) \
    X(get_device_test, store_get_device_test(d->store, device_test.test_id, &d->tests[0], \
      d->error)) \
    X(list_device_tests, store_list_device_tests(d->store, 1, 1, ROWS, d->tests, &d->count, \
      d->error)) \
    X(list_device_test_outbox, store_list_device_test_outbox(d->store, ROWS, d->tests, \
      &d->count, d->error)) \
    X(rewind_device_tests, store_rewind_device_tests(d->store, d->error)) \
    X(put_rota, store_put_rota(d->store, &definition, &d->number, d->error)) \
    X(list_rotas, store_list_rotas(d->store, 1, d->arena, &d->rows.definition_row, &d->count, \
      d->error)) \
    X(add_procedure, store_add_procedure(d->store, &definition, &d->number, &d->other, d->error)) \
    X(list_procedures, store_list_procedures(d->store, 1, d->arena, &d->rows.definition_row, \
      &d->count, d->error)) \
    X(get_procedure, store_get_procedure(d->store, 1, 1, d->arena, &d->definition, d->error)) \
    X(add_rules, store_add_rules(d->store, &definition, &d->number, &d->other, d->error)) \
    X(get_rules, store_get_rules(d->store, 1, d->arena, &d->definition, d->error)) \
    X(list_api_keys, store_list_api_keys(d->store, d->arena, &d->rows.api_key_row, &d->count, \
      d->error)) \
    X(revoke_api_key, store_revoke_api_key(d->store, "k", (struct wall_time){9}, d->error)) \
    X(add_feed, store_add_feed(d->store, &feed, &d->number, d->error)) \
    X(list_feeds, store_list_feeds(d->store, 1, d->arena, &d->rows.feed_row, &d->count, \
      d->error)) \
    X(revoke_feed, store_revoke_feed(d->store, 1, 1, (struct wall_time){9}, d->error)) \
    X(add_publication, store_add_publication(d->store, &another_publication, d->error)) \
    X(add_publication_agent, store_add_publication_agent(d->store, &another_told, d->error)) \
    X(get_newest_publication, store_get_newest_publication(d->store, 1, "night", &d->id, \
      d->error)) \
    X(has_publications, store_has_publications(d->store, 1, &d->flag, d->error)) \
    X(get_publication, store_get_publication(d->store, 1, publication.publication_id, d->arena, \
      &d->publication, d->error)) \
    X(list_publications, store_list_publications(d->store, 1, "night", numbered_id(0), ROWS, \
      d->arena, &d->rows.publication_row, &d->count, d->error)) \
    X(list_publications_over, store_list_publications_over(d->store, 1, "night", \
      (struct wall_time){0}, (struct wall_time){9}, ROWS, d->arena, &d->rows.publication_row, \
      &d->count, d->error)) \
    X(list_publication_agents, store_list_publication_agents(d->store, 1, told.publication_id, \
      d->arena, &d->rows.publication_agent_row, &d->count, d->error)) \
    X(get_publication_agent, store_get_publication_agent(d->store, 1, told.publication_id, \
      "jean", d->arena, &d->publication_agent, d->error)) \
    X(list_publications_of_agent, store_list_publications_of_agent(d->store, 1, "jean", \
      numbered_id(0), ROWS, d->arena, &d->rows.publication_agent_row, &d->count, d->error)) \
    X(get_unfetched_publication, store_get_unfetched_publication(d->store, 1, "jean", &d->id, \
      d->error)) \
    X(note_fetched, store_note_fetched(d->store, 1, "jean", told.publication_id, \
      (struct wall_time){9}, d->error)) \
    X(note_seen, store_note_seen(d->store, &told, d->error)) \
    X(list_devices_of_agent, store_list_devices_of_agent(d->store, 1, 1, d->arena, \
      &d->rows.device_row, &d->count, d->error)) \
    X(hear_device, store_hear_device(d->store, 1, 1, (struct wall_time){9}, d->error)) \
    X(note_number, store_note_number(d->store, &proof, d->error)) \
    X(set_person_numbers, store_set_person_numbers(d->store, 1, PERSON_AGENT, 1, \
      "+33600000001", &further_number, 1, d->error)) \
    X(list_further_numbers, store_list_further_numbers(d->store, 1, d->arena, \
      &d->rows.further_number_row, &d->count, d->error)) \
    X(list_number_proofs, store_list_number_proofs(d->store, 1, d->arena, \
      &d->rows.number_proof_row, &d->count, d->error)) \
    X(get_number_proof, store_get_number_proof(d->store, 1, PERSON_AGENT, 1, "+33600000001", \
      d->arena, &d->proof, d->error)) \
    X(put_pause, store_put_pause(d->store, &pause_row, d->error)) \
    X(delete_pause, store_delete_pause(d->store, 1, 1, d->error)) \
    X(forget_pauses, store_forget_pauses(d->store, (struct engine_time){9}, d->error)) \
    X(get_pause, store_get_pause(d->store, 1, 1, d->arena, &d->pause, d->error)) \
    X(list_pauses, store_list_pauses(d->store, 1, d->arena, &d->rows.pause_row, &d->count, \
      d->error)) \
    X(list_heard, store_list_heard(d->store, 1, 1, ROWS, d->heard, &d->count, d->error)) \
    X(is_busy, store_is_busy(d->store, 1, 1, numbered_id(0), &d->flag, d->error)) \
    X(put_coverage_report, store_put_coverage_report(d->store, &report, d->error)) \
    X(note_coverage_told, store_note_coverage_told(d->store, 1, report.computed_at, \
      (struct wall_time){9}, d->error)) \
    X(get_coverage_report, store_get_coverage_report(d->store, 1, d->arena, \
      &d->report, d->error)) \
    X(list_coverage_reports, store_list_coverage_reports(d->store, d->arena, \
      &d->rows.report_row, &d->count, d->error)) \
    X(check_in, store_check_in(d->store, &check_in, &d->number, d->error)) \
    X(check_out, store_check_out(d->store, 1, 1, NULL, 0, (struct wall_time){9}, d->error)) \
    X(put_check_in_plan, store_put_check_in_plan(d->store, &check_in_plan, d->error)) \
    X(delete_check_in_plan, store_delete_check_in_plan(d->store, 1, "duty", d->error)) \
    X(list_check_in_plans, store_list_check_in_plans(d->store, 1, d->arena, \
      &d->rows.check_in_plan_row, &d->count, d->error)) \
    X(put_check_in_duty, store_put_check_in_duty(d->store, &duty, d->error)) \
    X(get_check_in_duty, store_get_check_in_duty(d->store, 1, "duty", (struct wall_time){5}, 1, \
      &d->duties[0], d->error)) \
    X(get_duty_of_escalation, store_get_duty_of_escalation(d->store, 1, duty.escalation_id, \
      &d->duties[0], d->error)) \
    X(list_missing_duties, store_list_missing_duties(d->store, 1, 1, (struct wall_time){6}, ROWS, \
      d->duties, &d->count, d->error)) \
    X(list_taken_up_duties, store_list_taken_up_duties(d->store, 1, 1, (struct wall_time){6}, \
      ROWS, d->duties, &d->count, d->error)) \
    X(list_probes, store_list_probes(d->store, ROWS, d->duties, &d->count, d->error)) \
    X(list_replaced_duties, store_list_replaced_duties(d->store, 1, "duty", (struct wall_time){6}, \
      ROWS, d->duties, &d->count, d->error)) \
    X(list_escalated_duties, store_list_escalated_duties(d->store, 1, ROWS, d->duties, \
      &d->count, d->error)) \
    X(find_complete_check_in, store_find_complete_check_in(d->store, 1, 1, \
      (struct wall_time){0}, d->arena, &d->check_in, d->error)) \
    X(find_check_in_of_test, store_find_check_in_of_test(d->store, tested_check_in.test_id, \
      d->arena, &d->check_in, d->error)) \
    X(complete_check_in, store_complete_check_in(d->store, 1, 1, (struct wall_time){9}, \
      d->error)) \
    X(find_note, store_find_note(d->store, 1, "duty", 9, (struct wall_time){0}, d->arena, \
      &d->check_in, d->error)) \
    X(get_check_in, store_get_check_in(d->store, 1, 1, d->arena, &d->check_in, d->error)) \
    X(close_ticket, store_close_ticket(d->store, 1, d->escalation.ticket_id, \
      (struct wall_time){9}, d->error)) \
    X(add_ticket, store_add_ticket(d->store, &d->another_ticket, d->error)) \
    X(find_ticket_number, store_find_ticket_number(d->store, 1, 1001, d->arena, &d->ticket, \
      d->error)) \
    X(reopen_ticket, store_reopen_ticket(d->store, 1, d->escalation.ticket_id, d->error)) \
    X(link_ticket, store_link_ticket(d->store, 1, d->escalation.ticket_id, numbered_id(7), \
      d->error)) \
    X(list_duplicates, store_list_duplicates(d->store, 1, d->escalation.ticket_id, ROWS, d->arena, \
      &d->rows.ticket_row, &d->count, d->error)) \
    X(count_open_of_ticket, store_count_open_of_ticket(d->store, 1, d->escalation.ticket_id, \
      &d->number, d->error)) \
    X(list_escalations_of_ticket, store_list_escalations_of_ticket(d->store, 1, \
      d->escalation.ticket_id, ROWS, d->arena, &d->rows.escalation, &d->count, d->error)) \
    X(add_ticket_note, store_add_ticket_note(d->store, &d->note, d->error)) \
    X(count_ticket_notes, store_count_ticket_notes(d->store, 1, d->escalation.ticket_id, \
      &d->number, d->error)) \
    X(list_ticket_notes, store_list_ticket_notes(d->store, 1, d->escalation.ticket_id, ROWS, \
      d->arena, &d->rows.note_row, &d->count, d->error)) \
    X(parse_ticket_words, store_parse_ticket_words(d->store, "summary", &d->words, d->error)) \
    X(list_tickets, store_list_tickets(d->store, &d->filter, d->arena, &d->page, d->error)) \
    X(search_tickets, search_tickets(d)) \
    X(list_of_several, list_of_several(d)) \
    X(has_unindexed, store_has_unindexed(d->store, (struct engine_time){1}, &d->flag, d->error)) \
    X(index_is_unclean, store_index_is_unclean(d->store, &d->flag, d->error)) \
    X(index_tickets, store_index_tickets(d->store, late, ROWS, d->arena, &d->count, &d->flag, \
      d->error)) \
    X(index_and_erase, index_and_erase(d)) \
    X(list_erasable, store_list_erasable(d->store, 1, numbered_id(0), (struct wall_time){9}, ROWS, \
      d->ids, &d->count, &d->id, d->error)) \
    X(list_said, store_list_said(d->store, 1, d->escalation.ticket_id, ROWS, d->arena, \
      &d->rows.timeline_row, &d->count, d->error)) \
    X(list_idle, store_list_idle(d->store, 1, numbered_id(0), (struct wall_time){9}, ROWS, \
      d->idle, &d->count, &d->id, d->error)) \
    X(tell_never_closed, store_tell_never_closed(d->store, 1, (struct wall_time){9}, \
      (struct wall_time){8}, &d->flag, d->error)) \
    X(erase_check_in_notes, store_erase_check_in_notes(d->store, 1, (struct wall_time){9}, ROWS, \
      &d->flag, d->error)) \
    X(get_ticket, store_get_ticket(d->store, 1, d->escalation.ticket_id, d->arena, \
      &d->ticket, d->error)) \
    X(update_escalation, store_update_escalation(d->store, &d->escalation, d->error)) \
    X(get_escalation, store_get_escalation(d->store, 1, numbered_id(1), &d->found, d->error)) \
    X(get_escalation_customer, store_get_escalation_customer(d->store, numbered_id(1), \
      &d->number, d->error)) \
    X(set_aside, store_set_aside(d->store, 1, numbered_id(1), d->error)) \
    X(release_dedup, store_release_dedup(d->store, 1, numbered_id(1), d->error)) \
    X(find_open_dedup, store_find_open_dedup(d->store, 1, "key", &d->id, d->error)) \
    X(list_escalations, store_list_escalations(d->store, 1, numbered_id(0xffff), \
      ESCALATION_STATES_ALL, ROWS, d->arena, &d->rows.escalation, &d->count, \
      d->error)) \
    X(list_open_newest, store_list_open_newest(d->store, 1, ROWS, d->arena, &d->rows.escalation, \
      &d->count, d->error)) \
    X(list_open, store_list_open(d->store, 1, numbered_id(0), ROWS, d->ids, &d->count, d->error)) \
    X(list_due, store_list_due(d->store, (struct engine_time){99}, ROWS, d->due, &d->count, \
      d->error)) \
    X(next_due, store_next_due(d->store, ENGINE_BEGINNING, &d->due[0].due, d->error)) \
    X(count_open, store_count_open(d->store, &d->number, d->error)) \
    X(update_caller, store_update_caller(d->store, 1, numbered_id(1), 1, &promise, d->error)) \
    X(list_callers, store_list_callers(d->store, 1, numbered_id(1), d->arena, \
      &d->rows.caller_row, &d->count, d->error)) \
    X(update_attempt, store_update_attempt(d->store, 1, numbered_id(1), &d->attempt, d->error)) \
    X(get_attempt, store_get_attempt(d->store, 1, numbered_id(1), d->attempt.id, \
      &d->attempts[0], d->error)) \
    X(list_newest_attempts, store_list_newest_attempts(d->store, 1, numbered_id(1), ROWS, \
      d->attempts, &d->count, d->error)) \
    X(list_attempts, store_list_attempts(d->store, 1, numbered_id(1), numbered_id(0), ROWS, \
      d->arena, &d->rows.attempt, &d->count, d->error)) \
    X(find_call, store_find_call(d->store, numbered_id(101), &d->number, &d->id, d->error)) \
    X(awaits_reception, store_awaits_reception(d->store, 1, numbered_id(0), &d->flag, d->error)) \
    X(list_outbox, store_list_outbox(d->store, PATH_PUSH, ROWS, d->outbox, &d->count, d->error)) \
    X(rewind_attempts, store_rewind_attempts(d->store, &d->number, d->error)) \
    X(finish_desk_task, store_finish_desk_task(d->store, 1, numbered_id(201), "Lucie", \
      (struct wall_time){9}, d->error)) \
    X(finish_search_tasks, store_finish_search_tasks(d->store, 1, numbered_id(1), \
      (struct wall_time){9}, d->error)) \
    X(get_desk_task, store_get_desk_task(d->store, 1, numbered_id(201), d->arena, &d->task, \
      d->error)) \
    X(list_tasks_of_escalation, store_list_tasks_of_escalation(d->store, 1, numbered_id(1), \
      ROWS, d->arena, &d->rows.desk_task_row, &d->count, d->error)) \
    X(list_open_tasks, store_list_open_tasks(d->store, 1, numbered_id(0), ROWS, d->arena, \
      &d->rows.desk_task_row, &d->count, d->error)) \
    X(append_timeline, store_append_timeline(d->store, d->entries, d->salts, 2, d->error)) \
    X(append_to_many, append_to_many(d)) \
    X(list_timeline, store_list_timeline(d->store, 1, numbered_id(1), 0, ROWS, d->arena, \
      &d->rows.timeline_row, &d->count, d->error)) \
    X(timeline_head, store_timeline_head(d->store, 1, &d->number, d->error)) \
    X(get_idempotency, store_get_idempotency(d->store, "k", "one", d->arena, &d->idempotency, \
      d->error)) \
    X(purge_idempotency, store_purge_idempotency(d->store, (struct engine_time){9}, d->error)) \
    X(add_alarm, store_add_alarm(d->store, (struct wall_time){9}, "kind", "detail", d->error)) \
    X(get_engine_clock, store_get_engine_clock(d->store, &d->clock, d->error)) \
    X(set_engine_clock, store_set_engine_clock(d->store, &engine_clock, d->error))
/* clang-format on */

#define X_(name, call)                                                                             \
    static enum status run_##name(struct desk *d)                                                  \
    {                                                                                              \
        return call;                                                                               \
    }
OPERATIONS(X_)
#undef X_

static const struct {
    const char *name;
    enum status (*run)(struct desk *desk);
} operations[] = {
#define X_(name, call) {#name, run_##name},
    OPERATIONS(X_)
#undef X_
};

static void furnish_check_ins(struct shelf *shelf)
{
    struct store *store = shelf->store;
    struct error *error = &shelf->error;
    int64_t id;
    assert_ok(shelf, store_check_in(store, &tested_check_in, &id, error));
    assert_ok(shelf, store_check_out(store, 1, 1, "the lift", 0, (struct wall_time){7}, error));
    assert_ok(shelf, store_check_in(store, &tested_check_in, &id, error));
    assert_ok(shelf, store_check_in(store, &check_in, &id, error));
    assert_ok(shelf, store_complete_check_in(store, 1, id, (struct wall_time){8}, error));
    assert_ok(shelf, store_put_check_in_plan(store, &check_in_plan, error));
    assert_ok(shelf, store_put_check_in_duty(store, &duty, error));
}

/* One of everything, and more of some than the first allocation of a list holds. */
static void furnish(struct shelf *shelf, struct desk *desk)
{
    struct store *store = shelf->store;
    struct error *error = &shelf->error;
    int64_t id, version;
    assert_ok(shelf, store_put_person(store, PERSON_AGENT, &person, &id, error));
    assert_ok(shelf, store_put_holidays(store, &holidays, error));
    assert_ok(shelf, store_set_numbers(store, 1, numbers, 1, error));
    assert_ok(shelf, store_put_device(store, &device, &id, error));
    assert_ok(shelf, store_add_enrolment(store, &enrolment, &id, error));
    assert_ok(shelf, store_put_rota(store, &definition, &id, error));
    assert_ok(shelf, store_add_procedure(store, &definition, &id, &version, error));
    assert_ok(shelf, store_add_rules(store, &definition, &id, &version, error));
    assert_ok(shelf, store_add_api_key(store, &api_key, error));
    assert_ok(shelf, store_add_api_key(store, &second_key, error));
    assert_ok(shelf, store_add_feed(store, &feed, &id, error));
    assert_ok(shelf, store_add_publication(store, &publication, error));
    assert_ok(shelf, store_add_publication_agent(store, &told, error));
    for (int n = 1; n < MANY_CUSTOMERS; n++) {
        char slug[16];
        (void)snprintf(slug, sizeof slug, "c%d", n);
        const struct customer_row row = {
            .slug = slug, .name = "n", .time_zone = "UTC", .language = "fr", .alias = "a"};
        assert_ok(shelf, store_put_customer(store, &row, &id, error));
    }
    furnish_check_ins(shelf);
    assert_ok(shelf, store_set_person_numbers(store, 1, PERSON_AGENT, 1, "+33600000001",
                                              &further_number, 1, error));
    assert_ok(shelf, store_note_number(store, &proof, error));
    assert_ok(shelf, store_put_pause(store, &pause_row, error));
    assert_ok(shelf, store_put_coverage_report(store, &report, error));
    assert_ok(shelf, store_add_device_test(store, &device_test, error));
    assert_ok(shelf, store_add_idempotency(store, &idempotency, error));
    assert_ok(shelf, store_set_engine_clock(store, &engine_clock, error));
    desk->escalation = plain_escalation(shelf, 1);
    desk->escalation.due_at.ms = 50;
    assert_ok(shelf, add_escalation(store, &desk->escalation, "key", error));
    desk->escalation.version++; /* as it is updated */
    desk->another = plain_escalation(shelf, 2);
    desk->another_attempt = plain_attempt(99);
    desk->another_ticket = (struct ticket_row){
        .customer_id = 1, .ticket_id = numbered_id(7), .summary = "s", .closed_at = WALL_NEVER};
    desk->note = (struct ticket_note_row){.customer_id = 1,
                                          .ticket_id = desk->escalation.ticket_id,
                                          .by = "Lucie",
                                          .other = numbered_id(7),
                                          .text = "words"};
    desk->filter = (struct ticket_filter){
        .customer_id = 1, .from = WALL_NEVER, .to = WALL_NEVER, .limit = ROWS};
    const struct caller_row caller = {
        .customer_id = 1, .escalation_id = numbered_id(1), .number = 1, .name = "Mme Martin"};
    assert_ok(shelf, store_add_caller(store, &caller, error));
    for (unsigned n = 0; n < ROWS; n++) {
        const struct desk_task_row task = {.customer_id = 1,
                                           .task_id = numbered_id(200 + n),
                                           .escalation_id = numbered_id(1),
                                           .done_at = WALL_NEVER};
        desk->attempt = plain_attempt(100 + n);
        desk->attempt.path = n == 1 ? PATH_CALL : PATH_PUSH;
        desk->entries[n] = (struct timeline_row){
            .customer_id = 1, .escalation_id = numbered_id(1), .facts = "{}", .personal = "words"};
        desk->salts[n] = numbered_id(n);
        assert_ok(shelf, store_add_attempt(store, 1, numbered_id(1), &desk->attempt, error));
        assert_ok(shelf, store_add_desk_task(store, &task, error));
    }
    assert_ok(shelf, store_begin(store, error));
    assert_ok(shelf, store_append_timeline(store, desk->entries, desk->salts, ROWS, error));
    assert_ok(shelf, store_commit(store, error));
}

static void reopen(struct shelf *shelf, struct desk *desk)
{
    store_close(&shelf->store);
    assert_ok(shelf, store_open(shelf->path, NULL, &shelf->store, &shelf->error));
    desk->store = shelf->store;
}

/* An operation in a transaction that is taken back, with its nth call failing. Answers whether
 * there was one. */
static bool fails_once(struct shelf *shelf, struct desk *desk, size_t which, enum failing_kind kind,
                       int nth)
{
    if (kind == FAIL_PREPARE) {
        reopen(shelf, desk); /* with no statement prepared */
    }
    arena_destroy(&desk->arena);
    desk->arena = arena_create(0);
    desk->customer_row = (struct customer_row){.slug = "acme",
                                               .name = "ACME",
                                               .time_zone = "Europe/Paris",
                                               .language = "fr",
                                               .alias = "Azur"};
    assert_ok(shelf, store_begin(desk->store, desk->error));
    failing_calls_start(kind, nth);
    enum status status = operations[which].run(desk);
    bool fired = failing_calls_stop();
    if (status != (fired ? STATUS_NO_MEMORY : STATUS_OK)) {
        fail_msg("%s: %s when call %d of kind %s %s: %s", operations[which].name,
                 status_slug(status), nth, failing_kind_names[kind],
                 fired ? "fails" : "does not fail", desk->error->text);
    }
    store_rollback(desk->store);
    return fired;
}

static void test_operation__says_that_a_call_failed(void **state)
{
    struct shelf *shelf = *state;
    static struct desk desk;
    furnish(shelf, &desk);
    desk.store = shelf->store;
    desk.error = &shelf->error;
    for (int kind = FAIL_MEMORY; kind <= FAIL_STEP; kind++) {
        for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
            int nth = nth_first(i);
            while (fails_once(shelf, &desk, i, (enum failing_kind)kind, nth)) {
                nth += NTH_STEP;
                assert_true(nth < CALLS_MAX);
            }
            assert_true(nth > 1 || kind == FAIL_MEMORY);
        }
    }
    arena_destroy(&desk.arena);
}

/* ---- opening ---- */

static void forget_database(const struct shelf *shelf)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s", shelf->path, suffixes[i]);
        (void)unlink(path);
    }
}

/* Answers whether the nth call failed, which the opening must have said. */
static bool opening_fails(struct shelf *shelf, bool writer, enum failing_kind kind, int nth)
{
    struct store *store = NULL;
    failing_calls_start(kind, nth);
    enum status status = writer ? store_open(shelf->path, NULL, &store, &shelf->error)
                                : store_open_reader(shelf->path, NULL, 1000, &store, &shelf->error);
    bool fired = failing_calls_stop();
    assert_int_equal(status, fired ? STATUS_NO_MEMORY : STATUS_OK);
    assert_int_equal(store == NULL, fired);
    store_close(&store);
    return fired;
}

/* Nothing is left open, and the next opening is none the worse for it. */
static void test_open__says_that_a_call_failed(void **state)
{
    struct shelf *shelf = *state;
    store_close(&shelf->store);
    for (int kind = FAIL_MEMORY; kind <= FAIL_STEP; kind++) {
        for (int pass = 0; pass < 3; pass++) { /* a new database, one that is there, a reader */
            int nth = nth_first((size_t)kind + (size_t)pass);
            bool fired = true;
            for (; fired; nth += NTH_STEP) {
                assert_true(nth < CALLS_MAX);
                if (pass == 0) {
                    forget_database(shelf);
                }
                fired = opening_fails(shelf, pass < 2, (enum failing_kind)kind, nth);
            }
            assert_true(nth > 2);
        }
    }
}

/* ---- copies ---- */

static enum status look(void *context, int64_t done, int64_t total, struct error *error)
{
    (void)context;
    (void)done;
    (void)total;
    (void)error;
    return STATUS_OK;
}

/* What is done on connections of its own: the nth call failing. */
static enum status run_copy(struct shelf *shelf, const char *target, int what)
{
    const struct store_watch watch = {look, NULL};
    struct store_facts facts;
    return what == 0 ? store_backup(shelf->path, NULL, target, &watch, &shelf->error)
                     : store_check(what == 1 ? target : shelf->path,
                                   what == 1 ? STORE_CHECK_COPY : STORE_CHECK_DATABASE, NULL,
                                   &facts, &shelf->error);
}

static void test_copy__says_that_a_call_failed(void **state)
{
    struct shelf *shelf = *state;
    char target[128];
    (void)snprintf(target, sizeof target, "%s-copy", shelf->path);
    FILE *file = fopen(target, "we");
    assert_non_null(file);
    (void)fclose(file);
    for (int what = 0; what < 3; what++) { /* the backup, then a check of it, and of the database */
        for (int kind = FAIL_MEMORY; kind <= FAIL_STEP; kind++) {
            bool fired = true;
            int forgiven = 0; /* the end of the read, when the copy is whole */
            for (int nth = nth_first((size_t)what); fired; nth += NTH_STEP) {
                assert_true(nth < 2 * CALLS_MAX);
                failing_calls_start((enum failing_kind)kind, nth);
                enum status status = run_copy(shelf, target, what);
                fired = failing_calls_stop();
                assert_true(status == STATUS_OK || fired);
                forgiven += status == STATUS_OK && fired;
            }
            assert_true(forgiven <= (what == 0 && kind == FAIL_STEP));
            assert_true(forgiven > 0 || NTH_STEP > 1 || what != 0 || kind != FAIL_STEP);
        }
    }
    assert_int_equal(unlink(target), 0);
}

/* ---- transactions ---- */

/* Somebody else's lock is told apart from a fault. */
static void test_begin__while_another_writes(void **state)
{
    struct shelf *shelf = *state;
    static const int rcs[] = {SQLITE_BUSY, SQLITE_LOCKED};
    for (int i = 0; i < 2; i++) {
        failing_calls_start_in_a_row(FAIL_STEP, 1, 1, rcs[i]);
        assert_int_equal(store_begin(shelf->store, &shelf->error), STATUS_UNAVAILABLE);
        assert_true(failing_calls_stop());
    }
}

static enum status run_transaction(struct store *store, struct error *error)
{
    enum status status = store_begin(store, error);
    if (status == STATUS_OK) {
        status = store_savepoint(store, error);
    }
    if (status == STATUS_OK) {
        status = store_savepoint_rollback(store, error);
    }
    if (status == STATUS_OK) {
        status = store_savepoint(store, error);
    }
    if (status == STATUS_OK) {
        status = store_savepoint_release(store, error);
    }
    if (status == STATUS_OK) {
        status = store_commit(store, error);
    }
    return status == STATUS_OK ? store_checkpoint(store, 0, error) : status;
}

static void test_transaction__says_that_a_call_failed(void **state)
{
    struct shelf *shelf = *state;
    bool fired = true;
    int nth = 1;
    for (; fired; nth++) {
        failing_calls_start(FAIL_STEP, nth);
        enum status status = run_transaction(shelf->store, &shelf->error);
        fired = failing_calls_stop();
        assert_int_equal(status, fired ? STATUS_NO_MEMORY : STATUS_OK);
        store_rollback(shelf->store);
        assert_false(store_in_transaction(shelf->store));
    }
    assert_int_equal(nth, 10); /* eight statements, the checkpoint, and none */
}

/* A rollback that fails is tried again. */
static void test_rollback__outlives_a_failing_call(void **state)
{
    struct shelf *shelf = *state;
    struct escalation escalation = plain_escalation(shelf, 1);
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    failing_calls_start(FAIL_STEP, 1);
    store_rollback(shelf->store);
    assert_true(failing_calls_stop());
    assert_false(store_in_transaction(shelf->store));
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM escalation"), 0);
}

static void test_read__ends_also_when_it_never_began(void **state)
{
    struct shelf *shelf = *state;
    struct store *reader;
    assert_ok(shelf, store_open_reader(shelf->path, NULL, 1000, &reader, &shelf->error));
    failing_calls_start(FAIL_STEP, 1);
    assert_int_equal(store_read_begin(reader, &shelf->error), STATUS_NO_MEMORY);
    assert_true(failing_calls_stop());
    store_read_end(reader);
    assert_ok(shelf, store_read_begin(reader, &shelf->error));
    store_read_end(reader);
    assert_false(store_in_transaction(reader));
    store_close(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_operation__says_that_a_call_failed),
        SHELF_TEST(test_open__says_that_a_call_failed),
        SHELF_TEST(test_copy__says_that_a_call_failed),
        SHELF_TEST(test_begin__while_another_writes),
        SHELF_TEST(test_transaction__says_that_a_call_failed),
        SHELF_TEST(test_rollback__outlives_a_failing_call),
        SHELF_TEST(test_read__ends_also_when_it_never_began),
    };
    return cmocka_run_group_tests_name("store.failures", tests, NULL, NULL);
}
