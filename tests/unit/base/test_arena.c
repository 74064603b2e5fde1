#include "gateway/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void arena__memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    unsigned char *before = NULL;
    size_t before_bytes = 0;
    for (size_t bytes = 1; bytes < 9000; bytes += 37) {
        unsigned char *memory = arena_alloc(arena, bytes);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < bytes; i++) {
            assert_int_equal(memory[i], 0);
        }
        memset(memory, 0xee, bytes);
        if (before != NULL) {
            assert_int_equal(before[before_bytes - 1], 0xee);
        }
        before = memory;
        before_bytes = bytes;
    }
    arena_destroy(&arena);
    assert_null(arena);
}

/* Lists may be empty: NULL is for failures alone. */
static void arena__answers_nothing_with_an_address(void **state)
{
    (void)state;
    struct arena *arena = arena_create(4096);
    assert_non_null(arena_alloc(arena, 0));
    assert_non_null(arena_alloc(arena, 4096));
    assert_non_null(arena_alloc(arena, 0)); /* at its limit, too */
    arena_destroy(&arena);
}

static void arena__refuses_beyond_its_limit_and_goes_on(void **state)
{
    (void)state;
    struct arena *arena = arena_create(1024);
    assert_non_null(arena_alloc(arena, 1000));
    assert_null(arena_alloc(arena, 100));
    assert_null(arena_alloc(arena, SIZE_MAX));
    assert_null(arena_alloc(arena, SIZE_MAX / 2));
    assert_non_null(arena_alloc(arena, 8));
    arena_reset(arena);
    assert_non_null(arena_alloc(arena, 1024));
    assert_null(arena_alloc(arena, 1));
    arena_destroy(&arena);
}

static void arena__reset_hands_out_zeroed_memory_again(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 40; i++) {
            char *memory = arena_alloc(arena, 500);
            assert_int_equal(memory[0], 0);
            assert_int_equal(memory[499], 0);
            memset(memory, 'x', 500);
        }
        arena_reset(arena);
    }
    arena_destroy(&arena);
}

/* What is large must not cost the rest of the block that was in use. */
static void arena__goes_on_behind_what_is_large(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    const char *before = arena_text(arena, "before");
    assert_non_null(arena_alloc(arena, 100000));
    assert_ptr_equal(arena_text(arena, "behind"), before + sizeof "before");
    assert_non_null(arena_alloc(arena, 100000)); /* both are given back by either end */
    arena_reset(arena);
    assert_ptr_equal(arena_text(arena, "before"), before);
    assert_non_null(arena_alloc(arena, 100000));
    arena_destroy(&arena);
}

static void arena__texts(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    assert_string_equal(arena_text(arena, "Paul"), "Paul");
    assert_string_equal(arena_text_n(arena, "Paul", 2), "Pa");
    assert_string_equal(arena_format(arena, "%s %d", "rota", 12), "rota 12");
    assert_null(arena_text(arena, NULL));
    assert_null(arena_text_n(arena, NULL, 4));
    arena_destroy(&arena);
}

static void arena__destroy_takes_null(void **state)
{
    (void)state;
    struct arena *arena = NULL;
    arena_destroy(&arena);
    assert_null(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena__memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(arena__answers_nothing_with_an_address),
        cmocka_unit_test(arena__refuses_beyond_its_limit_and_goes_on),
        cmocka_unit_test(arena__reset_hands_out_zeroed_memory_again),
        cmocka_unit_test(arena__goes_on_behind_what_is_large),
        cmocka_unit_test(arena__texts),
        cmocka_unit_test(arena__destroy_takes_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
