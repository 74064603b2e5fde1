#include "gateway/daemon/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/json_writer.h"
#include "gateway/telephony/telephony_health.h"

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

struct push_counter {
    const char *name;
    const char *help;
    size_t offset;
};

#define COUNTER(member, name_, help_)                                                              \
    {                                                                                              \
        .name = (name_), .help = (help_), .offset = offsetof(struct push_statistics, member)       \
    }

static const struct push_counter push_counters[] = {
    COUNTER(jobs_submitted, "jobs", "Notifications given to the sender."),
    COUNTER(requests_written, "requests", "Requests written, repeats included."),
    COUNTER(hedges_written, "hedges", "Requests written again before an answer came."),
    COUNTER(hedges_won, "hedges_won", "Of these, answered first."),
    COUNTER(connections_opened, "connections_opened", "Connections opened."),
    COUNTER(connections_resumed, "connections_resumed", "Of these, with a TLS session of before."),
    COUNTER(connections_lost, "connections_lost", "Connections that broke."),
    COUNTER(connections_failed, "connections_failed", "Attempts to connect that never opened."),
    COUNTER(goaways, "goaways", "Connections that the provider asked to leave."),
    COUNTER(streams_refused, "streams_refused", "Requests refused unprocessed, sent again."),
    COUNTER(tokens_minted, "tokens_minted", "Provider tokens made or fetched."),
};

static uint64_t counter_of(const struct push_statistics *statistics,
                           const struct push_counter *counter)
{
    uint64_t value;
    memcpy(&value, (const char *)statistics + counter->offset, sizeof value);
    return value;
}

static const char *name_of(int provider)
{
    return push_provider_text((enum push_provider)provider);
}

static void add_push_counters(struct text_sink *sink, const struct push_statistics *statistics)
{
    for (size_t i = 0; i < sizeof push_counters / sizeof push_counters[0]; i++) {
        const struct push_counter *counter = &push_counters[i];
        add(sink, "# HELP astreinte_push_%s_total %s\n# TYPE astreinte_push_%s_total counter\n",
            counter->name, counter->help, counter->name);
        for (int p = 0; p < PUSH_PROVIDERS_COUNT; p++) {
            add(sink, "astreinte_push_%s_total{provider=\"%s\"} %" PRIu64 "\n", counter->name,
                name_of(p), counter_of(&statistics[p], counter));
        }
    }
    add(sink, "# HELP astreinte_push_outcomes_total Notifications by provider and outcome.\n"
              "# TYPE astreinte_push_outcomes_total counter\n");
    for (int p = 0; p < PUSH_PROVIDERS_COUNT; p++) {
        for (int o = 0; o < PUSH_OUTCOMES_COUNT; o++) {
            add(sink, "astreinte_push_outcomes_total{provider=\"%s\",outcome=\"%s\"} %" PRIu64 "\n",
                name_of(p), push_outcome_text((enum push_outcome)o), statistics[p].outcomes[o]);
        }
    }
}

static void add_push_gauges(struct text_sink *sink, const struct push_statistics *statistics)
{
    add(sink, "# HELP astreinte_push_up Whether the provider answers (1), or not (0).\n"
              "# TYPE astreinte_push_up gauge\n");
    for (int p = 0; p < PUSH_PROVIDERS_COUNT; p++) {
        add(sink, "astreinte_push_up{provider=\"%s\"} %d\n", name_of(p),
            statistics[p].health != PUSH_HEALTH_DOWN);
    }
    add(sink, "# HELP astreinte_push_in_flight Notifications inside the sender.\n"
              "# TYPE astreinte_push_in_flight gauge\n");
    for (int p = 0; p < PUSH_PROVIDERS_COUNT; p++) {
        add(sink, "astreinte_push_in_flight{provider=\"%s\"} %" PRIu64 "\n", name_of(p),
            statistics[p].jobs_inside);
    }
    add(sink, "# HELP astreinte_push_clock_skew_seconds The provider's clock minus ours.\n"
              "# TYPE astreinte_push_clock_skew_seconds gauge\n");
    for (int p = 0; p < PUSH_PROVIDERS_COUNT; p++) {
        add(sink, "astreinte_push_clock_skew_seconds{provider=\"%s\"} %.3f\n", name_of(p),
            (double)statistics[p].clock_skew_ms / 1000.0);
    }
}

static void add_push_latency(struct text_sink *sink, const struct push_statistics *statistics)
{
    static const int bounds_ms[PUSH_LATENCY_BUCKETS - 1] = PUSH_LATENCY_BOUNDS_MS;
    add(sink, "# HELP astreinte_push_latency_seconds From a request's writing to its answer.\n"
              "# TYPE astreinte_push_latency_seconds histogram\n");
    for (int p = 0; p < PUSH_PROVIDERS_COUNT; p++) {
        uint64_t sum = 0;
        for (int i = 0; i < PUSH_LATENCY_BUCKETS - 1; i++) {
            sum += statistics[p].latency[i];
            add(sink,
                "astreinte_push_latency_seconds_bucket{provider=\"%s\",le=\"%g\"} %" PRIu64 "\n",
                name_of(p), bounds_ms[i] / 1000.0, sum);
        }
        sum += statistics[p].latency[PUSH_LATENCY_BUCKETS - 1];
        add(sink,
            "astreinte_push_latency_seconds_bucket{provider=\"%s\",le=\"+Inf\"} %" PRIu64 "\n"
            "astreinte_push_latency_seconds_sum{provider=\"%s\"} %.3f\n"
            "astreinte_push_latency_seconds_count{provider=\"%s\"} %" PRIu64 "\n",
            name_of(p), sum, name_of(p), (double)statistics[p].latency_sum_ms / 1000.0, name_of(p),
            sum);
    }
}

static void add_connection_gauge(struct text_sink *sink, const char *name, const char *help,
                                 const struct push_connection_view *views, size_t count,
                                 double (*value)(const struct push_connection_view *view))
{
    add(sink, "# HELP astreinte_push_connection_%s %s\n# TYPE astreinte_push_connection_%s gauge\n",
        name, help, name);
    for (size_t i = 0; i < count; i++) {
        add(sink,
            "astreinte_push_connection_%s{provider=\"%s\",account=\"%s\",host=\"%s\","
            "address=\"%s\",number=\"%zu\"} %g\n",
            name, push_provider_text(views[i].provider), views[i].account, views[i].host,
            views[i].address, i, value(&views[i]));
    }
}

static double state_of(const struct push_connection_view *view)
{
    return view->draining ? 2 : view->open ? 1 : 0;
}

static double in_flight_of(const struct push_connection_view *view)
{
    return view->in_flight;
}

static double streams_max_of(const struct push_connection_view *view)
{
    return view->streams_max;
}

static double age_of(const struct push_connection_view *view)
{
    return (double)view->age_ms / 1000.0;
}

static double ping_of(const struct push_connection_view *view)
{
    return view->ping_ms < 0 ? -1.0 : (double)view->ping_ms / 1000.0;
}

static size_t find_connections(struct push_sender *push,
                               struct push_connection_view views_r[PUSH_CONNECTION_VIEWS_MAX])
{
    size_t count = push_sender_connections(push, views_r, PUSH_CONNECTION_VIEWS_MAX);
    return count < PUSH_CONNECTION_VIEWS_MAX ? count : PUSH_CONNECTION_VIEWS_MAX;
}

static void add_push_connections(struct text_sink *sink, struct push_sender *push)
{
    struct push_connection_view views[PUSH_CONNECTION_VIEWS_MAX];
    size_t count = find_connections(push, views);
    add_connection_gauge(sink, "state", "0 connecting, 1 open, 2 draining.", views, count,
                         state_of);
    add_connection_gauge(sink, "in_flight", "Requests without an answer yet.", views, count,
                         in_flight_of);
    add_connection_gauge(sink, "streams_max", "The peer's present limit.", views, count,
                         streams_max_of);
    add_connection_gauge(sink, "age_seconds", "Since it was opened.", views, count, age_of);
    add_connection_gauge(sink, "ping_seconds", "The last round trip; -1: none yet.", views, count,
                         ping_of);
}

static void add_push(struct text_sink *sink, struct push_sender *push)
{
    struct push_statistics statistics[PUSH_PROVIDERS_COUNT];
    for (int p = 0; p < PUSH_PROVIDERS_COUNT; p++) {
        push_sender_statistics(push, (enum push_provider)p, &statistics[p]);
    }
    add_push_counters(sink, statistics);
    add_push_gauges(sink, statistics);
    add_push_latency(sink, statistics);
    add_push_connections(sink, push);
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

static void add_endpoints(struct text_sink *sink, struct telephony *telephony)
{
    struct telephony_health healths[TELEPHONY_ENDPOINTS_MAX];
    size_t count = telephony_healths(telephony, NULL, healths);
    struct monotonic_time now = clock_monotonic(&clock_system);
    add(sink, "# HELP astreinte_callback_failing_seconds Since the endpoint's first failure after "
              "its last delivery; 0: it does not fail.\n"
              "# TYPE astreinte_callback_failing_seconds gauge\n");
    for (size_t i = 0; i < count; i++) {
        add(sink, "astreinte_callback_failing_seconds{endpoint=\"%s\"} %.3f\n", healths[i].endpoint,
            (double)telephony_health_failing_ms(&healths[i], now) / 1000.0);
    }
}

static void add_supervision(struct text_sink *sink, struct metrics *metrics)
{
    struct heartbeat *heartbeat = metrics->heartbeat;
    add(sink,
        "# HELP astreinte_self_check_passing Whether the last self-check passed.\n"
        "# TYPE astreinte_self_check_passing gauge\nastreinte_self_check_passing %d\n",
        atomic_load(&metrics->self_check->verdict) == SELF_CHECK_PASSED);
    add(sink,
        "# HELP astreinte_heartbeats_total Heartbeats to the outside by what became of them.\n"
        "# TYPE astreinte_heartbeats_total counter\n"
        "astreinte_heartbeats_total{outcome=\"delivered\"} %" PRIu64 "\n"
        "astreinte_heartbeats_total{outcome=\"failed\"} %" PRIu64 "\n"
        "astreinte_heartbeats_total{outcome=\"withheld\"} %" PRIu64 "\n",
        atomic_load(&heartbeat->delivered), atomic_load(&heartbeat->failed),
        atomic_load(&heartbeat->withheld));
}

/* The sink writes into the buffer, which the checker does not see. */
static size_t append_metrics(void *context,
                             char *buffer, /* NOLINT(readability-non-const-parameter) */
                             size_t buffer_bytes)
{
    struct metrics *metrics = context;
    struct text_sink sink = {.text = buffer, .bytes_max = buffer_bytes};
    add_supervision(&sink, metrics);
    if (metrics->push != NULL) {
        add_push(&sink, metrics->push);
    }
    if (metrics->telephony != NULL) {
        add_telephony(&sink, metrics->telephony);
        add_endpoints(&sink, metrics->telephony);
    }
    if (metrics->backups != NULL) {
        sink.used +=
            backups_metrics(metrics->backups, sink.text + sink.used, sink.bytes_max - sink.used);
    }
    return sink.used;
}

static size_t finished(const struct json_writer *json)
{
    return json_writer_overflowed(json) ? 0 : json_writer_bytes(json);
}

static void write_health(struct json_writer *json, const struct telephony_health *health)
{
    json_member_text(json, "health", telephony_health_text(health));
    json_member_time(json, "failing_since", health->failing_since.wall);
    json_member_time(json, "delivered_at", health->delivered_at.wall);
    json_member_text(json, "reason", health->reason[0] != '\0' ? health->reason : NULL);
}

/* By the name of its section, which no provider has. */
static void write_endpoints_by_name(struct json_writer *json, struct telephony *telephony)
{
    struct telephony_health healths[TELEPHONY_ENDPOINTS_MAX];
    size_t count = telephony_healths(telephony, NULL, healths);
    for (size_t i = 0; i < count; i++) {
        char name[sizeof "endpoint." + SLUG_BYTES_MAX];
        (void)snprintf(name, sizeof name, "endpoint.%s", healths[i].endpoint);
        json_name(json, name);
        json_object_begin(json);
        write_health(json, &healths[i]);
        json_object_end(json);
    }
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
        json_name(&json, name_of(p));
        json_object_begin(&json);
        json_member_text(&json, "health", push_health_text(statistics.health));
        json_member_time(&json, "down_since", statistics.down_since);
        json_object_end(&json);
    }
    if (metrics->telephony != NULL) {
        write_endpoints_by_name(&json, metrics->telephony);
    }
    json_object_end(&json);
    return finished(&json);
}

static void write_connection(struct json_writer *json, const struct push_connection_view *view)
{
    json_object_begin(json);
    json_member_text(json, "account", view->account);
    json_member_text(json, "host", view->host);
    json_member_text(json, "address", view->address);
    json_member_text(json, "state",
                     view->draining ? "draining"
                     : view->open   ? "open"
                                    : "connecting");
    json_member_int(json, "in_flight", view->in_flight);
    json_member_int(json, "streams_max", view->streams_max);
    json_member_int(json, "answered", (int64_t)view->answered);
    json_member_int(json, "age_ms", view->age_ms);
    json_member_known_int(json, "ping_ms", view->ping_ms);
    json_object_end(json);
}

static void write_provider(struct json_writer *json, enum push_provider provider,
                           const struct push_statistics *statistics,
                           const struct push_connection_view *views, size_t views_count)
{
    json_object_begin(json);
    json_member_text(json, "provider", push_provider_text(provider));
    json_member_text(json, "health", push_health_text(statistics->health));
    json_member_time(json, "down_since", statistics->down_since);
    json_member_int(json, "waiting", (int64_t)statistics->jobs_inside);
    json_member_int(json, "clock_skew_ms", statistics->clock_skew_ms);
    json_name(json, "outcomes");
    json_object_begin(json);
    for (int o = 0; o < PUSH_OUTCOMES_COUNT; o++) {
        json_member_int(json, push_outcome_text((enum push_outcome)o),
                        (int64_t)statistics->outcomes[o]);
    }
    json_object_end(json);
    json_name(json, "connections");
    json_array_begin(json);
    for (size_t i = 0; i < views_count; i++) {
        if (views[i].provider == provider) {
            write_connection(json, &views[i]);
        }
    }
    json_array_end(json);
    json_object_end(json);
}

static void write_endpoints(struct json_writer *json, struct telephony *telephony)
{
    struct telephony_health healths[TELEPHONY_ENDPOINTS_MAX];
    size_t count = telephony_healths(telephony, NULL, healths);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(json);
        json_member_text(json, "provider", "telephony");
        json_member_text(json, "endpoint", healths[i].endpoint);
        write_health(json, &healths[i]);
        json_object_end(json);
    }
}

static size_t list_providers(void *context, char *buffer, size_t buffer_bytes)
{
    const struct metrics *metrics = context;
    struct push_connection_view views[PUSH_CONNECTION_VIEWS_MAX];
    size_t views_count = metrics->push != NULL ? find_connections(metrics->push, views) : 0;
    struct json_writer json;
    json_writer_init(&json, buffer, buffer_bytes);
    json_object_begin(&json);
    json_name(&json, "items");
    json_array_begin(&json);
    for (int p = 0; p < PUSH_PROVIDERS_COUNT && metrics->push != NULL; p++) {
        struct push_statistics statistics;
        push_sender_statistics(metrics->push, (enum push_provider)p, &statistics);
        write_provider(&json, (enum push_provider)p, &statistics, views, views_count);
    }
    if (metrics->telephony != NULL) {
        write_endpoints(&json, metrics->telephony);
    }
    json_array_end(&json);
    json_name(&json, "next_cursor");
    json_null_value(&json);
    json_object_end(&json);
    return finished(&json);
}

/* Why the gateway is not ready; what the engine says of itself stands there already. */
static size_t readiness(void *context, const char **reasons_r, size_t reasons_max)
{
    const struct metrics *metrics = context;
    const char *fault = atomic_load(&metrics->self_check->fault);
    bool stuck = atomic_load(&metrics->self_check->verdict) == SELF_CHECK_STUCK;
    if (reasons_max == 0 || !stuck || fault == NULL) {
        return 0;
    }
    reasons_r[0] = fault;
    return 1;
}

static bool public_key_is_valid(void *context, const uint8_t *public_key)
{
    (void)context;
    return push_public_key_is_valid(public_key);
}

static bool endpoint_is_known(void *context, const char *name)
{
    const struct metrics *metrics = context;
    struct telephony_health healths[TELEPHONY_ENDPOINTS_MAX];
    size_t count =
        metrics->telephony != NULL ? telephony_healths(metrics->telephony, NULL, healths) : 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(healths[i].endpoint, name) == 0) {
            return true;
        }
    }
    return count == 0;
}

struct admin_api_hooks metrics_hooks(struct metrics *metrics)
{
    return (struct admin_api_hooks){.append_metrics = append_metrics,
                                    .readiness = readiness,
                                    .providers = providers,
                                    .list_providers = list_providers,
                                    .public_key_is_valid = public_key_is_valid,
                                    .endpoint_is_known = endpoint_is_known,
                                    .context = metrics};
}
