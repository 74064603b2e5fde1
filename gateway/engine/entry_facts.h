/* entry_facts.h - what the timeline keeps of an entry beside its kind and times. */
#ifndef GATEWAY_ENGINE_ENTRY_FACTS_H
#define GATEWAY_ENGINE_ENTRY_FACTS_H

#include "gateway/core/escalation.h"

/* A name of 127 bytes and a word of 63, each as six-byte escapes, and the rest. */
#define ENTRY_FACTS_BYTES_MAX 2048

/* Writes one JSON object: numbers and fixed words, no personal data. An operator's name is the one
 * exception: it is given to stand in the record. Answers its bytes; terminated. Any thread. */
size_t entry_facts_write(const struct entry *entry, char text_r[ENTRY_FACTS_BYTES_MAX]);

#endif
