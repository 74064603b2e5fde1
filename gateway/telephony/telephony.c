/* telephony.c - the room's front: configuration in, jobs in, start and stop. */
#include "gateway/telephony/telephony.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "gateway/base/fault_signals.h"
#include "gateway/base/text.h"
#include "gateway/telephony/telephony_private.h"

#define JOBS_MAX_DEFAULT       4096
#define TRY_TIMEOUT_MS_DEFAULT 5000
#define RETRY_FIRST_MS_DEFAULT 500
#define RETRY_MS_MAX_DEFAULT   30000
#define CONFIGURED_MS_MAX      3600000
#define CONNECTIONS_KEPT_MAX   64L

/* A checked copy of what a reload may change. */
struct settings {
    struct endpoint *endpoints[TELEPHONY_ENDPOINTS_MAX];
    size_t endpoints_count;
    char *ca_file;
    struct webhook_times times;
};

static void settings_fini(struct settings *settings)
{
    for (size_t i = 0; i < settings->endpoints_count; i++) {
        telephony_endpoint_destroy(&settings->endpoints[i]);
    }
    free(settings->ca_file);
}

static enum status settings_add_endpoints(struct settings *settings,
                                          const struct telephony_configuration *configuration,
                                          struct error *error)
{
    if (configuration->endpoints_count > TELEPHONY_ENDPOINTS_MAX) {
        return error_set(error, STATUS_CONFIGURATION, "more than %d endpoints",
                         TELEPHONY_ENDPOINTS_MAX);
    }
    for (size_t i = 0; i < configuration->endpoints_count; i++) {
        enum status status =
            telephony_endpoint_create(&configuration->endpoints[i], &settings->endpoints[i], error);
        if (status != STATUS_OK) {
            return status;
        }
        settings->endpoints_count++;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(settings->endpoints[i]->name, settings->endpoints[j]->name) == 0) {
                return error_set(error, STATUS_CONFIGURATION, "endpoint %s is there twice",
                                 settings->endpoints[i]->name);
            }
        }
    }
    return STATUS_OK;
}

/* As libcurl will read it. It would find out only with the first call, and so with every call. */
static enum status check_ca_file(const char *ca_file, struct error *error)
{
    FILE *file = fopen(ca_file, "re");
    if (file == NULL) {
        return error_set(
            error, STATUS_CONFIGURATION,
            "[telephony] ca_file: %s: %s: name a file that the gateway's user can read", ca_file,
            strerror(errno));
    }
    (void)fclose(file);
    X509_STORE *store = X509_STORE_new();
    if (store == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "no memory for the CA file");
    }
    bool trusts = X509_STORE_load_file(store, ca_file) == 1;
    X509_STORE_free(store);
    ERR_clear_error(); /* what it left is nobody's */
    return trusts
               ? STATUS_OK
               : error_set(error, STATUS_CONFIGURATION,
                           "[telephony] ca_file: %s holds no certificate: it must be a bundle in "
                           "PEM; leave the key out for the system's",
                           ca_file);
}

static enum status settings_add_ca_file(struct settings *settings, const char *ca_file,
                                        struct error *error)
{
    if (ca_file == NULL) {
        return STATUS_OK;
    }
    enum status status = check_ca_file(ca_file, error);
    if (status != STATUS_OK) {
        return status;
    }
    settings->ca_file = strdup(ca_file);
    return settings->ca_file != NULL ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "CA file");
}

static int64_t or_default(int64_t value, int64_t fallback)
{
    return value != 0 ? value : fallback;
}

static enum status settings_add_times(struct settings *settings,
                                      const struct telephony_configuration *configuration,
                                      struct error *error)
{
    struct webhook_times times = {
        .try_timeout_ms = or_default(configuration->try_timeout_ms, TRY_TIMEOUT_MS_DEFAULT),
        .retry_first_ms = or_default(configuration->retry_first_ms, RETRY_FIRST_MS_DEFAULT),
        .retry_ms_max = or_default(configuration->retry_ms_max, RETRY_MS_MAX_DEFAULT),
    };
    if (times.try_timeout_ms < 1 || times.try_timeout_ms > CONFIGURED_MS_MAX ||
        times.retry_first_ms < 1 || times.retry_ms_max < times.retry_first_ms ||
        times.retry_ms_max > CONFIGURED_MS_MAX) {
        return error_set(error, STATUS_CONFIGURATION,
                         "times must be 1 ms to an hour, the first wait not above the longest");
    }
    settings->times = times;
    return STATUS_OK;
}

/* On failure nothing is left to free. */
static enum status settings_init(struct settings *settings,
                                 const struct telephony_configuration *configuration,
                                 struct error *error)
{
    *settings = (struct settings){.endpoints_count = 0};
    enum status status = settings_add_endpoints(settings, configuration, error);
    if (status == STATUS_OK) {
        status = settings_add_ca_file(settings, configuration->ca_file, error);
    }
    if (status == STATUS_OK) {
        status = settings_add_times(settings, configuration, error);
    }
    if (status != STATUS_OK) {
        settings_fini(settings);
    }
    return status;
}

/* Under the lock, or before the thread runs. */
static struct lane *find_lane(const struct telephony *telephony, const char *name)
{
    struct lane *lane = telephony->lanes;
    while (lane != NULL && strcmp(lane->name, name) != 0) {
        lane = lane->next;
    }
    return lane;
}

/* Makes the lanes that the endpoints need, so that applying them cannot fail half-way. */
static enum status add_lanes(struct telephony *telephony, const struct settings *settings,
                             struct error *error)
{
    for (size_t i = 0; i < settings->endpoints_count; i++) {
        const char *name = settings->endpoints[i]->name;
        if (find_lane(telephony, name) != NULL) {
            continue;
        }
        if (telephony->lanes_count == LANES_MAX) {
            return error_set(error, STATUS_TOO_LARGE,
                             "too many different endpoints since the start");
        }
        struct lane *lane = calloc(1, sizeof *lane);
        if (lane == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "endpoint %s: out of memory", name);
        }
        (void)text_copy(lane->name, sizeof lane->name, name);
        telephony_health_init(&lane->health, name);
        lane->next = telephony->lanes;
        telephony->lanes = lane;
        telephony->lanes_count++;
    }
    return STATUS_OK;
}

/* Takes the endpoint of this name out of the settings; NULL when there is none. */
static struct endpoint *take_endpoint(struct settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->endpoints_count; i++) {
        struct endpoint *endpoint = settings->endpoints[i];
        if (endpoint != NULL && strcmp(endpoint->name, name) == 0) {
            settings->endpoints[i] = NULL;
            return endpoint;
        }
    }
    return NULL;
}

/* Under the lock, or before the thread runs. Takes the settings' contents over. */
static void apply_settings(struct telephony *telephony, struct settings *settings)
{
    for (struct lane *lane = telephony->lanes; lane != NULL; lane = lane->next) {
        struct endpoint *fresh = take_endpoint(settings, lane->name);
        if (lane->endpoint == NULL || fresh == NULL ||
            strcmp(lane->endpoint->url, fresh->url) != 0) {
            telephony_health_init(&lane->health, lane->name); /* another receiver */
        }
        telephony_endpoint_destroy(&lane->endpoint);
        lane->endpoint = fresh;
    }
    free(telephony->ca_file);
    telephony->ca_file = settings->ca_file;
    settings->ca_file = NULL;
    telephony->times = settings->times;
}

/* Frees a telephony without thread and jobs. */
static void dispose(struct telephony *telephony)
{
    while (telephony->lanes != NULL) {
        struct lane *lane = telephony->lanes;
        telephony->lanes = lane->next;
        telephony_endpoint_destroy(&lane->endpoint);
        free(lane);
    }
    if (telephony->multi != NULL) {
        (void)curl_multi_cleanup(telephony->multi);
    }
    (void)pthread_mutex_destroy(&telephony->lock);
    free(telephony->ca_file);
    free(telephony->heap.jobs);
    free(telephony);
}

/* libcurl's global state stays until the process ends: other rooms may use it too. */
static void init_curl(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        abort();
    }
}

/* Signals are the main thread's business; a blocked SIGPIPE also cannot end the process. */
static enum status start_thread(struct telephony *telephony, struct error *error)
{
    sigset_t all;
    sigset_t before;
    fault_signals_fill_others(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&telephony->thread, NULL, telephony_thread, telephony);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        return error_set(error, STATUS_IO, "starting the telephony thread: %s", strerror(failed));
    }
    (void)pthread_setname_np(telephony->thread, "telephony");
    return STATUS_OK;
}

enum status telephony_create(const struct telephony_configuration *configuration,
                             struct telephony **telephony_r, struct error *error)
{
    static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&curl_once, init_curl);
    assert(configuration->clock != NULL && configuration->random != NULL);
    size_t jobs_max = configuration->jobs_max != 0 ? configuration->jobs_max : JOBS_MAX_DEFAULT;
    if (jobs_max > TELEPHONY_JOBS_MAX) {
        return error_set(error, STATUS_CONFIGURATION, "more than %d telephony jobs",
                         TELEPHONY_JOBS_MAX);
    }
    struct settings settings;
    enum status status = settings_init(&settings, configuration, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct telephony *telephony = calloc(1, sizeof *telephony);
    if (telephony == NULL) {
        settings_fini(&settings);
        return error_set(error, STATUS_NO_MEMORY, "telephony: out of memory");
    }
    (void)pthread_mutex_init(&telephony->lock, NULL);
    telephony->clock = configuration->clock;
    telephony->pulse_asked = clock_monotonic(configuration->clock);
    telephony->pulse_answered = telephony->pulse_asked;
    telephony->random = configuration->random;
    telephony->jobs_max = jobs_max;
    telephony->heap.capacity = jobs_max;
    telephony->heap.jobs = calloc(jobs_max, sizeof(struct job *));
    telephony->multi = curl_multi_init();
    if (telephony->heap.jobs == NULL || telephony->multi == NULL) {
        status = error_set(error, STATUS_NO_MEMORY, "telephony: out of memory");
    } else {
        (void)curl_multi_setopt(telephony->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT_MAX);
        status = add_lanes(telephony, &settings, error);
    }
    if (status == STATUS_OK) {
        apply_settings(telephony, &settings);
        status = start_thread(telephony, error);
    }
    settings_fini(&settings);
    if (status != STATUS_OK) {
        dispose(telephony);
        return status;
    }
    *telephony_r = telephony;
    return STATUS_OK;
}

void telephony_destroy(struct telephony **telephony)
{
    struct telephony *ending = *telephony;
    if (ending == NULL) {
        return;
    }
    *telephony = NULL;
    (void)pthread_mutex_lock(&ending->lock);
    ending->stopping = true;
    (void)pthread_mutex_unlock(&ending->lock);
    (void)curl_multi_wakeup(ending->multi);
    (void)pthread_join(ending->thread, NULL);
    assert(ending->statistics.jobs_inside == 0);
    dispose(ending);
}

/* Copies the caller's job; NULL when out of memory. */
static struct job *copy_job(const struct telephony_job *from, size_t body_bytes)
{
    struct job *job = calloc(1, sizeof *job + body_bytes + 1);
    if (job != NULL) {
        job->place = JOB_INBOX;
        job->id = from->id;
        job->deadline = from->deadline;
        job->complete = from->complete;
        job->context = from->context;
        job->burden = from->burden;
        job->body = (char *)(job + 1);
        job->body_bytes = body_bytes;
        memcpy(job->body, from->body_json, body_bytes);
    }
    return job;
}

enum status telephony_submit(struct telephony *telephony, const struct telephony_job *job,
                             struct error *error)
{
    assert(job->complete != NULL);
    size_t body_bytes = strlen(job->body_json);
    if (body_bytes > TELEPHONY_BODY_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "a callback of more than %d bytes",
                         TELEPHONY_BODY_BYTES_MAX);
    }
    struct job *copy = copy_job(job, body_bytes);
    if (copy == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "callback: out of memory");
    }
    enum status status = STATUS_OK;
    (void)pthread_mutex_lock(&telephony->lock);
    copy->lane = find_lane(telephony, job->endpoint);
    if (telephony->stopping) {
        status = STATUS_STOPPING;
    } else if (copy->lane == NULL || copy->lane->endpoint == NULL) {
        status = STATUS_NOT_FOUND;
    } else if (telephony->statistics.jobs_inside == telephony->jobs_max) {
        status = STATUS_FULL;
    } else {
        job_list_append(&telephony->inbox, copy);
        telephony->statistics.jobs_inside++;
        telephony->statistics.jobs_submitted++;
    }
    (void)pthread_mutex_unlock(&telephony->lock);
    if (status != STATUS_OK) {
        free(copy);
        return error_set(error, status, "callback endpoint %s: %s", job->endpoint,
                         status_text(status));
    }
    (void)curl_multi_wakeup(telephony->multi);
    return STATUS_OK;
}

void telephony_go_one_at_a_time(struct telephony *telephony, int64_t ms)
{
    atomic_store(&telephony->one_until_ms, clock_monotonic(telephony->clock).ms + ms);
}

enum status telephony_reload(struct telephony *telephony,
                             const struct telephony_configuration *configuration,
                             struct error *error)
{
    struct settings settings;
    enum status status = settings_init(&settings, configuration, error);
    if (status != STATUS_OK) {
        return status;
    }
    (void)pthread_mutex_lock(&telephony->lock);
    status = add_lanes(telephony, &settings, error);
    if (status == STATUS_OK) {
        apply_settings(telephony, &settings);
    }
    (void)pthread_mutex_unlock(&telephony->lock);
    settings_fini(&settings);
    return status;
}

void telephony_statistics(struct telephony *telephony, struct telephony_statistics *statistics_r)
{
    (void)pthread_mutex_lock(&telephony->lock);
    *statistics_r = telephony->statistics;
    (void)pthread_mutex_unlock(&telephony->lock);
}

size_t telephony_healths(struct telephony *telephony, const char *except,
                         struct telephony_health *healths_r)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&telephony->lock);
    for (const struct lane *lane = telephony->lanes; lane != NULL; lane = lane->next) {
        bool wanted = except == NULL || strcmp(lane->name, except) != 0;
        if (wanted && lane->endpoint != NULL) {
            assert(count < TELEPHONY_ENDPOINTS_MAX);
            healths_r[count++] = lane->health;
        }
    }
    (void)pthread_mutex_unlock(&telephony->lock);
    return count;
}

struct monotonic_time telephony_pulse(struct telephony *telephony)
{
    struct monotonic_time now = clock_monotonic(telephony->clock);
    (void)pthread_mutex_lock(&telephony->lock);
    struct monotonic_time answered = telephony->pulse_answered;
    telephony->pulse_asked = now;
    (void)pthread_mutex_unlock(&telephony->lock);
    (void)curl_multi_wakeup(telephony->multi);
    return answered;
}

const char *telephony_outcome_text(enum telephony_outcome outcome)
{
    switch (outcome) {
    case TELEPHONY_DELIVERED:
        return "delivered";
    case TELEPHONY_REFUSED:
        return "refused";
    case TELEPHONY_RETRY_EXHAUSTED:
        return "retry_exhausted";
    case TELEPHONY_EXPIRED:
        return "expired";
    case TELEPHONY_UNCERTAIN:
        return "uncertain";
    }
    return "unknown";
}
