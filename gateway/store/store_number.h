/* store_number.h - the telephone numbers of a person behind the first, which stands in the person's
 * own row, and what became of calls to any of them. Otherwise as store.h says.
 */
#ifndef GATEWAY_STORE_STORE_NUMBER_H
#define GATEWAY_STORE_STORE_NUMBER_H

#include "gateway/store/store.h"

struct further_number_row {
    int64_t customer_id;
    enum person_kind person_kind; /* PERSON_AGENT or PERSON_CONTACT, as everywhere here */
    int64_t person_id;
    int64_t position;  /* from 1: the first number is none of these */
    const char *phone; /* E.164 */
    const char *label; /* or NULL */
};

/* What became of calls to one number of a person, each the last time; WALL_NEVER: never, or (to be
 * written) as it was. */
struct number_proof_row {
    int64_t customer_id;
    enum person_kind person_kind;
    int64_t person_id;
    const char *phone; /* E.164 */
    struct wall_time answered_at;
    struct uuid answered_by; /* the call's attempt, or the ticket of a call that was put through;
                                nil: not known */
    struct wall_time key_at; /* answered with a key */
    struct uuid key_by;      /* the call's attempt; nil: not known */
    struct wall_time failed_at;
};

/* All numbers of a person as they are from now on: `first` as it stands in the person's row, and
 * those behind it in their order (count of them; each row's position, and whose it is, are filled
 * in here). What became of calls to a number stays with it wherever it now stands, and goes when
 * the number went. */
enum status store_set_person_numbers(struct store *store, int64_t customer_id,
                                     enum person_kind kind, int64_t person_id, const char *first,
                                     const struct further_number_row *further, size_t count,
                                     struct error *error) MUST_CHECK;

/* Of all people of a customer: by kind, person and position. */
enum status store_list_further_numbers(struct store *store, int64_t customer_id,
                                       struct arena *arena, struct further_number_row **rows_r,
                                       size_t *count_r, struct error *error) MUST_CHECK;

enum status store_note_number(struct store *store, const struct number_proof_row *row,
                              struct error *error) MUST_CHECK;

/* STATUS_NOT_FOUND: nothing is known of calls to it. */
enum status store_get_number_proof(struct store *store, int64_t customer_id, enum person_kind kind,
                                   int64_t person_id, const char *phone, struct arena *arena,
                                   struct number_proof_row *row_r, struct error *error) MUST_CHECK;

/* Of all people of a customer: by kind, person and number. */
enum status store_list_number_proofs(struct store *store, int64_t customer_id, struct arena *arena,
                                     struct number_proof_row **rows_r, size_t *count_r,
                                     struct error *error) MUST_CHECK;

#endif
