/* SPDX-License-Identifier: BSD-2-Clause */
#include "ledger_removal.h"

#include "ledger_internal.h"

#include <string.h>

int removal_begin_rule(struct ledger *l, int64_t now_s, struct err *err)
{
	struct stmt *s;
	bool own;
	int r;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	r = stmt_run(db_stmt(l->db, "removal_forget"), err);
	if (r == 0) {
		s = db_stmt(l->db, "removal_stamp");
		stmt_bind_int(s, "now", now_s);
		r = stmt_run(s, err);
	}
	return ledger_write_end(l, own, r, err);
}

int removal_want_older(struct ledger *l, const struct ledger_mailbox *m,
	int64_t before_s, int64_t now_s, struct err *err)
{
	bool pop3 = m->uidvalidity == 0;
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(
		l->db, pop3 ? "removal_want_older_uidl" : "removal_want_older");
	stmt_bind_int(s, "mailbox_id", m->id);
	if (!pop3)
		stmt_bind_int(s, "uidvalidity", m->uidvalidity);
	stmt_bind_int(s, "before", before_s);
	stmt_bind_int(s, "now", now_s);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

static void read_row(
	struct stmt *s, int64_t confirmed_fence, struct removal_row *row)
{
	static const unsigned char none[32];
	size_t n;

	row->id = stmt_int(s, "id");
	row->base = stmt_text(s, "base");
	row->sha256 = stmt_blob(s, "sha256", &n);
	if (n != sizeof((struct ledger_message *)0)->sha256)
		row->sha256 = none;
	row->removal = (enum removal)stmt_int(s, "removal");
	row->absences = stmt_int(s, "absences");
	row->confirmed =
		row->removal == REMOVAL_WANTED ||
		(row->removal == REMOVAL_HELD &&
			stmt_int(s, "removal_fence") <= confirmed_fence);
}

static struct stmt *here_stmt(struct ledger *l, const struct ledger_mailbox *m)
{
	struct stmt *s;

	if (m == NULL)
		return db_stmt(l->db, "removal_each_all");
	s = db_stmt(l->db, m->uidvalidity == 0 ? "removal_each_here_uidl"
					       : "removal_each_here");
	stmt_bind_int(s, "mailbox_id", m->id);
	if (m->uidvalidity != 0)
		stmt_bind_int(s, "uidvalidity", m->uidvalidity);
	return s;
}

int removal_each_here(struct ledger *l, const struct ledger_mailbox *m,
	int64_t confirmed_fence, removal_row_fn *fn, void *arg, struct err *err)
{
	struct removal_row row;
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = here_stmt(l, m);
	while ((r = stmt_step(s, err)) == 1) {
		read_row(s, confirmed_fence, &row);
		if (fn(arg, &row, err) != 0) {
			stmt_reset(s);
			r = -1;
			break;
		}
	}
	db_shrink(l->db);
	ledger_leave(l);
	return r;
}

int removal_set(struct ledger *l, int64_t id, enum removal to, int64_t absences,
	const char *why, int64_t now_s, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "removal_set");
	stmt_bind_int(s, "id", id);
	stmt_bind_int(s, "removal", to);
	stmt_bind_int(s, "absences", absences);
	stmt_bind_text(s, "why", why);
	stmt_bind_int(s, "now", now_s);
	stmt_bind_int(s, "fence", l->fence);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int removal_knows_base(struct ledger *l, const char *base, struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "removal_knows_base");
	stmt_bind_text(s, "base", base);
	r = stmt_step(s, err);
	stmt_reset(s);
	ledger_leave(l);
	return r;
}

int removal_rebase(
	struct ledger *l, int64_t id, const char *base, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "removal_rebase");
	stmt_bind_int(s, "id", id);
	stmt_bind_text(s, "base", base);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int removal_each_wanted(struct ledger *l, const struct ledger_mailbox *m,
	int64_t after, int64_t most, ledger_message_fn *fn, void *arg,
	struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "removal_each_wanted");
	stmt_bind_int(s, "mailbox_id", m->id);
	stmt_bind_int(s, "uidvalidity", m->uidvalidity);
	stmt_bind_int(s, "after", after);
	stmt_bind_int(s, "most", most);
	r = ledger_each_row(l, s, fn, arg, err);
	db_shrink(l->db);
	ledger_leave(l);
	return r;
}

static int turn(struct ledger *l, const char *statement, int64_t id,
	int64_t now_s, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, statement);
	stmt_bind_int(s, "id", id);
	stmt_bind_int(s, "now", now_s);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int removal_sent(struct ledger *l, int64_t id, int64_t now_s, struct err *err)
{
	return turn(l, "removal_sent", id, now_s, err);
}

int removal_unsent(struct ledger *l, int64_t id, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "removal_unsent");
	stmt_bind_int(s, "id", id);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int removal_gone(struct ledger *l, int64_t id, int64_t now_s, struct err *err)
{
	return turn(l, "removal_gone", id, now_s, err);
}

static void add_count(struct stmt *s, struct removal_counts *c)
{
	int64_t n = stmt_int(s, "messages");

	switch ((enum removal)stmt_int(s, "removal")) {
	case REMOVAL_NONE:
		c->none += n;
		c->first_at = stmt_int(s, "first_at");
		break;
	case REMOVAL_HELD:
		c->held += n;
		break;
	case REMOVAL_WANTED:
	case REMOVAL_SENT:
		c->wanted += n;
		break;
	case REMOVAL_GONE:
		if (stmt_int(s, "sent") != 0)
			c->done += n;
		break;
	case REMOVAL_KEPT:
		if (strcmp(stmt_text(s, "removal_why"), REMOVAL_WHY_LOST) == 0)
			c->lost += n;
		else
			c->changed += n;
		break;
	}
}

int removal_count(struct ledger *l, const struct ledger_mailbox *m,
	struct removal_counts *ret_counts, struct err *err)
{
	struct stmt *s;
	int64_t first_at;
	int r;

	memset(ret_counts, 0, sizeof *ret_counts);
	ledger_enter(l);
	s = db_stmt(l->db, "removal_counts");
	stmt_bind_int(s, "mailbox_id", m->id);
	stmt_bind_int(s, "uidvalidity", m->uidvalidity);
	while ((r = stmt_step(s, err)) == 1) {
		/* rows that were never sent, and those that were */
		first_at = ret_counts->first_at;
		add_count(s, ret_counts);
		if (first_at != 0 && first_at < ret_counts->first_at)
			ret_counts->first_at = first_at;
	}
	db_shrink(l->db);
	ledger_leave(l);
	return r;
}

int removal_mailbox(
	struct ledger *l, const struct ledger_mailbox *m, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "removal_mailbox");
	stmt_bind_int(s, "id", m->id);
	stmt_bind_int(s, "source_count", m->exists);
	stmt_bind_int(s, "gone", m->gone);
	stmt_bind_text(s, "notice", m->removal_notice);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}
