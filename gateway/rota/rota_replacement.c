/* Writes an override into a rota's JSON form. The form is the rota: whoever reads it sees the
 * replacement, and whoever writes it anew decides about it. */
#include "gateway/rota/rota.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/json_reader.h"

static enum status out_of_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the replacement");
}

static json_t *override_of(struct wall_time from, struct wall_time to, const char *agent)
{
    char begins[RFC3339_BYTES_MAX], ends[RFC3339_BYTES_MAX];
    wall_time_format(from, begins);
    wall_time_format(to, ends);
    return json_pack("{s:s, s:s, s:s}", "from", begins, "to", ends, "agent", agent);
}

/* The rota's own list, or one that is added to it. Borrowed; NULL: no memory. */
static json_t *overrides_of(json_t *document)
{
    json_t *overrides = json_object_get(document, "overrides");
    if (!json_is_array(overrides)) { /* absent, or null */
        overrides = json_array();
        if (json_object_set_new(document, "overrides", overrides) != 0) {
            return NULL;
        }
    }
    return overrides;
}

static enum status write_out(json_t *document, struct arena *arena, const char **json_r,
                             struct error *error)
{
    struct rota *rota;
    char *text = json_dumps(document, JSON_COMPACT);
    const char *copy = text == NULL ? NULL : arena_text(arena, text);
    free(text);
    if (copy == NULL) {
        return out_of_memory(error);
    }
    enum status status = rota_parse(copy, strlen(copy), arena, &rota, error);
    if (status == STATUS_OK) {
        *json_r = copy;
    }
    return status;
}

enum status rota_add_replacement(const char *json, size_t json_bytes, struct wall_time from,
                                 struct wall_time to, const char *agent, struct arena *arena,
                                 const char **json_r, struct error *error)
{
    struct rota *rota;
    json_t *document;
    enum status status = rota_parse(json, json_bytes, arena, &rota, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (rota->overrides_count >= ROTA_OVERRIDES_MAX) {
        return error_set(error, STATUS_TOO_LARGE,
                         "the rota has %d overrides already: remove those that are over",
                         ROTA_OVERRIDES_MAX);
    }
    status = json_parse(json, json_bytes, &document, error);
    if (status != STATUS_OK) {
        return status;
    }
    json_t *overrides = overrides_of(document);
    if (overrides == NULL || json_array_append_new(overrides, override_of(from, to, agent)) != 0) {
        status = out_of_memory(error);
    } else {
        status = write_out(document, arena, json_r, error);
    }
    json_decref(document);
    return status;
}
