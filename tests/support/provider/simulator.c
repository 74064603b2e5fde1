#include "tests/support/provider/simulator.h"

#include <assert.h>
#include <inttypes.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char shutdown_debug[] = "{\"reason\":\"Shutdown\"}";

void simulator_note(struct simulator *simulator, struct received *received)
{
    struct provider_statistics *statistics = &simulator->statistics[received->provider];
    received->repeated = seen_ids_note(simulator->seen, received->id);
    statistics->repeated += received->repeated;
    statistics->accepted += received->status == 200;
    statistics->unanswered += received->status == 0;
    assert(received->status < 600);
    statistics->by_status[received->status]++;
    if (received->provider != PROVIDER_OAUTH) {
        received_log_add(simulator->log, received, simulator->now);
    }
}

bool simulator_misbehave(struct simulator *simulator, struct http2_request *request,
                         enum behaviour behaviour, struct received *received)
{
    if (behaviour < BEHAVIOUR_SILENT) {
        return false;
    }
    received->status = 0;
    received->reason = behaviour_words[behaviour];
    simulator_note(simulator, received);
    if (behaviour == BEHAVIOUR_CUT) {
        http2_cut(request);
    } else if (behaviour == BEHAVIOUR_GOAWAY) {
        http2_go_away(request, false, shutdown_debug);
    } else if (behaviour == BEHAVIOUR_REFUSE_STREAM) {
        http2_reset(request, NGHTTP2_REFUSED_STREAM);
    }
    return true; /* silent: the stream stays open until the peer gives up */
}

void simulator_count_request(struct simulator *simulator, struct http2_request *request,
                             enum provider provider)
{
    struct goaway_plan *plan = &simulator->goaways[provider];
    if (plan->left == 0 || --plan->left > 0) {
        return;
    }
    http2_go_away(request, true, shutdown_debug);
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
