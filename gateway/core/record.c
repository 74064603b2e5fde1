/* record.c - builds the update: entries, attempts, tasks, each within its limit. */
#include "gateway/core/core_private.h"

#include <assert.h>
#include <string.h>

#include "gateway/base/text.h"

struct entry *step_record(struct step *step, enum entry_kind kind)
{
    struct update *update = step->update;
    assert((unsigned)kind <= ENTRY_KIND_LAST);
    assert(update->entries_count <= UPDATE_ENTRIES_MAX);
    if (update->entries_count == UPDATE_ENTRIES_MAX) {
        update->dropped++;
        update->entries_count--; /* the last one gives way: the newest fact says where it ended */
    }
    struct entry *entry = &update->entries[update->entries_count++];
    *entry = (struct entry){.kind = kind, .person = step->event->actor};
    update->changed = true;
    return entry;
}

static void record_planned(struct step *step, const struct attempt *attempt)
{
    assert(attempt->state == ATTEMPT_PLANNED && !uuid_is_nil(attempt->id));
    assert(attempt->position == step->now->position);
    struct entry *entry = step_record(step, ENTRY_ATTEMPT_PLANNED);
    entry->person = (struct person_ref){.kind = attempt->person_kind, .id = attempt->person_id};
    entry->attempt = attempt->id;
    entry->path = attempt->path;
    entry->has_path = true;
    entry->round = attempt->round + 1;
    entry->step = attempt->step + 1;
    entry->word = attempt_purpose_word(attempt->purpose);
    entry->number = step_phone_told(attempt);
}

int64_t step_phone_told(const struct attempt *attempt)
{
    assert(attempt->phone_place >= 0 && attempt->phone_place <= PHONES_OF_PERSON_MAX);
    return attempt->path == PATH_CALL && attempt->phone_place > 1 ? attempt->phone_place : 0;
}

/* phone: which number is called, from 0; of other paths: 0. */
static struct attempt *add_attempt(struct step *step, enum attempt_purpose purpose,
                                   const struct context_person *person,
                                   const struct context_device *device, const char *callback,
                                   size_t phone, struct engine_time not_after)
{
    assert((person == NULL) == (callback != NULL));
    assert(callback == NULL || (device == NULL && text_is_slug(callback)));
    assert(person == NULL || person->ref.kind == PERSON_AGENT ||
           person->ref.kind == PERSON_CONTACT);
    assert(purpose != PURPOSE_WITHDRAW || (device != NULL && device->id > 0));
    struct update *update = step->update;
    assert(update->created_count == step->ids_used); /* one id each, within uuid_derive()'s */
    if (update->created_count == UPDATE_ATTEMPTS_MAX) {
        update->dropped++;
        return NULL;
    }
    struct attempt *attempt = &update->created[update->created_count++];
    memset(attempt, 0, sizeof *attempt);
    attempt->id = uuid_derive(step->event->id_base, ++step->ids_used);
    attempt->purpose = purpose;
    attempt->path = callback != NULL ? PATH_CALLBACK : device != NULL ? PATH_PUSH : PATH_CALL;
    attempt->person_kind = person != NULL ? person->ref.kind : PERSON_CALLBACK;
    attempt->person_id = person != NULL ? person->ref.id : 0;
    if (device != NULL) {
        attempt->device_id = device->id;
        attempt->platform = device->platform;
    }
    if (callback != NULL) {
        (void)text_copy(attempt->callback, sizeof attempt->callback, callback);
    }
    if (attempt->path == PATH_CALL) {
        assert(person != NULL && phone < person->phones_count);
        assert(person->phones_count <= PHONES_OF_PERSON_MAX);
        (void)text_copy(attempt->phone, sizeof attempt->phone, person->phones[phone]);
        attempt->phone_place = (int)phone + 1;
        attempt->phones_count = (int)person->phones_count;
    }
    attempt->round = step->now->round;
    attempt->step = step->now->step;
    attempt->position = step->now->position;
    attempt->severity = step->now->severity;
    attempt->planned_engine = step->event->now;
    attempt->planned_at = step->event->wall;
    attempt->not_after = not_after;
    attempt->handed_over_at = WALL_NEVER;
    attempt->accepted_at = WALL_NEVER;
    attempt->received_at = WALL_NEVER;
    attempt->seen_at = WALL_NEVER;
    attempt->delayed_at = WALL_NEVER;
    record_planned(step, attempt);
    return attempt;
}

struct attempt *step_attempt(struct step *step, enum attempt_purpose purpose,
                             const struct context_person *person,
                             const struct context_device *device, const char *callback,
                             struct engine_time not_after)
{
    return add_attempt(step, purpose, person, device, callback, 0, not_after);
}

struct attempt *step_attempt_call(struct step *step, enum attempt_purpose purpose,
                                  const struct context_person *person, size_t phone,
                                  struct engine_time not_after)
{
    assert(person != NULL && phone < person->phones_count);
    return add_attempt(step, purpose, person, NULL, NULL, phone, not_after);
}

struct attempt *step_change_attempt(struct step *step, struct uuid id)
{
    struct update *update = step->update;
    assert(step->context->attempts_count <= ATTEMPTS_LOADED_MAX);
    for (size_t i = 0; i < update->changed_attempts_count; i++) {
        if (uuid_equal(update->changed_attempts[i].id, id)) {
            return &update->changed_attempts[i];
        }
    }
    for (size_t i = 0; i < step->context->attempts_count; i++) {
        if (uuid_equal(step->context->attempts[i].id, id)) {
            assert(update->changed_attempts_count < UPDATE_ATTEMPTS_MAX);
            struct attempt *copy = &update->changed_attempts[update->changed_attempts_count++];
            *copy = step->context->attempts[i];
            assert(!uuid_is_nil(copy->id));
            update->changed = true;
            return copy;
        }
    }
    return NULL;
}

struct attempt *step_change_attempt_of_actor(struct step *step)
{
    const struct person_ref *actor = &step->event->actor;
    assert(step->context->attempts_count <= ATTEMPTS_LOADED_MAX);
    for (size_t i = 0; i < step->context->attempts_count; i++) {
        const struct attempt *attempt = &step->context->attempts[i];
        if (uuid_equal(attempt->id, step->event->attempt)) {
            bool own = attempt->person_kind == actor->kind && attempt->person_id == actor->id;
            return own ? step_change_attempt(step, attempt->id) : NULL;
        }
    }
    return NULL;
}

void step_drop_attempt(struct attempt *attempt)
{
    assert(attempt->state == ATTEMPT_PLANNED);
    assert(attempt->answer != ANSWER_ACCEPTED); /* what led to an acceptance was on its way */
    attempt->state = ATTEMPT_EXPIRED;
    (void)text_copy(attempt->reason, sizeof attempt->reason, "no_longer_needed");
}

void step_task(struct step *step, enum task_kind kind, int caller)
{
    assert((unsigned)kind <= TASK_KIND_LAST);
    assert((kind == TASK_PROMISE || kind == TASK_CALLER) == (caller > 0));
    assert(caller >= 0 && caller <= step->now->callers_count);
    struct update *update = step->update;
    /* unreachable: an event makes one task a caller and one of the state's own */
    if (update->tasks_count == UPDATE_TASKS_MAX) {
        update->dropped++;
        return;
    }
    update->tasks[update->tasks_count++] = (struct new_task){.kind = kind, .caller = caller};
    struct entry *entry = step_record(step, ENTRY_TASK);
    entry->person = (struct person_ref){.kind = PERSON_NONE};
    entry->word = task_kind_word(kind);
    entry->number = caller;
    struct attempt *attempt =
        step_attempt(step, PURPOSE_TASK, NULL, NULL, run_desk(step),
                     engine_time_add(step->event->now,
                                     step->context->procedure->holder_silent_ms + INT64_C(600000)));
    if (attempt != NULL) { /* unreachable: tasks come before the withdrawals that may fill it */
        attempt->number = (int)kind;
    }
}

enum status step_refuse(struct step *step, enum status answer, const char *verb)
{
    assert(answer != STATUS_OK && verb != NULL);
    assert(step->update->answer == STATUS_OK); /* an event is refused once */
    struct entry *entry = step_record(step, ENTRY_REFUSED_VERB);
    entry->word = verb;
    step->update->answer = answer;
    return STATUS_OK;
}
