/* store_number.c - the telephone numbers of a person, and what became of calls to them. */
#include "gateway/store/store_number.h"

#include <assert.h>

#include "gateway/store/store_private.h"

#define ROW struct further_number_row
static const struct column further_number_columns[] = {
    SAME(customer_id, INT64), SAME(person_kind, INT), SAME(person_id, INT64),
    SAME(position, INT64),    SAME(phone, TEXT),      SAME(label, TEXT),
};
MAP(further_number);
#undef ROW

#define ROW struct number_proof_row
static const struct column number_proof_columns[] = {
    SAME(customer_id, INT64), SAME(person_kind, INT),  SAME(person_id, INT64),
    SAME(phone, TEXT),        SAME(answered_at, TIME), SAME(answered_by, UUID),
    SAME(key_at, TIME),       SAME(key_by, UUID),      SAME(failed_at, TIME),
};
MAP(number_proof);
#undef ROW

/* first: the number that the query asks for besides; NULL: it asks for none. */
static enum status run_for_person(struct store *store, enum query query,
                                  const struct further_number_row *whose, const char *first,
                                  struct error *error)
{
    assert(whose->customer_id > 0 && whose->person_id > 0);
    struct query_run run;
    enum status status = query_begin(store, query, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", whose->customer_id);
    query_bind_int64(&run, ":person_kind", whose->person_kind);
    query_bind_int64(&run, ":person_id", whose->person_id);
    if (first != NULL) {
        query_bind_text(&run, ":phone", first);
    }
    return query_finish(&run, error);
}

enum status store_set_person_numbers(struct store *store, int64_t customer_id,
                                     enum person_kind kind, int64_t person_id, const char *first,
                                     const struct further_number_row *further, size_t count,
                                     struct error *error)
{
    assert(kind == PERSON_AGENT || kind == PERSON_CONTACT);
    assert(first != NULL && (further != NULL || count == 0));
    struct further_number_row row = {
        .customer_id = customer_id, .person_kind = kind, .person_id = person_id};
    enum status status = run_for_person(store, QUERY_further_number_clear, &row, NULL, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        row.position = (int64_t)i + 1;
        row.phone = further[i].phone;
        row.label = further[i].label;
        status =
            query_write_row(store, QUERY_further_number_insert, &further_number_map, &row, error);
    }
    return status == STATUS_OK ? run_for_person(store, QUERY_number_proof_drop, &row, first, error)
                               : status;
}

static enum status list(struct store *store, enum query query, const struct row_map *map,
                        size_t row_bytes, int64_t customer_id, struct arena *arena, void **rows_r,
                        size_t *count_r, struct error *error)
{
    assert(customer_id > 0 && arena != NULL);
    assert(rows_r != NULL && count_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, query, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_all(&run, map, row_bytes, arena, rows_r, count_r, error);
}

enum status store_list_further_numbers(struct store *store, int64_t customer_id,
                                       struct arena *arena, struct further_number_row **rows_r,
                                       size_t *count_r, struct error *error)
{
    return list(store, QUERY_further_number_list, &further_number_map, sizeof **rows_r, customer_id,
                arena, (void **)rows_r, count_r, error);
}

enum status store_note_number(struct store *store, const struct number_proof_row *row,
                              struct error *error)
{
    assert(row->customer_id > 0 && row->person_id > 0 && row->phone != NULL);
    assert(row->person_kind == PERSON_AGENT || row->person_kind == PERSON_CONTACT);
    return query_write_row(store, QUERY_number_proof_put, &number_proof_map, row, error);
}

enum status store_get_number_proof(struct store *store, int64_t customer_id, enum person_kind kind,
                                   int64_t person_id, const char *phone, struct arena *arena,
                                   struct number_proof_row *row_r, struct error *error)
{
    assert(customer_id > 0 && person_id > 0 && phone != NULL);
    assert(row_r != NULL && arena != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_number_proof_get, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":person_kind", kind);
    query_bind_int64(&run, ":person_id", person_id);
    query_bind_text(&run, ":phone", phone);
    return query_one(&run, &number_proof_map, row_r, arena, error);
}

enum status store_list_number_proofs(struct store *store, int64_t customer_id, struct arena *arena,
                                     struct number_proof_row **rows_r, size_t *count_r,
                                     struct error *error)
{
    return list(store, QUERY_number_proof_list, &number_proof_map, sizeof **rows_r, customer_id,
                arena, (void **)rows_r, count_r, error);
}
