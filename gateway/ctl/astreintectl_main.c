/* astreintectl - the command line of the gateway. */
#include <curl/curl.h>

#include "gateway/ctl/ctl.h"

int main(int argc, char **argv)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)fputs("astreintectl: libcurl cannot start\n", stderr);
        return CTL_USAGE;
    }
    struct ctl ctl = {.out = stdout,
                      .err = stderr,
                      .clock = &clock_system,
                      .random = &random_system,
                      .arena = arena_create(0)};
    if (ctl.arena == NULL) {
        (void)fputs("astreintectl: out of memory\n", stderr);
        return CTL_USAGE;
    }
    enum ctl_exit code = ctl_run(&ctl, argc, (const char *const *)argv);
    arena_destroy(&ctl.arena);
    curl_global_cleanup();
    return (int)code;
}
