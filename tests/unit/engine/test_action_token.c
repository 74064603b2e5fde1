/* test_action_token.c - which tokens are taken apart, and which of those are genuine. */
#include <string.h>

#include "gateway/engine/engine_private.h"
#include "tests/unit/engine/fixture.h"

static const uint8_t secret[ENGINE_SECRET_BYTES] = {1, 2, 3};
static const struct uuid attempt = {{0x01, 0x9a, 0xff, 4, 5, 6, 0x77, 8, 0x99, 10, 11}};

static void test_token__comes_back_as_it_was_made(void **state)
{
    (void)state;
    for (int verb = 0; verb < AGENT_VERBS_COUNT; verb++) {
        char token[ACTION_TOKEN_BYTES_MAX];
        struct uuid of = {{0}};
        enum agent_verb read = AGENT_VERBS_COUNT;
        action_token_make(secret, attempt, 258, (enum agent_verb)verb, token);
        assert_memory_equal(token, "xt_", 3);
        assert_true(action_token_parse(token, &of, &read));
        assert_true(uuid_equal(of, attempt));
        assert_int_equal(read, verb);
        assert_true(action_token_verify(secret, token, 258));
    }
}

/* Each byte of it, and what stands behind it. */
static void test_token__of_another_form_or_text_is_none(void **state)
{
    (void)state;
    char token[ACTION_TOKEN_BYTES_MAX], other[ACTION_TOKEN_BYTES_MAX + 8];
    struct uuid of;
    enum agent_verb verb;
    action_token_make(secret, attempt, 258, VERB_ACCEPT, token);
    size_t bytes = strlen(token);
    for (size_t i = 0; i < bytes; i++) {
        memcpy(other, token, bytes + 1);
        other[i] = other[i] == 'a' ? 'b' : 'a';
        assert_false(action_token_verify(secret, other, 258));
        /* The MAC's characters are any; all else has its form. */
        bool is_of_the_mac = i >= bytes - 22;
        bool is_of_the_id = i >= 3 && i < 39 && token[i] != '-';
        assert_int_equal(action_token_parse(other, &of, &verb), is_of_the_mac || is_of_the_id);
        memcpy(other, token, i);
        other[i] = '\0';
        assert_false(action_token_parse(other, &of, &verb));
    }
    (void)snprintf(other, sizeof other, "%sa", token);
    assert_false(action_token_parse(other, &of, &verb));
    memset(other, 'x', sizeof other - 1);
    other[sizeof other - 1] = '\0';
    assert_false(action_token_parse(other, &of, &verb));
}

static void test_token__of_somebody_or_something_else_is_not_genuine(void **state)
{
    (void)state;
    char token[ACTION_TOKEN_BYTES_MAX];
    const uint8_t other_secret[ENGINE_SECRET_BYTES] = {1, 2, 4};
    action_token_make(secret, attempt, 258, VERB_ACCEPT, token);
    for (int bit = 0; bit < 63; bit++) {
        assert_false(action_token_verify(secret, token, 258 ^ (INT64_C(1) << bit)));
    }
    assert_false(action_token_verify(other_secret, token, 258));
    action_token_make(secret, attempt, 258, VERB_SEEN, token);
    char *word = strstr(token, "seen");
    assert_non_null(word);
    memcpy(word, "done", 4);
    assert_false(action_token_verify(secret, token, 258));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token__comes_back_as_it_was_made),
        cmocka_unit_test(test_token__of_another_form_or_text_is_none),
        cmocka_unit_test(test_token__of_somebody_or_something_else_is_not_genuine),
    };
    return cmocka_run_group_tests_name("engine.action_token", tests, NULL, NULL);
}
