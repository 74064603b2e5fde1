/* dispatch.c - from effects to jobs, from results to outcomes. */
#include "gateway/dispatch/dispatch.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/dispatch/dispatch_private.h"

#define CALLS_ENDPOINT  "telephony"
#define ALARMS_ENDPOINT "call-centre"
#define ALARM_LIFE_MS   INT64_C(60000)

#define ABOUT_BYTES_MAX  96
#define NOTICE_BYTES_MAX 320
#define NOTICES_KEPT_MAX 16

/* A notice as an alarm. */
struct kept_notice {
    const char *kind;
    char about[ABOUT_BYTES_MAX];
    char detail[NOTICE_BYTES_MAX];
};

struct dispatch {
    struct push_sender *push;
    struct telephony *telephony;
    struct clock_source clock;
    struct random_source random;
    struct engine *engine;
    char *public_url;
    /* The sender may have something to say before there is an engine to tell. */
    pthread_mutex_t notices_lock;
    bool bound;
    struct kept_notice kept[NOTICES_KEPT_MAX];
    size_t kept_count;
};

/* What an outcome needs to find its way back. */
struct errand {
    struct dispatch *dispatch;
    int64_t customer_id;
    struct uuid escalation;
    struct uuid attempt;
    enum path path;
    char endpoint[SLUG_BYTES_MAX]; /* calls and callbacks only */
    bool delayed;                  /* the push thread's alone */
};

static struct errand *errand_create(struct dispatch *dispatch, const struct effect *effect)
{
    struct errand *errand = calloc(1, sizeof *errand);
    if (errand != NULL) {
        *errand = (struct errand){.dispatch = dispatch,
                                  .customer_id = effect->customer_id,
                                  .escalation = effect->escalation,
                                  .attempt = effect->attempt,
                                  .path = effect->path};
    }
    return errand;
}

static struct transport_request outcome_of(const struct errand *errand)
{
    return (struct transport_request){
        .attempt = errand->attempt,
        .at = clock_wall(&errand->dispatch->clock),
        .gone_since = WALL_NEVER,
        .was_delayed = errand->delayed,
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

/* The provider is down: the procedure goes to the next path at once, the job goes on. */
static void push_delayed(void *context, const char *reason)
{
    struct errand *errand = context;
    struct transport_request delay = outcome_of(errand);
    (void)text_copy(delay.reason, sizeof delay.reason, reason);
    errand->delayed = true;
    engine_delayed(errand->dispatch->engine, errand->customer_id, errand->escalation, &delay);
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
    report(errand, &outcome);
}

/* An endpoint that cannot be reached is watched elsewhere; that it does not take what it is given
 * is known here alone. */
static void tell_refusal(const struct errand *errand, const char *reason)
{
    char detail[NOTICE_BYTES_MAX];
    (void)snprintf(detail, sizeof detail,
                   "endpoint %s answers %s and takes nothing: look at its url, at its secret_file "
                   "and at what its own log says",
                   errand->endpoint, reason);
    engine_alarm_about(errand->dispatch->engine, "telephony.refused", errand->endpoint, detail);
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
    if (result->outcome == TELEPHONY_REFUSED) {
        tell_refusal(errand, result->reason);
    }
    report(errand, &outcome);
}

static enum push_provider provider_of(enum platform platform)
{
    switch (platform) {
    case PLATFORM_APNS:
        return PUSH_APNS;
    case PLATFORM_FCM:
        return PUSH_FCM;
    case PLATFORM_WEBPUSH:
    case PLATFORM_NONE:
        break;
    }
    return PUSH_WEB;
}

static enum status send_push(struct dispatch *dispatch, const struct effect *effect,
                             struct errand *errand)
{
    struct push_message message;
    struct error error;
    if (dispatch->push == NULL) {
        return STATUS_UNSUPPORTED;
    }
    enum status status = push_message_render(effect, &message);
    if (status != STATUS_OK) {
        return status;
    }
    struct push_job job = {
        .provider = provider_of(effect->device->platform),
        .environment = effect->device->environment == 0 ? PUSH_PRODUCTION : PUSH_SANDBOX,
        .target = effect->device->target,
        .id = effect->attempt,
        .deadline = effect->deadline,
        .notification = message.notification,
        .complete = push_completed,
        .delayed = push_delayed,
        .context = errand,
        .burden = effect->burden,
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
    (void)text_copy(errand->endpoint, sizeof errand->endpoint,
                    effect->path == PATH_CALL ? CALLS_ENDPOINT : effect->callback);
    struct telephony_job job = {
        .endpoint = errand->endpoint,
        .id = effect->attempt,
        .body_json = body,
        .deadline = effect->deadline,
        .complete = telephony_completed,
        .context = errand,
        .burden = effect->burden,
    };
    return telephony_submit(dispatch->telephony, &job, &error);
}

static void tell_not_configured(struct dispatch *dispatch, const struct effect *effect)
{
    char id[UUID_TEXT_BYTES], detail[NOTICE_BYTES_MAX];
    uuid_format(effect->escalation, id);
    const char *way = effect->path == PATH_PUSH   ? platform_word(effect->device->platform)
                      : effect->path == PATH_CALL ? CALLS_ENDPOINT
                                                  : effect->callback;
    (void)snprintf(detail, sizeof detail,
                   "%s is not configured: nothing went out to it for escalation %s of %s", way, id,
                   effect->customer != NULL ? effect->customer->slug : "nobody");
    engine_alarm_about(dispatch->engine, "dispatch.not_configured", way, detail);
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
            tell_not_configured(dispatch, effect);
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

/* ---- notices ---- */

static const char *alarm_of_notice(enum push_notice_kind kind)
{
    switch (kind) {
    case PUSH_NOTICE_DOWN:
        return "push.down";
    case PUSH_NOTICE_UP:
        return "push.up";
    case PUSH_NOTICE_CONFIGURATION_WRONG:
        return "push.configuration_wrong";
    case PUSH_NOTICE_CONFIGURATION_SUSPECT:
        return "push.configuration_suspect";
    case PUSH_NOTICE_CLOCK_SKEW:
        return "push.clock_skew";
    case PUSH_NOTICE_CREDENTIAL_EXPIRES:
        return "push.credential_expires";
    case PUSH_NOTICE_UNKNOWN_REASON:
        return "push.unknown_reason";
    case PUSH_NOTICE_TOKEN_UPDATES:
        break;
    }
    return "push.token_updates";
}

void dispatch_notice(void *context, const struct push_notice *notice)
{
    struct dispatch *dispatch = context;
    struct kept_notice kept = {.kind = alarm_of_notice(notice->kind)};
    const char *account = notice->account != NULL ? notice->account : "";
    (void)snprintf(kept.about, sizeof kept.about, "%s%s%s", push_provider_text(notice->provider),
                   account[0] != '\0' ? "/" : "", account);
    (void)snprintf(kept.detail, sizeof kept.detail, "%s: %s", kept.about, notice->text);
    (void)pthread_mutex_lock(&dispatch->notices_lock);
    bool bound = dispatch->bound;
    if (!bound && dispatch->kept_count < NOTICES_KEPT_MAX) {
        dispatch->kept[dispatch->kept_count++] = kept;
    }
    (void)pthread_mutex_unlock(&dispatch->notices_lock);
    if (bound) {
        engine_alarm_about(dispatch->engine, kept.kind, kept.about, kept.detail);
    }
}

static void tell_kept_notices(struct dispatch *dispatch)
{
    (void)pthread_mutex_lock(&dispatch->notices_lock);
    dispatch->bound = true;
    size_t count = dispatch->kept_count; /* grows no more */
    (void)pthread_mutex_unlock(&dispatch->notices_lock);
    for (size_t i = 0; i < count; i++) {
        engine_alarm_about(dispatch->engine, dispatch->kept[i].kind, dispatch->kept[i].about,
                           dispatch->kept[i].detail);
    }
}

/* ---- life ---- */

enum status dispatch_create(const struct clock_source *clock, const struct random_source *random,
                            struct dispatch **dispatch_r, struct error *error)
{
    struct dispatch *dispatch = calloc(1, sizeof *dispatch);
    if (dispatch == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for dispatch");
    }
    (void)pthread_mutex_init(&dispatch->notices_lock, NULL);
    dispatch->clock = *clock;
    dispatch->random = *random;
    *dispatch_r = dispatch;
    return STATUS_OK;
}

void dispatch_attach(struct dispatch *dispatch, struct push_sender *push,
                     struct telephony *telephony)
{
    assert(!dispatch->bound);
    dispatch->push = push;
    dispatch->telephony = telephony;
}

void dispatch_destroy(struct dispatch **dispatch)
{
    if (*dispatch != NULL) {
        (void)pthread_mutex_destroy(&(*dispatch)->notices_lock);
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
    tell_kept_notices(dispatch);
    return STATUS_OK;
}
