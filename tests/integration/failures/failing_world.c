#include "tests/integration/failures/failing_world.h"

#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <nghttp2/nghttp2.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "gateway/base/clock.h"

const char *const failing_call_names[FAILING_CALLS_COUNT + 1] = {
#define FAILING_CALL(name_) #name_,
    FAILING_CALLS(FAILING_CALL)
#undef FAILING_CALL
        "memory"};

static atomic_int armed_for = -1;
static atomic_size_t calls_left;
static _Atomic int64_t failing_until_ms; /* 0: none has failed yet */
static atomic_llong lasting;
static atomic_size_t failed;
static atomic_size_t blocks;

static bool fails_now(enum failing_call which)
{
    if (atomic_load(&armed_for) != (int)which) {
        return false;
    }
    size_t before = atomic_load(&calls_left);
    while (before > 0 && !atomic_compare_exchange_weak(&calls_left, &before, before - 1)) {
    }
    int64_t now_ms = clock_stopwatch_ns() / 1000000;
    if (before > 1) {
        return false;
    }
    if (before == 1) {
        atomic_store(&failing_until_ms, now_ms + atomic_load(&lasting));
    } else if (now_ms >= atomic_load(&failing_until_ms)) {
        return false;
    }
    atomic_fetch_add(&failed, 1);
    return true;
}

void failing_world_start(enum failing_call which, size_t nth, int64_t lasting_ms)
{
    atomic_store(&failed, 0);
    atomic_store(&failing_until_ms, 0);
    atomic_store(&lasting, lasting_ms);
    atomic_store(&calls_left, nth);
    atomic_store(&armed_for, (int)which);
}

size_t failing_world_stop(void)
{
    atomic_store(&armed_for, -1);
    return atomic_load(&failed);
}

size_t failing_world_blocks(void)
{
    return atomic_load(&blocks);
}

/* ---- memory ---- */

/* The true ones, by the linker's names. NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void __real_free(void *block);
/* NOLINTEND(bugprone-reserved-identifier) */

static void *take(size_t bytes)
{
    void *block = fails_now(FAIL_MEMORY) ? NULL : __real_malloc(bytes);
    atomic_fetch_add(&blocks, block != NULL);
    return block;
}

static void *take_zeroed(size_t count, size_t bytes)
{
    void *block = fails_now(FAIL_MEMORY) ? NULL : __real_calloc(count, bytes);
    atomic_fetch_add(&blocks, block != NULL);
    return block;
}

static void *resize(void *block, size_t bytes)
{
    if (fails_now(FAIL_MEMORY)) {
        return NULL;
    }
    void *resized = __real_realloc(block, bytes);
    atomic_fetch_add(&blocks, block == NULL && resized != NULL);
    return resized;
}

static void release(void *block)
{
    atomic_fetch_sub(&blocks, block != NULL);
    __real_free(block);
}

static void *openssl_take(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return take(bytes);
}

static void *openssl_resize(void *block, size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return resize(block, bytes);
}

static void openssl_release(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    release(block);
}

void failing_world_install(void)
{
    if (CRYPTO_set_mem_functions(openssl_take, openssl_resize, openssl_release) != 1) {
        abort();
    }
    json_set_alloc_funcs(take, release);
}

static void *nghttp2_take(size_t bytes, void *context)
{
    (void)context;
    return take(bytes);
}

static void nghttp2_release(void *block, void *context)
{
    (void)context;
    release(block);
}

static void *nghttp2_take_zeroed(size_t count, size_t bytes, void *context)
{
    (void)context;
    return take_zeroed(count, bytes);
}

static void *nghttp2_resize(void *block, size_t bytes, void *context)
{
    (void)context;
    return resize(block, bytes);
}

static nghttp2_mem nghttp2_memory = {NULL, nghttp2_take, nghttp2_release, nghttp2_take_zeroed,
                                     nghttp2_resize};

/* ---- what the linker puts in front of the library's calls ---- */

/* __wrap_x stands for x, __real_x is the true one. NOLINTBEGIN */
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void __wrap_free(void *block);

void *__wrap_malloc(size_t bytes)
{
    return take(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return take_zeroed(count, bytes);
}

void *__wrap_realloc(void *block, size_t bytes)
{
    return resize(block, bytes);
}

void __wrap_free(void *block)
{
    release(block);
}

#define WRAP(type_, name_, parameters_, arguments_, failure_)                                      \
    type_ __real_##name_ parameters_;                                                              \
    type_ __wrap_##name_ parameters_;                                                              \
    type_ __wrap_##name_ parameters_                                                               \
    {                                                                                              \
        return fails_now(FAIL_##name_) ? (failure_) : __real_##name_ arguments_;                   \
    }

/* errno as the kernel would leave it. */
static int refuse(int code)
{
    errno = code;
    return -1;
}

WRAP(ssize_t, nghttp2_session_mem_send, (nghttp2_session * session, const uint8_t **data),
     (session, data), NGHTTP2_ERR_NOMEM)
WRAP(ssize_t, nghttp2_session_mem_recv,
     (nghttp2_session * session, const uint8_t *data, size_t bytes), (session, data, bytes),
     NGHTTP2_ERR_NOMEM)
WRAP(int32_t, nghttp2_submit_request,
     (nghttp2_session * session, const nghttp2_priority_spec *priority, const nghttp2_nv *headers,
      size_t count, const nghttp2_data_provider *body, void *stream),
     (session, priority, headers, count, body, stream), NGHTTP2_ERR_NOMEM)
WRAP(int, nghttp2_submit_settings,
     (nghttp2_session * session, uint8_t flags, const nghttp2_settings_entry *entries,
      size_t count),
     (session, flags, entries, count), NGHTTP2_ERR_NOMEM)
WRAP(int, nghttp2_submit_ping, (nghttp2_session * session, uint8_t flags, const uint8_t *data),
     (session, flags, data), NGHTTP2_ERR_NOMEM)
WRAP(SSL *, SSL_new, (SSL_CTX * context), (context), NULL)
WRAP(int, SSL_read, (SSL * ssl, void *data, int bytes), (ssl, data, bytes), refuse(EIO))
WRAP(int, SSL_write, (SSL * ssl, const void *data, int bytes), (ssl, data, bytes), refuse(EIO))
WRAP(int, SSL_do_handshake, (SSL * ssl), (ssl), refuse(EIO))
WRAP(int, SSL_set_session, (SSL * ssl, SSL_SESSION *session), (ssl, session), 0)
WRAP(int, EVP_DigestSign,
     (EVP_MD_CTX * context, unsigned char *signature, size_t *bytes, const unsigned char *data,
      size_t data_bytes),
     (context, signature, bytes, data, data_bytes), 0)
WRAP(int, EVP_EncryptUpdate,
     (EVP_CIPHER_CTX * context, unsigned char *out, int *bytes, const unsigned char *in,
      int in_bytes),
     (context, out, bytes, in, in_bytes), 0)
WRAP(int, EC_POINT_mul,
     (const EC_GROUP *group, EC_POINT *product, const BIGNUM *n, const EC_POINT *point,
      const BIGNUM *m, BN_CTX *context),
     (group, product, n, point, m, context), 0)
WRAP(int, socket, (int domain, int type, int protocol), (domain, type, protocol), refuse(EMFILE))
WRAP(int, connect, (int fd, const struct sockaddr *address, socklen_t bytes), (fd, address, bytes),
     refuse(ENETUNREACH))
WRAP(int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event),
     (epoll, operation, fd, event), refuse(ENOMEM))
WRAP(int, eventfd, (unsigned int value, int flags), (value, flags), refuse(EMFILE))
WRAP(int, pthread_create,
     (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument),
     (thread, attributes, run, argument), EAGAIN)
WRAP(int, getaddrinfo,
     (const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found),
     (host, port, hints, found), EAI_AGAIN)

int __wrap_nghttp2_session_client_new2(nghttp2_session **session,
                                       const nghttp2_session_callbacks *callbacks, void *context,
                                       const nghttp2_option *option);
int __wrap_nghttp2_session_client_new2(nghttp2_session **session,
                                       const nghttp2_session_callbacks *callbacks, void *context,
                                       const nghttp2_option *option)
{
    return fails_now(FAIL_nghttp2_session_client_new2)
               ? NGHTTP2_ERR_NOMEM
               : nghttp2_session_client_new3(session, callbacks, context, option, &nghttp2_memory);
}
/* NOLINTEND */
