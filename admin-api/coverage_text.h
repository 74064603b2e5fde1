/* coverage_text.h - what a coverage found, as sentences of either language. */
#ifndef ADMIN_API_COVERAGE_TEXT_H
#define ADMIN_API_COVERAGE_TEXT_H

#include "admin-api/view.h"
#include "gateway/coverage/coverage.h"

#define COVERAGE_NOTES_COUNT 7

/* The sentence for a finding; due_ms: the rest that was asked for. */
void coverage_sentence(const struct coverage_finding *finding, int64_t due_ms, bool french,
                       char sentence_r[SENTENCE_BYTES_MAX]);

/* The rests that were asked for. */
struct coverage_rests {
    int64_t daily_ms;
    int64_t weekly_ms;
};

/* One item of an answer, with its sentence. */
void coverage_write_finding(struct json_writer *json, const char *customer,
                            const struct coverage_finding *finding,
                            const struct coverage_rests *due, bool french);

/* What is to be said of a version's paper; NULL when it is in order. For information: a procedure
 * runs all the same. */
const char *coverage_paper_sentence(const struct procedure *procedure, enum procedure_paper paper,
                                    bool french, char sentence_r[SENTENCE_BYTES_MAX]);

/* What is counted and what is not; COVERAGE_NOTES_COUNT of them. */
const char *const *coverage_notes(bool french);

#endif
