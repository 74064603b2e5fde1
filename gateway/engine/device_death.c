/* device_death.c - a phone that dies while its agent is on duty with it: the shift was taken up,
 * and nobody would ask again. People are told, as only they can have the app registered anew. Where
 * the rota has a plan, the shift is asked for anew besides, which tells the agent by the other ways
 * (duty_lapse.c); without one nothing says whom to call, so that the alarm is all.
 */
#include "gateway/engine/duty_private.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/log.h"

/* A rota in which the agent is on call now; NULL: none. */
static const struct directory_rota *duty_of(const struct directory_customer *customer,
                                            int64_t agent_id, struct wall_time now)
{
    for (size_t r = 0; r < customer->rotas_count; r++) {
        const struct directory_rota *rota = &customer->rotas[r];
        for (size_t i = 0; i < rota->intervals_count; i++) {
            const struct directory_interval *interval = &rota->intervals[i];
            if (interval->agent_id == agent_id && interval->from.ms <= now.ms &&
                now.ms < interval->to.ms) {
                return rota;
            }
        }
    }
    return NULL;
}

static size_t others_alive(const struct directory_person *agent, int64_t device_id)
{
    size_t count = 0;
    for (size_t i = 0; i < agent->devices_count; i++) {
        count += agent->devices[i].live && agent->devices[i].id != device_id;
    }
    return count;
}

static void raise_alarm(struct engine *engine, const struct directory_customer *customer,
                        const struct directory_person *agent, const struct directory_device *device,
                        const struct directory_rota *rota)
{
    char about[3 * SLUG_BYTES_MAX], detail[512];
    (void)snprintf(about, sizeof about, "%s/%s/%s", customer->slug, rota->slug, agent->slug);
    (void)snprintf(detail, sizeof detail,
                   "%s: the phone %s, with which the shift was taken up, is given up by its "
                   "provider, and %zu other phones are left: call the agent, and have the app "
                   "register the phone again and check in",
                   about, device->installation, others_alive(agent, device->id));
    log_warning("device.died_on_shift", LOG_INT("device", device->id));
    engine_alarm_about(engine, "device.died_on_shift", about, detail);
}

enum status device_death_tell(struct engine *engine, int64_t customer_id, int64_t device_id,
                              struct wall_time since, struct error *error)
{
    const struct directory_customer *customer = directory_customer(engine->current, customer_id);
    const struct directory_person *agent = NULL;
    const struct directory_device *device =
        customer == NULL ? NULL : directory_device(customer, device_id, &agent);
    struct check_in_row check_in;
    if (device == NULL || !device->live || device->registered_at.ms > since.ms) {
        return STATUS_OK;
    }
    const struct directory_rota *rota =
        duty_of(customer, agent->id, clock_wall(&engine->configuration.clock));
    if (rota == NULL) {
        return STATUS_OK;
    }
    enum status status = store_get_check_in(engine->store, customer_id, agent->id, engine->scratch,
                                            &check_in, error);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (strcmp(check_in.installation, device->installation) == 0) {
        raise_alarm(engine, customer, agent, device, rota);
    }
    return STATUS_OK;
}

enum status device_retire(struct engine *engine, int64_t customer_id, int64_t agent_id,
                          int64_t device_id, const char *reason, struct wall_time at,
                          struct wall_time since, struct error *error)
{
    enum status status =
        store_retire_device(engine->store, customer_id, device_id, reason, at, since, error);
    return status == STATUS_OK
               ? duty_phone_gone(engine, customer_id, agent_id, ASKED_PHONE_DIED, at, error)
               : status;
}
