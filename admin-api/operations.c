/* operations.c - health, readiness, counters, and the description of this API. */
#include <stdio.h>
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/nightly.h"
#include "schema/schema.h"

#define METRICS_BYTES_MAX        ((size_t)256 * 1024)
#define PROVIDERS_LIST_BYTES_MAX ((size_t)64 * 1024)
#define PROVIDERS_BYTES_MAX      ((size_t)32 * 1024) /* with as many endpoints as there may be */

const int64_t duration_bucket_ms[DURATION_BUCKETS - 1] = {1, 5, 10, 50, 100, 500, 1000};

static const char *const lane_names[LANES_COUNT] = {
    [LANE_ACKNOWLEDGMENT] = "acknowledgment",
    [LANE_OUTCOME] = "outcome",
    [LANE_NEW] = "new",
    [LANE_ADMINISTRATION] = "administration",
};

static const size_t lane_slots[LANES_COUNT] = {
    [LANE_ACKNOWLEDGMENT] = LANE_ACKNOWLEDGMENT_SLOTS,
    [LANE_OUTCOME] = LANE_OUTCOME_SLOTS,
    [LANE_NEW] = LANE_NEW_SLOTS,
    [LANE_ADMINISTRATION] = LANE_ADMINISTRATION_SLOTS,
};

enum next operations_health(struct exchange *exchange)
{
    static const char alive[] = "{\"status\":\"ok\"}";
    return reply_json(exchange, 200, alive, sizeof alive - 1);
}

enum next operations_openapi(struct exchange *exchange)
{
    return reply_json(exchange, 200, schema_openapi_json, schema_openapi_json_bytes);
}

/* ---- ready ---- */

struct readiness {
    struct engine_statistics statistics;
    const char *reasons[READINESS_REASONS_MAX];
    size_t reasons_count;
    const char *providers; /* JSON, or NULL */
};

static void write_readiness(struct json_writer *json, void *context)
{
    const struct readiness *readiness = context;
    json_object_begin(json);
    json_member_bool(json, "ready", readiness->reasons_count == 0);
    json_name(json, "reasons");
    json_array_begin(json);
    for (size_t i = 0; i < readiness->reasons_count; i++) {
        json_text(json, readiness->reasons[i]);
    }
    json_array_end(json);
    json_name(json, "lanes");
    json_object_begin(json);
    for (int i = 0; i < LANES_COUNT; i++) {
        json_name(json, lane_names[i]);
        json_object_begin(json);
        json_member_int(json, "waiting", (int64_t)readiness->statistics.lane_length[i]);
        json_member_int(json, "slots", (int64_t)lane_slots[i]);
        json_object_end(json);
    }
    json_object_end(json);
    json_member_int(json, "open_escalations", readiness->statistics.open_escalations);
    json_member_int(json, "overdue_ms", readiness->statistics.overdue_ms);
    json_member_raw(json, "providers", readiness->providers != NULL ? readiness->providers : "{}");
    json_object_end(json);
}

enum next providers_list(struct exchange *exchange)
{
    static const char *const no_parameters[] = {NULL};
    static const char none[] = "{\"items\":[],\"next_cursor\":null}";
    const struct admin_api_hooks *hooks = &exchange->api->hooks;
    if (!query_check(exchange, no_parameters)) {
        return NEXT_ANSWER;
    }
    char *text = arena_alloc(exchange->arena, PROVIDERS_LIST_BYTES_MAX);
    size_t bytes = text != NULL && hooks->list_providers != NULL
                       ? hooks->list_providers(hooks->context, text, PROVIDERS_LIST_BYTES_MAX)
                       : 0;
    return bytes > 0 ? reply_json(exchange, 200, text, bytes)
                     : reply_json(exchange, 200, none, sizeof none - 1);
}

static void add_reason(struct readiness *readiness, const char *reason)
{
    if (readiness->reasons_count < READINESS_REASONS_MAX) {
        readiness->reasons[readiness->reasons_count++] = reason;
    }
}

enum next operations_ready(struct exchange *exchange)
{
    struct admin_api *api = exchange->api;
    struct readiness readiness = {0};
    engine_statistics(api->engine, &readiness.statistics);
    if (!readiness.statistics.ready) {
        add_reason(&readiness, readiness.statistics.not_ready_why != NULL
                                   ? readiness.statistics.not_ready_why
                                   : "the engine takes no new escalations");
    }
    if (readiness.statistics.lane_length[LANE_NEW] >= LANE_NEW_SLOTS) {
        add_reason(&readiness, "the lane of new escalations is full");
    }
    if (api->hooks.readiness != NULL) {
        readiness.reasons_count +=
            api->hooks.readiness(api->hooks.context, readiness.reasons + readiness.reasons_count,
                                 READINESS_REASONS_MAX - readiness.reasons_count);
    }
    if (api->hooks.providers != NULL) {
        char *text = arena_alloc(exchange->arena, PROVIDERS_BYTES_MAX);
        if (text != NULL &&
            api->hooks.providers(api->hooks.context, text, PROVIDERS_BYTES_MAX) > 0) {
            readiness.providers = text;
        }
    }
    (void)reply_view(exchange, write_readiness, &readiness);
    if (readiness.reasons_count > 0 && exchange->http_status == 200) {
        exchange->http_status = 503;
        exchange->retry_after_s = RETRY_AFTER_S;
    }
    return NEXT_ANSWER;
}

/* ---- metrics ---- */

struct page {
    char *text;
    size_t bytes;
};

static void add(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = METRICS_BYTES_MAX - page->bytes;
    int wrote = vsnprintf(page->text + page->bytes, room, format, arguments);
    va_end(arguments);
    if (wrote > 0 && (size_t)wrote < room) {
        page->bytes += (size_t)wrote;
    } else {
        page->text[page->bytes] = '\0'; /* half a line would break the page */
    }
}

static void add_counter(struct page *page, const char *name, const char *help, uint64_t value)
{
    add(page, "# HELP astreinte_%s %s\n# TYPE astreinte_%s counter\nastreinte_%s %llu\n", name,
        help, name, name, (unsigned long long)value);
}

static void add_gauge(struct page *page, const char *name, const char *help, int64_t value)
{
    add(page, "# HELP astreinte_%s %s\n# TYPE astreinte_%s gauge\nastreinte_%s %lld\n", name, help,
        name, name, (long long)value);
}

static const char *const command_names[COMMANDS_COUNT] = {
    [COMMAND_ESCALATE] = "escalate",
    [COMMAND_DESK_VERB] = "desk_verb",
    [COMMAND_TASK_DONE] = "task_done",
    [COMMAND_AGENT_VERB] = "agent_verb",
    [COMMAND_USE_ENROLMENT] = "use_enrolment",
    [COMMAND_PUT_DEVICE] = "put_device",
    [COMMAND_DELETE_DEVICE] = "delete_device",
    [COMMAND_TEST_DEVICE] = "test_device",
    [COMMAND_CONFIRM_TEST] = "confirm_test",
    [COMMAND_HEAR_DEVICE] = "hear_device",
    [COMMAND_CHECK_IN] = "check_in",
    [COMMAND_CHECK_OUT] = "check_out",
    [COMMAND_PAUSE] = "pause",
    [COMMAND_SIGN_IN] = "sign_in",
    [COMMAND_SIGN_OUT] = "sign_out",
    [COMMAND_CALL_OUTCOME] = "call_outcome",
    [COMMAND_TRANSPORT_OUTCOME] = "transport_outcome",
    [COMMAND_TRANSPORT_DELAYED] = "transport_delayed",
    [COMMAND_FORWARDED_CALL] = "forwarded_call",
    [COMMAND_TICKET_VERB] = "ticket_verb",
    [COMMAND_PUT_CUSTOMER] = "put_customer",
    [COMMAND_PUT_HOLIDAYS] = "put_holidays",
    [COMMAND_PUT_PERSON] = "put_person",
    [COMMAND_PUT_PROCEDURE] = "put_procedure",
    [COMMAND_PUT_ROTA] = "put_rota",
    [COMMAND_PUT_RULES] = "put_rules",
    [COMMAND_PUT_CHECK_IN_PLAN] = "put_check_in_plan",
    [COMMAND_DELETE_CHECK_IN_PLAN] = "delete_check_in_plan",
    [COMMAND_ADD_ENROLMENT] = "add_enrolment",
    [COMMAND_ADD_SHARED_PHONE] = "add_shared_phone",
    [COMMAND_REVOKE_SHARED_PHONE] = "revoke_shared_phone",
    [COMMAND_PUT_PIN] = "put_pin",
    [COMMAND_ADD_API_KEY] = "add_api_key",
    [COMMAND_REVOKE_API_KEY] = "revoke_api_key",
    [COMMAND_ADD_FEED] = "add_feed",
    [COMMAND_REVOKE_FEED] = "revoke_feed",
    [COMMAND_PUBLISH] = "publish",
    [COMMAND_SEE_PUBLICATION] = "see_publication",
    [COMMAND_FETCH_PUBLICATION] = "fetch_publication",
    [COMMAND_KEEP_COVERAGE] = "keep_coverage",
    [COMMAND_COVERAGE_TOLD] = "coverage_told",
    [COMMAND_DEADLINE] = "deadline",
    [COMMAND_CONTEXT_CHANGED] = "context_changed",
    [COMMAND_QUARANTINE] = "quarantine",
    [COMMAND_ALARM] = "alarm",
    [COMMAND_CLOCK_MOVED] = "clock_moved",
    [COMMAND_PROBE] = "probe",
    [COMMAND_SHIFT_DUE] = "shift_due",
    [COMMAND_SHIFT_WITHDRAWN] = "shift_withdrawn",
    [COMMAND_SHIFT_PROBE] = "shift_probe",
};

static void add_lateness(struct page *page, const struct engine_statistics *statistics)
{
    static const char *const ends[8] = {"0.001", "0.005", "0.01", "0.05",
                                        "0.1",   "0.5",   "1",    "+Inf"};
    uint64_t sum = 0;
    add(page, "# HELP astreinte_deadline_lateness_seconds How late deadlines were met.\n"
              "# TYPE astreinte_deadline_lateness_seconds histogram\n");
    for (int i = 0; i < 8; i++) {
        sum += statistics->lateness_buckets[i];
        add(page, "astreinte_deadline_lateness_seconds_bucket{le=\"%s\"} %llu\n", ends[i],
            (unsigned long long)sum);
    }
    add(page, "astreinte_deadline_lateness_seconds_count %llu\n", (unsigned long long)sum);
}

static void add_engine(struct page *page, const struct engine_statistics *statistics)
{
    add(page, "# HELP astreinte_commands_total Commands the writer did.\n"
              "# TYPE astreinte_commands_total counter\n");
    for (int i = 0; i < COMMANDS_COUNT; i++) {
        add(page, "astreinte_commands_total{type=\"%s\"} %llu\n", command_names[i],
            (unsigned long long)statistics->commands[i]);
    }
    add_counter(page, "commits_total", "Transactions committed.", statistics->commits);
    add_counter(page, "commands_failed_total", "Commands that failed.",
                statistics->commands_failed);
    add_counter(page, "escalations_opened_total", "Escalations opened.",
                statistics->escalations_opened);
    add_counter(page, "deadlines_fired_total", "Deadlines met.", statistics->deadlines_fired);
    add_counter(page, "attempts_sent_total", "Attempts handed over.", statistics->attempts_sent);
    add_counter(page, "alarms_total", "Alarms raised.", statistics->alarms);
    add_gauge(page, "open_escalations", "Escalations not closed.", statistics->open_escalations);
    add_gauge(page, "overdue_milliseconds", "How far behind the oldest due row is.",
              statistics->overdue_ms);
    add_gauge(page, "deadline_lateness_milliseconds_max", "The latest deadline since the start.",
              statistics->lateness_ms_max);
    add_gauge(page, "push_credits_used", "Pushes in flight.",
              (int64_t)statistics->credits_push_used);
    add_gauge(page, "callback_credits_used", "Callbacks in flight.",
              (int64_t)statistics->credits_callback_used);
    add_gauge(page, "calls_used", "Telephone calls in flight.", (int64_t)statistics->calls_used);
    add_gauge(page, "disk_full", "Whether only the open escalations may write.",
              statistics->disk_full ? 1 : 0);
    add_gauge(page, "reserve_bytes", "What is to be kept of the disk for them.",
              statistics->reserve_bytes);
    add_gauge(page, "reserve_held_bytes", "What of it is kept now.",
              statistics->reserve_held_bytes);
    add_gauge(page, "ready", "Whether new escalations are taken.", statistics->ready ? 1 : 0);
    add(page, "# HELP astreinte_lane_length Commands waiting in the mailbox.\n"
              "# TYPE astreinte_lane_length gauge\n");
    for (int i = 0; i < LANES_COUNT; i++) {
        add(page, "astreinte_lane_length{lane=\"%s\"} %zu\n", lane_names[i],
            statistics->lane_length[i]);
    }
    add_lateness(page, statistics);
}

static void add_http_answers(struct page *page, struct counters *counters)
{
    add(page, "# HELP astreinte_http_requests_total Requests answered.\n"
              "# TYPE astreinte_http_requests_total counter\n");
    const struct route *routes = admin_api_routes();
    for (size_t i = 0; routes[i].method != NULL; i++) {
        for (int hundreds = 0; hundreds < 5; hundreds++) {
            uint64_t count = atomic_load(&counters->answers[i][hundreds]);
            if (count > 0) {
                add(page,
                    "astreinte_http_requests_total{method=\"%s\",route=\"%s\",status=\"%dxx\"} "
                    "%llu\n",
                    routes[i].method, routes[i].pattern, hundreds + 1, (unsigned long long)count);
            }
        }
    }
    for (int hundreds = 0; hundreds < 5; hundreds++) {
        uint64_t count = atomic_load(&counters->unrouted[hundreds]);
        if (count > 0) {
            add(page,
                "astreinte_http_requests_total{method=\"\",route=\"\",status=\"%dxx\"} %llu\n",
                hundreds + 1, (unsigned long long)count);
        }
    }
}

static void add_http_durations(struct page *page, struct counters *counters)
{
    uint64_t sum = 0;
    add(page, "# HELP astreinte_http_request_duration_seconds From request line to answer.\n"
              "# TYPE astreinte_http_request_duration_seconds histogram\n");
    for (int i = 0; i < DURATION_BUCKETS; i++) {
        sum += atomic_load(&counters->durations[i]);
        if (i < DURATION_BUCKETS - 1) {
            add(page, "astreinte_http_request_duration_seconds_bucket{le=\"%g\"} %llu\n",
                (double)duration_bucket_ms[i] / 1000.0, (unsigned long long)sum);
        } else {
            add(page, "astreinte_http_request_duration_seconds_bucket{le=\"+Inf\"} %llu\n",
                (unsigned long long)sum);
        }
    }
    add(page, "astreinte_http_request_duration_seconds_sum %g\n",
        (double)atomic_load(&counters->duration_ms_sum) / 1000.0);
    add(page, "astreinte_http_request_duration_seconds_count %llu\n", (unsigned long long)sum);
}

static void add_http(struct page *page, struct admin_api *api)
{
    size_t post_again;
    size_t waiting = waiting_count(api, &post_again);
    add_http_answers(page, &api->counters);
    add_http_durations(page, &api->counters);
    add_counter(page, "http_connections_cut_total", "Connections cut at their deadline.",
                atomic_load(&api->counters.connections_cut));
    add_counter(page, "http_callers_turned_away_total",
                "Connections closed at once: no file descriptor was left.",
                atomic_load(&api->counters.callers_turned_away));
    add_counter(page, "http_deadlines_passed_total", "Requests answered 503 at their deadline.",
                atomic_load(&api->counters.deadlines_passed));
    add_counter(page, "http_framing_refused_total", "Requests with doubtful framing.",
                atomic_load(&api->counters.framing_refused));
    add_gauge(page, "http_requests_waiting", "Suspended requests.", (int64_t)waiting);
    add_gauge(page, "http_requests_waiting_for_room", "Of these, waiting for a full lane.",
              (int64_t)post_again);
    add_gauge(page, "http_streams", "Live streams.", (int64_t)streams_count(api));
}

enum next operations_metrics(struct exchange *exchange)
{
    struct admin_api *api = exchange->api;
    struct engine_statistics statistics;
    struct page page = {arena_alloc(exchange->arena, METRICS_BYTES_MAX), 0};
    if (page.text == NULL) {
        return reply_problem(exchange, STATUS_NO_MEMORY, NULL, NULL);
    }
    engine_statistics(api->engine, &statistics);
    add_engine(&page, &statistics);
    add_http(&page, api);
    page.bytes +=
        nightly_metrics(api->nightly, page.text + page.bytes, METRICS_BYTES_MAX - page.bytes);
    if (api->hooks.append_metrics != NULL) {
        size_t wrote = api->hooks.append_metrics(api->hooks.context, page.text + page.bytes,
                                                 METRICS_BYTES_MAX - page.bytes);
        page.bytes += wrote < METRICS_BYTES_MAX - page.bytes ? wrote : 0;
    }
    exchange->answer_type = "text/plain; version=0.0.4; charset=utf-8";
    return reply_json(exchange, 200, page.text, page.bytes);
}
