/* telephony_health.c - whether an endpoint delivers, and what to say of it. Pure: time comes in. */
#include "gateway/telephony/telephony_health.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct telephony_moment never = {{TIME_NEVER_MS}, {TIME_NEVER_MS}};

void telephony_health_init(struct telephony_health *health, const char *endpoint)
{
    *health = (struct telephony_health){
        .delivered_at = never, .failing_since = never, .failed_at = never.monotonic};
    (void)text_copy(health->endpoint, sizeof health->endpoint, endpoint);
}

void telephony_health_delivered(struct telephony_health *health, struct telephony_moment at)
{
    health->delivered_at = at;
    health->failing_since = never;
    health->failed_at = never.monotonic;
    health->reason[0] = '\0';
}

void telephony_health_failed(struct telephony_health *health, struct telephony_moment at,
                             const char *reason)
{
    assert(reason[0] != '\0');
    if (!telephony_health_is_failing(health)) {
        health->failing_since = at;
    }
    health->failed_at = at.monotonic;
    (void)text_copy(health->reason, sizeof health->reason, reason);
}

bool telephony_health_is_failing(const struct telephony_health *health)
{
    return health->failing_since.monotonic.ms != TIME_NEVER_MS;
}

static bool has_delivered(const struct telephony_health *health)
{
    return health->delivered_at.monotonic.ms != TIME_NEVER_MS;
}

int64_t telephony_health_failing_ms(const struct telephony_health *health,
                                    struct monotonic_time now)
{
    int64_t since_ms = health->failing_since.monotonic.ms;
    return since_ms < now.ms ? now.ms - since_ms : 0; /* never is later than now */
}

const char *telephony_health_text(const struct telephony_health *health)
{
    return telephony_health_is_failing(health) ? "down" : has_delivered(health) ? "up" : "unused";
}

static bool fails_now(const struct telephony_health *health, struct monotonic_time now)
{
    return telephony_health_is_failing(health) &&
           now.ms - health->failed_at.ms < TELEPHONY_FAILURE_LIFE_MS;
}

/* Whether another one delivered after this one began to fail. */
static bool has_stand_in(const struct telephony_health *healths, size_t count, size_t failing)
{
    int64_t since_ms = healths[failing].failing_since.monotonic.ms;
    for (size_t i = 0; i < count; i++) {
        if (i != failing && has_delivered(&healths[i]) &&
            healths[i].delivered_at.monotonic.ms >= since_ms) {
            return true;
        }
    }
    return false;
}

bool telephony_is_cut_off(const struct telephony_health *healths, size_t count,
                          struct monotonic_time now)
{
    for (size_t i = 0; i < count; i++) {
        if (fails_now(&healths[i], now) &&
            telephony_health_failing_ms(&healths[i], now) > TELEPHONY_CUT_OFF_MS &&
            !has_stand_in(healths, count, i)) {
            return true;
        }
    }
    return false;
}

/* ---- words --------------------------------------------------------------------------------- */

struct failure_words {
    const char *reason;
    const char *what;
    const char *remedy;
};

static const struct failure_words failures[] = {
    {"connect", "nothing takes connections at its address",
     "start what listens there, or mend the network or the url"},
    {"resolve", "the name in its url is not found", "mend the url or the name service"},
    {"timeout", "it does not answer in time", "look at the software behind it and at the network"},
    {"cut", "it ends connections without an answer", "look at the software behind it"},
    {"tls", "its TLS certificate is not trusted, or TLS fails",
     "renew its certificate, or name its CA in [telephony] ca_file"},
    {"ca_file", "the file of trusted certificates cannot be read", "mend [telephony] ca_file"},
    {"not_http", "what answers does not speak HTTP", "mend scheme and port of the url"},
    {"http_", "it answers with an error of its own", "look at the log of the software behind it"},
    {"", "requests to it fail", "look at the software behind it and at the network"},
};

/* The last one fits everything. */
static const struct failure_words *words_of(const char *reason)
{
    const struct failure_words *words = failures;
    while (strncmp(words->reason, reason, strlen(words->reason)) != 0) {
        words++;
    }
    return words;
}

void telephony_health_words(const struct telephony_health *health,
                            char words_r[TELEPHONY_HEALTH_WORDS_BYTES_MAX])
{
    if (!telephony_health_is_failing(health)) {
        (void)snprintf(words_r, TELEPHONY_HEALTH_WORDS_BYTES_MAX, "endpoint %s delivers again",
                       health->endpoint);
        return;
    }
    char since[RFC3339_BYTES_MAX];
    wall_time_format(health->failing_since.wall, since);
    const struct failure_words *words = words_of(health->reason);
    (void)snprintf(words_r, TELEPHONY_HEALTH_WORDS_BYTES_MAX,
                   "endpoint %s has delivered nothing since %s: %s (%s); what goes by it does not "
                   "arrive. Remedy: %s ([endpoint.%s])",
                   health->endpoint, since, words->what, health->reason, words->remedy,
                   health->endpoint);
}

/* ---- what was told ------------------------------------------------------------------------- */

/* The place of the endpoint's record: its own, a free one, or that of the failure told longest ago,
 * whose endpoint a reload has removed. */
static size_t find_record(const struct telephony_watch *watch, const char *endpoint)
{
    size_t found = 0;
    for (size_t i = 0; i < TELEPHONY_ENDPOINTS_MAX; i++) {
        const char *name = watch->told[i].endpoint;
        if (name[0] == '\0' || strcmp(name, endpoint) == 0) {
            return i;
        }
        found = watch->told[i].told_at.ms < watch->told[found].told_at.ms ? i : found;
    }
    return found;
}

enum telephony_news telephony_watch_look(struct telephony_watch *watch,
                                         const struct telephony_health *health,
                                         struct monotonic_time now)
{
    size_t i = find_record(watch, health->endpoint);
    bool known = strcmp(watch->told[i].endpoint, health->endpoint) == 0;
    if (!telephony_health_is_failing(health)) {
        bool ended = known && watch->told[i].failing;
        watch->told[i].failing = known ? false : watch->told[i].failing;
        return ended && has_delivered(health) ? TELEPHONY_DELIVERS_AGAIN : TELEPHONY_NO_NEWS;
    }
    if (!fails_now(health, now) ||
        telephony_health_failing_ms(health, now) < TELEPHONY_TELL_AFTER_MS ||
        (known && now.ms - watch->told[i].told_at.ms < TELEPHONY_TELL_EVERY_MS)) {
        return TELEPHONY_NO_NEWS;
    }
    (void)text_copy(watch->told[i].endpoint, sizeof watch->told[i].endpoint, health->endpoint);
    watch->told[i].failing = true;
    watch->told[i].told_at = now;
    return TELEPHONY_FAILS;
}
