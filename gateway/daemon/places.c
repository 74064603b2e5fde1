/* places.c - looks at what the configuration names on this machine. Messages have one form: section
 * and key, path, what is wrong, what to do. */
#include "gateway/daemon/places.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store/store.h"

#define PATH_BYTES_MAX 4096

/* ---- folders ---- */

/* The folder that a path is in. */
static void folder_of(const char *path, char folder_r[PATH_BYTES_MAX])
{
    char copy[PATH_BYTES_MAX];
    (void)snprintf(copy, sizeof copy, "%s", path);
    (void)snprintf(folder_r, PATH_BYTES_MAX, "%s", dirname(copy));
}

static enum status check_database_folder(const struct configuration *configuration,
                                         struct error *error)
{
    char folder[PATH_BYTES_MAX];
    folder_of(configuration->database, folder);
    if (access(folder, W_OK | X_OK) != 0) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] database: folder %s: %s: make it, or let the gateway's user "
                         "write there",
                         folder, strerror(errno));
    }
    return STATUS_OK;
}

/* What a start opens for writing, where it is there: SQLite's words for it name no file. */
static enum status check_database_access(const struct configuration *configuration,
                                         struct error *error)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-poison"};
    char path[PATH_BYTES_MAX];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", configuration->database, suffixes[i]);
        if (access(path, R_OK | W_OK) != 0 && errno != ENOENT) {
            return error_set(error, STATUS_CONFIGURATION,
                             "[gateway] database: %s: %s: let the gateway's user read and write it "
                             "(chown, chmod 600)",
                             path, strerror(errno));
        }
    }
    return STATUS_OK;
}

/* It is written beside itself and renamed: what counts is the folder. */
static enum status check_port_file(const struct configuration *configuration, struct error *error)
{
    const char *path = configuration->port_file;
    char folder[PATH_BYTES_MAX];
    struct stat found;
    if (path == NULL) {
        return STATUS_OK;
    }
    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode)) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] port_file: %s is a folder: name a file in it", path);
    }
    folder_of(path, folder);
    if (access(folder, W_OK | X_OK) != 0) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] port_file: %s: folder %s: %s: make it, or let the gateway's "
                         "user write there",
                         path, folder, strerror(errno));
    }
    if (stat(folder, &found) == 0 && !S_ISDIR(found.st_mode)) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] port_file: %s: %s is no folder: name a file in one", path,
                         folder);
    }
    return STATUS_OK;
}

/* Only what can never be meant. A folder that cannot be reached now, as its disk is away, is no
 * reason to leave people unpaged: the backup says so when it fails. */
static enum status check_backup_folder(const struct configuration *configuration,
                                       struct error *error)
{
    const char *path = configuration->backup_folder;
    char folder[PATH_BYTES_MAX];
    struct stat found, own;
    if (stat(path, &found) != 0) {
        return STATUS_OK;
    }
    if (!S_ISDIR(found.st_mode)) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] backup_folder: %s is no folder: name one, or one that is not "
                         "there yet",
                         path);
    }
    folder_of(configuration->database, folder);
    if (stat(folder, &own) == 0 && own.st_dev == found.st_dev && own.st_ino == found.st_ino) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] backup_folder: %s is the folder of the database itself: name "
                         "one of its own, better on another disk",
                         path);
    }
    return STATUS_OK;
}

/* ---- TLS ---- */

/* A key that asks for a pass phrase cannot be used: nobody is there to type it. */
static int no_pass_phrase(char *buffer, int bytes, int writes, void *context)
{
    if (bytes > 0) {
        buffer[0] = '\0';
    }
    (void)writes;
    (void)context;
    return -1;
}

static enum status open_pem(const char *key, const char *path, FILE **file_r, struct error *error)
{
    struct stat found;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] %s: %s: %s: name a file that the gateway's user can read", key,
                         path, strerror(errno));
    }
    if (fstat(fileno(file), &found) == 0 && S_ISDIR(found.st_mode)) {
        (void)fclose(file);
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] %s: %s is a folder: name a file in it", key, path);
    }
    *file_r = file;
    return STATUS_OK;
}

static enum status read_key(const char *path, EVP_PKEY **key_r, struct error *error)
{
    FILE *file = NULL;
    enum status status = open_pem("tls_key_file", path, &file, error);
    if (status != STATUS_OK) {
        return status;
    }
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, no_pass_phrase, NULL);
    (void)fclose(file);
    if (key == NULL) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] tls_key_file: %s holds no private key: it must be PEM, without "
                         "a pass phrase",
                         path);
    }
    *key_r = key;
    return STATUS_OK;
}

/* The first is the server's own; those of its chain follow. */
static enum status read_certificate(const char *path, X509 **certificate_r, struct error *error)
{
    FILE *file = NULL;
    enum status status = open_pem("tls_cert_file", path, &file, error);
    if (status != STATUS_OK) {
        return status;
    }
    X509 *certificate = PEM_read_X509(file, NULL, no_pass_phrase, NULL);
    (void)fclose(file);
    if (certificate == NULL) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] tls_cert_file: %s holds no certificate: it must be PEM, the "
                         "server's own first, then its chain",
                         path);
    }
    *certificate_r = certificate;
    return STATUS_OK;
}

static enum status check_tls(const struct configuration *configuration, struct error *error)
{
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    if (configuration->tls_key_file == NULL) {
        return STATUS_OK;
    }
    assert(configuration->tls_cert_file != NULL); /* both or none */
    enum status status = read_key(configuration->tls_key_file, &key, error);
    if (status == STATUS_OK) {
        status = read_certificate(configuration->tls_cert_file, &certificate, error);
    }
    if (status == STATUS_OK && X509_check_private_key(certificate, key) != 1) {
        status = error_set(error, STATUS_CONFIGURATION,
                           "[gateway] tls_key_file: %s is not the key of the first certificate in "
                           "tls_cert_file %s: name the two that were made together",
                           configuration->tls_key_file, configuration->tls_cert_file);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error(); /* what it left is nobody's */
    return status;
}

/* ---- the address ---- */

/* With any port: the configured one may be in use, by the gateway that this is to follow. */
static enum status check_address(const struct configuration *configuration, struct error *error)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } address = {.six = {.sin6_family = AF_INET6}};
    const char *text = configuration->listen_address;
    socklen_t bytes = sizeof address.six;
    if (inet_pton(AF_INET6, text, &address.six.sin6_addr) != 1) {
        memset(&address, 0, sizeof address);
        bytes = sizeof address.four;
        address.four.sin_family = AF_INET;
        (void)inet_pton(AF_INET, text, &address.four.sin_addr);
    }
    int door = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failure = door < 0 || bind(door, &address.any, bytes) != 0 ? errno : 0;
    if (door >= 0) {
        (void)close(door);
    }
    if (failure == EINVAL) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] listen_address: %s is of one link only, and which is not said: "
                         "name an address without that, or :: for all",
                         text);
    }
    if (failure != EADDRNOTAVAIL && failure != EAFNOSUPPORT) {
        return STATUS_OK; /* nothing that the address is to blame for */
    }
    return error_set(error, STATUS_CONFIGURATION,
                     "[gateway] listen_address: %s (port %u) is no address of this machine: name "
                     "one that `ip address` shows, or 0.0.0.0 or :: for all",
                     text, (unsigned)configuration->listen_port);
}

enum status places_check(const struct configuration *configuration, struct error *error)
{
    enum status status = check_database_folder(configuration, error);
    if (status == STATUS_OK) {
        status = check_database_access(configuration, error);
    }
    if (status == STATUS_OK) {
        status = check_backup_folder(configuration, error);
    }
    if (status == STATUS_OK) {
        status = check_port_file(configuration, error);
    }
    if (status == STATUS_OK) {
        status = check_tls(configuration, error);
    }
    return status == STATUS_OK ? check_address(configuration, error) : status;
}

enum status places_check_database(const struct configuration *configuration, struct error *error)
{
    static const char head[] = "SQLite format 3"; /* and its NUL */
    const char *path = configuration->database;
    struct stat found;
    if (stat(path, &found) != 0) {
        return STATUS_OK;
    }
    if (!S_ISREG(found.st_mode)) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] database: %s is %s: name a file in it", path,
                         S_ISDIR(found.st_mode) ? "a folder" : "no file");
    }
    char bytes[STORE_HEADER_BYTES];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = file < 0 ? 0 : read(file, bytes, sizeof bytes);
    if (file >= 0) {
        (void)close(file);
    }
    if (count > 0 && ((size_t)count < sizeof head || memcmp(bytes, head, sizeof head) != 0)) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] database: %s is no database: name another file, or one that "
                         "is not there yet",
                         path);
    }
    if (count == (ssize_t)sizeof bytes) {
        enum status status = store_check_header((const uint8_t *)bytes, error);
        return status == STATUS_OK ? status
                                   : error_wrap(error, status, "[gateway] database: %s", path);
    }
    return STATUS_OK;
}

enum status places_check_database_name(const struct configuration *configuration,
                                       struct error *error)
{
    const char *path = configuration->database;
    struct stat found;
    if (lstat(path, &found) != 0) {
        return STATUS_OK;
    }
    if (S_ISLNK(found.st_mode)) {
        char target[PATH_MAX];
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] database: %s is a symbolic link: name the file itself, %s, or "
                         "a second gateway could run on it unnoticed",
                         path, realpath(path, target) != NULL ? target : "which is not there");
    }
    if (S_ISREG(found.st_mode) && found.st_nlink > 1) {
        return error_set(error, STATUS_CONFIGURATION,
                         "[gateway] database: %s has %lu names (hard links): remove all but this "
                         "one (`find -samefile` finds them), or a second gateway could run on it "
                         "unnoticed",
                         path, (unsigned long)found.st_nlink);
    }
    return STATUS_OK;
}

enum status places_check_ballast(const struct configuration *configuration, struct error *error)
{
    char path[PATH_BYTES_MAX];
    (void)snprintf(path, sizeof path, "%s" STORE_BALLAST, configuration->database);
    if (access(path, R_OK | W_OK) == 0 || errno == ENOENT) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_CONFIGURATION,
                     "[gateway] reserve_mb: %s: %s: no room is kept for a full disk: let the "
                     "gateway's user read and write it",
                     path, strerror(errno));
}

enum status places_check_backups(const struct configuration *configuration, struct error *error)
{
    const char *path = configuration->backup_folder;
    if (access(path, W_OK | X_OK) == 0 || errno == ENOENT) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_CONFIGURATION,
                     "[gateway] backup_folder: %s: %s: every backup would fail: let the gateway's "
                     "user write there",
                     path, strerror(errno));
}
