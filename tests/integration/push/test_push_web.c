/* Web Push, and what only the phone can read over every provider: the push library against the
 * provider simulator, which checks RFC 8030, 8188, 8291 and 8292 and decrypts. */
#include "tests/integration/push/push_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/integration/push/host_names.h"

#define ENDPOINT_BYTES   256
#define TOPIC_CHARACTERS 32
#define TTL_S_LONGEST    "2419200"
#define DEVICES          100
#define SECRET_TITLE     "Clinique Sainte-Ursule"
#define SECRET_BODY      "Fuite d'oxyg\u00e8ne au bloc 7, Mme Martin, 06 12 34 56 78"
#define SECRET_DATA      "{\"ticket\":\"T-4711\",\"code\":\"4512B\"}"
#define APNS_TOKEN       "00fc13adff785122b4ad28809a3420982341241421348097878e577c00000001"
#define FCM_TOKEN        "fcm-token-1:APA91b"
#define NAME_ELSEWHERE   "intranet.example"

struct browser {
    char endpoint[ENDPOINT_BYTES];
    struct push_secret secret;
};

static void subscribe(struct fixture *fixture, const char *name, struct browser *browser_r)
{
    provider_process_subscribe(&fixture->provider, name, browser_r->endpoint, &browser_r->secret);
}

static struct push_job web_job(const struct browser *browser, int64_t deadline_ms)
{
    struct push_job job = fixture_job(PUSH_WEB, browser->endpoint, deadline_ms);
    job.notification.secret = &browser->secret;
    job.hedge = PUSH_HEDGE_NEVER;
    return job;
}

/* The line of the last request under that id. */
static json_t *last_line(struct fixture *fixture, struct uuid id)
{
    char text[UUID_TEXT_BYTES];
    json_t *received = provider_process_received(&fixture->provider);
    json_t *found = NULL;
    uuid_format(id, text);
    for (size_t i = json_array_size(received); i-- > 0 && found == NULL;) {
        json_t *line = json_array_get(received, i);
        const char *line_id = json_string_value(json_object_get(line, "id"));
        if (line_id != NULL && strcmp(line_id, text) == 0) {
            found = json_incref(line);
        }
    }
    json_decref(received);
    assert_non_null(found);
    return found;
}

static const char *member(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));
    return text != NULL ? text : "(none)";
}

static json_t *plain_of(const json_t *line)
{
    json_t *plain = json_loads(member(line, "plain"), 0, NULL);
    assert_non_null(plain);
    return plain;
}

static void assert_sent(const struct push_result *result)
{
    assert_string_equal(push_outcome_text(result->outcome), "accepted");
    assert_int_equal(result->http_status, 201);
    assert_true(strncmp(result->provider_id, "https://localhost:", 18) == 0);
    assert_int_equal(result->tries, 1);
}

/* Sends and answers what came; released by the caller. */
static json_t *send_one(struct fixture *fixture, struct push_job job)
{
    assert_sent(fixture_run(fixture, job));
    return last_line(fixture, job.id);
}

/* ---- what a browser gets ---- */

static void test_web__the_browser_decrypts_what_was_to_be_said(void **state)
{
    struct fixture *fixture = *state;
    struct browser browser;
    char id[UUID_TEXT_BYTES];
    const struct push_action actions[] = {{"accept", "J'y vais"}, {"decline", "Je ne peux pas"}};
    subscribe(fixture, "s1", &browser);
    browser.secret.title = SECRET_TITLE;
    browser.secret.body = SECRET_BODY;
    browser.secret.data_json = SECRET_DATA;
    struct push_job job = web_job(&browser, PATIENT_MS);
    job.notification.actions = actions;
    job.notification.actions_count = 2;
    job.notification.has_badge = true;
    job.notification.badge = 3;
    json_t *line = send_one(fixture, job);
    uuid_format(job.id, id);
    json_t *expected = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:s}, {s:s, s:s}], s:i, s:b,"
        " s:{s:s, s:s, s:s, s:s}}",
        "push_id", id, "urgency", "critical", "title", SECRET_TITLE, "body", SECRET_BODY,
        "category", "ESCALATION", "tag", "escalation-1", "actions", "id", "accept", "title",
        "J'y vais", "id", "decline", "title", "Je ne peux pas", "badge", 3, "silent", 0, "data",
        "escalation", "e1", "kind", "escalation", "ticket", "T-4711", "code", "4512B");
    json_t *plain = plain_of(line);
    assert_non_null(expected);
    assert_true(json_equal(plain, expected));
    assert_true(json_is_null(json_object_get(line, "payload"))); /* nothing else was sent */
    json_decref(plain);
    json_decref(expected);
    json_decref(line);
}

static void test_web__headers_say_urgency_topic_and_ttl(void **state)
{
    static const char *const urgencies[] = {"high", "high", "normal", "low"};
    struct fixture *fixture = *state;
    struct browser browser;
    char topics[3][TOPIC_CHARACTERS + 1];
    subscribe(fixture, "s1", &browser);
    for (int urgency = PUSH_CRITICAL; urgency <= PUSH_SILENT; urgency++) {
        struct push_job job = web_job(&browser, PATIENT_MS);
        job.notification.urgency = (enum push_urgency)urgency;
        json_t *line = send_one(fixture, job);
        assert_string_equal(member(line, "priority"), urgencies[urgency]);
        assert_in_range(strtol(member(line, "expiration"), NULL, 10), 30, 60);
        json_decref(line);
    }
    static const char *const collapse_ids[] = {"escalation-1", "escalation-1", "escalation-2"};
    for (size_t i = 0; i < 3; i++) {
        struct push_job job = web_job(&browser, PATIENT_MS);
        job.notification.collapse_id = collapse_ids[i];
        json_t *line = send_one(fixture, job);
        assert_int_equal(strlen(member(line, "collapse_id")), TOPIC_CHARACTERS);
        (void)snprintf(topics[i], sizeof topics[i], "%s", member(line, "collapse_id"));
        json_decref(line);
    }
    assert_string_equal(topics[0], topics[1]); /* the later replaces the earlier, */
    assert_string_not_equal(topics[0], topics[2]);
    assert_null(strstr(topics[0], "escalation")); /* and the service reads nothing from it */
}

static void test_web__lifetimes(void **state)
{
    struct fixture *fixture = *state;
    struct browser browser;
    subscribe(fixture, "s1", &browser);
    struct push_job job = web_job(&browser, PATIENT_MS);
    job.notification.expires_at.ms -= 3600000;
    job.notification.collapse_id = NULL;
    json_t *line = send_one(fixture, job);
    assert_string_equal(member(line, "expiration"), "0"); /* at once or never */
    assert_string_equal(member(line, "collapse_id"), "(none)");
    json_decref(line);
    job = web_job(&browser, PATIENT_MS);
    job.notification.expires_at = WALL_NEVER;
    line = send_one(fixture, job);
    assert_string_equal(member(line, "expiration"), TTL_S_LONGEST);
    json_decref(line);
}

static void test_web__many_browsers_share_one_connection(void **state)
{
    struct fixture *fixture = *state;
    static struct browser browsers[DEVICES];
    struct uuid ids[DEVICES];
    for (size_t i = 0; i < DEVICES; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "s%zu", i);
        subscribe(fixture, name, &browsers[i]);
        browsers[i].secret.body = name; /* each its own words, under its own key */
        struct push_job job = web_job(&browsers[i], PATIENT_MS);
        ids[i] = job.id;
        (void)fixture_submit(fixture, job);
    }
    fixture_await_all(fixture);
    for (size_t i = 0; i < DEVICES; i++) {
        assert_sent(&fixture->results.all[i]);
        json_t *line = last_line(fixture, ids[i]);
        json_t *plain = plain_of(line);
        assert_string_equal(member(plain, "body"), member(line, "token"));
        json_decref(plain);
        json_decref(line);
    }
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_WEB, &statistics);
    assert_int_equal(statistics.tokens_minted, 1);
    assert_in_range(statistics.connections_opened, 1, 2);
}

/* ---- refusals ---- */

static void test_web__refusals(void **state)
{
    static const struct {
        const char *behaviour;
        enum push_verdict verdict;
        const char *reason;
    } rows[] = {{"gone", PUSH_TARGET_GONE, "http-410"},
                {"expired", PUSH_TARGET_GONE, "http-404"},
                {"too_large", PUSH_MESSAGE_WRONG, "http-413"},
                {"forbidden", PUSH_CONFIGURATION_WRONG, "http-403"}};
    struct fixture *fixture = *state;
    struct browser browser;
    subscribe(fixture, "s1", &browser);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        provider_process_tell(&fixture->provider, "{\"token\":\"s1\",\"behaviour\":\"%s\"}",
                              rows[i].behaviour);
        const struct push_result *result = fixture_run(fixture, web_job(&browser, PATIENT_MS));
        assert_outcome(result, PUSH_REFUSED, rows[i].verdict, rows[i].reason);
        assert_int_equal(result->tries, 1);
        assert_int_equal(result->gone_since.ms, TIME_NEVER_MS);
    }
    provider_process_tell(&fixture->provider, "{\"token\":\"s1\",\"behaviour\":\"accept\"}");
    assert_sent(fixture_run(fixture, web_job(&browser, PATIENT_MS)));
}

static void test_web__throttle_obeys_retry_after(void **state)
{
    struct fixture *fixture = *state;
    struct browser browser;
    subscribe(fixture, "s1", &browser);
    provider_process_tell(&fixture->provider, "{\"token\":\"s1\",\"behaviour\":\"throttle\","
                                              "\"retry_after_s\":2,\"count\":1}");
    int64_t began_ms = clock_monotonic(&clock_system).ms;
    const struct push_result *result = fixture_run(fixture, web_job(&browser, PATIENT_MS));
    assert_int_equal(result->outcome, PUSH_ACCEPTED);
    assert_int_equal(result->tries, 2);
    assert_true(clock_monotonic(&clock_system).ms - began_ms >= 2000);
    provider_process_tell(&fixture->provider, "{\"token\":\"s1\",\"behaviour\":\"throttle\","
                                              "\"retry_after_s\":600}");
    assert_outcome(fixture_run(fixture, web_job(&browser, 1200)), PUSH_RETRY_EXHAUSTED,
                   PUSH_TARGET_OK, "http-429");
}

/* A record for another key is not the configuration's fault, and nobody is retired for it. */
static void test_web__a_browser_that_cannot_decrypt(void **state)
{
    struct fixture *fixture = *state;
    struct browser browser;
    struct browser other;
    subscribe(fixture, "s1", &browser);
    subscribe(fixture, "s2", &other);
    browser.secret = other.secret;
    assert_outcome(fixture_run(fixture, web_job(&browser, PATIENT_MS)), PUSH_REFUSED,
                   PUSH_MESSAGE_WRONG, "http-400");
    memset(browser.secret.public_key, 0x5a, sizeof browser.secret.public_key); /* no point at all */
    assert_outcome(fixture_run(fixture, web_job(&browser, PATIENT_MS)), PUSH_REFUSED,
                   PUSH_TARGET_SUSPECT, "BadPublicKey");
}

/* ---- whom it connects to ---- */

static const char *const private_hosts[] = {
    "localhost",   "127.0.0.1",       "127.8.9.1",          "10.0.0.1",          "172.16.0.1",
    "192.168.1.1", "169.254.169.254", "100.64.0.1",         "0.0.0.0",           "[::1]",
    "[fd00::1]",   "[fe80::1]",       "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::]",
    NAME_ELSEWHERE};

static void sender_for_public(struct fixture *fixture)
{
    struct push_configuration configuration = provider_process_configuration(&fixture->provider);
    fixture->provider.web.loopback_allowed = false;
    (void)fixture_create_with(fixture, &configuration);
}

static size_t submit_to(struct fixture *fixture, const struct browser *browser, const char *host,
                        int64_t deadline_ms)
{
    char endpoint[ENDPOINT_BYTES];
    struct push_job job = web_job(browser, deadline_ms);
    const char *port = strrchr(browser->endpoint, ':');
    (void)snprintf(endpoint, sizeof endpoint, "https://%s%s", host, port);
    job.target = endpoint;
    return fixture_submit(fixture, job);
}

static void test_web__private_addresses_are_never_connected_to(void **state)
{
    static const char *const inside[] = {"127.0.0.1", "10.0.0.1", NULL};
    struct fixture *fixture = *state;
    struct browser browser;
    subscribe(fixture, "s1", &browser);
    sender_for_public(fixture);
    host_names_set(NAME_ELSEWHERE, inside); /* a public name may lead inside */
    for (size_t i = 0; i < sizeof private_hosts / sizeof private_hosts[0]; i++) {
        assert_int_equal(submit_to(fixture, &browser, private_hosts[i], 1000), i);
    }
    fixture_await_all(fixture);
    for (size_t i = 0; i < fixture->submitted; i++) {
        assert_outcome(&fixture->results.all[i], PUSH_EXPIRED, PUSH_TARGET_OK,
                       "address-not-public");
    }
    assert_true(host_names_lookups() >= 1);
    struct push_statistics statistics;
    push_sender_statistics(fixture->sender, PUSH_WEB, &statistics);
    assert_int_equal(statistics.requests_written, 0);
    assert_int_equal(provider_process_count(&fixture->provider, "webpush", "connections_accepted"),
                     0);
}

static void test_web__loopback_allowed_is_loopback_alone(void **state)
{
    static const char *const mixed[] = {"10.0.0.1", "192.168.0.1", "127.0.0.1", NULL};
    struct fixture *fixture = *state;
    struct browser browser;
    subscribe(fixture, "s1", &browser);
    assert_sent(fixture_run(fixture, web_job(&browser, PATIENT_MS)));
    size_t numeric = submit_to(fixture, &browser, "127.0.0.1", PATIENT_MS);
    size_t private = submit_to(fixture, &browser, "10.0.0.1", 1000);
    size_t link_local = submit_to(fixture, &browser, "169.254.169.254", 1000);
    fixture_await_all(fixture);
    /* It was reached: the simulator itself minds a token for another origin than its name. */
    assert_outcome(&fixture->results.all[numeric], PUSH_REFUSED, PUSH_CONFIGURATION_WRONG, NULL);
    assert_int_equal(fixture->results.all[numeric].tries, 1);
    assert_outcome(&fixture->results.all[private], PUSH_EXPIRED, PUSH_TARGET_OK,
                   "address-not-public");
    assert_outcome(&fixture->results.all[link_local], PUSH_EXPIRED, PUSH_TARGET_OK,
                   "address-not-public");
    host_names_set("localhost", mixed); /* of a name's addresses only what is allowed is tried */
    provider_process_tell(&fixture->provider, "{\"provider\":\"webpush\",\"goaway\":true}");
    assert_int_equal(fixture_run(fixture, web_job(&browser, PATIENT_MS))->outcome, PUSH_ACCEPTED);
    assert_true(host_names_lookups() >= 1);
}

/* ---- what only the phone can read, over the others ---- */

static struct push_job secret_job(struct fixture *fixture, enum push_provider provider,
                                  const char *target, struct push_secret *secret)
{
    struct push_job job = fixture_job(provider, target, PATIENT_MS);
    provider_process_give_keys(&fixture->provider, target, secret);
    secret->title = SECRET_TITLE;
    secret->body = SECRET_BODY;
    secret->data_json = SECRET_DATA;
    job.notification.secret = secret;
    return job;
}

static void assert_decrypts(struct fixture *fixture, struct uuid id)
{
    json_t *line = last_line(fixture, id);
    json_t *plain = plain_of(line);
    json_t *expected = json_pack("{s:s, s:s, s:{s:s, s:s}}", "title", SECRET_TITLE, "body",
                                 SECRET_BODY, "data", "ticket", "T-4711", "code", "4512B");
    assert_true(json_equal(plain, expected));
    json_decref(expected);
    json_decref(plain);
    json_decref(line);
}

/* All that the simulator got, but what it decrypted itself: no word of the secret is in it. */
static void assert_nothing_in_clear(struct fixture *fixture)
{
    static const char *const words[] = {"Ursule", "oxyg", "Martin", "06 12", "T-4711",
                                        "4512B",  "bloc", "ticket", "code"};
    json_t *received = provider_process_received(&fixture->provider);
    size_t i;
    json_t *line;
    assert_true(json_array_size(received) > 0);
    json_array_foreach(received, i, line)
    {
        assert_int_equal(json_object_del(line, "plain"), 0);
    }
    char *text = json_dumps(received, 0);
    assert_non_null(text);
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        assert_null(strstr(text, words[k]));
    }
    assert_non_null(strstr(text, "Nouvelle alerte")); /* the neutral words are: it does look */
    free(text);
    json_decref(received);
}

static void test_secret__only_the_phone_reads_it(void **state)
{
    struct fixture *fixture = *state;
    struct push_secret apns_secret;
    struct push_secret fcm_secret;
    struct browser browser;
    struct push_job jobs[3];
    jobs[0] = secret_job(fixture, PUSH_APNS, APNS_TOKEN, &apns_secret);
    jobs[1] = secret_job(fixture, PUSH_FCM, FCM_TOKEN, &fcm_secret);
    subscribe(fixture, "s1", &browser);
    browser.secret.title = SECRET_TITLE;
    browser.secret.body = SECRET_BODY;
    browser.secret.data_json = SECRET_DATA;
    jobs[2] = web_job(&browser, PATIENT_MS);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fixture_run(fixture, jobs[i])->outcome, PUSH_ACCEPTED);
    }
    assert_decrypts(fixture, jobs[0].id);
    assert_decrypts(fixture, jobs[1].id);
    json_t *line = last_line(fixture, jobs[0].id);
    json_t *aps = json_object_get(json_object_get(line, "payload"), "aps");
    assert_int_equal(json_integer_value(json_object_get(aps, "mutable-content")), 1);
    json_decref(line);
    assert_nothing_in_clear(fixture);
}

/* A retry carries the same record as the first try: no phone sees two. */
static void test_secret__is_encrypted_once_for_all_tries(void **state)
{
    struct fixture *fixture = *state;
    struct push_secret secret;
    struct push_job job = secret_job(fixture, PUSH_APNS, APNS_TOKEN, &secret);
    provider_process_tell(&fixture->provider, "{\"token\":\"" APNS_TOKEN "\","
                                              "\"behaviour\":\"error\",\"count\":2}");
    const struct push_result *result = fixture_run(fixture, job);
    assert_accepted(result);
    assert_int_equal(result->tries, 3);
    assert_decrypts(fixture, job.id);
    assert_nothing_in_clear(fixture);
}

static int tear_down(void **state)
{
    host_names_clear();
    return fixture_teardown(state);
}

#define CASE(name_) cmocka_unit_test_setup_teardown(name_, fixture_setup, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_web__the_browser_decrypts_what_was_to_be_said),
        CASE(test_web__headers_say_urgency_topic_and_ttl),
        CASE(test_web__lifetimes),
        CASE(test_web__many_browsers_share_one_connection),
        CASE(test_web__refusals),
        CASE(test_web__throttle_obeys_retry_after),
        CASE(test_web__a_browser_that_cannot_decrypt),
        CASE(test_web__private_addresses_are_never_connected_to),
        CASE(test_web__loopback_allowed_is_loopback_alone),
        CASE(test_secret__only_the_phone_reads_it),
        CASE(test_secret__is_encrypted_once_for_all_tries),
    };
    return cmocka_run_group_tests_name("push web", tests, NULL, NULL);
}
