#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <jwt.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/jwt.h"
#include "gateway/base/json_writer.h"
#include "tests/unit/push/failing_memory.h"

#define PEM_BYTES_MAX   8192
#define TOKEN_BYTES_MAX 2048

/* A key pair's two halves as PEM. */
struct pair {
    char private_pem[PEM_BYTES_MAX];
    char public_pem[PEM_BYTES_MAX];
};

static struct pair p256, rsa;

static void read_text(BIO *bio, char text_r[PEM_BYTES_MAX])
{
    int bytes = BIO_read(bio, text_r, PEM_BYTES_MAX - 1);
    assert_true(bytes > 0);
    text_r[bytes] = '\0';
    BIO_free(bio);
}

/* Takes the key. */
static void write_pair(EVP_PKEY *pkey, struct pair *pair_r)
{
    assert_non_null(pkey);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    read_text(bio, pair_r->private_pem);
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
    read_text(bio, pair_r->public_pem);
    EVP_PKEY_free(pkey);
}

static int setup(void **state)
{
    (void)state;
    failing_memory_install();
    write_pair(EVP_EC_gen("P-256"), &p256);
    write_pair(EVP_RSA_gen(2048), &rsa);
    return 0;
}

static struct signing_key *parse(const struct pair *pair, enum jwt_algorithm algorithm)
{
    struct signing_key *key = NULL;
    assert_int_equal(signing_key_create(pair->private_pem, algorithm, &key, NULL), STATUS_OK);
    return key;
}

static size_t write_claims(char *claims, size_t capacity)
{
    struct json_writer json;
    json_writer_init(&json, claims, capacity);
    json_object_begin(&json);
    json_member_text(&json, "iss", "TEAM\"1");
    json_member_int(&json, "iat", 1700000000);
    json_object_end(&json);
    assert_false(json_writer_overflowed(&json));
    return json_writer_bytes(&json);
}

static void sign(const struct signing_key *key, const char *key_id, char token_r[TOKEN_BYTES_MAX])
{
    char claims[256];
    size_t bytes = 0;
    assert_int_equal(jwt_sign(key, key_id, claims, write_claims(claims, sizeof claims), token_r,
                              TOKEN_BYTES_MAX, &bytes),
                     STATUS_OK);
    assert_int_equal(bytes, strlen(token_r));
}

/* libjwt, which had no hand in it, takes the token and finds in it what was signed. */
static void assert_verified(const char *token, const struct pair *pair, jwt_alg_t algorithm,
                            const char *key_id)
{
    jwt_t *jwt = NULL;
    assert_int_equal(jwt_decode(&jwt, token, (const unsigned char *)pair->public_pem,
                                (int)strlen(pair->public_pem)),
                     0);
    assert_int_equal(jwt_get_alg(jwt), algorithm);
    assert_string_equal(jwt_get_grant(jwt, "iss"), "TEAM\"1");
    assert_int_equal(jwt_get_grant_int(jwt, "iat"), 1700000000);
    assert_string_equal(jwt_get_header(jwt, "typ"), "JWT");
    if (key_id != NULL) {
        assert_string_equal(jwt_get_header(jwt, "kid"), key_id);
    } else {
        assert_null(jwt_get_header(jwt, "kid"));
    }
    jwt_free(jwt);
}

static void test_sign__es256_verified_by_libjwt(void **state)
{
    (void)state;
    struct signing_key *key = parse(&p256, JWT_ES256);
    char token[TOKEN_BYTES_MAX];
    /* Often enough for an R or S that begins with a zero byte, which must stay. */
    for (int i = 0; i < 600; i++) {
        sign(key, "ABC123DEFG", token);
        assert_verified(token, &p256, JWT_ALG_ES256, "ABC123DEFG");
        assert_int_equal(strlen(strrchr(token, '.') + 1), 86);
    }
    signing_key_destroy(&key);
    assert_null(key);
    signing_key_destroy(&key);
}

static void test_sign__rs256_verified_by_libjwt(void **state)
{
    (void)state;
    struct signing_key *key = parse(&rsa, JWT_RS256);
    char token[TOKEN_BYTES_MAX];
    sign(key, NULL, token);
    assert_verified(token, &rsa, JWT_ALG_RS256, NULL);
    sign(key, "a \"quoted\" id", token);
    assert_verified(token, &rsa, JWT_ALG_RS256, "a \"quoted\" id");
    signing_key_destroy(&key);
}

static void test_sign__changed_token_is_refused(void **state)
{
    (void)state;
    struct signing_key *key = parse(&p256, JWT_ES256);
    char token[TOKEN_BYTES_MAX];
    jwt_t *jwt = NULL;
    sign(key, "K", token);
    char *claims = strchr(token, '.') + 10;
    *claims = *claims == 'A' ? 'B' : 'A';
    assert_int_not_equal(jwt_decode(&jwt, token, (const unsigned char *)p256.public_pem,
                                    (int)strlen(p256.public_pem)),
                         0);
    signing_key_destroy(&key);
}

static void test_sign__limits_leave_the_outputs_alone(void **state)
{
    (void)state;
    struct signing_key *key = parse(&p256, JWT_ES256);
    char token[TOKEN_BYTES_MAX];
    size_t bytes = 0;
    assert_int_equal(jwt_sign(key, NULL, "{}", 2, token, sizeof token, &bytes), STATUS_OK);
    size_t whole = bytes;
    char small[TOKEN_BYTES_MAX] = "kept";
    bytes = 7;
    assert_int_equal(jwt_sign(key, NULL, "{}", 2, small, whole, &bytes), STATUS_TOO_LARGE);
    char claims[JWT_CLAIMS_BYTES_MAX + 1];
    memset(claims, ' ', sizeof claims);
    assert_int_equal(jwt_sign(key, NULL, claims, sizeof claims, small, sizeof small, &bytes),
                     STATUS_TOO_LARGE);
    char key_id[JWT_KEY_ID_BYTES_MAX * 2];
    memset(key_id, 'k', sizeof key_id);
    key_id[sizeof key_id - 1] = '\0';
    assert_int_equal(jwt_sign(key, key_id, "{}", 2, small, sizeof small, &bytes), STATUS_TOO_LARGE);
    assert_int_equal(bytes, 7);
    assert_string_equal(small, "kept");
    assert_int_equal(jwt_sign(key, NULL, "{}", 2, small, whole + 1, &bytes), STATUS_OK);
    signing_key_destroy(&key);
}

static void assert_refused(const char *pem, enum jwt_algorithm algorithm, const char *text)
{
    struct signing_key *key = NULL;
    struct error error = {.text = ""};
    assert_int_equal(signing_key_create(pem, algorithm, &key, &error), STATUS_CONFIGURATION);
    assert_null(key);
    assert_non_null(strstr(error.text, text));
}

static void test_key__what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct pair other;
    static char endless[100000];
    assert_refused("", JWT_ES256, "not a private key");
    assert_refused("hello", JWT_RS256, "not a private key");
    assert_refused(p256.public_pem, JWT_ES256, "not a private key");
    assert_refused(p256.private_pem, JWT_RS256, "not an RSA key");
    assert_refused(rsa.private_pem, JWT_ES256, "not on P-256");
    write_pair(EVP_EC_gen("P-384"), &other);
    assert_refused(other.private_pem, JWT_ES256, "not on P-256");
    write_pair(EVP_RSA_gen(1024), &other);
    assert_refused(other.private_pem, JWT_RS256, "2048");
    memset(endless, 'a', sizeof endless - 1);
    assert_refused(endless, JWT_ES256, "too long");
}

static void test_key__encrypted_is_refused_without_asking(void **state)
{
    (void)state;
    char pem[PEM_BYTES_MAX];
    char passphrase[] = "secret";
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(bio, pkey, EVP_aes_256_cbc(), passphrase, 6, NULL, NULL), 1);
    read_text(bio, pem);
    EVP_PKEY_free(pkey);
    assert_refused(pem, JWT_ES256, "not a private key");
}

static void test_key__public_point(void **state)
{
    (void)state;
    uint8_t point[65] = {0};
    unsigned char *expected = NULL;
    struct signing_key *key = parse(&p256, JWT_ES256);
    BIO *bio = BIO_new_mem_buf(p256.public_pem, -1);
    EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(pkey, &expected), 65);
    assert_int_equal(signing_key_public_point(key, point), STATUS_OK);
    assert_memory_equal(point, expected, sizeof point);
    OPENSSL_free(expected);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    signing_key_destroy(&key);

    key = parse(&rsa, JWT_RS256);
    uint8_t other[65] = {1, 2, 3};
    assert_int_equal(signing_key_public_point(key, other), STATUS_CONFIGURATION);
    assert_int_equal(other[2], 3);
    signing_key_destroy(&key);
}

/* Parses and signs with memory running out anywhere. */
static void attempt(void *context)
{
    const struct pair *pair = context;
    struct signing_key *key = NULL;
    struct error error;
    uint8_t point[65];
    enum jwt_algorithm algorithm = pair == &rsa ? JWT_RS256 : JWT_ES256;
    char token[TOKEN_BYTES_MAX] = "kept";
    size_t bytes = 4;
    enum status status = signing_key_create(pair->private_pem, algorithm, &key, &error);
    if (status == STATUS_OK && pair == &p256) {
        enum status got = signing_key_public_point(key, point);
        assert_true(got == STATUS_OK || got == STATUS_NO_MEMORY);
    }
    if (status == STATUS_OK) {
        status = jwt_sign(key, "K", "{}", 2, token, sizeof token, &bytes);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        assert_int_equal(bytes, strlen(token));
        assert_true(status == STATUS_OK || bytes == 4);
    } else {
        assert_null(key);
    }
    assert_true(status == STATUS_OK || failing_memory_has_failed());
    signing_key_destroy(&key);
}

static void test_memory__runs_out_anywhere(void **state)
{
    (void)state;
    (void)failing_memory_try(attempt, &p256);
    (void)failing_memory_try(attempt, &rsa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign__es256_verified_by_libjwt),
        cmocka_unit_test(test_sign__rs256_verified_by_libjwt),
        cmocka_unit_test(test_sign__changed_token_is_refused),
        cmocka_unit_test(test_sign__limits_leave_the_outputs_alone),
        cmocka_unit_test(test_key__what_does_not_fit_is_refused),
        cmocka_unit_test(test_key__encrypted_is_refused_without_asking),
        cmocka_unit_test(test_key__public_point),
        cmocka_unit_test(test_memory__runs_out_anywhere),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
