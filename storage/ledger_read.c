/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading messages' rows. */
#include "../collector/base/mem.h"
#include "ledger_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy_text(struct stmt *s, const char *column, char *out, size_t n)
{
	const char *t = stmt_text(s, column);
	size_t len = strnlen(t, n - 1);

	memcpy(out, t, len);
	out[len] = '\0';
}

static void read_flags(struct stmt *s, struct ledger_message *m)
{
	m->source.system = (uint8_t)stmt_int(s, "source_system");
	m->local.system = (uint8_t)stmt_int(s, "local_system");
	copy_text(s, "source_keywords", m->source.keywords,
		sizeof m->source.keywords);
	if (stmt_is_null(s, "local_keywords"))
		memcpy(m->local.keywords, m->source.keywords,
			strlen(m->source.keywords) + 1);
	else
		copy_text(s, "local_keywords", m->local.keywords,
			sizeof m->local.keywords);
}

static void read_trouble(struct stmt *s, struct ledger_message *m)
{
	m->why = ERR_NONE;
	m->why_text[0] = '\0';
	m->first_at = m->next_try_at = m->tries = 0;
	if (m->state != LEDGER_QUARANTINED && m->state != LEDGER_SKIPPED)
		return;
	m->why = err_class_parse(stmt_text(s, "why"));
	copy_text(s, "why_text", m->why_text, sizeof m->why_text);
	m->first_at = stmt_int(s, "first_at");
	m->next_try_at = stmt_int(s, "next_try_at");
	m->tries = stmt_int(s, "tries");
}

static void read_identity(struct stmt *s, struct ledger_message *m)
{
	size_t n;
	const void *hash;

	copy_text(s, "emailid", m->emailid, sizeof m->emailid);
	m->going = stmt_int(s, "expunge") >= 2;
	m->imported_at = stmt_int(s, "imported_at");
	hash = stmt_blob(s, "bare_sha256", &n);
	memcpy(m->bare_sha256, m->sha256, sizeof m->bare_sha256);
	if (n == sizeof m->bare_sha256)
		memcpy(m->bare_sha256, hash, n);
	m->dropped = (uint32_t)stmt_int(s, "dropped");
	m->listed_bytes = (uint64_t)stmt_int(s, "listed_bytes");
	hash = stmt_blob(s, "header_hash", &n);
	memset(m->header_hash, 0, sizeof m->header_hash);
	if (n == sizeof m->header_hash)
		memcpy(m->header_hash, hash, n);
}

/* Every member is written; in the order of the columns, which is fastest.
 * What the program cannot have written is refused: a base name becomes a
 * path. */
static int read_message(struct ledger *l, struct stmt *s,
	struct ledger_message *m, struct err *err)
{
	int64_t state, uid, uidvalidity;
	const void *hash;
	size_t n;

	m->id = stmt_int(s, "id");
	m->mailbox_id = stmt_int(s, "mailbox_id");
	uidvalidity = stmt_int(s, "uidvalidity");
	uid = stmt_int(s, "uid");
	copy_text(s, "uidl", m->uidl, sizeof m->uidl);
	m->occurrence = (uint32_t)stmt_int(s, "occurrence");
	m->pop3_order = (uint32_t)stmt_int(s, "pop3_order");
	state = stmt_int(s, "state");
	m->fence = stmt_int(s, "fence");
	m->stage_seq = (uint64_t)stmt_int(s, "stage_seq");
	m->to_new = stmt_int(s, "to_new") != 0;
	m->removal = (int)stmt_int(s, "removal");
	m->size_bytes = (uint64_t)stmt_int(s, "size_bytes");
	m->date_s = stmt_int(s, "date_s");
	read_flags(s, m);
	copy_text(s, "base", m->base, sizeof m->base);
	hash = stmt_blob(s, "sha256", &n);
	memset(m->sha256, 0, sizeof m->sha256);
	if (n == sizeof m->sha256)
		memcpy(m->sha256, hash, n);
	read_identity(s, m);
	if (state < LEDGER_STAGED || state > LEDGER_SKIPPED || uid < 0 ||
		uid > UINT32_MAX || uidvalidity < 0 ||
		strchr(m->base, '/') != NULL ||
		(state <= LEDGER_DONE && n != sizeof m->sha256))
		return ledger_fail_damaged(
			l, "a message's row makes no sense", err);
	m->state = (enum ledger_state)state;
	m->uid = (uint32_t)uid;
	m->uidvalidity = (uint32_t)uidvalidity;
	read_trouble(s, m);
	return 0;
}

int ledger_each_row(struct ledger *l, struct stmt *s, ledger_message_fn *fn,
	void *arg, struct err *err)
{
	struct ledger_message *m = mem_alloc(sizeof *m);
	char dir[NAME_DIR_MAX];
	int r;

	while ((r = stmt_step(s, err)) == 1) {
		copy_text(s, "dir", dir, sizeof dir);
		if (read_message(l, s, m, err) != 0 ||
			fn(arg, m, dir, err) != 0) {
			stmt_reset(s);
			r = -1;
			break;
		}
	}
	free(m);
	return r;
}

int ledger_each_staged(
	struct ledger *l, ledger_message_fn *fn, void *arg, struct err *err)
{
	int r;

	ledger_enter(l);
	r = ledger_each_row(
		l, db_stmt(l->db, "ledger_each_staged"), fn, arg, err);
	db_shrink(l->db);
	ledger_leave(l);
	return r;
}

int ledger_each(struct ledger *l, int64_t mailbox_id, uint32_t uidvalidity,
	ledger_message_fn *fn, void *arg, struct err *err)
{
	static const char *const names[] = {
		"ledger_each_uidl", "ledger_each_uid"};
	int r = 0;

	ledger_enter(l);
	for (size_t i = 0; i < 2 && r == 0; i++) {
		struct stmt *s = db_stmt(l->db, names[i]);
		stmt_bind_int(s, "mailbox_id", mailbox_id);
		stmt_bind_int(s, "uidvalidity", uidvalidity);
		r = ledger_each_row(l, s, fn, arg, err);
	}
	ledger_leave(l);
	return r;
}

int ledger_each_due(struct ledger *l, int64_t mailbox_id, uint32_t uidvalidity,
	int64_t now_s, ledger_message_fn *fn, void *arg, struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_each_due");
	stmt_bind_int(s, "mailbox_id", mailbox_id);
	stmt_bind_int(s, "uidvalidity", uidvalidity);
	stmt_bind_int(s, "now", now_s);
	r = ledger_each_row(l, s, fn, arg, err);
	ledger_leave(l);
	return r;
}

int ledger_each_failure(struct ledger *l, int64_t most, ledger_message_fn *fn,
	void *arg, struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_each_failure");
	stmt_bind_int(s, "most", most);
	r = ledger_each_row(l, s, fn, arg, err);
	ledger_leave(l);
	return r;
}

int ledger_each_old(struct ledger *l, int64_t mailbox_id, uint32_t uidvalidity,
	ledger_message_fn *fn, void *arg, struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_each_old");
	stmt_bind_int(s, "mailbox_id", mailbox_id);
	stmt_bind_int(s, "uidvalidity", uidvalidity);
	r = ledger_each_row(l, s, fn, arg, err);
	ledger_leave(l);
	return r;
}

static int each_of(struct ledger *l, const char *name, int64_t mailbox_id,
	ledger_message_fn *fn, void *arg, struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, name);
	stmt_bind_int(s, "mailbox_id", mailbox_id);
	r = ledger_each_row(l, s, fn, arg, err);
	ledger_leave(l);
	return r;
}

int ledger_each_left(struct ledger *l, int64_t mailbox_id,
	ledger_message_fn *fn, void *arg, struct err *err)
{
	return each_of(l, "ledger_each_left", mailbox_id, fn, arg, err);
}

int ledger_each_maildrop(struct ledger *l, int64_t mailbox_id,
	ledger_message_fn *fn, void *arg, struct err *err)
{
	return each_of(l, "ledger_each_maildrop", mailbox_id, fn, arg, err);
}

int ledger_each_in_order(struct ledger *l, int64_t mailbox_id,
	ledger_message_fn *fn, void *arg, struct err *err)
{
	int r = each_of(
		l, "ledger_each_in_order_uid", mailbox_id, fn, arg, err);

	if (r == 0)
		r = each_of(l, "ledger_each_in_order_uidl", mailbox_id, fn, arg,
			err);
	return r;
}

int ledger_uids(struct ledger *l, int64_t mailbox_id, uint32_t uidvalidity,
	int64_t now_s, uint32_t **ret_uids, size_t *ret_count, struct err *err)
{
	uint32_t *uids = NULL;
	size_t n = 0, cap = 0;
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_uids");
	stmt_bind_int(s, "mailbox_id", mailbox_id);
	stmt_bind_int(s, "uidvalidity", uidvalidity);
	stmt_bind_int(s, "now", now_s);
	while ((r = stmt_step(s, err)) == 1) {
		if (n == cap) {
			cap = cap != 0 ? cap * 2 : 1024;
			uids = mem_grow(uids, cap, sizeof *uids);
		}
		uids[n++] = (uint32_t)stmt_int(s, "uid");
	}
	db_shrink(l->db);
	ledger_leave(l);
	if (r < 0) {
		free(uids);
		return -1;
	}
	*ret_uids = uids;
	*ret_count = n;
	return 0;
}

static int find(struct ledger *l, struct stmt *s, struct ledger_message *m,
	struct err *err)
{
	int r = stmt_step(s, err);

	if (r == 1 && read_message(l, s, m, err) != 0)
		r = -1;
	stmt_reset(s);
	return r;
}

int ledger_find_uid(struct ledger *l, int64_t mailbox_id, uint32_t uidvalidity,
	uint32_t uid, struct ledger_message *ret_message, struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_find_uid");
	stmt_bind_int(s, "mailbox_id", mailbox_id);
	stmt_bind_int(s, "uidvalidity", uidvalidity);
	stmt_bind_int(s, "uid", uid);
	r = find(l, s, ret_message, err);
	ledger_leave(l);
	return r;
}

int ledger_find_uid_from(struct ledger *l, const struct ledger_mailbox *m,
	uint32_t from, uint32_t below, struct ledger_message *ret_message,
	struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_find_uid_from");
	stmt_bind_int(s, "mailbox_id", m->id);
	stmt_bind_int(s, "uidvalidity", m->uidvalidity);
	stmt_bind_int(s, "from", from);
	stmt_bind_int(s, "below", below);
	r = find(l, s, ret_message, err);
	ledger_leave(l);
	return r;
}

int ledger_find_uid_below(struct ledger *l, const struct ledger_mailbox *m,
	uint32_t below, struct ledger_message *ret_message, struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_find_uid_below");
	stmt_bind_int(s, "mailbox_id", m->id);
	stmt_bind_int(s, "uidvalidity", m->uidvalidity);
	stmt_bind_int(s, "below", below);
	r = find(l, s, ret_message, err);
	ledger_leave(l);
	return r;
}

int ledger_find_uidl(struct ledger *l, int64_t mailbox_id, const char *uidl,
	uint32_t occurrence, struct ledger_message *ret_message,
	struct err *err)
{
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_find_uidl");
	stmt_bind_int(s, "mailbox_id", mailbox_id);
	stmt_bind_text(s, "uidl", uidl);
	stmt_bind_int(s, "occurrence", occurrence);
	r = find(l, s, ret_message, err);
	ledger_leave(l);
	return r;
}
