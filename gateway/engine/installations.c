/* installations.c - one phone that several enrolments registered: what happens to its target
 * happens to each of them, and in one customer it is one agent's only. */
#include "gateway/engine/duty_private.h"

#include <stdio.h>
#include <string.h>

#include "gateway/engine/phones_private.h"

static bool same_text(const char *left, const char *right)
{
    return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

/* ---- a target that is gone ---- */

/* Shared phones that nobody has are registered as well. */
static enum status retire_shared(struct engine *engine, const struct registration_row *gone,
                                 struct wall_time since, struct error *error)
{
    struct shared_phone_row *phones = NULL;
    size_t count = 0;
    enum status status = store_list_shared_phones_of_target(
        engine->store, gone->installation, gone->platform, gone->target, PHONE_ROWS_MAX,
        engine->scratch, &phones, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (phones[i].registered_at.ms <= since.ms) {
            phones[i].target = NULL;
            engine_customer_changed(engine, phones[i].customer_id, false);
            status = store_update_shared_phone(engine->store, &phones[i], error);
        }
    }
    return status;
}

enum status installation_retire(struct engine *engine, int64_t customer_id, int64_t device_id,
                                const char *reason, struct wall_time at, struct wall_time since,
                                struct error *error)
{
    struct registration_row *rows = NULL;
    size_t count = 0;
    bool again = false;
    enum status status =
        store_list_registrations_of_device(engine->store, customer_id, device_id, PHONE_ROWS_MAX,
                                           engine->scratch, &rows, &count, error);
    for (size_t i = 0; i < count; i++) {
        again = again || rows[i].registered_at.ms > since.ms;
    }
    if (status != STATUS_OK || again || count == 0) {
        return status;
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        engine_customer_changed(engine, rows[i].customer_id, false);
        status = device_death_tell(engine, rows[i].customer_id, rows[i].device_id, since, error);
        if (status == STATUS_OK) {
            status = device_retire(engine, rows[i].customer_id, rows[i].agent_id, rows[i].device_id,
                                   reason, at, since, error);
        }
    }
    return status == STATUS_OK ? retire_shared(engine, &rows[0], since, error) : status;
}

/* ---- a target that was replaced ---- */

static enum status rotate_shared(struct engine *engine, const struct registration_row *before,
                                 const struct command *command, struct error *error)
{
    const struct device_request *request = &command->request.device;
    struct shared_phone_row *phones = NULL;
    size_t count = 0;
    enum status status = store_list_shared_phones_of_target(
        engine->store, before->installation, before->platform, before->target, PHONE_ROWS_MAX,
        engine->scratch, &phones, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct shared_phone_row *phone = &phones[i];
        if (same_text(phone->public_key, before->public_key) &&
            same_text(phone->auth_secret, before->auth_secret)) {
            phone->public_key = request->public_key;
            phone->auth_secret = request->auth_secret;
        }
        phone->platform = request->platform;
        phone->target = request->target;
        phone->environment = request->environment;
        phone->registered_at = command->received_at;
        engine_customer_changed(engine, phone->customer_id, false);
        status = store_update_shared_phone(engine->store, phone, error);
    }
    return status;
}

enum status installation_rotate(struct engine *engine, const struct registration_row *before,
                                const struct command *command, struct error *error)
{
    const struct device_request *request = &command->request.device;
    struct registration_row *rows = NULL;
    size_t count = 0;
    if (before->platform == request->platform && same_text(before->target, request->target)) {
        return STATUS_OK;
    }
    enum status status = store_list_registrations(engine->store, before->installation,
                                                  before->platform, before->target, PHONE_ROWS_MAX,
                                                  engine->scratch, &rows, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct rotation_row row = {
            .customer_id = rows[i].customer_id,
            .device_id = rows[i].device_id,
            .platform = request->platform,
            .target = request->target,
            .environment = request->environment,
            .public_key = request->public_key,
            .auth_secret = request->auth_secret,
            .old_public_key = before->public_key,
            .old_auth_secret = before->auth_secret,
            .registered_at = command->received_at,
        };
        engine_customer_changed(engine, rows[i].customer_id, true);
        status = store_rotate_registration(engine->store, &row, error);
    }
    return status == STATUS_OK ? rotate_shared(engine, before, command, error) : status;
}

/* ---- whose it is ---- */

/* Those of others: neither the one that asks nor what it takes over in its own customer. */
static bool is_others(const struct registration_row *row, const struct command *command)
{
    return row->phone_id == 0 && row->customer_id != command->customer_id;
}

bool installation_has_room(struct engine *engine, struct command *command, enum status *status_r,
                           struct error *error)
{
    const struct device_request *request = &command->request.device;
    struct registration_row *rows = NULL;
    struct shared_phone_row *phones = NULL;
    size_t rows_count = 0, phones_count = 0, others = 0;
    bool shared_here = false, known = false;
    *status_r = store_list_registrations(engine->store, request->installation, request->platform,
                                         request->target, PHONE_ROWS_MAX, engine->scratch, &rows,
                                         &rows_count, error);
    if (*status_r == STATUS_OK) {
        *status_r = store_list_shared_phones_of_target(
            engine->store, request->installation, request->platform, request->target,
            PHONE_ROWS_MAX, engine->scratch, &phones, &phones_count, error);
    }
    for (size_t i = 0; i < rows_count; i++) {
        others += is_others(&rows[i], command);
        known = known || rows[i].customer_id == command->customer_id;
    }
    for (size_t i = 0; i < phones_count; i++) {
        bool here = phones[i].customer_id == command->customer_id;
        others += !here;
        known = known || here;
        shared_here = shared_here || here;
    }
    if (*status_r == STATUS_OK && shared_here && request->phone_id == 0) {
        answer_refuse(command, STATUS_CONFLICT,
                      "this phone is registered as a shared one: sign in on it, or log it out "
                      "there first");
        return false;
    }
    if (*status_r == STATUS_OK && !known && others >= REGISTRATIONS_OF_PHONE_MAX) {
        answer_refuse(command, STATUS_CONFLICT,
                      "this phone serves %d enrolments already; log one of them out first",
                      REGISTRATIONS_OF_PHONE_MAX);
        return false;
    }
    return *status_r == STATUS_OK;
}

/* A shared phone of the same customer enrolled anew: what it was before has no phone any more. */
static enum status take_over_shared(struct engine *engine, const struct command *command,
                                    struct error *error)
{
    const struct device_request *request = &command->request.device;
    struct shared_phone_row *phones = NULL;
    size_t count = 0;
    enum status status = store_list_shared_phones_of_target(
        engine->store, request->installation, request->platform, request->target, PHONE_ROWS_MAX,
        engine->scratch, &phones, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (phones[i].customer_id != command->customer_id ||
            phones[i].phone_id == request->phone_id) {
            continue;
        }
        status = shared_phone_give_back(engine, &phones[i], DEVICE_TAKEN_OVER, command->received_at,
                                        error);
        phones[i].target = NULL;
        if (status == STATUS_OK) {
            status = store_update_shared_phone(engine->store, &phones[i], error);
        }
    }
    return status;
}

enum status installation_take_over(struct engine *engine, const struct command *command,
                                   struct error *error)
{
    const struct device_request *request = &command->request.device;
    struct registration_row *rows = NULL;
    size_t count = 0;
    enum status status = take_over_shared(engine, command, error);
    if (status == STATUS_OK) {
        status = store_list_registrations(engine->store, request->installation, request->platform,
                                          request->target, PHONE_ROWS_MAX, engine->scratch, &rows,
                                          &count, error);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        bool own = request->phone_id != 0 ? rows[i].phone_id == request->phone_id
                                          : rows[i].agent_id == request->agent_id;
        if (rows[i].customer_id != command->customer_id || own) {
            continue;
        }
        status = device_retire(engine, command->customer_id, rows[i].agent_id, rows[i].device_id,
                               DEVICE_TAKEN_OVER, command->received_at, REGISTERED_EVER, error);
        if (status == STATUS_OK) {
            status = installation_tell_lost(engine, command->customer_id, rows[i].agent_id,
                                            request->installation, command->received_at, error);
        }
    }
    return status;
}

/* The rota in which the agent is on call; NULL: none. */
static const struct directory_rota *rota_of_duty(const struct directory_customer *customer,
                                                 int64_t agent_id, struct wall_time at)
{
    for (size_t i = 0; i < customer->rotas_count; i++) {
        const struct directory_rota *rota = &customer->rotas[i];
        for (size_t k = 0; k < rota->intervals_count; k++) {
            const struct directory_interval *interval = &rota->intervals[k];
            if (interval->agent_id == agent_id && interval->from.ms <= at.ms &&
                at.ms < interval->to.ms) {
                return rota;
            }
        }
    }
    return NULL;
}

enum status installation_tell_lost(struct engine *engine, int64_t customer_id, int64_t agent_id,
                                   const char *installation, struct wall_time at,
                                   struct error *error)
{
    const struct directory_customer *customer = directory_customer(engine->current, customer_id);
    const struct directory_rota *rota =
        customer == NULL ? NULL : rota_of_duty(customer, agent_id, at);
    int64_t others = 0;
    if (rota == NULL) {
        return STATUS_OK;
    }
    enum status status = store_count_other_devices(engine->store, customer_id, agent_id,
                                                   installation, &others, error);
    if (status != STATUS_OK || others > 0) {
        return status;
    }
    char about[2 * SLUG_BYTES_MAX], detail[ERROR_TEXT_BYTES_MAX];
    (void)snprintf(about, sizeof about, "%s/%s", customer->slug, rota->slug);
    (void)snprintf(detail, sizeof detail,
                   "%s: an agent on call has no phone any more, as it went to a colleague: they "
                   "are reached by telephone only, until they sign in on a phone",
                   about);
    engine_alarm_about(engine, "phone.lost_on_duty", about, detail);
    return STATUS_OK;
}
