/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger_expunge: messages that have vanished at the source. A row goes from
 * there to held (the brake: a person has to confirm) or due, and from due to
 * gone: a tombstone, so that the message never comes back. Due counts only
 * in the run that has proved it; held ones keep the number (fence) of the run
 * that held them first, which is what a person confirms.
 */
#ifndef MAILHAUL_STORAGE_LEDGER_EXPUNGE_H
#define MAILHAUL_STORAGE_LEDGER_EXPUNGE_H

#include "ledger.h"

enum ledger_expunge {
	LEDGER_THERE = 0,
	LEDGER_HELD = 1,
	LEDGER_DUE = 2,
};

struct ledger_present {
	int64_t id;
	uint32_t uid;
	bool delivered;	 /* done; else quarantined or skipped */
	bool confirmed;	 /* held by a run up to the confirmed one, or due */
	uint8_t expunge; /* enum ledger_expunge */
};
/* Rows of an epoch that are no tombstones and not staged, ascending. Caller
 * frees. */
int ledger_present(struct ledger *l, const struct ledger_mailbox *m,
	int64_t confirmed_fence, struct ledger_present **ret_rows,
	size_t *ret_count, struct err *err);
/* Turns a row that is no tombstone; proved by this run. */
int ledger_expunge_set(struct ledger *l, int64_t id,
	enum ledger_expunge expunge, struct err *err);
/* Delivered rows that this run has proved gone and may take away, by mailbox,
 * `most` at most. fn must not call the ledger. */
int ledger_each_expunge_due(struct ledger *l, int64_t most,
	ledger_message_fn *fn, void *arg, struct err *err);
/* A tombstone from now on: what was to be done is done, or there was never
 * anything here. */
int ledger_gone(struct ledger *l, int64_t id, int64_t now_s, struct err *err);
/* Not in this run: it has to be proved again. */
int ledger_expunge_later(struct ledger *l, int64_t id, struct err *err);

#endif
