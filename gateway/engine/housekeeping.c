/* housekeeping.c - work that comes from time rather than from anybody: rotas that run short, old
 * idempotency keys, pauses that are over, shifts that are to be checked in. */
#include "gateway/engine/engine_private.h"

#include "gateway/base/log.h"
#include "gateway/store/store_standing.h"

void housekeeping(struct engine *engine)
{
    int64_t customer_id = 0;
    struct engine_time now = engine_now(engine);
    if (directory_rotas_wear(engine->current, clock_wall(&engine->configuration.clock),
                             &customer_id) <= 0) {
        engine_customer_changed(engine, customer_id, false);
    }
    if (now.ms - engine->purged_at.ms >= IDEMPOTENCY_PURGE_EVERY_MS) {
        struct error error;
        engine->purged_at = now;
        enum status status = store_purge_idempotency(
            engine->store, (struct engine_time){now.ms - IDEMPOTENCY_LIFE_MS}, &error);
        if (status == STATUS_OK) {
            status = store_forget_pauses(engine->store, now, &error);
        }
        if (status != STATUS_OK) {
            log_error("engine.purge_failed", LOG_TEXT("detail", error.text));
            (void)reserve_make_room(engine, status);
        }
    }
    if (atomic_exchange(&engine->root_key_changed, false)) {
        engine_customer_changed(engine, 0, false);
    }
    rota_watch_begin(engine);
    check_in_watch_look(engine);
}
