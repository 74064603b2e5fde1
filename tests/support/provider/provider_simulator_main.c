/* provider-simulator: APNs, FCM and Google's OAuth2 token endpoint on the loopback, for tests. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "tests/support/provider/lifecycle.h"

#define EXIT_USAGE 64

/* In two parts: ISO C promises texts of 4095 bytes. */
static const char help[] =
    "provider-simulator - stands in for APNs, FCM and Google's token endpoint\n"
    "\n"
    "SYNOPSIS\n"
    "    provider-simulator --dir DIR [OPTION]...\n"
    "\n"
    "DESCRIPTION\n"
    "    Serves, on 127.0.0.1 over TLS 1.2+ and HTTP/2 (ALPN h2), one port each:\n"
    "      apns   POST /3/device/TOKEN, production and sandbox alike\n"
    "      fcm    POST /v1/projects/PROJECT/messages:send\n"
    "      oauth  POST /token\n"
    "    It is as strict as the vendors: signatures, key ids, issuers, ages of tokens and how "
    "soon\n"
    "    they change; headers, topics, push types, priorities; sizes and shapes of payloads. It\n"
    "    answers with their statuses, reasons and bodies, or as it was told to through the "
    "control\n"
    "    socket. APNs allows one stream on a connection until it has seen a valid token there.\n"
    "\n"
    "OPTIONS\n"
    "    --dir DIR             the folder of everything below (made if absent; required)\n"
    "    --apns-port N         port instead of any free one; so --fcm-port, --oauth-port\n"
    "    --key-id TEXT         kid that provider tokens must have (ABC123DEFG)\n"
    "    --team-id TEXT        iss that provider tokens must have (DEF123GHIJ)\n"
    "    --topic TEXT          the app's bundle id (fr.astreinte.app)\n"
    "    --project TEXT        the Firebase project (astreinte-test)\n"
    "    --token-uri URL       what service-account.json names and assertions must have as aud,\n"
    "                          for clients that know Google's alone (the oauth port's address)\n"
    "    --max-streams N       streams at once on a proven connection, 1 to 1000 (1000)\n"
    "    --first-streams N     streams at once on an APNs connection before it is proven (1); for\n"
    "                          load generators that cannot wait for SETTINGS\n"
    "    --token-update-s N    a provider token may change so long after it was first used on a\n"
    "                          connection; sooner is 429 TooManyProviderTokenUpdates (1200)\n"
    "    --token-age-s N       how old a provider token may be; older is 403\n"
    "                          ExpiredProviderToken (3600)\n"
    "    --oauth-expires-s N   lifetime of an access token (3599)\n"
    "    --idle-timeout-s N    GOAWAY to connections idle for so long; 0: never (0)\n"
    "    --window-bytes N      receive window of a connection, 65535 to 16777216 (1048576)\n"
    "    --no-log              keep no received.jsonl (for benchmarks)\n"
    "    --die-with-parent     exit when the process that started it does\n"
    "    --help                this text\n"
    "\n"
    "FILES in DIR\n"
    "    ca.pem                what a sender has to trust; used again, as the keys are\n"
    "    server.pem, server.key, google.key\n"
    "    apns-key.p8           EC P-256 private key for provider tokens\n"
    "    service-account.json  RSA key, client_email, token_uri; written anew at each start\n"
    "    provider.ready        JSON, there once connections are accepted: apns, fcm, oauth "
    "(ports),\n"
    "                          ca, apns_key, apns_key_id, apns_team_id, apns_topic,\n"
    "                          service_account, project, control, pid\n"
    "    provider.sock         the control socket\n"
    "    received.jsonl        a line for each push, in the file before its answer is on the "
    "wire:\n"
    "                          at, monotonic_ns (CLOCK_MONOTONIC), provider, id (apns-id, or\n"
    "                          data.attempt), token, status (0: not answered, reason says how),\n"
    "                          reason, detail (what exactly was wrong, if the vendor would not\n"
    "                          say), provider_id, priority, push_type, collapse_id, expiration,\n"
    "                          new (the id was not seen before, whatever became of it), payload\n"
    "                          (FCM: the message; null when it was refused)\n"
    "\n";

static const char help_control[] =
    "CONTROL\n"
    "    JSON lines in, one JSON line out for each: {\"ok\":true} or {\"ok\":false,\"error\":…}.\n"
    "    {\"token\":T,\"behaviour\":B,\"count\":N,\"retry_after_s\":S,\"timestamp_ms\":MS}\n"
    "        what becomes of the otherwise valid pushes to a device; after count requests accept\n"
    "        again. At most 100 000 tokens.\n"
    "    {\"provider\":\"apns|fcm|oauth\",\"behaviour\":B,…}   the same for all of a provider's "
    "requests\n"
    "    B: accept gone expired bad_token wrong_sender forbidden throttle error unavailable\n"
    "       silent (never answered) cut (TCP reset) goaway (this request unprocessed)\n"
    "       refuse_stream\n"
    "    {\"provider\":P,\"down\":true|false}     refuse connections and reset those there are\n"
    "    {\"provider\":P,\"freeze\":true|false}   as a stopped process: TCP lives, nothing "
    "answers\n"
    "    {\"provider\":P,\"goaway_at\":N,\"count\":C}   GOAWAY behind the N-th request from now, "
    "which\n"
    "                                         is answered; C times, every N requests; 0: never\n"
    "    {\"provider\":P,\"goaway\":true}         GOAWAY to all its connections now\n"
    "    {\"provider\":\"apns\",\"max_streams\":N}  SETTINGS_MAX_CONCURRENT_STREAMS from now on\n"
    "    {\"provider\":\"oauth\",\"revoke\":true}   forget all access tokens: FCM answers 401\n"
    "    {\"clock_offset_s\":N}                 how far ahead the providers' clocks are\n"
    "    {\"reset\":true}                       forget all behaviours and planned GOAWAYs\n"
    "    {\"statistics\":true}                  counters per provider\n"
    "\n"
    "SIGNALS\n"
    "    SIGTERM and SIGINT end it; provider.ready and provider.sock go away.\n"
    "\n"
    "EXIT STATUS\n"
    "    0 after a signal, 1 on failure, 64 for wrong usage.\n";

enum option_kind { OPTION_TEXT, OPTION_NUMBER, OPTION_FLAG };

/* What getopt_long() cannot say about an option. */
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
    while ((got = getopt_long(argc, argv, "", options, &index)) == 0) {
        if (!take_option(&rules[index], optarg)) {
            return usage("wrong value for --", rules[index].name);
        }
    }
    if (got != -1) {
        return EXIT_USAGE; /* getopt has said why */
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
        return fputs(help, stdout) < 0 || fputs(help_control, stdout) < 0 ? EXIT_FAILURE
                                                                          : EXIT_SUCCESS;
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
