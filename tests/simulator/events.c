/* events.c - what happens in a night: calls come in, phones ring or do not, people answer or do
 * not, providers fail, the desk acts, the gateway dies in the worst moments. */
#include "tests/simulator/simulator.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/text.h"

#define CRASH_COUNTDOWN_MAX 120
#define MORNING_ROUNDS_MAX  200
#define OPEN_MAX            40

/* Runs a command; after a crash in between nobody knows what became of it. */
static bool run(struct simulator *simulator, struct command *command)
{
    bool answered = box_run(simulator->box, command);
    note(simulator, "command %d: %s", (int)command->type,
         answered ? status_slug(command->answer.status) : "unknown");
    return answered;
}

/* ---- the webhook ---- */

static bool id_of_answer(const struct command *command, struct uuid *id_r)
{
    char text[UUID_TEXT_BYTES];
    const char *place =
        command->answer.body == NULL ? NULL : strstr(command->answer.body, "\"id\":\"");
    if (command->answer.status != STATUS_OK || place == NULL) {
        return false;
    }
    (void)text_copy(text, sizeof text, place + 6);
    return uuid_parse(text, id_r) == STATUS_OK;
}

/* The body is drawn from the key, so that asking again is the same question. */
static void escalate(struct simulator *simulator, int customer, unsigned key)
{
    struct command *command = box_command(COMMAND_ESCALATE, simulator->customers[customer].id);
    uint64_t body = key;
    struct escalate_request *request = &command->request.escalate;
    *request = (struct escalate_request){
        .key_id = "simulator",
        .idempotency_key = arena_format(command->arena, "key-%u", key),
        .severity = (enum severity)box_draw(&body, 4),
        .summary = "summary",
        .caller_name = "caller",
        .drill = box_draw(&body, 10) == 0,
    };
    request->promised_ms = box_draw(&body, 2) == 0 ? 0 : 30000 + (int64_t)box_draw(&body, 600000);
    if (box_draw(&body, 3) == 0) {
        request->dedup_key = arena_format(command->arena, "dedup-%u", (unsigned)box_draw(&body, 3));
    }
    memset(request->body_digest.bytes, 0, sizeof request->body_digest.bytes);
    memcpy(request->body_digest.bytes, &key, sizeof key);
    struct uuid id;
    simulator->unanswered = !run(simulator, command);
    simulator->unanswered_customer = customer;
    simulator->unanswered_key = key;
    if (!simulator->unanswered && id_of_answer(command, &id)) {
        oracle_accepted(simulator->oracle, id, customer);
    }
    box_free(&command);
}

/* ---- phones and lines ---- */

static struct box_sent *random_sent(struct simulator *simulator)
{
    struct box *box = simulator->box;
    if (box->sent_count == 0) {
        return NULL;
    }
    size_t newest = box->sent_count < 40 ? box->sent_count : 40;
    return &box->sent[box->sent_count - 1 - draw(simulator, newest)];
}

static void provider_answers(struct simulator *simulator)
{
    static const enum attempt_state states[] = {ATTEMPT_ACCEPTED, ATTEMPT_ACCEPTED,
                                                ATTEMPT_ACCEPTED, ATTEMPT_FAILED,
                                                ATTEMPT_EXPIRED,  ATTEMPT_UNCERTAIN};
    struct box *box = simulator->box;
    uint64_t how_many = 1 + draw(simulator, 8);
    for (size_t i = box->resolved_below; i < box->sent_count && how_many > 0; i++) {
        struct box_sent *sent = &box->sent[i];
        if (sent->resolved || sent->dead || draw(simulator, 3) == 0) {
            continue;
        }
        if (sent->path == PATH_PUSH && !sent->delayed && draw(simulator, 6) == 0) {
            note(simulator, "delayed");
            box_delayed(box, sent, "simulated");
            continue;
        }
        enum attempt_state state = states[draw(simulator, 6)];
        bool gone = state == ATTEMPT_FAILED && sent->path == PATH_PUSH && draw(simulator, 3) == 0;
        note(simulator, "outcome %d%s", (int)state, gone ? " gone" : "");
        box_outcome(box, sent, state, "simulated", gone);
        how_many--;
    }
    (void)box_turns(box);
}

/* A token that was used before is answered from the record, also after its person handed back: the
 * answer says who holds it now. */
static bool names_holder(const struct command *command, const char *slug)
{
    char words[SLUG_BYTES_MAX + 16];
    (void)snprintf(words, sizeof words, "\"who\":\"%s\"", slug);
    return strstr(command->answer.body, words) != NULL;
}

/* Also what left before a crash arrives, rings and is answered. */
static void phone_acts(struct simulator *simulator)
{
    const struct box_sent *sent = random_sent(simulator);
    if (sent == NULL || sent->path != PATH_PUSH || sent->token_received[0] == '\0') {
        return;
    }
    struct command *command = box_command(COMMAND_AGENT_VERB, 0);
    struct agent_request *request = &command->request.agent;
    uint64_t what = sent->token_accept[0] == '\0' ? 0 : draw(simulator, 4);
    command->escalation_id = sent->escalation;
    request->verb = what == 2 ? VERB_ACCEPT : what == 3 ? VERB_DECLINE : VERB_RECEIVED;
    request->action_token = what == 2   ? sent->token_accept
                            : what == 3 ? sent->token_decline
                                        : sent->token_received;
    struct uuid escalation = sent->escalation;
    int64_t person = sent->person_id;
    char slug[SLUG_BYTES_MAX];
    (void)text_copy(slug, sizeof slug, sent->person);
    if (run(simulator, command) && request->verb == VERB_ACCEPT &&
        command->answer.status == STATUS_OK && names_holder(command, slug)) {
        oracle_told_holder(simulator->oracle, escalation, PERSON_AGENT, person);
    }
    box_free(&command);
}

static void line_reports(struct simulator *simulator)
{
    const struct box_sent *sent = random_sent(simulator);
    if (sent == NULL || sent->path != PATH_CALL) {
        return;
    }
    struct command *command = box_command(COMMAND_CALL_OUTCOME, 0);
    command->request.call.attempt = sent->attempt;
    command->request.call.answer = (enum attempt_answer)(1 + draw(simulator, 7));
    (void)run(simulator, command);
    box_free(&command);
}

/* ---- people ---- */

static bool random_escalation(struct simulator *simulator, struct uuid *id_r, int *customer_r)
{
    size_t count = oracle_count(simulator->oracle);
    if (count == 0) {
        return false;
    }
    size_t newest = count < 2 * OPEN_MAX ? count : 2 * OPEN_MAX;
    size_t index = count - 1 - draw(simulator, newest);
    *id_r = oracle_escalation(simulator->oracle, index);
    /* Now and then somebody asks for what is not theirs. */
    *customer_r = draw(simulator, 12) == 0 ? (int)draw(simulator, CUSTOMERS)
                                           : oracle_customer(simulator->oracle, index);
    return true;
}

static void agent_acts(struct simulator *simulator)
{
    struct uuid id;
    int c;
    if (!random_escalation(simulator, &id, &c)) {
        return;
    }
    struct customer *customer = &simulator->customers[c];
    int64_t agent = customer->agents[draw(simulator, AGENTS)].id;
    int64_t holder = oracle_holder(simulator->oracle, id);
    if (holder != 0 && draw(simulator, 4) != 0) {
        agent = holder;
    }
    struct command *command = box_command(COMMAND_AGENT_VERB, customer->id);
    command->escalation_id = id;
    command->request.agent.verb = (enum agent_verb)draw(simulator, AGENT_VERBS_COUNT);
    command->request.agent.agent_id = agent;
    command->request.agent.eta_ms = (int64_t)draw(simulator, 600000);
    if (run(simulator, command) && command->request.agent.verb == VERB_ACCEPT &&
        command->answer.status == STATUS_OK) {
        oracle_told_holder(simulator->oracle, id, PERSON_AGENT, agent);
    }
    box_free(&command);
}

static void desk_acts(struct simulator *simulator)
{
    struct uuid id;
    int c;
    if (!random_escalation(simulator, &id, &c)) {
        return;
    }
    struct customer *customer = &simulator->customers[c];
    struct command *command = box_command(COMMAND_DESK_VERB, customer->id);
    struct desk_request *request = &command->request.desk;
    command->escalation_id = id;
    request->verb = (enum desk_verb)draw(simulator, DESK_DONE + 1);
    if (request->verb == DESK_CANCEL && draw(simulator, 3) != 0) {
        request->verb = DESK_NOTE;
    }
    request->operator_name = draw(simulator, 2) == 0 ? "Lucie" : "Karim";
    request->text = "a note";
    request->severity = (enum severity)draw(simulator, 4);
    request->agent = customer->agents[draw(simulator, AGENTS)].slug;
    request->agent_verb = (enum agent_verb)(VERB_ACCEPT + draw(simulator, 7));
    request->caller = 1 + (int)draw(simulator, 3);
    struct uuid split;
    if (run(simulator, command) && request->verb == DESK_SPLIT && id_of_answer(command, &split)) {
        oracle_accepted(simulator->oracle, split, c);
    }
    box_free(&command);
}

/* ---- machines ---- */

void event_crash(struct simulator *simulator)
{
    simulator->crashes++;
    oracle_close(simulator->oracle);
    if (!simulator->box->crashed && draw(simulator, 5) == 0) {
        note(simulator, "reboot");
        box_reboot(simulator->box, 1000 + (int64_t)draw(simulator, 60000));
    } else {
        note(simulator, "crash");
        box_crash(simulator->box);
    }
    oracle_open(simulator->oracle);
    (void)box_turns(simulator->box);
    if (simulator->unanswered) {
        /* Whoever got no answer asks again, under the same key. */
        escalate(simulator, simulator->unanswered_customer, simulator->unanswered_key);
    }
}

static void time_passes(struct simulator *simulator)
{
    int64_t ms = draw(simulator, 6) == 0 ? (int64_t)draw(simulator, 150000)
                                         : (int64_t)draw(simulator, 15000);
    note(simulator, "time passes %lld", (long long)ms);
    if (draw(simulator, 20) == 0) {
        box_pass(simulator->box, ms); /* the machine stood still */
        box_expire(simulator->box);
        (void)box_turns(simulator->box);
    } else {
        box_advance(simulator->box, ms);
    }
    if (draw(simulator, 30) == 0) {
        simulator->box->wall_ms += (int64_t)draw(simulator, 7200000) - 3600000;
    }
}

void event_happens(struct simulator *simulator)
{
    uint64_t what = draw(simulator, 100);
    if (draw(simulator, 25) == 0 && simulator->box->crash_countdown == 0) {
        simulator->box->crash_countdown = 1 + draw(simulator, CRASH_COUNTDOWN_MAX);
    }
    if (what < 12 && oracle_open_count(simulator->oracle) < OPEN_MAX) {
        escalate(simulator, (int)draw(simulator, CUSTOMERS), ++simulator->keys);
    } else if (what < 37) {
        provider_answers(simulator);
    } else if (what < 55) {
        phone_acts(simulator);
    } else if (what < 62) {
        line_reports(simulator);
    } else if (what < 72) {
        agent_acts(simulator);
    } else if (what < 80) {
        desk_acts(simulator);
    } else if (what < 84) {
        city_change(simulator);
    } else if (what < 85) {
        event_crash(simulator);
    } else {
        time_passes(simulator);
    }
}

/* An operator takes and ends what is open; a cancelled one ends by itself. */
static void finish(struct simulator *simulator, struct uuid id, const struct customer *customer)
{
    static const enum desk_verb verbs[] = {DESK_RESUME, DESK_TAKE, DESK_DONE};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        struct command *command = box_command(COMMAND_DESK_VERB, customer->id);
        command->escalation_id = id;
        command->request.desk.verb = verbs[i];
        command->request.desk.operator_name = "Matin";
        command->request.desk.text = "morning";
        (void)run(simulator, command);
        box_free(&command);
    }
}

void event_morning(struct simulator *simulator)
{
    note(simulator, "morning");
    simulator->box->crash_countdown = 0;
    for (int i = 0; i < MORNING_ROUNDS_MAX && oracle_open_count(simulator->oracle) > 0; i++) {
        for (size_t e = 0; i == 0 && e < oracle_count(simulator->oracle); e++) {
            finish(simulator, oracle_escalation(simulator->oracle, e),
                   &simulator->customers[oracle_customer(simulator->oracle, e)]);
        }
        provider_answers(simulator);
        box_advance(simulator->box, 60000);
    }
}
