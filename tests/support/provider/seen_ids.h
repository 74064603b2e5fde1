/* seen_ids.h - which notification ids came before, so that a repeat can be told from the first. */
#ifndef TESTS_SUPPORT_PROVIDER_SEEN_IDS_H
#define TESTS_SUPPORT_PROVIDER_SEEN_IDS_H

#include <stdbool.h>

#include "tests/support/provider/http2_server.h"

/* Beyond so many ids all are forgotten and counting begins anew. */
#define SEEN_IDS_MAX 2097152

struct seen_ids;

/* NULL when out of memory. */
struct seen_ids *seen_ids_create(void);
void seen_ids_destroy(struct seen_ids **seen);

/* What was known of an id. */
struct seen_before {
    bool seen;
    bool accepted; /* at least once */
};

/* Notes the id, and whether its request is accepted now, and answers what was known before. An
 * absent id is never known. When memory for more ids runs out, those known so far are forgotten. */
struct seen_before seen_ids_note(struct seen_ids *seen, struct view id, bool accepted);

#endif
