/* SPDX-License-Identifier: BSD-2-Clause */
#include "../collector/base/mem.h"
#include "ledger_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than limits.mailboxes, so that every mailbox finds a place. */
#define TRIES_MAX 10000u
#define FOLDED_MAX (NAME_DIR_MAX * 4)

static void copy_blob(struct stmt *s, const char *column, char *out, size_t n)
{
	size_t len;
	const void *p = stmt_blob(s, column, &len);

	if (len > n - 1)
		len = n - 1;
	memcpy(out, p, len);
	out[len] = '\0';
}

static void read_mailbox(struct stmt *s, struct ledger_mailbox *m)
{
	memset(m, 0, sizeof *m);
	m->id = stmt_int(s, "id");
	copy_blob(s, "name", m->name, sizeof m->name);
	copy_blob(s, "folder", m->folder, sizeof m->folder);
	copy_blob(s, "dir", m->dir, sizeof m->dir);
	m->uidvalidity = (uint32_t)stmt_int(s, "uidvalidity");
	m->uidnext = (uint32_t)stmt_int(s, "uidnext");
	m->highestmodseq = (uint64_t)stmt_int(s, "highestmodseq");
	copy_blob(s, "mailboxid", m->mailboxid, sizeof m->mailboxid);
	m->exists = stmt_int(s, "source_count");
	m->gone = stmt_int(s, "gone");
	m->flags_at = stmt_int(s, "flags_at");
	copy_blob(s, "notice", m->notice, sizeof m->notice);
	copy_blob(s, "removal_notice", m->removal_notice,
		sizeof m->removal_notice);
	m->stored = stmt_int(s, "stored");
	m->quarantined = stmt_int(s, "quarantined");
	m->skipped = stmt_int(s, "skipped");
	m->bytes_stored = stmt_int(s, "bytes_stored");
	m->waiting = stmt_int(s, "waiting");
	m->held = stmt_int(s, "held");
	m->let_go = stmt_int(s, "let_go");
	m->numbers = (int)stmt_int(s, "numbers");
	m->uids_kept = stmt_int(s, "uids_kept");
	m->uids_wanted = stmt_int(s, "uids_wanted");
}

static int find(struct ledger *l, const char *name, struct ledger_mailbox *m,
	struct err *err)
{
	struct stmt *s = db_stmt(l->db, "ledger_mailbox_by_name");
	int r;

	stmt_bind_blob(s, "name", name, strlen(name));
	r = stmt_step(s, err);
	if (r == 1)
		read_mailbox(s, m);
	stmt_reset(s);
	return r;
}

static int dir_taken(struct ledger *l, const char *folded, struct err *err)
{
	struct stmt *s = db_stmt(l->db, "ledger_mailbox_dir_taken");
	int r;

	stmt_bind_text(s, "dir_folded", folded);
	r = stmt_step(s, err);
	stmt_reset(s);
	return r;
}

/* A directory that nobody has, even on a file system that ignores case. */
static int choose_dir(struct ledger *l, const char *folder,
	char dir[NAME_DIR_MAX], char folded[FOLDED_MAX], unsigned *ret_try,
	struct err *err)
{
	for (unsigned i = 0; i < TRIES_MAX; i++) {
		int taken;

		if (name_folder_dir(folder, i, dir) != 0 ||
			name_casefold(dir, folded, FOLDED_MAX) != 0)
			break;
		taken = dir_taken(l, folded, err);
		if (taken < 0)
			return -1;
		if (taken == 0) {
			*ret_try = i;
			return 0;
		}
	}
	return err_set(err, ERR_LIMIT, ERR_SCOPE_MAILBOX, ERR_RETRY_CHANGE,
		"no directory can be found for the folder %.200s", folder);
}

static int insert(
	struct ledger *l, const char *name, const char *folder, struct err *err)
{
	char dir[NAME_DIR_MAX], folded[FOLDED_MAX], shown[NAME_FOLDER_MAX];
	unsigned try = 0;
	struct stmt *s;

	if (choose_dir(l, folder, dir, folded, &try, err) != 0)
		return -1;
	/* Where another mailbox was first, or the name is too long to keep,
	 * people see the name it got. */
	if ((try > 0 || strlen(folder) >= NAME_FOLDER_MAX) &&
		name_folder_from_dir(dir, shown, sizeof shown) == 0)
		folder = shown;
	s = db_stmt(l->db, "ledger_mailbox_insert");
	stmt_bind_blob(s, "name", name, strlen(name));
	stmt_bind_text(s, "folder", folder);
	stmt_bind_text(s, "dir", dir);
	stmt_bind_text(s, "dir_folded", folded);
	return stmt_run(s, err);
}

static int make(struct ledger *l, const char *name, const char *folder,
	struct ledger_mailbox *m, struct err *err)
{
	bool own;
	int r;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	r = insert(l, name, folder, err);
	if (r == 0)
		r = find(l, name, m, err) == 1 ? 0 : -1;
	return ledger_write_end(l, own, r, err);
}

int ledger_mailbox(struct ledger *l, const char *name, const char *folder,
	struct ledger_mailbox *ret_mailbox, struct err *err)
{
	int r;

	if (strlen(name) >= NAME_MAILBOX_MAX)
		return err_set(err, ERR_LIMIT, ERR_SCOPE_MAILBOX,
			ERR_RETRY_CHANGE, "the mailbox's name is too long");
	ledger_enter(l);
	r = find(l, name, ret_mailbox, err);
	if (r == 0)
		r = make(l, name, folder, ret_mailbox, err);
	else if (r == 1)
		r = 0;
	db_shrink(l->db);
	ledger_leave(l);
	return r;
}

int ledger_mailbox_mark(
	struct ledger *l, const struct ledger_mailbox *m, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_mailbox_mark");
	stmt_bind_int(s, "uidvalidity", m->uidvalidity);
	stmt_bind_int(s, "uidnext", m->uidnext);
	stmt_bind_int(s, "highestmodseq", (int64_t)m->highestmodseq);
	stmt_bind_int(s, "source_count", m->exists);
	stmt_bind_int(s, "gone", m->gone);
	stmt_bind_int(s, "flags_at", m->flags_at);
	stmt_bind_text(s, "notice", m->notice);
	stmt_bind_text(s, "mailboxid", m->mailboxid);
	stmt_bind_int(s, "id", m->id);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_leave_epochs(struct ledger *l, struct err *err)
{
	struct stmt *s;
	bool own;
	int r;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_leave_messages");
	stmt_bind_int(s, "fence", ledger_fence(l));
	r = stmt_run(s, err);
	if (r == 0) {
		s = db_stmt(l->db, "ledger_leave_maildrops");
		stmt_bind_int(s, "fence", ledger_fence(l));
		r = stmt_run(s, err);
	}
	if (r == 0)
		r = stmt_run(db_stmt(l->db, "ledger_leave_mailboxes"), err);
	if (r == 0)
		r = stmt_run(db_stmt(l->db, "ledger_parts_clear"), err);
	return ledger_write_end(l, own, r, err);
}

int ledger_mailboxes(struct ledger *l, struct ledger_mailbox **ret_mailboxes,
	size_t *ret_count, struct err *err)
{
	struct ledger_mailbox *all = NULL;
	size_t n = 0, cap = 0;
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_mailbox_all");
	while ((r = stmt_step(s, err)) == 1) {
		if (n == cap) {
			cap = cap != 0 ? cap * 2 : 16;
			all = mem_grow(all, cap, sizeof *all);
		}
		read_mailbox(s, &all[n++]);
	}
	db_shrink(l->db);
	ledger_leave(l);
	if (r < 0) {
		free(all);
		return -1;
	}
	*ret_mailboxes = all;
	*ret_count = n;
	return 0;
}
