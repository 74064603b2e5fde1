/* The check of coverage against counting: random rule sets from a fixed seed, every call of a small
 * world decided. A rule is unreachable when no call gets it, calls are left over when one gets
 * none; the check must say exactly that. */
#include "tests/unit/qualification/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define SETS       800
#define SETS_TIMED 200 /* of more calls each */
#define RULES_OF   8
#define JSON_ROOM  4096

static uint64_t seed;

/* splitmix64: the same sets on every machine. */
static unsigned pick(unsigned below)
{
    seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = (seed ^ (seed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    mixed ^= mixed >> 31;
    return (unsigned)(mixed % below);
}

/* What rules may say, and for each what calls may have: one of each kind that a rule can tell. */
static const char *const severities[] = {"\"info\"",
                                         "[\"info\",\"critical\"]",
                                         "{\"at_least\":\"minor\"}",
                                         "{\"at_most\":\"major\"}",
                                         "[\"minor\",\"major\"]",
                                         "\"critical\""};
static const char *const categories[] = {"\"a\"", "[\"a\",\"b\"]", "\"b\"", "{\"present\":true}",
                                         "{\"present\":false}"};
static const char *const numbers[] = {"\"+33*\"",           "[\"+331\",\"+44*\"]", "\"+331*\"",
                                      "{\"present\":true}", "{\"present\":false}", "\"+331\""};
static const char *const names[] = {"{\"present\":true}", "{\"present\":false}"};
static const char *const sites[] = {"\"A\"", "[\"A\",\"B\"]", "{\"present\":true}",
                                    "{\"present\":false}"};
static const char *const all_hours[] = {"\"open\"", "\"closed\""};

/* Times begin and end at these minutes of the day. */
static const int edges[] = {0, 360, 720, 1320};
static const char *const days[] = {"monday", "tuesday",  "wednesday", "thursday",
                                   "friday", "saturday", "sunday",    "holidays"};

static const char *const call_categories[] = {NULL, "a", "b", "c"};
static const char *const call_numbers[] = {NULL, "+331", "+3312", "+332", "+449", "anonymous"};
static const char *const call_sites[] = {NULL, "A", "B", "C"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct draft {
    char json[JSON_ROOM];
    size_t used;
    bool comma;
};

__attribute__((format(printf, 2, 3))) static void put(struct draft *draft, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int wrote = vsnprintf(draft->json + draft->used, JSON_ROOM - draft->used, format, arguments);
    va_end(arguments);
    assert_true(wrote >= 0 && (size_t)wrote < JSON_ROOM - draft->used);
    draft->used += (size_t)wrote;
}

/* One condition, in one of three rules. */
static void maybe(struct draft *draft, const char *name, const char *const *values, size_t count,
                  const char *end)
{
    const char *value = values[pick((unsigned)count)];
    if (pick(3) == 0) {
        put(draft, "%s%s%s%s", draft->comma ? "," : "", name, value, end);
        draft->comma = true;
    }
}

static void put_days(struct draft *draft)
{
    const unsigned week = 0x7f, holidays = 0x80;
    unsigned kind = pick(4);
    unsigned bits = kind == 0 ? week : kind == 1 ? holidays : 1 + pick(255);
    put(draft, "\"days\":");
    for (unsigned day = 0, any = 0; day < COUNT(days); day++) {
        if ((bits & 1u << day) != 0) {
            put(draft, "%s\"%s\"", any++ > 0 ? "," : "[", days[day]);
        }
    }
    put(draft, "]");
}

/* Some days, or from one edge to another, or both. */
static void put_time(struct draft *draft)
{
    unsigned what = pick(3);
    put(draft, "{");
    if (what != 0) {
        put_days(draft);
    }
    if (what != 1) {
        int from = edges[pick(COUNT(edges))], to = edges[pick(COUNT(edges))];
        put(draft, "%s\"from\":\"%02d:00\",\"to\":\"%02d:00\"", what != 0 ? "," : "", from / 60,
            to / 60);
    }
    put(draft, "}");
}

static void maybe_at(struct draft *draft)
{
    if (pick(2) == 0) {
        put(draft, "%s\"at\":[", draft->comma ? "," : "");
        put_time(draft);
        if (pick(2) == 0) {
            put(draft, ",");
            put_time(draft);
        }
        put(draft, "]");
        draft->comma = true;
    }
}

static void draw_set(struct draft *draft, bool timed)
{
    unsigned count = 1 + pick(RULES_OF);
    draft->used = 0;
    put(draft, "{\"rules\":[");
    for (unsigned i = 0; i < count; i++) {
        put(draft, "%s{\"name\":\"r%u\"," ESCALATE ",\"when\":{", i > 0 ? "," : "", i);
        draft->comma = false;
        if (i + 1 < count || pick(2) == 0) { /* half of the sets end with a rule for all */
            maybe(draft, "\"severity\":", severities, COUNT(severities), "");
            maybe(draft, "\"category\":", categories, COUNT(categories), "");
            if (timed) { /* and nothing else: the world of calls must stay small */
                maybe_at(draft);
                maybe(draft, "\"hours\":", all_hours, COUNT(all_hours), "");
                put(draft, "}}");
                continue;
            }
            maybe(draft, "\"hours\":", all_hours, COUNT(all_hours), "");
            maybe(draft, "\"caller\":{\"number\":", numbers, COUNT(numbers), "}");
            maybe(draft, "\"fields\":{\"site\":", sites, COUNT(sites), "}");
            if (!draft->comma) {
                maybe(draft, "\"caller\":{\"name\":", names, COUNT(names), "}");
            }
        }
        put(draft, "}}");
    }
    put(draft, "]}");
}

struct counted {
    bool reached[RULES_OF + 1];
    bool left_over;
};

static void count_call(const struct rules *rules, const struct rules_facts *facts,
                       struct counted *counted)
{
    struct rules_decision decision;
    enum status status = rules_decide(rules, facts, &decision);
    if (status == STATUS_OK) {
        counted->reached[decision.number] = true;
    } else {
        assert_int_equal(status, STATUS_NOT_FOUND);
        counted->left_over = true;
    }
}

static void count_calls(const struct rules *rules, struct counted *counted)
{
    unsigned all = 4 * 2 * 2 * COUNT(call_categories) * COUNT(call_numbers) * COUNT(call_sites);
    for (unsigned call = 0; call < all; call++) {
        unsigned rest = call;
        struct rules_fact site = {.name = "site"};
        struct rules_facts facts = {.fields = &site};
        facts.severity = (enum severity)(rest % 4), rest /= 4;
        facts.hours = rest % 2 == 0 ? RULES_HOURS_OPEN : RULES_HOURS_CLOSED, rest /= 2;
        facts.caller_named = rest % 2 == 0, rest /= 2;
        facts.category = call_categories[rest % COUNT(call_categories)];
        rest /= COUNT(call_categories);
        facts.caller_number = call_numbers[rest % COUNT(call_numbers)];
        rest /= COUNT(call_numbers);
        site.value = call_sites[rest];
        facts.fields_count = site.value != NULL;
        count_call(rules, &facts, counted);
    }
}

/* At each edge and a minute before, on each day, a holiday or not, behind one or not, open or not.
 */
static void count_timed_calls(const struct rules *rules, struct counted *counted)
{
    unsigned all = 4 * 7 * 4 * 2 * COUNT(edges) * 2 * COUNT(call_categories);
    for (unsigned call = 0; call < all; call++) {
        unsigned rest = call;
        struct rules_facts facts = {.clock = {.is_known = true, .holidays_known = true}};
        facts.severity = (enum severity)(rest % 4), rest /= 4;
        facts.clock.weekday = (int)(rest % 7), rest /= 7;
        facts.clock.holiday = rest % 2 != 0, rest /= 2;
        facts.clock.holiday_yesterday = rest % 2 != 0, rest /= 2;
        int minute = (rest % 2 != 0 ? 1440 : 1439);
        rest /= 2;
        facts.clock.minute = (edges[rest % COUNT(edges)] + minute) % 1440, rest /= COUNT(edges);
        facts.hours = rest % 2 == 0 ? RULES_HOURS_OPEN : RULES_HOURS_CLOSED, rest /= 2;
        facts.category = call_categories[rest];
        count_call(rules, &facts, counted);
    }
}

static void compare(void **state, bool timed)
{
    unsigned fine = 0, unreachable = 0, left_over = 0, sets = timed ? SETS_TIMED : SETS;
    seed = 5;
    for (unsigned i = 0; i < sets; i++) {
        struct draft draft;
        struct error error = {.text = ""};
        struct counted counted = {.left_over = false};
        char expected[32] = "none";
        arena_reset(*state);
        draw_set(&draft, timed);
        const struct rules *rules = fixture_parse(*state, draft.json);
        if (timed) {
            count_timed_calls(rules, &counted);
        } else {
            count_calls(rules, &counted);
        }
        size_t first = 0;
        while (first < rules->count && counted.reached[first]) {
            first++;
        }
        if (first < rules->count) {
            (void)snprintf(expected, sizeof expected, "/rules/%zu", first);
            unreachable++;
        } else if (counted.left_over) {
            (void)snprintf(expected, sizeof expected, "/rules");
            left_over++;
        } else {
            fine++;
        }
        enum status status = rules_check_coverage(rules, *state, &error);
        if (strcmp(status == STATUS_OK ? "none" : error.pointer, expected) != 0) {
            fail_msg("set %u: \"%s\", but counting says %s: %s", i, error.text, expected,
                     draft.json);
        }
    }
    /* a run that draws only one kind proves little */
    assert_true(fine > sets / 10 && unreachable > sets / 10 && left_over > sets / 10);
}

static void coverage__is_what_counting_finds(void **state)
{
    compare(state, false);
}

static void coverage__of_times_is_what_counting_finds(void **state)
{
    compare(state, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(coverage__is_what_counting_finds, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(coverage__of_times_is_what_counting_finds, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
