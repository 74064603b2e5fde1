/* rehearsal.c - plays: the next event or deadline, the core's answer, what that sets off. */
#include "gateway/rehearsal/rehearsal.h"

#include <assert.h>
#include <string.h>

#include "gateway/engine/entry_facts.h"
#include "gateway/engine/people.h"
#include "gateway/rehearsal/rehearsal_private.h"

#define SCRATCH_BYTES_MAX ((size_t)1 << 20)
#define ROTAS_BYTES_MAX   ((size_t)16 << 20)

struct play {
    const struct rehearsal_request *request;
    struct directory_customer customer; /* with rotas of that time, and only those it names */
    const struct procedure *procedure;
    struct arena *arena;
    struct arena *scratch; /* of one event */
    struct update *update;
    struct escalation escalation;
    struct attempt *attempts;
    size_t attempts_count;
    struct attempt *window; /* when the event's attempt is older than the newest */
    struct rehearsal_entry *entries;
    size_t entries_count;
    struct agenda agenda;
    struct engine_time began;
    struct engine_time now;
    size_t events_count;
    int64_t held_ms;
    int64_t exhausted_ms;
    uint64_t ids; /* so many were made */
    bool *used;
};

static enum status out_of_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the rehearsal");
}

/* Ids that repeat with the rehearsal: nobody keeps them. */
static void count_ids(void *context, void *bytes, size_t count)
{
    struct play *play = context;
    uint64_t number = ++play->ids;
    memset(bytes, 0, count);
    for (size_t i = 0; i < count && i < sizeof number; i++) {
        ((uint8_t *)bytes)[i] = (uint8_t)(number >> (8 * (i % 4)));
    }
}

/* ---- rotas of that time ---- */

/* Whether it may have failed only because the customer's holidays are not known at that time. */
static bool reaches_beyond_calendar(const struct directory_customer *customer,
                                    const struct directory_rota *rota)
{
    return customer->calendar != NULL && (rota->compiled_from.ms < customer->calendar_from.ms ||
                                          rota->compiled_until.ms > customer->calendar_until.ms);
}

static enum status add_rota(struct play *play, const struct procedure_target *target,
                            const struct engine_rotas *rotas, struct arena *scratch,
                            struct directory_rota *list, struct error *error)
{
    const struct directory_rota *known = target->kind == TARGET_ON_CALL
                                             ? directory_rota(play->request->customer, target->name)
                                             : NULL;
    if (known == NULL || directory_rota(&play->customer, target->name) != NULL) {
        return STATUS_OK;
    }
    struct directory_rota *rota = &list[play->customer.rotas_count++];
    *rota = (struct directory_rota){
        .slug = known->slug,
        .definition = known->definition,
        .compiled_from = play->request->at,
        .compiled_until = {play->request->at.ms + play->request->span_ms + 1},
    };
    enum status status =
        people_compile_rota(rotas, &play->customer, scratch, play->arena, rota, error);
    if (status == STATUS_NO_MEMORY || reaches_beyond_calendar(&play->customer, rota)) {
        return status;
    }
    return STATUS_OK; /* broken: nobody is on call in it */
}

static enum status compile_rotas(struct play *play, const struct engine_rotas *rotas,
                                 struct error *error)
{
    const struct procedure *procedure = play->procedure;
    play->customer = *play->request->customer;
    struct directory_rota *list =
        arena_alloc(play->arena, (play->customer.rotas_count + 1) * sizeof *list);
    struct arena *scratch = arena_create(ROTAS_BYTES_MAX);
    enum status status = STATUS_OK;
    if (list == NULL || scratch == NULL) {
        arena_destroy(&scratch);
        return out_of_memory(error);
    }
    play->customer.rotas = list;
    play->customer.rotas_count = 0;
    for (size_t i = 0; i < procedure->steps_count; i++) {
        const struct procedure_step *step = &procedure->steps[i];
        for (size_t t = 0; t < step->targets_count && status == STATUS_OK; t++) {
            status = add_rota(play, &step->targets[t], rotas, scratch, list, error);
        }
    }
    for (size_t i = 0; i < procedure->exhausted_count && status == STATUS_OK; i++) {
        status = add_rota(play, &procedure->exhausted[i], rotas, scratch, list, error);
    }
    if (status == STATUS_OK) {
        struct procedure_target backup = {.kind = TARGET_ON_CALL};
        (void)text_copy(backup.name, sizeof backup.name, procedure->when_busy);
        status = add_rota(play, &backup, rotas, scratch, list, error);
    }
    arena_destroy(&scratch);
    return status;
}

/* ---- one event ---- */

static struct event event_of_type(struct play *play, enum event_type type)
{
    const struct random_source ids = {count_ids, play};
    struct wall_time wall = {play->now.ms};
    return (struct event){
        .type = type, .now = play->now, .wall = wall, .id_base = uuid_v7_base(wall, &ids)};
}

/* As the writer loads them: the newest, and the event's own before them when it is older. */
static void show_attempts(struct play *play, size_t own, struct context *context)
{
    size_t newest = ATTEMPTS_LOADED_MAX - 1;
    if (play->attempts_count <= newest) {
        context->attempts = play->attempts;
        context->attempts_count = play->attempts_count;
        return;
    }
    size_t first = play->attempts_count - newest;
    context->attempts = play->attempts + first;
    context->attempts_count = newest;
    if (own < first) {
        play->window[0] = play->attempts[own];
        memcpy(play->window + 1, play->attempts + first, newest * sizeof *play->window);
        context->attempts = play->window;
        context->attempts_count = newest + 1;
    }
}

/* Each goes out at once: providers and lines are there. */
static void take_created(struct play *play)
{
    for (size_t i = 0; i < play->update->created_count; i++) {
        size_t place = play->attempts_count++;
        struct attempt *attempt = &play->attempts[place];
        *attempt = play->update->created[i];
        attempt->state = ATTEMPT_HANDED_OVER;
        attempt->handed_over_at = (struct wall_time){play->now.ms};
        world_answers(play->request, attempt, place, &play->agenda, play->used);
    }
}

static void take_changed(struct play *play)
{
    for (size_t i = 0; i < play->update->changed_attempts_count; i++) {
        const struct attempt *changed = &play->update->changed_attempts[i];
        size_t place = play->attempts_count;
        while (place > 0 && !uuid_equal(play->attempts[place - 1].id, changed->id)) {
            place--;
        }
        assert(place > 0);
        play->attempts[place - 1] = *changed;
    }
}

static enum status take_entries(struct play *play, struct error *error)
{
    int64_t when_ms = play->now.ms - play->began.ms;
    for (size_t i = 0; i < play->update->entries_count; i++) {
        const struct entry *entry = &play->update->entries[i];
        char facts[ENTRY_FACTS_BYTES_MAX];
        size_t bytes = entry_facts_write(entry, facts);
        struct rehearsal_entry *kept = &play->entries[play->entries_count++];
        kept->kind = entry->kind;
        kept->when_ms = when_ms;
        kept->facts = arena_text_n(play->arena, facts, bytes);
        if (kept->facts == NULL) {
            return out_of_memory(error);
        }
        if (entry->kind == ENTRY_EXHAUSTED && play->exhausted_ms < 0) {
            play->exhausted_ms = when_ms;
        }
    }
    return STATUS_OK;
}

/* own: the place of the event's attempt; any other number without one. */
static enum status apply(struct play *play, const struct event *event, size_t own,
                         struct error *error)
{
    struct context context = {.procedure = NULL};
    arena_reset(play->scratch);
    enum status status = people_resolve(&play->customer, play->procedure, &play->escalation,
                                        event->wall, NULL, play->scratch, &context, error);
    if (status != STATUS_OK) {
        return status;
    }
    show_attempts(play, own, &context);
    play->events_count++;
    status = escalation_step(&play->escalation, event, &context, play->update);
    assert(status == STATUS_OK); /* events are made of attempts that are there */
    if (status != STATUS_OK || !play->update->changed) {
        return status;
    }
    play->escalation = play->update->after;
    take_changed(play);
    take_created(play);
    if (escalation_is_held(&play->escalation) && play->held_ms < 0) {
        play->held_ms = play->now.ms - play->began.ms;
    }
    return take_entries(play, error);
}

static enum status open_escalation(struct play *play, struct error *error)
{
    struct event event = event_of_type(play, EVENT_OPENED);
    event.promised_ms = play->request->promised_ms;
    struct escalation *seed = &play->escalation;
    seed->ticket_id = uuid_derive(event.id_base, UUID_DERIVED_MAX);
    seed->id = uuid_derive(event.id_base, UUID_DERIVED_MAX - 1);
    seed->customer_id = play->customer.id;
    seed->procedure_id = play->request->procedure != NULL ? play->request->procedure->id : 0;
    seed->severity = play->request->severity;
    seed->opened_at = event.wall;
    return apply(play, &event, SIZE_MAX, error);
}

/* Whether they said yes or no to the same step, on this phone or another. */
static bool has_spoken(const struct play *play, const struct attempt *asked)
{
    for (size_t i = 0; i < play->attempts_count; i++) {
        const struct attempt *attempt = &play->attempts[i];
        if (attempt->position == asked->position && attempt->person_kind == asked->person_kind &&
            attempt->person_id == asked->person_id &&
            (attempt->answer == ANSWER_ACCEPTED || attempt->answer == ANSWER_DECLINED)) {
            return true;
        }
    }
    return false;
}

static enum status happen(struct play *play, const struct happening *happening, struct error *error)
{
    const struct attempt *attempt = &play->attempts[happening->attempt];
    bool answers = happening->type == EVENT_ACCEPT || happening->type == EVENT_DECLINE;
    if ((answers || happening->type == EVENT_CALL) && has_spoken(play, attempt)) {
        return STATUS_OK;
    }
    struct event event = event_of_type(play, happening->type);
    event.attempt = attempt->id;
    event.transport = happening->transport;
    event.answer = happening->answer;
    event.reason = happening->reason;
    event.tries = happening->type == EVENT_TRANSPORT ? 1 : 0;
    event.via = attempt->path;
    if (happening->type != EVENT_TRANSPORT && happening->type != EVENT_DELAYED) {
        event.actor = (struct person_ref){.kind = attempt->person_kind, .id = attempt->person_id};
    }
    return apply(play, &event, happening->attempt, error);
}

/* ---- the whole ---- */

static enum status prepare(struct play *play, struct error *error)
{
    struct arena *arena = play->arena;
    size_t attempts_max = REHEARSAL_ATTEMPTS_MAX + UPDATE_ATTEMPTS_MAX;
    size_t entries_max = REHEARSAL_ENTRIES_MAX + UPDATE_ENTRIES_MAX;
    play->update = arena_alloc(arena, sizeof *play->update);
    play->attempts = arena_alloc(arena, attempts_max * sizeof *play->attempts);
    play->window = arena_alloc(arena, ATTEMPTS_LOADED_MAX * sizeof *play->window);
    play->entries = arena_alloc(arena, entries_max * sizeof *play->entries);
    play->agenda.items = arena_alloc(arena, HAPPENINGS_MAX * sizeof *play->agenda.items);
    play->used = arena_alloc(arena, (play->request->assumptions_count + 1) * sizeof *play->used);
    bool all = play->update != NULL && play->attempts != NULL && play->window != NULL &&
               play->entries != NULL && play->agenda.items != NULL && play->used != NULL;
    return all ? STATUS_OK : out_of_memory(error);
}

/* Announced to each of the targets, and to the first again, and nobody is about to take it. */
static bool is_exhausted_for_good(const struct play *play)
{
    return play->escalation.state == ESCALATION_EXHAUSTED &&
           (size_t)play->escalation.announcements > play->procedure->exhausted_count &&
           !agenda_has_acceptance(&play->agenda);
}

/* A human has it, and nobody is being sought beside them. A holder who says no word for so long
 * that they are thought silent is none of the rehearsal's business. */
static bool is_held_for_good(const struct escalation *escalation)
{
    return escalation_is_held(escalation) &&
           !(escalation_seeks_members(escalation) && escalation->state == ESCALATION_ACCEPTED);
}

/* Which bound keeps the next event from being played; NULL: none. */
static const char *bound_met(const struct play *play, struct engine_time next)
{
    if (next.ms - play->began.ms > play->request->span_ms) {
        return "span_s";
    }
    if (play->events_count >= REHEARSAL_EVENTS_MAX) {
        return "events";
    }
    if (play->attempts_count >= REHEARSAL_ATTEMPTS_MAX) {
        return "attempts";
    }
    return play->entries_count >= REHEARSAL_ENTRIES_MAX ? "entries" : NULL;
}

static enum status run(struct play *play, struct rehearsal *rehearsal, struct error *error)
{
    enum status status = open_escalation(play, error);
    while (status == STATUS_OK) {
        struct engine_time outside = agenda_next(&play->agenda);
        struct engine_time next = engine_time_earlier(outside, play->escalation.due_at);
        bool moment_over = next.ms > play->now.ms;
        if (moment_over && is_held_for_good(&play->escalation)) {
            rehearsal->end = REHEARSAL_HELD;
            break;
        }
        if (moment_over && is_exhausted_for_good(play)) {
            rehearsal->end = REHEARSAL_EXHAUSTED;
            break;
        }
        rehearsal->stopped_by = bound_met(play, next);
        if (rehearsal->stopped_by != NULL) {
            rehearsal->end = REHEARSAL_STOPPED;
            break;
        }
        play->now = next;
        /* Outcomes and answers come before deadlines, as in a turn of the engine. */
        if (outside.ms <= play->escalation.due_at.ms) {
            struct happening happening = agenda_take(&play->agenda);
            status = happen(play, &happening, error);
        } else {
            struct event event = event_of_type(play, EVENT_DEADLINE);
            status = apply(play, &event, SIZE_MAX, error);
        }
    }
    return status;
}

enum status rehearsal_play(const struct rehearsal_request *request,
                           const struct engine_rotas *rotas, struct arena *arena,
                           struct rehearsal *rehearsal_r, struct error *error)
{
    struct rehearsal rehearsal = {.end = REHEARSAL_STOPPED};
    struct play play = {
        .request = request,
        .procedure =
            request->procedure != NULL ? request->procedure->procedure : procedure_of_last_resort(),
        .arena = arena,
        .scratch = arena_create(SCRATCH_BYTES_MAX),
        .began = {request->at.ms},
        .now = {request->at.ms},
        .held_ms = -1,
        .exhausted_ms = -1,
    };
    assert(request->at.ms >= 0 && request->span_ms > 0);
    enum status status = play.scratch == NULL ? out_of_memory(error) : prepare(&play, error);
    if (status == STATUS_OK) {
        status = compile_rotas(&play, rotas, error);
    }
    if (status == STATUS_OK) {
        status = run(&play, &rehearsal, error);
    }
    arena_destroy(&play.scratch);
    if (status != STATUS_OK) {
        return status;
    }
    rehearsal.ended_ms = play.now.ms - play.began.ms;
    rehearsal.held_ms = play.held_ms;
    rehearsal.exhausted_ms = play.exhausted_ms;
    rehearsal.escalation = play.escalation;
    rehearsal.attempts = play.attempts;
    rehearsal.attempts_count = play.attempts_count;
    rehearsal.entries = play.entries;
    rehearsal.entries_count = play.entries_count;
    rehearsal.events_count = play.events_count;
    rehearsal.assumption_used = play.used;
    *rehearsal_r = rehearsal;
    return STATUS_OK;
}

const char *rehearsal_end_word(enum rehearsal_end end)
{
    static const char *const words[] = {"held", "exhausted", "stopped"};
    return words[end];
}
