/* test_poison.c - an escalation that makes the gateway abort twice is set aside; nothing else is.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/death.h"
#include "tests/unit/engine/fixture.h"

enum death {
    DEATH_IN_COMMAND,
    DEATH_BY_TOKEN,
    DEATH_IN_SEND,
    DEATH_BY_SUPERVISOR,
    DEATH_AT_DEADLINE,
    DEATH_IN_REQUEST,
    DEATH_AT_START,
    DEATH_IN_OUTBOX,
    DEATH_AFTERWARDS,
    DEATH_BY_KILL,
};

/* A request with these words, as its caller repeats it. */
static struct command *request_of_old(struct house *house, const char *words)
{
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    struct digest_part part = {words, strlen(words)};
    command->request.escalate.body_digest = digest_sha256(&part, 1);
    return command;
}

/* Whose escalation it is, the engine finds out by itself then. */
static const char *token_for(const struct house *house, struct uuid id)
{
    for (size_t i = house->sent_count; i > 0; i--) {
        const struct sent *sent = &house->sent[i - 1];
        if (uuid_equal(sent->escalation, id) && sent->accept[0] != '\0') {
            return sent->accept;
        }
    }
    return "";
}

static struct clock_source clock_of_house;

/* As systemd does it to one that hangs: from outside, after a while, and not by a call that never
 * returns. */
static void be_aborted(struct house *house)
{
    house_advance(house, 2000);
    (void)kill(getpid(), SIGABRT);
}

/* What the process does that dies: opens the engine as after a restart, and works on `id`. */
static void die(struct house *house, struct uuid id, enum death death)
{
    house->abort_at_send = death == DEATH_IN_SEND;
    house->at_send = death == DEATH_BY_SUPERVISOR ? be_aborted : NULL;
    clock_of_house = house_configuration(house).clock;
    burden_set_clock(&clock_of_house);
    atomic_store(&house->abort_at_random, death == DEATH_AT_START);
    house_open(house);
    if (death == DEATH_IN_OUTBOX) {
        atomic_store(&house->abort_at_random, true);
    }
    house_settle(house); /* sends again what the first death left behind */
    struct command *command = desk_command(house, id, DESK_NOTE);
    command->request.desk.text = "a note";
    if (death == DEATH_IN_SEND || death == DEATH_BY_SUPERVISOR) {
        /* Its holder's hand-back starts the next step, which rings. */
        command = agent_command(house, id, VERB_ACCEPT, house->jean, NULL);
        if (engine_post(house->engine, command) == STATUS_OK) {
            (void)engine_turn(house->engine);
        }
        command = agent_command(house, id, VERB_HAND_BACK, house->jean, NULL);
    } else if (death == DEATH_BY_TOKEN) {
        command = agent_command(house, id, VERB_ACCEPT, 0, token_for(house, id));
        atomic_store(&house->abort_at_random, true);
    } else if (death == DEATH_IN_COMMAND) {
        atomic_store(&house->abort_at_random, true);
    } else if (death == DEATH_AT_DEADLINE) {
        house_advance(house, 60001);
        atomic_store(&house->abort_at_random, true);
        house_settle(house);
        return;
    } else if (death == DEATH_IN_REQUEST) {
        command = request_of_old(house, "poison");
        atomic_store(&house->abort_at_random, true);
    } else if (death == DEATH_BY_KILL) {
        (void)kill(getpid(), SIGKILL);
    }
    if (engine_post(house->engine, command) == STATUS_OK) {
        (void)engine_turn(house->engine);
    }
    if (death == DEATH_AFTERWARDS) {
        be_aborted(house); /* nothing is worked on any more */
    }
}

/* The engine is closed before and after. */
static void run_to_death(struct house *house, struct uuid id, enum death death)
{
    int ended = 0;
    house->random += 1; /* ids of the one that dies are not made again afterwards */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        die(house, id, death);
        _exit(0); /* it was to die */
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    house->random += 1;
    assert_true(WIFSIGNALED(ended));
    assert_int_equal(WTERMSIG(ended), death == DEATH_BY_KILL ? SIGKILL : SIGABRT);
}

static bool is_quarantined(struct house *house, struct uuid id)
{
    struct escalation escalation;
    house_read(house, id, &escalation);
    return escalation.quarantined;
}

static void test_poison__one_abort_is_forgiven(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_close(house);
    run_to_death(house, id, DEATH_IN_COMMAND);
    house_open(house);
    house_settle(house);
    assert_false(is_quarantined(house, id));
    struct command *command = agent_command(house, id, VERB_ACCEPT, house->jean, NULL);
    house_run(house, command);
    assert_answered(command, "state", "accepted");
}

/* The work on it had ended, both times: it was something else. */
static void test_poison__aborts_after_the_work_blame_nobody(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_close(house);
    size_t alarms = house->alarms;
    run_to_death(house, id, DEATH_AFTERWARDS);
    run_to_death(house, id, DEATH_AFTERWARDS);
    house_open(house);
    house_settle(house);
    assert_false(is_quarantined(house, id));
    assert_int_equal(house->alarms, alarms);
}

/* What was sent before is answered; the house is left closed. */
static void die_twice(struct house *house, struct uuid subject, enum death death)
{
    house_accept_all(house, 0);
    house_close(house);
    run_to_death(house, subject, death);
    run_to_death(house, subject, death);
}

static void quarantine(struct house *house, enum death death)
{
    struct uuid bad = house_escalate(house, SEVERITY_MAJOR);
    house_advance(house, 1000); /* its deadline comes first */
    struct uuid good = house_escalate(house, SEVERITY_MAJOR);
    die_twice(house, bad, death);
    size_t sent = house->sent_count, alarms = house->alarms;
    house_advance(house, death == DEATH_AT_DEADLINE ? 59500 : 0);
    house_open(house);
    house_settle(house);
    assert_true(is_quarantined(house, bad));
    /* Before anything else: what it was due to do, and would abort at again, was not tried. */
    if (death == DEATH_AT_DEADLINE) {
        assert_int_equal(house_entries(house, bad, ENTRY_STEP_STARTED), 1);
    }
    assert_false(is_quarantined(house, good));
    /* The desk is told, by an alarm and by the call centre's endpoint. */
    assert_int_equal(house->alarms, alarms + 1);
    assert_string_equal(house->alarm, "engine.quarantine");
    bool told = false;
    for (size_t i = sent; i < house->sent_count; i++) {
        assert_int_equal(house->sent[i].purpose, PURPOSE_QUARANTINE);
        told = told || strcmp(house->sent[i].callback, "call-centre") == 0;
    }
    assert_true(told);
    house_accept_all(house, sent);
    assert_int_equal(house_entries(house, bad, ENTRY_QUARANTINED), 1);
    /* It is not touched any more; the other goes on. */
    struct command *command = agent_command(house, bad, VERB_ACCEPT, house->jean, NULL);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_QUARANTINED);
    sent = house->sent_count;
    house_advance(house, 60001);
    house_settle(house);
    assert_int_equal(house->sent_count, sent + 1);
    assert_true(uuid_equal(house->sent[sent].escalation, good));
    /* That the clock was set is no reason to touch it either, and is told all the same. */
    house->wall.ms += INT64_C(7200000);
    house_settle(house);
    assert_string_equal(house->alarm, "clock.stepped");
    assert_int_equal(house_entries(house, bad, ENTRY_CLOCK_STEPPED), 0);
    assert_int_equal(house_entries(house, good, ENTRY_CLOCK_STEPPED), 1);
    /* The next start neither sets it aside again nor says so again. */
    sent = house->sent_count;
    house_close(house);
    house_open(house);
    house_settle(house);
    assert_int_equal(house_entries(house, bad, ENTRY_QUARANTINED), 1);
    for (size_t i = sent; i < house->sent_count; i++) {
        assert_int_not_equal(house->sent[i].purpose, PURPOSE_QUARANTINE);
    }
}

/* What left since the restart. */
static const struct sent *word_of_quarantine(struct house *house)
{
    size_t before = house->sent_count;
    house_close(house);
    house_open(house);
    house_settle(house);
    const struct sent *word = NULL;
    for (size_t i = before; i < house->sent_count; i++) {
        word = house->sent[i].purpose == PURPOSE_QUARANTINE ? &house->sent[i] : word;
    }
    return word;
}

static void test_poison__a_dispatcher_without_room_hears_of_it_later(void **state)
{
    struct house *house = *state;
    struct uuid bad = house_escalate(house, SEVERITY_MAJOR);
    die_twice(house, bad, DEATH_IN_COMMAND);
    size_t sent = house->sent_count;
    house->send_status = STATUS_FULL;
    house_open(house);
    house_settle(house);
    assert_int_equal(house->sent_count, sent);
    house->send_status = STATUS_OK;
    house_advance(house, 1000);
    house_settle(house);
    assert_int_equal(house->sent_count, sent + 1);
    assert_int_equal(house->sent[sent].purpose, PURPOSE_QUARANTINE);
}

/* However late it is, and with time to arrive; not once more when it has. */
static void test_poison__each_life_tells_of_it_until_it_is_heard(void **state)
{
    struct house *house = *state;
    struct uuid bad = house_escalate(house, SEVERITY_MAJOR);
    die_twice(house, bad, DEATH_IN_COMMAND);
    house_open(house);
    house_settle(house);
    house_advance(house, INT64_C(4) * 3600 * 1000);
    const struct sent *word = word_of_quarantine(house);
    assert_non_null(word);
    assert_int_equal(word->left_ms, 3600 * 1000);
    house_outcome(house, word, ATTEMPT_FAILED);
    house_settle(house);
    word = word_of_quarantine(house);
    assert_non_null(word);
    house_outcome(house, word, ATTEMPT_ACCEPTED);
    house_settle(house);
    assert_null(word_of_quarantine(house));
}

static void test_poison__two_aborts_in_a_command_quarantine(void **state)
{
    quarantine(*state, DEATH_IN_COMMAND);
}

static void test_poison__two_aborts_at_a_deadline_quarantine(void **state)
{
    quarantine(*state, DEATH_AT_DEADLINE);
}

static void test_poison__two_aborts_on_an_action_token_quarantine(void **state)
{
    quarantine(*state, DEATH_BY_TOKEN);
}

static void test_poison__two_aborts_while_sending_quarantine(void **state)
{
    quarantine(*state, DEATH_IN_SEND);
}

static void test_poison__two_hangs_that_the_supervisor_ends_quarantine(void **state)
{
    quarantine(*state, DEATH_BY_SUPERVISOR);
}

/* One that is over, of which nothing but a row is left that is not wanted any more. */
static void test_poison__two_aborts_in_the_outbox_quarantine(void **state)
{
    struct house *house = *state;
    put_device(house, house->jean, "jean-2", PLATFORM_FCM);
    struct uuid bad = house_escalate(house, SEVERITY_MAJOR);
    house_run(house, agent_command(house, bad, VERB_ACCEPT, house->jean, NULL));
    house_settle(house);
    atomic_store(&house->engine->credits_push_used, CREDITS_PUSH_MAX - 1);
    house_run(house, desk_command(house, bad, DESK_CANCEL));
    house_settle(house);
    struct command *command = agent_command(house, bad, VERB_SEEN, house->jean, NULL);
    command->request.agent.attempt = house->sent[house->sent_count - 1].attempt;
    house_run(house, command);
    assert_answered(command, "state", "cancelled");
    house_close(house);
    run_to_death(house, bad, DEATH_IN_OUTBOX);
    run_to_death(house, bad, DEATH_IN_OUTBOX);
    house_open(house);
    house_settle(house);
    assert_true(is_quarantined(house, bad));
    assert_string_equal(house->alarm, "engine.quarantine");
}

/* Whatever touches it ends the process, and so does setting it aside: only the mark is left. */
static void test_poison__one_that_cannot_even_be_read_is_marked(void **state)
{
    struct house *house = *state;
    struct uuid bad = house_escalate(house, SEVERITY_MAJOR);
    house_close(house); /* its push has no outcome: it would go out again */
    run_to_death(house, bad, DEATH_AT_DEADLINE);
    run_to_death(house, bad, DEATH_AT_DEADLINE);
    run_to_death(house, bad, DEATH_AT_START);
    house_advance(house, 60001);
    atomic_store(&house->abort_at_random, true);
    size_t sent = house->sent_count;
    house_open(house);
    house_settle(house);
    assert_true(is_quarantined(house, bad));
    assert_int_equal(house->sent_count, sent);
    assert_int_equal(house->alarms, 1);
    assert_string_equal(house->alarm, "engine.quarantine");
    struct command *command = agent_command(house, bad, VERB_ACCEPT, house->jean, NULL);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_QUARANTINED);
    atomic_store(&house->abort_at_random, false);
    (void)house_escalate(house, SEVERITY_MAJOR);
}

/* Whoever asks for it dies of it: until it is forgiven nobody is to read it. */
static void test_poison__of_reading_is_not_read_again(void **state)
{
    struct house *house = *state;
    struct uuid bad = house_escalate(house, SEVERITY_MAJOR);
    struct uuid good = house_escalate(house, SEVERITY_MAJOR);
    const struct burden reading = {
        .customer_id = house->customer_id, .subject = bad, .reading = true};
    for (int i = 0; i < 2; i++) {
        assert_false(engine_forbids_reading(house->engine, bad));
        burden_take(&reading);
        run_abort_handler(SI_TKILL);
        burden_drop();
        house_close(house);
        house_open(house);
    }
    assert_true(engine_forbids_reading(house->engine, bad));
    assert_false(engine_forbids_reading(house->engine, good));
}

static void test_poison__a_request_that_aborts_twice_is_refused(void **state)
{
    struct house *house = *state;
    struct uuid good = house_escalate(house, SEVERITY_MAJOR);
    die_twice(house, good, DEATH_IN_REQUEST);
    house_open(house);
    house_settle(house);
    atomic_store(&house->abort_at_random, true);
    assert_false(is_quarantined(house, good));
    assert_string_equal(house->alarm, "engine.quarantine");
    struct command *command = request_of_old(house, "poison");
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_QUARANTINED);
    assert_string_equal(house->alarm, "engine.request_refused");
    atomic_store(&house->abort_at_random, false);
    command = request_of_old(house, "other words");
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    /* Refused for a day: the same words may come again for another reason. */
    house_close(house);
    house_advance(house, INT64_C(86400000));
    house_open(house);
    command = request_of_old(house, "poison");
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
}

static enum status ask_again(struct house *house)
{
    struct command *command = request_of_old(house, "poison");
    house_run(house, command);
    return command->answer.status;
}

/* A day is a day of engine time: a step of the wall makes it neither shorter nor longer. */
static void test_poison__a_step_of_the_wall_ages_nobody(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 2; i++) {
        house_close(house);
        run_to_death(house, (struct uuid){{0}}, DEATH_IN_REQUEST);
        house->wall.ms += INT64_C(10) * 86400000;
        house_open(house);
    }
    assert_int_equal(ask_again(house), STATUS_QUARANTINED);
    house_close(house);
    house->wall.ms -= INT64_C(30) * 86400000;
    house_advance(house, INT64_C(86400000) - 1000);
    house_open(house);
    assert_int_equal(ask_again(house), STATUS_QUARANTINED);
    house_close(house);
    house_advance(house, 1000);
    house_open(house);
    assert_int_equal(ask_again(house), STATUS_OK);
}

/* What a restored backup says of the time. */
static void take_time_back(struct house *house, int64_t ms)
{
    struct error error;
    struct store *store = NULL;
    struct engine_clock_row row;
    assert_int_equal(store_open(house->database, NULL, &store, &error), STATUS_OK);
    assert_int_equal(store_begin(store, &error), STATUS_OK);
    assert_int_equal(store_get_engine_clock(store, &row, &error), STATUS_OK);
    row.engine.ms -= ms;
    assert_int_equal(store_set_engine_clock(store, &row, &error), STATUS_OK);
    assert_int_equal(store_commit(store, &error), STATUS_OK);
    store_close(&store);
    house_forget_commits(house);
}

/* Beside another database, whose time is behind: as if it had been now. */
static void test_poison__from_the_future_is_of_now(void **state)
{
    struct house *house = *state;
    house_close(house);
    house_advance(house, INT64_C(30) * 86400000);
    for (int i = 0; i < 2; i++) {
        run_to_death(house, (struct uuid){{0}}, DEATH_IN_REQUEST);
    }
    house_open(house);
    assert_int_equal(ask_again(house), STATUS_QUARANTINED);
    house_close(house);
    take_time_back(house, INT64_C(30) * 86400000);
    house_open(house);
    assert_int_equal(ask_again(house), STATUS_QUARANTINED);
    house_close(house);
    house_advance(house, INT64_C(86400000));
    house_open(house);
    assert_int_not_equal(ask_again(house), STATUS_QUARANTINED);
}

static void test_poison__a_request_taken_in_the_end_is_forgiven(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 3; i++) {
        house_close(house);
        run_to_death(house, (struct uuid){{0}}, DEATH_IN_REQUEST);
        house_open(house);
        struct command *command = request_of_old(house, "poison");
        house_run(house, command);
        assert_int_equal(command->answer.status, STATUS_OK);
    }
}

/* Who asks for one that was set aside is refused at no cost to the others: they are served when
 * they are due. */
static void test_poison__a_refused_verb_delays_nobody(void **state)
{
    struct house *house = *state;
    struct uuid bad = house_escalate(house, SEVERITY_MAJOR);
    die_twice(house, bad, DEATH_IN_COMMAND);
    size_t sent = house->sent_count;
    house_open(house);
    house_settle(house);
    (void)house_escalate(house, SEVERITY_MAJOR);
    house_accept_all(house, sent);
    house_advance(house, 59990);
    struct command *command = agent_command(house, bad, VERB_ACCEPT, house->jean, NULL);
    assert_int_equal(engine_post(house->engine, command), STATUS_OK);
    assert_int_equal(engine_turn(house->engine), 10);
    assert_true(answered(command));
    assert_int_equal(command->answer.status, STATUS_QUARANTINED);
}

static void test_poison__a_start_that_dies_is_not_the_last_to_ask(void **state)
{
    struct house *house = *state;
    struct uuid bad = house_escalate(house, SEVERITY_MAJOR);
    house_close(house);
    run_to_death(house, bad, DEATH_IN_COMMAND);
    run_to_death(house, bad, DEATH_IN_COMMAND);
    house_open(house); /* and dies before its first turn */
    house_close(house);
    house_open(house);
    house_settle(house);
    assert_true(is_quarantined(house, bad));
    size_t alarms = house->alarms;
    house_close(house);
    house_open(house);
    house_settle(house);
    assert_int_equal(house->alarms, alarms);
    assert_int_equal(house_entries(house, bad, ENTRY_QUARANTINED), 1);
}

static void test_poison__kill_accuses_nobody(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    house_close(house);
    for (int i = 0; i < 3; i++) {
        run_to_death(house, id, DEATH_BY_KILL);
    }
    house_open(house);
    house_settle(house);
    assert_false(is_quarantined(house, id));
}

static void test_poison__aborts_on_different_ones_accuse_none_twice(void **state)
{
    struct house *house = *state;
    struct uuid one = house_escalate(house, SEVERITY_MAJOR);
    struct uuid two = house_escalate(house, SEVERITY_MAJOR);
    house_close(house);
    run_to_death(house, one, DEATH_IN_COMMAND);
    run_to_death(house, two, DEATH_IN_COMMAND);
    house_open(house);
    house_settle(house);
    assert_false(is_quarantined(house, one));
    assert_false(is_quarantined(house, two));
}

static void overwrite_poison(const struct house *house, const char *bytes, size_t count)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s-poison", house->database);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static void test_poison__a_damaged_file_starts_anew(void **state)
{
    struct house *house = *state;
    struct uuid id = house_escalate(house, SEVERITY_MAJOR);
    static char rubbish[5000];
    static const size_t sizes[] = {0, 1, 7, sizeof rubbish};
    memset(rubbish, 7, sizeof rubbish); /* read as it is, everybody would be a suspect for ever */
    size_t alarms = house->alarms;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        house_close(house);
        overwrite_poison(house, rubbish, sizes[i]);
        house_open(house);
        house_settle(house);
        assert_false(is_quarantined(house, id));
        assert_int_equal(house->alarms, alarms);
    }
}

static size_t count_files_open(void)
{
    size_t count = 0;
    for (int file = 0; file < 256; file++) {
        count += fcntl(file, F_GETFD) >= 0;
    }
    return count;
}

/* The file is the lock too: what keeps it from being one is said before anything is touched. */
static void test_poison__a_file_that_cannot_be_had(void **state)
{
    struct house *house = *state;
    struct engine *second = NULL;
    struct error error;
    char path[128];
    int lock;
    struct engine_configuration configuration = house_configuration(house);
    size_t files = count_files_open();
    assert_int_equal(engine_create(&configuration, &second, &error), STATUS_UNAVAILABLE);
    assert_null(second);
    assert_int_equal(engine_lock_out(house->database, &lock, &error), STATUS_UNAVAILABLE);
    (void)snprintf(path, sizeof path, "%s/none/db", house->folder);
    assert_int_equal(engine_lock_out(path, &lock, &error), STATUS_NOT_FOUND);
    configuration.database_path = "none";      /* the lock of the other one would come first */
    configuration.poison_path = house->folder; /* no file at all */
    assert_int_equal(engine_create(&configuration, &second, &error), STATUS_IO);
    (void)snprintf(path, sizeof path, "%s/pipe", house->folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    configuration.poison_path = path; /* none that room could be kept in */
    assert_int_equal(engine_create(&configuration, &second, &error), STATUS_IO);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(count_files_open(), files);
}

/* What aborts is nobody's business but the gateway's. */
static void test_poison__its_file_is_private(void **state)
{
    struct house *house = *state;
    char path[128];
    struct stat file;
    (void)snprintf(path, sizeof path, "%s" NOTES_SUFFIX, house->database);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_poison__a_file_that_cannot_be_had),
        HOUSE_TEST(test_poison__its_file_is_private),
        HOUSE_TEST(test_poison__one_abort_is_forgiven),
        HOUSE_TEST(test_poison__aborts_after_the_work_blame_nobody),
        HOUSE_TEST(test_poison__two_aborts_in_a_command_quarantine),
        HOUSE_TEST(test_poison__two_aborts_on_an_action_token_quarantine),
        HOUSE_TEST(test_poison__two_aborts_while_sending_quarantine),
        HOUSE_TEST(test_poison__two_hangs_that_the_supervisor_ends_quarantine),
        HOUSE_TEST(test_poison__two_aborts_at_a_deadline_quarantine),
        HOUSE_TEST(test_poison__two_aborts_in_the_outbox_quarantine),
        HOUSE_TEST(test_poison__a_dispatcher_without_room_hears_of_it_later),
        HOUSE_TEST(test_poison__each_life_tells_of_it_until_it_is_heard),
        HOUSE_TEST(test_poison__one_that_cannot_even_be_read_is_marked),
        HOUSE_TEST(test_poison__of_reading_is_not_read_again),
        HOUSE_TEST(test_poison__a_request_that_aborts_twice_is_refused),
        HOUSE_TEST(test_poison__a_step_of_the_wall_ages_nobody),
        HOUSE_TEST(test_poison__from_the_future_is_of_now),
        HOUSE_TEST(test_poison__a_request_taken_in_the_end_is_forgiven),
        HOUSE_TEST(test_poison__a_refused_verb_delays_nobody),
        HOUSE_TEST(test_poison__a_start_that_dies_is_not_the_last_to_ask),
        HOUSE_TEST(test_poison__kill_accuses_nobody),
        HOUSE_TEST(test_poison__aborts_on_different_ones_accuse_none_twice),
        HOUSE_TEST(test_poison__a_damaged_file_starts_anew),
    };
    return cmocka_run_group_tests_name("engine.poison", tests, NULL, NULL);
}
