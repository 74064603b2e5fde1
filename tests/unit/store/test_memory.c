/* test_memory.c - one allocation of SQLite's fails after the other: what is there is never said not
 * to be. */
#include <sqlite3.h>

#include "tests/unit/store/fixture.h"

static sqlite3_mem_methods plain;
static unsigned allocations_left; /* until one fails; 0: none will */

static void *take(int bytes)
{
    return allocations_left > 0 && --allocations_left == 0 ? NULL : plain.xMalloc(bytes);
}

/* Before SQLite is used: no stock of small blocks, so that every allocation can fail. */
static void install(void)
{
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain), SQLITE_OK);
    sqlite3_mem_methods failing = plain;
    failing.xMalloc = take;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing), SQLITE_OK);
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
}

static void test_find__says_no_memory_not_no_row(void **state)
{
    struct shelf *shelf = *state;
    struct escalation escalation = plain_escalation(shelf, 1);
    assert_ok(shelf, add_escalation(shelf->store, &escalation, "key", &shelf->error));
    unsigned failed = 0;
    for (unsigned n = 1;; n++) {
        int64_t customer_id = 0;
        allocations_left = n;
        enum status status =
            store_get_escalation_customer(shelf->store, escalation.id, &customer_id, &shelf->error);
        if (allocations_left > 0) { /* it did with fewer */
            allocations_left = 0;
            assert_ok(shelf, status);
            assert_int_equal(customer_id, shelf->customer_id);
            break;
        }
        failed += status != STATUS_OK;
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    }
    assert_true(failed > 1);
}

int main(void)
{
    install();
    const struct CMUnitTest tests[] = {SHELF_TEST(test_find__says_no_memory_not_no_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
