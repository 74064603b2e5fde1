#include "tests/unit/push/failing_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdatomic.h>
#include <stdlib.h>

#define ATTEMPTS_MAX 100000
/* Parsing one PEM takes thousands of allocations, nearly all of them deep inside OpenSSL's
 * decoders: beyond the first ones a sample will do. */
#define EVERY_ONE_MAX 600
#define STRIDE        7

static atomic_bool armed;
static atomic_bool lasting;
static atomic_bool failed;
static atomic_size_t left;
static atomic_size_t blocks;

static bool fails_now(void)
{
    if (!atomic_load(&armed)) {
        return false;
    }
    size_t before = atomic_load(&left);
    if (before > 1) {
        atomic_store(&left, before - 1);
        return false;
    }
    if (before == 0 && !atomic_load(&lasting)) {
        return false;
    }
    atomic_store(&left, 0);
    atomic_store(&failed, true);
    return true;
}

static void *take(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    void *block = fails_now() ? NULL : malloc(bytes);
    atomic_fetch_add(&blocks, block != NULL);
    return block;
}

static void *resize(void *block, size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    if (fails_now()) {
        return NULL;
    }
    void *resized = realloc(block, bytes);
    atomic_fetch_add(&blocks, block == NULL && resized != NULL);
    return resized;
}

static void release(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    atomic_fetch_sub(&blocks, block != NULL);
    free(block);
}

void failing_memory_install(void)
{
    assert_int_equal(CRYPTO_set_mem_functions(take, resize, release), 1);
}

void failing_memory_start(size_t nth, bool for_ever)
{
    atomic_store(&left, nth);
    atomic_store(&lasting, for_ever);
    atomic_store(&failed, false);
    atomic_store(&armed, true);
}

void failing_memory_stop(void)
{
    atomic_store(&armed, false);
}

bool failing_memory_has_failed(void)
{
    return atomic_load(&failed);
}

/* What stays allocated, without what OpenSSL keeps for this thread (texts of past errors, random
 * generators), so that an attempt also runs out of memory while these are made. */
static size_t blocks_that_stay(void)
{
    OPENSSL_thread_stop();
    return atomic_load(&blocks);
}

size_t failing_memory_try(void (*attempt)(void *context), void *context)
{
    size_t attempts = 0;
    attempt(context);
    for (int lasts = 0; lasts < 2; lasts++) {
        for (size_t nth = 1;; nth += nth < EVERY_ONE_MAX ? 1 : STRIDE) {
            size_t before = blocks_that_stay();
            assert_true(nth < ATTEMPTS_MAX);
            failing_memory_start(nth, lasts != 0);
            attempt(context);
            failing_memory_stop();
            assert_int_equal(ERR_peek_error(), 0);
            assert_int_equal(blocks_that_stay(), before);
            if (!failing_memory_has_failed()) {
                break;
            }
            attempts++;
        }
    }
    assert_true(attempts > 0);
    return attempts;
}
