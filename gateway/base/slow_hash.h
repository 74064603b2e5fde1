/* slow_hash.h - a hash that takes its time, for secrets so short that all of them could be tried.
 */
#ifndef GATEWAY_BASE_SLOW_HASH_H
#define GATEWAY_BASE_SLOW_HASH_H

#include <stddef.h>

#include "gateway/base/digest.h"
#include "gateway/base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* scrypt (RFC 7914) with N = 16384, r = 8, p = 1: some 16 MiB and 50 ms, so that it has no place in
 * the writer's thread or in one that serves connections. Any thread. STATUS_NO_MEMORY. */
enum status slow_hash(const void *secret, size_t secret_bytes, const void *salt, size_t salt_bytes,
                      struct digest *hash_r, struct error *error) MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
