/* test_truth.c - a rehearsal says what then happens: the same situations, drawn from a fixed seed,
 * are played by the engine itself, with the world's answers given by hand, and the timelines are
 * compared entry by entry: kind, time and facts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/base/random.h"
#include "gateway/rehearsal/rehearsal.h"
#include "tests/unit/engine/fixture.h"

#define SITUATIONS      40
#define TICK_MS         INT64_C(1000)
#define HEARD_EVERY_MS  (INT64_C(600) * TICK_MS)
#define PEOPLE_COUNT    4
#define TEXT_BYTES      4096
#define PLAYED_SENT_MAX 2048
#define LEA             2 /* has two numbers */
#define LEAS_SECOND     "+33100000004"

enum { DOES_SILENT, DOES_DEAD, DOES_ACCEPTS, DOES_DECLINES, DOES_BUSY, DOES_COUNT };

static const char *const words[] = {"silent", "dead", "accepts", "declines", "busy"};
static const char *const people[PEOPLE_COUNT] = {"jean", "paul", "lea", "chief"};

/* What one person does on one path; seconds. */
struct way {
    int does;
    bool has_after;
    int after;
    int received;
};

struct situation {
    struct way push[PEOPLE_COUNT];
    struct way call[PEOPLE_COUNT];
    struct way second; /* LEA's second number */
    int apns;          /* 0 up, 1 down, 2 refuses */
    int telephony;
    int promised;
    char procedure[TEXT_BYTES];
    char request[TEXT_BYTES];
};

static uint64_t draws;

static int draw(int below)
{
    uint64_t z = draws += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (int)((z ^ (z >> 31)) % (uint64_t)below);
}

static void add(char text[TEXT_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(char text[TEXT_BYTES], const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    int wrote = vsnprintf(text + used, TEXT_BYTES - used, format, arguments);
    va_end(arguments);
    assert_true(wrote >= 0 && (size_t)wrote < TEXT_BYTES - used);
}

/* ---- drawing ---- */

static struct way draw_way(bool call)
{
    struct way way = {.does = draw(call ? DOES_COUNT : DOES_BUSY), .has_after = draw(3) > 0};
    bool answers = way.does == DOES_ACCEPTS || way.does == DOES_DECLINES;
    /* An acceptance ends it all: rare, so that most go far. */
    if (way.does == DOES_ACCEPTS && draw(3) > 0) {
        way.does = DOES_DECLINES;
    }
    way.after = way.has_after ? 2 + draw(45) : answers ? 30 : 0;
    way.received = !answers && draw(4) == 0 ? draw(30) : 1;
    return way;
}

static void say_way(struct situation *situation, int person, const struct way *way, bool call)
{
    char *request = situation->request;
    add(request, "%s{\"%s\":\"%s\",\"by\":[\"%s\"],\"does\":\"%s\",\"received_after_s\":%d",
        request[strlen(request) - 1] == '[' ? "" : ",", person == 3 ? "contact" : "agent",
        people[person], call ? "call" : "push", words[way->does], way->received);
    if (way->has_after) {
        add(request, ",\"after_s\":%d", way->after);
    }
    add(request, "}");
}

static void draw_step(char *procedure)
{
    static const char *const via[] = {"[\"push\"]", "[\"call\"]", "[\"push\",\"call\"]"};
    static const char *const targets[] = {"{\"on_call\":\"duty\"}",  "{\"agent\":\"jean\"}",
                                          "{\"agent\":\"paul\"}",    "{\"agent\":\"lea\"}",
                                          "{\"contact\":\"chief\"}", "{\"on_call\":\"nobody\"}"};
    add(procedure, "%s{\"notify\":[%s", procedure[strlen(procedure) - 1] == '[' ? "" : ",",
        targets[draw(6)]);
    if (draw(2) == 0) {
        add(procedure, ",%s", targets[draw(6)]);
    }
    add(procedure, "],\"by\":%s", via[draw(3)]);
    if (draw(2) == 0) {
        add(procedure, ",\"received_within_s\":%d", 1 + draw(20));
    }
    add(procedure, ",\"accepted_within_s\":%d", 1 + draw(60));
    uint64_t others = draws; /* which stay as they are, whether several are wanted or not */
    add(procedure, ",\"acceptances\":%d}", draw(4) == 0 ? 1 : 2 + draw(2));
    draws = others;
}

static void draw_situation(struct situation *situation)
{
    static const char *const services[] = {"up", "down", "refuses"};
    *situation = (struct situation){.apns = draw(6) < 4 ? 0 : 1 + draw(2),
                                    .telephony = draw(6) < 4 ? 0 : 1 + draw(2),
                                    .promised = draw(2) == 0 ? 0 : 60 + draw(200)};
    add(situation->procedure,
        "{\"rounds\":%d,\"round_spacing_s\":%d,\"exhausted_every_s\":%d,"
        "\"promise_warning_s\":%d,\"steps\":[",
        1 + draw(3), 1 + draw(120), 5 + draw(30), 1 + draw(90));
    for (int steps = 1 + draw(4); steps > 0; steps--) {
        draw_step(situation->procedure);
    }
    add(situation->procedure, "],\"exhausted\":[{\"callback\":\"call-centre\"}%s]}",
        draw(2) == 0 ? ",{\"contact\":\"chief\",\"by\":[\"call\"]}" : "");
    add(situation->request,
        "{\"procedure\":\"drawn\",\"severity\":\"major\",\"providers\":{"
        "\"apns\":\"%s\",\"telephony\":\"%s\"},",
        services[situation->apns], services[situation->telephony]);
    if (situation->promised > 0) {
        add(situation->request, "\"callback_promised_s\":%d,", situation->promised);
    }
    add(situation->request, "\"assume\":[");
    for (int person = 0; person < PEOPLE_COUNT; person++) {
        situation->push[person] = draw_way(false);
        situation->call[person] = draw_way(true);
        say_way(situation, person, &situation->push[person], false);
        say_way(situation, person, &situation->call[person], true);
    }
    situation->second = draw_way(true);
    say_way(situation, LEA, &situation->second, true);
    situation->request[strlen(situation->request) - 1] = ',';
    add(situation->request, "\"place\":2}");
    add(situation->request, "]");
}

/* ---- the real one ---- */

struct real {
    struct house *house;
    const struct situation *situation;
    struct uuid id;
    size_t first; /* of what was sent */
    struct wall_time sent_at[PLAYED_SENT_MAX];
    size_t seen;
    /* What comes in of what went out before is posted together, so that it is in the mailbox before
     * a deadline of the same moment is met. */
    bool together;
    bool said[PLAYED_SENT_MAX]; /* a yes or no came in */
};

static void settle(struct real *real)
{
    if (!real->together) {
        house_settle(real->house);
    }
}

static void post(struct real *real, struct command *command)
{
    assert_int_equal(engine_post(real->house->engine, command), STATUS_OK);
    settle(real);
}

static void report(struct real *real, const struct sent *sent, enum attempt_state state,
                   const char *reason)
{
    struct transport_request outcome = {.attempt = sent->attempt,
                                        .transport = state,
                                        .tries = 1,
                                        .at = real->house->wall,
                                        .gone_since = WALL_NEVER,
                                        .was_delayed = sent->delayed};
    (void)snprintf(outcome.reason, sizeof outcome.reason, "%s", reason);
    engine_outcome(real->house->engine, sent->customer_id, sent->escalation, sent->path, &outcome);
    settle(real);
}

static void say(struct real *real, const char *token, enum agent_verb verb)
{
    post(real, agent_command(real->house, real->id, verb, 0, token));
}

static void ring(struct real *real, const struct sent *sent, enum attempt_answer answer)
{
    struct command *command = house_command(real->house, COMMAND_CALL_OUTCOME);
    command->customer_id = 0;
    command->request.call =
        (struct call_outcome_request){.attempt = sent->attempt, .answer = answer};
    post(real, command);
}

static int person_of(const struct sent *sent)
{
    int person = 0;
    while (person < PEOPLE_COUNT && strcmp(people[person], sent->person) != 0) {
        person++;
    }
    assert_true(person < PEOPLE_COUNT);
    return person;
}

/* Whether they still have something to say to it; they say it now. Nobody answers the phones that
 * rang together one by one. */
static bool speaks(struct real *real, size_t place)
{
    const struct sent *sent = &real->house->sent[real->first + place];
    for (size_t i = 0; i < real->seen; i++) {
        const struct sent *other = &real->house->sent[real->first + i];
        struct attempt attempt;
        if (real->sent_at[i].ms != real->sent_at[place].ms ||
            strcmp(other->person, sent->person) != 0 || other->purpose != PURPOSE_ALERT) {
            continue;
        }
        house_read_attempt(real->house, other, &attempt);
        bool key = attempt.answer == ANSWER_ACCEPTED || attempt.answer == ANSWER_DECLINED;
        if (real->said[i] || key || (i == place && attempt.answer != ANSWER_NONE)) {
            return false;
        }
    }
    return true;
}

static const struct way *way_of(const struct real *real, const struct sent *sent)
{
    int person = person_of(sent);
    if (sent->path == PATH_CALL && strcmp(sent->phone, LEAS_SECOND) == 0) {
        return &real->situation->second;
    }
    return sent->path == PATH_PUSH ? &real->situation->push[person]
                                   : &real->situation->call[person];
}

static void play_call(struct real *real, size_t place, int64_t age_ms)
{
    const struct sent *sent = &real->house->sent[real->first + place];
    static const enum attempt_answer answers[] = {ANSWER_NO_ANSWER, ANSWER_FAILED, ANSWER_ACCEPTED,
                                                  ANSWER_DECLINED, ANSWER_BUSY};
    const struct way *way = way_of(real, sent);
    if (real->situation->telephony != 0) {
        /* It is tried as long as its step lasts, though it would ring for less. */
        bool ends = real->situation->telephony == 2 ? age_ms == 0 : age_ms == sent->left_ms;
        if (ends) {
            report(real, sent, ATTEMPT_FAILED,
                   real->situation->telephony == 2 ? "refused" : "unreachable");
        }
        return;
    }
    if (age_ms == 0) {
        report(real, sent, ATTEMPT_ACCEPTED, "");
    }
    bool silent_for_ever = way->does == DOES_SILENT && !way->has_after;
    if (sent->purpose == PURPOSE_ALERT && age_ms == way->after * TICK_MS &&
        age_ms < sent->left_ms && !silent_for_ever && speaks(real, place)) {
        real->said[place] = way->does == DOES_ACCEPTS || way->does == DOES_DECLINES;
        ring(real, sent, answers[way->does]);
    }
}

static bool is_apple(struct house *house, const struct sent *sent)
{
    const struct directory *directory = engine_directory_acquire(house->engine);
    const struct directory_device *device =
        directory_device(directory_customer(directory, house->customer_id), sent->device_id, NULL);
    assert_non_null(device);
    bool apple = device->platform == PLATFORM_APNS;
    engine_directory_release(house->engine, directory);
    return apple;
}

static void play_push(struct real *real, size_t place, int64_t age_ms)
{
    struct sent *sent = &real->house->sent[real->first + place];
    const struct way *way = way_of(real, sent);
    int service = is_apple(real->house, sent) ? real->situation->apns : 0;
    if (age_ms == 0 && service == 2) {
        report(real, sent, ATTEMPT_FAILED, "refused");
    } else if (age_ms == 0 && service == 1) {
        house_delayed(real->house, sent);
        settle(real);
    } else if (age_ms == 0) {
        report(real, sent, ATTEMPT_ACCEPTED, "");
    } else if (service == 1 && age_ms == sent->wait_ms) {
        report(real, sent, ATTEMPT_EXPIRED, "");
    }
    bool arrives = way->does != DOES_DEAD && way->received * TICK_MS < sent->wait_ms;
    if (service != 0 || sent->purpose != PURPOSE_ALERT || !arrives) {
        return;
    }
    if (age_ms == way->received * TICK_MS) {
        say(real, sent->received, VERB_RECEIVED);
    }
    int answered = way->after < way->received ? way->received : way->after;
    bool answers = way->does == DOES_ACCEPTS || way->does == DOES_DECLINES;
    if (answers && age_ms == answered * TICK_MS && speaks(real, place)) {
        bool yes = way->does == DOES_ACCEPTS;
        real->said[place] = true;
        say(real, yes ? sent->accept : sent->decline, yes ? VERB_ACCEPT : VERB_DECLINE);
    }
}

static void play_sent(struct real *real, size_t place)
{
    struct sent *sent = &real->house->sent[real->first + place];
    int64_t age_ms = real->house->wall.ms - real->sent_at[place].ms;
    if (sent->path == PATH_CALLBACK && age_ms == 0) {
        report(real, sent, ATTEMPT_ACCEPTED, "");
    } else if (sent->path == PATH_CALL) {
        play_call(real, place, age_ms);
    } else if (sent->path == PATH_PUSH) {
        play_push(real, place, age_ms);
    }
}

/* What has just gone out, and what comes of it at once. */
static void play_new(struct real *real)
{
    while (real->first + real->seen < real->house->sent_count) {
        assert_true(real->seen < PLAYED_SENT_MAX);
        real->sent_at[real->seen] = real->house->wall;
        play_sent(real, real->seen++);
    }
}

/* What comes in at this moment of what went out before. */
static void play_old(struct real *real)
{
    real->together = true;
    for (size_t place = 0; place < real->seen; place++) {
        play_sent(real, place);
    }
    real->together = false;
    house_settle(real->house);
}

/* The apps say a word now and then: a rehearsal takes it that they did. */
static void hear_phones(struct house *house)
{
    const struct directory *directory = engine_directory_acquire(house->engine);
    const struct directory_customer *customer = directory_customer(directory, house->customer_id);
    for (size_t i = 0; i < customer->agents_count; i++) {
        const struct directory_person *agent = &customer->agents[i];
        for (size_t d = 0; d < agent->devices_count; d++) {
            struct command *command = house_command(house, COMMAND_HEAR_DEVICE);
            command->request.device.agent_id = agent->id;
            command->request.device.installation =
                arena_text(command->arena, agent->devices[d].installation);
            house_run(house, command);
            assert_int_equal(command->answer.status, STATUS_OK);
        }
    }
    engine_directory_release(house->engine, directory);
}

/* Every third time Jean is in the lift, for longer than it all takes. */
static void pause_jean(struct house *house, bool paused)
{
    struct command *command = house_command(house, COMMAND_PAUSE);
    command->request.pause =
        (struct pause_request){.agent_id = house->jean, .minutes = paused ? PAUSE_MINUTES_MAX : 0};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    house_settle(house);
}

static void play_real(struct real *real, int64_t span_ms)
{
    hear_phones(real->house);
    struct command *command = escalate_command(real->house, SEVERITY_MAJOR, NULL);
    command->request.escalate.procedure = "drawn";
    command->request.escalate.promised_ms = real->situation->promised * TICK_MS;
    real->first = real->house->sent_count;
    house_run(real->house, command);
    real->id = answered_id(command);
    play_new(real);
    for (int64_t passed_ms = TICK_MS; passed_ms <= span_ms; passed_ms += TICK_MS) {
        house_advance(real->house, TICK_MS);
        if (passed_ms % HEARD_EVERY_MS == 0) {
            hear_phones(real->house);
        }
        play_old(real);
        play_new(real);
    }
}

/* ---- the comparison ---- */

/* Facts without the attempt's id, which is another each time. */
static void plain_facts(const char *facts, char text_r[TEXT_BYTES])
{
    json_t *json;
    struct error error;
    assert_int_equal(json_parse(facts, strlen(facts), &json, &error), STATUS_OK);
    (void)json_object_del(json, "attempt");
    char *dumped = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    (void)snprintf(text_r, TEXT_BYTES, "%s", dumped);
    free(dumped);
    json_decref(json);
}

static void assert_same_timeline(const struct real *real, const struct rehearsal *rehearsal,
                                 struct wall_time began)
{
    struct store *reader;
    struct error error;
    struct arena *arena = arena_create(0);
    struct timeline_row *rows;
    size_t count;
    char found[TEXT_BYTES], expected[TEXT_BYTES];
    assert_int_equal(store_open_reader(real->house->database, NULL, 5000, &reader, &error),
                     STATUS_OK);
    assert_int_equal(store_list_timeline(reader, real->house->customer_id, real->id, 0, 100000,
                                         arena, &rows, &count, &error),
                     STATUS_OK);
    for (size_t i = 0; i < count && i < rehearsal->entries_count; i++) {
        const struct rehearsal_entry *entry = &rehearsal->entries[i];
        plain_facts(entry->facts, found);
        plain_facts(rows[i].facts, expected);
        if (entry->kind != rows[i].kind || entry->when_ms != rows[i].at.ms - began.ms ||
            strcmp(found, expected) != 0) {
            fail_msg("entry %zu: rehearsed %s at %lld ms %s, then came %s at %lld ms %s\n%s\n%s", i,
                     entry_kind_word(entry->kind), (long long)entry->when_ms, found,
                     entry_kind_word(rows[i].kind), (long long)(rows[i].at.ms - began.ms), expected,
                     real->situation->procedure, real->situation->request);
        }
    }
    if (count != rehearsal->entries_count) {
        fail_msg("%zu entries rehearsed, %zu came\n%s\n%s", rehearsal->entries_count, count,
                 real->situation->procedure, real->situation->request);
    }
    arena_destroy(&arena);
    store_close(&reader);
}

static void rehearse(struct house *house, const char *text, struct arena *arena,
                     struct rehearsal *rehearsal_r)
{
    struct error error = {.text = ""};
    json_t *json;
    struct json_reader reader;
    struct rehearsal_request request;
    const struct directory *directory = engine_directory_acquire(house->engine);
    const struct directory_customer *customer = directory_customer(directory, house->customer_id);
    assert_int_equal(json_parse(text, strlen(text), &json, &error), STATUS_OK);
    json_reader_init(&reader, json, "", &error);
    enum status status = rehearsal_read(&reader, customer, house->wall, arena, &request);
    if (status != STATUS_OK || json_reader_end(&reader) != STATUS_OK) {
        fail_msg("%s: %s", error.text, text);
    }
    assert_int_equal(
        rehearsal_play(&request, engine_rotas(house->engine), arena, rehearsal_r, &error),
        STATUS_OK);
    json_decref(json);
    engine_directory_release(house->engine, directory);
}

/* Nobody is busy with it when the next begins: a rehearsal takes it that nobody is. */
static void end_real(const struct real *real)
{
    struct escalation now;
    house_read(real->house, real->id, &now);
    while (now.holder.kind == PERSON_AGENT && !escalation_is_closed(&now)) {
        house_run(real->house,
                  agent_command(real->house, real->id, VERB_DONE, now.holder.id, NULL));
        house_read(real->house, real->id, &now); /* one of several leaves it to the next */
    }
    house_run(real->house, desk_command(real->house, real->id, DESK_CANCEL));
    house_settle(real->house);
}

static void test_rehearsal__is_what_then_happens(void **state)
{
    struct house *house = *state;
    static struct situation situation;
    static struct real real;
    int ends[3] = {0}, several = 0, short_of = 0;
    static const char *const phones[] = {"+33600000004", LEAS_SECOND};
    put_agent_phones(house, "lea", phones, 2);
    put_device(house, agent_id(house, "lea"), "lea-1", PLATFORM_APNS);
    put_device(house, agent_id(house, "lea"), "lea-2", PLATFORM_FCM);
    put_rota(house, "duty", "jean lea");
    put_rota(house, "nobody", "");
    put_rota(house, PROCEDURE_WHEN_BUSY, "paul");
    for (int i = 0; i < SITUATIONS; i++) {
        struct arena *arena = arena_create(0);
        struct rehearsal rehearsal;
        char at[RFC3339_BYTES_MAX];
        draws = (uint64_t)i * 1000;
        draw_situation(&situation);
        wall_time_format(house->wall, at);
        add(situation.request, ",\"at\":\"%s\"}", at);
        put_procedure(house, "drawn", situation.procedure);
        pause_jean(house, i % 3 == 0);
        rehearse(house, situation.request, arena, &rehearsal);
        assert_null(rehearsal.stopped_by);
        real = (struct real){.house = house, .situation = &situation};
        struct wall_time began = house->wall;
        play_real(&real, rehearsal.ended_ms);
        assert_same_timeline(&real, &rehearsal, began);
        struct escalation after;
        house_read(house, real.id, &after);
        assert_int_equal(after.state, rehearsal.escalation.state);
        assert_int_equal(after.due_at.ms - began.ms, rehearsal.escalation.due_at.ms - began.ms);
        assert_string_equal(after.next_what, rehearsal.escalation.next_what);
        ends[rehearsal.end]++;
        several += after.members_count > 0;
        short_of += house_entries(house, real.id, ENTRY_TEAM_SHORT) > 0;
        arena_destroy(&arena);
        end_real(&real);
        house_advance(house, 3600000);
        house_settle(house);
    }
    /* Both ends are among them, or the draw proves little. */
    assert_true(ends[REHEARSAL_HELD] > SITUATIONS / 8);
    assert_true(ends[REHEARSAL_EXHAUSTED] > SITUATIONS / 8);
    assert_true(several > 0 && short_of > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_rehearsal__is_what_then_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
