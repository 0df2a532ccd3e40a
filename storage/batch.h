/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch: what the committer does with the messages of one batch, and what
 * the rooms of the store ask of the committer. A message that cannot be made
 * durable fails its own store only: there the error sticks until the store
 * is opened anew, whose recovery settles what is left in staging.
 */
#ifndef MAILHAUL_STORAGE_BATCH_H
#define MAILHAUL_STORAGE_BATCH_H

#include "content.h"
#include "keywords.h"
#include "lender.h"
#include "maildir.h"

/* A whole message in the staging directory. One block of memory, its
 * strings behind it: the queue holds thousands. */
struct staged {
	struct staged *next;
	struct store *store;
	struct folder *folder;
	int64_t mailbox_id;
	int64_t row; /* in the ledger, once it is there */
	int64_t date_s;
	uint64_t seq;
	uint64_t size_bytes; /* as received */
	uint64_t file_bytes;
	uint32_t uidvalidity, uid, occurrence, pop3_order;
	uint8_t system; /* enum flag, or-ed */
	bool to_new;
	bool part;    /* a note says that it is one; it goes with the row */
	bool settled; /* published, or known before */
	bool later;   /* the reader held its lock: after the others */
	uint64_t listed_bytes;
	struct content_id id;
	char emailid[MESSAGE_EMAILID_MAX];
	char base[LEDGER_BASE_MAX];
	const char *uidl;
	const char *keywords; /* at the source */
	const char *kept;     /* those with a letter */
	char strings[];
};

struct batch_part {
	struct batch_part *next;
	struct store *store;
	struct staged *first, **last;
	size_t count;
	int64_t *done; /* rows of the batch before: become done in this one */
	size_t done_count;
	bool failed;
	bool keep; /* failed, but a row may be durable: staged files stay */
	struct err err;
	bool recorded;	/* rows of this batch are committed */
	bool published; /* names changed in the store */
	uint64_t messages, bytes;
};

/* ---- batch_keywords.c: letters of the keywords of a batch */

/* Before B: new letters are written into staging. */
int batch_keywords_prepare(
	const struct batch_part *p, bool fsync_each, struct err *err);
/* Before D: they are in place; first: of the folder, the others follow. 1:
 * to be tried again with may_wait. */
int batch_keywords_publish(const struct staged *first, int dir_fd,
	bool fsync_each, bool may_wait, struct err *err);
/* Letters of a message then. letters: KEYWORDS_LETTERS + 1 */
int batch_keywords_letters(
	const struct staged *s, int dir_fd, char *letters, struct err *err);

/* Steps B, C and D over all parts; each part says how it went. state_fd: a
 * descriptor of state.dir. Only the committer's thread. */
void batch_run(struct batch_part *parts, int state_fd, bool fsync_each);

struct lender *committer_lender(struct committer *c);
bool committer_fsync_each(const struct committer *c);
/* Makes durable what the ledgers have committed. */
int committer_sync_state(struct committer *c, struct err *err);
/* Takes *s, even on failure: then its file is removed. Blocks while the
 * queue is full. */
int committer_hand_over(struct committer *c, struct staged *s, struct err *err);
int committer_flush(struct committer *c, struct store *store, struct err *err);
/* Drops what the committer has not begun with, waits for the batch that the
 * store is in. */
void committer_leave(struct committer *c, struct store *store);

#endif
