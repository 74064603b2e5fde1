#include <string.h>

#include "gateway/ctl/commands.h"

static const char about[] =
    "astreintectl - the command line of the astreinte gateway\n"
    "\n"
    "USAGE\n"
    "    astreintectl [OPTIONS] COMMAND [ARGUMENTS]\n"
    "    astreintectl COMMAND --help\n"
    "\n"
    "Talks to the daemon over HTTP; never opens its database. Times are shown in the local zone.\n"
    "The API key comes from a file, never from the command line, where others could read it.\n";

static const char more[] =
    "\n"
    "ENVIRONMENT\n"
    "    ASTREINTE_URL, ASTREINTE_KEY_FILE, ASTREINTE_CA_FILE   as the options of these names\n"
    "    ASTREINTE_OPERATOR   who is at the desk, for note, take and the like\n"
    "    NO_COLOR             when not empty: no colours\n"
    "    TZ                   the zone in which times are shown\n"
    "\n"
    "EXIT CODE\n"
    "    0  done\n"
    "    1  the gateway refused; the message names field and remedy\n"
    "    2  the command line, a file or the key file is wrong; nothing was sent\n"
    "    3  no answer from the gateway\n"
    "    4  coverage: there is something to look at\n"
    "\n"
    "EXAMPLES\n"
    "    export ASTREINTE_URL=https://gateway.example ASTREINTE_KEY_FILE=~/.astreinte.key\n"
    "    echo '{\"customer\":\"clinique-saint-jean\",\"severity\":\"critical\",\n"
    "           \"summary\":\"Alarme oxygène, bloc 2\"}' | astreintectl escalate -\n"
    "    astreintectl list --state open\n"
    "    astreintectl watch 0192f0c1-…\n"
    "    astreintectl take 0192f0c1-… --operator 'Sophie Leroy'\n";

static void print_options(FILE *file, const struct option_spec *options)
{
    for (size_t i = 0; options != NULL && options[i].name != NULL; i++) {
        char left[64];
        (void)snprintf(left, sizeof left, "%s%s%s", options[i].name,
                       options[i].value != NULL ? " " : "",
                       options[i].value != NULL ? options[i].value : "");
        (void)fprintf(file, "    %-22s %s\n", left, options[i].help);
    }
}

static void print_indented(FILE *file, const char *text)
{
    while (*text != '\0') {
        size_t line_bytes = strcspn(text, "\n");
        (void)fprintf(file, "%s%.*s\n", line_bytes > 0 ? "    " : "", (int)line_bytes, text);
        text += line_bytes + (text[line_bytes] == '\n' ? 1 : 0);
    }
}

static void print_command(FILE *file, const struct command *command)
{
    (void)fprintf(file, "astreintectl %s - %s\n\nUSAGE\n    astreintectl %s%s%s\n\n", command->name,
                  command->summary, command->name, command->synopsis[0] != '\0' ? " " : "",
                  command->synopsis);
    print_indented(file, command->help);
    if (command->options != NULL) {
        (void)fputs("\nOPTIONS\n", file);
        print_options(file, command->options);
    }
    (void)fputs("\nGLOBAL OPTIONS\n", file);
    print_options(file, global_options);
    (void)fputs("\nEXAMPLE\n", file);
    print_indented(file, command->example);
}

void help_print_group(FILE *file, const char *group)
{
    size_t group_bytes = strlen(group);
    (void)fprintf(file, "USAGE\n    astreintectl %s COMMAND --help\n\nCOMMANDS\n", group);
    for (const struct command *each = commands; each->name != NULL; each++) {
        if (strncmp(each->name, group, group_bytes) == 0 && each->name[group_bytes] == ' ') {
            (void)fprintf(file, "    %-14s %s\n", each->name, each->summary);
        }
    }
}

void help_print(FILE *file, const struct command *command)
{
    if (command != NULL) {
        print_command(file, command);
        return;
    }
    (void)fputs(about, file);
    (void)fputs("\nCOMMANDS\n", file);
    for (const struct command *each = commands; each->name != NULL; each++) {
        (void)fprintf(file, "    %-14s %s\n", each->name, each->summary);
    }
    (void)fputs("\nOPTIONS\n", file);
    print_options(file, global_options);
    (void)fputs(more, file);
}
