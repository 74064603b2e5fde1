/* http_storm.c - posts JSON bodies at a rate of its own, whatever becomes of them: as many callers
 * as there are, each with a connection of its own.
 *
 *     bench_http_storm --port P --rate R --requests N [--connections C] [--path /v1/escalations]
 *                      [--token-file FILE] [--bodies FILE] [--keys PREFIX] [--record FILE]
 *
 * bench links: base
 *
 * A request that is due finds a caller who is free, or it is counted as unsent: all C are waiting
 * for an answer. A connection that the server ended is opened again; a request that got nothing on
 * a connection used before is sent once more on a fresh one, as HTTP clients do, which its key
 * makes safe. Prints one line of JSON.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/options.h"
#include "tests/bench/http_client.h"

#define CONNECTIONS_MAX 16384
#define DUE_MAX         256   /* begun between two looks at the sockets */
#define PATIENCE_MS     30000 /* for answers, once the last request is out */
#define NO_ANSWER       SIZE_MAX

struct caller {
    int socket; /* -1: none */
    bool connecting;
    bool used; /* a request was answered on this connection */
    size_t answer;
    size_t used_bytes;
    char *buffer;
};

struct storm {
    uint16_t port;
    double rate;
    size_t callers_count;
    size_t requests_count;
    const char *path;
    const char *token_file;
    const char *bodies_file;
    const char *keys;
    const char *record_file;
    struct requests requests;
    struct answer *answers;
    struct caller *callers;
    struct caller **idle; /* a stack */
    size_t idle_count;
    size_t begun;
    size_t done;
    size_t unsent;
    size_t again;
    size_t connects;
    int64_t began_ns;
    int64_t ended_ns; /* the last request was due */
    int epoll;
};

static void hang_up(struct caller *caller)
{
    if (caller->socket >= 0) {
        (void)close(caller->socket);
    }
    caller->socket = -1;
    caller->connecting = false;
    caller->used = false;
}

/* Its answer is there, or never will be. */
static void finish(struct storm *storm, struct caller *caller)
{
    caller->answer = NO_ANSWER;
    storm->idle[storm->idle_count++] = caller;
    storm->done++;
}

static bool send_now(struct storm *storm, struct caller *caller)
{
    const struct request *request = requests_pick(&storm->requests, caller->answer);
    caller->used_bytes = 0;
    return send(caller->socket, request->bytes, request->count, MSG_NOSIGNAL) ==
           (ssize_t)request->count;
}

static void watch(struct storm *storm, struct caller *caller, int operation)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = caller};
    if (caller->connecting) {
        event.events |= EPOLLOUT;
    }
    if (epoll_ctl(storm->epoll, operation, caller->socket, &event) != 0) {
        die("epoll_ctl");
    }
}

/* Begins to connect; what waits is sent once it stands. */
static void call(struct storm *storm, struct caller *caller)
{
    struct sockaddr_in address = loopback(storm->port);
    int on = 1;
    hang_up(caller);
    storm->connects++;
    caller->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (caller->socket < 0 ||
        setsockopt(caller->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        die("socket");
    }
    caller->connecting = true;
    if (connect(caller->socket, (struct sockaddr *)&address, sizeof address) != 0 &&
        errno != EINPROGRESS) {
        die("connect");
    }
    watch(storm, caller, EPOLL_CTL_ADD);
}

/* The connection ended before the answer was there. */
static void lose(struct storm *storm, struct caller *caller)
{
    bool again = caller->used && caller->used_bytes == 0;
    hang_up(caller);
    if (again) {
        storm->again++;
        call(storm, caller);
    } else {
        storm->answers[caller->answer].answered_ns = clock_stopwatch_ns();
        finish(storm, caller);
    }
}

static void begin_one(struct storm *storm)
{
    struct answer *answer = &storm->answers[storm->begun];
    if (storm->idle_count == 0) {
        storm->unsent++;
        storm->begun++;
        storm->done++;
        return;
    }
    struct caller *caller = storm->idle[--storm->idle_count];
    caller->answer = storm->begun++;
    answer->sent_ns = clock_stopwatch_ns();
    if (caller->socket < 0) {
        call(storm, caller);
    } else if (!send_now(storm, caller)) {
        lose(storm, caller);
    }
}

static void receive(struct storm *storm, struct caller *caller)
{
    ssize_t got = recv(caller->socket, caller->buffer + caller->used_bytes,
                       ANSWER_BYTES_MAX - caller->used_bytes, 0);
    if (got < 0 && errno == EAGAIN) {
        return;
    }
    if (got <= 0) {
        if (caller->answer == NO_ANSWER) {
            hang_up(caller);
        } else {
            lose(storm, caller);
        }
        return;
    }
    caller->used_bytes += (size_t)got;
    caller->buffer[caller->used_bytes] = '\0';
    size_t whole = answer_bytes(caller->buffer);
    if (caller->answer != NO_ANSWER && whole > 0 && caller->used_bytes >= whole) {
        answer_note(&storm->answers[caller->answer], caller->buffer);
        caller->used = true;
        if (strstr(caller->buffer, "\r\nConnection: close\r\n") != NULL) {
            hang_up(caller);
        }
        finish(storm, caller);
    }
}

static void look(struct storm *storm, int wait_ms)
{
    struct epoll_event events[256];
    int count = epoll_wait(storm->epoll, events, 256, wait_ms);
    for (int i = 0; i < count; i++) {
        struct caller *caller = events[i].data.ptr;
        if (caller->connecting) {
            caller->connecting = false;
            watch(storm, caller, EPOLL_CTL_MOD);
            if (!send_now(storm, caller)) {
                lose(storm, caller); /* refused or reset */
            }
        } else {
            receive(storm, caller);
        }
    }
}

static void run(struct storm *storm)
{
    storm->began_ns = clock_stopwatch_ns();
    while (storm->begun < storm->requests_count) {
        double passed_s = (double)(clock_stopwatch_ns() - storm->began_ns) / 1e9;
        size_t due = (size_t)(passed_s * storm->rate) + 1;
        due = due > storm->requests_count ? storm->requests_count : due;
        bool behind = due > storm->begun + DUE_MAX;
        for (size_t i = 0; i < DUE_MAX && storm->begun < due; i++) {
            begin_one(storm);
        }
        look(storm, behind ? 0 : 1);
    }
    storm->ended_ns = clock_stopwatch_ns();
    while (storm->done < storm->requests_count &&
           clock_stopwatch_ns() - storm->ended_ns < PATIENCE_MS * INT64_C(1000000)) {
        look(storm, 100);
    }
}

static int64_t at_fraction(const int64_t *sorted, size_t count, double fraction)
{
    return count > 0 ? sorted[(size_t)((double)(count - 1) * fraction)] : 0;
}

/* Times of the answers with a status of these hundreds, sorted. */
static void print_times(const struct storm *storm, const char *name, int hundreds)
{
    int64_t *took_ns = allocate(storm->requests_count, sizeof *took_ns);
    size_t count = 0;
    for (size_t i = 0; i < storm->requests_count; i++) {
        const struct answer *answer = &storm->answers[i];
        if (answer->status / 100 == hundreds) {
            took_ns[count++] = answer->answered_ns - answer->sent_ns;
        }
    }
    sort_ns(took_ns, count);
    (void)printf(",\"%s_p50_ms\":%.3f,\"%s_p99_ms\":%.3f,\"%s_max_ms\":%.3f", name,
                 (double)at_fraction(took_ns, count, 0.5) / 1e6, name,
                 (double)at_fraction(took_ns, count, 0.99) / 1e6, name,
                 (double)at_fraction(took_ns, count, 1) / 1e6);
    free(took_ns);
}

static void print(const struct storm *storm)
{
    size_t accepted = 0, refused = 0, told_when = 0, others = 0, lost = 0;
    for (size_t i = 0; i < storm->requests_count; i++) {
        const struct answer *answer = &storm->answers[i];
        accepted += answer->status / 100 == 2;
        refused += answer->status == 503;
        told_when += answer->status == 503 && answer->retry_after_s > 0;
        others += answer->status != 0 && answer->status / 100 != 2 && answer->status != 503;
        lost += answer->sent_ns != 0 && answer->status == 0;
    }
    double seconds = (double)(storm->ended_ns - storm->began_ns) / 1e9;
    size_t offered = storm->requests_count - storm->unsent;
    (void)printf("{\"due\":%zu,\"offered\":%zu,\"offered_per_s\":%.1f,\"unsent\":%zu,"
                 "\"accepted\":%zu,\"accepted_per_s\":%.1f,\"refused\":%zu,\"told_when\":%zu,"
                 "\"others\":%zu,\"lost\":%zu,\"again\":%zu,\"connects\":%zu,\"seconds\":%.3f",
                 storm->requests_count, offered, (double)offered / seconds, storm->unsent, accepted,
                 (double)accepted / seconds, refused, told_when, others, lost, storm->again,
                 storm->connects, seconds);
    print_times(storm, "accepted", 2);
    print_times(storm, "refused", 5);
    (void)printf("}\n");
}

static struct storm read_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},        {"rate", required_argument, NULL, 'r'},
        {"connections", required_argument, NULL, 'c'}, {"requests", required_argument, NULL, 'n'},
        {"path", required_argument, NULL, 'u'},        {"token-file", required_argument, NULL, 't'},
        {"bodies", required_argument, NULL, 'b'},      {"keys", required_argument, NULL, 'k'},
        {"record", required_argument, NULL, 'o'},      {NULL, 0, NULL, 0}};
    struct storm storm = {.callers_count = 1000, .path = "/v1/escalations"};
    int letter;
    bool wrong = false;
    while ((letter = options_next(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'p':
            storm.port = (uint16_t)strtoul(optarg, NULL, 10);
            break;
        case 'r':
            storm.rate = strtod(optarg, NULL);
            break;
        case 'c':
            storm.callers_count = strtoul(optarg, NULL, 10);
            break;
        case 'n':
            storm.requests_count = strtoul(optarg, NULL, 10);
            break;
        case 'u':
            storm.path = optarg;
            break;
        case 't':
            storm.token_file = optarg;
            break;
        case 'b':
            storm.bodies_file = optarg;
            break;
        case 'k':
            storm.keys = optarg;
            break;
        case 'o':
            storm.record_file = optarg;
            break;
        default:
            wrong = true;
        }
    }
    if (wrong || storm.port == 0 || storm.rate <= 0 || storm.requests_count == 0 ||
        storm.callers_count == 0 || storm.callers_count > CONNECTIONS_MAX) {
        (void)fprintf(stderr, "usage: bench_http_storm --port P --rate R --requests N ...\n");
        exit(64);
    }
    return storm;
}

int main(int argc, char **argv)
{
    struct storm storm = read_options(argc, argv);
    requests_make(&storm.requests, storm.path, storm.token_file, storm.bodies_file, storm.keys);
    storm.answers = allocate(storm.requests_count, sizeof *storm.answers);
    storm.callers = allocate(storm.callers_count, sizeof *storm.callers);
    storm.idle = allocate(storm.callers_count, sizeof(struct caller *));
    storm.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (storm.epoll < 0) {
        die("epoll_create1");
    }
    for (size_t i = 0; i < storm.callers_count; i++) {
        storm.callers[i] = (struct caller){
            .socket = -1, .answer = NO_ANSWER, .buffer = allocate(1, ANSWER_BYTES_MAX + 1)};
        storm.idle[storm.idle_count++] = &storm.callers[i];
    }
    run(&storm);
    if (storm.record_file != NULL) {
        answers_record(storm.record_file, storm.answers, storm.requests_count);
    }
    print(&storm);
    for (size_t i = 0; i < storm.callers_count; i++) {
        hang_up(&storm.callers[i]);
        free(storm.callers[i].buffer);
    }
    requests_free(&storm.requests);
    free(storm.callers);
    free((void *)storm.idle);
    free(storm.answers);
    (void)close(storm.epoll);
    return 0;
}
