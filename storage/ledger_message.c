/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing messages' rows. */
#include "../collector/base/clock.h"
#include "../collector/base/mem.h"
#include "ledger_internal.h"

#include <string.h>

/* uid > 0 for IMAP, a uidl for POP3, never both: the unique indexes and so
 * "exactly once" rest on it. */
static int check_key(const struct ledger_message *m, struct err *err)
{
	if ((m->uid != 0) == (m->uidl[0] != '\0'))
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MESSAGE,
			ERR_RETRY_LATER,
			"a message needs a UID or a UIDL, and not both");
	return 0;
}

static void bind_flags(
	struct stmt *s, const struct flags *source, const struct flags *local)
{
	stmt_bind_int(s, "source_system", source->system);
	stmt_bind_text(s, "source_keywords", source->keywords);
	stmt_bind_int(s, "local_system", local->system);
	if (strcmp(source->keywords, local->keywords) == 0)
		stmt_bind_null(s, "local_keywords");
	else
		stmt_bind_text(s, "local_keywords", local->keywords);
}

static bool is_zero(const unsigned char *bytes, size_t n)
{
	while (n > 0 && bytes[n - 1] == 0)
		n--;
	return n == 0;
}

void ledger_bind_identity(struct stmt *s, const struct ledger_message *m)
{
	stmt_bind_text(s, "base", m->base);
	stmt_bind_blob(s, "sha256", m->sha256, sizeof m->sha256);
	if (is_zero(m->bare_sha256, sizeof m->bare_sha256) ||
		memcmp(m->bare_sha256, m->sha256, sizeof m->sha256) == 0)
		stmt_bind_null(s, "bare_sha256");
	else
		stmt_bind_blob(s, "bare_sha256", m->bare_sha256,
			sizeof m->bare_sha256);
	stmt_bind_int(s, "dropped", m->dropped);
	stmt_bind_int(s, "listed_bytes", (int64_t)m->listed_bytes);
	stmt_bind_text(s, "emailid", m->emailid);
	if (is_zero(m->header_hash, sizeof m->header_hash))
		stmt_bind_null(s, "header_hash");
	else
		stmt_bind_blob(s, "header_hash", m->header_hash,
			sizeof m->header_hash);
}

void ledger_bind_common(struct stmt *s, const struct ledger_message *m)
{
	stmt_bind_int(s, "mailbox_id", m->mailbox_id);
	stmt_bind_int(s, "uidvalidity", m->uidvalidity);
	stmt_bind_int(s, "uid", m->uid);
	stmt_bind_text(s, "uidl", m->uidl);
	stmt_bind_int(s, "occurrence", m->occurrence);
	stmt_bind_int(s, "pop3_order", m->pop3_order);
	stmt_bind_int(s, "size_bytes", (int64_t)m->size_bytes);
	stmt_bind_int(s, "date_s", m->date_s);
	bind_flags(s, &m->source, &m->local);
}

/* 1 where a row was made, 0 where the key exists, -1. */
static int insert(struct ledger *l, struct ledger_message *m, struct err *err)
{
	struct stmt *s = db_stmt(l->db, "ledger_stage");

	ledger_bind_common(s, m);
	stmt_bind_int(s, "fence", m->fence);
	stmt_bind_int(s, "stage_seq", (int64_t)m->stage_seq);
	stmt_bind_int(s, "to_new", m->to_new);
	stmt_bind_int(s, "imported_at", clock_wall_s());
	ledger_bind_identity(s, m);
	if (stmt_run(s, err) != 0)
		return -1;
	if (db_changes(l->db) == 0)
		return 0;
	m->id = db_last_id(l->db);
	return 1;
}

/* 1 where a quarantined or skipped row of this key has gone, 0, -1. */
static int clear(
	struct ledger *l, const struct ledger_message *m, struct err *err)
{
	struct stmt *s = db_stmt(
		l->db, m->uid != 0 ? "ledger_clear_uid" : "ledger_clear_uidl");

	stmt_bind_int(s, "mailbox_id", m->mailbox_id);
	if (m->uid != 0) {
		stmt_bind_int(s, "uidvalidity", m->uidvalidity);
		stmt_bind_int(s, "uid", m->uid);
	} else {
		stmt_bind_text(s, "uidl", m->uidl);
		stmt_bind_int(s, "occurrence", m->occurrence);
	}
	if (stmt_run(s, err) != 0)
		return -1;
	return db_changes(l->db) != 0;
}

static int stage(struct ledger *l, struct ledger_message *m, bool *ret_new,
	struct err *err)
{
	int r = insert(l, m, err);

	if (r == 0) {
		r = clear(l, m, err);
		if (r == 1)
			r = insert(l, m, err);
	}
	if (r >= 0)
		*ret_new = r == 1;
	return r < 0 ? -1 : 0;
}

int ledger_stage(struct ledger *l, struct ledger_message *m, bool *ret_new,
	struct err *err)
{
	bool own, is_new = false;
	int r;

	if (check_key(m, err) != 0 || ledger_write_begin(l, &own, err) != 0)
		return -1;
	r = stage(l, m, &is_new, err);
	r = ledger_write_end(l, own, r, err);
	if (r == 0)
		*ret_new = is_new;
	return r;
}

int ledger_done(
	struct ledger *l, const int64_t *ids, size_t count, struct err *err)
{
	int r = 0;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	for (size_t i = 0, end; i < count && r == 0; i = end) {
		struct stmt *s = db_stmt(l->db, "ledger_done");
		end = i + 1;
		while (end < count && ids[end] == ids[end - 1] + 1)
			end++;
		stmt_bind_int(s, "first", ids[i]);
		stmt_bind_int(s, "last", ids[end - 1]);
		r = stmt_run(s, err);
	}
	return ledger_write_end(l, own, r, err);
}

int ledger_unstage(struct ledger *l, int64_t id, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_unstage");
	stmt_bind_int(s, "id", id);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_set_flags(struct ledger *l, int64_t id, const struct flags *source,
	const struct flags *local, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_set_flags");
	stmt_bind_int(s, "id", id);
	bind_flags(s, source, local);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_missed(
	struct ledger *l, int64_t id, int64_t *ret_misses, struct err *err)
{
	int64_t misses = 0;
	struct stmt *s;
	bool own;
	int r;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_missed");
	stmt_bind_int(s, "id", id);
	r = stmt_step(s, err);
	if (r == 1) {
		misses = stmt_int(s, "misses");
		r = stmt_run(s, err);
	}
	r = ledger_write_end(l, own, r, err);
	if (r == 0)
		*ret_misses = misses;
	return r;
}

static void bind_new_key(struct stmt *s, const struct ledger_message *key)
{
	stmt_bind_int(s, "mailbox_id", key->mailbox_id);
	stmt_bind_int(s, "uidvalidity", key->uidvalidity);
	stmt_bind_int(s, "uid", key->uid);
}

static int rekey(struct ledger *l, int64_t id, const struct ledger_message *key,
	struct err *err)
{
	struct stmt *s = db_stmt(l->db, "ledger_rekey_clear");

	bind_new_key(s, key);
	if (stmt_run(s, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_rekey");
	bind_new_key(s, key);
	stmt_bind_int(s, "id", id);
	stmt_bind_text(s, "emailid", key->emailid);
	return stmt_run(s, err);
}

int ledger_rekey(struct ledger *l, int64_t id, const struct ledger_message *key,
	struct err *err)
{
	bool own;

	if (check_key(key, err) != 0 || ledger_write_begin(l, &own, err) != 0)
		return -1;
	return ledger_write_end(l, own, rekey(l, id, key, err), err);
}

int ledger_rekey_uidl(struct ledger *l, int64_t id,
	const struct ledger_message *key, struct err *err)
{
	struct stmt *s;
	bool own;
	int r;

	if (check_key(key, err) != 0 || ledger_write_begin(l, &own, err) != 0)
		return -1;
	r = clear(l, key, err);
	if (r >= 0) {
		s = db_stmt(l->db, "ledger_rekey_uidl");
		stmt_bind_int(s, "id", id);
		stmt_bind_text(s, "uidl", key->uidl);
		stmt_bind_int(s, "occurrence", key->occurrence);
		stmt_bind_int(s, "pop3_order", key->pop3_order);
		stmt_bind_int(s, "listed_bytes", (int64_t)key->listed_bytes);
		r = stmt_run(s, err);
	}
	return ledger_write_end(l, own, r, err);
}

int ledger_leave_uidl(struct ledger *l, int64_t id, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_leave_uidl");
	stmt_bind_int(s, "id", id);
	stmt_bind_int(s, "fence", l->fence);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_quarantine(
	struct ledger *l, const struct ledger_message *m, struct err *err)
{
	bool skipped = m->state == LEDGER_SKIPPED;
	struct stmt *s;
	bool own;

	if (check_key(m, err) != 0 || ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_quarantine");
	ledger_bind_common(s, m);
	stmt_bind_int(
		s, "state", skipped ? LEDGER_SKIPPED : LEDGER_QUARANTINED);
	stmt_bind_int(s, "fence", l->fence);
	stmt_bind_text(s, "why", err_class_name(m->why));
	stmt_bind_text(s, "why_text", m->why_text);
	stmt_bind_int(
		s, "first_at", m->first_at != 0 ? m->first_at : clock_wall_s());
	stmt_bind_int(s, "next_try_at", m->next_try_at);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_set_dialogue(struct ledger *l, const struct ledger_message *m,
	const char *dialogue, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db,
		m->uid != 0 ? "ledger_dialogue_uid" : "ledger_dialogue_uidl");
	stmt_bind_int(s, "mailbox_id", m->mailbox_id);
	if (m->uid != 0) {
		stmt_bind_int(s, "uidvalidity", m->uidvalidity);
		stmt_bind_int(s, "uid", m->uid);
	} else {
		stmt_bind_text(s, "uidl", m->uidl);
		stmt_bind_int(s, "occurrence", m->occurrence);
	}
	stmt_bind_text(s, "dialogue", dialogue[0] != '\0' ? dialogue : NULL);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

char *ledger_dialogue(struct ledger *l, int64_t id, struct err *err)
{
	char *text = NULL;
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_dialogue");
	stmt_bind_int(s, "id", id);
	r = stmt_step(s, err);
	if (r >= 0)
		text = mem_strdup(r == 1 ? stmt_text(s, "dialogue") : "");
	stmt_reset(s);
	ledger_leave(l);
	return text;
}
