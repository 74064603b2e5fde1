/* fixture.h - a database in a folder of its own, with one customer in it. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/store/store.h"
#include "gateway/store/store_private.h"

struct shelf {
    char folder[64];
    char path[96];
    struct store *store;
    struct arena *arena;
    int64_t customer_id;
    struct error error;
};

#define SHELF_TEST(name) cmocka_unit_test_setup_teardown(name, shelf_setup, shelf_teardown)

/* cmocka's: an empty folder, the store open and the customer "acme" in it. */
int shelf_setup(void **state);
int shelf_teardown(void **state);

/* Fails the test with the store's own words. */
#define assert_ok(shelf, status_)                                                                  \
    do {                                                                                           \
        enum status assert_ok_status = (status_);                                                  \
        if (assert_ok_status != STATUS_OK) {                                                       \
            fail_msg("%s: %s", status_slug(assert_ok_status), (shelf)->error.text);                \
        }                                                                                          \
    } while (0)

/* Any SQL on the writing connection. */
void shelf_execute(struct shelf *shelf, const char *sql);
int64_t shelf_number(struct shelf *shelf, const char *sql);

/* Adds the customer "acme" and answers its id. */
enum status add_customer(struct store *store, int64_t *customer_id_r, struct error *error);

/* Adds the agent "jean" to the shelf's customer and answers their id. */
int64_t add_agent(struct shelf *shelf);

/* A text as it was written, where NULL is one, too. */
void assert_text(const char *read, const char *written);

/* An id that is the same in every run: byte 0 and 15 are n, which is not 0. */
struct uuid numbered_id(unsigned n);
struct digest numbered_digest(unsigned n);

/* An open escalation with its ticket, every member as simple as it can be. */
struct escalation plain_escalation(const struct shelf *shelf, unsigned n);
enum status add_escalation(struct store *store, const struct escalation *escalation,
                           const char *dedup_key, struct error *error);
struct attempt plain_attempt(unsigned n);

#endif
