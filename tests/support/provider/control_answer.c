#include "tests/support/provider/control.h"

#include <stdio.h>

#include "gateway/base/json_writer.h"

static void write_statistics(const struct simulator *simulator, struct json_writer *json,
                             enum provider provider)
{
    const struct provider_statistics *statistics = &simulator->statistics[provider];
    struct http2_statistics http2;
    http2_server_statistics(simulator->servers[provider], &http2);
    json_name(json, provider_text(provider));
    json_object_begin(json);
    json_member_int(json, "requests", (int64_t)http2.requests);
    json_member_int(json, "accepted", (int64_t)statistics->accepted);
    json_member_int(json, "accepted_ids", (int64_t)statistics->accepted_ids);
    json_member_int(json, "accepted_again", (int64_t)statistics->accepted_again);
    json_member_int(json, "repeated", (int64_t)statistics->repeated);
    json_member_int(json, "unanswered", (int64_t)statistics->unanswered);
    json_member_int(json, "connections_accepted", (int64_t)http2.connections_accepted);
    json_member_int(json, "connections_refused", (int64_t)http2.connections_refused);
    json_member_int(json, "connections_open", (int64_t)http2.connections_open);
    json_member_int(json, "handshakes_failed", (int64_t)http2.handshakes_failed);
    json_member_int(json, "resumed", (int64_t)http2.resumed);
    json_member_int(json, "pings", (int64_t)http2.pings);
    json_member_int(json, "streams_refused", (int64_t)http2.streams_refused);
    json_member_int(json, "goaways", (int64_t)http2.goaways);
    json_member_int(json, "streams_open", (int64_t)http2.streams_open);
    json_member_int(json, "streams_open_max", (int64_t)http2.streams_open_max);
    json_name(json, "by_status");
    json_object_begin(json);
    for (unsigned i = 100; i < 600; i++) {
        if (statistics->by_status[i] > 0) {
            char name[8];
            (void)snprintf(name, sizeof name, "%u", i);
            json_member_int(json, name, (int64_t)statistics->by_status[i]);
        }
    }
    json_object_end(json);
    json_object_end(json);
}

void control_obey(struct simulator *simulator, const char *line, size_t bytes,
                  char answer_r[CONTROL_ANSWER_BYTES])
{
    struct error error = {0};
    struct control_reply reply = {0};
    enum status status = control_command(simulator, line, bytes, &reply, &error);
    struct json_writer json;
    json_writer_init(&json, answer_r, CONTROL_ANSWER_BYTES);
    json_object_begin(&json);
    json_member_bool(&json, "ok", status == STATUS_OK);
    if (status != STATUS_OK) {
        json_member_text(&json, "error", error.text);
        json_member_text(&json, "pointer", error.pointer);
    }
    for (int i = 0; reply.statistics && i < PROVIDERS_COUNT; i++) {
        write_statistics(simulator, &json, (enum provider)i);
    }
    if (reply.endpoint[0] != '\0') {
        json_member_text(&json, "endpoint", reply.endpoint);
    }
    if (reply.device_key) {
        json_member_text(&json, "p256dh", reply.keys.p256dh);
        json_member_text(&json, "auth", reply.keys.auth);
    }
    if (reply.statistics) {
        json_member_int(&json, "tokens_scripted", (int64_t)script_tokens_count(simulator->script));
    }
    json_object_end(&json);
}
