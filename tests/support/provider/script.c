#include "tests/support/provider/script.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_COUNT 65536 /* a power of two */

struct entry {
    struct entry *next;
    struct script_rule rule;
    size_t token_bytes;
    char token[];
};

struct script {
    struct script_rule providers[PROVIDERS_COUNT];
    size_t tokens_count;
    struct entry *buckets[BUCKETS_COUNT];
};

static const struct script_rule accept_rule = {.behaviour = BEHAVIOUR_ACCEPT, .retry_after_s = -1};

const char *const behaviour_words[] = {
#define BEHAVIOUR_WORD(name, word) word,
    BEHAVIOUR_TABLE(BEHAVIOUR_WORD)
#undef BEHAVIOUR_WORD
        NULL};

const char *const provider_words[] = {"apns", "fcm", "oauth", "webpush", NULL};

const char *provider_text(enum provider provider)
{
    return provider_words[provider];
}

struct script *script_create(void)
{
    return calloc(1, sizeof(struct script));
}

void script_destroy(struct script **script)
{
    if (*script != NULL) {
        script_reset(*script);
        free(*script);
        *script = NULL;
    }
}

/* FNV-1a. The tokens come from the test that scripts them, so nobody attacks the table. */
static size_t bucket_of(struct view token)
{
    uint64_t hash = 14695981039346656037U;
    for (size_t i = 0; i < token.bytes; i++) {
        hash = (hash ^ (unsigned char)token.data[i]) * 1099511628211U;
    }
    return (size_t)(hash ^ (hash >> 32)) & (BUCKETS_COUNT - 1);
}

/* The pointer to the entry, or to the NULL where it would be. */
static struct entry **find(struct script *script, struct view token)
{
    struct entry **at = &script->buckets[bucket_of(token)];
    while (*at != NULL && ((*at)->token_bytes != token.bytes ||
                           memcmp((*at)->token, token.data, token.bytes) != 0)) {
        at = &(*at)->next;
    }
    return at;
}

static void forget(struct script *script, struct entry **at)
{
    struct entry *entry = *at;
    assert(script->tokens_count > 0);
    *at = entry->next;
    free(entry);
    script->tokens_count--;
}

/* Whether nothing is out of the ordinary. */
static bool is_plain(const struct script_rule *rule)
{
    return rule->behaviour == BEHAVIOUR_ACCEPT && rule->delay_ms == 0;
}

enum status script_set_token(struct script *script, const char *token,
                             const struct script_rule *rule)
{
    struct view key = {token, strlen(token)};
    if (key.bytes == 0 || key.bytes > SCRIPT_TOKEN_BYTES_MAX) {
        return STATUS_INVALID;
    }
    struct entry **at = find(script, key);
    if (*at != NULL) {
        if (is_plain(rule)) {
            forget(script, at);
        } else {
            (*at)->rule = *rule;
        }
        return STATUS_OK;
    }
    if (is_plain(rule)) {
        return STATUS_OK;
    }
    if (script->tokens_count == SCRIPT_TOKENS_MAX) {
        return STATUS_FULL;
    }
    struct entry *entry = malloc(sizeof *entry + key.bytes);
    if (entry == NULL) {
        return STATUS_NO_MEMORY;
    }
    *entry = (struct entry){.rule = *rule, .token_bytes = key.bytes};
    memcpy(entry->token, token, key.bytes);
    *at = entry;
    script->tokens_count++;
    return STATUS_OK;
}

void script_set_provider(struct script *script, enum provider provider,
                         const struct script_rule *rule)
{
    script->providers[provider] = *rule;
}

void script_reset(struct script *script)
{
    for (size_t i = 0; i < BUCKETS_COUNT; i++) {
        while (script->buckets[i] != NULL) {
            forget(script, &script->buckets[i]);
        }
    }
    for (size_t i = 0; i < PROVIDERS_COUNT; i++) {
        script->providers[i] = accept_rule;
    }
}

size_t script_tokens_count(const struct script *script)
{
    return script->tokens_count;
}

struct script_rule script_take(struct script *script, enum provider provider, struct view token)
{
    struct script_rule *whole = &script->providers[provider];
    struct script_rule rule;
    if (!is_plain(whole)) {
        rule = *whole;
        if (whole->count > 0 && --whole->count == 0) {
            *whole = accept_rule;
        }
        return rule;
    }
    if (script->tokens_count == 0 || token.data == NULL) {
        return accept_rule;
    }
    struct entry **at = find(script, token);
    if (*at == NULL) {
        return accept_rule;
    }
    rule = (*at)->rule;
    if ((*at)->rule.count > 0 && --(*at)->rule.count == 0) {
        forget(script, at);
    }
    return rule;
}
