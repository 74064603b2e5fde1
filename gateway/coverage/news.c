/* news.c - what of a coverage somebody must be told, whether it is new, and in which words. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/digest.h"
#include "gateway/base/text.h"
#include "gateway/coverage/coverage_private.h"
#include "gateway/engine/qualify.h"

#define DAY_MS         INT64_C(86400000)
#define KEY_BYTES_MAX  48 /* "0123456789abcdef:" and a time in ms, with a blank */
#define KEY_HASH_BYTES 8
#define PARTS_MAX      8

/* What a finding is known by. Two of one hash are about the same and end alike. */
struct key {
    uint64_t hash;
    int64_t from_ms;
};

/* A finding that is to be told. */
struct told {
    struct key key;
    const struct coverage_finding *finding;
    bool is_new;
};

struct news {
    const struct coverage_reporting *request;
    const struct engine_rotas *rotas;
    bool wakes_while_open;
    struct key *known;
    size_t known_count;
    struct told *told;
    size_t told_count;
    size_t lasting;
    size_t fresh; /* that are new */
};

/* ---- what matters ---- */

static bool lasts(enum coverage_kind kind)
{
    switch (kind) {
    case COVERAGE_GAP:
    case COVERAGE_NO_ROTA:
    case COVERAGE_NO_NUMBER:
    case COVERAGE_NO_DEVICE:
    case COVERAGE_UNPROVEN:
    case COVERAGE_NO_PERMISSION:
    case COVERAGE_TWICE:
    case COVERAGE_NOBODY:
    case COVERAGE_NOT_JUDGED:
    case COVERAGE_CHECK_IN_UNASKED:
    case COVERAGE_TOO_FEW:
        return true;
    case COVERAGE_DAILY_REST:
    case COVERAGE_WEEKLY_REST:
    case COVERAGE_NOT_PUBLISHED:
    case COVERAGE_CHANGED:
    case COVERAGE_NO_CHECK_IN:
    case COVERAGE_NUMBER_UNPROVEN:
    case COVERAGE_NUMBER_UNCONFIRMED:
    case COVERAGE_KINDS_COUNT:
        break;
    }
    return false;
}

/* Of the others "from" and "to" only say where in the window they were found. */
static bool has_times(enum coverage_kind kind)
{
    return kind == COVERAGE_GAP || kind == COVERAGE_TWICE || kind == COVERAGE_NOBODY ||
           kind == COVERAGE_TOO_FEW || kind == COVERAGE_DAILY_REST ||
           kind == COVERAGE_WEEKLY_REST || kind == COVERAGE_NOT_PUBLISHED ||
           kind == COVERAGE_CHANGED;
}

/* Whether a call that comes while the customer is open may have to wake somebody. What is on hold
 * begins just then. */
static bool wakes_while_open(const struct directory_customer *customer)
{
    const struct rules *rules = customer->rules != NULL ? customer->rules->rules : NULL;
    if (rules == NULL || rules->count == 0) {
        return true;
    }
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        if (rule->action == RULE_HOLD ||
            (rule->action != RULE_TICKET && rule->hours != RULES_HOURS_CLOSED)) {
            return true;
        }
    }
    return false;
}

/* Whether the customer is open all the while. */
static bool is_open(const struct news *news, const struct coverage_finding *finding)
{
    struct wall_time until = WALL_NEVER;
    return qualify_hours_until(news->rotas, news->request->customer, finding->from, &until) ==
               RULES_HOURS_OPEN &&
           until.ms != TIME_NEVER_MS && until.ms >= finding->to.ms;
}

static bool matters(const struct news *news, const struct coverage_finding *finding)
{
    const struct coverage_reporting *request = news->request;
    int64_t notice_ms = directory_notice_days(request->customer) * DAY_MS;
    bool may_rest = finding->kind == COVERAGE_GAP || finding->kind == COVERAGE_NOBODY ||
                    finding->kind == COVERAGE_TOO_FEW;
    return finding->from.ms < request->now.ms + notice_ms &&
           !(may_rest && !news->wakes_while_open && is_open(news, finding));
}

/* ---- what is new ---- */

static struct key key_of(const struct coverage_reporting *request,
                         const struct coverage_finding *finding)
{
    const char *texts[] = {
        coverage_kind_word(finding->kind),
        finding->rota,
        finding->with_rota,
        finding->procedure,
        finding->person != NULL ? finding->person->slug : NULL,
        finding->with_person != NULL ? finding->with_person->slug : NULL,
        finding->lost ? "lost" : NULL,
    };
    const size_t texts_count = sizeof texts / sizeof texts[0];
    struct digest_part parts[PARTS_MAX];
    bool timed = has_times(finding->kind);
    /* One that ends behind the window ends elsewhere with each day. */
    int64_t end_ms = request->now.ms + request->days * DAY_MS;
    int64_t to_ms = timed && finding->to.ms < end_ms ? finding->to.ms : 0;
    for (size_t i = 0; i < texts_count; i++) {
        const char *text = texts[i] != NULL ? texts[i] : "";
        parts[i] = (struct digest_part){text, strlen(text) + 1};
    }
    parts[texts_count] = (struct digest_part){&to_ms, sizeof to_ms};
    struct digest digest = digest_sha256(parts, texts_count + 1);
    struct key key = {.from_ms = timed ? finding->from.ms : 0};
    memcpy(&key.hash, digest.bytes, KEY_HASH_BYTES);
    return key;
}

static bool is_known(const struct news *news, const struct key *key)
{
    for (size_t i = 0; i < news->known_count; i++) {
        if (news->known[i].hash == key->hash && news->known[i].from_ms <= key->from_ms) {
            return true;
        }
    }
    return false;
}

/* What is not a key is passed over: it is told again, if it lasts. False: no memory. */
static bool read_known(struct news *news, struct arena *arena)
{
    const char *at = news->request->known_keys;
    if (at == NULL) {
        return true;
    }
    news->known = arena_alloc(arena, COVERAGE_FINDINGS_MAX * sizeof *news->known);
    while (news->known != NULL && *at != '\0' && news->known_count < COVERAGE_FINDINGS_MAX) {
        char *end;
        struct key key = {.hash = strtoull(at, &end, 16)};
        if (end != at && *end == ':') {
            key.from_ms = strtoll(end + 1, NULL, 10);
            news->known[news->known_count++] = key;
        }
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return news->known != NULL;
}

static const char *write_keys(const struct news *news, struct arena *arena)
{
    size_t bytes = news->told_count * KEY_BYTES_MAX + 1, used = 0;
    char *text = arena_alloc(arena, bytes);
    for (size_t i = 0; text != NULL && i < news->told_count; i++) {
        int wrote = snprintf(text + used, bytes - used, "%s%016" PRIx64 ":%" PRId64,
                             i > 0 ? " " : "", news->told[i].key.hash, news->told[i].key.from_ms);
        assert(wrote > 0 && (size_t)wrote < bytes - used);
        used += (size_t)wrote;
    }
    return text;
}

static void take(struct news *news, const struct coverage_finding *finding)
{
    if (!matters(news, finding)) {
        return;
    }
    const struct key key = key_of(news->request, finding);
    bool is_new = !is_known(news, &key);
    news->told[news->told_count++] = (struct told){key, finding, is_new};
    news->lasting += lasts(finding->kind);
    news->fresh += is_new;
}

/* ---- words ---- */

static const char *text_of(const char *slug)
{
    return slug != NULL ? slug : "?";
}

/* " to …", or " on" when it does not end within the window. */
static void say_end(const struct coverage_reporting *request, struct wall_time to,
                    char text_r[RFC3339_BYTES_MAX + 4])
{
    char time[RFC3339_BYTES_MAX];
    bool ends = to.ms < request->now.ms + request->days * DAY_MS;
    wall_time_format(to, time);
    (void)snprintf(text_r, RFC3339_BYTES_MAX + 4, "%s%s", ends ? " to " : " on", ends ? time : "");
}

static void say(const struct coverage_reporting *request, const struct coverage_finding *finding,
                char *text, size_t bytes)
{
    char from[RFC3339_BYTES_MAX], to[RFC3339_BYTES_MAX + 4];
    const char *rota = text_of(finding->rota), *procedure = text_of(finding->procedure);
    wall_time_format(finding->from, from);
    say_end(request, finding->to, to);
    switch (finding->kind) {
    case COVERAGE_GAP:
        (void)snprintf(text, bytes, "nobody is on call in %s from %s%s", rota, from, to);
        break;
    case COVERAGE_NO_ROTA:
        (void)snprintf(text, bytes, "procedure %s names a rota that is not there: %s", procedure,
                       rota);
        break;
    case COVERAGE_NOBODY:
        (void)snprintf(text, bytes, "procedure %s reaches nobody from %s%s", procedure, from, to);
        break;
    case COVERAGE_TOO_FEW:
        (void)snprintf(text, bytes, "procedure %s wants more people than it reaches from %s%s",
                       procedure, from, to);
        break;
    case COVERAGE_NOT_JUDGED:
        (void)snprintf(text, bytes, "procedure %s is too long to be judged", procedure);
        break;
    case COVERAGE_CHECK_IN_UNASKED:
        (void)snprintf(text, bytes, "nobody is reminded of the check-in for %s", rota);
        break;
    case COVERAGE_NO_CHECK_IN:
        (void)snprintf(text, bytes, "no check-in is planned for %s", rota);
        break;
    case COVERAGE_TWICE:
        (void)snprintf(text, bytes, "one person is on call in %s and in %s at once from %s", rota,
                       text_of(finding->with_rota), from);
        break;
    case COVERAGE_NO_NUMBER:
        (void)snprintf(text, bytes, "an agent who is to be called has no number");
        break;
    case COVERAGE_NUMBER_UNPROVEN:
        (void)snprintf(text, bytes,
                       "no number of an agent who is to be called was lately answered");
        break;
    case COVERAGE_NUMBER_UNCONFIRMED:
        (void)snprintf(text, bytes, "an agent checked in without confirming their numbers");
        break;
    case COVERAGE_NO_PERMISSION:
        (void)snprintf(text, bytes,
                       "no phone of an agent who is asked by push may show notifications");
        break;
    case COVERAGE_NO_DEVICE:
        (void)snprintf(text, bytes, "an agent who is asked by push has no phone for it");
        break;
    case COVERAGE_UNPROVEN:
        (void)snprintf(text, bytes, "no phone of an agent who is asked by push was ever proven");
        break;
    case COVERAGE_DAILY_REST:
    case COVERAGE_WEEKLY_REST:
        (void)snprintf(text, bytes, "an agent had too short a rest (%s), from %s",
                       coverage_kind_word(finding->kind), from);
        break;
    case COVERAGE_NOT_PUBLISHED:
    case COVERAGE_CHANGED:
        (void)snprintf(text, bytes, "an agent was not told what is planned in %s from %s", rota,
                       from);
        break;
    case COVERAGE_KINDS_COUNT:
        text[0] = '\0';
        break;
    }
}

/* Those that are new, and behind them those that still last; how many of them are named. */
static size_t name(const struct news *news, char *words, size_t bytes)
{
    size_t named = 0, used = strlen(words);
    for (int is_new = 1; is_new >= 0; is_new--) {
        for (size_t i = 0; i < news->told_count && named < COVERAGE_NAMED_MAX; i++) {
            const struct told *told = &news->told[i];
            char text[COVERAGE_NEWS_BYTES_MAX];
            if (told->is_new != (is_new == 1) || !(told->is_new || lasts(told->finding->kind))) {
                continue;
            }
            say(news->request, told->finding, text, sizeof text);
            int wrote = snprintf(words + used, bytes - used, "%s%s", named > 0 ? "; " : "", text);
            if (wrote < 0 || (size_t)wrote >= bytes - used) {
                words[used] = '\0';
                return named;
            }
            used += (size_t)wrote;
            named++;
        }
    }
    return named;
}

/* over: nothing of what was told before lasts. */
static const char *write_words(const struct news *news, bool over, struct arena *arena)
{
    const char *slug = news->request->customer->slug;
    char words[COVERAGE_NEWS_BYTES_MAX] = "";
    size_t named = name(news, words, sizeof words);
    size_t left = 0;
    for (size_t i = 0; i < news->told_count; i++) {
        left += news->told[i].is_new || lasts(news->told[i].finding->kind);
    }
    return arena_format(arena, "%s: %s; %zu more%s; see GET /v1/coverage/last?customer=%s", slug,
                        words, left - named, over ? "; what was told before is over" : "", slug);
}

bool find_news(const struct coverage_reporting *request, const struct engine_rotas *rotas,
               struct arena *arena, struct coverage_report *report)
{
    const struct coverage *coverage = request->coverage;
    struct news news = {
        .request = request,
        .rotas = rotas,
        .wakes_while_open = wakes_while_open(request->customer),
        .told = arena_alloc(arena, (coverage->findings_count + 1) * sizeof *news.told),
    };
    if (news.told == NULL || !read_known(&news, arena)) {
        return false;
    }
    for (size_t i = 0; i < coverage->findings_count; i++) {
        take(&news, &coverage->findings[i]);
    }
    bool again = request->night && news.lasting > 0;
    bool over = news.lasting == 0 && request->known_keys != NULL && request->known_lasting > 0;
    report->lasting = (int64_t)news.lasting;
    report->keys = write_keys(&news, arena);
    report->news = NULL;
    report->over = over && news.fresh == 0;
    if (report->over) {
        report->news = arena_format(arena, "%s: what was told of its coverage is over",
                                    request->customer->slug);
    } else if (news.fresh > 0 || again) {
        report->news = write_words(&news, over, arena);
    } else {
        return report->keys != NULL;
    }
    return report->keys != NULL && report->news != NULL;
}
