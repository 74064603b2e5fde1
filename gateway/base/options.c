#include "gateway/base/options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

int options_next(int argc, char **argv, const char *letters, const struct option *options,
                 int *index_r)
{
    int index = -1;
    int got = getopt_long(argc, argv, letters, options, &index);
    if (index < 0 || got == '?') {
        return got; /* a letter, the end, or getopt has said why */
    }
    /* Its value stands in the same word, behind "=", or is the next word. */
    const char *word = argv[optind - 1];
    if (optarg == word) {
        word = argv[optind - 2];
    }
    const char *given = word + strspn(word, "-");
    size_t bytes = strcspn(given, "=");
    if (bytes != strlen(options[index].name)) {
        (void)fprintf(stderr, "%s: unrecognized option '--%.*s': names are written in full: --%s\n",
                      argv[0], (int)bytes, given, options[index].name);
        return '?';
    }
    if (index_r != NULL) {
        *index_r = index;
    }
    return got;
}
