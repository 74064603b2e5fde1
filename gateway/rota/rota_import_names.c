/* Whom a text names. Names are compared whole: a first name within a longer text is nobody, as the
 * same first name may be somebody else's. */
#include "gateway/rota/rota_import_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAILTO     "mailto:"
#define PARTS_MAX  MENTIONS_MAX
#define EN_DASH    "\xe2\x80\x93"
#define EM_DASH    "\xe2\x80\x94"
#define NO_BREAK   "\xc2\xa0"
#define NO_BREAK_2 "\xe2\x80\xaf" /* narrow */

/* Bytes of the space at text, 0: there is none. */
static size_t space_bytes(const char *text)
{
    if (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r') {
        return 1;
    }
    return strncmp(text, NO_BREAK, 2) == 0 ? 2 : strncmp(text, NO_BREAK_2, 3) == 0 ? 3 : 0;
}

/* Small letters of ASCII and Latin-1, which French and its neighbours need, and single spaces
 * between words; never longer than the text. NULL: no memory. */
static char *fold(const char *text, size_t bytes, struct arena *arena)
{
    char *copy = arena_text_n(arena, text, bytes);
    if (copy == NULL) {
        return NULL;
    }
    size_t used = 0;
    bool space = false;
    for (const char *at = copy; *at != '\0';) {
        size_t skipped = space_bytes(at);
        if (skipped > 0) {
            space = used > 0;
            at += skipped;
            continue;
        }
        if (space) {
            copy[used++] = ' '; /* in the place of one that was passed */
            space = false;
        }
        unsigned char octet = (unsigned char)*at++;
        bool latin_1 = used > 0 && (unsigned char)copy[used - 1] == 0xc3;
        if ((octet >= 'A' && octet <= 'Z') ||
            (latin_1 && octet >= 0x80 && octet <= 0x9e && octet != 0x97)) {
            octet = (unsigned char)(octet + 0x20);
        }
        copy[used++] = (char)octet;
    }
    copy[used] = '\0';
    return copy;
}

static int compare_entries(const void *left, const void *right)
{
    const struct name_entry *a = left, *b = right;
    return strcmp(a->folded, b->folded);
}

enum status names_init(struct names *names, const struct rota_import *import, struct arena *arena,
                       struct error *error)
{
    struct name_entry *entries = arena_alloc(arena, 2 * import->agents_count * sizeof *entries);
    if (entries == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the agents' names");
    }
    size_t count = 0;
    for (size_t i = 0; i < import->agents_count; i++) {
        const struct rota_import_agent *agent = &import->agents[i];
        char *name = fold(agent->name, strlen(agent->name), arena);
        if (name == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "no memory for the agents' names");
        }
        entries[count++] = (struct name_entry){agent->slug, agent};
        if (strcmp(name, agent->slug) != 0 && name[0] != '\0') {
            entries[count++] = (struct name_entry){name, agent};
        }
    }
    qsort(entries, count, sizeof entries[0], compare_entries);
    *names = (struct names){entries, count};
    return STATUS_OK;
}

/* The entries of exactly this name; a count of 0 when there are none. */
static struct mention find(const struct names *names, const char *folded)
{
    size_t low = 0, high = names->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(names->entries[middle].folded, folded) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    struct mention mention = {names->entries + low, 0};
    while (low + mention.count < names->count &&
           strcmp(mention.first[mention.count].folded, folded) == 0) {
        mention.count++;
    }
    return mention;
}

static enum status add(struct mentions *mentions, struct mention mention)
{
    if (mention.count == 0) {
        return STATUS_NOT_FOUND;
    }
    if (mentions->count == MENTIONS_MAX) {
        return STATUS_TOO_LARGE;
    }
    mentions->all[mentions->count++] = mention;
    return STATUS_OK;
}

static bool is_slug_of(const struct name_entry *entry)
{
    return strcmp(entry->folded, entry->agent->slug) == 0;
}

/* Narrows a mention to the agent with this slug: another agent's name may read the same. */
static struct mention find_slug(const struct names *names, const char *slug)
{
    struct mention mention = find(names, slug);
    for (size_t i = 0; i < mention.count; i++) {
        if (is_slug_of(&mention.first[i])) {
            return (struct mention){&mention.first[i], 1};
        }
    }
    return (struct mention){mention.first, 0};
}

enum status names_find_slug(const struct names *names, const char *slug, struct mentions *mentions)
{
    return add(mentions, find_slug(names, slug));
}

enum status names_find_attendee(const struct names *names, const char *cn, const char *address,
                                struct arena *arena, struct mentions *mentions)
{
    if (cn != NULL && cn[0] != '\0' && strchr(cn, '@') == NULL) {
        const char *folded = fold(cn, strlen(cn), arena);
        return folded != NULL ? add(mentions, find(names, folded)) : STATUS_NO_MEMORY;
    }
    if (strncasecmp(address, MAILTO, sizeof MAILTO - 1) != 0) {
        return STATUS_NOT_FOUND;
    }
    address += sizeof MAILTO - 1;
    char *slug = fold(address, strcspn(address, "@"), arena);
    if (slug == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (char *at = slug; *at != '\0'; at++) {
        *at = (char)(*at == '.' || *at == '_' ? '-' : *at);
    }
    return add(mentions, find_slug(names, slug));
}

/* Bytes of what parts a text here, 0: nothing does. */
static size_t delimiter_bytes(const char *text, const char *begin)
{
    if (strchr(":;,/|()[]{}", *text) != NULL) {
        return 1;
    }
    bool apart = text == begin || text[-1] == ' ' || text[-1] == '\t';
    if (*text == '-' && apart && (text[1] == '\0' || space_bytes(text + 1) > 0)) {
        return 1;
    }
    return strncmp(text, EN_DASH, 3) == 0 || strncmp(text, EM_DASH, 3) == 0 ? 3 : 0;
}

struct part {
    const char *begin;
    const char *end;
};

/* How many; more than parts_max: too many. */
static size_t split(const char *text, struct part *parts, size_t parts_max)
{
    size_t count = 0;
    const char *begin = text;
    for (const char *at = text;; at++) {
        size_t delimiter = *at == '\0' ? 0 : delimiter_bytes(at, text);
        if (*at != '\0' && delimiter == 0) {
            continue;
        }
        if (count == parts_max) {
            return parts_max + 1;
        }
        parts[count++] = (struct part){begin, at};
        if (*at == '\0') {
            return count;
        }
        begin = at + delimiter;
        at = begin - 1;
    }
}

/* A name may hold what parts a text ("Durand, Paul"): of what begins at a part the longest counts,
 * and what lies within it does not. */
enum status names_find_in_text(const struct names *names, const char *text, struct arena *arena,
                               struct mentions *mentions)
{
    struct part parts[PARTS_MAX];
    size_t count = split(text, parts, PARTS_MAX);
    if (count > PARTS_MAX) {
        return STATUS_TOO_LARGE;
    }
    enum status status = STATUS_OK;
    for (size_t first = 0; status == STATUS_OK && first < count;) {
        size_t last = count;
        struct mention mention = {.count = 0};
        while (mention.count == 0 && last-- > first) {
            const char *begin = parts[first].begin;
            const char *folded = fold(begin, (size_t)(parts[last].end - begin), arena);
            if (folded == NULL) {
                return STATUS_NO_MEMORY;
            }
            mention = find(names, folded);
        }
        if (mention.count > 0) {
            status = add(mentions, mention);
            first = last + 1;
        } else {
            first++;
        }
    }
    return status;
}

static bool names_him(const struct mention *mention, const struct rota_import_agent *agent)
{
    for (size_t i = 0; i < mention->count; i++) {
        if (mention->first[i].agent == agent) {
            return true;
        }
    }
    return false;
}

const struct rota_import_agent *names_agree(const struct mentions *mentions)
{
    const struct rota_import_agent *found = NULL;
    for (size_t i = 0; mentions->count > 0 && i < mentions->all[0].count; i++) {
        const struct rota_import_agent *agent = mentions->all[0].first[i].agent;
        size_t m = 1;
        while (m < mentions->count && names_him(&mentions->all[m], agent)) {
            m++;
        }
        if (m < mentions->count || agent == found) {
            continue;
        }
        if (found != NULL) {
            return NULL;
        }
        found = agent;
    }
    return found;
}
