/* old_version.h - databases as earlier versions of the schema left them, with rows in every table.
 *
 * tests/unit/store/versions/NNNN.sql holds what was written under version NNNN: a migration comes
 * with rows for what it adds.
 */
#ifndef TESTS_UNIT_STORE_OLD_VERSION_H
#define TESTS_UNIT_STORE_OLD_VERSION_H

#include <sqlite3.h>

/* Makes the database at path anew: each version's migration and rows, up to this one. */
void old_version_make(const char *path, int version);

/* Every row of every table and column that this connection's schema has, as text to compare; the
 * caller frees it. of: a connection whose tables and columns are meant, or the same one. */
char *old_version_dump(sqlite3 *db, sqlite3 *of);

/* Opens for a look; fails the test when it cannot. */
sqlite3 *old_version_open(const char *path);

#endif
