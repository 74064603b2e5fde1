#include "gateway/ctl/problem.h"

#include <string.h>

#include "gateway/ctl/ctl.h"
#include "gateway/ctl/terminal.h"

const char *problem_slug(const struct client_response *response)
{
    const char *type = ctl_member(response->json, "type");
    const char *slash = strrchr(type, '/');
    return slash != NULL ? slash + 1 : type;
}

const char *problem_remedy(const char *slug, long http_status)
{
    static const struct {
        const char *slug;
        const char *remedy;
    } remedies[] = {
        {"unauthenticated",
         "Name a file with a current key by --key-file or ASTREINTE_KEY_FILE; an "
         "administrator lists keys with `astreintectl key list`."},
        {"forbidden", "Use a key whose role allows this: call-centre for escalations, admin for "
                      "customers, agents, rotas, procedures and keys."},
        {"not-found",
         "Check the spelling; an object of a customer that the key does not cover looks "
         "the same."},
        {"already-accepted",
         "Nothing is lost: somebody has it. `astreintectl show ID` tells more."},
        {"closed", "Post a new escalation if it happened again."},
        {"wrong-order", "See with `astreintectl show ID` where it stands."},
        {"idempotency-key-reused", "Repeat the first body unchanged, or take another "
                                   "--idempotency-key for a new escalation."},
        {"full", "Try again in a moment; with the same --idempotency-key nothing happens twice."},
        {"stopping", "The gateway is restarting: try again in a moment."},
        {"disk-full", "The gateway's disk is full: call the person who runs it, and escalate by "
                      "telephone meanwhile."},
        {"database-removed", "The gateway's database was removed: call the person who runs it, and "
                             "escalate by telephone meanwhile."},
        {"timeout", "Try again; with the same --idempotency-key nothing happens twice."},
    };
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
        if (strcmp(remedies[i].slug, slug) == 0) {
            return remedies[i].remedy;
        }
    }
    return http_status >= 500 ? "See the gateway's log; escalate by telephone meanwhile." : NULL;
}

/* said: what stands above them already. */
static void print_faults(const struct terminal *terminal, json_t *faults, const char *prefix,
                         const char *said)
{
    size_t i;
    json_t *fault;
    json_array_foreach(faults, i, fault)
    {
        const char *pointer = ctl_member(fault, "pointer");
        const char *detail = ctl_member(fault, "detail");
        size_t bytes = strlen(pointer);
        if (prefix[0] == '\0' && strcmp(detail, said) == 0) {
            continue;
        }
        /* The gateway's texts begin with the pointer, for who reads nothing else. */
        if (bytes > 0 && strncmp(detail, pointer, bytes) == 0 &&
            strncmp(detail + bytes, ": ", 2) == 0) {
            detail += bytes + 2;
        }
        terminal_print(terminal, TINT_PLAIN, "  ");
        terminal_text(terminal, TINT_PLAIN, prefix);
        terminal_text(terminal, TINT_PLAIN,
                      pointer[0] == '\0' && prefix[0] == '\0' ? "(whole body)" : pointer);
        terminal_print(terminal, TINT_PLAIN, ": ");
        terminal_text(terminal, TINT_PLAIN, detail);
        terminal_print(terminal, TINT_PLAIN, "\n");
    }
}

static void print_extensions(const struct terminal *terminal,
                             const struct client_response *response)
{
    json_t *holder = json_object_get(response->json, "holder");
    const char *name = ctl_member(holder, "name");
    const char *state = ctl_member(response->json, "state");
    if (name[0] != '\0') {
        terminal_print(terminal, TINT_PLAIN, "  held by ");
        terminal_text(terminal, TINT_PLAIN, name);
        terminal_print(terminal, TINT_PLAIN, "\n");
    }
    if (state[0] != '\0') {
        terminal_print(terminal, TINT_PLAIN, "  state: ");
        terminal_text(terminal, TINT_PLAIN, state);
        terminal_print(terminal, TINT_PLAIN, "\n");
    }
    if (response->retry_after_s >= 0) {
        terminal_print(terminal, TINT_PLAIN, "  try again in %lld s\n",
                       (long long)response->retry_after_s);
    }
}

void problem_print(FILE *file, const struct client_response *response, const char *pointer_prefix)
{
    const struct terminal terminal = {.file = file};
    const char *slug = problem_slug(response);
    const char *detail = ctl_member(response->json, "detail");
    const char *title = ctl_member(response->json, "title");
    const char *text = detail[0] != '\0' ? detail : title;
    terminal_print(&terminal, TINT_PLAIN, "astreintectl: refused: ");
    terminal_text(&terminal, TINT_PLAIN,
                  text[0] != '\0' ? text : "the answer is not one of the gateway's");
    terminal_print(&terminal, TINT_PLAIN, " (%ld", response->http_status);
    terminal_print(&terminal, TINT_PLAIN, "%s", slug[0] != '\0' ? " " : "");
    terminal_text(&terminal, TINT_PLAIN, slug);
    terminal_print(&terminal, TINT_PLAIN, ")\n");
    json_t *faults = json_object_get(response->json, "errors");
    print_faults(&terminal, faults, pointer_prefix, text);
    bool in_file = pointer_prefix[0] != '\0';
    if (in_file && json_array_size(faults) == 0 && response->http_status < 500) {
        terminal_print(&terminal, TINT_PLAIN, "  ");
        terminal_text(&terminal, TINT_PLAIN, pointer_prefix);
        terminal_print(&terminal, TINT_PLAIN, ": ");
        terminal_text(&terminal, TINT_PLAIN, text);
        terminal_print(&terminal, TINT_PLAIN, "\n");
    }
    print_extensions(&terminal, response);
    /* The path of a step is made of the file's words: what is not there is what they name. */
    const char *remedy = in_file && strcmp(slug, "not-found") == 0
                             ? NULL
                             : problem_remedy(slug, response->http_status);
    if (remedy != NULL) {
        terminal_print(&terminal, TINT_PLAIN, "  %s\n", remedy);
    }
}
