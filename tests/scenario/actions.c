/* actions.c - what people, providers, lines and machines do. */
#include "tests/scenario/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"
#include "tests/scenario/scenario_words.h"

/* The newest of what left for this person on this path, or NULL. */
static const struct box_sent *newest_sent(const struct scenario *scenario, const char *person,
                                          enum path path)
{
    struct uuid escalation = current_escalation(scenario);
    for (size_t i = scenario->box->sent_count; i > 0; i--) {
        const struct box_sent *sent = &scenario->box->sent[i - 1];
        if (sent->path == path && strcmp(sent->person, person) == 0 &&
            uuid_equal(sent->escalation, escalation) && sent->purpose != PURPOSE_WITHDRAW) {
            return sent;
        }
    }
    return NULL;
}

static void remember(struct scenario *scenario, const char *name)
{
    struct uuid id;
    const char *place = strstr(scenario->body, "\"id\":\"");
    char text[UUID_TEXT_BYTES];
    if (scenario->answer != STATUS_OK || place == NULL) {
        return;
    }
    (void)text_copy(text, sizeof text, place + 6);
    if (uuid_parse(text, &id) != STATUS_OK) {
        return;
    }
    for (size_t i = 0; i < scenario->escalations_count; i++) {
        bool known_so = name == NULL || strcmp(scenario->escalations[i].name, name) == 0;
        if (uuid_equal(scenario->escalations[i].id, id) && (known_so || !scenario->is_watched)) {
            scenario->current = i;
            return;
        }
    }
    if (scenario->escalations_count == ESCALATIONS_MAX) {
        scenario_wrong(scenario, "more than %d escalations", ESCALATIONS_MAX);
    }
    scenario->current = scenario->escalations_count;
    struct named_escalation *escalation = &scenario->escalations[scenario->escalations_count++];
    escalation->id = id;
    (void)text_copy(escalation->name, sizeof escalation->name, name == NULL ? "" : name);
}

static enum severity severity_of(const struct scenario *scenario, const char *word)
{
    for (int i = 0; severity_words[i] != NULL; i++) {
        if (strcmp(severity_words[i], word) == 0) {
            return (enum severity)i;
        }
    }
    scenario_wrong(scenario, "no such severity: %s", word);
}

/* `escalate critical "Lift stuck" promise 600 key K dedup D procedure P drill as lift`. */
static void escalate(struct scenario *scenario, int first)
{
    struct command *command = box_command(COMMAND_ESCALATE, scenario->customer_id);
    struct escalate_request *request = &command->request.escalate;
    const char *promise = option(scenario, "promise");
    const char *summary = word_at(scenario, first + 2);
    *request = (struct escalate_request){
        .key_id = "webhook",
        .idempotency_key = arena_text(command->arena, option(scenario, "key")),
        .severity = severity_of(scenario, word_at(scenario, first + 1)),
        .summary = arena_text(command->arena, summary),
        .caller_name = arena_text(command->arena, option(scenario, "caller")),
        .promised_ms = promise == NULL ? 0 : strtoll(promise, NULL, 10) * 1000,
        .dedup_key = arena_text(command->arena, option(scenario, "dedup")),
        .procedure = arena_text(command->arena, option(scenario, "procedure")),
    };
    memset(request->body_digest.bytes, 0, sizeof request->body_digest.bytes);
    for (size_t i = 0; summary[i] != '\0'; i++) {
        request->body_digest.bytes[i % sizeof request->body_digest.bytes] ^= (uint8_t)summary[i];
    }
    request->drill = has_option(scenario, "drill");
    char name[SLUG_BYTES_MAX] = "";
    if (option(scenario, "as") != NULL) {
        (void)text_copy(name, sizeof name, option(scenario, "as"));
    }
    scenario_command(scenario, command);
    remember(scenario, name);
}

/* ---- people ---- */

static int64_t eta_ms(const struct scenario *scenario)
{
    const char *eta = option(scenario, "eta");
    return eta == NULL ? 0 : strtoll(eta, NULL, 10) * 1000;
}

/* "paul accepts", "paul accepts from push" (the notification's own button). */
static bool person_acts(struct scenario *scenario, int first)
{
    const char *slug = word_at(scenario, first);
    enum agent_verb verb = agent_statement_verb(word_at(scenario, first + 1));
    if (verb == AGENT_VERBS_COUNT) {
        return false;
    }
    struct command *command = box_command(COMMAND_AGENT_VERB, scenario->customer_id);
    struct agent_request *request = &command->request.agent;
    command->escalation_id = current_escalation(scenario);
    request->verb = verb;
    request->eta_ms = eta_ms(scenario);
    if (has_option(scenario, "from")) {
        const struct box_sent *sent = newest_sent(scenario, slug, PATH_PUSH);
        if (sent == NULL) {
            scenario_wrong(scenario, "%s has no notification to answer from", slug);
        }
        const char *token = verb == VERB_ACCEPT    ? sent->token_accept
                            : verb == VERB_DECLINE ? sent->token_decline
                                                   : sent->token_received;
        command->customer_id = 0;
        request->action_token = arena_text(command->arena, token);
    } else {
        request->agent_id = agent_id(scenario, slug);
        if (request->agent_id == 0) {
            scenario_wrong(scenario, "no such agent: %s", slug);
        }
        request->to = verb == VERB_HAND_OVER
                          ? arena_text(command->arena, word_at(scenario, first + 2))
                          : NULL;
        request->stays = has_option(scenario, "stays");
    }
    scenario_command(scenario, command);
    return true;
}

static enum attempt_answer answer_of(const struct scenario *scenario, const char *word)
{
    for (int i = 0; attempt_answer_words[i] != NULL; i++) {
        if (strcmp(attempt_answer_words[i], word) == 0) {
            return (enum attempt_answer)i;
        }
    }
    scenario_wrong(scenario, "no such answer of a call: %s", word);
}

/* "call of paul accepted": what the telephony layer reports of the newest call. "calls of paul
 * busy": of every call from now on ("none": they ring). */
static void call_reports(struct scenario *scenario, int first)
{
    const char *slug = word_at(scenario, first + 2);
    enum attempt_answer answer = answer_of(scenario, word_at(scenario, first + 3));
    if (word_is(scenario, first, "calls")) {
        person_state(scenario, slug)->line = answer;
        return;
    }
    const struct box_sent *sent = newest_sent(scenario, slug, PATH_CALL);
    if (sent == NULL) {
        scenario_wrong(scenario, "%s was not called", slug);
    }
    struct command *command = box_command(COMMAND_CALL_OUTCOME, 0);
    command->request.call.attempt = sent->attempt;
    command->request.call.answer = answer;
    scenario_command(scenario, command);
}

/* ---- the desk ---- */

/* `desk cancels "false alarm" by Lucie`, "desk reports paul accepts", "desk splits 2 as second". */
static void desk_acts(struct scenario *scenario, int first)
{
    struct command *command = box_command(COMMAND_DESK_VERB, scenario->customer_id);
    struct desk_request *request = &command->request.desk;
    const char *word = word_at(scenario, first + 1);
    const char *what = word_at(scenario, first + 2);
    const char *by = option(scenario, "by");
    if (!desk_statement_verb(word, &request->verb)) {
        scenario_wrong(scenario, "the desk cannot: %s", word);
    }
    request->operator_name = arena_text(command->arena, by == NULL ? "Lucie" : by);
    command->escalation_id = current_escalation(scenario);
    if (request->verb == DESK_CANCEL || request->verb == DESK_NOTE) {
        request->text = arena_text(command->arena, what);
    } else if (request->verb == DESK_SEVERITY) {
        request->severity = severity_of(scenario, what);
    } else if (request->verb == DESK_ON_BEHALF) {
        request->agent = arena_text(command->arena, what);
        request->agent_verb = agent_statement_verb(word_at(scenario, first + 3));
        request->eta_ms = eta_ms(scenario);
    } else if (request->verb == DESK_ASSIGN) {
        request->agent = arena_text(command->arena, what);
        request->role = word_is(scenario, first + 3, "member") ? OFFER_AS_MEMBER : OFFER_AS_HOLDER;
        request->stays = has_option(scenario, "stays");
    } else {
        request->caller = (int)strtol(what, NULL, 10);
    }
    bool split = request->verb == DESK_SPLIT;
    char name[SLUG_BYTES_MAX] = "";
    if (option(scenario, "as") != NULL) {
        (void)text_copy(name, sizeof name, option(scenario, "as"));
    }
    scenario_command(scenario, command);
    if (split) {
        remember(scenario, name);
    }
}

/* ---- providers, phones, machines ---- */

static enum provider_mood mood_of(const struct scenario *scenario, const char *word)
{
    static const char *const moods[] = {"up", "down", "refusing", "silent", "uncertain", "delayed"};
    for (size_t i = 0; i < sizeof moods / sizeof moods[0]; i++) {
        if (strcmp(moods[i], word) == 0) {
            return (enum provider_mood)i;
        }
    }
    scenario_wrong(scenario, "no such behaviour: %s", word);
}

static bool outside_changes(struct scenario *scenario, int first)
{
    const char *what = word_at(scenario, first + 1);
    if (word_is(scenario, first, "provider")) {
        enum provider_mood mood = mood_of(scenario, word_at(scenario, first + 2));
        for (int platform = PLATFORM_APNS; platform <= PLATFORM_WEBPUSH; platform++) {
            if (strcmp(platform_word((enum platform)platform), what) == 0) {
                scenario->platforms[platform] = mood;
            }
        }
    } else if (word_is(scenario, first, "telephony")) {
        scenario->telephony = mood_of(scenario, what);
    } else if (word_is(scenario, first, "callbacks")) {
        scenario->callbacks = mood_of(scenario, what);
    } else if (word_is(scenario, first, "phone")) {
        /* "phone of paul off" */
        person_state(scenario, word_at(scenario, first + 2))->phone_off =
            word_is(scenario, first + 3, "off");
    } else {
        return false;
    }
    (void)scenario_settle(scenario);
    return true;
}

static bool machine_acts(struct scenario *scenario, int first)
{
    struct box *box = scenario->box;
    long long ms = 0;
    if (word_is(scenario, first, "crash")) {
        box_crash(box);
    } else if (word_is(scenario, first, "reboot")) {
        /* "reboot takes 90s" */
        if (!parse_time(word_at(scenario, first + 2), &ms)) {
            scenario_wrong(scenario, "\"reboot takes\" wants a time such as 90s");
        }
        box_reboot(box, ms);
    } else if (word_is(scenario, first, "power")) {
        /* "power fails for 5s" */
        if (!parse_time(word_at(scenario, first + 3), &ms)) {
            scenario_wrong(scenario, "\"power fails for\" wants a time such as 5s");
        }
        box->crash_loss = DISK_KEEPS_SYNCED;
        box_reboot(box, ms);
        box->crash_loss = DISK_KEEPS_ALL;
    } else if (word_is(scenario, first, "disk")) {
        /* "disk full", "disk free" */
        disk_set_capacity(word_is(scenario, first + 1, "full") ? disk_used() : 0);
    } else if (word_is(scenario, first, "clock")) {
        /* "clock jumps 3600s", "clock jumps back 3600s": the wall clock alone */
        bool back = word_is(scenario, first + 2, "back");
        if (!parse_time(word_at(scenario, first + 2 + back), &ms)) {
            scenario_wrong(scenario, "\"clock jumps\" wants a time such as 3600s");
        }
        ms = back ? -ms : ms;
        box->wall_ms += ms;
        if (scenario->is_watched) {
            oracle_clock_stepped(scenario->oracle, ms);
        }
    } else if (word_is(scenario, first, "time")) {
        /* "time passes 120s" */
        if (!parse_time(word_at(scenario, first + 2), &ms)) {
            scenario_wrong(scenario, "\"time passes\" wants a time such as 120s");
        }
        scenario_advance(scenario, ms);
    } else if (word_is(scenario, first, "stalled")) {
        /* "stalled for 30s": the machine was frozen, nothing ran */
        if (!parse_time(word_at(scenario, first + 2), &ms)) {
            scenario_wrong(scenario, "\"stalled for\" wants a time such as 30s");
        }
        box_pass(box, ms);
    } else if (word_is(scenario, first, "suspended")) {
        /* "suspended for 30s": the machine slept, and its kernel says so */
        if (!parse_time(word_at(scenario, first + 2), &ms)) {
            scenario_wrong(scenario, "\"suspended for\" wants a time such as 30s");
        }
        box->suspended_ms += ms;
        box_pass(box, ms);
    } else {
        return false;
    }
    (void)scenario_settle(scenario);
    return true;
}

/* "about lift": the escalation that is spoken of from here on. */
static void turn_to(struct scenario *scenario, const char *name)
{
    for (size_t i = 0; i < scenario->escalations_count; i++) {
        if (strcmp(scenario->escalations[i].name, name) == 0) {
            scenario->current = i;
            return;
        }
    }
    scenario_wrong(scenario, "no escalation has this name: %s", name);
}

bool action_statement(struct scenario *scenario, int first)
{
    if (word_is(scenario, first, "escalate")) {
        escalate(scenario, first);
    } else if (word_is(scenario, first, "desk")) {
        desk_acts(scenario, first);
    } else if (word_is(scenario, first, "call") || word_is(scenario, first, "calls")) {
        call_reports(scenario, first);
    } else if (word_is(scenario, first, "about")) {
        turn_to(scenario, word_at(scenario, first + 1));
    } else {
        return outside_changes(scenario, first) || machine_acts(scenario, first) ||
               person_acts(scenario, first);
    }
    return true;
}
