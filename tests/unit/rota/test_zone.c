/* Zones as the system's zoneinfo tells them, and zone files made up here. */
#include "gateway/rota/zone_private.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/rota/rota.h"

#define HEADER_BYTES   44
#define FILE_BYTES_MAX 65536

static int64_t seconds(const char *text)
{
    struct wall_time time = {0};
    assert_int_equal(wall_time_parse(text, &time), STATUS_OK);
    return time.ms / 1000;
}

static struct zone *load(struct arena *arena, const char *name)
{
    struct zone *zone = NULL;
    assert_int_equal(zone_load(name, arena, &zone), STATUS_OK);
    return zone;
}

static void zone__offsets_of_the_world(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *moment;
        int32_t offset_s;
    } table[] = {
        {"UTC", "2026-07-01T00:00:00Z", 0},
        {"Europe/Paris", "2026-03-29T00:59:59Z", 3600},
        {"Europe/Paris", "2026-03-29T01:00:00Z", 7200},
        {"Europe/Paris", "2026-10-25T00:59:59Z", 7200},
        {"Europe/Paris", "2026-10-25T01:00:00Z", 3600},
        {"Europe/Paris", "2057-07-01T00:00:00Z", 7200}, /* behind the table: the rule */
        {"Europe/Paris", "2057-03-25T00:59:59Z", 3600},
        {"Europe/Paris", "2057-03-25T01:00:00Z", 7200},
        {"Europe/Paris", "2057-10-28T01:00:00Z", 3600},
        {"America/Miquelon", "2026-03-08T04:59:59Z", -10800},
        {"America/Miquelon", "2026-03-08T05:00:00Z", -7200},
        {"Atlantic/Azores", "2026-03-29T00:59:59Z", -3600},
        {"Atlantic/Azores", "2026-03-29T01:00:00Z", 0},
        {"Asia/Kathmandu", "2026-01-01T00:00:00Z", 20700},
        {"Australia/Lord_Howe", "2058-01-01T00:00:00Z", 39600}, /* half an hour, in the south */
        {"Australia/Lord_Howe", "2058-07-01T00:00:00Z", 37800},
        {"America/Santiago", "2058-01-01T00:00:00Z", -10800},
        {"America/Nuuk", "2058-03-24T00:30:00Z", -7200},
        {"Europe/Dublin", "2058-07-01T00:00:00Z", 3600},
        {"Europe/Dublin", "2058-01-01T00:00:00Z", 0},
        {"Pacific/Kiritimati", "2026-01-01T00:00:00Z", 50400},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct arena *arena = arena_create(0);
        const struct zone *zone = load(arena, table[i].zone);
        int32_t offset_s = zone_offset_s(zone, seconds(table[i].moment));
        if (offset_s != table[i].offset_s) {
            fail_msg("%s at %s: %d", table[i].zone, table[i].moment, offset_s);
        }
        arena_destroy(&arena);
    }
}

static void zone__local_times_at_the_changes(void **state)
{
    (void)state;
    /* Local times are written as if they were UTC. */
    static const struct {
        const char *zone, *local, *moment;
    } table[] = {
        {"Europe/Paris", "2026-03-29T01:59:59Z", "2026-03-29T00:59:59Z"},
        {"Europe/Paris", "2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z"}, /* skipped */
        {"Europe/Paris", "2026-03-29T02:59:59Z", "2026-03-29T01:00:00Z"}, /* skipped */
        {"Europe/Paris", "2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z"},
        {"Europe/Paris", "2026-10-25T01:59:59Z", "2026-10-24T23:59:59Z"},
        {"Europe/Paris", "2026-10-25T02:00:00Z", "2026-10-25T00:00:00Z"}, /* the first */
        {"Europe/Paris", "2026-10-25T02:59:59Z", "2026-10-25T00:59:59Z"}, /* the first */
        {"Europe/Paris", "2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z"},
        {"Pacific/Apia", "2011-12-30T12:00:00Z", "2011-12-30T10:00:00Z"}, /* a whole day */
        {"Australia/Lord_Howe", "2026-10-04T02:15:00Z", "2026-10-03T15:30:00Z"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct arena *arena = arena_create(0);
        int64_t utc_s = zone_utc_s(load(arena, table[i].zone), seconds(table[i].local));
        if (utc_s != seconds(table[i].moment)) {
            fail_msg("%s at %s", table[i].zone, table[i].local);
        }
        arena_destroy(&arena);
    }
}

/* A zone file of version 2 without times: one type, and this footer. */
static size_t make_file(const char *footer, unsigned char *file)
{
    static const unsigned char counts[HEADER_BYTES] = {
        'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4,
    };
    static const unsigned char type[] = {0, 0, 0, 0, 0, 0, 'X', 'X', 'X', 0};
    size_t bytes = 0;
    for (int part = 0; part < 2; part++) {
        memcpy(file + bytes, counts, sizeof counts);
        memcpy(file + bytes + sizeof counts, type, sizeof type);
        bytes += sizeof counts + sizeof type;
    }
    return bytes + (size_t)snprintf((char *)file + bytes, 256, "%s", footer);
}

static void zone_read__footers(void **state)
{
    (void)state;
    static const struct {
        const char *footer, *moment;
        int32_t offset_s; /* -1: the file is refused */
    } table[] = {
        {"\n\n", "2026-07-01T00:00:00Z", 0},
        {"\nCET-1\n", "2026-07-01T00:00:00Z", 3600},
        {"\n<-0330>3:30:15\n", "2026-07-01T00:00:00Z", -12615},
        {"\nCET-1CEST,M3.5.0,M10.5.0/3\n", "2026-07-01T00:00:00Z", 7200},
        {"\nCET-1CEST-3,M3.5.0,M10.5.0/3\n", "2026-07-01T00:00:00Z", 10800},
        {"\nAAA0BBB,J60/0,J61/0\n", "2024-03-01T12:00:00Z", 3600}, /* J60 is March 1 always */
        {"\nAAA0BBB,J60/0,J61/0\n", "2024-02-29T12:00:00Z", 0},
        {"\nAAA0BBB,J60/0,J61/0\n", "2023-03-01T12:00:00Z", 3600},
        {"\nAAA0BBB,59/0,60/0\n", "2024-02-29T12:00:00Z", 3600}, /* 59 is not, in leap years */
        {"\nAAA0BBB,59/0,60/0\n", "2023-03-01T12:00:00Z", 3600},
        {"\nAAA0BBB,M3.1.4/-24,M3.1.4/24\n", "2026-03-04T12:00:00Z", 3600},
        {"", "", -1},
        {"\n", "", -1},
        {"\nCET-1", "", -1},
        {"\nCE-1\n", "", -1},
        {"\nCET\n", "", -1},
        {"\nCET-1CEST\n", "", -1},
        {"\nCET-1CEST,M3.5.0\n", "", -1},
        {"\nCET-1CEST,M13.5.0,M10.5.0\n", "", -1},
        {"\nCET-1CEST,M3.6.0,M10.5.0\n", "", -1},
        {"\nCET-1CEST,M3.5.7,M10.5.0\n", "", -1},
        {"\nCET-1CEST,M3.5,M10.5.0\n", "", -1},
        {"\nCET-1CEST,M3.5.0,M10.5.0x\n", "", -1},
        {"\nCET-1CEST,366,1\n", "", -1},
        {"\nCET-168\n", "", -1},
        {"\nCET-27\n", "", -1},
        {"\nCET-1:60\n", "", -1},
        {"\n<CET-1\n", "", -1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        unsigned char file[512];
        struct arena *arena = arena_create(0);
        struct zone *zone = NULL;
        size_t bytes = make_file(table[i].footer, file);
        enum status status = zone_read(file, bytes, arena, &zone);
        bool refused = table[i].offset_s == -1;
        if (status != (refused ? STATUS_CORRUPT : STATUS_OK) ||
            (!refused && zone_offset_s(zone, seconds(table[i].moment)) != table[i].offset_s)) {
            fail_msg("%s at %s", table[i].footer, table[i].moment);
        }
        arena_destroy(&arena);
    }
}

/* Paris cut anywhere, and with any one byte changed: refused or read, never a step outside. */
static void zone_read__damaged_files(void **state)
{
    (void)state;
    static unsigned char whole[FILE_BYTES_MAX];
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Paris", "rb");
    assert_non_null(file);
    size_t bytes = fread(whole, 1, sizeof whole, file);
    (void)fclose(file);
    assert_true(bytes > 100);
    struct arena *arena = arena_create(0);
    for (size_t cut = 0; cut <= bytes; cut++) {
        /* A copy of the exact size, so that AddressSanitizer sees a read beyond it. */
        unsigned char *copy = malloc(cut > 0 ? cut : 1);
        struct zone *zone;
        assert_non_null(copy);
        memcpy(copy, whole, cut);
        assert_int_equal(zone_read(copy, cut, arena, &zone),
                         cut == bytes ? STATUS_OK : STATUS_CORRUPT);
        free(copy);
        arena_reset(arena);
    }
    for (size_t at = 0; at < bytes; at++) {
        unsigned char *copy = malloc(bytes);
        struct zone *zone;
        assert_non_null(copy);
        memcpy(copy, whole, bytes);
        copy[at] ^= 0xff;
        if (zone_read(copy, bytes, arena, &zone) == STATUS_OK) {
            (void)zone_utc_s(zone, INT64_C(1774749600));
            (void)zone_offset_s(zone, INT64_C(253402300799));
        }
        free(copy);
        arena_reset(arena);
    }
    arena_destroy(&arena);
}

static void *compile_often(void *argument)
{
    const struct rota *rota = argument;
    struct arena *arena = arena_create(0);
    intptr_t failures = 0;
    for (int i = 0; i < 50; i++) {
        struct rota_interval *intervals;
        size_t count;
        struct wall_time from = {seconds("2026-03-01T00:00:00Z") * 1000};
        struct wall_time to = {seconds("2026-11-01T00:00:00Z") * 1000};
        failures += rota_compile(rota, NULL, i % 2 == 0 ? "Europe/Paris" : "America/Miquelon", from,
                                 to, arena, &intervals, &count, NULL) != STATUS_OK;
        arena_reset(arena);
    }
    arena_destroy(&arena);
    return (void *)failures;
}

static void rota_compile__from_several_threads(void **state)
{
    (void)state;
    static const char json[] =
        "{\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2026-01-01\","
        "\"hand_over\":{\"time\":\"02:30\"},\"participants\":[\"paul\",\"marie\"]},"
        "{\"turn\":\"custom\",\"recurrence\":\"FREQ=WEEKLY;BYDAY=MO,FR\","
        "\"starts_on\":\"2026-01-01\",\"until\":\"2026-06-01\","
        "\"hand_over\":{\"time\":\"02:30\"},\"participants\":[\"lea\",\"jean\"]}]}";
    struct arena *arena = arena_create(0);
    struct rota *rota;
    pthread_t threads[4];
    assert_int_equal(rota_parse(json, strlen(json), arena, &rota, NULL), STATUS_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, compile_often, rota), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failures;
        assert_int_equal(pthread_join(threads[i], &failures), 0);
        assert_null(failures);
    }
    arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zone__offsets_of_the_world),
        cmocka_unit_test(zone__local_times_at_the_changes),
        cmocka_unit_test(zone_read__footers),
        cmocka_unit_test(zone_read__damaged_files),
        cmocka_unit_test(rota_compile__from_several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
