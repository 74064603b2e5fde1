/* standing.c - how agents stand who may be asked now: whether their phones were heard of lately,
 * whether they hold something else. The directory does not say, as both change all the time; so it
 * is read from the rows, and only for an event that may ask somebody.
 */
#include "gateway/engine/engine_private.h"

#include "gateway/engine/reachability.h"
#include "gateway/store/store_standing.h"

static enum status is_doubtful(void *context, int64_t customer_id, int64_t agent_id,
                               struct wall_time at, bool *doubtful_r, struct error *error)
{
    struct engine *engine = context;
    struct device_heard_row phones[DEVICES_OF_PERSON_MAX];
    size_t count = 0;
    enum status status = store_list_heard(engine->store, customer_id, agent_id,
                                          DEVICES_OF_PERSON_MAX, phones, &count, error);
    if (status == STATUS_OK) {
        *doubtful_r = reach_is_unheard(phones, count, at);
    }
    return status;
}

static enum status is_busy(void *context, int64_t customer_id, int64_t agent_id,
                           struct uuid escalation, bool *busy_r, struct error *error)
{
    struct engine *engine = context;
    return store_is_busy(engine->store, customer_id, agent_id, escalation, busy_r, error);
}

static enum status nobody_is_doubtful(void *context, int64_t customer_id, int64_t agent_id,
                                      struct wall_time at, bool *doubtful_r, struct error *error)
{
    (void)context, (void)customer_id, (void)agent_id, (void)at, (void)error;
    *doubtful_r = false;
    return STATUS_OK;
}

static enum status nobody_is_busy(void *context, int64_t customer_id, int64_t agent_id,
                                  struct uuid escalation, bool *busy_r, struct error *error)
{
    (void)context, (void)customer_id, (void)agent_id, (void)escalation, (void)error;
    *busy_r = false;
    return STATUS_OK;
}

static bool wants_several(const struct procedure *procedure)
{
    bool several = false;
    for (size_t i = 0; i < procedure->steps_count && !several; i++) {
        several = procedure->steps[i].acceptances > 1;
    }
    return several;
}

/* Whether the event may begin a step or add to one. Those that never do are the most frequent, and
 * what answers an acceptance must not read more than it has to: it goes on asking only where a step
 * wants several. */
static bool may_ask(const struct event *event, const struct procedure *procedure)
{
    switch (event->type) { /* unreachable: every type has its case */
    case EVENT_TRANSPORT:
        return event->transport != ATTEMPT_ACCEPTED;
    case EVENT_CALL:
        return event->answer != ANSWER_RINGING && event->answer != ANSWER_ANSWERED;
    case EVENT_OPENED:
        return event->plan != PLAN_TICKET;
    case EVENT_JOINED:
    case EVENT_DELAYED:
    case EVENT_DECLINE:
    case EVENT_HAND_BACK:
    case EVENT_DEADLINE:
    case EVENT_SEVERITY:
    case EVENT_RESUME:
    case EVENT_CONTEXT_CHANGED:
    case EVENT_SPLIT:
    case EVENT_CALLED_BACK:
    case EVENT_CLOCK_STEPPED:
    case EVENT_CLOCK_SUSPENDED:
    case EVENT_LEAVE:
        return true;
    case EVENT_ACCEPT:
    case EVENT_JOIN:
        return wants_several(procedure);
    case EVENT_RECEIVED:
    case EVENT_SEEN:
    case EVENT_OFFER:
    case EVENT_PROGRESS:
    case EVENT_DONE:
    case EVENT_NOTE:
    case EVENT_CANCEL:
    case EVENT_TAKE:
    case EVENT_QUARANTINE:
    case EVENTS_COUNT:
        break;
    }
    return false;
}

struct people_standing standing_for(struct engine *engine, const struct procedure *procedure,
                                    const struct event *event)
{
    bool asks = may_ask(event, procedure);
    return (struct people_standing){.now = event->now,
                                    .is_doubtful = asks ? is_doubtful : nobody_is_doubtful,
                                    .is_busy = asks ? is_busy : nobody_is_busy,
                                    .context = engine};
}
