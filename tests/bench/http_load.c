/* http_load.c - posts JSON bodies, or gets paths, over HTTP/1.1 connections that stay open, as fast
 * as they are answered, each connection with one request in flight.
 *
 *     bench_http_load --port P [--connections C] [--requests N] [--path /v1/escalations]
 *                     [--token-file FILE] [--bodies FILE | --paths FILE] [--record FILE]
 *                     [--pause-ms MS]
 *
 * bench links: base
 *
 * The bodies are the lines of their file, in turn; paths, likewise, are asked for by GET. --record
 * writes a line for each answer: when its request was about to be sent and when the answer was
 * there (ns of CLOCK_MONOTONIC), its status, and the value of its member "id". --pause-ms waits
 * before each request, for an idle server; then there is one connection. Prints one line of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/options.h"
#include "tests/bench/http_client.h"

#define CONNECTIONS_MAX 1024

struct connection {
    int socket;
    size_t answer; /* which one it waits for */
    size_t used;
    char buffer[ANSWER_BYTES_MAX + 1];
};

struct load {
    uint16_t port;
    size_t connections_count;
    size_t requests_count;
    const char *path;
    const char *token_file;
    const char *bodies_file;
    const char *paths_file; /* NULL: POST */
    const char *record_file;
    long pause_ms;
    struct requests requests;
    struct answer *answers;
    size_t begun;
    size_t done;
    int epoll;
};

/* A request is smaller than the socket's buffer: it goes out in one piece. */
static void send_next(struct load *load, struct connection *connection)
{
    if (load->begun == load->requests_count) {
        return;
    }
    if (load->pause_ms > 0) {
        struct timespec pause = {load->pause_ms / 1000, load->pause_ms % 1000 * 1000000};
        (void)nanosleep(&pause, NULL);
    }
    const struct request *request = requests_pick(&load->requests, load->begun);
    connection->answer = load->begun++;
    connection->used = 0;
    load->answers[connection->answer].sent_ns = clock_stopwatch_ns();
    if (send(connection->socket, request->bytes, request->count, MSG_NOSIGNAL) !=
        (ssize_t)request->count) {
        die("send");
    }
}

static void receive(struct load *load, struct connection *connection)
{
    ssize_t got = recv(connection->socket, connection->buffer + connection->used,
                       ANSWER_BYTES_MAX - connection->used, 0);
    if (got <= 0) {
        die(got == 0 ? "the server closed a connection" : "recv");
    }
    connection->used += (size_t)got;
    connection->buffer[connection->used] = '\0';
    size_t whole = answer_bytes(connection->buffer);
    if (whole > 0 && connection->used >= whole) {
        answer_note(&load->answers[connection->answer], connection->buffer);
        load->done++;
        send_next(load, connection);
    } else if (connection->used == ANSWER_BYTES_MAX) {
        errno = EMSGSIZE;
        die("answer");
    }
}

static struct connection *connect_one(struct load *load)
{
    struct connection *connection = allocate(1, sizeof *connection);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(load->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int on = 1;
    connection->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->socket < 0 ||
        connect(connection->socket, (struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        die("connect");
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->socket, &event) != 0) {
        die("epoll_ctl");
    }
    return connection;
}

static void run(struct load *load, struct connection **connections, size_t connections_count)
{
    struct epoll_event events[64];
    for (size_t i = 0; i < connections_count; i++) {
        send_next(load, connections[i]);
    }
    while (load->done < load->requests_count) {
        int count = epoll_wait(load->epoll, events, 64, 30000);
        if (count == 0) {
            errno = ETIMEDOUT;
        }
        if (count <= 0) {
            die("no answer");
        }
        for (int i = 0; i < count; i++) {
            receive(load, events[i].data.ptr);
        }
    }
}

static void print(const struct load *load)
{
    size_t count = load->requests_count, good = 0;
    int64_t *took_ns = allocate(count, sizeof *took_ns);
    int64_t last_ns = 0;
    for (size_t i = 0; i < count; i++) {
        const struct answer *answer = &load->answers[i];
        took_ns[i] = answer->answered_ns - answer->sent_ns;
        last_ns = answer->answered_ns > last_ns ? answer->answered_ns : last_ns;
        good += answer->status >= 200 && answer->status < 300;
    }
    sort_ns(took_ns, count);
    size_t half = count / 2, most = count * 99 / 100;
    double seconds = (double)(last_ns - load->answers[0].sent_ns) / 1e9;
    (void)printf("{\"requests\":%zu,\"good\":%zu,\"began_ns\":%lld,\"seconds\":%.6f,"
                 "\"per_s\":%.1f,\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"max_ms\":%.4f}\n",
                 count, good, (long long)load->answers[0].sent_ns, seconds, (double)count / seconds,
                 (double)took_ns[half] / 1e6, (double)took_ns[most] / 1e6,
                 (double)took_ns[count - 1] / 1e6);
    free(took_ns);
}

static struct load read_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},       {"connections", required_argument, NULL, 'c'},
        {"requests", required_argument, NULL, 'n'},   {"path", required_argument, NULL, 'u'},
        {"token-file", required_argument, NULL, 't'}, {"bodies", required_argument, NULL, 'b'},
        {"paths", required_argument, NULL, 'g'},      {"record", required_argument, NULL, 'r'},
        {"pause-ms", required_argument, NULL, 'w'},   {NULL, 0, NULL, 0}};
    struct load load = {.connections_count = 1, .requests_count = 1000, .path = "/v1/escalations"};
    int letter;
    bool wrong = false;
    while ((letter = options_next(argc, argv, "", known, NULL)) != -1) {
        const char **text = letter == 'u'   ? &load.path
                            : letter == 't' ? &load.token_file
                            : letter == 'b' ? &load.bodies_file
                            : letter == 'g' ? &load.paths_file
                            : letter == 'r' ? &load.record_file
                                            : NULL;
        if (text != NULL) {
            *text = optarg;
        } else if (letter == 'p') {
            load.port = (uint16_t)strtoul(optarg, NULL, 10);
        } else if (letter == 'c') {
            load.connections_count = strtoul(optarg, NULL, 10);
        } else if (letter == 'n') {
            load.requests_count = strtoul(optarg, NULL, 10);
        } else if (letter == 'w') {
            load.pause_ms = strtol(optarg, NULL, 10);
        } else {
            wrong = true;
        }
    }
    wrong = wrong || (load.pause_ms > 0 && load.connections_count != 1);
    if (wrong || load.port == 0 || load.requests_count == 0 || load.connections_count == 0 ||
        load.connections_count > CONNECTIONS_MAX) {
        (void)fprintf(stderr, "usage: bench_http_load --port P [--connections C] [--requests N] "
                              "[--path PATH] [--token-file FILE] [--bodies FILE | "
                              "--paths FILE] [--record FILE] [--pause-ms MS]\n");
        exit(64);
    }
    return load;
}

int main(int argc, char **argv)
{
    struct load load = read_options(argc, argv);
    struct connection *connections[CONNECTIONS_MAX];
    const size_t connections_count = load.connections_count;
    if (load.paths_file != NULL) {
        requests_make_gets(&load.requests, load.token_file, load.paths_file);
    } else {
        requests_make(&load.requests, load.path, load.token_file, load.bodies_file, NULL);
    }
    load.answers = allocate(load.requests_count, sizeof *load.answers);
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load.epoll < 0) {
        die("epoll_create1");
    }
    for (size_t i = 0; i < connections_count; i++) {
        connections[i] = connect_one(&load);
    }
    run(&load, connections, connections_count);
    if (load.record_file != NULL) {
        answers_record(load.record_file, load.answers, load.requests_count);
    }
    print(&load);
    for (size_t i = 0; i < connections_count; i++) {
        (void)close(connections[i]->socket);
        free(connections[i]);
    }
    requests_free(&load.requests);
    free(load.answers);
    (void)close(load.epoll);
    return 0;
}
