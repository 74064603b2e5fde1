/* test_configuration.c - every key is read, every fault is named, no secret is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/base/text.h"
#include "gateway/daemon/configuration.h"

#define HEX_16   "0123456789abcdef"
#define SECRET   HEX_16 HEX_16 HEX_16 "0123456789ABCDEF"
#define FILES    16
#define ROOT_KEY "ak_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

struct desk {
    char folder[64];
    char paths[FILES][96];
    size_t paths_count;
    struct configuration *configuration;
    struct error error;
};

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL) {
        return -1;
    }
    (void)text_copy(desk->folder, sizeof desk->folder, "/tmp/astreinte-daemon-XXXXXX");
    *state = desk;
    return mkdtemp(desk->folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    configuration_destroy(&desk->configuration);
    for (size_t i = 0; i < desk->paths_count; i++) {
        (void)unlink(desk->paths[i]);
    }
    (void)rmdir(desk->folder);
    free(desk);
    return 0;
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Writes a file of the folder (again); answers its path. */
static const char *put(struct desk *desk, const char *name, const char *text)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%.60s/%.24s", desk->folder, name);
    size_t known = 0;
    while (known < desk->paths_count && strcmp(desk->paths[known], path) != 0) {
        known++;
    }
    assert_true(known < FILES);
    if (known == desk->paths_count) {
        (void)text_copy(desk->paths[desk->paths_count++], sizeof desk->paths[0], path);
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    return desk->paths[known];
}

/* Reads a configuration in which every "@" stands for the folder. */
static enum status read_text(struct desk *desk, const char *text)
{
    char whole[8192];
    size_t used = 0;
    for (; *text != '\0'; text++) {
        if (*text == '@') {
            used += (size_t)snprintf(whole + used, sizeof whole - used, "%s", desk->folder);
        } else {
            whole[used++] = *text;
        }
        assert_true(used + 1 < sizeof whole);
    }
    whole[used] = '\0';
    configuration_destroy(&desk->configuration);
    return configuration_read(put(desk, "ini", whole), &desk->configuration, &desk->error);
}

static void put_secret(struct desk *desk)
{
    (void)put(desk, "secret", SECRET "\n");
}

#define MINIMAL "[gateway]\ndatabase = @/db\nsecret_file = @/secret\n"

static void assert_refused(struct desk *desk, const char *text, const char *word)
{
    assert_int_equal(read_text(desk, text), STATUS_CONFIGURATION);
    assert_null(desk->configuration);
    if (strstr(desk->error.text, word) == NULL) {
        fail_msg("\"%s\" is not in: %s", word, desk->error.text);
    }
    assert_null(strstr(desk->error.text, HEX_16)); /* never a secret */
    assert_null(strstr(desk->error.text, "whsec_"));
}

/* ---- what is read ---- */

static void test_read__defaults(void **state)
{
    struct desk *desk = *state;
    put_secret(desk);
    assert_int_equal(read_text(desk, MINIMAL), STATUS_OK);
    const struct configuration *read = desk->configuration;
    assert_string_equal(read->listen_address, "127.0.0.1");
    assert_int_equal(read->listen_port, 8080);
    assert_string_equal(read->log_level, "info");
    char folder[128];
    (void)snprintf(folder, sizeof folder, "%s-backups", read->database);
    assert_string_equal(read->backup_folder, folder);
    assert_int_equal(read->backups_kept, 7);
    assert_null(read->port_file);
    assert_null(read->root_key);
    assert_null(read->public_url);
    assert_null(read->tls_key_file);
    assert_null(read->apns.key_pem);
    assert_null(read->fcm.service_account_json);
    assert_false(read->apns.critical_entitled);
    assert_int_equal(read->telephony.endpoints_count, 0);
    assert_int_equal(read->threads, 0);
    assert_int_equal(read->reserve_mb, 64);
    assert_int_equal(read->calls_max, 0);
    static const uint8_t first[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    for (size_t i = 0; i < ENGINE_SECRET_BYTES; i += sizeof first) {
        assert_memory_equal(read->secret + i, first, sizeof first);
    }
}

static void assert_endpoints(const struct telephony_configuration *telephony)
{
    assert_int_equal(telephony->endpoints_count, 2);
    const struct telephony_endpoint *centre = &telephony->endpoints[0];
    assert_string_equal(centre->name, "call-centre");
    assert_string_equal(centre->url, "https://cc.example/h");
    assert_string_equal(centre->secrets[0], "whsec_b25l");
    assert_string_equal(centre->secrets[1], "whsec_dHdv");
    assert_string_equal(centre->secrets[2], "whsec_dGhyZWU=");
    assert_null(centre->secrets[3]);
    assert_string_equal(telephony->endpoints[1].secrets[0], "whsec_Zm91cg==");
}

static void test_read__every_key(void **state)
{
    struct desk *desk = *state;
    put_secret(desk);
    (void)put(desk, "root", ROOT_KEY "\n\n");
    (void)put(desk, "apns", "-----BEGIN PRIVATE KEY-----\nx\n");
    (void)put(desk, "fcm", "{}");
    (void)put(desk, "hooks", "whsec_b25l\r\nwhsec_dHdv\n\nwhsec_dGhyZWU=\n");
    (void)put(desk, "calls", "whsec_Zm91cg==");
    if (read_text(desk,
                  "; a comment\n[gateway]\n"
                  "database = @/db\nlisten_address = ::1\nlisten_port = 0\n"
                  "backup_folder = /elsewhere\nbackups_kept = 10000\n"
                  "port_file = @/port\nroot_key_file = @/root\nsecret_file = @/secret\n"
                  "public_url = https://a.example\ntls_key_file = /k\ntls_cert_file = /c\n"
                  "threads = 64\nconnections_max = 65536\nlog_level = debug\n"
                  "reserve_mb = 65536\n"
                  "[push]\nca_file = /ca1\napns_host = h1\napns_port = 1\n"
                  "apns_sandbox_host = h2\napns_sandbox_port = 2\n"
                  "apns_key_file = @/apns\napns_key_id = KID\napns_team_id = TID\n"
                  "apns_topic = topic\napns_critical = yes\nfcm_host = h3\nfcm_port = 3\n"
                  "fcm_service_account_file = @/fcm\n"
                  "[telephony]\nca_file = /ca2\ncalls_max = 512\n"
                  "[endpoint.call-centre]\nurl = https://cc.example/h\n"
                  "secret_file = @/hooks\n"
                  "[endpoint.telephony]\nsecret_file = @/calls\nurl = https://t.example/c\n") !=
        STATUS_OK) {
        fail_msg("%s", desk->error.text);
    }
    const struct configuration *read = desk->configuration;
    char expected[96];
    (void)snprintf(expected, sizeof expected, "%s/db", desk->folder);
    assert_string_equal(read->database, expected);
    assert_string_equal(read->backup_folder, "/elsewhere");
    assert_int_equal(read->backups_kept, 10000);
    assert_string_equal(read->listen_address, "::1");
    assert_int_equal(read->listen_port, 0);
    (void)snprintf(expected, sizeof expected, "%s/port", desk->folder);
    assert_string_equal(read->port_file, expected);
    assert_string_equal(read->root_key, ROOT_KEY);
    assert_string_equal(read->public_url, "https://a.example");
    assert_string_equal(read->tls_key_file, "/k");
    assert_string_equal(read->tls_cert_file, "/c");
    assert_int_equal(read->threads, 64);
    assert_int_equal(read->connections_max, 65536);
    assert_int_equal(read->reserve_mb, 65536);
    assert_string_equal(read->log_level, "debug");
    assert_string_equal(read->push.ca_file, "/ca1");
    assert_string_equal(read->apns.endpoints[PUSH_PRODUCTION].host, "h1");
    assert_string_equal(read->apns.endpoints[PUSH_PRODUCTION].port, "1");
    assert_string_equal(read->apns.endpoints[PUSH_SANDBOX].host, "h2");
    assert_string_equal(read->apns.endpoints[PUSH_SANDBOX].port, "2");
    assert_string_equal(read->apns.key_pem, "-----BEGIN PRIVATE KEY-----\nx");
    assert_string_equal(read->apns.key_id, "KID");
    assert_string_equal(read->apns.team_id, "TID");
    assert_string_equal(read->apns.topic, "topic");
    assert_true(read->apns.critical_entitled);
    assert_string_equal(read->fcm.endpoint.host, "h3");
    assert_string_equal(read->fcm.endpoint.port, "3");
    assert_string_equal(read->fcm.service_account_json, "{}");
    assert_string_equal(read->telephony.ca_file, "/ca2");
    assert_int_equal(read->calls_max, 512);
    assert_endpoints(&read->telephony);
}

/* What push can be told besides the providers' addresses and credentials. */
static void test_read__push(void **state)
{
    struct desk *desk = *state;
    char expected[96];
    put_secret(desk);
    (void)put(desk, "apns", "key\n");
    (void)put(desk, "fcm", "{}");
    (void)put(desk, "vapid", "-----BEGIN PRIVATE KEY-----\ny\n");
    (void)put(desk, "proxy", "Basic eA==\n");
    assert_int_equal(
        read_text(desk, MINIMAL
                  "[push]\napns_key_file = @/apns\napns_key_id = k\napns_team_id = t\n"
                  "apns_topic = t\napns_token_file = @/token\nfcm_service_account_file = @/fcm\n"
                  "web_key_file = @/vapid\nweb_subject = mailto:a\nweb_loopback = yes\n"
                  "proxy_host = h4\nproxy_port = 4\nproxy_authorization_file = @/proxy\n"
                  "keep_connected = no\n"),
        STATUS_OK);
    const struct configuration *read = desk->configuration;
    (void)snprintf(expected, sizeof expected, "%s/token", desk->folder);
    assert_string_equal(read->apns.token_file, expected);
    assert_int_equal(read->push.apns_count + read->push.fcm_count + read->push.web_count, 3);
    assert_ptr_equal(read->push.web, &read->web);
    assert_string_equal(read->web.vapid_key_pem, "-----BEGIN PRIVATE KEY-----\ny");
    assert_string_equal(read->web.subject, "mailto:a");
    assert_true(read->web.loopback_allowed);
    assert_string_equal(read->push.proxy.endpoint.host, "h4");
    assert_string_equal(read->push.proxy.endpoint.port, "4");
    assert_string_equal(read->push.proxy.authorization, "Basic eA==");
    assert_false(read->push.keep_connected);
}

static void test_read__apns_by_certificate(void **state)
{
    struct desk *desk = *state;
    put_secret(desk);
    (void)put(desk, "cert", "certificate and key\n");
    (void)put(desk, "key", "key\n");
    assert_int_equal(read_text(desk, MINIMAL "[push]\napns_topic = t\napns_cert_file = @/cert\n"),
                     STATUS_OK);
    assert_int_equal(desk->configuration->push.apns_count, 1);
    assert_null(desk->configuration->apns.key_pem);
    assert_null(desk->configuration->apns.token_file);
    assert_string_equal(desk->configuration->apns.cert_pem, "certificate and key");
    assert_string_equal(desk->configuration->apns.cert_key_pem, "certificate and key");
    assert_int_equal(read_text(desk, MINIMAL "[push]\napns_topic = t\napns_cert_file = @/cert\n"
                                             "apns_cert_key_file = @/key\n"),
                     STATUS_OK);
    assert_string_equal(desk->configuration->apns.cert_key_pem, "key");
}

/* Apple refuses a second token within twenty minutes: it is kept without being asked for. */
static void test_read__apns_token_is_kept_beside_the_database(void **state)
{
    struct desk *desk = *state;
    char expected[96];
    put_secret(desk);
    (void)put(desk, "apns", "key\n");
    assert_int_equal(read_text(desk, MINIMAL "[push]\napns_key_file = @/apns\napns_key_id = k\n"
                                             "apns_team_id = t\napns_topic = t\n"),
                     STATUS_OK);
    (void)snprintf(expected, sizeof expected, "%s/db-apns-token", desk->folder);
    assert_string_equal(desk->configuration->apns.token_file, expected);
    assert_true(desk->configuration->push.keep_connected);
}

static void test_refused__push_keys_that_go_together(void **state)
{
    struct desk *desk = *state;
    put_secret(desk);
    static const struct {
        const char *keys;
        const char *word;
    } cases[] = {
        {"apns_topic = t\n", "apns_key_file or apns_cert_file"},
        {"apns_cert_file = @/secret\n", "apns_topic"},
        {"apns_topic = t\napns_cert_key_file = @/secret\n", "apns_cert_file"},
        {"apns_topic = t\napns_cert_file = @/secret\napns_key_id = k\n", "instead of"},
        {"web_key_file = @/secret\n", "web_subject"},
        {"web_subject = mailto:a\n", "web_key_file"},
        {"web_key_file = @/secret\nweb_subject = a\n", "mailto:"},
        {"proxy_host = h\n", "proxy_port"},
        {"proxy_port = 1\n", "proxy_host"},
        {"proxy_authorization_file = @/secret\n", "proxy_host"},
        {"keep_connected = perhaps\n", "yes or no"},
        {"web_loopback = 1\n", "yes or no"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, MINIMAL "[push]\n%s", cases[i].keys);
        assert_refused(desk, text, cases[i].word);
    }
}

/* The help knows every key that the reader knows. */
static void test_help__names_every_key(void **state)
{
    (void)state;
    static const char *const names[] = {"database",
                                        "backup_folder",
                                        "backups_kept",
                                        "secret_file",
                                        "root_key_file",
                                        "listen_address",
                                        "listen_port",
                                        "port_file",
                                        "public_url",
                                        "tls_key_file",
                                        "tls_cert_file",
                                        "threads",
                                        "log_level",
                                        "connections_max",
                                        "reserve_mb",
                                        "ca_file",
                                        "apns_key_file",
                                        "apns_key_id",
                                        "apns_team_id",
                                        "apns_topic",
                                        "apns_critical",
                                        "apns_host",
                                        "apns_port",
                                        "fcm_host",
                                        "fcm_port",
                                        "calls_max",
                                        "fcm_service_account_file",
                                        "[endpoint.",
                                        "url",
                                        "[telephony]",
                                        "apns_sandbox_host",
                                        "[push]",
                                        "apns_sandbox_port",
                                        "apns_cert_file",
                                        "apns_cert_key_file",
                                        "apns_token_file",
                                        "web_key_file",
                                        "web_subject",
                                        "web_loopback",
                                        "proxy_host",
                                        "proxy_port",
                                        "proxy_authorization_file",
                                        "keep_connected"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_non_null(strstr(configuration_help(), names[i]));
    }
}

/* ---- what is refused ---- */

static void test_refused__words_nobody_knows(void **state)
{
    struct desk *desk = *state;
    put_secret(desk);
    assert_refused(desk, MINIMAL "databse = x\n", "[gateway] databse: unknown key");
    assert_refused(desk, MINIMAL "[gatway]\ndatabase = x\n", "[gatway] database: unknown key");
    assert_refused(desk, "database = x\n", "unknown key");
    assert_refused(desk, MINIMAL "[endpoint.x]\nuri = x\n", "[endpoint.x] uri: unknown");
    assert_refused(desk, MINIMAL "[endpoint.Not A Slug]\nurl = x\n", "no slug");
    assert_refused(desk, MINIMAL "[endpoint.]\nurl = x\n", "no slug");
    assert_refused(desk, MINIMAL "no equals sign\n", "line 4");
}

static void test_configuration_read__key_given_twice(void **state)
{
    struct desk *desk = *state;
    put_secret(desk);
    assert_refused(desk, MINIMAL "threads = 3\n\n; note\nthreads = 4\n",
                   "[gateway] threads: given twice, in line 4 and in line 7: remove one");
    assert_refused(desk, MINIMAL "[push]\nfcm_host = a\n[gateway]\ndatabase = @/other\n",
                   "[gateway] database: given twice, in line 2 and in line 7");
    assert_refused(desk, MINIMAL "public_url =\npublic_url = https://x\n",
                   "in line 4 and in line 5");
    assert_refused(desk, MINIMAL "[endpoint.x]\nurl = https://x\nurl = https://y\n",
                   "[endpoint.x] url: given twice, in line 5 and in line 6");
    assert_refused(desk, MINIMAL "[heartbeat]\nsecret_file = @/a\nsecret_file = @/b\n",
                   "[heartbeat] secret_file: given twice, in line 5 and in line 6");
    assert_refused(desk, MINIMAL "[endpoint.x]\nurl = https://x\n[endpoint.y]\nurl = https://y\n",
                   "[endpoint.x] secret_file: is required"); /* two of a kind, each its own */
    assert_refused(desk, MINIMAL "threads = 3\n  listen_port = 80\n",
                   "[gateway] threads: given in line 4; line 5 goes on with it");
}

/* A line so long that it is read in pieces is one line. */
static void test_configuration_read__lines_are_counted_past_a_long_one(void **state)
{
    struct desk *desk = *state;
    char text[2048];
    put_secret(desk);
    (void)snprintf(text, sizeof text, MINIMAL "; %0900d\nthreads = 3\nthreads = 4\n", 0);
    assert_refused(desk, text, "in line 5 and in line 6");
}

static void test_refused__values_out_of_range(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *line;
        const char *word;
    } cases[] = {
        {"listen_port = 65536", "listen_port: must be a port"},
        {"listen_port = -1", "listen_port: must be a port"},
        {"listen_port = http", "listen_port: must be a port"},
        {"listen_port = 80x", "listen_port: must be a port"},
        {"listen_port =", "listen_port: must be a port"},
        {"backups_kept = 0", "backups_kept: must be a whole number from 1 to 10000"},
        {"threads = 0", "threads: must be a whole number from 1 to 64"},
        {"threads = 65", "threads: must be a whole number from 1 to 64"},
        {"threads = 99999999999999999999", "threads: must be a whole number from 1 to 64"},
        {"connections_max = 7", "connections_max: must be a whole number from 8 to 65536"},
        {"connections_max = 65537", "connections_max: must be a whole number from 8 to 65536"},
        {"reserve_mb = -1", "reserve_mb: must be a whole number from 0 to 65536"},
        {"reserve_mb = 65537", "reserve_mb: must be a whole number from 0 to 65536"},
        {"log_level = loud", "log_level: must be"},
        {"tls_key_file = /k", "give both or none"},
        {"tls_cert_file = /c", "give both or none"},
        {"[push]\napns_critical = true", "apns_critical: must be yes or no"},
        {"[telephony]\ncalls_max = 0", "calls_max: must be a whole number from 1 to 512"},
        {"[telephony]\ncalls_max = 513", "calls_max: must be a whole number from 1 to 512"},
        {"[push]\napns_key_file = @/none", "apns_topic: is required"},
        {"listen_address = localhost", "listen_address: must be a numeric"},
        {"listen_address =", "[gateway] listen_address: is empty: name one, or remove the line "
                             "(then it is 127.0.0.1)"},
        {"log_level =", "[gateway] log_level: is empty: name one, or remove the line"},
        {"[heartbeat]\nmethod =", "[heartbeat] method: is empty"},
        {"public_url = foo", "public_url: must begin with"},
        {"[endpoint.x]\nurl = https://x", "secret_file: is required"},
        {"[endpoint.x]\nsecret_file = @/secret", "url: is required"},
    };
    put_secret(desk);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, "%s%s\n", MINIMAL, cases[i].line);
        assert_refused(desk, text, cases[i].word);
    }
}

static void test_refused__what_is_required(void **state)
{
    struct desk *desk = *state;
    put_secret(desk);
    assert_refused(desk, "", "database: is required");
    assert_refused(desk, "[gateway]\nsecret_file = @/secret\n", "database: is required");
    assert_refused(desk, "[gateway]\ndatabase = @/db\n", "secret_file: is required");
    assert_refused(desk, "[gateway]\ndatabase =\nsecret_file = @/secret\n",
                   "database: is required");
}

/* inih tells of a section by its keys only. */
static void test_refused__sections_without_a_key(void **state)
{
    struct desk *desk = *state;
    put_secret(desk);
    assert_refused(desk, MINIMAL "[heartbeat]\n",
                   "[heartbeat] url: is required: give it, or remove the section");
    assert_refused(desk, "[heartbeat]\n; later\n\n" MINIMAL, "[heartbeat] url: is required");
    assert_refused(desk, MINIMAL "  [heartbeat]\n", "line 4 goes on with it");
    assert_refused(desk, "[push]\n [heartbeat]\n" MINIMAL, "[heartbeat] url: is required");
    assert_refused(desk, MINIMAL "[endpoint.telephony]\n[push]\n",
                   "[endpoint.telephony] url: is required: give it, or remove the section");
    assert_refused(desk, MINIMAL "[endpoint.x]\nurl = https://x\n",
                   "[endpoint.x] secret_file: is required: give it, or remove the section");
    assert_refused(desk, MINIMAL "[endpoint.heartbeat]\n",
                   "[endpoint.heartbeat]: goes into a section [heartbeat] of its own");
    assert_refused(desk, MINIMAL "[endpoint.Not A Slug]\n",
                   "[endpoint.Not A Slug]: too many endpoints, or a name that is no slug");
    assert_refused(desk, MINIMAL "[hearbeat]\n",
                   "[hearbeat]: unknown section; see astreinted --help");
    assert_refused(desk, MINIMAL "[hearbeat]\n[push]\n", "[hearbeat]: unknown section");
    assert_refused(desk, "[gateway]\n", "database: is required");
    assert_int_equal(read_text(desk, MINIMAL "[heartbeat]\nurl = https://x/\n[heartbeat]\n"),
                     STATUS_OK);
    assert_int_equal(read_text(desk, "[push]\n[telephony]\n[gateway]\n" MINIMAL "; [none]\n"),
                     STATUS_OK);
}

/* Whether a [push] that can push nothing was meant to. */
static void test_read__push_is_there(void **state)
{
    struct desk *desk = *state;
    put_secret(desk);
    assert_int_equal(read_text(desk, MINIMAL), STATUS_OK);
    assert_false(desk->configuration->push_is_there);
    assert_int_equal(read_text(desk, MINIMAL "[push]\n"), STATUS_OK);
    assert_true(desk->configuration->push_is_there);
    assert_int_equal(read_text(desk, MINIMAL "[push]\nfcm_port = 3\n[telephony]\n"), STATUS_OK);
    assert_true(desk->configuration->push_is_there);
}

static void test_refused__no_file(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(
        configuration_read("/nonexistent/astreinte.ini", &desk->configuration, &desk->error),
        STATUS_CONFIGURATION);
    assert_null(desk->configuration);
    assert_non_null(strstr(desk->error.text, "/nonexistent/astreinte.ini"));
    assert_non_null(strstr(desk->error.text, "No such file"));
}

static void test_refused__a_missing_credential_is_named_with_its_key(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *line;
        const char *key;
    } cases[] = {
        {"root_key_file = @/none", "[gateway] root_key_file: /"},
        {"[push]\napns_key_file = @/none\napns_key_id = K\napns_team_id = T\napns_topic = t",
         "[push] apns_key_file: /"},
        {"[push]\napns_cert_file = @/none\napns_topic = t", "[push] apns_cert_file: /"},
        {"[push]\nfcm_service_account_file = @/none", "[push] fcm_service_account_file: /"},
        {"[push]\nweb_key_file = @/none\nweb_subject = mailto:a@b", "[push] web_key_file: /"},
        {"[endpoint.x]\nurl = https://x\nsecret_file = @/none", "[endpoint.x] secret_file: /"},
    };
    put_secret(desk);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, "%s%s\n", MINIMAL, cases[i].line);
        assert_refused(desk, text, cases[i].key);
        assert_refused(desk, text, "/none: No such file");
    }
    assert_refused(desk, MINIMAL "root_key_file = /run/credentials/x/key\n",
                   "only under the unit that has its LoadCredential");
}

static void test_refused__malformed_secrets(void **state)
{
    struct desk *desk = *state;
    static const char *const bad[] = {
        "", "\n", HEX_16, SECRET "0", SECRET HEX_16, HEX_16 HEX_16 HEX_16 "0123456789abcdeg"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)put(desk, "secret", bad[i]);
        assert_refused(desk, MINIMAL, "must hold 64 hex digits");
    }
    put_secret(desk);
    (void)put(desk, "hooks", "whsec_a\nwhsec_b\nwhsec_c\nwhsec_d\nwhsec_e\n");
    assert_refused(desk, MINIMAL "[endpoint.x]\nurl = https://x\nsecret_file = @/hooks\n",
                   "more than 4 secrets");
}

static void test_refused__files_beyond_all_measure(void **state)
{
    struct desk *desk = *state;
    char *large = malloc(SECRET_FILE_BYTES_MAX + 2);
    assert_non_null(large);
    put_secret(desk);
    memset(large, 'x', SECRET_FILE_BYTES_MAX + 1);
    large[SECRET_FILE_BYTES_MAX + 1] = '\0';
    (void)put(desk, "root", large);
    assert_refused(desk, MINIMAL "root_key_file = @/root\n", "is over 65536 bytes");
    large[SECRET_FILE_BYTES_MAX] = '\0';
    (void)put(desk, "root", large);
    free(large);
    assert_int_equal(read_text(desk, MINIMAL "root_key_file = @/root\n"), STATUS_OK);
}

static void test_read__coverage(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *line;
        int64_t minute; /* -2: refused */
    } rows[] = {
        {"", 900},
        {"at = off\n", -1},
        {"at = 00:00\n", 0},
        {"at = 23:59\n", 1439},
        {"at = 24:00\n", -2},
        {"at = 7:30\n", -2},
        {"at = 07:60\n", -2},
        {"at = 07:3x\n", -2},
        {"at = 07:300\n", -2},
        {"at = no\n", -2},
        {"at = 1:2:3\n", -2},
    };
    put_secret(desk);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, MINIMAL "[coverage]\nbefore_shift_s = 60\n%s",
                       rows[i].line);
        enum status status = read_text(desk, text);
        assert_int_equal(status, rows[i].minute == -2 ? STATUS_CONFIGURATION : STATUS_OK);
        if (status == STATUS_OK) {
            assert_int_equal(desk->configuration->coverage_minute, rows[i].minute);
            assert_int_equal(desk->configuration->coverage_before_shift_s, 60);
            assert_int_equal(desk->configuration->coverage_first_after_s, 900);
            configuration_destroy(&desk->configuration);
        } else {
            assert_non_null(strstr(desk->error.text, "[coverage] at: must be a time of the day"));
        }
    }
}

static void test_read__heartbeat(void **state)
{
    struct desk *desk = *state;
    put_secret(desk);
    (void)put(desk, "hooks", "whsec_Zm91cg==");
    assert_int_equal(read_text(desk, MINIMAL "[heartbeat]\nurl = https://x/token\n"), STATUS_OK);
    assert_int_equal(desk->configuration->heartbeat_every_s, 30);
    assert_int_equal(desk->configuration->heartbeat_timeout_s, 10);
    configuration_destroy(&desk->configuration);
    assert_int_equal(read_text(desk, MINIMAL "[heartbeat]\nurl = https://x/\nevery_s = 2\n"),
                     STATUS_OK);
    assert_int_equal(desk->configuration->heartbeat_timeout_s, 2);
    assert_int_equal(desk->configuration->telephony.endpoints_count, 1);
    assert_string_equal(desk->configuration->endpoints[0].name, HEARTBEAT_ENDPOINT);
    assert_int_equal(desk->configuration->endpoints[0].request, TELEPHONY_GET);
    assert_int_equal(read_text(desk, MINIMAL "[heartbeat]\nmethod = POST\nevery_s = 7\n"
                                             "timeout_s = 3\nurl = https://x/token\n"),
                     STATUS_OK);
    assert_int_equal(desk->configuration->heartbeat_every_s, 7);
    assert_int_equal(desk->configuration->heartbeat_timeout_s, 3);
    assert_int_equal(desk->configuration->endpoints[0].request, TELEPHONY_POST);
    assert_int_equal(read_text(desk, MINIMAL "[heartbeat]\nmethod = POST\nurl = https://x/token\n"
                                             "secret_file = @/hooks\n"),
                     STATUS_OK);
    assert_int_equal(desk->configuration->endpoints[0].request, TELEPHONY_SIGNED_POST);
    assert_string_equal(desk->configuration->endpoints[0].secrets[0], "whsec_Zm91cg==");
}

static void test_refused__heartbeat(void **state)
{
    static const struct {
        const char *lines;
        const char *word;
    } cases[] = {
        {"every_s = 30", "[heartbeat] url: is required"},
        {"url = https://x/\nmethod = PUT", "[heartbeat] method: must be GET or POST"},
        {"url = https://x/\nevery_s = 0", "[heartbeat] every_s: must be a whole number"},
        {"url = https://x/\nevery_s = 5\ntimeout_s = 6",
         "[heartbeat] timeout_s: must not be longer"},
        {"url = https://x/\nsecret_file = @/secret", "only a POST is signed"},
        {"colour = blue", "[heartbeat] colour: unknown"},
    };
    struct desk *desk = *state;
    put_secret(desk);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, "%s[heartbeat]\n%s\n", MINIMAL, cases[i].lines);
        assert_refused(desk, text, cases[i].word);
    }
    assert_refused(desk, MINIMAL "[endpoint.heartbeat]\nurl = https://x/\n", "[heartbeat]");
}

static void test_refused__more_endpoints_than_there_can_be(void **state)
{
    struct desk *desk = *state;
    char text[8192];
    put_secret(desk);
    (void)put(desk, "hooks", "whsec_b25l");
    size_t used = (size_t)snprintf(text, sizeof text, "%s", MINIMAL);
    for (int i = 0; i <= TELEPHONY_ENDPOINTS_MAX; i++) {
        if (i == TELEPHONY_ENDPOINTS_MAX) {
            assert_int_equal(read_text(desk, text), STATUS_OK);
        }
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "[endpoint.e%d]\nurl = https://x\nsecret_file = @/hooks\n", i);
        assert_true(used < sizeof text);
    }
    assert_refused(desk, text, "too many endpoints");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(test_read__defaults),
        DESK_TEST(test_read__every_key),
        DESK_TEST(test_read__push),
        DESK_TEST(test_read__coverage),
        DESK_TEST(test_read__heartbeat),
        DESK_TEST(test_refused__heartbeat),
        DESK_TEST(test_read__apns_by_certificate),
        DESK_TEST(test_read__apns_token_is_kept_beside_the_database),
        DESK_TEST(test_refused__push_keys_that_go_together),
        cmocka_unit_test(test_help__names_every_key),
        DESK_TEST(test_refused__words_nobody_knows),
        DESK_TEST(test_configuration_read__key_given_twice),
        DESK_TEST(test_configuration_read__lines_are_counted_past_a_long_one),
        DESK_TEST(test_refused__values_out_of_range),
        DESK_TEST(test_refused__what_is_required),
        DESK_TEST(test_refused__sections_without_a_key),
        DESK_TEST(test_read__push_is_there),
        DESK_TEST(test_refused__no_file),
        DESK_TEST(test_refused__a_missing_credential_is_named_with_its_key),
        DESK_TEST(test_refused__malformed_secrets),
        DESK_TEST(test_refused__files_beyond_all_measure),
        DESK_TEST(test_refused__more_endpoints_than_there_can_be),
    };
    return cmocka_run_group_tests_name("daemon.configuration", tests, NULL, NULL);
}
