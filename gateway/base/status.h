/* status.h - what every function that can fail returns, and the detail that goes with it.
 *
 * One table holds all codes; 0 is success and every other code is negative. Refusals that a caller
 * of the API can meet have a code of their own, so that nobody has to read a text to tell them
 * apart. What a code means over HTTP is admin-api's business.
 */
#ifndef GATEWAY_BASE_STATUS_H
#define GATEWAY_BASE_STATUS_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STATUS_TABLE(X)                                                                            \
    X(OK, 0, "ok", "success")                                                                      \
    X(INVALID, -1, "invalid", "the input breaks a rule")                                           \
    X(NOT_FOUND, -2, "not-found", "no such object")                                                \
    X(UNAUTHENTICATED, -3, "unauthenticated", "no valid key was presented")                        \
    X(FORBIDDEN, -4, "forbidden", "the key's role does not allow this")                            \
    X(CONFLICT, -5, "conflict", "the object's state does not allow this")                          \
    X(ALREADY_ACCEPTED, -6, "already-accepted", "another person holds the escalation")             \
    X(CLOSED, -7, "closed", "the escalation is closed")                                            \
    X(WRONG_ORDER, -8, "wrong-order", "the verb does not follow from what was said before")        \
    X(KEY_REUSED, -9, "idempotency-key-reused", "the key was used with another body")              \
    X(TOO_LARGE, -10, "too-large", "a limit on size or number was reached")                        \
    X(FULL, -11, "full", "the queue is full, try again")                                           \
    X(DISK_FULL, -12, "disk-full", "no room left on the disk")                                     \
    X(TIMEOUT, -13, "timeout", "a deadline passed")                                                \
    X(EXPIRED, -14, "expired", "it was too late to begin")                                         \
    X(UNAVAILABLE, -15, "unavailable", "a peer cannot be reached")                                 \
    X(UNCERTAIN, -16, "uncertain", "it may or may not have happened")                              \
    X(STOPPING, -17, "stopping", "the gateway is stopping")                                        \
    X(NO_MEMORY, -18, "no-memory", "out of memory")                                                \
    X(IO, -19, "io", "an input/output call failed")                                                \
    X(CORRUPT, -20, "corrupt", "stored data is damaged")                                           \
    X(UNSUPPORTED, -21, "unsupported", "made by a newer version, or not built in")                 \
    X(PROTOCOL, -22, "protocol", "the peer broke the protocol")                                    \
    X(CONFIGURATION, -23, "configuration", "the configuration is wrong")                           \
    X(DONE, -24, "done", "no more items")                                                          \
    X(QUARANTINED, -25, "quarantined", "the escalation was set aside after repeated aborts")       \
    X(TOO_OFTEN, -26, "too-often", "asked too often, try again later")                             \
    X(REMOVED, -27, "database-removed", "the database was removed or replaced")

enum status {
#define STATUS_ENUM(name, code, slug, text) STATUS_##name = (code),
    STATUS_TABLE(STATUS_ENUM)
#undef STATUS_ENUM
};

/* Every function returning enum status is declared with this: ignoring it is a warning. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* The stable lower-case word for a code ("already-accepted"); never NULL. */
const char *status_slug(enum status status);

/* The English sentence for a code; never NULL. */
const char *status_text(enum status status);

#define ERROR_TEXT_BYTES_MAX    320
#define ERROR_POINTER_BYTES_MAX 96

/* Detail captured where a failure happened. Lives wherever the caller puts it (usually the stack);
 * never needs freeing. Functions taking one accept NULL and leave it alone on success. Texts may
 * be shown to API users: no secrets, no personal data.
 *
 * pointer is the JSON pointer (RFC 6901) of the fault, or empty. */
struct error {
    char text[ERROR_TEXT_BYTES_MAX];
    char pointer[ERROR_POINTER_BYTES_MAX];
};

/* Writes the text (truncated to fit, at a UTF-8 boundary) and returns status, so that a failure
 * reads `return error_set(error, STATUS_INVALID, "...")`. error may be NULL. */
enum status error_set(struct error *error, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As error_set(), and notes the JSON pointer of the fault. pointer may be NULL. */
enum status error_set_at(struct error *error, enum status status, const char *pointer,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Says that the fault lies within a part of a larger document, whose pointer `place` is
 * ("/opening_hours"): puts it in front of the pointer, and of the text. Returns status. */
enum status error_move_into(struct error *error, enum status status, const char *place);

/* Puts "what: " in front of the text already there and returns status. */
enum status error_wrap(struct error *error, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif

#endif
