/* coverage_private.h - what the parts of a coverage share: the list of findings, and spans of time.
 */
#ifndef GATEWAY_COVERAGE_COVERAGE_PRIVATE_H
#define GATEWAY_COVERAGE_COVERAGE_PRIVATE_H

#include "gateway/coverage/coverage.h"
#include "gateway/coverage/nightly.h"

/* From (inclusive) to (exclusive). */
struct stretch {
    int64_t from_ms;
    int64_t to_ms;
};

/* Sorted and disjoint; neighbours that touch are one. */
struct stretches {
    struct stretch *items;
    size_t count;
};

/* A rota that procedures name. */
struct named_rota {
    const struct directory_rota *rota; /* compiled for the window and the procedures' length */
    unsigned via;                      /* the paths by which they ask who is on call */
};

struct covering {
    const struct coverage_request *request;
    struct arena *arena;
    struct directory_customer customer; /* with these rotas */
    struct named_rota rotas[ROTAS_OF_CUSTOMER_MAX];
    size_t rotas_count;
    int64_t until_ms; /* the window's end */
    struct coverage_finding *findings;
    size_t findings_count;
    size_t left_off;
};

/* Findings of one kind about one thing: the first COVERAGE_ALIKE_MAX are kept. */
struct series {
    struct covering *covering;
    struct coverage_finding like; /* all but the times */
    size_t count;
};

void series_add(struct series *series, int64_t from_ms, int64_t to_ms);

/* Adds spans of time in order of their beginning, joining those that overlap or touch. The list has
 * room. */
void stretches_add(struct stretches *list, int64_t from_ms, int64_t to_ms);

bool person_is_reachable(const struct directory_person *person, unsigned via);
/* Whether an agent will have a phone in a shift that begins then: one to sign in on. */
bool will_sign_in(const struct covering *covering, const struct directory_person *agent,
                  int64_t from_ms);
/* Whether the id is in a list of the request, ascending. */
bool is_listed(const int64_t *ids, size_t count, int64_t id);

/* ---- duty.c: rotas and the people in them ---- */
void find_gaps(struct covering *covering);
void find_unreachable(struct covering *covering);
void find_twice(struct covering *covering);

/* ---- reach.c: procedures ---- */
enum status judge_procedures(struct covering *covering, struct coverage *coverage_r,
                             struct error *error) MUST_CHECK;
/* The longest that a procedure lasts until it is exhausted. */
int64_t procedure_length_ms(const struct procedure *procedure);

/* ---- several.c: procedures that want several people ---- */
void find_too_few(struct covering *covering);

/* ---- told.c: what was published ---- */
enum status find_untold(struct covering *covering, const struct engine_rotas *rotas,
                        struct error *error) MUST_CHECK;

/* ---- check_in.c ---- */
void find_check_ins(struct covering *covering);

/* ---- news.c ---- */
/* Fills in lasting, keys and news. False: no memory. */
bool find_news(const struct coverage_reporting *request, const struct engine_rotas *rotas,
               struct arena *arena, struct coverage_report *report);

/* ---- rest.c ---- */
enum status find_short_rest(struct covering *covering, struct error *error) MUST_CHECK;

#endif
