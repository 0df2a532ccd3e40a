/* SPDX-License-Identifier: BSD-2-Clause */
#include "recovery.h"

#include "../collector/base/mem.h"
#include "batch.h"
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

struct row {
	int64_t id, fence, mailbox_id;
	uint64_t seq;
	uint32_t uidvalidity, uid, pop3_order;
	uint8_t system;
	bool to_new;
	enum folder_numbers numbers; /* of its mailbox */
	bool here; /* published, now or by the run that died */
	char *dir, *keywords, *uidl;
	char base[LEDGER_BASE_MAX];
};

struct rows {
	struct row *row;
	size_t count, cap;
};

static int add_row(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	struct rows *rows = arg;
	struct row *r;

	(void)err;
	if (rows->count == rows->cap) {
		rows->cap = rows->cap == 0 ? 64 : rows->cap * 2;
		rows->row = mem_grow(rows->row, rows->cap, sizeof *rows->row);
	}
	r = &rows->row[rows->count++];
	*r = (struct row){.id = m->id,
		.mailbox_id = m->mailbox_id,
		.uidvalidity = m->uidvalidity,
		.uid = m->uid,
		.pop3_order = m->pop3_order};
	r->uidl = mem_strdup(m->uidl);
	r->fence = m->fence;
	r->seq = m->stage_seq;
	r->system = m->local.system;
	r->to_new = m->to_new;
	r->dir = mem_strdup(dir);
	r->keywords = mem_strdup(m->local.keywords);
	memcpy(r->base, m->base, sizeof r->base);
	return 0;
}

static void free_rows(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		free(rows->row[i].dir);
		free(rows->row[i].keywords);
		free(rows->row[i].uidl);
	}
	free(rows->row);
}

/* By staging directory, then folder, then order of delivery. */
static int compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int c;

	if (x->fence != y->fence)
		return x->fence < y->fence ? -1 : 1;
	c = strcmp(x->dir, y->dir);
	if (c != 0)
		return c;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool is_staged(int stage_fd, const struct row *r)
{
	char seq[MAILDIR_SEQ_BYTES];
	struct stat st;

	(void)snprintf(seq, sizeof seq, "%" PRIu64, r->seq);
	return fstatat(stage_fd, seq, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int publish_row(struct folder *folder, const struct publish_dirs *dirs,
	int stage_fd, const struct row *r, struct err *err)
{
	char letters[KEYWORDS_LETTERS + 1];
	const struct publish_file file = {.stage_fd = stage_fd,
		.seq = r->seq,
		.base = r->base,
		.system = r->system,
		.letters = letters,
		.to_new = r->to_new};

	if (keywords_letters(&folder->keywords, dirs->dir_fd, r->keywords,
		    letters, NULL, err) != 0)
		return -1;
	/* true: half of a link + unlink may be what the crash left */
	return publish_rename(dirs, &file, true, err) < 0 ? -1 : 0;
}

static bool any_staged(int stage_fd, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_staged(stage_fd, &rows[i]))
			return true;
	return false;
}

static bool is_there(const struct store *store, const char *dir)
{
	struct stat st;

	return fstatat(store->root_fd, dir[0] == '\0' ? "." : dir, &st,
		       AT_SYMLINK_NOFOLLOW) == 0;
}

/* Before the turn: new keywords are given under the same lock. */
static int load_keywords(struct folder *folder, const struct publish_dirs *dirs,
	const struct row *rows, size_t count, struct err *err)
{
	char letters[KEYWORDS_LETTERS + 1];

	for (size_t i = 0; i < count; i++)
		if (keywords_letters(&folder->keywords, dirs->dir_fd,
			    rows[i].keywords, letters, NULL, err) != 0)
			return -1;
	return 0;
}

/* The run that died may have published some without their records. */
static void begin_numbers(struct numbering_turn *turn, struct folder *folder,
	const struct publish_dirs *dirs, const struct row *rows, size_t count)
{
	numbering_prepare(turn, folder->store, folder);
	turn->recovering = true;
	if (!numbering_wanted(folder))
		return;
	for (size_t i = 0; i < count; i++)
		numbering_add(turn, &(struct numbering_item){
					    .uidvalidity = rows[i].uidvalidity,
					    .uid = rows[i].uid,
					    .order = rows[i].pop3_order,
					    .uidl = rows[i].uidl,
					    .base = rows[i].base,
					    .published = &rows[i].here});
	if (numbering_begin(turn, dirs, &folder->store->lock_wait_s) != 0)
		numbering_give_up(folder, "the reader kept its lock too long");
}

static int publish_there(struct folder *folder, const struct publish_dirs *dirs,
	int stage_fd, struct row *rows, size_t count, struct err *err)
{
	struct numbering_turn turn;
	int rc = 0;

	if (load_keywords(folder, dirs, rows, count, err) != 0)
		return -1;
	begin_numbers(&turn, folder, dirs, rows, count);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = publish_row(folder, dirs, stage_fd, &rows[i], err);
		rows[i].here = rc == 0;
	}
	numbering_end(&turn, folder->store->fsync_each);
	if (rc == 0 && folder->store->fsync_each)
		rc = publish_sync(dirs, err);
	return rc;
}

/* Rows of one folder and one staging directory. The folder is made only if
 * there is something to put into it: a reader may have removed it. */
static int publish_group(struct store *store, int stage_fd, struct row *rows,
	size_t count, struct err *err)
{
	struct publish_dirs dirs;
	struct folder *folder;
	int rc;

	if (!any_staged(stage_fd, rows, count) &&
		(rows->numbers == FOLDER_NUMBERS_NEW ||
			!is_there(store, rows->dir)))
		return 0;
	if (store_folder(store, rows->dir, &folder, err) != 0 ||
		publish_open(store, rows->dir, &dirs, err) != 0)
		return -1;
	folder_number(folder, rows->numbers, 0);
	rc = publish_there(folder, &dirs, stage_fd, rows, count, err);
	publish_close(&dirs);
	return rc;
}

static size_t group_end(const struct rows *rows, size_t i)
{
	const struct row *first = &rows->row[i];

	while (i < rows->count && rows->row[i].fence == first->fence &&
		strcmp(rows->row[i].dir, first->dir) == 0)
		i++;
	return i;
}

static int publish_rows(struct store *store, struct rows *rows, struct err *err)
{
	size_t end;
	int fd, rc = 0;

	for (size_t i = 0; rc == 0 && i < rows->count; i = end) {
		end = group_end(rows, i);
		fd = maildir_open_stage(store, rows->row[i].fence);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_set_file(
				err, errno, "cannot open %s", MAILDIR_STAGE);
		rc = publish_group(store, fd, &rows->row[i], end - i, err);
		(void)close(fd);
	}
	if (rc == 0 && !store->fsync_each && syncfs(store->root_fd) != 0)
		rc = err_set_file(err, errno, "cannot sync");
	return rc;
}

static int mark_done(struct ledger *l, const struct rows *rows, struct err *err)
{
	int64_t *ids = mem_array(rows->count, sizeof *ids);
	int rc = -1;

	for (size_t i = 0; i < rows->count; i++)
		ids[i] = rows->row[i].id;
	if (ledger_begin(l, err) == 0) {
		rc = ledger_done(l, ids, rows->count, err);
		if (rc == 0)
			rc = ledger_commit(l, err);
		else
			ledger_rollback(l);
	}
	free(ids);
	return rc;
}

static enum folder_numbers numbers_of(
	const struct ledger_mailbox *all, size_t count, int64_t mailbox_id)
{
	for (size_t i = 0; i < count; i++)
		if (all[i].id == mailbox_id)
			return (enum folder_numbers)all[i].numbers;
	return FOLDER_NUMBERS_NEW;
}

static int find_numbers(struct ledger *l, struct rows *rows, struct err *err)
{
	struct ledger_mailbox *all;
	size_t count;

	if (ledger_mailboxes(l, &all, &count, err) != 0)
		return -1;
	for (size_t i = 0; i < rows->count; i++)
		rows->row[i].numbers =
			numbers_of(all, count, rows->row[i].mailbox_id);
	free(all);
	return 0;
}

int recovery_run(struct store *store, struct err *err)
{
	struct rows rows = {.row = NULL};
	int rc = ledger_each_staged(store->ledger, add_row, &rows, err);

	if (rc == 0 && rows.count > 0) {
		/* A row that was committed but not synced before the crash
		 * must not be lost by a power cut after its file is out. */
		rc = committer_sync_state(store->committer, err);
		if (rc == 0)
			rc = find_numbers(store->ledger, &rows, err);
		qsort(rows.row, rows.count, sizeof *rows.row, compare);
		if (rc == 0)
			rc = publish_rows(store, &rows, err);
		if (rc == 0) {
			maildirsize_remove(store->root_fd);
			rc = mark_done(store->ledger, &rows, err);
		}
	}
	free_rows(&rows);
	return rc;
}
