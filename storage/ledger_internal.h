/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger_internal: what the ledger*.c files share. The lock is recursive:
 * ledger_begin keeps it, and the same thread goes on calling; another one
 * waits until commit or rollback.
 */
#ifndef MAILHAUL_STORAGE_LEDGER_INTERNAL_H
#define MAILHAUL_STORAGE_LEDGER_INTERNAL_H

#include "db.h"
#include "ledger.h"

#include <pthread.h>

struct ledger {
	pthread_mutex_t lock;
	struct db *db;
	char *path;
	char account[40];
	int64_t fence;
	bool in_transaction;
	bool unsure; /* a commit failed: what the file holds is unknown */
};

void ledger_enter(struct ledger *l);
void ledger_leave(struct ledger *l);
/*
 * A write: joins the caller's transaction or makes one of its own, fence
 * checked. ledger_write_end ends its own (commit where r is 0) and returns
 * the result.
 */
int ledger_write_begin(struct ledger *l, bool *ret_own, struct err *err);
int ledger_write_end(struct ledger *l, bool own, int r, struct err *err);
/* Binds of every statement that makes a row. */
void ledger_bind_common(struct stmt *s, const struct ledger_message *m);
void ledger_bind_identity(struct stmt *s, const struct ledger_message *m);
/* Takes a statement of rows to its end; the lock is held. */
int ledger_each_row(struct ledger *l, struct stmt *s, ledger_message_fn *fn,
	void *arg, struct err *err);
/* ERR_CONFIG: the ledger's content cannot be what this program wrote. */
int ledger_fail_damaged(
	const struct ledger *l, const char *what, struct err *err);

#endif
