#include "tests/support/provider/raw_frames.h"

#include <stdlib.h>
#include <string.h>

#define FRAME_HEADER_BYTES 9

enum frame_type {
    FRAME_DATA = 0x0,
    FRAME_HEADERS = 0x1,
    FRAME_SETTINGS = 0x4,
    FRAME_PUSH_PROMISE = 0x5,
    FRAME_PING = 0x6,
    FRAME_WINDOW_UPDATE = 0x8,
    FRAME_CONTINUATION = 0x9,
    FRAME_UNKNOWN = 0xee
};

#define FLAG_END_STREAM  0x1
#define FLAG_END_HEADERS 0x4

/* ":status: 200" and nothing else: index 8 of HPACK's static table (RFC 7541, appendix A). */
static const char status_200[] = "\x88";

const char raw_http1_answer[] = "HTTP/1.1 505 HTTP Version Not Supported\r\n"
                                "content-length: 0\r\n"
                                "connection: close\r\n"
                                "\r\n";

const char *const raw_frames_words[] = {
#define RAW_FRAMES_WORD(name, word) word,
    RAW_FRAMES_TABLE(RAW_FRAMES_WORD)
#undef RAW_FRAMES_WORD
        NULL};

/* How one of the frames looks. */
struct shape {
    enum frame_type type;
    uint8_t flags;
    bool on_stream;          /* of the request; otherwise 0 */
    uint32_t length_claimed; /* 0: the payload's */
    size_t payload_bytes;
    const char *payload;
};

static const struct shape shapes[] = {
    [RAW_FRAMES_SETTINGS_FLOOD] = {.type = FRAME_SETTINGS},
    [RAW_FRAMES_PING_FLOOD] = {FRAME_PING, 0, false, 0, 8, "astreint"},
    [RAW_FRAMES_WINDOW_FLOOD] = {FRAME_WINDOW_UPDATE, 0, false, 0, 4, "\0\0\0\1"},
    [RAW_FRAMES_CONTINUATION_FLOOD] = {.type = FRAME_CONTINUATION, .on_stream = true},
    [RAW_FRAMES_UNKNOWN_TYPE] = {FRAME_UNKNOWN, 0xff, true, 0, 8, "anything"},
    [RAW_FRAMES_BAD_LENGTH] = {FRAME_PING, 0, false, 0, 7, "astrein"},
    [RAW_FRAMES_OVERSIZED] = {FRAME_DATA, 0, true, 0xffffff, 8, "anything"},
    [RAW_FRAMES_DATA_ON_STREAM_0] = {FRAME_DATA, 0, false, 0, 8, "anything"},
    /* Index 127 + 127 of tables that are not so long. */
    [RAW_FRAMES_BAD_HPACK] = {FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, true, 0, 2,
                              "\xff\x7f"},
    /* Promises stream 2. */
    [RAW_FRAMES_PUSH_PROMISE] = {FRAME_PUSH_PROMISE, FLAG_END_HEADERS, true, 0, 5, "\0\0\0\2\x82"},
    [RAW_FRAMES_WINDOW_OVERFLOW] = {FRAME_WINDOW_UPDATE, 0, false, 0, 4, "\x7f\xff\xff\xff"},
    /* SETTINGS_INITIAL_WINDOW_SIZE is 4. */
    [RAW_FRAMES_BAD_SETTINGS] = {FRAME_SETTINGS, 0, false, 0, 6, "\0\4\xff\xff\xff\xff"},
};

static size_t put_frame(uint8_t *at, const struct shape *shape, uint32_t stream_id)
{
    uint32_t length =
        shape->length_claimed > 0 ? shape->length_claimed : (uint32_t)shape->payload_bytes;
    uint32_t stream = shape->on_stream ? stream_id : 0;
    const uint8_t header[FRAME_HEADER_BYTES] = {
        (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length,
        (uint8_t)shape->type,    shape->flags,           (uint8_t)(stream >> 24),
        (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};
    memcpy(at, header, sizeof header);
    if (shape->payload_bytes > 0) {
        memcpy(at + sizeof header, shape->payload, shape->payload_bytes);
    }
    return sizeof header + shape->payload_bytes;
}

/* Bytes that are not frames at all. */
static struct shape text_of(enum raw_frames frames)
{
    static const char garbage[] = "\xde\xad\xbe\xef no frame begins like this \xff\xff\xff\xff\xff";
    struct shape shape = {.payload = garbage, .payload_bytes = sizeof garbage - 1};
    if (frames == RAW_FRAMES_HTTP1) {
        shape.payload = raw_http1_answer;
        shape.payload_bytes = strlen(raw_http1_answer);
    }
    return shape;
}

enum status raw_frames_make(enum raw_frames frames, uint32_t stream_id, unsigned repeat,
                            uint8_t **bytes_r, size_t *count_r)
{
    static const struct shape headers = {FRAME_HEADERS, FLAG_END_STREAM, true, 0, 1, status_200};
    static const struct shape end = {
        .type = FRAME_CONTINUATION, .flags = FLAG_END_HEADERS, .on_stream = true};
    bool text = frames == RAW_FRAMES_GARBAGE || frames == RAW_FRAMES_HTTP1;
    struct shape shape = text ? text_of(frames) : shapes[frames];
    size_t room = ((size_t)repeat + 2) * (FRAME_HEADER_BYTES + shape.payload_bytes + 1);
    uint8_t *bytes = malloc(room);
    size_t used = 0;
    if (bytes == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (frames == RAW_FRAMES_CONTINUATION_FLOOD) {
        used += put_frame(bytes, &headers, stream_id);
    }
    for (unsigned i = 0; i < repeat; i++) {
        if (text) {
            memcpy(bytes + used, shape.payload, shape.payload_bytes);
            used += shape.payload_bytes;
        } else {
            used += put_frame(bytes + used, &shape, stream_id);
        }
    }
    if (frames == RAW_FRAMES_CONTINUATION_FLOOD) {
        used += put_frame(bytes + used, &end, stream_id);
    }
    *bytes_r = bytes;
    *count_r = used;
    return STATUS_OK;
}

bool raw_frames_end_request(enum raw_frames frames)
{
    return frames == RAW_FRAMES_CONTINUATION_FLOOD || frames == RAW_FRAMES_BAD_HPACK;
}
