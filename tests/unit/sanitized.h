/* sanitized.h - whether this is a build of a sanitizer, which takes five times as long. */
#ifndef TESTS_UNIT_SANITIZED_H
#define TESTS_UNIT_SANITIZED_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Tests that let each of very many calls fail take every one in the plain build, and every
 * seventh here: what a sanitizer sees it sees in any of them. */
#define NTH_STEP (SANITIZED ? 7 : 1)

/* Where a series begins, by its number, so that neighbouring series meet different calls. */
static inline int nth_first(size_t series)
{
    return 1 + (int)(series % NTH_STEP);
}

#endif
