#include "gateway/ctl/sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct trace {
    char text[1024];
    int stop_after;
};

static bool record(void *context, const struct sse_event *event)
{
    struct trace *trace = context;
    size_t used = strlen(trace->text);
    (void)snprintf(trace->text + used, sizeof trace->text - used, "%s|%s|%s;", event->id,
                   event->kind, event->data);
    trace->stop_after--;
    return trace->stop_after != 0;
}

static const char stream[] = ": hello\r\n\r\n"
                             "id: 7\nevent: accepted\ndata: {\"a\":1}\n\n"
                             "data:first\ndata: second\r\n\r\n"
                             "event: lost\n\n" /* without data: no event */
                             "retry: 10\nid: 8\rdata: x\r\r";
static const char expected[] = "7|accepted|{\"a\":1};7|message|first\nsecond;8|message|x;";

static void test_feed__any_split_gives_the_same_events(void **state)
{
    (void)state;
    for (size_t chunk = 1; chunk <= sizeof stream; chunk++) {
        struct trace trace = {.stop_after = -1};
        struct sse_parser *parser = sse_create(record, &trace);
        assert_non_null(parser);
        for (size_t at = 0; at < sizeof stream - 1; at += chunk) {
            size_t left = sizeof stream - 1 - at;
            assert_int_equal(sse_feed(parser, stream + at, left < chunk ? left : chunk), STATUS_OK);
        }
        assert_string_equal(trace.text, expected);
        assert_string_equal(sse_last_id(parser), "8");
        sse_destroy(&parser);
        assert_null(parser);
    }
}

static void test_feed__stops_when_asked(void **state)
{
    (void)state;
    struct trace trace = {.stop_after = 1};
    struct sse_parser *parser = sse_create(record, &trace);
    assert_int_equal(sse_feed(parser, stream, sizeof stream - 1), STATUS_DONE);
    assert_string_equal(trace.text, "7|accepted|{\"a\":1};");
    sse_destroy(&parser);
}

static void test_reset__keeps_the_id_and_drops_the_half_event(void **state)
{
    (void)state;
    struct trace trace = {.stop_after = -1};
    struct sse_parser *parser = sse_create(record, &trace);
    static const char half[] = "id: 3\ndata: lost\nda", next[] = "data: kept\n\n";
    assert_int_equal(sse_feed(parser, half, sizeof half - 1), STATUS_OK);
    sse_reset(parser);
    assert_int_equal(sse_feed(parser, next, sizeof next - 1), STATUS_OK);
    assert_string_equal(trace.text, "3|message|kept;");
    sse_destroy(&parser);
}

static void test_feed__refuses_an_endless_event(void **state)
{
    (void)state;
    struct trace trace = {.stop_after = -1};
    struct sse_parser *parser = sse_create(record, &trace);
    char *bytes = malloc(SSE_EVENT_BYTES_MAX + 1);
    assert_non_null(bytes);
    memset(bytes, 'x', SSE_EVENT_BYTES_MAX + 1);
    assert_int_equal(sse_feed(parser, bytes, SSE_EVENT_BYTES_MAX + 1), STATUS_TOO_LARGE);
    free(bytes);
    sse_destroy(&parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_feed__any_split_gives_the_same_events),
        cmocka_unit_test(test_feed__stops_when_asked),
        cmocka_unit_test(test_reset__keeps_the_id_and_drops_the_half_event),
        cmocka_unit_test(test_feed__refuses_an_endless_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
