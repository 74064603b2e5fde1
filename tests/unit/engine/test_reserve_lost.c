/* test_reserve_lost.c - somebody removes the file of the reserve under the running gateway. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

#define RESERVE_BYTES (INT64_C(1) << 20)

static int warnings;

static void count_warnings(void *context, enum log_level level, const char *line, size_t bytes)
{
    (void)context;
    (void)bytes;
    warnings += level == LOG_WARNING && strstr(line, "engine.reserve_lost") != NULL;
}

static int setup(void **state)
{
    warnings = 0;
    if (house_setup(state) != 0) {
        return -1;
    }
    struct house *house = *state;
    house->reserve_bytes = RESERVE_BYTES;
    house_close(house);
    house_open(house);
    house_settle(house);
    log_set_level(LOG_WARNING);
    log_set_sink(count_warnings, NULL);
    return 0;
}

static int teardown(void **state)
{
    log_set_sink(NULL, NULL);
    log_set_level(LOG_ERROR);
    return house_teardown(state);
}

#define LOST_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const char *ballast_of(const struct house *house)
{
    static char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s" STORE_BALLAST, house->database);
    return path;
}

static int64_t bytes_of(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 ? (int64_t)file.st_size : -1;
}

static void pass(struct house *house, int64_t ms)
{
    for (int64_t passed_ms = 0; passed_ms < ms; passed_ms += 100) {
        house_advance(house, 100);
        house_settle(house);
    }
}

static void assert_whole(struct house *house)
{
    struct engine_statistics statistics;
    engine_statistics(house->engine, &statistics);
    assert_int_equal(bytes_of(ballast_of(house)), RESERVE_BYTES);
    assert_int_equal(statistics.reserve_held_bytes, RESERVE_BYTES);
    assert_true(statistics.ready);
}

static void test_lost__is_made_anew_and_nobody_is_refused(void **state)
{
    struct house *house = *state;
    size_t alarms = house->alarms;
    assert_whole(house);
    for (int times = 1; times <= 2; times++) {
        assert_int_equal(unlink(ballast_of(house)), 0);
        (void)house_escalate(house, SEVERITY_MAJOR);
        pass(house, 3000);
        assert_whole(house);
        assert_int_equal(warnings, times);
    }
    pass(house, 5000);
    assert_int_equal(warnings, 2);
    assert_int_equal(house->alarms, alarms);
}

/* With the folder, say: what files_watch.c tells of, and what comes back together. */
static void test_lost__with_the_database_is_not_made(void **state)
{
    struct house *house = *state;
    char database[PATH_MAX + 8], ballast[PATH_MAX + 8];
    (void)snprintf(database, sizeof database, "%s-aside", house->database);
    (void)snprintf(ballast, sizeof ballast, "%s-aside", ballast_of(house));
    assert_int_equal(rename(house->database, database), 0);
    assert_int_equal(rename(ballast_of(house), ballast), 0);
    pass(house, 3000);
    assert_int_equal(bytes_of(ballast_of(house)), -1);
    assert_int_equal(rename(ballast, ballast_of(house)), 0);
    assert_int_equal(rename(database, house->database), 0);
    pass(house, 3000);
    assert_whole(house);
    assert_int_equal(warnings, 0);
}

static void test_lost__of_another_vfs_is_its_own(void **state)
{
    struct house *house = *state;
    house->engine->files_watch.watches = false;
    assert_int_equal(unlink(ballast_of(house)), 0);
    pass(house, 3000);
    assert_int_equal(bytes_of(ballast_of(house)), -1);
    assert_int_equal(warnings, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOST_TEST(test_lost__is_made_anew_and_nobody_is_refused),
        LOST_TEST(test_lost__with_the_database_is_not_made),
        LOST_TEST(test_lost__of_another_vfs_is_its_own),
    };
    return cmocka_run_group_tests_name("engine.reserve_lost", tests, NULL, NULL);
}
