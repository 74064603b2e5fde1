/* span_words.h - a span of time as people of a customer read it. */
#ifndef GATEWAY_ENGINE_SPAN_WORDS_H
#define GATEWAY_ENGINE_SPAN_WORDS_H

#include "gateway/engine/directory.h"
#include "gateway/engine/engine.h"

#define SPAN_WORDS_BYTES_MAX 96

/* On the customer's clock, with the second day where it is another one: "lun. 30/11 17:16 au mar.
 * 01/12 08:00", "Mon 30 Nov 17:16 to 20:33". In RFC 3339 where nobody can say what that clock
 * shows. The writer's thread. */
void span_words(const struct engine_rotas *rotas, const struct directory_customer *customer,
                struct wall_time from, struct wall_time to, bool french,
                char text_r[SPAN_WORDS_BYTES_MAX]);

#endif
