/* setup.c - the customer, its people, rotas and procedures; also as they change during the night.
 */
#include "tests/scenario/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/text.h"

struct person_state *person_state(struct scenario *scenario, const char *slug)
{
    for (size_t i = 0; i < scenario->persons_count; i++) {
        if (strcmp(scenario->persons[i].slug, slug) == 0) {
            return &scenario->persons[i];
        }
    }
    if (scenario->persons_count == PERSONS_MAX) {
        scenario_wrong(scenario, "more than %d people", PERSONS_MAX);
    }
    struct person_state *state = &scenario->persons[scenario->persons_count++];
    *state = (struct person_state){.line = ANSWER_NONE};
    (void)text_copy(state->slug, sizeof state->slug, slug);
    return state;
}

int64_t agent_id(struct scenario *scenario, const char *slug)
{
    const struct directory *directory = engine_directory_acquire(scenario->box->engine);
    const struct directory_customer *customer =
        directory_customer(directory, scenario->customer_id);
    const struct directory_person *agent =
        customer == NULL ? NULL : directory_agent_by_slug(customer, slug);
    int64_t id = agent == NULL ? 0 : agent->id;
    engine_directory_release(scenario->box->engine, directory);
    return id;
}

/* Setup must succeed: a scenario that begins wrong shows nothing. */
static void must(struct scenario *scenario, struct command *command)
{
    scenario_command(scenario, command);
    if (scenario->answer != STATUS_OK && !scenario->is_watched) {
        scenario_wrong(scenario, "refused: %s: %s", status_slug(scenario->answer), scenario->body);
    }
}

static void put_customer(struct scenario *scenario, const char *default_procedure)
{
    struct command *command = box_command(COMMAND_PUT_CUSTOMER, 0);
    command->request.customer = (struct customer_request){
        .slug = arena_text(command->arena, scenario->customer),
        .name = arena_text(command->arena, scenario->customer),
        .time_zone = "Europe/Paris",
        .language = "fr",
        .alias = "Astreinte",
        .default_procedure = arena_text(command->arena, default_procedure),
        .active = true,
    };
    must(scenario, command);
    if (scenario->box->crashed) {
        return;
    }
    const struct directory *directory = engine_directory_acquire(scenario->box->engine);
    const struct directory_customer *customer =
        directory_customer_by_slug(directory, scenario->customer);
    scenario->customer_id = customer == NULL ? 0 : customer->id;
    engine_directory_release(scenario->box->engine, directory);
}

static void remember_customer(struct scenario *scenario)
{
    if (scenario->customers_count < CUSTOMERS_NAMED_MAX) {
        struct named_customer *named = &scenario->customers[scenario->customers_count++];
        named->id = scenario->customer_id;
        (void)text_copy(named->slug, sizeof named->slug, scenario->customer);
    }
}

static void put_device(struct scenario *scenario, const char *agent, const char *platform,
                       const char *installation, const char *target)
{
    struct command *command = box_command(COMMAND_PUT_DEVICE, scenario->customer_id);
    struct device_request *request = &command->request.device;
    *request = (struct device_request){
        .agent_id = agent_id(scenario, agent),
        .installation = arena_text(command->arena, installation),
        .target = arena_text(command->arena, target),
        .app_version = "1",
        .permission = "granted",
        .battery_percent = -1,
    };
    request->platform = strcmp(platform, "apns") == 0  ? PLATFORM_APNS
                        : strcmp(platform, "fcm") == 0 ? PLATFORM_FCM
                                                       : PLATFORM_WEBPUSH;
    must(scenario, command);
}

static void put_numbered_device(struct scenario *scenario, const char *agent, const char *platform,
                                int number)
{
    char installation[160], target[176];
    (void)snprintf(installation, sizeof installation, "%s-%s-%d", agent, platform, number);
    (void)snprintf(target, sizeof target, "target-%s", installation);
    put_device(scenario, agent, platform, installation, target);
}

static bool is_platform(const char *word)
{
    return strcmp(word, "apns") == 0 || strcmp(word, "fcm") == 0 || strcmp(word, "webpush") == 0;
}

static void add_number(struct scenario *scenario, struct person_request *request,
                       const char *number)
{
    if (request->phone[0] == '\0') {
        request->phone = number;
    } else if (request->further_count < PHONES_OF_PERSON_MAX - 1) {
        request->further[request->further_count++] = (struct directory_phone){.phone = number};
    } else {
        scenario_wrong(scenario, "more than %d numbers", PHONES_OF_PERSON_MAX);
    }
}

/* "agent paul +336… +336… apns fcm [inactive]", "contact director +336…". */
static void put_person(struct scenario *scenario, enum person_kind kind)
{
    struct command *command = box_command(COMMAND_PUT_PERSON, scenario->customer_id);
    struct person_request *request = &command->request.person;
    const char *slug = word_at(scenario, 1);
    *request = (struct person_request){
        .kind = kind,
        .slug = arena_text(command->arena, slug),
        .name = arena_text(command->arena, slug),
        .language = "fr",
        .phone = "",
        .active = true,
    };
    for (int i = 2; i < scenario->words.count; i++) {
        if (word_at(scenario, i)[0] == '+') {
            add_number(scenario, request, arena_text(command->arena, word_at(scenario, i)));
        } else if (word_is(scenario, i, "inactive")) {
            request->active = false;
        } else if (!is_platform(word_at(scenario, i))) {
            scenario_wrong(scenario, "not understood: %s", word_at(scenario, i));
        }
    }
    (void)person_state(scenario, slug);
    must(scenario, command);
    for (int i = 2; i < scenario->words.count; i++) {
        if (is_platform(word_at(scenario, i))) {
            put_numbered_device(scenario, slug, word_at(scenario, i), i);
        }
    }
}

static struct command *definition(struct scenario *scenario, enum command_type type,
                                  const char *slug, const char *text)
{
    struct command *command = box_command(type, scenario->customer_id);
    command->request.definition.slug = arena_text(command->arena, slug);
    command->request.definition.definition = arena_text(command->arena, text);
    return command;
}

/* "rota primary daily 02:30 paul marie": by turns, handed over at this time in Paris. */
static void put_daily_rota(struct scenario *scenario)
{
    char text[512];
    (void)snprintf(text, sizeof text,
                   "{\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2026-01-01\","
                   "\"hand_over\":{\"time\":\"%s\"},\"participants\":[\"%s\",\"%s\"]}]}",
                   word_at(scenario, 3), word_at(scenario, 4), word_at(scenario, 5));
    must(scenario, definition(scenario, COMMAND_PUT_ROTA, word_at(scenario, 1), text));
}

/* "rota primary paul until 10:00 marie". */
static void put_rota(struct scenario *scenario)
{
    if (word_is(scenario, 2, "daily")) {
        put_daily_rota(scenario);
        return;
    }
    char text[512] = "[";
    size_t used = 1;
    const char *slug = word_at(scenario, 1);
    for (int i = 2; i < scenario->words.count; i++) {
        long long at_ms;
        if (word_is(scenario, i, "until") && parse_time(word_at(scenario, i + 1), &at_ms)) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s\"@%lld\"",
                                     used > 1 ? "," : "", at_ms / 1000);
            i++;
        } else {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s\"%s\"",
                                     used > 1 ? "," : "", word_at(scenario, i));
        }
    }
    (void)snprintf(text + used, sizeof text - used, "]");
    must(scenario, definition(scenario, COMMAND_PUT_ROTA, slug, text));
}

/* "check_in primary procedure poste opens 3600 reminds 600". */
static void put_check_in_plan(struct scenario *scenario)
{
    struct command *command = box_command(COMMAND_PUT_CHECK_IN_PLAN, scenario->customer_id);
    command->request.check_in_plan = (struct check_in_plan_request){
        .rota = arena_text(command->arena, word_at(scenario, 1)),
        .opens_before_s = strtoll(word_at(scenario, 5), NULL, 10),
        .remind_before_s = strtoll(word_at(scenario, 7), NULL, 10),
        .procedure = arena_text(command->arena, word_at(scenario, 3)),
        .severity = SEVERITY_MAJOR,
    };
    must(scenario, command);
}

/* ---- procedures, step by step ---- */

static void append(struct scenario *scenario, char *text, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void append(struct scenario *scenario, char *text, const char *format, ...)
{
    va_list arguments;
    size_t used = strlen(text);
    va_start(arguments, format);
    int bytes = vsnprintf(text + used, DEFINITION_BYTES - used, format, arguments);
    va_end(arguments);
    if (bytes < 0 || used + (size_t)bytes >= DEFINITION_BYTES) {
        scenario_wrong(scenario, "the procedure is too long");
    }
}

/* "procedure night rounds 2 round_spacing_s 60": numbers as the API names them. */
static void begin_procedure(struct scenario *scenario)
{
    setup_finish_procedure(scenario);
    (void)text_copy(scenario->procedure, sizeof scenario->procedure, word_at(scenario, 1));
    (void)text_copy(scenario->definition, sizeof scenario->definition, "{");
    scenario->procedure_line = scenario->line;
    scenario->exhausted[0] = '\0';
    scenario->steps = 0;
    for (int i = 2; i + 1 < scenario->words.count; i += 2) {
        append(scenario, scenario->definition, "\"%s\":%s,", word_at(scenario, i),
               word_at(scenario, i + 1));
    }
    append(scenario, scenario->definition, "\"steps\":[");
}

/* "step notify on_call primary agent marie by push call received 20 accepted 60". */
static void add_step(struct scenario *scenario)
{
    char *text = scenario->definition;
    append(scenario, text, "%s{\"notify\":[", scenario->steps++ > 0 ? "," : "");
    int i = 2;
    for (; i + 1 < scenario->words.count && !word_is(scenario, i, "by"); i += 2) {
        append(scenario, text, "%s{\"%s\":\"%s\"}", i > 2 ? "," : "", word_at(scenario, i),
               word_at(scenario, i + 1));
    }
    append(scenario, text, "],\"by\":[");
    int first = ++i;
    for (; word_is(scenario, i, "push") || word_is(scenario, i, "call"); i++) {
        append(scenario, text, "%s\"%s\"", i > first ? "," : "", word_at(scenario, i));
    }
    append(scenario, text, "]");
    if (option(scenario, "received") != NULL) {
        append(scenario, text, ",\"received_within_s\":%s", option(scenario, "received"));
    }
    const char *accepted = option(scenario, "accepted");
    append(scenario, text, ",\"accepted_within_s\":%s", accepted != NULL ? accepted : "60");
    if (option(scenario, "acceptances") != NULL) {
        append(scenario, text, ",\"acceptances\":%s", option(scenario, "acceptances"));
    }
    append(scenario, text, "}");
}

/* "exhausted callback desk", "exhausted contact director by call". */
static void add_exhausted(struct scenario *scenario)
{
    char *text = scenario->exhausted;
    append(scenario, text, "%s{\"%s\":\"%s\"", text[0] != '\0' ? "," : "", word_at(scenario, 1),
           word_at(scenario, 2));
    if (word_is(scenario, 3, "by")) {
        append(scenario, text, ",\"by\":[\"%s\"]", word_at(scenario, 4));
    }
    append(scenario, text, "}");
}

void setup_finish_procedure(struct scenario *scenario)
{
    if (scenario->procedure[0] == '\0') {
        return;
    }
    append(scenario, scenario->definition, "]");
    if (scenario->exhausted[0] != '\0') {
        append(scenario, scenario->definition, ",\"exhausted\":[%s]", scenario->exhausted);
    }
    append(scenario, scenario->definition, "}");
    char slug[SLUG_BYTES_MAX];
    (void)text_copy(slug, sizeof slug, scenario->procedure);
    scenario->procedure[0] = '\0';
    int line = scenario->line; /* of the statement behind it, which is not to blame */
    scenario->line = scenario->procedure_line;
    must(scenario, definition(scenario, COMMAND_PUT_PROCEDURE, slug, scenario->definition));
    put_customer(scenario, slug);
    scenario->line = line;
}

bool setup_statement(struct scenario *scenario)
{
    if (word_is(scenario, 0, "step")) {
        add_step(scenario);
    } else if (word_is(scenario, 0, "exhausted")) {
        add_exhausted(scenario);
    } else if (word_is(scenario, 0, "procedure")) {
        begin_procedure(scenario);
    } else if (word_is(scenario, 0, "customer")) {
        setup_finish_procedure(scenario);
        (void)text_copy(scenario->customer, sizeof scenario->customer, word_at(scenario, 1));
        put_customer(scenario, NULL);
        remember_customer(scenario);
    } else if (word_is(scenario, 0, "agent") || word_is(scenario, 0, "contact")) {
        setup_finish_procedure(scenario);
        put_person(scenario, word_is(scenario, 0, "agent") ? PERSON_AGENT : PERSON_CONTACT);
    } else if (word_is(scenario, 0, "device")) {
        setup_finish_procedure(scenario);
        put_device(scenario, word_at(scenario, 1), word_at(scenario, 2), word_at(scenario, 3),
                   word_at(scenario, 4));
    } else if (word_is(scenario, 0, "rota")) {
        setup_finish_procedure(scenario);
        put_rota(scenario);
    } else if (word_is(scenario, 0, "check_in")) {
        setup_finish_procedure(scenario);
        put_check_in_plan(scenario);
    } else if (word_is(scenario, 0, "trunk")) {
        setup_finish_procedure(scenario);
        /* How many calls at once: read when the gateway starts. */
        scenario->box->calls_max = (size_t)strtoul(word_at(scenario, 1), NULL, 10);
        box_crash(scenario->box);
    } else {
        return false;
    }
    return true;
}
