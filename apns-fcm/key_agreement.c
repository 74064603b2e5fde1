#include "apns-fcm/key_agreement.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/crypto_error.h"

#define WAYS       4
#define SETS_COUNT (KEY_AGREEMENT_PEERS_MAX / WAYS)

/* Somebody who was written to. */
struct peer {
    uint8_t public_key[PUSH_PUBLIC_KEY_BYTES];
    bool used; /* the entry is */
    bool prepared;
    struct seal_agreement next; /* when prepared */
    uint64_t used_at;           /* counts takes */
};

struct key_agreement {
    EVP_PKEY_CTX *generator;
    EVP_PKEY *curve; /* parameters for peers' keys */
    EVP_PKEY *pairs[KEY_AGREEMENT_PAIRS_MAX];
    size_t pairs_count;
    bool pairs_wanted; /* something was encrypted at all */
    uint64_t takes;
    size_t wanted[KEY_AGREEMENT_PEERS_MAX]; /* a ring of peers to prepare for */
    size_t wanted_first;
    size_t wanted_count;
    struct peer peers[KEY_AGREEMENT_PEERS_MAX]; /* sets of WAYS, by the key's hash */
};

enum status key_agreement_create(struct key_agreement **agreement_r)
{
    struct key_agreement *agreement = calloc(1, sizeof *agreement);
    if (agreement == NULL) {
        return STATUS_NO_MEMORY;
    }
    agreement->generator = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    agreement->curve = EVP_EC_gen("P-256");
    if (agreement->generator == NULL || agreement->curve == NULL ||
        EVP_PKEY_keygen_init(agreement->generator) != 1 ||
        EVP_PKEY_CTX_set_ec_paramgen_curve_nid(agreement->generator, NID_X9_62_prime256v1) != 1) {
        key_agreement_destroy(&agreement);
        return crypto_error_take(STATUS_NO_MEMORY);
    }
    *agreement_r = agreement;
    return STATUS_OK;
}

void key_agreement_destroy(struct key_agreement **agreement)
{
    if (*agreement == NULL) {
        return;
    }
    while ((*agreement)->pairs_count > 0) {
        EVP_PKEY_free((*agreement)->pairs[--(*agreement)->pairs_count]);
    }
    EVP_PKEY_CTX_free((*agreement)->generator);
    EVP_PKEY_free((*agreement)->curve);
    OPENSSL_cleanse((*agreement)->peers, sizeof(*agreement)->peers);
    free(*agreement);
    *agreement = NULL;
}

static EVP_PKEY *generate(struct key_agreement *agreement)
{
    EVP_PKEY *pair = NULL;
    return EVP_PKEY_generate(agreement->generator, &pair) == 1 ? pair : NULL;
}

static EVP_PKEY *take_pair(struct key_agreement *agreement)
{
    return agreement->pairs_count > 0 ? agreement->pairs[--agreement->pairs_count]
                                      : generate(agreement);
}

/* The peer's key; NULL: no memory, or, told by *invalid_r, no point on the curve. */
static EVP_PKEY *peer_key(const struct key_agreement *agreement, const uint8_t *public_key,
                          bool *invalid_r)
{
    EVP_PKEY *key = EVP_PKEY_new();
    if (key == NULL || EVP_PKEY_copy_parameters(key, agreement->curve) != 1) {
        EVP_PKEY_free(key);
        return NULL;
    }
    if (EVP_PKEY_set1_encoded_public_key(key, public_key, PUSH_PUBLIC_KEY_BYTES) != 1) {
        EVP_PKEY_free(key);
        *invalid_r = true;
        return NULL;
    }
    return key;
}

static bool derive(EVP_PKEY *pair, EVP_PKEY *peer, struct seal_agreement *agreed_r)
{
    unsigned char *point = NULL;
    size_t secret_bytes = sizeof agreed_r->secret;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
    bool derived = context != NULL &&
                   EVP_PKEY_get1_encoded_public_key(pair, &point) == PUSH_PUBLIC_KEY_BYTES &&
                   EVP_PKEY_derive_init(context) == 1 &&
                   EVP_PKEY_derive_set_peer(context, peer) == 1 &&
                   EVP_PKEY_derive(context, agreed_r->secret, &secret_bytes) == 1 &&
                   secret_bytes == sizeof agreed_r->secret;
    if (derived) {
        memcpy(agreed_r->public_key, point, PUSH_PUBLIC_KEY_BYTES);
    }
    OPENSSL_free(point);
    EVP_PKEY_CTX_free(context);
    return derived;
}

static enum status agree(struct key_agreement *agreement, const uint8_t *public_key,
                         struct seal_agreement *agreed_r)
{
    bool invalid = false;
    if (public_key[0] != POINT_CONVERSION_UNCOMPRESSED) {
        return STATUS_INVALID;
    }
    EVP_PKEY *peer = peer_key(agreement, public_key, &invalid);
    EVP_PKEY *pair = peer != NULL ? take_pair(agreement) : NULL;
    bool agreed = pair != NULL && derive(pair, peer, agreed_r);
    EVP_PKEY_free(pair);
    EVP_PKEY_free(peer);
    if (agreed) {
        return STATUS_OK;
    }
    /* OpenSSL says "no memory" of a key that is invalid only because memory ran out. */
    return crypto_error_take(invalid ? STATUS_INVALID : STATUS_NO_MEMORY);
}

/* FNV-1a over X, which no peer chooses freely enough to aim at a set. */
static size_t set_of(const uint8_t *public_key)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 1; i <= 32; i++) {
        hash = (hash ^ public_key[i]) * 16777619U;
    }
    return (hash ^ hash >> 16) % SETS_COUNT;
}

/* The peer's entry; for one that is new, the place of the longest unused of its set. */
static struct peer *find(struct key_agreement *agreement, const uint8_t *public_key)
{
    struct peer *set = &agreement->peers[set_of(public_key) * WAYS];
    struct peer *oldest = set;
    for (struct peer *peer = set; peer < set + WAYS; peer++) {
        if (peer->used && memcmp(peer->public_key, public_key, PUSH_PUBLIC_KEY_BYTES) == 0) {
            return peer;
        }
        if (!peer->used || (oldest->used && peer->used_at < oldest->used_at)) {
            oldest = peer;
        }
    }
    OPENSSL_cleanse(oldest, sizeof *oldest);
    memcpy(oldest->public_key, public_key, PUSH_PUBLIC_KEY_BYTES);
    oldest->used = true;
    return oldest;
}

static void want(struct key_agreement *agreement, const struct peer *peer)
{
    if (agreement->wanted_count < KEY_AGREEMENT_PEERS_MAX) {
        size_t last = agreement->wanted_first + agreement->wanted_count++;
        agreement->wanted[last % KEY_AGREEMENT_PEERS_MAX] = (size_t)(peer - agreement->peers);
    }
}

enum status key_agreement_take(struct key_agreement *agreement,
                               const uint8_t peer_public[PUSH_PUBLIC_KEY_BYTES],
                               struct seal_agreement *taken_r)
{
    struct peer *peer = find(agreement, peer_public);
    enum status status = STATUS_OK;
    agreement->pairs_wanted = true;
    peer->used_at = ++agreement->takes;
    if (peer->prepared) {
        *taken_r = peer->next;
        OPENSSL_cleanse(&peer->next, sizeof peer->next);
        peer->prepared = false;
    } else {
        status = agree(agreement, peer_public, taken_r);
    }
    if (status == STATUS_OK) {
        want(agreement, peer);
    } else if (status == STATUS_INVALID) {
        peer->used = false;
    }
    return status;
}

static void prepare_peer(struct key_agreement *agreement)
{
    struct peer *peer = &agreement->peers[agreement->wanted[agreement->wanted_first]];
    agreement->wanted_first = (agreement->wanted_first + 1) % KEY_AGREEMENT_PEERS_MAX;
    agreement->wanted_count--;
    if (peer->used && !peer->prepared) {
        peer->prepared = agree(agreement, peer->public_key, &peer->next) == STATUS_OK;
    }
}

bool key_agreement_prepare_one(struct key_agreement *agreement)
{
    bool pairs_missing =
        agreement->pairs_wanted && agreement->pairs_count < KEY_AGREEMENT_PAIRS_MAX;
    if (agreement->wanted_count > 0) {
        prepare_peer(agreement);
    } else if (pairs_missing) {
        EVP_PKEY *pair = generate(agreement);
        if (pair == NULL) {
            return false; /* no memory now: later, when something is encrypted again */
        }
        agreement->pairs[agreement->pairs_count++] = pair;
    }
    return agreement->wanted_count > 0 ||
           (agreement->pairs_wanted && agreement->pairs_count < KEY_AGREEMENT_PAIRS_MAX);
}
