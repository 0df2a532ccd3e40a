/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dotlock: the lock files of Dovecot. NAME.lock is made by link(2) from a
 * file that already holds "pid:host": an empty one would make Dovecot wait
 * for two minutes. A lock is stale when its holder on this host is dead, or
 * when neither it nor the file that it protects changed for stale_s. What a
 * kill leaves of the making lies in staging, which is cleared by each run.
 * Hold one for as short as a rename takes. Any thread.
 */
#ifndef MAILHAUL_STORAGE_DOTLOCK_H
#define MAILHAUL_STORAGE_DOTLOCK_H

#include "../collector/base/err.h"

#include <sys/types.h>

#define DOTLOCK_STALE_S 120 /* as Dovecot */
#define DOTLOCK_WAIT_S 150

struct dotlock_config {
	const char *file; /* "dovecot-uidlist": the lock is FILE.lock */
	const char *tag;  /* makes the temporary names unique: account uuid */
	uid_t uid;	  /* owner of the lock file; -1: ours */
	gid_t gid;
	int stage_fd; /* where temporary files lie; <= 0: beside the lock */
	int stale_s;
	int wait_s;
};

struct dotlock {
	int dir_fd; /* borrowed */
	int fd;	    /* open while held: nobody else gets the inode */
	char name[64];
};

/* Waits up to wait_s; then ERR_STORE, scope mailbox, later. */
int dotlock_take(struct dotlock *lock, int dir_fd,
	const struct dotlock_config *config, struct err *err);
/* Removes it, if it still is ours. */
void dotlock_drop(struct dotlock *lock);

#endif
