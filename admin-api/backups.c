/* backups.c - begins a backup and shows how it is doing. The work is the daemon's. */
#include "admin-api/admin_api_private.h"

#define BACKUP_BYTES_MAX 8192

static const char *const no_parameters[] = {NULL};

/* A backup holds every customer's data: not for the administrator of some. */
static bool may(struct exchange *exchange)
{
    if (!exchange->principal.all_customers) {
        (void)reply_fault(exchange, STATUS_FORBIDDEN, NULL,
                          "use an admin key over all customers: a backup holds all of them");
        return false;
    }
    if (exchange->api->backups.begin == NULL) {
        (void)reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
        return false;
    }
    return query_check(exchange, no_parameters);
}

static enum next reply_backup(struct exchange *exchange, struct uuid id, int http_status)
{
    const struct admin_api_backups *backups = &exchange->api->backups;
    char *text = arena_alloc(exchange->arena, BACKUP_BYTES_MAX);
    size_t bytes = text != NULL ? backups->show(backups->context, id, text, BACKUP_BYTES_MAX) : 0;
    return bytes > 0 ? reply_json(exchange, http_status, text, bytes)
                     : reply_fault(exchange, STATUS_NOT_FOUND, NULL,
                                   "only the last backup since the gateway's start is known");
}

enum next backups_post(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct uuid id;
    if (!may(exchange) || !body_begin(exchange, &reader, &error) || !body_end(exchange, &reader)) {
        return NEXT_ANSWER;
    }
    enum status status = exchange->api->backups.begin(exchange->api->backups.context, &id, &error);
    return status == STATUS_OK ? reply_backup(exchange, id, 202)
                               : reply_problem(exchange, status, &error, NULL);
}

enum next backups_get(struct exchange *exchange)
{
    struct uuid id;
    return may(exchange) && path_uuid(exchange, 0, &id) ? reply_backup(exchange, id, 200)
                                                        : NEXT_ANSWER;
}
