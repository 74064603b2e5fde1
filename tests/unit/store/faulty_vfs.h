/* faulty_vfs.h - SQLite's own file system, with one call that fails when the test says so. */
#ifndef TESTS_UNIT_STORE_FAULTY_VFS_H
#define TESTS_UNIT_STORE_FAULTY_VFS_H

#include <stdbool.h>

#define FAULTY_VFS "faulty"

enum fault_call { FAULT_WRITE, FAULT_SYNC, FAULT_WRITE_OR_SYNC };

/* Registers the file system once. */
void faulty_vfs_register(void);

/* The nth such call from now (1: the next) fails with rc; 0: none. */
void faulty_vfs_arm(enum fault_call call, int nth, int rc);

/* What the system is said to have answered to the last call that failed; 0: what it did. */
void faulty_vfs_set_errno(int system_errno);

/* Whether the armed call came and failed. */
bool faulty_vfs_fired(void);

#endif
