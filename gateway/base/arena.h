/* arena.h - memory that lives as long as one request or one job, freed all at once. */
#ifndef GATEWAY_BASE_ARENA_H
#define GATEWAY_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Makes an arena that refuses to grow beyond bytes_max in all (0: no limit). NULL when out of
 * memory. The arena belongs to one thread at a time. */
struct arena *arena_create(size_t bytes_max);

/* Frees everything and NULLs the pointer; NULL is fine. */
void arena_destroy(struct arena **arena);

/* Forgets everything allocated; keeps the first block for reuse. */
void arena_reset(struct arena *arena);

/* Zeroed memory, aligned for any type; NULL beyond the limit or when out of memory, and
 * not for no bytes: an empty list is none of these. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* Whether its limit has refused something since it was made or reset. */
bool arena_is_exhausted(const struct arena *arena);

/* A terminated copy, not aligned: texts lie one behind the other. NULL as arena_alloc(), and for
 * NULL text. */
char *arena_text(struct arena *arena, const char *text);
char *arena_text_n(struct arena *arena, const char *text, size_t bytes);

/* A formatted text; NULL as arena_alloc(). */
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
