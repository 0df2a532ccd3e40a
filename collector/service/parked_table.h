/* SPDX-License-Identifier: BSD-2-Clause */
/* parked_table: what the parked*.c share. Nobody else includes it. */
#ifndef MAILHAUL_SERVICE_PARKED_TABLE_H
#define MAILHAUL_SERVICE_PARKED_TABLE_H

#include "parked.h"

#include <stdatomic.h>

#define BUCKETS 1024

enum owed { OWED_NOTHING, OWED_END, OWED_LOST, OWED_NEWS };

struct entry {
	struct entry *next;
	int64_t account_id;
	int64_t revision;
	struct parked_session session; /* inner NULL: away */
	struct watch *watch;	       /* NULL: not watched */
	int64_t since_ms;	       /* parked, or gone */
	unsigned lost;		       /* soon after it was parked, in a row */
	unsigned fruitless;	       /* news that were none, in a row */
	bool called;		       /* the next run was, by news */
	bool stale;		       /* parked_check: not among the answers */
	enum owed owed;
	int64_t due_s; /* with OWED_LOST and OWED_NEWS */
};

/* Lives until the loop has let go of it. */
struct watch {
	uv_poll_t poll;
	struct entry *entry;
	struct parked *parked;
};

struct parked {
	uv_loop_t *loop;
	uv_timer_t settle;
	struct parked_needs needs;
	atomic_size_t max, reserved;
	size_t count; /* with a session */
	bool closed;
	bool owes;
	struct entry *entries[BUCKETS];
};

struct entry *parked_find(struct parked *p, int64_t account_id);
void parked_each(struct parked *p,
	void (*fn)(struct parked *p, struct entry *e, const void *arg),
	const void *arg);
void parked_entry_close(struct parked *p, struct entry *e);

/* ---- parked_owed.c ---- */

/* due in so many seconds, where it is of that kind. */
void parked_owe(
	struct parked *p, struct entry *e, enum owed owed, int64_t in_s);
void parked_settle(struct parked *p);

#endif
