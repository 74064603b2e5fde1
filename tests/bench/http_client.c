#include "tests/bench/http_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/base/clock.h"

#define KEY_DIGITS 10

void die(const char *what)
{
    (void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

void *allocate(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    if (memory == NULL) {
        die("memory");
    }
    return memory;
}

struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
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

static struct request make_request(const char *path, const char *token, const char *key_prefix,
                                   const char *body)
{
    char key[256] = "";
    size_t capacity = strlen(body) + strlen(path) + strlen(token) + sizeof key + 256;
    struct request request = {.bytes = allocate(1, capacity)};
    if (key_prefix != NULL) {
        (void)snprintf(key, sizeof key, "Idempotency-Key: %s-%0*d\r\n", key_prefix, KEY_DIGITS, 0);
    }
    int count = snprintf(request.bytes, capacity,
                         "POST %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s%s"
                         "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                         path, key, token[0] != '\0' ? "Authorization: Bearer " : "", token,
                         token[0] != '\0' ? "\r\n" : "", strlen(body), body);
    request.count = (size_t)count;
    if (key_prefix != NULL) {
        request.key = strstr(request.bytes, key) + strlen(key) - 2 - KEY_DIGITS;
    }
    return request;
}

static struct request make_get(const void *token_text, const char *path)
{
    const char *token = token_text;
    size_t capacity = strlen(path) + strlen(token) + 128;
    struct request request = {.bytes = allocate(1, capacity)};
    int count = snprintf(request.bytes, capacity,
                         "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n",
                         path, token);
    request.count = (size_t)count;
    return request;
}

/* What becomes of a line of the file: the context is the maker's. */
typedef struct request line_maker(const void *context, const char *line);

static void make_of_lines(struct requests *requests, const char *file_name, line_maker *make,
                          const void *context)
{
    char *line = NULL;
    size_t capacity = 0;
    FILE *file = fopen(file_name, "re");
    if (file == NULL) {
        die(file_name);
    }
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): requests keeps them to the end */
    while (requests->count < BODIES_MAX && getline(&line, &capacity, file) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        requests->all[requests->count++] = make(context, line);
    }
    free(line);
    (void)fclose(file);
    if (requests->count == 0) {
        errno = EINVAL;
        die(file_name);
    }
}

struct post {
    const char *path;
    const char *token;
    const char *key_prefix;
};

static struct request make_post(const void *context, const char *line)
{
    const struct post *post = context;
    return make_request(post->path, post->token, post->key_prefix, line);
}

void requests_make(struct requests *requests, const char *path, const char *token_file,
                   const char *bodies_file, const char *key_prefix)
{
    char token[256];
    const struct post post = {path, token, key_prefix};
    read_line(token_file, token, sizeof token);
    requests->count = 0;
    if (bodies_file == NULL) {
        requests->all[requests->count++] = make_post(&post, "{}");
    } else {
        make_of_lines(requests, bodies_file, make_post, &post);
    }
}

void requests_make_gets(struct requests *requests, const char *token_file, const char *paths_file)
{
    char token[256];
    read_line(token_file, token, sizeof token);
    requests->count = 0;
    make_of_lines(requests, paths_file, make_get, token);
}

const struct request *requests_pick(struct requests *requests, size_t n)
{
    struct request *request = &requests->all[n % requests->count];
    for (int i = KEY_DIGITS - 1; request->key != NULL && i >= 0; i--, n /= 10) {
        request->key[i] = (char)('0' + n % 10);
    }
    return request;
}

void requests_free(struct requests *requests)
{
    for (size_t i = 0; i < requests->count; i++) {
        free(requests->all[i].bytes);
    }
    requests->count = 0;
}

/* The number behind a header's name, or -1. */
static long header_number(const char *buffer, const char *end, const char *name)
{
    size_t bytes = strlen(name);
    for (const char *line = strstr(buffer, "\r\n"); line < end; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, bytes) == 0) {
            return strtol(line + 2 + bytes, NULL, 10);
        }
    }
    return -1;
}

size_t answer_bytes(const char *buffer)
{
    const char *end = strstr(buffer, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    long body = header_number(buffer, end, "content-length:");
    return (size_t)(end - buffer) + 4 + (body > 0 ? (size_t)body : 0);
}

void answer_note(struct answer *answer, const char *text)
{
    answer->answered_ns = clock_stopwatch_ns();
    answer->status = (int)strtol(text + strcspn(text, " "), NULL, 10);
    const char *end = strstr(text, "\r\n\r\n");
    answer->retry_after_s = end != NULL ? (int)header_number(text, end, "retry-after:") : -1;
    const char *id = strstr(text, "\"id\":\"");
    if (id != NULL) {
        (void)snprintf(answer->id, sizeof answer->id, "%.*s", (int)strcspn(id + 6, "\""), id + 6);
    }
}

void answers_record(const char *path, const struct answer *answers, size_t count)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        die(path);
    }
    for (size_t i = 0; i < count; i++) {
        const struct answer *answer = &answers[i];
        (void)fprintf(file, "%lld %lld %d %s\n", (long long)answer->sent_ns,
                      (long long)answer->answered_ns, answer->status, answer->id);
    }
    if (fclose(file) != 0) {
        die(path);
    }
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

void sort_ns(int64_t *times_ns, size_t count)
{
    qsort(times_ns, count, sizeof *times_ns, compare);
}
