#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "apns-fcm/seal.h"
#include "apns-fcm/sealer.h"
#include "apns-fcm/vapid.h"
#include "tests/unit/push/device.h"
#include "tests/unit/push/failing_memory.h"

#define RECORD_BYTES_MAX 8192
#define HEADER_BYTES     86
#define OVERHEAD_BYTES   (HEADER_BYTES + 1 + 16)

static int setup(void **state)
{
    (void)state;
    failing_memory_install();
    return 0;
}

static void test_record_bytes__padded_and_within_what_services_take(void **state)
{
    (void)state;
    assert_int_equal(seal_record_bytes(0), 86 + 128 + 16);
    assert_int_equal(seal_record_bytes(127), 86 + 128 + 16);
    assert_int_equal(seal_record_bytes(128), 86 + 256 + 16);
    assert_int_equal(seal_record_bytes(3967), 86 + 3968 + 16);
    assert_int_equal(seal_record_bytes(3968), 4096);
    assert_int_equal(seal_record_bytes(3993), 4096);
    assert_int_equal(seal_record_bytes(3994), 86 + 4096 + 16);
    for (size_t plain = 0; plain < 6000; plain++) {
        assert_true(seal_record_bytes(plain) >= plain + OVERHEAD_BYTES);
    }
}

static void test_seal__device_opens_it_whatever_the_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 127, 128, 129, 1000, 3967, 3968, 3993, 3994, 5000};
    struct device device, ours;
    struct seal_agreement agreement;
    uint8_t plain[RECORD_BYTES_MAX], record[RECORD_BYTES_MAX], opened[RECORD_BYTES_MAX];
    device_init(&device);
    device_init(&ours);
    memcpy(agreement.public_key, ours.public_key, sizeof agreement.public_key);
    device_agree(&ours, device.public_key, agreement.secret);
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)(i * 7 + 1);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t salt[SEAL_SALT_BYTES] = {(uint8_t)i};
        size_t bytes = seal_record_bytes(sizes[i]);
        record[bytes] = 0xaa;
        assert_int_equal(seal(&agreement, device.public_key, device.auth_secret, salt, plain,
                              sizes[i], record, bytes),
                         STATUS_OK);
        assert_int_equal(record[bytes], 0xaa);
        assert_int_equal(device_open(&device, record, bytes, opened), sizes[i]);
        assert_memory_equal(opened, plain, sizes[i]);
    }
    device_fini(&device);
    device_fini(&ours);
}

static void test_seal__too_small_a_record_is_left_alone(void **state)
{
    (void)state;
    static const struct seal_agreement agreement;
    static const uint8_t zero[PUSH_PUBLIC_KEY_BYTES];
    uint8_t record[OVERHEAD_BYTES + 10];
    memset(record, 0x55, sizeof record);
    static const size_t sizes[] = {0, 16, OVERHEAD_BYTES - 1, OVERHEAD_BYTES + 9};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(seal(&agreement, zero, zero, zero, "0123456789", 10, record, sizes[i]),
                         STATUS_TOO_LARGE);
        assert_int_equal(record[0], 0x55);
    }
    assert_int_equal(seal(&agreement, zero, zero, zero, "0123456789", 10, record, sizeof record),
                     STATUS_OK);
}

static void attempt(void *unused)
{
    (void)unused;
    static const struct seal_agreement agreement;
    static const uint8_t zero[PUSH_PUBLIC_KEY_BYTES];
    uint8_t record[OVERHEAD_BYTES + 4];
    enum status status = seal(&agreement, zero, zero, zero, "text", 4, record, sizeof record);
    assert_true(status == STATUS_OK || record[HEADER_BYTES] == 0); /* no word of it stays */
    assert_true(status == STATUS_OK || (status == STATUS_NO_MEMORY && failing_memory_has_failed()));
}

/* A key is made, parsed and signs for an origin. */
static void attempt_vapid(void *unused)
{
    (void)unused;
    static char pem[PUSH_VAPID_PEM_BYTES_MAX]; /* once it was made */
    char made[PUSH_VAPID_PEM_BYTES_MAX] = "kept";
    char text[VAPID_AUTHORIZATION_BYTES_MAX] = "kept", public_text[PUSH_VAPID_PUBLIC_BYTES_MAX];
    struct vapid_key *key = NULL;
    size_t bytes = 0;
    enum status status = push_vapid_key_create(made, NULL);
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    assert_int_equal(status != STATUS_OK, strcmp(made, "kept") == 0);
    if (pem[0] == '\0') {
        memcpy(pem, made, sizeof pem);
    }
    status = push_vapid_public_key(pem, public_text, NULL);
    assert_true(status == STATUS_OK || failing_memory_has_failed());
    status = vapid_key_create(pem, "mailto:a@b.example", &key, NULL);
    if (status == STATUS_OK) {
        status = vapid_authorization(key, "https://push.example", (struct wall_time){1700000000000},
                                     text, &bytes);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        assert_int_equal(status != STATUS_OK, strcmp(text, "kept") == 0);
    }
    assert_true(status == STATUS_OK || failing_memory_has_failed());
    vapid_key_destroy(&key);
}

#define SEALINGS 3

struct returned {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t count;
};

static void on_done(void *context, struct sealing *list)
{
    struct returned *returned = context;
    (void)pthread_mutex_lock(&returned->lock);
    for (; list != NULL; list = list->next) {
        returned->count++;
    }
    (void)pthread_cond_signal(&returned->changed);
    (void)pthread_mutex_unlock(&returned->lock);
}

/* Whatever the thread runs out of, each sealing comes back, and is whole or says why. */
static void attempt_sealer(void *context)
{
    const struct device *device = context;
    struct returned returned = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    struct sealing sealings[SEALINGS];
    uint8_t records[SEALINGS][RECORD_BYTES_MAX], opened[RECORD_BYTES_MAX];
    struct sealer *sealer = NULL;
    if (sealer_create(&random_system, on_done, &returned, &sealer, NULL) != STATUS_OK) {
        assert_null(sealer);
        assert_true(failing_memory_has_failed());
        return;
    }
    for (size_t i = 0; i < SEALINGS; i++) {
        sealings[i] = (struct sealing){.next = i + 1 < SEALINGS ? &sealings[i + 1] : NULL,
                                       .plain = (const uint8_t *)"text",
                                       .plain_bytes = 4,
                                       .place = records[i],
                                       .record_bytes = seal_record_bytes(4)};
        memcpy(sealings[i].public_key, device->public_key, PUSH_PUBLIC_KEY_BYTES);
        memcpy(sealings[i].auth_secret, device->auth_secret, PUSH_AUTH_SECRET_BYTES);
    }
    sealer_submit(sealer, sealings);
    (void)pthread_mutex_lock(&returned.lock);
    while (returned.count < SEALINGS) {
        (void)pthread_cond_wait(&returned.changed, &returned.lock);
    }
    (void)pthread_mutex_unlock(&returned.lock);
    sealer_destroy(&sealer);
    failing_memory_stop(); /* the device has memory */
    for (size_t i = 0; i < SEALINGS; i++) {
        if (sealings[i].status == STATUS_OK) {
            assert_int_equal(device_open(device, records[i], seal_record_bytes(4), opened), 4);
            assert_memory_equal(opened, "text", 4);
        } else {
            assert_int_equal(sealings[i].status, STATUS_NO_MEMORY);
            assert_true(failing_memory_has_failed());
        }
    }
}

static void test_memory__runs_out_anywhere(void **state)
{
    (void)state;
    (void)failing_memory_try(attempt, NULL);
    (void)failing_memory_try(attempt_vapid, NULL);
    struct device device;
    device_init(&device);
    (void)failing_memory_try(attempt_sealer, &device);
    device_fini(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_bytes__padded_and_within_what_services_take),
        cmocka_unit_test(test_seal__device_opens_it_whatever_the_size),
        cmocka_unit_test(test_seal__too_small_a_record_is_left_alone),
        cmocka_unit_test(test_memory__runs_out_anywhere),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
