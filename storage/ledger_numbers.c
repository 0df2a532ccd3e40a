/* SPDX-License-Identifier: BSD-2-Clause */
/* What the ledger knows of the numbers that messages have here. */
#include "ledger_internal.h"

int ledger_mailbox_number(
	struct ledger *l, const struct ledger_mailbox *m, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_mailbox_number");
	stmt_bind_int(s, "numbers", m->numbers);
	stmt_bind_int(s, "uids_kept", m->uids_kept);
	stmt_bind_int(s, "uids_wanted", m->uids_wanted);
	stmt_bind_int(s, "id", m->id);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_each_number(struct ledger *l, int64_t mailbox_id,
	uint32_t uidvalidity, ledger_number_fn *fn, void *arg, struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_each_number");
	stmt_bind_int(s, "mailbox_id", mailbox_id);
	stmt_bind_int(s, "uidvalidity", uidvalidity);
	while ((r = stmt_step(s, err)) == 1)
		fn(arg, (uint32_t)stmt_int(s, "uid"), stmt_text(s, "base"));
	ledger_leave(l);
	return r;
}

int ledger_last_order(struct ledger *l, int64_t mailbox_id, uint32_t *ret_order,
	struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_last_order");
	stmt_bind_int(s, "mailbox_id", mailbox_id);
	r = stmt_step(s, err);
	if (r >= 0)
		*ret_order = r == 1 ? (uint32_t)stmt_int(s, "last") : 0;
	stmt_reset(s);
	ledger_leave(l);
	return r < 0 ? -1 : 0;
}
