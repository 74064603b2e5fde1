/* people.c - agents who accept, decline, sleep, forget; a desk that takes over; and people who do
 * what makes no sense. */
#include "tests/simulator/simulator.h"

#include "gateway/base/text.h"

#define NEWEST_MAX  80
#define AT_WORK_MAX 9

static int number_of_customer(const struct simulator *simulator, int64_t customer_id)
{
    for (int c = 0; c < CUSTOMERS; c++) {
        if (simulator->customers[c].id == customer_id) {
            return c;
        }
    }
    return 0;
}

static struct command *agent_command(const struct customer *customer, struct uuid escalation,
                                     int64_t agent, enum agent_verb verb)
{
    struct command *command = box_command(COMMAND_AGENT_VERB, customer->id);
    command->escalation_id = escalation;
    command->request.agent.verb = verb;
    command->request.agent.agent_id = agent;
    return command;
}

static void fill_hand_over(const struct customer *customer, struct agent_request *request,
                           uint64_t *random)
{
    if (request->verb == VERB_HAND_OVER) {
        request->to = customer->agents[box_draw(random, AGENTS)].slug;
        request->stays = draw_percent(random, 30);
    }
}

static struct command *desk_command(const struct customer *customer, struct uuid escalation,
                                    enum desk_verb verb, const char *operator_name)
{
    struct command *command = box_command(COMMAND_DESK_VERB, customer->id);
    command->escalation_id = escalation;
    command->request.desk.verb = verb;
    command->request.desk.operator_name = operator_name;
    command->request.desk.text = verb == DESK_CANCEL || verb == DESK_NOTE ? "a note" : NULL;
    return command;
}

/* ---- agents ---- */

void agent_answers(struct simulator *simulator, struct happening *happening)
{
    struct box_sent *sent = &simulator->box->sent[happening->sent];
    enum agent_verb verb = (enum agent_verb)happening->what;
    struct command *command = box_command(COMMAND_AGENT_VERB, 0);
    command->escalation_id = sent->escalation;
    command->request.agent.verb = verb;
    command->request.agent.action_token =
        verb == VERB_ACCEPT ? sent->token_accept : sent->token_decline;
    struct uuid escalation = sent->escalation;
    int64_t person = sent->person_id;
    int customer = number_of_customer(simulator, sent->customer_id);
    char slug[SLUG_BYTES_MAX];
    (void)text_copy(slug, sizeof slug, sent->person);
    if (ask_from(simulator, command, sent) && verb == VERB_ACCEPT &&
        oracle_names_holder(command, slug)) {
        if (draw_percent(&happening->random, 6)) { /* and hears later that it was nothing */
            follow(simulator,
                   (struct happening){.kind = DESK_ACTS,
                                      .random = box_draw(&happening->random, 0),
                                      .escalation = escalation,
                                      .what = DESK_CANCEL},
                   draw_ms(&happening->random, 20 * SECOND_MS, 5 * MINUTE_MS));
        }
        if (draw_percent(&happening->random, 12)) { /* or that it is worse, maybe while others are
                                                     * sought */
            follow(simulator,
                   (struct happening){.kind = DESK_ACTS,
                                      .random = box_draw(&happening->random, 0),
                                      .escalation = escalation,
                                      .what = DESK_SEVERITY},
                   draw_ms(&happening->random, SECOND_MS, 40 * SECOND_MS));
        }
        for (int i = 0; i < 2 && draw_percent(&happening->random, 30); i++) {
            follow(simulator,
                   (struct happening){.kind = SOMEBODY_JOINS,
                                      .random = box_draw(&happening->random, 0),
                                      .customer = customer,
                                      .escalation = escalation},
                   draw_ms(&happening->random, 20 * SECOND_MS, 10 * MINUTE_MS));
        }
        follow(simulator,
               (struct happening){.kind = HOLDER_GOES_ON,
                                  .random = happening->random,
                                  .customer = customer,
                                  .escalation = escalation,
                                  .person = person},
               draw_ms(&happening->random, MINUTE_MS, 10 * MINUTE_MS));
    }
    box_free(&command);
}

/* Somebody who saw that it is taken goes along, or did and goes home; or reports for themselves. */
void somebody_joins(struct simulator *simulator, struct happening *happening)
{
    uint64_t *random = &happening->random;
    const struct customer *customer = &simulator->customers[happening->customer];
    int64_t agent = customer->agents[box_draw(random, AGENTS)].id;
    struct command *command = agent_command(customer, happening->escalation, agent, VERB_JOIN);
    (void)ask(simulator, command);
    box_free(&command);
    happening->kind = HOLDER_GOES_ON;
    happening->person = agent;
    happening->what = 0;
    follow(simulator, *happening, draw_ms(random, MINUTE_MS, 20 * MINUTE_MS));
    if (draw_percent(random, 30)) {
        happening->kind = SOMEBODY_LEAVES;
        follow(simulator, *happening, draw_ms(random, MINUTE_MS, 20 * MINUTE_MS));
    }
}

void somebody_leaves(struct simulator *simulator, struct happening *happening)
{
    struct command *command = agent_command(&simulator->customers[happening->customer],
                                            happening->escalation, happening->person, VERB_LEAVE);
    (void)ask(simulator, command);
    box_free(&command);
}

/* what counts the reports so far: on my way, on site, done; now and then it is forgotten. */
void holder_goes_on(struct simulator *simulator, struct happening *happening)
{
    static const enum agent_verb verbs[] = {VERB_ON_MY_WAY, VERB_ON_SITE, VERB_DONE};
    const struct customer *customer = &simulator->customers[happening->customer];
    enum agent_verb verb = happening->what < 3 ? verbs[happening->what] : VERB_DONE;
    uint64_t whim = box_draw(&happening->random, 100);
    if (whim < 8 ||
        (oracle_holder(simulator->oracle, happening->escalation) != happening->person &&
         !oracle_is_member(simulator->oracle, happening->escalation, happening->person))) {
        return;
    }
    verb = whim < 12                               ? VERB_HAND_BACK
           : whim < 22                             ? VERB_HAND_OVER
           : happening->what == 0 && whim % 3 == 0 ? VERB_REMOTE
                                                   : verb;
    struct command *command =
        agent_command(customer, happening->escalation, happening->person, verb);
    command->request.agent.eta_ms =
        verb == VERB_HAND_OVER ? 0 : draw_ms(&happening->random, 60, 3600) * SECOND_MS;
    fill_hand_over(customer, &command->request.agent, &happening->random);
    (void)ask(simulator, command);
    box_free(&command);
    if (verb != VERB_DONE && verb != VERB_HAND_BACK) {
        happening->what++;
        follow(simulator, *happening, draw_ms(&happening->random, MINUTE_MS, 40 * MINUTE_MS));
    }
}

/* ---- the desk ---- */

/* Any escalation, rather a new one; false: there is none. */
static bool any_escalation(struct simulator *simulator, uint64_t *random, struct uuid *id_r,
                           int *customer_r)
{
    size_t count = oracle_count(simulator->oracle);
    if (count == 0) {
        return false;
    }
    size_t newest = count < NEWEST_MAX ? count : NEWEST_MAX;
    size_t index = count - 1 - box_draw(random, newest);
    *id_r = oracle_escalation(simulator->oracle, index);
    *customer_r = oracle_customer(simulator->oracle, index);
    return true;
}

static void fill_desk(const struct customer *customer, struct desk_request *request,
                      uint64_t *random)
{
    request->severity = (enum severity)box_draw(random, 4);
    request->agent = customer->agents[box_draw(random, AGENTS)].slug;
    request->agent_verb = (enum agent_verb)(VERB_ACCEPT + box_draw(random, 9));
    request->role = draw_percent(random, 40) ? OFFER_AS_MEMBER : OFFER_AS_HOLDER;
    request->stays = draw_percent(random, 30);
    request->caller = 1 + (int)box_draw(random, 3);
}

static void run_desk(struct simulator *simulator, struct command *command)
{
    (void)ask(simulator, command);
    box_free(&command);
}

void desk_acts(struct simulator *simulator, struct happening *happening)
{
    struct uuid id = happening->escalation;
    int c = happening->customer;
    if (uuid_is_nil(id)) {
        if (!any_escalation(simulator, &happening->random, &id, &c)) {
            return;
        }
    } else if (!oracle_find_customer(simulator->oracle, id, &c)) {
        return;
    }
    const struct customer *customer = &simulator->customers[c];
    struct command *command =
        desk_command(customer, id, (enum desk_verb)happening->what,
                     draw_percent(&happening->random, 50) ? "Lucie" : "Karim");
    fill_desk(customer, &command->request.desk, &happening->random);
    run_desk(simulator, command);
    if (happening->what == DESK_TAKE) {
        happening->what = DESK_DONE;
        happening->escalation = id;
        follow(simulator, *happening, draw_ms(&happening->random, 5 * MINUTE_MS, HOUR_MS));
    }
}

/* Who is at work beside whoever ends it holds it then: they are called off one by one. */
void desk_finishes(struct simulator *simulator, struct happening *happening)
{
    static const enum desk_verb verbs[] = {DESK_RESUME, DESK_TAKE, DESK_DONE};
    const struct customer *customer = &simulator->customers[happening->customer];
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0] && !simulator->box->crashed; i++) {
        run_desk(simulator, desk_command(customer, happening->escalation, verbs[i], "Matin"));
    }
    if (++happening->what < AT_WORK_MAX && !simulator->box->crashed &&
        oracle_stands_open(simulator->oracle, happening->escalation)) {
        happening->kind = DESK_FINISHES;
        follow(simulator, *happening, 10 * SECOND_MS);
    }
}

/* The supervisor goes through what is open for hours; what: how many hours. */
void desk_tidies(struct simulator *simulator, struct happening *happening)
{
    for (size_t i = 0; i < oracle_count(simulator->oracle) && !simulator->box->crashed; i++) {
        struct uuid id = oracle_escalation(simulator->oracle, i);
        if (oracle_is_open(simulator->oracle, i) &&
            simulator->box->elapsed_ms - oracle_accepted_ms(simulator->oracle, i) >=
                happening->what * HOUR_MS) {
            struct happening finish = {.escalation = id,
                                       .customer = oracle_customer(simulator->oracle, i)};
            desk_finishes(simulator, &finish);
        }
    }
    if (happening->what > 0) { /* every hour; the last one of a week comes once */
        follow(simulator, *happening, HOUR_MS);
    }
}

/* ---- duty ---- */

/* Takes it up with a phone, ends it, or lets the phone be tested; person: who takes it up. */
void somebody_checks(struct simulator *simulator, struct happening *happening)
{
    uint64_t *random = &happening->random;
    const struct customer *customer = &simulator->customers[happening->customer];
    const struct agent *agent = &customer->agents[box_draw(random, AGENTS)];
    uint64_t what = happening->person != 0 ? 0 : box_draw(random, 100);
    for (int a = 0; a < AGENTS; a++) {
        agent = customer->agents[a].id == happening->person ? &customer->agents[a] : agent;
    }
    struct command *command = box_command(what < 50   ? COMMAND_CHECK_IN
                                          : what < 70 ? COMMAND_CHECK_OUT
                                                      : COMMAND_TEST_DEVICE,
                                          customer->id);
    if (what >= 70) {
        command->request.device_test.device_id = 1 + (int64_t)box_draw(random, 36);
    } else {
        command->request.check_in.agent_id = agent->id;
        command->request.check_in.installation =
            arena_format(command->arena, "%s-%u", agent->slug, (unsigned)box_draw(random, 3));
    }
    (void)ask(simulator, command);
    box_free(&command);
}

/* ---- pauses ---- */

static void say_pause(struct simulator *simulator, const struct happening *happening, int minutes)
{
    const struct customer *customer = &simulator->customers[happening->customer];
    struct command *command = box_command(COMMAND_PAUSE, customer->id);
    command->request.pause.agent_id = happening->person;
    command->request.pause.minutes = minutes;
    (void)ask(simulator, command);
    box_free(&command);
}

/* Half of them come back earlier than they said; some say it twice, or that it takes longer. */
void somebody_pauses(struct simulator *simulator, struct happening *happening)
{
    uint64_t *random = &happening->random;
    const struct customer *customer = &simulator->customers[happening->customer];
    int minutes = (int)draw_ms(random, 2, PAUSE_MINUTES_MAX);
    happening->person =
        happening->person != 0 ? happening->person : customer->agents[box_draw(random, AGENTS)].id;
    say_pause(simulator, happening, minutes);
    if (draw_percent(random, 15)) {
        follow(simulator, *happening, draw_ms(random, 0, minutes * MINUTE_MS));
    }
    if (draw_percent(random, 50)) {
        happening->kind = SOMEBODY_IS_BACK;
        follow(simulator, *happening, draw_ms(random, MINUTE_MS, minutes * MINUTE_MS));
    }
}

void somebody_is_back(struct simulator *simulator, struct happening *happening)
{
    say_pause(simulator, happening, 0);
}

/* ---- nonsense ---- */

static void meddle_as_agent(struct simulator *simulator, struct happening *happening)
{
    struct uuid id;
    int owner;
    uint64_t *random = &happening->random;
    if (!any_escalation(simulator, random, &id, &owner)) {
        return;
    }
    bool foreign = draw_percent(random, 20);
    int c = foreign ? (owner + 1) % CUSTOMERS : owner;
    const struct customer *customer = &simulator->customers[c];
    int64_t agent = customer->agents[box_draw(random, AGENTS)].id;
    int64_t holder = oracle_holder(simulator->oracle, id);
    if (holder != 0 && !foreign && draw_percent(random, 50)) {
        agent = holder;
    }
    enum agent_verb verb = (enum agent_verb)box_draw(random, AGENT_VERBS_COUNT);
    struct command *command = agent_command(customer, id, agent, verb);
    fill_hand_over(customer, &command->request.agent, random);
    (void)ask(simulator, command);
    box_free(&command);
}

static void meddle_as_desk(struct simulator *simulator, struct happening *happening)
{
    struct uuid id;
    int c;
    uint64_t *random = &happening->random;
    if (any_escalation(simulator, random, &id, &c)) {
        struct command *command =
            desk_command(&simulator->customers[c], id,
                         (enum desk_verb)box_draw(random, DESK_ASSIGN + 1), "Karim");
        fill_desk(&simulator->customers[c], &command->request.desk, random);
        run_desk(simulator, command);
    }
}

void somebody_meddles(struct simulator *simulator, struct happening *happening)
{
    struct box *box = simulator->box;
    size_t newest = box->sent_count < NEWEST_MAX ? box->sent_count : NEWEST_MAX;
    struct happening act = {.random = happening->random};
    uint64_t what = box_draw(&happening->random, 4);
    if (newest > 0) {
        act.sent = box->sent_count - 1 - box_draw(&happening->random, newest);
    }
    if (what == 0) {
        meddle_as_agent(simulator, happening);
    } else if (what == 1) {
        meddle_as_desk(simulator, happening);
    } else if (what == 2 && newest > 0 && box->sent[act.sent].path == PATH_CALL) {
        act.what = 1 + (int)box_draw(&happening->random, 7);
        line_reports(simulator, &act);
    } else if (newest > 0 && box->sent[act.sent].token_accept[0] != '\0') {
        act.what = draw_percent(&happening->random, 50) ? VERB_ACCEPT : VERB_DECLINE;
        agent_answers(simulator, &act);
    }
}
