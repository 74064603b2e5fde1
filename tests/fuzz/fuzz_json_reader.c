/* Any bytes: json_parse() and the readers answer without a crash; a fault has words and a place
 * that are UTF-8, and what is accepted keeps the limits it was asked with. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/json_reader.h"
#include "gateway/base/text.h"

static const char *const words[] = {"critical", "urgent", NULL};

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

static enum status take_all(json_t *json, struct error *error)
{
    struct json_reader reader;
    json_reader_init(&reader, json, "", error);
    const char *text = json_take_text(&reader, "text", true, 1, 8);
    check(text == NULL || (strlen(text) >= 1 && strlen(text) <= 8));
    const char *slug = json_take_slug(&reader, "slug", false);
    check(slug == NULL || text_is_slug(slug));
    int64_t number = json_take_int(&reader, "int", false, -10, 10, 11);
    check(number >= -10 && number <= 11);
    (void)json_take_bool(&reader, "bool", false);
    int word = json_take_word(&reader, "word", false, words, -1);
    check(word >= -1 && word <= 1);
    const json_t *array = json_take_array(&reader, "array", false, 1, 2);
    check(array == NULL || (json_array_size(array) >= 1 && json_array_size(array) <= 2));
    (void)json_take_object(&reader, "object", false);
    return json_reader_end(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct error error = {.text = ""};
    json_t *json = NULL;
    enum status status = json_parse((const char *)data, bytes, &json, &error);
    if (status == STATUS_OK) {
        status = take_all(json, &error);
    } else {
        check(json == NULL);
    }
    if (status != STATUS_OK) {
        check(error.text[0] != '\0' && text_is_utf8(error.text, strlen(error.text)));
        check(text_is_utf8(error.pointer, strlen(error.pointer)));
    }
    json_decref(json);
    return 0;
}
