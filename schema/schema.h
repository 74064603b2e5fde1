/* schema.h - the SQL and the API description inside the program; made by embed.py. */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include <stddef.h>

/* One migration: schema/sqlite/NNNN_name.sql. Versions count from 1 without gaps. */
struct schema_migration {
    int version;
    const char *name;
    const char *sql;
};

/* One named query: "-- name: verb_object" above its text in schema/sqlite/queries*.sql. */
struct schema_query {
    const char *name;
    const char *sql;
};

extern const struct schema_migration schema_migrations[];
extern const size_t schema_migrations_count;

extern const struct schema_query schema_queries[];
extern const size_t schema_queries_count;

/* schema/openapi.yaml as JSON. */
extern const char schema_openapi_json[];
extern const size_t schema_openapi_json_bytes;

#endif
