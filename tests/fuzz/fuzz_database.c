/* A database with some of its bytes changed is opened or refused, and what is refused stays as it
 * is; what the whole check finds sound can be opened. An input is a list of changes, five bytes
 * each: an offset (big-endian, modulo the file) and the byte that stands there now.
 * fuzz links: store */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/store/store.h"
#include "gateway/store/store_backup.h"

#define CHANGE_BYTES 5
#define FILE_BYTES   (1u << 20)

/* In memory where that can be: there is much to synchronise. */
static char folder[] = "/dev/shm/astreinte-fuzz-XXXXXX";
static char folder_on_disk[] = "/tmp/astreinte-fuzz-XXXXXX";
static char path[64], log_path[64], memory_path[64];
static uint8_t sound[FILE_BYTES], changed[FILE_BYTES], after[FILE_BYTES];
static size_t sound_bytes;

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

static size_t read_file(const char *name, uint8_t *bytes_r)
{
    int file = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t count = file < 0 ? 0 : read(file, bytes_r, FILE_BYTES);
    check(count >= 0);
    if (file >= 0) {
        (void)close(file);
    }
    return (size_t)count;
}

static void write_file(const uint8_t *bytes, size_t count)
{
    (void)unlink(log_path);
    (void)unlink(memory_path);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(file >= 0 && write(file, bytes, count) == (ssize_t)count);
    (void)close(file);
}

static void remove_all(void)
{
    (void)unlink(log_path);
    (void)unlink(memory_path);
    (void)unlink(path);
    (void)rmdir(folder);
}

static void make_sound(void)
{
    struct store *store = NULL;
    struct error error;
    int64_t id;
    const struct customer_row row = {.slug = "acme",
                                     .name = "Acme",
                                     .time_zone = "Europe/Paris",
                                     .language = "fr",
                                     .alias = "le client",
                                     .active = true};
    if (mkdtemp(folder) == NULL) {
        check(mkdtemp(folder_on_disk) != NULL);
        memcpy(folder, folder_on_disk, sizeof folder_on_disk);
    }
    (void)snprintf(path, sizeof path, "%s/db", folder);
    (void)snprintf(log_path, sizeof log_path, "%s/db-wal", folder);
    (void)snprintf(memory_path, sizeof memory_path, "%s/db-shm", folder);
    (void)atexit(remove_all);
    check(store_open(path, NULL, &store, &error) == STATUS_OK);
    check(store_put_customer(store, &row, &id, &error) == STATUS_OK);
    store_close(&store);
    sound_bytes = read_file(path, sound);
    check(sound_bytes > 0 && sound_bytes < FILE_BYTES);
}

/* What a start reads besides. */
static void work_with(struct store *store)
{
    struct error error;
    struct engine_time due;
    int64_t count;
    (void)!store_next_due(store, ENGINE_BEGINNING, &due, &error);
    (void)!store_count_open(store, &count, &error);
    if (store_begin(store, &error) == STATUS_OK) {
        (void)!store_rewind_attempts(store, &count, &error);
        store_rollback(store);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct store *store = NULL;
    struct store_facts facts;
    struct error error = {.text = ""};
    if (sound_bytes == 0) {
        make_sound();
    }
    memcpy(changed, sound, sound_bytes);
    for (; bytes >= CHANGE_BYTES; data += CHANGE_BYTES, bytes -= CHANGE_BYTES) {
        size_t offset =
            (size_t)data[0] << 24 | (size_t)data[1] << 16 | (size_t)data[2] << 8 | (size_t)data[3];
        changed[offset % sound_bytes] = data[4];
    }
    write_file(changed, sound_bytes);
    enum status checked = store_check(path, STORE_CHECK_COPY, NULL, &facts, &error);
    check(checked == STATUS_OK || error.text[0] != '\0');
    enum status status = store_open(path, NULL, &store, &error);
    if (status == STATUS_OK) {
        work_with(store);
        store_close(&store);
    } else {
        check(store == NULL && strstr(error.text, path) != NULL);
        check(checked != STATUS_OK);
        check(read_file(path, after) == sound_bytes && memcmp(after, changed, sound_bytes) == 0);
        check(read_file(log_path, after) == 0);
    }
    return 0;
}
