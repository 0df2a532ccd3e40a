/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * presence: where in a store each message is, from one listing of all its
 * folders. A listing lies while a reader renames: so a message that is not
 * in it is absent for certain only where every directory kept its ctime from
 * before it was listed until all of them had been. Whoever acts on absence
 * asks for it in two consecutive runs (presence_count). The run thread's.
 */
#ifndef MAILHAUL_STORAGE_PRESENCE_H
#define MAILHAUL_STORAGE_PRESENCE_H

#include "store.h"

#include <stdbool.h>
#include <stdint.h>

/* In so many runs on end a message has to be absent to be gone. */
#define PRESENCE_RUNS 2

struct presence;

enum presence_verdict {
	PRESENCE_HERE,	 /* in some folder, Trash included */
	PRESENCE_ABSENT, /* in none, for certain */
	PRESENCE_UNSURE, /* not seen, and a reader was at work */
};

/*
 * Lists new/ and cur/ of the root and of every folder; once more, twice at
 * most, what changed meanwhile. 8 bytes a message. ERR_STORE where the store
 * is not (or no longer) the one with the ledger's id: nothing may be inferred
 * then. ERR_DISK, ERR_STORE where a directory cannot be read.
 */
int store_presence(
	struct store *store, struct presence **ret_presence, struct err *err);
/* The i-th directory that was listed, "" = the root; NULL: no more. */
const char *presence_dir(const struct presence *p, size_t i);
/* 1: nothing has changed in any of them since they were listed; 0; -1. */
int presence_is_steady(const struct presence *p, struct err *err);
/* Whether the path still leads to that store: ERR_STORE where it does not. */
int store_check(struct store *store, struct err *err);
void presence_free(struct presence **p);
/* ret_dir (may be NULL): the folder's directory, "" = the root; written for
 * PRESENCE_HERE only, borrowed. Two bases may share a hash: then a message
 * that is gone counts as here. */
enum presence_verdict presence_find(
	const struct presence *p, const char *base, const char **ret_dir);

/*
 * What a run's verdict makes of the number of runs on end in which the
 * message was absent: to be kept with the message. Gone from PRESENCE_RUNS
 * on. Pure.
 */
static inline int64_t presence_count(
	int64_t before, enum presence_verdict verdict)
{
	switch (verdict) {
	case PRESENCE_HERE:
		return 0;
	case PRESENCE_ABSENT:
		return before + 1;
	case PRESENCE_UNSURE:
		break;
	}
	return before;
}

#endif
