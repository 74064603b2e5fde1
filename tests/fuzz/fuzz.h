/* fuzz.h - what every fuzz target defines; libFuzzer or replay_main.c calls it. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Takes one input (borrowed) and answers 0; a broken promise aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#endif
