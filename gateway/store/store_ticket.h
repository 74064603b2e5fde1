/* store_ticket.h - tickets beside their escalations: notes, links, lists, search and erasure. The
 * conventions are those of store.h; tickets are added and closed there.
 *
 * Search looks in all words of a ticket: number, summary, category, details, fields, callers, notes
 * and what was said in its escalations, without regard to case and accents. The index is written
 * behind acceptance (store_index_tickets()); what it does not have yet is read plainly, so that
 * nothing is missed.
 */
#ifndef GATEWAY_STORE_STORE_TICKET_H
#define GATEWAY_STORE_STORE_TICKET_H

#include "gateway/store/store.h"
#include "gateway/store/store_several.h"

/* The numbers are those of the queries. */
enum ticket_state { TICKET_ANY = 0, TICKET_OPEN = 1, TICKET_CLOSED = 2, TICKET_ERASED = 3 };

enum ticket_state ticket_state_of(const struct ticket_row *row);
/* "open", "closed", "erased". */
const char *ticket_state_word(enum ticket_state state);

/* What was done to a ticket. The numbers are stored. */
enum ticket_note_kind {
    TICKET_NOTE = 0,
    TICKET_NOTE_CLOSED = 1,
    TICKET_NOTE_REOPENED = 2,
    TICKET_NOTE_LINKED = 3,
    TICKET_NOTE_UNLINKED = 4,
};

/* "note", "closed", "reopened", "linked", "unlinked". */
const char *ticket_note_word(enum ticket_note_kind kind);

#define TICKET_NOTES_MAX       500 /* of one ticket */
#define TICKET_DUPLICATES_MAX  100 /* of one ticket */
#define TICKET_ESCALATIONS_MAX 100 /* shown of one ticket */
#define TICKET_SAID_MAX        100 /* newest that was said, shown and looked in of one ticket */

struct ticket_note_row {
    int64_t customer_id;
    struct uuid ticket_id;
    int64_t number; /* from 1, of this ticket; given by store_add_ticket_note() */
    enum ticket_note_kind kind;
    struct wall_time at;
    const char *by;
    struct uuid other; /* LINKED, UNLINKED: the ticket that it is a duplicate of */
    const char *text;  /* or NULL */
};

/* ---- one ticket ---- */

enum status store_find_ticket_number(struct store *store, int64_t customer_id, int64_t number,
                                     struct arena *arena, struct ticket_row *row_r,
                                     struct error *error) MUST_CHECK;
/* Nothing happens to one that was erased. */
enum status store_reopen_ticket(struct store *store, int64_t customer_id, struct uuid ticket_id,
                                struct error *error) MUST_CHECK;
/* duplicate_of nil: none. */
enum status store_link_ticket(struct store *store, int64_t customer_id, struct uuid ticket_id,
                              struct uuid duplicate_of, struct error *error) MUST_CHECK;
/* The tickets that are duplicates of this one, oldest first. */
enum status store_list_duplicates(struct store *store, int64_t customer_id, struct uuid ticket_id,
                                  size_t limit, struct arena *arena, struct ticket_row **rows_r,
                                  size_t *count_r, struct error *error) MUST_CHECK;
enum status store_count_open_of_ticket(struct store *store, int64_t customer_id,
                                       struct uuid ticket_id, int64_t *count_r,
                                       struct error *error) MUST_CHECK;
/* Its escalations, oldest first, without promises. */
enum status store_list_escalations_of_ticket(struct store *store, int64_t customer_id,
                                             struct uuid ticket_id, size_t limit,
                                             struct arena *arena, struct escalation **rows_r,
                                             size_t *count_r, struct error *error) MUST_CHECK;
/* Appends one (row->number); search knows of it from now on. */
enum status store_add_ticket_note(struct store *store, struct ticket_note_row *row,
                                  struct error *error) MUST_CHECK;
enum status store_count_ticket_notes(struct store *store, int64_t customer_id,
                                     struct uuid ticket_id, int64_t *count_r,
                                     struct error *error) MUST_CHECK;
enum status store_list_ticket_notes(struct store *store, int64_t customer_id, struct uuid ticket_id,
                                    size_t limit, struct arena *arena,
                                    struct ticket_note_row **rows_r, size_t *count_r,
                                    struct error *error) MUST_CHECK;
/* Whether an entry of the timeline has words that people said of the ticket: a note, a reason,
 * another caller's. Not why a rule decided, or a number that was dialled. */
bool store_is_said(enum entry_kind kind);
/* The newest such entries of its escalations, oldest first. */
enum status store_list_said(struct store *store, int64_t customer_id, struct uuid ticket_id,
                            size_t limit, struct arena *arena, struct timeline_row **rows_r,
                            size_t *count_r, struct error *error) MUST_CHECK;
/* Its words changed, other than by store_add_ticket_note(): another caller, say. */
enum status store_note_ticket_changed(struct store *store, int64_t customer_id,
                                      struct uuid ticket_id, struct error *error) MUST_CHECK;

/* ---- lists and search ---- */

#define TICKET_WORDS_MAX      12
#define TICKET_WORD_BYTES_MAX 64

struct ticket_word {
    char text[TICKET_WORD_BYTES_MAX]; /* folded as the index has it */
    bool prefix;                      /* what begins with it counts, too */
};

struct ticket_words {
    struct ticket_word words[TICKET_WORDS_MAX];
    size_t count;
};

/* Takes apart what a person typed. A word that ends in * (three letters or more) stands for all
 * that begin so; nothing else has a meaning of its own. STATUS_INVALID: not UTF-8, without any
 * word, with too many or too long ones. */
enum status store_parse_ticket_words(struct store *store, const char *text,
                                     struct ticket_words *words_r, struct error *error) MUST_CHECK;

struct ticket_filter {
    int64_t customer_id; /* 0: of all, or of several */
    const struct customer_set
        *several;       /* with customer_id 0: of these and no other; NULL: of all */
    struct uuid before; /* ids below; nil: from the newest */
    struct wall_time from;
    struct wall_time to; /* opened since, and before; WALL_NEVER: no bound */
    enum ticket_state state;
    const struct ticket_words *words; /* all of them; NULL: whatever it says */
    size_t limit;
};

struct ticket_page {
    struct ticket_row *rows; /* newest first; may be fewer than the limit although there are more */
    size_t count;
    bool more;
    struct uuid last; /* where the next page begins, when there are more */
    bool complete;    /* false: so much is not indexed yet that something may be missing */
    bool damaged;     /* the index is: only the newest tickets were searched (not complete) */
};

/* In a read snapshot. */
enum status store_list_tickets(struct store *store, const struct ticket_filter *filter,
                               struct arena *arena, struct ticket_page *page_r,
                               struct error *error) MUST_CHECK;

/* ---- the index (writer, in a transaction) ---- */

/* Whether there are tickets to index; needs no transaction. */
enum status store_has_unindexed(struct store *store, struct engine_time now, bool *has_r,
                                struct error *error) MUST_CHECK;
/* Whether erased words are still in the index; needs no transaction. */
enum status store_index_is_unclean(struct store *store, bool *unclean_r,
                                   struct error *error) MUST_CHECK;
/* Whether this connection met damage in the index of words, which is derived from the tickets: the
 * call that met it answered STATUS_UNAVAILABLE. From then on the writer leaves the index alone. A
 * reader that lists tickets does not fail by it. */
bool store_search_is_damaged(const struct store *store);
/* Indexes at most `limit` tickets: first those that changed, then those that came, but for those of
 * this millisecond, as another may still come before them. *left_r: there may be more. */
enum status store_index_tickets(struct store *store, struct engine_time now, size_t limit,
                                struct arena *arena, size_t *count_r, bool *left_r,
                                struct error *error) MUST_CHECK;
/* Takes a step at freeing the index of erased words. *left_r: there is more to do. begun: the first
 * step was taken. */
enum status store_clean_index(struct store *store, bool begun, bool *left_r,
                              struct error *error) MUST_CHECK;

/* ---- the index, while no gateway runs ---- */

/* Takes the index of words away, damaged or not, and leaves an empty one: the engine fills it
 * behind its work, and search says meanwhile that it is not complete. All that is kept of words
 * that were erased while it was damaged goes with it. Where pages of the old one cannot be freed,
 * or none of the tables refers to them any more, the whole file is written anew (*vacuumed_r),
 * which takes as much room again beside it. Begun again after a crash it does the same.
 * STATUS_CORRUPT: what is damaged is more than the index, and remains. */
enum status store_rebuild_search(const char *path, const char *vfs, bool *vacuumed_r,
                                 struct error *error) MUST_CHECK;

/* ---- erasure (writer, in a transaction; store_retention.c has what is not of closed tickets) ----
 */

/* Walks the customer's tickets behind `after`, `looked` at most: those that closed before
 * `closed_before` and were not erased, and how far it came (nil: to the end). */
enum status store_list_erasable(struct store *store, int64_t customer_id, struct uuid after,
                                struct wall_time closed_before, size_t looked, struct uuid *ids_r,
                                size_t *count_r, struct uuid *reached_r,
                                struct error *error) MUST_CHECK;
/* Takes everything personal out of a ticket and what belongs to it, but the facts: texts, callers,
 * words of the timeline and the index. Its escalations are closed, and so is the ticket by it. */
enum status store_erase_ticket(struct store *store, int64_t customer_id, struct uuid ticket_id,
                               struct wall_time now, struct arena *arena,
                               struct error *error) MUST_CHECK;

/* A ticket that nobody closed, and when something last happened to it. */
struct idle_ticket {
    struct uuid ticket_id;
    struct wall_time last_at;
};

/* Walks the customer's open tickets behind `after`, `looked` at most: those without an open
 * escalation, to which nothing happened since `idle_before`, and how far it came (nil: to the
 * end). */
enum status store_list_idle(struct store *store, int64_t customer_id, struct uuid after,
                            struct wall_time idle_before, size_t looked,
                            struct idle_ticket *tickets_r, size_t *count_r, struct uuid *reached_r,
                            struct error *error) MUST_CHECK;
/* *tell_r: whether it was last told before `told_before`, or never, that tickets of the customer
 * are not closed; it counts as told `now` then. */
enum status store_tell_never_closed(struct store *store, int64_t customer_id, struct wall_time now,
                                    struct wall_time told_before, bool *tell_r,
                                    struct error *error) MUST_CHECK;
/* Takes out at most `limit` notes that were left at a check-out before `before`. *left_r: there may
 * be more. */
enum status store_erase_check_in_notes(struct store *store, int64_t customer_id,
                                       struct wall_time before, size_t limit, bool *left_r,
                                       struct error *error) MUST_CHECK;

#endif
