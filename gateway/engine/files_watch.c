/* files_watch.c - once a second, by the watchdog: is the database still where a start looks for it?
 * Somebody who removes or replaces it under the running gateway takes nothing from it yet: it goes
 * on with the files that it has open. But with its end all would be gone, so nothing new is taken
 * until they are back, while what is open goes on. */
#include <stdio.h>
#include <unistd.h>

#include "gateway/engine/engine_private.h"

#define LOOK_EVERY_MS  INT64_C(1000)
#define TELL_EVERY_MS  INT64_C(60000)
#define PATH_BYTES_MAX 200 /* of an alarm, which has an end */

void files_watch_begin(struct engine *engine)
{
    struct files_watch *watch = &engine->files_watch;
    watch->watches = engine->configuration.vfs == NULL; /* a VFS keeps its files where it likes */
    if (watch->watches) {
        store_note_files(engine->store, engine->database_path, &watch->files);
    }
}

/* What a person can do is tried by tests/integration/test_database.py. The files are copied while
 * nobody writes, and a process that is killed neither empties the log nor says good-bye. */
static void tell(struct engine *engine, const struct store_file *lost)
{
    const struct store_files *files = &engine->files_watch.files;
    char detail[1024];
    int pid = (int)getpid();
    (void)snprintf(
        detail, sizeof detail,
        "%.*s: the database was removed or replaced under the running gateway: what is accepted "
        "now would be lost with it, so new escalations are refused. Put the same file back (mv). "
        "If it is gone, do not stop the gateway before: kill -STOP %d; "
        "cp -p /proc/%d/fd/%d DATABASE; cp -p /proc/%d/fd/%d DATABASE-wal; kill -KILL %d; "
        "then start it. DATABASE is %.*s",
        PATH_BYTES_MAX, lost->path, pid, pid, store_open_number(&files->database), pid,
        store_open_number(&files->log), pid, PATH_BYTES_MAX, files->database.path);
    engine_alarm_about(engine, "database.removed", lost->path, detail);
}

void files_watch_look(struct engine *engine)
{
    struct files_watch *watch = &engine->files_watch;
    int64_t now_ms = clock_monotonic(&engine->configuration.clock).ms;
    if (!watch->watches || now_ms - watch->looked_ms < LOOK_EVERY_MS) {
        return;
    }
    watch->looked_ms = now_ms;
    const struct store_file *lost = store_lost_file(&watch->files);
    bool was_lost = atomic_exchange(&engine->removed, lost != NULL);
    if (lost != NULL && (!was_lost || now_ms - watch->told_ms >= TELL_EVERY_MS)) {
        watch->told_ms = now_ms;
        tell(engine, lost);
    } else if (lost == NULL && was_lost) {
        engine_alarm(engine, "database.put_back",
                     "the database is back in its place: new escalations are taken again");
    }
}
