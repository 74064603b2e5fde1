#include "apns-fcm/job.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/loop.h"
#include "apns-fcm/payload.h"
#include "apns-fcm/web_endpoint.h"

#define APNS_ANSWER_BYTES 256
#define FCM_ANSWER_BYTES  1536
#define WEB_ANSWER_BYTES  256

static const char apns_path[] = "/3/device/";

static enum status check_target(const struct push_job *from, struct error *error)
{
    if (from->target == NULL || from->target[0] == '\0') {
        return error_set(error, STATUS_INVALID, "target is missing");
    }
    if (strlen(from->target) > PUSH_TARGET_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "target is longer than %d bytes",
                         PUSH_TARGET_BYTES_MAX);
    }
    for (const char *at = from->target; *at != '\0'; at++) {
        bool hex =
            (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f') || (*at >= 'A' && *at <= 'F');
        bool visible = *at > ' ' && *at <= '~';
        if (from->provider == PUSH_APNS ? !hex : !visible) {
            return error_set(error, STATUS_INVALID,
                             from->provider == PUSH_APNS  ? "target is not a token in hex"
                             : from->provider == PUSH_FCM ? "target is not a registration token"
                                                          : "target is not an https address");
        }
    }
    return STATUS_OK;
}

static enum status check(const struct push_job *from, struct error *error)
{
    if ((unsigned)from->provider >= PUSH_PROVIDERS_COUNT ||
        (unsigned)from->environment >= PUSH_ENVIRONMENTS_COUNT ||
        (unsigned)from->hedge > PUSH_HEDGE_ALWAYS) {
        return error_set(error, STATUS_INVALID, "provider, environment or hedge is unknown");
    }
    if (from->complete == NULL) {
        return error_set(error, STATUS_INVALID, "complete is missing");
    }
    return check_target(from, error);
}

/* FNV-1a. */
static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261U;
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 16777619U;
    }
    return hash;
}

/* What the parts of a job's block need, before it is taken. */
struct measure {
    size_t path_bytes;
    size_t collapse_bytes;
    size_t endpoint_bytes;
    size_t answer_bytes;
    bool hedged;
    struct web_endpoint web;
    char topic[WEB_TOPIC_BYTES];
    struct payload payload;
};

static enum status measure(const struct push_job *from, bool critical_entitled,
                           struct measure *measure_r, struct error *error)
{
    const struct push_notification *notification = &from->notification;
    const struct payload_options options = {.critical_entitled = critical_entitled};
    enum status status = payload_render(from, &options, &measure_r->payload, error);
    if (status != STATUS_OK) {
        return status;
    }
    measure_r->path_bytes = 0;
    measure_r->endpoint_bytes = 0;
    measure_r->collapse_bytes =
        notification->collapse_id != NULL ? strlen(notification->collapse_id) : 0;
    measure_r->answer_bytes = FCM_ANSWER_BYTES;
    measure_r->hedged =
        from->hedge == PUSH_HEDGE_ALWAYS ||
        (from->hedge == PUSH_HEDGE_BY_URGENCY && notification->urgency == PUSH_CRITICAL);
    if (from->provider == PUSH_APNS) {
        measure_r->path_bytes = sizeof apns_path - 1 + strlen(from->target);
        measure_r->answer_bytes = APNS_ANSWER_BYTES;
    } else if (from->provider == PUSH_WEB) {
        status = web_endpoint_parse(from->target, &measure_r->web, error);
        measure_r->path_bytes = measure_r->web.path_bytes;
        measure_r->endpoint_bytes = strlen(measure_r->web.origin) + strlen(measure_r->web.host) +
                                    strlen(measure_r->web.port) + 3;
        measure_r->answer_bytes = WEB_ANSWER_BYTES;
        if (status == STATUS_OK && notification->collapse_id != NULL) {
            status = web_topic(notification->collapse_id, measure_r->topic);
            measure_r->collapse_bytes = WEB_TOPIC_BYTES - 1;
        }
    }
    return status;
}

/* Copies bytes to the block's free end. */
static char *place(char **at, const char *text, size_t bytes)
{
    char *copy = *at;
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    *at += bytes + 1;
    return copy;
}

struct wall_time job_expires_at(const struct job *job, const struct loop *loop)
{
    return job->lives_until.ms == TIME_NEVER_MS
               ? WALL_NEVER
               : (struct wall_time){loop->wall.ms + (job->lives_until.ms - loop->now.ms)};
}

static void write_expiration(struct job *job, int64_t expires_ms)
{
    int64_t expires_s = expires_ms > 0 ? expires_ms / 1000 : 0;
    (void)snprintf(job->expiration, sizeof job->expiration, "%lld", (long long)expires_s);
}

void job_write_expiration(struct job *job, const struct loop *loop, int64_t skew_ms)
{
    write_expiration(job, job_expires_at(job, loop).ms + skew_ms);
}

static void fill_in(struct job *job, const struct push_job *from)
{
    const struct push_notification *notification = &from->notification;
    memset(job, 0, sizeof *job);
    job->provider = from->provider;
    job->environment = from->environment;
    job->style = notification->style;
    job->quiet = notification->style == PUSH_BACKGROUND || notification->urgency == PUSH_SILENT;
    job->normal = notification->urgency == PUSH_NORMAL;
    job->lives_until = MONOTONIC_NEVER;
    job->end_node.due = from->deadline;
    job->complete = from->complete;
    job->delayed = from->delayed;
    job->context = from->context;
    job->target_hash = hash_of(from->target);
    job->burden = from->burden;
    job->exchange.burden = &job->burden;
    job->exchange.owner = job;
    job->exchange.rank = (unsigned)notification->urgency;
    job->result.gone_since = WALL_NEVER;
    job->result.first_written_at = WALL_NEVER;
    job->result.answered_at = WALL_NEVER;
    uuid_format(from->id, job->id);
    if (notification->expires_at.ms != TIME_NEVER_MS) {
        write_expiration(job, notification->expires_at.ms);
    }
}

static void place_address(struct job *job, const struct push_job *from,
                          const struct measure *measure, char **at)
{
    if (from->provider == PUSH_APNS) {
        job->path = *at;
        memcpy(*at, apns_path, sizeof apns_path - 1);
        *at += sizeof apns_path - 1;
        (void)place(at, from->target, strlen(from->target));
    } else if (from->provider == PUSH_WEB) {
        const struct web_endpoint *web = &measure->web;
        job->path = place(at, web->path, web->path_bytes);
        job->endpoint.origin = place(at, web->origin, strlen(web->origin));
        job->endpoint.host = place(at, web->host, strlen(web->host));
        job->endpoint.port = place(at, web->port, strlen(web->port));
    }
    job->path_bytes = measure->path_bytes;
    if (from->notification.collapse_id != NULL) {
        const char *text =
            from->provider == PUSH_WEB ? measure->topic : from->notification.collapse_id;
        job->collapse_id = place(at, text, measure->collapse_bytes);
        job->collapse_id_bytes = measure->collapse_bytes;
    }
}

static void place_payload(struct job *job, const struct push_job *from,
                          const struct payload *payload, char **at)
{
    job->body = place(at, payload->body, payload->body_bytes);
    job->body_head_bytes = payload->body_bytes;
    *at += PAYLOAD_FCM_TAIL_BYTES_MAX;
    job->exchange.body = job->body;
    job->exchange.body_bytes = payload->body_bytes;
    if (payload->seal_bytes == 0) {
        return;
    }
    const struct push_secret *secret = from->notification.secret;
    assert(payload->seal_at + payload->seal_bytes <= payload->body_bytes);
    job->needs_seal = true;
    job->sealing.burden = &job->burden;
    job->sealing.plain = (const uint8_t *)place(at, payload->plain, payload->plain_bytes);
    job->sealing.plain_bytes = payload->plain_bytes;
    job->sealing.place = (uint8_t *)job->body + payload->seal_at;
    job->sealing.record_bytes = payload->record_bytes;
    job->sealing.base64 = payload->seal_base64;
    memcpy(job->sealing.public_key, secret->public_key, sizeof job->sealing.public_key);
    memcpy(job->sealing.auth_secret, secret->auth_secret, sizeof job->sealing.auth_secret);
}

/* The second leg sends the same bytes and reads its answer into memory of its own. */
static void place_hedge(struct job *job, size_t answer_bytes, char *at)
{
    size_t misaligned = (uintptr_t)at % _Alignof(struct exchange);
    at += misaligned > 0 ? _Alignof(struct exchange) - misaligned : 0;
    job->hedge = (struct exchange *)(void *)at;
    *job->hedge = job->exchange;
    job->hedge->answer = at + sizeof *job->hedge;
    job->hedge->answer_capacity = answer_bytes;
}

enum status job_create(const struct push_job *from, bool critical_entitled, struct job **job_r,
                       struct error *error)
{
    struct measure sizes;
    enum status status = check(from, error);
    if (status == STATUS_OK) {
        status = measure(from, critical_entitled, &sizes, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    size_t leg_bytes =
        sizes.hedged ? sizeof(struct exchange) + _Alignof(struct exchange) + sizes.answer_bytes : 0;
    struct job *job =
        malloc(sizeof *job + sizes.path_bytes + sizes.endpoint_bytes + sizes.collapse_bytes +
               sizes.payload.body_bytes + sizes.payload.plain_bytes + 4 +
               PAYLOAD_FCM_TAIL_BYTES_MAX + sizes.answer_bytes + leg_bytes);
    if (job == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the job");
    }
    fill_in(job, from);
    char *at = job->memory;
    place_address(job, from, &sizes, &at);
    place_payload(job, from, &sizes.payload, &at);
    job->exchange.answer = at;
    job->exchange.answer_capacity = sizes.answer_bytes;
    if (sizes.hedged) {
        place_hedge(job, sizes.answer_bytes, at + sizes.answer_bytes);
    }
    *job_r = job;
    return STATUS_OK;
}
