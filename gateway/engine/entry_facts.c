/* entry_facts.c - a fact of the timeline as JSON. */
#include "gateway/engine/entry_facts.h"

#include <assert.h>

#include "gateway/base/json_writer.h"

size_t entry_facts_write(const struct entry *entry, char text_r[ENTRY_FACTS_BYTES_MAX])
{
    struct json_writer json;
    json_writer_init(&json, text_r, ENTRY_FACTS_BYTES_MAX);
    json_object_begin(&json);
    if (entry->person.kind != PERSON_NONE) {
        json_member_text(&json, "person_kind", person_kind_word(entry->person.kind));
        if (entry->person.id != 0) {
            json_member_int(&json, "person", entry->person.id);
        }
        if (entry->person.name[0] != '\0') {
            json_member_text(&json, "name", entry->person.name);
        }
    }
    if (entry->other_kind != PERSON_NONE) {
        json_member_text(&json, "other_kind", person_kind_word(entry->other_kind));
        json_member_int(&json, "other", entry->other_id);
    }
    if (!uuid_is_nil(entry->attempt)) {
        json_member_uuid(&json, "attempt", entry->attempt);
    }
    if (entry->has_path) {
        json_member_text(&json, "path", path_word(entry->path));
    }
    if (entry->round > 0) {
        json_member_int(&json, "round", entry->round);
    }
    if (entry->step > 0) {
        json_member_int(&json, "step", entry->step);
    }
    if (entry->word != NULL && entry->word[0] != '\0') {
        json_member_text(&json, "word", entry->word);
    }
    if (entry->number != 0) {
        json_member_int(&json, "number", entry->number);
    }
    if (entry->of != 0) {
        json_member_int(&json, "of", entry->of);
    }
    json_object_end(&json);
    assert(!json_writer_overflowed(&json));
    return json_writer_bytes(&json);
}
