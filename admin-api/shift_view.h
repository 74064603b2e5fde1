/* shift_view.h - a shift with what is known of its check-in: for supervisors and for its agent. */
#ifndef ADMIN_API_SHIFT_VIEW_H
#define ADMIN_API_SHIFT_VIEW_H

#include "gateway/base/json_writer.h"
#include "gateway/engine/check_in_json.h"
#include "gateway/engine/directory.h"
#include "gateway/store/store_check_in.h"

enum status check_in_find_lacks(struct store *store, const struct check_in_row *row,
                                struct check_in_lacks *lacks_r, struct error *error) MUST_CHECK;

/* Writes state, completed_at, missing and what check_in_facts_json() writes. */
void check_in_write(struct json_writer *json, const struct check_in_row *row,
                    const struct check_in_lacks *lacks, const struct directory_person *agent);

struct shift_view {
    const struct directory_customer *customer;
    const struct directory_rota *rota;
    const struct directory_person *agent;
    struct wall_time from;
    struct wall_time to;
    bool judged;
    struct check_in_duty_row duty; /* when it was */
    bool complete;                 /* not judged: the agent is checked in for it already, */
    bool pending;                  /* or has begun to */
    struct wall_time completed_at; /* when it was taken up; WALL_NEVER: it was not, or not yet */
    enum check_in_way completed_way;
    bool made;                    /* the agent made a check-in from its opening to its end: */
    struct check_in_row check_in; /* the complete one, or the newest */
    struct check_in_lacks lacks;
};

/* Fills in what the rows say. customer, rota, agent, from and to are set. The arena is used. */
enum status shift_view_load(struct store *store, struct wall_time now, struct arena *arena,
                            struct shift_view *view, struct error *error) MUST_CHECK;

/* "not_open", "open", "pending", "taken_up", "asked", "missed", "replaced", "withdrawn", "unknown";
 * NULL: its rota has no plan. */
const char *shift_view_state(const struct shift_view *view, struct wall_time now);

/* The member "check_in": an object, or null without a plan. */
void shift_view_check_in(struct json_writer *json, const struct shift_view *view,
                         struct wall_time now);

#endif
