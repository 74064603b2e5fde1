#include "tests/support/provider/simulator.h"

#include <assert.h>
#include <inttypes.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LARGE_BODY_BYTES 1048576

const char simulator_shutdown_debug[] = "{\"reason\":\"Shutdown\"}";

void simulator_note(struct simulator *simulator, struct received *received)
{
    struct provider_statistics *statistics = &simulator->statistics[received->provider];
    bool accepted = received->status >= 200 && received->status < 300;
    struct seen_before before = seen_ids_note(simulator->seen, received->id, accepted);
    received->repeated = before.seen;
    statistics->repeated += before.seen;
    statistics->accepted += accepted;
    statistics->accepted_ids += accepted && received->id.data != NULL && !before.accepted;
    statistics->accepted_again += accepted && before.accepted;
    statistics->unanswered += received->status == 0;
    assert(received->status < 600);
    statistics->by_status[received->status]++;
    if (received->provider != PROVIDER_OAUTH) {
        received_log_add(simulator->log, received, simulator->now);
    }
}

/* Plays a behaviour that is no HTTP answer. */
static void misbehave(struct http2_request *request, const struct script_rule *rule)
{
    if (rule->behaviour == BEHAVIOUR_CUT) {
        http2_cut(request);
    } else if (rule->behaviour == BEHAVIOUR_GOAWAY) {
        http2_go_away(request, false, rule->text);
    } else if (rule->behaviour == BEHAVIOUR_REFUSE_STREAM) {
        http2_reset(request, NGHTTP2_REFUSED_STREAM);
    } else if (rule->behaviour == BEHAVIOUR_RESET) {
        http2_reset(request, rule->error_code);
    } else if (rule->behaviour == BEHAVIOUR_FRAMES) {
        http2_reset(request, NGHTTP2_NO_ERROR); /* the frames were the answer */
    } /* silent: the stream stays open until the peer gives up */
}

/* Keeps the rule with the request until its delay is over; false: out of memory, go on at once. */
static bool put_off(struct http2_request *request, const struct script_rule *rule)
{
    struct script_rule *held = malloc(sizeof *held);
    if (held != NULL) {
        *held = *rule;
        http2_defer(request, rule->delay_ms, held);
    }
    return held != NULL;
}

bool simulator_take_rule(struct simulator *simulator, struct http2_request *request,
                         struct received *received, struct script_rule *rule_r)
{
    if (request->held != NULL) {
        *rule_r = *(const struct script_rule *)request->held;
    } else {
        *rule_r = script_take(simulator->script, received->provider, received->token);
        if (rule_r->delay_ms > 0 && put_off(request, rule_r)) {
            return false;
        }
    }
    bool ends = rule_r->behaviour >= BEHAVIOUR_SILENT;
    if (rule_r->behaviour == BEHAVIOUR_FRAMES) {
        http2_play(request, rule_r->frames, rule_r->repeat);
        ends = raw_frames_end_request(rule_r->frames);
    }
    if (ends) {
        received->status = 0;
        received->reason = behaviour_words[rule_r->behaviour];
        simulator_note(simulator, received);
        misbehave(request, rule_r);
    }
    return !ends;
}

bool simulator_has_status(const struct script_rule *rule)
{
    return rule->behaviour == BEHAVIOUR_REASON || rule->behaviour == BEHAVIOUR_HTML ||
           rule->behaviour == BEHAVIOUR_EMPTY_BODY || rule->behaviour == BEHAVIOUR_BROKEN_BODY;
}

static void replace_body(struct http2_response *response, const char *type, const char *body)
{
    bool typed = false;
    for (unsigned i = 0; i < response->headers_count; i++) {
        if (strcmp(response->headers[i].name, "content-type") == 0) {
            response->headers[i].value = view_of_text(type);
            typed = true;
        }
    }
    if (!typed) {
        response->headers[response->headers_count++] =
            (struct http2_header){"content-type", view_of_text(type)};
    }
    response->body = view_of_text(body);
}

void simulator_bend(const struct script_rule *rule, struct http2_response *response)
{
    if (simulator_has_status(rule)) {
        response->status = rule->status;
    }
    if (rule->behaviour == BEHAVIOUR_HTML) {
        replace_body(response, "text/html; charset=utf-8",
                     "<!DOCTYPE html><title>Sign in</title><p>Welcome to the hotel's network.");
    } else if (rule->behaviour == BEHAVIOUR_EMPTY_BODY) {
        replace_body(response, "application/json", "");
    } else if (rule->behaviour == BEHAVIOUR_BROKEN_BODY) {
        replace_body(response, "application/json", "{\"reason\":\"Unregis");
    } else if (rule->behaviour == BEHAVIOUR_LARGE_BODY) {
        response->filler_bytes = LARGE_BODY_BYTES;
    } else if (rule->behaviour == BEHAVIOUR_LARGE_HEADERS) {
        response->filler_headers = 40;
        response->filler_header_bytes = HTTP2_FILLER_VALUE_MAX;
    } else if (rule->behaviour == BEHAVIOUR_MANY_HEADERS) {
        response->filler_headers = HTTP2_FILLER_HEADERS_MAX;
        response->filler_header_bytes = 10;
    } else if (rule->behaviour == BEHAVIOUR_EMPTY_FRAMES) {
        response->empty_frames = rule->repeat;
    }
}

void simulator_count_request(struct simulator *simulator, struct http2_request *request,
                             enum provider provider)
{
    struct goaway_plan *plan = &simulator->goaways[provider];
    if (plan->left == 0 || request->held != NULL || --plan->left > 0) {
        return;
    }
    http2_go_away(request, true, plan->debug);
    if (plan->times > 1) {
        plan->times--;
        plan->left = plan->every;
    }
}

struct view simulator_date(const struct simulator *simulator)
{
    static char text[40];
    static int64_t formatted_s = -1;
    int64_t now_s = simulator->now.ms / 1000;
    if (now_s != formatted_s) {
        time_t seconds = (time_t)now_s;
        struct tm parts;
        (void)gmtime_r(&seconds, &parts);
        (void)strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        formatted_s = now_s;
    }
    return view_of_text(text);
}

struct view view_of_number(int64_t number, char *buffer)
{
    int bytes = snprintf(buffer, 24, "%" PRId64, number);
    return (struct view){buffer, (size_t)bytes};
}

struct view view_of_text(const char *text)
{
    return (struct view){text, strlen(text)};
}
