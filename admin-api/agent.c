/* agent.c - the calls of an agent's phone. */
#include <string.h>

#include "admin-api/admin_api_private.h"
#include "admin-api/escalations.h"
#include "admin-api/pauses.h"
#include "admin-api/shift_view.h"
#include "gateway/base/encoding.h"
#include "gateway/engine/people.h"

#define CODE_BYTES_MAX         32
#define INSTALLATION_BYTES_MAX 64
#define TARGET_BYTES_MAX       4096
#define KEY_BYTES_MAX          256
#define PUBLIC_KEY_BYTES       65 /* an uncompressed point on P-256: 0x04, X, Y */
#define AUTH_SECRET_BYTES      16
#define VERSION_BYTES_MAX      64
#define ETA_S_MAX              86400
#define OPEN_SHOWN_MAX         50
#define REASON_TEXT_MAX        1000
#define NOTE_BYTES_MAX         4000
#define NOTE_LIFE_MS           INT64_C(86400000)
#define SHIFTS_NOW_MAX         16
#define NOTES_SHOWN_MAX        16

static const char *const no_parameters[] = {NULL};

enum next agent_enrol(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    if (!query_check(exchange, no_parameters) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    struct command *command = exchange_command(exchange, COMMAND_USE_ENROLMENT);
    command->request.enrolment.code = json_take_text(&reader, "code", true, 1, CODE_BYTES_MAX);
    return body_end(exchange, &reader) ? NEXT_COMMAND : NEXT_ANSWER;
}

static bool is_installation(const char *text)
{
    size_t bytes = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    return bytes >= 1 && bytes <= INSTALLATION_BYTES_MAX && text[bytes] == '\0';
}

static bool path_installation(struct exchange *exchange, struct device_request *request)
{
    request->agent_id = exchange->principal.agent_id;
    request->phone_id = exchange->principal.phone_id;
    request->installation = exchange->parameters[0];
    if (!is_installation(request->installation)) {
        (void)reply_fault(exchange, STATUS_INVALID, NULL,
                          "the installation in the path must be 1 to 64 of A-Z a-z 0-9 - _");
        return false;
    }
    return true;
}

/* What is said of the agent's device after a PUT. */
static const struct directory_person *own_person(const struct exchange *exchange)
{
    return exchange->customer != NULL
               ? directory_agent(exchange->customer, exchange->principal.agent_id)
               : NULL;
}

static void write_device(struct json_writer *json, void *context)
{
    view_device(json, context);
}

static enum next show_device(struct exchange *exchange)
{
    const struct directory_person *agent = own_person(exchange);
    for (size_t i = 0; agent != NULL && i < agent->devices_count; i++) {
        if (strcmp(agent->devices[i].installation, exchange->parameters[0]) == 0) {
            union {
                const struct directory_device *device;
                void *context;
            } shown = {&agent->devices[i]};
            return reply_view(exchange, write_device, shown.context);
        }
    }
    return reply_nothing(exchange);
}

/* base64url of exactly so many bytes, or a fault. */
static const char *take_bytes(struct json_reader *reader, const char *name, size_t bytes,
                              uint8_t *bytes_r)
{
    const char *text = json_take_text(reader, name, false, 1, KEY_BYTES_MAX);
    uint8_t decoded[KEY_BYTES_MAX];
    size_t found = 0;
    if (text == NULL) {
        return NULL;
    }
    if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") !=
            strlen(text) ||
        base64_decode(text, strlen(text), decoded, sizeof decoded, &found) != STATUS_OK ||
        found != bytes) {
        json_reader_fault(reader, name, "must be %zu bytes in base64url", bytes);
        return NULL;
    }
    memcpy(bytes_r, decoded, bytes);
    return text;
}

/* What the phone alone can decrypt with: both or none, and a browser needs them. */
static void take_keys(const struct exchange *exchange, struct json_reader *reader,
                      struct device_request *request)
{
    const struct admin_api_hooks *hooks = &exchange->api->hooks;
    uint8_t key[PUBLIC_KEY_BYTES], secret[AUTH_SECRET_BYTES];
    bool has_key = json_reader_has(reader, "public_key");
    bool has_secret = json_reader_has(reader, "auth_secret"); /* null is as good as absent */
    request->public_key = take_bytes(reader, "public_key", sizeof key, key);
    request->auth_secret = take_bytes(reader, "auth_secret", sizeof secret, secret);
    if (request->public_key != NULL &&
        (key[0] != 4 || (hooks->public_key_is_valid != NULL &&
                         !hooks->public_key_is_valid(hooks->context, key)))) {
        json_reader_fault(reader, "public_key", "must be an uncompressed point on P-256");
    }
    if (has_key != has_secret) {
        json_reader_fault(reader, has_key ? "auth_secret" : "public_key",
                          "is required: public_key and auth_secret go together");
    } else if (!has_key && request->platform == PLATFORM_WEBPUSH) {
        json_reader_fault(reader, "public_key", "is required for webpush, with auth_secret");
    }
}

static void check_target(struct json_reader *reader, const struct device_request *request)
{
    static const char https[] = "https://";
    const char *target = request->target;
    if (target == NULL) {
        return;
    }
    if (request->platform == PLATFORM_APNS &&
        strspn(target, "0123456789abcdefABCDEF") != strlen(target)) {
        json_reader_fault(reader, "target", "must be the device token in hex");
    }
    if (request->platform == PLATFORM_WEBPUSH &&
        (strncmp(target, https, sizeof https - 1) != 0 || strpbrk(target, " \t\r\n@#") != NULL)) {
        json_reader_fault(reader, "target", "must be the subscription's https address");
    }
}

enum next agent_put_device(struct exchange *exchange)
{
    static const char *const environments[] = {"production", "sandbox", NULL};
    static const char *const permissions[] = {"granted", "denied", "unknown", NULL};
    static const char *const silent_modes[] = {"on", "off", "unknown", NULL};
    struct json_reader reader;
    struct error error;
    struct command *command = exchange_command(exchange, COMMAND_PUT_DEVICE);
    struct device_request *request = &command->request.device;
    if (!query_check(exchange, no_parameters) || !path_installation(exchange, request) ||
        !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    /* The first word, "none", is no platform. */
    request->platform =
        (enum platform)(1 + json_take_word(&reader, "platform", true, platform_words + 1, 0));
    request->target = json_take_text(&reader, "target", true, 1, TARGET_BYTES_MAX);
    check_target(&reader, request);
    request->environment = json_take_word(&reader, "environment", false, environments, 0);
    take_keys(exchange, &reader, request);
    request->app_version = json_take_text(&reader, "app_version", false, 0, VERSION_BYTES_MAX);
    int permission = json_take_word(&reader, "permission", false, permissions, 2);
    request->permission = permissions[permission];
    request->silent_mode =
        silent_modes[json_take_word(&reader, "silent_mode", false, silent_modes, 2)];
    request->battery_percent = (int)json_take_int(&reader, "battery_percent", false, 0, 100, -1);
    if (json_take_bool(&reader, "shared", false) != (request->phone_id != 0)) {
        json_reader_fault(&reader, "shared",
                          request->phone_id != 0
                              ? "must be true: this enrolment is a shared phone's"
                              : "must not be true: this enrolment is an agent's own; ask the "
                                "administrator for a shared phone's");
    }
    exchange->after = show_device;
    return body_end(exchange, &reader) ? NEXT_COMMAND : NEXT_ANSWER;
}

enum next agent_delete_device(struct exchange *exchange)
{
    struct command *command = exchange_command(exchange, COMMAND_DELETE_DEVICE);
    return query_check(exchange, no_parameters) &&
                   path_installation(exchange, &command->request.device)
               ? NEXT_COMMAND
               : NEXT_ANSWER;
}

enum next agent_check_in(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    if (!query_check(exchange, no_parameters) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    struct command *command = exchange_command(exchange, COMMAND_CHECK_IN);
    struct check_in_request *request = &command->request.check_in;
    request->agent_id = exchange->principal.agent_id;
    request->shift = json_take_slug(&reader, "shift", false);
    request->installation =
        json_take_text(&reader, "installation", true, 1, INSTALLATION_BYTES_MAX);
    if (request->installation != NULL && !is_installation(request->installation)) {
        json_reader_fault(&reader, "installation", "must be 1 to 64 of A-Z a-z 0-9 - _");
    }
    request->number_confirmed = json_take_bool(&reader, "number_confirmed", false);
    return body_end(exchange, &reader) ? NEXT_COMMAND : NEXT_ANSWER;
}

enum next agent_check_out(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    if (!query_check(exchange, no_parameters) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    struct command *command = exchange_command(exchange, COMMAND_CHECK_OUT);
    command->request.check_in.agent_id = exchange->principal.agent_id;
    command->request.check_in.note = json_take_text(&reader, "note", false, 1, NOTE_BYTES_MAX);
    return body_end(exchange, &reader) ? NEXT_COMMAND : NEXT_ANSWER;
}

enum next agent_hear_device(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    if (!query_check(exchange, no_parameters) || !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    struct command *command = exchange_command(exchange, COMMAND_HEAR_DEVICE);
    command->request.device.agent_id = exchange->principal.agent_id;
    command->request.device.installation = exchange->parameters[0];
    return body_end(exchange, &reader) ? NEXT_COMMAND : NEXT_ANSWER;
}

/* ---- me ---- */

struct shift {
    const struct directory_rota *rota;
    const struct directory_interval *interval;
    struct shift_view view;
};

struct me {
    const struct directory_customer *customer;
    const struct directory_person *agent;
    struct shift now[SHIFTS_NOW_MAX]; /* that are on, the one that began first first */
    size_t now_count;
    struct shift next;
    const struct directory_rota *taken[NOTES_SHOWN_MAX]; /* that are the agent's now, or next */
    size_t taken_count;
    struct wall_time time;
    const struct directory_pause *pause; /* NULL: none, or over */
    int64_t wall_of_engine_ms;
    struct check_in_row check_in;
    bool checked_in;
    struct check_in_lacks lacks;
    struct check_in_row left[NOTES_SHOWN_MAX]; /* with notes of who had the shifts before: */
    size_t left_count;                         /* a role's newest, the newest first */
    struct escalation_view *open;
    size_t open_count;
};

/* Keeps those that began first. */
static void add_shift_now(struct me *me, const struct shift *shift)
{
    size_t place = me->now_count;
    while (place > 0 && shift->interval->from.ms < me->now[place - 1].interval->from.ms) {
        place--;
    }
    if (place == SHIFTS_NOW_MAX) {
        return;
    }
    me->now_count += me->now_count < SHIFTS_NOW_MAX;
    memmove(&me->now[place + 1], &me->now[place],
            (me->now_count - 1 - place) * sizeof me->now[place]);
    me->now[place] = *shift;
}

/* Whether the agent has the rota's shift now, or the next one. Takes the agent's shifts. */
static bool take_shifts(struct me *me, const struct directory_rota *rota)
{
    const struct directory_interval *next = NULL; /* whoever has it */
    bool on = false;
    for (size_t i = 0; i < rota->intervals_count; i++) {
        const struct directory_interval *interval = &rota->intervals[i];
        const struct shift shift = {.rota = rota, .interval = interval};
        bool own = interval->agent_id == me->agent->id, later = interval->from.ms > me->time.ms;
        if (interval->to.ms <= me->time.ms) {
            continue;
        }
        if (own && !later) {
            add_shift_now(me, &shift);
            on = true;
        }
        if (later && (next == NULL || interval->from.ms < next->from.ms)) {
            next = interval;
        }
        if (own && later &&
            (me->next.interval == NULL || interval->from.ms < me->next.interval->from.ms)) {
            me->next = shift;
        }
    }
    return on || (next != NULL && next->agent_id == me->agent->id);
}

static void find_shifts(struct me *me)
{
    for (size_t i = 0; i < me->customer->rotas_count; i++) {
        const struct directory_rota *rota = &me->customer->rotas[i];
        if (take_shifts(me, rota) && me->taken_count < NOTES_SHOWN_MAX) {
            me->taken[me->taken_count++] = rota;
        }
    }
}

static void write_shift(struct json_writer *json, const struct shift *shift, struct wall_time now)
{
    if (shift->interval == NULL) {
        json_null_value(json);
        return;
    }
    json_object_begin(json);
    json_member_text(json, "role", shift->rota->slug);
    json_member_time(json, "from", shift->interval->from);
    json_member_time(json, "to", shift->interval->to);
    shift_view_check_in(json, &shift->view, now);
    json_object_end(json);
}

static void write_check_in(struct json_writer *json, const struct me *me)
{
    json_name(json, "check_in");
    if (!me->checked_in) {
        json_null_value(json);
        return;
    }
    json_object_begin(json);
    json_member_int(json, "id", me->check_in.check_in_id);
    json_member_time(json, "at", me->check_in.in_at);
    json_member_text(json, "installation", me->check_in.installation);
    json_member_text(json, "role", me->check_in.role);
    check_in_write(json, &me->check_in, &me->lacks, me->agent);
    json_object_end(json);
}

static void write_shifts(struct json_writer *json, const struct me *me)
{
    json_name(json, "shift");
    json_object_begin(json);
    json_name(json, "now");
    write_shift(json, &me->now[0], me->time);
    json_name(json, "next");
    write_shift(json, &me->next, me->time);
    json_name(json, "others");
    json_array_begin(json);
    for (size_t i = 1; i < me->now_count; i++) {
        write_shift(json, &me->now[i], me->time);
    }
    json_array_end(json);
    json_object_end(json);
}

static void write_note(struct json_writer *json, const struct me *me,
                       const struct check_in_row *left)
{
    const struct directory_person *who = directory_agent(me->customer, left->agent_id);
    json_object_begin(json);
    json_member_text(json, "agent", who != NULL ? who->slug : NULL);
    json_member_text(json, "role", left->role);
    json_member_time(json, "at", left->out_at);
    json_member_text(json, "note", left->note);
    json_object_end(json);
}

static void write_notes(struct json_writer *json, const struct me *me)
{
    json_name(json, "hand_over");
    if (me->left_count > 0) {
        write_note(json, me, &me->left[0]);
    } else {
        json_null_value(json);
    }
    json_name(json, "hand_overs");
    json_array_begin(json);
    for (size_t i = 0; i < me->left_count; i++) {
        write_note(json, me, &me->left[i]);
    }
    json_array_end(json);
}

/* What is dialled for the agent, in this order: for them to say whether it is right. */
static void write_numbers(struct json_writer *json, const struct directory_person *agent)
{
    size_t count = directory_phones_count(agent);
    json_name(json, "numbers");
    json_array_begin(json);
    for (size_t i = 0; i < count; i++) {
        const struct directory_phone phone = directory_phone(agent, i);
        json_object_begin(json);
        json_member_text(json, "phone", phone.phone);
        json_member_text(json, "label", phone.label);
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_me(struct json_writer *json, void *context)
{
    const struct me *me = context;
    json_object_begin(json);
    json_name(json, "agent");
    json_object_begin(json);
    json_member_text(json, "slug", me->agent->slug);
    json_member_text(json, "name", me->agent->name);
    json_member_text(json, "customer", me->customer->slug);
    json_object_end(json);
    write_numbers(json, me->agent);
    write_shifts(json, me);
    write_check_in(json, me);
    pause_write(json, me->pause, me->wall_of_engine_ms);
    write_notes(json, me);
    json_name(json, "devices");
    json_array_begin(json);
    for (size_t i = 0; i < me->agent->devices_count; i++) {
        if (me->agent->devices[i].live) {
            view_device(json, &me->agent->devices[i]);
        }
    }
    json_array_end(json);
    json_name(json, "open_escalations");
    json_array_begin(json);
    for (size_t i = 0; i < me->open_count; i++) {
        view_escalation_summary(json, &me->open[i]);
    }
    json_array_end(json);
    json_object_end(json);
}

static enum status load_shift(struct exchange *exchange, struct store *store, const struct me *me,
                              struct shift *shift, struct error *error)
{
    if (shift->interval == NULL) {
        return STATUS_OK;
    }
    shift->view = (struct shift_view){.customer = me->customer,
                                      .rota = shift->rota,
                                      .agent = me->agent,
                                      .from = shift->interval->from,
                                      .to = shift->interval->to};
    return shift_view_load(store, me->time, exchange->arena, &shift->view, error);
}

static enum status load_notes(struct exchange *exchange, struct store *store, struct me *me,
                              struct error *error)
{
    const struct wall_time since = {me->time.ms - NOTE_LIFE_MS};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < me->taken_count && status == STATUS_OK; i++) {
        struct check_in_row note;
        size_t place = me->left_count;
        status = store_find_note(store, exchange->customer_id, me->taken[i]->slug, me->agent->id,
                                 since, exchange->arena, &note, error);
        if (status == STATUS_NOT_FOUND) {
            status = STATUS_OK;
        } else if (status == STATUS_OK) {
            for (; place > 0 && note.out_at.ms > me->left[place - 1].out_at.ms; place--) {
                me->left[place] = me->left[place - 1];
            }
            me->left[place] = note;
            me->left_count++;
        }
    }
    return status;
}

static enum status load_duty(struct exchange *exchange, struct store *store, struct me *me,
                             struct error *error)
{
    enum status status = store_get_check_in(store, exchange->customer_id, me->agent->id,
                                            exchange->arena, &me->check_in, error);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    me->checked_in = status == STATUS_OK;
    status =
        me->checked_in ? check_in_find_lacks(store, &me->check_in, &me->lacks, error) : STATUS_OK;
    for (size_t i = 0; i < me->now_count && status == STATUS_OK; i++) {
        status = load_shift(exchange, store, me, &me->now[i], error);
    }
    if (status == STATUS_OK) {
        status = load_shift(exchange, store, me, &me->next, error);
    }
    return status == STATUS_OK ? load_notes(exchange, store, me, error) : status;
}

static enum status load_me(struct exchange *exchange, struct store *store, struct me *me,
                           struct error *error)
{
    struct escalation *rows;
    enum status status = load_duty(exchange, store, me, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = store_list_escalations(store, exchange->customer_id, (struct uuid){{0}},
                                    ESCALATION_STATES_OPEN & ~(1u << ESCALATION_ON_HOLD),
                                    OPEN_SHOWN_MAX, exchange->arena, &rows, &me->open_count, error);
    if (status != STATUS_OK) {
        return status;
    }
    me->open = arena_alloc(exchange->arena, (me->open_count + 1) * sizeof *me->open);
    if (me->open == NULL) {
        return STATUS_NO_MEMORY;
    }
    int64_t wall_of_engine_ms = escalations_wall_of_engine_ms(exchange);
    size_t count = me->open_count;
    me->open_count = 0;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (!escalations_begin_reading(exchange, exchange->customer_id, rows[i].id)) {
            continue; /* the desk was told of it */
        }
        struct escalation_view *item = &me->open[me->open_count++];
        item->customer = me->customer;
        item->escalation = rows[i];
        item->wall_of_engine_ms = wall_of_engine_ms;
        status = store_get_ticket(store, exchange->customer_id, rows[i].ticket_id, exchange->arena,
                                  &item->ticket, error);
        burden_drop();
    }
    return status;
}

static enum next read_me(struct exchange *exchange, struct store *store)
{
    struct error error = {0};
    struct me me = {.customer = directory_customer(exchange->directory, exchange->customer_id)};
    me.agent =
        me.customer != NULL ? directory_agent(me.customer, exchange->principal.agent_id) : NULL;
    if (me.agent == NULL) {
        return reply_problem(exchange, STATUS_NOT_FOUND, NULL, NULL);
    }
    me.time = exchange->received_at;
    me.wall_of_engine_ms = escalations_wall_of_engine_ms(exchange);
    struct engine_time engine = {me.time.ms - me.wall_of_engine_ms};
    me.pause = people_is_paused(me.agent, engine, me.time) ? me.agent->pause : NULL;
    find_shifts(&me);
    enum status status = store_read_begin(store, &error);
    if (status == STATUS_OK) {
        status = load_me(exchange, store, &me, &error);
        store_read_end(store);
    }
    return status == STATUS_OK ? reply_view(exchange, write_me, &me)
                               : escalations_read_fault(exchange, status, &error);
}

enum next agent_me(struct exchange *exchange)
{
    if (!query_check(exchange, no_parameters)) {
        return NEXT_ANSWER;
    }
    exchange->read = read_me;
    return NEXT_READ;
}

/* ---- escalations ---- */

static enum next read_escalation(struct exchange *exchange, struct store *store)
{
    return escalations_find(exchange, store) ? escalations_show(exchange, store, false)
                                             : NEXT_ANSWER;
}

enum next agent_get_escalation(struct exchange *exchange)
{
    if (!query_check(exchange, no_parameters) || !path_uuid(exchange, 0, &exchange->id)) {
        return NEXT_ANSWER;
    }
    exchange->read = read_escalation;
    return NEXT_READ;
}

static void take_attempt(struct json_reader *reader, struct agent_request *request)
{
    const char *text = json_take_text(reader, "attempt", false, 1, UUID_TEXT_BYTES);
    if (text != NULL && uuid_parse(text, &request->attempt) != STATUS_OK) {
        json_reader_fault(reader, "attempt", "must be the id of an attempt");
    }
}

enum next agent_verb_post(struct exchange *exchange)
{
    struct json_reader reader;
    struct error error;
    struct command *command = exchange_command(exchange, COMMAND_AGENT_VERB);
    struct agent_request *request = &command->request.agent;
    request->verb = agent_verb_parse(exchange->parameters[1]);
    if (request->verb == AGENT_VERBS_COUNT) {
        return reply_fault(exchange, STATUS_NOT_FOUND, NULL,
                           "no such verb: received, seen, accept, decline, remote, on-my-way, "
                           "on-site, done, hand-back, join, leave, hand-over");
    }
    if (!query_check(exchange, no_parameters) || !path_uuid(exchange, 0, &command->escalation_id) ||
        !body_begin(exchange, &reader, &error)) {
        return NEXT_ANSWER;
    }
    request->agent_id = exchange->principal.agent_id;
    request->action_token = exchange->action_token;
    take_attempt(&reader, request);
    if (request->verb == VERB_ON_MY_WAY) {
        request->eta_ms = json_take_int(&reader, "eta_s", false, 0, ETA_S_MAX, 0) * 1000;
    }
    if (request->verb == VERB_HAND_OVER) {
        request->to = json_take_slug(&reader, "to", true);
        request->stays = json_take_bool(&reader, "stays", false);
        request->text = json_take_text(&reader, "reason", false, 1, REASON_TEXT_MAX);
    }
    return body_end(exchange, &reader) ? NEXT_COMMAND : NEXT_ANSWER;
}
