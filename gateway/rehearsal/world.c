/* world.c - what people, phones, providers and the telephony layer are assumed to do. */
#include <assert.h>

#include "gateway/rehearsal/rehearsal_private.h"

#define RECEIVED_AFTER_MS INT64_C(1000)

/* Nobody answers: so the longest way is shown. */
static const struct assumption by_default = {.conduct = CONDUCT_SILENT,
                                             .received_after_ms = RECEIVED_AFTER_MS};

static bool fits(const struct assumption *assumption, const struct attempt *attempt)
{
    unsigned via = attempt->path == PATH_PUSH ? VIA_PUSH : VIA_CALL;
    if ((assumption->via & via) == 0) {
        return false;
    }
    if (assumption->kind == PERSON_NONE) {
        return true;
    }
    return assumption->kind == attempt->person_kind &&
           assumption->person_id == attempt->person_id &&
           (assumption->device_id == 0 || assumption->device_id == attempt->device_id) &&
           (assumption->place == 0 || assumption->place == attempt->phone_place);
}

static const struct assumption *find_assumption(const struct rehearsal_request *request,
                                                const struct attempt *attempt, bool *used)
{
    for (size_t i = request->assumptions_count; i > 0; i--) {
        if (fits(&request->assumptions[i - 1], attempt)) {
            used[i - 1] = true;
            return &request->assumptions[i - 1];
        }
    }
    return &by_default;
}

static enum service service_of(const struct attempt *attempt)
{
    if (attempt->path == PATH_CALL) {
        return SERVICE_TELEPHONY;
    }
    return attempt->platform == PLATFORM_APNS  ? SERVICE_APNS
           : attempt->platform == PLATFORM_FCM ? SERVICE_FCM
                                               : SERVICE_WEBPUSH;
}

/* An attempt, and what comes of it. */
struct outcome {
    struct happening happening; /* the next to be added; its attempt stays */
    const struct attempt *attempt;
    struct agenda *agenda;
};

static void add(struct outcome *outcome, enum event_type type, struct engine_time at)
{
    outcome->happening.type = type;
    outcome->happening.at = at;
    agenda_add(outcome->agenda, &outcome->happening);
}

static void add_transport(struct outcome *outcome, enum attempt_state transport,
                          struct engine_time at, const char *reason)
{
    outcome->happening.transport = transport;
    outcome->happening.reason = reason;
    add(outcome, EVENT_TRANSPORT, at);
    outcome->happening.reason = NULL;
}

static void add_call(struct outcome *outcome, enum attempt_answer answer, struct engine_time at)
{
    outcome->happening.answer = answer;
    add(outcome, EVENT_CALL, at);
}

/* Whether its service took it; what became of it is added. */
static bool goes_out(struct outcome *outcome, enum service_conduct service)
{
    const struct attempt *attempt = outcome->attempt;
    struct engine_time now = attempt->planned_engine;
    switch (service) {
    case SERVICE_UP:
        break;
    case SERVICE_REFUSES:
        add_transport(outcome, ATTEMPT_FAILED, now, "refused");
        return false;
    case SERVICE_DOWN:
        if (attempt->path == PATH_PUSH) {
            outcome->happening.reason = "down";
            add(outcome, EVENT_DELAYED, now);
            add_transport(outcome, ATTEMPT_EXPIRED, attempt->not_after, NULL);
        } else {
            add_transport(outcome, ATTEMPT_FAILED, attempt->not_after, "unreachable");
        }
        return false;
    }
    add_transport(outcome, ATTEMPT_ACCEPTED, now, NULL);
    return true;
}

static void answer_push(struct outcome *outcome, const struct assumption *assumption)
{
    const struct attempt *attempt = outcome->attempt;
    struct engine_time received =
        engine_time_add(attempt->planned_engine, assumption->received_after_ms);
    struct engine_time answered = engine_time_add(attempt->planned_engine, assumption->after_ms);
    if (assumption->conduct == CONDUCT_DEAD) {
        return;
    }
    /* Later than that the provider throws it away: nobody can answer what did not come. */
    if (engine_time_reached(attempt->not_after, received)) {
        return;
    }
    add(outcome, EVENT_RECEIVED, received);
    if (answered.ms < received.ms) {
        answered = received;
    }
    if (assumption->conduct == CONDUCT_ACCEPTS) {
        add(outcome, EVENT_ACCEPT, answered);
    } else if (assumption->conduct == CONDUCT_DECLINES) {
        add(outcome, EVENT_DECLINE, answered);
    }
}

static void answer_call(struct outcome *outcome, const struct assumption *assumption)
{
    const struct attempt *attempt = outcome->attempt;
    struct engine_time at = engine_time_add(attempt->planned_engine, assumption->after_ms);
    if (engine_time_reached(attempt->not_after, at)) {
        return; /* it rings no longer than its step lasts */
    }
    switch (assumption->conduct) {
    case CONDUCT_DEAD:
        add_call(outcome, ANSWER_FAILED, at);
        break;
    case CONDUCT_BUSY:
        add_call(outcome, ANSWER_BUSY, at);
        break;
    case CONDUCT_SILENT:
        if (assumption->has_after) {
            add_call(outcome, ANSWER_NO_ANSWER, at);
        }
        break;
    case CONDUCT_ACCEPTS:
        add(outcome, EVENT_ACCEPT, at);
        break;
    case CONDUCT_DECLINES:
        add(outcome, EVENT_DECLINE, at);
        break;
    }
}

void world_answers(const struct rehearsal_request *request, const struct attempt *attempt,
                   size_t place, struct agenda *agenda, bool *used)
{
    struct outcome outcome = {
        .happening = {.attempt = place}, .attempt = attempt, .agenda = agenda};
    if (attempt->path == PATH_CALLBACK) {
        add_transport(&outcome, ATTEMPT_ACCEPTED, attempt->planned_engine, NULL);
        return;
    }
    assert(attempt->path == PATH_PUSH || attempt->path == PATH_CALL);
    bool out = goes_out(&outcome, request->services[service_of(attempt)]);
    if (attempt->purpose != PURPOSE_ALERT) {
        return; /* it asks for nothing */
    }
    const struct assumption *assumption = find_assumption(request, attempt, used);
    if (out && attempt->path == PATH_PUSH) {
        answer_push(&outcome, assumption);
    } else if (out) {
        answer_call(&outcome, assumption);
    }
}
