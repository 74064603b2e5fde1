/* Reads questions from standard input, one a line: {"zone":…,"from":ms,"to":ms,"at":[ms,…],
 * "rota":{…},"hours":{…},"holidays":"fr"}, the last two optional. Answers each with two lines: the
 * intervals of [from, to) as "from to agent;…", and who is on call at each moment, "-" for nobody.
 * A refusal is a line that begins with "error", and ends the program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/base/text.h"
#include "gateway/rota/opening_hours.h"
#include "gateway/rota/rota.h"

struct question {
    const char *zone;
    struct wall_time from, to;
    struct rota *rota;
    struct opening_hours *hours;
    struct holidays holidays;
    struct rota_context context;
};

static struct wall_time time_of(json_t *json, const char *name)
{
    return (struct wall_time){json_integer_value(json_object_get(json, name))};
}

static enum status read_question(json_t *json, struct arena *arena, struct question *question,
                                 struct error *error)
{
    json_t *rota = json_object_get(json, "rota"), *hours = json_object_get(json, "hours");
    const char *holidays = json_string_value(json_object_get(json, "holidays"));
    question->zone = json_string_value(json_object_get(json, "zone"));
    question->from = time_of(json, "from");
    question->to = time_of(json, "to");
    char *text = json_dumps(rota, JSON_COMPACT);
    enum status status = rota_parse(text, strlen(text), arena, &question->rota, error);
    free(text);
    if (status == STATUS_OK && hours != NULL) {
        text = json_dumps(hours, JSON_COMPACT);
        status = opening_hours_parse(text, strlen(text), arena, &question->hours, error);
        free(text);
        question->context.opening_hours = question->hours;
    }
    if (status == STATUS_OK && holidays != NULL) {
        status = holidays_variant_parse(holidays, &question->holidays.variant, error);
        question->context.holidays = &question->holidays;
    }
    return status;
}

static enum status answer_intervals(const struct question *question, struct arena *arena,
                                    struct error *error)
{
    struct rota_interval *intervals = NULL;
    size_t count = 0;
    enum status status =
        rota_compile(question->rota, &question->context, question->zone, question->from,
                     question->to, arena, &intervals, &count, error);
    for (size_t i = 0; i < count; i++) {
        printf("%s%lld %lld %s", i > 0 ? ";" : "", (long long)intervals[i].from.ms,
               (long long)intervals[i].to.ms, intervals[i].agent);
    }
    printf("\n");
    return status;
}

static enum status answer_moments(const struct question *question, json_t *moments,
                                  struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(moments); i++) {
        struct wall_time at = {json_integer_value(json_array_get(moments, i))};
        char agent[SLUG_BYTES_MAX] = "";
        status = rota_who(question->rota, &question->context, question->zone, at, agent, error);
        printf("%s%s", i > 0 ? " " : "", agent[0] != '\0' ? agent : "-");
    }
    printf("\n");
    return status;
}

static enum status answer(const char *line, size_t bytes, struct error *error)
{
    struct arena *arena = arena_create(0);
    struct question question = {.zone = NULL};
    json_t *json = NULL;
    enum status status = json_parse(line, bytes, &json, error);
    if (status == STATUS_OK) {
        status = read_question(json, arena, &question, error);
    }
    if (status == STATUS_OK) {
        status = answer_intervals(&question, arena, error);
    }
    if (status == STATUS_OK) {
        status = answer_moments(&question, json_object_get(json, "at"), error);
    }
    json_decref(json);
    arena_destroy(&arena);
    return status;
}

int main(void)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t bytes;
    int result = EXIT_SUCCESS;
    while (result == EXIT_SUCCESS && (bytes = getline(&line, &capacity, stdin)) > 0) {
        struct error error = {.text = ""};
        if (answer(line, (size_t)bytes, &error) != STATUS_OK) {
            printf("error: %s\n", error.text);
            result = EXIT_FAILURE;
        }
    }
    free(line);
    return result;
}
