/* Whatever a person types is a search that works, or said to be none; and a ticket that says just
 * that is found by it, whether the index has the ticket or it is read plainly.
 * fuzz links: store */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/store/store_ticket.h"

#define TEXT_BYTES_MAX 4096

static char folder[] = "/dev/shm/astreinte-fuzz-XXXXXX";
static char path[64];
static struct store *store;
static int64_t customer_id;

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

static void remove_all(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    store_close(&store);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char name[80];
        (void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
    (void)rmdir(folder);
}

static void open_store(void)
{
    const struct customer_row row = {
        .slug = "acme", .name = "a", .time_zone = "UTC", .language = "fr", .alias = "a"};
    check(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/fuzz.db", folder);
    check(store_open(path, NULL, &store, NULL) == STATUS_OK);
    check(store_put_customer(store, &row, &customer_id, NULL) == STATUS_OK);
    (void)atexit(remove_all);
}

static void add_ticket(int64_t ms, const char *summary)
{
    struct ticket_row row = {.customer_id = customer_id,
                             .ticket_id = uuid_v7_least((struct wall_time){ms}),
                             .summary = summary,
                             .opened_at = {ms},
                             .closed_at = WALL_NEVER};
    check(store_add_ticket(store, &row, NULL) == STATUS_OK);
}

/* Both of the tickets that say the text, in a transaction that is taken back. */
static void search(const struct ticket_words *words, const char *text, struct arena *arena)
{
    struct ticket_page page;
    size_t count;
    bool left;
    check(store_begin(store, NULL) == STATUS_OK);
    add_ticket(1000, text);
    add_ticket(1001, "autre chose");
    check(store_index_tickets(store, (struct engine_time){2000}, 9, arena, &count, &left, NULL) ==
          STATUS_OK);
    add_ticket(3000, text);
    for (int of_one = 0; of_one < 2; of_one++) {
        const struct ticket_filter filter = {.customer_id = of_one ? customer_id : 0,
                                             .from = WALL_NEVER,
                                             .to = WALL_NEVER,
                                             .words = words,
                                             .limit = 9};
        check(store_list_tickets(store, &filter, arena, &page, NULL) == STATUS_OK);
        check(page.count >= 2 && page.rows[0].opened_at.ms == 3000);
        check(page.rows[page.count - 1].opened_at.ms == 1000);
    }
    store_rollback(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char text[TEXT_BYTES_MAX];
    struct ticket_words words;
    struct error error = {.text = ""};
    struct arena *arena = arena_create(0);
    bytes = bytes < sizeof text ? bytes : sizeof text - 1;
    memcpy(text, data, bytes);
    text[bytes] = '\0';
    if (store == NULL) {
        open_store();
    }
    enum status status = store_parse_ticket_words(store, text, &words, &error);
    if (status == STATUS_OK) {
        check(words.count > 0 && words.count <= TICKET_WORDS_MAX);
        search(&words, text, arena);
    } else {
        check(status == STATUS_INVALID && error.text[0] != '\0');
    }
    arena_destroy(&arena);
    return 0;
}
