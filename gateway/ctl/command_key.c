#include <string.h>

#include "gateway/base/encoding.h"
#include "gateway/ctl/commands.h"
#include "gateway/ctl/pages.h"
#include "gateway/ctl/terminal.h"

enum ctl_exit command_key_generate(struct ctl *ctl, const struct arguments *arguments)
{
    (void)arguments;
    unsigned char id[16], secret[32];
    char id_text[BASE64_TEXT_BYTES(sizeof id)], secret_text[BASE64_TEXT_BYTES(sizeof secret)];
    random_fill(ctl->random, id, sizeof id);
    random_fill(ctl->random, secret, sizeof secret);
    base64url_encode(id, sizeof id, id_text);
    base64url_encode(secret, sizeof secret, secret_text);
    (void)fprintf(ctl->out, "ak_%s_%s\n", id_text, secret_text);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(secret_text, sizeof secret_text);
    return CTL_OK;
}

/* "a,b" as ["a","b"]. */
static json_t *customers_of(const char *list)
{
    json_t *customers = json_array();
    while (*list != '\0') {
        size_t slug_bytes = strcspn(list, ",");
        (void)json_array_append_new(customers, json_stringn(list, slug_bytes));
        list += slug_bytes + (list[slug_bytes] == ',' ? 1 : 0);
    }
    return customers;
}

enum ctl_exit command_key_create(struct ctl *ctl, const struct arguments *arguments)
{
    const char *name = arguments_option(arguments, "--name");
    const char *role = arguments_option(arguments, "--role");
    const char *customers = arguments_option(arguments, "--customers");
    if (name == NULL || role == NULL || customers == NULL) {
        return ctl_fail(ctl, CTL_USAGE, "key create needs --name, --role and --customers");
    }
    json_t *body = json_pack("{s:s,s:s,s:o}", "name", name, "role", role, "customers",
                             customers_of(customers));
    if (body == NULL) {
        return ctl_fail(ctl, CTL_USAGE, "an argument is not valid UTF-8");
    }
    struct client_response response;
    enum ctl_exit code = ctl_call_json(ctl, "POST", "/v1/api-keys", body, &response);
    if (code != CTL_OK) {
        return code;
    }
    if (arguments_option(arguments, "--json") != NULL) {
        ctl_print_json(ctl, response.json, false);
    } else {
        const struct terminal out = {.file = ctl->out}, err = {.file = ctl->err};
        terminal_text(&out, TINT_PLAIN, ctl_member(response.json, "key"));
        terminal_print(&out, TINT_PLAIN, "\n");
        terminal_print(&err, TINT_PLAIN, "key id ");
        terminal_text(&err, TINT_PLAIN, ctl_member(response.json, "id"));
        terminal_print(&err, TINT_PLAIN, "; the key itself is shown only this once\n");
    }
    client_response_fini(&response);
    return CTL_OK;
}

static void print_key(const struct terminal *out, json_t *key)
{
    terminal_column(out, TINT_PLAIN, 36, ctl_member(key, "id"));
    terminal_column(out, TINT_PLAIN, 12, ctl_member(key, "role"));
    terminal_column(out, TINT_BOLD, 24, ctl_member(key, "name"));
    size_t i;
    json_t *customer;
    json_array_foreach(json_object_get(key, "customers"), i, customer)
    {
        terminal_print(out, TINT_PLAIN, "%s", i > 0 ? "," : "");
        terminal_text(out, TINT_PLAIN, json_is_string(customer) ? json_string_value(customer) : "");
    }
    terminal_print(out, TINT_PLAIN, "\n");
}

enum ctl_exit command_key_list(struct ctl *ctl, const struct arguments *arguments)
{
    const struct terminal out = {.file = ctl->out, .colour = ctl->colour};
    bool as_json = arguments_option(arguments, "--json") != NULL;
    struct pages pages = pages_begin(ctl, "/v1/api-keys", 0);
    for (json_t *key; (key = pages_next(&pages)) != NULL;) {
        if (as_json) {
            ctl_print_json(ctl, key, true);
        } else {
            print_key(&out, key);
        }
    }
    return pages_end(&pages);
}

enum ctl_exit command_key_revoke(struct ctl *ctl, const struct arguments *arguments)
{
    struct client_response response;
    const char *path = ctl_path(ctl, "v1", "api-keys", arguments->positional[0], NULL);
    enum ctl_exit code = ctl_call_json(ctl, "DELETE", path, NULL, &response);
    if (code == CTL_OK) {
        (void)fputs("revoked\n", ctl->out);
        client_response_fini(&response);
    }
    return code;
}
