/* What holds for every payload: limits from both sides, and the promises on random notifications.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/payload.h"
#include "tests/unit/push/payload_promises.h"

#define TEXT_BYTES_MAX 8000
#define ROUNDS         3000
/* What a text that gives way earlier may still have of the room in which a later one does not
 * grow: the rest of the padding, and that in base64url. */
#define LEFT_OVER_BYTES 350

static struct payload rendered;

static enum status render(const struct push_job *job)
{
    const struct payload_options options = {.critical_entitled = true};
    struct error error = {0};
    enum status status = payload_render(job, &options, &rendered, &error);
    assert_true(status == STATUS_OK || error.text[0] != '\0');
    if (status == STATUS_OK) {
        const char *broken = broken_promise(job, &rendered);
        if (broken != NULL) {
            fail_msg("%s", broken);
        }
    }
    return status;
}

static struct push_job job_of(enum push_provider provider)
{
    return (struct push_job){.provider = provider,
                             .target = "00fc13ad",
                             .notification = {.urgency = PUSH_NORMAL, .title = "Astreinte"}};
}

static char *filled(char *text, char c, size_t bytes)
{
    memset(text, c, bytes);
    text[bytes] = '\0';
    return text;
}

/* ---- limits ---- */

static void test_limits__of_words(void **state)
{
    (void)state;
    static char longest[256], too_long[256];
    const struct {
        size_t offset, bytes_max;
    } rows[] = {{offsetof(struct push_notification, category), 200},
                {offsetof(struct push_notification, thread), 200},
                {offsetof(struct push_notification, channel), 200},
                {offsetof(struct push_notification, sound), 200},
                {offsetof(struct push_notification, collapse_id), 64}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct push_job job = job_of(PUSH_FCM);
        const char *texts[] = {filled(longest, 'x', rows[i].bytes_max),
                               filled(too_long, 'x', rows[i].bytes_max + 1), ""};
        const enum status expected[] = {STATUS_OK, STATUS_INVALID, STATUS_INVALID};
        for (size_t k = 0; k < 3; k++) {
            memcpy((char *)&job.notification + rows[i].offset, &texts[k], sizeof texts[k]);
            assert_int_equal(render(&job), expected[k]);
        }
    }
}

static void test_limits__of_numbers(void **state)
{
    (void)state;
    static const struct push_action actions[PUSH_ACTIONS_MAX + 1] = {
        {"a", "A"}, {"b", "B"}, {"c", "C"}, {"d", "D"}, {"e", "E"}};
    const struct {
        int volume, badge;
        size_t actions_count;
        enum status expected;
    } rows[] = {{0, 0, 0, STATUS_OK},       {100, 2147483647, PUSH_ACTIONS_MAX, STATUS_OK},
                {-1, 0, 0, STATUS_INVALID}, {101, 0, 0, STATUS_INVALID},
                {0, -1, 0, STATUS_INVALID}, {0, 0, PUSH_ACTIONS_MAX + 1, STATUS_INVALID}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct push_job job = job_of(PUSH_FCM);
        job.notification.volume_percent = rows[i].volume;
        job.notification.has_badge = true;
        job.notification.badge = rows[i].badge;
        job.notification.actions = actions;
        job.notification.actions_count = rows[i].actions_count;
        assert_int_equal(render(&job), rows[i].expected);
    }
}

struct kind {
    enum push_provider provider;
    enum push_style style;
    bool sealed;
    size_t body_bytes_max;
};

static const struct kind kinds[] = {
    {PUSH_APNS, PUSH_ALERT, false, PUSH_PAYLOAD_BYTES_MAX},
    {PUSH_APNS, PUSH_VOIP, false, PUSH_VOIP_PAYLOAD_BYTES_MAX},
    {PUSH_FCM, PUSH_ALERT, false, PUSH_PAYLOAD_BYTES_MAX - PAYLOAD_FCM_TAIL_BYTES_MAX},
    {PUSH_APNS, PUSH_ALERT, true, PUSH_PAYLOAD_BYTES_MAX},
    {PUSH_APNS, PUSH_VOIP, true, PUSH_VOIP_PAYLOAD_BYTES_MAX},
    {PUSH_FCM, PUSH_VOIP, true, PUSH_PAYLOAD_BYTES_MAX - PAYLOAD_FCM_TAIL_BYTES_MAX},
    {PUSH_WEB, PUSH_ALERT, true, PUSH_PAYLOAD_BYTES_MAX},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

/* The longest body that is not shortened fills the limit; one byte more is. */
static void test_limits__of_a_text(void **state)
{
    (void)state;
    static char text[TEXT_BYTES_MAX + 1];
    static const struct push_secret secret = {.title = "Clinique"};
    for (size_t i = 0; i < KINDS; i++) {
        struct push_job job = job_of(kinds[i].provider);
        job.notification.style = kinds[i].style;
        job.notification.secret = kinds[i].sealed ? &secret : NULL;
        job.notification.body = text;
        size_t whole = 0, cut = TEXT_BYTES_MAX;
        while (cut - whole > 1) {
            size_t middle = (whole + cut) / 2;
            filled(text, 'x', middle);
            assert_int_equal(render(&job), STATUS_OK);
            *(rendered.shortened ? &cut : &whole) = middle;
        }
        filled(text, 'x', whole);
        assert_int_equal(render(&job), STATUS_OK);
        if (kinds[i].provider == PUSH_WEB) {
            assert_int_equal(rendered.plain_bytes, seal_plain_bytes_max(PUSH_PAYLOAD_BYTES_MAX));
        } else {
            assert_int_equal(rendered.body_bytes, kinds[i].body_bytes_max);
        }
        filled(text, 'x', cut);
        assert_int_equal(render(&job), STATUS_OK);
        assert_true(rendered.shortened);
    }
}

/* Data is never touched: what fits with the shortest texts is sent, a byte more is refused. */
static void test_limits__of_data(void **state)
{
    (void)state;
    static char text[301], data[TEXT_BYTES_MAX + 1];
    static const struct push_secret secret = {.title = "Clinique"};
    filled(text, 'x', 300);
    for (size_t i = 0; i < KINDS; i++) {
        struct push_job job = job_of(kinds[i].provider);
        job.notification.style = kinds[i].style;
        job.notification.secret = kinds[i].sealed ? &secret : NULL;
        job.notification.title = text;
        job.notification.body = text;
        job.notification.data_json = data;
        size_t taken = 0, refused = TEXT_BYTES_MAX - 8;
        while (refused - taken > 1) {
            size_t middle = (taken + refused) / 2;
            /* A piece of a text. NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
            memcpy(data, "{\"d\":\"", 6);
            memcpy(filled(data + 6, 'd', middle) + middle, "\"}", 3);
            enum status status = render(&job);
            assert_true(status == STATUS_OK || status == STATUS_TOO_LARGE);
            *(status == STATUS_OK ? &taken : &refused) = middle;
        }
        memcpy(filled(data + 6, 'd', taken) + taken, "\"}", 3);
        assert_int_equal(render(&job), STATUS_OK);
        assert_int_equal(rendered.body_bytes, kinds[i].provider == PUSH_WEB
                                                  ? PUSH_PAYLOAD_BYTES_MAX
                                                  : kinds[i].body_bytes_max);
    }
}

static void test_limits__too_large_says_how_much(void **state)
{
    (void)state;
    static char data[4200];
    struct push_job job = job_of(PUSH_APNS);
    struct error error = {0};
    const struct payload_options options = {0};
    /* A piece of a text. NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
    memcpy(data, "{\"d\":\"", 6);
    memcpy(filled(data + 6, 'd', 4100) + 4100, "\"}", 3);
    job.notification.data_json = data;
    assert_int_equal(payload_render(&job, &options, &rendered, &error), STATUS_TOO_LARGE);
    assert_non_null(strstr(error.text, "4214 bytes"));
    assert_non_null(strstr(error.text, "4096"));
}

/* ---- random notifications ---- */

static uint64_t seed;

static size_t below(size_t bound)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)((seed >> 11) % bound);
}

/* A text of random length of characters of one to four bytes and such that are escaped. */
static const char *random_text(char memory[TEXT_BYTES_MAX + 1])
{
    static const char *const characters[] = {
        "a",  " ",  "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x94\x94",
        "\"", "\\", "\n",       "\x01",         "\xf4\x8f\xbf\xbf"};
    static const size_t lengths[] = {1, 40, 200, 1000, 4000, TEXT_BYTES_MAX};
    size_t length = below(lengths[below(sizeof lengths / sizeof lengths[0])]);
    size_t kinds_used = 1 + below(sizeof characters / sizeof characters[0]);
    size_t used = 0;
    while (used + 4 < length) {
        const char *character = characters[below(kinds_used)];
        memcpy(memory + used, character, strlen(character));
        used += strlen(character);
    }
    memory[used] = '\0';
    return memory;
}

static const char *random_data(char memory[TEXT_BYTES_MAX + 1])
{
    static const char end[] = "\",\"e\" : \"\\u00e9\\n\"}";
    size_t bytes = below(below(8) == 0 ? 4000 : 300);
    /* A piece of a text. NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
    memcpy(memory, "{\"d\":\"", 6);
    memcpy(filled(memory + 6, 'd', bytes) + bytes, end, sizeof end);
    return memory;
}

struct random_job {
    struct push_job job;
    struct push_secret secret;
    struct push_action actions[PUSH_ACTIONS_MAX];
    char texts[PROMISE_TEXTS_MAX][TEXT_BYTES_MAX + 1];
    char data[TEXT_BYTES_MAX + 1];
    char secret_data[TEXT_BYTES_MAX + 1];
};

static void make_random_job(struct random_job *made)
{
    const struct kind *kind = &kinds[below(KINDS)];
    struct push_notification *notification = &made->job.notification;
    made->job = job_of(kind->provider);
    notification->style = below(10) == 0 ? PUSH_BACKGROUND : kind->style;
    notification->urgency = (enum push_urgency)below(4);
    notification->title = random_text(made->texts[0]);
    notification->body = below(4) > 0 ? random_text(made->texts[1]) : NULL;
    notification->data_json = below(4) > 0 ? random_data(made->data) : NULL;
    notification->collapse_id = below(2) > 0 ? "0193547a-0000-7000-8000-000000000001" : NULL;
    notification->actions = made->actions;
    notification->actions_count = below(PUSH_ACTIONS_MAX + 1);
    for (size_t i = 0; i < notification->actions_count; i++) {
        made->actions[i] = (struct push_action){"id", random_text(made->texts[2 + i])};
    }
    made->secret =
        (struct push_secret){.title = below(4) > 0 ? random_text(made->texts[6]) : NULL,
                             .body = below(4) > 0 ? random_text(made->texts[7]) : NULL,
                             .data_json = below(4) > 0 ? random_data(made->secret_data) : NULL};
    notification->secret = kind->sealed ? &made->secret : NULL;
}

/* A text is cut only when those before it in the order have nothing left to give. */
static void assert_order(const struct parsed_payload *parsed)
{
    bool later_cut = false;
    for (size_t i = parsed->texts_count; i-- > 0;) {
        const struct promised_text *text = &parsed->texts[i];
        if (later_cut) {
            assert_true(strlen(text->read) <= 32 + 3 + 3 + LEFT_OVER_BYTES);
        }
        later_cut = later_cut || promised_text_is_cut(text);
    }
}

/* Where in the job the text stands that was given. */
static const char **place_of(struct random_job *made, const char *given)
{
    struct push_notification *notification = &made->job.notification;
    const char **places[PROMISE_TEXTS_MAX] = {&notification->title, &notification->body,
                                              &made->secret.title, &made->secret.body};
    for (size_t i = 0; i < PUSH_ACTIONS_MAX; i++) {
        places[4 + i] = &made->actions[i].title;
    }
    for (size_t i = 0; i < PROMISE_TEXTS_MAX; i++) {
        if (*places[i] == given) {
            return places[i];
        }
    }
    fail_msg("a text that nobody gave");
    return NULL;
}

/* One character more than was kept of a text, with its ellipsis; or the whole. */
static const char *one_more(const struct promised_text *text, char memory[TEXT_BYTES_MAX + 8])
{
    size_t bytes = strlen(text->read) - 3;
    do {
        bytes++;
    } while (((unsigned char)text->given[bytes] & 0xc0) == 0x80);
    /* A piece of a text. NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
    memcpy(memory, text->given, bytes);
    memcpy(memory + bytes, PROMISE_ELLIPSIS, sizeof PROMISE_ELLIPSIS);
    return bytes + 3 < strlen(text->given) ? memory : text->given;
}

/* The texts as they were cut fit by themselves; a character more of any of them does not. */
static void assert_tight(struct random_job *made, const struct parsed_payload *parsed)
{
    static char longer[TEXT_BYTES_MAX + 8];
    const char **places[PROMISE_TEXTS_MAX];
    for (size_t i = 0; i < parsed->texts_count; i++) {
        places[i] = place_of(made, parsed->texts[i].given);
    }
    for (size_t i = 0; i < parsed->texts_count; i++) {
        *places[i] = parsed->texts[i].read;
    }
    assert_int_equal(render(&made->job), STATUS_OK);
    assert_false(rendered.shortened);
    for (size_t i = 0; i < parsed->texts_count; i++) {
        const struct promised_text *text = &parsed->texts[i];
        if (promised_text_is_cut(text)) {
            *places[i] = one_more(text, longer);
            assert_int_equal(render(&made->job), STATUS_OK);
            assert_true(rendered.shortened);
            *places[i] = text->read;
        }
    }
}

static void test_promises__hold_for_random_notifications(void **state)
{
    (void)state;
    static struct random_job made;
    size_t whole = 0, shortened = 0, refused = 0;
    seed = UINT64_C(0x9e3779b97f4a7c15);
    for (int round = 0; round < ROUNDS; round++) {
        make_random_job(&made);
        enum status status = render(&made.job);
        assert_true(status == STATUS_OK || status == STATUS_TOO_LARGE);
        whole += status == STATUS_OK && !rendered.shortened;
        refused += status == STATUS_TOO_LARGE;
        if (status == STATUS_OK && rendered.shortened) {
            shortened++;
            struct parsed_payload parsed = payload_parse(&made.job, &rendered);
            assert_order(&parsed);
            assert_tight(&made, &parsed);
            payload_parsed_free(&parsed);
        }
    }
    assert_true(whole > ROUNDS / 10 && shortened > ROUNDS / 10 && refused > ROUNDS / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits__of_words),
        cmocka_unit_test(test_limits__of_numbers),
        cmocka_unit_test(test_limits__of_a_text),
        cmocka_unit_test(test_limits__of_data),
        cmocka_unit_test(test_limits__too_large_says_how_much),
        cmocka_unit_test(test_promises__hold_for_random_notifications),
    };
    return cmocka_run_group_tests_name("payload_promises", tests, NULL, NULL);
}
