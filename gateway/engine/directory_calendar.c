/* directory_calendar.c - a customer's calendar, read once and shared for as long as it is good. */
#include "gateway/engine/directory_private.h"

#include <string.h>

/* None of the texts is empty, so that an empty one stands for none. */
static struct digest digest_of(const struct engine_calendar_texts *texts)
{
    const char *const all[] = {texts->opening_hours, texts->holidays, texts->holidays_ics};
    struct digest_part parts[sizeof all / sizeof all[0]];
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const char *text = all[i] != NULL ? all[i] : "";
        parts[i] = (struct digest_part){text, strlen(text) + 1};
    }
    return digest_sha256(parts, sizeof parts / sizeof parts[0]);
}

enum status shared_calendar_read(const struct engine_rotas *rotas,
                                 const struct engine_calendar_texts *texts, struct wall_time now,
                                 struct shared_calendar **shared_r, struct error *error)
{
    struct arena *arena = arena_create(0);
    struct shared_calendar *shared = arena == NULL ? NULL : arena_alloc(arena, sizeof *shared);
    if (shared == NULL) {
        arena_destroy(&arena);
        return error_set(error, STATUS_NO_MEMORY, "no memory for the calendar");
    }
    atomic_init(&shared->references, 1);
    shared->arena = arena;
    shared->texts = digest_of(texts);
    shared->from.ms = now.ms - CALENDAR_BEHIND_MS;
    shared->until.ms = now.ms + CALENDAR_AHEAD_MS;
    enum status status = rotas->read_calendar(rotas->context, texts, shared->from, shared->until,
                                              arena, &shared->calendar, error);
    if (status != STATUS_OK) {
        arena_destroy(&arena);
        return status;
    }
    *shared_r = shared;
    return STATUS_OK;
}

struct shared_calendar *shared_calendar_hold(struct shared_calendar *shared)
{
    atomic_fetch_add(&shared->references, 1);
    return shared;
}

void shared_calendar_release(struct shared_calendar *shared)
{
    if (shared != NULL && atomic_fetch_sub(&shared->references, 1) == 1) {
        struct arena *arena = shared->arena;
        arena_destroy(&arena);
    }
}

bool shared_calendar_serves(const struct shared_calendar *shared,
                            const struct engine_calendar_texts *texts, struct wall_time now)
{
    if (shared == NULL || now.ms - shared->from.ms <= CALENDAR_BEHIND_LEFT_MS ||
        shared->until.ms - now.ms <= CALENDAR_LEFT_MS) {
        return false;
    }
    const struct digest digest = digest_of(texts);
    return memcmp(&digest, &shared->texts, sizeof digest) == 0;
}
