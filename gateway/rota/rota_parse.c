/* Reads a rota's JSON form. Every fault names its place, since people write these by hand. */
#include "gateway/rota/rota.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/rota/calendar_private.h"
#include "gateway/rota/occurrences_private.h"
#include "gateway/rota/parse_private.h"
#include "gateway/rota/recurrence_private.h"

static const char *const turn_words[] = {
    [ROTA_DAILY] = "daily", [ROTA_WEEKLY] = "weekly", [ROTA_CUSTOM] = "custom", NULL};
static const char *const kind_words[] = {
    [ROTA_REPLACE] = "replace", [ROTA_SWAP] = "swap", [ROTA_ABSENCE] = "absence", NULL};
static const char *const only_words[] = {"opening-hours", "outside-opening-hours", "holidays",
                                         NULL};
static const char *const except_words[] = {"holidays", NULL};

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
    *weekday_r = parse_weekday(&reader, "weekday");
    parse_time_of_day(&reader, "time", &time_r->seconds);
    return json_reader_end(&reader);
}

static enum status take_window(struct json_reader *reader, struct rota_restriction *restriction)
{
    enum status status =
        take_moment(reader, "from", &restriction->from_weekday, &restriction->from);
    if (status == STATUS_OK) {
        status = take_moment(reader, "to", &restriction->to_weekday, &restriction->to);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (restriction->from_weekday == restriction->to_weekday &&
        restriction->from.seconds == restriction->to.seconds) {
        json_reader_fault(reader, "to", "must differ from \"from\"");
    }
    return json_reader_end(reader);
}

static enum status read_restriction(json_t *object, const char *pointer, struct arena *arena,
                                    void *item_r, struct error *error)
{
    (void)arena;
    static const enum rota_restriction_kind kinds[] = {
        ROTA_ONLY_OPENING_HOURS, ROTA_ONLY_OUTSIDE_OPENING_HOURS, ROTA_ONLY_HOLIDAYS};
    struct rota_restriction *restriction = item_r;
    struct json_reader reader;
    json_reader_init(&reader, object, pointer, error);
    if (json_reader_has(&reader, "only")) {
        restriction->kind = kinds[json_take_word(&reader, "only", true, only_words, 0)];
    } else if (json_reader_has(&reader, "except")) {
        (void)json_take_word(&reader, "except", true, except_words, 0);
        restriction->kind = ROTA_EXCEPT_HOLIDAYS;
    } else {
        return take_window(&reader, restriction);
    }
    return json_reader_end(&reader);
}

static enum status read_restrictions(struct json_reader *above, struct arena *arena,
                                     struct rota_layer *layer)
{
    const struct parse_list list = {
        "restrictions",  false, 0, ROTA_RESTRICTIONS_MAX, sizeof(struct rota_restriction),
        read_restriction};
    void *restrictions = NULL;
    enum status status = parse_list(above, &list, arena, &restrictions, &layer->restrictions_count);
    layer->restrictions = restrictions;
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
        layer->hand_over_weekday = parse_weekday(&reader, "weekday");
    } else if (json_reader_has(&reader, "weekday")) {
        json_reader_fault(&reader, "weekday", "is for weekly turns only");
    }
    parse_time_of_day(&reader, "time", &layer->hand_over.seconds);
    return json_reader_end(&reader);
}

/* Later years may have a few more than the first, in which some of the rule's days lie before the
 * start; many more would be too many one night. */
static void check_hand_overs(struct json_reader *reader, const char *rule, int64_t start_s)
{
    struct occurrences occurrences;
    int64_t first_year, most;
    enum status status = occurrences_open(rule, start_s, true, &occurrences, NULL);
    assert(status == STATUS_OK); /* recurrence_open() took it */
    (void)status;
    occurrences_count(&occurrences, &first_year, &most);
    if (first_year > ROTA_HAND_OVERS_MAX) {
        json_reader_fault(reader, "recurrence", "makes more than %d hand-overs in the first year",
                          ROTA_HAND_OVERS_MAX);
    } else if (most > INT64_C(2) * ROTA_HAND_OVERS_MAX) {
        json_reader_fault(reader, "recurrence", "makes more than %d hand-overs in a later year",
                          2 * ROTA_HAND_OVERS_MAX);
    }
}

/* A rule that would make too many hand-overs is refused now, not on the night when it has. */
static enum status check_recurrence(struct json_reader *reader, const struct rota_layer *layer)
{
    int64_t start_s = layer->starts_on_days * SECONDS_PER_DAY + layer->hand_over.seconds;
    struct error fault = {.text = ""};
    struct recurrence *recurrence;
    enum status status = recurrence_open(layer->recurrence, start_s,
                                         start_s + 366 * SECONDS_PER_DAY, &recurrence, &fault);
    if (status == STATUS_NO_MEMORY) {
        return error_set(reader->error, status, "no memory for a recurrence rule");
    }
    if (status != STATUS_OK) {
        json_reader_fault(reader, "recurrence", "%s", fault.text);
        return reader->status;
    }
    if (recurrence_ends(recurrence)) {
        json_reader_fault(reader, "recurrence",
                          "must not have COUNT or UNTIL: \"until\" ends the "
                          "layer");
    } else {
        check_hand_overs(reader, layer->recurrence, start_s);
    }
    recurrence_close(&recurrence);
    return reader->status;
}

static enum status read_recurrence(struct json_reader *reader, struct arena *arena,
                                   struct rota_layer *layer)
{
    if (layer->turn != ROTA_CUSTOM) {
        return STATUS_OK;
    }
    const char *text = json_take_text(reader, "recurrence", true, 1, RECURRENCE_BYTES_MAX);
    if (text == NULL) {
        return reader->status;
    }
    layer->recurrence = arena_text(arena, text);
    if (layer->recurrence == NULL) {
        return error_set(reader->error, STATUS_NO_MEMORY, "the rota is too large");
    }
    return check_recurrence(reader, layer);
}

/* What says when turns change. */
static enum status read_turns(struct json_reader *reader, struct arena *arena,
                              struct rota_layer *layer)
{
    layer->turn = (enum rota_turn)json_take_word(reader, "turn", true, turn_words, ROTA_DAILY);
    if (layer->turn != ROTA_CUSTOM) {
        layer->turn_length =
            (int)json_take_int(reader, "turn_length", false, 1, ROTA_TURN_LENGTH_MAX, 1);
    }
    parse_date(reader, "starts_on", true, &layer->starts_on_days);
    parse_date(reader, "until", false, &layer->until_days);
    if (json_reader_has(reader, "until") && layer->until_days <= layer->starts_on_days) {
        json_reader_fault(reader, "until", "must be later than \"starts_on\"");
    }
    if (reader->status != STATUS_OK) {
        return reader->status;
    }
    enum status status = read_hand_over(reader, layer);
    return status != STATUS_OK ? status : read_recurrence(reader, arena, layer);
}

static enum status read_layer(json_t *object, const char *pointer, struct arena *arena,
                              void *item_r, struct error *error)
{
    struct rota_layer *layer = item_r;
    struct json_reader reader;
    json_reader_init(&reader, object, pointer, error);
    enum status status = read_turns(&reader, arena, layer);
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
    const struct parse_list list = {"layers",  true, 0, ROTA_LAYERS_MAX, sizeof(struct rota_layer),
                                    read_layer};
    void *layers = NULL;
    enum status status = parse_list(above, &list, arena, &layers, &rota->layers_count);
    rota->layers = layers;
    return status;
}

static void take_slug(struct json_reader *reader, const char *name, char slug_r[SLUG_BYTES_MAX])
{
    const char *slug = json_take_slug(reader, name, true);
    if (slug != NULL) {
        (void)text_copy(slug_r, SLUG_BYTES_MAX, slug);
    }
}

static enum status read_override(json_t *object, const char *pointer, struct arena *arena,
                                 void *item_r, struct error *error)
{
    (void)arena;
    struct rota_override *override = item_r;
    struct json_reader reader;
    json_reader_init(&reader, object, pointer, error);
    override->kind =
        (enum rota_override_kind)json_take_word(&reader, "kind", false, kind_words, ROTA_REPLACE);
    take_wall_time(&reader, "from", &override->from);
    take_wall_time(&reader, "to", &override->to);
    take_slug(&reader, "agent", override->agent);
    if (override->kind == ROTA_SWAP) {
        take_slug(&reader, "with", override->with);
        if (strcmp(override->agent, override->with) == 0) {
            json_reader_fault(&reader, "with", "must be somebody else than \"agent\"");
        }
    }
    if (override->to.ms <= override->from.ms) {
        json_reader_fault(&reader, "to", "must be later than \"from\"");
    }
    return json_reader_end(&reader);
}

static enum status read_overrides(struct json_reader *above, struct arena *arena, struct rota *rota)
{
    const struct parse_list list = {
        "overrides", false, 0, ROTA_OVERRIDES_MAX, sizeof(struct rota_override), read_override};
    void *overrides = NULL;
    enum status status = parse_list(above, &list, arena, &overrides, &rota->overrides_count);
    rota->overrides = overrides;
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
    if (status == STATUS_OK && rota->layers_count == 0 && rota->overrides_count == 0) {
        json_reader_fault(&reader, "layers", "must have an item when there are no overrides");
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
