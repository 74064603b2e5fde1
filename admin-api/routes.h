/* routes.h - the one table of everything the server answers. */
#ifndef ADMIN_API_ROUTES_H
#define ADMIN_API_ROUTES_H

#include <stddef.h>

#include "admin-api/exchange.h"

/* Bits of who may call: one a role. */
#define FOR(role)         (1u << (role))
#define FOR_ANYBODY       0u
#define FOR_ADMIN         FOR(ROLE_ADMIN)
#define FOR_CALL_CENTRE   (FOR(ROLE_CALL_CENTRE) | FOR_ADMIN)
#define FOR_PORTAL        (FOR(ROLE_PORTAL) | FOR_CALL_CENTRE)
#define FOR_TELEPHONY     FOR(ROLE_TELEPHONY)
#define FOR_AGENT         FOR(ROLE_AGENT)
#define FOR_ACTION_TOKENS (1u << 30) /* besides the agent's own token */

/* Bits of what a route does differently. */
#define ROUTE_LENIENT  1u  /* any content type; refusals are alarms for the desk */
#define ROUTE_WAITS    2u  /* waits for room in a full lane until its deadline; kept in a crowd */
#define ROUTE_NEW      4u  /* new work: the first to be refused */
#define ROUTE_CALENDAR 8u  /* the body is an iCalendar file */
#define ROUTE_LONG     16u /* its body may be longer than others': a file */
#define ROUTE_UNOWNED  32u /* a shared phone may call it while nobody is signed in there */

#define ROUTES_MAX 128 /* counters are kept for so many */

struct route {
    const char *method;
    const char *pattern; /* "/v1/customers/{customer}/agents/{agent}" */
    unsigned roles;
    unsigned flags;
    exchange_handler *handler;
};

/* All routes; ends with a NULL method. */
const struct route *admin_api_routes(void);

/* Finds the route and puts the path's parameters into the exchange. NULL: no such path, or, when
 * exchange->allow is set, not with this method. */
const struct route *route_find(struct exchange *exchange, const char *method, const char *path);

/* One handler a route; the files are named after the resources. */
exchange_handler escalations_post, escalations_list, escalations_get;
exchange_handler escalations_cancel, escalations_note, escalations_severity, escalations_resume;
exchange_handler escalations_take, escalations_on_behalf, escalations_called_back;
exchange_handler escalations_assign, missions_list;
exchange_handler escalations_split, escalations_done;
exchange_handler tasks_list, tasks_done;
exchange_handler tickets_list, tickets_get, tickets_note, tickets_close, tickets_reopen;
exchange_handler tickets_link, tickets_unlink;
exchange_handler rehearsals_post, coverage_get, coverage_last;
exchange_handler agent_enrol, agent_put_device, agent_delete_device, agent_check_in;
exchange_handler agent_check_out, agent_me, agent_get_escalation, agent_verb_post;
exchange_handler agent_test_device, agent_tests_list, agent_tests_get, agent_test_verb;
exchange_handler devices_test, devices_tests_list, devices_tests_get;
exchange_handler shared_phones_list, shared_phones_post, shared_phones_get, shared_phones_delete;
exchange_handler agents_pin_put, agents_pin_delete, agent_pin_put;
exchange_handler sign_ins_get, sign_ins_post, sign_outs_post;
exchange_handler telephony_outcome, forwarding_get, forwarding_record;
exchange_handler desk_call_get, reachability_list, reachability_get, reachability_get_contact,
    agent_hear_device;
exchange_handler agent_pauses_post, agent_pauses_delete, agents_pauses_post, agents_pauses_delete;
exchange_handler customers_list, customers_get, customers_put;
exchange_handler holidays_get, holidays_put, holidays_delete;
exchange_handler agents_list, agents_get, agents_put, agents_enrolment, agents_devices;
exchange_handler contacts_list, contacts_get, contacts_put;
exchange_handler procedures_list, procedures_get, procedures_put;
exchange_handler rules_get, rules_put, rules_check_post;
exchange_handler rotas_list, rotas_get, rotas_put, rotas_on_call, rotas_import;
exchange_handler rotas_feeds_list, rotas_feeds_post, rotas_feeds_delete;
exchange_handler agents_feeds_list, agents_feeds_post, agents_feeds_delete;
exchange_handler feeds_get;
exchange_handler check_in_plan_get, check_in_plan_put, check_in_plan_delete, shifts_list;
exchange_handler publications_post, publications_list, publications_get, publications_seen;
exchange_handler agent_publications_list, agent_publications_seen;
exchange_handler api_keys_list, api_keys_post, api_keys_delete;
exchange_handler events_get;
exchange_handler providers_list;
exchange_handler backups_post, backups_get;
exchange_handler operations_health, operations_ready, operations_metrics, operations_openapi;

#endif
