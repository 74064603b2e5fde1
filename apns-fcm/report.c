/* report.c - what others see of the connections: a copy that the loop leaves behind. */
#include <string.h>

#include "apns-fcm/sender_private.h"
#include "gateway/base/text.h"

#define REPORT_MS_BETWEEN 100

struct report {
    struct push_sender *sender;
    const struct account *account;
};

static void see(void *context, const struct connection *connection)
{
    const struct report *report = context;
    struct push_sender *sender = report->sender;
    size_t at = sender->views_count++;
    if (at >= PUSH_CONNECTION_VIEWS_MAX) {
        return;
    }
    struct push_connection_view *view = &sender->views[at];
    memset(view, 0, sizeof *view);
    view->provider = report->account->provider;
    (void)text_copy(view->account, sizeof view->account, report->account->name);
    connection_view(connection, view);
}

static void see_pool(void *context, struct pool *pool)
{
    pool_view(pool, see, context);
}

void report_connections(struct push_sender *sender, bool now)
{
    struct report report = {.sender = sender};
    if (!now && sender->loop.now.ms - sender->viewed_at.ms < REPORT_MS_BETWEEN) {
        return;
    }
    sender->viewed_at = sender->loop.now;
    (void)pthread_mutex_lock(&sender->views_lock);
    sender->views_count = 0;
    for (size_t i = 0; i < sender->accounts_count; i++) {
        report.account = sender->accounts[i];
        account_for_each_pool(sender->accounts[i], see_pool, &report);
    }
    (void)pthread_mutex_unlock(&sender->views_lock);
}

size_t push_sender_connections(struct push_sender *sender, struct push_connection_view *views_r,
                               size_t capacity)
{
    (void)pthread_mutex_lock(&sender->views_lock);
    size_t count = sender->views_count;
    size_t kept = count < PUSH_CONNECTION_VIEWS_MAX ? count : PUSH_CONNECTION_VIEWS_MAX;
    memcpy(views_r, sender->views, (kept < capacity ? kept : capacity) * sizeof *views_r);
    (void)pthread_mutex_unlock(&sender->views_lock);
    return count;
}
