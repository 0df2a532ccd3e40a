/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * state: state.dir as a whole.
 *     mailhaul.db      the job table (accounts, jobs, secrets, progress)
 *     mailhaul.key     key file, 0400: 32 random bytes a key (see keys.h)
 *     mailhaul.lock    held (fcntl OFD) by the one conductor; its pid inside
 *     ledgers/UUID.db  one ledger per account
 *     results/         what report, verify … leave
 */
#ifndef MAILHAUL_STORAGE_STATE_H
#define MAILHAUL_STORAGE_STATE_H

#include "../collector/base/err.h"
#include "db.h"

#include <stdbool.h>
#include <sys/types.h>

struct keys;
struct state {
	char *dir;
	struct db *db;
	dev_t db_dev; /* the file that was opened */
	ino_t db_ino;
	struct keys *keys; /* NULL if the key file cannot be read */
	int lock_fd;	   /* -1: not held */
};

/* Creates directory (0700), database and key; harmless when repeated; never
 * touches an existing key. ret_created says if anything was made. */
int state_init(const char *dir, bool *ret_created, struct err *err);
/* Opens an initialised state.dir: ERR_CONFIG naming `init` where there is
 * none, naming the owner and mode where it cannot be read or written. */
int state_open(const char *dir, struct state **ret_state, struct err *err);
void state_close(struct state **state);
/* Becomes the one conductor of this state. Held by another: ERR_CONFIG with
 * its pid; the same where the job table was replaced (restored) since it was
 * opened. Released when the process ends. */
int state_lock(struct state *state, struct err *err);
/* The same for a state that may not be whole: a descriptor to be closed. */
int state_lock_dir(const char *dir, int *ret_fd, struct err *err);
/* True while some process holds the lock. */
bool state_is_locked(const struct state *state);
/* Path of an account's ledger. Caller frees. */
char *state_ledger_path(const struct state *state, const char *account_uuid);

#endif
