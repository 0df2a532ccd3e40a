/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * census: what a server says of the messages of the selected mailbox that
 * are not known here, all at once in memory, small.
 */
#ifndef MAILHAUL_SYNC_CENSUS_H
#define MAILHAUL_SYNC_CENSUS_H

#include "olds.h"

struct listed {
	uint32_t uid;
	uint8_t system; /* flags */
	bool has_flags, has_size, has_header;
	uint64_t size_bytes;
	const char *emailid;  /* NULL = none; in the arena */
	const char *keywords; /* in the arena */
	struct seeker seeker; /* date, and who it is: recognise.c */
};

struct census {
	struct visit *v;
	struct listed *list; /* ascending by uid */
	size_t count, cap;
	struct arena *arena;
};

/* EMAILID where the server has it, size, date, flags of what is neither in
 * v->known nor in v->got. Caller clears, on failure too. */
int census_load(struct visit *v, struct census *ret_census, struct err *err);
/* The same by hand: what is told of one message, ascending. */
void census_init(struct census *c, struct visit *v);
int census_add(
	struct census *c, const struct message_meta *meta, struct err *err);
void census_clear(struct census *l);
struct listed *census_find(const struct census *l, uint32_t uid);
void listed_flags(const struct listed *l, struct flags *ret_flags);

#endif
