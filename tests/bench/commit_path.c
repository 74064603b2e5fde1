/* commit_path.c - what the disk alone costs: transactions of a few rows, one at a time, durable.
 *
 *     bench_commit_path --directory DIR [--commits N] [--rows R] [--row-bytes B]
 *
 * bench links: base SQLITE
 *
 * The writer's profile (RELIABILITY.md): WAL, synchronous FULL, the writer itself checkpoints. The
 * yardstick of everything that must be durable before it is answered. Prints one line of JSON.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/options.h"

#define PATH_BYTES_MAX         4096
#define CHECKPOINT_EVERY_PAGES 1000

static int pages_in_log;

static void must(sqlite3 *db, int rc, const char *what)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) {
        (void)fprintf(stderr, "commit_path: %s: %s\n", what, sqlite3_errmsg(db));
        exit(1);
    }
}

static int note_pages(void *context, sqlite3 *db, const char *name, int pages)
{
    (void)context;
    (void)db;
    (void)name;
    pages_in_log = pages;
    return SQLITE_OK;
}

static sqlite3 *open_database(const char *directory, char path_r[PATH_BYTES_MAX])
{
    sqlite3 *db = NULL;
    (void)snprintf(path_r, PATH_BYTES_MAX, "%s/commit-path.db", directory);
    (void)unlink(path_r);
    must(db, sqlite3_open(path_r, &db), "open");
    must(db,
         sqlite3_exec(db,
                      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                      "PRAGMA wal_autocheckpoint = 0;"
                      "CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;",
                      NULL, NULL, NULL),
         "schema");
    (void)sqlite3_wal_hook(db, note_pages, NULL);
    return db;
}

static void insert(sqlite3 *db, sqlite3_stmt *statement, const char *row, int row_bytes)
{
    must(db, sqlite3_bind_blob(statement, 1, row, row_bytes, SQLITE_STATIC), "bind");
    must(db, sqlite3_step(statement), "insert");
    must(db, sqlite3_reset(statement), "insert");
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void run(sqlite3 *db, size_t commits, int rows, int row_bytes)
{
    sqlite3_stmt *begin, *commit, *add;
    int64_t *took_ns = calloc(commits, sizeof *took_ns);
    char *row = calloc(1, (size_t)row_bytes);
    if (took_ns == NULL || row == NULL) {
        exit(1);
    }
    must(db, sqlite3_prepare_v2(db, "BEGIN IMMEDIATE", -1, &begin, NULL), "prepare");
    must(db, sqlite3_prepare_v2(db, "COMMIT", -1, &commit, NULL), "prepare");
    must(db, sqlite3_prepare_v2(db, "INSERT INTO row (body) VALUES (?1)", -1, &add, NULL),
         "prepare");
    for (size_t i = 0; i < commits; i++) {
        int64_t began_ns = clock_stopwatch_ns();
        must(db, sqlite3_step(begin), "begin");
        must(db, sqlite3_reset(begin), "begin");
        for (int r = 0; r < rows; r++) {
            insert(db, add, row, row_bytes);
        }
        must(db, sqlite3_step(commit), "commit");
        must(db, sqlite3_reset(commit), "commit");
        took_ns[i] = clock_stopwatch_ns() - began_ns;
        if (pages_in_log >= CHECKPOINT_EVERY_PAGES) {
            must(db, sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL),
                 "checkpoint");
            pages_in_log = 0;
        }
    }
    (void)sqlite3_finalize(begin);
    (void)sqlite3_finalize(commit);
    (void)sqlite3_finalize(add);
    qsort(took_ns, commits, sizeof *took_ns, compare);
    size_t half = commits / 2, most = commits * 99 / 100;
    (void)printf("{\"commits\":%zu,\"p50_ms\":%.4f,\"p99_ms\":%.4f}\n", commits,
                 (double)took_ns[half] / 1e6, (double)took_ns[most] / 1e6);
    free(took_ns);
    free(row);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"directory", required_argument, NULL, 'd'},
                                          {"commits", required_argument, NULL, 'n'},
                                          {"rows", required_argument, NULL, 'r'},
                                          {"row-bytes", required_argument, NULL, 'b'},
                                          {NULL, 0, NULL, 0}};
    const char *directory = NULL;
    size_t commits = 1000;
    int rows = 5, row_bytes = 100, letter;
    bool wrong = false;
    while ((letter = options_next(argc, argv, "", known, NULL)) != -1) {
        if (letter == 'd') {
            directory = optarg;
        } else if (letter == 'n') {
            commits = strtoul(optarg, NULL, 10);
        } else if (letter == 'r') {
            rows = (int)strtol(optarg, NULL, 10);
        } else if (letter == 'b') {
            row_bytes = (int)strtol(optarg, NULL, 10);
        } else {
            wrong = true;
        }
    }
    if (wrong || directory == NULL || commits == 0 || rows <= 0 || row_bytes <= 0) {
        (void)fprintf(stderr, "usage: bench_commit_path --directory DIR [--commits N] [--rows R] "
                              "[--row-bytes B]\n");
        return 64;
    }
    char path[PATH_BYTES_MAX];
    sqlite3 *db = open_database(directory, path);
    run(db, commits, rows, row_bytes);
    (void)sqlite3_close(db); /* the last one: it takes the log away, too */
    (void)unlink(path);
    return 0;
}
