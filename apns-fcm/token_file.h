/* token_file.h - keeps APNs' provider token over a restart, in a file that its owner alone can
 * read: Apple refuses a new one within 20 minutes, and a gateway may restart more often. It is
 * worth less than the key that lies beside it, and for at most an hour. */
#ifndef APNS_FCM_TOKEN_FILE_H
#define APNS_FCM_TOKEN_FILE_H

#include "apns-fcm/provider_token.h"

/* Reads the token that this key and team minted into `token`, if there is one that can still be
 * used. A file that is missing, foreign or malformed is as none. */
void token_file_load(const char *path, const struct provider_key *key, struct provider_token *token,
                     struct monotonic_time now, struct wall_time wall);

/* Writes it, by a rename. STATUS_IO: the next run will have to mint. */
enum status token_file_save(const char *path, const struct provider_key *key,
                            const struct provider_token *token,
                            struct wall_time minted_at) MUST_CHECK;

#endif
