#include "tests/integration/push/provider_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gateway/base/encoding.h"

#define START_TURNS_MAX 1000
#define TURN_NS         10000000
#define FILE_BYTES_MAX  65536
#define LINE_BYTES_MAX  16384

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    char *text = calloc(1, FILE_BYTES_MAX);
    assert_non_null(text);
    size_t bytes = fread(text, 1, FILE_BYTES_MAX - 1, file);
    (void)fclose(file);
    text[bytes] = '\0';
    return text;
}

static const char *text_of(const struct provider_process *process, const char *name)
{
    const char *text = json_string_value(json_object_get(process->ready, name));
    assert_non_null(text);
    return text;
}

static void spawn(struct provider_process *process, const char *program, const char *option,
                  const char *value)
{
    process->pid = fork();
    assert_true(process->pid >= 0);
    if (process->pid == 0) {
        (void)execl(program, program, "--dir", process->dir, "--die-with-parent", option, value,
                    (char *)NULL);
        _exit(127);
    }
}

static void await_ready(struct provider_process *process)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/provider.ready", process->dir);
    const struct timespec turn = {.tv_nsec = TURN_NS};
    for (int i = 0; i < START_TURNS_MAX && process->ready == NULL; i++) {
        char *text = read_file(path);
        if (text != NULL) {
            process->ready = json_loads(text, 0, NULL);
            free(text);
        } else {
            assert_int_equal(waitpid(process->pid, NULL, WNOHANG), 0);
            (void)nanosleep(&turn, NULL);
        }
    }
    assert_non_null(process->ready);
}

static void open_control(struct provider_process *process)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", text_of(process, "control"));
    process->control_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(process->control_fd >= 0);
    assert_int_equal(
        connect(process->control_fd, (const struct sockaddr *)&address, sizeof address), 0);
}

void provider_process_start(struct provider_process *process, const char *option, const char *value)
{
    const char *program = getenv("PROVIDER_SIMULATOR");
    *process = (struct provider_process){.control_fd = -1};
    if (program == NULL) {
        fail_msg("PROVIDER_SIMULATOR is not set: ctest does that");
        return;
    }
    (void)snprintf(process->dir, sizeof process->dir, "/tmp/push-test-XXXXXX");
    assert_non_null(mkdtemp(process->dir));
    spawn(process, program, option, value);
    await_ready(process);
    open_control(process);
    process->apns_key = read_file(text_of(process, "apns_key"));
    process->service_account = read_file(text_of(process, "service_account"));
    assert_non_null(process->apns_key);
    assert_non_null(process->service_account);
    (void)snprintf(process->apns_port, sizeof process->apns_port, "%d",
                   (int)json_integer_value(json_object_get(process->ready, "apns")));
    (void)snprintf(process->fcm_port, sizeof process->fcm_port, "%d",
                   (int)json_integer_value(json_object_get(process->ready, "fcm")));
    process->apns = (struct push_apns_account){
        .key_pem = process->apns_key,
        .key_id = text_of(process, "apns_key_id"),
        .team_id = text_of(process, "apns_team_id"),
        .topic = text_of(process, "apns_topic"),
        .critical_entitled = true,
        .endpoints = {{"localhost", process->apns_port}, {"localhost", process->apns_port}}};
    process->fcm = (struct push_fcm_account){.service_account_json = process->service_account,
                                             .endpoint = {"localhost", process->fcm_port}};
    assert_int_equal(push_vapid_key_create(process->vapid_key, NULL), STATUS_OK);
    process->web = (struct push_web_account){.vapid_key_pem = process->vapid_key,
                                             .subject = "mailto:test@astreinte.example",
                                             .loopback_allowed = true};
}

void provider_process_stop(struct provider_process *process)
{
    if (process->pid <= 0) {
        return;
    }
    (void)close(process->control_fd);
    (void)kill(process->pid, SIGTERM);
    (void)waitpid(process->pid, NULL, 0);
    json_decref(process->ready);
    free(process->apns_key);
    free(process->service_account);
    static const char *const files[] = {
        "wrong-name.pem", "expired.pem",    "client.pem",    "client.key",  "ca.pem",
        "server.pem",     "server.key",     "google.key",    "apns-key.p8", "service-account.json",
        "provider.sock",  "provider.ready", "received.jsonl"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", process->dir, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(process->dir);
}

static json_t *exchange(struct provider_process *process, const char *line)
{
    char answer[LINE_BYTES_MAX];
    size_t bytes = 0;
    assert_int_equal(send(process->control_fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
    while (bytes == 0 || answer[bytes - 1] != '\n') {
        ssize_t got = recv(process->control_fd, answer + bytes, sizeof answer - bytes, 0);
        assert_true(got > 0);
        bytes += (size_t)got;
    }
    json_t *json = json_loadb(answer, bytes, 0, NULL);
    assert_true(json_is_true(json_object_get(json, "ok")));
    return json;
}

json_t *provider_process_ask(struct provider_process *process, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    /* It is initialised. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    (void)strncat(line, "\n", sizeof line - strlen(line) - 1);
    return exchange(process, line);
}

void provider_process_tell(struct provider_process *process, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    /* It is initialised. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    (void)strncat(line, "\n", sizeof line - strlen(line) - 1);
    json_decref(exchange(process, line));
}

static void decode_key(json_t *answer, const char *name, uint8_t *key_r, size_t bytes)
{
    const char *text = json_string_value(json_object_get(answer, name));
    size_t decoded = 0;
    assert_non_null(text);
    assert_int_equal(base64_decode(text, strlen(text), key_r, bytes, &decoded), STATUS_OK);
    assert_int_equal(decoded, bytes);
}

static void take_keys(json_t *answer, struct push_secret *secret_r)
{
    *secret_r = (struct push_secret){.title = NULL};
    decode_key(answer, "p256dh", secret_r->public_key, sizeof secret_r->public_key);
    decode_key(answer, "auth", secret_r->auth_secret, sizeof secret_r->auth_secret);
}

void provider_process_subscribe(struct provider_process *process, const char *name,
                                char endpoint_r[256], struct push_secret *secret_r)
{
    json_t *answer = provider_process_ask(process, "{\"subscription\":\"%s\"}", name);
    const char *endpoint = json_string_value(json_object_get(answer, "endpoint"));
    assert_non_null(endpoint);
    (void)snprintf(endpoint_r, 256, "%s", endpoint);
    take_keys(answer, secret_r);
    json_decref(answer);
}

void provider_process_give_keys(struct provider_process *process, const char *target,
                                struct push_secret *secret_r)
{
    json_t *answer = provider_process_ask(process, "{\"device_key\":\"%s\"}", target);
    take_keys(answer, secret_r);
    json_decref(answer);
}

int64_t provider_process_count(struct provider_process *process, const char *provider,
                               const char *counter)
{
    json_t *answer = provider_process_ask(process, "{\"statistics\":true}");
    json_t *value = json_object_get(json_object_get(answer, provider), counter);
    assert_true(json_is_integer(value));
    int64_t count = json_integer_value(value);
    json_decref(answer);
    return count;
}

json_t *provider_process_received(const struct provider_process *process)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/received.jsonl", process->dir);
    json_t *lines = json_array();
    FILE *file = fopen(path, "r");
    char line[LINE_BYTES_MAX];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        assert_int_equal(json_array_append_new(lines, json_loads(line, 0, NULL)), 0);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return lines;
}

struct push_configuration provider_process_configuration(const struct provider_process *process)
{
    return (struct push_configuration){.ca_file = text_of(process, "ca"),
                                       .apns = &process->apns,
                                       .apns_count = 1,
                                       .fcm = &process->fcm,
                                       .fcm_count = 1,
                                       .web = &process->web,
                                       .web_count = 1};
}
