/* push_bench.c - how many notifications a second the push library sends over one connection.
 *
 *     push_bench --host localhost --port 8443 --ca ca.pem --key apns-key.p8
 *                [--key-id ID] [--team ID] [--topic T] [--jobs N] [--in-flight M]
 *                [--payload-bytes B] [--recipients R] [--chained]
 *
 * bench links: push OPENSSL
 *
 * Payload, provider token and results are the real ones; --payload-bytes fills the payload up.
 * Prints requests a second and the processor time of the sender's threads and of the submitter's.
 * --in-flight 1 is one at a time, which also prints how long one takes; the next one is submitted
 * by a thread that waited for the answer, or with --chained from inside `complete`, as h2load's and
 * node's next requests are made in the callback of the last. With --recipients every
 * notification has content that only its recipient can read, for so many keys in turn; making the
 * keys is not counted.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "apns-fcm/push.h"
#include "gateway/base/options.h"

#define BATCH_JOBS             64
#define PAYLOAD_BYTES_MAX      8192
#define PAYLOAD_BYTES_UNFILLED 300 /* what the payload has without filling */
#define PAYLOAD_BYTES_SEALED   680 /* what an encrypted record adds to it, as text */

struct options {
    const char *host;
    const char *port;
    const char *ca;
    const char *key;
    const char *key_id;
    const char *team;
    const char *topic;
    size_t jobs;
    size_t in_flight;
    size_t payload_bytes;
    size_t recipients;
    bool chained;
};

struct bench {
    const struct options *options;
    struct push_sender *sender;
    const struct push_secret *secrets; /* of each recipient, or NULL */
    char data[PAYLOAD_BYTES_MAX];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t inside;
    size_t done;
    size_t outcomes[5];
    char first_reason[PUSH_REASON_BYTES_MAX];
    int64_t *completed_ns; /* of each job, in the order of completion */
};

static void on_complete(void *context, const struct push_result *result);

/* Submits the jobs from `number` on. */
static void submit(struct bench *bench, size_t number, size_t count)
{
    static const char target[] = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";
    struct push_job jobs[BATCH_JOBS];
    struct wall_time now = clock_wall(&clock_system);
    struct monotonic_time monotonic = clock_monotonic(&clock_system);
    for (size_t i = 0; i < count; i++) {
        jobs[i] = (struct push_job){
            .provider = PUSH_APNS,
            .target = target,
            .id = uuid_v7(now, &random_system),
            .deadline = {monotonic.ms + 60000},
            .notification = {.collapse_id = "0190a7e0-0000-7000-8000-000000000001",
                             .urgency = PUSH_TIME_SENSITIVE,
                             .expires_at = {now.ms + 60000},
                             .title = "Astreinte",
                             .body = "Nouvelle alerte, ouvrez l'application",
                             .category = "ESCALATION",
                             .data_json = bench->data},
            .complete = on_complete,
            .context = bench};
        if (bench->secrets != NULL) {
            jobs[i].notification.secret =
                &bench->secrets[(number + i) % bench->options->recipients];
        }
    }
    struct error error = {0};
    enum status status = STATUS_OK;
    if (push_submit_many(bench->sender, jobs, count, &status, &error) != count) {
        (void)fprintf(stderr, "submit: %s\n", error.text);
        exit(1);
    }
}

static void on_complete(void *context, const struct push_result *result)
{
    struct bench *bench = context;
    (void)pthread_mutex_lock(&bench->lock);
    bench->completed_ns[bench->done] = clock_stopwatch_ns();
    bench->inside--;
    bench->done++;
    bench->outcomes[result->outcome]++;
    if (result->outcome != PUSH_ACCEPTED && bench->first_reason[0] == '\0') {
        (void)snprintf(bench->first_reason, sizeof bench->first_reason, "%s", result->reason);
    }
    bool next = bench->options->chained && bench->done < bench->options->jobs;
    bench->inside += next ? 1 : 0;
    size_t number = bench->done;
    if (!next) {
        (void)pthread_cond_signal(&bench->changed);
    }
    (void)pthread_mutex_unlock(&bench->lock);
    if (next) {
        submit(bench, number, 1);
    }
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    char *text = calloc(1, 65536);
    if (text == NULL || fread(text, 1, 65535, file) == 0) {
        exit(1);
    }
    (void)fclose(file);
    return text;
}

static struct options read_options(int argc, char **argv)
{
    static const struct option known[] = {{"host", required_argument, NULL, 'h'},
                                          {"port", required_argument, NULL, 'p'},
                                          {"ca", required_argument, NULL, 'c'},
                                          {"key", required_argument, NULL, 'k'},
                                          {"key-id", required_argument, NULL, 'i'},
                                          {"team", required_argument, NULL, 't'},
                                          {"topic", required_argument, NULL, 'o'},
                                          {"jobs", required_argument, NULL, 'n'},
                                          {"in-flight", required_argument, NULL, 'm'},
                                          {"payload-bytes", required_argument, NULL, 'b'},
                                          {"recipients", required_argument, NULL, 'r'},
                                          {"chained", no_argument, NULL, 'C'},
                                          {NULL, 0, NULL, 0}};
    struct options options = {.host = "localhost",
                              .key_id = "ABC123DEFG",
                              .team = "DEF123GHIJ",
                              .topic = "fr.astreinte.app",
                              .jobs = 100000,
                              .in_flight = 1000};
    int letter;
    bool wrong = false;
    while ((letter = options_next(argc, argv, "", known, NULL)) != -1) {
        const char **text = letter == 'h'   ? &options.host
                            : letter == 'p' ? &options.port
                            : letter == 'c' ? &options.ca
                            : letter == 'k' ? &options.key
                            : letter == 'i' ? &options.key_id
                            : letter == 't' ? &options.team
                            : letter == 'o' ? &options.topic
                                            : NULL;
        if (text != NULL) {
            *text = optarg;
        } else if (letter == 'n') {
            options.jobs = strtoul(optarg, NULL, 10);
        } else if (letter == 'm') {
            options.in_flight = strtoul(optarg, NULL, 10);
        } else if (letter == 'b') {
            options.payload_bytes = strtoul(optarg, NULL, 10);
        } else if (letter == 'r') {
            options.recipients = strtoul(optarg, NULL, 10);
        } else if (letter == 'C') {
            options.chained = true;
        } else {
            wrong = true;
        }
    }
    if (wrong || options.port == NULL || options.key == NULL || options.jobs == 0 ||
        options.in_flight == 0 || (options.chained && options.in_flight > 1)) {
        (void)fprintf(stderr, "usage: push_bench --port P --key FILE --ca FILE [--jobs N] "
                              "[--in-flight M] [--payload-bytes B] [--recipients R] "
                              "[--chained (one in flight)]\n");
        exit(2);
    }
    return options;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double thread_cpu_s(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_THREAD, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

static double process_cpu_s(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

/* The notification's data, filled up so that the payload has about the bytes asked for. */
static void make_data(const struct options *options, char data_r[PAYLOAD_BYTES_MAX])
{
    size_t unfilled = PAYLOAD_BYTES_UNFILLED + (options->recipients > 0 ? PAYLOAD_BYTES_SEALED : 0);
    size_t fill = options->payload_bytes > unfilled ? options->payload_bytes - unfilled : 0;
    fill = fill < PAYLOAD_BYTES_MAX / 2 ? fill : PAYLOAD_BYTES_MAX / 2;
    int used = snprintf(data_r, PAYLOAD_BYTES_MAX,
                        "{\"escalation\":\"0190a7e0-0000-7000-8000-000000000001\","
                        "\"kind\":\"escalation\",\"accept\":\"v1.c2lnbmVkLWFjdGlvbg\","
                        "\"fill\":\"");
    memset(data_r + used, 'x', fill);
    (void)snprintf(data_r + (size_t)used + fill, PAYLOAD_BYTES_MAX - (size_t)used - fill, "\"}");
}

/* As many secrets as there are recipients, each for a key of its own; NULL for none. */
static struct push_secret *make_secrets(size_t count)
{
    struct push_secret *secrets = count == 0 ? NULL : calloc(count, sizeof *secrets);
    for (size_t i = 0; i < count && secrets != NULL; i++) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        size_t bytes = 0;
        if (key == NULL ||
            EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, secrets[i].public_key,
                                            PUSH_PUBLIC_KEY_BYTES, &bytes) != 1) {
            (void)fprintf(stderr, "making keys failed\n");
            exit(1);
        }
        EVP_PKEY_free(key);
        random_fill(&random_system, secrets[i].auth_secret, PUSH_AUTH_SECRET_BYTES);
        secrets[i].title = "Centrale de chauffage en panne, deux blocs froids";
        secrets[i].body = "Hôpital, bâtiment C, troisième étage : la chaudière 2 s'est arrêtée à "
                          "02:41, la pression tombe. Rappeler le gardien avant de partir.";
        secrets[i].data_json = "{\"ticket\":\"0190a7e0-0000-7000-8000-000000000002\"}";
    }
    return secrets;
}

static void await_done(struct bench *bench)
{
    (void)pthread_mutex_lock(&bench->lock);
    while (bench->done < bench->options->jobs) {
        (void)pthread_cond_wait(&bench->changed, &bench->lock);
    }
    (void)pthread_mutex_unlock(&bench->lock);
}

static void submit_all(struct bench *bench)
{
    const struct options *options = bench->options;
    size_t submitted = 0;
    size_t all = options->chained ? 1 : options->jobs; /* the rest follow by themselves */
    while (submitted < all) {
        (void)pthread_mutex_lock(&bench->lock);
        while (bench->inside >= options->in_flight) {
            (void)pthread_cond_wait(&bench->changed, &bench->lock);
        }
        size_t room = options->in_flight - bench->inside;
        size_t left = all - submitted;
        size_t count = room < left ? room : left;
        count = count < BATCH_JOBS ? count : BATCH_JOBS;
        bench->inside += count;
        (void)pthread_mutex_unlock(&bench->lock);
        submit(bench, submitted, count);
        submitted += count;
    }
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* One at a time, each takes as long as lies between two completions. */
static void print_times(const struct bench *bench, size_t jobs)
{
    size_t count = jobs - 1;
    int64_t *times_ns = bench->completed_ns;
    for (size_t i = 0; i < count; i++) {
        times_ns[i] = times_ns[i + 1] - times_ns[i];
    }
    qsort(times_ns, count, sizeof *times_ns, compare);
    size_t half = count / 2, most = count * 99 / 100;
    (void)printf("one at a time: p50 %.4f ms, p99 %.4f ms\n", (double)times_ns[half] / 1e6,
                 (double)times_ns[most] / 1e6);
}

int main(int argc, char **argv)
{
    struct options options = read_options(argc, argv);
    struct bench bench = {.options = &options,
                          .lock = PTHREAD_MUTEX_INITIALIZER,
                          .changed = PTHREAD_COND_INITIALIZER};
    make_data(&options, bench.data);
    bench.completed_ns = calloc(options.jobs, sizeof *bench.completed_ns);
    if (bench.completed_ns == NULL) {
        return 1;
    }
    char *key = read_file(options.key);
    struct push_apns_account account = {
        .endpoints = {{options.host, options.port}, {options.host, options.port}},
        .key_pem = key,
        .key_id = options.key_id,
        .team_id = options.team,
        .topic = options.topic};
    struct push_configuration configuration = {
        .ca_file = options.ca, .apns = &account, .apns_count = 1, .connections_max = 1};
    struct error error = {0};
    if (push_sender_create(&configuration, &bench.sender, &error) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        free(bench.completed_ns);
        free(key);
        return 1;
    }
    struct push_secret *secrets = make_secrets(options.recipients);
    bench.secrets = secrets;
    double made_s = thread_cpu_s();
    int64_t began_ns = clock_stopwatch_ns();
    submit_all(&bench);
    await_done(&bench);
    double wall_s = (double)(clock_stopwatch_ns() - began_ns) / 1e9;
    double submitter_s = thread_cpu_s();
    double sender_s = process_cpu_s() - submitter_s;
    submitter_s -= made_s;
    push_sender_destroy(&bench.sender);
    free(secrets);
    free(key);
    (void)printf("jobs %zu, in flight %zu: %.0f requests/s (%.3f s); %.2f us each; "
                 "sender's threads %.2f us, submitter %.2f us of processor each\n",
                 options.jobs, options.in_flight, (double)options.jobs / wall_s, wall_s,
                 wall_s * 1e6 / (double)options.jobs, sender_s * 1e6 / (double)options.jobs,
                 submitter_s * 1e6 / (double)options.jobs);
    if (options.in_flight == 1 && options.jobs > 1) {
        print_times(&bench, options.jobs);
    }
    for (int i = 0; i < 5; i++) {
        if (bench.outcomes[i] > 0) {
            (void)printf("%s: %zu%s%s\n", push_outcome_text((enum push_outcome)i),
                         bench.outcomes[i],
                         i == 0 ? "" : ", first reason: ", i == 0 ? "" : bench.first_reason);
        }
    }
    free(bench.completed_ns);
    return 0;
}
