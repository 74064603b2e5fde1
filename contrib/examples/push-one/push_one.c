/* push-one - sends one notification to one phone or browser, and says what became of it:
 *
 *   push-one --apns-key KEY.p8 --key-id ID --team-id ID --topic BUNDLE --token HEX TITLE BODY
 *   push-one --service-account FILE.json --token REGISTRATION TITLE BODY
 *   push-one --vapid-key KEY.pem --subject mailto:ME --token URL --p256dh K --auth S TITLE BODY
 *
 * Also, to try it with a server of one's own: --ca FILE.pem --host NAME --port N --loopback yes.
 * Exit status: 0 accepted, 1 not accepted, 2 nobody knows, 64 the command line is wrong. */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apns-fcm/push.h"

static char **arguments; /* main()'s: options in pairs, then title and body */

/* An option's value; NULL when it was not given. */
static const char *option(const char *name)
{
    for (int i = 1; arguments[i + 1] != NULL && arguments[i + 2] != NULL; i += 2) {
        if (strcmp(arguments[i], name) == 0) {
            return arguments[i + 1];
        }
    }
    return NULL;
}

/* What complete() is handed: a place for the result, and a bell. */
struct waiting {
    sem_t done;
    struct push_result result;
};

static _Noreturn void stop(const char *what, const char *why)
{
    fprintf(stderr, "push-one: %s: %s\n", what, why);
    exit(64);
}

/* The key file that an option names, as text, in one buffer; NULL without the option. */
static const char *key_file(const char *name)
{
    static char text[65536]; /* one credential is given */
    if (option(name) == NULL) {
        return NULL;
    }
    FILE *file = fopen(option(name), "r");
    if (file == NULL || fread(text, 1, sizeof text - 1, file) == 0 || fclose(file) != 0) {
        stop(option(name), "cannot be read");
    }
    return text;
}

/* Reads base64url, as browsers write the keys of a subscription: `count` bytes. */
static void read_base64url(const char *name, uint8_t *bytes_r, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *text = option(name);
    uint32_t bits = 0;
    for (size_t i = 0, have = 0; i < count; text++) {
        const char *digit = text != NULL && *text != '\0' ? strchr(digits, *text) : NULL;
        if (digit == NULL) {
            stop(name, "not a key in base64url");
        }
        bits = bits << 6 | (uint32_t)(digit - digits);
        have += 6;
        if (have >= 8) {
            have -= 8;
            bytes_r[i++] = (uint8_t)(bits >> have);
        }
    }
}

/* Who sends. Everything is copied, so that the structures may go when this returns. */
static struct push_sender *create_sender(void)
{
    const struct push_endpoint at = {.host = option("--host"), .port = option("--port")};
    const struct push_apns_account apns = {.key_pem = key_file("--apns-key"),
                                           .key_id = option("--key-id"),
                                           .team_id = option("--team-id"),
                                           .topic = option("--topic"),
                                           .endpoints = {at, at}};
    const struct push_fcm_account fcm = {.service_account_json = key_file("--service-account"),
                                         .endpoint = at};
    const struct push_web_account web = {.vapid_key_pem = key_file("--vapid-key"),
                                         .subject = option("--subject"),
                                         .loopback_allowed = option("--loopback") != NULL};
    const struct push_configuration configuration = {.ca_file = option("--ca"),
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
    arguments = argv;
    if (argc < 5 || argc % 2 == 0 || option("--token") == NULL) {
        stop("usage", "push-one CREDENTIALS --token TARGET TITLE BODY");
    }
    struct push_sender *sender = create_sender();
    struct waiting waiting = {.result.http_status = 0};
    (void)sem_init(&waiting.done, 0, 0);
    struct push_secret secret = {.title = argv[argc - 2], .body = argv[argc - 1]};
    struct push_job job = {
        .provider = option("--vapid-key")         ? PUSH_WEB
                    : option("--service-account") ? PUSH_FCM
                                                  : PUSH_APNS,
        .target = option("--token"),
        .id = uuid_v7(clock_wall(&clock_system), &random_system),
        .deadline = {clock_monotonic(&clock_system).ms + 10000}, /* ten seconds */
        .notification = {.urgency = PUSH_TIME_SENSITIVE,         /* style: PUSH_ALERT, which is 0 */
                         .title = secret.title,
                         .body = secret.body}, /* expires_at 0: at once or never */
        .complete = complete,
        .context = &waiting};
    if (job.provider == PUSH_WEB) { /* a browser takes only what is encrypted for it */
        read_base64url("--p256dh", secret.public_key, sizeof secret.public_key);
        read_base64url("--auth", secret.auth_secret, sizeof secret.auth_secret);
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
