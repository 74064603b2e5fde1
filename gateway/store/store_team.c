/* store_team.c - members and offers of an escalation: short lists, in the order of their places. */
#include "gateway/store/store_team.h"

#include <assert.h>
#include <string.h>

#include "gateway/store/store_private.h"

struct member_row {
    int64_t customer_id;
    struct uuid escalation_id;
    int place;
    struct member member;
};

#define ROW struct member_row
static const struct column member_columns[] = {
    SAME(customer_id, INT64),
    SAME(escalation_id, UUID),
    SAME(place, INT),
    NAMED(member.kind, "person_kind", INT),
    NAMED(member.id, "person_id", INT64),
    NAMED(member.since, "since_at", TIME),
    NAMED(member.intervention, "intervention", INT),
    NAMED(member.eta_at, "eta_at", TIME),
};
MAP(member);
#undef ROW

struct offer_row {
    int64_t customer_id;
    struct uuid escalation_id;
    int place;
    struct offer offer;
};

#define ROW struct offer_row
static const struct column offer_columns[] = {
    SAME(customer_id, INT64),
    SAME(escalation_id, UUID),
    SAME(place, INT),
    NAMED(offer.kind, "person_kind", INT),
    NAMED(offer.id, "person_id", INT64),
    NAMED(offer.role, "role", INT),
    NAMED(offer.origin, "origin", INT),
    NAMED(offer.stays, "stays", BOOL),
    NAMED(offer.since, "since_at", TIME),
    NAMED(offer.until, "until_engine", TIME),
};
MAP(offer);
#undef ROW

static enum status begin(struct store *store, enum query query, const struct escalation *escalation,
                         struct query_run *run_r, struct error *error)
{
    assert(escalation->customer_id > 0 && !uuid_is_nil(escalation->id));
    enum status status = query_begin(store, query, run_r, error);
    if (status == STATUS_OK) {
        query_bind_int64(run_r, ":customer_id", escalation->customer_id);
        query_bind_uuid(run_r, ":escalation_id", escalation->id);
    }
    return status;
}

static enum status load_members(struct store *store, struct escalation *escalation,
                                struct error *error)
{
    struct query_run run;
    struct member_row row;
    int count = 0;
    enum status status = begin(store, QUERY_member_list, escalation, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    while (count < MEMBERS_MAX && (status = query_step(&run, error)) == STATUS_OK) {
        query_read_row(&run, &member_map, &row, NULL);
        escalation->members[count++] = row.member;
    }
    query_end(&run);
    escalation->members_count = count;
    return status == STATUS_DONE ? STATUS_OK : status;
}

static enum status load_offers(struct store *store, struct escalation *escalation,
                               struct error *error)
{
    struct query_run run;
    struct offer_row row;
    int count = 0;
    enum status status = begin(store, QUERY_offer_list, escalation, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    while (count < OFFERS_MAX && (status = query_step(&run, error)) == STATUS_OK) {
        query_read_row(&run, &offer_map, &row, NULL);
        escalation->offers[count++] = row.offer;
    }
    query_end(&run);
    escalation->offers_count = count;
    return status == STATUS_DONE ? STATUS_OK : status;
}

enum status store_load_team(struct store *store, struct escalation *escalation, struct error *error)
{
    enum status status = STATUS_OK;
    if (escalation->members_count < 0 || escalation->members_count > MEMBERS_MAX ||
        escalation->offers_count < 0 || escalation->offers_count > OFFERS_MAX) {
        return error_set(error, STATUS_CORRUPT, "an escalation has more members than there can be");
    }
    if (escalation->members_count > 0) {
        status = load_members(store, escalation, error);
    }
    if (status == STATUS_OK && escalation->offers_count > 0) {
        status = load_offers(store, escalation, error);
    }
    return status;
}

static bool has_same_members(const struct escalation *a, const struct escalation *b)
{
    bool same = a->members_count == b->members_count;
    for (int i = 0; same && i < a->members_count; i++) {
        const struct member *one = &a->members[i], *other = &b->members[i];
        same = one->kind == other->kind && one->id == other->id &&
               one->since.ms == other->since.ms && one->intervention == other->intervention &&
               one->eta_at.ms == other->eta_at.ms;
    }
    return same;
}

/* An offer is never changed: another one takes its place, with another end. */
static bool has_same_offers(const struct escalation *a, const struct escalation *b)
{
    bool same = a->offers_count == b->offers_count;
    for (int i = 0; same && i < a->offers_count; i++) {
        const struct offer *one = &a->offers[i], *other = &b->offers[i];
        same = one->kind == other->kind && one->id == other->id && one->role == other->role &&
               one->stays == other->stays && one->until.ms == other->until.ms;
    }
    return same;
}

static enum status clear(struct store *store, enum query query, const struct escalation *escalation,
                         struct error *error)
{
    struct query_run run;
    enum status status = begin(store, query, escalation, &run, error);
    return status == STATUS_OK ? query_finish(&run, error) : status;
}

static enum status write_members(struct store *store, const struct escalation *escalation,
                                 struct error *error)
{
    enum status status = clear(store, QUERY_member_delete_all, escalation, error);
    for (int i = 0; i < escalation->members_count && status == STATUS_OK; i++) {
        const struct member_row row = {.customer_id = escalation->customer_id,
                                       .escalation_id = escalation->id,
                                       .place = i,
                                       .member = escalation->members[i]};
        status = query_write_row(store, QUERY_member_insert, &member_map, &row, error);
    }
    return status;
}

static enum status write_offers(struct store *store, const struct escalation *escalation,
                                struct error *error)
{
    enum status status = clear(store, QUERY_offer_delete_all, escalation, error);
    for (int i = 0; i < escalation->offers_count && status == STATUS_OK; i++) {
        const struct offer_row row = {.customer_id = escalation->customer_id,
                                      .escalation_id = escalation->id,
                                      .place = i,
                                      .offer = escalation->offers[i]};
        status = query_write_row(store, QUERY_offer_insert, &offer_map, &row, error);
    }
    return status;
}

enum status store_write_team(struct store *store, const struct escalation *before,
                             const struct escalation *after, struct error *error)
{
    assert(after->customer_id > 0 && uuid_equal(before->id, after->id));
    assert(after->members_count <= MEMBERS_MAX && after->offers_count <= OFFERS_MAX);
    enum status status = STATUS_OK;
    if (!has_same_members(before, after)) {
        status = write_members(store, after, error);
    }
    if (status == STATUS_OK && !has_same_offers(before, after)) {
        status = write_offers(store, after, error);
    }
    return status;
}
