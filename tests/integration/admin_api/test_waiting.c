/* Suspended requests against an engine whose turns the test takes: deadlines, full lanes, stopping.
 * Either the work answers or the deadline does, and an answer that comes too late harms nothing.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin-api/admin_api.h"

#define ROOT_KEY     "ak_AAAAAAAAAAAAAAAAAAAAAA_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define NOBODY       "01936f2e-7a52-7c1f-8a4e-0000000000ff"
#define DEADLINE_MS  300
#define PATIENT_MS   60000
#define ANSWER_S_MAX 20
#define NO_CUSTOMER  INT64_C(999)

struct fixture {
    char directory[64];
    char database[96];
    struct engine *engine;
    struct admin_api *api;
    atomic_size_t completed; /* of the test's own commands */
};

/* ---- an engine without a thread, providers or rotas ---- */

static enum status send_nothing(void *context, const struct effect *effect)
{
    (void)context;
    (void)effect;
    return STATUS_UNAVAILABLE;
}

static void flush_nothing(void *context)
{
    (void)context;
}

static void hear_alarm(void *context, const char *kind, const char *detail)
{
    (void)context;
    (void)kind;
    (void)detail;
}

static enum status check_rota(void *context, const char *definition,
                              const struct engine_calendar *calendar, struct error *error)
{
    (void)context;
    (void)calendar;
    (void)definition;
    return error_set(error, STATUS_UNSUPPORTED, "no rotas here");
}

static bool know_zone(void *context, const char *zone)
{
    (void)context;
    (void)zone;
    return true;
}

static enum status compile_rota(void *context, const char *definition,
                                const struct engine_calendar *calendar, const char *zone,
                                struct wall_time from, struct wall_time to, struct arena *arena,
                                struct engine_rota_interval **intervals_r,
                                size_t *count_r, /* NOLINT(readability-non-const-parameter) */
                                struct error *error)
{
    (void)context;
    (void)definition;
    (void)calendar;
    (void)zone;
    (void)from;
    (void)to;
    (void)arena;
    (void)intervals_r;
    (void)count_r;
    return error_set(error, STATUS_UNSUPPORTED, "no rotas here");
}

static enum status read_calendar(void *context, const struct engine_calendar_texts *texts,
                                 struct wall_time from, struct wall_time to, struct arena *arena,
                                 const struct engine_calendar **calendar_r, struct error *error)
{
    (void)context;
    (void)texts;
    (void)from;
    (void)to;
    (void)arena;
    (void)error;
    *calendar_r = NULL;
    return STATUS_OK;
}

static int start(void **state, int64_t deadline_ms, unsigned connections_max)
{
    struct error error = {0};
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    (void)snprintf(fixture->directory, sizeof fixture->directory, "/tmp/astreinte-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    (void)snprintf(fixture->database, sizeof fixture->database, "%s/db", fixture->directory);
    const struct engine_configuration engine = {
        .database_path = fixture->database,
        .root_key = ROOT_KEY,
        .clock = clock_system,
        .random = random_system,
        .dispatcher = {.send = send_nothing, .flush = flush_nothing, .alarm = hear_alarm},
        .rotas = {.check = check_rota,
                  .zone_is_known = know_zone,
                  .read_calendar = read_calendar,
                  .compile = compile_rota,
                  .shifts = compile_rota},
    };
    if (engine_create(&engine, &fixture->engine, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    const struct admin_api_configuration api = {
        .request_deadline_ms = deadline_ms,
        .connections_max = connections_max,
        .threads = 1, /* libmicrohttpd gives each of several its part of the connections */
        .database_path = fixture->database,
        .engine = fixture->engine,
        .clock = clock_system,
    };
    if (admin_api_start(&api, &fixture->api, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    *state = fixture;
    return 0;
}

static int set_up(void **state)
{
    return start(state, DEADLINE_MS, 0);
}

/* For tests in which no deadline may pass. */
static int set_up_patient(void **state)
{
    return start(state, PATIENT_MS, 0);
}

#define FEW_CONNECTIONS 16

static int set_up_few_connections(void **state)
{
    return start(state, PATIENT_MS, FEW_CONNECTIONS);
}

/* The database and what lies beside it; there are no folders inside. */
static void remove_files(const char *directory)
{
    DIR *files = opendir(directory);
    assert_non_null(files);
    for (struct dirent *each = readdir(files); each != NULL; each = readdir(files)) {
        (void)unlinkat(dirfd(files), each->d_name, 0);
    }
    (void)closedir(files);
    assert_int_equal(rmdir(directory), 0);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->api != NULL) {
        admin_api_stop(fixture->api);
    }
    engine_stop(fixture->engine);
    engine_destroy(&fixture->engine);
    admin_api_destroy(&fixture->api);
    remove_files(fixture->directory);
    free(fixture);
    return 0;
}

/* ---- a client ---- */

struct client {
    int socket;
    char answer[8192];
};

static struct client *open_client(struct fixture *fixture)
{
    struct client *client = calloc(1, sizeof *client);
    assert_non_null(client);
    client->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval patience = {.tv_sec = ANSWER_S_MAX};
    assert_int_equal(
        setsockopt(client->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(admin_api_port(fixture->api)),
                                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(connect(client->socket, (const struct sockaddr *)&address, sizeof address), 0);
    return client;
}

static void close_client(struct client *client)
{
    (void)close(client->socket);
    free(client);
}

static void ask(struct client *client, const char *method, const char *path, const char *body)
{
    char request[2048];
    int bytes = snprintf(request, sizeof request,
                         "%s %s HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer " ROOT_KEY
                         "\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                         method, path, strlen(body), body);
    assert_true(bytes > 0 && (size_t)bytes < sizeof request);
    assert_int_equal(send(client->socket, request, (size_t)bytes, MSG_NOSIGNAL), bytes);
}

/* The status; 0: closed without an answer. */
static int hear(struct client *client)
{
    ssize_t bytes = recv(client->socket, client->answer, sizeof client->answer - 1, 0);
    if (bytes <= 0) {
        return 0;
    }
    client->answer[bytes] = '\0';
    return (int)strtol(client->answer + strlen("HTTP/1.1 "), NULL, 10);
}

static void put_customer(struct client *client)
{
    ask(client, "PUT", "/v1/customers/c",
        "{\"name\":\"C\",\"time_zone\":\"Europe/Paris\",\"language\":\"fr\",\"alias\":\"c\"}");
}

static void verb(struct client *client)
{
    ask(client, "POST", "/v1/telephony/calls/" NOBODY "/outcome", "{\"outcome\":\"busy\"}");
}

/* ---- the engine's side ---- */

static size_t waiting_in(struct fixture *fixture, enum engine_lane lane)
{
    struct engine_statistics statistics;
    engine_statistics(fixture->engine, &statistics);
    return statistics.lane_length[lane];
}

static void wait_for_lane(struct fixture *fixture, enum engine_lane lane, size_t count)
{
    while (waiting_in(fixture, lane) < count) {
        (void)usleep(1000);
    }
}

/* Also of what a slow turn took and left for the next. */
static void turn_until_empty(struct fixture *fixture, enum engine_lane lane)
{
    int64_t wait_ms;
    do {
        wait_ms = engine_turn(fixture->engine);
    } while (wait_ms == 0 || waiting_in(fixture, lane) > 0);
}

static void on_complete(struct command *command)
{
    struct fixture *fixture = command->context;
    struct arena *arena = command->arena;
    atomic_fetch_add(&fixture->completed, 1);
    arena_destroy(&arena);
}

/* Puts commands about nobody into the lane until it is full. */
static size_t fill(struct fixture *fixture, enum command_type type)
{
    static const char no_text[] = "";
    for (size_t count = 0;; count++) {
        struct arena *arena = arena_create(0);
        struct command *command = arena_alloc(arena, sizeof *command);
        assert_non_null(command);
        command->type = type;
        command->arena = arena;
        command->customer_id = NO_CUSTOMER;
        command->complete = on_complete;
        command->context = fixture;
        if (type == COMMAND_ESCALATE) {
            command->request.escalate.key_id = no_text;
            command->request.escalate.summary = no_text;
        } else {
            command->request.call.answer = ANSWER_BUSY;
        }
        enum status status = engine_post(fixture->engine, command);
        if (status != STATUS_OK) {
            assert_int_equal(status, STATUS_FULL);
            arena_destroy(&arena);
            return count;
        }
    }
}

/* ---- tests ---- */

static void test_command__answers_when_the_engine_did(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = open_client(fixture);
    put_customer(client);
    wait_for_lane(fixture, LANE_ADMINISTRATION, 1);
    turn_until_empty(fixture, LANE_ADMINISTRATION);
    assert_int_equal(hear(client), 201);
    assert_non_null(strstr(client->answer, "\"slug\":\"c\""));
    close_client(client);
}

static void test_deadline__answers_and_the_command_completes_later(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = open_client(fixture);
    put_customer(client);
    assert_int_equal(hear(client), 503);
    assert_non_null(strstr(client->answer, "Retry-After"));
    assert_non_null(strstr(client->answer, "problems/timeout"));
    turn_until_empty(fixture, LANE_ADMINISTRATION); /* completes what nobody waits for */
    ask(client, "GET", "/v1/customers/c", "");
    assert_int_equal(hear(client), 200); /* it happened all the same */
    close_client(client);
}

static void test_deadline__client_that_left_harms_nothing(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 20; i++) {
        struct client *client = open_client(fixture);
        put_customer(client);
        wait_for_lane(fixture, LANE_ADMINISTRATION, (size_t)i % 4 + 1);
        close_client(client);
        if (i % 4 == 3) {
            turn_until_empty(fixture, LANE_ADMINISTRATION);
        }
    }
}

static void test_full_lane__refuses_new_escalations_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = open_client(fixture);
    put_customer(client);
    wait_for_lane(fixture, LANE_ADMINISTRATION, 1);
    turn_until_empty(fixture, LANE_ADMINISTRATION);
    assert_int_equal(hear(client), 201);
    size_t filled = fill(fixture, COMMAND_ESCALATE);
    assert_int_equal(filled, LANE_NEW_SLOTS);
    ask(client, "POST", "/v1/escalations", "{\"customer\":\"c\"}");
    assert_int_equal(hear(client), 503);
    assert_non_null(strstr(client->answer, "Retry-After"));
    assert_non_null(strstr(client->answer, "problems/full"));
    turn_until_empty(fixture, LANE_NEW);
    assert_int_equal(atomic_load(&fixture->completed), filled);
    close_client(client);
}

static void test_full_lane__outcome_waits_for_room(void **state)
{
    struct fixture *fixture = *state;
    size_t filled = fill(fixture, COMMAND_CALL_OUTCOME);
    struct client *client = open_client(fixture);
    assert_true(filled > 0);
    verb(client);
    (void)usleep(DEADLINE_MS * 1000 / 4); /* it meets the full lane */
    for (int turns = 0; atomic_load(&fixture->completed) < filled && turns < 100000; turns++) {
        (void)engine_turn(fixture->engine);
    }
    assert_int_equal(atomic_load(&fixture->completed), filled);
    wait_for_lane(fixture, LANE_OUTCOME, 1);
    turn_until_empty(fixture, LANE_OUTCOME);
    assert_int_equal(hear(client), 404); /* the engine's own answer: no such call */
    close_client(client);
}

static void test_full_lane__outcome_gives_up_at_its_deadline(void **state)
{
    struct fixture *fixture = *state;
    (void)fill(fixture, COMMAND_CALL_OUTCOME); /* first: it takes its time, the client's runs */
    struct client *client = open_client(fixture);
    verb(client);
    assert_int_equal(hear(client), 503);
    close_client(client);
    turn_until_empty(fixture, LANE_OUTCOME);
}

/* ---- a crowd ---- */

static void escalate(struct client *client)
{
    ask(client, "POST", "/v1/escalations", "{\"customer\":\"c\"}");
}

static void make_customer(struct fixture *fixture)
{
    struct client *client = open_client(fixture);
    put_customer(client);
    wait_for_lane(fixture, LANE_ADMINISTRATION, 1);
    turn_until_empty(fixture, LANE_ADMINISTRATION);
    assert_int_equal(hear(client), 201);
    close_client(client);
}

static void assert_refused(struct client *client)
{
    assert_int_equal(hear(client), 503);
    assert_non_null(strstr(client->answer, "Retry-After: "));
    assert_non_null(strstr(client->answer, "problems/full"));
}

/* New escalations hold half of the connections at most while they wait, others a quarter; what is
 * left is for outcomes and acknowledgments, which are never refused. */
static void test_crowd__each_kind_has_its_part_of_the_connections(void **state)
{
    struct fixture *fixture = *state;
    struct client *new[FEW_CONNECTIONS / 2], *others[FEW_CONNECTIONS / 4], *outcomes[2];
    make_customer(fixture);
    for (size_t i = 0; i < FEW_CONNECTIONS / 2; i++) {
        new[i] = open_client(fixture);
        escalate(new[i]);
    }
    wait_for_lane(fixture, LANE_NEW, FEW_CONNECTIONS / 2);
    struct client *late = open_client(fixture);
    escalate(late);
    assert_refused(late);
    close_client(late);
    for (size_t i = 0; i < FEW_CONNECTIONS / 4; i++) {
        others[i] = open_client(fixture);
        put_customer(others[i]);
    }
    wait_for_lane(fixture, LANE_ADMINISTRATION, FEW_CONNECTIONS / 4);
    late = open_client(fixture);
    put_customer(late);
    assert_refused(late);
    assert_non_null(strstr(late->answer, "Connection: close")); /* by now it is a crowd */
    close_client(late);
    late = open_client(fixture);
    ask(late, "GET", "/healthz", ""); /* does not wait, and is not refused */
    assert_int_equal(hear(late), 200);
    close_client(late);
    for (size_t i = 0; i < 2; i++) {
        outcomes[i] = open_client(fixture);
        verb(outcomes[i]);
    }
    wait_for_lane(fixture, LANE_OUTCOME, 2);
    turn_until_empty(fixture, LANE_NEW);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(hear(outcomes[i]), 404); /* the engine's own answer: no such call */
        assert_null(strstr(outcomes[i]->answer, "Connection: close"));
        close_client(outcomes[i]);
    }
    for (size_t i = 0; i < FEW_CONNECTIONS / 2; i++) {
        assert_int_equal(hear(new[i]), 202);
        close_client(new[i]);
    }
    for (size_t i = 0; i < FEW_CONNECTIONS / 4; i++) {
        assert_int_equal(hear(others[i]), 200);
        close_client(others[i]);
    }
    late = open_client(fixture); /* and it is over */
    escalate(late);
    wait_for_lane(fixture, LANE_NEW, 1);
    turn_until_empty(fixture, LANE_NEW);
    assert_int_equal(hear(late), 202);
    close_client(late);
}

/* Callers that stay connected and say nothing give way; an agent's connection is the last to. */
static void test_crowd__idle_connections_give_way(void **state)
{
    struct fixture *fixture = *state;
    struct client *idle[FEW_CONNECTIONS * 2], *agent = open_client(fixture);
    verb(agent);
    wait_for_lane(fixture, LANE_OUTCOME, 1);
    turn_until_empty(fixture, LANE_OUTCOME);
    assert_int_equal(hear(agent), 404);
    for (size_t i = 0; i < FEW_CONNECTIONS * 2; i++) {
        idle[i] = open_client(fixture);
        ask(idle[i], "GET", "/healthz", "");
        assert_int_equal(hear(idle[i]), 200);
    }
    verb(agent);
    wait_for_lane(fixture, LANE_OUTCOME, 1);
    turn_until_empty(fixture, LANE_OUTCOME);
    assert_int_equal(hear(agent), 404);
    for (size_t i = 0; i < FEW_CONNECTIONS * 2; i++) {
        close_client(idle[i]);
    }
    close_client(agent);
}

/* Connections that never ask anything give way, too, though not at once. */
static void test_crowd__silent_connections_give_way(void **state)
{
    struct fixture *fixture = *state;
    struct client *silent[FEW_CONNECTIONS * 2];
    for (size_t i = 0; i < FEW_CONNECTIONS * 2; i++) {
        silent[i] = open_client(fixture);
    }
    struct client *agent = open_client(fixture);
    verb(agent);
    wait_for_lane(fixture, LANE_OUTCOME, 1);
    turn_until_empty(fixture, LANE_OUTCOME);
    assert_int_equal(hear(agent), 404);
    close_client(agent);
    for (size_t i = 0; i < FEW_CONNECTIONS * 2; i++) {
        close_client(silent[i]);
    }
}

static void test_stop__answers_everybody(void **state)
{
    struct fixture *fixture = *state;
    struct client *clients[8];
    for (size_t i = 0; i < 8; i++) {
        clients[i] = open_client(fixture);
        put_customer(clients[i]);
    }
    wait_for_lane(fixture, LANE_ADMINISTRATION, 8);
    admin_api_stop(fixture->api); /* the engine stands still: deadline or stop answers */
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(hear(clients[i]), 503);
        close_client(clients[i]);
    }
    turn_until_empty(fixture, LANE_ADMINISTRATION); /* the orphans complete after the stop */
    engine_stop(fixture->engine);
    engine_destroy(&fixture->engine);
    admin_api_destroy(&fixture->api);
    struct error error = {0};
    const struct engine_configuration engine = {
        .database_path = fixture->database,
        .clock = clock_system,
        .random = random_system,
        .dispatcher = {.send = send_nothing, .flush = flush_nothing, .alarm = hear_alarm},
        .rotas = {.check = check_rota,
                  .zone_is_known = know_zone,
                  .read_calendar = read_calendar,
                  .compile = compile_rota,
                  .shifts = compile_rota},
    };
    assert_int_equal(engine_create(&engine, &fixture->engine, &error), STATUS_OK);
}

struct turning {
    struct fixture *fixture;
    atomic_bool stop;
};

static void *turn_engine(void *context)
{
    struct turning *turning = context;
    while (!atomic_load(&turning->stop)) {
        (void)engine_turn(turning->fixture->engine);
        (void)usleep(DEADLINE_MS * 1000); /* completion and deadline meet */
    }
    return NULL;
}

/* Completion, deadline and a client that leaves race with each other: exactly one answer each. */
static void test_race__completion_against_deadline(void **state)
{
    struct fixture *fixture = *state;
    struct turning turning = {.fixture = fixture};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, turn_engine, &turning), 0);
    for (int round = 0; round < 6; round++) {
        struct client *clients[16];
        for (size_t i = 0; i < 16; i++) {
            clients[i] = open_client(fixture);
            put_customer(clients[i]);
            (void)usleep(DEADLINE_MS * 1000 / 20);
        }
        for (size_t i = 0; i < 16; i++) {
            if (i % 5 != 4) {
                int status = hear(clients[i]);
                assert_true(status == 200 || status == 201 || status == 503);
            }
            close_client(clients[i]);
        }
    }
    atomic_store(&turning.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_command__answers_when_the_engine_did, set_up_patient,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_deadline__answers_and_the_command_completes_later,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deadline__client_that_left_harms_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_full_lane__refuses_new_escalations_at_once,
                                        set_up_patient, tear_down),
        cmocka_unit_test_setup_teardown(test_full_lane__outcome_waits_for_room, set_up_patient,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_full_lane__outcome_gives_up_at_its_deadline, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_crowd__each_kind_has_its_part_of_the_connections,
                                        set_up_few_connections, tear_down),
        cmocka_unit_test_setup_teardown(test_crowd__idle_connections_give_way,
                                        set_up_few_connections, tear_down),
        cmocka_unit_test_setup_teardown(test_crowd__silent_connections_give_way,
                                        set_up_few_connections, tear_down),
        cmocka_unit_test_setup_teardown(test_stop__answers_everybody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_race__completion_against_deadline, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
