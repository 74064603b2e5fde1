/* test_notes.c - what a dying process leaves for the next one: whom to blame, whatever it died of.
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/base/fault_signals.h"
#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"
#include "tests/unit/sanitized.h"

struct note {
    char path[128];
    struct notes *notes;
    struct poison *poison;
};

static void reopen(struct note *note)
{
    struct error error;
    poison_close(&note->poison);
    notes_close(&note->notes);
    burden_drop(); /* it is another process */
    assert_int_equal(notes_open(note->path, "none", &note->notes, &error), STATUS_OK);
    assert_int_equal(poison_open(note->notes, &note->poison, &error), STATUS_OK);
    poison_age(note->poison, (struct engine_time){1000});
}

static struct note open_note(const struct house *house)
{
    struct note note = {.poison = NULL};
    (void)snprintf(note.path, sizeof note.path, "%s/note", house->folder);
    reopen(&note);
    return note;
}

static void close_note(struct note *note)
{
    poison_close(&note->poison);
    notes_close(&note->notes);
    assert_int_equal(unlink(note->path), 0);
}

static void die_on(struct note *note, int64_t customer_id, struct uuid subject)
{
    poison_begin(customer_id, subject);
    run_abort_handler(SI_TKILL);
    reopen(note);
}

/* An abort of another thread, while the writer works on nothing, is not of what it begins then. */
static void test_note__an_abort_of_no_work_accuses_nobody(void **state)
{
    const struct uuid subject = {{1}};
    struct note note = open_note(*state);
    run_abort_handler(SI_TKILL);
    poison_begin(1, subject);
    reopen(&note);
    assert_int_equal(poison_aborts(note.poison, subject), 0);
    die_on(&note, 1, subject);
    assert_int_equal(poison_aborts(note.poison, subject), 1);
    close_note(&note);
}

/* Killed in the middle of it, or of the power: nobody's fault. */
static void test_note__an_end_without_an_abort_accuses_nobody(void **state)
{
    const struct uuid subject = {{1}};
    struct note note = open_note(*state);
    for (int i = 0; i < 3; i++) {
        poison_begin(1, subject);
        reopen(&note);
    }
    assert_int_equal(poison_aborts(note.poison, subject), 0);
    close_note(&note);
}

static void test_note__is_left_alone_once_it_is_closed(void **state)
{
    const struct uuid subject = {{1}};
    struct note note = open_note(*state);
    poison_begin(1, subject);
    poison_close(&note.poison);
    run_abort_handler(SI_TKILL); /* there is nothing to write to any more */
    reopen(&note);
    assert_int_equal(poison_aborts(note.poison, subject), 0);
    close_note(&note);
}

/* To another customer than its own it does not exist; whoever may be its own is refused. */
static void test_note__condemns_for_its_customer(void **state)
{
    const struct uuid subject = {{1}};
    struct note note = open_note(*state);
    die_on(&note, 0, subject); /* by a token: whose it is was not known */
    assert_false(poison_condemns(note.poison, 7, subject));
    die_on(&note, 0, subject);
    assert_true(poison_condemns(note.poison, 7, subject));
    assert_true(poison_condemns(note.poison, 8, subject));
    poison_belongs_to(note.poison, subject, 7);
    assert_true(poison_condemns(note.poison, 7, subject));
    assert_true(poison_condemns(note.poison, 0, subject));
    assert_false(poison_condemns(note.poison, 8, subject));
    assert_false(poison_condemns(note.poison, 7, (struct uuid){{2}}));
    close_note(&note);
}

/* The command said whose it was: another customer's of the same id goes on. */
static void test_note__says_whose_it_was(void **state)
{
    const struct uuid subject = {{1}};
    struct note note = open_note(*state);
    int64_t customer_id = 0;
    struct uuid condemned;
    size_t cursor = 0;
    die_on(&note, 7, subject);
    die_on(&note, 7, subject);
    assert_true(poison_condemns(note.poison, 7, subject));
    assert_false(poison_condemns(note.poison, 8, subject));
    assert_true(poison_next_condemned(note.poison, &cursor, &customer_id, &condemned));
    assert_int_equal(customer_id, 7);
    assert_true(uuid_equal(condemned, subject));
    assert_false(poison_next_condemned(note.poison, &cursor, &customer_id, &condemned));
    close_note(&note);
}

static struct uuid nth_subject(uint8_t nth)
{
    return (struct uuid){{0xaa, nth}};
}

/* Sixty-four are remembered. One more takes the place of the first of those with the fewest. */
static void test_note__makes_room_where_least_is_lost(void **state)
{
    struct note note = open_note(*state);
    int64_t customer_id = 0;
    struct uuid condemned;
    size_t cursor = 0;
    for (uint8_t i = 0; i < 64; i++) {
        die_on(&note, 7, nth_subject(i));
    }
    die_on(&note, 7, nth_subject(0));
    die_on(&note, 7, nth_subject(63));
    for (uint8_t i = 0; i < 64; i++) {
        assert_int_equal(poison_aborts(note.poison, nth_subject(i)), i % 63 == 0 ? 2 : 1);
    }
    die_on(&note, 7, nth_subject(64));
    assert_int_equal(poison_aborts(note.poison, nth_subject(64)), 1);
    assert_int_equal(poison_aborts(note.poison, nth_subject(1)), 0);
    for (uint8_t i = 2; i < 63; i++) {
        assert_int_equal(poison_aborts(note.poison, nth_subject(i)), 1);
    }
    for (uint8_t i = 0; i < 64; i += 63) { /* the first and the last place are looked at */
        assert_true(poison_next_condemned(note.poison, &cursor, &customer_id, &condemned));
        assert_true(uuid_equal(condemned, nth_subject(i)));
    }
    assert_false(poison_next_condemned(note.poison, &cursor, &customer_id, &condemned));
    close_note(&note);
}

/* A day after its last abort, and each for itself. */
static void test_note__forgets_after_a_day(void **state)
{
    const struct engine_time a_day = {INT64_C(86400000)};
    struct note note = open_note(*state); /* at 1000 */
    die_on(&note, 7, nth_subject(1));
    poison_age(note.poison, (struct engine_time){a_day.ms + 999});
    assert_int_equal(poison_aborts(note.poison, nth_subject(1)), 1);
    poison_age(note.poison, (struct engine_time){a_day.ms + 1000});
    assert_int_equal(poison_aborts(note.poison, nth_subject(1)), 0);
    close_note(&note);
}

/* ---- who is to blame ---- */

static struct monotonic_time moment = {1000};

static struct monotonic_time read_moment(void *context)
{
    (void)context;
    return moment;
}

static const struct clock_source moments = {.monotonic = read_moment};

struct death {
    int signal;
    bool of_the_other; /* the thread with the second burden dies, not the one with the first */
    bool from_outside;
    bool reading;   /* the first is only read */
    bool of_nobody; /* it gives up itself */
    int64_t passed; /* ms since the second was taken up, 10 ms after the first */
};

struct other {
    struct burden burden;
    const struct death *death;
    sem_t taken;
};

static void die(const struct death *death)
{
    if (death->of_nobody) {
        burden_abort_unblamed();
    }
    (void)(death->from_outside ? kill(getpid(), death->signal) : raise(death->signal));
}

static void *carry(void *context)
{
    struct other *other = context;
    burden_take(&other->burden);
    if (other->death->of_the_other) {
        die(other->death);
    }
    (void)sem_post(&other->taken);
    for (;;) {
        (void)pause();
    }
    return NULL;
}

/* The process that dies: two threads, each at something. */
static void be_the_dying(struct note *note, const struct death *death)
{
    const struct rlimit none = {0, 0};
    const struct burden mine = {
        .customer_id = 7, .subject = nth_subject(1), .reading = death->reading};
    struct other other = {.burden = {.customer_id = 8, .subject = nth_subject(2)}, .death = death};
    pthread_t thread;
    for (size_t i = 0; i < FAULT_SIGNALS; i++) {
        (void)signal(fault_signals[i], SIG_DFL); /* those of the tests' own library */
    }
    (void)setrlimit(RLIMIT_CORE, &none);
    reopen(note);
    burden_set_clock(&moments);
    burden_take(&mine);
    moment.ms += 10;
    if (sem_init(&other.taken, 0, 0) == 0 && pthread_create(&thread, NULL, carry, &other) == 0) {
        (void)sem_wait(&other.taken);
        moment.ms += death->passed;
        die(death);
    }
}

static void check_blamed(struct note *note, const struct death *death, int first, int second)
{
    int ended = 0;
    poison_close(&note->poison);
    notes_close(&note->notes);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        be_the_dying(note, death);
        _exit(0); /* it was to die */
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFSIGNALED(ended));
    assert_int_equal(WTERMSIG(ended), death->signal);
    reopen(note);
    assert_int_equal(poison_aborts(note->poison, nth_subject(1)), first);
    assert_int_equal(poison_aborts(note->poison, nth_subject(2)), second);
    poison_forgive(note->poison, nth_subject(1));
    poison_forgive(note->poison, nth_subject(2));
}

static void test_blame__of_each_fault_is_with_the_thread_that_died(void **state)
{
    struct note note = open_note(*state);
    for (size_t i = 0; i < FAULT_SIGNALS; i++) {
        /* A sanitizer keeps the faults that it tells of itself. */
        if (fault_signals[i] == SIGABRT || !SANITIZED) {
            struct death death = {.signal = fault_signals[i]};
            check_blamed(&note, &death, 1, 0);
            death.of_the_other = true;
            check_blamed(&note, &death, 0, 1);
        }
    }
    const struct death killed = {.signal = SIGKILL};
    check_blamed(&note, &killed, 0, 0);
    close_note(&note);
}

/* Somebody is at something when memory ends, and that thread dies: the next start is not wary. */
static void test_blame__of_what_is_nobodys_is_with_nobody(void **state)
{
    struct note note = open_note(*state);
    struct death death = {.signal = SIGABRT, .of_nobody = true};
    for (int i = 0; i < 2; i++) {
        death.of_the_other = i == 1;
        check_blamed(&note, &death, 0, 0);
        assert_false(poison_is_wary(note.poison));
    }
    close_note(&note);
}

/* The signal of a supervisor is delivered to any thread. */
static void test_blame__of_a_hang_is_with_the_longest(void **state)
{
    static const struct {
        int64_t passed;
        bool reading;
        int first;
        int second;
    } hangs[] = {{1489, false, 0, 0},  {1490, false, 1, 0}, {1500, false, 1, 0},
                 {60000, false, 1, 0}, {1489, true, 0, 0},  {1499, true, 1, 0},
                 {1500, true, 0, 1},   {60000, true, 0, 1}};
    struct note note = open_note(*state);
    for (size_t i = 0; i < sizeof hangs / sizeof hangs[0]; i++) {
        const struct death death = {.signal = SIGABRT,
                                    .from_outside = true,
                                    .reading = hangs[i].reading,
                                    .passed = hangs[i].passed};
        check_blamed(&note, &death, hangs[i].first, hangs[i].second);
    }
    close_note(&note);
}

/* Nobody that is ended from outside for another reason is to blame. */
static void test_blame__of_an_end_from_outside_needs_a_hang(void **state)
{
    static const int codes[] = {SI_USER, SI_QUEUE};
    const struct burden burden = {.customer_id = 7, .subject = nth_subject(1)};
    struct note note = open_note(*state);
    burden_set_clock(&moments);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        burden_take(&burden);
        moment.ms += 1499;
        run_abort_handler(codes[i]);
        reopen(&note);
        assert_int_equal(poison_aborts(note.poison, nth_subject(1)), i);
        assert_int_equal(poison_is_wary(note.poison), i > 0);
        burden_take(&burden);
        moment.ms += 1500;
        run_abort_handler(codes[i]);
        reopen(&note);
        assert_int_equal(poison_aborts(note.poison, nth_subject(1)), i + 1);
    }
    burden_set_clock(NULL);
    close_note(&note);
}

/* What is condemned and died at least once of being read is not read any more; what only other work
 * condemned is. */
static void test_blame__of_reading_forbids_it(void **state)
{
    const struct burden reading = {.customer_id = 7, .subject = nth_subject(1), .reading = true};
    struct uuid unreadable[SUSPECTS_MAX];
    struct note note = open_note(*state);
    die_on(&note, 7, nth_subject(1));
    die_on(&note, 7, nth_subject(2));
    die_on(&note, 7, nth_subject(2));
    assert_int_equal(poison_list_unreadable(note.poison, unreadable), 0);
    burden_take(&reading);
    run_abort_handler(SI_TKILL);
    reopen(&note);
    assert_int_equal(poison_aborts(note.poison, nth_subject(1)), 2);
    assert_int_equal(poison_list_unreadable(note.poison, unreadable), 1);
    assert_true(uuid_equal(unreadable[0], nth_subject(1)));
    poison_forgive(note.poison, nth_subject(1));
    assert_int_equal(poison_list_unreadable(note.poison, unreadable), 0);
    close_note(&note);
}

/* Somebody is suspected, or a thread died that had said nothing. */
static void test_blame__of_nobody_makes_wary(void **state)
{
    struct note note = open_note(*state);
    assert_false(poison_is_wary(note.poison));
    run_abort_handler(SI_TKILL);
    reopen(&note);
    assert_true(poison_is_wary(note.poison));
    reopen(&note);
    assert_false(poison_is_wary(note.poison));
    die_on(&note, 7, nth_subject(1));
    assert_true(poison_is_wary(note.poison));
    reopen(&note);
    assert_true(poison_is_wary(note.poison));
    close_note(&note);
}

/* ---- what was committed ---- */

static void test_commits__are_compared_where_somebody_worked(void **state)
{
    struct note note = open_note(*state);
    struct error error = {.text = ""};
    const struct engine_time before = {4999}, at = {5000}, after = {5001};
    notes_committed(note.notes, at);
    assert_int_equal(notes_compare(note.notes->page, before, "db", &error), STATUS_OK);
    notes_worked(note.notes);
    reopen(&note);
    assert_int_equal(notes_compare(note.notes->page, before, "db", &error), STATUS_REMOVED);
    assert_int_equal(notes_compare(note.notes->page, at, "db", &error), STATUS_OK);
    assert_int_equal(notes_compare(note.notes->page, after, "db", &error), STATUS_OK);
    assert_int_equal(engine_forget_commits(note.notes->file, &error), STATUS_OK);
    assert_int_equal(notes_compare(note.notes->page, before, "db", &error), STATUS_OK);
    close_note(&note);
}

/* A database that somebody put back behind the gateway's back: the start refuses it. */
static void test_commits__that_are_missing_refuse_the_start(void **state)
{
    struct house *house = *state;
    struct engine_configuration configuration = house_configuration(house);
    struct engine *engine = NULL;
    struct error error = {.text = ""};
    char path[128];
    (void)house_escalate(house, SEVERITY_MAJOR);
    (void)snprintf(path, sizeof path, "%s" NOTES_SUFFIX, house->database);
    house_close(house);
    struct notes *notes = NULL;
    assert_int_equal(notes_open(path, house->database, &notes, &error), STATUS_OK);
    notes_worked(notes);
    notes_committed(notes, (struct engine_time){notes->page->committed_ms + 1});
    notes_close(&notes);
    assert_int_equal(engine_create(&configuration, &engine, &error), STATUS_REMOVED);
    configuration.vfs = "unix"; /* where files are not looked at beside SQLite's */
    assert_int_equal(engine_create(&configuration, &engine, &error), STATUS_REMOVED);
    assert_null(engine);
    house_forget_commits(house);
    house_open(house);
}

static void test_commits__are_not_known_without_notes_or_database(void **state)
{
    struct house *house = *state;
    struct error error = {.text = ""};
    char database[128], path[160];
    int lock = -1;
    (void)snprintf(database, sizeof database, "%s/other.db", house->folder);
    (void)snprintf(path, sizeof path, "%s" NOTES_SUFFIX, database);
    assert_int_equal(engine_lock_out(database, &lock, &error), STATUS_OK);
    assert_int_equal(engine_check_commits(database, lock, &error), STATUS_OK);
    assert_int_equal(engine_forget_commits(lock, &error), STATUS_OK);
    int second = -1;
    assert_int_equal(engine_lock_out(database, &second, &error), STATUS_UNAVAILABLE);
    assert_int_equal(close(lock), 0);
    struct notes *notes = NULL;
    assert_int_equal(notes_open(path, database, &notes, &error), STATUS_OK);
    notes_worked(notes);
    notes_committed(notes, (struct engine_time){1});
    FILE *file = fopen(database, "w"); /* empty: nothing of it was committed */
    assert_non_null(file);
    assert_int_equal(engine_check_commits(database, notes->file, &error), STATUS_REMOVED);
    assert_true(fputs("no database, though it is long enough for the header of one, which has "
                      "a hundred bytes and a word to begin with",
                      file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(engine_check_commits(database, notes->file, &error), STATUS_CORRUPT);
    lock = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(lock >= 0);
    assert_int_equal(engine_forget_commits(lock, &error), STATUS_IO);
    assert_int_equal(close(lock), 0);
    notes_close(&notes);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(database), 0);
}

/* Its own lock is gone with its name; the database's is not. */
static void test_lock__is_on_the_database_too(void **state)
{
    struct house *house = *state;
    struct engine_configuration configuration = house_configuration(house);
    struct engine *second = NULL;
    struct error error = {.text = ""};
    char path[128];
    int lock = -1;
    (void)snprintf(path, sizeof path, "%s" NOTES_SUFFIX, house->database);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(engine_lock_out(house->database, &lock, &error), STATUS_UNAVAILABLE);
    assert_int_equal(engine_create(&configuration, &second, &error), STATUS_UNAVAILABLE);
    assert_non_null(strstr(error.text, "another gateway runs on this database"));
    house_close(house);
    assert_int_equal(engine_lock_out(house->database, &lock, &error), STATUS_OK);
    assert_int_equal(close(lock), 0);
    house_open(house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_note__an_abort_of_no_work_accuses_nobody),
        HOUSE_TEST(test_note__an_end_without_an_abort_accuses_nobody),
        HOUSE_TEST(test_note__is_left_alone_once_it_is_closed),
        HOUSE_TEST(test_note__condemns_for_its_customer),
        HOUSE_TEST(test_note__says_whose_it_was),
        HOUSE_TEST(test_note__makes_room_where_least_is_lost),
        HOUSE_TEST(test_note__forgets_after_a_day),
        HOUSE_TEST(test_blame__of_each_fault_is_with_the_thread_that_died),
        HOUSE_TEST(test_blame__of_what_is_nobodys_is_with_nobody),
        HOUSE_TEST(test_blame__of_a_hang_is_with_the_longest),
        HOUSE_TEST(test_blame__of_an_end_from_outside_needs_a_hang),
        HOUSE_TEST(test_blame__of_reading_forbids_it),
        HOUSE_TEST(test_blame__of_nobody_makes_wary),
        HOUSE_TEST(test_commits__are_compared_where_somebody_worked),
        HOUSE_TEST(test_commits__that_are_missing_refuse_the_start),
        HOUSE_TEST(test_commits__are_not_known_without_notes_or_database),
        HOUSE_TEST(test_lock__is_on_the_database_too),
    };
    return cmocka_run_group_tests_name("engine.notes", tests, NULL, NULL);
}
