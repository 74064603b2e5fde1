/* preload_hooks.c - makes a real daemon hang, fail or abort at a call of its own. Loaded by
 * LD_PRELOAD, it obeys the file named by ASTREINTE_HOOKS_FILE, which the test rewrites while the
 * process runs. hooks.Hooks is its other half.
 *
 * A line of the file is a rule: what happens, in which call, in the thread of which name, and for
 * calls that carry a text, which words are to be in it:
 *
 *     hang fdatasync writer
 *     abort bind_text writer paul
 *     crash hmac telephony +33600000010
 *     fail step writer UPDATE escalation SET
 *     abort submit_request push 00fc13ad
 *
 * A hang lasts as long as its rule stands there. */
#define OPENSSL_SUPPRESS_DEPRECATED  /* as in gateway/base/digest.c, which calls what is replaced  \
                                      */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <poll.h>
#include <sqlite3.h>

#define EXPORTED         __attribute__((visibility("default")))
#define FILE_BYTES       4096
#define THREAD_BYTES_MAX 16
#define RULE_BYTES_MAX   512
#define HANG_LOOK_MS     10
#define TEXT_BYTES_MAX   4096

static const volatile char *rules; /* NULL: nothing is to be done */

__attribute__((constructor)) static void open_hooks_file(void)
{
    const char *path = getenv("ASTREINTE_HOOKS_FILE");
    if (path == NULL) {
        return;
    }
    int handle = open(path, O_RDONLY | O_CLOEXEC);
    void *mapped =
        handle < 0 ? MAP_FAILED : mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, handle, 0);
    if (mapped == MAP_FAILED) {
        abort(); /* a test that asked for hooks must not go on without them */
    }
    (void)close(handle);
    rules = mapped;
}

/* Takes the next word of a rule; false when it is another one. */
static bool takes_word(const char **rule, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(*rule, word, length) != 0 || ((*rule)[length] != ' ' && (*rule)[length] != '\0')) {
        return false;
    }
    *rule += length + ((*rule)[length] == ' ');
    return true;
}

static bool rule_applies(const char *rule, const char *what, const char *call, const char *text)
{
    char thread[THREAD_BYTES_MAX] = "";
    (void)prctl(PR_GET_NAME, thread);
    return takes_word(&rule, what) && takes_word(&rule, call) && takes_word(&rule, thread) &&
           (*rule == '\0' || (text != NULL && strstr(text, rule) != NULL));
}

static bool stands_there(const char *what, const char *call, const char *text)
{
    if (rules == NULL || rules[0] == '\0') {
        return false; /* by far the most calls */
    }
    char rule[RULE_BYTES_MAX] = "";
    size_t length = 0;
    for (size_t i = 0; i < FILE_BYTES && rules[i] != '\0'; i++) {
        if (rules[i] != '\n') {
            rule[length] = rules[i];
            length += length < sizeof rule - 1;
            continue;
        }
        rule[length] = '\0';
        length = 0;
        if (rule_applies(rule, what, call, text)) {
            return true;
        }
    }
    return false;
}

/* As a wild pointer does it: by no call of the process' own, and with no signal let through. */
static void fault(void)
{
    volatile char *page = mmap(NULL, FILE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED) {
        page[0] = 1;
    }
}

/* Whether the call is to fail; it may not come back, or late. */
static bool obey(const char *call, const char *text)
{
    if (stands_there("abort", call, text)) {
        abort();
    }
    if (stands_there("crash", call, text)) {
        fault();
    }
    while (stands_there("hang", call, text)) {
        const struct timespec pause = {.tv_nsec = HANG_LOOK_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    return stands_there("fail", call, text);
}

/* The same for bytes that have no end of their own. */
static bool obey_bytes(const char *call, const void *bytes, size_t count)
{
    char text[TEXT_BYTES_MAX];
    if (rules == NULL || rules[0] == '\0') {
        return false;
    }
    count = count < sizeof text ? count : sizeof text - 1;
    memcpy(text, bytes, count);
    text[count] = '\0';
    return obey(call, text);
}

/* The function behind this one. ISO C has no way from an object's address to a function's. */
#define REAL(name)                                                                                 \
    static __typeof__(&(name)) real;                                                               \
    if (real == NULL) {                                                                            \
        void *found = dlsym(RTLD_NEXT, #name);                                                     \
        memcpy(&real, &found, sizeof real);                                                        \
    }

EXPORTED int fdatasync(int handle)
{
    REAL(fdatasync)
    (void)obey("fdatasync", NULL);
    return real(handle);
}

EXPORTED int epoll_wait(int epoll, struct epoll_event *events, int events_max, int timeout_ms)
{
    REAL(epoll_wait)
    (void)obey("epoll_wait", NULL);
    return real(epoll, events, events_max, timeout_ms);
}

EXPORTED int poll(struct pollfd *handles, nfds_t count, int timeout_ms)
{
    REAL(poll)
    (void)obey("poll", NULL);
    return real(handles, count, timeout_ms);
}

EXPORTED int sqlite3_bind_text(sqlite3_stmt *statement, int place, const char *text, int bytes,
                               void (*release)(void *))
{
    REAL(sqlite3_bind_text)
    (void)obey("bind_text", bytes < 0 ? text : NULL); /* else it may have no end */
    return real(statement, place, text, bytes, release);
}

EXPORTED const unsigned char *sqlite3_column_text(sqlite3_stmt *statement, int place)
{
    REAL(sqlite3_column_text)
    const unsigned char *text = real(statement, place);
    (void)obey("column_text", (const char *)text);
    return text;
}

EXPORTED int sqlite3_step(sqlite3_stmt *statement)
{
    REAL(sqlite3_step)
    return obey("step", sqlite3_sql(statement)) ? SQLITE_IOERR_READ : real(statement);
}

/* What a callback's signature is made over, in the telephony thread: its body. */
EXPORTED int SHA256_Update(SHA256_CTX *context, const void *bytes, size_t count)
{
    REAL(SHA256_Update)
    (void)obey_bytes("hmac", bytes, count);
    return real(context, bytes, count);
}

/* What is encrypted for one phone. */
EXPORTED int EVP_EncryptUpdate(EVP_CIPHER_CTX *context, unsigned char *out, int *out_bytes,
                               const unsigned char *bytes, int count)
{
    REAL(EVP_EncryptUpdate)
    (void)obey_bytes("encrypt", bytes, (size_t)count);
    return real(context, out, out_bytes, bytes, count);
}

/* A push, by its path: to APNs it ends in the phone's token. */
EXPORTED int32_t nghttp2_submit_request(nghttp2_session *session,
                                        const nghttp2_priority_spec *priority,
                                        const nghttp2_nv *headers, size_t headers_count,
                                        const nghttp2_data_provider *body, void *stream_data)
{
    REAL(nghttp2_submit_request)
    for (size_t i = 0; i < headers_count; i++) {
        (void)obey_bytes("submit_request", headers[i].value, headers[i].valuelen);
    }
    return real(session, priority, headers, headers_count, body, stream_data);
}

/* What curl writes to a connection without TLS. */
EXPORTED ssize_t send(int handle, const void *bytes, size_t count, int flags)
{
    REAL(send)
    (void)obey_bytes("send", bytes, count);
    return real(handle, bytes, count, flags);
}
