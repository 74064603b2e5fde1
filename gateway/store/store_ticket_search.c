/* store_ticket_search.c - lists of tickets, and the search in their words. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/store/store_several_private.h"
#include "gateway/store/store_ticket_private.h"

#define DAY_MS INT64_C(86400000)
/* Tickets that one search reads plainly, as the index does not have them as they are. */
#define UNINDEXED_READ_MAX 1000
#define STALE_READ_MAX     200
#define MATCH_BYTES_MAX    (64 + TICKET_WORDS_MAX * (TICKET_WORD_BYTES_MAX + 8))
#define CUSTOMER_WORD_MAX  32 /* of the match, for each customer of several */
#define PREFIX_BYTES_MIN   3

/* ---- words ---- */

/* The index's own tokenizer. */
struct tokenizer {
    fts5_tokenizer functions;
    Fts5Tokenizer *instance;
};

static enum status find_api(struct store *store, fts5_api **api_r, struct error *error)
{
    static const char sql[] = "SELECT fts5(?1)";
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_bind_pointer(statement, 1, (void *)api_r, "fts5_api_ptr", NULL);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
    }
    enum status status =
        rc == SQLITE_ROW && *api_r != NULL ? STATUS_OK : store_status(store, rc, sql, error);
    (void)sqlite3_finalize(statement);
    return status;
}

/* As schema/sqlite has it: unicode61 remove_diacritics 2. */
static enum status open_tokenizer(struct store *store, struct tokenizer *tokenizer_r,
                                  struct error *error)
{
    static const char *options[] = {"remove_diacritics", "2"};
    fts5_api *api = NULL;
    void *context = NULL;
    enum status status = find_api(store, &api, error);
    if (status != STATUS_OK) {
        return status;
    }
    assert(api != NULL);
    fts5_tokenizer functions = {NULL, NULL, NULL};
    Fts5Tokenizer *instance = NULL;
    int rc = api->xFindTokenizer(api, "unicode61", &context, &functions);
    assert(rc == SQLITE_OK && functions.xCreate != NULL); /* it is built in */
    rc = functions.xCreate(context, options, 2, &instance);
    *tokenizer_r = (struct tokenizer){.functions = functions, .instance = instance};
    return rc == SQLITE_OK ? STATUS_OK : store_status(store, rc, "a tokenizer", error);
}

static void close_tokenizer(struct tokenizer *tokenizer)
{
    assert(tokenizer->instance != NULL);
    tokenizer->functions.xDelete(tokenizer->instance);
    tokenizer->instance = NULL;
}

/* The words of a text, one by one, until the callback answers other than SQLITE_OK. */
static int each_word(const struct tokenizer *tokenizer, void *context, const char *text,
                     int (*word)(void *, int, const char *, int, int, int))
{
    assert(tokenizer->functions.xTokenize != NULL && strlen(text) <= INT32_MAX);
    return tokenizer->functions.xTokenize(tokenizer->instance, context, FTS5_TOKENIZE_QUERY, text,
                                          (int)strlen(text), word);
}

struct parsing {
    const char *text;
    struct ticket_words words;
    enum status status;
    struct error *error;
};

/* œ and æ as two letters each, as the index has them. False: there is no room. */
static bool copy_word(const char *token, size_t bytes, char word_r[TICKET_WORD_BYTES_MAX])
{
    size_t used = 0;
    for (size_t i = 0; i < bytes; i++) {
        const char *two = NULL;
        if (i + 1 < bytes && memcmp(token + i, "œ", 2) == 0) {
            two = "oe";
        } else if (i + 1 < bytes && memcmp(token + i, "æ", 2) == 0) {
            two = "ae";
        }
        if (used + 2 >= TICKET_WORD_BYTES_MAX) {
            return false;
        }
        if (two != NULL) {
            word_r[used++] = two[0];
            word_r[used++] = two[1];
            i++;
        } else {
            word_r[used++] = token[i];
        }
    }
    word_r[used] = '\0';
    return true;
}

static int take_word(void *context, int flags, const char *token, int bytes, int begin, int end)
{
    struct parsing *parsing = context;
    struct ticket_words *words = &parsing->words;
    (void)flags;
    (void)begin;
    if (words->count == TICKET_WORDS_MAX) {
        parsing->status =
            error_set(parsing->error, STATUS_INVALID, "has more than %d words", TICKET_WORDS_MAX);
        return SQLITE_DONE;
    }
    struct ticket_word *word = &words->words[words->count++];
    if (!copy_word(token, (size_t)bytes, word->text)) {
        parsing->status = error_set(parsing->error, STATUS_INVALID,
                                    "has a word of more than %d letters", TICKET_WORD_BYTES_MAX);
        return SQLITE_DONE;
    }
    word->prefix = parsing->text[end] == '*';
    if (word->prefix && strlen(word->text) < PREFIX_BYTES_MIN) {
        parsing->status = error_set(parsing->error, STATUS_INVALID,
                                    "has fewer than %d letters in front of a *", PREFIX_BYTES_MIN);
        return SQLITE_DONE;
    }
    return SQLITE_OK;
}

enum status store_parse_ticket_words(struct store *store, const char *text,
                                     struct ticket_words *words_r, struct error *error)
{
    assert(text != NULL && words_r != NULL);
    struct tokenizer tokenizer = {.instance = NULL};
    struct parsing parsing = {.text = text, .status = STATUS_OK, .error = error};
    if (!text_is_utf8(text, strlen(text))) {
        return error_set(error, STATUS_INVALID, "is not UTF-8");
    }
    enum status status = open_tokenizer(store, &tokenizer, error);
    if (status != STATUS_OK) {
        return status;
    }
    int rc = each_word(&tokenizer, &parsing, text, take_word);
    close_tokenizer(&tokenizer);
    if (parsing.status != STATUS_OK) {
        return parsing.status;
    }
    if (rc != SQLITE_OK) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the words");
    }
    if (parsing.words.count == 0) {
        return error_set(error, STATUS_INVALID, "has no word in it: letters or digits");
    }
    *words_r = parsing.words;
    return STATUS_OK;
}

/* All words, and in front the customer's own (queries_ticket.sql), or any of several. */
static enum status write_match(const struct ticket_filter *filter, struct arena *arena,
                               const char **match_r, struct error *error)
{
    const struct customer_set one = {&filter->customer_id, filter->customer_id != 0};
    const struct customer_set *set = filter->several != NULL ? filter->several : &one;
    const size_t bytes = MATCH_BYTES_MAX + set->count * CUSTOMER_WORD_MAX;
    char *match = arena_alloc(arena, bytes);
    if (match == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "too many customers");
    }
    size_t used = 0;
    for (size_t i = 0; i < set->count; i++) {
        used += (size_t)snprintf(match + used, bytes - used, "%s\"\xee\x80\x80%lld\"%s",
                                 i > 0 ? " OR " : "(", (long long)set->ids[i],
                                 i + 1 == set->count ? ") AND " : "");
        assert(used < bytes);
    }
    for (size_t i = 0; i < filter->words->count; i++) {
        const struct ticket_word *word = &filter->words->words[i];
        used += (size_t)snprintf(match + used, bytes - used, "%s\"%s\"%s", i > 0 ? " AND " : "",
                                 word->text, word->prefix ? " *" : "");
        assert(used < bytes);
    }
    *match_r = match;
    return STATUS_OK;
}

struct matching {
    const struct ticket_words *words;
    unsigned found; /* a bit a word */
};

static bool has_all(const struct matching *matching)
{
    return matching->found == (1u << matching->words->count) - 1;
}

static int look_at_word(void *context, int flags, const char *token, int bytes, int begin, int end)
{
    struct matching *matching = context;
    (void)flags;
    (void)begin;
    (void)end;
    for (size_t i = 0; i < matching->words->count; i++) {
        const struct ticket_word *word = &matching->words->words[i];
        size_t length = strlen(word->text);
        bool fits = word->prefix ? length <= (size_t)bytes : length == (size_t)bytes;
        if (fits && memcmp(word->text, token, length) == 0) {
            matching->found |= 1u << i;
        }
    }
    return has_all(matching) ? SQLITE_DONE : SQLITE_OK;
}

/* What the index would say of this text. */
static enum status match_text(const struct tokenizer *tokenizer, const struct ticket_words *words,
                              const char *text, bool *matches_r, struct error *error)
{
    struct matching matching = {.words = words};
    if (each_word(tokenizer, &matching, text, look_at_word) != SQLITE_OK) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the words");
    }
    *matches_r = has_all(&matching);
    return STATUS_OK;
}

/* ---- lists ---- */

/* Ids follow the engine's clock and times the wall's, which are less than a day apart. */
static struct range range_of(const struct ticket_filter *filter)
{
    struct range range = {.before = filter->before, .from_at = INT64_MIN, .to_at = INT64_MAX};
    if (uuid_is_nil(filter->before)) {
        memset(range.before.bytes, 0xff, sizeof range.before.bytes);
    }
    if (filter->from.ms != TIME_NEVER_MS) {
        range.from_at = filter->from.ms;
        if (filter->from.ms > DAY_MS) {
            range.least = uuid_v7_least((struct wall_time){filter->from.ms - DAY_MS});
        }
    }
    if (filter->to.ms != TIME_NEVER_MS) {
        range.to_at = filter->to.ms;
        struct uuid end = uuid_v7_least((struct wall_time){filter->to.ms + DAY_MS});
        if (memcmp(end.bytes, range.before.bytes, sizeof end.bytes) < 0) {
            range.before = end;
        }
    }
    return range;
}

static bool is_wanted(const struct ticket_filter *filter, const struct range *range,
                      const struct ticket_row *row)
{
    return row->opened_at.ms >= range->from_at && row->opened_at.ms < range->to_at &&
           (filter->customer_id == 0 || filter->customer_id == row->customer_id) &&
           (filter->state == TICKET_ANY || filter->state == ticket_state_of(row));
}

/* Where the looking ended: nil when it came to the end. */
static enum status read_end(struct query_run *run, struct uuid *last_r, struct error *error)
{
    struct ticket_row row = {.customer_id = 0};
    query_bind_int64(run, ":looked", LOOKED_MAX);
    enum status status = query_step(run, error);
    if (status == STATUS_OK) {
        query_read_row(run, &ticket_row_map, &row, NULL);
        status = query_step(run, error); /* is there one behind it? */
    }
    query_end(run);
    if (status != STATUS_OK && status != STATUS_DONE) {
        return status;
    }
    *last_r = status == STATUS_OK ? row.ticket_id : (struct uuid){{0}};
    return STATUS_OK;
}

static enum status begin_list(struct store *store, enum query query,
                              const struct ticket_filter *filter, const struct range *range,
                              struct query_run *run_r, struct error *error)
{
    enum status status = query_begin(store, query, run_r, error);
    if (status == STATUS_OK) {
        if (filter->customer_id != 0) {
            query_bind_int64(run_r, ":customer_id", filter->customer_id);
        }
        query_bind_uuid(run_r, ":before", range->before);
        query_bind_uuid(run_r, ":least", range->least);
    }
    return status;
}

static void bind_filter(struct query_run *run, const struct ticket_filter *filter,
                        const struct range *range)
{
    query_bind_int64(run, ":from_at", range->from_at);
    query_bind_int64(run, ":to_at", range->to_at);
    query_bind_int64(run, ":state", filter->state);
    query_bind_int64(run, ":looked", LOOKED_MAX);
    query_bind_int64(run, ":limit", (int64_t)filter->limit + 1);
}

/* Rows are more than the page by one, when there are. */
static void cut_page(const struct ticket_filter *filter, struct ticket_page *page)
{
    if (page->count > filter->limit) {
        page->count = filter->limit;
        page->more = true;
        page->last = page->rows[page->count - 1].ticket_id;
    }
}

static enum status list_rows(struct store *store, const struct ticket_filter *filter,
                             const struct range *range, struct arena *arena,
                             struct ticket_page *page, struct error *error)
{
    static const struct {
        enum query rows, end;
    } queries[2][2] = {
        {{QUERY_ticket_list, QUERY_ticket_list_end},
         {QUERY_ticket_list_of_customer, QUERY_ticket_list_of_customer_end}},
        {{QUERY_ticket_list_open, QUERY_ticket_list_open_end},
         {QUERY_ticket_list_open_of_customer, QUERY_ticket_list_open_of_customer_end}}};
    bool open = filter->state == TICKET_OPEN, of_one = filter->customer_id != 0;
    struct query_run run;
    enum status status = begin_list(store, queries[open][of_one].rows, filter, range, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    bind_filter(&run, filter, range);
    status = query_all(&run, &ticket_row_map, sizeof *page->rows, arena, (void **)&page->rows,
                       &page->count, error);
    if (status != STATUS_OK || page->count > filter->limit) {
        cut_page(filter, page);
        return status;
    }
    status = begin_list(store, queries[open][of_one].end, filter, range, &run, error);
    if (status == STATUS_OK) {
        status = read_end(&run, &page->last, error);
    }
    page->more = status == STATUS_OK && !uuid_is_nil(page->last);
    return status;
}

/* ---- search: what the index does not have ---- */

struct plain {
    struct ticket_row *rows; /* newest first */
    size_t count;
    bool complete;
};

static int newest_first(const void *a, const void *b)
{
    const struct ticket_row *one = a, *other = b;
    return memcmp(other->ticket_id.bytes, one->ticket_id.bytes, sizeof one->ticket_id.bytes);
}

/* Tickets behind the index (the newest of all, when it is damaged), then tickets that changed
 * since; false: there are more than are read. */
static enum status list_unindexed_of_all(struct store *store, const struct range *range,
                                         bool damaged, struct arena *arena,
                                         struct ticket_document_row *candidates_r, size_t *count_r,
                                         bool *complete_r, struct error *error)
{
    const struct {
        enum query query;
        size_t most;
    } lists[] = {
        {damaged ? QUERY_ticket_newest : QUERY_ticket_unindexed_newest, UNINDEXED_READ_MAX},
        {QUERY_ticket_stale_list, STALE_READ_MAX}};
    *complete_r = true;
    *count_r = 0;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct query_run run;
        struct ticket_document_row *rows;
        size_t count;
        enum status status = query_begin(store, lists[i].query, &run, error);
        if (status != STATUS_OK) {
            return status;
        }
        if (lists[i].query != QUERY_ticket_stale_list) {
            query_bind_uuid(&run, ":before", range->before);
        }
        query_bind_int64(&run, ":limit", (int64_t)lists[i].most + 1);
        status = query_all(&run, &ticket_document_map, sizeof *rows, arena, (void **)&rows, &count,
                           error);
        if (status != STATUS_OK) {
            return status;
        }
        if (count > lists[i].most) {
            count = lists[i].most;
            *complete_r = false;
        }
        memcpy(candidates_r + *count_r, rows, count * sizeof *rows);
        *count_r += count;
    }
    return STATUS_OK;
}

/* What others wait for is no customer's own incompleteness. */
static enum status list_unindexed(struct store *store, const struct ticket_filter *filter,
                                  const struct range *range, bool damaged, struct arena *arena,
                                  struct ticket_document_row *candidates_r, size_t *count_r,
                                  bool *complete_r, struct error *error)
{
    const struct customer_set one = {&filter->customer_id, 1};
    const struct customer_set *set = filter->several != NULL ? filter->several : &one;
    if (filter->several == NULL && filter->customer_id == 0) {
        return list_unindexed_of_all(store, range, damaged, arena, candidates_r, count_r,
                                     complete_r, error);
    }
    bool newer = false, changed = false;
    size_t came = 0, stale = 0;
    enum query newest = damaged ? QUERY_ticket_any_of_customer : QUERY_ticket_unindexed_of_customer;
    enum status status =
        store_list_unindexed_of(store, set, newest, range->before, UNINDEXED_READ_MAX, arena,
                                candidates_r, &came, &newer, error);
    if (status == STATUS_OK) {
        status = store_list_unindexed_of(store, set, QUERY_ticket_stale_of_customer, range->before,
                                         STALE_READ_MAX, arena, candidates_r + came, &stale,
                                         &changed, error);
    }
    *count_r = came + stale;
    *complete_r = !newer && !changed;
    return status;
}

static bool is_in_range(const struct ticket_filter *filter, const struct range *range,
                        const struct ticket_document_row *candidate)
{
    const uint8_t *id = candidate->ticket_id.bytes;
    return (filter->customer_id == 0 || filter->customer_id == candidate->customer_id) &&
           memcmp(id, range->before.bytes, sizeof range->before.bytes) < 0 &&
           memcmp(id, range->least.bytes, sizeof range->least.bytes) >= 0;
}

/* texts: for one candidate's words at a time. */
static enum status read_candidate(struct store *store, const struct ticket_filter *filter,
                                  const struct range *range, const struct tokenizer *tokenizer,
                                  const struct ticket_document_row *candidate, struct arena *texts,
                                  struct arena *arena, struct plain *plain, struct error *error)
{
    const char *words = NULL;
    bool matches = false;
    arena_reset(texts);
    enum status status = store_get_ticket_words(store, candidate->customer_id, candidate->ticket_id,
                                                texts, &words, error);
    if (status == STATUS_OK) {
        status = match_text(tokenizer, filter->words, words, &matches, error);
    }
    if (status != STATUS_OK || !matches) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    struct ticket_row *row = &plain->rows[plain->count];
    status =
        store_get_ticket(store, candidate->customer_id, candidate->ticket_id, arena, row, error);
    plain->count += status == STATUS_OK && is_wanted(filter, range, row);
    return status;
}

static enum status read_plainly(struct store *store, const struct ticket_filter *filter,
                                const struct range *range, bool damaged, struct arena *arena,
                                struct plain *plain_r, struct error *error)
{
    const size_t most = UNINDEXED_READ_MAX + STALE_READ_MAX;
    struct ticket_document_row *candidates = arena_alloc(arena, most * sizeof *candidates);
    struct plain plain = {.rows = NULL};
    struct arena *texts = arena_create(0);
    struct tokenizer tokenizer = {.instance = NULL};
    size_t count = 0;
    enum status status = candidates != NULL && texts != NULL
                             ? list_unindexed(store, filter, range, damaged, arena, candidates,
                                              &count, &plain.complete, error)
                             : error_set(error, STATUS_NO_MEMORY, "no memory for the search");
    if (status == STATUS_OK) {
        plain.rows = arena_alloc(arena, (count + 1) * sizeof *plain.rows);
        status = plain.rows != NULL ? open_tokenizer(store, &tokenizer, error)
                                    : error_set(error, STATUS_NO_MEMORY, "too many tickets");
    }
    if (status == STATUS_OK) {
        for (size_t i = 0; i < count && status == STATUS_OK; i++) {
            if (is_in_range(filter, range, &candidates[i])) {
                status = read_candidate(store, filter, range, &tokenizer, &candidates[i], texts,
                                        arena, &plain, error);
            }
        }
        close_tokenizer(&tokenizer);
    }
    arena_destroy(&texts);
    if (status == STATUS_OK) {
        qsort(plain.rows, plain.count, sizeof *plain.rows, newest_first);
        *plain_r = plain;
    }
    return status;
}

/* ---- search: the index ---- */

static enum status document_below(struct store *store, struct uuid ticket_id, int64_t *document_r,
                                  struct error *error)
{
    struct query_run run;
    enum status status = query_begin(store, QUERY_ticket_document_below, &run, error);
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_uuid(&run, ":ticket_id", ticket_id);
    return query_number(&run, document_r, error);
}

static enum status begin_search(struct store *store, enum query query, const char *match,
                                int64_t least, int64_t below, struct query_run *run_r,
                                struct error *error)
{
    enum status status = query_begin(store, query, run_r, error);
    if (status == STATUS_OK) {
        query_bind_text(run_r, ":match", match);
        query_bind_int64(run_r, ":least", least);
        query_bind_int64(run_r, ":below", below);
    }
    return status;
}

/* A page of what the index has. */
static enum status search_index(struct store *store, const struct ticket_filter *filter,
                                const struct range *range, struct arena *arena,
                                struct ticket_page *page, struct error *error)
{
    const char *match = NULL, *customers = NULL;
    int64_t least = 0, below = 0;
    struct query_run run;
    enum status status = write_match(filter, arena, &match, error);
    if (status == STATUS_OK) {
        status = store_write_customers(filter->several, arena, &customers, error);
    }
    if (status == STATUS_OK) {
        status = document_below(store, range->least, &least, error);
    }
    if (status == STATUS_OK) {
        status = document_below(store, range->before, &below, error);
    }
    if (status == STATUS_OK) {
        status = begin_search(store, QUERY_ticket_search, match, least, below, &run, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    query_bind_int64(&run, ":customer_id", filter->customer_id);
    query_bind_text(&run, ":customers", customers);
    bind_filter(&run, filter, range);
    status = query_all(&run, &ticket_row_map, sizeof *page->rows, arena, (void **)&page->rows,
                       &page->count, error);
    if (status != STATUS_OK || page->count > filter->limit) {
        cut_page(filter, page);
        return status;
    }
    status = begin_search(store, QUERY_ticket_search_end, match, least, below, &run, error);
    if (status == STATUS_OK) {
        status = read_end(&run, &page->last, error);
    }
    page->more = status == STATUS_OK && !uuid_is_nil(page->last);
    return status;
}

/* Nothing of an index that is damaged, which is told. */
static enum status search_index_or_none(struct store *store, const struct ticket_filter *filter,
                                        const struct range *range, struct arena *arena,
                                        struct ticket_page *page, struct error *error)
{
    store->search_damaged = false; /* other words may not meet what the last ones met */
    enum status status = search_index(store, filter, range, arena, page, error);
    if (status == STATUS_UNAVAILABLE && store->search_damaged) {
        *page = (struct ticket_page){.damaged = true};
        return STATUS_OK;
    }
    return status;
}

/* Puts what was read plainly where it belongs. What lies beyond the page's end is for the next. */
static enum status merge(const struct ticket_filter *filter, const struct plain *plain,
                         struct arena *arena, struct ticket_page *page, struct error *error)
{
    struct ticket_row *rows = arena_alloc(arena, (plain->count + page->count + 1) * sizeof *rows);
    if (rows == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "too many tickets");
    }
    size_t count = 0, p = 0, i = 0;
    while (p < plain->count || i < page->count) {
        bool takes_plain = i == page->count ||
                           (p < plain->count && newest_first(&plain->rows[p], &page->rows[i]) <= 0);
        const struct ticket_row *next = takes_plain ? &plain->rows[p++] : &page->rows[i++];
        bool beyond = takes_plain && page->more &&
                      memcmp(next->ticket_id.bytes, page->last.bytes, sizeof page->last.bytes) < 0;
        bool again = count > 0 && uuid_equal(rows[count - 1].ticket_id, next->ticket_id);
        if (!beyond && !again) {
            rows[count++] = *next;
        }
    }
    page->rows = rows;
    page->count = count;
    page->complete = plain->complete && !page->damaged;
    cut_page(filter, page);
    return STATUS_OK;
}

enum status store_list_tickets(struct store *store, const struct ticket_filter *filter,
                               struct arena *arena, struct ticket_page *page_r, struct error *error)
{
    assert(filter->limit > 0 && arena != NULL && page_r != NULL);
    assert((unsigned)filter->state <= TICKET_ERASED);
    assert(filter->several == NULL || filter->customer_id == 0);
    const struct range range = range_of(filter);
    struct ticket_page page = {.complete = true};
    struct plain plain;
    enum status status;
    if (filter->several != NULL && filter->several->count == 0) {
        status = STATUS_OK;
    } else if (filter->words == NULL && filter->several != NULL) {
        status = store_list_tickets_of_several(store, filter, &range, arena, &page, error);
    } else if (filter->words == NULL) {
        status = list_rows(store, filter, &range, arena, &page, error);
    } else {
        status = search_index_or_none(store, filter, &range, arena, &page, error);
        if (status == STATUS_OK) {
            status = read_plainly(store, filter, &range, page.damaged, arena, &plain, error);
        }
        if (status == STATUS_OK) {
            status = merge(filter, &plain, arena, &page, error);
        }
    }
    if (status == STATUS_OK) {
        *page_r = page;
    }
    return status;
}
