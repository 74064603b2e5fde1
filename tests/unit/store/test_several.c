/* test_several.c - lists of a few customers, page by page: what all lists say when nobody else is
 * there, and not a byte of it changes with what others have. */
#include <stdio.h>
#include <string.h>

#include "gateway/store/store_ticket.h"
#include "tests/unit/store/fixture.h"

#define FIRST_MS        INT64_C(1700000000000)
#define DUMP_BYTES_MAX  ((size_t)64 * 1024)
#define PAGES_MAX       200
#define UNINDEXED_ABOVE 1001 /* more than a search reads plainly (UNINDEXED_READ_MAX) */
#define LARGE_SET       1000

static const struct uuid nil = {{0}};

/* ids[0] and ids[1] are of the set, ids[2] is not. */
struct people {
    int64_t ids[3];
    struct customer_set both, one, twice, none;
    int64_t repeated[3];
};

static struct people settle(struct shelf *shelf)
{
    struct people people = {.ids = {shelf->customer_id}};
    static const char *const slugs[] = {"port", "hotel"};
    for (size_t i = 0; i < 2; i++) {
        const struct customer_row row = {.slug = slugs[i],
                                         .name = "Port",
                                         .time_zone = "Europe/Paris",
                                         .language = "fr",
                                         .alias = "p"};
        assert_ok(shelf, store_put_customer(shelf->store, &row, &people.ids[i + 1], &shelf->error));
    }
    memcpy(people.repeated, (int64_t[]){people.ids[0], people.ids[1], people.ids[0]},
           sizeof people.repeated);
    return people;
}

static void point(struct people *people)
{
    people->both = (struct customer_set){people->ids, 2};
    people->one = (struct customer_set){people->ids, 1};
    people->twice = (struct customer_set){people->repeated, 3};
    people->none = (struct customer_set){people->ids, 0};
}

static struct uuid moment(unsigned n)
{
    struct uuid id = uuid_v7_least((struct wall_time){FIRST_MS + n * 60000});
    id.bytes[15] = 1;
    return id;
}

/* A ticket, its escalation and a task, all of the n-th minute. */
static void add(struct shelf *shelf, int64_t customer_id, unsigned n, const char *summary)
{
    struct ticket_row ticket = {.customer_id = customer_id,
                                .ticket_id = moment(n),
                                .summary = summary,
                                .opened_at = {FIRST_MS + n * 60000},
                                .closed_at = {n % 3 == 0 ? FIRST_MS : TIME_NEVER_MS}};
    struct escalation escalation = plain_escalation(shelf, 1);
    struct desk_task_row task = {.customer_id = customer_id,
                                 .task_id = moment(n),
                                 .escalation_id = moment(n),
                                 .done_at = WALL_NEVER};
    escalation.customer_id = customer_id;
    escalation.id = escalation.ticket_id = moment(n);
    escalation.state = n % 3 == 0 ? ESCALATION_DONE : ESCALATION_NOTIFYING;
    escalation.closed_at.ms = n % 3 == 0 ? 5 : TIME_NEVER_MS;
    assert_ok(shelf, store_add_ticket(shelf->store, &ticket, &shelf->error));
    assert_ok(shelf, store_add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    assert_ok(shelf, store_add_desk_task(shelf->store, &task, &shelf->error));
}

/* 45 moments of both, and as many of the other customer in front of, between and behind them. */
static void furnish_own(struct shelf *shelf, const struct people *people)
{
    shelf_execute(shelf, "BEGIN");
    for (unsigned n = 0; n < 45; n++) {
        add(shelf, people->ids[n % 5 < 3 ? 0 : 1], 1 + 2 * n,
            n % 2 == 0 ? "pair summary" : "impair summary");
    }
    shelf_execute(shelf, "COMMIT");
}

static void furnish_other(struct shelf *shelf, const struct people *people)
{
    shelf_execute(shelf, "BEGIN");
    for (unsigned n = 0; n <= 45; n++) {
        add(shelf, people->ids[2], 2 * n, "pair summary of wisniewska");
    }
    shelf_execute(shelf, "COMMIT");
}

/* Only tickets, one in a second, in front of all others. */
static void add_many(struct shelf *shelf, int64_t customer_id, unsigned count)
{
    shelf_execute(shelf, "BEGIN");
    for (unsigned n = 0; n < count; n++) {
        struct ticket_row ticket = {
            .customer_id = customer_id,
            .ticket_id = uuid_v7_least((struct wall_time){FIRST_MS - 1000 * (int64_t)(n + 1)}),
            .summary = "pair",
            .opened_at = {FIRST_MS},
            .closed_at = {n == count - 1 ? FIRST_MS : TIME_NEVER_MS}};
        assert_ok(shelf, store_add_ticket(shelf->store, &ticket, &shelf->error));
    }
    shelf_execute(shelf, "COMMIT");
}

static void index_all(struct shelf *shelf)
{
    const struct engine_time now = {FIRST_MS + INT64_C(100000000)};
    size_t count = 0;
    bool left = true;
    while (left) {
        assert_ok(shelf, store_begin(shelf->store, &shelf->error));
        assert_ok(shelf, store_index_tickets(shelf->store, now, 500, shelf->arena, &count, &left,
                                             &shelf->error));
        assert_ok(shelf, store_commit(shelf->store, &shelf->error));
    }
}

/* ---- every page, as text ---- */

struct dump {
    char *text;
    size_t used;
};

static struct dump begin_dump(struct shelf *shelf)
{
    struct dump dump = {.text = arena_alloc(shelf->arena, DUMP_BYTES_MAX)};
    assert_non_null(dump.text);
    dump.text[0] = '\0';
    return dump;
}

static void say(struct dump *dump, const char *what, int64_t customer_id, struct uuid id)
{
    char text[UUID_TEXT_BYTES];
    uuid_format(id, text);
    int wrote = snprintf(dump->text + dump->used, DUMP_BYTES_MAX - dump->used, "%s%lld %s\n", what,
                         (long long)customer_id, text);
    assert_true(wrote > 0 && (size_t)wrote < DUMP_BYTES_MAX - dump->used);
    dump->used += (size_t)wrote;
}

static void dump_tickets(struct shelf *shelf, const struct customer_set *several, size_t limit,
                         const char *words, enum ticket_state state, struct dump *dump)
{
    struct ticket_words parsed;
    struct ticket_page page = {.more = true};
    struct ticket_filter filter = {.several = several,
                                   .from = WALL_NEVER,
                                   .to = WALL_NEVER,
                                   .state = state,
                                   .limit = limit,
                                   .words = words != NULL ? &parsed : NULL};
    if (words != NULL) {
        assert_ok(shelf, store_parse_ticket_words(shelf->store, words, &parsed, &shelf->error));
    }
    for (int pages = 0; page.more; pages++) {
        assert_true(pages < PAGES_MAX);
        assert_ok(shelf,
                  store_list_tickets(shelf->store, &filter, shelf->arena, &page, &shelf->error));
        for (size_t i = 0; i < page.count; i++) {
            say(dump, "", page.rows[i].customer_id, page.rows[i].ticket_id);
        }
        say(dump, page.complete ? "complete, to " : "to ", page.more, page.more ? page.last : nil);
        filter.before = page.last;
    }
}

static void dump_escalations(struct shelf *shelf, const struct customer_set *several,
                             unsigned states, size_t limit, struct dump *dump)
{
    struct escalation *rows;
    struct uuid before = nil;
    size_t count = limit;
    for (int pages = 0; count == limit; pages++) {
        assert_true(pages < PAGES_MAX);
        assert_ok(shelf,
                  store_list_escalations_of_several(shelf->store, 0, several, before, states, limit,
                                                    shelf->arena, &rows, &count, &shelf->error));
        for (size_t i = 0; i < count; i++) {
            assert_true(uuid_equal(rows[i].id, rows[i].ticket_id)); /* the row is the id's */
            say(dump, "", rows[i].customer_id, rows[i].id);
            before = rows[i].id;
        }
    }
}

static void dump_tasks(struct shelf *shelf, const struct customer_set *several, size_t limit,
                       struct dump *dump)
{
    struct desk_task_row *rows;
    struct uuid after = nil;
    size_t count = limit;
    for (int pages = 0; count == limit; pages++) {
        assert_true(pages < PAGES_MAX);
        assert_ok(shelf,
                  store_list_open_tasks_of_several(shelf->store, 0, several, after, limit,
                                                   shelf->arena, &rows, &count, &shelf->error));
        for (size_t i = 0; i < count; i++) {
            say(dump, "", rows[i].customer_id, rows[i].task_id);
            after = rows[i].task_id;
        }
    }
}

/* All that can be asked, in pages of several sizes; several NULL: of all. */
static const char *dump_all(struct shelf *shelf, const struct customer_set *several)
{
    static const char *const words[] = {NULL, "pair", "wis*", "summary", "absent"};
    static const size_t limits[] = {1, 7, 50};
    struct dump dump = begin_dump(shelf);
    for (size_t l = 0; l < sizeof limits / sizeof limits[0]; l++) {
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
            dump_tickets(shelf, several, limits[l], words[w], TICKET_ANY, &dump);
        }
        dump_tickets(shelf, several, limits[l], NULL, TICKET_OPEN, &dump);
        dump_tickets(shelf, several, limits[l], "summary", TICKET_CLOSED, &dump);
        dump_escalations(shelf, several, ESCALATION_STATES_ALL, limits[l], &dump);
        dump_escalations(shelf, several, ESCALATION_STATES_OPEN, limits[l], &dump);
        dump_tasks(shelf, several, limits[l], &dump);
    }
    return dump.text;
}

/* ---- tests ---- */

static void test_several__are_all_that_is_there(void **state)
{
    struct shelf *shelf = *state;
    struct people people = settle(shelf);
    point(&people);
    furnish_own(shelf, &people);
    for (int pass = 0; pass < 2; pass++) {
        const char *all = dump_all(shelf, NULL);
        assert_string_equal(dump_all(shelf, &people.both), all);
        assert_string_equal(dump_all(shelf, &people.twice), all);
        assert_string_not_equal(dump_all(shelf, &people.one), all);
        index_all(shelf);
    }
}

/* Nor does it matter how far the index is, nor how much of others it still has to take in. */
static void test_several__see_nothing_of_others(void **state)
{
    struct shelf *shelf = *state;
    struct people people = settle(shelf);
    point(&people);
    furnish_own(shelf, &people);
    const char *both = dump_all(shelf, &people.both);
    const char *one = dump_all(shelf, &people.one);
    furnish_other(shelf, &people);
    for (int pass = 0; pass < 2; pass++) {
        assert_string_equal(dump_all(shelf, &people.both), both);
        assert_string_equal(dump_all(shelf, &people.one), one);
        index_all(shelf);
    }
    add_many(shelf, people.ids[2], UNINDEXED_ABOVE);
    assert_string_equal(dump_all(shelf, &people.both), both);
    struct ticket_words words;
    struct ticket_page page;
    assert_ok(shelf, store_parse_ticket_words(shelf->store, "pair", &words, &shelf->error));
    const struct ticket_filter filter = {.customer_id = people.ids[0],
                                         .from = WALL_NEVER,
                                         .to = WALL_NEVER,
                                         .limit = 9,
                                         .words = &words};
    shelf_execute(shelf, "UPDATE ticket_indexed SET ticket_id = zeroblob(16)");
    assert_ok(shelf, store_list_tickets(shelf->store, &filter, shelf->arena, &page, &shelf->error));
    assert_true(page.complete); /* what others wait for is not missing here */
}

/* A page looks at so many and no more, whoever's they are. */
static void test_several__go_on_where_they_stopped_looking(void **state)
{
    struct shelf *shelf = *state;
    struct people people = settle(shelf);
    point(&people);
    furnish_own(shelf, &people);
    add_many(shelf, people.ids[1], 2100);
    for (int pass = 0; pass < 2; pass++) {
        struct dump all = begin_dump(shelf), both = begin_dump(shelf);
        dump_tickets(shelf, NULL, 50, pass == 0 ? NULL : "pair", TICKET_CLOSED, &all);
        dump_tickets(shelf, &people.both, 50, pass == 0 ? NULL : "pair", TICKET_CLOSED, &both);
        assert_string_equal(both.text, all.text);
        assert_non_null(strstr(both.text, "to 1 ")); /* it did stop */
        index_all(shelf);
    }
}

/* More customers than words fit into a query by hand, and none at all. */
static void test_several__are_many_or_none(void **state)
{
    struct shelf *shelf = *state;
    struct people people = settle(shelf);
    point(&people);
    furnish_own(shelf, &people);
    furnish_other(shelf, &people);
    int64_t many[LARGE_SET];
    for (size_t i = 0; i < LARGE_SET; i++) {
        many[i] = 1000 + (int64_t)i;
    }
    many[0] = people.ids[1];
    many[LARGE_SET - 1] = people.ids[0];
    const struct customer_set large = {many, LARGE_SET};
    for (int pass = 0; pass < 2; pass++) {
        struct dump some = begin_dump(shelf), both = begin_dump(shelf), none = begin_dump(shelf);
        dump_tickets(shelf, &large, 50, "pair", TICKET_ANY, &some);
        dump_tickets(shelf, &people.both, 50, "pair", TICKET_ANY, &both);
        assert_string_equal(some.text, both.text);
        dump_tickets(shelf, &people.none, 50, pass == 0 ? NULL : "pair", TICKET_ANY, &none);
        dump_escalations(shelf, &people.none, ESCALATION_STATES_ALL, 50, &none);
        dump_tasks(shelf, &people.none, 50, &none);
        assert_string_equal(none.text, "complete, to 0 00000000-0000-0000-0000-000000000000\n");
        index_all(shelf);
    }
}

/* Who writes another customer's word does not stand among that one's tickets. */
static void test_several__cannot_be_joined_by_a_word(void **state)
{
    struct shelf *shelf = *state;
    struct people people = settle(shelf);
    char text[64];
    point(&people);
    furnish_own(shelf, &people);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(text, sizeof text, "pair summary \xee\x80\x80%lld",
                       (long long)people.ids[i]);
        add(shelf, people.ids[2], 200 + (unsigned)i, text);
    }
    index_all(shelf);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM ticket_words WHERE ticket_words "
                                         "MATCH '\"\xee\x80\x80\x31\"'"),
                     shelf_number(shelf, "SELECT count(*) FROM ticket WHERE customer_id = 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_several__are_all_that_is_there),
        SHELF_TEST(test_several__see_nothing_of_others),
        SHELF_TEST(test_several__go_on_where_they_stopped_looking),
        SHELF_TEST(test_several__are_many_or_none),
        SHELF_TEST(test_several__cannot_be_joined_by_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
