/* store_check_in.h - prise de poste: check-ins as they were made, when the shifts of a rota are to
 * be checked in, and what became of each. Otherwise as store.h says.
 */
#ifndef GATEWAY_STORE_STORE_CHECK_IN_H
#define GATEWAY_STORE_STORE_CHECK_IN_H

#include "gateway/store/store.h"

/* How somebody took up a shift. The numbers are stored. */
enum check_in_way {
    CHECK_IN_BY_APP = 0,         /* complete once its test push was heard */
    CHECK_IN_BY_CALL = 1,        /* a key pressed in a call to the agent */
    CHECK_IN_BY_VOICE = 2,       /* told to an operator */
    CHECK_IN_BY_REPLACEMENT = 3, /* took somebody else's shift */
};

struct check_in_row {
    int64_t check_in_id;
    int64_t customer_id;
    int64_t agent_id;
    const char *installation; /* "" when it was not the app */
    const char *role;         /* or NULL */
    struct wall_time shift_from_at;
    struct wall_time shift_to_at;
    struct wall_time in_at;
    struct wall_time out_at;
    enum check_in_way way;
    struct uuid test_id;           /* nil: no test push could be sent */
    struct wall_time completed_at; /* WALL_NEVER: not yet */
    const char *note;              /* for the next, left at the check-out; or NULL */
    /* What the phone said of itself when this was made by the app, as of struct device_row.
     * "denied" when that was so as its test push was heard, too: then it is not complete. */
    const char *permission;
    const char *silent_mode;
    int battery_percent;
    const char *app_version;
    bool number_confirmed; /* the agent said that the numbers that are dialled are right: */
    int64_t numbers_mark;  /* directory_phones_mark() of them; 0: none. Once it is checked out, 0
                              or NUMBERS_CHANGED_BY_THEN */
};
#define NUMBERS_CHANGED_BY_THEN 1

/* When the shifts of a rota are to be checked in. */
struct check_in_plan_row {
    int64_t customer_id;
    const char *rota;
    int64_t opens_before_s;
    int64_t remind_before_s;
    int64_t closes_after_s;
    const char *procedure;
    enum severity severity;
    struct wall_time since_at; /* shifts that began before are not looked at */
    int64_t probe_s;           /* phones that were not heard of for so long are probed; 0: none */
};

/* What became of a shift's check-in. The numbers are stored. */
enum duty_state {
    DUTY_TAKEN_UP = 0,  /* the agent is there */
    DUTY_MISSING = 1,   /* the procedure was started */
    DUTY_REPLACED = 2,  /* somebody else took the shift */
    DUTY_WITHDRAWN = 3, /* the rota took the shift away */
    DUTY_PASSED = 4,    /* it was over before it could be judged */
    DUTY_LAPSED = 5,    /* it was taken up, and is not any more: to be judged anew */
};

/* Why a shift is asked for. The numbers are stored. */
enum asked_because {
    ASKED_MISSING = 0,      /* nobody checked in */
    ASKED_PHONE_DIED = 1,   /* the phone with which it was taken up is gone */
    ASKED_PHONE_SILENT = 2, /* it does not answer any more */
    ASKED_LEFT_EARLY = 3,   /* its agent checked out before its end */
};

/* A shift that was judged. */
struct check_in_duty_row {
    int64_t customer_id;
    char rota[SLUG_BYTES_MAX];
    struct wall_time shift_from_at;
    int64_t agent_id;
    struct wall_time shift_to_at;
    enum duty_state state;
    struct wall_time judged_at;
    struct uuid escalation_id;     /* nil: none was needed */
    struct wall_time completed_at; /* WALL_NEVER */
    enum check_in_way completed_way;
    int64_t replaced_by; /* agent; 0: nobody */
    enum asked_because asked_because;
    struct engine_time probe_due; /* when its agent's phones are looked at next; or ENGINE_NEVER */
    struct wall_time probed_at;   /* a probe is under way since then; or WALL_NEVER */
};

/* A plan that is there already keeps since_at. */
enum status store_put_check_in_plan(struct store *store, const struct check_in_plan_row *row,
                                    struct error *error) MUST_CHECK;
/* STATUS_NOT_FOUND: there is none. */
enum status store_delete_check_in_plan(struct store *store, int64_t customer_id, const char *rota,
                                       struct error *error) MUST_CHECK;
/* By rota. */
enum status store_list_check_in_plans(struct store *store, int64_t customer_id, struct arena *arena,
                                      struct check_in_plan_row **rows_r, size_t *count_r,
                                      struct error *error) MUST_CHECK;

/* Adds one, or changes what became of it. */
enum status store_put_check_in_duty(struct store *store, const struct check_in_duty_row *row,
                                    struct error *error) MUST_CHECK;
enum status store_get_check_in_duty(struct store *store, int64_t customer_id, const char *rota,
                                    struct wall_time shift_from_at, int64_t agent_id,
                                    struct check_in_duty_row *row_r,
                                    struct error *error) MUST_CHECK;
enum status store_get_duty_of_escalation(struct store *store, int64_t customer_id,
                                         struct uuid escalation_id, struct check_in_duty_row *row_r,
                                         struct error *error) MUST_CHECK;
/* Of an agent, DUTY_MISSING or DUTY_LAPSED and not over at `after`. */
enum status store_list_missing_duties(struct store *store, int64_t customer_id, int64_t agent_id,
                                      struct wall_time after, size_t limit,
                                      struct check_in_duty_row *rows_r, size_t *count_r,
                                      struct error *error) MUST_CHECK;
/* Of an agent, DUTY_TAKEN_UP and not over at `after`. */
enum status store_list_taken_up_duties(struct store *store, int64_t customer_id, int64_t agent_id,
                                       struct wall_time after, size_t limit,
                                       struct check_in_duty_row *rows_r, size_t *count_r,
                                       struct error *error) MUST_CHECK;
/* Of all customers, those with a probe_due, the first first. */
enum status store_list_probes(struct store *store, size_t limit, struct check_in_duty_row *rows_r,
                              size_t *count_r, struct error *error) MUST_CHECK;
/* Of a rota, DUTY_REPLACED and not over at `after`; by their beginning. */
enum status store_list_replaced_duties(struct store *store, int64_t customer_id, const char *rota,
                                       struct wall_time after, size_t limit,
                                       struct check_in_duty_row *rows_r, size_t *count_r,
                                       struct error *error) MUST_CHECK;
/* Of a customer, DUTY_MISSING and with an open escalation. */
enum status store_list_escalated_duties(struct store *store, int64_t customer_id, size_t limit,
                                        struct check_in_duty_row *rows_r, size_t *count_r,
                                        struct error *error) MUST_CHECK;

enum status store_check_in(struct store *store, const struct check_in_row *row,
                           int64_t *check_in_id_r, struct error *error) MUST_CHECK;
/* note: or NULL. numbers_mark: of the numbers that are dialled now; 0: none are. */
enum status store_check_out(struct store *store, int64_t customer_id, int64_t agent_id,
                            const char *note, int64_t numbers_mark, struct wall_time now,
                            struct error *error) MUST_CHECK;
/* The agent's newest that was not checked out. */
enum status store_get_check_in(struct store *store, int64_t customer_id, int64_t agent_id,
                               struct arena *arena, struct check_in_row *row_r,
                               struct error *error) MUST_CHECK;
/* The agent's newest complete one, of those made at or after `since`. */
enum status store_find_complete_check_in(struct store *store, int64_t customer_id, int64_t agent_id,
                                         struct wall_time since, struct arena *arena,
                                         struct check_in_row *row_r,
                                         struct error *error) MUST_CHECK;
/* Of those that the agent made from since to before until, the newest complete one, or the newest.
 */
enum status store_find_check_in_of_shift(struct store *store, int64_t customer_id, int64_t agent_id,
                                         struct wall_time since, struct wall_time until,
                                         struct arena *arena, struct check_in_row *row_r,
                                         struct error *error) MUST_CHECK;
/* By the app, not checked out, of shifts that are not over; by agent. */
enum status store_list_standing_check_ins(struct store *store, int64_t customer_id,
                                          struct wall_time now, struct arena *arena,
                                          struct check_in_row **rows_r, size_t *count_r,
                                          struct error *error) MUST_CHECK;
/* Its phone may not notify: it stays as it is. */
enum status store_deny_check_in(struct store *store, int64_t customer_id, int64_t check_in_id,
                                struct error *error) MUST_CHECK;
/* The one that waits for this test push to be heard. */
enum status store_find_check_in_of_test(struct store *store, struct uuid test_id,
                                        struct arena *arena, struct check_in_row *row_r,
                                        struct error *error) MUST_CHECK;
enum status store_complete_check_in(struct store *store, int64_t customer_id, int64_t check_in_id,
                                    struct wall_time now, struct error *error) MUST_CHECK;
/* The newest with a note of those that others than agent_id left in a role at or after `since`. */
enum status store_find_note(struct store *store, int64_t customer_id, const char *role,
                            int64_t agent_id, struct wall_time since, struct arena *arena,
                            struct check_in_row *row_r, struct error *error) MUST_CHECK;

#endif
