/* test_reachability.c - what was heard of phones, and what became of calls to numbers. */
#include <string.h>

#include "gateway/store/store_number.h"
#include "tests/unit/store/fixture.h"

#define MINUTE_MS DEVICE_HEARD_EVERY_MS

static int64_t put_agent(struct shelf *shelf, const char *slug)
{
    const struct person_row row = {.customer_id = shelf->customer_id,
                                   .slug = slug,
                                   .name = slug,
                                   .phone = "+33600000001",
                                   .language = "fr",
                                   .active = true};
    int64_t id = 0;
    assert_ok(shelf, store_put_person(shelf->store, PERSON_AGENT, &row, &id, &shelf->error));
    return id;
}

static int64_t add_device(struct shelf *shelf, int64_t agent_id, const char *installation)
{
    const struct device_row row = {.customer_id = shelf->customer_id,
                                   .agent_id = agent_id,
                                   .installation = installation,
                                   .platform = PLATFORM_FCM,
                                   .target = installation,
                                   .registered_at = {100},
                                   .proven_at = WALL_NEVER,
                                   .retired_at = WALL_NEVER};
    int64_t id = 0;
    assert_ok(shelf, store_put_device(shelf->store, &row, &id, &shelf->error));
    return id;
}

static size_t list(struct shelf *shelf, int64_t agent_id, struct device_row **rows_r)
{
    size_t count = 0;
    assert_ok(shelf, store_list_devices_of_agent(shelf->store, shelf->customer_id, agent_id,
                                                 shelf->arena, rows_r, &count, &shelf->error));
    return count;
}

static int64_t heard_ms(struct shelf *shelf, int64_t agent_id)
{
    struct device_row *rows;
    assert_int_equal(list(shelf, agent_id, &rows), 1);
    return rows[0].heard_at.ms;
}

static void hear(struct shelf *shelf, int64_t device_id, int64_t at_ms)
{
    assert_ok(shelf, store_hear_device(shelf->store, shelf->customer_id, device_id,
                                       (struct wall_time){at_ms}, &shelf->error));
}

static void test_devices__of_one_agent_and_live(void **state)
{
    struct shelf *shelf = *state;
    struct device_row *rows;
    int64_t paul = put_agent(shelf, "paul"), marie = put_agent(shelf, "marie");
    assert_int_equal(list(shelf, paul, &rows), 0);
    int64_t first = add_device(shelf, paul, "z-1"), gone = add_device(shelf, paul, "m-2");
    int64_t third = add_device(shelf, paul, "a-3");
    (void)add_device(shelf, marie, "z-1");
    assert_ok(shelf,
              store_retire_device(shelf->store, shelf->customer_id, gone, "gone",
                                  (struct wall_time){200}, (struct wall_time){200}, &shelf->error));
    assert_int_equal(list(shelf, paul, &rows), 2);
    assert_int_equal(rows[0].device_id, first);
    assert_int_equal(rows[1].device_id, third);
    assert_int_equal(rows[0].heard_at.ms, TIME_NEVER_MS);
}

static void test_heard__once_a_minute(void **state)
{
    struct shelf *shelf = *state;
    int64_t paul = put_agent(shelf, "paul"), device = add_device(shelf, paul, "i-1");
    int64_t began = 10 * MINUTE_MS;
    hear(shelf, device, began);
    assert_int_equal(heard_ms(shelf, paul), began);
    hear(shelf, device, began + MINUTE_MS - 1);
    assert_int_equal(heard_ms(shelf, paul), began);
    hear(shelf, device, began + MINUTE_MS);
    assert_int_equal(heard_ms(shelf, paul), began + MINUTE_MS);
    hear(shelf, device, 5); /* the wall was set back: what it says now counts */
    assert_int_equal(heard_ms(shelf, paul), 5);
    assert_int_equal(add_device(shelf, paul, "i-1"), device);
    assert_int_equal(heard_ms(shelf, paul), 5); /* a registration has its own time */
}

static void test_number__keeps_what_is_not_told_again(void **state)
{
    struct shelf *shelf = *state;
    struct number_proof_row read, row = {.customer_id = shelf->customer_id,
                                         .person_kind = PERSON_AGENT,
                                         .person_id = 7,
                                         .phone = "+33600000001",
                                         .answered_at = {5},
                                         .key_at = {5},
                                         .failed_at = WALL_NEVER};
    assert_int_equal(store_get_number_proof(shelf->store, shelf->customer_id, PERSON_AGENT, 7,
                                            row.phone, shelf->arena, &read, &shelf->error),
                     STATUS_NOT_FOUND);
    assert_ok(shelf, store_note_number(shelf->store, &row, &shelf->error));
    row.answered_at = row.key_at = WALL_NEVER;
    row.failed_at.ms = 9;
    assert_ok(shelf, store_note_number(shelf->store, &row, &shelf->error));
    assert_ok(shelf, store_get_number_proof(shelf->store, shelf->customer_id, PERSON_AGENT, 7,
                                            row.phone, shelf->arena, &read, &shelf->error));
    assert_int_equal(read.answered_at.ms, 5);
    assert_int_equal(read.key_at.ms, 5);
    assert_int_equal(read.failed_at.ms, 9);
    assert_string_equal(read.phone, row.phone);
    static const struct {
        enum person_kind kind;
        int64_t id;
        const char *phone;
    } others[] = {{PERSON_CONTACT, 7, "+33600000001"},
                  {PERSON_AGENT, 8, "+33600000001"},
                  {PERSON_AGENT, 7, "+33600000002"}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(store_get_number_proof(shelf->store, shelf->customer_id, others[i].kind,
                                                others[i].id, others[i].phone, shelf->arena, &read,
                                                &shelf->error),
                         STATUS_NOT_FOUND);
    }
}

static struct further_number_row *further(struct shelf *shelf, size_t expected)
{
    struct further_number_row *rows = NULL;
    size_t count = 0;
    assert_ok(shelf, store_list_further_numbers(shelf->store, shelf->customer_id, shelf->arena,
                                                &rows, &count, &shelf->error));
    assert_int_equal(count, expected);
    return rows;
}

static struct number_proof_row *proofs(struct shelf *shelf, size_t expected)
{
    struct number_proof_row *rows = NULL;
    size_t count = 0;
    assert_ok(shelf, store_list_number_proofs(shelf->store, shelf->customer_id, shelf->arena, &rows,
                                              &count, &shelf->error));
    assert_int_equal(count, expected);
    return rows;
}

static void set_numbers(struct shelf *shelf, int64_t person_id, const char *first,
                        const struct further_number_row *behind, size_t count)
{
    assert_ok(shelf, store_set_person_numbers(shelf->store, shelf->customer_id, PERSON_AGENT,
                                              person_id, first, behind, count, &shelf->error));
}

/* What was proven stays with a number that moves, and goes with one that goes. */
static void test_numbers__in_order_with_their_proofs(void **state)
{
    struct shelf *shelf = *state;
    int64_t paul = put_agent(shelf, "paul"), marie = put_agent(shelf, "marie");
    static const struct further_number_row home = {.phone = "+33100000002", .label = "domicile"};
    static const struct further_number_row both[] = {{.phone = "+33100000002", .label = "domicile"},
                                                     {.phone = "+33100000003"}};
    set_numbers(shelf, marie, "+33600000001", &home, 1);
    set_numbers(shelf, paul, "+33600000001", both, 2);
    const struct further_number_row *rows = further(shelf, 3);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(rows[i].person_id, paul);
        assert_int_equal(rows[i].person_kind, PERSON_AGENT);
        assert_int_equal(rows[i].position, (int64_t)i + 1);
        assert_string_equal(rows[i].phone, both[i].phone);
        assert_text(rows[i].label, both[i].label);
    }
    assert_int_equal(rows[2].person_id, marie);
    static const char *const proven[] = {"+33100000002", "+33100000003", "+33600000001"};
    for (size_t i = 0; i < 3; i++) {
        struct number_proof_row row = {.customer_id = shelf->customer_id,
                                       .person_kind = PERSON_AGENT,
                                       .person_id = paul,
                                       .phone = proven[i],
                                       .answered_at = {(int64_t)i + 1},
                                       .answered_by = numbered_id((unsigned)i + 1),
                                       .key_at = WALL_NEVER,
                                       .failed_at = WALL_NEVER};
        assert_ok(shelf, store_note_number(shelf->store, &row, &shelf->error));
        row.answered_at = WALL_NEVER;
        row.answered_by = numbered_id(99); /* of a time that is not told: nothing new */
        row.failed_at.ms = 50;
        assert_ok(shelf, store_note_number(shelf->store, &row, &shelf->error));
    }
    (void)proofs(shelf, 3);
    static const struct further_number_row before = {.phone = "+33600000001"};
    set_numbers(shelf, paul, "+33100000003", &before, 1);
    rows = further(shelf, 2);
    assert_string_equal(rows[0].phone, "+33600000001");
    const struct number_proof_row *left = proofs(shelf, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(left[i].phone, proven[i + 1]);
        assert_int_equal(left[i].answered_at.ms, (int64_t)i + 2);
        assert_true(uuid_equal(left[i].answered_by, numbered_id((unsigned)i + 2)));
        assert_true(uuid_is_nil(left[i].key_by));
        assert_int_equal(left[i].failed_at.ms, 50);
    }
    set_numbers(shelf, paul, "+33100000009", NULL, 0);
    assert_int_equal(further(shelf, 1)->person_id, marie);
    (void)proofs(shelf, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_devices__of_one_agent_and_live),
        SHELF_TEST(test_heard__once_a_minute),
        SHELF_TEST(test_number__keeps_what_is_not_told_again),
        SHELF_TEST(test_numbers__in_order_with_their_proofs),
    };
    return cmocka_run_group_tests_name("store.reachability", tests, NULL, NULL);
}
