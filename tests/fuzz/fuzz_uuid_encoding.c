/* What uuid_parse() and base64_decode() accept, they write back as it was. */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/base/encoding.h"
#include "gateway/base/uuid.h"

#define INPUT_BYTES_MAX 4096

static void check(bool promise)
{
    if (!promise) {
        abort();
    }
}

static void try_uuid(const char *text)
{
    struct uuid uuid;
    char again[UUID_TEXT_BYTES];
    if (uuid_parse(text, &uuid) == STATUS_OK) {
        uuid_format(uuid, again);
        check(strcasecmp(text, again) == 0);
    }
}

static void try_decode(const char *text, size_t bytes)
{
    uint8_t decoded[INPUT_BYTES_MAX];
    char again[BASE64_TEXT_BYTES(INPUT_BYTES_MAX)];
    size_t decoded_bytes;
    if (base64_decode(text, bytes, decoded, sizeof decoded, &decoded_bytes) != STATUS_OK) {
        return;
    }
    base64url_encode(decoded, decoded_bytes, again);
    for (size_t i = 0; again[i] != '\0'; i++) {
        bool standard = (again[i] == '-' && text[i] == '+') || (again[i] == '_' && text[i] == '/');
        check(text[i] == again[i] || standard);
    }
    for (size_t i = strlen(again); i < bytes; i++) {
        check(text[i] == '=');
    }
}

static void try_encode(const uint8_t *data, size_t bytes)
{
    uint8_t decoded[INPUT_BYTES_MAX];
    char text[BASE64_TEXT_BYTES(INPUT_BYTES_MAX)];
    size_t decoded_bytes;
    base64_encode(data, bytes, text);
    check(base64_decode(text, strlen(text), decoded, sizeof decoded, &decoded_bytes) == STATUS_OK);
    check(decoded_bytes == bytes && (bytes == 0 || memcmp(decoded, data, bytes) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char text[INPUT_BYTES_MAX + 1];
    if (bytes > INPUT_BYTES_MAX) {
        return 0;
    }
    if (bytes > 0) {
        memcpy(text, data, bytes);
    }
    text[bytes] = '\0';
    try_uuid(text);
    try_decode(text, bytes);
    try_encode(data, bytes);
    return 0;
}
