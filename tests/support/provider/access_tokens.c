#include "tests/support/provider/access_tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/encoding.h"
#include "gateway/base/random.h"

#define SECRET_BYTES 32

struct access_token {
    char text[ACCESS_TOKEN_BYTES]; /* empty: free */
    struct wall_time expires_at;
};

struct access_tokens {
    unsigned newest;
    struct access_token tokens[ACCESS_TOKENS_MAX];
};

struct access_tokens *access_tokens_create(void)
{
    return calloc(1, sizeof(struct access_tokens));
}

void access_tokens_destroy(struct access_tokens **tokens)
{
    free(*tokens);
    *tokens = NULL;
}

void access_tokens_issue(struct access_tokens *tokens, struct wall_time expires_at,
                         char token_r[ACCESS_TOKEN_BYTES])
{
    unsigned char secret[SECRET_BYTES];
    char hex[HEX_TEXT_BYTES(SECRET_BYTES)];
    random_fill(&random_system, secret, sizeof secret);
    hex_encode(secret, sizeof secret, hex);
    (void)snprintf(token_r, ACCESS_TOKEN_BYTES, "ya29.c.%s", hex);
    tokens->newest = (tokens->newest + 1) % ACCESS_TOKENS_MAX;
    struct access_token *token = &tokens->tokens[tokens->newest];
    memcpy(token->text, token_r, ACCESS_TOKEN_BYTES);
    token->expires_at = expires_at;
}

enum access access_tokens_check(const struct access_tokens *tokens, struct view token,
                                struct wall_time now)
{
    /* From the newest back: that is the one everybody uses. */
    for (unsigned i = 0; i < ACCESS_TOKENS_MAX; i++) {
        unsigned at = (tokens->newest + ACCESS_TOKENS_MAX - i) % ACCESS_TOKENS_MAX;
        const struct access_token *known = &tokens->tokens[at];
        if (known->text[0] != '\0' && view_equals(token, known->text)) {
            return now.ms < known->expires_at.ms ? ACCESS_GRANTED : ACCESS_EXPIRED;
        }
    }
    return ACCESS_UNKNOWN;
}

void access_tokens_revoke(struct access_tokens *tokens)
{
    memset(tokens->tokens, 0, sizeof tokens->tokens);
}
