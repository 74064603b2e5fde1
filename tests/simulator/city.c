/* city.c - customers, people, phones, rotas and procedures, and how they change. */
#include "tests/simulator/simulator.h"

#include <stdio.h>
#include <string.h>

#include "gateway/core/words.h"

static uint64_t draw(struct simulator *simulator, uint64_t limit)
{
    return box_draw(&simulator->city_random, limit);
}

/* A crash may come between: then the change is made or not. */
static bool configure(struct simulator *simulator, struct command *command)
{
    bool answered = ask(simulator, command);
    box_free(&command);
    return answered;
}

static void put_customer(struct simulator *simulator, struct customer *customer,
                         const char *procedure)
{
    struct command *command = box_command(COMMAND_PUT_CUSTOMER, 0);
    command->request.customer = (struct customer_request){
        .slug = customer->slug,
        .name = customer->slug,
        .time_zone = "Europe/Paris",
        .language = "fr",
        .alias = "Astreinte",
        .default_procedure = procedure,
        .active = true,
    };
    if (procedure == NULL) {
        recording_add(&simulator->recording, "customer %s", customer->slug);
        simulator->recording.customer_id++;
    }
    (void)configure(simulator, command);
    if (customer->id != 0) {
        return;
    }
    const struct directory *directory = engine_directory_acquire(simulator->box->engine);
    const struct directory_customer *found = directory_customer_by_slug(directory, customer->slug);
    customer->id = found == NULL ? 0 : found->id;
    engine_directory_release(simulator->box->engine, directory);
}

static void put_device(struct simulator *simulator, struct customer *customer, struct agent *agent)
{
    struct command *command = box_command(COMMAND_PUT_DEVICE, customer->id);
    unsigned number = (unsigned)draw(simulator, 3);
    command->request.device = (struct device_request){
        .agent_id = agent->id,
        .installation = arena_format(command->arena, "%s-%u", agent->slug, number),
        .platform = (enum platform)(PLATFORM_APNS + draw(simulator, 2)),
        .target = arena_format(command->arena, "target-%s-%u-%llu", agent->slug, number,
                               (unsigned long long)draw(simulator, 1000000)),
        .app_version = "1",
        .permission = "granted",
        .battery_percent = -1,
    };
    recording_for(&simulator->recording, simulator->box, customer->id);
    recording_look(&simulator->recording, simulator->box);
    recording_add(&simulator->recording, "device %s %s %s %s", agent->slug,
                  platform_word(command->request.device.platform),
                  command->request.device.installation, command->request.device.target);
    (void)configure(simulator, command);
}

/* ---- numbers ---- */

#define DEAD_DIGIT '9'

bool number_is_dead(const char *number)
{
    size_t length = strlen(number);
    return length > 0 && number[length - 1] == DEAD_DIGIT;
}

static void draw_numbers(struct simulator *simulator, struct agent *person, int customer, int place)
{
    for (int i = 0; i < NUMBERS; i++) {
        (void)snprintf(person->numbers[i], sizeof person->numbers[i], "+336%d%d%d0000%c", customer,
                       place, i, draw(simulator, 3) == 0 ? DEAD_DIGIT : '1');
    }
}

/* None to three of those that they ever have, in an order of today. */
static void put_person(struct simulator *simulator, struct customer *customer, struct agent *person,
                       enum person_kind kind)
{
    static const size_t counts[] = {0, 1, 1, 2, 2, 3, 3};
    struct command *command = box_command(COMMAND_PUT_PERSON, customer->id);
    struct person_request *request = &command->request.person;
    size_t count = counts[draw(simulator, sizeof counts / sizeof counts[0])];
    size_t first = draw(simulator, NUMBERS);
    char words[NUMBERS * PERSON_PHONE_BYTES_MAX] = "";
    *request = (struct person_request){
        .kind = kind,
        .slug = person->slug,
        .name = person->slug,
        .phone = "",
        .language = "fr",
        .active = true,
    };
    for (size_t i = 0; i < count; i++) {
        const char *number = person->numbers[(first + i) % NUMBERS];
        size_t length = strlen(words);
        (void)snprintf(words + length, sizeof words - length, " %s", number);
        if (i == 0) {
            request->phone = number;
        } else {
            request->further[request->further_count++].phone = number;
        }
    }
    recording_add(&simulator->recording, "%s %s%s", kind == PERSON_AGENT ? "agent" : "contact",
                  person->slug, words);
    (void)configure(simulator, command);
}

/* Somebody has another number, or has them called in another order. */
static void renumber(struct simulator *simulator, struct customer *customer)
{
    uint64_t who = draw(simulator, AGENTS + 1);
    recording_for(&simulator->recording, simulator->box, customer->id);
    recording_look(&simulator->recording, simulator->box);
    if (who < AGENTS) {
        put_person(simulator, customer, &customer->agents[who], PERSON_AGENT);
    } else {
        put_person(simulator, customer, &customer->director, PERSON_CONTACT);
    }
}

static void put_agent(struct simulator *simulator, struct customer *customer, struct agent *agent)
{
    put_person(simulator, customer, agent, PERSON_AGENT);
    const struct directory *directory = engine_directory_acquire(simulator->box->engine);
    const struct directory_customer *found = directory_customer(directory, customer->id);
    const struct directory_person *person =
        found == NULL ? NULL : directory_agent_by_slug(found, agent->slug);
    agent->id = person == NULL ? 0 : person->id;
    engine_directory_release(simulator->box->engine, directory);
}

static void put_definition(struct simulator *simulator, const struct customer *customer,
                           enum command_type type, const char *slug, const char *text)
{
    struct command *command = box_command(type, customer->id);
    command->request.definition.slug = arena_text(command->arena, slug);
    command->request.definition.definition = arena_text(command->arena, text);
    (void)configure(simulator, command);
}

/* Puts a rota that is known in the words of a scenario; who has the first turns is remembered. */
static void put_words(struct simulator *simulator, struct customer *customer, const char *role,
                      const char *words, const char *text)
{
    recording_add(&simulator->recording, "rota %s %s", role, words);
    put_definition(simulator, customer, COMMAND_PUT_ROTA, role, text);
    if (strcmp(role, "primary") == 0) {
        customer->before = customer->now;
        (void)snprintf(customer->now.words, sizeof customer->now.words, "%s", words);
        (void)snprintf(customer->now.text, sizeof customer->now.text, "%s", text);
    }
}

/* A real one, handed over each day at a time when clocks change or near it. */
static void put_daily_rota(struct simulator *simulator, struct customer *customer, const char *role,
                           const char *one, const char *other)
{
    static const char *const times[] = {"00:30", "01:59", "02:00", "02:30", "03:00", "03:30"};
    const char *at = times[draw(simulator, sizeof times / sizeof times[0])];
    char text[512];
    (void)snprintf(text, sizeof text,
                   "{\"layers\":[{\"turn\":\"daily\",\"starts_on\":\"2026-01-01\","
                   "\"hand_over\":{\"time\":\"%s\"},\"participants\":[\"%s\",\"%s\"]}]}",
                   at, one, other);
    char words[CITY_WORDS_BYTES];
    (void)snprintf(words, sizeof words, "daily %s %s %s", at, one, other);
    put_words(simulator, customer, role, words, text);
}

/* Somebody who takes up a shift that begins at night does so at about this time, UTC. */
#define NIGHT_SHIFTS_MS (25 * HOUR_MS + HOUR_MS / 2)
#define NIGHTS_AHEAD    3

/* Half of those who are on call next take it up with a phone, some too early or too late. */
static void take_up(struct simulator *simulator, const struct customer *customer, const char *slug,
                    int64_t from_ms)
{
    int64_t at_ms = from_ms + draw_ms(&simulator->city_random, -90 * MINUTE_MS, 10 * MINUTE_MS);
    bool does = draw(simulator, 2) == 0 && at_ms > simulator->box->elapsed_ms;
    uint64_t random = draw(simulator, 0);
    for (int a = 0; a < AGENTS && does; a++) {
        if (strcmp(customer->agents[a].slug, slug) == 0) {
            follow(simulator,
                   (struct happening){.kind = SOMEBODY_CHECKS,
                                      .random = random,
                                      .customer = (int)(customer - simulator->customers),
                                      .person = customer->agents[a].id},
                   at_ms - simulator->box->elapsed_ms);
        }
    }
}

static void take_up_nights(struct simulator *simulator, const struct customer *customer,
                           const char *one, const char *other)
{
    int64_t today_ms = simulator->box->elapsed_ms / DAY_MS * DAY_MS;
    for (int night = 0; night < NIGHTS_AHEAD; night++) {
        /* A week begins at 22:00 UTC. */
        int64_t from_ms = today_ms + night * DAY_MS + NIGHT_SHIFTS_MS - 22 * HOUR_MS;
        take_up(simulator, customer, one, from_ms);
        take_up(simulator, customer, other, from_ms);
    }
}

/* A swap is often thought better of: the rota is as it was before. */
static void take_back(struct simulator *simulator, struct customer *customer)
{
    struct city_rota before = customer->before;
    recording_for(&simulator->recording, simulator->box, customer->id);
    recording_look(&simulator->recording, simulator->box);
    if (before.text[0] != '\0') {
        put_words(simulator, customer, "primary", before.words, before.text);
    }
}

static void put_rota(struct simulator *simulator, struct customer *customer, const char *role)
{
    char text[256];
    uint64_t who = draw(simulator, AGENTS);
    const char *one = customer->agents[who].slug;
    const char *other = customer->agents[(who + 1 + draw(simulator, AGENTS - 1)) % AGENTS].slug;
    recording_for(&simulator->recording, simulator->box, customer->id);
    recording_look(&simulator->recording, simulator->box);
    if (draw(simulator, 2) == 0) {
        put_daily_rota(simulator, customer, role, one, other);
        take_up_nights(simulator, customer, one, other);
        return;
    }
    int64_t until_s = simulator->box->elapsed_ms / 1000 + 60 + (int64_t)draw(simulator, 3600);
    (void)snprintf(text, sizeof text, "[\"%s\",\"@%lld\",\"%s\"]", one, (long long)until_s, other);
    char words[CITY_WORDS_BYTES];
    (void)snprintf(words, sizeof words, "%s until %llds %s", one, (long long)until_s, other);
    put_words(simulator, customer, role, words, text);
    take_up(simulator, customer, other, until_s * SECOND_MS);
}

/* What its two steps and its end have that others have not. */
struct night {
    int rounds;
    int spacing_s;
    int progress_s;
    bool doubtful_calls_too;
    int offer_s;
    bool offers_at_shift_end;
    int received_s;
    int accepted_s[2];
    int acceptances[2];
    const char *by[2];
    const char *agent;
};

static void record_procedure(struct simulator *simulator, const struct customer *customer,
                             const struct night *night)
{
    struct recording *recording = &simulator->recording;
    recording_for(recording, simulator->box, customer->id);
    recording_look(recording, simulator->box);
    recording_add(recording,
                  "procedure night rounds %d round_spacing_s %d progress_within_s %d "
                  "offer_within_s %d offer_at_shift_end %s doubtful_calls_too %s",
                  night->rounds, night->spacing_s, night->progress_s, night->offer_s,
                  night->offers_at_shift_end ? "true" : "false",
                  night->doubtful_calls_too ? "true" : "false");
    recording_add(recording,
                  "step notify on_call primary by %s received %d accepted %d acceptances %d",
                  night->by[0], night->received_s, night->accepted_s[0], night->acceptances[0]);
    recording_add(recording, "step notify on_call backup agent %s by %s accepted %d acceptances %d",
                  night->agent, night->by[1], night->accepted_s[1], night->acceptances[1]);
    recording_add(recording, "exhausted callback desk\nexhausted agent %s\nexhausted contact %s",
                  customer->agents[0].slug, customer->director.slug);
}

static const char *quoted(const char *by)
{
    return strcmp(by, "push") == 0   ? "\"push\""
           : strcmp(by, "call") == 0 ? "\"call\""
                                     : "\"push\",\"call\"";
}

static void put_procedure(struct simulator *simulator, struct customer *customer)
{
    static const char *const by[] = {"push", "call", "push call"};
    char text[1024];
    struct night night = {
        .rounds = 1 + (int)draw(simulator, 3),
        .spacing_s = 60 + (int)draw(simulator, 180),
        .progress_s = 300 + (int)draw(simulator, 1800),
        .doubtful_calls_too = draw(simulator, 4) > 0,
        .offer_s = 60 + (int)draw(simulator, 600),
        .offers_at_shift_end = draw(simulator, 2) == 0,
        .received_s = 5 + (int)draw(simulator, 20),
        .accepted_s = {30 + (int)draw(simulator, 60), 30 + (int)draw(simulator, 60)},
        .acceptances = {1 + (draw(simulator, 3) == 0), 1 + (draw(simulator, 4) == 0)},
        .by = {by[draw(simulator, 3)], by[draw(simulator, 3)]},
        .agent = customer->agents[draw(simulator, AGENTS)].slug,
    };
    record_procedure(simulator, customer, &night);
    (void)snprintf(
        text, sizeof text,
        "{\"rounds\":%d,\"round_spacing_s\":%d,\"progress_within_s\":%d,"
        "\"offer_within_s\":%d,\"offer_at_shift_end\":%s,\"doubtful_calls_too\":%s,\"steps\":["
        "{\"notify\":[{\"on_call\":\"primary\"}],\"by\":[%s],\"received_within_s\":%d,"
        "\"accepted_within_s\":%d,\"acceptances\":%d},{\"notify\":[{\"on_call\":\"backup\"},"
        "{\"agent\":\"%s\"}],\"by\":[%s],\"accepted_within_s\":%d,\"acceptances\":%d}],"
        "\"exhausted\":[{\"callback\":\"desk\"},"
        "{\"agent\":\"%s\"},{\"contact\":\"%s\"}]}",
        night.rounds, night.spacing_s, night.progress_s, night.offer_s,
        night.offers_at_shift_end ? "true" : "false", night.doubtful_calls_too ? "true" : "false",
        quoted(night.by[0]), night.received_s, night.accepted_s[0], night.acceptances[0],
        night.agent, quoted(night.by[1]), night.accepted_s[1], night.acceptances[1],
        customer->agents[0].slug, customer->director.slug);
    put_definition(simulator, customer, COMMAND_PUT_PROCEDURE, "night", text);
    put_customer(simulator, customer, "night");
}

/* ---- prise de poste ---- */

#define CHECK_IN_OPENS_S 3600

/* What runs when a check-in is missing: its agent, then whoever else may know. */
static void put_check_in_procedure(struct simulator *simulator, struct customer *customer)
{
    char text[1024];
    int accepted_s = 30 + (int)draw(simulator, 60);
    recording_for(&simulator->recording, simulator->box, customer->id);
    recording_look(&simulator->recording, simulator->box);
    recording_add(&simulator->recording, "procedure poste rounds 2");
    recording_add(&simulator->recording, "step notify check_in agent by push call accepted %d",
                  accepted_s);
    recording_add(&simulator->recording, "step notify on_call backup by push call accepted %d",
                  accepted_s);
    recording_add(&simulator->recording, "exhausted callback desk");
    (void)snprintf(text, sizeof text,
                   "{\"rounds\":2,\"steps\":[{\"notify\":[{\"check_in\":\"agent\"}],"
                   "\"by\":[\"push\",\"call\"],\"accepted_within_s\":%d},"
                   "{\"notify\":[{\"on_call\":\"backup\"}],\"by\":[\"push\",\"call\"],"
                   "\"accepted_within_s\":%d}],\"exhausted\":[{\"callback\":\"desk\"}]}",
                   accepted_s, accepted_s);
    put_definition(simulator, customer, COMMAND_PUT_PROCEDURE, "poste", text);
    put_customer(simulator, customer, "poste"); /* as a scenario does; its own comes behind it */
}

static void put_check_in_plan(struct simulator *simulator, const struct customer *customer)
{
    struct command *command = box_command(COMMAND_PUT_CHECK_IN_PLAN, customer->id);
    int64_t remind_s = 60 + (int64_t)draw(simulator, 1740);
    command->request.check_in_plan = (struct check_in_plan_request){
        .rota = "primary",
        .opens_before_s = CHECK_IN_OPENS_S,
        .remind_before_s = remind_s,
        .procedure = "poste",
        .severity = SEVERITY_MAJOR,
    };
    recording_for(&simulator->recording, simulator->box, customer->id);
    recording_look(&simulator->recording, simulator->box);
    recording_add(&simulator->recording, "check_in primary procedure poste opens %d reminds %lld",
                  CHECK_IN_OPENS_S, (long long)remind_s);
    (void)configure(simulator, command);
}

/* Not all have somebody in reserve for agents who are busy. */
static bool has_reserve(int customer)
{
    return customer != 0;
}

void city_build(struct simulator *simulator, uint64_t random)
{
    simulator->city_random = random;
    for (int c = 0; c < CUSTOMERS; c++) {
        struct customer *customer = &simulator->customers[c];
        (void)snprintf(customer->slug, sizeof customer->slug, "customer-%d", c);
        put_customer(simulator, customer, NULL);
        for (int a = 0; a < AGENTS; a++) {
            struct agent *agent = &customer->agents[a];
            (void)snprintf(agent->slug, sizeof agent->slug, "agent-%d-%d", c, a);
            draw_numbers(simulator, agent, c, a);
            put_agent(simulator, customer, agent);
            put_device(simulator, customer, agent);
        }
        (void)snprintf(customer->director.slug, sizeof customer->director.slug, "director-%d", c);
        draw_numbers(simulator, &customer->director, c, AGENTS);
        put_person(simulator, customer, &customer->director, PERSON_CONTACT);
        put_rota(simulator, customer, "primary");
        put_rota(simulator, customer, "backup");
        if (has_reserve(c)) {
            put_rota(simulator, customer, "renfort");
        }
        put_check_in_procedure(simulator, customer);
        put_procedure(simulator, customer);
        put_check_in_plan(simulator, customer);
    }
}

/* One of them changes; that of those who are called first maybe not for long. */
static void swap_a_rota(struct simulator *simulator, int customer)
{
    bool primary = draw(simulator, 2) == 0;
    bool reserve = !primary && has_reserve(customer) && draw(simulator, 3) == 0;
    put_rota(simulator, &simulator->customers[customer],
             primary   ? "primary"
             : reserve ? "renfort"
                       : "backup");
    if (primary && draw(simulator, 2) == 0) {
        follow(
            simulator,
            (struct happening){.kind = CITY_CHANGES, .customer = customer, .what = CITY_TAKES_BACK},
            draw_ms(&simulator->city_random, MINUTE_MS, HOUR_MS));
    }
}

void city_change(struct simulator *simulator, struct happening *happening)
{
    simulator->city_random = happening->random;
    if (happening->what == CITY_TAKES_BACK) {
        take_back(simulator, &simulator->customers[happening->customer]);
        return;
    }
    if (happening->what == CITY_SWAPS_DUTY) {
        swap_a_rota(simulator, happening->customer);
        return;
    }
    int number = (int)draw(simulator, CUSTOMERS);
    struct customer *customer = &simulator->customers[number];
    switch (draw(simulator, 5)) {
    case 0:
        swap_a_rota(simulator, number);
        break;
    case 1:
        put_procedure(simulator, customer);
        break;
    case 2:
        renumber(simulator, customer);
        break;
    default:
        put_device(simulator, customer, &customer->agents[draw(simulator, AGENTS)]);
        break;
    }
}

void somebody_renumbers(struct simulator *simulator, struct happening *happening)
{
    simulator->city_random = happening->random;
    renumber(simulator, &simulator->customers[happening->customer]);
}

void phone_registers(struct simulator *simulator, struct happening *happening)
{
    const struct box_sent *sent = &simulator->box->sent[happening->sent];
    simulator->city_random = happening->random;
    for (int c = 0; c < CUSTOMERS; c++) {
        struct customer *customer = &simulator->customers[c];
        for (int a = 0; a < AGENTS && customer->id == sent->customer_id; a++) {
            if (customer->agents[a].id == sent->person_id) {
                put_device(simulator, customer, &customer->agents[a]);
                return;
            }
        }
    }
}
