/* test_installation.c - registrations of one phone, shared phones and PINs as rows; and each call
 * under them failing once, which must be told and leave nothing behind. */
#include <string.h>

#include "gateway/store/store_installation.h"
#include "tests/unit/failing_calls.h"
#include "tests/unit/store/fixture.h"

#define CALLS_MAX 200 /* more than any of these needs */

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

static struct device_row device_of(const struct shelf *shelf, int64_t agent_id)
{
    return (struct device_row){.customer_id = shelf->customer_id,
                               .agent_id = agent_id,
                               .installation = "i",
                               .platform = PLATFORM_FCM,
                               .target = "one",
                               .registered_at = {100},
                               .proven_at = {200},
                               .retired_at = WALL_NEVER};
}

static int64_t put_device(struct shelf *shelf, const struct device_row *row)
{
    int64_t id = 0;
    assert_ok(shelf, store_put_device(shelf->store, row, &id, &shelf->error));
    return id;
}

static const struct shared_phone_row new_phone = {.customer_id = 1,
                                                  .name = "Garde",
                                                  .code_hash = {{7}},
                                                  .expires_at = {900},
                                                  .created_at = {100},
                                                  .registration = {{8}}};

static int64_t add_phone(struct shelf *shelf)
{
    int64_t id = 0;
    assert_ok(shelf, store_add_shared_phone(shelf->store, &new_phone, &id, &shelf->error));
    return id;
}

static struct shared_phone_row get_phone(struct shelf *shelf, int64_t id)
{
    struct shared_phone_row row;
    assert_ok(shelf, store_get_shared_phone(shelf->store, shelf->customer_id, id, shelf->arena,
                                            &row, &shelf->error));
    return row;
}

static void test_registrations__are_those_of_the_same_target(void **state)
{
    struct shelf *shelf = *state;
    struct registration_row *rows, row;
    size_t count = 0;
    int64_t paul = put_agent(shelf, "paul"), zoe = put_agent(shelf, "zoe");
    struct device_row first = device_of(shelf, paul), second = device_of(shelf, zoe);
    int64_t device = put_device(shelf, &first);
    (void)put_device(shelf, &second);
    assert_ok(shelf, store_list_registrations_of_device(shelf->store, 1, device, 8, shelf->arena,
                                                        &rows, &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].agent_id, paul);
    assert_string_equal(rows[1].installation, "i");
    assert_ok(shelf, store_list_registrations_of_device(shelf->store, 1, device, 1, shelf->arena,
                                                        &rows, &count, &shelf->error));
    assert_int_equal(count, 1); /* no more than are wanted */
    const struct rotation_row rotation = {.customer_id = 1,
                                          .device_id = device,
                                          .platform = PLATFORM_FCM,
                                          .target = "two",
                                          .registered_at = {300}};
    assert_ok(shelf, store_rotate_registration(shelf->store, &rotation, &shelf->error));
    assert_ok(shelf, store_get_registration(shelf->store, 1, paul, "i", shelf->arena, &row,
                                            &shelf->error));
    assert_string_equal(row.target, "two");
    assert_int_equal(row.registered_at.ms, 300);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM device WHERE proven_at IS NULL"), 1);
    assert_int_equal(
        store_get_registration(shelf->store, 1, paul, "j", shelf->arena, &row, &shelf->error),
        STATUS_NOT_FOUND);
    assert_ok(shelf, store_list_registrations(shelf->store, "i", PLATFORM_FCM, "one", 8,
                                              shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].agent_id, zoe);
    assert_ok(shelf, store_list_registrations(shelf->store, "i", PLATFORM_APNS, "one", 8,
                                              shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 0);
}

static void test_phone__comes_back_until_it_is_revoked(void **state)
{
    struct shelf *shelf = *state;
    struct shared_phone_row row, *rows;
    size_t count = 0;
    int64_t paul = put_agent(shelf, "paul"), id = add_phone(shelf);
    assert_ok(shelf, store_find_shared_phone_code(shelf->store, &new_phone.code_hash, shelf->arena,
                                                  &row, &shelf->error));
    assert_int_equal(row.phone_id, id);
    assert_int_equal(row.used_at.ms, TIME_NEVER_MS);
    assert_int_equal(row.registered_at.ms, TIME_NEVER_MS);
    assert_null(row.target);
    row.used_at.ms = 150;
    row.token_hash = (struct digest){{9}};
    row.installation = "s";
    row.platform = PLATFORM_APNS;
    row.target = "t";
    row.registered_at.ms = 160;
    row.owner_id = paul;
    row.owned_since.ms = 170;
    assert_ok(shelf, store_update_shared_phone(shelf->store, &row, &shelf->error));
    row = get_phone(shelf, id);
    assert_string_equal(row.name, "Garde");
    assert_string_equal(row.target, "t");
    assert_int_equal(row.token_hash.bytes[0], 9);
    assert_int_equal(row.owner_id, paul);
    assert_int_equal(row.owned_since.ms, 170);
    assert_int_equal(store_find_shared_phone_code(shelf->store, &new_phone.code_hash, shelf->arena,
                                                  &row, &shelf->error),
                     STATUS_NOT_FOUND); /* it was used */
    assert_ok(shelf,
              store_list_shared_phones_of_target(shelf->store, "s", PLATFORM_APNS, "t", 8,
                                                 shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 1);
    row = get_phone(shelf, id);
    row.revoked_at.ms = 500;
    assert_ok(shelf, store_update_shared_phone(shelf->store, &row, &shelf->error));
    assert_int_equal(store_get_shared_phone(shelf->store, 1, id, shelf->arena, &row, &shelf->error),
                     STATUS_NOT_FOUND);
    assert_ok(shelf, store_list_shared_phones(shelf->store, 1, shelf->arena, &rows, &count,
                                              &shelf->error));
    assert_int_equal(count, 0);
}

/* One that was revoked before anybody used its code has no token, not one of zeros. */
static void test_phone__without_a_token(void **state)
{
    struct shelf *shelf = *state;
    struct shared_phone_row row = get_phone(shelf, add_phone(shelf));
    row.revoked_at.ms = 500;
    assert_ok(shelf, store_update_shared_phone(shelf->store, &row, &shelf->error));
    assert_int_equal(
        shelf_number(shelf, "SELECT count(*) FROM shared_phone WHERE token_hash IS NULL"), 1);
}

static void test_turns__the_oldest_are_forgotten(void **state)
{
    struct shelf *shelf = *state;
    struct shared_phone_turn_row *rows;
    size_t count = 0;
    int64_t paul = put_agent(shelf, "paul"), phone = add_phone(shelf);
    shelf_execute(shelf, "BEGIN");
    for (int64_t i = 1; i <= SHARED_PHONE_TURNS_KEPT + 2; i++) {
        const struct shared_phone_turn_row row = {.customer_id = 1,
                                                  .phone_id = phone,
                                                  .agent_id = paul,
                                                  .began_at = {i},
                                                  .ended_at = WALL_NEVER};
        assert_ok(shelf, store_begin_turn(shelf->store, &row, &shelf->error));
        assert_ok(shelf, store_end_turn(shelf->store, 1, phone, "sign_out",
                                        (struct wall_time){i + 1}, &shelf->error));
    }
    shelf_execute(shelf, "COMMIT");
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM shared_phone_turn"),
                     SHARED_PHONE_TURNS_KEPT);
    assert_ok(shelf, store_list_turns(shelf->store, 1, phone, 2, shelf->arena, &rows, &count,
                                      &shelf->error));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].began_at.ms, SHARED_PHONE_TURNS_KEPT + 2);
    assert_int_equal(rows[1].ended_at.ms, SHARED_PHONE_TURNS_KEPT + 2);
    assert_string_equal(rows[1].ended_by, "sign_out");
}

static void test_pins__and_wrong_ones(void **state)
{
    struct shelf *shelf = *state;
    struct agent_pin_row pin;
    struct pin_failure_row failure;
    int64_t paul = put_agent(shelf, "paul"), phone = add_phone(shelf);
    assert_int_equal(store_get_pin(shelf->store, 1, paul, &pin, &shelf->error), STATUS_NOT_FOUND);
    for (uint8_t i = 1; i <= 2; i++) {
        const struct agent_pin_row row = {
            .customer_id = 1, .agent_id = paul, .salt = {{i}}, .hash = {{i}}, .set_at = {i}};
        assert_ok(shelf, store_put_pin(shelf->store, &row, &shelf->error));
        assert_ok(shelf, store_get_pin(shelf->store, 1, paul, &pin, &shelf->error));
        assert_int_equal(pin.salt.bytes[0], i);
        assert_int_equal(pin.hash.bytes[0], i);
    }
    for (int64_t i = 1; i <= 2; i++) {
        const struct pin_failure_row row = {.customer_id = 1,
                                            .phone_id = phone,
                                            .agent_id = paul,
                                            .failures = i,
                                            .until = {i < 2 ? TIME_NEVER_MS : 77}};
        assert_ok(shelf, store_put_pin_failure(shelf->store, &row, &shelf->error));
        assert_ok(shelf,
                  store_get_pin_failure(shelf->store, 1, phone, paul, &failure, &shelf->error));
        assert_int_equal(failure.failures, i);
        assert_int_equal(failure.until.ms, row.until.ms);
    }
    struct agent_pin_row *pins = NULL;
    size_t count = 0;
    assert_ok(shelf, store_list_pins(shelf->store, 1, shelf->arena, &pins, &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_int_equal(pins[0].agent_id, paul);
    assert_int_equal(pins[0].hash.bytes[0], 2);
    assert_ok(shelf, store_list_pins(shelf->store, 2, shelf->arena, &pins, &count, &shelf->error));
    assert_int_equal(count, 0); /* another customer's */
    assert_ok(shelf, store_forget_pin_failures(shelf->store, 1, paul, &shelf->error));
    assert_int_equal(store_get_pin_failure(shelf->store, 1, phone, paul, &failure, &shelf->error),
                     STATUS_NOT_FOUND);
    assert_ok(shelf, store_delete_pin(shelf->store, 1, paul, &shelf->error));
    assert_int_equal(store_get_pin(shelf->store, 1, paul, &pin, &shelf->error), STATUS_NOT_FOUND);
}

/* ---- each call fails once ---- */

struct desk {
    struct store *store;
    struct arena *arena;
    struct error *error;
    struct registration_row registration, *registrations;
    struct shared_phone_row phone, *phones;
    struct shared_phone_agent_row *agents;
    struct shared_phone_turn_row *turns;
    struct agent_pin_row pin, *pins;
    struct pin_failure_row failure;
    int64_t number;
    size_t count;
};

static const struct rotation_row rotated = {
    .customer_id = 1, .device_id = 1, .target = "two", .registered_at = {300}};
static const struct shared_phone_row changed = {
    .customer_id = 1, .phone_id = 1, .installation = "s", .target = "t", .used_at = {9}};
static const struct shared_phone_agent_row other_agent = {
    .customer_id = 1, .phone_id = 1, .agent_id = 2};
static const struct shared_phone_turn_row turn = {
    .customer_id = 1, .phone_id = 1, .agent_id = 1, .began_at = {9}, .ended_at = {TIME_NEVER_MS}};
static const struct agent_pin_row some_pin = {
    .customer_id = 1, .agent_id = 1, .salt = {{1}}, .set_at = {9}};
static const struct pin_failure_row some_failure = {
    .customer_id = 1, .phone_id = 1, .agent_id = 1, .failures = 1};

/* clang-format off */
#define OPERATIONS(X) \
    X(get_registration, store_get_registration(d->store, 1, 1, "i", d->arena, &d->registration, \
      d->error)) \
    X(list_registrations, store_list_registrations(d->store, "i", PLATFORM_FCM, "one", 8, \
      d->arena, &d->registrations, &d->count, d->error)) \
    X(list_registrations_of_device, store_list_registrations_of_device(d->store, 1, 1, 8, \
      d->arena, &d->registrations, &d->count, d->error)) \
    X(rotate_registration, store_rotate_registration(d->store, &rotated, d->error)) \
    X(add_shared_phone, store_add_shared_phone(d->store, &new_phone, &d->number, d->error)) \
    X(update_shared_phone, store_update_shared_phone(d->store, &changed, d->error)) \
    X(get_shared_phone, store_get_shared_phone(d->store, 1, 1, d->arena, &d->phone, d->error)) \
    X(find_shared_phone_code, store_find_shared_phone_code(d->store, &new_phone.code_hash, \
      d->arena, &d->phone, d->error)) \
    X(list_shared_phones, store_list_shared_phones(d->store, 1, d->arena, &d->phones, &d->count, \
      d->error)) \
    X(list_shared_phones_of_target, store_list_shared_phones_of_target(d->store, "s", \
      PLATFORM_NONE, "t", 8, d->arena, &d->phones, &d->count, d->error)) \
    X(add_shared_phone_agent, store_add_shared_phone_agent(d->store, &other_agent, d->error)) \
    X(list_shared_phone_agents, store_list_shared_phone_agents(d->store, 1, d->arena, \
      &d->agents, &d->count, d->error)) \
    X(begin_turn, store_begin_turn(d->store, &turn, d->error)) \
    X(end_turn, store_end_turn(d->store, 1, 1, "sign_out", (struct wall_time){9}, d->error)) \
    X(list_turns, store_list_turns(d->store, 1, 1, 8, d->arena, &d->turns, &d->count, d->error)) \
    X(put_pin, store_put_pin(d->store, &some_pin, d->error)) \
    X(get_pin, store_get_pin(d->store, 1, 1, &d->pin, d->error)) \
    X(list_pins, store_list_pins(d->store, 1, d->arena, &d->pins, &d->count, d->error)) \
    X(delete_pin, store_delete_pin(d->store, 1, 1, d->error)) \
    X(put_pin_failure, store_put_pin_failure(d->store, &some_failure, d->error)) \
    X(get_pin_failure, store_get_pin_failure(d->store, 1, 1, 1, &d->failure, d->error)) \
    X(forget_pin_failures, store_forget_pin_failures(d->store, 1, 1, d->error))
/* clang-format on */

#define X_(name, call)                                                                             \
    static enum status run_##name(struct desk *d)                                                  \
    {                                                                                              \
        return call;                                                                               \
    }
OPERATIONS(X_)
#undef X_

static const struct {
    const char *name;
    enum status (*run)(struct desk *desk);
} operations[] = {
#define X_(name, call) {#name, run_##name},
    OPERATIONS(X_)
#undef X_
};

static void furnish(struct shelf *shelf)
{
    int64_t paul = put_agent(shelf, "paul");
    struct device_row device = device_of(shelf, paul);
    (void)put_agent(shelf, "zoe");
    (void)put_device(shelf, &device);
    assert_int_equal(add_phone(shelf), 1);
    const struct shared_phone_agent_row agent = {.customer_id = 1, .phone_id = 1, .agent_id = paul};
    assert_ok(shelf, store_add_shared_phone_agent(shelf->store, &agent, &shelf->error));
    assert_ok(shelf, store_begin_turn(shelf->store, &turn, &shelf->error));
    assert_ok(shelf, store_put_pin(shelf->store, &some_pin, &shelf->error));
    assert_ok(shelf, store_put_pin_failure(shelf->store, &some_failure, &shelf->error));
}

/* Answers whether there was an nth call, which the operation must have told of. */
static bool fails_once(struct shelf *shelf, struct desk *desk, size_t which, enum failing_kind kind,
                       int nth)
{
    arena_destroy(&desk->arena);
    desk->arena = arena_create(0);
    if (kind == FAIL_PREPARE) { /* with no statement prepared */
        store_close(&shelf->store);
        assert_ok(shelf, store_open(shelf->path, NULL, &shelf->store, &shelf->error));
    }
    desk->store = shelf->store;
    assert_ok(shelf, store_begin(desk->store, desk->error));
    failing_calls_start(kind, nth);
    enum status status = operations[which].run(desk);
    bool fired = failing_calls_stop();
    if (status != (fired ? STATUS_NO_MEMORY : STATUS_OK)) {
        fail_msg("%s: %s when call %d of kind %s fails: %s", operations[which].name,
                 status_slug(status), nth, failing_kind_names[kind], desk->error->text);
    }
    store_rollback(desk->store);
    return fired;
}

static void test_operations__say_that_a_call_failed(void **state)
{
    struct shelf *shelf = *state;
    struct desk desk = {.error = &shelf->error};
    furnish(shelf);
    for (int kind = FAIL_MEMORY; kind <= FAIL_STEP; kind++) {
        for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
            int nth = 1;
            while (fails_once(shelf, &desk, i, (enum failing_kind)kind, nth)) {
                nth++;
                assert_true(nth < CALLS_MAX);
            }
            assert_true(nth > 1 || kind == FAIL_MEMORY);
        }
    }
    arena_destroy(&desk.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_registrations__are_those_of_the_same_target),
        SHELF_TEST(test_phone__comes_back_until_it_is_revoked),
        SHELF_TEST(test_phone__without_a_token),
        SHELF_TEST(test_turns__the_oldest_are_forgotten),
        SHELF_TEST(test_pins__and_wrong_ones),
        SHELF_TEST(test_operations__say_that_a_call_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
