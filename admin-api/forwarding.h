/* forwarding.h - "which number am I to dial?", as the telephony layer asks it, and how it is
 * answered: as text for a PBX that reads a line, as JSON, and as TwiML for a CPaaS.
 */
#ifndef ADMIN_API_FORWARDING_H
#define ADMIN_API_FORWARDING_H

#include <stddef.h>

#include "gateway/base/json_writer.h"
#include "gateway/engine/directory.h"
#include "gateway/engine/ladder.h"

/* How long one of the ladder rings before the next: shorter than it takes a voicemail to answer. */
#define FORWARDING_RING_S 25
/* Twilio takes ten <Number> in a <Dial>. */
#define FORWARDING_TWIML_NUMBERS_MAX 10
/* The longest text: LADDER_RUNGS_MAX numbers, each character an entity, and what is around them. */
#define FORWARDING_TEXT_BYTES_MAX 8192

enum forwarding_format {
    FORWARDING_JSON,
    FORWARDING_TEXT,   /* the number to dial, and a newline */
    FORWARDING_LADDER, /* all of them in order, each on a line */
    FORWARDING_TWIML,
    FORWARDING_FORMATS_COUNT,
};

struct forwarding {
    const struct directory_customer *customer;
    const char *number; /* that was called, E.164 */
    const struct ladder *ladder;
};

/* "json", "text", "ladder", "twiml"; NULL is JSON; FORWARDING_FORMATS_COUNT for another word. */
enum forwarding_format forwarding_format_parse(const char *word);
const char *forwarding_content_type(enum forwarding_format format);

/* A view_writer of a struct forwarding, also of one whose ladder is empty ("dial" is null). */
void forwarding_write_json(struct json_writer *json, void *forwarding);

/* Any other format, terminated; answers its bytes. The ladder is not empty. Of a long ladder TwiML
 * has the first and, as the last, its end: the emergency number, when there is one. */
size_t forwarding_write_text(const struct forwarding *forwarding, enum forwarding_format format,
                             char text_r[FORWARDING_TEXT_BYTES_MAX]);

#endif
