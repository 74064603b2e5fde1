/* test_search_damage.c - pages of the index of tickets' words that are none any more: the database
 * opens, tickets come and are found, and the index is taken away and filled again. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/store/store_ticket.h"
#include "tests/unit/store/fixture.h"

#define FIRST_MS   INT64_C(1700000000000)
#define MINUTE_MS  INT64_C(60000)
#define PAGE_BYTES 4096

static struct uuid ticket_id(unsigned n)
{
    struct uuid id = uuid_v7_least((struct wall_time){FIRST_MS + n * MINUTE_MS});
    id.bytes[15] = 1;
    return id;
}

static void add_ticket(struct shelf *shelf, unsigned n, const char *summary)
{
    struct ticket_row row = {.customer_id = shelf->customer_id,
                             .ticket_id = ticket_id(n),
                             .summary = summary,
                             .opened_at = {FIRST_MS + n * MINUTE_MS},
                             .closed_at = WALL_NEVER};
    assert_ok(shelf, store_add_ticket(shelf->store, &row, &shelf->error));
}

/* One step, as the engine takes it. */
static enum status index_some(struct shelf *shelf)
{
    size_t count;
    bool left;
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    enum status status =
        store_index_tickets(shelf->store, (struct engine_time){FIRST_MS + 100 * MINUTE_MS}, 64,
                            shelf->arena, &count, &left, &shelf->error);
    if (status == STATUS_OK) {
        status = store_commit(shelf->store, &shelf->error);
    }
    store_rollback(shelf->store);
    return status;
}

/* What a reader of its own finds. */
static struct ticket_page search(struct shelf *shelf, const char *text)
{
    struct store *reader;
    struct ticket_words words;
    struct ticket_page page = {.rows = NULL};
    assert_ok(shelf, store_open_reader(shelf->path, NULL, 5000, &reader, &shelf->error));
    assert_ok(shelf, store_parse_ticket_words(reader, text, &words, &shelf->error));
    const struct ticket_filter filter = {.customer_id = shelf->customer_id,
                                         .from = WALL_NEVER,
                                         .to = WALL_NEVER,
                                         .words = &words,
                                         .limit = 10};
    assert_ok(shelf, store_read_begin(reader, &shelf->error));
    assert_ok(shelf, store_list_tickets(reader, &filter, shelf->arena, &page, &shelf->error));
    store_read_end(reader);
    store_close(&reader);
    return page;
}

static void reopen(struct shelf *shelf)
{
    assert_ok(shelf, store_open(shelf->path, NULL, &shelf->store, &shelf->error));
}

/* Rubbish in place of a table's first page, and the database is opened again. */
static void spoil(struct shelf *shelf, const char *table)
{
    static const uint8_t rubbish[PAGE_BYTES] = {0xde, 0xad, 0xbe, 0xef};
    char sql[128];
    (void)snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
    int64_t page = shelf_number(shelf, sql);
    assert_true(page > 1);
    store_close(&shelf->store);
    int file = open(shelf->path, O_WRONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, rubbish, sizeof rubbish, (page - 1) * PAGE_BYTES),
                     sizeof rubbish);
    assert_int_equal(close(file), 0);
    reopen(shelf);
}

static void fill(struct shelf *shelf)
{
    add_ticket(shelf, 0, "ascenseur en panne");
    add_ticket(shelf, 1, "fuite au sous-sol");
    assert_ok(shelf, index_some(shelf));
    add_ticket(shelf, 2, "ascenseur bloqué");
    assert_int_equal(search(shelf, "ascenseur").count, 2);
    assert_true(search(shelf, "ascenseur").complete);
}

static void assert_found_without_index(struct shelf *shelf)
{
    struct ticket_page page = search(shelf, "ascenseur");
    assert_true(page.damaged);
    assert_false(page.complete);
    assert_int_equal(page.count, 2);
    assert_true(uuid_equal(page.rows[0].ticket_id, ticket_id(2)));
    assert_true(uuid_equal(page.rows[1].ticket_id, ticket_id(0)));
}

static void assert_found_with_index(struct shelf *shelf)
{
    assert_ok(shelf, index_some(shelf));
    assert_int_equal(shelf_number(shelf,
                                  "SELECT count(*) FROM ticket_words WHERE ticket_words MATCH "
                                  "'ascenseur'"),
                     2);
    struct ticket_page page = search(shelf, "ascenseur");
    assert_false(page.damaged);
    assert_true(page.complete);
    assert_int_equal(page.count, 2);
}

static void rebuild(struct shelf *shelf, bool anew)
{
    bool vacuumed = !anew;
    store_close(&shelf->store);
    assert_ok(shelf, store_rebuild_search(shelf->path, NULL, &vacuumed, &shelf->error));
    assert_int_equal(vacuumed, anew);
    reopen(shelf);
    assert_ok(shelf, store_check_pages(shelf->store, &shelf->error));
}

static void test_damage__ends_neither_the_start_nor_searches(void **state)
{
    static const char *const tables[] = {"ticket_words_config", "ticket_words_data",
                                         "ticket_document"};
    struct shelf *shelf = *state;
    fill(shelf);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        spoil(shelf, tables[i]);
        assert_found_without_index(shelf);
        assert_false(store_search_is_damaged(shelf->store));
        add_ticket(shelf, 3 + (unsigned)i, "autre");
        assert_int_equal(index_some(shelf), STATUS_UNAVAILABLE);
        assert_true(store_search_is_damaged(shelf->store));
        rebuild(shelf, true);
        assert_false(store_search_is_damaged(shelf->store));
        assert_found_with_index(shelf);
    }
}

/* Content that makes no sense to FTS5, in pages that are sound. */
static void test_damage__of_content_needs_no_new_file(void **state)
{
    struct shelf *shelf = *state;
    fill(shelf);
    shelf_execute(shelf, "UPDATE ticket_words_data SET block = x'ffffffff' WHERE id > 100");
    store_close(&shelf->store);
    reopen(shelf);
    assert_found_without_index(shelf);
    rebuild(shelf, false);
    assert_found_with_index(shelf);
}

/* What is to be erased is, and its words go with the index. */
static void test_damage__does_not_keep_what_is_to_be_erased(void **state)
{
    const struct wall_time now = {FIRST_MS + 200 * MINUTE_MS};
    struct shelf *shelf = *state;
    fill(shelf);
    spoil(shelf, "ticket_words_data");
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_int_equal(store_erase_ticket(shelf->store, shelf->customer_id, ticket_id(0), now,
                                        shelf->arena, &shelf->error),
                     STATUS_UNAVAILABLE);
    store_rollback(shelf->store);
    assert_ok(shelf, store_begin(shelf->store, &shelf->error)); /* as the engine tries again */
    assert_ok(shelf, store_erase_ticket(shelf->store, shelf->customer_id, ticket_id(0), now,
                                        shelf->arena, &shelf->error));
    assert_ok(shelf, store_commit(shelf->store, &shelf->error));
    rebuild(shelf, true);
    assert_ok(shelf, index_some(shelf));
    assert_int_equal(search(shelf, "panne").count, 0);
    assert_int_equal(search(shelf, "ascenseur").count, 1);
}

/* A rebuild that ended before the file was written anew leaves pages that belong to nobody: the
 * next one finds them. */
static void test_rebuild__is_begun_again(void **state)
{
    struct shelf *shelf = *state;
    fill(shelf);
    rebuild(shelf, false);
    shelf_execute(shelf, "CREATE TABLE other (a TEXT) STRICT; INSERT INTO other VALUES ('a');"
                         "PRAGMA writable_schema = ON;"
                         "DELETE FROM sqlite_schema WHERE name = 'other';"
                         "PRAGMA writable_schema = RESET");
    rebuild(shelf, true);
    assert_found_with_index(shelf);
}

static void test_rebuild__does_not_hide_other_damage(void **state)
{
    bool vacuumed;
    struct shelf *shelf = *state;
    fill(shelf);
    spoil(shelf, "ticket_note");
    store_close(&shelf->store);
    assert_int_equal(store_rebuild_search(shelf->path, NULL, &vacuumed, &shelf->error),
                     STATUS_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_damage__ends_neither_the_start_nor_searches),
        SHELF_TEST(test_damage__of_content_needs_no_new_file),
        SHELF_TEST(test_damage__does_not_keep_what_is_to_be_erased),
        SHELF_TEST(test_rebuild__is_begun_again),
        SHELF_TEST(test_rebuild__does_not_hide_other_damage),
    };
    return cmocka_run_group_tests_name("store.search_damage", tests, NULL, NULL);
}
