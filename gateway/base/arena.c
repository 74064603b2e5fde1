#include "gateway/base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 1024 /* many arenas hold little, and there are many of them */
#define BLOCK_BYTES 4096
#define ARENA_MAGIC 0x41524e41u

struct block {
    struct block *next;
    size_t capacity;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

/* Its first block lies behind it, in the same piece of memory. */
struct arena {
    alignas(max_align_t) unsigned magic;
    size_t bytes_max;
    size_t bytes_used;
    bool exhausted;
    struct block *current;
    struct block *first;
};

static void block_init(struct block *block, size_t capacity)
{
    block->next = NULL;
    block->capacity = capacity;
    block->used = 0;
}

static struct block *block_create(size_t capacity)
{
    struct block *block = malloc(sizeof *block + capacity);
    if (block != NULL) {
        block_init(block, capacity);
    }
    return block;
}

struct arena *arena_create(size_t bytes_max)
{
    struct arena *arena = malloc(sizeof *arena + sizeof(struct block) + FIRST_BYTES);
    if (arena == NULL) {
        return NULL;
    }
    *arena = (struct arena){.magic = ARENA_MAGIC, .bytes_max = bytes_max};
    arena->first = (struct block *)(void *)(arena + 1);
    block_init(arena->first, FIRST_BYTES);
    arena->current = arena->first;
    return arena;
}

static void free_blocks(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_destroy(struct arena **arena)
{
    if (*arena != NULL) {
        assert((*arena)->magic == ARENA_MAGIC);
        (*arena)->magic = 0;
        free_blocks((*arena)->first->next);
        free(*arena);
        *arena = NULL;
    }
}

void arena_reset(struct arena *arena)
{
    assert(arena->magic == ARENA_MAGIC);
    free_blocks(arena->first->next);
    arena->first->next = NULL;
    arena->first->used = 0;
    arena->current = arena->first;
    arena->bytes_used = 0;
    arena->exhausted = false;
}

bool arena_is_exhausted(const struct arena *arena)
{
    assert(arena->magic == ARENA_MAGIC);
    return arena->exhausted;
}

static size_t room(const struct block *block)
{
    return block->capacity - block->used;
}

/* Memory at a multiple of `align`, as it was left. */
static void *take(struct arena *arena, size_t bytes, size_t align)
{
    assert(arena->magic == ARENA_MAGIC);
    if (bytes > SIZE_MAX / 2) {
        return NULL;
    }
    struct block *block = arena->current;
    size_t at = (block->used + align - 1) / align * align;
    size_t need = at - block->used + bytes;
    if (arena->bytes_max != 0 && need > arena->bytes_max - arena->bytes_used) {
        arena->exhausted = true;
        return NULL;
    }
    if (at > block->capacity || bytes > block->capacity - at) {
        struct block *fresh = block_create(bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES);
        if (fresh == NULL) {
            return NULL;
        }
        fresh->next = arena->first->next;
        arena->first->next = fresh;
        block = fresh;
        at = 0;
        need = bytes;
    }
    void *memory = block->bytes + at;
    block->used = at + bytes;
    arena->bytes_used += need;
    if (room(block) > room(arena->current)) {
        arena->current = block;
    }
    return memory;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    void *memory = take(arena, bytes, alignof(max_align_t));
    return memory != NULL ? memset(memory, 0, bytes) : NULL;
}

char *arena_text_n(struct arena *arena, const char *text, size_t bytes)
{
    char *copy = text == NULL ? NULL : take(arena, bytes + 1, 1);
    if (copy != NULL) {
        memcpy(copy, text, bytes);
        copy[bytes] = '\0';
    }
    return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_text_n(arena, text, strlen(text));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : take(arena, (size_t)length + 1, 1);
    if (text != NULL) {
        va_start(arguments, format);
        (void)vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    return text;
}
