/* rota_watch.c - rotas that do not compile any more: nobody is on call in them, so somebody must
 * hear of it, once while it lasts and after each start. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/engine_private.h"

/* Of one start or one change; more have one reason, such as zone files that are gone. */
#define TOLD_ONE_BY_ONE 10

static const struct directory_rota *find(const struct directory_customer *customer, int64_t rota_id)
{
    for (size_t i = 0; customer != NULL && i < customer->rotas_count; i++) {
        if (customer->rotas[i].id == rota_id) {
            return &customer->rotas[i];
        }
    }
    return NULL;
}

static bool is_new(const struct directory_customer *before, const struct directory_rota *rota)
{
    const struct directory_rota *was = find(before, rota->id);
    return rota->broken &&
           (was == NULL || !was->broken || strcmp(was->broken_reason, rota->broken_reason) != 0);
}

static void tell(struct engine *engine, const struct directory_customer *customer,
                 const struct directory_rota *rota)
{
    char about[96], detail[ERROR_TEXT_BYTES_MAX + 3 * SLUG_BYTES_MAX + 256];
    /* When it broke, as well: broken again within a minute is to be told again. */
    (void)snprintf(about, sizeof about, "%lld/%lld/%lld", (long long)customer->id,
                   (long long)rota->id, (long long)rota->compiled_from.ms);
    (void)snprintf(detail, sizeof detail,
                   "%s: the rota %s does not compile, so that nobody is on call in it: %s. Put the "
                   "rota again, or what it needs of the customer; until then whoever should be on "
                   "call is reached by name or by telephone only",
                   customer->slug, rota->slug, rota->broken_reason);
    engine_alarm_about(engine, "rota.broken", about, detail);
}

static void tell_more(struct engine *engine, size_t count)
{
    char detail[256];
    (void)snprintf(
        detail, sizeof detail,
        "%zu more rotas do not compile: GET /v1/customers/{customer}/shifts says of each "
        "customer which, and why",
        count);
    engine_alarm_about(engine, "rota.broken", "more", detail);
}

void rota_watch_look(struct engine *engine, const struct directory *before)
{
    const struct directory *now = engine->published;
    const struct directory_customer *customer = directory_customer_after(now, 0);
    size_t count = 0;
    for (; customer != NULL; customer = directory_customer_after(now, customer->id)) {
        const struct directory_customer *was =
            before != NULL ? directory_customer(before, customer->id) : NULL;
        for (size_t i = 0; was != customer && i < customer->rotas_count; i++) {
            if (is_new(was, &customer->rotas[i]) && ++count <= TOLD_ONE_BY_ONE) {
                tell(engine, customer, &customer->rotas[i]);
            }
        }
    }
    if (count > TOLD_ONE_BY_ONE) {
        tell_more(engine, count - TOLD_ONE_BY_ONE);
    }
}

void rota_watch_begin(struct engine *engine)
{
    if (!engine->rotas_looked_at) {
        engine->rotas_looked_at = true;
        rota_watch_look(engine, NULL);
    }
}
