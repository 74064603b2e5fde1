#include "tests/support/provider/control.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/provider/access_tokens.h"
#include "tests/support/provider/control_rules.h"

#define CLOCK_OFFSET_S_MAX     315360000 /* ten years */
#define SUBSCRIPTION_BYTES_MAX 128

static void script_token(struct simulator *simulator, struct json_reader *reader)
{
    const char *token = json_take_text(reader, "token", true, 1, SCRIPT_TOKEN_BYTES_MAX);
    struct script_rule rule = control_take_rule(reader);
    if (json_reader_end(reader) != STATUS_OK) {
        return;
    }
    enum status status = script_set_token(simulator->script, token, &rule);
    if (status != STATUS_OK) {
        json_reader_fault(reader, "token", "%s", status_text(status));
    }
}

static void command_provider(struct simulator *simulator, struct json_reader *reader)
{
    enum provider provider =
        (enum provider)json_take_word(reader, "provider", true, provider_words, PROVIDER_APNS);
    if (reader->status != STATUS_OK || control_server_command(simulator, reader, provider)) {
        return;
    }
    if (json_reader_has(reader, "revoke")) {
        bool revoke = json_take_bool(reader, "revoke", false);
        if (json_reader_end(reader) == STATUS_OK && revoke) {
            access_tokens_revoke(simulator->access_tokens);
        }
    } else {
        struct script_rule rule = control_take_rule(reader);
        if (json_reader_end(reader) == STATUS_OK) {
            script_set_provider(simulator->script, provider, &rule);
        }
    }
}

static void make_key(struct simulator *simulator, struct json_reader *reader, const char *member,
                     struct control_reply *reply)
{
    const char *target = json_take_text(reader, member, true, 1, SCRIPT_TOKEN_BYTES_MAX);
    bool subscription = strcmp(member, "subscription") == 0;
    if (json_reader_end(reader) != STATUS_OK) {
        return;
    }
    if (subscription && strlen(target) > SUBSCRIPTION_BYTES_MAX) {
        json_reader_fault(reader, member, "at most %d bytes", SUBSCRIPTION_BYTES_MAX);
        return;
    }
    enum status status = device_keys_make(simulator->device_keys, target, &reply->keys);
    if (status != STATUS_OK) {
        json_reader_fault(reader, member, "%s", status_text(status));
        return;
    }
    reply->device_key = true;
    if (subscription) {
        (void)snprintf(reply->endpoint, sizeof reply->endpoint, "https://localhost:%u/push/%.128s",
                       http2_server_port(simulator->servers[PROVIDER_WEBPUSH]), target);
    }
}

static void reset(struct simulator *simulator, struct json_reader *reader)
{
    struct error error = {0};
    (void)json_take_bool(reader, "reset", false);
    if (json_reader_end(reader) != STATUS_OK) {
        return;
    }
    script_reset(simulator->script);
    memset(simulator->goaways, 0, sizeof simulator->goaways);
    enum status status = control_reset(simulator, &error);
    if (status != STATUS_OK) {
        json_reader_fault(reader, "reset", "%s %s", status_text(status), error.text);
    }
}

/* Commands that concern the whole simulator. */
static bool command_general(struct simulator *simulator, struct json_reader *reader,
                            struct control_reply *reply)
{
    if (json_reader_has(reader, "token")) {
        script_token(simulator, reader);
    } else if (json_reader_has(reader, "provider")) {
        command_provider(simulator, reader);
    } else if (json_reader_has(reader, "clock_offset_s")) {
        int64_t offset_s = json_take_int(reader, "clock_offset_s", true, -CLOCK_OFFSET_S_MAX,
                                         CLOCK_OFFSET_S_MAX, 0);
        if (json_reader_end(reader) == STATUS_OK) {
            simulator->now.ms += offset_s * 1000 - simulator->clock_offset_ms;
            simulator->clock_offset_ms = offset_s * 1000;
        }
    } else if (json_reader_has(reader, "reset")) {
        reset(simulator, reader);
    } else if (json_reader_has(reader, "subscription")) {
        make_key(simulator, reader, "subscription", reply);
    } else if (json_reader_has(reader, "device_key")) {
        make_key(simulator, reader, "device_key", reply);
    } else if (json_reader_has(reader, "statistics")) {
        (void)json_take_bool(reader, "statistics", false);
        reply->statistics = json_reader_end(reader) == STATUS_OK;
    } else {
        return false;
    }
    return true;
}

enum status control_command(struct simulator *simulator, const char *line, size_t bytes,
                            struct control_reply *reply_r, struct error *error)
{
    json_t *command;
    enum status status = json_parse(line, bytes, &command, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct json_reader reader;
    json_reader_init(&reader, command, "", error);
    if (reader.status == STATUS_OK && !command_general(simulator, &reader, reply_r)) {
        json_reader_fault(&reader, NULL, "no such command");
    }
    json_decref(command);
    return reader.status;
}
