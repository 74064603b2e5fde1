/* view.h - what rows look like as JSON. People and names come from the directory. */
#ifndef ADMIN_API_VIEW_H
#define ADMIN_API_VIEW_H

#include "gateway/base/json_writer.h"
#include "gateway/engine/directory.h"
#include "gateway/store/store.h"

#define SENTENCE_BYTES_MAX 512

/* Everything about one escalation. */
struct escalation_view {
    const struct directory_customer *customer;
    struct escalation escalation;
    struct ticket_row ticket;
    struct caller_row *callers;
    size_t callers_count;
    struct attempt *attempts;
    size_t attempts_count;
    struct desk_task_row *tasks;
    size_t tasks_count;
    struct timeline_row *timeline;
    size_t timeline_count;
    bool timeline_more; /* there were more entries than are shown */
    bool french;        /* the timeline's sentences; else English */
    const char *procedure_slug;
    int64_t procedure_version;
    int64_t wall_of_engine_ms; /* wall = engine + this */
};

/* context is a struct escalation_view. */
void view_escalation(struct json_writer *json, void *context);
/* What the agent sees: what the operator collected, and who has it. */
void view_agent_escalation(struct json_writer *json, void *context);

/* One line of a list; only the escalation and the ticket are used. */
void view_escalation_summary(struct json_writer *json, const struct escalation_view *view);

void view_task(struct json_writer *json, const struct directory_customer *customer,
               const struct desk_task_row *task, bool with_escalation);

void view_person(struct json_writer *json, const struct directory_person *person);
void view_device(struct json_writer *json, const struct directory_device *device);

/* The member "signed_in": who has a shared phone since when, or null. */
void view_shared_phone_owner(struct json_writer *json, const struct directory_customer *customer,
                             const struct directory_shared_phone *phone);

/* The members "approved_by", "approved_on", "review_on" and "paper": how a version stands with the
 * customer on the day of `at`, by UTC. */
void view_paper(struct json_writer *json, const struct procedure *procedure, struct wall_time at);

/* One entry of the journal: seq, at, kind, text, facts, personal. */
void view_timeline_entry(struct json_writer *json, const struct directory_customer *customer,
                         const struct timeline_row *row, bool with_escalation, bool french);

/* The English sentence for an entry. */
void timeline_sentence(const struct directory_customer *customer, const struct timeline_row *row,
                       char sentence_r[SENTENCE_BYTES_MAX]);
/* The French one. */
void timeline_phrase(const struct directory_customer *customer, const struct timeline_row *row,
                     char phrase_r[SENTENCE_BYTES_MAX]);
/* The words beside it: in French where the gateway noted them itself, otherwise as they were said;
 * or NULL. They live in the row or in phrase_r. */
#define NOTE_PHRASE_BYTES_MAX 512
const char *timeline_note_phrase(const struct timeline_row *row,
                                 char phrase_r[NOTE_PHRASE_BYTES_MAX]);

/* As view_escalation()'s "attempts" has them. */
void view_attempt(struct json_writer *json, const struct directory_customer *customer,
                  const struct attempt *attempt);

#endif
