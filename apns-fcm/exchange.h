/* exchange.h - one HTTP request with its answer, on its way through a pool's queue and a
 * connection's streams. Embedded in a job or in the token exchange, which own all its memory. */
#ifndef APNS_FCM_EXCHANGE_H
#define APNS_FCM_EXCHANGE_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apns-fcm/push.h"

struct connection;
struct exchange;
struct loop;
struct pool;

#define EXCHANGE_HEADERS_MAX     16
#define EXCHANGE_RANKS           4
#define EXCHANGE_FIELD_BYTES_MAX 48

enum exchange_place {
    EXCHANGE_OUTSIDE,
    EXCHANGE_QUEUED,    /* in the pool's queue */
    EXCHANGE_IN_FLIGHT, /* on a stream of its connection */
};

enum exchange_end {
    EXCHANGE_ANSWERED,      /* a complete answer was read */
    EXCHANGE_NOT_PROCESSED, /* the peer did nothing with it and never will: replay is safe */
    EXCHANGE_UNANSWERED,    /* written, and no answer: it may have been acted upon */
};

/* What the owner of an exchange does for it. Loop thread. */
struct exchange_kind {
    /* Fills in the request's headers just before it goes out; answers how many. What they point to
     * lives until the exchange ends. The request body may still be set here. */
    size_t (*begin)(struct exchange *exchange, struct loop *loop,
                    nghttp2_nv headers_r[EXCHANGE_HEADERS_MAX]);
    /* The exchange is outside again; the owner may free it. Makes no call into the pool but
     * pool_enqueue(), pool_withdraw() of other exchanges and pool_set_proven(). */
    void (*end)(struct exchange *exchange, enum exchange_end end);
};

struct exchange {
    struct exchange *next; /* in the queue, or among the connection's streams */
    struct exchange *previous;
    const struct exchange_kind *kind;
    void *owner;                 /* the kind's */
    const struct burden *burden; /* of the thread that works on it; the owner's; NULL: none */
    struct pool *pool;
    struct connection *connection; /* while in flight */
    enum exchange_place place;
    bool is_hedge;         /* in the pool's list of hedges when queued */
    unsigned rank;         /* 0 goes first */
    unsigned generation;   /* of the token it went out with; the owner's */
    uint64_t other_number; /* a hedge: not on the connection of this number */
    int32_t stream_id;
    struct monotonic_time begun_at; /* put on its stream */

    const char *body;
    size_t body_bytes;
    size_t body_sent_bytes;

    bool written;  /* its HEADERS frame was handed to TLS */
    bool complete; /* the answer's last byte was read */
    int status;    /* 0 until the answer's headers came */
    size_t header_bytes;
    char retry_after[EXCHANGE_FIELD_BYTES_MAX];
    char answer_id[PUSH_PROVIDER_ID_BYTES_MAX]; /* apns-id, or Web Push's Location */
    char *answer;                               /* the answer's body, cut at the capacity */
    size_t answer_capacity;
    size_t answer_bytes;
    size_t answer_seen_bytes; /* with what did not fit */
};

/* A list that exchanges are linked into; zeroed: empty. */
struct exchange_list {
    struct exchange *first;
    struct exchange *last;
    size_t count;
};

static inline void exchange_list_append(struct exchange_list *list, struct exchange *exchange)
{
    exchange->next = NULL;
    exchange->previous = list->last;
    *(list->last != NULL ? &list->last->next : &list->first) = exchange;
    list->last = exchange;
    list->count++;
}

static inline void exchange_list_prepend(struct exchange_list *list, struct exchange *exchange)
{
    exchange->previous = NULL;
    exchange->next = list->first;
    *(list->first != NULL ? &list->first->previous : &list->last) = exchange;
    list->first = exchange;
    list->count++;
}

static inline void exchange_list_remove(struct exchange_list *list, struct exchange *exchange)
{
    *(exchange->previous != NULL ? &exchange->previous->next : &list->first) = exchange->next;
    *(exchange->next != NULL ? &exchange->next->previous : &list->last) = exchange->previous;
    exchange->next = NULL;
    exchange->previous = NULL;
    list->count--;
}

/* Forgets the last try; the request stays. */
static inline void exchange_reset(struct exchange *exchange)
{
    exchange->connection = NULL;
    exchange->stream_id = 0;
    exchange->body_sent_bytes = 0;
    exchange->written = false;
    exchange->complete = false;
    exchange->status = 0;
    exchange->header_bytes = 0;
    exchange->retry_after[0] = '\0';
    exchange->answer_id[0] = '\0';
    exchange->answer_bytes = 0;
    exchange->answer_seen_bytes = 0;
}

#endif
