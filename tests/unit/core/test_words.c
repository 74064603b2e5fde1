/* The words of the domain: every number has one of its own, and stays what it is. */
#include "gateway/core/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* Spelt as API, schema and timeline spell them; stored numbers: new ones are only appended. */
#define CHECK_TABLE(type, function, ...)                                                           \
    do {                                                                                           \
        static const char *const expected[] = {__VA_ARGS__};                                       \
        const size_t count = sizeof expected / sizeof expected[0];                                 \
        for (unsigned i = 0; i < count; i++) {                                                     \
            assert_string_equal(function(i), expected[i]);                                         \
            for (size_t k = 0; k < i; k++) {                                                       \
                assert_string_not_equal(expected[i], expected[k]);                                 \
            }                                                                                      \
        }                                                                                          \
        assert_string_equal(function((enum type)(int)count), "?");                                 \
        assert_string_equal(function((enum type)(-1)), "?");                                       \
    } while (0)

static void words__are_stored_and_never_change(void **state)
{
    (void)state;
    CHECK_TABLE(severity, severity_word, "info", "minor", "major", "critical");
    CHECK_TABLE(escalation_state, escalation_state_word, "notifying", "waiting", "accepted",
                "overdue", "exhausted", "taken", "cancelling", "cancelled", "done", "on_hold",
                "noted");
    CHECK_TABLE(intervention, intervention_word, "none", "accepted", "remote", "on_my_way",
                "on_site", "done");
    CHECK_TABLE(person_kind, person_kind_word, "none", "agent", "contact", "operator", "callback");
    CHECK_TABLE(path, path_word, "push", "call", "callback", "app", "desk");
    CHECK_TABLE(attempt_purpose, attempt_purpose_word, "alert", "update", "holder_call", "withdraw",
                "cancel_notice", "exhausted", "fruitless", "task", "quarantine", "test", "offer",
                "team");
    CHECK_TABLE(attempt_state, attempt_state_word, "planned", "handed_over", "accepted", "received",
                "seen", "failed", "expired", "uncertain");
    CHECK_TABLE(attempt_answer, attempt_answer_word, "none", "ringing", "answered", "accepted",
                "declined", "busy", "no_answer", "failed");
    CHECK_TABLE(promise_state, promise_word, "none", "open", "warned", "kept", "split");
    CHECK_TABLE(platform, platform_word, "none", "apns", "fcm", "webpush");
    CHECK_TABLE(task_kind, task_kind_word, "promise", "progress", "cancel", "caller", "unaccepted",
                "short_handed");
    CHECK_TABLE(offer_role, offer_role_word, "holder", "member");
    CHECK_TABLE(offer_origin, offer_origin_word, "desk", "holder", "shift", "backup");
    CHECK_TABLE(entry_kind, entry_kind_word, "opened", "joined", "split", "step_started",
                "person_skipped", "step_ended", "round_ended", "exhausted", "attempt_planned",
                "attempt_accepted", "attempt_failed", "attempt_expired", "attempt_uncertain",
                "received", "seen", "call_progress", "accepted", "declined", "progress", "extended",
                "overdue", "handed_back", "resumed", "taken", "done", "cancelled",
                "cancel_confirmed", "severity", "note", "task", "task_done", "called_back", "late",
                "recovered", "quarantined", "refused_verb", "attempt_delayed", "clock_stepped",
                "clock_suspended", "qualified", "unqualified", "overridden", "on_hold", "released",
                "noted", "forwarded", "called_too", "backed_up", "offered", "offer_ended",
                "handed_over", "member_joined", "member_left", "team_sought", "team_complete",
                "team_short", "asked_anew");
}

#define CHECK_LIST(list, function, count)                                                          \
    do {                                                                                           \
        for (unsigned i = 0; i < (count); i++) {                                                   \
            assert_string_equal((list)[i], function(i));                                           \
        }                                                                                          \
        assert_null((list)[count]);                                                                \
    } while (0)

static void word_lists__follow_the_numbers(void **state)
{
    (void)state;
    CHECK_LIST(severity_words, severity_word, 4u);
    CHECK_LIST(escalation_state_words, escalation_state_word, 11u);
    CHECK_LIST(platform_words, platform_word, 4u);
    CHECK_LIST(attempt_answer_words, attempt_answer_word, 8u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words__are_stored_and_never_change),
        cmocka_unit_test(word_lists__follow_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
