/* provider-simulator: APNs, FCM with its token endpoint, and a Web Push service, for tests. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "gateway/base/options.h"
#include "tests/support/provider/help.h"
#include "tests/support/provider/lifecycle.h"

#define EXIT_USAGE 64

enum option_kind { OPTION_TEXT, OPTION_NUMBER, OPTION_FLAG };

/* What options_next() cannot say about an option. */
struct option_rule {
    const char *name;
    enum option_kind kind;
    int64_t low, high;
    const char **text;
    int64_t *number;
    bool *flag;
};

#define OPTIONS_MAX 24

static int usage(const char *what, const char *which)
{
    (void)fprintf(stderr, "provider-simulator: %s%s; see --help\n", what, which);
    return EXIT_USAGE;
}

/* Stores an option's value; false when it breaks its rule. */
static bool take_option(const struct option_rule *rule, const char *value)
{
    if (rule->kind == OPTION_FLAG) {
        *rule->flag = true;
    } else if (rule->kind == OPTION_TEXT) {
        *rule->text = value;
        return value[0] != '\0' && strlen(value) <= 255;
    } else {
        char *end;
        errno = 0;
        long long number = strtoll(value, &end, 10);
        if (errno != 0 || end == value || *end != '\0' || number < rule->low ||
            number > rule->high) {
            return false;
        }
        *rule->number = number;
    }
    return true;
}

/* 0, or the exit status. */
static int parse_options(int argc, char **argv, const struct option_rule *rules, int rules_count)
{
    struct option options[OPTIONS_MAX] = {0};
    for (int i = 0; i < rules_count; i++) {
        options[i] = (struct option){
            rules[i].name, rules[i].kind == OPTION_FLAG ? no_argument : required_argument, NULL, 0};
    }
    int index = 0, got;
    while ((got = options_next(argc, argv, "", options, &index)) == 0) {
        if (!take_option(&rules[index], optarg)) {
            return usage("wrong value for --", rules[index].name);
        }
    }
    if (got != -1) {
        (void)fputs("provider-simulator: see --help\n", stderr);
        return EXIT_USAGE;
    }
    return optind < argc ? usage("unexpected argument ", argv[optind]) : 0;
}

/* The kernel tells us of the parent's death; that it has not died before is ours to check. */
static bool follow_parent(pid_t parent)
{
    return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent;
}

int main(int argc, char **argv)
{
    pid_t parent = getppid();
    bool want_help = false;
    int64_t ports[PROVIDERS_COUNT] = {0}, streams_first = 1, streams_max = HTTP2_STREAMS_MAX;
    struct simulator_settings settings = {
        .apns_key_id = "ABC123DEFG",
        .apns_team_id = "DEF123GHIJ",
        .apns_topic = "fr.astreinte.app",
        .project = "astreinte-test",
        .token_update_s = 1200,
        .token_age_s_max = 3600,
        .oauth_expires_s = 3599,
        .window_bytes = 1048576,
    };
    const struct option_rule rules[] = {
        {.name = "dir", .kind = OPTION_TEXT, .text = &settings.folder},
        {.name = "apns-port", .kind = OPTION_NUMBER, .high = 65535, .number = &ports[0]},
        {.name = "fcm-port", .kind = OPTION_NUMBER, .high = 65535, .number = &ports[1]},
        {.name = "oauth-port", .kind = OPTION_NUMBER, .high = 65535, .number = &ports[2]},
        {.name = "webpush-port", .kind = OPTION_NUMBER, .high = 65535, .number = &ports[3]},
        {.name = "key-id", .kind = OPTION_TEXT, .text = &settings.apns_key_id},
        {.name = "team-id", .kind = OPTION_TEXT, .text = &settings.apns_team_id},
        {.name = "topic", .kind = OPTION_TEXT, .text = &settings.apns_topic},
        {.name = "project", .kind = OPTION_TEXT, .text = &settings.project},
        {.name = "token-uri", .kind = OPTION_TEXT, .text = &settings.token_uri},
        {"max-streams", OPTION_NUMBER, 1, HTTP2_STREAMS_MAX, NULL, &streams_max, NULL},
        {"first-streams", OPTION_NUMBER, 1, HTTP2_STREAMS_MAX, NULL, &streams_first, NULL},
        {"token-update-s", OPTION_NUMBER, 0, 86400, NULL, &settings.token_update_s, NULL},
        {"token-age-s", OPTION_NUMBER, 1, 86400, NULL, &settings.token_age_s_max, NULL},
        {"oauth-expires-s", OPTION_NUMBER, 1, 86400, NULL, &settings.oauth_expires_s, NULL},
        {"idle-timeout-s", OPTION_NUMBER, 0, 86400, NULL, &settings.idle_timeout_s, NULL},
        {"window-bytes", OPTION_NUMBER, 65535, 16777216, NULL, &settings.window_bytes, NULL},
        {.name = "no-log", .kind = OPTION_FLAG, .flag = &settings.no_log},
        {.name = "die-with-parent", .kind = OPTION_FLAG, .flag = &settings.die_with_parent},
        {.name = "help", .kind = OPTION_FLAG, .flag = &want_help},
    };
    int exit_status = parse_options(argc, argv, rules, (int)(sizeof rules / sizeof rules[0]));
    if (exit_status != 0) {
        return exit_status;
    }
    if (want_help) {
        return help_print(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (settings.folder == NULL) {
        return usage("--dir is required", "");
    }
    if (settings.die_with_parent && !follow_parent(parent)) {
        return EXIT_FAILURE;
    }
    settings.streams_first = (unsigned)streams_first;
    settings.streams_max = (unsigned)streams_max;
    for (int i = 0; i < PROVIDERS_COUNT; i++) {
        settings.ports[i] = (uint16_t)ports[i];
    }
    struct error error = {0};
    enum status status = simulator_serve(&settings, &error);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "provider-simulator: %s: %s\n", status_text(status), error.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
