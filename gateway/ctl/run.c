/* From the command line and the environment to the command's function. */
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl/commands.h"
#include "gateway/ctl/terminal.h"

#define URL_DEFAULT "http://127.0.0.1:8080"

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static const char *option_or_environment(const struct arguments *arguments, const char *option,
                                         const char *variable)
{
    const char *value = arguments_option(arguments, option);
    return value != NULL ? value : environment(variable);
}

enum ctl_exit ctl_run(struct ctl *ctl, int argc, const char *const *argv)
{
    struct error error = {0};
    struct arguments arguments;
    if (arguments_parse(argc, argv, commands, global_options, &arguments, &error) != STATUS_OK) {
        return ctl_fail(ctl, CTL_USAGE, "%s\n  `astreintectl --help` lists commands and options.",
                        error.text);
    }
    if (arguments_option(&arguments, "--version") != NULL) {
        (void)fprintf(ctl->out, "astreintectl %s\n", ASTREINTE_VERSION);
        return CTL_OK;
    }
    if (arguments.command == NULL && arguments.group != NULL) {
        bool asked = arguments_option(&arguments, "--help") != NULL;
        if (!asked) {
            (void)fprintf(ctl->err, "astreintectl: %s: which of its commands?\n\n",
                          arguments.group);
        }
        help_print_group(asked ? ctl->out : ctl->err, arguments.group);
        return asked ? CTL_OK : CTL_USAGE;
    }
    if (arguments_option(&arguments, "--help") != NULL) {
        help_print(ctl->out, arguments.command);
        return CTL_OK;
    }
    if (arguments.command == NULL) {
        help_print(ctl->err, NULL);
        return CTL_USAGE;
    }
    const char *url = option_or_environment(&arguments, "--url", "ASTREINTE_URL");
    ctl->url = url != NULL ? url : URL_DEFAULT;
    ctl->key_file = option_or_environment(&arguments, "--key-file", "ASTREINTE_KEY_FILE");
    ctl->ca_file = option_or_environment(&arguments, "--ca-file", "ASTREINTE_CA_FILE");
    ctl->colour =
        arguments_option(&arguments, "--no-color") == NULL && terminal_wants_colour(ctl->out);
    enum ctl_exit code = arguments.command->run(ctl, &arguments);
    client_destroy(&ctl->client);
    if (fflush(ctl->out) != 0 && code == CTL_OK) {
        return ctl_fail(ctl, CTL_USAGE, "the output could not be written");
    }
    return code;
}
