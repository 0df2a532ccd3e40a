/* SPDX-License-Identifier: BSD-2-Clause */
#include "ledger_uidl.h"

#include "ledger_internal.h"

#include <stdio.h>
#include <string.h>

/* A message that a reader has taken away before its record was named: its
 * folder's list is not searched for it for ever. */
#define TRIES_MAX 100

int ledger_uidl_listing(
	struct ledger *l, struct ledger_listing *ret_listing, struct err *err)
{
	struct ledger_listing *out = ret_listing;
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_uidl_listing");
	r = stmt_step(s, err);
	if (r == 1) {
		(void)snprintf(out->source, sizeof out->source, "%s",
			stmt_text(s, "source"));
		out->upto = stmt_int(s, "upto");
		out->asked_at = stmt_int(s, "asked_at");
		(void)snprintf(
			out->why, sizeof out->why, "%s", stmt_text(s, "why"));
		out->refused = stmt_int(s, "refused") != 0;
	} else if (r == 0) {
		r = ledger_fail_damaged(l, "it has no POP3 listing", err);
	}
	stmt_reset(s);
	ledger_leave(l);
	return r < 0 ? -1 : 0;
}

int ledger_uidl_listed(
	struct ledger *l, const struct ledger_listing *listing, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_uidl_listed");
	stmt_bind_text(s, "source", listing->source);
	stmt_bind_int(s, "upto", listing->upto);
	stmt_bind_int(s, "asked_at", listing->asked_at);
	stmt_bind_text(s, "why", listing->why);
	stmt_bind_int(s, "refused", listing->refused);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

static void copy_blob(
	struct stmt *s, const char *column, unsigned char *out, size_t n)
{
	size_t there;
	const void *blob = stmt_blob(s, column, &there);

	memset(out, 0, n);
	if (there == n)
		memcpy(out, blob, n);
}

int ledger_uidl_each_open(struct ledger *l, const struct ledger_mailbox *m,
	ledger_unnamed_fn *fn, void *arg, struct err *err)
{
	struct ledger_unnamed row;
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_uidl_open");
	stmt_bind_int(s, "mailbox_id", m->id);
	stmt_bind_int(s, "uidvalidity", m->uidvalidity);
	while ((r = stmt_step(s, err)) == 1) {
		row.id = stmt_int(s, "id");
		row.size_bytes = (uint64_t)stmt_int(s, "size_bytes");
		copy_blob(s, "header_hash", row.header_hash,
			sizeof row.header_hash);
		copy_blob(s, "sha256", row.sha256, sizeof row.sha256);
		fn(arg, &row);
	}
	db_shrink(l->db);
	ledger_leave(l);
	return r < 0 ? -1 : 0;
}

/* One number of a statement that gives a row at most. */
static int read_one(struct ledger *l, struct stmt *s, const char *column,
	int64_t *ret_value, struct err *err)
{
	int r = stmt_step(s, err);

	if (r >= 0)
		*ret_value = r == 1 ? stmt_int(s, column) : 0;
	stmt_reset(s);
	ledger_leave(l);
	return r < 0 ? -1 : 0;
}

int ledger_uidl_count(struct ledger *l, const struct ledger_mailbox *m,
	int64_t *ret_named, struct err *err)
{
	struct stmt *s;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_uidl_named");
	stmt_bind_int(s, "mailbox_id", m->id);
	stmt_bind_int(s, "uidvalidity", m->uidvalidity);
	return read_one(l, s, "named", ret_named, err);
}

int ledger_uidl_find(struct ledger *l, const char *uidl, struct err *err)
{
	struct stmt *s;
	int64_t found;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_uidl_find");
	stmt_bind_text(s, "uidl", uidl);
	if (read_one(l, s, "found", &found, err) != 0)
		return -1;
	return found != 0;
}

int ledger_uidl_last(struct ledger *l, uint32_t *ret_order, struct err *err)
{
	int64_t last;

	ledger_enter(l);
	if (read_one(l, db_stmt(l->db, "ledger_uidl_last"), "last", &last,
		    err) != 0)
		return -1;
	*ret_order = (uint32_t)last;
	return 0;
}

int ledger_uidl_add(struct ledger *l, int64_t id, const char *uidl,
	uint32_t order, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_uidl_add");
	stmt_bind_int(s, "id", id);
	stmt_bind_text(s, "uidl", uidl);
	stmt_bind_int(s, "pop3_order", order);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_uidl_forget(struct ledger *l, struct err *err)
{
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	return ledger_write_end(l, own,
		stmt_run(db_stmt(l->db, "ledger_uidl_forget"), err), err);
}

int ledger_uidl_each_pending(struct ledger *l, int64_t mailbox_id,
	ledger_pending_fn *fn, void *arg, struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_uidl_pending");
	stmt_bind_int(s, "mailbox_id", mailbox_id);
	stmt_bind_int(s, "tries", TRIES_MAX);
	while ((r = stmt_step(s, err)) == 1) {
		int64_t id = stmt_int(s, "id");
		const char *base = stmt_text(s, "base");
		const char *uidl = stmt_text(s, "uidl");
		uint32_t order = (uint32_t)stmt_int(s, "pop3_order");

		fn(arg, id, base, uidl, order);
	}
	db_shrink(l->db);
	ledger_leave(l);
	return r < 0 ? -1 : 0;
}

int ledger_uidl_written(
	struct ledger *l, int64_t id, bool written, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_uidl_written");
	stmt_bind_int(s, "id", id);
	stmt_bind_int(s, "written", written);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}
