/* directory_pauses.c - the pauses of a customer's agents, as they were said. */
#include "gateway/engine/directory_private.h"

#include "gateway/store/store_standing.h"

static enum status keep_text(struct arena *arena, const char *text, const char **text_r,
                             struct error *error)
{
    *text_r = arena_text(arena, text);
    return text != NULL && *text_r == NULL
               ? error_set(error, STATUS_NO_MEMORY, "no memory for the directory")
               : STATUS_OK;
}

static enum status keep_pause(struct arena *arena, const struct pause_row *row,
                              const struct directory_pause **pause_r, struct error *error)
{
    struct directory_pause *pause = arena_alloc(arena, sizeof *pause);
    if (pause == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the directory");
    }
    *pause = (struct directory_pause){
        .since_at = row->since_at, .until_at = row->until_at, .until_engine = row->until_engine};
    enum status status = keep_text(arena, row->reason, &pause->reason, error);
    if (status == STATUS_OK) {
        status = keep_text(arena, row->operator_name, &pause->operator_name, error);
    }
    *pause_r = pause;
    return status;
}

enum status directory_pauses_load(struct store *store, int64_t customer_id, struct arena *rows,
                                  struct arena *arena, struct directory_person *agents,
                                  size_t agents_count, struct error *error)
{
    struct pause_row *pauses = NULL;
    size_t count = 0;
    enum status status = store_list_pauses(store, customer_id, rows, &pauses, &count, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        size_t k = 0;
        while (k < agents_count && agents[k].id != pauses[i].agent_id) {
            k++; /* few pause at a time, so that nothing is gained by an order */
        }
        if (k < agents_count) {
            status = keep_pause(arena, &pauses[i], &agents[k].pause, error);
        }
    }
    return status;
}
