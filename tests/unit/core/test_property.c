/* Random lives of random escalations: whatever happens in whatever order, the rules that this file
 * spells out again hold. A failure names its seed. */
#include "tests/unit/core/world.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define LIVES         10000
#define EVENTS_A_LIFE 40

/* splitmix64: small, and the same everywhere. */
static uint64_t draw_state;

static uint64_t draw(uint64_t limit)
{
    uint64_t z = (draw_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % limit;
}

static void random_targets(char *text, size_t bytes)
{
    static const char *const targets[] = {
        "{\"on_call\":\"primary\"}", "{\"on_call\":\"backup\"}", "{\"agent\":\"p1\"}",
        "{\"agent\":\"p2\"}",        "{\"agent\":\"nobody\"}",   "{\"contact\":\"c5\"}",
    };
    const size_t count = sizeof targets / sizeof targets[0];
    size_t used = 0;
    uint64_t wanted = 1 + draw(3);
    for (uint64_t i = 0; i < wanted; i++) {
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", i > 0 ? "," : "",
                                 targets[draw(count)]);
    }
}

static void random_procedure(struct world *world)
{
    static const char *const by[] = {"\"push\"", "\"call\"", "\"push\",\"call\""};
    static const char *const exhausted[] = {
        "", ",\"exhausted\":[{\"callback\":\"desk\"},{\"contact\":\"c5\"}]",
        ",\"exhausted\":[{\"agent\":\"p1\",\"by\":[\"push\"]}]",
        ",\"exhausted\":[{\"on_call\":\"backup\",\"by\":[\"push\",\"call\"]},{\"agent\":\"p3\"}]"};
    char json[4096], targets[512];
    if (draw(20) == 0) {
        world_procedure(world, NULL);
        return;
    }
    size_t used = (size_t)snprintf(json, sizeof json,
                                   "{\"rounds\":%d,\"round_spacing_s\":%d,\"progress_within_s\":%d,"
                                   "\"promise_warning_s\":%d,\"steps\":[",
                                   (int)draw(3) + 1, (int)draw(200) + 1, (int)draw(600) + 1,
                                   (int)draw(120) + 1);
    uint64_t steps = 1 + draw(3);
    for (uint64_t i = 0; i < steps; i++) {
        char received[96] = "";
        random_targets(targets, sizeof targets);
        if (draw(2) == 0) {
            (void)snprintf(received, sizeof received, ",\"received_within_s\":%d",
                           (int)draw(30) + 1);
        }
        if (draw(3) == 0) {
            size_t begun = strlen(received);
            (void)snprintf(received + begun, sizeof received - begun, ",\"acceptances\":%d",
                           (int)draw(4) + 1);
        }
        used +=
            (size_t)snprintf(json + used, sizeof json - used,
                             "%s{\"notify\":[%s],\"by\":[%s]%s,\"accepted_within_s\":%d}",
                             i > 0 ? "," : "", targets, by[draw(3)], received, (int)draw(90) + 1);
    }
    (void)snprintf(json + used, sizeof json - used, "],\"when_busy\":\"%s\"%s}",
                   draw(2) == 0 ? "backup" : "", exhausted[draw(4)]);
    world_procedure(world, json);
}

static void random_people(struct world *world)
{
    static const char *const roles[] = {"primary", "backup", ""};
    for (size_t i = 0; i < 6; i++) {
        char slug[16];
        (void)snprintf(slug, sizeof slug, "%c%zu", i < 5 ? 'p' : 'c', i);
        struct world_person *person = world_person(world, slug);
        person->ref.kind = i < 5 ? PERSON_AGENT : PERSON_CONTACT;
        (void)snprintf(person->role, sizeof person->role, "%s", i < 5 ? roles[draw(3)] : "");
        person->has_phone = draw(4) != 0;
        person->further_phones = draw(PHONES_OF_PERSON_MAX);
        person->doubtful = draw(4) == 0;
        person->paused = i < 5 && draw(8) == 0;
        person->busy = i < 5 && draw(6) == 0;
        person->devices_count = i < 5 ? draw(4) : 0;
        person->shift_until_ms =
            i < 5 && draw(3) == 0 ? world->clock_ms + 1 + (int64_t)draw(600000) : 0;
        (void)snprintf(person->relief, sizeof person->relief, "p%d", (int)draw(5));
        for (size_t d = 0; d < person->devices_count; d++) {
            enum platform platform = (enum platform)(PLATFORM_APNS + draw(3));
            person->devices[d] =
                (struct context_device){.id = (int64_t)(i * 10 + d + 1), .platform = platform};
        }
    }
}

static struct person_ref random_actor(const struct world *world)
{
    if (draw(3) == 0 && world->now.holder.kind != PERSON_NONE) {
        return world->now.holder;
    }
    if (draw(6) == 0) {
        struct person_ref operator_ref = {.kind = PERSON_OPERATOR, .name = "Lucie"};
        return operator_ref;
    }
    return world->persons[draw(world->persons_count)].ref;
}

static void about_attempt(const struct world *world, struct event *event)
{
    if (world->attempts_count > 0 && draw(30) != 0) {
        const struct attempt *attempt = &world->attempts[draw(world->attempts_count)];
        event->attempt = attempt->id;
        if (draw(10) != 0) {
            event->actor =
                (struct person_ref){.kind = attempt->person_kind, .id = attempt->person_id};
        }
    }
}

static void about_team(const struct world *world, struct event *event)
{
    event->whom = world->persons[draw(world->persons_count)].ref;
    event->role = (enum offer_role)draw(2);
    event->origin = (enum offer_origin)draw(2);
    event->stays = draw(2) == 0;
    event->on_call = draw(2) == 0;
    if (event->type == EVENT_JOIN && event->actor.kind != PERSON_AGENT) {
        event->actor = world->persons[0].ref;
    }
    if (world->now.offers_count > 0 && draw(3) == 0 &&
        (event->type == EVENT_ACCEPT || event->type == EVENT_DECLINE)) {
        const struct offer *offer = &world->now.offers[draw((uint64_t)world->now.offers_count)];
        event->actor = (struct person_ref){.kind = offer->kind, .id = offer->id};
    }
    if (world->now.members_count > 0 && draw(4) == 0 &&
        (event->type == EVENT_PROGRESS || event->type == EVENT_DONE ||
         event->type == EVENT_LEAVE)) {
        const struct member *member = &world->now.members[draw((uint64_t)world->now.members_count)];
        event->actor = (struct person_ref){.kind = member->kind, .id = member->id};
    }
}

static struct event random_event(struct world *world)
{
    static const enum attempt_state outcomes[] = {ATTEMPT_ACCEPTED, ATTEMPT_FAILED, ATTEMPT_FAILED,
                                                  ATTEMPT_EXPIRED, ATTEMPT_UNCERTAIN};
    enum event_type type = (enum event_type)(EVENT_JOINED + draw(EVENTS_COUNT - 1));
    if ((type == EVENT_QUARANTINE || type == EVENT_CANCEL) && draw(10) != 0) {
        type = EVENT_DEADLINE;
    }
    struct event event = world_event(world, type);
    event.actor = random_actor(world);
    event.via = (enum path)draw(5);
    event.severity = (enum severity)draw(4);
    event.promised_ms = draw(2) == 0 ? 0 : (int64_t)draw(900000);
    event.transport = outcomes[draw(5)];
    event.answer = (enum attempt_answer)draw(8);
    event.progress = (enum intervention)(draw(2) == 0 ? 0 : INTERVENTION_REMOTE + draw(3));
    event.eta_ms = draw(2) == 0 ? 0 : (int64_t)draw(3600000);
    event.caller = (int)draw(4);
    event.moved_ms = 1 + (int64_t)draw(86400000);
    event.plan = (enum event_plan)draw(3);
    event.reason = "reason";
    event.text = "text";
    about_attempt(world, &event);
    about_team(world, &event);
    if (type == EVENT_TAKE || event.actor.kind == PERSON_CALLBACK) {
        event.actor = (struct person_ref){.kind = PERSON_OPERATOR, .name = "Lucie"};
    }
    if (type == EVENT_ACCEPT) {
        event.progress = INTERVENTION_NONE;
        event.eta_ms = 0;
    }
    return event;
}

/* What must be true of every state, said again without the core's words. */
static void check_state(const struct world *world)
{
    const struct escalation *now = &world->now;
    bool closed = now->state == ESCALATION_DONE || now->state == ESCALATION_CANCELLED ||
                  now->state == ESCALATION_NOTED;
    assert_int_equal(closed, now->due_at.ms == INT64_MAX);
    assert_int_equal(closed, now->next_what[0] == '\0');
    assert_int_equal(closed, now->closed_at.ms != INT64_MAX);
    if (now->state == ESCALATION_NOTIFYING || now->state == ESCALATION_WAITING ||
        now->state == ESCALATION_EXHAUSTED || now->state == ESCALATION_ON_HOLD ||
        now->state == ESCALATION_NOTED) {
        assert_int_equal(now->holder.kind, PERSON_NONE);
    }
    if (closed || now->state == ESCALATION_CANCELLING) {
        assert_int_equal(now->offers_count, 0);
        assert_int_equal(now->search_until.ms, INT64_MAX);
    }
    for (int i = 0; i < now->members_count; i++) {
        assert_false(now->members[i].kind == now->holder.kind &&
                     now->members[i].id == now->holder.id);
    }
    if (now->state == ESCALATION_TAKEN) {
        assert_int_equal(now->holder.kind, PERSON_OPERATOR);
    }
    assert_true(now->round < world->procedure->rounds);
    assert_int_equal(world->update->dropped, 0);
}

static bool may_be_answered(const struct attempt *attempt)
{
    return attempt->state != ATTEMPT_FAILED && attempt->state != ATTEMPT_EXPIRED &&
           attempt->answer < ANSWER_DECLINED;
}

/* Nobody's telephones ring two at once for the same reason, and none of them twice. */
static void check_call(const struct world *world, const struct attempt *call)
{
    assert_true(call->phone_place > 0 && call->phone_place <= call->phones_count);
    for (size_t i = 0; i < world->attempts_count; i++) {
        const struct attempt *other = &world->attempts[i];
        if (other->path == PATH_CALL && !uuid_equal(other->id, call->id) &&
            other->purpose == call->purpose && other->position == call->position &&
            other->not_after.ms == call->not_after.ms && other->person_kind == call->person_kind &&
            other->person_id == call->person_id && other->number == call->number) {
            assert_false(may_be_answered(other));
            assert_string_not_equal(other->phone, call->phone);
        }
    }
}

/* Ids are new, pushes go to devices, calls to numbers, and nothing is planned without a way out. */
static void check_created(const struct world *world, bool late)
{
    const struct update *update = world->update;
    for (size_t i = 0; i < update->created_count; i++) {
        const struct attempt *attempt = &update->created[i];
        assert_int_equal(world_attempt_number(world, attempt->id),
                         world->attempts_count - update->created_count + i + 1);
        assert_int_equal(attempt->path == PATH_PUSH, attempt->device_id != 0);
        assert_int_equal(attempt->path == PATH_CALLBACK, attempt->callback[0] != '\0');
        assert_int_equal(attempt->path == PATH_CALLBACK, attempt->person_id == 0);
        assert_int_equal(attempt->path == PATH_CALL, attempt->phone[0] != '\0');
        if (attempt->path == PATH_CALL) {
            check_call(world, attempt);
        }
        /* An event that overtakes a late deadline may still plan for the step that is over. */
        assert_true(late || attempt->not_after.ms > WORLD_EPOCH_MS + world->clock_ms);
    }
}

/* A refusal changes nothing but the record. */
static void check_refusal(const struct escalation *before, const struct world *world)
{
    if (world->status == STATUS_OK && world->update->answer == STATUS_OK) {
        return;
    }
    assert_int_equal(before->state, world->now.state);
    assert_true(person_equal(&before->holder, &world->now.holder));
    if (world->status == STATUS_OK) {
        assert_int_equal(world->update->created_count, 0);
    }
}

/* An offer takes it from nobody: who held it holds it on, unless an answer of that person, of who
 * was asked, of the desk or of a silent clock says otherwise. */
static void check_holder(const struct escalation *before, const struct event *event,
                         const struct world *world)
{
    if (before->holder.kind == PERSON_NONE || person_equal(&before->holder, &world->now.holder)) {
        return;
    }
    bool own = person_equal(&before->holder, &event->actor) &&
               (event->type == EVENT_HAND_BACK || event->type == EVENT_DONE);
    bool asked = event->type == EVENT_ACCEPT && person_equal(&world->now.holder, &event->actor);
    bool silent = event->type == EVENT_DEADLINE && before->state == ESCALATION_OVERDUE;
    assert_true(own || asked || silent || event->type == EVENT_RESUME);
    if (event->type == EVENT_ACCEPT || event->type == EVENT_DONE) {
        assert_int_not_equal(world->now.holder.kind, PERSON_NONE);
    }
}

/* Who is asked in one asking is asked the same; one of them by name, at most; and one acceptance
 * ends it for all. */
static void check_askings(const struct escalation *before, const struct event *event,
                          const struct world *world)
{
    const struct escalation *now = &world->now;
    for (int i = 0; i < now->offers_count; i++) {
        for (int k = 0; k < i; k++) {
            const struct offer *one = &now->offers[i], *other = &now->offers[k];
            if (one->until.ms == other->until.ms) {
                assert_int_equal(one->origin, OFFER_BY_BACKUP);
                assert_int_equal(one->role, other->role);
                assert_int_equal(one->stays, other->stays);
            }
        }
    }
    for (int i = 0; i < before->offers_count && event->type == EVENT_ACCEPT; i++) {
        const struct offer *asked = &before->offers[i];
        bool own = asked->kind == event->actor.kind && asked->id == event->actor.id;
        for (int k = 0; own && world->update->answer == STATUS_OK && k < now->offers_count; k++) {
            assert_int_not_equal(now->offers[k].until.ms, asked->until.ms);
        }
    }
}

/* A deadline at its time always moves the due time on: nothing can spin, nothing stands still. */
static void check_deadline(const struct event *event, const struct world *world)
{
    if (event->type == EVENT_DEADLINE && !world->now.quarantined) {
        assert_true(world->now.due_at.ms > event->now.ms);
    }
}

static void check_same_state(const struct escalation *a, const struct escalation *b)
{
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->severity, b->severity);
    assert_int_equal(a->round, b->round);
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->position, b->position);
    assert_int_equal(a->due_at.ms, b->due_at.ms);
    assert_int_equal(a->wait_until.ms, b->wait_until.ms);
    assert_int_equal(a->announcements, b->announcements);
    assert_int_equal(a->callers_count, b->callers_count);
    assert_int_equal(a->version, b->version);
    assert_true(person_equal(&a->holder, &b->holder));
    assert_string_equal(a->next_what, b->next_what);
}

/* The same arguments give the same update. */
static void check_purity(const struct escalation *before, const struct event *event,
                         const struct context *context)
{
    static struct update first, second;
    enum status status = escalation_step(before, event, context, &first);
    assert_int_equal(status, escalation_step(before, event, context, &second));
    if (status != STATUS_OK) {
        return;
    }
    assert_int_equal(first.answer, second.answer);
    check_same_state(&first.after, &second.after);
    assert_int_equal(first.created_count, second.created_count);
    for (size_t i = 0; i < first.created_count; i++) {
        assert_true(uuid_equal(first.created[i].id, second.created[i].id));
        assert_int_equal(first.created[i].purpose, second.created[i].purpose);
        assert_int_equal(first.created[i].person_id, second.created[i].person_id);
        assert_int_equal(first.created[i].device_id, second.created[i].device_id);
    }
    assert_int_equal(first.entries_count, second.entries_count);
    for (size_t i = 0; i < first.entries_count; i++) {
        assert_int_equal(first.entries[i].kind, second.entries[i].kind);
    }
}

/* Now and then it never opens, or is open already. */
static void random_opening(struct world *world)
{
    world->opens_ms = draw(8) == 0 ? INT64_MAX : world->clock_ms + (int64_t)draw(7200000);
}

static void live(struct world *world, uint64_t life)
{
    world->attempts_count = 0;
    world->clock_ms = 0;
    world->outbox_held = draw(4) == 0;
    random_people(world);
    random_procedure(world);
    random_opening(world);
    world->plan = draw(2) == 0 ? PLAN_NOW : (enum event_plan)draw(3);
    world_open(world, (enum severity)draw(4), draw(2) == 0 ? 0 : (int64_t)draw(600000),
               draw(10) == 0);
    check_state(world);
    for (int i = 0; i < EVENTS_A_LIFE && !world->now.quarantined; i++) {
        bool on_time = draw(2) == 0 && world->now.due_at.ms != INT64_MAX;
        int64_t now_ms = world->now.due_at.ms - WORLD_EPOCH_MS;
        world->clock_ms =
            on_time && now_ms > world->clock_ms ? now_ms : world->clock_ms + (int64_t)draw(30000);
        if (draw(25) == 0) {
            random_people(world);
            random_opening(world);
        }
        struct event event = random_event(world);
        if (on_time && draw(3) != 0) {
            event = world_event(world, EVENT_DEADLINE);
        }
        const struct escalation before = world->now;
        if (life % 16 == 0) {
            check_purity(&before, &event, world_context(world));
        }
        world_step(world, &event);
        check_refusal(&before, world);
        if (world->status == STATUS_OK) {
            assert_null(escalation_fault(&world->now, world_context(world)));
            check_state(world);
            check_created(world, before.due_at.ms <= event.now.ms);
            check_deadline(&event, world);
            check_holder(&before, &event, world);
            check_askings(&before, &event, world);
        }
    }
}

static uint64_t living_seed;
static char living_seed_text[64]; /* written before each life: a signal handler may only write */

static void live_with(uint64_t seed)
{
    living_seed = seed;
    (void)snprintf(living_seed_text, sizeof living_seed_text, "PROPERTY_SEED=%llu\n",
                   (unsigned long long)seed);
}

/* An assertion of the core ends the process: the seed must be told all the same. */
static void tell_seed(int signal_number)
{
    if (write(STDERR_FILENO, living_seed_text, sizeof living_seed_text) < 0) {
        _exit(2);
    }
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

static int tell_seed_of_failure(void **state)
{
    (void)state;
    if (living_seed != 0) {
        print_error("PROPERTY_SEED=%llu\n", (unsigned long long)living_seed);
    }
    return 0;
}

static void step__never_breaks_a_rule(void **state)
{
    (void)state;
    const char *only = getenv("PROPERTY_SEED");
    uint64_t first = only != NULL ? strtoull(only, NULL, 10) : 1;
    uint64_t last = only != NULL ? first : LIVES;
    (void)signal(SIGABRT, tell_seed);
    struct world *world = world_create();
    for (uint64_t seed = first; seed <= last; seed++) {
        live_with(seed);
        draw_state = seed;
        live(world, seed);
    }
    world_destroy(&world);
    living_seed = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(step__never_breaks_a_rule, tell_seed_of_failure)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
