/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of durability, steps B to D; delivery.c is A.
 *   B  the staged files are durable (one syncfs a filesystem, or each).
 *      A failure is final: files are removed and will be fetched again.
 *   C  a transaction a ledger: rows staged, the batch before done; then one
 *      sync of state.dir. From the commit on a row may be durable, so the
 *      files stay whatever happens: the next recovery publishes them.
 *   D  renames, and the names durable. Only then is the source told.
 */
#include "batch.h"

#include "../collector/base/mem.h"
#include "ledger_part.h"
#include "maildirsize.h"
#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void fail(struct batch_part *p, const struct err *err, bool keep)
{
	if (p->failed)
		return;
	p->failed = true;
	p->keep = keep;
	p->err = *err;
}

static void remove_staged(const struct staged *s)
{
	char seq[MAILDIR_SEQ_BYTES];

	(void)snprintf(seq, sizeof seq, "%" PRIu64, s->seq);
	(void)unlinkat(s->store->stage_fd, seq, 0);
}

/* ---- B */

/* The file is there as it was written; with fsync_each also durable. */
static int sync_file(const struct staged *s, bool fsync_each, struct err *err)
{
	char seq[MAILDIR_SEQ_BYTES];
	struct stat st;
	int fd, rc;

	(void)snprintf(seq, sizeof seq, "%" PRIu64, s->seq);
	if (fstatat(s->store->stage_fd, seq, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return err_set_file(err, errno, "staged message %s", seq);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != s->file_bytes)
		return err_set(err, ERR_STORE, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER, "staged message %s was changed", seq);
	if (!fsync_each)
		return 0;
	fd = TEMP_FAILURE_RETRY(openat(
		s->store->stage_fd, seq, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
	if (fd < 0)
		return err_set_file(err, errno, "staged message %s", seq);
	rc = fsync(fd);
	if (rc != 0)
		(void)err_set_file(err, errno, "cannot sync message %s", seq);
	(void)close(fd);
	return rc;
}

static void sync_files(struct batch_part *p, bool fsync_each)
{
	struct err err;

	for (struct staged *s = p->first; s != NULL; s = s->next)
		if (sync_file(s, fsync_each, &err) != 0) {
			(void)err_where(&err, "store %s", p->store->root);
			fail(p, &err, false);
			return;
		}
	if (fsync_each && p->first != NULL && fsync(p->store->stage_fd) != 0) {
		(void)err_set_file(
			&err, errno, "store %s: cannot sync", p->store->root);
		fail(p, &err, false);
	}
}

typedef bool wants_sync_fn(const struct batch_part *p);

static bool has_files(const struct batch_part *p)
{
	return !p->failed && p->first != NULL;
}

static bool has_names(const struct batch_part *p)
{
	return p->published;
}

static bool synced_before(const struct batch_part *parts,
	const struct batch_part *p, wants_sync_fn *wants)
{
	for (; parts != p; parts = parts->next)
		if (wants(parts) && parts->store->dev == p->store->dev)
			return true;
	return false;
}

/* One syncfs a filesystem. Its error concerns every part on it. */
static void sync_stores(
	struct batch_part *parts, wants_sync_fn *wants, bool keep)
{
	struct err err;

	for (struct batch_part *p = parts; p != NULL; p = p->next) {
		if (!wants(p) || synced_before(parts, p, wants))
			continue;
		if (syncfs(p->store->stage_fd) == 0)
			continue;
		(void)err_set_file(
			&err, errno, "store %s: cannot sync", p->store->root);
		for (struct batch_part *q = parts; q != NULL; q = q->next)
			if (q != p && wants(q) &&
				q->store->dev == p->store->dev)
				fail(q, &err, keep);
		fail(p, &err, keep);
	}
}

/* ---- C */

static void to_row(const struct staged *s, struct ledger_message *m)
{
	memset(m, 0, sizeof *m);
	m->mailbox_id = s->mailbox_id;
	m->uidvalidity = s->uidvalidity;
	m->uid = s->uid;
	(void)snprintf(m->uidl, sizeof m->uidl, "%s", s->uidl);
	m->occurrence = s->occurrence;
	m->pop3_order = s->pop3_order;
	m->state = LEDGER_STAGED;
	m->fence = ledger_fence(s->store->ledger);
	m->stage_seq = s->seq;
	(void)snprintf(m->base, sizeof m->base, "%s", s->base);
	m->size_bytes = s->size_bytes;
	m->listed_bytes = s->listed_bytes;
	memcpy(m->sha256, s->id.sha256, sizeof m->sha256);
	memcpy(m->bare_sha256, s->id.bare_sha256, sizeof m->bare_sha256);
	memcpy(m->header_hash, s->id.header_hash, sizeof m->header_hash);
	m->dropped = s->id.dropped;
	memcpy(m->emailid, s->emailid, sizeof m->emailid);
	m->date_s = s->date_s;
	m->source.system = m->local.system = s->system;
	(void)snprintf(m->source.keywords, sizeof m->source.keywords, "%s",
		s->keywords);
	(void)snprintf(
		m->local.keywords, sizeof m->local.keywords, "%s", s->kept);
	m->to_new = s->to_new;
}

static int drop_part(struct ledger *l, const struct staged *s, struct err *err)
{
	const struct part_key key = {s->mailbox_id, s->uidvalidity, s->uid};

	return ledger_part_drop(l, &key, err);
}

static int write_rows(
	struct batch_part *p, struct ledger_message *row, struct err *err)
{
	struct ledger *l = p->store->ledger;
	bool new;

	if (p->done_count > 0 && ledger_done(l, p->done, p->done_count, err))
		return -1;
	for (struct staged *s = p->first; s != NULL; s = s->next) {
		to_row(s, row);
		if (ledger_stage(l, row, &new, err) != 0 ||
			(s->part && drop_part(l, s, err) != 0))
			return -1;
		s->row = new ? row->id : 0;
		s->settled = !new;
	}
	return 0;
}

static void record(struct batch_part *p, struct ledger_message *row)
{
	struct ledger *l = p->store->ledger;
	struct err err;

	if (p->failed || (p->first == NULL && p->done_count == 0))
		return;
	if (ledger_begin(l, &err) != 0) {
		fail(p, &err, false);
		return;
	}
	if (write_rows(p, row, &err) != 0) {
		ledger_rollback(l);
		fail(p, &err, false);
		return;
	}
	if (ledger_commit(l, &err) != 0) {
		/* nobody knows whether the rows are there */
		fail(p, &err, true);
		return;
	}
	p->recorded = p->first != NULL;
}

/* Rows that only become done need no sync: recovery would see the same. */
static void record_all(struct batch_part *parts, int state_fd)
{
	struct ledger_message *row = mem_alloc(sizeof *row);
	bool recorded = false;
	struct batch_part *p;
	struct err err;

	for (p = parts; p != NULL; p = p->next) {
		record(p, row);
		recorded = recorded || p->recorded;
	}
	free(row);
	if (!recorded || syncfs(state_fd) == 0)
		return;
	(void)err_set_sys(&err, ERR_DISK, ERR_SCOPE_SERVICE, ERR_RETRY_LATER,
		errno, "cannot sync state.dir");
	for (p = parts; p != NULL; p = p->next)
		if (p->recorded)
			fail(p, &err, true);
}

/* ---- D */

/* Gone between B and now: fetched again, since the row goes too. */
static int unstage(
	struct batch_part *p, const struct staged *s, struct err *err)
{
	struct ledger *l = p->store->ledger;

	if (ledger_begin(l, err) != 0)
		return -1;
	if (ledger_unstage(l, s->row, err) != 0) {
		ledger_rollback(l);
		return -1;
	}
	return ledger_commit(l, err);
}

static int publish_one(struct batch_part *p, struct staged *s,
	struct publish_dirs *dirs, bool fsync_each, struct err *err)
{
	char letters[KEYWORDS_LETTERS + 1];
	const struct publish_file file = {.stage_fd = p->store->stage_fd,
		.seq = s->seq,
		.base = s->base,
		.system = s->system,
		.letters = letters,
		.to_new = s->to_new};
	int rc;

	if (batch_keywords_letters(s, dirs->dir_fd, letters, err) != 0)
		return -1;
	rc = publish_rename(dirs, &file, fsync_each, err);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		s->settled = true;
		p->published = true;
		p->messages++;
		p->bytes += s->file_bytes;
		return 0;
	}
	if (unstage(p, s, err) == 0)
		(void)err_set(err, ERR_STORE, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER,
			"staged message %" PRIu64 " was removed by somebody",
			s->seq);
	return 1;
}

static bool is_of(const struct staged *s, const struct folder *folder)
{
	return !s->settled && s->folder == folder;
}

/* False: the folder's reader holds its lock. */
static bool begin_numbers(struct numbering_turn *turn, struct staged *first,
	const struct publish_dirs *dirs, bool may_wait)
{
	struct store *store = first->store;
	int wait_s = may_wait ? store->lock_wait_s : 0;

	numbering_prepare(turn, store, first->folder);
	if (!numbering_wanted(first->folder))
		return true;
	for (struct staged *s = first; s != NULL; s = s->next)
		if (is_of(s, first->folder))
			numbering_add(
				turn, &(struct numbering_item){
					      .uidvalidity = s->uidvalidity,
					      .uid = s->uid,
					      .order = s->pop3_order,
					      .uidl = s->uidl,
					      .base = s->base,
					      .published = &s->settled});
	if (numbering_begin(turn, dirs, &wait_s) == 0) {
		if (may_wait)
			store->lock_wait_s = wait_s;
		return true;
	}
	if (!may_wait)
		return false;
	store->lock_wait_s = 0;
	numbering_give_up(first->folder, "the reader kept its lock too long");
	return true;
}

static int postpone(struct staged *first)
{
	for (struct staged *s = first; s != NULL; s = s->next)
		if (is_of(s, first->folder))
			s->later = true;
	return 0;
}

/* All of one folder, in the order of delivery. 1: a message is lost. */
static int publish_folder(struct batch_part *p, struct staged *first,
	bool fsync_each, bool may_wait, struct err *err)
{
	struct numbering_turn turn;
	struct publish_dirs dirs;
	int rc;

	if (publish_open(p->store, first->folder->dir, &dirs, err) != 0)
		return -1;
	/* before the lock is taken for numbers: it is the same one */
	rc = batch_keywords_publish(
		first, dirs.dir_fd, fsync_each, may_wait, err);
	if (rc == 0 && !begin_numbers(&turn, first, &dirs, may_wait))
		rc = 1;
	if (rc != 0)
		publish_close(&dirs);
	if (rc > 0)
		return postpone(first);
	if (rc < 0)
		return -1;
	for (struct staged *s = first; rc == 0 && s != NULL; s = s->next)
		if (is_of(s, first->folder))
			rc = publish_one(p, s, &dirs, fsync_each, err);
	numbering_end(&turn, fsync_each);
	if (fsync_each && publish_sync(&dirs, rc == 0 ? err : NULL) != 0)
		rc = -1;
	publish_close(&dirs);
	return rc;
}

static void publish_part(struct batch_part *p, bool fsync_each, bool may_wait)
{
	struct folder *again = NULL;
	struct staged *s = p->first;
	struct err err;
	int rc;

	while (s != NULL) {
		if (s->settled || (s->later && !may_wait)) {
			s = s->next;
			continue;
		}
		rc = publish_folder(p, s, fsync_each, may_wait, &err);
		if (rc == 0)
			continue;
		if (rc < 0 && again != s->folder && err.class == ERR_STORE) {
			/* the reader may have removed the folder under us */
			again = s->folder;
			keywords_clear(&again->letters);
			continue;
		}
		(void)err_where(&err, "store %s", p->store->root);
		fail(p, &err, true);
		return;
	}
}

static void publish_all(struct batch_part *parts, bool fsync_each)
{
	struct batch_part *p;

	for (p = parts; p != NULL; p = p->next) {
		if (p->failed || !p->recorded)
			continue;
		for (struct staged *s = p->first; s != NULL; s = s->next)
			if (s->settled)
				remove_staged(s); /* known before */
		publish_part(p, fsync_each, false);
	}
	/* who has to wait for a reader keeps nobody else waiting */
	for (p = parts; p != NULL; p = p->next)
		if (!p->failed && p->recorded)
			publish_part(p, fsync_each, true);
	if (!fsync_each)
		sync_stores(parts, has_names, true);
	for (p = parts; p != NULL; p = p->next)
		if (p->published)
			maildirsize_add(
				p->store->root_fd, p->bytes, p->messages);
}

/* The syncs of B make these durable too. */
static void prepare_keywords(struct batch_part *parts, bool fsync_each)
{
	struct err err;

	for (struct batch_part *p = parts; p != NULL; p = p->next)
		if (batch_keywords_prepare(p, fsync_each, &err) != 0) {
			(void)err_where(&err, "store %s", p->store->root);
			fail(p, &err, false);
		}
}

void batch_run(struct batch_part *parts, int state_fd, bool fsync_each)
{
	struct batch_part *p;

	prepare_keywords(parts, fsync_each);
	if (!fsync_each)
		sync_stores(parts, has_files, false);
	for (p = parts; p != NULL; p = p->next)
		if (!p->failed)
			sync_files(p, fsync_each);
	record_all(parts, state_fd);
	publish_all(parts, fsync_each);
	for (p = parts; p != NULL; p = p->next)
		if (p->failed && !p->keep)
			for (struct staged *s = p->first; s != NULL;
				s = s->next)
				remove_staged(s);
}
