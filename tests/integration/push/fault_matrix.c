/* fault_matrix.c - see fault_matrix.h. The table of outcomes is printed at the end. */
#include "tests/integration/push/fault_matrix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/integration/push/provider_process.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LOAD_LARGE 200
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LOAD_LARGE 200
#endif
#endif
#ifndef LOAD_LARGE
#define LOAD_LARGE 2000
#endif

#define JOBS_MAX        2000
#define LOADS           3
#define COMMANDS_MAX    3
#define DEADLINE_MS     1000
#define TOLERANCE_MS    10000 /* of a machine that is busy with other things */
#define WAIT_S_MAX      60
#define QUIET_TURNS_MAX 4000
#define QUIET_TURN_MS   5
#define LINE_BYTES_MAX  65536

#define ACC (1U << PUSH_ACCEPTED)
#define REF (1U << PUSH_REFUSED)
#define EXH (1U << PUSH_RETRY_EXHAUSTED)
#define EXP (1U << PUSH_EXPIRED)
#define UNC (1U << PUSH_UNCERTAIN)

#define ON_APNS (1U << PUSH_APNS)
#define ON_FCM  (1U << PUSH_FCM)
#define ON_WEB  (1U << PUSH_WEB)
#define ON_ALL  (ON_APNS | ON_FCM | ON_WEB)

struct fault {
    const char *name;
    unsigned providers;
    unsigned allowed;                   /* outcomes; ACC alone: all are accepted */
    int64_t answer_ms;                  /* a deadline longer than DEADLINE_MS; 0: that */
    const char *commands[COMMANDS_MAX]; /* "$P" is the provider's name */
    const char *later;                  /* after a third of a second, or NULL */
};

#define BEHAVE(rest_) "{\"provider\":\"$P\",\"behaviour\":" rest_ "}"
#define SERVE(rest_)  "{\"provider\":\"$P\"," rest_ "}"
#define TOKENS(rest_) "{\"provider\":\"oauth\"," rest_ "}"

static const struct fault faults[] = {
    {"none", ON_ALL, ACC, 8000, {NULL}, NULL},
    {"gone", ON_ALL, REF, 8000, {BEHAVE("\"gone\"")}, NULL},
    {"bad token", ON_APNS | ON_FCM, REF, 8000, {BEHAVE("\"bad_token\"")}, NULL},
    {"too large", ON_ALL, REF, 8000, {BEHAVE("\"too_large\"")}, NULL},
    {"forbidden", ON_ALL, REF, 8000, {BEHAVE("\"forbidden\"")}, NULL},
    {"throttled once, Retry-After 1",
     ON_ALL,
     ACC,
     4000,
     {BEHAVE("\"throttle\",\"retry_after_s\":1,\"count\":1")},
     NULL},
    {"throttled, Retry-After 600",
     ON_ALL,
     EXH | UNC,
     0,
     {BEHAVE("\"throttle\",\"retry_after_s\":600")},
     NULL},
    {"500 three times", ON_ALL, ACC, 4000, {BEHAVE("\"error\",\"count\":3")}, NULL},
    {"503 for ever", ON_ALL, EXH | UNC, 0, {BEHAVE("\"unavailable\"")}, NULL},
    {"400 with a new word",
     ON_ALL,
     REF,
     8000,
     {BEHAVE("\"reason\",\"status\":400,\"reason\":\"NewWord\"")},
     NULL},
    {"500 in HTML", ON_ALL, EXH | UNC, 0, {BEHAVE("\"html\",\"status\":500")}, NULL},
    {"503 without a body", ON_ALL, EXH | UNC, 0, {BEHAVE("\"empty_body\",\"status\":503")}, NULL},
    {"400 in broken JSON", ON_ALL, REF, 8000, {BEHAVE("\"broken_body\",\"status\":400")}, NULL},
    {"body of 1 MiB", ON_ALL, ACC | UNC, 6000, {BEHAVE("\"large_body\",\"count\":20")}, NULL},
    {"40 KiB of headers",
     ON_ALL,
     ACC | UNC,
     4000,
     {BEHAVE("\"large_headers\",\"count\":10")},
     NULL},
    {"1000 headers", ON_ALL, ACC | UNC, 4000, {BEHAVE("\"many_headers\",\"count\":10")}, NULL},
    {"10000 empty frames", ON_ALL, ACC | UNC, 4000, {BEHAVE("\"empty_frames\",\"count\":3")}, NULL},
    {"all silent", ON_ALL, UNC | EXP, 0, {BEHAVE("\"silent\"")}, NULL},
    {"twenty silent", ON_ALL, ACC | UNC, 4000, {BEHAVE("\"silent\",\"count\":20")}, NULL},
    {"cut once", ON_ALL, ACC, 4000, {BEHAVE("\"cut\",\"count\":1")}, NULL},
    {"cut for ever", ON_ALL, UNC | EXP, 0, {BEHAVE("\"cut\"")}, NULL},
    {"reset two streams", ON_ALL, ACC, 4000, {BEHAVE("\"reset\",\"count\":2")}, NULL},
    {"reset all streams", ON_ALL, UNC | EXP, 0, {BEHAVE("\"reset\"")}, NULL},
    {"calm down, twice",
     ON_ALL,
     ACC,
     4000,
     {BEHAVE("\"reset\",\"error_code\":\"ENHANCE_YOUR_CALM\",\"count\":2")},
     NULL},
    {"twenty streams refused", ON_ALL, ACC, 6000, {BEHAVE("\"refuse_stream\",\"count\":20")}, NULL},
    {"GOAWAY at 80", ON_ALL, ACC, 4000, {SERVE("\"goaway_at\":80")}, NULL},
    {"GOAWAY at 80, no word", ON_ALL, ACC, 4000, {SERVE("\"goaway_at\":80,\"debug\":\"\"")}, NULL},
    {"GOAWAY every 37", ON_ALL, ACC, 6000, {SERVE("\"goaway_at\":37,\"count\":60")}, NULL},
    {"five requests, each GOAWAY", ON_ALL, ACC, 6000, {BEHAVE("\"goaway\",\"count\":5")}, NULL},
    {"frozen", ON_ALL, UNC | EXP, 0, {SERVE("\"freeze\":true")}, NULL},
    {"frozen, then thawed",
     ON_ALL,
     ACC,
     8000,
     {SERVE("\"freeze\":true")},
     SERVE("\"freeze\":false")},
    {"down", ON_ALL, EXP | UNC, 0, {SERVE("\"down\":true")}, NULL},
    {"down, then up", ON_ALL, ACC, 8000, {SERVE("\"down\":true")}, SERVE("\"down\":false")},
    {"TCP without TLS", ON_ALL, EXP, 0, {SERVE("\"arrivals\":\"stall\"")}, NULL},
    {"TCP never done", ON_ALL, EXP, 0, {SERVE("\"arrivals\":\"unreachable\"")}, NULL},
    {"TLS without HTTP/2", ON_ALL, EXP | UNC, 0, {SERVE("\"arrivals\":\"mute\"")}, NULL},
    {"HTTP/1.1 instead", ON_ALL, EXP | UNC, 0, {SERVE("\"arrivals\":\"http1\"")}, NULL},
    {"garbage instead", ON_ALL, EXP | UNC, 0, {SERVE("\"arrivals\":\"garbage\"")}, NULL},
    {"answers after 300 ms", ON_ALL, ACC, 8000, {SERVE("\"answer_delay_ms\":300")}, NULL},
    {"windows of 16 bytes",
     ON_ALL,
     ACC | EXP | UNC,
     4000,
     {SERVE("\"window_bytes\":16,\"update_delay_ms\":1")},
     NULL},
    {"one stream at a time", ON_ALL, ACC, 15000, {SERVE("\"max_streams\":1")}, NULL},
    {"streams fall to 1 and rise",
     ON_ALL,
     ACC,
     15000,
     {SERVE("\"max_streams\":1"), SERVE("\"answer_delay_ms\":20")},
     SERVE("\"max_streams\":500")},
    {"no streams at all", ON_ALL, EXP | UNC | ACC, 0, {SERVE("\"max_streams\":0")}, NULL},
    {"PINGs unanswered",
     ON_ALL,
     ACC | UNC,
     15000,
     {SERVE("\"pings_ignored\":true"), SERVE("\"answer_delay_ms\":900")},
     NULL},
    {"certificate of another name", ON_ALL, EXP, 0, {SERVE("\"tls\":\"wrong_name\"")}, NULL},
    {"certificate expired", ON_ALL, EXP, 0, {SERVE("\"tls\":\"expired\"")}, NULL},
    {"unknown authority", ON_ALL, EXP, 0, {SERVE("\"tls\":\"unknown_ca\"")}, NULL},
    {"TLS 1.0", ON_ALL, EXP, 0, {SERVE("\"tls\":\"old\"")}, NULL},
    {"no ALPN", ON_ALL, EXP, 0, {SERVE("\"tls\":\"no_alpn\"")}, NULL},
    {"ALPN http/1.1", ON_ALL, EXP, 0, {SERVE("\"tls\":\"http1\"")}, NULL},
    {"SETTINGS flood",
     ON_ALL,
     ACC | UNC,
     6000,
     {BEHAVE("\"frames\",\"frames\":\"settings_flood\",\"count\":2")},
     NULL},
    {"PING flood",
     ON_ALL,
     ACC | UNC,
     6000,
     {BEHAVE("\"frames\",\"frames\":\"ping_flood\",\"count\":2")},
     NULL},
    {"CONTINUATION flood",
     ON_ALL,
     ACC | UNC,
     6000,
     {BEHAVE("\"frames\",\"frames\":\"continuation_flood\",\"count\":2")},
     NULL},
    {"frame of a wrong length",
     ON_ALL,
     ACC | UNC,
     6000,
     {BEHAVE("\"frames\",\"frames\":\"bad_length\",\"count\":2")},
     NULL},
    {"frame of an unknown type",
     ON_ALL,
     ACC,
     6000,
     {BEHAVE("\"frames\",\"frames\":\"unknown_type\",\"count\":2")},
     NULL},
    {"DATA on stream 0",
     ON_ALL,
     ACC | UNC,
     6000,
     {BEHAVE("\"frames\",\"frames\":\"data_on_stream_0\",\"count\":2")},
     NULL},
    {"header block undecodable",
     ON_ALL,
     ACC | UNC,
     6000,
     {BEHAVE("\"frames\",\"frames\":\"bad_hpack\",\"count\":2")},
     NULL},
    {"garbage among frames",
     ON_ALL,
     ACC | UNC,
     6000,
     {BEHAVE("\"frames\",\"frames\":\"garbage\",\"count\":2")},
     NULL},
    {"a byte a TLS record", ON_ALL, ACC, 15000, {SERVE("\"split_bytes\":1")}, NULL},
    {"token endpoint down", ON_FCM, EXP, 0, {TOKENS("\"down\":true")}, NULL},
    {"token endpoint down, then up",
     ON_FCM,
     ACC,
     8000,
     {TOKENS("\"down\":true")},
     TOKENS("\"down\":false")},
    {"token endpoint slow", ON_FCM, ACC, 8000, {TOKENS("\"answer_delay_ms\":800")}, NULL},
    {"token endpoint silent", ON_FCM, EXP, 0, {TOKENS("\"behaviour\":\"silent\"")}, NULL},
    {"token endpoint says HTML",
     ON_FCM,
     EXP,
     0,
     {TOKENS("\"behaviour\":\"html\",\"status\":200")},
     NULL},
    {"token endpoint fails", ON_FCM, EXP, 0, {TOKENS("\"behaviour\":\"error\"")}, NULL},
    {"token endpoint refuses", ON_FCM, REF, 8000, {TOKENS("\"behaviour\":\"bad_token\"")}, NULL},
    {"empty token", ON_FCM, EXP | REF, 0, {TOKENS("\"behaviour\":\"empty_token\"")}, NULL},
    {"token that FCM refuses",
     ON_FCM,
     REF | EXP | EXH,
     0,
     {TOKENS("\"behaviour\":\"wrong_token\"")},
     NULL},
    {"token of no life",
     ON_FCM,
     ACC,
     4000,
     {TOKENS("\"behaviour\":\"expires_in\",\"expires_in\":0")},
     NULL},
    {"tokens revoked", ON_FCM, ACC, 4000, {TOKENS("\"revoke\":true")}, NULL},
};
#define FAULTS (sizeof faults / sizeof faults[0])

static const size_t loads[LOADS] = {1, 100, LOAD_LARGE};

struct sent {
    struct matrix *matrix;
    struct uuid id;
    struct monotonic_time deadline;
    struct monotonic_time ended_at;
    unsigned calls;
    struct push_result result;
    bool at_provider; /* it was seen there */
    bool taken;       /* and accepted */
};

struct matrix {
    enum push_provider provider;
    struct provider_process process;
    FILE *received;
    char endpoint[256];
    struct push_secret secret;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t ended;
    struct sent sent[JOBS_MAX];
    unsigned counts[FAULTS][LOADS][PUSH_OUTCOMES_COUNT];
    unsigned tries_max[FAULTS][LOADS];
    int64_t took_ms[FAULTS][LOADS];
};

static void on_complete(void *context, const struct push_result *result)
{
    struct sent *sent = context;
    struct matrix *matrix = sent->matrix;
    (void)pthread_mutex_lock(&matrix->lock);
    sent->result = *result;
    sent->calls++;
    sent->ended_at = clock_monotonic(&clock_system);
    matrix->ended++;
    (void)pthread_cond_signal(&matrix->changed);
    (void)pthread_mutex_unlock(&matrix->lock);
}

static void command(struct matrix *matrix, const char *text)
{
    char line[512];
    const char *mark = strstr(text, "$P");
    if (mark == NULL) {
        (void)snprintf(line, sizeof line, "%s", text);
    } else {
        (void)snprintf(line, sizeof line, "%.*s%s%s", (int)(mark - text), text,
                       push_provider_text(matrix->provider), mark + 2);
    }
    provider_process_tell(&matrix->process, "%s", line);
}

static void submit(struct matrix *matrix, struct push_sender *sender, const struct fault *fault,
                   size_t count)
{
    char data[96], target[300], id[UUID_TEXT_BYTES];
    int64_t deadline_ms = fault->answer_ms > 0 ? fault->answer_ms : DEADLINE_MS;
    for (size_t i = 0; i < count; i++) {
        struct sent *sent = &matrix->sent[i];
        struct wall_time wall = clock_wall(&clock_system);
        struct error error = {0};
        *sent = (struct sent){.matrix = matrix, .id = uuid_v7(wall, &random_system)};
        sent->deadline.ms = clock_monotonic(&clock_system).ms + deadline_ms;
        uuid_format(sent->id, id);
        (void)snprintf(data, sizeof data, "{\"attempt\":\"%s\"}", id);
        (void)snprintf(target, sizeof target, "%s%08zx",
                       matrix->provider == PUSH_APNS ? "00fc13adff785122b4ad28809a34209823412414"
                                                     : "fcm-token:",
                       i);
        const struct push_job job = {
            .provider = matrix->provider,
            .target = matrix->provider == PUSH_WEB ? matrix->endpoint : target,
            .id = sent->id,
            .deadline = sent->deadline,
            .notification = {.urgency = i % 2 == 0 ? PUSH_CRITICAL : PUSH_TIME_SENSITIVE,
                             .title = "Astreinte",
                             .body = "Appel urgent",
                             .expires_at = {wall.ms + 60000},
                             .data_json = data,
                             .secret = matrix->provider == PUSH_WEB ? &matrix->secret : NULL},
            .complete = on_complete,
            .context = sent};
        assert_int_equal(push_submit(sender, &job, &error), STATUS_OK);
    }
}

static void wait_ms(int64_t ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
}

static void await_all(struct matrix *matrix, size_t count)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S_MAX;
    int failure = 0;
    (void)pthread_mutex_lock(&matrix->lock);
    while (matrix->ended < count && failure == 0) {
        failure = pthread_cond_timedwait(&matrix->changed, &matrix->lock, &until);
    }
    (void)pthread_mutex_unlock(&matrix->lock);
}

/* Reads what came to the provider since the last call; answers how many requests were of nobody's
 * id. */
static unsigned read_received(struct matrix *matrix, size_t count)
{
    static char line[LINE_BYTES_MAX];
    unsigned strangers = 0;
    while (fgets(line, sizeof line, matrix->received) != NULL) {
        json_t *json = json_loads(line, 0, NULL);
        const char *provider = json_string_value(json_object_get(json, "provider"));
        const char *text = json_string_value(json_object_get(json, "id"));
        int64_t status = json_integer_value(json_object_get(json, "status"));
        struct uuid id;
        if (provider != NULL && strcmp(provider, push_provider_text(matrix->provider)) == 0 &&
            text != NULL) {
            bool known = false;
            for (size_t i = 0; i < count && uuid_parse(text, &id) == STATUS_OK && !known; i++) {
                if (uuid_equal(matrix->sent[i].id, id)) {
                    known = true;
                    matrix->sent[i].at_provider = true;
                    matrix->sent[i].taken =
                        matrix->sent[i].taken || (status >= 200 && status < 300);
                }
            }
            strangers += known ? 0 : 1;
        }
        json_decref(json);
    }
    clearerr(matrix->received);
    return strangers;
}

/* What is wrong with the outcomes, printed; 0: nothing. */
static unsigned judge(struct matrix *matrix, const struct fault *fault, size_t count)
{
    unsigned wrong = read_received(matrix, count);
    if (wrong > 0) {
        print_message("%s × %zu: %u requests under foreign ids\n", fault->name, count, wrong);
    }
    for (size_t i = 0; i < count; i++) {
        const struct sent *sent = &matrix->sent[i];
        const char *fault_text = NULL;
        if (sent->calls != 1) {
            fault_text = "has not one outcome";
        } else if ((fault->allowed & 1U << sent->result.outcome) == 0) {
            fault_text = "ended otherwise than the fault allows";
        } else if (sent->ended_at.ms > sent->deadline.ms + TOLERANCE_MS) {
            fault_text = "ended after its deadline";
        } else if (sent->result.outcome == PUSH_ACCEPTED && !sent->taken) {
            fault_text = "is called accepted, and the provider did not take it";
        } else if (sent->result.outcome == PUSH_EXPIRED && sent->taken) {
            fault_text = "is said never to have left, and the provider took it";
        }
        if (fault_text != NULL && wrong++ < 5) {
            print_message("%s × %zu: one %s: %s, %s, %u tries\n", fault->name, count, fault_text,
                          push_outcome_text(sent->result.outcome), sent->result.reason,
                          sent->result.tries);
        }
    }
    return wrong;
}

static void note(struct matrix *matrix, size_t which, size_t load, int64_t began_ms)
{
    for (size_t i = 0; i < loads[load]; i++) {
        const struct push_result *result = &matrix->sent[i].result;
        matrix->counts[which][load][result->outcome]++;
        if (result->tries > matrix->tries_max[which][load]) {
            matrix->tries_max[which][load] = result->tries;
        }
    }
    matrix->took_ms[which][load] = clock_monotonic(&clock_system).ms - began_ms;
}

/* What the last sender wrote and nobody had read yet is read before its connections close: until
 * then it would be taken for the next one's. Seen twice, as the log follows a turn of the loop. */
static void await_quiet(struct matrix *matrix)
{
    const char *provider = push_provider_text(matrix->provider);
    unsigned quiet = 0;
    for (int i = 0; i < QUIET_TURNS_MAX && quiet < 2; i++) {
        bool closed = provider_process_count(&matrix->process, provider, "connections_open") == 0;
        quiet = closed ? quiet + 1 : 0;
        wait_ms(closed ? 0 : QUIET_TURN_MS);
    }
    assert_int_equal(quiet, 2);
}

/* One cell; answers what was wrong. */
static unsigned play(struct matrix *matrix, const struct fault *fault, size_t count)
{
    struct push_configuration configuration = provider_process_configuration(&matrix->process);
    struct push_sender *sender = NULL;
    struct error error = {0};
    provider_process_tell(&matrix->process, "{\"reset\":true}");
    await_quiet(matrix);
    (void)read_received(matrix, 0);
    for (size_t i = 0; i < COMMANDS_MAX && fault->commands[i] != NULL; i++) {
        command(matrix, fault->commands[i]);
    }
    matrix->ended = 0;
    assert_int_equal(push_sender_create(&configuration, &sender, &error), STATUS_OK);
    submit(matrix, sender, fault, count);
    if (fault->later != NULL) {
        wait_ms(300);
        command(matrix, fault->later);
    }
    await_all(matrix, count);
    push_sender_destroy(&sender);
    return judge(matrix, fault, count);
}

static int begin(void **state, enum push_provider provider)
{
    struct matrix *matrix = calloc(1, sizeof *matrix);
    char path[128];
    assert_non_null(matrix);
    matrix->provider = provider;
    (void)pthread_mutex_init(&matrix->lock, NULL);
    (void)pthread_cond_init(&matrix->changed, NULL);
    provider_process_start(&matrix->process, NULL, NULL);
    provider_process_subscribe(&matrix->process, "s1", matrix->endpoint, &matrix->secret);
    (void)snprintf(path, sizeof path, "%s/received.jsonl", matrix->process.dir);
    matrix->received = fopen(path, "r");
    assert_non_null(matrix->received);
    *state = matrix;
    return 0;
}

static int end(void **state)
{
    struct matrix *matrix = *state;
    (void)fclose(matrix->received);
    provider_process_stop(&matrix->process);
    free(matrix);
    return 0;
}

static void print_table(const struct matrix *matrix)
{
    print_message("| %s: fault | load | accepted | refused | exhausted | expired | uncertain | "
                  "tries | s |\n|---|---|---|---|---|---|---|---|---|\n",
                  push_provider_text(matrix->provider));
    for (size_t i = 0; i < FAULTS; i++) {
        for (size_t k = 0; k < LOADS; k++) {
            const unsigned *counts = matrix->counts[i][k];
            if ((faults[i].providers & 1U << matrix->provider) != 0) {
                print_message("| %s | %zu | %u | %u | %u | %u | %u | %u | %.1f |\n", faults[i].name,
                              loads[k], counts[PUSH_ACCEPTED], counts[PUSH_REFUSED],
                              counts[PUSH_RETRY_EXHAUSTED], counts[PUSH_EXPIRED],
                              counts[PUSH_UNCERTAIN], matrix->tries_max[i][k],
                              (double)matrix->took_ms[i][k] / 1000);
            }
        }
    }
}

static void test_matrix__every_fault_at_every_load(void **state)
{
    struct matrix *matrix = *state;
    unsigned wrong = 0;
    const char *only = getenv("ASTREINTE_FAULT"); /* a part of one fault's name, while working */
    for (size_t i = 0; i < FAULTS; i++) {
        bool wanted = (faults[i].providers & 1U << matrix->provider) != 0 &&
                      (only == NULL || strstr(faults[i].name, only) != NULL);
        for (size_t k = 0; k < LOADS && wanted; k++) {
            int64_t began_ms = clock_monotonic(&clock_system).ms;
            wrong += play(matrix, &faults[i], loads[k]);
            note(matrix, i, k, began_ms);
        }
    }
    print_table(matrix);
    assert_int_equal(wrong, 0);
}

/* A matrix that cannot fail would prove nothing. */
static void test_matrix__notices_what_is_wrong(void **state)
{
    struct matrix *matrix = *state;
    struct fault wrong = {
        "must fail: gone, said to be accepted", ON_ALL, ACC, 0, {BEHAVE("\"gone\"")}, NULL};
    assert_int_equal(play(matrix, &wrong, 10), 10);
    struct fault fine = faults[0];
    assert_int_equal(play(matrix, &fine, 10), 0);
    matrix->sent[3].calls = 2;            /* an outcome told twice, */
    matrix->sent[4].calls = 0;            /* one never told, */
    matrix->sent[5].taken = false;        /* one the provider never took, */
    matrix->sent[6].ended_at.ms += 60000; /* one too late */
    assert_int_equal(judge(matrix, &fine, 10), 4);
}

static enum push_provider provider_of_main;

static int begin_main(void **state)
{
    return begin(state, provider_of_main);
}

int fault_matrix_main(enum push_provider provider)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_matrix__notices_what_is_wrong, begin_main, end),
        cmocka_unit_test_setup_teardown(test_matrix__every_fault_at_every_load, begin_main, end),
    };
    provider_of_main = provider;
    return cmocka_run_group_tests_name("fault matrix", tests, NULL, NULL);
}
