/* SPDX-License-Identifier: BSD-2-Clause */
#include "ledger_expunge.h"

#include "../collector/base/mem.h"
#include "ledger_internal.h"

#include <stdlib.h>

static void read_present(
	struct stmt *s, int64_t confirmed_fence, struct ledger_present *row)
{
	int64_t held_fence = stmt_int(s, "held_fence");

	row->id = stmt_int(s, "id");
	row->uid = (uint32_t)stmt_int(s, "uid");
	row->delivered = stmt_int(s, "state") == LEDGER_DONE;
	row->expunge = (uint8_t)stmt_int(s, "expunge");
	row->confirmed =
		row->expunge == LEDGER_DUE ||
		(row->expunge == LEDGER_HELD && held_fence <= confirmed_fence);
}

int ledger_present(struct ledger *l, const struct ledger_mailbox *m,
	int64_t confirmed_fence, struct ledger_present **ret_rows,
	size_t *ret_count, struct err *err)
{
	struct ledger_present *rows = NULL;
	size_t n = 0, cap = 0;
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_present");
	stmt_bind_int(s, "mailbox_id", m->id);
	stmt_bind_int(s, "uidvalidity", m->uidvalidity);
	while ((r = stmt_step(s, err)) == 1) {
		if (n == cap) {
			cap = cap != 0 ? cap * 2 : 1024;
			rows = mem_grow(rows, cap, sizeof *rows);
		}
		read_present(s, confirmed_fence, &rows[n++]);
	}
	db_shrink(l->db);
	ledger_leave(l);
	if (r < 0) {
		free(rows);
		return -1;
	}
	*ret_rows = rows;
	*ret_count = n;
	return 0;
}

int ledger_expunge_set(struct ledger *l, int64_t id,
	enum ledger_expunge expunge, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_expunge");
	stmt_bind_int(s, "id", id);
	stmt_bind_int(s, "expunge", expunge);
	stmt_bind_int(s, "fence", l->fence);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_gone(struct ledger *l, int64_t id, int64_t now_s, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_gone");
	stmt_bind_int(s, "id", id);
	stmt_bind_int(s, "now", now_s);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_expunge_later(struct ledger *l, int64_t id, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_expunge_later");
	stmt_bind_int(s, "id", id);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_each_expunge_due(struct ledger *l, int64_t most,
	ledger_message_fn *fn, void *arg, struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_each_expunge_due");
	stmt_bind_int(s, "fence", l->fence);
	stmt_bind_int(s, "most", most);
	r = ledger_each_row(l, s, fn, arg, err);
	ledger_leave(l);
	return r;
}
