/* pages.h - walks a list of the API item by item, fetching page after page by its cursor. */
#ifndef GATEWAY_CTL_PAGES_H
#define GATEWAY_CTL_PAGES_H

#include "gateway/ctl/ctl.h"

struct pages {
    struct ctl *ctl;
    const char *path;
    size_t items_left; /* 0: the walk is over */
    size_t index;
    bool begun;
    enum ctl_exit code;
    struct client_response page;
};

/* path may have a query; items_max 0: all there are. */
struct pages pages_begin(struct ctl *ctl, const char *path, size_t items_max);

/* The next item, borrowed until the following call; NULL at the end or after a refusal. */
json_t *pages_next(struct pages *pages);

/* Whether there are items beyond those that were walked; before pages_end(). */
bool pages_has_more(const struct pages *pages);

/* Frees the page and answers CTL_OK or what went wrong (which was told on ctl->err). */
enum ctl_exit pages_end(struct pages *pages);

#endif
