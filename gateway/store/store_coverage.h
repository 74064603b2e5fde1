/* store_coverage.h - what the automatic coverage found of each customer when it was last computed,
 * and whether it was told. Otherwise as store.h says.
 */
#ifndef GATEWAY_STORE_STORE_COVERAGE_H
#define GATEWAY_STORE_STORE_COVERAGE_H

#include "gateway/store/store.h"

struct coverage_report_row {
    int64_t customer_id;
    struct wall_time computed_at;
    int days;
    int64_t findings;   /* all */
    int64_t lasting;    /* of these, such as are told again each night */
    const char *counts; /* JSON object: how many of each kind */
    const char *items;  /* JSON array: as many as are kept; NULL in a list */
    int64_t more;       /* that were left off */
    const char *keys;   /* what was to be told of them; NULL in a list */
    const char *news;   /* words of the alarm; NULL: none. In a list only what is not told yet */
    bool over;          /* the news is that nothing of what was told lasts */
    struct wall_time told_at; /* WALL_NEVER: not yet; not looked at when put */
};

/* Takes the place of the customer's last; nobody was told of it. */
enum status store_put_coverage_report(struct store *store, const struct coverage_report_row *row,
                                      struct error *error) MUST_CHECK;
/* Its news went out, unless another report took its place, or that was noted before. */
enum status store_note_coverage_told(struct store *store, int64_t customer_id,
                                     struct wall_time computed_at, struct wall_time now,
                                     struct error *error) MUST_CHECK;
/* STATUS_NOT_FOUND: it was never computed. */
enum status store_get_coverage_report(struct store *store, int64_t customer_id, struct arena *arena,
                                      struct coverage_report_row *row_r,
                                      struct error *error) MUST_CHECK;
/* Of all customers, by id, without items, keys, days and told_at. */
enum status store_list_coverage_reports(struct store *store, struct arena *arena,
                                        struct coverage_report_row **rows_r, size_t *count_r,
                                        struct error *error) MUST_CHECK;

#endif
