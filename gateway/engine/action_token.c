/* action_token.c - the tokens in a push that let a person answer from the lock screen: an HMAC over
 * attempt, person and verb. Checked by computing them again, so that a push can be sent again. */
#include "gateway/engine/engine_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/encoding.h"
#include "gateway/base/text.h"

#define MAC_BYTES 16
#define MAC_CHARS 22

static const char *const verb_words[AGENT_VERBS_COUNT + 1] = {
    [VERB_RECEIVED] = "received", [VERB_SEEN] = "seen",     [VERB_ACCEPT] = "accept",
    [VERB_DECLINE] = "decline",   [VERB_REMOTE] = "remote", [VERB_ON_MY_WAY] = "on-my-way",
    [VERB_ON_SITE] = "on-site",   [VERB_DONE] = "done",     [VERB_HAND_BACK] = "hand-back",
    [VERB_JOIN] = "join",         [VERB_LEAVE] = "leave",   [VERB_HAND_OVER] = "hand-over",
    [AGENT_VERBS_COUNT] = "?",
};

enum agent_verb agent_verb_parse(const char *word)
{
    for (int i = 0; i < AGENT_VERBS_COUNT; i++) {
        if (strcmp(verb_words[i], word) == 0) {
            return (enum agent_verb)i;
        }
    }
    return AGENT_VERBS_COUNT;
}

const char *agent_verb_word(enum agent_verb verb)
{
    return verb_words[verb];
}

void action_token_make(const uint8_t secret[ENGINE_SECRET_BYTES], struct uuid attempt,
                       int64_t person_id, enum agent_verb verb,
                       char token_r[ACTION_TOKEN_BYTES_MAX])
{
    uint8_t person[8];
    for (int i = 0; i < 8; i++) {
        person[i] = (uint8_t)((uint64_t)person_id >> (56 - 8 * i));
    }
    const char *word = verb_words[verb];
    struct digest_part parts[] = {
        {attempt.bytes, sizeof attempt.bytes}, {person, sizeof person}, {word, strlen(word)}};
    struct digest mac = digest_hmac_sha256(secret, ENGINE_SECRET_BYTES, parts, 3);
    char id[UUID_TEXT_BYTES], mac_text[BASE64_TEXT_BYTES(MAC_BYTES)];
    uuid_format(attempt, id);
    base64url_encode(mac.bytes, MAC_BYTES, mac_text);
    (void)snprintf(token_r, ACTION_TOKEN_BYTES_MAX, "xt_%s_%s_%s", id, word, mac_text);
}

bool action_token_parse(const char *token, struct uuid *attempt_r, enum agent_verb *verb_r)
{
    char id[UUID_TEXT_BYTES], word[16];
    size_t length = strlen(token);
    const size_t verb_at = 3 + UUID_TEXT_BYTES;
    if (length >= ACTION_TOKEN_BYTES_MAX || length < verb_at + 2 + MAC_CHARS ||
        strncmp(token, "xt_", 3) != 0 || token[verb_at - 1] != '_') {
        return false;
    }
    size_t word_bytes = length - MAC_CHARS - 1 - verb_at;
    if (word_bytes >= sizeof word || token[length - MAC_CHARS - 1] != '_') {
        return false;
    }
    memcpy(id, token + 3, UUID_TEXT_BYTES - 1);
    id[UUID_TEXT_BYTES - 1] = '\0';
    memcpy(word, token + verb_at, word_bytes);
    word[word_bytes] = '\0';
    *verb_r = agent_verb_parse(word);
    return *verb_r != AGENT_VERBS_COUNT && uuid_parse(id, attempt_r) == STATUS_OK;
}

bool action_token_verify(const uint8_t secret[ENGINE_SECRET_BYTES], const char *token,
                         int64_t person_id)
{
    struct uuid attempt;
    enum agent_verb verb;
    char expected[ACTION_TOKEN_BYTES_MAX];
    if (!action_token_parse(token, &attempt, &verb)) {
        return false;
    }
    action_token_make(secret, attempt, person_id, verb, expected);
    assert(strlen(expected) == strlen(token)); /* it has all the parts of one with this verb */
    return text_equal_constant_time(expected, token, strlen(token));
}
