/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * salvage: after a ledger was lost, the messages in the store that it knew.
 * The digits of a base name tell whose a file is and which message, wherever
 * a reader has moved it; a file with other digits (another account's, or the
 * key was lost too) is known by its content only. Each file answers for one
 * message. The run thread's.
 */
#ifndef MAILHAUL_STORAGE_SALVAGE_H
#define MAILHAUL_STORAGE_SALVAGE_H

#include "store.h"

/* In the ledger while it has to be done. */
#define SALVAGE_NOTE "salvage"

struct salvage;

/* Lists all folders. *ret_salvage is NULL where no file of this program is. */
int salvage_open(
	struct store *store, struct salvage **ret_salvage, struct err *err);
void salvage_close(struct salvage **s);

/* Each file of a name as this program gives them. bytes: its length; below 0:
 * it has gone, or was renamed, since it was listed. fn returns -1 to stop. */
typedef int salvage_file_fn(void *arg, const char *dir, const char *name,
	int64_t bytes, struct err *err);
int salvage_each(
	struct salvage *s, salvage_file_fn *fn, void *arg, struct err *err);

/*
 * The file of the message that m's key names (mailbox's folder, uidvalidity,
 * uid or uidl + occurrence). 1: m->base, size_bytes, hashes and local flags
 * are filled, date_s where it was 0; 0: there is none. announced: the size
 * that the source says, 0 = none; it tells how line ends were received.
 */
int salvage_find(struct salvage *s, const struct folder *folder,
	uint64_t announced, struct ledger_message *m, struct err *err);
/* The files in this folder that nobody has asked for by key, filled in the
 * same way. */
int salvage_rest(struct salvage *s, const struct folder *folder,
	int (*fn)(void *arg, const struct ledger_message *m, struct err *err),
	void *arg, struct err *err);

#endif
