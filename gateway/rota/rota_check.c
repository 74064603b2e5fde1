/* Whether a rota has what its restrictions ask for. */
#include "gateway/rota/rota.h"

#include <stdio.h>

#include "gateway/rota/opening_hours.h"

/* NULL, or what is missing and what to do. */
static const char *missing(const struct rota_restriction *restriction,
                           const struct rota_context *context)
{
    const struct opening_hours *hours = context != NULL ? context->opening_hours : NULL;
    const struct holidays *holidays = context != NULL ? context->holidays : NULL;
    switch (restriction->kind) {
    case ROTA_ONLY_OPENING_HOURS:
    case ROTA_ONLY_OUTSIDE_OPENING_HOURS:
        if (hours == NULL) {
            return "needs opening hours: give the customer some, or a window of the week here";
        }
        return hours->heeds_holidays && holidays == NULL
                   ? "needs the holidays that the opening hours heed: give the customer some"
                   : NULL;
    case ROTA_ONLY_HOLIDAYS:
    case ROTA_EXCEPT_HOLIDAYS:
        return holidays == NULL ? "needs holidays: give the customer a calendar of them" : NULL;
    case ROTA_WINDOW:
        break;
    }
    return NULL;
}

enum status rota_check(const struct rota *rota, const struct rota_context *context,
                       struct error *error)
{
    for (size_t l = 0; l < rota->layers_count; l++) {
        const struct rota_layer *layer = &rota->layers[l];
        for (size_t r = 0; r < layer->restrictions_count; r++) {
            const char *what = missing(&layer->restrictions[r], context);
            if (what != NULL) {
                char pointer[ERROR_POINTER_BYTES_MAX];
                (void)snprintf(pointer, sizeof pointer, "/layers/%zu/restrictions/%zu/%s", l, r,
                               layer->restrictions[r].kind == ROTA_EXCEPT_HOLIDAYS ? "except"
                                                                                   : "only");
                return error_set_at(error, STATUS_INVALID, pointer, "%s: %s", pointer, what);
            }
        }
    }
    return STATUS_OK;
}
