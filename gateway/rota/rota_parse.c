/* Reads a rota's JSON form. Every fault names its place, since people write these by hand. */
#include "gateway/rota/rota.h"

#include <stdio.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/rota/calendar_private.h"

/* Room for "/layers/7/restrictions/15/from"; the reader appends the member's name. */
#define POINTER_BYTES_MAX 64

static const char *const weekday_words[] = {"monday", "tuesday",  "wednesday", "thursday",
                                            "friday", "saturday", "sunday",    NULL};
static const char *const turn_words[] = {"daily", "weekly", NULL};

/* Exactly `digits` digits at text; -1 when they are not there. */
static int digits_at(const char *text, int digits)
{
    int number = 0;
    for (int i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

/* "18:00" or "18:00:30". */
static void take_time_of_day(struct json_reader *reader, struct rota_time_of_day *time_r)
{
    const char *text = json_take_text(reader, "time", true, 0, 16);
    if (text == NULL) {
        return;
    }
    size_t length = strlen(text);
    bool ok = (length == 5 || length == 8) && text[2] == ':' && (length == 5 || text[5] == ':');
    int hours = ok ? digits_at(text, 2) : -1;
    int minutes = ok ? digits_at(text + 3, 2) : -1;
    int seconds = !ok ? -1 : length == 8 ? digits_at(text + 6, 2) : 0;
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59) {
        json_reader_fault(reader, "time", "must be a time of day like 18:30");
        return;
    }
    time_r->seconds = hours * 3600 + minutes * 60 + seconds;
}

/* 1 Monday … 7 Sunday; 0 after a fault. */
static int take_weekday(struct json_reader *reader)
{
    return json_take_word(reader, "weekday", true, weekday_words, -1) + 1;
}

/* "2026-01-05", as days since 1970-01-01. */
static void take_date(struct json_reader *reader, const char *name, int32_t *days_r)
{
    const char *text = json_take_text(reader, name, true, 0, 16);
    if (text == NULL) {
        return;
    }
    bool ok = strlen(text) == 10 && text[4] == '-' && text[7] == '-';
    int year = ok ? digits_at(text, 4) : -1;
    int month = ok ? digits_at(text + 5, 2) : -1;
    int day = ok ? digits_at(text + 8, 2) : -1;
    if (year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > calendar_month_days(year, month)) {
        json_reader_fault(reader, name, "must be a date like 2026-01-05");
        return;
    }
    *days_r = (int32_t)calendar_days(year, month, day);
}

static void take_wall_time(struct json_reader *reader, const char *name, struct wall_time *time_r)
{
    const char *text = json_take_text(reader, name, true, 0, 64);
    if (text != NULL && wall_time_parse(text, time_r) != STATUS_OK) {
        json_reader_fault(reader, name, "must be a time like 2026-01-05T18:30:00Z");
    }
}

/* {"weekday":"monday","time":"18:00"} below a restriction. */
static enum status take_moment(struct json_reader *above, const char *name, int *weekday_r,
                               struct rota_time_of_day *time_r)
{
    json_t *object = json_take_object(above, name, true);
    if (object == NULL) {
        return above->status;
    }
    char pointer[POINTER_BYTES_MAX];
    struct json_reader reader;
    (void)snprintf(pointer, sizeof pointer, "%s/%s", above->pointer, name);
    json_reader_init(&reader, object, pointer, above->error);
    *weekday_r = take_weekday(&reader);
    take_time_of_day(&reader, time_r);
    return json_reader_end(&reader);
}

static enum status read_restriction(json_t *object, const char *pointer,
                                    struct rota_restriction *restriction_r, struct error *error)
{
    struct rota_restriction restriction = {0};
    struct json_reader reader;
    json_reader_init(&reader, object, pointer, error);
    enum status status = take_moment(&reader, "from", &restriction.from_weekday, &restriction.from);
    if (status == STATUS_OK) {
        status = take_moment(&reader, "to", &restriction.to_weekday, &restriction.to);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (restriction.from_weekday == restriction.to_weekday &&
        restriction.from.seconds == restriction.to.seconds) {
        json_reader_fault(&reader, "to", "must differ from \"from\"");
    }
    *restriction_r = restriction;
    return json_reader_end(&reader);
}

static enum status read_restrictions(struct json_reader *above, struct arena *arena,
                                     struct rota_layer *layer)
{
    json_t *array = json_take_array(above, "restrictions", false, 0, ROTA_RESTRICTIONS_MAX);
    if (array == NULL) {
        return above->status;
    }
    layer->restrictions_count = json_array_size(array);
    layer->restrictions =
        arena_alloc(arena, layer->restrictions_count * sizeof layer->restrictions[0]);
    if (layer->restrictions == NULL) {
        return error_set(above->error, STATUS_NO_MEMORY, "the rota is too large");
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < layer->restrictions_count; i++) {
        char pointer[POINTER_BYTES_MAX];
        (void)snprintf(pointer, sizeof pointer, "%s/restrictions/%zu", above->pointer, i);
        status = read_restriction(json_array_get(array, i), pointer, &layer->restrictions[i],
                                  above->error);
    }
    return status;
}

static enum status read_participants(struct json_reader *above, struct arena *arena,
                                     struct rota_layer *layer)
{
    json_t *array = json_take_array(above, "participants", true, 1, ROTA_PARTICIPANTS_MAX);
    if (array == NULL) {
        return above->status;
    }
    layer->participants_count = json_array_size(array);
    layer->participants =
        arena_alloc(arena, layer->participants_count * sizeof layer->participants[0]);
    if (layer->participants == NULL) {
        return error_set(above->error, STATUS_NO_MEMORY, "the rota is too large");
    }
    for (size_t i = 0; i < layer->participants_count; i++) {
        const char *slug = json_string_value(json_array_get(array, i));
        if (slug == NULL || !text_is_slug(slug)) {
            char name[POINTER_BYTES_MAX];
            (void)snprintf(name, sizeof name, "participants/%zu", i);
            json_reader_fault(above, name, "must be an agent's slug");
            return above->status;
        }
        (void)text_copy(layer->participants[i], sizeof layer->participants[i], slug);
    }
    return STATUS_OK;
}

static enum status read_hand_over(struct json_reader *above, struct rota_layer *layer)
{
    json_t *object = json_take_object(above, "hand_over", true);
    if (object == NULL) {
        return above->status;
    }
    char pointer[POINTER_BYTES_MAX];
    struct json_reader reader;
    (void)snprintf(pointer, sizeof pointer, "%s/hand_over", above->pointer);
    json_reader_init(&reader, object, pointer, above->error);
    if (layer->turn == ROTA_WEEKLY) {
        layer->hand_over_weekday = take_weekday(&reader);
    } else if (json_reader_has(&reader, "weekday")) {
        json_reader_fault(&reader, "weekday", "is for weekly turns only");
    }
    take_time_of_day(&reader, &layer->hand_over);
    return json_reader_end(&reader);
}

static enum status read_layer(json_t *object, const char *pointer, struct arena *arena,
                              struct rota_layer *layer, struct error *error)
{
    struct json_reader reader;
    json_reader_init(&reader, object, pointer, error);
    int turn = json_take_word(&reader, "turn", true, turn_words, 0);
    layer->turn = turn == 0 ? ROTA_DAILY : ROTA_WEEKLY;
    layer->turn_length =
        (int)json_take_int(&reader, "turn_length", false, 1, ROTA_TURN_LENGTH_MAX, 1);
    take_date(&reader, "starts_on", &layer->starts_on_days);
    if (reader.status != STATUS_OK) {
        return reader.status;
    }
    enum status status = read_hand_over(&reader, layer);
    if (status == STATUS_OK) {
        status = read_participants(&reader, arena, layer);
    }
    if (status == STATUS_OK) {
        status = read_restrictions(&reader, arena, layer);
    }
    return status != STATUS_OK ? status : json_reader_end(&reader);
}

static enum status read_layers(struct json_reader *above, struct arena *arena, struct rota *rota)
{
    json_t *array = json_take_array(above, "layers", true, 1, ROTA_LAYERS_MAX);
    if (array == NULL) {
        return above->status;
    }
    rota->layers_count = json_array_size(array);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < rota->layers_count; i++) {
        char pointer[POINTER_BYTES_MAX];
        (void)snprintf(pointer, sizeof pointer, "/layers/%zu", i);
        status =
            read_layer(json_array_get(array, i), pointer, arena, &rota->layers[i], above->error);
    }
    return status;
}

static enum status read_override(json_t *object, const char *pointer,
                                 struct rota_override *override_r, struct error *error)
{
    struct json_reader reader;
    json_reader_init(&reader, object, pointer, error);
    take_wall_time(&reader, "from", &override_r->from);
    take_wall_time(&reader, "to", &override_r->to);
    const char *agent = json_take_slug(&reader, "agent", true);
    if (agent != NULL) {
        (void)text_copy(override_r->agent, sizeof override_r->agent, agent);
    }
    if (override_r->to.ms <= override_r->from.ms) {
        json_reader_fault(&reader, "to", "must be later than \"from\"");
    }
    return json_reader_end(&reader);
}

static enum status read_overrides(struct json_reader *above, struct arena *arena, struct rota *rota)
{
    json_t *array = json_take_array(above, "overrides", false, 0, ROTA_OVERRIDES_MAX);
    if (array == NULL) {
        return above->status;
    }
    rota->overrides_count = json_array_size(array);
    rota->overrides = arena_alloc(arena, rota->overrides_count * sizeof rota->overrides[0]);
    if (rota->overrides == NULL) {
        return error_set(above->error, STATUS_NO_MEMORY, "the rota is too large");
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < rota->overrides_count; i++) {
        char pointer[POINTER_BYTES_MAX];
        (void)snprintf(pointer, sizeof pointer, "/overrides/%zu", i);
        status =
            read_override(json_array_get(array, i), pointer, &rota->overrides[i], above->error);
    }
    return status;
}

enum status rota_parse(const char *json, size_t json_bytes, struct arena *arena,
                       struct rota **rota_r, struct error *error)
{
    json_t *document;
    enum status status = json_parse(json, json_bytes, &document, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct json_reader reader;
    json_reader_init(&reader, document, "", error);
    struct rota *rota = arena_alloc(arena, sizeof *rota);
    if (rota == NULL) {
        status = error_set(error, STATUS_NO_MEMORY, "the rota is too large");
        goto out;
    }
    status = read_layers(&reader, arena, rota);
    if (status == STATUS_OK) {
        status = read_overrides(&reader, arena, rota);
    }
    if (status == STATUS_OK) {
        status = json_reader_end(&reader);
    }
    if (status == STATUS_OK) {
        *rota_r = rota;
    }
out:
    json_decref(document);
    return status;
}
