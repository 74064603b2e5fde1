/* What becomes of a rota when shifts are imported, and who is on call then who was not before. */
#include "gateway/rota/rota_import.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/rota/calendar_private.h"
#include "gateway/rota/rota_feed.h"
#include "gateway/rota/spans_private.h"

#define DAY_MS (SECONDS_PER_DAY * 1000)

/* ---- the definition ---- */

struct merging {
    const struct rota_merge *merge;
    struct arena *arena;
    const struct rota *rota;      /* as it is */
    json_t *document;             /* as it becomes */
    json_t *overrides;            /* of it, borrowed */
    struct wall_time first, last; /* the period of the shifts */
    struct rota_merged merged;
    struct error *error;
};

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the rota");
}

static bool is_shift(const struct rota_override *override, const struct rota_interval *shift)
{
    return override->kind == ROTA_REPLACE && override->from.ms == shift->from.ms &&
           override->to.ms == shift->to.ms && strcmp(override->agent, shift->agent) == 0;
}

static bool is_wanted(const struct rota_merge *merge, const struct rota_override *override)
{
    for (size_t i = 0; i < merge->shifts_count; i++) {
        if (is_shift(override, &merge->shifts[i])) {
            return true;
        }
    }
    return false;
}

static bool is_there(const struct rota *rota, const struct rota_interval *shift)
{
    for (size_t i = 0; i < rota->overrides_count; i++) {
        if (is_shift(&rota->overrides[i], shift)) {
            return true;
        }
    }
    return false;
}

static bool is_removed(const struct merging *merging, const struct rota_override *override)
{
    const struct rota_merge *merge = merging->merge;
    if (!merge->replaces || override->kind != ROTA_REPLACE || is_wanted(merge, override)) {
        return false;
    }
    bool within = override->from.ms >= merging->first.ms && override->to.ms <= merging->last.ms;
    return within || override->to.ms <= merge->from.ms - ROTA_FEED_DAYS_BACK * DAY_MS;
}

/* Takes out from behind, so that the numbers of those in front stay. */
static void remove_overrides(struct merging *merging)
{
    const struct rota *rota = merging->rota;
    struct rota_merged *merged = &merging->merged;
    for (size_t i = 0; i < rota->overrides_count; i++) {
        const struct rota_override *override = &rota->overrides[i];
        if (is_removed(merging, override)) {
            struct rota_interval *removed = &merged->removed[merged->removed_count++];
            *removed = (struct rota_interval){.from = override->from, .to = override->to};
            (void)text_copy(removed->agent, sizeof removed->agent, override->agent);
        }
    }
    for (size_t i = rota->overrides_count; i-- > 0;) {
        if (is_removed(merging, &rota->overrides[i])) {
            (void)json_array_remove(merging->overrides, i);
        }
    }
}

static enum status add_override(struct merging *merging, const struct rota_interval *shift)
{
    char from[RFC3339_BYTES_MAX], to[RFC3339_BYTES_MAX];
    wall_time_format(shift->from, from);
    wall_time_format(shift->to, to);
    json_t *added = json_pack("{s:s,s:s,s:s}", "from", from, "to", to, "agent", shift->agent);
    if (added == NULL || json_array_append_new(merging->overrides, added) != 0) {
        return no_memory(merging->error);
    }
    merging->merged.added[merging->merged.added_count++] = *shift;
    return STATUS_OK;
}

static enum status add_overrides(struct merging *merging)
{
    const struct rota_merge *merge = merging->merge;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < merge->shifts_count; i++) {
        if (is_there(merging->rota, &merge->shifts[i])) {
            merging->merged.unchanged++;
        } else {
            status = add_override(merging, &merge->shifts[i]);
        }
    }
    size_t count = json_array_size(merging->overrides);
    if (status == STATUS_OK && count > ROTA_OVERRIDES_MAX) {
        return error_set(merging->error, STATUS_TOO_LARGE,
                         "the rota would have %zu overrides, %d are the most: import fewer months, "
                         "let the import replace what is there, or put the rota without those that "
                         "are over",
                         count, ROTA_OVERRIDES_MAX);
    }
    return status;
}

static enum status write_definition(struct merging *merging)
{
    struct rota_merged *merged = &merging->merged;
    if (merged->added_count == 0 && merged->removed_count == 0) {
        merged->definition = merging->merge->definition;
        return STATUS_OK;
    }
    char *text = json_dumps(merging->document, JSON_COMPACT);
    merged->definition = arena_text(merging->arena, text);
    free(text);
    return merged->definition != NULL ? STATUS_OK : no_memory(merging->error);
}

/* The rota as it is, and its overrides as JSON, which are there afterwards. */
static enum status open_definition(struct merging *merging)
{
    static const char none[] = "{\"layers\":[],\"overrides\":[]}";
    static const struct rota empty = {.layers = NULL};
    const char *text = merging->merge->definition;
    struct rota *rota = NULL;
    enum status status = STATUS_OK;
    if (text != NULL) {
        status = rota_parse(text, strlen(text), merging->arena, &rota, merging->error);
    }
    merging->rota = text != NULL ? rota : &empty;
    text = text != NULL ? text : none;
    if (status == STATUS_OK) {
        status = json_parse(text, strlen(text), &merging->document, merging->error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    merging->overrides = json_object_get(merging->document, "overrides");
    if (!json_is_array(merging->overrides)) { /* absent or null */
        merging->overrides = json_array();
        if (json_object_set_new(merging->document, "overrides", merging->overrides) != 0) {
            return no_memory(merging->error);
        }
    }
    return STATUS_OK;
}

static void find_period(struct merging *merging)
{
    const struct rota_merge *merge = merging->merge;
    merging->first = merge->shifts[0].from;
    merging->last = merge->shifts[0].to;
    for (size_t i = 1; i < merge->shifts_count; i++) {
        merging->first.ms = earlier_ms(merging->first.ms, merge->shifts[i].from.ms);
        merging->last.ms = later_ms(merging->last.ms, merge->shifts[i].to.ms);
    }
}

static enum status merge_all(struct merging *merging)
{
    struct rota_merged *merged = &merging->merged;
    size_t added_max = merging->merge->shifts_count;
    size_t removed_max = merging->rota->overrides_count;
    merged->added = arena_alloc(merging->arena, added_max * sizeof *merged->added);
    merged->removed = arena_alloc(merging->arena, removed_max * sizeof *merged->removed);
    if (merged->added == NULL || merged->removed == NULL) {
        return no_memory(merging->error);
    }
    find_period(merging);
    remove_overrides(merging);
    enum status status = add_overrides(merging);
    return status == STATUS_OK ? write_definition(merging) : status;
}

enum status rota_import_merge(const struct rota_merge *merge, struct arena *arena,
                              struct rota_merged *merged_r, struct error *error)
{
    struct merging merging = {.merge = merge, .arena = arena, .error = error};
    enum status status = open_definition(&merging);
    if (status == STATUS_OK) {
        status = merge_all(&merging);
    }
    json_decref(merging.document);
    if (status == STATUS_OK) {
        *merged_r = merging.merged;
    }
    return status;
}

/* ---- the differences ---- */

struct side {
    const struct rota_interval *intervals;
    size_t count;
    size_t at; /* the first that ends behind the moment that is looked at */
};

/* Who is on call at a moment, "" for nobody; makes *until_ms_r earlier when that ends before. */
static const char *look(struct side *side, int64_t moment_ms, int64_t *until_ms_r)
{
    while (side->at < side->count && side->intervals[side->at].to.ms <= moment_ms) {
        side->at++;
    }
    if (side->at == side->count) {
        return "";
    }
    const struct rota_interval *next = &side->intervals[side->at];
    bool begun = next->from.ms <= moment_ms;
    *until_ms_r = earlier_ms(*until_ms_r, begun ? next->to.ms : next->from.ms);
    return begun ? next->agent : "";
}

/* Goes on with the change before when nothing but a moment parts them. NULL: no room. */
static struct rota_change *extend(struct rota_change *changes, size_t *count, const char *before,
                                  const char *after, int64_t from_ms)
{
    struct rota_change *last = *count > 0 ? &changes[*count - 1] : NULL;
    if (last != NULL && last->to.ms == from_ms && strcmp(last->before, before) == 0 &&
        strcmp(last->after, after) == 0) {
        return last;
    }
    if (*count == ROTA_IMPORT_CHANGES_MAX) {
        return NULL;
    }
    struct rota_change *change = &changes[(*count)++];
    (void)text_copy(change->before, sizeof change->before, before);
    (void)text_copy(change->after, sizeof change->after, after);
    change->from.ms = from_ms;
    return change;
}

enum status rota_import_compare(const struct rota_interval *before, size_t before_count,
                                const struct rota_interval *after, size_t after_count,
                                struct arena *arena, struct rota_change **changes_r,
                                size_t *count_r, bool *more_r, struct error *error)
{
    struct side old = {before, before_count, 0}, new = {after, after_count, 0};
    struct rota_change *changes = arena_alloc(arena, ROTA_IMPORT_CHANGES_MAX * sizeof *changes);
    size_t count = 0;
    bool more = false;
    if (changes == NULL) {
        return no_memory(error);
    }
    int64_t moment_ms = INT64_MIN, until_ms;
    for (; !more; moment_ms = until_ms) {
        until_ms = INT64_MAX;
        const char *was = look(&old, moment_ms, &until_ms);
        const char *is = look(&new, moment_ms, &until_ms);
        if (until_ms == INT64_MAX) {
            break; /* behind the last of both: nobody on either side */
        }
        if (strcmp(was, is) != 0) {
            struct rota_change *change = extend(changes, &count, was, is, moment_ms);
            more = change == NULL;
            if (change != NULL) {
                change->to.ms = until_ms;
            }
        }
    }
    *changes_r = changes;
    *count_r = count;
    *more_r = more;
    return STATUS_OK;
}
