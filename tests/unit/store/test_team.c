/* test_team.c - members and offers of an escalation: round trips, and what is written when. */
#include "gateway/store/store_team.h"

#include <string.h>

#include "tests/unit/store/fixture.h"

/* Every value differs, so that two exchanged columns are noticed. */
static void fill_team(struct escalation *e)
{
    e->members_count = MEMBERS_MAX;
    for (int i = 0; i < MEMBERS_MAX; i++) {
        e->members[i] =
            (struct member){.kind = i % 2 == 0 ? PERSON_AGENT : PERSON_CONTACT,
                            .id = 10 + i,
                            .since = {100 + i},
                            .intervention = INTERVENTION_ON_SITE,
                            .eta_at = i == 0 ? WALL_NEVER : (struct wall_time){200 + i}};
    }
    e->offers_count = OFFERS_MAX;
    for (int i = 0; i < OFFERS_MAX; i++) {
        e->offers[i] = (struct offer){.kind = i % 2 == 0 ? PERSON_CONTACT : PERSON_AGENT,
                                      .id = 30 + i,
                                      .role = i % 2 == 0 ? OFFER_AS_MEMBER : OFFER_AS_HOLDER,
                                      .origin = OFFER_BY_SHIFT,
                                      .stays = i % 2 == 0,
                                      .since = {300 + i},
                                      .until = {400 + i}};
    }
}

static void expect_team(struct shelf *shelf, const struct escalation *written)
{
    struct escalation read = {.id = written->id,
                              .customer_id = written->customer_id,
                              .members_count = written->members_count,
                              .offers_count = written->offers_count};
    assert_ok(shelf, store_load_team(shelf->store, &read, &shelf->error));
    assert_int_equal(read.members_count, written->members_count);
    assert_int_equal(read.offers_count, written->offers_count);
    for (int i = 0; i < read.members_count; i++) {
        const struct member *one = &read.members[i], *other = &written->members[i];
        assert_int_equal(one->kind, other->kind);
        assert_int_equal(one->id, other->id);
        assert_int_equal(one->since.ms, other->since.ms);
        assert_int_equal(one->intervention, other->intervention);
        assert_int_equal(one->eta_at.ms, other->eta_at.ms);
    }
    for (int i = 0; i < read.offers_count; i++) {
        const struct offer *one = &read.offers[i], *other = &written->offers[i];
        assert_int_equal(one->kind, other->kind);
        assert_int_equal(one->id, other->id);
        assert_int_equal(one->role, other->role);
        assert_int_equal(one->origin, other->origin);
        assert_int_equal(one->stays, other->stays);
        assert_int_equal(one->since.ms, other->since.ms);
        assert_int_equal(one->until.ms, other->until.ms);
    }
}

static struct escalation write_full_team(struct shelf *shelf)
{
    struct escalation nobody = plain_escalation(shelf, 1), full = nobody;
    fill_team(&full);
    assert_ok(shelf, add_escalation(shelf->store, &nobody, NULL, &shelf->error));
    assert_ok(shelf, store_write_team(shelf->store, &nobody, &full, &shelf->error));
    return full;
}

static void test_team__comes_back(void **state)
{
    struct shelf *shelf = *state;
    struct escalation full = write_full_team(shelf), offers = full, nobody = full;
    expect_team(shelf, &full);
    offers.members_count = 0;
    assert_ok(shelf, store_write_team(shelf->store, &full, &offers, &shelf->error));
    expect_team(shelf, &offers);
    nobody.members_count = nobody.offers_count = 0;
    assert_ok(shelf, store_write_team(shelf->store, &offers, &nobody, &shelf->error));
    assert_int_equal(shelf_number(shelf, "SELECT (SELECT count(*) FROM escalation_member) + "
                                         "(SELECT count(*) FROM escalation_offer)"),
                     0);
}

/* One value of the last of the list differs: that is enough for the list to be written. */
static void test_team__is_written_when_it_changed(void **state)
{
    struct shelf *shelf = *state;
    struct escalation before = write_full_team(shelf);
    for (int what = 0; what < 10; what++) {
        struct escalation after = before;
        struct member *member = &after.members[MEMBERS_MAX - 1];
        struct offer *offer = &after.offers[OFFERS_MAX - 1];
        member->kind = what == 0 ? PERSON_AGENT : member->kind;
        member->id += what == 1;
        member->since.ms += what == 2;
        member->intervention = what == 3 ? INTERVENTION_DONE : member->intervention;
        member->eta_at.ms += what == 4;
        offer->kind = what == 5 ? PERSON_CONTACT : offer->kind;
        offer->id += what == 6;
        offer->role = what == 7 ? OFFER_AS_MEMBER : offer->role;
        offer->stays = what == 8 ? !offer->stays : offer->stays;
        offer->until.ms += what == 9;
        assert_ok(shelf, store_write_team(shelf->store, &before, &after, &shelf->error));
        expect_team(shelf, &after);
        before = after;
    }
}

/* Nobody writes what is the same: rows that another hand took away stay away. */
static void test_team__is_left_alone_when_it_did_not(void **state)
{
    struct shelf *shelf = *state;
    struct escalation full = write_full_team(shelf);
    shelf_execute(shelf, "DELETE FROM escalation_member; DELETE FROM escalation_offer");
    assert_ok(shelf, store_write_team(shelf->store, &full, &full, &shelf->error));
    assert_int_equal(shelf_number(shelf, "SELECT (SELECT count(*) FROM escalation_member) + "
                                         "(SELECT count(*) FROM escalation_offer)"),
                     0);
}

static void test_team__counts_beyond_their_limit_are_damage(void **state)
{
    struct shelf *shelf = *state;
    static const int counts[][2] = {{-1, 0}, {MEMBERS_MAX + 1, 0}, {0, -1}, {0, OFFERS_MAX + 1}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct escalation e = plain_escalation(shelf, 1);
        e.members_count = counts[i][0];
        e.offers_count = counts[i][1];
        assert_int_equal(store_load_team(shelf->store, &e, &shelf->error), STATUS_CORRUPT);
    }
}

static void test_team__of_all_who_are_worked_on(void **state)
{
    struct shelf *shelf = *state;
    const struct uuid first = {{0}};
    struct escalation held = plain_escalation(shelf, 1), asked = plain_escalation(shelf, 2);
    struct escalation nobody = plain_escalation(shelf, 3), empty = asked, *rows = NULL;
    struct escalation check_in = plain_escalation(shelf, 4);
    size_t count = 0;
    held.holder.kind = PERSON_AGENT;
    held.holder.id = 1;
    check_in.holder = held.holder;
    check_in.check_in_agent = 1;
    fill_team(&asked);
    assert_ok(shelf, add_escalation(shelf->store, &held, NULL, &shelf->error));
    assert_ok(shelf, add_escalation(shelf->store, &asked, NULL, &shelf->error));
    assert_ok(shelf, add_escalation(shelf->store, &nobody, NULL, &shelf->error));
    assert_ok(shelf, add_escalation(shelf->store, &check_in, NULL, &shelf->error));
    empty.members_count = empty.offers_count = 0;
    assert_ok(shelf, store_write_team(shelf->store, &empty, &asked, &shelf->error));
    assert_ok(shelf, store_list_worked_on(shelf->store, shelf->customer_id, first, 10, shelf->arena,
                                          &rows, &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_true(uuid_equal(rows[0].id, held.id) && uuid_equal(rows[1].id, asked.id));
    assert_int_equal(rows[0].members_count, 0);
    assert_int_equal(rows[1].members[1].id, asked.members[1].id);
    assert_int_equal(rows[1].offers[1].id, asked.offers[1].id);
    assert_ok(shelf, store_list_worked_on(shelf->store, shelf->customer_id, held.id, 10,
                                          shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_team__comes_back),
        SHELF_TEST(test_team__is_written_when_it_changed),
        SHELF_TEST(test_team__is_left_alone_when_it_did_not),
        SHELF_TEST(test_team__counts_beyond_their_limit_are_damage),
        SHELF_TEST(test_team__of_all_who_are_worked_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
