/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * differences: what a comparison has found, one line each, in a file that
 * whoever asked for it reads: fields separated by tabs,
 *     KIND MAILBOX UID UIDL FOLDER FILE TEXT
 * and at the end "end" and their number, without which it is not whole. It
 * has its name only when it is. One thread.
 */
#ifndef MAILHAUL_SYNC_DIFFERENCES_H
#define MAILHAUL_SYNC_DIFFERENCES_H

#include "../base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum difference {
	/* source and ledger */
	DIFFERENCE_NOT_COLLECTED, /* there, and not known here */
	DIFFERENCE_QUARANTINED,	  /* could not be had; tried again later */
	DIFFERENCE_LEFT_OUT,	  /* there, and left out for a reason */
	DIFFERENCE_GONE_THERE,	  /* collected, no longer at the source */
	DIFFERENCE_FLAGS,	  /* others there than when last looked at */
	DIFFERENCE_RENUMBERED,	  /* the mailbox has another UIDVALIDITY */
	DIFFERENCE_NOT_LISTED,	  /* a mailbox that is collected no more */
	DIFFERENCE_NOT_COMPARED,  /* a mailbox that could not be read */
	/* ledger and store */
	DIFFERENCE_NOT_HERE,	 /* in no folder: a reader deleted it */
	DIFFERENCE_MOVED,	 /* in another folder than it was put into */
	DIFFERENCE_UNSURE,	 /* not seen, and a reader was at work */
	DIFFERENCE_CUT,		 /* the file is not as long as it was */
	DIFFERENCE_UNKNOWN_HERE, /* a file of ours that nothing knows */
};

struct differences;

/* path: of the file, once it is whole; an older one stays until then. */
int differences_open(
	const char *path, struct differences **ret_d, struct err *err);

struct difference_at {
	const char *mailbox; /* printable; NULL = none, as all below */
	uint32_t uid;	     /* 0 = none */
	const char *uidl;
	const char *folder;
	const char *file; /* base name */
	const char *text; /* what more there is to say */
};
/* A failure to write is told by differences_end. */
void differences_add(struct differences *d, enum difference kind,
	const struct difference_at *at);
uint64_t differences_count(const struct differences *d);
/* "flags 2 not-here 1": how many of each kind; "" where there are none. */
#define DIFFERENCES_KINDS_BYTES 512
void differences_kinds(
	const struct differences *d, char out[DIFFERENCES_KINDS_BYTES]);
/* Takes *d. keep false: nothing came of it. */
int differences_end(struct differences **d, bool keep, struct err *err);

#endif
