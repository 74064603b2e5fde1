#include "gateway/daemon/self_check.h"

#include <string.h>

#include "gateway/base/burden.h"
#include "gateway/base/log.h"
#include "gateway/daemon/configuration.h"
#include "gateway/telephony/telephony_health.h"

/* A probe a second, four looks a second of the watchdog; a pulse each look of ours. What is longer
 * than this is a hang, not load. */
#define WATCHED_MS_MAX INT64_C(2000)
#define PULSE_MS_MAX   INT64_C(2000)
#define PROBE_MS_MAX   INT64_C(5000)
/* A read is cut off long before: this is one that hangs, and has its thread for ever. */
#define READING_MS_MAX INT64_C(10000)
#define OVERDUE_MS_MAX INT64_C(5000)
#define TELL_EVERY_MS  INT64_C(60000)
#define PAUSE_MS_MIN   INT64_C(2000)
#define GRACE_MS       INT64_C(3000)

struct finding {
    enum self_check_verdict verdict;
    const char *fault;
};

static bool push_is_silent(const struct self_check *check, struct monotonic_time now)
{
    return check->push != NULL && now.ms - push_sender_pulse(check->push).ms > PULSE_MS_MAX;
}

static bool telephony_is_silent(const struct self_check *check, struct monotonic_time now)
{
    return check->telephony != NULL && now.ms - telephony_pulse(check->telephony).ms > PULSE_MS_MAX;
}

/* The heartbeat's receiver is no way out: it can tell nobody what is wrong. */
static bool telephony_is_out(const struct self_check *check, struct monotonic_time now)
{
    struct telephony_health healths[TELEPHONY_ENDPOINTS_MAX];
    return check->telephony != NULL &&
           telephony_is_cut_off(
               healths, telephony_healths(check->telephony, HEARTBEAT_ENDPOINT, healths), now);
}

static struct finding look(const struct self_check *check, struct monotonic_time now)
{
    struct engine_statistics engine;
    engine_statistics(check->engine, &engine);
    /* All are asked, whatever the first ones say. */
    bool push_silent = push_is_silent(check, now);
    bool telephony_silent = telephony_is_silent(check, now);
    if (engine.writer_stuck || engine.answered_age_ms > PROBE_MS_MAX) {
        return (struct finding){SELF_CHECK_STUCK, "the writer hangs"};
    }
    if (engine.watched_age_ms > WATCHED_MS_MAX) {
        return (struct finding){SELF_CHECK_STUCK, "the watchdog hangs"};
    }
    if (push_silent) {
        return (struct finding){SELF_CHECK_STUCK, "the push thread hangs"};
    }
    if (telephony_silent) {
        return (struct finding){SELF_CHECK_STUCK, "the telephony thread hangs"};
    }
    if (burden_reading_ms() > READING_MS_MAX) {
        return (struct finding){SELF_CHECK_STUCK, "a reader hangs"};
    }
    if (!engine.ready) { /* a full disk, a damaged page: a start would mend neither */
        return (struct finding){SELF_CHECK_FAILED, engine.not_ready_why};
    }
    if (engine.proven_age_ms > PROBE_MS_MAX) {
        return (struct finding){SELF_CHECK_STUCK, "what is committed does not come back"};
    }
    if (engine.deadlines_stalled) {
        return (struct finding){SELF_CHECK_STUCK, "overdue steps are not done"};
    }
    if (telephony_is_out(check, now)) { /* only what is outside can still tell anybody */
        return (struct finding){SELF_CHECK_FAILED, "no telephony endpoint can be reached"};
    }
    if (engine.overdue_ms > OVERDUE_MS_MAX) {
        return (struct finding){SELF_CHECK_LATE, "steps are overdue"};
    }
    return (struct finding){engine.proven ? SELF_CHECK_PASSED : SELF_CHECK_LATE, NULL};
}

static bool is_other_text(const char *left, const char *right)
{
    return left == NULL || right == NULL ? left != right : strcmp(left, right) != 0;
}

enum self_check_verdict self_check_look(struct self_check *check, struct monotonic_time now)
{
    struct finding found = look(check, now);
    if (now.ms - check->looked_at.ms >= PAUSE_MS_MIN) {
        check->judges_from.ms = now.ms + GRACE_MS;
    }
    check->looked_at = now;
    if (found.verdict == SELF_CHECK_STUCK && now.ms < check->judges_from.ms) {
        found = (struct finding){SELF_CHECK_LATE, NULL}; /* the machine slept: all looks old */
    }
    bool changed = is_other_text(found.fault, atomic_load(&check->fault));
    atomic_store(&check->fault, found.fault);
    atomic_store(&check->verdict, found.verdict);
    if (found.fault != NULL && (changed || now.ms - check->told_at.ms >= TELL_EVERY_MS)) {
        check->told_at = now;
        log_error("daemon.self_check_failed", LOG_TEXT("fault", found.fault));
        engine_alarm_about(check->engine, "gateway.self_check", found.fault, found.fault);
    } else if (found.fault == NULL && changed) {
        log_info("daemon.self_check_passed", LOG_NONE);
    }
    return found.verdict;
}
