/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maildir: what the rooms of the Maildir++ store share; nobody else includes
 * this. A store's descriptors and folders are fixed once it is open, so the
 * committer may use them; what both threads change stands in `shared` and is
 * guarded by the committer's lock. Every path below the root is one
 * component, opened from a descriptor without following links.
 */
#ifndef MAILHAUL_STORAGE_MAILDIR_H
#define MAILHAUL_STORAGE_MAILDIR_H

#include "keywords.h"
#include "numbering.h"
#include "store.h"

#include <stdatomic.h>

#define MAILDIR_STAGE "mailhaul.stage"
#define MAILDIR_SEQ_BYTES 21   /* a sequence number in decimal + NUL */
#define MAILDIR_STAGE_BYTES 64 /* UUID.FENCE + NUL */
/* base + ":2," + 5 flags + 26 keywords + NUL, and room for foreign letters */
#define MAILDIR_FILE_MAX (LEDGER_BASE_MAX + 3 + 5 + 26 + 1)

/* Whom new files and directories belong to; -1: whoever makes them. */
struct owner {
	uid_t uid;
	gid_t gid;
};

struct folder {
	struct folder *next;
	struct store *store;
	char dir[NAME_DIR_MAX];	  /* "" = the root */
	struct keywords keywords; /* the run thread's view */
	struct keywords letters;  /* the committer's */
	struct numbering numbering;
};

struct batch_part; /* the committer's view of a store in one batch */

struct store {
	char *root;
	int root_fd;
	int stage_fd; /* mailhaul.stage/UUID.FENCE */
	char stage_name[MAILDIR_STAGE_BYTES];
	dev_t dev;
	struct owner owner;
	bool many_owners;
	bool eol_lf;
	bool fsync_each;
	uint64_t message_bytes;
	const struct keys *keys;
	struct ledger *ledger;
	struct committer *committer;
	char host[256]; /* as it stands in base names */
	struct folder *folders;
	struct delivery *spare; /* its buffers serve the next message */
	bool mode_is_right;	/* new staged files are 0600 by themselves */
	uint64_t seq;		/* last one used in the staging directory */
	int64_t last_us;	/* time in the last base name */
	int lock_wait_s; /* for the reader's locks, in all; committer's */
	struct {
		bool failed; /* for good: fault says why */
		struct err fault;
		bool flush; /* stands in the committer's list */
		struct store *next_flush;
		size_t pending;		 /* handed over, not yet published */
		struct batch_part *part; /* in the batch under way */
		int64_t *done; /* published rows, still staged in the ledger */
		size_t done_count, done_cap;
	} shared;
	atomic_uint_least64_t messages, bytes; /* published */
	uint64_t handed;		       /* to the committer */
	atomic_uint_least64_t settled;	       /* of these, durable */
};

/* Names of directories come out of the ledger, where a bit may have changed:
 * nothing but a folder's, and nothing outside of the store, is ever one.
 * False: ERR_CONFIG. */
bool maildir_check_dir(const char *dir, struct err *err);
/* Opens a folder's directory (made where it is missing; a reader sees it
 * whole or not at all). Caller closes. Any thread. -1: ERR_STORE, scope
 * mailbox, or ERR_DISK. */
int maildir_open_dir(const struct store *store, const char *dir, int *ret_fd,
	struct err *err);
/* Opens "cur" or "new" of it. */
int maildir_open_sub(int dir_fd, const char *sub, int *ret_fd, struct err *err);
/* Makes a directory 0700 for owner unless it is there. */
int maildir_make_dir(
	int at_fd, const char *name, struct owner owner, struct err *err);
/* Removes a folder that was made in the staging directory, if it is there
 * and has no mail in it. */
void maildir_remove_made(int stage_fd, const char *name);
/* The committer's view of a folder's letters. */
void batch_keywords_init(struct folder *folder, const char *account);
/* Frees what deliveries have left for the next one. */
void delivery_drop_spare(struct store *store);
/* The staging directory of a run of this account: -1 with errno, ENOENT where
 * it is gone. Caller closes. */
int maildir_open_stage(const struct store *store, int64_t fence);
/* Removes the files of our staging directory and of those of this account
 * with lower fences, then the lower directories; but not what is kept of
 * messages that are to be resumed (part.h). */
int maildir_clear_stage(struct store *store, struct err *err);

#endif
