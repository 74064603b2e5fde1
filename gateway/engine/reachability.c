/* reachability.c - what the rows say of a path: see the header. */
#include "gateway/engine/reachability.h"

#include <assert.h>
#include <string.h>

static bool is_known(struct wall_time time)
{
    return time.ms != TIME_NEVER_MS;
}

/* Of two times that may be unknown. */
static struct wall_time later(struct wall_time a, struct wall_time b)
{
    if (!is_known(a) || !is_known(b)) {
        return is_known(a) ? a : b;
    }
    return a.ms > b.ms ? a : b;
}

static bool is_behind(struct wall_time time, struct wall_time other)
{
    return is_known(time) && (!is_known(other) || time.ms > other.ms);
}

bool permission_is_denied(const char *permission)
{
    return permission != NULL && strcmp(permission, "denied") == 0;
}

struct wall_time reach_heard_at(const struct device_row *device)
{
    return later(later(device->registered_at, device->proven_at), device->heard_at);
}

static struct reach doubt(struct reach reach, enum reach_state state, struct wall_time since,
                          const char *why)
{
    reach.state = state;
    reach.since = since;
    reach.why = why;
    return reach;
}

struct reach reach_of_device(const struct device_row *device, const struct device_test_row *newest,
                             struct wall_time now)
{
    const struct wall_time proven_at = device->proven_at, heard_at = reach_heard_at(device);
    struct reach reach = {.state = REACH_PROVEN, .since = proven_at, .proven_at = proven_at};
    if (is_known(proven_at)) {
        bool by_test = newest != NULL && newest->received_at.ms == proven_at.ms;
        reach.proof = by_test ? REACH_BY_TEST : REACH_BY_ALERT;
    }
    if (is_known(device->retired_at)) {
        return doubt(reach, REACH_UNREACHABLE, device->retired_at, "retired");
    }
    if (permission_is_denied(device->permission)) {
        return doubt(reach, REACH_UNREACHABLE, device->registered_at, "permission_denied");
    }
    bool silent = newest != NULL && !is_known(newest->received_at);
    if (silent && is_known(newest->failed_at) && is_behind(newest->failed_at, proven_at)) {
        return doubt(reach, REACH_DOUBTFUL, newest->failed_at, "test_failed");
    }
    if (silent && is_behind(newest->planned_at, proven_at) &&
        now.ms - newest->planned_at.ms >= REACH_TEST_MS) {
        return doubt(reach, REACH_DOUBTFUL, newest->planned_at, "test_not_confirmed");
    }
    if (!is_known(proven_at)) {
        return doubt(reach, REACH_UNKNOWN, device->registered_at, "never_proven");
    }
    if (now.ms - heard_at.ms >= REACH_UNHEARD_MS) {
        return doubt(reach, REACH_DOUBTFUL, (struct wall_time){heard_at.ms + REACH_UNHEARD_MS},
                     "unheard");
    }
    return reach;
}

struct reach reach_of_push(const struct reach *devices, size_t count)
{
    struct reach best = {.state = REACH_UNREACHABLE,
                         .since = WALL_NEVER,
                         .proven_at = WALL_NEVER,
                         .why = "no_device"};
    for (size_t i = 0; i < count; i++) {
        bool retired = devices[i].why != NULL && strcmp(devices[i].why, "retired") == 0;
        bool first = strcmp(best.why != NULL ? best.why : "", "no_device") == 0;
        if (!retired &&
            (first || devices[i].state < best.state ||
             (devices[i].state == best.state && is_behind(devices[i].proven_at, best.proven_at)))) {
            best = devices[i];
        }
    }
    return best;
}

bool reach_is_unheard(const struct device_heard_row *phones, size_t count, struct wall_time now)
{
    struct reach each[DEVICES_OF_PERSON_MAX];
    assert(count <= DEVICES_OF_PERSON_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct device_row device = {.registered_at = phones[i].registered_at,
                                          .proven_at = phones[i].proven_at,
                                          .heard_at = phones[i].heard_at,
                                          .retired_at = WALL_NEVER};
        each[i] = reach_of_device(&device, NULL, now);
    }
    return reach_of_push(each, count).state == REACH_DOUBTFUL;
}

struct reach reach_of_number(const char *phone, const struct number_proof_row *proof)
{
    struct reach reach = {.state = REACH_UNKNOWN,
                          .since = WALL_NEVER,
                          .proven_at = WALL_NEVER,
                          .why = "never_proven"};
    if (phone == NULL || phone[0] == '\0') {
        return doubt(reach, REACH_UNREACHABLE, WALL_NEVER, "no_number");
    }
    if (proof == NULL) {
        return reach;
    }
    if (is_known(proof->key_at)) {
        reach = (struct reach){.state = REACH_PROVEN,
                               .since = proof->key_at,
                               .proof = REACH_BY_KEY,
                               .proven_at = proof->key_at,
                               .proven_by = proof->key_by};
    } else if (is_known(proof->answered_at)) {
        reach = (struct reach){.state = REACH_DOUBTFUL,
                               .since = proof->answered_at,
                               .proof = REACH_BY_ANSWER,
                               .proven_at = proof->answered_at,
                               .proven_by = proof->answered_by,
                               .why = "answered_without_a_key"};
    }
    return is_behind(proof->failed_at, later(proof->key_at, proof->answered_at))
               ? doubt(reach, REACH_DOUBTFUL, proof->failed_at, "call_failed")
               : reach;
}

struct reach reach_of_call(const struct reach *numbers, size_t count, size_t *which_r)
{
    *which_r = 0;
    for (size_t i = 1; i < count; i++) {
        if (numbers[i].state < numbers[*which_r].state) {
            *which_r = i;
        }
    }
    return count > 0 ? numbers[*which_r] : reach_of_number(NULL, NULL);
}

const char *reach_state_word(enum reach_state state)
{
    static const char *const words[] = {[REACH_PROVEN] = "proven",
                                        [REACH_DOUBTFUL] = "doubtful",
                                        [REACH_UNKNOWN] = "unknown",
                                        [REACH_UNREACHABLE] = "unreachable"};
    assert((unsigned)state < sizeof words / sizeof words[0]);
    return words[state];
}

const char *reach_proof_word(enum reach_proof proof)
{
    static const char *const words[] = {[REACH_BY_NOTHING] = NULL,
                                        [REACH_BY_TEST] = "test_push",
                                        [REACH_BY_ALERT] = "alert",
                                        [REACH_BY_KEY] = "key",
                                        [REACH_BY_ANSWER] = "answer"};
    assert((unsigned)proof < sizeof words / sizeof words[0]);
    return words[proof];
}
