#include "tests/scenario/memory.h"

#include <malloc.h>
#include <sqlite3.h>
#include <stdlib.h>

static bool counting;
static uint64_t successes_left;
static uint64_t failures_left;
static uint64_t failed;

static bool fails(void)
{
    if (!counting || failures_left == 0) {
        return false;
    }
    if (successes_left > 0) {
        successes_left--;
        return false;
    }
    failures_left--;
    failed++;
    return true;
}

static void *take(int bytes)
{
    return fails() ? NULL : malloc((size_t)bytes);
}

static void give_back(void *block)
{
    free(block);
}

static void *resize(void *block, int bytes)
{
    return fails() ? NULL : realloc(block, (size_t)bytes);
}

static int size_of(void *block)
{
    return block == NULL ? 0 : (int)malloc_usable_size(block);
}

static int round_up(int bytes)
{
    return (bytes + 7) & ~7;
}

static int begin(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void end(void *context)
{
    (void)context;
}

void memory_install(void)
{
    static bool installed;
    static const sqlite3_mem_methods methods = {.xMalloc = take,
                                                .xFree = give_back,
                                                .xRealloc = resize,
                                                .xSize = size_of,
                                                .xRoundup = round_up,
                                                .xInit = begin,
                                                .xShutdown = end};
    if (!installed) {
        (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
        /* No stock of small blocks in each connection: every allocation can fail. */
        (void)sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
        installed = true;
    }
}

void memory_fail(uint64_t after, uint64_t failures)
{
    successes_left = after;
    failures_left = failures;
}

void memory_count(bool counts)
{
    counting = counts;
}

uint64_t memory_failed(void)
{
    return failed;
}

bool memory_will_fail(void)
{
    return failures_left > 0;
}
