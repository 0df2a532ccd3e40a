/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numbering: which UIDs the messages of one folder get when they are
 * published. Those of the source while the rules of dovecot-uidlist allow it
 * (folder_number): UIDVALIDITY is ours, and nothing else has taken a UID.
 * A turn is one publication into one folder: lock, check; the caller
 * publishes; records, unlock. It never keeps a message from being published:
 * what cannot be numbered gets its UID from the reader, like any delivery,
 * and `why` says so. The committer's thread; recovery before it.
 */
#ifndef MAILHAUL_STORAGE_NUMBERING_H
#define MAILHAUL_STORAGE_NUMBERING_H

#include "dotlock.h"
#include "store.h"
#include "uidlist.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far the next UID is moved away from those of the source, once its
 * numbers are no longer followed: what it gives to others until its users
 * have left it must not mean something else here. */
#define NUMBERING_GAP (UINT32_C(1) << 20)
/* A store's publications wait so long for its reader's locks, once. */
#define NUMBERING_WAIT_S 10

/* Of a folder. */
struct numbering {
	atomic_int how;		   /* enum folder_numbers */
	atomic_uint source_next;   /* UIDNEXT there; 0 = not known */
	_Atomic(const char *) why; /* given up; NULL = not */
	uint32_t next;		   /* as the last turn left it; 0 = none yet */
};

struct numbering_item {
	uint32_t uidvalidity, uid; /* at the source */
	uint32_t order;		   /* there, over POP3; 0 = not known */
	const char *uidl;	   /* "" = none */
	const char *base;
	const bool *published; /* read at the end of the turn */
	bool known;	       /* has a record */
};

struct publish_dirs;

struct numbering_turn {
	const struct store *store;
	struct folder *folder;
	struct numbering_item *items;
	size_t count, cap;
	bool recovering; /* some were published by a run that died */
	bool locked;
	char tag[40];
	struct dotlock lock;
	struct uidlist_config config;
	struct uidlist list;
};

void numbering_prepare(struct numbering_turn *turn, const struct store *store,
	struct folder *folder);
/* False where the folder's messages are not numbered by us: no turn. */
bool numbering_wanted(const struct folder *folder);
/* In the order of delivery. The strings are borrowed until the end. */
void numbering_add(
	struct numbering_turn *turn, const struct numbering_item *item);
/* 0: publish now. 1: the reader holds its lock; come back, with *wait_s > 0:
 * as long is waited then, and what that used up is taken off. */
int numbering_begin(struct numbering_turn *turn,
	const struct publish_dirs *dirs, int *wait_s);
/* Writes the records of what was published, ends the turn. */
void numbering_end(struct numbering_turn *turn, bool fsync_each);

/* ---- for numbering*.c */
void numbering_give_up(struct folder *folder, const char *why);
/* True if no message lies in the folder but items. */
bool numbering_only_ours(
	const struct numbering_turn *turn, int new_fd, int cur_fd);
/* Beyond what the source gives out; list->next where it is there already, or
 * cannot be. */
uint32_t numbering_beyond(
	const struct numbering *n, const struct uidlist *list);

#endif
