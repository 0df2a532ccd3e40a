/* SPDX-License-Identifier: BSD-2-Clause */
#include "restored.h"

#include "../collector/base/mem.h"
#include "accounts.h"
#include "ledger.h"
#include "salvage.h"

#include <stdlib.h>
#include <unistd.h>

/* Runs of one account that may be forgotten: one a second for a month. */
#define FORGOTTEN ((int64_t)1 << 22)

static int read_number(struct state *state, const char *statement,
	const char *column, int64_t account_id, int64_t *ret_n, struct err *err)
{
	struct stmt *s = db_stmt(state->db, statement);
	int r;

	if (account_id != 0)
		stmt_bind_int(s, "account_id", account_id);
	r = stmt_step(s, err);
	*ret_n = r == 1 ? stmt_int(s, column) : 0;
	stmt_reset(s);
	return r < 0 ? -1 : 0;
}

/* The ledger's own number, where it is ahead; it becomes fence. */
static int tell_ledger(
	const char *path, const char *uuid, int64_t *fence, struct err *err)
{
	struct ledger *l = NULL;
	int64_t there;
	int r;

	if (ledger_read_fence(path, &there, err) != 0)
		return -1;
	if (there + FORGOTTEN > *fence)
		*fence = there + FORGOTTEN;
	if (ledger_open(path, uuid, *fence, &l, err) != 0)
		return -1;
	r = ledger_note(l, SALVAGE_NOTE, "restored", err);
	ledger_close(&l);
	return r;
}

static int settle_account(
	struct state *state, const struct account *a, struct err *err)
{
	char *path = state_ledger_path(state, a->uuid);
	struct stmt *s;
	int64_t fence;
	struct err why;
	int r = read_number(
		state, "job_fence_read", "fence", a->id, &fence, err);

	fence += FORGOTTEN;
	if (r == 0 && access(path, F_OK) == 0 &&
		tell_ledger(path, a->uuid, &fence, &why) != 0 &&
		why.class == ERR_DISK) {
		*err = why;
		r = -1;
	}
	free(path);
	if (r != 0)
		return -1;
	s = db_stmt(state->db, "job_fence_raise");
	stmt_bind_int(s, "account_id", a->id);
	stmt_bind_int(s, "fence", fence);
	return stmt_run(s, err);
}

int restored_settle(struct state *state, size_t *ret_accounts, struct err *err)
{
	struct account *accounts = NULL;
	struct stmt *s;
	size_t n = 0;
	int64_t copied;
	int r = read_number(state, "origin_read", "copied_at", 0, &copied, err);

	*ret_accounts = 0;
	if (r != 0 || copied == 0)
		return r;
	r = accounts_all(state, &accounts, &n, err);
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			r = settle_account(state, &accounts[i], err);
		account_clear(&accounts[i]);
	}
	free(accounts);
	if (r != 0)
		return -1;
	s = db_stmt(state->db, "origin_mark");
	stmt_bind_int(s, "now", 0);
	r = stmt_run(s, err);
	if (r == 0)
		*ret_accounts = n;
	return r;
}
