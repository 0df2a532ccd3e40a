/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk_crew: one account's mailboxes over several sessions (--connections).
 * What walk.c and walk_crew.c share stands here too; nobody else includes it.
 */
#ifndef MAILHAUL_SYNC_WALK_CREW_H
#define MAILHAUL_SYNC_WALK_CREW_H

#include "marks.h"
#include "walk.h"

/* One thread's walk. */
struct walk {
	struct work *w;
	struct marks *marks; /* of all */
	size_t foretold;     /* pairs before this one: session_ahead */
	unsigned failed_in_a_row;
	unsigned lost; /* sessions, at the present mailbox */
};

/* Tells the session which mailboxes come next, as far as that is known; so
 * many at most. */
void walk_foretell(
	struct walk *k, const struct plan *plan, size_t at, size_t most);
/* Visits one; 0 also where it failed and the others may be tried. */
int walk_pair(struct walk *k, const struct plan_pair *pair, struct err *err);

bool walk_crew_wanted(const struct work *w, const struct plan *plan);
/* All pairs. k: the caller's own walk, whose session is one of them. */
int walk_crew(struct walk *k, const struct plan *plan, struct err *err);

#endif
