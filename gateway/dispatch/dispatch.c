/* dispatch.c - from effects to jobs, from results to outcomes. */
#include "gateway/dispatch/dispatch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/dispatch/dispatch_private.h"

#define CALLS_ENDPOINT  "telephony"
#define ALARMS_ENDPOINT "call-centre"
#define ALARM_LIFE_MS   INT64_C(60000)

struct dispatch {
    struct push_sender *push;
    struct telephony *telephony;
    struct clock_source clock;
    struct random_source random;
    struct engine *engine;
    char *public_url;
};

/* What an outcome needs to find its way back. */
struct errand {
    struct dispatch *dispatch;
    int64_t customer_id;
    struct uuid escalation;
    struct uuid attempt;
    enum path path;
};

static struct errand *errand_create(struct dispatch *dispatch, const struct effect *effect)
{
    struct errand *errand = calloc(1, sizeof *errand);
    if (errand != NULL) {
        *errand = (struct errand){dispatch, effect->customer_id, effect->escalation,
                                  effect->attempt, effect->path};
    }
    return errand;
}

static struct transport_request outcome_of(const struct errand *errand)
{
    return (struct transport_request){
        .attempt = errand->attempt,
        .at = clock_wall(&errand->dispatch->clock),
        .gone_since = WALL_NEVER,
    };
}

static void report(struct errand *errand, const struct transport_request *outcome)
{
    engine_outcome(errand->dispatch->engine, errand->customer_id, errand->escalation, errand->path,
                   outcome);
    free(errand);
}

static enum attempt_state state_of_push(enum push_outcome outcome)
{
    switch (outcome) {
    case PUSH_ACCEPTED:
        return ATTEMPT_ACCEPTED;
    case PUSH_REFUSED:
    case PUSH_RETRY_EXHAUSTED:
        return ATTEMPT_FAILED;
    case PUSH_EXPIRED:
        return ATTEMPT_EXPIRED;
    case PUSH_UNCERTAIN:
        break;
    }
    return ATTEMPT_UNCERTAIN;
}

static void push_completed(void *context, const struct push_result *result)
{
    struct errand *errand = context;
    struct transport_request outcome = outcome_of(errand);
    outcome.transport = state_of_push(result->outcome);
    outcome.tries = (int)result->tries;
    outcome.device_gone = result->verdict == PUSH_TARGET_GONE;
    outcome.gone_since = result->gone_since;
    (void)text_copy(outcome.reason, sizeof outcome.reason, result->reason);
    (void)text_copy(outcome.provider_id, sizeof outcome.provider_id, result->provider_id);
    if (result->verdict == PUSH_CONFIGURATION_WRONG) {
        engine_alarm(errand->dispatch->engine, "push.configuration_wrong", result->reason);
    }
    report(errand, &outcome);
}

static void telephony_completed(void *context, const struct telephony_result *result)
{
    struct errand *errand = context;
    struct transport_request outcome = outcome_of(errand);
    switch (result->outcome) {
    case TELEPHONY_DELIVERED:
        outcome.transport = ATTEMPT_ACCEPTED;
        break;
    case TELEPHONY_REFUSED:
    case TELEPHONY_RETRY_EXHAUSTED:
        outcome.transport = ATTEMPT_FAILED;
        break;
    case TELEPHONY_EXPIRED:
        outcome.transport = ATTEMPT_EXPIRED;
        break;
    case TELEPHONY_UNCERTAIN:
        outcome.transport = ATTEMPT_UNCERTAIN;
        break;
    }
    outcome.tries = (int)result->tries;
    (void)text_copy(outcome.reason, sizeof outcome.reason, result->reason);
    if (outcome.transport != ATTEMPT_ACCEPTED) {
        engine_alarm(errand->dispatch->engine, "telephony.not_delivered", result->reason);
    }
    report(errand, &outcome);
}

static enum push_urgency urgency_of(const struct effect *effect)
{
    if (effect->purpose == PURPOSE_WITHDRAW) {
        return PUSH_SILENT;
    }
    switch (effect->severity) {
    case SEVERITY_CRITICAL:
        return PUSH_CRITICAL;
    case SEVERITY_MAJOR:
        return PUSH_TIME_SENSITIVE;
    case SEVERITY_MINOR:
    case SEVERITY_INFO:
        break;
    }
    return PUSH_NORMAL;
}

static enum status send_push(struct dispatch *dispatch, const struct effect *effect,
                             struct errand *errand)
{
    char data[DATA_BYTES_MAX], collapse[UUID_TEXT_BYTES];
    struct error error;
    if (dispatch->push == NULL || effect->device->platform == PLATFORM_WEBPUSH) {
        return STATUS_UNSUPPORTED;
    }
    if (render_push_data(effect, data, sizeof data) == 0) {
        return STATUS_TOO_LARGE;
    }
    uuid_format(effect->escalation, collapse);
    struct notification_words words = render_notification(effect);
    struct push_job job = {
        .provider = effect->device->platform == PLATFORM_APNS ? PUSH_APNS : PUSH_FCM,
        .environment = effect->device->environment == 0 ? PUSH_PRODUCTION : PUSH_SANDBOX,
        .target = effect->device->target,
        .id = effect->attempt,
        .deadline = effect->deadline,
        .notification = {.collapse_id = collapse,
                         .urgency = urgency_of(effect),
                         .expires_at = effect->expires_at,
                         .title = words.title,
                         .body = words.body,
                         .category = effect->token_accept != NULL ? "ESCALATION" : NULL,
                         .channel = "astreinte-urgent",
                         .data_json = data},
        .complete = push_completed,
        .context = errand,
    };
    return push_submit(dispatch->push, &job, &error);
}

static enum status send_callback(struct dispatch *dispatch, const struct effect *effect,
                                 struct errand *errand)
{
    char body[BODY_BYTES_MAX];
    struct error error;
    if (dispatch->telephony == NULL) {
        return STATUS_UNSUPPORTED;
    }
    if (render_callback(effect, dispatch->public_url, body, sizeof body) == 0) {
        return STATUS_TOO_LARGE;
    }
    struct telephony_job job = {
        .endpoint = effect->path == PATH_CALL ? CALLS_ENDPOINT : effect->callback,
        .id = effect->attempt,
        .body_json = body,
        .deadline = effect->deadline,
        .complete = telephony_completed,
        .context = errand,
    };
    return telephony_submit(dispatch->telephony, &job, &error);
}

static enum status dispatch_send(void *context, const struct effect *effect)
{
    struct dispatch *dispatch = context;
    struct errand *errand = errand_create(dispatch, effect);
    if (errand == NULL) {
        return STATUS_FULL; /* stays in the outbox until there is memory */
    }
    enum status status = effect->path == PATH_PUSH ? send_push(dispatch, effect, errand)
                                                   : send_callback(dispatch, effect, errand);
    if (status != STATUS_OK) {
        free(errand);
        if (status == STATUS_NOT_FOUND || status == STATUS_UNSUPPORTED) {
            engine_alarm(dispatch->engine, "dispatch.not_configured",
                         "an attempt names an endpoint or provider that is not configured");
        }
    }
    return status;
}

static void alarm_completed(void *context, const struct telephony_result *result)
{
    (void)context;
    if (result->outcome != TELEPHONY_DELIVERED) {
        log_error("dispatch.alarm_not_delivered", LOG_TEXT("reason", result->reason));
    }
}

static void dispatch_alarm(void *context, const char *kind, const char *detail)
{
    struct dispatch *dispatch = context;
    char body[BODY_BYTES_MAX];
    struct error error;
    struct uuid id = uuid_v7(clock_wall(&dispatch->clock), &dispatch->random);
    if (dispatch->telephony == NULL || render_alarm(id, kind, detail, body, sizeof body) == 0) {
        return;
    }
    struct telephony_job job = {
        .endpoint = ALARMS_ENDPOINT,
        .id = id,
        .body_json = body,
        .deadline = {clock_monotonic(&dispatch->clock).ms + ALARM_LIFE_MS},
        .complete = alarm_completed,
    };
    enum status status = telephony_submit(dispatch->telephony, &job, &error);
    if (status != STATUS_OK) {
        log_error("dispatch.alarm_not_sent", LOG_STATUS(status));
    }
}

enum status dispatch_create(struct push_sender *push, struct telephony *telephony,
                            const struct clock_source *clock, const struct random_source *random,
                            struct dispatch **dispatch_r, struct error *error)
{
    struct dispatch *dispatch = calloc(1, sizeof *dispatch);
    if (dispatch == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for dispatch");
    }
    dispatch->push = push;
    dispatch->telephony = telephony;
    dispatch->clock = *clock;
    dispatch->random = *random;
    *dispatch_r = dispatch;
    return STATUS_OK;
}

void dispatch_destroy(struct dispatch **dispatch)
{
    if (*dispatch != NULL) {
        free((*dispatch)->public_url);
        free(*dispatch);
        *dispatch = NULL;
    }
}

struct engine_dispatcher dispatch_interface(struct dispatch *dispatch)
{
    return (struct engine_dispatcher){
        .send = dispatch_send, .alarm = dispatch_alarm, .context = dispatch};
}

enum status dispatch_bind(struct dispatch *dispatch, struct engine *engine, const char *public_url,
                          struct error *error)
{
    assert(dispatch->engine == NULL);
    dispatch->public_url = strdup(public_url);
    if (dispatch->public_url == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the public URL");
    }
    dispatch->engine = engine;
    return STATUS_OK;
}
