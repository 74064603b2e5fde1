/* failing_world.h - lets memory run out, and calls into libraries and the kernel fail, under the
 * push library: its own allocations and calls are wrapped by the linker (see the test's CMake
 * lines), OpenSSL's, nghttp2's and jansson's memory by their own hooks. */
#ifndef TESTS_INTEGRATION_FAILURES_FAILING_WORLD_H
#define TESTS_INTEGRATION_FAILURES_FAILING_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The calls that can be made to fail. */
#define FAILING_CALLS(X)                                                                           \
    X(nghttp2_session_mem_send)                                                                    \
    X(nghttp2_session_mem_recv)                                                                    \
    X(nghttp2_submit_request)                                                                      \
    X(nghttp2_submit_settings)                                                                     \
    X(nghttp2_submit_ping)                                                                         \
    X(nghttp2_session_client_new2)                                                                 \
    X(SSL_new)                                                                                     \
    X(SSL_read)                                                                                    \
    X(SSL_write)                                                                                   \
    X(SSL_do_handshake)                                                                            \
    X(SSL_set_session)                                                                             \
    X(EVP_DigestSign)                                                                              \
    X(EVP_EncryptUpdate)                                                                           \
    X(EC_POINT_mul)                                                                                \
    X(socket)                                                                                      \
    X(connect)                                                                                     \
    X(epoll_ctl)                                                                                   \
    X(eventfd)                                                                                     \
    X(pthread_create)                                                                              \
    X(getaddrinfo)

enum failing_call {
#define FAILING_CALL(name_) FAIL_##name_,
    FAILING_CALLS(FAILING_CALL)
#undef FAILING_CALL
        FAILING_CALLS_COUNT,
    FAIL_MEMORY = FAILING_CALLS_COUNT,
};

extern const char *const failing_call_names[FAILING_CALLS_COUNT + 1];

/* Once, before OpenSSL's first allocation. */
void failing_world_install(void);

/* From now on the nth of these calls (1: the next) fails, and those of the next lasting_ms
 * milliseconds after it too. */
void failing_world_start(enum failing_call which, size_t nth, int64_t lasting_ms);
/* Answers how many calls were made to fail. */
size_t failing_world_stop(void);

/* Blocks of memory that are out: what was taken and not given back. */
size_t failing_world_blocks(void);

#endif
