/* agenda.c - a binary heap; what is at the same time comes in the order it was added. */
#include "tests/simulator/agenda.h"

#include <assert.h>
#include <stdlib.h>

#include "tests/scenario/box.h"

static bool is_before(const struct happening *left, const struct happening *right)
{
    return left->at_ms != right->at_ms ? left->at_ms < right->at_ms : left->order < right->order;
}

static void swap(struct happening *left, struct happening *right)
{
    struct happening kept = *left;
    *left = *right;
    *right = kept;
}

void agenda_add(struct agenda *agenda, struct happening happening)
{
    if (agenda->count == agenda->room) {
        agenda->room = agenda->room == 0 ? 1024 : 2 * agenda->room;
        agenda->heap = realloc(agenda->heap, agenda->room * sizeof *agenda->heap);
        if (agenda->heap == NULL) {
            box_die("no memory for the agenda");
        }
    }
    happening.order = agenda->added++;
    size_t place = agenda->count++;
    agenda->heap[place] = happening;
    while (place > 0 && is_before(&agenda->heap[place], &agenda->heap[(place - 1) / 2])) {
        swap(&agenda->heap[place], &agenda->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
}

bool agenda_next(const struct agenda *agenda, int64_t *at_ms_r)
{
    if (agenda->count > 0) {
        *at_ms_r = agenda->heap[0].at_ms;
    }
    return agenda->count > 0;
}

struct happening agenda_take(struct agenda *agenda)
{
    assert(agenda->count > 0);
    struct happening first = agenda->heap[0];
    agenda->heap[0] = agenda->heap[--agenda->count];
    for (size_t place = 0;;) {
        size_t least = place;
        for (size_t child = 2 * place + 1; child <= 2 * place + 2; child++) {
            if (child < agenda->count && is_before(&agenda->heap[child], &agenda->heap[least])) {
                least = child;
            }
        }
        if (least == place) {
            return first;
        }
        swap(&agenda->heap[place], &agenda->heap[least]);
        place = least;
    }
}

void agenda_free(struct agenda *agenda)
{
    free(agenda->heap);
    *agenda = (struct agenda){.heap = NULL};
}
