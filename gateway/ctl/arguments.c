#include "gateway/ctl/arguments.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char flag_given[] = "yes";

/* How many words of argv (from index) spell the command's name; 0: they do not. */
static int words_matching(const char *name, int argc, const char *const *argv, int index)
{
    const char *space = strchr(name, ' ');
    if (space == NULL) {
        return strcmp(argv[index], name) == 0 ? 1 : 0;
    }
    size_t first_bytes = (size_t)(space - name);
    bool both = index + 1 < argc && strlen(argv[index]) == first_bytes &&
                strncmp(argv[index], name, first_bytes) == 0 &&
                strcmp(argv[index + 1], space + 1) == 0;
    return both ? 2 : 0;
}

static const struct command *find_command(const struct command *commands, int argc,
                                          const char *const *argv, int index, int *words_r)
{
    for (const struct command *command = commands; command->name != NULL; command++) {
        int words = words_matching(command->name, argc, argv, index);
        if (words > 0) {
            *words_r = words;
            return command;
        }
    }
    return NULL;
}

/* The command comes first among the words that are not options: options before it must be global,
 * as it is not known yet which others exist. */
static enum status find_option(const struct option_spec *options, const char *text,
                               const char **values, const struct option_spec **option_r,
                               const char ***slot_r)
{
    size_t name_bytes = strcspn(text, "=");
    for (size_t i = 0; options != NULL && options[i].name != NULL; i++) {
        assert(i < ARGUMENTS_OPTIONS_MAX);
        if (strlen(options[i].name) == name_bytes &&
            strncmp(options[i].name, text, name_bytes) == 0) {
            *option_r = &options[i];
            *slot_r = &values[i];
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

static enum status take_option(struct arguments *arguments, int argc, const char *const *argv,
                               int *index, struct error *error)
{
    const char *text = argv[*index];
    const struct option_spec *option = NULL;
    const char **slot = NULL;
    const struct option_spec *own = arguments->command != NULL ? arguments->command->options : NULL;
    if (find_option(own, text, arguments->values, &option, &slot) != STATUS_OK &&
        find_option(arguments->globals, text, arguments->global_values, &option, &slot) !=
            STATUS_OK) {
        return error_set(error, STATUS_INVALID, "unknown option %s", text);
    }
    const char *equals = strchr(text, '=');
    if (*slot != NULL && option->value != NULL) {
        return error_set(error, STATUS_INVALID, "%s is given twice", option->name);
    }
    if (option->value == NULL) {
        if (equals != NULL) {
            return error_set(error, STATUS_INVALID, "%s takes no value", option->name);
        }
        *slot = flag_given;
        return STATUS_OK;
    }
    if (equals != NULL) {
        *slot = equals + 1;
        return STATUS_OK;
    }
    if (*index + 1 >= argc) {
        return error_set(error, STATUS_INVALID, "%s needs a value: %s %s", option->name,
                         option->name, option->value);
    }
    *index += 1;
    *slot = argv[*index];
    return STATUS_OK;
}

static bool is_group(const struct command *commands, const char *word)
{
    size_t word_bytes = strlen(word);
    for (const struct command *command = commands; command->name != NULL; command++) {
        if (strncmp(command->name, word, word_bytes) == 0 && command->name[word_bytes] == ' ') {
            return true;
        }
    }
    return false;
}

static enum status take_word(struct arguments *arguments, const struct command *commands, int argc,
                             const char *const *argv, int *index, struct error *error)
{
    if (arguments->command == NULL) {
        int words = 0;
        arguments->command =
            arguments->group == NULL ? find_command(commands, argc, argv, *index, &words) : NULL;
        if (arguments->command == NULL && arguments->group == NULL &&
            is_group(commands, argv[*index])) {
            arguments->group = argv[*index];
            return STATUS_OK;
        }
        if (arguments->command == NULL) {
            bool in_group = arguments->group != NULL;
            return error_set(error, STATUS_INVALID, "no such command: %s%s%s",
                             in_group ? arguments->group : "", in_group ? " " : "", argv[*index]);
        }
        *index += words - 1;
        return STATUS_OK;
    }
    if (arguments->positional_count >= arguments->command->positional_max) {
        return error_set(error, STATUS_INVALID, "%s: \"%s\" is one argument too many",
                         arguments->command->name, argv[*index]);
    }
    arguments->positional[arguments->positional_count++] = argv[*index];
    return STATUS_OK;
}

/* What the synopsis calls its positional argument number `index`: its word of that number. */
static void name_positional(const char *synopsis, size_t index, char *name_r, size_t name_bytes)
{
    const char *word = synopsis;
    for (size_t i = 0; i < index; i++) {
        word += strcspn(word, " ");
        word += strspn(word, " ");
    }
    (void)snprintf(name_r, name_bytes, "%.*s", (int)strcspn(word, " "), word);
}

enum status arguments_parse(int argc, const char *const *argv, const struct command *commands,
                            const struct option_spec *globals, struct arguments *arguments_r,
                            struct error *error)
{
    struct arguments arguments = {.globals = globals};
    bool options_ended = false;
    for (int i = 1; i < argc; i++) {
        if (!options_ended && strcmp(argv[i], "--") == 0) {
            options_ended = true;
            continue;
        }
        /* A lone "-" is a file name: standard input. */
        bool is_option = !options_ended && argv[i][0] == '-' && argv[i][1] != '\0';
        enum status status = is_option ? take_option(&arguments, argc, argv, &i, error)
                                       : take_word(&arguments, commands, argc, argv, &i, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    const struct command *command = arguments.command;
    if (command != NULL && arguments_option(&arguments, "--help") == NULL &&
        arguments.positional_count < command->positional_min) {
        char missing[32];
        name_positional(command->synopsis, arguments.positional_count, missing, sizeof missing);
        return error_set(error, STATUS_INVALID, "%s: %s is missing: astreintectl %s %s",
                         command->name, missing, command->name, command->synopsis);
    }
    *arguments_r = arguments;
    return STATUS_OK;
}

const char *arguments_option(const struct arguments *arguments, const char *name)
{
    const struct option_spec *own = arguments->command != NULL ? arguments->command->options : NULL;
    for (size_t i = 0; own != NULL && own[i].name != NULL; i++) {
        if (strcmp(own[i].name, name) == 0) {
            return arguments->values[i];
        }
    }
    for (size_t i = 0; arguments->globals[i].name != NULL; i++) {
        if (strcmp(arguments->globals[i].name, name) == 0) {
            return arguments->global_values[i];
        }
    }
    abort(); /* no table has this option: a bug of the caller */
}
