/* interventions.c - the timeline knows who held an escalation from when to when. */
#include "admin-api/interventions.h"

#include <jansson.h>
#include <string.h>

#include "admin-api/escalations.h"
#include "gateway/base/burden.h"

#define PAGE_ROWS         200
#define TIMELINE_ROWS_MAX 1000
#define WEEK_MS           INT64_C(604800000)

/* The agent whom an entry is about; 0: nobody, or somebody else. */
static int64_t agent_of(const struct timeline_row *row)
{
    json_t *facts = json_loads(row->facts != NULL ? row->facts : "{}", 0, NULL);
    const char *kind = json_string_value(json_object_get(facts, "person_kind"));
    int64_t id = kind != NULL && strcmp(kind, person_kind_word(PERSON_AGENT)) == 0
                     ? json_integer_value(json_object_get(facts, "person"))
                     : 0;
    json_decref(facts);
    return id;
}

static void add(struct interventions *list, int64_t agent_id, struct wall_time from,
                struct wall_time to)
{
    if (agent_id == 0) {
        return;
    }
    if (list->count == COVERAGE_INTERVENTIONS_MAX) {
        list->cut = true;
        return;
    }
    list->items[list->count++] = (struct coverage_intervention){agent_id, from, to};
}

/* Whoever was woken has worked, also when it was over at once, or the clock was set back. */
static void add_ended(struct interventions *list, int64_t agent_id, struct wall_time from,
                      struct wall_time to)
{
    to.ms = to.ms > from.ms ? to.ms : from.ms + 1;
    add(list, agent_id, from, to);
}

/* Who is at work at the same time. */
struct worker {
    int64_t agent_id; /* 0: a free place */
    struct wall_time since;
};

struct workers {
    struct worker each[MEMBERS_MAX + 1];
    int64_t holder; /* 0: nobody, or no agent */
};

static void begin_work(struct workers *workers, int64_t agent_id, struct wall_time since)
{
    struct worker *free_place = NULL;
    for (size_t i = 0; i < sizeof workers->each / sizeof workers->each[0]; i++) {
        if (workers->each[i].agent_id == agent_id) {
            return; /* at it already, or nobody */
        }
        free_place = workers->each[i].agent_id == 0 ? &workers->each[i] : free_place;
    }
    if (free_place != NULL && agent_id != 0) {
        *free_place = (struct worker){agent_id, since};
    }
}

/* agent_id 0: of all. */
static void end_work(struct workers *workers, int64_t agent_id, struct wall_time at,
                     struct interventions *list)
{
    for (size_t i = 0; i < sizeof workers->each / sizeof workers->each[0]; i++) {
        struct worker *worker = &workers->each[i];
        if (worker->agent_id != 0 && (agent_id == 0 || worker->agent_id == agent_id)) {
            add_ended(list, worker->agent_id, worker->since, at);
            worker->agent_id = 0;
        }
    }
}

/* Whoever let go is the holder, whoever said so. */
static void let_go(struct workers *workers, struct wall_time at, struct interventions *list)
{
    if (workers->holder != 0) {
        end_work(workers, workers->holder, at, list);
    }
    workers->holder = 0;
}

void interventions_take(const struct timeline_row *rows, size_t count, struct wall_time end,
                        struct interventions *list)
{
    struct workers workers = {.holder = 0};
    for (size_t i = 0; i < count; i++) {
        int64_t agent_id = 0;
        switch ((int)rows[i].kind) {
        case ENTRY_ACCEPTED:
            workers.holder = agent_of(&rows[i]);
            begin_work(&workers, workers.holder, rows[i].at);
            break;
        case ENTRY_HANDED_OVER: /* whoever stays is said to, right behind it */
            agent_id = agent_of(&rows[i]);
            let_go(&workers, rows[i].at, list);
            workers.holder = agent_id;
            begin_work(&workers, agent_id, rows[i].at);
            break;
        case ENTRY_MEMBER_JOINED:
            begin_work(&workers, agent_of(&rows[i]), rows[i].at);
            break;
        case ENTRY_MEMBER_LEFT:
            agent_id = agent_of(&rows[i]);
            if (agent_id != 0) {
                end_work(&workers, agent_id, rows[i].at, list);
            }
            break;
        case ENTRY_HANDED_BACK:
        case ENTRY_RESUMED:
            let_go(&workers, rows[i].at, list);
            break;
        case ENTRY_DONE:
        case ENTRY_CANCEL_CONFIRMED: /* until then they may be on the road */
            end_work(&workers, 0, rows[i].at, list);
            workers.holder = 0;
            break;
        default:
            break;
        }
    }
    for (size_t i = 0; i < sizeof workers.each / sizeof workers.each[0]; i++) {
        const struct worker *worker = &workers.each[i];
        if (worker->agent_id != 0 && worker->since.ms < end.ms) {
            add(list, worker->agent_id, worker->since, end); /* what still goes on */
        }
    }
}

static enum status take_escalation(struct engine *engine, struct store *store,
                                   const struct escalation *escalation, struct wall_time now,
                                   struct arena *scratch, struct interventions *list,
                                   struct error *error)
{
    struct timeline_row *rows;
    size_t count = 0;
    if (escalation->check_in_agent != 0 ||
        !escalations_begin_reading_by(engine, escalation->customer_id, escalation->id)) {
        return STATUS_OK; /* who takes up a shift is not at work for it */
    }
    arena_reset(scratch);
    enum status status = store_list_timeline(store, escalation->customer_id, escalation->id, 0,
                                             TIMELINE_ROWS_MAX, scratch, &rows, &count, error);
    if (status == STATUS_OK) {
        struct wall_time end =
            escalation->closed_at.ms != TIME_NEVER_MS ? escalation->closed_at : now;
        interventions_take(rows, count, end, list);
        list->cut = list->cut || count == TIMELINE_ROWS_MAX;
    }
    burden_drop();
    return status;
}

/* The way through a customer's escalations, newest first. */
struct walk {
    struct engine *engine;
    struct store *store;
    struct wall_time now;
    struct uuid oldest; /* the least id that is looked at */
    struct uuid before; /* where the next page begins */
    size_t looked;
    bool done;
    struct arena *page;
    struct arena *scratch; /* of one timeline */
    struct interventions list;
};

static enum status take_page(struct walk *walk, int64_t customer_id, struct error *error)
{
    struct escalation *rows;
    size_t count = 0;
    arena_reset(walk->page);
    enum status status =
        store_list_escalations(walk->store, customer_id, walk->before, ESCALATION_STATES_ALL,
                               PAGE_ROWS, walk->page, &rows, &count, error);
    walk->done = count < PAGE_ROWS;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (memcmp(rows[i].id.bytes, walk->oldest.bytes, sizeof walk->oldest.bytes) < 0) {
            walk->done = true;
            break;
        }
        status = take_escalation(walk->engine, walk->store, &rows[i], walk->now, walk->scratch,
                                 &walk->list, error);
        walk->before = rows[i].id;
        walk->looked++;
    }
    return status;
}

enum status interventions_list(struct engine *engine, struct store *store,
                               const struct directory_customer *customer, struct wall_time from,
                               struct wall_time now, struct arena *arena,
                               struct interventions *interventions_r, struct error *error)
{
    struct walk walk = {
        .engine = engine,
        .store = store,
        .now = now,
        .oldest = uuid_v7_least((struct wall_time){from.ms - WEEK_MS}),
        .page = arena_create(0),
        .scratch = arena_create(0),
        .list = {.items = arena_alloc(arena, COVERAGE_INTERVENTIONS_MAX *
                                                 sizeof(struct coverage_intervention))},
    };
    bool ready = walk.page != NULL && walk.scratch != NULL && walk.list.items != NULL;
    enum status status =
        ready ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "no memory for the history");
    while (status == STATUS_OK && !walk.done) {
        if (walk.looked >= INTERVENTIONS_ESCALATIONS_MAX) {
            walk.list.cut = true;
            break;
        }
        status = take_page(&walk, customer->id, error);
    }
    arena_destroy(&walk.page);
    arena_destroy(&walk.scratch);
    if (status == STATUS_OK) {
        *interventions_r = walk.list;
    }
    return status;
}
