/* backup: begins one and waits for its end. */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "gateway/ctl/commands.h"
#include "gateway/ctl/terminal.h"

#define ASK_MS_FIRST 50
#define ASK_MS_MAX   1000

static int64_t number(json_t *backup, const char *name)
{
    return (int64_t)json_integer_value(json_object_get(backup, name));
}

static bool is_over(json_t *backup)
{
    const char *state = ctl_member(backup, "state");
    return strcmp(state, "copying") != 0 && strcmp(state, "checking") != 0;
}

/* One line that is written over, for whoever watches. */
static void print_progress(struct ctl *ctl, json_t *backup)
{
    if (isatty(fileno(ctl->err)) == 0) {
        return;
    }
    const struct terminal err = {.file = ctl->err};
    int64_t total = number(backup, "pages_total");
    terminal_print(&err, TINT_PLAIN, "\r");
    terminal_text(&err, TINT_PLAIN, ctl_member(backup, "state"));
    terminal_print(&err, TINT_PLAIN, " %3lld %%  ",
                   total > 0 ? (long long)(number(backup, "pages_done") * 100 / total) : 0LL);
    if (is_over(backup)) {
        terminal_print(&err, TINT_PLAIN, "\r                  \r");
    }
    (void)fflush(ctl->err);
}

static void print_done(struct ctl *ctl, json_t *backup)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    terminal_text(&out, TINT_BOLD, ctl_member(backup, "folder"));
    terminal_print(&out, TINT_BOLD, "/");
    terminal_text(&out, TINT_BOLD, ctl_member(backup, "name"));
    terminal_print(&out, TINT_PLAIN, "\n  %lld bytes, checked, in %lld ms\n  SHA-256 ",
                   (long long)number(backup, "bytes"), (long long)number(backup, "took_ms"));
    terminal_text(&out, TINT_PLAIN, ctl_member(backup, "sha256"));
    terminal_print(&out, TINT_PLAIN,
                   "\n  schema version %lld, %lld tickets, %lld escalations (%lld open), %lld "
                   "timeline entries\n",
                   (long long)number(backup, "schema_version"),
                   (long long)number(backup, "tickets"), (long long)number(backup, "escalations"),
                   (long long)number(backup, "open_escalations"),
                   (long long)number(backup, "timeline_entries"));
}

/* Asks until it is over; what it has become is the caller's to release. */
static enum ctl_exit wait_for_end(struct ctl *ctl, const char *id, struct client_response *response)
{
    const char *path = ctl_path(ctl, "v1", "backups", id, NULL);
    for (int wait_ms = ASK_MS_FIRST; !is_over(response->json);
         wait_ms = wait_ms * 2 < ASK_MS_MAX ? wait_ms * 2 : ASK_MS_MAX) {
        print_progress(ctl, response->json);
        (void)poll(NULL, 0, wait_ms);
        client_response_fini(response);
        enum ctl_exit code = ctl_call_json(ctl, "GET", path, NULL, response);
        if (code != CTL_OK) {
            (void)fprintf(ctl->err,
                          "astreintectl: how the backup ended is not known: do it again\n");
            return code;
        }
    }
    print_progress(ctl, response->json);
    return CTL_OK;
}

enum ctl_exit command_backup(struct ctl *ctl, const struct arguments *arguments)
{
    struct client_response response;
    enum ctl_exit code = ctl_call_json(ctl, "POST", "/v1/backups", NULL, &response);
    if (code != CTL_OK) {
        return code;
    }
    const char *id = arena_text(ctl->arena, ctl_member(response.json, "id"));
    code = wait_for_end(ctl, id != NULL ? id : "", &response);
    if (code != CTL_OK) {
        return code;
    }
    bool done = strcmp(ctl_member(response.json, "state"), "done") == 0;
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else if (done) {
        print_done(ctl, response.json);
    }
    if (!done) {
        const struct terminal err = {.file = ctl->err};
        (void)fputs("astreintectl: no backup was made: ", ctl->err);
        terminal_text(&err, TINT_PLAIN, ctl_member(response.json, "detail"));
        (void)fputc('\n', ctl->err);
    }
    client_response_fini(&response);
    return done ? CTL_OK : CTL_REFUSED;
}
