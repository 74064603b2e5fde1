#include "admin-api/publications_told.h"

#include <jansson.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/base/text.h"
#include "gateway/store/store_publication.h"

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for what was published");
}

static bool read_time(const json_t *shift, const char *name, struct wall_time *time_r)
{
    const char *text = json_string_value(json_object_get(shift, name));
    return text != NULL && wall_time_parse(text, time_r) == STATUS_OK;
}

static enum status read_shifts(const struct publication_agent_row *row, json_t **json_r,
                               struct error *error)
{
    enum status status = json_parse(row->shifts, strlen(row->shifts), json_r, error);
    if (status == STATUS_NO_MEMORY) {
        return status;
    }
    return status == STATUS_OK && json_is_array(*json_r)
               ? STATUS_OK
               : error_set(error, STATUS_CORRUPT, "the shifts of a publication cannot be read");
}

/* One agent's shifts, behind those that are there. */
static enum status take_shifts(const struct publication_agent_row *row, const json_t *json,
                               struct rota_interval *shifts, size_t *count, struct error *error)
{
    size_t i;
    json_t *shift;
    json_array_foreach((json_t *)(uintptr_t)json, i, shift)
    {
        struct rota_interval *read = &shifts[*count];
        if (!read_time(shift, "from", &read->from) || !read_time(shift, "to", &read->to)) {
            return error_set(error, STATUS_CORRUPT, "a shift of a publication cannot be read");
        }
        (void)text_copy(read->agent, sizeof read->agent, row->agent);
        (*count)++;
    }
    return STATUS_OK;
}

static enum status read_publication(const struct publication_agent_row *rows, size_t count,
                                    struct arena *arena, struct rota_publication *publication,
                                    struct error *error)
{
    size_t total = 0, taken = 0;
    enum status status = STATUS_OK;
    json_t **documents = arena_alloc(arena, (count + 1) * sizeof(json_t *));
    if (documents == NULL) {
        return no_memory(error);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = read_shifts(&rows[i], &documents[i], error);
        total += json_array_size(documents[i]);
    }
    struct rota_interval *shifts = arena_alloc(arena, (total + 1) * sizeof *shifts);
    if (status == STATUS_OK && shifts == NULL) {
        status = no_memory(error);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = take_shifts(&rows[i], documents[i], shifts, &taken, error);
    }
    for (size_t i = 0; i < count; i++) {
        json_decref(documents[i]);
    }
    publication->shifts = shifts;
    publication->shifts_count = taken;
    return status;
}

static enum status read_one(struct store *store, const struct publication_row *row,
                            struct arena *arena, struct rota_publication *publication,
                            struct error *error)
{
    struct publication_agent_row *rows;
    size_t count;
    *publication = (struct rota_publication){.period = {row->from_at, row->to_at}};
    enum status status = store_list_publication_agents(store, row->customer_id, row->publication_id,
                                                       arena, &rows, &count, error);
    return status == STATUS_OK ? read_publication(rows, count, arena, publication, error) : status;
}

static bool covers(const struct publication_row *row, const struct rota_period *period)
{
    return row->from_at.ms <= period->from.ms && row->to_at.ms >= period->to.ms;
}

enum status publications_told(struct store *store, int64_t customer_id, const char *rota,
                              const struct rota_period *period, struct arena *arena,
                              struct publication_history *history_r, struct error *error)
{
    struct publication_row *rows;
    size_t count, read = 0;
    bool covered = false;
    enum status status =
        store_list_publications_over(store, customer_id, rota, period->from, period->to,
                                     PUBLICATIONS_OVER_MAX, arena, &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct rota_publication *publications = arena_alloc(arena, (count + 1) * sizeof *publications);
    if (publications == NULL) {
        return no_memory(error);
    }
    while (read < count && !covered && status == STATUS_OK) {
        status = read_one(store, &rows[read], arena, &publications[read], error);
        covered = covers(&rows[read++], period);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *history_r = (struct publication_history){publications, read};
    return covered || count < PUBLICATIONS_OVER_MAX
               ? STATUS_OK
               : error_set(error, STATUS_TOO_LARGE,
                           "rota %s: %d publications or more reach into this time: choose a "
                           "shorter one",
                           rota, PUBLICATIONS_OVER_MAX);
}
