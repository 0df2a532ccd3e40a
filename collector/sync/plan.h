/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan: which mailboxes are collected, which folder each is to have, and why.
 * The order is the order of work: INBOX, mailboxes of special use, the rest
 * as listed; no two of them share a folder, and none has one that the ledger
 * has given to another mailbox. A mapping that the ledger knows already
 * stays, whatever the account says now. Pure.
 */
#ifndef MAILHAUL_SYNC_PLAN_H
#define MAILHAUL_SYNC_PLAN_H

#include "../model/account.h"
#include "../model/mailbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a mailbox has the folder it has; the first that applies. */
enum plan_why {
	PLAN_INBOX,
	PLAN_KNOWN,	/* the ledger has it: its mail is there */
	PLAN_MAP,	/* --map */
	PLAN_ATTRIBUTE, /* special use, as the server says (RFC 6154) */
	PLAN_NAME,	/* special use, as its name says */
	PLAN_BELOW,	/* below a mailbox that has another name here */
	PLAN_OWN,	/* its own name */
};

/* Why one is left out. */
enum plan_skip_why {
	PLAN_SKIP_NOSELECT,
	PLAN_SKIP_REPEATED, /* listed twice */
	PLAN_SKIP_VIEW,	    /* \All, \Flagged, \Important: mail seen twice */
	PLAN_SKIP_OTHERS,   /* another user's, without --shared */
	PLAN_SKIP_SHARED,   /* shared, without --shared */
	PLAN_SKIP_NO_MAIL,  /* a calendar or the like (quirk.h) */
	PLAN_SKIP_FOLDER,   /* no --folder matches */
	PLAN_SKIP_EXCLUDE,  /* an --exclude matches */
};

struct plan_pair {
	char *mailbox; /* octets as the server sent them */
	char *name;    /* UTF-8, '/' between levels; for globs, logs */
	char *folder;  /* UTF-8 */
	bool subscribe;
	bool numbered; /* another has the folder that it would have had */
	bool all; /* \All: holds what other mailboxes hold, too; comes last */
	enum plan_why why;
	uint32_t attrs;		     /* enum mailbox_attr, or-ed */
	struct mailbox_state status; /* uidvalidity 0: not known */
};

struct plan_skip {
	char *mailbox, *name; /* as in plan_pair */
	enum plan_skip_why why;
	uint32_t attrs;
	struct mailbox_state status;
};

/* What the ledger has of a mailbox. Borrowed. */
struct plan_known {
	const char *mailbox, *folder, *dir;
};

/* What there is to know but the list and the account. */
struct plan_source {
	const struct plan_known *known;
	size_t known_count;
	/* Messages are told apart across mailboxes (EMAILID, X-GM-MSGID), so
	 * \All is collected like any other: nothing is brought twice. */
	bool keep_all;
	uint64_t quirks; /* enum quirk: in force */
};

struct plan {
	struct plan_pair *pairs;
	size_t count;
	struct plan_skip *skips;
	size_t skip_count;
	size_t views; /* skips of that kind */
	size_t no_mail;
	size_t foreign;	   /* others' and shared */
	size_t excluded;   /* by --folder and --exclude */
	char *unused_maps; /* lines of account.maps that no mailbox matches */
};

/* source may be NULL: nothing is known. */
void plan_make(const struct mailbox_info *mailboxes, size_t count,
	const struct account *account, const struct plan_source *source,
	struct plan *ret_plan);
void plan_clear(struct plan *plan);

/* A few words for people and for JSON: "attribute", "name table" …; borrowed,
 * static. */
const char *plan_why_text(enum plan_why why);
const char *plan_skip_text(enum plan_skip_why why);

#endif
