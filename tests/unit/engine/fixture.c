#include "tests/unit/engine/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/json_reader.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/engine/engine_private.h"
#include "gateway/store/store_private.h"

#define TURNS_MAX  64
#define AGENTS_MAX 40 /* of a rota */

static struct wall_time fake_wall(void *context)
{
    return ((struct house *)context)->wall;
}

static struct monotonic_time fake_monotonic(void *context)
{
    struct house *house = context;
    if (house->look_ms != 0) { /* a test without threads */
        house->boot.ms += house->look_ms;
    }
    return house->boot;
}

static int64_t fake_suspended(void *context)
{
    return ((struct house *)context)->suspended_ms;
}

/* splitmix64: the same bytes in every run. */
static void fake_random(void *context, void *bytes, size_t count)
{
    struct house *house = context;
    if (atomic_load(&house->abort_at_random)) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t z = house->random += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        ((uint8_t *)bytes)[i] = (uint8_t)(z >> 32);
    }
}

static void look_at_row(struct house *house, const struct effect *effect)
{
    struct store *reader;
    struct attempt attempt;
    struct error error;
    assert_int_equal(store_open_reader(house->database, NULL, 1000, &reader, &error), STATUS_OK);
    enum status status = store_get_attempt(reader, effect->customer_id, effect->escalation,
                                           effect->attempt, &attempt, &error);
    house->rows_missing += status != STATUS_OK || attempt.state != ATTEMPT_HANDED_OVER;
    store_close(&reader);
}

static void copy(char *target, size_t bytes, const char *text)
{
    (void)text_copy(target, bytes, text != NULL ? text : "");
}

static enum status fake_send(void *context, const struct effect *effect)
{
    struct house *house = context;
    if (house->abort_at_send) {
        abort();
    }
    if (house->at_send != NULL) {
        house->at_send(house);
    }
    if (house->look_at_rows) {
        look_at_row(house, effect);
    }
    if (house->send_status != STATUS_OK) {
        return house->send_status;
    }
    assert_true(house->sent_count < SENT_MAX);
    struct sent *sent = &house->sent[house->sent_count++];
    memset(sent, 0, sizeof *sent);
    sent->attempt = effect->attempt;
    sent->escalation = effect->escalation;
    sent->customer_id = effect->customer_id;
    sent->device_id = effect->device != NULL ? effect->device->id : 0;
    sent->purpose = effect->purpose;
    sent->path = effect->path;
    sent->severity = effect->severity;
    sent->drill = effect->drill;
    sent->number = effect->number;
    sent->check_in_agent = effect->check_in_agent;
    sent->ticket = effect->ticket;
    sent->left_ms = effect->deadline.ms - house->boot.ms;
    sent->expires_ms = effect->expires_at.ms - house->wall.ms;
    sent->wait_ms = effect->wait_ms;
    copy(sent->person, sizeof sent->person, effect->person != NULL ? effect->person->slug : NULL);
    copy(sent->phone, sizeof sent->phone, effect->phone);
    copy(sent->callback, sizeof sent->callback, effect->callback);
    copy(sent->summary, sizeof sent->summary, effect->summary);
    copy(sent->received, sizeof sent->received, effect->token_received);
    copy(sent->accept, sizeof sent->accept, effect->token_accept);
    copy(sent->decline, sizeof sent->decline, effect->token_decline);
    return STATUS_OK;
}

static void fake_flush(void *context)
{
    ((struct house *)context)->flushes++;
}

static void fake_alarm(void *context, const char *kind, const char *detail)
{
    struct house *house = context;
    assert_non_null(detail);
    house->alarms++;
    copy(house->alarm, sizeof house->alarm, kind);
    copy(house->alarm_detail, sizeof house->alarm_detail, detail);
}

/* A rota is the slugs of agents, with a space between, who are always on call, or with @FROM-TO
 * behind them from one moment of the wall to another; with a ! before them they take that time from
 * those before them. "broken" does not compile. */
#define NEEDS_HOURS "needs-hours "

/* The fixture's calendar is the texts that it was read from. */
static const char *hours_of(const struct engine_calendar *calendar)
{
    const struct engine_calendar_texts *texts = (const void *)calendar;
    return texts != NULL ? texts->opening_hours : NULL;
}

static enum status fake_check(void *context, const char *definition,
                              const struct engine_calendar *calendar, struct error *error)
{
    (void)context;
    bool needs_hours = strncmp(definition, NEEDS_HOURS, sizeof NEEDS_HOURS - 1) == 0;
    if (needs_hours && hours_of(calendar) == NULL) {
        return error_set_at(error, STATUS_INVALID, "/layers/0", "/layers/0: needs hours");
    }
    return strcmp(definition, "broken") == 0
               ? error_set_at(error, STATUS_INVALID, "/layers", "it is broken")
               : STATUS_OK;
}

static bool fake_zone_is_known(void *context, const char *zone)
{
    (void)context;
    return strcmp(zone, "Europe/Paris") == 0;
}

/* "broken" is broken; a calendar is the texts that it was read from. */
static enum status fake_read_calendar(void *context, const struct engine_calendar_texts *texts,
                                      struct wall_time from, struct wall_time to,
                                      struct arena *arena,
                                      const struct engine_calendar **calendar_r,
                                      struct error *error)
{
    struct house *house = context;
    assert_true(from.ms < to.ms);
    house->calendars_read++;
    if (texts->opening_hours != NULL && strcmp(texts->opening_hours, "broken") == 0) {
        return error_set_at(error, STATUS_INVALID, "/opening_hours", "they are broken");
    }
    if (texts->holidays_ics != NULL && strcmp(texts->holidays_ics, "broken") == 0) {
        return error_set(error, STATUS_INVALID, "the file is broken");
    }
    struct engine_calendar_texts *read = arena_alloc(arena, sizeof *read);
    if (read == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the calendar");
    }
    *read = (struct engine_calendar_texts){arena_text(arena, texts->opening_hours),
                                           arena_text(arena, texts->holidays),
                                           arena_text(arena, texts->holidays_ics)};
    *calendar_r = (const void *)read;
    return STATUS_OK;
}

#define OPENS_AT "opens-at "

/* Hours are "open", "closed", or closed until "opens-at MS"; of others it cannot be told. */
static enum status fake_next_opening(void *context, const struct engine_calendar *calendar,
                                     const char *zone, struct wall_time at,
                                     struct wall_time *opens_r, struct error *error)
{
    (void)context;
    const struct engine_calendar_texts *read = (const void *)calendar;
    const char *hours = read->opening_hours;
    assert_true(at.ms > 0 && zone[0] != '\0');
    *opens_r = strcmp(hours, "open") == 0 ? at : WALL_NEVER;
    if (strncmp(hours, OPENS_AT, sizeof OPENS_AT - 1) == 0) {
        int64_t opens_ms = strtoll(hours + sizeof OPENS_AT - 1, NULL, 10);
        opens_r->ms = opens_ms > at.ms ? opens_ms : at.ms;
    }
    return opens_r->ms != TIME_NEVER_MS || strcmp(hours, "closed") == 0
               ? STATUS_OK
               : error_set(error, STATUS_INVALID, "hours that nobody knows");
}

static enum status fake_is_open(void *context, const struct engine_calendar *calendar,
                                const char *zone, struct wall_time at, bool *open_r,
                                struct error *error)
{
    struct wall_time opens = WALL_NEVER;
    enum status status = fake_next_opening(context, calendar, zone, at, &opens, error);
    *open_r = status == STATUS_OK && opens.ms == at.ms;
    return status;
}

static void take_time(struct engine_rota_interval *intervals, size_t count,
                      const struct engine_rota_interval *taken)
{
    for (size_t i = 0; i < count; i++) {
        if (intervals[i].from.ms < taken->from.ms && intervals[i].to.ms > taken->from.ms) {
            intervals[i].to = taken->from;
        } else if (intervals[i].from.ms >= taken->from.ms && intervals[i].to.ms <= taken->to.ms) {
            intervals[i].to = intervals[i].from;
        }
    }
}

static int by_start(const void *left, const void *right)
{
    const struct engine_rota_interval *a = left, *b = right;
    return (a->from.ms > b->from.ms) - (a->from.ms < b->from.ms);
}

/* The agents whose slugs the definition is; behind NEEDS_HOURS those of the opening hours. */
static enum status fake_compile(void *context, const char *definition,
                                const struct engine_calendar *calendar, const char *zone,
                                struct wall_time from, struct wall_time to, struct arena *arena,
                                struct engine_rota_interval **intervals_r, size_t *count_r,
                                struct error *error)
{
    ((struct house *)context)->rotas_compiled++;
    assert_string_equal(zone, "Europe/Paris");
    assert_non_null(definition);
    if (fake_check(NULL, definition, calendar, error) != STATUS_OK) {
        return STATUS_INVALID;
    }
    if (strncmp(definition, NEEDS_HOURS, sizeof NEEDS_HOURS - 1) == 0) {
        definition = hours_of(calendar);
    }
    struct engine_rota_interval *intervals = arena_alloc(arena, AGENTS_MAX * sizeof *intervals);
    if (intervals == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the intervals");
    }
    size_t count = 0;
    for (const char *at = definition; *at != '\0'; at += strspn(at, " ")) {
        bool takes = *at == '!';
        at += takes;
        size_t bytes = strcspn(at, " "), name_bytes = strcspn(at, " @");
        assert_true(count < AGENTS_MAX);
        struct engine_rota_interval *interval = &intervals[count];
        interval->from = from;
        interval->to = to;
        interval->agent = arena_text_n(arena, at, name_bytes);
        if (interval->agent == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "no memory for the intervals");
        }
        if (name_bytes < bytes) {
            char *end;
            interval->from.ms = strtoll(at + name_bytes + 1, &end, 10);
            interval->to.ms = strtoll(end + 1, NULL, 10);
        }
        if (takes) {
            take_time(intervals, count, interval);
        }
        count++;
        at += bytes;
    }
    qsort(intervals, count, sizeof *intervals, by_start);
    *intervals_r = intervals;
    *count_r = count;
    return STATUS_OK;
}

static enum status fake_replace(void *context, const char *definition, struct wall_time from,
                                struct wall_time to, const char *agent, struct arena *arena,
                                const char **definition_r, struct error *error)
{
    (void)context;
    *definition_r = arena_format(arena, "%s !%s@%lld-%lld", definition, agent, (long long)from.ms,
                                 (long long)to.ms);
    return *definition_r != NULL ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "no memory");
}

static void heard_commit(void *context)
{
    ((struct house *)context)->commits_heard++;
}

struct engine_configuration house_configuration(struct house *house)
{
    struct engine_configuration configuration = {
        .database_path = house->database,
        .secret = "thirty-two bytes of test secret",
        .root_key = ROOT_KEY,
        .calls_max = house->calls_max,
        .reserve_bytes = house->reserve_bytes,
        .clock = {.wall = fake_wall,
                  .monotonic = fake_monotonic,
                  .context = house,
                  .suspended_ms = fake_suspended},
        .random = {fake_random, house},
        .dispatcher = {fake_send, fake_flush, fake_alarm, house},
        .rotas = {fake_check, fake_zone_is_known, fake_read_calendar, fake_compile, fake_compile,
                  fake_replace, fake_is_open, fake_next_opening, NULL, NULL, house},
    };
    if (house->rotas != NULL) {
        configuration.rotas = *house->rotas;
    }
    memcpy(configuration.boot_id, house->boot_id, sizeof configuration.boot_id);
    return configuration;
}

void house_open(struct house *house)
{
    struct error error = {.text = ""};
    struct engine_configuration configuration = house_configuration(house);
    if (engine_create(&configuration, &house->engine, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    engine_on_commit(house->engine, heard_commit, house);
}

void house_close(struct house *house)
{
    engine_destroy(&house->engine);
}

void house_forget_commits(struct house *house)
{
    struct error error = {.text = ""};
    int lock = -1;
    assert_int_equal(engine_lock_out(house->database, &lock, &error), STATUS_OK);
    assert_int_equal(engine_forget_commits(lock, &error), STATUS_OK);
    assert_int_equal(close(lock), 0);
}

void house_advance(struct house *house, int64_t ms)
{
    house->wall.ms += ms;
    house->boot.ms += ms;
}

void house_settle(struct house *house)
{
    for (int i = 0; i < TURNS_MAX; i++) {
        struct engine_statistics before, after;
        engine_statistics(house->engine, &before);
        int64_t wait_ms = engine_turn(house->engine);
        engine_statistics(house->engine, &after);
        bool quiet = before.commits == after.commits && wait_ms > 0;
        for (int lane = 0; lane < LANES_COUNT; lane++) {
            quiet = quiet && after.lane_length[lane] == 0;
        }
        if (quiet) {
            return;
        }
    }
    fail_msg("the engine does not come to rest");
}

/* ---- commands ---- */

static const char not_answered[] = "not answered";

static void note_answer(struct command *command)
{
    atomic_store((_Atomic bool *)command->context, true);
}

bool answered(const struct command *command)
{
    if (!atomic_load((_Atomic bool *)command->context)) {
        return false;
    }
    assert_int_equal(command->answer.body_bytes, strlen(command->answer.body));
    if (command->answer.status == STATUS_IO) { /* the gateway's own affair */
        assert_int_equal(command->answer.error.text[0], '\0');
    }
    return true;
}

struct command *house_command(struct house *house, enum command_type type)
{
    assert_true(house->commands_count < COMMANDS_MAX);
    struct command *command = calloc(1, sizeof *command);
    _Atomic bool *done = calloc(1, sizeof *done);
    assert_true(command != NULL && done != NULL);
    command->type = type;
    command->arena = arena_create(0);
    command->customer_id = house->customer_id;
    command->received_at = house->wall;
    command->answer.body = not_answered;
    command->complete = note_answer;
    command->context = done;
    house->commands[house->commands_count++] = command;
    return command;
}

void house_run(struct house *house, struct command *command)
{
    assert_int_equal(engine_post(house->engine, command), STATUS_OK);
    for (int i = 0; i < TURNS_MAX && !answered(command); i++) {
        (void)engine_turn(house->engine);
    }
    assert_true(answered(command));
}

static void run_ok(struct house *house, struct command *command)
{
    house_run(house, command);
    if (command->answer.status != STATUS_OK) {
        fail_msg("%s: %s", status_slug(command->answer.status), command->answer.error.text);
    }
}

struct command *escalate_command(struct house *house, enum severity severity, const char *key)
{
    struct command *command = house_command(house, COMMAND_ESCALATE);
    command->request.escalate = (struct escalate_request){
        .key_id = "centre",
        .idempotency_key = key,
        .body_digest = {{1}},
        .severity = severity,
        .summary = "Personne bloquée dans l'ascenseur",
        .caller_name = "Mme Martin",
        .caller_phone = "+33612345678",
    };
    return command;
}

static json_t *parse_answer(const struct command *command)
{
    json_t *json;
    struct error error;
    if (json_parse(command->answer.body, strlen(command->answer.body), &json, &error) !=
        STATUS_OK) {
        fail_msg("%s: %s", error.text, command->answer.body);
    }
    assert_int_equal(strlen(command->answer.body), command->answer.body_bytes);
    return json;
}

void answered_text(const struct command *command, const char *name, char *text_r, size_t bytes)
{
    json_t *json = parse_answer(command);
    const char *text = json_string_value(json_object_get(json, name));
    if (text == NULL) {
        fail_msg("no text %s in %s", name, command->answer.body);
    }
    copy(text_r, bytes, text);
    json_decref(json);
}

void assert_answered(const struct command *command, const char *name, const char *expected)
{
    char text[256];
    answered_text(command, name, text, sizeof text);
    assert_string_equal(text, expected);
}

struct uuid answered_id(const struct command *command)
{
    char text[UUID_TEXT_BYTES];
    struct uuid id;
    answered_text(command, "id", text, sizeof text);
    assert_int_equal(uuid_parse(text, &id), STATUS_OK);
    return id;
}

struct uuid house_escalate(struct house *house, enum severity severity)
{
    struct command *command = escalate_command(house, severity, NULL);
    run_ok(house, command);
    return answered_id(command);
}

struct command *agent_command(struct house *house, struct uuid escalation, enum agent_verb verb,
                              int64_t agent, const char *token)
{
    struct command *command = house_command(house, COMMAND_AGENT_VERB);
    command->customer_id = token != NULL ? 0 : house->customer_id;
    command->escalation_id = escalation;
    command->request.agent = (struct agent_request){
        .verb = verb,
        .agent_id = token != NULL ? 0 : agent,
        .action_token = token,
    };
    return command;
}

struct command *desk_command(struct house *house, struct uuid escalation, enum desk_verb verb)
{
    struct command *command = house_command(house, COMMAND_DESK_VERB);
    command->escalation_id = escalation;
    command->request.desk = (struct desk_request){.verb = verb, .operator_name = "Zoé"};
    return command;
}

void house_outcome(struct house *house, const struct sent *sent, enum attempt_state transport)
{
    struct transport_request outcome = {
        .attempt = sent->attempt,
        .transport = transport,
        .tries = 1,
        .at = house->wall,
        .gone_since = WALL_NEVER,
        .was_delayed = sent->delayed,
    };
    engine_outcome(house->engine, sent->customer_id, sent->escalation, sent->path, &outcome);
}

void house_delayed(struct house *house, struct sent *sent)
{
    struct transport_request delay = {
        .attempt = sent->attempt, .reason = "down", .at = house->wall, .gone_since = WALL_NEVER};
    sent->delayed = true;
    engine_delayed(house->engine, sent->customer_id, sent->escalation, &delay);
}

void house_accept_all(struct house *house, size_t from)
{
    for (size_t i = from; i < house->sent_count; i++) {
        house_outcome(house, &house->sent[i], ATTEMPT_ACCEPTED);
    }
    house_settle(house);
}

/* ---- what is stored ---- */

static struct store *open_reader(struct house *house)
{
    struct store *reader = NULL;
    struct error error;
    assert_int_equal(store_open_reader(house->database, NULL, 5000, &reader, &error), STATUS_OK);
    return reader;
}

void house_read(struct house *house, struct uuid id, struct escalation *escalation_r)
{
    struct error error;
    struct store *reader = open_reader(house);
    memset(escalation_r, 0, sizeof *escalation_r);
    assert_int_equal(store_get_escalation(reader, house->customer_id, id, escalation_r, &error),
                     STATUS_OK);
    store_close(&reader);
}

void house_read_attempt(struct house *house, const struct sent *sent, struct attempt *attempt_r)
{
    struct error error;
    struct store *reader = open_reader(house);
    assert_int_equal(store_get_attempt(reader, sent->customer_id, sent->escalation, sent->attempt,
                                       attempt_r, &error),
                     STATUS_OK);
    store_close(&reader);
}

size_t house_entries(struct house *house, struct uuid id, enum entry_kind kind)
{
    struct error error;
    struct store *reader = open_reader(house);
    struct arena *arena = arena_create(0);
    struct timeline_row *rows;
    size_t count, found = 0;
    assert_int_equal(store_list_timeline(reader, house->customer_id, id, 0, 100000, arena, &rows,
                                         &count, &error),
                     STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        found += rows[i].kind == kind;
    }
    arena_destroy(&arena);
    store_close(&reader);
    return found;
}

/* ---- configuration ---- */

static void put_customer(struct house *house, const char *default_procedure)
{
    struct command *command = house_command(house, COMMAND_PUT_CUSTOMER);
    command->request.customer = (struct customer_request){
        .slug = "acme",
        .name = "ACME",
        .time_zone = "Europe/Paris",
        .language = "fr",
        .alias = "Azur",
        .default_procedure = default_procedure,
        .active = true,
    };
    run_ok(house, command);
    house->customer_id = command->customer_id;
}

void set_default_procedure(struct house *house, const char *slug)
{
    put_customer(house, slug);
}

static void put_person(struct house *house, enum person_kind kind, const char *slug,
                       const char *phone, bool active)
{
    struct command *command = house_command(house, COMMAND_PUT_PERSON);
    command->request.person = (struct person_request){
        .kind = kind,
        .slug = slug,
        .name = slug,
        .phone = phone,
        .language = "fr",
        .active = active,
    };
    run_ok(house, command);
}

void put_agent(struct house *house, const char *slug, const char *phone, bool active)
{
    put_person(house, PERSON_AGENT, slug, phone, active);
}

void put_agent_phones(struct house *house, const char *slug, const char *const *phones,
                      size_t count)
{
    struct command *command = house_command(house, COMMAND_PUT_PERSON);
    struct person_request *request = &command->request.person;
    *request = (struct person_request){.kind = PERSON_AGENT,
                                       .slug = slug,
                                       .name = slug,
                                       .phone = phones[0],
                                       .language = "fr",
                                       .active = true,
                                       .further_count = count - 1};
    for (size_t i = 1; i < count; i++) {
        request->further[i - 1].phone = phones[i];
    }
    run_ok(house, command);
}

int64_t house_number(struct house *house, const char *sql)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(house->engine->store->db, sql, -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t found = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return found;
}

struct uuid newest_task(struct house *house)
{
    static const char sql[] = "SELECT task_id FROM desk_task ORDER BY task_id DESC LIMIT 1";
    sqlite3_stmt *statement;
    struct uuid id;
    assert_int_equal(sqlite3_prepare_v2(house->engine->store->db, sql, -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_bytes(statement, 0), sizeof id.bytes);
    memcpy(id.bytes, sqlite3_column_blob(statement, 0), sizeof id.bytes);
    (void)sqlite3_finalize(statement);
    return id;
}

void put_device(struct house *house, int64_t agent, const char *installation,
                enum platform platform)
{
    struct command *command = house_command(house, COMMAND_PUT_DEVICE);
    command->request.device = (struct device_request){
        .agent_id = agent,
        .installation = installation,
        .platform = platform,
        .target = "token",
        .battery_percent = -1,
    };
    run_ok(house, command);
}

void put_rota(struct house *house, const char *slug, const char *agent)
{
    struct command *command = house_command(house, COMMAND_PUT_ROTA);
    command->request.definition = (struct definition_request){.slug = slug, .definition = agent};
    run_ok(house, command);
}

void put_procedure(struct house *house, const char *slug, const char *definition)
{
    struct command *command = house_command(house, COMMAND_PUT_PROCEDURE);
    command->request.definition =
        (struct definition_request){.slug = slug, .definition = definition};
    run_ok(house, command);
}

void put_rules(struct house *house, const char *definition)
{
    struct command *command = house_command(house, COMMAND_PUT_RULES);
    command->request.definition = (struct definition_request){.definition = definition};
    run_ok(house, command);
}

int64_t agent_id(struct house *house, const char *slug)
{
    const struct directory *directory = engine_directory_acquire(house->engine);
    const struct directory_person *agent =
        directory_agent_by_slug(directory_customer(directory, house->customer_id), slug);
    assert_non_null(agent);
    int64_t id = agent->id;
    engine_directory_release(house->engine, directory);
    return id;
}

static void configure(struct house *house)
{
    put_customer(house, NULL);
    put_agent(house, "jean", "+33600000001", true);
    put_agent(house, "paul", "+33600000002", true);
    put_person(house, PERSON_CONTACT, "chief", "+33600000003", true);
    house->jean = agent_id(house, "jean");
    house->paul = agent_id(house, "paul");
    put_device(house, house->jean, "jean-1", PLATFORM_APNS);
    put_device(house, house->paul, "paul-1", PLATFORM_FCM);
    put_rota(house, "duty", "jean");
    put_procedure(
        house, "night",
        "{\"rounds\":1,\"steps\":["
        "{\"notify\":[{\"on_call\":\"duty\"}],\"by\":[\"push\"],\"accepted_within_s\":60},"
        "{\"notify\":[{\"agent\":\"paul\"}],\"by\":[\"push\"],\"accepted_within_s\":60}],"
        "\"exhausted\":[{\"callback\":\"call-centre\"}]}");
    set_default_procedure(house, "night");
    house_settle(house);
}

int house_setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    if (house == NULL) {
        return -1;
    }
    log_set_level(LOG_ERROR);
    house->sent = calloc(SENT_MAX, sizeof *house->sent);
    house->commands = calloc(COMMANDS_MAX, sizeof *house->commands);
    house->wall.ms = INT64_C(1795000000000);
    house->boot.ms = 5000000;
    house->random = 42;
    copy(house->boot_id, sizeof house->boot_id, "boot-1");
    copy(house->folder, sizeof house->folder, "/tmp/astreinte-engine-XXXXXX");
    if (house->sent == NULL || house->commands == NULL || mkdtemp(house->folder) == NULL) {
        return -1;
    }
    (void)snprintf(house->database, sizeof house->database, "%s/db", house->folder);
    house_open(house);
    configure(house);
    *state = house;
    return 0;
}

int house_teardown(void **state)
{
    struct house *house = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm", "-poison", "-ballast"};
    engine_destroy(&house->engine);
    for (size_t i = 0; i < house->commands_count; i++) {
        arena_destroy(&house->commands[i]->arena);
        free(house->commands[i]->context);
        free(house->commands[i]);
    }
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s", house->database, suffixes[i]);
        (void)unlink(path);
    }
    (void)rmdir(house->folder);
    free(house->sent);
    free(house->commands);
    free(house);
    return 0;
}

void put_hours(struct house *house, const char *opening_hours)
{
    struct command *command = house_command(house, COMMAND_PUT_CUSTOMER);
    command->request.customer = (struct customer_request){.slug = "acme",
                                                          .name = "ACME",
                                                          .time_zone = "Europe/Paris",
                                                          .language = "fr",
                                                          .alias = "Azur",
                                                          .default_procedure = "night",
                                                          .active = true,
                                                          .opening_hours = opening_hours};
    run_ok(house, command);
}
