/* authorize.c - who asks, whether the object is theirs (404 otherwise) and whether their role may
 * do it (403 otherwise), in this order.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "admin-api/admin_api_private.h"

#define BEARER           "Bearer "
#define ACTION_PREFIX    "xt_"
#define CUSTOMER_PATTERN "/v1/customers/{customer}"

static const char *bearer_token(const struct exchange *exchange)
{
    const char *value = exchange->authorization;
    if (value == NULL || strncasecmp(value, BEARER, sizeof BEARER - 1) != 0) {
        return NULL;
    }
    value += sizeof BEARER - 1;
    return value + strspn(value, " ");
}

static bool refuse(struct exchange *exchange, enum status status)
{
    (void)reply_problem(exchange, status, NULL, NULL);
    return false;
}

static bool role_may(const struct exchange *exchange)
{
    const struct principal *principal = &exchange->principal;
    unsigned roles = exchange->route->roles;
    if ((roles & FOR(principal->role)) != 0) {
        return true;
    }
    /* The administrator of everything may stand in for everybody who has no person behind. */
    return principal->role == ROLE_ADMIN && principal->all_customers && (roles & FOR_AGENT) == 0;
}

/* Who would have to ask, and who does. */
static bool refuse_role(struct exchange *exchange)
{
    unsigned roles = exchange->route->roles;
    const char *own = role_word(exchange->principal.role);
    if ((roles & FOR_AGENT) != 0) {
        (void)reply_fault(exchange, STATUS_FORBIDDEN, NULL,
                          "this call needs an agent's own token, which POST /v1/agent/enrolments "
                          "gives; this key's is %s",
                          own);
        return false;
    }
    char needed[64] = "";
    size_t used = 0;
    for (enum role role = ROLE_CALL_CENTRE; role < ROLE_AGENT; role++) {
        if ((roles & FOR(role)) != 0) {
            int wrote = snprintf(needed + used, sizeof needed - used, "%s%s",
                                 used > 0 ? " or " : "", role_word(role));
            used += wrote > 0 && (size_t)wrote < sizeof needed - used ? (size_t)wrote : 0;
        }
    }
    (void)reply_fault(exchange, STATUS_FORBIDDEN, NULL,
                      "this call needs the role %s; this key's is %s", needed, own);
    return false;
}

/* False: the path names a customer that is none, or not one of the principal's. */
static bool find_customer(struct exchange *exchange)
{
    if (strncmp(exchange->route->pattern, CUSTOMER_PATTERN, sizeof CUSTOMER_PATTERN - 1) != 0) {
        return true;
    }
    exchange->customer = directory_customer_by_slug(exchange->directory, exchange->parameters[0]);
    if (exchange->customer == NULL) {
        /* Who sees all customers may make a new one. */
        return exchange->principal.all_customers && strcmp(exchange->route->method, "PUT") == 0 &&
               strcmp(exchange->route->pattern, CUSTOMER_PATTERN) == 0;
    }
    exchange->customer_id = exchange->customer->id;
    return principal_covers(&exchange->principal, exchange->customer->id);
}

/* What an agent's phone asks is asked by the agent: on a shared one somebody must be signed in. */
static bool has_owner(struct exchange *exchange)
{
    if (exchange->principal.agent_id != 0 || (exchange->route->flags & ROUTE_UNOWNED) != 0) {
        return true;
    }
    (void)reply_fault(exchange, STATUS_CONFLICT, NULL,
                      "nobody is signed in on this shared phone: POST /v1/agent/sign-ins first");
    return false;
}

bool authorize(struct exchange *exchange)
{
    unsigned roles = exchange->route->roles;
    exchange->directory = engine_directory_acquire(exchange->api->engine);
    if (roles == FOR_ANYBODY) {
        return true;
    }
    const char *token = bearer_token(exchange);
    if (token == NULL) {
        return refuse(exchange, STATUS_UNAUTHENTICATED);
    }
    if (strncmp(token, ACTION_PREFIX, sizeof ACTION_PREFIX - 1) == 0) {
        if ((roles & FOR_ACTION_TOKENS) == 0) {
            return refuse(exchange, STATUS_UNAUTHENTICATED);
        }
        exchange->action_token = token; /* the engine makes it again and compares */
        return true;
    }
    if (directory_authenticate(exchange->directory, token, &exchange->principal) != STATUS_OK) {
        return refuse(exchange, STATUS_UNAUTHENTICATED);
    }
    if (!find_customer(exchange)) {
        return refuse(exchange, STATUS_NOT_FOUND);
    }
    if (!role_may(exchange)) {
        return refuse_role(exchange);
    }
    if (exchange->principal.role == ROLE_AGENT) {
        exchange->customer_id = exchange->principal.customer_id;
        return has_owner(exchange);
    }
    return true;
}
