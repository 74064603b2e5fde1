/* astreinted_main.c - the daemon's command line. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/base/log.h"
#include "gateway/daemon/configuration.h"
#include "gateway/daemon/daemon.h"

#define EXIT_FAILED 1
#define EXIT_USAGE  2

static void print_help(void)
{
    (void)printf(
        "NAME\n"
        "  astreinted - escalation gateway between a call centre and on-call agents\n\n"
        "SYNOPSIS\n"
        "  astreinted --config FILE [--check-config]\n"
        "  astreinted --help | --version\n\n"
        "DESCRIPTION\n"
        "  Takes escalations over HTTP, wakes agents by push and by telephone, and does not stop "
        "until a\n"
        "  named person has each one. What it answered with a 2xx is on disk. Runs in the "
        "foreground; logs\n"
        "  JSON lines to standard error.\n\n"
        "OPTIONS\n"
        "  --config FILE    the configuration, described below\n"
        "  --check-config   read it with every credential it names, say what is wrong, and exit\n\n"
        "SIGNALS\n"
        "  TERM, INT  stop: refuse new requests, finish what is inside, exit\n"
        "  HUP        read the credentials again (keys, service account, secrets); the rest needs "
        "a restart\n\n"
        "EXIT STATUS\n"
        "  0 stopped as asked, or the configuration is good; 1 failed; 2 wrong use\n\n"
        "CONFIGURATION\n%s\n"
        "EXAMPLE\n"
        "  contrib/examples/astreinted.conf; contrib/systemd/astreinted.service runs it under "
        "systemd.\n",
        configuration_help());
}

static int usage(const char *text)
{
    (void)fprintf(stderr, "astreinted: %s\nTry: astreinted --help\n", text);
    return EXIT_USAGE;
}

static void set_log_level(const char *word)
{
    static const char *const words[] = {"debug", "info", "warning", "error"};
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
        if (strcmp(words[i], word) == 0) {
            log_set_level((enum log_level)i);
        }
    }
}

static int run(const char *path, bool check_only)
{
    struct configuration *configuration;
    struct error error;
    if (configuration_read(path, &configuration, &error) != STATUS_OK) {
        (void)fprintf(stderr, "astreinted: %s\n", error.text);
        return EXIT_FAILED;
    }
    (void)umask(S_IRWXG | S_IRWXO); /* the database holds what callers said */
    set_log_level(configuration->log_level);
    enum status status = STATUS_OK;
    if (check_only) {
        log_set_level(LOG_ERROR);
        status = daemon_check(configuration, &error);
        if (status == STATUS_OK) {
            (void)printf("%s: good\n", path);
        } else {
            status = error_wrap(&error, status, "%s", path);
        }
    } else {
        status = daemon_run(configuration, path, &error);
    }
    configuration_destroy(&configuration);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "astreinted: %s\n", error.text);
        return EXIT_FAILED;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check-config", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    const char *path = NULL;
    bool check_only = false;
    int option;
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case 'k':
            check_only = true;
            break;
        case 'h':
            print_help();
            return 0;
        case 'v':
            (void)printf("astreinted %s\n", ASTREINTE_VERSION);
            return 0;
        default:
            (void)fprintf(stderr, "Try: astreinted --help\n");
            return EXIT_USAGE;
        }
    }
    if (optind != argc) {
        return usage("too many arguments");
    }
    return path == NULL ? usage("--config FILE is required") : run(path, check_only);
}
