#include "gateway/base/log.h"

#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define CAPTURED_BYTES_MAX 8192

static int pipe_ends[2];
static int standard_error;

static int capture_begin(void **state)
{
    (void)state;
    assert_int_equal(pipe2(pipe_ends, O_NONBLOCK | O_CLOEXEC), 0);
    standard_error = dup(STDERR_FILENO);
    assert_true(dup2(pipe_ends[1], STDERR_FILENO) >= 0);
    return 0;
}

static int capture_end(void **state)
{
    (void)state;
    (void)dup2(standard_error, STDERR_FILENO);
    (void)close(standard_error);
    (void)close(pipe_ends[0]);
    (void)close(pipe_ends[1]);
    log_set_level(LOG_INFO);
    return 0;
}

/* What was written since, as one JSON object on one line; NULL when nothing was. */
static json_t *captured(void)
{
    char text[CAPTURED_BYTES_MAX];
    ssize_t bytes = read(pipe_ends[0], text, sizeof text - 1);
    if (bytes <= 0) {
        return NULL;
    }
    text[bytes] = '\0';
    assert_ptr_equal(strchr(text, '\n'), text + bytes - 1);
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

static const char *member(json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

static void log__a_line_is_one_object(void **state)
{
    (void)state;
    struct uuid uuid = {{0x01}};
    log_warning("push.connection_lost", LOG_INT("streams", 3), LOG_UUID("attempt", uuid),
                LOG_TEXT("detail", "line\nfeed"), LOG_TEXT("nothing", NULL),
                LOG_STATUS(STATUS_UNCERTAIN));
    json_t *json = captured();
    assert_non_null(json);
    assert_string_equal(member(json, "level"), "warning");
    assert_string_equal(member(json, "event"), "push.connection_lost");
    assert_int_equal(json_integer_value(json_object_get(json, "streams")), 3);
    assert_string_equal(member(json, "attempt"), "01000000-0000-0000-0000-000000000000");
    assert_string_equal(member(json, "detail"), "line\nfeed");
    assert_string_equal(member(json, "nothing"), "");
    assert_string_equal(member(json, "status"), "uncertain");
    assert_int_equal(strlen(member(json, "time")), 24);
    json_decref(json);
}

static void log__below_the_level_nothing_is_written(void **state)
{
    (void)state;
    log_debug("quiet", LOG_NONE);
    assert_null(captured());
    log_set_level(LOG_DEBUG);
    log_debug("loud", LOG_NONE);
    json_t *json = captured();
    assert_non_null(json);
    json_decref(json);
    log_set_level(LOG_ERROR);
    log_warning("quiet", LOG_NONE);
    assert_null(captured());
}

static void log__too_long_a_line_keeps_its_event(void **state)
{
    (void)state;
    char text[4096];
    for (size_t length = 1800; length < 2100; length++) {
        memset(text, 'x', length);
        text[length] = '\0';
        log_error("engine.alarm", LOG_TEXT("detail", text));
        json_t *json = captured();
        assert_non_null(json);
        assert_string_equal(member(json, "event"), "engine.alarm");
        bool whole = member(json, "detail") != NULL;
        assert_int_equal(json_is_true(json_object_get(json, "truncated")), !whole);
        assert_true(!whole || strlen(member(json, "detail")) == length);
        assert_true(length < 2050 || !whole);
        json_decref(json);
    }
}

struct sunk {
    enum log_level level;
    char line[256];
};

static void sink(void *context, enum log_level level, const char *line, size_t bytes)
{
    struct sunk *sunk = context;
    assert_int_equal(strlen(line), bytes);
    assert_true(bytes < sizeof sunk->line);
    sunk->level = level;
    memcpy(sunk->line, line, bytes + 1);
}

static void log__goes_where_it_is_sent(void **state)
{
    (void)state;
    struct sunk sunk = {.level = LOG_NOTHING};
    log_set_sink(sink, &sunk);
    log_error("elsewhere", LOG_NONE);
    assert_null(captured());
    assert_int_equal(sunk.level, LOG_ERROR);
    assert_non_null(strstr(sunk.line, "\"event\":\"elsewhere\"}\n"));
    log_set_sink(NULL, NULL);
    log_error("here", LOG_NONE);
    json_t *json = captured();
    assert_non_null(json);
    json_decref(json);
}

static void log__nothing_silences_errors_too(void **state)
{
    (void)state;
    log_set_level(LOG_NOTHING);
    log_error("quiet", LOG_NONE);
    assert_null(captured());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(log__a_line_is_one_object, capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(log__below_the_level_nothing_is_written, capture_begin,
                                        capture_end),
        cmocka_unit_test_setup_teardown(log__goes_where_it_is_sent, capture_begin, capture_end),
        cmocka_unit_test_setup_teardown(log__nothing_silences_errors_too, capture_begin,
                                        capture_end),
        cmocka_unit_test_setup_teardown(log__too_long_a_line_keeps_its_event, capture_begin,
                                        capture_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
