/* Whatever a notification holds, its payload fits, is JSON, keeps the data, cuts texts as push.h
 * says and leaves the gap where it says; or it is refused, and the error says why.
 *
 * An input is a notification as text: the first line has the provider, the style, the urgency and
 * flags as one character each ("a", "f" or "w"; digits), each further line a field by its letter,
 * and then how often what follows is repeated, as a letter: "ta…" is a title, "bh…" a body 128
 * times as long. fuzz links: push */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "apns-fcm/payload.h"
#include "tests/unit/push/payload_promises.h"

#define MEMORY_BYTES 65536

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

/* A notification being read, and the memory of its texts. */
struct input {
    struct push_job job;
    struct push_secret secret;
    struct push_action actions[PUSH_ACTIONS_MAX + 1];
    char memory[MEMORY_BYTES];
    size_t used;
};

static const char *repeat(struct input *input, const char *text, size_t bytes, unsigned times)
{
    char *copy = input->memory + input->used;
    for (unsigned i = 0; i < times && input->used + bytes + 1 < sizeof input->memory; i++) {
        memcpy(input->memory + input->used, text, bytes);
        input->used += bytes;
    }
    if (input->used + 1 >= sizeof input->memory) {
        return NULL;
    }
    input->memory[input->used++] = '\0';
    return copy;
}

static void read_action(struct input *input, const char *title)
{
    struct push_notification *notification = &input->job.notification;
    if (notification->actions_count <= PUSH_ACTIONS_MAX) {
        input->actions[notification->actions_count++] = (struct push_action){"accept", title};
    }
}

static void read_field(struct input *input, const char *line, size_t bytes)
{
    struct push_notification *notification = &input->job.notification;
    if (bytes < 2) {
        return;
    }
    unsigned times = line[1] >= 'a' && line[1] <= 'm' ? 1U << (line[1] - 'a') : 1;
    const char *text = repeat(input, line + 2, bytes - 2, times);
    const struct {
        char letter;
        const char **place;
    } fields[] = {{'t', &notification->title},       {'b', &notification->body},
                  {'c', &notification->category},    {'h', &notification->thread},
                  {'n', &notification->channel},     {'s', &notification->sound},
                  {'l', &notification->collapse_id}, {'d', &notification->data_json},
                  {'T', &input->secret.title},       {'B', &input->secret.body},
                  {'D', &input->secret.data_json},   {'x', &input->job.target}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].letter == line[0]) {
            *fields[i].place = text;
        }
    }
    if (line[0] == 'a') {
        read_action(input, text);
    }
}

static void read_head(struct input *input, const char *line, size_t bytes)
{
    struct push_notification *notification = &input->job.notification;
    unsigned digits[5] = {0};
    for (size_t i = 1; i < bytes && i < sizeof digits / sizeof digits[0]; i++) {
        digits[i] = (unsigned)(line[i] - '0') % 10;
    }
    input->job.provider = line[0] == 'a' ? PUSH_APNS : line[0] == 'f' ? PUSH_FCM : PUSH_WEB;
    input->job.target = "00fc13ad";
    notification->style = (enum push_style)digits[1];
    notification->urgency = (enum push_urgency)digits[2];
    notification->secret = digits[3] % 2 == 1 ? &input->secret : NULL;
    notification->has_badge = digits[3] >= 2;
    notification->badge = (int)digits[3] * 1000 - 4000;
    notification->volume_percent = (int)digits[4] * 13 - 1;
    notification->actions = input->actions;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct input input;
    static struct payload payload;
    input = (struct input){.used = 0};
    const char *at = (const char *)data;
    for (const char *end = at + bytes; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t line_bytes = (size_t)((newline != NULL ? newline : end) - at);
        if (at != (const char *)data) {
            read_field(&input, at, line_bytes);
        } else if (line_bytes > 0) {
            read_head(&input, at, line_bytes);
        } else {
            return 0;
        }
        at += line_bytes + (newline != NULL ? 1 : 0);
    }
    if (bytes == 0 || input.job.target == NULL ||
        (input.job.provider == PUSH_FCM &&
         strspn(input.job.target, "0123456789abcdef:-_") != strlen(input.job.target))) {
        return 0; /* job_create() has refused it */
    }
    const struct payload_options options = {.critical_entitled = bytes % 2 == 0};
    struct error error = {0};
    enum status status = payload_render(&input.job, &options, &payload, &error);
    if (status == STATUS_OK) {
        check(payload_check(&input.job, &error) == STATUS_OK);
        check(broken_promise(&input.job, &payload) == NULL);
    } else {
        check(status == STATUS_INVALID || status == STATUS_TOO_LARGE);
        check(error.text[0] != '\0');
    }
    return 0;
}
