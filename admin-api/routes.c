/* routes.c - which method and path goes to which handler, and who may call it. */
#include "admin-api/routes.h"

#include <stdio.h>
#include <string.h>

#define ESCALATION   "/v1/escalations/{escalation}"
#define CUSTOMER     "/v1/customers/{customer}"
#define PUBLICATIONS CUSTOMER "/rotas/{role}/publications"
#define TICKET       "/v1/tickets/{ticket}"

static const struct route routes[] = {
    /* call centre */
    {"POST", "/v1/escalations", FOR_CALL_CENTRE, ROUTE_LENIENT | ROUTE_NEW, escalations_post},
    {"GET", "/v1/escalations", FOR_CALL_CENTRE, 0, escalations_list},
    {"GET", ESCALATION, FOR_CALL_CENTRE, 0, escalations_get},
    {"POST", ESCALATION "/cancel", FOR_CALL_CENTRE, 0, escalations_cancel},
    {"POST", ESCALATION "/notes", FOR_CALL_CENTRE, 0, escalations_note},
    {"POST", ESCALATION "/severity", FOR_CALL_CENTRE, 0, escalations_severity},
    {"POST", ESCALATION "/resume", FOR_CALL_CENTRE, 0, escalations_resume},
    {"POST", ESCALATION "/take", FOR_CALL_CENTRE, ROUTE_WAITS, escalations_take},
    {"POST", ESCALATION "/assign", FOR_CALL_CENTRE, 0, escalations_assign},
    {"POST", ESCALATION "/on-behalf", FOR_CALL_CENTRE, ROUTE_WAITS, escalations_on_behalf},
    {"POST", ESCALATION "/called-back", FOR_CALL_CENTRE, 0, escalations_called_back},
    {"POST", ESCALATION "/split", FOR_CALL_CENTRE, 0, escalations_split},
    {"POST", ESCALATION "/done", FOR_CALL_CENTRE, ROUTE_WAITS, escalations_done},
    {"GET", "/v1/tasks", FOR_CALL_CENTRE, 0, tasks_list},
    {"POST", "/v1/tasks/{task}/done", FOR_CALL_CENTRE, 0, tasks_done},
    {"GET", "/v1/tickets", FOR_PORTAL, 0, tickets_list},
    {"GET", TICKET, FOR_PORTAL, 0, tickets_get},
    {"POST", TICKET "/notes", FOR_CALL_CENTRE, 0, tickets_note},
    {"POST", TICKET "/close", FOR_CALL_CENTRE, 0, tickets_close},
    {"POST", TICKET "/reopen", FOR_CALL_CENTRE, 0, tickets_reopen},
    {"PUT", TICKET "/links/{other}", FOR_CALL_CENTRE, 0, tickets_link},
    {"DELETE", TICKET "/links/{other}", FOR_CALL_CENTRE, 0, tickets_unlink},
    {"GET", "/v1/desk/{number}", FOR_CALL_CENTRE, 0, desk_call_get},
    {"POST", "/v1/rehearsals", FOR_PORTAL, 0, rehearsals_post},
    {"GET", "/v1/coverage", FOR_PORTAL, 0, coverage_get},
    {"GET", "/v1/coverage/last", FOR_PORTAL, 0, coverage_last},
    /* agent's phone */
    {"POST", "/v1/agent/enrolments", FOR_ANYBODY, 0, agent_enrol},
    {"PUT", "/v1/agent/devices/{installation}", FOR_AGENT, ROUTE_UNOWNED, agent_put_device},
    {"DELETE", "/v1/agent/devices/{installation}", FOR_AGENT, ROUTE_UNOWNED, agent_delete_device},
    {"POST", "/v1/agent/devices/{installation}/contact", FOR_AGENT, 0, agent_hear_device},
    {"POST", "/v1/agent/devices/{installation}/test", FOR_AGENT, 0, agent_test_device},
    {"GET", "/v1/agent/devices/{installation}/tests", FOR_AGENT, 0, agent_tests_list},
    {"GET", "/v1/agent/devices/{installation}/tests/{test}", FOR_AGENT, 0, agent_tests_get},
    {"POST", "/v1/agent/tests/{test}/{verb}", FOR_AGENT | FOR_ACTION_TOKENS, ROUTE_WAITS,
     agent_test_verb},
    {"POST", "/v1/agent/check-ins", FOR_AGENT, 0, agent_check_in},
    {"POST", "/v1/agent/check-outs", FOR_AGENT, 0, agent_check_out},
    {"POST", "/v1/agent/pauses", FOR_AGENT, 0, agent_pauses_post},
    {"DELETE", "/v1/agent/pauses", FOR_AGENT, 0, agent_pauses_delete},
    {"PUT", "/v1/agent/pin", FOR_AGENT, 0, agent_pin_put},
    {"GET", "/v1/agent/sign-ins", FOR_AGENT, ROUTE_UNOWNED, sign_ins_get},
    {"POST", "/v1/agent/sign-ins", FOR_AGENT, ROUTE_UNOWNED, sign_ins_post},
    {"POST", "/v1/agent/sign-outs", FOR_AGENT, ROUTE_UNOWNED, sign_outs_post},
    {"GET", "/v1/agent/me", FOR_AGENT, 0, agent_me},
    {"GET", "/v1/agent/publications", FOR_AGENT, 0, agent_publications_list},
    {"POST", "/v1/agent/publications/{publication}/seen", FOR_AGENT, 0, agent_publications_seen},
    {"GET", "/v1/agent/escalations/{escalation}", FOR_AGENT, 0, agent_get_escalation},
    {"POST", "/v1/agent/escalations/{escalation}/{verb}", FOR_AGENT | FOR_ACTION_TOKENS,
     ROUTE_WAITS, agent_verb_post},
    /* telephony */
    {"POST", "/v1/telephony/calls/{attempt}/outcome", FOR_TELEPHONY, ROUTE_WAITS,
     telephony_outcome},
    {"GET", "/v1/route/{number}", FOR_TELEPHONY | FOR_CALL_CENTRE, ROUTE_WAITS, forwarding_get},
    {"POST", "/v1/route/{number}/calls", FOR_TELEPHONY | FOR_CALL_CENTRE, 0, forwarding_record},
    /* admin */
    {"GET", "/v1/customers", FOR_ADMIN, 0, customers_list},
    {"GET", CUSTOMER, FOR_ADMIN, 0, customers_get},
    {"PUT", CUSTOMER, FOR_ADMIN, 0, customers_put},
    {"GET", CUSTOMER "/holidays.ics", FOR_ADMIN, 0, holidays_get},
    {"PUT", CUSTOMER "/holidays.ics", FOR_ADMIN, ROUTE_CALENDAR | ROUTE_LONG, holidays_put},
    {"DELETE", CUSTOMER "/holidays.ics", FOR_ADMIN, 0, holidays_delete},
    {"GET", CUSTOMER "/agents", FOR_ADMIN, 0, agents_list},
    {"GET", CUSTOMER "/agents/{agent}", FOR_ADMIN, 0, agents_get},
    {"PUT", CUSTOMER "/agents/{agent}", FOR_ADMIN, 0, agents_put},
    {"POST", CUSTOMER "/agents/{agent}/enrolments", FOR_ADMIN, 0, agents_enrolment},
    {"GET", CUSTOMER "/agents/{agent}/devices", FOR_ADMIN, 0, agents_devices},
    {"PUT", CUSTOMER "/agents/{agent}/pin", FOR_ADMIN, 0, agents_pin_put},
    {"DELETE", CUSTOMER "/agents/{agent}/pin", FOR_ADMIN, 0, agents_pin_delete},
    {"GET", CUSTOMER "/shared-phones", FOR_ADMIN, 0, shared_phones_list},
    {"POST", CUSTOMER "/shared-phones", FOR_ADMIN, 0, shared_phones_post},
    {"GET", CUSTOMER "/shared-phones/{phone}", FOR_ADMIN, 0, shared_phones_get},
    {"DELETE", CUSTOMER "/shared-phones/{phone}", FOR_ADMIN, 0, shared_phones_delete},
    {"GET", CUSTOMER "/agents/{agent}/feeds", FOR_ADMIN, 0, agents_feeds_list},
    {"POST", CUSTOMER "/agents/{agent}/feeds", FOR_ADMIN, 0, agents_feeds_post},
    {"DELETE", CUSTOMER "/agents/{agent}/feeds/{feed}", FOR_ADMIN, 0, agents_feeds_delete},
    {"POST", CUSTOMER "/devices/{device}/test", FOR_CALL_CENTRE, 0, devices_test},
    {"GET", CUSTOMER "/devices/{device}/tests", FOR_CALL_CENTRE, 0, devices_tests_list},
    {"GET", CUSTOMER "/devices/{device}/tests/{test}", FOR_CALL_CENTRE, 0, devices_tests_get},
    {"GET", CUSTOMER "/reachability", FOR_CALL_CENTRE, 0, reachability_list},
    {"GET", CUSTOMER "/agents/{agent}/reachability", FOR_CALL_CENTRE, 0, reachability_get},
    {"GET", CUSTOMER "/contacts/{contact}/reachability", FOR_CALL_CENTRE, 0,
     reachability_get_contact},
    {"POST", CUSTOMER "/agents/{agent}/pauses", FOR_CALL_CENTRE, 0, agents_pauses_post},
    {"DELETE", CUSTOMER "/agents/{agent}/pauses", FOR_CALL_CENTRE, 0, agents_pauses_delete},
    {"GET", CUSTOMER "/interventions", FOR_CALL_CENTRE, 0, missions_list},
    {"GET", CUSTOMER "/contacts", FOR_ADMIN, 0, contacts_list},
    {"GET", CUSTOMER "/contacts/{contact}", FOR_ADMIN, 0, contacts_get},
    {"PUT", CUSTOMER "/contacts/{contact}", FOR_ADMIN, 0, contacts_put},
    {"GET", CUSTOMER "/procedures", FOR_ADMIN, 0, procedures_list},
    {"GET", CUSTOMER "/procedures/{procedure}", FOR_ADMIN, 0, procedures_get},
    {"PUT", CUSTOMER "/procedures/{procedure}", FOR_ADMIN, 0, procedures_put},
    {"GET", CUSTOMER "/rules", FOR_ADMIN, 0, rules_get},
    {"PUT", CUSTOMER "/rules", FOR_ADMIN, 0, rules_put},
    {"POST", CUSTOMER "/rules/check", FOR_ADMIN, 0, rules_check_post},
    {"GET", CUSTOMER "/rotas", FOR_ADMIN, 0, rotas_list},
    {"GET", CUSTOMER "/rotas/{role}", FOR_ADMIN, 0, rotas_get},
    {"PUT", CUSTOMER "/rotas/{role}", FOR_ADMIN, ROUTE_LONG, rotas_put},
    {"GET", CUSTOMER "/rotas/{role}/check-in", FOR_ADMIN, 0, check_in_plan_get},
    {"PUT", CUSTOMER "/rotas/{role}/check-in", FOR_ADMIN, 0, check_in_plan_put},
    {"DELETE", CUSTOMER "/rotas/{role}/check-in", FOR_ADMIN, 0, check_in_plan_delete},
    {"GET", CUSTOMER "/shifts", FOR_CALL_CENTRE, 0, shifts_list},
    {"GET", CUSTOMER "/rotas/{role}/on-call", FOR_CALL_CENTRE, 0, rotas_on_call},
    {"POST", CUSTOMER "/rotas/{role}/import", FOR_ADMIN, ROUTE_CALENDAR | ROUTE_LONG, rotas_import},
    {"GET", CUSTOMER "/rotas/{role}/feeds", FOR_ADMIN, 0, rotas_feeds_list},
    {"POST", CUSTOMER "/rotas/{role}/feeds", FOR_ADMIN, 0, rotas_feeds_post},
    {"DELETE", CUSTOMER "/rotas/{role}/feeds/{feed}", FOR_ADMIN, 0, rotas_feeds_delete},
    {"GET", PUBLICATIONS, FOR_PORTAL, 0, publications_list},
    {"POST", PUBLICATIONS, FOR_ADMIN, 0, publications_post},
    {"GET", PUBLICATIONS "/{publication}", FOR_PORTAL, 0, publications_get},
    {"POST", PUBLICATIONS "/{publication}/seen", FOR_ADMIN, 0, publications_seen},
    {"GET", "/v1/api-keys", FOR_ADMIN, 0, api_keys_list},
    {"POST", "/v1/api-keys", FOR_ADMIN, 0, api_keys_post},
    {"DELETE", "/v1/api-keys/{key}", FOR_ADMIN, 0, api_keys_delete},
    {"GET", "/v1/providers", FOR_CALL_CENTRE, 0, providers_list},
    {"POST", "/v1/backups", FOR_ADMIN, 0, backups_post},
    {"GET", "/v1/backups/{backup}", FOR_ADMIN, 0, backups_get},
    /* calendar programs, which have the secret address and nothing else */
    {"GET", "/v1/feeds/{feed}", FOR_ANYBODY, 0, feeds_get},
    /* live */
    {"GET", "/v1/events", FOR_CALL_CENTRE, 0, events_get},
    /* operations */
    {"GET", "/healthz", FOR_ANYBODY, 0, operations_health},
    {"GET", "/readyz", FOR_ANYBODY, 0, operations_ready},
    {"GET", "/metrics", FOR_ANYBODY, 0, operations_metrics},
    {"GET", "/openapi.json", FOR_ANYBODY, 0, operations_openapi},
    {NULL, NULL, 0, 0, NULL},
};
_Static_assert(sizeof routes / sizeof routes[0] - 1 <= ROUTES_MAX, "a route without counters");

const struct route *admin_api_routes(void)
{
    return routes;
}

#define ALLOW_BYTES_MAX 64

struct piece {
    const char *text;
    size_t bytes;
};

/* The next segment of a path behind its '/'; moves *path on. */
static struct piece next_piece(const char **path)
{
    const char *begin = *path + 1;
    size_t bytes = strcspn(begin, "/");
    *path = begin + bytes;
    return (struct piece){begin, bytes};
}

static bool pattern_matches(const char *pattern, const char *path,
                            struct piece pieces_r[PATH_PARAMETERS_MAX], size_t *count_r)
{
    size_t count = 0;
    while (*pattern == '/' && *path == '/') {
        struct piece wanted = next_piece(&pattern), given = next_piece(&path);
        if (wanted.text[0] == '{') {
            if (given.bytes == 0 || count == PATH_PARAMETERS_MAX) {
                return false;
            }
            pieces_r[count++] = given;
        } else if (wanted.bytes != given.bytes ||
                   memcmp(wanted.text, given.text, given.bytes) != 0) {
            return false;
        }
    }
    *count_r = count;
    return *pattern == '\0' && *path == '\0';
}

const struct route *route_find(struct exchange *exchange, const char *method, const char *path)
{
    char allow[ALLOW_BYTES_MAX] = "";
    size_t allow_bytes = 0;
    struct piece pieces[PATH_PARAMETERS_MAX];
    size_t count;
    for (const struct route *route = routes; route->method != NULL; route++) {
        if (!pattern_matches(route->pattern, path, pieces, &count)) {
            continue;
        }
        if (strcmp(route->method, method) != 0) {
            int wrote = snprintf(allow + allow_bytes, sizeof allow - allow_bytes, "%s%s",
                                 allow_bytes > 0 ? ", " : "", route->method);
            allow_bytes +=
                wrote > 0 && (size_t)wrote < sizeof allow - allow_bytes ? (size_t)wrote : 0;
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            exchange->parameters[i] =
                arena_text_n(exchange->arena, pieces[i].text, pieces[i].bytes);
        }
        exchange->allow = NULL;
        return route;
    }
    exchange->allow = allow_bytes > 0 ? arena_text(exchange->arena, allow) : NULL;
    return NULL;
}
