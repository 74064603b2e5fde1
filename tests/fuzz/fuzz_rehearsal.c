/* A rehearsal that is taken is played within its bounds; a fault has a place.
 * fuzz links: rehearsal */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/rehearsal/rehearsal.h"

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

static enum status nobody(void *context, const char *definition,
                          const struct engine_calendar *calendar, const char *zone,
                          struct wall_time from, struct wall_time to, struct arena *arena,
                          struct engine_rota_interval **intervals_r, size_t *count_r,
                          struct error *error)
{
    (void)context, (void)calendar, (void)definition, (void)zone, (void)from, (void)to, (void)arena,
        (void)error;
    *intervals_r = NULL;
    *count_r = 0;
    return STATUS_OK;
}

static struct procedure_target targets[] = {{.kind = TARGET_AGENT, .name = "paul"},
                                            {.kind = TARGET_CONTACT, .name = "chief"}};
static struct procedure_step steps[] = {{targets, 2, VIA_PUSH | VIA_CALL, 20000, 60000, 2},
                                        {targets, 1, VIA_CALL, 0, 30000, 1}};

static const struct directory_customer *make_customer(struct directory_procedure *night)
{
    static const struct directory_device devices[] = {
        {.id = 3, .installation = "phone-1", .platform = PLATFORM_FCM, .live = true},
        {.id = 4, .installation = "phone-2", .platform = PLATFORM_APNS, .live = true}};
    static const struct directory_person agents[] = {{PERSON_AGENT, true, 1, "paul", "Paul",
                                                      "+33600000001", "fr", devices, 2, NULL, NULL,
                                                      0, NULL}};
    static const struct directory_person contacts[] = {{PERSON_CONTACT, true, 2, "chief", "Chief",
                                                        "+33600000002", "fr", NULL, 0, NULL, NULL,
                                                        0, NULL}};
    static struct directory_customer customer = {.id = 1,
                                                 .slug = "acme",
                                                 .time_zone = "Europe/Paris",
                                                 .language = "fr",
                                                 .default_procedure = "night",
                                                 .active = true,
                                                 .agents = agents,
                                                 .agents_count = 1,
                                                 .contacts = contacts,
                                                 .contacts_count = 1,
                                                 .procedures_count = 1};
    customer.procedures = night;
    return &customer;
}

static void play(const struct rehearsal_request *request, struct arena *arena)
{
    static const struct engine_rotas rotas = {.compile = nobody};
    struct rehearsal played;
    check(rehearsal_play(request, &rotas, arena, &played, NULL) == STATUS_OK);
    check(played.events_count <= REHEARSAL_EVENTS_MAX);
    check(played.ended_ms >= 0 && played.ended_ms <= request->span_ms);
    check((played.end == REHEARSAL_STOPPED) == (played.stopped_by != NULL));
    check(played.end != REHEARSAL_HELD || played.held_ms == played.ended_ms);
    for (size_t i = 1; i < played.entries_count; i++) {
        check(played.entries[i].when_ms >= played.entries[i - 1].when_ms);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct procedure procedure;
    procedure = *procedure_of_last_resort();
    (void)text_copy(procedure.slug, sizeof procedure.slug, "night");
    procedure.rounds = 2;
    procedure.steps = steps;
    procedure.steps_count = 2;
    static struct directory_procedure night = {.id = 1, .version = 1, .procedure = &procedure};
    const struct directory_customer *customer = make_customer(&night);
    struct error error = {.text = ""};
    json_t *json;
    if (json_parse((const char *)data, size, &json, &error) != STATUS_OK) {
        return 0;
    }
    struct arena *arena = arena_create(0);
    struct json_reader reader;
    struct rehearsal_request request;
    struct wall_time now = {INT64_C(1796000000000)};
    check(arena != NULL);
    json_reader_init(&reader, json, "", &error);
    check(rehearsal_read(&reader, customer, now, arena, &request) == STATUS_OK);
    if (json_reader_end(&reader) == STATUS_OK) {
        play(&request, arena);
    } else {
        check(error.text[0] != '\0');
    }
    arena_destroy(&arena);
    json_decref(json);
    return 0;
}
