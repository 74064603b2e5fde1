#include "gateway/core/words.h"

#include <stddef.h>

#define CASE_(name, number, word)                                                                  \
    case (number):                                                                                 \
        return word;

#define WORD_FUNCTION(function, type, table)                                                       \
    const char *function(type value)                                                               \
    {                                                                                              \
        switch ((int)value) {                                                                      \
            table(CASE_)                                                                           \
        }                                                                                          \
        return "?";                                                                                \
    }

WORD_FUNCTION(severity_word, enum severity, SEVERITY_TABLE)
WORD_FUNCTION(escalation_state_word, enum escalation_state, ESCALATION_STATE_TABLE)
WORD_FUNCTION(intervention_word, enum intervention, INTERVENTION_TABLE)
WORD_FUNCTION(person_kind_word, enum person_kind, PERSON_KIND_TABLE)
WORD_FUNCTION(path_word, enum path, PATH_TABLE)
WORD_FUNCTION(attempt_purpose_word, enum attempt_purpose, ATTEMPT_PURPOSE_TABLE)
WORD_FUNCTION(attempt_state_word, enum attempt_state, ATTEMPT_STATE_TABLE)
WORD_FUNCTION(attempt_answer_word, enum attempt_answer, ATTEMPT_ANSWER_TABLE)
WORD_FUNCTION(promise_word, enum promise_state, PROMISE_TABLE)
WORD_FUNCTION(platform_word, enum platform, PLATFORM_TABLE)
WORD_FUNCTION(task_kind_word, enum task_kind, TASK_KIND_TABLE)
WORD_FUNCTION(entry_kind_word, enum entry_kind, ENTRY_KIND_TABLE)
WORD_FUNCTION(offer_role_word, enum offer_role, OFFER_ROLE_TABLE)
WORD_FUNCTION(offer_origin_word, enum offer_origin, OFFER_ORIGIN_TABLE)

#define WORD_(name, number, word) [number] = (word),
const char *const severity_words[] = {SEVERITY_TABLE(WORD_) NULL};
const char *const escalation_state_words[] = {ESCALATION_STATE_TABLE(WORD_) NULL};
const char *const platform_words[] = {PLATFORM_TABLE(WORD_) NULL};
const char *const attempt_answer_words[] = {ATTEMPT_ANSWER_TABLE(WORD_) NULL};
const char *const offer_role_words[] = {OFFER_ROLE_TABLE(WORD_) NULL};

/* As many words as numbers: a hole would end a list early. */
#define ONE_(name, number, word) 1,
_Static_assert(sizeof((char[]){SEVERITY_TABLE(ONE_)}) == SEVERITY_CRITICAL + 1, "severities");
_Static_assert(sizeof((char[]){ESCALATION_STATE_TABLE(ONE_)}) == ESCALATION_STATE_LAST + 1,
               "states");
_Static_assert(sizeof((char[]){PLATFORM_TABLE(ONE_)}) == PLATFORM_WEBPUSH + 1, "platforms");
_Static_assert(sizeof((char[]){ATTEMPT_ANSWER_TABLE(ONE_)}) == ANSWER_FAILED + 1, "answers");
_Static_assert(sizeof((char[]){OFFER_ROLE_TABLE(ONE_)}) == OFFER_AS_MEMBER + 1, "offers");
