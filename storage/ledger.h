/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger: what has been delivered for one account, and what both sides
 * looked like then. Its own SQLite file, open only during a run, by one
 * connection. The run thread and the committer share it: every function
 * here takes the ledger's own lock, but for a transaction the caller holds
 * ledger_begin … ledger_commit, which keeps the lock.
 * States of a message: staged (row durable, file being published), done,
 * quarantined (not here; reason kept), skipped.
 */
#ifndef MAILHAUL_STORAGE_LEDGER_H
#define MAILHAUL_STORAGE_LEDGER_H

#include "../collector/base/err.h"
#include "../collector/model/flags.h"
#include "../collector/model/mailbox.h"
#include "../collector/model/message.h"
#include "secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEDGER_BASE_MAX 160
#define LEDGER_NOTICE_MAX 240
/* Bytes kept of the SHA-256 of a header, without what servers write into it
 * (header.h). */
#define LEDGER_HEADER_HASH 16

struct ledger;

/*
 * path: state_ledger_path. Made from a template if it is not there. fence:
 * this run's fencing number, stored in the ledger: a lower one than the
 * stored is refused (ERR_CANCELLED: a newer run owns the account), and every
 * later begin by a lower one fails.
 */
int ledger_open(const char *path, const char *account_uuid, int64_t fence,
	struct ledger **ret_ledger, struct err *err);
void ledger_close(struct ledger **l);
/* The fencing number of the last run that had it, without taking it. */
int ledger_read_fence(const char *path, int64_t *ret_fence, struct err *err);
/* Moves it, with what lies beside it, out of the way, to PATH.replaced-FENCE:
 * whether or not it can be read. No run may have it open. */
int ledger_set_aside(const char *path, int64_t fence, struct err *err);
int64_t ledger_fence(const struct ledger *l);
const char *ledger_account(const struct ledger *l); /* uuid */

/* The store's id as this ledger knows it: "" before the first run. */
int ledger_store_id(struct ledger *l, char out[64], struct err *err);
int ledger_set_store_id(struct ledger *l, const char *id, struct err *err);

/* ---- mailboxes */
struct ledger_mailbox {
	int64_t id;
	char name[NAME_MAILBOX_MAX];  /* octets of the remote name */
	char folder[NAME_FOLDER_MAX]; /* UTF-8 */
	char dir[NAME_DIR_MAX];	      /* Maildir++ directory, "" = INBOX */
	uint32_t uidvalidity;	      /* of the last completed import */
	uint32_t uidnext;
	uint64_t highestmodseq;		/* all changes up to it are applied */
	char mailboxid[MAILBOX_ID_MAX]; /* "" = not known */
	int64_t exists;			/* at the source, last seen */
	int64_t gone;	  /* rows that it no longer had, when listed */
	int64_t flags_at; /* when all flags were last compared; 0: never */
	char notice[LEDGER_NOTICE_MAX];		/* for people; "" = none */
	char removal_notice[LEDGER_NOTICE_MAX]; /* ledger_removal.h */
	int64_t stored, quarantined, skipped;	/* rows of the present epoch */
	int64_t bytes_stored;
	/* of stored: gone at the source, nothing done yet; of these: held by
	 * the brake (ledger_expunge.h) */
	int64_t waiting, held;
	/* not of skipped: gone at the source, and let go here for that */
	int64_t let_go;
	/* enum folder_numbers: what its messages are to get */
	int numbers;
	int64_t uids_kept; /* by the end of the first import; -1 = not yet */
	int64_t uids_wanted;
};
/*
 * The row of a remote mailbox; made if missing with a folder directory that
 * no other mailbox of this account has (compared casefolded): name_folder_dir
 * with growing try. folder: the one the plan wants, used only when the row
 * is made: a mapping is stable over runs.
 */
int ledger_mailbox(struct ledger *l, const char *name, const char *folder,
	struct ledger_mailbox *ret_mailbox, struct err *err);
/* Writes uidvalidity, uidnext, highestmodseq, exists, gone, flags_at, notice,
 * mailboxid. */
int ledger_mailbox_mark(
	struct ledger *l, const struct ledger_mailbox *m, struct err *err);
/* Writes numbers, uids_kept, uids_wanted. */
int ledger_mailbox_number(
	struct ledger *l, const struct ledger_mailbox *m, struct err *err);
/* The highest pop3_order of a mailbox; 0 = none. */
int ledger_last_order(struct ledger *l, int64_t mailbox_id, uint32_t *ret_order,
	struct err *err);
/* All, by id; counts filled. Caller frees. */
int ledger_mailboxes(struct ledger *l, struct ledger_mailbox **ret_mailboxes,
	size_t *ret_count, struct err *err);

/* ---- messages */
enum ledger_state {
	LEDGER_STAGED = 0,
	LEDGER_DONE = 1,
	LEDGER_QUARANTINED = 2,
	LEDGER_SKIPPED = 3,
};

/* Before the id, as the UIDL of a message whose own is not to be believed any
 * more: no server gives one with a space. */
#define LEDGER_LEFT "left "

struct ledger_message {
	int64_t id;
	int64_t mailbox_id;
	uint32_t uidvalidity;	     /* the epoch of uid; 0 for POP3 */
	uint32_t uid;		     /* 0 for POP3 */
	char uidl[MESSAGE_UIDL_MAX]; /* "" for IMAP */
	uint32_t occurrence; /* nth message with the same uidl, from 0 */
	uint32_t pop3_order; /* in the maildrop, from 1; 0 = not known */
	enum ledger_state state;
	int64_t fence;		    /* of the staging directory */
	uint64_t stage_seq;	    /* name in the staging directory */
	char base[LEDGER_BASE_MAX]; /* Maildir base name with ,S=,W= */
	uint64_t size_bytes;	    /* received (CRLF as sent) */
	uint64_t listed_bytes;	    /* as POP3 announced it; 0 = not known */
	unsigned char sha256[32];   /* of the bytes received */
	/* without what servers write into the header (content.h); written as
	 * sha256 where it is all zero */
	unsigned char bare_sha256[32];
	/* Of the header; all zero = none, or not known. */
	unsigned char header_hash[LEDGER_HEADER_HASH];
	uint32_t dropped; /* bytes of the header that this leaves out */
	char emailid[MESSAGE_EMAILID_MAX]; /* "" = none */
	int64_t date_s;			   /* INTERNALDATE */
	struct flags source; /* flags at the source, last applied */
	struct flags local;  /* flags here, last written by us */
	bool to_new;	     /* published into new/ rather than cur/ */
	int removal;	     /* enum removal (ledger_removal.h); read only */
	bool going;	     /* due to go from its folder, or gone */
	int64_t imported_at; /* 0 = not known; read only */
	enum err_class why;  /* quarantined, skipped */
	char why_text[256];
	int64_t first_at, next_try_at;
	int64_t tries;
};

/* BEGIN IMMEDIATE with the lock held, checks the fence. Commit or rollback by
 * the same thread; it must not wait for another user of the ledger (a store's
 * delivery, the committer) in between. After a failed commit nobody knows what
 * a crash would bring back: every later begin fails, nothing that was staged
 * may be removed, the next run's recovery decides. */
int ledger_begin(struct ledger *l, struct err *err);
int ledger_commit(struct ledger *l, struct err *err);
void ledger_rollback(struct ledger *l);

/* Inserts a staged row (inside a transaction); fills id. A key that exists
 * as staged or done is refused: 0 with *ret_new false (the delivery is
 * dropped); a quarantined or skipped row is replaced. */
int ledger_stage(struct ledger *l, struct ledger_message *m, bool *ret_new,
	struct err *err);
/* Marks rows done (inside a transaction); cheapest where ids ascend by one,
 * as those of a batch do. */
int ledger_done(
	struct ledger *l, const int64_t *ids, size_t count, struct err *err);
/* Deletes a staged row whose publication failed for good. */
int ledger_unstage(struct ledger *l, int64_t id, struct err *err);
/* Rows in state staged, with the mailbox's directory; fn returns -1 to stop.
 * fn must not call the ledger. */
typedef int ledger_message_fn(void *arg, const struct ledger_message *m,
	const char *dir, struct err *err);
int ledger_each_staged(
	struct ledger *l, ledger_message_fn *fn, void *arg, struct err *err);
/* Rows of a mailbox's epoch in any state, ascending by uid. */
int ledger_each(struct ledger *l, int64_t mailbox_id, uint32_t uidvalidity,
	ledger_message_fn *fn, void *arg, struct err *err);
/* The same of staged and done rows, ascending: no more than the UID and the
 * base name, which lives for the call. */
typedef void ledger_number_fn(void *arg, uint32_t uid, const char *base);
int ledger_each_number(struct ledger *l, int64_t mailbox_id,
	uint32_t uidvalidity, ledger_number_fn *fn, void *arg, struct err *err);
/* UIDs that need no fetch now (staged, done, skipped, quarantined with
 * next_try_at > now_s), ascending. Caller frees. */
int ledger_uids(struct ledger *l, int64_t mailbox_id, uint32_t uidvalidity,
	int64_t now_s, uint32_t **ret_uids, size_t *ret_count, struct err *err);
/* 1 found, 0 not, -1. By IMAP key; by POP3 key. */
int ledger_find_uid(struct ledger *l, int64_t mailbox_id, uint32_t uidvalidity,
	uint32_t uid, struct ledger_message *ret_message, struct err *err);
/* A delivered row of the epoch: with the lowest UID in from … below - 1; with
 * the highest below `below`. */
int ledger_find_uid_from(struct ledger *l, const struct ledger_mailbox *m,
	uint32_t from, uint32_t below, struct ledger_message *ret_message,
	struct err *err);
int ledger_find_uid_below(struct ledger *l, const struct ledger_mailbox *m,
	uint32_t below, struct ledger_message *ret_message, struct err *err);
int ledger_find_uidl(struct ledger *l, int64_t mailbox_id, const char *uidl,
	uint32_t occurrence, struct ledger_message *ret_message,
	struct err *err);
/* New source and local flags of a message. */
int ledger_set_flags(struct ledger *l, int64_t id, const struct flags *source,
	const struct flags *local, struct err *err);
/* Records or renews a quarantined (or skipped) message by its key: tries +1,
 * next_try_at as given. Never over a staged or done row. */
int ledger_quarantine(
	struct ledger *l, const struct ledger_message *m, struct err *err);

/* The last lines of the conversation that a quarantined message (by its key)
 * did not come in; "" = not known. And of a row: caller frees; NULL on
 * failure. */
int ledger_set_dialogue(struct ledger *l, const struct ledger_message *m,
	const char *dialogue, struct err *err);
char *ledger_dialogue(struct ledger *l, int64_t id, struct err *err);

/* Quarantined rows of the epoch (0: POP3) with next_try_at <= now_s,
 * ascending by uid. */
int ledger_each_due(struct ledger *l, int64_t mailbox_id, uint32_t uidvalidity,
	int64_t now_s, ledger_message_fn *fn, void *arg, struct err *err);
/* Quarantined rows of all mailboxes' present epochs, `most` at most. */
int ledger_each_failure(struct ledger *l, int64_t most, ledger_message_fn *fn,
	void *arg, struct err *err);
/* Delivered rows of the mailbox that belong to other epochs, or were collected
 * by POP3 before. */
int ledger_each_old(struct ledger *l, int64_t mailbox_id, uint32_t uidvalidity,
	ledger_message_fn *fn, void *arg, struct err *err);
/* Delivered rows of other mailboxes that were collected by POP3, before the
 * account turned to another source. */
int ledger_each_left(struct ledger *l, int64_t mailbox_id,
	ledger_message_fn *fn, void *arg, struct err *err);
/* All rows of a mailbox, whatever they are. */
int ledger_each_maildrop(struct ledger *l, int64_t mailbox_id,
	ledger_message_fn *fn, void *arg, struct err *err);
/* The same in an order that depends on their keys only: by UIDVALIDITY and
 * UID, then by UIDL and occurrence. */
int ledger_each_in_order(struct ledger *l, int64_t mailbox_id,
	ledger_message_fn *fn, void *arg, struct err *err);
/* Gives a delivered message the key (mailbox_id, uidvalidity, uid) of `key`:
 * the same message under a new number. A quarantined row of that key goes. */
int ledger_rekey(struct ledger *l, int64_t id, const struct ledger_message *key,
	struct err *err);
/* The same for a UIDL and occurrence of its mailbox, with pop3_order and
 * listed_bytes (0: as they were). */
int ledger_rekey_uidl(struct ledger *l, int64_t id,
	const struct ledger_message *key, struct err *err);
/* A message that had this UIDL has it no longer: it is LEDGER_LEFT. */
int ledger_leave_uidl(struct ledger *l, int64_t id, struct err *err);
/* Counts that a flag change found no file of this message here; back to 0
 * by ledger_set_flags. */
int ledger_missed(
	struct ledger *l, int64_t id, int64_t *ret_misses, struct err *err);

/* The account turned to another source: every message of the present epochs
 * belongs to an old one from now on, since the new server may use the same
 * UIDVALIDITY and UIDs for other messages. */
int ledger_leave_epochs(struct ledger *l, struct err *err);

/* The same for one mailbox and its epoch: the server has given its UIDs out
 * a second time. */
int ledger_leave_epoch(struct ledger *l, int64_t mailbox_id,
	uint32_t uidvalidity, struct err *err);
/* The mailbox is called otherwise at the source, and lies in dir here. The
 * directory must be the mailbox's own or nobody's: 1, else 0. */
int ledger_rename_mailbox(struct ledger *l, int64_t id, const char *name,
	const char *folder, const char *dir, struct err *err);
/* Delivered rows with this emailid, of any mailbox. */
int ledger_each_emailid(struct ledger *l, const char *emailid,
	ledger_message_fn *fn, void *arg, struct err *err);
/* Left out of one mailbox because another has the message (a key and
 * emailid); and such rows away again whose message no other mailbox has or
 * will keep: *ret_count. */
int ledger_skip_named(struct ledger *l, const struct ledger_message *m,
	int64_t now_s, struct err *err);
int ledger_unskip_named(struct ledger *l, int64_t mailbox_id,
	uint32_t uidvalidity, int64_t *ret_count, struct err *err);
/* 1: a message with an emailid is due to go from its folder. */
int ledger_any_named_due(struct ledger *l, struct err *err);
/* 1: an IMAP message was delivered without an emailid. */
int ledger_any_unnamed(struct ledger *l, struct err *err);
/* A row, done, for a message that lies here already. Nothing where the key
 * has one. */
int ledger_adopt(
	struct ledger *l, const struct ledger_message *m, struct err *err);

/* The same as a row of an older epoch, n: any number not used before. */
int ledger_adopt_old(struct ledger *l, const struct ledger_message *m,
	uint32_t n, struct err *err);

/* Keywords that found no letter in a folder (Maildir has 26), for status. */
int ledger_note(
	struct ledger *l, const char *key, const char *value, struct err *err);
/* "" where there is none. Caller frees; NULL on failure. */
char *ledger_note_get(struct ledger *l, const char *key, struct err *err);

#endif
