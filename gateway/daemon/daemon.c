/* daemon.c - start, signals, supervision, drain and stop. */
#include "gateway/daemon/daemon.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "admin-api/admin_api.h"
#include "gateway/base/log.h"
#include "gateway/daemon/backups.h"
#include "gateway/daemon/calendar_adapter.h"
#include "gateway/daemon/heartbeat.h"
#include "gateway/daemon/metrics.h"
#include "gateway/daemon/places.h"
#include "gateway/daemon/rota_adapter.h"
#include "gateway/daemon/self_check.h"
#include "gateway/dispatch/dispatch.h"
#include "gateway/telephony/telephony_health.h"

/* A backup leaves this much of its disk to the gateway, and gives way when the log behind it grows
 * to this: putting that much back into the database holds up the writer for a moment. */
#define BACKUP_FREE_BYTES_MIN (INT64_C(256) << 20)
#define BACKUP_LOG_BYTES_MAX  (INT64_C(64) << 20)
/* Besides HTTP: providers, telephony, the database, what is read. */
#define FILES_OF_OTHERS    512
#define SUPERVISE_EVERY_MS 500
/* What ended the last process comes again as soon as it starts. */
#define WARY_MS       INT64_C(60000)
#define DRAIN_MS_MAX  3000
#define DRAIN_LOOK_MS 20

/* Everything that runs. Members are NULL until started. */
struct daemon {
    const struct configuration *configuration;
    const char *path;
    bool only_checks; /* --check-config: nothing is connected to */
    struct push_sender *push;
    struct telephony *telephony;
    struct dispatch *dispatch;
    struct engine *engine;
    struct admin_api *api;
    struct backups *backups;
    struct metrics metrics;
    struct self_check self_check;
    struct heartbeat heartbeat;
    struct telephony_watch telephony_watch;
};

static enum status write_port_file(const char *path, uint16_t port, struct error *error)
{
    char temporary[4096];
    (void)snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *file = fopen(temporary, "we");
    bool ok = file != NULL && fprintf(file, "%u\n", (unsigned)port) > 0;
    ok = file != NULL && fclose(file) == 0 && ok;
    if (!ok || rename(temporary, path) != 0) {
        return error_set(error, STATUS_CONFIGURATION, "[gateway] port_file: %s: %s", path,
                         strerror(errno));
    }
    return STATUS_OK;
}

static bool is_push_configured(const struct push_configuration *push)
{
    return push->apns_count + push->fcm_count + push->web_count > 0;
}

/* The sender names the member at fault: whoever mends it knows the key of the file. */
static enum status name_push_key(enum status status, struct error *error)
{
    static const struct {
        const char *member;
        const char *key;
    } names[] = {
        {"cert_key_pem", "apns_cert_key_file"},
        {"cert_pem", "apns_cert_file"},
        {"service_account", "fcm_service_account_file"},
        {"vapid_key_pem", "web_key_file"},
        {"key_pem", "apns_key_file"},
        {"subject", "web_subject"},
        {"proxy", "proxy_host, proxy_port"},
        {"ca_file", "ca_file"},
        {"token_file", "apns_token_file"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strstr(error->text, names[i].member) != NULL) {
            return error_wrap(error, status, "[push] %s", names[i].key);
        }
    }
    return error_wrap(error, status, "[push]");
}

static bool has_endpoint(const struct configuration *configuration, const char *name)
{
    for (size_t i = 0; i < configuration->telephony.endpoints_count; i++) {
        if (strcmp(configuration->endpoints[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static enum status start_senders(struct daemon *daemon, struct error *error)
{
    const struct configuration *configuration = daemon->configuration;
    enum status status = dispatch_create(&clock_system, &random_system, &daemon->dispatch, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (is_push_configured(&configuration->push)) {
        struct push_configuration push = configuration->push;
        push.notice = dispatch_notice;
        push.notice_context = daemon->dispatch;
        push.keep_connected = push.keep_connected && !daemon->only_checks;
        status = push_sender_create(&push, &daemon->push, error);
    } else {
        log_warning("daemon.no_push", LOG_TEXT("remedy", "configure [push]"));
    }
    if (status != STATUS_OK) {
        return name_push_key(status, error);
    }
    if (configuration->telephony.endpoints_count > 0) {
        status = telephony_create(&configuration->telephony, &daemon->telephony, error);
    }
    if (!has_endpoint(configuration, "telephony")) {
        log_warning("daemon.no_telephony", LOG_TEXT("remedy", "configure [endpoint.telephony]"));
    }
    if (status != STATUS_OK) {
        bool names_key = error->text[0] == '[';
        return names_key ? status : error_wrap(error, status, "[telephony]");
    }
    dispatch_attach(daemon->dispatch, daemon->push, daemon->telephony);
    return STATUS_OK;
}

static enum status start_engine(struct daemon *daemon, struct error *error)
{
    const struct configuration *configuration = daemon->configuration;
    struct engine_configuration engine = {
        .database_path = configuration->database,
        .root_key = configuration->root_key,
        .calls_max = (size_t)configuration->calls_max,
        .reserve_bytes = configuration->reserve_mb << 20,
        .clock = clock_system,
        .random = random_system,
        .dispatcher = dispatch_interface(daemon->dispatch),
        .rotas = rota_adapter(),
    };
    memcpy(engine.secret, configuration->secret, sizeof engine.secret);
    clock_boot_id(engine.boot_id);
    enum status status = engine_create(&engine, &daemon->engine, error);
    if (status == STATUS_OK && daemon->telephony != NULL && engine_is_wary(daemon->engine)) {
        telephony_go_one_at_a_time(daemon->telephony, WARY_MS);
    }
    return status;
}

static enum status start_backups(struct daemon *daemon, struct error *error)
{
    const struct configuration *configuration = daemon->configuration;
    const struct backups_configuration backups = {
        .place = {.database = configuration->database,
                  .folder = configuration->backup_folder,
                  .kept = configuration->backups_kept,
                  .free_bytes_min = BACKUP_FREE_BYTES_MIN,
                  .log_bytes_max = BACKUP_LOG_BYTES_MAX},
        .engine = daemon->engine,
        .clock = &clock_system,
        .random = &random_system,
    };
    daemon->backups = backups_create(&backups);
    return daemon->backups != NULL ? STATUS_OK
                                   : error_set(error, STATUS_NO_MEMORY, "no memory for backups");
}

static enum status start_api(struct daemon *daemon, struct error *error)
{
    const struct configuration *configuration = daemon->configuration;
    daemon->metrics = (struct metrics){.push = daemon->push,
                                       .telephony = daemon->telephony,
                                       .backups = daemon->backups,
                                       .self_check = &daemon->self_check,
                                       .heartbeat = &daemon->heartbeat};
    struct admin_api_configuration api = {
        .listen_address = configuration->listen_address,
        .listen_port = configuration->listen_port,
        .tls_key_file = configuration->tls_key_file,
        .tls_cert_file = configuration->tls_cert_file,
        .threads = (unsigned)configuration->threads,
        .connections_max = (unsigned)configuration->connections_max,
        .connections_per_address_max = (unsigned)configuration->connections_per_address_max,
        .request_deadline_ms = configuration->request_deadline_ms,
        .database_path = configuration->database,
        .engine = daemon->engine,
        .clock = clock_system,
        .hooks = metrics_hooks(&daemon->metrics),
        .backups = backups_interface(daemon->backups),
        .calendars = calendar_adapter(),
        .coverage = {.is_on = configuration->coverage_minute >= 0,
                     .minute = (int)configuration->coverage_minute,
                     .before_shift_ms = configuration->coverage_before_shift_s * 1000,
                     .first_after_ms = configuration->coverage_first_after_s * 1000},
        .public_url = configuration->public_url,
    };
    return admin_api_start(&api, &daemon->api, error);
}

static void init_supervision(struct daemon *daemon)
{
    const struct configuration *configuration = daemon->configuration;
    daemon->self_check.engine = daemon->engine;
    daemon->self_check.push = daemon->push;
    daemon->self_check.telephony = daemon->telephony;
    daemon->heartbeat.engine = daemon->engine;
    daemon->heartbeat.telephony = daemon->telephony;
    if (has_endpoint(configuration, HEARTBEAT_ENDPOINT)) {
        daemon->heartbeat.every_ms = configuration->heartbeat_every_s * 1000;
        daemon->heartbeat.timeout_ms = configuration->heartbeat_timeout_s * 1000;
    }
}

/* A crowd of HTTP connections must not take the descriptors that pushes and calls need: there have
 * to be enough for all. */
static void allow_files(const struct configuration *configuration)
{
    struct rlimit limit;
    rlim_t connections = configuration->connections_max > 0 ? (rlim_t)configuration->connections_max
                                                            : CONNECTIONS_MAX_DEFAULT;
    rlim_t wanted = connections + FILES_OF_OTHERS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
        return;
    }
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted) {
        log_warning("daemon.few_files", LOG_INT("allowed", (int64_t)limit.rlim_cur),
                    LOG_INT("wanted", (int64_t)wanted),
                    LOG_TEXT("remedy", "raise LimitNOFILE or lower connections_max"));
    }
}

/* Damage that only reading meets has no name yet. It stays until somebody restores: say how. */
static enum status name_damage(const struct configuration *configuration, enum status status,
                               struct error *error)
{
    if (status != STATUS_CORRUPT || strstr(error->text, "--restore") != NULL) {
        return status;
    }
    return error_wrap(error, status,
                      "database %s: it is damaged and was left as it is; restore a backup with "
                      "astreinted --restore (they are in %s)",
                      configuration->database, configuration->backup_folder);
}

static enum status start_all(struct daemon *daemon, struct error *error)
{
    const struct configuration *configuration = daemon->configuration;
    allow_files(configuration);
    enum status status = places_check(configuration, error);
    if (status == STATUS_OK) {
        status = start_senders(daemon, error);
    }
    if (status == STATUS_OK) {
        status = start_engine(daemon, error);
    }
    if (status == STATUS_OK) {
        init_supervision(daemon);
        status = start_backups(daemon, error);
    }
    if (status == STATUS_OK) {
        status = start_api(daemon, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    char url[64];
    uint16_t port = admin_api_port(daemon->api);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)port);
    status =
        dispatch_bind(daemon->dispatch, daemon->engine,
                      configuration->public_url != NULL ? configuration->public_url : url, error);
    if (status == STATUS_OK) {
        status = engine_start(daemon->engine, error);
    }
    if (status == STATUS_OK && configuration->port_file != NULL) {
        status = write_port_file(configuration->port_file, port, error);
    }
    if (status == STATUS_OK) {
        log_info("daemon.started", LOG_INT("port", port));
    }
    return status;
}

/* Lets what is in flight come back, so that a planned restart leaves nothing uncertain. */
static void drain(struct daemon *daemon)
{
    for (int waited_ms = 0; waited_ms < DRAIN_MS_MAX; waited_ms += DRAIN_LOOK_MS) {
        struct engine_statistics statistics;
        engine_statistics(daemon->engine, &statistics);
        if (statistics.credits_push_used + statistics.credits_callback_used == 0) {
            return;
        }
        (void)poll(NULL, 0, DRAIN_LOOK_MS);
    }
}

static void stop_all(struct daemon *daemon, bool started)
{
    if (daemon->api != NULL) {
        admin_api_stop(daemon->api);
    }
    backups_destroy(&daemon->backups); /* nobody asks for one any more */
    if (daemon->engine != NULL) {
        if (started) {
            drain(daemon);
        }
        engine_stop(daemon->engine);
        engine_join(daemon->engine);
    }
    /* What is still in flight ends without being recorded: its rows stay handed over and go out
     * again, under the same ids, at the next start. */
    if (daemon->push != NULL) {
        push_sender_destroy(&daemon->push);
    }
    if (daemon->telephony != NULL) {
        telephony_destroy(&daemon->telephony);
    }
    engine_destroy(&daemon->engine);
    admin_api_destroy(&daemon->api);
    dispatch_destroy(&daemon->dispatch);
}

static void warn_of_exposed(const struct configuration *configuration)
{
    for (size_t i = 0; i < configuration->exposed_count; i++) {
        char remedy[4096];
        const struct exposed_file *file = &configuration->exposed[i];
        (void)snprintf(remedy, sizeof remedy, "chmod 600 %s", file->path);
        log_warning("daemon.secret_exposed", LOG_TEXT("key", file->key),
                    LOG_TEXT("remedy", remedy));
    }
}

static void reload(struct daemon *daemon)
{
    struct configuration *fresh;
    struct error error;
    (void)sd_notify(0, "RELOADING=1");
    enum status status = configuration_read(daemon->path, &fresh, &error);
    if (status == STATUS_OK) {
        warn_of_exposed(fresh);
        status = engine_set_root_key(daemon->engine, fresh->root_key, &error);
        if (status == STATUS_OK && daemon->push != NULL) {
            status = push_sender_reload(daemon->push, &fresh->push, &error);
        }
        if (status == STATUS_OK && daemon->telephony != NULL) {
            status = telephony_reload(daemon->telephony, &fresh->telephony, &error);
        }
        configuration_destroy(&fresh);
    }
    if (status == STATUS_OK) {
        log_info("daemon.reloaded", LOG_NONE);
    } else {
        log_error("daemon.reload_refused", LOG_TEXT("detail", error.text));
    }
    (void)sd_notify(0, "READY=1");
}

/* Tells which endpoints of telephony fail, and which deliver again. The alarm that an endpoint
 * fails goes out each minute, by the call centre's: so that one is tried until it delivers. */
static void watch_endpoints(struct daemon *daemon, struct monotonic_time now)
{
    struct telephony_health healths[TELEPHONY_ENDPOINTS_MAX];
    char words[TELEPHONY_HEALTH_WORDS_BYTES_MAX];
    size_t count = daemon->telephony != NULL
                       ? telephony_healths(daemon->telephony, HEARTBEAT_ENDPOINT, healths)
                       : 0;
    for (size_t i = 0; i < count; i++) {
        const struct telephony_health *health = &healths[i];
        enum telephony_news news = telephony_watch_look(&daemon->telephony_watch, health, now);
        telephony_health_words(health, words);
        if (news == TELEPHONY_FAILS) {
            engine_alarm_about(daemon->engine, "telephony.not_delivered", health->endpoint, words);
        } else if (news == TELEPHONY_DELIVERS_AGAIN) {
            log_info("telephony.delivers_again", LOG_TEXT("endpoint", health->endpoint));
            engine_alarm_about(daemon->engine, "telephony.delivers_again", health->endpoint, words);
        }
    }
}

/* One self-check; its users are systemd's watchdog, the heartbeat, and /readyz. */
static void supervise(struct daemon *daemon)
{
    struct monotonic_time now = clock_monotonic(&clock_system);
    enum self_check_verdict verdict = self_check_look(&daemon->self_check, now);
    if (verdict < SELF_CHECK_STUCK) {
        (void)sd_notify(0, "WATCHDOG=1");
    }
    heartbeat_look(&daemon->heartbeat, verdict, now);
    watch_endpoints(daemon, now);
    admin_api_watch(daemon->api);
}

/* Often enough for systemd, which wants to hear twice in its time. */
static int supervise_every_ms(void)
{
    uint64_t limit_us = 0;
    if (sd_watchdog_enabled(0, &limit_us) <= 0 || limit_us / 2000 >= SUPERVISE_EVERY_MS) {
        return SUPERVISE_EVERY_MS;
    }
    return limit_us < 2000 ? 1 : (int)(limit_us / 2000);
}

static int block_signals(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void serve(struct daemon *daemon, int signals)
{
    int every_ms = supervise_every_ms();
    for (;;) {
        struct pollfd poll_fd = {.fd = signals, .events = POLLIN};
        (void)poll(&poll_fd, 1, every_ms);
        struct signalfd_siginfo info;
        while (read(signals, &info, sizeof info) == sizeof info) {
            if (info.ssi_signo == SIGHUP) {
                reload(daemon);
            } else {
                log_info("daemon.stopping", LOG_INT("signal", info.ssi_signo));
                return;
            }
        }
        supervise(daemon);
    }
}

enum status daemon_check(const struct configuration *configuration, struct error *error)
{
    struct daemon daemon = {.configuration = configuration, .only_checks = true};
    enum status status = places_check(configuration, error);
    if (status == STATUS_OK) {
        status = places_check_database(configuration, error);
    }
    if (status == STATUS_OK) {
        status = engine_check_place(configuration->database, error);
    }
    if (status == STATUS_OK) {
        status = engine_check_root_key(configuration->root_key, error);
        status =
            status == STATUS_OK ? status : error_wrap(error, status, "[gateway] root_key_file");
    }
    if (status == STATUS_OK) {
        status = start_senders(&daemon, error); /* they connect only when there is work */
    }
    if (daemon.push != NULL) {
        push_sender_destroy(&daemon.push);
    }
    if (daemon.telephony != NULL) {
        telephony_destroy(&daemon.telephony);
    }
    dispatch_destroy(&daemon.dispatch);
    return status;
}

bool daemon_pushes_nothing(const struct configuration *configuration)
{
    return configuration->push_is_there && !is_push_configured(&configuration->push);
}

bool daemon_rings_nobody(const struct configuration *configuration)
{
    return !is_push_configured(&configuration->push) && !has_endpoint(configuration, "telephony");
}

enum status daemon_run(const struct configuration *configuration, const char *path,
                       struct error *error)
{
    struct daemon daemon = {
        .configuration = configuration,
        .path = path,
    };
    int signals = block_signals();
    if (signals < 0) {
        return error_set(error, STATUS_IO, "signalfd: %s", strerror(errno));
    }
    warn_of_exposed(configuration);
    enum status status = start_all(&daemon, error);
    if (status == STATUS_OK) {
        (void)sd_notify(0, "READY=1");
        serve(&daemon, signals);
        (void)sd_notify(0, "STOPPING=1");
    }
    status = name_damage(configuration, status, error);
    stop_all(&daemon, status == STATUS_OK);
    (void)close(signals);
    log_info("daemon.stopped", LOG_NONE);
    return status;
}
