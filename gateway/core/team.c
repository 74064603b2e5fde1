/* team.c - who works on an escalation beside its holder, and who was asked by name to take over or
 * to join. The search for as many people as a step wants is procedure_run.c's. */
#include "gateway/core/core_private.h"

#include <assert.h>

/* Somebody who did not become holder by an answer of their own may be in a shift: it is looked at
 * as soon as the context is theirs. */
#define SHIFT_LOOK_MS INT64_C(1000)
#define ETA_MS_MAX    INT64_C(86400000)

static struct person_ref ref_of(enum person_kind kind, int64_t id)
{
    return (struct person_ref){.kind = kind, .id = id};
}

static bool is_person(const struct person_ref *ref)
{
    return ref->kind == PERSON_AGENT || ref->kind == PERSON_CONTACT;
}

bool team_can_reach(const struct context_person *person)
{
    return person != NULL && (person->phones_count > 0 || person->devices_count > 0);
}

const struct context_person *team_person(const struct step *step, const struct person_ref *ref)
{
    const struct context *context = step->context;
    assert(context->team_count <= CONTEXT_TEAM_MAX);
    for (size_t i = 0; i < context->team_count; i++) {
        if (context->team[i].ref.kind == ref->kind && context->team[i].ref.id == ref->id) {
            return &context->team[i];
        }
    }
    return NULL;
}

/* ---- members ---- */

/* Their place in the list, also of those who are done; -1: none. */
static int place_of_member(const struct escalation *escalation, const struct person_ref *person)
{
    assert(escalation->members_count >= 0 && escalation->members_count <= MEMBERS_MAX);
    for (int i = 0; i < escalation->members_count; i++) {
        if (escalation->members[i].kind == person->kind &&
            escalation->members[i].id == person->id) {
            return i;
        }
    }
    return -1;
}

const struct member *escalation_member(const struct escalation *escalation,
                                       const struct person_ref *person)
{
    int place = place_of_member(escalation, person);
    bool at_work = place >= 0 && escalation->members[place].intervention != INTERVENTION_DONE;
    return at_work ? &escalation->members[place] : NULL;
}

struct member *team_member(struct step *step, const struct person_ref *person)
{
    bool at_work = escalation_member(step->now, person) != NULL;
    return at_work ? &step->now->members[place_of_member(step->now, person)] : NULL;
}

bool team_is_done(const struct escalation *now, const struct person_ref *person)
{
    int place = place_of_member(now, person);
    return place >= 0 && now->members[place].intervention == INTERVENTION_DONE;
}

int team_at_work(const struct escalation *now)
{
    int count = escalation_is_held(now) ? 1 : 0;
    for (int i = 0; i < now->members_count; i++) {
        count += now->members[i].intervention != INTERVENTION_DONE;
    }
    assert(count <= MEMBERS_MAX + 1);
    return count;
}

int team_served(const struct escalation *now)
{
    int count = team_at_work(now);
    for (int i = 0; i < now->members_count; i++) {
        count += now->members[i].intervention == INTERVENTION_DONE;
    }
    return count;
}

bool team_has(const struct escalation *now, const struct person_ref *person)
{
    bool holds = escalation_is_held(now) && now->holder.kind == person->kind &&
                 now->holder.id == person->id && is_person(person);
    return holds || escalation_member(now, person) != NULL;
}

static void remove_member(struct step *step, int place)
{
    struct escalation *now = step->now;
    assert(place >= 0 && place < now->members_count);
    for (int i = place; i + 1 < now->members_count; i++) {
        now->members[i] = now->members[i + 1];
    }
    now->members_count--;
    step->update->changed = true;
}

/* Who is done makes room: the record has them. */
static void make_room(struct step *step)
{
    const struct escalation *now = step->now;
    int place = 0;
    if (now->members_count < MEMBERS_MAX) {
        return;
    }
    while (now->members[place].intervention != INTERVENTION_DONE) {
        place++;
        assert(place < now->members_count); /* the caller looked: somebody is done */
    }
    remove_member(step, place);
}

bool team_is_full(const struct escalation *now)
{
    int at_work = team_at_work(now) - (escalation_is_held(now) ? 1 : 0);
    return at_work == MEMBERS_MAX;
}

static void add_member(struct step *step, const struct member *member)
{
    const struct person_ref ref = ref_of(member->kind, member->id);
    int known = place_of_member(step->now, &ref);
    assert(is_person(&ref));
    if (known >= 0) {
        remove_member(step, known); /* they were done, and are back */
    }
    make_room(step);
    assert(step->now->members_count < MEMBERS_MAX);
    step->now->members[step->now->members_count++] = *member;
    step->update->changed = true;
}

/* ---- offers ---- */

static int place_of_offer(const struct escalation *now, const struct person_ref *person)
{
    assert(now->offers_count >= 0 && now->offers_count <= OFFERS_MAX);
    for (int i = 0; i < now->offers_count; i++) {
        if (now->offers[i].kind == person->kind && now->offers[i].id == person->id) {
            return i;
        }
    }
    return -1;
}

const struct offer *team_offer(const struct escalation *now, const struct person_ref *person)
{
    int place = place_of_offer(now, person);
    return place >= 0 ? &now->offers[place] : NULL;
}

static void remove_offer(struct step *step, int place)
{
    struct escalation *now = step->now;
    assert(place >= 0 && place < now->offers_count);
    for (int i = place; i + 1 < now->offers_count; i++) {
        now->offers[i] = now->offers[i + 1];
    }
    now->offers_count--;
    step->update->changed = true;
}

/* Whether both are of one asking: somebody by name, and the backup beside them. */
static bool is_same_asking(const struct offer *a, const struct offer *b)
{
    return a->until.ms == b->until.ms &&
           /* unreachable: only askings of before there was a backup may end together */
           (a->origin == OFFER_BY_BACKUP || b->origin == OFFER_BY_BACKUP);
}

/* Whether somebody may still accept what was asked with this one, which is over. */
static bool asking_goes_on(const struct escalation *now, const struct offer *over)
{
    bool goes_on = false;
    for (int i = 0; i < now->offers_count; i++) {
        goes_on = goes_on || is_same_asking(&now->offers[i], over);
    }
    return goes_on;
}

/* Nothing came of it. What it put on their phones is the caller's affair. */
static struct person_ref end_offer(struct step *step, int place, const char *why)
{
    struct person_ref whom = ref_of(step->now->offers[place].kind, step->now->offers[place].id);
    struct entry *entry = step_record(step, ENTRY_OFFER_ENDED);
    entry->person = whom;
    entry->word = why;
    remove_offer(step, place);
    return whom;
}

/* Somebody holds it now: nobody else is asked to, unless they be asked anew. */
static void end_offers_to_hold(struct step *step, bool withdraw)
{
    for (int i = step->now->offers_count - 1; i >= 0; i--) {
        if (step->now->offers[i].role == OFFER_AS_HOLDER) {
            struct person_ref whom = end_offer(step, i, "taken");
            if (withdraw) {
                run_withdraw_from(step, &whom);
            }
        }
    }
}

/* Somebody accepted what they were asked: who was asked beside them is not any more. */
static void end_asking(struct step *step, const struct offer *accepted, bool withdraw)
{
    for (int i = step->now->offers_count - 1; i >= 0; i--) {
        if (is_same_asking(&step->now->offers[i], accepted)) {
            struct person_ref whom = end_offer(step, i, "taken");
            if (withdraw) {
                run_withdraw_from(step, &whom);
            }
        }
    }
}

/* They have what they were asked for, if they were. */
static void fulfil_offer(struct step *step, const struct person_ref *person, bool withdraw)
{
    int place = place_of_offer(step->now, person);
    if (place >= 0) {
        const struct offer accepted = step->now->offers[place];
        remove_offer(step, place);
        end_asking(step, &accepted, withdraw);
    }
}

/* One event may change it for somebody in two ways, and rings them once. */
static bool is_told(const struct step *step, const struct person_ref *person)
{
    bool told = false;
    for (size_t i = 0; i < step->update->created_count; i++) {
        const struct attempt *attempt = &step->update->created[i];
        const struct person_ref to = ref_of(attempt->person_kind, attempt->person_id);
        /* unreachable: no event tells two */
        told = told || (attempt->purpose == PURPOSE_TEAM && person_equal(&to, person));
    }
    return told;
}

/* Who works on it has changed, or who will: by push, or by call where no phone takes one. */
static void tell(struct step *step, const struct context_person *person, unsigned via)
{
    if (person == NULL || is_told(step, &person->ref)) {
        return;
    }
    struct engine_time not_after =
        engine_time_add(step->event->now, step->context->procedure->holder_silent_ms);
    if (run_reach(step, PURPOSE_TEAM, person, via, not_after) == 0) {
        (void)run_reach(step, PURPOSE_TEAM, person, VIA_CALL, not_after);
    }
}

static void tell_holder(struct step *step)
{
    const struct person_ref *holder = &step->now->holder;
    const struct context_person *known = step->context->holder;
    /* unreachable: who holds it is told before another does */
    if (known != NULL && person_equal(&known->ref, holder)) {
        tell(step, known, VIA_PUSH);
    } else if (is_person(holder)) {
        tell(step, team_person(step, holder), VIA_PUSH);
    }
}

/* The attempts of an offer say as what somebody is asked. */
static void ask(struct step *step, const struct context_person *person, enum offer_role role,
                unsigned via, struct engine_time until)
{
    struct update *update = step->update;
    size_t first = update->created_count;
    (void)run_reach(step, PURPOSE_OFFER, person, via, until);
    for (size_t i = first; i < update->created_count; i++) {
        update->created[i].number = (int)role;
    }
}

void team_add_offer(struct step *step, const struct context_person *person, struct offer offer)
{
    struct escalation *now = step->now;
    assert(is_person(&person->ref) && team_can_reach(person));
    assert(now->offers_count < OFFERS_MAX); /* the caller looked */
    offer.kind = person->ref.kind;
    offer.id = person->ref.id;
    now->offers[now->offers_count++] = offer;
    bool by_somebody = offer.origin == OFFER_BY_DESK || offer.origin == OFFER_BY_HOLDER;
    struct entry *entry = step_record(step, ENTRY_OFFERED);
    entry->person = by_somebody ? step->event->actor : ref_of(PERSON_NONE, 0);
    entry->other_kind = offer.kind;
    entry->other_id = offer.id;
    entry->word = offer_role_word(offer.role);
    entry->text = by_somebody ? step->event->text : NULL;
    ask(step, person, offer.role, VIA_PUSH | VIA_CALL, offer.until);
    assert(step->update->created_count > 0 || step->update->dropped > 0);
}

/* The end of an asking that begins now. */
static struct engine_time end_of_asking(const struct step *step)
{
    const struct escalation *now = step->now;
    struct engine_time until =
        engine_time_add(step->event->now, step->context->procedure->offer_within_ms);
    for (int i = 0; i < now->offers_count; i++) {
        if (now->offers[i].until.ms == until.ms) {
            until.ms++;
            i = -1; /* the earlier ones have to be looked at again */
        }
    }
    return until;
}

/* What somebody was asked gives way to something else, and what was asked beside them with it.
 * Answers who is asked no more. */
static size_t replace_offer(struct step *step, int place, struct person_ref *dropped_r)
{
    struct escalation *now = step->now;
    const struct offer before = now->offers[place];
    size_t count = 0;
    (void)end_offer(step, place, "replaced");
    for (int i = now->offers_count - 1; before.origin != OFFER_BY_BACKUP && i >= 0; i--) {
        if (is_same_asking(&now->offers[i], &before)) {
            dropped_r[count++] = end_offer(step, i, "closed");
        }
    }
    return count;
}

void team_ask(struct step *step, const struct context_person *person, enum offer_role role,
              enum offer_origin origin, bool stays)
{
    struct person_ref dropped[OFFERS_MAX];
    size_t dropped_count = 0;
    int known = place_of_offer(step->now, &person->ref);
    assert(origin != OFFER_BY_BACKUP);
    if (known >= 0) {
        dropped_count = replace_offer(step, known, dropped);
    }
    const struct offer offer = {.role = role,
                                .origin = origin,
                                .stays = stays,
                                .since = step->event->wall,
                                .until = end_of_asking(step)};
    team_add_offer(step, person, offer);
    run_back_up_offer(step, person, offer);
    for (size_t i = 0; i < dropped_count; i++) {
        run_withdraw_from(step, &dropped[i]); /* unless they are asked anew */
    }
}

void team_declined(struct step *step)
{
    int place = place_of_offer(step->now, &step->event->actor);
    assert(place >= 0);
    const struct offer declined = step->now->offers[place];
    bool by_backup = declined.origin == OFFER_BY_BACKUP;
    remove_offer(step, place);
    run_withdraw_from(step, &step->event->actor); /* from the other phones they have */
    if (by_backup && asking_goes_on(step->now, &declined)) {
        return; /* another one of them may say yes, and who was asked by name is not heard */
    }
    if (by_backup || declined.origin == OFFER_BY_DESK) {
        step_task(step, TASK_OFFER, 0);
    }
    if (declined.origin != OFFER_BY_DESK) {
        tell_holder(step);
    }
}

/* ---- who works on it ---- */

void team_join(struct step *step, const char *why)
{
    const struct event *event = step->event;
    struct escalation *now = step->now;
    assert(now != NULL && escalation_is_held(now)); /* the analyser wants the first to be said */
    assert(!team_has(now, &event->actor) && !team_is_full(now));
    struct entry *entry = step_record(step, ENTRY_MEMBER_JOINED);
    entry->attempt = event->attempt;
    entry->path = event->via;
    entry->has_path = true;
    entry->word = why;
    entry->text = event->text;
    if (person_equal(&now->handed_back_by, &event->actor)) {
        now->handed_back_by = (struct person_ref){.kind = PERSON_NONE};
    }
    add_member(step, &(struct member){.kind = event->actor.kind,
                                      .id = event->actor.id,
                                      .since = event->wall,
                                      .intervention = INTERVENTION_ACCEPTED,
                                      .eta_at = WALL_NEVER});
    const struct offer *asked = team_offer(now, &event->actor);
    if (asked != NULL && asked->role == OFFER_AS_HOLDER) { /* the others still may take over */
        remove_offer(step, place_of_offer(now, &event->actor));
    } else {
        fulfil_offer(step, &event->actor, true);
    }
    tell_holder(step);
    run_look_at_search(step);
    assert(team_has(now, &event->actor));
}

void team_leave(struct step *step, const char *why)
{
    int place = place_of_member(step->now, &step->event->actor);
    assert(place >= 0 && escalation_member(step->now, &step->event->actor) != NULL);
    struct entry *entry = step_record(step, ENTRY_MEMBER_LEFT);
    entry->word = why;
    entry->text = step->event->text;
    if (step->event->type == EVENT_DONE) {
        step->now->members[place].intervention = INTERVENTION_DONE; /* a repeat is answered alike */
        step->now->members[place].eta_at = WALL_NEVER;
    } else {
        remove_member(step, place);
        step->now->handed_back_by = step->event->actor; /* as of a holder: they are passed over */
    }
    tell_holder(step);
    run_seek_again(step);
}

/* The one who held it goes on beside the new one, or is kept as done. */
static void keep_as_member(struct step *step, const struct member *member)
{
    const struct person_ref ref = ref_of(member->kind, member->id);
    if (!is_person(&ref) || team_is_full(step->now)) {
        return; /* an operator is at the desk, and a full team does without */
    }
    add_member(step, member);
    bool done = member->intervention == INTERVENTION_DONE;
    struct entry *entry = step_record(step, done ? ENTRY_MEMBER_LEFT : ENTRY_MEMBER_JOINED);
    entry->person = ref;
    entry->word = done ? "done" : "stays";
}

static struct engine_time shift_of(const struct step *step, const struct person_ref *holder)
{
    const struct context_shift *shift = step->context->actor_shift;
    if (!step->context->procedure->offer_at_shift_end || holder->kind != PERSON_AGENT ||
        step->now->check_in_agent != 0) { /* a check-in ends with its shift */
        return ENGINE_NEVER;
    }
    if (!person_equal(holder, &step->event->actor)) {
        return engine_time_add(step->event->now, SHIFT_LOOK_MS);
    }
    return shift != NULL ? shift->until : ENGINE_NEVER;
}

/* From one holder to the next in one move: at no time is it nobody's. */
static void hand_over(struct step *step, const struct person_ref *to, bool stays, const char *why)
{
    const struct event *event = step->event;
    struct escalation *now = step->now;
    assert(escalation_is_held(now) && is_person(to) && !person_equal(&now->holder, to));
    assert(now->state != ESCALATION_CANCELLING && !escalation_is_closed(now));
    int place = place_of_member(now, to);
    const struct member *was = place >= 0 ? &now->members[place] : NULL;
    bool at_work = was != NULL && was->intervention != INTERVENTION_DONE;
    enum intervention intervention = at_work ? was->intervention : INTERVENTION_ACCEPTED;
    struct wall_time eta_at = at_work ? was->eta_at : WALL_NEVER;
    const struct member before = {.kind = now->holder.kind,
                                  .id = now->holder.id,
                                  .since = now->held_since,
                                  .intervention = event->type == EVENT_DONE ? INTERVENTION_DONE
                                                                            : now->intervention,
                                  .eta_at = event->type == EVENT_DONE ? WALL_NEVER : now->eta_at};
    struct entry *entry = step_record(step, ENTRY_HANDED_OVER);
    entry->person = *to;
    entry->other_kind = before.kind;
    entry->other_id = before.id;
    entry->attempt = event->attempt;
    entry->path = event->via;
    entry->has_path = true;
    entry->word = why;
    entry->text = event->text;
    if (was != NULL) {
        remove_member(step, place);
    }
    step_move(step, ESCALATION_ACCEPTED);
    now->holder = *to;
    now->holder_path = event->via;
    now->held_since = event->wall;
    now->intervention = intervention;
    now->eta_at = eta_at;
    int64_t left_ms = eta_at.ms != TIME_NEVER_MS ? eta_at.ms - event->wall.ms : 0;
    now->wait_until =
        engine_time_add(event->now, step->context->procedure->progress_within_ms +
                                        (left_ms > 0 && left_ms <= ETA_MS_MAX ? left_ms : 0));
    now->shift_until = shift_of(step, to);
    if (stays) {
        keep_as_member(step, &before);
    }
    assert(escalation_is_held(now) && person_equal(&now->holder, to));
    assert(now->wait_until.ms > event->now.ms); /* their progress is watched from now on */
}

void team_take_over(struct step *step)
{
    const struct person_ref to = step->event->actor;
    int place = place_of_offer(step->now, &to);
    assert(place >= 0 && step->now->offers[place].role == OFFER_AS_HOLDER);
    bool stays = step->now->offers[place].stays;
    const struct person_ref before = step->now->holder;
    remove_offer(step, place);
    hand_over(step, &to, stays, "offer");
    if (!stays && is_person(&before)) {
        step->now->handed_back_by = before; /* passed over, should more people be sought */
    }
    end_offers_to_hold(step, true);
    tell(step, step->context->holder, VIA_PUSH); /* who had it */
    run_look_at_search(step);
    run_seek_again(step);
}

bool team_goes_on(struct step *step)
{
    struct escalation *now = step->now;
    const struct member *longest = NULL;
    for (int i = 0; i < now->members_count; i++) {
        const struct member *member = &now->members[i];
        const struct person_ref ref = ref_of(member->kind, member->id);
        bool at_work = member->intervention != INTERVENTION_DONE &&
                       team_person(step, &ref) != NULL; /* who left the customer is not */
        if (at_work && (longest == NULL || member->since.ms < longest->since.ms)) {
            longest = member;
        }
    }
    if (longest == NULL) {
        return false;
    }
    const struct person_ref to = ref_of(longest->kind, longest->id);
    fulfil_offer(step, &to, true);
    hand_over(step, &to, true, "done");
    tell(step, team_person(step, &to), VIA_PUSH | VIA_CALL); /* they must know that it is theirs */
    return true;
}

void team_hold(struct step *step)
{
    struct escalation *now = step->now;
    const struct person_ref holder = now->holder;
    int place = place_of_member(now, &holder);
    assert(escalation_is_held(now));
    fulfil_offer(step, &holder, false);
    if (place >= 0) {
        remove_member(step, place);
    }
    end_offers_to_hold(step, false);
    now->shift_until = shift_of(step, &holder);
}

void team_release(struct step *step)
{
    struct escalation *now = step->now;
    assert(!escalation_is_held(now));
    now->search_until = ENGINE_NEVER;
    now->shift_until = ENGINE_NEVER;
    now->wanted = 1;
}

/* The paths on which the procedure, which goes on, does not ask them already. */
static unsigned paths_left(const struct step *step, const struct person_ref *person)
{
    unsigned left = VIA_PUSH | VIA_CALL;
    for (size_t i = 0; i < step->update->created_count; i++) {
        const struct attempt *attempt = &step->update->created[i];
        if (attempt->purpose == PURPOSE_ALERT && attempt->person_kind == person->kind &&
            attempt->person_id == person->id) {
            left &= attempt->path == PATH_CALL ? ~VIA_CALL : ~VIA_PUSH;
        }
    }
    return left;
}

void team_ask_to_hold(struct step *step)
{
    struct escalation *now = step->now;
    struct engine_time until =
        engine_time_add(step->event->now, step->context->procedure->offer_within_ms);
    assert(!escalation_is_held(now));
    for (int i = 0; i < now->members_count; i++) {
        const struct person_ref ref = ref_of(now->members[i].kind, now->members[i].id);
        const struct context_person *known = team_person(step, &ref);
        unsigned via = paths_left(step, &ref);
        if (now->members[i].intervention != INTERVENTION_DONE && known != NULL && via != 0) {
            ask(step, known, OFFER_AS_HOLDER, via, until);
        }
    }
}

void team_close(struct step *step)
{
    struct escalation *now = step->now;
    bool asked = now->offers_count > 0 || now->search_until.ms != TIME_NEVER_MS;
    assert(escalation_is_closed(now) || now->state == ESCALATION_CANCELLING);
    while (now->offers_count > 0) {
        (void)end_offer(step, now->offers_count - 1, "closed");
    }
    now->search_until = ENGINE_NEVER;
    now->shift_until = ENGINE_NEVER;
    now->wanted = 1;
    if (asked && now->state != ESCALATION_CANCELLED) { /* which is withdrawn from all */
        run_withdraw_from_others(step);
    }
}

void team_tell_of_cancellation(struct step *step)
{
    struct escalation *now = step->now;
    struct engine_time not_after =
        engine_time_add(step->event->now, step->context->procedure->exhausted_every_ms);
    for (int i = 0; i < now->members_count; i++) {
        const struct person_ref ref = ref_of(now->members[i].kind, now->members[i].id);
        const struct context_person *known = team_person(step, &ref);
        if (now->members[i].intervention != INTERVENTION_DONE && known != NULL) {
            (void)run_reach(step, PURPOSE_CANCEL_NOTICE, known, VIA_PUSH | VIA_CALL, not_after);
        }
    }
}

/* ---- clocks ---- */

static void expire(struct step *step, int place)
{
    const struct offer expired = step->now->offers[place];
    struct person_ref whom = end_offer(step, place, "expired");
    run_withdraw_from(step, &whom);
    if (asking_goes_on(step->now, &expired)) {
        return; /* the others of it are over now, too: the desk has one task for them all */
    }
    step_task(step, TASK_OFFER, 0);
    if (expired.origin != OFFER_BY_DESK && escalation_is_held(step->now)) {
        tell_holder(step);
    }
}

/* The holder keeps it: who is on call now is asked, once. */
static void end_shift(struct step *step)
{
    struct escalation *now = step->now;
    const struct context_shift *shift = step->context->holder_shift;
    assert(escalation_is_held(now));
    step->update->changed = true;
    if (shift != NULL && shift->until.ms > step->event->now.ms) {
        now->shift_until = shift->until; /* it goes on longer than was known */
        return;
    }
    now->shift_until = ENGINE_NEVER;
    const struct context_person *relief = shift != NULL ? shift->relief : NULL;
    if (!team_can_reach(relief) || person_equal(&relief->ref, &now->holder)) {
        return;
    }
    const struct offer *asked = team_offer(now, &relief->ref); /* to join: that is something else */
    if (asked != NULL ? asked->role == OFFER_AS_HOLDER : now->offers_count == OFFERS_MAX) {
        return;
    }
    team_ask(step, relief, OFFER_AS_HOLDER, OFFER_BY_SHIFT, false);
    tell_holder(step);
}

void team_look(struct step *step)
{
    struct escalation *now = step->now;
    struct engine_time at = step->event->now;
    for (int i = now->offers_count - 1; i >= 0; i--) {
        if (engine_time_reached(now->offers[i].until, at)) {
            expire(step, i);
        }
    }
    if (engine_time_reached(now->shift_until, at)) {
        end_shift(step);
    }
    assert(!engine_time_reached(now->shift_until, at));
}

void team_look_at_shift(struct step *step)
{
    struct escalation *now = step->now;
    const struct context_shift *shift = step->context->holder_shift;
    if (now->shift_until.ms != TIME_NEVER_MS && shift != NULL &&
        shift->until.ms != now->shift_until.ms) {
        now->shift_until = shift->until;
        step->update->changed = true;
    }
}

void team_settle(struct step *step)
{
    struct escalation *now = step->now;
    if (now->search_until.ms < now->due_at.ms) {
        now->due_at = now->search_until;
        describe_search(step);
    }
    if (now->shift_until.ms < now->due_at.ms) {
        now->due_at = now->shift_until;
        step_describe(step, "the holder's shift ends: ask who is on call to take over");
    }
    for (int i = 0; i < now->offers_count; i++) {
        if (now->offers[i].until.ms < now->due_at.ms) {
            now->due_at = now->offers[i].until;
            step_describe(step, "tell the desk: who was asked by name has not answered");
        }
    }
}

/* ---- invariants ---- */

static const char *fault_of_members(const struct escalation *now)
{
    if (now->members_count < 0 || now->members_count > MEMBERS_MAX) {
        return "members are within their limit";
    }
    for (int i = 0; i < now->members_count; i++) {
        const struct person_ref ref = ref_of(now->members[i].kind, now->members[i].id);
        if (place_of_member(now, &ref) != i || !is_person(&ref)) {
            return "a member is somebody, and there once";
        }
        if (escalation_is_held(now) && person_equal(&now->holder, &ref)) {
            return "the holder is no member";
        }
    }
    return NULL;
}

static const char *fault_of_offers(const struct escalation *now)
{
    bool over = escalation_is_closed(now) || now->state == ESCALATION_CANCELLING;
    if (now->offers_count < 0 || now->offers_count > OFFERS_MAX ||
        (over && now->offers_count > 0)) {
        return "offers are within their limit, and none is open when it is over";
    }
    for (int i = 0; i < now->offers_count; i++) {
        const struct person_ref ref = ref_of(now->offers[i].kind, now->offers[i].id);
        if (place_of_offer(now, &ref) != i || !is_person(&ref)) {
            return "somebody is asked once";
        }
        if (escalation_is_held(now) && person_equal(&now->holder, &ref)) {
            return "the holder is not asked to hold it";
        }
        if (now->due_at.ms > now->offers[i].until.ms && !now->quarantined) {
            return "the due time is not later than an offer's end";
        }
    }
    return NULL;
}

const char *team_fault(const struct escalation *now)
{
    bool at_it = now->state == ESCALATION_ACCEPTED || now->state == ESCALATION_OVERDUE;
    bool clocks = now->search_until.ms != TIME_NEVER_MS || now->shift_until.ms != TIME_NEVER_MS;
    if (clocks && !at_it) {
        return "members are sought, and a shift's end is waited for, beside a holder";
    }
    if (now->wanted < 1 || now->wanted > ACCEPTANCES_MAX || (now->wanted > 1 && !at_it) ||
        (escalation_seeks_members(now) && now->wanted == 1)) {
        return "members are sought when more than the holder are wanted, and are so beside one";
    }
    if ((now->due_at.ms > now->search_until.ms || now->due_at.ms > now->shift_until.ms) &&
        !now->quarantined) {
        return "the due time is not later than the team's clocks";
    }
    const char *fault = fault_of_members(now);
    return fault != NULL ? fault : fault_of_offers(now);
}
