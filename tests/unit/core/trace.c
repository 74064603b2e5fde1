#include "tests/unit/core/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/base/text.h"

#define TRACE_BYTES_MAX (512u * 1024u)
#define WORDS_MAX       16

void trace_print(struct trace *trace, const char *format, ...)
{
    va_list arguments;
    if (trace->text == NULL) {
        return;
    }
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): the line above starts it */
    int bytes = vsnprintf(trace->text + trace->used, trace->bytes - trace->used, format, arguments);
    va_end(arguments);
    assert_true(bytes >= 0 && trace->used + (size_t)bytes < trace->bytes);
    trace->used += (size_t)bytes;
}

static void print_time(struct trace *trace, int64_t ms)
{
    const char *sign = ms < 0 ? "-" : "";
    ms = ms < 0 ? -ms : ms;
    trace_print(trace, "%s%lld:%02lld", sign, (long long)(ms / 60000), (long long)(ms / 1000 % 60));
    if (ms % 1000 != 0) {
        trace_print(trace, ".%03lld", (long long)(ms % 1000));
    }
}

/* ---- what a step did ---- */

static void print_entry(struct trace *trace, const struct entry *entry)
{
    const struct world *world = trace->world;
    trace_print(trace, "    %s", entry_kind_word(entry->kind));
    if (entry->person.kind == PERSON_CALLBACK) {
        size_t number = world_attempt_number(world, entry->attempt);
        trace_print(trace, " %s", number > 0 ? world->attempts[number - 1].callback : "callback");
    } else if (entry->person.kind != PERSON_NONE) {
        trace_print(trace, " %s", world_name(world, &entry->person));
    }
    if (!uuid_is_nil(entry->attempt)) {
        trace_print(trace, " #%zu", world_attempt_number(world, entry->attempt));
    }
    if (entry->has_path) {
        trace_print(trace, " by %s", path_word(entry->path));
    }
    if (entry->word != NULL && entry->word[0] != '\0') {
        trace_print(trace, " %s", entry->word);
    }
    if (entry->other_kind != PERSON_NONE) {
        const struct person_ref other = {.kind = entry->other_kind, .id = entry->other_id};
        trace_print(trace, " and %s",
                    other.id != 0 ? world_name(world, &other) : person_kind_word(other.kind));
    }
    if (entry->number != 0) {
        trace_print(trace, " %lld", (long long)entry->number);
    }
    if (entry->of != 0) {
        trace_print(trace, " of %lld", (long long)entry->of);
    }
    if (entry->round > 0) {
        trace_print(trace, " r%d", entry->round);
    }
    if (entry->step > 0) {
        trace_print(trace, " s%d", entry->step);
    }
    if (entry->text != NULL) {
        trace_print(trace, " \"%s\"", entry->text);
    }
    trace_print(trace, "\n");
}

static void print_state(struct trace *trace)
{
    const struct escalation *now = &trace->world->now;
    trace_print(trace, "    = %s", escalation_state_word(now->state));
    if (now->holder.kind != PERSON_NONE) {
        trace_print(trace, " %s (%s)", world_name(trace->world, &now->holder),
                    intervention_word(now->intervention));
    }
    if (now->state == ESCALATION_NOTIFYING) {
        trace_print(trace, " r%d s%d", now->round + 1, now->step + 1);
    }
    for (int i = 0; i < now->members_count; i++) {
        const struct person_ref ref = {.kind = now->members[i].kind, .id = now->members[i].id};
        trace_print(trace, " + %s (%s)", world_name(trace->world, &ref),
                    intervention_word(now->members[i].intervention));
    }
    for (int i = 0; i < now->offers_count; i++) {
        const struct person_ref ref = {.kind = now->offers[i].kind, .id = now->offers[i].id};
        trace_print(trace, " ? %s (%s)", world_name(trace->world, &ref),
                    offer_role_word(now->offers[i].role));
    }
    if (now->due_at.ms != TIME_NEVER_MS) {
        trace_print(trace, ", at ");
        print_time(trace, now->due_at.ms - WORLD_EPOCH_MS);
        trace_print(trace, " %s", now->next_what);
    }
    trace_print(trace, "\n");
}

/* Attempts that ended or were answered, in so far as no entry says so. */
static void print_dropped(struct trace *trace)
{
    const struct update *update = trace->world->update;
    for (size_t i = 0; i < update->changed_attempts_count; i++) {
        const struct attempt *attempt = &update->changed_attempts[i];
        if (attempt->state == ATTEMPT_EXPIRED && attempt->accepted_at.ms == TIME_NEVER_MS &&
            strcmp(attempt->reason, "no_longer_needed") == 0) {
            trace_print(trace, "    #%zu not sent: no longer needed\n",
                        world_attempt_number(trace->world, attempt->id));
        }
    }
}

void trace_update(struct trace *trace, const struct escalation *before)
{
    const struct world *world = trace->world;
    if (world->status != STATUS_OK) {
        trace_print(trace, "    ! %s\n", status_slug(world->status));
        return;
    }
    if (world->update->answer != STATUS_OK) {
        trace_print(trace, "    ! %s\n", status_slug(world->update->answer));
    }
    for (size_t i = 0; i < world->update->entries_count; i++) {
        print_entry(trace, &world->update->entries[i]);
    }
    print_dropped(trace);
    if (before->state != world->now.state || before->due_at.ms != world->now.due_at.ms ||
        before->position != world->now.position ||
        before->members_count != world->now.members_count ||
        before->offers_count != world->now.offers_count ||
        !person_equal(&before->holder, &world->now.holder) ||
        before->intervention != world->now.intervention) {
        print_state(trace);
    }
}

/* ---- the script ---- */

struct words {
    char line[512];
    const char *word[WORDS_MAX];
    int count;
};

static void split_words(struct words *words, const char *line)
{
    (void)snprintf(words->line, sizeof words->line, "%s", line);
    words->count = 0;
    char *place = words->line;
    while (*place != '\0') {
        place += strspn(place, " ");
        bool quoted = *place == '"';
        place += quoted;
        if (*place == '\0') {
            break;
        }
        assert_true(words->count < WORDS_MAX);
        words->word[words->count++] = place;
        place += strcspn(place, quoted ? "\"" : " ");
        if (*place != '\0') {
            *place++ = '\0';
        }
    }
}

static const char *word_at(const struct words *words, int index)
{
    return index < words->count ? words->word[index] : "";
}

/* The word behind `name`, or NULL. */
static const char *option(const struct words *words, const char *name)
{
    for (int i = 1; i + 1 < words->count; i++) {
        if (strcmp(words->word[i], name) == 0) {
            return words->word[i + 1];
        }
    }
    return NULL;
}

static bool flag(const struct words *words, const char *name)
{
    for (int i = 1; i < words->count; i++) {
        if (strcmp(words->word[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int64_t seconds_option(const struct words *words, const char *name)
{
    const char *text = option(words, name);
    return text == NULL ? 0 : strtoll(text, NULL, 10) * 1000;
}

/* Which number has this word; fails the test when none has. */
#define PARSE_WORD(type, function, word, last)                                                     \
    static type word##_parse(const char *text)                                                     \
    {                                                                                              \
        for (int i = 0; i <= (int)(last); i++) {                                                   \
            if (strcmp(function((type)i), text) == 0) {                                            \
                return (type)i;                                                                    \
            }                                                                                      \
        }                                                                                          \
        fail_msg("unknown word: %s", text);                                                        \
        return (type)0;                                                                            \
    }

PARSE_WORD(enum severity, severity_word, severity, SEVERITY_CRITICAL)
PARSE_WORD(enum attempt_state, attempt_state_word, attempt_state, ATTEMPT_UNCERTAIN)
PARSE_WORD(enum attempt_answer, attempt_answer_word, attempt_answer, ANSWER_FAILED)
PARSE_WORD(enum platform, platform_word, platform, PLATFORM_WEBPUSH)

static struct uuid attempt_of(const struct world *world, const struct words *words)
{
    struct uuid none;
    memset(&none, 0, sizeof none);
    for (int i = 1; i < words->count; i++) {
        if (words->word[i][0] == '#') {
            long number = strtol(words->word[i] + 1, NULL, 10);
            if (number < 1 || (size_t)number > world->attempts_count) {
                none.bytes[0] = 0xff; /* one that does not exist */
                return none;
            }
            return world->attempts[number - 1].id;
        }
    }
    return none;
}

static struct person_ref actor_of(struct world *world, const struct words *words)
{
    struct person_ref actor = {.kind = PERSON_OPERATOR};
    const struct world_person *person = world_find(world, word_at(words, 1));
    if (person != NULL) {
        return person->ref;
    }
    (void)snprintf(actor.name, sizeof actor.name, "%s", word_at(words, 1));
    return actor;
}

/* Reception and looking are reported by the person the attempt went to. */
static struct person_ref owner_of(const struct world *world, struct uuid id)
{
    size_t number = world_attempt_number(world, id);
    struct person_ref owner = {.kind = PERSON_NONE};
    if (number > 0) {
        owner.kind = world->attempts[number - 1].person_kind;
        owner.id = world->attempts[number - 1].person_id;
    }
    return owner;
}

struct verb {
    const char *word;
    enum event_type type;
    enum intervention progress;
};

static const struct verb verbs[] = {
    {"join", EVENT_JOINED, 0},
    {"transport", EVENT_TRANSPORT, 0},
    {"delayed", EVENT_DELAYED, 0},
    {"received", EVENT_RECEIVED, 0},
    {"seen", EVENT_SEEN, 0},
    {"call", EVENT_CALL, 0},
    {"accept", EVENT_ACCEPT, 0},
    {"decline", EVENT_DECLINE, 0},
    {"remote", EVENT_PROGRESS, INTERVENTION_REMOTE},
    {"on_my_way", EVENT_PROGRESS, INTERVENTION_ON_MY_WAY},
    {"on_site", EVENT_PROGRESS, INTERVENTION_ON_SITE},
    {"still", EVENT_PROGRESS, INTERVENTION_NONE},
    {"done", EVENT_DONE, 0},
    {"hand_back", EVENT_HAND_BACK, 0},
    {"deadline", EVENT_DEADLINE, 0},
    {"severity", EVENT_SEVERITY, 0},
    {"note", EVENT_NOTE, 0},
    {"cancel", EVENT_CANCEL, 0},
    {"resume", EVENT_RESUME, 0},
    {"take", EVENT_TAKE, 0},
    {"called_back", EVENT_CALLED_BACK, 0},
    {"split", EVENT_SPLIT, 0},
    {"changed", EVENT_CONTEXT_CHANGED, 0},
    {"quarantine", EVENT_QUARANTINE, 0},
    {"stepped", EVENT_CLOCK_STEPPED, 0},
    {"suspended", EVENT_CLOCK_SUSPENDED, 0},
    {"assign", EVENT_OFFER, 0},
    {"hand_over", EVENT_OFFER, 0},
    {"join_in", EVENT_JOIN, 0},
    {"leave", EVENT_LEAVE, 0},
};

static const struct verb *find_verb(const char *word)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].word, word) == 0) {
            return &verbs[i];
        }
    }
    fail_msg("unknown verb: %s", word);
    return &verbs[0];
}

/* "assign WHO OPERATOR", "hand_over WHO TO". */
static void fill_offer(struct world *world, const struct words *words, struct event *event)
{
    bool by_desk = strcmp(words->word[0], "assign") == 0;
    struct words other = {.count = 2, .word = {"", word_at(words, 2)}};
    struct person_ref first = actor_of(world, words), second = actor_of(world, &other);
    event->actor = by_desk ? second : first;
    event->whom = by_desk ? first : second;
    event->origin = by_desk ? OFFER_BY_DESK : OFFER_BY_HOLDER;
    event->role = flag(words, "member") ? OFFER_AS_MEMBER : OFFER_AS_HOLDER;
    event->stays = flag(words, "stays");
}

static void fill_event(struct world *world, const struct words *words, struct event *event)
{
    switch (event->type) {
    case EVENT_JOINED:
        event->severity = words->count > 1 ? severity_parse(words->word[1]) : world->now.severity;
        event->promised_ms = seconds_option(words, "promise");
        event->text = option(words, "text");
        break;
    case EVENT_TRANSPORT:
        event->transport = attempt_state_parse(word_at(words, 2));
        event->reason = words->count > 3 ? words->word[3] : NULL;
        event->tries = 1;
        break;
    case EVENT_DELAYED:
        event->reason = words->count > 2 ? words->word[2] : NULL;
        break;
    case EVENT_CALL:
        event->answer = attempt_answer_parse(word_at(words, 2));
        break;
    case EVENT_RECEIVED:
    case EVENT_SEEN:
        event->actor = flag(words, "from") ? world_find(world, option(words, "from"))->ref
                                           : owner_of(world, event->attempt);
        break;
    case EVENT_ACCEPT:
    case EVENT_DECLINE:
    case EVENT_PROGRESS:
    case EVENT_DONE:
    case EVENT_HAND_BACK:
    case EVENT_TAKE:
        event->actor = actor_of(world, words);
        event->eta_ms = seconds_option(words, "eta");
        event->text = option(words, "text");
        break;
    case EVENT_JOIN:
    case EVENT_LEAVE:
        event->actor = actor_of(world, words);
        event->on_call = flag(words, "on_call");
        break;
    case EVENT_OFFER:
        fill_offer(world, words, event);
        break;
    case EVENT_SEVERITY:
        event->severity = severity_parse(word_at(words, 1));
        break;
    case EVENT_NOTE:
    case EVENT_CANCEL:
        event->text = words->count > 1 ? words->word[1] : NULL;
        break;
    case EVENT_CALLED_BACK:
    case EVENT_SPLIT:
        event->caller = (int)strtol(word_at(words, 1), NULL, 10);
        break;
    case EVENT_CLOCK_STEPPED:
    case EVENT_CLOCK_SUSPENDED:
        event->moved_ms = strtol(word_at(words, 1), NULL, 10) * 1000;
        break;
    case EVENT_OPENED:
    case EVENT_DEADLINE:
    case EVENT_RESUME:
    case EVENT_CONTEXT_CHANGED:
    case EVENT_QUARANTINE:
    case EVENTS_COUNT:
        break;
    }
}

void trace_event(struct trace *trace, const char *line)
{
    struct world *world = trace->world;
    struct words words;
    split_words(&words, line);
    struct escalation before = world->now;
    world->plan = flag(&words, "hold")     ? PLAN_HOLD
                  : flag(&words, "ticket") ? PLAN_TICKET
                                           : PLAN_NOW;
    if (strcmp(word_at(&words, 0), "open") == 0) {
        const char *whose = option(&words, "check_in");
        world->check_in_agent = whose != NULL ? world_person(world, whose)->ref.id : 0;
        memset(&before, 0, sizeof before);
        world_open(world, severity_parse(word_at(&words, 1)), seconds_option(&words, "promise"),
                   flag(&words, "drill"));
    } else {
        const struct verb *verb = find_verb(word_at(&words, 0));
        struct event event = world_event(world, verb->type);
        event.progress = verb->progress;
        event.attempt = attempt_of(world, &words);
        event.via = PATH_APP;
        fill_event(world, &words, &event);
        world_step(world, &event);
    }
    trace_update(trace, &before);
}

static int64_t parse_time(const char *text, const char **rest_r)
{
    char *end;
    double minutes = (double)strtoll(text, &end, 10);
    assert_int_equal(*end, ':');
    double seconds = strtod(end + 1, &end);
    *rest_r = end + strspn(end, " ");
    return (int64_t)(minutes * 60000.0 + seconds * 1000.0 + 0.5);
}

/* "person paul on primary contact apns fcm phone", or "phones 3": replaces what was said before.
 * "at 0:10": the devices registered then. "doubtful", "paused", "busy": how they stand. */
static void configure_person(struct world *world, const char *line)
{
    struct words words;
    split_words(&words, line);
    struct world_person *person = world_person(world, word_at(&words, 1));
    const char *role = option(&words, "on");
    (void)snprintf(person->role, sizeof person->role, "%s", role == NULL ? "" : role);
    person->ref.kind = flag(&words, "contact") ? PERSON_CONTACT : PERSON_AGENT;
    person->has_phone = flag(&words, "phone") || flag(&words, "phones");
    person->further_phones =
        flag(&words, "phones") ? (size_t)strtol(option(&words, "phones"), NULL, 10) - 1 : 0;
    person->doubtful = flag(&words, "doubtful");
    person->paused = flag(&words, "paused");
    person->busy = flag(&words, "busy");
    person->gone = flag(&words, "gone");
    person->devices_count = 0;
    const char *at = option(&words, "at");
    struct wall_time registered_at = {
        at == NULL ? 0 : WORLD_EPOCH_MS + WORLD_WALL_MS + parse_time(at, &at)};
    for (int i = 2; i < words.count; i++) {
        for (int platform = PLATFORM_APNS; platform <= PLATFORM_WEBPUSH; platform++) {
            if (strcmp(words.word[i], platform_word((enum platform)platform)) == 0) {
                int64_t id = person->ref.id * 10 + (int64_t)person->devices_count;
                person->devices[person->devices_count++] =
                    (struct context_device){.id = id,
                                            .platform = platform_parse(words.word[i]),
                                            .registered_at = registered_at};
            }
        }
    }
}

/* Fires each deadline at its time. */
static void run_until(struct trace *trace, int64_t until_ms)
{
    struct world *world = trace->world;
    while (world->now.due_at.ms <= WORLD_EPOCH_MS + until_ms) {
        world->clock_ms = world->now.due_at.ms - WORLD_EPOCH_MS;
        trace_print(trace, "  ");
        print_time(trace, world->clock_ms);
        trace_print(trace, " deadline\n");
        trace_event(trace, "deadline");
        assert_true(world->now.due_at.ms > WORLD_EPOCH_MS + world->clock_ms);
    }
    world->clock_ms = until_ms;
}

static void run_line(struct trace *trace, const char *line)
{
    struct world *world = trace->world;
    const char *rest;
    trace_print(trace, "%s\n", line);
    if (line[0] == '#' || line[0] == '\0') {
        return;
    }
    if (strncmp(line, "procedure ", 10) == 0) {
        world_procedure(world, strcmp(line + 10, "last-resort") == 0 ? NULL : line + 10);
    } else if (strncmp(line, "person ", 7) == 0) {
        configure_person(world, line);
    } else if (strncmp(line, "outbox ", 7) == 0) {
        world->outbox_held = strcmp(line + 7, "held") == 0;
    } else if (strncmp(line, "opens ", 6) == 0) {
        bool never = strcmp(line + 6, "never") == 0;
        world->opens_ms = never ? INT64_MAX : parse_time(line + 6, &rest);
    } else if (strncmp(line, "shift ", 6) == 0) {
        struct words words;
        split_words(&words, line);
        struct world_person *person = world_person(world, word_at(&words, 1));
        person->shift_until_ms = parse_time(word_at(&words, 2), &rest);
        (void)snprintf(person->relief, sizeof person->relief, "%s", word_at(&words, 3));
    } else if (strncmp(line, "until ", 6) == 0) {
        run_until(trace, parse_time(line + 6, &rest));
    } else {
        world->clock_ms = parse_time(line, &rest);
        trace_event(trace, rest);
    }
}

char *trace_run(const char *script)
{
    struct trace trace = {.world = world_create(), .bytes = TRACE_BYTES_MAX};
    trace.text = calloc(1, trace.bytes);
    assert_non_null(trace.text);
    while (*script != '\0') {
        char line[2048];
        size_t bytes = strcspn(script, "\n");
        assert_true(bytes < sizeof line);
        memcpy(line, script, bytes);
        line[bytes] = '\0';
        if (line[0] != ' ') {
            run_line(&trace, line);
        }
        script += bytes + (script[bytes] == '\n');
    }
    world_destroy(&trace.world);
    return trace.text;
}
