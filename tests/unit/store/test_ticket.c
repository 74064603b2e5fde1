/* test_ticket.c - numbers, notes, links, lists and search of tickets, and what is left of one that
 * was erased. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/core/ticket_number.h"
#include "gateway/store/store_ticket.h"
#include "tests/unit/store/fixture.h"

#define MINUTE_MS INT64_C(60000)
/* When the first ticket of a test comes; each is a minute behind the one before. */
#define FIRST_MS INT64_C(1700000000000)

static struct uuid ticket_id(unsigned n)
{
    struct uuid id = uuid_v7_least((struct wall_time){FIRST_MS + n * MINUTE_MS});
    id.bytes[15] = 1;
    return id;
}

static struct ticket_row add_ticket(struct shelf *shelf, unsigned n, const char *summary)
{
    struct ticket_row row = {.customer_id = shelf->customer_id,
                             .ticket_id = ticket_id(n),
                             .summary = summary,
                             .opened_at = {FIRST_MS + n * MINUTE_MS},
                             .closed_at = WALL_NEVER};
    assert_ok(shelf, store_add_ticket(shelf->store, &row, &shelf->error));
    return row;
}

static struct ticket_row get_ticket(struct shelf *shelf, unsigned n)
{
    struct ticket_row row;
    assert_ok(shelf, store_get_ticket(shelf->store, shelf->customer_id, ticket_id(n), shelf->arena,
                                      &row, &shelf->error));
    return row;
}

static int64_t another_customer(struct shelf *shelf)
{
    int64_t id;
    const struct customer_row row = {.slug = "port",
                                     .name = "Port",
                                     .time_zone = "Europe/Paris",
                                     .language = "fr",
                                     .alias = "p"};
    assert_ok(shelf, store_put_customer(shelf->store, &row, &id, &shelf->error));
    return id;
}

/* ---- numbers ---- */

static void test_number__is_counted_by_each_customer(void **state)
{
    struct shelf *shelf = *state;
    int64_t other = another_customer(shelf);
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(add_ticket(shelf, n, "s").number, 1001 + 11 * n);
    }
    struct ticket_row row = {
        .customer_id = other, .ticket_id = ticket_id(9), .summary = "s", .closed_at = WALL_NEVER};
    assert_ok(shelf, store_add_ticket(shelf->store, &row, &shelf->error));
    assert_int_equal(row.number, 1001);
    assert_ok(shelf, store_find_ticket_number(shelf->store, shelf->customer_id, 1012, shelf->arena,
                                              &row, &shelf->error));
    assert_true(uuid_equal(row.ticket_id, ticket_id(1)));
    assert_int_equal(
        store_find_ticket_number(shelf->store, other, 1012, shelf->arena, &row, &shelf->error),
        STATUS_NOT_FOUND);
}

/* A number that was given to a ticket whose transaction went is given to the next. */
static void test_number__leaves_no_gap(void **state)
{
    struct shelf *shelf = *state;
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_int_equal(add_ticket(shelf, 0, "s").number, 1001);
    store_rollback(shelf->store);
    assert_int_equal(add_ticket(shelf, 1, "s").number, 1001);
}

/* ---- notes and links ---- */

static void test_notes__come_back_in_their_order(void **state)
{
    struct shelf *shelf = *state;
    struct ticket_note_row *rows;
    size_t count;
    int64_t number;
    (void)add_ticket(shelf, 0, "s");
    struct ticket_note_row note = {.customer_id = shelf->customer_id,
                                   .ticket_id = ticket_id(0),
                                   .at = {5},
                                   .by = "Léa",
                                   .text = "première"};
    assert_ok(shelf, store_add_ticket_note(shelf->store, &note, &shelf->error));
    assert_int_equal(note.number, 1);
    note.kind = TICKET_NOTE_LINKED;
    note.other = ticket_id(1);
    note.text = NULL;
    assert_ok(shelf, store_add_ticket_note(shelf->store, &note, &shelf->error));
    assert_int_equal(note.number, 2);
    assert_ok(shelf, store_list_ticket_notes(shelf->store, shelf->customer_id, ticket_id(0), 9,
                                             shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].text, "première");
    assert_string_equal(rows[0].by, "Léa");
    assert_int_equal(rows[0].at.ms, 5);
    assert_true(uuid_is_nil(rows[0].other));
    assert_int_equal(rows[1].kind, TICKET_NOTE_LINKED);
    assert_true(uuid_equal(rows[1].other, ticket_id(1)));
    assert_null(rows[1].text);
    assert_ok(shelf, store_count_ticket_notes(shelf->store, shelf->customer_id, ticket_id(0),
                                              &number, &shelf->error));
    assert_int_equal(number, 2);
}

static void test_link__is_found_from_both_ends(void **state)
{
    struct shelf *shelf = *state;
    struct ticket_row *rows;
    size_t count;
    for (unsigned n = 0; n < 3; n++) {
        (void)add_ticket(shelf, n, "s");
    }
    for (unsigned n = 1; n < 3; n++) {
        assert_ok(shelf, store_link_ticket(shelf->store, shelf->customer_id, ticket_id(n),
                                           ticket_id(0), &shelf->error));
    }
    assert_true(uuid_equal(get_ticket(shelf, 2).duplicate_of, ticket_id(0)));
    assert_ok(shelf, store_list_duplicates(shelf->store, shelf->customer_id, ticket_id(0), 9,
                                           shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].number, 1012);
    assert_ok(shelf, store_link_ticket(shelf->store, shelf->customer_id, ticket_id(1),
                                       (struct uuid){{0}}, &shelf->error));
    assert_true(uuid_is_nil(get_ticket(shelf, 1).duplicate_of));
    assert_ok(shelf, store_list_duplicates(shelf->store, shelf->customer_id, ticket_id(0), 9,
                                           shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 1);
}

/* ---- lists and search ---- */

static const struct ticket_filter everything = {
    .from = {TIME_NEVER_MS}, .to = {TIME_NEVER_MS}, .limit = 50};

static struct ticket_page list(struct shelf *shelf, const struct ticket_filter *filter)
{
    struct ticket_page page;
    assert_ok(shelf, store_list_tickets(shelf->store, filter, shelf->arena, &page, &shelf->error));
    return page;
}

/* The numbers of what is found, counted from 0 in one digit each, newest first. */
static const char *found(struct shelf *shelf, int64_t customer_id, const char *text)
{
    struct ticket_words words;
    assert_ok(shelf, store_parse_ticket_words(shelf->store, text, &words, &shelf->error));
    struct ticket_filter filter = everything;
    filter.words = &words;
    filter.customer_id = customer_id;
    const struct ticket_page page = list(shelf, &filter);
    char *digits = arena_alloc(shelf->arena, page.count + 1);
    for (size_t i = 0; i < page.count; i++) {
        digits[i] = (char)('0' + (page.rows[i].number - TICKET_NUMBER_FIRST) / TICKET_NUMBER_STEP);
    }
    return digits;
}

static size_t index_until(struct shelf *shelf, int64_t now_ms, size_t limit)
{
    size_t count = 0;
    bool left;
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_ok(shelf, store_index_tickets(shelf->store, (struct engine_time){now_ms}, limit,
                                         shelf->arena, &count, &left, &shelf->error));
    assert_ok(shelf, store_commit(shelf->store, &shelf->error));
    assert_int_equal(left, count == limit);
    return count;
}

static void fill(struct shelf *shelf)
{
    (void)add_ticket(shelf, 0, "Personne bloquée dans l'ascenseur");
    (void)add_ticket(shelf, 1, "Fuite d'eau, ascenseur à l'arrêt");
    (void)add_ticket(shelf, 2, "Cœur de réseau en panne, et cætera");
    (void)add_ticket(shelf, 3, "Ascenseur BLOQUÉ");
}

static void assert_finds(struct shelf *shelf)
{
    assert_string_equal(found(shelf, 0, "ascenseur bloque"), "3");
    assert_string_equal(found(shelf, 0, "bloqu*"), "30");
    assert_string_equal(found(shelf, 0, "ascenseur"), "310");
    assert_string_equal(found(shelf, 0, "ÉTEINT"), "");
    assert_string_equal(found(shelf, 0, "coeur"), "2");
    assert_string_equal(found(shelf, 0, "cœur panne"), "2");
    assert_string_equal(found(shelf, 0, "cætera"), "2");
    assert_string_equal(found(shelf, 0, "caetera"), "2");
    assert_string_equal(found(shelf, 0, "1012"), "1");
    assert_string_equal(found(shelf, shelf->customer_id, "ascenseur"), "310");
    assert_string_equal(found(shelf, shelf->customer_id + 1, "ascenseur"), "");
}

/* The same before the index has anything, when it has some, and when it has all. */
static void test_search__misses_nothing(void **state)
{
    struct shelf *shelf = *state;
    fill(shelf);
    assert_finds(shelf);
    assert_int_equal(index_until(shelf, FIRST_MS + 2 * MINUTE_MS, 50), 2);
    assert_finds(shelf);
    assert_int_equal(index_until(shelf, FIRST_MS + 50 * MINUTE_MS, 1), 1);
    assert_finds(shelf);
    assert_int_equal(index_until(shelf, FIRST_MS + 50 * MINUTE_MS, 50), 1);
    assert_int_equal(index_until(shelf, FIRST_MS + 50 * MINUTE_MS, 50), 0);
    assert_finds(shelf);
}

/* Whatever a person types is a search for its words, or said to be none. */
static void test_search__takes_any_text(void **state)
{
    struct shelf *shelf = *state;
    struct ticket_words words;
    static const char *const texts[] = {
        "ascenseur\" OR 1", "NEAR(ascenseur, 2)", "ascenseur AND NOT x", "words:ascenseur",
        "ascenseur) --",    "-ascenseur",         "^ascenseur",          "ascenseur'; DROP TABLE t",
        "+ {ascenseur}",    "\"ascenseur",        "ascenseur * *",
    };
    static const char *const nothing[] = {
        "", " ", "\"", "*", "()", "--", "!?,;:", "\xf0\x9f\x98\x80", "ascenseur\xc3"};
    fill(shelf);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            (void)found(shelf, 0, texts[i]);
            (void)found(shelf, shelf->customer_id, texts[i]);
        }
        assert_string_equal(found(shelf, 0, "\"ascenseur"), "310");
        assert_string_equal(found(shelf, 0, "-ascenseur)"), "310");
        (void)index_until(shelf, FIRST_MS + 50 * MINUTE_MS, 50);
    }
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        assert_int_equal(store_parse_ticket_words(shelf->store, nothing[i], &words, &shelf->error),
                         STATUS_INVALID);
    }
    assert_int_equal(store_parse_ticket_words(shelf->store, "as*", &words, &shelf->error),
                     STATUS_INVALID);
    assert_int_equal(
        store_parse_ticket_words(shelf->store, "a b c d e f g h i j k l m", &words, &shelf->error),
        STATUS_INVALID);
    char large[200];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    assert_int_equal(store_parse_ticket_words(shelf->store, large, &words, &shelf->error),
                     STATUS_INVALID);
}

/* Nobody reaches another customer's tickets by typing what stands for a customer. */
static void test_search__stays_with_its_customer(void **state)
{
    struct shelf *shelf = *state;
    int64_t other = another_customer(shelf);
    char text[64];
    (void)snprintf(text, sizeof text, "secret \xee\x80\x80%lld", (long long)other);
    (void)add_ticket(shelf, 0, text);
    (void)index_until(shelf, FIRST_MS + 50 * MINUTE_MS, 50);
    assert_string_equal(found(shelf, other, "secret"), "");
    assert_string_equal(found(shelf, shelf->customer_id, "secret"), "0");
}

/* Notes, callers and fields are looked in, also when they came after the index had the ticket. */
static void test_search__hears_of_changes(void **state)
{
    struct shelf *shelf = *state;
    struct escalation escalation = plain_escalation(shelf, 1);
    escalation.ticket_id = ticket_id(1);
    struct ticket_row row = {.customer_id = shelf->customer_id,
                             .ticket_id = ticket_id(1),
                             .summary = "Fuite",
                             .details = "au sous-sol",
                             .fields = "{\"site\":\"Bâtiment\\nNord\"}",
                             .opened_at = {FIRST_MS},
                             .closed_at = WALL_NEVER};
    struct caller_row caller = {.customer_id = shelf->customer_id,
                                .escalation_id = escalation.id,
                                .number = 1,
                                .name = "Mme Martin",
                                .phone = "+33612345678",
                                .promised_at = WALL_NEVER,
                                .promise_engine = ENGINE_NEVER};
    assert_ok(shelf, store_add_ticket(shelf->store, &row, &shelf->error));
    assert_ok(shelf, store_add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    assert_ok(shelf, store_add_caller(shelf->store, &caller, &shelf->error));
    for (int pass = 0; pass < 2; pass++) {
        assert_string_equal(found(shelf, 0, "batiment nord sous"), "0");
        assert_string_equal(found(shelf, 0, "martin 33612345678"), "0");
        assert_string_equal(found(shelf, 0, "gardien"), "");
        (void)index_until(shelf, FIRST_MS + 50 * MINUTE_MS, 50);
    }
    struct ticket_note_row note = {.customer_id = shelf->customer_id,
                                   .ticket_id = ticket_id(1),
                                   .by = "Léa",
                                   .text = "Le gardien a la clé"};
    caller.number = 2;
    caller.name = "M. Durand";
    assert_ok(shelf, store_add_ticket_note(shelf->store, &note, &shelf->error));
    assert_ok(shelf, store_add_caller(shelf->store, &caller, &shelf->error));
    assert_ok(shelf, store_note_ticket_changed(shelf->store, shelf->customer_id, ticket_id(1),
                                               &shelf->error));
    for (int pass = 0; pass < 2; pass++) {
        assert_string_equal(found(shelf, 0, "gardien cle fuite durand"), "0");
        assert_int_equal(index_until(shelf, FIRST_MS + 50 * MINUTE_MS, 50), pass == 0);
    }
    shelf_execute(shelf, "INSERT INTO ticket_words (ticket_words) VALUES ('integrity-check')");
}

/* What was said in its escalations is shown and found, but for why a rule decided; of very much,
 * the newest. */
static void test_said__is_shown_and_found(void **state)
{
    struct shelf *shelf = *state;
    struct escalation escalation = plain_escalation(shelf, 1);
    escalation.ticket_id = add_ticket(shelf, 0, "Fuite").ticket_id;
    struct timeline_row *rows, entries[] = {
                                   {.kind = ENTRY_QUALIFIED, .personal = "parce que"},
                                   {.kind = ENTRY_NOTE, .personal = "Xylophone rappelle"},
                                   {.kind = ENTRY_CANCELLED, .personal = "Mme Zanzibar est partie"},
                                   {.kind = ENTRY_NOTE, .personal = NULL},
                               };
    const struct uuid salts[4] = {numbered_id(1), numbered_id(2), numbered_id(3), numbered_id(4)};
    size_t count;
    for (size_t i = 0; i < 4; i++) {
        entries[i].customer_id = shelf->customer_id;
        entries[i].escalation_id = escalation.id;
        entries[i].facts = "{}";
    }
    assert_ok(shelf, store_add_escalation(shelf->store, &escalation, NULL, &shelf->error));
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_ok(shelf, store_append_timeline(shelf->store, entries, salts, 4, &shelf->error));
    assert_ok(shelf, store_commit(shelf->store, &shelf->error));
    for (int pass = 0; pass < 2; pass++) {
        assert_string_equal(found(shelf, 0, "xylophone zanzibar fuite"), "0");
        assert_string_equal(found(shelf, 0, "parce"), "");
        (void)index_until(shelf, FIRST_MS + 50 * MINUTE_MS, 50);
    }
    assert_ok(shelf, store_list_said(shelf->store, shelf->customer_id, ticket_id(0), 9,
                                     shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].personal, "Xylophone rappelle");
    assert_int_equal(rows[0].seq, 2);
    assert_string_equal(rows[1].personal, "Mme Zanzibar est partie");
    assert_ok(shelf, store_list_said(shelf->store, shelf->customer_id, ticket_id(0), 1,
                                     shelf->arena, &rows, &count, &shelf->error));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].kind, ENTRY_CANCELLED);

    entries[1].personal = "encore";
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    for (int i = 0; i < TICKET_SAID_MAX; i++) {
        assert_ok(shelf, store_append_timeline(shelf->store, &entries[1], salts, 1, &shelf->error));
    }
    assert_ok(shelf, store_commit(shelf->store, &shelf->error));
    assert_ok(shelf, store_note_ticket_changed(shelf->store, shelf->customer_id, ticket_id(0),
                                               &shelf->error));
    for (int pass = 0; pass < 2; pass++) {
        assert_string_equal(found(shelf, 0, "encore"), "0");
        (void)index_until(shelf, FIRST_MS + 50 * MINUTE_MS, 50);
    }
    assert_string_equal(found(shelf, 0, "zanzibar"), "");
    shelf_execute(shelf, "INSERT INTO ticket_words (ticket_words) VALUES ('integrity-check')");
}

static void test_list__filters_and_pages(void **state)
{
    struct shelf *shelf = *state;
    for (unsigned n = 0; n < 6; n++) {
        (void)add_ticket(shelf, n, "s");
    }
    for (unsigned n = 0; n < 4; n++) {
        assert_ok(shelf, store_close_ticket(shelf->store, shelf->customer_id, ticket_id(n),
                                            (struct wall_time){FIRST_MS}, &shelf->error));
    }
    assert_ok(shelf, store_erase_ticket(shelf->store, shelf->customer_id, ticket_id(0),
                                        (struct wall_time){9}, shelf->arena, &shelf->error));
    static const size_t expected[] = {
        [TICKET_ANY] = 6, [TICKET_OPEN] = 2, [TICKET_CLOSED] = 3, [TICKET_ERASED] = 1};
    for (int s = TICKET_ANY; s <= TICKET_ERASED; s++) {
        for (int of_one = 0; of_one < 2; of_one++) {
            struct ticket_filter filter = everything;
            filter.state = (enum ticket_state)s;
            filter.customer_id = of_one ? shelf->customer_id : 0;
            struct ticket_page page = list(shelf, &filter);
            assert_int_equal(page.count, expected[s]);
            assert_false(page.more);
            filter.limit = 1;
            size_t seen = 0;
            do {
                page = list(shelf, &filter);
                assert_int_equal(page.count, 1);
                filter.before = page.last;
                seen++;
            } while (page.more);
            assert_int_equal(seen, expected[s]);
        }
    }
    struct ticket_filter filter = everything;
    filter.from.ms = FIRST_MS + MINUTE_MS;
    filter.to.ms = FIRST_MS + 3 * MINUTE_MS;
    const struct ticket_page page = list(shelf, &filter);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.rows[0].number, 1023);
    assert_int_equal(page.rows[1].number, 1012);
}

/* A page looks at so many and no more; the next goes on from there. */
static void test_list__goes_on_where_it_stopped_looking(void **state)
{
    struct shelf *shelf = *state;
    shelf_execute(shelf, "BEGIN");
    for (unsigned n = 0; n < 2500; n++) {
        (void)add_ticket(shelf, n, n % 2 == 0 ? "pair" : "impair");
    }
    shelf_execute(shelf, "UPDATE ticket SET closed_at = 1 WHERE number = 1001");
    shelf_execute(shelf, "COMMIT");
    struct ticket_words words;
    assert_ok(shelf, store_parse_ticket_words(shelf->store, "pair", &words, &shelf->error));
    for (int pass = 0; pass < 3; pass++) {
        struct ticket_filter filter = everything;
        filter.state = TICKET_CLOSED;
        filter.words = pass == 0 ? NULL : &words;
        struct ticket_page page = list(shelf, &filter);
        assert_int_equal(page.complete, pass != 1); /* more than a search reads plainly */
        assert_int_equal(page.count, pass == 2);    /* within what was looked at, only half */
        if (pass == 0) {
            assert_true(page.more);
            filter.before = page.last;
            page = list(shelf, &filter);
            assert_int_equal(page.count, 1);
            assert_false(page.more);
        } else if (pass == 1) {
            while (index_until(shelf, FIRST_MS + 5000 * MINUTE_MS, 500) == 500) {
            }
        }
    }
}

/* ---- erasure ---- */

/* A ticket that speaks of Zoé wherever it can, and another one. */
static void fill_with_zoe(struct shelf *shelf)
{
    struct escalation escalation = plain_escalation(shelf, 1);
    escalation.ticket_id = ticket_id(1);
    escalation.closed_at.ms = 50;
    struct caller_row caller = {.customer_id = shelf->customer_id,
                                .escalation_id = escalation.id,
                                .number = 1,
                                .name = "Zoé Personne",
                                .phone = "+33612345678",
                                .called_at = {7},
                                .promised_at = WALL_NEVER,
                                .promise_engine = ENGINE_NEVER};
    struct ticket_row row = {.customer_id = shelf->customer_id,
                             .ticket_id = ticket_id(1),
                             .category = "fuite",
                             .summary = "Zoé inondée",
                             .details = "Zoé",
                             .fields = "{\"nom\":\"Zoé\"}",
                             .opened_at = {FIRST_MS},
                             .closed_at = {FIRST_MS}};
    struct ticket_note_row note = {.customer_id = shelf->customer_id,
                                   .ticket_id = ticket_id(1),
                                   .by = "Léa",
                                   .at = {8},
                                   .text = "Zoé rappelle"};
    struct timeline_row entry = {.customer_id = shelf->customer_id,
                                 .escalation_id = escalation.id,
                                 .facts = "{\"caller\":1}",
                                 .personal = "Zoé a dit"};
    const struct uuid salt = numbered_id(3);
    (void)add_ticket(shelf, 0, "Zoé d'un autre ticket");
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_ok(shelf, store_add_ticket(shelf->store, &row, &shelf->error));
    assert_ok(shelf, store_add_escalation(shelf->store, &escalation, "zoe", &shelf->error));
    assert_ok(shelf, store_add_caller(shelf->store, &caller, &shelf->error));
    assert_ok(shelf, store_add_ticket_note(shelf->store, &note, &shelf->error));
    assert_ok(shelf, store_append_timeline(shelf->store, &entry, &salt, 1, &shelf->error));
    assert_ok(shelf, store_commit(shelf->store, &shelf->error));
}

static void test_erase__leaves_the_facts(void **state)
{
    struct shelf *shelf = *state;
    fill_with_zoe(shelf);
    (void)index_until(shelf, FIRST_MS + 50 * MINUTE_MS, 50);
    assert_string_equal(found(shelf, 0, "zoe"), "10");
    int64_t chain = shelf_number(shelf, "SELECT sum(length(chain)) + sum(seq) FROM timeline");

    bool left = true;
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_ok(shelf, store_erase_ticket(shelf->store, shelf->customer_id, ticket_id(1),
                                        (struct wall_time){99}, shelf->arena, &shelf->error));
    assert_ok(shelf, store_index_is_unclean(shelf->store, &left, &shelf->error));
    assert_true(left);
    for (int i = 0; left; i++) {
        assert_true(i < 20);
        assert_ok(shelf, store_clean_index(shelf->store, i > 0, &left, &shelf->error));
    }
    assert_ok(shelf, store_commit(shelf->store, &shelf->error));
    assert_ok(shelf, store_index_is_unclean(shelf->store, &left, &shelf->error));
    assert_false(left);

    const struct ticket_row erased = get_ticket(shelf, 1);
    assert_int_equal(erased.erased_at.ms, 99);
    assert_int_equal(erased.number, 1012);
    assert_string_equal(erased.category, "fuite");
    assert_string_equal(erased.summary, "");
    assert_null(erased.details);
    assert_null(erased.fields);
    assert_string_equal(found(shelf, 0, "zoe"), "0");
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM caller WHERE name IS NULL AND phone "
                                         "IS NULL AND called_at = 7"),
                     1);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM ticket_note WHERE text IS NULL AND "
                                         "by = 'Léa' AND at = 8"),
                     1);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM timeline_personal"), 0);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM timeline WHERE facts = "
                                         "'{\"caller\":1}' AND personal_digest IS NOT NULL"),
                     1);
    assert_int_equal(shelf_number(shelf, "SELECT sum(length(chain)) + sum(seq) FROM timeline"),
                     chain);
    assert_int_equal(shelf_number(shelf, "SELECT count(*) FROM escalation WHERE dedup_key = 'zoe'"),
                     0);
    shelf_execute(shelf, "INSERT INTO ticket_words (ticket_words) VALUES ('integrity-check')");
}

/* Whether these bytes stand anywhere in a file. */
static bool file_has(const char *path, const char *bytes)
{
    char *text = NULL;
    size_t size = 0, length = strlen(bytes);
    FILE *out = open_memstream(&text, &size);
    FILE *file = fopen(path, "re");
    assert_non_null(out);
    assert_non_null(file);
    for (int c; (c = fgetc(file)) != EOF;) {
        (void)fputc(c, out);
    }
    (void)fclose(file);
    assert_int_equal(fclose(out), 0);
    bool has = memmem(text, size, bytes, length) != NULL;
    free(text);
    return has;
}

/* Nothing of it is left in the database's file when the index was cleaned. */
static void test_erase__overwrites(void **state)
{
    struct shelf *shelf = *state;
    (void)add_ticket(shelf, 0, "Xylophone");
    (void)add_ticket(shelf, 1, "autre chose");
    assert_ok(shelf, store_close_ticket(shelf->store, shelf->customer_id, ticket_id(0),
                                        (struct wall_time){FIRST_MS}, &shelf->error));
    (void)index_until(shelf, FIRST_MS + 50 * MINUTE_MS, 50);
    assert_ok(shelf, store_checkpoint(shelf->store, 0, &shelf->error));
    assert_true(file_has(shelf->path, "xylophone"));
    bool left = true;
    assert_ok(shelf, store_begin(shelf->store, &shelf->error));
    assert_ok(shelf, store_erase_ticket(shelf->store, shelf->customer_id, ticket_id(0),
                                        (struct wall_time){99}, shelf->arena, &shelf->error));
    for (int i = 0; left && i < 20; i++) {
        assert_ok(shelf, store_clean_index(shelf->store, i > 0, &left, &shelf->error));
    }
    assert_ok(shelf, store_commit(shelf->store, &shelf->error));
    assert_ok(shelf, store_checkpoint(shelf->store, 0, &shelf->error));
    assert_false(file_has(shelf->path, "ylophone"));
    assert_true(file_has(shelf->path, "autre"));
}

static void test_erasable__is_what_was_closed_long_ago(void **state)
{
    struct shelf *shelf = *state;
    struct uuid ids[8], reached;
    size_t count;
    for (unsigned n = 0; n < 5; n++) {
        (void)add_ticket(shelf, n, "s");
        if (n != 1) {
            assert_ok(shelf, store_close_ticket(shelf->store, shelf->customer_id, ticket_id(n),
                                                (struct wall_time){FIRST_MS + n * MINUTE_MS},
                                                &shelf->error));
        }
    }
    assert_ok(shelf, store_erase_ticket(shelf->store, shelf->customer_id, ticket_id(0),
                                        (struct wall_time){9}, shelf->arena, &shelf->error));
    const struct wall_time before = {FIRST_MS + 4 * MINUTE_MS};
    assert_ok(shelf, store_list_erasable(shelf->store, shelf->customer_id, (struct uuid){{0}},
                                         before, 8, ids, &count, &reached, &shelf->error));
    assert_int_equal(count, 2);
    assert_true(uuid_equal(ids[0], ticket_id(2)) && uuid_equal(ids[1], ticket_id(3)));
    assert_true(uuid_is_nil(reached));
    assert_ok(shelf, store_list_erasable(shelf->store, shelf->customer_id, (struct uuid){{0}},
                                         before, 3, ids, &count, &reached, &shelf->error));
    assert_int_equal(count, 1);
    assert_true(uuid_equal(reached, ticket_id(2)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(test_number__is_counted_by_each_customer),
        SHELF_TEST(test_number__leaves_no_gap),
        SHELF_TEST(test_notes__come_back_in_their_order),
        SHELF_TEST(test_link__is_found_from_both_ends),
        SHELF_TEST(test_search__misses_nothing),
        SHELF_TEST(test_search__takes_any_text),
        SHELF_TEST(test_search__stays_with_its_customer),
        SHELF_TEST(test_search__hears_of_changes),
        SHELF_TEST(test_said__is_shown_and_found),
        SHELF_TEST(test_list__filters_and_pages),
        SHELF_TEST(test_list__goes_on_where_it_stopped_looking),
        SHELF_TEST(test_erase__leaves_the_facts),
        SHELF_TEST(test_erase__overwrites),
        SHELF_TEST(test_erasable__is_what_was_closed_long_ago),
    };
    return cmocka_run_group_tests_name("store.ticket", tests, NULL, NULL);
}
