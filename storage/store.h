/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store: one local user's mail tree, as sync/ sees it. Maildir++ is the first
 * kind (interface.md "What lands in the store"). A store belongs to one run
 * thread; deliveries end in the committer, which publishes them.
 * Never call delivery_end or store_flush between ledger_begin and its
 * commit: the committer needs that ledger to go on.
 *
 *     ROOT/cur new tmp  .Folder.Sub/…  subscriptions  dovecot-keywords
 *     ROOT/mailhaul.id                      random id of this store
 *     ROOT/mailhaul.stage/UUID.FENCE/SEQ    messages not yet published
 */
#ifndef MAILHAUL_STORAGE_STORE_H
#define MAILHAUL_STORAGE_STORE_H

#include "../collector/base/err.h"
#include "../collector/model/message.h"
#include "committer.h"
#include "ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct store_config {
	const char *root; /* absolute */
	uid_t uid;	  /* owner of what is delivered; (uid_t)-1: ours */
	gid_t gid;
	bool many_owners;	 /* what is above the root stays ours */
	bool eol_lf;		 /* store.eol */
	uint64_t message_bytes;	 /* limits.message */
	const struct keys *keys; /* for base names */
};

struct store;
struct folder;	 /* an open folder; belongs to the store */
struct delivery; /* a message being written */

/*
 * Opens, makes the tree where it is missing, checks the store's id against
 * the ledger (missing or different where the ledger knows one: ERR_STORE,
 * nothing is touched), refuses a root owned by somebody else, a symlink or a
 * file; then recovers: staged rows of fences below the ledger's are
 * published or marked done, staged files without a row are removed.
 */
int store_open(const struct store_config *config, struct ledger *ledger,
	struct committer *committer, struct store **ret_store, struct err *err);
/* Drops what the committer has not begun with (it is fetched again); waits
 * only for a batch under way that this store is in. */
void store_close(struct store **store);

/* dir: ledger_mailbox.dir. Makes it where it is missing. The folder lives
 * until store_close. */
int store_folder(struct store *store, const char *dir,
	struct folder **ret_folder, struct err *err);
enum folder_numbers {
	FOLDER_NUMBERS_NEW = 0, /* UIDs by the reader, as for any delivery */
	/* those of the source, while nothing else has given any out */
	FOLDER_NUMBERS_SOURCE = 1,
	/* the next ones, with the source's UIDL and order (POP3) */
	FOLDER_NUMBERS_UIDL = 2,
};
/* For what is delivered from now on; new ones where nothing was said.
 * source_next: its UIDNEXT, 0 = not known. */
void folder_number(
	struct folder *folder, enum folder_numbers how, uint32_t source_next);
/*
 * The first import of m into this folder is complete and flushed: counts in m
 * what has the source's UID (uids_kept of uids_wanted), and keeps what comes
 * later from taking one. A reader that holds its lock loses the second, and
 * makes uids_kept 0.
 */
int store_seal_numbers(struct store *store, struct folder *folder,
	struct ledger_mailbox *m, struct err *err);
/*
 * UIDLs and POP3's order for messages that lie in a folder, collected by IMAP
 * (--uidl-from). *written: it stands in dovecot-uidlist now. A message whose
 * record is not there yet, or is elsewhere, comes back false. ERR_STORE,
 * scope mailbox, later: the reader holds its lock, or the list is damaged.
 */
struct store_uidl {
	int64_t id; /* the caller's */
	char *base;
	char *uidl;
	uint32_t order;
	bool written; /* out */
};
int store_name_uidls(struct store *store, const char *dir,
	struct store_uidl *items, size_t count, struct err *err);
/* Why messages get new UIDs against what was wanted; NULL = they do not. */
const char *folder_numbers_lost(const struct folder *folder);
/* Whether there is such a directory. */
bool store_has_dir(const struct store *store, const char *dir);
/*
 * Renames a folder, its subscription, and the folders below it but for those
 * of stay, where no folder has such a name yet. Not one that is open.
 * 1: done (also if there was nothing to rename); 0: the name is taken.
 */
int store_rename_folder(struct store *store, const char *from, const char *to,
	const char *const *stay, size_t stay_count, struct err *err);
/* Adds to ROOT/subscriptions what is missing (Dovecot's format). */
int store_subscribe(struct store *store, const char *const *dirs, size_t count,
	struct err *err);

/* ---- deliveries: begin, write …, end or abort */
int delivery_begin(
	struct store *store, struct delivery **ret_delivery, struct err *err);
/* ERR_LIMIT/message past limits.message. */
int delivery_write(
	struct delivery *d, const void *bytes, size_t n, struct err *err);
/* When the message arrived, as far as what was written tells: its topmost
 * Received, else its Date, else now. */
int64_t delivery_date(const struct delivery *d);
/*
 * Ends the message and hands it to the committer. Takes *d, even on failure.
 * key: mailbox_id, uidvalidity, uid or uidl + occurrence; date_s and flags
 * from the source (date_s 0: taken from its header, Received then Date, else
 * now). Blocks while the committer is full. A later failure of the batch
 * surfaces at the next delivery_end or store_flush of this store.
 */
int delivery_end(struct delivery **d, struct folder *folder,
	const struct ledger_message *key, struct err *err);
void delivery_abort(struct delivery **d);
/*
 * A message that lies here already, once more: `of` (its row, delivered) and
 * the folder's directory it went to. The new file is a link to the same
 * bytes, staged, and goes the same way as any delivery. 1 handed over; 0 the
 * file is not there any more, or cannot be linked: fetch it. links keeps one
 * listing: drop it (links_close) after what it was made for.
 */
struct links;
struct links *links_open(struct store *store);
void links_close(struct links **links);
int delivery_link(struct links *links, const struct ledger_message *of,
	const char *dir, struct folder *folder,
	const struct ledger_message *key, struct err *err);
/* Waits until everything handed over by this store is published and
 * durable, and the rows are done. */
int store_flush(struct store *store, struct err *err);
/* The same begins, and nobody waits. */
void store_hurry(struct store *store);
/* How many messages were handed over, and how many of these, from the first
 * on, are published and durable. */
uint64_t store_handed(const struct store *store);
uint64_t store_settled(const struct store *store);
/* Messages and bytes published so far by this store. Any thread. */
void store_counts(
	const struct store *store, uint64_t *ret_messages, uint64_t *ret_bytes);

/* ---- flags of what is here */
struct store_flags {
	const char *base; /* as in the ledger */
	/* in: source then and now, local then; out: the next local then */
	struct flags_ref source_then, source_now, local_then;
	bool again;		     /* in: merge.h */
	struct flags_ref local_note; /* out: merge.h; in the arena */
	bool found;		     /* out: false = not seen in this listing */
	int64_t id;		     /* the caller's */
};
/*
 * Three-way merges the flags of count messages of a folder, renaming files
 * as Maildir readers do (new/ → cur/ where a flag needs it), under Dovecot's
 * lock for keywords only. A message not found in two listings is left alone
 * (found false): a listing lies. Writes no ledger. Each call lists the folder:
 * give it many. arena: where the texts of local_note go.
 */
int store_merge_flags(struct store *store, struct folder *folder,
	struct store_flags *items, size_t count, struct arena *arena,
	struct err *err);
/* Keywords that found no letter, separated by spaces; "" if none. */
const char *folder_keywords_left_out(const struct folder *folder);

#endif
