/* rota_place.c - where in a rota's definition somebody is named: for the pointer of a refusal. */
#include "gateway/engine/engine_private.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/base/text.h"

static bool is_name(const json_t *value, const char *slug)
{
    const char *text = json_string_value(value);
    return text != NULL && strcmp(text, slug) == 0;
}

static bool find_in_layers(json_t *rota, const char *slug, char pointer_r[ERROR_POINTER_BYTES_MAX])
{
    size_t l, p;
    json_t *layer, *participant;
    json_array_foreach(json_object_get(rota, "layers"), l, layer)
    {
        json_array_foreach(json_object_get(layer, "participants"), p, participant)
        {
            if (is_name(participant, slug)) {
                (void)snprintf(pointer_r, ERROR_POINTER_BYTES_MAX, "/layers/%zu/participants/%zu",
                               l, p);
                return true;
            }
        }
    }
    return false;
}

static bool find_in_overrides(json_t *rota, const char *slug,
                              char pointer_r[ERROR_POINTER_BYTES_MAX])
{
    static const char *const members[] = {"agent", "with"};
    size_t o;
    json_t *override;
    json_array_foreach(json_object_get(rota, "overrides"), o, override)
    {
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
            if (is_name(json_object_get(override, members[i]), slug)) {
                (void)snprintf(pointer_r, ERROR_POINTER_BYTES_MAX, "/overrides/%zu/%s", o,
                               members[i]);
                return true;
            }
        }
    }
    return false;
}

void rota_place_of_agent(const char *definition, const char *slug,
                         char pointer_r[ERROR_POINTER_BYTES_MAX])
{
    json_t *rota = NULL;
    bool found =
        json_parse(definition, strlen(definition), &rota, NULL) == STATUS_OK &&
        (find_in_layers(rota, slug, pointer_r) || find_in_overrides(rota, slug, pointer_r));
    if (!found) { /* no memory to read it: the name alone has to do */
        (void)text_copy(pointer_r, ERROR_POINTER_BYTES_MAX, "/layers");
    }
    json_decref(rota);
}
