/* server.c - start and stop of the server, and the thread that watches deadlines. */
#include "admin-api/admin_api.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/nightly.h"
#include "gateway/base/log.h"

#define TICK_MS       100
#define TICK_BUSY_MS  10
#define DRAIN_POLL_MS 10
#define FLUSH_MS_MAX  500
#define PEM_BYTES_MAX 65536
/* The doorkeeper keeps the limit: libmicrohttpd is never to reach one of its own. */
#define CONNECTIONS_NO_LIMIT ((unsigned)INT_MAX)
#define TLS_PRIORITIES       "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

static bool has_connections(struct admin_api *api)
{
    return atomic_load(&api->connections.count) > 0;
}

static void *watch_deadlines(void *context)
{
    struct admin_api *api = context;
    struct pollfd wake = {.fd = api->deadlines_wake, .events = POLLIN};
    while (!atomic_load(&api->deadlines_stopping)) {
        size_t post_again;
        (void)waiting_count(api, &post_again);
        int wait_ms = post_again > 0 || http_connections_are_crowded(api) ? TICK_BUSY_MS
                      : has_connections(api)                              ? TICK_MS
                                                                          : -1;
        if (poll(&wake, 1, wait_ms) > 0) {
            eventfd_t ignored;
            (void)eventfd_read(api->deadlines_wake, &ignored);
        }
        struct monotonic_time now = api_monotonic(api);
        waiting_turn(api, now);
        http_connections_cut(api, now);
    }
    return NULL;
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct admin_api *api = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        doorkeeper_note_arrival(api);
        const union MHD_ConnectionInfo *information =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket_context =
            information != NULL ? http_connection_open(api, information->connect_fd) : NULL;
    } else {
        if (*socket_context != NULL) {
            http_connection_close(api, *socket_context);
            *socket_context = NULL;
        }
        doorkeeper_note_departure(api);
    }
}

/* A whole file as text, from the caller to be freed; NULL: cannot be read. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = file != NULL ? calloc(1, PEM_BYTES_MAX + 1) : NULL;
    if (text != NULL && (fread(text, 1, PEM_BYTES_MAX, file) == 0 || ferror(file) != 0)) {
        free(text);
        text = NULL;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return text;
}

static unsigned or_default(unsigned value, unsigned fallback)
{
    return value != 0 ? value : fallback;
}

static enum status start_daemon(struct admin_api *api,
                                const struct admin_api_configuration *configuration,
                                const char *key, const char *certificate, struct error *error)
{
    bool tls = key != NULL;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
                     (tls ? MHD_USE_TLS : 0);
    union {
        const char *text;
        void *memory;
    } key_text = {key}, certificate_text = {certificate}, priorities = {TLS_PRIORITIES};
    struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, key_text.memory},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, certificate_text.memory},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, priorities.memory},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem no_options[] = {{MHD_OPTION_END, 0, NULL}};
    api->connections.tls = tls;
    errno = 0;
    api->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, request_on_access, api, MHD_OPTION_THREAD_POOL_SIZE,
        or_default(configuration->threads, 2), MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_NO_LIMIT,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, configuration->connections_per_address_max,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)INACTIVITY_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_POOL_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, api, MHD_OPTION_URI_LOG_CALLBACK,
        request_on_uri, api, MHD_OPTION_NOTIFY_COMPLETED, request_on_completed, api,
        MHD_OPTION_ARRAY, tls ? tls_options : no_options, MHD_OPTION_END);
    if (api->daemon == NULL) {
        return error_set(error, STATUS_IO, "cannot serve HTTP: %s",
                         errno != 0 ? strerror(errno) : "libmicrohttpd refused to start");
    }
    return STATUS_OK;
}

static enum status start_tls_or_plain(struct admin_api *api,
                                      const struct admin_api_configuration *configuration,
                                      struct error *error)
{
    const char *key_file = configuration->tls_key_file;
    const char *cert_file = configuration->tls_cert_file;
    if ((key_file == NULL) != (cert_file == NULL)) {
        return error_set(error, STATUS_CONFIGURATION, "TLS needs a key file and a certificate");
    }
    char *key = key_file != NULL ? read_file(key_file) : NULL;
    char *certificate = cert_file != NULL ? read_file(cert_file) : NULL;
    enum status status;
    if (key_file != NULL && (key == NULL || certificate == NULL)) {
        status = error_set(error, STATUS_CONFIGURATION, "cannot read %s",
                           key == NULL ? key_file : cert_file);
    } else {
        status = start_daemon(api, configuration, key, certificate, error);
    }
    if (status != STATUS_OK && key != NULL && certificate != NULL) {
        status = error_wrap(error, status, "TLS by %s and %s", key_file, cert_file);
    }
    if (key != NULL) {
        explicit_bzero(key, PEM_BYTES_MAX);
    }
    free(key);
    free(certificate);
    return status;
}

static struct admin_api *create(const struct admin_api_configuration *configuration)
{
    struct admin_api *api = calloc(1, sizeof *api);
    if (api == NULL) {
        return NULL;
    }
    api->magic = ADMIN_API_MAGIC;
    api->doorkeeper.door = api->doorkeeper.news = api->doorkeeper.spare = -1;
    api->engine = configuration->engine;
    api->clock = configuration->clock;
    api->hooks = configuration->hooks;
    api->backups = configuration->backups;
    api->calendars = configuration->calendars;
    api->coverage = configuration->coverage;
    api->request_deadline_ms =
        configuration->request_deadline_ms > 0 ? configuration->request_deadline_ms : 10000;
    api->body_bytes_max = configuration->body_bytes_max > 0 ? configuration->body_bytes_max : 65536;
    api->connections_max = or_default(configuration->connections_max, CONNECTIONS_MAX_DEFAULT);
    api->connections.calm = api->connections_max * 3 / 4;
    pthread_mutex_init(&api->connections.mutex, NULL);
    pthread_mutex_init(&api->waiting.mutex, NULL);
    pthread_mutex_init(&api->streams.mutex, NULL);
    api->streams.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    api->deadlines_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return api;
}

/* The port is known only now. */
static enum status note_feeds_place(struct admin_api *api,
                                    const struct admin_api_configuration *configuration,
                                    struct error *error)
{
    char own[64];
    const char *url = configuration->public_url;
    if (url == NULL) {
        (void)snprintf(own, sizeof own, "http%s://127.0.0.1:%u",
                       configuration->tls_key_file != NULL ? "s" : "", (unsigned)api->port);
        url = own;
    }
    size_t bytes = strlen(url);
    if (bytes > PUBLIC_URL_BYTES_MAX) {
        return error_set(error, STATUS_CONFIGURATION, "public_url is limited to %d bytes",
                         PUBLIC_URL_BYTES_MAX);
    }
    bytes -= bytes > 0 && url[bytes - 1] == '/';
    (void)snprintf(api->feeds_place, sizeof api->feeds_place, "%.*s/v1/feeds/", (int)bytes, url);
    return STATUS_OK;
}

static enum status start_threads(struct admin_api *api,
                                 const struct admin_api_configuration *configuration,
                                 struct error *error)
{
    if (api->streams.wake < 0 || api->deadlines_wake < 0) {
        return error_set(error, STATUS_IO, "eventfd: %s", strerror(errno));
    }
    enum status status = readers_start(api, or_default(configuration->readers, 2),
                                       configuration->database_path, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = streams_start(api, configuration->database_path, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = nightly_start(&api->coverage, configuration->database_path, api->engine, &api->clock,
                           &api->nightly, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (pthread_create(&api->deadlines_thread, NULL, watch_deadlines, api) != 0) {
        return error_set(error, STATUS_IO, "cannot start a thread");
    }
    api->deadlines_started = true;
    status = doorkeeper_open(api, configuration, error);
    if (status == STATUS_OK) {
        status = note_feeds_place(api, configuration, error);
    }
    if (status == STATUS_OK) {
        status = start_tls_or_plain(api, configuration, error);
    }
    return status == STATUS_OK ? doorkeeper_start(api, error) : status;
}

enum status admin_api_start(const struct admin_api_configuration *configuration,
                            struct admin_api **api_r, struct error *error)
{
    struct admin_api *api = create(configuration);
    if (api == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "the HTTP server: out of memory");
    }
    engine_on_commit(api->engine, streams_wake, api);
    enum status status = start_threads(api, configuration, error);
    if (status != STATUS_OK) {
        engine_on_commit(api->engine, NULL, NULL);
        admin_api_stop(api);
        admin_api_destroy(&api);
        return status;
    }
    log_info("http.listening", LOG_INT("port", api->port));
    *api_r = api;
    return STATUS_OK;
}

uint16_t admin_api_port(const struct admin_api *api)
{
    return api->port;
}

void admin_api_watch(struct admin_api *api)
{
    nightly_watch(api->nightly);
}

/* Waits until nothing is inside any more, but not for long. */
static void wait_while_waiting(struct admin_api *api)
{
    size_t ignored;
    for (int waited_ms = 0; waited_ms < DRAIN_MS_MAX && waiting_count(api, &ignored) > 0;
         waited_ms += DRAIN_POLL_MS) {
        (void)poll(NULL, 0, DRAIN_POLL_MS);
    }
}

/* Until every request is answered, the arrived ones that no worker has read yet, too. Seen twice:
 * in between a worker may have read one and not begun it. */
static void wait_while_open(struct admin_api *api)
{
    int quiet = 0;
    for (int waited_ms = 0; waited_ms < FLUSH_MS_MAX && quiet < 2; waited_ms += DRAIN_POLL_MS) {
        bool open = atomic_load(&api->requests_open) > 0 || http_connections_are_unread(api);
        quiet = open ? 0 : quiet + 1;
        (void)poll(NULL, 0, DRAIN_POLL_MS);
    }
}

void admin_api_stop(struct admin_api *api)
{
    assert(api->magic == ADMIN_API_MAGIC);
    atomic_store(&api->draining, true);
    if (api->daemon != NULL) {
        wait_while_waiting(api); /* new requests are answered 503 meanwhile */
    }
    waiting_stop(api);
    streams_stop(api);
    if (api->deadlines_started) {
        atomic_store(&api->deadlines_stopping, true);
        (void)eventfd_write(api->deadlines_wake, 1);
        (void)pthread_join(api->deadlines_thread, NULL);
        api->deadlines_started = false;
    }
    readers_stop(api);
    nightly_stop(&api->nightly);
    if (api->daemon != NULL) {
        wait_while_open(api);
        doorkeeper_stop(api);
        MHD_stop_daemon(api->daemon);
        api->daemon = NULL;
    }
    doorkeeper_close(api);
}

void admin_api_destroy(struct admin_api **api)
{
    if (*api == NULL) {
        return;
    }
    assert((*api)->magic == ADMIN_API_MAGIC && (*api)->daemon == NULL);
    (*api)->magic = 0;
    (void)close((*api)->streams.wake);
    (void)close((*api)->deadlines_wake);
    pthread_mutex_destroy(&(*api)->connections.mutex);
    pthread_mutex_destroy(&(*api)->waiting.mutex);
    pthread_mutex_destroy(&(*api)->streams.mutex);
    free(*api);
    *api = NULL;
}
