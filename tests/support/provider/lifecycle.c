#include "tests/support/provider/lifecycle.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/json_writer.h"
#include "gateway/base/log.h"
#include "tests/support/provider/access_tokens.h"
#include "tests/support/provider/control.h"

#define READY_BYTES_MAX 8192
#define PATH_BYTES_MAX  (IDENTITY_PATH_BYTES + 32)

/* What exists only while simulator_serve() runs. */
struct lifecycle {
    struct event_source signals; /* first */
    struct simulator simulator;
};

static void on_signal(struct event_source *source, uint32_t events)
{
    struct lifecycle *lifecycle = (struct lifecycle *)source;
    (void)events;
    event_loop_stop(lifecycle->simulator.loop);
}

static void turn_begin(void *context)
{
    struct simulator *simulator = context;
    simulator->now.ms = clock_wall(&clock_system).ms + simulator->clock_offset_ms;
}

static int64_t turn_end(void *context)
{
    struct simulator *simulator = context;
    int64_t wait_ms = INT64_MAX;
    for (int i = 0; i < PROVIDERS_COUNT; i++) {
        int64_t due_ms = http2_server_run_due(simulator->servers[i]);
        wait_ms = due_ms < wait_ms ? due_ms : wait_ms;
    }
    if (received_log_flush(simulator->log) != STATUS_OK) {
        (void)error_set(&simulator->failure, STATUS_IO, "the received log cannot be written");
        event_loop_stop(simulator->loop);
    }
    int64_t now_s = clock_monotonic(&clock_system).ms / 1000;
    bool tick = now_s != simulator->tick_s;
    simulator->tick_s = now_s;
    for (int i = 0; i < PROVIDERS_COUNT; i++) {
        if (tick) {
            http2_server_tick(simulator->servers[i]);
        }
        if (http2_server_flush(simulator->servers[i])) {
            wait_ms = 0;
        }
    }
    return wait_ms;
}

static enum status watch_signals(struct lifecycle *lifecycle, struct error *error)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return error_set(error, STATUS_IO, "signals: %s", strerror(errno));
    }
    lifecycle->signals.fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    lifecycle->signals.ready = on_signal;
    if (lifecycle->signals.fd < 0 ||
        event_loop_watch(lifecycle->simulator.loop, &lifecycle->signals, EPOLLIN) != STATUS_OK) {
        return error_set(error, STATUS_IO, "signalfd: %s", strerror(errno));
    }
    return STATUS_OK;
}

static enum status start_servers(struct simulator *simulator, struct error *error)
{
    static void (*const services[PROVIDERS_COUNT])(struct simulator *, struct http2_service *) = {
        apns_service, fcm_service, oauth_service, webpush_service};
    for (int i = 0; i < PROVIDERS_COUNT; i++) {
        struct http2_service service;
        struct http2_server_options options = {
            .port = simulator->settings.ports[i],
            .window_bytes = (uint32_t)simulator->settings.window_bytes,
            .idle_timeout_s = simulator->settings.idle_timeout_s,
        };
        services[i](simulator, &service);
        enum status status = http2_server_create(simulator->loop, simulator->identity.tls, &service,
                                                 &options, &simulator->servers[i], error);
        if (status != STATUS_OK) {
            return error_wrap(error, status, "%s", provider_text((enum provider)i));
        }
        simulator->streams_at_start[i] = service.streams_max;
    }
    return STATUS_OK;
}

static enum status write_service_account(struct simulator *simulator, struct error *error)
{
    (void)snprintf(simulator->client_email, sizeof simulator->client_email,
                   "gateway@%.80s.iam.gserviceaccount.com", simulator->settings.project);
    if (simulator->settings.token_uri != NULL) {
        (void)snprintf(simulator->token_uri, sizeof simulator->token_uri, "%s",
                       simulator->settings.token_uri);
    } else {
        (void)snprintf(simulator->token_uri, sizeof simulator->token_uri,
                       "https://localhost:%u/token",
                       http2_server_port(simulator->servers[PROVIDER_OAUTH]));
    }
    struct service_account account = {simulator->settings.project, simulator->client_email,
                                      simulator->token_uri};
    return tls_identity_write_service_account(&simulator->identity, &account, error);
}

static enum status write_ready_file(const struct simulator *simulator, const char *path,
                                    const char *control_path, struct error *error)
{
    char text[READY_BYTES_MAX];
    const struct simulator_settings *settings = &simulator->settings;
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    for (int i = 0; i < PROVIDERS_COUNT; i++) {
        json_member_int(&json, provider_text((enum provider)i),
                        http2_server_port(simulator->servers[i]));
    }
    json_member_text(&json, "ca", simulator->identity.ca_path);
    json_member_text(&json, "apns_key", simulator->identity.apns_key_path);
    json_member_text(&json, "apns_key_id", settings->apns_key_id);
    json_member_text(&json, "apns_team_id", settings->apns_team_id);
    json_member_text(&json, "apns_client_cert", simulator->identity.client_path);
    json_member_text(&json, "apns_client_key", simulator->identity.client_key_path);
    json_member_text(&json, "apns_topic", settings->apns_topic);
    json_member_text(&json, "service_account", simulator->identity.service_account_path);
    json_member_text(&json, "project", settings->project);
    json_member_text(&json, "control", control_path);
    json_member_int(&json, "pid", getpid());
    json_object_end(&json);
    if (json_writer_overflowed(&json)) {
        return error_set(error, STATUS_TOO_LARGE, "%s", path);
    }
    return file_write_atomically(path, text, json_writer_bytes(&json), 0600, error);
}

static enum status start(struct lifecycle *lifecycle, const char *log_path, struct error *error)
{
    struct simulator *simulator = &lifecycle->simulator;
    const struct simulator_settings *settings = &simulator->settings;
    simulator->script = script_create();
    simulator->seen = seen_ids_create();
    simulator->access_tokens = access_tokens_create();
    simulator->device_keys = device_keys_create();
    simulator->tls_faults = tls_faults_create(&simulator->identity, settings->folder);
    if (simulator->script == NULL || simulator->seen == NULL || simulator->access_tokens == NULL ||
        simulator->device_keys == NULL || simulator->tls_faults == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "simulator");
    }
    enum status status = event_loop_create(&simulator->loop, error);
    if (status == STATUS_OK) {
        status = watch_signals(lifecycle, error);
    }
    if (status == STATUS_OK) {
        status = tls_identity_init(&simulator->identity, settings->folder, error);
    }
    if (status == STATUS_OK) {
        status = received_log_create(settings->no_log ? NULL : log_path, &simulator->log, error);
    }
    if (status == STATUS_OK) {
        status = start_servers(simulator, error);
    }
    if (status == STATUS_OK) {
        status = write_service_account(simulator, error);
    }
    return status;
}

static void stop(struct lifecycle *lifecycle)
{
    struct simulator *simulator = &lifecycle->simulator;
    control_destroy(&simulator->control);
    for (int i = 0; i < PROVIDERS_COUNT; i++) {
        http2_server_destroy(&simulator->servers[i]);
    }
    received_log_destroy(&simulator->log);
    tls_faults_destroy(&simulator->tls_faults);
    tls_identity_fini(&simulator->identity);
    device_keys_destroy(&simulator->device_keys);
    access_tokens_destroy(&simulator->access_tokens);
    seen_ids_destroy(&simulator->seen);
    script_destroy(&simulator->script);
    if (lifecycle->signals.fd >= 0) {
        (void)close(lifecycle->signals.fd);
    }
    event_loop_destroy(&simulator->loop);
}

/* From here on everything exists; until the loop ends. */
static enum status serve(struct lifecycle *lifecycle, struct error *error)
{
    char log_path[PATH_BYTES_MAX], ready_path[PATH_BYTES_MAX], control_path[PATH_BYTES_MAX];
    struct simulator *simulator = &lifecycle->simulator;
    const char *folder = simulator->settings.folder;
    (void)snprintf(log_path, sizeof log_path, "%.*s/received.jsonl", IDENTITY_PATH_BYTES, folder);
    (void)snprintf(ready_path, sizeof ready_path, "%.*s/provider.ready", IDENTITY_PATH_BYTES,
                   folder);
    (void)snprintf(control_path, sizeof control_path, "%.*s/provider.sock", IDENTITY_PATH_BYTES,
                   folder);
    enum status status = start(lifecycle, log_path, error);
    if (status == STATUS_OK) {
        status = control_create(simulator, control_path, &simulator->control, error);
    }
    if (status == STATUS_OK) {
        status = write_ready_file(simulator, ready_path, control_path, error);
    }
    if (status == STATUS_OK) {
        const struct event_loop_hooks hooks = {turn_begin, turn_end, simulator};
        log_info("provider_simulator.ready", LOG_NONE);
        status = event_loop_run(simulator->loop, &hooks, error);
        (void)unlink(ready_path);
    }
    if (status == STATUS_OK && simulator->failure.text[0] != '\0') {
        status = error_set(error, STATUS_IO, "%s", simulator->failure.text);
    }
    return status;
}

enum status simulator_serve(const struct simulator_settings *settings, struct error *error)
{
    if (mkdir(settings->folder, 0700) != 0 && errno != EEXIST) {
        return error_set(error, STATUS_IO, "%s: %s", settings->folder, strerror(errno));
    }
    /* The ready file is for programs that run elsewhere: its paths must hold there, too. */
    char *folder = realpath(settings->folder, NULL);
    struct lifecycle *lifecycle = calloc(1, sizeof *lifecycle);
    enum status status;
    if (folder == NULL || lifecycle == NULL) {
        status = error_set(error, STATUS_IO, "%s: %s", settings->folder, strerror(errno));
    } else {
        lifecycle->simulator.settings = *settings;
        lifecycle->simulator.settings.folder = folder;
        lifecycle->signals.fd = -1;
        turn_begin(&lifecycle->simulator);
        status = serve(lifecycle, error);
        stop(lifecycle);
    }
    free(lifecycle);
    free(folder);
    return status;
}
