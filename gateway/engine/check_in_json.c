#include "gateway/engine/check_in_json.h"

#include <string.h>

#include "gateway/engine/reachability.h"

enum check_in_number check_in_number(const struct check_in_row *row,
                                     const struct directory_person *agent)
{
    bool stands = row->out_at.ms == TIME_NEVER_MS;
    int64_t mark = directory_phones_mark(agent);
    if (stands && mark == 0) {
        return NUMBER_NONE;
    }
    if (!row->number_confirmed) {
        return NUMBER_NOT_CONFIRMED;
    }
    int64_t same = stands ? mark : 0;
    return row->numbers_mark != same ? NUMBER_CHANGED : NUMBER_CONFIRMED;
}

static void write_warnings(struct json_writer *json, const struct check_in_row *row,
                           enum check_in_number number)
{
    static const char *const words[] = {[NUMBER_CONFIRMED] = NULL,
                                        [NUMBER_NOT_CONFIRMED] = "number_not_confirmed",
                                        [NUMBER_CHANGED] = "number_changed",
                                        [NUMBER_NONE] = "no_number"};
    bool by_app = row->way == CHECK_IN_BY_APP;
    json_name(json, "warnings");
    json_array_begin(json);
    if (by_app && row->silent_mode != NULL && strcmp(row->silent_mode, "on") == 0) {
        json_text(json, "silent_mode");
    }
    if (by_app && words[number] != NULL) {
        json_text(json, words[number]);
    }
    json_array_end(json);
}

struct check_in_lacks check_in_lacks(const struct check_in_row *row,
                                     const struct device_test_row *test)
{
    struct check_in_lacks lacks = {.path = NULL};
    if (row->completed_at.ms != TIME_NEVER_MS) {
        return lacks;
    }
    lacks.permission = permission_is_denied(row->permission) ? "permission" : NULL;
    bool received = test != NULL && test->received_at.ms != TIME_NEVER_MS;
    bool heard = received && test->seen_at.ms != TIME_NEVER_MS;
    lacks.path = uuid_is_nil(row->test_id) ? "device"
                 : heard                   ? NULL
                 : received                ? "heard"
                                           : "received";
    return lacks;
}

void check_in_missing_json(struct json_writer *json, const struct check_in_lacks *lacks)
{
    const char *const missing[] = {lacks->permission, lacks->path};
    json_name(json, "missing");
    json_array_begin(json);
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        if (missing[i] != NULL) {
            json_text(json, missing[i]);
        }
    }
    json_array_end(json);
}

void check_in_facts_json(struct json_writer *json, const struct check_in_row *row,
                         const struct directory_person *agent)
{
    enum check_in_number number = check_in_number(row, agent);
    json_member_text(json, "permission", row->permission);
    json_member_text(json, "silent_mode", row->silent_mode);
    json_member_known_int(json, "battery_percent", row->battery_percent);
    json_member_text(json, "app_version", row->app_version);
    json_member_bool(json, "number_confirmed", number == NUMBER_CONFIRMED);
    write_warnings(json, row, number);
}
