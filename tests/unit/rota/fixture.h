/* fixture.h - a rota from text, compiled between two moments, and what the tests say of it. */
#ifndef TESTS_UNIT_ROTA_FIXTURE_H
#define TESTS_UNIT_ROTA_FIXTURE_H

#include "gateway/rota/rota.h"

struct fixture {
    struct arena *arena;
    const struct rota_context *context; /* what compile() hands in; NULL at first */
    struct rota_interval *intervals;
    size_t count;
    struct error error;
};

/* cmocka's setup and teardown; *state is the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A moment as RFC 3339 text. */
struct wall_time moment(const char *text);

/* Reads the rota; a fault fails the test. */
struct rota *parse(struct fixture *fixture, const char *json);

/* Reads and compiles the rota; a fault fails the test. */
void compile(struct fixture *fixture, const char *json, const char *zone, const char *from,
             const char *to);

/* Compares the intervals with a text of lines "<from> <to> <agent>", in UTC without the ".000". */
void assert_intervals(const struct fixture *fixture, const char *expected);

#endif
