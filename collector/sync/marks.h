/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * marks: mailboxes that are complete, and wait for their messages to be
 * durable; only then the ledger may say so. And the folders to be subscribed,
 * which comes before that.
 */
#ifndef MAILHAUL_SYNC_MARKS_H
#define MAILHAUL_SYNC_MARKS_H

#include "visit.h"

#include <stddef.h>

struct mark;
struct marks {
	struct work *w;
	struct mark *list;
	size_t count, cap;
	char (*dirs)[NAME_DIR_MAX]; /* to be subscribed */
	size_t dir_count;
	uint64_t flushed_at; /* work.arrived then */
};

/* A visit has ended well. */
void marks_note(struct marks *m, const struct visit *v);
/* Writes those whose messages are durable. */
int marks_write(struct marks *m, struct err *err);
/* The same, where enough has come since the last time. */
int marks_write_now_and_then(struct marks *m, struct err *err);
/* Waits until all are. The session takes its leave while the disk works. */
int marks_settle(struct marks *m, struct err *err);
void marks_clear(struct marks *m);

#endif
