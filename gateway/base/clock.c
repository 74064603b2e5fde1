#include "gateway/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec now;
    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct wall_time system_wall(void *context)
{
    (void)context;
    return (struct wall_time){read_ms(CLOCK_REALTIME)};
}

static struct monotonic_time system_monotonic(void *context)
{
    (void)context;
    return (struct monotonic_time){read_ms(CLOCK_BOOTTIME)};
}

static int64_t system_suspended_ms(void *context)
{
    (void)context;
    return read_ms(CLOCK_BOOTTIME) - read_ms(CLOCK_MONOTONIC);
}

const struct clock_source clock_system = {
    .wall = system_wall, .monotonic = system_monotonic, .suspended_ms = system_suspended_ms};

void clock_boot_id(char boot_id_r[BOOT_ID_BYTES_MAX])
{
    boot_id_r[0] = '\0';
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (file == NULL) {
        return;
    }
    if (fgets(boot_id_r, BOOT_ID_BYTES_MAX, file) == NULL) {
        boot_id_r[0] = '\0';
    }
    boot_id_r[strcspn(boot_id_r, "\n")] = '\0';
    (void)fclose(file);
}

void clock_wait_until(int64_t wait_ms, struct timespec *until_r)
{
    (void)clock_gettime(CLOCK_MONOTONIC, until_r);
    until_r->tv_sec += wait_ms / 1000;
    until_r->tv_nsec += wait_ms % 1000 * 1000000;
    if (until_r->tv_nsec >= 1000000000) {
        until_r->tv_nsec -= 1000000000;
        until_r->tv_sec++;
    }
}

int64_t clock_stopwatch_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
