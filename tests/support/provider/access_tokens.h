/* access_tokens.h - the bearer tokens that the OAuth2 endpoint gave out and FCM has to see. */
#ifndef TESTS_SUPPORT_PROVIDER_ACCESS_TOKENS_H
#define TESTS_SUPPORT_PROVIDER_ACCESS_TOKENS_H

#include <stdbool.h>

#include "gateway/base/time.h"
#include "tests/support/provider/http2_server.h"

/* The newest so many are valid; older ones are forgotten, as if revoked. */
#define ACCESS_TOKENS_MAX 256

/* 7 characters of prefix, 64 of hex. */
#define ACCESS_TOKEN_BYTES 72

struct access_tokens;

/* NULL when out of memory. */
struct access_tokens *access_tokens_create(void);
void access_tokens_destroy(struct access_tokens **tokens);

/* Makes a new token. */
void access_tokens_issue(struct access_tokens *tokens, struct wall_time expires_at,
                         char token_r[ACCESS_TOKEN_BYTES]);

enum access { ACCESS_GRANTED, ACCESS_EXPIRED, ACCESS_UNKNOWN };
enum access access_tokens_check(const struct access_tokens *tokens, struct view token,
                                struct wall_time now);

/* Makes all of them unknown. */
void access_tokens_revoke(struct access_tokens *tokens);

#endif
