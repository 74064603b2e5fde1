/* publication_csv.h - a publication as a table: for a file of the labour inspector's, or anybody
 * who has to show what was told to whom, when, and how far ahead. */
#ifndef ADMIN_API_PUBLICATION_CSV_H
#define ADMIN_API_PUBLICATION_CSV_H

#include "admin-api/csv.h"
#include "gateway/store/store_publication.h"

/* A row of names, then one for each shift ("shift") and each change (its kind) of each agent; one
 * ("none") for an agent who was told of no shift. Columns are only ever added at the end.
 * STATUS_CORRUPT: a row is not what the gateway writes. */
enum status publication_write_csv(struct csv *csv, const struct publication_row *publication,
                                  const struct publication_agent_row *parts,
                                  size_t parts_count) MUST_CHECK;

#endif
