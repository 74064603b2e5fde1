/* store_reachability.c - what became of calls to a person's number. */
#include <assert.h>

#include "gateway/store/store_private.h"

#define ROW struct number_proof_row
static const struct column number_proof_columns[] = {
    SAME(customer_id, INT64), SAME(person_kind, INT), SAME(person_id, INT64), SAME(phone, TEXT),
    SAME(answered_at, TIME),  SAME(key_at, TIME),     SAME(failed_at, TIME),
};
MAP(number_proof);
#undef ROW

enum status store_hear_device(struct store *store, int64_t customer_id, int64_t device_id,
                              struct wall_time now, struct error *error)
{
    assert(customer_id > 0 && device_id > 0);
    assert(now.ms != TIME_NEVER_MS);
    struct query_run run;
    enum status status = query_begin(store, QUERY_device_heard, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    query_bind_int64(&run, ":device_id", device_id);
    query_bind_int64(&run, ":heard_at", now.ms);
    query_bind_int64(&run, ":heard_before", now.ms - DEVICE_HEARD_EVERY_MS);
    return query_finish(&run, error);
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
