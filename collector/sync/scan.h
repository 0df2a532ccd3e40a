/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan: the whole list of a mailbox, read once and for two questions: which
 * messages are not here, and which of those that are have other flags now.
 */
#ifndef MAILHAUL_SYNC_SCAN_H
#define MAILHAUL_SYNC_SCAN_H

#include "visit.h"

struct scan {
	struct uidset missing; /* neither known nor settled */
	struct uidset too_big; /* of those: announced over limits.message */
	uint32_t deleted;      /* left out of them: skip_deleted */
	uint32_t listed;
	uint32_t known;	  /* of those: rows of earlier runs */
	uint32_t highest; /* UID */
	bool cut;	  /* shorter than announced: says nothing of the rest */
};

/* flags: also fill v->changes and set v->scanned_flags. A list that is cut
 * short sets v->cut. */
int scan_mailbox(
	struct visit *v, bool flags, struct scan *ret_scan, struct err *err);
/* The same by UIDs alone, which is cheaper; too_big and deleted stay empty. */
int scan_uids(struct visit *v, struct scan *ret_scan, struct err *err);
void scan_clear(struct scan *s);

#endif
