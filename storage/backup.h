/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backup: job table and ledgers in one file (archive.h), each as it is at one
 * moment, whether or not a conductor works on them:
 *     mailhaul.db  ledgers/UUID.db …
 * The key is never in it: whoever has both has the passwords. The job table
 * in it says that it is a copy, so that a conductor that finds it knows that
 * the world has gone on (restored.h).
 */
#ifndef MAILHAUL_STORAGE_BACKUP_H
#define MAILHAUL_STORAGE_BACKUP_H

#include "../collector/base/err.h"
#include "state.h"

#include <stddef.h>
#include <stdint.h>

struct backup_report {
	size_t accounts, ledgers;
	uint64_t bytes;
	size_t left_out; /* ledgers that could not be copied: on_left_out */
};

/*
 * Writes the backup under another name beside `file`, syncs it, and gives it
 * its name (mode 0600), where an older one is replaced: there is never half a
 * backup of that name. A ledger that cannot be copied is left out and told,
 * account by account, and the rest is done.
 */
int backup_write(struct state *state, const char *file,
	void (*on_left_out)(
		void *arg, const char *account, const struct err *err),
	void *arg, struct backup_report *ret_report, struct err *err);

struct restore_report {
	size_t ledgers; /* taken from the backup */
	size_t kept;	/* those here are sound and newer: left as they are */
	char *old;	/* where to what was here has been moved; NULL */
	bool key_missing;
};

/*
 * Puts what is in `file` in the place of the job table and the ledgers of
 * dir, which is made where it is missing; all that was there is moved into a
 * directory of its own in it, nothing is removed. all: also in the place of
 * ledgers that are sound. The whole file is looked through before anything is
 * touched. ERR_CONFIG where a conductor works on it, or the backup cannot be
 * used. Stopped in between it can be repeated. Caller frees ret_report->old.
 */
int backup_restore(const char *dir, const char *file, bool all,
	struct restore_report *ret_report, struct err *err);

#endif
