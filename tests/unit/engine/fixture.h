/* fixture.h - an engine driven by hand: its clock, randomness, rotas and dispatcher are the test's.
 *
 * One customer, "acme": agents jean (on call for "duty", an iPhone) and paul (an Android phone),
 * contact chief; procedure "night": jean by push, 60 s; then paul by push, 60 s; one round; then
 * the call centre.
 */
#ifndef TESTS_UNIT_ENGINE_FIXTURE_H
#define TESTS_UNIT_ENGINE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "gateway/engine/engine.h"
#include "gateway/store/store.h"

#define SENT_MAX     16384
#define COMMANDS_MAX 65536

#define ROOT_KEY "ak_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* What the dispatcher was handed. */
struct sent {
    struct uuid attempt;
    struct uuid escalation;
    int64_t customer_id;
    int64_t device_id;
    enum attempt_purpose purpose;
    enum path path;
    enum severity severity;
    bool drill;
    int number;
    int64_t check_in_agent;
    struct uuid ticket;
    int64_t left_ms;    /* until its deadline, by the boot's clock */
    int64_t expires_ms; /* until it expires, by the wall */
    int64_t wait_ms;
    char person[SLUG_BYTES_MAX];
    char phone[PERSON_PHONE_BYTES_MAX]; /* what is dialled */
    char callback[SLUG_BYTES_MAX];
    char summary[128];
    char received[96];
    char accept[96];
    char decline[96];
    bool delayed; /* house_delayed() told of it */
};

struct house {
    char folder[64];
    char database[96];
    struct wall_time wall;
    struct monotonic_time boot;
    int64_t look_ms; /* passes at every look at the clock: a machine that is slow at everything */
    int64_t suspended_ms;
    char boot_id[BOOT_ID_BYTES_MAX];
    uint64_t random;
    _Atomic bool abort_at_random; /* the next random bytes end the process */
    size_t calls_max;
    int64_t reserve_bytes;
    const struct engine_rotas *rotas; /* the true ones, from the next house_open() on; or NULL */
    struct engine *engine;
    int64_t customer_id;
    int64_t jean;
    int64_t paul;

    enum status send_status; /* what the dispatcher answers */
    bool look_at_rows;       /* the dispatcher reads each attempt's committed row */
    size_t rows_missing;     /* of those, not found or not "handed over" */
    bool abort_at_send;
    void (*at_send)(struct house *house); /* called in the middle of a turn; or NULL */
    struct sent *sent;
    size_t sent_count;
    size_t flushes;
    size_t alarms;
    char alarm[64];
    char alarm_detail[96];
    size_t commits_heard;
    size_t calendars_read;
    size_t rotas_compiled;

    struct command **commands;
    size_t commands_count;
};

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

/* cmocka's: with the customer's configuration in place and nothing sent. */
int house_setup(void **state);
int house_teardown(void **state);

/* What the engine is created with. */
struct engine_configuration house_configuration(struct house *house);
/* Creates the engine on the house's database; house_close() destroys it as a crash would. */
void house_open(struct house *house);
void house_close(struct house *house);

/* As after a restore: whatever is in the database when it is opened is what was committed last. */
void house_forget_commits(struct house *house);

/* Time passes, on both clocks alike. */
void house_advance(struct house *house, int64_t ms);
/* Turns until nothing moves any more. */
void house_settle(struct house *house);

/* A command of the house's customer; freed at the end of the test. answered() tells whether it was
 * completed. */
struct command *house_command(struct house *house, enum command_type type);
bool answered(const struct command *command);
/* Posts it and turns until it is answered. */
void house_run(struct house *house, struct command *command);

/* An escalation, answered with STATUS_OK; its id. */
struct command *escalate_command(struct house *house, enum severity severity, const char *key);
struct uuid house_escalate(struct house *house, enum severity severity);
struct uuid answered_id(const struct command *command);
/* A text member of the answer. */
void answered_text(const struct command *command, const char *name, char *text_r, size_t bytes);
void assert_answered(const struct command *command, const char *name, const char *expected);

/* What became of a sent attempt. */
void house_outcome(struct house *house, const struct sent *sent, enum attempt_state transport);
/* The provider of a sent push is down. */
void house_delayed(struct house *house, struct sent *sent);
/* Every attempt sent so far is accepted by its provider. */
void house_accept_all(struct house *house, size_t from);

/* The committed state, through a reader. */
void house_read(struct house *house, struct uuid id, struct escalation *escalation_r);
void house_read_attempt(struct house *house, const struct sent *sent, struct attempt *attempt_r);
/* How many entries of a kind an escalation's timeline has. */
size_t house_entries(struct house *house, struct uuid id, enum entry_kind kind);

/* The one number that the SQL answers. */
int64_t house_number(struct house *house, const char *sql);

/* What the desk was asked to do last. */
struct uuid newest_task(struct house *house);

/* Configuration. */
void put_agent(struct house *house, const char *slug, const char *phone, bool active);
/* The same, active, with so many numbers (at most PHONES_OF_PERSON_MAX). */
void put_agent_phones(struct house *house, const char *slug, const char *const *phones,
                      size_t count);
void put_device(struct house *house, int64_t agent, const char *installation,
                enum platform platform);
void put_rota(struct house *house, const char *slug, const char *agent);
void put_procedure(struct house *house, const char *slug, const char *definition);
void put_rules(struct house *house, const char *definition);
/* "open", "closed" (for good), "opens-at MS" of the wall's; NULL: none. */
void put_hours(struct house *house, const char *opening_hours);
void set_default_procedure(struct house *house, const char *slug);
int64_t agent_id(struct house *house, const char *slug);

/* An agent's verb by action token, or (token NULL) by the agent itself. */
struct command *agent_command(struct house *house, struct uuid escalation, enum agent_verb verb,
                              int64_t agent, const char *token);
struct command *desk_command(struct house *house, struct uuid escalation, enum desk_verb verb);

#endif
