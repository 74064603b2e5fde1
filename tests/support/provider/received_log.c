#include "tests/support/provider/received_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/json_writer.h"

#define BUFFER_BYTES 1048576
/* A payload of 64 KiB, a token and headers, every byte of them escaped at worst. */
#define LINE_BYTES_MAX 196608

struct received_log {
    int fd; /* -1: no log */
    size_t used;
    bool broken;
    char payload[HTTP2_BODY_BYTES_MAX + 1];
    char buffer[BUFFER_BYTES];
};

enum status received_log_create(const char *path, struct received_log **log_r, struct error *error)
{
    struct received_log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "received log");
    }
    log->fd = -1;
    if (path != NULL) {
        log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log->fd < 0) {
            enum status status = error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
            free(log);
            return status;
        }
    }
    *log_r = log;
    return STATUS_OK;
}

void received_log_destroy(struct received_log **log)
{
    if (*log != NULL) {
        if ((*log)->fd >= 0) {
            (void)close((*log)->fd);
        }
        free(*log);
        *log = NULL;
    }
}

static void member_view(struct json_writer *json, const char *name, struct view view)
{
    json_name(json, name);
    if (view.data == NULL) {
        json_null_value(json);
    } else {
        json_text_n(json, view.data, view.bytes);
    }
}

/* JSON on one line: line breaks in valid JSON are never inside a text. */
static const char *one_line(struct received_log *log, struct view payload)
{
    if (payload.data == NULL || payload.bytes > HTTP2_BODY_BYTES_MAX) {
        return "null";
    }
    for (size_t i = 0; i < payload.bytes; i++) {
        char c = payload.data[i];
        if (c == '\n' || c == '\r') {
            c = ' ';
        }
        log->payload[i] = c;
    }
    log->payload[payload.bytes] = '\0';
    return log->payload;
}

void received_log_add(struct received_log *log, const struct received *received,
                      struct wall_time now)
{
    if (log->fd < 0) {
        return;
    }
    if (sizeof log->buffer - log->used < LINE_BYTES_MAX && received_log_flush(log) != STATUS_OK) {
        return;
    }
    struct json_writer json;
    json_writer_init(&json, log->buffer + log->used, LINE_BYTES_MAX - 1);
    json_object_begin(&json);
    json_member_time(&json, "at", now);
    json_member_int(&json, "monotonic_ns", clock_stopwatch_ns());
    json_member_text(&json, "provider", provider_text(received->provider));
    member_view(&json, "id", received->id);
    member_view(&json, "token", received->token);
    json_member_int(&json, "status", received->status);
    json_member_text(&json, "reason", received->reason == NULL ? "" : received->reason);
    json_member_text(&json, "detail", received->detail);
    json_member_text(&json, "provider_id", received->provider_id);
    member_view(&json, "priority", received->priority);
    member_view(&json, "push_type", received->push_type);
    member_view(&json, "collapse_id", received->collapse_id);
    member_view(&json, "expiration", received->expiration);
    json_member_bool(&json, "new", !received->repeated);
    json_member_raw(&json, "payload", one_line(log, received->payload));
    member_view(&json, "plain", received->plain);
    json_object_end(&json);
    if (!json_writer_overflowed(&json)) {
        log->used += json_writer_bytes(&json);
        log->buffer[log->used++] = '\n';
    }
}

enum status received_log_flush(struct received_log *log)
{
    size_t written = 0;
    while (written < log->used && !log->broken) {
        ssize_t bytes = write(log->fd, log->buffer + written, log->used - written);
        if (bytes < 0 && errno != EINTR) {
            log->broken = true;
        }
        written += bytes > 0 ? (size_t)bytes : 0;
    }
    log->used = 0;
    return log->broken ? STATUS_IO : STATUS_OK;
}
