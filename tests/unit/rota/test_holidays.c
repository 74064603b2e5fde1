/* Holidays of French law, against dates published for the years. */
#include "gateway/rota/holidays.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/rota/calendar_private.h"

static int32_t date(int year, int month, int day)
{
    return (int32_t)calendar_days(year, month, day);
}

/* The holidays of a year as "MM-DD name" lines. */
static void show_year(const struct holidays *holidays, int year, char *shown, size_t bytes)
{
    struct arena *arena = arena_create(0);
    struct holiday *list;
    size_t count, used = 0;
    assert_int_equal(holidays_list(holidays, date(year, 1, 1), date(year, 12, 31) + 1, arena, &list,
                                   &count, NULL),
                     STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        int month = 12;
        while (date(year, month, 1) > list[i].date_days) {
            month--;
        }
        used += (size_t)snprintf(shown + used, bytes - used, "%02d-%02d %s\n", month,
                                 list[i].date_days - date(year, month, 1) + 1, list[i].name_fr);
    }
    arena_destroy(&arena);
}

static void holidays__of_metropolitan_france(void **state)
{
    (void)state;
    const struct holidays fr = {.variant = HOLIDAYS_FR};
    char shown[1024] = "";
    show_year(&fr, 2026, shown, sizeof shown);
    assert_string_equal(shown, "01-01 Jour de l'An\n"
                               "04-06 Lundi de Pâques\n"
                               "05-01 Fête du Travail\n"
                               "05-08 Victoire de 1945\n"
                               "05-14 Ascension\n"
                               "05-25 Lundi de Pentecôte\n"
                               "07-14 Fête nationale\n"
                               "08-15 Assomption\n"
                               "11-01 Toussaint\n"
                               "11-11 Armistice de 1918\n"
                               "12-25 Noël\n");
}

static void holidays__of_alsace_and_moselle(void **state)
{
    (void)state;
    const struct holidays alsace = {.variant = HOLIDAYS_FR_ALSACE_MOSELLE};
    char shown[1024] = "";
    show_year(&alsace, 2024, shown, sizeof shown);
    assert_string_equal(shown, "01-01 Jour de l'An\n"
                               "03-29 Vendredi saint\n"
                               "04-01 Lundi de Pâques\n"
                               "05-01 Fête du Travail\n"
                               "05-08 Victoire de 1945\n"
                               "05-09 Ascension\n"
                               "05-20 Lundi de Pentecôte\n"
                               "07-14 Fête nationale\n"
                               "08-15 Assomption\n"
                               "11-01 Toussaint\n"
                               "11-11 Armistice de 1918\n"
                               "12-25 Noël\n"
                               "12-26 Saint-Étienne\n");
}

/* Each has one day more than metropolitan France, and that day is nobody else's. */
static void holidays__of_the_abolition(void **state)
{
    (void)state;
    static const struct {
        const char *slug;
        int month, day;
    } table[] = {
        {"fr-mayotte", 4, 27},          {"fr-martinique", 5, 22}, {"fr-guadeloupe", 5, 27},
        {"fr-saint-martin", 5, 28},     {"fr-guyane", 6, 10},     {"fr-reunion", 12, 20},
        {"fr-saint-barthelemy", 10, 9},
    };
    size_t variants = sizeof table / sizeof table[0];
    for (size_t i = 0; i < variants; i++) {
        struct holidays holidays = {.variant = HOLIDAYS_NONE};
        struct arena *arena = arena_create(0);
        struct holiday *list, holiday;
        size_t count;
        assert_int_equal(holidays_variant_parse(table[i].slug, &holidays.variant, NULL), STATUS_OK);
        assert_int_equal(holidays_list(&holidays, date(2026, 1, 1), date(2027, 1, 1), arena, &list,
                                       &count, NULL),
                         STATUS_OK);
        assert_int_equal(count, 12);
        for (size_t other = 0; other < variants; other++) {
            int32_t day = date(2026, table[other].month, table[other].day);
            assert_int_equal(holidays_find(&holidays, day, &holiday), other == i);
        }
        assert_true(holidays_find(&holidays, date(2026, table[i].month, table[i].day), &holiday));
        assert_string_equal(holiday.name_en, "Commemoration of the Abolition of Slavery");
        arena_destroy(&arena);
    }
}

/* Easter Mondays of the earliest, the latest and other known years. */
static void holidays__easter(void **state)
{
    (void)state;
    static const struct {
        int year, month, day;
    } table[] = {
        {1970, 3, 30}, {1981, 4, 20}, {2000, 4, 24}, {2008, 3, 24}, {2011, 4, 25},
        {2016, 3, 28}, {2019, 4, 22}, {2024, 4, 1},  {2025, 4, 21}, {2038, 4, 26},
        {2049, 4, 19}, {2076, 4, 20}, {2285, 3, 23}, {2299, 4, 17}, {4099, 4, 20},
    };
    const struct holidays fr = {.variant = HOLIDAYS_FR};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct holiday holiday = {0};
        int32_t monday = date(table[i].year, table[i].month, table[i].day);
        if (!holidays_find(&fr, monday, &holiday) ||
            strcmp(holiday.name_en, "Easter Monday") != 0) {
            fail_msg("%d", table[i].year);
        }
    }
}

/* The computus of Gauss, with Lilius' exceptions: written down independently of Meeus'. */
static int32_t easter_of_gauss(int year)
{
    int k = year / 100, p = (13 + 8 * k) / 25;
    int m = (15 - p + k - k / 4) % 30, n = (4 + k - k / 4) % 7;
    int a = year % 19, d = (19 * a + m) % 30;
    int e = (2 * (year % 4) + 4 * (year % 7) + 6 * d + n) % 7;
    if (d == 29 && e == 6) {
        return date(year, 4, 19);
    }
    if (d == 28 && e == 6 && (11 * m + 11) % 30 < 19) {
        return date(year, 4, 18);
    }
    return date(year, 3, 22) + d + e;
}

static void holidays__easter_of_every_year(void **state)
{
    (void)state;
    const struct holidays alsace = {.variant = HOLIDAYS_FR_ALSACE_MOSELLE};
    for (int year = 1970; year <= 9999; year++) {
        int32_t easter = easter_of_gauss(year);
        struct holiday holiday = {0};
        assert_int_equal(calendar_weekday(easter), 7);
        assert_true(holidays_find(&alsace, easter + 1, &holiday));
        assert_string_equal(holiday.name_fr, "Lundi de Pâques");
        assert_true(holidays_find(&alsace, easter - 2, &holiday));
        assert_string_equal(holiday.name_fr, "Vendredi saint");
    }
}

/* In 2008 Ascension is on May 1. */
static void holidays__two_on_one_date_have_the_first_name(void **state)
{
    (void)state;
    const struct holiday own[] = {{date(2008, 5, 1), "Pont", "Bridge"},
                                  {date(2008, 5, 2), "Pont", "Bridge"}};
    const struct holidays both = {HOLIDAYS_FR, own, 2};
    struct holiday holiday = {0};
    struct holiday *list;
    struct arena *arena = arena_create(0);
    size_t count;
    assert_int_equal(
        holidays_list(&both, date(2008, 5, 1), date(2008, 5, 3), arena, &list, &count, NULL),
        STATUS_OK);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].name_fr, "Fête du Travail");
    assert_string_equal(list[1].name_en, "Bridge");
    assert_true(holidays_find(&both, date(2008, 5, 2), &holiday));
    assert_false(holidays_find(&both, date(2008, 5, 3), &holiday));
    arena_destroy(&arena);
}

static void holidays__within_the_years_that_there_are(void **state)
{
    (void)state;
    const struct holidays fr = {.variant = HOLIDAYS_FR}, none = {.variant = HOLIDAYS_NONE};
    assert_true(holidays_find(&fr, 0, NULL));                     /* New Year's Day of 1970 */
    assert_true(holidays_find(&fr, HOLIDAYS_DATE_MAX - 6, NULL)); /* Christmas of 9999 */
    assert_false(holidays_find(&fr, HOLIDAYS_DATE_MAX + 1, NULL));
    assert_false(holidays_find(&fr, INT32_MAX, NULL));
    assert_false(holidays_find(&fr, INT32_MIN, NULL));
    assert_false(holidays_find(&none, 0, NULL));
}

static void holidays_list__refuses_what_is_out_of_reach(void **state)
{
    (void)state;
    static const struct {
        int32_t from, to;
    } table[] = {{-1, 5}, {6, 5}, {0, HOLIDAYS_DATE_MAX + 2}};
    const struct holidays fr = {.variant = HOLIDAYS_FR};
    struct arena *arena = arena_create(128);
    struct holiday *list = NULL;
    struct error error = {.text = ""};
    size_t count = 77;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(
            holidays_list(&fr, table[i].from, table[i].to, arena, &list, &count, &error),
            STATUS_INVALID);
    }
    assert_int_equal(holidays_list(&fr, 0, 366, arena, &list, &count, &error), STATUS_NO_MEMORY);
    assert_null(list);
    assert_int_equal(count, 77);
    assert_int_equal(holidays_list(&fr, 5, 5, arena, &list, &count, &error), STATUS_OK);
    assert_int_equal(count, 0);
    arena_destroy(&arena);
}

static void holidays_variant__knows_its_slugs(void **state)
{
    (void)state;
    static const char *const unknown[] = {"", "FR", "fr-", "fr-alsace", "de", "fr-mayotte "};
    enum holidays_variant variant = HOLIDAYS_NONE;
    struct error error = {.text = ""};
    assert_int_equal(holidays_variant_parse("fr", &variant, &error), STATUS_OK);
    assert_int_equal(variant, HOLIDAYS_FR);
    assert_int_equal(holidays_variant_parse("fr-alsace-moselle", &variant, &error), STATUS_OK);
    assert_int_equal(variant, HOLIDAYS_FR_ALSACE_MOSELLE);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(holidays_variant_parse(unknown[i], &variant, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, "fr-reunion"));
        assert_int_equal(variant, HOLIDAYS_FR_ALSACE_MOSELLE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holidays__of_metropolitan_france),
        cmocka_unit_test(holidays__of_alsace_and_moselle),
        cmocka_unit_test(holidays__of_the_abolition),
        cmocka_unit_test(holidays__easter),
        cmocka_unit_test(holidays__easter_of_every_year),
        cmocka_unit_test(holidays__two_on_one_date_have_the_first_name),
        cmocka_unit_test(holidays__within_the_years_that_there_are),
        cmocka_unit_test(holidays_list__refuses_what_is_out_of_reach),
        cmocka_unit_test(holidays_variant__knows_its_slugs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
