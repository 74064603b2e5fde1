/* The commands about a provider's server: what happens below HTTP. */
#include "tests/support/provider/control.h"

#include <string.h>

#include "tests/support/provider/control_rules.h"

#define WINDOW_BYTES_MAX 1048576
#define SPLIT_BYTES_MAX  16384

static enum status set_down(struct simulator *simulator, struct json_reader *reader,
                            enum provider provider, struct error *error)
{
    bool down = json_take_bool(reader, "down", false);
    return json_reader_end(reader) != STATUS_OK
               ? STATUS_OK
               : http2_server_set_down(simulator->servers[provider], down, error);
}

static enum status set_frozen(struct simulator *simulator, struct json_reader *reader,
                              enum provider provider, struct error *error)
{
    bool frozen = json_take_bool(reader, "freeze", false);
    (void)error;
    return json_reader_end(reader) != STATUS_OK
               ? STATUS_OK
               : http2_server_set_frozen(simulator->servers[provider], frozen);
}

static enum status set_streams(struct simulator *simulator, struct json_reader *reader,
                               enum provider provider, struct error *error)
{
    int64_t streams = json_take_int(reader, "max_streams", true, 0, HTTP2_STREAMS_MAX, 0);
    (void)error;
    if (json_reader_end(reader) == STATUS_OK) {
        http2_server_set_streams(simulator->servers[provider], (unsigned)streams);
    }
    return STATUS_OK;
}

static enum status set_window(struct simulator *simulator, struct json_reader *reader,
                              enum provider provider, struct error *error)
{
    int64_t bytes = json_take_int(reader, "window_bytes", true, 0, WINDOW_BYTES_MAX, 0);
    int64_t delay_ms = json_take_int(reader, "update_delay_ms", false, 0, CONTROL_DELAY_MS_MAX, 0);
    (void)error;
    if (json_reader_end(reader) == STATUS_OK) {
        http2_server_set_window(simulator->servers[provider], (uint32_t)bytes, delay_ms);
    }
    return STATUS_OK;
}

static enum status set_arrivals(struct simulator *simulator, struct json_reader *reader,
                                enum provider provider, struct error *error)
{
    enum http2_arrivals arrivals =
        (enum http2_arrivals)json_take_word(reader, "arrivals", true, http2_arrivals_words, 0);
    return json_reader_end(reader) != STATUS_OK
               ? STATUS_OK
               : http2_server_set_arrivals(simulator->servers[provider], arrivals, error);
}

static enum status use_tls(struct simulator *simulator, enum provider provider,
                           enum tls_fault fault, struct error *error)
{
    SSL_CTX *tls;
    enum status status = tls_faults_context(simulator->tls_faults, fault, &tls, error);
    if (status == STATUS_OK) {
        http2_server_set_tls(simulator->servers[provider], tls);
    }
    return status;
}

static enum status set_tls(struct simulator *simulator, struct json_reader *reader,
                           enum provider provider, struct error *error)
{
    enum tls_fault fault =
        (enum tls_fault)json_take_word(reader, "tls", true, tls_fault_words, TLS_FAULT_GOOD);
    return json_reader_end(reader) != STATUS_OK ? STATUS_OK
                                                : use_tls(simulator, provider, fault, error);
}

static enum status set_habits(struct simulator *simulator, struct json_reader *reader,
                              enum provider provider, struct error *error)
{
    struct http2_habits *habits = http2_server_habits(simulator->servers[provider]);
    struct http2_habits wanted = {
        .pings_ignored = json_take_bool(reader, "pings_ignored", habits->pings_ignored),
        .split_bytes = (size_t)json_take_int(reader, "split_bytes", false, 0, SPLIT_BYTES_MAX,
                                             (int64_t)habits->split_bytes),
        .answer_delay_ms = json_take_int(reader, "answer_delay_ms", false, 0, CONTROL_DELAY_MS_MAX,
                                         habits->answer_delay_ms),
    };
    (void)error;
    if (json_reader_end(reader) == STATUS_OK) {
        *habits = wanted;
    }
    return STATUS_OK;
}

static enum status go_away(struct simulator *simulator, struct json_reader *reader,
                           enum provider provider, struct error *error)
{
    char debug[SCRIPT_TEXT_BYTES_MAX + 1];
    bool now = json_take_bool(reader, "goaway", false);
    bool notice = json_take_bool(reader, "notice", false);
    (void)error;
    control_take_debug(reader, debug);
    if (json_reader_end(reader) == STATUS_OK && now) {
        http2_server_go_away(simulator->servers[provider], debug, notice);
    }
    return STATUS_OK;
}

static enum status plan_goaway(struct simulator *simulator, struct json_reader *reader,
                               enum provider provider, struct error *error)
{
    int64_t every = json_take_int(reader, "goaway_at", true, 0, CONTROL_COUNT_MAX, 0);
    struct goaway_plan plan = {
        .left = (uint64_t)every,
        .every = (uint64_t)every,
        .times = json_take_int(reader, "count", false, 1, CONTROL_COUNT_MAX, 1),
    };
    (void)error;
    control_take_debug(reader, plan.debug);
    if (json_reader_end(reader) == STATUS_OK) {
        simulator->goaways[provider] = plan;
    }
    return STATUS_OK;
}

/* The member that makes a line this command. */
static const struct {
    const char *member;
    enum status (*obey)(struct simulator *simulator, struct json_reader *reader,
                        enum provider provider, struct error *error);
} commands[] = {
    {"down", set_down},
    {"freeze", set_frozen},
    {"max_streams", set_streams},
    {"window_bytes", set_window},
    {"arrivals", set_arrivals},
    {"tls", set_tls},
    {"pings_ignored", set_habits},
    {"split_bytes", set_habits},
    {"answer_delay_ms", set_habits},
    {"goaway", go_away},
    {"goaway_at", plan_goaway},
};

bool control_server_command(struct simulator *simulator, struct json_reader *reader,
                            enum provider provider)
{
    struct error error = {0};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (json_reader_has(reader, commands[i].member)) {
            enum status status = commands[i].obey(simulator, reader, provider, &error);
            if (status != STATUS_OK) {
                json_reader_fault(reader, commands[i].member, "%s %s", status_text(status),
                                  error.text);
            }
            return true;
        }
    }
    return false;
}

enum status control_reset(struct simulator *simulator, struct error *error)
{
    enum status status = STATUS_OK;
    for (int i = 0; status == STATUS_OK && i < PROVIDERS_COUNT; i++) {
        struct http2_server *server = simulator->servers[i];
        *http2_server_habits(server) = (struct http2_habits){0};
        http2_server_set_streams(server, simulator->streams_at_start[i]);
        http2_server_set_window(server, 0, 0);
        status = http2_server_set_frozen(server, false);
        if (status == STATUS_OK) {
            status = http2_server_set_down(server, false, error);
        }
        if (status == STATUS_OK) {
            status = http2_server_set_arrivals(server, HTTP2_ARRIVALS_SERVE, error);
        }
        if (status == STATUS_OK) {
            status = use_tls(simulator, (enum provider)i, TLS_FAULT_GOOD, error);
        }
    }
    return status;
}
