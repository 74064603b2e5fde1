/* rehearsal_read.c - what is asked for, out of its JSON form. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/rehearsal/rehearsal.h"
#include "gateway/rota/moment.h"

#define SECOND_MS          INT64_C(1000)
#define DAY_MS             INT64_C(86400000)
#define POINTER_BYTES_MAX  64
#define RECEIVED_AFTER_S   1
#define ANSWERED_AFTER_S   30
#define INSTALLATION_BYTES 128
#define ZONE_BYTES_MAX     ((size_t)1 << 20)

static const char *const conduct_words[] = {"silent", "dead", "accepts", "declines", "busy", NULL};
static const char *const service_names[SERVICES_COUNT] = {"apns", "fcm", "webpush", "telephony"};
static const char *const service_words[] = {"up", "down", "refuses", NULL};
static const char *const language_words[] = {"en", "fr", NULL};

const char *conduct_word(enum conduct conduct)
{
    return conduct_words[conduct];
}

static unsigned read_paths(struct json_reader *reader)
{
    json_t *paths = json_take_array(reader, "by", false, 1, 2);
    unsigned via = 0;
    for (size_t i = 0; i < json_array_size(paths); i++) {
        const char *word = json_string_value(json_array_get(paths, i));
        if (word != NULL && strcmp(word, "push") == 0) {
            via |= VIA_PUSH;
        } else if (word != NULL && strcmp(word, "call") == 0) {
            via |= VIA_CALL;
        } else {
            json_reader_fault(reader, "by", "must hold \"push\", \"call\" or both");
        }
    }
    return via != 0 ? via : VIA_PUSH | VIA_CALL;
}

static void read_device(struct json_reader *reader, const struct directory_person *agent,
                        struct assumption *assumption)
{
    const char *installation = json_take_text(reader, "device", false, 1, INSTALLATION_BYTES);
    if (installation == NULL) {
        return;
    }
    if (agent == NULL) {
        json_reader_fault(reader, "device", "goes with \"agent\", whose device it is");
        return;
    }
    for (size_t i = 0; i < agent->devices_count; i++) {
        if (strcmp(agent->devices[i].installation, installation) == 0) {
            assumption->device_id = agent->devices[i].id;
        }
    }
    if (assumption->device_id == 0) {
        json_reader_fault(
            reader, "device",
            "is no installation of this agent: GET …/agents/{agent}/devices has them");
    }
    assumption->via &= VIA_PUSH; /* a device is not called */
    if (assumption->via == 0) {
        json_reader_fault(reader, "by", "must hold \"push\" for a device");
    }
}

/* Only of a person who has so many numbers now: an assumption about none would decide nothing. */
static void read_place(struct json_reader *reader, const struct directory_person *person,
                       struct assumption *assumption)
{
    assumption->place = (int)json_take_int(reader, "place", false, 1, PHONES_OF_PERSON_MAX, 0);
    if (assumption->place == 0) {
        return;
    }
    assumption->via &= VIA_CALL; /* a number gets no push */
    if (person == NULL) {
        json_reader_fault(reader, "place", "is for one agent or contact: name them");
    } else if (assumption->via == 0) {
        json_reader_fault(reader, "by", "must hold \"call\" for one of the numbers");
    } else if ((size_t)assumption->place > directory_phones_count(person)) {
        json_reader_fault(reader, "place", "the person has only %zu numbers",
                          directory_phones_count(person));
    }
}

static void read_who(struct json_reader *reader, const struct directory_customer *customer,
                     struct assumption *assumption)
{
    const char *agent = json_take_slug(reader, "agent", false);
    const char *contact = json_take_slug(reader, "contact", false);
    const struct directory_person *person = NULL;
    if (agent != NULL && contact != NULL) {
        json_reader_fault(reader, NULL,
                          "must name one of agent and contact, or neither: everybody");
        return;
    }
    if (agent != NULL) {
        person = directory_agent_by_slug(customer, agent);
    } else if (contact != NULL) {
        person = directory_contact_by_slug(customer, contact);
    }
    if ((agent != NULL || contact != NULL) && person == NULL) {
        json_reader_fault(reader, agent != NULL ? "agent" : "contact",
                          "is nobody of this customer: check the slug");
        return;
    }
    if (person != NULL) {
        assumption->kind = person->kind;
        assumption->person_id = person->id;
    }
    read_device(reader, agent != NULL ? person : NULL, assumption);
    read_place(reader, person, assumption);
}

static enum status read_assumption(json_t *json, size_t number,
                                   const struct directory_customer *customer,
                                   struct assumption *assumption, struct error *error)
{
    char pointer[POINTER_BYTES_MAX];
    struct json_reader reader;
    (void)snprintf(pointer, sizeof pointer, "/assume/%zu", number);
    json_reader_init(&reader, json, pointer, error);
    assumption->via = read_paths(&reader);
    read_who(&reader, customer, assumption);
    assumption->conduct =
        (enum conduct)json_take_word(&reader, "does", true, conduct_words, CONDUCT_SILENT);
    bool answers =
        assumption->conduct == CONDUCT_ACCEPTS || assumption->conduct == CONDUCT_DECLINES;
    assumption->has_after = json_reader_has(&reader, "after_s");
    assumption->after_ms = json_take_int(&reader, "after_s", false, 0, REHEARSAL_AFTER_S_MAX,
                                         answers ? ANSWERED_AFTER_S : 0) *
                           SECOND_MS;
    assumption->received_after_ms = json_take_int(&reader, "received_after_s", false, 0,
                                                  REHEARSAL_AFTER_S_MAX, RECEIVED_AFTER_S) *
                                    SECOND_MS;
    if (assumption->conduct == CONDUCT_BUSY && (assumption->via & VIA_CALL) == 0) {
        json_reader_fault(&reader, "does", "\"busy\" is for calls");
    } else if (assumption->conduct == CONDUCT_BUSY) {
        assumption->via = VIA_CALL;
    }
    return json_reader_end(&reader);
}

static enum status read_assumptions(struct json_reader *reader, struct arena *arena,
                                    struct rehearsal_request *request)
{
    json_t *list = json_take_array(reader, "assume", false, 0, REHEARSAL_ASSUMPTIONS_MAX);
    size_t count = json_array_size(list);
    struct assumption *assumptions = arena_alloc(arena, count * sizeof *assumptions);
    if (assumptions == NULL) {
        return error_set(reader->error, STATUS_NO_MEMORY, "no memory for the assumptions");
    }
    for (size_t i = 0; i < count && reader->status == STATUS_OK; i++) {
        /* The first fault is the reader's, wherever it lies. */
        reader->status = read_assumption(json_array_get(list, i), i, request->customer,
                                         &assumptions[i], reader->error);
    }
    request->assumptions = assumptions;
    request->assumptions_count = count;
    return STATUS_OK;
}

static void read_services(struct json_reader *above, struct rehearsal_request *request)
{
    json_t *object = json_take_object(above, "providers", false);
    struct json_reader reader;
    if (object == NULL || above->status != STATUS_OK) {
        return; /* the first fault stays the one that is told */
    }
    json_reader_init(&reader, object, "/providers", above->error);
    for (int i = 0; i < SERVICES_COUNT; i++) {
        request->services[i] = (enum service_conduct)json_take_word(
            &reader, service_names[i], false, service_words, SERVICE_UP);
    }
    above->status = json_reader_end(&reader);
}

static enum status read_moment(struct json_reader *reader, struct wall_time now,
                               struct rehearsal_request *request)
{
    struct error detail = {.text = ""};
    const char *text = json_take_text(reader, "at", true, 1, MOMENT_BYTES_MAX - 1);
    if (text == NULL) {
        return STATUS_OK;
    }
    struct arena *scratch = arena_create(ZONE_BYTES_MAX);
    enum status status =
        scratch == NULL
            ? error_set(&detail, STATUS_NO_MEMORY, "no memory for a time zone")
            : moment_parse(text, request->customer->time_zone, now, scratch, &request->at, &detail);
    arena_destroy(&scratch);
    if (status == STATUS_INVALID) {
        json_reader_fault(reader, "at", "%s", detail.text);
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return error_set(reader->error, status, "%s", detail.text);
    }
    int64_t ahead_ms = request->at.ms - now.ms;
    if (request->at.ms < 0 || ahead_ms > REHEARSAL_DAYS_AHEAD_MAX * DAY_MS ||
        ahead_ms < -REHEARSAL_DAYS_BEHIND_MAX * DAY_MS) {
        json_reader_fault(reader, "at", "must lie within %d days before and %d after now",
                          REHEARSAL_DAYS_BEHIND_MAX, REHEARSAL_DAYS_AHEAD_MAX);
    }
    return STATUS_OK;
}

static void read_procedure(struct json_reader *reader, struct rehearsal_request *request)
{
    const char *slug = json_take_slug(reader, "procedure", false);
    if (slug != NULL) {
        request->procedure = directory_procedure(request->customer, slug);
        if (request->procedure == NULL) {
            json_reader_fault(reader, "procedure", "is none of this customer's: check the slug");
        }
    } else if (request->customer->default_procedure != NULL) {
        request->procedure =
            directory_procedure(request->customer, request->customer->default_procedure);
    }
}

enum status rehearsal_read(struct json_reader *reader, const struct directory_customer *customer,
                           struct wall_time now, struct arena *arena,
                           struct rehearsal_request *request_r)
{
    struct rehearsal_request request = {.customer = customer};
    bool customer_reads_french = strcmp(customer->language, "fr") == 0;
    assert(reader->error != NULL);
    read_procedure(reader, &request);
    request.severity =
        (enum severity)json_take_word(reader, "severity", false, severity_words, SEVERITY_CRITICAL);
    request.promised_ms =
        json_take_int(reader, "callback_promised_s", false, 60, 86400, 0) * SECOND_MS;
    request.span_ms =
        json_take_int(reader, "span_s", false, 60, REHEARSAL_SPAN_S_MAX, REHEARSAL_SPAN_S_DEFAULT) *
        SECOND_MS;
    request.french =
        json_take_word(reader, "language", false, language_words, customer_reads_french) == 1;
    enum status status = read_moment(reader, now, &request);
    read_services(reader, &request);
    if (status == STATUS_OK) {
        status = read_assumptions(reader, arena, &request);
    }
    if (status == STATUS_OK) {
        *request_r = request;
    }
    return status;
}
