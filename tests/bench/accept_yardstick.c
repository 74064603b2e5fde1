/* accept_yardstick.c - the least that accepts a request durably: libmicrohttpd with two threads and
 * suspended connections, one writer with group commit, five rows of 100 bytes a request.
 *
 *     bench_accept_yardstick --directory DIR
 *
 * bench links: base SQLITE MICROHTTPD
 *
 * The shape of the gateway without anything that a gateway is for (RELIABILITY.md,
 * *libmicrohttpd*); what it reaches is the yardstick. Writes its port to DIR/yardstick.port;
 * SIGTERM ends it.
 */
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PATH_BYTES_MAX         4096
#define BATCH_MAX              256
#define ROWS_A_REQUEST         5
#define ROW_BYTES              100
#define CHECKPOINT_EVERY_PAGES 1000

struct request {
    struct MHD_Connection *connection;
    struct request *next;
    bool begun;
    bool durable;
};

struct yardstick {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct request *first;
    struct request **last;
    bool stopping;
    sqlite3 *db;
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    sqlite3_stmt *insert;
    int pages_in_log;
};

static void must(const struct yardstick *yardstick, int rc)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) {
        (void)fprintf(stderr, "accept_yardstick: %s\n", sqlite3_errmsg(yardstick->db));
        abort();
    }
}

static void step(const struct yardstick *yardstick, sqlite3_stmt *statement)
{
    must(yardstick, sqlite3_step(statement));
    must(yardstick, sqlite3_reset(statement));
}

static int note_pages(void *context, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    ((struct yardstick *)context)->pages_in_log = pages;
    return SQLITE_OK;
}

static void open_database(struct yardstick *yardstick, const char *directory)
{
    char path[PATH_BYTES_MAX];
    (void)snprintf(path, sizeof path, "%s/yardstick.db", directory);
    (void)unlink(path);
    must(yardstick,
         sqlite3_open_v2(path, &yardstick->db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
    must(yardstick,
         sqlite3_exec(yardstick->db,
                      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                      "PRAGMA wal_autocheckpoint = 0;"
                      "CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;",
                      NULL, NULL, NULL));
    (void)sqlite3_wal_hook(yardstick->db, note_pages, yardstick);
    must(yardstick,
         sqlite3_prepare_v2(yardstick->db, "BEGIN IMMEDIATE", -1, &yardstick->begin, NULL));
    must(yardstick, sqlite3_prepare_v2(yardstick->db, "COMMIT", -1, &yardstick->commit, NULL));
    must(yardstick, sqlite3_prepare_v2(yardstick->db, "INSERT INTO row (body) VALUES (?1)", -1,
                                       &yardstick->insert, NULL));
}

/* Waits for work and takes up to a batch of it; NULL: stopping. */
static struct request *take_batch(struct yardstick *yardstick)
{
    (void)pthread_mutex_lock(&yardstick->lock);
    while (yardstick->first == NULL && !yardstick->stopping) {
        (void)pthread_cond_wait(&yardstick->changed, &yardstick->lock);
    }
    struct request *batch = yardstick->first;
    struct request **end = &batch;
    for (size_t i = 0; i < BATCH_MAX && *end != NULL; i++) {
        end = &(*end)->next;
    }
    yardstick->first = *end;
    if (yardstick->first == NULL) {
        yardstick->last = &yardstick->first;
    }
    *end = NULL;
    (void)pthread_mutex_unlock(&yardstick->lock);
    return batch;
}

static void *write_all(void *context)
{
    static const char row[ROW_BYTES];
    struct yardstick *yardstick = context;
    struct request *batch;
    while ((batch = take_batch(yardstick)) != NULL) {
        step(yardstick, yardstick->begin);
        for (const struct request *each = batch; each != NULL; each = each->next) {
            for (int i = 0; i < ROWS_A_REQUEST; i++) {
                must(yardstick,
                     sqlite3_bind_blob(yardstick->insert, 1, row, ROW_BYTES, SQLITE_STATIC));
                step(yardstick, yardstick->insert);
            }
        }
        step(yardstick, yardstick->commit);
        while (batch != NULL) {
            struct request *next = batch->next; /* the request is gone once it is resumed */
            batch->durable = true;
            MHD_resume_connection(batch->connection);
            batch = next;
        }
        if (yardstick->pages_in_log >= CHECKPOINT_EVERY_PAGES) {
            yardstick->pages_in_log = 0;
            must(yardstick, sqlite3_wal_checkpoint_v2(yardstick->db, NULL,
                                                      SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
        }
    }
    return NULL;
}

static void post(struct yardstick *yardstick, struct request *request)
{
    MHD_suspend_connection(request->connection);
    (void)pthread_mutex_lock(&yardstick->lock);
    request->next = NULL;
    *yardstick->last = request;
    yardstick->last = &request->next;
    (void)pthread_cond_signal(&yardstick->changed);
    (void)pthread_mutex_unlock(&yardstick->lock);
}

static enum MHD_Result answer(struct MHD_Connection *connection)
{
    static char body[] =
        "{\"id\":\"0190a7e0-0000-7000-8000-000000000001\",\"state\":\"notifying\"}";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof body - 1, body, MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_ACCEPTED, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_bytes, void **request_context)
{
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    struct request *request = *request_context;
    if (request == NULL) {
        request = calloc(1, sizeof *request);
        *request_context = request;
        return request != NULL ? MHD_YES : MHD_NO;
    }
    if (*upload_bytes > 0) {
        *upload_bytes = 0;
        return MHD_YES;
    }
    if (!request->begun) {
        request->begun = true;
        request->connection = connection;
        post(context, request);
        return MHD_YES;
    }
    return request->durable ? answer(connection) : MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    free(*request_context);
    *request_context = NULL;
}

static bool write_port(const char *directory, unsigned port)
{
    char path[PATH_BYTES_MAX], fresh[PATH_BYTES_MAX];
    (void)snprintf(path, sizeof path, "%s/yardstick.port", directory);
    (void)snprintf(fresh, sizeof fresh, "%s/yardstick.port.new", directory);
    FILE *file = fopen(fresh, "we");
    if (file == NULL) {
        return false;
    }
    bool good = fprintf(file, "%u\n", port) > 0;
    return fclose(file) == 0 && good && rename(fresh, path) == 0;
}

int main(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[1], "--directory") != 0) {
        (void)fprintf(stderr, "usage: bench_accept_yardstick --directory DIR\n");
        return 64;
    }
    sigset_t end;
    (void)sigemptyset(&end);
    (void)sigaddset(&end, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &end, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct yardstick yardstick = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                  .changed = PTHREAD_COND_INITIALIZER};
    yardstick.last = &yardstick.first;
    open_database(&yardstick, argv[2]);
    pthread_t writer;
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                         on_access, &yardstick, MHD_OPTION_THREAD_POOL_SIZE, 2U,
                         MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    if (daemon == NULL || pthread_create(&writer, NULL, write_all, &yardstick) != 0 ||
        !write_port(argv[2], MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port)) {
        (void)fprintf(stderr, "accept_yardstick: cannot start\n");
        return 1;
    }
    int signal_number;
    (void)sigwait(&end, &signal_number);
    (void)pthread_mutex_lock(&yardstick.lock);
    yardstick.stopping = true;
    (void)pthread_cond_signal(&yardstick.changed);
    (void)pthread_mutex_unlock(&yardstick.lock);
    (void)pthread_join(writer, NULL);
    MHD_stop_daemon(daemon);
    (void)sqlite3_finalize(yardstick.begin);
    (void)sqlite3_finalize(yardstick.commit);
    (void)sqlite3_finalize(yardstick.insert);
    (void)sqlite3_close(yardstick.db);
    return 0;
}
