/* http_client.h - what the load generators share: requests made ahead of time, what came back, and
 * the file that says so. What goes wrong here ends the process. */
#ifndef TESTS_BENCH_HTTP_CLIENT_H
#define TESTS_BENCH_HTTP_CLIENT_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define BODIES_MAX       1024
#define ANSWER_BYTES_MAX 32768
#define ID_BYTES         40

struct request {
    char *bytes;
    size_t count;
    char *key; /* where the number of its Idempotency-Key stands, KEY_DIGITS long; or NULL */
};

struct requests {
    struct request all[BODIES_MAX];
    size_t count;
};

struct answer {
    int64_t sent_ns; /* CLOCK_MONOTONIC; 0: never */
    int64_t answered_ns;
    int status;        /* 0: none */
    int retry_after_s; /* -1: not said */
    char id[ID_BYTES];
};

_Noreturn void die(const char *what);
void *allocate(size_t count, size_t bytes);
struct sockaddr_in loopback(uint16_t port);

/* POST requests, one for each line of the file of bodies ("{}" without one), with the token of the
 * first line of its file. With a prefix each carries an Idempotency-Key. */
void requests_make(struct requests *requests, const char *path, const char *token_file,
                   const char *bodies_file, const char *key_prefix);
/* GET requests without a body instead, one for each line of the file of paths. */
void requests_make_gets(struct requests *requests, const char *token_file, const char *paths_file);
/* The bodies in turn; the key, where there is one, becomes that of the n-th. Valid until the next
 * call. */
const struct request *requests_pick(struct requests *requests, size_t n);
void requests_free(struct requests *requests);

/* The whole answer's length, or 0 while its headers are not all there. */
size_t answer_bytes(const char *buffer);
void answer_note(struct answer *answer, const char *text);
/* A line for each: sent, answered, status and the value of its member "id". */
void answers_record(const char *path, const struct answer *answers, size_t count);
void sort_ns(int64_t *times_ns, size_t count);

#endif
