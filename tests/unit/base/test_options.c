#include "gateway/base/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define WORDS_MAX 5

static void options_next__whole_names_only(void **state)
{
    (void)state;
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"config-check", no_argument, NULL, 'k'},
                                            {NULL, 0, NULL, 0}};
    static const struct {
        const char *words[WORDS_MAX];
        int got;
        int index;
        const char *value;
    } table[] = {
        {{"p", "--config", "a"}, 'c', 0, "a"},
        {{"p", "--config=a"}, 'c', 0, "a"},
        {{"p", "--config=--config-c"}, 'c', 0, "--config-c"},
        {{"p", "--config", "--conf"}, 'c', 0, "--conf"},
        {{"p", "--config-check"}, 'k', 1, NULL},
        {{"p", "word", "--config-check"}, 'k', 1, NULL},
        {{"p", "-c", "--conf"}, 'c', 9, "--conf"},
        {{"p", "--config-c"}, '?', 9, NULL},
        {{"p", "--config-", "a"}, '?', 9, NULL},
        {{"p", "word", "--config-c"}, '?', 9, NULL},
        {{"p", "--conf", "a"}, '?', 9, NULL},
        {{"p", "--other"}, '?', 9, NULL},
        {{"p", "--config"}, '?', 9, NULL},
        {{"p", "--", "--config-c"}, -1, 9, NULL},
        {{"p"}, -1, 9, NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *words[WORDS_MAX];
        int count = 0, index = 9;
        for (; table[i].words[count] != NULL; count++) {
            words[count] = (char *)(uintptr_t)table[i].words[count];
        }
        words[count] = NULL;
        optind = 0; /* from the beginning again */
        assert_int_equal(options_next(count, words, "c:", options, &index), table[i].got);
        assert_int_equal(index, table[i].index);
        if (table[i].value != NULL) {
            assert_string_equal(optarg, table[i].value);
        }
    }
}

static void options_next__one_after_another(void **state)
{
    (void)state;
    static const struct option options[] = {{"long", required_argument, NULL, 'l'},
                                            {"loud", optional_argument, NULL, 'o'},
                                            {NULL, 0, NULL, 0}};
    char name[] = "p", first[] = "--long", value[] = "1", second[] = "--lou=2";
    char *words[] = {name, first, value, second, NULL};
    optind = 0;
    assert_int_equal(options_next(4, words, "", options, NULL), 'l');
    assert_int_equal(options_next(4, words, "", options, NULL), '?');
    assert_int_equal(options_next(4, words, "", options, NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_next__whole_names_only),
        cmocka_unit_test(options_next__one_after_another),
    };
    return cmocka_run_group_tests_name("base.options", tests, NULL, NULL);
}
