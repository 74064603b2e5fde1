/* library_log.c - hands the lines of the log to the program that linked the library. */
#include <assert.h>

#include "apns-fcm/push.h"
#include "gateway/base/log.h"

static_assert((int)PUSH_LOG_DEBUG == LOG_DEBUG && (int)PUSH_LOG_NOTHING == LOG_NOTHING,
              "the levels are the same");

static push_log_write *program_write;

static void hand_over(void *context, enum log_level level, const char *line, size_t bytes)
{
    (void)bytes;
    program_write(context, (enum push_log_level)level, line);
}

void push_set_log(enum push_log_level least, push_log_write *write, void *context)
{
    log_set_level((enum log_level)least);
    program_write = write;
    log_set_sink(write != NULL ? hand_over : NULL, context);
}
