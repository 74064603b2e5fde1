/* raw_frames.h - HTTP/2 frames as bytes, for what nghttp2 would rather not send.
 *
 * RFC 9113, section 4.1: 24 bits of length, 8 of type, 8 of flags, 32 of stream.
 */
#ifndef TESTS_SUPPORT_PROVIDER_RAW_FRAMES_H
#define TESTS_SUPPORT_PROVIDER_RAW_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/status.h"

#define RAW_FRAMES_TABLE(X)                                                                        \
    X(SETTINGS_FLOOD, "settings_flood")         /* each of which has to be acknowledged */         \
    X(PING_FLOOD, "ping_flood")                 /* each of which has to be answered */             \
    X(WINDOW_FLOOD, "window_flood")             /* WINDOW_UPDATE by 1, on the connection */        \
    X(CONTINUATION_FLOOD, "continuation_flood") /* an answer whose headers do not end */           \
    X(UNKNOWN_TYPE, "unknown_type")             /* must be ignored (section 5.5) */                \
    X(BAD_LENGTH, "bad_length")                 /* a PING of 7 bytes */                            \
    X(OVERSIZED, "oversized")                   /* a frame above SETTINGS_MAX_FRAME_SIZE */        \
    X(DATA_ON_STREAM_0, "data_on_stream_0")                                                        \
    X(BAD_HPACK, "bad_hpack")             /* headers that cannot be decoded */                     \
    X(PUSH_PROMISE, "push_promise")       /* from a server that nobody allowed to push */          \
    X(WINDOW_OVERFLOW, "window_overflow") /* the connection's window above 2^31-1 */               \
    X(BAD_SETTINGS, "bad_settings")       /* a window above 2^31-1 in SETTINGS */                  \
    X(GARBAGE, "garbage")                 /* bytes that are no frames */                           \
    X(HTTP1, "http1")                     /* an HTTP/1.1 answer */

enum raw_frames {
#define RAW_FRAMES_ENUM(name, word) RAW_FRAMES_##name,
    RAW_FRAMES_TABLE(RAW_FRAMES_ENUM)
#undef RAW_FRAMES_ENUM
};

/* The words in the order of the enum, NULL at the end. */
extern const char *const raw_frames_words[];

#define RAW_FRAMES_REPEAT_MAX 1000000

/* The bytes of `repeat` (at least 1) such frames; what concerns a stream is about this one. The
 * caller frees *bytes_r. STATUS_NO_MEMORY. */
enum status raw_frames_make(enum raw_frames frames, uint32_t stream_id, unsigned repeat,
                            uint8_t **bytes_r, size_t *count_r) MUST_CHECK;

/* Whether the frames are all the answer that the request gets. */
bool raw_frames_end_request(enum raw_frames frames);

/* What a server of the wrong protocol says. */
extern const char raw_http1_answer[];

#endif
