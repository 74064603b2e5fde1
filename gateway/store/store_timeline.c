/* store_timeline.c - the journal: appended in commit order, chained per customer, personal texts
 * apart. */
#include <assert.h>
#include <string.h>

#include "gateway/store/store_ticket_private.h"

#define ROW struct timeline_row
static const struct column timeline_columns[] = {
    SAME(customer_id, INT64), SAME(seq, INT64),     SAME(escalation_id, UUID),
    SAME(kind, INT),          SAME(at, TIME),       SAME(at_engine, TIME),
    SAME(facts, TEXT),        SAME(personal, TEXT),
};
MAP(timeline);
#undef ROW

static const struct column head_columns[] = {
    COLUMN_SAME(struct journal_head, customer_id, COLUMN_INT64),
    COLUMN_SAME(struct journal_head, timeline_seq, COLUMN_INT64),
    COLUMN_SAME(struct journal_head, timeline_chain, COLUMN_DIGEST),
};
static const struct row_map head_map = {head_columns, 3};

static enum status head_get(struct store *store, int64_t customer_id, struct journal_head *head_r,
                            struct error *error)
{
    assert(customer_id > 0 && head_r != NULL);
    struct query_run run;
    enum status status = query_begin(store, QUERY_timeline_head_get, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    head_r->customer_id = customer_id;
    query_bind_int64(&run, ":customer_id", customer_id);
    return query_one(&run, &head_map, head_r, NULL, error);
}

static enum status head_set(struct store *store, const struct journal_head *head,
                            struct error *error)
{
    assert(store->writer && store_in_transaction(store));
    assert(head->customer_id > 0 && head->timeline_seq > 0);
    return query_write_row(store, QUERY_timeline_head_set, &head_map, head, error);
}

/* What the chain runs over besides the one before it: the facts, and of the personal text only its
 * salted digest, so that erasing the text leaves the chain whole. */
static struct digest chain_next(const struct digest *before, const struct timeline_row *row,
                                int64_t seq, const struct digest *personal)
{
    assert(seq > 0 && row->facts != NULL);
    uint8_t numbers[32];
    int64_t values[4] = {seq, (int64_t)row->kind, row->at.ms, row->at_engine.ms};
    for (int v = 0; v < 4; v++) {
        for (int b = 0; b < 8; b++) {
            numbers[v * 8 + b] = (uint8_t)((uint64_t)values[v] >> (56 - 8 * b));
        }
    }
    struct digest_part parts[] = {
        {before->bytes, sizeof before->bytes},
        {numbers, sizeof numbers},
        {row->escalation_id.bytes, sizeof row->escalation_id.bytes},
        {row->facts, strlen(row->facts)},
        {personal->bytes, sizeof personal->bytes},
    };
    return digest_sha256(parts, row->personal != NULL ? 5 : 4);
}

static enum status insert_personal(struct store *store, const struct timeline_row *row, int64_t seq,
                                   const struct uuid *salt, struct error *error)
{
    assert(store_in_transaction(store));
    assert(row->personal != NULL && seq > 0);
    struct query_run run;
    enum status status = query_begin(store, QUERY_timeline_personal_insert, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", row->customer_id);
    query_bind_int64(&run, ":seq", seq);
    query_bind_blob(&run, ":salt", salt->bytes, sizeof salt->bytes);
    query_bind_text(&run, ":text", row->personal);
    return query_finish(&run, error);
}

/* Appends one entry behind *head and moves it on. */
static enum status append_entry(struct store *store, const struct timeline_row *row,
                                const struct uuid *salt, struct journal_head *head,
                                struct error *error)
{
    struct digest personal = {{0}};
    assert(head->timeline_seq >= 0 && !uuid_is_nil(row->escalation_id));
    assert((unsigned)row->kind <= ENTRY_KIND_LAST);
    if (row->personal != NULL) {
        struct digest_part parts[] = {{salt->bytes, sizeof salt->bytes},
                                      {row->personal, strlen(row->personal)}};
        personal = digest_sha256(parts, 2);
    }
    head->timeline_seq++;
    head->timeline_chain = chain_next(&head->timeline_chain, row, head->timeline_seq, &personal);
    struct query_run run;
    enum status status = query_begin(store, QUERY_timeline_insert, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_row(&run, &timeline_map, row);
    query_bind_int64(&run, ":seq", head->timeline_seq);
    if (row->personal != NULL) {
        query_bind_blob(&run, ":personal_digest", personal.bytes, sizeof personal.bytes);
    }
    query_bind_blob(&run, ":chain", head->timeline_chain.bytes, sizeof head->timeline_chain.bytes);
    status = query_finish(&run, error);
    if (status == STATUS_OK && row->personal != NULL) {
        status = insert_personal(store, row, head->timeline_seq, salt, error);
    }
    return status;
}

enum status store_flush_heads(struct store *store, struct error *error)
{
    assert(store->heads_count == 0 || store_in_transaction(store));
    assert(store->heads_count <= JOURNAL_HEADS_MAX);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < store->heads_count && status == STATUS_OK; i++) {
        status = head_set(store, &store->heads[i], error);
    }
    store->heads_count = 0;
    return status;
}

/* The head to append to: the transaction's own, or the stored one, from now on kept. */
static enum status head_find(struct store *store, int64_t customer_id, struct journal_head **head_r,
                             struct error *error)
{
    assert(store_in_transaction(store));
    for (size_t i = 0; i < store->heads_count; i++) {
        if (store->heads[i].customer_id == customer_id) {
            *head_r = &store->heads[i];
            return STATUS_OK;
        }
    }
    enum status status = STATUS_OK;
    if (store->heads_count == JOURNAL_HEADS_MAX) {
        status = store_flush_heads(store, error);
    }
    assert(store->heads_count < JOURNAL_HEADS_MAX);
    struct journal_head *head = &store->heads[store->heads_count];
    if (status == STATUS_OK) {
        status = head_get(store, customer_id, head, error);
    }
    if (status == STATUS_OK) {
        store->heads_count++;
        *head_r = head;
    }
    return status;
}

enum status store_append_timeline(struct store *store, const struct timeline_row *rows,
                                  const struct uuid *salts, size_t count, struct error *error)
{
    if (count == 0) {
        return STATUS_OK;
    }
    assert(store->writer && store_in_transaction(store));
    assert(rows != NULL && salts != NULL);
    struct journal_head *head = NULL;
    enum status status = head_find(store, rows[0].customer_id, &head, error);
    if (status != STATUS_OK) {
        return status;
    }
    assert(head != NULL);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        assert(rows[i].facts != NULL && rows[i].customer_id == head->customer_id);
        int64_t seq_before = head->timeline_seq;
        status = append_entry(store, &rows[i], &salts[i], head, error);
        assert(head->timeline_seq == seq_before + 1); /* no gap, no entry twice */
    }
    return status;
}

enum status store_list_timeline(struct store *store, int64_t customer_id, struct uuid id,
                                int64_t after, size_t limit, struct arena *arena,
                                struct timeline_row **rows_r, size_t *count_r, struct error *error)
{
    assert(customer_id > 0 && after >= 0 && arena != NULL);
    struct query_run run;
    bool of_customer = uuid_is_nil(id);
    enum status status = query_begin(
        store, of_customer ? QUERY_timeline_list_of_customer : QUERY_timeline_list_of_escalation,
        &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", customer_id);
    if (!of_customer) {
        query_bind_uuid(&run, ":escalation_id", id);
    }
    query_bind_int64(&run, ":after", after);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return query_all(&run, &timeline_map, sizeof **rows_r, arena, (void **)rows_r, count_r, error);
}

#define SAID(kind) (INT64_C(1) << ENTRY_##kind)
const int64_t store_said_kinds = SAID(JOINED) | SAID(DECLINED) | SAID(PROGRESS) | SAID(EXTENDED) |
                                 SAID(HANDED_BACK) | SAID(RESUMED) | SAID(DONE) | SAID(CANCELLED) |
                                 SAID(SEVERITY) | SAID(NOTE) | SAID(OVERRIDDEN) | SAID(RELEASED);
#undef SAID
static_assert(ENTRY_KIND_LAST < 63, "a bit each");

bool store_is_said(enum entry_kind kind)
{
    assert((unsigned)kind <= ENTRY_KIND_LAST);
    return (store_said_kinds >> kind & 1) != 0;
}

enum status store_list_said(struct store *store, int64_t customer_id, struct uuid ticket_id,
                            size_t limit, struct arena *arena, struct timeline_row **rows_r,
                            size_t *count_r, struct error *error)
{
    assert(limit > 0);
    struct query_run run;
    enum status status =
        store_begin_of_ticket(store, QUERY_ticket_said, customer_id, ticket_id, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":said", store_said_kinds);
    query_bind_int64(&run, ":limit", (int64_t)limit);
    return query_all(&run, &timeline_map, sizeof **rows_r, arena, (void **)rows_r, count_r, error);
}

enum status store_timeline_head(struct store *store, int64_t customer_id, int64_t *seq_r,
                                struct error *error)
{
    assert(seq_r != NULL);
    struct journal_head head;
    enum status status = head_get(store, customer_id, &head, error);
    if (status == STATUS_OK) {
        *seq_r = head.timeline_seq;
    }
    return status;
}
