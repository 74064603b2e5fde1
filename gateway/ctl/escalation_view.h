/* escalation_view.h - an escalation as JSON, laid out for a person to read. */
#ifndef GATEWAY_CTL_ESCALATION_VIEW_H
#define GATEWAY_CTL_ESCALATION_VIEW_H

#include <jansson.h>

#include "gateway/base/time.h"
#include "gateway/ctl/terminal.h"

/* Head, callers, tasks and attempts; then the timeline by escalation_view_entry(). */
void escalation_view(const struct terminal *out, json_t *escalation, struct wall_time now);

/* The head alone: id, severity, customer, state, what it is about, ticket, holder, next. */
void escalation_view_head(const struct terminal *out, json_t *escalation, struct wall_time now);

/* One line of a list, and the line above the first. A terminal of `columns` (0: none, lines may be
 * of any length) that is narrow gets fewer columns; ids are always whole. */
void escalation_view_titles(const struct terminal *out, int columns);
void escalation_view_line(const struct terminal *out, json_t *escalation, int columns,
                          struct wall_time now);

/* What the desk is to do, in the reader's language. Lives as long as the task. */
const char *escalation_view_task(const struct terminal *out, json_t *task);

/* One timeline entry. */
void escalation_view_entry(const struct terminal *out, json_t *entry, struct wall_time now);

#endif
