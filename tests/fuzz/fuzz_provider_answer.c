/* What a provider answers decides whom the pager still reaches: no answer, however odd, retires a
 * device that it does not call gone, counts as accepted without a 2xx, or leaves a text open.
 *
 * An input reads like an answer: "apns 410" (or fcm, web, oauth), the headers retry-after and date
 * a line each, an empty line, the body. fuzz links: push */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "apns-fcm/oauth2_token.h"
#include "apns-fcm/retry.h"
#include "apns-fcm/verdict.h"
#include "gateway/base/text.h"

#define LINE_BYTES_MAX    128
#define DAY_MS            INT64_C(86400000)
#define NOW_MS            INT64_C(784111777000) /* Sun, 06 Nov 1994 08:49:37 GMT */
#define YEAR_10000_MS     INT64_C(253402300800000)
#define OAUTH2_LIFE_S_MAX 86400

struct answer {
    char line[LINE_BYTES_MAX]; /* the provider and the status */
    char retry_after[LINE_BYTES_MAX];
    char date[LINE_BYTES_MAX];
    int status;
    const char *body; /* exactly body_bytes, so that a read behind them is seen */
    size_t body_bytes;
};

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

/* Takes one line off the front, cut to fit; false at the end of the input. */
static bool take_line(const uint8_t **data, size_t *bytes, char line_r[LINE_BYTES_MAX])
{
    if (*bytes == 0) {
        return false;
    }
    const uint8_t *end = memchr(*data, '\n', *bytes);
    size_t line_bytes = end != NULL ? (size_t)(end - *data) : *bytes;
    size_t kept = line_bytes < LINE_BYTES_MAX ? line_bytes : LINE_BYTES_MAX - 1;
    memcpy(line_r, *data, kept);
    line_r[kept] = '\0';
    line_bytes += end != NULL;
    *data += line_bytes;
    *bytes -= line_bytes;
    return true;
}

static void read_answer(const uint8_t *data, size_t bytes, struct answer *answer_r)
{
    static const char retry_after[] = "retry-after: ";
    static const char date[] = "date: ";
    char line[LINE_BYTES_MAX];
    *answer_r = (struct answer){.status = 0};
    (void)take_line(&data, &bytes, answer_r->line);
    const char *space = strchr(answer_r->line, ' ');
    for (int i = 1; space != NULL && i <= 3 && space[i] >= '0' && space[i] <= '9'; i++) {
        answer_r->status = answer_r->status * 10 + (space[i] - '0');
    }
    while (take_line(&data, &bytes, line) && line[0] != '\0') {
        if (strncmp(line, retry_after, sizeof retry_after - 1) == 0) {
            memcpy(answer_r->retry_after, line + sizeof retry_after - 1,
                   strlen(line) - sizeof retry_after + 2);
        } else if (strncmp(line, date, sizeof date - 1) == 0) {
            memcpy(answer_r->date, line + sizeof date - 1, strlen(line) - sizeof date + 2);
        }
    }
    answer_r->body = (const char *)data;
    answer_r->body_bytes = bytes;
}

static void fill_with_ones(void *context, void *bytes, size_t count)
{
    (void)context;
    memset(bytes, 1, count);
}

static const struct random_source fixed_random = {.fill = fill_with_ones};

static void check_text(const char *text, size_t bytes_max)
{
    size_t bytes = strnlen(text, bytes_max);
    check(bytes < bytes_max);
    check(text_is_utf8(text, bytes));
}

static void check_headers(const struct answer *answer)
{
    struct wall_time date = {-1};
    if (http_date_parse(answer->date, strlen(answer->date), &date) == STATUS_OK) {
        check(date.ms >= 0 && date.ms <= YEAR_10000_MS); /* with 9999's leap second */
    } else {
        check(date.ms == -1);
        date.ms = NOW_MS;
    }
    int64_t asked_ms = retry_after_ms(answer->retry_after, date);
    check(asked_ms == RETRY_AFTER_NONE_MS || (asked_ms >= 0 && asked_ms <= DAY_MS));
    /* Any number serves for the retries made and the time left. */
    unsigned retries = (unsigned)answer->body_bytes % 40;
    int64_t left_ms = (int64_t)answer->status * 100 - 1000;
    int64_t wait_ms = retry_wait_ms(retries, asked_ms, left_ms, &fixed_random);
    check(wait_ms == -1 || (wait_ms >= 0 && wait_ms < left_ms));
}

/* What holds for every provider's verdict. */
static void check_verdict(const struct answer *answer, const struct verdict *verdict)
{
    check_text(verdict->reason, sizeof verdict->reason);
    check_text(verdict->provider_id, sizeof verdict->provider_id);
    check(verdict->target >= PUSH_TARGET_OK && verdict->target <= PUSH_MESSAGE_WRONG);
    check(verdict->gone_since.ms == TIME_NEVER_MS || verdict->target == PUSH_TARGET_GONE);
    switch (verdict->action) {
    case ACTION_ACCEPT:
        check(answer->status >= 200 && answer->status < 300);
        check(verdict->target == PUSH_TARGET_OK && verdict->reason[0] == '\0');
        break;
    case ACTION_REFUSE:
        check(verdict->target != PUSH_TARGET_OK && verdict->reason[0] != '\0');
        break;
    case ACTION_RETRY:
        check(verdict->target == PUSH_TARGET_OK && verdict->reason[0] != '\0');
        break;
    case ACTION_RENEW_TOKEN:
        check(verdict->target == PUSH_CONFIGURATION_WRONG && verdict->reason[0] != '\0');
        break;
    default:
        abort();
    }
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words != NULL && strcmp(*words, word) != 0) {
        words++;
    }
    return *words != NULL;
}

static void check_apns(const struct answer *answer)
{
    static const char *const gone[] = {"Unregistered", "ExpiredToken", NULL};
    static const char *const renewed[] = {"ExpiredProviderToken", NULL};
    struct verdict verdict;
    verdict_apns(answer->status, answer->body, answer->body_bytes, &verdict);
    check_verdict(answer, &verdict);
    if (verdict.target == PUSH_TARGET_GONE) {
        check(answer->status == 410 || is_one_of(verdict.reason, gone));
    }
    if (verdict.action == ACTION_RENEW_TOKEN) {
        check(answer->status == 401 || is_one_of(verdict.reason, renewed));
        check(!verdict.token_proven);
    }
}

static void check_fcm(const struct answer *answer)
{
    static const char *const gone[] = {"UNREGISTERED", NULL};
    static const char *const renewed[] = {"UNAUTHENTICATED", NULL};
    struct verdict verdict;
    verdict_fcm(answer->status, answer->body, answer->body_bytes, &verdict);
    check_verdict(answer, &verdict);
    if (verdict.target == PUSH_TARGET_GONE) {
        check(answer->status == 410 || is_one_of(verdict.reason, gone));
    }
    if (verdict.action == ACTION_RENEW_TOKEN) {
        check(answer->status == 401 || is_one_of(verdict.reason, renewed));
    }
}

static void check_web(const struct answer *answer)
{
    struct verdict verdict;
    verdict_web(answer->status, answer->body, answer->body_bytes, &verdict);
    check_verdict(answer, &verdict);
    bool gone = answer->status == 404 || answer->status == 410;
    check((verdict.target == PUSH_TARGET_GONE) == gone);
    check(verdict.action != ACTION_RENEW_TOKEN);
}

static void check_oauth2(const struct answer *answer)
{
    static const char scheme[] = "Bearer ";
    char bearer[OAUTH2_BEARER_BYTES_MAX];
    char refusal[PUSH_REASON_BYTES_MAX] = "";
    int64_t life_s = 0;
    enum status status = oauth2_answer_parse(answer->body, answer->body_bytes, bearer,
                                             sizeof bearer, &life_s, refusal);
    if (status == STATUS_OK) {
        size_t bearer_bytes = strnlen(bearer, sizeof bearer);
        check(bearer_bytes < sizeof bearer && bearer_bytes > sizeof scheme - 1);
        check(memcmp(bearer, scheme, sizeof scheme - 1) == 0);
        /* It becomes a header's value: another byte would break every request of its hour. */
        for (size_t i = sizeof scheme - 1; i < bearer_bytes; i++) {
            check(bearer[i] > ' ' && bearer[i] <= '~');
        }
        check(life_s > 0 && life_s <= OAUTH2_LIFE_S_MAX);
    } else {
        check(status == STATUS_FORBIDDEN || status == STATUS_PROTOCOL ||
              status == STATUS_TOO_LARGE);
        check_text(refusal, sizeof refusal);
        check((status == STATUS_FORBIDDEN) == (refusal[0] != '\0'));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct answer answer;
    read_answer(data, bytes, &answer);
    check_headers(&answer);
    if (strncmp(answer.line, "apns ", 5) == 0) {
        check_apns(&answer);
    } else if (strncmp(answer.line, "fcm ", 4) == 0) {
        check_fcm(&answer);
    } else if (strncmp(answer.line, "web ", 4) == 0) {
        check_web(&answer);
    } else if (strncmp(answer.line, "oauth ", 6) == 0) {
        check_oauth2(&answer);
    }
    return 0;
}
