/* Lists of spans, as rows of a picture: one letter a millisecond, a point for nobody. */
#include "gateway/rota/spans_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/rota/rota.h"

#define WIDTH_MAX 32

static const char *const agents[] = {"a", "b", "c"};

/* Each run of one letter is a span. */
static struct spans draw(const char *picture)
{
    struct spans spans = {0};
    size_t width = strlen(picture);
    for (size_t from = 0, to; from < width; from = to) {
        for (to = from + 1; to < width && picture[to] == picture[from]; to++) {
        }
        if (picture[from] != '.') {
            assert_int_equal(
                spans_add(&spans, (int64_t)from, (int64_t)to, agents[picture[from] - 'a']),
                STATUS_OK);
        }
    }
    return spans;
}

static void assert_drawn(struct spans *spans, const char *picture)
{
    char drawn[WIDTH_MAX];
    size_t width = strlen(picture);
    assert_true(width < sizeof drawn);
    memset(drawn, '.', width);
    drawn[width] = '\0';
    for (size_t i = 0; i < spans->count; i++) {
        assert_true(i == 0 || spans->items[i].from_ms >= spans->items[i - 1].to_ms);
        for (int64_t ms = spans->items[i].from_ms; ms < spans->items[i].to_ms; ms++) {
            const char *letter = spans->items[i].agent != NULL ? spans->items[i].agent : "w";
            drawn[ms] = letter[0];
        }
    }
    assert_string_equal(drawn, picture);
    spans_fini(spans);
}

static void spans__cover(void **state)
{
    (void)state;
    static const char *const table[][3] = {
        {"aaaaaa", "..bb..", "aabbaa"}, {"aa..aa", ".bbbb.", "abbbba"},
        {"......", "b....b", "b....b"}, {"aabbaa", "......", "aabbaa"},
        {"aaaaaa", "b.b.cc", "babacc"}, {"aabb..", "cccccc", "cccccc"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct spans base = draw(table[i][0]), top = draw(table[i][1]), result = {0};
        assert_int_equal(spans_cover(&base, &top, &result), STATUS_OK);
        assert_drawn(&result, table[i][2]);
        spans_fini(&base);
        spans_fini(&top);
    }
}

static void spans__subtract(void **state)
{
    (void)state;
    static const char *const table[][3] = {
        {"aaaaaa", "..bb..", "aa..aa"}, {"aabbcc", ".bbbb.", "a....c"},
        {"aaaaaa", "bbbbbb", "......"}, {"aaaaaa", "......", "aaaaaa"},
        {"aaaaaa", "b.b.b.", ".a.a.a"}, {".aa.bb", "bb.bb.", "..a..b"},
        {"..aaaa", ".bb...", "...aaa"}, {"......", "bbbbbb", "......"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct spans base = draw(table[i][0]), cut = draw(table[i][1]), result = {0};
        assert_int_equal(spans_subtract(&base, &cut, &result), STATUS_OK);
        assert_drawn(&result, table[i][2]);
        spans_fini(&base);
        spans_fini(&cut);
    }
}

static void spans__join_in_any_order(void **state)
{
    (void)state;
    static const int64_t windows[][2] = {{8, 9}, {0, 2}, {5, 6}, {2, 3}, {4, 7}, {4, 4}};
    struct spans spans = {0};
    spans_join(&spans);
    assert_int_equal(spans.count, 0);
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        assert_int_equal(spans_add(&spans, windows[i][0], windows[i][1], NULL), STATUS_OK);
    }
    spans_join(&spans);
    assert_int_equal(spans.count, 3);
    assert_drawn(&spans, "www.www.w.");
}

static void spans__after_a_moment(void **state)
{
    (void)state;
    struct spans spans = draw("..aa.bb.");
    static const int64_t from[] = {2, 2, 2, 2, 5, 5, 5, -1, -1};
    for (int64_t ms = 0; ms < 9; ms++) {
        const struct span *span = spans_after(&spans, ms);
        assert_int_equal(span != NULL ? span->from_ms : -1, from[ms]);
    }
    spans_fini(&spans);
    assert_null(spans_after(&spans, 0));
}

static void spans__have_a_limit(void **state)
{
    (void)state;
    struct spans spans = {0};
    for (int64_t i = 0; i < ROTA_INTERVALS_MAX; i++) {
        assert_int_equal(spans_add(&spans, 2 * i, 2 * i + 1, NULL), STATUS_OK);
    }
    assert_int_equal(spans_add(&spans, -2, -1, NULL), STATUS_TOO_LARGE);
    assert_int_equal(spans_add(&spans, 5, 5, NULL), STATUS_OK); /* empty: not kept */
    assert_int_equal(spans.count, ROTA_INTERVALS_MAX);
    spans_fini(&spans);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans__cover),
        cmocka_unit_test(spans__subtract),
        cmocka_unit_test(spans__join_in_any_order),
        cmocka_unit_test(spans__after_a_moment),
        cmocka_unit_test(spans__have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
