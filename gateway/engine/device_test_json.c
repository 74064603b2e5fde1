#include "gateway/engine/device_test_json.h"

static const char *asker_word(enum test_asker asker)
{
    return asker == TEST_BY_AGENT      ? "agent"
           : asker == TEST_BY_CHECK_IN ? "check_in"
           : asker == TEST_BY_PROBE    ? "probe"
                                       : "desk";
}

void device_test_json(struct json_writer *json, const struct directory_customer *customer,
                      const struct device_test_row *row)
{
    const struct directory_person *agent = NULL;
    const struct directory_device *device = directory_device(customer, row->device_id, &agent);
    json_object_begin(json);
    json_member_uuid(json, "id", row->test_id);
    json_member_int(json, "device", row->device_id);
    json_member_text(json, "installation", device != NULL ? device->installation : NULL);
    json_member_text(json, "agent", agent != NULL ? agent->slug : NULL);
    json_member_text(json, "asked_by", asker_word(row->asked_by));
    json_member_text(json, "state", attempt_state_word(row->state));
    json_member_text(json, "reason", row->reason[0] != '\0' ? row->reason : NULL);
    json_member_int(json, "tries", row->tries);
    json_member_time(json, "planned_at", row->planned_at);
    json_member_time(json, "sent_at", row->handed_over_at);
    json_member_time(json, "delayed_at", row->delayed_at);
    json_member_time(json, "accepted_at", row->accepted_at);
    json_member_time(json, "received_at", row->received_at);
    json_member_time(json, "seen_at", row->seen_at);
    json_member_time(json, "failed_at", row->failed_at);
    json_member_time(json, "outdated_at", row->outdated_at);
    json_object_end(json);
}
