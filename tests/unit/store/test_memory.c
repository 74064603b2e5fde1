/* test_memory.c - one allocation of SQLite's fails after the other: what is there is never said not
 * to be. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "gateway/store/ballast.h"
#include "gateway/store/store_backup.h"
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

/* A text is read as it stands, or not at all: none is taken for an empty one. */
static void test_text__is_whole_or_says_no_memory(void **state)
{
    struct shelf *shelf = *state;
    struct escalation escalation = plain_escalation(shelf, 1);
    struct attempt attempt = plain_attempt(7), found;
    struct customer_row customer;
    (void)snprintf(attempt.reason, sizeof attempt.reason, "the_provider_knows_nothing_of_it");
    assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    assert_ok(shelf, store_add_attempt(shelf->store, 1, escalation.id, &attempt, &shelf->error));
    unsigned failed = 0;
    for (unsigned n = 1; allocations_left == 0; n++) {
        allocations_left = n;
        enum status of_attempt =
            store_get_attempt(shelf->store, 1, escalation.id, attempt.id, &found, &shelf->error);
        enum status of_customer =
            store_get_customer(shelf->store, 1, shelf->arena, &customer, &shelf->error);
        assert_true(of_attempt == STATUS_OK || of_attempt == STATUS_NO_MEMORY);
        assert_true(of_customer == STATUS_OK || of_customer == STATUS_NO_MEMORY);
        if (of_attempt == STATUS_OK) {
            assert_string_equal(found.reason, attempt.reason);
        }
        if (of_customer == STATUS_OK) {
            assert_string_equal(customer.name, "ACME");
        }
        failed += of_attempt != STATUS_OK || of_customer != STATUS_OK;
    }
    allocations_left = 0;
    assert_true(failed > 2);
}

/* Bits that fell over in the file: a text that may not be missing is. That is not taken for an
 * empty one, nor for a lack of memory, which would pass. */
static void test_text__that_is_missing_is_not_empty(void **state)
{
    struct shelf *shelf = *state;
    struct escalation escalation = plain_escalation(shelf, 1);
    struct attempt attempt = plain_attempt(7), found;
    assert_ok(shelf, add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    assert_ok(shelf, store_add_attempt(shelf->store, 1, escalation.id, &attempt, &shelf->error));
    shelf_execute(shelf, "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = "
                         "replace(sql, 'provider_id    TEXT NOT NULL', 'provider_id    TEXT') "
                         "WHERE name = 'attempt'; PRAGMA writable_schema = RESET; "
                         "UPDATE attempt SET provider_id = NULL");
    assert_int_equal(
        store_get_attempt(shelf->store, 1, escalation.id, attempt.id, &found, &shelf->error),
        STATUS_CORRUPT);
}

static enum status count_look(void *context, int64_t done, int64_t total, struct error *error)
{
    unsigned *looks = context;
    (void)done;
    (void)total;
    (void)error;
    (*looks)++;
    return STATUS_OK;
}

struct
try {
    enum status status;
    bool fired;   /* the allocation came */
    bool copying; /* pages were copied before */
};

/* A backup whose nth allocation fails: whole, or said not to be. */
static struct try try_backup(struct shelf *shelf, unsigned n)
{
    unsigned looks = 0;
    const struct store_watch watch = {count_look, &looks};
    struct store_facts facts;
    char target[128];
    (void)snprintf(target, sizeof target, "%s-copy", shelf->path);
    int file = open(target, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    (void)close(file);
    allocations_left = n;
    enum status status = store_backup(shelf->path, NULL, target, &watch, &shelf->error);
    bool fired = allocations_left == 0;
    allocations_left = 0;
    if (status == STATUS_OK) {
        assert_ok(shelf, store_check(target, STORE_CHECK_COPY, NULL, &facts, &shelf->error));
    }
    (void)unlink(target);
    return (struct try){status, fired, looks > 0};
}

/* Most of the thousands of allocations read the schema: of those a few fail; of those around the
 * beginning of the copy each. */
static void test_backup__says_no_memory(void **state)
{
    struct shelf *shelf = *state;
    unsigned failed = 0, before_copy = 0;
    for (unsigned n = 1;; n += 1 + n / 64) {
        struct try found = try_backup(shelf, n);
        if (!found.fired) {
            break;
        }
        failed += found.status != STATUS_OK;
        before_copy = found.copying ? before_copy : n;
    }
    assert_true(failed > 10);
    for (unsigned n = before_copy; !try_backup(shelf, n).copying; n++) {
        assert_true(n < 2 * before_copy);
    }
}

static void test_ballast__says_no_memory(void **state)
{
    struct shelf *shelf = *state;
    struct ballast *ballast = NULL;
    char path[128];
    (void)snprintf(path, sizeof path, "%s-ballast", shelf->path);
    allocations_left = 1;
    assert_int_equal(ballast_open(path, NULL, 1, &ballast, &shelf->error), STATUS_NO_MEMORY);
    assert_int_equal(allocations_left, 0);
    assert_null(ballast);
}

int main(void)
{
    install();
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_find__says_no_memory_not_no_row),
        SHELF_TEST(test_text__is_whole_or_says_no_memory),
        SHELF_TEST(test_text__that_is_missing_is_not_empty),
        SHELF_TEST(test_backup__says_no_memory),
        SHELF_TEST(test_ballast__says_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
