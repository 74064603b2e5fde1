#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "apns-fcm/key_agreement.h"
#include "tests/unit/push/device.h"
#include "tests/unit/push/failing_memory.h"

#define DEVICES   6
#define TAKEN_MAX 64

static struct device devices[DEVICES];

static int setup(void **state)
{
    (void)state;
    failing_memory_install();
    for (size_t i = 0; i < DEVICES; i++) {
        device_init(&devices[i]);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < DEVICES; i++) {
        device_fini(&devices[i]);
    }
    return 0;
}

static struct key_agreement *make_store(void)
{
    struct key_agreement *store = NULL;
    assert_int_equal(key_agreement_create(&store), STATUS_OK);
    return store;
}

/* Takes an agreement that the device comes to as well. */
static void take(struct key_agreement *store, const struct device *device,
                 struct seal_agreement *agreement_r)
{
    uint8_t secret[32];
    assert_int_equal(key_agreement_take(store, device->public_key, agreement_r), STATUS_OK);
    device_agree(device, agreement_r->public_key, secret);
    assert_memory_equal(secret, agreement_r->secret, sizeof secret);
}

/* How many pieces of work there are. */
static size_t prepare_all(struct key_agreement *store)
{
    size_t count = 1;
    while (key_agreement_prepare_one(store)) {
        count++;
    }
    return count;
}

static void test_take__always_agrees_and_never_twice_the_same(void **state)
{
    (void)state;
    struct key_agreement *store = make_store();
    static struct seal_agreement taken[TAKEN_MAX];
    for (size_t i = 0; i < TAKEN_MAX; i++) {
        take(store, &devices[i * i % DEVICES], &taken[i]);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(taken[i].public_key, taken[j].public_key,
                                    PUSH_PUBLIC_KEY_BYTES);
        }
        if (i % 3 == 0) {
            (void)key_agreement_prepare_one(store);
        }
        if (i % 7 == 0) {
            (void)prepare_all(store);
        }
    }
    key_agreement_destroy(&store);
    assert_null(store);
    key_agreement_destroy(&store);
}

static void test_prepare__one_for_each_peer_lately_used_and_the_pool(void **state)
{
    (void)state;
    struct key_agreement *store = make_store();
    struct seal_agreement agreement;
    assert_false(key_agreement_prepare_one(store)); /* for nothing was ever encrypted */
    take(store, &devices[0], &agreement);
    assert_int_equal(prepare_all(store), 1 + KEY_AGREEMENT_PAIRS_MAX);
    assert_false(key_agreement_prepare_one(store));
    for (size_t i = 1; i < 4; i++) {
        take(store, &devices[i], &agreement); /* with pairs of the pool */
    }
    assert_int_equal(prepare_all(store), 3 + 3);
    take(store, &devices[1], &agreement);
    take(store, &devices[1], &agreement); /* the second with a pair */
    assert_int_equal(prepare_all(store), 1 + 1);
    key_agreement_destroy(&store);
}

/* More devices than are remembered: the one used last has the place of the one not used longest. */
static void test_take__only_so_many_are_remembered(void **state)
{
    (void)state;
    struct key_agreement *store = make_store();
    struct key_agreement *source = make_store();
    struct seal_agreement agreement, other;
    take(store, &devices[0], &agreement);
    (void)prepare_all(store);
    for (size_t i = 0; i < KEY_AGREEMENT_PEERS_MAX; i++) {
        if (i == KEY_AGREEMENT_PEERS_MAX / 2) {
            take(store, &devices[1], &agreement);
        }
        /* Any public key is a device's. */
        assert_int_equal(key_agreement_take(source, devices[0].public_key, &other), STATUS_OK);
        assert_int_equal(key_agreement_take(store, other.public_key, &agreement), STATUS_OK);
    }
    take(store, &devices[0], &agreement);
    take(store, &devices[1], &agreement);
    assert_int_equal(prepare_all(store), KEY_AGREEMENT_PEERS_MAX + KEY_AGREEMENT_PAIRS_MAX);
    key_agreement_destroy(&source);
    key_agreement_destroy(&store);
}

static void test_take__bad_points_are_refused_and_forgotten(void **state)
{
    (void)state;
    struct key_agreement *store = make_store();
    uint8_t bad[][PUSH_PUBLIC_KEY_BYTES] = {{0}, {4}, {4}, {2}, {4}};
    memcpy(bad[1], devices[0].public_key, PUSH_PUBLIC_KEY_BYTES);
    bad[1][64] ^= 1;                                     /* not on the curve */
    memset(bad[2] + 1, 0xff, PUSH_PUBLIC_KEY_BYTES - 1); /* above the prime */
    memcpy(bad[3], devices[0].public_key, PUSH_PUBLIC_KEY_BYTES);
    bad[3][0] = 6; /* hybrid form */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct seal_agreement agreement = {.public_key = {9}};
        assert_int_equal(key_agreement_take(store, bad[i], &agreement), STATUS_INVALID);
        assert_int_equal(agreement.public_key[0], 9);
        assert_false(push_public_key_is_valid(bad[i]));
    }
    assert_true(push_public_key_is_valid(devices[0].public_key));
    assert_int_equal(prepare_all(store), KEY_AGREEMENT_PAIRS_MAX); /* and none for a peer */
    key_agreement_destroy(&store);
}

static void attempt(void *unused)
{
    (void)unused;
    struct key_agreement *store = NULL;
    enum status status = key_agreement_create(&store);
    bool failed_before = failing_memory_has_failed();
    assert_int_equal(status, failed_before ? STATUS_NO_MEMORY : STATUS_OK);
    for (size_t i = 0; status == STATUS_OK && i < 8; i++) {
        struct seal_agreement agreement = {.public_key = {9}};
        uint8_t bad[PUSH_PUBLIC_KEY_BYTES] = {4};
        status = key_agreement_take(store, devices[i % 3].public_key, &agreement);
        assert_true(status == STATUS_OK || agreement.public_key[0] == 9);
        assert_true(status == STATUS_OK ||
                    (status == STATUS_NO_MEMORY && failing_memory_has_failed()));
        (void)key_agreement_prepare_one(store);
        enum status refusal = key_agreement_take(store, bad, &agreement);
        assert_true(refusal == STATUS_INVALID || refusal == STATUS_NO_MEMORY);
    }
    key_agreement_destroy(&store);
    assert_true(push_public_key_is_valid(devices[0].public_key) || failing_memory_has_failed());
}

static void test_memory__runs_out_anywhere(void **state)
{
    (void)state;
    (void)failing_memory_try(attempt, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take__always_agrees_and_never_twice_the_same),
        cmocka_unit_test(test_prepare__one_for_each_peer_lately_used_and_the_pool),
        cmocka_unit_test(test_take__only_so_many_are_remembered),
        cmocka_unit_test(test_take__bad_points_are_refused_and_forgotten),
        cmocka_unit_test(test_memory__runs_out_anywhere),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
