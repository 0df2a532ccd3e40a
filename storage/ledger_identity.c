/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known of messages and mailboxes whose numbers or names change. */
#include "../collector/base/clock.h"
#include "ledger_internal.h"

#include <string.h>

#define FOLDED_MAX (NAME_DIR_MAX * 4)

int ledger_leave_epoch(struct ledger *l, int64_t mailbox_id,
	uint32_t uidvalidity, struct err *err)
{
	struct stmt *s;
	bool own;
	int r;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_leave_epoch");
	stmt_bind_int(s, "fence", ledger_fence(l));
	stmt_bind_int(s, "mailbox_id", mailbox_id);
	stmt_bind_int(s, "uidvalidity", uidvalidity);
	r = stmt_run(s, err);
	if (r == 0) {
		s = db_stmt(l->db, "ledger_parts_leave");
		stmt_bind_int(s, "mailbox_id", mailbox_id);
		r = stmt_run(s, err);
	}
	return ledger_write_end(l, own, r, err);
}

/* 1: another mailbox has this directory, or this name. */
static int is_taken(struct ledger *l, int64_t id, const char *name,
	const char *folded, struct err *err)
{
	struct stmt *s = db_stmt(l->db, "ledger_mailbox_taken");
	int r;

	stmt_bind_int(s, "id", id);
	stmt_bind_blob(s, "name", name, strlen(name));
	stmt_bind_text(s, "dir_folded", folded);
	r = stmt_step(s, err);
	stmt_reset(s);
	return r;
}

static int rename_row(struct ledger *l, int64_t id, const char *name,
	const char *folder, const char *dir, struct err *err)
{
	char folded[FOLDED_MAX];
	struct stmt *s;
	int taken;

	if (strlen(name) >= NAME_MAILBOX_MAX ||
		name_casefold(dir, folded, sizeof folded) != 0)
		return 0;
	taken = is_taken(l, id, name, folded, err);
	if (taken != 0)
		return taken < 0 ? -1 : 0;
	s = db_stmt(l->db, "ledger_rename_mailbox");
	stmt_bind_int(s, "id", id);
	stmt_bind_blob(s, "name", name, strlen(name));
	stmt_bind_text(s, "folder", folder);
	stmt_bind_text(s, "dir", dir);
	stmt_bind_text(s, "dir_folded", folded);
	return stmt_run(s, err) == 0 ? 1 : -1;
}

int ledger_rename_mailbox(struct ledger *l, int64_t id, const char *name,
	const char *folder, const char *dir, struct err *err)
{
	bool own;
	int r;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	r = rename_row(l, id, name, folder, dir, err);
	if (ledger_write_end(l, own, r < 0 ? -1 : 0, err) != 0)
		return -1;
	return r;
}

int ledger_each_emailid(struct ledger *l, const char *emailid,
	ledger_message_fn *fn, void *arg, struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_each_emailid");
	stmt_bind_text(s, "emailid", emailid);
	r = ledger_each_row(l, s, fn, arg, err);
	ledger_leave(l);
	return r;
}

static int adopt(struct ledger *l, const struct ledger_message *m,
	int64_t uidvalidity, uint32_t uid, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_adopt");
	stmt_bind_int(s, "imported_at", clock_wall_s());
	ledger_bind_common(s, m);
	ledger_bind_identity(s, m);
	stmt_bind_int(s, "uidvalidity", uidvalidity);
	stmt_bind_int(s, "uid", uid);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_adopt(
	struct ledger *l, const struct ledger_message *m, struct err *err)
{
	return adopt(l, m, m->uidvalidity, m->uid, err);
}

int ledger_adopt_old(struct ledger *l, const struct ledger_message *m,
	uint32_t n, struct err *err)
{
	return adopt(l, m, ledger_fence(l) << 32, n, err);
}

int ledger_skip_named(struct ledger *l, const struct ledger_message *m,
	int64_t now_s, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_skip_named");
	stmt_bind_int(s, "mailbox_id", m->mailbox_id);
	stmt_bind_int(s, "uidvalidity", m->uidvalidity);
	stmt_bind_int(s, "uid", m->uid);
	stmt_bind_int(s, "fence", l->fence);
	stmt_bind_int(s, "now", now_s);
	stmt_bind_text(s, "emailid", m->emailid);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_unskip_named(struct ledger *l, int64_t mailbox_id,
	uint32_t uidvalidity, int64_t *ret_count, struct err *err)
{
	struct stmt *s;
	bool own;
	int r;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_unskip_named");
	stmt_bind_int(s, "mailbox_id", mailbox_id);
	stmt_bind_int(s, "uidvalidity", uidvalidity);
	r = stmt_run(s, err);
	*ret_count = r == 0 ? db_changes(l->db) : 0;
	return ledger_write_end(l, own, r, err);
}

static int any(struct ledger *l, const char *name, struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, name);
	r = stmt_step(s, err);
	stmt_reset(s);
	ledger_leave(l);
	return r;
}

int ledger_any_named_due(struct ledger *l, struct err *err)
{
	return any(l, "ledger_any_named_due", err);
}

int ledger_any_unnamed(struct ledger *l, struct err *err)
{
	return any(l, "ledger_any_unnamed", err);
}
