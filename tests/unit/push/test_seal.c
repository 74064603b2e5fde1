#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/key_agreement.h"
#include "apns-fcm/sealer.h"
#include "gateway/base/encoding.h"

static void decode(const char *text, void *bytes_r, size_t bytes)
{
    size_t decoded = 0;
    assert_int_equal(base64_decode(text, strlen(text), bytes_r, bytes, &decoded), STATUS_OK);
    assert_int_equal(decoded, bytes);
}

/* RFC 8291, section 5 and appendix A, to the byte. */
static void test_seal__example_of_the_rfc(void **state)
{
    static const char plain[] = "When I grow up, I want to be a watermelon";
    struct seal_agreement agreement;
    uint8_t peer[PUSH_PUBLIC_KEY_BYTES], auth[PUSH_AUTH_SECRET_BYTES], salt[SEAL_SALT_BYTES];
    uint8_t record[144];
    char text[BASE64_TEXT_BYTES(sizeof record)];
    (void)state;
    decode(
        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
        agreement.public_key, sizeof agreement.public_key);
    decode("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs", agreement.secret,
           sizeof agreement.secret);
    decode(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        peer, sizeof peer);
    decode("BTBZMqHH6r4Tts7J_aSIgg", auth, sizeof auth);
    decode("DGv6ra1nlYgDCS1FRnbzlw", salt, sizeof salt);
    assert_int_equal(
        seal(&agreement, peer, auth, salt, plain, sizeof plain - 1, record, sizeof record),
        STATUS_OK);
    base64url_encode(record, sizeof record, text);
    assert_string_equal(
        text, "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLoc"
              "InmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLV"
              "WGNWQexSgSxsj_Qulcy4a-fN");
    assert_int_equal(seal(&agreement, peer, auth, salt, plain, sizeof plain, record, sizeof record),
                     STATUS_TOO_LARGE);
}

static void test_seal__lengths_say_little(void **state)
{
    (void)state;
    assert_int_equal(seal_record_bytes(0), 86 + 128 + 16);
    assert_int_equal(seal_record_bytes(127), 86 + 128 + 16);
    assert_int_equal(seal_record_bytes(128), 86 + 256 + 16);
    assert_int_equal(seal_record_bytes(3993), 4096); /* what every push service takes */
    assert_int_equal(seal_record_bytes(3994), 86 + 4096 + 16);
}

static void test_seal__longest_text_of_a_record(void **state)
{
    (void)state;
    for (size_t record_bytes = 0; record_bytes < 6000; record_bytes++) {
        size_t plain_bytes = seal_plain_bytes_max(record_bytes);
        assert_true(plain_bytes == 0 || seal_record_bytes(plain_bytes) <= record_bytes);
        assert_true(seal_record_bytes(plain_bytes + 1) > record_bytes);
    }
}

/* A receiver: a key pair and what it computes with our public key. */
static EVP_PKEY *make_peer(uint8_t public_r[PUSH_PUBLIC_KEY_BYTES])
{
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    unsigned char *point = NULL;
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(pair, &point), PUSH_PUBLIC_KEY_BYTES);
    memcpy(public_r, point, PUSH_PUBLIC_KEY_BYTES);
    OPENSSL_free(point);
    return pair;
}

static void assert_agreed(EVP_PKEY *peer, const struct seal_agreement *agreement)
{
    uint8_t secret[SEAL_SECRET_BYTES];
    size_t bytes = sizeof secret;
    EVP_PKEY *ours = EVP_PKEY_new();
    assert_int_equal(EVP_PKEY_copy_parameters(ours, peer), 1);
    assert_int_equal(
        EVP_PKEY_set1_encoded_public_key(ours, agreement->public_key, PUSH_PUBLIC_KEY_BYTES), 1);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(peer, NULL);
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, ours), 1);
    assert_int_equal(EVP_PKEY_derive(context, secret, &bytes), 1);
    assert_memory_equal(secret, agreement->secret, sizeof secret);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(ours);
}

static void test_key_agreement__each_is_fresh_and_fits_the_peer(void **state)
{
    struct key_agreement *store = NULL;
    struct seal_agreement taken[6];
    uint8_t public_key[PUSH_PUBLIC_KEY_BYTES];
    EVP_PKEY *peer = make_peer(public_key);
    (void)state;
    assert_int_equal(key_agreement_create(&store), STATUS_OK);
    assert_false(key_agreement_prepare_one(store)); /* nothing was ever encrypted */
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(key_agreement_take(store, public_key, &taken[i]), STATUS_OK);
        assert_agreed(peer, &taken[i]);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(taken[k].public_key, taken[i].public_key,
                                    PUSH_PUBLIC_KEY_BYTES);
        }
        if (i % 2 == 0) { /* every other one was prepared */
            assert_true(key_agreement_prepare_one(store));
        }
    }
    int pieces = 0;
    while (key_agreement_prepare_one(store)) {
        pieces++;
    }
    assert_in_range(pieces, KEY_AGREEMENT_PAIRS_MAX - 1, KEY_AGREEMENT_PAIRS_MAX + 8);
    EVP_PKEY_free(peer);
    key_agreement_destroy(&store);
    assert_null(store);
}

static void test_key_agreement__refuses_points_off_the_curve(void **state)
{
    struct key_agreement *store = NULL;
    struct seal_agreement taken;
    uint8_t public_key[PUSH_PUBLIC_KEY_BYTES];
    EVP_PKEY *peer = make_peer(public_key);
    (void)state;
    assert_int_equal(key_agreement_create(&store), STATUS_OK);
    public_key[64] ^= 1;
    assert_int_equal(key_agreement_take(store, public_key, &taken), STATUS_INVALID);
    public_key[64] ^= 1;
    public_key[0] = 0x02;
    assert_int_equal(key_agreement_take(store, public_key, &taken), STATUS_INVALID);
    memset(public_key, 0, sizeof public_key);
    assert_int_equal(key_agreement_take(store, public_key, &taken), STATUS_INVALID);
    EVP_PKEY_free(peer);
    key_agreement_destroy(&store);
}

#define PEERS_MANY (KEY_AGREEMENT_PEERS_MAX / 8)

static void test_key_agreement__many_peers_make_way_for_each_other(void **state)
{
    struct key_agreement *store = NULL;
    struct seal_agreement taken;
    uint8_t public_key[PUSH_PUBLIC_KEY_BYTES];
    (void)state;
    assert_int_equal(key_agreement_create(&store), STATUS_OK);
    for (size_t i = 0; i < PEERS_MANY; i++) {
        EVP_PKEY *peer = make_peer(public_key);
        assert_int_equal(key_agreement_take(store, public_key, &taken), STATUS_OK);
        if (i % 3 == 0) {
            (void)key_agreement_prepare_one(store);
        }
        assert_int_equal(key_agreement_take(store, public_key, &taken), STATUS_OK);
        assert_agreed(peer, &taken);
        EVP_PKEY_free(peer);
    }
    key_agreement_destroy(&store);
}

#define SEALINGS 200

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t count;
    size_t order[SEALINGS];
    const struct sealing *all;
};

static void on_done(void *context, struct sealing *list)
{
    struct inbox *inbox = context;
    (void)pthread_mutex_lock(&inbox->lock);
    for (; list != NULL; list = list->next) {
        inbox->order[inbox->count++] = (size_t)(list - inbox->all);
    }
    (void)pthread_cond_signal(&inbox->changed);
    (void)pthread_mutex_unlock(&inbox->lock);
}

struct bench {
    struct inbox inbox;
    struct sealing sealings[SEALINGS];
    uint8_t places[SEALINGS][400];
    struct sealer *sealer;
};

static struct bench *make_bench(void)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    (void)pthread_mutex_init(&bench->inbox.lock, NULL);
    (void)pthread_cond_init(&bench->inbox.changed, NULL);
    bench->inbox.all = bench->sealings;
    uint8_t public_key[PUSH_PUBLIC_KEY_BYTES];
    EVP_PKEY *peer = make_peer(public_key);
    for (size_t i = 0; i < SEALINGS; i++) {
        struct sealing *sealing = &bench->sealings[i];
        sealing->plain = (const uint8_t *)"{\"title\":\"x\"}";
        sealing->plain_bytes = 13;
        sealing->record_bytes = seal_record_bytes(13);
        sealing->place = bench->places[i];
        sealing->base64 = i % 2 == 0;
        sealing->next = i + 1 < SEALINGS ? &bench->sealings[i + 1] : NULL;
        memcpy(sealing->public_key, public_key, sizeof public_key);
        sealing->public_key[64] ^= i == 7 ? 1 : 0; /* one is off the curve */
        bench->places[i][sealing->base64 ? (sealing->record_bytes * 4 + 2) / 3
                                         : sealing->record_bytes] = 0xee;
    }
    EVP_PKEY_free(peer);
    assert_int_equal(sealer_create(&random_system, on_done, &bench->inbox, &bench->sealer, NULL),
                     STATUS_OK);
    return bench;
}

static void test_sealer__gives_all_back_in_their_order(void **state)
{
    struct bench *bench = make_bench();
    (void)state;
    sealer_submit(bench->sealer, bench->sealings);
    (void)pthread_mutex_lock(&bench->inbox.lock);
    while (bench->inbox.count < SEALINGS) {
        (void)pthread_cond_wait(&bench->inbox.changed, &bench->inbox.lock);
    }
    (void)pthread_mutex_unlock(&bench->inbox.lock);
    for (size_t i = 0; i < SEALINGS; i++) {
        const struct sealing *sealing = &bench->sealings[i];
        assert_int_equal(bench->inbox.order[i], i);
        assert_int_equal(sealing->status, i == 7 ? STATUS_INVALID : STATUS_OK);
        size_t bytes =
            sealing->base64 ? (sealing->record_bytes * 4 + 2) / 3 : sealing->record_bytes;
        assert_int_equal(bench->places[i][bytes], 0xee); /* not a byte too far */
        if (i != 7 && sealing->base64) {
            assert_int_not_equal(bench->places[i][bytes - 1], 0);
        }
    }
    sealer_destroy(&bench->sealer);
    free(bench);
}

static void test_sealer__stopping_gives_back_what_is_inside(void **state)
{
    struct bench *bench = make_bench();
    (void)state;
    sealer_submit(bench->sealer, bench->sealings);
    sealer_destroy(&bench->sealer);
    assert_int_equal(bench->inbox.count, SEALINGS);
    for (size_t i = 0; i < SEALINGS; i++) {
        enum status status = bench->sealings[i].status;
        assert_true(status == STATUS_OK || status == STATUS_STOPPING || i == 7);
    }
    free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal__example_of_the_rfc),
        cmocka_unit_test(test_seal__lengths_say_little),
        cmocka_unit_test(test_seal__longest_text_of_a_record),
        cmocka_unit_test(test_key_agreement__each_is_fresh_and_fits_the_peer),
        cmocka_unit_test(test_key_agreement__refuses_points_off_the_curve),
        cmocka_unit_test(test_key_agreement__many_peers_make_way_for_each_other),
        cmocka_unit_test(test_sealer__gives_all_back_in_their_order),
        cmocka_unit_test(test_sealer__stopping_gives_back_what_is_inside),
    };
    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
