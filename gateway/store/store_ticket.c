/* store_ticket.c - tickets, their notes and links, and the end of what is personal in them. */
#include "gateway/store/store_ticket.h"

#include <assert.h>
#include <string.h>

#include "gateway/core/ticket_number.h"
#include "gateway/store/store_ticket_private.h"

#define DAY_MS INT64_C(86400000)

#define ROW struct ticket_row
static const struct column ticket_columns[] = {
    SAME(customer_id, INT64), SAME(ticket_id, UUID), SAME(category, TEXT),
    SAME(summary, TEXT),      SAME(details, TEXT),   SAME(fields, TEXT),
    SAME(opened_at, TIME),    SAME(closed_at, TIME), SAME(number, INT64),
    SAME(duplicate_of, UUID), SAME(erased_at, TIME),
};
#undef ROW
const struct row_map ticket_row_map = {ticket_columns,
                                       sizeof ticket_columns / sizeof ticket_columns[0]};

#define ROW struct ticket_note_row
static const struct column note_columns[] = {
    SAME(customer_id, INT64), SAME(ticket_id, UUID), SAME(number, INT64), SAME(kind, INT),
    SAME(at, TIME),           SAME(by, TEXT),        SAME(other, UUID),   SAME(text, TEXT),
};
MAP(note);
#undef ROW

enum ticket_state ticket_state_of(const struct ticket_row *row)
{
    return row->erased_at.ms != TIME_NEVER_MS   ? TICKET_ERASED
           : row->closed_at.ms != TIME_NEVER_MS ? TICKET_CLOSED
                                                : TICKET_OPEN;
}

const char *ticket_state_word(enum ticket_state state)
{
    static const char *const words[] = {"any", "open", "closed", "erased"};
    assert((unsigned)state <= TICKET_ERASED);
    return words[state];
}

const char *ticket_note_word(enum ticket_note_kind kind)
{
    static const char *const words[] = {"note", "closed", "reopened", "linked", "unlinked"};
    assert((unsigned)kind <= TICKET_NOTE_UNLINKED);
    return words[kind];
}

enum status store_begin_of_ticket(struct store *store, enum query query, int64_t customer_id,
                                  struct uuid ticket_id, struct query_run *run_r,
                                  struct error *error)
{
    assert(customer_id > 0 && !uuid_is_nil(ticket_id));
    enum status status = query_begin(store, query, run_r, error);
    if (status == STATUS_OK) {
        query_bind_int64(run_r, ":customer_id", customer_id);
        query_bind_uuid(run_r, ":ticket_id", ticket_id);
    }
    return status;
}

enum status store_run_of_ticket(struct store *store, enum query query, int64_t customer_id,
                                struct uuid ticket_id, struct error *error)
{
    assert(store->writer);
    struct query_run run;
    enum status status = store_begin_of_ticket(store, query, customer_id, ticket_id, &run, error);
    return status == STATUS_OK ? query_finish(&run, error) : status;
}

enum status store_add_ticket(struct store *store, struct ticket_row *row, struct error *error)
{
    assert(row->customer_id > 0 && !uuid_is_nil(row->ticket_id));
    assert(row->summary != NULL && row->opened_at.ms != TIME_NEVER_MS);
    struct query_run run;
    int64_t highest = 0;
    enum status status = query_begin(store, QUERY_ticket_highest_number, &run, error);
    if (status == STATUS_OK) {
        query_bind_int64(&run, ":customer_id", row->customer_id);
        status = query_number(&run, &highest, error);
    }
    if (status == STATUS_OK) {
        status = query_begin(store, QUERY_ticket_insert, &run, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    row->number = highest + TICKET_NUMBER_STEP;
    query_bind_row(&run, &ticket_row_map, row);
    return query_finish(&run, error);
}

enum status store_close_ticket(struct store *store, int64_t customer_id, struct uuid ticket_id,
                               struct wall_time now, struct error *error)
{
    assert(now.ms != TIME_NEVER_MS); /* that would open it again */
    struct query_run run;
    enum status status =
        store_begin_of_ticket(store, QUERY_ticket_close, customer_id, ticket_id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":closed_at", now.ms);
    return query_finish(&run, error);
}

enum status store_get_ticket(struct store *store, int64_t customer_id, struct uuid ticket_id,
                             struct arena *arena, struct ticket_row *row_r, struct error *error)
{
    assert(row_r != NULL && arena != NULL);
    struct query_run run;
    enum status status =
        store_begin_of_ticket(store, QUERY_ticket_get, customer_id, ticket_id, &run, error);
    return status == STATUS_OK ? query_one(&run, &ticket_row_map, row_r, arena, error) : status;
}

enum status store_find_ticket_number(struct store *store, int64_t customer_id, int64_t number,
                                     struct arena *arena, struct ticket_row *row_r,
                                     struct error *error)
{
    assert(customer_id > 0 && number > 0);
    struct query_run run;
    enum status status = query_begin(store, QUERY_ticket_by_number, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":number", number);
    return query_one(&run, &ticket_row_map, row_r, arena, error);
}

enum status store_reopen_ticket(struct store *store, int64_t customer_id, struct uuid ticket_id,
                                struct error *error)
{
    return store_run_of_ticket(store, QUERY_ticket_reopen, customer_id, ticket_id, error);
}

enum status store_link_ticket(struct store *store, int64_t customer_id, struct uuid ticket_id,
                              struct uuid duplicate_of, struct error *error)
{
    assert(!uuid_equal(ticket_id, duplicate_of));
    struct query_run run;
    enum status status =
        store_begin_of_ticket(store, QUERY_ticket_link, customer_id, ticket_id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!uuid_is_nil(duplicate_of)) {
        query_bind_uuid(&run, ":of_ticket", duplicate_of);
    }
    return query_finish(&run, error);
}

enum status store_list_duplicates(struct store *store, int64_t customer_id, struct uuid ticket_id,
                                  size_t limit, struct arena *arena, struct ticket_row **rows_r,
                                  size_t *count_r, struct error *error)
{
    assert(customer_id > 0 && limit > 0);
    struct query_run run;
    enum status status = query_begin(store, QUERY_ticket_list_duplicates, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_uuid(&run, ":of_ticket", ticket_id);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return query_all(&run, &ticket_row_map, sizeof **rows_r, arena, (void **)rows_r, count_r,
                     error);
}

enum status store_count_open_of_ticket(struct store *store, int64_t customer_id,
                                       struct uuid ticket_id, int64_t *count_r, struct error *error)
{
    struct query_run run;
    enum status status = store_begin_of_ticket(store, QUERY_ticket_open_escalations, customer_id,
                                               ticket_id, &run, error);
    return status == STATUS_OK ? query_number(&run, count_r, error) : status;
}

enum status store_add_ticket_note(struct store *store, struct ticket_note_row *row,
                                  struct error *error)
{
    assert(row->customer_id > 0 && !uuid_is_nil(row->ticket_id));
    assert(row->by != NULL && row->at.ms != TIME_NEVER_MS);
    struct query_run run;
    enum status status = query_begin(store, QUERY_ticket_note_insert, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_row(&run, &note_map, row);
    if (!uuid_is_nil(row->other)) {
        query_bind_uuid(&run, ":other_ticket", row->other);
    }
    status = query_number(&run, &row->number, error);
    return status == STATUS_OK && row->text != NULL
               ? store_note_ticket_changed(store, row->customer_id, row->ticket_id, error)
               : status;
}

enum status store_count_ticket_notes(struct store *store, int64_t customer_id,
                                     struct uuid ticket_id, int64_t *count_r, struct error *error)
{
    struct query_run run;
    enum status status =
        store_begin_of_ticket(store, QUERY_ticket_note_count, customer_id, ticket_id, &run, error);
    return status == STATUS_OK ? query_number(&run, count_r, error) : status;
}

enum status store_list_ticket_notes(struct store *store, int64_t customer_id, struct uuid ticket_id,
                                    size_t limit, struct arena *arena,
                                    struct ticket_note_row **rows_r, size_t *count_r,
                                    struct error *error)
{
    struct query_run run;
    enum status status =
        store_begin_of_ticket(store, QUERY_ticket_note_list, customer_id, ticket_id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return query_all(&run, &note_map, sizeof **rows_r, arena, (void **)rows_r, count_r, error);
}

enum status store_note_ticket_changed(struct store *store, int64_t customer_id,
                                      struct uuid ticket_id, struct error *error)
{
    return store_run_of_ticket(store, QUERY_ticket_stale_insert, customer_id, ticket_id, error);
}

/* ---- erasure ---- */

static bool is_erasable(const struct ticket_row *row, struct wall_time closed_before)
{
    return row->erased_at.ms == TIME_NEVER_MS && row->closed_at.ms != TIME_NEVER_MS &&
           row->closed_at.ms < closed_before.ms;
}

enum status store_list_erasable(struct store *store, int64_t customer_id, struct uuid after,
                                struct wall_time closed_before, size_t looked, struct uuid *ids_r,
                                size_t *count_r, struct uuid *reached_r, struct error *error)
{
    assert(customer_id > 0 && looked > 0);
    assert(ids_r != NULL && count_r != NULL && reached_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_ticket_walk, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    /* A ticket is opened before it is closed; ids follow the engine's clock, which may be ahead of
     * the wall, never by days behind it. */
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_uuid(&run, ":after", after);
    query_bind_uuid(&run, ":below", uuid_v7_least((struct wall_time){closed_before.ms + DAY_MS}));
    query_bind_int64(&run, ":limit", (int64_t)looked);
    size_t seen = 0, count = 0;
    struct ticket_row row = {.customer_id = 0};
    while (seen < looked && (status = query_step(&run, error)) == STATUS_OK) {
        query_read_row(&run, &ticket_row_map, &row, NULL);
        seen++;
        if (is_erasable(&row, closed_before)) {
            ids_r[count++] = row.ticket_id;
        }
    }
    query_end(&run);
    if (status != STATUS_OK && status != STATUS_DONE) {
        return status;
    }
    assert(count <= seen && seen <= looked);
    *count_r = count;
    *reached_r = seen == looked ? row.ticket_id : (struct uuid){{0}};
    return STATUS_OK;
}

enum status store_erase_ticket(struct store *store, int64_t customer_id, struct uuid ticket_id,
                               struct wall_time now, struct arena *arena, struct error *error)
{
    static const enum query parts[] = {QUERY_ticket_stale_delete, QUERY_ticket_erase_callers,
                                       QUERY_ticket_erase_notes, QUERY_ticket_erase_timeline,
                                       QUERY_ticket_erase_dedup};
    assert(store->writer && now.ms != TIME_NEVER_MS);
    struct query_run run;
    enum status status = store_forget_words(store, ticket_id, arena, error);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && status == STATUS_OK; i++) {
        status = store_run_of_ticket(store, parts[i], customer_id, ticket_id, error);
    }
    if (status == STATUS_OK) {
        status =
            store_begin_of_ticket(store, QUERY_ticket_erase, customer_id, ticket_id, &run, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":erased_at", now.ms);
    return query_finish(&run, error);
}
