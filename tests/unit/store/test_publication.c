/* test_publication.c - what agents were told comes back as it was written, and stays so. */
#include <string.h>

#include "gateway/store/store_publication.h"
#include "tests/unit/store/fixture.h"

static struct publication_row publication_of(struct shelf *shelf, unsigned number, int64_t from_ms,
                                             int64_t to_ms)
{
    return (struct publication_row){
        .customer_id = shelf->customer_id,
        .publication_id = numbered_id(number),
        .rota = "duty",
        .from_at = {from_ms},
        .to_at = {to_ms},
        .published_at = {5},
        .key_id = "key",
        .operator_name = "Lucie",
        .time_zone = "Europe/Paris",
        .notice_days = 21,
        .digest = {{1, 2, 3}},
        .in_time = 1,
        .short_notice = 2,
        .too_short = 3,
    };
}

static struct publication_agent_row part_of(const struct publication_row *publication,
                                            const char *agent)
{
    return (struct publication_agent_row){
        .customer_id = publication->customer_id,
        .publication_id = publication->publication_id,
        .agent = agent,
        .name = "Jean « le Zouave »",
        .shifts = "[{}]",
        .changes = "[]",
    };
}

static struct publication_row add(struct shelf *shelf, unsigned number, int64_t from_ms,
                                  int64_t to_ms)
{
    struct publication_row row = publication_of(shelf, number, from_ms, to_ms);
    assert_ok(shelf, store_add_publication(shelf->store, &row, &shelf->error));
    return row;
}

static void add_part(struct shelf *shelf, const struct publication_row *publication,
                     const char *agent)
{
    struct publication_agent_row row = part_of(publication, agent);
    assert_ok(shelf, store_add_publication_agent(shelf->store, &row, &shelf->error));
}

static struct publication_agent_row get_part(struct shelf *shelf, unsigned number,
                                             const char *agent)
{
    struct publication_agent_row row;
    assert_ok(shelf,
              store_get_publication_agent(shelf->store, shelf->customer_id, numbered_id(number),
                                          agent, shelf->arena, &row, &shelf->error));
    return row;
}

static void assert_publication(const struct publication_row *a, const struct publication_row *b)
{
    assert_int_equal(a->customer_id, b->customer_id);
    assert_true(uuid_equal(a->publication_id, b->publication_id));
    assert_string_equal(a->rota, b->rota);
    assert_int_equal(a->from_at.ms, b->from_at.ms);
    assert_int_equal(a->to_at.ms, b->to_at.ms);
    assert_int_equal(a->published_at.ms, b->published_at.ms);
    assert_string_equal(a->key_id, b->key_id);
    assert_string_equal(a->operator_name, b->operator_name);
    assert_string_equal(a->time_zone, b->time_zone);
    assert_int_equal(a->notice_days, b->notice_days);
    assert_memory_equal(a->digest.bytes, b->digest.bytes, DIGEST_BYTES);
    assert_int_equal(a->in_time, b->in_time);
    assert_int_equal(a->short_notice, b->short_notice);
    assert_int_equal(a->too_short, b->too_short);
    assert_int_equal(a->agents, b->agents);
    assert_int_equal(a->seen, b->seen);
}

static void test_publication__comes_back(void **state)
{
    struct shelf *shelf = *state;
    bool has = true;
    struct uuid newest;
    assert_ok(shelf, store_has_publications(shelf->store, shelf->customer_id, &has, &shelf->error));
    assert_false(has);
    assert_int_equal(store_get_newest_publication(shelf->store, shelf->customer_id, "duty", &newest,
                                                  &shelf->error),
                     STATUS_NOT_FOUND);
    struct publication_row first = add(shelf, 1, 100, 200), second = add(shelf, 2, 150, 300), read;
    add_part(shelf, &first, "jean");
    add_part(shelf, &first, "paul");
    struct publication_agent_row seen = part_of(&first, "jean");
    seen.seen_at.ms = 9;
    seen.seen_via = "app";
    assert_ok(shelf, store_note_seen(shelf->store, &seen, &shelf->error));
    first.agents = 2;
    first.seen = 1;
    assert_ok(shelf, store_get_publication(shelf->store, shelf->customer_id, numbered_id(1),
                                           shelf->arena, &read, &shelf->error));
    assert_publication(&read, &first);
    assert_ok(shelf, store_get_newest_publication(shelf->store, shelf->customer_id, "duty", &newest,
                                                  &shelf->error));
    assert_true(uuid_equal(newest, second.publication_id));
    assert_ok(shelf, store_has_publications(shelf->store, shelf->customer_id, &has, &shelf->error));
    assert_true(has);
    /* Not to another customer, nor of another rota. */
    int64_t other = shelf->customer_id + 1;
    assert_int_equal(store_get_publication(shelf->store, other, numbered_id(1), shelf->arena, &read,
                                           &shelf->error),
                     STATUS_NOT_FOUND);
    assert_int_equal(store_get_newest_publication(shelf->store, shelf->customer_id, "other",
                                                  &newest, &shelf->error),
                     STATUS_NOT_FOUND);
    assert_ok(shelf, store_has_publications(shelf->store, other, &has, &shelf->error));
    assert_false(has);
}

static void test_publications__are_listed_newest_first(void **state)
{
    struct shelf *shelf = *state;
    struct publication_row rows[] = {add(shelf, 1, 100, 200), add(shelf, 2, 150, 300),
                                     add(shelf, 3, 300, 400)};
    struct publication_row *listed;
    size_t count;
    add_part(shelf, &rows[2], "paul");
    rows[2].agents = 1;
    assert_ok(shelf,
              store_list_publications(shelf->store, shelf->customer_id, "duty", (struct uuid){{0}},
                                      2, shelf->arena, &listed, &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_publication(&listed[0], &rows[2]);
    assert_publication(&listed[1], &rows[1]);
    assert_ok(shelf, store_list_publications(shelf->store, shelf->customer_id, "duty",
                                             listed[1].publication_id, 2, shelf->arena, &listed,
                                             &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_publication(&listed[0], &rows[0]);
    assert_ok(shelf, store_list_publications_over(shelf->store, shelf->customer_id, "duty",
                                                  (struct wall_time){199}, (struct wall_time){300},
                                                  9, shelf->arena, &listed, &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_publication(&listed[0], &rows[1]);
    assert_publication(&listed[1], &rows[0]);
    assert_ok(shelf, store_list_publications_over(shelf->store, shelf->customer_id, "duty",
                                                  (struct wall_time){200}, (struct wall_time){301},
                                                  1, shelf->arena, &listed, &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_true(uuid_equal(listed[0].publication_id, numbered_id(3)));
}

static void test_parts__come_back_to_their_agent(void **state)
{
    struct shelf *shelf = *state;
    struct publication_row first = add(shelf, 1, 100, 200), second = add(shelf, 2, 150, 300);
    struct publication_agent_row *rows;
    size_t count;
    add_part(shelf, &first, "paul");
    add_part(shelf, &first, "jean");
    add_part(shelf, &second, "jean");
    assert_ok(shelf, store_list_publication_agents(shelf->store, shelf->customer_id, numbered_id(1),
                                                   shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].agent, "jean");
    assert_string_equal(rows[1].agent, "paul");
    assert_string_equal(rows[0].name, "Jean « le Zouave »");
    assert_string_equal(rows[0].shifts, "[{}]");
    assert_string_equal(rows[0].changes, "[]");
    assert_string_equal(rows[0].rota, "duty");
    assert_int_equal(rows[0].from_at.ms, 100);
    assert_int_equal(rows[0].to_at.ms, 200);
    assert_int_equal(rows[0].published_at.ms, 5);
    assert_int_equal(rows[0].fetched_at.ms, TIME_NEVER_MS);
    assert_int_equal(rows[0].seen_at.ms, TIME_NEVER_MS);
    assert_null(rows[0].seen_via);
    assert_ok(shelf, store_list_publications_of_agent(shelf->store, shelf->customer_id, "jean",
                                                      (struct uuid){{0}}, 9, shelf->arena, &rows,
                                                      &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_true(uuid_equal(rows[0].publication_id, numbered_id(2)));
    assert_ok(shelf, store_list_publications_of_agent(shelf->store, shelf->customer_id, "jean",
                                                      numbered_id(2), 9, shelf->arena, &rows,
                                                      &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_true(uuid_equal(rows[0].publication_id, numbered_id(1)));
    struct publication_agent_row none;
    assert_int_equal(store_get_publication_agent(shelf->store, shelf->customer_id, numbered_id(2),
                                                 "paul", shelf->arena, &none, &shelf->error),
                     STATUS_NOT_FOUND);
}

static void test_part__what_was_noted_first_stays(void **state)
{
    struct shelf *shelf = *state;
    struct publication_row first = add(shelf, 1, 100, 200), second = add(shelf, 2, 150, 300);
    struct uuid newest;
    add_part(shelf, &first, "jean");
    add_part(shelf, &first, "paul");
    add_part(shelf, &second, "jean");
    struct publication_agent_row note = part_of(&first, "jean");
    note.seen_at.ms = 9;
    note.seen_via = "operator";
    note.seen_by = "Lucie";
    note.seen_how = "signed";
    assert_ok(shelf, store_note_seen(shelf->store, &note, &shelf->error));
    note.seen_at.ms = 10;
    note.seen_via = "app";
    note.seen_by = note.seen_how = NULL;
    assert_ok(shelf, store_note_seen(shelf->store, &note, &shelf->error));
    struct publication_agent_row read = get_part(shelf, 1, "jean");
    assert_int_equal(read.seen_at.ms, 9);
    assert_string_equal(read.seen_via, "operator");
    assert_string_equal(read.seen_by, "Lucie");
    assert_string_equal(read.seen_how, "signed");
    /* A fetch is of all up to the newest that there was. */
    assert_ok(shelf, store_get_unfetched_publication(shelf->store, shelf->customer_id, "jean",
                                                     &newest, &shelf->error));
    assert_true(uuid_equal(newest, numbered_id(2)));
    assert_ok(shelf, store_note_fetched(shelf->store, shelf->customer_id, "jean", numbered_id(1),
                                        (struct wall_time){20}, &shelf->error));
    assert_int_equal(get_part(shelf, 1, "jean").fetched_at.ms, 20);
    assert_int_equal(get_part(shelf, 1, "paul").fetched_at.ms, TIME_NEVER_MS);
    assert_int_equal(get_part(shelf, 2, "jean").fetched_at.ms, TIME_NEVER_MS);
    assert_ok(shelf, store_note_fetched(shelf->store, shelf->customer_id, "jean", newest,
                                        (struct wall_time){30}, &shelf->error));
    assert_int_equal(get_part(shelf, 1, "jean").fetched_at.ms, 20);
    assert_int_equal(get_part(shelf, 2, "jean").fetched_at.ms, 30);
    assert_int_equal(store_get_unfetched_publication(shelf->store, shelf->customer_id, "jean",
                                                     &newest, &shelf->error),
                     STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_publication__comes_back),
        SHELF_TEST(test_publications__are_listed_newest_first),
        SHELF_TEST(test_parts__come_back_to_their_agent),
        SHELF_TEST(test_part__what_was_noted_first_stays),
    };
    return cmocka_run_group_tests_name("store.publication", tests, NULL, NULL);
}
