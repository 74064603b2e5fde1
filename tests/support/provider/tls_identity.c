#include "tests/support/provider/tls_identity.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/digest.h"
#include "gateway/base/encoding.h"
#include "gateway/base/json_writer.h"

#define CERTIFICATE_DAYS 3650L
#define SERIAL_BITS      127
#define FILE_BYTES_MAX   16384

static enum status openssl_error(struct error *error, const char *what)
{
    char text[160] = "unknown";
    ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
    ERR_clear_error();
    return error_set(error, STATUS_IO, "%s: %s", what, text);
}

enum status file_write_atomically(const char *path, const void *data, size_t bytes, unsigned mode,
                                  struct error *error)
{
    char temporary[IDENTITY_PATH_BYTES + 8];
    (void)snprintf(temporary, sizeof temporary, "%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        return error_set(error, STATUS_IO, "%s: %s", temporary, strerror(errno));
    }
    bool written = write(fd, data, bytes) == (ssize_t)bytes && fchmod(fd, (mode_t)mode) == 0;
    int saved = errno;
    (void)close(fd);
    if (!written || rename(temporary, path) != 0) {
        saved = written ? errno : saved;
        (void)unlink(temporary);
        return error_set(error, STATUS_IO, "%s: %s", path, strerror(saved));
    }
    return STATUS_OK;
}

static enum status write_bio(BIO *bio, const char *path, unsigned mode, struct error *error)
{
    char *data;
    long bytes = BIO_get_mem_data(bio, &data);
    return file_write_atomically(path, data, (size_t)bytes, mode, error);
}

static enum status write_key(EVP_PKEY *key, const char *path, struct error *error)
{
    BIO *bio = BIO_new(BIO_s_mem());
    enum status status;
    if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
        status = openssl_error(error, path);
    } else {
        status = write_bio(bio, path, 0600, error);
    }
    BIO_free(bio);
    return status;
}

static enum status write_certificate(X509 *certificate, const char *path, struct error *error)
{
    BIO *bio = BIO_new(BIO_s_mem());
    enum status status;
    if (bio == NULL || PEM_write_bio_X509(bio, certificate) != 1) {
        status = openssl_error(error, path);
    } else {
        status = write_bio(bio, path, 0644, error);
    }
    BIO_free(bio);
    return status;
}

/* STATUS_NOT_FOUND when there is no such file. */
static enum status read_key(const char *path, EVP_PKEY **key_r, struct error *error)
{
    BIO *bio = BIO_new_file(path, "r");
    if (bio == NULL) {
        ERR_clear_error();
        return STATUS_NOT_FOUND;
    }
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    if (key == NULL) {
        return openssl_error(error, path);
    }
    *key_r = key;
    return STATUS_OK;
}

static enum status load_or_make_key(const char *path, bool rsa, EVP_PKEY **key_r,
                                    struct error *error)
{
    enum status status = read_key(path, key_r, error);
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    if (key == NULL) {
        return openssl_error(error, "making a key");
    }
    status = write_key(key, path, error);
    if (status != STATUS_OK) {
        EVP_PKEY_free(key);
        return status;
    }
    *key_r = key;
    return STATUS_OK;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool fill_certificate(X509 *certificate, const struct certificate_wish *wish, EVP_PKEY *key)
{
    long begins_s = wish->expired ? -30 * 86400L : -86400L;
    long ends_s = wish->expired ? -86400L : CERTIFICATE_DAYS * 86400L;
    BIGNUM *serial = BN_new();
    bool filled =
        serial != NULL && BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
        BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) != NULL &&
        X509_set_version(certificate, 2) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), begins_s) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), ends_s) != NULL &&
        X509_set_pubkey(certificate, key) == 1 &&
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                   (const unsigned char *)wish->name, -1, -1, 0) == 1;
    BN_free(serial);
    return filled;
}

X509 *certificate_make(const struct certificate_wish *wish, EVP_PKEY *key, X509 *issuer,
                       EVP_PKEY *issuer_key)
{
    X509 *certificate = X509_new();
    if (certificate == NULL || !fill_certificate(certificate, wish, key)) {
        X509_free(certificate);
        return NULL;
    }
    X509 *parent = issuer == NULL ? certificate : issuer;
    bool made = X509_set_issuer_name(certificate, X509_get_subject_name(parent)) == 1 &&
                add_extension(certificate, parent, NID_subject_key_identifier, "hash") &&
                add_extension(certificate, parent, NID_authority_key_identifier, "keyid");
    if (made && issuer == NULL) {
        made = add_extension(certificate, parent, NID_basic_constraints, "critical,CA:TRUE") &&
               add_extension(certificate, parent, NID_key_usage, "critical,keyCertSign,cRLSign");
    } else if (made) {
        made = add_extension(certificate, parent, NID_basic_constraints, "critical,CA:FALSE") &&
               add_extension(certificate, parent, NID_key_usage, "critical,digitalSignature") &&
               add_extension(certificate, parent, NID_ext_key_usage, wish->key_usage) &&
               add_extension(certificate, parent, NID_subject_alt_name, wish->alternative_names);
    }
    if (!made || X509_sign(certificate, issuer_key, EVP_sha256()) == 0) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

/* The files of a folder that belong together: all are there, or all are made. */
enum { FILE_CA, FILE_SERVER, FILE_WRONG_NAME, FILE_EXPIRED, FILE_CLIENT, FILES_COUNT };

static const char *const file_names[FILES_COUNT] = {"ca.pem", "server.pem", "wrong-name.pem",
                                                    "expired.pem", "client.pem"};

/* The vendors' own too, for clients that have them built in and are led here instead. */
#define SERVER_NAMES                                                                               \
    "DNS:localhost,IP:127.0.0.1,DNS:api.push.apple.com,DNS:fcm.googleapis.com,"                    \
    "DNS:oauth2.googleapis.com"

static const struct certificate_wish wishes[FILES_COUNT] = {
    [FILE_CA] = {.name = "Astreinte provider simulator CA"},
    [FILE_SERVER] = {"localhost", SERVER_NAMES, "serverAuth", false},
    [FILE_WRONG_NAME] = {"elsewhere.example", "DNS:elsewhere.example", "serverAuth", false},
    [FILE_EXPIRED] = {"localhost", SERVER_NAMES, "serverAuth", true},
    [FILE_CLIENT] = {"Apple Push Services: fr.astreinte.app", "DNS:fr.astreinte.app", "clientAuth",
                     false},
};

static enum status write_signed(int file, const char *folder, X509 *ca, EVP_PKEY *ca_key,
                                EVP_PKEY *key, struct error *error)
{
    char path[IDENTITY_PATH_BYTES];
    X509 *certificate = certificate_make(&wishes[file], key, ca, ca_key);
    if (certificate == NULL) {
        return openssl_error(error, "making certificates");
    }
    (void)snprintf(path, sizeof path, "%s/%s", folder, file_names[file]);
    enum status status = write_certificate(certificate, path, error);
    X509_free(certificate);
    return status;
}

static enum status make_certificates(const struct tls_identity *identity, const char *folder,
                                     const char *key_path, struct error *error)
{
    /* The CA's key is thrown away: nobody can sign anything else with it. */
    EVP_PKEY *ca_key = EVP_EC_gen("P-256");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *client_key = EVP_EC_gen("P-256");
    X509 *ca = NULL;
    enum status status = STATUS_OK;
    if (ca_key != NULL && key != NULL && client_key != NULL) {
        ca = certificate_make(&wishes[FILE_CA], ca_key, NULL, ca_key);
    }
    if (ca == NULL) {
        status = openssl_error(error, "making certificates");
    }
    if (status == STATUS_OK) {
        status = write_key(key, key_path, error);
    }
    if (status == STATUS_OK) {
        status = write_key(client_key, identity->client_key_path, error);
    }
    for (int i = FILE_SERVER; status == STATUS_OK && i < FILES_COUNT; i++) {
        status = write_signed(i, folder, ca, ca_key, i == FILE_CLIENT ? client_key : key, error);
    }
    if (status == STATUS_OK) {
        status = write_certificate(ca, identity->ca_path, error);
    }
    X509_free(ca);
    EVP_PKEY_free(client_key);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    return status;
}

static int choose_protocol(SSL *tls, const unsigned char **chosen_r, unsigned char *chosen_bytes_r,
                           const unsigned char *offered, unsigned offered_bytes, void *context)
{
    (void)tls;
    (void)context;
    for (unsigned i = 0; i < offered_bytes; i += offered[i] + 1U) {
        if (offered[i] == 2 && i + 2 < offered_bytes && memcmp(offered + i + 1, "h2", 2) == 0) {
            *chosen_r = offered + i + 1;
            *chosen_bytes_r = 2;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301: no_application_protocol */
}

enum status tls_server_context(const char *certificate_path, const char *key_path,
                               const char *ca_path, SSL_CTX **tls_r, struct error *error)
{
    static const unsigned char sessions[] = "provider-simulator";
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1 ||
        SSL_CTX_use_certificate_chain_file(tls, certificate_path) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_load_verify_locations(tls, ca_path, NULL) != 1 ||
        SSL_CTX_set_session_id_context(tls, sessions, sizeof sessions - 1) != 1) {
        SSL_CTX_free(tls);
        return openssl_error(error, certificate_path);
    }
    (void)SSL_CTX_set_mode(tls,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* One system call fetches several records. */
    SSL_CTX_set_read_ahead(tls, 1);
    SSL_CTX_set_default_read_buffer_len(tls, 65536);
    SSL_CTX_set_alpn_select_cb(tls, choose_protocol, NULL);
    *tls_r = tls;
    return STATUS_OK;
}

static enum status load_tls(struct tls_identity *identity, const char *folder, struct error *error)
{
    char path[IDENTITY_PATH_BYTES], key[IDENTITY_PATH_BYTES];
    (void)snprintf(key, sizeof key, "%s/server.key", folder);
    bool complete = access(key, R_OK) == 0 && access(identity->client_key_path, R_OK) == 0;
    for (int i = 0; i < FILES_COUNT; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, file_names[i]);
        complete = complete && access(path, R_OK) == 0;
    }
    if (!complete) {
        enum status status = make_certificates(identity, folder, key, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    (void)snprintf(path, sizeof path, "%s/%s", folder, file_names[FILE_SERVER]);
    return tls_server_context(path, key, identity->ca_path, &identity->tls, error);
}

/* Google's key ids are 40 hex digits; here they follow from the key. */
static enum status name_google_key(struct tls_identity *identity, struct error *error)
{
    unsigned char *der = NULL;
    int bytes = i2d_PUBKEY(identity->google_key, &der);
    if (bytes <= 0) {
        return openssl_error(error, "google key");
    }
    struct digest_part part = {der, (size_t)bytes};
    struct digest digest = digest_sha256(&part, 1);
    hex_encode(digest.bytes, 20, identity->google_key_id);
    OPENSSL_free(der);
    return STATUS_OK;
}

enum status tls_identity_init(struct tls_identity *identity_r, const char *folder,
                              struct error *error)
{
    struct tls_identity identity = {0};
    char google_key_path[IDENTITY_PATH_BYTES];
    if (strlen(folder) + sizeof "/service-account.json.new" > IDENTITY_PATH_BYTES) {
        return error_set(error, STATUS_TOO_LARGE, "%s: path too long", folder);
    }
    (void)snprintf(identity.ca_path, IDENTITY_PATH_BYTES, "%s/ca.pem", folder);
    (void)snprintf(identity.apns_key_path, IDENTITY_PATH_BYTES, "%s/apns-key.p8", folder);
    (void)snprintf(identity.client_path, IDENTITY_PATH_BYTES, "%s/client.pem", folder);
    (void)snprintf(identity.client_key_path, IDENTITY_PATH_BYTES, "%s/client.key", folder);
    (void)snprintf(identity.service_account_path, IDENTITY_PATH_BYTES, "%s/service-account.json",
                   folder);
    (void)snprintf(google_key_path, sizeof google_key_path, "%s/google.key", folder);
    enum status status = load_tls(&identity, folder, error);
    if (status == STATUS_OK) {
        status = load_or_make_key(identity.apns_key_path, false, &identity.apns_key, error);
    }
    if (status == STATUS_OK) {
        status = load_or_make_key(google_key_path, true, &identity.google_key, error);
    }
    if (status == STATUS_OK) {
        status = name_google_key(&identity, error);
    }
    if (status != STATUS_OK) {
        tls_identity_fini(&identity);
        return status;
    }
    *identity_r = identity;
    return STATUS_OK;
}

enum status tls_identity_write_service_account(const struct tls_identity *identity,
                                               const struct service_account *account,
                                               struct error *error)
{
    char text[FILE_BYTES_MAX];
    char *pem;
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL ||
        PEM_write_bio_PKCS8PrivateKey(bio, identity->google_key, NULL, NULL, 0, NULL, NULL) != 1) {
        BIO_free(bio);
        return openssl_error(error, "service account key");
    }
    long pem_bytes = BIO_get_mem_data(bio, &pem);
    struct json_writer json;
    json_writer_init(&json, text, sizeof text);
    json_object_begin(&json);
    json_member_text(&json, "type", "service_account");
    json_member_text(&json, "project_id", account->project);
    json_member_text(&json, "private_key_id", identity->google_key_id);
    json_name(&json, "private_key");
    json_text_n(&json, pem, (size_t)pem_bytes);
    json_member_text(&json, "client_email", account->client_email);
    json_member_text(&json, "client_id", "100000000000000000001");
    json_member_text(&json, "token_uri", account->token_uri);
    json_member_text(&json, "universe_domain", "googleapis.com");
    json_object_end(&json);
    BIO_free(bio);
    if (json_writer_overflowed(&json)) {
        return error_set(error, STATUS_TOO_LARGE, "service account");
    }
    return file_write_atomically(identity->service_account_path, text, json_writer_bytes(&json),
                                 0600, error);
}

void tls_identity_fini(struct tls_identity *identity)
{
    SSL_CTX_free(identity->tls);
    EVP_PKEY_free(identity->apns_key);
    EVP_PKEY_free(identity->google_key);
    *identity = (struct tls_identity){0};
}
