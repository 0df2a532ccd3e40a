/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan_draft: what the rooms of the plan share while it is made: every
 * mailbox of the list, also those that are left out, since their names decide
 * about others (a parent that cannot be selected still has children). For
 * plan*.c only.
 */
#ifndef MAILHAUL_SYNC_PLAN_DRAFT_H
#define MAILHAUL_SYNC_PLAN_DRAFT_H

#include "../base/dict.h"
#include "plan.h"

/* Any folder made of a mailbox's name. */
#define PLAN_FOLDER_BYTES (NAME_FOLDER_MAX * 3 + 64)

#define PLAN_FOREIGN ((uint32_t)MAILBOX_OTHERS | MAILBOX_SHARED)
#define PLAN_VIEWS ((uint32_t)MAILBOX_ALL | MAILBOX_FLAGGED | MAILBOX_IMPORTANT)
#define PLAN_SPECIALS                                              \
	((uint32_t)MAILBOX_SENT | MAILBOX_DRAFTS | MAILBOX_TRASH | \
		MAILBOX_JUNK | MAILBOX_ARCHIVE)

struct draft {
	const struct mailbox_info *m;
	const char *bare; /* its name without the personal prefix */
	char *name;	  /* readable, whole */
	char *bare_name;  /* readable, without the personal prefix */
	char *own;	  /* the folder that its bare name makes */
	unsigned levels;  /* of bare */
	char *folder;	  /* what it is to have; NULL: not yet settled */
	bool placed;	  /* folder is final, with the prefix before it */
	bool numbered;	  /* and with a number behind it */
	bool skipped;
	enum plan_why why;
	enum plan_skip_why skip;
	bool special;
	bool subscribe;
	size_t seen; /* its place in the list */
};

struct drafts {
	struct draft *rows;
	size_t count;
	struct dict *by_name; /* octets → row; the first of each name */
	struct dict *taken;   /* directories, see plan.c */
	const struct account *account;
	const struct plan_source *source;
	char *prefix; /* account.prefix as a folder; NULL: none */
};

/* ---- plan_names.c */

void plan_names_fill(struct drafts *all, const struct mailbox_info *mailboxes);
/* A folder as a person has typed it, escaped like any other. NULL where it is
 * none. Caller frees. */
char *plan_typed_folder(const char *typed);
/* UTF-8 with '/' between levels. Caller frees. */
char *plan_readable(const char *name, char delimiter);
/* The last `levels` levels of a folder; the whole of it if it has no more. */
const char *plan_tail(const char *folder, unsigned levels);
/* The name of d's parent, `up` levels up (1 …), as octets; false where there
 * is none left, or the levels cannot be told apart. */
bool plan_parent(const struct draft *d, unsigned up, char *out);
/* Settles d's folder. *Takes* folder. */
void plan_settle(struct draft *d, char *folder, enum plan_why why);

/* ---- plan_select.c */

void plan_select(struct drafts *all);

/* ---- plan_maps.c */

/* Settles what --map names, and what lies below. Returns the lines that no
 * mailbox matches; caller frees. */
char *plan_maps_apply(struct drafts *all);

/* ---- plan_special.c */

void plan_special_apply(struct drafts *all);
/* True for "Sent", "Drafts" … . */
bool plan_is_special(const char *folder);

#endif
