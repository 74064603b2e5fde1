#include "tests/unit/store/old_version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/schema.h"
#include "tests/unit/store/fixture.h"

sqlite3 *old_version_open(const char *path)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static void execute(sqlite3 *db, const char *sql, const char *what)
{
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", what, message);
    }
}

static char *read_rows(int version)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/tests/unit/store/versions/%04d.sql", getenv("SOURCE_DIR"),
                   version);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fail_msg("%s is missing: rows as version %d writes them", path, version);
    }
    char *text = calloc(1, 65536);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, file) < 65535);
    (void)fclose(file);
    return text;
}

void old_version_make(const char *path, int version)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[4096];
        (void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
    sqlite3 *db = old_version_open(path);
    execute(db, "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF",
            "as the gateway");
    for (int i = 1; i <= version; i++) {
        char number[64];
        char *rows = read_rows(i);
        (void)snprintf(number, sizeof number, "PRAGMA user_version = %d", i);
        execute(db, schema_migrations[i - 1].sql, schema_migrations[i - 1].name);
        execute(db, number, number);
        execute(db, rows, "the rows");
        free(rows);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* One SELECT a table, which gives each row as one text. */
static const char dump_queries[] =
    "SELECT 'SELECT ''' || m.name || '''' || group_concat(' || '','' || quote(\"' || c.name || "
    "'\")', '') || ' FROM ' || m.name || ' ORDER BY 1' FROM sqlite_schema AS m, "
    "pragma_table_info(m.name) AS c WHERE m.type = 'table' GROUP BY m.name ORDER BY m.name";

char *old_version_dump(sqlite3 *db, sqlite3 *of)
{
    char *text = NULL;
    size_t bytes = 0;
    sqlite3_stmt *tables, *rows;
    FILE *out = open_memstream(&text, &bytes);
    assert_non_null(out);
    assert_int_equal(sqlite3_prepare_v2(of, dump_queries, -1, &tables, NULL), SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        const char *sql = (const char *)sqlite3_column_text(tables, 0);
        if (sqlite3_prepare_v2(db, sql, -1, &rows, NULL) != SQLITE_OK) {
            fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        }
        while (sqlite3_step(rows) == SQLITE_ROW) {
            (void)fprintf(out, "%s\n", (const char *)sqlite3_column_text(rows, 0));
        }
        (void)sqlite3_finalize(rows);
    }
    (void)sqlite3_finalize(tables);
    assert_int_equal(fclose(out), 0);
    return text;
}
