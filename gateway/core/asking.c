/* asking.c - how one person of a step is asked: on its paths, by call too when a push alone may not
 * reach them, and with the backup beside them when they have other things in hand. Nobody is
 * skipped for any of it. Who is asked by name has the same backup.
 */
#include "gateway/core/core_private.h"

#include <assert.h>

static const struct procedure_step *wanted_step(const struct step *step)
{
    assert(run_asks_step(step->now));
    assert((size_t)step->now->step < step->context->procedure->steps_count);
    return &step->context->procedure->steps[step->now->step];
}

static const struct context_step *known_step(const struct step *step)
{
    assert((size_t)step->now->step < step->context->procedure->steps_count);
    return &step->context->steps[step->now->step];
}

/* Whether they said no, or work on it already. */
static bool is_left_alone(const struct step *step, const struct person_ref *person)
{
    return run_stepped_aside(step, person) || run_is_beside_holder(step, person);
}

static bool asks(const struct step *step, const struct attempt *attempt,
                 const struct person_ref *person)
{
    return attempt->position == step->now->position && attempt->purpose == PURPOSE_ALERT &&
           attempt->person_kind == person->kind && attempt->person_id == person->id;
}

/* Whether a device already has an attempt in this step. One that failed before the device
 * registered anew was to another target and does not count. */
static bool was_tried(const struct step *step, const struct context_person *person,
                      const struct context_device *device)
{
    assert(run_asks_step(step->now) && device->id > 0);
    for (size_t i = 0; i < step->context->attempts_count; i++) {
        const struct attempt *attempt = &step->context->attempts[i];
        bool outdated =
            attempt->state == ATTEMPT_FAILED && attempt->planned_at.ms < device->registered_at.ms;
        if (asks(step, attempt, &person->ref) && attempt->device_id == device->id && !outdated) {
            return true;
        }
    }
    return false;
}

/* Whether this step asked them, just now or before. */
static bool was_asked(const struct step *step, const struct person_ref *person)
{
    for (size_t i = 0; i < step->context->attempts_count; i++) {
        if (asks(step, &step->context->attempts[i], person)) {
            return true;
        }
    }
    for (size_t i = 0; i < step->update->created_count; i++) {
        if (asks(step, &step->update->created[i], person)) {
            return true;
        }
    }
    return false;
}

/* Why a push alone may not reach them; NULL: it may. What they said themselves comes first. */
static const char *doubt(const struct context_person *person)
{
    return person->paused ? "paused" : person->doubtful ? "doubtful" : NULL;
}

void run_record_why(struct step *step, enum entry_kind kind, const struct person_ref *person,
                    const char *why)
{
    assert(why != NULL && (kind == ENTRY_CALLED_TOO || kind == ENTRY_BACKED_UP));
    struct entry *entry = step_record(step, kind);
    entry->person = *person;
    entry->round = step->now->round + 1;
    entry->step = step->now->step + 1;
    entry->word = why;
}

int run_ask(struct step *step, const struct context_person *person)
{
    const struct procedure_step *wanted = wanted_step(step);
    assert(person->devices_count <= DEVICES_OF_PERSON_MAX);
    int made = 0;
    for (size_t i = 0; (wanted->via & VIA_PUSH) && i < person->devices_count; i++) {
        const struct context_device *device = &person->devices[i];
        if (!was_tried(step, person, device)) {
            made += step_attempt(step, PURPOSE_ALERT, person, device, NULL,
                                 run_step_ends(step->now)) != NULL;
        }
    }
    bool agreed = (wanted->via & VIA_CALL) != 0;
    const char *why = agreed ? NULL : doubt(person);
    if (agreed || why != NULL) {
        made += run_call_in_step(step, person, why);
    }
    assert(made >= 0 && made <= DEVICES_OF_PERSON_MAX + 1);
    return made;
}

static bool is_of_step(const struct step *step, const struct person_ref *person)
{
    const struct context_step *known = known_step(step);
    for (size_t i = 0; i < known->persons_count; i++) {
        if (person_equal(&known->persons[i].ref, person)) {
            return true;
        }
    }
    return false;
}

/* What else they have in hand, so that the backup is asked beside them; NULL: nothing. */
static const char *other_things(const struct context_person *person)
{
    return person->busy ? "busy" : person->paused ? "paused" : NULL;
}

/* Why the backup is to be asked beside them; NULL: it is not. */
static const char *needs_backup(const struct step *step, const struct context_person *person)
{
    const char *why = other_things(person);
    if (why == NULL || is_left_alone(step, &person->ref) || !was_asked(step, &person->ref)) {
        return NULL;
    }
    return why;
}

/* Whether anybody of the backup is left to be asked: whom the step names is asked anyway, and who
 * was asked beside it is only asked on what came since. */
static bool has_fresh_backup(const struct step *step)
{
    const struct context_step *backup = &step->context->backup;
    const struct procedure_step *wanted = wanted_step(step);
    for (size_t i = 0; i < backup->persons_count; i++) {
        const struct context_person *person = &backup->persons[i];
        bool reachable =
            ((wanted->via & VIA_PUSH) && person->devices_count > 0) ||
            (person->phones_count > 0 && ((wanted->via & VIA_CALL) || doubt(person) != NULL));
        if (reachable && !is_of_step(step, &person->ref) && !is_left_alone(step, &person->ref) &&
            !was_asked(step, &person->ref)) {
            return true;
        }
    }
    return false;
}

int run_back_up(struct step *step)
{
    const struct context_step *known = known_step(step), *backup = &step->context->backup;
    assert(backup->persons_count <= BACKUP_PERSONS_MAX);
    bool fresh = has_fresh_backup(step), needed = false;
    int made = 0;
    for (size_t i = 0; i < known->persons_count; i++) {
        const char *why = needs_backup(step, &known->persons[i]);
        needed = needed || why != NULL;
        if (why != NULL && fresh) {
            run_record_why(step, ENTRY_BACKED_UP, &known->persons[i].ref, why);
        }
    }
    for (size_t i = 0; needed && i < backup->persons_count; i++) {
        const struct context_person *person = &backup->persons[i];
        if (!is_of_step(step, &person->ref) && !is_left_alone(step, &person->ref)) {
            made += run_ask(step, person);
        }
    }
    return made;
}

void run_update_backup(struct step *step)
{
    const struct context_step *backup = &step->context->backup;
    for (size_t i = 0; i < backup->persons_count; i++) {
        const struct context_person *person = &backup->persons[i];
        if (!is_of_step(step, &person->ref) && !is_left_alone(step, &person->ref) &&
            was_asked(step, &person->ref)) {
            (void)run_reach(step, PURPOSE_UPDATE, person, VIA_PUSH, run_step_ends(step->now));
        }
    }
}

static bool can_back_up_offer(const struct step *step, const struct context_person *person)
{
    return team_can_reach(person) && team_offer(step->now, &person->ref) == NULL &&
           !team_has(step->now, &person->ref) && !run_stepped_aside(step, &person->ref);
}

void run_back_up_offer(struct step *step, const struct context_person *asked, struct offer offer)
{
    const struct context_step *backup = &step->context->backup;
    const char *why = other_things(asked);
    bool told = false;
    assert(backup->persons_count <= BACKUP_PERSONS_MAX && offer.origin != OFFER_BY_BACKUP);
    offer.origin = OFFER_BY_BACKUP;
    for (size_t i = 0; why != NULL && i < backup->persons_count; i++) {
        const struct context_person *person = &backup->persons[i];
        bool room = step->now->offers_count < OFFERS_MAX;
        if (!can_back_up_offer(step, person)) {
            continue;
        }
        if (!room || !told) {
            struct entry *entry = step_record(step, room ? ENTRY_BACKED_UP : ENTRY_PERSON_SKIPPED);
            entry->person = room ? asked->ref : person->ref;
            entry->word = room ? why : "eight_are_asked_already";
        }
        if (room) {
            team_add_offer(step, person, offer);
            told = true;
        }
    }
}
