/* machines.c - what leaves the gateway, and what becomes of it: providers that fail, lie, answer
 * late or never; phones that are off; lines that are busy, silent, or report twice. */
#include "tests/simulator/simulator.h"

#include <string.h>

#include "gateway/core/words.h"

#define LATE_MS_MAX (20 * SECOND_MS)

static enum mood mood_now(const struct simulator *simulator, const struct weather *weather)
{
    return simulator->box->elapsed_ms < weather->until_ms ? weather->mood : MOOD_UP;
}

/* Once for each attempt: who is refused for ever is nobody's fault but the simulator's. */
static bool refuse_once(struct simulator *simulator, struct uuid attempt)
{
    for (size_t i = 0; i < simulator->refused_count; i++) {
        if (uuid_equal(simulator->refused[i], attempt)) {
            return false;
        }
    }
    if (simulator->refused_count == REFUSED_MAX) {
        return false;
    }
    simulator->refused[simulator->refused_count++] = attempt;
    return true;
}

static uint64_t random_of(struct uuid id)
{
    uint64_t random;
    memcpy(&random, id.bytes + 8, sizeof random);
    return random;
}

/* ---- pushes ---- */

static bool phone_is_off(const struct simulator *simulator, const struct box_sent *sent)
{
    for (int c = 0; c < CUSTOMERS; c++) {
        const struct customer *customer = &simulator->customers[c];
        for (int a = 0; customer->id == sent->customer_id && a < AGENTS; a++) {
            if (customer->agents[a].id == sent->person_id) {
                return simulator->box->elapsed_ms < customer->agents[a].phone_off_until_ms;
            }
        }
    }
    return false;
}

static void add_answer_of_agent(struct simulator *simulator, const struct happening *push,
                                uint64_t *random)
{
    struct happening answer = {
        .kind = AGENT_ANSWERS, .sent = push->sent, .random = box_draw(random, 0)};
    uint64_t what = box_draw(random, 100);
    int64_t in_ms = draw_ms(random, 5 * SECOND_MS, 90 * SECOND_MS);
    if (what < 45) {
        answer.what = VERB_ACCEPT;
        follow(simulator, answer, in_ms);
    } else if (what < 52) { /* twice, as fast as a thumb */
        answer.what = VERB_ACCEPT;
        follow(simulator, answer, in_ms);
        follow(simulator, answer, in_ms + draw_ms(random, 0, 400));
    } else if (what < 60) {
        answer.what = VERB_DECLINE;
        follow(simulator, answer, in_ms);
    } else if (what < 70) { /* wakes up long after */
        answer.what = VERB_ACCEPT;
        follow(simulator, answer, draw_ms(random, 3 * MINUTE_MS, 30 * MINUTE_MS));
    }
}

static void push_arrives(struct simulator *simulator, const struct happening *push,
                         uint64_t *random)
{
    const struct box_sent *sent = &simulator->box->sent[push->sent];
    if (phone_is_off(simulator, sent) || sent->token_received[0] == '\0') {
        return;
    }
    struct happening confirms = {.kind = PHONE_CONFIRMS, .sent = push->sent, .what = VERB_RECEIVED};
    follow(simulator, confirms, draw_ms(random, 200, 3000));
    if ((sent->purpose == PURPOSE_CANCEL_NOTICE || sent->purpose == PURPOSE_TEST) &&
        draw_percent(random, 80)) {
        confirms.what = VERB_SEEN;
        follow(simulator, confirms, draw_ms(random, 5 * SECOND_MS, MINUTE_MS));
    } else if (sent->token_accept[0] != '\0') {
        add_answer_of_agent(simulator, push, random);
    }
}

static void add_outcome(struct simulator *simulator, struct happening *answer,
                        enum attempt_state state, int64_t in_ms)
{
    answer->what = (int)state;
    follow(simulator, *answer, in_ms);
}

static void push_leaves(struct simulator *simulator, size_t index, uint64_t *random)
{
    const struct box_sent *sent = &simulator->box->sent[index];
    struct happening answer = {
        .kind = PROVIDER_ANSWERS, .sent = index, .random = box_draw(random, 0)};
    enum mood mood = mood_now(simulator, &simulator->platforms[sent->platform]);
    int64_t in_ms = draw_percent(random, 3) ? draw_ms(random, SECOND_MS, LATE_MS_MAX)
                                            : draw_ms(random, 20, 300);
    uint64_t what = box_draw(random, 100);
    if (mood == MOOD_SILENT || what == 99) {
        return; /* it expires */
    }
    if (mood == MOOD_DOWN) {
        add_outcome(simulator, &answer, ATTEMPT_HANDED_OVER, draw_ms(random, 300, 2000));
        return;
    }
    enum attempt_state state = what < 93   ? ATTEMPT_ACCEPTED
                               : what < 96 ? ATTEMPT_FAILED
                               : what < 98 ? ATTEMPT_UNCERTAIN
                                           : ATTEMPT_EXPIRED;
    add_outcome(simulator, &answer, state, in_ms);
    bool arrives = state == ATTEMPT_ACCEPTED || (state == ATTEMPT_UNCERTAIN && what % 2 == 0);
    if (arrives && mood != MOOD_LYING) {
        push_arrives(simulator, &answer, random);
    }
}

/* ---- calls ---- */

static void add_report(struct simulator *simulator, struct happening *report,
                       enum attempt_answer answer, int64_t in_ms, uint64_t *random)
{
    report->what = (int)answer;
    follow(simulator, *report, in_ms);
    if (draw_percent(random, 5)) { /* once more, and maybe behind what comes next */
        follow(simulator, *report, in_ms + draw_ms(random, 0, 30 * SECOND_MS));
    }
}

static void add_key(struct simulator *simulator, struct happening *report, int64_t in_ms,
                    uint64_t *random)
{
    uint64_t what = box_draw(random, 100);
    if (what < 60) {
        add_report(simulator, report, ANSWER_ACCEPTED, in_ms, random);
    } else if (what < 70) {
        add_report(simulator, report, ANSWER_DECLINED, in_ms, random);
    } else if (what < 95) {
        add_report(simulator, report, ANSWER_FAILED, in_ms, random);
    } /* else the line stays open without a word */
}

static void call_leaves(struct simulator *simulator, size_t index, uint64_t *random)
{
    struct happening answer = {.kind = PROVIDER_ANSWERS, .sent = index};
    struct happening report = {.kind = LINE_REPORTS, .sent = index};
    const struct box_sent *sent = &simulator->box->sent[index];
    enum mood mood = mood_now(simulator, &simulator->telephony);
    uint64_t what = box_draw(random, 100);
    if (mood == MOOD_SILENT) {
        return;
    }
    enum attempt_state state = mood == MOOD_DOWN || what < 3 ? ATTEMPT_FAILED
                               : what < 5                    ? ATTEMPT_UNCERTAIN
                                                             : ATTEMPT_ACCEPTED;
    add_outcome(simulator, &answer, state, draw_ms(random, 20, 500));
    if (state == ATTEMPT_FAILED || mood == MOOD_LYING || draw_percent(random, 5)) {
        return; /* nobody reports of this call */
    }
    int64_t at_ms = draw_ms(random, 1500, 4000);
    what = box_draw(random, 100);
    bool dead = number_is_dead(sent->phone);
    if (what < (dead ? 30 : 10)) {
        add_report(simulator, &report, ANSWER_BUSY, at_ms, random);
        return;
    }
    add_report(simulator, &report, ANSWER_RINGING, at_ms, random);
    at_ms += draw_ms(random, 5 * SECOND_MS, 25 * SECOND_MS);
    if (what < 35 || dead) {
        add_report(simulator, &report, ANSWER_NO_ANSWER, at_ms, random);
    } else {
        add_report(simulator, &report, ANSWER_ANSWERED, at_ms, random);
        add_key(simulator, &report, at_ms + draw_ms(random, 3 * SECOND_MS, 20 * SECOND_MS), random);
    }
}

/* ---- callbacks: the desk hears of it ---- */

static void callback_leaves(struct simulator *simulator, size_t index, uint64_t *random)
{
    const struct box_sent *sent = &simulator->box->sent[index];
    struct happening answer = {.kind = PROVIDER_ANSWERS, .sent = index};
    bool heard = draw_percent(random, 97);
    add_outcome(simulator, &answer, heard ? ATTEMPT_ACCEPTED : ATTEMPT_FAILED,
                draw_ms(random, 20, 500));
    if (!heard) {
        return;
    }
    struct happening acts = {.kind = DESK_ACTS,
                             .random = box_draw(random, 0),
                             .escalation = sent->escalation,
                             .what = DESK_NOTE};
    if (sent->purpose == PURPOSE_EXHAUSTED && draw_percent(random, 60)) {
        acts.what = DESK_TAKE;
        follow(simulator, acts, draw_ms(random, 20 * SECOND_MS, 3 * MINUTE_MS));
    } else if (sent->purpose == PURPOSE_TASK && draw_percent(random, 85)) {
        acts.what = DESK_CALLED_BACK;
        follow(simulator, acts, draw_ms(random, 20 * SECOND_MS, 5 * MINUTE_MS));
    }
}

/* ---- what the box asks ---- */

enum status machines_send(void *context, struct box_sent *sent)
{
    struct simulator *simulator = context;
    char attempt[UUID_TEXT_BYTES];
    uint64_t random = random_of(sent->attempt);
    uuid_format(sent->attempt, attempt);
    if (simulator->box->elapsed_ms < simulator->full_until_ms && draw_percent(&random, 30) &&
        refuse_once(simulator, sent->attempt)) {
        note(simulator, "full %s", attempt);
        recording_departure(&simulator->recording, true);
        return STATUS_FULL; /* the dispatcher has no room: it stays in the outbox */
    }
    recording_departure(&simulator->recording, false);
    note(simulator, "sent %s %s", attempt, attempt_purpose_word(sent->purpose));
    oracle_sending(simulator->oracle, sent, simulator->box);
    size_t index = (size_t)(sent - simulator->box->sent);
    if (sent->path == PATH_PUSH) {
        push_leaves(simulator, index, &random);
    } else if (sent->path == PATH_CALL) {
        call_leaves(simulator, index, &random);
    } else {
        callback_leaves(simulator, index, &random);
    }
    simulator->tally.sent++;
    return STATUS_OK;
}

void provider_answers(struct simulator *simulator, struct happening *happening)
{
    struct box *box = simulator->box;
    struct box_sent *sent = &box->sent[happening->sent];
    if (sent->resolved || sent->dead) {
        return; /* nobody is there any more who could be told */
    }
    enum attempt_state state = (enum attempt_state)happening->what;
    if (state == ATTEMPT_HANDED_OVER) { /* its provider is down; it may come up in time */
        if (!sent->delayed) {
            recording_outcome(&simulator->recording, box, sent, "delayed");
            box_delayed(box, sent, "simulated");
            if (draw_percent(&happening->random, 50)) {
                add_outcome(simulator, happening, ATTEMPT_ACCEPTED,
                            draw_ms(&happening->random, SECOND_MS, 40 * SECOND_MS));
            }
        }
        return;
    }
    bool gone =
        state == ATTEMPT_FAILED && sent->path == PATH_PUSH && draw_percent(&happening->random, 33);
    note(simulator, "outcome %d%s", (int)state, gone ? " gone" : "");
    if (gone) {
        follow(simulator,
               (struct happening){.kind = PHONE_REGISTERS,
                                  .random = box_draw(&happening->random, 0),
                                  .sent = happening->sent},
               draw_ms(&happening->random, SECOND_MS, MINUTE_MS));
    }
    if (gone) {
        oracle_phone_goes(simulator->oracle, sent->device_id);
    }
    recording_outcome(&simulator->recording, box, sent, gone ? "gone" : attempt_state_word(state));
    box_outcome(box, sent, state, "simulated", gone);
    oracle_resolved(simulator->oracle, sent->attempt, state == ATTEMPT_ACCEPTED);
}

/* Also what left before a crash arrives and is confirmed; a test has no escalation. */
void phone_confirms(struct simulator *simulator, struct happening *happening)
{
    struct box_sent *sent = &simulator->box->sent[happening->sent];
    bool test = sent->purpose == PURPOSE_TEST;
    struct command *command = box_command(test ? COMMAND_CONFIRM_TEST : COMMAND_AGENT_VERB, 0);
    command->escalation_id = sent->escalation;
    if (test) {
        command->request.device_test.test = sent->attempt;
        command->request.device_test.verb = (enum agent_verb)happening->what;
        command->request.device_test.action_token = sent->token_received;
    } else {
        command->request.agent.verb = (enum agent_verb)happening->what;
        command->request.agent.action_token = sent->token_received;
    }
    (void)ask_from(simulator, command, sent);
    box_free(&command);
}

void line_reports(struct simulator *simulator, struct happening *happening)
{
    struct box_sent *sent = &simulator->box->sent[happening->sent];
    struct command *command = box_command(COMMAND_CALL_OUTCOME, 0);
    command->request.call.attempt = sent->attempt;
    command->request.call.answer = (enum attempt_answer)happening->what;
    struct uuid escalation = sent->escalation;
    int64_t person = sent->person_id;
    if (ask_from(simulator, command, sent) && happening->what == ANSWER_ACCEPTED &&
        command->answer.status == STATUS_OK && sent->purpose == PURPOSE_ALERT &&
        oracle_holder(simulator->oracle, escalation) == person) {
        follow(simulator,
               (struct happening){.kind = HOLDER_GOES_ON,
                                  .random = random_of(sent->attempt),
                                  .escalation = escalation,
                                  .person = person},
               MINUTE_MS);
    }
    box_free(&command);
}
