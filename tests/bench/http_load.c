/* http_load.c - posts JSON bodies over HTTP/1.1 connections that stay open, as fast as they are
 * answered, each connection with one request in flight.
 *
 *     bench_http_load --port P [--connections C] [--requests N] [--path /v1/escalations]
 *                     [--token-file FILE] [--bodies FILE] [--record FILE] [--pause-ms MS]
 *
 * bench links: base
 *
 * The bodies are the lines of their file, in turn. --record writes a line for each answer: when its
 * request was about to be sent and when the answer was there (ns of CLOCK_MONOTONIC), its status,
 * and the value of its member "id". --pause-ms waits before each request, for an idle server; then
 * there is one connection. Prints one line of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
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

#define CONNECTIONS_MAX  1024
#define BODIES_MAX       1024
#define ANSWER_BYTES_MAX 32768
#define ID_BYTES         40

struct text {
    char *bytes;
    size_t count;
};

struct answer {
    int64_t sent_ns;
    int64_t answered_ns;
    int status;
    char id[ID_BYTES];
};

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
    const char *record_file;
    long pause_ms;
    struct text requests[BODIES_MAX];
    size_t bodies_count;
    struct answer *answers;
    size_t begun;
    size_t done;
    int epoll;
};

static void die(const char *what)
{
    (void)fprintf(stderr, "http_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void *allocate(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    if (memory == NULL) {
        die("memory");
    }
    return memory;
}

/* The first line of a file, or "". */
static void read_line(const char *path, char *line, size_t bytes)
{
    line[0] = '\0';
    if (path == NULL) {
        return;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(line, (int)bytes, file) == NULL) {
        die(path);
    }
    line[strcspn(line, "\r\n")] = '\0';
    (void)fclose(file);
}

static struct text make_request(const struct load *load, const char *token, const char *body)
{
    size_t capacity = strlen(body) + strlen(load->path) + strlen(token) + 256;
    struct text text = {allocate(1, capacity), 0};
    int count = snprintf(text.bytes, capacity,
                         "POST %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s"
                         "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                         load->path, token[0] != '\0' ? "Authorization: Bearer " : "", token,
                         token[0] != '\0' ? "\r\n" : "", strlen(body), body);
    text.count = (size_t)count;
    return text;
}

static void make_requests(struct load *load)
{
    char token[256], *line = NULL;
    size_t capacity = 0;
    read_line(load->token_file, token, sizeof token);
    if (load->bodies_file == NULL) {
        load->requests[load->bodies_count++] = make_request(load, token, "{}");
        return;
    }
    FILE *file = fopen(load->bodies_file, "re");
    if (file == NULL) {
        die(load->bodies_file);
    }
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): load->requests keeps them to the end */
    while (load->bodies_count < BODIES_MAX && getline(&line, &capacity, file) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        load->requests[load->bodies_count++] = make_request(load, token, line);
    }
    free(line);
    (void)fclose(file);
    if (load->bodies_count == 0) {
        errno = EINVAL;
        die(load->bodies_file);
    }
}

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
    const struct text *request = &load->requests[load->begun % load->bodies_count];
    connection->answer = load->begun++;
    connection->used = 0;
    load->answers[connection->answer].sent_ns = clock_stopwatch_ns();
    if (send(connection->socket, request->bytes, request->count, MSG_NOSIGNAL) !=
        (ssize_t)request->count) {
        die("send");
    }
}

/* The whole answer's length, or 0 while its headers are not all there. */
static size_t answer_bytes(const char *buffer)
{
    const char *end = strstr(buffer, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    size_t body = 0;
    for (const char *line = strstr(buffer, "\r\n"); line < end; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, "content-length:", 15) == 0) {
            body = strtoul(line + 17, NULL, 10);
        }
    }
    return (size_t)(end - buffer) + 4 + body;
}

static void note_answer(struct answer *answer, const char *text)
{
    answer->answered_ns = clock_stopwatch_ns();
    answer->status = (int)strtol(text + strcspn(text, " "), NULL, 10);
    const char *id = strstr(text, "\"id\":\"");
    if (id != NULL) {
        (void)snprintf(answer->id, sizeof answer->id, "%.*s", (int)strcspn(id + 6, "\""), id + 6);
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
        note_answer(&load->answers[connection->answer], connection->buffer);
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

static void run(struct load *load, struct connection **connections)
{
    struct epoll_event events[64];
    for (size_t i = 0; i < load->connections_count; i++) {
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

static void record(const struct load *load)
{
    FILE *file = fopen(load->record_file, "we");
    if (file == NULL) {
        die(load->record_file);
    }
    for (size_t i = 0; i < load->requests_count; i++) {
        const struct answer *answer = &load->answers[i];
        (void)fprintf(file, "%lld %lld %d %s\n", (long long)answer->sent_ns,
                      (long long)answer->answered_ns, answer->status, answer->id);
    }
    if (fclose(file) != 0) {
        die(load->record_file);
    }
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
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
    qsort(took_ns, count, sizeof *took_ns, compare);
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
    static const struct option known[] = {{"port", required_argument, NULL, 'p'},
                                          {"connections", required_argument, NULL, 'c'},
                                          {"requests", required_argument, NULL, 'n'},
                                          {"path", required_argument, NULL, 'u'},
                                          {"token-file", required_argument, NULL, 't'},
                                          {"bodies", required_argument, NULL, 'b'},
                                          {"record", required_argument, NULL, 'r'},
                                          {"pause-ms", required_argument, NULL, 'w'},
                                          {NULL, 0, NULL, 0}};
    struct load load = {.connections_count = 1, .requests_count = 1000, .path = "/v1/escalations"};
    int letter;
    bool wrong = false;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        const char **text = letter == 'u'   ? &load.path
                            : letter == 't' ? &load.token_file
                            : letter == 'b' ? &load.bodies_file
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
                              "[--path PATH] [--token-file FILE] [--bodies FILE] "
                              "[--record FILE] [--pause-ms MS]\n");
        exit(64);
    }
    return load;
}

int main(int argc, char **argv)
{
    struct load load = read_options(argc, argv);
    struct connection *connections[CONNECTIONS_MAX];
    make_requests(&load);
    load.answers = allocate(load.requests_count, sizeof *load.answers);
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load.epoll < 0) {
        die("epoll_create1");
    }
    for (size_t i = 0; i < load.connections_count; i++) {
        connections[i] = connect_one(&load);
    }
    run(&load, connections);
    if (load.record_file != NULL) {
        record(&load);
    }
    print(&load);
    for (size_t i = 0; i < load.connections_count; i++) {
        (void)close(connections[i]->socket);
        free(connections[i]);
    }
    for (size_t i = 0; i < load.bodies_count; i++) {
        free(load.requests[i].bytes);
    }
    free(load.answers);
    (void)close(load.epoll);
    return 0;
}
