/* push-one - sends one notification to one phone or browser, and says what became of it. */
#include <getopt.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/push.h"

static const char help[] =
    "Usage: push-one CREDENTIALS --token TARGET [OPTIONS] TITLE BODY\n"
    "Sends one notification to one phone or browser, and says what became of it.\n"
    "\n"
    "  push-one --apns-key KEY.p8 --key-id ID --team-id ID --topic BUNDLE --token HEX TITLE BODY\n"
    "  push-one --service-account FILE.json --token REGISTRATION TITLE BODY\n"
    "  push-one --vapid-key KEY.pem --subject mailto:ME --token URL --p256dh K --auth S TITLE "
    "BODY\n"
    "\n"
    "Apple, to an iPhone:\n"
    "  --apns-key FILE         the signing key from developer.apple.com (.p8)\n"
    "  --key-id ID             the key's id, ten characters\n"
    "  --team-id ID            the team's, ten characters\n"
    "  --topic BUNDLE          the app's bundle id\n"
    "  --token HEX             the device token\n"
    "Google, to an Android phone:\n"
    "  --service-account FILE  the JSON file of a service account that may send\n"
    "  --token REGISTRATION    the registration token\n"
    "A browser:\n"
    "  --vapid-key FILE        a private key on P-256, PEM\n"
    "  --subject URI           mailto: or https: address that the push service may write to\n"
    "  --token URL             the subscription's endpoint\n"
    "  --p256dh KEY, --auth SECRET   the subscription's keys, base64url\n"
    "To try it with a server of one's own:\n"
    "  --ca FILE               the authority it is signed by, PEM (default: the system's)\n"
    "  --host NAME, --port N   where it is (default: the provider's, 443)\n"
    "  --loopback              allow subscriptions on this machine\n"
    "Also:\n"
    "  --                      what follows is title and body, even if it begins with -\n"
    "  --verbose               show the library's log\n"
    "  --help                  this text\n"
    "\n"
    "Exit status: 0 accepted, 1 not accepted, 2 nobody knows, 64 the command line is wrong.\n";

enum option_name {
    APNS_KEY,
    KEY_ID,
    TEAM_ID,
    TOPIC,
    SERVICE_ACCOUNT,
    VAPID_KEY,
    SUBJECT,
    TOKEN,
    P256DH,
    AUTH,
    CA,
    HOST,
    PORT,
    LOOPBACK,
    VERBOSE,
    HELP,
    OPTIONS_COUNT
};

static const struct option options[] = {
    {"apns-key", required_argument, NULL, APNS_KEY},
    {"key-id", required_argument, NULL, KEY_ID},
    {"team-id", required_argument, NULL, TEAM_ID},
    {"topic", required_argument, NULL, TOPIC},
    {"service-account", required_argument, NULL, SERVICE_ACCOUNT},
    {"vapid-key", required_argument, NULL, VAPID_KEY},
    {"subject", required_argument, NULL, SUBJECT},
    {"token", required_argument, NULL, TOKEN},
    {"p256dh", required_argument, NULL, P256DH},
    {"auth", required_argument, NULL, AUTH},
    {"ca", required_argument, NULL, CA},
    {"host", required_argument, NULL, HOST},
    {"port", required_argument, NULL, PORT},
    {"loopback", no_argument, NULL, LOOPBACK},
    {"verbose", no_argument, NULL, VERBOSE},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static const char *given[OPTIONS_COUNT]; /* each option's value; NULL: not given */

static _Noreturn void stop(const char *what, const char *why)
{
    fprintf(stderr, "push-one: %s: %s; --help explains\n", what, why);
    exit(64);
}

/* Reads the command line into `given`; title and body are left at argv[optind]. */
static void read_options(int argc, char **argv)
{
    for (int name; (name = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (name == '?') {
            exit(64); /* getopt has said which */
        }
        given[name] = optarg != NULL ? optarg : "yes";
    }
    if (given[HELP] != NULL) {
        fputs(help, stdout);
        exit(0);
    }
    int credentials =
        (given[APNS_KEY] != NULL) + (given[SERVICE_ACCOUNT] != NULL) + (given[VAPID_KEY] != NULL);
    if (credentials != 1) {
        stop("credentials", "give one of --apns-key, --service-account and --vapid-key");
    }
    static const enum option_name others[][2] = {
        {APNS_KEY, KEY_ID},  {APNS_KEY, TEAM_ID}, {APNS_KEY, TOPIC},    {VAPID_KEY, SUBJECT},
        {VAPID_KEY, P256DH}, {VAPID_KEY, AUTH},   {VAPID_KEY, LOOPBACK}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (given[others[i][1]] != NULL && given[others[i][0]] == NULL) {
            stop(options[others[i][1]].name, "belongs to another provider");
        }
    }
    if (given[TOKEN] == NULL) {
        stop("--token", "missing");
    }
    if (argc - optind != 2) {
        stop("TITLE BODY", "two words are wanted at the end, each in quotes");
    }
}

/* The key file that an option names, as text, in one buffer; NULL without the option. */
static const char *key_file(enum option_name name)
{
    static char text[65536]; /* one credential is given */
    if (given[name] == NULL) {
        return NULL;
    }
    FILE *file = fopen(given[name], "r");
    size_t bytes = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);
    if (bytes == 0 || bytes == sizeof text - 1 || fclose(file) != 0) {
        stop(given[name], "cannot be read, or is no key file");
    }
    return text;
}

/* Reads base64url, as browsers write the keys of a subscription: `count` bytes, not one more. */
static void read_base64url(enum option_name name, uint8_t *bytes_r, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *text = given[name] != NULL ? given[name] : "";
    size_t digits_count = (count * 8 + 5) / 6;
    if (strspn(text, digits) != digits_count ||
        text[digits_count + strspn(text + digits_count, "=")] != '\0') {
        stop(options[name].name, "not a key in base64url, or not of the right length");
    }
    uint32_t bits = 0;
    for (size_t i = 0, have = 0; i < count; text++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, *text) - digits);
        have += 6;
        if (have >= 8) {
            have -= 8;
            bytes_r[i++] = (uint8_t)(bits >> have);
        }
    }
}

/* What complete() is handed: a place for the result, and a bell. */
struct waiting {
    sem_t done;
    struct push_result result;
};

/* Who sends. Everything is copied, so that the structures may go when this returns. */
static struct push_sender *create_sender(void)
{
    const struct push_endpoint at = {.host = given[HOST], .port = given[PORT]};
    const struct push_apns_account apns = {.key_pem = key_file(APNS_KEY),
                                           .key_id = given[KEY_ID],
                                           .team_id = given[TEAM_ID],
                                           .topic = given[TOPIC],
                                           .endpoints = {at, at}};
    const struct push_fcm_account fcm = {.service_account_json = key_file(SERVICE_ACCOUNT),
                                         .endpoint = at};
    const struct push_web_account web = {.vapid_key_pem = key_file(VAPID_KEY),
                                         .subject = given[SUBJECT],
                                         .loopback_allowed = given[LOOPBACK] != NULL};
    const struct push_configuration configuration = {.ca_file = given[CA],
                                                     .apns = &apns,
                                                     .apns_count = apns.key_pem != NULL,
                                                     .fcm = &fcm,
                                                     .fcm_count = fcm.service_account_json != NULL,
                                                     .web = &web,
                                                     .web_count = web.vapid_key_pem != NULL};
    struct push_sender *sender = NULL;
    struct error error = {.text = ""};
    if (push_sender_create(&configuration, &sender, &error) != STATUS_OK) {
        stop("configuration", error.text);
    }
    return sender;
}

/* Called once, from the sender's thread. The result is lent: copy, wake who waits, do not block. */
static void complete(void *context, const struct push_result *result)
{
    struct waiting *waiting = context;
    waiting->result = *result;
    (void)sem_post(&waiting->done);
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    if (given[VERBOSE] == NULL) {
        push_set_log(PUSH_LOG_NOTHING, NULL, NULL); /* the result says it all */
    }
    struct push_sender *sender = create_sender();
    struct waiting waiting = {.result.http_status = 0};
    (void)sem_init(&waiting.done, 0, 0);
    struct push_secret secret = {.title = argv[optind], .body = argv[optind + 1]};
    struct push_job job = {
        .provider = given[VAPID_KEY]         ? PUSH_WEB
                    : given[SERVICE_ACCOUNT] ? PUSH_FCM
                                             : PUSH_APNS,
        .target = given[TOKEN],
        .id = uuid_v7(clock_wall(&clock_system), &random_system),
        .deadline = {clock_monotonic(&clock_system).ms + 10000}, /* ten seconds */
        .notification = {.urgency = PUSH_TIME_SENSITIVE,         /* style: PUSH_ALERT, which is 0 */
                         .title = secret.title,
                         .body = secret.body}, /* expires_at 0: at once or never */
        .complete = complete,
        .context = &waiting};
    if (job.provider == PUSH_WEB) { /* a browser takes only what is encrypted for it */
        read_base64url(P256DH, secret.public_key, sizeof secret.public_key);
        read_base64url(AUTH, secret.auth_secret, sizeof secret.auth_secret);
        job.notification.secret = &secret;
    }
    struct error error = {.text = ""};
    if (push_submit(sender, &job, &error) != STATUS_OK) {
        stop("notification", error.text);
    }
    while (sem_wait(&waiting.done) != 0) { /* complete() is certain to come, by the deadline */
    }
    push_sender_destroy(&sender);
    const struct push_result *result = &waiting.result;
    printf("%s: HTTP %d %s%s, target %s\n", push_outcome_text(result->outcome), result->http_status,
           result->reason, result->provider_id, push_verdict_text(result->verdict));
    return result->outcome == PUSH_ACCEPTED ? 0 : result->outcome == PUSH_UNCERTAIN ? 2 : 1;
}
