#include "gateway/ctl/language.h"

#include <stdlib.h>
#include <string.h>

const char *language_of_environment(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *locale = NULL;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        locale = getenv(variables[i]);
        if (locale != NULL && locale[0] != '\0') {
            break;
        }
    }
    if (locale == NULL || locale[0] == '\0' || strcmp(locale, "POSIX") == 0 ||
        strcmp(locale, "C") == 0 || strncmp(locale, "C.", 2) == 0) {
        return NULL;
    }
    return strncmp(locale, "fr", 2) == 0 ? "fr" : "en";
}
