#include "gateway/daemon/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "gateway/base/json_writer.h"

static const char *const health_names[] = {"unused", "up", "degraded", "down"};
static const enum push_outcome push_outcomes[] = {PUSH_ACCEPTED, PUSH_REFUSED, PUSH_RETRY_EXHAUSTED,
                                                  PUSH_EXPIRED, PUSH_UNCERTAIN};

/* Text that grows until its buffer is full. */
struct text_sink {
    char *text;
    size_t bytes_max;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text_sink *sink, const char *format,
                                                      ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf(sink->text + sink->used, sink->bytes_max - sink->used, format, arguments);
    va_end(arguments);
    if (length > 0 && (size_t)length < sink->bytes_max - sink->used) {
        sink->used += (size_t)length;
    } else {
        sink->text[sink->used] = '\0'; /* a line that does not fit is left out whole */
    }
}

static void add_push(struct text_sink *sink, struct push_sender *push)
{
    add(sink, "# HELP astreinte_push_outcomes_total Notifications by provider and outcome.\n"
              "# TYPE astreinte_push_outcomes_total counter\n");
    struct push_statistics statistics[PUSH_PROVIDERS_COUNT];
    for (int p = 0; p < PUSH_PROVIDERS_COUNT; p++) {
        push_sender_statistics(push, (enum push_provider)p, &statistics[p]);
        for (int o = 0; o < 5; o++) {
            add(sink, "astreinte_push_outcomes_total{provider=\"%s\",outcome=\"%s\"} %" PRIu64 "\n",
                push_provider_text((enum push_provider)p), push_outcome_text(push_outcomes[o]),
                statistics[p].outcomes[o]);
        }
    }
    add(sink, "# HELP astreinte_push_up Whether the provider answers (1), or not (0).\n"
              "# TYPE astreinte_push_up gauge\n");
    for (int p = 0; p < PUSH_PROVIDERS_COUNT; p++) {
        add(sink, "astreinte_push_up{provider=\"%s\"} %d\n",
            push_provider_text((enum push_provider)p), statistics[p].health != PUSH_HEALTH_DOWN);
    }
    add(sink, "# HELP astreinte_push_in_flight Notifications inside the sender.\n"
              "# TYPE astreinte_push_in_flight gauge\n");
    for (int p = 0; p < PUSH_PROVIDERS_COUNT; p++) {
        add(sink, "astreinte_push_in_flight{provider=\"%s\"} %" PRIu64 "\n",
            push_provider_text((enum push_provider)p), statistics[p].jobs_inside);
    }
}

static void add_telephony(struct text_sink *sink, struct telephony *telephony)
{
    static const enum telephony_outcome outcomes[] = {TELEPHONY_DELIVERED, TELEPHONY_REFUSED,
                                                      TELEPHONY_RETRY_EXHAUSTED, TELEPHONY_EXPIRED,
                                                      TELEPHONY_UNCERTAIN};
    struct telephony_statistics statistics;
    telephony_statistics(telephony, &statistics);
    add(sink, "# HELP astreinte_callback_outcomes_total Signed webhooks by outcome.\n"
              "# TYPE astreinte_callback_outcomes_total counter\n");
    for (int o = 0; o < 5; o++) {
        add(sink, "astreinte_callback_outcomes_total{outcome=\"%s\"} %" PRIu64 "\n",
            telephony_outcome_text(outcomes[o]), statistics.outcomes[o]);
    }
}

/* The sink writes into the buffer, which the checker does not see. */
static size_t append_metrics(void *context,
                             char *buffer, /* NOLINT(readability-non-const-parameter) */
                             size_t buffer_bytes)
{
    const struct metrics *metrics = context;
    struct text_sink sink = {.text = buffer, .bytes_max = buffer_bytes};
    if (metrics->push != NULL) {
        add_push(&sink, metrics->push);
    }
    if (metrics->telephony != NULL) {
        add_telephony(&sink, metrics->telephony);
    }
    return sink.used;
}

static size_t providers(void *context, char *buffer, size_t buffer_bytes)
{
    const struct metrics *metrics = context;
    struct json_writer json;
    json_writer_init(&json, buffer, buffer_bytes);
    json_object_begin(&json);
    for (int p = 0; p < PUSH_PROVIDERS_COUNT && metrics->push != NULL; p++) {
        struct push_statistics statistics;
        push_sender_statistics(metrics->push, (enum push_provider)p, &statistics);
        json_name(&json, push_provider_text((enum push_provider)p));
        json_object_begin(&json);
        json_member_text(&json, "health", health_names[statistics.health]);
        json_member_time(&json, "down_since", statistics.down_since);
        json_object_end(&json);
    }
    json_object_end(&json);
    return json_writer_overflowed(&json) ? 0 : json_writer_bytes(&json);
}

struct admin_api_hooks metrics_hooks(struct metrics *metrics)
{
    return (struct admin_api_hooks){
        .append_metrics = append_metrics, .providers = providers, .context = metrics};
}
