/* directory_phones.c - the telephone numbers of people: the first, and those behind it. */
#include "gateway/engine/directory_private.h"

#include <assert.h>
#include <string.h>

#include "gateway/base/digest.h"
#include "gateway/store/store_number.h"

size_t directory_phones_count(const struct directory_person *person)
{
    bool any = person->phone != NULL && person->phone[0] != '\0';
    return any ? 1 + person->further_count : 0;
}

int64_t directory_phones_mark(const struct directory_person *person)
{
    struct digest_part parts[PHONES_OF_PERSON_MAX];
    size_t count = directory_phones_count(person);
    assert(count <= PHONES_OF_PERSON_MAX);
    if (count == 0) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        const char *phone = directory_phone(person, i).phone;
        parts[i] = (struct digest_part){phone, strlen(phone) + 1};
    }
    struct digest digest = digest_sha256(parts, count);
    int64_t mark;
    memcpy(&mark, digest.bytes, sizeof mark);
    return mark != 0 ? mark : 1;
}

struct directory_phone directory_phone(const struct directory_person *person, size_t index)
{
    assert(index < directory_phones_count(person));
    return index == 0 ? (struct directory_phone){person->phone, person->phone_label}
                      : person->further[index - 1];
}

bool directory_has_phone(const struct directory_person *person, const char *phone)
{
    size_t count = directory_phones_count(person);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(directory_phone(person, i).phone, phone) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_before(const struct further_number_row *row, const struct directory_person *person)
{
    return row->person_kind < person->kind ||
           (row->person_kind == person->kind && row->person_id < person->id);
}

/* Where the numbers of a person begin among the customer's, which come ordered by person. */
static size_t first_of_person(const struct further_number_row *rows, size_t count,
                              const struct directory_person *person)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (is_before(&rows[middle], person)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool load_phones(const struct further_number_row *rows, size_t count, struct arena *kept,
                        struct directory_person *person)
{
    size_t first = first_of_person(rows, count, person), own = 0;
    while (first + own < count && rows[first + own].person_kind == person->kind &&
           rows[first + own].person_id == person->id && own < PHONES_OF_PERSON_MAX - 1) {
        own++;
    }
    if (own == 0) {
        return true;
    }
    struct directory_phone *further = arena_alloc(kept, own * sizeof *further);
    for (size_t i = 0; i < own && further != NULL; i++) {
        const struct further_number_row *row = &rows[first + i];
        further[i] =
            (struct directory_phone){arena_text(kept, row->phone), arena_text(kept, row->label)};
        if (further[i].phone == NULL || (further[i].label == NULL && row->label != NULL)) {
            return false;
        }
    }
    person->further = further;
    person->further_count = own;
    return further != NULL;
}

enum status directory_load_phones(struct store *store, int64_t customer_id, struct arena *scratch,
                                  struct arena *kept, struct directory_person *persons,
                                  size_t persons_count, struct error *error)
{
    struct further_number_row *rows = NULL;
    size_t count = 0;
    enum status status =
        store_list_further_numbers(store, customer_id, scratch, &rows, &count, error);
    for (size_t i = 0; i < persons_count && count > 0 && status == STATUS_OK; i++) {
        if (!load_phones(rows, count, kept, &persons[i])) {
            status = error_set(error, STATUS_NO_MEMORY, "no memory for the directory");
        }
    }
    return status;
}
