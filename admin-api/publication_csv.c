#include "admin-api/publication_csv.h"

#include <jansson.h>
#include <stdio.h>

#include "gateway/base/encoding.h"

static const char *const columns[] = {
    "publication", "digest",     "rota",    "time_zone", "published_at", "operator", "key",
    "due_days",    "agent",      "name",    "entry",     "from",         "to",       "days_ahead",
    "notice",      "fetched_at", "seen_at", "seen_via",  "seen_by",      "seen_how",
};

/* What each row begins with. */
static void write_head(struct csv *csv, const struct publication_row *publication,
                       const struct publication_agent_row *part)
{
    char id[UUID_TEXT_BYTES], digest[HEX_TEXT_BYTES(DIGEST_BYTES)], days[16];
    uuid_format(publication->publication_id, id);
    hex_encode(publication->digest.bytes, DIGEST_BYTES, digest);
    (void)snprintf(days, sizeof days, "%d", publication->notice_days);
    csv_text(csv, id);
    csv_text(csv, digest);
    csv_text(csv, publication->rota);
    csv_text(csv, publication->time_zone);
    csv_time(csv, publication->published_at);
    csv_text(csv, publication->operator_name);
    csv_text(csv, publication->key_id);
    csv_text(csv, days);
    csv_text(csv, part->agent);
    csv_text(csv, part->name);
}

static void write_end(struct csv *csv, const struct publication_agent_row *part)
{
    csv_time(csv, part->fetched_at);
    csv_time(csv, part->seen_at);
    csv_text(csv, part->seen_via);
    csv_text(csv, part->seen_by);
    csv_text(csv, part->seen_how);
    csv_end_row(csv);
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* entry: what it is; NULL: a change, which says so itself. */
static enum status write_entry(struct csv *csv, const struct publication_row *publication,
                               const struct publication_agent_row *part, const json_t *item,
                               const char *entry)
{
    char days[24] = "";
    const json_t *ahead = json_object_get(item, "notice_days");
    const char *kind = entry != NULL ? entry : text_of(item, "kind");
    if (kind == NULL || text_of(item, "from") == NULL || text_of(item, "to") == NULL) {
        return STATUS_CORRUPT;
    }
    if (json_is_integer(ahead)) {
        (void)snprintf(days, sizeof days, "%lld", (long long)json_integer_value(ahead));
    }
    write_head(csv, publication, part);
    csv_text(csv, kind);
    csv_text(csv, text_of(item, "from"));
    csv_text(csv, text_of(item, "to"));
    csv_text(csv, days);
    csv_text(csv, text_of(item, "notice"));
    write_end(csv, part);
    return STATUS_OK;
}

static enum status write_list(struct csv *csv, const struct publication_row *publication,
                              const struct publication_agent_row *part, const char *text,
                              const char *entry, size_t *count_r)
{
    json_t *list = json_loads(text, 0, NULL);
    enum status status = json_is_array(list) ? STATUS_OK : STATUS_CORRUPT;
    *count_r = json_array_size(list);
    for (size_t i = 0; i < *count_r && status == STATUS_OK; i++) {
        status = write_entry(csv, publication, part, json_array_get(list, i), entry);
    }
    json_decref(list);
    return status;
}

static void write_none(struct csv *csv, const struct publication_row *publication,
                       const struct publication_agent_row *part)
{
    write_head(csv, publication, part);
    csv_text(csv, "none");
    csv_time(csv, publication->from_at);
    csv_time(csv, publication->to_at);
    csv_text(csv, NULL);
    csv_text(csv, NULL);
    write_end(csv, part);
}

enum status publication_write_csv(struct csv *csv, const struct publication_row *publication,
                                  const struct publication_agent_row *parts, size_t parts_count)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        csv_text(csv, columns[i]);
    }
    csv_end_row(csv);
    for (size_t i = 0; i < parts_count && status == STATUS_OK; i++) {
        const struct publication_agent_row *part = &parts[i];
        size_t count = 0, changes = 0;
        status = write_list(csv, publication, part, part->shifts, "shift", &count);
        if (status == STATUS_OK && count == 0) {
            write_none(csv, publication, part);
        }
        if (status == STATUS_OK) {
            status = write_list(csv, publication, part, part->changes, NULL, &changes);
        }
    }
    return status;
}
