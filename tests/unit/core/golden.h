/* golden.h - texts that tests compare with files of this folder. TRACE_WRITE=1 in the environment
 * writes the files anew; look at the difference before you keep it. */
#ifndef TESTS_UNIT_CORE_GOLDEN_H
#define TESTS_UNIT_CORE_GOLDEN_H

/* The folder of the golden files, or of one of its own. */
const char *golden_folder(const char *name);

/* The whole file (free() it); fails the test when it cannot be read. */
char *golden_read(const char *path);

/* Fails the test at the first line that differs, with the lines before it. */
void golden_compare(const char *path, const char *found);

#endif
