/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drop_table: what is in a POP3 maildrop, in the order of the first session.
 * An entry keeps its place over sessions; the number it has in the present
 * one is filled in anew.
 */
#ifndef MAILHAUL_SYNC_DROP_TABLE_H
#define MAILHAUL_SYNC_DROP_TABLE_H

#include "../base/mem.h"
#include "../model/message.h"
#include "olds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct drop {
	const char *uidl;     /* in the arena; "" = none */
	uint32_t occurrence;  /* among those with the same UIDL, from 0 */
	uint32_t kept_as;     /* the same in the ledger */
	uint32_t number;      /* in this session; 0 = gone */
	uint32_t order;	      /* as first listed, from 1; 0 = not yet known */
	uint64_t size_bytes;  /* as listed */
	int64_t tries;	      /* failed ones of earlier runs */
	struct old *row;      /* what the ledger has under this key, or NULL */
	struct seeker seeker; /* who it is, by its header */
	bool known;	      /* needs no fetch */
	bool due;	      /* quarantined, to be tried again alone */
	bool settled;
	bool shared;   /* others have the same UIDL */
	bool doubtful; /* its UIDL is not believed */
	bool has_header;
};

struct drop_table {
	struct drop *drops;
	size_t count, cap;
	struct arena *arena;
	bool nameless; /* some have no UIDL */
	bool numbered; /* each UIDL is just the number in this session */
};

/* In the order of the listing. */
void drop_table_add(struct drop_table *t, const struct message_meta *meta);
/* After the last one: counts occurrences, and sees what the UIDLs are worth. */
void drop_table_seal(struct drop_table *t);
/*
 * Numbers of a new session's sealed table for the entries of t; new messages
 * are left for the next run. False if entries without a UIDL cannot be told
 * apart from others any more: a size has changed its place.
 */
bool drop_table_renumber(struct drop_table *t, const struct drop_table *now);
/* Place of the entry with this number, -1 if there is none. */
long drop_table_find(const struct drop_table *t, uint32_t number);
bool drop_table_has(
	const struct drop_table *t, const char *uidl, uint32_t occurrence);
void drop_table_clear(struct drop_table *t);

#endif
