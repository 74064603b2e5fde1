#include "gateway/ctl/pages.h"

#include <stdint.h>
#include <string.h>

struct pages pages_begin(struct ctl *ctl, const char *path, size_t items_max)
{
    return (struct pages){
        .ctl = ctl, .path = path, .items_left = items_max == 0 ? SIZE_MAX : items_max};
}

/* Fetches the page that follows; false at the end. */
static bool turn(struct pages *pages)
{
    const char *path = pages->path;
    if (pages->begun) {
        const char *cursor = ctl_member(pages->page.json, "next_cursor");
        if (cursor[0] == '\0') {
            return false;
        }
        /* ctl_query() begins with '?': the path's own query, if any, is kept by an '&'. */
        const char *query = ctl_query(pages->ctl, "", "cursor", cursor, NULL);
        path = arena_format(pages->ctl->arena, "%s%c%s", pages->path,
                            strchr(pages->path, '?') != NULL ? '&' : '?', query + 1);
    }
    client_response_fini(&pages->page);
    const struct client_request request = {.method = "GET", .path = path};
    pages->code = ctl_call(pages->ctl, &request, &pages->page);
    pages->begun = true;
    pages->index = 0;
    return pages->code == CTL_OK;
}

json_t *pages_next(struct pages *pages)
{
    if (pages->items_left == 0 || (!pages->begun && !turn(pages))) {
        return NULL;
    }
    json_t *item;
    while ((item = json_array_get(json_object_get(pages->page.json, "items"), pages->index)) ==
           NULL) {
        if (!turn(pages)) {
            pages->items_left = 0;
            return NULL;
        }
    }
    pages->index++;
    pages->items_left--;
    return item;
}

bool pages_has_more(const struct pages *pages)
{
    size_t count = json_array_size(json_object_get(pages->page.json, "items"));
    return pages->index < count || ctl_member(pages->page.json, "next_cursor")[0] != '\0';
}

enum ctl_exit pages_end(struct pages *pages)
{
    client_response_fini(&pages->page);
    return pages->code;
}
