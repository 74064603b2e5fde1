/* A time that is accepted is written and read back as the same moment. */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/time.h"

#define INPUT_BYTES_MAX 256

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char text[INPUT_BYTES_MAX + 1], again[RFC3339_BYTES_MAX];
    struct wall_time time, same;
    if (bytes > INPUT_BYTES_MAX) {
        return 0;
    }
    if (bytes > 0) {
        memcpy(text, data, bytes);
    }
    text[bytes] = '\0';
    if (wall_time_parse(text, &time) != STATUS_OK) {
        return 0;
    }
    wall_time_format(time, again);
    check(strlen(again) == 24);
    check(wall_time_parse(again, &same) == STATUS_OK);
    /* An offset can lead out of the years that are written: those are clamped. */
    bool writable = time.ms >= 0 && time.ms <= INT64_C(253402300799999);
    check(!writable || same.ms == time.ms);
    return 0;
}
