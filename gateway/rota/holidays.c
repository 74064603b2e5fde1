#include "gateway/rota/holidays.h"

#include <string.h>

#include "gateway/rota/calendar_private.h"

#define BIT(variant) (1u << (variant))
#define EVERYWHERE   (~0u)

/* A day of the law: a date of the year, or (month 0) so many days after Easter Sunday. */
struct rule {
    int month, day;
    unsigned variants;
    const char *name_fr, *name_en;
};

#define ABOLITION_FR "Commémoration de l'abolition de l'esclavage"
#define ABOLITION_EN "Commemoration of the Abolition of Slavery"

/* In the order of L3133-1, then what L3134-13 and L3422-2 add. */
static const struct rule rules[] = {
    {1, 1, EVERYWHERE, "Jour de l'An", "New Year's Day"},
    {0, 1, EVERYWHERE, "Lundi de Pâques", "Easter Monday"},
    {5, 1, EVERYWHERE, "Fête du Travail", "Labour Day"},
    {5, 8, EVERYWHERE, "Victoire de 1945", "Victory in Europe Day"},
    {0, 39, EVERYWHERE, "Ascension", "Ascension Day"},
    {0, 50, EVERYWHERE, "Lundi de Pentecôte", "Whit Monday"},
    {7, 14, EVERYWHERE, "Fête nationale", "Bastille Day"},
    {8, 15, EVERYWHERE, "Assomption", "Assumption Day"},
    {11, 1, EVERYWHERE, "Toussaint", "All Saints' Day"},
    {11, 11, EVERYWHERE, "Armistice de 1918", "Armistice Day"},
    {12, 25, EVERYWHERE, "Noël", "Christmas Day"},
    {0, -2, BIT(HOLIDAYS_FR_ALSACE_MOSELLE), "Vendredi saint", "Good Friday"},
    {12, 26, BIT(HOLIDAYS_FR_ALSACE_MOSELLE), "Saint-Étienne", "Saint Stephen's Day"},
    {4, 27, BIT(HOLIDAYS_FR_MAYOTTE), ABOLITION_FR, ABOLITION_EN},
    {5, 22, BIT(HOLIDAYS_FR_MARTINIQUE), ABOLITION_FR, ABOLITION_EN},
    {5, 27, BIT(HOLIDAYS_FR_GUADELOUPE), ABOLITION_FR, ABOLITION_EN},
    {5, 28, BIT(HOLIDAYS_FR_SAINT_MARTIN), ABOLITION_FR, ABOLITION_EN},
    {6, 10, BIT(HOLIDAYS_FR_GUYANE), ABOLITION_FR, ABOLITION_EN},
    {10, 9, BIT(HOLIDAYS_FR_SAINT_BARTHELEMY), ABOLITION_FR, ABOLITION_EN},
    {12, 20, BIT(HOLIDAYS_FR_REUNION), ABOLITION_FR, ABOLITION_EN},
};

enum status holidays_variant_parse(const char *slug, enum holidays_variant *variant_r,
                                   struct error *error)
{
    static const char *const slugs[] = {
        [HOLIDAYS_FR] = "fr",
        [HOLIDAYS_FR_ALSACE_MOSELLE] = "fr-alsace-moselle",
        [HOLIDAYS_FR_GUADELOUPE] = "fr-guadeloupe",
        [HOLIDAYS_FR_MARTINIQUE] = "fr-martinique",
        [HOLIDAYS_FR_GUYANE] = "fr-guyane",
        [HOLIDAYS_FR_REUNION] = "fr-reunion",
        [HOLIDAYS_FR_MAYOTTE] = "fr-mayotte",
        [HOLIDAYS_FR_SAINT_BARTHELEMY] = "fr-saint-barthelemy",
        [HOLIDAYS_FR_SAINT_MARTIN] = "fr-saint-martin",
    };
    for (unsigned i = HOLIDAYS_FR; i < sizeof slugs / sizeof slugs[0]; i++) {
        if (strcmp(slug, slugs[i]) == 0) {
            *variant_r = (enum holidays_variant)i;
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_INVALID,
                     "no such holidays: there are fr, fr-alsace-moselle, fr-guadeloupe, "
                     "fr-martinique, fr-guyane, fr-reunion, fr-mayotte, fr-saint-barthelemy and "
                     "fr-saint-martin");
}

/* Easter Sunday by the Gregorian computus (Meeus, Astronomical Algorithms, chapter 8). */
static int64_t easter_days(int year)
{
    int golden = year % 19;
    int century = year / 100, of_century = year % 100;
    int correction = (century - (century + 8) / 25 + 1) / 3; /* of the moon's cycle */
    int epact = (19 * golden + century - century / 4 - correction + 15) % 30;
    int to_sunday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    int late = (golden + 11 * epact + 22 * to_sunday) / 451;
    int days = epact + to_sunday - 7 * late + 114;
    return calendar_days(year, days / 31, days % 31 + 1);
}

static bool find_by_law(enum holidays_variant variant, int32_t date_days, struct holiday *holiday_r)
{
    if (variant == HOLIDAYS_NONE) {
        return false;
    }
    int year = (int)calendar_year(date_days);
    int64_t easter = easter_days(year);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const struct rule *rule = &rules[i];
        int64_t days =
            rule->month == 0 ? easter + rule->day : calendar_days(year, rule->month, rule->day);
        if (days == date_days && (rule->variants & BIT(variant)) != 0) {
            *holiday_r = (struct holiday){date_days, rule->name_fr, rule->name_en};
            return true;
        }
    }
    return false;
}

static bool find_in_file(const struct holidays *holidays, int32_t date_days,
                         struct holiday *holiday_r)
{
    size_t low = 0, high = holidays->days_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (holidays->days[middle].date_days < date_days) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == holidays->days_count || holidays->days[low].date_days != date_days) {
        return false;
    }
    *holiday_r = holidays->days[low];
    return true;
}

bool holidays_find(const struct holidays *holidays, int32_t date_days, struct holiday *holiday_r)
{
    struct holiday found;
    if (date_days < 0 || date_days > HOLIDAYS_DATE_MAX ||
        (!find_by_law(holidays->variant, date_days, &found) &&
         !find_in_file(holidays, date_days, &found))) {
        return false;
    }
    if (holiday_r != NULL) {
        *holiday_r = found;
    }
    return true;
}

enum status holidays_list(const struct holidays *holidays, int32_t from_days, int32_t to_days,
                          struct arena *arena, struct holiday **list_r, size_t *count_r,
                          struct error *error)
{
    if (from_days < 0 || to_days < from_days || to_days > HOLIDAYS_DATE_MAX + 1) {
        return error_set(error, STATUS_INVALID, "holidays are listed from 1970 to 9999, forwards");
    }
    size_t count = 0;
    for (int32_t day = from_days; day < to_days; day++) {
        count += holidays_find(holidays, day, NULL);
    }
    struct holiday *list = arena_alloc(arena, count * sizeof *list);
    if (list == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for %zu holidays", count);
    }
    struct holiday *next = list;
    for (int32_t day = from_days; day < to_days; day++) {
        next += holidays_find(holidays, day, next);
    }
    *list_r = list;
    *count_r = count;
    return STATUS_OK;
}
