#include "tests/unit/rota/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SHOWN_BYTES_MAX 8192

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = arena_create(0);
    assert_non_null(fixture->arena);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_destroy(&fixture->arena);
    free(fixture);
    return 0;
}

struct wall_time moment(const char *text)
{
    struct wall_time time = {0};
    assert_int_equal(wall_time_parse(text, &time), STATUS_OK);
    return time;
}

struct rota *parse(struct fixture *fixture, const char *json)
{
    struct rota *rota = NULL;
    enum status status = rota_parse(json, strlen(json), fixture->arena, &rota, &fixture->error);
    if (status != STATUS_OK) {
        fail_msg("%s", fixture->error.text);
    }
    return rota;
}

void compile(struct fixture *fixture, const char *json, const char *zone, const char *from,
             const char *to)
{
    enum status status =
        rota_compile(parse(fixture, json), fixture->context, zone, moment(from), moment(to),
                     fixture->arena, &fixture->intervals, &fixture->count, &fixture->error);
    if (status != STATUS_OK) {
        fail_msg("%s", fixture->error.text);
    }
}

static void show_time(struct wall_time time, char text_r[RFC3339_BYTES_MAX])
{
    wall_time_format(time, text_r);
    char *fraction = strstr(text_r, ".000Z");
    if (fraction != NULL) {
        memcpy(fraction, "Z", 2);
    }
}

void assert_intervals(const struct fixture *fixture, const char *expected)
{
    char shown[SHOWN_BYTES_MAX] = "";
    size_t used = 0;
    for (size_t i = 0; i < fixture->count; i++) {
        char from[RFC3339_BYTES_MAX], to[RFC3339_BYTES_MAX];
        show_time(fixture->intervals[i].from, from);
        show_time(fixture->intervals[i].to, to);
        int wrote = snprintf(shown + used, sizeof shown - used, "%s %s %s\n", from, to,
                             fixture->intervals[i].agent);
        assert_true(wrote > 0 && (size_t)wrote < sizeof shown - used);
        used += (size_t)wrote;
    }
    assert_string_equal(shown, expected);
}
