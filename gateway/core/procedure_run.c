/* procedure_run.c - runs a procedure: steps, rounds and their spacing, exhaustion. Its steps are
 * also asked for members while somebody holds the escalation: then a clock of its own runs. */
#include "gateway/core/core_private.h"

#include <assert.h>
#include <string.h>

static const struct context_step *current_step(const struct step *step)
{
    assert((size_t)step->now->step < step->context->procedure->steps_count);
    return &step->context->steps[step->now->step];
}

bool run_asks_step(const struct escalation *now)
{
    return now->state == ESCALATION_NOTIFYING || escalation_seeks_members(now);
}

struct engine_time run_step_ends(const struct escalation *now)
{
    return escalation_is_held(now) ? now->search_until : now->wait_until;
}

/* An attempt as it stands after this update. */
static const struct attempt *as_changed(const struct step *step, const struct attempt *attempt)
{
    assert(step->update->changed_attempts_count <= step->context->attempts_count);
    assert(!uuid_is_nil(attempt->id));
    for (size_t i = 0; i < step->update->changed_attempts_count; i++) {
        if (uuid_equal(step->update->changed_attempts[i].id, attempt->id)) {
            return &step->update->changed_attempts[i];
        }
    }
    return attempt;
}

static bool attempt_is_to(const struct attempt *attempt, const struct person_ref *person)
{
    return attempt->person_kind == person->kind && attempt->person_id == person->id;
}

bool run_stepped_aside(const struct step *step, const struct person_ref *person)
{
    assert(person->kind == PERSON_AGENT || person->kind == PERSON_CONTACT);
    if (person_equal(&step->now->handed_back_by, person)) {
        return true;
    }
    for (size_t i = 0; i < step->context->attempts_count; i++) {
        const struct attempt *attempt = as_changed(step, &step->context->attempts[i]);
        /* A key on these refuses nothing: it lets go, as the app's verbs do. */
        bool asked = attempt->purpose != PURPOSE_TEAM && attempt->purpose != PURPOSE_HOLDER_CALL;
        if (asked && attempt->round == step->now->round && attempt->answer == ANSWER_DECLINED &&
            attempt->planned_engine.ms >= step->now->round_started_at.ms &&
            attempt_is_to(attempt, person)) {
            return true;
        }
    }
    return false;
}

int run_reach(struct step *step, enum attempt_purpose purpose, const struct context_person *person,
              unsigned via, struct engine_time not_after)
{
    assert(via != 0 && (via & ~(VIA_PUSH | VIA_CALL)) == 0);
    assert(person->devices_count <= DEVICES_OF_PERSON_MAX);
    int made = 0;
    if (via & VIA_PUSH) {
        for (size_t i = 0; i < person->devices_count; i++) {
            made +=
                step_attempt(step, purpose, person, &person->devices[i], NULL, not_after) != NULL;
        }
    }
    if ((via & VIA_CALL) && person->phones_count > 0) {
        made += step_attempt_call(step, purpose, person, 0, not_after) != NULL;
    }
    assert(made >= 0 && made <= DEVICES_OF_PERSON_MAX + 1);
    return made;
}

static void record_skip(struct step *step, const struct person_ref *person, const char *why)
{
    assert(why != NULL && run_asks_step(step->now));
    struct entry *entry = step_record(step, ENTRY_PERSON_SKIPPED);
    entry->person = *person;
    entry->round = step->now->round + 1;
    entry->step = step->now->step + 1;
    entry->word = why;
}

bool run_is_beside_holder(const struct step *step, const struct person_ref *person)
{
    return escalation_is_held(step->now) && team_has(step->now, person);
}

/* Makes the attempts of the current step; answers how many. */
static int reach_people_of_step(struct step *step)
{
    const struct procedure_step *wanted = &step->context->procedure->steps[step->now->step];
    const struct context_step *known = current_step(step);
    struct engine_time until = run_step_ends(step->now);
    assert(run_asks_step(step->now) && until.ms > step->event->now.ms);
    assert(known->persons_count <= PERSONS_OF_STEP_MAX);
    int made = 0;
    if (known->persons_count == 0) {
        record_skip(step, &(struct person_ref){.kind = PERSON_NONE}, "nobody_on_call");
    }
    for (size_t i = 0; i < known->persons_count; i++) {
        const struct context_person *person = &known->persons[i];
        if (run_is_beside_holder(step, &person->ref)) {
            continue; /* they are there already */
        }
        if (run_stepped_aside(step, &person->ref)) {
            bool gone = person_equal(&step->now->handed_back_by, &person->ref);
            record_skip(step, &person->ref, gone ? "stepped_aside" : "declined");
            continue;
        }
        int reached = run_ask(step, person);
        if (reached == 0) {
            record_skip(step, &person->ref,
                        wanted->via == VIA_PUSH ? "no_live_device" : "no_number");
        }
        made += reached;
    }
    return made + run_back_up(step);
}

/* Starts step->now->step. False when nobody in it can be reached: that path ends now. */
static bool start_step(struct step *step)
{
    struct escalation *now = step->now;
    bool for_members = escalation_is_held(now);
    assert(now->step >= 0 && (size_t)now->step < step->context->procedure->steps_count);
    const struct procedure_step *wanted = &step->context->procedure->steps[now->step];
    struct engine_time until = engine_time_add(step->event->now, wanted->accepted_within_ms);
    now->position++;
    if (for_members) {
        now->search_until = until;
    } else {
        step_move(step, ESCALATION_NOTIFYING);
        now->wait_until = until;
    }
    bool expects_reception =
        !for_members && wanted->received_within_ms > 0 && (wanted->via & VIA_PUSH);
    now->received_until = expects_reception
                              ? engine_time_add(step->event->now, wanted->received_within_ms)
                              : ENGINE_NEVER;
    assert(until.ms > step->event->now.ms);
    assert(now->received_until.ms > step->event->now.ms);
    struct entry *entry = step_record(step, ENTRY_STEP_STARTED);
    entry->person = (struct person_ref){.kind = PERSON_NONE};
    entry->round = now->round + 1;
    entry->step = now->step + 1;
    return reach_people_of_step(step) > 0;
}

static void record_end(struct step *step, enum entry_kind kind, const char *why)
{
    assert(kind == ENTRY_STEP_ENDED || kind == ENTRY_ROUND_ENDED || kind == ENTRY_EXHAUSTED);
    assert((kind == ENTRY_STEP_ENDED) == (why != NULL));
    struct entry *entry = step_record(step, kind);
    entry->person = (struct person_ref){.kind = PERSON_NONE};
    entry->round = step->now->round + 1;
    entry->step = kind == ENTRY_STEP_ENDED ? step->now->step + 1 : 0;
    entry->word = why;
}

const char *run_desk(const struct step *step)
{
    const struct procedure *procedure = step->context->procedure;
    assert(procedure->exhausted_count > 0);
    for (size_t i = 0; i < procedure->exhausted_count; i++) {
        if (procedure->exhausted[i].kind == TARGET_CALLBACK) {
            return procedure->exhausted[i].name;
        }
    }
    return "call-centre";
}

static void exhaust(struct step *step)
{
    assert(!escalation_is_held(step->now));
    step_move(step, ESCALATION_EXHAUSTED);
    step->now->announcements = 0;
    record_end(step, ENTRY_EXHAUSTED, NULL);
    run_announce(step);
    assert(step->now->state == ESCALATION_EXHAUSTED && step->now->announcements == 1);
}

void run_announce(struct step *step)
{
    struct escalation *now = step->now;
    const struct procedure *procedure = step->context->procedure;
    assert(now->state == ESCALATION_EXHAUSTED && now->announcements >= 0);
    size_t told_before = step->update->created_count;
    size_t index = (size_t)now->announcements % procedure->exhausted_count;
    const struct procedure_target *target = &procedure->exhausted[index];
    const struct context_step *known = &step->context->exhausted[index];
    now->wait_until = engine_time_add(step->event->now, procedure->exhausted_every_ms);
    now->announcements++;
    int made = 0;
    for (size_t i = 0; i < known->persons_count; i++) {
        made += run_reach(step, PURPOSE_ALERT, &known->persons[i], target->via, now->wait_until);
    }
    if (target->kind == TARGET_CALLBACK || made == 0) {
        /* A target that cannot be reached gives its turn to the call centre: silence is worse. */
        const char *callback = target->kind == TARGET_CALLBACK ? target->name : run_desk(step);
        (void)step_attempt(step, PURPOSE_EXHAUSTED, NULL, NULL, callback, now->wait_until);
    }
    for (size_t i = told_before; i < step->update->created_count; i++) {
        step->update->created[i].number = now->announcements;
    }
    /* Every announcement goes to somebody: silence is the one thing this must not do. */
    assert(step->update->created_count > told_before || step->update->dropped > 0);
    assert(now->wait_until.ms > step->event->now.ms);
}

/* The round reached nobody: waits for the next one's time, or gives up. */
static void end_round(struct step *step)
{
    struct escalation *now = step->now;
    const struct procedure *procedure = step->context->procedure;
    assert(now->state == ESCALATION_NOTIFYING);
    assert(now->round >= 0 && now->round < procedure->rounds);
    record_end(step, ENTRY_ROUND_ENDED, NULL);
    if (now->round + 1 >= procedure->rounds) {
        exhaust(step);
        return;
    }
    if (now->round == 0) {
        struct attempt *told =
            step_attempt(step, PURPOSE_FRUITLESS, NULL, NULL, run_desk(step),
                         engine_time_add(step->event->now, procedure->exhausted_every_ms));
        if (told != NULL) { /* unreachable: no event ends a round and withdraws, so there is room */
            told->number = now->round + 1;
        }
    }
    step_move(step, ESCALATION_WAITING);
    now->wait_until = engine_time_add(now->round_started_at, procedure->round_spacing_ms);
    if (engine_time_reached(now->wait_until, step->event->now)) {
        run_round(step);
    }
    assert(now->wait_until.ms > step->event->now.ms);
}

/* There are as many as are wanted, or everybody was asked. */
static void end_search(struct step *step, enum entry_kind kind)
{
    struct escalation *now = step->now;
    assert(escalation_is_held(now) && escalation_seeks_members(now));
    assert(kind == ENTRY_TEAM_COMPLETE || kind == ENTRY_TEAM_SHORT);
    struct entry *entry = step_record(step, kind);
    entry->person = (struct person_ref){.kind = PERSON_NONE};
    entry->number = team_at_work(now);
    entry->of = now->wanted;
    now->search_until = ENGINE_NEVER;
    if (kind == ENTRY_TEAM_SHORT) {
        now->wanted = 1; /* from now on the desk sees to it */
        step_task(step, TASK_TEAM, 0);
    }
    run_withdraw_from_others(step);
}

/* Starts the first step at or behind `from` that reaches anybody, within this round. */
static void start_from(struct step *step, size_t from)
{
    assert(from <= step->context->procedure->steps_count);
    assert(!escalation_is_closed(step->now));
    for (size_t i = from; i < step->context->procedure->steps_count; i++) {
        step->now->step = (int)i;
        if (start_step(step)) {
            return;
        }
        record_end(step, ENTRY_STEP_ENDED, "nobody_reachable");
    }
    if (escalation_is_held(step->now)) {
        end_search(step, ENTRY_TEAM_SHORT); /* one way through: the holder is there meanwhile */
        return;
    }
    end_round(step);
    assert(step->now->state == ESCALATION_WAITING || step->now->state == ESCALATION_EXHAUSTED ||
           step->now->round > 0); /* a later round may have begun at once */
}

static void start_round(struct step *step, int round)
{
    assert(round >= 0 && round < step->context->procedure->rounds);
    step->now->round = round;
    step->now->round_started_at = step->event->now;
    step->now->handed_back_by = (struct person_ref){.kind = PERSON_NONE};
    start_from(step, 0);
    assert(step->now->wait_until.ms > step->event->now.ms);
}

void run_round(struct step *step)
{
    assert(step->now->state == ESCALATION_WAITING);
    assert(engine_time_reached(step->now->wait_until, step->event->now));
    start_round(step, step->now->round + 1);
}

void run_from_top(struct step *step)
{
    assert(!escalation_is_held(step->now) && !escalation_is_closed(step->now));
    if (step->context->procedure->steps_count == 0) {
        step->now->round = 0;
        exhaust(step);
    } else {
        start_round(step, 0);
    }
    assert(step->now->wait_until.ms > step->event->now.ms);
}

void run_next_step(struct step *step, const char *why)
{
    assert(run_asks_step(step->now) && why != NULL);
    record_end(step, ENTRY_STEP_ENDED, why);
    start_from(step, (size_t)step->now->step + 1);
    assert(run_step_ends(step->now).ms > step->event->now.ms);
}

/* Somebody holds it, and fewer are there than are wanted. */
static void begin_search(struct step *step, struct engine_time ends)
{
    struct escalation *now = step->now;
    assert(now->state == ESCALATION_ACCEPTED || now->state == ESCALATION_OVERDUE);
    assert(!escalation_seeks_members(now) && now->wanted > team_at_work(now));
    now->search_until = ends.ms != TIME_NEVER_MS ? ends : step->event->now;
    struct entry *entry = step_record(step, ENTRY_TEAM_SOUGHT);
    entry->person = (struct person_ref){.kind = PERSON_NONE};
    entry->number = team_at_work(now);
    entry->of = now->wanted;
    if (ends.ms != TIME_NEVER_MS) {
        run_end_hopeless_step(step); /* the others of the step are asked already */
    } else {
        start_from(step, 0);
    }
}

bool run_seek_members(struct step *step, struct engine_time ends)
{
    struct escalation *now = step->now;
    const struct procedure *procedure = step->context->procedure;
    assert(now->state == ESCALATION_ACCEPTED && !escalation_seeks_members(now));
    if (procedure->steps_count == 0 || now->check_in_agent != 0) {
        return false; /* a shift has one agent */
    }
    assert(now->step >= 0 && (size_t)now->step < procedure->steps_count);
    now->wanted = procedure->steps[now->step].acceptances;
    if (team_at_work(now) >= now->wanted) {
        return false;
    }
    begin_search(step, ends);
    return true;
}

void run_seek_again(struct step *step)
{
    struct escalation *now = step->now;
    bool watched = now->state == ESCALATION_ACCEPTED || now->state == ESCALATION_OVERDUE;
    if (watched && !escalation_seeks_members(now) && team_served(now) < now->wanted) {
        begin_search(step, ENGINE_NEVER);
    }
}

void run_look_at_search(struct step *step)
{
    if (escalation_seeks_members(step->now) && team_at_work(step->now) >= step->now->wanted) {
        end_search(step, ENTRY_TEAM_COMPLETE);
    } else {
        run_end_hopeless_step(step);
    }
}

void run_resume(struct step *step)
{
    struct escalation *now = step->now;
    size_t steps_count = step->context->procedure->steps_count;
    assert(!escalation_is_held(now) && !escalation_is_closed(now));
    assert(now->state != ESCALATION_CANCELLING);
    bool begun = now->position > 0; /* what was taken while it was on hold is not */
    if (!begun || now->announcements > 0 || (size_t)now->step + 1 >= steps_count) {
        now->announcements = 0;
        now->round = 0;
        now->round_started_at = step->event->now; /* handed_back_by stays: they are passed over */
        if (steps_count == 0) {
            step_move(step, ESCALATION_NOTIFYING);
            exhaust(step);
        } else {
            start_from(step, 0);
        }
        return;
    }
    start_from(step, (size_t)now->step + 1);
    assert(now->wait_until.ms > step->event->now.ms);
}

/* ---- hope, and the next number ---- */

/* Whether the attempt is worth waiting for. One that is delayed can still lead to an acceptance,
 * but nobody knows when: the next path must not wait for it. */
static bool attempt_has_hope(const struct attempt *attempt)
{
    switch (attempt->answer) { /* unreachable: an answer has no other number */
    case ANSWER_DECLINED:
    case ANSWER_BUSY:
    case ANSWER_NO_ANSWER:
    case ANSWER_FAILED:
        return false;
    case ANSWER_NONE:
    case ANSWER_RINGING:
    case ANSWER_ANSWERED:
    case ANSWER_ACCEPTED:
        break;
    }
    bool unsent = attempt->state == ATTEMPT_PLANNED || attempt->state == ATTEMPT_HANDED_OVER;
    return attempt->state != ATTEMPT_FAILED && attempt->state != ATTEMPT_EXPIRED &&
           !(unsent && attempt->delayed_at.ms != TIME_NEVER_MS);
}

static const struct context_person *find_person(const struct context_step *known,
                                                const struct attempt *attempt)
{
    assert(known->persons_count <= PERSONS_OF_STEP_MAX);
    for (size_t i = 0; i < known->persons_count; i++) {
        if (attempt_is_to(attempt, &known->persons[i].ref)) {
            return &known->persons[i];
        }
    }
    return NULL;
}

/* Who is still asked what the call asked, as they can be reached now; NULL: nobody is. */
static const struct context_person *still_asked(const struct step *step,
                                                const struct attempt *ended)
{
    const struct escalation *now = step->now;
    const struct context_person *holder = step->context->holder;
    const struct procedure *procedure = step->context->procedure;
    if (ended->purpose == PURPOSE_ALERT) {
        const struct context_person *person = NULL;
        if (ended->position == now->position && run_asks_step(now)) {
            person = find_person(current_step(step), ended);
            person = person != NULL ? person : find_person(&step->context->backup, ended);
        } else if (now->state == ESCALATION_EXHAUSTED && ended->number == now->announcements) {
            size_t told = (size_t)(now->announcements - 1) % procedure->exhausted_count;
            person = find_person(&step->context->exhausted[told], ended);
        }
        bool asked = person != NULL && !run_stepped_aside(step, &person->ref) &&
                     !run_is_beside_holder(step, &person->ref); /* who is there has answered */
        return asked ? person : NULL;
    }
    const struct person_ref ref = {.kind = ended->person_kind, .id = ended->person_id};
    if (ended->purpose == PURPOSE_OFFER && team_offer(now, &ref) != NULL) {
        return find_person(&(struct context_step){step->context->team, step->context->team_count},
                           ended);
    }
    bool at_it = escalation_is_held(now) && !escalation_is_closed(now) &&
                 now->state != ESCALATION_CANCELLING; /* who was done, or is called off, is not */
    bool wanted = (ended->purpose == PURPOSE_HOLDER_CALL && now->state == ESCALATION_OVERDUE) ||
                  (ended->purpose == PURPOSE_CANCEL_NOTICE &&
                   now->state == ESCALATION_CANCELLING) || /* the newest: others are too late */
                  ((ended->purpose == PURPOSE_UPDATE || ended->purpose == PURPOSE_TEAM) && at_it);
    return wanted && holder != NULL && attempt_is_to(ended, &holder->ref) ? holder : NULL;
}

/* Whether both are calls to the same person for the same reason: in one step or announcement, and
 * useless from the same moment on. What is no alert goes on over steps that begin meanwhile. */
static bool same_series(const struct attempt *a, const struct attempt *b)
{
    bool same_step = a->purpose != PURPOSE_ALERT || a->position == b->position;
    assert(b->path == PATH_CALL);
    return a->path == PATH_CALL && a->purpose == b->purpose && same_step &&
           a->number == b->number && a->not_after.ms == b->not_after.ms &&
           a->person_kind == b->person_kind && a->person_id == b->person_id;
}

/* Whether a call of before people had several numbers was to this one: it was to the first. */
static bool is_call_to(const struct attempt *attempt, const struct context_person *person,
                       size_t phone)
{
    assert(attempt->path == PATH_CALL && phone < person->phones_count);
    return attempt->phone[0] == '\0' ? phone == 0
                                     : strcmp(attempt->phone, person->phones[phone]) == 0;
}

/* The first number in the person's order that was not called in the series of `one`; the count:
 * there is none, or a call of the series may still be answered: never two at once. */
static size_t next_phone(const struct step *step, const struct context_person *person,
                         const struct attempt *one)
{
    bool called[PHONES_OF_PERSON_MAX] = {false};
    assert(person->phones_count <= PHONES_OF_PERSON_MAX);
    for (size_t i = 0; i < step->context->attempts_count; i++) {
        const struct attempt *attempt = as_changed(step, &step->context->attempts[i]);
        if (!same_series(attempt, one)) {
            continue;
        }
        if (attempt_has_hope(attempt)) {
            return person->phones_count;
        }
        for (size_t p = 0; p < person->phones_count; p++) {
            called[p] = called[p] || is_call_to(attempt, person, p);
        }
    }
    size_t next = 0;
    while (next < person->phones_count && called[next]) {
        next++;
    }
    return next;
}

void run_next_phone(struct step *step, const struct attempt *ended)
{
    if (ended->path != PATH_CALL || attempt_has_hope(ended) ||
        engine_time_reached(ended->not_after, step->event->now)) {
        return;
    }
    const struct context_person *person = still_asked(step, ended);
    size_t next = person != NULL ? next_phone(step, person, ended) : 0;
    if (person != NULL && next < person->phones_count) {
        struct attempt *call =
            step_attempt_call(step, ended->purpose, person, next, ended->not_after);
        if (call != NULL) { /* unreachable: a call's outcome makes nothing else before */
            call->number = ended->number;
        }
    }
}

/* Whether this event made an attempt that asks for an acceptance in this step. */
static bool asked_anew(const struct step *step)
{
    for (size_t i = 0; i < step->update->created_count; i++) {
        const struct attempt *attempt = &step->update->created[i];
        /* unreachable: whom an event asks it asks in the step at which it leaves off */
        if (attempt->purpose == PURPOSE_ALERT && attempt->position == step->now->position) {
            return true;
        }
    }
    return false;
}

void run_end_hopeless_step(struct step *step)
{
    assert(step->context->attempts_count <= ATTEMPTS_LOADED_MAX);
    bool last = (size_t)step->now->step + 1 >= step->context->procedure->steps_count;
    if (!run_asks_step(step->now) || asked_anew(step) || (last && escalation_is_held(step->now))) {
        return; /* the search's last step keeps its time: earlier ones may still answer */
    }
    for (size_t i = 0; i < step->context->attempts_count; i++) {
        const struct attempt *attempt = as_changed(step, &step->context->attempts[i]);
        const struct person_ref ref = {.kind = attempt->person_kind, .id = attempt->person_id};
        if (run_is_beside_holder(step, &ref)) {
            continue; /* what led to their acceptance leads to no other */
        }
        if (attempt->position == step->now->position && attempt->purpose == PURPOSE_ALERT &&
            attempt_has_hope(attempt)) {
            return;
        }
    }
    run_next_step(step, "every_path_failed");
}

bool run_call_in_step(struct step *step, const struct context_person *person, const char *why)
{
    const struct engine_time until = run_step_ends(step->now);
    const struct attempt like = {.purpose = PURPOSE_ALERT,
                                 .path = PATH_CALL,
                                 .person_kind = person->ref.kind,
                                 .person_id = person->ref.id,
                                 .position = step->now->position,
                                 .not_after = until};
    assert(run_asks_step(step->now));
    size_t next = next_phone(step, person, &like);
    if (next == person->phones_count) {
        return false;
    }
    if (why != NULL) {
        run_record_why(step, ENTRY_CALLED_TOO, &person->ref, why);
    }
    return step_attempt_call(step, PURPOSE_ALERT, person, next, until) != NULL;
}

void run_top_up(struct step *step)
{
    if (!run_asks_step(step->now)) {
        return;
    }
    const struct context_step *known = current_step(step);
    assert(known->persons_count <= PERSONS_OF_STEP_MAX);
    for (size_t i = 0; i < known->persons_count; i++) {
        const struct context_person *person = &known->persons[i];
        if (!run_stepped_aside(step, &person->ref) && !run_is_beside_holder(step, &person->ref)) {
            (void)run_ask(step, person);
        }
    }
    (void)run_back_up(step);
}

static void update_members(struct step *step, struct engine_time not_after)
{
    for (size_t i = 0; i < step->context->team_count; i++) {
        const struct context_person *person = &step->context->team[i];
        if (escalation_member(step->now, &person->ref) != NULL) {
            (void)run_reach(step, PURPOSE_UPDATE, person, VIA_PUSH, not_after);
        }
    }
}

/* Those who are asked in this step, and the backup that was. */
static void update_step(struct step *step)
{
    const struct context_step *known = current_step(step);
    assert(run_asks_step(step->now));
    for (size_t i = 0; i < known->persons_count; i++) {
        const struct context_person *person = &known->persons[i];
        if (!run_stepped_aside(step, &person->ref) && !run_is_beside_holder(step, &person->ref)) {
            (void)run_reach(step, PURPOSE_UPDATE, person, VIA_PUSH, run_step_ends(step->now));
        }
    }
    run_update_backup(step);
}

void run_update_people(struct step *step)
{
    assert(!escalation_is_closed(step->now) && step->now->state != ESCALATION_CANCELLING);
    if (escalation_is_held(step->now)) {
        const struct context_person *holder = step->context->holder;
        struct engine_time not_after =
            engine_time_add(step->event->now, step->context->procedure->holder_silent_ms);
        if (holder != NULL && run_reach(step, PURPOSE_UPDATE, holder, VIA_PUSH, not_after) == 0) {
            (void)run_reach(step, PURPOSE_UPDATE, holder, VIA_CALL, not_after);
        }
        update_members(step, not_after);
    }
    if (run_asks_step(step->now)) { /* beside the holder, too, when more are sought */
        update_step(step);
    }
}

/* Whether this attempt put a notification on its device that asks for an answer: it was confirmed
 * there or, on FCM, taken by the provider. */
static bool is_on_screen(const struct attempt *attempt)
{
    if (attempt->path != PATH_PUSH || attempt->purpose == PURPOSE_WITHDRAW) {
        return false;
    }
    return attempt->received_at.ms != TIME_NEVER_MS ||
           (attempt->platform != PLATFORM_APNS && attempt->state == ATTEMPT_ACCEPTED);
}

/* One withdrawal a device: for the first of the loaded attempts that needs it. */
static bool needs_withdrawal(const struct step *step, size_t index)
{
    assert(index < step->context->attempts_count);
    const struct attempt *attempt = as_changed(step, &step->context->attempts[index]);
    if (!is_on_screen(attempt)) {
        return false;
    }
    for (size_t i = 0; i < index; i++) {
        const struct attempt *older = as_changed(step, &step->context->attempts[i]);
        if (older->device_id == attempt->device_id && is_on_screen(older)) {
            return false;
        }
    }
    return true;
}

static void withdraw(struct step *step, const struct attempt *attempt)
{
    struct engine_time not_after = engine_time_add(step->event->now, INT64_C(120000));
    assert(attempt->path == PATH_PUSH && attempt->purpose != PURPOSE_WITHDRAW);
    assert(attempt->device_id > 0 && attempt->person_id > 0);
    const struct context_person person = {
        .ref = {.kind = attempt->person_kind, .id = attempt->person_id}};
    const struct context_device device = {.id = attempt->device_id, .platform = attempt->platform};
    (void)step_attempt(step, PURPOSE_WITHDRAW, &person, &device, NULL, not_after);
}

/* From one person, or from all; not from those who are asked by name. */
static void withdraw_from(struct step *step, const struct person_ref *only, bool also_team)
{
    /* While it is open and nobody holds it, what is on the screens is still wanted. */
    assert(escalation_is_held(step->now) || escalation_is_closed(step->now));
    for (size_t i = 0; i < step->context->attempts_count; i++) {
        const struct attempt *attempt = as_changed(step, &step->context->attempts[i]);
        const struct person_ref ref = {.kind = attempt->person_kind, .id = attempt->person_id};
        if (team_offer(step->now, &ref) != NULL || (!also_team && team_has(step->now, &ref)) ||
            (only != NULL && !person_equal(only, &ref))) {
            continue;
        }
        bool wanted = needs_withdrawal(step, i);
        if (attempt->state == ATTEMPT_PLANNED && attempt->path != PATH_CALLBACK) {
            step_drop_attempt(step_change_attempt(step, attempt->id));
        }
        if (wanted) {
            withdraw(step, attempt);
        }
    }
}

void run_withdraw(struct step *step)
{
    withdraw_from(step, NULL, true);
}

void run_withdraw_from_others(struct step *step)
{
    withdraw_from(step, NULL, false);
}

void run_withdraw_from(struct step *step, const struct person_ref *person)
{
    bool sought = !escalation_is_held(step->now) || escalation_seeks_members(step->now);
    assert(!escalation_is_closed(step->now));
    if (!sought) {
        withdraw_from(step, person, false);
        return;
    }
    for (size_t i = 0; i < step->context->attempts_count; i++) {
        const struct attempt *attempt = as_changed(step, &step->context->attempts[i]);
        if (attempt->purpose == PURPOSE_OFFER && attempt->state == ATTEMPT_PLANNED &&
            attempt_is_to(attempt, person)) {
            step_drop_attempt(step_change_attempt(step, attempt->id));
        }
    }
}
