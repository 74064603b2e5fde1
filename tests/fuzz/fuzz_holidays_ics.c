/* A calendar that is accepted gives dates in order, each once, within the window; a refusal says
 * why.
 * fuzz links: rota */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "gateway/rota/holidays.h"

#define ARENA_BYTES_MAX (8u << 20)
#define FROM_DAYS       20454 /* 2026-01-01 */
#define TO_DAYS         21550

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

static void check_days(const struct holiday *days, size_t count)
{
    const struct holidays holidays = {HOLIDAYS_NONE, days, count};
    check(count <= HOLIDAYS_DATES_MAX);
    for (size_t i = 0; i < count; i++) {
        check(days[i].date_days >= FROM_DAYS && days[i].date_days < TO_DAYS);
        check(i == 0 || days[i].date_days > days[i - 1].date_days);
        check(strlen(days[i].name_fr) < HOLIDAY_NAME_BYTES_MAX);
        check(text_is_utf8(days[i].name_fr, strlen(days[i].name_fr)));
        check(holidays_find(&holidays, days[i].date_days, NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct arena *arena = arena_create(ARENA_BYTES_MAX);
    struct error error = {.text = ""};
    struct holiday *days = NULL;
    size_t count = 0;
    enum status status = holidays_read_ics((const char *)data, bytes, FROM_DAYS, TO_DAYS, arena,
                                           &days, &count, &error);
    if (status == STATUS_OK) {
        check_days(days, count);
    } else {
        check(days == NULL && error.text[0] != '\0');
    }
    arena_destroy(&arena);
    return 0;
}
