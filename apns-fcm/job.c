#include "apns-fcm/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/payload.h"
#include "gateway/base/text.h"

#define APNS_ANSWER_BYTES 256
#define FCM_ANSWER_BYTES  1536

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
                             from->provider == PUSH_APNS ? "target is not a token in hex"
                                                         : "target is not a registration token");
        }
    }
    return STATUS_OK;
}

static enum status check_text(const char *text, const char *field, struct error *error)
{
    if (text != NULL && !text_is_utf8(text, strlen(text))) {
        return error_set(error, STATUS_INVALID, "%s is not UTF-8", field);
    }
    return STATUS_OK;
}

static enum status check_collapse_id(const char *collapse_id, struct error *error)
{
    if (collapse_id == NULL) {
        return STATUS_OK;
    }
    size_t bytes = strlen(collapse_id);
    for (size_t i = 0; i < bytes; i++) {
        if (collapse_id[i] <= ' ' || collapse_id[i] > '~') {
            return error_set(error, STATUS_INVALID, "collapse_id is not visible ASCII");
        }
    }
    return bytes > 0 && bytes < PUSH_COLLAPSE_BYTES_MAX
               ? STATUS_OK
               : error_set(error, STATUS_INVALID, "collapse_id is not 1 to %d bytes long",
                           PUSH_COLLAPSE_BYTES_MAX - 1);
}

static enum status check(const struct push_job *from, struct error *error)
{
    if ((unsigned)from->provider > PUSH_FCM || (unsigned)from->environment > PUSH_SANDBOX ||
        (unsigned)from->notification.urgency > PUSH_SILENT) {
        return error_set(error, STATUS_INVALID, "provider, environment or urgency is unknown");
    }
    if (from->complete == NULL) {
        return error_set(error, STATUS_INVALID, "complete is missing");
    }
    if (from->notification.title == NULL && from->notification.style != PUSH_BACKGROUND) {
        return error_set(error, STATUS_INVALID, "notification.title is missing");
    }
    const struct {
        const char *field;
        const char *text;
    } texts[] = {{"title", from->notification.title},
                 {"body", from->notification.body},
                 {"category", from->notification.category},
                 {"channel", from->notification.channel}};
    enum status status = check_target(from, error);
    for (size_t i = 0; status == STATUS_OK && i < sizeof texts / sizeof texts[0]; i++) {
        status = check_text(texts[i].text, texts[i].field, error);
    }
    return status == STATUS_OK ? check_collapse_id(from->notification.collapse_id, error) : status;
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

static void fill_in(struct job *job, const struct push_job *from)
{
    memset(job, 0, sizeof *job);
    job->provider = from->provider;
    job->environment = from->environment;
    job->background = payload_is_background(from);
    job->quiet = job->background || from->notification.urgency == PUSH_SILENT;
    job->expires_at = from->notification.expires_at;
    job->end_node.due = from->deadline;
    job->exchange.rank = (unsigned)from->notification.urgency;
    job->complete = from->complete;
    job->context = from->context;
    job->result.gone_since = WALL_NEVER;
    job->result.first_written_at = WALL_NEVER;
    job->result.answered_at = WALL_NEVER;
    uuid_format(from->id, job->id);
    if (from->notification.expires_at.ms != TIME_NEVER_MS) {
        int64_t expires_s =
            from->notification.expires_at.ms > 0 ? from->notification.expires_at.ms / 1000 : 0;
        (void)snprintf(job->expiration, sizeof job->expiration, "%lld", (long long)expires_s);
    }
}

enum status job_create(const struct push_job *from, bool critical_entitled, struct job **job_r,
                       struct error *error)
{
    char payload[PAYLOAD_BUFFER_BYTES];
    size_t payload_bytes = 0;
    enum status status = check(from, error);
    if (status == STATUS_OK) {
        status = from->provider == PUSH_APNS
                     ? payload_render_apns(from, critical_entitled, payload, &payload_bytes, error)
                     : payload_render_fcm(from, payload, &payload_bytes, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool apns = from->provider == PUSH_APNS;
    size_t target_bytes = strlen(from->target);
    size_t path_bytes = apns ? sizeof apns_path - 1 + target_bytes : 0;
    size_t collapse_bytes =
        from->notification.collapse_id != NULL ? strlen(from->notification.collapse_id) : 0;
    size_t answer_bytes = apns ? APNS_ANSWER_BYTES : FCM_ANSWER_BYTES;
    struct job *job = malloc(sizeof *job + path_bytes + collapse_bytes + payload_bytes + 3 +
                             PAYLOAD_FCM_TAIL_BYTES_MAX + answer_bytes);
    if (job == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the job");
    }
    fill_in(job, from);
    char *at = job->memory;
    if (apns) {
        job->path = at;
        job->path_bytes = path_bytes;
        memcpy(at, apns_path, sizeof apns_path - 1);
        at += sizeof apns_path - 1;
        (void)place(&at, from->target, target_bytes);
    }
    if (from->notification.collapse_id != NULL) {
        job->collapse_id = place(&at, from->notification.collapse_id, collapse_bytes);
        job->collapse_id_bytes = collapse_bytes;
    }
    job->body = place(&at, payload, payload_bytes);
    job->body_head_bytes = payload_bytes;
    at += PAYLOAD_FCM_TAIL_BYTES_MAX;
    job->exchange.body = job->body;
    job->exchange.body_bytes = payload_bytes;
    job->exchange.answer = at;
    job->exchange.answer_capacity = answer_bytes;
    *job_r = job;
    return STATUS_OK;
}
