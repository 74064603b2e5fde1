/* fault_matrix.c - see fault_matrix.h. The faults are in fault_table.c; the table of outcomes is
 * printed at the end. Most faults are a matter of waiting, so that the three loads are played at
 * the same time, each with a simulator and a sender of its own. */
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

#include "tests/integration/push/fault_table.h"
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
#define DEADLINE_MS     1000
#define WARM_MS         20000
#define TOLERANCE_MS    10000 /* of a machine that is busy with other things */
#define WAIT_S_MAX      60
#define LATER_MS        300
#define QUIET_TURNS_MAX 4000
#define QUIET_TURN_MS   5
#define LINE_BYTES_MAX  65536

static const size_t loads[LOADS] = {1, 100, LOAD_LARGE};

struct sent {
    struct load *load;
    struct uuid id;
    char target[64]; /* not of Web Push: all go to one subscription */
    struct monotonic_time deadline;
    struct monotonic_time ended_at;
    unsigned calls;
    struct push_result result;
    bool taken; /* the provider accepted it */
};

struct cell {
    unsigned counts[PUSH_OUTCOMES_COUNT];
    unsigned tries_max;
    int64_t took_ms;
};

/* So many notifications at once, and whom they go to. */
struct load {
    enum push_provider provider;
    size_t count;
    struct provider_process process;
    struct push_sender *sender;
    FILE *received;
    char endpoint[256];
    struct push_secret secret;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t ended;
    int64_t began_ms;
    struct sent sent[JOBS_MAX];
    struct cell cells[FAULTS_MAX];
};

struct matrix {
    struct load loads[LOADS];
};

static int64_t now_ms(void)
{
    return clock_monotonic(&clock_system).ms;
}

static void on_complete(void *context, const struct push_result *result)
{
    struct sent *sent = context;
    struct load *load = sent->load;
    (void)pthread_mutex_lock(&load->lock);
    sent->result = *result;
    sent->calls++;
    sent->ended_at = clock_monotonic(&clock_system);
    load->ended++;
    (void)pthread_cond_signal(&load->changed);
    (void)pthread_mutex_unlock(&load->lock);
}

static void command(struct load *load, const char *text)
{
    char line[512];
    const char *mark = strstr(text, "$P");
    if (mark == NULL) {
        (void)snprintf(line, sizeof line, "%s", text);
    } else {
        (void)snprintf(line, sizeof line, "%.*s%s%s", (int)(mark - text), text,
                       push_provider_text(load->provider), mark + 2);
    }
    provider_process_tell(&load->process, "%s", line);
}

static void submit_one(struct load *load, size_t number, int64_t deadline_ms)
{
    struct sent *sent = &load->sent[number];
    struct wall_time wall = clock_wall(&clock_system);
    struct error error = {0};
    char data[96], id[UUID_TEXT_BYTES];
    *sent = (struct sent){.load = load, .id = uuid_v7(wall, &random_system)};
    sent->deadline.ms = now_ms() + deadline_ms;
    uuid_format(sent->id, id);
    (void)snprintf(data, sizeof data, "{\"attempt\":\"%s\",\"number\":\"%zu\"}", id, number);
    (void)snprintf(sent->target, sizeof sent->target, "%s%08zx",
                   load->provider == PUSH_APNS ? "00fc13adff785122b4ad28809a34209823412414"
                                               : "fcm-token:",
                   number);
    const struct push_job job = {
        .provider = load->provider,
        .target = load->provider == PUSH_WEB ? load->endpoint : sent->target,
        .id = sent->id,
        .deadline = sent->deadline,
        .notification = {.urgency = number % 2 == 0 ? PUSH_CRITICAL : PUSH_TIME_SENSITIVE,
                         .title = "Astreinte",
                         .body = "Appel urgent",
                         .expires_at = {wall.ms + 60000},
                         .data_json = data,
                         .secret = load->provider == PUSH_WEB ? &load->secret : NULL},
        .complete = on_complete,
        .context = sent};
    assert_int_equal(push_submit(load->sender, &job, &error), STATUS_OK);
}

static void wait_ms(int64_t ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
}

static void await_all(struct load *load, size_t count)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S_MAX;
    int failure = 0;
    (void)pthread_mutex_lock(&load->lock);
    while (load->ended < count && failure == 0) {
        failure = pthread_cond_timedwait(&load->changed, &load->lock, &until);
    }
    (void)pthread_mutex_unlock(&load->lock);
}

/* Whether what came under a notification's id was that notification, for that device. */
static bool is_itself(const struct load *load, size_t number, const json_t *line)
{
    char text[24];
    if (load->provider != PUSH_WEB) {
        const char *token = json_string_value(json_object_get(line, "token"));
        return token != NULL && strcmp(token, load->sent[number].target) == 0;
    }
    json_t *plain = json_loads(json_string_value(json_object_get(line, "plain")), 0, NULL);
    json_t *data = json_object_get(plain, "data");
    const char *said = json_string_value(json_object_get(data, "number"));
    (void)snprintf(text, sizeof text, "%zu", number);
    bool same = said != NULL && strcmp(said, text) == 0;
    json_decref(plain);
    return same;
}

/* One request at the provider; false: of nobody's id, or of another's. */
static bool read_line(struct load *load, size_t count, const json_t *line)
{
    const char *text = json_string_value(json_object_get(line, "id"));
    int64_t status = json_integer_value(json_object_get(line, "status"));
    struct uuid id;
    if (text == NULL) { /* refused before it was looked at, as with a token that is wrong */
        return status < 200 || status >= 300;
    }
    if (uuid_parse(text, &id) != STATUS_OK) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (uuid_equal(load->sent[i].id, id)) {
            load->sent[i].taken = load->sent[i].taken || (status >= 200 && status < 300);
            return is_itself(load, i, line);
        }
    }
    return false;
}

/* Reads what came to the provider since the last call; answers how many requests were under ids
 * that are not theirs. */
static unsigned read_received(struct load *load, size_t count)
{
    static char text[LINE_BYTES_MAX];
    unsigned strangers = 0;
    while (fgets(text, sizeof text, load->received) != NULL) {
        json_t *line = json_loads(text, 0, NULL);
        strangers += read_line(load, count, line) ? 0 : 1;
        json_decref(line);
    }
    clearerr(load->received);
    return strangers;
}

static bool is_allowed(const struct fault *fault, const struct sent *sent)
{
    return (fault->allowed & 1U << sent->result.outcome) != 0 ||
           ((fault->allowed & BUSY) != 0 && sent->result.outcome == PUSH_EXPIRED);
}

/* What is wrong with one notification's end, or NULL. */
static const char *find_fault(const struct fault *fault, const struct sent *sent)
{
    if (sent->calls != 1) {
        return "has not one outcome";
    }
    if (!is_allowed(fault, sent)) {
        return "ended otherwise than the fault allows";
    }
    if (sent->ended_at.ms > sent->deadline.ms + TOLERANCE_MS) {
        return "ended after its deadline";
    }
    if (sent->result.outcome == PUSH_ACCEPTED && !sent->taken) {
        return "is called accepted, and the provider did not take it";
    }
    if (sent->result.outcome != PUSH_ACCEPTED && sent->result.outcome != PUSH_UNCERTAIN &&
        sent->taken) {
        return "is said not to have been taken, and the provider took it";
    }
    return NULL;
}

/* What is wrong with the outcomes, printed; 0: nothing. */
static unsigned judge(struct load *load, const struct fault *fault, size_t count)
{
    unsigned wrong = read_received(load, count);
    if (wrong > 0) {
        print_message("%s × %zu: %u requests under ids not theirs\n", fault->name, count, wrong);
    }
    size_t expired = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sent *sent = &load->sent[i];
        const char *text = find_fault(fault, sent);
        expired += sent->result.outcome == PUSH_EXPIRED;
        if (text != NULL && wrong++ < 5) {
            print_message("%s × %zu: one %s: %s, %s, %u tries\n", fault->name, count, text,
                          push_outcome_text(sent->result.outcome), sent->result.reason,
                          sent->result.tries);
        }
    }
    if (expired == count && (fault->allowed & EXP) == 0) {
        print_message("%s × %zu: all expired\n", fault->name, count);
        wrong++;
    }
    return wrong;
}

static void note(struct load *load, struct cell *cell)
{
    *cell = (struct cell){.tries_max = 0};
    for (size_t i = 0; i < load->count; i++) {
        const struct sent *sent = &load->sent[i];
        int64_t took_ms = sent->ended_at.ms - load->began_ms;
        cell->counts[sent->result.outcome]++;
        cell->tries_max =
            sent->result.tries > cell->tries_max ? sent->result.tries : cell->tries_max;
        cell->took_ms = took_ms > cell->took_ms ? took_ms : cell->took_ms;
    }
}

/* ---- one cell: so many notifications while something is wrong ---- */

/* A notification that everything is well for: the token is taken, a connection is open. */
static void connect_first(struct load *load)
{
    load->ended = 0;
    submit_one(load, 0, WARM_MS);
    await_all(load, 1);
    assert_int_equal(load->sent[0].result.outcome, PUSH_ACCEPTED);
    assert_int_equal(read_received(load, 1), 0);
}

/* What the last sender wrote and nobody had read yet is read before its connections close: until
 * then it would be taken for the next one's. Seen twice, as the log follows a turn of the loop. */
static void await_quiet(struct load *load)
{
    const char *provider = push_provider_text(load->provider);
    unsigned quiet = 0;
    for (int i = 0; i < QUIET_TURNS_MAX && quiet < 2; i++) {
        bool closed = provider_process_count(&load->process, provider, "connections_open") == 0;
        quiet = closed ? quiet + 1 : 0;
        wait_ms(closed ? 0 : QUIET_TURN_MS);
    }
    assert_int_equal(quiet, 2);
}

static void begin_cell(struct load *load, const struct fault *fault)
{
    struct push_configuration configuration = provider_process_configuration(&load->process);
    struct error error = {0};
    provider_process_tell(&load->process, "{\"reset\":true}");
    await_quiet(load);
    (void)read_received(load, 0);
    assert_int_equal(push_sender_create(&configuration, &load->sender, &error), STATUS_OK);
    if (fault->connected) {
        connect_first(load);
    }
}

static void submit_all(struct load *load, const struct fault *fault, size_t count)
{
    for (size_t i = 0; i < COMMANDS_MAX && fault->commands[i] != NULL; i++) {
        command(load, fault->commands[i]);
    }
    load->ended = 0;
    load->began_ms = now_ms();
    for (size_t i = 0; i < count; i++) {
        submit_one(load, i, fault->answer_ms > 0 ? fault->answer_ms : DEADLINE_MS);
    }
}

/* Answers what was wrong. */
static unsigned end_cell(struct load *load, const struct fault *fault, size_t count)
{
    await_all(load, count);
    push_sender_destroy(&load->sender);
    return judge(load, fault, count);
}

/* The three loads at the same time: what takes long comes first, as answers wait for what follows
 * only so long. Answers what was wrong. */
static unsigned play(struct matrix *matrix, size_t which)
{
    const struct fault *fault = &fault_table[which];
    unsigned wrong = 0;
    for (size_t i = 0; i < LOADS; i++) {
        begin_cell(&matrix->loads[i], fault);
    }
    for (size_t i = 0; i < LOADS; i++) {
        submit_all(&matrix->loads[i], fault, loads[i]);
    }
    if (fault->later != NULL) {
        wait_ms(LATER_MS);
    }
    for (size_t i = 0; i < LOADS && fault->later != NULL; i++) {
        command(&matrix->loads[i], fault->later);
    }
    for (size_t i = 0; i < LOADS; i++) {
        struct load *load = &matrix->loads[i];
        await_all(load, load->count);
        note(load, &load->cells[which]);
        wrong += end_cell(load, fault, load->count);
    }
    return wrong;
}

static void begin_load(struct load *load, enum push_provider provider, size_t count)
{
    char path[128];
    load->provider = provider;
    load->count = count;
    (void)pthread_mutex_init(&load->lock, NULL);
    (void)pthread_cond_init(&load->changed, NULL);
    provider_process_start(&load->process, NULL, NULL);
    provider_process_subscribe(&load->process, "s1", load->endpoint, &load->secret);
    (void)snprintf(path, sizeof path, "%s/received.jsonl", load->process.dir);
    load->received = fopen(path, "r");
    assert_non_null(load->received);
}

static enum push_provider provider_of_main;

static int begin(void **state)
{
    struct matrix *matrix = calloc(1, sizeof *matrix);
    assert_non_null(matrix);
    for (size_t i = 0; i < LOADS; i++) {
        begin_load(&matrix->loads[i], provider_of_main, loads[i]);
    }
    *state = matrix;
    return 0;
}

static int end(void **state)
{
    struct matrix *matrix = *state;
    for (size_t i = 0; i < LOADS; i++) {
        (void)fclose(matrix->loads[i].received);
        provider_process_stop(&matrix->loads[i].process);
    }
    free(matrix);
    return 0;
}

static bool is_wanted(const struct fault *fault)
{
    const char *only = getenv("ASTREINTE_FAULT"); /* a part of one fault's name, while working */
    return (fault->providers & 1U << provider_of_main) != 0 &&
           (only == NULL || strstr(fault->name, only) != NULL);
}

static void print_table(const struct matrix *matrix)
{
    print_message("| %s: fault | load | accepted | refused | exhausted | expired | uncertain | "
                  "tries | s |\n|---|---|---|---|---|---|---|---|---|\n",
                  push_provider_text(provider_of_main));
    for (size_t i = 0; i < fault_table_count; i++) {
        for (size_t k = 0; k < LOADS && is_wanted(&fault_table[i]); k++) {
            const struct cell *cell = &matrix->loads[k].cells[i];
            const unsigned *counts = cell->counts;
            print_message("| %s | %zu | %u | %u | %u | %u | %u | %u | %.1f |\n",
                          fault_table[i].name, loads[k], counts[PUSH_ACCEPTED],
                          counts[PUSH_REFUSED], counts[PUSH_RETRY_EXHAUSTED], counts[PUSH_EXPIRED],
                          counts[PUSH_UNCERTAIN], cell->tries_max, (double)cell->took_ms / 1000);
        }
    }
}

static void test_matrix__every_fault_at_every_load(void **state)
{
    struct matrix *matrix = *state;
    unsigned wrong = 0;
    for (size_t i = 0; i < fault_table_count; i++) {
        wrong += is_wanted(&fault_table[i]) ? play(matrix, i) : 0;
    }
    print_table(matrix);
    assert_int_equal(wrong, 0);
}

/* A matrix that cannot fail would prove nothing. */
static void test_matrix__notices_what_is_wrong(void **state)
{
    struct matrix *matrix = *state;
    struct load *load = &matrix->loads[1];
    const struct fault wrong = {.name = "must fail: gone, said to be accepted",
                                .allowed = ACC,
                                .commands = {"{\"provider\":\"$P\",\"behaviour\":\"gone\"}"}};
    const struct fault fine = {.name = "must fail: outcomes that were tampered with",
                               .allowed = ACC | EXP};
    const struct fault busy = {.name = "must fail: all expired", .allowed = EXH | BUSY};
    begin_cell(load, &wrong);
    submit_all(load, &wrong, 10);
    assert_int_equal(end_cell(load, &wrong, 10), 10);
    begin_cell(load, &fine);
    submit_all(load, &fine, 10);
    await_all(load, 10);
    struct uuid id = load->sent[8].id; /* two that went out under each other's id, */
    load->sent[8].id = load->sent[9].id;
    load->sent[9].id = id;
    load->sent[2].id.bytes[15] ^= 1; /* one under nobody's, and so never taken, */
    assert_int_equal(end_cell(load, &fine, 10), 4);
    load->sent[2].taken = true;
    load->sent[3].calls = 2;                     /* an outcome told twice, */
    load->sent[4].calls = 0;                     /* one never told, */
    load->sent[5].taken = false;                 /* one the provider never took, */
    load->sent[6].ended_at.ms += 60000;          /* one too late, */
    load->sent[7].result.outcome = PUSH_EXPIRED; /* and one that it took all the same */
    assert_int_equal(judge(load, &fine, 10), 5);
    for (size_t i = 0; i < 10; i++) { /* nothing but time ran out */
        load->sent[i] = (struct sent){.calls = 1, .result = {.outcome = PUSH_EXPIRED}};
    }
    assert_int_equal(judge(load, &busy, 10), 1);
    load->sent[9].result.outcome = PUSH_RETRY_EXHAUSTED;
    assert_int_equal(judge(load, &busy, 10), 0);
}

int fault_matrix_main(enum push_provider provider)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_matrix__notices_what_is_wrong, begin, end),
        cmocka_unit_test_setup_teardown(test_matrix__every_fault_at_every_load, begin, end),
    };
    provider_of_main = provider;
    return cmocka_run_group_tests_name("fault matrix", tests, NULL, NULL);
}
