#include "apns-fcm/key_agreement.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "apns-fcm/crypto_error.h"
#include "gateway/base/digest.h"
#include "gateway/base/random.h"

#define SEED_BYTES   16
#define SCALAR_BYTES 32

/* What arithmetic on the curve needs, used again and again. EVP_PKEY would do the same, at twice
 * the time for a key pair and a sixth more for an agreement. */
struct curve {
    EC_GROUP *group;
    BN_CTX *numbers;
    BIGNUM *scalar;
    BIGNUM *x;
    EC_POINT *point;
    EC_POINT *product;
};

/* A key pair of ours, not used yet. */
struct pair {
    uint8_t scalar[SCALAR_BYTES];
    uint8_t public_key[PUSH_PUBLIC_KEY_BYTES];
};

/* A device. It is in `recent`, and in `wanting` unless its agreement is prepared. */
struct peer {
    LIST_ENTRY(peer) in_bucket;
    TAILQ_ENTRY(peer) in_recent;
    TAILQ_ENTRY(peer) in_wanting;
    bool prepared;
    uint8_t public_key[PUSH_PUBLIC_KEY_BYTES];
    struct seal_agreement agreement;
};

LIST_HEAD(bucket, peer);
TAILQ_HEAD(peers, peer);

struct key_agreement {
    struct curve curve;
    uint8_t seed[SEED_BYTES]; /* of the hash, as devices choose their keys */
    struct peers recent;      /* used last first */
    struct peers wanting;     /* likewise */
    size_t peers_count;
    size_t pairs_count;
    bool pairs_wanted; /* something was encrypted at all */
    struct pair pairs[KEY_AGREEMENT_PAIRS_MAX];
    struct bucket buckets[KEY_AGREEMENT_PEERS_MAX];
    struct peer peers[KEY_AGREEMENT_PEERS_MAX];
};

static void curve_fini(struct curve *curve)
{
    EC_POINT_clear_free(curve->product);
    EC_POINT_free(curve->point);
    BN_clear_free(curve->x);
    BN_clear_free(curve->scalar);
    BN_CTX_free(curve->numbers);
    EC_GROUP_free(curve->group);
}

/* False when memory runs out; curve_fini() then still works. */
static bool curve_init(struct curve *curve)
{
    memset(curve, 0, sizeof *curve);
    curve->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    if (curve->group == NULL) {
        return false;
    }
    curve->numbers = BN_CTX_secure_new();
    curve->scalar = BN_secure_new();
    curve->x = BN_secure_new();
    curve->point = EC_POINT_new(curve->group);
    curve->product = EC_POINT_new(curve->group);
    if (curve->numbers == NULL || curve->scalar == NULL || curve->x == NULL ||
        curve->point == NULL || curve->product == NULL) {
        return false;
    }
    BN_set_flags(curve->scalar, BN_FLG_CONSTTIME);
    return true;
}

/* Puts the device's point into curve->point. Nobody is called wrong for want of memory. */
static enum status curve_read_point(struct curve *curve, const uint8_t bytes[PUSH_PUBLIC_KEY_BYTES])
{
    if (bytes[0] != POINT_CONVERSION_UNCOMPRESSED) {
        return STATUS_INVALID;
    }
    if (EC_POINT_oct2point(curve->group, curve->point, bytes, PUSH_PUBLIC_KEY_BYTES,
                           curve->numbers) == 1) {
        return STATUS_OK;
    }
    int reason = ERR_GET_REASON(ERR_peek_last_error());
    bool wrong = reason == EC_R_POINT_IS_NOT_ON_CURVE || reason == EC_R_INVALID_ENCODING;
    return crypto_error_take(wrong ? STATUS_INVALID : STATUS_NO_MEMORY);
}

/* FIPS 186-4, appendix B.4.2: a scalar from 1 to n - 1 by trying candidates. */
static bool curve_make_pair(struct curve *curve, struct pair *pair_r)
{
    bool made;
    do {
        made = BN_priv_rand_range_ex(curve->scalar, EC_GROUP_get0_order(curve->group), 0,
                                     curve->numbers) == 1;
    } while (made && BN_is_zero(curve->scalar));
    made = made &&
           EC_POINT_mul(curve->group, curve->product, curve->scalar, NULL, NULL, curve->numbers) ==
               1 &&
           EC_POINT_point2oct(curve->group, curve->product, POINT_CONVERSION_UNCOMPRESSED,
                              pair_r->public_key, PUSH_PUBLIC_KEY_BYTES,
                              curve->numbers) == PUSH_PUBLIC_KEY_BYTES &&
           BN_bn2binpad(curve->scalar, pair_r->scalar, SCALAR_BYTES) == SCALAR_BYTES;
    BN_clear(curve->scalar);
    if (!made) {
        ERR_clear_error();
    }
    return made;
}

/* SEC 1, section 3.3.1: the x coordinate of our scalar times curve->point. */
static bool curve_agree(struct curve *curve, const struct pair *pair,
                        struct seal_agreement *agreement_r)
{
    uint8_t secret[SEAL_SECRET_BYTES];
    bool agreed = BN_bin2bn(pair->scalar, SCALAR_BYTES, curve->scalar) != NULL &&
                  EC_POINT_mul(curve->group, curve->product, NULL, curve->point, curve->scalar,
                               curve->numbers) == 1 &&
                  EC_POINT_get_affine_coordinates(curve->group, curve->product, curve->x, NULL,
                                                  curve->numbers) == 1 &&
                  BN_bn2binpad(curve->x, secret, sizeof secret) == (int)sizeof secret;
    BN_clear(curve->scalar);
    BN_clear(curve->x);
    if (agreed) {
        memcpy(agreement_r->public_key, pair->public_key, sizeof pair->public_key);
        memcpy(agreement_r->secret, secret, sizeof secret);
    } else {
        ERR_clear_error();
    }
    OPENSSL_cleanse(secret, sizeof secret);
    return agreed;
}

enum status key_agreement_create(struct key_agreement **agreement_r)
{
    /* Not OPENSSL_zalloc(): it would touch a megabyte that most gateways never need. */
    struct key_agreement *agreement = calloc(1, sizeof *agreement);
    if (agreement == NULL || !curve_init(&agreement->curve)) {
        key_agreement_destroy(&agreement);
        ERR_clear_error();
        return STATUS_NO_MEMORY;
    }
    TAILQ_INIT(&agreement->recent);
    TAILQ_INIT(&agreement->wanting);
    random_fill(&random_system, agreement->seed, sizeof agreement->seed);
    *agreement_r = agreement;
    return STATUS_OK;
}

void key_agreement_destroy(struct key_agreement **agreement)
{
    if (*agreement != NULL) {
        curve_fini(&(*agreement)->curve);
        OPENSSL_cleanse(*agreement, sizeof **agreement);
        free(*agreement);
        *agreement = NULL;
    }
}

static struct bucket *bucket_of(struct key_agreement *agreement,
                                const uint8_t peer_public[PUSH_PUBLIC_KEY_BYTES])
{
    const struct digest_part parts[] = {{agreement->seed, SEED_BYTES},
                                        {peer_public, PUSH_PUBLIC_KEY_BYTES}};
    struct digest digest = digest_sha256(parts, 2);
    uint64_t hash;
    memcpy(&hash, digest.bytes, sizeof hash);
    return &agreement->buckets[hash % KEY_AGREEMENT_PEERS_MAX];
}

static struct peer *find(const struct bucket *bucket,
                         const uint8_t peer_public[PUSH_PUBLIC_KEY_BYTES])
{
    for (struct peer *peer = LIST_FIRST(bucket); peer != NULL; peer = LIST_NEXT(peer, in_bucket)) {
        if (memcmp(peer->public_key, peer_public, PUSH_PUBLIC_KEY_BYTES) == 0) {
            return peer;
        }
    }
    return NULL;
}

/* Takes a peer out of all lists, its agreement wiped. */
static void withdraw(struct key_agreement *agreement, struct peer *peer)
{
    LIST_REMOVE(peer, in_bucket);
    TAILQ_REMOVE(&agreement->recent, peer, in_recent);
    if (!peer->prepared) {
        TAILQ_REMOVE(&agreement->wanting, peer, in_wanting);
    }
    OPENSSL_cleanse(&peer->agreement, sizeof peer->agreement);
    peer->prepared = false;
}

/* Notes the use of a peer that is in no list: it wants the next agreement first. */
static void insert(struct key_agreement *agreement, struct bucket *bucket, struct peer *peer)
{
    LIST_INSERT_HEAD(bucket, peer, in_bucket);
    TAILQ_INSERT_HEAD(&agreement->recent, peer, in_recent);
    TAILQ_INSERT_HEAD(&agreement->wanting, peer, in_wanting);
}

/* Remembers a new peer in place of the one not used for longest. */
static void remember(struct key_agreement *agreement, struct bucket *bucket,
                     const uint8_t peer_public[PUSH_PUBLIC_KEY_BYTES])
{
    struct peer *peer;
    if (agreement->peers_count < KEY_AGREEMENT_PEERS_MAX) {
        peer = &agreement->peers[agreement->peers_count++];
    } else {
        peer = TAILQ_LAST(&agreement->recent, peers);
        withdraw(agreement, peer);
    }
    memcpy(peer->public_key, peer_public, PUSH_PUBLIC_KEY_BYTES);
    insert(agreement, bucket, peer);
}

static enum status agree_now(struct key_agreement *agreement,
                             const uint8_t peer_public[PUSH_PUBLIC_KEY_BYTES],
                             struct seal_agreement *taken_r)
{
    enum status status = curve_read_point(&agreement->curve, peer_public);
    if (status != STATUS_OK) {
        return status;
    }
    struct pair made;
    struct pair *pair = &made;
    bool agreed = true;
    if (agreement->pairs_count > 0) {
        pair = &agreement->pairs[--agreement->pairs_count];
    } else {
        agreed = curve_make_pair(&agreement->curve, pair);
    }
    agreed = agreed && curve_agree(&agreement->curve, pair, taken_r);
    OPENSSL_cleanse(pair, sizeof *pair);
    return agreed ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status key_agreement_take(struct key_agreement *agreement,
                               const uint8_t peer_public[PUSH_PUBLIC_KEY_BYTES],
                               struct seal_agreement *taken_r)
{
    agreement->pairs_wanted = true;
    struct bucket *bucket = bucket_of(agreement, peer_public);
    struct peer *peer = find(bucket, peer_public);
    if (peer != NULL && peer->prepared) {
        *taken_r = peer->agreement;
    } else {
        enum status status = agree_now(agreement, peer_public, taken_r);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (peer != NULL) {
        withdraw(agreement, peer);
        insert(agreement, bucket, peer);
    } else {
        remember(agreement, bucket, peer_public);
    }
    return STATUS_OK;
}

static bool pair_is_missing(const struct key_agreement *agreement)
{
    return agreement->pairs_wanted && agreement->pairs_count < KEY_AGREEMENT_PAIRS_MAX;
}

bool key_agreement_prepare_one(struct key_agreement *agreement)
{
    struct peer *peer = TAILQ_FIRST(&agreement->wanting);
    if (peer != NULL) {
        struct pair pair;
        bool agreed = curve_read_point(&agreement->curve, peer->public_key) == STATUS_OK &&
                      curve_make_pair(&agreement->curve, &pair) &&
                      curve_agree(&agreement->curve, &pair, &peer->agreement);
        OPENSSL_cleanse(&pair, sizeof pair);
        if (!agreed) {
            return false;
        }
        TAILQ_REMOVE(&agreement->wanting, peer, in_wanting);
        peer->prepared = true;
    } else if (pair_is_missing(agreement)) {
        if (!curve_make_pair(&agreement->curve, &agreement->pairs[agreement->pairs_count])) {
            return false;
        }
        agreement->pairs_count++;
    }
    return !TAILQ_EMPTY(&agreement->wanting) || pair_is_missing(agreement);
}
