/* payload_check.c - whether a notification may be sent at all. Sizes are payload_shorten.c's. */
#include "apns-fcm/payload.h"

#include <string.h>

#include "gateway/base/text.h"

#define WORD_BYTES_MAX 200 /* category, thread, channel, sound, an action's id */

static enum status fault(struct error *error, const char *field, const char *what)
{
    return error_set(error, STATUS_INVALID, "notification.%s %s", field, what);
}

static enum status check_text(const char *text, const char *field, struct error *error)
{
    if (text != NULL && !text_is_utf8(text, strlen(text))) {
        return fault(error, field, "is not UTF-8");
    }
    return STATUS_OK;
}

/* Printable ASCII from `lowest` on, 1 to bytes_max of it. */
static enum status check_word(const char *word, char lowest, size_t bytes_max, const char *field,
                              struct error *error)
{
    if (word == NULL) {
        return STATUS_OK;
    }
    size_t bytes = 0;
    for (; word[bytes] != '\0'; bytes++) {
        if (word[bytes] < lowest || word[bytes] > '~') {
            return fault(error, field, "is not visible ASCII");
        }
    }
    if (bytes < 1 || bytes > bytes_max) {
        return error_set(error, STATUS_INVALID, "notification.%s is not 1 to %zu bytes long", field,
                         bytes_max);
    }
    return STATUS_OK;
}

static enum status check_actions(const struct push_notification *notification, struct error *error)
{
    if (notification->actions_count > PUSH_ACTIONS_MAX) {
        return fault(error, "actions_count", "is more than 4");
    }
    for (size_t i = 0; i < notification->actions_count; i++) {
        const struct push_action *action = &notification->actions[i];
        if (action->id == NULL || action->title == NULL) {
            return fault(error, "actions", "have one without id or title");
        }
        enum status status = check_word(action->id, ' ', WORD_BYTES_MAX, "actions.id", error);
        if (status == STATUS_OK) {
            status = check_text(action->title, "actions.title", error);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status check_numbers(const struct push_notification *notification, struct error *error)
{
    if ((unsigned)notification->style > PUSH_VOIP) {
        return fault(error, "style", "is unknown");
    }
    if ((unsigned)notification->urgency > PUSH_SILENT) {
        return fault(error, "urgency", "is unknown");
    }
    if (notification->volume_percent < 0 || notification->volume_percent > 100) {
        return fault(error, "volume_percent", "is not 0 to 100");
    }
    if (notification->has_badge && notification->badge < 0) {
        return fault(error, "badge", "is below 0");
    }
    return STATUS_OK;
}

static enum status check_texts(const struct push_notification *notification, struct error *error)
{
    const struct push_secret *secret = notification->secret;
    const struct {
        const char *field;
        const char *text;
    } texts[] = {{"title", notification->title},
                 {"body", notification->body},
                 {"secret.title", secret != NULL ? secret->title : NULL},
                 {"secret.body", secret != NULL ? secret->body : NULL}},
      words[] = {{"category", notification->category},
                 {"thread", notification->thread},
                 {"channel", notification->channel},
                 {"sound", notification->sound}};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == STATUS_OK; i++) {
        status = check_text(texts[i].text, texts[i].field, error);
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0] && status == STATUS_OK; i++) {
        status = check_word(words[i].text, ' ', WORD_BYTES_MAX, words[i].field, error);
    }
    return status;
}

enum status payload_check(const struct push_job *job, struct error *error)
{
    const struct push_notification *notification = &job->notification;
    if (notification->title == NULL && notification->style != PUSH_BACKGROUND) {
        return fault(error, "title", "is missing");
    }
    if (job->provider == PUSH_WEB && notification->secret == NULL) {
        return fault(error, "secret", "is missing: Web Push encrypts everything");
    }
    enum status status = check_numbers(notification, error);
    if (status == STATUS_OK) {
        status = check_texts(notification, error);
    }
    if (status == STATUS_OK) {
        status = check_actions(notification, error);
    }
    return status == STATUS_OK ? check_word(notification->collapse_id, '!',
                                            PUSH_COLLAPSE_BYTES_MAX - 1, "collapse_id", error)
                               : status;
}
