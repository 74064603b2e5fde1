#include <assert.h>
#include <string.h>

#include "gateway/rehearsal/rehearsal_private.h"

void agenda_add(struct agenda *agenda, const struct happening *happening)
{
    assert(agenda->count < HAPPENINGS_MAX && agenda->first <= agenda->count);
    size_t place = agenda->count++;
    while (place > agenda->first && agenda->items[place - 1].at.ms > happening->at.ms) {
        agenda->items[place] = agenda->items[place - 1];
        place--;
    }
    agenda->items[place] = *happening;
}

struct engine_time agenda_next(const struct agenda *agenda)
{
    return agenda->first < agenda->count ? agenda->items[agenda->first].at : ENGINE_NEVER;
}

struct happening agenda_take(struct agenda *agenda)
{
    assert(agenda->first < agenda->count);
    return agenda->items[agenda->first++];
}

bool agenda_has_acceptance(const struct agenda *agenda)
{
    for (size_t i = agenda->first; i < agenda->count; i++) {
        if (agenda->items[i].type == EVENT_ACCEPT) {
            return true;
        }
    }
    return false;
}
