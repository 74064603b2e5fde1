#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "apns-fcm/suspicion.h"

#define AT(minute_) ((struct monotonic_time){(minute_)*INT64_C(60000)})

static void test_suspicion__one_device_proves_nothing(void **state)
{
    struct suspicion suspicion = {0};
    (void)state;
    assert_false(suspicion_is_founded(&suspicion, AT(0)));
    for (int i = 0; i < 20; i++) {
        suspicion_note(&suspicion, 7, true, AT(0));
    }
    assert_false(suspicion_is_founded(&suspicion, AT(0)));
}

static void test_suspicion__many_devices_at_once_do(void **state)
{
    struct suspicion suspicion = {0};
    (void)state;
    for (uint32_t device = 0; device < 4; device++) {
        suspicion_note(&suspicion, device, true, AT(device));
    }
    assert_false(suspicion_is_founded(&suspicion, AT(4)));
    suspicion_note(&suspicion, 4, true, AT(4));
    assert_true(suspicion_is_founded(&suspicion, AT(4)));
    assert_false(suspicion_is_founded(&suspicion, AT(12))); /* not at once any more */
}

static void test_suspicion__not_among_many_that_are_known(void **state)
{
    struct suspicion suspicion = {0};
    (void)state;
    for (uint32_t device = 0; device < 26; device++) {
        suspicion_note(&suspicion, device, device % 4 == 0, AT(0));
    }
    assert_false(suspicion_is_founded(&suspicion, AT(0)));
    for (uint32_t device = 100; device < 120; device++) {
        suspicion_note(&suspicion, device, true, AT(1)); /* the older ones are forgotten */
    }
    assert_true(suspicion_is_founded(&suspicion, AT(1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suspicion__one_device_proves_nothing),
        cmocka_unit_test(test_suspicion__many_devices_at_once_do),
        cmocka_unit_test(test_suspicion__not_among_many_that_are_known),
    };
    return cmocka_run_group_tests_name("suspicion", tests, NULL, NULL);
}
