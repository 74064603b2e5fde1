/* test_timeline.c - the journal: gapless, chained, and erasable where it is personal. */
#include <string.h>

#include "tests/unit/store/fixture.h"

#define ENTRIES 9

static struct timeline_row entry(const struct shelf *shelf, unsigned n, const char *personal)
{
    static const char *const facts[] = {"{\"a\":1}", "{}", "{\"word\":\"é\"}"};
    return (struct timeline_row){
        .customer_id = shelf->customer_id,
        .escalation_id = numbered_id(n % 2 + 1),
        .kind = (enum entry_kind)n,
        .at = {1000 + n},
        .at_engine = {2000 + n},
        .facts = facts[n % 3],
        .personal = personal,
    };
}

static void append(struct shelf *shelf, unsigned first, unsigned count)
{
    struct timeline_row rows[ENTRIES];
    struct uuid salts[ENTRIES];
    for (unsigned i = 0; i < count; i++) {
        rows[i] = entry(shelf, first + i, (first + i) % 3 == 1 ? "Mme Martin, étage 2" : NULL);
        salts[i] = numbered_id(500 + first + i);
    }
    bool own_transaction = !store_in_transaction(shelf->store);
    if (own_transaction) {
        assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    }
    assert_ok(shelf, store_append_timeline(shelf->store, rows, salts, count, &shelf->error));
    if (own_transaction) {
        assert_ok(shelf, store_commit(shelf->store, &shelf->error));
    }
}

static void big_endian(int64_t value, uint8_t bytes_r[8])
{
    for (int i = 7; i >= 0; i--) {
        bytes_r[i] = (uint8_t)value;
        value >>= 8;
    }
}

/* What an auditor does with nothing but the rows: computes the chain anew. Answers how many rows it
 * verified; where a personal text still exists, its digest too. */
static int64_t audit(struct shelf *shelf)
{
    sqlite3_stmt *row;
    struct digest chain = {{0}};
    int64_t seq = 0;
    assert_int_equal(
        sqlite3_prepare_v2(shelf->store->db,
                           "SELECT t.seq, t.kind, t.at, t.at_engine, t.escalation_id, t.facts, "
                           "t.personal_digest, t.chain, p.salt, p.text FROM timeline t "
                           "LEFT JOIN timeline_personal p USING (customer_id, seq) "
                           "WHERE t.customer_id = 1 ORDER BY t.seq",
                           -1, &row, NULL),
        SQLITE_OK);
    while (sqlite3_step(row) == SQLITE_ROW) {
        uint8_t numbers[4][8];
        assert_int_equal(sqlite3_column_int64(row, 0), ++seq); /* gapless */
        for (int i = 0; i < 4; i++) {
            big_endian(sqlite3_column_int64(row, i), numbers[i]);
        }
        struct digest_part parts[] = {
            {chain.bytes, sizeof chain.bytes},
            {numbers, sizeof numbers},
            {sqlite3_column_blob(row, 4), (size_t)sqlite3_column_bytes(row, 4)},
            {sqlite3_column_text(row, 5), (size_t)sqlite3_column_bytes(row, 5)},
            {sqlite3_column_blob(row, 6), (size_t)sqlite3_column_bytes(row, 6)},
        };
        chain = digest_sha256(parts, 5);
        assert_int_equal(sqlite3_column_bytes(row, 7), DIGEST_BYTES);
        if (memcmp(chain.bytes, sqlite3_column_blob(row, 7), DIGEST_BYTES) != 0) {
            (void)sqlite3_finalize(row);
            return -seq; /* broken here */
        }
        if (sqlite3_column_type(row, 9) != SQLITE_NULL) {
            struct digest_part personal[] = {
                {sqlite3_column_blob(row, 8), (size_t)sqlite3_column_bytes(row, 8)},
                {sqlite3_column_text(row, 9), (size_t)sqlite3_column_bytes(row, 9)},
            };
            struct digest digest = digest_sha256(personal, 2);
            assert_memory_equal(digest.bytes, sqlite3_column_blob(row, 6), DIGEST_BYTES);
        }
    }
    (void)sqlite3_finalize(row);
    return seq;
}

static void test_timeline__chain_can_be_verified(void **state)
{
    struct shelf *shelf = *state;
    int64_t head = -1;
    assert_ok(shelf, store_timeline_head(shelf->store, shelf->customer_id, &head, &shelf->error));
    assert_int_equal(head, 0);
    append(shelf, 1, 4);
    append(shelf, 5, 1);
    append(shelf, 6, 3);
    assert_ok(shelf, store_append_timeline(shelf->store, NULL, NULL, 0, &shelf->error));
    assert_int_equal(audit(shelf), 8);
    assert_ok(shelf, store_timeline_head(shelf->store, shelf->customer_id, &head, &shelf->error));
    assert_int_equal(head, 8);
}

static void test_timeline__every_change_is_noticed(void **state)
{
    struct shelf *shelf = *state;
    static const char *const changes[] = {
        "UPDATE timeline SET kind = kind + 1 WHERE seq = 3",
        "UPDATE timeline SET at = at + 1 WHERE seq = 3",
        "UPDATE timeline SET at_engine = at_engine - 1 WHERE seq = 3",
        "UPDATE timeline SET escalation_id = zeroblob(16) WHERE seq = 3",
        "UPDATE timeline SET facts = facts || ' ' WHERE seq = 3",
        "UPDATE timeline SET personal_digest = zeroblob(32) WHERE seq = 3",
        "UPDATE timeline SET chain = zeroblob(32) WHERE seq = 3",
    };
    append(shelf, 1, 6);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        shelf_execute(shelf, "BEGIN");
        shelf_execute(shelf, changes[i]);
        assert_int_equal(audit(shelf), -3);
        shelf_execute(shelf, "ROLLBACK");
        assert_int_equal(audit(shelf), 6);
    }
}

static void test_timeline__erasing_leaves_the_chain_whole(void **state)
{
    struct shelf *shelf = *state;
    append(shelf, 1, 8);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM timeline_personal"), 3);
    shelf_execute(shelf, "DELETE FROM timeline_personal");
    assert_int_equal(audit(shelf), 8);
    struct timeline_row *rows;
    size_t count;
    assert_ok(shelf, store_list_timeline(shelf->store, shelf->customer_id, numbered_id(2), 0, 99,
                                         shelf->arena, &rows, &count, &shelf->error));
    for (size_t i = 0; i < count; i++) {
        assert_null(rows[i].personal);
        assert_non_null(rows[i].facts);
    }
    append(shelf, 9, 1);
    assert_int_equal(audit(shelf), 9);
}

static void test_timeline__rows_come_back(void **state)
{
    struct shelf *shelf = *state;
    struct timeline_row *rows;
    size_t count;
    const struct uuid nil = {{0}};
    append(shelf, 1, 8);
    assert_ok(shelf, store_list_timeline(shelf->store, shelf->customer_id, nil, 0, 99, shelf->arena,
                                         &rows, &count, &shelf->error));
    assert_int_equal(count, 8);
    for (unsigned i = 0; i < 8; i++) {
        struct timeline_row written = entry(shelf, i + 1, NULL);
        assert_int_equal(rows[i].customer_id, written.customer_id);
        assert_int_equal(rows[i].seq, i + 1);
        assert_true(uuid_equal(rows[i].escalation_id, written.escalation_id));
        assert_int_equal(rows[i].kind, written.kind);
        assert_int_equal(rows[i].at.ms, written.at.ms);
        assert_int_equal(rows[i].at_engine.ms, written.at_engine.ms);
        assert_string_equal(rows[i].facts, written.facts);
        if ((i + 1) % 3 == 1) {
            assert_string_equal(rows[i].personal, "Mme Martin, étage 2");
        } else {
            assert_null(rows[i].personal);
        }
    }
    /* One escalation's, and what comes after a number. */
    assert_ok(shelf, store_list_timeline(shelf->store, shelf->customer_id, numbered_id(1), 2, 2,
                                         shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].seq, 4);
    assert_int_equal(rows[1].seq, 6);
}

/* What is rolled back leaves neither a row nor a hole. */
static void test_timeline__a_rolled_back_entry_leaves_no_gap(void **state)
{
    struct shelf *shelf = *state;
    append(shelf, 1, 2);
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_ok(shelf, store_savepoint(shelf->store, &shelf->error));
    append(shelf, 3, 3);
    assert_ok(shelf, store_savepoint_rollback(shelf->store, &shelf->error));
    assert_ok(shelf, store_savepoint(shelf->store, &shelf->error));
    append(shelf, 6, 2);
    assert_ok(shelf, store_savepoint_release(shelf->store, &shelf->error));
    assert_ok(shelf, store_commit(shelf->store, &shelf->error));
    assert_int_equal(audit(shelf), 4);
}

static void test_timeline__unknown_customer(void **state)
{
    struct shelf *shelf = *state;
    struct timeline_row row = entry(shelf, 1, NULL);
    const struct uuid salt = {{0}};
    row.customer_id = 99;
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_int_equal(store_append_timeline(shelf->store, &row, &salt, 1, &shelf->error),
                     STATUS_NOT_FOUND);
    store_rollback(shelf->store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_timeline__chain_can_be_verified),
        SHELF_TEST(test_timeline__every_change_is_noticed),
        SHELF_TEST(test_timeline__erasing_leaves_the_chain_whole),
        SHELF_TEST(test_timeline__rows_come_back),
        SHELF_TEST(test_timeline__a_rolled_back_entry_leaves_no_gap),
        SHELF_TEST(test_timeline__unknown_customer),
    };
    return cmocka_run_group_tests_name("store.timeline", tests, NULL, NULL);
}
