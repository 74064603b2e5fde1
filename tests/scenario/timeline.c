/* timeline.c - what happened, as lines that a person reads and that expectations look for. */
#include "tests/scenario/scenario.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMELINE_BYTES_MAX (512u * 1024u)
/* Never, for a test: how long a read takes is no part of what happens. */
#define READ_MS_MAX INT64_C(3600000)

void format_time(int64_t ms, char *text, size_t bytes)
{
    int used =
        snprintf(text, bytes, "%lld:%02lld", (long long)(ms / 60000), (long long)(ms / 1000 % 60));
    if (ms % 1000 != 0 && used > 0) {
        (void)snprintf(text + used, bytes - (size_t)used, ".%03lld", (long long)(ms % 1000));
    }
}

void sent_line(const struct box_sent *sent, char *text, size_t bytes)
{
    char at[32];
    format_time(sent->at_ms, at, sizeof at);
    (void)snprintf(text, bytes, "%s %s %s %s%s%s%s", at, path_word(sent->path),
                   sent->path == PATH_CALLBACK ? sent->callback : sent->person,
                   sent->path == PATH_PUSH ? sent->installation : "",
                   sent->path == PATH_PUSH ? " " : "", attempt_purpose_word(sent->purpose),
                   sent->drill ? " (drill)" : "");
}

struct store *open_reader(void)
{
    struct store *reader = NULL;
    struct error error = {.text = ""};
    if (store_open_reader(BOX_DATABASE, DISK_VFS_WATCHER, READ_MS_MAX, &reader, &error) !=
        STATUS_OK) {
        box_die("the database cannot be read: %s", error.text);
    }
    return reader;
}

static void person_name(const struct scenario *scenario, json_t *facts, char *text, size_t bytes)
{
    const char *kind = json_string_value(json_object_get(facts, "person_kind"));
    const char *name = json_string_value(json_object_get(facts, "name"));
    text[0] = '\0';
    if (name != NULL) {
        (void)snprintf(text, bytes, " %s", name);
        return;
    }
    const struct directory *directory = engine_directory_acquire(scenario->box->engine);
    const struct directory_customer *customer =
        directory_customer(directory, scenario->customer_id);
    struct person_ref ref = {.kind = kind != NULL && strcmp(kind, "contact") == 0 ? PERSON_CONTACT
                                                                                  : PERSON_AGENT,
                             .id = json_integer_value(json_object_get(facts, "person"))};
    const struct directory_person *person =
        customer == NULL || ref.id == 0 ? NULL : directory_person(customer, &ref);
    if (person != NULL) {
        (void)snprintf(text, bytes, " %s", person->slug);
    }
    engine_directory_release(scenario->box->engine, directory);
}

static size_t entry_line(const struct scenario *scenario, const struct timeline_row *row,
                         char *text, size_t bytes)
{
    char at[32], person[SLUG_BYTES_MAX + 1], rest[128] = "";
    json_t *facts = json_loads(row->facts, 0, NULL);
    const char *path = json_string_value(json_object_get(facts, "path"));
    const char *word = json_string_value(json_object_get(facts, "word"));
    json_t *number = json_object_get(facts, "number");
    json_t *round = json_object_get(facts, "round");
    json_t *step = json_object_get(facts, "step");
    size_t used = 0;
    /* On the clock that never steps: wall-clock jumps are the tests' own. */
    format_time(row->at_engine.ms - scenario->box->epoch_ms, at, sizeof at);
    person_name(scenario, facts, person, sizeof person);
    if (number != NULL) {
        used += (size_t)snprintf(rest + used, sizeof rest - used, " %lld",
                                 (long long)json_integer_value(number));
    }
    if (round != NULL) {
        used += (size_t)snprintf(rest + used, sizeof rest - used, " r%lld",
                                 (long long)json_integer_value(round));
    }
    if (step != NULL) {
        (void)snprintf(rest + used, sizeof rest - used, " s%lld",
                       (long long)json_integer_value(step));
    }
    int written =
        snprintf(text, bytes, "    %s %s%s%s%s%s%s%s%s%s\n", at, entry_kind_word(row->kind), person,
                 path != NULL ? " by " : "", path != NULL ? path : "", word != NULL ? " " : "",
                 word != NULL ? word : "", rest, row->personal != NULL ? " " : "",
                 row->personal != NULL ? row->personal : "");
    json_decref(facts);
    return written < 0 ? 0 : (size_t)written < bytes ? (size_t)written : bytes - 1;
}

char *timeline_text(struct scenario *scenario)
{
    struct store *reader = open_reader();
    struct arena *arena = arena_create(0);
    char *text = calloc(1, TIMELINE_BYTES_MAX);
    struct timeline_row *rows;
    struct error error = {.text = ""};
    size_t count = 0, used = 0;
    if (arena == NULL || text == NULL) {
        box_die("no memory");
    }
    if (store_list_timeline(reader, scenario->customer_id, current_escalation(scenario), 0,
                            TIMELINE_ROWS_MAX, arena, &rows, &count, &error) != STATUS_OK) {
        box_die("the timeline cannot be read: %s", error.text);
    }
    for (size_t i = 0; i < count; i++) {
        used += entry_line(scenario, &rows[i], text + used, TIMELINE_BYTES_MAX - used);
    }
    arena_destroy(&arena);
    store_close(&reader);
    return text;
}
