#include "tests/unit/failing_calls.h"

#include <jansson.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/arena.h"

const char *const failing_kind_names[FAILING_KINDS_COUNT] = {"memory", "prepare", "step", "thread"};

static _Thread_local enum failing_kind armed_kind;
static _Thread_local int calls_left; /* until the first that fails */
static _Thread_local int failures_left;
static _Thread_local int sqlite_rc;
static _Thread_local bool fired;
static atomic_long blocks;

static bool fails_now(enum failing_kind kind)
{
    if (failures_left == 0 || kind != armed_kind || --calls_left > 0) {
        return false;
    }
    failures_left--;
    calls_left = 1;
    fired = true;
    return true;
}

/* The true ones, and those in front of them, by the linker's names.
 * NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
char *__real_strdup(const char *text);
void __real_free(void *block);
void *__real_arena_alloc(struct arena *arena, size_t bytes);
char *__real_arena_text(struct arena *arena, const char *text);
char *__real_arena_text_n(struct arena *arena, const char *text, size_t bytes);
int __real_sqlite3_open_v2(const char *path, sqlite3 **db_r, int flags, const char *vfs);
int __real_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int bytes, sqlite3_stmt **statement_r,
                              const char **tail_r);
int __real_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int bytes, unsigned flags,
                              sqlite3_stmt **statement_r, const char **tail_r);
int __real_sqlite3_step(sqlite3_stmt *statement);
int __real_sqlite3_exec(sqlite3 *db, const char *sql, sqlite3_callback callback, void *context,
                        char **text_r);
int __real_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *frames_r,
                                     int *moved_r);
int __real_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text, int bytes,
                             sqlite3_destructor_type destructor);
int __real_sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *data, int bytes,
                             sqlite3_destructor_type destructor);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *context);

void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);
void *__wrap_arena_alloc(struct arena *arena, size_t bytes);
char *__wrap_arena_text(struct arena *arena, const char *text);
char *__wrap_arena_text_n(struct arena *arena, const char *text, size_t bytes);
char *__wrap_arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **db_r, int flags, const char *vfs);
int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int bytes, sqlite3_stmt **statement_r,
                              const char **tail_r);
int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int bytes, unsigned flags,
                              sqlite3_stmt **statement_r, const char **tail_r);
int __wrap_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, sqlite3_callback callback, void *context,
                        char **text_r);
int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *frames_r,
                                     int *moved_r);
int __wrap_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text, int bytes,
                             sqlite3_destructor_type destructor);
int __wrap_sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *data, int bytes,
                             sqlite3_destructor_type destructor);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *context);

static void *counted(void *block)
{
    blocks += block != NULL;
    return block;
}

void *__wrap_malloc(size_t bytes)
{
    return fails_now(FAIL_MEMORY) ? NULL : counted(__real_malloc(bytes));
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails_now(FAIL_MEMORY) ? NULL : counted(__real_calloc(count, bytes));
}

char *__wrap_strdup(const char *text)
{
    return fails_now(FAIL_MEMORY) ? NULL : counted(__real_strdup(text));
}

void __wrap_free(void *block)
{
    blocks -= block != NULL;
    __real_free(block);
}

/* An arena seldom asks for a block: each of its own calls fails as if it had. */
void *__wrap_arena_alloc(struct arena *arena, size_t bytes)
{
    return fails_now(FAIL_MEMORY) ? NULL : __real_arena_alloc(arena, bytes);
}

char *__wrap_arena_text(struct arena *arena, const char *text)
{
    return text != NULL && fails_now(FAIL_MEMORY) ? NULL : __real_arena_text(arena, text);
}

char *__wrap_arena_text_n(struct arena *arena, const char *text, size_t bytes)
{
    return text != NULL && fails_now(FAIL_MEMORY) ? NULL : __real_arena_text_n(arena, text, bytes);
}

char *__wrap_arena_format(struct arena *arena, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): the line above starts it */
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return __wrap_arena_text(arena, text);
}

/* Without a connection: as when there is no memory for one. */
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **db_r, int flags, const char *vfs)
{
    if (fails_now(FAIL_PREPARE)) {
        *db_r = NULL;
        return sqlite_rc;
    }
    return __real_sqlite3_open_v2(path, db_r, flags, vfs);
}

int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int bytes, sqlite3_stmt **statement_r,
                              const char **tail_r)
{
    return fails_now(FAIL_PREPARE) ? sqlite_rc
                                   : __real_sqlite3_prepare_v2(db, sql, bytes, statement_r, tail_r);
}

int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int bytes, unsigned flags,
                              sqlite3_stmt **statement_r, const char **tail_r)
{
    return fails_now(FAIL_PREPARE)
               ? sqlite_rc
               : __real_sqlite3_prepare_v3(db, sql, bytes, flags, statement_r, tail_r);
}

int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
    return fails_now(FAIL_STEP) ? sqlite_rc : __real_sqlite3_step(statement);
}

int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, sqlite3_callback callback, void *context,
                        char **text_r)
{
    return fails_now(FAIL_STEP) ? sqlite_rc
                                : __real_sqlite3_exec(db, sql, callback, context, text_r);
}

int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *frames_r,
                                     int *moved_r)
{
    return fails_now(FAIL_STEP)
               ? sqlite_rc
               : __real_sqlite3_wal_checkpoint_v2(db, name, mode, frames_r, moved_r);
}

/* What is bound without a copy needs no memory. */
int __wrap_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text, int bytes,
                             sqlite3_destructor_type destructor)
{
    return destructor == SQLITE_TRANSIENT && text != NULL && fails_now(FAIL_STEP)
               ? sqlite_rc
               : __real_sqlite3_bind_text(statement, index, text, bytes, destructor);
}

int __wrap_sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *data, int bytes,
                             sqlite3_destructor_type destructor)
{
    return destructor == SQLITE_TRANSIENT && fails_now(FAIL_STEP)
               ? sqlite_rc
               : __real_sqlite3_bind_blob(statement, index, data, bytes, destructor);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *context)
{
    return fails_now(FAIL_THREAD) ? 11 /* EAGAIN */
                                  : __real_pthread_create(thread, attributes, start, context);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* Before the first document is read: json_parse() watches what it finds then. */
__attribute__((constructor)) static void give_jansson_our_memory(void)
{
    json_set_alloc_funcs(__wrap_malloc, free);
}

void failing_calls_start(enum failing_kind kind, int nth)
{
    failing_calls_start_in_a_row(kind, nth, 1, SQLITE_NOMEM);
}

void failing_calls_start_in_a_row(enum failing_kind kind, int nth, int times, int rc)
{
    armed_kind = kind;
    fired = false;
    calls_left = nth;
    failures_left = times;
    sqlite_rc = rc;
}

bool failing_calls_stop(void)
{
    failures_left = 0;
    return fired;
}

long failing_calls_blocks(void)
{
    return blocks;
}
