/* dispatch_private.h - rendering, apart from sending: pure functions from an effect to text. */
#ifndef GATEWAY_DISPATCH_DISPATCH_PRIVATE_H
#define GATEWAY_DISPATCH_DISPATCH_PRIVATE_H

#include "gateway/dispatch/dispatch.h"

#define BODY_BYTES_MAX 8192
#define DATA_BYTES_MAX 1024

/* What a notification shows; fixed words in the person's language. */
struct notification_words {
    const char *title;
    const char *body;
};

/* A test push of the lowest severity: the app answers it, and nobody is to hear it. */
bool render_is_probe(const struct effect *effect);

struct notification_words render_notification(const struct effect *effect);

/* The push's data for the app: ids, kind and action tokens. Answers its bytes, 0 when it does not
 * fit. */
size_t render_push_data(const struct effect *effect, char *text, size_t text_bytes);

/* A push's notification and the texts it points to. Must not move. */
struct push_message {
    struct push_notification notification;
    struct push_secret secret; /* used by devices with keys */
    char collapse[UUID_TEXT_BYTES];
    char data[DATA_BYTES_MAX];
    char title[256];
    char body[1280];
    char secret_data[DATA_BYTES_MAX];
};

/* What goes to effect->device: neutral words and ids, and a secret when it has keys. TOO_LARGE. */
enum status push_message_render(const struct effect *effect, struct push_message *message);

/* Whether the device registered a key and a secret of the right form; decodes them. */
bool push_message_has_keys(const struct directory_device *device, struct push_secret *secret_r);

/* The body of the request to the telephony layer or the call centre. Answers its bytes, 0 when it
 * does not fit. */
size_t render_callback(const struct effect *effect, const char *public_url, char *text,
                       size_t text_bytes);

/* {"type":"gateway.alarm",…} */
size_t render_alarm(struct uuid id, const char *kind, const char *detail, char *text,
                    size_t text_bytes);

#endif
