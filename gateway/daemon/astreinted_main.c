/* astreinted_main.c - the daemon's command line. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/base/log.h"
#include "gateway/base/options.h"
#include "gateway/daemon/configuration.h"
#include "gateway/daemon/daemon.h"
#include "gateway/daemon/places.h"
#include "gateway/daemon/restore.h"

#define EXIT_FAILED 1
#define EXIT_USAGE  2

static void print_help(void)
{
    (void)printf(
        "NAME\n"
        "  astreinted - escalation gateway between a call centre and on-call agents\n\n"
        "SYNOPSIS\n"
        "  astreinted --config FILE [--check-config | --check-database | --restore BACKUP |\n"
        "             --rebuild-search]\n"
        "  astreinted --help | --version\n\n"
        "DESCRIPTION\n"
        "  Takes escalations over HTTP, wakes agents by push and by telephone, and does not stop "
        "until a\n"
        "  named person has each one. What it answered with a 2xx is on disk. Runs in the "
        "foreground; logs\n"
        "  JSON lines to standard error.\n\n"
        "OPTIONS\n"
        "  --config FILE    the configuration, described below\n"
        "  --check-config   read it with every credential it names, say what is wrong, and exit;\n"
        "                   what stands in the database is --check-database's to check\n"
        "  --check-database read all of the database, say what is damaged, and exit; the daemon "
        "must\n"
        "                   be stopped, and nothing is changed\n"
        "  --restore BACKUP put a backup in the database's place and exit; the daemon must be "
        "stopped.\n"
        "                   The backup is proven first; what was there is kept in a folder beside "
        "it\n"
        "  --rebuild-search take the index of tickets' words away, which the alarm "
        "tickets.search_damaged\n"
        "                   asks for, and exit; the daemon must be stopped. It reads all of the "
        "database\n"
        "                   and, where pages are damaged, writes it anew, which needs as much "
        "room again.\n"
        "                   The next start fills the index behind its work; until then searches "
        "say that\n"
        "                   they are not complete\n\n"
        "RESTORING\n"
        "  What was accepted after the backup is not in it. The next start goes on from it: "
        "deadlines that\n"
        "  have passed are met at once, the critical first, so people may be rung for what they "
        "have\n"
        "  answered since. Idempotency keys, phones and API keys are as they were then: revoke "
        "again what\n"
        "  was revoked since, and let phones enrolled since enrol again. A backup of an earlier "
        "version is\n"
        "  upgraded by that start; one of a newer version is refused. Interrupted, it can be done "
        "again; no\n"
        "  start happens before it was.\n\n"
        "SIGNALS\n"
        "  TERM, INT  stop: refuse new requests, finish what is inside, exit\n"
        "  HUP        read the credentials again (keys, service account, secrets); the rest needs "
        "a restart\n\n"
        "EXIT STATUS\n"
        "  0 stopped as asked, or what was to be checked or done is good; 1 failed; 2 wrong "
        "use\n\n"
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

enum task { TASK_RUN, TASK_CHECK_CONFIGURATION, TASK_CHECK_DATABASE, TASK_RESTORE, TASK_REBUILD };

static void print_facts(const struct store_facts *facts)
{
    (void)printf("  schema version %lld, %lld tickets, %lld escalations (%lld open), %lld timeline "
                 "entries\n",
                 (long long)facts->schema_version, (long long)facts->tickets,
                 (long long)facts->escalations, (long long)facts->open_escalations,
                 (long long)facts->timeline_entries);
}

static enum status check_configuration(const struct configuration *configuration, const char *path,
                                       struct error *error)
{
    log_set_level(LOG_ERROR);
    enum status status = daemon_check(configuration, error);
    if (status != STATUS_OK) {
        return error_wrap(error, status, "%s", path);
    }
    (void)printf("%s: good\n", path);
    for (size_t i = 0; i < configuration->exposed_count; i++) {
        const struct exposed_file *file = &configuration->exposed[i];
        (void)printf("  warning: %s: %s is open to everybody on this machine: chmod 600 %s\n",
                     file->key, file->path, file->path);
    }
    if (daemon_pushes_nothing(configuration)) {
        (void)printf("  warning: [push] names no account: nothing would be pushed; give it "
                     "apns_topic with Apple's key, fcm_service_account_file or web_key_file, or "
                     "remove the section\n");
    }
    if (daemon_rings_nobody(configuration)) {
        (void)printf("  warning: neither [push] nor [endpoint.telephony] is set up: no agent's "
                     "phone would ring\n");
    }
    if (places_check_ballast(configuration, error) != STATUS_OK) {
        (void)printf("  warning: %s\n", error->text);
    }
    if (places_check_backups(configuration, error) != STATUS_OK) {
        (void)printf("  warning: %s\n", error->text);
    }
    return STATUS_OK;
}

static enum status check_database(const struct configuration *configuration, struct error *error)
{
    struct store_facts facts;
    enum status status = restore_check_database(configuration->database, &facts, error);
    if (status == STATUS_OK) {
        (void)printf("%s: sound\n", configuration->database);
        print_facts(&facts);
    }
    return status;
}

static enum status restore(const struct configuration *configuration, const char *backup,
                           struct error *error)
{
    struct restored restored;
    enum status status =
        restore_run(backup, configuration->database, clock_wall(&clock_system), &restored, error);
    if (status == STATUS_OK) {
        (void)printf("%s: restored from %s\n", configuration->database, backup);
        if (!restored.digest_known) {
            (void)printf(
                "  its structure was checked, its bytes were not: a backup's own name says "
                "what they are\n");
        }
        print_facts(&restored.facts);
        if (restored.aside[0] != '\0') {
            (void)printf("  what was there is in %s\n", restored.aside);
        }
    }
    return status;
}

static enum status rebuild_search(const struct configuration *configuration, struct error *error)
{
    bool vacuumed = false;
    enum status status = restore_rebuild_search(configuration->database, &vacuumed, error);
    if (status == STATUS_OK) {
        (void)printf("%s: the index of tickets' words is empty now; the next start fills it%s\n",
                     configuration->database,
                     vacuumed ? " (damaged pages were left out: the file was written anew)" : "");
    }
    return status;
}

static enum status perform(enum task task, const struct configuration *configuration,
                           const char *path, const char *backup, struct error *error)
{
    switch (task) {
    case TASK_RUN:
        return daemon_run(configuration, path, error);
    case TASK_CHECK_CONFIGURATION:
        return check_configuration(configuration, path, error);
    case TASK_CHECK_DATABASE:
        return check_database(configuration, error);
    case TASK_RESTORE:
        return restore(configuration, backup, error);
    case TASK_REBUILD:
        return rebuild_search(configuration, error);
    }
    return STATUS_INVALID;
}

/* For whoever started it, and, of a daemon, for whoever collects its log. */
static int fail(enum task task, const struct error *error)
{
    if (task == TASK_RUN) {
        log_error("daemon.failed", LOG_TEXT("detail", error->text));
    }
    (void)fprintf(stderr, "astreinted: %s\n", error->text);
    return EXIT_FAILED;
}

static int run(const char *path, enum task task, const char *backup)
{
    struct configuration *configuration;
    struct error error;
    bool works = task == TASK_RUN || task == TASK_CHECK_CONFIGURATION;
    enum status status = works ? configuration_read(path, &configuration, &error)
                               : configuration_read_places(path, &configuration, &error);
    if (status != STATUS_OK) {
        return fail(task, &error);
    }
    (void)umask(S_IRWXG | S_IRWXO); /* the database holds what callers said */
    set_log_level(configuration->log_level);
    status = places_check_database_name(configuration, &error);
    if (status == STATUS_OK) {
        status = perform(task, configuration, path, backup, &error);
    }
    configuration_destroy(&configuration);
    if (status != STATUS_OK) {
        return fail(task, &error);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},   {"check-config", no_argument, NULL, 'k'},
        {"check-database", no_argument, NULL, 'd'}, {"restore", required_argument, NULL, 'r'},
        {"rebuild-search", no_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},        {NULL, 0, NULL, 0},
    };
    const char *path = NULL;
    const char *backup = NULL;
    enum task task = TASK_RUN;
    bool several = false;
    int option;
    while ((option = options_next(argc, argv, "c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case 'k':
            several = several || task != TASK_RUN;
            task = TASK_CHECK_CONFIGURATION;
            break;
        case 'd':
            several = several || task != TASK_RUN;
            task = TASK_CHECK_DATABASE;
            break;
        case 'r':
            several = several || task != TASK_RUN;
            task = TASK_RESTORE;
            backup = optarg;
            break;
        case 's':
            several = several || task != TASK_RUN;
            task = TASK_REBUILD;
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
    if (several) {
        return usage("--check-config, --check-database, --restore and --rebuild-search: one at a "
                     "time");
    }
    return path == NULL ? usage("--config FILE is required") : run(path, task, backup);
}
