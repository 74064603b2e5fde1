/* ticket_view.h - tickets as JSON. */
#ifndef ADMIN_API_TICKET_VIEW_H
#define ADMIN_API_TICKET_VIEW_H

#include "admin-api/view.h"
#include "gateway/store/store_ticket.h"

struct ticket_escalation {
    struct escalation escalation;
    struct caller_row *callers;
    size_t callers_count;
};

/* Everything about one ticket. */
struct ticket_view {
    const struct directory_customer *customer;
    struct ticket_row ticket;
    struct ticket_row *duplicate_of; /* or NULL */
    struct ticket_row *duplicates;
    size_t duplicates_count;
    struct ticket_escalation *escalations;
    size_t escalations_count;
    struct ticket_note_row *notes;
    size_t notes_count;
    struct timeline_row *said; /* in its escalations, oldest first */
    size_t said_count;
    bool said_more; /* there is older */
};

/* context is a struct ticket_view. */
void view_ticket(struct json_writer *json, void *context);
/* One line of a list. */
void view_ticket_summary(struct json_writer *json, const struct directory_customer *customer,
                         const struct ticket_row *ticket);
/* A caller of an escalation. */
void view_caller(struct json_writer *json, const struct caller_row *caller);

#endif
